//! Price lists: layers at points of the menu, as CSV, JSON or a table.

use super::csv::line;
use super::grid::{Align, Grid};
use super::json::knob_key;
use super::number::{self, grouped};
use crate::cost::{Price, Refused};
use crate::ir::problem::Problem;
use serde_json::{Map, Value};

/// One layer at one point.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceRow {
    /// Index among the problem's layers.
    pub layer: usize,
    /// Index among the problem's dataflows.
    pub dataflow: usize,
    /// Values of the knobs, in the order of the menu.
    pub knobs: Vec<u64>,
    /// The price, or why the model refuses the point.
    pub price: Result<Price, Refused>,
}

/// The figures of a price, in the order of the columns; whole numbers are marked.
fn figures(price: &Price) -> [(&'static str, f64, bool); 12] {
    let whole = |name, value: u64| (name, value as f64, true);
    let real = |name, value| (name, value, false);
    [
        whole("latency_cycles", price.latency_cycles),
        real("energy_nj", price.energy_nj),
        real("area_um2", price.area_um2),
        real("power_mw", price.power_mw),
        real("throughput_macs_per_cycle", price.throughput_macs_per_cycle),
        whole("l1_bytes", price.l1_bytes),
        whole("l2_bytes", price.l2_bytes),
        whole("noc_bandwidth_peak", price.noc_bandwidth_peak),
        real("noc_bandwidth_avg", price.noc_bandwidth_avg),
        whole("offchip_bandwidth", price.offchip_bandwidth),
        whole("macs", price.macs),
        real("active_pes", price.active_pes),
    ]
}

/// The names of the figures.
fn figure_names() -> [&'static str; 12] {
    let nothing = Price {
        latency_cycles: 0,
        energy_nj: 0.0,
        area_um2: 0.0,
        power_mw: 0.0,
        throughput_macs_per_cycle: 0.0,
        l1_bytes: 0,
        l2_bytes: 0,
        noc_bandwidth_peak: 0,
        noc_bandwidth_avg: 0.0,
        offchip_bandwidth: 0,
        macs: 0,
        active_pes: 0.0,
    };
    figures(&nothing).map(|(name, ..)| name)
}

/// Whether a column of this name holds what follows from a choice: a figure, the reason why there is
/// none, or what the layer is.
pub fn is_figure(name: &str) -> bool {
    const OTHERS: [&str; 4] = ["refused", "op", "mean_power_mw", "model_macs"];
    OTHERS.contains(&name) || figure_names().contains(&name)
}

/// Every column: layer, dataflow, the knobs with `pes` first, the figures, the reason of a refusal.
fn columns(problem: &Problem) -> Vec<String> {
    let mut columns = vec!["layer".to_string(), "dataflow".to_string()];
    columns.extend(problem.menu.knobs.iter().map(|k| knob_key(&k.name)));
    columns.extend(figure_names().map(str::to_string));
    columns.push("refused".to_string());
    columns
}

/// A figure in the shortest form that reads back the same. Counts below 2^53 are exact; larger
/// ones do not come out of a model.
fn exact((_, value, whole): (&str, f64, bool)) -> String {
    number::json(value, whole).to_string()
}

/// As comma-separated values, header first.
pub fn csv(problem: &Problem, rows: &[PriceRow]) -> String {
    let mut out = line(columns(problem));
    for row in rows {
        let mut cells = head(problem, row);
        match &row.price {
            Ok(price) => {
                cells.extend(figures(price).map(exact));
                cells.push(String::new());
            }
            Err(reason) => {
                cells.extend(std::iter::repeat_n(String::new(), 12));
                cells.push(reason.reason.clone());
            }
        }
        out.push_str(&line(cells));
    }
    out
}

fn head(problem: &Problem, row: &PriceRow) -> Vec<String> {
    let mut cells = vec![
        problem.layers[row.layer].name.clone(),
        problem.dataflows[row.dataflow].name.clone(),
    ];
    cells.extend(row.knobs.iter().map(u64::to_string));
    cells
}

/// As a list of objects with the columns as keys; what is unknown is null.
pub fn json(problem: &Problem, rows: &[PriceRow]) -> Vec<Value> {
    let object = |row: &PriceRow| {
        let mut out = Map::new();
        out.insert(
            "layer".into(),
            problem.layers[row.layer].name.as_str().into(),
        );
        out.insert(
            "dataflow".into(),
            problem.dataflows[row.dataflow].name.as_str().into(),
        );
        for (knob, &value) in problem.menu.knobs.iter().zip(&row.knobs) {
            out.insert(knob_key(&knob.name), value.into());
        }
        let known = row.price.as_ref().ok().map(figures);
        for (i, name) in figure_names().into_iter().enumerate() {
            let value = known.as_ref().map(|f| number::json(f[i].1, f[i].2));
            out.insert(name.into(), value.unwrap_or_default());
        }
        let reason = row.price.as_ref().err();
        out.insert("refused".into(), reason.map(|r| r.reason.as_str()).into());
        Value::Object(out)
    };
    rows.iter().map(object).collect()
}

/// As a table for people: fewer digits, counts with commas.
pub fn table(problem: &Problem, rows: &[PriceRow]) -> String {
    let shown = columns(problem).into_iter().enumerate().map(|(i, name)| {
        let words = i < 2 || name == "refused";
        (name, if words { Align::Left } else { Align::Right })
    });
    let mut grid = Grid::new(shown);
    for row in rows {
        let mut cells = head(problem, row);
        match &row.price {
            Ok(price) => {
                cells.extend(figures(price).map(|(_, value, whole)| {
                    if whole {
                        grouped(value as u64)
                    } else {
                        number::significant(value, 4, number::Rounding::Nearest)
                    }
                }));
                cells.push(String::new());
            }
            Err(reason) => {
                cells.extend(std::iter::repeat_n("-".to_string(), 12));
                cells.push(reason.reason.clone());
            }
        }
        grid.push(cells);
    }
    grid.lines().join("\n") + "\n"
}
