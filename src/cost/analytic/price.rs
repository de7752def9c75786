//! `model analytic`: coefficients, and energy, area and power from the counts.

use super::super::{CostModel, Engine, MAX_CYCLES, ModelEntry, Price, Refused};
use super::{Array, Outcome, evaluate, nest};
use crate::base::units::Quantity;
use crate::ir::dataflow::Rule;
use crate::ir::layer::LayerShape;
use crate::ir::menu::Menu;
use crate::ir::registry::ModelSpec;
use crate::ir::technology::{CoefficientSpec, Technology};

const fn coefficient(
    name: &'static str,
    quantity: Quantity,
    whole: bool,
    min: f64,
    summary: &'static str,
) -> CoefficientSpec {
    CoefficientSpec {
        name,
        quantity,
        whole,
        min,
        summary,
    }
}

const fn real(name: &'static str, quantity: Quantity, summary: &'static str) -> CoefficientSpec {
    coefficient(name, quantity, false, 0.0, summary)
}

const fn count(name: &'static str, quantity: Quantity, summary: &'static str) -> CoefficientSpec {
    coefficient(name, quantity, true, 1.0, summary)
}

/// The coefficients; those that `maestro` reads too have its wording.
const COEFFICIENTS: &[CoefficientSpec] = &[
    real(
        "mac.area",
        Quantity::Area,
        "area of one multiplier-accumulator lane",
    ),
    real(
        "mac.energy",
        Quantity::Energy,
        "energy of one MAC, the unit of access energies",
    ),
    real(
        "mac.add_energy",
        Quantity::Energy,
        "energy of adding two partial sums outside of a MAC",
    ),
    real(
        "mac.leakage",
        Quantity::Power,
        "leakage of one multiplier-accumulator lane",
    ),
    count("mac.lanes", Quantity::Count, "MACs a PE makes in one cycle"),
    count(
        "word.operand",
        Quantity::Bytes,
        "bytes of an input, a weight or a finished output",
    ),
    count("word.sum", Quantity::Bytes, "bytes of a partial sum"),
    real(
        "sram.area",
        Quantity::AreaPerByte,
        "area of one byte of memory",
    ),
    real(
        "sram.energy",
        Quantity::Energy,
        "energy of reading or writing a byte in a memory of sram.reference bytes",
    ),
    count(
        "sram.reference",
        Quantity::Bytes,
        "capacity at which sram.energy holds; it grows with the square root",
    ),
    real(
        "sram.leakage",
        Quantity::PowerPerByte,
        "leakage of one byte of memory",
    ),
    count(
        "l2.capacity",
        Quantity::Bytes,
        "most bytes of shared memory an engine may have",
    ),
    count(
        "noc.bandwidth",
        Quantity::Count,
        "elements per cycle at every level",
    ),
    coefficient("noc.hops", Quantity::Count, true, 0.0, "hops of a transfer"),
    coefficient(
        "noc.hop_latency",
        Quantity::Cycles,
        true,
        0.0,
        "cycles per hop",
    ),
    coefficient(
        "noc.multicast",
        Quantity::Count,
        true,
        0.0,
        "0: every PE that needs an element has it read for itself; else one read serves all",
    ),
    real(
        "noc.energy",
        Quantity::Energy,
        "energy of moving a byte over one hop",
    ),
    real(
        "noc.area",
        Quantity::Area,
        "area of the network per PE and element per cycle",
    ),
    count(
        "offchip.bandwidth",
        Quantity::Count,
        "elements per cycle to off-chip memory",
    ),
    real(
        "offchip.energy",
        Quantity::Energy,
        "energy of moving a byte to or from off-chip memory",
    ),
];

/// The registry line.
pub const ENTRY: ModelEntry = ModelEntry {
    spec: ModelSpec {
        name: "analytic",
        summary: "exact counts of what a dataflow means (docs/cost-model.md), equal to a simulator's",
        coefficients: COEFFICIENTS,
    },
    build: |technology| Box::new(Analytic::new(technology)),
};

/// The model with its coefficients.
struct Analytic {
    array: Array,
    clock_hz: f64,
    hops: f64,
    mac_area_um2: f64,
    mac_nj: f64,
    add_nj: f64,
    mac_leakage_mw: f64,
    sram_area_um2: f64,
    sram_nj: f64,
    sram_reference: f64,
    sram_leakage_mw: f64,
    hop_nj: f64,
    noc_area_um2: f64,
    offchip_nj: f64,
}

impl Analytic {
    fn new(technology: &Technology) -> Self {
        let get = |name: &str| technology.get(name).unwrap_or(f64::NAN);
        let whole = |name: &str| get(name) as u64;
        // Sema has checked that counts are whole and at least 1; a coefficient that is missing
        // after all must not divide by 0.
        let some = |name: &str| whole(name).max(1);
        Analytic {
            array: Array {
                lanes: some("mac.lanes"),
                noc_bandwidth: some("noc.bandwidth"),
                noc_latency: whole("noc.hops").saturating_mul(whole("noc.hop_latency")),
                multicast: whole("noc.multicast") > 0,
                offchip_bandwidth: some("offchip.bandwidth"),
                l2_bytes: whole("l2.capacity"),
                operand_bytes: some("word.operand"),
                sum_bytes: some("word.sum"),
            },
            clock_hz: technology.clock_hz(),
            hops: get("noc.hops"),
            mac_area_um2: get("mac.area"),
            mac_nj: get("mac.energy"),
            add_nj: get("mac.add_energy"),
            mac_leakage_mw: get("mac.leakage"),
            sram_area_um2: get("sram.area"),
            sram_nj: get("sram.energy"),
            sram_reference: get("sram.reference"),
            sram_leakage_mw: get("sram.leakage"),
            hop_nj: get("noc.energy"),
            noc_area_um2: get("noc.area"),
            offchip_nj: get("offchip.energy"),
        }
    }

