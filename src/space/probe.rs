//! Whether every layer has a price somewhere, without filling the tables.

use super::build::{SpaceError, usual_refusal};
use super::point::{Grid, Point};
use super::table;
use crate::cost::{self, Refused};
use crate::ir::dataflow::{MapKind, Rule, Size};
use crate::ir::dim::Dim;
use crate::ir::problem::Problem;

/// Of menus with more points nothing is said.
const MOST_POINTS: usize = 1 << 14;

/// Mistakes of one layer and dataflow that are looked for.
const MOST_MISTAKES: usize = 8;

/// The layers that the model refuses at every point of the menu, whatever is pinned, with each directive
/// that is a mistake of its own; of layers with one mistake the first. A point with a price ends the
/// search for a layer: the first and the last are looked at first, since most refusals are of menus that
/// end too early.
pub fn refused_everywhere(problem: &Problem) -> Vec<SpaceError> {
    let mut out = Vec::new();
    let refined = problem.stages.iter().any(|s| s.refines);
    let grid = Grid::new(&problem.menu, problem.dataflows.len(), refined, &[]);
    let size = grid
        .size()
        .filter(|&size| (1..=MOST_POINTS).contains(&size));
    let model = cost::build(problem.model, &problem.technology, problem.precision);
    let (Some(size), Some(model)) = (size, model) else {
        return out;
    };
    let last = size - 1;
    let points = || [0, last].into_iter().chain(1..last).map(|p| p as Point);
    let price = |shape, point| table::price(problem, model.as_ref(), &grid, shape, point);
    let mut told = Vec::new();
    for shape in 0..problem.shapes.len() {
        if points().any(|point| price(shape, point).is_ok()) {
            continue;
        }
        let all = 0..size as Point;
        let (refused, point) = usual_refusal(all, |point| price(shape, point)).unzip();
        let (dataflow, _) = grid.values(point.unwrap_or(0));
        let rule = problem.rule(shape, dataflow);
        let mut found = vec![refused];
        if let (Some(Some(first)), Some(rule)) = (found.first().cloned(), rule) {
            let refusal = |rule: &Rule| {
                let of_dataflow = || points().filter(|&p| grid.values(p).0 == dataflow);
                let shape = &problem.shapes[shape];
                let price = |point| model.price(shape, rule, &grid.values(point).1);
                let priced = of_dataflow().any(|point| price(point).is_ok());
                let usual = || usual_refusal(of_dataflow(), price);
                (!priced).then(usual)?.map(|(refused, _)| refused)
            };
            found.extend(others(first, rule, refusal).into_iter().map(Some));
        }
        let rule = rule.map(|r| r.span);
        let layer = problem.layers.iter().position(|l| l.shape == shape);
        for refused in found {
            // Layers of other extents have the same reason with other numbers.
            let words = refused.as_ref().map(|r| {
                let words = r
                    .reason
                    .split(|c: char| c.is_ascii_digit())
                    .collect::<String>();
                (words, r.at, r.coefficient)
            });
            let cause = (words, rule);
            if let (Some(layer), false) = (layer, told.contains(&cause)) {
                told.push(cause);
                out.push(SpaceError::NoPrice {
                    layer,
                    refused,
                    rule,
                });
            }
        }
    }
    out
}

/// What else a layer is refused for once the directive of the first refusal holds its whole dimension, or,
/// if that is refused, too, stands in clusters of one unit or is not there. `refusal` is the usual one of a rule that has no price anywhere.
fn others(first: Refused, rule: &Rule, refusal: impl Fn(&Rule) -> Option<Refused>) -> Vec<Refused> {
    let mut found = vec![first];
    let mut mended = rule.clone();
    while let Some(at) = found
        .last()
        .and_then(|r| r.at)
        .filter(|_| found.len() < MOST_MISTAKES)
    {
        let mut levels = mended.levels.iter_mut().map(|l| &mut l.directives);
        let place = levels.find_map(|level| {
            let place = level.iter().position(|d| d.span == at)?;
            Some((level, place))
        });
        let Some((level, place)) = place else { break };
        let directive = &mut level[place];
        // No output has more rows or columns than its padded input, and extents of outputs have no name.
        let whole = match directive.dim {
            Dim::YOut => Dim::Y,
            Dim::XOut => Dim::X,
            dim => dim,
        };
        (directive.size, directive.step) = (Size::Extent(whole), Size::Extent(whole));
        let mut next = refusal(&mended);
        let mut follows = None;
        let again = |next: &Option<Refused>| next.as_ref().is_some_and(|r| r.at == Some(at));
        if again(&next) {
            // Clusters that no level of `pes` fills are told at a directive in them.
            let clusters = mended.levels.iter_mut().map(|l| &mut l.cluster);
            clusters.flatten().for_each(|size| *size = Size::Count(1));
            next = refusal(&mended);
        }
        if again(&next) {
            for level in &mut mended.levels {
                let before = level.directives.len();
                level.directives.retain(|d| d.span != at);
                let spread = level.directives.iter().any(|d| d.kind == MapKind::Spatial);
                // What is said of a level that spreads nothing any more may follow from that.
                if level.directives.len() < before && !spread {
                    follows = level.directives.first().map(|d| d.span);
                }
            }
            next = refusal(&mended);
        }
        match next {
            Some(next)
                if next.at.is_some()
                    && next.at != follows
                    && !found.iter().any(|f| f.at == next.at) =>
            {
                found.push(next)
            }
            _ => break,
        }
    }
    found.split_off(1)
}
