//! What a price costs: of all points of the menu, and of one layer that grows.

use crate::problem::problem;
use crate::{REPEATS, median, seconds};
use cfxc::cost::{self, CostModel};
use cfxc::ir::dataflow::Dataflow;
use cfxc::ir::dim::Dim;
use cfxc::ir::layer::{LayerShape, Op};
use cfxc::ir::problem::Problem;
use cfxc::space::Grid;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Instant;

/// Each model with the technology it is meant for.
const MODELS: [(&str, &str); 2] = [("maestro", "maestro"), ("analytic", "horowitz45")];
const NETWORKS: [&str; 3] = ["mobilenet_v2", "mnasnet", "resnet50"];
/// Extents of the layer that grows.
const EXTENTS: [u64; 7] = [8, 80, 800, 8_000, 80_000, 800_000, 8_000_000];
/// Its PEs and buffer.
const KNOBS: [u64; 2] = [64, 8];
/// Prices of the same point in a row.
const ROW: u32 = 2_000;

/// A design over `network` with the dataflow as a choice.
fn design(network: &str, model: &str, technology: &str) -> Problem {
    problem(&format!(
        "use std.dataflows.nvdla
        use std.dataflows.eyeriss
        use std.dataflows.shidiannao
        design prices {{
          network std.networks.{network}
          dataflow in [nvdla, eyeriss, shidiannao]
          menu std.menus.confuciux
          model {model}
          technology std.technologies.{technology}
          minimize latency
          search reinforce
        }}"
    ))
}

fn model(problem: &Problem) -> Box<dyn CostModel> {
    cost::build(problem.model, &problem.technology, problem.precision).expect("a model")
}

/// Prices `shapes` at all `points` under all dataflows; how many there are and how many of them
/// the model refuses.
fn price_all(
    model: &dyn CostModel,
    shapes: &BTreeSet<LayerShape>,
    dataflows: &[Dataflow],
    points: &[Vec<u64>],
) -> [usize; 2] {
    let [mut all, mut refused] = [0; 2];
    for shape in shapes {
        for dataflow in dataflows {
            let rule = dataflow.rule(shape.op).expect("a rule for every layer");
            for knobs in points {
                let price = model.price(black_box(shape), black_box(rule), black_box(knobs));
                all += 1;
                refused += usize::from(black_box(price).is_err());
            }
        }
    }
    [all, refused]
}

/// Prints, per model, prices per second: every distinct layer of the networks under every dataflow
/// at every point of the menu, each priced from nothing.
pub fn of_all_points() {
    println!("| model | dataflows | prices | of them refused | per second | ns each |");
    println!("|---|---|---:|---:|---:|---:|");
    for (name, technology) in MODELS {
        let problems = NETWORKS.map(|network| design(network, name, technology));
        let shapes = problems.iter().flat_map(|p| p.shapes.iter().copied());
        let shapes: BTreeSet<LayerShape> = shapes.collect();
        let problem = &problems[0];
        let model = model(problem);
        let grid = Grid::new(&problem.menu, 1, false, &[]);
        let points = grid.coarse_points().into_iter();
        let points: Vec<Vec<u64>> = points.map(|p| grid.values(p).1).collect();
        let line = |what: &str, dataflows: &[Dataflow]| {
            let mut counts = [0; 2];
            let time = seconds(|| counts = price_all(model.as_ref(), &shapes, dataflows, &points));
            let [all, refused] = counts;
            let each = time / all as f64;
            println!(
                "| `{name}` | {what} | {all} | {refused} | {:.0} | {:.0} |",
                1.0 / each,
                each * 1e9
            );
        };
        line("all three", &problem.dataflows);
        for dataflow in &problem.dataflows {
            line(&dataflow.name, std::slice::from_ref(dataflow));
        }
    }
}

/// The layers that grow, each in one dimension or two: what is told of it, and its extents K, C,
/// Y, X and R = S. They stay below the cycles that the models refuse.
type Grown = (&'static str, fn(u64) -> [u64; 5]);
const GROWN: [Grown; 4] = [
    ("K, 3x3", |n| [n, 8, 8, 8, 3]),
    ("K = C, 3x3", |n| [n, n, 3, 3, 3]),
    ("Y, 3x3", |n| [8, 8, n, 8, 3]),
    ("C = Y, 1x1", |n| [8, n, n, 1, 1]),
];

fn convolution([k, c, y, x, taps]: [u64; 5]) -> LayerShape {
    let dims = [
        (Dim::K, k),
        (Dim::C, c),
        (Dim::Y, y),
        (Dim::X, x),
        (Dim::R, taps),
        (Dim::S, taps),
    ];
    LayerShape::new(Op::Conv, &dims)
}

/// Nanoseconds of one price, or why there is none.
fn nanoseconds(model: &dyn CostModel, dataflow: &Dataflow, shape: &LayerShape) -> String {
    let rule = dataflow.rule(shape.op).expect("a rule for every layer");
    let price = || model.price(black_box(shape), black_box(rule), black_box(&KNOBS));
    if let Err(refused) = price() {
        return format!("refused: {}", refused.reason);
    }
    let once = |_| {
        let start = Instant::now();
        (0..ROW).for_each(|_| drop(black_box(price())));
        start.elapsed().as_secs_f64() / f64::from(ROW)
    };
    format!("{:.0}", median((0..REPEATS).map(once).collect()) * 1e9)
}

/// Prints how long the price of a layer takes as it grows, per model.
pub fn of_growing_layers() {
    let titles: Vec<&str> = GROWN.iter().map(|(title, _)| *title).collect();
    println!("| ns per price under nvdla | {} |", titles.join(" | "));
    println!("|---|{}", "---:|".repeat(GROWN.len()));
    for (name, technology) in MODELS {
        let problem = design(NETWORKS[0], name, technology);
        let model = model(&problem);
        for extent in EXTENTS {
            let time = |(_, extents): &Grown| {
                let shape = convolution(extents(extent));
                nanoseconds(model.as_ref(), &problem.dataflows[0], &shape)
            };
            let times: Vec<String> = GROWN.iter().map(time).collect();
            println!("| `{name}`, {extent} | {} |", times.join(" | "));
        }
    }
}
