//! What simpler ways reach on the same problem, for comparison.

use crate::ir::problem::Deployment;
use crate::space::{Assignment, Point, Space};

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

/// Greedy by marginal gain: from the cheapest completion of the tightest budget, the step of one
/// layer that gains most objective per share of budget is taken, again and again, while it fits.
/// Pipelined designs only; products and bottlenecks are followed step by step as they stand.
pub fn greedy(space: &Space, start: &[Point]) -> Option<Assignment> {
    if space.problem.deployment == Deployment::Sequential {
        return None;
    }
    let sums = space.sum_limits();
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
        let mut best: Option<(f64, usize, Point, Vec<f64>)> = None;
        for (layer, points) in space.fine.iter().enumerate() {
            let from = assignment[layer];
            let credit = space.credit(layer, from, &now.totals);
            for &to in points.iter().filter(|&&p| space.keeps_pace(layer, p)) {
                let gain = credit - space.credit(layer, to, &now.totals);
                if gain <= 0.0 {
                    continue;
                }
                let change = |s: &crate::space::cheapest::SumLimit| {
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
