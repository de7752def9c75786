//! `cfxc accept`: takes decisions that wait beside the lock into it, whole or layer by layer.

use super::console::Console;
use super::designs;
use super::exit::Exit;
use super::files::{self, Loaded};
use super::locking::{self, Held};
use super::review::{Reviewer, Wish};
use crate::base::span::SourceMap;
use crate::diag::{Diagnostic, codes};
use crate::emit::number::{amount, counted};
use crate::ir::problem::Problem;
use crate::lock::{self, Difference, Entry, LayerChoice, Mixed};
use std::collections::BTreeMap;

/// Take decisions that `test` or `build --locked` found different into the lock
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc accept spec.cfx
  cfxc accept spec.cfx --list
  cfxc accept spec.cfx --review
  cfxc accept spec.cfx --design edge_npu
  cfxc accept spec.cfx --design edge_npu --layer conv1 --layer fc

What waits is in spec.lock.new. Taken layer by layer, the other layers keep what the lock has; the whole
is priced again, and is not taken if it exceeds a budget.")]
pub struct Args {
    /// Specification
    spec: String,
    /// Only this design
    #[arg(long, value_name = "NAME")]
    design: Option<String>,
    /// Only the choice of this layer; may be given several times
    #[arg(long = "layer", value_name = "LAYER")]
    layers: Vec<String>,
    /// Show what waits and take nothing
    #[arg(long, conflicts_with = "layers")]
    list: bool,
    /// Ask for every decision that waits, or layer by layer
    #[arg(long, conflicts_with_all = ["layers", "list"])]
    review: bool,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let mut loaded = files::load(&args.spec);
    if loaded.analysis.has_errors() {
        console.show(&loaded.analysis.diagnostics, &loaded.sources);
        return Exit::of(&loaded.analysis.diagnostics);
    }
    let problems = match designs::select(&loaded, args.design.as_deref()) {
        Ok(problems) => problems,
        Err(diagnostic) => {
            console.fail(diagnostic);
            return Exit::Usage;
        }
    };
    match taken(args, &problems, &mut loaded, console) {
        Ok(text) => console.print(&text),
        Err(diagnostic) => {
            let exit = Exit::of(std::slice::from_ref(&diagnostic));
            console.show(&[diagnostic], &loaded.sources);
            exit
        }
    }
}

fn refused(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::NOT_ACCEPTED, message)
}

/// Takes what is asked for, and says what was taken.
fn taken(
    args: &Args,
    problems: &[Problem],
    loaded: &mut Loaded,
    console: &Console,
) -> Result<String, Diagnostic> {
    let held = Held::open(&args.spec, loaded)?.ok_or_else(|| locking::no_place(&args.spec))?;
    let mut waiting = held.waiting(loaded)?;
    let found: Vec<(&Problem, Entry)> = problems
        .iter()
        .filter_map(|p| Some((p, waiting.designs.get(&p.design)?.clone())))
        .collect();
    let again = format!("`cfxc test {}` decides again and compares", held.spec);
    if found.is_empty() {
        let what = match &args.design {
            Some(design) => format!("no decision of `{design}` waits"),
            None => "no decision waits".to_string(),
        };
        return Err(refused(format!("{what} beside {}", held.name())).help(again));
    }
    for (problem, entry) in &found {
        if !held.is_fresh(entry, problem) {
            return Err(refused(format!(
                "what waits for `{}` was decided from other inputs than those of now",
                problem.design
            ))
            .label(problem.span, "this design")
            .help(again));
        }
    }
    if !args.layers.is_empty() && found.len() > 1 {
        let names: Vec<&str> = found.iter().map(|(p, _)| p.design.as_str()).collect();
        return Err(
            refused("several designs wait, and a layer is of one of them")
                .help(format!("choose one with `--design`: {}", names.join(", "))),
        );
    }
    let mut entries = BTreeMap::new();
    let mut out = String::new();
    let mut rejected = false;
    for (problem, after) in &found {
        let design = &problem.design;
        let before = held.entry(design);
        let (wish, entry) = if args.review {
            reviewed(problem, before, after, &held, &loaded.sources, console)
        } else {
            let wish = match args.layers.is_empty() {
                true => Wish::Whole,
                false => Wish::Layers(args.layers.clone()),
            };
            let entry = wished(&wish, problem, before, after, &held)?;
            (wish, entry)
        };
        let Some(entry) = entry else {
            if wish == Wish::Reject {
                waiting.designs.remove(design);
                rejected = true;
                out += &format!("{design}\n  rejected; the lock is as it was\n");
            } else {
                out += &format!("{design}\n  still waits\n");
            }
            continue;
        };
        out += &compared(design, before, &entry);
        out.push('\n');
        if !args.list {
            let rest = Difference::between(&entry, after);
            if rest.layers.is_empty() {
                waiting.designs.remove(design);
            } else {
                out += &format!(
                    "  {} of `{design}` still wait\n",
                    counted(rest.moved(), "layer")
                );
            }
        }
        entries.insert(design.clone(), entry);
    }
    if args.list {
        return Ok(out + &format!("in {}; nothing was taken\n", held.pending.display()));
    }
    if entries.is_empty() && !rejected {
        return Ok(out + "nothing was taken\n");
    }
    let changed = !entries.is_empty();
    if changed {
        held.write(&held.with(entries, false))?;
        out += &format!("wrote {}\n", held.name());
    }
    held.let_wait(&waiting)?;
    Ok(out)
}

