//! From a layer and directives to one nest of loops over eight slots.

use super::super::Refused;
use super::window::{Fault, add, mul};
pub use crate::ir::dataflow::MAX_LEVELS;
use crate::ir::dataflow::{ClusterLevel, MapKind, Rule, Size};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::menu::Menu;

/// Loop dimensions after all kinds of layers have been brought to one form.
pub const SLOTS: usize = 8;
/// Most loops of a nest.
pub const MAX_LOOPS: usize = SLOTS * MAX_LEVELS;

/// Window positions along rows; the next slot is along columns.
pub const ROWS: usize = 4;
/// Taps of the window along rows; the next slot is along columns.
pub const TAPS: usize = 6;

/// Input, weights, output, in this order everywhere.
pub const TENSORS: usize = 3;
/// Index of the input tensor.
const INPUT: usize = 0;
/// Index of the output tensor.
pub const OUTPUT: usize = 2;

/// Largest extent, size, stride or dilation: products of two of them, and a few sums, fit 64 bits.
const MAX_EXTENT: u64 = 1 << 31;

/// Which slots a tensor depends on, as bits. The tensor is the product of its axes: one for each
/// plain slot, and one for each window.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tensor {
    /// All of them.
    pub slots: u16,
    /// Those that are an axis without a window.
    pub plain: u16,
}

impl Tensor {
    /// Whether the tensor depends on a slot.
    pub fn has(&self, slot: usize) -> bool {
        self.slots & (1 << slot) != 0
    }
}

/// Slots from bits.
pub fn slots(bits: u16) -> impl Iterator<Item = usize> {
    let mut left = bits;
    std::iter::from_fn(move || {
        let slot = (left != 0).then_some(left.trailing_zeros() as usize);
        left &= left.wrapping_sub(1);
        slot
    })
}

/// An axis along which a window slides: position x stride + tap x dilation.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Slots of position and taps.
    pub slots: [usize; 2],
    /// Elements between neighbouring positions, and between neighbouring taps.
    pub scales: [u64; 2],
}

impl Window {
    /// Elements from the first to the last that so many positions and taps touch.
    pub fn length(&self, positions: u64, taps: u64) -> Result<u64, Fault> {
        let [stride, dilation] = self.scales;
        add(
            add(mul(positions - 1, stride)?, mul(taps - 1, dilation)?)?,
            1,
        )
    }
}

/// What one directive makes of its slot: chunks of `size x units` in time, of which each unit
/// holds `size`.
#[derive(Debug, Clone, Copy)]
pub struct Split {
    /// Elements a unit holds.
    pub size: u64,
    /// Units side by side; 1 for a temporal map.
    pub units: u64,
}

impl Split {
    /// Elements of a full chunk.
    pub fn chunk(self) -> u64 {
        self.size * self.units
    }
}

/// A loop of the nest with more than one position.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loop {
    /// Cluster level.
    pub level: usize,
    /// Slot it walks.
    pub slot: usize,
    /// Directives before its own, over all levels.
    pub written: usize,
}

/// A layer under a dataflow, ready to be counted.
#[derive(Debug, Clone)]
pub struct Nest {
    /// Extent per slot.
    pub extent: [u64; SLOTS],
    /// Cluster levels.
    pub levels: usize,
    /// Per level and slot; a slot that is not mapped is held whole.
    pub splits: [[Split; SLOTS]; MAX_LEVELS],
    /// Per level, the slots that it maps, as bits.
    pub mapped: [u16; MAX_LEVELS],
    /// Per level, the slots that have a loop, as bits.
    pub walked: [u16; MAX_LEVELS],
    /// Slots that are spread over more than one unit, as bits.
    pub spread: u16,
    loops: [Loop; MAX_LOOPS],
    count: usize,
    /// Loops of the outermost level; they stand first.
    pub outer: usize,
    /// Input, weights, output.
    pub tensors: [Tensor; TENSORS],
    /// Along rows and columns.
    pub windows: [Window; 2],
    /// The tensor along which the windows slide.
    pub slid: usize,
    /// Rows and columns of the output as it leaves the chip, where they are not those of the
    /// tiles (transposed convolutions, whose padding cuts).
    pub cut_output: Option<[u64; 2]>,
}

