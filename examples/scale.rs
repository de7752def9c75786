//! How the time of a whole build grows with the network; prints `docs/scale.md`.
//!
//! `cargo run --release --example scale [-- LAYERS...] > docs/scale.md`
//!
//! `cargo run --release --example scale -- --spec LAYERS` prints one of the specifications.
//!
//! Networks of so many layers are made up of residual blocks like those of ResNet-50. Every build
//! runs in a process of its own on one thread, so that peak memory is its own.

#[path = "support/process.rs"]
mod process;
#[path = "../tests/support/problem.rs"]
mod support;

use cfxc::base::math::log2;
use cfxc::emit::summary::{self, Style};
use cfxc::emit::{Decision, json, markdown};
use cfxc::ir::metric::Metric;
use cfxc::search;
use cfxc::space::{Space, feasible};
use std::fmt::Write;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

const SIZES: [usize; 5] = [50, 100, 200, 500, 1000];

/// The searches measured: the default one, and with the solver behind it.
const SEARCHES: [&str; 2] = [
    "reinforce then genetic",
    "reinforce then genetic then exact",
];

/// Channels around and inside the blocks of each stage.
const OUTER: [usize; 4] = [64, 128, 256, 512];
const INNER: [[usize; 3]; 4] = [[16, 24, 32], [32, 48, 64], [64, 96, 128], [128, 160, 192]];

/// A design for a residual network of exactly so many layers (at least 7): a stem, four stages of
/// blocks, between them a convolution of stride 2, and at the end what blocks of three leave over.
fn specification(layers: usize, search: &str) -> String {
    let blocks = (layers - 4) / 3;
    let mut body = String::new();
    let mut conv = |name: &str, operand: &str, filters: usize, kernel: usize, stride: usize| {
        let pad = kernel / 2;
        let _ = writeln!(
            body,
            "  {name} = conv({operand}) {{ filters = {filters}, kernel = {kernel}, stride = {stride}, pad = {pad} }}"
        );
    };
    let mut adds = Vec::new();
    conv("stem", "image", OUTER[0], 7, 4);
    let mut last = "stem".to_string();
    let mut block = 0;
    for (stage, (outer, inner)) in OUTER.into_iter().zip(INNER).enumerate() {
        if stage > 0 {
            let down = format!("down{stage}");
            conv(&down, &last, outer, 1, 2);
            last = down;
        }
        let count = blocks / 4 + usize::from(stage < blocks % 4);
        for i in 0..count {
            let [reduce, middle, expand] =
                ["reduce", "middle", "expand"].map(|part| format!("b{block}_{part}"));
            conv(&reduce, &last, inner[i % 3], 1, 1);
            conv(&middle, &reduce, inner[i % 3], 3, 1);
            conv(&expand, &middle, outer, 1, 1);
            let sum = format!("b{block}_add");
            adds.push(format!("  {sum} = add({last}, {expand})\n"));
            last = sum;
            block += 1;
        }
    }
    for extra in 0..layers - 4 - 3 * blocks {
        let head = format!("head{extra}");
        conv(&head, &last, OUTER[3], 1, 1);
        last = head;
    }
    let adds = adds.concat();
    format!(
        "network residual {{\n  input image [3, 224, 224]\n{body}{adds}}}

budget two {{
  area   <= 10%
  energy <= 2%
}}

design scale {{
  network    residual
  dataflow   std.dataflows.nvdla
  menu       std.menus.confuciux
  budget     two
  model      maestro
  technology std.technologies.maestro
  minimize   latency
  search     {search}
  seed       1
}}
"
    )
}

/// By how much the price of area in energy differs between the points of a layer: the largest
/// ratio area / energy over the smallest, at its least over all layers.
fn ratio(space: &Space) -> f64 {
    let spread = |layer: usize| {
        let at = |metric, point| space.weight(metric, layer, point);
        let ratios = space.fine[layer]
            .iter()
            .map(|&p| at(Metric::Area, p) / at(Metric::Energy, p));
        let (low, high) = ratios.fold((f64::INFINITY, 0.0f64), |(l, h), r| (l.min(r), h.max(r)));
        high / low
    };
    let layers = 0..space.problem.layers.len();
    layers.map(spread).fold(f64::INFINITY, f64::min)
}