    /// nJ to read or write a byte of a memory of this many bytes:
    /// sram.energy x sqrt(bytes / sram.reference).
    fn access_nj(&self, bytes: u64) -> f64 {
        self.sram_nj * (bytes as f64 / self.sram_reference).sqrt()
    }

    /// mW: (PEs x lanes) x mac.leakage + (PEs x L1 + L2) x sram.leakage.
    fn leakage_mw(&self, pes: f64, l1_bytes: f64, l2_bytes: f64) -> f64 {
        pes * self.array.lanes as f64 * self.mac_leakage_mw
            + (pes * l1_bytes + l2_bytes) * self.sram_leakage_mw
    }

    /// nJ of one layer; the sum of `docs/cost-model.md`, section "Energy", in its order.
    fn energy_nj(&self, pes: f64, o: &Outcome) -> f64 {
        let operand = self.array.operand_bytes as f64;
        let sum = self.array.sum_bytes as f64;
        let of = |n: u64| n as f64;
        let pair = |p: [u64; 2]| of(p[0]) + of(p[1]);
        let macs = of(o.macs) * self.mac_nj;
        let adds = (of(o.moved.sent - o.moved.arrived) + of(o.sums_read)) * self.add_nj;
        let l1 = (of(o.macs) * (2.0 * operand + 2.0 * sum)
            + pair(o.moved.delivered) * operand
            + of(o.moved.sent) * sum)
            * self.access_nj(o.l1_bytes);
        let brought = of(o.offchip[0]) + of(o.offchip[1]);
        let l2 = ((brought + pair(o.moved.read)) * operand
            + (of(o.moved.arrived) + of(o.sums_read) + of(o.offchip[2])) * sum)
            * self.access_nj(o.l2_bytes);
        let noc =
            (pair(o.moved.delivered) * operand + of(o.moved.sent) * sum) * self.hops * self.hop_nj;
        let offchip = (brought + of(o.offchip[2])) * operand * self.offchip_nj;
        let seconds = of(o.cycles) / self.clock_hz;
        // mW x s = uJ x 1000 = nJ x 1e6.
        let leakage = self.leakage_mw(pes, of(o.l1_bytes), of(o.l2_bytes)) * seconds * 1e6;
        macs + adds + l1 + l2 + noc + offchip + leakage
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
        let engine = self.engine(pes, o.l1_bytes, o.l2_bytes);
        let macs_per_cycle = o.macs as f64 / cycles;
        let price = Price {
            latency_cycles: o.cycles,
            energy_nj: self.energy_nj(pes as f64, &o),
            area_um2: engine.area_um2,
            power_mw: engine.power_mw,
            throughput_macs_per_cycle: macs_per_cycle,
            l1_bytes: o.l1_bytes,
            l2_bytes: o.l2_bytes,
            noc_bandwidth_peak: o.moved.largest.min(self.array.noc_bandwidth),
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

    /// um2: PEs x lanes x mac.area + (PEs x L1 + L2) x sram.area + PEs x bandwidth x noc.area.
    ///
    /// mW at full rate: per cycle every lane makes a MAC with its L1 accesses, the network brings
    /// its bandwidth in operands and takes as many sums, each for one PE, the shared memory reads
    /// and writes them, the off-chip link is busy; times the clock, plus leakage.
    fn engine(&self, pes: u64, l1_bytes: u64, l2_bytes: u64) -> Engine {
        let (pes, l1, l2) = (pes as f64, l1_bytes as f64, l2_bytes as f64);
        let lanes = pes * self.array.lanes as f64;
        let operand = self.array.operand_bytes as f64;
        let sum = self.array.sum_bytes as f64;
        let width = self.array.noc_bandwidth as f64;
        let mac = self.mac_nj + 2.0 * (operand + sum) * self.access_nj(l1_bytes);
        let moved = self.hops * self.hop_nj + self.access_nj(l1_bytes) + self.access_nj(l2_bytes);
        let off = self.array.offchip_bandwidth as f64 * operand * self.offchip_nj;
        let per_cycle = lanes * mac + width * (operand + sum) * moved + off;
        Engine {
            area_um2: lanes * self.mac_area_um2
                + (pes * l1 + l2) * self.sram_area_um2
                + pes * width * self.noc_area_um2,
            // nJ x Hz = nW = 1e-6 mW.
            power_mw: per_cycle * self.clock_hz * 1e-6 + self.leakage_mw(pes, l1, l2),
        }
    }

    fn caveats(&self) -> &'static [&'static str] {
        &[
            "the power is that of every lane and every link busy; the mean power is the energy over the time",
            "zeros of the padding are stored and moved like other elements",
            "energies of memories other than the published sizes follow the square root of the capacity",
            "between passes the PEs are emptied, and a pass is loaded whole before it begins",
        ]
    }
}
