//! Shapes through the graph: small values, open dimensions, functions, branches, names, edges.

use crate::encode::{Graph, function, int, ints, node, of_caller, subgraph, tensor, word};
use crate::{read, text, text_of, warnings, wrong};
use cfxc::emit::network;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// `x` reshaped to what `nodes` compute as `s`, then a dense layer that shows its last extent.
fn reshaped(graph: Graph, last: i64) -> Vec<u8> {
    let graph = graph.weights("w", &[last, 7]);
    let graph = graph.node("Reshape", &["x", "s"], &["r"], &[]);
    graph.node("MatMul", &["r", "w"], &["y"], &[]).model()
}

#[test]
fn shapes_that_are_computed() {
    // As exporters write `x.view(x.size(0), -1)`.
    let graph = Graph::default()
        .input("x", "2 3 4 5")
        .node("Shape", &["x"], &["a"], &[])
        .values("zero", &[], &[0])
        .node("Gather", &["a", "zero"], &["b"], &[])
        .values("axes", &[1], &[0])
        .node("Unsqueeze", &["b", "axes"], &["c"], &[])
        .node("Constant", &[], &["d"], &[tensor("value", &[1], &[-1])])
        .node("Concat", &["c", "d"], &["s"], &[int("axis", 0)]);
    assert_eq!(
        text(&reshaped(graph, 60), ""),
        "layer y dense { N = 2, K = 7, C = 60 }"
    );
    // As a flattening of the last two dimensions.
    let graph = Graph::default()
        .input("x", "2 3 4 5")
        .node("Shape", &["x"], &["a"], &[int("start", -2)])
        .node("ReduceProd", &["a"], &["b"], &[int("keepdims", 1)])
        .node("Shape", &["x"], &["c"], &[])
        .values("from", &[1], &[0])
        .values("to", &[1], &[-2])
        .node("Slice", &["c", "from", "to"], &["d"], &[])
        .node("Concat", &["d", "b"], &["s"], &[int("axis", 0)]);
    assert_eq!(
        text(&reshaped(graph, 20), ""),
        "layer y dense { N = 6, K = 7, C = 20 }"
    );
    // Arithmetic: Where, Equal, Mul, Div, Cast, ConstantOfShape.
    let graph = Graph::default()
        .input("x", "2 60")
        .values("two", &[1], &[2])
        .node(
            "ConstantOfShape",
            &["two"],
            &["a"],
            &[tensor("value", &[1], &[1])],
        )
        .values("b", &[2], &[-1, 12])
        .values("minus", &[], &[-1])
        .node("Mul", &["a", "minus"], &["c"], &[])
        .node("Equal", &["b", "c"], &["d"], &[])
        .values("e", &[2], &[20, 0])
        .values("f", &[2], &[0, 24])
        .node("Div", &["f", "two"], &["g"], &[])
        .node("Where", &["d", "e", "g"], &["h"], &[])
        .node("Cast", &["h"], &["i"], &[int("to", 1)])
        .node("Floor", &["i"], &["j"], &[])
        .node("Cast", &["j"], &["k"], &[int("to", 7)])
        .values("l", &[2], &[10, 6])
        .node("Min", &["k", "l"], &["s"], &[]);
    // 10 x 6 is not 120, 10 x 12 would be.
    let found = wrong(&reshaped(graph, 6), "");
    assert!(found[0].1.contains("[10, 6]"), "{found:?}");
}

