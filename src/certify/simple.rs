//! What simpler ways reach on the same problem, for comparison.

use crate::ir::metric::Metric;
use crate::ir::problem::Deployment;
use crate::space::cheapest::SumLimit;
use crate::space::{Assignment, Point, Space};
use std::collections::{BTreeMap, BTreeSet};

/// The most points of all layers for which [`greedy`] follows an objective that is no sum: each of
/// its steps looks at all of them.
const POINTS: usize = 200_000;
/// The most layers times shapes for which it follows a sum: about so many looks for every step that
/// a layer takes.
const LOOKS: usize = 4_000_000;

/// The best assignment in which every layer stands at the same coarse point (pinned layers at
/// their pins), if one keeps the budgets.
pub fn uniform(space: &Space) -> Option<Assignment> {
    let mut best: Option<(f64, Assignment)> = None;
    for point in space.grid.coarse_points() {
        let (dataflow, values) = space.grid.values(point);
        let place = |layer: usize| -> Option<Point> {
            let pin = space.problem.pins.iter().find(|p| p.layer == layer);
            let mut values = values.clone();
            let mut dataflow = dataflow;
            if let Some(pin) = pin {
                pin.knobs
                    .iter()
                    .for_each(|&(knob, value)| values[knob] = value);
                dataflow = pin.dataflow.unwrap_or(dataflow);
            }
            space.grid.find(dataflow, &values)
        };
        let layers = 0..space.problem.layers.len();
        let Some(assignment) = layers.map(place).collect::<Option<Assignment>>() else {
            continue;
        };
        if let Some(e) = space.evaluate(&assignment).filter(|e| e.feasible())
            && best.as_ref().is_none_or(|b| e.cost < b.0)
        {
            best = Some((e.cost, assignment));
        }
    }
    best.map(|b| b.1)
}

/// Whether [`greedy`] is quick enough to be made in passing.
pub fn greedy_is_quick(space: &Space) -> bool {
    let (layers, shapes) = (space.problem.layers.len(), space.problem.shapes.len());
    if sum(space).is_some() {
        layers.saturating_mul(shapes) <= LOOKS
    } else {
        space.fine.iter().map(Vec::len).sum::<usize>() <= POINTS
    }
}

/// The objective, if it is a sum over the layers of a pipelined design.
fn sum(space: &Space) -> Option<Metric> {
    let metric = space.problem.objective.metric;
    let no_sum = matches!(
        metric,
        Metric::Throughput | Metric::CriticalPath | Metric::Edp
    );
    (!no_sum).then_some(metric)
}

/// Greedy by marginal gain: from the cheapest completion of the tightest budget, the step of one
/// layer that gains most objective per share of budget is taken, again and again, while it fits.
/// Pipelined designs only; products and bottlenecks are followed step by step as they stand.
pub fn greedy(space: &Space, start: &[Point]) -> Option<Assignment> {
    if space.problem.deployment == Deployment::Sequential {
        return None;
    }
    let sums = space.sum_limits();
    if let Some(metric) = sum(space) {
        return greedy_by_kind(space, metric, start, &sums);
    }
    let mut assignment = start.to_vec();
    let mut now = space.evaluate(&assignment).filter(|e| e.feasible())?;
    let mut used: Vec<f64> = sums
        .iter()
        .map(|s| {
            let weights = assignment.iter().enumerate();
            weights
                .map(|(l, &p)| space.weight(s.weight, l, p))
                .sum::<f64>()
                / s.bound
        })
        .collect();
    // Steps are per layer and each takes a better point for good: this ends. The count is a guard
    // for objectives whose credit moves with the totals.
    for _ in 0..space.problem.layers.len() * 64 {
        let around = space.around(&assignment, &now.totals);
        let mut best: Option<(f64, usize, Point, Vec<f64>)> = None;
        for (layer, points) in space.fine.iter().enumerate() {
            let from = assignment[layer];
            let credit = space.credit(layer, from, &around);
            for &to in points.iter().filter(|&&p| space.keeps_pace(layer, p)) {
                let gain = credit - space.credit(layer, to, &around);
                if gain <= 0.0 {
                    continue;
                }
                let change = |s: &SumLimit| {
                    (space.weight(s.weight, layer, to) - space.weight(s.weight, layer, from))
                        / s.bound
                };
                let changes: Vec<f64> = sums.iter().map(change).collect();
                if used.iter().zip(&changes).any(|(u, c)| u + c > 1.0 - 1e-12) {
                    continue;
                }
                let price: f64 = changes.iter().map(|c| c.max(0.0)).sum();
                let score = gain / price.max(1e-12);
                if best.as_ref().is_none_or(|b| score > b.0) {
                    best = Some((score, layer, to, changes));
                }
            }
        }
        let Some((_, layer, to, changes)) = best else {
            break;
        };
        assignment[layer] = to;
        used.iter_mut().zip(&changes).for_each(|(u, c)| *u += c);
        match space.evaluate(&assignment) {
            Some(e) if e.feasible() && e.cost <= now.cost => now = e,
            _ => return Some(assignment),
        }
    }
    Some(assignment)
}

