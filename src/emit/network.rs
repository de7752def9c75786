//! Imported networks: as a block of the language, and as JSON.

use super::graph;
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::network::{Network, Node, NodeKind};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

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

/// `network name { … }`, a layer and its edges to a line, in the order declared. Reading it again
/// gives the same network. `origin` and the number of operators left out stand at the top.
pub fn cfx(network: &Network, origin: &str, free: usize) -> String {
    let origin = origin.replace(char::is_control, "_");
    let mut out = format!("// Imported from {origin}");
    if free > 0 {
        let plural = if free == 1 { "" } else { "s" };
        out.push_str(&format!(
            "; edges are seen through {free} operator{plural} that cost nothing on the array"
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
                out.push_str(&format!("  {name} = {op}({})\n", inputs.join(", ")));
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

/// Layers in the order declared, each with the layers it takes from and gives to, joins seen
/// through; then what costs nothing (name and operator), and warnings.
pub fn json(network: &Network, free: &[(&str, &str)], warnings: &[&str]) -> Value {
    let layers = network
        .graph
        .node_indices()
        .filter_map(|at| match &network.graph[at].kind {
            NodeKind::Layer(shape) => Some(layer(network, at, shape)),
            _ => None,
        });
    let layers: Vec<Value> = layers.collect();
    let free = free
        .iter()
        .map(|(name, op)| json!({ "name": name, "op": op }));
    json!({
        "network": network.name,
        "layers": layers,
        "free": free.collect::<Vec<_>>(),
        "warnings": warnings,
    })
}

fn layer(network: &Network, at: NodeIndex, shape: &LayerShape) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), network.graph[at].name.as_str().into());
    out.insert("op".into(), shape.op.name().into());
    out.insert("dims".into(), graph::dims(shape));
    if shape.op.slides() {
        let p = shape.pad;
        out.insert("stride".into(), json!(shape.stride));
        out.insert("pad".into(), json!([p.top, p.bottom, p.left, p.right]));
        out.insert("dilation".into(), json!(shape.dilation));
    } else {
        out.insert("stride".into(), json!([1, 1]));
    }
    let groups = match shape.op {
        Op::Depthwise => shape.bound(Dim::C),
        _ => shape.bound(Dim::G),
    };
    out.insert("groups".into(), groups.into());
    out.insert("macs".into(), json!(shape.macs()));
    out.insert(
        "inputs".into(),
        json!(layers_by(network, at, Direction::Incoming)),
    );
    out.insert(
        "outputs".into(),
        json!(layers_by(network, at, Direction::Outgoing)),
    );
    Value::Object(out)
}

/// The layers nearest to this one along the edges.
fn layers_by(network: &Network, at: NodeIndex, way: Direction) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut waiting = neighbours(network, at, way);
    waiting.reverse();
    while let Some(next) = waiting.pop() {
        if !seen.insert(next) {
            continue;
        }
        match &network.graph[next].kind {
            NodeKind::Layer(_) => found.push(network.graph[next].name.as_str()),
            NodeKind::Input => {}
            NodeKind::Free(_) => {
                let mut further = neighbours(network, next, way);
                further.reverse();
                waiting.append(&mut further);
            }
        }
    }
    found
}
