//! A checker that trusts neither the solver nor the library: it reads what a build writes (JSON) and
//! the price list (`cfxc cost --menu --format csv`), and proves the stated bounds again.
//!
//! | objective | what is checked |
//! |---|---|
//! | a sum, pipelined | the Lagrangian bound from its multipliers |
//! | the longest path, pipelined | the same of the sum that the flow makes of it |
//! | the slowest layer, pipelined | that the multipliers exclude all faster pipelines |
//! | a sum or edp, sequential | the bound itself, engine by engine and without multipliers |
//!
//! The result is checked against the price list and the budgets besides.

#[path = "support/price_list.rs"]
mod price_list;
#[path = "support/published.rs"]
mod published;
#[path = "support/problem.rs"]
mod support;

use cfxc::base::span::SourceMap;
use cfxc::certify::{self, Proof};
use cfxc::diag::Diagnostic;
use cfxc::emit::{Decision, json};
use cfxc::import;
use cfxc::ir::problem::{Limit, Problem};
use cfxc::search::{Found, Outcome};
use cfxc::sema::{FileNetwork, FileRequest};
use cfxc::space::Space;
use price_list::{Row, read, written};
use published::published;
use serde_json::Value;
use std::collections::BTreeMap;

/// Relative difference that sums in another order may make.
const ROUNDING: f64 = 1e-9;

/// The facts of one design, and per layer the points it may take.
struct Checker<'a> {
    facts: &'a Value,
    layers: Vec<Vec<&'a Row>>,
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("no number: {value}"))
}

fn list(value: &Value) -> &Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("no list: {value}"))
}

impl<'a> Checker<'a> {
    fn new(facts: &'a Value, rows: &'a [Row]) -> Self {
        let layers = list(&facts["layers"]).iter().map(|layer| {
            let pins = list(&facts["inputs"]["pins"]).iter();
            let pin = pins.clone().find(|p| p["layer"] == layer["name"]);
            let kept = |row: &&Row| {
                row.layer == layer["name"]
                    && pin.is_none_or(|pin| {
                        let knobs = pin["knobs"].as_object().expect("knobs");
                        let mut fixed = knobs.iter();
                        fixed.all(|(name, v)| row.figure(name) == number(v))
                            && (pin["dataflow"].is_null() || pin["dataflow"] == row.dataflow)
                    })
            };
            rows.iter().filter(kept).collect()
        });
        let mut checker = Checker {
            layers: layers.collect(),
            facts,
        };
        // A pipeline keeps the pace of its budget layer by layer.
        let pace = checker.limit("throughput").filter(|_| checker.pipelined());
        let slowest = pace.map_or(f64::INFINITY, |pace| checker.clock() / pace);
        for points in &mut checker.layers {
            points.retain(|row| row.figure("latency") <= slowest * (1.0 + ROUNDING));
        }
        checker
    }

    fn pipelined(&self) -> bool {
        self.facts["inputs"]["deployment"] == "pipelined"
    }

    fn coefficient(&self, name: &str) -> f64 {
        number(&self.facts["inputs"]["technology"]["coefficients"][name]["value"])
    }

    /// um2 of a memory of so many bytes.
    fn memory(&self, bytes: f64) -> f64 {
        let coefficients = &self.facts["inputs"]["technology"]["coefficients"];
        let periphery = coefficients["sram.periphery"]["value"].as_f64();
        bytes * self.coefficient("sram.area") + bytes.sqrt() * periphery.unwrap_or(0.0)
    }

    fn clock(&self) -> f64 {
        self.coefficient("clock")
    }

    fn objective(&self) -> &str {
        self.facts["objective"]["metric"].as_str().expect("a name")
    }

    fn limit(&self, metric: &str) -> Option<f64> {
        let mut budgets = list(&self.facts["budgets"]).iter();
        budgets
            .find(|b| b["metric"] == metric)
            .map(|b| number(&b["limit"]))
    }

