//! Passes: what the shared memory holds at a time, and what moves off chip between them.

use super::super::Refused;
use super::nest::{MAX_LEVELS, Nest, OUTPUT, ROWS, SLOTS, TENSORS, overflow, refuse};
use super::tile::Chunks;
use super::walk::{Moved, Walk, box_size, length};
use super::window::{Link, Run, Transfer, add, mul};
use super::{Array, L1, L2, Outcome};

/// Kinds of traffic between off-chip memory and shared memory.
pub const TRAFFIC: usize = 5;
/// Elements of each kind: input, weights, output, sums that leave, sums that return.
pub type Traffic = [u64; TRAFFIC];
/// Index of sums that leave before they are complete.
const LEAVING: usize = 3;
/// Index of sums that come back to be completed.
const RETURNING: usize = 4;
/// The tensor of each kind.
const TENSOR: [usize; TRAFFIC] = [0, 1, OUTPUT, OUTPUT, OUTPUT];

fn plus(a: Traffic, b: Traffic) -> Result<Traffic, Refused> {
    let mut sum = a;
    for (sum, b) in sum.iter_mut().zip(b) {
        *sum = add(*sum, b)?;
    }
    Ok(sum)
}

fn times(a: Traffic, n: u64) -> Result<Traffic, Refused> {
    let mut product = a;
    for product in &mut product {
        *product = mul(*product, n)?;
    }
    Ok(product)
}

/// Whether a tile of outputs is in the shared memory for the first time, and for the last.
#[derive(Clone, Copy)]
struct Visit {
    first: bool,
    last: bool,
}

/// Positions of a loop that are alike.
#[derive(Clone, Copy)]
struct Segment {
    count: u64,
    chunk: u64,
    visit: Visit,
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
        if passes.sums_fit() {
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

    /// Neighbouring tiles of a transposed convolution share outputs, so its passes hold rows and
    /// columns whole.
    fn sums_fit(&self) -> bool {
        self.nest.cut_output.is_none() || self.moving().all(|slot| slot < ROWS)
    }

    /// Whether outputs leave the shared memory incomplete because this loop over what is summed up
    /// lies outside of a loop over outputs.
    fn returns(&self, at: usize) -> bool {
        let output = &self.nest.tensors[OUTPUT];
        let loops = &self.nest.loops()[..self.cut];
        let moves = |slot: usize| self.nest.splits[0][slot].chunk() < self.nest.extent[slot];
        let inside = || loops[at + 1..].iter().map(|l| l.slot);
        moves(loops[at].slot)
            && !output.has(loops[at].slot)
            && inside().any(|slot| moves(slot) && output.has(slot))
    }

    /// What the shared memory holds in a pass, twice where it changes between passes and has two
    /// buffers; outputs that return have a third, as some come while others go.
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
            let double = self.array.double[L2][t];
            let returns = t == OUTPUT && (0..self.cut).any(|at| self.returns(at));
            let buffers = 1 + u64::from(changes && double) + u64::from(returns && double);
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
        let once = Visit {
            first: true,
            last: true,
        };
        let mut row = self.from(0, chunks, once)?;
        for l in &self.nest.loops()[..self.cut] {
            let (_, full, _) = self.walk.positions(*l, &chunks);
            chunks[0][l.slot] = full;
        }
        let load = [self.held(&chunks, 0)?, self.held(&chunks, 1)?, 0, 0, 0];
        for l in &self.nest.loops()[..self.cut] {
            let (_, _, last) = self.walk.positions(*l, &chunks);
            chunks[0][l.slot] = last;
        }
        let store = [0, 0, self.held(&chunks, OUTPUT)?, 0, 0];
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
            for (n, t) in part.iter_mut().zip(TENSOR) {
                *n *= u64::from(double[t] == two);
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

    /// The passes from loop `at` on, the others standing at `chunks`.
    fn from(&mut self, at: usize, mut chunks: Chunks, visit: Visit) -> Result<Row, Refused> {
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
        let mut all: Option<Row> = None;
        for segment in self.segments(at, &chunks, visit).into_iter().flatten() {
            let Segment { count, chunk, .. } = segment;
            // Chunks before the last are full.
            let before = chunks[0][l.slot];
            chunks[0][l.slot] = chunk;
            let one = self.from(at + 1, chunks, segment.visit)?;
            let mut row = Row {
                run: one.run,
                moved: one.moved.times(count)?,
                traffic: times(one.traffic, count)?,
            };
            if count > 1 {
                let (between, crossed) = self.transition(at, chunk, chunks, visit)?;
                row.run = one.run.repeat(count, between, Link::Shared)?;
                row.traffic = plus(row.traffic, times(crossed, count - 1)?)?;
            }
            all = Some(match all {
                None => row,
                Some(rows) => {
                    chunks[0][l.slot] = before;
                    let (between, crossed) = self.transition(at, chunk, chunks, visit)?;
                    chunks[0][l.slot] = chunk;
                    Row {
                        run: rows.run.then(between, row.run, Link::Shared)?,
                        moved: rows.moved.plus(row.moved)?,
                        traffic: plus(plus(rows.traffic, row.traffic)?, crossed)?,
                    }
                }
            });
        }
        all.ok_or_else(overflow)
    }

    /// The positions of a loop: full chunks and a last one; where sums return, the first stands
    /// for itself too.
    fn segments(&self, at: usize, chunks: &Chunks, visit: Visit) -> [Option<Segment>; 3] {
        let (count, full, last) = self.walk.positions(self.nest.loops()[at], chunks);
        let returns = self.returns(at);
        let some = |count: u64, chunk: u64, first: bool, last: bool| {
            (count > 0).then_some(Segment {
                count,
                chunk,
                visit: Visit {
                    first: visit.first && (first || !returns),
                    last: visit.last && (last || !returns),
                },
            })
        };
        if count == 1 {
            [some(1, full, true, true), None, None]
        } else if returns {
            [
                some(1, full, true, false),
                some(count - 2, full, false, false),
                some(1, last, false, true),
            ]
        } else if last == full {
            [some(count, full, true, true), None, None]
        } else {
            [
                some(count - 1, full, true, true),
                some(1, last, true, true),
                None,
            ]
        }
    }

    /// What moves off chip when the loop `at` goes on from the chunk it stands at to `next`.
    /// `visit` is that of the loops outside of it.
    fn transition(
        &self,
        at: usize,
        next: u64,
        chunks: Chunks,
        visit: Visit,
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
        let returns = self.returns(at);
        for (t, tensor) in self.nest.tensors.iter().enumerate() {
            let again = (0..SLOTS).any(|s| restarted & (1 << s) != 0 && tensor.has(s));
            if !again && !tensor.has(slot) {
                continue;
            }
            if t == OUTPUT {
                let complete = visit.last && !returns;
                store[if complete { OUTPUT } else { LEAVING }] = self.held(&before, t)?;
                if returns || !visit.first {
                    load[RETURNING] = self.held(&after, t)?;
                }
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
