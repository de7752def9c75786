//! Sequences, and graphs in graphs that run under a condition or again and again.

use crate::encode::{Graph, Message, int, ints, subgraph};
use crate::{read, text, text_of, warnings, wrong};
use cfxc::import::{Beside, Options, ReadSeek, onnx};
use std::io::Cursor;
use std::rc::Rc;

/// A dense layer behind `name`, whose last extent it shows.
fn shown(graph: Graph, name: &str, last: i64) -> Vec<u8> {
    let graph = graph.weights("w", &[last, 7]);
    graph.node("MatMul", &[name, "w"], &["y"], &[]).model()
}

#[test]
fn elements_of_sequences() {
    let two = Graph::default().input("a", "2 3").input("b", "4 3");
    let two = two.values("one", &[], &[1]).values("zero", &[], &[0]);
    let pair = two
        .clone()
        .node("SequenceConstruct", &["a", "b"], &["s"], &[]);
    let at = pair.clone().node("SequenceAt", &["s", "one"], &["e"], &[]);
    let rows = |n: u64| format!("layer y dense {{ N = {n}, K = 7, C = 3 }}");
    assert_eq!(text(&shown(at, "e", 3), ""), rows(4));
    // Inserted before the first, erased behind.
    let other = pair
        .clone()
        .input("c", "6 3")
        .node("SequenceInsert", &["s", "c", "zero"], &["t"], &[])
        .node("SequenceErase", &["t", "one"], &["u"], &[])
        .node("ConcatFromSequence", &["u"], &["e"], &[int("axis", 0)]);
    assert_eq!(text(&shown(other, "e", 3), ""), rows(10));
    // One of two: what both have in common is known.
    let any = pair
        .clone()
        .input("i", "1")
        .node("SequenceAt", &["s", "i"], &["e"], &[]);
    let bytes = shown(any, "e", 3);
    let found = wrong(&bytes, "");
    assert!(found[0].1.contains("operand 0"), "{found:?}");
    assert_eq!(text(&bytes, "e[0]=4"), rows(4));
    let length = pair
        .node("SequenceLength", &["s"], &["n"], &[])
        .node("Unsqueeze", &["n", "zeros"], &["row"], &[])
        .values("zeros", &[1], &[0])
        .values("three", &[1], &[-1])
        .node("Concat", &["row", "three"], &["shape"], &[int("axis", 0)])
        .input("x", "8")
        .node("Reshape", &["x", "shape"], &["e"], &[]);
    assert_eq!(
        text(&shown(length, "e", 4), ""),
        "layer y dense { N = 2, K = 7, C = 4 }"
    );
}

#[test]
fn sequences_of_parts() {
    let split = |extra: &[&str], attributes: &[Message]| {
        let inputs = [&["x"], extra].concat();
        let graph = Graph::default()
            .input("x", "7 5 3")
            .values("two", &[], &[2])
            .values("sizes", &[2], &[4, 3])
            .values("last", &[], &[-1])
            .node("SplitToSequence", &inputs, &["s"], attributes)
            .node("SequenceAt", &["s", "last"], &["e"], &[]);
        text(&shown(graph, "e", 3), "")
    };
    let rows = |n: u64| format!("layer y dense {{ N = {n}, K = 7, C = 3 }}");
    assert_eq!(split(&["two"], &[]), rows(5));
    assert_eq!(split(&["sizes"], &[]), rows(15));
    assert_eq!(split(&[], &[int("axis", 1)]), rows(7));
    assert_eq!(split(&[], &[int("keepdims", 0)]), rows(5));
    // Stacked along a new axis, out of what may be missing.
    let graph = Graph::default()
        .input("x", "5 3")
        .node("Optional", &["x"], &["o"], &[])
        .node("OptionalGetElement", &["o"], &["p"], &[])
        .node("SequenceConstruct", &["p", "x"], &["s"], &[])
        .node(
            "ConcatFromSequence",
            &["s"],
            &["e"],
            &[int("axis", 1), int("new_axis", 1)],
        );
    assert_eq!(text(&shown(graph, "e", 3), ""), rows(10));
    let wrong_place = Graph::default()
        .input("x", "5 3")
        .values("nine", &[], &[9])
        .node("SequenceConstruct", &["x"], &["s"], &[])
        .node("SequenceAt", &["s", "nine"], &["e"], &[]);
    let found = wrong(&shown(wrong_place, "e", 3), "");
    assert!(found[0].1.contains("no element 9 among 1"), "{found:?}");
}

