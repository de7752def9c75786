//! Delays, traffic and requirements, summed over cases and levels.

use super::arith::{accumulate, add, div_up, mul, product};
use super::cases::{Case, Cases, Flags, handed_edges};
use super::hardware::Hardware;
use super::layer::{AXES, Coupling, Problem};
use super::levels::{Level, LoopSet, TensorLoops, loops};
use super::mapping::MAX_LEVELS;
use super::refusal::Refusal;
use super::volumes::{Outputs, ingress};
use crate::ir::dim::DimMap;

/// Most iteration cases visited for one price, over all levels. The published dataflows need a few
/// dozen; without the limit a mapping of many uneven loops could take minutes.
pub const CASE_LIMIT: u32 = 1 << 20;

/// Least, greatest and summed value of a delay over all cases.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Delays {
    /// `None` before the first case.
    pub min: Option<i64>,
    /// At least 0.
    pub max: i64,
    /// Weighted with occurrences.
    pub sum: i64,
}

impl Delays {
    fn add(&mut self, times: i64, value: i64) -> Result<(), Refusal> {
        self.min = Some(self.min.map_or(value, |min| min.min(value)));
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

/// What a level needs to know of the level below.
#[derive(Debug, Clone, Copy, Default)]
struct Below {
    runtime: i64,
    active: f64,
}

/// Results of one level by the edges handed to it: its tile has no other property.
#[derive(Clone, Copy)]
struct Memo {
    keys: [LoopSet; Memo::SLOTS],
    values: [Below; Memo::SLOTS],
    stored: usize,
}

impl Memo {
    const SLOTS: usize = 16;
    const EMPTY: Memo = Memo {
        keys: [0; Memo::SLOTS],
        values: [Below {
            runtime: 0,
            active: 0.0,
        }; Memo::SLOTS],
        stored: 0,
    };

    fn get(&self, key: LoopSet) -> Option<Below> {
        let used = self.stored.min(Memo::SLOTS);
        let at = self.keys[..used].iter().position(|k| *k == key)?;
        Some(self.values[at])
    }

    /// Forgets the oldest once full.
    fn put(&mut self, key: LoopSet, value: Below) {
        let at = self.stored % Memo::SLOTS;
        self.keys[at] = key;
        self.values[at] = value;
        self.stored += 1;
    }
}

/// Evaluates the levels of one mapping.
pub(super) struct Evaluator<'a> {
    levels: &'a [Level],
    hw: &'a Hardware,
    memo: [Memo; MAX_LEVELS - 1],
    /// L1 requirement of the first evaluation to complete, and its level.
    base: Option<(usize, i64)>,
    visits_left: u32,
}

impl<'a> Evaluator<'a> {
    /// An evaluator that has seen nothing.
    pub fn new(levels: &'a [Level], hw: &'a Hardware) -> Self {
        Evaluator {
            levels,
            hw,
            memo: [Memo::EMPTY; MAX_LEVELS - 1],
            base: None,
            visits_left: CASE_LIMIT,
        }
    }

