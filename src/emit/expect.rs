//! Expectations held against figures: those of a whole design, of its layers, of other designs.

use super::decision::Decision;
use crate::ir::metric::Metric;
use crate::ir::problem::{Deployment, Expectation, Expected, Measure, Problem, Subject};
use std::collections::BTreeMap;

/// The figures of one decided design.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Metrics of the whole.
    pub metrics: Vec<(Metric, f64)>,
    /// Metrics of every layer, in the order of the problem's layers.
    pub layers: Vec<Vec<(Metric, f64)>>,
    /// The proved distance from the optimum, if there is a proof.
    pub gap: Option<f64>,
}

/// The figures of the other designs, by name.
pub type Others = BTreeMap<String, Measured>;

/// An expectation and what came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What was expected.
    pub expectation: Expectation,
    /// The right side; not a number if it is not known.
    pub expected: f64,
    /// The left side; likewise.
    pub found: f64,
    /// Whether it is as expected.
    pub held: bool,
}

impl Measured {
    /// The figures of a decision.
    pub fn of(decision: &Decision) -> Measured {
        let own_engine = decision.problem.deployment == Deployment::Pipelined;
        let layer = |row: &super::decision::Row| {
            let price = &row.price;
            let mut figures = vec![
                (Metric::Latency, price.latency_cycles as f64),
                (Metric::Energy, price.energy_nj),
            ];
            if own_engine {
                figures.push((Metric::Area, price.area_um2));
                figures.push((Metric::Power, price.power_mw));
            }
            figures
        };
        let metrics = Metric::ALL.map(|m| (m, decision.totals.metric(m)));
        Measured {
            metrics: metrics.into(),
            layers: decision.rows.iter().map(layer).collect(),
            // Within the rounding of the arithmetic a proven optimum has no gap.
            gap: decision
                .certificate
                .map(|c| if c.proven { 0.0 } else { c.gap }),
        }
    }

    /// A figure of the whole or of a layer; not a number if it is not known.
    fn value(&self, measure: &Measure) -> f64 {
        let metrics = match measure.layer {
            Some(layer) => self.layers.get(layer),
            None => Some(&self.metrics),
        };
        let get = |metric: Metric| {
            let found = metrics?.iter().find(|(m, _)| *m == metric);
            found.map(|(_, value)| *value)
        };
        let value = match measure.subject {
            Subject::Gap => self.gap,
            // A layer's energy x delay is its own.
            Subject::Metric(Metric::Edp) if measure.layer.is_some() => get(Metric::Energy)
                .zip(get(Metric::Latency))
                .map(|(energy, latency)| energy * latency),
            Subject::Metric(metric) => get(metric),
        };
        value.unwrap_or(f64::NAN)
    }
}

/// Every expectation of a problem, in the order written.
pub fn verdicts(own: &Measured, problem: &Problem, others: &Others) -> Vec<Verdict> {
    let value = |measure: &Measure| match &measure.design {
        Some(design) if *design != problem.design => {
            others.get(design).map_or(f64::NAN, |o| o.value(measure))
        }
        _ => own.value(measure),
    };
    let verdict = |expectation: &Expectation| {
        let found = value(&expectation.measure);
        let expected = match &expectation.expected {
            Expected::Value(value) => *value,
            Expected::Times {
                factor,
                clocks,
                measure,
            } => factor * clocks * value(measure),
        };
        Verdict {
            expectation: expectation.clone(),
            expected,
            found,
            held: expectation.relation.holds(found, expected),
        }
    };
    problem.expectations.iter().map(verdict).collect()
}

/// The other designs that the expectations of a problem name.
pub fn named(problem: &Problem) -> Vec<&str> {
    let measures = problem.expectations.iter().flat_map(|e| {
        let right = match &e.expected {
            Expected::Times { measure, .. } => Some(measure),
            Expected::Value(_) => None,
        };
        [Some(&e.measure), right]
    });
    let designs = measures.flatten().filter_map(|m| m.design.as_deref());
    let mut names: Vec<&str> = designs.filter(|d| *d != problem.design).collect();
    names.sort_unstable();
    names.dedup();
    names
}
