//! The two cost models beside each other: prices, quirks, decisions; prints `docs/models.md`.
//!
//! `cargo run --release --example compare_models > docs/models.md`

#[path = "../tests/support/problem.rs"]
#[allow(dead_code, reason = "it asks for all designs of a text")]
mod support;

use cfxc::certify;
use cfxc::cost::{self, CostModel, Price};
use cfxc::ir::layer::LayerShape;
use cfxc::ir::problem::Problem;
use cfxc::space::{Assignment, Grid, Space};

const NETWORKS: [&str; 3] = ["mobilenet_v2", "mnasnet", "resnet50"];
const DATAFLOWS: [&str; 3] = ["nvdla", "eyeriss", "shidiannao"];
/// Each model with its default technology.
const MAESTRO: (&str, &str) = ("maestro", "maestro");
const ANALYTIC: (&str, &str) = ("analytic", "horowitz45");
const STATES: usize = 1_000_000;

fn problem(from: &str, network: &str, dataflow: &str, model: (&str, &str), rest: &str) -> Problem {
    let (model, technology) = model;
    support::problem(&format!(
        "budget tenth {{ area <= 10% }}
        design compared {{
          network std.{from}.{network}
          dataflow std.dataflows.{dataflow}
          menu std.menus.confuciux
          model {model}
          technology std.technologies.{technology}
          {rest}
        }}"
    ))
}

fn model(problem: &Problem) -> Box<dyn CostModel> {
    cost::build(problem.model, &problem.technology, problem.precision).expect("a model")
}

/// Least, middle and largest.
fn spread(mut list: Vec<f64>) -> String {
    list.sort_by(f64::total_cmp);
    match list.as_slice() {
        [] => "-".to_string(),
        [first, .., last] => format!("{first:.2} / {:.2} / {last:.2}", list[list.len() / 2]),
        [one] => format!("{one:.2}"),
    }
}

/// Every coarse point of the menu.
fn points(problem: &Problem) -> Vec<Vec<u64>> {
    let grid = Grid::new(&problem.menu, 1, false, &[]);
    let points = grid.coarse_points().into_iter();
    points.map(|p| grid.values(p).1).collect()
}

fn prices() {
    println!(
        "## Prices

All distinct layers of the reference tables (`std.tables`, which have lost strides and padding) at all
144 points of `std.menus.confuciux`. Ratios are `analytic` / `maestro`: least / median / largest. The
`maestro` column of MACs is what it counts over the layer's own; \"impossible\" are points at which it
takes fewer cycles than MACs / PEs. `analytic` counts every layer's own MACs and has no such point.

| network | dataflow | points | latency | energy | area | MACs of `maestro` | impossible |
|---|---|---:|---:|---:|---:|---:|---:|"
    );
    for network in NETWORKS {
        for dataflow in DATAFLOWS {
            let [theirs, ours] = [MAESTRO, ANALYTIC]
                .map(|m| problem("tables", network, dataflow, m, "minimize latency"));
            let [their_model, our_model] = [&theirs, &ours].map(model);
            let [mut latency, mut energy, mut area, mut macs] = [const { Vec::new() }; 4];
            let mut impossible = 0;
            for shape in &theirs.shapes {
                let rule = theirs.dataflows[0].rule(shape.op).expect("a rule");
                for knobs in points(&theirs) {
                    let price = |m: &dyn CostModel| m.price(shape, rule, &knobs);
                    let a = price(our_model.as_ref()).expect("a price of every point");
                    let own = shape.macs().expect("a count");
                    assert_eq!(a.macs, own);
                    assert!(a.latency_cycles >= own.div_ceil(knobs[0]));
                    let Ok(m) = price(their_model.as_ref()) else {
                        continue;
                    };
                    latency.push(a.latency_cycles as f64 / m.latency_cycles as f64);
                    energy.push(a.energy_nj / m.energy_nj);
                    area.push(a.area_um2 / m.area_um2);
                    macs.push(m.macs as f64 / own as f64);
                    impossible += usize::from(m.latency_cycles < own.div_ceil(knobs[0]));
                }
            }
            println!(
                "| {network} | {dataflow} | {} | {} | {} | {} | {} | {impossible} |",
                latency.len(),
                spread(latency),
                spread(energy),
                spread(area),
                spread(macs),
            );
        }
    }
}

