//! `cfxc watch`: decides anew whenever a file of the specification is saved, and says what changed.

use super::build::{self, worse};
use super::console::Console;
use super::exit::Exit;
use super::files::{self, Loaded};
use super::judge::judge;
use super::stamps::Stamps;
use super::{designs, findings, infeasible, locking, stop};
use crate::diag::{Diagnostic, codes};
use crate::emit::number::counted;
use crate::emit::{Decision, insight};
use crate::ir::problem::Problem;
use crate::lock::{Difference, Entry};
use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// So long between two looks at the files.
const PAUSE: Duration = Duration::from_millis(250);
/// So long files must look the same before they are read: an editor may write in several steps.
const SETTLED: Duration = Duration::from_millis(50);

/// Decide anew whenever a specification is saved, and show what changed
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc watch spec.cfx
  cfxc watch spec.cfx --design edge_npu
  cfxc watch spec.cfx --rounds 1

The specification and every file that it uses are looked at four times a second; only other contents
count. A round prints what is wrong, or the decision of each design in one line and what changed
against the last one. Nothing is written, neither files nor a lock: `cfxc build` does that. A save
during a search stops it, and the round begins again. Ctrl-C ends the command with exit code 130;
after --rounds it ends as its last round did.")]
pub struct Args {
    /// Specification
    spec: String,
    /// Only this design
    #[arg(long, value_name = "NAME")]
    design: Option<String>,
    /// End after so many rounds; one that a save stopped is not counted
    #[arg(long, value_name = "N")]
    rounds: Option<NonZeroU64>,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    // Nothing is written that could be left half done.
    stop::end_at_once();
    if !Path::new(&args.spec).is_file() {
        console.fail(no_file(&args.spec));
        return Exit::Files;
    }
    let mut watch = Watch {
        args,
        console,
        seen: Stamps::default(),
        last: BTreeMap::new(),
    };
    let mut round = 1;
    let mut heading = "round 1".to_string();
    loop {
        console.print(&format!("{heading}\n"));
        let start = Instant::now();
        let ended = watch.round();
        let all = args.rounds.is_some_and(|rounds| round >= rounds.get());
        match ended {
            Some(exit) if all || console.unread() => return exit,
            Some(_) => watch.wait_hint(start.elapsed()),
            None => {}
        }
        let changes = watch.wait(ended.is_none());
        heading = match ended {
            Some(_) => {
                round += 1;
                format!("\nround {round}")
            }
            None => format!("round {round}, again"),
        };
        if !changes.is_empty() {
            heading += &format!(": {}", changes.join(", "));
        }
    }
}

/// A specification that cannot be watched.
fn no_file(spec: &str) -> Diagnostic {
    let reason = match Path::new(spec).exists() {
        false => "there is no such file",
        true => "only a regular file can change",
    };
    Diagnostic::error(codes::UNREADABLE, format!("cannot watch {spec}: {reason}"))
        .help("check the path")
}

struct Watch<'a> {
    args: &'a Args,
    console: &'a Console,
    /// The files as the last round read them.
    seen: Stamps,
    /// The last decision of each design.
    last: BTreeMap<String, Entry>,
}

