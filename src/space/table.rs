//! Price tables: every distinct layer shape at every point of the grid, priced once.

use super::point::{Grid, Point};
use crate::cost::{CostModel, Price, Refused};
use crate::ir::problem::Problem;
use rayon::prelude::*;

/// Prices of all points of one layer shape; `None` where the model refuses.
pub type Table = Vec<Option<Price>>;

/// Prices every shape of the problem at the given points of the grid (others stay `None`). The
/// work is spread over threads; the result does not depend on how.
pub fn fill(problem: &Problem, model: &dyn CostModel, grid: &Grid, points: &[Point]) -> Vec<Table> {
    let size = grid.size().unwrap_or(0);
    let priced: Vec<Vec<Option<Price>>> = (0..problem.shapes.len())
        .into_par_iter()
        .map(|shape| {
            points
                .par_iter()
                .map(|&p| price(problem, model, grid, shape, p).ok())
                .collect()
        })
        .collect();
    priced
        .into_iter()
        .map(|row| {
            if points.len() == size {
                return row;
            }
            let mut table = vec![None; size];
            for (&point, price) in points.iter().zip(row) {
                table[point as usize] = price;
            }
            table
        })
        .collect()
}

/// The price of one shape at one point.
///
/// # Errors
/// Why the model refuses it.
pub fn price(
    problem: &Problem,
    model: &dyn CostModel,
    grid: &Grid,
    shape: usize,
    point: Point,
) -> Result<Price, Refused> {
    let (dataflow, knobs) = grid.values(point);
    let Some(rule) = problem.rule(shape, dataflow) else {
        return Err(Refused::new(format!(
            "the dataflow does not map {} layers",
            problem.shapes[shape].op.name()
        )));
    };
    model.price(&problem.shapes[shape], rule, &knobs)
}
