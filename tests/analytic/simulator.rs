//! Executes what `docs/cost-model.md` defines, step by step, holding the index sets. Slow and
//! plain; it shares nothing with the model but the layer, the directives and the figures compared.

use cfxc::cost::analytic::{Array, Moved, Outcome};
use cfxc::ir::dataflow::{MapKind, Rule, Size};
use cfxc::ir::dim::Dim;
use cfxc::ir::layer::{LayerShape, Op};
use std::collections::BTreeMap;

/// Half-open interval.
type Span = (i64, i64);

/// A loop dimension of the layer, an axis of a tensor: first + second scaled.
struct Axis {
    of: Vec<(Dim, i64)>,
}

struct Loop {
    dim: Dim,
    size: i64,
    units: i64,
}

/// A layer laid out over time and space.
pub struct Simulator {
    extents: BTreeMap<Dim, i64>,
    loops: Vec<Loop>,
    tensors: [Vec<Axis>; 3],
    transposed: bool,
    plane: [i64; 2],
    /// Loops of the outermost level.
    outer: usize,
}

fn size(shape: &LayerShape, extents: &BTreeMap<Dim, i64>, size: &Size, knobs: &[u64]) -> i64 {
    let plain = |size: &Size| match *size {
        Size::Count(n) => Some(n as i64),
        Size::Knob(k) => Some(knobs[k] as i64),
        Size::Extent(Dim::Y) if shape.op.slides() => Some(extents[&Dim::Y] + extents[&Dim::R] - 1),
        Size::Extent(Dim::X) if shape.op.slides() => Some(extents[&Dim::X] + extents[&Dim::S] - 1),
        Size::Extent(d) => Some(extents.get(&d).copied().unwrap_or(1)),
        Size::Computed(_) => None,
    };
    size.value(&plain).expect("a value")
}

/// The dimension a directive walks: window positions are called Y and X here.
fn position(dim: Dim) -> Dim {
    match dim {
        Dim::YOut => Dim::Y,
        Dim::XOut => Dim::X,
        d => d,
    }
}

impl Simulator {
    /// For a dataflow that the model has accepted.
    pub fn new(shape: &LayerShape, rule: &Rule, knobs: &[u64]) -> Simulator {
        let mut extents: BTreeMap<Dim, i64> = BTreeMap::new();
        for dim in [Dim::N, Dim::G, Dim::K, Dim::C, Dim::R, Dim::S, Dim::M] {
            extents.insert(dim, shape.bound(dim) as i64);
        }
        let plane = match shape.op {
            Op::Dense | Op::Gemm => [1, 1],
            Op::TransposedConv => [shape.bound(Dim::Y), shape.bound(Dim::X)],
            _ => shape.output().expect("an output"),
        };
        extents.insert(Dim::Y, plane[0] as i64);
        extents.insert(Dim::X, plane[1] as i64);
        let plain = |dims: &[Dim]| -> Vec<Axis> {
            let axis = |&d| Axis { of: vec![(d, 1)] };
            dims.iter().map(axis).collect()
        };
        let windows = || {
            let pairs = [(Dim::Y, Dim::R, 0), (Dim::X, Dim::S, 1)];
            pairs.map(|(p, t, i)| Axis {
                of: vec![(p, shape.stride[i] as i64), (t, shape.dilation[i] as i64)],
            })
        };
        let (mut input, weights, mut output) = match shape.op {
            Op::Gemm => (
                plain(&[Dim::G, Dim::M, Dim::K]),
                plain(&[Dim::G, Dim::K, Dim::N]),
                plain(&[Dim::G, Dim::M, Dim::N]),
            ),
            Op::Depthwise => (
                plain(&[Dim::N, Dim::C]),
                plain(&[Dim::C, Dim::K, Dim::R, Dim::S]),
                plain(&[Dim::N, Dim::C, Dim::K]),
            ),
            _ => (
                plain(&[Dim::N, Dim::G, Dim::C]),
                plain(&[Dim::G, Dim::K, Dim::C, Dim::R, Dim::S]),
                plain(&[Dim::N, Dim::G, Dim::K]),
            ),
        };
        if shape.op == Op::TransposedConv {
            output.extend(windows());
            input.extend(plain(&[Dim::Y, Dim::X]));
        } else if shape.op != Op::Gemm {
            input.extend(windows());
            output.extend(plain(&[Dim::Y, Dim::X]));
        }
        let mut loops = Vec::new();
        let mut tile = extents.clone();
        let clusters: i64 = rule
            .levels
            .iter()
            .filter_map(|l| l.cluster.as_ref())
            .map(|c| size(shape, &extents, c, knobs))
            .product();
        for level in &rule.levels {
            let mut free = match &level.cluster {
                Some(c) => size(shape, &extents, c, knobs),
                None => knobs[0] as i64 / clusters,
            };
            let above = tile.clone();
            for d in &level.directives {
                let dim = position(d.dim);
                let mut length = size(shape, &extents, &d.size, knobs);
                if matches!(d.dim, Dim::Y | Dim::X) && shape.op.slides() {
                    let taps = if d.dim == Dim::Y { Dim::R } else { Dim::S };
                    let own = level.directives.iter().find(|d| d.dim == taps);
                    let held = own.map_or(above[&taps], |d| size(shape, &extents, &d.size, knobs));
                    length -= held.min(above[&taps]) - 1;
                }
                length = length.min(above[&dim]);
                let mut units = 1;
                if d.kind == MapKind::Spatial {
                    units = ((above[&dim] + length - 1) / length).min(free);
                    free /= units;
                }
                tile.insert(dim, length);
                loops.push(Loop {
                    dim,
                    size: length,
                    units,
                });
            }
        }
        Simulator {
            extents,
            loops,
            tensors: [input, weights, output],
            transposed: shape.op == Op::TransposedConv,
            plane: shape.output().expect("an output").map(|e| e as i64),
            outer: rule.levels[0].directives.len(),
        }
    }

