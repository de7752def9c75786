//! Whether every layer has a price somewhere, without filling the tables.

use super::build::{SpaceError, usual_refusal};
use super::point::{Grid, Point};
use super::table;
use crate::cost;
use crate::ir::problem::Problem;

/// Of menus with more points nothing is said.
const MOST_POINTS: usize = 1 << 14;

/// The layers that the model refuses at every point of the menu, whatever is pinned; of those with one
/// reason and rule the first. A point with a price ends the search for a layer: the first and the last
/// are looked at first, since most refusals are of menus that end too early.
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
        let rule = problem.rule(shape, dataflow).map(|r| r.span);
        let cause = (refused.clone(), rule);
        let layer = problem.layers.iter().position(|l| l.shape == shape);
        if let (Some(layer), false) = (layer, told.contains(&cause)) {
            told.push(cause);
            out.push(SpaceError::NoPrice {
                layer,
                refused,
                rule,
            });
        }
    }
    out
}
