//! What every cluster level does, from its completed directives.

use super::arith::{Overflow, is_size, mul};
use super::complete::complete;
use super::hardware::Hardware;
use super::layer::{AXES, Problem};
use super::mapping::{Directive, MAX_DIRECTIVES, Mapping, Segment};
use super::refusal::Refusal;
use super::tiles::{Tile, edge_clusters, output_tile, tile};
use crate::ir::dataflow::MapKind;
use crate::ir::dim::{Dim, DimMap, DimSet};

/// Loops of a level as bits, bit 0 the outermost.
pub(super) type LoopSet = u32;

/// The members of a loop set, outermost first.
#[inline(always)]
pub(super) fn loops(set: LoopSet) -> impl Iterator<Item = usize> {
    let mut rest = set;
    std::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        let next = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        Some(next)
    })
}

/// The product of a factor per loop, outermost first; 1 if there are none.
#[inline(always)]
pub(super) fn product_over(set: LoopSet, factor: impl Fn(usize) -> i64) -> Result<i64, Overflow> {
    let mut total = 1;
    for i in loops(set) {
        total = mul(total, factor(i))?;
    }
    Ok(total)
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
    /// Extents of the tile the level is given, where it has the dimension.
    pub nominal: DimMap<i64>,
    /// Per loop: what a sub-cluster holds of the dimension. Behind them the tiles of output rows
    /// and columns, if a window slides over those of the input.
    pub tiles: [Tile; MAX_DIRECTIVES + AXES.len()],
    /// Per loop: which of the tiles a sub-cluster computes.
    pub(super) outs: [u8; MAX_DIRECTIVES],
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
        tiles: [Tile::EMPTY; MAX_DIRECTIVES + AXES.len()],
        outs: [0; MAX_DIRECTIVES],
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
        &self.tiles[self.outs[i] as usize]
    }

    /// Elements that one iteration of a loop covers.
    #[inline]
    pub fn covered(&self, d: &Directive) -> i64 {
        match d.kind {
            MapKind::Temporal => d.size,
            MapKind::Spatial => d.size + d.step * (self.clusters - 1),
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
            let (above, rest) = self.items.split_at_mut(g);
            let (level, above) = (&mut rest[0], above.last());
            // Every level maps all operands' dimensions, so that the next has them.
            let mut known = problem.operands;
            match above {
                None => {
                    level.clusters = hw.pes / needed;
                    level.nominal = problem.extents;
                    known = problem.known;
                }
                Some(above) => {
                    level.clusters = segment.cluster_size();
                    pass_down(above, &mut level.nominal);
                }
            }
            complete(level, segment, above, problem, g as u8)?;
            derive(level, known, problem, g as u8)?;
        }
        Ok(())
    }
}

/// The tile a level is given: for each dimension of input and filter, min(m, D) of the level
/// above. No other dimension exists below the outermost level.
fn pass_down(above: &Level, nominal: &mut DimMap<i64>) {
    for d in above.segment.directives().iter().rev() {
        // The first directive of a dimension comes last in this order, and counts.
        nominal[d.dim] = d.size.min(above.nominal[d.dim]);
    }
}

/// Everything that follows from a level's final directives. Each must be of a dimension that is
/// `known`, and one or two of them spatial.
fn derive(level: &mut Level, known: DimSet, problem: &Problem, g: u8) -> Result<(), Refusal> {
    let directives = level.segment.directives();
    let mut loops_of = DimMap([0; Dim::COUNT]);
    let (mut first, mut spread): (LoopSet, LoopSet) = (0, 0);
    for (i, d) in directives.iter().enumerate() {
        if !known.has(d.dim) {
            return Err(Refusal::NoSuchDimension {
                level: g,
                dim: d.dim,
            });
        }
        for value in [d.size, d.step] {
            if !is_size(value) {
                return Err(Refusal::Tile {
                    level: g,
                    dim: d.dim,
                    value,
                });
            }
        }
        let bit = 1 << i;
        if d.kind == MapKind::Spatial {
            spread |= bit;
        }
        if loops_of[d.dim] == 0 {
            first |= bit;
        }
        loops_of[d.dim] |= bit;
    }
    let count = spread.count_ones();
    if !(1..=2).contains(&count) {
        return Err(Refusal::SpatialMaps {
            level: g,
            count: count as u8,
        });
    }
    level.primary = spread.trailing_zeros() as u8;
    level.last_spatial = last_of(spread) as u8;
    level.edge_clusters = {
        let d = &directives[level.primary as usize];
        edge_clusters(d.size, d.step, level.nominal[d.dim], level.clusters)
    };
    for i in loops(spread & first) {
        level.spatial |= loops_of[directives[i].dim];
    }
    for (i, d) in directives.iter().enumerate().rev() {
        let all = loops_of[d.dim];
        let last = last_of(all);
        level.outs[i] = last as u8;
        if last != i {
            level.tiles[i] = level.tiles[last];
            continue;
        }
        let held = tile(d, level.nominal[d.dim]);
        level.tiles[i] = held;
        level.owned[i] = all;
        if held.tail != held.full {
            level.uneven |= all;
        }
        if !held.is_one() {
            level.wide |= all;
        }
    }
    level.out_wide = level.wide;
    if problem.kind.slides() {
        for (at, axis) in AXES.iter().enumerate() {
            // Every operand's dimension is mapped, so both are.
            let window = &level.tiles[last_of(loops_of[axis.window])];
            let sliding = loops_of[axis.input];
            let last = last_of(sliding);
            let slid = output_tile(&directives[last], &level.tiles[last], window);
            level.tiles[MAX_DIRECTIVES + at] = slid;
            for i in loops(sliding) {
                level.outs[i] = (MAX_DIRECTIVES + at) as u8;
            }
            level.out_wide &= !sliding;
            if !slid.is_one() {
                level.out_wide |= sliding;
            }
        }
    }
    let couple = |dims: &[Dim]| {
        let all = dims.iter().fold(0, |all, dim| all | loops_of[*dim]);
        let mut last_spatial = 0;
        if all & level.spatial != 0 {
            let mut loops = dims.iter().map(|dim| loops_of[*dim]);
            let last = loops.rfind(|loops| loops & level.spatial != 0);
            last_spatial = 1 << last.map_or(0, last_of);
        }
        TensorLoops {
            all,
            once: all & first,
            last_spatial,
        }
    };
    level.input = couple(problem.tensors.input);
    level.filter = couple(problem.tensors.filter);
    level.output = couple(problem.tensors.output);
    level.reduction = ((1 << directives.len()) - 1) & !level.output.all;
    Ok(())
}

/// The innermost of some loops; 0 if there is none.
fn last_of(set: LoopSet) -> usize {
    set.checked_ilog2().unwrap_or(0) as usize
}
