//! What a price is made of: noted while it is counted, for those who ask.

use super::cases::{Case, Cases};
use super::known::Group;
use super::layer::Problem;
use super::levels::{Level, LoopSet, TensorLoops, loops};
use super::occurrences::{Block, Blocks, Turns, block_of, block_of_alike};
use super::volumes::{Operand, Outputs, Volume};
use crate::ir::dim::{Dim, DimMap};
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

/// Where a case is looked at: on which tile, of which level, with input and filter.
pub(super) type Place<'a> = (Tile, &'a Level, &'a [Operand<'a>; 2]);

/// Hears of everything that makes cycles and sizes. A price has none, and what nobody hears costs nothing.
pub(super) trait Witness {
    /// A tile of a level is looked at, perhaps again; of the outermost level it is the layer.
    fn begin(&mut self, _: Tile, _: &Level, _: &DimMap<i64>, _: &Cases) {}
    /// Steps of the outermost level that are like this one are going to be counted.
    fn alike(&mut self, _: &Level, _: &[Operand; 2], _: &Case) {}
    /// Equal steps of the outermost level have been counted.
    fn group(&mut self, _: &Group) {}
    /// Every step of the outermost level waits until so many elements have come or gone off chip,
    /// halved.
    fn required(&mut self, _: i64) {}
    /// A PE makes so many partial sums in so many cycles.
    fn pe(&mut self, _: i64, _: i64) {}
    /// A tile of a level below has this step, which takes these times.
    fn case(&mut self, _: Place, _: &Case, _: Times) {}
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

/// So many steps, and which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub times: i64,
    /// Which of all.
    pub which: Blocks,
}

impl Counted {
    /// With these.
    pub fn extend(&mut self, other: &Counted) {
        self.times += other.times;
        self.which.extend(&other.which);
    }
}

/// Steps by their times.
pub type Steps = BTreeMap<Times, Counted>;

/// The steps of a tile of a level, by what makes them.
#[derive(Debug, Clone, Default)]
pub struct Tiled {
    /// The loops of several iterations, outermost first.
    pub turns: Vec<Turns>,
    /// The steps.
    pub steps: Steps,
}

/// Volumes of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Inputs that enter the array.
    Inputs,
    /// Weights that enter it.
    Weights,
    /// Outputs that leave it.
    Leaving,
    /// Partial sums over it.
    Sums,
    /// Partial sums of its slowest sub-cluster.
    SumsOfTheFirst,
}

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
    pub moved: BTreeMap<Shift, Counted>,
    /// Extents of input and filter.
    pub whole: [Vec<(Dim, i64)>; 2],
    /// Elements of input, filter and output that size the L2.
    pub first: [i64; 3],
    /// Extents of the tiles of input, filter and output that size the L1.
    pub tile: [Vec<(Dim, i64)>; 3],
    /// How often those of the operands count.
    pub sized: i64,
    /// The steps of the outermost level.
    pub outermost: Tiled,
    /// Elements whose off-chip transfer every step lasts, halved.
    pub required: i64,
    /// Partial sums of a PE by the cycles they take.
    pub sums: BTreeMap<i64, i64>,
    /// Tiles of the levels below by their level and what they take: the steps of one of them.
    pub tiles: BTreeMap<(usize, i64), Tiled>,
    /// What volumes of so many elements are made of, by their level.
    pub volumes: BTreeMap<(usize, What, i64), Volume>,
    /// Input and filter that enter, by their level and what they come to.
    pub loads: BTreeMap<(usize, i64), [i64; 2]>,
    /// Sub-clusters by level.
    pub clusters: Vec<i64>,
    open: BTreeMap<Tile, Tiled>,
    /// Which steps of the outermost level are alike, by class and mover.
    alike: BTreeMap<(u32, u32), Option<Block>>,
}

impl Spent {
    /// Notes what the volumes of a step are made of.
    fn volumes(&mut self, (tile, level, operands): Place, case: &Case) {
        let flags = case.flags;
        let mut made = vec![
            (What::Inputs, operands[0].factors(flags)),
            (What::Weights, operands[1].factors(flags)),
        ];
        let entering = [0, 1].map(|which| made[which].1.elements().unwrap_or(0));
        let load = entering[0].saturating_add(entering[1]);
        self.loads.entry((tile.0, load)).or_insert(entering);
        // What does not fit refuses the price.
        if let Ok(outputs) = Outputs::new(level, flags) {
            made.push((What::Leaving, outputs.leaving()));
            made.push((What::Sums, outputs.sums()));
            made.push((What::SumsOfTheFirst, outputs.sums_of_the_first()));
        }
        for (what, volume) in made {
            if let Some(elements) = volume.elements() {
                let key = (tile.0, what, elements);
                self.volumes.entry(key).or_insert(volume);
            }
        }
    }
}

impl Witness for Spent {
    fn begin(&mut self, tile: Tile, level: &Level, extents: &DimMap<i64>, cases: &Cases) {
        let tiled = Tiled {
            turns: cases.turns(level, extents),
            steps: Steps::new(),
        };
        if tile.0 == self.clusters.len() {
            self.clusters.push(level.clusters);
        }
        match tile.0 {
            0 => self.outermost = tiled,
            _ => drop(self.open.insert(tile, tiled)),
        }
    }

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

    fn alike(&mut self, level: &Level, operands: &[Operand; 2], case: &Case) {
        let block = block_of_alike(&self.outermost.turns, case.flags);
        self.alike.insert((case.class, case.mover), block);
        self.volumes(((0, 0), level, operands), case);
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
        let block = self.alike.get(&(group.class, group.mover));
        let block = block.cloned().flatten();
        let counted = self.moved.entry(shift).or_default();
        counted.times += group.times;
        counted.which.add(block.clone());
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
        let counted = self.outermost.steps.entry(times).or_default();
        counted.times += group.times;
        counted.which.add(block);
    }

    fn required(&mut self, elements: i64) {
        self.required = elements;
    }

    fn pe(&mut self, sums: i64, cycles: i64) {
        self.sums.insert(cycles, sums);
    }

    fn case(&mut self, place: Place, case: &Case, times: Times) {
        let tiled = self.open.entry(place.0).or_default();
        let block = block_of(&tiled.turns, case.flags);
        let counted = tiled.steps.entry(times).or_default();
        counted.times += case.occurrences;
        counted.which.add(block);
        self.volumes(place, case);
    }

    fn end(&mut self, tile: Tile, cycles: i64) {
        if let Some(tiled) = self.open.remove(&tile) {
            self.tiles.insert((tile.0, cycles), tiled);
        }
    }
}
