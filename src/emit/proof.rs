//! The certificate of a decision, in words and as JSON.

use super::decision::Decision;
use super::inputs::is_count;
use super::number::{self, amount};
use crate::base::units::Quantity;
use crate::certify::{Certificate, Why};
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

/// What is said of an objective that does not decompose.
const RELAXED: &str = "the critical path does not decompose over layers: its bound is that of a weighted sum of latencies, the weights being a flow over the paths";

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
    if certificate.relaxation.is_some() {
        lines.push(RELAXED.to_string());
    }
    if let (Some(why), false) = (why(decision, certificate), certificate.proven) {
        lines.push(match certificate.solver {
            Some(best) if differs(best, certificate.value) => {
                format!("`then exact` would reach {}", shown(best))
            }
            _ => why,
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

/// Why it is not proven, with who stopped the solver if somebody did.
fn why(decision: &Decision, certificate: &Certificate) -> Option<String> {
    let states = certificate.states;
    Some(match (certificate.why?, decision.stopped_by) {
        (Why::Beaten, _) => "a better design is known: `then exact` takes it".to_string(),
        (Why::Stopped, Some(by)) => format!("{by} stopped the solver after {states} states"),
        _ if certificate.relaxation.is_some() => format!(
            "the critical path does not decompose over layers, and the search over its relaxation stopped after {states} states"
        ),
        _ => format!("the solver stopped after {states} states"),
    })
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
    let multipliers = |list: &[(usize, Metric, f64, f64)], unit: &str| -> Vec<Value> {
        let one = |&(limit, weight, bound, multiplier): &(usize, Metric, f64, f64)| {
            json!({
                "budget": decision.space.limits[limit].metric.name(),
                "sum": weight.name(),
                "limit": bound,
                "multiplier": multiplier,
                "unit": format!("{unit} per {}", weight.unit()),
            })
        };
        list.iter().map(one).collect()
    };
    let lagrangian = certificate.lagrangian.as_ref().map(
        |l| json!({ "bound": l.bound, "multipliers": multipliers(&l.multipliers, metric.unit()) }),
    );
    let exclusion = certificate.exclusion.as_ref().map(|e| {
        let unit = e.multipliers.first().map_or("", |m| m.1.unit());
        json!({
            "slowest_layer_cycles": e.cycles,
            "multipliers": multipliers(&e.multipliers, unit),
        })
    });
    let relaxation = certificate.relaxation.as_ref().map(|r| {
        let layers = decision.rows.iter().zip(&r.layers);
        let layers: serde_json::Map<String, Value> = layers
            .map(|(row, &units)| (row.name.clone(), units.into()))
            .collect();
        let edges = r
            .edges
            .iter()
            .map(|(from, to, units)| json!({ "from": from, "to": to, "units": units }));
        json!({
            "note": RELAXED,
            "units": r.units,
            "layers": layers,
            "edges": edges.collect::<Vec<_>>(),
        })
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
        "why_not": why(decision, certificate),
        "method": certificate.method,
        "space": if certificate.refined { "refined" } else { "coarse" },
        "solver": certificate.solver.map(value),
        "states": certificate.states,
        "lagrangian": lagrangian,
        "exclusion": exclusion,
        "relaxation": relaxation,
        "simpler": simpler.collect::<Vec<_>>(),
    })
}
