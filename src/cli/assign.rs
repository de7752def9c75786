//! Reading a list of choices: the JSON that `build` wrote, or a CSV with a line per layer. Every
//! mistake is shown at its place in that file.

use super::designs;
use crate::base::span::{FileId, SourceMap, Span, Spanned};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::emit::csv::unguarded;
use crate::emit::json::knob_key;
use crate::emit::number::counted;
use crate::import::csv;
use crate::ir::problem::{Deployment, Problem};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A chosen dataflow and the values of all knobs.
pub type Choice = (usize, Vec<u64>);

/// What a file says of one layer.
struct Entry {
    layer: Spanned<String>,
    dataflow: Option<Spanned<String>>,
    /// As written, in the order of the menu; `None` if there is none.
    values: Vec<Option<Spanned<String>>>,
}

/// The choices for all layers of the problem, in their order.
///
/// # Errors
/// Everything that is wrong in the file.
pub fn read(
    file: FileId,
    sources: &SourceMap,
    problem: &Problem,
) -> Result<Vec<Choice>, Vec<Diagnostic>> {
    let text = &sources.get(file).text;
    let entries = if text.trim_start().starts_with('{') {
        from_json(file, text, problem).map_err(|d| vec![d])?
    } else {
        from_csv(file, text, problem)?
    };
    resolve(file, &entries, problem)
}

fn error(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::ASSIGNMENT, message)
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    designs: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Design<'a> {
    design: String,
    #[serde(borrow)]
    layers: Vec<&'a RawValue>,
}

fn from_json(file: FileId, text: &str, problem: &Problem) -> Result<Vec<Entry>, Diagnostic> {
    // Raw values are slices of the text: where they lie in it is their place.
    let place = |raw: &RawValue| {
        let start = raw.get().as_ptr() as usize - text.as_ptr() as usize;
        Span {
            file,
            start: start as u32,
            end: (start + raw.get().len()) as u32,
        }
    };
    let broken = |e: &serde_json::Error| {
        let line_start: usize = text
            .split_inclusive('\n')
            .take(e.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let at = (line_start + e.column().saturating_sub(1)).min(text.len()) as u32;
        error("this is not the JSON that `cfxc build` writes")
            .label(
                Span {
                    file,
                    start: at,
                    end: at,
                },
                e.to_string(),
            )
            .help("name DIR/<design>.json of a build, or a CSV with the columns layer,pes,buffer")
    };
    let document: Document = serde_json::from_str(text).map_err(|e| broken(&e))?;
    let mut names = Vec::new();
    for raw in document.designs {
        let odd = |e: serde_json::Error| {
            error("this is no design as `cfxc build` writes it").label(place(raw), e.to_string())
        };
        let design: Design = serde_json::from_str(raw.get()).map_err(odd)?;
        if design.design != problem.design {
            names.push(design.design);
            continue;
        }
        return design
            .layers
            .into_iter()
            .map(|layer| json_entry(layer, &place, problem))
            .collect();
    }
    Err(designs::unknown(
        "decision for design",
        &problem.design,
        names.iter().map(String::as_str),
    ))
}

fn json_entry(
    raw: &RawValue,
    place: &dyn Fn(&RawValue) -> Span,
    problem: &Problem,
) -> Result<Entry, Diagnostic> {
    let odd = |span: Span, what: String| {
        error("this is no layer as `cfxc build` writes it")
            .label(span, what)
            .help("a layer has a name, a dataflow, and a value for each knob")
    };
    let fields: BTreeMap<String, &RawValue> =
        serde_json::from_str(raw.get()).map_err(|e| odd(place(raw), e.to_string()))?;
    let text = |key: &str| -> Result<Option<Spanned<String>>, Diagnostic> {
        let Some(value) = fields.get(key) else {
            return Ok(None);
        };
        serde_json::from_str(value.get())
            .map(|text| Some(Spanned::new(text, place(value))))
            .map_err(|e| odd(place(value), e.to_string()))
    };
    let Some(layer) = text("name")? else {
        return Err(odd(place(raw), "no `name`".to_string()));
    };
    let knobs = problem.menu.knobs.iter();
    let values = knobs.map(|k| {
        let value = fields.get(&knob_key(&k.name));
        value.map(|v| Spanned::new(v.get().to_string(), place(v)))
    });
    Ok(Entry {
        layer,
        dataflow: text("dataflow")?,
        values: values.collect(),
    })
}

/// What a column of the CSV holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Layer,
    Dataflow,
    Knob(usize),
    /// A figure of a price list, which is worked out anew.
    Figure,
}