impl Watch<'_> {
    /// Reads everything, decides and tells. `None` if a save stopped it.
    fn round(&mut self) -> Option<Exit> {
        let console = self.console;
        console.forget_warnings();
        let loaded = self.load();
        console.show(&loaded.analysis.diagnostics, &loaded.sources);
        if loaded.analysis.has_errors() {
            return Some(Exit::of(&loaded.analysis.diagnostics));
        }
        if console.denied() {
            return Some(console.judged(Exit::Done));
        }
        let problems = match designs::select(&loaded, self.args.design.as_deref()) {
            Ok(problems) => problems,
            Err(diagnostic) => {
                console.fail(diagnostic);
                return Some(Exit::Usage);
            }
        };
        if problems.is_empty() {
            console.fail(designs::none(&self.args.spec));
            return Some(Exit::Wrong);
        }
        let stop = AtomicBool::new(false);
        let seen = self.seen.clone();
        std::thread::scope(|scope| {
            // The thread ends with this end of its channel, whatever happens here.
            let (_deciding, end) = mpsc::channel::<()>();
            let (stop, seen) = (&stop, &seen);
            let look = move || {
                while end.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                    if seen.again() != *seen {
                        stop.store(true, Ordering::SeqCst);
                        return;
                    }
                }
            };
            // Without a thread a save does not stop the search: it is seen afterwards.
            let _ = std::thread::Builder::new().spawn_scoped(scope, look);
            self.decide(&problems, &loaded, stop)
        })
    }

    /// The specification as it is once its files no longer change.
    fn load(&mut self) -> Loaded {
        loop {
            let loaded = files::load(&self.args.spec);
            let now = Stamps::of(&loaded.asked, &self.seen);
            if now == self.seen {
                return loaded;
            }
            self.seen = now;
        }
    }

    fn decide(&mut self, problems: &[Problem], loaded: &Loaded, stop: &AtomicBool) -> Option<Exit> {
        let console = self.console;
        let ready = build::prepare(problems, loaded, stop);
        let stopped = || stop.load(Ordering::SeqCst);
        if stopped() {
            return None;
        }
        let ready = match ready {
            Ok(ready) => ready,
            Err(diagnostics) => {
                console.show(&diagnostics, &loaded.sources);
                return Some(Exit::Wrong);
            }
        };
        let found = findings::before(ready.iter().map(|r| &r.space), loaded);
        console.show(&found, &loaded.sources);
        let outcomes = build::search_all(&ready, stop, console.progress);
        if stopped() {
            return None;
        }
        let mut decisions = Vec::new();
        let mut diagnostics = Vec::new();
        for (ready, outcome) in ready.iter().zip(&outcomes) {
            match Decision::new(&ready.space, outcome) {
                Some(decision) => decisions.push(decision),
                None => diagnostics.push(infeasible::nothing_found(&ready.space)),
            }
        }
        let mut judged: Vec<&mut Decision> = decisions.iter_mut().collect();
        for text in judge(&mut judged, None, &loaded.analysis.problems) {
            console.remark(&text);
        }
        diagnostics.extend(decisions.iter().flat_map(findings::of));
        for diagnostic in &mut diagnostics {
            if diagnostic.code == codes::EXPECTATION {
                diagnostic.help = Some("mend the design, or change what is expected".to_string());
            }
        }
        console.show(&diagnostics, &loaded.sources);
        let mut text = String::new();
        for decision in &decisions {
            text += &self.told(decision);
        }
        self.last.retain(|design, _| {
            let is_there = loaded.analysis.designs.contains(design);
            if !is_there {
                text += &format!("{design} is gone\n");
            }
            is_there
        });
        let exit = Exit::of(&diagnostics);
        Some(worse(exit, console.print(&text)))
    }

    /// A decision in one line, and what is not as it was.
    fn told(&mut self, decision: &Decision) -> String {
        let design = &decision.problem.design;
        let mut text = format!("{design}: {}\n", insight::headline(decision));
        // The heading of the round says which files have changed.
        let Some(entry) = Entry::of(decision, &BTreeMap::new()) else {
            return text;
        };
        if let Some(before) = self.last.get(design) {
            let difference = Difference::between(before, &entry);
            let mut lines = difference.lines(&entry.certificate.objective, locking::SHOWN);
            if lines.is_empty() {
                lines.push("as before".to_string());
            }
            for line in lines {
                text += &format!("  {line}\n");
            }
        }
        self.last.insert(design.clone(), entry);
        text
    }

    /// Says to somebody at a terminal that the command waits.
    fn wait_hint(&self, took: Duration) {
        let files = counted(self.seen.len(), "file");
        let seconds = took.as_secs_f64();
        self.console.hint(&format!(
            "took {seconds:.1} s; waiting for a change of {files} (Ctrl-C ends)"
        ));
    }

    /// Waits until a file has changed, unless one has, and until it no longer changes; what changed.
    fn wait(&mut self, has_changed: bool) -> Vec<String> {
        let mut now = self.seen.again();
        while !has_changed && now == self.seen {
            std::thread::sleep(PAUSE);
            now = now.again();
        }
        loop {
            std::thread::sleep(SETTLED);
            let next = now.again();
            if next == now {
                break;
            }
            now = next;
        }
        let changes = self.seen.changes(&now);
        self.seen = now;
        changes
    }
}
