//! The tables of a report, for all its forms.

use super::decision::Decision;
use super::expect::Verdict;
use super::grid::{Align, Grid};
use super::inputs::compact;
use super::insight;
use super::number::{Rounding, amount, counted, grouped, percent, significant};
use crate::ir::metric::Metric;
use crate::ir::problem::Limit;
use crate::ir::registry::ParamValue;

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// Every metric with its budget.
pub fn metrics(decision: &Decision) -> Grid {
    let mut grid = Grid::new([
        ("metric", LEFT),
        ("value", RIGHT),
        ("limit", RIGHT),
        ("used", RIGHT),
    ]);
    let objective = decision.problem.objective.metric;
    for metric in Metric::ALL {
        if metric == Metric::EdpPerLayer && objective != metric {
            continue;
        }
        let mut value = amount(metric.quantity(), decision.totals.metric(metric));
        if metric == Metric::Latency {
            value = format!("{value} ({})", insight::time(decision));
        }
        if metric == Metric::Power {
            value = format!("{value} ({})", insight::mean_power(decision));
        }
        let budget = decision.budgets.iter().find(|b| b.limit.metric == metric);
        let name = if metric == objective {
            format!("{} (objective)", metric.name())
        } else {
            metric.name().to_string()
        };
        let limit = budget.map(|b| {
            let sign = if metric.larger_is_better() {
                "at least"
            } else {
                "at most"
            };
            format!("{sign} {}", amount(metric.quantity(), b.limit.limit))
        });
        grid.push(vec![
            name,
            value,
            limit.unwrap_or_default(),
            budget.map_or(String::new(), |b| percent(b.share())),
        ]);
    }
    grid
}

/// What was expected, such as `latency <= 2 * big.latency = 3.2 Mcycles`, and what came out.
pub fn verdict(v: &Verdict) -> (String, String) {
    let quantity = v.expectation.quantity();
    let value = |value: f64| match value.is_nan() {
        true => "not known".to_string(),
        false => amount(quantity, value),
    };
    let right = match v.expectation.against() {
        Some(text) => format!("{text} = {}", value(v.expected)),
        None => value(v.expected),
    };
    let sign = v.expectation.relation.sign();
    let expected = format!("{} {sign} {right}", v.expectation.measure.text);
    (expected, value(v.found))
}

/// What was expected and what came out; `failed` is said of what does not hold.
pub fn expectations(decision: &Decision, failed: &str) -> Grid {
    let mut grid = Grid::new([("expected", LEFT), ("found", RIGHT), ("holds", LEFT)]);
    for v in &decision.expectations {
        let (expected, found) = verdict(v);
        grid.push(vec![
            expected,
            found,
            if v.held { "yes" } else { failed }.to_string(),
        ]);
    }
    grid
}

/// What each stage of the search did.
pub fn stages(decision: &Decision) -> Grid {
    let metric = decision.problem.objective.metric;
    let mut grid = Grid::new([
        ("stage", LEFT),
        ("evaluations", RIGHT),
        ("distinct prices", RIGHT),
        (metric.name(), RIGHT),
    ]);
    for stage in decision.stages {
        let value = stage.value.map(|v| amount(metric.quantity(), v));
        grid.push(vec![
            stage.method.to_string(),
            grouped(stage.evaluations as u64),
            grouped(stage.prices as u64),
            value.unwrap_or_else(|| "none yet".to_string()),
        ]);
    }
    grid
}

/// The layers whose MACs the model counts in its own way.
pub fn other_macs(decision: &Decision) -> Grid {
    let mut grid = Grid::new([("layer", LEFT), ("its MACs", RIGHT), ("the model's", RIGHT)]);
    for row in decision.other_macs() {
        let row = &decision.rows[row];
        grid.push(vec![
            row.name.clone(),
            row.macs.map_or("unknown".to_string(), grouped),
            grouped(row.price.macs),
        ]);
    }
    grid
}

/// Everything the decision depends on but the coefficients of its technology.
pub fn inputs(decision: &Decision) -> Grid {
    let problem = decision.problem;
    let mut grid = Grid::new([("input", LEFT), ("value", LEFT)]);
    let mut row = |name: &str, value: String| grid.push(vec![name.to_string(), value]);
    row(
        "network",
        format!(
            "{}, {}, {} distinct",
            problem.network.name,
            counted(problem.layers.len(), "layer"),
            problem.shapes.len()
        ),
    );
    let dataflows: Vec<&str> = problem.dataflows.iter().map(|d| d.name.as_str()).collect();
    row("dataflow", dataflows.join(", or per layer "));
    row("deployment", problem.deployment.name().to_string());
    for knob in &problem.menu.knobs {
        let mut text = compact(&knob.levels);
        if !knob.refine.is_empty() {
            text.push_str(&format!(", refined {}", compact(&knob.refine)));
        }
        if knob.per_layer {
            text.push_str(", per layer");
        }
        row(&format!("menu {}: {}", problem.menu.name, knob.name), text);
    }
    for (budget, bound) in problem.budgets.iter().zip(&decision.budgets) {
        let sign = if budget.metric.larger_is_better() {
            ">="
        } else {
            "<="
        };
        let limit = amount(budget.metric.quantity(), bound.limit.limit);
        let text = match budget.limit {
            Limit::Absolute(_) => format!("{sign} {limit}"),
            Limit::Share(share) => format!(
                "{sign} {} % of the span between the menu's corners, {limit}",
                significant(share * 100.0, 6, Rounding::Nearest)
            ),
        };
        row(&format!("budget: {}", budget.metric.name()), text);
    }
    for pin in &problem.pins {
        let mut fixed: Vec<String> = pin
            .knobs
            .iter()
            .map(|&(k, v)| format!("{} = {v}", problem.menu.knobs[k].name))
            .collect();
        fixed.extend(
            pin.dataflow
                .map(|d| format!("dataflow = {}", problem.dataflows[d].name)),
        );
        row(
            &format!("pin: {}", problem.layers[pin.layer].name),
            fixed.join(", "),
        );
    }
    for (i, stage) in problem.stages.iter().enumerate() {
        let params: Vec<String> = stage
            .params
            .iter()
            .map(|(name, value)| match value {
                ParamValue::Number(n) => format!("{name} = {n}"),
                ParamValue::Word(word) => format!("{name} = {word}"),
            })
            .collect();
        row(
            &format!("search {}: {}", i + 1, stage.method),
            params.join(", "),
        );
    }
    row("seed", problem.seed.to_string());
    row("model", problem.model.to_string());
    if let Some(p) = problem.precision {
        let formats = [
            ("input", p.input),
            ("weights", p.weights),
            ("output", p.output),
            ("sum", p.sum),
        ];
        let formats = formats.map(|(tensor, format)| format!("{tensor} = {}", format.name()));
        row("precision", formats.join(", "));
    }
    row("technology", problem.technology.name.clone());
    for (name, value) in &problem.defaults {
        row(&format!("default taken: {name}"), value.clone());
    }
    grid
}

/// The coefficients of the technology and where they come from.
pub fn coefficients(decision: &Decision) -> Grid {
    let problem = decision.problem;
    let mut grid = Grid::new([("coefficient", LEFT), ("value", RIGHT), ("source", LEFT)]);
    for (name, c) in &problem.technology.coefficients {
        let unit = c.quantity.canonical();
        grid.push(vec![
            name.clone(),
            format!("{} {unit}", c.value).trim_end().to_string(),
            c.source.clone().unwrap_or_else(|| "not given".to_string()),
        ]);
    }
    grid
}
