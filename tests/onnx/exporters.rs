//! What PyTorch's two exporters, tf2onnx and Keras make of common blocks.

use crate::encode::{Graph, int, ints, subgraph, tensor, word};
use crate::{text, warnings};

#[track_caller]
fn is(graph: Graph, layers: &str) {
    assert_eq!(text(&graph.model(), ""), layers);
}

/// `F.pad` of PyTorch: pads from the last dimension on, turned round by a slice with step -1.
#[test]
fn pads_that_are_computed() {
    let graph = Graph::default()
        .input("x", "1 3 8 8")
        .weights("w", &[4, 3, 3, 3])
        .values("a", &[4], &[1, 2, 3, 4])
        .values("four", &[1], &[4])
        .node(
            "ConstantOfShape",
            &["four"],
            &["b"],
            &[tensor("value", &[1], &[0])],
        )
        .node("Concat", &["a", "b"], &["c"], &[int("axis", 0)])
        .values("pairs", &[2], &[-1, 2])
        .node("Reshape", &["c", "pairs"], &["d"], &[])
        .values("from", &[1], &[-1])
        .values("to", &[1], &[-i64::MAX])
        .values("axis", &[1], &[0])
        .values("step", &[1], &[-1])
        .node("Slice", &["d", "from", "to", "axis", "step"], &["e"], &[])
        .node("Transpose", &["e"], &["f"], &[ints("perm", &[1, 0])])
        .values("flat", &[1], &[-1])
        .node("Reshape", &["f", "flat"], &["g"], &[])
        .node("Cast", &["g"], &["h"], &[int("to", 7)])
        .node("Pad", &["x", "h"], &["p"], &[word("mode", "constant")])
        .node("Conv", &["p", "w"], &["y"], &[]);
    is(
        graph,
        "layer y conv { K = 4, C = 3, Y = 15, X = 11, R = 3, S = 3 }",
    );
}

/// `F.interpolate`: to the extents of another map, and by scales that are computed.
#[test]
fn resizes_that_are_computed() {
    let to_another = Graph::default()
        .input("x", "1 8 7 5")
        .input("big", "1 2 28 20")
        .weights("w", &[4, 8, 3, 3])
        .node("Shape", &["big"], &["a"], &[])
        .values("from", &[1], &[2])
        .values("to", &[1], &[4])
        .values("axis", &[1], &[0])
        .node("Slice", &["a", "from", "to", "axis"], &["b"], &[])
        .node("Shape", &["x"], &["c"], &[])
        .values("zero", &[1], &[0])
        .values("two", &[1], &[2])
        .node("Slice", &["c", "zero", "two", "axis"], &["d"], &[])
        .node("Concat", &["d", "b"], &["e"], &[int("axis", 0)])
        .node("Resize", &["x", "", "", "e"], &["f"], &[])
        .node("Conv", &["f", "w"], &["y"], &[ints("pads", &[1, 1, 1, 1])]);
    is(
        to_another,
        "layer y conv { K = 4, C = 8, Y = 28, X = 20, R = 3, S = 3, pad = 1 }",
    );
    let by_scales = Graph::default()
        .input("x", "1 8 7 5")
        .weights("w", &[4, 8, 3, 3])
        .reals("ones", &[2], &[1.0, 1.0])
        .reals("twos", &[2], &[2.0, 2.0])
        .node("Concat", &["ones", "twos"], &["s"], &[int("axis", 0)])
        .node("Upsample", &["x", "s"], &["f"], &[])
        .node("Conv", &["f", "w"], &["y"], &[]);
    is(
        by_scales,
        "layer y conv { K = 4, C = 8, Y = 14, X = 10, R = 3, S = 3 }",
    );
    // Keras, through tf2onnx: sizes of the plane, behind a transposition.
    let channels_last = Graph::default()
        .input("x", "1 7 5 8")
        .weights("w", &[4, 8, 1, 1])
        .node("Transpose", &["x"], &["t"], &[ints("perm", &[0, 3, 1, 2])])
        .reals("s", &[4], &[1.0, 1.0, 2.0, 2.0])
        .node("Resize", &["t", "", "s"], &["f"], &[])
        .node("Conv", &["f", "w"], &["y"], &[])
        .node("Transpose", &["y"], &["z"], &[ints("perm", &[0, 2, 3, 1])]);
    is(
        channels_last,
        "layer y conv { K = 4, C = 8, Y = 14, X = 10, R = 1, S = 1 }",
    );
}

