//! Sums told in terms: so many spells of so many cycles, so many moves of so many elements, with names
//! for what stands in them.

use super::account::{Input, Term};
use super::product::{Product, alone};
use crate::base::units::Quantity;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// So many kinds of spells of a term are told one by one; the rest as a sum.
pub const TOLD: usize = 3;

/// What tells two amounts apart, with their cycles first.
pub type Key = [u64; 3];

/// So many spells of this many cycles each, or moves of elements.
pub struct Part {
    /// How many.
    pub times: u64,
    /// Cycles or elements of one.
    pub each: u64,
    /// The same, in the names of the inputs; nothing for what is not told.
    pub formula: String,
    /// What stands in the formula.
    pub inputs: Vec<Input>,
    /// How there come to be so many, if that is told.
    pub count: Option<Product>,
}

/// Terms on their way, and the names that were given.
#[derive(Default)]
pub struct Teller {
    /// Formulas that tell amounts apart which are as large.
    kinds: BTreeMap<String, u64>,
    /// How often a stem has become a name.
    used: BTreeMap<String, usize>,
    /// Names of the amounts that occurred.
    known: BTreeMap<(String, Key), String>,
    /// Terms that add up to the cycles.
    pub terms: Vec<Term>,
    /// The formulas of what stands in them.
    pub shared: Vec<(Term, Quantity)>,
}

impl Teller {
    /// The name of an amount: the stem, with a number from the second amount on. Always the same for
    /// the same one; whether it is new.
    pub fn name(&mut self, stem: &str, key: Key) -> (String, bool) {
        let place = (stem.to_string(), key);
        if let Some(name) = self.known.get(&place) {
            return (name.clone(), false);
        }
        let count = self.used.entry(place.0.clone()).or_default();
        *count += 1;
        let name = match *count {
            1 => stem.to_string(),
            n => format!("{stem}_{n}"),
        };
        self.known.insert(place, name.clone());
        (name, true)
    }

    /// A number for a formula, always the same, for the key of an amount that it gives.
    pub fn kind(&mut self, formula: &str) -> u64 {
        let next = self.kinds.len() as u64 + 1;
        *self.kinds.entry(formula.to_string()).or_insert(next)
    }

    /// Gives an amount the name of its own that it has.
    pub fn call(&mut self, stem: &str, key: Key, name: &str) {
        self.known.insert((stem.to_string(), key), name.to_string());
    }

    /// Tells how the cycles behind a name come about.
    pub fn share(&mut self, label: &str, cycles: u64, formula: &str, inputs: Vec<Input>) {
        self.tell(&Input::cycles(label, cycles), formula, inputs);
    }

    /// Tells how an input of other formulas comes about.
    pub fn tell(&mut self, is: &Input, formula: &str, inputs: Vec<Input>) {
        let term = Term {
            label: Some(is.name.clone()),
            ..Term::new("cycles", is.value, alone(formula), inputs)
        };
        self.shared.push((term, is.quantity));
    }

    /// The sum of parts as a formula: those that are told one by one, times named by a stem, the
    /// others as `rest`, which measures what they do. They are parts of a price, which fits.
    pub fn sum(&mut self, times: &str, rest: Input, mut parts: Vec<Part>) -> (String, Vec<Input>) {
        let mut formula = String::new();
        let mut inputs: Vec<Input> = Vec::new();
        let more = parts.split_off(parts.len().min(TOLD));
        for part in parts {
            if !formula.is_empty() {
                formula.push_str(" + ");
            }
            let mut of_part = part.inputs;
            if part.times > 1 {
                let kind = part.count.as_ref().map_or(0, |told| self.kind(told.text()));
                let (name, new) = self.name(times, [part.times, kind, 0]);
                formula.push_str(&format!("{name} x "));
                let count = Input::count(&name, part.times);
                if let Some(told) = part.count.filter(|_| new) {
                    self.tell(&count, told.text(), told.inputs.clone());
                }
                of_part.insert(0, count);
            }
            formula.push_str(&part.formula);
            for input in of_part {
                if inputs.iter().all(|i| i.name != input.name) {
                    inputs.push(input);
                }
            }
        }
        let more: u64 = more.iter().map(|p| p.times * p.each).sum();
        if more > 0 {
            formula.push_str(&format!(" + {}", rest.name));
            inputs.push(Input {
                value: more as f64,
                ..rest
            });
        }
        (formula, inputs)
    }

    /// A term of these parts; nothing if they come to nothing.
    pub fn term(&mut self, name: &'static str, times: &str, rest: &str, parts: Vec<Part>) {
        let total: u64 = parts.iter().map(|p| p.times * p.each).sum();
        if total > 0 {
            let (formula, inputs) = self.sum(times, Input::cycles(rest, 0), parts);
            self.terms
                .push(Term::new(name, total as f64, &formula, inputs));
        }
    }
}

/// How many.
pub trait Number {
    /// As a number.
    fn number(&self) -> u64;
}

impl Number for u64 {
    fn number(&self) -> u64 {
        *self
    }
}

/// Kinds of spells, how many there are and the cycles of one, those that take longest first.
pub fn by_weight<K: Ord, N: Number>(
    kinds: BTreeMap<K, N>,
    each: impl Fn(&K) -> u64,
) -> Vec<(K, N)> {
    let mut all: Vec<(K, N)> = kinds.into_iter().collect();
    all.sort_by_key(|(kind, n)| Reverse(each(kind) * n.number()));
    all
}
