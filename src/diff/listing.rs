//! Decisions as a text that reads well and whose lines can be compared: what `git diff` shows of a
//! lock that it reads through `cfxc show`.

use super::side::{Design, Side};
use super::tables::UNKNOWN;
use crate::base::units::Quantity;
use crate::emit::number::{Rounding, Scale, significant};
use crate::lock::{LayerChoice, choice, figure};

/// Digits of a figure: more than a report has, so that small changes show.
const DIGITS: usize = 7;

/// Every design with one line for each input, figure and layer. Figures have seven digits, hashes
/// their first twelve.
pub fn listing(side: &Side) -> String {
    let designs: Vec<String> = side
        .designs
        .iter()
        .map(|(name, design)| one(name, design))
        .collect();
    designs.join("\n")
}

fn amount(quantity: Quantity, value: f64) -> String {
    let scale = Scale::fitting(quantity, value);
    let digits = significant(value / scale.factor, DIGITS, Rounding::Nearest);
    format!("{digits} {}", scale.unit)
}

fn told(name: &str, value: f64) -> String {
    match figure(name) {
        Some(metric) => format!("{} {}", metric.name(), amount(metric.quantity(), value)),
        None => format!("{name} {value}"),
    }
}

fn one(name: &str, design: &Design) -> String {
    let entry = &design.entry;
    let objective = design.objective();
    let mut out = format!("{name}\n");
    let mut line = |text: String| out += &format!("  {text}\n");
    line(format!(
        "decided by cfxc {}, seed {}",
        entry.cfxc, entry.seed
    ));
    if design.stopped {
        line("the search was stopped".to_string());
    }
    if !design.inputs_known {
        line(format!("inputs {UNKNOWN}"));
    }
    for (input, hash) in &entry.inputs {
        let start: String = hash.chars().take(12).collect();
        line(format!("input {input} {start}"));
    }
    let known = entry.limits.iter();
    for (metric, limit) in known.filter_map(|(name, limit)| Some((figure(name)?, limit))) {
        let sign = match metric.larger_is_better() {
            true => ">=",
            false => "<=",
        };
        let limit = amount(metric.quantity(), *limit);
        line(format!("budget {} {sign} {limit}", metric.name()));
    }
    let sense = match objective.larger_is_better() {
        true => "maximizes",
        false => "minimizes",
    };
    line(format!("{sense} {}", objective.name()));
    for (name, value) in &entry.metrics {
        line(told(name, *value));
    }
    if !design.proof_known {
        line(format!("bound {UNKNOWN}"));
    } else {
        let c = &entry.certificate;
        let bound = amount(objective.quantity(), c.bound);
        line(format!("bound of {} {bound}", objective.name()));
        let gap = significant(c.gap * 100.0, 4, Rounding::Up);
        line(match c.proven {
            true => "gap 0 %, proven".to_string(),
            false => format!("gap {gap} %"),
        });
    }
    for layer in &entry.layers {
        line(row(layer));
    }
    out
}

fn row(layer: &LayerChoice) -> String {
    let figures: Vec<String> = layer.figures.iter().map(|(n, v)| told(n, *v)).collect();
    format!(
        "layer {}: {}; {}",
        layer.name,
        choice(layer),
        figures.join(", ")
    )
}
