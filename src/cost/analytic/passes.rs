//! Passes: what the shared memory holds at a time, and what moves off chip between them.

mod traffic;

use super::super::Refused;
use super::nest::{Loop, Nest, OUTPUT, ROWS, SLOTS, TENSORS, slots};
use super::spent::{Breakdown, Spent, Times, Told};
use super::states::{State, States};
use super::unpriced::Unpriced;
use super::volume::{Factors, Volumes};
use super::walk::{Flow, Walk};
use super::window::{Amount, Fault, KINDS, Link, Made, Run, Sum, Transfer, When, add, mul};
use super::{Array, L1, L2, Outcome};
use std::collections::BTreeMap;
pub use traffic::Brought;

/// Elements of each kind: input, weights, output, sums that leave, sums that return.
pub type Traffic = [u64; KINDS];
/// Index of sums that leave before they are complete.
const LEAVING: usize = 3;
/// Index of sums that come back to be completed.
const RETURNING: usize = 4;
/// The tensor of each kind.
const TENSOR: [usize; KINDS] = [0, 1, OUTPUT, OUTPUT, OUTPUT];

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
    /// Whether they are the cut last one.
    at_last: bool,
    visit: Visit,
}

/// A loop of the outermost level.
#[derive(Clone, Copy, Default)]
struct Outer {
    /// Elements of its slot in a full chunk and in the last.
    chunks: [u64; 2],
    /// Full chunks.
    full: u64,
    /// All of them.
    count: u64,
}

/// A choice of passes: which loops lie outside of them, and what follows without walking them.
#[derive(Clone, Copy)]
struct Passes<'a> {
    nest: &'a Nest,
    array: &'a Array,
    outer: &'a [Outer; SLOTS],
    /// Slots whose loop lies outside of a pass, as bits.
    outside: u16,
    /// Per slot, its extent in a pass where its loop stands at a full chunk, and at the last.
    tiles: [[u64; 2]; SLOTS],
    /// Loops outside of a pass.
    cut: usize,
    /// Per tensor, loops outside of a pass up to its innermost one.
    until: [usize; TENSORS],
    /// Per tensor, elements in a pass of full chunks.
    full: [u64; TENSORS],
    /// Per tensor, how often it is brought: positions of the loops it does not depend on up to its
    /// innermost one.
    repeats: [u64; TENSORS],
    /// The same up to the passes.
    positions: [u64; TENSORS],
    /// Per tensor, elements along the slots without a window.
    plain: [u64; TENSORS],
}

/// Counts a nest on an array. Of the choices of passes that fit the shared memory, the one with
/// the least off-chip traffic is taken; among equals the fastest, then the smallest.
///
/// # Errors
/// If the shared memory is too small for every choice of passes, or all are refused.
pub fn run(nest: &Nest, array: &Array) -> Result<Outcome, Unpriced> {
    let outer = outer(nest);
    let mut smallest = u64::MAX;
    let mut least = u64::MAX;
    // Per choice: bytes, traffic and its bits, if it fits.
    let mut choices = [None; SLOTS + 1];
    let whole = Passes::new(nest, array, &outer)?;
    let mut passes = whole;
    for choice in &mut choices[..=nest.outer] {
        if passes.sums_fit() {
            let bytes = passes.bytes()?;
            smallest = smallest.min(bytes);
            if bytes <= array.l2_bytes {
                let traffic = passes.traffic()?;
                let bits = array.offchip_bits(traffic)?;
                least = least.min(bits);
                *choice = Some((bytes, traffic, bits));
            }
        }
        passes.shrink()?;
    }
    if choices.iter().flatten().next().is_none() {
        let reason = format!(
            "needs {smallest} bytes of shared memory, of which there are {}",
            array.l2_bytes
        );
        return Err(Refused::new(reason).because_of("l2.capacity").into());
    }
    let states = States::new(nest);
    states.even(nest)?;
    let mut volumes = Volumes::new(nest, &states);
    volumes.fill()?;
    let mut walk = Walk::new(nest, array, &states, &volumes);
    walk.fill()?;
    for (cut, choice) in choices.iter().enumerate() {
        if choice.is_some_and(|(_, _, bits)| bits == least) {
            walk.remember(cut);
        }
    }
    let mut best: Option<Outcome> = None;
    let mut refused = None;
    let mut passes = whole;
    for choice in &choices[..=nest.outer] {
        if let Some((bytes, traffic, bits)) = *choice
            && bits == least
        {
            walk.restart();
            match passes.outcome(&mut walk, bytes, traffic) {
                Err(fault) => refused = refused.or(Some(fault)),
                Ok(o) => {
                    let better = |b: &Outcome| (o.cycles, o.l2_bytes) < (b.cycles, b.l2_bytes);
                    if best.as_ref().is_none_or(better) {
                        best = Some(o);
                    }
                }
            }
        }
        passes.shrink()?;
    }
    best.ok_or_else(|| refused.unwrap_or(Fault::Overflow).into())
}