/// Extents that real numbers decide: padding as TensorFlow's models in PyTorch compute it, and the
/// scale that brings an image between two sizes.
#[test]
fn extents_from_real_numbers() {
    let graph = Graph::default()
        .input("x", "1 3 9 10")
        // ceil(9 / 2) rows of a window of 3 with a step of 2 need (5 - 1) x 2 + 3 - 9 zeros, at least 0.
        .reals("rows", &[], &[4.5])
        .node("Ceil", &["rows"], &["a"], &[])
        .reals("one", &[], &[1.0])
        .node("Sub", &["a", "one"], &["b"], &[])
        .reals("two", &[], &[2.0])
        .node("Mul", &["b", "two"], &["c"], &[])
        .reals("window", &[], &[-6.0])
        .node("Add", &["c", "window"], &["d"], &[])
        .reals("zero", &[], &[0.0])
        .node("Clip", &["d", "zero"], &["e"], &[])
        .node("Cast", &["e"], &["f"], &[int("to", 7)])
        .values("at", &[1], &[0])
        .node("Unsqueeze", &["f", "at"], &["g"], &[])
        .values("first", &[7], &[0; 7])
        .node("Concat", &["first", "g"], &["pads"], &[int("axis", 0)])
        .node("Pad", &["x", "pads"], &["p"], &[])
        .weights("w", &[5, 3, 1, 1])
        .node("Conv", &["p", "w"], &["y"], &[]);
    assert_eq!(
        text(&graph.model(), ""),
        "layer y conv { K = 5, C = 3, Y = 9, X = 12, R = 1, S = 1 }"
    );
    let graph = Graph::default()
        .input("x", "1 3 320 480")
        .values("size", &[2], &[320, 480])
        .node("ReduceMin", &["size"], &["a"], &[int("keepdims", 0)])
        .node("Cast", &["a"], &["b"], &[int("to", 1)])
        .node("Reciprocal", &["b"], &["c"], &[])
        .reals("wanted", &[], &[800.0])
        .node("Mul", &["c", "wanted"], &["scale"], &[])
        .reals("own", &[2], &[320.0, 480.0])
        .node("Mul", &["own", "scale"], &["d"], &[])
        .node("Floor", &["d"], &["e"], &[])
        .node("Cast", &["e"], &["f"], &[int("to", 7)])
        .values("first", &[2], &[1, 3])
        .node("Concat", &["first", "f"], &["sizes"], &[int("axis", 0)])
        .node("Resize", &["x", "", "", "sizes"], &["r"], &[])
        .weights("w", &[5, 3, 1, 1])
        .node("Conv", &["r", "w"], &["y"], &[]);
    assert_eq!(
        text(&graph.model(), ""),
        "layer y conv { K = 5, C = 3, Y = 800, X = 1200, R = 1, S = 1 }"
    );
    // A square root of a whole number is of its type.
    let graph = Graph::default()
        .input("x", "16 60")
        .values("count", &[1], &[16])
        .reals("half", &[1], &[0.5])
        .node("Pow", &["count", "half"], &["side"], &[])
        .values("rest", &[1], &[-1])
        .node("Concat", &["side", "rest"], &["s"], &[int("axis", 0)]);
    assert_eq!(
        text(&reshaped(graph, 240), ""),
        "layer y dense { N = 4, K = 7, C = 240 }"
    );
    // As PyTorch wrote it before operator set 9.
    let graph = Graph::default()
        .input("x", "2 6")
        .values("extents", &[2], &[2, 3])
        .node(
            "ConstantFill",
            &["extents"],
            &["r"],
            &[int("input_as_shape", 1), ints("extra_shape", &[4])],
        )
        .weights("w", &[4, 7])
        .input("one", "1")
        .node("Add", &["r", "one"], &["a"], &[])
        .node("MatMul", &["a", "w"], &["y"], &[])
        // A product of what the model holds is no layer.
        .weights("v", &[7, 3])
        .node("MatMul", &["w", "v"], &["weights"], &[]);
    assert_eq!(
        text(&graph.model(), ""),
        "layer y dense { N = 6, K = 7, C = 4 }"
    );
    // 0.7 x 10 is 7, though 0.7 in single precision is less.
    let scaled = Graph::default()
        .input("x", "1 3 10 10")
        .reals("scales", &[4], &[1.0, 1.0, 0.7, 0.7])
        .node("Resize", &["x", "", "scales"], &["r"], &[])
        .weights("w", &[5, 3, 1, 1])
        .node("Conv", &["r", "w"], &["y"], &[]);
    assert_eq!(
        text(&scaled.model(), ""),
        "layer y conv { K = 5, C = 3, Y = 7, X = 7, R = 1, S = 1 }"
    );
}

