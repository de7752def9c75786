//! Networks as graphs: DOT for drawing, JSON for tools.

use super::grid::{Align, Grid};
use crate::ir::layer::LayerShape;
use crate::ir::network::{Network, Node, NodeKind};
use petgraph::visit::EdgeRef;
use serde_json::{Map, Value, json};

/// What the node computes, by name.
fn op(node: &Node) -> &str {
    match &node.kind {
        NodeKind::Input => "input",
        NodeKind::Layer(shape) => shape.op.name(),
        NodeKind::Free(op) => op,
    }
}

/// Edges in topological order of their consumers, operands in the order written.
fn edges(network: &Network) -> Vec<(&Node, &Node)> {
    let mut out = Vec::new();
    for &to in &network.order {
        let mut incoming: Vec<_> = network
            .graph
            .edges_directed(to, petgraph::Direction::Incoming)
            .collect();
        incoming.sort_by_key(|e| e.id());
        let pair = |e: &petgraph::graph::EdgeReference<()>| {
            (&network.graph[e.source()], &network.graph[to])
        };
        out.extend(incoming.iter().map(pair));
    }
    out
}

/// Nodes in topological order and the edges between them.
pub fn json(network: &Network) -> Value {
    let nodes: Vec<Value> = network
        .order
        .iter()
        .map(|&i| node(&network.graph[i]))
        .collect();
    json!({
        "network": network.name,
        "shapes_checked": network.shapes_checked,
        "nodes": nodes,
        "edges": edge_names(network),
    })
}

/// Names of producer and consumer of every edge.
pub fn edge_names(network: &Network) -> Vec<[&str; 2]> {
    edges(network)
        .into_iter()
        .map(|(from, to)| [from.name.as_str(), to.name.as_str()])
        .collect()
}

fn node(node: &Node) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), node.name.as_str().into());
    out.insert("op".into(), op(node).into());
    if let NodeKind::Layer(shape) = &node.kind {
        out.insert("dims".into(), dims(shape));
        if shape.op.slides() {
            out.insert("stride".into(), json!(shape.stride));
            let p = shape.pad;
            out.insert("pad".into(), json!([p.top, p.bottom, p.left, p.right]));
            out.insert("dilation".into(), json!(shape.dilation));
        }
        out.insert("macs".into(), json!(shape.macs()));
    }
    let output = node.output.map(|o| json!([o.channels, o.rows, o.columns]));
    out.insert("output".into(), output.unwrap_or_default());
    Value::Object(out)
}

/// The declared loop bounds.
pub(super) fn dims(shape: &LayerShape) -> Value {
    let dims = shape.op.dims().iter().filter(|d| shape.bounds[**d] > 0);
    Value::Object(
        dims.map(|d| (d.name().to_string(), shape.bounds[*d].into()))
            .collect(),
    )
}

/// For reading: every node with what it takes, its bounds and the shape that it gives.
pub fn table(network: &Network) -> String {
    let left = ["node", "op", "from", "bounds", "gives (C, Y, X)"];
    let mut grid = Grid::new(left.map(|heading| (heading, Align::Left)));
    for &i in &network.order {
        let node = &network.graph[i];
        let mut incoming: Vec<_> = network
            .graph
            .edges_directed(i, petgraph::Direction::Incoming)
            .collect();
        incoming.sort_by_key(|e| e.id());
        let from = incoming
            .iter()
            .map(|e| network.graph[e.source()].name.as_str());
        let bounds = match &node.kind {
            NodeKind::Layer(layer) => {
                let text = bounds(layer).replace('\n', ", ");
                let op = layer.op.name();
                text.strip_prefix(op)
                    .unwrap_or(&text)
                    .trim_start()
                    .to_string()
            }
            _ => String::new(),
        };
        grid.push(vec![
            node.name.clone(),
            op(node).to_string(),
            from.collect::<Vec<_>>().join(", "),
            bounds,
            node.output.map_or("unknown".to_string(), |o| o.to_string()),
        ]);
    }
    format!(
        "network {}\n  {}\n",
        network.name,
        grid.lines().join("\n  ")
    )
}

/// For Graphviz: layers as boxes with their bounds, free operators as ellipses, the shape of what
/// flows along each edge.
pub fn dot(network: &Network) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&network.name));
    out.push_str("  node [fontname=\"Helvetica\", fontsize=10];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=9];\n");
    for &i in &network.order {
        let node = &network.graph[i];
        let (shape, text) = match &node.kind {
            NodeKind::Layer(layer) => ("box", format!("{}\n{}", node.name, bounds(layer))),
            NodeKind::Input => ("plaintext", node.name.clone()),
            NodeKind::Free(op) => ("ellipse", format!("{}\n{op}", node.name)),
        };
        out.push_str(&format!(
            "  {} [shape={shape}, label={}];\n",
            quoted(&node.name),
            quoted(&text)
        ));
    }
    for (from, to) in edges(network) {
        let flows = from
            .output
            .filter(|_| network.shapes_checked)
            .map_or(String::new(), |o| {
                format!(" [label={}]", quoted(&o.to_string()))
            });
        out.push_str(&format!(
            "  {} -> {}{flows};\n",
            quoted(&from.name),
            quoted(&to.name)
        ));
    }
    out.push_str("}\n");
    out
}

/// `conv K=32 C=3 Y=224 X=224 R=3 S=3` and the stride on a line of its own.
fn bounds(shape: &LayerShape) -> String {
    let bound = |dim: crate::ir::dim::Dim| {
        let extent = shape.bounds[dim];
        (extent > 0).then(|| format!("{}={extent}", dim.name()))
    };
    let dims: Vec<String> = shape.op.dims().iter().filter_map(|d| bound(*d)).collect();
    let mut out = format!("{} {}", shape.op.name(), dims.join(" "));
    if shape.stride != [1, 1] {
        out.push_str(&format!("\nstride {}x{}", shape.stride[0], shape.stride[1]));
    }
    out
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            _ => out.push(c),
        }
    }
    out + "\""
}
