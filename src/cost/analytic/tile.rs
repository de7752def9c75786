//! How many elements of an axis the units hold, each for itself and all together.

use super::nest::{MAX_LEVELS, Nest, Split, Window};
use super::window::{Fault, add, mul};

/// Per level, the chunk of a slot that the units of the level share at the moment. The units whose
/// coordinates are all 0 hold the largest tiles.
pub type Chunks = [u64; MAX_LEVELS];

/// What the loops of position and taps made of their slots before one of them moved on.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    /// Chunks of position and taps.
    pub chunks: [Chunks; 2],
    /// Which of the two moved.
    pub which: usize,
    /// By so many positions.
    pub by: u64,
}

/// Elements of an axis, or of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Volume {
    /// Counted once for every unit that has them.
    pub copies: u64,
    /// Counted once.
    pub distinct: u64,
}

/// Elements along one axis.
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

/// A level that spreads a slot of the axis over units.
#[derive(Clone, Copy, Default)]
struct Fan {
    level: u8,
    /// 0: the position; 1: the taps.
    which: u8,
    /// Elements of the axis between neighbouring units.
    distance: u64,
}

/// Tiles of position and taps: now and before.
type Tiles = [[u64; 2]; 2];

/// Elements of a slot without a window that all units together hold of a tile at `level`. No two
/// hold the same.
pub fn held(splits: &[Split], chunks: &Chunks, level: usize, tile: u64) -> u64 {
    let mut tile = tile;
    for l in level..splits.len() {
        let Split { size, units } = splits[l];
        let chunk = chunk(splits[l], chunks[l], l, tile);
        if units > 1 && chunk > size {
            let others = chunk.div_ceil(size) - 1;
            return others * held(splits, chunks, l + 1, size)
                + held(splits, chunks, l + 1, chunk - others * size);
        }
        tile = chunk.min(size);
    }
    tile
}

/// The chunk of a level in a tile of this size: the common one where the level walks its tile, the
/// tile itself where it does not.
fn chunk(split: Split, common: u64, level: usize, tile: u64) -> u64 {
    if level == 0 || tile > split.chunk() {
        common
    } else {
        tile
    }
}

/// An axis along which a window slides, ready to be measured.
pub struct Sliding<'a> {
    nest: &'a Nest,
    window: Window,
    fans: [Fan; 2 * MAX_LEVELS],
    count: usize,
}

impl Sliding<'_> {
    /// The axis, spread as the nest says.
    ///
    /// # Errors
    /// A distance that does not fit 64 bits.
    pub fn new(nest: &Nest, window: Window) -> Result<Sliding<'_>, Fault> {
        let mut sliding = Sliding {
            nest,
            window,
            fans: [Fan::default(); 2 * MAX_LEVELS],
            count: 0,
        };
        for which in 0..2 {
            if nest.spread & (1 << window.slots[which]) == 0 {
                continue;
            }
            for level in 0..nest.levels {
                let split = sliding.split(which, level);
                if split.units > 1 {
                    sliding.fans[sliding.count] = Fan {
                        level: level as u8,
                        which: which as u8,
                        distance: mul(split.size, window.scales[which])?,
                    };
                    sliding.count += 1;
                }
            }
        }
        // Farthest units first; of one slot these are the outer levels, so the order of each
        // slot's levels is kept.
        let fans = &mut sliding.fans[..sliding.count];
        if fans.len() > 1 {
            fans.sort_by_key(|f| (std::cmp::Reverse(f.distance), f.level));
        }
        Ok(sliding)
    }

    fn split(&self, which: usize, level: usize) -> Split {
        self.nest.splits[level][self.window.slots[which]]
    }

    /// What the units hold when the loops of position and taps made these chunks; with `before`,
    /// only what they did not hold then.
    ///
    /// # Errors
    /// Units whose elements interleave without a closed count.
    pub fn measure(&self, now: [Chunks; 2], before: Option<Before>) -> Result<Volume, Fault> {
        let along = Along {
            axis: self,
            now,
            before,
        };
        let tiles = self.window.slots.map(|slot| [self.nest.extent[slot]; 2]);
        let spread = along.spread(0, [0, 0], tiles)?;
        Ok(Volume {
            copies: spread.sum,
            distinct: spread.size,
        })
    }
}

struct Along<'a> {
    axis: &'a Sliding<'a>,
    now: [Chunks; 2],
    before: Option<Before>,
}

impl Along<'_> {
    /// The chunk of a level, now and before.
    fn chunk(&self, which: usize, level: usize, [now, before]: [u64; 2]) -> [u64; 2] {
        let split = self.axis.split(which, level);
        let now = chunk(split, self.now[which][level], level, now);
        match &self.before {
            None => [now; 2],
            Some(b) => [now, chunk(split, b.chunks[which][level], level, before)],
        }
    }

    /// The tiles once the levels up to (not with) `until`, which have no units, have cut them.
    fn descend(&self, which: usize, from: usize, until: usize, tile: [u64; 2]) -> [u64; 2] {
        let [mut now, mut before] = tile;
        for level in from..until {
            let size = self.axis.split(which, level).size;
            let chunk = self.chunk(which, level, [now, before]);
            now = chunk[0].min(size);
            before = chunk[1].min(size);
        }
        [now, before]
    }

    /// `levels`: the next level of position and taps; `tiles`: what a unit holds above it.
    fn spread(&self, fan: usize, levels: [usize; 2], tiles: Tiles) -> Result<Spread, Fault> {
        if fan == self.axis.count {
            let bottom = self.axis.nest.levels;
            return self.leaf([
                self.descend(0, levels[0], bottom, tiles[0]),
                self.descend(1, levels[1], bottom, tiles[1]),
            ]);
        }
        let Fan {
            level,
            which,
            distance,
        } = self.axis.fans[fan];
        let (level, which) = (usize::from(level), usize::from(which));
        let size = self.axis.split(which, level).size;
        let tile = self.descend(which, levels[which], level, tiles[which]);
        let [now, before] = self.chunk(which, level, tile);
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

    fn leaf(&self, tiles: Tiles) -> Result<Spread, Fault> {
        let now = self.axis.window.length(tiles[0][0], tiles[1][0])?;
        let kept = match &self.before {
            None => 0,
            Some(b) => {
                let before = self.axis.window.length(tiles[0][1], tiles[1][1])?;
                let by = mul(b.by, self.axis.window.scales[b.which])?;
                before.saturating_sub(by).min(now)
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
    fn row(self, count: u64, distance: u64) -> Result<Spread, Fault> {
        if self.size == 0 || count == 1 {
            return Ok(self);
        }
        let span = add(mul(count - 1, distance)?, self.span)?;
        let size = if self.span <= distance {
            mul(self.size, count)?
        } else if self.contiguous() {
            span
        } else {
            return Err(Fault::Interleaved);
        };
        Ok(Spread {
            sum: mul(self.sum, count)?,
            size,
            start: self.start,
            span,
        })
    }

    /// With another one whose unit is `distance` away.
    fn with(self, other: Spread, distance: u64) -> Result<Spread, Fault> {
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
            return Err(Fault::Interleaved);
        };
        Ok(Spread {
            sum: add(self.sum, other.sum)?,
            size,
            start: self.start,
            span,
        })
    }
}
