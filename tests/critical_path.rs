//! The critical path: against an enumeration of all paths, of all assignments, and against an
//! independent solver of integer programs; and a checker of its certificate that trusts nothing but
//! the network, the price table and what a build writes.

#[path = "support/problem.rs"]
mod support;

use cfxc::certify;
use cfxc::emit::{Decision, json};
use cfxc::ir::metric::Metric;
use cfxc::ir::network::{Network, NodeKind};
use cfxc::ir::problem::Problem;
use cfxc::search::{NoObserver, Outcome, run};
use cfxc::space::{Assignment, Point, Space, feasible};
use microlp::{ComparisonOp, OptimizationDirection, Problem as Program};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// A small generator of its own: the tests must not move when the product's one does.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

const BLOCKS: &str = "
use std.dataflows.nvdla
use std.technologies.maestro
menu small { pes in [1, 3, 8]  buffer in [1, 4] }
menu tiny { pes in [1, 2, 8]  buffer in [2] }
";

const BUDGETS: [&str; 7] = [
    "area <= 8%",
    "area <= 30%",
    "power <= 20%",
    "energy <= 40%",
    "area <= 25%  energy <= 60%",
    "latency <= 60%  area <= 40%",
    "area <= 50%  power <= 40%  throughput >= 5%",
];

/// A design over a random network of so many layers, with branches that meet and may end anywhere.
fn random_design(random: &mut Random, layers: usize, menu: &str, rest: &str) -> String {
    let mut text = format!("{BLOCKS}network net {{\n  input image [8, 8, 8]\n");
    let mut open = vec!["image".to_string()];
    for layer in 0..layers {
        let mut operand = open[random.below(open.len())].clone();
        let other = open[random.below(open.len())].clone();
        if other != operand && random.below(2) == 0 {
            text += &format!("  j{layer} = concat({operand}, {other})\n");
            operand = format!("j{layer}");
            open.push(operand.clone());
        }
        if random.below(4) == 0 {
            text += &format!("  r{layer} = relu({operand})\n");
            operand = format!("r{layer}");
        }
        let filters = [4, 8, 16][random.below(3)];
        let window = ["1x1", "3x3, pad = 1"][random.below(2)];
        text +=
            &format!("  n{layer} = conv({operand}) {{ filters = {filters}, kernel = {window} }}\n");
        open.push(format!("n{layer}"));
    }
    let budget = BUDGETS[random.below(BUDGETS.len())];
    format!(
        "{text}}}\nbudget b {{ {budget} }}\ndesign one {{ network net  dataflow nvdla  menu {menu}  \
         model maestro  technology maestro  budget b  minimize critical_path  {rest} }}"
    )
}

/// Every path of a network, as layers of the problem.
fn all_paths(network: &Network) -> Vec<Vec<usize>> {
    let layers: BTreeMap<NodeIndex, usize> = network
        .layers()
        .enumerate()
        .map(|(number, (node, _, _))| (node, number))
        .collect();
    fn walk(
        network: &Network,
        layers: &BTreeMap<NodeIndex, usize>,
        node: NodeIndex,
        path: &mut Vec<usize>,
        out: &mut Vec<Vec<usize>>,
    ) {
        path.extend(layers.get(&node));
        let mut next = network.graph.neighbors(node).peekable();
        if next.peek().is_none() {
            out.push(path.clone());
        }
        for next in next {
            walk(network, layers, next, path, out);
        }
        if layers.contains_key(&node) {
            path.pop();
        }
    }
    let mut out = Vec::new();
    for node in network.graph.node_indices() {
        if network
            .graph
            .neighbors_directed(node, Direction::Incoming)
            .next()
            .is_none()
        {
            walk(network, &layers, node, &mut Vec::new(), &mut out);
        }
    }
    out
}

fn cycles(space: &Space, layer: usize, point: Point) -> u64 {
    space.price(layer, point).expect("a price").latency_cycles
}

/// The critical path by enumeration.
fn longest(space: &Space, paths: &[Vec<usize>], assignment: &[Point]) -> u64 {
    let length = |path: &Vec<usize>| path.iter().map(|&l| cycles(space, l, assignment[l])).sum();
    paths.iter().map(length).max().expect("a path")
}

