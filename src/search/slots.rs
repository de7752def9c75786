//! How a policy walks a problem: one slot per decision, one head per thing to decide.
//!
//! Pipelined: every layer is a slot. Sequential: the engine is the first slot, and layers follow
//! only if something is left for them to choose. Heads are the dataflow (if there is a choice) and
//! the knobs in menu order; what a slot has no say in is masked to what is already decided.

use crate::ir::problem::Deployment;
use crate::space::{Point, Space};
use std::collections::BTreeMap;

/// One head: the dataflow or a knob, and its levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Which dataflow.
    Dataflow,
    /// Which level of the knob with this index.
    Knob(usize),
}

/// A point that a layer may take, and the level of each head that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The point.
    pub point: Point,
    /// One level per head; 0 where a pin leaves nothing to choose.
    pub levels: Vec<u16>,
}

/// The walk of one problem.
pub struct Slots {
    /// What each head decides.
    pub heads: Vec<Head>,
    /// Levels per head.
    pub levels: Vec<usize>,
    /// Per head: whether it belongs to the engine slot of a sequential design.
    pub shared: Vec<bool>,
    /// Whether an engine slot comes first.
    pub engine: bool,
    /// Whether layers are slots of their own.
    pub layers: bool,
    /// Layers of one shape and pin are of one kind: its choices among the coarse points.
    pub kinds: Vec<Vec<Choice>>,
    /// The kind of each layer.
    pub kind_of: Vec<usize>,
}

impl Slots {
    /// The walk through a space; `None` if a head has more than 65,536 coarse levels.
    pub fn new(space: &Space) -> Option<Slots> {
        let problem = space.problem;
        let sequential = problem.deployment == Deployment::Sequential;
        let mut slots = Slots {
            heads: Vec::new(),
            levels: Vec::new(),
            shared: Vec::new(),
            engine: sequential,
            layers: true,
            kinds: Vec::new(),
            kind_of: Vec::new(),
        };
        if problem.dataflows.len() > 1 {
            slots.heads.push(Head::Dataflow);
            slots.levels.push(problem.dataflows.len());
            slots.shared.push(false);
        }
        for (index, knob) in problem.menu.knobs.iter().enumerate() {
            slots.heads.push(Head::Knob(index));
            slots.levels.push(knob.levels.len());
            slots.shared.push(sequential && !knob.per_layer);
        }
        if slots.levels.iter().any(|&l| l > 65_536) {
            return None;
        }
        slots.layers = !sequential || slots.shared.iter().any(|s| !s);
        let mut known: BTreeMap<(usize, Option<usize>), usize> = BTreeMap::new();
        for (layer, entry) in problem.layers.iter().enumerate() {
            let pin = problem.pins.iter().position(|p| p.layer == layer);
            let kind = *known.entry((entry.shape, pin)).or_insert_with(|| {
                slots.kinds.push(choices(space, &slots.heads, layer, pin));
                slots.kinds.len() - 1
            });
            slots.kind_of.push(kind);
        }
        Some(slots)
    }
}

/// The coarse choices of one layer, pinned heads at level 0.
fn choices(space: &Space, heads: &[Head], layer: usize, pin: Option<usize>) -> Vec<Choice> {
    let pin = pin.map(|p| &space.problem.pins[p]);
    let fixed = |head: &Head| match (head, pin) {
        (_, None) => false,
        (Head::Dataflow, Some(pin)) => pin.dataflow.is_some(),
        (Head::Knob(k), Some(pin)) => pin.knobs.iter().any(|(knob, _)| knob == k),
    };
    let mut list = Vec::new();
    for &point in &space.coarse[layer] {
        if !space.keeps_pace(layer, point) {
            continue;
        }
        let (dataflow, positions) = space.grid.positions(point);
        let level = |head: &Head| match head {
            head if fixed(head) => 0,
            Head::Dataflow => dataflow as u16,
            Head::Knob(k) => {
                let at = space.grid.coarse[*k]
                    .iter()
                    .position(|&p| p == positions[*k]);
                at.unwrap_or(0) as u16
            }
        };
        list.push(Choice {
            point,
            levels: heads.iter().map(level).collect(),
        });
    }
    list
}