    /// sum over layers of min over points of cost + sum of m weight, less the sum of m limit. Every
    /// assignment within budget costs at least that.
    fn relaxed(&self, multipliers: &Value, cost: &dyn Fn(&Row) -> f64) -> f64 {
        let multipliers: Vec<(&str, f64, f64)> = list(multipliers)
            .iter()
            .map(|m| {
                let metric = m["sum"].as_str().expect("a name");
                assert_eq!(
                    Some(number(&m["limit"])),
                    self.limit(metric),
                    "another limit"
                );
                (metric, number(&m["limit"]), number(&m["multiplier"]))
            })
            .collect();
        assert!(multipliers.iter().all(|m| m.2 >= 0.0), "it proves nothing");
        let priced = |row: &Row| -> f64 {
            let weights = multipliers
                .iter()
                .map(|(metric, _, m)| m * row.figure(metric));
            cost(row) + weights.sum::<f64>()
        };
        let least = |points: &Vec<&Row>| {
            points
                .iter()
                .map(|r| priced(r))
                .fold(f64::INFINITY, f64::min)
        };
        let limits: f64 = multipliers.iter().map(|(_, limit, m)| m * limit).sum();
        self.layers.iter().map(least).sum::<f64>() - limits
    }

    /// The bound of a sum, from its multipliers; a critical path is bounded by the latencies that a
    /// flow through the network weighs.
    fn sum(&self) -> f64 {
        let stated = &self.facts["certificate"]["lagrangian"];
        let again = self.relaxed(&stated["multipliers"], &|row| self.weighed(row));
        let bound = number(&stated["bound"]);
        assert!(
            (bound - again).abs() <= again.abs() * ROUNDING,
            "{bound} stated, {again} found"
        );
        again
    }

    /// What a row adds to the sum.
    fn weighed(&self, row: &Row) -> f64 {
        let relaxation = &self.facts["certificate"]["relaxation"];
        if relaxation.is_null() {
            return row.figure(self.objective());
        }
        let units = number(&relaxation["layers"][&row.layer]);
        row.figure("latency") * units / number(&relaxation["units"])
    }

    /// The most inferences per second of which the multipliers do not show that no pipeline makes
    /// them.
    fn slowest_layer(&mut self) -> f64 {
        let own = self.layers.iter().map(|points| {
            let cycles = points.iter().map(|r| r.figure("latency"));
            cycles.fold(f64::INFINITY, f64::min)
        });
        let mut least = own.fold(0.0, f64::max);
        let exclusion = &self.facts["certificate"]["exclusion"];
        if !exclusion.is_null() {
            let cycles = number(&exclusion["slowest_layer_cycles"]);
            let mut later: Vec<f64> = self
                .layers
                .iter()
                .flatten()
                .map(|r| r.figure("latency"))
                .collect();
            later.retain(|&c| c > cycles);
            for points in &mut self.layers {
                points.retain(|row| row.figure("latency") <= cycles);
            }
            let excess = self.relaxed(&exclusion["multipliers"], &|_| 0.0);
            assert!(excess > 0.0, "{excess}: {cycles} cycles are not excluded");
            least = later.into_iter().fold(f64::INFINITY, f64::min);
        }
        self.clock() / least
    }

    /// The least cost on any one engine, budgets on sums left aside. Area and power depend on the
    /// memories only by what they hold: figure + (PEs L1 + L2) x price per byte.
    fn engines(&self) -> f64 {
        let knobs = list(&self.facts["inputs"]["menu"]["knobs"]).iter();
        let shared = knobs.filter(|k| k["per_layer"] == false);
        let shared: Vec<&str> = shared.filter_map(|k| k["name"].as_str()).collect();
        let mut engines: BTreeMap<Vec<u64>, Vec<Vec<&Row>>> = BTreeMap::new();
        for (layer, points) in self.layers.iter().enumerate() {
            for row in points {
                let engine = shared.iter().map(|k| row.figure(k) as u64).collect();
                let lists = engines.entry(engine).or_default();
                lists.resize(self.layers.len(), Vec::new());
                lists[layer].push(row);
            }
        }
        let mut least = f64::INFINITY;
        for lists in engines.values() {
            let rows = || lists.iter().flatten();
            let mut locals: Vec<f64> = rows().map(|r| r.figure("l1_bytes")).collect();
            locals.sort_by(f64::total_cmp);
            locals.dedup();
            for l1 in locals {
                // Whether the engine with this local and the row's shared memory is within budget.
                let fits = |row: &Row| {
                    assert_eq!(self.limit("power"), None, "the power of larger memories");
                    let more = self.memory(l1) - self.memory(row.figure("l1_bytes"));
                    let needed = row.figure("area") + row.figure("pes") * more;
                    self.limit("area")
                        .is_none_or(|l| needed <= l * (1.0 + ROUNDING))
                };
                let small = |row: &&&Row| row.figure("l1_bytes") <= l1 && fits(row);
                let kept: Vec<Vec<&Row>> = lists
                    .iter()
                    .map(|points| points.iter().filter(small).copied().collect())
                    .collect();
                if kept.iter().all(|points| !points.is_empty()) {
                    least = least.min(self.of_engine(&kept));
                }
            }
        }
        least
    }