/// `nn.GroupNorm` as PyTorch writes it out, and what a normalisation leaves as it is.
#[test]
fn normalisations() {
    let graph = Graph::default()
        .input("x", "2 32 6 6")
        .values("groups", &[3], &[0, 8, -1])
        .node("Reshape", &["x", "groups"], &["a"], &[])
        .weights("ones", &[8])
        .node("InstanceNormalization", &["a", "ones", "ones"], &["b"], &[])
        .node("Shape", &["x"], &["s"], &[])
        .node("Reshape", &["b", "s"], &["c"], &[])
        .weights("scale", &[32, 1, 1])
        .node("Mul", &["c", "scale"], &["d"], &[])
        .node("Add", &["d", "scale"], &["e"], &[])
        .weights("n", &[32])
        .node(
            "BatchNormalization",
            &["e", "n", "n", "n", "n"],
            &["f"],
            &[],
        )
        .node("Sigmoid", &["f"], &["g"], &[])
        .node("Mul", &["f", "g"], &["h"], &[])
        .weights("w", &[16, 32, 1, 1])
        .node("Conv", &["h", "w"], &["y"], &[]);
    is(
        graph,
        "layer y conv { N = 2, K = 16, C = 32, Y = 6, X = 6, R = 1, S = 1 }",
    );
    // Layer normalisation as one operator and written out, with axes in both places.
    let graph = Graph::default()
        .input("x", "4 10 64")
        .weights("n", &[64])
        .node(
            "LayerNormalization",
            &["x", "n", "n"],
            &["a"],
            &[int("axis", -1)],
        )
        .node("ReduceMean", &["a"], &["b"], &[ints("axes", &[-1])])
        .node("Sub", &["a", "b"], &["c"], &[])
        .values("last", &[1], &[-1])
        .node("ReduceMean", &["c", "last"], &["d"], &[])
        .node("Div", &["c", "d"], &["e"], &[])
        .node("Softmax", &["e"], &["f"], &[])
        .weights("w", &[64, 3])
        .node("MatMul", &["f", "w"], &["y"], &[]);
    is(graph, "layer y dense { N = 40, K = 3, C = 64 }");
}

/// Queries, keys and values in one product, split, heads turned forward: as PyTorch writes
/// `scaled_dot_product_attention`.
#[test]
fn attention_of_pytorch() {
    let graph = Graph::default()
        .input("x", "batch 10 48")
        .weights("in", &[48, 144])
        .weights("out", &[48, 48])
        .node("MatMul", &["x", "in"], &["qkv"], &[])
        .values("parts", &[3], &[48, 48, 48])
        .node(
            "Split",
            &["qkv", "parts"],
            &["q", "k", "v"],
            &[int("axis", -1)],
        )
        .node("Shape", &["x"], &["s"], &[])
        .values("zero", &[], &[0])
        .node("Gather", &["s", "zero"], &["n"], &[int("axis", 0)])
        .values("axes", &[1], &[0])
        .node("Unsqueeze", &["n", "axes"], &["n1"], &[])
        .values("tail", &[3], &[10, 4, 12])
        .node("Concat", &["n1", "tail"], &["heads"], &[int("axis", 0)])
        .node("Reshape", &["q", "heads"], &["q1"], &[])
        .node("Reshape", &["k", "heads"], &["k1"], &[])
        .node("Reshape", &["v", "heads"], &["v1"], &[])
        .node(
            "Transpose",
            &["q1"],
            &["q2"],
            &[ints("perm", &[0, 2, 1, 3])],
        )
        .node(
            "Transpose",
            &["k1"],
            &["k2"],
            &[ints("perm", &[0, 2, 3, 1])],
        )
        .node(
            "Transpose",
            &["v1"],
            &["v2"],
            &[ints("perm", &[0, 2, 1, 3])],
        )
        .node("MatMul", &["q2", "k2"], &["scores"], &[])
        .node("Softmax", &["scores"], &["soft"], &[int("axis", -1)])
        .node("MatMul", &["soft", "v2"], &["context"], &[])
        .node(
            "Transpose",
            &["context"],
            &["c1"],
            &[ints("perm", &[0, 2, 1, 3])],
        )
        .values("back", &[3], &[0, 0, -1])
        .node("Reshape", &["c1", "back"], &["c2"], &[])
        .node("MatMul", &["c2", "out"], &["y"], &[]);
    assert_eq!(
        text(&graph.model(), "batch=2"),
        "layer qkv dense { N = 20, K = 144, C = 48 }
layer scores gemm { G = 8, M = 10, N = 10, K = 12 }
layer context gemm { G = 8, M = 10, N = 12, K = 10 }
layer y dense { N = 20, K = 48, C = 48 }
qkv -> scores
qkv -> context
scores -> context
context -> y"
    );
}

