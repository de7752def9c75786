//! The report of one design, to be read beside the specification in a review.

use super::decision::Decision;
use super::grid::{Align, Grid, escaped};
use super::inputs::compact;
use super::insight;
use super::layers::{self, Extent};
use super::number::{Rounding, amount, counted, grouped, percent, significant};
use super::proof;
use crate::base::units::Quantity;
use crate::ir::metric::Metric;
use crate::ir::problem::Limit;
use crate::ir::registry::ParamValue;

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// The report.
pub fn report(decision: &Decision) -> String {
    let mut out = format!("# {}\n\n", escaped(&decision.problem.design));
    out.push_str(&format!("{}.\n\n", escaped(&insight::headline(decision))));
    if let Some(by) = decision.stopped_by {
        out.push_str(&format!(
            "**The search was interrupted by {}; this is the best it had found by then, and is not reproducible.**\n\n",
            escaped(by)
        ));
    }
    warnings(decision, &mut out);
    result(decision, &mut out);
    expectations(decision, &mut out);
    section("What limits it", &mut out);
    for line in insight::limits(decision) {
        out.push_str(&format!("- {}\n", escaped(&line)));
    }
    let proof = proof::lines(decision);
    if !proof.is_empty() {
        section("How good it is", &mut out);
        for line in proof {
            out.push_str(&format!("- {}\n", escaped(&line)));
        }
        if let Some(certificate) = decision.certificate {
            out.push_str(&format!("- method: {}\n", escaped(certificate.method)));
        }
    }
    search(decision, &mut out);
    layer_tables(decision, &mut out);
    inputs(decision, &mut out);
    caveats(decision, &mut out);
    out
}

fn section(title: &str, out: &mut String) {
    out.push_str(&format!("\n## {title}\n\n"));
}

fn warnings(decision: &Decision, out: &mut String) {
    if let Some((row, area)) = decision.larger_than_wafer() {
        let whose = match row {
            Some(row) => format!("The engine of {}", escaped(&decision.rows[row].name)),
            None => "The engine".to_string(),
        };
        out.push_str(&format!(
            "> **For comparison only.** {whose} covers {}, more than a 300 mm wafer: the figures of technology {} describe nothing that can be built.\n\n",
            amount(Quantity::Area, area),
            escaped(&decision.problem.technology.name)
        ));
    }
}

fn result(decision: &Decision, out: &mut String) {
    out.push_str("## Result\n\n");
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
    out.push_str(&grid.markdown());
    if let Some(engine) = &decision.engine {
        let menu = &decision.problem.menu;
        let knobs: Vec<String> = engine
            .knobs
            .iter()
            .map(|&(k, v)| format!("{} = {}", menu.knobs[k].name, grouped(v)))
            .collect();
        out.push_str(&format!(
            "\nThe engine: {}, {} of local memory in each PE, {} of shared memory.\n",
            knobs.join(", "),
            amount(Quantity::Bytes, engine.l1_bytes as f64),
            amount(Quantity::Bytes, engine.l2_bytes as f64)
        ));
    }
}

fn expectations(decision: &Decision, out: &mut String) {
    if decision.expectations.is_empty() {
        return;
    }
    section("Expectations", out);
    let mut grid = Grid::new([("expected", LEFT), ("found", RIGHT), ("holds", LEFT)]);
    for v in &decision.expectations {
        let quantity = v.expectation.subject.quantity();
        grid.push(vec![
            format!(
                "{} {} {}",
                v.expectation.subject.name(),
                v.expectation.relation.sign(),
                amount(quantity, v.expectation.value)
            ),
            amount(quantity, v.found),
            if v.held { "yes" } else { "**no**" }.to_string(),
        ]);
    }
    // The emphasis is ours, not part of a name.
    out.push_str(&grid.markdown().replace("\\*\\*no\\*\\*", "**no**"));
}

fn search(decision: &Decision, out: &mut String) {
    section("How it was found", out);
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
    out.push_str(&grid.markdown());
    out.push_str("\nAn evaluation prices the whole network once; a distinct price is one layer shape at one point of the menu.\n");
}

fn layer_tables(decision: &Decision, out: &mut String) {
    section("Layers", out);
    let all: Vec<usize> = (0..decision.rows.len()).collect();
    let grid = layers::table(decision, &all, Extent::Full, usize::MAX);
    out.push_str(&grid.markdown());
    let free: Vec<String> = decision
        .problem
        .network
        .free()
        .map(|(node, op)| format!("{} ({op})", escaped(&node.name)))
        .collect();
    if !free.is_empty() {
        out.push_str(&format!(
            "\nAt no cost on the array: {}.\n",
            free.join(", ")
        ));
    }
    let network = &decision.problem.network;
    if !network.seen_through.is_empty() {
        out.push_str(&format!(
            "\nAt no cost on the array, in the words of the network's file: {}. Edges are seen through them.\n",
            escaped(&super::network::kinds(network))
        ));
    }
    let other = decision.other_macs();
    if !other.is_empty() {
        out.push_str(&format!(
            "\nThe model counts other MACs than {} has:\n\n",
            if other.len() == 1 {
                "one layer".to_string()
            } else {
                format!("each of {}", counted(other.len(), "layer"))
            }
        ));
        let mut grid = Grid::new([("layer", LEFT), ("its MACs", RIGHT), ("the model's", RIGHT)]);
        for row in other {
            let row = &decision.rows[row];
            grid.push(vec![
                row.name.clone(),
                row.macs.map_or("unknown".to_string(), grouped),
                grouped(row.price.macs),
            ]);
        }
        out.push_str(&grid.markdown());
    }
}

fn inputs(decision: &Decision, out: &mut String) {
    let problem = decision.problem;
    section("Inputs", out);
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
    out.push_str(&grid.markdown());
    out.push_str(&format!(
        "\n### Technology {}\n\n",
        escaped(&problem.technology.name)
    ));
    let mut grid = Grid::new([("coefficient", LEFT), ("value", RIGHT), ("source", LEFT)]);
    for (name, c) in &problem.technology.coefficients {
        let unit = c.quantity.canonical();
        grid.push(vec![
            name.clone(),
            format!("{} {unit}", c.value).trim_end().to_string(),
            c.source.clone().unwrap_or_else(|| "not given".to_string()),
        ]);
    }
    out.push_str(&grid.markdown());
}

fn caveats(decision: &Decision, out: &mut String) {
    let caveats = decision.space.model.caveats();
    if caveats.is_empty() {
        return;
    }
    section("What to know about the model", out);
    for caveat in caveats {
        out.push_str(&format!("- {}\n", escaped(caveat)));
    }
}