/// The last extents of what signals and columns become, shown by dense layers.
#[test]
fn signals_and_columns() {
    let graph = Graph::default()
        .input("x", "2 512 1")
        .values("step", &[], &[16])
        .values("length", &[], &[64])
        .node("HannWindow", &["length"], &["w"], &[])
        .node("STFT", &["x", "step", "w"], &["f"], &[])
        .values("axis", &[], &[-2])
        .node("DFT", &["x", "", "axis"], &["t"], &[int("onesided", 1)])
        .weights("v", &[2, 5])
        .node("MatMul", &["f", "v"], &["y"], &[])
        .node("MatMul", &["t", "v"], &["z"], &[]);
    // 29 frames of 33 frequencies, and 257 of them, for two signals. What transforms cost is not
    // known.
    let transforms = read(&graph.model(), "").expect("sound");
    assert!(transforms.warnings.iter().all(|w| w.code.0 == "W0303"));
    assert_eq!(transforms.warnings.len(), 2);
    assert_eq!(
        text_of(&transforms),
        "layer y dense { N = 1914, K = 5, C = 2 }
layer z dense { N = 514, K = 5, C = 2 }"
    );
    let graph = Graph::default()
        .input("x", "2 12 16")
        .values("image", &[2], &[8, 8])
        .values("block", &[2], &[2, 2])
        .node("Col2Im", &["x", "image", "block"], &["i"], &[])
        .values("size", &[2], &[6, 9])
        .node(
            "CenterCropPad",
            &["i", "size"],
            &["c"],
            &[ints("axes", &[2, 3])],
        )
        .values("sizes", &[2], &[12, 12])
        .node(
            "Resize",
            &["c", "", "", "sizes"],
            &["r"],
            &[
                ints("axes", &[2, 3]),
                word("keep_aspect_ratio_policy", "not_larger"),
            ],
        )
        .weights("w", &[5, 3, 3, 3])
        .node("Conv", &["r", "w"], &["y"], &[]);
    assert_eq!(
        text(&graph.model(), ""),
        "layer y conv { N = 2, K = 5, C = 3, Y = 8, X = 12, R = 3, S = 3 }"
    );
}

#[test]
fn pools_and_resizes() {
    let graph = Graph::default()
        .input("x", "1 8 13 13")
        .node(
            "MaxPool",
            &["x"],
            &["a"],
            &[
                ints("kernel_shape", &[3, 3]),
                ints("strides", &[2, 2]),
                int("ceil_mode", 1),
            ],
        )
        .values("sizes", &[4], &[1, 8, 20, 22])
        .node("Resize", &["a", "", "", "sizes"], &["b"], &[])
        .values("pads", &[8], &[0, 0, 1, 1, 0, 0, 1, 1])
        .node("Pad", &["b", "pads"], &["c"], &[])
        .node("SpaceToDepth", &["c"], &["d"], &[int("blocksize", 2)])
        .weights("w", &[4, 32, 1, 1])
        .node("Conv", &["d", "w"], &["y"], &[])
        .node("GlobalAveragePool", &["y"], &["e"], &[])
        .node("Flatten", &["e"], &["f"], &[])
        .weights("v", &[10, 4])
        .node("Gemm", &["f", "v"], &["z"], &[int("transB", 1)]);
    assert_eq!(
        text(&graph.model(), ""),
        "layer y conv { K = 4, C = 32, Y = 11, X = 12, R = 1, S = 1 }
layer z dense { K = 10, C = 4 }
y -> z"
    );
}

fn open() -> Vec<u8> {
    let graph = Graph::default()
        .input("x", "batch 3 height ?")
        .weights("w", &[8, 3, 3, 3]);
    graph.node("Conv", &["x", "w"], &["y"], &[]).model()
}

