//! Reading a lock. What is wrong with it is shown at its place.

use super::Lock;
use super::entry::{Entry, Figure, LAYER_FIGURES, LayerChoice, Proved, figure, metric_key};
use super::text::FORMAT;
use crate::base::span::{FileId, Span};
use crate::diag::{Diagnostic, codes};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// What begins the lines that a merge leaves where it did not know what to take.
const CONFLICT: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

const HELP: &str = "restore the file from version control, or delete it and build again";

/// The lock in a text.
///
/// # Errors
/// A merge that was not finished, a later form, or anything that is not a lock.
pub fn read(file: FileId, text: &str) -> Result<Lock, Diagnostic> {
    let place = |start: usize, end: usize| Span {
        file,
        start: start.min(text.len()) as u32,
        end: end.min(text.len()) as u32,
    };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if CONFLICT.iter().any(|mark| line.starts_with(mark)) {
            return Err(
                Diagnostic::error(codes::BAD_LOCK, "a merge of this lock is not finished")
                    .label(place(at, at + line.trim_end().len()), "left by a merge")
                    .help("take one side whole, or delete the file, and build again"),
            );
        }
        at += line.len();
    }
    let odd = |e: &toml::de::Error| {
        let span = e.span().unwrap_or(0..0);
        Diagnostic::error(codes::BAD_LOCK, "this is no lock as `cfxc build` writes it")
            .label(place(span.start, span.end), e.message())
            .help(HELP)
    };
    let head: Head = toml::from_str(text).map_err(|e| odd(&e))?;
    if *head.lock.get_ref() != FORMAT {
        let span = head.lock.span();
        return Err(Diagnostic::error(
            codes::BAD_LOCK,
            format!(
                "this lock is of form {}, and this is cfxc {}, which knows form {FORMAT}",
                head.lock.get_ref(),
                env!("CARGO_PKG_VERSION")
            ),
        )
        .label(place(span.start, span.end), "its form")
        .help("use the version of cfxc that wrote it, or a later one"));
    }
    let document: Document = toml::from_str(text).map_err(|e| odd(&e))?;
    let designs = document.design.into_iter();
    Ok(Lock {
        designs: designs.map(|(name, d)| (name, d.into())).collect(),
    })
}

#[derive(Deserialize)]
struct Head {
    lock: toml::Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "lock")]
    _lock: u32,
    #[serde(default)]
    design: BTreeMap<String, Design>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Design {
    cfxc: String,
    seed: Seed,
    inputs: BTreeMap<String, String>,
    metrics: Figures,
    #[serde(default)]
    limits: Figures,
    certificate: Certificate,
    layers: Layers,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    objective: String,
    bound: f64,
    gap: f64,
    proven: bool,
    solver: Option<f64>,
    states: usize,
}

impl From<Design> for Entry {
    fn from(design: Design) -> Entry {
        let Certificate {
            objective,
            bound,
            gap,
            proven,
            solver,
            states,
        } = design.certificate;
        Entry {
            cfxc: design.cfxc,
            seed: design.seed.0,
            inputs: design.inputs,
            metrics: design.metrics.0,
            limits: design.limits.0,
            certificate: Proved {
                objective,
                bound,
                gap,
                proven,
                solver,
                states,
            },
            layers: design.layers.0,
        }
    }
}

/// A whole number, in quotes from 2^63.
struct Seed(u64);

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Seed(number)),
            Written::Text(text) => text
                .parse()
                .map(Seed)
                .map_err(|_| D::Error::custom("a seed is a whole number from 0 to 2^64 - 1")),
        }
    }
}

/// Figures in the order of the text.
#[derive(Default)]
struct Figures(Vec<Figure>);

impl<'de> Deserialize<'de> for Figures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs: Pairs<f64> = Pairs::deserialize(deserializer)?;
        for (name, value) in &pairs.0 {
            if figure(name).is_none() {
                return Err(D::Error::custom(format!("there is no figure `{name}`")));
            }
            finite(name, *value)?;
        }
        Ok(Figures(pairs.0))
    }
}

fn finite<E: Error>(name: &str, value: f64) -> Result<(), E> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(E::custom(format!("`{name}` is no number")))
    }
}

struct Layers(Vec<LayerChoice>);

impl<'de> Deserialize<'de> for Layers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows: Pairs<Row> = Pairs::deserialize(deserializer)?;
        let layer = |(name, Row(row)): (String, Row)| LayerChoice { name, ..row };
        Ok(Layers(rows.0.into_iter().map(layer).collect()))
    }
}

/// The line of one layer, without its name.
struct Row(LayerChoice);

#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Whole(u64),
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let cells: Pairs<Cell> = Pairs::deserialize(deserializer)?;
        let mut layer = LayerChoice {
            name: String::new(),
            dataflow: String::new(),
            knobs: Vec::new(),
            figures: Vec::new(),
        };
        for (name, cell) in cells.0 {
            let is_figure = LAYER_FIGURES.iter().any(|m| metric_key(*m) == name);
            match cell {
                Cell::Text(text) if name == "dataflow" => layer.dataflow = text,
                Cell::Whole(value) if is_figure => layer.figures.push((name, value as f64)),
                Cell::Number(value) if is_figure => {
                    finite(&name, value)?;
                    layer.figures.push((name, value));
                }
                Cell::Whole(value) if name != "dataflow" => layer.knobs.push((name, value)),
                _ => {
                    let wanted = match name.as_str() {
                        "dataflow" => "a text",
                        _ if is_figure => "a number",
                        _ => "a whole number",
                    };
                    return Err(D::Error::custom(format!("`{name}` is {wanted}")));
                }
            }
        }
        if layer.dataflow.is_empty() {
            return Err(D::Error::custom("a layer has a `dataflow`"));
        }
        Ok(Row(layer))
    }
}

/// The pairs of a table in the order of the text.
struct Pairs<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Collect<T> {
            type Value = Pairs<T>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs<T>, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Collect(std::marker::PhantomData))
    }
}