impl Nest {
    /// The loops, outermost first. Maps whose one tile holds all have none.
    pub fn loops(&self) -> &[Loop] {
        &self.loops[..self.count]
    }

    /// Elements of a tensor that a tile of these extents per slot touches, with what lies between.
    ///
    /// # Errors
    /// If they do not fit 64 bits.
    pub fn box_size(&self, t: usize, tile: &[u64; SLOTS]) -> Result<u64, Fault> {
        let mut size = 1;
        for slot in slots(self.tensors[t].plain) {
            size = mul(size, tile[slot])?;
        }
        if t == self.slid {
            for window in &self.windows {
                let [positions, taps] = window.slots.map(|slot| tile[slot]);
                size = mul(size, window.length(positions, taps)?)?;
            }
        }
        Ok(size)
    }

    /// The nest of `rule` for `shape`.
    ///
    /// # Errors
    /// Directives that leave gaps, compute a MAC twice, or do not fit the layer or the array.
    pub fn new(shape: &LayerShape, rule: &Rule, knobs: &[u64]) -> Result<Nest, Refused> {
        let extent = extents(shape)?;
        let output = shape.output().ok_or_else(no_output)?;
        let mut nest = Nest {
            extent,
            levels: rule.levels.len(),
            splits: [[Split { size: 1, units: 1 }; SLOTS]; MAX_LEVELS],
            mapped: [0; MAX_LEVELS],
            walked: [0; MAX_LEVELS],
            spread: 0,
            loops: [Loop::default(); MAX_LOOPS],
            count: 0,
            outer: 0,
            tensors: tensors(shape.op, &extent),
            windows: [0, 1].map(|axis| Window {
                slots: [ROWS + axis, TAPS + axis],
                scales: [shape.stride[axis], shape.dilation[axis]],
            }),
            slid: slid(shape.op),
            cut_output: (shape.op == Op::TransposedConv).then_some(output),
        };
        if nest.levels > MAX_LEVELS {
            return refuse(format!("more than {MAX_LEVELS} cluster levels"));
        }
        let reader = Reader {
            op: shape.op,
            extent,
            knobs,
        };
        let pes = knobs.get(Menu::PES).copied().unwrap_or(0);
        let mut sizes = [1u64; MAX_LEVELS];
        let mut cluster = 1u64;
        for (l, level) in rule.levels.iter().enumerate().skip(1) {
            let size = level.cluster.as_ref().map_or(Ok(1), |s| reader.size(s));
            sizes[l] = size.map_err(|refused| placed(refused, level))?;
            cluster = cluster.checked_mul(sizes[l]).ok_or(Fault::Overflow)?;
        }
        sizes[0] = pes / cluster;
        if sizes[0] == 0 {
            let reason = format!("{pes} PEs, but one cluster needs {cluster}");
            let refused = Refused::new(reason).of_clusters();
            let largest = rule
                .levels
                .iter()
                .zip(sizes)
                .skip(1)
                .max_by_key(|(_, s)| *s);
            return Err(largest.map_or(refused.clone(), |(level, _)| placed(refused, level)));
        }
        let mut tile = extent;
        let mut written = 0;
        for (l, level) in rule.levels.iter().enumerate() {
            for (slot, split) in nest.splits[l].iter_mut().enumerate() {
                split.size = tile[slot];
            }
            let mut by_slot = [None; SLOTS];
            let mut slots = [0; SLOTS];
            for (i, directive) in level.directives.iter().enumerate() {
                let slot = reader
                    .slot(directive.dim)
                    .map_err(|r| r.at(directive.span))?;
                // More directives than slots map one of them twice.
                slots[i % SLOTS] = slot;
                if by_slot[slot].replace(directive).is_some() {
                    let twice = format!("level {l} maps {} twice", directive.dim.name());
                    return Err(Refused::new(twice).at(directive.span));
                }
            }
            let mut free = sizes[l];
            for (directive, slot) in level.directives.iter().zip(slots) {
                let of = |size: &Size| reader.size(size).map_err(|r| r.at(directive.span));
                let mut size = of(&directive.size)?;
                let step = if directive.step == directive.size {
                    size
                } else {
                    of(&directive.step)?
                };
                if matches!(directive.dim, Dim::Y | Dim::X) && shape.op.slides() {
                    // An input-centred tile is as many window positions as fit into it when the
                    // window has the taps this level holds and stride and dilation are 1.
                    let taps_slot = slot + TAPS - ROWS;
                    let taps = by_slot[taps_slot]
                        .map_or(Ok(tile[taps_slot]), |d| {
                            reader.size(&d.size).map_err(|r| r.at(d.span))
                        })?
                        .min(tile[taps_slot]);
                    if size < taps {
                        let reason = format!(
                            "level {l}: {size} of {} hold no whole window of {taps}",
                            directive.dim.name()
                        );
                        return Err(Refused::new(reason).at(directive.span));
                    }
                    size = size - taps + 1;
                }
                if size < tile[slot] && step != size {
                    let fault = if step > size {
                        "leave gaps"
                    } else {
                        "compute MACs twice"
                    };
                    let reason = format!(
                        "level {l}: tiles of {size} positions along {} every {step} {fault}; `step {size}` does not",
                        directive.dim.name()
                    );
                    return Err(Refused::new(reason).at(directive.span));
                }
                size = size.min(tile[slot]);
                let mut split = Split { size, units: 1 };
                if directive.kind == MapKind::Spatial {
                    split.units = tile[slot].div_ceil(size).min(free);
                    free /= split.units;
                    nest.spread |= u16::from(split.units > 1) << slot;
                }
                nest.splits[l][slot] = split;
                nest.mapped[l] |= 1 << slot;
                if split.chunk() < tile[slot] {
                    nest.walked[l] |= 1 << slot;
                    nest.loops[nest.count] = Loop {
                        level: l,
                        slot,
                        written,
                    };
                    nest.count += 1;
                }
                written += 1;
            }
            if l == 0 {
                nest.outer = nest.count;
            }
            for (slot, tile) in tile.iter_mut().enumerate() {
                *tile = nest.splits[l][slot].size;
            }
        }
        Ok(nest)
    }
}

