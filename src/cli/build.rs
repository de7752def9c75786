//! `cfxc build`: the main job, from specification to decision to files.

use super::console::Console;
use super::designs;
use super::exit::Exit;
use super::files::{self, Loaded};
use super::output::Target;
use super::progress::{Bar, Bars};
use super::stop::{Stopper, TimeLimit};
use super::{findings, infeasible};
use crate::certify;
use crate::diag::{Diagnostic, codes};
use crate::emit::exporters::{self, EXPORTERS, Exporter};
use crate::emit::{Decision, json, markdown, summary};
use crate::ir::problem::Problem;
use crate::search::{self, Outcome};
use crate::space::{Point, Space, feasible};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use rayon::prelude::*;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Decide the designs of a specification and write the decisions
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc build spec.cfx
  cfxc build spec.cfx --design edge_npu --out reports --seed 3
  cfxc build spec.cfx --time-limit 2min
  cfxc build spec.cfx --emit sv --emit toml
  cfxc build spec.cfx --format json | jq '.designs[].metrics'

For each design DIR/<design>.json and DIR/<design>.md are written. Equal specifications, seeds and
versions give equal files, whatever the number of threads. Whether the budgets can be met is found
before any search. Ctrl-C stops the search and keeps the best so far; so does --time-limit, and what
was stopped is marked as not reproducible.")]
pub struct Args {
    /// Specification
    spec: String,
    /// Only this design
    #[arg(long, value_name = "NAME")]
    design: Option<String>,
    /// Directory of the files
    #[arg(long, value_name = "DIR", default_value = "build")]
    out: String,
    /// Seed instead of the specification's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
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
    quiet: bool,
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
    // It can only fail if there is a pool already, and nobody else makes one.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(super::threads(args.jobs))
        .build_global();
    let loaded = files::load(&args.spec);
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
    let stopper = Stopper::new(args.time_limit.as_ref(), start);
    let ready = match prepare(&problems, &loaded, stopper.flag()) {
        Ok(ready) => ready,
        Err(diagnostics) => {
            console.show(&diagnostics, &loaded.sources);
            return Exit::Wrong;
        }
    };
    let targets: Result<Vec<Target>, Diagnostic> = problems
        .iter()
        .map(|p| Target::prepare(&args.out, &p.design))
        .collect();
    let targets = match targets {
        Ok(targets) => targets,
        Err(diagnostic) => {
            console.fail(diagnostic);
            return Exit::Files;
        }
    };
    let outcomes = search_all(&ready, stopper.flag(), console.progress && !args.quiet);
    let stopped_by = stopper.by();
    let text = (args.format == Format::Text && !args.quiet).then_some(console);
    let mut report = Report {
        exit: Exit::Done,
        facts: Vec::new(),
        summaries: String::new(),
        diagnostics: Vec::new(),
    };
    for ((ready, outcome), target) in ready.iter().zip(&outcomes).zip(&targets) {
        if outcome.interrupted && stopper.by_user() {
            report.exit = Exit::Interrupted;
        }
        let stopped_by = outcome.interrupted.then_some(stopped_by.as_str());
        report.add(&ready.space, outcome, stopped_by, target, args, text);
    }
    console.show(&report.diagnostics, &loaded.sources);
    let exit = worse(report.exit, Exit::of(&report.diagnostics));
    let printed = match args.format {
        Format::Json => console.print(&json::text(&json::document(report.facts))),
        Format::Text if args.quiet => Exit::Done,
        Format::Text => {
            let seconds = start.elapsed().as_secs_f64();
            console.print(&format!("{}\ndone in {seconds:.1} s\n", report.summaries))
        }
    };
    worse(exit, printed)
}

/// The exit that says more.
fn worse(a: Exit, b: Exit) -> Exit {
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
struct Ready<'p> {
    space: Space<'p>,
    /// An assignment within all budgets; `None` if there may be none.
    refuge: Option<Vec<Point>>,
}

/// Prices the designs and proves that their budgets can be met, or says why not.
fn prepare<'p>(
    problems: &'p [Problem],
    loaded: &Loaded,
    stop: &AtomicBool,
) -> Result<Vec<Ready<'p>>, Vec<Diagnostic>> {
    let sources = &loaded.sources;
    let one = |problem: &'p Problem| {
        let refined = problem.stages.iter().any(|s| s.refines);
        let mut space =
            Space::new(problem, refined).map_err(|e| infeasible::no_space(problem, &e, sources))?;
        let refuge = match feasible::find(&space) {
            Ok(refuge) => Some(refuge),
            // Budgets that interact: the exact solver settles what the quick proof leaves open.
            Err(None) => {
                let proof = certify::prove_until(&space, None, certify::STATES, stop);
                if proof.best.is_none() && proof.bound == f64::INFINITY {
                    let relaxation =
                        certify::least_relaxation_until(&mut space, certify::STATES, stop);
                    return Err(infeasible::excluded(&space, relaxation));
                }
                let keeps = |a: &Vec<Point>| space.evaluate(a).is_some_and(|e| e.feasible());
                proof.best.filter(keeps)
            }
            Err(Some(proof)) => return Err(infeasible::infeasible(&space, &proof, sources)),
        };
        Ok(Ready { space, refuge })
    };
    let all: Vec<Result<Ready, Diagnostic>> = problems.par_iter().map(one).collect();
    let mut ready = Vec::new();
    let mut wrong = Vec::new();
    for result in all {
        match result {
            Ok(r) => ready.push(r),
            Err(d) => wrong.push(d),
        }
    }
    if wrong.is_empty() {
        Ok(ready)
    } else {
        Err(wrong)
    }
}

/// Searches all designs at once; the outcomes are in their order.
fn search_all(ready: &[Ready], stop: &AtomicBool, visible: bool) -> Vec<Outcome> {
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
struct Report {
    exit: Exit,
    facts: Vec<serde_json::Value>,
    summaries: String,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Writes the files of a design and keeps what is to be printed of it.
    fn add(
        &mut self,
        space: &Space,
        outcome: &Outcome,
        stopped_by: Option<&str>,
        target: &Target,
        args: &Args,
        text: Option<&Console>,
    ) {
        let Some(mut decision) = Decision::new(space, outcome) else {
            self.diagnostics.push(infeasible::nothing_found(space));
            return;
        };
        decision.stopped_by = stopped_by;
        self.diagnostics.extend(findings::of(&decision));
        let facts = json::design(&decision);
        let document = json::text(&json::document(vec![facts.clone()]));
        self.facts.push(facts);
        if let Err(diagnostic) = target.write(&document, &markdown::report(&decision)) {
            self.diagnostics.push(diagnostic);
            return;
        }
        let further = match further(&decision, target, args) {
            Ok(further) => further,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                return;
            }
        };
        if let Some(console) = text {
            let report = target.report.display().to_string();
            if !self.summaries.is_empty() {
                self.summaries.push('\n');
            }
            self.summaries
                .push_str(&summary::summary(&decision, console.style, Some(&report)));
            self.summaries
                .push_str(&format!("\nwrote {} and {report}", target.json.display()));
            for path in further {
                self.summaries.push_str(&format!("\nwrote {path}"));
            }
        }
    }
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
                format!("`--emit {}`: {}", exporter.name, refused.0),
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