    /// The least objective of layers with these points and no budget.
    fn of_engine(&self, layers: &[Vec<&Row>]) -> f64 {
        if self.objective() != "edp" {
            let least = |points: &Vec<&Row>| {
                let values = points.iter().map(|r| r.figure(self.objective()));
                values.fold(f64::INFINITY, f64::min)
            };
            return layers.iter().map(least).sum();
        }
        // A product of sums is least at a corner of the hull of all (energy, latency), and the hull
        // of sums is the sum of hulls: from the least energy on, edge after edge, steepest first.
        let (mut energy, mut latency) = (0.0, 0.0);
        let mut edges: Vec<(f64, f64)> = Vec::new();
        for points in layers {
            let at = |r: &&Row| (r.figure("energy"), r.figure("latency"));
            let all: Vec<(f64, f64)> = points.iter().map(at).collect();
            let before =
                |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1));
            let mut now = all.iter().copied().min_by(before).expect("points");
            energy += now.0;
            latency += now.1;
            loop {
                let steepness = |to: &(f64, f64)| (to.1 - now.1) / (to.0 - now.0);
                let down = all
                    .iter()
                    .copied()
                    .filter(|to| to.0 > now.0 && to.1 < now.1);
                let steepest = down.min_by(|a, b| steepness(a).total_cmp(&steepness(b)));
                let Some(next) = steepest else { break };
                edges.push((next.0 - now.0, next.1 - now.1));
                now = next;
            }
        }
        edges.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
        let mut least = energy * latency;
        for (more, less) in edges {
            energy += more;
            latency += less;
            least = least.min(energy * latency);
        }
        least
    }

    /// When each node is done: the last of its producers, and a layer's own cycles on top.
    fn done(&self, chosen: &[&'a Row]) -> BTreeMap<&'a str, f64> {
        let edges = list(&self.facts["inputs"]["network"]["edges"]).iter();
        let edges: Vec<[&str; 2]> = edges
            .map(|e| [0, 1].map(|end| e[end].as_str().expect("a name")))
            .collect();
        let layers = chosen
            .iter()
            .map(|r| (r.layer.as_str(), r.figure("latency")));
        let own: BTreeMap<&str, f64> = layers.collect();
        let mut done = own.clone();
        // Whatever the order of the edges, a path has no more of them than there are edges.
        for _ in 0..=edges.len() {
            let before = done.clone();
            for [from, to] in &edges {
                let start = done.get(from).copied().unwrap_or(0.0);
                let end = start + own.get(to).copied().unwrap_or(0.0);
                let known = done.entry(to).or_insert(end);
                *known = known.max(end);
            }
            if before == done {
                return done;
            }
        }
        panic!("a cycle");
    }

    /// The chosen points stand in the price list, and add up to what is stated, within budget.
    fn result(&self) {
        let stated = list(&self.facts["layers"]).iter().zip(&self.layers);
        let knobs: Vec<&str> = list(&self.facts["inputs"]["menu"]["knobs"])
            .iter()
            .filter_map(|k| k["name"].as_str())
            .collect();
        let chosen: Vec<&Row> = stated
            .map(|(layer, points)| {
                let same = |row: &&&Row| {
                    layer["dataflow"] == row.dataflow
                        && knobs.iter().all(|k| number(&layer[k]) == row.figure(k))
                };
                points
                    .iter()
                    .find(same)
                    .copied()
                    .expect("a point of the menu")
            })
            .collect();
        let sum = |metric: &str| -> f64 { chosen.iter().map(|r| r.figure(metric)).sum() };
        let done = self.done(&chosen);
        let slowest = chosen
            .iter()
            .map(|r| r.figure("latency"))
            .fold(0.0, f64::max);
        let value = |metric: &str| match (metric, self.pipelined()) {
            ("throughput", true) => self.clock() / slowest,
            ("throughput", false) => self.clock() / sum("latency"),
            ("critical_path", true) => done.values().copied().fold(0.0, f64::max),
            ("edp", _) => sum("energy") * sum("latency"),
            ("area" | "power", false) => number(
                &self.facts["engine"][match metric {
                    "area" => "area_um2",
                    _ => "power_mw",
                }],
            ),
            (other, _) => sum(other),
        };
        let stated = number(&self.facts["certificate"]["value"]);
        let found = value(self.objective());
        assert!(
            (stated - found).abs() <= found * ROUNDING,
            "{stated} stated, {found} found"
        );
        for budget in list(&self.facts["budgets"]) {
            let metric = budget["metric"].as_str().expect("a name");
            let ratio = value(metric) / number(&budget["limit"]);
            let ratio = if metric == "throughput" {
                1.0 / ratio
            } else {
                ratio
            };
            assert!(ratio <= 1.0 + ROUNDING, "{metric} is over budget");
        }
    }
}

/// Checks the facts of a design; returns whether all of the stated bound was proved again, or only
/// what its multipliers prove.
fn check(facts: &Value, rows: &[Row]) -> bool {
    let mut checker = Checker::new(facts, rows);
    checker.result();
    let certificate = &facts["certificate"];
    let [value, bound] = ["value", "bound"].map(|key| number(&certificate[key]));
    let throughput = checker.objective() == "throughput";
    let proved = match (checker.pipelined(), throughput) {
        (true, false) => checker.sum(),
        (true, true) => checker.slowest_layer(),
        (false, _) => checker.engines(),
    };
    // Turned so that less is better.
    let cost = |value: f64| if throughput { 1.0 / value } else { value };
    assert!(
        cost(bound) <= cost(value) * (1.0 + ROUNDING),
        "{bound} beats {value}"
    );
    let weaker = cost(proved) <= cost(value) * (1.0 + ROUNDING);
    assert!(weaker, "{proved} was proved, and {value} reached");
    cost(proved) >= cost(bound) * (1.0 - ROUNDING)
}

/// What a build writes of the best that a proof knows; `None` if it knows none within budget.
fn facts(space: &Space, proof: &Proof) -> Option<Value> {
    let assignment = proof.best.clone()?;
    let evaluation = space.evaluate(&assignment).filter(|e| e.feasible())?;
    let outcome = Outcome {
        certificate: Some(certify::certify(space, proof, evaluation.cost)),
        best: Some(Found {
            assignment,
            evaluation,
        }),
        stages: Vec::new(),
        interrupted: false,
        simpler: Vec::new(),
    };
    let text = json::text(&json::design(&Decision::new(space, &outcome)?));
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// The tables beside the examples.
struct Beside;

impl cfxc::sema::Files for Beside {
    fn network(
        &mut self,
        wanted: &FileRequest,
        sources: &mut SourceMap,
    ) -> Result<FileNetwork, Vec<Diagnostic>> {
        let path = wanted.path;
        let whole = format!("{}/examples/{path}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(whole).expect("a table");
        let layers = import::table::layers(sources.add(path, text.as_str()), &text)?;
        Ok(layers.statements.into())
    }
}

/// Every design of every example, with the name of its file.
fn examples() -> Vec<(String, Problem)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "cfx"));
    paths.sort();
    let mut designs = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("text");
        let declared = text.lines().filter(|l| l.starts_with("design ")).count();
        let (analysis, _) = support::analyze_with(&text, &mut Beside);
        assert!(!analysis.has_errors(), "{}", path.display());
        assert_eq!(analysis.problems.len(), declared, "{}", path.display());
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        designs.extend(analysis.problems.into_iter().map(|p| (name.clone(), p)));
    }
    designs
}

