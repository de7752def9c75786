//! The lock of a specification: what was decided for each design, from which inputs, and what is
//! proved of it. A text that is kept in version control, read back, and compared.
//!
//! Designs stand apart from each other: each entry names the inputs and the version it was decided
//! with, so that one may be decided anew without a word about the others.

mod check;
mod compare;
mod entry;
mod mix;
mod read;
mod text;

pub use check::{Locked, Mismatch, choices, locked};
pub use compare::{Difference, FigureChange, InputChange, LayerChange, by, choice, two};
pub use entry::{Entry, Figure, LayerChoice, Proved, figure, inputs_of, metric_key};
pub use mix::{Mixed, mixed};
pub use read::read;
pub use text::{FORMAT, text};

use std::collections::BTreeMap;

/// The decisions of one specification, by the name of the design.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lock {
    /// Every design that was decided.
    pub designs: BTreeMap<String, Entry>,
}
