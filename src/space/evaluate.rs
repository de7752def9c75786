//! What a whole assignment costs.

use super::build::Space;
use super::point::Point;
use crate::ir::metric::Metric;
use crate::ir::problem::Deployment;

/// Part of the way that a flow goes towards that of the next assignment.
const STEP: f64 = 0.1;

/// One point per layer, in the order of the problem's layers.
pub type Assignment = Vec<Point>;

/// The metrics of a whole design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    /// Sum over the layers, in cycles.
    pub latency_cycles: u64,
    /// The slowest layer, in cycles.
    pub slowest_cycles: u64,
    /// The longest path through the network, in cycles; on one engine the sum over the layers.
    pub critical_cycles: u64,
    /// Sum over the layers, in nJ.
    pub energy_nj: f64,
    /// In um2: sum over the engines when pipelined, the one engine when sequential.
    pub area_um2: f64,
    /// In mW: likewise.
    pub power_mw: f64,
    /// Sum over the layers of energy x latency, in nJ*cycles.
    pub edp_per_layer: f64,
    /// Inferences per second.
    pub throughput: f64,
}

impl Totals {
    /// Mean power at full throughput, in mW: energy of an inference x inferences per second.
    /// (nJ/s is nW, 1e-6 mW.)
    pub fn mean_power_mw(&self) -> f64 {
        self.energy_nj * self.throughput * 1e-6
    }

    /// A metric in its unit.
    pub fn metric(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Latency => self.latency_cycles as f64,
            Metric::Energy => self.energy_nj,
            Metric::Area => self.area_um2,
            Metric::Power => self.power_mw,
            Metric::Throughput => self.throughput,
            Metric::CriticalPath => self.critical_cycles as f64,
            Metric::Edp => self.energy_nj * self.latency_cycles as f64,
            Metric::EdpPerLayer => self.edp_per_layer,
        }
    }
}

/// What an objective that is no sum over layers is linearised around.
#[derive(Debug, Clone, PartialEq)]
pub struct Around {
    /// The totals there.
    pub totals: Totals,
    /// Per layer its share of the flow along the paths that are nearly longest; empty for other
    /// objectives than the longest path.
    flow: Vec<f64>,
}

impl Around {
    /// The same on the heels of an earlier one: the flow goes only a part of the way, since an
    /// assignment that answers one flow moves the longest path elsewhere, and there is no end to it.
    pub fn after(mut self, before: Option<&Around>) -> Around {
        for (now, before) in self
            .flow
            .iter_mut()
            .zip(before.iter().flat_map(|b| &b.flow))
        {
            *now = before + (*now - before) * STEP;
        }
        self
    }
}

/// An assignment judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// All metrics.
    pub totals: Totals,
    /// The objective turned so that less is better (throughput: its reciprocal, in seconds per
    /// inference).
    pub cost: f64,
    /// The largest relative overshoot over all budgets; 0 if all hold.
    pub overshoot: f64,
}

impl Evaluation {
    /// Whether all budgets hold.
    pub fn feasible(&self) -> bool {
        self.overshoot == 0.0
    }

    /// Order of preference: feasible first, then cost, then overshoot.
    pub fn better_than(&self, other: &Evaluation) -> bool {
        match (self.feasible(), other.feasible()) {
            (true, true) => self.cost < other.cost,
            (a, b) if a != b => a,
            _ => self.overshoot < other.overshoot,
        }
    }
}

