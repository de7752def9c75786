//! `design` blocks: everything a design names, put together into one [`Problem`].

use super::arguments::Instance;
use super::cascade;
use super::fields::{unknown, wrong};
use super::parts::{Parts, twice};
use super::scope::{Kind, Program, Ref};
use super::{
    budget, dataflow, dataflow_file, doubtful, expect, extend, lint, menu, pins, precision,
    quantity, rules, search, shared, technology,
};
use crate::base::span::Span;
use crate::diag::{Diagnostic, Label, Severity, codes};
use crate::ir::dataflow::Dataflow;
use crate::ir::layer::LayerShape;
use crate::ir::menu::Menu;
use crate::ir::metric::Metric;
use crate::ir::network::Network;
use crate::ir::problem::{Deployment, Layer, Objective, Problem};
use crate::ir::registry::ModelSpec;
use crate::ir::technology::Technology;
use crate::syntax::ast::{
    DesignDecl, Item, MenuDecl, Name, NetworkBody, NetworkDecl, NetworkStmt, Path, Value,
};
use std::collections::BTreeMap;

/// The seed of a design that does not say.
const DEFAULT_SEED: u64 = 1;

/// Lowers every design among some blocks; broken ones are left out.
pub fn lower_all(program: &mut Program, blocks: &[Ref]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut designs = 0;
    for &at in blocks {
        if let Item::Design(decl) = program.item(at).clone() {
            designs += 1;
            problems.extend(lower(program, at, &decl));
        }
    }
    let doubts = std::mem::take(&mut program.doubts);
    program
        .diagnostics
        .extend(shared::agreed(doubts, &problems));
    let main = |span: Span| program.is_main(span);
    let found = lint::refined_for_nothing(&problems, main);
    program.diagnostics.extend(found);
    // A design that is broken may be the one that a menu or a dataflow was written for.
    if problems.len() == designs {
        let mut found = doubtful::idle_per_layer(&problems, |span| program.is_main(span));
        found.extend(doubtful::cut_tiles(&problems, |span| program.is_own(span)));
        program.diagnostics.extend(found);
    }
    expect::lower_all(program, &mut problems);
    let mut found = Vec::new();
    for problem in &problems {
        let all = lint::expectations(problem).chain(doubtful::redundant(problem));
        found.extend(all.map(|d| (problem.design.clone(), d)));
    }
    program.diagnostics.extend(shared::agreed(found, &problems));
    for problem in &problems {
        let found = doubtful::contradictions(problem);
        program.diagnostics.extend(found);
    }
    problems
}

fn lower(program: &mut Program, at: Ref, decl: &DesignDecl) -> Option<Problem> {
    let before = errors(program);
    let first = program.diagnostics.len();
    let problem = extend::design(program, at, decl).and_then(|decl| lower_whole(program, &decl));
    if decl.extends.is_some() {
        // What is wrong with a design that is extended is told once.
        let own = program.diagnostics.split_off(first);
        let known = &program.diagnostics;
        let mut new: Vec<Diagnostic> = own.into_iter().filter(|d| !known.contains(d)).collect();
        // What is right there and wrong here shows both.
        if let Some(base) = &decl.extends {
            let here = |l: &Label| decl.span.holds(l.span);
            for diagnostic in new.iter_mut().filter(|d| !d.labels.iter().any(here)) {
                let text = format!("design `{}` takes it over", decl.name.node);
                diagnostic.labels.push(Label {
                    span: base.span,
                    text,
                });
                // What is right for the other design would not be any more.
                diagnostic.suggestion = None;
            }
        }
        program.diagnostics.extend(new);
    }
    problem.filter(|_| errors(program) == before)
}

fn errors(program: &Program) -> usize {
    let found = program.diagnostics.iter();
    found.filter(|d| d.severity == Severity::Error).count()
}

/// The layers of a network.
fn names_of(network: &Network) -> Vec<String> {
    let layers = network.layers();
    layers.map(|(_, node, _)| node.name.clone()).collect()
}

