//! Every search method on small problems of every kind: within budget, within its evaluations,
//! the same result for the same seed, and near what enumeration finds.

#[path = "support/problem.rs"]
mod support;

use cfxc::ir::metric::Metric;
use cfxc::ir::problem::{Limit, Problem};
use cfxc::search::{METHODS, NoObserver, Observer, Outcome, run};
use cfxc::space::{Space, feasible};
use std::sync::atomic::{AtomicBool, Ordering};

const BLOCKS: &str = "
use std.dataflows.nvdla
use std.dataflows.eyeriss
use std.technologies.maestro
network tiny {
  input image [8, 12, 12]
  a = conv(image) { filters = 16, kernel = 3x3, pad = 1 }
  b = depthwise(a) { kernel = 3x3, pad = 1 }
  c = conv(b) { filters = 8, kernel = 1x1 }
  d = conv(add(image, c)) { filters = 16, kernel = 3x3, stride = 2, pad = 1 }
  e = dense(d) { units = 10 }
}
menu small {
  pes in [1, 2, 4, 8]
  buffer in [1, 3]
  refine pes in 1..=8
  refine buffer in 1..=3
}
menu engine {
  pes in [1, 2, 4, 8]
  buffer in [1, 2, 3] per layer
}
budget ten { area <= 10% }
budget two { area <= 20%  energy <= 60% }
budget fast { throughput >= 30000 inferences/s  area <= 60% }
budget late { latency <= 60% }
";

/// A spec with one design.
fn spec(settings: &str) -> String {
    // The network's `add` stands in parentheses of its own statement.
    let blocks = BLOCKS.replace(
        "d = conv(add(image, c))",
        "s = add(image, c)\n  d = conv(s)",
    );
    format!(
        "{blocks}\ndesign one {{ network tiny  model maestro  technology maestro  {settings} }}"
    )
}

const KINDS: &[(&str, &str)] = &[
    (
        "latency under area",
        "dataflow nvdla  menu small  budget ten  minimize latency",
    ),
    (
        "two budgets",
        "dataflow nvdla  menu small  budget two  minimize latency",
    ),
    (
        "throughput",
        "dataflow nvdla  menu small  budget ten  maximize throughput",
    ),
    (
        "area under a pace",
        "dataflow nvdla  menu small  budget fast  minimize area",
    ),
    (
        "power under latency",
        "dataflow nvdla  menu small  budget late  minimize power",
    ),
    (
        "critical path",
        "dataflow nvdla  menu small  budget ten  minimize critical_path",
    ),
    (
        "edp",
        "dataflow nvdla  menu small  budget ten  minimize edp",
    ),
    (
        "edp per layer",
        "dataflow nvdla  menu small  budget ten  minimize edp_per_layer",
    ),
    (
        "energy without budget",
        "dataflow nvdla  menu small  minimize energy",
    ),
    (
        "mixed dataflows",
        "dataflow in [nvdla, eyeriss]  menu small  budget ten  minimize latency",
    ),
    (
        "pinned",
        "dataflow nvdla  menu small  budget two  minimize latency  pin c { pes = 3 }",
    ),
    (
        "sequential",
        "dataflow nvdla  menu small  deploy sequential  budget ten  minimize latency",
    ),
    (
        "sequential, tiles per layer",
        "dataflow nvdla  menu engine  deploy sequential  budget two  minimize latency",
    ),
    (
        "sequential, mixed",
        "dataflow in [nvdla, eyeriss]  menu engine  deploy sequential  budget ten  minimize edp",
    ),
];

const SEARCH: &str =
    "search reinforce { episodes = 200 } then genetic { generations = 60, population = 10 }";

fn search(problem: &Problem) -> Outcome {
    let space = Space::new(problem, true).expect("a space");
    let refuge = feasible::find(&space).expect("feasible");
    run(
        &space,
        Some(&refuge),
        &AtomicBool::new(false),
        &mut NoObserver,
    )
}

