//! The tables of a comparison, for the terminal and for Markdown.

use super::review::{Moved, Pair, share, signed};
use crate::emit::grid::{Align, Grid};
use crate::emit::number::{counted, percent};
use crate::ir::metric::Metric;
use crate::lock::{InputChange, by, figure, metric_key, two};

const LEFT: Align = Align::Left;
const RIGHT: Align = Align::Right;

/// What stands where something is not known.
pub const UNKNOWN: &str = "not known";

fn shown(kind: &str, before: Option<f64>, after: Option<f64>) -> [String; 2] {
    let (before, after) = two(kind, before, after);
    [before, after].map(|text| text.unwrap_or_else(|| UNKNOWN.to_string()))
}

fn change(before: Option<f64>, after: Option<f64>) -> String {
    match (before, after) {
        (Some(a), Some(b)) if a == b => "same".to_string(),
        (Some(_), Some(_)) => share(before, after).map_or(String::new(), signed),
        _ => UNKNOWN.to_string(),
    }
}

/// What the comparison of a design comes down to, without the design's name and a full stop.
pub fn headline(pair: &Pair) -> String {
    if pair.is_equal() {
        return "nothing differs".to_string();
    }
    let metric = pair.objective();
    let key = metric_key(metric);
    let (before, after) = pair.values();
    let [old, new] = shown(key, before, after);
    let value = match before == after {
        true if before.is_none() => format!("{} is {UNKNOWN}", metric.name()),
        true => format!("{} stays {new}", metric.name()),
        false => format!("{} {old} -> {new}{}", metric.name(), by(key, before, after)),
    };
    let moved = pair.difference.moved();
    let layers = pair.after.entry.layers.len();
    let layers = match (moved, pair.layers.is_empty()) {
        (0, true) => "no layer differs".to_string(),
        (0, false) => "no layer has another choice".to_string(),
        (1, _) => format!("1 of {} has another choice", counted(layers, "layer")),
        (n, _) => format!("{n} of {} have another choice", counted(layers, "layer")),
    };
    format!("{value}; {layers}")
}

/// What else is to be said, one line each.
pub fn notes(pair: &Pair) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(was) = pair.was {
        out.push(format!("was `{was}` before"));
    }
    if !pair.same_objective() {
        let (before, after) = (pair.before.objective(), pair.after.objective());
        out.push(format!("objective {} -> {}", before.name(), after.name()));
    }
    if let Some((before, after)) = pair.version {
        out.push(format!("decided by cfxc {before} -> {after}"));
    }
    if let Some((before, after)) = pair.difference.seed {
        out.push(format!("seed {before} -> {after}"));
    }
    for (which, design) in [("before", pair.before), ("after", pair.after)] {
        if design.stopped {
            out.push(format!(
                "the search {which} was stopped: it does not come out the same again"
            ));
        }
    }
    if !(pair.before.inputs_known && pair.after.inputs_known) {
        out.push(format!("inputs: {UNKNOWN}, a result has no hashes of them"));
    }
    for (name, change) in &pair.difference.inputs {
        out.push(match change {
            InputChange::Changed => format!("{name} has changed"),
            InputChange::New => format!("{name} is read now and was not before"),
            InputChange::Gone => format!("{name} is no longer read"),
        });
    }
    out
}

/// What stands in the way of a better result, before and after.
pub fn limited_by(pair: &Pair) -> String {
    let (before, after) = (pair.before.limited_by(), pair.after.limited_by());
    if before == after {
        after
    } else {
        format!("{before} -> {after}")
    }
}

/// All metrics, the bound and the gap.
pub fn totals(pair: &Pair) -> Grid {
    let mut grid = Grid::new([
        ("total", LEFT),
        ("before", RIGHT),
        ("after", RIGHT),
        ("change", RIGHT),
    ]);
    let objective = pair.objective();
    let key = metric_key(objective);
    let product = |m: Metric| matches!(m, Metric::Edp | Metric::EdpPerLayer);
    let mut order = vec![objective];
    // Products say nothing that their factors do not, unless they are what is optimised.
    order.extend(
        Metric::ALL
            .into_iter()
            .filter(|m| *m != objective && !product(*m)),
    );
    for metric in order {
        let value = |d: &super::Design| d.entry.metric(metric);
        let (before, after) = (value(pair.before), value(pair.after));
        if before.is_none() && after.is_none() && metric != objective {
            continue;
        }
        let [old, new] = shown(metric_key(metric), before, after);
        let name = match metric == objective {
            true => format!("{} (objective)", metric.name()),
            false => metric.name().to_string(),
        };
        grid.push(vec![name, old, new, change(before, after)]);
    }
    let proved = |d: &super::Design, value: f64| d.proof_known.then_some(value);
    let bound = |d: &super::Design| proved(d, d.entry.certificate.bound);
    let before = bound(pair.before).filter(|_| pair.same_objective());
    let [old, new] = shown(key, before, bound(pair.after));
    let changed = change(before, bound(pair.after));
    grid.push(vec!["bound, proved".to_string(), old, new, changed]);
    let gap = |d: &super::Design| {
        let c = &d.entry.certificate;
        proved(d, if c.proven { 0.0 } else { c.gap })
    };
    let [old, new] = shown("gap", gap(pair.before), gap(pair.after));
    let changed = match (gap(pair.before), gap(pair.after)) {
        (Some(a), Some(b)) if a == b => "same".to_string(),
        (Some(_), Some(_)) => String::new(),
        _ => UNKNOWN.to_string(),
    };
    grid.push(vec!["gap".to_string(), old, new, changed]);
    grid
}

