//! How many elements of a tensor the units hold, wherever the loops stand.
//!
//! A tensor is the product of its axes, and an axis depends on the loops of one slot, or of two
//! where a window slides. So every axis has a small table, and a volume is a few multiplications.

use super::nest::{self, Loop, Nest, SLOTS, TENSORS, slots};
use super::states::{OF_SLOT, State, States, of};
use super::tile::{Before, Chunks, Sliding, Volume, held};
use super::walk::Move;
use super::window::{Fault, When, mul};

/// An axis along which a window slides.
struct Window<'a> {
    /// Slots of position and taps.
    slots: [usize; 2],
    sliding: Sliding<'a>,
    /// Loops of the position's slot, by which the taps' state is shifted in `table`.
    shift: u32,
    /// Whether there are few enough states of both for `table`.
    tabled: bool,
    /// Per state of both, what the units hold.
    table: [Result<Volume, Fault>; OF_SLOT],
}

/// Volumes of the three tensors of a nest.
pub struct Volumes<'a> {
    nest: &'a Nest,
    states: &'a States,
    /// Per slot and state, elements along the slot; each is in one unit only.
    plain: [[u32; OF_SLOT]; SLOTS],
    /// Per tensor, the part that does not depend on loops, with the copies in units along slots
    /// the tensor does not depend on.
    constant: [Volume; TENSORS],
    /// Per tensor, slots without a window that have loops, as bits.
    walked: [u16; TENSORS],
    /// Windows that have loops.
    windows: [Option<Window<'a>>; 2],
}

impl Volume {
    fn times(self, other: Volume) -> Result<Volume, Fault> {
        Ok(Volume {
            copies: mul(self.copies, other.copies)?,
            distinct: mul(self.distinct, other.distinct)?,
        })
    }
}

