//! The report of one design, to be read beside the specification in a review.

use super::decision::Decision;
use super::grid::escaped;
use super::layers::{self, Extent};
use super::number::{amount, counted, grouped};
use super::{free, front, insight, proof, tables};
use crate::base::units::Quantity;

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
    budgets_elsewhere(decision, &mut out);
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
        let covers = format!(
            "{whose} covers {}, more than a 300 mm wafer",
            amount(Quantity::Area, area)
        );
        out.push_str(&if decision.pe_larger_than_wafer() {
            format!(
                "> **For comparison only.** {covers}: the figures of technology {} describe nothing that can be built.\n\n",
                escaped(&decision.problem.technology.name)
            )
        } else {
            format!(
                "> **This cannot be built.** {covers}: menu {} offers engines so large.\n\n",
                escaped(&decision.problem.menu.name)
            )
        });
    }
}

fn result(decision: &Decision, out: &mut String) {
    out.push_str("## Result\n\n");
    out.push_str(&tables::metrics(decision).markdown());
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
    // The emphasis is ours, not part of a name.
    let grid = tables::expectations(decision, "**no**");
    out.push_str(&grid.markdown().replace("\\*\\*no\\*\\*", "**no**"));
}

/// What a little more or less of the budget would change.
fn budgets_elsewhere(decision: &Decision, out: &mut String) {
    let sentences = front::around(decision);
    if sentences.is_empty() {
        return;
    }
    section("What other budgets would buy", out);
    for sentence in sentences {
        out.push_str(&format!("- {}\n", escaped(&sentence)));
    }
}

fn search(decision: &Decision, out: &mut String) {
    section("How it was found", out);
    out.push_str(&tables::stages(decision).markdown());
    out.push_str("\nAn evaluation prices the whole network once; a distinct price is one layer shape at one point of the menu.\n");
}

fn layer_tables(decision: &Decision, out: &mut String) {
    section("Layers", out);
    let all: Vec<usize> = (0..decision.rows.len()).collect();
    let grid = layers::table(decision, &all, Extent::Full, usize::MAX);
    out.push_str(&grid.markdown());
    if let Some(free) = free::told(&decision.problem.network) {
        out.push_str(&format!("\nAt no cost on the array: {}.\n", escaped(&free)));
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
        out.push_str(&tables::other_macs(decision).markdown());
    }
}

fn inputs(decision: &Decision, out: &mut String) {
    let problem = decision.problem;
    section("Inputs", out);
    out.push_str(&tables::inputs(decision).markdown());
    out.push_str(&format!(
        "\n### Technology {}\n\n",
        escaped(&problem.technology.name)
    ));
    out.push_str(&tables::coefficients(decision).markdown());
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
