//! From a design space to knapsack instances, and the sum objectives, which are one knapsack.

use super::dual::{DENOMINATOR, Dual};
use super::instance::{Instance, RawKind, Scales};
use super::knapsack;
use super::{Lagrangian, Proof};
use crate::ir::metric::Metric;
use crate::ir::problem::Deployment;
use crate::space::cheapest::SumLimit;
use crate::space::{Assignment, Point, Space};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// A knapsack over a space: the instance, its scales, and which points its options are.
pub struct Model {
    /// The integers.
    pub instance: Instance,
    /// Their factors.
    pub scales: Scales,
    /// The sums that are limited.
    pub sums: Vec<SumLimit>,
}

impl Model {
    /// The knapsack in which layer l may take `choices[l]`, at a cost per layer and point, under
    /// these sum limits. Points at which a layer cannot keep the pace are left out.
    pub fn new(
        space: &Space,
        choices: &[Vec<Point>],
        cost: &dyn Fn(usize, Point) -> f64,
        sums: Vec<SumLimit>,
    ) -> Model {
        Model::classed(space, choices, &|_| 0, cost, sums)
    }

    /// As [`Model::new`], with costs that also depend on a class that every layer has.
    pub fn classed(
        space: &Space,
        choices: &[Vec<Point>],
        class: &dyn Fn(usize) -> i64,
        cost: &dyn Fn(usize, Point) -> f64,
        sums: Vec<SumLimit>,
    ) -> Model {
        let mut known: BTreeMap<(usize, i64, &[Point]), usize> = BTreeMap::new();
        let mut kinds: Vec<RawKind> = Vec::new();
        let mut layers = Vec::new();
        for (layer, points) in choices.iter().enumerate() {
            let shape = space.problem.layers[layer].shape;
            let key = (shape, class(layer), points.as_slice());
            layers.push(*known.entry(key).or_insert_with(|| {
                let mut kind = RawKind::default();
                for &point in points.iter().filter(|&&p| keeps_pace(space, layer, p)) {
                    kind.points.push(point);
                    kind.costs.push(cost(layer, point));
                    let weight = |s: &SumLimit| space.weight(s.weight, layer, point);
                    kind.weights.push(sums.iter().map(weight).collect());
                }
                kinds.push(kind);
                kinds.len() - 1
            }));
        }
        let bounds: Vec<f64> = sums.iter().map(|s| s.bound).collect();
        let (instance, scales) = Instance::new(&kinds, &layers, &bounds);
        Model {
            instance,
            scales,
            sums,
        }
    }

    /// The options of an assignment, if every point of it survived the reduction.
    pub fn choice(&self, assignment: &[Point]) -> Option<Vec<usize>> {
        let find = |(&kind, point): (&usize, &Point)| {
            self.instance.kinds[kind]
                .points
                .iter()
                .position(|p| p == point)
        };
        self.instance
            .layers
            .iter()
            .zip(assignment)
            .map(find)
            .collect()
    }

    /// An integer cost as a lower bound of the sum of doubles it stands for.
    pub fn lower(&self, cost: i64) -> f64 {
        if self.scales.whole && self.scales.cost >= 1.0 {
            // Sums of whole numbers are whole; below 2^53 doubles add them up exactly.
            let step = self.scales.cost as i64;
            return (cost.div_euclid(step) + i64::from(cost.rem_euclid(step) != 0)) as f64;
        }
        let slack = (self.instance.layers.len() as f64 + 2.0) * f64::EPSILON;
        (cost as f64 / self.scales.cost * (1.0 - slack)).max(0.0)
    }

    /// The integer cost that no choice exceeds whose sum of doubles is at most this.
    pub fn upper(&self, cost: f64) -> i64 {
        // A sum of doubles may have been rounded down to it; integers were rounded down besides.
        let slack = 1.0 + (self.instance.layers.len() as f64 + 2.0) * f64::EPSILON;
        (cost * slack * self.scales.cost).ceil() as i64
    }