fn from_csv(file: FileId, text: &str, problem: &Problem) -> Result<Vec<Entry>, Vec<Diagnostic>> {
    let records = csv::records(file, text);
    let knobs: Vec<String> = problem
        .menu
        .knobs
        .iter()
        .map(|k| knob_key(&k.name))
        .collect();
    let wanted = format!("layer,{}", knobs.join(","));
    let Some((header, rows)) = records.split_first() else {
        let start = Span {
            file,
            start: 0,
            end: 0,
        };
        return Err(vec![
            error("the list of choices is empty")
                .label(start, "nothing is in it")
                .help(format!(
                    "begin with the header `{wanted}`, then one line per layer"
                )),
        ]);
    };
    let mut out = Vec::new();
    let mut columns = Vec::new();
    for cell in &header.cells {
        let name = cell.text.as_str();
        let column = match name {
            "layer" => Some(Column::Layer),
            "dataflow" => Some(Column::Dataflow),
            _ => knobs.iter().position(|k| k == name).map(Column::Knob),
        };
        let figure = crate::emit::prices::is_figure(name).then_some(Column::Figure);
        let column = column.or(figure);
        if column.is_none() {
            let known = knobs.iter().map(String::as_str);
            let near = nearest(name, known.chain(["layer", "dataflow"]));
            out.push(
                error(format!("a list of choices has no column `{name}`"))
                    .label(cell.span, "unknown column")
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("the columns are `{wanted}`"),
                    }),
            );
        }
        columns.push(column.unwrap_or(Column::Figure));
    }
    let mut needed = vec![(Column::Layer, "layer".to_string())];
    needed.extend(
        knobs
            .iter()
            .enumerate()
            .map(|(i, k)| (Column::Knob(i), k.clone())),
    );
    if problem.dataflows.len() > 1 {
        needed.push((Column::Dataflow, "dataflow".to_string()));
    }
    for (column, name) in needed {
        if !columns.contains(&column) {
            out.push(
                error(format!("the list of choices lacks the column `{name}`"))
                    .label(header.span, "the header")
                    .help(format!("the columns are `{wanted}`")),
            );
        }
    }
    if !out.is_empty() {
        return Err(out);
    }
    let entries = rows.iter().map(|row| {
        let cell = |column: Column| {
            let at = columns.iter().position(|c| *c == column)?;
            let cell = row.cells.get(at).filter(|c| !c.text.is_empty())?;
            Some(Spanned::new(cell.text.clone(), cell.span))
        };
        Entry {
            layer: cell(Column::Layer).map_or(Spanned::new(String::new(), row.span), |layer| {
                let name = unguarded(&layer.node).to_string();
                // A layer may be called what a guarded one looks like.
                match problem.layers.iter().any(|l| l.name == layer.node) {
                    true => layer,
                    false => Spanned::new(name, layer.span),
                }
            }),
            dataflow: cell(Column::Dataflow),
            values: (0..knobs.len()).map(|k| cell(Column::Knob(k))).collect(),
        }
    });
    Ok(entries.collect())
}

/// Finds layers, dataflows and levels; reports everything that does not fit the design.
fn resolve(
    file: FileId,
    entries: &[Entry],
    problem: &Problem,
) -> Result<Vec<Choice>, Vec<Diagnostic>> {
    let mut out = Vec::new();
    let mut found: Vec<Option<(usize, Choice)>> = vec![None; problem.layers.len()];
    let mut named = vec![false; problem.layers.len()];
    let numbers: BTreeMap<&str, usize> = problem
        .layers
        .iter()
        .enumerate()
        .map(|(i, l)| (l.name.as_str(), i))
        .collect();
    for (at, entry) in entries.iter().enumerate() {
        let Some(&layer) = numbers.get(entry.layer.node.as_str()) else {
            let known = problem.layers.iter().map(|l| l.name.as_str());
            let diagnostic = Diagnostic::error(
                codes::UNKNOWN_NAME,
                format!(
                    "design `{}` has no layer `{}`",
                    problem.design, entry.layer.node
                ),
            )
            .label(entry.layer.span, "no layer of this name");
            out.push(match nearest(&entry.layer.node, known) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic
                    .help("`cfxc cost SPEC --menu --format csv` lists the design's layers"),
            });
            continue;
        };
        if std::mem::replace(&mut named[layer], true) {
            out.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    format!("layer `{}` is chosen for twice", entry.layer.node),
                )
                .label(entry.layer.span, "given again here")
                .help("keep one of the two"),
            );
            continue;
        }
        let choice = choice(entry, problem, &mut out);
        found[layer] = choice.map(|c| (at, c));
    }
    let missing: Vec<&str> = (0..named.len())
        .filter(|&l| !named[l])
        .map(|l| problem.layers[l].name.as_str())
        .collect();
    if !missing.is_empty() {
        let start = Span {
            file,
            start: 0,
            end: 0,
        };
        let more = missing.len().saturating_sub(5);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        out.push(
            error(format!(
                "nothing is chosen for {} of `{}`",
                counted(missing.len(), "layer"),
                problem.design
            ))
            .label(start, "in this file")
            .help(format!(
                "add {}{more}",
                missing[..missing.len().min(5)].join(", ")
            )),
        );
    }
    if out.is_empty() && problem.deployment == Deployment::Sequential {
        out.extend(one_engine(entries, &found, problem));
    }
    let choices: Option<Vec<Choice>> = found.into_iter().map(|f| f.map(|(_, c)| c)).collect();
    match choices {
        Some(choices) if out.is_empty() => Ok(choices),
        _ => Err(out),
    }
}

