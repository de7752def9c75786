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
    /// With Table III's m: the passes of m output channels join.
    pub joined_ms: f64,
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
        let mapped = outcome(mapping, layer, &pinned(mapping, like));
        let dram = mapped.offchip;
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
        let ms = |cycles: u64| cycles as f64 / processing.technology.clock_hz() * 1e3;
        Counted {
            processing_ms: ms(o.cycles),
            joined_ms: ms(mapped.cycles),
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
    evaluate(shape, rule, knobs, &array).unwrap_or_else(|r| panic!("{}", r.reason))
}

/// `docs/silicon.md`.
pub fn document() -> String {
    let (chip, other) = counted();
    let published = published();
    let mut text = HEAD.to_string();
    for (p, c) in published.iter().zip(&chip) {
        text += &line(&p.layer, p, c);
    }
    text += &line("conv3 mapped like conv4", &published[2], &other);
    let joined: Vec<String> = published
        .iter()
        .zip(&chip)
        .map(|(p, c)| percent(c.joined_ms, p.processing_ms))
        .collect();
    text += &BETWEEN.replace("JOINED", &joined.join(", "));
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

const HEAD: &str = "\
# Against silicon

Printed by `cargo run --release --example silicon > docs/silicon.md`. `tests/silicon.rs` holds the
figures, so that a change of the model is seen here.

## Eyeriss on AlexNet

The chip, its mappings and its measurements: Y.-H. Chen, T. Krishna, J. S. Emer, V. Sze, IEEE JSSC
52(1), 2017; sections and tables below are that paper's. `examples/eyeriss_alexnet.cfx` states the chip
with the place of every number, and nothing is fitted. Five convolution layers, four images, 16 bits,
168 PEs at 200 MHz. The chip's figure comes first, ours second. Buffer is what moves between global
buffer and PEs, filters, images and sums both ways, in 10^6 bytes.

| layer | latency (ms) | | | active PEs | buffer (MB) | | | DRAM (MB) | |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const BETWEEN: &str = "
**Latency** is the paper's processing latency (Table V): all traffic to and from DRAM hidden. MACs over
active PEs and clock alone are 17, 15, 12, 10 and 4 % below the chip. The rest is, in the model and
as the paper names it (Section VI-A), what it takes to fill the PEs again for each processing pass:

- Filters have one buffer in a PE and come over 64 bits: 968, 200, 576, 432 and 432 cycles a pass,
  in which nothing computes. The first window of the images and the last sums are not hidden either.
- In conv3 the sums, not the PEs, are the limit: a pass sends 64 x 13 x 13 x 4 of them, 10,816 cycles
  over 64 bits, while the PEs compute for 9,984.
- In conv1 the strips of 7 output rows make 56 of 55.

One choice is ours. Between the passes that share the sums of m output channels, the model loads the
next images and takes the last sums away while PEs compute. The chip fills its PEs anew for each pass, so
the latency here is with m = p t, which makes each pass one of the model's (conv1 but for its channels);
m has no part in it otherwise. With Table III's m the five differ by
JOINED.

Where it differs:

- conv1 and conv2 are the furthest below. Images come over 16 bits on the chip; the model has one width
  for images and filters, and 64 bits is that of the filters. A first window is 385 and 310 words: by
  themselves, behind the filters, they would add 289 and 232 cycles to each of 288 and 1,536 passes,
  0.4 and 1.8 ms. In conv1 the model also joins the passes of three channels, whose windows and last
  sums are then hidden.
- conv5 is above, conv4 below, though the passes of both are the same, 256 and 384 of them: on the
  chip they take 7,812 and 8,333 cycles, where the PEs compute for 7,488. No count by passes meets
  both. The paper does not say what the difference is.
- conv3 is above by what the sums need. If the chip ran it like conv4 (next paragraph), it is below
  by about as much as conv4.

**Active PEs** are the fewest with which the model takes no longer.

**Buffer** is within 2.5 %: the model reads the zeros of the padding, the chip need not. But conv3: with
four channels a pass, as Table III has it, every sum passes through the buffer 64 times, 66 MB for
the sums alone, more than the 50.2 MB that Table V has for everything. With conv4's mapping (q = 3,
r = t = 2, so 43 times) it comes out like the other layers: the last line, with the same 156 PEs. It
seems that this is how that figure came about.

**DRAM** is shown, not compared: the chip's is after run-length compression of images and results, ours
before. Its mapping has m as in Table III, and a buffer of 112 instead of 108 KiB, because the model keeps
the filters of all m channels and conv1 then needs 110.4 KiB.

Energy, power and area are not compared: no energies per operation of the chip's process are published.

## Systolic arrays

A product of M x K by K x N on R x C PEs (`examples/systolic.cfx`). The closed form is that of
A. Samajdar et al., ISPASS 2020 (SCALE-Sim): 2 R + C + T - 2 cycles for each tile that stays, T being
M where weights stay and K where results stay. Memories take no time in either.

| stays | PEs | M x K x N | tiles | closed form | ours | |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
";

const TAIL: &str = "
The closed form has R cycles to load weights, or to take results out; T to stream; and R - 1 + C - 1
until the last operand, skewed, has come to the far corner. The model has no skew: what a step needs
reaches all PEs at once. With R = C = n and F tiles ours is, to the cycle,

- weights stay: F (M + 2 n - 1) + 2 M + 2. The load of the weights, and n - 1 additions one after the other
  on the way down, are there; the way across, C - 1, is not. 2 M is the model's: a step is a whole tile,
  whose inputs come before the first and whose sums leave behind the last. So few tiles look worse
  than they are, and one alone, on 128 x 128, by more than the tile itself.
- results stay: F (K + n) + 3. Streaming and taking out are there, the skew is not: 2 n - 2 for each tile.

1 of the cycles beyond the tiles is the first load on chip where results stay, 2 are off chip. So
the model is good for a systolic array where T is long beside its side, and too fast by up to 2 n - 2 a
tile otherwise.
";