    /// The multipliers in natural units, of costs that were counted in `units` of the objective.
    pub fn lagrangian(&self, dual: &Dual, units: f64) -> Lagrangian {
        let scale = self.scales.cost * units;
        let numerators = dual.multipliers.iter().zip(&self.scales.weights);
        let natural = numerators.map(|(&m, s)| m as f64 / DENOMINATOR as f64 * s / scale);
        Lagrangian {
            multipliers: self
                .sums
                .iter()
                .zip(natural)
                .map(|(sum, m)| (sum.limit, sum.weight, sum.bound, m))
                .collect(),
            bound: dual.bound as f64 / DENOMINATOR as f64 / scale,
        }
    }
}

/// Whether a layer at a point may belong to a design that keeps its throughput budget: the very
/// comparison that judges the design, so that rounding excludes nothing.
fn keeps_pace(space: &Space, layer: usize, point: Point) -> bool {
    let Some(price) = space.price(layer, point) else {
        return false;
    };
    let throughput = space.problem.technology.clock_hz() / price.latency_cycles as f64;
    let mut limits = space.limits.iter();
    space.problem.deployment == Deployment::Sequential
        || limits.all(|l| l.metric != Metric::Throughput || l.overshoot(throughput) == 0.0)
}

/// What is known of some choices.
pub enum Verdict {
    /// This assignment keeps all budgets.
    Kept(Assignment),
    /// No assignment keeps all sum limits and the pace; with the multipliers of the sums if they
    /// alone prove it (see [`super::Exclusion`]).
    OutOfReach(Option<Vec<(usize, Metric, f64, f64)>>),
    /// Neither was proved.
    Undecided,
}

/// Whether layers with these choices can keep all budgets: the least of the first sum under the
/// limits of the others, against its own limit.
pub fn completion(
    space: &Space,
    choices: &[Vec<Point>],
    states: usize,
    stop: &AtomicBool,
    looked: &mut usize,
) -> Verdict {
    let sums = space.sum_limits();
    let first = sums.first().copied();
    let weigh = |layer: usize, point: Point| {
        first.map_or(0.0, |first| space.weight(first.weight, layer, point))
    };
    let rest = sums.iter().skip(1).copied().collect();
    let model = Model::new(space, choices, &weigh, rest);
    let limit = first.map_or(f64::INFINITY, |first| first.bound);
    let cutoff = model.upper(limit);
    let solved = knapsack::solve_until(&model.instance, None, cutoff, states, stop);
    *looked += solved.states;
    if solved.bound > cutoff || solved.bound == i64::MAX {
        let alone = solved.dual.bound > i128::from(cutoff) * DENOMINATOR;
        let multipliers = first.filter(|_| alone).map(|first| {
            let own = (first.limit, first.weight, first.bound, 1.0);
            let others = model.lagrangian(&solved.dual, 1.0).multipliers;
            std::iter::once(own).chain(others).collect()
        });
        return Verdict::OutOfReach(multipliers);
    }
    let found = solved.choice.map(|c| model.instance.points(&c));
    match found.filter(|a| space.evaluate(a).is_some_and(|e| e.feasible())) {
        Some(assignment) => Verdict::Kept(assignment),
        None => Verdict::Undecided,
    }
}

/// Sum objectives of a pipelined design.
pub fn prove_sum(
    space: &Space,
    metric: Metric,
    known: Option<&Assignment>,
    states: usize,
    stop: &AtomicBool,
) -> Proof {
    let cost = |layer: usize, point: Point| space.weight(metric, layer, point);
    let model = Model::new(space, &space.fine, &cost, space.sum_limits());
    let start = known.and_then(|a| model.choice(a));
    let solved = knapsack::solve_until(&model.instance, start.as_deref(), i64::MAX, states, stop);
    Proof {
        bound: if solved.bound == i64::MAX {
            f64::INFINITY
        } else {
            model.lower(solved.bound)
        },
        best: solved.choice.as_ref().map(|c| model.instance.points(c)),
        method: if solved.closed() {
            "Lagrangian bound closed by dynamic programming"
        } else {
            "Lagrangian bound, dynamic programming stopped before its end"
        },
        lagrangian: Some(model.lagrangian(&solved.dual, 1.0)),
        exclusion: None,
        relaxation: None,
        states: solved.states,
        stopped: false,
    }
}
