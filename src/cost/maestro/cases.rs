//! States of a loop, their combinations, and the order in which those are visited.

use super::arith::mul;
use super::levels::{Level, LoopSet};
use super::mapping::{Directive, MAX_DIRECTIVES};
use super::refusal::Refusal;
use crate::ir::dataflow::MapKind;
use crate::ir::dim::DimMap;

/// What is true of which loops, as one bit per loop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// Past the first iteration.
    pub moving: LoopSet,
    /// At the last iteration, which holds an edge tile; a single iteration counts as the first.
    pub last: LoopSet,
    /// Holding an edge tile: at the last iteration, or at a single one that overruns.
    pub edge: LoopSet,
    /// The last active sub-cluster holds a partial tile.
    pub ragged: LoopSet,
    /// The first iteration is the only one.
    pub unrolled: LoopSet,
}

impl Flags {
    fn or(self, other: Flags) -> Flags {
        Flags {
            moving: self.moving | other.moving,
            last: self.last | other.last,
            edge: self.edge | other.edge,
            ragged: self.ragged | other.ragged,
            unrolled: self.unrolled | other.unrolled,
        }
    }

    /// The innermost loop that is past its first iteration: the one that moves.
    pub fn mover(&self) -> Option<usize> {
        self.moving.checked_ilog2().map(|i| i as usize)
    }
}

/// One combination of states, and how often it occurs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    /// The product of the loops' occurrences. The original keeps it in 32 bits and wraps.
    pub occurrences: i64,
    /// The states.
    pub flags: Flags,
}

/// One state of a loop.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    occurrences: i64,
    flags: Flags,
}

/// The states of one loop in the order first, middle, last.
#[derive(Debug, Clone, Copy, Default)]
struct States {
    items: [State; 3],
    len: u8,
}

impl States {
    fn push(&mut self, occurrences: i64, flags: Flags) {
        self.items[self.len as usize] = State { occurrences, flags };
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
    let set = |p: bool| if p { bits } else { 0 };
    states.len = 0;
    let middle = Flags {
        moving: bits,
        ..Flags::default()
    };
    let last = Flags {
        moving: bits,
        last: bits,
        edge: bits,
        ..Flags::default()
    };
    match d.kind {
        MapKind::Temporal => {
            let first = Flags {
                unrolled: set(extent <= m),
                edge: set(extent < m),
                ..Flags::default()
            };
            states.push(1, first);
            let k = (extent - m) / o;
            if m < extent && k > 0 {
                states.push(k, middle);
            }
            if extent >= m && k * o + m < extent {
                states.push(1, last);
            }
        }
        MapKind::Spatial => {
            let covered = m + o * (n - 1);
            let partial = set(extent < covered);
            let first = Flags {
                unrolled: set(extent <= covered),
                edge: partial,
                ragged: partial,
                ..Flags::default()
            };
            states.push(1, first);
            if covered < extent {
                let step = o * n;
                let k = ((extent - m) / o + 1) / n - 1;
                if k > 0 {
                    states.push(k, middle);
                }
                if (k + 1) * step + covered > extent && k * step + covered != extent {
                    let rem = extent - (k + 1) * step;
                    let a = if rem < m { 1 } else { (rem - m) / o + 1 };
                    states.push(
                        1,
                        Flags {
                            ragged: set((a - 1) * o + m < rem),
                            ..last
                        },
                    );
                }
            }
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
    wheels: [States; MAX_DIRECTIVES],
    at: [u8; MAX_DIRECTIVES],
    count: usize,
    fixed: Flags,
    visited: u32,
    total: u32,
}

impl Cases {
    /// The cases of `level` on a tile of these extents.
    pub fn new(level: &Level, extents: &DimMap<i64>) -> Cases {
        let mut cases = Cases {
            wheels: [States::default(); MAX_DIRECTIVES],
            at: [0; MAX_DIRECTIVES],
            count: 0,
            fixed: Flags::default(),
            visited: 0,
            total: 1,
        };
        for (i, d) in level.segment.directives().iter().enumerate() {
            // Of several directives on a dimension the last one owns its state.
            let mut bits = 0;
            for (j, owner) in level.owner[..=i].iter().enumerate() {
                if *owner as usize == i {
                    bits |= 1 << j;
                }
            }
            // The place after the wheels so far; a loop of one state leaves it to the next.
            let wheel = &mut cases.wheels[cases.count];
            states(wheel, d, extents[d.dim], level.clusters, bits);
            if wheel.len == 1 {
                cases.fixed = cases.fixed.or(wheel.items[0].flags);
            } else {
                cases.count += 1;
                cases.total *= u32::from(wheel.len); // at most 3^12
            }
        }
        cases
    }

    /// How many there are.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// The next case.
    pub fn next(&mut self) -> Result<Option<Case>, Refusal> {
        if self.visited == self.total {
            return Ok(None);
        }
        if self.visited == 1 {
            self.at = [1; MAX_DIRECTIVES];
        } else if self.visited > 1 {
            for (at, wheel) in self.at[..self.count].iter_mut().zip(&self.wheels).rev() {
                *at += 1;
                if *at == wheel.len {
                    *at = 0;
                }
                if *at != 1 {
                    break;
                }
            }
        }
        self.visited += 1;
        let mut case = Case {
            occurrences: 1,
            flags: self.fixed,
        };
        for (wheel, at) in self.wheels[..self.count].iter().zip(&self.at) {
            let state = &wheel.items[*at as usize];
            case.occurrences = mul(case.occurrences, state.occurrences)?;
            case.flags = case.flags.or(state.flags);
        }
        Ok(Some(case))
    }
}

/// The extents of sub-clusters' tiles as the set of loops whose edge tile is handed down: the tail
/// where the loop is at an edge and is temporal, or spatial with a single active sub-cluster, or
/// the sub-cluster is the `ragged` last one; the full tile otherwise.
pub(super) fn handed_edges(level: &Level, flags: &Flags, ragged: bool) -> LoopSet {
    let of_all = ragged || level.edge_clusters == 1;
    let which = if of_all { LoopSet::MAX } else { !level.spatial };
    flags.edge & which & level.uneven
}
