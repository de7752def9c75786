//! What the lock holds of one design.

use crate::certify::Certificate;
use crate::emit::decision::{Decision, Row};
use crate::emit::expect::Measured;
use crate::emit::json::knob_key;
use crate::ir::metric::Metric;
use crate::ir::problem::Problem;
use std::collections::BTreeMap;

/// A figure: the name of a metric with its unit, such as `energy_nj`, and the value in that unit.
pub type Figure = (String, f64);

/// One decided design.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Version of the compiler that decided.
    pub cfxc: String,
    /// Seed of the search.
    pub seed: u64,
    /// SHA-256 of every text and file the decision depends on, in hexadecimal digits. The names are
    /// paths from the folder of the specification, or paths of the library with dots.
    pub inputs: BTreeMap<String, String>,
    /// All metrics of the whole design.
    pub metrics: Vec<Figure>,
    /// The budgets in absolute units, in the order written.
    pub limits: Vec<Figure>,
    /// What is proved of it.
    pub certificate: Proved,
    /// The choice of every layer, in the order of the network.
    pub layers: Vec<LayerChoice>,
}

/// A certificate without its multipliers.
#[derive(Debug, Clone, PartialEq)]
pub struct Proved {
    /// What was optimised: one of the names in [`Entry::metrics`].
    pub objective: String,
    /// No design within budget is better than this.
    pub bound: f64,
    /// The distance from it, as a share of the bound.
    pub gap: f64,
    /// Whether it is proved to be an optimum.
    pub proven: bool,
    /// The best that the solver itself knows.
    pub solver: Option<f64>,
    /// States that the solver looked at.
    pub states: usize,
}

/// What was chosen for one layer, and what it costs there.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerChoice {
    /// Its name in the network.
    pub name: String,
    /// The design's name of its dataflow.
    pub dataflow: String,
    /// Values of the knobs, in the order of the menu; `pes` first.
    pub knobs: Vec<(String, u64)>,
    /// Its figures. Area and power are left out where one engine serves all layers.
    pub figures: Vec<Figure>,
}

/// A metric's name with its unit, as in the JSON of a decision.
pub fn metric_key(metric: Metric) -> &'static str {
    match metric {
        Metric::Latency => "latency_cycles",
        Metric::Energy => "energy_nj",
        Metric::Area => "area_um2",
        Metric::Power => "power_mw",
        Metric::Throughput => "throughput_inferences_per_s",
        Metric::CriticalPath => "critical_path_cycles",
        Metric::Edp => "edp_nj_cycles",
        Metric::EdpPerLayer => "edp_per_layer_nj_cycles",
    }
}

/// The metric behind a name with its unit.
pub fn figure(key: &str) -> Option<Metric> {
    Metric::ALL.into_iter().find(|m| metric_key(*m) == key)
}

/// The figures that a layer may have.
pub const LAYER_FIGURES: [Metric; 4] =
    [Metric::Latency, Metric::Energy, Metric::Area, Metric::Power];

fn named((metric, value): (Metric, f64)) -> Figure {
    (metric_key(metric).to_string(), value)
}

/// Inputs whose hashes differ, or that only one of the two has.
pub fn inputs_of<'a>(
    a: &'a BTreeMap<String, String>,
    b: &'a BTreeMap<String, String>,
) -> Vec<(&'a str, bool, bool)> {
    let mut names: Vec<&str> = a.keys().chain(b.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|n| a.get(*n) != b.get(*n))
        .map(|n| (n, a.contains_key(n), b.contains_key(n)))
        .collect()
}

impl Entry {
    /// The entry of a decision of this version; `None` without a certificate.
    pub fn of(decision: &Decision, inputs: &BTreeMap<String, String>) -> Option<Entry> {
        let certificate = decision.certificate?;
        let problem = decision.problem;
        let measured = Measured::of(decision);
        let limits = decision.budgets.iter();
        let limits = limits.map(|b| named((b.limit.metric, b.limit.limit)));
        let layer = |(row, figures): (&Row, &Vec<(Metric, f64)>)| LayerChoice {
            name: row.name.clone(),
            dataflow: problem.dataflows[row.dataflow].name.clone(),
            knobs: problem
                .menu
                .knobs
                .iter()
                .zip(&row.knobs)
                .map(|(knob, value)| (knob_key(&knob.name), *value))
                .collect(),
            figures: figures.iter().copied().map(named).collect(),
        };
        Some(Entry {
            cfxc: env!("CARGO_PKG_VERSION").to_string(),
            seed: problem.seed,
            inputs: inputs.clone(),
            metrics: measured.metrics.iter().copied().map(named).collect(),
            limits: limits.collect(),
            certificate: Proved::of(certificate, problem.objective.metric),
            layers: decision
                .rows
                .iter()
                .zip(&measured.layers)
                .map(layer)
                .collect(),
        })
    }

    /// The figures that expectations ask for, of a design that was decided from the same inputs.
    pub fn measured(&self, problem: &Problem) -> Measured {
        let read = |list: &[Figure]| -> Vec<(Metric, f64)> {
            let known = |(name, value): &Figure| Some((figure(name)?, *value));
            list.iter().filter_map(known).collect()
        };
        let layer = |name: &str| {
            let found = self.layers.iter().find(|l| l.name == name);
            found.map_or(Vec::new(), |l| read(&l.figures))
        };
        Measured {
            metrics: read(&self.metrics),
            layers: problem.layers.iter().map(|l| layer(&l.name)).collect(),
            gap: Some(match self.certificate.proven {
                true => 0.0,
                false => self.certificate.gap,
            }),
        }
    }

    /// The value of a metric of the whole design.
    pub fn metric(&self, metric: Metric) -> Option<f64> {
        find(&self.metrics, metric)
    }
}

impl LayerChoice {
    /// The value of one of its figures.
    pub fn metric(&self, metric: Metric) -> Option<f64> {
        find(&self.figures, metric)
    }

    /// Whether the same is chosen, whatever it costs.
    pub fn same_choice(&self, other: &LayerChoice) -> bool {
        self.dataflow == other.dataflow && self.knobs == other.knobs
    }
}

fn find(figures: &[Figure], metric: Metric) -> Option<f64> {
    let key = metric_key(metric);
    figures.iter().find(|(k, _)| k == key).map(|(_, v)| *v)
}

impl Proved {
    fn of(certificate: &Certificate, objective: Metric) -> Proved {
        Proved {
            objective: metric_key(objective).to_string(),
            bound: certificate.bound,
            gap: certificate.gap,
            proven: certificate.proven,
            solver: certificate.solver,
            states: certificate.states,
        }
    }
}
