//! `cfxc import`, and files that specifications name.

use crate::encode::{Graph, ints};
use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

/// Two convolutions with a pool between, an unknown operator at the end, and an open batch.
fn small() -> Vec<u8> {
    let graph = Graph::default()
        .input("image", "batch 3 8 8")
        .weights("w", &[4, 3, 3, 3])
        .weights("v", &[6, 4, 1, 1])
        .node("Conv", &["image", "w"], &["first"], &[])
        .node(
            "MaxPool",
            &["first"],
            &["pool"],
            &[ints("kernel_shape", &[2, 2])],
        )
        .node("Conv", &["pool", "v"], &["/second/Conv"], &[])
        .of("my.ops", "Magic", &["/second/Conv"], &["magic"], &[]);
    graph.model()
}

/// A design of the network `net`.
const NPU: &str = "menu few { pes in [4, 8] buffer in [1, 2] }
design npu {
  network net
  dataflow std.dataflows.nvdla
  menu few
  minimize latency
  search exact
}
";

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().expect("a folder"));
        std::fs::write(folder.path("small.onnx"), small()).expect("written");
        folder
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("readable")
    }

    /// Exit code, standard output, standard error.
    #[track_caller]
    fn run(&self, args: &[&str], code: i32) -> (String, String) {
        let mut command = Command::cargo_bin("cfxc").expect("built");
        let output = command
            .current_dir(Path::new(self.0.path()))
            .args(args)
            .output();
        let output = output.expect("runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
        (out, err)
    }
}

#[test]
fn as_text() {
    let folder = Folder::new();
    let (out, err) = folder.run(&["import", "small.onnx", "--dim", "batch=1"], 0);
    assert_eq!(
        out,
        "// Imported from small.onnx; 1 operator costs nothing on the array:
// 1 MaxPool.
network small shapes unchecked {
  layer first conv { K = 4, C = 3, Y = 8, X = 8, R = 3, S = 3 }
  pool = free(first) { op = MaxPool }
  layer \"/second/Conv\" conv { K = 6, C = 4, Y = 5, X = 5, R = 1, S = 1 }

  pool -> \"/second/Conv\"
}
"
    );
    assert!(
        err.contains("W0303") && err.contains("`Magic` of node `magic`"),
        "{err}"
    );
}

#[test]
fn as_json() {
    let folder = Folder::new();
    let args = [
        "import",
        "small.onnx",
        "--dim",
        "batch=2",
        "--as",
        "two",
        "--format",
        "json",
    ];
    let (out, _) = folder.run(&args, 0);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    let keys: Vec<&String> = json.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["network", "layers", "free", "warnings"]);
    assert_eq!(json["network"], "two");
    let layer = serde_json::json!({
        "name": "first",
        "op": "conv",
        "dims": { "N": 2, "K": 4, "C": 3, "Y": 8, "X": 8, "R": 3, "S": 3 },
        "stride": [1, 1],
        "pad": [0, 0, 0, 0],
        "dilation": [1, 1],
        "groups": 1,
        "macs": 2 * 4 * 3 * 9 * 36,
        "inputs": [],
        "outputs": ["/second/Conv"],
    });
    assert_eq!(json["layers"][0], layer);
    assert_eq!(json["layers"][1]["inputs"], serde_json::json!(["first"]));
    assert_eq!(
        json["free"][0],
        serde_json::json!({
            "name": "pool",
            "op": "MaxPool",
            "inputs": ["first"],
            "outputs": ["/second/Conv"],
        })
    );
    assert_eq!(json["warnings"].as_array().map(Vec::len), Some(1));
}

#[test]
fn strict() {
    let folder = Folder::new();
    let args = [
        "import",
        "small.onnx",
        "--dim",
        "batch=1",
        "--strict",
        "-o",
        "out.cfx",
    ];
    let (out, err) = folder.run(&args, 1);
    assert_eq!(out, "");
    assert!(err.contains("`Magic`"), "{err}");
    assert!(!folder.path("out.cfx").exists());
}

#[test]
fn what_was_there_stays_if_there_is_a_mistake() {
    let folder = Folder::new();
    std::fs::write(folder.path("out.cfx"), "mine").expect("written");
    let (_, err) = folder.run(&["import", "small.onnx", "-o", "out.cfx"], 1);
    assert!(err.contains("E0310") && err.contains("`batch`"), "{err}");
    assert_eq!(folder.read("out.cfx"), "mine");
    folder.run(
        &["import", "small.onnx", "-o", "out.cfx", "--dim", "batch=1"],
        0,
    );
    assert!(folder.read("out.cfx").starts_with("// Imported"));
    folder.run(
        &[
            "import",
            "small.onnx",
            "-o",
            "no/such/folder.cfx",
            "--dim",
            "batch=1",
        ],
        4,
    );
    let left = std::fs::read_dir(folder.0.path())
        .expect("readable")
        .count();
    assert_eq!(left, 2, "no temporary files stay");
}

