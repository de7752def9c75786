//! `cfxc build`: the main job, from specification to decision to files.

use super::console::Console;
use super::designs;
use super::exit::Exit;
use super::files::{self, Loaded};
use super::judge::judge;
use super::locking::{self, Held};
use super::output::Target;
use super::progress::{Bar, Bars};
use super::stop::{Stopper, TimeLimit};
use super::{findings, infeasible, locked};
use crate::certify::{self, pareto};
use crate::diag::{Diagnostic, codes};
use crate::emit::exporters::{self, EXPORTERS, Exporter};
use crate::emit::{Decision, html, json, markdown, summary};
use crate::ir::problem::Problem;
use crate::lock::{self, Difference, Entry};
use crate::search::{self, Outcome};
use crate::space::{Point, Space, feasible};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Decide the designs of a specification and write the decisions
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc build spec.cfx
  cfxc build spec.cfx --design edge_npu --out reports --seed 3
  cfxc build spec.cfx --locked
  cfxc build spec.cfx --time-limit 2min
  cfxc build spec.cfx --emit sv --emit toml
  cfxc build spec.cfx --format json | jq '.designs[].metrics'

For each design DIR/<design>.json, DIR/<design>.md and DIR/<design>.html are written. Equal specifications, seeds and
versions give equal files, whatever the number of threads. Whether the budgets can be met is found
before any search. Ctrl-C stops the search and keeps the best so far; so does --time-limit, and what
was stopped is marked as not reproducible.

The decisions are kept in spec.lock beside spec.cfx, to be committed with it. --locked takes them from
there, checks them, and fails if anything would change. --seed is an experiment: it leaves the lock
alone, and so does what was stopped or fails an expectation.")]
pub struct Args {
    /// Specification
    pub(super) spec: String,
    /// Only this design
    #[arg(long, value_name = "NAME")]
    pub(super) design: Option<String>,
    /// Directory of the files
    #[arg(long, value_name = "DIR", default_value = "build")]
    out: String,
    /// Seed instead of the specification's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Take the decisions from the lock without any search; fail if anything would change
    #[arg(long, conflicts_with_all = ["seed", "time_limit", "no_lock"])]
    locked: bool,
    /// Neither read nor write the lock
    #[arg(long)]
    no_lock: bool,
    /// Threads; 0 takes all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    jobs: usize,
    /// Stop the search after so long (500ms, 30s, 2min, 1h) and keep the best so far
    #[arg(long, value_name = "TIME")]
    time_limit: Option<TimeLimit>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Further files beside the decision
    #[arg(long, value_name = "FORMAT", value_parser = exporter())]
    emit: Vec<&'static Exporter>,
    /// Print no summary and no progress, only errors and warnings (and JSON, if asked for)
    #[arg(long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// A summary for people
    #[default]
    Text,
    /// The facts of all designs in one document
    Json,
}