/// Which slot a dimension is of a kind of layer.
pub fn slot_of(op: Op, dim: Dim) -> Option<usize> {
    let slot = match (op, dim) {
        (Op::Gemm, Dim::M) => 0,
        (Op::Gemm, Dim::N) => 2,
        (Op::Gemm, Dim::K) => 3,
        (Op::GroupedConv | Op::TransposedConv | Op::Gemm, Dim::G) => 1,
        (Op::Gemm, _) => return None,
        (_, Dim::N) => 0,
        (_, Dim::K) => 2,
        (_, Dim::C) => 3,
        (_, Dim::Y | Dim::YOut) => ROWS,
        (_, Dim::X | Dim::XOut) => ROWS + 1,
        (_, Dim::R) => TAPS,
        (_, Dim::S) => TAPS + 1,
        _ => return None,
    };
    Some(slot)
}

/// A refusal with this reason.
pub fn refuse<T>(reason: String) -> Result<T, Refused> {
    Err(Refused::new(reason))
}

/// For a level as a whole: its first directive stands for it.
fn placed(refused: Refused, level: &ClusterLevel) -> Refused {
    let refused = refused.of_clusters();
    match level.directives.first() {
        Some(directive) => refused.at(directive.span),
        None => refused,
    }
}

fn no_output() -> Refused {
    Refused::new("the window does not fit into the padded input".to_string())
}

/// What the slots of a kind of layer are called in the language.
pub fn slot_names(op: Op) -> [&'static str; SLOTS] {
    match op {
        Op::Gemm => ["M", "G", "N", "K", "", "", "", ""],
        // Positions of the window are those of the smaller side.
        Op::TransposedConv => ["N", "G", "K", "C", "Y", "X", "R", "S"],
        _ => ["N", "G", "K", "C", "Y'", "X'", "R", "S"],
    }
}

