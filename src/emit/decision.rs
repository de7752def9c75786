//! What was decided, with every figure that the outputs show.

use super::expect::{self, Measured, Others, Verdict};
use crate::certify::Certificate;
use crate::certify::pareto::{Front, NoFront};
use crate::cost::Price;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::metric::Metric;
use crate::ir::problem::{Deployment, Problem};
use crate::search::{Outcome, Simpler, StageReport};
use crate::space::{Assignment, BoundLimit, Space, Totals};

/// Area of a round wafer of 300 mm in um2; no engine is larger than what it is cut from.
pub const WAFER_UM2: f64 = 70_686e6;

/// A budget used to this share or more limits the design.
pub const BINDING: f64 = 0.99;

/// One layer and what was chosen for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Index among the problem's dataflows.
    pub dataflow: usize,
    /// Values of the knobs, in the order of the menu.
    pub knobs: Vec<u64>,
    /// What it costs there.
    pub price: Price,
    /// The layer's own MACs.
    pub macs: Option<u64>,
    /// Its share of the objective, see [`Decision::share_of`]; `None` if the objective belongs to
    /// no layer.
    pub share: Option<f64>,
}

impl Row {
    /// Whether the model counts other MACs than the layer has.
    pub fn other_macs(&self) -> bool {
        self.macs != Some(self.price.macs)
    }
}

/// The one engine of a sequential design.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedEngine {
    /// Indices of the knobs that are chosen once, and their values.
    pub knobs: Vec<(usize, u64)>,
    /// Bytes of local memory in each PE: the most that a layer needs.
    pub l1_bytes: u64,
    /// Bytes of shared memory: likewise.
    pub l2_bytes: u64,
}

/// A budget and what is used of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetUse {
    /// The limit in the metric's unit.
    pub limit: BoundLimit,
    /// What the design has.
    pub used: f64,
}

impl BudgetUse {
    /// The used share of the limit; of a throughput budget, how near the design comes to the
    /// least that is allowed.
    pub fn share(&self) -> f64 {
        if self.limit.metric.larger_is_better() {
            self.limit.limit / self.used
        } else {
            self.used / self.limit.limit
        }
    }

    /// Whether the limit holds.
    pub fn holds(&self) -> bool {
        self.limit.overshoot(self.used) == 0.0
    }
}

/// A decided design.
pub struct Decision<'a> {
    /// The priced problem.
    pub space: &'a Space<'a>,
    /// The problem itself.
    pub problem: &'a Problem,
    /// All metrics.
    pub totals: Totals,
    /// One row per layer, in topological order.
    pub rows: Vec<Row>,
    /// The one engine of a sequential design.
    pub engine: Option<SharedEngine>,
    /// Every budget, in the order written.
    pub budgets: Vec<BudgetUse>,
    /// Every expectation, in the order written.
    pub expectations: Vec<Verdict>,
    /// How far the result is from the best possible; `None` for choices that come from no search.
    pub certificate: Option<&'a Certificate>,
    /// What simpler ways reach.
    pub simpler: &'a [Simpler],
    /// What the search did.
    pub stages: &'a [StageReport],
    /// What other budgets would buy, or why that is not known.
    pub front: Result<Front, NoFront>,
    /// Who stopped the search before its end. What was found until then is not reproducible. `None`
    /// if it ran to its end.
    pub stopped_by: Option<&'a str>,
}

impl<'a> Decision<'a> {
    /// The best of a search; `None` if it has found nothing.
    pub fn new(space: &'a Space<'a>, outcome: &'a Outcome) -> Option<Self> {
        let found = outcome.best.as_ref()?;
        let totals = found.evaluation.totals;
        let mut decision = Decision::of(space, &found.assignment, totals)?;
        decision.certificate = outcome.certificate.as_ref();
        decision.simpler = &outcome.simpler;
        decision.stages = &outcome.stages;
        decision.judge(&Others::new());
        decision.stopped_by = outcome.interrupted.then_some("the user");
        Some(decision)
    }

    /// A decision that comes from no search.
    pub fn of(space: &'a Space<'a>, assignment: &Assignment, totals: Totals) -> Option<Self> {
        let problem = space.problem;
        let slack = space.paths.slack(&space.cycles(assignment));
        let mut rows = Vec::with_capacity(problem.layers.len());
        for (layer, &point) in assignment.iter().enumerate() {
            let price = *space.price(layer, point)?;
            let shape: &LayerShape = &problem.shapes[problem.layers[layer].shape];
            let (dataflow, knobs) = space.grid.values(point);
            rows.push(Row {
                name: problem.layers[layer].name.clone(),
                op: shape.op,
                dataflow,
                knobs,
                price,
                macs: shape.macs(),
                share: share(problem, &price, &totals, slack[layer]),
            });
        }
        let budgets = space
            .limits
            .iter()
            .map(|&limit| BudgetUse {
                limit,
                used: totals.metric(limit.metric),
            })
            .collect();
        let mut decision = Decision {
            space,
            problem,
            totals,
            engine: engine(problem, &rows),
            rows,
            budgets,
            expectations: Vec::new(),
            certificate: None,
            simpler: &[],
            stages: &[],
            front: Err(NoFront::NoSearch),
            stopped_by: None,
        };
        decision.judge(&Others::new());
        Some(decision)
    }