#[test]
fn every_kind_of_problem_ends_within_budget_and_repeats() {
    for (name, settings) in KINDS {
        let problem = support::problem(&spec(&format!("{settings}  {SEARCH}")));
        let outcome = search(&problem);
        let space = Space::new(&problem, true).expect("a space");
        let best = outcome
            .best
            .as_ref()
            .unwrap_or_else(|| panic!("{name}: nothing found"));
        let again = space.evaluate(&best.assignment).expect("priced");
        assert_eq!(
            again, best.evaluation,
            "{name}: the figures are those of the assignment"
        );
        for limit in &space.limits {
            let used = again.totals.metric(limit.metric);
            let held = if limit.metric.larger_is_better() {
                used >= limit.limit
            } else {
                used <= limit.limit
            };
            assert!(
                held,
                "{name}: {} is {used}, limit {}",
                limit.metric.name(),
                limit.limit
            );
        }
        assert_eq!(outcome.stages.len(), 2, "{name}");
        for pin in &problem.pins {
            let (_, values) = space.grid.values(best.assignment[pin.layer]);
            assert!(
                pin.knobs.iter().all(|&(knob, value)| values[knob] == value),
                "{name}"
            );
        }
        assert_eq!(
            search(&problem),
            outcome,
            "{name}: the same seed gives the same result"
        );
        let mut other = problem.clone();
        other.seed += 1;
        assert!(
            search(&other).best.is_some(),
            "{name}: another seed finds something too"
        );
    }
}

#[test]
fn methods_obey_their_limits() {
    for method in METHODS {
        let parameters = match method.spec.name {
            "reinforce" => ("episodes = 37, batch = 5", 37),
            "genetic" => ("generations = 7, population = 5", 36),
            "exact" => ("states = 100000", 1),
            other => panic!("add {other} to this test"),
        };
        let text = spec(&format!(
            "dataflow nvdla  menu small  budget ten  minimize latency  search {} {{ {} }}",
            method.spec.name, parameters.0
        ));
        let outcome = search(&support::problem(&text));
        assert!(
            outcome.stages[0].evaluations <= parameters.1,
            "{}",
            method.spec.name
        );
        assert!(outcome.best.is_some(), "{}", method.spec.name);
        assert!(outcome.stages[0].prices > 0, "{}", method.spec.name);
    }
}

/// The masks let nothing through that ends over a budget, with one budget and with two.
#[test]
fn every_episode_ends_within_its_budgets() {
    for (name, settings) in KINDS.iter().filter(|(_, s)| !s.contains("sequential")) {
        let text = spec(&format!(
            "{settings}  search reinforce {{ episodes = 150 }}"
        ));
        let stage = &search(&support::problem(&text)).stages[0];
        assert_eq!(stage.evaluations, 150, "{name}");
        assert_eq!(stage.within, 150, "{name}");
    }
}

/// ConfuciuX's own settings search every pipelined problem, repeat, and may overshoot.
#[test]
fn the_papers_own_variant_searches_pipelined_designs() {
    let mut cut_short = 0;
    for (name, settings) in KINDS.iter().filter(|(_, s)| !s.contains("sequential")) {
        let text = spec(&format!(
            "{settings}  search reinforce {{ variant = paper, episodes = 60, hidden = 16 }}"
        ));
        let problem = support::problem(&text);
        let outcome = search(&problem);
        let stage = &outcome.stages[0];
        assert_eq!(stage.evaluations, 60, "{name}");
        assert!(stage.prices > 0, "{name}");
        cut_short += stage.evaluations - stage.within;
        assert_eq!(search(&problem), outcome, "{name}");
    }
    assert!(cut_short > 60, "nothing holds an episode back: {cut_short}");
}

/// Stops a search once it has gone on for a while.
struct Impatient<'a>(&'a AtomicBool);

