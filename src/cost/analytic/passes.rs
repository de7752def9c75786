//! Passes: what the shared memory holds at a time, and what moves off chip between them.

use super::super::Refused;
use super::nest::{MAX_LEVELS, Nest, OUTPUT, ROWS, SLOTS, TENSORS, overflow, refuse};
use super::tile::Chunks;
use super::walk::{Moved, Walk, box_size, length};
use super::window::{Link, Run, Transfer, add, mul};
use super::{Array, L1, L2, Outcome};

/// Elements between off-chip memory and shared memory: input, weights, output.
type Traffic = [u64; TENSORS];

fn plus(a: Traffic, b: Traffic) -> Result<Traffic, Refused> {
    Ok([add(a[0], b[0])?, add(a[1], b[1])?, add(a[2], b[2])?])
}

fn times(a: Traffic, n: u64) -> Result<Traffic, Refused> {
    Ok([mul(a[0], n)?, mul(a[1], n)?, mul(a[2], n)?])
}

/// A row of passes and what it moves.
#[derive(Clone, Copy)]
struct Row {
    run: Run,
    moved: Moved,
    traffic: Traffic,
}

struct Passes<'a> {
    nest: &'a Nest,
    array: &'a Array,
    walk: Walk<'a>,
    /// Loops outside of a pass.
    cut: usize,
    /// Whether the passes themselves are priced, or only what moves between them.
    price: bool,
}

/// Counts a nest on an array. Of the choices of passes that fit the shared memory, the one with
/// the least off-chip traffic is taken; among equals the fastest, then the smallest.
///
/// # Errors
/// If the shared memory is too small for every choice of passes, or all are refused.
pub fn run(nest: &Nest, array: &Array) -> Result<Outcome, Refused> {
    // Per choice: bytes and traffic, if it fits.
    let mut choices = [None; SLOTS + 1];
    let mut smallest = u64::MAX;
    for (cut, choice) in choices.iter_mut().enumerate().take(nest.outer + 1) {
        let mut passes = Passes::new(nest, array, cut, false);
        if passes.sums_stay()? {
            let bytes = passes.bytes()?;
            smallest = smallest.min(bytes);
            if bytes <= array.l2_bytes {
                *choice = Some((bytes, array.offchip_bits(passes.whole()?.1.traffic)?));
            }
        }
    }
    let fitting = || {
        choices
            .iter()
            .enumerate()
            .filter_map(|(i, c)| Some((i, (*c)?)))
    };
    let Some(least) = fitting().map(|(_, (_, traffic))| traffic).min() else {
        return refuse(format!(
            "needs {smallest} bytes of shared memory, of which there are {}",
            array.l2_bytes
        ));
    };
    let mut best: Option<Outcome> = None;
    let mut refused = None;
    for (cut, (bytes, _)) in fitting().filter(|(_, (_, traffic))| *traffic == least) {
        match outcome(nest, array, cut, bytes) {
            Err(reason) => refused = refused.or(Some(reason)),
            Ok(o) => {
                let better = |b: Outcome| (o.cycles, o.l2_bytes) < (b.cycles, b.l2_bytes);
                if best.is_none_or(better) {
                    best = Some(o);
                }
            }
        }
    }
    best.ok_or_else(|| refused.unwrap_or_else(overflow))
}

/// The counts with this many loops outside of the passes.
fn outcome(nest: &Nest, array: &Array, cut: usize, l2_bytes: u64) -> Result<Outcome, Refused> {
    let mut passes = Passes::new(nest, array, cut, true);
    let (cycles, row) = passes.whole()?;
    let l1_bytes = {
        let mut total = 0;
        for (t, (size, changes)) in passes.walk.held(cut)?.into_iter().enumerate() {
            let buffers = 1 + u64::from(changes && array.double[L1][t]);
            total = add(total, mul(array.bytes(t, size)?, buffers)?)?;
        }
        total
    };
    let mut macs = 1;
    for extent in nest.extent {
        macs = mul(macs, extent)?;
    }
    let sums_read = match nest.cut_output {
        Some(_) => row.moved.arrived,
        None => row.moved.arrived - box_size(nest, OUTPUT, &|slot| nest.extent[slot])?,
    };
    Ok(Outcome {
        cycles,
        macs,
        moved: row.moved,
        sums_read,
        offchip: row.traffic,
        l1_bytes,
        l2_bytes,
        outer_loops: cut,
    })
}

