//! The searches: one file per method, and the runner that counts, stops and remembers the best.

mod exact;
mod genetic;
mod mask;
mod reinforce;
pub mod runner;
mod slots;
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
pub const METHODS: &[MethodEntry] = &[reinforce::ENTRY, genetic::ENTRY, exact::ENTRY];

/// The part of the registry that specifications are checked against.
pub const SPECS: [MethodSpec; 3] = [METHODS[0].spec, METHODS[1].spec, METHODS[2].spec];