    /// What a unit holds of each dimension: `at` are the loops' positions (those from `cut` on, if
    /// only a pass is asked for, hold everything), `unit` the unit's coordinate in each loop.
    fn tile(&self, at: &[i64], unit: &[i64], until: usize) -> BTreeMap<Dim, Span> {
        let mut tile: BTreeMap<Dim, Span> =
            self.extents.iter().map(|(&d, &e)| (d, (0, e))).collect();
        for (i, l) in self.loops[..until].iter().enumerate() {
            let (low, high) = tile[&l.dim];
            let start = low + (at[i] * l.units + unit[i]) * l.size;
            tile.insert(l.dim, (start.min(high), (start + l.size).min(high)));
        }
        tile
    }

    /// As [`Simulator::tile`], for a whole pass: all units of the outer loops together.
    fn pass_tile(&self, at: &[i64], cut: usize) -> BTreeMap<Dim, Span> {
        let mut tile: BTreeMap<Dim, Span> =
            self.extents.iter().map(|(&d, &e)| (d, (0, e))).collect();
        for (i, l) in self.loops[..cut].iter().enumerate() {
            let (low, high) = tile[&l.dim];
            let start = low + at[i] * l.units * l.size;
            tile.insert(l.dim, (start, (start + l.units * l.size).min(high)));
        }
        tile
    }

    /// The box of elements of tensor `t` in a tile, as numbers, ascending.
    fn elements(&self, t: usize, tile: &BTreeMap<Dim, Span>) -> Vec<u32> {
        let mut all = vec![0u32];
        for axis in &self.tensors[t] {
            let mut low = 0;
            let mut high = 1;
            let mut width = 1;
            for &(dim, scale) in &axis.of {
                let (a, b) = tile[&dim];
                if a >= b {
                    return Vec::new();
                }
                low += a * scale;
                high += (b - 1) * scale;
                width += (self.extents[&dim] - 1) * scale;
            }
            let mut next = Vec::with_capacity(all.len() * (high - low) as usize);
            for &base in &all {
                next.extend((low..high).map(|i| base * width as u32 + i as u32));
            }
            all = next;
        }
        all
    }

