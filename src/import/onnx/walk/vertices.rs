//! Layers, what costs nothing between them, and edges.

use super::{MOST_LAYERS, Site, Vertex, Walk, Walker, on_one_line};
use crate::diag::{Diagnostic, codes};
use crate::import::onnx::made::Made;
use crate::ir::layer::LayerShape;
use crate::ir::network::{Sources, VertexKind};
use std::borrow::Cow;
use std::hash::BuildHasher;
use std::rc::Rc;

/// Results of an operator that is not counted come from all that its operands come from. Of more
/// vertices than these the join gets a node of its own, so that edges stay linear in the nodes.
const WIDEST_JOIN: usize = 256;

/// What such a node is called in place of an operator.
const JOIN: &str = "join";

impl Walker<'_, '_> {
    /// The vertices that operands come from, in order, without doubles.
    pub(super) fn sources(&self, site: &Site) -> Sources {
        self.sources_of(site.inputs.iter().flatten())
    }

    fn sources_of<'s>(&self, operands: impl Iterator<Item = &'s usize>) -> Sources {
        let mut first: Option<&Sources> = None;
        let mut all: Vec<u32> = Vec::new();
        for &slot in operands {
            let slot = &self.slots[slot];
            let Some(from) = slot.from.as_ref().filter(|_| !slot.known.fixed) else {
                continue;
            };
            match first {
                None => first = Some(from),
                Some(have) if have == from => {}
                Some(have) => {
                    if all.is_empty() {
                        all.extend_from_slice(have);
                    }
                    all.extend_from_slice(from);
                }
            }
        }
        match first {
            Some(first) if all.is_empty() => first.clone(),
            _ => {
                all.sort_unstable();
                all.dedup();
                all[..].into()
            }
        }
    }

    /// The same vertices, or a join of them if they are many.
    pub(super) fn joined(&mut self, site: &Site, from: Sources) -> Sources {
        if from.len() <= WIDEST_JOIN {
            return from;
        }
        let name = format!("{}/{JOIN}", site.label());
        self.vertex(name, VertexKind::Free(JOIN.into()), from)
            .into()
    }

    /// Adds what costs nothing; its vertex.
    pub(super) fn free(&mut self, site: &Site, from: Sources) -> Sources {
        let op = match on_one_line(&site.node.op) {
            Cow::Borrowed(_) => Rc::clone(&site.node.op),
            Cow::Owned(op) => op.into(),
        };
        self.vertex(site.label(), VertexKind::Free(op), from).into()
    }

    /// Makes room for the vertices of so many nodes.
    pub(super) fn reserve(&mut self, nodes: usize) {
        let (vertices, key) = (&mut self.out.vertices, &self.key);
        vertices.reserve(nodes);
        let hash = |&v: &u32| key.hash_one(vertices[v as usize].name.as_str());
        self.taken.reserve(nodes, hash);
    }

    fn vertex(&mut self, name: String, kind: VertexKind, inputs: Sources) -> u32 {
        if self.trial.is_some() {
            return 0;
        }
        self.out.vertices.push(Vertex { name, kind, inputs });
        self.out.vertices.len() as u32 - 1
    }

    fn layer(&mut self, name: String, shape: LayerShape, inputs: Sources) -> Walk<u32> {
        if self.layers >= MOST_LAYERS {
            return self.too_much(format!("the model has more than {MOST_LAYERS} layers"));
        }
        if let Some(trial) = &mut self.trial {
            trial.costs(1);
            return Ok(0);
        }
        self.layers += 1;
        let shape = match &self.shape {
            Some(last) if **last == shape => Rc::clone(last),
            _ => Rc::clone(self.shape.insert(shape.into())),
        };
        let name = self.unique(name, self.out.vertices.len() as u32);
        Ok(self.vertex(name, VertexKind::Layer(shape), inputs))
    }

    /// Gives what costs nothing names that nothing else has. Layers have theirs before, so that
    /// they are called as in the model wherever that can be.
    pub(super) fn name_free(&mut self) {
        for at in 0..self.out.vertices.len() {
            if matches!(self.out.vertices[at].kind, VertexKind::Free(_)) {
                let name = std::mem::take(&mut self.out.vertices[at].name);
                self.out.vertices[at].name = self.unique(name, at as u32);
            }
        }
    }

    /// The vertex that has a name of this hash.
    fn named(&self, name: &str, hash: u64) -> Option<u32> {
        let same = |&v: &u32| self.out.vertices[v as usize].name == name;
        self.taken.find(hash, same).copied()
    }

    /// A name that no other vertex has, for this one.
    fn unique(&mut self, own: String, at: u32) -> String {
        let mut hash = self.key.hash_one(own.as_str());
        let mut name = own;
        if let Some(first) = self.named(&name, hash) {
            let own = std::mem::take(&mut name);
            let mut number = self.again.get(&first).map_or(1, |&last| last);
            loop {
                number += 1;
                name = format!("{own}#{number}");
                hash = self.key.hash_one(name.as_str());
                if self.named(&name, hash).is_none() {
                    break;
                }
            }
            self.again.insert(first, number);
            self.warn(
                Diagnostic::warning(
                    codes::RENAMED,
                    format!("the model calls several nodes `{own}`; this one is `{name}` here"),
                )
                .help("give every node of the model a name of its own"),
            );
        }
        let (vertices, key) = (&self.out.vertices, &self.key);
        let again = |&v: &u32| key.hash_one(vertices[v as usize].name.as_str());
        self.taken.insert_unique(hash, at, again);
        name
    }

    /// Adds the layers of a node. Gives the vertices that its results come from; `None` if there
    /// are no layers.
    pub(super) fn layers(
        &mut self,
        made: Vec<Made>,
        site: &Site,
        from: &Sources,
    ) -> Walk<Option<Sources>> {
        let mut places: Vec<u32> = Vec::new();
        let mut last = vec![true; made.len()];
        for layer in &made {
            for &at in &layer.after {
                last[at] = false;
            }
        }
        for layer in made {
            let name = match layer.suffix.as_str() {
                "" => site.label(),
                suffix => format!("{}/{suffix}", site.label()),
            };
            let operands = match layer.operands {
                None => from.clone(),
                Some(some) => {
                    let some = some.iter().filter_map(|&at| site.inputs.get(at)?.as_ref());
                    self.sources_of(some)
                }
            };
            let inputs = if layer.after.is_empty() {
                operands
            } else {
                let mut inputs: Vec<u32> = layer.after.iter().map(|&at| places[at]).collect();
                inputs.extend_from_slice(&operands);
                inputs.sort_unstable();
                inputs.dedup();
                inputs[..].into()
            };
            places.push(self.layer(name, layer.shape, inputs)?);
        }
        let ends = places.iter().zip(&last).filter(|(_, last)| **last);
        let ends: Vec<u32> = ends.map(|(&p, _)| p).collect();
        Ok((!ends.is_empty()).then(|| ends[..].into()))
    }
}
