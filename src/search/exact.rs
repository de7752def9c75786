//! The exact solver as a search method: takes the best assignment that the certificate's solver
//! meets over everything the layers may take, an optimum wherever the proof closes.

use super::MethodEntry;
use super::runner::Run;
use crate::ir::problem::Stage;
use crate::ir::registry::{MethodSpec, ParamDefault, ParamKind, ParamSpec};

/// The registry line.
pub const ENTRY: MethodEntry = MethodEntry {
    spec: MethodSpec {
        name: "exact",
        summary: "exact solution over coarse and refined values, proved wherever it closes",
        refines: true,
        sequential: true,
        params: &[ParamSpec {
            name: "states",
            kind: ParamKind::Whole(1, 100_000_000),
            default: ParamDefault::Number(3_000_000.0),
            summary: "partial assignments the solver may look at",
        }],
    },
    run: stage,
};

fn stage(run: &mut Run, stage: &Stage) {
    run.announce(ENTRY.spec.name, 1);
    for (layer, points) in run.space.fine.iter().enumerate() {
        // The solver weighs every point of every layer.
        points.iter().for_each(|&p| run.ask(layer, p));
    }
    let known = run.best.as_ref().map(|b| b.assignment.clone());
    let proof = run.prove(known.as_ref(), stage.whole("states"));
    if let Some(best) = &proof.best {
        run.evaluate(best);
    }
    run.proof = Some(proof);
}
