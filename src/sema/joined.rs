//! Networks whose nodes came from a model with their bounds and their edges: no names to resolve,
//! only bounds to check.

use super::network::empty;
use super::operator::output_of;
use super::window::{MAX_EXTENT, MAX_STEP, fits};
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::layer::LayerShape;
use crate::ir::network::{Network, Node, NodeKind, TensorShape, Vertex, VertexKind};
use crate::syntax::ast::Name;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The network of these vertices; diagnostics are placed `at` what names the model. What a model
/// joins is joined: shapes along its edges are its own matter.
pub fn network(
    name: &Name,
    vertices: Vec<Vertex>,
    at: Span,
    out: &mut Vec<Diagnostic>,
) -> Option<Network> {
    let before = out.len();
    if !vertices
        .iter()
        .any(|v| matches!(v.kind, VertexKind::Layer(_)))
    {
        out.push(empty(name));
    }
    let edges = vertices.iter().map(|v| v.inputs.len()).sum();
    // A model has a few words for many operators.
    let mut words: HashMap<Rc<str>, Arc<str>> = HashMap::new();
    let mut graph: DiGraph<Node, ()> = DiGraph::with_capacity(vertices.len(), edges);
    for vertex in vertices {
        let (kind, output) = match vertex.kind {
            VertexKind::Layer(shape) => {
                let found = out.len();
                let output = counted(&shape, at, out);
                for diagnostic in &mut out[found..] {
                    diagnostic.message = format!("layer `{}`: {}", vertex.name, diagnostic.message);
                }
                (NodeKind::Layer(*shape), output)
            }
            VertexKind::Free(op) => {
                let shared = words.entry(op).or_insert_with_key(|op| Arc::from(&**op));
                (NodeKind::Free(Arc::clone(shared)), None)
            }
        };
        let to = graph.add_node(Node {
            name: vertex.name,
            kind,
            output,
            span: at,
        });
        for &from in vertex.inputs.iter() {
            graph.add_edge(NodeIndex::new(from as usize), to, ());
        }
    }
    (out.len() == before).then(|| Network {
        name: name.node.clone(),
        shapes_checked: false,
        order: graph.node_indices().collect(),
        graph,
        span: name.span,
    })
}

/// The extents of the layer's result, if it can be counted; reports why not.
fn counted(shape: &LayerShape, at: Span, out: &mut Vec<Diagnostic>) -> Option<TensorShape> {
    let beyond = |what: &str, most: u64| {
        Diagnostic::error(
            codes::OUT_OF_RANGE,
            format!("{what} must be at most {most}"),
        )
        .label(at, "too large")
        .help("check how the model was exported, and the sizes given with `dim`")
    };
    for &dim in shape.op.dims() {
        if shape.bounds[dim] > MAX_EXTENT {
            out.push(beyond(&format!("`{}`", dim.name()), MAX_EXTENT));
            return None;
        }
    }
    let p = shape.pad;
    for (what, values) in [
        ("`stride`", &shape.stride[..]),
        ("`pad`", &[p.top, p.bottom, p.left, p.right]),
        ("`dilation`", &shape.dilation),
        ("`output_pad`", &shape.output_pad),
    ] {
        if values.iter().any(|&v| v > MAX_STEP) {
            out.push(beyond(what, MAX_STEP));
            return None;
        }
    }
    if shape.op.slides() && (shape.stride.contains(&0) || shape.dilation.contains(&0)) {
        out.push(
            Diagnostic::error(
                codes::OUT_OF_RANGE,
                "stride and dilation must be at least 1",
            )
            .label(at, "a step of 0")
            .help("check how the model was exported"),
        );
        return None;
    }
    fits(shape, at, out).then(|| output_of(shape)).flatten()
}
