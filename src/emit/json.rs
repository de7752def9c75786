//! Decisions as JSON, the form that scripts read. Every metric has one unit everywhere: cycles,
//! nJ, um2, mW, bytes.

use super::decision::{Decision, Row};
use super::inputs::{self, is_count};
use super::number;
use super::proof;
use crate::ir::menu::Menu;
use crate::ir::metric::Metric;
use crate::ir::problem::Subject;
use crate::search::StageReport;
use crate::space::Totals;
use serde_json::{Map, Value, json};

/// Changes when a reader of the old form could misread the new one.
pub const SCHEMA: u32 = 1;

/// The knob that has a place of its own in the schema beside `pes`.
pub(super) const BUFFER: &str = "buffer";

/// Keys of a layer and columns of a price list that no knob may take.
const TAKEN: [&str; 20] = [
    "name",
    "layer",
    "op",
    "dataflow",
    "latency_cycles",
    "energy_nj",
    "area_um2",
    "power_mw",
    "mean_power_mw",
    "throughput_macs_per_cycle",
    "l1_bytes",
    "l2_bytes",
    "noc_bandwidth_peak",
    "noc_bandwidth_avg",
    "offchip_bandwidth",
    "macs",
    "model_macs",
    "active_pes",
    "refused",
    "design",
];

/// Whether a key of a layer is one of its own figures and no knob.
pub fn is_figure(key: &str) -> bool {
    TAKEN.contains(&key)
}

/// The key of a knob: its name, told apart from the figures beside it.
pub fn knob_key(name: &str) -> String {
    if TAKEN.contains(&name) {
        format!("knob:{name}")
    } else {
        name.to_string()
    }
}

/// Schema, version, and these designs.
pub fn document(designs: Vec<Value>) -> Value {
    json!({ "schema": SCHEMA, "cfxc": env!("CARGO_PKG_VERSION"), "designs": designs })
}

/// As text that is good to compare line by line: two blanks of indentation, each layer and each
/// list of numbers on one line, a line break at the end.
pub fn text(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, false, &mut out);
    out.push('\n');
    out
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// Writes a value at this depth; `in_list` if it is an item of a list.
pub(super) fn write(value: &Value, depth: usize, in_list: bool, out: &mut String) {
    let (brackets, count, inline) = match value {
        Value::Array(list) => ("[]", list.len(), list.iter().all(is_scalar)),
        Value::Object(map) => ("{}", map.len(), in_list && map.values().all(is_scalar)),
        scalar => return out.push_str(&scalar.to_string()),
    };
    let inline = inline || count == 0;
    let line_break = |depth: usize, out: &mut String| {
        if !inline {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        }
    };
    out.push_str(&brackets[..1]);
    let separate = |at: usize, out: &mut String| {
        if at > 0 {
            out.push_str(if inline { ", " } else { "," });
        }
        line_break(depth + 1, out);
    };
    match value {
        Value::Array(list) => {
            for (i, item) in list.iter().enumerate() {
                separate(i, out);
                write(item, depth + 1, true, out);
            }
        }
        Value::Object(map) => {
            for (i, (key, item)) in map.iter().enumerate() {
                separate(i, out);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(": ");
                write(item, depth + 1, false, out);
            }
        }
        _ => {}
    }
    line_break(depth, out);
    out.push_str(&brackets[1..]);
}

/// A metric's value in its unit.
fn metric(metric: Metric, value: f64) -> Value {
    number::json(value, is_count(metric.quantity()))
}

/// The value of what an expectation is about; a gap is a share.
fn expected(subject: Subject, value: f64) -> Value {
    number::json(value, is_count(subject.quantity()))
}

/// One design.
pub fn design(decision: &Decision) -> Value {
    let problem = decision.problem;
    let objective = problem.objective.metric;
    let mut out = json!({
        "design": problem.design,
        "seed": problem.seed,
        "objective": {
            "metric": objective.name(),
            "value": metric(objective, decision.totals.metric(objective)),
            "unit": objective.unit(),
        },
        "budgets": budgets(decision),
        "certificate": proof::json(decision),
        "stages": decision.stages.iter().map(|s| stage(s, objective)).collect::<Vec<_>>(),
        "interrupted": decision.stopped_by.is_some(),
        "reproducible": decision.stopped_by.is_none(),
        "stopped_by": decision.stopped_by,
        "layers": layers(decision),
        "free": problem.network.free()
            .map(|(node, op)| json!({ "name": node.name, "op": op }))
            .collect::<Vec<_>>(),
        "engine": engine(decision),
        "metrics": metrics(&decision.totals, decision.clock_hz()),
        "expectations": decision.expectations.iter().map(|v| json!({
            "metric": v.expectation.measure.text,
            "relation": v.expectation.relation.sign(),
            "against": v.expectation.against(),
            "expected": expected(v.expectation.measure.subject, v.expected),
            "found": expected(v.expectation.measure.subject, v.found),
            "unit": match v.expectation.measure.subject {
                Subject::Metric(metric) => metric.unit(),
                Subject::Gap => "1",
            },
            "held": v.held,
        })).collect::<Vec<_>>(),
    });
    out["inputs"] = inputs::inputs(decision.space);
    out
}