#[test]
fn open_dimensions() {
    let found = wrong(&open(), "");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "E0310");
    for name in ["`batch`", "`height`", "`x[3]`"] {
        assert!(found[0].1.contains(name), "{found:?}");
    }
    assert_eq!(
        text(&open(), "batch=2 height=9 x[3]=8"),
        "layer y conv { N = 2, K = 8, C = 3, Y = 9, X = 8, R = 3, S = 3 }"
    );
    let found = wrong(&open(), "batch=2 height=9 x[3]=8 width=3");
    assert!(found[0].1.contains("no dimension `width`"), "{found:?}");
    // A dimension that the model names behind what follows from data.
    let data = Graph::default()
        .input("x", "9")
        .weights("w", &[9, 4])
        .node("NonZero", &["x"], &["a"], &[])
        .states("a", "1 found")
        .node("Expand", &["a", "s"], &["b"], &[])
        .values("s", &[2], &[9, 1])
        .node("Transpose", &["b"], &["c"], &[])
        .node("MatMul", &["c", "w"], &["y"], &[])
        .model();
    let found = wrong(&data, "");
    assert!(
        found[0].0 == "E0311" && found[0].1.contains("`NonZero`"),
        "{found:?}"
    );
    assert_eq!(
        text(&data, "found=5"),
        "layer y dense { N = 5, K = 4, C = 9 }"
    );
    // The size of a sum follows from its parts.
    let graph = Graph::default()
        .input("x", "past+now 16")
        .weights("w", &[16, 4]);
    let bytes = graph.node("MatMul", &["x", "w"], &["y"], &[]).model();
    assert_eq!(
        text(&bytes, "past=5 now=2"),
        "layer y dense { N = 7, K = 4, C = 16 }"
    );
}

/// An extent that data decide gets a size by the name of its tensor.
#[test]
fn extents_that_follow_from_data() {
    let graph = Graph::default()
        .input("x", "20 4 8")
        .input("which", "20")
        .node("Compress", &["x", "which"], &["kept"], &[int("axis", 0)])
        .node("Relu", &["kept"], &["r"], &[])
        .weights("w", &[8, 7])
        .node("MatMul", &["r", "w"], &["y"], &[]);
    let bytes = graph.model();
    let found = read(&bytes, "").expect_err("an open extent");
    assert!(found[0].message.contains("`Compress`"), "{found:?}");
    let help = found[0].help.as_deref().unwrap_or("");
    assert!(help.contains("`--dim 'kept[0]'=N`"), "{help}");
    assert_eq!(
        text(&bytes, "kept[0]=5"),
        "layer y dense { N = 20, K = 7, C = 8 }"
    );
    // Extents that are computed from data, one after the other.
    let regions = graph
        .node("Shape", &["kept"], &["s"], &[])
        .node("ConstantOfShape", &["s"], &["c"], &[])
        .node("MatMul", &["c", "w"], &["z"], &[])
        .model();
    let found = read(&regions, "c[0]=5").expect_err("an open extent");
    let help = found.iter().filter_map(|d| d.help.as_deref());
    let help: Vec<&str> = help.filter(|h| h.contains("`--dim 'c[1]'=N`")).collect();
    assert_eq!(help.len(), 1, "{found:?}");
    // Its other extent is known, and there is no such tensor.
    for other in ["kept[1]=5 kept[0]=5", "lost[0]=5 kept[0]=5"] {
        let found = wrong(&bytes, other);
        assert_eq!((found.len(), found[0].0), (1, "E0310"), "{found:?}");
    }
}