    fn depends(&self, t: usize, dim: Dim) -> bool {
        self.tensors[t]
            .iter()
            .any(|a| a.of.iter().any(|&(d, _)| d == dim))
    }

    /// Every combination of loop positions of a range of loops, in order; the unit with
    /// coordinates 0 says how many there are.
    fn steps(&self, from: usize, until: usize, start: &[i64]) -> Vec<Vec<i64>> {
        let mut all = vec![start.to_vec()];
        for i in from..until {
            let l = &self.loops[i];
            let mut next = Vec::new();
            for at in all {
                let zero = vec![0; self.loops.len()];
                let (low, high) = self.tile(&at, &zero, i)[&l.dim];
                let chunk = l.size * l.units;
                for p in 0..(high - low + chunk - 1) / chunk {
                    let mut at = at.clone();
                    at[i] = p;
                    next.push(at);
                }
            }
            all = next;
        }
        all
    }

    /// Every unit of the grid.
    fn grid(&self) -> Vec<Vec<i64>> {
        let mut all = vec![vec![]];
        for l in &self.loops {
            all = all
                .iter()
                .flat_map(|u: &Vec<i64>| (0..l.units).map(move |c| [&u[..], &[c]].concat()))
                .collect();
        }
        all
    }

    /// How tensor `t` goes from one step to the next: not at all; by one position of one loop, so
    /// that what both tiles share is kept; or anew.
    fn change(&self, t: usize, before: &[i64], after: &[i64]) -> Change {
        let moved: Vec<usize> = (0..self.loops.len())
            .filter(|&i| before[i] != after[i] && self.depends(t, self.loops[i].dim))
            .collect();
        match moved[..] {
            [] => Change::None,
            [i] if after[i] == before[i] + 1 => Change::Slide,
            _ => Change::Anew,
        }
    }

    /// How many passes there are with this many loops outside of them.
    pub fn passes(&self, cut: usize) -> usize {
        self.steps(0, cut, &vec![0; self.loops.len()]).len()
    }

    /// Whether units hold unequal tiles that a loop then walks in several steps.
    pub fn uneven(&self) -> bool {
        let zero = vec![0; self.loops.len()];
        let grid = self.grid();
        self.loops.iter().enumerate().any(|(i, l)| {
            let length = |at: &[i64], unit: &[i64]| {
                let (low, high) = self.tile(at, unit, i)[&l.dim];
                high - low
            };
            self.steps(0, i, &zero).iter().any(|at| {
                let first = length(at, &zero);
                let mut all = grid.iter().map(|unit| length(at, unit));
                // A unit that holds nothing is idle.
                l.size * l.units < first && all.any(|n| n != 0 && n != first)
            })
        })
    }

    /// The layer run with every choice of passes.
    fn choices(&self, array: &Array) -> impl Iterator<Item = (Outcome, bool)> {
        let zero = vec![0; self.loops.len()];
        let cut = move |cut: usize| {
            // Passes of a transposed convolution hold rows and columns whole.
            let parts = self.steps(0, cut, &zero).iter().any(|at| {
                let tile = self.pass_tile(at, cut);
                let parted = |d| tile[&d].1 - tile[&d].0 < self.extents[&d];
                [Dim::Y, Dim::X, Dim::R, Dim::S].into_iter().any(parted)
            });
            (!parts || !self.transposed).then(|| self.run(array, cut))
        };
        (0..=self.outer).filter_map(cut)
    }

    /// Of all choices of passes the best that fits the shared memory: least traffic in bits, then
    /// fastest, then smallest.
    pub fn best(&self, array: &Array) -> Option<(Outcome, bool)> {
        let [input, weights, sum] = array.bits;
        let bits = [input, weights, array.output_bits, sum, sum];
        let fits = self.choices(array);
        let fits = fits.filter(|(o, _)| o.l2_bytes <= array.l2_bytes);
        fits.min_by_key(|(o, _)| {
            let traffic: u64 = o.offchip.iter().zip(bits).map(|(n, b)| n * b).sum();
            (traffic, o.cycles, o.l2_bytes)
        })
    }

