//! What a design says that is legal by itself and surely not meant: it cannot have an effect, or
//! cannot have the one that was wanted.

use super::parts::Parts;
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::dataflow::{MAX_LEVELS, MapKind, Rule, Size};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::menu::{Knob, Menu};
use crate::ir::metric::Metric;
use crate::ir::network::Network;
use crate::ir::problem::{
    Deployment, Expectation, Expected, Limit, Measure, Pin, Problem, Relation, Subject,
};
use std::collections::{BTreeMap, BTreeSet};

/// Looks through a design that has no errors.
pub fn design(problem: &Problem, parts: &Parts, out: &mut Vec<Diagnostic>) {
    unused_knobs(problem, out);
    for rule in rules(problem) {
        too_deep(rule, problem, out);
        too_few_pes(rule, problem, out);
    }
    idle_units(problem, out);
    out.extend(part_of_a_cluster(problem));
    idle_stages(problem, parts, out);
    early_stop(problem, parts, out);
}

/// The rules that map some layer, each once.
fn rules(problem: &Problem) -> impl Iterator<Item = &Rule> {
    let all = problem.dataflows.iter().enumerate();
    all.flat_map(|(d, dataflow)| {
        let used: BTreeSet<usize> = problem.rules.iter().filter_map(|m| m[d]).collect();
        used.into_iter().map(|at| &dataflow.rules[at])
    })
}

/// Warns of knobs that change nothing.
fn unused_knobs(problem: &Problem, out: &mut Vec<Diagnostic>) {
    let mut read = BTreeSet::from([Menu::PES]);
    read.extend(rules(problem).flat_map(Rule::knobs));
    for (i, knob) in problem.menu.knobs.iter().enumerate() {
        if !read.contains(&i) {
            out.push(
                Diagnostic::warning(
                    codes::UNUSED_KNOB,
                    format!("knob `{}` changes nothing", knob.name),
                )
                .label(knob.span, "no dataflow of the design reads it")
                .help(match knob.name.as_str() {
                    "refine" => "this is a knob called `refine`; finer levels of a knob are written e.g. `refine pes in 1..=128`",
                    _ => "remove it: it only makes the space larger",
                }),
            );
        }
    }
}

/// No model prices more levels.
fn too_deep(rule: &Rule, problem: &Problem, out: &mut Vec<Diagnostic>) {
    let levels = rule.levels.len();
    if levels <= MAX_LEVELS {
        return;
    }
    let deepest = rule.levels[MAX_LEVELS].directives.first();
    out.push(
        Diagnostic::warning(
            codes::TOO_DEEP,
            format!("a rule of {levels} levels; up to {MAX_LEVELS} have a price"),
        )
        .label(deepest.map_or(rule.span, |d| d.span), "the first level too many")
        .label(problem.span, "this design needs the rule")
        .help("leave out a `cluster` that holds one unit, or put its directives in the level around it"),
    );
}

/// The fixed cluster size of each level; 1 where it is none.
fn fixed(rule: &Rule) -> impl Iterator<Item = u64> {
    rule.levels.iter().map(|l| match l.cluster {
        Some(Size::Count(n)) => n,
        _ => 1,
    })
}

/// PEs that the clusters of fixed sizes take together.
fn needed(rule: &Rule) -> Option<u64> {
    fixed(rule).try_fold(1u64, u64::checked_mul)
}

fn most_pes(problem: &Problem) -> u64 {
    let values = problem.menu.knobs[Menu::PES].values();
    values.last().copied().unwrap_or(0)
}

/// Clusters of a fixed size that no PE count of the menu fills.
fn too_few_pes(rule: &Rule, problem: &Problem, out: &mut Vec<Diagnostic>) {
    let Some(needed) = needed(rule) else { return };
    let pes = &problem.menu.knobs[Menu::PES];
    let most = most_pes(problem);
    if needed <= most {
        return;
    }
    let largest = rule.levels.iter().zip(fixed(rule)).max_by_key(|(_, n)| *n);
    let place = largest.and_then(|(level, _)| level.directives.first());
    out.push(
        Diagnostic::warning(
            codes::TOO_FEW_PES,
            format!("one cluster takes {needed} PEs, and the menu has at most {most}"),
        )
        .label(place.map_or(rule.span, |d| d.span), format!("in a cluster of {needed} PEs"))
        .label(pes.span, format!("up to {most}"))
        .help("make the cluster smaller, or let it be a knob: `cluster pes`; or give `pes` larger levels"),
    );
}

