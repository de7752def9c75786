//! Edges: order, cycles, and the agreement of shapes along them.

use super::network::Draft;
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::network::{Network, Node, TensorShape};
use crate::syntax::ast::NetworkDecl;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeSet;

/// From producer to consumer, by position of the drafts.
pub struct Edge {
    pub from: usize,
    pub to: usize,
    /// Where the consumer names the producer.
    pub span: Span,
}

/// Topological order; among nodes that could come next, the one declared first (Kahn 1962 with an
/// ordered set). Reports a cycle.
pub fn order(drafts: &[Draft], edges: &[Edge], out: &mut Vec<Diagnostic>) -> Option<Vec<usize>> {
    let mut waiting = vec![0usize; drafts.len()];
    let mut consumers: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for edge in edges {
        waiting[edge.to] += 1;
        consumers[edge.from].push(edge.to);
    }
    let mut ready: BTreeSet<usize> = (0..drafts.len()).filter(|&i| waiting[i] == 0).collect();
    let mut order = Vec::with_capacity(drafts.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for &next in &consumers[at] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.insert(next);
            }
        }
    }
    if order.len() == drafts.len() {
        return Some(order);
    }
    out.push(cycle(drafts, edges, &waiting));
    None
}

/// Walks backwards among the nodes that still wait until one comes again: that is a cycle.
fn cycle(drafts: &[Draft], edges: &[Edge], waiting: &[usize]) -> Diagnostic {
    let start = waiting.iter().position(|&w| w > 0).unwrap_or(0);
    let mut path: Vec<(usize, Span)> = Vec::new();
    let mut at = start;
    loop {
        let edge = edges.iter().find(|e| e.to == at && waiting[e.from] > 0);
        let Some(edge) = edge else { break };
        if let Some(begin) = path.iter().position(|&(node, _)| node == at) {
            path.drain(..begin);
            break;
        }
        path.push((at, edge.span));
        at = edge.from;
    }
    path.reverse();
    let names: Vec<&str> = path
        .iter()
        .map(|&(i, _)| drafts[i].name.node.as_str())
        .collect();
    let shown = match names.len() {
        0..=8 => names.join(" -> "),
        n => format!(
            "{} -> … ({} more) … -> {}",
            names[..4].join(" -> "),
            n - 6,
            names[n - 2..].join(" -> ")
        ),
    };
    let mut diagnostic = Diagnostic::error(
        codes::CYCLE,
        format!(
            "the network runs in a circle: {shown} -> {}",
            names.first().unwrap_or(&"")
        ),
    );
    for &(node, span) in path.iter().take(6) {
        diagnostic = diagnostic.label(
            span,
            format!("`{}` takes this as an operand", drafts[node].name.node),
        );
    }
    diagnostic.help("a layer's result cannot depend on itself; remove one of these edges")
}

/// Checks what an explicit layer receives: every producer has its input's shape (several are added
/// up), or all together have its channels (they are concatenated).
pub fn check_edges(
    draft: &Draft,
    shape: &LayerShape,
    operands: &[(usize, Span)],
    nodes: &[Option<Node>],
    out: &mut Vec<Diagnostic>,
) {
    let wanted = input_of(shape);
    let mut arriving = Vec::new();
    for &(from, span) in operands {
        let Some(node) = &nodes[from] else { return };
        let Some(output) = node.output else { return };
        arriving.push((node, output, span));
    }
    let Some(wanted) = wanted else { return };
    let flat = matches!(shape.op, Op::Dense);
    let agrees =
        |given: TensorShape| given == wanted || (flat && given.elements() == Some(wanted.channels));
    let channels = arriving
        .iter()
        .try_fold(0u64, |sum, (_, s, _)| sum.checked_add(s.channels));
    let same_plane = arriving
        .iter()
        .all(|(_, s, _)| (s.rows, s.columns) == (wanted.rows, wanted.columns));
    if arriving.len() > 1 && same_plane && channels == Some(wanted.channels) {
        return;
    }
    for (node, given, span) in arriving {
        if agrees(given) {
            continue;
        }
        let mut diagnostic = Diagnostic::error(
            codes::SHAPE_MISMATCH,
            format!(
                "`{}` gives {given}, but `{}` takes {wanted}",
                node.name, draft.name.node
            ),
        )
        .label(span, "the shapes along this edge disagree (C, Y, X)");
        diagnostic = diagnostic
            .label(node.span, format!("gives {given}"))
            .label(draft.name.span, format!("takes {wanted}"));
        out.push(diagnostic.help(
            "correct the bounds, stride or padding of one of the two; for a table that has lost them, write `network name shapes unchecked { … }`",
        ));
    }
}

/// The extents of what a layer takes.
fn input_of(shape: &LayerShape) -> Option<TensorShape> {
    Some(match shape.op {
        Op::Gemm => TensorShape {
            channels: shape.bound(Dim::K),
            rows: shape.bound(Dim::M),
            columns: 1,
        },
        _ => TensorShape {
            channels: shape.input_channels()?,
            rows: shape.bound(Dim::Y),
            columns: shape.bound(Dim::X),
        },
    })
}

/// The finished graph.
pub fn build(
    decl: &NetworkDecl,
    nodes: Vec<Node>,
    edges: &[Edge],
    order: &[usize],
    shapes_checked: bool,
) -> Network {
    let mut graph = DiGraph::with_capacity(nodes.len(), edges.len());
    let indices: Vec<NodeIndex> = nodes.into_iter().map(|n| graph.add_node(n)).collect();
    for edge in edges {
        graph.add_edge(indices[edge.from], indices[edge.to], ());
    }
    Network {
        name: decl.name.node.clone(),
        shapes_checked,
        graph,
        order: order.iter().map(|&i| indices[i]).collect(),
        span: decl.name.span,
    }
}