/// Both branches give the same extents, and neither has a layer.
#[test]
fn a_choice_that_changes_no_shape() {
    let branch = |op: &str| {
        let inner = Graph::default().node(op, &["x"], &["inner"], &[]);
        inner.output("inner")
    };
    let choice = |a: &Graph, b: &Graph| {
        let sides = [subgraph("then_branch", a), subgraph("else_branch", b)];
        Graph::default()
            .input("c", "1")
            .input("x0", "2 3")
            .weights("v", &[3, 3])
            .node("MatMul", &["x0", "v"], &["x"], &[])
            .node("If", &["c"], &["z"], &sides)
    };
    let same = choice(&branch("Relu"), &branch("Tanh"));
    let bytes = shown(same, "z", 3);
    let layers =
        "layer x dense { N = 2, K = 3, C = 3 }\nlayer y dense { N = 2, K = 7, C = 3 }\nx -> y";
    assert_eq!(text(&bytes, ""), layers);
    // A layer in one of them cannot be counted, and its result is known all the same.
    let costly = Graph::default()
        .node("MatMul", &["x", "v"], &["inner"], &[])
        .output("inner");
    let bytes = shown(choice(&branch("Relu"), &costly), "z", 3);
    let told = warnings(&bytes);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("`If` of node `z`"), "{told:?}");
    let read_all = read(&bytes, "").expect("sound");
    assert!(text_of(&read_all).contains("layer y dense { N = 2, K = 7, C = 3 }"));
    // The input that decides may be given its value.
    let text = text(&bytes, "c=0");
    assert!(text.contains("layer inner dense"), "{text}");
    assert!(!self::text(&bytes, "c=1").contains("inner dense"));
    assert_eq!(wrong(&bytes, "x0=0")[0].0, "E0310");
}

#[test]
fn what_is_carried_through_loops() {
    let looped = |body: &Graph, times: Graph| {
        times.input("x", "2 3").node(
            "Loop",
            &["m", "", "x"],
            &["z", "all"],
            &[subgraph("body", body)],
        )
    };
    let named = |graph: Graph| {
        let graph = graph.input("i", "").input("go", "").input("v", "? ?");
        graph.output("go").output("next").output("each")
    };
    let body = named(Graph::default().node("Relu", &["v"], &["next"], &[]).node(
        "Tanh",
        &["v"],
        &["each"],
        &[],
    ));
    let five = Graph::default().values("m", &[], &[5]);
    let carried = looped(&body, five.clone());
    assert_eq!(
        text(&shown(carried.clone(), "z", 3), ""),
        "layer y dense { N = 2, K = 7, C = 3 }"
    );
    assert_eq!(
        text(&shown(carried, "all", 3), ""),
        "layer y dense { N = 10, K = 7, C = 3 }"
    );
    // A condition that is handed on, as a loop over a range has it.
    let on = Graph::default()
        .input("i", "")
        .input("go", "")
        .input("v", "? ?")
        .node("Identity", &["go"], &["on"], &[])
        .node("Relu", &["v"], &["next"], &[])
        .node("Tanh", &["v"], &["each"], &[])
        .output("on")
        .output("next")
        .output("each");
    let whole = five
        .clone()
        .values("yes", &[], &[1])
        .input("x", "2 3")
        .node(
            "Loop",
            &["m", "yes", "x"],
            &["z", "all"],
            &[subgraph("body", &on)],
        );
    assert_eq!(
        text(&shown(whole, "all", 3), ""),
        "layer y dense { N = 10, K = 7, C = 3 }"
    );
    // What grows from run to run is not known, and the rest of it is.
    let grows = named(
        Graph::default()
            .node("Concat", &["v", "v"], &["next"], &[int("axis", 0)])
            .node("Tanh", &["v"], &["each"], &[]),
    );
    let bytes = shown(looped(&grows, five.clone()), "z", 3);
    assert!(wrong(&bytes, "")[0].1.contains("`Loop`"));
    assert_eq!(
        text(&bytes, "z[0]=64"),
        "layer y dense { N = 64, K = 7, C = 3 }"
    );
    // Layers that run again and again are not counted.
    let costly = named(
        Graph::default()
            .weights("u", &[3, 3])
            .node("MatMul", &["v", "u"], &["next"], &[])
            .node("Tanh", &["v"], &["each"], &[]),
    );
    let told = warnings(&shown(looped(&costly, five), "z", 3));
    assert!(told[0].1.contains("`Loop` of node `z`"), "{told:?}");
}