/// The least critical path within budget, over all assignments.
fn exhaust(space: &Space, paths: &[Vec<usize>]) -> Option<u64> {
    let fine = space.fine.as_slice();
    let mut best: Option<u64> = None;
    let mut at = vec![0; fine.len()];
    loop {
        let assignment: Assignment = at.iter().zip(fine.iter()).map(|(&a, f)| f[a]).collect();
        let evaluation = space.evaluate(&assignment).expect("priced");
        let found = longest(space, paths, &assignment);
        assert_eq!(evaluation.totals.critical_cycles, found);
        assert_eq!(
            evaluation.totals.metric(Metric::CriticalPath),
            evaluation.cost
        );
        if evaluation.feasible() && best.is_none_or(|b| found < b) {
            best = Some(found);
        }
        let Some(next) = (0..at.len()).rev().find(|&l| at[l] + 1 < fine[l].len()) else {
            return best;
        };
        at[next] += 1;
        at[next + 1..].fill(0);
    }
}

fn search(problem: &Problem) -> Outcome {
    let space = Space::new(problem, true).expect("a space");
    let refuge = feasible::find(&space).ok();
    let stop = AtomicBool::new(false);
    run(&space, refuge.as_deref(), &stop, &mut NoObserver)
}

const SEARCH: &str =
    "search reinforce { episodes = 60 } then genetic { generations = 30, population = 8 }";

#[test]
fn random_networks_equal_enumeration() {
    let mut random = Random(4);
    let (mut held, mut infeasible, mut branched) = (0, 0, 0);
    for round in 0..60 {
        let (layers, menu) = if round % 3 == 0 {
            (4, "small")
        } else {
            (6, "tiny")
        };
        let text = random_design(&mut random, layers, menu, SEARCH);
        let problem = support::problem(&text);
        let space = Space::new(&problem, true).expect("a space");
        let paths = all_paths(&problem.network);
        let Some(best) = exhaust(&space, &paths) else {
            infeasible += 1;
            continue;
        };
        held += 1;
        branched += usize::from(!space.paths.chain);
        let mut known = None;
        for states in [0, 1, 5, 50, certify::STATES] {
            for known in [None, known.as_ref()] {
                let proof = certify::prove(&space, known, states);
                assert!(proof.bound <= best as f64, "{states} states\n{text}");
                checked(&problem, &space, &proof, &text);
                if let Some(found) = &proof.best {
                    let found = space.evaluate(found).expect("priced");
                    assert!(!found.feasible() || found.cost >= best as f64, "{text}");
                }
                let certificate = certify::certify(&space, &proof, best as f64);
                assert_eq!(
                    certificate.proven,
                    certificate.bound == best as f64,
                    "{text}"
                );
                assert!(certificate.proven || certificate.why.is_some());
                if states == certify::STATES {
                    assert!(certificate.proven, "{} of {best}\n{text}", proof.bound);
                    let found = proof.best.as_ref().and_then(|a| space.evaluate(a));
                    assert_eq!(found.expect("an optimum").cost, best as f64, "{text}");
                }
            }
            known = certify::prove(&space, None, states).best;
        }
        if round % 5 == 0 {
            let outcome = search(&problem);
            let found = outcome.best.expect("something within budget");
            assert!(found.evaluation.feasible(), "{text}");
            assert!(found.evaluation.cost >= best as f64, "{text}");
            assert!(found.evaluation.cost <= best as f64 * 1.5, "{text}");
        }
    }
    assert!(
        held >= 40 && branched >= 25,
        "{held} {infeasible} {branched}"
    );
}

