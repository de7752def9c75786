//! The critical path as objective. It is no sum over layers and does not decompose.
//!
//! A unit flow phi through the network (`flow`) makes a sum of it: for every assignment the critical
//! path is at least sum phi_l d_l, and
//!
//! ```text
//! bound = min over points of sum over layers (phi_l d_l + sum over b of m_b w_b) - sum over b of m_b limit_b
//! ```
//!
//! with multipliers m_b >= 0 is that of a knapsack (`dual`), in exact integers: phi in whole units,
//! cycles whole, the result rounded up to a whole cycle. From there a search over the times at which
//! branches are done (`finish`) raises the bound and may close it.

use super::dual;
use super::finish::{self, Task};
use super::flow::{self, Flow};
use super::instance::{Instance, Kind};
use super::knapsack;
use super::model::{self, Model};
use super::{Proof, Relaxation, simple};
use crate::ir::metric::Metric;
use crate::space::{Assignment, Evaluation, Point, Space, feasible};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// The most units of a flow, as a power of two.
const MOST_UNITS: u32 = 20;
/// Sums of units x cycles stay below this power of two, where doubles are exact.
const EXACT_BITS: u32 = 52;

/// Knapsacks solved for a good assignment, the states each may look at, and their largest weight.
const MET: usize = 8;
const BRIEF: usize = 64;
const LARGEST_WEIGHT: f64 = 31.0;

/// The critical path of a pipelined design.
pub fn prove(space: &Space, known: Option<&Assignment>, states: usize, stop: &AtomicBool) -> Proof {
    let cycles = |layer: usize, point: Point| space.weight(Metric::Latency, layer, point);
    if space.paths.chain {
        let proof = model::prove_sum(space, Metric::Latency, known, states, stop);
        return Proof {
            relaxation: Some(relaxation(space, Flow::longest(&space.paths, &|_| 1, 1))),
            ..proof
        };
    }
    let plain = Model::new(space, &space.fine, &cycles, space.sum_limits());
    let kinds = &plain.instance.kinds;
    // Without an option there is no design within budget.
    if kinds.iter().any(|k| k.points.is_empty()) {
        return Proof {
            bound: f64::INFINITY,
            best: None,
            method: "a layer has no choice within budget",
            lagrangian: None,
            exclusion: None,
            relaxation: None,
            states: 0,
            stopped: false,
        };
    }
    let cycles_of = |layer: usize, point: Point| {
        let price = space.price(layer, point);
        price.map_or(0, |p| p.latency_cycles)
    };
    let mut options: Vec<Vec<i64>> = vec![Vec::new(); kinds.len()];
    for (layer, &kind) in plain.instance.layers.iter().enumerate() {
        if options[kind].is_empty() {
            let points = kinds[kind].points.iter();
            options[kind] = points.map(|&p| cycles_of(layer, p) as i64).collect();
        }
    }
    // However much the budgets allowed.
    let fastest = |layer: usize| {
        let points = space.fine[layer].iter();
        points.map(|&p| cycles_of(layer, p)).min().unwrap_or(0)
    };
    let slowest = |layer: usize| {
        let points = space.fine[layer].iter();
        points.map(|&p| cycles_of(layer, p)).max().unwrap_or(0)
    };
    let slowest: u64 = (0..space.paths.layers).map(slowest).sum();
    let bits = (u64::BITS - slowest.leading_zeros()).min(EXACT_BITS);
    let units = 1i64 << (EXACT_BITS - bits).min(MOST_UNITS);
    let shortest = space.paths.longest(&fastest);
    let mut flow = flow::best(&space.paths, &plain.instance, units);
    let mut weighted = weigh(space, &flow);
    let mut dual = dual::maximise(&weighted.instance);
    // Where budgets do not bind, one path alone says more than any mixture.
    let alone = Flow::longest(&space.paths, &fastest, units);
    let other = weigh(space, &alone);
    let again = dual::maximise(&other.instance);
    let value = |m: &Model, d: &dual::Dual| d.bound as f64 / m.scales.cost;
    if value(&other, &again) > value(&weighted, &dual) {
        (flow, weighted, dual) = (alone, other, again);
    }
    let lagrangian = weighted.lagrangian(&dual, units as f64);
    let judged = |a: &Assignment| space.evaluate(a).filter(|e| e.feasible());
    let mut best = known.filter(|a| judged(a).is_some()).cloned();
    // Beyond that size whole numbers and their sums are not exact.
    let whole = weighted.scales.whole && weighted.scales.cost >= 1.0;
    let mut assignments = Vec::new();
    if whole {
        assignments = met(space, &plain, &options, &flow);
    }
    if best.is_none() && simple::greedy_is_quick(space) {
        let cheapest = feasible::find(space).ok();
        assignments.extend(cheapest.and_then(|c| simple::greedy(space, &c)));
    }
    for assignment in assignments {
        let better = |e: &Evaluation| {
            best.as_ref()
                .and_then(judged)
                .is_none_or(|b| e.cost < b.cost)
        };
        if judged(&assignment).is_some_and(|e| better(&e)) {
            best = Some(assignment);
        }
    }
    let ceiling = best.as_ref().and_then(judged);
    let ceiling = ceiling.map_or(i64::MAX, |e| e.totals.critical_cycles as i64);
    let scale = weighted.scales.cost as i128;
    let mut bound = shortest as f64;
    if whole {
        // A cycle is so many of the bound's units, and critical paths are whole.
        let cycle = dual::DENOMINATOR * scale * i128::from(units);
        let up = dual.bound.div_euclid(cycle) + i128::from(dual.bound.rem_euclid(cycle) != 0);
        bound = bound.max(up as f64);
    }
    let (mut closed, mut looked) = (false, 0);
    if whole {
        let finished = finish::search(
            &Task {
                paths: &space.paths,
                instance: &plain.instance,
                cycles: &options,
                flow: &flow,
                multipliers: &dual.multipliers,
                scale,
            },
            ceiling,
            states,
            stop,
        );
        looked = finished.states;
        let nothing = finished.complete && finished.cycles == i64::MAX;
        bound = if nothing {
            f64::INFINITY
        } else {
            bound.max(finished.bound as f64)
        };
        closed = finished.bound == finished.cycles;
        let found = finished.choice.map(|c| plain.instance.points(&c));
        best = found.filter(|a| judged(a).is_some()).or(best);
    }
    Proof {
        bound,
        best,
        method: if closed {
            "flow over the paths, closed by dynamic programming over the times branches are done"
        } else {
            "flow over the paths, dynamic programming stopped before its end"
        },
        lagrangian: Some(lagrangian),
        exclusion: None,
        relaxation: Some(relaxation(space, flow)),
        states: looked,
        stopped: false,
    }
}

