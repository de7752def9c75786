//! What every cluster level does, from its completed directives.

use super::arith::mul;
use super::complete::{check_windows, complete};
use super::hardware::Hardware;
use super::layer::{AXES, Coupling, Problem};
use super::mapping::{MAX_DIRECTIVES, Mapping, Segment};
use super::refusal::Refusal;
use super::tiles::{Tile, edge_clusters, output_tile, tile};
use crate::ir::dataflow::MapKind;
use crate::ir::dim::{Dim, DimMap, DimSet};

/// Loops of a level as bits, bit 0 the outermost.
pub(super) type LoopSet = u16;

/// The members of a loop set, outermost first.
#[inline]
pub(super) fn loops(set: LoopSet) -> impl Iterator<Item = usize> {
    let mut rest = set;
    std::iter::from_fn(move || {
        let next = rest.trailing_zeros() as usize;
        rest &= rest.wrapping_sub(1);
        (next < LoopSet::BITS as usize).then_some(next)
    })
}

/// The loops of a level one tensor depends on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TensorLoops {
    /// All of them.
    pub all: LoopSet,
    /// The first loop of each dimension.
    pub once: LoopSet,
    /// The loop of the spatially mapped dimension that comes last in the tensor's own order.
    pub last_spatial: LoopSet,
}

/// One cluster level, complete.
///
/// A dimension is usually mapped by one directive. Where it is mapped twice, the reference takes
/// what the *last* directive makes of it (tile and progress) and the kind of the *first*, and
/// multiplies over both; `owned` and `spatial` say so here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    /// Sub-clusters of the level, n.
    pub clusters: i64,
    /// Sub-clusters active where a spatial loop reaches the edge.
    pub edge_clusters: i64,
    /// Final directives, outermost first.
    pub segment: Segment,
    /// Extents of the tile the level is given, where `known`.
    pub nominal: DimMap<i64>,
    /// Dimensions the tile has.
    pub known: DimSet,
    /// Per loop: what a sub-cluster holds of the dimension.
    pub tiles: [Tile; MAX_DIRECTIVES],
    /// The loops over input rows and those over input columns, if a window slides over them.
    sliding: [LoopSet; 2],
    /// The tiles of output rows and columns that they give.
    slid: [Tile; 2],
    /// Per loop: all loops over the same dimension, if it is the last of them; otherwise none.
    pub owned: [LoopSet; MAX_DIRECTIVES],
    /// Loops over dimensions whose first directive is spatial.
    pub spatial: LoopSet,
    /// The first spatial directive.
    pub primary: u8,
    /// The last spatial directive.
    pub last_spatial: u8,
    /// Loops of the input.
    pub input: TensorLoops,
    /// Loops of the filter.
    pub filter: TensorLoops,
    /// Loops of the output.
    pub output: TensorLoops,
    /// Loops that the output does not depend on: sums run over them.
    pub reduction: LoopSet,
    /// Loops whose edge tile differs from the full tile.
    pub uneven: LoopSet,
    /// Loops with a tile of other than one element: the others are factors of 1.
    pub wide: LoopSet,
    /// Likewise for the tiles of outputs.
    pub out_wide: LoopSet,
}

impl Level {
    const EMPTY: Level = Level {
        clusters: 0,
        edge_clusters: 0,
        segment: Segment::EMPTY,
        nominal: DimMap([0; Dim::COUNT]),
        known: DimSet(0),
        tiles: [Tile::EMPTY; MAX_DIRECTIVES],
        sliding: [0; 2],
        slid: [Tile::EMPTY; 2],
        owned: [0; MAX_DIRECTIVES],
        spatial: 0,
        primary: 0,
        last_spatial: 0,
        input: TensorLoops {
            all: 0,
            once: 0,
            last_spatial: 0,
        },
        filter: TensorLoops {
            all: 0,
            once: 0,
            last_spatial: 0,
        },
        output: TensorLoops {
            all: 0,
            once: 0,
            last_spatial: 0,
        },
        reduction: 0,
        uneven: 0,
        wide: 0,
        out_wide: 0,
    };

    /// Loops of outputs and of what is summed for them.
    #[inline]
    pub fn partial_sums(&self) -> LoopSet {
        self.output.once | self.reduction
    }

    /// What a sub-cluster computes of the dimension of a loop: Y' for Y and X' for X.
    #[inline]
    pub fn out_tile(&self, i: usize) -> &Tile {
        if self.sliding[0] & (1 << i) != 0 {
            &self.slid[0]
        } else if self.sliding[1] & (1 << i) != 0 {
            &self.slid[1]
        } else {
            &self.tiles[i]
        }
    }

    /// Extents of the tile below: what the tile of each dimension holds, its edge tile for the
    /// loops in `edge`.
    pub fn handed_down(&self, edge: LoopSet) -> DimMap<i64> {
        let mut extents = DimMap::default();
        for (i, d) in self.segment.directives().iter().enumerate() {
            let tile = &self.tiles[i];
            extents[d.dim] = if edge & (1 << i) != 0 {
                tile.tail
            } else {
                tile.full
            };
        }
        extents
    }
}

