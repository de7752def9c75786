//! Models as PyTorch exports them, against every convolution and dense layer met when running them.
//!
//! `models/` has the exports without their weights (large initialisers point to a file that is not
//! there); `layers.csv` has the layers in execution order, batch 1. Attention products are no
//! modules in PyTorch and are not in the list.

use crate::{assembled, contents, read, written_and_read};
use assert_cmd::Command;
use cfxc::emit::network;
use cfxc::ir::dim::Dim;
use cfxc::ir::layer::{LayerShape, Op};
use cfxc::ir::network::Network;
use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;

const LAYERS: &str = include_str!("layers.csv");

/// Name, file, and the sizes of open dimensions.
const MODELS: &[(&str, &[u8], &str)] = &[
    ("bert_base", include_bytes!("models/bert_base.onnx.gz"), ""),
    (
        "efficientnet_b0",
        include_bytes!("models/efficientnet_b0.onnx.gz"),
        "",
    ),
    (
        "mnasnet1_0",
        include_bytes!("models/mnasnet1_0.onnx.gz"),
        "",
    ),
    (
        "mobilenet_v2",
        include_bytes!("models/mobilenet_v2.onnx.gz"),
        "",
    ),
    (
        "resnet18_symbolic_batch",
        include_bytes!("models/resnet18_symbolic_batch.onnx.gz"),
        "batch=1",
    ),
    ("resnet50", include_bytes!("models/resnet50.onnx.gz"), ""),
    ("vgg16", include_bytes!("models/vgg16.onnx.gz"), ""),
];

/// The bytes of a model and the sizes of its open dimensions.
pub fn model(name: &str) -> (Vec<u8>, &'static str) {
    let (_, packed, dims) = MODELS.iter().find(|(n, ..)| *n == name).expect("a model");
    let mut bytes = Vec::new();
    GzDecoder::new(*packed)
        .read_to_end(&mut bytes)
        .expect("gzip");
    (bytes, dims)
}

fn network_of(name: &str) -> Network {
    let (bytes, dims) = model(name);
    let read = read(&bytes, dims).unwrap_or_else(|found| panic!("{name}: {found:#?}"));
    assert_eq!(read.warnings, [], "{name}");
    assembled(&read)
}

/// A layer as a line of `layers.csv` without the model.
fn line(shape: &LayerShape) -> String {
    let of = |dim: Dim| shape.bound(dim);
    let macs = shape.macs().expect("countable");
    let (n, k, c, groups) = match shape.op {
        Op::Dense => (of(Dim::N), of(Dim::K), of(Dim::C), 1),
        Op::Gemm => (of(Dim::M), of(Dim::N), of(Dim::K), 1),
        Op::Depthwise => (of(Dim::N), of(Dim::K) * of(Dim::C), of(Dim::C), of(Dim::C)),
        _ => (
            of(Dim::N),
            of(Dim::K) * of(Dim::G),
            of(Dim::C) * of(Dim::G),
            of(Dim::G),
        ),
    };
    let kind = if shape.op.slides() { "conv" } else { "linear" };
    let p = shape.pad;
    assert!(
        p.top == p.bottom && p.left == p.right && p.top == p.left,
        "{shape:?}"
    );
    assert_eq!(shape.stride[0], shape.stride[1]);
    let window = [Dim::Y, Dim::X, Dim::R, Dim::S]
        .map(|d| of(d).to_string())
        .join(",");
    format!(
        "{kind},{n},{k},{c},{groups},{window},{},{},{macs}",
        shape.stride[0], p.top
    )
}

#[test]
fn every_layer_is_found_in_order() {
    for (name, ..) in MODELS {
        let network = network_of(name);
        let have: Vec<String> = network.layers().map(|(_, _, shape)| line(shape)).collect();
        let mut rest = have.iter();
        let mut wanted = 0;
        for expected in LAYERS
            .lines()
            .filter_map(|l| l.strip_prefix(name)?.strip_prefix(','))
        {
            assert!(
                rest.any(|l| l == expected),
                "{name}: {expected} in its place"
            );
            wanted += 1;
        }
        assert!(wanted >= 16, "{name}: {wanted} layers expected");
        // Scores and contexts of twelve blocks come on top, and nothing else does.
        let on_top = if *name == "bert_base" { 24 } else { 0 };
        assert_eq!(have.len(), wanted + on_top, "{name}");
    }
}