/// Least T with T at least when every layer is done, as a mixed-integer program in units of 1000
/// cycles.
fn program(space: &Space, network: &Network) -> Option<f64> {
    let unit = 1000.0;
    let mut program = Program::new(OptimizationDirection::Minimize);
    let end = program.add_var(1.0, (0.0, f64::INFINITY));
    let sums = space.sum_limits();
    let mut rows = vec![Vec::new(); sums.len()];
    let mut done = BTreeMap::new();
    let mut layer = 0;
    for &node in &network.order {
        let time = program.add_var(0.0, (0.0, f64::INFINITY));
        done.insert(node, time);
        let mut takes = vec![(time, 1.0)];
        if matches!(network.graph[node].kind, NodeKind::Layer(_)) {
            let mut one = Vec::new();
            for &point in space.fine[layer]
                .iter()
                .filter(|&&p| space.keeps_pace(layer, p))
            {
                let taken = program.add_binary_var(0.0);
                one.push((taken, 1.0));
                takes.push((taken, -(cycles(space, layer, point) as f64) / unit));
                for (row, sum) in rows.iter_mut().zip(&sums) {
                    row.push((taken, space.weight(sum.weight, layer, point) / sum.bound));
                }
            }
            program.add_constraint(&one, ComparisonOp::Eq, 1.0);
            layer += 1;
        }
        program.add_constraint(&takes, ComparisonOp::Ge, 0.0);
        for before in network.graph.neighbors_directed(node, Direction::Incoming) {
            let mut after = takes.clone();
            after.push((done[&before], -1.0));
            program.add_constraint(&after, ComparisonOp::Ge, 0.0);
        }
        program.add_constraint([(end, 1.0), (time, -1.0)], ComparisonOp::Ge, 0.0);
    }
    for row in &rows {
        program.add_constraint(row, ComparisonOp::Le, 1.0);
    }
    match program.solve() {
        Ok(status) => Some(
            status
                .into_solution()
                .expect("no limit was set")
                .objective()
                * unit,
        ),
        Err(microlp::Error::Infeasible) => None,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn larger_networks_equal_an_independent_solver() {
    let mut random = Random(9);
    let mut solved = 0;
    for _ in 0..40 {
        let layers = 7 + random.below(3);
        let text = random_design(&mut random, layers, "tiny", "search exact");
        let problem = support::problem(&text);
        let space = Space::new(&problem, true).expect("a space");
        let optimum = program(&space, &problem.network);
        let proof = certify::prove(&space, None, certify::STATES);
        let best = proof.best.as_ref().and_then(|a| space.evaluate(a));
        let best = best.filter(|e| e.feasible());
        assert_eq!(best.is_some(), optimum.is_some(), "{text}");
        if let (Some(best), Some(optimum)) = (best, optimum) {
            assert!(
                (best.cost / optimum - 1.0).abs() < 1e-6,
                "{} {optimum}\n{text}",
                best.cost
            );
            assert_eq!(proof.bound, best.cost, "{text}");
            solved += 1;
        }
    }
    assert!(solved >= 24, "{solved}");
}

/// Recomputes what a certificate as written states: the flow is conserved along the edges of the
/// network, and with it and the multipliers the price table gives the stated bound.
fn checked(problem: &Problem, space: &Space, proof: &certify::Proof, name: &str) {
    let Some(best) = proof.best.as_ref() else {
        return;
    };
    let Some(evaluation) = space.evaluate(best).filter(|e| e.feasible()) else {
        return;
    };
    let certificate = certify::certify(space, proof, evaluation.cost);
    let mut decision = Decision::of(space, best, evaluation.totals).expect("a decision");
    decision.certificate = Some(&certificate);
    let written = json::design(&decision);
    let written = &written["certificate"];
    let relaxation = &written["relaxation"];
    assert!(
        relaxation["note"]
            .as_str()
            .is_some_and(|n| n.contains("does not decompose"))
    );
    let units = relaxation["units"].as_i64().expect("units");
    let phi = |name: &str| relaxation["layers"][name].as_i64();
    let (mut into, mut out): (BTreeMap<String, i64>, BTreeMap<String, i64>) = Default::default();
    let graph = &problem.network.graph;
    let named = |name: &Value| {
        let node = graph
            .node_indices()
            .find(|&n| Some(graph[n].name.as_str()) == name.as_str());
        node.expect("a node of the network")
    };
    for edge in relaxation["edges"].as_array().expect("edges") {
        let (from, to) = (named(&edge["from"]), named(&edge["to"]));
        assert!(graph.contains_edge(from, to), "{name}");
        let units = edge["units"].as_i64().expect("units");
        assert!(units > 0);
        *out.entry(graph[from].name.clone()).or_default() += units;
        *into.entry(graph[to].name.clone()).or_default() += units;
    }
    let (mut entered, mut left) = (0, 0);
    for node in graph.node_indices() {
        let count = |direction| {
            let neighbours = graph.neighbors_directed(node, direction);
            neighbours
                .filter(|&n| graph[n].kind != NodeKind::Input)
                .count()
        };
        if graph[node].kind == NodeKind::Input {
            continue;
        }
        let key = &graph[node].name;
        let (into, out) = (into.get(key).copied(), out.get(key).copied());
        let source = count(Direction::Incoming) == 0;
        let sink = count(Direction::Outgoing) == 0;
        let through = match (source, sink) {
            (true, true) => phi(key).unwrap_or(0),
            (true, false) => out.unwrap_or(0),
            (false, _) => into.unwrap_or(0),
        };
        if !source && !sink {
            assert_eq!(into, out, "{name}: {key}");
        }
        if let Some(phi) = phi(key) {
            assert_eq!(phi, through, "{name}: {key}");
        }
        entered += if source { through } else { 0 };
        left += if sink { through } else { 0 };
    }
    // What passes a free node that is both is not written; no network here has one.
    assert_eq!((entered, left), (units, units), "{name}");
    let lagrangian = &written["lagrangian"];
    let mut total = 0.0;
    for (layer, points) in space.fine.iter().enumerate() {
        let phi = phi(&problem.layers[layer].name).expect("every layer") as f64 / units as f64;
        let mut least = f64::INFINITY;
        for &point in points.iter().filter(|&&p| space.keeps_pace(layer, p)) {
            let mut value = phi * cycles(space, layer, point) as f64;
            for m in lagrangian["multipliers"].as_array().expect("multipliers") {
                let metric = Metric::parse(m["sum"].as_str().expect("a sum")).expect("a metric");
                let multiplier = m["multiplier"].as_f64().expect("a number");
                assert!(multiplier >= 0.0, "{name}");
                value += multiplier * space.weight(metric, layer, point);
            }
            least = least.min(value);
        }
        total += least;
    }
    for m in lagrangian["multipliers"].as_array().expect("multipliers") {
        total -=
            m["multiplier"].as_f64().expect("a number") * m["limit"].as_f64().expect("a limit");
    }
    let stated = lagrangian["bound"].as_f64().expect("a bound");
    assert!(
        (stated - total).abs() <= 1e-9 * total.abs().max(1.0),
        "{name}: {stated} {total}"
    );
    let bound = written["bound"].as_f64().expect("a bound");
    assert!(
        bound >= (stated * (1.0 - 1e-12)).ceil() && bound <= evaluation.cost,
        "{name}"
    );
}

#[test]
fn a_chain_is_the_latency() {
    let text = "use std.networks.mobilenet_v2\nuse std.dataflows.nvdla\nuse std.menus.confuciux
budget b { area <= 10% }
design one { network mobilenet_v2  dataflow nvdla  menu confuciux  budget b  minimize critical_path }";
    let path = support::problem(text);
    let latency = support::problem(&text.replace("critical_path", "latency"));
    let spaces = [&path, &latency].map(|p| Space::new(p, false).expect("a space"));
    assert!(spaces[0].paths.chain);
    let [path, latency] = [0, 1].map(|i| certify::prove(&spaces[i], None, certify::STATES));
    assert_eq!((path.bound, &path.best), (latency.bound, &latency.best));
    let best = path
        .best
        .as_ref()
        .and_then(|a| spaces[0].evaluate(a))
        .expect("an optimum");
    assert_eq!(best.totals.critical_cycles, best.totals.latency_cycles);
    assert!(certify::certify(&spaces[0], &path, best.cost).proven);
    checked(spaces[0].problem, &spaces[0], &path, "chain");
}

/// One branch of the diamond has nine times the other's work: whatever is bought goes to it.
const DIAMOND: &str = "
network diamond {
  input image [16, 16, 16]
  head  = conv(image)       { filters = 16, kernel = 1x1 }
  long  = conv(head)        { filters = 16, kernel = 3x3, pad = 1 }
  short = conv(head)        { filters = 16, kernel = 1x1 }
  tail  = conv(join)        { filters = 16, kernel = 1x1 }
  join  = add(long, short)
}
budget b { area <= 12% }
";

#[test]
fn only_the_longer_branch_is_paid_for() {
    for stages in [SEARCH, "search exact"] {
        let design = |metric: &str| {
            format!(
                "{BLOCKS}{DIAMOND}menu edge {{ pes in [1, 2, 4, 8, 16, 32]  buffer in [1, 2, 4, 8]  refine pes in 1..=32 }}
design one {{ network diamond  dataflow nvdla  menu edge  budget b  model maestro  technology maestro  minimize {metric}  {stages} }}"
            )
        };
        let path = support::problem(&design("critical_path"));
        let outcome = search(&path);
        let space = Space::new(&path, true).expect("a space");
        let found = outcome.best.expect("a design");
        let layer = |name: &str| {
            path.layers
                .iter()
                .position(|l| l.name == name)
                .expect("a layer")
        };
        let [long, short] = ["long", "short"].map(layer);
        let area = |l: usize| space.weight(Metric::Area, l, found.assignment[l]);
        let least = |l: usize| {
            let points = space.fine[l].iter();
            points
                .map(|&p| space.weight(Metric::Area, l, p))
                .fold(f64::INFINITY, f64::min)
        };
        assert!(area(long) > 2.0 * least(long), "{stages}");
        assert!(area(short) < 2.0 * least(short), "{stages}");
        let latency = search(&support::problem(&design("latency")))
            .best
            .expect("a design");
        let [path, latency] = [&found, &latency].map(|f| f.evaluation.totals);
        assert!(path.critical_cycles < latency.critical_cycles, "{stages}");
        assert!(path.latency_cycles > latency.latency_cycles, "{stages}");
    }
}

#[test]
fn layers_without_edges_run_side_by_side() {
    let text = format!(
        "{BLOCKS}network loose {{
  layer a conv {{ K = 8, C = 8, Y = 8, X = 8, R = 3, S = 3, pad = 1 }}
  layer b conv {{ K = 16, C = 8, Y = 8, X = 8, R = 1, S = 1 }}
  layer c dense {{ K = 10, C = 64 }}
}}
budget b {{ area <= 30% }}
design one {{ network loose  dataflow nvdla  menu small  budget b  minimize critical_path  search exact }}"
    );
    let problem = support::problem(&text);
    let outcome = search(&problem);
    let totals = outcome.best.expect("a design").evaluation.totals;
    assert_eq!(totals.critical_cycles, totals.slowest_cycles);
    assert!(outcome.certificate.expect("a certificate").proven);
}

