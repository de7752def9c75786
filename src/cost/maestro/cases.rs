//! States of a loop, their combinations, and the order in which those are visited.

use super::arith::{Overflow, div_sizes, mul};
use super::levels::{Level, LoopSet};
use super::mapping::{Directive, MAX_DIRECTIVES};
use crate::ir::dataflow::MapKind;
use crate::ir::dim::DimMap;

/// What is true of which loops, as one bit per loop: four sets in one word, which is combined and
/// compared in one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags(u64);

impl Flags {
    #[inline]
    fn new(moving: LoopSet, edge: LoopSet, ragged: LoopSet, unrolled: LoopSet) -> Flags {
        let [moving, edge, ragged, unrolled] = [moving, edge, ragged, unrolled].map(u64::from);
        Flags(moving | edge << 16 | ragged << 32 | unrolled << 48)
    }

    #[inline]
    fn or(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Past the first iteration.
    #[inline]
    pub fn moving(self) -> LoopSet {
        self.0 as LoopSet
    }

    /// Holding an edge tile: at the last iteration, or at a single one that overruns. A single
    /// iteration counts as the first.
    #[inline]
    pub fn edge(self) -> LoopSet {
        (self.0 >> 16) as LoopSet
    }

    /// The last active sub-cluster holds a partial tile.
    #[inline]
    pub fn ragged(self) -> LoopSet {
        (self.0 >> 32) as LoopSet
    }

    /// The first iteration is the only one.
    #[inline]
    pub fn unrolled(self) -> LoopSet {
        (self.0 >> 48) as LoopSet
    }

    /// At the last of several iterations: no other moves and has an edge.
    #[inline]
    pub fn last(self) -> LoopSet {
        self.moving() & self.edge()
    }

    /// The innermost loop that is past its first iteration: the one that moves.
    #[inline]
    pub fn mover(self) -> Option<usize> {
        self.moving().checked_ilog2().map(|i| i as usize)
    }
}

/// One combination of states, and how often it occurs; or one state of one loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    /// The product of the loops' occurrences. The original keeps it in 32 bits and wraps.
    pub occurrences: i64,
    /// The states.
    pub flags: Flags,
    /// Which loops are at the last of several iterations, as a number: a bit each, the innermost
    /// first, without gaps. A loop that is not differs from a first iteration only in `moving`,
    /// so all cases of a class have equal `edge` and `ragged` loops.
    pub class: u32,
    /// Which of the loops of several states moves, counted from 1, the outermost; 0 if none does.
    pub mover: u32,
}

impl Case {
    const NONE: Case = Case {
        occurrences: 0,
        flags: Flags(0),
        class: 0,
        mover: 0,
    };

    #[inline]
    fn and(self, other: &Case) -> Result<Case, Overflow> {
        Ok(Case {
            occurrences: mul(self.occurrences, other.occurrences)?,
            flags: self.flags.or(other.flags),
            class: self.class | other.class,
            mover: self.mover.max(other.mover),
        })
    }
}

/// The states of a loop that has several, in the order first, middle, last.
#[derive(Debug, Clone, Copy)]
struct States {
    items: [Case; 3],
    len: usize,
}

impl States {
    const NONE: States = States {
        items: [Case::NONE; 3],
        len: 0,
    };

    /// Writes the states of a loop with tiles of m elements, o apart, on a tile of actual extent E
    /// that one iteration does not cover. `bits` are the loops that take this state.
    ///
    /// There is always a first iteration. Temporal, with k = (E - m) / o: k middle ones if k > 0;
    /// a last one, an edge, if k o + m < E.
    ///
    /// Spatial over n sub-clusters, with cov = m + o (n - 1), step o n,
    /// k = ((E - m) / o + 1) / n - 1: k middle ones if k > 0; a last one, an edge, if
    /// (k + 1) step + cov > E and k step + cov != E. That one is ragged if (a - 1) o + m < rem,
    /// where rem = E - (k + 1) step and a = (rem - m) / o + 1, but 1 if rem < m.
    fn set(
        &mut self,
        d: &Directive,
        extent: i64,
        covered: i64,
        clusters: i64,
        bits: LoopSet,
        mover: u32,
    ) {
        let (m, o, n) = (d.size, d.step, clusters);
        self.items[0].occurrences = 1;
        self.len = 1;
        let (k, ends, ragged) = match d.kind {
            MapKind::Temporal => {
                let k = div_sizes(extent - m, o);
                (k, k * o + m < extent, false)
            }
            MapKind::Spatial => {
                let step = o * n;
                let k = div_sizes(div_sizes(extent - m, o) + 1, n) - 1;
                let ends = (k + 1) * step + covered > extent && k * step + covered != extent;
                let rem = extent - (k + 1) * step;
                let a = div_sizes((rem - m).max(0), o) + 1;
                (k, ends, (a - 1) * o + m < rem)
            }
        };
        if k > 0 {
            self.push(k, Flags::new(bits, 0, 0, 0), mover);
        }
        if ends {
            let ragged = if ragged { bits } else { 0 };
            self.push(1, Flags::new(bits, bits, ragged, 0), mover);
        }
    }

