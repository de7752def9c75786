//! States of a loop, their combinations, and the order in which those are visited.

use super::arith::{Overflow, mul};
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
    pub class: usize,
}

impl Case {
    const NONE: Case = Case {
        occurrences: 0,
        flags: Flags(0),
        class: 0,
    };

    #[inline]
    fn and(self, other: &Case) -> Result<Case, Overflow> {
        Ok(Case {
            occurrences: mul(self.occurrences, other.occurrences)?,
            flags: self.flags.or(other.flags),
            class: self.class | other.class,
        })
    }
}

/// The states of one loop in the order first, middle, last.
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

    fn push(&mut self, occurrences: i64, flags: Flags) {
        self.items[self.len] = Case {
            occurrences,
            flags,
            class: 0,
        };
        self.len += 1;
    }
}

/// Writes the states of a loop with tiles of m elements, o apart, on a tile of actual extent E. `bits` are
/// the loops that take this state.
///
/// Temporal, with k = (E - m) / o: the first, unrolled if E <= m, an edge if E < m; k middle ones
/// if m < E and k > 0; a last one, an edge, if E >= m and k o + m < E.
///
/// Spatial over n sub-clusters, with cov = m + o (n - 1), step o n, k = ((E - m) / o + 1) / n - 1:
/// the first, unrolled if E <= cov, an edge and ragged if E < cov (ragged even if the tiles divide
/// evenly, which is harmless: the tail is full then); k middle ones if cov < E and k > 0; a last
/// one, an edge, if cov < E, (k + 1) step + cov > E and k step + cov != E. That one is ragged if
/// (a - 1) o + m < rem, where rem = E - (k + 1) step and a = (rem - m) / o + 1, but 1 if rem < m.
#[inline]
fn states(states: &mut States, d: &Directive, extent: i64, clusters: i64, bits: LoopSet) {
    let (m, o, n) = (d.size, d.step, clusters);
    let spatial = d.kind == MapKind::Spatial;
    let covered = if spatial { m + o * (n - 1) } else { m };
    states.len = 0;
    if extent <= covered {
        let edge = if extent < covered { bits } else { 0 };
        let ragged = if spatial { edge } else { 0 };
        states.push(1, Flags::new(0, edge, ragged, bits));
        return;
    }
    states.push(1, Flags::default());
    let middle = Flags::new(bits, 0, 0, 0);
    if spatial {
        let step = o * n;
        let k = ((extent - m) / o + 1) / n - 1;
        if k > 0 {
            states.push(k, middle);
        }
        if (k + 1) * step + covered > extent && k * step + covered != extent {
            let rem = extent - (k + 1) * step;
            let a = if rem < m { 1 } else { (rem - m) / o + 1 };
            let ragged = if (a - 1) * o + m < rem { bits } else { 0 };
            states.push(1, Flags::new(bits, bits, ragged, 0));
        }
    } else {
        let k = (extent - m) / o;
        if k > 0 {
            states.push(k, middle);
        }
        if k * o + m < extent {
            states.push(1, Flags::new(bits, bits, 0, 0));
        }
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
    count: usize,
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
        count: 0,
        outer: [Case::NONE; MAX_DIRECTIVES + 1],
        visited: 0,
        total: 0,
    };

    /// Begins with the cases of `level` on a tile of these extents; to be called once.
    pub fn begin(&mut self, level: &Level, extents: &DimMap<i64>) {
        self.total = 1;
        let mut fixed = Flags::default();
        for (i, d) in level.segment.directives().iter().enumerate() {
            // The place after the wheels so far; a loop of one state leaves it to the next.
            let wheel = &mut self.wheels[self.count];
            states(wheel, d, extents[d.dim], level.clusters, level.owned[i]);
            if wheel.len == 1 {
                fixed = fixed.or(wheel.items[0].flags);
            } else {
                self.count += 1;
                self.total *= wheel.len as u32; // at most 3^12
            }
        }
        self.outer[0] = Case {
            occurrences: 1,
            flags: fixed,
            class: 0,
        };
        let mut class = 1;
        for wheel in self.wheels[..self.count].iter_mut().rev() {
            let state = &mut wheel.items[wheel.len - 1];
            if state.flags.last() != 0 {
                state.class = class;
                class <<= 1;
            }
        }
    }

    /// How many there are.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// The next case.
    #[inline]
    pub fn next(&mut self) -> Result<Option<Case>, Overflow> {
        if self.visited == self.total {
            return Ok(None);
        }
        // The outermost wheel that turns.
        let mut turned = 0;
        if self.visited == 1 {
            self.at = [1; MAX_DIRECTIVES];
        } else if self.visited > 1 {
            turned = self.count;
            while turned > 0 {
                turned -= 1;
                let at = &mut self.at[turned];
                *at += 1;
                if *at == self.wheels[turned].len {
                    *at = 0;
                }
                if *at != 1 {
                    break;
                }
            }
        }
        self.visited += 1;
        for i in turned..self.count {
            let state = &self.wheels[i].items[self.at[i]];
            self.outer[i + 1] = self.outer[i].and(state)?;
        }
        Ok(Some(self.outer[self.count]))
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
