//! Data-centric dataflow directives: how a layer's loops are spread over space and time.

use super::dim::Dim;
use super::layer::Op;
pub use super::size::{Computed, Sign, Size};
use crate::base::span::Span;
use std::collections::{BTreeMap, BTreeSet};

/// Most cluster levels that a price model takes.
pub const MAX_LEVELS: usize = 4;

/// Whether a directive spreads its dimension over the sub-clusters or walks it in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapKind {
    /// Over time: every sub-cluster holds the same tile, the next step holds the next tile.
    Temporal,
    /// Over space: neighbouring sub-clusters hold neighbouring tiles.
    Spatial,
}

/// One directive: `kind dim by size step step`, as in `spatial K by buffer step 2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Over time or over space.
    pub kind: MapKind,
    /// The mapped dimension.
    pub dim: Dim,
    /// Elements of the dimension in one tile.
    pub size: Size,
    /// Distance between neighbouring tiles.
    pub step: Size,
    /// Where it was written.
    pub span: Span,
}

/// The directives of one cluster level, outermost loop first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterLevel {
    /// Sub-clusters of the level above that make one cluster of this level; `None` for the
    /// outermost level, which spans what PEs there are.
    pub cluster: Option<Size>,
    /// In loop order, outermost first.
    pub directives: Vec<Directive>,
}

/// How one kind of layer is mapped: the levels of one `for` block, outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The layer kinds this rule is for; none if it is for layers by name.
    pub ops: Vec<Op>,
    /// The layers it is for, by name; none if it is for kinds.
    pub layers: Vec<String>,
    /// At least one level.
    pub levels: Vec<ClusterLevel>,
    /// The `for` block.
    pub span: Span,
}

impl Rule {
    /// The knobs that its sizes read, each once.
    pub fn knobs(&self) -> BTreeSet<usize> {
        let mut read = BTreeSet::new();
        for level in &self.levels {
            let sizes = level.directives.iter().flat_map(|d| [&d.size, &d.step]);
            for size in sizes.chain(&level.cluster) {
                size.visit(&mut |plain| {
                    if let Size::Knob(knob) = plain {
                        read.insert(*knob);
                    }
                });
            }
        }
        read
    }
}

/// A named dataflow: one rule per kind of layer, and rules for single layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataflow {
    /// As the report shows it.
    pub name: String,
    /// No two rules name the same kind or the same layer.
    pub rules: Vec<Rule>,
    /// Where it was declared.
    pub span: Span,
}

impl Dataflow {
    /// The rule for a kind of layer, if the dataflow has one. A rule for a layer by its name comes
    /// before it: see [`Dataflow::rules_by_layer`].
    pub fn rule(&self, op: Op) -> Option<&Rule> {
        self.rules.iter().find(|r| r.ops.contains(&op))
    }

    /// For each layer that has a rule of its own, the index of the rule.
    pub fn rules_by_layer(&self) -> BTreeMap<&str, usize> {
        let rules = self.rules.iter().enumerate();
        rules
            .flat_map(|(i, rule)| rule.layers.iter().map(move |name| (name.as_str(), i)))
            .collect()
    }
}
