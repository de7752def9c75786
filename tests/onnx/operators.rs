//! Each operator that costs something: its loop bounds.

use crate::encode::{Graph, Message, int, ints, word};
use crate::{text, warnings, wrong};

/// One node on an input of these extents with weights of these.
fn one(op: &str, input: &str, weights: &[i64], attributes: &[Message]) -> Vec<u8> {
    let graph = Graph::default().input("x", input).weights("w", weights);
    graph.node(op, &["x", "w"], &["y"], attributes).model()
}

#[track_caller]
fn is(bytes: Vec<u8>, layers: &str) {
    assert_eq!(text(&bytes, ""), layers);
}

#[test]
fn convolutions() {
    is(
        one(
            "Conv",
            "1 3 224 224",
            &[64, 3, 7, 7],
            &[ints("strides", &[2, 2]), ints("pads", &[3, 3, 3, 3])],
        ),
        "layer y conv { K = 64, C = 3, Y = 224, X = 224, R = 7, S = 7, stride = 2, pad = 3 }",
    );
    is(
        one(
            "Conv",
            "4 3 9 8",
            &[6, 3, 3, 2],
            &[ints("dilations", &[2, 1]), ints("pads", &[0, 1, 1, 0])],
        ),
        "layer y conv { N = 4, K = 6, C = 3, Y = 9, X = 8, R = 3, S = 2, dilation = 2x1, pad = [0, 1, 1, 0] }",
    );
    // One dimension runs along X.
    is(
        one(
            "Conv",
            "1 16 100",
            &[8, 16, 5],
            &[ints("strides", &[2]), ints("pads", &[2, 2])],
        ),
        "layer y conv { K = 8, C = 16, Y = 1, X = 100, R = 1, S = 5, stride = 1x2, pad = 0x2 }",
    );
}

#[test]
fn groups() {
    let grouped =
        |weights: &[i64], groups: i64| one("Conv", "1 8 6 6", weights, &[int("group", groups)]);
    is(
        grouped(&[12, 4, 3, 3], 2),
        "layer y grouped_conv { G = 2, K = 6, C = 4, Y = 6, X = 6, R = 3, S = 3 }",
    );
    is(
        grouped(&[8, 1, 3, 3], 8),
        "layer y depthwise { C = 8, Y = 6, X = 6, R = 3, S = 3 }",
    );
    is(
        grouped(&[24, 1, 3, 3], 8),
        "layer y depthwise { K = 3, C = 8, Y = 6, X = 6, R = 3, S = 3 }",
    );
    let found = wrong(&grouped(&[12, 3, 3, 3], 2), "");
    assert_eq!(found[0].0, "E0311", "{found:?}");
}

#[test]
fn a_stated_window_is_that_of_the_weights() {
    let stated = |row: &[i64]| {
        one(
            "Conv",
            "1 8 6 6",
            &[4, 8, 3, 3],
            &[ints("kernel_shape", row)],
        )
    };
    is(
        stated(&[3, 3]),
        "layer y conv { K = 4, C = 8, Y = 6, X = 6, R = 3, S = 3 }",
    );
    for row in [&[3, 1][..], &[3], &[-3, 3]] {
        assert_eq!(wrong(&stated(row), "")[0].0, "E0311", "{row:?}");
    }
}

/// Zeros so that the output is the input over the stride, rounded up; the odd one at the end or at
/// the beginning.
#[test]
fn automatic_padding() {
    let same = |mode: &str| {
        one(
            "Conv",
            "1 3 8 8",
            &[4, 3, 3, 3],
            &[ints("strides", &[2, 2]), word("auto_pad", mode)],
        )
    };
    let layer = "layer y conv { K = 4, C = 3, Y = 8, X = 8, R = 3, S = 3, stride = 2";
    is(
        same("SAME_UPPER"),
        &format!("{layer}, pad = [0, 1, 0, 1] }}"),
    );
    is(
        same("SAME_LOWER"),
        &format!("{layer}, pad = [1, 0, 1, 0] }}"),
    );
    is(same("VALID"), &format!("{layer} }}"));
}

