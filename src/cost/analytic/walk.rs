//! One pass over the array: steps, what moves between them, how long it takes.
//!
//! Of every loop only three positions differ: the first, any other full one, and the last if it is
//! cut short. So the nest is walked as a tree with at most two branches per loop, and everything
//! else is multiplication.

use super::nest::{Nest, OUTPUT, SLOTS, TENSORS, slots};
use super::states::{State, States, of};
use super::tile::Volume;
use super::volume::Volumes;
use super::window::{Amount, Fault, Link, Made, Run, Transfer, When, add, mul};
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

/// What moves, added up over a walk: in plain counts, or in counts that know what they are made of.
pub trait Flow: Clone + Default {
    /// The counts.
    fn counts(&mut self) -> &mut Moved;

    /// Hears of what is counted: nothing that a price asks for.
    #[inline]
    fn note(&mut self, _: Move) {}

    /// Both, one after the other.
    fn plus(self, other: Self) -> Result<Self, Fault>;

    /// So many times.
    fn times(self, n: u64) -> Result<Self, Fault>;
}

/// What moves of a tensor at once: all that the units hold where the loops stand like this, or what
/// of it is new to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// Which tensor.
    pub tensor: usize,
    /// When.
    pub when: When,
    /// The loop that has moved on, and where the loops stood before, if the units keep something.
    pub before: Option<(usize, State)>,
}

impl Flow for Moved {
    #[inline]
    fn counts(&mut self) -> &mut Moved {
        self
    }

    fn plus(self, other: Moved) -> Result<Moved, Fault> {
        Ok(Moved {
            read: pairs(self.read, other.read)?,
            delivered: pairs(self.delivered, other.delivered)?,
            sent: add(self.sent, other.sent)?,
            arrived: add(self.arrived, other.arrived)?,
            peak: self.peak.max(other.peak),
        })
    }

    fn times(self, n: u64) -> Result<Moved, Fault> {
        if n == 0 {
            return Ok(Moved::default());
        }
        let both = |a: [u64; 2]| Ok::<_, Fault>([mul(a[0], n)?, mul(a[1], n)?]);
        Ok(Moved {
            read: both(self.read)?,
            delivered: both(self.delivered)?,
            sent: mul(self.sent, n)?,
            arrived: mul(self.arrived, n)?,
            peak: self.peak,
        })
    }
}

fn pairs(a: [u64; 2], b: [u64; 2]) -> Result<[u64; 2], Fault> {
    Ok([add(a[0], b[0])?, add(a[1], b[1])?])
}

/// Walks the loops of a nest on an array.
pub struct Walk<'a, A: Amount> {
    nest: &'a Nest,
    array: &'a Array,
    states: &'a States,
    volumes: &'a Volumes<'a>,
    /// MACs of a PE along the slots that have no loop.
    macs: u64,
    /// Bits per cycle of the network in each direction.
    noc_bits: u64,
    /// Cycles before the first sums of a store arrive.
    store_latency: u64,
    /// Per tensor, bytes of the largest tile of a PE.
    pub tile_bytes: [u64; TENSORS],
    branches: u32,
    /// Loops at which passes begin in one of the choices that are compared, as bits.
    begins: u32,
    /// Walks from such loops on that other choices need too, with where the loops stood.
    known: [(usize, State, Run<A>, A::Moved); KNOWN],
    count: usize,
}

/// Walks that are remembered.
const KNOWN: usize = 8;

impl<'a, A: Amount> Walk<'a, A> {
    /// A walker that has looked at nothing yet.
    pub fn new(
        nest: &'a Nest,
        array: &'a Array,
        states: &'a States,
        volumes: &'a Volumes<'a>,
    ) -> Self {
        Walk {
            nest,
            array,
            states,
            volumes,
            macs: 1,
            noc_bits: 0,
            store_latency: 0,
            tile_bytes: [0; TENSORS],
            branches: 0,
            begins: 0,
            known: std::array::from_fn(|_| (0, 0, Run::step(0), A::Moved::default())),
            count: 0,
        }
    }

    /// Fills in what does not depend on where the loops stand.
    ///
    /// # Errors
    /// Counts that do not fit 64 bits.
    pub fn fill(&mut self) -> Result<(), Fault> {
        let tile = std::array::from_fn(|slot| self.states.tile(slot, 0));
        for slot in slots(!self.states.walked & ((1 << SLOTS) - 1)) {
            self.macs = mul(self.macs, tile[slot])?;
        }
        for (t, bytes) in self.tile_bytes.iter_mut().enumerate() {
            *bytes = self.array.bytes(t, self.nest.box_size(t, &tile)?)?;
        }
        self.noc_bits = mul(8, self.array.noc_width)?;
        self.store_latency = add(self.array.noc_latency, additions(self.nest, self.array))?;
        Ok(())
    }

