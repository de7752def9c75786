//! `cfxc build --locked`: the decisions of the lock, checked and written out; a failure if anything
//! would change.

use super::build::{self, Args, Report};
use super::console::Console;
use super::exit::Exit;
use super::files::Loaded;
use super::judge::judge;
use super::locking::{self, Held, State};
use super::stop::Stopper;
use crate::diag::{Diagnostic, codes};
use crate::emit::Decision;
use crate::ir::problem::Problem;
use crate::lock::{Difference, Entry, Locked};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::Instant;

/// Runs the command for these designs.
pub fn run<'p>(
    held: &Held,
    problems: &'p [Problem],
    loaded: &mut Loaded,
    args: &Args,
    console: &Console,
) -> Exit {
    let start = Instant::now();
    let stopper = Stopper::new(None, start);
    let mut wrong = Vec::new();
    if args.design.is_none() {
        wrong.extend(gone(held, &loaded.analysis.designs));
    }
    let mut fresh = Vec::new();
    let mut stale = Vec::new();
    for problem in problems {
        match held.state(problem) {
            State::Missing => wrong.push(locking::missing(held, problem)),
            State::Fresh(entry) => fresh.push((problem, entry)),
            State::Stale(entry) => stale.push((problem.clone(), entry)),
        }
    }
    let check =
        |(problem, entry): &(&'p Problem, &Entry)| locking::check(entry, problem, stopper.flag());
    // The pool is only worth its start where something is proved again.
    let again = fresh
        .iter()
        .any(|(_, e)| e.cfxc != env!("CARGO_PKG_VERSION"));
    let checked: Vec<_> = if again {
        fresh.par_iter().map(check).collect()
    } else {
        fresh.iter().map(check).collect()
    };
    let mut good: Vec<Locked> = Vec::new();
    for ((problem, entry), found) in fresh.iter().zip(checked) {
        match found {
            Ok(locked) => good.push(locked),
            Err(why) => wrong.push(locking::mismatch(held, problem, &why, console)),
        }
        if entry.cfxc != env!("CARGO_PKG_VERSION") && !args.quiet {
            console.remark(&format!(
                "`{}` was decided by cfxc {}; checked again by {}: price and bound",
                problem.design,
                entry.cfxc,
                env!("CARGO_PKG_VERSION")
            ));
        }
    }
    if !stale.is_empty() {
        wrong.extend(decided_again(held, &stale, loaded, &stopper, args, console));
    }
    if !wrong.is_empty() {
        console.show(&wrong, &loaded.sources);
        return Exit::of(&wrong);
    }
    let targets = match build::targets(problems, args) {
        Ok(targets) => targets,
        Err(diagnostic) => {
            console.fail(diagnostic);
            return Exit::Files;
        }
    };
    let mut decisions: Vec<Decision> = good.iter().filter_map(Locked::decision).collect();
    let mut judged: Vec<&mut Decision> = decisions.iter_mut().collect();
    for text in judge(&mut judged, Some(held), &loaded.analysis.problems) {
        console.remark(&text);
    }
    let mut report = Report::default();
    for (decision, target) in decisions.iter().zip(&targets) {
        report.add(decision, target, args, console);
    }
    report
        .summaries
        .push_str(&format!("\n{} holds; nothing was searched", held.name()));
    report.finish(start, args, loaded, console)
}

/// Locked designs that are no longer there.
fn gone(held: &Held, designs: &[String]) -> Option<Diagnostic> {
    let gone = held.gone(designs);
    let first = gone.first()?;
    Some(
        Diagnostic::error(
            codes::STALE_LOCK,
            format!(
                "{} has a decision of `{first}`, which {} does not have",
                held.name(),
                held.spec
            ),
        )
        .help(format!("`cfxc build {}` writes the lock anew", held.spec)),
    )
}

/// Decides the designs whose inputs have changed, shows what that would change, and lets the
/// decisions wait.
fn decided_again(
    held: &Held,
    stale: &[(Problem, &Entry)],
    loaded: &mut Loaded,
    stopper: &Stopper,
    args: &Args,
    console: &Console,
) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let problems: Vec<Problem> = stale.iter().map(|(p, _)| p.clone()).collect();
    let ready = match build::prepare(&problems, loaded, stopper.flag()) {
        Ok(ready) => ready,
        Err(diagnostics) => return diagnostics,
    };
    let visible = console.progress && !args.quiet;
    let outcomes = build::search_all(&ready, stopper.flag(), visible);
    let mut waiting = BTreeMap::new();
    for ((ready, outcome), (problem, before)) in ready.iter().zip(&outcomes).zip(stale) {
        let complete = (!outcome.interrupted).then_some(outcome);
        let decision = complete.and_then(|o| Decision::new(&ready.space, o));
        let after = decision.and_then(|d| Entry::of(&d, &held.inputs));
        let mut difference = match &after {
            Some(after) => Difference::between(before, after),
            None => Difference::default(),
        };
        let told = locking::told(&problem.design, &difference, before);
        console.remark(&told);
        difference.inputs.clear();
        let what = match &after {
            None => "and it could not be decided again",
            Some(_) if difference.is_empty() => "and its decision stays the same",
            Some(_) if difference.same_decision() => "and what is proved of it changes",
            Some(_) => "and its decision changes with them",
        };
        out.push(
            Diagnostic::error(
                codes::STALE_LOCK,
                format!(
                    "{} is out of date: the inputs of `{}` have changed, {what}",
                    held.name(),
                    problem.design
                ),
            )
            .label(problem.span, "this design")
            .help(format!(
                "`cfxc accept {}` takes what waits in {}",
                held.spec,
                held.pending.display()
            )),
        );
        waiting.extend(after.map(|after| (problem.design.clone(), after)));
    }
    out.extend(held.leave(&waiting, loaded).err());
    out
}
