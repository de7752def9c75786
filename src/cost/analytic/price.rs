//! `model analytic`: energy, area and power from the counts.

use super::super::account::{Account, Input};
use super::super::{CostModel, Engine, MAX_CYCLES, ModelEntry, Part, Parts, Peaks, Price, Refused};
use super::coefficients::COEFFICIENTS;
use super::{Array, Outcome, account, evaluate, nest};
use crate::base::units::Quantity;
use crate::ir::dataflow::Rule;
use crate::ir::layer::LayerShape;
use crate::ir::menu::Menu;
use crate::ir::precision::{Format, Precision};
use crate::ir::registry::ModelSpec;
use crate::ir::technology::{Presence, Technology};

/// The registry line.
pub const ENTRY: ModelEntry = ModelEntry {
    spec: ModelSpec {
        name: "analytic",
        summary: "exact counts of what a dataflow means (docs/cost-model.md), equal to a simulator's",
        technology: "std.technologies.horowitz45",
        reads_precision: true,
        coefficients: &COEFFICIENTS,
    },
    build: |technology, precision| Box::new(Analytic::new(technology, precision)),
};

/// The model with its coefficients.
pub(super) struct Analytic {
    technology: Technology,
    /// Names of the formats that are multiplied and added in.
    pub product: &'static str,
    pub sum: &'static str,
    pub array: Array,
    pub clock_hz: f64,
    hops: f64,
    /// Multiplier and adder of a lane.
    lane_area_um2: f64,
    /// An adder alone, for sums on their way.
    add_area_um2: f64,
    multiply_nj: f64,
    add_nj: f64,
    mac_leakage_mw: f64,
    sram_area_um2: f64,
    sram_periphery_um2: f64,
    sram_nj: f64,
    sram_fixed_nj: f64,
    sram_reference: f64,
    sram_leakage_mw: f64,
    hop_nj: f64,
    noc_area_um2: f64,
    offchip_nj: f64,
}

/// The components of an energy and of an area, in the order of their sums.
const ENERGY: [&str; 6] = ["MAC", "L1", "L2", "NoC", "off-chip", "leakage"];
const AREA: [&str; 5] = ["MAC", "adder tree", "L1", "L2", "NoC"];

/// From the first to the last.
fn sum(parts: &[f64]) -> f64 {
    parts.iter().fold(0.0, |sum, part| sum + part)
}

