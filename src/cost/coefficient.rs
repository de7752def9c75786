//! How models say which coefficients they read, and those that several of them read.

use crate::base::units::Quantity;
use crate::ir::technology::{CoefficientSpec, Presence};

/// A required real number from 0.
pub const fn real(
    name: &'static str,
    quantity: Quantity,
    summary: &'static str,
) -> CoefficientSpec {
    CoefficientSpec {
        name,
        quantity,
        whole: false,
        min: 0.0,
        presence: Presence::Required,
        summary,
    }
}

/// A required whole number.
pub const fn whole(
    name: &'static str,
    quantity: Quantity,
    min: f64,
    summary: &'static str,
) -> CoefficientSpec {
    CoefficientSpec {
        whole: true,
        min,
        ..real(name, quantity, summary)
    }
}

/// Width of a PE.
pub const LANES: CoefficientSpec = whole(
    "mac.lanes",
    Quantity::Count,
    1.0,
    "MACs a PE makes in one cycle",
);

/// Memory cells.
pub const SRAM_AREA: CoefficientSpec = real(
    "sram.area",
    Quantity::AreaPerByte,
    "area of one byte of memory",
);

/// Distance on the network on chip.
pub const HOPS: CoefficientSpec = whole("noc.hops", Quantity::Count, 0.0, "hops of a transfer");

/// Time of a hop.
pub const HOP_LATENCY: CoefficientSpec =
    whole("noc.hop_latency", Quantity::Cycles, 0.0, "cycles per hop");
