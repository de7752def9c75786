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
    /// Whether there are few enough states of both for `table`.
    tabled: bool,
    /// Per state of both, what the units hold.
    table: [Result<Volume, Fault>; OF_SLOT],
}

/// Volumes of the three tensors of a nest.
pub struct Volumes<'a> {
    nest: &'a Nest,
    /// Per slot and state, elements along the slot; each is in one unit only.
    plain: [[u32; OF_SLOT]; SLOTS],
    /// Per tensor, the part that does not depend on loops, with the copies in units along slots
    /// the tensor does not depend on.
    constant: [Volume; TENSORS],
    /// Per tensor, slots without a window that have loops, as bits.
    walked: [u16; TENSORS],
    /// The tensor that windows slide along, and those of its windows that have loops.
    slid: usize,
    windows: [Option<Window>; 2],
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
    pub fn new(nest: &'a Nest) -> Volumes<'a> {
        let one = Volume {
            copies: 1,
            distinct: 1,
        };
        Volumes {
            nest,
            plain: [[1; OF_SLOT]; SLOTS],
            constant: [one; TENSORS],
            walked: [0; TENSORS],
            slid: TENSORS,
            windows: [None, None],
        }
    }

    /// Fills the tables.
    ///
    /// # Errors
    /// Counts that do not fit 64 bits.
    pub fn fill(&mut self, states: &States) -> Result<(), Fault> {
        let nest = self.nest;
        for slot in 0..SLOTS {
            let mut units = 1;
            if nest.spread & (1 << slot) != 0 {
                let splits = nest.splits.map(|level| level[slot]);
                let splits = &splits[..nest.levels];
                for split in splits {
                    units = mul(units, split.units)?;
                }
                for state in 0..1 << states.loops[slot] {
                    let (chunks, _) = settle(nest, slot, state, |_, _| ());
                    self.plain[slot][state] = held(splits, &chunks, 0, nest.extent[slot]) as u32;
                }
            } else {
                for state in 0..1 << states.loops[slot] {
                    self.plain[slot][state] = states.tile(slot, state) as u32;
                }
            }
            let n = u64::from(self.plain[slot][0]);
            for (t, tensor) in nest.tensors.iter().enumerate() {
                let constant = &mut self.constant[t];
                if !tensor.has(slot) {
                    constant.copies = mul(constant.copies, units)?;
                } else if tensor.plain() & (1 << slot) == 0 {
                    continue;
                } else if states.loops[slot] > 0 {
                    self.walked[t] |= 1 << slot;
                } else {
                    constant.copies = mul(constant.copies, n)?;
                    constant.distinct = mul(constant.distinct, n)?;
                }
            }
        }
        let slid = nest.tensors.iter().enumerate();
        for (t, axis) in slid.flat_map(|(t, tensor)| tensor.axes().iter().map(move |a| (t, a))) {
            if let Some((taps, gap)) = axis.window {
                self.slid = t;
                self.window(t, *axis, taps, gap, states)?;
            }
        }
        Ok(())
    }

    /// The window along an axis of tensor `t`: a constant factor if it has no loops.
    fn window(
        &mut self,
        t: usize,
        axis: Axis,
        taps: usize,
        gap: u64,
        states: &States,
    ) -> Result<(), Fault> {
        let slots = [axis.slot, taps];
        let sliding = Sliding::new(self.nest, axis, taps, gap)?;
        let [positions, windows] = slots.map(|slot| states.loops[slot]);
        if positions + windows == 0
            && let Ok(v) = sliding.at(self.nest, slots, [0, 0])
        {
            self.constant[t] = self.constant[t].times(v)?;
            return Ok(());
        }
        let place = usize::from(self.windows[0].is_some());
        let window = self.windows[place].insert(Window {
            slots,
            sliding,
            shift: positions,
            tabled: 1 << (positions + windows) <= OF_SLOT,
            table: [Ok(Volume::default()); OF_SLOT],
        });
        if window.tabled {
            for i in 0..1 << (positions + windows) {
                let states = [i % (1 << positions), i >> positions];
                window.table[i] = window.sliding.at(self.nest, slots, states);
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
        if t == self.slid {
            for window in self.windows.iter().flatten() {
                volume = volume.times(window.all(self.nest, state)?)?;
            }
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
        if t != self.slid {
            // Along a slot without a window neighbouring tiles have nothing in common.
            return Ok(volume);
        }
        for window in self.windows.iter().flatten() {
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
        Ok(volume)
    }
}

impl Window {
    fn all(&self, nest: &Nest, state: State) -> Result<Volume, Fault> {
        let [position, taps] = self.slots.map(|slot| of(state, slot));
        if self.tabled {
            self.table[position | taps << self.shift]
        } else {
            self.sliding.at(nest, self.slots, [position, taps])
        }
    }
}

impl Sliding {
    /// What the units hold when the loops of these slots stand like this.
    fn at(&self, nest: &Nest, slots: [usize; 2], states: [usize; 2]) -> Result<Volume, Fault> {
        let chunks = |which: usize| settle(nest, slots[which], states[which], |_, _| ()).0;
        self.measure([chunks(0), chunks(1)], None)
    }
}