fn named<const N: usize>(names: [&'static str; N], values: [f64; N]) -> Vec<Part> {
    names.into_iter().zip(values).collect()
}

/// What moves for a layer, in bytes.
pub struct BytesMoved {
    /// Operands into L1 of all PEs, copies counted.
    pub delivered: f64,
    /// Sums out of the PEs.
    pub sent: f64,
    /// Operands from off-chip memory.
    pub brought: f64,
    /// Operands out of L2.
    pub read: f64,
    /// Sums into and out of L2.
    pub sums: f64,
    /// Over the network, times hops.
    pub hops: f64,
    /// To and from off-chip memory.
    pub offchip: f64,
}

/// Bytes of this many bits.
fn bytes(bits: u64) -> f64 {
    bits as f64 / 8.0
}

impl Array {
    /// What a technology says of the array, for tensors of this precision.
    pub fn new(technology: &Technology, precision: Precision) -> Array {
        let get = |name: &str| technology.get(name).unwrap_or(f64::NAN);
        let whole = |name: &str| get(name) as u64;
        let on = |name: &str| get(name) > 0.0;
        // Sema has checked that counts are whole and at least 1; a coefficient that is missing
        // after all must not divide by 0.
        let some = |name: &str| whole(name).max(1);
        Array {
            lanes: some("mac.lanes"),
            noc_width: some("noc.width"),
            noc_latency: whole("noc.hops").saturating_mul(whole("noc.hop_latency")),
            multicast: on("noc.multicast"),
            forwarding: on("noc.forwarding"),
            offchip_width: some("offchip.width"),
            l2_bytes: whole("l2.capacity"),
            bits: [precision.input, precision.weights, precision.sum].map(Format::bits),
            output_bits: precision.output.bits(),
            double: [
                ["l1.double_input", "l1.double_weights", "l1.double_sums"].map(on),
                ["l2.double_input", "l2.double_weights", "l2.double_output"].map(on),
            ],
        }
    }
}

impl Analytic {
    fn new(technology: &Technology, precision: Precision) -> Self {
        let get = |name: &str| technology.get(name).unwrap_or(f64::NAN);
        let product = precision.product().name();
        let sum = precision.sum.name();
        let add_area_um2 = get(&format!("{sum}.add_area"));
        Analytic {
            technology: technology.clone(),
            product,
            sum,
            array: Array::new(technology, precision),
            clock_hz: technology.clock_hz(),
            hops: get("noc.hops"),
            lane_area_um2: get(&format!("{product}.multiply_area")) + add_area_um2,
            add_area_um2,
            multiply_nj: get(&format!("{product}.multiply")),
            add_nj: get(&format!("{sum}.add")),
            mac_leakage_mw: get("mac.leakage"),
            sram_area_um2: get("sram.area"),
            sram_periphery_um2: get("sram.periphery"),
            sram_nj: get("sram.energy"),
            sram_fixed_nj: get("sram.fixed_energy"),
            sram_reference: get("sram.reference"),
            sram_leakage_mw: get("sram.leakage"),
            hop_nj: get("noc.energy"),
            noc_area_um2: get("noc.area"),
            offchip_nj: get("offchip.energy"),
        }
    }

    /// A coefficient of the technology by name, or its default.
    pub fn coefficient(&self, name: &str) -> Input {
        let spec = COEFFICIENTS.iter().find(|c| c.name == name);
        let default = match spec.map(|c| (c.presence, c.quantity)) {
            Some((Presence::Default(value), quantity)) => (value, quantity),
            Some((_, quantity)) => (f64::NAN, quantity),
            None => (f64::NAN, Quantity::Count),
        };
        let written = self.technology.coefficients.get(name);
        let (value, quantity) = written.map_or(default, |c| (c.value, c.quantity));
        Input::new(name, value, quantity)
    }

    /// nJ to read or write a byte of a memory of this many bytes:
    /// sram.fixed_energy + sram.energy x sqrt(bytes / sram.reference).
    pub fn access_nj(&self, bytes: u64) -> f64 {
        self.sram_fixed_nj + self.sram_nj * (bytes as f64 / self.sram_reference).sqrt()
    }

    /// um2 of a memory: bytes x sram.area + sqrt(bytes) x sram.periphery.
    fn memory_um2(&self, bytes: f64) -> f64 {
        bytes * self.sram_area_um2 + bytes.sqrt() * self.sram_periphery_um2
    }

    /// mW: (PEs x lanes) x mac.leakage + (PEs x L1 + L2) x sram.leakage.
    pub fn leakage_mw(&self, pes: f64, l1_bytes: f64, l2_bytes: f64) -> f64 {
        pes * self.array.lanes as f64 * self.mac_leakage_mw
            + (pes * l1_bytes + l2_bytes) * self.sram_leakage_mw
    }

    /// Bytes that a MAC reads and writes in L1: an input, a weight, a sum read and written.
    pub fn mac_bytes(&self) -> f64 {
        let [input, weights, sum] = self.array.bits;
        bytes(input + weights + 2 * sum)
    }

    /// The counts of a layer in bytes.
    pub fn bytes_moved(&self, o: &Outcome) -> BytesMoved {
        let of = |n: u64| n as f64;
        let [input, weights, sum] = self.array.bits.map(bytes);
        let output = bytes(self.array.output_bits);
        let operands = |n: [u64; 2]| of(n[0]) * input + of(n[1]) * weights;
        let brought = operands([o.offchip[0], o.offchip[1]]);
        let spilled = of(o.offchip[3]) + of(o.offchip[4]);
        let delivered = operands(o.moved.delivered);
        // Sums go all the way to the shared memory, or to the next PE until one is left.
        let sum_hops = if self.array.forwarding {
            of(o.moved.sent - o.moved.arrived) + of(o.moved.arrived) * self.hops
        } else {
            of(o.moved.sent) * self.hops
        };
        BytesMoved {
            delivered,
            sent: of(o.moved.sent) * sum,
            brought,
            read: operands(o.moved.read),
            sums: (of(o.moved.arrived) + of(o.sums_read) + of(o.offchip[2]) + spilled) * sum,
            hops: delivered * self.hops + sum_hops * sum,
            offchip: brought + of(o.offchip[2]) * output + spilled * sum,
        }
    }

    /// nJ of one layer by component; the sum of `docs/cost-model.md`, section "Energy", in its order.
    pub fn energy_parts(&self, pes: f64, access: [f64; 2], o: &Outcome) -> [f64; 6] {
        let of = |n: u64| n as f64;
        let moved = self.bytes_moved(o);
        let added = of(o.moved.sent - o.moved.arrived) + of(o.sums_read);
        let macs = of(o.macs) * (self.multiply_nj + self.add_nj) + added * self.add_nj;
        let l1 = (of(o.macs) * self.mac_bytes() + moved.delivered + moved.sent) * access[0];
        let l2 = (moved.brought + moved.read + moved.sums) * access[1];
        let seconds = of(o.cycles) / self.clock_hz;
        // mW x s = uJ x 1000 = nJ x 1e6.
        let leakage = self.leakage_mw(pes, of(o.l1_bytes), of(o.l2_bytes)) * seconds * 1e6;
        let (noc, offchip) = (moved.hops * self.hop_nj, moved.offchip * self.offchip_nj);
        [macs, l1, l2, noc, offchip, leakage]
    }

    /// um2 by component, in the order of the sum: lanes, adder tree, L1, L2, network.
    pub fn area_of(&self, pes: f64, l1: f64, l2: f64) -> [f64; 5] {
        let lanes = pes * self.array.lanes as f64;
        let width = self.array.noc_width as f64;
        let tree = if self.array.forwarding {
            0.0
        } else {
            pes * self.add_area_um2
        };
        [
            lanes * self.lane_area_um2,
            tree,
            pes * self.memory_um2(l1),
            self.memory_um2(l2),
            pes * width * self.noc_area_um2,
        ]
    }

    /// nJ per cycle of lanes and of links at full rate: every lane makes a MAC with its accesses to
    /// L1, and the network brings and takes its width in bytes.
    pub fn busy_nj(&self, pes: f64, access: [f64; 2]) -> [f64; 2] {
        let lanes = pes * self.array.lanes as f64;
        let width = self.array.noc_width as f64;
        let mac = self.multiply_nj + self.add_nj + self.mac_bytes() * access[0];
        let moved = self.hops * self.hop_nj + access[0] + access[1];
        [lanes * mac, 2.0 * width * moved]
    }

    /// As [`CostModel::engine`], with the energies of an access to its memories.
    fn engine_with(&self, pes: u64, [l1, l2]: [u64; 2], access: [f64; 2]) -> Engine {
        let (pes, l1, l2) = (pes as f64, l1 as f64, l2 as f64);
        let [lanes, links] = self.busy_nj(pes, access);
        Engine {
            area_um2: sum(&self.area_of(pes, l1, l2)),
            // nJ x Hz = nW = 1e-6 mW.
            power_mw: (lanes + links) * self.clock_hz * 1e-6 + self.leakage_mw(pes, l1, l2),
        }
    }
}

impl CostModel for Analytic {
    fn price(&self, shape: &LayerShape, rule: &Rule, knobs: &[u64]) -> Result<Price, Refused> {
        let o = evaluate(shape, rule, knobs, &self.array)?;
        if o.cycles > MAX_CYCLES {
            return nest::refuse(format!("more than {MAX_CYCLES} cycles"));
        }
        let pes = knobs.get(Menu::PES).copied().unwrap_or(0);
        let cycles = o.cycles as f64;
        let on_chip = [o.moved.read[0], o.moved.read[1], o.moved.arrived];
        let on_chip: f64 = on_chip.iter().map(|&n| n as f64).sum();
        let mut off_chip = 0;
        for n in o.offchip {
            off_chip = super::window::add(off_chip, n)?;
        }
        let access = [o.l1_bytes, o.l2_bytes].map(|bytes| self.access_nj(bytes));
        let engine = self.engine_with(pes, [o.l1_bytes, o.l2_bytes], access);
        let macs_per_cycle = o.macs as f64 / cycles;
        let price = Price {
            latency_cycles: o.cycles,
            energy_nj: sum(&self.energy_parts(pes as f64, access, &o)),
            area_um2: engine.area_um2,
            power_mw: engine.power_mw,
            throughput_macs_per_cycle: macs_per_cycle,
            l1_bytes: o.l1_bytes,
            l2_bytes: o.l2_bytes,
            noc_bandwidth_peak: o.moved.peak,
            noc_bandwidth_avg: on_chip / cycles,
            offchip_bandwidth: off_chip.div_ceil(o.cycles),
            macs: o.macs,
            active_pes: macs_per_cycle / self.array.lanes as f64,
        };
        let floats = [
            price.energy_nj,
            price.area_um2,
            price.power_mw,
            price.throughput_macs_per_cycle,
            price.noc_bandwidth_avg,
            price.active_pes,
        ];
        if floats.iter().any(|f| !f.is_finite() || *f < 0.0) {
            return nest::refuse("a figure comes out negative or infinite".to_string());
        }
        Ok(price)
    }

    /// um2: PEs x lanes x (multiplier + adder) + PEs x adder, for the tree, unless sums are
    /// forwarded + PEs x memory(L1) + memory(L2) + PEs x width x noc.area, with
    /// memory(bytes) = bytes x sram.area + sqrt(bytes) x sram.periphery.
    ///
    /// mW at full rate: per cycle every lane makes a MAC with its L1 accesses, the network brings
    /// and takes its width in bytes, each for one PE, the shared memory reads and writes them; times
    /// the clock, plus leakage. Off-chip memory is not of the engine.
    fn engine(&self, pes: u64, l1_bytes: u64, l2_bytes: u64) -> Engine {
        let memories = [l1_bytes, l2_bytes];
        self.engine_with(pes, memories, memories.map(|bytes| self.access_nj(bytes)))
    }

    fn account(&self, shape: &LayerShape, rule: &Rule, knobs: &[u64]) -> Result<Account, Refused> {
        account::account(self, shape, rule, knobs)
    }

    fn parts(&self, shape: &LayerShape, rule: &Rule, knobs: &[u64]) -> Option<Parts> {
        let o = evaluate(shape, rule, knobs, &self.array).ok()?;
        let pes = knobs.get(Menu::PES).copied()?;
        let access = [o.l1_bytes, o.l2_bytes].map(|bytes| self.access_nj(bytes));
        let bits = self.array.offchip_bits(o.offchip).ok()?;
        Some(Parts {
            energy_nj: named(ENERGY, self.energy_parts(pes as f64, access, &o)),
            offchip_bytes: bytes(bits),
        })
    }

    fn area_parts(&self, pes: u64, l1_bytes: u64, l2_bytes: u64) -> Option<Vec<Part>> {
        let areas = self.area_of(pes as f64, l1_bytes as f64, l2_bytes as f64);
        Some(named(AREA, areas))
    }

    fn peaks(&self) -> Option<Peaks> {
        Some(Peaks {
            macs_per_pe: self.array.lanes as f64,
            offchip_bytes: self.array.offchip_width as f64,
        })
    }

    fn caveats(&self) -> &'static [&'static str] {
        &[
            "the power is the chip's with every lane and every link busy, without off-chip memory; the mean power is all energy over the time",
            "zeros of the padding are stored and moved like other elements",
            "energies of memories other than the published sizes follow the square root of the capacity",
            "between passes the PEs are emptied, and a pass is loaded whole before it begins",
        ]
    }
}
