//! Which steps of a level are alike, as positions along its loops, for those who ask how many there
//! are.

use super::cases::{Cases, Flags};
use super::levels::Level;
use crate::ir::dataflow::MapKind;
use crate::ir::dim::{Dim, DimMap};

/// Positions of a loop as bits.
pub type Positions = u8;

/// The first.
const FIRST: Positions = 1;
/// The last, where the tile is cut.
const LAST: Positions = 2;
/// All others.
const MIDDLE: Positions = 4;

/// A loop of several iterations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns {
    /// What it walks or spreads.
    pub dim: Dim,
    /// How.
    pub kind: MapKind,
    /// Elements of a tile.
    pub size: i64,
    /// Elements from one tile to the next.
    pub step: i64,
    /// Sub-clusters that take a tile each at the same time, if it is spread.
    pub clusters: i64,
    /// Elements that it walks over.
    pub extent: i64,
    /// Iterations that are neither the first nor a cut last one.
    pub middle: i64,
    /// Whether a cut last one comes.
    pub last: bool,
    /// Which of the level's loops it is.
    place: usize,
    /// Whether no other loop is of the same dimension.
    alone: bool,
}

impl Turns {
    /// Iterations.
    pub fn all(&self) -> i64 {
        self.at(self.positions())
    }

    /// The positions that it takes.
    pub fn positions(&self) -> Positions {
        let last = if self.last { LAST } else { 0 };
        FIRST | last | if self.middle > 0 { MIDDLE } else { 0 }
    }

    /// Iterations at these positions.
    pub fn at(&self, positions: Positions) -> i64 {
        let has = |which| i64::from(positions & which != 0);
        has(FIRST) + has(LAST) * i64::from(self.last) + has(MIDDLE) * self.middle
    }
}

/// Steps at these positions along every loop of several iterations, outermost first.
pub type Block = Vec<Positions>;

/// Blocks that are looked at; more are not told.
const BLOCKS: usize = 64;

/// Steps that are alike, in blocks that do not meet; nothing where they are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks(Option<Vec<Block>>);

impl Default for Blocks {
    fn default() -> Blocks {
        Blocks(Some(Vec::new()))
    }
}

impl Blocks {
    /// These blocks, if they are known.
    pub fn get(&self) -> Option<&[Block]> {
        self.0.as_deref()
    }

    /// All others of `all`, in blocks that do not meet.
    pub fn others(&self, all: &Block) -> Option<Blocks> {
        let mut rest = vec![all.clone()];
        for block in self.get()? {
            rest = rest.iter().flat_map(|from| without(from, block)).collect();
        }
        let mut others = Blocks::default();
        rest.into_iter().for_each(|block| others.add(Some(block)));
        Some(others)
    }

    /// With one more; nothing for one that is not known.
    pub fn add(&mut self, block: Option<Block>) {
        match (&mut self.0, block) {
            // Steps that were counted in two turns are in one block.
            (Some(blocks), Some(block)) if blocks.contains(&block) => {}
            (Some(blocks), Some(block)) if blocks.len() < BLOCKS => {
                blocks.push(block);
                join(blocks);
            }
            (blocks, _) => *blocks = None,
        }
    }

    /// With all of another.
    pub fn extend(&mut self, other: &Blocks) {
        match &other.0 {
            Some(blocks) => blocks.iter().for_each(|b| self.add(Some(b.clone()))),
            None => self.0 = None,
        }
    }
}

/// What of a block is not in another.
fn without(from: &Block, block: &Block) -> Vec<Block> {
    let mut rest = Vec::new();
    let mut common = from.clone();
    for (at, positions) in block.iter().enumerate() {
        let outside = common[at] & !positions;
        if outside != 0 {
            let mut part = common.clone();
            part[at] = outside;
            rest.push(part);
        }
        common[at] &= positions;
        if common[at] == 0 {
            return vec![from.clone()];
        }
    }
    rest
}

/// Joins the last block with those from which it differs along one loop, as long as that goes.
fn join(blocks: &mut Vec<Block>) {
    while let Some(last) = blocks.pop() {
        let differ = |block: &Block| {
            let mut at = (0..block.len()).filter(|&i| block[i] != last[i]);
            at.next().filter(|_| at.next().is_none())
        };
        let found = blocks
            .iter()
            .enumerate()
            .find_map(|(b, block)| Some((b, differ(block)?)));
        let Some((with, at)) = found else {
            blocks.push(last);
            return;
        };
        let mut joined = blocks.remove(with);
        joined[at] |= last[at];
        blocks.push(joined);
    }
}

impl Cases {
    /// The loops of several iterations of a level on a tile of these extents, outermost first:
    /// those that [`Cases::begin`] found.
    pub fn turns(&self, level: &Level, extents: &DimMap<i64>) -> Vec<Turns> {
        let mut turns = Vec::new();
        for (i, d) in level.segment.directives().iter().enumerate() {
            if extents[d.dim] > level.covered(d) {
                let (middle, last) = self.turns_of(turns.len());
                turns.push(Turns {
                    dim: d.dim,
                    kind: d.kind,
                    size: d.size,
                    step: d.step,
                    clusters: level.clusters,
                    extent: extents[d.dim],
                    middle,
                    last,
                    place: i,
                    alone: level.owned[i] == 1 << i,
                });
            }
        }
        turns
    }
}

/// The block of the cases that have the mover and the loops at their last iteration in common with
/// this one. Nothing where a dimension is mapped twice: its loops turn together.
pub(super) fn block_of_alike(turns: &[Turns], flags: Flags) -> Option<Block> {
    let mover = flags.mover();
    block(turns, |l| {
        if flags.last() & (1 << l.place) != 0 {
            LAST
        } else if mover == Some(l.place) {
            MIDDLE
        } else if mover.is_some_and(|mover| l.place < mover) && l.middle > 0 {
            FIRST | MIDDLE
        } else {
            FIRST
        }
    })
}

/// The block of the cases in these states alone.
pub(super) fn block_of(turns: &[Turns], flags: Flags) -> Option<Block> {
    block(turns, |l| {
        if flags.last() & (1 << l.place) != 0 {
            LAST
        } else if flags.moving() & (1 << l.place) != 0 {
            MIDDLE
        } else {
            FIRST
        }
    })
}

fn block(turns: &[Turns], positions: impl Fn(&Turns) -> Positions) -> Option<Block> {
    let each = turns.iter().map(|l| l.alone.then(|| positions(l)));
    each.collect()
}