/// As Einsum, and as `nn.MultiheadAttention` has it: batch and heads in one dimension.
#[test]
fn attention_in_other_forms() {
    let equation = |text: &str| [word("equation", text)];
    let graph = Graph::default()
        .input("q", "2 10 4 12")
        .input("k", "2 16 4 12")
        .node("Einsum", &["q", "k"], &["s"], &equation("bqhd,bkhd->bhqk"))
        .node("Softmax", &["s"], &["p"], &[])
        .node("Einsum", &["p", "k"], &["y"], &equation("bhqk,bkhd->bqhd"));
    is(
        graph,
        "layer s gemm { G = 8, M = 10, N = 16, K = 12 }
layer y gemm { G = 8, M = 10, N = 12, K = 16 }
s -> y",
    );
    let graph = Graph::default()
        .input("x", "10 2 48")
        .weights("in", &[48, 144])
        .node("MatMul", &["x", "in"], &["qkv"], &[])
        .values("five", &[5], &[10, 2, 3, 4, 12])
        .node("Reshape", &["qkv", "five"], &["a"], &[])
        .node(
            "Transpose",
            &["a"],
            &["b"],
            &[ints("perm", &[2, 0, 1, 3, 4])],
        )
        .values("flat", &[4], &[3, 10, 8, 12])
        .node("Reshape", &["b", "flat"], &["c"], &[])
        .values("first", &[], &[0])
        .values("second", &[], &[1])
        .node("Gather", &["c", "first"], &["q"], &[])
        .node("Gather", &["c", "second"], &["k"], &[])
        .node("Transpose", &["q"], &["q1"], &[ints("perm", &[1, 0, 2])])
        .node("Transpose", &["k"], &["k1"], &[ints("perm", &[1, 2, 0])])
        .node("MatMul", &["q1", "k1"], &["y"], &[]);
    is(
        graph,
        "layer qkv dense { N = 20, K = 144, C = 48 }
layer y gemm { G = 8, M = 10, N = 10, K = 12 }
qkv -> y",
    );
    // Keys of two heads repeated for eight, as decoders of one head for many have it.
    let graph = Graph::default()
        .input("q", "1 8 1 64")
        .input("k", "1 2 100 64")
        .values("axes", &[1], &[2])
        .node("Unsqueeze", &["k", "axes"], &["a"], &[])
        .values("times", &[5], &[1, 2, 4, 100, 64])
        .node("Expand", &["a", "times"], &["b"], &[])
        .values("heads", &[4], &[1, 8, 100, 64])
        .node("Reshape", &["b", "heads"], &["c"], &[])
        .node("Transpose", &["c"], &["d"], &[ints("perm", &[0, 1, 3, 2])])
        .node("MatMul", &["q", "d"], &["y"], &[]);
    is(graph, "layer y gemm { G = 8, M = 1, N = 100, K = 64 }");
}

/// Experts: every one has weights of its own.
#[test]
fn a_batch_of_weights() {
    let graph = Graph::default()
        .input("x", "8 16 32")
        .weights("w", &[8, 32, 64])
        .node("MatMul", &["x", "w"], &["y"], &[]);
    is(graph, "layer y gemm { G = 8, M = 16, N = 64, K = 32 }");
}