#[test]
fn transposed_convolutions() {
    let up = |weights: &[i64], more: &[Message]| {
        let mut attributes = vec![ints("strides", &[2, 2])];
        attributes.extend_from_slice(more);
        one("ConvTranspose", "1 8 7 5", weights, &attributes)
    };
    is(
        up(
            &[8, 4, 3, 3],
            &[ints("pads", &[1, 1, 1, 1]), ints("output_padding", &[1, 1])],
        ),
        "layer y transposed_conv { K = 4, C = 8, Y = 7, X = 5, R = 3, S = 3, stride = 2, pad = 1, output_pad = 1 }",
    );
    // (7 - 1) x 2 + 3 = 15 rows where 14 are wanted, 11 columns where 10 are.
    is(
        up(&[8, 4, 3, 3], &[ints("output_shape", &[14, 10])]),
        "layer y transposed_conv { K = 4, C = 8, Y = 7, X = 5, R = 3, S = 3, stride = 2, pad = [1, 0, 1, 0] }",
    );
    is(
        up(&[8, 3, 2, 2], &[int("group", 2)]),
        "layer y transposed_conv { G = 2, K = 3, C = 4, Y = 7, X = 5, R = 2, S = 2, stride = 2 }",
    );
    is(
        up(&[8, 1, 2, 2], &[int("group", 8)]),
        "layer y transposed_conv { G = 8, K = 1, C = 1, Y = 7, X = 5, R = 2, S = 2, stride = 2 }",
    );
}

#[test]
fn three_dimensions_are_told() {
    let bytes = one("Conv", "1 3 4 8 8", &[4, 3, 3, 3, 3], &[]);
    let told = warnings(&bytes);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].0 == "W0303" && told[0].1.contains("`Conv` of node `y`"),
        "{told:?}"
    );
}

/// Of three dimensions, those are counted in which nothing slides along one: a window of one element
/// makes it a batch, windows side by side make it channels.
#[test]
fn three_dimensions_of_which_two_slide() {
    let strides = |s: [i64; 3]| [ints("strides", &s)];
    is(
        one("Conv", "2 3 4 8 9", &[6, 3, 1, 3, 3], &strides([2, 1, 1])),
        "layer y conv { N = 4, K = 6, C = 3, Y = 8, X = 9, R = 3, S = 3 }",
    );
    // Along time alone: the rows are a batch.
    let padded = [ints("pads", &[1, 0, 0, 1, 0, 0])];
    is(
        one("Conv", "2 3 4 8 9", &[6, 3, 3, 1, 1], &padded),
        "layer y conv { N = 16, K = 6, C = 3, Y = 4, X = 9, R = 3, S = 1, pad = 1x0 }",
    );
    is(
        one("Conv", "1 3 8 16 16", &[6, 3, 2, 4, 4], &strides([2, 4, 4])),
        "layer y conv { N = 4, K = 6, C = 6, Y = 16, X = 16, R = 4, S = 4, stride = 4 }",
    );
    let groups = [ints("strides", &[2, 1, 1]), int("group", 3)];
    is(
        one("Conv", "1 3 8 16 16", &[6, 1, 2, 3, 3], &groups),
        "layer y grouped_conv { N = 4, G = 3, K = 2, C = 2, Y = 16, X = 16, R = 3, S = 3 }",
    );
    is(
        one(
            "ConvTranspose",
            "1 3 4 8 8",
            &[3, 6, 1, 2, 2],
            &strides([1, 2, 2]),
        ),
        "layer y transposed_conv { N = 4, K = 6, C = 3, Y = 8, X = 8, R = 2, S = 2, stride = 2 }",
    );
}

#[test]
fn dense_layers() {
    let dense = "layer y dense { N = 128, K = 3072, C = 768 }";
    is(one("MatMul", "1 128 768", &[768, 3072], &[]), dense);
    is(one("MatMul", "4 32 768", &[768, 3072], &[]), dense);
    is(
        one("Gemm", "128 768", &[3072, 768], &[int("transB", 1)]),
        dense,
    );
    is(
        one("Gemm", "768 128", &[768, 3072], &[int("transA", 1)]),
        dense,
    );
    is(one("MatMulInteger", "128 768", &[768, 3072], &[]), dense);
    is(
        one("MatMul", "768", &[768, 10], &[]),
        "layer y dense { K = 10, C = 768 }",
    );
    let left = Graph::default().input("x", "64 49").weights("w", &[16, 64]);
    is(
        left.node("MatMul", &["w", "x"], &["y"], &[]).model(),
        "layer y dense { N = 49, K = 16, C = 64 }",
    );
    let found = wrong(&one("MatMul", "1 128 768", &[767, 10], &[]), "");
    assert!(
        found[0].1.contains("[1, 128, 768] and [767, 10]"),
        "{found:?}"
    );
}

