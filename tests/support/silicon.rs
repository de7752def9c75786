//! The specifications of `docs/silicon.md`, counted, beside what is published.

use super::support;
use cfxc::cost::analytic::{Array, Outcome, evaluate};
use cfxc::ir::dim::Dim;
use cfxc::ir::menu::Menu;
use cfxc::ir::problem::Problem;

/// A layer of the chip as published (Table V).
pub struct Published {
    pub layer: String,
    pub processing_ms: f64,
    pub active_pes: u64,
    pub buffer_mb: f64,
    pub dram_mb: f64,
}

/// The same from the model.
pub struct Counted {
    pub processing_ms: f64,
    /// Fewest PEs with which it takes no longer.
    pub active_pes: u64,
    pub buffer_mb: f64,
    pub dram_mb: f64,
}

/// A product on a systolic array.
pub struct Product {
    pub design: String,
    pub side: u64,
    pub bounds: [u64; 3],
    /// Tiles that stay, one after the other.
    pub folds: u64,
    /// What streams past each.
    pub stream: u64,
    pub cycles: u64,
    /// (2 R + C + T - 2) per fold.
    pub closed: u64,
}

impl Product {
    /// Whether weights stay in the PEs, rather than results.
    pub fn weights(&self) -> bool {
        self.design.starts_with("weights")
    }
}

/// The chip's table.
pub fn published() -> Vec<Published> {
    let text = include_str!("../reference/eyeriss_jssc2017.csv");
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let line = |line: &str| {
        let f: Vec<&str> = line.split(',').collect();
        Published {
            layer: f[0].to_string(),
            processing_ms: number(f[1]),
            active_pes: number(f[2]) as u64,
            buffer_mb: number(f[3]),
            dram_mb: number(f[4]),
        }
    };
    text.lines().skip(1).map(line).collect()
}

/// The chip's layers with the chip's mappings, and `conv3` with that of `conv4`.
pub fn counted() -> (Vec<Counted>, Counted) {
    let problems = problems(include_str!("../../examples/eyeriss_alexnet.cfx"));
    let [processing, mapping] = &problems[..] else {
        panic!("two designs");
    };
    let count = |layer: usize, like: usize| {
        let knobs = pinned(processing, like);
        let o = outcome(processing, layer, &knobs);
        let dram = outcome(mapping, layer, &pinned(mapping, like)).offchip;
        let on_chip = o.moved.read[0] + o.moved.read[1] + o.moved.arrived + o.sums_read;
        // All elements have 16 bits.
        let mb = |elements: u64| 2.0 * elements as f64 / 1e6;
        let fewer = |pes: u64| {
            let mut knobs = knobs.clone();
            knobs[Menu::PES] = pes;
            outcome(processing, layer, &knobs).cycles
        };
        let mut active_pes = knobs[Menu::PES];
        while fewer(active_pes - 1) <= o.cycles {
            active_pes -= 1;
        }
        Counted {
            processing_ms: o.cycles as f64 / processing.technology.clock_hz() * 1e3,
            active_pes,
            buffer_mb: mb(on_chip),
            dram_mb: mb(dram[0] + dram[1] + dram[2]),
        }
    };
    let layers = 0..processing.layers.len();
    (layers.map(|l| count(l, l)).collect(), count(2, 3))
}

/// The products on the arrays.
pub fn products() -> Vec<Product> {
    let mut all = Vec::new();
    for problem in problems(include_str!("../../examples/systolic.cfx")) {
        let side = problem.menu.knobs[1].levels[0];
        for layer in 0..problem.layers.len() {
            let shape = &problem.shapes[problem.layers[layer].shape];
            let bounds = [Dim::M, Dim::K, Dim::N].map(|d| shape.bound(d));
            let [m, k, n] = bounds;
            let (rows, stream) = if problem.design.starts_with("weights") {
                (k, m)
            } else {
                (m, k)
            };
            let folds = rows.div_ceil(side) * n.div_ceil(side);
            all.push(Product {
                design: problem.design.clone(),
                side,
                bounds,
                folds,
                stream,
                cycles: outcome(&problem, layer, &pinned(&problem, layer)).cycles,
                closed: folds * (2 * side + side + stream - 2),
            });
        }
    }
    all
}

fn problems(text: &str) -> Vec<Problem> {
    let (analysis, _) = support::analyze(text);
    assert!(!analysis.has_errors());
    analysis.problems
}

/// Every knob as pinned for a layer, or at its only level.
fn pinned(problem: &Problem, layer: usize) -> Vec<u64> {
    let pin = problem.pins.iter().find(|p| p.layer == layer);
    let of = |knob: usize| {
        let found = pin.and_then(|p| p.knobs.iter().find(|(k, _)| *k == knob));
        found.map_or(problem.menu.knobs[knob].levels[0], |(_, value)| *value)
    };
    (0..problem.menu.knobs.len()).map(of).collect()
}

fn outcome(problem: &Problem, layer: usize, knobs: &[u64]) -> Outcome {
    let shape = &problem.shapes[problem.layers[layer].shape];
    let rule = problem.dataflows[0].rule(shape.op).expect("a rule");
    let array = Array::new(&problem.technology, problem.precision.expect("it is read"));
    evaluate(shape, rule, knobs, &array).unwrap_or_else(|r| panic!("{}", r.0))
}

/// `docs/silicon.md`.
pub fn document() -> String {
    let (chip, other) = counted();
    let mut text = HEAD.to_string();
    for (p, c) in published().iter().zip(&chip) {
        text += &line(&p.layer, p, c);
    }
    text += &line("conv3 mapped like conv4", &published()[2], &other);
    text += BETWEEN;
    for p in products() {
        let [m, k, n] = p.bounds;
        text += &format!(
            "| {} | {} x {} | {m} x {k} x {n} | {} | {} | {} | {} |\n",
            if p.weights() { "weights" } else { "results" },
            p.side,
            p.side,
            p.folds,
            thousands(p.closed),
            thousands(p.cycles),
            percent(p.cycles as f64, p.closed as f64),
        );
    }
    text + TAIL
}

fn line(name: &str, p: &Published, c: &Counted) -> String {
    format!(
        "| {name} | {:.1} | {:.2} | {} | {} / {} | {:.1} | {:.1} | {} | {:.1} | {:.1} |\n",
        p.processing_ms,
        c.processing_ms,
        percent(c.processing_ms, p.processing_ms),
        p.active_pes,
        c.active_pes,
        p.buffer_mb,
        c.buffer_mb,
        percent(c.buffer_mb, p.buffer_mb),
        p.dram_mb,
        c.dram_mb,
    )
}

/// How far a figure is from the published one.
pub fn percent(ours: f64, theirs: f64) -> String {
    format!("{:+.1} %", (ours / theirs - 1.0) * 100.0)
}

fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const HEAD: &str = "# Against silicon

Printed by `cargo run --release --example silicon`; `tests/silicon.rs` holds the figures.

## Eyeriss on AlexNet

Head.

";
const BETWEEN: &str = "\n";
const TAIL: &str = "\n";
