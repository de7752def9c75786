//! Certificates against enumeration: random knapsacks against brute force and an independent solver
//! of integer programs, and whole problems against all their assignments.

#[path = "support/problem.rs"]
mod support;

use cfxc::certify::instance::{Instance, Kind, RawKind};
use cfxc::certify::pareto::{Front, Known, front};
use cfxc::certify::{self, knapsack};
use cfxc::ir::metric::Metric;
use cfxc::ir::problem::Limit;
use cfxc::space::{Assignment, BoundLimit, Evaluation, Point, Space};
use microlp::{ComparisonOp, OptimizationDirection, Problem as Program};
use std::sync::atomic::AtomicBool;

/// A small generator of its own: the tests must not move when the product's one does.
struct Random(u64);

impl Random {
    fn below(&mut self, n: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as i64
    }
}

/// Random knapsacks of every temper: weights that fall as costs rise or have nothing to do with
/// them, many ties, zeros, limits between hopeless and idle.
fn instance(random: &mut Random, layers: usize, options: i64) -> Instance {
    let limits = random.below(4) as usize;
    let temper = random.below(4);
    let size = [3, 12, 50][random.below(3) as usize];
    let kinds: Vec<Kind> = (0..1 + random.below(layers as i64))
        .map(|_| {
            let count = 1 + random.below(options) as usize;
            let (mut costs, mut weights) = (Vec::new(), Vec::new());
            for _ in 0..count {
                let cost = random.below(size + 1);
                costs.push(cost);
                for _ in 0..limits {
                    weights.push(match temper {
                        0 => size - cost,
                        1 => (size - cost + random.below(3)).max(0),
                        2 => random.below(2) * random.below(size + 1),
                        _ => random.below(size + 1),
                    });
                }
            }
            Kind {
                points: (0..count as Point).collect(),
                costs,
                weights,
            }
        })
        .collect();
    let layers: Vec<usize> = (0..layers)
        .map(|_| random.below(kinds.len() as i64) as usize)
        .collect();
    let bounds = (0..limits)
        .map(|b| {
            let weight = |k: &usize| {
                let weights = kinds[*k].weights.iter().skip(b).step_by(limits);
                let least = weights.clone().min().copied().unwrap_or(0);
                (least, weights.max().copied().unwrap_or(0))
            };
            let least: i64 = layers.iter().map(|k| weight(k).0).sum();
            let most: i64 = layers.iter().map(|k| weight(k).1).sum();
            // Slightly out of reach at times, otherwise anywhere.
            least + random.below(most - least + 2) - i64::from(random.below(12) == 0)
        })
        .collect();
    Instance {
        kinds,
        layers,
        bounds,
    }
}

/// The first of all choices in the order of cost, weights, options.
fn enumerate(instance: &Instance) -> Option<(i64, Vec<i64>, Vec<usize>)> {
    let sizes = instance
        .layers
        .iter()
        .map(|&k| instance.kinds[k].points.len());
    let sizes: Vec<usize> = sizes.collect();
    let mut best = None;
    let mut choice = vec![0; sizes.len()];
    loop {
        let (cost, used) = instance.sums(&choice);
        if instance.keeps(&used) {
            let found = (cost, used, choice.clone());
            if best.as_ref().is_none_or(|b| found < *b) {
                best = Some(found);
            }
        }
        let Some(at) = (0..sizes.len()).rev().find(|&l| choice[l] + 1 < sizes[l]) else {
            return best;
        };
        choice[at] += 1;
        choice[at + 1..].fill(0);
    }
}

/// The least cost as a mixed-integer program.
fn program(instance: &Instance) -> Option<i64> {
    let mut program = Program::new(OptimizationDirection::Minimize);
    let mut rows = vec![Vec::new(); instance.limits()];
    for &k in &instance.layers {
        let kind = &instance.kinds[k];
        let mut one = Vec::new();
        for (option, &cost) in kind.costs.iter().enumerate() {
            let taken = program.add_binary_var(cost as f64);
            one.push((taken, 1.0));
            for (row, &w) in rows.iter_mut().zip(kind.weights_of(option)) {
                row.push((taken, w as f64));
            }
        }
        program.add_constraint(&one, ComparisonOp::Eq, 1.0);
    }
    for (row, &bound) in rows.iter().zip(&instance.bounds) {
        program.add_constraint(row, ComparisonOp::Le, bound as f64);
    }
    match program.solve() {
        Ok(status) => {
            let solution = status.into_solution().expect("no limit was set");
            Some(solution.objective().round() as i64)
        }
        Err(microlp::Error::Infeasible) => None,
        Err(other) => panic!("{other}"),
    }
}

