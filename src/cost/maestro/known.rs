//! What one evaluation finds once and needs again: nothing here outlives the price.

use super::arith::Overflow;
use super::cases::{Case, Flags};
use super::levels::{Level, LoopSet, TensorLoops};
use super::mapping::MAX_DIRECTIVES;
use super::refusal::Refusal;
use super::volumes::{Outputs, Spread, ingress};

/// What all cases of a class have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    /// Of [`Case::class`].
    number: usize,
    /// Output elements that leave the array.
    pub egress: i64,
    /// Partial sums over the array.
    pub macs: i64,
    /// Partial sums of the slowest sub-cluster.
    pub critical: i64,
    /// Known once a case of the class has computed something.
    pub work: Option<Work>,
}

/// How long the cases of a class take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    /// Cycles the slowest sub-cluster computes.
    pub compute: i64,
    /// Mean number of active PEs.
    pub active: f64,
    /// Cycles until the outputs have left.
    pub egress_delay: i64,
    /// Off-chip elements per computing cycle.
    pub offchip: i64,
    /// Cycles that off-chip transfers of the whole requirement take, halved: the least a step
    /// lasts.
    pub floor: i64,
}

/// The classes met so far, in a few places: where more loops have edges, the innermost share them.
pub(super) struct Classes([Class; Classes::SLOTS]);

impl Classes {
    const SLOTS: usize = 8;

    /// None met.
    pub fn new() -> Classes {
        // No class has this number: it would take too many loops.
        let none = Class {
            number: usize::MAX,
            egress: 0,
            macs: 0,
            critical: 0,
            work: None,
        };
        Classes([none; Classes::SLOTS])
    }

    /// The class of a case.
    #[inline]
    pub fn of(&mut self, level: &Level, case: &Case) -> Result<&mut Class, Overflow> {
        let class = &mut self.0[case.class % Classes::SLOTS];
        if class.number != case.class {
            let outputs = Outputs::new(level, case.flags)?;
            *class = Class {
                number: case.class,
                egress: outputs.egress()?,
                macs: outputs.macs()?,
                critical: outputs.critical()?,
                work: None,
            };
        }
        Ok(class)
    }
}

/// Elements of one operand that enter the array. Loops inside the mover are at their first
/// iteration and those outside bring nothing new, so that the mover decides, and how the tensor is
/// spread over the array.
pub(super) struct Entering {
    /// A bit per place that is filled.
    known: u64,
    elements: [i64; 4 * (MAX_DIRECTIVES + 1)],
}

impl Entering {
    /// Nothing known.
    pub fn new() -> Entering {
        Entering {
            known: 0,
            elements: [0; 4 * (MAX_DIRECTIVES + 1)],
        }
    }

    /// As [`ingress`] has it.
    #[inline]
    pub fn get(
        &mut self,
        level: &Level,
        tensor: &TensorLoops,
        flags: Flags,
    ) -> Result<i64, Refusal> {
        let mover = match flags.mover() {
            Some(i) if tensor.all & (1 << i) == 0 => return Ok(0),
            Some(i) => i + 1,
            None => 0,
        };
        let spread = Spread::of(level, tensor, flags);
        let place = 4 * mover + 2 * usize::from(spread.edge) + usize::from(spread.ragged);
        if self.known & (1 << place) == 0 {
            self.elements[place] = ingress(level, tensor, flags)?;
            self.known |= 1 << place;
        }
        Ok(self.elements[place])
    }
}

/// What a level needs to know of the level below.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Below {
    /// Cycles on the tile handed down.
    pub runtime: i64,
    /// Mean number of active PEs.
    pub active: f64,
}

/// Results of one level by the edges handed to it: its tile has no other property.
#[derive(Clone, Copy)]
pub(super) struct Memo {
    keys: [LoopSet; Memo::SLOTS],
    values: [Below; Memo::SLOTS],
    stored: usize,
}

impl Memo {
    const SLOTS: usize = 16;

    /// No results yet.
    pub const EMPTY: Memo = Memo {
        keys: [0; Memo::SLOTS],
        values: [Below {
            runtime: 0,
            active: 0.0,
        }; Memo::SLOTS],
        stored: 0,
    };

    /// The result for these edges, if there is one.
    pub fn get(&self, key: LoopSet) -> Option<Below> {
        let used = self.stored.min(Memo::SLOTS);
        let at = self.keys[..used].iter().position(|k| *k == key)?;
        Some(self.values[at])
    }

    /// Forgets the oldest once full.
    pub fn put(&mut self, key: LoopSet, value: Below) {
        let at = self.stored % Memo::SLOTS;
        self.keys[at] = key;
        self.values[at] = value;
        self.stored += 1;
    }
}
