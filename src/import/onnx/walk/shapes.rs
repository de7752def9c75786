//! What is known of a node's results, and why an extent is not.

use super::{Site, Slot, Walk, Walker};
use crate::diag::{Diagnostic, codes};
use crate::import::onnx::known::{Dim, Given, Known};
use crate::import::onnx::model::Stated;
use crate::import::onnx::open::{place, shell};
use crate::ir::network::Sources;
use std::rc::Rc;

/// Why an extent is not known.
pub(super) struct Lost {
    /// As a clause.
    pub why: String,
    /// The first extent that data decide, under the name by which it can be given a size.
    pub place: Option<String>,
    /// Whether that is the first of all, because not even their number is known.
    pub whole: bool,
}

impl Walker<'_, '_> {
    /// Takes from what the model states what could not be inferred.
    pub(super) fn agree(&mut self, slot: usize, stated: &Stated) {
        let slot = &mut self.slots[slot];
        let Some(extents) = &stated.shape else { return };
        let open = |shape: &[Dim]| shape.contains(&None);
        let shape = match &slot.known.shape {
            None => self.open.shape(extents),
            Some(shape) if open(shape) && shape.len() == extents.len() => {
                let told = self.open.shape(extents);
                shape
                    .iter()
                    .zip(told.iter())
                    .map(|(a, b)| a.or(*b))
                    .collect()
            }
            Some(_) => return,
        };
        if !open(&shape) {
            slot.lost = None;
        }
        slot.known.shape = Some(shape);
    }

    /// Takes sizes that were given for extents of this tensor that follow from data.
    pub(super) fn fill(&mut self, slot: usize, tensor: &str) {
        let slot = &mut self.slots[slot];
        if slot.known.shape.is_none()
            && slot.known.parts.is_none()
            && let Some(whole) = self.open.whole(tensor)
        {
            slot.known.shape = Some(whole);
            slot.lost = None;
            return;
        }
        let Some(have) = slot.known.shape.as_ref().filter(|s| s.contains(&None)) else {
            return;
        };
        let extents = have.iter().enumerate();
        let shape: Rc<[Dim]> = extents
            .map(|(at, d)| d.or_else(|| self.open.of_data(tensor, at)))
            .collect();
        let open = shape.iter().position(|d| d.is_none());
        if *have != shape {
            // What is left is the next to be asked for.
            let why = slot.lost.and_then(|l| self.lost[l as usize].as_ref());
            let left = why.zip(open).map(|(lost, at)| Lost {
                why: lost.why.clone(),
                place: Some(place(tensor, at)),
                whole: false,
            });
            slot.lost = left.map(|left| {
                self.lost.push(Some(left));
                self.lost.len() as u32 - 1
            });
        }
        slot.known.shape = Some(shape);
    }

    /// A layer that depends on a shape nobody knows. What an error made unknown is not told again.
    pub(super) fn unknown(&mut self, site: &Site, operand: usize) -> Walk<()> {
        let slot = site.inputs.get(operand).copied().flatten();
        let lost = slot.and_then(|s| self.slots[s].lost);
        let (why, place, whole) = match lost.map(|l| &self.lost[l as usize]) {
            Some(None) => return Ok(()),
            Some(Some(lost)) => (lost.why.as_str(), lost.place.as_deref(), lost.whole),
            None => ("nothing states it", None, false),
        };
        let help = match place {
            Some(place) if whole => format!(
                "give each of its extents a size, `--dim {}=N` and so on, or cut the model there",
                shell(place)
            ),
            Some(place) => format!(
                "give that extent a size, `--dim {}=N`, or cut the model there",
                shell(place)
            ),
            None => {
                "let the exporter state the shapes of all tensors, or cut the model there".into()
            }
        };
        let what = format!(
            "operand {operand} of node `{}` (`{}`)",
            site.label(),
            site.node.op
        );
        self.error(
            Diagnostic::error(
                codes::MODEL_SHAPE,
                format!("the shape of {what} is not known: {why}"),
            )
            .help(help),
        )
    }

    /// Notes what is known of a node's results, and that they come from these vertices.
    pub(super) fn give(&mut self, site: &Site, given: Vec<Given>, reported: bool, from: Sources) {
        let inputs = || site.inputs.iter().flatten();
        let random = site.node.op.starts_with("Random");
        let fixed = !random && inputs().all(|&i| self.slots[i].known.fixed);
        let lost_before = inputs().find_map(|&i| self.slots[i].lost);
        let mut given = given.into_iter();
        for (output, &name) in site.outputs.iter().zip(&site.node.outputs) {
            let given = given.next().unwrap_or_default();
            let Some(output) = *output else { continue };
            // Mostly one of the operands' again, which then is in memory once.
            let same = inputs().find(|&&i| self.slots[i].known.shape == given.shape);
            let known = Known {
                shape: match same {
                    Some(&operand) => self.slots[operand].known.shape.clone(),
                    None => given.shape,
                },
                fixed: fixed || given.value.is_some(),
                value: given.value.map(Rc::new),
                parts: given.parts,
            };
            let lost = match lost_before {
                _ if !known.is_open() => None,
                Some(before) if !reported => Some(before),
                _ => {
                    let node = format!("node `{}` (`{}`)", site.label(), site.node.op);
                    let shape = known.shape.as_ref();
                    // Extents can be given to tensors only.
                    let first = match (shape, &known.parts) {
                        (Some(shape), _) => shape.iter().position(|d| d.is_none()),
                        (None, None) => Some(0),
                        (None, Some(_)) => None,
                    };
                    // Of a weight only the extents are there if it lies in a file of its own.
                    let apart = site.inputs.iter().zip(&site.node.inputs).find(|(slot, _)| {
                        let known = slot.map(|s| &self.slots[s].known);
                        known.is_some_and(|k| k.fixed && k.value.is_none() && k.small())
                    });
                    let why = match apart {
                        Some((_, &name)) => format!(
                            "{node} takes it from `{}`, whose values are not in the model's own file",
                            site.tensor(name)
                        ),
                        None => format!("it follows from the data that {node} sees"),
                    };
                    self.lost.push((!reported).then(|| Lost {
                        why,
                        place: first.map(|at| place(site.tensor(name), at)),
                        whole: shape.is_none(),
                    }));
                    Some(self.lost.len() as u32 - 1)
                }
            };
            self.slots[output] = Slot {
                from: (!known.fixed && !from.is_empty()).then(|| from.clone()),
                known,
                given: true,
                lost,
            };
        }
    }
}