/// What must hold of every answer, whenever the solver stopped.
fn sound(instance: &Instance, solved: &knapsack::Solved, optimum: Option<i64>, cutoff: i64) {
    let interesting = optimum.unwrap_or(i64::MAX).min(cutoff.saturating_add(1));
    assert!(
        solved.bound <= interesting,
        "bound {} above {interesting}\n{instance:?}",
        solved.bound
    );
    assert!(solved.dual.bound <= i128::from(optimum.unwrap_or(i64::MAX)) << 24);
    match &solved.choice {
        Some(choice) => {
            let (cost, used) = instance.sums(choice);
            assert_eq!(cost, solved.cost, "{instance:?}");
            assert!(instance.keeps(&used), "{instance:?}");
            assert!(optimum.is_some_and(|o| o <= cost), "{instance:?}");
        }
        None => assert_eq!(solved.cost, i64::MAX),
    }
    if solved.closed() {
        assert_eq!(solved.bound, interesting, "{instance:?}");
    }
}

#[test]
fn small_knapsacks_equal_enumeration_ties_included() {
    let mut random = Random(1);
    let (mut feasible, mut infeasible) = (0, 0);
    for _ in 0..1500 {
        let layers = 1 + random.below(6) as usize;
        let instance = instance(&mut random, layers, 4);
        let best = enumerate(&instance);
        let optimum = best.as_ref().map(|b| b.0);
        let solved = knapsack::solve(&instance, None, 1_000_000);
        assert!(solved.complete);
        sound(&instance, &solved, optimum, i64::MAX);
        assert_eq!(
            solved.choice,
            best.as_ref().map(|b| b.2.clone()),
            "{instance:?}"
        );
        if let Some((cost, _, choice)) = &best {
            feasible += 1;
            // A start does not change the answer.
            let start = knapsack::solve(&instance, Some(choice), 1_000_000);
            assert_eq!(start.choice.as_ref(), Some(choice));
            assert_eq!(start.bound, *cost);
        } else {
            infeasible += 1;
        }
        // Stopped anywhere, and without interest in what is dear, bounds hold.
        for limit in [0, 1, 3, 10] {
            let cutoff = random.below(60);
            let start: Vec<usize> = instance
                .layers
                .iter()
                .map(|&k| random.below(instance.kinds[k].points.len() as i64) as usize)
                .collect();
            for known in [None, Some(&start[..])] {
                let stopped = knapsack::solve(&instance, known, limit);
                sound(&instance, &stopped, optimum, i64::MAX);
                let cut = knapsack::solve_below(&instance, known, cutoff, limit);
                sound(&instance, &cut, optimum, cutoff);
            }
            let cut = knapsack::solve_below(&instance, None, cutoff, 1_000_000);
            sound(&instance, &cut, optimum, cutoff);
            assert!(cut.closed());
        }
    }
    assert!(feasible > 500 && infeasible > 50, "{feasible} {infeasible}");
}

#[test]
fn larger_knapsacks_equal_an_independent_solver() {
    let mut random = Random(2);
    for _ in 0..300 {
        let layers = 6 + random.below(7) as usize;
        let instance = instance(&mut random, layers, 7);
        let optimum = program(&instance);
        let solved = knapsack::solve(&instance, None, 3_000_000);
        assert!(solved.complete);
        sound(&instance, &solved, optimum, i64::MAX);
        for limit in [0, 20, 300] {
            let stopped = knapsack::solve(&instance, None, limit);
            sound(&instance, &stopped, optimum, i64::MAX);
        }
    }
}

