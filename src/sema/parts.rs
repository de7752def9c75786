//! The statements of a design, sorted by what they are.

use super::fields::wrong;
use super::scope::{Kind, Program};
use super::{menu, pins};
use crate::base::span::{Span, Spanned};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::ir::metric::Metric;
use crate::syntax::ast::{
    Condition, DesignDecl, DesignStmt, Field, Item, Name, Path, StageDecl, Value,
};
use std::collections::BTreeMap;

/// Words that may stand before a value in a design.
pub const SETTINGS: [&str; 9] = [
    "network",
    "dataflow",
    "deploy",
    "menu",
    "budget",
    "model",
    "precision",
    "technology",
    "seed",
];

/// The other words that begin a statement of a design.
const STATEMENTS: [&str; 6] = ["minimize", "maximize", "search", "pin", "expect", "stop"];

/// All words that begin a statement of a design.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    SETTINGS.into_iter().chain(STATEMENTS)
}

/// The statements of a design by what they are, each at most once where only one makes sense.
#[derive(Default)]
pub struct Parts<'a> {
    pub settings: BTreeMap<&'static str, (&'a Name, &'a Value)>,
    pub dataflow_in: Option<(&'a [Path], Span)>,
    pub objective: Option<(Spanned<bool>, &'a Name)>,
    pub search: Option<(&'a [StageDecl], Span)>,
    pub pins: Vec<pins::Written<'a>>,
    pub stop: Option<&'a Condition>,
    pub precision: Option<(&'a [Field], Span)>,
    /// What unknown settings seem to stand for: it is not missing besides.
    misspelt: Vec<&'static str>,
}

/// What other tools call a setting, or how it is written elsewhere.
const SYNONYMS: [(&str, &str); 6] = [
    ("deployment", "deploy"),
    ("goal", "minimize"),
    ("metric", "minimize"),
    ("objective", "minimize"),
    ("optimize", "minimize"),
    ("optimise", "minimize"),
];

pub fn twice(what: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error(
        codes::DUPLICATE_FIELD,
        format!("{what} is given twice in this design"),
    )
    .label(again, "given again here")
    .label(first, "first given here")
    .help("remove one of the two")
}

/// A word that is no setting; what it seems to stand for is added to `misspelt`.
fn unknown_setting(key: &Name, value: &Value, misspelt: &mut Vec<&'static str>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        codes::UNKNOWN_FIELD,
        format!("a design has no setting `{}`", key.node),
    )
    .label(key.span, "unknown setting");
    if let "use" | "let" = key.node.as_str() {
        let message = format!(
            "`{}` stands at the top of a file, not inside a design",
            key.node
        );
        return Diagnostic::error(codes::WRONG_PLACE, message)
            .label(key.span, "does not belong here")
            .help("move it out of the design");
    }
    if key.node == "then" {
        return Diagnostic::error(
            codes::UNKNOWN_FIELD,
            "`then` stands between two methods of a search",
        )
        .label(key.span, "no method stands before or behind it")
        .help("write e.g. `search reinforce then genetic`");
    }
    let synonym = SYNONYMS.iter().find(|(written, _)| *written == key.node);
    let meant = synonym
        .map(|(_, meant)| *meant)
        .or_else(|| nearest(&key.node, keywords().chain(["then"])));
    let Some(meant) = meant else {
        return diagnostic.help(format!(
            "known are: {}",
            keywords().collect::<Vec<_>>().join(", ")
        ));
    };
    misspelt.push(meant);
    match (meant, value) {
        ("minimize", Value::Path(metric)) => {
            let (written, place) = (metric.text(), metric.span);
            let known = Metric::ALL.iter().map(|m| m.name());
            let near = match Metric::parse(&written) {
                Some(_) => None,
                None => nearest(&written, known),
            };
            let metric = near.map_or(written, str::to_string);
            let larger = Metric::parse(&metric).is_some_and(Metric::larger_is_better);
            let word = if larger { "maximize" } else { "minimize" };
            let written = format!("{word} {metric}");
            let diagnostic = diagnostic.help(format!("write `{written}`"));
            match near {
                Some(_) => diagnostic
                    .label(place, "no metric has this name")
                    .suggest(key.span.to(place), written),
                None => diagnostic.suggest(key.span, word),
            }
        }
        _ => diagnostic
            .help(format!("did you mean `{meant}`?"))
            .suggest(key.span, meant),
    }
}

impl<'a> Parts<'a> {
    pub fn collect(decl: &'a DesignDecl, out: &mut Vec<Diagnostic>) -> Self {
        let mut parts = Parts::default();
        for statement in &decl.stmts {
            match statement {
                DesignStmt::Setting { key, value } => {
                    let Some(known) = SETTINGS.into_iter().find(|s| *s == key.node) else {
                        if key.node == "then" && parts.misspelt.contains(&"search") {
                            continue;
                        }
                        let diagnostic = unknown_setting(key, value, &mut parts.misspelt);
                        out.push(diagnostic);
                        continue;
                    };
                    if let Some((first, _)) = parts.settings.get(known) {
                        out.push(twice(&format!("`{known}`"), key.span, first.span));
                        continue;
                    }
                    parts.settings.insert(known, (key, value));
                }
                DesignStmt::DataflowIn {
                    keyword, choices, ..
                } => {
                    if let Some((_, first)) = parts.dataflow_in {
                        out.push(twice("`dataflow in`", *keyword, first));
                    } else {
                        parts.dataflow_in = Some((choices, *keyword));
                    }
                }
                DesignStmt::Objective { maximize, metric } => match &parts.objective {
                    Some((first, _)) => out.push(twice("the objective", maximize.span, first.span)),
                    None => parts.objective = Some((*maximize, metric)),
                },
                DesignStmt::Search { stages, span } => match parts.search {
                    Some((_, first)) => out.push(twice("`search`", *span, first)),
                    None => parts.search = Some((stages, *span)),
                },
                DesignStmt::Pin {
                    layer,
                    fields,
                    span,
                } => parts.pins.push(pins::Written {
                    layer,
                    fields: fields.as_deref(),
                    span: *span,
                }),
                DesignStmt::Precision { fields, span } => match parts.precision {
                    Some((_, first)) => out.push(twice("`precision`", *span, first)),
                    None => parts.precision = Some((fields, *span)),
                },
                // Expectations may be about other designs: they are looked at last.
                DesignStmt::Expect(_) => {}
                DesignStmt::Stop(condition) => match &parts.stop {
                    Some(first) => out.push(twice("`stop`", condition.span, first.span)),
                    None => parts.stop = Some(condition),
                },
            }
        }
        parts
    }

    /// Whether the design says this, or seems to have tried.
    fn says(&self, key: &str) -> bool {
        self.settings.contains_key(key) || self.misspelt.contains(&key)
    }

    /// Reports what a design must say and does not.
    pub fn report_missing(&self, program: &mut Program, decl: &DesignDecl) {
        let mut missing = Vec::new();
        if !self.says("network") {
            missing.push(("network", "network mobilenet_v2"));
        }
        // A menu may leave the dataflow to each layer; one that is not there says nothing.
        let menu = self.settings.get("menu").map(|(_, value)| value);
        let in_menu = match menu {
            Some(Value::Path(path)) => {
                match program.find(path, Kind::Menu).map(|at| program.item(at)) {
                    Some(Item::Menu(menu)) => menu::dataflows(menu).is_some(),
                    _ => true,
                }
            }
            Some(_) => true,
            None => self.says("menu"),
        };
        if !self.says("dataflow") && self.dataflow_in.is_none() && !in_menu {
            missing.push(("dataflow", "dataflow nvdla"));
        }
        if !self.says("menu") {
            missing.push(("menu", "menu confuciux"));
        }
        let tried = ["minimize", "maximize"]
            .iter()
            .any(|w| self.misspelt.contains(w));
        if self.objective.is_none() && !tried {
            missing.push(("objective", "minimize latency"));
        }
        if missing.is_empty() {
            return;
        }
        let list = |items: Vec<String>, word: &str| match items.as_slice() {
            [first @ .., last] if !first.is_empty() => {
                format!("{} {word} {last}", first.join(", "))
            }
            _ => items.join(""),
        };
        let names = || missing.iter().map(|m| m.0.to_string()).collect();
        let examples = missing.iter().map(|m| format!("`{}`", m.1)).collect();
        program.diagnostics.push(
            Diagnostic::error(
                codes::MISSING_FIELD,
                format!(
                    "design `{}` does not say its {}",
                    decl.name.node,
                    list(names(), "and")
                ),
            )
            .label(
                decl.name.span,
                format!("no {} in this design", list(names(), "or")),
            )
            .help(format!("add e.g. {}", list(examples, "and"))),
        );
    }

    /// The path of a setting that names a block.
    pub fn path(&self, key: &str, out: &mut Vec<Diagnostic>) -> Option<&'a Path> {
        let (_, value) = self.settings.get(key)?;
        match value {
            Value::Path(path) => Some(path),
            Value::Text(file) if key == "network" => {
                out.push(
                    Diagnostic::error(codes::WRONG_VALUE, "`network` must be a name")
                        .label(file.span, "a file, not a name")
                        .help(format!(
                            "declare it before the design: `network net from \"{}\"`, and write `network net` here",
                            file.node
                        )),
                );
                None
            }
            Value::List(list) if key == "dataflow" => {
                let place = Span {
                    end: list.span.start,
                    ..list.span
                };
                out.push(
                    Diagnostic::error(codes::WRONG_VALUE, "`dataflow` must be a name")
                        .label(list.span, "a list, not a name")
                        .help("for each layer to choose, write `dataflow in [nvdla, eyeriss]`")
                        .suggest(place, "in "),
                );
                None
            }
            other => {
                out.push(wrong(
                    other.span(),
                    &format!("`{key}`"),
                    "a name",
                    &format!("{key} name"),
                ));
                None
            }
        }
    }

    /// The single word of a setting that chooses among words.
    pub fn word(&self, key: &str, example: &str, out: &mut Vec<Diagnostic>) -> Option<&'a Name> {
        let (_, value) = self.settings.get(key)?;
        match value {
            Value::Path(path) if path.word().is_some() => path.word(),
            other => {
                out.push(wrong(
                    other.span(),
                    &format!("`{key}`"),
                    "one word",
                    &format!("{key} {example}"),
                ));
                None
            }
        }
    }
}
