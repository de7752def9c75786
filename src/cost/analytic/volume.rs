//! How many elements of a tensor the units hold, wherever the loops stand.
//!
//! A tensor is the product of its axes, and an axis depends on the loops of one slot, or of two
//! where a window slides. So every axis has a small table, and a volume is a few multiplications.

use super::nest::{Axis, Nest, SLOTS, TENSORS};
use super::states::{OF_SLOT, State, States, of, settle};
use super::tile::{Before, Sliding, Volume, held};
use super::window::{Fault, mul};

/// An axis along which a window slides.
struct Window {
    /// Slots of position and taps.
    slots: [usize; 2],
    sliding: Sliding,
    /// Loops of the position's slot, by which the taps' state is shifted in `table`.
    shift: u32,
    /// Per state of both, what the units hold; `None` if there are too many states.
    table: Option<[Result<Volume, Fault>; OF_SLOT]>,
}

/// Volumes of the three tensors of a nest.
pub struct Volumes<'a> {
    nest: &'a Nest,
    /// Per slot and state, elements along the slot; each is in one unit only.
    plain: [[u64; OF_SLOT]; SLOTS],
    /// Per tensor, the part that does not depend on loops, with the copies in units along slots
    /// the tensor does not depend on.
    constant: [Volume; TENSORS],
    /// Per tensor, slots without a window that have loops, as bits.
    walked: [u16; TENSORS],
    /// Per tensor, windows that have loops.
    windows: [[Option<Window>; 2]; TENSORS],
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
    /// The tables of a nest.
    ///
    /// # Errors
    /// Counts that do not fit 64 bits.
    pub fn new(nest: &'a Nest, states: &States) -> Result<Volumes<'a>, Fault> {
        let mut plain = [[1; OF_SLOT]; SLOTS];
        // Units along each slot, and those along all.
        let mut units = [1; SLOTS];
        for (slot, plain) in plain.iter_mut().enumerate() {
            let splits = nest.splits.map(|level| level[slot]);
            let splits = &splits[..nest.levels];
            for split in splits {
                units[slot] = mul(units[slot], split.units)?;
            }
            for (state, plain) in plain.iter_mut().enumerate().take(1 << states.loops[slot]) {
                *plain = if units[slot] == 1 {
                    states.tile[slot][state]
                } else {
                    let (chunks, _) = settle(nest, slot, state, |_, _| ());
                    held(splits, &chunks, 0, nest.extent[slot])
                };
            }
        }
        let mut volumes = Volumes {
            nest,
            plain,
            constant: [Volume {
                copies: 1,
                distinct: 1,
            }; TENSORS],
            walked: [0; TENSORS],
            windows: [const { [None, None] }; TENSORS],
        };
        for (t, tensor) in nest.tensors.iter().enumerate() {
            for (slot, &units) in units.iter().enumerate() {
                if !tensor.has(slot) {
                    volumes.constant[t].copies = mul(volumes.constant[t].copies, units)?;
                }
            }
            let mut found = 0;
            for &axis in tensor.axes() {
                if let Some((taps, gap)) = axis.window {
                    volumes.windows[t][found] = volumes.window(t, axis, taps, gap, states)?;
                    found += 1;
                } else if states.loops[axis.slot] > 0 {
                    volumes.walked[t] |= 1 << axis.slot;
                } else {
                    let n = volumes.plain[axis.slot][0];
                    volumes.constant[t] = volumes.constant[t].times(Volume {
                        copies: n,
                        distinct: n,
                    })?;
                }
            }
        }
        Ok(volumes)
    }

    /// The window along an axis of tensor `t`; none, but a constant factor, if it has no loops.
    fn window(
        &mut self,
        t: usize,
        axis: Axis,
        taps: usize,
        gap: u64,
        states: &States,
    ) -> Result<Option<Window>, Fault> {
        let slots = [axis.slot, taps];
        let [positions, windows] = slots.map(|slot| states.loops[slot]);
        let mut window = Window {
            slots,
            sliding: Sliding::new(self.nest, axis, taps, gap)?,
            shift: positions,
            table: None,
        };
        if positions + windows == 0
            && let Ok(v) = window.measure(self.nest, [0, 0])
        {
            self.constant[t] = self.constant[t].times(v)?;
            return Ok(None);
        }
        if 1 << (positions + windows) <= OF_SLOT {
            let mut table = [Ok(Volume::default()); OF_SLOT];
            for (i, v) in table.iter_mut().enumerate().take(1 << (positions + windows)) {
                *v = window.measure(self.nest, [i % (1 << positions), i >> positions]);
            }
            window.table = Some(table);
        }
        Ok(Some(window))
    }

    /// Elements of tensor `t` over all units.
    ///
    /// # Errors
    /// Units whose elements interleave without a closed count.
    pub fn all(&self, t: usize, state: State) -> Result<Volume, Fault> {
        let mut volume = self.without_windows(t, state)?;
        for window in self.windows[t].iter().flatten() {
            volume = volume.times(window.all(self.nest, state)?)?;
        }
        Ok(volume)
    }

    fn without_windows(&self, t: usize, state: State) -> Result<Volume, Fault> {
        let Volume {
            mut copies,
            mut distinct,
        } = self.constant[t];
        let mut walked = self.walked[t];
        while walked != 0 {
            let slot = walked.trailing_zeros() as usize;
            walked &= walked - 1;
            let n = self.plain[slot][of(state, slot)];
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
        for window in self.windows[t].iter().flatten() {
            let part = match window.slots.iter().position(|&slot| slot == moved.slot) {
                None => window.all(self.nest, now)?,
                Some(which) => {
                    let chunks = |state| {
                        window
                            .slots
                            .map(|slot| settle(self.nest, slot, of(state, slot), |_, _| ()).0)
                    };
                    let earlier = chunks(before);
                    let before = Before {
                        chunks: earlier,
                        which,
                        by: earlier[which][moved.level],
                    };
                    window.sliding.measure(chunks(now), Some(before))?
                }
            };
            volume = volume.times(part)?;
        }
        // Along a slot without a window neighbouring tiles have nothing in common.
        Ok(volume)
    }
}

impl Window {
    fn all(&self, nest: &Nest, state: State) -> Result<Volume, Fault> {
        let [position, taps] = self.slots.map(|slot| of(state, slot));
        match &self.table {
            Some(table) => table[position | taps << self.shift],
            None => self.measure(nest, [position, taps]),
        }
    }

    fn measure(&self, nest: &Nest, states: [usize; 2]) -> Result<Volume, Fault> {
        let [position, taps] = self.slots;
        let now = [(position, states[0]), (taps, states[1])]
            .map(|(slot, state)| settle(nest, slot, state, |_, _| ()).0);
        self.sliding.measure(now, None)
    }
}
