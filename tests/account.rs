//! Prices term by term: each formula gives its term, the terms give the figures.

#[path = "support/problem.rs"]
mod support;

use cfxc::cost::account::{Account, Input, Term};
use cfxc::cost::{self, Price};
use cfxc::space::Grid;
use std::collections::BTreeMap;

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
    let value = formula.sum() * term.scale;
    assert_eq!(formula.at, formula.tokens.len(), "{}", term.formula);
    assert!(
        near(value, term.value),
        "{}: {} gives {value}",
        term.name,
        term.value
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
    account.shared.iter().for_each(|(term, _)| holds(term));
    // A name means the same everywhere.
    let all = groups.into_iter().flatten().flat_map(|t| &t.inputs);
    let shared = account.shared.iter().map(|(t, _)| (t.label(), t.value));
    let mut named: BTreeMap<&str, f64> = shared.collect();
    for input in all.chain(account.shared.iter().flat_map(|(t, _)| &t.inputs)) {
        let value = *named.entry(&input.name).or_insert(input.value);
        assert_eq!(value, input.value, "{}", input.name);
    }
    assert!(
        account.latency.iter().all(|t| t.value >= 0.0),
        "{:?}",
        account.latency
    );
}

/// Every third layer of the network at every seventh point, under every dataflow.
fn all(settings: &str) -> usize {
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
        design one {{
          network std.networks.mobilenet_v2
          dataflow in [std.dataflows.nvdla, std.dataflows.eyeriss, std.dataflows.shidiannao]
          menu std.menus.confuciux
          {settings}
          minimize latency
        }}"
    ));
    let model =
        cost::build(problem.model, &problem.technology, problem.precision).expect("a model");
    let grid = Grid::new(&problem.menu, problem.dataflows.len(), false, &[]);
    let mut seen = 0;
    for (shape, layer) in problem.shapes.iter().enumerate().step_by(3) {
        for point in grid.coarse_points().into_iter().step_by(7) {
            let (dataflow, knobs) = grid.values(point);
            let rule = problem.rule(shape, dataflow).expect("a rule");
            let Ok(price) = model.price(layer, rule, &knobs) else {
                continue;
            };
            adds_up(
                &model.account(layer, rule, &knobs).expect("an account"),
                &price,
            );
            seen += 1;
        }
    }
    seen
}

#[test]
fn terms_add_up_and_formulas_give_them() {
    assert!(all("model analytic") > 300);
    assert!(
        all("model analytic  technology narrow  precision { input = int4, weights = int16 }") > 300
    );
    assert!(all("model analytic  technology single") > 100);
    assert!(all("model maestro") > 300);
    assert!(all("model maestro  technology slow") > 300);
}
