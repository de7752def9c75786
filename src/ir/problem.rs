//! The whole problem of one design: everything a search may know, and nothing else.

use super::dataflow::{Dataflow, Rule};
use super::layer::LayerShape;
use super::menu::Menu;
use super::metric::Metric;
use super::network::Network;
use super::precision::Precision;
use super::registry::{MethodSpec, ParamValue};
use super::technology::Technology;
use crate::base::span::Span;
use crate::base::units::Quantity;
use std::collections::BTreeMap;

/// How the engines are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// Every layer has its own engine; area and power add up.
    Pipelined,
    /// One engine serves all layers; its knobs are chosen once, its memories are as large as the
    /// most demanding layer needs.
    Sequential,
}

impl Deployment {
    /// As written.
    pub fn name(self) -> &'static str {
        match self {
            Deployment::Pipelined => "pipelined",
            Deployment::Sequential => "sequential",
        }
    }
}

/// What is to be made as good as possible. Throughput is maximised, all else minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Objective {
    /// The metric.
    pub metric: Metric,
    /// Where it was written.
    pub span: Span,
}

/// The right side of a budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// In the metric's unit.
    Absolute(f64),
    /// A share of the span between the menu's cheapest and dearest corner: min + (max - min) x share.
    Share(f64),
}

/// A limit that a design must keep: at most, or for throughput at least.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// What is limited.
    pub metric: Metric,
    /// To what.
    pub limit: Limit,
    /// Where it was written.
    pub span: Span,
}

/// Choices that were made elsewhere for one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Index among the problem's layers.
    pub layer: usize,
    /// Fixed knobs: index in the menu and value.
    pub knobs: Vec<(usize, u64)>,
    /// The fixed dataflow: index among the problem's dataflows.
    pub dataflow: Option<usize>,
    /// Where it was written.
    pub span: Span,
}

/// A comparison that an expectation makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `>`
    Above,
    /// `==`
    Equal,
}

impl Relation {
    /// As written.
    pub fn sign(self) -> &'static str {
        match self {
            Relation::AtMost => "<=",
            Relation::AtLeast => ">=",
            Relation::Below => "<",
            Relation::Above => ">",
            Relation::Equal => "==",
        }
    }

    /// Whether `a sign b`.
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Relation::AtMost => a <= b,
            Relation::AtLeast => a >= b,
            Relation::Below => a < b,
            Relation::Above => a > b,
            Relation::Equal => a == b,
        }
    }
}

/// What an expectation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A metric of the whole design.
    Metric(Metric),
    /// The proved distance from the optimum, as a share of the bound.
    Gap,
}

impl Subject {
    /// As written.
    pub fn name(self) -> &'static str {
        match self {
            Subject::Metric(metric) => metric.name(),
            Subject::Gap => "gap",
        }
    }

    /// What it measures.
    pub fn quantity(self) -> Quantity {
        match self {
            Subject::Metric(metric) => metric.quantity(),
            Subject::Gap => Quantity::Percent,
        }
    }
}

/// A figure that an expectation is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// The design it is of; `None` for the one that expects.
    pub design: Option<String>,
    /// Index of the layer it is of, among the layers of that design; `None` for the whole.
    pub layer: Option<usize>,
    /// What is measured.
    pub subject: Subject,
    /// As written, such as `big.conv1.latency`.
    pub text: String,
}

/// The right side of an expectation.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// In the unit of the left side; of the gap, a share.
    Value(f64),
    /// A multiple of another figure.
    Times {
        /// As written; 1 if it was left out.
        factor: f64,
        /// Cycles of the left side's clock in one of the right side's; 1 for what is no time.
        clocks: f64,
        /// The other figure.
        measure: Measure,
    },
}

/// A design decision as a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// What of the result.
    pub measure: Measure,
    /// The comparison.
    pub relation: Relation,
    /// With what.
    pub expected: Expected,
    /// Where it was written.
    pub span: Span,
}

impl Expectation {
    /// Whether it is about a metric of the design that expects, and holds for every design whose
    /// metric is no worse than `bound`. No layer has more of such a metric than its design.
    pub fn holds_up_to(&self, bound: f64) -> bool {
        let own = self.measure.design.is_none();
        let (Subject::Metric(metric), Expected::Value(value), true) =
            (self.measure.subject, &self.expected, own)
        else {
            return false;
        };
        match (self.relation, metric.larger_is_better()) {
            (Relation::AtMost, false) => bound <= *value,
            (Relation::Below, false) => bound < *value,
            (Relation::AtLeast, true) => bound >= *value,
            (Relation::Above, true) => bound > *value,
            _ => false,
        }
    }

