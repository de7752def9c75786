//! What prices give reason to say before a search, and what a finished decision does: limits and
//! expectations that test nothing, expectations that failed, figures to doubt.

use super::files::Loaded;
use crate::base::units::Quantity;
use crate::diag::{Diagnostic, codes};
use crate::emit::Decision;
use crate::emit::expect::Verdict;
use crate::emit::number::{amount, counted, grouped};
use crate::ir::menu::Menu;
use crate::ir::problem::{Expectation, Expected, Problem, Relation, Subject};
use crate::sema;
use crate::space::{BoundLimit, Space, idle};

/// So many layers are shown in the source; the report lists all.
const SHOWN: usize = 3;

/// What is offered, limited or expected and makes no difference, whatever is decided. A line that other
/// designs of the file share makes none in any of them.
pub fn before<'s>(spaces: impl Iterator<Item = &'s Space<'s>>, loaded: &Loaded) -> Vec<Diagnostic> {
    let named = |space: &'s Space| {
        let of_space = without_effect(space).into_iter();
        of_space.map(|d| (space.problem.design.clone(), d))
    };
    let found = spaces.flat_map(named).collect();
    let found = sema::agreed(found, &loaded.analysis.problems);
    sema::told(found, &loaded.sources)
}

fn without_effect(space: &Space) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    if space.is_whole() {
        out.extend(idle_pes(space));
        // What is beyond 100 % shows in the text.
        let limits = idle::never_exceeded(space)
            .filter(|(limit, _)| limit.share.is_none_or(|share| share <= 1.0));
        out.extend(limits.map(|(limit, worst)| never_exceeded(limit, worst)));
        let expectations = space.problem.expectations.iter();
        out.extend(expectations.filter_map(|e| never_missed(e, space)));
    }
    out
}

/// Everything worth saying about a decision.
pub fn of(decision: &Decision) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    out.extend(comparison_only(decision));
    out.extend(model_macs(decision));
    out.extend(expectations(decision));
    out
}

fn comparison_only(decision: &Decision) -> Option<Diagnostic> {
    let (row, area) = decision.larger_than_wafer()?;
    let whose = row.map_or("the engine".to_string(), |r| {
        format!("the engine of `{}`", decision.rows[r].name)
    });
    let problem = decision.problem;
    let covers = format!(
        "{whose} covers {}, more than a 300 mm wafer",
        amount(Quantity::Area, area)
    );
    let diagnostic = |message: String| {
        Diagnostic::warning(codes::COMPARISON_ONLY, message).label(problem.span, covers)
    };
    Some(if decision.pe_larger_than_wafer() {
        let technology = &problem.technology.name;
        diagnostic(format!(
            "the figures of technology `{technology}` are for comparison only"
        ))
        .help("choose a technology that can be built: here a single PE is larger than a wafer")
    } else {
        diagnostic(format!("`{}` cannot be built", problem.design))
            .label(problem.menu.span, "this menu offers engines so large")
            .help("give the menu fewer PEs or smaller tiles, or limit the area; or look at the units of the technology's areas")
    })
}

fn never_exceeded(limit: &BoundLimit, worst: f64) -> Diagnostic {
    let larger = limit.metric.larger_is_better();
    let worst = amount(limit.metric.quantity(), worst);
    Diagnostic::warning(
        codes::NEVER_EXCEEDED,
        format!(
            "every design of the menu keeps this limit of `{}`",
            limit.metric.name()
        ),
    )
    .label(
        limit.span,
        format!(
            "{} {worst} with every layer at its worst",
            if larger { "at least" } else { "at most" }
        ),
    )
    .help("check the number and its unit, or leave the limit out")
}