    /// Bytes of shared memory that the smallest choice of passes needs.
    pub fn least_memory(&self, array: &Array) -> u64 {
        let bytes = self.choices(array).map(|(o, _)| o.l2_bytes);
        bytes.min().expect("one pass at least")
    }

    /// Runs the layer with this many loops outside of the passes. The second value tells whether
    /// a PE ever kept a part of its tile while another part came in.
    pub fn run(&self, array: &Array, cut: usize) -> (Outcome, bool) {
        let zero = vec![0; self.loops.len()];
        let grid = self.grid();
        let passes = self.steps(0, cut, &zero);
        let mut moved = Moved::default();
        let mut macs = 0;
        let mut tile_size = [0u64; 3];
        let mut changes = [false; 3];
        let mut lengths = Vec::new();
        let mut summed = vec![false; self.size(2)];
        let mut sums_read = 0;
        let mut slid = false;
        for start in &passes {
            let steps = self.steps(cut, self.loops.len(), start);
            let mut compute = Vec::new();
            let mut loads = Vec::new();
            let mut stores = Vec::new();
            for (s, at) in steps.iter().enumerate() {
                let before = (s > 0).then(|| &steps[s - 1]);
                let after = steps.get(s + 1);
                let mut longest = 0;
                let mut load = [0; 2];
                let mut seen = [vec![false; self.size(0)], vec![false; self.size(1)]];
                let mut sums = Vec::new();
                let mut leaves = false;
                if let Some(after) = after {
                    leaves = self.change(2, at, after) != Change::None;
                    changes[2] |= leaves;
                } else {
                    leaves |= true;
                }
                let how = [0, 1].map(|t| match before {
                    None => Change::Anew,
                    Some(b) => self.change(t, b, at),
                });
                for t in 0..2 {
                    changes[t] |= before.is_some() && how[t] != Change::None;
                }
                for unit in &grid {
                    let tile = self.tile(at, unit, self.loops.len());
                    let own: i64 = tile.values().map(|(a, b)| b - a).product();
                    longest = longest.max((own as u64).div_ceil(array.lanes));
                    macs += own as u64;
                    for t in 0..2 {
                        if how[t] == Change::None {
                            continue;
                        }
                        let holds = self.elements(t, &tile);
                        tile_size[t] = tile_size[t].max(holds.len() as u64);
                        let kept = match (how[t], before) {
                            (Change::Slide, Some(b)) => {
                                self.elements(t, &self.tile(b, unit, self.loops.len()))
                            }
                            _ => Vec::new(),
                        };
                        for e in holds {
                            if kept.binary_search(&e).is_ok() {
                                slid = true;
                                continue;
                            }
                            moved.delivered[t] += 1;
                            let first = !std::mem::replace(&mut seen[t][e as usize], true);
                            if first || !array.multicast {
                                moved.read[t] += 1;
                                load[t] += 1;
                            }
                        }
                    }
                    if leaves {
                        let holds = self.elements(2, &tile);
                        tile_size[2] = tile_size[2].max(holds.len() as u64);
                        moved.sent += holds.len() as u64;
                        sums.extend(holds);
                    }
                }
                sums.sort_unstable();
                sums.dedup();
                moved.arrived += sums.len() as u64;
                for &e in &sums {
                    let known = std::mem::replace(&mut summed[e as usize], true);
                    sums_read += u64::from(known || self.transposed);
                }
                compute.push(longest);
                // What has two buffers moves while others compute, what has one does not.
                let [mut early, mut late] = [[0; 2]; 2];
                for (t, n) in load.into_iter().enumerate() {
                    let ahead = array.double[0][t] || s == 0;
                    (if ahead { &mut early } else { &mut late })[t] = n;
                }
                let bits = |n: [u64; 2]| n[0] * array.bits[0] + n[1] * array.bits[1];
                loads.push([early, late].map(|n| noc(array, bits(n), 0)));
                stores.push(noc(
                    array,
                    sums.len() as u64 * array.bits[2],
                    self.additions(array),
                ));
                for (elements, bits) in [early, late]
                    .map(|n| (n[0] + n[1], bits(n)))
                    .into_iter()
                    .chain([(sums.len() as u64, sums.len() as u64 * array.bits[2])])
                {
                    if elements > 0 {
                        let link = bits.div_ceil(8 * array.noc_width);
                        moved.peak = moved.peak.max(elements.div_ceil(link));
                    }
                }
            }
            let mut cycles = loads[0][0];
            let double = array.double[0][2];
            for s in 0..steps.len() {
                let [load, late] = loads.get(s + 1).copied().unwrap_or([0; 2]);
                let store = if s > 0 && double { stores[s - 1] } else { 0 };
                cycles += compute[s].max(load).max(store);
                if s + 1 < steps.len() {
                    cycles += late.max(if double { 0 } else { stores[s] });
                }
            }
            lengths.push(cycles + stores.last().copied().unwrap_or(0));
        }
        let mut outcome = Outcome {
            cycles: 0,
            macs,
            moved,
            sums_read,
            offchip: [0; 5],
            l1_bytes: bytes(array, tile_size, changes, array.double[0]),
            l2_bytes: 0,
            outer_loops: cut,
        };
        self.offchip(array, cut, &passes, &lengths, &mut outcome);
        (outcome, slid)
    }

