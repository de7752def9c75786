//! Sequential designs: every shared choice in turn. With the engine's knobs fixed, what is left per
//! layer is a sum again, once the memories are capped: for every size of local memory that occurs,
//! the largest shared memory the budgets allow, and the layers' points that fit into both.
//!
//! Every design within budget has some largest local and shared need, so it is among the choices of
//! one of these caps, and a cap only excludes. The bound is the least over all caps of engines of
//! what was proved there; a case that stays undecided counts with its Lagrangian bound, or with
//! the cost of the engine itself where that is the objective.

use super::model::{Model, Verdict};
use super::{Proof, ROUNDING, knapsack, model, product};
use crate::ir::metric::Metric;
use crate::space::{Assignment, Point, Space};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

struct Best<'a> {
    cost: f64,
    assignment: Option<Assignment>,
    bound: f64,
    looked: usize,
    closed: bool,
    states: usize,
    stop: &'a AtomicBool,
}

impl Best<'_> {
    /// States for the next case: half of what is left, and a few however much the others took.
    fn allowance(&self) -> usize {
        (self.states.saturating_sub(self.looked) / 2).max(self.states / 256)
    }

    /// Counts an engine that is not looked at any more with what it costs at the very least: every
    /// layer at its best point, whatever the budgets.
    fn cut_short(&mut self, space: &Space, lists: &[Vec<Point>]) {
        self.closed = false;
        let metric = space.problem.objective.metric;
        let least = |metric| space.least_on_engine(lists, metric);
        let bound = match metric {
            Metric::Edp => least(Metric::Energy) * least(Metric::Latency),
            Metric::Throughput => 1.0 / least(metric),
            metric => least(metric),
        };
        self.bound = self.bound.min(bound);
    }

    fn offer(&mut self, space: &Space, assignment: Assignment) {
        if let Some(e) = space.evaluate(&assignment)
            && e.feasible()
            && e.cost < self.cost
        {
            self.cost = e.cost;
            self.assignment = Some(assignment);
        }
    }
}

/// Any objective of a sequential design.
pub fn prove(space: &Space, states: usize, stop: &AtomicBool) -> Proof {
    let layers = space.problem.layers.len();
    let mut engines: BTreeMap<u32, Vec<Vec<Point>>> = BTreeMap::new();
    for (layer, points) in space.fine.iter().enumerate() {
        for &point in points {
            let lists = engines
                .entry(space.shared_part(point))
                .or_insert_with(|| vec![Vec::new(); layers]);
            lists[layer].push(point);
        }
    }
    let mut best = Best {
        cost: f64::INFINITY,
        assignment: None,
        bound: f64::INFINITY,
        looked: 0,
        closed: true,
        states,
        stop,
    };
    for lists in engines.values() {
        if lists.iter().any(Vec::is_empty) || !space.engine_can_keep_limits(lists) {
            continue;
        }
        if lists.iter().all(|l| l.len() == 1) {
            let assignment: Assignment = lists.iter().map(|l| l[0]).collect();
            best.looked += 1;
            if let Some(e) = space.evaluate(&assignment).filter(|e| e.feasible()) {
                best.bound = best.bound.min(e.cost);
            }
            best.offer(space, assignment);
            continue;
        }
        one_engine(space, lists, &mut best);
    }
    Proof {
        bound: best.bound.min(best.cost),
        best: best.assignment,
        method: if best.closed {
            "every shared choice in turn, memories capped, each an exact knapsack"
        } else {
            "every shared choice in turn, some knapsacks stopped before their end"
        },
        lagrangian: None,
        exclusion: None,
        relaxation: None,
        states: best.looked,
        stopped: false,
    }
}

/// Bytes a layer needs at a point: local, shared.
fn memories(space: &Space, layer: usize, point: Point) -> (u64, u64) {
    space
        .price(layer, point)
        .map_or((u64::MAX, u64::MAX), |p| (p.l1_bytes, p.l2_bytes))
}

