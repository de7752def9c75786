//! Shapes through the graph: small values, open dimensions, functions, branches, names, edges.

use crate::encode::{Graph, function, int, ints, node, of_caller, subgraph, tensor};
use crate::{read, text, warnings, wrong};
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
