//! The network as a directed acyclic graph: layers that cost, and free operators between them.

use super::layer::LayerShape;
use crate::base::span::Span;
use petgraph::graph::{DiGraph, NodeIndex};
use std::rc::Rc;
use std::sync::Arc;

/// Extents of a feature map for one element of the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TensorShape {
    /// C
    pub channels: u64,
    /// Y
    pub rows: u64,
    /// X
    pub columns: u64,
}

impl TensorShape {
    /// A vector of so many elements.
    pub fn vector(channels: u64) -> TensorShape {
        TensorShape {
            channels,
            rows: 1,
            columns: 1,
        }
    }

    /// Number of elements; `None` on overflow.
    pub fn elements(self) -> Option<u64> {
        self.channels
            .checked_mul(self.rows)?
            .checked_mul(self.columns)
    }
}

impl std::fmt::Display for TensorShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.rows == 1 && self.columns == 1 {
            write!(f, "[{}]", self.channels)
        } else {
            write!(f, "[{}, {}, {}]", self.channels, self.rows, self.columns)
        }
    }
}

/// What a node of the graph is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// An input of the network.
    Input,
    /// A layer that is priced.
    Layer(LayerShape),
    /// An operator that costs nothing on the array, by its name: `add`, `global_pool`, …, or what
    /// the network's file calls it.
    Free(Arc<str>),
}

/// A node of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Unique in the network.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// Extents of its result; `None` where shapes are not checked and cannot be known.
    pub output: Option<TensorShape>,
    /// Where it was declared.
    pub span: Span,
}

/// A node as a model's file gives it, before it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vertex {
    /// Unique in the model.
    pub name: String,
    /// What it is.
    pub kind: VertexKind,
    /// Positions of the vertices it takes from, all before its own, in order, without doubles.
    pub inputs: Sources,
}

/// Positions of vertices, in order, without doubles. Most are one, which takes no memory of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sources {
    /// One.
    One([u32; 1]),
    /// None or several.
    Many(Rc<[u32]>),
}

impl From<u32> for Sources {
    fn from(one: u32) -> Sources {
        Sources::One([one])
    }
}

impl From<&[u32]> for Sources {
    fn from(all: &[u32]) -> Sources {
        match all {
            &[one] => Sources::One([one]),
            all => Sources::Many(all.into()),
        }
    }
}

impl std::ops::Deref for Sources {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        match self {
            Sources::One(one) => one,
            Sources::Many(many) => many,
        }
    }
}

/// What a node of a model's file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VertexKind {
    /// A layer with its bounds.
    Layer(Rc<LayerShape>),
    /// What costs nothing, in the file's words.
    Free(Rc<str>),
}

/// A validated network: acyclic, non-empty, shapes agree along every edge unless unchecked.
#[derive(Debug, Clone)]
pub struct Network {
    /// As written.
    pub name: String,
    /// False for tables that have lost strides and padding.
    pub shapes_checked: bool,
    /// Edges run from producer to consumer.
    pub graph: DiGraph<Node, ()>,
    /// Topological order; among nodes that could come next, the one declared first.
    pub order: Vec<NodeIndex>,
    /// Where it was declared.
    pub span: Span,
}

impl Network {
    /// The priced layers in topological order.
    pub fn layers(&self) -> impl Iterator<Item = (NodeIndex, &Node, &LayerShape)> {
        self.order
            .iter()
            .filter_map(|&i| match &self.graph[i].kind {
                NodeKind::Layer(shape) => Some((i, &self.graph[i], shape)),
                _ => None,
            })
    }

    /// The free operators in topological order, inputs left out.
    pub fn free(&self) -> impl Iterator<Item = (&Node, &str)> {
        self.order
            .iter()
            .filter_map(|&i| match &self.graph[i].kind {
                NodeKind::Free(op) => Some((&self.graph[i], &**op)),
                _ => None,
            })
    }
}
