//! Imported networks: as a block of the language, and as JSON.

use super::free::{self, Seen};
use super::graph;
use super::json::write;
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::network::{Network, Node, NodeKind};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use serde_json::{Map, Value, json};

/// Nodes that an edge joins to this one, in the order of the network's edges.
fn neighbours(network: &Network, at: NodeIndex, way: Direction) -> Vec<NodeIndex> {
    let mut edges: Vec<_> = network.graph.edges_directed(at, way).collect();
    edges.sort_by_key(|e| e.id());
    let other = |e: &petgraph::graph::EdgeReference<()>| match way {
        Direction::Incoming => e.source(),
        Direction::Outgoing => e.target(),
    };
    edges.iter().map(other).collect()
}

/// `network name { … }`, a node to a line, in the order declared, and the edges of layers. Reading
/// it again gives the same network. `origin` and what costs nothing stand at the top.
pub fn cfx(network: &Network, origin: &str) -> String {
    let origin = origin.replace(char::is_control, "_");
    let mut out = format!("// Imported from {origin}");
    let free = network.free().count();
    if free > 0 {
        let (plural, verb) = if free == 1 { ("", "s") } else { ("s", "") };
        out.push_str(&format!(
            "; {free} operator{plural} cost{verb} nothing on the array:\n// {}",
            free::kinds(network)
        ));
    }
    out.push_str(".\n");
    let unchecked = if network.shapes_checked {
        ""
    } else {
        " shapes unchecked"
    };
    out.push_str(&format!("network {}{unchecked} {{\n", network.name));
    let mut edges = String::new();
    for at in network.graph.node_indices() {
        let node = &network.graph[at];
        let name = name(&node.name);
        let inputs = neighbours(network, at, Direction::Incoming);
        let inputs = inputs.iter().map(|&i| self::name(&network.graph[i].name));
        match &node.kind {
            NodeKind::Input => {
                out.push_str(&format!("  input {name} {}\n", extents(node)));
            }
            NodeKind::Layer(shape) => {
                out.push_str(&format!(
                    "  layer {name} {} {{ {} }}\n",
                    shape.op.name(),
                    bounds(shape)
                ));
                for input in inputs {
                    edges.push_str(&format!("  {input} -> {name}\n"));
                }
            }
            NodeKind::Free(op) => {
                let inputs: Vec<String> = inputs.collect();
                let op = self::name(op);
                out.push_str(&format!(
                    "  {name} = free({}) {{ op = {op} }}\n",
                    inputs.join(", ")
                ));
            }
        }
    }
    if !edges.is_empty() {
        out.push('\n');
        out.push_str(&edges);
    }
    out.push_str("}\n");
    out
}

fn extents(node: &Node) -> String {
    let shape = node
        .output
        .map_or(vec![1], |o| vec![o.channels, o.rows, o.columns]);
    let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
    format!("[{}]", shape.join(", "))
}

/// `K = 32, C = 3, …, stride = 2x2`; what has its default is left out.
pub(super) fn bounds(shape: &LayerShape) -> String {
    let declared = shape.op.dims().iter().filter(|d| shape.bounds[**d] > 0);
    let mut out: Vec<String> = declared
        .map(|d| format!("{} = {}", d.name(), shape.bounds[*d]))
        .collect();
    let mut pair = |name: &str, pair: [u64; 2], usual: u64| {
        if pair[0] == pair[1] && pair[0] != usual {
            out.push(format!("{name} = {}", pair[0]));
        } else if pair != [usual; 2] {
            out.push(format!("{name} = {}x{}", pair[0], pair[1]));
        }
    };
    pair("stride", shape.stride, 1);
    let p = shape.pad;
    if (p.top, p.left) == (p.bottom, p.right) {
        pair("pad", [p.top, p.left], 0);
    }
    pair("dilation", shape.dilation, 1);
    pair("output_pad", shape.output_pad, 0);
    if (p.top, p.left) != (p.bottom, p.right) {
        out.push(format!(
            "pad = [{}, {}, {}, {}]",
            p.top, p.bottom, p.left, p.right
        ));
    }
    out.join(", ")
}

