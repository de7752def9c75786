//! What the evaluation of all levels comes to.

use super::arith::{Overflow, accumulate, add, div, product};
use super::known::Group;
use super::layer::{AXES, Problem};
use crate::ir::dim::Dim;

/// Least, greatest and summed value of a delay over all cases.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delays {
    /// Of no meaning before the first case.
    pub min: i64,
    /// At least 0.
    pub max: i64,
    /// Weighted with occurrences.
    pub sum: i64,
}

impl Default for Delays {
    fn default() -> Delays {
        Delays {
            min: i64::MAX,
            max: 0,
            sum: 0,
        }
    }
}

impl Delays {
    /// Counts a delay that occurs `times` times.
    pub fn add(&mut self, times: i64, value: i64) -> Result<(), Overflow> {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        accumulate(&mut self.sum, times, value)
    }
}

/// Accesses of one tensor and the buffer it needs, seen from the outermost level: `up` is the L2,
/// `down` the L1 side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Traffic {
    /// Elements read from the L2.
    pub up_read: i64,
    /// Elements written to the L2.
    pub up_write: i64,
    /// Elements read from L1 buffers.
    pub down_read: i64,
    /// Elements written to L1 buffers.
    pub down_write: i64,
    /// Elements of L2 it needs, twice what is in use: one half is filled while the other works.
    pub up_size: i64,
}

/// What the evaluation of all levels comes to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    /// Cycles.
    pub runtime: i64,
    /// Multiply-accumulates.
    pub macs: i64,
    /// Input traffic.
    pub input: Traffic,
    /// Filter traffic.
    pub filter: Traffic,
    /// Output traffic.
    pub output: Traffic,
    /// Elements of L2 that all tensors need.
    pub l2_size: i64,
    /// Elements of L1 that the first evaluated tile needs.
    pub l1_size: i64,
    /// Whether that tile is the whole layer: L1 accesses are then charged.
    pub l1_counted: bool,
    /// Largest traffic per computing cycle.
    pub peak: i64,
    /// Mean traffic per computing cycle; not a number without cases.
    pub average: f64,
    /// Off-chip requirement.
    pub offchip: i64,
    /// Mean active PEs; 0 without cases.
    pub active: f64,
    /// MACs per element that enters, in the last case that was not skipped.
    pub intensity: f64,
    /// Of transfers into the array.
    pub ingress_delay: Delays,
    /// Of transfers out of it.
    pub egress_delay: Delays,
    /// Of computing.
    pub compute_delay: Delays,
    /// Occurrences of all cases not skipped.
    pub cases: i64,
}

impl Outcome {
    /// Counts what the cases of a group have moved and computed. Outputs of skipped cases count
    /// all the same, as in the reference.
    pub fn count(&mut self, group: &Group) -> Result<(), Overflow> {
        let (n, pace) = (group.times, &group.pace);
        accumulate(&mut self.output.up_write, n, group.egress)?;
        accumulate(&mut self.output.down_write, n, group.macs)?;
        if group.skipped {
            return Ok(());
        }
        accumulate(&mut self.input.up_read, n, group.entering[0])?;
        accumulate(&mut self.filter.up_read, n, group.entering[1])?;
        accumulate(&mut self.macs, n, group.macs)?;
        accumulate(&mut self.runtime, n, pace.step)?;
        self.ingress_delay.add(n, pace.ingress)?;
        self.egress_delay.add(n, pace.egress)?;
        self.compute_delay.add(n, pace.compute)?;
        self.peak = self.peak.max(div(pace.busier, pace.compute));
        self.cases = add(self.cases, n)?;
        Ok(())
    }

    /// Traffic that does not depend on the cases: operands enter the L2 once, whole; outputs leave it
    /// once, whole (of the unstrided size); what is read from the L2 is written to an L1.
    pub fn whole_tensors(&mut self, problem: &Problem) -> Result<(), Overflow> {
        let size = |dims: &[Dim]| product(dims.iter().map(|dim| problem.extents[*dim]));
        self.input.up_write = size(problem.tensors.input)?;
        self.filter.up_write = size(problem.tensors.filter)?;
        let mut produced = problem.extents;
        if problem.kind.slides() {
            for axis in &AXES {
                produced[axis.input] += 1 - problem.extents[axis.window];
            }
        }
        self.output.up_read = product(problem.tensors.outputs.iter().map(|dim| produced[dim]))?;
        self.input.down_write = self.input.up_read;
        self.filter.down_write = self.filter.up_read;
        Ok(())
    }
}