/// How a decision differs from what the lock has.
fn compared(design: &str, before: Option<&Entry>, entry: &Entry) -> String {
    match before {
        Some(before) => {
            let difference = Difference::between(before, entry);
            locking::told(design, &difference, entry)
        }
        None => format!("{design}\n  new, {}", counted(entry.layers.len(), "layer")),
    }
}

/// What the lock gets; `None` if that is nothing.
fn wished(
    wish: &Wish,
    problem: &Problem,
    before: Option<&Entry>,
    after: &Entry,
    held: &Held,
) -> Result<Option<Entry>, Diagnostic> {
    match wish {
        Wish::Reject | Wish::Later => Ok(None),
        Wish::Whole => {
            checked(problem, after)?;
            Ok(Some(after.clone()))
        }
        Wish::Layers(layers) => {
            let before = before.ok_or_else(|| {
                let design = &problem.design;
                refused(format!("the lock has no decision of `{design}` to keep"))
                    .label(problem.span, "this design")
                    .help("take it whole: leave `--layer` out")
            })?;
            mixed(problem, before, after, layers, held).map(Some)
        }
    }
}

/// Asks until the answer can be done.
fn reviewed(
    problem: &Problem,
    before: Option<&Entry>,
    after: &Entry,
    held: &Held,
    sources: &SourceMap,
    console: &Console,
) -> (Wish, Option<Entry>) {
    let told = compared(&problem.design, before, after);
    let difference = before.map(|before| Difference::between(before, after));
    let mut reviewer = Reviewer {
        answers: &mut std::io::stdin().lock(),
        questions: &mut std::io::stderr().lock(),
    };
    loop {
        let wish = reviewer.wish(&told, difference.as_ref());
        match wished(&wish, problem, before, after, held) {
            Ok(entry) => return (wish, entry),
            Err(diagnostic) => console.show(&[diagnostic], sources),
        }
    }
}

/// That what waits is what it says: the file may have been changed by hand.
fn checked(problem: &Problem, entry: &Entry) -> Result<(), Diagnostic> {
    lock::locked(entry, problem, false)
        .map(|_| ())
        .map_err(|_| {
            refused(format!(
                "what waits for `{}` is not what its choices cost",
                problem.design
            ))
            .label(problem.span, "this design")
            .help("was the file changed by hand? `cfxc test` decides again")
        })
}

/// The locked decision with the choices of some layers taken from the one that waits.
fn mixed(
    problem: &Problem,
    before: &Entry,
    after: &Entry,
    layers: &[String],
    held: &Held,
) -> Result<Entry, Diagnostic> {
    let design = &problem.design;
    let at = |name: &str| {
        let found = problem.layers.iter().find(|l| l.name == name);
        found.map_or(problem.span, |l| l.span)
    };
    let get = |entry: &Entry, name: &str| -> Option<LayerChoice> {
        entry.layers.iter().find(|l| l.name == name).cloned()
    };
    for name in layers {
        let Some(new) = get(after, name) else {
            let known = after.layers.iter().map(|l| l.name.as_str());
            return Err(designs::unknown("layer", name, known));
        };
        if get(before, name).is_some_and(|old| old.same_choice(&new)) {
            let moved = Difference::between(before, after).layers;
            let moved = moved.into_iter().filter(|l| l.other_choice());
            let names: Vec<String> = moved.map(|l| l.name).take(5).collect();
            return Err(
                refused(format!("layer `{name}` has the same choice in both"))
                    .label(at(name), "nothing to take")
                    .help(format!("others are, among others: {}", names.join(", "))),
            );
        }
    }
    let mut chosen = Vec::new();
    for new in &after.layers {
        let kept = get(before, &new.name);
        if layers.contains(&new.name) {
            chosen.push(new.clone());
        } else if let Some(kept) = kept {
            chosen.push(kept);
        } else {
            return Err(
                refused(format!("the lock has no choice for layer `{}`", new.name))
                    .label(at(&new.name), "a new layer")
                    .help(format!("take it too: `--layer {}`", new.name)),
            );
        }
    }
    lock::mixed(problem, after, chosen, &held.inputs).map_err(|why| {
        let help = "take further layers with it, or the decision whole";
        match why {
            Mixed::OverBudget { used, limit } => {
                let quantity = limit.metric.quantity();
                refused(format!(
                    "`{design}` would have {} of {} then, and {} is allowed",
                    amount(quantity, used),
                    limit.metric.name(),
                    amount(quantity, limit.limit)
                ))
                .label(limit.span, "this budget would be exceeded")
                .help(format!("{help}; the lock is as it was"))
            }
            Mixed::Unfit(reason) => refused(format!(
                "the choices of `{design}` do not go together: {reason}"
            ))
            .label(problem.span, "this design")
            .help(help),
        }
    })
}
