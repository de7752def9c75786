//! Sums over a row of steps whose transfers overlap, without walking the row.
//!
//! While step t computes for c(t) cycles, the data of step t+1 come in and the results of step t-1
//! go out: step t lasts the longest of the three. What has one buffer moves between the steps. A
//! [`Run`] knows everything about a row of steps but what lies before its first and behind its last; two runs and the transfer between them make
//! one, and n equal runs in a row are one multiplication.

use super::super::Refused;

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

/// What moves between two neighbouring steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transfer {
    /// Cycles to bring in what the later step lacks.
    pub load: u64,
    /// Cycles to take out what the earlier step leaves.
    pub store: u64,
    /// Cycles between the two steps in which nothing computes, because what moves has one buffer.
    pub exposed: u64,
}

/// How the two directions share a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// A channel for each.
    Duplex,
    /// One channel, loads and stores one after the other.
    Shared,
}

/// A row of one or more steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Steps that are complete: neither the first nor the last.
    inside: u64,
    /// Computing cycles of the first step.
    first: u64,
    /// Computing cycles of the last step.
    last: u64,
    /// Load during the first step and store during the last; `None` for a single step.
    ends: Option<Transfer>,
}

impl Run {
    /// One step that computes for this many cycles.
    pub fn step(cycles: u64) -> Run {
        Run {
            inside: 0,
            first: cycles,
            last: cycles,
            ends: None,
        }
    }

    /// `times` copies, at least 1, with the same transfer between each two.
    pub fn repeat(self, times: u64, between: Transfer, link: Link) -> Result<Run, Fault> {
        if times <= 1 {
            return Ok(self);
        }
        let inside = match self.ends {
            None => mul(window(self.first, between, link)?, times - 2)?,
            Some(ends) => {
                let seam = add(
                    window(
                        self.last,
                        Transfer {
                            store: ends.store,
                            ..between
                        },
                        link,
                    )?,
                    window(
                        self.first,
                        Transfer {
                            load: ends.load,
                            ..between
                        },
                        link,
                    )?,
                )?;
                add(mul(self.inside, times)?, mul(seam, times - 1)?)?
            }
        };
        let inside = add(inside, mul(between.exposed, times - 1)?)?;
        let ends = self.ends.unwrap_or(between);
        Ok(Run {
            inside,
            ends: Some(ends),
            ..self
        })
    }

    /// This run, a transfer, and the next run.
    pub fn then(self, between: Transfer, next: Run, link: Link) -> Result<Run, Fault> {
        let mut inside = add(add(self.inside, next.inside)?, between.exposed)?;
        let mut ends = between;
        if let Some(e) = self.ends {
            let moved = Transfer {
                store: e.store,
                ..between
            };
            inside = add(inside, window(self.last, moved, link)?)?;
            ends.load = e.load;
        }
        if let Some(e) = next.ends {
            let moved = Transfer {
                load: e.load,
                ..between
            };
            inside = add(inside, window(next.first, moved, link)?)?;
            ends.store = e.store;
        }
        Ok(Run {
            inside,
            first: self.first,
            last: next.last,
            ends: Some(ends),
        })
    }

    /// Cycles of the whole row when `around.load` comes before it and `around.store` behind it.
    pub fn total(self, around: Transfer, link: Link) -> Result<u64, Fault> {
        let steps = match self.ends {
            None => self.first,
            Some(ends) => {
                let first = Transfer {
                    load: ends.load,
                    ..Transfer::default()
                };
                let last = Transfer {
                    store: ends.store,
                    ..Transfer::default()
                };
                add(
                    add(window(self.first, first, link)?, self.inside)?,
                    window(self.last, last, link)?,
                )?
            }
        };
        add(add(around.load, steps)?, around.store)
    }
}

fn window(cycles: u64, moved: Transfer, link: Link) -> Result<u64, Fault> {
    Ok(cycles.max(match link {
        Link::Duplex => moved.load.max(moved.store),
        Link::Shared => add(moved.load, moved.store)?,
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