/// What a choice of passes spends cycles on and moves, given as the loops that lie outside of them.
///
/// # Errors
/// As [`run`].
pub fn spent(nest: Nest, array: &Array, outer_loops: usize) -> Result<Breakdown, Refused> {
    let outer = outer(&nest);
    let mut passes = Passes::new(&nest, array, &outer)?;
    let outside = |l: &&Loop| l.written < outer_loops;
    for _ in nest.loops()[..nest.outer].iter().filter(outside) {
        passes.shrink()?;
    }
    let states = States::new(&nest);
    let mut volumes = Volumes::new(&nest, &states);
    volumes.fill()?;
    let mut walk: Walk<Told> = Walk::new(&nest, array, &states, &volumes);
    walk.fill()?;
    let (all, flows) = passes.all(&mut walk)?;
    let mut moves: [BTreeMap<Factors, Times>; TENSORS] = Default::default();
    for (of, n) in flows.moves {
        let alike = moves[of.tensor].entry(volumes.factors(of)?).or_default();
        alike.add(n, &[of.when]);
    }
    // The passes with their loops at the same ends are alike.
    let mut steps = Spent::none();
    for ends in 0..1_u32 << passes.cut {
        let (mut state, mut times) = (0, 1);
        for (at, outer) in outer.iter().enumerate().take(passes.cut) {
            let last = ends & (1 << at) != 0;
            let count = if last {
                state |= walk.bit(at);
                outer.count - outer.full
            } else {
                outer.full
            };
            times = mul(times, count)?;
        }
        if times > 0 {
            walk.restart();
            let (pass, _) = walk.pass(passes.cut, state)?;
            steps = steps.plus(&pass.times(times)?)?;
        }
    }
    let buffers = [
        std::array::from_fn(|t| passes.l1_buffers(&walk, t)),
        std::array::from_fn(|t| passes.l2_buffers(t)),
    ];
    let tile = std::array::from_fn(|slot| states.tile(slot, 0));
    let (pass, brought) = (passes.tile(0), passes.brought()?);
    Ok(Breakdown {
        tile,
        steps,
        outside: nest.loops()[..passes.cut].iter().map(|l| l.slot).collect(),
        passes: all,
        moves,
        pass,
        buffers,
        brought,
        states,
        nest,
    })
}

/// The loops of the outermost level.
fn outer(nest: &Nest) -> [Outer; SLOTS] {
    let mut outer = [Outer::default(); SLOTS];
    for (outer, l) in outer.iter_mut().zip(&nest.loops()[..nest.outer]) {
        let extent = nest.extent[l.slot];
        let chunk = nest.splits[0][l.slot].chunk();
        let count = extent.div_ceil(chunk);
        let last = extent - (count - 1) * chunk;
        *outer = Outer {
            chunks: [chunk, last],
            full: count - u64::from(last < chunk),
            count,
        };
    }
    outer
}