/// A node's name as the language writes it: in quotes where it is no word, or where the word could
/// be read as something else.
pub(super) fn name(name: &str) -> String {
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !matches!(name, "input" | "layer");
    if word {
        return name.to_string();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Layers in the order declared, each with what it takes from and gives to, seen through what costs
/// nothing; then that, with the nodes at its edges, and warnings. The text is written node by node:
/// values of all of them at once would take many times its size.
pub fn json(network: &Network, warnings: &[&str]) -> String {
    let nodes = || network.graph.node_indices();
    let kind = |at: NodeIndex| &network.graph[at].kind;
    let seen = Seen::through(network);
    let layers = nodes().filter_map(|at| match kind(at) {
        NodeKind::Layer(shape) => Some(layer(network, at, shape, &seen)),
        _ => None,
    });
    let free = nodes().filter_map(|at| match kind(at) {
        NodeKind::Free(op) => Some(free_operator(network, at, op)),
        _ => None,
    });
    let mut out = format!("{{\n  \"network\": {},\n", json!(network.name));
    list("layers", layers, &mut out);
    list("free", free, &mut out);
    out.push_str("  \"warnings\": ");
    write(&json!(warnings), 1, false, &mut out);
    out.push_str("\n}\n");
    out
}

/// `"key": [ … ],`, an item to a line at least.
fn list(key: &str, items: impl Iterator<Item = Value>, out: &mut String) {
    out.push_str(&format!("  \"{key}\": ["));
    let empty = out.len();
    for item in items {
        out.push_str(if out.len() == empty {
            "\n    "
        } else {
            ",\n    "
        });
        write(&item, 2, true, out);
    }
    out.push_str(if out.len() == empty {
        "],\n"
    } else {
        "\n  ],\n"
    });
}

fn layer(network: &Network, at: NodeIndex, shape: &LayerShape, seen: &Seen) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), network.graph[at].name.as_str().into());
    out.insert("op".into(), shape.op.name().into());
    out.insert("dims".into(), graph::dims(shape));
    if shape.op.slides() {
        let p = shape.pad;
        out.insert("stride".into(), json!(shape.stride));
        out.insert("pad".into(), json!([p.top, p.bottom, p.left, p.right]));
        out.insert("dilation".into(), json!(shape.dilation));
        if shape.op == Op::TransposedConv {
            out.insert("output_pad".into(), json!(shape.output_pad));
        }
    } else {
        out.insert("stride".into(), json!([1, 1]));
    }
    let groups = match shape.op {
        Op::Depthwise => shape.bound(Dim::C),
        _ => shape.bound(Dim::G),
    };
    out.insert("groups".into(), groups.into());
    out.insert("macs".into(), json!(shape.macs()));
    for (key, ends) in [("inputs", seen.inputs(at)), ("outputs", seen.outputs(at))] {
        out.insert(key.into(), names(network, ends).into());
    }
    Value::Object(out)
}

/// With the nodes that it takes from and gives to, layers or not.
fn free_operator(network: &Network, at: NodeIndex, op: &str) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), network.graph[at].name.as_str().into());
    out.insert("op".into(), op.into());
    for (key, way) in [
        ("inputs", Direction::Incoming),
        ("outputs", Direction::Outgoing),
    ] {
        let ends = neighbours(network, at, way);
        out.insert(key.into(), names(network, &ends).into());
    }
    Value::Object(out)
}

/// Names of nodes, inputs of the network left out.
fn names<'n>(network: &'n Network, nodes: &[NodeIndex]) -> Vec<&'n str> {
    let nodes = nodes.iter().map(|&at| &network.graph[at]);
    let nodes = nodes.filter(|node| node.kind != NodeKind::Input);
    nodes.map(|node| node.name.as_str()).collect()
}
