//! `precision int8` and `precision { input = int8, weights = int4 }`: formats of a design's tensors.

use super::fields::{Fields, unknown, wrong};
use super::parts::{Parts, twice};
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::precision::{Format, Precision};
use crate::ir::registry::ModelSpec;
use crate::syntax::ast::{Name, Value};

/// What the design says, or the default; `None` if that is wrong.
pub fn lower(
    parts: &Parts,
    model: Option<&ModelSpec>,
    defaults: &mut Vec<(&'static str, String)>,
    out: &mut Vec<Diagnostic>,
) -> Option<Precision> {
    let word = parts.settings.get("precision");
    let place = match (word, parts.precision) {
        (Some((key, _)), Some((_, again))) => {
            out.push(twice("`precision`", again, key.span));
            return None;
        }
        (Some((key, value)), None) => key.span.to(value.span()),
        (None, Some((_, span))) => span,
        (None, None) => {
            let precision = Precision::default();
            if model.is_some_and(|m| m.reads_precision) {
                defaults.push(("precision", precision.input.name().to_string()));
            }
            return Some(precision);
        }
    };
    if let Some(model) = model.filter(|m| !m.reads_precision) {
        out.push(unread(model, place));
        return None;
    }
    let Some((fields, span)) = parts.precision else {
        let word = parts.word("precision", "int8", out)?;
        return format(word, out).map(Precision::all);
    };
    let mut fields = Fields::new(fields, "`precision`", span);
    let mut formats = [None; 4];
    let mut sound = true;
    for (name, format_of) in ["input", "weights", "output", "sum"]
        .into_iter()
        .zip(&mut formats)
    {
        let Some(field) = fields.get(name) else {
            continue;
        };
        match &field.value {
            Value::Path(path) if path.word().is_some() => {
                *format_of = path.word().and_then(|word| format(word, out));
            }
            other => out.push(wrong(
                other.span(),
                &format!("`{name}`"),
                "a number format",
                &format!("{name} = int8"),
            )),
        }
        sound &= format_of.is_some();
    }
    let before = out.len();
    fields.finish(out);
    if !sound || out.len() > before {
        return None;
    }
    let [input, weights, output, sum] = formats;
    let usual = Precision::default();
    let input = input.unwrap_or(usual.input);
    let weights = weights.unwrap_or(input);
    Some(Precision {
        input,
        weights,
        output: output.unwrap_or(input),
        sum: sum.unwrap_or(input.with(weights).sum()),
    })
}

fn format(word: &Name, out: &mut Vec<Diagnostic>) -> Option<Format> {
    let found = Format::parse(&word.node);
    if found.is_none() {
        let known = Format::ALL.map(Format::name);
        out.push(unknown("number format", word, &known));
    }
    found
}

fn unread(model: &ModelSpec, place: Span) -> Diagnostic {
    Diagnostic::error(
        codes::NOT_READ,
        format!("model `{}` does not read `precision`", model.name),
    )
    .label(place, "nothing would come of it")
    .help("remove it, or price with `model analytic`")
}