    /// Passes that begin with loop `at` will be walked.
    pub fn remember(&mut self, at: usize) {
        self.begins |= 1 << at;
    }

    /// The loops from `at` on, where passes begin there in one of the choices.
    fn begin(&mut self, at: usize, state: State) -> Result<(Run<A>, A::Moved), Fault> {
        // Loops inside do not matter for what has been found.
        let key = (at, state & !self.states.inside[at]);
        let known = self.known[..self.count].iter();
        if let Some((.., run, moved)) = known.into_iter().find(|k| (k.0, k.1) == key) {
            return Ok((run.clone(), moved.clone()));
        }
        let (run, moved) = self.from(at, state)?;
        if self.count < KNOWN {
            self.known[self.count] = (key.0, key.1, run.clone(), moved.clone());
            self.count += 1;
        }
        Ok((run, moved))
    }

    /// The loops from `at` on, which are inside of a pass.
    fn inside(&mut self, at: usize, state: State) -> Result<(Run<A>, A::Moved), Fault> {
        if self.begins & (1 << at) != 0 {
            self.begin(at, state)
        } else {
            self.from(at, state)
        }
    }

    /// The bit of loop `i`.
    pub fn bit(&self, i: usize) -> State {
        self.states.bit[i]
    }

    /// Forgets how many branches there have been.
    pub fn restart(&mut self) {
        self.branches = 0;
    }

    /// Counts a branch.
    ///
    /// # Errors
    /// If there have been too many.
    pub fn branch(&mut self) -> Result<(), Fault> {
        self.branches += 1;
        if self.branches > BRANCH_LIMIT {
            return Err(Fault::Combinations);
        }
        Ok(())
    }

    /// One pass: the loops from `cut` on, the others standing as in `state`. The PEs begin and end
    /// it empty. Cycles, and what moved.
    pub fn pass(&mut self, cut: usize, state: State) -> Result<(A::Sum, A::Moved), Fault> {
        let (run, moved) = self.inside(cut, state)?;
        let inside = self.states.inside[cut];
        let mut filled = A::Moved::default();
        let begin = state & !inside;
        let filling = When {
            at: None,
            state: begin,
        };
        let emptying = When {
            at: None,
            state: state | inside,
        };
        for t in 0..OUTPUT {
            let v = self.volumes.all(t, begin)?;
            self.fetched(filled.counts(), t, v)?;
            filled.note(Move {
                tensor: t,
                when: filling,
                before: None,
            });
        }
        let load = self.load(filled.counts(), [true; OUTPUT], filling)?;
        let mut drained = A::Moved::default();
        self.drained(&mut drained, emptying)?;
        let around = Transfer {
            load,
            store: self.store(drained.counts(), emptying)?,
            exposed: A::default(),
        };
        let cycles = run.total(around, Link::Duplex)?;
        Ok((cycles, moved.plus(filled)?.plus(drained)?))
    }

    /// Cycles to load what was read of these tensors together; notes the rate.
    fn load(&self, moved: &mut Moved, of: [bool; OUTPUT], when: When) -> Result<A, Fault> {
        let mut made = Made {
            latency: self.array.noc_latency,
            when,
            ..Made::default()
        };
        for (t, &read) in moved.read.iter().enumerate() {
            if of[t] {
                made.elements[t] = read;
                made.bits = add(made.bits, mul(read, self.array.bits[t])?)?;
            }
        }
        self.transfer(moved, made)
    }

    /// Cycles to take out the sums that arrive: behind the latency and the additions on the way.
    fn store(&self, moved: &mut Moved, when: When) -> Result<A, Fault> {
        let mut made = Made {
            bits: mul(moved.arrived, self.array.bits[OUTPUT])?,
            latency: self.store_latency,
            when,
            ..Made::default()
        };
        made.elements[OUTPUT] = moved.arrived;
        self.transfer(moved, made)
    }

    /// Cycles of a transfer: latency + bits / (8 width), rounded up; none for nothing. Notes the
    /// elements per cycle.
    fn transfer(&self, moved: &mut Moved, made: Made) -> Result<A, Fault> {
        if made.bits == 0 {
            return Ok(A::default());
        }
        let cycles = made.bits.div_ceil(self.noc_bits);
        let [inputs, weights, sums, ..] = made.elements;
        let elements = add(add(inputs, weights)?, sums)?;
        if elements > moved.peak.saturating_mul(cycles) {
            moved.peak = elements.div_ceil(cycles);
        }
        Ok(A::of(add(made.latency, cycles)?, made))
    }

