//! `budget` blocks and `stop` lines: metrics, directions, units.

use super::fields::unknown;
use super::quantity;
use crate::base::span::Span;
use crate::base::units::Quantity;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::ir::metric::Metric;
use crate::ir::problem::{Budget, Limit};
use crate::syntax::ast::{BudgetDecl, Comparison, Condition, Name, Number};

/// A metric by name, or a diagnostic.
pub fn metric(name: &Name, out: &mut Vec<Diagnostic>) -> Option<Metric> {
    let found = Metric::parse(&name.node);
    if found.is_none() {
        let known: Vec<&str> = Metric::ALL.iter().map(|m| m.name()).collect();
        out.push(unknown("metric", name, &known));
    }
    found
}

/// What a condition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Limit,
    Expectation,
}

/// The value in the metric's own unit; times become cycles at `clock_hz`.
fn value(
    number: &Number,
    metric: Metric,
    purpose: Purpose,
    clock_hz: f64,
    out: &mut Vec<Diagnostic>,
) -> Option<Limit> {
    let mut wanted = vec![metric.quantity()];
    if metric.quantity() == Quantity::Cycles {
        wanted.push(Quantity::Time);
    }
    let what = match purpose {
        Purpose::Limit => {
            wanted.push(Quantity::Percent);
            format!("the limit of `{}`", metric.name())
        }
        Purpose::Expectation => format!("the expected `{}`", metric.name()),
    };
    let before = out.len();
    let Some((value, quantity)) = quantity::measure(number, &wanted, &what, out) else {
        let percent = number.unit.as_ref().is_some_and(|u| u.node == "%");
        if let (true, Some(diagnostic)) = (percent, out[before..].last_mut()) {
            let help = diagnostic.help.take().unwrap_or_default();
            diagnostic.help = Some(format!(
                "{help}; percentages are shares of a menu's span and stand in budgets only"
            ));
        }
        return None;
    };
    let amount = match quantity {
        // Cycles are whole: a limit that misses a whole number by rounding means that number.
        Quantity::Time => whole_if_near(value * clock_hz),
        Quantity::Cycles => whole_if_near(value),
        _ => value,
    };
    let wrong = if amount < 0.0 || (amount == 0.0 && quantity != Quantity::Percent) {
        Some((
            "must be positive",
            "not a positive amount",
            "no design comes out at zero or less",
        ))
    } else if !amount.is_finite() {
        Some((
            "is too large",
            "cannot be represented",
            "check the digits; leave the line out if there is no limit",
        ))
    } else {
        None
    };
    if let Some((is, label, help)) = wrong {
        out.push(
            Diagnostic::error(codes::OUT_OF_RANGE, format!("{what} {is}"))
                .label(number.span, label)
                .help(help),
        );
        return None;
    }
    if quantity != Quantity::Percent {
        return Some(Limit::Absolute(amount));
    }
    if amount > 1.0 {
        out.push(
            Diagnostic::warning(
                codes::BEYOND_SPAN,
                format!("a limit above the whole span of `{}`", metric.name()),
            )
            .label(
                number.span,
                match metric.larger_is_better() {
                    true => "100% is already the best of the menu's corner designs",
                    false => "100% is already the dearest of the menu's corner designs",
                },
            )
            .help("write at most 100%, or an amount with a unit"),
        );
    }
    Some(Limit::Share(amount))
}

/// A limit that stands outside of a budget, read as one that stands in it; `None` if it has errors.
pub fn limit(
    number: &Number,
    metric: Metric,
    clock_hz: f64,
    out: &mut Vec<Diagnostic>,
) -> Option<Limit> {
    value(number, metric, Purpose::Limit, clock_hz, out)
}

/// The nearest whole number if `value` differs from it by rounding only.
fn whole_if_near(value: f64) -> f64 {
    let whole = value.round();
    if (value - whole).abs() <= 1e-12 * whole.abs() {
        whole
    } else {
        value
    }
}

/// Checks a budget that no design uses yet.
pub fn check(decl: &BudgetDecl, out: &mut Vec<Diagnostic>) {
    lower(decl, 1e9, out);
}