#[test]
fn products_of_activations() {
    let two = |a: &str, b: &str| {
        let graph = Graph::default().input("a", a).input("b", b);
        graph.node("MatMul", &["a", "b"], &["y"], &[]).model()
    };
    is(
        two("128 64", "64 32"),
        "layer y gemm { M = 128, N = 32, K = 64 }",
    );
    // Twelve heads.
    is(
        two("1 12 128 64", "1 12 64 128"),
        "layer y gemm { G = 12, M = 128, N = 128, K = 64 }",
    );
    // One operand for the whole batch: more rows, or more columns.
    is(
        two("8 128 64", "64 32"),
        "layer y gemm { M = 1024, N = 32, K = 64 }",
    );
    is(
        two("128 64", "8 64 32"),
        "layer y gemm { M = 128, N = 256, K = 64 }",
    );
    // Two texts, three heads that share their keys four at a time.
    is(
        two("2 3 4 16 8", "2 3 1 8 24"),
        "layer y gemm { G = 6, M = 64, N = 24, K = 8 }",
    );
}

#[test]
fn einsum() {
    let einsum = |equation: &str, a: &str, b: &str| {
        let graph = Graph::default().input("a", a).input("b", b);
        graph.node("Einsum", &["a", "b"], &["y"], &[word("equation", equation)])
    };
    is(
        einsum("bhid, bhjd -> bhij", "2 3 16 8", "2 3 24 8").model(),
        "layer y gemm { G = 6, M = 16, N = 24, K = 8 }",
    );
    is(
        einsum("...ik,...kj->...ij", "2 16 8", "2 8 4").model(),
        "layer y gemm { G = 2, M = 16, N = 4, K = 8 }",
    );
    // `n` is no label of an operand.
    let found = wrong(&einsum("ik,kj->in", "16 8", "8 4").model(), "");
    assert_eq!(found[0].0, "E0311", "{found:?}");
    let weights = Graph::default()
        .input("x", "10 20 32")
        .weights("w", &[4, 8, 32]);
    let equation = [word("equation", "bsd,hkd->bshk")];
    is(
        weights
            .node("Einsum", &["x", "w"], &["y"], &equation)
            .model(),
        "layer y dense { N = 200, K = 32, C = 32 }",
    );
}

#[test]
fn recurrences() {
    let graph = Graph::default()
        .input("x", "3 2 10")
        .weights("w", &[1, 80, 10]);
    let graph = graph.weights("r", &[1, 80, 20]);
    let size = [int("hidden_size", 20)];
    is(
        graph
            .node("LSTM", &["x", "w", "r"], &["y", "h"], &size)
            .model(),
        "layer \"y/input\" dense { N = 6, K = 80, C = 10 }
layer \"y/step1\" dense { N = 2, K = 80, C = 20 }
layer \"y/step2\" dense { N = 2, K = 80, C = 20 }
layer \"y/step3\" dense { N = 2, K = 80, C = 20 }
\"y/input\" -> \"y/step1\"
\"y/input\" -> \"y/step2\"
\"y/step1\" -> \"y/step2\"
\"y/input\" -> \"y/step3\"
\"y/step2\" -> \"y/step3\"",
    );
    let graph = Graph::default()
        .input("x", "1 2 10")
        .weights("w", &[2, 60, 10]);
    let graph = graph.weights("r", &[2, 60, 20]).weights("v", &[40, 5]);
    let graph = graph.node(
        "GRU",
        &["x", "w", "r"],
        &["y"],
        &[word("direction", "bidirectional")],
    );
    let graph = graph.node("Transpose", &["y"], &["t"], &[ints("perm", &[0, 2, 1, 3])]);
    let graph = graph.values("s", &[3], &[1, 2, 40]);
    let graph = graph.node("Reshape", &["t", "s"], &["u"], &[]);
    is(
        graph.node("MatMul", &["u", "v"], &["z"], &[]).model(),
        "layer \"y/forward/input\" dense { N = 2, K = 60, C = 10 }
layer \"y/forward/step1\" dense { N = 2, K = 60, C = 20 }
layer \"y/backward/input\" dense { N = 2, K = 60, C = 10 }
layer \"y/backward/step1\" dense { N = 2, K = 60, C = 20 }
layer z dense { N = 2, K = 5, C = 40 }
\"y/forward/input\" -> \"y/forward/step1\"
\"y/backward/input\" -> \"y/backward/step1\"
\"y/forward/step1\" -> z
\"y/backward/step1\" -> z",
    );
}

