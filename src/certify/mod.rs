//! Certificates: how far a result is from the best possible, proved.
//!
//! With prices per layer, a pipelined design is a multiple-choice knapsack problem: one point per
//! layer, a least sum of costs, sums of weights within limits. Each case reduces to it:
//!
//! | case | method |
//! |---|---|
//! | sum objective (latency, energy, area, power, edp_per_layer) | Lagrangian bound, then dynamic programming over undominated states (`knapsack`) |
//! | bottleneck (throughput, pipelined) | bisection over thresholds; each asks for the cheapest completion, or for a knapsack if there are several budgets (`bottleneck`) |
//! | product of sums (edp) | the least product lies at a corner of the convex hull of (energy, latency): dichotomy over weighted sums, each a knapsack (`product`) |
//! | longest path (critical_path) | does not decompose: a unit flow over the paths makes a knapsack of it (`path`, `flow`), dynamic programming over the times branches are done closes it where it can (`finish`) |
//! | front (all of these) | every limit in turn, bounds and designs shared (`pareto`) |
//! | sequential | every shared choice in turn, cut off by its bound; memories capped pair by pair (`engine`) |
//!
//! Limits count states, never time, so that a certificate repeats. A bound is valid whenever the
//! solver stops.

mod bottleneck;
pub mod dual;
mod engine;
mod finish;
mod flow;
mod frontier;
pub mod instance;
pub mod knapsack;
mod model;
pub mod pareto;
mod path;
mod product;
pub mod simple;
mod stages;

use crate::ir::metric::Metric;
use crate::ir::problem::Deployment;
use crate::space::{Assignment, Space};
use std::sync::atomic::{AtomicBool, Ordering};

/// Gaps below this are the rounding of the arithmetic: prices are doubles.
pub const ROUNDING: f64 = 1e-11;

/// States a certificate may look at: more than the paper's problems need under one budget, and under
/// half a second. With several budgets the bound is then a few hundredths of a percent off.
pub const STATES: usize = 100_000;

/// The multipliers that prove the Lagrangian bound, for anyone to check against the price table:
///
/// bound = sum over layers of min over points (cost + sum over b of m_b weight_b) - sum over b of m_b limit_b
#[derive(Debug, Clone, PartialEq)]
pub struct Lagrangian {
    /// Index among the space's limits, the metric that is summed, its bound, and the multiplier in
    /// units of the objective per unit of that metric.
    pub multipliers: Vec<(usize, Metric, f64, f64)>,
    /// The bound in the objective's unit.
    pub bound: f64,
}

/// The multipliers that exclude fast pipelines, for anyone to check against the price table: with
/// every layer at a point of at most `cycles`,
///
/// sum over layers of min over points (sum over b of m_b weight_b) > sum over b of m_b limit_b,
///
/// so that no such design keeps all budgets.
#[derive(Debug, Clone, PartialEq)]
pub struct Exclusion {
    /// The cycles of the slowest layer.
    pub cycles: u64,
    /// As in [`Lagrangian::multipliers`]; the first one is 1, the unit that of its metric.
    pub multipliers: Vec<(usize, Metric, f64, f64)>,
}

/// The unit flow that turned the critical path, which does not decompose over layers, into a sum that
/// does: for every assignment it is at least
///
/// sum over layers of (units of the layer / units) x latency of the layer,
///
/// and the [`Lagrangian`] bound is that of this sum. Flow enters where nothing comes before, leaves
/// where nothing follows, and is conserved at every node between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relaxation {
    /// Units in all, a power of two.
    pub units: i64,
    /// Units through every layer of the problem.
    pub layers: Vec<i64>,
    /// Producer, consumer and units of every edge of the network that has any.
    pub edges: Vec<(String, String, i64)>,
}

/// What was proved of the best possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// No assignment within budget costs less (as [`crate::space::Evaluation::cost`]).
    pub bound: f64,
    /// The best assignment the solver met.
    pub best: Option<Assignment>,
    /// How it was proved.
    pub method: &'static str,
    /// The multipliers of the first bound, where the problem is one knapsack.
    pub lagrangian: Option<Lagrangian>,
    /// The slowest pipelines that multipliers alone exclude, where the slowest layer is the
    /// objective. `None` if there are none: then the bound is what the slowest layer needs by itself,
    /// or was proved by enumeration.
    pub exclusion: Option<Exclusion>,
    /// How the objective was made a sum, where it is none and does not decompose.
    pub relaxation: Option<Relaxation>,
    /// States looked at.
    pub states: usize,
    /// Whether it was asked to stop. The bound holds all the same.
    pub stopped: bool,
}

/// Why a result is not proven to be an optimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The solver itself knows a better one.
    Beaten,
    /// It reached its limit of states.
    States,
    /// It was asked to stop.
    Stopped,
}

