//! One pass over the array: steps, what moves between them, how long it takes.
//!
//! Of every loop only three positions differ: the first, any other full one, and the last if it is
//! cut short. So the nest is walked as a tree with at most two branches per loop, and everything
//! else is multiplication.

use super::super::Refused;
use super::nest::{Loop, MAX_LEVELS, Nest, OUTPUT, SLOTS, refuse};
use super::tile::{Chunks, Part, Volume, volume};
use super::window::{Link, Run, Transfer, add, mul};
use super::{Array, L1};

/// Branches of the tree that are looked at before a point is refused.
pub const BRANCH_LIMIT: u32 = 1 << 14;

/// Elements that move between the shared memory and the PEs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Reads of the shared memory: input, weights.
    pub read: [u64; 2],
    /// Elements that arrive in PEs: input, weights.
    pub delivered: [u64; 2],
    /// Partial sums that leave PEs.
    pub sent: u64,
    /// Partial sums that arrive at the shared memory, added up over the PEs.
    pub arrived: u64,
    /// Most elements per cycle of a transfer in one direction, rounded up.
    pub peak: u64,
}

impl Moved {
    /// Both, one after the other.
    pub fn plus(self, other: Moved) -> Result<Moved, Refused> {
        Ok(Moved {
            read: pairs(self.read, other.read)?,
            delivered: pairs(self.delivered, other.delivered)?,
            sent: add(self.sent, other.sent)?,
            arrived: add(self.arrived, other.arrived)?,
            peak: self.peak.max(other.peak),
        })
    }

    /// So many times.
    pub fn times(self, n: u64) -> Result<Moved, Refused> {
        if n == 0 {
            return Ok(Moved::default());
        }
        let both = |a: [u64; 2]| Ok::<_, Refused>([mul(a[0], n)?, mul(a[1], n)?]);
        Ok(Moved {
            read: both(self.read)?,
            delivered: both(self.delivered)?,
            sent: mul(self.sent, n)?,
            arrived: mul(self.arrived, n)?,
            peak: self.peak,
        })
    }
}

fn pairs(a: [u64; 2], b: [u64; 2]) -> Result<[u64; 2], Refused> {
    Ok([add(a[0], b[0])?, add(a[1], b[1])?])
}

/// Which end of a loop.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

/// Walks the loops of a nest on an array.
pub struct Walk<'a> {
    nest: &'a Nest,
    array: &'a Array,
    /// Position of each level's and slot's loop in the nest.
    order: [[usize; SLOTS]; MAX_LEVELS],
    /// Cycles that sums of one output spend being added up on their way.
    additions: u64,
    branches: u32,
}