/// Too many branches at once for the enumeration of finishing times: the flow's bound stands.
#[test]
fn a_wide_network_keeps_its_bound() {
    let mut text = format!("{BLOCKS}network wide {{\n  input image [8, 8, 8]\n");
    let branches: Vec<String> = (0..80).map(|b| format!("b{b}")).collect();
    for (number, name) in branches.iter().enumerate() {
        let filters = 4 + number % 5;
        text += &format!("  {name} = conv(image) {{ filters = {filters}, kernel = 1x1 }}\n");
    }
    for pair in 0..79 {
        text += &format!("  j{pair} = concat(b{pair}, b{})\n", pair + 1);
        text += &format!("  c{pair} = conv(j{pair}) {{ filters = 4, kernel = 1x1 }}\n");
    }
    text += "}\nbudget b { area <= 20% }
design one { network wide  dataflow nvdla  menu small  budget b  minimize critical_path }";
    let problem = support::problem(&text);
    let space = Space::new(&problem, true).expect("a space");
    let proof = certify::prove(&space, None, 1000);
    let best = proof
        .best
        .as_ref()
        .and_then(|a| space.evaluate(a))
        .expect("a solution");
    assert!(best.feasible() && proof.bound <= best.cost && proof.bound > 0.0);
    checked(&problem, &space, &proof, "wide");
}
