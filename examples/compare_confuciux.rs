//! The 32 problems on which ConfuciuX was measured, solved by this compiler.
//!
//! `cargo run --release --example compare_confuciux -- [--seeds N] [--search TEXT] [--markdown]`
//!
//! Reads `tests/reference/confuciux_best.csv`: per problem the limit, the best value ConfuciuX
//! reached over its seeds, and the proven optima. Prints what a build reaches, and exits with 1 if
//! any result is above ConfuciuX's best or over budget.

use cfxc::base::span::{SourceMap, Span};
use cfxc::diag::Diagnostic;
use cfxc::sema::{self, Files, Registries};
use cfxc::space::{Space, feasible};
use cfxc::syntax::ast::NetworkStmt;
use cfxc::{cost, search};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

struct NoFiles;
impl Files for NoFiles {
    fn network(
        &mut self,
        _: &str,
        _: Span,
        _: &mut SourceMap,
    ) -> Result<Vec<NetworkStmt>, Vec<Diagnostic>> {
        Err(Vec::new())
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|a| a == name)?;
        arguments.get(at + 1).cloned()
    };
    let seeds: u64 = value("--seeds").and_then(|s| s.parse().ok()).unwrap_or(1);
    let method = value("--search").map_or(String::new(), |s| format!("search {s}"));
    let table = include_str!("../tests/reference/confuciux_best.csv");
    let started = Instant::now();
    println!(
        "| network | dataflow | objective | budget | ConfuciuX, best of its seeds | cfxc, worst of {seeds} seed(s) | cfxc / ConfuciuX | cfxc / refined optimum | evaluations |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let mut stages: Vec<f64> = Vec::new();
    let mut coarse: Vec<f64> = Vec::new();
    let mut missed = 0;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [
            network,
            dataflow,
            objective,
            budget,
            share,
            limit,
            _,
            _,
            theirs,
            optimum1,
            optimum,
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
        let theirs: f64 = theirs.parse().expect("a number");
        let optimum: f64 = optimum.parse().expect("a number");
        let optimum1: f64 = optimum1.parse().expect("a number");
        let mut worst: f64 = 0.0;
        let mut evaluations = 0;
        for seed in 1..=seeds {
            let text = format!(
                "use std.tables.{network}\nuse std.dataflows.{dataflow}\nuse std.menus.confuciux\n\
                 use std.technologies.maestro_confuciux\n\
                 budget limit {{ {budget} <= {limit} {unit} }}\n\
                 design paper {{\n network {network}\n dataflow {dataflow}\n menu confuciux\n \
                 budget limit\n model maestro\n technology maestro_confuciux\n \
                 minimize {objective}\n {method}\n seed {seed}\n}}\n"
            );
            let mut sources = SourceMap::default();
            let file = sources.add("paper.cfx", text);
            let models: Vec<_> = cost::MODELS.iter().map(|m| m.spec).collect();
            let registries = Registries {
                models: Vec::leak(models),
                methods: &search::SPECS,
            };
            let analysis = sema::analyze(file, &mut sources, &mut NoFiles, registries);
            for d in &analysis.diagnostics {
                eprintln!(
                    "{}: {} {:?}",
                    d.code.0,
                    d.message,
                    d.labels.first().map(|l| &sources.get(l.span.file).name)
                );
            }
            let problem = &analysis.problems[0];
            let space = Space::new(problem, true).unwrap_or_else(|e| panic!("{e:?}"));
            let refuge = feasible::find(&space).unwrap_or_else(|e| panic!("{e:?}"));
            let stop = AtomicBool::new(false);
            let outcome = search::run(&space, Some(&refuge), &stop, &mut search::NoObserver);
            let best = outcome.best.expect("a feasible result");
            assert!(best.evaluation.feasible(), "over budget");
            let metric = problem.objective.metric;
            worst = worst.max(best.evaluation.totals.metric(metric));
            evaluations = outcome.stages.iter().map(|s| s.evaluations).sum();
            if let Some(value) = outcome.stages[0].value {
                coarse.push(value / optimum1);
            }
            stages.push(best.evaluation.totals.metric(metric) / optimum);
        }
        missed += usize::from(worst > theirs);
        println!(
            "| {network} | {dataflow} | {objective} | {budget} {}% | {theirs:.0} | {worst:.0} | {:.4} | {:.5} | {evaluations} |",
            share.parse::<f64>().unwrap_or(0.0) * 100.0,
            worst / theirs,
            worst / optimum,
        );
    }
    for (name, list) in [
        ("first stage / coarse optimum", &mut coarse),
        ("result / refined optimum", &mut stages),
    ] {
        list.sort_by(f64::total_cmp);
        eprintln!(
            "{name}: median {:.5}, worst {:.5} of {} runs",
            list[list.len() / 2],
            list[list.len() - 1],
            list.len()
        );
    }
    eprintln!(
        "{missed} problems above ConfuciuX's best; {:.1} s",
        started.elapsed().as_secs_f64()
    );
    std::process::exit(i32::from(missed > 0));
}
