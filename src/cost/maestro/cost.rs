//! Delays, traffic and requirements, summed over cases and levels.

use super::arith::{Overflow, accumulate, add, div, div_up, mul};
use super::cases::{Case, Cases, Flags, handed_edges};
use super::hardware::Hardware;
use super::known::{Below, Class, Classes, Groups, Memo, Pace, Work};
use super::layer::Problem;
use super::levels::{Level, LoopSet, TensorLoops, product_over};
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::volumes::{Operand, Outputs};
use super::witness::{Moved, Times, Witness};

/// Most iteration cases visited for one price, over all levels. The published dataflows need a few
/// dozen; without the limit a mapping of many uneven loops could take minutes.
pub const CASE_LIMIT: u32 = 1 << 20;

/// Evaluates the levels of one mapping.
pub(super) struct Evaluator<'a, W: Witness, const N: usize> {
    levels: &'a [Level],
    hw: &'a Hardware,
    memo: [Memo; N],
    /// L1 requirement of the first evaluation to complete, and its level.
    base: Option<(usize, i64)>,
    visits_left: u32,
    witness: &'a mut W,
}

impl<'a, W: Witness, const N: usize> Evaluator<'a, W, N> {
    /// An evaluator that has seen nothing.
    pub fn new(levels: &'a [Level], hw: &'a Hardware, witness: &'a mut W) -> Self {
        Evaluator {
            levels,
            hw,
            memo: [Memo::EMPTY; N],
            base: None,
            visits_left: CASE_LIMIT,
            witness,
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
        let (mut classes, mut groups) = (Classes::NONE, Groups::NONE);
        let (mut offchip, mut intensity) = (0, 0.0);
        let mut cases = Cases::NONE;
        self.visit(cases.begin(level, &problem.extents))?;
        self.witness.begin((0, 0), level, &problem.extents, &cases);
        let operands = operands(level, &cases);
        cases.each(|case| {
            let q = case.occurrences;
            let (group, known) = groups.place(&case);
            if !known || sizing {
                let class = classes.of(level, &case)?;
                if !known {
                    if group.times > 0 {
                        // The place has been that of another group.
                        out.count(group)?;
                        self.witness.group(group);
                    }
                    group.begin(&case, class);
                    self.witness.alike(level, &operands, &case);
                    if sizing || !group.skipped {
                        group.entering = ingress(&operands, case.flags)?;
                    }
                }
                if sizing {
                    // The first case sizes the buffers; skipped cases before the first that is not
                    // skipped add to the operands' requirement.
                    accumulate(&mut out.input.up_size, 2, group.entering[0])?;
                    accumulate(&mut out.filter.up_size, 2, group.entering[1])?;
                    out.output.up_size = mul(2, group.egress)?;
                    self.witness.first(group.entering, group.egress);
                    sized += 1;
                    sizing = group.skipped;
                }
                if !group.skipped {
                    group.pace = self.pace(&case, class, group.entering, &out)?;
                }
            }
            group.times = add(group.times, q)?;
            if group.skipped {
                return Ok(());
            }
            let pace = &group.pace;
            // These depend on the order of the cases. What does not is counted by groups.
            active += q as f64 * pace.active;
            average += div(mul(q, pace.busier)?, pace.compute) as f64;
            offchip = pace.offchip.max(offchip) / 2;
            intensity = pace.intensity;
            Ok::<(), Refusal>(())
        })?;
        (out.offchip, out.intensity) = (offchip, intensity);
        for group in groups.iter() {
            out.count(group)?;
            self.witness.group(group);
        }
        // Every MAC reads both operands and a sum, and writes the sum.
        out.output.down_read = out.output.down_write;
        (out.input.down_read, out.filter.down_read) = (out.macs, out.macs);
        out.average = average / out.cases as f64;
        if out.cases != 0 {
            out.active = active / out.cases as f64;
        }
        out.whole_tensors(problem)?;
        self.witness.whole(problem);
        let operands = add(out.input.up_size, out.filter.up_size)?;
        out.l2_size = add(operands, out.output.up_size)?;
        self.complete(0, sized)?;
        if let Some((base, bytes)) = self.base {
            out.l1_size = bytes;
            out.l1_counted = base == 0;
        }
        Ok(out)
    }

    /// The times of a case that is not skipped. By then the buffers are sized.
    fn pace(
        &mut self,
        case: &Case,
        class: &mut Class,
        entering: [i64; 2],
        out: &Outcome,
    ) -> Result<Pace, Refusal> {
        let work = match class.work {
            Some(work) => work,
            None => *class.work.insert(self.work(case, class, out)?),
        };
        let entering = add(entering[0], entering[1])?;
        let ingress = transfer(self.hw, entering)?;
        let step = step(case.flags, work.compute, ingress, work.egress_delay)?;
        Ok(Pace {
            step: step.max(work.floor),
            ingress,
            egress: work.egress_delay,
            compute: work.compute,
            active: work.active,
            busier: entering.max(class.egress),
            offchip: work.offchip,
            intensity: class.macs as f64 / entering as f64,
        })
    }

    /// How long the cases of a class take.
    fn work(&mut self, case: &Case, class: &Class, out: &Outcome) -> Result<Work, Refusal> {
        let (compute, active) = self.compute(0, case.flags, class.critical)?;
        let egress_delay = transfer(self.hw, class.egress)?;
        if compute == 0 {
            return Err(Refusal::IdleClusters);
        }
        // Operands are never negative, hence neither is the larger.
        let operands = add(out.input.up_size, out.filter.up_size)?;
        let required = out.output.up_size.max(operands);
        self.witness.required(required);
        Ok(Work {
            compute,
            active,
            egress_delay,
            offchip: div(required, compute),
            floor: div(required, self.hw.offchip_bandwidth) / 2,
        })
    }

    /// Refuses to visit more cases than the limit.
    fn visit(&mut self, cases: u32) -> Result<(), Refusal> {
        let left = self.visits_left.checked_sub(cases);
        self.visits_left = left.ok_or(Refusal::TooManyCases)?;
        Ok(())
    }

    /// Cycles the slowest sub-cluster of a level computes in one case, and the mean number of
    /// active PEs (of active sub-clusters where nothing below says).
    ///
    /// At the innermost level the sub-clusters are PEs: critical partial sums over SIMD lanes,
    /// rounded up. Otherwise the longest runtime of the level below on the tiles handed down: the
    /// regular one for all n, or at an edge for the active ones, of which the last may have a
    /// ragged tile.
    fn compute(&mut self, g: usize, flags: Flags, critical: i64) -> Result<(i64, f64), Refusal> {
        let level = &self.levels[g];
        let primary = 1 << level.primary;
        let at_edge = flags.edge() & primary != 0;
        let working = if at_edge {
            level.edge_clusters
        } else {
            level.clusters
        };
        let (mut compute, mut active) = (0, 0.0);
        if g + 1 == self.levels.len() {
            compute = div_up(critical, self.hw.simd_lanes);
            self.witness.pe(critical, compute);
        } else {
            let mut regular = working;
            if at_edge && flags.ragged() & primary != 0 {
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
        let mut cases = Cases::NONE;
        self.visit(cases.begin(level, &extents))?;
        self.witness.begin((g, edges), level, &extents, &cases);
        let operands = operands(level, &cases);
        cases.each(|case| {
            let (q, flags) = (case.occurrences, case.flags);
            let outputs = Outputs::new(level, flags)?;
            sized += i64::from(count == 0);
            if outputs.critical <= 0 {
                return Ok(());
            }
            let egress = outputs.egress()?;
            let [input, filter] = ingress(&operands, flags)?;
            let (compute, clusters) = self.compute(g, flags, outputs.critical)?;
            let entering = add(input, filter)?;
            let ingress = transfer(self.hw, entering)?;
            let leaving = transfer(self.hw, egress)?;
            let step = step(flags, compute, ingress, leaving)?;
            let times = Times {
                compute,
                load: Moved::new(ingress, entering),
                store: Moved::new(leaving, egress),
                step,
            };
            self.witness
                .case(((g, edges), level, &operands), &case, times);
            accumulate(&mut runtime, q, step)?;
            active += q as f64 * clusters;
            count = add(count, q)?;
            Ok::<(), Refusal>(())
        })?;
        if count != 0 {
            active /= count as f64;
        }
        self.complete(g, sized)?;
        let result = Below { runtime, active };
        self.memo[above].put(edges, result);
        self.witness.end((g, edges), runtime);
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
        let held = |t: &TensorLoops| product_over(t.once, |i| level.tiles[i].full);
        let operands = add(held(&level.input)?, held(&level.filter)?)?;
        let elements = add(mul(operands, sized)?, held(&level.output)?)?;
        self.base = Some((g, mul(2, elements)?));
        self.witness.held(level, sized);
        Ok(())
    }
}

/// Input and filter of a level.
fn operands<'a>(level: &'a Level, cases: &Cases) -> [Operand<'a>; 2] {
    let first = cases.fixed();
    [
        Operand::new(level, &level.input, first),
        Operand::new(level, &level.filter, first),
    ]
}

/// Elements of input and of filter that enter the array in a case.
#[inline(always)]
fn ingress(operands: &[Operand; 2], flags: Flags) -> Result<[i64; 2], Refusal> {
    let mut entering = [0; 2];
    for (elements, operand) in entering.iter_mut().zip(operands) {
        *elements = operand.ingress(flags)?;
    }
    Ok(entering)
}

/// Cycles a case takes: double buffering hides the others behind the longest, but the very first
/// step has to wait for its input.
fn step(flags: Flags, compute: i64, ingress: i64, egress: i64) -> Result<i64, Overflow> {
    if flags.moving() == 0 {
        add(compute, ingress)
    } else {
        Ok(egress.max(compute).max(ingress))
    }
}

/// Cycles to move `elements` over a network of bandwidth B and latency L: L + elements / B - 1,
/// the quotient rounded up, or towards zero and then up where it is negative.
#[inline]
fn transfer(hw: &Hardware, elements: i64) -> Result<i64, Overflow> {
    let cycles = if elements < 0 {
        elements / hw.noc_bandwidth + i64::from(elements % hw.noc_bandwidth != 0)
    } else {
        div_up(elements, hw.noc_bandwidth)
    };
    add(cycles, hw.noc_latency - 1)
}
