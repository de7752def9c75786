//! `design` blocks: everything a design names, put together into one [`Problem`].

use super::fields::{unknown, wrong};
use super::scope::{Kind, Program, Ref};
use super::{budget, dataflow, menu, pins, quantity, search, technology};
use crate::base::span::{Span, Spanned};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, Severity, codes};
use crate::ir::dataflow::{Dataflow, Size};
use crate::ir::layer::LayerShape;
use crate::ir::menu::Menu;
use crate::ir::metric::Metric;
use crate::ir::network::Network;
use crate::ir::problem::{Deployment, Layer, Objective, Problem};
use crate::ir::registry::ModelSpec;
use crate::ir::technology::Technology;
use crate::syntax::ast::{
    Condition, DesignDecl, DesignStmt, Item, MenuDecl, Name, Path, StageDecl, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// Words that may stand before a value in a design.
pub const SETTINGS: [&str; 8] = [
    "network",
    "dataflow",
    "deploy",
    "menu",
    "budget",
    "model",
    "technology",
    "seed",
];

/// What a design uses when it does not say.
const DEFAULT_TECHNOLOGY: &str = "std.technologies.maestro";
const DEFAULT_SEED: u64 = 1;

/// Lowers every design of the main file; broken ones are left out.
pub fn lower_all(program: &mut Program) -> Vec<Problem> {
    let mut problems = Vec::new();
    for at in program.main_blocks() {
        if let Item::Design(decl) = program.item(at).clone() {
            problems.extend(lower(program, at, &decl));
        }
    }
    problems
}

/// The statements of a design by what they are, each at most once where only one makes sense.
#[derive(Default)]
struct Parts<'a> {
    settings: BTreeMap<&'static str, (&'a Name, &'a Value)>,
    dataflow_in: Option<(&'a [Path], Span)>,
    objective: Option<(Spanned<bool>, &'a Name)>,
    search: Option<(&'a [StageDecl], Span)>,
    pins: Vec<pins::Written<'a>>,
    expects: Vec<&'a Condition>,
    stop: Option<&'a Condition>,
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

fn twice(what: &str, again: Span, first: Span) -> Diagnostic {
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
    let statements = ["minimize", "maximize", "search", "pin", "expect", "stop"];
    let words = || SETTINGS.into_iter().chain(statements);
    let synonym = SYNONYMS.iter().find(|(written, _)| *written == key.node);
    let meant = synonym
        .map(|(_, meant)| *meant)
        .or_else(|| nearest(&key.node, words()));
    let Some(meant) = meant else {
        return diagnostic.help(format!(
            "known are: {}",
            words().collect::<Vec<_>>().join(", ")
        ));
    };
    misspelt.push(meant);
    match (meant, value) {
        ("minimize", Value::Path(metric)) => {
            let metric = metric.text();
            let larger = Metric::parse(&metric).is_some_and(Metric::larger_is_better);
            let word = if larger { "maximize" } else { "minimize" };
            diagnostic
                .help(format!("write `{word} {metric}`"))
                .suggest(key.span, word)
        }
        _ => diagnostic
            .help(format!("did you mean `{meant}`?"))
            .suggest(key.span, meant),
    }
}

impl<'a> Parts<'a> {
    fn collect(decl: &'a DesignDecl, out: &mut Vec<Diagnostic>) -> Self {
        let mut parts = Parts::default();
        for statement in &decl.stmts {
            match statement {
                DesignStmt::Setting { key, value } => {
                    let Some(known) = SETTINGS.into_iter().find(|s| *s == key.node) else {
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
                    fields,
                    span: *span,
                }),
                DesignStmt::Expect(condition) => parts.expects.push(condition),
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
    fn report_missing(&self, program: &mut Program, at: Ref, decl: &DesignDecl) {
        let mut missing = Vec::new();
        if !self.says("network") {
            missing.push(("network", "network mobilenet_v2"));
        }
        // A menu may leave the dataflow to each layer; one that is not there says nothing.
        let menu = self.settings.get("menu").map(|(_, value)| value);
        let in_menu = match menu {
            Some(Value::Path(path)) => match program.find(at, path, Kind::Menu) {
                Some(Item::Menu(menu)) => menu::dataflows(menu).is_some(),
                _ => true,
            },
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
    fn path(&self, key: &str, out: &mut Vec<Diagnostic>) -> Option<&'a Path> {
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
    fn word(&self, key: &str, example: &str, out: &mut Vec<Diagnostic>) -> Option<&'a Name> {
        let (_, value) = self.settings.get(key)?;
        match value {
            Value::Path(path) if path.segments.len() == 1 => Some(&path.segments[0]),
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

fn lower(program: &mut Program, at: Ref, decl: &DesignDecl) -> Option<Problem> {
    let errors = |p: &Program| {
        p.diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .count()
    };
    let before = errors(program);
    let parts = Parts::collect(decl, &mut program.diagnostics);
    let mut defaults: Vec<(&'static str, String)> = Vec::new();
    parts.report_missing(program, at, decl);
    // Everything is looked at before anything is given up, so that one run shows all mistakes.
    let network = resolve(program, at, &parts, "network", Kind::Network);
    let network = network.and_then(|r| program.network(r));
    let menu_ref = resolve(program, at, &parts, "menu", Kind::Menu);
    let menu_decl = menu_ref.and_then(|r| match program.item(r) {
        Item::Menu(decl) => Some((r, decl.clone())),
        _ => None,
    });
    let menu = menu_decl
        .as_ref()
        .and_then(|(_, decl)| menu::lower(decl, &mut program.diagnostics));
    let choices = choices(program, at, &parts, menu_decl.as_ref());
    let dataflows = choices
        .as_deref()
        .and_then(|c| lower_dataflows(program, c, menu.as_ref()));
    let model = model(program, &parts, &mut defaults);
    let technology = technology_of(program, at, decl, &parts, &mut defaults);
    let clock = technology.as_ref().map_or(1e9, Technology::clock_hz);
    if let (Some(model), Some(technology)) = (model, &technology) {
        let place = parts
            .settings
            .get("technology")
            .map_or(decl.name.span, |(_, v)| v.span());
        technology::complete(technology, model, place, &mut program.diagnostics);
    }
    let budgets = if parts.settings.contains_key("budget") {
        let found = resolve(program, at, &parts, "budget", Kind::Budget);
        found.and_then(|r| match program.item(r).clone() {
            Item::Budget(decl) => budget::lower(&decl, clock, &mut program.diagnostics),
            _ => None,
        })
    } else {
        Some(Vec::new())
    };
    let methods = program.registries.methods;
    let out = &mut program.diagnostics;
    let objective = objective(&parts, out);
    let deployment = deployment(&parts, &mut defaults, out);
    let seed = seed(&parts, &mut defaults, out);
    let stages = search::stages(methods, parts.search.map(|s| s.0), &mut defaults, out);
    let stop_gap = parts.stop.map(|c| budget::stop(c, out));
    let expectations: Vec<_> = parts
        .expects
        .iter()
        .filter_map(|c| budget::expectation(c, clock, out))
        .collect();
    let layers = network.as_ref().map(distinct);
    let pins = pins::lower(
        program,
        &parts.pins,
        &pins::Context {
            design: at,
            network: network
                .as_ref()
                .zip(layers.as_ref().map(|(list, _)| list.as_slice())),
            menu: menu.as_ref(),
            dataflows: choices.as_deref(),
            // Where the word is wrong, a pin is judged as if every layer had its own engine.
            deployment: deployment.unwrap_or(Deployment::Pipelined),
        },
    );
    if let (Some(network), Some(dataflows)) = (&network, &dataflows) {
        rules_exist(decl, &parts, network, dataflows, &mut program.diagnostics);
    }
    let (network, menu, dataflows) = (network?, menu?, dataflows?);
    let (layers, shapes) = layers?;
    if errors(program) > before {
        return None;
    }
    unused_knobs(&menu, &dataflows, &shapes, &mut program.diagnostics);
    Some(Problem {
        design: decl.name.node.clone(),
        span: decl.name.span,
        network,
        layers,
        shapes,
        dataflows,
        menu,
        deployment: deployment?,
        budgets: budgets?,
        objective: objective?,
        model: model?.name,
        technology: technology?,
        stages: stages?,
        seed: seed?,
        pins,
        stop_gap: stop_gap.flatten(),
        expectations,
        defaults,
    })
}

fn resolve(
    program: &mut Program,
    at: Ref,
    parts: &Parts,
    key: &'static str,
    kind: Kind,
) -> Option<Ref> {
    let path = parts.path(key, &mut program.diagnostics)?;
    program.resolve(at, path, kind)
}

/// Layers in topological order and their distinct shapes in order of first use.
fn distinct(network: &Network) -> (Vec<Layer>, Vec<LayerShape>) {
    let mut shapes: Vec<LayerShape> = Vec::new();
    let mut known: BTreeMap<LayerShape, usize> = BTreeMap::new();
    let mut layers = Vec::new();
    for (_, node, shape) in network.layers() {
        let index = *known.entry(*shape).or_insert_with(|| {
            shapes.push(*shape);
            shapes.len() - 1
        });
        layers.push(Layer {
            name: node.name.clone(),
            shape: index,
            span: node.span,
        });
    }
    (layers, shapes)
}

/// The dataflows that layers may choose from, and what the design calls them.
fn choices(
    program: &mut Program,
    at: Ref,
    parts: &Parts,
    menu: Option<&(Ref, MenuDecl)>,
) -> Option<Vec<(Ref, String)>> {
    let single = parts.settings.get("dataflow").map(|(key, _)| key.span);
    let listed = parts.dataflow_in.map(|(_, span)| span);
    let in_menu = menu.and_then(|(at, decl)| Some((*at, menu::dataflows(decl)?)));
    let mut places = single.into_iter().chain(listed).collect::<Vec<Span>>();
    places.sort_unstable();
    places.extend(in_menu.as_ref().map(|(_, (_, span))| *span));
    if let [first, again, ..] = places[..] {
        program.diagnostics.push(if in_menu.is_some() {
            Diagnostic::error(
                codes::DUPLICATE_FIELD,
                "the dataflow is chosen both in the design and in its menu",
            )
            .label(first, "chosen here")
            .label(places[places.len() - 1], "the menu leaves it to each layer")
            .help("keep one of the two")
        } else {
            twice("the dataflow", again, first)
        });
        return None;
    }
    let (from, paths) = match (parts.dataflow_in, in_menu) {
        (Some((list, _)), _) => (at, list.to_vec()),
        (None, Some((menu, (list, _)))) => (menu, list),
        (None, None) if single.is_some() => {
            let path = parts.path("dataflow", &mut program.diagnostics)?;
            (at, vec![path.clone()])
        }
        (None, None) => return None,
    };
    if paths.is_empty() {
        // An empty list of a menu was reported with the menu.
        if let Some((_, span)) = parts.dataflow_in {
            program.diagnostics.push(menu::no_dataflow(span));
        }
        return None;
    }
    let mut found: Vec<(Ref, String)> = Vec::new();
    let mut seen: BTreeMap<Ref, Span> = BTreeMap::new();
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    for path in &paths {
        let Some(r) = program.resolve(from, path, Kind::Dataflow) else {
            continue;
        };
        let name = path.segments.last().map_or("", |s| &s.node).to_string();
        if let Some(first) = seen.insert(r, path.span) {
            let what = format!("dataflow `{}`", path.text());
            program.diagnostics.push(twice(&what, path.span, first));
        } else if let Some(first) = names.insert(name.clone(), path.span) {
            program.diagnostics.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    format!("two dataflows of this design are called `{name}`"),
                )
                .label(path.span, "this one")
                .label(first, "and this one")
                .help("a report could not tell them apart; rename one: `use … as other_name`"),
            );
        } else {
            found.push((r, name));
        }
    }
    (found.len() == paths.len()).then_some(found)
}

/// The dataflows with their knobs bound to the menu; without a menu they are only checked.
fn lower_dataflows(
    program: &mut Program,
    choices: &[(Ref, String)],
    menu: Option<&Menu>,
) -> Option<Vec<Dataflow>> {
    let mut found = Vec::new();
    for (r, name) in choices {
        if let Item::Dataflow(decl) = program.item(*r).clone() {
            found.push(dataflow::lower(&decl, name, menu, &mut program.diagnostics));
        }
    }
    let found: Option<Vec<Dataflow>> = found.into_iter().collect();
    found.filter(|list| menu.is_some() && list.len() == choices.len())
}

/// Every layer kind of the network must be mapped by every dataflow it may choose.
fn rules_exist(
    decl: &DesignDecl,
    parts: &Parts,
    network: &Network,
    dataflows: &[Dataflow],
    out: &mut Vec<Diagnostic>,
) {
    let place = parts
        .settings
        .get("dataflow")
        .map(|(_, v)| v.span())
        .or(parts.dataflow_in.map(|(_, s)| s))
        .unwrap_or(decl.name.span);
    for dataflow in dataflows {
        let mut reported = BTreeSet::new();
        for (_, node, shape) in network.layers() {
            if dataflow.rule(shape.op).is_none() && reported.insert(shape.op) {
                out.push(
                    Diagnostic::error(
                        codes::NO_RULE,
                        format!(
                            "dataflow `{}` does not map `{}` layers",
                            dataflow.name,
                            shape.op.name()
                        ),
                    )
                    .label(
                        place,
                        format!("network `{}` needs it for `{}`", network.name, node.name),
                    )
                    .label(node.span, format!("a `{}` layer", shape.op.name()))
                    .label(dataflow.span, "no `for` block for this kind in here")
                    .help(format!(
                        "add `for {} {{ … }}` to the dataflow",
                        shape.op.name()
                    )),
                );
            }
        }
    }
}

/// Warns of knobs that change nothing.
fn unused_knobs(
    menu: &Menu,
    dataflows: &[Dataflow],
    shapes: &[LayerShape],
    out: &mut Vec<Diagnostic>,
) {
    let mut read = BTreeSet::from([Menu::PES]);
    for dataflow in dataflows {
        for rule in &dataflow.rules {
            if !shapes.iter().any(|s| rule.ops.contains(&s.op)) {
                continue;
            }
            for level in &rule.levels {
                let sizes = level.directives.iter().flat_map(|d| [d.size, d.step]);
                for size in sizes.chain(level.cluster) {
                    if let Size::Knob(knob) = size {
                        read.insert(knob);
                    }
                }
            }
        }
    }
    for (i, knob) in menu.knobs.iter().enumerate() {
        if !read.contains(&i) {
            out.push(
                Diagnostic::warning(
                    codes::UNUSED_KNOB,
                    format!("knob `{}` changes nothing", knob.name),
                )
                .label(knob.span, "no dataflow of the design reads it")
                .help("remove it: it only makes the space larger"),
            );
        }
    }
}

fn model(
    program: &mut Program,
    parts: &Parts,
    defaults: &mut Vec<(&'static str, String)>,
) -> Option<&'static ModelSpec> {
    let models = program.registries.models;
    if !parts.settings.contains_key("model") {
        let first = models.first()?;
        defaults.push(("model", first.name.to_string()));
        return Some(first);
    }
    let example = models.first().map_or("", |m| m.name);
    let word = parts.word("model", example, &mut program.diagnostics)?;
    let found = models.iter().find(|m| m.name == word.node);
    if found.is_none() {
        let known: Vec<&str> = models.iter().map(|m| m.name).collect();
        program
            .diagnostics
            .push(unknown("cost model", word, &known));
    }
    found
}

fn technology_of(
    program: &mut Program,
    at: Ref,
    decl: &DesignDecl,
    parts: &Parts,
    defaults: &mut Vec<(&'static str, String)>,
) -> Option<Technology> {
    let path = if parts.settings.contains_key("technology") {
        parts.path("technology", &mut program.diagnostics)?.clone()
    } else {
        defaults.push(("technology", DEFAULT_TECHNOLOGY.to_string()));
        let span = decl.name.span;
        let name = |s: &str| Name {
            node: s.to_string(),
            span,
        };
        Path {
            segments: DEFAULT_TECHNOLOGY.split('.').map(name).collect(),
            span,
        }
    };
    let found = program.resolve(at, &path, Kind::Technology)?;
    technology::lower(program, found)
}

fn objective(parts: &Parts, out: &mut Vec<Diagnostic>) -> Option<Objective> {
    let (maximize, name) = parts.objective.as_ref()?;
    let metric: Metric = budget::metric(name, out)?;
    if maximize.node != metric.larger_is_better() {
        let right = if metric.larger_is_better() {
            "maximize"
        } else {
            "minimize"
        };
        out.push(
            Diagnostic::error(
                codes::DIRECTION,
                format!(
                    "`{}` is to be {right}d, not the other way round",
                    metric.name()
                ),
            )
            .label(maximize.span, "the wrong direction")
            .help(format!("write `{right} {}`", metric.name()))
            .suggest(maximize.span, right),
        );
        return None;
    }
    Some(Objective {
        metric,
        span: maximize.span.to(name.span),
    })
}

fn deployment(
    parts: &Parts,
    defaults: &mut Vec<(&'static str, String)>,
    out: &mut Vec<Diagnostic>,
) -> Option<Deployment> {
    if !parts.settings.contains_key("deploy") {
        defaults.push(("deploy", Deployment::Pipelined.name().to_string()));
        return Some(Deployment::Pipelined);
    }
    let word = parts.word("deploy", "pipelined", out)?;
    let all = [Deployment::Pipelined, Deployment::Sequential];
    let found = all.into_iter().find(|d| d.name() == word.node);
    if found.is_none() {
        out.push(unknown("deployment", word, &all.map(Deployment::name)));
    }
    found
}

fn seed(
    parts: &Parts,
    defaults: &mut Vec<(&'static str, String)>,
    out: &mut Vec<Diagnostic>,
) -> Option<u64> {
    let Some((_, value)) = parts.settings.get("seed") else {
        defaults.push(("seed", DEFAULT_SEED.to_string()));
        return Some(DEFAULT_SEED);
    };
    match value {
        Value::Number(number) => quantity::whole(number, 0, u64::MAX, "`seed`", out),
        other => {
            out.push(wrong(other.span(), "`seed`", "a whole number", "seed 7"));
            None
        }
    }
}