/// Assignments that are good for weights near the flow: each time the paths that the last ones left
/// nearly longest weigh more. No layer weighs nothing, so that time is wasted nowhere.
fn met(space: &Space, plain: &Model, options: &[Vec<i64>], flow: &Flow) -> Vec<Assignment> {
    let instance = &plain.instance;
    let of_layers = flow.of_layers(&space.paths);
    let mut mean: Vec<f64> = of_layers
        .iter()
        .map(|&u| u as f64 / flow.units as f64)
        .collect();
    let mut out = Vec::new();
    for round in 0..MET {
        let mut weighted = Instance {
            layers: Vec::with_capacity(mean.len()),
            kinds: Vec::new(),
            bounds: instance.bounds.clone(),
        };
        let mut known: BTreeMap<(usize, i64), usize> = BTreeMap::new();
        for (&kind, share) in instance.layers.iter().zip(&mean) {
            let weight = 1 + (share * LARGEST_WEIGHT) as i64;
            let number = *known.entry((kind, weight)).or_insert_with(|| {
                weighted.kinds.push(Kind {
                    costs: options[kind].iter().map(|c| c * weight).collect(),
                    ..instance.kinds[kind].clone()
                });
                weighted.kinds.len() - 1
            });
            weighted.layers.push(number);
        }
        let Some(choice) = knapsack::solve(&weighted, None, BRIEF).choice else {
            break;
        };
        let assignment = weighted.points(&choice);
        let shares = space.paths.flow(&space.cycles(&assignment));
        for (mean, share) in mean.iter_mut().zip(&shares) {
            *mean += (share - *mean) / (round + 2) as f64;
        }
        out.push(assignment);
    }
    out
}

/// The knapsack of the flow: cycles count with the units that run through their layer.
fn weigh(space: &Space, flow: &Flow) -> Model {
    let units = flow.of_layers(&space.paths);
    let cost = |layer: usize, point: Point| {
        units[layer] as f64 * space.weight(Metric::Latency, layer, point)
    };
    let class = |layer: usize| units[layer];
    Model::classed(space, &space.fine, &class, &cost, space.sum_limits())
}

fn relaxation(space: &Space, flow: Flow) -> Relaxation {
    let name = |step: usize| {
        let node = space.paths.steps[step].node;
        space.problem.network.graph[node].name.clone()
    };
    let mut edges = Vec::new();
    for (to, step) in space.paths.steps.iter().enumerate() {
        for (&from, &units) in step.before.iter().zip(&flow.from[to]) {
            if units > 0 {
                edges.push((name(from), name(to), units));
            }
        }
    }
    Relaxation {
        units: flow.units,
        layers: flow.of_layers(&space.paths),
        edges,
    }
}
