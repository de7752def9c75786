//! `technology` blocks: named coefficients with units and sources.

use super::extend;
use super::fields::{remedy, wrong};
use super::quantity;
use super::scope::{Kind, Program, Ref};
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::precision::Precision;
use crate::ir::registry::ModelSpec;
use crate::ir::technology::{CLOCK, Coefficient, CoefficientSpec, Presence, Technology};
use crate::syntax::ast::{Field, Item, Name, Number, TechnologyDecl, TechnologyStmt, Value};

/// Whole coefficients end here, well before doubles stop telling neighbours apart.
const MAX_WHOLE: f64 = (1u64 << 52) as f64;

/// The largest value of any coefficient: far beyond any real one in any unit, and small enough
/// that products of a few stay finite.
const MAX_VALUE: f64 = 1e30;

/// Lowers a technology with everything it extends; `None` if it has errors.
pub fn lower(program: &mut Program, at: Ref) -> Option<Technology> {
    lower_above(program, at, &mut Vec::new())
}

/// `below` are the technologies that lead here, each extending the next.
fn lower_above(program: &mut Program, at: Ref, below: &mut Vec<Ref>) -> Option<Technology> {
    let Item::Technology(decl) = program.item(at).clone() else {
        return None;
    };
    let mut technology = match &decl.extends {
        None => Some(Technology::default()),
        Some(path) => {
            below.push(at);
            // Without its base, what it says itself can be checked all the same.
            program.resolve(path, Kind::Technology).and_then(|base| {
                if let Some(start) = below.iter().position(|&b| b == base) {
                    extend::circle(program, Kind::Technology, &below[start..]);
                    None
                } else {
                    lower_above(program, base, below)
                }
            })
        }
    };
    if let Some(technology) = &mut technology {
        technology.name = decl.name.node.clone();
    }
    let sound = Reader::new(program).read(&decl, technology.as_mut());
    technology.filter(|_| sound)
}