impl<'a> Passes<'a> {
    /// The choice with one pass.
    fn new(
        nest: &'a Nest,
        array: &'a Array,
        outer: &'a [Outer; SLOTS],
    ) -> Result<Passes<'a>, Fault> {
        let mut passes = Passes {
            nest,
            array,
            outer,
            outside: 0,
            tiles: nest.extent.map(|extent| [extent; 2]),
            cut: 0,
            until: [0; TENSORS],
            full: [1; TENSORS],
            repeats: [1; TENSORS],
            positions: [1; TENSORS],
            plain: [1; TENSORS],
        };
        for (t, tensor) in nest.tensors.iter().enumerate() {
            for slot in slots(tensor.plain) {
                passes.plain[t] = mul(passes.plain[t], nest.extent[slot])?;
            }
            passes.full[t] = passes.plain[t];
        }
        passes.full[nest.slid] = nest.box_size(nest.slid, &nest.extent)?;
        Ok(passes)
    }

    /// The choice with one more loop outside of the passes, if there is one.
    fn shrink(&mut self) -> Result<(), Fault> {
        let Some(l) = self.nest.loops()[..self.nest.outer].get(self.cut) else {
            return Ok(());
        };
        let Outer { chunks, count, .. } = self.outer[self.cut];
        self.outside |= 1 << l.slot;
        self.tiles[l.slot] = chunks;
        self.cut += 1;
        for (t, tensor) in self.nest.tensors.iter().enumerate() {
            if tensor.has(l.slot) {
                self.until[t] = self.cut;
                self.repeats[t] = self.positions[t];
                self.full[t] = self.nest.box_size(t, &self.tile(0))?;
            } else {
                self.positions[t] = mul(self.positions[t], count)?;
            }
        }
        Ok(())
    }

    /// Neighbouring tiles of a transposed convolution share outputs, so its passes hold rows and
    /// columns whole.
    fn sums_fit(&self) -> bool {
        self.nest.cut_output.is_none() || self.outside >> ROWS == 0
    }

    /// Whether outputs leave the shared memory incomplete because this loop over what is summed up
    /// lies outside of a loop over outputs.
    fn returns(&self, at: usize) -> bool {
        at < self.until[OUTPUT] && !self.nest.tensors[OUTPUT].has(self.nest.loops()[at].slot)
    }

    /// What the shared memory holds in a pass, twice where it changes between passes and has two
    /// buffers; outputs that return have a third, as some come while others go.
    fn bytes(&self) -> Result<u64, Fault> {
        let mut total = 0;
        for t in 0..TENSORS {
            let bytes = self.array.bytes(t, self.full[t])?;
            total = add(total, mul(bytes, self.l2_buffers(t))?)?;
        }
        Ok(total)
    }

    /// Buffers of a tensor in the shared memory.
    fn l2_buffers(&self, t: usize) -> u64 {
        let mut buffers = 1;
        if self.array.double[L2][t] {
            let returns = t == OUTPUT && (0..self.cut).any(|at| self.returns(at));
            buffers += u64::from(self.until[t] > 0) + u64::from(returns);
        }
        buffers
    }

    /// Buffers of a tensor in a PE.
    fn l1_buffers<A: Amount>(&self, walk: &Walk<'_, A>, t: usize) -> u64 {
        1 + u64::from(self.array.double[L1][t] && walk.changes(self.cut, t))
    }

    /// Extent of each slot in a pass; `at_last`: slots whose loops stand at their last position, as
    /// bits.
    fn tile(&self, at_last: u16) -> [u64; SLOTS] {
        std::array::from_fn(|slot| self.tiles[slot][usize::from(at_last >> slot & 1)])
    }

    /// The counts of this choice.
    fn outcome(
        &self,
        walk: &mut Walk<'_, u64>,
        l2_bytes: u64,
        offchip: Traffic,
    ) -> Result<Outcome, Fault> {
        let (cycles, moved) = self.all(walk)?;
        let mut l1_bytes = 0;
        for t in 0..TENSORS {
            let buffers = self.l1_buffers(walk, t);
            l1_bytes = add(l1_bytes, mul(walk.tile_bytes[t], buffers)?)?;
        }
        let mut macs = 1;
        for extent in self.nest.extent {
            macs = mul(macs, extent)?;
        }
        let sums_read = match self.nest.cut_output {
            Some(_) => moved.arrived,
            None => moved.arrived - self.nest.box_size(OUTPUT, &self.nest.extent)?,
        };
        Ok(Outcome {
            cycles,
            macs,
            moved,
            sums_read,
            offchip,
            l1_bytes,
            l2_bytes,
            outer_loops: match self.cut {
                0 => 0,
                cut => self.nest.loops()[cut - 1].written + 1,
            },
        })
    }

    /// All passes, and what moved in them.
    fn all<A: Amount>(&self, walk: &mut Walk<'_, A>) -> Result<(A::Sum, A::Moved), Fault> {
        let once = Visit {
            first: true,
            last: true,
        };
        let (run, moved) = self.from(walk, 0, 0, 0, once)?;
        let load = [self.full[0], self.full[1], 0, 0, 0];
        let store = [0, 0, self.held(self.outside, OUTPUT)?, 0, 0];
        let around = Transfer {
            load: self.cycles(load, When::default())?,
            store: self.cycles(store, When::default())?,
            exposed: A::default(),
        };
        Ok((run.total(around, Link::Shared)?, moved))
    }

    /// Cycles on the off-chip link.
    fn cycles<A: Amount>(&self, traffic: Traffic, when: When) -> Result<A, Fault> {
        let made = Made {
            bits: self.array.offchip_bits(traffic)?,
            latency: 0,
            elements: traffic,
            when,
        };
        let cycles = Array::link_cycles(made.bits, self.array.offchip_width)?;
        Ok(A::of(cycles, made))
    }

    /// Cycles between two passes: what has two buffers moves during them, the rest between them.
    fn transfer<A: Amount>(
        &self,
        load: Traffic,
        store: Traffic,
        when: When,
    ) -> Result<Transfer<A>, Fault> {
        let double = self.array.double[L2];
        if double == [true; TENSORS] {
            return Ok(Transfer {
                load: self.cycles(load, when)?,
                store: self.cycles(store, when)?,
                exposed: A::default(),
            });
        }
        let part = |traffic: Traffic, two: bool| -> Result<A, Fault> {
            let mut part = traffic;
            for (n, t) in part.iter_mut().zip(TENSOR) {
                *n *= u64::from(double[t] == two);
            }
            self.cycles(part, when)
        };
        Ok(Transfer {
            load: part(load, true)?,
            store: part(store, true)?,
            exposed: part(load, false)?.plus(part(store, false)?)?,
        })
    }

    /// Output elements of a plane as it leaves the chip, where its padding cuts.
    fn plane(&self) -> Result<u64, Fault> {
        let [rows, columns] = self.nest.cut_output.unwrap_or([1, 1]);
        mul(rows, columns)
    }

    /// Elements of a tensor in a pass.
    fn held(&self, at_last: u16, t: usize) -> Result<u64, Fault> {
        let cut = t == OUTPUT && self.nest.cut_output.is_some();
        if at_last & self.nest.tensors[t].slots == 0 && !cut {
            return Ok(self.full[t]);
        }
        let tile = self.tile(at_last);
        if !cut {
            return self.nest.box_size(t, &tile);
        }
        let mut size = self.plane()?;
        for slot in slots(self.nest.tensors[t].plain) {
            size = mul(size, tile[slot])?;
        }
        Ok(size)
    }

    /// The passes from loop `at` on, the others standing as `at_last` and `state` say.
    fn from<A: Amount>(
        &self,
        walk: &mut Walk<'_, A>,
        at: usize,
        at_last: u16,
        state: State,
        visit: Visit,
    ) -> Result<(Run<A>, A::Moved), Fault> {
        walk.branch()?;
        if at == self.cut {
            let (cycles, moved) = walk.pass(self.cut, state)?;
            return Ok((Run::step(cycles.cycles()?), moved));
        }
        let mut all: Option<(Run<A>, A::Moved)> = None;
        for segment in self.segments(at, visit).into_iter().flatten() {
            let Segment { count, .. } = segment;
            let (next, bit) = if segment.at_last {
                (at_last | 1 << self.nest.loops()[at].slot, walk.bit(at))
            } else {
                (at_last, 0)
            };
            let (one, moved) = self.from(walk, at + 1, next, state | bit, segment.visit)?;
            let mut run = one;
            let mut moved = moved.times(count)?;
            if count > 1 {
                let between = self.transition(at, [at_last, next], state | bit, visit)?;
                run = run.repeat(count, between, Link::Shared)?;
            }
            if let Some((earlier, before)) = all {
                // Chunks before the last are full.
                let between = self.transition(at, [at_last, next], state | bit, visit)?;
                run = earlier.then(between, run, Link::Shared)?;
                moved = before.plus(moved)?;
            }
            all = Some((run, moved));
        }
        all.ok_or(Fault::Overflow)
    }

    /// The positions of a loop: full chunks and a last one; where sums return, the first stands
    /// for itself too.
    fn segments(&self, at: usize, visit: Visit) -> [Option<Segment>; 3] {
        let Outer { count, full, .. } = self.outer[at];
        let returns = self.returns(at);
        let some = |count: u64, at_last: bool, first: bool, last: bool| {
            (count > 0).then_some(Segment {
                count,
                at_last,
                visit: Visit {
                    first: visit.first && (first || !returns),
                    last: visit.last && (last || !returns),
                },
            })
        };
        let ragged = full < count;
        if returns {
            [
                some(1, false, true, false),
                some(count - 2, false, false, false),
                some(1, ragged, false, true),
            ]
        } else {
            [
                some(full, false, true, true),
                some(count - full, true, true, true),
                None,
            ]
        }
    }

    /// Cycles of what moves off chip when the loop `at` goes on, the loops outside of it standing as
    /// in both, and the loops inside it start again. `visit` is that of the loops outside of it.
    fn transition<A: Amount>(
        &self,
        at: usize,
        [from, to]: [u16; 2],
        state: State,
        visit: Visit,
    ) -> Result<Transfer<A>, Fault> {
        let slot = self.nest.loops()[at].slot;
        let mut before = from;
        for l in &self.nest.loops()[at + 1..self.cut] {
            before |= 1 << l.slot;
        }
        let (mut load, mut store) = (Traffic::default(), Traffic::default());
        let returns = self.returns(at);
        for (t, tensor) in self.nest.tensors.iter().enumerate() {
            let again = self.until[t] > at + 1;
            if !again && !tensor.has(slot) {
                continue;
            }
            if t == OUTPUT {
                let complete = visit.last && !returns;
                store[if complete { OUTPUT } else { LEAVING }] = self.held(before, t)?;
                if returns || !visit.first {
                    load[RETURNING] = self.held(to, t)?;
                }
            } else if again {
                load[t] = self.held(to, t)?;
            } else if t != self.nest.slid || tensor.plain & (1 << slot) != 0 {
                // Along a slot without a window neighbouring tiles have nothing in common.
                load[t] = self.held(to, t)?;
            } else {
                let tile = self.tile(to);
                load[t] = 1;
                for slot in slots(tensor.plain) {
                    load[t] = mul(load[t], tile[slot])?;
                }
                for window in &self.nest.windows {
                    load[t] = mul(load[t], self.fresh(window, slot, before, to)?)?;
                }
            }
        }
        let when = When {
            at: Some(at),
            state,
        };
        self.transfer(load, store, when)
    }
}
