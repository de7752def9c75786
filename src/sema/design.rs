//! `design` blocks: everything a design names, put together into one [`Problem`].

use super::fields::{Fields, remedy, unknown, wrong};
use super::menu::find_knob;
use super::scope::{Kind, Program, Ref};
use super::{budget, dataflow, menu, quantity, technology};
use crate::base::span::{Span, Spanned};
use crate::diag::{Diagnostic, Severity, codes};
use crate::ir::dataflow::{Dataflow, Size};
use crate::ir::layer::LayerShape;
use crate::ir::menu::Menu;
use crate::ir::metric::Metric;
use crate::ir::network::{Network, NodeKind};
use crate::ir::problem::{Deployment, Layer, Objective, Pin, Problem, Stage};
use crate::ir::registry::{MethodSpec, ParamDefault, ParamKind, ParamValue};
use crate::syntax::ast::{
    Condition, DesignDecl, DesignStmt, Field, Item, Name, Path, StageDecl, Value,
};
use std::collections::{BTreeMap, BTreeSet};

/// Words that may stand before a value in a design.
const SETTINGS: [&str; 8] = [
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
const DEFAULT_SEARCH: [&str; 2] = ["reinforce", "genetic"];

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
    pins: Vec<(&'a Name, &'a [Field], Span)>,
    expects: Vec<&'a Condition>,
    stop: Option<&'a Condition>,
}

fn twice(what: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error(
        codes::DUPLICATE_FIELD,
        format!("{what} is given twice in this design"),
    )
    .label(again, "given again here")
    .label(first, "first given here")
    .help("remove one of the two")
}