fn choice(entry: &Entry, problem: &Problem, out: &mut Vec<Diagnostic>) -> Option<Choice> {
    let dataflow = match &entry.dataflow {
        None if problem.dataflows.len() == 1 => Some(0),
        None => {
            out.push(
                error(format!("no dataflow for layer `{}`", entry.layer.node))
                    .label(entry.layer.span, "the design has several to choose from")
                    .help("give it in the column `dataflow`"),
            );
            None
        }
        Some(name) => {
            let at = problem.dataflows.iter().position(|d| d.name == name.node);
            if at.is_none() {
                let known: Vec<&str> = problem.dataflows.iter().map(|d| d.name.as_str()).collect();
                out.push(
                    Diagnostic::error(
                        codes::UNKNOWN_NAME,
                        format!(
                            "design `{}` has no dataflow `{}`",
                            problem.design, name.node
                        ),
                    )
                    .label(name.span, "not a dataflow of this design")
                    .help(format!("there is: {}", known.join(", "))),
                );
            }
            at
        }
    };
    let mut values = Vec::new();
    for (knob, value) in problem.menu.knobs.iter().zip(&entry.values) {
        let Some(value) = value.as_ref().filter(|v| v.node != "null") else {
            out.push(
                error(format!(
                    "no `{}` for layer `{}`",
                    knob.name, entry.layer.node
                ))
                .label(entry.layer.span, "a value for each knob is wanted")
                .help(format!("give the value of `{}`", knob.name)),
            );
            continue;
        };
        let levels = knob.values();
        match value.node.parse::<u64>() {
            Ok(number) if levels.binary_search(&number).is_ok() => values.push(number),
            parsed => {
                let (first, last) = (levels.first().unwrap_or(&0), levels.last().unwrap_or(&0));
                let near = parsed
                    .ok()
                    .and_then(|p| levels.iter().min_by_key(|l| l.abs_diff(p)));
                let near = near.map_or(String::new(), |n| format!("; the nearest is {n}"));
                out.push(
                    error(format!("the menu has no `{}` of {}", knob.name, value.node))
                        .label(value.span, "outside the menu")
                        .help(format!("{first} to {last} is offered{near}")),
                );
            }
        }
    }
    let dataflow = dataflow?;
    (values.len() == problem.menu.knobs.len()).then_some((dataflow, values))
}

/// Layers of a sequential design that want another engine than the first.
fn one_engine(
    entries: &[Entry],
    found: &[Option<(usize, Choice)>],
    problem: &Problem,
) -> Option<Diagnostic> {
    let (first, (_, engine)) = found.first()?.as_ref()?;
    for (at, (_, values)) in found.iter().flatten() {
        for (knob, (a, b)) in problem.menu.knobs.iter().zip(engine.iter().zip(values)) {
            if a != b && !knob.per_layer {
                return Some(
                    error(format!(
                        "the layers disagree about `{}`, but one engine serves all",
                        knob.name
                    ))
                    .label(entries[*at].layer.span, format!("{b} here"))
                    .label(entries[*first].layer.span, format!("{a} here"))
                    .help("choose the same for every layer of a sequential design"),
                );
            }
        }
    }
    None
}