/// Reads the statements of one technology.
struct Reader<'a> {
    specs: Vec<CoefficientSpec>,
    given: Vec<(String, Span)>,
    out: &'a mut Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    fn new(program: &'a mut Program) -> Self {
        let models = program.registries.models.iter();
        let mut specs = vec![CLOCK];
        for spec in models.flat_map(|m| m.coefficients) {
            if !specs.iter().any(|s| s.name == spec.name) {
                specs.push(*spec);
            }
        }
        Reader {
            specs,
            given: Vec::new(),
            out: &mut program.diagnostics,
        }
    }

    /// Whether all of it is right. `technology` is what it extends, if that could be lowered; the
    /// statements are checked in any case.
    fn read(mut self, decl: &TechnologyDecl, technology: Option<&mut Technology>) -> bool {
        let before = self.out.len();
        let base_is_broken = technology.is_none();
        let mut nowhere = Technology::default();
        let technology = technology.unwrap_or(&mut nowhere);
        let general = self.general_source(decl);
        for statement in &decl.stmts {
            match statement {
                TechnologyStmt::Source(_) => {}
                TechnologyStmt::Scalar {
                    name,
                    value,
                    fields,
                } => {
                    let source = self.source(name, fields, general.as_ref());
                    self.set(technology, &name.node, name, value, source.as_ref());
                    for field in fields.iter().filter(|f| f.name.node != "source") {
                        let what = format!("`{}` has no field `{}`", name.node, field.name.node);
                        let diagnostic = Diagnostic::error(codes::UNKNOWN_FIELD, what)
                            .label(field.name.span, "only a source stands here");
                        self.out.push(remedy(diagnostic, &field.name, &["source"]));
                    }
                }
                TechnologyStmt::Group { name, fields } => {
                    self.group(technology, name, fields, general.as_ref());
                }
            }
        }
        if technology.get("clock").is_none() && self.out.len() == before && !base_is_broken {
            self.out.push(
                Diagnostic::error(
                    codes::MISSING_FIELD,
                    format!("technology `{}` has no clock", decl.name.node),
                )
                .label(
                    decl.name.span,
                    "cycles cannot be turned into time without it",
                )
                .help("add `clock 1 GHz`"),
            );
        }
        self.out.len() == before
    }

    /// `source "…"`, which holds for every coefficient without one of its own.
    fn general_source(&mut self, decl: &TechnologyDecl) -> Option<String> {
        let mut first: Option<&Name> = None;
        for statement in &decl.stmts {
            let TechnologyStmt::Source(text) = statement else {
                continue;
            };
            match first {
                Some(first) => self.out.push(
                    Diagnostic::error(codes::DUPLICATE_FIELD, "`source` is given twice")
                        .label(text.span, "given again here")
                        .label(first.span, "first given here")
                        .help("keep one; a group of coefficients may have a source of its own, `mac { …, source = \"…\" }`"),
                ),
                None => first = Some(text),
            }
        }
        first.map(|text| text.node.clone())
    }

    fn group(
        &mut self,
        technology: &mut Technology,
        name: &Name,
        fields: &[Field],
        general: Option<&String>,
    ) {
        let prefix = format!("{}.", name.node);
        if !self.specs.iter().any(|s| s.name.starts_with(&prefix)) {
            let mut groups: Vec<&str> = self
                .specs
                .iter()
                .filter_map(|s| s.name.split_once('.'))
                .map(|(group, _)| group)
                .collect();
            groups.dedup();
            let diagnostic = Diagnostic::error(
                codes::UNKNOWN_FIELD,
                format!("no cost model reads coefficients of `{}`", name.node),
            )
            .label(name.span, "unknown group of coefficients");
            self.out.push(remedy(diagnostic, name, &groups));
            return;
        }
        let source = self.source(name, fields, general);
        for field in fields.iter().filter(|f| f.name.node != "source") {
            let full = format!("{}.{}", name.node, field.name.node);
            match &field.value {
                Value::Number(number) => {
                    self.set(technology, &full, &field.name, number, source.as_ref());
                }
                _ if !self.specs.iter().any(|s| s.name == full) => {
                    let diagnostic = self.unknown(&full, &field.name);
                    self.out.push(diagnostic);
                }
                other => {
                    let spec = self.specs.iter().find(|s| s.name == full);
                    let unit = spec.map_or("", |s| s.quantity.canonical());
                    let example = format!("{} = 1 {unit}", field.name.node);
                    let what = format!("`{full}`");
                    self.out
                        .push(wrong(other.span(), &what, "a number", example.trim_end()));
                }
            }
        }
    }

    /// `source = "…"` among these fields, or else the one that holds for all.
    fn source(
        &mut self,
        name: &Name,
        fields: &[Field],
        general: Option<&String>,
    ) -> Option<String> {
        let mut sources = fields.iter().filter(|f| f.name.node == "source");
        let source = match sources.next().map(|f| &f.value) {
            Some(Value::Text(text)) => Some(text.node.clone()),
            Some(other) => {
                self.out.push(wrong(
                    other.span(),
                    "`source`",
                    "a quoted text",
                    "source = \"Horowitz, ISSCC 2014, fig. 1\"",
                ));
                None
            }
            None => general.cloned(),
        };
        if let Some(again) = sources.next() {
            self.out.push(
                Diagnostic::error(codes::DUPLICATE_FIELD, "`source` is given twice")
                    .label(again.span, "given again here")
                    .label(name.span, "of this")
                    .help("remove one of the two"),
            );
        }
        source
    }

    fn set(
        &mut self,
        technology: &mut Technology,
        full: &str,
        name: &Name,
        number: &Number,
        source: Option<&String>,
    ) {
        let Some(spec) = self.specs.iter().find(|s| s.name == full).copied() else {
            let diagnostic = self.unknown(full, name);
            self.out.push(diagnostic);
            return;
        };
        if let Some((_, first)) = self.given.iter().find(|(n, _)| n == full) {
            self.out.push(
                Diagnostic::error(codes::DUPLICATE_FIELD, format!("`{full}` is given twice"))
                    .label(name.span, "given again here")
                    .label(*first, "first given here")
                    .help("remove one of the two"),
            );
            return;
        }
        self.given.push((full.to_string(), name.span));
        let what = format!("`{full}`");
        let measured = quantity::measure(number, &[spec.quantity], &what, self.out);
        let Some((value, _)) = measured else {
            return;
        };
        let max = if spec.whole { MAX_WHOLE } else { MAX_VALUE };
        let unit = spec.quantity.canonical();
        let wrong = if spec.whole && value.fract() != 0.0 {
            Some("a whole number".to_string())
        } else if value < spec.min {
            Some(format!("at least {} {unit}", spec.min))
        } else if value.abs() > max {
            Some(format!("at most {max:e} {unit}"))
        } else {
            None
        };
        if let Some(must) = wrong {
            self.out.push(
                Diagnostic::error(
                    codes::OUT_OF_RANGE,
                    format!("{what} must be {}", must.trim_end()),
                )
                .label(number.span, "out of range")
                .help(format!("it is the {}", spec.summary)),
            );
            return;
        }
        let coefficient = Coefficient {
            value,
            quantity: spec.quantity,
            source: source.cloned(),
            span: Some(number.span),
        };
        technology
            .coefficients
            .insert(full.to_string(), coefficient);
    }

    /// A coefficient that no model reads.
    fn unknown(&self, full: &str, name: &Name) -> Diagnostic {
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_FIELD,
            format!("no cost model reads a coefficient `{full}`"),
        )
        .label(name.span, "unknown coefficient");
        let group = full.strip_suffix(name.node.as_str()).unwrap_or("");
        // Inside a group only the last part is written; outside, only what has no group.
        let known = self.specs.iter().filter_map(|s| s.name.strip_prefix(group));
        let known = known.filter(|rest| !rest.contains('.'));
        let known: Vec<&str> = known.chain(["source"]).collect();
        let elsewhere = self
            .specs
            .iter()
            .find(|s| s.name.split_once('.').is_some_and(|(_, n)| n == name.node));
        if let (Some(spec), true) = (elsewhere, group.is_empty())
            && let Some((group, coefficient)) = spec.name.split_once('.')
        {
            return diagnostic.help(format!(
                "coefficients stand in groups: `{group} {{ {coefficient} = … }}`"
            ));
        }
        remedy(diagnostic, name, &known)
    }
}