#[test]
fn wrong_usage() {
    let folder = Folder::new();
    folder.run(&["import", "small.onnx", "--dim", "batch"], 2);
    folder.run(
        &[
            "import",
            "small.onnx",
            "--dim",
            "batch=1",
            "--dim",
            "batch=2",
        ],
        2,
    );
    folder.run(&["import", "small.onnx", "--as", "a-b"], 2);
    folder.run(&["import", "missing.onnx"], 4);
    folder.run(&["import", "."], 4);
    std::fs::write(folder.path("table.csv"), "K,C,Y,X,R,S,T\n4,3,8,8,3,3,1\n").expect("written");
    let (out, _) = folder.run(&["import", "table.csv"], 0);
    assert!(out.contains("layer l1 conv { K = 4, C = 3"), "{out}");
    let (_, err) = folder.run(&["import", "table.csv", "--dim", "batch=1"], 1);
    assert!(err.contains("`batch` has no effect"), "{err}");
    // A kind of file that nobody knows.
    std::fs::write(folder.path("archive"), b"PK\x03\x04\0\0\0\0").expect("written");
    let (_, err) = folder.run(&["import", "archive"], 1);
    assert!(
        err.contains("E0309") && err.contains("export the model as ONNX"),
        "{err}"
    );
    std::fs::write(folder.path("image"), b"\x89PNG\r\n\0").expect("written");
    let (_, err) = folder.run(&["import", "image"], 1);
    assert!(
        err.contains("E0309") && err.contains("an ONNX model"),
        "{err}"
    );
}

#[test]
fn a_specification_names_the_file() {
    let folder = Folder::new();
    let spec = |dims: &str| {
        let text = format!("network net from \"small.onnx\"{dims}\n");
        std::fs::write(folder.path("spec.cfx"), text).expect("written");
    };
    spec(" { dim batch = 1 }");
    let (out, err) = folder.run(&["graph", "spec.cfx", "--format", "json"], 0);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    let pool = serde_json::json!({ "name": "pool", "op": "MaxPool", "output": null });
    assert_eq!(json["nodes"][1], pool);
    assert_eq!(json["nodes"][2]["name"], "/second/Conv");
    assert_eq!(
        json["edges"],
        serde_json::json!([["first", "pool"], ["pool", "/second/Conv"]])
    );
    assert!(
        err.contains("spec.cfx:1:18") && err.contains("named here"),
        "{err}"
    );
    for (dims, code) in [
        ("", "E0310"),
        (" { dim batch = 1, dim width = 2 }", "E0310"),
        (" { dim batch = 1, dim batch = 2 }", "E0105"),
        (" { dim batch = 0 }", "E0301"),
        (" { dim batch = 1, dim width = 2 }", "spec.cfx:1:52"),
        (" { dim batch = -1 }", "E0204"),
        (" { batch = 1 }", "E0003"),
        (" { dim batch 1 }", "E0003"),
    ] {
        spec(dims);
        let (_, err) = folder.run(&["check", "spec.cfx"], 1);
        assert!(err.contains(code), "{dims}: {err}");
        assert!(err.contains("spec.cfx:1:"), "{dims}: {err}");
    }
}

/// The reports of a build straight from a model say what else the model does.
#[test]
fn a_build_tells_what_costs_nothing() {
    let folder = Folder::new();
    let text = format!("network net from \"small.onnx\" {{ dim batch = 1 }}\n{NPU}");
    std::fs::write(folder.path("spec.cfx"), text).expect("written");
    folder.run(&["build", "spec.cfx", "--out", "out"], 0);
    for report in ["out/npu.md", "out/npu.html"] {
        let text = folder.read(report);
        assert!(
            text.contains("At no cost on the array: pool (MaxPool)."),
            "{text}"
        );
    }
}

/// A bound that no layer may have is told with the layer's name.
#[test]
fn layers_too_large_are_named() {
    let folder = Folder::new();
    let graph = Graph::default()
        .input("x", "1 8")
        .weights("w", &[8, 2_000_000_000]);
    let bytes = graph.node("MatMul", &["x", "w"], &["big"], &[]).model();
    std::fs::write(folder.path("big.onnx"), bytes).expect("written");
    let (_, err) = folder.run(&["import", "big.onnx"], 1);
    assert!(
        err.contains("E0204") && err.contains("layer `big`: `K` must be at most 1000000000"),
        "{err}"
    );
}

/// What was read of a file beside the model is among the inputs of the decision.
#[test]
fn constants_beside_a_model_are_inputs() {
    let folder = Folder::new();
    let graph = Graph::default()
        .input("x", "1 8 4 4")
        .weights("w", &[16, 8])
        .apart("shape", &[2], "all.bin", 8)
        .node("Reshape", &["x", "shape"], &["a"], &[])
        .node("MatMul", &["a", "w"], &["b"], &[]);
    std::fs::write(folder.path("apart.onnx"), graph.model()).expect("written");
    let shape = |rows: i64, further: i64| {
        let values = [99, rows, 16, further];
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        std::fs::write(folder.path("all.bin"), bytes).expect("written");
    };
    shape(8, 1);
    let (out, _) = folder.run(&["import", "apart.onnx"], 0);
    assert!(
        out.contains("layer b dense { N = 8, K = 8, C = 16 }"),
        "{out}"
    );
    let text = format!("network net from \"apart.onnx\"\n{NPU}");
    std::fs::write(folder.path("spec.cfx"), text).expect("written");
    folder.run(&["build", "spec.cfx"], 0);
    assert!(folder.read("spec.lock").contains("\"all.bin\" = "));
    folder.run(&["build", "spec.cfx", "--locked"], 0);
    // What is not read of it decides nothing.
    shape(8, 2);
    folder.run(&["build", "spec.cfx", "--locked"], 0);
    shape(-1, 2);
    let (_, err) = folder.run(&["build", "spec.cfx", "--locked"], 1);
    assert!(err.contains("all.bin has changed"), "{err}");
}
