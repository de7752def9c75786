//! The network as what waits for what: the longest path through it, and how near to the longest
//! each layer's paths are.
//!
//! A layer starts when all its producers are done, and operators that cost nothing pass through at
//! once, so with d_l cycles in layer l and none elsewhere a node is done at
//!
//! ```text
//! f_v = d_v + max over producers u of f_u      (0 without producers)
//! ```
//!
//! and the critical path is the largest f (Kelley and Walker 1959). Layers without any edge between
//! them wait for nothing and run side by side.

use crate::base::math::exp;
use crate::ir::network::{Network, NodeKind};
use petgraph::Direction;
use petgraph::graph::NodeIndex;

/// How fast the share of a branch falls with its slack: by e to this power over the length of the
/// branches that it is compared with.
const SHARPNESS: f64 = 20.0;

/// A node that may lie on a path: a layer, or an operator that costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The node in the network.
    pub node: NodeIndex,
    /// Its index among the problem's layers; `None` costs nothing.
    pub layer: Option<usize>,
    /// Steps it waits for, ascending.
    pub before: Vec<usize>,
    /// Steps that wait for it, ascending.
    pub after: Vec<usize>,
    /// The last step that every path to this one runs through; `None` if there is none.
    fork: Option<usize>,
}

/// All paths of a network. Its inputs are left out: they take no time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// In topological order.
    pub steps: Vec<Step>,
    /// Number of layers.
    pub layers: usize,
    /// The last step that every path runs through.
    fork: Option<usize>,
    /// Whether one path runs through all layers, so that the longest is their sum.
    pub chain: bool,
}

impl Paths {
    /// The paths of a network, whose layers count in topological order as a problem's do.
    pub fn new(network: &Network) -> Paths {
        let mut step_of: Vec<Option<usize>> = vec![None; network.graph.node_count()];
        let mut steps: Vec<Step> = Vec::new();
        let mut forks = Forks::default();
        let mut layers = 0;
        for &node in &network.order {
            let layer = match network.graph[node].kind {
                NodeKind::Input => continue,
                NodeKind::Layer(_) => Some(layers),
                NodeKind::Free(_) => None,
            };
            layers += usize::from(layer.is_some());
            let producers = network
                .graph
                .neighbors_directed(node, Direction::Incoming)
                .filter_map(|p| step_of[p.index()]);
            let mut before: Vec<usize> = producers.collect();
            before.sort_unstable();
            before.dedup();
            let at = steps.len();
            step_of[node.index()] = Some(at);
            before.iter().for_each(|&b| steps[b].after.push(at));
            steps.push(Step {
                node,
                layer,
                fork: forks.push(&before),
                before,
                after: Vec::new(),
            });
        }
        let mut paths = Paths {
            fork: None,
            steps,
            layers,
            chain: false,
        };
        let ends: Vec<usize> = paths.ends().collect();
        paths.fork = forks.push(&ends);
        paths.chain = paths.longest(&|_| 1) == layers as u64;
        paths
    }

    /// The steps that nothing waits for.
    pub fn ends(&self) -> impl Iterator<Item = usize> {
        (0..self.steps.len()).filter(|&s| self.steps[s].after.is_empty())
    }

    /// When each step is done. Cycles per layer and layers are bounded such that sums fit.
    pub fn finishes(&self, cycles: &dyn Fn(usize) -> u64) -> Vec<u64> {
        let mut done: Vec<u64> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let start = step.before.iter().map(|&b| done[b]).max().unwrap_or(0);
            done.push(start + step.layer.map_or(0, cycles));
        }
        done
    }

    /// The critical path: cycles of the longest path.
    pub fn longest(&self, cycles: &dyn Fn(usize) -> u64) -> u64 {
        if self.chain {
            return (0..self.layers).map(cycles).sum();
        }
        self.finishes(cycles).into_iter().max().unwrap_or(0)
    }

    /// Per layer: cycles by which it may take longer before a path through it is the longest.
    pub fn slack(&self, cycles: &dyn Fn(usize) -> u64) -> Vec<u64> {
        let done = self.finishes(cycles);
        let longest = done.iter().copied().max().unwrap_or(0);
        let mut slack = vec![0; self.layers];
        // The latest that each step may be done.
        let mut latest = vec![longest; self.steps.len()];
        for (at, step) in self.steps.iter().enumerate().rev() {
            if let Some(layer) = step.layer {
                slack[layer] = latest[at] - done[at];
            }
            let start = latest[at] - step.layer.map_or(0, cycles);
            for &b in &step.before {
                latest[b] = latest[b].min(start);
            }
        }
        slack
    }

    /// Per layer its share of a unit flow that keeps to the paths that are nearly longest. Going
    /// back from the end, what arrives at a step splits over its producers in proportion to
    /// e^(-20 s), s being how much earlier a producer is done than the last of them, as a
    /// part of the time since all of them set out from one common step.
    pub fn flow(&self, cycles: &dyn Fn(usize) -> u64) -> Vec<f64> {
        if self.chain {
            return vec![1.0; self.layers];
        }
        let done = self.finishes(cycles);
        let mut mass = vec![0.0; self.steps.len()];
        let split = |steps: &[usize], fork: Option<usize>, amount: f64, mass: &mut [f64]| {
            if let [only] = steps {
                mass[*only] += amount;
                return;
            }
            let last = steps.iter().map(|&s| done[s]).max().unwrap_or(0);
            let length = (last - fork.map_or(0, |f| done[f])).max(1) as f64;
            let share = |s: usize| exp(-SHARPNESS * (last - done[s]) as f64 / length);
            let all: f64 = steps.iter().map(|&s| share(s)).sum();
            for &s in steps {
                mass[s] += amount * share(s) / all;
            }
        };
        let ends: Vec<usize> = self.ends().collect();
        split(&ends, self.fork, 1.0, &mut mass);
        let mut flow = vec![0.0; self.layers];
        for (at, step) in self.steps.iter().enumerate().rev() {
            let amount = mass[at];
            if let Some(layer) = step.layer {
                flow[layer] = amount;
            }
            split(&step.before, step.fork, amount, &mut mass);
        }
        flow
    }
}

