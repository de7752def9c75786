//! The parts of the page that are words and tables.

use super::{folded, heading, list, paragraph, scrolling};
use crate::base::units::Quantity;
use crate::emit::decision::Decision;
use crate::emit::markup::Markup;
use crate::emit::number::{amount, counted, grouped};
use crate::emit::{insight, proof, tables};

/// What a reader must know before anything else; nothing if there is nothing.
pub fn warnings(decision: &Decision, m: &mut Markup) {
    let mut lines = Vec::new();
    if let Some(by) = decision.stopped_by {
        lines.push(format!("The search was interrupted by {by}: this is the best it had found by then, and it is not reproducible."));
    }
    for v in decision.expectations.iter().filter(|v| !v.held) {
        let (expected, found) = tables::verdict(v);
        lines.push(format!(
            "An expectation does not hold: expected was {expected}, and it is {found}."
        ));
    }
    for budget in decision.budgets.iter().filter(|b| !b.holds()) {
        lines.push(format!(
            "The budget of {} is exceeded.",
            budget.limit.metric.name()
        ));
    }
    if let Some((row, area)) = decision.larger_than_wafer() {
        let whose = match row {
            Some(row) => format!("the engine of {}", decision.rows[row].name),
            None => "the engine".to_string(),
        };
        let covers = format!(
            "{whose} covers {}, more than a 300 mm wafer",
            amount(Quantity::Area, area)
        );
        lines.push(if decision.pe_larger_than_wafer() {
            format!(
                "For comparison only: {covers}. The figures of technology {} describe nothing that can be built.",
                decision.problem.technology.name
            )
        } else {
            format!(
                "This cannot be built: {covers}. Menu {} offers engines so large.",
                decision.problem.menu.name
            )
        });
    }
    let other = decision.other_macs().len();
    if other > 0 {
        lines.push(format!(
            "Model {} counts other MACs than {} of the network: their latency and energy stand for the model's count. They are listed with the layers.",
            decision.problem.model,
            counted(other, "layer")
        ));
    }
    if lines.is_empty() {
        return;
    }
    m.open(
        "section",
        &[("class", "warnings"), ("aria-label", "Warnings")],
    );
    heading("Warnings", m);
    list(&lines, m);
    m.close();
}

/// The decision in one sentence, how good it is, and every metric.
pub fn summary(decision: &Decision, m: &mut Markup) {
    heading("Decision", m);
    m.leaf(
        "p",
        &[("class", "lead")],
        &format!("{}.", insight::headline(decision)),
    );
    m.line();
    let mut lines = proof::lines(decision);
    lines.extend(insight::limits(decision));
    list(&lines, m);
    let title = "All metrics";
    scrolling(title, m, |m| tables::metrics(decision).html(title, m));
    if let Some(engine) = &decision.engine {
        let menu = &decision.problem.menu;
        let knobs = engine.knobs.iter();
        let knobs = knobs.map(|&(k, v)| format!("{} = {}", menu.knobs[k].name, grouped(v)));
        paragraph(
            &format!(
                "The engine: {}, {} of local memory in each PE, {} of shared memory.",
                knobs.collect::<Vec<_>>().join(", "),
                amount(Quantity::Bytes, engine.l1_bytes as f64),
                amount(Quantity::Bytes, engine.l2_bytes as f64)
            ),
            m,
        );
    }
    if !decision.expectations.is_empty() {
        let title = "Expectations";
        scrolling(title, m, |m| {
            tables::expectations(decision, "no").html(title, m)
        });
    }
}

/// Everything the decision depends on, with the sources of the coefficients.
pub fn inputs(decision: &Decision, m: &mut Markup) {
    heading("Inputs", m);
    let title = "Everything the decision depends on";
    folded(title, m, |m| tables::inputs(decision).html(title, m));
    let title = format!(
        "Coefficients of technology {} and their sources",
        decision.problem.technology.name
    );
    folded(&title, m, |m| {
        tables::coefficients(decision).html(&title, m)
    });
    let caveats = decision.space.model.caveats();
    if !caveats.is_empty() {
        m.leaf(
            "h3",
            &[],
            &format!("What to know about model {}", decision.problem.model),
        );
        let caveats: Vec<String> = caveats.iter().map(|c| c.to_string()).collect();
        list(&caveats, m);
    }
}

/// How to make the page again.
pub fn origin(decision: &Decision, command: &str, m: &mut Markup) {
    heading("How to make this again", m);
    m.open("pre", &[]);
    m.leaf("code", &[], command);
    m.close();
    let again = match decision.stopped_by {
        Some(_) => "The search was stopped: another run may end elsewhere.",
        None => "The same files, version and seed give the same bytes on every machine.",
    };
    paragraph(
        &format!(
            "cfxc {}, seed {}. {again}",
            env!("CARGO_PKG_VERSION"),
            decision.problem.seed
        ),
        m,
    );
}