/// All cluster levels of a mapping, at most N.
pub(super) struct Levels<const N: usize> {
    items: [Level; N],
    len: usize,
}

impl<const N: usize> Levels<N> {
    /// The levels, outermost first.
    pub fn as_slice(&self) -> &[Level] {
        &self.items[..self.len]
    }

    /// No levels yet. Large, so it is filled in place rather than returned filled.
    pub const fn new() -> Self {
        Levels {
            items: [Level::EMPTY; N],
            len: 0,
        }
    }

    /// Completes `mapping` for a layer and an array; to be called once.
    ///
    /// With cluster sizes c_1..c_G, U = c_1 ... c_G, the outermost level has P / U sub-clusters
    /// (rounded down) and level g has c_g. Each level is given the tile of the level above.
    pub fn build(
        &mut self,
        problem: &Problem,
        mapping: &Mapping,
        hw: &Hardware,
    ) -> Result<(), Refusal> {
        let written = mapping.segments();
        let mut needed = 1;
        for segment in &written[1..] {
            needed = mul(needed, segment.cluster_size())?;
        }
        if hw.pes < needed {
            return Err(Refusal::TooFewPes {
                pes: hw.pes,
                needed,
            });
        }
        self.len = written.len();
        for (g, segment) in written.iter().enumerate() {
            check_windows(segment, problem, g as u8)?;
            let (above, rest) = self.items.split_at_mut(g);
            let level = &mut rest[0];
            match above.last() {
                None => {
                    level.clusters = hw.pes / needed;
                    level.nominal = problem.extents;
                    level.known = problem.known;
                }
                Some(above) => {
                    level.clusters = segment.cluster_size();
                    pass_down(above, problem.operands, level);
                }
            }
            complete(level, segment, above.last(), problem, g as u8)?;
            derive(level, problem);
        }
        Ok(())
    }
}

/// The tile a level is given: for each dimension of input and filter, min(m, D) of the level
/// above. No other dimension exists below the outermost level.
fn pass_down(above: &Level, operands: DimSet, level: &mut Level) {
    for d in above.segment.directives().iter().rev() {
        // The first directive of a dimension comes last in this order, and counts.
        if operands.has(d.dim) {
            level.nominal[d.dim] = d.size.min(above.nominal[d.dim]);
            level.known = level.known.with(d.dim);
        }
    }
}

/// Everything that follows from a level's final directives.
fn derive(level: &mut Level, problem: &Problem) {
    let directives = level.segment.directives();
    level.edge_clusters = {
        let d = &directives[level.primary as usize];
        edge_clusters(d.size, d.step, level.nominal[d.dim], level.clusters)
    };
    let mut loops_of = DimMap([0; Dim::COUNT]);
    let mut mapped = DimSet(0);
    let mut spatial = DimSet(0);
    let mut first: LoopSet = 0;
    for (i, d) in directives.iter().enumerate() {
        loops_of[d.dim] |= 1 << i;
        if !mapped.has(d.dim) {
            mapped = mapped.with(d.dim);
            first |= 1 << i;
            if d.kind == MapKind::Spatial {
                spatial = spatial.with(d.dim);
            }
        }
    }
    for (i, d) in directives.iter().enumerate() {
        let all = loops_of[d.dim];
        let last = last_of(all);
        let held = tile(&directives[last], level.nominal[d.dim]);
        level.tiles[i] = held;
        level.owned[i] = if last == i { all } else { 0 };
        level.uneven |= LoopSet::from(held.tail != held.full) << i;
        level.wide |= LoopSet::from(!held.is_one()) << i;
        level.spatial |= LoopSet::from(spatial.has(d.dim)) << i;
    }
    level.out_wide = level.wide;
    if problem.kind.slides() {
        for (at, axis) in AXES.iter().enumerate() {
            // Every operand's dimension is mapped, so both are.
            let window = &level.tiles[last_of(loops_of[axis.window])];
            let loops = loops_of[axis.input];
            let last = last_of(loops);
            let slid = output_tile(&directives[last], &level.tiles[last], window);
            level.sliding[at] = loops;
            level.slid[at] = slid;
            level.out_wide &= !loops;
            if !slid.is_one() {
                level.out_wide |= loops;
            }
        }
    }
    let couple = |coupling: &Coupling| {
        let mut all = 0;
        for (i, d) in directives.iter().enumerate() {
            all |= LoopSet::from(coupling.set.has(d.dim)) << i;
        }
        let last_spatial = if all & level.spatial == 0 {
            0
        } else {
            // The batch comes first in the order.
            let last = coupling.order.iter().rfind(|dim| spatial.has(**dim));
            1 << last_of(loops_of[*last.unwrap_or(&Dim::N)])
        };
        TensorLoops {
            all,
            once: all & first,
            last_spatial,
        }
    };
    let (input, filter, output) = (
        couple(&problem.input),
        couple(&problem.filter),
        couple(&problem.output),
    );
    level.reduction = ((1 << directives.len()) - 1) & !output.all;
    (level.input, level.filter, level.output) = (input, filter, output);
}

/// The innermost of some loops; 0 if there is none.
fn last_of(set: LoopSet) -> usize {
    set.checked_ilog2().unwrap_or(0) as usize
}