fn one_engine(space: &Space, lists: &[Vec<Point>], best: &mut Best) {
    let objective = space.problem.objective.metric;
    let pes = space.pes(lists[0][0]);
    let sizes = |which: &dyn Fn((u64, u64)) -> u64| -> Vec<u64> {
        let all = lists.iter().enumerate();
        let mut sizes: Vec<u64> = all
            .flat_map(|(l, points)| points.iter().map(move |&p| (l, p)))
            .map(|(l, p)| which(memories(space, l, p)))
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    };
    let (locals, shareds) = (sizes(&|m| m.0), sizes(&|m| m.1));
    let on_engine = matches!(objective, Metric::Area | Metric::Power);
    let limited = space
        .limits
        .iter()
        .any(|l| matches!(l.metric, Metric::Area | Metric::Power));
    // Whether an engine with these memories keeps the limits on area and power.
    let fits = |l1: u64, l2: u64| {
        let engine = space.model.engine(pes, l1, l2);
        space.limits.iter().all(|limit| match limit.metric {
            Metric::Area => engine.area_um2 <= limit.limit,
            Metric::Power => engine.power_mw <= limit.limit,
            _ => true,
        })
    };
    let capped = |l1: u64, l2: u64| -> Option<Vec<Vec<Point>>> {
        let keep = |(layer, points): (usize, &Vec<Point>)| {
            let kept: Vec<Point> = points
                .iter()
                .copied()
                .filter(|&p| {
                    let need = memories(space, layer, p);
                    need.0 <= l1 && need.1 <= l2
                })
                .collect();
            (!kept.is_empty()).then_some(kept)
        };
        lists.iter().enumerate().map(keep).collect()
    };
    let cheapest_engine = |l1: u64, l2: u64| {
        let engine = space.model.engine(pes, l1, l2);
        if objective == Metric::Area {
            engine.area_um2
        } else {
            engine.power_mw
        }
    };
    if !on_engine {
        let last = locals.len() - 1;
        for &l1 in if limited {
            &locals[..]
        } else {
            &locals[last..]
        } {
            let l2 = shareds.iter().rev().copied().find(|&l2| fits(l1, l2));
            if best.stop.load(Ordering::Relaxed) {
                return best.cut_short(space, lists);
            }
            if let Some(choices) = l2.and_then(|l2| capped(l1, l2)) {
                sum_on_engine(space, objective, &choices, best);
            }
        }
        return;
    }
    // Area or power as objective: the least memories with which the other budgets can be kept. What
    // a smaller shared memory allows a larger one allows too.
    for &l1 in &locals {
        if best.stop.load(Ordering::Relaxed) {
            return best.cut_short(space, lists);
        }
        let cases: Vec<(f64, Vec<Vec<Point>>)> = shareds
            .iter()
            .filter(|&&l2| cheapest_engine(l1, l2) < best.cost && fits(l1, l2))
            .filter_map(|&l2| Some((cheapest_engine(l1, l2), capped(l1, l2)?)))
            .collect();
        // Nothing before `proved` can be kept, something at `high` can if it is a case.
        let (mut proved, mut low, mut high) = (0, 0, cases.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let states = best.allowance();
            match model::completion(space, &cases[middle].1, states, best.stop, &mut best.looked) {
                Verdict::Kept(assignment) => {
                    best.offer(space, assignment);
                    high = middle;
                }
                Verdict::OutOfReach(_) => {
                    low = middle + 1;
                    proved = low;
                }
                Verdict::Undecided => {
                    best.closed = false;
                    low = middle + 1;
                }
            }
        }
        let open = cases[proved..].iter().map(|c| c.0);
        best.bound = open.fold(best.bound, f64::min);
    }
}

/// Sum objectives (and edp) on one engine.
fn sum_on_engine(space: &Space, objective: Metric, choices: &[Vec<Point>], best: &mut Best) {
    let states = best.allowance();
    if objective == Metric::Edp {
        let proof = product::prove(space, choices, best.cost, states, best.stop);
        best.looked += proof.states;
        best.bound = best.bound.min(proof.bound);
        if let Some(assignment) = proof.best {
            best.offer(space, assignment);
        }
        best.closed &= proof.bound >= best.cost * (1.0 - ROUNDING);
        return;
    }
    let clock = space.problem.technology.clock_hz();
    // One inference after the other: the throughput is the clock over the summed cycles. Both ways
    // are computed as `Space::evaluate` does.
    let (metric, paced) = match objective {
        Metric::Throughput => (Metric::Latency, true),
        // One layer after the other.
        Metric::CriticalPath => (Metric::Latency, false),
        other => (other, false),
    };
    let cost = |layer: usize, point: Point| space.weight(metric, layer, point);
    let model = Model::new(space, choices, &cost, space.sum_limits());
    // Nothing dearer than the best known is of interest.
    let known = best.cost * if paced { clock } else { 1.0 };
    let cutoff = model.upper(known * (1.0 + 4.0 * f64::EPSILON));
    let solved = knapsack::solve_until(&model.instance, None, cutoff, states, best.stop);
    best.looked += solved.states;
    best.closed &= solved.closed();
    if solved.bound <= cutoff && solved.bound < i64::MAX {
        let bound = model.lower(solved.bound);
        best.bound = best
            .bound
            .min(if paced { 1.0 / (clock / bound) } else { bound });
    }
    if let Some(choice) = solved.choice {
        best.offer(space, model.instance.points(&choice));
    }
}
