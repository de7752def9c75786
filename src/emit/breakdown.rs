//! What energies and areas of a decision consist of, where its cost model tells components apart.

use super::decision::{Decision, Row};
use crate::cost::{Part, Parts, Peaks};
use crate::ir::menu::Menu;
use std::collections::BTreeMap;

/// Components of the whole design and of its layers.
pub struct Breakdown {
    /// nJ of one inference by component; `None` if the model does not tell them apart.
    pub energy_nj: Option<Vec<Part>>,
    /// um2 by component; likewise.
    pub area_um2: Option<Vec<Part>>,
    /// Per layer; empty if the model does not tell them apart.
    pub layers: Vec<Parts>,
    /// What the array can do at most in a cycle.
    pub peaks: Option<Peaks>,
}

/// Adds parts of the same names.
fn add(sum: &mut Option<Vec<Part>>, parts: &[Part]) {
    match sum {
        None => *sum = Some(parts.to_vec()),
        Some(sum) => {
            for (sum, part) in sum.iter_mut().zip(parts) {
                sum.1 += part.1;
            }
        }
    }
}

/// The components of a decision.
pub fn of(decision: &Decision) -> Breakdown {
    let (space, problem) = (decision.space, decision.problem);
    let mut known: BTreeMap<(usize, usize, &[u64]), Option<Parts>> = BTreeMap::new();
    let mut parts = |(layer, row): (usize, &'_ _)| {
        let row: &Row = row;
        let shape = problem.layers[layer].shape;
        // The rows live as long as the decision does.
        let key = (shape, row.dataflow, &*decision.rows[layer].knobs);
        let price = || {
            let rule = problem.rule(shape, row.dataflow)?;
            space.model.parts(&problem.shapes[shape], rule, &row.knobs)
        };
        known.entry(key).or_insert_with(price).clone()
    };
    let layers: Option<Vec<Parts>> = decision.rows.iter().enumerate().map(&mut parts).collect();
    let layers = layers.unwrap_or_default();
    let mut energy_nj = None;
    for layer in &layers {
        add(&mut energy_nj, &layer.energy_nj);
    }
    let mut area_um2 = None;
    let area = |pes: u64, l1: u64, l2: u64| space.model.area_parts(pes, l1, l2);
    match &decision.engine {
        Some(engine) => {
            let pes = decision.rows.first().map_or(0, |r| r.knobs[Menu::PES]);
            area_um2 = area(pes, engine.l1_bytes, engine.l2_bytes);
        }
        None => {
            for row in &decision.rows {
                let p = &row.price;
                let parts = area(row.knobs[Menu::PES], p.l1_bytes, p.l2_bytes);
                add(&mut area_um2, &parts.unwrap_or_default());
            }
        }
    }
    Breakdown {
        energy_nj,
        area_um2: area_um2.filter(|parts| !parts.is_empty()),
        layers,
        peaks: space.model.peaks(),
    }
}
