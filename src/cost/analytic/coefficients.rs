//! The coefficients that model `analytic` reads from a technology.

use super::super::coefficient::{HOP_LATENCY, HOPS, LANES, SRAM_AREA, real, whole};
use crate::base::units::Quantity;
use crate::ir::precision::Format;
use crate::ir::technology::{CoefficientSpec, Presence};

const fn coefficient(
    name: &'static str,
    quantity: Quantity,
    presence: Presence,
    summary: &'static str,
) -> CoefficientSpec {
    CoefficientSpec {
        presence,
        ..real(name, quantity, summary)
    }
}

/// 0 or not.
const fn switch(name: &'static str, default: f64, summary: &'static str) -> CoefficientSpec {
    CoefficientSpec {
        whole: true,
        ..coefficient(name, Quantity::Count, Presence::Default(default), summary)
    }
}

/// Energy and area of a multiplier and of an adder of one number format.
macro_rules! arithmetic {
    ($name:literal, $format:expr) => {
        [
            coefficient(
                concat!($name, ".multiply"),
                Quantity::Energy,
                Presence::Product($format),
                concat!("energy of a multiplication of ", $name),
            ),
            coefficient(
                concat!($name, ".add"),
                Quantity::Energy,
                Presence::Sum($format),
                concat!("energy of an addition of ", $name),
            ),
            coefficient(
                concat!($name, ".multiply_area"),
                Quantity::Area,
                Presence::Product($format),
                concat!("area of a multiplier of ", $name),
            ),
            coefficient(
                concat!($name, ".add_area"),
                Quantity::Area,
                Presence::Sum($format),
                concat!("area of an adder of ", $name),
            ),
        ]
    };
}

const ARITHMETIC: [[CoefficientSpec; 4]; 7] = [
    arithmetic!("int4", Format::Int4),
    arithmetic!("int8", Format::Int8),
    arithmetic!("int16", Format::Int16),
    arithmetic!("int32", Format::Int32),
    arithmetic!("fp16", Format::Fp16),
    arithmetic!("bf16", Format::Bf16),
    arithmetic!("fp32", Format::Fp32),
];

const OTHERS: [CoefficientSpec; 24] = [
    LANES,
    real(
        "mac.leakage",
        Quantity::Power,
        "leakage of one multiplier-accumulator lane",
    ),
    SRAM_AREA,
    coefficient(
        "sram.periphery",
        Quantity::Area,
        Presence::Default(0.0),
        "area of decoders and amplifiers of one byte of memory, growing with the root of its capacity",
    ),
    real(
        "sram.energy",
        Quantity::Energy,
        "energy of a byte read or written that grows with the root of the capacity",
    ),
    coefficient(
        "sram.fixed_energy",
        Quantity::Energy,
        Presence::Default(0.0),
        "energy of a byte read or written that does not grow",
    ),
    whole(
        "sram.reference",
        Quantity::Bytes,
        1.0,
        "capacity at which sram.energy holds",
    ),
    real(
        "sram.leakage",
        Quantity::PowerPerByte,
        "leakage of one byte of memory",
    ),
    switch("l1.double_input", 1.0, "0: a PE has one buffer for inputs"),
    switch(
        "l1.double_weights",
        1.0,
        "0: a PE has one buffer for weights",
    ),
    switch("l1.double_sums", 1.0, "0: a PE has one buffer for sums"),
    switch(
        "l2.double_input",
        1.0,
        "0: the shared memory has one buffer for inputs",
    ),
    switch(
        "l2.double_weights",
        1.0,
        "0: the shared memory has one buffer for weights",
    ),
    switch(
        "l2.double_output",
        1.0,
        "0: the shared memory has one buffer for outputs",
    ),
    whole(
        "l2.capacity",
        Quantity::Bytes,
        1.0,
        "most bytes of shared memory an engine may have",
    ),
    whole(
        "noc.width",
        Quantity::Bytes,
        1.0,
        "bytes per cycle between shared memory and PEs, in each direction",
    ),
    HOPS,
    HOP_LATENCY,
    switch(
        "noc.multicast",
        1.0,
        "0: every PE that needs an element has it read for itself; else one read serves all",
    ),
    switch(
        "noc.forwarding",
        0.0,
        "0: a tree adds up sums of several PEs; else each passes its sum to the next",
    ),
    real(
        "noc.energy",
        Quantity::Energy,
        "energy of moving a byte over one hop",
    ),
    real(
        "noc.area",
        Quantity::Area,
        "area of the network per PE and byte per cycle",
    ),
    whole(
        "offchip.width",
        Quantity::Bytes,
        1.0,
        "bytes per cycle to and from off-chip memory, together",
    ),
    real(
        "offchip.energy",
        Quantity::Energy,
        "energy of moving a byte to or from off-chip memory",
    ),
];

/// All of them.
pub const COEFFICIENTS: [CoefficientSpec; OTHERS.len() + 4 * ARITHMETIC.len()] = {
    let mut all = [OTHERS[0]; OTHERS.len() + 4 * ARITHMETIC.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < OTHERS.len() {
            OTHERS[at]
        } else {
            let rest = at - OTHERS.len();
            ARITHMETIC[rest / 4][rest % 4]
        };
        at += 1;
    }
    all
};