/// Lowers a budget; `None` if it has errors.
pub fn lower(decl: &BudgetDecl, clock_hz: f64, out: &mut Vec<Diagnostic>) -> Option<Vec<Budget>> {
    let mut budgets: Vec<Budget> = Vec::new();
    let mut first: Vec<(Metric, Span)> = Vec::new();
    for condition in &decl.limits {
        if condition.metric.node == "gap" {
            out.push(
                Diagnostic::error(codes::BAD_LIMIT, "`gap` cannot be a budget")
                    .label(condition.metric.span, "known once something is decided")
                    .help("write `expect gap <= 1%` in the design, or `stop gap <= 1%` to end the search there"),
            );
            continue;
        }
        let Some(metric) = metric(&condition.metric, out) else {
            continue;
        };
        if !metric.can_be_budget() {
            let (label, help) = match metric {
                Metric::CriticalPath => (
                    "the longest path is no sum that a limit could be shared out of",
                    "limit `latency`, which is never below it, or write `minimize critical_path` and hold the result to `expect critical_path <= …`",
                ),
                _ => (
                    "a product of metrics has no budget of its own",
                    "limit area, power, latency, energy or throughput; `minimize edp` optimises the product",
                ),
            };
            out.push(
                Diagnostic::error(
                    codes::BAD_LIMIT,
                    format!("`{}` cannot be a budget", metric.name()),
                )
                .label(condition.metric.span, label)
                .help(help),
            );
            continue;
        }
        let wanted = if metric.larger_is_better() {
            Comparison::AtLeast
        } else {
            Comparison::AtMost
        };
        let sign = condition.comparison.node;
        if sign != wanted {
            let (right, exact) = match wanted {
                Comparison::AtMost => ("<=", Comparison::Below),
                _ => (">=", Comparison::Above),
            };
            let label = match sign {
                _ if sign == exact => "a limit may be met exactly",
                Comparison::Equal => "a limit is a bound, not a value to hit",
                _ => "this bounds it on the wrong side",
            };
            out.push(
                Diagnostic::error(
                    codes::BAD_LIMIT,
                    format!("a budget of `{}` is written with `{right}`", metric.name()),
                )
                .label(condition.comparison.span, label)
                .help(format!("write `{} {right} …`", metric.name()))
                .suggest(condition.comparison.span, right),
            );
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
        let limit = value(&condition.limit, metric, Purpose::Limit, clock_hz, out);
        if let Some(limit) = limit.filter(|_| sign == wanted) {
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
    let sound = !budgets.is_empty() && budgets.len() == decl.limits.len();
    sound.then_some(budgets)
}

/// A share of the bound, as in `gap <= 1%`.
pub fn gap(number: &Number, out: &mut Vec<Diagnostic>) -> Option<f64> {
    let what = "the limit of `gap`";
    let (value, _) = quantity::measure(number, &[Quantity::Percent], what, out)?;
    if value.is_finite() && value >= 0.0 {
        return Some(value);
    }
    out.push(
        Diagnostic::error(codes::OUT_OF_RANGE, format!("{what} must not be negative"))
            .label(number.span, "no design is better than the bound")
            .help("write e.g. `gap <= 1%`"),
    );
    None
}

/// What is expected of a metric, in its unit.
pub fn expected(
    number: &Number,
    metric: Metric,
    clock_hz: f64,
    out: &mut Vec<Diagnostic>,
) -> Option<f64> {
    match value(number, metric, Purpose::Expectation, clock_hz, out)? {
        Limit::Absolute(value) => Some(value),
        Limit::Share(_) => None,
    }
}

/// Lowers a `stop` line: the gap at which the search may end.
pub fn stop(condition: &Condition, out: &mut Vec<Diagnostic>) -> Option<f64> {
    if condition.metric.node != "gap" || condition.comparison.node != Comparison::AtMost {
        let metric = &condition.metric;
        if metric.node != "gap" && nearest(&metric.node, ["gap"]).is_some() {
            out.push(unknown("figure to stop at", metric, &["gap"]));
            return None;
        }
        let diagnostic = Diagnostic::error(codes::BAD_LIMIT, "a search stops at a gap")
            .label(
                condition.span,
                "this does not say how near the optimum is near enough",
            )
            .help("write e.g. `stop gap <= 1%`");
        let strict = metric.node == "gap" && condition.comparison.node == Comparison::Below;
        out.push(match strict {
            true => diagnostic.suggest(condition.comparison.span, "<="),
            false => diagnostic,
        });
        if strict {
            gap(&condition.limit, out);
        }
        return None;
    }
    gap(&condition.limit, out)
}
