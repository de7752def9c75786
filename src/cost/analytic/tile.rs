//! How many elements of an axis the units hold, each for itself and all together.

use super::super::Refused;
use super::nest::{Axis, MAX_LEVELS, Nest, SLOTS, Tensor, refuse};
use super::window::{add, mul};

/// Per level and slot, the chunk that the units of the level share at the moment. The units whose
/// coordinates are all 0 hold the largest tiles.
pub type Chunks = [[u64; SLOTS]; MAX_LEVELS];

/// What part of the elements of an axis is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// What the units hold.
    All,
    /// Of it, what they did not hold before the chunks moved on by `by` positions of `slot`.
    Fresh {
        before: &'a Chunks,
        slot: usize,
        by: u64,
    },
}

/// Elements of a part along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Spread {
    /// Counted once for every unit that has them.
    sum: u64,
    /// Counted once.
    size: u64,
    /// First element, relative to the first unit's tile.
    start: u64,
    /// From the first to the last element.
    span: u64,
}

/// Elements of a part of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Volume {
    /// Counted once for every unit that has them.
    pub copies: u64,
    /// Counted once.
    pub distinct: u64,
}

/// A level that spreads a slot of the axis over units.
#[derive(Clone, Copy, Default)]
struct Fan {
    level: usize,
    /// 0: the position; 1: the taps.
    which: usize,
    /// Elements of the axis between neighbouring units.
    distance: u64,
}

struct Along<'a> {
    nest: &'a Nest,
    axis: Axis,
    chunks: &'a Chunks,
    part: Part<'a>,
    fans: [Fan; 2 * MAX_LEVELS],
    count: usize,
}

/// Tiles of position and taps: now and before.
type Tiles = [[u64; 2]; 2];

/// The elements of `part` of a tensor, over all units of the grid. Units along slots on which the
/// tensor does not depend have copies.
///
/// # Errors
/// Units whose elements interleave without a closed count.
pub fn volume(
    nest: &Nest,
    tensor: &Tensor,
    chunks: &Chunks,
    part: Part<'_>,
) -> Result<Volume, Refused> {
    let mut volume = Volume {
        copies: 1,
        distinct: 1,
    };
    for &axis in tensor.axes() {
        let moves = match part {
            Part::Fresh { slot, .. } => {
                axis.slot == slot || axis.window.is_some_and(|(taps, _)| taps == slot)
            }
            Part::All => false,
        };
        let spread = Along::measure(nest, axis, chunks, if moves { part } else { Part::All })?;
        volume.copies = mul(volume.copies, spread.sum)?;
        volume.distinct = mul(volume.distinct, spread.size)?;
    }
    for level in &nest.splits[..nest.levels] {
        for (slot, split) in level.iter().enumerate() {
            if !tensor.has(slot) {
                volume.copies = mul(volume.copies, split.units)?;
            }
        }
    }
    Ok(volume)
}

