//! The array, its constants, and what they make of sizes and counts.

use super::arith::SIZE_LIMIT;
use super::refusal::Refusal;

/// Area, power and energy per part, as published with the reference.
///
/// The arbiter's size is a polynomial of the number of PEs,
/// q(P) = `arbiter_quadratic` P^2 + `arbiter_linear` P + `arbiter_base`; the bus has
/// p(P) = `bus_ports_per_pe` P + `bus_ports_base` ports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    /// Area of one multiplier-accumulator lane, um^2.
    pub mac_area_um2: f64,
    /// Area of a byte of L1 or L2, um^2.
    pub sram_area_um2_per_byte: f64,
    /// Power of one multiplier-accumulator lane, mW.
    pub mac_power_mw: f64,
    /// Power of a byte of L1 or L2, mW.
    pub sram_power_mw_per_byte: f64,
    /// Energy of one multiply-accumulate, nJ: the unit of the two access energies.
    pub mac_energy_nj: f64,
    /// Energy of one L2 access, in multiply-accumulates.
    pub l2_access: f64,
    /// Energy of one L1 access, in multiply-accumulates.
    pub l1_access: f64,
    /// Area of the bus per port and element per cycle, um^2.
    pub bus_area_um2: f64,
    /// Power of the bus per port and element per cycle, mW.
    pub bus_power_mw: f64,
    /// Bus ports per PE.
    pub bus_ports_per_pe: f64,
    /// Bus ports without PEs.
    pub bus_ports_base: f64,
    /// Area of the arbiter per unit of q(P), and at least, um^2.
    pub arbiter_area_um2: f64,
    /// Power of the arbiter per unit of q(P), mW.
    pub arbiter_power_mw: f64,
    /// Least power of the arbiter, mW.
    pub arbiter_power_floor_mw: f64,
    /// Factor of P^2 in q(P).
    pub arbiter_quadratic: f64,
    /// Factor of P in q(P).
    pub arbiter_linear: f64,
    /// Constant of q(P).
    pub arbiter_base: f64,
}

impl Coefficients {
    /// The constants of the public reference.
    pub const fn published() -> Coefficients {
        Coefficients {
            mac_area_um2: 283.0,
            sram_area_um2_per_byte: 0.104,
            mac_power_mw: 1.2223,
            sram_power_mw_per_byte: 0.00345,
            mac_energy_nj: 0.00023,
            l2_access: 18.61,
            l1_access: 1.68,
            bus_area_um2: 101.7938,
            bus_power_mw: 0.0008,
            bus_ports_per_pe: 14.662,
            bus_ports_base: 28.895,
            arbiter_area_um2: 395.473,
            arbiter_power_mw: 0.00034,
            arbiter_power_floor_mw: 0.34,
            arbiter_quadratic: 1.2886,
            arbiter_linear: 5.5814,
            arbiter_base: -23.711,
        }
    }
}

/// The parameters as refusals name them.
pub const PES: &str = "number of PEs";
/// SIMD lanes of a PE.
pub const LANES: &str = "number of SIMD lanes";
/// Elements per cycle.
pub const BANDWIDTH: &str = "NoC bandwidth";
/// Cycles.
pub const LATENCY: &str = "NoC latency";
/// Elements per cycle.
pub const OFF_CHIP: &str = "off-chip bandwidth";

/// The array a layer runs on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hardware {
    /// PEs. Those that no cluster can use idle but count in area and power.
    pub pes: i64,
    /// Multiplier-accumulator lanes of a PE.
    pub simd_lanes: i64,
    /// Elements per cycle over the network of each level.
    pub noc_bandwidth: i64,
    /// Cycles until the first element of a transfer arrives.
    pub noc_latency: i64,
    /// Elements per cycle between the L2 and the outside.
    pub offchip_bandwidth: i64,
    /// Constants of area, power and energy.
    pub coefficients: Coefficients,
}

impl Hardware {
    /// Refuses parameters outside 1 ..= [`SIZE_LIMIT`] (the latency may be 0).
    pub(super) fn check(&self) -> Result<(), Refusal> {
        for (parameter, value, least) in [
            (PES, self.pes, 1),
            (LANES, self.simd_lanes, 1),
            (BANDWIDTH, self.noc_bandwidth, 1),
            (LATENCY, self.noc_latency, 0),
            (OFF_CHIP, self.offchip_bandwidth, 1),
        ] {
            if !(least..=SIZE_LIMIT).contains(&value) {
                return Err(Refusal::Hardware { parameter, value });
            }
        }
        Ok(())
    }
}

