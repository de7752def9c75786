//! Sums over a row of steps whose transfers overlap, without walking the row.
//!
//! While step t computes for c(t) cycles, the data of step t+1 come in and the results of step t-1
//! go out: step t lasts the longest of the three. What has one buffer moves between the steps. A
//! [`Run`] knows everything about a row of steps but what lies before its first and behind its last;
//! two runs and the transfer between them make one, and n equal runs in a row are one multiplication.
//!
//! A price needs the sum of the cycles; an explanation needs what they are spent on. So the amounts
//! that are summed are of a type of their own: [`Amount`].

use super::super::Refused;
use super::states::State;
use super::walk::{Flow, Moved};

/// Why something cannot be counted; small, as it comes with every sum. [`Refused`] says it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A count does not fit 64 bits.
    Overflow,
    /// Units hold elements that interleave in a pattern without a closed count.
    Interleaved,
    /// There are too many combinations of whole and cut tiles.
    Combinations,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Refused {
        Refused::new(match fault {
            Fault::Overflow => "a count does not fit 64 bits".to_string(),
            Fault::Interleaved => {
                "units hold elements that interleave in a pattern without a closed count"
                    .to_string()
            }
            Fault::Combinations => format!(
                "more than {} combinations of whole and cut tiles",
                super::walk::BRANCH_LIMIT
            ),
        })
    }
}

/// Kinds of data that move: input, weights, output or sums, sums that leave the chip, sums that come back.
pub const KINDS: usize = 5;

/// When something moves: as a loop goes on, or as a pass begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct When {
    /// The loop that goes on; nothing where a pass begins or ends.
    pub at: Option<usize>,
    /// Where the loops stand.
    pub state: State,
}

/// What a transfer is made of, which decides how long it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Made {
    /// Bits; 0 where several transfers follow each other.
    pub bits: u64,
    /// Cycles before the first of them arrives.
    pub latency: u64,
    /// Elements of each kind.
    pub elements: [u64; KINDS],
    /// When it happens.
    pub when: When,
}

/// How long a transfer takes: plain cycles, or cycles that know what they are made of.
pub trait Amount: Copy + Default {
    /// What such amounts add up to over a row of steps.
    type Sum: Sum<Self>;
    /// What moves meanwhile.
    type Moved: Flow;

    /// A transfer of this.
    fn of(cycles: u64, made: Made) -> Self;

    /// Its cycles.
    fn cycles(self) -> u64;

    /// One after the other.
    fn plus(self, other: Self) -> Result<Self, Fault>;
}

/// Cycles of a row of steps, added up in one way or another.
pub trait Sum<A>: Clone {
    /// No cycles.
    fn none() -> Self;

    /// A step that computes for so many cycles while this moves over the link.
    fn window(computing: u64, moved: Transfer<A>, link: Link) -> Result<Self, Fault>;

    /// Cycles in which nothing computes.
    fn idle(why: Idle, amount: A, link: Link) -> Self;

    /// Both.
    fn plus(&self, other: &Self) -> Result<Self, Fault>;

    /// So many times.
    fn times(&self, n: u64) -> Result<Self, Fault>;

    /// All of them.
    fn cycles(&self) -> Result<u64, Fault>;
}

/// Why nothing computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Idle {
    /// The first step waits for its operands.
    Filling,
    /// The results of the last step go out.
    Emptying,
    /// What moves between two steps has one buffer.
    Exposed,
}

impl Amount for u64 {
    type Sum = u64;
    type Moved = Moved;

    #[inline]
    fn of(cycles: u64, _: Made) -> u64 {
        cycles
    }

    #[inline]
    fn cycles(self) -> u64 {
        self
    }

    #[inline]
    fn plus(self, other: u64) -> Result<u64, Fault> {
        add(self, other)
    }
}

impl Sum<u64> for u64 {
    #[inline]
    fn none() -> u64 {
        0
    }

    #[inline]
    fn window(computing: u64, moved: Transfer<u64>, link: Link) -> Result<u64, Fault> {
        lasts(computing, moved, link)
    }

    #[inline]
    fn idle(_: Idle, amount: u64, _: Link) -> u64 {
        amount
    }

    #[inline]
    fn plus(&self, other: &u64) -> Result<u64, Fault> {
        add(*self, *other)
    }

    #[inline]
    fn times(&self, n: u64) -> Result<u64, Fault> {
        mul(*self, n)
    }

    #[inline]
    fn cycles(&self) -> Result<u64, Fault> {
        Ok(*self)
    }
}