/// Reads the name of an exporter; the names and what they are stand in the help.
fn exporter() -> impl TypedValueParser<Value = &'static Exporter> {
    let named = |e: &'static Exporter| PossibleValue::new(e.name).help(e.summary);
    PossibleValuesParser::new(EXPORTERS.iter().map(named))
        .try_map(|name| exporters::find(&name).ok_or("no such format"))
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let start = Instant::now();
    super::use_threads(args.jobs);
    let mut loaded = files::load(&args.spec);
    console.show(&loaded.analysis.diagnostics, &loaded.sources);
    if loaded.analysis.has_errors() {
        return Exit::of(&loaded.analysis.diagnostics);
    }
    if console.denied() {
        // Before anything is searched or written.
        return Exit::Done;
    }
    let mut problems = match designs::select(&loaded, args.design.as_deref()) {
        Ok(problems) => problems,
        Err(diagnostic) => {
            console.fail(diagnostic);
            return Exit::Usage;
        }
    };
    if problems.is_empty() {
        console.fail(designs::none(&args.spec));
        return Exit::Wrong;
    }
    if let Some(seed) = args.seed {
        for problem in &mut problems {
            problem.seed = seed;
            problem.defaults.retain(|(name, _)| *name != "seed");
        }
    }
    for exporter in &args.emit {
        let foreign = |p: &&Problem| exporter.model.is_some_and(|model| model != p.model);
        if let Some(problem) = problems.iter().find(foreign) {
            console.show(&[of_another_model(problem, exporter)], &loaded.sources);
            return Exit::Usage;
        }
    }
    let held = match hold(args, &mut loaded, console) {
        Ok(held) => held,
        Err(diagnostic) => return refused(diagnostic, &loaded, console),
    };
    if args.locked {
        return match held {
            Some(held) => locked::run(&held, &problems, &mut loaded, args, console),
            None => refused(locking::no_place(&args.spec), &loaded, console),
        };
    }
    let stopper = Stopper::new(args.time_limit.as_ref(), start);
    let ready = match prepare(&problems, &loaded, stopper.flag()) {
        Ok(ready) => ready,
        Err(diagnostics) => {
            console.show(&diagnostics, &loaded.sources);
            return Exit::Wrong;
        }
    };
    let found = findings::before(ready.iter().map(|r| &r.space), &loaded);
    console.show(&found, &loaded.sources);
    if console.denied() {
        return Exit::Done;
    }
    let targets = match targets(&problems, args) {
        Ok(targets) => targets,
        Err(diagnostic) => {
            console.fail(diagnostic);
            return Exit::Files;
        }
    };
    let outcomes = search_all(&ready, stopper.flag(), console.progress && !args.quiet);
    let stopped_by = stopper.by();
    let mut report = Report::default();
    let mut stopped = false;
    let mut decisions = Vec::new();
    for ((ready, outcome), target) in ready.iter().zip(&outcomes).zip(&targets) {
        stopped |= outcome.interrupted;
        if outcome.interrupted && stopper.by_user() {
            report.exit = Exit::Interrupted;
        }
        match Decision::new(&ready.space, outcome) {
            Some(mut decision) => {
                decision.stopped_by = outcome.interrupted.then_some(stopped_by.as_str());
                if let Some(best) = &outcome.best {
                    let stop = stopper.flag();
                    decision.front = pareto::around(&ready.space, &best.assignment, stop);
                }
                decisions.push((decision, target));
            }
            None => report
                .diagnostics
                .push(infeasible::nothing_found(&ready.space)),
        }
    }
    let mut judged: Vec<&mut Decision> = decisions.iter_mut().map(|(d, _)| d).collect();
    for text in judge(&mut judged, held.as_ref(), &loaded.analysis.problems) {
        console.remark(&text);
    }
    let said: Vec<Diagnostic> = decisions
        .iter()
        .flat_map(|(d, _)| findings::of(d))
        .collect();
    if console.denies(&said) {
        report.diagnostics.extend(said);
        return report.finish(start, args, &loaded, console);
    }
    for (decision, target) in &decisions {
        report.add(decision, target, args, console);
    }
    if let Some(held) = &held {
        let kept = Kept {
            held,
            decisions: decisions.iter().map(|(d, _)| d).collect(),
            args,
            stopped,
        };
        kept.keep(&mut report, &mut loaded, console);
    }
    report.finish(start, args, &loaded, console)
}

/// The lock beside the specification; `None` if it is to be left alone.
fn hold(args: &Args, loaded: &mut Loaded, console: &Console) -> Result<Option<Held>, Diagnostic> {
    if args.no_lock {
        return Ok(None);
    }
    let held = Held::open(&args.spec, loaded)?;
    match &held {
        None if !args.locked && !args.quiet => console.remark(&format!(
            "{} is no file that a lock could be beside: none is written",
            args.spec
        )),
        Some(held) if !args.locked && args.seed.is_none() => held.writable()?,
        _ => {}
    }
    Ok(held)
}

/// Shows why a command cannot go on.
fn refused(diagnostic: Diagnostic, loaded: &Loaded, console: &Console) -> Exit {
    let exit = Exit::of(std::slice::from_ref(&diagnostic));
    console.show(&[diagnostic], &loaded.sources);
    exit
}

/// Where the files of the designs go.
pub(super) fn targets(problems: &[Problem], args: &Args) -> Result<Vec<Target>, Diagnostic> {
    let target = |p: &Problem| Target::prepare(&args.out, &p.design);
    problems.iter().map(target).collect()
}

/// What was decided and is to be kept in the lock.
struct Kept<'a, 'd> {
    held: &'a Held,
    decisions: Vec<&'a Decision<'d>>,
    args: &'a Args,
    stopped: bool,
}