/// Clusters of a fixed size of which no layer ever has work for all units.
fn idle_units(problem: &Problem, out: &mut Vec<Diagnostic>) {
    for (d, dataflow) in problem.dataflows.iter().enumerate() {
        for (at, rule) in dataflow.rules.iter().enumerate() {
            let mapped = problem.shapes.iter().zip(&problem.rules);
            let shapes: Vec<&LayerShape> = mapped
                .filter(|(_, rules)| rules.get(d) == Some(&Some(at)))
                .map(|(shape, _)| shape)
                .collect();
            // What has no price, or more PEs than there are, was told.
            let fits = needed(rule).is_some_and(|n| n <= most_pes(problem));
            let levels = rule.levels.iter().enumerate().skip(1);
            for (l, level) in levels.filter(|_| fits && rule.levels.len() <= MAX_LEVELS) {
                let Some(Size::Count(units)) = level.cluster else {
                    continue;
                };
                let most = shapes.iter().map(|s| most_units(problem, rule, l, s)).max();
                if let Some(most) = most.filter(|&most| most < units) {
                    out.push(never_used(problem, rule, l, units, most));
                }
            }
        }
    }
}

fn never_used(problem: &Problem, rule: &Rule, l: usize, units: u64, most: u64) -> Diagnostic {
    let directives = &rule.levels[l].directives;
    let spatial = directives.iter().find(|d| d.kind == MapKind::Spatial);
    let place = spatial.or(directives.first()).map_or(rule.span, |d| d.span);
    let label = match spatial {
        Some(_) => format!("no layer has more than {most} of these side by side"),
        None => "nothing is spread over the units".to_string(),
    };
    let design = &problem.design;
    let message = format!(
        "only {most} of the {units} units of this cluster get work in any layer of `{design}`"
    );
    Diagnostic::warning(codes::IDLE_PES, message)
        .label(place, label)
        .label(problem.span, "this design pays for all of them")
        .help("make the cluster smaller, or spread another dimension over it")
}

/// PEs that the clusters of a rule take together, if all have a fixed size.
fn cluster_pes(rule: &Rule) -> Option<u64> {
    let mut sizes = rule.levels.iter().skip(1).map(|level| &level.cluster);
    sizes.try_fold(1_u64, |all, size| match size {
        Some(Size::Count(n)) => all.checked_mul(*n),
        None => Some(all),
        _ => None,
    })
}

/// Levels of `pes` at which some PEs are left over, whatever the layer, since they make no whole cluster;
/// each with the most PEs that are not. Levels too small for any cluster are none of them.
pub fn unfilled(problem: &Problem) -> Vec<(u64, u64)> {
    let sizes: Option<Vec<u64>> = rules(problem).map(cluster_pes).collect();
    let sizes = sizes.unwrap_or_default();
    let most = |level: u64| sizes.iter().map(|n| level - level % n).max();
    let levels = problem.menu.knobs[Menu::PES].levels.iter();
    let working = levels.filter_map(|&level| Some((level, most(level)?)));
    working
        .filter(|&(level, most)| (1..level).contains(&most))
        .collect()
}

/// A menu of the library is made for many dataflows.
fn part_of_a_cluster(problem: &Problem) -> Option<Diagnostic> {
    let levels = unfilled(problem);
    let &(level, most) = levels.first().filter(|_| problem.library_menu.is_none())?;
    let rule =
        rules(problem).find(|r| cluster_pes(r).is_some_and(|n| level - level % n == most))?;
    let size = cluster_pes(rule)?;
    let inner = rule
        .levels
        .iter()
        .skip(1)
        .flat_map(|l| &l.directives)
        .next();
    let label = match levels.len() {
        1 => "this level has a part of a cluster over".to_string(),
        n => format!("{n} levels have a part of a cluster over"),
    };
    let message = format!(
        "of {level} PEs, only {most} can ever work in `{}`",
        problem.design
    );
    Some(
        Diagnostic::warning(codes::IDLE_PES, message)
            .label(problem.menu.knobs[Menu::PES].span, label)
            .label(problem.span, "this design pays for all of them")
            .label(
                inner.map_or(rule.span, |d| d.span),
                format!("in clusters of {size} PEs"),
            )
            .help(format!(
                "offer multiples of {size}, e.g. {most} or {}, or make the cluster smaller",
                most.saturating_add(size)
            )),
    )
}

