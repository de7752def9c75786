//! What a sub-cluster holds of a dimension, what of it is new, and who is active at an edge.

use super::arith::{div_sizes, rem_sizes};
use super::mapping::Directive;
use crate::ir::dataflow::MapKind;

/// The tile of one dimension at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    /// Elements a sub-cluster holds.
    pub full: i64,
    /// Elements new relative to the neighbouring or the previous tile.
    pub fresh: i64,
    /// Elements held at the edge of the dimension.
    pub tail: i64,
    /// Elements new at the edge.
    pub tail_fresh: i64,
}

/// What of a tile counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    /// All that is held.
    Full,
    /// What is new.
    Fresh,
    /// What is held at the edge.
    Tail,
    /// The same of input rows or columns where those of outputs would be right.
    InputTail,
    /// What is new at the edge.
    TailFresh,
    /// One element.
    One,
}

impl Tile {
    /// Nothing.
    pub const EMPTY: Tile = Tile {
        full: 0,
        fresh: 0,
        tail: 0,
        tail_fresh: 0,
    };

    /// Whether it holds one element, at the edge too.
    pub fn is_one(&self) -> bool {
        self.full == 1 && self.tail == 1
    }
}

/// What is taken of a tile: how much, or which share of it, by the same rules.
pub(super) trait Taken {
    /// So much of this tile.
    fn taken(tile: &Tile, share: Share) -> Self;
}

impl Taken for i64 {
    #[inline(always)]
    fn taken(tile: &Tile, share: Share) -> i64 {
        match share {
            Share::Full => tile.full,
            Share::Fresh => tile.fresh,
            Share::Tail | Share::InputTail => tile.tail,
            Share::TailFresh => tile.tail_fresh,
            Share::One => 1,
        }
    }
}

/// The tile of a directive with size m and step o on a dimension of extent D.
///
/// After as many whole steps as fit, r = (D - m) mod o elements are left over, or r = D - m if a
/// single tile covers the dimension. There is an edge if r is not 0, and
/// e = m + r - o (D if that is negative) elements remain there:
/// full = m; fresh = 0 for a temporal directive that holds all (D <= m), else min(m, o);
/// tail = e at an edge, else m; tail_fresh = max(o - (m - e), 0).
///
/// A tile larger than its dimension (m > D >= o) gets e = D - o where all D elements would be
/// right; outputs of that tile may come out negative, and the case is then skipped.
#[inline]
pub(super) fn tile(d: &Directive, extent: i64) -> Tile {
    let (m, o) = (d.size, d.step);
    let (left, fresh) = if extent > m {
        (rem_sizes(extent - m, o), m.min(o))
    } else {
        let held = d.kind == MapKind::Temporal;
        (extent - m, if held { 0 } else { m.min(o) })
    };
    let rest = m + left - o;
    let rest = if rest < 0 { extent } else { rest };
    Tile {
        full: m,
        fresh,
        tail: if left != 0 { rest } else { m },
        tail_fresh: (o - (m - rest)).max(0),
    }
}

/// The tile of output rows (columns) that tiles `input` of input rows and `window` of filter rows
/// give: full' = full - full_w + 1, fresh' = min(m, o), tail' = tail - tail_w + 1,
/// tail_fresh' = min(o, tail'). `d` is the directive on the input.
#[inline]
pub(super) fn output_tile(d: &Directive, input: &Tile, window: &Tile) -> Tile {
    let tail = input.tail - window.tail + 1;
    Tile {
        full: input.full - window.full + 1,
        fresh: d.size.min(d.step),
        tail,
        tail_fresh: d.step.min(tail),
    }
}

/// How many of n sub-clusters have work where the loop over the primary spatial dimension reaches
/// its edge. With cov = o (n - 1) + m elements covered at once:
///
/// * D <= m: one;
/// * D > cov: the k + 1 = ((D - m) / o + 1) / n full rounds leave rem = D - (k + 1) o n; one if
///   rem < m, else (rem - m) / o + 1. A partial last tile is forgotten here, although `cases`
///   assumes its sub-cluster is among these: where it is the only one, work is lost;
/// * otherwise a = (D - m) / o + 1, and one more if o (a - 1) + m < D.
pub(super) fn edge_clusters(m: i64, o: i64, extent: i64, n: i64) -> i64 {
    let covered = o * (n - 1) + m;
    if extent <= m {
        1
    } else if extent > covered {
        let rounds = div_sizes(div_sizes(extent - m, o) + 1, n);
        let rem = extent - rounds * o * n;
        if rem < m {
            1
        } else {
            div_sizes(rem - m, o) + 1
        }
    } else {
        let a = div_sizes(extent - m, o) + 1;
        a + i64::from(o * (a - 1) + m < extent)
    }
}
