//! Files that are cut, damaged, made to harm, or very large: a diagnostic, soon, and little memory.

use crate::encode::{Graph, Message, int, ints, subgraph};
use crate::models::model;
use crate::{contents, text, written_and_read, wrong};
use cfxc::base::span::Span;
use cfxc::import::{Options, onnx};
use cfxc::ir::network::Vertex;
use cfxc::syntax::ast::Name;
use proptest::prelude::*;
use std::io::{Cursor, Read, Seek, SeekFrom};

fn reads(bytes: &[u8]) -> bool {
    onnx::read(&mut Cursor::new(bytes), &Options::default()).is_ok()
}

#[test]
fn cut_anywhere() {
    let (bytes, _) = model("vgg16");
    assert!(reads(&bytes));
    for end in (0..bytes.len()).step_by(97) {
        // Behind the graph stands only which operators the model uses.
        assert!(!reads(&bytes[..end]) || bytes.len() - end < 100, "{end}");
    }
}

#[test]
fn lengths_that_lie() {
    // A graph that claims 2^60 bytes.
    let bytes = [
        0x08, 0x08, 0x3a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10,
    ];
    assert_eq!(wrong(&bytes, "")[0].0, "E0309");
    // A number without an end.
    let bytes = [[0x08, 0x08, 0x3a].as_slice(), &[0xff; 30]].concat();
    assert_eq!(wrong(&bytes, "")[0].0, "E0309");
    // A name of a megabyte.
    let name = "x".repeat(1 << 20);
    let graph = Graph::default().input("x", "1 8").weights("w", &[8, 8]);
    let bytes = graph.named(&name, "MatMul", &["x", "w"], &["y"]).model();
    assert!(wrong(&bytes, "")[0].1.contains("bytes"));
    // Weights with more elements than there are numbers.
    let most = i64::MAX;
    let graph = Graph::default()
        .input("x", "1 8")
        .weights("w", &[most, most, most, most]);
    assert!(!reads(
        &graph.node("Conv", &["x", "w"], &["y"], &[]).model()
    ));
    let graph = Graph::default().input("x", "1 8").weights("w", &[8, most]);
    let bytes = graph.node("MatMul", &["x", "w"], &["y"], &[]).model();
    // The language refuses the bound where the layer is declared.
    assert!(reads(&bytes));
}

#[test]
fn no_graph_and_empty_ones() {
    assert!(wrong(&[0x08, 0x08], "")[0].1.contains("no graph"));
    assert!(reads(&Graph::default().model()));
    let graph = Graph::default().message();
    let twice = Message::default()
        .number(1, 8)
        .message(7, graph.clone())
        .message(7, graph);
    assert!(wrong(&twice.0, "")[0].1.contains("two graphs"));
}

#[test]
fn circles_and_loose_ends() {
    let graph = Graph::default().input("x", "1 8").weights("w", &[8, 8]);
    let circle = graph.clone().node("Add", &["x", "b"], &["a"], &[]).node(
        "MatMul",
        &["a", "w"],
        &["b"],
        &[],
    );
    assert!(
        wrong(&circle.model(), "")[0]
            .1
            .contains("wait for each other")
    );
    let own = graph.clone().node("Add", &["x", "a"], &["a"], &[]);
    assert!(wrong(&own.model(), "")[0].1.contains("wait for each other"));
    let loose = graph.clone().node("MatMul", &["x", "nothing"], &["y"], &[]);
    assert!(wrong(&loose.model(), "")[0].1.contains("`nothing`"));
    let twice = graph
        .node("Relu", &["x"], &["y"], &[])
        .node("Relu", &["x"], &["y"], &[]);
    assert!(wrong(&twice.model(), "")[0].1.contains("`y`"));
}

#[test]
fn graphs_in_graphs() {
    let mut graph = Graph::default()
        .node("Relu", &["x"], &["end"], &[])
        .output("end");
    for _ in 0..200 {
        let inside = [subgraph("then_branch", &graph)];
        graph = Graph::default()
            .node("If", &["yes"], &["end"], &inside)
            .output("end");
    }
    let whole = graph.values("yes", &[], &[1]).input("x", "1 8");
    assert!(wrong(&whole.model(), "")[0].1.contains("nest"));
}

#[test]
fn a_million_nodes_and_one_more() {
    let nodes = |count: usize| {
        let graph = [0x0a, 0x00].repeat(count);
        Message::default().number(1, 8).bytes(7, &graph).0
    };
    assert!(
        wrong(&nodes(1_000_001), "")[0]
            .1
            .contains("more than 1000000 nodes")
    );
}