/// The most PEs that have work in some layer, whatever is decided; `None` where the text does not show it.
pub fn most_at_work(problem: &Problem) -> Option<u64> {
    let mut most = 0;
    for (at, shape) in problem.shapes.iter().enumerate() {
        for rule in (0..problem.dataflows.len()).filter_map(|d| problem.rule(at, d)) {
            let levels = 0..rule.levels.len();
            let of_level = |l: usize| match rule.levels[l].cluster {
                Some(Size::Count(units)) => most_units(problem, rule, l, shape).min(units),
                _ => most_units(problem, rule, l, shape),
            };
            let working = levels.map(of_level).try_fold(1, u64::checked_mul)?;
            most = most.max(working);
        }
    }
    Some(most)
}

/// The most units of a level that may have work in a layer: as many as there are tiles of what is
/// spread, whatever the knobs are.
fn most_units(problem: &Problem, rule: &Rule, l: usize, shape: &LayerShape) -> u64 {
    let value = |size: &Size, largest: bool| match size {
        Size::Count(n) => Some(*n),
        Size::Extent(dim) => Some(shape.bound(*dim)),
        Size::Knob(knob) => {
            let values = problem.menu.knobs[*knob].values();
            let end = if largest {
                values.last()
            } else {
                values.first()
            };
            end.copied()
        }
        Size::Computed(_) => None,
    };
    let mut units = 1_u64;
    let level = &rule.levels[l];
    for directive in level
        .directives
        .iter()
        .filter(|d| d.kind == MapKind::Spatial)
    {
        let dim = directive.dim;
        // Windows slide along rows and columns: their tiles are told by the models alone.
        if matches!(dim, Dim::Y | Dim::X | Dim::YOut | Dim::XOut) {
            return u64::MAX;
        }
        let outer = rule.levels[..l].iter().flat_map(|level| &level.directives);
        let sizes = outer
            .filter(|d| d.dim == dim)
            .filter_map(|d| value(&d.size, true));
        let tile = sizes.chain([shape.bound(dim)]).min().unwrap_or(u64::MAX);
        // Tiles that overlap are more than those side by side.
        let Some(step) = value(&directive.step, false) else {
            return u64::MAX;
        };
        units = units.saturating_mul(tile.max(1).div_ceil(step.max(1)));
    }
    units
}

/// Stages of a search that find nothing left to do.
fn idle_stages(problem: &Problem, parts: &Parts, out: &mut Vec<Diagnostic>) {
    let Some((written, span)) = parts.search else {
        return;
    };
    let knobs = &problem.menu.knobs;
    if problem.dataflows.len() == 1 && knobs.iter().all(|k| k.values().len() == 1) {
        out.push(
            Diagnostic::warning(codes::IDLE_STAGE, "the search has nothing to choose")
                .label(span, "changes nothing")
                .label(problem.menu.span, "one choice for every layer")
                .help("give a knob more levels, or leave the search out"),
        );
        return;
    }
    if all_pinned(problem) {
        out.push(
            Diagnostic::warning(codes::IDLE_STAGE, "the search has nothing to choose")
                .label(span, "changes nothing")
                .label(
                    problem.pins[0].span,
                    "every choice of every layer is pinned",
                )
                .help("leave the search out, or a pin"),
        );
        return;
    }
    let exact = written.iter().position(|s| s.method.node == "exact");
    let Some(exact) = exact else { return };
    if let Some(after) = written.get(exact + 1) {
        out.push(
            Diagnostic::warning(
                codes::IDLE_STAGE,
                format!(
                    "`{}` after `exact` has nothing to improve",
                    after.method.node
                ),
            )
            .label(after.method.span, "runs after the best result is proved")
            .label(
                written[exact].method.span,
                "proves its result wherever it closes",
            )
            .help("put `exact` last, or give it more `states` if it does not close"),
        );
    }
}

