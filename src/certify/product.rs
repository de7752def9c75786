//! The least product of two sums, energy x latency.
//!
//! A product of two positive numbers is quasi-concave, so over the points (energy, latency) of all
//! assignments within budget its least value lies at a corner of their convex hull. Corners are
//! found by weighted sums u energy + v latency (Aneja and Nair 1979): between two known corners the
//! weights normal to their connection either give a new corner or prove that there is none. A stretch
//! is left alone once even the point where its ends' supporting lines meet cannot be better.

use super::Proof;
use super::knapsack;
use super::model::Model;
use crate::ir::metric::Metric;
use crate::space::{Assignment, Point, Space};

/// Weighted problems solved at most.
const ROUNDS: usize = 200;

#[derive(Clone)]
struct Corner {
    energy: f64,
    latency: f64,
    assignment: Assignment,
}

impl Corner {
    fn product(&self) -> f64 {
        self.energy * self.latency
    }
}

struct Search<'a, 's> {
    space: &'a Space<'s>,
    choices: &'a [Vec<Point>],
    states: usize,
    looked: usize,
    closed: bool,
}

impl Search<'_, '_> {
    /// The best assignment for u energy + v latency, and a proved lower bound of that sum.
    fn solve(&mut self, u: f64, v: f64) -> Option<(Corner, f64)> {
        let space = self.space;
        let cost = |layer: usize, point: Point| {
            u * space.weight(Metric::Energy, layer, point)
                + v * space.weight(Metric::Latency, layer, point)
        };
        let model = Model::new(space, self.choices, &cost, space.sum_limits());
        let solved = knapsack::solve(&model.instance, None, self.states);
        self.looked += solved.states;
        self.closed &= solved.closed();
        let assignment = model.instance.points(&solved.choice?);
        let sum = |metric: Metric| -> f64 {
            assignment
                .iter()
                .enumerate()
                .map(|(l, &p)| space.weight(metric, l, p))
                .sum()
        };
        let (energy, latency) = (sum(Metric::Energy), sum(Metric::Latency));
        Some((
            Corner {
                energy,
                latency,
                assignment,
            },
            model.lower(solved.bound),
        ))
    }
}

/// Energy-delay product of a pipelined design, or of one engine's choices.
pub fn prove(space: &Space, choices: &[Vec<Point>], states: usize) -> Proof {
    let mut search = Search {
        space,
        choices,
        states,
        looked: 0,
        closed: true,
    };
    let mut best: Option<Corner> = None;
    let mut bound = f64::INFINITY;
    // Half-planes u E + v L >= b that hold for every assignment; the ends of a stretch.
    let ends = [search.solve(1.0, 0.0), search.solve(0.0, 1.0)];
    if let [Some((cheap, least_energy)), Some((quick, least_latency))] = ends {
        for corner in [&cheap, &quick] {
            if best.as_ref().is_none_or(|b| corner.product() < b.product()) {
                best = Some(corner.clone());
            }
        }
        let mut stretches = vec![(
            cheap,
            (1.0, 0.0, least_energy),
            quick,
            (0.0, 1.0, least_latency),
        )];
        let mut rounds = 0;
        while let Some((left, left_line, right, right_line)) = stretches.pop() {
            let known = best.as_ref().map_or(f64::INFINITY, Corner::product);
            // The least product within the triangle of the two supporting lines.
            let low = corner_of(left_line, right_line)
                .map_or(0.0, |(e, l)| e.max(0.0) * l.max(0.0))
                .min(left.product())
                .min(right.product());
            if low >= known * (1.0 - 1e-12) || rounds >= ROUNDS {
                bound = bound.min(low);
                continue;
            }
            rounds += 1;
            let (u, v) = (left.latency - right.latency, right.energy - left.energy);
            if u <= 0.0 || v <= 0.0 {
                bound = bound.min(low);
                continue;
            }
            // Weights of one size keep the sums within range.
            let (u, v) = (u / left.latency, v / left.latency);
            let Some((corner, least)) = search.solve(u, v) else {
                continue;
            };
            let at_ends = u * left.energy + v * left.latency;
            let line = (u, v, least);
            if corner.product() < known {
                best = Some(corner.clone());
            }
            if u * corner.energy + v * corner.latency >= at_ends * (1.0 - 1e-12) {
                // No corner between: what is left lies between this line and the ends' lines.
                for (a, b) in [(left_line, line), (line, right_line)] {
                    let low = corner_of(a, b).map_or(0.0, |(e, l)| e.max(0.0) * l.max(0.0));
                    bound = bound.min(low);
                }
                continue;
            }
            stretches.push((left, left_line, corner.clone(), line));
            stretches.push((corner, line, right, right_line));
        }
    }
    if let Some(best) = &best {
        bound = bound.min(best.product());
    }
    Proof {
        bound: bound * (1.0 - 1e-13),
        best: best.map(|b| b.assignment),
        method: if search.closed {
            "corners of the hull of energy and latency, each an exact knapsack"
        } else {
            "corners of the hull of energy and latency, knapsacks stopped at their limit"
        },
        lagrangian: None,
        states: search.looked,
    }
}

/// Where two lines u E + v L = b meet.
fn corner_of(a: (f64, f64, f64), b: (f64, f64, f64)) -> Option<(f64, f64)> {
    let determinant = a.0 * b.1 - a.1 * b.0;
    if determinant == 0.0 {
        return None;
    }
    let energy = (a.2 * b.1 - a.1 * b.2) / determinant;
    let latency = (a.0 * b.2 - a.2 * b.0) / determinant;
    Some((energy, latency))
}