/// What comes with the nodes is bounded by their number, whatever it is made of.
#[test]
fn few_nodes_with_much_around_them() {
    let model = |graph: Vec<u8>| Message::default().number(1, 8).bytes(7, &graph).0;
    // Stated shapes, weights, inputs, fields nobody knows.
    for field in [0x6a, 0x2a, 0x5a, 0x7a] {
        let found = wrong(&model([field, 0x00].repeat(1_000_001)), "");
        assert!(
            found[0].1.contains("more than 1000000 weights"),
            "{found:?}"
        );
    }
    // Operands, and extents of one shape.
    let node = [0x0a, 0x00].repeat(1_000_030);
    let found = wrong(&model(Message::default().bytes(1, &node).0), "");
    assert!(
        found[0].1.contains("more than 1000024 weights"),
        "{found:?}"
    );
    let shape = Message::default().bytes(2, &[0x0a, 0x00].repeat(1_000_000));
    let kind = Message::default().bytes(2, &Message::default().bytes(1, &shape.0).0);
    let found = wrong(&model(Message::default().bytes(13, &kind.0).0), "");
    assert!(found[0].1.contains("more than 32 dimensions"), "{found:?}");
    // Bytes.
    let node = [0xfa, 0x06, 0x00].repeat(23_000_000);
    let found = wrong(&model(Message::default().bytes(1, &node).0), "");
    assert!(
        found[0].1.contains("bytes besides its weights"),
        "{found:?}"
    );
}

#[test]
fn many_open_dimensions_are_not_all_listed() {
    let mut graph = Graph::default();
    for i in 0..70 {
        graph = graph.input(&format!("x{i}"), "?");
    }
    let told = &wrong(&graph.model(), "")[0].1;
    assert!(told.contains("`x49[0]`, and 20 more"), "{told}");
}

/// A model whose weights are zeros that nobody stored.
struct Huge {
    head: Vec<u8>,
    zeros: u64,
    tail: Vec<u8>,
    at: u64,
    read: u64,
}

impl Read for Huge {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let (head, end) = (self.head.len() as u64, self.head.len() as u64 + self.zeros);
        let part: &[u8] = if self.at < head {
            &self.head[self.at as usize..]
        } else if self.at < end {
            let count = buffer.len().min((end - self.at) as usize);
            buffer[..count].fill(0);
            self.at += count as u64;
            self.read += count as u64;
            return Ok(count);
        } else {
            self.tail.get((self.at - end) as usize..).unwrap_or(&[])
        };
        let count = buffer.len().min(part.len());
        buffer[..count].copy_from_slice(&part[..count]);
        self.at += count as u64;
        self.read += count as u64;
        Ok(count)
    }
}

impl Seek for Huge {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let all = (self.head.len() + self.tail.len()) as u64 + self.zeros;
        let at = match to {
            SeekFrom::Start(at) => i128::from(at),
            SeekFrom::End(by) => i128::from(all) + i128::from(by),
            SeekFrom::Current(by) => i128::from(self.at) + i128::from(by),
        };
        self.at = u64::try_from(at).map_err(std::io::Error::other)?;
        Ok(self.at)
    }
}

#[test]
fn weights_are_never_read() {
    let graph = Graph::default().input("x", "1 8");
    let graph = graph.node("MatMul", &["x", "w"], &["y"], &[]).message().0;
    let zeros = 8u64 << 30;
    // The extents stand behind the data, where nobody puts them, and count all the same.
    let tensor_tail = Message::default()
        .number(1, 8)
        .number(1, 4)
        .number(2, 1)
        .text(8, "w")
        .0;
    let length = |out: &mut Vec<u8>, tag: u8, length: u64| {
        let encoded = Message::default().number(1, length).0;
        out.push(tag);
        out.extend_from_slice(&encoded[1..]);
    };
    let mut raw = Vec::new();
    length(&mut raw, 9 << 3 | 2, zeros);
    let tensor = raw.len() as u64 + zeros + tensor_tail.len() as u64;
    let mut field = Vec::new();
    length(&mut field, 5 << 3 | 2, tensor);
    let whole = (graph.len() + field.len()) as u64 + tensor;
    let mut head = vec![0x08, 0x08];
    length(&mut head, 7 << 3 | 2, whole);
    for part in [&graph, &field, &raw] {
        head.extend_from_slice(part);
    }
    let mut file = Huge {
        head,
        zeros,
        tail: tensor_tail,
        at: 0,
        read: 0,
    };
    let read = onnx::read(&mut file, &Options::default()).expect("sound");
    assert_eq!(crate::assembled(&read).layers().count(), 1);
    assert!(file.read < 1 << 20, "{} bytes were read", file.read);
}

#[test]
fn long_chains() {
    let mut graph = Graph::default().input("x0", "1 8").weights("w", &[8, 8]);
    for i in 0..20_000 {
        let (from, to) = (format!("x{i}"), format!("x{}", i + 1));
        graph = graph.node("Relu", &[&from], &[&to], &[]);
    }
    let bytes = graph.node("MatMul", &["x20000", "w"], &["y"], &[]).model();
    assert_eq!(text(&bytes, ""), "layer y dense { K = 8, C = 8 }");
}

