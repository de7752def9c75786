//! The price list that `cfxc cost --menu --format csv` prints, written and read.

use cfxc::cost;
use cfxc::emit::prices::{self, PriceRow};
use cfxc::ir::problem::Problem;
use cfxc::space::{Grid, Point, table};
use std::sync::Arc;

/// A layer at a point that has a price.
pub struct Row {
    /// The layer.
    pub layer: String,
    /// The dataflow.
    pub dataflow: String,
    names: Arc<Vec<String>>,
    figures: Vec<f64>,
}

impl Row {
    /// A column, or a metric of a layer by the name it has in budgets.
    pub fn figure(&self, name: &str) -> f64 {
        let column = match name {
            "latency" => "latency_cycles",
            "energy" => "energy_nj",
            "area" => "area_um2",
            "power" => "power_mw",
            "edp_per_layer" => return self.figure("energy") * self.figure("latency"),
            other => other,
        };
        let at = self.names.iter().position(|n| n == column);
        self.figures[at.unwrap_or_else(|| panic!("no column {name}"))]
    }
}

/// The text of the list.
pub fn written(problem: &Problem, refined: bool) -> String {
    let grid = Grid::new(&problem.menu, problem.dataflows.len(), refined, &[]);
    let points: Vec<Point> = if refined {
        (0..grid.size().expect("a small menu") as Point).collect()
    } else {
        grid.coarse_points()
    };
    let model =
        cost::build(problem.model, &problem.technology, problem.precision).expect("a model");
    let mut rows = Vec::new();
    for (layer, entry) in problem.layers.iter().enumerate() {
        for &point in &points {
            let price = table::price(problem, model.as_ref(), &grid, entry.shape, point);
            let (dataflow, knobs) = grid.values(point);
            rows.push(PriceRow {
                layer,
                dataflow,
                knobs,
                price,
            });
        }
    }
    prices::csv(problem, &rows)
}

/// The rows of the list that have a price. Reasons of refusals stand in the last column and are
/// not read; no name of an example has a comma.
pub fn read(text: &str) -> Vec<Row> {
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let figures = 2..header.len() - 1;
    let names = header[figures.clone()].iter().map(|n| n.to_string());
    let names = Arc::new(names.collect::<Vec<_>>());
    let first = header.iter().position(|n| *n == "latency_cycles");
    let first = first.expect("a column of cycles");
    lines
        .filter(|cells| !cells[first].is_empty())
        .map(|cells| Row {
            layer: cells[0].to_string(),
            dataflow: cells[1].to_string(),
            names: Arc::clone(&names),
            figures: cells[figures.clone()]
                .iter()
                .map(|c| c.parse().expect("a number"))
                .collect(),
        })
        .collect()
}
