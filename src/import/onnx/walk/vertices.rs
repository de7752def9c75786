//! Layers and the edges between them, seen through everything that costs nothing.

use super::{MOST_LAYERS, Site, Vertex, Walk, Walker};
use crate::diag::{Diagnostic, codes};
use crate::import::onnx::made::Made;
use crate::ir::layer::LayerShape;
use std::rc::Rc;

/// A tensor that comes from more layers than these gets a node of its own for the join, so that
/// edges stay linear in the nodes.
const WIDEST_JOIN: usize = 256;

/// Once so many edges are there, every join gets a node.
const MANY_EDGES: usize = 500_000;

impl Walker<'_, '_> {
    /// The vertices that operands come from.
    pub(super) fn sources(&mut self, site: &Site) -> Walk<Rc<[u32]>> {
        let mut first: Option<Rc<[u32]>> = None;
        let mut all: Vec<u32> = Vec::new();
        for &slot in site.inputs.iter().flatten() {
            let slot = &self.slots[slot];
            let Some(from) = slot.from.as_ref().filter(|_| !slot.known.fixed) else {
                continue;
            };
            match &first {
                None => first = Some(Rc::clone(from)),
                Some(have) if Rc::ptr_eq(have, from) => {}
                Some(have) => {
                    if all.is_empty() {
                        all.extend_from_slice(have);
                    }
                    all.extend_from_slice(from);
                }
            }
        }
        let Some(first) = first else {
            return Ok(Rc::from([]));
        };
        if all.is_empty() {
            return Ok(first);
        }
        all.sort_unstable();
        all.dedup();
        let widest = if self.edges > MANY_EDGES {
            1
        } else {
            WIDEST_JOIN
        };
        let all: Rc<[u32]> = all.into();
        if all.len() <= widest {
            return Ok(all);
        }
        let join = self.vertex(&format!("{}/join", site.label), None, all)?;
        Ok(Rc::from([join]))
    }

    fn vertex(&mut self, name: &str, shape: Option<LayerShape>, inputs: Rc<[u32]>) -> Walk<u32> {
        if self.out.vertices.len() >= MOST_LAYERS {
            return self.too_much(format!("the model has more than {MOST_LAYERS} layers"));
        }
        self.edges += inputs.len();
        let name = self.unique(name);
        self.out.vertices.push(Vertex {
            name,
            shape,
            inputs,
        });
        Ok(self.out.vertices.len() as u32 - 1)
    }

    /// A name that no other vertex has.
    fn unique(&mut self, name: &str) -> String {
        let count = self.names.entry(name.to_string()).or_insert(0);
        *count += 1;
        if *count == 1 {
            return name.to_string();
        }
        loop {
            let count = self.names.entry(name.to_string()).or_insert(1);
            let other = format!("{name}#{count}");
            *count += 1;
            if self.names.contains_key(&other) {
                continue;
            }
            self.names.insert(other.clone(), 1);
            self.warn(
                Diagnostic::warning(
                    codes::RENAMED,
                    format!("the model calls several layers `{name}`; this one is `{other}` here"),
                )
                .help("give every node of the model a name of its own"),
            );
            return other;
        }
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
            places.push(self.vertex(&name, Some(layer.shape), inputs)?);
        }
        let ends = places.iter().zip(&last).filter(|(_, last)| **last);
        let ends: Rc<[u32]> = ends.map(|(&p, _)| p).collect();
        Ok((!ends.is_empty()).then_some(ends))
    }
}