/// Every budget and what is used of it; `None` if there is none.
pub fn budgets(pair: &Pair) -> Option<Grid> {
    let mut grid = Grid::new([
        ("budget", LEFT),
        ("before", RIGHT),
        ("after", RIGHT),
        ("used before", RIGHT),
        ("used after", RIGHT),
    ]);
    let limits = |d: &super::Design| d.entry.limits.clone();
    let (before, after) = (limits(pair.before), limits(pair.after));
    let get = |list: &[(String, f64)], name: &str| {
        let found = list.iter().find(|(n, _)| n == name);
        found.map(|(_, limit)| *limit)
    };
    let gone = before.iter().filter(|(n, _)| get(&after, n).is_none());
    let names: Vec<&String> = after.iter().chain(gone).map(|(n, _)| n).collect();
    if names.is_empty() {
        return None;
    }
    for name in names {
        let Some(metric) = figure(name) else { continue };
        let (old, new) = (get(&before, name), get(&after, name));
        let (a, b) = two(name, old, new);
        let used = |design: &super::Design, limit: Option<f64>| match limit {
            Some(limit) => design
                .used(metric, limit)
                .map_or(UNKNOWN.to_string(), percent),
            None => String::new(),
        };
        let none = || "none".to_string();
        grid.push(vec![
            metric.name().to_string(),
            a.unwrap_or_else(none),
            b.unwrap_or_else(none),
            used(pair.before, old),
            used(pair.after, new),
        ]);
    }
    Some(grid)
}

/// Layers that differ, those first that change most.
pub fn layers(pair: &Pair) -> Grid {
    let measure = pair.measure();
    let name = |m: Metric| match m {
        Metric::EdpPerLayer => "energy x latency".to_string(),
        other => other.name().to_string(),
    };
    let adds = pair.layers.iter().any(|l| l.of_whole.is_some());
    let mut columns = vec![
        ("layer".to_string(), LEFT),
        ("choice".to_string(), LEFT),
        (format!("{} before", name(measure)), RIGHT),
        ("after".to_string(), RIGHT),
    ];
    if adds {
        columns.push(("of the whole".to_string(), RIGHT));
    }
    let limited = pair.limited();
    for metric in &limited {
        columns.push((format!("{} before", name(*metric)), RIGHT));
        columns.push(("after".to_string(), RIGHT));
    }
    let mut grid = Grid::new(columns);
    for moved in &pair.layers {
        let change = &moved.change;
        let mut row = vec![change.name.clone(), change.told()];
        row.extend(cells(moved, metric_key(measure), moved.before, moved.after));
        if adds {
            row.push(match moved.of_whole {
                Some(0.0) => "0 %".to_string(),
                Some(share) => signed(share),
                None => UNKNOWN.to_string(),
            });
        }
        for metric in &limited {
            let value = |l: &Option<crate::lock::LayerChoice>| l.as_ref()?.metric(*metric);
            let (before, after) = (value(&change.before), value(&change.after));
            row.extend(cells(moved, metric_key(*metric), before, after));
        }
        grid.push(row);
    }
    grid
}

/// A figure of a layer before and after; nothing where there is no layer.
fn cells(moved: &Moved, kind: &str, before: Option<f64>, after: Option<f64>) -> [String; 2] {
    let [old, new] = shown(kind, before, after);
    let there = |is: bool, text: String| if is { text } else { "-".to_string() };
    [
        there(moved.change.before.is_some(), old),
        there(moved.change.after.is_some(), new),
    ]
}

/// What a design is that only one side has: its objective's value and its number of layers.
pub fn alone(design: &super::Design) -> String {
    let metric = design.objective();
    let [_, value] = shown(metric_key(metric), None, design.entry.metric(metric));
    let layers = counted(design.entry.layers.len(), "layer");
    format!("{} {value}, {layers}", metric.name())
}