impl<'a> Walk<'a> {
    /// A walker that has looked at nothing yet.
    pub fn new(nest: &'a Nest, array: &'a Array) -> Walk<'a> {
        let mut order = [[usize::MAX; SLOTS]; MAX_LEVELS];
        for (i, l) in nest.loops().iter().enumerate() {
            order[l.level][l.slot] = i;
        }
        Walk {
            nest,
            array,
            order,
            additions: additions(nest, array),
            branches: 0,
        }
    }

    /// Counts a branch.
    ///
    /// # Errors
    /// If there have been too many.
    pub fn branch(&mut self) -> Result<(), Refused> {
        self.branches += 1;
        if self.branches > BRANCH_LIMIT {
            return refuse(format!(
                "more than {BRANCH_LIMIT} combinations of whole and cut tiles"
            ));
        }
        Ok(())
    }

    /// What the loop walks while the loops outside it stand at `chunks`.
    pub fn tile(&self, l: Loop, chunks: &Chunks) -> u64 {
        // Levels that do not map the slot hand on what they are given.
        let above = (0..l.level)
            .rev()
            .find(|&above| self.order[above][l.slot] != usize::MAX);
        match above {
            None => self.nest.extent[l.slot],
            Some(above) => chunks[above][l.slot].min(self.nest.splits[above][l.slot].size),
        }
    }

    /// Positions of a loop, its full chunk and its last one.
    pub fn positions(&self, l: Loop, chunks: &Chunks) -> (u64, u64, u64) {
        let tile = self.tile(l, chunks);
        let full = self.nest.splits[l.level][l.slot].chunk().min(tile);
        let count = tile.div_ceil(full);
        (count, full, tile - (count - 1) * full)
    }

    /// Sets all loops from `from` on to their first or last position. Returns the slots, as bits,
    /// whose loops have more than one.
    fn settle(&self, from: usize, end: End, chunks: &mut Chunks) -> u16 {
        let mut several = 0;
        for level in 0..self.nest.levels {
            for slot in 0..SLOTS {
                let order = self.order[level][slot];
                if order < from {
                    continue;
                }
                let (count, full, last) = self.positions(Loop { level, slot }, chunks);
                chunks[level][slot] = if end == End::First { full } else { last };
                if count > 1 {
                    several |= 1 << slot;
                }
            }
        }
        several
    }

    /// Refuses units with unequal tiles that inner loops would walk in unequal steps.
    fn even(&self, l: Loop, chunk: u64) -> Result<(), Refused> {
        let mut units = 1;
        for level in l.level..self.nest.levels - 1 {
            let split = self.nest.splits[level][l.slot];
            units = split.units.max(units);
            if self.nest.splits[level + 1][l.slot].chunk() < split.size {
                if units > 1 && chunk > split.size && !chunk.is_multiple_of(split.size) {
                    return refuse(format!(
                        "level {} spreads a rest of {chunk} in tiles of {} which level {} walks in unequal numbers of steps",
                        l.level,
                        split.size,
                        level + 1
                    ));
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// One pass: the loops from `cut` on, the others standing at `chunks`. The PEs begin and end
    /// it empty. Cycles, and what moved.
    pub fn pass(&mut self, cut: usize, chunks: &Chunks) -> Result<(u64, Moved), Refused> {
        let mut chunks = *chunks;
        for l in &self.nest.loops()[..cut] {
            self.even(*l, chunks[l.level][l.slot])?;
        }
        let (run, moved) = self.from(cut, chunks)?;
        self.settle(cut, End::First, &mut chunks);
        let mut filled = Moved::default();
        for t in 0..OUTPUT {
            let v = volume(self.nest, &self.nest.tensors[t], &chunks, Part::All)?;
            self.fetched(&mut filled, t, v)?;
        }
        let load = self.load(&mut filled, |_| true)?;
        self.settle(cut, End::Last, &mut chunks);
        let mut drained = Moved::default();
        self.drained(&mut drained, &chunks)?;
        let around = Transfer {
            load,
            store: self.store(&mut drained)?,
            exposed: 0,
        };
        let cycles = run.total(around, Link::Duplex)?;
        Ok((cycles, moved.plus(filled)?.plus(drained)?))
    }

    /// Cycles to load what was read of these tensors together; notes the rate.
    fn load(&self, moved: &mut Moved, of: impl Fn(usize) -> bool) -> Result<u64, Refused> {
        let (mut elements, mut bits) = (0, 0);
        for (t, &read) in moved.read.iter().enumerate().filter(|(t, _)| of(*t)) {
            elements = add(elements, read)?;
            bits = add(bits, mul(read, self.array.bits[t])?)?;
        }
        self.rate(moved, elements, bits)?;
        self.array.noc_cycles(bits, self.array.noc_latency)
    }

    /// Cycles to take out the sums that arrive: behind the latency and the additions on the way.
    fn store(&self, moved: &mut Moved) -> Result<u64, Refused> {
        let bits = mul(moved.arrived, self.array.bits[OUTPUT])?;
        self.rate(moved, moved.arrived, bits)?;
        let latency = add(self.array.noc_latency, self.additions)?;
        self.array.noc_cycles(bits, latency)
    }

    /// Notes the elements per cycle of a transfer.
    fn rate(&self, moved: &mut Moved, elements: u64, bits: u64) -> Result<(), Refused> {
        let cycles = Array::link_cycles(bits, self.array.noc_width)?;
        moved.peak = moved.peak.max(elements.div_ceil(cycles.max(1)));
        Ok(())
    }

    /// The loops from `at` on, the others standing at `chunks`.
    fn from(&mut self, at: usize, mut chunks: Chunks) -> Result<(Run, Moved), Refused> {
        self.branch()?;
        let Some(&l) = self.nest.loops().get(at) else {
            return self.step(chunks);
        };
        let (count, full, last) = self.positions(l, &chunks);
        self.even(l, full)?;
        self.even(l, last)?;
        chunks[l.level][l.slot] = full;
        let (run, moved) = self.from(at + 1, chunks)?;
        if count == 1 {
            return Ok((run, moved));
        }
        let alike = if last == full { count } else { count - 1 };
        let mut all = moved.times(alike)?;
        let mut row = run;
        if alike > 1 {
            let (between, crossed) = self.transition(at, full, chunks)?;
            row = run.repeat(alike, between, Link::Duplex)?;
            all = all.plus(crossed.times(alike - 1)?)?;
        }
        if last != full {
            let (between, crossed) = self.transition(at, last, chunks)?;
            chunks[l.level][l.slot] = last;
            let (run, moved) = self.from(at + 1, chunks)?;
            row = row.then(between, run, Link::Duplex)?;
            all = all.plus(moved)?.plus(crossed)?;
        }
        Ok((row, all))
    }

    /// A step: the longest any PE computes.
    fn step(&mut self, mut chunks: Chunks) -> Result<(Run, Moved), Refused> {
        self.settle(self.nest.loops().len(), End::First, &mut chunks);
        let bottom = self.nest.levels - 1;
        let mut macs = 1;
        for (split, chunk) in self.nest.splits[bottom].iter().zip(chunks[bottom]) {
            macs = mul(macs, chunk.min(split.size))?;
        }
        Ok((Run::step(macs.div_ceil(self.array.lanes)), Moved::default()))
    }

    /// What moves when the loop `at` goes on from a full chunk to `next` and the loops inside it
    /// start again.
    fn transition(
        &self,
        at: usize,
        next: u64,
        chunks: Chunks,
    ) -> Result<(Transfer, Moved), Refused> {
        let l = self.nest.loops()[at];
        let (mut before, mut after) = (chunks, chunks);
        let by = chunks[l.level][l.slot];
        let restarted = self.settle(at + 1, End::Last, &mut before);
        after[l.level][l.slot] = next;
        self.settle(at + 1, End::First, &mut after);
        let mut moved = Moved::default();
        for (t, tensor) in self.nest.tensors.iter().enumerate() {
            let again = (0..SLOTS).any(|s| restarted & (1 << s) != 0 && tensor.has(s));
            if !again && !tensor.has(l.slot) {
                continue;
            }
            if t == OUTPUT {
                self.drained(&mut moved, &before)?;
                continue;
            }
            let part = if again {
                Part::All
            } else {
                Part::Fresh {
                    before: &before,
                    slot: l.slot,
                    by,
                }
            };
            let v = volume(self.nest, tensor, &after, part)?;
            self.fetched(&mut moved, t, v)?;
        }
        let double = self.array.double[L1];
        let load = self.load(&mut moved, |t| double[t])?;
        let exposed = self.load(&mut moved, |t| !double[t])?;
        let store = self.store(&mut moved)?;
        let transfer = if double[OUTPUT] {
            Transfer {
                load,
                store,
                exposed,
            }
        } else {
            Transfer {
                load,
                store: 0,
                exposed: exposed.max(store),
            }
        };
        Ok((transfer, moved))
    }

    /// Adds a load of tensor `t`. Without multicast every copy is read for itself.
    fn fetched(&self, moved: &mut Moved, t: usize, v: Volume) -> Result<(), Refused> {
        let read = if self.array.multicast {
            v.distinct
        } else {
            v.copies
        };
        moved.read[t] = add(moved.read[t], read)?;
        moved.delivered[t] = add(moved.delivered[t], v.copies)?;
        Ok(())
    }

    /// Adds the sums that the PEs hold at `chunks`.
    fn drained(&self, moved: &mut Moved, chunks: &Chunks) -> Result<(), Refused> {
        let v = volume(self.nest, &self.nest.tensors[OUTPUT], chunks, Part::All)?;
        moved.sent = add(moved.sent, v.copies)?;
        moved.arrived = add(moved.arrived, v.distinct)?;
        Ok(())
    }

    /// Per tensor: elements of the largest tile of a PE, and whether it changes within a pass.
    pub fn held(&self, cut: usize) -> Result<[(u64, bool); 3], Refused> {
        let mut chunks = [[1; SLOTS]; MAX_LEVELS];
        self.settle(0, End::First, &mut chunks);
        let bottom = self.nest.levels - 1;
        let mut held = [(1, false); 3];
        for (t, tensor) in self.nest.tensors.iter().enumerate() {
            let tile = |slot: usize| chunks[bottom][slot].min(self.nest.splits[bottom][slot].size);
            held[t].0 = box_size(self.nest, t, &tile)?;
            held[t].1 = self.nest.loops()[cut..]
                .iter()
                .any(|&l| tensor.has(l.slot) && self.positions(l, &chunks).0 > 1);
        }
        Ok(held)
    }
}

/// Additions one after the other when the sums of all units that share outputs become one: all but
/// one in a row of units, the logarithm in a tree. One takes a cycle.
fn additions(nest: &Nest, array: &Array) -> u64 {
    let output = &nest.tensors[OUTPUT];
    let splits = nest.splits[..nest.levels].iter();
    let units = splits.flat_map(|level| level.iter().enumerate());
    let shared = units.filter(|(slot, _)| !output.has(*slot));
    // At most as many as there are PEs, as Nest::new hands them out.
    let row: u64 = shared.map(|(_, split)| split.units).product();
    if array.forwarding {
        row - 1
    } else {
        u64::from(row.next_power_of_two().trailing_zeros())
    }
}

/// Elements of a tensor that a tile of these extents per slot touches, with what lies between.
pub fn box_size(nest: &Nest, t: usize, tile: &dyn Fn(usize) -> u64) -> Result<u64, Refused> {
    let mut size = 1;
    for axis in nest.tensors[t].axes() {
        size = mul(size, length(axis, tile)?)?;
    }
    Ok(size)
}

/// Elements from the first to the last that a tile touches along an axis.
pub fn length(axis: &super::nest::Axis, tile: &dyn Fn(usize) -> u64) -> Result<u64, Refused> {
    let mut length = add(mul(tile(axis.slot) - 1, axis.scale)?, 1)?;
    if let Some((taps, gap)) = axis.window {
        length = add(length, mul(tile(taps) - 1, gap)?)?;
    }
    Ok(length)
}
