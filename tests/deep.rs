//! What large designs rely on: the quick greedy comparison takes the steps of the plain one, and
//! a proof that is cut short still holds.

#[path = "support/problem.rs"]
mod support;

use cfxc::certify::{self, Why, simple};
use cfxc::ir::metric::Metric;
use cfxc::ir::problem::Problem;
use cfxc::space::{Assignment, Point, Space, feasible};
use std::sync::atomic::AtomicBool;

/// Two blocks of one shape, a pin in one of them.
fn problem(budget: &str, objective: &str, rest: &str) -> Problem {
    support::problem(&format!(
        "network deep {{
          input image [3, 32, 32]
          stem = conv(image) {{ filters = 16, kernel = 3x3, stride = 2, pad = 1 }}
          a1 = conv(stem) {{ filters = 8, kernel = 1x1 }}
          a2 = conv(a1) {{ filters = 8, kernel = 3x3, pad = 1 }}
          a3 = conv(a2) {{ filters = 16, kernel = 1x1 }}
          as = add(stem, a3)
          b1 = conv(as) {{ filters = 8, kernel = 1x1 }}
          b2 = conv(b1) {{ filters = 8, kernel = 3x3, pad = 1 }}
          b3 = conv(b2) {{ filters = 16, kernel = 1x1 }}
          bs = add(as, b3)
        }}
        menu levels {{
          pes    in [1, 2, 3, 4, 6, 8]
          buffer in [1, 2, 3, 4] per layer
        }}
        budget limits {{ {budget} }}
        design deep {{
          network deep
          dataflow std.dataflows.nvdla
          menu levels
          budget limits
          {objective}
          {rest}
        }}"
    ))
}

/// The step of one layer that gains most of the objective per share of the budgets, again and again.
fn plain(space: &Space, metric: Metric, start: &[Point]) -> Assignment {
    let sums = space.sum_limits();
    let mut assignment = start.to_vec();
    let share =
        |limit: usize, layer: usize, point: Point| space.weight(sums[limit].weight, layer, point);
    let mut used: Vec<f64> = (0..sums.len())
        .map(|b| {
            let weights = start.iter().enumerate().map(|(l, &p)| share(b, l, p));
            weights.sum::<f64>() / sums[b].bound
        })
        .collect();
    loop {
        let mut best: Option<(f64, usize, Point, Vec<f64>)> = None;
        for (layer, points) in space.fine.iter().enumerate() {
            let from = assignment[layer];
            for &to in points {
                let gain = space.weight(metric, layer, from) - space.weight(metric, layer, to);
                let change =
                    |b: usize| (share(b, layer, to) - share(b, layer, from)) / sums[b].bound;
                let changes: Vec<f64> = (0..sums.len()).map(change).collect();
                let fits = used.iter().zip(&changes).all(|(u, c)| u + c <= 1.0 - 1e-12);
                let price: f64 = changes.iter().map(|c| c.max(0.0)).sum();
                let score = gain / price.max(1e-12);
                if gain > 0.0 && fits && best.as_ref().is_none_or(|b| score > b.0) {
                    best = Some((score, layer, to, changes));
                }
            }
        }
        let Some((_, layer, to, changes)) = best else {
            return assignment;
        };
        assignment[layer] = to;
        used.iter_mut().zip(&changes).for_each(|(u, c)| *u += c);
    }
}

#[test]
fn layers_that_share_a_kind_take_the_same_steps_together_as_alone() {
    for budget in ["area <= 30%", "area <= 30%\n energy <= 40%", "power <= 20%"] {
        for pin in ["", "pin b2 { pes = 2 }"] {
            let problem = problem(budget, "minimize latency", pin);
            let space = Space::new(&problem, false).expect("a space");
            let start = feasible::find(&space).expect("within budget");
            let quick = simple::greedy(&space, &start).expect("steps");
            assert_eq!(
                quick,
                plain(&space, Metric::Latency, &start),
                "{budget} {pin}"
            );
            assert_ne!(quick, start);
        }
    }
}

#[test]
fn a_proof_that_is_cut_short_holds() {
    let pipelined = "area <= 30%\n energy <= 40%";
    let sequential = "area <= 60%\n latency <= 1 ms";
    let objectives = ["latency", "energy", "edp", "area", "power"];
    let mut cases: Vec<(&str, String, &str)> = Vec::new();
    for (budget, deploy) in [(pipelined, ""), (sequential, "deploy sequential")] {
        let minimize = objectives.map(|o| format!("minimize {o}"));
        let all = minimize
            .into_iter()
            .chain(["maximize throughput".to_string()]);
        cases.extend(all.map(|objective| (budget, objective, deploy)));
    }
    for (budget, objective, deploy) in cases {
        let problem = problem(budget, &objective, deploy);
        let space = Space::new(&problem, false).expect("a space");
        let whole = certify::prove(&space, None, certify::STATES);
        assert!(!whole.stopped);
        let best = space.evaluate(whole.best.as_ref().expect("a design"));
        let best = best.expect("priced").cost;
        let cut = certify::prove_until(&space, None, certify::STATES, &AtomicBool::new(true));
        assert!(cut.stopped, "{objective} {deploy}");
        let (bound, cut) = (cut.bound, certify::certify(&space, &cut, best * 1.5));
        assert!(bound > 0.0, "{objective} {deploy}");
        assert!(
            bound <= best * (1.0 + 1e-12),
            "{objective} {deploy}: {bound} {best}"
        );
        assert!(
            matches!(cut.why, Some(Why::Stopped | Why::Beaten)),
            "{objective} {deploy}"
        );
    }
}