/// Immediate dominators, found step by step in topological order (Cooper, Harvey and Kennedy 2001).
#[derive(Default)]
struct Forks {
    /// Per step its dominator and its depth in the tree of dominators; roots have depth 1.
    above: Vec<(Option<usize>, usize)>,
}

impl Forks {
    /// Adds a step behind these; the last step that all paths to it share.
    fn push(&mut self, before: &[usize]) -> Option<usize> {
        let mut common = before.first().copied();
        for &b in before.iter().skip(1) {
            common = self.meet(common, Some(b));
        }
        let depth = common.map_or(0, |c| self.above[c].1);
        self.above.push((common, depth + 1));
        common
    }

    fn meet(&self, mut a: Option<usize>, mut b: Option<usize>) -> Option<usize> {
        while a != b {
            let depth = |x: Option<usize>| x.map_or(0, |x| self.above[x].1);
            if depth(a) >= depth(b) {
                a = self.above[a?].0;
            } else {
                b = self.above[b?].0;
            }
        }
        a
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::span::{FileId, Span};
    use crate::ir::layer::{LayerShape, Op};
    use crate::ir::network::Node;
    use petgraph::graph::DiGraph;

    /// Nodes in topological order, `L` a layer, anything else free.
    fn paths(kinds: &str, edges: &[(usize, usize)]) -> Paths {
        let span = Span {
            file: FileId(0),
            start: 0,
            end: 0,
        };
        let mut graph = DiGraph::new();
        for (i, kind) in kinds.chars().enumerate() {
            let kind = match kind {
                'L' => NodeKind::Layer(LayerShape::new(Op::Gemm, &[])),
                'I' => NodeKind::Input,
                _ => NodeKind::Free("add".into()),
            };
            graph.add_node(Node {
                name: format!("n{i}"),
                kind,
                output: None,
                span,
            });
        }
        for &(from, to) in edges {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), ());
        }
        let network = Network {
            name: "n".to_string(),
            shapes_checked: false,
            order: graph.node_indices().collect(),
            graph,
            span,
        };
        Paths::new(&network)
    }

    #[test]
    fn a_chain_is_its_sum_whatever_stands_between() {
        let paths = paths("ILfLfL", &[(0, 1), (1, 2), (2, 3), (1, 4), (3, 4), (4, 5)]);
        assert!(paths.chain);
        assert_eq!(paths.longest(&|l| 10 + l as u64), 33);
        assert_eq!(paths.slack(&|_| 7), [0, 0, 0]);
        assert_eq!(paths.flow(&|_| 7), [1.0, 1.0, 1.0]);
    }

    #[test]
    fn branches_overlap_and_loose_layers_are_independent() {
        let diamond = paths("LLLfL", &[(0, 1), (0, 2), (1, 3), (2, 3), (3, 4)]);
        let cycles = [5, 20, 8, 1];
        assert!(!diamond.chain);
        assert_eq!(diamond.longest(&|l| cycles[l]), 26);
        assert_eq!(diamond.slack(&|l| cycles[l]), [0, 0, 12, 0]);
        let flow = diamond.flow(&|l| cycles[l]);
        assert_eq!((flow[0], flow[3]), (1.0, 1.0));
        assert!((flow[1] + flow[2] - 1.0).abs() < 1e-15 && flow[1] > 0.99);
        let loose = paths("LLL", &[]);
        assert_eq!(loose.longest(&|l| cycles[l]), 20);
        assert_eq!(loose.slack(&|l| cycles[l]), [15, 0, 12]);
        let flow = loose.flow(&|_| 3);
        assert!(flow.iter().all(|f| (f - 1.0 / 3.0).abs() < 1e-15));
    }
}
