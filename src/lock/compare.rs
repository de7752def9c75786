//! What differs between two decisions of one design, and how it is told.

use super::entry::{Entry, Figure, LAYER_FIGURES, LayerChoice, figure, inputs_of, metric_key};
use crate::emit::number::{Rounding, amount, counted, significant};
use crate::ir::metric::Metric;

/// A figure before and after; `None` where there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct FigureChange {
    /// Its name with its unit.
    pub name: String,
    /// Before.
    pub before: Option<f64>,
    /// After.
    pub after: Option<f64>,
}

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputChange {
    /// It has other contents.
    Changed,
    /// It was not read before.
    New,
    /// It is no longer read.
    Gone,
}

/// A layer before and after; `None` where the network does not have it.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerChange {
    /// Its name.
    pub name: String,
    /// Before.
    pub before: Option<LayerChoice>,
    /// After.
    pub after: Option<LayerChoice>,
}

impl LayerChange {
    /// Whether something else is chosen, and not only the figures differ.
    pub fn other_choice(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => !before.same_choice(after),
            _ => true,
        }
    }

    /// What else is chosen: `nvdla -> rows, pes 3 -> 4`.
    pub fn told(&self) -> String {
        let (before, after) = match (&self.before, &self.after) {
            (Some(before), Some(after)) => (before, after),
            (None, Some(after)) => return format!("new, {}", choice(after)),
            (Some(before), None) => return format!("gone, was {}", choice(before)),
            (None, None) => return String::new(),
        };
        let mut parts = Vec::new();
        if before.dataflow != after.dataflow {
            parts.push(format!("{} -> {}", before.dataflow, after.dataflow));
        }
        let get = |l: &LayerChoice, knob: &str| {
            let found = l.knobs.iter().find(|(k, _)| k == knob);
            found.map_or("none".to_string(), |(_, v)| v.to_string())
        };
        let gone = before.knobs.iter().filter(|(k, _)| get(after, k) == "none");
        for (knob, _) in after.knobs.iter().chain(gone) {
            let (a, b) = (get(before, knob), get(after, knob));
            if a != b {
                parts.push(format!("{knob} {a} -> {b}"));
            }
        }
        if parts.is_empty() {
            return "the same choice".to_string();
        }
        parts.join(", ")
    }
}

/// Everything that differs between two entries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Difference {
    /// Inputs by name.
    pub inputs: Vec<(String, InputChange)>,
    /// Seeds, if they differ.
    pub seed: Option<(u64, u64)>,
    /// Metrics of the whole, in their order.
    pub metrics: Vec<FigureChange>,
    /// Budgets.
    pub limits: Vec<FigureChange>,
    /// Bound, gap and what the solver knows, by the names they have in the lock.
    pub certificate: Vec<FigureChange>,
    /// The metric that is optimised, if it is another: its name with its unit.
    pub objective: Option<(String, String)>,
    /// Layers, in the order of the network they are in now; what is no longer there is last.
    pub layers: Vec<LayerChange>,
}

fn figures(before: &[Figure], after: &[Figure]) -> Vec<FigureChange> {
    let get = |list: &[Figure], name: &str| list.iter().find(|(n, _)| n == name).map(|f| f.1);
    let gone = before.iter().filter(|(n, _)| get(after, n).is_none());
    let names = after.iter().chain(gone).map(|(name, _)| name);
    names
        .map(|name| FigureChange {
            name: name.clone(),
            before: get(before, name),
            after: get(after, name),
        })
        .filter(|c| c.before != c.after)
        .collect()
}

fn layers(before: &[LayerChoice], after: &[LayerChoice]) -> Vec<LayerChange> {
    let index = |list: &[LayerChoice]| -> std::collections::BTreeMap<String, LayerChoice> {
        list.iter().map(|l| (l.name.clone(), l.clone())).collect()
    };
    let (old, new) = (index(before), index(after));
    let gone = before.iter().filter(|l| !new.contains_key(&l.name));
    after
        .iter()
        .chain(gone)
        .map(|l| LayerChange {
            name: l.name.clone(),
            before: old.get(&l.name).cloned(),
            after: new.get(&l.name).cloned(),
        })
        .filter(|c| c.before != c.after)
        .collect()
}

impl Difference {
    /// What differs.
    pub fn between(before: &Entry, after: &Entry) -> Difference {
        let inputs = inputs_of(&before.inputs, &after.inputs).into_iter();
        let inputs = inputs.map(|(name, old, new)| {
            let change = match (old, new) {
                (true, true) => InputChange::Changed,
                (false, _) => InputChange::New,
                (true, false) => InputChange::Gone,
            };
            (name.to_string(), change)
        });
        let proved = |entry: &Entry| {
            let c = &entry.certificate;
            let mut list = vec![("bound".to_string(), c.bound), ("gap".to_string(), c.gap)];
            list.extend(c.solver.map(|s| ("solver".to_string(), s)));
            list
        };
        let (old, new) = (&before.certificate.objective, &after.certificate.objective);
        Difference {
            inputs: inputs.collect(),
            seed: (before.seed != after.seed).then_some((before.seed, after.seed)),
            metrics: figures(&before.metrics, &after.metrics),
            limits: figures(&before.limits, &after.limits),
            certificate: figures(&proved(before), &proved(after)),
            objective: (old != new).then(|| (old.clone(), new.clone())),
            layers: layers(&before.layers, &after.layers),
        }
    }

    /// Whether choices and figures are the same, whatever they came from and whatever was proved.
    pub fn same_decision(&self) -> bool {
        self.layers.is_empty() && self.metrics.is_empty()
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Difference::default()
    }

    /// How many layers have another choice than before.
    pub fn moved(&self) -> usize {
        self.layers.iter().filter(|l| l.other_choice()).count()
    }