    /// Evaluates the whole layer on the outermost level.
    ///
    /// Per case with q occurrences: traffic and MACs count q times; a step takes
    /// max(egress delay, computing, ingress delay), since double buffering hides the others behind
    /// the longest; only the very first step waits for its input before it computes. Off-chip
    /// transfers of the whole requirement, halved, bound every step from below.
    pub fn run(mut self, problem: &Problem) -> Result<Outcome, Refusal> {
        let level = &self.levels[0];
        let mut out = Outcome::default();
        let (mut active, mut average) = (0.0, 0.0);
        let (mut sized, mut sizing) = (0, true);
        let mut cases = self.cases(0, &problem.extents)?;
        while let Some(Case {
            occurrences: q,
            flags,
        }) = cases.next()?
        {
            let outputs = Outputs::new(level, &flags)?;
            let (egress, macs) = (outputs.egress()?, outputs.macs()?);
            let critical = outputs.critical()?;
            let skipped = critical <= 0;
            let mut entering = [0; 2];
            if sizing || !skipped {
                entering = [
                    ingress(level, &level.input, &flags)?,
                    ingress(level, &level.filter, &flags)?,
                ];
            }
            if sizing {
                // The first case sizes the buffers; skipped cases before the first that is not
                // skipped add to the operands' requirement.
                accumulate(&mut out.input.up_size, 2, entering[0])?;
                accumulate(&mut out.filter.up_size, 2, entering[1])?;
                out.output.up_size = mul(2, egress)?;
                sized += 1;
                sizing = skipped;
            }
            accumulate(&mut out.output.up_write, q, egress)?;
            accumulate(&mut out.output.down_write, q, macs)?;
            accumulate(&mut out.output.down_read, q, macs)?;
            if skipped {
                // Its outputs have been counted all the same, as the reference does.
                continue;
            }
            for (tensor, elements) in [&mut out.input, &mut out.filter].into_iter().zip(entering) {
                accumulate(&mut tensor.up_read, q, elements)?;
                accumulate(&mut tensor.down_read, q, macs)?;
            }
            let entering = add(entering[0], entering[1])?;
            out.intensity = macs as f64 / entering as f64;

            let (compute, clusters) = self.compute(0, &flags, critical)?;
            let timing = Timing::new(self.hw, &flags, compute, entering, egress)?;
            if compute == 0 {
                return Err(Refusal::IdleClusters);
            }
            let results = out.output.up_size;
            let operands = add(out.input.up_size, out.filter.up_size)?;
            let offchip = self.hw.offchip_bandwidth;
            let step = timing
                .step
                .max(operands / offchip / 2)
                .max(results / offchip / 2);
            // Halved at every case, so that it depends on their number and order.
            out.offchip = out.offchip.max(results / compute).max(operands / compute) / 2;

            accumulate(&mut out.runtime, q, step)?;
            accumulate(&mut out.macs, q, macs)?;
            active += q as f64 * clusters;
            let busier = entering.max(egress);
            out.peak = out.peak.max(busier / compute);
            average += (mul(q, busier)? / compute) as f64;
            out.ingress_delay.add(q, timing.ingress)?;
            out.egress_delay.add(q, timing.egress)?;
            out.compute_delay.add(q, compute)?;
            out.cases = add(out.cases, q)?;
        }
        out.average = average / out.cases as f64;
        if out.cases != 0 {
            out.active = active / out.cases as f64;
        }
        whole_tensors(&mut out, problem)?;
        let operands = add(out.input.up_size, out.filter.up_size)?;
        out.l2_size = add(operands, out.output.up_size)?;
        self.complete(0, sized)?;
        if let Some((base, bytes)) = self.base {
            out.l1_size = bytes;
            out.l1_counted = base == 0;
        }
        Ok(out)
    }

    /// The cases of a level, if they are few enough.
    fn cases(&mut self, level: usize, extents: &DimMap<i64>) -> Result<Cases, Refusal> {
        let cases = Cases::new(&self.levels[level], extents);
        let left = self.visits_left.checked_sub(cases.total());
        self.visits_left = left.ok_or(Refusal::TooManyCases)?;
        Ok(cases)
    }

    /// Cycles the slowest sub-cluster of a level computes in one case, and the mean number of
    /// active PEs (of active sub-clusters where nothing below says).
    ///
    /// At the innermost level the sub-clusters are PEs: critical partial sums over SIMD lanes,
    /// rounded up. Otherwise the longest runtime of the level below on the tiles handed down: the
    /// regular one for all n, or at an edge for the active ones, of which the last may have a
    /// ragged tile.
    fn compute(&mut self, g: usize, flags: &Flags, critical: i64) -> Result<(i64, f64), Refusal> {
        let level = &self.levels[g];
        let primary = 1 << level.primary;
        let at_edge = flags.edge & primary != 0;
        let working = if at_edge {
            level.edge_clusters
        } else {
            level.clusters
        };
        let (mut compute, mut active) = (0, 0.0);
        if g + 1 == self.levels.len() {
            compute = div_up(critical, self.hw.simd_lanes)?;
        } else {
            let mut regular = working;
            if at_edge && flags.ragged & primary != 0 {
                let part = self.below(g, handed_edges(level, flags, true))?;
                compute = compute.max(part.runtime);
                active += part.active;
                regular -= 1;
            }
            if regular > 0 {
                let part = self.below(g, handed_edges(level, flags, false))?;
                compute = compute.max(part.runtime);
                active += part.active * regular as f64;
            }
        }
        Ok((
            compute,
            if active == 0.0 {
                working as f64
            } else {
                active
            },
        ))
    }

