//! Where the loops stand, as bits: every loop at its first position (any full one) or at its last.
//!
//! Of a loop's positions only these two differ, so all that depends on where the loops of one slot
//! stand is a small table, filled once.

use super::nest::{MAX_LEVELS, MAX_LOOPS, Nest, SLOTS, slots};
use super::tile::Chunks;
use super::unpriced::Unpriced;

/// Four bits per slot, the outermost loop's lowest; a bit is set when its loop is at its last
/// position.
pub type State = u32;

/// States of the loops of one slot: there is at most one for each level.
pub const OF_SLOT: usize = 1 << MAX_LEVELS;

/// The state of one slot's loops.
pub fn of(state: State, slot: usize) -> usize {
    (state >> (MAX_LEVELS * slot)) as usize % OF_SLOT
}

/// Positions of a loop.
#[derive(Debug, Clone, Copy, Default)]
pub struct Positions {
    /// All of them.
    pub count: u32,
    /// Those with a full chunk: all, or all but the last.
    pub full: u32,
}

/// Tables over the states of each slot.
pub struct States {
    /// Bit of each loop.
    pub bit: [State; MAX_LOOPS],
    /// Bits of a loop and all inside of it.
    pub inside: [State; MAX_LOOPS + 1],
    /// Loops per slot.
    pub loops: [u32; SLOTS],
    /// Slots with a loop, as bits.
    pub walked: u16,
    /// Per slot; which loop and where those of the slot outside of it stand: see `place`.
    positions: [[Positions; OF_SLOT]; SLOTS],
    /// Place in `positions`: slot and the bit of the loop within its slot.
    place: [(u8, u8); MAX_LOOPS],
    /// Per slot and state, what the first unit's PE holds of the slot.
    tile: [[u32; OF_SLOT]; SLOTS],
    /// Per slot and state, the chunk of each level.
    chunks: [[[u32; MAX_LEVELS]; OF_SLOT]; SLOTS],
}

impl States {
    /// The tables of a nest.
    pub fn new(nest: &Nest) -> States {
        let mut states = States {
            bit: [0; MAX_LOOPS],
            inside: [0; MAX_LOOPS + 1],
            loops: [0; SLOTS],
            walked: 0,
            positions: [[Positions::default(); OF_SLOT]; SLOTS],
            place: [(0, 0); MAX_LOOPS],
            tile: [[1; OF_SLOT]; SLOTS],
            chunks: [[[1; MAX_LEVELS]; OF_SLOT]; SLOTS],
        };
        for (i, l) in nest.loops().iter().enumerate() {
            let within = 1 << states.loops[l.slot];
            states.bit[i] = State::from(within) << (MAX_LEVELS * l.slot);
            states.place[i] = (l.slot as u8, within);
            states.loops[l.slot] += 1;
            states.walked |= 1 << l.slot;
        }
        for i in (0..nest.loops().len()).rev() {
            states.inside[i] = states.inside[i + 1] | states.bit[i];
        }
        for slot in 0..SLOTS {
            if (states.walked | nest.spread) & (1 << slot) == 0 {
                // One unit holds all of it, all the time.
                let extent = nest.extent[slot] as u32;
                states.tile[slot][0] = extent;
                states.chunks[slot][0] = [extent; MAX_LEVELS];
                continue;
            }
            for state in 0..1 << states.loops[slot] {
                states.settle(nest, slot, state);
            }
        }
        states
    }

    /// Fills in what belongs to this state of a slot. Extents fit 32 bits.
    fn settle(&mut self, nest: &Nest, slot: usize, state: usize) {
        let mut tile = nest.extent[slot];
        let mut within = 1;
        for level in 0..nest.levels {
            let split = nest.splits[level][slot];
            let mut chunk = split.chunk().min(tile);
            if nest.walked[level] & (1 << slot) != 0 {
                let count = tile.div_ceil(chunk);
                let last = tile - (count - 1) * chunk;
                let full = count - u64::from(last < chunk);
                let [count, full] = [count as u32, full as u32];
                self.positions[slot][within | state & (within - 1)] = Positions { count, full };
                if state & within != 0 {
                    chunk = last;
                }
                within <<= 1;
            }
            self.chunks[slot][state][level] = chunk as u32;
            tile = chunk.min(split.size);
        }
        self.tile[slot][state] = tile as u32;
    }

    /// The chunk of each level of a slot in a state of its loops.
    pub fn chunks(&self, slot: usize, state: usize) -> Chunks {
        self.chunks[slot][state].map(u64::from)
    }

    /// Refuses units with unequal tiles that an inner loop would walk in several steps.
    ///
    /// # Errors
    /// If there are such.
    pub fn even(&self, nest: &Nest) -> Result<(), Unpriced> {
        for slot in slots(nest.spread) {
            for state in 0..1 << self.loops[slot] {
                even(nest, slot, &self.chunks(slot, state))?;
            }
        }
        Ok(())
    }

    /// What the first unit's PE holds of a slot in a state of its loops.
    pub fn tile(&self, slot: usize, state: usize) -> u64 {
        u64::from(self.tile[slot][state])
    }

    /// Slots, as bits, whose loops from `at` on have more than one position in this state.
    pub fn restarted(&self, nest: &Nest, at: usize, state: State) -> u16 {
        let mut restarted = 0;
        for (i, l) in nest.loops().iter().enumerate().skip(at) {
            if self.positions(i, state).count > 1 {
                restarted |= 1 << l.slot;
            }
        }
        restarted
    }

    /// Positions of loop `i` where the loops outside of it stand as in `state`.
    pub fn positions(&self, i: usize, state: State) -> Positions {
        let (slot, within) = self.place[i];
        let (slot, within) = (usize::from(slot), usize::from(within));
        self.positions[slot][within | of(state, slot) & (within - 1)]
    }
}

/// Refuses units with unequal tiles that an inner loop would walk in several steps.
fn even(nest: &Nest, slot: usize, chunks: &Chunks) -> Result<(), Unpriced> {
    for (l, &chunk) in chunks.iter().enumerate().take(nest.levels) {
        if nest.mapped[l] & (1 << slot) == 0 {
            continue;
        }
        let mut units = 1;
        for level in l..nest.levels - 1 {
            let split = nest.splits[level][slot];
            units = split.units.max(units);
            if nest.splits[level + 1][slot].chunk() >= split.size {
                continue;
            }
            if units > 1 && chunk > split.size && !chunk.is_multiple_of(split.size) {
                return Err(Unpriced::Uneven {
                    slot,
                    levels: [l, level + 1],
                    rest: chunk,
                    tile: split.size,
                });
            }
            break;
        }
    }
    Ok(())
}