impl Observer for Impatient<'_> {
    fn stage(&mut self, _: &str, _: usize) {}
    fn progress(&mut self, done: usize, _: Option<f64>) {
        if done >= 64 {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn an_interrupted_search_keeps_the_best_so_far() {
    let problem = support::problem(&spec(&format!("{}  {SEARCH}", KINDS[0].1)));
    let space = Space::new(&problem, true).expect("a space");
    let refuge = feasible::find(&space).expect("feasible");
    let stop = AtomicBool::new(false);
    let outcome = run(&space, Some(&refuge), &stop, &mut Impatient(&stop));
    assert!(outcome.interrupted);
    assert!(outcome.best.is_some());
    assert!(outcome.stages.iter().map(|s| s.evaluations).sum::<usize>() < 200);
}

/// Every assignment of a pipelined problem with a sum objective and one budget, by dynamic
/// programming over the set of undominated (budget, objective) pairs.
fn optimum(space: &Space, weight: Metric, objective: Metric, bound: f64) -> f64 {
    let mut front = vec![(0.0, 0.0)];
    for (layer, points) in space.fine.iter().enumerate() {
        let mut next: Vec<(f64, f64)> = Vec::new();
        for &(w, c) in &front {
            for &p in points {
                next.push((
                    w + space.weight(weight, layer, p),
                    c + space.weight(objective, layer, p),
                ));
            }
        }
        next.retain(|&(w, _)| w <= bound);
        next.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        front.clear();
        let mut least = f64::INFINITY;
        for (w, c) in next {
            if c < least {
                least = c;
                front.push((w, c));
            }
        }
    }
    front.iter().map(|f| f.1).fold(f64::INFINITY, f64::min)
}

#[test]
fn small_problems_end_close_to_the_optimum() {
    for (objective, metric) in [("latency", Metric::Latency), ("energy", Metric::Energy)] {
        let text = spec(&format!(
            "dataflow nvdla  menu small  budget ten  minimize {objective}  {SEARCH}"
        ));
        let problem = support::problem(&text);
        let outcome = search(&problem);
        let space = Space::new(&problem, true).expect("a space");
        let optimum = optimum(&space, Metric::Area, metric, space.limits[0].limit);
        let value = outcome
            .best
            .expect("found")
            .evaluation
            .totals
            .metric(metric);
        assert!(
            value <= optimum * 1.01,
            "{objective}: {value} against {optimum}"
        );
        assert!(
            value >= optimum * (1.0 - 1e-12),
            "{objective}: {value} against {optimum}"
        );
    }
}

#[test]
fn a_share_is_taken_between_the_corners() {
    let problem = support::problem(&spec(KINDS[0].1));
    let space = Space::new(&problem, true).expect("a space");
    let corner = |pes: u64, buffer: u64| {
        let point = space.grid.find(0, &[pes, buffer]).expect("a corner");
        let totals = space
            .totals(&vec![point; problem.layers.len()])
            .expect("priced");
        totals.metric(Metric::Area)
    };
    let corners = [corner(1, 1), corner(1, 3), corner(8, 1), corner(8, 3)];
    let min = corners.iter().copied().fold(f64::INFINITY, f64::min);
    let max = corners.iter().copied().fold(0.0, f64::max);
    assert_eq!(problem.budgets[0].limit, Limit::Share(0.1));
    assert_eq!(space.limits[0].limit, min + (max - min) * 0.1);
}

#[test]
fn infeasible_budgets_are_proved_before_any_search() {
    use cfxc::space::feasible::Infeasible;
    let with = |budget: &str| {
        let text = spec("dataflow nvdla  menu small  budget b  minimize latency");
        support::problem(&format!("budget b {{ {budget} }}\n{text}"))
    };
    let verdict = |problem: &Problem| {
        let space = Space::new(problem, true).expect("a space");
        feasible::find(&space)
            .expect_err("infeasible")
            .expect("proved")
    };
    match verdict(&with("area <= 1 um2")) {
        Infeasible::Single {
            limit: 0,
            best,
            layers,
        } => {
            let sum: f64 = layers.iter().map(|l| l.1).sum();
            assert!(best > 1.0 && (sum / best - 1.0).abs() < 1e-9);
            assert!(
                layers.windows(2).all(|w| w[0].1 >= w[1].1),
                "largest need first"
            );
        }
        other => panic!("{other:?}"),
    }
    match verdict(&with("throughput >= 1e9 inferences/s")) {
        Infeasible::Pace { layers, pace, .. } => {
            assert_eq!(layers.len(), 5);
            assert!(layers.iter().all(|l| l.1 > pace));
        }
        other => panic!("{other:?}"),
    }
    // Small alone, fast alone, but not both.
    let problem = with("area <= 1%  latency <= 1%");
    match verdict(&problem) {
        Infeasible::Joint {
            overshoot,
            used,
            exact,
        } => {
            let space = Space::new(&problem, true).expect("a space");
            let worst = space
                .limits
                .iter()
                .zip(&used)
                .map(|(l, u)| l.overshoot(*u))
                .fold(0.0, f64::max);
            assert!(
                overshoot > 0.0 && overshoot <= worst + 1e-9,
                "{overshoot} {worst}"
            );
            assert!(
                !exact || (overshoot - worst).abs() < 1e-6,
                "{overshoot} {worst}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pin_between_the_levels_holds_without_refinement() {
    let text = spec(
        "dataflow nvdla  menu small  minimize latency  pin c { pes = 3 }  search reinforce { episodes = 40 }",
    );
    let problem = support::problem(&text);
    let space = Space::new(&problem, false).expect("a space");
    let refuge = feasible::find(&space).expect("feasible");
    let outcome = run(
        &space,
        Some(&refuge),
        &AtomicBool::new(false),
        &mut NoObserver,
    );
    let best = outcome.best.expect("found");
    for (layer, &point) in best.assignment.iter().enumerate() {
        let pes = space.grid.values(point).1[0];
        assert_eq!(
            pes == 3,
            problem.layers[layer].name == "c",
            "the pin is that layer's alone"
        );
    }
}

#[test]
fn a_throughput_budget_met_exactly_is_feasible() {
    for channels in [3, 22, 41, 50, 76, 95, 110] {
        let text = format!(
            "use std.dataflows.nvdla
             network one {{ layer a conv {{ K = 7, C = {channels}, Y = 9, X = 9, R = 3, S = 3 }} }}
             menu m {{ pes in [1, 2, 4]  buffer in [1, 2] }}
             budget b {{ throughput >= 100% }}
             design d {{ network one  dataflow nvdla  menu m  budget b  minimize area
               search reinforce {{ episodes = 30 }} }}"
        );
        let problem = support::problem(&text);
        let space = Space::new(&problem, false).expect("a space");
        let refuge = feasible::find(&space).unwrap_or_else(|e| panic!("C = {channels}: {e:?}"));
        assert!(
            space.evaluate(&refuge).expect("priced").feasible(),
            "C = {channels}"
        );
        let outcome = run(
            &space,
            Some(&refuge),
            &AtomicBool::new(false),
            &mut NoObserver,
        );
        assert!(outcome.best.is_some(), "C = {channels}");
    }
}

#[test]
fn a_wide_menu_is_searched() {
    let text = spec(
        "dataflow nvdla  menu wide  budget ten  minimize latency  search reinforce { episodes = 60 }",
    );
    let problem = support::problem(&format!(
        "menu wide {{ pes in 1..=300  buffer in [1, 2] }}\n{text}"
    ));
    let outcome = search(&problem);
    assert_eq!(outcome.stages[0].evaluations, 60);
    assert!(outcome.stages[0].value.is_some());
}

#[test]
fn a_search_stops_at_the_gap_that_is_near_enough() {
    let with = |stop: &str| {
        let text = spec(&format!(
            "dataflow nvdla  menu small  budget ten  minimize latency  {stop}"
        ));
        search(&support::problem(&text))
    };
    let evaluations = |o: &Outcome| o.stages.iter().map(|s| s.evaluations).sum::<usize>();
    let (whole, early) = (with(""), with("stop gap <= 50%"));
    assert!(evaluations(&early) < evaluations(&whole) / 2);
    assert!(early.certificate.expect("a certificate").gap <= 0.5);
}

#[test]
fn budgets_that_only_the_exact_solver_settles_are_met() {
    // The tile trades memory for time: neither the fastest nor the smallest tiles keep both.
    let text = "use std.dataflows.nvdla
        network three {
          layer a conv { K = 64, C = 32, Y = 30, X = 30, R = 3, S = 3 }
          layer b conv { K = 96, C = 64, Y = 16, X = 16, R = 3, S = 3 }
          layer c conv { K = 128, C = 96, Y = 16, X = 16, R = 3, S = 3 }
          a -> b -> c
        }
        menu m { pes in [16]  buffer in 1..=64 per layer }
        design probe { network three  dataflow nvdla  menu m  deploy sequential  minimize latency
          search exact }
        ";
    let text = text.replace("network three {", "network three shapes unchecked {");
    let free = support::problem(&text);
    let space = Space::new(&free, true).expect("a space");
    let all: Vec<_> = (0..space.fine[0].len())
        .map(|i| {
            space
                .fine
                .iter()
                .map(|l| l[i.min(l.len() - 1)])
                .collect::<Vec<_>>()
        })
        .filter_map(|a| space.evaluate(&a))
        .collect();
    let middle = &all[all.len() / 2].totals;
    let limits = format!(
        "budget b {{ area <= {} um2  latency <= {} cycles }}",
        middle.area_um2, middle.latency_cycles
    );
    let tight = text
        .replace("minimize", "budget b  minimize")
        .replace("search exact", "");
    let problem = support::problem(&format!("{limits}\n{tight}"));
    let space = Space::new(&problem, true).expect("a space");
    let refuge = feasible::find(&space).ok();
    let outcome = run(
        &space,
        refuge.as_deref(),
        &AtomicBool::new(false),
        &mut NoObserver,
    );
    assert!(outcome.best.expect("found").evaluation.feasible());
}

#[test]
fn the_least_relaxation_is_the_border_of_what_is_possible() {
    use cfxc::certify::{STATES, least_relaxation};
    let text = "use std.dataflows.nvdla
        network two {
          layer a conv { K = 64, C = 64, Y = 30, X = 30, R = 3, S = 3 }
          layer b conv { K = 64, C = 64, Y = 28, X = 28, R = 3, S = 3 }
          a -> b
        }
        menu m { pes in [16]  buffer in 1..=64 per layer }
        budget b { area <= 1877700 um2  latency <= 4500000 cycles }
        design d { network two  dataflow nvdla  menu m  budget b  deploy sequential  model maestro  minimize energy }";
    let problem = support::problem(text);
    let mut space = Space::new(&problem, true).expect("a space");
    let limits = space.limits.clone();
    let (low, high) = least_relaxation(&mut space, STATES).expect("decided");
    assert_eq!(space.limits, limits, "the limits are put back");
    assert!(low < high && high < 1.0);
    // By enumeration of both layers' tiles.
    let mut least = f64::INFINITY;
    for &a in &space.fine[0] {
        for &b in &space.fine[1] {
            least = least.min(space.evaluate(&[a, b]).expect("priced").overshoot);
        }
    }
    assert!(low <= least && least <= high, "{low} {least} {high}");
}

/// Two of four levels of `pes` are more than the layer can spread: no search may end on them.
#[test]
fn no_layer_keeps_pes_that_buy_nothing() {
    let text = "network one {
          input image [3, 12, 12]
          a = conv(image) { filters = 8, kernel = 3x3, pad = 1 }
        }
        dataflow columns { for conv { temporal Y' by 1  temporal X' by 1  spatial K by 1 } }
        menu m { pes in [64, 32, 8, 2] }
        design d { network one  dataflow columns  menu m  minimize latency  search METHOD }";
    for method in ["reinforce", "genetic", "exact"] {
        let problem = support::problem(&text.replace("METHOD", method));
        let space = Space::new(&problem, true).expect("a space");
        let never = AtomicBool::new(false);
        let best = run(&space, None, &never, &mut NoObserver).best;
        assert_eq!(space.pes(best.expect("found").assignment[0]), 8, "{method}");
        assert_eq!(cfxc::space::idle::most_useful_pes(&space), Some(8));
    }
}