/// Builds one design as `cfxc build` does, up to the texts of its files; prints the measurements.
fn build(layers: usize, search: &str) {
    let text = specification(layers, search);
    let start = Instant::now();
    let problem = support::problem(&text);
    assert_eq!(problem.layers.len(), layers);
    let space = Space::new(&problem, true).unwrap_or_else(|e| panic!("{e:?}"));
    let refuge = feasible::find(&space).unwrap_or_else(|e| panic!("{e:?}"));
    let never = AtomicBool::new(false);
    let outcome = search::run(&space, Some(&refuge), &never, &mut search::NoObserver);
    let decision = Decision::new(&space, &outcome).expect("a result");
    let style = Style {
        color: false,
        unicode: true,
    };
    let written = json::text(&json::document(vec![json::design(&decision)])).len()
        + markdown::report(&decision).len()
        + summary::summary(&decision, style, None).len();
    let seconds = start.elapsed().as_secs_f64();
    assert!(written > 0);
    let certificate = decision.certificate.expect("a certificate");
    let designs: f64 = space.fine.iter().map(|l| log2(l.len() as f64)).sum();
    let used: Vec<String> = decision
        .budgets
        .iter()
        .map(|b| format!("{:.1}", b.share() * 100.0))
        .collect();
    println!(
        "{}\t{:.0}\t{seconds:.1}\t{:.2}\t{}\t{:.4}\t{}\t{}\t{:.0}",
        problem.shapes.len(),
        designs / log2(10.0),
        process::processor().unwrap_or(seconds),
        process::peak().map_or("-".to_string(), |mb| format!("{mb:.0}")),
        certificate.gap * 100.0,
        certificate.states,
        used.join(", "),
        ratio(&space),
    );
}

/// The measurements of one build in a process of its own.
fn measured(layers: usize, search: &str) -> Vec<String> {
    let own = std::env::current_exe().expect("this program has a path");
    let output = Command::new(own)
        .args(["--build", &layers.to_string(), search])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .expect("this program can be run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = String::from_utf8_lossy(&output.stdout);
    line.trim_end().split('\t').map(str::to_string).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &String| -> usize {
        let layers = text.parse().expect("a number of layers");
        assert!(layers >= 7, "at least 7 layers");
        layers
    };
    match &arguments[..] {
        [what, layers, search] if what == "--build" => return build(number(layers), search),
        [what, layers] if what == "--spec" => {
            return print!("{}", specification(number(layers), SEARCHES[0]));
        }
        _ => {}
    }
    let sizes: Vec<usize> = match arguments.is_empty() {
        true => SIZES.to_vec(),
        false => arguments.iter().map(number).collect(),
    };
    println!(
        "# Deep networks

Printed by `cargo run --release --example scale`: whole builds, from the text of the specification to
the texts of the report, of residual networks that are made up (1x1, 3x3, 1x1 and a skip; `-- --spec
LAYERS` prints one), with the menu `std.menus.confuciux`, under a budget of area and one of energy at
once. Each ran on one thread. **The times are those of one machine**; what can be compared is how
the processor time grows, which other programs disturb less than the time on the clock. A design is one point of the refined menu for every layer.

The gap is the certified one: the result is at most that far from the best possible design.

| layers | distinct shapes | log10 of the designs | search | seconds | of the processor | ms of it per layer | peak MB | area, energy used (%) | certified gap (%) | states |
|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|"
    );
    let mut spread = String::new();
    for layers in sizes {
        for search in SEARCHES {
            let m = measured(layers, search);
            let [
                shapes,
                designs,
                seconds,
                own,
                peak,
                gap,
                states,
                used,
                ratio,
            ] = &m[..]
            else {
                panic!("{m:?}");
            };
            let each = own.parse::<f64>().expect("a number") / layers as f64 * 1e3;
            println!(
                "| {layers} | {shapes} | {designs} | {search} | {seconds} | {own} | {each:.1} | {peak} | {used} | {gap} | {states} |"
            );
            spread.clone_from(ratio);
        }
    }
    println!(
        "
The two budgets are not proportional: within every layer, area per energy differs at least {spread}-fold
between points of the menu."
    );
}