/// A search that ends at whatever it finds first.
fn early_stop(problem: &Problem, parts: &Parts, out: &mut Vec<Diagnostic>) {
    if let (Some(condition), Some(1.0..)) = (parts.stop, problem.stop_gap) {
        out.push(
            Diagnostic::warning(
                codes::IDLE_STAGE,
                "this `stop` ends the search at almost any design",
            )
            .label(
                condition.span,
                "twice as bad as the best possible is good enough",
            )
            .help("write a smaller gap, e.g. `stop gap <= 1%`, or leave the line out"),
        );
    }
}

/// Whether pins leave no layer a choice.
fn all_pinned(problem: &Problem) -> bool {
    let open = |knob: &Knob| knob.values().len() > 1;
    let knobs = problem.menu.knobs.iter().filter(|k| open(k)).count();
    let whole = |pin: &Pin| {
        let fixed = pin.knobs.iter().filter(|k| open(&problem.menu.knobs[k.0]));
        fixed.count() == knobs && (problem.dataflows.len() == 1 || pin.dataflow.is_some())
    };
    problem.deployment == Deployment::Pipelined
        && (0..problem.layers.len())
            .all(|at| problem.pins.iter().any(|p| p.layer == at && whole(p)))
}

/// Expectations that hold whatever is decided.
pub fn expectations(problem: &Problem) -> impl Iterator<Item = Diagnostic> {
    let all = problem.expectations.iter();
    all.filter_map(|expectation| cannot_fail(expectation, problem))
}

/// That an expectation holds whatever is decided, as far as the text shows.
pub fn cannot_fail(expectation: &Expectation, problem: &Problem) -> Option<Diagnostic> {
    let measure = &expectation.measure;
    let diagnostic = |why: &str| {
        Diagnostic::warning(codes::CANNOT_FAIL, "this expectation cannot fail")
            .label(expectation.span, why.to_string())
    };
    let value = match &expectation.expected {
        Expected::Value(value) => *value,
        Expected::Times {
            factor,
            measure: other,
            ..
        } => {
            let why = by_itself(expectation, *factor, other, problem)?;
            let help = "compare it with another design, or with a number";
            return Some(diagnostic(&why).help(help));
        }
    };
    let at_least_zero = match expectation.relation {
        Relation::AtLeast => value <= 0.0,
        Relation::Above => value < 0.0,
        _ => false,
    };
    if at_least_zero {
        let diagnostic = diagnostic(&format!("no `{}` is below 0", measure.text));
        return Some(diagnostic.help("expect something that a worse decision would miss"));
    }
    let Subject::Metric(metric) = measure.subject else {
        return None;
    };
    let budget = problem.budgets.iter().find(|b| {
        let same = b.metric == metric;
        same && matches!(b.limit, Limit::Absolute(limit) if expectation.holds_up_to(limit))
    })?;
    let diagnostic = diagnostic("holds for every design within budget")
        .label(budget.span, "this limit says as much");
    Some(diagnostic.help("expect less than the budget allows, or leave the line out"))
}

/// Whether one figure of a design cannot exceed another: a path through the network and the sum over
/// all of its layers, a sum of products and the product of the sums.
fn never_above(this: &Measure, other: &Measure) -> bool {
    let pairs = [
        (Metric::CriticalPath, Metric::Latency),
        (Metric::EdpPerLayer, Metric::Edp),
    ];
    let is = |m: &Measure, metric| m.subject == Subject::Metric(metric);
    let mut pairs = pairs.into_iter();
    pairs.any(|(less, more)| is(this, less) && is(other, more))
}

