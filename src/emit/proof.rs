//! The certificate of a decision, in words and as JSON.

use super::decision::Decision;
use super::inputs::is_count;
use super::number::{self, amount};
use crate::base::units::Quantity;
use crate::certify::Certificate;
use crate::ir::metric::Metric;
use serde_json::{Value, json};

/// A gap in per cent. Rounded up, so that what is not closed never reads as 0.
pub fn gap(certificate: &Certificate) -> String {
    if certificate.proven {
        return "0 %".to_string();
    }
    let percent = certificate.gap * 100.0;
    format!(
        "{} %",
        number::significant(percent, 2, number::Rounding::Up)
    )
}

/// How good the result is, one line per fact.
pub fn lines(decision: &Decision) -> Vec<String> {
    let Some(certificate) = decision.certificate else {
        return Vec::new();
    };
    let metric = decision.problem.objective.metric;
    let shown = |v: f64| amount(metric.quantity(), v);
    let space = if certificate.refined {
        "coarse and refined values"
    } else {
        "coarse levels"
    };
    let better = if metric.larger_is_better() {
        "more"
    } else {
        "less"
    };
    let mut lines = vec![if certificate.proven {
        format!(
            "proven optimum over the {space}: nothing within budget has {better} {}",
            metric.name()
        )
    } else {
        format!(
            "at most {} from the best possible: nothing within budget over the {space} has {better} than {}",
            gap(certificate),
            shown(certificate.bound)
        )
    }];
    if let (Some(why), false) = (&certificate.why, certificate.proven) {
        lines.push(match certificate.solver {
            Some(best) if differs(best, certificate.value) => {
                format!("`then exact` would reach {}", shown(best))
            }
            _ => why.clone(),
        });
    }
    for way in decision.simpler {
        lines.push(match way.value {
            Some(value) => {
                format!(
                    "{}: {}{}",
                    way.name,
                    shown(value),
                    distance(decision, metric, value)
                )
            }
            None => format!("{}: nothing within budget", way.name),
        });
    }
    lines
}

fn differs(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e-9 * b.abs()
}

/// By how much a simpler way is worse than the result.
fn distance(decision: &Decision, metric: Metric, value: f64) -> String {
    let own = decision.totals.metric(metric);
    let worse = if metric.larger_is_better() {
        1.0 - value / own
    } else {
        value / own - 1.0
    };
    if worse.abs() < 5e-6 {
        return ", the same".to_string();
    }
    let (size, word) = if worse > 0.0 {
        (worse, "worse")
    } else {
        (-worse, "better")
    };
    format!(", {} {word}", amount(Quantity::Percent, size))
}

/// The certificate, null for choices that come from no search.
pub fn json(decision: &Decision) -> Value {
    let Some(certificate) = decision.certificate else {
        return Value::Null;
    };
    let metric = decision.problem.objective.metric;
    let value = |v: f64| number::json(v, is_count(metric.quantity()));
    let lagrangian = certificate.lagrangian.as_ref().map(|l| {
        let multipliers = l
            .multipliers
            .iter()
            .map(|(limit, weight, bound, multiplier)| {
                json!({
                    "budget": decision.space.limits[*limit].metric.name(),
                    "sum": weight.name(),
                    "limit": bound,
                    "multiplier": multiplier,
                    "unit": format!("{} per {}", metric.unit(), weight.unit()),
                })
            });
        json!({ "bound": l.bound, "multipliers": multipliers.collect::<Vec<_>>() })
    });
    let simpler = decision
        .simpler
        .iter()
        .map(|s| json!({ "way": s.name, "value": s.value.map(value) }));
    json!({
        "value": value(certificate.value),
        "bound": value(certificate.bound),
        "gap": certificate.gap,
        "proven": certificate.proven,
        "why_not": certificate.why,
        "method": certificate.method,
        "space": if certificate.refined { "refined" } else { "coarse" },
        "solver": certificate.solver.map(value),
        "states": certificate.states,
        "lagrangian": lagrangian,
        "simpler": simpler.collect::<Vec<_>>(),
    })
}