/// Reports what the technology lacks of what the model reads for a design of this precision, and
/// what it has that the model does not read; fills in what has a default.
pub fn complete(
    technology: &mut Technology,
    model: &ModelSpec,
    models: &[ModelSpec],
    precision: Precision,
    at: Span,
    out: &mut Vec<Diagnostic>,
) {
    let has = |m: &ModelSpec| {
        let mut all = m.coefficients.iter().filter(|c| c.needed(precision));
        all.all(|c| technology.get(c.name).is_some())
    };
    let mut others = models.iter().filter(|m| m.name != model.name);
    let meant = others.find(|m| has(m));
    let missing: Vec<&str> = model
        .coefficients
        .iter()
        .filter(|c| c.needed(precision) && technology.get(c.name).is_none())
        .map(|c| c.name)
        .collect();
    if missing.is_empty() {
        // What another model reads is there for its sake if it has all of it.
        if meant.is_none() {
            unread(technology, model, at, out);
        }
        fill_in(technology, model);
        return;
    }
    let shown = match missing.len() {
        0..=6 => missing.join(", "),
        n => format!("{} and {} more", missing[..6].join(", "), n - 6),
    };
    let general = model.coefficients.iter();
    let mut general = general.filter(|c| c.presence == Presence::Required);
    let help = if let Some(meant) = meant {
        format!(
            "it has all that model `{}` reads: write `model {}`, or use e.g. `technology {}`",
            meant.name, meant.name, model.technology
        )
    } else if general.any(|c| missing.contains(&c.name)) {
        format!(
            "start from a complete one: `technology {} extends {} {{ … }}`",
            technology.name, model.technology
        )
    } else {
        let group = missing[0].split_once('.').map_or("", |(group, _)| group);
        format!(
            "choose another `precision`, or extend the technology: `technology {}_{group} extends {} {{ {group} {{ … }} }}`",
            technology.name, technology.name
        )
    };
    out.push(
        Diagnostic::error(
            codes::MISSING_FIELD,
            format!(
                "technology `{}` lacks coefficients that model `{}` reads",
                technology.name, model.name
            ),
        )
        .label(at, format!("missing: {shown}"))
        .help(help),
    );
}

/// Warns of coefficients that the model does not read.
fn unread(technology: &Technology, model: &ModelSpec, at: Span, out: &mut Vec<Diagnostic>) {
    let read =
        |name: &String| name == CLOCK.name || model.coefficients.iter().any(|c| c.name == name);
    let names = technology.coefficients.keys().filter(|n| !read(n));
    let names: Vec<String> = names.map(|n| format!("`{n}`")).collect();
    if names.is_empty() {
        return;
    }
    out.push(
        Diagnostic::warning(
            codes::UNREAD_COEFFICIENT,
            format!(
                "model `{}` does not read {} of technology `{}`",
                model.name,
                names.join(", "),
                technology.name
            ),
        )
        .label(at, "changes nothing in this design")
        .help("`cfxc list models` has the coefficients that each model reads"),
    );
}

fn fill_in(technology: &mut Technology, model: &ModelSpec) {
    for spec in model.coefficients {
        if let Presence::Default(value) = spec.presence {
            let entry = technology.coefficients.entry(spec.name.to_string());
            entry.or_insert_with(|| Coefficient {
                value,
                quantity: spec.quantity,
                source: Some(format!("default of model {}", model.name)),
                span: None,
            });
        }
    }
}