impl Space<'_> {
    /// The totals of an assignment; `None` if a layer stands at a refused point, or if layers of a
    /// sequential design disagree about the one engine.
    pub fn totals(&self, assignment: &[Point]) -> Option<Totals> {
        let sequential = self.problem.deployment == Deployment::Sequential;
        let mut totals = Totals {
            latency_cycles: 0,
            slowest_cycles: 0,
            critical_cycles: 0,
            energy_nj: 0.0,
            area_um2: 0.0,
            power_mw: 0.0,
            edp_per_layer: 0.0,
            throughput: 0.0,
        };
        let (mut l1, mut l2) = (0, 0);
        for (layer, &point) in assignment.iter().enumerate() {
            let price = self.price(layer, point)?;
            if sequential && self.shared_part(point) != self.shared_part(assignment[0]) {
                return None;
            }
            totals.latency_cycles += price.latency_cycles;
            totals.slowest_cycles = totals.slowest_cycles.max(price.latency_cycles);
            totals.energy_nj += price.energy_nj;
            totals.area_um2 += price.area_um2;
            totals.power_mw += price.power_mw;
            totals.edp_per_layer += price.energy_nj * price.latency_cycles as f64;
            l1 = l1.max(price.l1_bytes);
            l2 = l2.max(price.l2_bytes);
        }
        let clock = self.problem.technology.clock_hz();
        if sequential {
            let pes = self.pes(assignment[0]);
            let engine = self.model.engine(pes, l1, l2);
            totals.area_um2 = engine.area_um2;
            totals.power_mw = engine.power_mw;
            totals.throughput = clock / totals.latency_cycles as f64;
            totals.critical_cycles = totals.latency_cycles;
        } else {
            totals.critical_cycles = if self.paths.chain {
                totals.latency_cycles
            } else {
                self.paths.longest(&self.cycles(assignment))
            };
            totals.throughput = clock / totals.slowest_cycles as f64;
        }
        Some(totals)
    }

    /// The totals and how they stand to objective and budgets.
    pub fn evaluate(&self, assignment: &[Point]) -> Option<Evaluation> {
        let totals = self.totals(assignment)?;
        let overshoot = self
            .limits
            .iter()
            .map(|l| l.overshoot(totals.metric(l.metric)))
            .fold(0.0, f64::max);
        Some(Evaluation {
            totals,
            cost: self.cost(&totals),
            overshoot,
        })
    }

    /// The objective turned so that less is better.
    pub fn cost(&self, totals: &Totals) -> f64 {
        let metric = self.problem.objective.metric;
        let value = totals.metric(metric);
        if metric.larger_is_better() {
            1.0 / value
        } else {
            value
        }
    }

    /// Cycles of each layer of an assignment; 0 where a layer is refused.
    pub fn cycles<'a>(&'a self, assignment: &'a [Point]) -> impl Fn(usize) -> u64 + 'a {
        |layer| {
            let price = self.price(layer, assignment[layer]);
            price.map_or(0, |p| p.latency_cycles)
        }
    }

    /// What the objective is linearised around at an assignment with these totals.
    pub fn around(&self, assignment: &[Point], totals: &Totals) -> Around {
        let on_paths = self.problem.objective.metric == Metric::CriticalPath;
        Around {
            totals: *totals,
            flow: if on_paths {
                self.paths.flow(&self.cycles(assignment))
            } else {
                Vec::new()
            },
        }
    }

    /// What one layer adds to the cost at one point, linearised where the objective is no sum: for
    /// `edp`, d(EL) = L dE + E dL; for a bottleneck, the eighth power of the layer's share of the
    /// slowest one, a smooth maximum; for the longest path, the layer's part of the flow along the
    /// paths that are nearly longest. Used as a learning signal only.
    pub fn credit(&self, layer: usize, point: Point, around: &Around) -> f64 {
        let Some(price) = self.price(layer, point) else {
            return f64::INFINITY;
        };
        let totals = &around.totals;
        let latency = price.latency_cycles as f64;
        match self.problem.objective.metric {
            Metric::Latency => latency,
            Metric::Energy => price.energy_nj,
            Metric::Area => price.area_um2,
            Metric::Power => price.power_mw,
            Metric::EdpPerLayer => price.energy_nj * latency,
            Metric::Edp => {
                price.energy_nj * totals.latency_cycles as f64 + latency * totals.energy_nj
            }
            Metric::Throughput | Metric::CriticalPath
                if self.problem.deployment == Deployment::Sequential =>
            {
                latency
            }
            Metric::CriticalPath => latency * around.flow[layer],
            Metric::Throughput => {
                let share = latency / totals.slowest_cycles as f64;
                let squared = share * share;
                let fourth = squared * squared;
                fourth * fourth
            }
        }
    }

    /// The credit gained when layers of one shape move from one point to another together.
    pub fn gain(&self, layers: &[usize], from: Point, to: Point, around: &Around) -> f64 {
        let change =
            |layer: usize| self.credit(layer, from, around) - self.credit(layer, to, around);
        if around.flow.is_empty() {
            change(layers[0]) * layers.len() as f64
        } else {
            layers.iter().map(|&l| change(l)).sum()
        }
    }
}