#[test]
fn functions_stand_where_they_are_called() {
    let body = [
        node(
            "",
            "Conv",
            "conv",
            &["a", "b"],
            &["c"],
            &[of_caller("strides", "by")],
        ),
        node("", "Relu", "relu", &["c"], &["d"], &[]),
    ];
    let block = function("mine", "Block", &["a", "b"], &["d"], &body);
    let graph = Graph::default()
        .input("x", "1 3 9 9")
        .weights("w", &[3, 3, 3, 3])
        .of(
            "mine",
            "Block",
            &["x", "w"],
            &["first"],
            &[ints("by", &[2, 2])],
        )
        .of("mine", "Block", &["first", "w"], &["second"], &[]);
    assert_eq!(
        text(&graph.with_functions(std::slice::from_ref(&block)), ""),
        "layer \"first/conv\" conv { K = 3, C = 3, Y = 9, X = 9, R = 3, S = 3, stride = 2 }
layer \"second/conv\" conv { K = 3, C = 3, Y = 4, X = 4, R = 3, S = 3 }
\"first/conv\" -> \"second/conv\""
    );
    // Operators that are known need no function; what is not known may have one in any set.
    let body = [node("", "MatMul", "n", &["a", "b"], &["c"], &[])];
    let odd = function("com.microsoft", "Odd", &["a", "b"], &["c"], &body);
    let other = Graph::default().input("x", "4 8").weights("w", &[8, 2]).of(
        "com.microsoft",
        "Odd",
        &["x", "w"],
        &["y"],
        &[],
    );
    assert_eq!(
        text(&other.with_functions(&[odd]), ""),
        "layer \"y/n\" dense { N = 4, K = 2, C = 8 }"
    );
    let endless = function(
        "mine",
        "Block",
        &["a", "b"],
        &["d"],
        &[node("mine", "Block", "n", &["a", "b"], &["d"], &[])],
    );
    let found = wrong(&graph.with_functions(&[endless]), "");
    assert!(found[0].1.contains("nest"), "{found:?}");
}

#[test]
fn a_branch_that_is_decided_stands_in_its_place() {
    let branch = |filters: &str| {
        let inner = Graph::default().node("Conv", &["x", filters], &["inner"], &[]);
        inner.output("inner")
    };
    let graph = |condition: Graph| {
        condition
            .input("x", "1 3 4 4")
            .weights("w4", &[4, 3, 1, 1])
            .weights("w5", &[5, 3, 1, 1])
            .node(
                "If",
                &["c"],
                &["y"],
                &[
                    subgraph("then_branch", &branch("w4")),
                    subgraph("else_branch", &branch("w5")),
                ],
            )
            .node("Relu", &["y"], &["z"], &[])
    };
    let known = graph(Graph::default().values("c", &[], &[0])).model();
    assert_eq!(
        text(&known, ""),
        "layer inner conv { K = 5, C = 3, Y = 4, X = 4, R = 1, S = 1 }"
    );
    let open = graph(Graph::default().input("c", "1")).model();
    let told = warnings(&open);
    assert!(told[0].1.contains("`If` of node `y`"), "{told:?}");
}

#[test]
fn names_that_come_again() {
    let graph = Graph::default().input("x", "1 8").weights("w", &[8, 8]);
    let graph = graph
        .named("dense", "MatMul", &["x", "w"], &["a"])
        .named("dense", "MatMul", &["a", "w"], &["b"])
        .named("dense#2", "MatMul", &["b", "w"], &["c"]);
    let read = read(&graph.model(), "").expect("sound");
    assert_eq!(read.warnings.len(), 2);
    assert!(read.warnings.iter().all(|w| w.code.0 == "W0304"));
    let names: BTreeSet<String> = crate::assembled(&read)
        .layers()
        .map(|(_, n, _)| n.name.clone())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names.contains("dense") && names.contains("dense#2"),
        "{names:?}"
    );
}

/// Its target would say it, and is a weight whose values are not there.
#[test]
fn a_shape_in_a_file_of_its_own_is_told() {
    let graph = Graph::default()
        .input("x", "1 8 4 4")
        .weights("w", &[16, 8])
        .weights("shape", &[2])
        .node("Reshape", &["x", "shape"], &["a"], &[])
        .node("MatMul", &["a", "w"], &["b"], &[]);
    let found = wrong(&graph.model(), "");
    assert!(
        found[0].1.contains("`shape`, whose values are not in"),
        "{found:?}"
    );
}

