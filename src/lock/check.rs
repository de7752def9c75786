//! A locked decision held against the problem it was made for: found in the menu again, priced
//! again, and its certificate taken over or proved again. Nothing is searched.

use super::compare::Difference;
use super::entry::{Entry, figure};
use crate::certify::{self, Certificate, Why};
use crate::emit::Decision;
use crate::emit::json::knob_key;
use crate::ir::problem::Problem;
use crate::space::{Assignment, Space, SpaceError};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// How far the figures of a certificate may be from each other by rounding alone.
const ROUNDING: f64 = 1e-9;

/// Why a locked decision is none of the problem.
#[derive(Debug, Clone, PartialEq)]
pub enum Mismatch {
    /// A choice that the design does not have, or one that is missing: the reason.
    Choice(String),
    /// The space of the problem cannot be built.
    Space(SpaceError),
    /// It is priced otherwise than the lock says.
    Figures(Box<Difference>),
    /// Something that the lock says of itself and that does not hold: the reason.
    Claim(String),
}

/// A dataflow and the values of all knobs for each layer of the problem.
///
/// # Errors
/// What does not fit the design.
pub fn choices(entry: &Entry, problem: &Problem) -> Result<Vec<(usize, Vec<u64>)>, String> {
    let mut known = BTreeMap::new();
    for layer in &entry.layers {
        known.insert(layer.name.as_str(), layer);
    }
    let knobs: Vec<String> = problem
        .menu
        .knobs
        .iter()
        .map(|k| knob_key(&k.name))
        .collect();
    let mut out = Vec::with_capacity(problem.layers.len());
    for layer in &problem.layers {
        let name = &layer.name;
        let found = known.remove(name.as_str());
        let found = found.ok_or_else(|| format!("nothing is chosen for layer `{name}`"))?;
        let mut dataflows = problem.dataflows.iter();
        let dataflow = dataflows
            .position(|d| d.name == found.dataflow)
            .ok_or_else(|| format!("layer `{name}` has `{}`, no dataflow of it", found.dataflow))?;
        let value = |knob: &String| {
            let value = found.knobs.iter().find(|(k, _)| k == knob);
            value
                .map(|(_, v)| *v)
                .ok_or_else(|| format!("layer `{name}` has no `{knob}`"))
        };
        let values: Result<Vec<u64>, String> = knobs.iter().map(value).collect();
        if let Some((odd, _)) = found.knobs.iter().find(|(k, _)| !knobs.contains(k)) {
            return Err(format!("layer `{name}` has `{odd}`, no knob of the menu"));
        }
        out.push((dataflow, values?));
    }
    match known.keys().next() {
        Some(extra) => Err(format!("the network has no layer `{extra}`")),
        None => Ok(out),
    }
}

/// A locked decision in its space.
pub struct Locked<'p> {
    /// The prices of its choices, see [`Space::of_one`]; or all of them.
    pub space: Space<'p>,
    /// The choices.
    pub assignment: Assignment,
    /// What is proved of it.
    pub certificate: Certificate,
}

impl Locked<'_> {
    /// The decision; `None` if it has no price.
    pub fn decision(&self) -> Option<Decision<'_>> {
        let totals = self.space.totals(&self.assignment)?;
        let decision = Decision::of(&self.space, &self.assignment, totals)?;
        Some(decision.certified(&self.certificate))
    }

    /// The same with a bound that was proved anew over all prices (of a space that has them all).
    ///
    /// # Errors
    /// If less is proved than the lock says.
    pub fn proved_again(mut self, entry: &Entry, stop: &AtomicBool) -> Result<Self, Mismatch> {
        let known = Some(&self.assignment);
        let proof = certify::prove_until(&self.space, known, certify::STATES, stop);
        let Some(evaluation) = self.space.evaluate(&self.assignment) else {
            return Err(Mismatch::Claim("it has no price".to_string()));
        };
        self.certificate = certify::certify(&self.space, &proof, evaluation.cost);
        let (locked, now) = (entry.certificate.gap, self.certificate.gap);
        if now > locked + ROUNDING {
            return Err(Mismatch::Claim(format!(
                "a gap of {} % is locked and {} % can be proved",
                locked * 100.0,
                now * 100.0
            )));
        }
        Ok(self)
    }
}

