//! Functions of the model, written out where they are called.

use super::{Call, MOST_DEPTH, MOST_NODES, Site, Slot, Walk, Walker};
use crate::import::onnx::model::{Attributes, Graph, Node, Stated, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

impl Walker<'_, '_> {
    /// Nodes of a graph with its functions written out, so far as those nest as deep as they may.
    pub(super) fn written_out(
        &self,
        graph: &Graph,
        depth: usize,
        known: &mut HashMap<*const Graph, usize>,
    ) -> usize {
        if self.functions.is_empty() || depth > MOST_DEPTH {
            return graph.nodes.len();
        }
        let mut all = 0usize;
        for node in &graph.nodes {
            let key = (node.domain.to_string(), node.op.to_string());
            all = all.saturating_add(match self.functions.get(&key) {
                None => 1,
                Some(body) => match known.get(&Rc::as_ptr(body)) {
                    Some(count) => *count,
                    None => {
                        // In a circle of functions each is looked at once.
                        known.insert(Rc::as_ptr(body), 1);
                        let count = self.written_out(body, depth + 1, known);
                        known.insert(Rc::as_ptr(body), count);
                        count
                    }
                },
            });
        }
        all
    }

    pub(super) fn too_many_nodes(&mut self) -> Walk<()> {
        self.too_much(format!(
            "with its functions written out, the model has more than {MOST_NODES} nodes"
        ))
    }

    /// A call of a function of the model: its body stands in its place.
    pub(super) fn function(&mut self, body: &Rc<Graph>, site: &Site, depth: usize) -> Walk<()> {
        let mut slots = self.fresh(body.names.count())?;
        let actual = site.inputs.iter().copied().chain(std::iter::repeat(None));
        for (formal, actual) in body.inputs.iter().zip(actual) {
            match actual {
                Some(actual) => slots[formal.name as usize] = actual,
                // Left out: it is there and nothing is known of it.
                None => self.slots[slots[formal.name as usize]].given = true,
            }
        }
        let mut attributes = site.attributes.clone().into_owned();
        for (name, value) in &body.defaults {
            if !attributes.iter().any(|(n, _)| n == name) {
                attributes.push((Rc::clone(name), value.clone()));
            }
        }
        let prefix = format!("{}/", site.label());
        let call = Call {
            prefix: &prefix,
            attributes: Some(&attributes),
            depth: depth + 1,
        };
        self.graph(body, &slots, None, &call)?;
        self.copy(&body.outputs, &slots, &site.outputs);
        Ok(())
    }

    /// Hands the results of an inner graph to the node it stands for.
    pub(super) fn copy(&mut self, formal: &[Stated], slots: &[usize], outputs: &[Option<usize>]) {
        for (formal, output) in formal.iter().zip(outputs) {
            if let Some(output) = output {
                self.slots[*output] = Slot {
                    given: true,
                    ..self.slots[slots[formal.name as usize]].clone()
                };
            }
        }
        // What the inner graph does not give is there all the same, and unknown.
        for output in outputs.iter().skip(formal.len()).flatten() {
            self.slots[*output].given = true;
        }
    }
}

/// A node's attributes, those of a function's caller put in.
pub(super) fn resolved<'n>(node: &'n Node, caller: Option<&Attributes>) -> Cow<'n, Attributes> {
    let refers = |(_, value): &(Rc<str>, Value)| matches!(value, Value::OfCaller(_));
    if !node.attributes.iter().any(refers) {
        return Cow::Borrowed(&node.attributes);
    }
    let mut all = Attributes::new();
    for (name, value) in &node.attributes {
        let value = match value {
            Value::OfCaller(wanted) => {
                let found = caller.and_then(|c| c.iter().find(|(n, _)| **n == **wanted));
                match found {
                    Some((_, value)) => value.clone(),
                    None => continue,
                }
            }
            value => value.clone(),
        };
        all.push((Rc::clone(name), value));
    }
    Cow::Owned(all)
}