/// tf2onnx: weights of a depthwise layer turned and laid out anew, padding of its own.
#[test]
fn depthwise_of_tensorflow() {
    let graph = Graph::default()
        .input("x", "1 32 32 8")
        .weights("w", &[3, 3, 8, 2])
        .node("Transpose", &["x"], &["a"], &[ints("perm", &[0, 3, 1, 2])])
        .node("Transpose", &["w"], &["b"], &[ints("perm", &[2, 3, 0, 1])])
        .values("s", &[4], &[16, 1, 3, 3])
        .node("Reshape", &["b", "s"], &["v"], &[])
        .node(
            "Conv",
            &["a", "v"],
            &["y"],
            &[
                int("group", 8),
                word("auto_pad", "SAME_UPPER"),
                ints("strides", &[2, 2]),
            ],
        );
    is(
        graph,
        "layer y depthwise { K = 2, C = 8, Y = 32, X = 32, R = 3, S = 3, stride = 2, pad = [0, 1, 0, 1] }",
    );
}

#[test]
fn rows_of_one_dimension() {
    let graph = Graph::default()
        .input("x", "1 16 50")
        .weights("w", &[16, 8, 4])
        .node(
            "ConvTranspose",
            &["x", "w"],
            &["a"],
            &[
                ints("strides", &[2]),
                ints("pads", &[1, 1]),
                ints("output_padding", &[1]),
            ],
        )
        .node(
            "MaxPool",
            &["a"],
            &["b"],
            &[ints("kernel_shape", &[2]), ints("strides", &[2])],
        )
        .weights("v", &[8, 1, 5])
        .node(
            "Conv",
            &["b", "v"],
            &["y"],
            &[int("group", 8), ints("dilations", &[2])],
        );
    // (50 - 1) x 2 - 2 + 4 + 1 = 101, of which the pool makes 50.
    is(
        graph,
        "layer a transposed_conv { K = 8, C = 16, Y = 1, X = 50, R = 1, S = 4, stride = 1x2, pad = 0x1, output_pad = 0x1 }
layer y depthwise { C = 8, Y = 1, X = 50, R = 1, S = 5, dilation = 1x2 }
a -> y",
    );
    // More is wanted than the windows give.
    let graph = Graph::default()
        .input("x", "1 16 7 7")
        .weights("w", &[16, 8, 2, 2]);
    let graph = graph.node(
        "ConvTranspose",
        &["x", "w"],
        &["y"],
        &[ints("strides", &[2, 2]), ints("output_shape", &[15, 15])],
    );
    is(
        graph,
        "layer y transposed_conv { K = 8, C = 16, Y = 7, X = 7, R = 2, S = 2, stride = 2, output_pad = 1 }",
    );
}

/// PyTorch asks whether an extent is 1 before it squeezes it.
#[test]
fn squeezes() {
    let then = Graph::default()
        .values("at", &[1], &[2])
        .node("Squeeze", &["x", "at"], &["inner"], &[])
        .output("inner");
    let otherwise = Graph::default()
        .node("Identity", &["x"], &["inner"], &[])
        .output("inner");
    let graph = Graph::default()
        .input("x", "6 8 1")
        .weights("w", &[8, 4])
        .node("Shape", &["x"], &["a"], &[])
        .values("two", &[], &[2])
        .node("Gather", &["a", "two"], &["b"], &[])
        .values("one", &[], &[1])
        .node("Equal", &["b", "one"], &["c"], &[])
        .node(
            "If",
            &["c"],
            &["d"],
            &[
                subgraph("then_branch", &then),
                subgraph("else_branch", &otherwise),
            ],
        )
        .node("MatMul", &["d", "w"], &["y"], &[]);
    is(graph, "layer y dense { N = 6, K = 4, C = 8 }");
    // Axes as an attribute, as operator sets before 13 have them.
    let graph = Graph::default()
        .input("x", "6 1 8")
        .weights("w", &[8, 4])
        .node("Squeeze", &["x"], &["a"], &[ints("axes", &[1])])
        .node("Unsqueeze", &["a"], &["b"], &[ints("axes", &[0])])
        .node("MatMul", &["b", "w"], &["y"], &[]);
    is(graph, "layer y dense { N = 6, K = 4, C = 8 }");
}

