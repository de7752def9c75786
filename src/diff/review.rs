//! Two sets of decisions held against each other, what matters most first.

use super::side::{Design, Side};
use crate::emit::number::{Rounding, significant};
use crate::ir::metric::Metric;
use crate::lock::{Difference, LayerChange, LayerChoice};

/// What differs between two sets of decisions.
pub struct Review<'a> {
    /// What it was.
    pub before: &'a Side,
    /// What it is.
    pub after: &'a Side,
    /// Designs: gone, new, then by how much the objective changed.
    pub designs: Vec<Reviewed<'a>>,
}

/// What became of a design.
pub enum Reviewed<'a> {
    /// It was not there before.
    New(&'a str, &'a Design),
    /// It is no longer there.
    Gone(&'a str, &'a Design),
    /// It is in both.
    Both(Box<Pair<'a>>),
}

/// A design that is in both.
pub struct Pair<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its name before, if it was another: the only design of each side.
    pub was: Option<&'a str>,
    /// What it was.
    pub before: &'a Design,
    /// What it is.
    pub after: &'a Design,
    /// All that differs, but for what one of them does not know.
    pub difference: Difference,
    /// Versions of the compiler, if they differ.
    pub version: Option<(&'a str, &'a str)>,
    /// Layers that differ, by what they change of the objective.
    pub layers: Vec<Moved>,
}

/// A layer that differs.
pub struct Moved {
    /// Choices and figures.
    pub change: LayerChange,
    /// What it has of the measure of [`Pair::measure`] before.
    pub before: Option<f64>,
    /// And after.
    pub after: Option<f64>,
    /// What its change adds to the whole, as a share of the whole before; `None` where layers do not
    /// add up, or something is not known.
    pub of_whole: Option<f64>,
}

/// What a layer is ranked by when this is optimised: its own figure of it, or the nearest it has.
fn measure(objective: Metric) -> Metric {
    match objective {
        Metric::Throughput | Metric::CriticalPath => Metric::Latency,
        Metric::Edp => Metric::EdpPerLayer,
        other => other,
    }
}

/// What a layer has of a measure.
pub fn of_layer(layer: &LayerChoice, measure: Metric) -> Option<f64> {
    match measure {
        Metric::EdpPerLayer => Some(layer.metric(Metric::Energy)? * layer.metric(Metric::Latency)?),
        other => layer.metric(other),
    }
}

/// By how much of `before` it has changed; `None` where that says nothing.
pub fn share(before: Option<f64>, after: Option<f64>) -> Option<f64> {
    let (before, after) = (before?, after?);
    let share = (after - before) / before.abs();
    share.is_finite().then_some(share)
}

/// `+4.4 %`
pub fn signed(share: f64) -> String {
    let sign = if share > 0.0 { "+" } else { "" };
    let digits = significant(share * 100.0, 2, Rounding::Nearest);
    format!("{sign}{digits} %")
}

impl<'a> Review<'a> {
    /// What differs. Where each side has one design, the two are compared whatever their names are.
    pub fn between(before: &'a Side, after: &'a Side) -> Review<'a> {
        let mut gone = Vec::new();
        let mut pairs = Vec::new();
        let mut new = Vec::new();
        let only = |side: &'a Side| match side.designs.len() {
            1 => side.designs.first_key_value(),
            _ => None,
        };
        if let (Some((was, old)), Some((name, now))) = (only(before), only(after)) {
            pairs.push(Pair::between((was, old), (name, now)));
        } else {
            for (name, old) in &before.designs {
                match after.designs.get(name) {
                    Some(now) => pairs.push(Pair::between((name, old), (name, now))),
                    None => gone.push(Reviewed::Gone(name, old)),
                }
            }
            let others = after.designs.iter();
            let others = others.filter(|(name, _)| !before.designs.contains_key(*name));
            new.extend(others.map(|(name, design)| Reviewed::New(name, design)));
        }
        pairs.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        let mut designs = gone;
        designs.append(&mut new);
        designs.extend(pairs.into_iter().map(|p| Reviewed::Both(Box::new(p))));
        Review {
            before,
            after,
            designs,
        }
    }

    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.designs.iter().all(|d| match d {
            Reviewed::Both(pair) => pair.is_equal(),
            _ => false,
        })
    }
}

