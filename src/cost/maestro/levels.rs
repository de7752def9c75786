//! Directives completed: from what is written to what every cluster level does.

use super::arith::{is_size, mul};
use super::hardware::Hardware;
use super::layer::{AXES, Coupling, Kind, Problem};
use super::mapping::{Directive, MAX_DIRECTIVES, MAX_LEVELS, Mapping, Segment};
use super::refusal::Refusal;
use super::tiles::{Tile, edge_clusters, output_tile, tile};
use crate::ir::dataflow::MapKind;
use crate::ir::dim::{Dim, DimMap, DimSet};

/// Loops of a level as bits, bit 0 the outermost.
pub(super) type LoopSet = u16;

/// The members of a loop set, outermost first.
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
/// multiplies over both; `owner` and `spatial` say so here.
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
    /// Per loop: what a sub-cluster computes of it, Y' for Y and X' for X.
    pub out_tiles: [Tile; MAX_DIRECTIVES],
    /// Per loop: the last loop over the same dimension.
    pub owner: [u8; MAX_DIRECTIVES],
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
}

impl Level {
    const EMPTY: Level = Level {
        clusters: 0,
        edge_clusters: 0,
        segment: Segment::EMPTY,
        nominal: DimMap([0; Dim::COUNT]),
        known: DimSet(0),
        tiles: [Tile::EMPTY; MAX_DIRECTIVES],
        out_tiles: [Tile::EMPTY; MAX_DIRECTIVES],
        owner: [0; MAX_DIRECTIVES],
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
    };

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

/// All cluster levels of a mapping.
pub(super) struct Levels {
    items: [Level; MAX_LEVELS],
    len: usize,
}

impl Levels {
    /// The levels, outermost first.
    pub fn as_slice(&self) -> &[Level] {
        &self.items[..self.len]
    }