    /// What both sides measure.
    pub fn quantity(&self) -> Quantity {
        self.measure.subject.quantity()
    }

    /// The other figure as written, such as `2 * big.latency`; `None` if the right side is a number.
    pub fn against(&self) -> Option<String> {
        match &self.expected {
            Expected::Value(_) => None,
            Expected::Times {
                factor, measure, ..
            } if *factor == 1.0 => Some(measure.text.clone()),
            Expected::Times {
                factor, measure, ..
            } => Some(format!("{factor} * {}", measure.text)),
        }
    }
}

/// One stage of the search, its parameters complete (defaults filled in).
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// The method's registered name.
    pub method: &'static str,
    /// Whether it may use the refined ranges.
    pub refines: bool,
    /// Every parameter by name.
    pub params: BTreeMap<&'static str, ParamValue>,
}

impl Stage {
    /// Whether it is of this method, and of its variant.
    pub fn is(&self, method: &MethodSpec) -> bool {
        let same = |variant| self.params.get("variant") == Some(&ParamValue::Word(variant));
        method.name == self.method && method.variant().is_none_or(|v| same(v.to_string()))
    }

    /// A numeric parameter; sema has filled in and checked all of them, so a missing one is a
    /// mistake in a registry table.
    ///
    /// # Panics
    /// If the method's table has no such number.
    pub fn number(&self, name: &str) -> f64 {
        match self.params.get(name) {
            Some(ParamValue::Number(value)) => *value,
            _ => panic!("search method {} declares no number `{name}`", self.method),
        }
    }

    /// A whole-number parameter.
    ///
    /// # Panics
    /// As [`Stage::number`].
    pub fn whole(&self, name: &str) -> usize {
        self.number(name) as usize
    }

    /// A word parameter.
    ///
    /// # Panics
    /// If the method's table has no such word.
    pub fn word(&self, name: &str) -> &str {
        match self.params.get(name) {
            Some(ParamValue::Word(word)) => word,
            _ => panic!("search method {} declares no word `{name}`", self.method),
        }
    }
}

/// A priced layer of the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name in the network.
    pub name: String,
    /// Index among the distinct shapes.
    pub shape: usize,
    /// Where it was declared.
    pub span: Span,
}

/// One design, resolved and checked.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The design's name.
    pub design: String,
    /// Where it was declared.
    pub span: Span,
    /// The graph.
    pub network: Network,
    /// Priced layers in topological order.
    pub layers: Vec<Layer>,
    /// Distinct layers in order of first use: each is priced once. Two may have one shape and
    /// differ in their rules.
    pub shapes: Vec<LayerShape>,
    /// For each of them and each dataflow, the index of the rule that maps it.
    pub rules: Vec<Vec<Option<usize>>>,
    /// The dataflows a layer may choose from, at least one. Knob sizes index `menu.knobs`.
    pub dataflows: Vec<Dataflow>,
    /// The knobs.
    pub menu: Menu,
    /// Where the design names its menu, if that is one of the library.
    pub library_menu: Option<Span>,
    /// How engines are laid out.
    pub deployment: Deployment,
    /// All hold at once.
    pub budgets: Vec<Budget>,
    /// What to optimise.
    pub objective: Objective,
    /// Name of the cost model.
    pub model: &'static str,
    /// Number formats of the tensors; `None` if the model does not read them.
    pub precision: Option<Precision>,
    /// Its coefficients.
    pub technology: Technology,
    /// At least one stage.
    pub stages: Vec<Stage>,
    /// Seed of every random stream.
    pub seed: u64,
    /// Choices made elsewhere.
    pub pins: Vec<Pin>,
    /// The search may end once the result is proved to be within this share of the optimum.
    pub stop_gap: Option<f64>,
    /// Decisions as tests.
    pub expectations: Vec<Expectation>,
    /// Settings the specification left out, with the default that was taken.
    pub defaults: Vec<(&'static str, String)>,
}

impl Problem {
    /// How a dataflow maps one of the distinct layers; `None` if it does not.
    pub fn rule(&self, shape: usize, dataflow: usize) -> Option<&Rule> {
        let at = *self.rules.get(shape)?.get(dataflow)?;
        self.dataflows.get(dataflow)?.rules.get(at?)
    }
}