/// Why a figure of a design holds against a multiple of itself, or of what it is a part of, or of one
/// that it never exceeds.
fn by_itself(
    expectation: &Expectation,
    factor: f64,
    other: &Measure,
    problem: &Problem,
) -> Option<String> {
    let this = &expectation.measure;
    let own = |m: &Measure| m.design.as_ref().is_none_or(|d| *d == problem.design);
    if !own(this) || !own(other) {
        return None;
    }
    if this.subject != other.subject {
        if this.layer.is_some() || other.layer.is_some() {
            return None;
        }
        let (less, more) = (never_above(this, other), never_above(other, this));
        let holds = match expectation.relation {
            Relation::AtMost => less && factor >= 1.0,
            Relation::AtLeast => more && factor <= 1.0,
            _ => false,
        };
        let names = if less { [this, other] } else { [other, this] };
        let [less, more] = names.map(|m| m.subject.name());
        return holds.then(|| format!("`{less}` is never above `{more}`"));
    }
    let holds = match (this.layer, other.layer) {
        (a, b) if a == b => match expectation.relation {
            Relation::AtMost => factor >= 1.0,
            Relation::Below => factor > 1.0,
            Relation::AtLeast => factor <= 1.0,
            Relation::Above => factor < 1.0,
            Relation::Equal => factor == 1.0,
        },
        // No layer has more of these figures than its design.
        (Some(_), None) => expectation.relation == Relation::AtMost && factor >= 1.0,
        (None, Some(_)) => expectation.relation == Relation::AtLeast && factor <= 1.0,
        _ => false,
    };
    holds.then(|| match this.layer == other.layer {
        true => format!("`{}` is compared with itself", this.text),
        false => "a layer is compared with the design it is a part of".to_string(),
    })
}

/// Refined values of a menu of the main file that no stage of any design with this menu may use.
pub fn refined_for_nothing(problems: &[Problem], main: impl Fn(Span) -> bool) -> Vec<Diagnostic> {
    let mut menus: BTreeMap<Span, Vec<&Problem>> = BTreeMap::new();
    for problem in problems.iter().filter(|p| main(p.menu.span)) {
        menus.entry(problem.menu.span).or_default().push(problem);
    }
    let mut out = Vec::new();
    for users in menus.values() {
        let mut stages = users.iter().flat_map(|p| &p.stages);
        let refined = users[0].menu.knobs.iter().find(|k| !k.refine.is_empty());
        let Some(knob) = refined.filter(|_| !stages.any(|s| s.refines)) else {
            continue;
        };
        let mut diagnostic = Diagnostic::warning(
            codes::REFINED_FOR_NOTHING,
            format!("no search uses the refined values of `{}`", knob.name),
        )
        .label(knob.span, "its refined values go unused");
        for user in users {
            let methods: Vec<&str> = user.stages.iter().map(|s| s.method).collect();
            let said = format!("searches with {} alone", methods.join(" then "));
            diagnostic = diagnostic.label(user.span, said);
        }
        out.push(
            diagnostic
                .help("add a stage that refines, such as `then genetic`, or leave `refine` out"),
        );
    }
    out
}

/// Windows of a network that jump over part of what they read. A stride of 1x1 kernels is common
/// and not told.
pub fn skipped_input(network: &Network) -> Option<Diagnostic> {
    let beyond = |shape: &LayerShape| {
        let taps = [shape.bound(Dim::R), shape.bound(Dim::S)];
        let skips = |axis: usize| {
            let reach = (taps[axis] - 1).saturating_mul(shape.dilation[axis]) + 1;
            shape.op.slides()
                && shape.op != Op::TransposedConv
                && taps[axis] > 1
                && shape.stride[axis] > reach
        };
        [0, 1]
            .into_iter()
            .find(|&axis| skips(axis))
            .map(|axis| (shape.stride[axis], taps[axis]))
    };
    let (node, (stride, taps)) = network
        .layers()
        .find_map(|(_, node, shape)| Some((node, beyond(shape)?)))?;
    Some(
        Diagnostic::warning(
            codes::SKIPPED_INPUT,
            format!("the windows of `{}` leave out part of its input", node.name),
        )
        .label(
            node.span,
            format!("moves on by {stride}, and its kernel covers {taps}"),
        )
        .help("make the stride at most the kernel, unless the model truly skips input"),
    )
}
