//! Units of the array that a layer's tiles do not fill, and the directive that spreads these.

use super::inputs::directive;
use super::number::{counted, grouped};
use crate::ir::dataflow::{Directive, MapKind, Rule};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::menu::Menu;
use crate::ir::problem::Problem;
use crate::ir::size::Size;

/// Per level that spreads one dimension over more units than it has tiles, or not evenly: which
/// directive, how many tiles, how many units. Levels that spread two dimensions share units in a way
/// of each model's own and are left out, as are tiles that overlap under a stride.
pub fn units(problem: &Problem, rule: &Rule, shape: &LayerShape, knobs: &[u64]) -> Vec<String> {
    let value = |size: &Size| -> Option<u64> {
        let plain = |size: &Size| match *size {
            Size::Count(n) => i64::try_from(n).ok(),
            Size::Extent(dim) if of_input(dim) => None,
            Size::Extent(dim) => i64::try_from(shape.bound(dim)).ok(),
            Size::Knob(knob) => i64::try_from(*knobs.get(knob)?).ok(),
            Size::Computed(_) => None,
        };
        let value = size.value(&plain)?;
        u64::try_from(value).ok().filter(|&n| n > 0)
    };
    let Some(units) = units_by_level(rule, knobs, &value) else {
        return Vec::new();
    };
    let mut told = Vec::new();
    for (l, level) in rule.levels.iter().enumerate() {
        let spread = |d: &&Directive| d.kind == MapKind::Spatial;
        let mut spatial = level.directives.iter().filter(spread);
        let (Some(one), None) = (spatial.next(), spatial.next()) else {
            continue;
        };
        let outer = rule.levels[..l].iter().flat_map(|level| &level.directives);
        let (outer, n) = (outer.collect::<Vec<_>>(), units[l]);
        let Some(tiles) = tiles(one, &outer, shape, &value) else {
            continue;
        };
        let last = l + 1 == rule.levels.len();
        let of = match (l, last) {
            (_, true) if rule.levels.len() == 1 => "PE",
            (_, true) => "PE of a cluster",
            _ => "cluster",
        };
        let all = match of.split_once(' ') {
            Some((unit, rest)) => format!("{} {rest}", counted(usize_of(n), unit)),
            None => counted(usize_of(n), of),
        };
        let directive = directive(one, &problem.menu.knobs);
        let of_dim = format!("`{directive}` has {}", counted(usize_of(tiles), "tile"));
        if tiles < n {
            told.push(format!("{of_dim} for {all}: {} idle", grouped(n - tiles)));
        } else if tiles % n != 0 {
            let rounds = grouped(tiles.div_ceil(n));
            let rest = grouped(tiles % n);
            told.push(format!(
                "{of_dim} for {all}: {rounds} rounds, of which the last has {rest}"
            ));
        }
    }
    told
}

fn usize_of(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn of_input(dim: Dim) -> bool {
    matches!(dim, Dim::Y | Dim::X)
}

/// Units of each level: those of the outermost take what the clusters inside leave.
fn units_by_level(
    rule: &Rule,
    knobs: &[u64],
    value: &impl Fn(&Size) -> Option<u64>,
) -> Option<Vec<u64>> {
    let inner = rule.levels.iter().skip(1);
    let inner = inner.map(|level| level.cluster.as_ref().map_or(Some(1), value));
    let inner: Vec<u64> = inner.collect::<Option<_>>()?;
    let cluster = inner.iter().try_fold(1u64, |all, n| all.checked_mul(*n))?;
    let outermost = knobs.get(Menu::PES)?.checked_div(cluster)?;
    Some([vec![outermost], inner].concat())
}

/// Tiles of what a directive spreads.
fn tiles(
    spread: &Directive,
    outer: &[&Directive],
    shape: &LayerShape,
    value: &impl Fn(&Size) -> Option<u64>,
) -> Option<u64> {
    let (size, step) = (value(&spread.size)?, value(&spread.step)?);
    let axis = match spread.dim {
        Dim::Y | Dim::YOut => Some((0, [Dim::Y, Dim::YOut], Dim::R)),
        Dim::X | Dim::XOut => Some((1, [Dim::X, Dim::XOut], Dim::S)),
        _ => None,
    };
    let Some((axis, of_axis, window)) = axis else {
        // Model `maestro` takes the rows of all products of a GEMM together.
        let products = shape.op == Op::Gemm && matches!(spread.dim, Dim::M | Dim::G);
        if size != step || products && shape.bound(Dim::G) > 1 {
            return None;
        }
        let mut extent = shape.bound(spread.dim);
        for around in outer.iter().filter(|d| d.dim == spread.dim) {
            extent = extent.min(value(&around.size)?);
        }
        return Some(extent.div_ceil(size));
    };
    // Rows of outputs, of the whole layer and one by one.
    let plain = shape.stride[axis] == 1 && shape.dilation[axis] == 1;
    if !plain || outer.iter().any(|d| of_axis.contains(&d.dim)) {
        return None;
    }
    let taps = shape.bound(window);
    let rows = match of_input(spread.dim) {
        true => (size + 1).checked_sub(taps)?,
        false => size,
    };
    (rows == step && rows > 0).then_some(shape.output()?[axis].div_ceil(rows))
}
