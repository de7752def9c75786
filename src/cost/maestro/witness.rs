//! What a price is made of: noted while it is counted, for those who ask.

use super::known::Group;
use super::layer::Problem;
use super::levels::{Level, LoopSet, TensorLoops, loops};
use crate::ir::dim::Dim;
use std::collections::BTreeMap;

/// A transfer over the network of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moved {
    /// Cycles it takes.
    pub cycles: i64,
    /// Elements that are moved.
    pub elements: i64,
}

impl Moved {
    /// So many cycles for so many elements.
    pub(super) fn new(cycles: i64, elements: i64) -> Moved {
        Moved { cycles, elements }
    }
}

/// The times of a step of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Times {
    /// Cycles the slowest sub-cluster computes.
    pub compute: i64,
    /// Operands that come in.
    pub load: Moved,
    /// Outputs that go out.
    pub store: Moved,
    /// Cycles of the step: the longest of these; of the first step, computing and loading; of the
    /// outermost level at least what off-chip memory takes.
    pub step: i64,
}

/// A tile of a level: the level, and the edges handed to it.
pub(super) type Tile = (usize, LoopSet);

/// Hears of everything that makes cycles and sizes. A price has none, and what nobody hears costs nothing.
pub(super) trait Witness {
    /// Equal steps of the outermost level have been counted.
    fn group(&mut self, _: &Group) {}
    /// Every step of the outermost level waits until so many elements have come or gone off chip,
    /// halved.
    fn required(&mut self, _: i64) {}
    /// A PE makes so many partial sums in so many cycles.
    fn pe(&mut self, _: i64, _: i64) {}
    /// A tile of a level below is looked at, perhaps again.
    fn begin(&mut self, _: usize, _: LoopSet) {}
    /// It has so many steps like this.
    fn case(&mut self, _: Tile, _: i64, _: Times) {}
    /// It takes so many cycles.
    fn end(&mut self, _: Tile, _: i64) {}
    /// The layer as a whole.
    fn whole(&mut self, _: &Problem) {}
    /// The first step, or one more before anything is computed: it sizes the L2 by the operands that
    /// enter and the outputs that leave.
    fn first(&mut self, _: [i64; 2], _: i64) {}
    /// The L1 is sized by the tiles of this level, those of the operands counted so often.
    fn held(&mut self, _: &Level, _: i64) {}
}

impl Witness for () {}

/// Steps by their times, with how many there are.
pub type Steps = BTreeMap<Times, i64>;

/// What a step of the outermost level moves and adds up, in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shift {
    /// Input and filter that enter the array.
    pub entering: [i64; 2],
    /// Outputs that leave it.
    pub leaving: i64,
    /// Partial sums.
    pub sums: i64,
    /// Whether it computes nothing; what leaves it counts all the same.
    pub skipped: bool,
}

/// What a price is made of.
#[derive(Debug, Default)]
pub struct Spent {
    /// Steps of the outermost level by what they move.
    pub moved: BTreeMap<Shift, i64>,
    /// Extents of input and filter.
    pub whole: [Vec<(Dim, i64)>; 2],
    /// Elements of input, filter and output that size the L2.
    pub first: [i64; 3],
    /// Extents of the tiles of input, filter and output that size the L1.
    pub tile: [Vec<(Dim, i64)>; 3],
    /// How often those of the operands count.
    pub sized: i64,
    /// Of the outermost level.
    pub steps: Steps,
    /// Elements whose off-chip transfer every step lasts, halved.
    pub required: i64,
    /// Partial sums of a PE by the cycles they take.
    pub sums: BTreeMap<i64, i64>,
    /// Tiles of the levels below by their level and what they take: the steps of one of them.
    pub tiles: BTreeMap<(usize, i64), Steps>,
    open: BTreeMap<Tile, Steps>,
}

impl Witness for Spent {
    fn whole(&mut self, problem: &Problem) {
        let of = [problem.tensors.input, problem.tensors.filter];
        self.whole = of.map(|dims| dims.iter().map(|&d| (d, problem.extents[d])).collect());
    }

    fn first(&mut self, entering: [i64; 2], leaving: i64) {
        for (sum, n) in self.first.iter_mut().zip(entering) {
            *sum = sum.saturating_add(n);
        }
        self.first[2] = leaving;
    }

    fn held(&mut self, level: &Level, sized: i64) {
        let dim = |i: usize| level.segment.directives()[i].dim;
        let of = [&level.input, &level.filter, &level.output];
        let tile = |t: &TensorLoops| loops(t.once).map(|i| (dim(i), level.tiles[i].full));
        self.tile = of.map(|t| tile(t).collect());
        self.sized = sized;
    }

    fn group(&mut self, group: &Group) {
        let shift = Shift {
            entering: if group.skipped {
                [0; 2]
            } else {
                group.entering
            },
            leaving: group.egress,
            sums: group.macs,
            skipped: group.skipped,
        };
        *self.moved.entry(shift).or_default() += group.times;
        if group.skipped {
            return;
        }
        let [input, filter] = group.entering;
        let times = Times {
            compute: group.pace.compute,
            load: Moved::new(group.pace.ingress, input.saturating_add(filter)),
            store: Moved::new(group.pace.egress, group.egress),
            step: group.pace.step,
        };
        *self.steps.entry(times).or_default() += group.times;
    }

    fn required(&mut self, elements: i64) {
        self.required = elements;
    }

    fn pe(&mut self, sums: i64, cycles: i64) {
        self.sums.insert(cycles, sums);
    }

    fn begin(&mut self, level: usize, edges: LoopSet) {
        self.open.insert((level, edges), Steps::new());
    }

    fn case(&mut self, tile: Tile, count: i64, times: Times) {
        *self.open.entry(tile).or_default().entry(times).or_default() += count;
    }

    fn end(&mut self, tile: Tile, cycles: i64) {
        if let Some(steps) = self.open.remove(&tile) {
            self.tiles.insert((tile.0, cycles), steps);
        }
    }
}