const OPERATORS: &[&str] = &[
    "Conv",
    "ConvTranspose",
    "MatMul",
    "Gemm",
    "Einsum",
    "LSTM",
    "GRU",
    "Attention",
    "GroupQueryAttention",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "Concat",
    "Split",
    "Expand",
    "Tile",
    "Pad",
    "Resize",
    "DepthToSpace",
    "SpaceToDepth",
    "Shape",
    "Size",
    "ConstantOfShape",
    "Range",
    "Gather",
    "GatherND",
    "Slice",
    "TopK",
    "OneHot",
    "MaxPool",
    "AveragePool",
    "GlobalAveragePool",
    "ReduceMean",
    "ReduceProd",
    "Add",
    "Div",
    "Mod",
    "Where",
    "LayerNormalization",
    "MaxUnpool",
    "RoiAlign",
    "GridSample",
    "AffineGrid",
    "Compress",
    "ReduceMax",
    "Pow",
    "Clip",
    "DFT",
    "STFT",
    "HannWindow",
    "MelWeightMatrix",
    "Col2Im",
    "CenterCropPad",
    "ConstantFill",
    "QLinearConv",
    "FusedMatMul",
    "NhwcMaxPool",
    "DynamicQuantizeLSTM",
    "QAttention",
];

const ATTRIBUTES: &[&str] = &[
    "axis",
    "axes",
    "perm",
    "strides",
    "pads",
    "dilations",
    "kernel_shape",
    "group",
    "output_shape",
    "output_padding",
    "hidden_size",
    "num_heads",
    "kv_num_heads",
    "q_num_heads",
    "split",
    "blocksize",
    "start",
    "end",
    "to",
    "keepdims",
    "batch_dims",
    "layout",
    "transA",
    "transB",
    "ceil_mode",
    "output_height",
    "channels_last",
    "transBatchA",
    "onesided",
    "inverse",
    "input_as_shape",
    "extra_shape",
    "K",
    "N",
];

/// Small numbers, and those at the edges of what can be written.
fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => -3i64..9,
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, i64::MAX - 1, 1 << 31, 1 << 62]),
    ]
}

type AnySide = (Vec<i64>, Option<Vec<i64>>);
type AnyNode = (
    &'static str,
    Vec<prop::sample::Index>,
    Vec<AnySide>,
    Vec<(&'static str, Vec<i64>)>,
);

/// Operator, operands, weights (their extents) or constants (their values), attributes.
fn any_node() -> impl Strategy<Value = AnyNode> {
    let row = || prop::collection::vec(any_number(), 0..6);
    (
        prop::sample::select(OPERATORS),
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        prop::collection::vec((row(), prop::option::of(row())), 0..4),
        prop::collection::vec((prop::sample::select(ATTRIBUTES), row()), 0..4),
    )
}

/// If a network comes of it, its text reads as the same network.
fn survives(vertices: Vec<Vertex>) {
    let name = Name::new("m".into(), Default::default());
    let (Some(network), _) = cfxc::sema::assembled(name, &[], vertices, false, &[]) else {
        return;
    };
    let (again, found) = written_and_read(&network);
    let again = again.unwrap_or_else(|| panic!("{found:#?}"));
    assert_eq!(contents(&network), contents(&again));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_models_do_no_harm(
        which in 0usize..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let (mut bytes, _) = model(["vgg16", "resnet18_symbolic_batch", "bert_base"][which]);
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        let options = Options { dims: vec![(Name::new("batch".into(), Span::default()), 1)], ..Options::default() };
        if let Ok(read) = onnx::read(&mut Cursor::new(&bytes), &options) {
            survives(read.vertices);
        }
    }

    /// Known operators on operands that do not fit them, one behind the other.
    #[test]
    fn any_operators_do_no_harm(nodes in prop::collection::vec(any_node(), 1..8)) {
        let mut graph = Graph::default().input("x0", "1 4 6 6");
        for (i, (op, operands, sides, attributes)) in nodes.iter().enumerate() {
            let constants: Vec<String> = (0..sides.len()).map(|j| format!("c{i}_{j}")).collect();
            for (name, (dims, values)) in constants.iter().zip(sides) {
                graph = match values {
                    Some(values) => graph.values(name, &[values.len() as i64], values),
                    None => graph.weights(name, dims),
                };
            }
            let operands: Vec<String> = operands.iter().map(|at| format!("x{}", at.index(i + 1))).collect();
            let mut inputs: Vec<&str> = operands.iter().map(String::as_str).collect();
            inputs.extend(constants.iter().map(String::as_str));
            let attributes: Vec<Message> = attributes
                .iter()
                .map(|(name, row)| match row.as_slice() {
                    [one] => int(name, *one),
                    row => ints(name, row),
                })
                .collect();
            let runtime = ["GroupQueryAttention", "FusedMatMul", "QAttention"].contains(op);
            let domain = if runtime { "com.microsoft" } else { "" };
            graph = graph.of(domain, op, &inputs, &[&format!("x{}", i + 1)], &attributes);
        }
        if let Ok(read) = onnx::read(&mut Cursor::new(&graph.model()), &Options::default()) {
            survives(read.vertices);
        }
    }

    #[test]
    fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = onnx::read(&mut Cursor::new(&bytes), &Options::default());
        let graph = Message::default().number(1, 8).bytes(7, &bytes).0;
        let _ = onnx::read(&mut Cursor::new(&graph), &Options::default());
        let node = Message::default().bytes(1, &bytes).0;
        let graph = Message::default().number(1, 8).bytes(7, &node).0;
        let _ = onnx::read(&mut Cursor::new(&graph), &Options::default());
    }
}
