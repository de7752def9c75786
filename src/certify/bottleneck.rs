//! The slowest layer as objective: the least threshold T such that layers no slower than T can
//! still keep all budgets, found by bisection over the cycles that occur.

use super::Proof;
use super::knapsack;
use super::model::Model;
use crate::ir::metric::Metric;
use crate::space::{Assignment, Point, Space};

/// Throughput of a pipelined design.
pub fn prove(space: &Space, states: usize) -> Proof {
    let latency = |layer: usize, point: Point| space.weight(Metric::Latency, layer, point);
    let mut thresholds: Vec<u64> = Vec::new();
    let mut slowest_possible = 0u64;
    for (layer, points) in space.fine.iter().enumerate() {
        let cycles = points
            .iter()
            .filter_map(|&p| space.price(layer, p))
            .map(|p| p.latency_cycles);
        let cycles: Vec<u64> = cycles.collect();
        slowest_possible = slowest_possible.max(cycles.iter().copied().min().unwrap_or(0));
        thresholds.extend(cycles);
    }
    thresholds.sort_unstable();
    thresholds.dedup();
    thresholds.retain(|&t| t >= slowest_possible);
    let sums = space.sum_limits();
    let mut looked = 0;
    // Some(Some(a)): `a` keeps all budgets at this pace. Some(None): nothing does. None: undecided.
    let mut decide = |threshold: u64| -> Option<Option<Assignment>> {
        let choices: Vec<Vec<Point>> = space
            .fine
            .iter()
            .enumerate()
            .map(|(l, points)| {
                points
                    .iter()
                    .copied()
                    .filter(|&p| latency(l, p) <= threshold as f64)
                    .collect()
            })
            .collect();
        let (cost, rest) = match sums.split_first() {
            Some((first, rest)) => (*first, rest.to_vec()),
            None => return Some(choices.iter().map(|c| c.first().copied()).collect()),
        };
        let weigh = |layer: usize, point: Point| space.weight(cost.weight, layer, point);
        let model = Model::new(space, &choices, &weigh, rest);
        let solved = knapsack::solve(&model.instance, None, states);
        looked += solved.states;
        if model.lower(solved.bound.min(i64::MAX - 1)) > cost.bound || solved.bound == i64::MAX {
            return Some(None);
        }
        let found = solved.choice.map(|c| model.instance.points(&c));
        found
            .filter(|a| space.evaluate(a).is_some_and(|e| e.feasible()))
            .map(Some)
    };
    // Largest threshold proved too tight, smallest one proved possible.
    let (mut low, mut high) = (0, thresholds.len());
    let mut best = None;
    let mut undecided = false;
    while low < high {
        let middle = low + (high - low) / 2;
        match decide(thresholds[middle]) {
            Some(Some(assignment)) => {
                best = Some(assignment);
                high = middle;
            }
            Some(None) => low = middle + 1,
            None => {
                undecided = true;
                break;
            }
        }
    }
    let bound = thresholds.get(low).copied().unwrap_or(0);
    Proof {
        bound: bound as f64 / space.problem.technology.clock_hz(),
        best,
        method: if undecided {
            "bisection over the slowest layer, stopped at its limit"
        } else {
            "bisection over the slowest layer with the cheapest completion"
        },
        lagrangian: None,
        states: looked,
    }
}