impl<'a> Pair<'a> {
    fn between((was, before): (&'a String, &'a Design), after: (&'a String, &'a Design)) -> Self {
        let (name, after) = after;
        let mut difference = Difference::between(&before.entry, &after.entry);
        if !(before.inputs_known && after.inputs_known) {
            difference.inputs.clear();
        }
        if !(before.proof_known && after.proof_known) {
            difference.certificate.clear();
        }
        let (old, new) = (&before.entry.cfxc, &after.entry.cfxc);
        let mut pair = Pair {
            name,
            was: (was != name).then_some(was),
            before,
            after,
            version: (old != new).then_some((old, new)),
            difference,
            layers: Vec::new(),
        };
        pair.layers = pair.moved();
        pair
    }

    fn moved(&self) -> Vec<Moved> {
        let measure = self.measure();
        let whole = self.before.entry.metric(measure);
        let adds = self.objective() == measure && self.same_objective();
        let moved = |change: &LayerChange| {
            let value = |l: &Option<LayerChoice>| l.as_ref().and_then(|l| of_layer(l, measure));
            let (before, after) = (value(&change.before), value(&change.after));
            // A layer that is not there costs nothing; one whose figure is not known might.
            let cost =
                |l: &Option<LayerChoice>, v: Option<f64>| if l.is_none() { Some(0.0) } else { v };
            let difference = cost(&change.after, after)
                .zip(cost(&change.before, before))
                .map(|(after, before)| after - before);
            let of_whole = difference.zip(whole).map(|(d, w)| d / w);
            let moved = Moved {
                change: change.clone(),
                before,
                after,
                of_whole: of_whole.filter(|s| adds && s.is_finite()),
            };
            (difference.map_or(0.0, f64::abs), moved)
        };
        let mut layers: Vec<(f64, Moved)> = self.difference.layers.iter().map(moved).collect();
        layers.sort_by(|a, b| b.0.total_cmp(&a.0));
        layers.into_iter().map(|(_, moved)| moved).collect()
    }

    /// The metric that is optimised now.
    pub fn objective(&self) -> Metric {
        self.after.objective()
    }

    /// Whether the same is optimised as before.
    pub fn same_objective(&self) -> bool {
        self.before.objective() == self.after.objective()
    }

    /// What layers are ranked by: cycles where no layer has a figure of the objective.
    pub fn measure(&self) -> Metric {
        let measure = measure(self.objective());
        let has = |design: &Design| {
            let mut layers = design.entry.layers.iter();
            layers.any(|l| of_layer(l, measure).is_some())
        };
        if has(self.before) || has(self.after) {
            measure
        } else {
            Metric::Latency
        }
    }

    /// The objective's value before and after.
    pub fn values(&self) -> (Option<f64>, Option<f64>) {
        let metric = self.objective();
        (
            self.before.entry.metric(metric),
            self.after.entry.metric(metric),
        )
    }

    /// Whether nothing differs.
    pub fn is_equal(&self) -> bool {
        self.difference.is_empty()
            && self.was.is_none()
            && self.version.is_none()
            && self.before.stopped == self.after.stopped
            && !self.newly_proven()
    }

    /// Whether only one of the two is proved to be an optimum.
    pub fn newly_proven(&self) -> bool {
        let proven = |d: &Design| d.entry.certificate.proven;
        self.before.proof_known
            && self.after.proof_known
            && proven(self.before) != proven(self.after)
    }

    /// How much it matters.
    fn weight(&self) -> f64 {
        let (before, after) = self.values();
        match share(before, after) {
            _ if self.is_equal() => -1.0,
            Some(share) => share.abs(),
            None => f64::INFINITY,
        }
    }

    /// Metrics besides the measure that a budget limits and layers have: (metric, name with unit).
    pub fn limited(&self) -> Vec<Metric> {
        let named = |d: &'a Design| {
            d.entry
                .limits
                .iter()
                .filter_map(|(n, _)| crate::lock::figure(n))
        };
        let mut out: Vec<Metric> = Vec::new();
        for metric in named(self.after).chain(named(self.before)) {
            let has =
                |l: &Option<LayerChoice>| l.as_ref().is_some_and(|l| l.metric(metric).is_some());
            let known = self
                .layers
                .iter()
                .any(|m| has(&m.change.before) || has(&m.change.after));
            if known && metric != self.measure() && !out.contains(&metric) {
                out.push(metric);
            }
        }
        out
    }
}