/// Budgets with what is used of them.
pub fn budgets(decision: &Decision) -> Vec<Value> {
    let budget = |b: &super::decision::BudgetUse| {
        json!({
            "metric": b.limit.metric.name(),
            "limit": metric(b.limit.metric, b.limit.limit),
            "used": metric(b.limit.metric, b.used),
            "unit": b.limit.metric.unit(),
            "holds": b.holds(),
        })
    };
    decision.budgets.iter().map(budget).collect()
}

fn stage(stage: &StageReport, objective: Metric) -> Value {
    json!({
        "method": stage.method,
        "evaluations": stage.evaluations,
        "prices": stage.prices,
        "value": stage.value.map(|v| metric(objective, v)),
    })
}

/// One object per layer, all with the same keys.
pub fn layers(decision: &Decision) -> Vec<Value> {
    let rows = decision.rows.iter();
    rows.map(|row| layer(decision, row)).collect()
}

fn layer(decision: &Decision, row: &Row) -> Value {
    let problem = decision.problem;
    let price = &row.price;
    let clock_hz = decision.clock_hz();
    // Under `sequential` an engine is no layer's own.
    let own = |value: f64| decision.engine.is_none().then_some(value);
    let mut out = json!({
        "name": row.name,
        "op": row.op.name(),
        "dataflow": problem.dataflows[row.dataflow].name,
        "pes": row.knobs[Menu::PES],
        "buffer": problem.menu.find(BUFFER).map(|k| row.knobs[k]),
    });
    let others = problem.menu.knobs.iter().zip(&row.knobs);
    for (knob, value) in others.filter(|(k, _)| k.name != "pes" && k.name != BUFFER) {
        out[knob_key(&knob.name)] = (*value).into();
    }
    let figures = json!({
        "latency_cycles": price.latency_cycles,
        "energy_nj": price.energy_nj,
        "area_um2": own(price.area_um2),
        "power_mw": own(price.power_mw),
        "mean_power_mw": price.energy_nj / price.latency_cycles as f64 * clock_hz * 1e-6,
        "l1_bytes": price.l1_bytes,
        "l2_bytes": price.l2_bytes,
        "macs": row.macs,
        "model_macs": price.macs,
    });
    if let (Value::Object(out), Value::Object(figures)) = (&mut out, figures) {
        out.extend(figures);
    }
    out
}

/// The one engine of a sequential design, null if every layer has its own.
fn engine(decision: &Decision) -> Value {
    let Some(engine) = &decision.engine else {
        return Value::Null;
    };
    let mut out = Map::new();
    for &(knob, value) in &engine.knobs {
        out.insert(
            knob_key(&decision.problem.menu.knobs[knob].name),
            value.into(),
        );
    }
    out.insert("l1_bytes".into(), engine.l1_bytes.into());
    out.insert("l2_bytes".into(), engine.l2_bytes.into());
    out.insert("area_um2".into(), decision.totals.area_um2.into());
    out.insert("power_mw".into(), decision.totals.power_mw.into());
    Value::Object(out)
}

/// All metrics of a design.
pub fn metrics(totals: &Totals, clock_hz: f64) -> Value {
    json!({
        "latency_cycles": totals.latency_cycles,
        "latency_ms": totals.latency_cycles as f64 / clock_hz * 1e3,
        "slowest_layer_cycles": totals.slowest_cycles,
        "critical_path_cycles": totals.critical_cycles,
        "throughput_inferences_per_s": totals.throughput,
        "energy_nj": totals.energy_nj,
        "area_um2": totals.area_um2,
        "power_mw": totals.power_mw,
        "mean_power_mw": totals.mean_power_mw(),
        "edp_nj_cycles": totals.metric(Metric::Edp),
        "edp_per_layer_nj_cycles": totals.edp_per_layer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_layer_to_a_line() {
        let value = json!({
            "layers": [{ "name": "a\"b", "pes": 1 }, { "name": "c", "pes": 2.5 }],
            "none": [],
            "metrics": { "x": null },
            "nested": [[1, 2], { "y": [true] }],
        });
        let written = text(&value);
        let wanted = "{
  \"layers\": [
    {\"name\": \"a\\\"b\", \"pes\": 1},
    {\"name\": \"c\", \"pes\": 2.5}
  ],
  \"none\": [],
  \"metrics\": {
    \"x\": null
  },
  \"nested\": [
    [1, 2],
    {
      \"y\": [true]
    }
  ]
}
";
        assert_eq!(written, wanted);
        let read: Value = serde_json::from_str(&written).expect("valid JSON");
        assert_eq!(read, value);
    }
}