/// A better point for layers of one kind at one point.
struct Move {
    to: Point,
    /// Objective gained per share of budget taken.
    score: f64,
    /// Shares of the budgets taken.
    changes: Vec<f64>,
}

/// Layers of one kind at one point, and where they might go, best score first.
struct Group {
    layers: BTreeSet<usize>,
    moves: Vec<Move>,
}

/// [`greedy`] for a sum: what a step gains and takes depends on the layer's shape and point alone,
/// so that layers which share both are looked at once.
fn greedy_by_kind(
    space: &Space,
    metric: Metric,
    start: &[Point],
    sums: &[SumLimit],
) -> Option<Assignment> {
    space.evaluate(start).filter(|e| e.feasible())?;
    let mut assignment = start.to_vec();
    let mut used: Vec<f64> = sums
        .iter()
        .map(|s| {
            let weights = start.iter().enumerate();
            let weights = weights.map(|(l, &p)| space.weight(s.weight, l, p));
            weights.sum::<f64>() / s.bound
        })
        .collect();
    let pinned: BTreeSet<usize> = space.problem.pins.iter().map(|p| p.layer).collect();
    let kind = |layer: usize| {
        let pin = pinned.contains(&layer).then_some(layer);
        (space.problem.layers[layer].shape, pin)
    };
    let group = |layer: usize, from: Point| Group {
        layers: BTreeSet::new(),
        moves: moves(space, metric, sums, layer, from),
    };
    let mut groups: BTreeMap<(usize, Option<usize>, Point), Group> = BTreeMap::new();
    for (layer, &point) in start.iter().enumerate() {
        let (shape, pin) = kind(layer);
        let entry = groups.entry((shape, pin, point));
        let entry = entry.or_insert_with(|| group(layer, point));
        entry.layers.insert(layer);
    }
    // Every step lowers the cost of a layer for good: this ends.
    loop {
        let mut best: Option<(&Move, usize)> = None;
        for group in groups.values() {
            let Some(&layer) = group.layers.first() else {
                continue;
            };
            let fits = |m: &&Move| {
                let mut all = used.iter().zip(&m.changes);
                all.all(|(u, c)| u + c <= 1.0 - 1e-12)
            };
            let Some(found) = group.moves.iter().find(fits) else {
                continue;
            };
            // Of equal scores the first layer's counts.
            if best
                .is_none_or(|(b, l)| found.score > b.score || (found.score == b.score && layer < l))
            {
                best = Some((found, layer));
            }
        }
        let Some((found, layer)) = best else {
            break;
        };
        let to = found.to;
        used.iter_mut()
            .zip(&found.changes)
            .for_each(|(u, c)| *u += c);
        let (shape, pin) = kind(layer);
        if let Some(left) = groups.get_mut(&(shape, pin, assignment[layer])) {
            left.layers.remove(&layer);
        }
        let entry = groups.entry((shape, pin, to));
        let entry = entry.or_insert_with(|| group(layer, to));
        entry.layers.insert(layer);
        assignment[layer] = to;
    }
    Some(assignment)
}

/// The better points of a layer, best score first, without those that another one beats in score
/// while taking no more of any budget: it would never be their turn.
fn moves(space: &Space, metric: Metric, sums: &[SumLimit], layer: usize, from: Point) -> Vec<Move> {
    let cost = |point| space.weight(metric, layer, point);
    let mut all: Vec<Move> = Vec::new();
    for &to in &space.fine[layer] {
        let gain = cost(from) - cost(to);
        if gain <= 0.0 || !space.keeps_pace(layer, to) {
            continue;
        }
        let weight = |s: &SumLimit, point| space.weight(s.weight, layer, point);
        let change = |s: &SumLimit| (weight(s, to) - weight(s, from)) / s.bound;
        let changes: Vec<f64> = sums.iter().map(change).collect();
        let price: f64 = changes.iter().map(|c| c.max(0.0)).sum();
        all.push(Move {
            to,
            score: gain / price.max(1e-12),
            changes,
        });
    }
    // A stable sort: of equal scores the first point counts.
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Move> = Vec::new();
    for m in all {
        let takes_less = |k: &Move| k.changes.iter().zip(&m.changes).all(|(a, b)| a <= b);
        if !kept.iter().any(takes_less) {
            kept.push(m);
        }
    }
    kept
}
