//! `search` lines: methods in their order, parameters checked and completed.

use super::fields::{Fields, unknown, wrong};
use super::quantity;
use crate::base::units::Quantity;
use crate::diag::{Diagnostic, codes};
use crate::ir::problem::Stage;
use crate::ir::registry::{MethodSpec, ParamDefault, ParamKind, ParamValue};
use crate::syntax::ast::{Name, Number, StageDecl, Value};

/// What a design searches with when it does not say.
const DEFAULT_SEARCH: [&str; 2] = ["reinforce", "genetic"];

/// The stages of a `search` line, or the default ones, noted in `defaults`.
pub fn stages(
    methods: &'static [MethodSpec],
    written: Option<&[StageDecl]>,
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
    let known: Vec<&str> = methods.iter().map(|m| m.name).collect();
    let mut stages = Vec::new();
    let mut sound = true;
    for decl in list {
        let Some(method) = methods.iter().find(|m| m.name == decl.method.node) else {
            out.push(unknown("search method", &decl.method, &known));
            sound = false;
            continue;
        };
        match stage(method, decl, out) {
            Some(stage) => stages.push(stage),
            None => sound = false,
        }
    }
    sound.then_some(stages)
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
    let mut fields = Fields::new(&decl.fields, format!("`{}`", method.name), decl.method.span);
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
            (Value::Path(path), ParamKind::Word(words)) => {
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