    /// In words: inputs, metrics, limits, what is proved, and at most `most` layers, those first
    /// that make the greatest difference to the objective (its name with its unit).
    pub fn lines(&self, objective: &str, most: usize) -> Vec<String> {
        let mut out = Vec::new();
        for (name, change) in &self.inputs {
            out.push(match change {
                InputChange::Changed => format!("{name} has changed"),
                InputChange::New => format!("{name} is read now and was not before"),
                InputChange::Gone => format!("{name} is no longer read"),
            });
        }
        if let Some((before, after)) = self.seed {
            out.push(format!("seed {before} -> {after}"));
        }
        if let Some((before, after)) = &self.objective {
            out.push(format!("objective {before} -> {after}"));
        }
        // Products say nothing that their factors do not, unless they are what is optimised.
        let product = |name: &str| matches!(figure(name), Some(Metric::Edp | Metric::EdpPerLayer));
        let metrics = self.metrics.iter();
        let metrics = metrics.filter(|c| !product(&c.name) || c.name == objective);
        out.extend(metrics.map(|c| told(c, &c.name)));
        for change in &self.limits {
            out.push(format!("limit of {}", told(change, &change.name)));
        }
        // A proved optimum is its own bound and the solver's best: that is told once.
        let value = |c: &FigureChange| (c.before, c.after);
        let optimised = self.metrics.iter().find(|c| c.name == objective).map(value);
        let solver = |c: &FigureChange| c.name == "solver";
        let bound = self
            .certificate
            .iter()
            .find(|c| c.name == "bound")
            .map(value);
        let told_already = |c: &FigureChange| {
            c.name != "gap" && (optimised == Some(value(c)) || solver(c) && bound == Some(value(c)))
        };
        for change in self.certificate.iter().filter(|c| !told_already(c)) {
            let kind = match change.name.as_str() {
                "gap" => "gap",
                _ => objective,
            };
            let name = match change.name.as_str() {
                "solver" => "best known to the solver",
                other => other,
            };
            out.push(pair(name, kind, change.before, change.after));
        }
        let mut order: Vec<&LayerChange> = self.layers.iter().collect();
        // What a layer has of the objective; of one that no layer has, its cycles.
        let of_layers = LAYER_FIGURES
            .into_iter()
            .find(|m| metric_key(*m) == objective);
        let metric = of_layers.unwrap_or(Metric::Latency);
        let weight = |c: &LayerChange| {
            let value =
                |l: &Option<LayerChoice>| l.as_ref().and_then(|l| l.metric(metric)).unwrap_or(0.0);
            (value(&c.after) - value(&c.before)).abs()
        };
        order.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
        out.extend(order.iter().take(most).map(|c| layer(c, metric)));
        if order.len() > most {
            out.push(format!(
                "and {} besides",
                counted(order.len() - most, "layer")
            ));
        }
        out
    }
}

fn told(change: &FigureChange, name: &str) -> String {
    let short = figure(name).map_or(name, |m| m.name());
    pair(short, name, change.before, change.after)
}

/// A figure before and after, told so that the two differ if they do. `kind` is a name with its unit;
/// of any other name the figure is a share.
pub fn two(
    kind: &str,
    before: Option<f64>,
    after: Option<f64>,
) -> (Option<String>, Option<String>) {
    let exact = |v: f64| match figure(kind) {
        Some(metric) => format!("{v} {}", metric.unit()),
        None => format!("{} %", v * 100.0),
    };
    let shown = |v: f64| match figure(kind) {
        Some(metric) => amount(metric.quantity(), v),
        None => format!("{} %", significant(v * 100.0, 3, Rounding::Up)),
    };
    let (a, b) = (before.map(shown), after.map(shown));
    if a == b && before != after {
        (before.map(exact), after.map(exact))
    } else {
        (a, b)
    }
}

/// `latency 11.02 Mcycles -> 11.5 Mcycles, 4.4 % more`
fn pair(name: &str, kind: &str, before: Option<f64>, after: Option<f64>) -> String {
    match two(kind, before, after) {
        (Some(a), Some(b)) => format!("{name} {a} -> {b}{}", by(kind, before, after)),
        (None, Some(after)) => format!("{name} {after} is new"),
        (Some(before), None) => format!("{name} {before} is gone"),
        (None, None) => name.to_string(),
    }
}

/// `, 4.4 % more`; nothing of shares, and where there is nothing to compare with.
pub fn by(kind: &str, before: Option<f64>, after: Option<f64>) -> String {
    let (Some(before), Some(after)) = (before, after) else {
        return String::new();
    };
    let share = (after - before) / before.abs();
    if figure(kind).is_none() || !share.is_finite() || share == 0.0 {
        return String::new();
    }
    let size = significant(share.abs() * 100.0, 2, Rounding::Nearest);
    let word = if share > 0.0 { "more" } else { "less" };
    format!(", {size} % {word}")
}

/// `conv1: pes 3 -> 4; latency 3.617 Mcycles -> 3.2 Mcycles, 12 % less`
fn layer(change: &LayerChange, metric: Metric) -> String {
    let mut out = format!("{}: {}", change.name, change.told());
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return out;
    };
    let same = !change.other_choice();
    for change in figures(&before.figures, &after.figures) {
        if same || change.name == metric_key(metric) {
            out += &format!("; {}", told(&change, &change.name));
        }
    }
    out
}

/// `nvdla, pes 3, buffer 9`
pub fn choice(layer: &LayerChoice) -> String {
    let knobs: Vec<String> = layer
        .knobs
        .iter()
        .map(|(k, v)| format!("{k} {v}"))
        .collect();
    format!("{}, {}", layer.dataflow, knobs.join(", "))
}