impl Along<'_> {
    fn measure(
        nest: &Nest,
        axis: Axis,
        chunks: &Chunks,
        part: Part<'_>,
    ) -> Result<Spread, Refused> {
        let slots = [Some((axis.slot, axis.scale)), axis.window];
        let mut along = Along {
            nest,
            axis,
            chunks,
            part,
            fans: [Fan::default(); 2 * MAX_LEVELS],
            count: 0,
        };
        let mut tiles = [[1, 1]; 2];
        for (which, slot) in slots.into_iter().enumerate() {
            let Some((slot, scale)) = slot else { continue };
            tiles[which] = [nest.extent[slot]; 2];
            for level in 0..nest.levels {
                let split = nest.splits[level][slot];
                // Units of one size of 0 do not occur: sizes are at least 1.
                if split.units > 1 {
                    along.fans[along.count] = Fan {
                        level,
                        which,
                        distance: mul(split.size, scale)?,
                    };
                    along.count += 1;
                }
            }
        }
        // Farthest units first; of one slot these are the outer levels, so the order of each
        // slot's levels is kept.
        along.fans[..along.count].sort_by_key(|f| (std::cmp::Reverse(f.distance), f.level));
        along.spread(0, [0, 0], tiles)
    }

    fn slot(&self, which: usize) -> usize {
        match (which, self.axis.window) {
            (1, Some((taps, _))) => taps,
            _ => self.axis.slot,
        }
    }

    /// The tiles of a slot once the levels up to (not with) `until` without units have cut them.
    fn descend(&self, which: usize, from: usize, until: usize, tile: [u64; 2]) -> [u64; 2] {
        let slot = self.slot(which);
        let mut tile = tile;
        for level in from..until {
            let split = self.nest.splits[level][slot];
            let [now, before] = self.chunk(slot, level, tile);
            tile = [now.min(split.size), before.min(split.size)];
        }
        tile
    }

    /// The chunk of a level in tiles of this size: the common one where the level walks its tile,
    /// the tile itself where it does not.
    fn chunk(&self, slot: usize, level: usize, tile: [u64; 2]) -> [u64; 2] {
        let walks = |tile: u64| tile > self.nest.splits[level][slot].chunk();
        let before = match self.part {
            Part::Fresh { before, .. } => before,
            Part::All => self.chunks,
        };
        let one = |tile: u64, chunks: &Chunks| {
            if walks(tile) || level == 0 {
                chunks[level][slot]
            } else {
                tile
            }
        };
        [one(tile[0], self.chunks), one(tile[1], before)]
    }

    /// `levels`: the next level of position and taps; `tiles`: what a unit holds above it.
    fn spread(&self, fan: usize, levels: [usize; 2], tiles: Tiles) -> Result<Spread, Refused> {
        if fan == self.count {
            let bottom = self.nest.levels;
            return self.leaf([
                self.descend(0, levels[0], bottom, tiles[0]),
                if self.axis.window.is_some() {
                    self.descend(1, levels[1], bottom, tiles[1])
                } else {
                    [1, 1]
                },
            ]);
        }
        let Fan {
            level,
            which,
            distance,
        } = self.fans[fan];
        let slot = self.slot(which);
        let size = self.nest.splits[level][slot].size;
        let tile = self.descend(which, levels[which], level, tiles[which]);
        let [now, before] = self.chunk(slot, level, tile);
        let units = now.div_ceil(size);
        let mut levels = levels;
        levels[which] = level + 1;
        let of = |unit: u64| {
            let mut tiles = tiles;
            let left = |chunk: u64| chunk.saturating_sub(unit * size).min(size);
            tiles[which] = [left(now), left(before)];
            self.spread(fan + 1, levels, tiles)
        };
        let last = of(units - 1)?;
        if units == 1 {
            return Ok(last);
        }
        let others = of(0)?.row(units - 1, distance)?;
        others.with(last, mul(units - 1, distance)?)
    }

    fn leaf(&self, tiles: Tiles) -> Result<Spread, Refused> {
        let gap = self.axis.window.map_or(1, |(_, gap)| gap);
        let length = |position: u64, taps: u64| {
            let moved = mul(position - 1, self.axis.scale)?;
            add(add(moved, mul(taps - 1, gap)?)?, 1)
        };
        let now = length(tiles[0][0], tiles[1][0])?;
        let kept = match self.part {
            Part::All => 0,
            Part::Fresh { slot, by, .. } => {
                let scale = if slot == self.axis.slot {
                    self.axis.scale
                } else {
                    gap
                };
                let before = length(tiles[0][1], tiles[1][1])?;
                before.saturating_sub(mul(by, scale)?).min(now)
            }
        };
        Ok(Spread {
            sum: now - kept,
            size: now - kept,
            start: kept,
            span: now - kept,
        })
    }
}

impl Spread {
    fn contiguous(self) -> bool {
        self.size == self.span
    }

    /// `count` of them side by side.
    fn row(self, count: u64, distance: u64) -> Result<Spread, Refused> {
        if self.size == 0 || count == 1 {
            return Ok(self);
        }
        let span = add(mul(count - 1, distance)?, self.span)?;
        let size = if self.span <= distance {
            mul(self.size, count)?
        } else if self.contiguous() {
            span
        } else {
            return interleaved();
        };
        Ok(Spread {
            sum: mul(self.sum, count)?,
            size,
            start: self.start,
            span,
        })
    }

    /// With another one whose unit is `distance` away.
    fn with(self, other: Spread, distance: u64) -> Result<Spread, Refused> {
        if other.size == 0 {
            return Ok(self);
        }
        let start = add(other.start, distance)?;
        if self.size == 0 {
            return Ok(Spread { start, ..other });
        }
        let end = add(self.start, self.span)?;
        let other_end = add(start, other.span)?;
        let span = other_end.max(end) - self.start;
        let size = if start >= end {
            add(self.size, other.size)?
        } else if self.contiguous() && other.contiguous() && start >= self.start {
            span
        } else {
            return interleaved();
        };
        Ok(Spread {
            sum: add(self.sum, other.sum)?,
            size,
            start: self.start,
            span,
        })
    }
}

fn interleaved() -> Result<Spread, Refused> {
    refuse("units hold elements that interleave in a pattern without a closed count".to_string())
}
