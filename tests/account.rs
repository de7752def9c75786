//! Prices term by term: each formula gives its term, the terms give the figures.

#[path = "support/problem.rs"]
mod support;

use cfxc::cost::account::{Account, Input, Term};
use cfxc::cost::{self, Price};
use cfxc::space::Grid;
use std::collections::{BTreeMap, BTreeSet};

/// Evaluates a formula: `+ - x /`, parentheses, `max`, `ceil`, `floor`, `sqrt`, names and numbers.
struct Formula<'a> {
    tokens: Vec<String>,
    at: usize,
    inputs: &'a BTreeMap<&'a str, f64>,
    read: Vec<String>,
}

fn tokens(text: &str) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() || "._'".contains(c) {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            list.push(std::mem::take(&mut word));
        }
        if c != ' ' {
            list.push(c.to_string());
        }
    }
    list
}

impl Formula<'_> {
    fn take(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|t| t == token);
        self.at += usize::from(found);
        found
    }

    fn sum(&mut self) -> f64 {
        let mut value = self.product();
        loop {
            if self.take("+") {
                value += self.product();
            } else if self.take("-") {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut value = self.factor();
        loop {
            if self.take("x") {
                value *= self.factor();
            } else if self.take("/") {
                value /= self.factor();
            } else {
                return value;
            }
        }
    }

    fn factor(&mut self) -> f64 {
        let word = self.tokens[self.at].clone();
        self.at += 1;
        if word == "(" {
            let value = self.sum();
            assert!(self.take(")"));
            return value;
        }
        if self.take("(") {
            let first = self.sum();
            let value = match word.as_str() {
                "sqrt" => first.sqrt(),
                "ceil" => first.ceil(),
                "floor" => first.floor(),
                // Only rounded up, and of whole numbers.
                "log2" => f64::from((first as u64).next_power_of_two().trailing_zeros()),
                "max" => {
                    assert!(self.take(","));
                    first.max(self.sum())
                }
                other => panic!("no function {other}"),
            };
            assert!(self.take(")"));
            return value;
        }
        if let Ok(number) = word.parse() {
            return number;
        }
        let value = self.inputs.get(word.as_str());
        let value = *value.unwrap_or_else(|| panic!("{word} is not told"));
        self.read.push(word);
        value
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// A term is what its formula gives for the inputs, all of which stand in it.
fn holds(term: &Term) {
    gives(term, near);
}

fn gives(term: &Term, equal: impl Fn(f64, f64) -> bool) {
    let pairs = term
        .inputs
        .iter()
        .map(|i: &Input| (i.name.as_str(), i.value));
    let inputs: BTreeMap<&str, f64> = pairs.collect();
    let mut formula = Formula {
        tokens: tokens(&term.formula),
        at: 0,
        inputs: &inputs,
        read: Vec::new(),
    };
    assert!(!term.formula.is_empty(), "{} has no formula", term.label());
    let value = formula.sum() * term.scale;
    assert_eq!(formula.at, formula.tokens.len(), "{}", term.formula);
    assert!(
        equal(value, term.value),
        "{}: {} = {} gives {value}",
        term.label(),
        term.value,
        term.formula
    );
    for name in inputs.keys() {
        assert!(
            formula.read.iter().any(|r| r == name),
            "{name} does not stand in {}",
            term.formula
        );
    }
}

fn adds_up(account: &Account, price: &Price) {
    let sum = |terms: &[Term]| terms.iter().map(|t| t.value).sum::<f64>();
    assert_eq!(sum(&account.latency), price.latency_cycles as f64);
    assert!(near(sum(&account.energy), price.energy_nj));
    assert!(near(sum(&account.area), price.area_um2));
    assert!(near(sum(&account.power), price.power_mw));
    let groups = [
        &account.latency,
        &account.energy,
        &account.area,
        &account.power,
    ];
    groups.into_iter().flatten().for_each(holds);
    // What limits it is the largest term, and PEs are at work for the MACs that there are.
    let limit = account.limit().map_or(0.0, |t| t.value);
    assert!(account.latency.iter().all(|t| t.value <= limit));
    holds(&account.at_work);
    let lanes = account.at_work.inputs[2].value;
    let rate = price.throughput_macs_per_cycle;
    assert!(near(account.at_work.value, rate / lanes));
    let told = [&account.shared, &account.moved, &account.memories];
    let told = || told.into_iter().flatten().map(|(term, _)| term);
    // Counts are whole, bytes are eighths.
    told().for_each(|term| match term.name {
        "L1_access" | "L2_access" => holds(term),
        _ => gives(term, |a, b| a == b),
    });
    // A name means the same everywhere.
    let all = groups.into_iter().flatten().chain([&account.at_work]);
    let all = all.flat_map(|t| &t.inputs);
    let mut named: BTreeMap<&str, f64> = BTreeMap::new();
    for term in told() {
        let before = named.insert(term.label(), term.value);
        assert_eq!(before, None, "{} is told twice", term.label());
    }
    // Counts and bytes behind the energy are told all the way down.
    let given = ["PEs", "cycles", "clock"];
    let behind = account.energy.iter().flat_map(|t| &t.inputs);
    for Input { name, .. } in behind.filter(|i| !i.name.contains('.')) {
        let told = named.contains_key(name.as_str());
        assert!(told || given.contains(&name.as_str()), "{name}");
    }
    // Memories are as large as the price says.
    for (name, bytes) in [("L1", price.l1_bytes), ("L2", price.l2_bytes)] {
        assert_eq!(named.get(name), Some(&(bytes as f64)), "{name}");
    }
    for input in all.chain(told().flat_map(|t| &t.inputs)) {
        let value = *named.entry(&input.name).or_insert(input.value);
        assert_eq!(value, input.value, "{}", input.name);
    }
    assert!(
        account.latency.iter().all(|t| t.value >= 0.0),
        "{:?}",
        account.latency
    );
}

/// Counts of steps, of passes that PEs are filled for, and of moves with the elements of transfers: those
/// with a formula, and all.
fn derived(account: &Account, counts: &mut [[usize; 2]; 3]) {
    let stems = [
        "times_loaded",
        "times_stored",
        "fill_inputs",
        "fill_weights",
        "drain_sums",
        "load_inputs",
        "load_weights",
        "first_load_inputs",
        "first_load_weights",
        "last_store_outputs",
    ];
    let moves = account.moved.iter().flat_map(|(t, _)| &t.inputs);
    for input in moves.filter(|i| stems.iter().any(|stem| i.name.starts_with(stem))) {
        let mut told = account.moved.iter().map(|(t, _)| t.label());
        counts[2][0] += usize::from(told.any(|name| name == input.name));
        counts[2][1] += 1;
    }
    let words = [
        ("computing", "steps"),
        ("filling the PEs before a pass", "passes"),
    ];
    for ((term, word), count) in words.into_iter().zip(counts) {
        let term = account.latency.iter().find(|t| t.name == term);
        let inputs = term.into_iter().flat_map(|t| &t.inputs);
        for input in inputs.filter(|i| i.name.starts_with(word)) {
            let mut told = account.shared.iter().map(|(t, _)| t.label());
            count[0] += usize::from(told.any(|name| name == input.name));
            count[1] += 1;
        }
    }
}

/// The same of model `maestro`: steps and moves by how many there are, and volumes of steps.
fn derived_of_the_reference(account: &Account, counts: &mut [[usize; 2]; 2]) {
    let told = [&account.shared, &account.moved, &account.memories];
    let told = || told.into_iter().flatten().map(|(term, _)| term);
    let groups = [&account.latency, &account.energy].into_iter().flatten();
    let inputs = groups.chain(told()).flat_map(|t| &t.inputs);
    let names: BTreeSet<&str> = inputs.map(|i| i.name.as_str()).collect();
    for name in names {
        let of_steps = ["steps", "inner_steps", "times_moved"];
        let of_volumes = [
            "_of_a_step",
            "_of_an_inner_step",
            "_elements",
            "sums_of_a_PE",
        ];
        let stem = name.trim_end_matches(|c: char| c == '_' || c.is_ascii_digit());
        let which = match (of_steps.contains(&stem), of_volumes) {
            (true, _) => 0,
            (_, of) if of.iter().any(|end| stem.ends_with(end)) => 1,
            _ => continue,
        };
        counts[which][0] += usize::from(told().any(|t| t.label() == name));
        counts[which][1] += 1;
    }
}

const MOBILENET: &str = "std.networks.mobilenet_v2";
const STD: &str = "std.dataflows.nvdla, std.dataflows.eyeriss, std.dataflows.shidiannao";

/// Every layer, or every third one of a large network, at every seventh point, under every dataflow.
fn all(
    network: &str,
    dataflows: &str,
    settings: &str,
    told: &mut BTreeSet<String>,
    limits: &mut BTreeSet<&str>,
    counts: &mut [[usize; 2]; 3],
    of_the_reference: &mut [[usize; 2]; 2],
) -> usize {
    let problem = support::problem(&format!(
        "technology narrow extends std.technologies.horowitz45 {{
          noc {{ forwarding = 1, width = 8 B, hop_latency = 3 cycles, source = \"a test\" }}
          mac {{ leakage = 1 uW, source = \"a test\" }}
        }}
        technology single extends std.technologies.horowitz45 {{
          noc {{ width = 1 B, source = \"a test\" }}
          offchip {{ width = 1 B, source = \"a test\" }}
          mac {{ lanes = 4, source = \"a test\" }}
          l1 {{ double_input = 0, double_sums = 0, source = \"a test\" }}
          l2 {{ double_weights = 0, double_output = 0, capacity = 16 KiB, source = \"a test\" }}
        }}
        technology slow extends std.technologies.maestro {{
          noc {{ bandwidth = 4, hops = 2, source = \"a test\" }}
          offchip {{ bandwidth = 2, source = \"a test\" }}
          mac {{ lanes = 2, source = \"a test\" }}
        }}
        network kinds {{
          layer up transposed_conv {{ K = 8, C = 12, Y = 9, X = 7, R = 4, S = 3, stride = 2, pad = 1 }}
          layer gr grouped_conv {{ G = 3, K = 10, C = 5, Y = 23, X = 19, R = 3, S = 5, stride = 2x1, pad = 2 }}
          layer mm gemm {{ G = 2, M = 33, N = 21, K = 40 }}
          layer di conv {{ N = 2, K = 12, C = 7, Y = 30, X = 31, R = 3, S = 3, dilation = 2x1, pad = 2 }}
          layer fc dense {{ K = 50, C = 70 }}
        }}
        technology tight extends std.technologies.horowitz45 {{
          noc {{ multicast = 0, source = \"a test\" }}
          l2 {{ capacity = 1 KiB, source = \"a test\" }}
        }}
        dataflow deep {{
          for conv, grouped_conv, transposed_conv {{
            spatial K by buffer  temporal C by 4  temporal Y by R  step 1  temporal X by S step 1
            cluster pes / 4 {{ spatial C by 1  cluster 2 {{ spatial R by 1  temporal S by 1 }} }}
          }}
          for gemm {{
            temporal G by 1  spatial M by buffer  temporal N by 8  temporal K by 2
            cluster 4 {{ spatial N by 1  cluster 2 {{ spatial K by 1 }} }}
          }}
          for dense {{ spatial K by buffer  temporal C by 8  cluster 4 {{ spatial C by 1 }} }}
        }}
        design one {{
          network {network}
          dataflow in [{dataflows}]
          menu std.menus.confuciux
          {settings}
          minimize latency
        }}"
    ));
    let model =
        cost::build(problem.model, &problem.technology, problem.precision).expect("a model");
    let grid = Grid::new(&problem.menu, problem.dataflows.len(), false, &[]);
    let mut seen = 0;
    let step = if network == "kinds" { 1 } else { 3 };
    for (shape, layer) in problem.shapes.iter().enumerate().step_by(step) {
        for point in grid.coarse_points().into_iter().step_by(7) {
            let (dataflow, knobs) = grid.values(point);
            let rule = problem.rule(shape, dataflow).expect("a rule");
            let Ok(price) = model.price(layer, rule, &knobs) else {
                continue;
            };
            let account = model.account(layer, rule, &knobs).expect("an account");
            adds_up(&account, &price);
            limits.extend(account.limit().map(|t| t.name));
            match settings.starts_with("model analytic") {
                true => derived(&account, counts),
                false => derived_of_the_reference(&account, of_the_reference),
            }
            let inputs = account.moved.iter().flat_map(|(t, _)| &t.inputs);
            told.extend(inputs.map(|i| i.name.clone()));
            seen += 1;
        }
    }
    seen
}

#[test]
fn terms_add_up_and_formulas_give_them() {
    let (mut told, mut limits) = (BTreeSet::new(), BTreeSet::new());
    let mut counts = [[0; 2]; 3];
    let mut of_the_reference = [[0; 2]; 2];
    for (network, settings, least) in [
        (MOBILENET, "model analytic", 300),
        (
            MOBILENET,
            "model analytic  technology narrow  precision { input = int4, weights = int16 }",
            300,
        ),
        (MOBILENET, "model analytic  technology single", 100),
        (MOBILENET, "model maestro", 300),
        (MOBILENET, "model maestro  technology slow", 300),
        ("kinds", "model maestro", 20),
        ("kinds", "model maestro  technology slow", 20),
        ("kinds", "model analytic", 150),
        ("kinds", "model analytic  technology single", 100),
        (
            "kinds",
            "model analytic  technology tight  precision { input = int4 }",
            50,
        ),
    ] {
        let dataflows = if settings.contains("maestro") && network == "kinds" {
            "deep"
        } else {
            STD
        };
        let seen = all(
            network,
            dataflows,
            settings,
            &mut told,
            &mut limits,
            &mut counts,
            &mut of_the_reference,
        );
        assert!(seen > least, "{network} {settings}: {seen}");
    }
    for name in ["computing", "transfers inside of tiles"] {
        assert!(limits.contains(name), "{name}: {limits:?}");
    }
    // Where passes of several kinds take equally long, their number is no product.
    for [with_formula, all] in counts {
        assert!(with_formula * 10 > all * 9, "{counts:?}");
    }
    // Of steps of several kinds, the sum may be of too many products.
    let [[steps, all_steps], [volumes, all_volumes]] = of_the_reference;
    assert!(steps * 1000 > all_steps * 999, "{of_the_reference:?}");
    assert!(volumes == all_volumes, "{of_the_reference:?}");
    // All kinds of parts have occurred.
    for name in [
        "sums_out",
        "sums_back",
        "C_passes",
        "rows_brought",
        "rows_of_a_load_2",
        "new_columns",
        "new_rows_of_all_PEs",
        "PEs_along_rows",
        "rows_of_all_PEs",
        "PEs_of_a_sum",
        "output_rows",
        "other_inputs_read",
        "stride_of_rows",
        "sums_of_a_step",
    ] {
        assert!(told.contains(name), "{name}: {told:?}");
    }
}