/// A layer at a point, in the words of the language.
struct Witness {
    quirk: &'static str,
    layer: &'static str,
    dataflow: &'static str,
    /// PEs, buffer.
    knobs: [u64; 2],
    /// What is compared.
    figure: fn(&Price) -> String,
    what: &'static str,
    why: &'static str,
}

fn cycles(p: &Price) -> String {
    format!("{} cycles", p.latency_cycles)
}

fn macs(p: &Price) -> String {
    format!("{} MACs", p.macs)
}

fn energy(p: &Price) -> String {
    format!("{:.0} nJ", p.energy_nj)
}

fn area(p: &Price) -> String {
    format!("{:.4} mm2", p.area_um2 / 1e6)
}

fn l1(p: &Price) -> String {
    format!("{} bytes of L1", p.l1_bytes)
}

const WITNESSES: [Witness; 9] = [
    Witness {
        quirk: "stride does not reduce outputs",
        layer: "conv { K = 64, C = 64, Y = 57, X = 57, R = 1, S = 1, stride = 2 }",
        dataflow: "eyeriss",
        knobs: [12, 4],
        figure: macs,
        what: "3,444,736 are the layer's own (64 x 64 x 29 x 29)",
        why: "`maestro` derives output extents without the stride; `analytic` counts window positions",
    },
    Witness {
        quirk: "MACs over-counted on edges",
        layer: "conv { K = 64, C = 32, Y = 30, X = 30, R = 3, S = 3 }",
        dataflow: "shidiannao",
        knobs: [16, 4],
        figure: macs,
        what: "14,450,688 are the layer's own",
        why: "an edge with one active sub-cluster is charged with the input's extent",
    },
    Witness {
        quirk: "MACs under-counted on ragged edges",
        layer: "depthwise { C = 100, Y = 58, X = 58, R = 3, S = 3 }",
        dataflow: "nvdla",
        knobs: [12, 6],
        figure: macs,
        what: "2,822,400 are the layer's own",
        why: "a ragged spatial edge is charged as one sub-cluster",
    },
    Witness {
        quirk: "faster than one MAC per PE and cycle",
        layer: "conv { K = 64, C = 64, Y = 58, X = 58, R = 3, S = 3 }",
        dataflow: "eyeriss",
        knobs: [64, 1],
        figure: cycles,
        what: "MACs / PEs are 1,806,336 cycles",
        why: "both spatial dimensions advance along a diagonal; `analytic` shares the units out as a grid",
    },
    Witness {
        quirk: "energy without MACs",
        layer: "conv { K = 64, C = 64, Y = 58, X = 58, R = 3, S = 3 }",
        dataflow: "nvdla",
        knobs: [16, 4],
        figure: energy,
        what: "the MACs alone, 0.2 + 0.1 pJ each, take 34,682 nJ in `analytic`",
        why: "`maestro` prices buffer accesses, and those of L1 only under one level; `analytic` adds MACs, L1, L2, network, off-chip memory and leakage",
    },
    Witness {
        quirk: "traffic that forgets restarts",
        layer: "conv { K = 256, C = 256, Y = 16, X = 16, R = 3, S = 3 }",
        dataflow: "nvdla",
        knobs: [16, 1],
        figure: |p| format!("{:.2} elements per cycle", p.noc_bandwidth_avg),
        what: "mean demand on the network",
        why: "a tile that comes back because an outer loop went on is not charged again for its first position; `analytic` fetches whatever the PEs do not hold",
    },
    Witness {
        quirk: "reduction across PEs is free",
        layer: "conv { K = 1, C = 64, Y = 8, X = 8, R = 1, S = 1 }",
        dataflow: "nvdla",
        knobs: [64, 1],
        figure: cycles,
        what: "64 PEs add up one sum",
        why: "`analytic` waits for the additions on the way (log2 64 of a tree) and counts 63 adders' energy",
    },
    Witness {
        quirk: "L1 of outputs counts the input's halo",
        layer: "conv { K = 32, C = 16, Y = 34, X = 34, R = 3, S = 3 }",
        dataflow: "nvdla",
        knobs: [16, 8],
        figure: l1,
        what: "bytes a PE needs",
        why: "`analytic` holds each tensor's largest tile, twice if it changes and has two buffers",
    },
    Witness {
        quirk: "area that is mostly bus",
        layer: "conv { K = 64, C = 64, Y = 58, X = 58, R = 3, S = 3 }",
        dataflow: "nvdla",
        knobs: [16, 12],
        figure: area,
        what: "of an engine made for this layer",
        why: "bus and arbiter grow with the bandwidth and its square; `analytic` takes lanes, memories with periphery, and wires per PE",
    },
];