    /// The passes in a row, with the off-chip transfers between them.
    fn offchip(
        &self,
        array: &Array,
        cut: usize,
        passes: &[Vec<i64>],
        lengths: &[u64],
        outcome: &mut Outcome,
    ) {
        let mut size = [0u64; 3];
        let mut changes = [false; 3];
        let (mut loads, mut stores) = (Vec::new(), Vec::new());
        let mut known = vec![false; self.size(2)];
        let mut last = vec![0; self.size(2)];
        let mut returns = false;
        for (p, at) in passes.iter().enumerate() {
            for e in self.elements(2, &self.pass_tile(at, cut)) {
                last[e as usize] = p;
            }
        }
        for (p, at) in passes.iter().enumerate() {
            let tile = self.pass_tile(at, cut);
            let mut load = [0; 2];
            for t in 0..2 {
                let holds = self.elements(t, &tile);
                size[t] = size[t].max(holds.len() as u64);
                let how = match p {
                    0 => Change::Anew,
                    _ => self.change(t, &passes[p - 1], at),
                };
                changes[t] |= p > 0 && how != Change::None;
                let had = match how {
                    Change::None => holds.clone(),
                    Change::Slide => self.elements(t, &self.pass_tile(&passes[p - 1], cut)),
                    Change::Anew => Vec::new(),
                };
                let new = holds.iter().filter(|e| had.binary_search(e).is_err());
                let new = new.count() as u64;
                outcome.offchip[t] += new;
                load[usize::from(p == 0 || array.double[1][t])] += new * array.bits[t];
            }
            let holds = self.elements(2, &tile);
            size[2] = size[2].max(holds.len() as u64);
            // Outputs that were here before come back.
            if p > 0 && self.change(2, &passes[p - 1], at) != Change::None {
                let back = holds.iter().filter(|&&e| known[e as usize]).count() as u64;
                let back = self.off_chip(&tile, back, holds.len());
                returns |= back > 0;
                outcome.offchip[4] += back;
                load[usize::from(array.double[1][2])] += back * array.bits[2];
            }
            for &e in &holds {
                known[e as usize] = true;
            }
            let leaves = passes
                .get(p + 1)
                .is_none_or(|next| self.change(2, at, next) != Change::None);
            changes[2] |= leaves && p + 1 < passes.len();
            let mut store = 0;
            if leaves {
                // Complete is what no later pass adds to.
                let complete = |e: &&u32| last[**e as usize] == p;
                let whole = holds.iter().filter(complete).count() as u64;
                let rest = self.off_chip(&tile, holds.len() as u64 - whole, holds.len());
                let whole = self.off_chip(&tile, whole, holds.len());
                outcome.offchip[3] += rest;
                store = rest * array.bits[2];
                outcome.offchip[2] += whole;
                store += whole * array.output_bits;
            }
            let link = |bits: u64| bits.div_ceil(8 * array.offchip_width);
            loads.push(load.map(link));
            stores.push(link(store));
        }
        outcome.l2_bytes = bytes(array, size, changes, array.double[1]);
        if returns && array.double[1][2] {
            // Some come while others go.
            outcome.l2_bytes += (size[2] * array.bits[2]).div_ceil(8);
        }
        let mut cycles = loads[0][1];
        let double = array.double[1][2];
        for p in 0..passes.len() {
            let [late, load] = loads.get(p + 1).copied().unwrap_or([0; 2]);
            let store = if p > 0 && double { stores[p - 1] } else { 0 };
            cycles += lengths[p].max(load + store);
            if p + 1 < passes.len() {
                cycles += late + if double { 0 } else { stores[p] };
            }
        }
        outcome.cycles = cycles + stores.last().copied().unwrap_or(0);
    }