impl<'a> Volumes<'a> {
    /// Empty tables.
    pub fn new(nest: &'a Nest, states: &'a States) -> Volumes<'a> {
        let one = Volume {
            copies: 1,
            distinct: 1,
        };
        Volumes {
            nest,
            states,
            plain: [[1; OF_SLOT]; SLOTS],
            constant: [one; TENSORS],
            walked: [0; TENSORS],
            windows: [None, None],
        }
    }

    /// Fills the tables.
    ///
    /// # Errors
    /// Counts that do not fit 64 bits.
    pub fn fill(&mut self) -> Result<(), Fault> {
        let Volumes { nest, states, .. } = *self;
        let changing = states.walked | nest.spread;
        for (t, tensor) in nest.tensors.iter().enumerate() {
            let mut size = 1;
            for slot in slots(tensor.plain & !changing) {
                size = mul(size, nest.extent[slot])?;
            }
            self.constant[t] = Volume {
                copies: size,
                distinct: size,
            };
            self.walked[t] = tensor.plain & states.walked;
        }
        for slot in slots(nest.spread) {
            let splits = nest.splits.map(|level| level[slot]);
            let splits = &splits[..nest.levels];
            for state in 0..1 << states.loops[slot] {
                let chunks = states.chunks(slot, state);
                self.plain[slot][state] = held(splits, &chunks, 0, nest.extent[slot]) as u32;
            }
            let mut units = 1;
            for split in splits {
                units = mul(units, split.units)?;
            }
            let n = u64::from(self.plain[slot][0]);
            for (t, tensor) in nest.tensors.iter().enumerate() {
                let constant = &mut self.constant[t];
                if !tensor.has(slot) {
                    constant.copies = mul(constant.copies, units)?;
                } else if tensor.plain & !states.walked & (1 << slot) != 0 {
                    constant.copies = mul(constant.copies, n)?;
                    constant.distinct = mul(constant.distinct, n)?;
                }
            }
        }
        for slot in slots(states.walked & !nest.spread) {
            for state in 0..1 << states.loops[slot] {
                self.plain[slot][state] = states.tile(slot, state) as u32;
            }
        }
        for window in nest.windows {
            self.window(window)?;
        }
        Ok(())
    }

    /// A window: a constant factor if it has no loops.
    fn window(&mut self, window: nest::Window) -> Result<(), Fault> {
        let Volumes { nest, states, .. } = *self;
        let [positions, taps] = window.slots.map(|slot| states.loops[slot]);
        let spread = window.slots.map(|slot| nest.spread & (1 << slot));
        let constant = &mut self.constant[nest.slid];
        if positions + taps == 0 && spread == [0, 0] {
            let [positions, taps] = window.slots.map(|slot| nest.extent[slot]);
            let length = window.length(positions, taps)?;
            *constant = constant.times(Volume {
                copies: length,
                distinct: length,
            })?;
            return Ok(());
        }
        let sliding = Sliding::new(nest, window)?;
        if positions + taps == 0
            && let Ok(v) = at(&sliding, states, window.slots, [0, 0])
        {
            *constant = constant.times(v)?;
            return Ok(());
        }
        let place = usize::from(self.windows[0].is_some());
        let kept = self.windows[place].insert(Window {
            slots: window.slots,
            sliding,
            shift: positions,
            tabled: 1 << (positions + taps) <= OF_SLOT,
            table: [Ok(Volume::default()); OF_SLOT],
        });
        if kept.tabled {
            for i in 0..1 << (positions + taps) {
                let place = [i % (1 << positions), i >> positions];
                kept.table[i] = at(&kept.sliding, states, window.slots, place);
            }
        }
        Ok(())
    }

    /// Elements of tensor `t` over all units.
    ///
    /// # Errors
    /// Units whose elements interleave without a closed count.
    pub fn all(&self, t: usize, state: State) -> Result<Volume, Fault> {
        let mut volume = self.without_windows(t, state)?;
        if t == self.nest.slid {
            for window in self.windows.iter().flatten() {
                volume = volume.times(window.all(self.states, state)?)?;
            }
        }
        Ok(volume)
    }

    fn without_windows(&self, t: usize, state: State) -> Result<Volume, Fault> {
        let Volume {
            mut copies,
            mut distinct,
        } = self.constant[t];
        for slot in slots(self.walked[t]) {
            let n = u64::from(self.plain[slot][of(state, slot)]);
            copies = mul(copies, n)?;
            distinct = mul(distinct, n)?;
        }
        Ok(Volume { copies, distinct })
    }

    /// Elements of tensor `t` that the units did not hold at `before`, one position of loop `i`
    /// back; no other loop of the tensor has moved.
    ///
    /// # Errors
    /// Units whose elements interleave without a closed count.
    pub fn fresh(&self, t: usize, i: usize, before: State, now: State) -> Result<Volume, Fault> {
        let moved = self.nest.loops()[i];
        let mut volume = self.without_windows(t, now)?;
        if t != self.nest.slid {
            // Along a slot without a window neighbouring tiles have nothing in common.
            return Ok(volume);
        }
        for window in self.windows.iter().flatten() {
            let part = match window.slots.iter().position(|&slot| slot == moved.slot) {
                None => window.all(self.states, now)?,
                Some(which) => {
                    let chunks = |state| self.chunks(window.slots, state);
                    let before = self.before(window.slots, which, moved, before);
                    window.sliding.measure(chunks(now), Some(before))?
                }
            };
            volume = volume.times(part)?;
        }
        Ok(volume)
    }

    /// The chunks of two slots.
    fn chunks(&self, slots: [usize; 2], state: State) -> [Chunks; 2] {
        slots.map(|slot| self.states.chunks(slot, of(state, slot)))
    }

    /// What the loops of a window's slots made of them before one of them moved.
    fn before(&self, slots: [usize; 2], which: usize, moved: Loop, state: State) -> Before {
        let chunks = self.chunks(slots, state);
        Before {
            chunks,
            which,
            by: chunks[which][moved.level],
        }
    }

    /// What makes up the volume of a move: see [`Volumes::all`] and [`Volumes::fresh`].
    ///
    /// # Errors
    /// As these.
    pub fn factors(&self, of_move: Move) -> Result<Factors, Fault> {
        let Move {
            tensor: t,
            when: When { state, .. },
            before,
        } = of_move;
        let (nest, tensor) = (self.nest, &self.nest.tensors[t]);
        let changing = self.states.walked | nest.spread;
        let mut factors = Factors {
            slots: [1; SLOTS],
            sharers: 1,
            windows: [Volume {
                copies: 1,
                distinct: 1,
            }; 2],
            extents: [None; 2],
        };
        let held = |slot: usize| {
            if changing & (1 << slot) == 0 {
                nest.extent[slot]
            } else {
                u64::from(self.plain[slot][of(state, slot)])
            }
        };
        for slot in slots(tensor.plain) {
            factors.slots[slot] = held(slot);
        }
        for slot in slots(nest.spread & !tensor.slots) {
            for level in &nest.splits[..nest.levels] {
                factors.sharers = mul(factors.sharers, level[slot].units)?;
            }
        }
        if t != nest.slid {
            return Ok(factors);
        }
        for (axis, window) in nest.windows.into_iter().enumerate() {
            let kept = before.and_then(|(i, earlier)| {
                let moved = nest.loops()[i];
                let which = window.slots.iter().position(|&slot| slot == moved.slot)?;
                Some(self.before(window.slots, which, moved, earlier))
            });
            let sliding = Sliding::new(nest, window)?;
            factors.windows[axis] = sliding.measure(self.chunks(window.slots, state), kept)?;
            factors.extents[axis] = kept.is_none().then(|| window.slots.map(held));
        }
        Ok(factors)
    }
}

/// A volume as the product of its axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factors {
    /// Elements along each slot that is an axis of its own.
    pub slots: [u64; SLOTS],
    /// Units that hold the same, as the tensor does not depend on the slots that are spread over them.
    pub sharers: u64,
    /// Elements along the axes on which windows slide.
    pub windows: [Volume; 2],
    /// Positions and taps of these that all units hold together; nothing where a window has moved on
    /// and only what is new counts.
    pub extents: [Option<[u64; 2]>; 2],
}

impl Window<'_> {
    fn all(&self, states: &States, state: State) -> Result<Volume, Fault> {
        let [position, taps] = self.slots.map(|slot| of(state, slot));
        if self.tabled {
            self.table[position | taps << self.shift]
        } else {
            at(&self.sliding, states, self.slots, [position, taps])
        }
    }
}

/// What the units hold when the loops of these slots stand like this.
fn at(
    sliding: &Sliding<'_>,
    states: &States,
    slots: [usize; 2],
    place: [usize; 2],
) -> Result<Volume, Fault> {
    let chunks = |which: usize| states.chunks(slots[which], place[which]);
    sliding.measure([chunks(0), chunks(1)], None)
}