/// An expectation that every design of the menu meets, or every one within a budget that is a share.
/// One that the text shows to hold was told before the search.
fn never_missed(expectation: &Expectation, space: &Space) -> Option<Diagnostic> {
    let Subject::Metric(metric) = expectation.measure.subject else {
        return None;
    };
    if sema::cannot_fail(expectation, space.problem).is_some() {
        return None;
    }
    let diagnostic = Diagnostic::warning(codes::CANNOT_FAIL, "this expectation cannot fail");
    let limit = space.limits.iter().find(|l| l.metric == metric);
    if let Some(limit) = limit.filter(|l| expectation.holds_up_to(l.limit)) {
        let most = amount(metric.quantity(), limit.limit);
        return Some(
            diagnostic
                .label(expectation.span, "holds for every design within budget")
                .label(limit.span, format!("this limit is {most}"))
                .help("expect less than the budget allows, or leave the line out"),
        );
    }
    let [low, high] = idle::range_of(space, &expectation.measure)?;
    // Where nothing can be chosen, it is a test of the model or of the technology.
    if low == high {
        return None;
    }
    let (least, most, against) = match &expectation.expected {
        Expected::Value(value) => (*value, *value, None),
        Expected::Times {
            factor,
            clocks,
            measure,
        } => {
            let [low, high] = idle::range_of(space, measure)?;
            let scale = factor * clocks;
            (low * scale, high * scale, expectation.against())
        }
    };
    let (value, other, of_most) = match expectation.relation {
        Relation::AtMost if high <= least => (high, least, true),
        Relation::Below if high < least => (high, least, true),
        Relation::AtLeast if low >= most => (low, most, false),
        Relation::Above if low > most => (low, most, false),
        _ => return None,
    };
    let worst = of_most != metric.larger_is_better();
    let (end, decision) = if worst {
        ("worst", "worse")
    } else {
        ("best", "better")
    };
    let (this, that) = if of_most {
        ("at most", "at least")
    } else {
        ("at least", "at most")
    };
    let quantity = metric.quantity();
    let value = amount(quantity, value);
    let whose = match expectation.measure.layer {
        Some(_) => format!("at its {end}"),
        None => format!("with every layer at its {end}"),
    };
    let range = match against {
        None => format!("{this} {value} {whose}"),
        Some(against) => {
            let text = &expectation.measure.text;
            let other = amount(quantity, other);
            format!("`{text}` is {this} {value}, and `{against}` {that} {other}")
        }
    };
    let remedy = format!("something that a {decision} decision would miss");
    Some(
        diagnostic
            .label(expectation.span, range)
            .help(format!("check the number and its unit, or expect {remedy}")),
    )
}

/// PEs of the largest levels that buy nothing. Designs of one menu have the same message but for their name.
fn idle_pes(space: &Space) -> Option<Diagnostic> {
    let problem = space.problem;
    let knob = &problem.menu.knobs[Menu::PES];
    let largest = knob.levels.iter().copied().max()?;
    let useful = idle::most_useful_pes(space);
    // That no whole cluster is made of some PEs was told before.
    let unfilled = match problem.library_menu {
        Some(_) => Vec::new(),
        None => sema::unfilled(problem),
    };
    let told = |level: &u64| unfilled.iter().any(|(l, _)| l == level);
    let beyond = |most: &u64| knob.levels.iter().any(|l| l > most && !told(l));
    let (message, offered, paid, remedy) = match useful.filter(beyond) {
        Some(most) => {
            let listed = knob.levels.iter().filter(|&&level| level > most).count();
            (
                format!(
                    "no layer of `{}` has a use for more than {}",
                    problem.design,
                    counted(most as usize, "PE")
                ),
                format!("{} beyond that", counted(listed, "level")),
                "with fewer PEs every layer of this design is as fast and takes no more energy, area or power",
                "leave the larger levels out",
            )
        }
        None => {
            let most = sema::most_at_work(problem)?;
            // Levels that double leave fewer than half without work.
            if most.checked_mul(2)? >= largest {
                return None;
            }
            (
                format!(
                    "at most {} of the {} PEs of the largest level can work in `{}`",
                    grouped(most),
                    grouped(largest),
                    problem.design
                ),
                format!("up to {}", grouped(largest)),
                "no dataflow of this design spreads any layer over more",
                "give the largest level fewer PEs",
            )
        }
    };
    let diagnostic = Diagnostic::warning(codes::IDLE_PES, message);
    Some(match problem.library_menu {
        Some(named) => diagnostic
            .label(named, "a menu of the library")
            .label(problem.span, paid)
            .label(knob.span, offered)
            .help(format!("give the design a menu of its own ({remedy} there), or spread another dimension over the PEs")),
        None => diagnostic
            .label(knob.span, offered)
            .label(problem.span, paid)
            .help(format!("{remedy}, or spread another dimension over the PEs")),
    })
}

