//! What costs nothing on the array: told in a sentence, and seen through.

use crate::ir::network::{Network, NodeKind};
use petgraph::Direction;
use petgraph::graph::NodeIndex;
use std::collections::BTreeMap;
use std::rc::Rc;

/// So many operators are told one by one, and more by kind.
const MOST_TOLD: usize = 24;

/// Through an operator at most so many layers are seen; behind more, the operator itself is.
const MOST_SEEN: usize = 256;

/// Once so many pairs of layers are joined, nothing more is seen through than a single layer.
const MANY_PAIRS: usize = 500_000;

/// `skip (add), pool (global_pool)`, or if there are many `12 Add, 40 Relu`; `None` if there are
/// none.
pub fn told(network: &Network) -> Option<String> {
    let all: Vec<String> = network
        .free()
        .take(MOST_TOLD + 1)
        .map(|(node, op)| format!("{} ({op})", node.name))
        .collect();
    match all.len() {
        0 => None,
        n if n > MOST_TOLD => Some(kinds(network)),
        _ => Some(all.join(", ")),
    }
}

/// `2 Relu, 1 Softmax`, by name.
pub fn kinds(network: &Network) -> String {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, op) in network.free() {
        *counts.entry(op).or_default() += 1;
    }
    let kinds = counts.iter();
    let kinds: Vec<String> = kinds
        .map(|(op, count)| format!("{count} {}", op.replace(char::is_control, "_")))
        .collect();
    kinds.join(", ")
}

/// Per layer the layers before and behind it, seen through what costs nothing. Where an operator
/// joins very many, it stands for them.
pub struct Seen {
    inputs: Vec<Rc<[NodeIndex]>>,
    outputs: Vec<Vec<NodeIndex>>,
}

impl Seen {
    /// Looks through every free operator of the network.
    pub fn through(network: &Network) -> Seen {
        let count = network.graph.node_count();
        let none: Rc<[NodeIndex]> = Rc::from([]);
        // What is seen of each node from behind it: itself, or what is seen through it.
        let mut shown: Vec<Rc<[NodeIndex]>> = vec![Rc::clone(&none); count];
        let mut seen = Seen {
            inputs: vec![none; count],
            outputs: vec![Vec::new(); count],
        };
        let mut pairs = 0;
        for &at in &network.order {
            let inputs = before(network, at, &shown);
            let most = if pairs > MANY_PAIRS { 1 } else { MOST_SEEN };
            let free = matches!(network.graph[at].kind, NodeKind::Free(_));
            if free && inputs.len() <= most {
                shown[at.index()] = inputs;
                continue;
            }
            shown[at.index()] = Rc::from([at]);
            pairs += inputs.len();
            for end in inputs.iter() {
                seen.outputs[end.index()].push(at);
            }
            seen.inputs[at.index()] = inputs;
        }
        seen
    }

    /// What a layer takes from, in the order of the network's edges.
    pub fn inputs(&self, layer: NodeIndex) -> &[NodeIndex] {
        &self.inputs[layer.index()]
    }

    /// The layers, and operators that stand for layers, that take from it, in topological order.
    pub fn outputs(&self, layer: NodeIndex) -> &[NodeIndex] {
        &self.outputs[layer.index()]
    }
}

/// What is seen of a node's producers, without doubles, in topological order if they are several.
fn before(network: &Network, at: NodeIndex, shown: &[Rc<[NodeIndex]>]) -> Rc<[NodeIndex]> {
    let mut producers = network.graph.neighbors_directed(at, Direction::Incoming);
    let first = match producers.next() {
        None => return Rc::from([]),
        Some(first) => &shown[first.index()],
    };
    let mut all: Vec<NodeIndex> = Vec::new();
    for producer in producers {
        if all.is_empty() {
            all.extend_from_slice(first);
        }
        all.extend_from_slice(&shown[producer.index()]);
    }
    if all.is_empty() {
        return Rc::clone(first);
    }
    all.sort_unstable();
    all.dedup();
    all.into()
}