#[test]
fn operator_sets_that_are_not_known_are_told() {
    let graph = Graph::default().input("x", "1 8").weights("w", &[8, 8]);
    let graph = graph.node("MatMul", &["x", "w"], &["y"], &[]);
    for (version, told) in [
        (6, true),
        (7, false),
        (24, false),
        (25, true),
        (u64::MAX, true),
    ] {
        let read = read(&graph.in_operator_set(version), "").expect("sound");
        let codes: Vec<&str> = read.warnings.iter().map(|w| w.code.0).collect();
        let wanted: &[&str] = if told { &["W0303"] } else { &[] };
        assert_eq!(codes, wanted, "{version}");
    }
}

#[test]
fn what_costs_nothing_stays_and_is_seen_through() {
    let graph = Graph::default()
        .input("x", "1 8 4 4")
        .weights("w", &[8, 8, 1, 1])
        .node("Conv", &["x", "w"], &["a"], &[])
        .node("Relu", &["a"], &["b"], &[])
        .node("Conv", &["b", "w"], &["c"], &[])
        .node("Add", &["b", "c"], &["d"], &[])
        .node("Relu", &["d"], &["e"], &[])
        .node("Conv", &["e", "w"], &["f"], &[]);
    let network = crate::assembled(&read(&graph.model(), "").expect("sound"));
    let free: Vec<(&str, &str)> = network
        .free()
        .map(|(n, op)| (n.name.as_str(), op))
        .collect();
    assert_eq!(free, [("b", "Relu"), ("d", "Add"), ("e", "Relu")]);
    let text = network::cfx(&network, "model");
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for line in ["d = free(b, c) { op = Add }", "b -> c", "e -> f"] {
        assert!(lines.contains(&line), "{text}");
    }
    let json: Value = serde_json::from_str(&network::json(&network, &[])).expect("JSON");
    let ends = |key: &str| -> Vec<Value> {
        let layers = json["layers"].as_array().expect("layers");
        layers.iter().map(|l| l[key].clone()).collect()
    };
    assert_eq!(ends("inputs"), [json!([]), json!(["a"]), json!(["a", "c"])]);
    assert_eq!(
        ends("outputs"),
        [json!(["c", "f"]), json!(["f"]), json!([])]
    );
    let sum = json!({ "name": "d", "op": "Add", "inputs": ["b", "c"], "outputs": ["e"] });
    assert_eq!(json["free"][1], sum);
}

/// A layer in the JSON has at most some hundred layers before it: a sum of more stands for them, so
/// that names do not grow with the square.
#[test]
fn sums_of_many_layers_are_not_seen_through() {
    let mut graph = Graph::default().input("x", "1 8").weights("w", &[8, 8]);
    let mut sum = "x".to_string();
    for i in 0..600 {
        let (layer, next) = (format!("l{i}"), format!("s{i}"));
        graph = graph.node("MatMul", &[&sum, "w"], &[&layer], &[]);
        graph = graph.node("Add", &[&sum, &layer], &[&next], &[]);
        sum = next;
    }
    let read = read(&graph.model(), "").expect("sound");
    let network = crate::assembled(&read);
    assert_eq!(network.layers().count(), 600);
    assert_eq!(network.free().count(), 600);
    assert!(network.graph.edge_count() < 2_000);
    let json: Value = serde_json::from_str(&network::json(&network, &[])).expect("JSON");
    let layers = json["layers"].as_array().expect("layers");
    let before = |at: usize| layers[at]["inputs"].as_array().expect("names");
    assert_eq!(before(256).len(), 256);
    assert_eq!(before(257), &[json!("s256")]);
    assert_eq!(before(258), &[json!("s256"), json!("l257")]);
    // From both sides.
    let behind = layers[3]["outputs"].as_array().expect("names");
    assert_eq!(behind.len(), 254);
    assert_eq!(behind.last(), Some(&json!("s256")));
}

