//! Expectations that are about several designs: each is held against what came out of all of them.

use super::locking::Held;
use crate::emit::Decision;
use crate::emit::expect::{self, Measured, Others};
use crate::ir::problem::Problem;

/// Judges the expectations of these decisions. A design that is not among them has the figures of
/// the lock, if it is up to date; an expectation about one that has none is left out. What is to be
/// said of those that are left out.
pub fn judge(
    decisions: &mut [&mut Decision],
    held: Option<&Held>,
    problems: &[Problem],
) -> Vec<String> {
    let mut others = Others::new();
    for decision in decisions.iter() {
        others.insert(decision.problem.design.clone(), Measured::of(decision));
    }
    for decision in decisions.iter() {
        for name in expect::named(decision.problem) {
            let problem = problems.iter().find(|p| p.design == name);
            if let (false, Some(problem), Some(held)) = (others.contains_key(name), problem, held)
                && let Some(entry) = held.entry(name).filter(|e| held.is_fresh(e, problem))
            {
                others.insert(name.to_string(), entry.measured(problem));
            }
        }
    }
    let mut left_out = Vec::new();
    for decision in decisions {
        decision.judge(&others);
        let missing: Vec<String> = expect::named(decision.problem)
            .into_iter()
            .filter(|name| !others.contains_key(*name))
            .map(|name| format!("`{name}`"))
            .collect();
        if missing.is_empty() {
            continue;
        }
        let before = decision.expectations.len();
        let known = |v: &expect::Verdict| !v.found.is_nan() && !v.expected.is_nan();
        decision.expectations.retain(known);
        left_out.push(format!(
            "{} of `{}` not judged: {} was neither decided now nor is in the lock",
            match before - decision.expectations.len() {
                1 => "an expectation".to_string(),
                n => format!("{n} expectations"),
            },
            decision.problem.design,
            missing.join(" and "),
        ));
    }
    left_out
}