#[test]
fn examples_prove_what_they_state() {
    let designs = examples();
    assert!(designs.len() >= 6);
    for (file, mut problem) in designs {
        let stages = std::mem::take(&mut problem.stages);
        let finer = problem.menu.knobs.iter().any(|k| !k.refine.is_empty());
        for refined in [false, true] {
            problem.stages = if refined { stages.clone() } else { Vec::new() };
            if refined && !finer {
                continue;
            }
            let name = format!("{file}: {}, refined {refined}", problem.design);
            let space = Space::new(&problem, refined).expect("a space");
            let rows = read(&written(&problem, refined));
            for states in [0, 20_000] {
                let proof = certify::prove(&space, None, states);
                let facts = facts(&space, &proof).unwrap_or_else(|| panic!("{name}: no result"));
                let refines = if refined { "refined" } else { "coarse" };
                assert_eq!(facts["certificate"]["space"], refines);
                let all = check(&facts, &rows);
                // Enumeration raises the bound of a sum above what its multipliers prove; the other
                // bounds of the examples are proved whole.
                let sum = !matches!(problem.design.as_str(), "mixed" | "phone_npu");
                assert!(
                    all || sum,
                    "{name}: only a part of the bound was proved again"
                );
            }
        }
    }
}

/// What a proof says of the coarse levels after someone meddled with it.
fn fooled(design: &str, meddle: impl Fn(&mut Value)) -> bool {
    let mut designs = examples();
    let at = designs.iter().position(|(_, p)| p.design == design);
    let (_, mut problem) = designs.remove(at.expect("an example"));
    if design == "mixed" {
        // So tight that layers must be slower than they could be alone.
        for budget in &mut problem.budgets {
            if let Limit::Absolute(limit) = &mut budget.limit {
                *limit *= 0.9;
            }
        }
    }
    let space = Space::new(&problem, false).expect("a space");
    let rows = read(&written(&problem, false));
    let proof = certify::prove(&space, None, 20_000);
    let mut facts = facts(&space, &proof).expect("a result");
    meddle(&mut facts);
    std::panic::catch_unwind(|| check(&facts, &rows)).is_ok()
}

