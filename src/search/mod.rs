//! The searches: one file per method, and the runner that counts, stops and remembers the best.

mod exact;
mod genetic;
mod mask;
mod paper;
mod pool;
mod reinforce;
pub mod runner;
mod slots;
mod trim;
mod walk;

use crate::ir::problem::Stage;
use crate::ir::registry::MethodSpec;
use runner::Run;
pub use runner::{Found, NoObserver, Observer, Outcome, Simpler, StageReport, run};

/// A registered method: what a specification may know of it, and how to run it.
#[derive(Clone, Copy)]
pub struct MethodEntry {
    /// Name, summary, parameters.
    pub spec: MethodSpec,
    /// Improves on the best known of the run, if there is one, within the stage's limits.
    run: fn(&mut Run<'_, '_>, &Stage),
}

/// Every search method.
pub const METHODS: &[MethodEntry] = &[reinforce::ENTRY, paper::ENTRY, genetic::ENTRY, exact::ENTRY];

/// The part of the registry that specifications are checked against.
pub const SPECS: [MethodSpec; METHODS.len()] = {
    let mut specs = [METHODS[0].spec; METHODS.len()];
    let mut at = 0;
    while at < specs.len() {
        specs[at] = METHODS[at].spec;
        at += 1;
    }
    specs
};