/// Layers whose MACs the model counts in its own way.
fn model_macs(decision: &Decision) -> Option<Diagnostic> {
    let counts = |row: usize| [decision.rows[row].price.macs; 2];
    let rows = decision.other_macs().into_iter();
    let layers: Vec<_> = rows.map(|row| (row, counts(row))).collect();
    other_macs(decision.problem, &layers)
}

/// The same of layers where it is so at every point that they may take: known without a decision.
pub fn model_macs_everywhere(space: &Space) -> Option<Diagnostic> {
    let problem = space.problem;
    let counts = |layer: usize| {
        let points = space.fine[layer].iter();
        let counts = points
            .filter_map(|&p| space.price(layer, p))
            .map(|p| p.macs);
        let own = problem.shapes[problem.layers[layer].shape].macs();
        let (mut least, mut most) = (u64::MAX, 0);
        for count in counts {
            if own == Some(count) {
                return None;
            }
            (least, most) = (least.min(count), most.max(count));
        }
        (least <= most).then_some((layer, [least, most]))
    };
    let layers: Vec<_> = (0..problem.layers.len()).filter_map(counts).collect();
    other_macs(problem, &layers)
}

/// Layers with the least and the most MACs that the model counts for them.
pub fn other_macs(problem: &Problem, layers: &[(usize, [u64; 2])]) -> Option<Diagnostic> {
    let (n, design) = (layers.len(), &problem.design);
    let message = format!(
        "model `{}` counts other MACs than {} of `{design}` {}",
        problem.model,
        counted(n, "layer"),
        if n == 1 { "has" } else { "have" }
    );
    let mut diagnostic = Diagnostic::warning(codes::MODEL_MACS, message).label(
        problem.span,
        "latency and energy of these layers stand for the model's MACs",
    );
    for &(layer, [least, most]) in layers.iter().take(SHOWN) {
        let layer = &problem.layers[layer];
        let own = problem.shapes[layer.shape].macs();
        let range = if least == most {
            String::new()
        } else {
            format!(" to {}", grouped(most))
        };
        let own = own.map_or("unknown".to_string(), grouped);
        let text = format!("{own} MACs, {}{range} in the model", grouped(least));
        diagnostic = diagnostic.label(layer.span, text);
    }
    let more = match n.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = layers.iter().take(SHOWN);
    let names: Vec<&str> = shown
        .map(|(l, _)| problem.layers[*l].name.as_str())
        .collect();
    (n > 0).then(|| {
        diagnostic.help(format!(
            "{}{more}: the report lists both counts, layer by layer",
            names.join(", ")
        ))
    })
}

fn expectations(decision: &Decision) -> impl Iterator<Item = Diagnostic> {
    let failed = decision.expectations.iter().filter(|v| !v.held);
    failed.map(|v| {
        Diagnostic::error(codes::EXPECTATION, failed_text(v))
            .label(
                v.expectation.span,
                format!("{} came out", known(&v.expectation, v.found)),
            )
            .help("the files are written all the same; mend the design, or change what is expected")
    })
}

/// What came out and what was expected.
pub fn failed_text(v: &Verdict) -> String {
    let against = v.expectation.against();
    format!(
        "{} is {}, expected was {} {}{}",
        v.expectation.measure.text,
        known(&v.expectation, v.found),
        v.expectation.relation.sign(),
        known(&v.expectation, v.expected),
        against.map_or(String::new(), |text| format!(", {text}")),
    )
}

/// A value of an expectation, if it is known.
fn known(expectation: &Expectation, value: f64) -> String {
    if value.is_nan() {
        "not known".to_string()
    } else {
        precise(expectation.quantity(), value)
    }
}

/// Both as people read it and as the files have it: the two may differ in a late digit.
fn precise(quantity: Quantity, value: f64) -> String {
    let short = amount(quantity, value);
    let factor = if quantity == Quantity::Percent {
        100.0
    } else {
        1.0
    };
    let exact = format!("{} {}", value * factor, quantity.canonical());
    if short == exact {
        short
    } else {
        format!("{short} ({exact})")
    }
}
