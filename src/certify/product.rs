//! The least product of two sums, energy x latency.
//!
//! A product of two positive numbers is quasi-concave, so over the points (energy, latency) of all
//! assignments within budget its least value lies at a corner of their convex hull. Corners are
//! found by weighted sums u energy + v latency (Aneja and Nair 1979): between two known corners the
//! weights normal to their connection either give a new corner or show that there is none.
//!
//! Every solved weighted sum, stopped early or not, leaves a half-plane u E + v L >= b that holds
//! for all assignments. The energies from the least possible one on are cut into stretches, wherever
//! the cuts are. Within a stretch a half-plane bounds the product from below by E (b - u E) / v,
//! which is concave in E, so its least value lies at the ends of the stretch, or of the part of it
//! for which that half-plane is taken; beyond the last cut energy and latency are both bounded. The
//! least of these bounds holds for all assignments however good the corners are, and cuts and parts
//! may be rounded at will.

use super::Proof;
use super::knapsack;
use super::model::Model;
use crate::ir::metric::Metric;
use crate::space::{Assignment, Point, Space};
use std::sync::atomic::{AtomicBool, Ordering};

/// Weighted problems solved at most.
const ROUNDS: usize = 200;

/// The relative rounding errors of the few operations below.
const SLACK: f64 = 8.0 * f64::EPSILON;

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

/// The half-plane u E + v L >= b of all assignments.
#[derive(Clone, Copy)]
struct Line {
    u: f64,
    v: f64,
    b: f64,
}

impl Line {
    /// A lower bound of E L at this energy.
    fn product(self, energy: f64) -> f64 {
        if self.v <= 0.0 {
            return 0.0;
        }
        let rest = self.b * (1.0 - SLACK) - self.u * energy * (1.0 + SLACK);
        (energy * rest / self.v * (1.0 - SLACK)).max(0.0)
    }

    /// The least product on a stretch of energies: at one of its ends.
    fn least(self, from: f64, to: f64) -> f64 {
        self.product(from).min(self.product(to))
    }

    /// The energy at which two lines meet, about, within a stretch.
    fn meets(self, other: Line, from: f64, to: f64) -> f64 {
        if self.v <= 0.0 {
            return from;
        }
        let determinant = self.u * other.v - self.v * other.u;
        let energy = (self.b * other.v - other.b * self.v) / determinant;
        if energy.is_finite() {
            energy.clamp(from, to)
        } else {
            to
        }
    }
}

/// A stretch of energies between two corners, and the half-planes found at its ends.
#[derive(Clone)]
struct Stretch {
    from: f64,
    to: f64,
    left: Corner,
    right: Corner,
    left_line: Line,
    right_line: Line,
}

impl Stretch {
    /// A lower bound of the products on it by the lines of its ends.
    fn bound(&self) -> f64 {
        let cut = self.left_line.meets(self.right_line, self.from, self.to);
        let left = self.left_line.least(self.from, cut);
        let left = if cut <= self.from {
            f64::INFINITY
        } else {
            left
        };
        left.min(self.right_line.least(cut, self.to))
    }

    /// The same with one more line between.
    fn bound_with(&self, line: Line) -> f64 {
        let first = self.left_line.meets(line, self.from, self.to);
        let second = line.meets(self.right_line, first, self.to);
        let mut least = line.least(first, second);
        if first > self.from {
            least = least.min(self.left_line.least(self.from, first));
        }
        if second < self.to {
            least = least.min(self.right_line.least(second, self.to));
        }
        least.max(self.bound())
    }
}

struct Search<'a, 's> {
    space: &'a Space<'s>,
    choices: &'a [Vec<Point>],
    states: usize,
    looked: usize,
    closed: bool,
    stop: &'a AtomicBool,
}

impl Search<'_, '_> {
    /// The best assignment known for u energy + v latency, and the half-plane proved; no line where
    /// no assignment keeps the budgets.
    fn solve(&mut self, u: f64, v: f64) -> (Option<Corner>, Option<Line>) {
        let space = self.space;
        let cost = |layer: usize, point: Point| {
            u * space.weight(Metric::Energy, layer, point)
                + v * space.weight(Metric::Latency, layer, point)
        };
        let model = Model::new(space, self.choices, &cost, space.sum_limits());
        // What is left, and a little for every problem however many states the others took.
        let left = self.states.saturating_sub(self.looked);
        let limit = left.max(self.states / 256);
        let solved = knapsack::solve_until(&model.instance, None, i64::MAX, limit, self.stop);
        self.looked += solved.states;
        if solved.bound == i64::MAX {
            return (None, None);
        }
        self.closed &= solved.closed();
        // The costs per layer were themselves rounded: two products and a sum each.
        let b = model.lower(solved.bound) * (1.0 - SLACK);
        let line = Line { u, v, b };
        let corner = solved.choice.map(|choice| {
            let assignment = model.instance.points(&choice);
            let sum = |metric: Metric| -> f64 {
                assignment
                    .iter()
                    .enumerate()
                    .map(|(l, &p)| space.weight(metric, l, p))
                    .sum()
            };
            Corner {
                energy: sum(Metric::Energy),
                latency: sum(Metric::Latency),
                assignment,
            }
        });
        (corner, Some(line))
    }
}

