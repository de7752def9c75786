//! Layers, what costs nothing between them, and edges.

use super::{MOST_LAYERS, Site, Vertex, Walk, Walker, on_one_line};
use crate::diag::{Diagnostic, codes};
use crate::import::onnx::made::Made;
use crate::ir::layer::LayerShape;
use crate::ir::network::VertexKind;
use std::borrow::Cow;
use std::rc::Rc;

/// Results of an operator that is not counted come from all that its operands come from. Of more
/// vertices than these the join gets a node of its own, so that edges stay linear in the nodes.
const WIDEST_JOIN: usize = 256;

/// What such a node is called in place of an operator.
const JOIN: &str = "join";

impl Walker<'_, '_> {
    /// The vertices that operands come from, in order, without doubles.
    pub(super) fn sources(&self, site: &Site) -> Rc<[u32]> {
        let mut first: Option<&Rc<[u32]>> = None;
        let mut all: Vec<u32> = Vec::new();
        for &slot in site.inputs.iter().flatten() {
            let slot = &self.slots[slot];
            let Some(from) = slot.from.as_ref().filter(|_| !slot.known.fixed) else {
                continue;
            };
            match first {
                None => first = Some(from),
                Some(have) if Rc::ptr_eq(have, from) => {}
                Some(have) => {
                    if all.is_empty() {
                        all.extend_from_slice(have);
                    }
                    all.extend_from_slice(from);
                }
            }
        }
        match first {
            None => Rc::from([]),
            Some(first) if all.is_empty() => Rc::clone(first),
            Some(_) => {
                all.sort_unstable();
                all.dedup();
                all.into()
            }
        }
    }

    /// The same vertices, or a join of them if they are many.
    pub(super) fn joined(&mut self, site: &Site, from: Rc<[u32]>) -> Rc<[u32]> {
        if from.len() <= WIDEST_JOIN {
            return from;
        }
        let name = format!("{}/{JOIN}", site.label);
        Rc::from([self.vertex(name, VertexKind::Free(JOIN.into()), from)])
    }

    /// Adds what costs nothing; its vertex.
    pub(super) fn free(&mut self, site: &Site, from: Rc<[u32]>) -> Rc<[u32]> {
        let op = match on_one_line(&site.node.op) {
            Cow::Borrowed(_) => Rc::clone(&site.node.op),
            Cow::Owned(op) => op.into(),
        };
        Rc::from([self.vertex(site.label.clone(), VertexKind::Free(op), from)])
    }

    fn vertex(&mut self, name: String, kind: VertexKind, inputs: Rc<[u32]>) -> u32 {
        if self.trial.is_some() {
            return 0;
        }
        self.out.vertices.push(Vertex { name, kind, inputs });
        self.out.vertices.len() as u32 - 1
    }

    fn layer(&mut self, name: &str, shape: LayerShape, inputs: Rc<[u32]>) -> Walk<u32> {
        if self.layers >= MOST_LAYERS {
            return self.too_much(format!("the model has more than {MOST_LAYERS} layers"));
        }
        if let Some(trial) = &mut self.trial {
            trial.costs(1);
            return Ok(0);
        }
        self.layers += 1;
        let name = self.unique(name);
        Ok(self.vertex(name, VertexKind::Layer(Box::new(shape)), inputs))
    }

    /// Gives what costs nothing names that nothing else has. Layers have theirs before, so that
    /// they are called as in the model wherever that can be.
    pub(super) fn name_free(&mut self) {
        for at in 0..self.out.vertices.len() {
            if matches!(self.out.vertices[at].kind, VertexKind::Free(_)) {
                let name = std::mem::take(&mut self.out.vertices[at].name);
                self.out.vertices[at].name = self.unique(&name);
            }
        }
    }

    /// A name that no other vertex has.
    fn unique(&mut self, name: &str) -> String {
        let at = self.names.number(name) as usize;
        if at == self.counts.len() {
            self.counts.push(0);
        }
        let mut number = self.counts[at] + 1;
        if number == 1 {
            self.counts[at] = 1;
            return name.to_string();
        }
        let other = loop {
            let other = format!("{name}#{number}");
            if self.names.find(&other).is_none() {
                break other;
            }
            number += 1;
        };
        self.counts[at] = number;
        self.names.number(&other);
        self.counts.push(1);
        self.warn(
            Diagnostic::warning(
                codes::RENAMED,
                format!("the model calls several nodes `{name}`; this one is `{other}` here"),
            )
            .help("give every node of the model a name of its own"),
        );
        other
    }

    /// Adds the layers of a node. Gives the vertices that its results come from; `None` if there
    /// are no layers.
    pub(super) fn layers(
        &mut self,
        made: Vec<Made>,
        label: &str,
        from: &Rc<[u32]>,
    ) -> Walk<Option<Rc<[u32]>>> {
        let mut places: Vec<u32> = Vec::new();
        let mut last = vec![true; made.len()];
        for layer in &made {
            for &at in &layer.after {
                last[at] = false;
            }
        }
        for layer in made {
            let name = match layer.suffix.as_str() {
                "" => label.to_string(),
                suffix => format!("{label}/{suffix}"),
            };
            let inputs = if layer.after.is_empty() {
                Rc::clone(from)
            } else {
                let mut inputs: Vec<u32> = layer.after.iter().map(|&at| places[at]).collect();
                if layer.operands {
                    inputs.extend_from_slice(from);
                }
                inputs.sort_unstable();
                inputs.dedup();
                inputs.into()
            };
            places.push(self.layer(&name, layer.shape, inputs)?);
        }
        let ends = places.iter().zip(&last).filter(|(_, last)| **last);
        let ends: Rc<[u32]> = ends.map(|(&p, _)| p).collect();
        Ok((!ends.is_empty()).then_some(ends))
    }
}
