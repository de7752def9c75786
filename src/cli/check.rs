//! `cfxc check`: looks for mistakes without building anything.

use super::console::Console;
use super::exit::Exit;
use super::files::{self, Loaded};
use super::{findings, infeasible};
use crate::base::span::SourceMap;
use crate::diag::{Code, Diagnostic, Severity, codes};
use crate::emit::number::counted;
use crate::space::{Grid, Space, probe};
use std::collections::BTreeSet;

/// Look for mistakes in specifications, without building anything
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc check spec.cfx
  cfxc check specs/*.cfx --message-format short

Names, units, shapes and types are checked, that every layer has a price somewhere in the menu
(once 524,288 prices were refused, layers that most points refuse are left to `cfxc build`), and,
of designs with up to 60,000 prices together, which limits, expectations and PEs make no
difference, and where the model counts other MACs than a layer has.
Whether the budgets can be met is found by `cfxc build`, before it searches.")]
pub struct Args {
    /// Specifications
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<String>,
}

/// Of the designs of a specification that have at most so many prices together, in their order, it is
/// told what makes no difference: a fraction of a second. Of the others `cfxc build` tells it.
const MOST_PRICES: usize = 60_000;

/// What the prices of the designs give reason to say.
fn priced(loaded: &Loaded) -> Vec<Diagnostic> {
    let mut spaces = Vec::new();
    let mut left = MOST_PRICES;
    for problem in &loaded.analysis.problems {
        let refined = problem.stages.iter().any(|s| s.refines);
        let grid = Grid::new(&problem.menu, problem.dataflows.len(), refined, &[]);
        let prices = grid
            .size()
            .and_then(|n| n.checked_mul(problem.shapes.len()));
        let Some(rest) = prices.and_then(|n| left.checked_sub(n)) else {
            continue;
        };
        left = rest;
        // What has no price was told.
        spaces.extend(Space::new(problem, refined));
    }
    let mut found = findings::before(spaces.iter(), loaded);
    found.extend(spaces.iter().filter_map(findings::model_macs_everywhere));
    found
}

/// A cluster that no menu fills is one mistake: the error of the layer without a price has the place and
/// the remedy of the warning.
fn join_refused(refused: &mut [Diagnostic], found: &mut Vec<Diagnostic>) {
    found.retain(|warning| {
        let mut follow = refused.iter_mut().filter(|error| {
            warning.code == codes::TOO_FEW_PES
                && error.labels.first().map(|l| l.span) == warning.labels.first().map(|l| l.span)
        });
        let Some(error) = follow.next() else {
            return true;
        };
        error.labels.extend(warning.labels.iter().skip(1).cloned());
        error.help.clone_from(&warning.help);
        false
    });
}

/// What a diagnostic says of which places, in whatever order: files that use each other in a circle
/// may be entered at any of them.
fn places(diagnostic: &Diagnostic, sources: &SourceMap) -> (Code, Vec<(String, u32, u32, String)>) {
    let labels = diagnostic.labels.iter().map(|l| {
        let file = sources.get(l.span.file).name.clone();
        (file, l.span.start, l.span.end, l.text.clone())
    });
    let mut places: Vec<_> = labels.collect();
    places.sort();
    if places.is_empty() {
        places.push((String::new(), 0, 0, diagnostic.message.clone()));
    }
    (diagnostic.code, places)
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let mut all = Vec::new();
    let mut designs = 0;
    let mut networks = 0;
    // What stands in a file that several specifications use is told once.
    let mut told = BTreeSet::new();
    for spec in &args.specs {
        let mut loaded = files::load(spec);
        // Of each sound design the layers that no point of its menu can map.
        let problems = loaded.analysis.problems.iter();
        let refused = problems.flat_map(|problem| {
            let errors = probe::refused_everywhere(problem).into_iter();
            errors.map(|error| infeasible::no_space(problem, &error, &loaded.sources))
        });
        let mut refused: Vec<_> = refused.collect();
        join_refused(&mut refused, &mut loaded.analysis.diagnostics);
        loaded.analysis.diagnostics.extend(refused);
        let found = priced(&loaded);
        loaded.analysis.diagnostics.extend(found);
        let found = &mut loaded.analysis.diagnostics;
        found.retain(|d| told.insert(places(d, &loaded.sources)));
        console.show(&loaded.analysis.diagnostics, &loaded.sources);
        designs += loaded.analysis.problems.len();
        networks += loaded.analysis.networks.len();
        all.push(loaded);
    }
    let count = |severity| {
        all.iter()
            .flat_map(|l| &l.analysis.diagnostics)
            .filter(|d| d.severity == severity)
            .count()
    };
    let mut found = Vec::new();
    for severity in [Severity::Error, Severity::Warning] {
        let n = count(severity);
        if n > 0 {
            found.push(counted(n, severity.name()));
        }
    }
    let found = if found.is_empty() {
        format!(
            "no mistakes, {}, {} declared",
            counted(designs, "sound design"),
            counted(networks, "network")
        )
    } else {
        found.join(", ")
    };
    console.remark(&format!("{}: {found}", counted(all.len(), "file")));
    let exits = all.iter().map(|l| Exit::of(&l.analysis.diagnostics));
    exits.max_by_key(|e| e.code()).unwrap_or(Exit::Done)
}