    /// The level below `above`, on the tile with these edges.
    fn below(&mut self, above: usize, edges: LoopSet) -> Result<Below, Refusal> {
        if let Some(known) = self.memo[above].get(edges) {
            return Ok(known);
        }
        let g = above + 1;
        let level = &self.levels[g];
        let extents = self.levels[above].handed_down(edges);
        let (mut runtime, mut active, mut count, mut sized) = (0, 0.0, 0, 0);
        let mut cases = self.cases(g, &extents)?;
        while let Some(Case {
            occurrences: q,
            flags,
        }) = cases.next()?
        {
            let outputs = Outputs::new(level, &flags)?;
            let critical = outputs.critical()?;
            sized += i64::from(count == 0);
            if critical <= 0 {
                continue;
            }
            let egress = outputs.egress()?;
            let input = ingress(level, &level.input, &flags)?;
            let filter = ingress(level, &level.filter, &flags)?;
            let (compute, clusters) = self.compute(g, &flags, critical)?;
            let timing = Timing::new(self.hw, &flags, compute, add(input, filter)?, egress)?;
            accumulate(&mut runtime, q, timing.step)?;
            active += q as f64 * clusters;
            count = add(count, q)?;
        }
        if count != 0 {
            active /= count as f64;
        }
        self.complete(g, sized)?;
        let result = Below { runtime, active };
        self.memo[above].put(edges, result);
        Ok(result)
    }

    /// Notes the L1 requirement if level `g` is the first to complete: twice the full tiles, those
    /// of the operands once per case that sized them. The reference reports this as the L1 size,
    /// and counts the output's tile with the halo of the input.
    fn complete(&mut self, g: usize, sized: i64) -> Result<(), Refusal> {
        if self.base.is_some() {
            return Ok(());
        }
        let level = &self.levels[g];
        let held = |t: &TensorLoops| product(loops(t.once).map(|i| level.tiles[i].full));
        let operands = add(held(&level.input)?, held(&level.filter)?)?;
        let elements = add(mul(operands, sized)?, held(&level.output)?)?;
        self.base = Some((g, mul(2, elements)?));
        Ok(())
    }
}

/// Delays of one case.
struct Timing {
    ingress: i64,
    egress: i64,
    step: i64,
}

impl Timing {
    fn new(
        hw: &Hardware,
        flags: &Flags,
        compute: i64,
        entering: i64,
        leaving: i64,
    ) -> Result<Timing, Refusal> {
        let (ingress, egress) = (transfer(hw, entering)?, transfer(hw, leaving)?);
        let step = if flags.moving == 0 {
            add(compute, ingress)?
        } else {
            egress.max(compute).max(ingress)
        };
        Ok(Timing {
            ingress,
            egress,
            step,
        })
    }
}

/// Cycles to move `elements` over a network of bandwidth B and latency L: L + elements / B - 1,
/// the quotient rounded up.
fn transfer(hw: &Hardware, elements: i64) -> Result<i64, Refusal> {
    add(div_up(elements, hw.noc_bandwidth)?, hw.noc_latency - 1)
}

/// Traffic that does not depend on the cases: operands enter the L2 once, whole; outputs leave it
/// once, whole (of the unstrided size); what is read from the L2 is written to an L1.
fn whole_tensors(out: &mut Outcome, problem: &Problem) -> Result<(), Refusal> {
    let size = |c: &Coupling| product(c.set.iter().map(|dim| problem.extents[dim]));
    out.input.up_write = size(&problem.input)?;
    out.filter.up_write = size(&problem.filter)?;
    out.output.up_read = product(problem.output.set.iter().map(|dim| {
        match AXES
            .iter()
            .find(|a| a.input == dim && problem.kind.slides())
        {
            Some(axis) => problem.extents[dim] - problem.extents[axis.window] + 1,
            None => problem.extents[dim],
        }
    }))?;
    out.input.down_write = out.input.up_read;
    out.filter.down_write = out.filter.up_read;
    Ok(())
}