    fn push(&mut self, occurrences: i64, flags: Flags, mover: u32) {
        self.items[self.len].occurrences = occurrences;
        self.items[self.len].flags = flags;
        self.items[self.len].mover = mover;
        self.len += 1;
    }
}

/// The cases of a level, in the order of the reference.
///
/// Every combination of states occurs once. With s_i states of loop i and f_i the product of s_j
/// over the loops inside i, case number c takes of loop i the state ceil(c / f_i) mod s_i. So case
/// 0 has every loop at its first state; and for c >= 1 the index of loop i is one more, modulo
/// s_i, than its digit in the mixed-radix number c - 1: an odometer whose wheels all start at 1.
pub(super) struct Cases {
    /// The loops of several states, outermost first.
    wheels: [States; MAX_DIRECTIVES],
    at: [usize; MAX_DIRECTIVES],
    /// Which of them is the innermost. It turns at every case.
    innermost: usize,
    /// What the states of the outermost i wheels come to, and those of the loops of one state.
    outer: [Case; MAX_DIRECTIVES + 1],
    visited: u32,
    total: u32,
}

impl Cases {
    /// No cases. Large, so it is filled in place rather than returned filled.
    pub const NONE: Cases = Cases {
        wheels: [States::NONE; MAX_DIRECTIVES],
        at: [0; MAX_DIRECTIVES],
        innermost: 0,
        outer: [Case::NONE; MAX_DIRECTIVES + 1],
        visited: 0,
        total: 0,
    };

    /// Begins with the cases of `level` on a tile of these extents; to be called once.
    pub fn begin(&mut self, level: &Level, extents: &DimMap<i64>) {
        self.total = 1;
        let mut count = 0;
        let (mut edge, mut ragged, mut unrolled) = (0, 0, 0);
        for (i, d) in level.segment.directives().iter().enumerate() {
            let (extent, bits) = (extents[d.dim], level.owned[i]);
            let covered = match d.kind {
                MapKind::Temporal => d.size,
                MapKind::Spatial => d.size + d.step * (level.clusters - 1),
            };
            if extent <= covered {
                // One iteration, an edge if it overruns; then ragged too if spatial, even if the
                // tiles divide evenly, which is harmless: the tail is full then.
                unrolled |= bits;
                if extent < covered {
                    edge |= bits;
                    if d.kind == MapKind::Spatial {
                        ragged |= bits;
                    }
                }
            } else {
                let wheel = &mut self.wheels[count];
                count += 1;
                let mover = if bits != 0 { count as u32 } else { 0 };
                wheel.set(d, extent, covered, level.clusters, bits, mover);
                self.total *= wheel.len as u32; // at most 3^12
            }
        }
        self.outer[0].occurrences = 1;
        self.outer[0].flags = Flags::new(0, edge, ragged, unrolled);
        let mut class = 1;
        for wheel in self.wheels[..count].iter_mut().rev() {
            let last = wheel.len - 1;
            if wheel.items[last].flags.last() != 0 {
                wheel.items[last].class = class;
                class <<= 1;
            }
        }
        self.innermost = count.saturating_sub(1);
    }

    /// How many there are.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// The next case.
    #[inline(always)]
    pub fn next(&mut self) -> Result<Option<Case>, Overflow> {
        if self.visited == self.total {
            return Ok(None);
        }
        self.visited += 1;
        if self.visited == 1 {
            return Ok(Some(self.outer[0]));
        }
        let innermost = self.innermost;
        let wheel = &self.wheels[innermost];
        let mut at = self.at[innermost] + 1;
        if at == wheel.len {
            at = 0;
        }
        self.at[innermost] = at;
        if at == 1 {
            self.turn()?;
        }
        let state = &self.wheels[innermost].items[at];
        Ok(Some(self.outer[innermost].and(state)?))
    }

    /// Turns the wheels outside the innermost.
    fn turn(&mut self) -> Result<(), Overflow> {
        // The outermost that turns.
        let mut first = 0;
        if self.visited == 2 {
            self.at = [1; MAX_DIRECTIVES];
        } else {
            first = self.innermost;
            while first > 0 {
                first -= 1;
                let at = &mut self.at[first];
                *at += 1;
                if *at == self.wheels[first].len {
                    *at = 0;
                }
                if *at != 1 {
                    break;
                }
            }
        }
        for i in first..self.innermost {
            let state = &self.wheels[i].items[self.at[i]];
            self.outer[i + 1] = self.outer[i].and(state)?;
        }
        Ok(())
    }
}

/// The extents of sub-clusters' tiles as the set of loops whose edge tile is handed down: the tail
/// where the loop is at an edge and is temporal, or spatial with a single active sub-cluster, or
/// the sub-cluster is the `ragged` last one; the full tile otherwise.
pub(super) fn handed_edges(level: &Level, flags: Flags, ragged: bool) -> LoopSet {
    let of_all = ragged || level.edge_clusters == 1;
    let which = if of_all { LoopSet::MAX } else { !level.spatial };
    flags.edge() & which & level.uneven
}
