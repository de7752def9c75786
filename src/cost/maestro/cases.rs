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
        LoopSet::from(self.0 as u16)
    }

    /// Holding an edge tile: at the last iteration, or at a single one that overruns. A single
    /// iteration counts as the first.
    #[inline]
    pub fn edge(self) -> LoopSet {
        LoopSet::from((self.0 >> 16) as u16)
    }

    /// The last active sub-cluster holds a partial tile.
    #[inline]
    pub fn ragged(self) -> LoopSet {
        LoopSet::from((self.0 >> 32) as u16)
    }

    /// The first iteration is the only one.
    #[inline]
    pub fn unrolled(self) -> LoopSet {
        LoopSet::from((self.0 >> 48) as u16)
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
    /// first, without gaps, above a bit that all cases have. A loop that is not differs from a
    /// first iteration only in `moving`, so all cases of a class have equal `edge` and `ragged`
    /// loops.
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

    /// A loop at its first iteration.
    const FIRST: Case = Case {
        occurrences: 1,
        ..Case::NONE
    };

    /// Both at once.
    #[inline]
    pub fn and(&self, other: &Case) -> Result<Case, Overflow> {
        Ok(Case {
            occurrences: mul(self.occurrences, other.occurrences)?,
            flags: self.flags.or(other.flags),
            class: self.class | other.class,
            mover: self.mover.max(other.mover),
        })
    }
}

/// A loop of several states, in the order first, last, middle. It turns backwards.
#[derive(Debug, Clone, Copy)]
struct Wheel {
    states: [Case; 3],
    len: usize,
    /// Which of its states it is at.
    at: usize,
}

impl Wheel {
    const NONE: Wheel = Wheel {
        states: [Case::NONE; 3],
        len: 0,
        at: 0,
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
    #[inline(always)]
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
        self.states[0] = Case::FIRST;
        self.len = 1;
        if ends {
            let ragged = if ragged { bits } else { 0 };
            self.push(1, Flags::new(bits, bits, ragged, 0), mover);
        }
        if k > 0 {
            self.push(k, Flags::new(bits, 0, 0, 0), mover);
        }
    }

    fn push(&mut self, occurrences: i64, flags: Flags, mover: u32) {
        self.states[self.len].occurrences = occurrences;
        self.states[self.len].flags = flags;
        self.states[self.len].mover = mover;
        self.len += 1;
    }
}

/// The cases of a level, in the order of the reference.
///
/// Every combination of states occurs once. With s_i states of loop i and f_i the product of s_j
/// over the loops inside i, case number c takes of loop i the state ceil(c / f_i) mod s_i, counted
/// from the first. So the case with every loop at its first state comes before all others; and
/// those are what an odometer shows whose wheels bear the first state last: middle, last, first.
pub(super) struct Cases {
    /// The loops of several states, outermost first.
    wheels: [Wheel; MAX_DIRECTIVES],
    /// Which of them is the innermost.
    innermost: usize,
    /// What the states of the outermost i wheels come to, and those of the loops of one state.
    outer: [Case; MAX_DIRECTIVES],
    /// Combinations of the wheels outside the innermost.
    rounds: u32,
}

impl Cases {
    /// No cases. Large, so it is filled in place rather than returned filled.
    pub const NONE: Cases = Cases {
        wheels: [Wheel::NONE; MAX_DIRECTIVES],
        innermost: 0,
        outer: [Case::NONE; MAX_DIRECTIVES],
        rounds: 0,
    };

    /// Begins with the cases of `level` on a tile of these extents; to be called once. Says how
    /// many there are.
    pub fn begin(&mut self, level: &Level, extents: &DimMap<i64>) -> u32 {
        let mut total = 1;
        let mut count = 0;
        let (mut edge, mut ragged, mut unrolled) = (0, 0, 0);
        for (i, d) in level.segment.directives().iter().enumerate() {
            let (extent, bits) = (extents[d.dim], level.owned[i]);
            let covered = level.covered(d);
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
                total *= wheel.len as u32; // at most 3^12
            }
        }
        let mut class = 1;
        self.outer[0].class = class;
        for wheel in self.wheels[..count].iter_mut().rev() {
            let last = &mut wheel.states[1];
            if last.flags.last() != 0 {
                class <<= 1;
                last.class = class;
            }
        }
        self.outer[0].occurrences = 1;
        self.outer[0].flags = Flags::new(0, edge, ragged, unrolled);
        self.innermost = count.saturating_sub(1);
        // None if no loop has several states.
        let states = self.wheels[self.innermost].len as u32;
        self.rounds = total.checked_div(states).unwrap_or(0);
        total
    }

    /// Of one of the loops of several states: how many iterations are neither the first nor an
    /// edge, and whether the last is an edge.
    #[cold]
    pub fn turns_of(&self, wheel: usize) -> (i64, bool) {
        let wheel = &self.wheels[wheel];
        let (mut middle, mut last) = (0, false);
        for state in &wheel.states[1..wheel.len] {
            match state.flags.edge() {
                0 => middle = state.occurrences,
                _ => last = true,
            }
        }
        (middle, last)
    }

    /// The states of the loops of one state.
    pub fn fixed(&self) -> Flags {
        self.outer[0].flags
    }

    /// Visits every case.
    #[inline(always)]
    pub fn each<E: From<Overflow>>(
        &mut self,
        mut visit: impl FnMut(Case) -> Result<(), E>,
    ) -> Result<(), E> {
        let inner = self.wheels[self.innermost];
        // What the outer wheels come to, and the states that the innermost takes meanwhile: at
        // first every loop is at its first state.
        let (mut outer, mut states) = (self.outer[0], &[Case::FIRST][..]);
        let mut left = self.rounds;
        loop {
            for state in states.iter().rev() {
                visit(outer.and(state)?)?;
            }
            if left == 0 {
                return Ok(());
            }
            left -= 1;
            outer = self.turn()?;
            states = &inner.states[usize::from(left == 0)..inner.len];
        }
    }

    /// Turns the wheels outside the innermost; what they come to then.
    #[inline(always)]
    fn turn(&mut self) -> Result<Case, Overflow> {
        // The outermost that turns.
        let mut first = self.innermost;
        for wheel in self.wheels[..self.innermost].iter_mut().rev() {
            first -= 1;
            if wheel.at > 0 {
                wheel.at -= 1;
                break;
            }
            wheel.at = wheel.len - 1;
        }
        let mut outer = self.outer[first];
        let turned = &self.wheels[first..self.innermost];
        for (wheel, place) in turned.iter().zip(&mut self.outer[first + 1..]) {
            outer = outer.and(&wheel.states[wheel.at])?;
            *place = outer;
        }
        Ok(outer)
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