/// Quantised while the model runs, and packed by ONNX Runtime.
#[test]
fn quantised_blocks() {
    let graph = Graph::default()
        .input("x", "1 12 64")
        .weights("w", &[64, 32])
        .values("z", &[], &[0])
        .node("DynamicQuantizeLinear", &["x"], &["q", "s", "o"], &[])
        .node("MatMulInteger", &["q", "w", "o", "z"], &["a"], &[])
        .node("Cast", &["a"], &["b"], &[int("to", 1)])
        .node("Mul", &["b", "s"], &["c"], &[])
        .weights("bits", &[16, 1, 16])
        .of(
            "com.microsoft",
            "MatMulNBits",
            &["c", "bits", "bits"],
            &["d"],
            &[
                int("K", 32),
                int("N", 16),
                int("bits", 4),
                int("block_size", 32),
            ],
        )
        .weights("n", &[16])
        .of(
            "com.microsoft",
            "SkipLayerNormalization",
            &["d", "d", "n", "n"],
            &["e"],
            &[],
        )
        .weights("v", &[8, 16])
        .of(
            "com.microsoft",
            "FusedMatMul",
            &["e", "v"],
            &["y"],
            &[int("transB", 1)],
        );
    is(
        graph,
        "layer a dense { N = 12, K = 32, C = 64 }
layer d dense { N = 12, K = 16, C = 32 }
layer y dense { N = 12, K = 8, C = 16 }
a -> d
d -> y",
    );
}

/// Keras' LSTM through tf2onnx: states of zeros, batch first outside.
#[test]
fn recurrence_of_keras() {
    let graph = Graph::default()
        .input("x", "batch 3 10")
        .weights("w", &[1, 32, 10])
        .weights("r", &[1, 32, 8])
        .weights("b", &[1, 64])
        .node("Transpose", &["x"], &["t"], &[ints("perm", &[1, 0, 2])])
        .node("Shape", &["x"], &["a"], &[])
        .values("zero", &[1], &[0])
        .values("one", &[1], &[1])
        .node("Slice", &["a", "zero", "one"], &["n"], &[])
        .values("eight", &[1], &[8])
        .node("Concat", &["one", "n", "eight"], &["s"], &[int("axis", 0)])
        .node("ConstantOfShape", &["s"], &["h"], &[])
        .node(
            "LSTM",
            &["t", "w", "r", "b", "", "h", "h"],
            &["", "y", ""],
            &[int("hidden_size", 8)],
        )
        .node("Squeeze", &["y", "zero"], &["z"], &[])
        .weights("v", &[8, 2])
        .node("MatMul", &["z", "v"], &["out"], &[]);
    assert_eq!(
        text(&graph.model(), "batch=1"),
        "layer \"y/input\" dense { N = 3, K = 32, C = 10 }
layer \"y/step1\" dense { K = 32, C = 8 }
layer \"y/step2\" dense { K = 32, C = 8 }
layer \"y/step3\" dense { K = 32, C = 8 }
layer out dense { K = 2, C = 8 }
\"y/input\" -> \"y/step1\"
\"y/input\" -> \"y/step2\"
\"y/step1\" -> \"y/step2\"
\"y/input\" -> \"y/step3\"
\"y/step2\" -> \"y/step3\"
\"y/step3\" -> out"
    );
}

/// What nobody can count from outside is told, by operator and node.
#[test]
fn operators_of_onnx_runtime_that_are_not_counted() {
    for op in ["NhwcConv", "MoE", "SparseAttention", "NeverHeardOf"] {
        let graph = Graph::default().input("x", "1 4 8 8");
        let told = warnings(&graph.of("com.microsoft", op, &["x"], &["y"], &[]).model());
        assert_eq!(told.len(), 1, "{op}");
        assert!(
            told[0].0 == "W0303" && told[0].1.contains(&format!("`{op}` of node `y`")),
            "{told:?}"
        );
    }
    // Fallbacks of PyTorch's exporter.
    let graph = Graph::default().input("x", "1 4 8 8");
    let aten = graph.of("org.pytorch.aten", "ATen", &["x"], &["y"], &[]);
    assert!(warnings(&aten.model())[0].1.contains("`ATen` of node `y`"));
}