#[test]
fn what_is_not_true_is_found_out() {
    let scaled = |value: &mut Value, factor: f64| *value = (number(value) * factor).into();
    assert!(fooled("edge_npu", |_| {}));
    assert!(!fooled("edge_npu", |facts| {
        scaled(&mut facts["certificate"]["lagrangian"]["bound"], 1.0001);
    }));
    assert!(!fooled("edge_npu", |facts| {
        let multipliers = &mut facts["certificate"]["lagrangian"]["multipliers"];
        scaled(&mut multipliers[0]["multiplier"], 1.01);
    }));
    assert!(!fooled("edge_npu", |facts| facts["layers"][0]["pes"] = 1.into()));
    assert!(fooled("mixed", |facts| {
        let exclusion = &facts["certificate"]["exclusion"];
        let excluded = number(&exclusion["slowest_layer_cycles"]);
        assert!(excluded < number(&facts["metrics"]["slowest_layer_cycles"]));
        assert_eq!(list(&exclusion["multipliers"]).len(), 2);
    }));
    assert!(!fooled("mixed", |facts| {
        let multipliers = &mut facts["certificate"]["exclusion"]["multipliers"];
        let list = multipliers.as_array_mut().expect("multipliers");
        list.iter_mut().for_each(|m| m["multiplier"] = 0.into());
    }));
    assert!(!fooled("mixed", |facts| {
        // As slow as the result itself, which keeps its budgets.
        let slowest = facts["metrics"]["slowest_layer_cycles"].clone();
        facts["certificate"]["exclusion"]["slowest_layer_cycles"] = slowest;
    }));
    assert!(!fooled("phone_npu", |facts| {
        // An engine that the budget of area does not allow would be better than the result.
        let area = facts["budgets"].as_array_mut().expect("budgets").iter_mut();
        area.filter(|b| b["metric"] == "area")
            .for_each(|b| scaled(&mut b["limit"], 0.5));
    }));
}

#[test]
fn published_problems_are_solved_and_their_bounds_hold() {
    let mut checked = 0;
    for case in published() {
        let line = case.line;
        let mut problem = support::problem(&case.text);
        problem.stages.clear();
        let space = Space::new(&problem, false).expect("a space");
        let proof = certify::prove(&space, None, certify::STATES);
        let facts = facts(&space, &proof).expect("a result");
        check(&facts, &read(&written(&problem, false)));
        let certificate = &facts["certificate"];
        let value = number(&certificate["value"]);
        let stated = number(&certificate["lagrangian"]["bound"]);
        assert!(stated <= case.optimum * (1.0 + 1e-5), "{line}: {stated}");
        assert!(
            (value / case.optimum - 1.0).abs() <= 1e-5,
            "{line}: {value}"
        );
        assert_eq!(certificate["proven"], true, "{line}");
        // What a proof costs; the dearest looks at about 81,000.
        assert!(proof.states < 100_000, "{line}: {} states", proof.states);
        checked += 1;
    }
    assert_eq!(checked, 32);
}