impl<'a> Passes<'a> {
    fn new(nest: &'a Nest, array: &'a Array, cut: usize, price: bool) -> Passes<'a> {
        Passes {
            nest,
            array,
            walk: Walk::new(nest, array),
            cut,
            price,
        }
    }

    /// Loops outside of the passes with more than one position.
    fn moving(&self) -> impl Iterator<Item = usize> + 'a {
        let nest = self.nest;
        nest.loops()[..self.cut]
            .iter()
            .map(|l| l.slot)
            .filter(|&s| nest.splits[0][s].chunk() < nest.extent[s])
    }

    /// Whether an output, once gone from the shared memory, never comes back: no loop over outputs
    /// lies inside a loop over what is summed up. Of a transposed convolution, neighbouring tiles
    /// share outputs, so passes hold rows and columns whole.
    fn sums_stay(&self) -> Result<bool, Refused> {
        let output = &self.nest.tensors[OUTPUT];
        let mut summing = false;
        for slot in self.moving() {
            if self.nest.cut_output.is_some() && slot >= ROWS {
                return Ok(false);
            }
            if !output.has(slot) {
                summing = true;
            } else if summing {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the shared memory holds in a pass, twice where it changes between passes and has two
    /// buffers.
    fn bytes(&self) -> Result<u64, Refused> {
        let mut total = 0;
        let mut chunks = [[1; SLOTS]; MAX_LEVELS];
        for l in &self.nest.loops()[..self.cut] {
            chunks[0][l.slot] = self.nest.splits[0][l.slot]
                .chunk()
                .min(self.nest.extent[l.slot]);
        }
        for t in 0..TENSORS {
            let changes = self.moving().any(|s| self.nest.tensors[t].has(s));
            let size = box_size(self.nest, t, &|slot| self.tile(&chunks, slot))?;
            let buffers = 1 + u64::from(changes && self.array.double[L2][t]);
            total = add(total, mul(self.array.bytes(t, size)?, buffers)?)?;
        }
        Ok(total)
    }

    /// Extent of a slot in a pass.
    fn tile(&self, chunks: &Chunks, slot: usize) -> u64 {
        let outside = self.nest.loops()[..self.cut].iter().any(|l| l.slot == slot);
        if outside {
            chunks[0][slot]
        } else {
            self.nest.extent[slot]
        }
    }

    /// All passes.
    fn whole(&mut self) -> Result<(u64, Row), Refused> {
        let mut chunks = [[1; SLOTS]; MAX_LEVELS];
        let mut row = self.from(0, chunks)?;
        for l in &self.nest.loops()[..self.cut] {
            let (_, full, _) = self.walk.positions(*l, &chunks);
            chunks[0][l.slot] = full;
        }
        let load = [self.held(&chunks, 0)?, self.held(&chunks, 1)?, 0];
        for l in &self.nest.loops()[..self.cut] {
            let (_, _, last) = self.walk.positions(*l, &chunks);
            chunks[0][l.slot] = last;
        }
        let store = [0, 0, self.held(&chunks, OUTPUT)?];
        row.traffic = plus(row.traffic, plus(load, store)?)?;
        let around = Transfer {
            load: self.cycles(load)?,
            store: self.cycles(store)?,
            exposed: 0,
        };
        Ok((row.run.total(around, Link::Shared)?, row))
    }

    /// Cycles on the off-chip link.
    fn cycles(&self, traffic: Traffic) -> Result<u64, Refused> {
        Array::link_cycles(self.array.offchip_bits(traffic)?, self.array.offchip_width)
    }

    /// Cycles between two passes: what has two buffers moves during them, the rest between them.
    fn transfer(&self, load: Traffic, store: Traffic) -> Result<Transfer, Refused> {
        let double = self.array.double[L2];
        let part = |traffic: Traffic, two: bool| {
            let mut part = traffic;
            for (n, double) in part.iter_mut().zip(double) {
                *n *= u64::from(double == two);
            }
            self.cycles(part)
        };
        Ok(Transfer {
            load: part(load, true)?,
            store: part(store, true)?,
            exposed: add(part(load, false)?, part(store, false)?)?,
        })
    }

    /// Elements of a tensor in a pass.
    fn held(&self, chunks: &Chunks, t: usize) -> Result<u64, Refused> {
        let tile = |slot| self.tile(chunks, slot);
        let (OUTPUT, Some(plane)) = (t, self.nest.cut_output) else {
            return box_size(self.nest, t, &tile);
        };
        let mut size = mul(plane[0], plane[1])?;
        for axis in self.nest.tensors[t].axes() {
            if axis.window.is_none() {
                size = mul(size, tile(axis.slot))?;
            }
        }
        Ok(size)
    }

    fn from(&mut self, at: usize, mut chunks: Chunks) -> Result<Row, Refused> {
        self.walk.branch()?;
        if at == self.cut {
            let (cycles, moved) = if self.price {
                self.walk.pass(self.cut, &chunks)?
            } else {
                (0, Moved::default())
            };
            return Ok(Row {
                run: Run::step(cycles),
                moved,
                traffic: Traffic::default(),
            });
        }
        let l = self.nest.loops()[at];
        let (count, full, last) = self.walk.positions(l, &chunks);
        chunks[0][l.slot] = full;
        let row = self.from(at + 1, chunks)?;
        if count == 1 {
            return Ok(row);
        }
        let alike = if last == full { count } else { count - 1 };
        let mut all = Row {
            run: row.run,
            moved: row.moved.times(alike)?,
            traffic: times(row.traffic, alike)?,
        };
        if alike > 1 {
            let (between, crossed) = self.transition(at, full, chunks)?;
            all.run = row.run.repeat(alike, between, Link::Shared)?;
            all.traffic = plus(all.traffic, times(crossed, alike - 1)?)?;
        }
        if last != full {
            let (between, crossed) = self.transition(at, last, chunks)?;
            chunks[0][l.slot] = last;
            let next = self.from(at + 1, chunks)?;
            all.run = all.run.then(between, next.run, Link::Shared)?;
            all.moved = all.moved.plus(next.moved)?;
            all.traffic = plus(plus(all.traffic, next.traffic)?, crossed)?;
        }
        Ok(all)
    }

    /// What moves off chip when the loop `at` goes on from a full chunk to `next`.
    fn transition(
        &self,
        at: usize,
        next: u64,
        chunks: Chunks,
    ) -> Result<(Transfer, Traffic), Refused> {
        let slot = self.nest.loops()[at].slot;
        let (mut before, mut after) = (chunks, chunks);
        after[0][slot] = next;
        let mut restarted = 0u16;
        for l in &self.nest.loops()[at + 1..self.cut] {
            let (count, full, last) = self.walk.positions(*l, &chunks);
            before[0][l.slot] = last;
            after[0][l.slot] = full;
            if count > 1 {
                restarted |= 1 << l.slot;
            }
        }
        let (mut load, mut store) = (Traffic::default(), Traffic::default());
        for (t, tensor) in self.nest.tensors.iter().enumerate() {
            let again = (0..SLOTS).any(|s| restarted & (1 << s) != 0 && tensor.has(s));
            if !again && !tensor.has(slot) {
                continue;
            }
            if t == OUTPUT {
                store[t] = self.held(&before, t)?;
            } else if again {
                load[t] = self.held(&after, t)?;
            } else {
                load[t] = self.fresh(t, slot, &before, &after)?;
            }
        }
        Ok((self.transfer(load, store)?, plus(load, store)?))
    }

    /// What a pass has of a tensor that the pass before, one position of `slot` back, had not.
    fn fresh(
        &self,
        t: usize,
        slot: usize,
        before: &Chunks,
        after: &Chunks,
    ) -> Result<u64, Refused> {
        let mut size = 1;
        for axis in self.nest.tensors[t].axes() {
            let now = length(axis, &|s| self.tile(after, s))?;
            let scale = match axis.window {
                Some((taps, gap)) if taps == slot => Some(gap),
                _ => (axis.slot == slot).then_some(axis.scale),
            };
            let kept = match scale {
                Some(scale) => {
                    let had = length(axis, &|s| self.tile(before, s))?;
                    let by = mul(self.tile(before, slot), scale)?;
                    had.saturating_sub(by).min(now)
                }
                None => 0,
            };
            size = mul(size, now - kept)?;
        }
        Ok(size)
    }
}
