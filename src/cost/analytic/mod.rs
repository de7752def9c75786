//! The model of our own: exact counts of what `docs/cost-model.md` defines.
//!
//! | file | concept |
//! |---|---|
//! | `nest` | a layer and directives as one nest of loops |
//! | `states` | where the loops stand, as bits |
//! | `tile` | how many elements of an axis the units hold, each for itself and together |
//! | `volume` | how many elements of a tensor, wherever the loops stand |
//! | `window` | a row of steps whose transfers overlap, summed without walking it |
//! | `walk` | one pass over the array |
//! | `passes` | what the shared memory holds, what moves off chip |
//! | `spent` | what the cycles of a walk are spent on, and what moves in it |
//! | `latency` | the cycles, term by term |
//! | `moved` | what moves and what memories hold, term by term |
//! | `off_chip` | the part of it that moves off chip |
//! | `transfers` | the same of the transfers that steps and passes wait for |
//! | `coefficients` | what a technology must say |
//! | `unpriced` | why what can be followed cannot be counted |
//! | `price` | energy, area and power from the counts |

mod account;
mod coefficients;
mod counts;
mod latency;
mod moved;
mod nest;
mod off_chip;
mod passes;
pub mod price;
mod spent;
mod states;
mod tile;
mod transfers;
mod unpriced;
mod volume;
mod walk;
mod window;

use super::Refused;
use crate::ir::dataflow::Rule;
use crate::ir::layer::LayerShape;
pub use passes::Traffic;
pub use walk::Moved;
use window::Fault;

/// The array as far as counts depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Array {
    /// MACs a PE makes in one cycle.
    pub lanes: u64,
    /// Bytes per cycle between shared memory and PEs, in each direction.
    pub noc_width: u64,
    /// Cycles before the first byte of a transfer arrives.
    pub noc_latency: u64,
    /// Whether one read of the shared memory reaches all PEs that need the element.
    pub multicast: bool,
    /// Whether PEs pass their sums along a row of PEs; otherwise a tree adds them up.
    pub forwarding: bool,
    /// Bytes per cycle to and from off-chip memory, together.
    pub offchip_width: u64,
    /// Bytes of shared memory that may be used.
    pub l2_bytes: u64,
    /// Bits of an input, a weight, a partial sum.
    pub bits: [u64; 3],
    /// Bits of an output as it leaves the chip.
    pub output_bits: u64,
    /// Whether there are two buffers for inputs, weights, sums: in a PE, in the shared memory.
    pub double: [[bool; 3]; 2],
}

/// Index of a PE's memory in [`Array::double`].
const L1: usize = 0;
/// Index of the shared memory in [`Array::double`].
const L2: usize = 1;

impl Array {
    /// Cycles in which so many bits get through a link of so many bytes per cycle, rounded up.
    fn link_cycles(bits: u64, width: u64) -> Result<u64, Fault> {
        Ok(bits.div_ceil(window::mul(8, width)?))
    }

    /// Bytes of so many elements of tensor `t` on chip, rounded up.
    fn bytes(&self, t: usize, elements: u64) -> Result<u64, Fault> {
        Ok(window::mul(elements, self.bits[t])?.div_ceil(8))
    }

    /// Bits that move off chip.
    fn offchip_bits(&self, elements: Traffic) -> Result<u64, Fault> {
        let [input, weights, sum] = self.bits;
        let bits = [input, weights, self.output_bits, sum, sum];
        let mut sum = 0;
        for (n, bits) in elements.into_iter().zip(bits) {
            sum = window::add(sum, window::mul(n, bits)?)?;
        }
        Ok(sum)
    }
}

/// What a layer does on an array, in elements unless stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Clock cycles.
    pub cycles: u64,
    /// Multiply-accumulates: the layer's own.
    pub macs: u64,
    /// Between shared memory and PEs.
    pub moved: Moved,
    /// Sums that the shared memory reads in order to add to them.
    pub sums_read: u64,
    /// Between off-chip and shared memory: input and weights in, output out; sums out that the shared
    /// memory has no room for, and in again to be completed.
    pub offchip: Traffic,
    /// Bytes a PE needs.
    pub l1_bytes: u64,
    /// Bytes of shared memory in use.
    pub l2_bytes: u64,
    /// Loops of the outermost level that lie outside of a pass.
    pub outer_loops: usize,
}

/// Counts what `shape` does under `rule` with the knobs at these values.
///
/// # Errors
/// Why the dataflow does not compute the layer, or not on this array, or not countably.
pub fn evaluate(
    shape: &LayerShape,
    rule: &Rule,
    knobs: &[u64],
    array: &Array,
) -> Result<Outcome, Refused> {
    if [array.lanes, array.noc_width, array.offchip_width].contains(&0) {
        return nest::refuse("an array without lanes or links computes nothing".to_string());
    }
    if rule.levels.is_empty() {
        return nest::refuse("a dataflow without levels".to_string());
    }
    let nest = nest::Nest::new(shape, rule, knobs)?;
    let outcome = passes::run(&nest, array).map_err(|why| why.of(rule, shape.op))?;
    if shape.macs() != Some(outcome.macs) {
        return nest::refuse("the MAC count does not fit 64 bits".to_string());
    }
    Ok(outcome)
}