/// Prices as doubles: the integers' bound never exceeds what the doubles allow, even where sums sit
/// on their limits to the last bit, and small limits keep their digits under huge options.
#[test]
fn integers_of_prices_stay_on_the_safe_side() {
    let mut random = Random(3);
    for round in 0..300 {
        let size = [1e-6, 1.0, 1e9, 1e17][round % 4];
        let limits = 1 + random.below(3) as usize;
        let kinds: Vec<RawKind> = (0..3)
            .map(|_| {
                let mut kind = RawKind::default();
                for point in 0..4 {
                    kind.points.push(point);
                    let number =
                        |r: &mut Random| size * (r.below(1 << 20) as f64 / 7.0).floor().max(1.0);
                    kind.costs.push(number(&mut random) / 3.0);
                    let huge = if random.below(5) == 0 { 1e9 } else { 1.0 };
                    kind.weights.push(
                        (0..limits)
                            .map(|_| number(&mut random) / 3.0 * huge)
                            .collect(),
                    );
                }
                kind
            })
            .collect();
        let layers = [0, 1, 2, 1, 0];
        let sums = |choice: &[usize]| {
            let mut cost = 0.0;
            let mut used = vec![0.0; limits];
            for (&k, &o) in layers.iter().zip(choice) {
                cost += kinds[k].costs[o];
                for (u, w) in used.iter_mut().zip(&kinds[k].weights[o]) {
                    *u += w;
                }
            }
            (cost, used)
        };
        // The limits are exactly what some choice uses.
        let choice: Vec<usize> = layers.iter().map(|_| random.below(4) as usize).collect();
        let bounds = sums(&choice).1;
        let mut least = f64::INFINITY;
        for number in 0..1024 {
            let choice: Vec<usize> = (0..5).map(|l| number >> (2 * l) & 3).collect();
            let (cost, used) = sums(&choice);
            if used.iter().zip(&bounds).all(|(u, b)| u <= b) {
                least = least.min(cost);
            }
        }
        let (instance, scales) = Instance::new(&kinds, &layers, &bounds);
        let solved = knapsack::solve(&instance, None, 100_000);
        // The sum of five doubles may itself have been rounded down.
        let bound = solved.bound as f64 / scales.cost * (1.0 - 7.0 * f64::EPSILON);
        assert!(bound <= least, "{bound} above {least}");
        assert!(bound >= least * (1.0 - 1e-9), "{bound} far below {least}");
    }
}

const BLOCKS: &str = "
use std.dataflows.nvdla
use std.dataflows.eyeriss
use std.technologies.maestro
network tiny {
  input image [8, 12, 12]
  a = conv(image) { filters = 16, kernel = 3x3, pad = 1 }
  b = depthwise(a) { kernel = 3x3, pad = 1 }
  c = conv(b) { filters = 8, kernel = 1x1 }
  s = add(image, c)
  d = conv(s) { filters = 16, kernel = 3x3, stride = 2, pad = 1 }
  e = dense(d) { units = 10 }
}
menu one { pes in [1, 2, 4, 8]  buffer in [2] }
menu two { pes in [1, 3, 8]  buffer in [1, 3] }
menu engine { pes in [1, 2, 4]  buffer in [1, 2, 3] per layer }
menu shared { pes in [1, 2, 3, 4, 8]  buffer in [1, 2, 3] }
";

const OBJECTIVES: &[&str] = &[
    "minimize latency",
    "minimize energy",
    "minimize area",
    "minimize power",
    "maximize throughput",
    "minimize edp",
    "minimize edp_per_layer",
];

/// Every feasible assignment's best.
fn exhaust(space: &Space) -> Option<(Assignment, Evaluation)> {
    let fine: &[Vec<Point>] = &space.fine;
    let mut best: Option<(Assignment, Evaluation)> = None;
    let mut at = vec![0; fine.len()];
    loop {
        let assignment: Assignment = at.iter().zip(fine).map(|(&a, f)| f[a]).collect();
        if let Some(e) = space.evaluate(&assignment).filter(Evaluation::feasible)
            && best.as_ref().is_none_or(|b| e.cost < b.1.cost)
        {
            best = Some((assignment, e));
        }
        let next = (0..at.len()).rev().find(|&l| at[l] + 1 < fine[l].len());
        let Some(next) = next else { return best };
        at[next] += 1;
        at[next + 1..].fill(0);
    }
}

/// Proves a problem with many and with few states, holds it against all assignments. Returns whether
/// there is one within budget.
fn hold(text: &str, name: &str) -> bool {
    let problem = support::problem(text);
    let space = Space::new(&problem, true).expect("a space");
    let Some((assignment, best)) = exhaust(&space) else {
        return false;
    };
    for states in [0, 1, 10, 100, 1000, certify::STATES] {
        for known in [None, Some(&assignment)] {
            let proof = certify::prove(&space, known, states);
            assert!(
                proof.bound <= best.cost,
                "{name}, {states} states: bound {} above the optimum {}",
                proof.bound,
                best.cost
            );
            assert!(proof.bound >= 0.0, "{name}");
            if let Some(lagrangian) = &proof.lagrangian {
                assert!(lagrangian.bound <= best.cost * (1.0 + 1e-12), "{name}");
            }
            if let Some(found) = &proof.best {
                let found = space.evaluate(found).expect("priced");
                assert!(!found.feasible() || found.cost >= best.cost, "{name}");
            }
            let certificate = certify::certify(&space, &proof, best.cost);
            if states == certify::STATES {
                assert!(
                    certificate.proven,
                    "{name}: bound {} of {}, {}",
                    proof.bound, best.cost, proof.method
                );
                assert_eq!(certificate.why, None);
                let found = proof.best.as_ref().and_then(|a| space.evaluate(a));
                let found = found.expect("an optimum");
                assert!(found.feasible(), "{name}");
                assert!(
                    near(found.cost, best.cost),
                    "{name}: {} {}",
                    found.cost,
                    best.cost
                );
            }
            // Anything worse is never proven.
            let worse = certify::certify(&space, &proof, best.cost * 1.001);
            assert!(!worse.proven && worse.why.is_some(), "{name}");
            assert!(worse.gap > 0.0009, "{name}");
        }
    }
    true
}