/// A buffer that needs nothing is built with one byte.
fn built_bytes(bytes: i64) -> f64 {
    (if bytes == 0 { 1 } else { bytes }) as f64
}

/// Area of an array with `pes` PEs of `l1_bytes` each and one L2 of `l2_bytes`, with the lanes,
/// bandwidth B and constants of `hw`, in um^2:
///
/// P (mac lanes + sram l1) + sram l2 + bus p(P) B + max(arbiter, arbiter q(P)).
pub fn engine_area_um2(pes: i64, l1_bytes: i64, l2_bytes: i64, hw: &Hardware) -> f64 {
    let c = &hw.coefficients;
    let p = pes as f64;
    let ports = c.bus_ports_per_pe * p + c.bus_ports_base;
    let arbiter = c.arbiter_quadratic * p * p + c.arbiter_linear * p + c.arbiter_base;
    let pe =
        c.mac_area_um2 * hw.simd_lanes as f64 + c.sram_area_um2_per_byte * built_bytes(l1_bytes);
    p * pe
        + c.sram_area_um2_per_byte * built_bytes(l2_bytes)
        + c.bus_area_um2 * ports * hw.noc_bandwidth as f64
        + f64::max(c.arbiter_area_um2, c.arbiter_area_um2 * arbiter)
}

/// The terms of [`engine_area_um2`] by name, in um^2. They add up to it but for rounding.
pub fn engine_area_parts(
    pes: i64,
    l1_bytes: i64,
    l2_bytes: i64,
    hw: &Hardware,
) -> [(&'static str, f64); 5] {
    let c = &hw.coefficients;
    let p = pes as f64;
    let ports = c.bus_ports_per_pe * p + c.bus_ports_base;
    let arbiter = c.arbiter_quadratic * p * p + c.arbiter_linear * p + c.arbiter_base;
    let sram = c.sram_area_um2_per_byte;
    [
        ("MAC", p * c.mac_area_um2 * hw.simd_lanes as f64),
        ("L1", p * sram * built_bytes(l1_bytes)),
        ("L2", sram * built_bytes(l2_bytes)),
        ("bus", c.bus_area_um2 * ports * hw.noc_bandwidth as f64),
        (
            "arbiter",
            f64::max(c.arbiter_area_um2, c.arbiter_area_um2 * arbiter),
        ),
    ]
}

/// Power of an array by part, in mW.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Power {
    /// Multiplier-accumulators: P mac lanes.
    pub pe_mw: f64,
    /// All L1 buffers: P sram l1.
    pub l1_mw: f64,
    /// The L2 buffer: sram l2.
    pub l2_mw: f64,
    /// Bus and arbiter: bus p(P) B + max(floor, arbiter q(P)).
    pub noc_mw: f64,
}

impl Power {
    /// Sum of the parts.
    pub fn total_mw(&self) -> f64 {
        self.pe_mw + self.l1_mw + self.l2_mw + self.noc_mw
    }
}

/// Power of an array with `pes` PEs of `l1_bytes` each and one L2 of `l2_bytes`, by part.
pub fn engine_power(pes: i64, l1_bytes: i64, l2_bytes: i64, hw: &Hardware) -> Power {
    let c = &hw.coefficients;
    let p = pes as f64;
    let ports = c.bus_ports_per_pe * p + c.bus_ports_base;
    let arbiter = c.arbiter_quadratic * p * p + c.arbiter_linear * p + c.arbiter_base;
    Power {
        pe_mw: p * c.mac_power_mw * hw.simd_lanes as f64,
        l1_mw: p * c.sram_power_mw_per_byte * built_bytes(l1_bytes),
        l2_mw: c.sram_power_mw_per_byte * built_bytes(l2_bytes),
        noc_mw: c.bus_power_mw * ports * hw.noc_bandwidth as f64
            + f64::max(c.arbiter_power_floor_mw, c.arbiter_power_mw * arbiter),
    }
}

/// Total of [`engine_power`], in mW.
pub fn engine_power_mw(pes: i64, l1_bytes: i64, l2_bytes: i64, hw: &Hardware) -> f64 {
    engine_power(pes, l1_bytes, l2_bytes, hw).total_mw()
}

/// Energy of buffer accesses, in nJ: mac (l2 accesses_l2 + l1 accesses_l1). The multiplications
/// themselves are not charged.
pub fn access_energy_nj(l2_accesses: f64, l1_accesses: f64, c: &Coefficients) -> f64 {
    c.mac_energy_nj * (c.l2_access * l2_accesses + c.l1_access * l1_accesses)
}