/// Attributes of the wrong type, misspelt ones and those given twice change no figure in silence.
#[test]
fn attributes_that_cannot_be_read_are_told() {
    let conv = |attributes: &[Message]| one("Conv", "1 3 8 8", &[4, 3, 3, 3], attributes);
    for wrong_type in [
        vec![int("strides", 2)],
        vec![word("strides", "2,2")],
        vec![ints("group", &[1])],
        vec![int("auto_pad", 1)],
        vec![ints("strides", &[2, 2]), ints("strides", &[1, 1])],
    ] {
        let found = wrong(&conv(&wrong_type), "");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "E0311", "{found:?}");
    }
    let told = warnings(&conv(&[ints("stride", &[2, 2])]));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].0 == "W0303" && told[0].1.contains("no attribute `stride`"),
        "{told:?}"
    );
    assert_eq!(
        warnings(&conv(&[ints("strides", &[2, 2]), int("group", 1)])),
        []
    );
}

/// What does not belong to what it is added to, and outputs that nothing gives.
#[test]
fn operands_that_do_not_fit_are_told() {
    let all = ["x", "w", "b"];
    let three = |op: &str, input: &str, weights: &[i64], third: &[i64]| {
        let graph = Graph::default().input("x", input).weights("w", weights);
        graph
            .weights("b", third)
            .node(op, &all, &["y"], &[])
            .model()
    };
    for (bytes, found) in [
        (
            three("Conv", "1 3 8 8", &[4, 3, 3, 3], &[7]),
            "a bias of [7] for 4 outputs",
        ),
        (
            three("Gemm", "2 4", &[4, 3], &[7]),
            "[7] cannot be added to [2, 3]",
        ),
        (
            three("Gemm", "5 2 4", &[4, 3], &[3]),
            "an operand of 3 dimensions, where 2 are wanted",
        ),
    ] {
        let said = wrong(&bytes, "");
        assert!(
            said[0].0 == "E0311" && said[0].1.contains(found),
            "{said:?}"
        );
    }
    for added in [&[3][..], &[1], &[2, 1], &[1, 3], &[]] {
        text(&three("Gemm", "2 4", &[4, 3], added), "");
    }
    let graph = Graph::default().input("x", "2 4").output("z");
    let said = wrong(&graph.node("Relu", &["x"], &["y"], &[]).model(), "");
    assert!(
        said[0].1.contains("output `z`, which nothing gives"),
        "{said:?}"
    );
}

/// The first state is needed by the first step, not by the product of all inputs.
#[test]
fn a_first_state_comes_in_at_the_first_step() {
    let graph = Graph::default()
        .input("x", "2 2 10")
        .input("s", "1 2 6")
        .weights("v", &[6, 20])
        .node("MatMul", &["s", "v"], &["h"], &[])
        .weights("w", &[1, 80, 10])
        .weights("r", &[1, 80, 20]);
    is(
        graph
            .node("LSTM", &["x", "w", "r", "", "", "h", "h"], &["y"], &[])
            .model(),
        "layer h dense { N = 2, K = 20, C = 6 }
layer \"y/input\" dense { N = 4, K = 80, C = 10 }
layer \"y/step1\" dense { N = 2, K = 80, C = 20 }
layer \"y/step2\" dense { N = 2, K = 80, C = 20 }
h -> \"y/step1\"
\"y/input\" -> \"y/step1\"
\"y/input\" -> \"y/step2\"
\"y/step1\" -> \"y/step2\"",
    );
}