    /// The loops from `at` on, the others standing as in `state`.
    fn from(&mut self, at: usize, state: State) -> Result<(Run<A>, A::Moved), Fault> {
        self.branch()?;
        if at == self.nest.loops().len() {
            return self.step(state);
        }
        let positions = self.states.positions(at, state);
        let first = state & !self.states.bit[at];
        let last = state | self.states.bit[at];
        let (run, moved) = self.inside(at + 1, first)?;
        if positions.count == 1 {
            return Ok((run, moved));
        }
        let full = u64::from(positions.full);
        let mut all = moved.times(full)?;
        let mut row = run;
        if full > 1 {
            let (between, crossed) = self.transition(at, first, first)?;
            row = row.repeat(full, between, Link::Duplex)?;
            all = all.plus(crossed.times(full - 1)?)?;
        }
        if positions.full < positions.count {
            let (between, crossed) = self.transition(at, first, last)?;
            let (run, moved) = self.inside(at + 1, last)?;
            row = row.then(between, run, Link::Duplex)?;
            all = all.plus(moved)?.plus(crossed)?;
        }
        Ok((row, all))
    }

    /// A step: the longest any PE computes.
    fn step(&self, state: State) -> Result<(Run<A>, A::Moved), Fault> {
        let mut macs = self.macs;
        for slot in slots(self.states.walked) {
            macs = mul(macs, self.states.tile(slot, of(state, slot)))?;
        }
        Ok((
            Run::step(macs.div_ceil(self.array.lanes)),
            A::Moved::default(),
        ))
    }

    /// What moves when the loop `at` goes on, the loops outside of it standing as in both states,
    /// and the loops inside it start again.
    fn transition(
        &self,
        at: usize,
        from: State,
        to: State,
    ) -> Result<(Transfer<A>, A::Moved), Fault> {
        let inside = self.states.inside[at + 1];
        let before = from | inside;
        let after = to & !inside;
        let restarted = self.states.restarted(self.nest, at + 1, before);
        let slot = 1 << self.nest.loops()[at].slot;
        let when = |state| When {
            at: Some(at),
            state,
        };
        let mut moved = A::Moved::default();
        for (t, tensor) in self.nest.tensors.iter().enumerate() {
            let again = tensor.slots & restarted != 0;
            if !again && tensor.slots & slot == 0 {
                continue;
            }
            if t == OUTPUT {
                self.drained(&mut moved, when(before))?;
                continue;
            }
            let v = if again {
                self.volumes.all(t, after)?
            } else {
                self.volumes.fresh(t, at, before, after)?
            };
            self.fetched(moved.counts(), t, v)?;
            moved.note(Move {
                tensor: t,
                when: when(after),
                before: (!again).then_some((at, before)),
            });
        }
        let double = self.array.double[L1];
        let [input, weights, _] = double;
        let load = self.load(moved.counts(), [input, weights], when(after))?;
        let exposed = if input && weights {
            A::default()
        } else {
            self.load(moved.counts(), [!input, !weights], when(after))?
        };
        let store = self.store(moved.counts(), when(before))?;
        let transfer = if double[OUTPUT] {
            Transfer {
                load,
                store,
                exposed,
            }
        } else {
            Transfer {
                load,
                store: A::default(),
                exposed: if store.cycles() > exposed.cycles() {
                    store
                } else {
                    exposed
                },
            }
        };
        Ok((transfer, moved))
    }

    /// Adds a load of tensor `t`. Without multicast every copy is read for itself.
    fn fetched(&self, moved: &mut Moved, t: usize, v: Volume) -> Result<(), Fault> {
        let read = if self.array.multicast {
            v.distinct
        } else {
            v.copies
        };
        moved.read[t] = add(moved.read[t], read)?;
        moved.delivered[t] = add(moved.delivered[t], v.copies)?;
        Ok(())
    }

    /// Adds the sums that the PEs hold then.
    fn drained(&self, flow: &mut A::Moved, when: When) -> Result<(), Fault> {
        let v = self.volumes.all(OUTPUT, when.state)?;
        flow.note(Move {
            tensor: OUTPUT,
            when,
            before: None,
        });
        let moved = flow.counts();
        moved.sent = add(moved.sent, v.copies)?;
        moved.arrived = add(moved.arrived, v.distinct)?;
        Ok(())
    }

    /// Whether a PE's tile of tensor `t` changes within a pass.
    pub fn changes(&self, cut: usize, t: usize) -> bool {
        let tensor = &self.nest.tensors[t];
        self.nest.loops()[cut..].iter().any(|l| tensor.has(l.slot))
    }
}

/// Additions one after the other when the sums of all units that share outputs become one: all but
/// one in a row of units, the logarithm in a tree. One takes a cycle.
fn additions(nest: &Nest, array: &Array) -> u64 {
    let output = &nest.tensors[OUTPUT];
    let mut row = 1;
    for slot in slots(nest.spread & !output.slots) {
        for level in &nest.splits[..nest.levels] {
            // At most as many as there are PEs, as Nest::new hands them out.
            row *= level[slot].units;
        }
    }
    if array.forwarding {
        row - 1
    } else {
        u64::from(row.next_power_of_two().trailing_zeros())
    }
}
