//! Local fine-tuning by a genetic algorithm (to come).
use super::MethodEntry;
use super::runner::Run;
use crate::ir::problem::Stage;
use crate::ir::registry::MethodSpec;

/// The registry line.
pub const ENTRY: MethodEntry = MethodEntry {
    spec: MethodSpec {
        name: "genetic",
        summary: "fine-tuning",
        refines: true,
        params: &[],
    },
    run: stage,
};

fn stage(_: &mut Run, _: &Stage) {}