/// Prices a locked decision of this very problem again and checks all that the lock says of it, but
/// for the bound: that is taken as it stands. With `whole`, the space has every price.
///
/// # Errors
/// The first that does not hold.
pub fn locked<'p>(
    entry: &Entry,
    problem: &'p Problem,
    whole: bool,
) -> Result<Locked<'p>, Mismatch> {
    let choices = choices(entry, problem).map_err(Mismatch::Choice)?;
    let refined = problem.stages.iter().any(|s| s.refines);
    let (space, assignment) = if whole {
        let space = Space::new(problem, refined).map_err(Mismatch::Space)?;
        let points = choices
            .iter()
            .map(|(d, v)| space.grid.find(*d, v))
            .collect();
        (space, points)
    } else {
        Space::of_one(problem, refined, &choices).map_err(Mismatch::Space)?
    };
    let outside = |layer: usize| {
        let name = &problem.layers[layer].name;
        Mismatch::Choice(format!("what layer `{name}` has is not offered to it"))
    };
    let Some(assignment) = assignment else {
        let find = |(d, v): &(usize, Vec<u64>)| space.grid.find(*d, v).is_none();
        return Err(outside(choices.iter().position(find).unwrap_or(0)));
    };
    let mut points = assignment.iter().enumerate();
    if let Some((layer, _)) = points.find(|(layer, point)| !space.allows(*layer, **point)) {
        return Err(outside(layer));
    }
    let certificate = certificate(entry, problem)?;
    let locked = Locked {
        space,
        assignment,
        certificate,
    };
    let Some(decision) = locked.decision() else {
        return Err(Mismatch::Claim("it has no price".to_string()));
    };
    if let Some(over) = decision.budgets.iter().find(|b| !b.holds()) {
        let what = format!("the budget of {} is exceeded", over.limit.metric.name());
        return Err(Mismatch::Claim(what));
    }
    let again = Entry::of(&decision, &entry.inputs);
    let difference = again.map(|again| Difference::between(entry, &again));
    match difference {
        Some(difference) if !difference.is_empty() => Err(Mismatch::Figures(Box::new(difference))),
        _ => Ok(locked),
    }
}

/// What the lock says is proved, as far as it agrees with itself.
fn certificate(entry: &Entry, problem: &Problem) -> Result<Certificate, Mismatch> {
    let proved = &entry.certificate;
    let metric = problem.objective.metric;
    if figure(&proved.objective) != Some(metric) {
        let what = format!("the design is not about {}", proved.objective);
        return Err(Mismatch::Claim(what));
    }
    let value = entry.metric(metric).unwrap_or(f64::NAN);
    let above = if metric.larger_is_better() {
        proved.bound / value - 1.0
    } else {
        value / proved.bound - 1.0
    };
    let adds_up = (above.max(0.0) - proved.gap).abs() <= ROUNDING * (1.0 + proved.gap);
    if !adds_up || (proved.proven && proved.gap > ROUNDING) {
        return Err(Mismatch::Claim(format!(
            "{} and its bound do not make a gap of {} %",
            metric.name(),
            proved.gap * 100.0
        )));
    }
    let beaten = proved
        .solver
        .is_some_and(|s| match metric.larger_is_better() {
            true => s > value,
            false => s < value,
        });
    let why = if beaten { Why::Beaten } else { Why::States };
    let refined = problem.stages.iter().any(|s| s.refines)
        && problem.menu.knobs.iter().any(|k| !k.refine.is_empty());
    Ok(Certificate {
        value,
        bound: proved.bound,
        gap: proved.gap,
        proven: proved.proven,
        method: "proved when the decision was locked",
        why: (!proved.proven).then_some(why),
        refined,
        solver: proved.solver,
        lagrangian: None,
        exclusion: None,
        relaxation: None,
        states: proved.states,
    })
}
