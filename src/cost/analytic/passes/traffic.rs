//! The off-chip traffic of a choice of passes, from closed sums.

use super::super::nest::{OUTPUT, TENSORS, Window};
use super::super::window::{Fault, add, mul};
use super::{LEAVING, Passes, RETURNING, Traffic};

/// How the off-chip traffic of a tensor comes about: its elements along slots without a window, times
/// those along the axes of its windows, times the positions of the loops that bring it again.
#[derive(Debug, Clone, Default)]
pub struct Brought {
    /// Slots of these loops, with their positions.
    pub again: Vec<(usize, u64)>,
    /// Along rows and columns: how often so many elements are brought.
    pub along: [Vec<(u64, u64)>; 2],
}

impl Passes<'_> {
    /// How the traffic of each tensor comes about.
    pub(super) fn brought(&self) -> Result<[Brought; TENSORS], Fault> {
        let mut all: [Brought; TENSORS] = Default::default();
        for (t, brought) in all.iter_mut().enumerate() {
            let loops = self.nest.loops()[..self.until[t]].iter().zip(self.outer);
            let again = loops.filter(|(l, _)| !self.nest.tensors[t].has(l.slot));
            brought.again = again.map(|(l, outer)| (l.slot, outer.count)).collect();
            self.once(t, &mut |axis, times, length| {
                brought.along[axis].push((times, length));
            })?;
        }
        Ok(all)
    }

    /// Elements along a window's axis in a pass.
    fn length(&self, window: &Window, at_last: u16) -> Result<u64, Fault> {
        let [positions, taps] = window
            .slots
            .map(|slot| self.tiles[slot][usize::from(at_last >> slot & 1)]);
        window.length(positions, taps)
    }

    /// All traffic off chip, from closed sums: what a tensor's innermost loop outside of the passes
    /// walks is brought once for every position of the loops outside of that one.
    pub(super) fn traffic(&self) -> Result<Traffic, Fault> {
        let mut traffic = Traffic::default();
        for t in 0..TENSORS {
            let repeats = self.repeats[t];
            let moved = self.once(t, &mut |_, _, _| ())?;
            traffic[t] = if t == OUTPUT {
                let partly = mul(moved, repeats - 1)?;
                traffic[LEAVING] = partly;
                traffic[RETURNING] = partly;
                moved
            } else {
                mul(moved, repeats)?
            };
        }
        Ok(traffic)
    }

    /// Elements of a tensor that move while each of its loops outside of the passes goes through its
    /// positions once. Hears of an axis, times and elements: what makes up those along windows.
    fn once(&self, t: usize, hear: &mut impl FnMut(usize, u64, u64)) -> Result<u64, Fault> {
        let mut size = self.plain[t];
        if t != self.nest.slid {
            return Ok(size);
        }
        if self.nest.cut_output.is_some() {
            return mul(size, self.plane()?);
        }
        let innermost = self.until[t]
            .checked_sub(1)
            .map(|i| self.nest.loops()[i].slot);
        for (axis, window) in self.nest.windows.iter().enumerate() {
            let mut hear = |times, length| hear(axis, times, length);
            size = mul(size, self.along(window, innermost, &mut hear)?)?;
        }
        Ok(size)
    }

    /// Elements along a window's axis, summed over the positions of its loops. Of the innermost
    /// loop's next position a part is there already.
    fn along(
        &self,
        window: &Window,
        innermost: Option<usize>,
        hear: &mut impl FnMut(u64, u64),
    ) -> Result<u64, Fault> {
        let slots = window.slots;
        if slots.iter().all(|slot| self.outside & (1 << slot) == 0) {
            let length = self.length(window, 0)?;
            hear(1, length);
            return Ok(length);
        }
        // The innermost loop is walked along, the other one repeats it.
        let walked = slots.into_iter().find(|&slot| Some(slot) == innermost);
        let positions = |slot: usize| {
            let chunks = self.tiles[slot];
            let count = self.nest.extent[slot].div_ceil(chunks[0]);
            let full = count - u64::from(chunks[1] < chunks[0]);
            [full, count - full]
        };
        let classes = |slot: usize| {
            if Some(slot) == walked {
                [1, 0]
            } else {
                positions(slot)
            }
        };
        let mut sum = 0;
        for (last_position, times_position) in classes(slots[0]).into_iter().enumerate() {
            for (last_tap, times_tap) in classes(slots[1]).into_iter().enumerate() {
                let times = mul(times_position, times_tap)?;
                if times == 0 {
                    continue;
                }
                let at_last = (last_position as u16) << slots[0] | (last_tap as u16) << slots[1];
                let mut some = |n: u64, length: u64| {
                    let n = mul(times, n)?;
                    hear(n, length);
                    sum = add(sum, mul(n, length)?)?;
                    Ok::<_, Fault>(())
                };
                some(1, self.length(window, at_last)?)?;
                if let Some(slot) = walked {
                    let [full, last] = positions(slot);
                    let next = at_last | 1 << slot;
                    some(full - 1, self.fresh(window, slot, at_last, at_last)?)?;
                    some(last, self.fresh(window, slot, at_last, next)?)?;
                }
            }
        }
        Ok(sum)
    }

    /// Elements along a window's axis that a pass has and the one before, a position of `moved`
    /// back, had not.
    pub(super) fn fresh(
        &self,
        window: &Window,
        moved: usize,
        before: u16,
        now: u16,
    ) -> Result<u64, Fault> {
        let now = self.length(window, now)?;
        let Some(which) = window.slots.iter().position(|&slot| slot == moved) else {
            return Ok(now);
        };
        let had = self.length(window, before)?;
        let chunk = self.tiles[moved][usize::from(before >> moved & 1)];
        let by = mul(chunk, window.scales[which])?;
        Ok(now - had.saturating_sub(by).min(now))
    }
}
