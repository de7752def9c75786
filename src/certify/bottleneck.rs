//! The slowest layer as objective: the least threshold T such that layers no slower than T can
//! still keep all budgets, found by bisection over the cycles that occur.
//!
//! A design no slower than T is one no slower than any T' > T, so the thresholds that cannot be kept
//! are the lowest ones. The bound is the first threshold that is not proved to be out of reach: it
//! holds wherever the knapsacks stop, which only leaves more thresholds undecided.

use super::model::{self, Verdict};
use super::{Exclusion, Proof};
use crate::space::{Point, Space};
use std::sync::atomic::AtomicBool;

/// Throughput of a pipelined design.
pub fn prove(space: &Space, states: usize, stop: &AtomicBool) -> Proof {
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
    let mut looked = 0;
    let mut best = None;
    let mut exclusion: Option<Exclusion> = None;
    let mut exclude = |cycles: u64, multipliers: Option<_>| {
        if let Some(multipliers) = multipliers
            && exclusion.as_ref().is_none_or(|e| e.cycles < cycles)
        {
            exclusion = Some(Exclusion {
                cycles,
                multipliers,
            });
        }
    };
    // The bisection twice: for the least threshold kept, with undecided ones counted as out of
    // reach, and for the first that is not proved to be out of reach.
    let (mut proved, mut doubtful) = (0, thresholds.len());
    let (mut low, mut high) = (0, thresholds.len());
    while low < high {
        let middle = low + (high - low) / 2;
        match decide(space, thresholds[middle], states, stop, &mut looked) {
            Verdict::Kept(assignment) => {
                best = Some(assignment);
                high = middle;
                doubtful = doubtful.min(middle);
            }
            Verdict::OutOfReach(multipliers) => {
                exclude(thresholds[middle], multipliers);
                low = middle + 1;
                proved = proved.max(low);
            }
            Verdict::Undecided => {
                low = middle + 1;
                doubtful = doubtful.min(middle);
            }
        }
    }
    let closed = proved == high;
    while proved < doubtful {
        let middle = proved + (doubtful - proved) / 2;
        match decide(space, thresholds[middle], states, stop, &mut looked) {
            Verdict::OutOfReach(multipliers) => {
                exclude(thresholds[middle], multipliers);
                proved = middle + 1;
            }
            _ => doubtful = middle,
        }
    }
    // As `Space::evaluate` computes it, so that equal cycles give equal costs. With all thresholds
    // out of reach there is no design at all.
    let clock = space.problem.technology.clock_hz();
    let bound = thresholds
        .get(proved)
        .map_or(f64::INFINITY, |&t| 1.0 / (clock / t as f64));
    Proof {
        bound,
        best,
        method: if closed {
            "bisection over the slowest layer with the cheapest completion"
        } else {
            "bisection over the slowest layer, stopped before its end"
        },
        lagrangian: None,
        exclusion,
        relaxation: None,
        states: looked,
        stopped: false,
    }
}

/// Whether layers of at most so many cycles can keep all budgets.
fn decide(
    space: &Space,
    threshold: u64,
    states: usize,
    stop: &AtomicBool,
    looked: &mut usize,
) -> Verdict {
    let quick = |layer: usize, point: Point| {
        let price = space.price(layer, point);
        price.is_some_and(|p| p.latency_cycles <= threshold)
    };
    let choices: Vec<Vec<Point>> = space
        .fine
        .iter()
        .enumerate()
        .map(|(l, points)| points.iter().copied().filter(|&p| quick(l, p)).collect())
        .collect();
    model::completion(space, &choices, states, stop, looked)
}
