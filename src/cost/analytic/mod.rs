//! The model of our own: exact counts of what `docs/cost-model.md` defines.
//!
//! | file | concept |
//! |---|---|
//! | `nest` | a layer and directives as one nest of loops |
//! | `tile` | how many elements the units hold, each for itself and together |
//! | `window` | a row of steps whose transfers overlap, summed without walking it |
//! | `walk` | one pass over the array |
//! | `passes` | what the shared memory holds, what moves off chip |
//! | `price` | coefficients; energy, area and power from the counts |

mod nest;
mod passes;
pub mod price;
mod tile;
mod walk;
mod window;

use super::Refused;
use crate::ir::dataflow::Rule;
use crate::ir::layer::LayerShape;
pub use walk::Moved;

/// The array as far as counts depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Array {
    /// MACs a PE makes in one cycle.
    pub lanes: u64,
    /// Elements per cycle between shared memory and PEs, in each direction.
    pub noc_bandwidth: u64,
    /// Cycles before the first element of a transfer arrives.
    pub noc_latency: u64,
    /// Whether one read of the shared memory reaches all PEs that need the element.
    pub multicast: bool,
    /// Elements per cycle to and from off-chip memory, together.
    pub offchip_bandwidth: u64,
    /// Bytes of shared memory that may be used.
    pub l2_bytes: u64,
    /// Bytes of an input or weight.
    pub operand_bytes: u64,
    /// Bytes of a partial sum.
    pub sum_bytes: u64,
}

impl Array {
    /// Cycles of a transfer on chip: latency + elements / bandwidth, rounded up; none for nothing.
    fn noc_cycles(&self, elements: u64) -> Result<u64, Refused> {
        match elements {
            0 => Ok(0),
            n => window::add(self.noc_latency, n.div_ceil(self.noc_bandwidth)),
        }
    }

    /// Cycles of a transfer off chip: elements / bandwidth, rounded up.
    fn offchip_cycles(&self, elements: u64) -> u64 {
        elements.div_ceil(self.offchip_bandwidth)
    }

    /// Bytes of an element of tensor `t` on chip.
    fn bytes(&self, t: usize) -> u64 {
        if t == nest::OUTPUT {
            self.sum_bytes
        } else {
            self.operand_bytes
        }
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
    /// Between off-chip and shared memory: input and weights in, output out.
    pub offchip: [u64; 3],
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
    if [array.lanes, array.noc_bandwidth, array.offchip_bandwidth].contains(&0) {
        return nest::refuse("an array without lanes or links computes nothing".to_string());
    }
    if rule.levels.is_empty() {
        return nest::refuse("a dataflow without levels".to_string());
    }
    let nest = nest::Nest::new(shape, rule, knobs)?;
    let outcome = passes::run(&nest, array)?;
    if shape.macs() != Some(outcome.macs) {
        return nest::refuse("the MAC count does not fit 64 bits".to_string());
    }
    Ok(outcome)
}