/// A front against all assignments, limit by limit: objectives of every kind, a sum, a bottleneck and
/// one engine for all, with and without another budget.
#[test]
fn fronts_are_what_enumeration_finds() {
    let (mut found, mut nothing) = (0, 0);
    for (menu, deploy) in [("two", "pipelined"), ("engine", "sequential")] {
        for objective in OBJECTIVES {
            for budget in ["area <= 100%", "area <= 100%  energy <= 50%"] {
                let text = format!(
                    "{BLOCKS} budget limits {{ {budget} }}
                    design d {{ network tiny  dataflow nvdla  menu {menu}  deploy {deploy}  budget limits
                      model maestro  technology maestro  {objective}
                      pin e {{ {pin} }} }}",
                    pin = if menu == "two" { "pes = 1, buffer = 1" } else { "buffer = 1" },
                );
                let problem = support::problem(&text);
                let space = Space::new(&problem, true).expect("a space");
                for over in [Metric::Area, Metric::Latency, Metric::Throughput] {
                    if over == problem.objective.metric {
                        continue;
                    }
                    let shares = [0.0, 0.05, 0.2, 0.6, 1.0];
                    let limit = |s: f64| {
                        (
                            space.absolute(over, Limit::Share(s)).expect("corners"),
                            Some(s),
                        )
                    };
                    let limits = shares.map(limit);
                    let never = AtomicBool::new(false);
                    let front = front(&space, over, &limits, &[], certify::STATES, &never, &|| {});
                    assert!(front.closed() && !front.stopped, "{text}");
                    stopped_fronts_say_less(&space, over, &limits, &front);
                    for (step, &(limit, share)) in front.steps.iter().zip(&limits) {
                        let mut one = vec![BoundLimit {
                            metric: over,
                            limit,
                            share,
                            span: problem.span,
                        }];
                        one.extend(space.limits.iter().filter(|l| l.metric != over));
                        let view = space.with_limits(one);
                        match (exhaust(&view), step.known) {
                            (Some((_, e)), Known::Found { value, bound, .. }) => {
                                let best = e.totals.metric(problem.objective.metric);
                                assert!(near(value, best), "{value} {best} {text}");
                                assert!(near(bound, best), "{bound} {best} {text}");
                                found += 1;
                            }
                            (None, Known::Nothing) => nothing += 1,
                            (best, known) => panic!("{best:?} {known:?} {text}"),
                        }
                    }
                }
            }
        }
    }
    assert!(found > 100 && nothing > 10, "{found} {nothing}");
}

