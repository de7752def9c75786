//! Why a nest that follows all directives cannot be counted, with those that make it so.

use super::super::Refused;
use super::nest::{ROWS, TAPS, slot_of};
use super::window::Fault;
use crate::base::span::Span;
use crate::ir::dataflow::{MapKind, Rule};
use crate::ir::layer::Op;

/// Why there is no price.
#[derive(Debug)]
pub enum Unpriced {
    /// Told in full.
    Refused(Refused),
    /// Something has no count.
    Fault(Fault),
    /// Units of a level have unequal tiles that an inner level would walk in several steps.
    Uneven {
        /// What is spread and walked.
        slot: usize,
        /// The level that spreads it, and the one that walks.
        levels: [usize; 2],
        /// Elements that are spread.
        rest: u64,
        /// Elements of a full tile.
        tile: u64,
    },
}

impl From<Refused> for Unpriced {
    fn from(refused: Refused) -> Unpriced {
        Unpriced::Refused(refused)
    }
}

impl From<Fault> for Unpriced {
    fn from(fault: Fault) -> Unpriced {
        Unpriced::Fault(fault)
    }
}

impl Unpriced {
    /// In words, with the directives of the rule that come to it.
    #[cold]
    pub fn of(self, rule: &Rule, op: Op) -> Refused {
        match self {
            Unpriced::Refused(refused) => refused,
            Unpriced::Fault(fault) => {
                let refused = Refused::from(fault);
                match fault {
                    Fault::Interleaved => of_a_window(refused, rule, op),
                    Fault::Overflow | Fault::Combinations => refused,
                }
            }
            Unpriced::Uneven {
                slot,
                levels: [outer, inner],
                rest,
                tile,
            } => {
                let refused = Refused::new(format!(
                    "level {outer} spreads a rest of {rest} in tiles of {tile} which level {inner} walks in several steps"
                ));
                let at = |level: usize| {
                    let mut directives = rule.levels.get(level)?.directives.iter();
                    let found = directives.find(|d| slot_of(op, d.dim) == Some(slot));
                    found.map(|d| d.span)
                };
                match at(outer) {
                    Some(span) => refused.of_both(span, at(inner)),
                    None => refused,
                }
            }
        }
    }
}

/// For what is spread along rows or columns: the directive that spreads them, and another one that
/// spreads them or the window, if there is one.
fn of_a_window(refused: Refused, rule: &Rule, op: Op) -> Refused {
    let along = |axis: usize| -> Vec<Span> {
        let directives = rule.levels.iter().flat_map(|level| &level.directives);
        let spread = directives.filter(|d| d.kind == MapKind::Spatial);
        let slots = [ROWS + axis, TAPS + axis].map(Some);
        let of_axis = spread.filter(|d| slots.contains(&slot_of(op, d.dim)));
        of_axis.map(|d| d.span).collect()
    };
    let [rows, columns] = [along(0), along(1)];
    let both = if columns.len() > rows.len() {
        columns
    } else {
        rows
    };
    match both.first() {
        Some(&span) => refused.of_both(span, both.get(1).copied()),
        None => refused,
    }
}