/// Energy-delay product of a pipelined design, or of one engine's choices. The bound is infinite
/// if no assignment keeps the sum limits. Products from `cutoff` on are of no interest: a bound may
/// stop there.
pub fn prove(
    space: &Space,
    choices: &[Vec<Point>],
    cutoff: f64,
    states: usize,
    stop: &AtomicBool,
) -> Proof {
    let mut search = Search {
        space,
        choices,
        states,
        looked: 0,
        closed: true,
        stop,
    };
    let mut best: Option<Corner> = None;
    let (cheap, energy_line) = search.solve(1.0, 0.0);
    let (quick, latency_line) = search.solve(0.0, 1.0);
    for corner in [&cheap, &quick].into_iter().flatten() {
        if best.as_ref().is_none_or(|b| corner.product() < b.product()) {
            best = Some(corner.clone());
        }
    }
    let mut bound = f64::INFINITY;
    if let (Some(energy_line), Some(latency_line)) = (energy_line, latency_line) {
        let least_energy = energy_line.b;
        match (cheap, quick) {
            (Some(cheap), Some(quick)) => {
                // Beyond the last cut.
                let last = quick.energy.max(least_energy);
                bound = last * latency_line.b * (1.0 - SLACK);
                let stretch = Stretch {
                    from: least_energy,
                    to: last,
                    left: cheap,
                    right: quick,
                    left_line: energy_line,
                    right_line: latency_line,
                };
                dichotomy(&mut search, stretch, cutoff, &mut best, &mut bound);
            }
            _ => bound = least_energy * latency_line.b * (1.0 - SLACK),
        }
    }
    if let Some(best) = &best {
        bound = bound.min(best.product());
    }
    Proof {
        bound,
        best: best.map(|b| b.assignment),
        method: if search.closed {
            "corners of the hull of energy and latency, each an exact knapsack"
        } else {
            "corners of the hull of energy and latency, knapsacks stopped before their end"
        },
        lagrangian: None,
        exclusion: None,
        relaxation: None,
        states: search.looked,
        stopped: false,
    }
}

/// Cuts stretches at new corners until none can hold a better product than the best known; `bound`
/// comes down to the least bound of all stretches.
fn dichotomy(
    search: &mut Search,
    whole: Stretch,
    cutoff: f64,
    best: &mut Option<Corner>,
    bound: &mut f64,
) {
    let mut stretches = vec![whole];
    let mut rounds = 0;
    while let Some(stretch) = stretches.pop() {
        let known = best.as_ref().map_or(f64::INFINITY, Corner::product);
        let low = stretch.bound();
        // The weights normal to the connection of the ends, of one size.
        let (left, right) = (&stretch.left, &stretch.right);
        let u = (left.latency - right.latency) / left.latency;
        let v = (right.energy - left.energy) / left.latency;
        let enough = low >= known.min(cutoff) * (1.0 - 1e-13);
        let ended = rounds >= ROUNDS || search.stop.load(Ordering::Relaxed);
        search.closed &= enough || !ended;
        if enough || ended || u <= 0.0 || v <= 0.0 {
            *bound = bound.min(low);
            continue;
        }
        rounds += 1;
        let (Some(corner), Some(line)) = search.solve(u, v) else {
            *bound = bound.min(low);
            continue;
        };
        if corner.product() < known {
            *best = Some(corner.clone());
        }
        let reached = u * corner.energy + v * corner.latency;
        let at_ends = u * left.energy + v * left.latency;
        let inside = corner.energy >= left.energy.max(stretch.from)
            && corner.energy <= right.energy.min(stretch.to)
            && reached < at_ends * (1.0 - SLACK);
        if !inside {
            *bound = bound.min(stretch.bound_with(line));
            continue;
        }
        let cut = corner.energy;
        stretches.push(Stretch {
            from: cut,
            left: corner.clone(),
            left_line: line,
            ..stretch.clone()
        });
        stretches.push(Stretch {
            to: cut,
            right: corner,
            right_line: line,
            ..stretch
        });
    }
}