#[test]
fn weights_of_a_recurrence_fit() {
    let lstm = |w: [i64; 3], r: [i64; 3], more: &[Message]| {
        let graph = Graph::default().input("x", "3 2 10");
        let graph = graph.weights("w", &w).weights("r", &r);
        graph.node("LSTM", &["x", "w", "r"], &["y"], more).model()
    };
    let both = word("direction", "bidirectional");
    text(
        &lstm(
            [2, 80, 10],
            [2, 80, 20],
            &[word("direction", "bidirectional")],
        ),
        "",
    );
    for (w, r, more) in [
        ([1, 80, 11], [1, 80, 20], vec![]),
        ([1, 60, 10], [1, 80, 20], vec![]),
        ([1, 80, 10], [1, 60, 20], vec![]),
        ([1, 80, 10], [1, 80, 20], vec![int("hidden_size", 10)]),
        ([1, 80, 10], [1, 80, 20], vec![both]),
        ([2, 80, 10], [2, 80, 20], vec![]),
    ] {
        let found = wrong(&lstm(w, r, &more), "");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "E0311", "{found:?}");
    }
}

#[test]
fn quantised_forms() {
    let graph = Graph::default()
        .input("x", "1 3 8 8")
        .weights("w", &[4, 3, 3, 3]);
    let graph = graph.values("s", &[], &[1]);
    let operands = ["x", "s", "s", "w", "s", "s", "s", "s"];
    let conv = "conv { K = 4, C = 3, Y = 8, X = 8, R = 3, S = 3 }";
    is(
        graph
            .clone()
            .node("QLinearConv", &operands, &["y"], &[])
            .model(),
        &format!("layer y {conv}"),
    );
    is(
        graph
            .clone()
            .node("ConvInteger", &["x", "w"], &["y"], &[])
            .model(),
        &format!("layer y {conv}"),
    );
    // Quantised and back again around a convolution.
    let around = graph
        .node("QuantizeLinear", &["x", "s"], &["q"], &[])
        .node("DequantizeLinear", &["q", "s"], &["d"], &[])
        .node("DequantizeLinear", &["w", "s"], &["v"], &[])
        .node("Conv", &["d", "v"], &["y"], &[]);
    is(around.model(), &format!("layer y {conv}"));
    let graph = Graph::default()
        .input("x", "5 8")
        .weights("w", &[8, 6])
        .values("s", &[], &[1]);
    is(
        graph.node("QLinearMatMul", &operands, &["y"], &[]).model(),
        "layer y dense { N = 5, K = 6, C = 8 }",
    );
}

