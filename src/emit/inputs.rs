//! Everything that a decision depends on, as JSON: who has this, and the version of the compiler,
//! can make it again.

use super::{graph, number};
use crate::base::units::Quantity;
use crate::ir::dataflow::{ClusterLevel, Dataflow, Directive, MapKind, Size};
use crate::ir::menu::{Knob, Menu};
use crate::ir::precision::Precision;
use crate::ir::problem::{Limit, Pin, Problem, Stage};
use crate::ir::registry::ParamValue;
use crate::ir::technology::Coefficient;
use crate::space::Space;
use serde_json::{Map, Value, json};

/// Network, dataflows, menu, budgets, model, technology, pins, search, seed, defaults taken.
pub fn inputs(space: &Space) -> Value {
    let problem = space.problem;
    let macs: Option<u64> = problem
        .layers
        .iter()
        .map(|l| problem.shapes[l.shape].macs())
        .try_fold(0_u64, |sum, macs| sum.checked_add(macs?));
    json!({
        "network": {
            "name": problem.network.name,
            "layers": problem.layers.len(),
            "distinct_layers": problem.shapes.len(),
            "macs": macs,
            "shapes_checked": problem.network.shapes_checked,
            "edges": graph::edge_names(&problem.network),
        },
        "dataflows": problem.dataflows.iter().map(|d| dataflow(d, &problem.menu)).collect::<Vec<_>>(),
        "menu": {
            "name": problem.menu.name,
            "knobs": problem.menu.knobs.iter().map(knob).collect::<Vec<_>>(),
        },
        "budgets": problem.budgets.iter().map(|b| {
            let (limit, share) = match b.limit {
                Limit::Absolute(limit) => (Some(limit), None),
                Limit::Share(share) => (None, Some(share)),
            };
            json!({
                "metric": b.metric.name(),
                "limit": limit.map(|l| number::json(l, is_count(b.metric.quantity()))),
                "share_of_span": share,
                "unit": b.metric.unit(),
            })
        }).collect::<Vec<_>>(),
        "deployment": problem.deployment.name(),
        "objective": problem.objective.metric.name(),
        "model": {
            "name": problem.model,
            "caveats": space.model.caveats(),
        },
        "precision": problem.precision.as_ref().map(precision),
        "technology": {
            "name": problem.technology.name,
            "coefficients": problem.technology.coefficients.iter()
                .map(|(name, c)| (name.clone(), coefficient(c)))
                .collect::<Map<_, _>>(),
        },
        "pins": problem.pins.iter().map(|p| pin(p, problem)).collect::<Vec<_>>(),
        "stop_gap": problem.stop_gap,
        "search": problem.stages.iter().map(stage).collect::<Vec<_>>(),
        "seed": problem.seed,
        "defaults": problem.defaults.iter()
            .map(|(name, value)| (name.to_string(), Value::from(value.as_str())))
            .collect::<Map<_, _>>(),
    })
}

/// Whether values of the quantity are whole numbers where they can be.
pub fn is_count(quantity: Quantity) -> bool {
    matches!(
        quantity,
        Quantity::Count | Quantity::Cycles | Quantity::Bytes
    )
}

fn dataflow(dataflow: &Dataflow, menu: &Menu) -> Value {
    let rule = |rule: &crate::ir::dataflow::Rule| {
        let mut out = json!({
            "for": rule.ops.iter().map(|o| o.name()).collect::<Vec<_>>(),
            "directives": levels(&rule.levels, &menu.knobs),
        });
        if !rule.layers.is_empty() {
            out["layers"] = json!(rule.layers);
        }
        out
    };
    json!({
        "name": dataflow.name,
        "rules": dataflow.rules.iter().map(rule).collect::<Vec<_>>(),
    })
}

/// The directives as they are written, one text each; `cluster` begins an inner level.
pub(super) fn levels(levels: &[ClusterLevel], knobs: &[Knob]) -> Vec<String> {
    let mut out = Vec::new();
    for level in levels {
        out.extend(
            level
                .cluster
                .as_ref()
                .map(|s| format!("cluster {}", size(s, knobs))),
        );
        out.extend(level.directives.iter().map(|d| directive(d, knobs)));
    }
    out
}

/// A directive as it is written.
pub(super) fn directive(d: &Directive, knobs: &[Knob]) -> String {
    let kind = match d.kind {
        MapKind::Spatial => "spatial",
        MapKind::Temporal => "temporal",
    };
    let mut out = format!("{kind} {} by {}", d.dim.name(), size(&d.size, knobs));
    if d.step != d.size {
        out.push_str(&format!(" step {}", size(&d.step, knobs)));
    }
    out
}

/// A size as it is written.
pub(super) fn size(size: &Size, knobs: &[Knob]) -> String {
    size.text(&|knob| knobs.get(knob).map_or(String::new(), |k| k.name.clone()))
}

fn knob(knob: &Knob) -> Value {
    json!({
        "name": knob.name,
        "levels": knob.levels,
        "levels_text": compact(&knob.levels),
        "refine": (!knob.refine.is_empty()).then_some(&knob.refine),
        "refine_text": (!knob.refine.is_empty()).then(|| compact(&knob.refine)),
        "per_layer": knob.per_layer,
    })
}

/// Values as they would be written in a menu: a range where they are one, a list otherwise.
pub fn compact(values: &[u64]) -> String {
    if let [first, second, _, ..] = values
        && let Some(last) = values.last()
        && second > first
    {
        let step = second - first;
        if values
            .windows(2)
            .all(|w| w[1] > w[0] && w[1] - w[0] == step)
        {
            return match step {
                1 => format!("{first}..={last}"),
                _ => format!("{first}..={last} step {step}"),
            };
        }
    }
    let list: Vec<String> = values.iter().map(u64::to_string).collect();
    format!("[{}]", list.join(", "))
}

fn coefficient(c: &Coefficient) -> Value {
    let unit = c.quantity.canonical();
    json!({
        "value": number::json(c.value, true),
        "unit": (!unit.is_empty()).then_some(unit),
        "source": c.source,
    })
}

fn pin(pin: &Pin, problem: &Problem) -> Value {
    let knobs: Map<String, Value> = pin
        .knobs
        .iter()
        .map(|&(knob, value)| (problem.menu.knobs[knob].name.clone(), value.into()))
        .collect();
    json!({
        "layer": problem.layers[pin.layer].name,
        "dataflow": pin.dataflow.map(|d| problem.dataflows[d].name.as_str()),
        "knobs": knobs,
    })
}

fn stage(stage: &Stage) -> Value {
    let params: Map<String, Value> = stage
        .params
        .iter()
        .map(|(name, value)| {
            let value = match value {
                ParamValue::Number(n) => number::json(*n, true),
                ParamValue::Word(word) => word.as_str().into(),
            };
            (name.to_string(), value)
        })
        .collect();
    json!({ "method": stage.method, "parameters": params })
}

/// The formats of the tensors.
fn precision(p: &Precision) -> Value {
    json!({
        "input": p.input.name(),
        "weights": p.weights.name(),
        "output": p.output.name(),
        "sum": p.sum.name(),
    })
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn ranges_where_they_are_ranges() {
        assert_eq!(compact(&[1, 2, 3, 4]), "1..=4");
        assert_eq!(compact(&[2, 4, 6]), "2..=6 step 2");
        assert_eq!(compact(&[1, 2, 4]), "[1, 2, 4]");
        assert_eq!(compact(&[7]), "[7]");
        assert_eq!(compact(&[1, 2]), "[1, 2]");
        assert_eq!(compact(&[3, 2, 1]), "[3, 2, 1]");
    }
}
