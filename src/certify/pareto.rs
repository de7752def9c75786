//! The front between the objective and one budget: the best possible under every one of a row of
//! limits, all other budgets as they are.
//!
//! Each limit is a problem of its own for the certificate's solver, and what is proved at one helps
//! the others: a design within a tight limit is within every looser one, and what no design within a
//! loose limit beats, none within a tighter one does. If the best design within the loosest limit
//! uses less than it may, it settles all the limits down to what it uses.

use super::{ROUNDING, gap, prove_until};
use crate::ir::metric::Metric;
use crate::ir::problem::Deployment;
use crate::space::{Assignment, BoundLimit, Evaluation, Space};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is known of the best design within one limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known {
    /// The objective of the best design found, in its unit; nothing is better than `bound`.
    Found {
        /// Reached.
        value: f64,
        /// Proved.
        bound: f64,
        /// The distance between them as a share of the bound, infinite if nothing was proved; 0 if the design is proved to be an optimum.
        gap: f64,
        /// What the design has of the limited metric.
        used: f64,
    },
    /// No design keeps this limit and the other budgets, proved.
    Nothing,
    /// None was found and none excluded.
    Undecided,
}

/// One limit of a front.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The limit in the metric's unit, and the share of its span if it was written so.
    pub limit: f64,
    /// See [`BoundLimit::share`].
    pub share: Option<f64>,
    /// What is known there.
    pub known: Known,
    /// The first step, from the tightest on, that is as good: this limit buys nothing over that one.
    pub no_better_than: Option<usize>,
}

/// A front between objective and budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Front {
    /// What is limited.
    pub over: Metric,
    /// In the order asked for.
    pub steps: Vec<Step>,
    /// Partial assignments the solver looked at, over all steps.
    pub states: usize,
    /// Whether the solver was asked to stop. What is known holds all the same.
    pub stopped: bool,
}

impl Front {
    /// Whether every step is an optimum or proved to have no design.
    pub fn closed(&self) -> bool {
        let closed = |s: &Step| match s.known {
            Known::Found { gap, .. } => gap == 0.0,
            Known::Nothing => true,
            Known::Undecided => false,
        };
        self.steps.iter().all(closed)
    }
}

/// Partial designs the solver may look at for each limit of a report's front. Under one budget that
/// is enough for an optimum as a rule.
pub const STATES: usize = 20_000;

/// The largest network whose front is drawn in every report, and the most work: choices of all
/// layers, each as often as one of a pipeline under a sum is looked at. More of either would make a
/// build wait for its report.
const MOST_LAYERS: usize = 300;
const MOST_WORK: usize = 600_000;
/// One engine is solved for every pair of its memories, a product for every corner of a hull.
const ENGINE_WORK: usize = 20;
const PRODUCT_WORK: usize = 8;

/// The limits of a front around a design, in tenths of its own.
const AROUND: std::ops::RangeInclusive<u32> = 5..=25;
/// Of a limit from below, whose loose side is the lower one.
const AROUND_FLOOR: std::ops::RangeInclusive<u32> = 1..=21;

/// Why there is no front around a design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFront {
    /// No budget limits anything but the objective.
    NoBudget,
    /// It would take too long; the budget it would be over.
    Long(Metric),
    /// The search was stopped before its end.
    Stopped,
    /// The choices come from no search.
    NoSearch,
}