/// A result held against the proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Certificate {
    /// The result's objective in the metric's unit.
    pub value: f64,
    /// No design within budget is better than this, in the metric's unit.
    pub bound: f64,
    /// (value - bound) / bound; for a maximised metric (bound - value) / value.
    pub gap: f64,
    /// Whether the result is proved to be an optimum.
    pub proven: bool,
    /// How the bound was proved.
    pub method: &'static str,
    /// Why it is not proven, if it is not.
    pub why: Option<Why>,
    /// Whether the refined ranges belong to the space the bound is over.
    pub refined: bool,
    /// The solver's own best objective in the metric's unit.
    pub solver: Option<f64>,
    /// See [`Lagrangian`].
    pub lagrangian: Option<Lagrangian>,
    /// See [`Exclusion`].
    pub exclusion: Option<Exclusion>,
    /// How the objective was made a sum, where it is none and does not decompose.
    pub relaxation: Option<Relaxation>,
    /// States looked at.
    pub states: usize,
}

/// Proves a bound over the points that layers may take (`fine` lists of the space), starting from
/// a known assignment.
pub fn prove(space: &Space, known: Option<&Assignment>, states: usize) -> Proof {
    prove_until(space, known, states, &AtomicBool::new(false))
}

/// As [`prove`], until `stop` is set: then with the bound proved so far. Where in its work the
/// solver is then depends on when it is set, and so does the bound.
pub fn prove_until(
    space: &Space,
    known: Option<&Assignment>,
    states: usize,
    stop: &AtomicBool,
) -> Proof {
    let proof = match (space.problem.deployment, space.problem.objective.metric) {
        (Deployment::Sequential, _) => engine::prove(space, states, stop),
        (_, Metric::CriticalPath) => path::prove(space, known, states, stop),
        (_, Metric::Throughput) => bottleneck::prove(space, states, stop),
        (_, Metric::Edp) => product::prove(space, &space.fine, f64::INFINITY, states, stop),
        (_, metric) => model::prove_sum(space, metric, known, states, stop),
    };
    Proof {
        stopped: stop.load(Ordering::Relaxed),
        ..proof
    }
}

/// By how much all limits of a space must be relaxed together for some assignment to keep them:
/// a share that is proved too little, and one that is enough, a thousandth apart or less. `None` if
/// even a relaxation a thousandfold is not known to be enough, or if the solver stopped undecided. The limits are as before on return.
pub fn least_relaxation(space: &mut Space, states: usize) -> Option<(f64, f64)> {
    least_relaxation_until(space, states, &AtomicBool::new(false))
}

/// As [`least_relaxation`]; `None` too if `stop` is set before it is known.
pub fn least_relaxation_until(
    space: &mut Space,
    states: usize,
    stop: &AtomicBool,
) -> Option<(f64, f64)> {
    let limits = space.limits.clone();
    let mut undecided = false;
    let mut enough = |share: f64| {
        for (relaxed, limit) in space.limits.iter_mut().zip(&limits) {
            relaxed.limit = match limit.metric.larger_is_better() {
                true => limit.limit / (1.0 + share),
                false => limit.limit * (1.0 + share),
            };
        }
        let proof = prove_until(space, None, states, stop);
        let kept = |a: &Assignment| space.evaluate(a).is_some_and(|e| e.feasible());
        let kept = proof.best.as_ref().is_some_and(kept);
        undecided |= !kept && proof.bound.is_finite();
        space.limits.clone_from(&limits);
        kept
    };
    let (mut low, mut high) = (0.0, 0.01);
    while !enough(high) {
        (low, high) = (high, high * 2.0);
        if high > 1000.0 || stop.load(Ordering::Relaxed) {
            return None;
        }
    }
    while high - low > 0.001 * high {
        let middle = 0.5 * (low + high);
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    (!undecided).then_some((low, high))
}

/// How far a cost is above a bound, as a share of it.
fn gap(cost: f64, bound: f64) -> f64 {
    if cost <= bound {
        0.0
    } else {
        (cost - bound) / bound
    }
}

/// Holds a result's cost (see [`crate::space::Evaluation::cost`]) against a proof.
pub fn certify(space: &Space, proof: &Proof, cost: f64) -> Certificate {
    let maximised = space.problem.objective.metric.larger_is_better();
    let shown = |cost: f64| if maximised { 1.0 / cost } else { cost };
    let gap = gap(cost, proof.bound);
    let solver = proof
        .best
        .as_ref()
        .and_then(|a| space.evaluate(a))
        .filter(|e| e.feasible());
    let proven = gap <= ROUNDING;
    let why = (!proven).then_some(match &solver {
        Some(best) if best.cost < cost * (1.0 - ROUNDING) => Why::Beaten,
        _ if proof.stopped => Why::Stopped,
        _ => Why::States,
    });
    Certificate {
        value: shown(cost),
        bound: shown(proof.bound),
        gap,
        proven,
        method: proof.method,
        why,
        refined: space.problem.stages.iter().any(|s| s.refines)
            && space
                .problem
                .menu
                .knobs
                .iter()
                .any(|k| !k.refine.is_empty()),
        solver: solver.map(|e| shown(e.cost)),
        lagrangian: proof.lagrangian.clone(),
        exclusion: proof.exclusion.clone(),
        relaxation: proof.relaxation.clone(),
        states: proof.states,
    }
}
