//! Named coefficients behind every figure, each with unit and source.

use super::precision::{Format, Precision};
use crate::base::span::Span;
use crate::base::units::Quantity;
use std::collections::BTreeMap;

/// One coefficient of a technology.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// In the canonical unit of its quantity.
    pub value: f64,
    /// What it measures.
    pub quantity: Quantity,
    /// Where the figure comes from; `None` if the specification does not say.
    pub source: Option<String>,
    /// Where it is written; `None` for a model's default.
    pub span: Option<Span>,
}

/// A set of coefficients by dotted name (`mac.area`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Technology {
    /// As written.
    pub name: String,
    /// Sorted by name.
    pub coefficients: BTreeMap<String, Coefficient>,
}

impl Technology {
    /// The value of a coefficient in its canonical unit.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.coefficients.get(name).map(|c| c.value)
    }

    /// Clock rate in Hz; sema makes sure that every technology has one.
    pub fn clock_hz(&self) -> f64 {
        self.get("clock").unwrap_or(f64::NAN)
    }
}

/// A coefficient that a cost model reads.
#[derive(Debug, Clone, Copy)]
pub struct CoefficientSpec {
    /// Dotted name.
    pub name: &'static str,
    /// What it measures, hence which units may be written.
    pub quantity: Quantity,
    /// Whether it must be a whole number.
    pub whole: bool,
    /// Smallest value it may have.
    pub min: f64,
    /// Whether a technology must have it.
    pub presence: Presence,
    /// One line on what it stands for.
    pub summary: &'static str,
}

/// When a technology must have a coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Presence {
    /// Always.
    Required,
    /// Never; without it this is its value.
    Default(f64),
    /// For designs that multiply in this format.
    Product(Format),
    /// For designs whose sums have this format.
    Sum(Format),
}

impl CoefficientSpec {
    /// Whether a technology must have it for a design of this precision.
    pub fn needed(&self, precision: Precision) -> bool {
        match self.presence {
            Presence::Required => true,
            Presence::Default(_) => false,
            Presence::Product(format) => precision.product() == format,
            Presence::Sum(format) => precision.sum == format,
        }
    }
}

/// The clock, which every technology has whatever the model.
pub const CLOCK: CoefficientSpec = CoefficientSpec {
    name: "clock",
    quantity: Quantity::Frequency,
    whole: false,
    min: 1.0,
    presence: Presence::Required,
    summary: "clock rate, to turn cycles into time",
};