/// Loop bounds per slot: batch (rows of a GEMM), groups (products of a GEMM), output channels, input channels, window
/// positions, taps.
fn extents(shape: &LayerShape) -> Result<[u64; SLOTS], Refused> {
    let of = |dim| shape.bound(dim);
    let extent = match shape.op {
        Op::Gemm => [of(Dim::M), of(Dim::G), of(Dim::N), of(Dim::K), 1, 1, 1, 1],
        Op::Dense => [of(Dim::N), 1, of(Dim::K), of(Dim::C), 1, 1, 1, 1],
        op => {
            let plane = match op {
                Op::TransposedConv => [of(Dim::Y), of(Dim::X)],
                _ => shape.output().ok_or_else(no_output)?,
            };
            [
                of(Dim::N),
                of(Dim::G),
                of(Dim::K),
                of(Dim::C),
                plane[0],
                plane[1],
                of(Dim::R),
                of(Dim::S),
            ]
        }
    };
    let scales = shape.stride.iter().chain(&shape.dilation);
    for &value in extent.iter().chain(scales) {
        if value == 0 || value > MAX_EXTENT {
            return refuse(format!("an extent or step of {value} is out of range"));
        }
    }
    Ok(extent)
}

/// Positions of a convolution are its outputs, of a transposed one its inputs; the window slides
/// along the other side.
fn slid(op: Op) -> usize {
    match op {
        Op::TransposedConv => OUTPUT,
        _ => INPUT,
    }
}

fn tensors(op: Op, extent: &[u64; SLOTS]) -> [Tensor; TENSORS] {
    const PLANE: u16 = 0b11 << ROWS;
    const WINDOW: u16 = 0b11 << TAPS;
    let plain = [
        0b1011,
        0b1110 | WINDOW,
        // A depthwise layer has no groups; its channels take their place.
        if op == Op::Depthwise { 0b1101 } else { 0b0111 },
    ];
    let mut tensors = plain.map(|plain| Tensor {
        slots: plain,
        plain,
    });
    let slid = slid(op);
    tensors[slid].slots |= PLANE | WINDOW;
    let fixed = &mut tensors[INPUT + OUTPUT - slid];
    fixed.slots |= PLANE;
    fixed.plain |= PLANE;
    // Nothing depends on a slot of one element.
    let mut wide = 0;
    for (slot, &extent) in extent.iter().enumerate() {
        wide |= u16::from(extent > 1) << slot;
    }
    for tensor in &mut tensors {
        tensor.slots &= wide;
        tensor.plain &= wide;
    }
    tensors
}

struct Reader<'a> {
    op: Op,
    extent: [u64; SLOTS],
    knobs: &'a [u64],
}

impl Reader<'_> {
    fn slot(&self, dim: Dim) -> Result<usize, Refused> {
        slot_of(self.op, dim).map_or_else(|| refuse(no_dim(dim)), Ok)
    }

    /// A size in elements. The extent of `Y` or `X` is that of the input as the window passes
    /// over it with stride and dilation 1: positions + taps - 1.
    fn size(&self, size: &Size) -> Result<u64, Refused> {
        let value = match size {
            Size::Computed(_) => return self.computed(size),
            plain => self.plain(plain)?,
        };
        if value == 0 || value > 2 * MAX_EXTENT {
            return refuse(format!("a size of {value} is out of range"));
        }
        Ok(value)
    }

    fn plain(&self, size: &Size) -> Result<u64, Refused> {
        Ok(match *size {
            Size::Count(n) => n,
            Size::Knob(knob) => self.knobs.get(knob).copied().unwrap_or(0),
            Size::Extent(dim) => {
                let slot = self.slot(dim)?;
                match dim {
                    Dim::Y | Dim::X => self.extent[slot] + self.extent[slot + TAPS - ROWS] - 1,
                    _ => self.extent[slot],
                }
            }
            Size::Computed(_) => return self.computed(size),
        })
    }

    fn computed(&self, size: &Size) -> Result<u64, Refused> {
        let plain = |size: &Size| i64::try_from(self.plain(size).ok()?).ok();
        let Some(value) = size.value(&plain) else {
            return refuse("a size is divided by 0 or too large".to_string());
        };
        match u64::try_from(value) {
            Ok(count) if (1..=2 * MAX_EXTENT).contains(&count) => Ok(count),
            _ => refuse(format!("a size of {value} is out of range")),
        }
    }
}

fn no_dim(dim: Dim) -> String {
    format!("the layer has no dimension {}", dim.name())
}