#[test]
fn slices_of_a_scan() {
    let body = Graph::default()
        .input("sum", "?")
        .input("slice", "?")
        .node("Add", &["sum", "slice"], &["next"], &[])
        .node("Relu", &["next"], &["each"], &[])
        .output("next")
        .output("each");
    let graph = Graph::default().input("start", "3").input("x", "3 8").node(
        "Scan",
        &["start", "x"],
        &["end", "all"],
        &[
            subgraph("body", &body),
            int("num_scan_inputs", 1),
            ints("scan_input_axes", &[1]),
        ],
    );
    assert_eq!(
        text(&shown(graph, "all", 3), ""),
        "layer y dense { N = 8, K = 7, C = 3 }"
    );
}

/// An input of which nothing is stated, and a result that nobody knows, get their extents.
#[test]
fn extents_that_nobody_states() {
    let input = Message::default().text(1, "x");
    let graph = Graph::default().weights("w", &[3, 7]);
    let nodes = graph
        .clone()
        .node("MatMul", &["x", "w"], &["y"], &[])
        .message();
    let model = |graph: Message| Message::default().number(1, 8).message(7, graph).0;
    let bytes = model(nodes.message(11, input));
    let found = read(&bytes, "").expect_err("no shape");
    let help = found[0].help.as_deref().unwrap_or("");
    assert!(help.contains("--dim 'x[0]'=N"), "{found:?}");
    assert_eq!(
        text(&bytes, "x[0]=5 x[1]=3"),
        "layer y dense { N = 5, K = 7, C = 3 }"
    );
    // A tensor that may be missing has the extents that are stated of it.
    let extent = |n: u64| Message::default().number(1, n);
    let shape = Message::default()
        .message(1, extent(5))
        .message(1, extent(3));
    let tensor = Message::default().number(1, 1).message(2, shape);
    let kind = Message::default().message(1, tensor);
    let optional = Message::default().message(9, Message::default().message(1, kind));
    let input = Message::default().text(1, "o").message(2, optional);
    let nodes = graph
        .clone()
        .node("OptionalGetElement", &["o"], &["x"], &[])
        .node("MatMul", &["x", "w"], &["y"], &[])
        .message();
    assert_eq!(
        text(&model(nodes.message(11, input)), ""),
        "layer y dense { N = 5, K = 7, C = 3 }"
    );
    let graph = graph
        .input("x", "1")
        .of("my.ops", "Magic", &["x"], &["m"], &[])
        .node("MatMul", &["m", "w"], &["y"], &[]);
    let read = read(&graph.model(), "m[0]=5 m[1]=3").expect("known");
    assert_eq!(text_of(&read), "layer y dense { N = 5, K = 7, C = 3 }");
}

/// A shape that lies in a file beside the model, and one that is not there.
#[test]
fn constants_in_other_files() {
    let bytes = Graph::default()
        .input("x", "1 8 4 4")
        .weights("w", &[16, 8])
        .apart("shape", &[2], "weights/all.bin", 8)
        .node("Reshape", &["x", "shape"], &["a"], &[])
        .node("MatMul", &["a", "w"], &["b"], &[])
        .model();
    let beside = |content: &'static [i64]| {
        let content: Vec<u8> = content.iter().flat_map(|v| v.to_le_bytes()).collect();
        let open = move |name: &str| {
            let file = Cursor::new(content.clone());
            (name == "weights/all.bin").then(|| Box::new(file) as Box<dyn ReadSeek>)
        };
        let options = Options {
            beside: Beside(Some(Rc::new(open))),
            ..Options::default()
        };
        onnx::read(&mut Cursor::new(&bytes), &options)
    };
    let there = beside(&[99, 8, 16]).expect("a shape");
    assert_eq!(text_of(&there), "layer b dense { N = 8, K = 8, C = 16 }");
    let short = beside(&[99, 8]).expect_err("no shape");
    assert!(short[0].message.contains("`shape`"), "{short:?}");
}