    /// No levels yet. Large, so it is filled in place rather than returned filled.
    pub const fn new() -> Levels {
        Levels {
            items: [Level::EMPTY; MAX_LEVELS],
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
            level.segment = *segment;
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
            complete(level, above.last(), problem, g as u8)?;
            derive(level, problem);
        }
        Ok(())
    }
}

/// A temporal directive on R or S must hold and step over the whole window, as written.
fn check_windows(segment: &Segment, problem: &Problem, level: u8) -> Result<(), Refusal> {
    for d in segment.directives() {
        let whole = d.size == d.step && d.size == problem.extents[d.dim];
        if matches!(d.dim, Dim::R | Dim::S) && d.kind == MapKind::Temporal && !whole {
            return Err(Refusal::PartialWindow { level, dim: d.dim });
        }
    }
    Ok(())
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

/// Completes a level's directives, in this order: output dimensions become input dimensions,
/// directives missing here are inherited, what is still missing is held whole, strides widen
/// tiles and steps. Then every directive must have its dimension, and one or two be spatial.
fn complete(
    level: &mut Level,
    above: Option<&Level>,
    problem: &Problem,
    g: u8,
) -> Result<(), Refusal> {
    if problem.kind.slides() {
        map_inputs(&mut level.segment, g)?;
    }
    if let Some(above) = above {
        // Each goes to the front, so inherited loops end up in reverse order.
        for d in above.segment.directives() {
            if level.segment.first(d.dim).is_none() {
                level.segment.push_front(
                    Directive {
                        kind: MapKind::Temporal,
                        ..*d
                    },
                    g,
                )?;
            }
        }
    }
    for dim in problem.operands.iter() {
        if level.segment.first(dim).is_none() {
            if !level.known.has(dim) {
                return Err(Refusal::NoSuchDimension { level: g, dim });
            }
            let whole = level.nominal[dim];
            level
                .segment
                .push(Directive::temporal(dim, whole, whole), g)?;
        }
    }
    if problem.kind.slides() {
        apply_strides(&mut level.segment, problem, g)?;
    }
    let mut spatial = 0;
    for (i, d) in level.segment.directives().iter().enumerate() {
        if !level.known.has(d.dim) {
            return Err(Refusal::NoSuchDimension {
                level: g,
                dim: d.dim,
            });
        }
        if let Some(&value) = [d.size, d.step].iter().find(|v| !is_size(**v)) {
            return Err(Refusal::Tile {
                level: g,
                dim: d.dim,
                value,
            });
        }
        if d.kind == MapKind::Spatial {
            if spatial == 0 {
                level.primary = i as u8;
            }
            level.last_spatial = i as u8;
            spatial += 1;
        }
    }
    if !(1..=2).contains(&spatial) {
        return Err(Refusal::SpatialMaps {
            level: g,
            count: spatial,
        });
    }
    Ok(())
}

/// A directive on m rows of output becomes one on the m + m_w - 1 rows of input they need, where
/// m_w is the size of the level's own directive on the window. The step stays.
fn map_inputs(segment: &mut Segment, level: u8) -> Result<(), Refusal> {
    for axis in &AXES {
        if segment.first(axis.output).is_none() {
            continue;
        }
        if segment.first(axis.input).is_some() {
            return Err(Refusal::MappedTwice {
                level,
                dim: axis.output,
            });
        }
        let Some(&Directive { size: window, .. }) = segment.first(axis.window) else {
            return Err(Refusal::NoWindow {
                level,
                dim: axis.output,
            });
        };
        for d in segment.directives_mut() {
            if d.dim == axis.output {
                d.dim = axis.input;
                d.size = d.size + window - 1;
            }
        }
    }
    Ok(())
}

/// Widens tiles of rows and columns for a stride st other than 1. With the full window w and
/// t = (m + st - w) / st outputs in the tile, m := t min(st, w) + max(w - st, 0) and o := t st,
/// except t w below the outermost level if w < st. Tiles below one window stay. Inherited tiles
/// are widened again at each level.
fn apply_strides(segment: &mut Segment, problem: &Problem, level: u8) -> Result<(), Refusal> {
    for d in segment.directives_mut() {
        let Some(axis) = AXES.iter().find(|a| a.input == d.dim) else {
            continue;
        };
        let (stride, window) = (problem.stride[d.dim], problem.extents[axis.window]);
        if stride == 1 || d.size < window {
            continue;
        }
        let outputs = (d.size + stride - window) / stride;
        d.size = outputs * stride.min(window) + (window - stride).max(0);
        let step = if level > 0 && window < stride {
            window
        } else {
            stride
        };
        d.step = mul(outputs, step)?;
    }
    Ok(())
}

/// Everything that follows from a level's final directives.
fn derive(level: &mut Level, problem: &Problem) {
    let segment = level.segment;
    let directives = segment.directives();
    level.edge_clusters = {
        let d = directives[level.primary as usize];
        edge_clusters(d.size, d.step, level.nominal[d.dim], level.clusters)
    };
    let mut by_dim = DimMap([Tile::EMPTY; Dim::COUNT]);
    let mut last = DimMap([0; Dim::COUNT]);
    let mut first = DimMap([None; Dim::COUNT]);
    for (i, d) in directives.iter().enumerate() {
        by_dim[d.dim] = tile(d, level.nominal[d.dim]);
        last[d.dim] = i as u8;
        first[d.dim].get_or_insert(i);
    }
    for (i, d) in directives.iter().enumerate() {
        level.owner[i] = last[d.dim];
        level.tiles[i] = by_dim[d.dim];
        level.out_tiles[i] = by_dim[d.dim];
        if level.tiles[i].tail != level.tiles[i].full {
            level.uneven |= 1 << i;
        }
        if first[d.dim].is_some_and(|f| directives[f].kind == MapKind::Spatial) {
            level.spatial |= 1 << i;
        }
    }
    if problem.kind != Kind::Gemm {
        for axis in &AXES {
            for i in (0..directives.len()).filter(|&i| directives[i].dim == axis.input) {
                let owner = &directives[last[axis.input] as usize];
                level.out_tiles[i] = output_tile(owner, &level.tiles[i], &by_dim[axis.window]);
            }
        }
    }
    let couple = |coupling: &Coupling| {
        let mut tensor = TensorLoops::default();
        for (i, d) in directives.iter().enumerate() {
            if coupling.set.has(d.dim) {
                tensor.all |= 1 << i;
                if first[d.dim] == Some(i) {
                    tensor.once |= 1 << i;
                }
            }
        }
        let batch = coupling.set.has(Dim::N) && !coupling.order.contains(&Dim::N);
        let mut order = batch.then_some(&Dim::N).into_iter().chain(coupling.order);
        if let Some(&dim) = order.rfind(|&&dim| level.spatial & (1 << last[dim]) != 0) {
            tensor.last_spatial = 1 << last[dim];
        }
        tensor
    };
    let (input, filter, output) = (
        couple(&problem.input),
        couple(&problem.filter),
        couple(&problem.output),
    );
    level.reduction = ((1 << directives.len()) - 1) & !output.all;
    (level.input, level.filter, level.output) = (input, filter, output);
}
