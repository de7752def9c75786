//! What the cycles of a layer are spent on, and what moves in them: the same walk as for a price, with sums that remember.

use super::super::Refused;
use super::nest::{Nest, SLOTS, TENSORS};
use super::passes::{self, Brought};
use super::states::States;
use super::volume::Factors;
use super::walk::{Flow, Move, Moved};
use super::window::{Amount, Fault, Idle, Link, Made, Sum, Transfer, When, add, lasts, mul};
use super::{Array, Outcome};
use crate::ir::dataflow::Rule;
use crate::ir::layer::LayerShape;
use std::collections::BTreeMap;

/// A transfer that remembers its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Told {
    /// Cycles it takes.
    pub cycles: u64,
    /// What it is made of.
    pub made: Made,
}

/// Cycles that are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spell {
    /// A step, or a pass as a step of the off-chip link, that computes while something moves.
    Step {
        /// Cycles it computes.
        computing: u64,
        /// What comes in meanwhile.
        load: Told,
        /// What goes out meanwhile.
        store: Told,
        /// How these share the link.
        link: Link,
    },
    /// Nothing computes.
    Idle(Idle, Told),
}

/// How often there are spells of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spent(pub BTreeMap<Spell, u64>);

/// What moves, by what it is made of.
#[derive(Debug, Clone, Default)]
pub struct Flows {
    counts: Moved,
    /// How often each of the moves happens.
    pub moves: BTreeMap<Move, u64>,
}

impl Flow for Flows {
    fn counts(&mut self) -> &mut Moved {
        &mut self.counts
    }

    fn note(&mut self, of: Move) {
        *self.moves.entry(of).or_default() += 1;
    }

    fn plus(mut self, other: Flows) -> Result<Flows, Fault> {
        self.counts = self.counts.plus(other.counts)?;
        for (of, n) in other.moves {
            let times = self.moves.entry(of).or_default();
            *times = add(*times, n)?;
        }
        Ok(self)
    }

    fn times(mut self, n: u64) -> Result<Flows, Fault> {
        if n == 0 {
            return Ok(Flows::default());
        }
        self.counts = self.counts.times(n)?;
        for times in self.moves.values_mut() {
            *times = mul(*times, n)?;
        }
        Ok(self)
    }
}

impl Amount for Told {
    type Sum = Spent;
    type Moved = Flows;

    fn of(cycles: u64, made: Made) -> Told {
        Told { cycles, made }
    }

    fn cycles(self) -> u64 {
        self.cycles
    }

    fn plus(self, other: Told) -> Result<Told, Fault> {
        Ok(match (self.cycles, other.cycles) {
            (_, 0) => self,
            (0, _) => other,
            (a, b) => {
                let when = self.made.when;
                let made = Made {
                    when,
                    ..Made::default()
                };
                Told::of(add(a, b)?, made)
            }
        })
    }
}

impl Spell {
    /// Cycles of one of them.
    fn cycles(self) -> Result<u64, Fault> {
        match self {
            Spell::Step {
                computing,
                load,
                store,
                link,
            } => {
                let moved = Transfer {
                    load,
                    store,
                    exposed: Told::default(),
                };
                lasts(computing, moved, link)
            }
            Spell::Idle(_, told) => Ok(told.cycles),
        }
    }
}

impl Sum<Told> for Spent {
    fn none() -> Spent {
        Spent::default()
    }

    fn window(computing: u64, moved: Transfer<Told>, link: Link) -> Result<Spent, Fault> {
        let step = Spell::Step {
            computing,
            load: moved.load,
            store: moved.store,
            link,
        };
        Ok(Spent(BTreeMap::from([(step, 1)])))
    }

    fn idle(why: Idle, amount: Told, _: Link) -> Spent {
        let some = (amount.cycles > 0).then_some((Spell::Idle(why, amount), 1));
        Spent(some.into_iter().collect())
    }

    fn plus(&self, other: &Spent) -> Result<Spent, Fault> {
        let mut sum = self.clone();
        for (&spell, &n) in &other.0 {
            let times = sum.0.entry(spell).or_default();
            *times = add(*times, n)?;
        }
        Ok(sum)
    }

    fn times(&self, n: u64) -> Result<Spent, Fault> {
        if n == 0 {
            return Ok(Spent::default());
        }
        let all = self.0.iter();
        let all: Result<_, Fault> = all.map(|(&s, &t)| Ok((s, mul(t, n)?))).collect();
        Ok(Spent(all?))
    }

    fn cycles(&self) -> Result<u64, Fault> {
        let mut sum = 0;
        for (spell, &n) in &self.0 {
            sum = add(sum, mul(spell.cycles()?, n)?)?;
        }
        Ok(sum)
    }
}

/// What happens more than once.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// How often.
    pub times: u64,
    /// When.
    pub when: Vec<When>,
}

impl Times {
    /// Adds others, which all are parts of a count that fits.
    pub fn add(&mut self, times: u64, when: &[When]) {
        self.times += times;
        self.when.extend(when);
    }
}

/// Where the counts of a layer come from.
pub struct Breakdown {
    /// Where its loops may stand.
    pub states: States,
    /// The loops and tensors.
    pub nest: Nest,
    /// Extent per slot of what a PE holds in a whole step; slots as the nest has them.
    pub tile: [u64; SLOTS],
    /// Steps inside of all passes.
    pub steps: Spent,
    /// Slots of the loops outside of passes.
    pub outside: Vec<usize>,
    /// Passes, as the steps of the off-chip link.
    pub passes: Spent,
    /// Per tensor, what moves between the shared memory and the PEs at once.
    pub moves: [BTreeMap<Factors, Times>; TENSORS],
    /// Extent per slot in a pass of full chunks.
    pub pass: [u64; SLOTS],
    /// Buffers of each tensor: in a PE, in the shared memory.
    pub buffers: [[u64; TENSORS]; 2],
    /// Per tensor, how its off-chip traffic comes about.
    pub brought: [Brought; TENSORS],
}

/// Where the counts of an outcome come from.
///
/// # Errors
/// As the evaluation that gave the outcome.
pub fn spent(
    shape: &LayerShape,
    rule: &Rule,
    knobs: &[u64],
    array: &Array,
    outcome: &Outcome,
) -> Result<Breakdown, Refused> {
    let nest = Nest::new(shape, rule, knobs)?;
    passes::spent(nest, array, outcome.outer_loops)
}