/// What moves between two neighbouring steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transfer<A> {
    /// To bring in what the later step lacks.
    pub load: A,
    /// To take out what the earlier step leaves.
    pub store: A,
    /// Between the two steps, because what moves has one buffer.
    pub exposed: A,
}

/// How the two directions share a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Link {
    /// A channel for each.
    Duplex,
    /// One channel, loads and stores one after the other.
    Shared,
}

/// A row of one or more steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<A: Amount> {
    /// Steps that are complete: neither the first nor the last.
    inside: A::Sum,
    /// Computing cycles of the first step.
    first: u64,
    /// Computing cycles of the last step.
    last: u64,
    /// Load during the first step and store during the last; `None` for a single step.
    ends: Option<Transfer<A>>,
}

impl<A: Amount> Run<A> {
    /// One step that computes for this many cycles.
    pub fn step(cycles: u64) -> Self {
        Run {
            inside: A::Sum::none(),
            first: cycles,
            last: cycles,
            ends: None,
        }
    }

    /// `times` copies, at least 1, with the same transfer between each two.
    pub fn repeat(self, times: u64, between: Transfer<A>, link: Link) -> Result<Self, Fault> {
        if times <= 1 {
            return Ok(self);
        }
        let window = |cycles: u64, moved: Transfer<A>| A::Sum::window(cycles, moved, link);
        let mut inside = match self.ends {
            None => window(self.first, between)?.times(times - 2)?,
            Some(ends) => {
                let before = Transfer {
                    store: ends.store,
                    ..between
                };
                let behind = Transfer {
                    load: ends.load,
                    ..between
                };
                let seam = window(self.last, before)?.plus(&window(self.first, behind)?)?;
                self.inside.times(times)?.plus(&seam.times(times - 1)?)?
            }
        };
        if between.exposed.cycles() > 0 {
            let exposed = A::Sum::idle(Idle::Exposed, between.exposed, link);
            inside = inside.plus(&exposed.times(times - 1)?)?;
        }
        let ends = self.ends.unwrap_or(between);
        Ok(Run {
            inside,
            ends: Some(ends),
            ..self
        })
    }

    /// This run, a transfer, and the next run.
    pub fn then(self, between: Transfer<A>, next: Self, link: Link) -> Result<Self, Fault> {
        let mut inside = self.inside.plus(&next.inside)?;
        if between.exposed.cycles() > 0 {
            inside = inside.plus(&A::Sum::idle(Idle::Exposed, between.exposed, link))?;
        }
        let mut ends = between;
        if let Some(e) = self.ends {
            let moved = Transfer {
                store: e.store,
                ..between
            };
            inside = inside.plus(&A::Sum::window(self.last, moved, link)?)?;
            ends.load = e.load;
        }
        if let Some(e) = next.ends {
            let moved = Transfer {
                load: e.load,
                ..between
            };
            inside = inside.plus(&A::Sum::window(next.first, moved, link)?)?;
            ends.store = e.store;
        }
        Ok(Run {
            inside,
            first: self.first,
            last: next.last,
            ends: Some(ends),
        })
    }

    /// The whole row when `around.load` comes before it and `around.store` behind it.
    pub fn total(self, around: Transfer<A>, link: Link) -> Result<A::Sum, Fault> {
        let window = |cycles: u64, moved: Transfer<A>| A::Sum::window(cycles, moved, link);
        let steps = match self.ends {
            None => window(self.first, Transfer::default())?,
            Some(ends) => {
                let first = Transfer {
                    load: ends.load,
                    ..Transfer::default()
                };
                let last = Transfer {
                    store: ends.store,
                    ..Transfer::default()
                };
                let first = window(self.first, first)?;
                first.plus(&self.inside)?.plus(&window(self.last, last)?)?
            }
        };
        let filling = A::Sum::idle(Idle::Filling, around.load, link);
        let emptying = A::Sum::idle(Idle::Emptying, around.store, link);
        filling.plus(&steps)?.plus(&emptying)
    }
}

/// Cycles of a step that computes while this moves over the link.
pub fn lasts<A: Amount>(computing: u64, moved: Transfer<A>, link: Link) -> Result<u64, Fault> {
    let (load, store) = (moved.load.cycles(), moved.store.cycles());
    Ok(computing.max(match link {
        Link::Duplex => load.max(store),
        Link::Shared => add(load, store)?,
    }))
}

/// a + b.
pub fn add(a: u64, b: u64) -> Result<u64, Fault> {
    a.checked_add(b).ok_or(Fault::Overflow)
}

/// a x b.
pub fn mul(a: u64, b: u64) -> Result<u64, Fault> {
    a.checked_mul(b).ok_or(Fault::Overflow)
}
