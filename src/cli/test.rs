//! `cfxc test`: the expectations of every design, and its decision against the lock.

use super::build::{self, Ready};
use super::console::Console;
use super::designs;
use super::exit::Exit;
use super::files::{self, Loaded};
use super::findings;
use super::judge::judge;
use super::locking::{self, Held, State};
use super::stop::Stopper;
use crate::base::span::Span;
use crate::diag::{Diagnostic, Severity, codes};
use crate::emit::Decision;
use crate::emit::expect::Verdict;
use crate::emit::number::amount;
use crate::emit::tested::{self, Case, Ending, Suite};
use crate::ir::problem::Problem;
use crate::lock::{Difference, Entry, Locked, Mismatch};
use crate::search::Outcome;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

/// Test the decisions of specifications: their expectations, and their lock
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc test
  cfxc test specs/*.cfx --locked
  cfxc test --format junit > results.xml
  cfxc test --format github

Every `expect` line is a test, and so is each decision of the lock. A design whose lock is up to date
is not searched again: its locked choices are priced. Any other is decided again, in memory; a decision
that differs from the lock waits in spec.lock.new, and `cfxc accept` takes it. No other file is written.")]
pub struct Args {
    /// Specifications; without any, all below this directory that hold designs
    #[arg(value_name = "SPEC")]
    specs: Vec<String>,
    /// Only this design
    #[arg(long, value_name = "NAME")]
    design: Option<String>,
    /// Fail too where there is no lock, or where it was made from other inputs
    #[arg(long)]
    locked: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Threads; 0 takes all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    jobs: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// A line for each test, for people
    #[default]
    Human,
    /// JUnit XML, for build servers
    Junit,
    /// Annotations of a GitHub workflow
    Github,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    super::use_threads(args.jobs);
    let specs = match &args.specs[..] {
        [] => found_here(),
        given => given.to_vec(),
    };
    let named = !args.specs.is_empty();
    let stopper = Stopper::new(None, Instant::now());
    let mut exit = Exit::Done;
    let mut suites = Vec::new();
    let mut designs_seen = false;
    for spec in &specs {
        let mut loaded = files::load(spec);
        let empty = loaded.analysis.designs.is_empty();
        if empty && !named {
            continue;
        }
        console.show(&loaded.analysis.diagnostics, &loaded.sources);
        let wanted = args.design.as_ref();
        designs_seen |= wanted.is_none_or(|d| loaded.analysis.designs.contains(d));
        let suite = if loaded.analysis.has_errors() {
            exit = build::worse(exit, Exit::of(&loaded.analysis.diagnostics));
            unsound(spec, &loaded)
        } else if empty {
            let none = designs::none(spec);
            let message = none.message.clone();
            console.fail(none);
            whole(spec, "designs", message)
        } else {
            one(spec, &mut loaded, args, &stopper, console)
        };
        if !suite.cases.is_empty() {
            suites.push(suite);
        }
        if stopper.by_user() {
            console.remark("interrupted: the tests that were not run are not shown");
            return Exit::Interrupted;
        }
    }
    if let (Some(design), false) = (&args.design, designs_seen) {
        console.fail(designs::unknown("design", design, []));
        return Exit::Usage;
    }
    if suites.is_empty() {
        console.fail(
            Diagnostic::error(codes::NO_DESIGN, "there is nothing to test")
                .help("name a specification with designs, or go to where there are some"),
        );
        return Exit::Wrong;
    }
    let text = match args.format {
        Format::Human => tested::human(&suites, console.style),
        Format::Junit => tested::junit(&suites),
        Format::Github => tested::github(&suites),
    };
    if tested::count(&suites).1 > 0 {
        exit = build::worse(exit, Exit::Wrong);
    }
    build::worse(exit, console.print(&text))
}

/// All specifications below this directory, sorted. Hidden directories, `target` and linked
/// directories are not entered.
fn found_here() -> Vec<String> {
    fn walk(folder: &Path, out: &mut Vec<String>) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let kind = entry.file_type();
            if kind.is_ok_and(|k| k.is_dir()) {
                if !name.starts_with('.') && name != "target" {
                    walk(&path, out);
                }
            } else if name.ends_with(".cfx") && path.is_file() {
                let path = path.strip_prefix(".").unwrap_or(&path);
                out.push(path.to_string_lossy().into_owned());
            }
        }
    }
    let mut out = Vec::new();
    walk(Path::new("."), &mut out);
    out.sort();
    out
}

/// A suite of one failed test.
fn whole(spec: &str, name: &str, message: String) -> Suite {
    Suite {
        spec: spec.to_string(),
        cases: vec![Case {
            design: None,
            name: name.to_string(),
            place: (1, 1),
            ending: Ending::Failed(message, Vec::new()),
        }],
    }
}

/// The suite of a specification that has mistakes.
fn unsound(spec: &str, loaded: &Loaded) -> Suite {
    let found = loaded.analysis.diagnostics.iter();
    let errors: Vec<&Diagnostic> = found.filter(|d| d.severity == Severity::Error).collect();
    let mut suite = whole(spec, "specification", "the specification is wrong".into());
    let case = &mut suite.cases[0];
    if let Some(label) = errors.first().and_then(|d| d.labels.first()) {
        case.place = loaded.sources.line_column(label.span);
    }
    if let Ending::Failed(_, detail) = &mut case.ending {
        detail.extend(errors.iter().map(|d| d.message.clone()));
    }
    suite
}

/// How a design came to its decision.
enum Decided<'p> {
    Locked(Box<Locked<'p>>),
    Searched(Box<(Ready<'p>, Outcome)>),
    Failed(Vec<Diagnostic>),
}

impl Decided<'_> {
    fn decision(&self) -> Option<Decision<'_>> {
        match self {
            Decided::Locked(locked) => locked.decision(),
            Decided::Searched(found) if !found.1.interrupted => {
                Decision::new(&found.0.space, &found.1)
            }
            _ => None,
        }
    }
}

/// The tests of a sound specification.
fn one(
    spec: &str,
    loaded: &mut Loaded,
    args: &Args,
    stopper: &Stopper,
    console: &Console,
) -> Suite {
    let held = match Held::open(spec, loaded) {
        Ok(held) => held,
        Err(diagnostic) => {
            let message = diagnostic.message.clone();
            console.show(&[diagnostic], &loaded.sources);
            return whole(spec, "lock", message);
        }
    };
    let mut problems = loaded.analysis.problems.clone();
    problems.retain(|p| args.design.as_ref().is_none_or(|d| p.design == *d));
    // Bars of searches that know nothing of each other would be drawn over each other.
    let visible = console.progress && problems.len() == 1;
    let found: &Loaded = loaded;
    let results: Vec<(Decided, Option<Mismatch>)> = problems
        .par_iter()
        .map(|problem| decided(problem, held.as_ref(), found, stopper, visible))
        .collect();
    let mut decisions: Vec<Option<Decision>> = results.iter().map(|(d, _)| d.decision()).collect();
    let mut known: Vec<&mut Decision> = decisions.iter_mut().flatten().collect();
    let left_out = judge(&mut known, held.as_ref(), &loaded.analysis.problems);
    for text in left_out {
        console.remark(&text);
    }
    let place = |span: Span| loaded.sources.line_column(span);
    let mut cases = Vec::new();
    let mut waiting = BTreeMap::new();
    let mut unsaid = Vec::new();
    for ((problem, (how, mismatch)), decision) in problems.iter().zip(&results).zip(&decisions) {
        let case = |name: &str, span: Span, ending: Ending| Case {
            design: Some(problem.design.clone()),
            name: name.to_string(),
            place: place(span),
            ending,
        };
        let Some(decision) = decision else {
            let detail = match how {
                Decided::Failed(diagnostics) => {
                    unsaid.extend(diagnostics.iter().cloned());
                    diagnostics.iter().map(|d| d.message.clone()).collect()
                }
                _ => Vec::new(),
            };
            let message = "nothing could be decided".to_string();
            cases.push(case(
                "decision",
                problem.span,
                Ending::Failed(message, detail),
            ));
            continue;
        };
        for verdict in &decision.expectations {
            let span = verdict.expectation.span;
            let text = loaded.sources.slice(span);
            cases.push(case(&written(text), span, judged(verdict)));
        }
        if let Some(held) = &held {
            let (ending, new) = against_lock(held, problem, decision, how, mismatch, args.locked);
            cases.push(case("lock", problem.span, ending));
            waiting.extend(new.map(|entry| (problem.design.clone(), entry)));
        }
    }
    let mut suite = Suite {
        spec: spec.to_string(),
        cases,
    };
    console.show(&unsaid, &loaded.sources);
    if let Some(held) = &held {
        if args.locked && args.design.is_none() {
            for gone in held.gone(&loaded.analysis.designs) {
                let message = format!("{} has `{gone}`, the specification has not", held.name());
                suite.cases.extend(whole(spec, "lock", message).cases);
            }
        }
        // Where a search found what the lock has, nothing waits any more. What was not searched for
        // may wait on: the rest of a decision that is taken layer by layer.
        let searched = problems.iter().zip(&results).filter(|(p, (how, _))| {
            matches!(how, Decided::Searched(_)) && held.entry(&p.design).is_some()
        });
        let settled: Vec<String> = searched
            .map(|(p, _)| p.design.clone())
            .filter(|name| !waiting.contains_key(name))
            .collect();
        let kept = match waiting.is_empty() {
            true => Ok(()),
            false => held.leave(&waiting, loaded),
        };
        let kept = kept.and_then(|()| held.settle(&settled, loaded));
        if let Err(diagnostic) = kept {
            let message = diagnostic.message.clone();
            suite.cases.extend(whole(spec, "lock", message).cases);
            console.show(&[diagnostic], &loaded.sources);
        }
    }
    suite
}

/// The locked decision where it still holds, or one that is searched for.
fn decided<'p>(
    problem: &'p Problem,
    held: Option<&Held>,
    loaded: &Loaded,
    stopper: &Stopper,
    visible: bool,
) -> (Decided<'p>, Option<Mismatch>) {
    let mut mismatch = None;
    if let Some(State::Fresh(entry)) = held.map(|h| h.state(problem)) {
        match locking::check(entry, problem, stopper.flag()) {
            Ok(locked) => return (Decided::Locked(Box::new(locked)), None),
            Err(why) => mismatch = Some(why),
        }
    }
    let one = std::slice::from_ref(problem);
    let how = match build::prepare(one, loaded, stopper.flag()) {
        Ok(ready) => {
            let outcomes = build::search_all(&ready, stopper.flag(), visible);
            match ready.into_iter().zip(outcomes).next() {
                Some(found) => Decided::Searched(Box::new(found)),
                None => Decided::Failed(Vec::new()),
            }
        }
        Err(diagnostics) => Decided::Failed(diagnostics),
    };
    (how, mismatch)
}

/// The text of an expectation as a name: on one line, without its first word.
fn written(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    text.strip_prefix("expect ").unwrap_or(&text).to_string()
}

fn judged(verdict: &Verdict) -> Ending {
    if verdict.held {
        let found = amount(verdict.expectation.quantity(), verdict.found);
        Ending::Passed(Some(found))
    } else {
        Ending::Failed(findings::failed_text(verdict), Vec::new())
    }
}

/// The decision beside that of the lock; what is to wait, if they differ.
fn against_lock(
    held: &Held,
    problem: &Problem,
    decision: &Decision,
    how: &Decided,
    mismatch: &Option<Mismatch>,
    strict: bool,
) -> (Ending, Option<Entry>) {
    let design = &problem.design;
    let Some(before) = held.entry(design) else {
        let why = match held.lock {
            None => format!("there is no {}", held.name()),
            Some(_) => format!("{} does not have it", held.name()),
        };
        let ending = match strict {
            true => Ending::Failed(why, Vec::new()),
            false => Ending::Skipped(why),
        };
        return (ending, None);
    };
    if let Decided::Locked(_) = how {
        let other = before.cfxc != env!("CARGO_PKG_VERSION");
        let note = other.then(|| format!("decided by cfxc {}, checked again", before.cfxc));
        return (Ending::Passed(note), None);
    }
    let Some(after) = Entry::of(decision, &held.inputs) else {
        let message = "nothing is proved of the decision".to_string();
        return (Ending::Failed(message, Vec::new()), None);
    };
    let difference = Difference::between(before, &after);
    let mut detail = difference.lines(&after.certificate.objective, locking::SHOWN);
    detail.push(format!(
        "`cfxc accept {}` takes the new decision",
        held.spec
    ));
    let message = match mismatch {
        Some(Mismatch::Choice(why) | Mismatch::Claim(why)) => {
            format!("{} does not hold: {why}", held.name())
        }
        Some(_) => format!("{} does not hold: its figures are others", held.name()),
        None if difference.same_decision() && !strict => {
            let note = "the inputs have changed, the decision has not".to_string();
            return (Ending::Passed(Some(note)), None);
        }
        None if difference.same_decision() => {
            "the inputs have changed, the decision has not".to_string()
        }
        None => format!("the decision is another than that of {}", held.name()),
    };
    (Ending::Failed(message, detail), Some(after))
}