fn quirks() {
    println!(
        "
## Quirk by quirk

| what `maestro` does | layer and dataflow (PEs, buffer) | `maestro` | `analytic` | for comparison | why |
|---|---|---:|---:|---|---|"
    );
    for w in &WITNESSES {
        let figure = |(name, technology): (&str, &str)| {
            let problem = support::problem(&format!(
                "network one {{ layer l {} }}
                 design compared {{
                   network one
                   dataflow std.dataflows.{}
                   menu std.menus.confuciux
                   model {name}
                   technology std.technologies.{technology}
                   minimize latency
                 }}",
                w.layer, w.dataflow
            ));
            let shape: &LayerShape = &problem.shapes[0];
            let rule = problem.dataflows[0].rule(shape.op).expect("a rule");
            match model(&problem).price(shape, rule, &w.knobs) {
                Ok(price) => (w.figure)(&price),
                Err(refused) => format!("refused: {}", refused.reason),
            }
        };
        println!(
            "| {} | `{}`, {} ({}, {}) | {} | {} | {} | {} |",
            w.quirk,
            w.layer,
            w.dataflow,
            w.knobs[0],
            w.knobs[1],
            figure(MAESTRO),
            figure(ANALYTIC),
            w.what,
            w.why
        );
    }
}

/// The proven best design of a problem with coarse levels, with its cycles and PEs.
fn best(problem: &Problem) -> (Assignment, f64, u64) {
    let space = Space::new(problem, false).unwrap_or_else(|e| panic!("{e:?}"));
    let proof = certify::prove(&space, None, STATES);
    let best = proof.best.expect("one budget is settled");
    let totals = space.totals(&best).expect("priced");
    let pes = best.iter().map(|&p| space.pes(p)).sum();
    (best, totals.latency_cycles as f64, pes)
}

fn decisions() {
    println!(
        "
## Decisions

The proven fastest design of each network (`std.networks`, with strides and padding) with coarse
levels, PEs and buffers per layer, under a tenth of the span of the area between the menu's smallest and
largest design, as each model and its technology see the area. The last two columns put `maestro`'s
decision into `analytic`: how much slower it is than `analytic`'s own, and its share of the area limit.

| network | dataflow | cycles in `maestro` | PEs | cycles in `analytic` | PEs | layers with another choice | `maestro`'s decision in `analytic` | of its area |
|---|---|---:|---:|---:|---:|---:|---:|---:|"
    );
    for network in NETWORKS {
        let mut fastest = [("", f64::INFINITY); 2];
        for dataflow in DATAFLOWS {
            let rest = "budget tenth minimize latency";
            let [theirs, ours] =
                [MAESTRO, ANALYTIC].map(|m| problem("networks", network, dataflow, m, rest));
            let (their_best, their_cycles, their_pes) = best(&theirs);
            let (our_best, our_cycles, our_pes) = best(&ours);
            let space = Space::new(&ours, false).unwrap_or_else(|e| panic!("{e:?}"));
            let moved = space.totals(&their_best).expect("a price of every point");
            let other = their_best.iter().zip(&our_best).filter(|(a, b)| a != b);
            for (fastest, cycles) in fastest.iter_mut().zip([their_cycles, our_cycles]) {
                if cycles < fastest.1 {
                    *fastest = (dataflow, cycles);
                }
            }
            println!(
                "| {network} | {dataflow} | {their_cycles} | {their_pes} | {our_cycles} | {our_pes} | {} of {} | {:+.1} % | {:.0} % |",
                other.count(),
                our_best.len(),
                (moved.latency_cycles as f64 / our_cycles - 1.0) * 100.0,
                moved.area_um2 / space.limits[0].limit * 100.0,
            );
        }
        let [theirs, ours] = fastest;
        println!(
            "| **{network}** | fastest: {} in `maestro`, {} in `analytic` | | | | | | | |",
            theirs.0, ours.0
        );
    }
}

fn main() {
    println!(
        "# The two cost models side by side

Printed by `cargo run --release --example compare_models`: `maestro` (`docs/reference-model.md`) with
`std.technologies.maestro`, `analytic` (`docs/cost-model.md`) with `std.technologies.horowitz45`.
Energies and areas belong to different technologies; their ratios say how the models vary, not which is
right.
"
    );
    prices();
    quirks();
    decisions();
}
