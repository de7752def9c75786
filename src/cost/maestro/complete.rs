//! Directives completed: from what is written to the loops of a level.

use super::arith::mul;
use super::layer::{AXES, Problem};
use super::levels::{Level, LoopSet, loops};
use super::mapping::{Directive, Segment};
use super::refusal::Refusal;
use crate::ir::dataflow::MapKind;
use crate::ir::dim::{Dim, DimSet};

/// Completes a level's directives, in this order: output dimensions become input dimensions,
/// directives missing here are inherited, what is still missing is held whole, strides widen
/// tiles and steps. A temporal directive on R or S must hold and step over the whole window, as
/// written.
pub(super) fn complete(
    level: &mut Level,
    written: &Segment,
    above: Option<&Level>,
    problem: &Problem,
    g: u8,
) -> Result<(), Refusal> {
    let mut mapped = DimSet(0);
    for d in written.directives() {
        mapped = mapped.with(d.dim);
        if matches!(d.dim, Dim::R | Dim::S) && d.kind == MapKind::Temporal {
            let window = problem.extents[d.dim];
            if d.size != window || d.step != window {
                return Err(Refusal::PartialWindow {
                    level: g,
                    dim: d.dim,
                });
            }
        }
    }
    level.segment = *written;
    if problem.kind.slides() {
        map_inputs(&mut level.segment, &mut mapped, g)?;
    }
    if let Some(above) = above {
        inherit(&mut level.segment, &mut mapped, &above.segment, g)?;
    }
    for dim in problem.operands.without(mapped).iter() {
        let whole = level.nominal[dim];
        level
            .segment
            .push(Directive::temporal(dim, whole, whole), g)?;
    }
    if problem.kind.slides() {
        apply_strides(&mut level.segment, problem, g)?;
    }
    Ok(())
}

/// A directive on m rows of output becomes one on the m + m_w - 1 rows of input they need, where
/// m_w is the size of the level's own directive on the window. The step stays.
fn map_inputs(segment: &mut Segment, mapped: &mut DimSet, level: u8) -> Result<(), Refusal> {
    for axis in &AXES {
        if !mapped.has(axis.output) {
            continue;
        }
        if mapped.has(axis.input) {
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
        *mapped = mapped.without(DimSet::of(&[axis.output])).with(axis.input);
    }
    Ok(())
}

/// Adds what the level above maps and this one does not, as temporal directives. Each in turn
/// becomes the outermost, so they end up in reverse order.
fn inherit(
    segment: &mut Segment,
    mapped: &mut DimSet,
    above: &Segment,
    level: u8,
) -> Result<(), Refusal> {
    let mut inherited: LoopSet = 0;
    for (i, d) in above.directives().iter().enumerate() {
        if !mapped.has(d.dim) {
            *mapped = mapped.with(d.dim);
            inherited |= 1 << i;
        }
    }
    let count = inherited.count_ones() as usize;
    let outermost = segment.push_front(count, level)?;
    for (slot, i) in outermost.iter_mut().rev().zip(loops(inherited)) {
        *slot = Directive {
            kind: MapKind::Temporal,
            ..above.directives()[i]
        };
    }
    Ok(())
}

/// Widens tiles of rows and columns for a stride st other than 1. With the full window w and
/// t = (m + st - w) / st outputs in the tile, m := t min(st, w) + max(w - st, 0) and o := t st,
/// except t w below the outermost level if w < st. Tiles below one window stay. Inherited tiles
/// are widened again at each level.
fn apply_strides(segment: &mut Segment, problem: &Problem, level: u8) -> Result<(), Refusal> {
    for (axis, stride) in AXES.iter().zip(problem.stride) {
        let window = problem.extents[axis.window];
        if stride == 1 {
            continue;
        }
        for d in segment.directives_mut() {
            if d.dim != axis.input || d.size < window {
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
    }
    Ok(())
}