/// The front between the objective and the budget that a design uses most of, from half of its
/// limit to two and a half times as much, every tenth.
///
/// # Errors
/// Why there is none.
pub fn around(space: &Space, decided: &Assignment, stop: &AtomicBool) -> Result<Front, NoFront> {
    let objective = space.problem.objective.metric;
    let totals = space.totals(decided).ok_or(NoFront::NoSearch)?;
    let used = |l: &&BoundLimit| match l.metric.larger_is_better() {
        true => l.limit / totals.metric(l.metric),
        false => totals.metric(l.metric) / l.limit,
    };
    let others = space.limits.iter().filter(|l| l.metric != objective);
    // Of equally used ones the first.
    let most = others.rev().max_by(|a, b| used(a).total_cmp(&used(b)));
    let most = most.ok_or(NoFront::NoBudget)?;
    if takes_long(space) {
        return Err(NoFront::Long(most.metric));
    }
    if stop.load(Ordering::Relaxed) {
        return Err(NoFront::Stopped);
    }
    let tenths = match most.metric.larger_is_better() {
        true => AROUND_FLOOR,
        false => AROUND,
    };
    let at = |tenth: u32| match tenth {
        // The limit itself, to the last bit.
        10 => (most.limit, None),
        tenth => (most.limit * f64::from(tenth) / 10.0, None),
    };
    let limits: Vec<(f64, Option<f64>)> = tenths.map(at).collect();
    let decided = std::slice::from_ref(decided);
    Ok(front(
        space,
        most.metric,
        &limits,
        decided,
        STATES,
        stop,
        &|| {},
    ))
}

/// Whether a front would take long beside a search, by counts alone: a clock would make reports differ.
fn takes_long(space: &Space) -> bool {
    let problem = space.problem;
    let pipelined = problem.deployment == Deployment::Pipelined;
    let objective = problem.objective.metric;
    // Each limit takes as long as a certificate.
    if pipelined && objective == Metric::CriticalPath && !space.paths.chain {
        return true;
    }
    let mut work: usize = space.fine.iter().map(Vec::len).sum();
    if !pipelined {
        work = work.saturating_mul(ENGINE_WORK);
    }
    if objective == Metric::Edp {
        work = work.saturating_mul(PRODUCT_WORK);
    }
    problem.layers.len() > MOST_LAYERS || work > MOST_WORK
}

/// The best found and the proved bound of one limit, as costs (see [`Evaluation::cost`]).
struct Solved {
    best: Option<(Assignment, Evaluation)>,
    bound: f64,
}

