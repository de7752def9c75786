//! A decision put together from two: some layers from one, the others from another.

use super::check::choices;
use super::entry::{Entry, LayerChoice, figure};
use crate::certify::{Certificate, ROUNDING, Why};
use crate::emit::Decision;
use crate::ir::problem::Problem;
use crate::space::{BoundLimit, Space};
use std::collections::BTreeMap;

/// Why choices do not make a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Mixed {
    /// Together they exceed a budget.
    OverBudget {
        /// What they have of it.
        used: f64,
        /// The budget.
        limit: BoundLimit,
    },
    /// One is not in the menu, or they cannot be together: the reason.
    Unfit(String),
}

/// The entry of these choices for a problem that `base` is a decision of. They are priced; the bound
/// is that of `base`, which holds for every decision of the problem.
///
/// # Errors
/// Why there is none.
pub fn mixed(
    problem: &Problem,
    base: &Entry,
    layers: Vec<LayerChoice>,
    inputs: &BTreeMap<String, String>,
) -> Result<Entry, Mixed> {
    let unfit = |reason: &str| Mixed::Unfit(reason.to_string());
    let metric = problem.objective.metric;
    if figure(&base.certificate.objective) != Some(metric) {
        return Err(unfit("they were made for another objective"));
    }
    let whole = Entry {
        layers,
        ..base.clone()
    };
    let choices = choices(&whole, problem).map_err(Mixed::Unfit)?;
    let refined = problem.stages.iter().any(|s| s.refines);
    let built = Space::of_one(problem, refined, &choices);
    let (space, assignment) = built.map_err(|_| unfit("they cannot be priced"))?;
    let assignment = assignment.ok_or_else(|| unfit("one of them is not in the menu"))?;
    let mut points = assignment.iter().enumerate();
    if let Some((layer, _)) = points.find(|(layer, point)| !space.allows(*layer, **point)) {
        let name = &problem.layers[layer].name;
        return Err(Mixed::Unfit(format!(
            "what `{name}` has is not offered to it"
        )));
    }
    let totals = space
        .totals(&assignment)
        .ok_or_else(|| unfit("one has no price, or they disagree about the one engine"))?;
    let decision = Decision::of(&space, &assignment, totals);
    let decision = decision.ok_or_else(|| unfit("one has no price"))?;
    if let Some(over) = decision.budgets.iter().find(|b| !b.holds()) {
        return Err(Mixed::OverBudget {
            used: over.used,
            limit: over.limit,
        });
    }
    let bound = base.certificate.bound;
    let value = totals.metric(metric);
    let gap = match metric.larger_is_better() {
        true => bound / value - 1.0,
        false => (value - bound) / bound,
    };
    let gap = gap.max(0.0);
    let certificate = Certificate {
        value,
        bound,
        gap,
        proven: gap <= ROUNDING,
        method: "",
        why: Some(Why::States),
        refined,
        solver: base.certificate.solver,
        lagrangian: None,
        exclusion: None,
        relaxation: None,
        states: base.certificate.states,
    };
    Entry::of(&decision.certified(&certificate), inputs).ok_or_else(|| unfit("nothing is proved"))
}
