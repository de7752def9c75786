//! Edges: order, cycles, and the agreement of shapes along them.

use super::network::{Draft, DraftKind};
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::network::{Network, Node, TensorShape};
use crate::syntax::ast::Name;
use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

/// From producer to consumer, by position of the drafts.
pub struct Edge {
    pub from: usize,
    pub to: usize,
    /// Where the consumer names the producer.
    pub span: Span,
}

/// Topological order; among nodes that could come next, the one declared first (Kahn 1962 with an
/// ordered set). Reports circles; nodes in them and behind them are not in the order.
pub fn order(drafts: &[Draft], edges: &[Edge], out: &mut Vec<Diagnostic>) -> Vec<usize> {
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
    if order.len() < drafts.len() {
        cycles(drafts, edges, out);
    }
    order
}

/// Reports one circle of every set of nodes that lead to each other.
fn cycles(drafts: &[Draft], edges: &[Edge], out: &mut Vec<Diagnostic>) {
    let mut graph: DiGraph<usize, Span> = DiGraph::new();
    let nodes: Vec<NodeIndex> = (0..drafts.len()).map(|i| graph.add_node(i)).collect();
    for edge in edges {
        graph.add_edge(nodes[edge.from], nodes[edge.to], edge.span);
    }
    // Not Tarjan's: petgraph has it recursive, and networks are deep.
    let mut groups: Vec<Vec<usize>> = kosaraju_scc(&graph)
        .into_iter()
        .map(|group| group.into_iter().map(|n| graph[n]).collect())
        .collect();
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups.sort();
    for group in groups {
        let start = nodes[group[0]];
        let inside: BTreeSet<usize> = group.iter().copied().collect();
        if group.len() > 1 || graph.contains_edge(start, start) {
            out.push(cycle(drafts, &graph, start, &inside));
        }
    }
}

/// Walks backwards from `start`, never out of the group, until a node comes again.
fn cycle(
    drafts: &[Draft],
    graph: &DiGraph<usize, Span>,
    start: NodeIndex,
    group: &BTreeSet<usize>,
) -> Diagnostic {
    let mut path: Vec<(usize, Span)> = Vec::new();
    let mut place = BTreeMap::new();
    let mut at = start;
    loop {
        if let Some(&begin) = place.get(&at) {
            path.drain(..begin);
            break;
        }
        let incoming = graph
            .edges_directed(at, Direction::Incoming)
            .find(|e| group.contains(&graph[e.source()]));
        let Some(edge) = incoming else { break };
        place.insert(at, path.len());
        path.push((graph[at], *edge.weight()));
        at = edge.source();
    }
    path.reverse();
    // Begin with the node declared first.
    let first = (0..path.len()).min_by_key(|&i| path[i].0).unwrap_or(0);
    path.rotate_left(first);
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
        let text = match &drafts[node].kind {
            DraftKind::Call(_) => {
                format!("`{}` takes this as an operand", drafts[node].name.node)
            }
            _ => format!("this edge leads into `{}`", drafts[node].name.node),
        };
        diagnostic = diagnostic.label(span, text);
    }
    diagnostic.help("a layer cannot depend on its own result; remove one of these edges")
}

/// Warns of nodes that no edge touches while edges join others, and of inputs that nothing reads.
pub fn lint_loose(drafts: &[Draft], edges: &[Edge], out: &mut Vec<Diagnostic>) {
    if edges.is_empty() {
        return;
    }
    let mut touched = vec![false; drafts.len()];
    for edge in edges {
        touched[edge.from] = true;
        touched[edge.to] = true;
    }
    for (draft, _) in drafts.iter().zip(touched).filter(|(_, touched)| !touched) {
        let (label, help) = match &draft.kind {
            DraftKind::Input(_) => (
                "nothing reads this input",
                "name it as an operand, or remove it",
            ),
            DraftKind::Explicit(_) => (
                "no edge begins or ends here, though others are joined",
                "join it to its neighbours, e.g. `before -> this -> after`; it is priced all the same",
            ),
            DraftKind::Call(_) | DraftKind::Broken => continue,
        };
        out.push(
            Diagnostic::warning(
                codes::LOOSE,
                format!("`{}` is connected to nothing", draft.name.node),
            )
            .label(draft.name.span, label)
            .help(help),
        );
    }
}

/// Warns of layers that begin a path of their own in a network whose inputs lead elsewhere.
pub fn lint_unreached(drafts: &[Draft], edges: &[Edge], out: &mut Vec<Diagnostic>) {
    let input = |at: usize| matches!(drafts[at].kind, DraftKind::Input(_));
    let Some(read) = edges.iter().find(|e| input(e.from)) else {
        return;
    };
    let ends: BTreeSet<usize> = edges.iter().map(|e| e.to).collect();
    let begins: BTreeSet<usize> = edges.iter().map(|e| e.from).collect();
    for at in begins.difference(&ends) {
        let draft = &drafts[*at];
        if !matches!(draft.kind, DraftKind::Explicit(_)) {
            continue;
        }
        out.push(
            Diagnostic::warning(
                codes::LOOSE,
                format!("no path from an input reaches `{}`", draft.name.node),
            )
            .label(draft.name.span, "nothing leads here")
            .label(
                drafts[read.from].name.span,
                "the paths of the network begin here",
            )
            .help(
                "join it to what comes before it, e.g. `before -> this`; it is priced all the same",
            ),
        );
    }
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
    let several = arriving.len() > 1;
    for (node, given, span) in arriving {
        if agrees(given) {
            continue;
        }
        let help = match given.elements() {
            Some(elements) if flat && (given.rows, given.columns) != (1, 1) => format!(
                "a dense layer takes every element of a map: `C = {elements}`; or put a `global_pool` before it"
            ),
            _ if several => "several producers are added up if each gives what the layer takes, or stacked if their channels make up the sum; correct the bounds of the odd one".to_string(),
            _ => "correct the bounds, stride or padding of one of the two; for a table that has lost them, write `network name shapes unchecked { … }`".to_string(),
        };
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
        out.push(diagnostic.help(help));
    }
}

/// The extents of what a layer takes.
fn input_of(shape: &LayerShape) -> Option<TensorShape> {
    Some(match shape.op {
        Op::Gemm => TensorShape {
            channels: shape.bound(Dim::K).checked_mul(shape.bound(Dim::G))?,
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
    name: &Name,
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
        name: name.node.clone(),
        shapes_checked,
        graph,
        order: order.iter().map(|&i| indices[i]).collect(),
        span: name.span,
    }
}
