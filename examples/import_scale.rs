//! How time and memory of an import grow with the model; prints the table of `docs/import.md`.
//!
//! `cargo run --release --example import_scale [-- NODES...]`
//!
//! `cargo run --release --example import_scale -- --write KIND NODES FILE` writes one of the models.
//!
//! Every model is read in a process of its own, so that peak memory is its own.

// Each program uses what it needs of the writer.
#[allow(dead_code)]
#[path = "../tests/onnx/encode.rs"]
mod encode;
#[path = "support/process.rs"]
mod process;

use cfxc::emit::network;
use cfxc::import::{Options, onnx};
use cfxc::sema;
use cfxc::syntax::ast::Name;
use encode::{Graph, ints};
use std::fs::File;
use std::process::Command;
use std::time::Instant;

const SIZES: [usize; 3] = [10_000, 100_000, 1_000_000];

/// Kinds of models: name, what they are made of.
const KINDS: [(&str, &str); 4] = [
    ("relu", "`Relu` in a chain, and one `MatMul`"),
    ("conv", "`Conv` and `Relu` in turn"),
    ("attention", "`MatMul` of two activations and `Softmax`"),
    ("residual", "`MatMul` and an `Add` around it"),
];

/// A model of so many nodes.
fn model(kind: &str, nodes: usize) -> Vec<u8> {
    let mut graph = match kind {
        "relu" => Graph::default().input("x0", "1 64").weights("w", &[64, 64]),
        "conv" => Graph::default()
            .input("x0", "1 64 56 56")
            .weights("w", &[64, 64, 3, 3]),
        "residual" => Graph::default().input("x0", "1 64").weights("w", &[64, 64]),
        "attention" => Graph::default().input("x0", "1 8 64 64"),
        other => panic!("no kind `{other}`"),
    };
    let pads = [ints("pads", &[1, 1, 1, 1])];
    for i in 0..nodes {
        let (from, to) = (format!("x{i}"), format!("x{}", i + 1));
        graph = match (kind, i % 2) {
            ("relu", _) if i + 1 == nodes => graph.node("MatMul", &[&from, "w"], &[&to], &[]),
            ("conv", 0) => graph.node("Conv", &[&from, "w"], &[&to], &pads),
            ("attention", 0) => graph.node("MatMul", &[&from, &from], &[&to], &[]),
            ("attention", _) => graph.node("Softmax", &[&from], &[&to], &[]),
            ("residual", 0) => graph.node("MatMul", &[&from, "w"], &[&to], &[]),
            ("residual", _) => graph.node("Add", &[&from, &format!("x{}", i - 1)], &[&to], &[]),
            _ => graph.node("Relu", &[&from], &[&to], &[]),
        };
    }
    graph.model()
}

/// Reads a model as `cfxc import --format json` does, up to the text; prints the measurements.
fn import(path: &str) {
    let start = Instant::now();
    let mut file = File::open(path).expect("the model");
    let read = onnx::read(&mut file, &Options::default()).unwrap_or_else(|e| panic!("{e:?}"));
    let name = Name::new("model".into(), Default::default());
    let (network, found) = sema::assembled(
        name,
        &read.statements,
        read.vertices,
        read.shapes_checked,
        &[],
    );
    let network = network.unwrap_or_else(|| panic!("{found:?}"));
    let text = network::json(&network, &[]);
    println!(
        "{}\t{:.2}\t{}\t{:.0}",
        network.layers().count(),
        start.elapsed().as_secs_f64(),
        process::peak().map_or("-".to_string(), |mb| format!("{mb:.0}")),
        text.len() as f64 / 1e6,
    );
}

/// The measurements of one import in a process of its own.
fn measured(path: &str) -> Vec<String> {
    let own = std::env::current_exe().expect("this program has a path");
    let output = Command::new(own)
        .args(["--import", path])
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
    let number = |text: &String| text.parse::<usize>().expect("a number of nodes");
    match &arguments[..] {
        [what, path] if what == "--import" => return import(path),
        [what, kind, nodes, path] if what == "--write" => {
            return std::fs::write(path, model(kind, number(nodes))).expect("a file to write");
        }
        _ => {}
    }
    let sizes: Vec<usize> = match arguments.is_empty() {
        true => SIZES.to_vec(),
        false => arguments.iter().map(number).collect(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.onnx");
    let path = path.to_str().expect("a path in UTF-8");
    println!(
        "| nodes | of which | layers | seconds | us per node | peak MB | JSON MB |
|---:|---|---:|---:|---:|---:|---:|"
    );
    for (kind, about) in KINDS {
        for &nodes in &sizes {
            std::fs::write(path, model(kind, nodes)).expect("a file to write");
            let m = measured(path);
            let each = m[1].parse::<f64>().expect("a number") / nodes as f64 * 1e6;
            println!(
                "| {nodes} | {about} | {} | {} | {each:.1} | {} | {} |",
                m[0], m[1], m[2], m[3]
            );
        }
    }
}
