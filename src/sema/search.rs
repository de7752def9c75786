//! `search` lines: methods in their order, parameters checked and completed.

use super::fields::{Fields, unknown, wrong};
use super::quantity;
use crate::base::span::Span;
use crate::base::units::Quantity;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::ir::problem::Stage;
use crate::ir::registry::{MethodSpec, ParamDefault, ParamKind, ParamValue};
use crate::syntax::ast::{Name, Number, StageDecl, Value};

/// What a design searches with when it does not say.
const DEFAULT_SEARCH: [&str; 2] = ["reinforce", "genetic"];

/// The stages of a `search` line, or the default ones, noted in `defaults`. `one_engine` is where a
/// design says that one engine serves all layers.
pub fn stages(
    methods: &'static [MethodSpec],
    written: Option<&[StageDecl]>,
    one_engine: Option<Span>,
    defaults: &mut Vec<(&'static str, String)>,
    out: &mut Vec<Diagnostic>,
) -> Option<Vec<Stage>> {
    let Some(list) = written else {
        defaults.push(("search", DEFAULT_SEARCH.join(" then ")));
        let found = DEFAULT_SEARCH
            .iter()
            .filter_map(|n| methods.iter().find(|m| m.name == *n));
        return Some(found.map(default_stage).collect());
    };
    let mut known: Vec<&str> = methods.iter().map(|m| m.name).collect();
    known.dedup();
    let mut stages = Vec::new();
    let mut sound = true;
    for decl in list {
        let variant = decl.fields.iter().find(|f| f.name.node == "variant");
        let variant = variant.and_then(|f| match &f.value {
            Value::Path(path) => Some(path.text()),
            _ => None,
        });
        // An unknown variant is told by the table of the first.
        let of_name = |name: &str| {
            let mut named = methods.iter().filter(|m| m.name == name);
            let first = named.clone().next();
            let meant = named.find(|m| variant.is_some() && m.variant() == variant.as_deref());
            meant.or(first)
        };
        let Some(method) = of_name(&decl.method.node) else {
            out.push(unknown("search method", &decl.method, &known));
            // Its parameters are those of the method that it seems to be.
            let near = nearest(&decl.method.node, known.iter().copied());
            if let Some(near) = near.and_then(of_name) {
                stage(near, decl, out);
            }
            sound = false;
            continue;
        };
        if let Some(place) = one_engine
            && !method.sequential
        {
            out.push(
                Diagnostic::error(
                    codes::PIPELINED_ONLY,
                    format!("{} decides pipelined designs only", title(method)),
                )
                .label(decl.method.span, "cannot decide a shared engine")
                .label(place, "one engine for all layers")
                .help("leave out `variant`, or write `deploy pipelined`"),
            );
        }
        match stage(method, decl, out) {
            Some(stage) => stages.push(stage),
            None => sound = false,
        }
    }
    sound.then_some(stages)
}

/// What a method is called in a diagnostic.
fn title(method: &MethodSpec) -> String {
    match method.variant() {
        Some(variant) => format!("`{}` with `variant = {variant}`", method.name),
        None => format!("`{}`", method.name),
    }
}

fn default_stage(method: &'static MethodSpec) -> Stage {
    let params = method.params.iter().map(|p| {
        let value = match p.default {
            ParamDefault::Number(n) => ParamValue::Number(n),
            ParamDefault::Word(w) => ParamValue::Word(w.to_string()),
        };
        (p.name, value)
    });
    Stage {
        method: method.name,
        refines: method.refines,
        params: params.collect(),
    }
}

fn stage(
    method: &'static MethodSpec,
    decl: &StageDecl,
    out: &mut Vec<Diagnostic>,
) -> Option<Stage> {
    let mut stage = default_stage(method);
    let mut fields = Fields::new(&decl.fields, title(method), decl.method.span);
    let mut sound = true;
    for param in method.params {
        let Some(field) = fields.get(param.name) else {
            continue;
        };
        let what = format!("`{}`", param.name);
        let value = match (&field.value, param.kind) {
            (Value::Number(number), ParamKind::Whole(min, max)) => {
                quantity::whole(number, min, max, &what, out).map(|v| ParamValue::Number(v as f64))
            }
            (Value::Number(number), ParamKind::Real(min, max)) => {
                real(number, min, max, &what, out)
            }
            (Value::Path(path), ParamKind::Word(words)) if path.word().is_some() => {
                let word = path.text();
                if words.contains(&word.as_str()) {
                    Some(ParamValue::Word(word))
                } else {
                    out.push(unknown(
                        &format!("value of {what}"),
                        &Name {
                            node: word,
                            span: path.span,
                        },
                        words,
                    ));
                    None
                }
            }
            (other, kind) => {
                let wanted = match kind {
                    ParamKind::Whole(..) => "a whole number".to_string(),
                    ParamKind::Real(..) => "a number".to_string(),
                    ParamKind::Word(words) => format!("one of: {}", words.join(", ")),
                };
                let example = match param.default {
                    ParamDefault::Number(n) => format!("{} = {n}", param.name),
                    ParamDefault::Word(w) => format!("{} = {w}", param.name),
                };
                out.push(wrong(other.span(), &what, &wanted, &example));
                None
            }
        };
        match value {
            Some(value) => {
                stage.params.insert(param.name, value);
            }
            None => sound = false,
        }
    }
    fields.finish(out);
    sound.then_some(stage)
}

fn real(
    number: &Number,
    min: f64,
    max: f64,
    what: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<ParamValue> {
    let (value, _) = quantity::measure(number, &[Quantity::Count], what, out)?;
    if value >= min && value <= max {
        return Some(ParamValue::Number(value));
    }
    out.push(
        Diagnostic::error(
            codes::OUT_OF_RANGE,
            format!("{what} must lie between {min} and {max}"),
        )
        .label(number.span, "out of range")
        .help(format!("write a number from {min} to {max}")),
    );
    None
}
