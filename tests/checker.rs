//! A checker that trusts nothing but the price table: it recomputes the Lagrangian bound of a proof
//! from its multipliers.

#[path = "support/problem.rs"]
mod support;

use cfxc::certify::{self, Proof};
use cfxc::ir::metric::Metric;
use cfxc::ir::problem::Problem;
use cfxc::space::Space;

/// sum over layers of min over points (cost + sum of m weight) - sum of m limit, over the points
/// with which a pipelined design keeps the pace its budget asks for.
fn bound(space: &Space, proof: &Proof) -> f64 {
    let lagrangian = proof.lagrangian.as_ref().expect("one knapsack");
    let objective = space.problem.objective.metric;
    let clock = space.problem.technology.clock_hz();
    let paces = space.limits.iter();
    let paces = paces.filter(|l| l.metric == Metric::Throughput);
    let pace = paces.map(|l| l.limit).fold(0.0, f64::max);
    let mut total = 0.0;
    for (layer, points) in space.fine.iter().enumerate() {
        let mut least = f64::INFINITY;
        for &point in points {
            let price = space.price(layer, point).expect("listed points have one");
            let figure = |metric: Metric| match metric {
                Metric::Latency => price.latency_cycles as f64,
                Metric::Energy => price.energy_nj,
                Metric::Area => price.area_um2,
                Metric::Power => price.power_mw,
                Metric::EdpPerLayer => price.energy_nj * price.latency_cycles as f64,
                Metric::Throughput | Metric::Edp => panic!("no sum"),
            };
            let priced = lagrangian.multipliers.iter();
            let priced: f64 = priced.map(|(_, metric, _, m)| m * figure(*metric)).sum();
            if clock / price.latency_cycles as f64 >= pace {
                least = least.min(figure(objective) + priced);
            }
        }
        total += least;
    }
    for &(index, metric, limit, m) in &lagrangian.multipliers {
        assert!(m >= 0.0, "a multiplier below zero proves nothing");
        let stated = &space.limits[index];
        assert_eq!((stated.metric, stated.limit), (metric, limit));
        total -= m * limit;
    }
    total
}

/// Checks one proof; returns the value of the best it knows.
fn check(space: &Space, proof: &Proof, name: &str) -> f64 {
    let stated = proof.lagrangian.as_ref().expect("one knapsack").bound;
    let again = bound(space, proof);
    assert!(
        (stated - again).abs() <= again.abs() * 1e-9,
        "{name}: {stated} stated, {again} by the price table"
    );
    let best = proof.best.as_ref().expect("a solution");
    let best = space.evaluate(best).expect("priced");
    assert!(best.feasible(), "{name}");
    assert!(stated <= best.cost * (1.0 + 1e-12), "{name}");
    assert!(proof.bound <= best.cost, "{name}");
    assert!(stated <= proof.bound * (1.0 + 1e-12), "{name}");
    best.cost
}

/// The problems of a text.
fn problems(text: &str) -> Vec<Problem> {
    let (analysis, _) = support::analyze(text);
    analysis.problems
}

#[test]
fn examples_prove_what_they_state() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut checked = 0;
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "cfx"))
        .collect();
    names.sort();
    for path in names {
        let text = std::fs::read_to_string(&path).expect("text");
        // This test touches no other files: the table of one example is left out.
        for problem in problems(&text) {
            let sum = !matches!(problem.objective.metric, Metric::Throughput | Metric::Edp);
            if !sum || problem.deployment == cfxc::ir::problem::Deployment::Sequential {
                continue;
            }
            let space = Space::new(&problem, false).expect("a space");
            for states in [0, 20_000] {
                let proof = certify::prove(&space, None, states);
                if proof.best.is_some() {
                    check(&space, &proof, &problem.design);
                }
            }
            checked += 1;
        }
    }
    assert!(checked >= 2, "{checked}");
}

#[test]
fn published_problems_are_solved_and_their_bounds_hold() {
    let table = include_str!("reference/confuciux_best.csv");
    let mut checked = 0;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [
            network,
            dataflow,
            objective,
            budget,
            _,
            limit,
            _,
            _,
            _,
            optimum,
            _,
        ] = fields[..]
        else {
            panic!("a line of the table has {} fields", fields.len());
        };
        let dataflow = match dataflow {
            "dla" => "nvdla",
            "shi" => "shidiannao",
            _ => "eyeriss",
        };
        let unit = if budget == "area" { "um2" } else { "mW" };
        let text = format!(
            "use std.tables.{network}\nuse std.dataflows.{dataflow}\nuse std.menus.confuciux\n\
             use std.technologies.maestro_confuciux\n\
             budget limit {{ {budget} <= {limit} {unit} }}\n\
             design paper {{\n network {network}\n dataflow {dataflow}\n menu confuciux\n \
             budget limit\n model maestro\n technology maestro_confuciux\n \
             minimize {objective}\n}}\n"
        );
        let problem = support::problem(&text);
        let space = Space::new(&problem, false).expect("a space");
        let optimum: f64 = optimum.parse().expect("a number");
        let proof = certify::prove(&space, None, certify::STATES);
        let value = check(&space, &proof, line);
        let stated = proof.lagrangian.as_ref().expect("one knapsack").bound;
        assert!(stated <= optimum * (1.0 + 1e-5), "{line}: {stated}");
        assert!((value / optimum - 1.0).abs() <= 1e-5, "{line}: {value}");
        assert!(certify::certify(&space, &proof, value).proven, "{line}");
        checked += 1;
    }
    assert_eq!(checked, 32);
}