/// A front whose solver was stopped at once: what it has is true, and its gaps are finite.
fn stopped_fronts_say_less(
    space: &Space,
    over: Metric,
    limits: &[(f64, Option<f64>)],
    whole: &Front,
) {
    let now = AtomicBool::new(true);
    let stopped = front(space, over, limits, &[], certify::STATES, &now, &|| {});
    assert!(stopped.stopped);
    assert_eq!(stopped.steps.len(), whole.steps.len());
    for (less, more) in stopped.steps.iter().zip(&whole.steps) {
        match (less.known, more.known) {
            (Known::Undecided, _) | (Known::Nothing, Known::Nothing) => {}
            (Known::Found { gap, .. }, Known::Found { .. }) => {
                assert!((0.0..=1.0).contains(&gap), "{gap}");
            }
            (less, more) => panic!("{less:?} {more:?}"),
        }
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= b.abs() * 1e-11
}

/// A design with budgets at shares of what uniform corners span, and one exactly at what some
/// assignment uses.
fn designs(menus: &[&str], deployment: &str, dataflow: &str, extra: &str) -> (usize, usize) {
    let budgets = [
        "",
        "area <= 15%",
        "power <= 30%",
        "energy <= 40%",
        "latency <= 20%",
        "throughput >= 30%",
        "area <= 25%  energy <= 60%",
        "latency <= 40%  power <= 40%",
        "area <= 30%  latency <= 50%  throughput >= 5%",
        "area <= 40%  energy <= 60%  power <= 40%",
        "throughput >= 100%",
    ];
    let (mut held, mut infeasible) = (0, 0);
    for menu in menus {
        for objective in OBJECTIVES {
            for budget in budgets {
                let used = if budget.is_empty() { "" } else { "budget b" };
                let text = format!(
                    "budget b {{ area <= 100% {} }}\n{BLOCKS}\ndesign one {{ network tiny  \
                     model maestro  technology maestro  dataflow{dataflow}  menu {menu}  {deployment}  {used}  \
                     {objective}  {extra} }}",
                    if budget.contains("area") { "" } else { budget }
                );
                let text = if budget.contains("area") {
                    text.replace("area <= 100%", budget)
                } else {
                    text
                };
                let name = format!("{objective}, {menu}, {deployment}, {dataflow}, {budget}");
                if hold(&text, &name) {
                    held += 1;
                } else {
                    infeasible += 1;
                }
            }
        }
    }
    (held, infeasible)
}

#[test]
fn pipelined_problems_equal_enumeration() {
    let (held, infeasible) = designs(&["one"], "", " nvdla", "");
    assert!(held >= 50, "{held} {infeasible}");
}

#[test]
fn pinned_problems_equal_enumeration() {
    let pins = "pin c { pes = 3 }  pin e { pes = 1, buffer = 3 }";
    let (held, infeasible) = designs(&["two"], "", " nvdla", pins);
    assert!(held >= 40, "{held} {infeasible}");
}

#[test]
fn mixed_problems_equal_enumeration() {
    let pins = "pin a { dataflow = eyeriss }  pin b { pes = 2 }  pin d { dataflow = nvdla }";
    let (held, infeasible) = designs(&["one"], "", " in [nvdla, eyeriss]", pins);
    assert!(held >= 40, "{held} {infeasible}");
}

#[test]
fn sequential_problems_equal_enumeration() {
    let (held, infeasible) = designs(&["shared"], "deploy sequential", " nvdla", "");
    assert!(held >= 30, "{held} {infeasible}");
    let (held, infeasible) = designs(
        &["engine"],
        "deploy sequential",
        " nvdla",
        "pin b { buffer = 2 }",
    );
    assert!(held >= 50, "{held} {infeasible}");
}

#[test]
fn sequential_mixed_problems_equal_enumeration() {
    let pins = "pin b { buffer = 1 }  pin d { buffer = 3 }  pin e { buffer = 1 }";
    let mixed = " in [nvdla, eyeriss]";
    let (held, infeasible) = designs(&["engine"], "deploy sequential", mixed, pins);
    assert!(held >= 50, "{held} {infeasible}");
}

/// A thousand layers under two budgets: what is too large to close still ends, close to the bound.
#[test]
fn a_thousand_layers_end_near_their_bound() {
    let mut text = String::from(
        "use std.dataflows.nvdla\nuse std.technologies.maestro\nnetwork deep {\n  input image [16, 28, 28]\n",
    );
    let mut last = "image".to_string();
    for block in 0..333 {
        let filters = 16 + 8 * (block / 40);
        let wide = 2 * filters + block % 7 * 4;
        text += &format!(
            "  p{block} = conv({last}) {{ filters = {filters}, kernel = 1x1 }}
  a{block} = conv(p{block}) {{ filters = {wide}, kernel = 3x3, pad = 1 }}
  b{block} = conv(a{block}) {{ filters = {filters}, kernel = 1x1 }}
  s{block} = add(p{block}, b{block})\n"
        );
        last = format!("s{block}");
    }
    text += "}
menu wide { pes in [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128]  buffer in 1..=12 }
budget two { area <= 20%  energy <= 60% }
design deep { network deep  dataflow nvdla  menu wide  budget two  model maestro  technology maestro  minimize latency }";
    let problem = support::problem(&text);
    let space = Space::new(&problem, false).expect("a space");
    assert_eq!(space.fine.len(), 999);
    let proof = certify::prove(&space, None, 100_000);
    let best = proof.best.as_ref().and_then(|a| space.evaluate(a));
    let best = best.expect("a solution");
    assert!(best.feasible());
    assert!(proof.bound <= best.cost);
    assert!(best.cost <= proof.bound * 1.001);
    assert!(proof.states < 2_200_000);
}