    /// Holds every expectation against what came out, here and in the other designs. Without a
    /// certificate no gap is known, without a design none of its figures, and what is expected of
    /// what is not known does not hold.
    pub fn judge(&mut self, others: &Others) {
        self.expectations = expect::verdicts(&Measured::of(self), self.problem, others);
    }

    /// The same with what is proved of it.
    pub fn certified(mut self, certificate: &'a Certificate) -> Self {
        self.certificate = Some(certificate);
        self.judge(&Others::new());
        self
    }

    /// What a row's share is a share of.
    pub fn share_of(&self) -> &'static str {
        match (self.problem.objective.metric, self.problem.deployment) {
            (Metric::Throughput, Deployment::Pipelined) => "of slowest",
            (Metric::CriticalPath, _) => "of path",
            _ => "share",
        }
    }

    /// Rows of layers whose MACs the model counts in its own way.
    pub fn other_macs(&self) -> Vec<usize> {
        (0..self.rows.len())
            .filter(|&r| self.rows[r].other_macs())
            .collect()
    }

    /// The layer whose engine is larger than a wafer, the largest if there are several, and its
    /// area. The one engine of a sequential design stands for all layers.
    pub fn larger_than_wafer(&self) -> Option<(Option<usize>, f64)> {
        let largest = match self.engine {
            Some(_) => (None, self.totals.area_um2),
            None => {
                let areas = self.rows.iter().map(|r| r.price.area_um2).enumerate();
                let (row, area) = areas.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
                (Some(row), area)
            }
        };
        (largest.1 > WAFER_UM2).then_some(largest)
    }

    /// Whether a single PE without memories is larger than a wafer already: then the technology, and
    /// not the menu, makes the design one that cannot be built.
    pub fn pe_larger_than_wafer(&self) -> bool {
        self.space.model.engine(1, 0, 0).area_um2 > WAFER_UM2
    }

    /// Clock rate in Hz.
    pub fn clock_hz(&self) -> f64 {
        self.problem.technology.clock_hz()
    }

    /// Time of one inference in seconds.
    pub fn seconds(&self) -> f64 {
        self.totals.latency_cycles as f64 / self.clock_hz()
    }

    /// Rows by share of the objective, largest first; equal ones in the order of the layers.
    pub fn by_share(&self) -> Vec<usize> {
        let key = |row: usize| {
            let row = &self.rows[row];
            row.share.unwrap_or(row.price.latency_cycles as f64)
        };
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by(|&a, &b| key(b).total_cmp(&key(a)).then(a.cmp(&b)));
        order
    }
}

/// What part of the objective a layer is answerable for; `slack` is by how many cycles the layer may
/// take longer before the longest path runs through it.
fn share(problem: &Problem, price: &Price, totals: &Totals, slack: u64) -> Option<f64> {
    let latency = price.latency_cycles as f64;
    let of_latency = latency / totals.latency_cycles as f64;
    let of_energy = price.energy_nj / totals.energy_nj;
    let pipelined = problem.deployment == Deployment::Pipelined;
    let share = match problem.objective.metric {
        Metric::Latency => of_latency,
        Metric::Energy => of_energy,
        Metric::Area if pipelined => price.area_um2 / totals.area_um2,
        Metric::Power if pipelined => price.power_mw / totals.power_mw,
        Metric::Area | Metric::Power => return None,
        Metric::Throughput if pipelined => latency / totals.slowest_cycles as f64,
        Metric::Throughput => of_latency,
        Metric::CriticalPath if pipelined && slack > 0 => 0.0,
        Metric::CriticalPath => latency / totals.critical_cycles as f64,
        // d(EL)/EL = dE/E + dL/L: half of each makes the shares add up to one.
        Metric::Edp => (of_energy + of_latency) / 2.0,
        Metric::EdpPerLayer => price.energy_nj * latency / totals.edp_per_layer,
    };
    share.is_finite().then_some(share)
}

fn engine(problem: &Problem, rows: &[Row]) -> Option<SharedEngine> {
    if problem.deployment == Deployment::Pipelined {
        return None;
    }
    let most = |bytes: &dyn Fn(&Row) -> u64| rows.iter().map(bytes).max().unwrap_or(0);
    let knobs = &rows.first()?.knobs;
    let shared = problem.menu.knobs.iter().zip(knobs).enumerate();
    Some(SharedEngine {
        knobs: shared
            .filter(|(_, (knob, _))| !knob.per_layer)
            .map(|(i, (_, value))| (i, *value))
            .collect(),
        l1_bytes: most(&|r| r.price.l1_bytes),
        l2_bytes: most(&|r| r.price.l2_bytes),
    })
}
