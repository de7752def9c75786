//! Sequential designs: every shared choice in turn. With the engine's knobs fixed, what is left per
//! layer is a sum again, once the memories are capped: for every size of local memory that occurs,
//! the largest shared memory the budgets allow, and the layers' points that fit into both.

use super::model::Model;
use super::{Proof, knapsack, product};
use crate::ir::metric::Metric;
use crate::space::{Assignment, Point, Space};
use std::collections::BTreeMap;

struct Best {
    cost: f64,
    assignment: Option<Assignment>,
    bound: f64,
    looked: usize,
    closed: bool,
}

impl Best {
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
pub fn prove(space: &Space, states: usize) -> Proof {
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
        one_engine(space, lists, states, &mut best);
    }
    Proof {
        bound: best.bound.min(best.cost),
        best: best.assignment,
        method: if best.closed {
            "every shared choice in turn, memories capped, each an exact knapsack"
        } else {
            "every shared choice in turn, some knapsacks stopped at their limit"
        },
        lagrangian: None,
        states: best.looked,
    }
}

/// Bytes a layer needs at a point: local, shared.
fn memories(space: &Space, layer: usize, point: Point) -> (u64, u64) {
    space
        .price(layer, point)
        .map_or((u64::MAX, u64::MAX), |p| (p.l1_bytes, p.l2_bytes))
}

fn one_engine(space: &Space, lists: &[Vec<Point>], states: usize, best: &mut Best) {
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
        let mut seen: Option<u64> = None;
        for &l1 in &locals {
            let l1 = if limited {
                l1
            } else {
                locals[locals.len() - 1]
            };
            let l2 = shareds.iter().rev().copied().find(|&l2| fits(l1, l2));
            let Some(l2) = l2 else { continue };
            if let Some(choices) = capped(l1, l2) {
                sum_on_engine(space, objective, &choices, states, best);
            }
            if !limited || seen == Some(l1) {
                break;
            }
            seen = Some(l1);
        }
        return;
    }
    // Area or power as objective: the least memories with which the other budgets can be kept.
    for &l1 in &locals {
        for &l2 in &shareds {
            if cheapest_engine(l1, l2) >= best.cost || !fits(l1, l2) {
                continue;
            }
            let Some(choices) = capped(l1, l2) else {
                continue;
            };
            match completion(space, &choices, states, best) {
                Some(Some(assignment)) => {
                    best.bound = best.bound.min(cheapest_engine(l1, l2));
                    best.offer(space, assignment);
                    break;
                }
                Some(None) => {}
                None => {
                    best.closed = false;
                    best.bound = best.bound.min(cheapest_engine(l1, l2));
                    break;
                }
            }
        }
    }
}

/// A choice that keeps all sum limits (`Some(Some)`), the proof that there is none (`Some(None)`),
/// or neither.
fn completion(
    space: &Space,
    choices: &[Vec<Point>],
    states: usize,
    best: &mut Best,
) -> Option<Option<Assignment>> {
    let sums = space.sum_limits();
    let Some((first, rest)) = sums.split_first() else {
        return Some(choices.iter().map(|c| c.first().copied()).collect());
    };
    let weigh = |layer: usize, point: Point| space.weight(first.weight, layer, point);
    let model = Model::new(space, choices, &weigh, rest.to_vec());
    let solved = knapsack::solve(&model.instance, None, states);
    best.looked += solved.states;
    if solved.bound == i64::MAX || model.lower(solved.bound) > first.bound {
        return Some(None);
    }
    let found = solved.choice.map(|c| model.instance.points(&c));
    found
        .filter(|a| space.evaluate(a).is_some_and(|e| e.feasible()))
        .map(Some)
}

/// Sum objectives (and edp) on one engine.
fn sum_on_engine(
    space: &Space,
    objective: Metric,
    choices: &[Vec<Point>],
    states: usize,
    best: &mut Best,
) {
    if objective == Metric::Edp {
        let proof = product::prove(space, choices, states);
        best.looked += proof.states;
        best.bound = best.bound.min(proof.bound);
        if let Some(assignment) = proof.best {
            best.offer(space, assignment);
        }
        return;
    }
    let clock = space.problem.technology.clock_hz();
    // One inference after the other: seconds per inference are the summed cycles over the clock.
    let (metric, unit) = match objective {
        Metric::Throughput => (Metric::Latency, clock),
        other => (other, 1.0),
    };
    let cost = |layer: usize, point: Point| space.weight(metric, layer, point);
    let model = Model::new(space, choices, &cost, space.sum_limits());
    let solved = knapsack::solve(&model.instance, None, states);
    best.looked += solved.states;
    best.closed &= solved.closed();
    if solved.bound < i64::MAX {
        best.bound = best.bound.min(model.lower(solved.bound) / unit);
    }
    if let Some(choice) = solved.choice {
        best.offer(space, model.instance.points(&choice));
    }
}