/// What a network that is broken declares, as far as it can be read.
fn declared(item: &Item) -> Option<Vec<String>> {
    let Item::Network(NetworkDecl {
        body: NetworkBody::Statements(statements),
        ..
    }) = item
    else {
        return None;
    };
    let name = |statement: &NetworkStmt| match statement {
        NetworkStmt::Layer { name, .. } | NetworkStmt::Call { name, .. } => Some(name.node.clone()),
        _ => None,
    };
    let names: Vec<String> = statements.iter().filter_map(name).collect();
    (!names.is_empty()).then_some(names)
}

/// Lowers a design that extends no other.
fn lower_whole(program: &mut Program, decl: &DesignDecl) -> Option<Problem> {
    let before = errors(program);
    let parts = Parts::collect(decl, &mut program.diagnostics);
    let mut defaults: Vec<(&'static str, String)> = Vec::new();
    parts.report_missing(program, decl);
    // Everything is looked at before anything is given up, so that one run shows all mistakes.
    let network_at = resolve(program, &parts, "network", Kind::Network);
    let network = network_at.and_then(|r| program.network(r));
    let names = match &network {
        Some(network) => Some(names_of(network)),
        None => network_at.and_then(|r| declared(program.item(r))),
    };
    let menu_path = parts.path("menu", &mut program.diagnostics);
    let menu_chosen = menu_path.and_then(|path| program.instance(path, Kind::Menu));
    let menu_decl = menu_chosen.as_ref().and_then(|chosen| match &chosen.item {
        Item::Menu(decl) => Some(decl),
        _ => None,
    });
    let found = program.diagnostics.len();
    let menu = menu_decl.and_then(|decl| menu::lower(decl, &mut program.diagnostics));
    if let Some(chosen) = &menu_chosen {
        chosen.place(&mut program.diagnostics[found..]);
    }
    let of_library = menu_chosen
        .as_ref()
        .is_some_and(|chosen| program.modules[chosen.at.module()].library.is_some());
    let choices = choices(program, &parts, menu_decl);
    let all = choices.as_deref().unwrap_or(&[]);
    let (dataflows, mapping) = lower_dataflows(program, all, menu.as_ref(), network.as_ref());
    let dataflows = dataflows.filter(|_| choices.is_some());
    let model = model(program, &parts, &mut defaults);
    let precision = precision::lower(&parts, model, &mut defaults, &mut program.diagnostics);
    let technology = technology_of(program, decl, (&parts, model), &mut defaults);
    let clock = technology.as_ref().map_or(1e9, Technology::clock_hz);
    let mut technology = technology;
    let technology_at = parts
        .settings
        .get("technology")
        .and_then(|(_, value)| match value {
            Value::Path(path) => program.find(path, Kind::Technology),
            _ => None,
        });
    let damaged_technology = technology_at.is_some_and(|at| program.is_damaged(at));
    if let (Some(model), Some(precision), Some(technology), false) =
        (model, precision, &mut technology, damaged_technology)
    {
        let place = parts
            .settings
            .get("technology")
            .map_or(decl.name.span, |(_, v)| v.span());
        technology::complete(
            technology,
            model,
            program.registries.models,
            precision,
            place,
            &mut program.diagnostics,
        );
    }
    let budgets = if parts.settings.contains_key("budget") {
        let found = resolve(program, &parts, "budget", Kind::Budget);
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
    if let (Some(objective), Some(Deployment::Sequential)) = (&objective, deployment)
        && objective.metric == Metric::CriticalPath
    {
        one_after_the_other(&parts, objective.span, out);
    }
    let seed = seed(&parts, &mut defaults, out);
    let one_engine = deploy_place(&parts).filter(|_| deployment == Some(Deployment::Sequential));
    let written = parts.search.map(|s| s.0);
    let stages = search::stages(methods, written, one_engine, &mut defaults, out);
    let stop_gap = parts.stop.map(|c| budget::stop(c, out));
    let layers = network
        .as_ref()
        .map(|n| distinct(n, dataflows.as_deref().unwrap_or(&[])));
    let pins = pins::lower(
        program,
        &parts.pins,
        &pins::Context {
            network: network
                .as_ref()
                .zip(layers.as_ref().map(|(list, _, _)| list.as_slice())),
            names: names.as_deref(),
            menu: menu.as_ref(),
            dataflows: choices.as_deref(),
            // Where the word is wrong, a pin is judged as if every layer had its own engine.
            deployment: deployment.unwrap_or(Deployment::Pipelined),
        },
    );
    let wanted = match (&network, network_at) {
        (Some(network), _) => (network.name.clone(), rules::of(network)),
        (None, Some(at)) => rules::of_broken(program.item(at)),
        (None, None) => Default::default(),
    };
    rules::exist(decl, &parts, wanted, &mapping, &mut program.diagnostics);
    // What could not be read of its parts may be what gives layers a price, or a limit its meaning.
    let mut read = network_at
        .into_iter()
        .chain(menu_chosen.as_ref().map(|m| m.at));
    let mut dataflows_read = choices.iter().flatten().map(|c| c.at);
    let damaged = damaged_technology
        || cascade::within(&program.damage, decl.span)
        || read.any(|at| program.is_damaged(at))
        || dataflows_read.any(|at| program.is_damaged(at));
    if errors(program) > before || damaged {
        // Expectations of it are looked at all the same.
        let names = names.map(|names| (decl.name.node.clone(), names));
        program.layers_of.extend(names);
        return None;
    }
    let (network, menu, dataflows) = (network?, menu?, dataflows?);
    let (layers, shapes, rules) = layers?;
    let problem = Problem {
        design: decl.name.node.clone(),
        span: decl.name.span,
        network,
        layers,
        shapes,
        rules,
        dataflows,
        menu,
        library_menu: menu_path.map(|path| path.span).filter(|_| of_library),
        deployment: deployment?,
        budgets: budgets?,
        objective: objective?,
        model: model?.name,
        precision: precision.filter(|_| model.is_some_and(|m| m.reads_precision)),
        technology: technology?,
        stages: stages?,
        seed: seed?,
        pins,
        stop_gap: stop_gap.flatten(),
        expectations: Vec::new(),
        defaults,
    };
    let mut found = Vec::new();
    lint::design(&problem, &parts, &mut found);
    let of_design = found.into_iter().map(|d| (problem.design.clone(), d));
    program.doubts.extend(of_design);
    Some(problem)
}

fn resolve(program: &mut Program, parts: &Parts, key: &'static str, kind: Kind) -> Option<Ref> {
    let path = parts.path(key, &mut program.diagnostics)?;
    program.resolve(path, kind)
}

/// For each dataflow, the index of the rule that maps a layer.
type Mapped = Vec<Option<usize>>;

/// Layers in topological order; their distinct shapes in order of first use, and how each is
/// mapped. Layers of one shape that a dataflow maps by different rules are told apart.
fn distinct(
    network: &Network,
    dataflows: &[Dataflow],
) -> (Vec<Layer>, Vec<LayerShape>, Vec<Mapped>) {
    let own: Vec<BTreeMap<&str, usize>> = dataflows.iter().map(|d| d.rules_by_layer()).collect();
    let mut shapes: Vec<LayerShape> = Vec::new();
    let mut rules: Vec<Mapped> = Vec::new();
    let mut known: BTreeMap<(LayerShape, Mapped), usize> = BTreeMap::new();
    let mut layers = Vec::new();
    for (_, node, shape) in network.layers() {
        let rule = |(dataflow, own): (&Dataflow, &BTreeMap<&str, usize>)| {
            let named = own.get(node.name.as_str()).copied();
            let of_kind = || {
                dataflow
                    .rules
                    .iter()
                    .position(|r| r.ops.contains(&shape.mapped_as()))
            };
            named.or_else(of_kind)
        };
        let mapped: Mapped = dataflows.iter().zip(&own).map(rule).collect();
        let index = *known.entry((*shape, mapped.clone())).or_insert_with(|| {
            shapes.push(*shape);
            rules.push(mapped);
            shapes.len() - 1
        });
        layers.push(Layer {
            name: node.name.clone(),
            shape: index,
            span: node.span,
        });
    }
    (layers, shapes, rules)
}

/// The dataflows that layers may choose from.
fn choices(program: &mut Program, parts: &Parts, menu: Option<&MenuDecl>) -> Option<Vec<Instance>> {
    let single = parts.settings.get("dataflow").map(|(key, _)| key.span);
    let listed = parts.dataflow_in.map(|(_, span)| span);
    let in_menu = menu.and_then(menu::dataflows);
    let mut places = single.into_iter().chain(listed).collect::<Vec<Span>>();
    places.sort_unstable();
    places.extend(in_menu.as_ref().map(|(_, span)| *span));
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
    let paths = match (parts.dataflow_in, in_menu) {
        (Some((list, _)), _) => list.to_vec(),
        (None, Some((list, _))) => list,
        (None, None) if single.is_some() => {
            let path = parts.path("dataflow", &mut program.diagnostics)?;
            vec![path.clone()]
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
    let mut found: Vec<Instance> = Vec::new();
    let mut seen: BTreeMap<(Ref, String), Span> = BTreeMap::new();
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    for path in &paths {
        let Some(chosen) = program.instance(path, Kind::Dataflow) else {
            continue;
        };
        let name = chosen.name.clone();
        if let Some(first) = seen.insert((chosen.at, chosen.given.clone()), path.span) {
            let what = format!("dataflow `{name}`");
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
            found.push(chosen);
        }
    }
    (found.len() == paths.len()).then_some(found)
}

/// The dataflows with their knobs bound to the menu, if there is one and all are right; and those of which
/// it is known what they map.
fn lower_dataflows(
    program: &mut Program,
    choices: &[Instance],
    menu: Option<&Menu>,
    network: Option<&Network>,
) -> (Option<Vec<Dataflow>>, Vec<Dataflow>) {
    let mut found: Vec<Dataflow> = Vec::new();
    let mut sound = menu.is_some();
    for chosen in choices {
        if let Item::Dataflow(decl) = chosen.item.clone() {
            let bound = dataflow::Bound {
                menu,
                network,
                statements: &[],
            };
            let decl = dataflow_file::with_rules(program, decl, bound);
            let out = &mut program.diagnostics;
            let before = out.len();
            let lowered = decl.and_then(|d| dataflow::lower(&d, &chosen.name, bound, out));
            chosen.place(&mut out[before..]);
            sound &= lowered.as_ref().is_some_and(|l| l.sound);
            found.extend(lowered.map(|l| l.dataflow));
        }
    }
    let all = sound && found.len() == choices.len();
    (all.then(|| found.clone()), found)
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
    decl: &DesignDecl,
    (parts, model): (&Parts, Option<&ModelSpec>),
    defaults: &mut Vec<(&'static str, String)>,
) -> Option<Technology> {
    let path = if parts.settings.contains_key("technology") {
        parts.path("technology", &mut program.diagnostics)?.clone()
    } else {
        let usual = model?.technology;
        defaults.push(("technology", usual.to_string()));
        let span = decl.name.span;
        let name = |s: &str| Name {
            node: s.to_string(),
            span,
        };
        Path {
            segments: usual.split('.').map(name).collect(),
            args: None,
            span,
        }
    };
    let found = program.resolve(&path, Kind::Technology)?;
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

/// Reports a longest path that is to be minimised where no two layers overlap.
fn one_after_the_other(parts: &Parts, objective: Span, out: &mut Vec<Diagnostic>) {
    let name = parts.objective.as_ref().map_or(objective, |(_, n)| n.span);
    let mut diagnostic = Diagnostic::error(
        codes::PIPELINED_ONLY,
        "`critical_path` is no objective of a sequential design",
    )
    .label(
        name,
        "one engine runs one layer at a time, so this equals `latency`",
    );
    if let Some(place) = deploy_place(parts) {
        diagnostic = diagnostic.label(place, "one engine for all layers");
    }
    out.push(
        diagnostic
            .help("write `minimize latency`, or `deploy pipelined` to let branches overlap")
            .suggest(name, Metric::Latency.name()),
    );
}

/// Where the deployment is written, if it is.
fn deploy_place(parts: &Parts) -> Option<Span> {
    let (key, value) = parts.settings.get("deploy")?;
    Some(key.span.to(value.span()))
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