impl<'a> Parts<'a> {
    fn collect(decl: &'a DesignDecl, out: &mut Vec<Diagnostic>) -> Self {
        let mut parts = Parts::default();
        for statement in &decl.stmts {
            match statement {
                DesignStmt::Setting { key, value } => {
                    let Some(known) = SETTINGS.into_iter().find(|s| *s == key.node) else {
                        let diagnostic = Diagnostic::error(
                            codes::UNKNOWN_FIELD,
                            format!("a design has no setting `{}`", key.node),
                        )
                        .label(key.span, "unknown setting");
                        let mut words = SETTINGS.to_vec();
                        words.extend(["minimize", "maximize", "search", "pin", "expect", "stop"]);
                        out.push(remedy(diagnostic, key, &words));
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
                } => parts.pins.push((layer, fields, *span)),
                DesignStmt::Expect(condition) => parts.expects.push(condition),
                DesignStmt::Stop(condition) => match &parts.stop {
                    Some(first) => out.push(twice("`stop`", condition.span, first.span)),
                    None => parts.stop = Some(condition),
                },
            }
        }
        parts
    }

    /// The path of a setting that names a block.
    fn path(&self, key: &str, out: &mut Vec<Diagnostic>) -> Option<&'a Path> {
        let (_, value) = self.settings.get(key)?;
        match value {
            Value::Path(path) => Some(path),
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
    for (key, example) in [
        ("network", "network mobilenet_v2"),
        ("menu", "menu confuciux"),
    ] {
        if !parts.settings.contains_key(key) {
            program.diagnostics.push(missing(decl, key, example));
        }
    }
    // Everything is looked at before anything is given up, so that one run shows all mistakes.
    let network = resolve(program, at, &parts, "network", Kind::Network);
    let network = network.and_then(|r| program.network(r));
    let menu_ref = resolve(program, at, &parts, "menu", Kind::Menu);
    let lowered_menu = menu_ref.and_then(|r| match program.item(r).clone() {
        Item::Menu(decl) => menu::lower(&decl, &mut program.diagnostics),
        _ => None,
    });
    let (menu, menu_dataflows) = match lowered_menu {
        Some(lowered) => (Some(lowered.menu), lowered.dataflows),
        None => (None, None),
    };
    let dataflows = dataflows(program, at, decl, &parts, menu_dataflows, menu.as_ref());
    let model = model(program, &parts, &mut defaults);
    let technology = technology_of(program, at, decl, &parts, &mut defaults);
    let clock = technology.as_ref().map_or(1e9, |t| t.clock_hz());
    if let (Some(model), Some(technology)) = (model, &technology) {
        let place = parts
            .settings
            .get("technology")
            .map_or(decl.name.span, |(_, v)| v.span());
        technology::complete(technology, model, place, &mut program.diagnostics);
    }
    let budgets = match resolve(program, at, &parts, "budget", Kind::Budget) {
        Some(r) => match program.item(r).clone() {
            Item::Budget(decl) => budget::lower(&decl, clock, &mut program.diagnostics),
            _ => None,
        },
        None => Some(Vec::new()),
    };
    let out = &mut program.diagnostics;
    let objective = objective(decl, &parts, out);
    let deployment = deployment(&parts, &mut defaults, out);
    let seed = seed(&parts, &mut defaults, out);
    let stages = stages(program.registries.methods, &parts, &mut defaults, out);
    let stop_gap = parts.stop.map(|c| budget::stop(c, out));
    let expectations: Vec<_> = parts
        .expects
        .iter()
        .filter_map(|c| budget::expectation(c, clock, out))
        .collect();
    let (network, menu, dataflows) = (network?, menu?, dataflows?);
    let (layers, shapes) = distinct(&network);
    rules_exist(decl, &parts, &network, &dataflows, out);
    unused_knobs(&menu, &dataflows, &shapes, out);
    let pins = pins(
        &parts, &network, &layers, &menu, &dataflows, deployment, out,
    );
    if errors(program) > before {
        return None;
    }
    Some(Problem {
        design: decl.name.node.clone(),
        span: decl.name.span,
        network,
        layers,
        shapes,
        dataflows,
        menu,
        deployment,
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

fn missing(decl: &DesignDecl, key: &str, example: &str) -> Diagnostic {
    Diagnostic::error(
        codes::MISSING_FIELD,
        format!("design `{}` does not say its {key}", decl.name.node),
    )
    .label(decl.name.span, format!("no `{key}` in this design"))
    .help(format!("add e.g. `{example}`"))
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

fn dataflows(
    program: &mut Program,
    at: Ref,
    decl: &DesignDecl,
    parts: &Parts,
    from_menu: Option<(Vec<Path>, Span)>,
    menu: Option<&Menu>,
) -> Option<Vec<Dataflow>> {
    let single = parts.settings.get("dataflow").map(|(k, _)| k.span);
    let mut places: Vec<Span> = Vec::new();
    places.extend(single);
    places.extend(parts.dataflow_in.map(|(_, span)| span));
    places.extend(from_menu.as_ref().map(|(_, span)| *span));
    let paths: Vec<Path> = match (&parts.dataflow_in, from_menu, single) {
        (Some((list, _)), ..) => list.to_vec(),
        (None, Some((list, _)), _) => list,
        (None, None, Some(_)) => vec![parts.path("dataflow", &mut program.diagnostics)?.clone()],
        (None, None, None) => {
            program
                .diagnostics
                .push(missing(decl, "dataflow", "dataflow nvdla"));
            return None;
        }
    };
    if let [first, again, ..] = places[..] {
        program
            .diagnostics
            .push(twice("the dataflow", again, first));
        return None;
    }
    if paths.is_empty() {
        program.diagnostics.push(
            Diagnostic::error(codes::MISSING_FIELD, "no dataflow to choose from")
                .label(places[0], "an empty list")
                .help("write e.g. `dataflow in [nvdla, eyeriss, shidiannao]`"),
        );
        return None;
    }
    let mut found = Vec::new();
    let mut seen: BTreeMap<Ref, Span> = BTreeMap::new();
    for path in &paths {
        let Some(r) = program.resolve(at, path, Kind::Dataflow) else {
            continue;
        };
        if let Some(first) = seen.insert(r, path.span) {
            program.diagnostics.push(twice(
                &format!("dataflow `{}`", path.text()),
                path.span,
                first,
            ));
            continue;
        }
        let Item::Dataflow(decl) = program.item(r).clone() else {
            continue;
        };
        found.push(dataflow::lower(&decl, menu, &mut program.diagnostics));
    }
    let complete = found.len() == paths.len();
    let found: Option<Vec<Dataflow>> = found.into_iter().collect();
    // Without a menu the knobs are not bound; the menu's own mistake was reported.
    found.filter(|_| complete && menu.is_some())
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
) -> Option<&'static crate::ir::registry::ModelSpec> {
    let models = program.registries.models;
    if !parts.settings.contains_key("model") {
        defaults.push(("model", models[0].name.to_string()));
        return models.first();
    }
    let word = parts.word("model", models[0].name, &mut program.diagnostics)?;
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
) -> Option<crate::ir::technology::Technology> {
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

fn objective(decl: &DesignDecl, parts: &Parts, out: &mut Vec<Diagnostic>) -> Option<Objective> {
    let Some((maximize, name)) = &parts.objective else {
        out.push(missing(decl, "objective", "minimize latency"));
        return None;
    };
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
) -> Deployment {
    if !parts.settings.contains_key("deploy") {
        defaults.push(("deploy", Deployment::Pipelined.name().to_string()));
        return Deployment::Pipelined;
    }
    let Some(word) = parts.word("deploy", "pipelined", out) else {
        return Deployment::Pipelined;
    };
    match word.node.as_str() {
        "pipelined" => Deployment::Pipelined,
        "sequential" => Deployment::Sequential,
        _ => {
            out.push(unknown("deployment", word, &["pipelined", "sequential"]));
            Deployment::Pipelined
        }
    }
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

fn stages(
    methods: &'static [MethodSpec],
    parts: &Parts,
    defaults: &mut Vec<(&'static str, String)>,
    out: &mut Vec<Diagnostic>,
) -> Option<Vec<Stage>> {
    let Some((list, _)) = parts.search else {
        defaults.push(("search", DEFAULT_SEARCH.join(" then ")));
        let found = DEFAULT_SEARCH
            .iter()
            .filter_map(|n| methods.iter().find(|m| m.name == *n));
        return Some(found.map(|m| default_stage(m)).collect());
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
                out.push(wrong(other.span(), &what, &wanted, param.summary));
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
    number: &crate::syntax::ast::Number,
    min: f64,
    max: f64,
    what: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<ParamValue> {
    use crate::base::units::Quantity;
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

fn pins(
    parts: &Parts,
    network: &Network,
    layers: &[Layer],
    menu: &Menu,
    dataflows: &[Dataflow],
    deployment: Deployment,
    out: &mut Vec<Diagnostic>,
) -> Vec<Pin> {
    let mut pins: Vec<Pin> = Vec::new();
    for &(name, fields, span) in &parts.pins {
        let Some(layer) = layers.iter().position(|l| l.name == name.node) else {
            let known: Vec<&str> = layers.iter().map(|l| l.name.as_str()).collect();
            let free = network.graph.node_weights().find(|n| n.name == name.node);
            out.push(match free {
                Some(node) if !matches!(node.kind, NodeKind::Layer(_)) => Diagnostic::error(
                    codes::WRONG_KIND,
                    format!(
                        "`{}` costs nothing on the array: there is nothing to pin",
                        name.node
                    ),
                )
                .label(name.span, "not a layer with PEs")
                .label(node.span, "declared here")
                .help("pin a convolution, dense or matrix layer"),
                _ => unknown("layer", name, &known),
            });
            continue;
        };
        if let Some(first) = pins.iter().find(|p| p.layer == layer) {
            out.push(twice(
                &format!("the pin of `{}`", name.node),
                span,
                first.span,
            ));
            continue;
        }
        let mut pin = Pin {
            layer,
            knobs: Vec::new(),
            dataflow: None,
            span,
        };
        for (i, field) in fields.iter().enumerate() {
            if let Some(first) = fields[..i].iter().find(|f| f.name.node == field.name.node) {
                out.push(twice(
                    &format!("`{}`", field.name.node),
                    field.span,
                    first.span,
                ));
            } else if field.name.node == "dataflow" {
                pin.dataflow = pinned_dataflow(field, dataflows, out);
            } else if let Some(knob) = find_knob(menu, &field.name, out) {
                pin.knobs
                    .extend(pinned_knob(field, knob, menu, deployment, out));
            }
        }
        if fields.is_empty() {
            out.push(
                Diagnostic::error(
                    codes::MISSING_FIELD,
                    format!("the pin of `{}` fixes nothing", name.node),
                )
                .label(span, "no knob in it")
                .help(format!("write e.g. `pin {} {{ pes = 16 }}`", name.node)),
            );
        }
        pins.push(pin);
    }
    pins
}

fn pinned_dataflow(
    field: &Field,
    dataflows: &[Dataflow],
    out: &mut Vec<Diagnostic>,
) -> Option<usize> {
    let Value::Path(path) = &field.value else {
        out.push(wrong(
            field.value.span(),
            "`dataflow`",
            "the name of a dataflow",
            "dataflow = nvdla",
        ));
        return None;
    };
    let last = path.segments.last().map_or("", |s| s.node.as_str());
    let found = dataflows.iter().position(|d| d.name == last);
    if found.is_none() {
        let known: Vec<&str> = dataflows.iter().map(|d| d.name.as_str()).collect();
        let name = Name {
            node: path.text(),
            span: path.span,
        };
        out.push(unknown("dataflow of this design", &name, &known));
    }
    found
}

fn pinned_knob(
    field: &Field,
    knob: usize,
    menu: &Menu,
    deployment: Deployment,
    out: &mut Vec<Diagnostic>,
) -> Option<(usize, u64)> {
    let spec = &menu.knobs[knob];
    let Value::Number(number) = &field.value else {
        out.push(wrong(
            field.value.span(),
            &format!("`{}`", spec.name),
            "a whole number",
            "pes = 16",
        ));
        return None;
    };
    let value = quantity::whole(number, 1, u64::MAX, &format!("`{}`", spec.name), out)?;
    if deployment == Deployment::Sequential && !spec.per_layer {
        out.push(
            Diagnostic::error(
                codes::PIN_OUTSIDE,
                format!(
                    "`{}` cannot be pinned for one layer of a sequential design",
                    spec.name
                ),
            )
            .label(field.span, "one engine serves all layers")
            .label(spec.span, "this knob is chosen once")
            .help(format!(
                "leave one level in the menu, or declare `{} in … per layer`",
                spec.name
            )),
        );
        return None;
    }
    let values = spec.values();
    if values.contains(&value) {
        return Some((knob, value));
    }
    let near = values
        .iter()
        .min_by_key(|v| v.abs_diff(value))
        .copied()
        .unwrap_or(0);
    out.push(
        Diagnostic::error(
            codes::PIN_OUTSIDE,
            format!("the menu has no `{}` of {value}", spec.name),
        )
        .label(number.span, "outside the menu")
        .label(
            spec.span,
            format!("from {} to {}", values[0], values[values.len() - 1]),
        )
        .help(format!("the nearest level is {near}"))
        .suggest(number.span, near.to_string()),
    );
    None
}
