//! `budget` blocks and `expect` lines: metrics, directions, units.

use super::fields::unknown;
use super::quantity;
use crate::base::span::Span;
use crate::base::units::Quantity;
use crate::diag::{Diagnostic, codes};
use crate::ir::metric::Metric;
use crate::ir::problem::{Budget, Expectation, Limit, Relation, Subject};
use crate::syntax::ast::{BudgetDecl, Comparison, Condition, Name};

/// A metric by name, or a diagnostic.
pub fn metric(name: &Name, out: &mut Vec<Diagnostic>) -> Option<Metric> {
    let found = Metric::parse(&name.node);
    if found.is_none() {
        let known: Vec<&str> = Metric::ALL.iter().map(|m| m.name()).collect();
        out.push(unknown("metric", name, &known));
    }
    found
}

/// The value in the metric's own unit; times become cycles at `clock_hz`.
fn value(
    condition: &Condition,
    metric: Metric,
    share_allowed: bool,
    clock_hz: f64,
    out: &mut Vec<Diagnostic>,
) -> Option<Limit> {
    let mut wanted = vec![metric.quantity()];
    if metric == Metric::Latency {
        wanted.push(Quantity::Time);
    }
    if share_allowed {
        wanted.push(Quantity::Percent);
    }
    let what = format!("the limit of `{}`", metric.name());
    let (value, quantity) = quantity::measure(&condition.limit, &wanted, &what, out)?;
    if !value.is_finite() || value < 0.0 || (value == 0.0 && quantity != Quantity::Percent) {
        out.push(
            Diagnostic::error(codes::OUT_OF_RANGE, format!("{what} must be positive"))
                .label(condition.limit.span, "not a positive amount")
                .help("no design costs nothing"),
        );
        return None;
    }
    Some(match quantity {
        Quantity::Percent => Limit::Share(value),
        Quantity::Time => Limit::Absolute(value * clock_hz),
        _ => Limit::Absolute(value),
    })
}

/// Checks a budget that no design uses yet.
pub fn check(decl: &BudgetDecl, out: &mut Vec<Diagnostic>) {
    lower(decl, 1e9, out);
}

/// Lowers a budget; `None` if it has errors.
pub fn lower(decl: &BudgetDecl, clock_hz: f64, out: &mut Vec<Diagnostic>) -> Option<Vec<Budget>> {
    let before = out.len();
    let mut budgets: Vec<Budget> = Vec::new();
    let mut first: Vec<(Metric, Span)> = Vec::new();
    for condition in &decl.limits {
        let Some(metric) = metric(&condition.metric, out) else {
            continue;
        };
        if !metric.can_be_budget() {
            out.push(
                Diagnostic::error(codes::BAD_LIMIT, format!("`{}` cannot be a budget", metric.name()))
                    .label(condition.metric.span, "a product of metrics has no budget of its own")
                    .help("limit area, power, latency, energy or throughput; `minimize edp` optimises the product"),
            );
            continue;
        }
        let wanted = if metric.larger_is_better() {
            Comparison::AtLeast
        } else {
            Comparison::AtMost
        };
        if condition.comparison.node != wanted {
            let sign = if wanted == Comparison::AtMost {
                "<="
            } else {
                ">="
            };
            out.push(
                Diagnostic::error(
                    codes::BAD_LIMIT,
                    format!("a budget of `{}` is written with `{sign}`", metric.name()),
                )
                .label(
                    condition.comparison.span,
                    "this sign limits it on the wrong side, or not exactly",
                )
                .help(format!("write `{} {sign} …`", metric.name()))
                .suggest(condition.comparison.span, sign),
            );
            continue;
        }
        if let Some((_, span)) = first.iter().find(|(m, _)| *m == metric) {
            out.push(
                Diagnostic::error(
                    codes::DUPLICATE_FIELD,
                    format!("`{}` is limited twice", metric.name()),
                )
                .label(condition.span, "limited again here")
                .label(*span, "first limited here")
                .help("keep the tighter of the two"),
            );
            continue;
        }
        first.push((metric, condition.span));
        if let Some(limit) = value(condition, metric, true, clock_hz, out) {
            budgets.push(Budget {
                metric,
                limit,
                span: condition.span,
            });
        }
    }
    if decl.limits.is_empty() {
        out.push(
            Diagnostic::error(
                codes::BAD_LIMIT,
                format!("budget `{}` limits nothing", decl.name.node),
            )
            .label(decl.name.span, "no limit in it")
            .help("add e.g. `area <= 2.5 mm2`, or leave `budget` out of the design"),
        );
    }
    (out.len() == before).then_some(budgets)
}

/// What an `expect` or `stop` line is about: a metric, or the gap to the proved bound.
fn subject(name: &Name, out: &mut Vec<Diagnostic>) -> Option<Subject> {
    if name.node == "gap" {
        return Some(Subject::Gap);
    }
    let found = Metric::parse(&name.node).map(Subject::Metric);
    if found.is_none() {
        let mut known: Vec<&str> = Metric::ALL.iter().map(|m| m.name()).collect();
        known.push("gap");
        out.push(unknown("metric", name, &known));
    }
    found
}

/// A share of the bound, as in `gap <= 1%`.
fn gap(condition: &Condition, out: &mut Vec<Diagnostic>) -> Option<f64> {
    let what = "the limit of `gap`";
    let (value, _) = quantity::measure(&condition.limit, &[Quantity::Percent], what, out)?;
    if value.is_finite() && value >= 0.0 {
        return Some(value);
    }
    out.push(
        Diagnostic::error(codes::OUT_OF_RANGE, format!("{what} must not be negative"))
            .label(condition.limit.span, "no design is better than the bound")
            .help("write e.g. `gap <= 1%`"),
    );
    None
}

/// Lowers an `expect` line.
pub fn expectation(
    condition: &Condition,
    clock_hz: f64,
    out: &mut Vec<Diagnostic>,
) -> Option<Expectation> {
    let subject = subject(&condition.metric, out)?;
    let value = match subject {
        Subject::Gap => gap(condition, out)?,
        Subject::Metric(metric) => match value(condition, metric, false, clock_hz, out)? {
            Limit::Absolute(value) => value,
            Limit::Share(_) => return None,
        },
    };
    let relation = match condition.comparison.node {
        Comparison::AtMost => Relation::AtMost,
        Comparison::AtLeast => Relation::AtLeast,
        Comparison::Below => Relation::Below,
        Comparison::Above => Relation::Above,
        Comparison::Equal => Relation::Equal,
    };
    Some(Expectation {
        subject,
        relation,
        value,
        span: condition.span,
    })
}

/// Lowers a `stop` line: the gap at which the search may end.
pub fn stop(condition: &Condition, out: &mut Vec<Diagnostic>) -> Option<f64> {
    if condition.metric.node != "gap" || condition.comparison.node != Comparison::AtMost {
        out.push(
            Diagnostic::error(codes::BAD_LIMIT, "a search stops at a gap")
                .label(
                    condition.span,
                    "this does not say how near the optimum is near enough",
                )
                .help("write e.g. `stop gap <= 1%`"),
        );
        return None;
    }
    gap(condition, out)
}