    /// Of a transposed convolution not the box moves off chip but the output, padding cut off: of a
    /// tile all or nothing.
    fn off_chip(&self, tile: &BTreeMap<Dim, Span>, elements: u64, of: usize) -> u64 {
        if !self.transposed || elements == 0 {
            return elements;
        }
        assert_eq!(elements, of as u64);
        let channels = [Dim::N, Dim::G, Dim::K]
            .iter()
            .map(|d| tile[d].1 - tile[d].0);
        (channels.product::<i64>() * self.plane[0] * self.plane[1]) as u64
    }

    /// Elements of the box that holds a whole tensor.
    fn size(&self, t: usize) -> usize {
        let all: BTreeMap<Dim, Span> = self.extents.iter().map(|(&d, &e)| (d, (0, e))).collect();
        self.elements(t, &all).len()
    }

    /// Cycles in which the sums of one output of all units become one: neighbours add up pairwise
    /// in a tree, or one after the other.
    fn additions(&self, array: &Array) -> u64 {
        let mut sums: i64 = 1;
        for l in self.loops.iter().filter(|l| !self.depends(2, l.dim)) {
            sums *= l.units;
        }
        let mut cycles = 0;
        while sums > 1 {
            sums = if array.forwarding {
                sums - 1
            } else {
                (sums + 1) / 2
            };
            cycles += 1;
        }
        cycles
    }

    /// Steps times units, to keep the slow thing to small problems.
    pub fn work(&self) -> i64 {
        let mut work = 1i64;
        let mut tile = self.extents.clone();
        for l in &self.loops {
            let chunk = l.size * l.units;
            work *= (tile[&l.dim] + chunk - 1) / chunk * l.units;
            tile.insert(l.dim, l.size);
        }
        work * tile.values().product::<i64>()
    }

    /// Whether some tile is cut by an edge, and whether units take several turns.
    pub fn features(&self) -> (bool, bool) {
        let mut tile = self.extents.clone();
        let (mut ragged, mut folded) = (false, false);
        for l in &self.loops {
            let chunk = l.size * l.units;
            ragged |= tile[&l.dim] % l.size != 0;
            folded |= l.units > 1 && tile[&l.dim] > chunk;
            tile.insert(l.dim, l.size);
        }
        (ragged, folded)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Slide,
    Anew,
}

fn noc(array: &Array, bits: u64, further: u64) -> u64 {
    match bits {
        0 => 0,
        n => array.noc_latency + further + n.div_ceil(8 * array.noc_width),
    }
}

/// Two buffers where the contents change and there are two.
fn bytes(array: &Array, size: [u64; 3], changes: [bool; 3], double: [bool; 3]) -> u64 {
    let buffers = |t: usize| if changes[t] && double[t] { 2 } else { 1 };
    (0..3)
        .map(|t| (size[t] * array.bits[t]).div_ceil(8) * buffers(t))
        .sum()
}
