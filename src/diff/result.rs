//! Reading the JSON that a build writes, as far as decisions are compared.

use super::side::Design;
use crate::base::span::{FileId, Span};
use crate::diag::{Diagnostic, codes};
use crate::emit::json::{SCHEMA, is_figure};
use crate::ir::metric::Metric;
use crate::lock::{Entry, Figure, LayerChoice, Proved, figure, metric_key};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const HELP: &str = "compare locks, or what `cfxc build` wrote as DIR/<design>.json";

/// The designs of a result.
///
/// # Errors
/// What is not as a build writes it, at its place.
pub fn read(file: FileId, text: &str) -> Result<BTreeMap<String, Design>, Diagnostic> {
    let odd = |e: serde_json::Error| {
        let at = offset(text, e.line(), e.column());
        let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        let span = Span {
            file,
            start: at as u32,
            end: end as u32,
        };
        let reason = e.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        Diagnostic::error(
            codes::BAD_RESULT,
            "this is no result as `cfxc build` writes it",
        )
        .label(span, reason)
        .help(HELP)
    };
    let head: Head = serde_json::from_str(text).map_err(odd)?;
    // What is not at fault itself is shown where its key stands.
    let at = |part: &str, key: &str| {
        let from = part.as_ptr() as usize - text.as_ptr() as usize;
        let key = format!("\"{key}\"");
        let (start, length) = part.find(&key).map_or((0, 1), |at| (at, key.len()));
        Span {
            file,
            start: (from + start) as u32,
            end: (from + start + length) as u32,
        }
    };
    if head.schema != SCHEMA {
        return Err(Diagnostic::error(
            codes::BAD_RESULT,
            format!(
                "this result is of form {}, and this is cfxc {}, which knows form {SCHEMA}",
                head.schema,
                env!("CARGO_PKG_VERSION")
            ),
        )
        .label(at(text, "schema"), "its form")
        .help("use the version of cfxc that wrote it, or build again"));
    }
    let document: Document = serde_json::from_str(text).map_err(odd)?;
    let mut out = BTreeMap::new();
    for result in &document.designs {
        let mut layers = Vec::with_capacity(result.layers.len());
        for raw in &result.layers {
            let read = serde_json::from_str(raw.get()).map_err(|e| ("name".into(), e.to_string()));
            layers.push(read.and_then(layer).map_err(|(key, reason)| {
                Diagnostic::error(
                    codes::BAD_RESULT,
                    "this is no layer as `cfxc build` writes it",
                )
                .label(at(raw.get(), &key), reason)
                .help(HELP)
            })?);
        }
        let design = design(result, layers, &document.cfxc);
        if out.insert(result.design.clone(), design).is_some() {
            let message = format!("this result has two designs `{}`", result.design);
            return Err(Diagnostic::error(codes::BAD_RESULT, message).help(HELP));
        }
    }
    Ok(out)
}

/// Line and column of serde_json, from 1 and in bytes, as an offset at the begin of a character.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    let mut at = before.map(str::len).sum::<usize>() + column.saturating_sub(1);
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[derive(Deserialize)]
struct Head {
    schema: u32,
}

#[derive(Deserialize)]
struct Document<'a> {
    cfxc: String,
    #[serde(borrow)]
    designs: Vec<Decided<'a>>,
}

#[derive(Deserialize)]
struct Decided<'a> {
    design: String,
    seed: u64,
    objective: Objective,
    budgets: Vec<Budget>,
    certificate: Option<Certificate>,
    #[serde(default)]
    interrupted: bool,
    #[serde(borrow)]
    layers: Vec<&'a RawValue>,
    metrics: Map<String, Value>,
}

#[derive(Deserialize)]
struct Objective {
    metric: Name,
}

#[derive(Deserialize)]
struct Budget {
    metric: Name,
    limit: f64,
}

#[derive(Deserialize)]
struct Certificate {
    bound: Option<f64>,
    gap: Option<f64>,
    proven: bool,
    solver: Option<f64>,
    states: usize,
}

/// The name of a metric.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Name(Metric);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let metric = Metric::parse(&name);
        metric
            .map(Name)
            .ok_or(format!("there is no metric `{name}`"))
    }
}

/// A layer's choice; or the key that is at fault, and the reason.
fn layer(map: Map<String, Value>) -> Result<LayerChoice, (String, String)> {
    let word = |key: &str| {
        let found = map.get(key).and_then(Value::as_str);
        found
            .map(str::to_string)
            .ok_or_else(|| (key.to_string(), format!("this layer has no `{key}`")))
    };
    let (name, dataflow) = (word("name")?, word("dataflow")?);
    let mut knobs = Vec::new();
    for (key, value) in map.iter().filter(|(key, _)| !is_figure(key)) {
        match (value, value.as_u64()) {
            (_, Some(value)) => knobs.push((key.clone(), value)),
            // A design without this knob.
            (Value::Null, _) => {}
            _ => return Err((key.clone(), "this is no whole number".to_string())),
        }
    }
    Ok(LayerChoice {
        figures: figures(&map),
        name,
        dataflow,
        knobs,
    })
}

/// Those that the lock has too; what is null is not known.
fn figures(map: &Map<String, Value>) -> Vec<Figure> {
    let known = map.iter().filter(|(key, _)| figure(key).is_some());
    known
        .filter_map(|(key, value)| Some((key.clone(), value.as_f64()?)))
        .collect()
}

fn design(result: &Decided, layers: Vec<LayerChoice>, version: &str) -> Design {
    let proved = result.certificate.as_ref();
    let proved = proved.and_then(|c| Some((c.bound?, c.gap?, c)));
    let objective = metric_key(result.objective.metric.0).to_string();
    let limits = result.budgets.iter();
    let proof_known = proved.is_some();
    let certificate = match proved {
        Some((bound, gap, c)) => Proved {
            objective,
            bound,
            gap,
            proven: c.proven,
            solver: c.solver,
            states: c.states,
        },
        // Nobody looks at it: `proof_known` is false.
        None => Proved {
            objective,
            bound: f64::NAN,
            gap: f64::NAN,
            proven: false,
            solver: None,
            states: 0,
        },
    };
    Design {
        entry: Entry {
            cfxc: version.to_string(),
            seed: result.seed,
            inputs: BTreeMap::new(),
            metrics: figures(&result.metrics),
            limits: limits
                .map(|b| (metric_key(b.metric.0).to_string(), b.limit))
                .collect(),
            certificate,
            layers,
        },
        inputs_known: false,
        proof_known,
        stopped: result.interrupted,
    }
}