#[test]
fn edges_are_those_of_the_model() {
    let network = network_of("resnet18_symbolic_batch");
    let json: Value = serde_json::from_str(&network::json(&network, &[])).expect("JSON");
    let layers = json["layers"].as_array().expect("layers");
    let inputs =
        |layer: &Value| -> Vec<Value> { layer["inputs"].as_array().expect("names").clone() };
    let before = |layer: &Value| -> Vec<[String; 2]> {
        let to = layer["name"].as_str().expect("a name");
        let from = inputs(layer);
        let from = from.iter().map(|f| f.as_str().expect("a name"));
        from.map(|f| [f.to_string(), to.to_string()]).collect()
    };
    let edges: Vec<[String; 2]> = layers.iter().flat_map(before).collect();
    let has = |from: &str, to: &str| edges.contains(&[from.to_string(), to.to_string()]);
    // The first block adds what the stem gives to what its second convolution gives.
    for (from, to) in [
        ("node_Conv_293", "node_Conv_296"),
        ("node_Conv_296", "node_Conv_299"),
        ("node_Conv_293", "node_Conv_302"),
        ("node_Conv_299", "node_Conv_302"),
        ("node_Conv_350", "node_linear"),
    ] {
        assert!(has(from, to), "{from} -> {to}");
    }
    assert!(!has("node_Conv_293", "node_Conv_299"));
    assert!(!has("node_Conv_296", "node_Conv_302"));
    // What costs nothing stays where it is.
    let count = |wanted: &str| network.free().filter(|(_, op)| *op == wanted).count();
    assert_eq!((count("Relu"), count("Add"), count("MaxPool")), (17, 8, 1));
    assert_eq!(network.free().count(), 28);
}

#[test]
fn what_is_written_reads_the_same() {
    for (name, ..) in MODELS {
        let network = network_of(name);
        let (again, found) = written_and_read(&network);
        assert_eq!(found, [], "{name}");
        assert_eq!(
            contents(&network),
            contents(&again.expect("sound")),
            "{name}"
        );
    }
}

const DESIGN: &str = "
menu small { pes in [8, 16, 64], buffer in [1, 4] }
budget half { area <= 50% }
design npu {
  network  vgg
  dataflow std.dataflows.nvdla
  menu     small
  budget   half
  minimize latency
  search   genetic { generations = 5 }
}
";

/// A decision from the file and one from what was imported of it.
#[test]
fn the_same_decision() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let (bytes, _) = model("vgg16");
    std::fs::write(path("vgg.model"), bytes).expect("written");
    let run = |args: &[&str]| {
        let mut command = Command::cargo_bin("cfxc").expect("the binary");
        command
            .current_dir(folder.path())
            .args(args)
            .assert()
            .success();
    };
    run(&["import", "vgg.model", "--as", "vgg", "-o", "vgg.cfx"]);
    let imported = std::fs::read_to_string(path("vgg.cfx")).expect("imported");
    std::fs::write(path("kept.cfx"), imported + DESIGN).expect("written");
    let direct = format!("network vgg from \"vgg.model\"\n{DESIGN}");
    std::fs::write(path("direct.cfx"), direct).expect("written");
    let decision = |spec: &str, out: &str| {
        run(&["build", spec, "--out", out]);
        let text = std::fs::read_to_string(path(out).join("npu.json")).expect("a decision");
        let mut json: Value = serde_json::from_str(&text).expect("JSON");
        // The specifications differ, and so does what is kept of their text.
        json.as_object_mut().expect("an object").remove("inputs");
        json
    };
    let (kept, direct) = (decision("kept.cfx", "a"), decision("direct.cfx", "b"));
    assert_eq!(kept["layers"], direct["layers"]);
    assert_eq!(kept, direct);
}