/// The operators that runtimes put in place of others.
#[test]
fn forms_of_runtimes() {
    let of = |op: &str, graph: Graph, operands: &[&str], attributes: &[Message]| {
        let graph = graph.of("com.microsoft", op, operands, &["y"], attributes);
        graph.values("s", &[], &[1])
    };
    // Channels last, behind a pool that has them there, too.
    let graph = Graph::default()
        .input("x", "1 8 8 3")
        .weights("w", &[6, 3, 3, 3]);
    let last = [int("channels_last", 1)];
    let operands = ["x", "s", "s", "w", "s", "s", "s", "s"];
    let pool = [ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    let graph = of("QLinearConv", graph, &operands, &last)
        .of("com.microsoft", "NhwcMaxPool", &["y"], &["p"], &pool)
        .weights("v", &[6, 5])
        .node("MatMul", &["p", "v"], &["z"], &[]);
    is(
        graph.model(),
        "layer y conv { K = 6, C = 3, Y = 8, X = 8, R = 3, S = 3 }
layer z dense { N = 9, K = 5, C = 6 }
y -> z",
    );
    // Rows of the operands before their batch.
    let graph = Graph::default()
        .input("x", "10 2 4 16")
        .input("k", "12 2 4 16");
    let swapped = ["transBatchA", "transBatchB", "transB"].map(|name| int(name, 1));
    is(
        of("FusedMatMul", graph, &["x", "k"], &swapped).model(),
        "layer y gemm { G = 8, M = 10, N = 12, K = 16 }",
    );
    let graph = Graph::default()
        .input("x", "2 3 20")
        .weights("w", &[1, 20, 32])
        .weights("r", &[1, 8, 32]);
    is(
        of(
            "DynamicQuantizeLSTM",
            graph,
            &["x", "w", "r"],
            &[int("hidden_size", 8)],
        )
        .model(),
        "layer \"y/input\" dense { N = 6, K = 32, C = 20 }
layer \"y/step1\" dense { N = 3, K = 32, C = 8 }
layer \"y/step2\" dense { N = 3, K = 32, C = 8 }
\"y/input\" -> \"y/step1\"
\"y/input\" -> \"y/step2\"
\"y/step1\" -> \"y/step2\"",
    );
    let graph = Graph::default()
        .input("x", "1 10 32")
        .input("past", "2 1 4 6 8")
        .weights("w", &[32, 96]);
    let operands = ["x", "w", "", "s", "s", "", "s", "s", "past"];
    is(
        of("QAttention", graph, &operands, &[int("num_heads", 4)]).model(),
        "layer \"y/qkv\" dense { N = 10, K = 96, C = 32 }
layer \"y/scores\" gemm { G = 4, M = 10, N = 16, K = 8 }
layer \"y/context\" gemm { G = 4, M = 10, N = 8, K = 16 }
\"y/qkv\" -> \"y/scores\"
\"y/qkv\" -> \"y/context\"
\"y/scores\" -> \"y/context\"",
    );
}

#[test]
fn attention_as_one_operator() {
    let graph = Graph::default()
        .input("q", "1 4 16 8")
        .input("k", "1 2 32 8")
        .input("v", "1 2 32 6");
    is(
        graph
            .node("Attention", &["q", "k", "v"], &["y"], &[])
            .model(),
        "layer \"y/scores\" gemm { G = 2, M = 32, N = 32, K = 8 }
layer \"y/context\" gemm { G = 2, M = 32, N = 6, K = 32 }
\"y/scores\" -> \"y/context\"",
    );
    let graph = Graph::default()
        .input("x", "1 10 32")
        .weights("w", &[32, 96]);
    let heads = [int("num_heads", 4)];
    is(
        graph
            .of("com.microsoft", "Attention", &["x", "w"], &["y"], &heads)
            .model(),
        "layer \"y/qkv\" dense { N = 10, K = 96, C = 32 }
layer \"y/scores\" gemm { G = 4, M = 10, N = 10, K = 8 }
layer \"y/context\" gemm { G = 4, M = 10, N = 8, K = 10 }
\"y/qkv\" -> \"y/scores\"
\"y/qkv\" -> \"y/context\"
\"y/scores\" -> \"y/context\"",
    );
}

/// Keys and values packed behind the queries, two heads sharing each, eight keys from before.
#[test]
fn packed_attention() {
    let graph = Graph::default()
        .input("x", "1 4 64")
        .input("past", "1 2 8 8");
    let heads = [int("num_heads", 4), int("kv_num_heads", 2)];
    is(
        graph
            .of(
                "com.microsoft",
                "GroupQueryAttention",
                &["x", "", "", "past", "past"],
                &["y"],
                &heads,
            )
            .model(),
        "layer \"y/scores\" gemm { G = 2, M = 8, N = 12, K = 8 }
layer \"y/context\" gemm { G = 2, M = 8, N = 8, K = 12 }
\"y/scores\" -> \"y/context\"",
    );
    let strange = Graph::default().input("x", "1 2 3 4 5 6");
    let heads = [int("num_heads", 4)];
    let bytes = strange.of(
        "com.microsoft",
        "MultiHeadAttention",
        &["x"],
        &["y"],
        &heads,
    );
    let told = warnings(&bytes.model());
    assert!(told[0].1.contains("layout"), "{told:?}");
}

#[test]
fn what_is_not_known_is_named() {
    let graph = Graph::default().input("x", "1 3 8 8");
    let told = warnings(
        &graph
            .clone()
            .of("my.ops", "Magic", &["x"], &["y"], &[])
            .model(),
    );
    assert_eq!(told.len(), 1);
    assert!(told[0].1.contains("`Magic` of node `y`"), "{told:?}");
    // What needs its shape cannot be counted, unless the model states it.
    let behind = graph
        .of("my.ops", "Magic", &["x"], &["y"], &[])
        .weights("w", &[4, 3, 1, 1])
        .node("Conv", &["y", "w"], &["z"], &[]);
    let found = wrong(&behind.model(), "");
    let error = found.iter().find(|f| f.0 == "E0311").expect("an error");
    assert!(
        error.1.contains("`z`") && error.1.contains("`Magic`"),
        "{found:?}"
    );
    let stated = behind.states("y", "1 3 5 5").model();
    assert_eq!(warnings(&stated).len(), 1);
    // A graph of its own that is not there.
    let loops = Graph::default()
        .input("x", "2")
        .node("Loop", &["", "", "x"], &["y"], &[]);
    let told = wrong(&loops.model(), "");
    assert!(told[0].1.contains("node `y` has no `body`"), "{told:?}");
}
