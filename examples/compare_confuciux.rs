//! The 32 problems on which ConfuciuX was measured, solved by this compiler; prints
//! `docs/confuciux.md`.
//!
//! `cargo run --release --example compare_confuciux -- [--seeds N] [--search "STAGES"] > docs/confuciux.md`
//!
//! `tests/reference/confuciux_best.csv` has per problem the limit, the best value ConfuciuX reached
//! over its seeds, and the optima an independent solver proved. Exits with 1 if any result is over
//! budget or above ConfuciuX's best.

#[path = "support/paper.rs"]
mod paper;

use cfxc::search::{self, Outcome};
use cfxc::space::{Space, feasible};
use paper::{Case, Design};
use std::sync::atomic::AtomicBool;

fn solve(case: &Case, search: &str, seed: u64) -> Outcome {
    let problem = Design {
        network: &case.network,
        dataflow: case.dataflow,
        model: "maestro",
        technology: "maestro_confuciux",
        objective: &case.objective,
        budget: &case.limit(),
        search,
        seed,
    }
    .problem();
    let refined = problem.stages.iter().any(|s| s.refines);
    let space = Space::new(&problem, refined).unwrap_or_else(|e| panic!("{e:?}"));
    let refuge = feasible::find(&space).unwrap_or_else(|e| panic!("{e:?}"));
    search::run(
        &space,
        Some(&refuge),
        &AtomicBool::new(false),
        &mut search::NoObserver,
    )
}

/// Evaluations until the objective was within `share` of `optimum`.
fn reached(outcome: &Outcome, optimum: f64, share: f64) -> Option<usize> {
    let all = outcome.stages.iter().flat_map(|s| &s.improvements);
    all.filter(|(_, value)| *value <= optimum * (1.0 + share))
        .map(|(n, _)| *n)
        .next()
}

fn median(list: &mut [f64]) -> (f64, f64) {
    list.sort_by(f64::total_cmp);
    (list[list.len() / 2], list[list.len() - 1])
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    let seeds: u64 = value("--seeds").map_or(1, |s| s.parse().expect("--seeds takes a number"));
    let search = value("--search").unwrap_or_default();
    println!(
        "# The paper's problems

Printed by `cargo run --release --example compare_confuciux -- --seeds {seeds}`: the 27
latency-under-area problems and five others on which ConfuciuX was measured (revision 2885eef, 36,673
evaluations a run, up to five seeds), with the same tables, cost model, setting, menu and limits
(`tests/reference/confuciux_best.csv`). `cfxc` is the worst of {seeds} seed(s); the optimum is
the one an independent MILP solver proved for the refined menu (PEs 1..=128 x buffer 1..=12). cycles
for latency, nJ for energy.

| network | dataflow | objective | budget | ConfuciuX, best seed | cfxc, worst seed | to ConfuciuX | to the optimum | certified gap |
|---|---|---|---|---:|---:|---:|---:|---:|"
    );
    let mut first_stage: Vec<f64> = Vec::new();
    let mut results: Vec<f64> = Vec::new();
    let mut near: Vec<f64> = Vec::new();
    let mut nearer: Vec<f64> = Vec::new();
    let mut evaluations = 0;
    let mut missed = 0;
    for case in paper::cases() {
        let mut worst: f64 = 0.0;
        let mut gap: f64 = 0.0;
        for seed in 1..=seeds {
            let outcome = solve(&case, &search, seed);
            let best = outcome.best.as_ref().expect("a result");
            assert!(best.evaluation.feasible(), "over budget");
            let certificate = outcome.certificate.as_ref().expect("a certificate");
            worst = worst.max(certificate.value);
            gap = gap.max(certificate.gap);
            results.push(certificate.value / case.refined_optimum);
            first_stage.extend(outcome.stages[0].value.map(|v| v / case.coarse_optimum));
            if case.coarse_optimum <= case.refined_optimum * 1.05 {
                let n = reached(&outcome, case.refined_optimum, 0.05);
                near.push(n.map_or(f64::INFINITY, |n| n as f64));
            }
            let n = reached(&outcome, case.refined_optimum, 0.01);
            nearer.push(n.map_or(f64::INFINITY, |n| n as f64));
            evaluations = evaluations.max(outcome.stages.iter().map(|s| s.evaluations).sum());
        }
        missed += usize::from(worst > case.theirs);
        println!(
            "| {} | {} | {} | {} {} % | {:.0} | {worst:.0} | {:.4} | {:.5} | {:.3} % |",
            case.network,
            case.dataflow,
            case.objective,
            case.budget,
            case.share * 100.0,
            case.theirs,
            worst / case.theirs,
            worst / case.refined_optimum,
            gap * 100.0,
        );
    }
    let (stage_median, stage_worst) = median(&mut first_stage);
    let (median_result, worst_result) = median(&mut results);
    println!(
        "
- Problems on which the worst seed is above ConfuciuX's best: {missed} of 32.
- The first stage alone, to the proven coarse optimum: median {stage_median:.4}, worst {stage_worst:.4}.
- The result, to the proven refined optimum: median {median_result:.5}, worst {worst_result:.5}.
- Evaluations to within 5 % of the refined optimum, where the coarse optimum is that near: median {}.
- Evaluations to within 1 % of the refined optimum: median {}.
- Evaluations of a run: at most {evaluations}.",
        median(&mut near).0,
        median(&mut nearer).0,
    );
    std::process::exit(i32::from(missed > 0));
}