#[test]
fn names_are_counted_on() {
    let mut graph = Graph::default().input("x", "1 8").weights("w", &[8, 8]);
    let mut from = "x".to_string();
    for i in 0..4 {
        let to = format!("y{i}");
        graph = graph.named("c", "MatMul", &[&from, "w"], &[&to]);
        from = to;
    }
    let read = read(&graph.model(), "").expect("sound");
    let network = crate::assembled(&read);
    let names: Vec<&str> = network.layers().map(|(_, n, _)| n.name.as_str()).collect();
    assert_eq!(names, ["c", "c#2", "c#3", "c#4"]);
}

#[test]
fn circles_are_told_without_what_follows_them() {
    let graph = Graph::default()
        .input("x", "1 8")
        .node("Add", &["x", "b"], &["a"], &[])
        .node("Relu", &["a"], &["b"], &[])
        .node("Relu", &["b"], &["end"], &[]);
    let found = wrong(&graph.model(), "");
    assert!(
        found[0].1.ends_with("wait for each other: `a`, `b`"),
        "{found:?}"
    );
}

/// Some exporters write `?` for every extent that they leave open.
#[test]
fn a_sign_is_no_name() {
    let graph = Graph::default()
        .input("x", "1 ? ?")
        .weights("w", &[9, 4])
        .node("MatMul", &["x", "w"], &["y"], &[]);
    let found = wrong(&graph.model(), "");
    assert!(found[0].1.contains("`x[1]`, `x[2]`"), "{found:?}");
    assert_eq!(
        text(&graph.model(), "x[1]=5 x[2]=9"),
        "layer y dense { N = 5, K = 4, C = 9 }"
    );
}

#[test]
fn nodes_out_of_order_are_put_in_order() {
    let graph = Graph::default()
        .input("x", "1 8")
        .weights("w", &[8, 8])
        .node("MatMul", &["a", "w"], &["b"], &[])
        .node("MatMul", &["x", "w"], &["a"], &[]);
    assert!(text(&graph.model(), "").ends_with("a -> b"));
}

#[test]
fn texts_without_names_are_called_by_their_result() {
    let graph = Graph::default().input("x", "1 8").weights("w", &[8, 8]);
    let bytes = graph.named("", "MatMul", &["x", "w"], &["a/b"]).model();
    assert!(text(&bytes, "").starts_with("layer \"a/b\" dense"));
}

#[test]
fn what_a_node_lacks_is_told() {
    let graph = Graph::default()
        .input("x", "1 3 8 8")
        .weights("w", &[4, 3, 3, 3]);
    let conv = |outputs: &[&str], attributes: &[crate::encode::Message]| {
        let inputs = ["x", "w"];
        let made = node("", "Conv", "c", &inputs, outputs, attributes);
        let whole = graph.message().message(1, made);
        let bytes = crate::encode::Message::default()
            .number(1, 8)
            .message(7, whole)
            .0;
        wrong(&bytes, "")[0].1.clone()
    };
    assert!(conv(&[], &[]).contains("it has no result"));
    assert!(conv(&["y"], &[word("auto_pad", "FOO")]).contains("no `auto_pad` of `FOO`"));
    let joined = graph.clone().node("Concat", &["x", "x"], &["y"], &[]);
    assert!(wrong(&joined.model(), "")[0].1.contains("no `axis`"));
    // A name of two lines is one of one line here, and that is told.
    let weights = Graph::default().input("x", "1 8").weights("w", &[8, 8]);
    let told = warnings(
        &weights
            .named("two\nlines", "MatMul", &["x", "w"], &["y"])
            .model(),
    );
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].0 == "W0304" && told[0].1.contains("`two_lines`"),
        "{told:?}"
    );
}
