//! Where a price comes from: its figures term by term, each with its formula.

use crate::base::units::Quantity;

/// A number in a formula.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// As it stands in the formula; a dotted name is the technology's coefficient.
    pub name: String,
    /// In the canonical unit of its quantity.
    pub value: f64,
    /// What it measures.
    pub quantity: Quantity,
}

impl Input {
    /// An input that the layer or the point gives.
    pub fn new(name: &str, value: f64, quantity: Quantity) -> Input {
        Input {
            name: name.to_string(),
            value,
            quantity,
        }
    }

    /// A plain number.
    pub fn count(name: &str, value: u64) -> Input {
        Input::new(name, value as f64, Quantity::Count)
    }

    /// So many bytes.
    pub fn bytes(name: &str, value: f64) -> Input {
        Input::new(name, value, Quantity::Bytes)
    }

    /// So many cycles.
    pub fn cycles(name: &str, value: u64) -> Input {
        Input::new(name, value as f64, Quantity::Cycles)
    }
}

/// A part of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What it is.
    pub name: &'static str,
    /// In the canonical unit of the figure.
    pub value: f64,
    /// In the names of the inputs: `+ - x /`, parentheses, `max(a, b)`, `ceil(a)`, `floor(a)`, `log2(a)`, `sqrt(a)`.
    pub formula: String,
    /// What stands in the formula, in its order.
    pub inputs: Vec<Input>,
    /// Canonical units of the figure in one unit of what the formula gives: mW x s are 10^6 nJ.
    pub scale: f64,
    /// The input of other formulas that it is, if that is not its name.
    pub label: Option<String>,
}

impl Term {
    /// A term whose formula gives the figure's own unit.
    pub fn new(name: &'static str, value: f64, formula: &str, inputs: Vec<Input>) -> Term {
        Term {
            name,
            value,
            formula: formula.to_string(),
            inputs,
            scale: 1.0,
            label: None,
        }
    }

    /// What it is called in other formulas.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(self.name)
    }
}

/// The figures of a price by term. The terms of each add up to the price's.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Cycles.
    pub latency: Vec<Term>,
    /// nJ
    pub energy: Vec<Term>,
    /// um2
    pub area: Vec<Term>,
    /// mW
    pub power: Vec<Term>,
    /// Inputs of others that have a formula of their own, with what they measure.
    pub shared: Vec<(Term, Quantity)>,
    /// The same of what moves, under the names of their terms.
    pub moved: Vec<(Term, Quantity)>,
    /// The same of what memories hold.
    pub memories: Vec<(Term, Quantity)>,
    /// Mean number of PEs at work: what is computed in a cycle, by the lanes of a PE.
    pub at_work: Term,
}

impl Account {
    /// The term that most of the cycles go to.
    pub fn limit(&self) -> Option<&Term> {
        let mut largest: Option<&Term> = None;
        for term in &self.latency {
            if largest.is_none_or(|l| term.value > l.value) {
                largest = Some(term);
            }
        }
        largest
    }
}

/// [`Account::at_work`] for so many MACs in so many cycles.
pub fn at_work(macs: u64, cycles: u64, lanes: Input) -> Term {
    let value = macs as f64 / (cycles as f64 * lanes.value);
    let inputs = vec![
        Input::count("MACs", macs),
        Input::cycles("cycles", cycles),
        lanes,
    ];
    Term::new("PEs at work", value, "MACs / (cycles x mac.lanes)", inputs)
}
