//! The table of layers, for the report and for the terminal.

use super::decision::{Decision, Row};
use super::grid::{Align, Grid};
use super::names;
use super::number::{Scale, grouped, percent};
use crate::base::units::Quantity;

/// How much of the table is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Every column.
    Full,
    /// What fits a terminal: no memories, and the dataflow only where there is a choice.
    Compact,
}

/// The table of these rows of the decision.
pub fn table(decision: &Decision, rows: &[usize], extent: Extent, longest_name: usize) -> Grid {
    let full = extent == Extent::Full;
    let problem = decision.problem;
    let with_dataflow = full || problem.dataflows.len() > 1;
    let own_engine = decision.engine.is_none();
    let mut columns: Vec<(String, Align, Vec<String>)> = Vec::new();
    let each = |text: &dyn Fn(&Row) -> String| -> Vec<String> {
        rows.iter().map(|&r| text(&decision.rows[r])).collect()
    };
    let mut words = |name: &str, texts| columns.push((name.to_string(), Align::Left, texts));
    let names: Vec<&str> = rows
        .iter()
        .map(|&r| decision.rows[r].name.as_str())
        .collect();
    words("layer", names::told_apart(&names, longest_name));
    words("op", each(&|r| r.op.name().to_string()));
    if with_dataflow {
        words(
            "dataflow",
            each(&|r| problem.dataflows[r.dataflow].name.clone()),
        );
    }
    let mut numbers = |name: String, texts| columns.push((name, Align::Right, texts));
    for (i, knob) in problem.menu.knobs.iter().enumerate() {
        let name = if knob.name == "pes" {
            "PEs"
        } else {
            &knob.name
        };
        numbers(name.to_string(), each(&|r| grouped(r.knobs[i])));
    }
    numbers(
        "cycles".to_string(),
        each(&|r| grouped(r.price.latency_cycles)),
    );
    if decision.rows.iter().any(|r| r.share.is_some()) {
        let share = |r: &Row| r.share.map_or(String::new(), percent);
        numbers(decision.share_of().to_string(), each(&share));
    }
    let mut scaled = |name: &str, quantity, value: &dyn Fn(&Row) -> f64| {
        let values: Vec<f64> = rows.iter().map(|&r| value(&decision.rows[r])).collect();
        let (unit, texts) = column(quantity, &values);
        numbers(format!("{name} ({unit})"), texts);
    };
    scaled("energy", Quantity::Energy, &|r| r.price.energy_nj);
    if own_engine {
        scaled("area", Quantity::Area, &|r| r.price.area_um2);
        scaled("power", Quantity::Power, &|r| r.price.power_mw);
    }
    if full {
        numbers("L1 (B)".to_string(), each(&|r| grouped(r.price.l1_bytes)));
        numbers("L2 (B)".to_string(), each(&|r| grouped(r.price.l2_bytes)));
    }
    let mut grid = Grid::new(
        columns
            .iter()
            .map(|(name, align, _)| (name.clone(), *align)),
    );
    for i in 0..rows.len() {
        grid.push(
            columns
                .iter()
                .map(|(_, _, texts)| texts[i].clone())
                .collect(),
        );
    }
    grid
}

/// Amounts in one unit and with as many decimals as the largest needs for four digits, so that
/// their sizes can be seen.
fn column(quantity: Quantity, values: &[f64]) -> (&'static str, Vec<String>) {
    let largest = values.iter().copied().fold(0.0, f64::max);
    let scale = Scale::fitting(quantity, largest);
    let digits = format!("{:.0}", (largest / scale.factor).trunc()).len();
    let decimals = 4usize.saturating_sub(digits);
    let text = |v: &f64| format!("{:.decimals$}", v / scale.factor);
    (scale.unit, values.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_for_a_column() {
        let (unit, texts) = column(Quantity::Energy, &[12.0e6, 3.45e4, 0.0]);
        assert_eq!(unit, "mJ");
        assert_eq!(texts, ["12.00", "0.03", "0.00"]);
    }
}
