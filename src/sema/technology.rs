//! `technology` blocks: named coefficients with units and sources.

use super::fields::{remedy, wrong};
use super::quantity;
use super::scope::{Kind, Program, Ref};
use crate::base::units::Quantity;
use crate::diag::{Diagnostic, codes};
use crate::ir::registry::ModelSpec;
use crate::ir::technology::{CLOCK, Coefficient, CoefficientSpec, Technology};
use crate::syntax::ast::{Item, Name, Number, TechnologyStmt, Value};

/// Technologies may extend each other this deep.
const MAX_DEPTH: usize = 16;

/// Lowers a technology with everything it extends; `None` if it has errors.
pub fn lower(program: &mut Program, at: Ref) -> Option<Technology> {
    lower_at_depth(program, at, 0)
}

fn lower_at_depth(program: &mut Program, at: Ref, depth: usize) -> Option<Technology> {
    let Item::Technology(decl) = program.item(at).clone() else {
        return None;
    };
    let mut technology = match &decl.extends {
        None => Technology::default(),
        Some(path) => {
            let base = program.resolve(at, path, Kind::Technology)?;
            if base == at || depth >= MAX_DEPTH {
                program.diagnostics.push(
                    Diagnostic::error(
                        codes::CYCLE,
                        format!("technology `{}` extends itself", decl.name.node),
                    )
                    .label(path.span, "leads back to where it started")
                    .help("extend another technology, e.g. `std.technologies.maestro`"),
                );
                return None;
            }
            lower_at_depth(program, base, depth + 1)?
        }
    };
    technology.name = decl.name.node.clone();
    let out = &mut program.diagnostics;
    let before = out.len();
    let specs: Vec<CoefficientSpec> = std::iter::once(CLOCK)
        .chain(
            program
                .registries
                .models
                .iter()
                .flat_map(|m| m.coefficients.iter().copied()),
        )
        .collect();
    let general = decl.stmts.iter().find_map(|s| match s {
        TechnologyStmt::Source(text) => Some(text.node.clone()),
        _ => None,
    });
    let mut given: Vec<(String, Name)> = Vec::new();
    for statement in &decl.stmts {
        match statement {
            TechnologyStmt::Source(_) => {}
            TechnologyStmt::Scalar { name, value } => {
                set(
                    &mut technology,
                    &specs,
                    &name.node,
                    name,
                    value,
                    general.as_ref(),
                    &mut given,
                    out,
                );
            }
            TechnologyStmt::Group { name, fields } => {
                let source = fields.iter().find(|f| f.name.node == "source");
                let source = match source.map(|f| &f.value) {
                    Some(Value::Text(text)) => Some(text.node.clone()),
                    Some(other) => {
                        out.push(wrong(
                            other.span(),
                            "`source`",
                            "a quoted text",
                            "\"Horowitz, ISSCC 2014, fig. 1\"",
                        ));
                        None
                    }
                    None => general.clone(),
                };
                for field in fields.iter().filter(|f| f.name.node != "source") {
                    let full = format!("{}.{}", name.node, field.name.node);
                    match &field.value {
                        Value::Number(number) => {
                            set(
                                &mut technology,
                                &specs,
                                &full,
                                &field.name,
                                number,
                                source.as_ref(),
                                &mut given,
                                out,
                            );
                        }
                        other => out.push(wrong(
                            other.span(),
                            &format!("`{full}`"),
                            "a number",
                            "0.104 um2/B",
                        )),
                    }
                }
            }
        }
    }
    if technology.get("clock").is_none() && out.len() == before {
        out.push(
            Diagnostic::error(
                codes::MISSING_FIELD,
                format!("technology `{}` has no clock", technology.name),
            )
            .label(
                decl.name.span,
                "cycles cannot be turned into time without it",
            )
            .help("add `clock 1 GHz`"),
        );
    }
    (out.len() == before).then_some(technology)
}

#[allow(
    clippy::too_many_arguments,
    reason = "one call site pattern, all of it context"
)]
fn set(
    technology: &mut Technology,
    specs: &[CoefficientSpec],
    full: &str,
    name: &Name,
    number: &Number,
    source: Option<&String>,
    given: &mut Vec<(String, Name)>,
    out: &mut Vec<Diagnostic>,
) {
    let Some(spec) = specs.iter().find(|s| s.name == full) else {
        let known: Vec<&str> = specs.iter().map(|s| s.name).collect();
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_FIELD,
            format!("no cost model reads a coefficient `{full}`"),
        )
        .label(name.span, "unknown coefficient");
        let asked = Name {
            node: full.to_string(),
            span: name.span,
        };
        let mut diagnostic = remedy(diagnostic, &asked, &known);
        // The suggestion would replace the last part only.
        diagnostic.suggestion = None;
        out.push(diagnostic);
        return;
    };
    if let Some((_, first)) = given.iter().find(|(n, _)| n == full) {
        out.push(
            Diagnostic::error(codes::DUPLICATE_FIELD, format!("`{full}` is given twice"))
                .label(name.span, "given again here")
                .label(first.span, "first given here")
                .help("remove one of the two"),
        );
        return;
    }
    given.push((full.to_string(), name.clone()));
    let what = format!("`{full}`");
    let value = if spec.whole && spec.quantity == Quantity::Count {
        quantity::whole(number, spec.min as u64, 1 << 52, &what, out).map(|v| v as f64)
    } else {
        quantity::measure(number, &[spec.quantity], &what, out).map(|(v, _)| v)
    };
    let Some(value) = value else { return };
    let fractional = spec.whole && value.fract() != 0.0;
    if !value.is_finite() || value < spec.min || fractional {
        let kind = if spec.whole { "a whole number " } else { "" };
        out.push(
            Diagnostic::error(
                codes::OUT_OF_RANGE,
                format!(
                    "{what} must be {kind}at least {} {}",
                    spec.min,
                    spec.quantity.canonical()
                ),
            )
            .label(number.span, "out of range")
            .help(spec.summary),
        );
        return;
    }
    let coefficient = Coefficient {
        value,
        quantity: spec.quantity,
        source: source.cloned(),
    };
    technology
        .coefficients
        .insert(full.to_string(), coefficient);
}

/// Whether the technology has everything the model reads; reports what is missing.
pub fn complete(
    technology: &Technology,
    model: &ModelSpec,
    at: crate::base::span::Span,
    out: &mut Vec<Diagnostic>,
) -> bool {
    let missing: Vec<&str> = model
        .coefficients
        .iter()
        .filter(|c| technology.get(c.name).is_none())
        .map(|c| c.name)
        .collect();
    if missing.is_empty() {
        return true;
    }
    out.push(
        Diagnostic::error(
            codes::MISSING_FIELD,
            format!(
                "technology `{}` lacks coefficients that model `{}` reads",
                technology.name, model.name
            ),
        )
        .label(at, format!("missing: {}", missing.join(", ")))
        .help(
            "start from a complete one: `technology mine extends std.technologies.maestro { … }`",
        ),
    );
    false
}