/// Solves the limits, each with at most about `states` partial assignments. `decided` are designs
/// that are known already. Other budgets of the space hold; a budget on the same metric is replaced.
/// `done` is called for every limit that is solved, in no order; fewer than all if the loosest settles
/// others.
pub fn front(
    space: &Space,
    over: Metric,
    limits: &[(f64, Option<f64>)],
    decided: &[Assignment],
    states: usize,
    stop: &AtomicBool,
    done: &(dyn Fn() + Sync),
) -> Front {
    let looser = |a: &f64, b: &f64| match over.larger_is_better() {
        true => b.total_cmp(a),
        false => a.total_cmp(b),
    };
    // From the tightest to the loosest.
    let mut order: Vec<usize> = (0..limits.len()).collect();
    order.sort_by(|&a, &b| looser(&limits[a].0, &limits[b].0).then(a.cmp(&b)));
    let views: Vec<Space> = order
        .iter()
        .map(|&i| limited(space, over, limits[i]))
        .collect();
    let solve = |view: &Space| {
        let judged = |a: &Assignment| view.evaluate(a).filter(Evaluation::feasible);
        let known = decided.iter().filter_map(|a| Some((a, judged(a)?.cost)));
        let known = known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(a, _)| a);
        let proof = prove_until(view, known, states, stop);
        let found = proof.best.into_iter().chain(known.cloned());
        let found = found.filter_map(|a| Some((judged(&a)?, a)).map(|(e, a)| (a, e)));
        let solved = Solved {
            best: found.min_by(|a, b| a.1.cost.total_cmp(&b.1.cost)),
            bound: proof.bound,
        };
        done();
        (solved, proof.states)
    };
    let (mut solved, mut looked): (Vec<Option<Solved>>, usize) = (Vec::new(), 0);
    solved.resize_with(views.len(), || None);
    if let (Some(last), Some(view)) = (solved.last_mut(), views.last()) {
        let (loosest, states) = solve(view);
        looked += states;
        *last = Some(loosest);
    }
    let settled = solved.last().and_then(|s| {
        let s = s.as_ref()?;
        s.best
            .clone()
            .filter(|(_, e)| gap(e.cost, s.bound) <= ROUNDING)
    });
    let open = match &settled {
        Some((_, e)) => {
            let used = e.totals.metric(over);
            let keeps = |v: &&Space| v.limits[0].overshoot(used) > 0.0;
            views.iter().take_while(keeps).count()
        }
        None => views.len().saturating_sub(1),
    };
    let unless_stopped = |view: &Space| (!stop.load(Ordering::Relaxed)).then(|| solve(view));
    let tighter: Vec<_> = views[..open].par_iter().map(unless_stopped).collect();
    for (place, result) in solved.iter_mut().zip(tighter) {
        if let Some((result, states)) = result {
            looked += states;
            *place = Some(result);
        }
    }
    let mut steps: Vec<Option<Step>> = vec![None; limits.len()];
    let bounds = shared_bounds(&solved);
    let mut best: Option<(Assignment, Evaluation)> = None;
    let mut first_as_good: Option<usize> = None;
    for (place, view) in views.iter().enumerate() {
        let own = solved[place].as_ref().and_then(|s| s.best.clone());
        for (assignment, _) in own.into_iter().chain(settled.clone()) {
            let better = |e: &Evaluation| best.as_ref().is_none_or(|b| e.cost < b.1.cost);
            if let Some(e) = view.evaluate(&assignment).filter(Evaluation::feasible)
                && better(&e)
            {
                let as_good = best
                    .as_ref()
                    .is_some_and(|b| e.cost >= b.1.cost * (1.0 - ROUNDING));
                if !as_good {
                    first_as_good = None;
                }
                best = Some((assignment, e));
            }
        }
        let (limit, share) = limits[order[place]];
        let known = known(view, best.as_ref(), bounds[place], over);
        steps[order[place]] = Some(Step {
            limit,
            share,
            known,
            no_better_than: first_as_good,
        });
        if best.is_some() && first_as_good.is_none() {
            first_as_good = Some(order[place]);
        }
    }
    Front {
        over,
        steps: steps.into_iter().flatten().collect(),
        states: looked,
        stopped: stop.load(Ordering::Relaxed),
    }
}

/// The space under one limit on `over` besides its other budgets. The limit comes first: of equally
/// good designs the solver takes the one that uses least of it.
fn limited<'p>(space: &Space<'p>, over: Metric, (limit, share): (f64, Option<f64>)) -> Space<'p> {
    let own = BoundLimit {
        metric: over,
        limit,
        share,
        span: space.problem.span,
    };
    let others = space.limits.iter().filter(|l| l.metric != over);
    space.with_limits(std::iter::once(own).chain(others.copied()).collect())
}

/// From the tightest limit to the loosest, the largest bound proved there or at a looser one.
fn shared_bounds(solved: &[Option<Solved>]) -> Vec<f64> {
    let mut bounds = vec![0.0; solved.len()];
    let mut largest = 0.0_f64;
    for (place, bound) in bounds.iter_mut().enumerate().rev() {
        largest = largest.max(solved[place].as_ref().map_or(0.0, |s| s.bound));
        *bound = largest;
    }
    bounds
}

fn known(view: &Space, best: Option<&(Assignment, Evaluation)>, bound: f64, over: Metric) -> Known {
    let metric = view.problem.objective.metric;
    let shown = |cost: f64| {
        if metric.larger_is_better() {
            1.0 / cost
        } else {
            cost
        }
    };
    match best {
        Some((_, e)) => {
            let gap = gap(e.cost, bound);
            Known::Found {
                value: e.totals.metric(metric),
                bound: shown(bound.min(e.cost)),
                gap: if gap <= ROUNDING { 0.0 } else { gap },
                used: e.totals.metric(over),
            }
        }
        None if bound == f64::INFINITY => Known::Nothing,
        None => Known::Undecided,
    }
}