impl Kept<'_, '_> {
    /// Writes the lock, or says why it stays as it was.
    fn keep(&self, report: &mut Report, loaded: &mut Loaded, console: &Console) {
        let (held, args) = (self.held, self.args);
        let name = held.name();
        let say = |report: &mut Report, text: &str| {
            if args.quiet || args.format == Format::Json {
                return;
            }
            report.summaries.push_str(&format!("\n{text}"));
        };
        let failed = report.exit != Exit::Done || Exit::of(&report.diagnostics) != Exit::Done;
        if args.seed.is_some() {
            return say(
                report,
                &format!("a seed on the command line leaves {name} alone"),
            );
        }
        if self.stopped {
            return say(
                report,
                &format!("{name} stays as it was: the search did not come to its end"),
            );
        }
        let mut taken = BTreeMap::new();
        let mut waiting = BTreeMap::new();
        for decision in &self.decisions {
            let Some(entry) = Entry::of(decision, &held.inputs) else {
                continue;
            };
            let design = &decision.problem.design;
            let before = held.entry(design);
            let difference = before.map(|before| Difference::between(before, &entry));
            // Choices that somebody took layer by layer are not lost to a search of the same.
            let chosen = before.is_some_and(|before| {
                held.is_fresh(before, decision.problem)
                    && difference.as_ref().is_some_and(|d| !d.same_decision())
                    && lock::locked(before, decision.problem, false).is_ok()
            });
            if chosen {
                say(
                    report,
                    &format!(
                        "{name} has another decision of `{design}` for these inputs, and keeps it"
                    ),
                );
            } else if let Some(d) = difference.filter(|d| !d.is_empty()) {
                say(report, &locking::told(design, &d, &entry));
            }
            if chosen || failed {
                waiting.insert(design.clone(), entry);
            } else {
                taken.insert(design.clone(), entry);
            }
        }
        let new = |waiting: &BTreeMap<String, Entry>| {
            let differs = |(n, e): &(&String, &Entry)| held.entry(n) != Some(*e);
            waiting.iter().any(|pair| differs(&pair))
        };
        let pending = held.pending.display();
        let written = if failed || console.denied() {
            let all = taken.into_iter().chain(waiting).collect();
            if !new(&all) {
                return;
            }
            held.leave(&all, loaded).map(|()| {
                format!(
                    "{name} stays as it was; `cfxc accept {}` takes what waits in {pending}",
                    args.spec
                )
            })
        } else {
            let names: Vec<String> = taken.keys().cloned().collect();
            let all = args.design.is_none();
            let mut entries = taken;
            for design in waiting.keys() {
                entries.extend(held.entry(design).map(|e| (design.clone(), e.clone())));
            }
            let lock = held.with(entries, all);
            held.write(&lock).and_then(|written| {
                held.settle(&names, loaded)?;
                if !waiting.is_empty() {
                    held.leave(&waiting, loaded)?;
                }
                Ok(match (written, waiting.is_empty()) {
                    (_, false) => format!("what was found waits in {pending}"),
                    (true, _) => format!("wrote {name}"),
                    (false, _) => format!("{name} is as it was"),
                })
            })
        };
        match written {
            Ok(text) => say(report, &text),
            Err(diagnostic) => report.diagnostics.push(diagnostic),
        }
    }
}

/// The exit that says more.
pub(super) fn worse(a: Exit, b: Exit) -> Exit {
    let rank = |e: Exit| match e {
        Exit::Done => 0,
        Exit::Wrong => 1,
        Exit::Interrupted => 2,
        Exit::Usage => 3,
        Exit::Files => 4,
        Exit::Bug => 5,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// A design that can be built, as far as is known.
pub(super) struct Ready<'p> {
    /// The priced problem.
    pub space: Space<'p>,
    /// An assignment within all budgets; `None` if there may be none.
    refuge: Option<Vec<Point>>,
}

/// Prices the designs and proves that their budgets can be met, or says why not.
pub(super) fn prepare<'p>(
    problems: &'p [Problem],
    loaded: &Loaded,
    stop: &AtomicBool,
) -> Result<Vec<Ready<'p>>, Vec<Diagnostic>> {
    let sources = &loaded.sources;
    let one = |problem: &'p Problem| {
        let refined = problem.stages.iter().any(|s| s.refines);
        let mut space = Space::new(problem, refined)
            .map_err(|e| infeasible::no_spaces(problem, &e, sources))?;
        let refuge = match feasible::find(&space) {
            Ok(refuge) => Some(refuge),
            // Budgets that interact: the exact solver settles what the quick proof leaves open.
            Err(None) => {
                let proof = certify::prove_until(&space, None, certify::STATES, stop);
                if proof.best.is_none() && proof.bound == f64::INFINITY {
                    let relaxation =
                        certify::least_relaxation_until(&mut space, certify::STATES, stop);
                    return Err(vec![infeasible::excluded(&space, relaxation)]);
                }
                let keeps = |a: &Vec<Point>| space.evaluate(a).is_some_and(|e| e.feasible());
                proof.best.filter(keeps)
            }
            Err(Some(proof)) => return Err(vec![infeasible::infeasible(&space, &proof, sources)]),
        };
        Ok(Ready { space, refuge })
    };
    let all: Vec<Result<Ready, Vec<Diagnostic>>> = problems.par_iter().map(one).collect();
    let mut ready = Vec::new();
    let mut wrong = Vec::new();
    for result in all {
        match result {
            Ok(r) => ready.push(r),
            Err(found) => wrong.extend(found),
        }
    }
    if wrong.is_empty() {
        Ok(ready)
    } else {
        Err(wrong)
    }
}

