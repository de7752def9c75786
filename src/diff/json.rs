//! A comparison for tools. What is not known is null.

use super::review::{Moved, Pair, Review, Reviewed, share};
use super::side::Design;
use crate::emit::json::SCHEMA;
use crate::ir::metric::Metric;
use crate::lock::{FigureChange, InputChange, LayerChoice, metric_key};
use serde_json::{Map, Value, json};

/// The comparison. Figures are in the unit that their name ends with; shares are shares, not per cent.
pub fn json(review: &Review) -> Value {
    let designs: Vec<Value> = review
        .designs
        .iter()
        .map(|design| match design {
            Reviewed::New(name, design) => alone(name, "new", design),
            Reviewed::Gone(name, design) => alone(name, "gone", design),
            Reviewed::Both(pair) => both(pair),
        })
        .collect();
    json!({
        "schema": SCHEMA,
        "cfxc": env!("CARGO_PKG_VERSION"),
        "before": review.before.name,
        "after": review.after.name,
        "equal": review.is_equal(),
        "designs": designs,
    })
}

fn number(value: Option<f64>) -> Value {
    value.map_or(Value::Null, |v| {
        crate::emit::number::json(v, v.fract() == 0.0)
    })
}

fn alone(name: &str, status: &str, design: &Design) -> Value {
    let metric = design.objective();
    json!({
        "design": name,
        "status": status,
        "objective": metric_key(metric),
        "value": number(design.entry.metric(metric)),
        "layers": design.entry.layers.len(),
    })
}

fn figure(name: &str, before: Option<f64>, after: Option<f64>) -> Value {
    json!({
        "figure": name,
        "before": number(before),
        "after": number(after),
        "change": number(share(before, after)),
    })
}

fn proof(design: &Design) -> Value {
    if !design.proof_known {
        return Value::Null;
    }
    let c = &design.entry.certificate;
    json!({
        "bound": number(Some(c.bound)),
        "gap": number(Some(c.gap)),
        "proven": c.proven,
    })
}

fn both(pair: &Pair) -> Value {
    let (before, after) = (pair.before, pair.after);
    let sides = |f: &dyn Fn(&Design) -> Value| json!({ "before": f(before), "after": f(after) });
    let totals = Metric::ALL.into_iter().map(|metric| {
        let value = |d: &Design| d.entry.metric(metric);
        figure(metric_key(metric), value(before), value(after))
    });
    let known = before.inputs_known && after.inputs_known;
    let inputs = pair.difference.inputs.iter().map(|(name, change)| {
        let change = match change {
            InputChange::Changed => "changed",
            InputChange::New => "new",
            InputChange::Gone => "gone",
        };
        json!({ "input": name, "change": change })
    });
    let limit = |c: &FigureChange| figure(&c.name, c.before, c.after);
    json!({
        "design": pair.name,
        "was": pair.was,
        "status": if pair.is_equal() { "same" } else { "changed" },
        "objective": sides(&|d| metric_key(d.objective()).into()),
        "cfxc": sides(&|d| d.entry.cfxc.clone().into()),
        "seed": sides(&|d| d.entry.seed.into()),
        "stopped": sides(&|d| d.stopped.into()),
        "inputs": known.then(|| inputs.collect::<Vec<_>>()),
        "totals": totals.collect::<Vec<_>>(),
        "limits": pair.difference.limits.iter().map(limit).collect::<Vec<_>>(),
        "limited_by": sides(&|d| d.limited_by().into()),
        "certificate": sides(&proof),
        "layers": pair.layers.iter().map(layer).collect::<Vec<_>>(),
    })
}

fn layer(moved: &Moved) -> Value {
    let side = |layer: &Option<LayerChoice>| {
        let Some(layer) = layer else {
            return Value::Null;
        };
        let knobs: Map<String, Value> = layer
            .knobs
            .iter()
            .map(|(name, value)| (name.clone(), (*value).into()))
            .collect();
        let figures: Map<String, Value> = layer
            .figures
            .iter()
            .map(|(name, value)| (name.clone(), number(Some(*value))))
            .collect();
        json!({ "dataflow": layer.dataflow, "knobs": knobs, "figures": figures })
    };
    json!({
        "layer": moved.change.name,
        "other_choice": moved.change.other_choice(),
        "of_whole": number(moved.of_whole),
        "before": side(&moved.change.before),
        "after": side(&moved.change.after),
    })
}
