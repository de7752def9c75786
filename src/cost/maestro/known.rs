//! What one evaluation finds once and needs again: nothing here outlives the price.

use super::arith::Overflow;
use super::cases::Case;
use super::levels::{Level, LoopSet};
use super::volumes::Outputs;

/// What all cases of a class have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Class {
    /// Of [`Case::class`]; 0 if none has been met.
    number: u32,
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
    pub const NONE: Classes = Classes(
        [Class {
            number: 0,
            egress: 0,
            macs: 0,
            critical: 0,
            work: None,
        }; Classes::SLOTS],
    );

    /// The class of a case.
    #[inline(always)]
    pub fn of(&mut self, level: &Level, case: &Case) -> Result<&mut Class, Overflow> {
        let class = &mut self.0[(case.class >> 1) as usize % Classes::SLOTS];
        if class.number != case.class {
            let outputs = Outputs::new(level, case.flags)?;
            *class = Class {
                number: case.class,
                egress: outputs.egress()?,
                macs: outputs.macs()?,
                critical: outputs.critical,
                work: None,
            };
        }
        Ok(class)
    }
}

/// Cases of one class with one mover: they differ in how often they occur, and only in that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// Of [`Case::class`]; 0 if there is none.
    pub class: u32,
    /// Of [`Case::mover`].
    pub mover: u32,
    /// How often they have occurred.
    pub times: i64,
    /// Output elements that leave the array.
    pub egress: i64,
    /// Partial sums over the array.
    pub macs: i64,
    /// Whether not even the slowest sub-cluster computes anything.
    pub skipped: bool,
    /// Elements of input and of filter that enter the array; of no meaning for skipped cases once
    /// the buffers are sized.
    pub entering: [i64; 2],
    /// The same in time; of no meaning for skipped cases.
    pub pace: Pace,
}

/// The times of a case and the rates that follow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Cycles of the case.
    pub step: i64,
    /// Cycles until the operands have arrived.
    pub ingress: i64,
    /// Cycles until the outputs have left.
    pub egress: i64,
    /// Cycles the slowest sub-cluster computes, at least 1.
    pub compute: i64,
    /// Mean number of active PEs.
    pub active: f64,
    /// The larger of what enters and what leaves.
    pub busier: i64,
    /// Off-chip elements per computing cycle.
    pub offchip: i64,
    /// MACs per element that enters.
    pub intensity: f64,
}

/// The groups met so far, in a few places that they share.
pub(super) struct Groups([Group; Groups::PLACES]);

impl Groups {
    const PLACES: usize = 16;

    /// None met.
    pub const NONE: Groups = Groups([Group::NONE; Groups::PLACES]);

    /// The place of the group of a case, and whether the group is there.
    #[inline]
    pub fn place(&mut self, case: &Case) -> (&mut Group, bool) {
        let place = (case.mover << 2 | case.class >> 1 & 3) as usize % Groups::PLACES;
        let group = &mut self.0[place];
        let known = group.class == case.class && group.mover == case.mover;
        (group, known)
    }

    /// The groups that are in place now.
    pub fn iter(&self) -> impl Iterator<Item = &Group> {
        self.0.iter().filter(|group| group.times > 0)
    }
}

impl Group {
    const NONE: Group = Group {
        class: 0,
        mover: 0,
        times: 0,
        egress: 0,
        macs: 0,
        skipped: false,
        entering: [0; 2],
        pace: Pace {
            step: 0,
            ingress: 0,
            egress: 0,
            compute: 0,
            active: 0.0,
            busier: 0,
            offchip: 0,
            intensity: 0.0,
        },
    };

    /// Begins the group of `case`.
    pub fn begin(&mut self, case: &Case, class: &Class) {
        self.class = case.class;
        self.mover = case.mover;
        self.times = 0;
        self.egress = class.egress;
        self.macs = class.macs;
        self.skipped = class.critical <= 0;
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