/// Searches all designs at once; the outcomes are in their order.
pub(super) fn search_all(ready: &[Ready], stop: &AtomicBool, visible: bool) -> Vec<Outcome> {
    let bars = Bars::new(visible);
    let watched: Vec<(&Ready, Bar)> = ready
        .iter()
        .map(|r| {
            let problem = r.space.problem;
            let bar = bars.add(&problem.design, problem.objective.metric.quantity());
            (r, bar)
        })
        .collect();
    watched
        .into_par_iter()
        .map(|(r, mut bar)| search::run(&r.space, r.refuge.as_deref(), stop, &mut bar))
        .collect()
}

/// What there is to say and print, collected design by design.
#[derive(Default)]
pub(super) struct Report {
    exit: Exit,
    facts: Vec<serde_json::Value>,
    pub summaries: String,
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Writes the files of a design and keeps what is to be printed of it.
    pub fn add(&mut self, decision: &Decision, target: &Target, args: &Args, console: &Console) {
        self.diagnostics.extend(findings::of(decision));
        let facts = json::design(decision);
        let document = json::text(&json::document(vec![facts.clone()]));
        self.facts.push(facts);
        if let Err(diagnostic) = target.write(&document, &markdown::report(decision)) {
            self.diagnostics.push(diagnostic);
            return;
        }
        let page = html::report(decision, &command(decision, args));
        let page = match target.write_further(".html", &page) {
            Ok(page) => page,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return;
            }
        };
        let further = match further(decision, target, args) {
            Ok(further) => further,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return;
            }
        };
        if args.format == Format::Text && !args.quiet {
            let report = target.report.display().to_string();
            if !self.summaries.is_empty() {
                self.summaries.push_str("\n\n");
            }
            self.summaries
                .push_str(&summary::summary(decision, console.style, Some(&report)));
            self.summaries
                .push_str(&format!("\nwrote {} and {report}", target.json.display()));
            self.summaries.push_str(&format!("\nwrote {page}"));
            for path in further {
                self.summaries.push_str(&format!("\nwrote {path}"));
            }
        }
    }

    /// Shows and prints everything, and says how the command ends.
    pub fn finish(self, start: Instant, args: &Args, loaded: &Loaded, console: &Console) -> Exit {
        console.show(&self.diagnostics, &loaded.sources);
        let exit = worse(self.exit, Exit::of(&self.diagnostics));
        let printed = match args.format {
            Format::Json => console.print(&json::text(&json::document(self.facts))),
            Format::Text if args.quiet => Exit::Done,
            Format::Text => {
                let seconds = start.elapsed().as_secs_f64();
                console.print(&format!("{}\ndone in {seconds:.1} s\n", self.summaries))
            }
        };
        worse(exit, printed)
    }
}

/// What makes this decision again, wherever the specification lies.
fn command(decision: &Decision, args: &Args) -> String {
    let spec = Path::new(&args.spec).file_name();
    let spec = spec.map_or(args.spec.as_str().into(), |name| name.to_string_lossy());
    let word = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
        match !text.is_empty() && text.chars().all(plain) {
            true => text.to_string(),
            false => format!("'{}'", text.replace('\'', r"'\''")),
        }
    };
    let problem = decision.problem;
    let (spec, design) = (word(&spec), word(&problem.design));
    format!(
        "cfxc build {spec} --design {design} --seed {}",
        problem.seed
    )
}

/// A design that an exporter has no files for.
fn of_another_model(problem: &Problem, exporter: &Exporter) -> Diagnostic {
    let (design, model, emit) = (&problem.design, problem.model, exporter.name);
    let wanted = exporter.model.unwrap_or(model);
    Diagnostic::error(
        codes::NOT_READ,
        format!("`{design}` is priced by model `{model}`, and `--emit {emit}` writes the figures of model `{wanted}`"),
    )
    .label(problem.span, "this design")
    .help(format!(
        "write `model {wanted}` in the design, or leave `--emit {emit}` out"
    ))
}

/// Writes what `--emit` asks for beside the decision; the paths.
fn further(decision: &Decision, target: &Target, args: &Args) -> Result<Vec<String>, Diagnostic> {
    let mut paths = Vec::new();
    let asked = EXPORTERS
        .iter()
        .filter(|e| args.emit.iter().any(|asked| asked.name == e.name));
    for exporter in asked {
        let files = (exporter.files)(decision).map_err(|refused| {
            Diagnostic::error(
                codes::NOT_READ,
                format!("`--emit {}`: {}", exporter.name, refused.reason),
            )
            .label(decision.problem.span, "this design")
            .help(format!("leave `--emit {}` out", exporter.name))
        })?;
        for file in files {
            paths.push(target.write_further(&file.ending, &file.text)?);
        }
    }
    Ok(paths)
}
