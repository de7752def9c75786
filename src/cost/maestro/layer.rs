//! What is computed: loop bounds, strides, and which tensor depends on which dimension.

use super::arith::{SIZE_LIMIT, is_size};
use super::refusal::Refusal;
use crate::ir::dim::{Dim, DimMap, DimSet};

/// The kinds of layers the reference tells apart, by the dimensions of their tensors. For the
/// convolutions `N` is added to input and output if the layer declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Input C Y X, filter K C R S, output K Y X. Transposed convolutions count as this kind: the
    /// reference reads their inner stride and forgets it.
    Conv,
    /// Input C Y X, filter C R S, output C Y X. A declared K has no effect.
    Depthwise,
    /// Input G C Y X, filter G K C R S, output G K C Y X: the reference counts C among the
    /// dimensions of the output, so it is never summed over.
    Grouped,
    /// Input M K, filter K N, output M N.
    Gemm,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] = [Kind::Conv, Kind::Depthwise, Kind::Grouped, Kind::Gemm];

    /// Whether a window slides over rows and columns.
    pub fn slides(self) -> bool {
        self != Kind::Gemm
    }
}

/// A layer as the reference model sees it: no padding, no dilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layer {
    /// What it computes.
    pub kind: Kind,
    /// Loop bounds in elements, 0 where not declared. Rows are declared as input (`Y`) or as
    /// output (`Y'`), columns likewise.
    pub dims: DimMap<i64>,
    /// Strides by the name under which they were declared, 0 where not given (which counts as 1).
    /// Only rows and columns have strides that matter.
    pub stride: DimMap<i64>,
}

impl Layer {
    /// A layer of these bounds with no strides.
    pub fn new(kind: Kind, dims: &[(Dim, i64)]) -> Layer {
        let mut layer = Layer {
            kind,
            dims: DimMap::default(),
            stride: DimMap::default(),
        };
        for &(dim, extent) in dims {
            layer.dims[dim] = extent;
        }
        layer
    }
}

/// The dimensions each tensor depends on, in the order of the reference. It matters in one place:
/// of two spatially mapped dimensions, the later one says whether the last active sub-cluster is
/// partly filled.
#[derive(Debug)]
pub(super) struct Tensors {
    /// Of the input. `N` of a convolution counts only where the layer declares it.
    pub input: &'static [Dim],
    /// Of the filter.
    pub filter: &'static [Dim],
    /// Of the output; `N` as for the input.
    pub output: &'static [Dim],
    /// Of the output, as a set.
    pub outputs: DimSet,
    /// Of input or filter.
    operands: DimSet,
}

impl Tensors {
    const fn new(input: &'static [Dim], filter: &'static [Dim], output: &'static [Dim]) -> Tensors {
        Tensors {
            input,
            filter,
            output,
            outputs: DimSet::of(output),
            operands: DimSet(DimSet::of(input).0 | DimSet::of(filter).0),
        }
    }

    fn of(kind: Kind) -> &'static Tensors {
        use Dim::{C, G, K, M, N, R, S, X, Y};
        const CONV: Tensors = Tensors::new(&[N, C, Y, X], &[K, C, R, S], &[N, K, Y, X]);
        const DEPTHWISE: Tensors = Tensors::new(&[N, C, Y, X], &[C, R, S], &[N, C, Y, X]);
        const GROUPED: Tensors =
            Tensors::new(&[N, G, C, Y, X], &[G, K, C, R, S], &[N, G, K, C, Y, X]);
        const GEMM: Tensors = Tensors::new(&[M, K], &[K, N], &[M, N]);
        match kind {
            Kind::Conv => &CONV,
            Kind::Depthwise => &DEPTHWISE,
            Kind::Grouped => &GROUPED,
            Kind::Gemm => &GEMM,
        }
    }
}

/// A sliding pair: the window moves over `input`, giving one element of `output` per position.
pub(super) struct Axis {
    /// Input rows or columns.
    pub input: Dim,
    /// Filter rows or columns.
    pub window: Dim,
    /// Output rows or columns.
    pub output: Dim,
}

/// Rows, then columns.
pub(super) const AXES: [Axis; 2] = [
    Axis {
        input: Dim::Y,
        window: Dim::R,
        output: Dim::YOut,
    },
    Axis {
        input: Dim::X,
        window: Dim::S,
        output: Dim::XOut,
    },
];

/// A layer checked and completed: everything the evaluation needs to know of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problem {
    /// What it computes.
    pub kind: Kind,
    /// Bounds of all dimensions in `known`, and 1 for a batch that is not.
    pub extents: DimMap<i64>,
    /// Declared dimensions and those that follow from them.
    pub known: DimSet,
    /// Effective strides of rows and columns.
    pub stride: [i64; 2],
    /// What its tensors depend on.
    pub tensors: &'static Tensors,
    /// Dimensions of input or filter: what a tile has below the outermost level.
    pub operands: DimSet,
}

impl Problem {
    /// Checks bounds and strides and derives the missing ones: Y' = Y - R + 1 or, for layers
    /// declared by their output, Y = Y' + R - 1; columns likewise.
    ///
    /// The reference ignores the stride here. In a layer declared by its output it also exchanges
    /// the strides of the two axes: that of Y' acts on X and that of X' on Y.
    pub fn new(layer: &Layer) -> Result<Problem, Refusal> {
        check_sizes(layer)?;
        let mut extents = layer.dims;
        let mut known = DimSet::default();
        for dim in Dim::ALL {
            known.0 |= u16::from(layer.dims[dim] != 0) << dim as u16;
        }
        let mut stride = [1; 2];
        let tensors = Tensors::of(layer.kind);
        let mut operands = tensors.operands;
        if layer.kind.slides() {
            if !known.has(Dim::N) {
                extents[Dim::N] = 1;
                operands = operands.without(DimSet::of(&[Dim::N]));
            }
            for (at, axis) in AXES.iter().enumerate() {
                let window = layer.dims[axis.window];
                let from = if known.has(axis.input) {
                    if !known.has(axis.output) {
                        extents[axis.output] = extents[axis.input] - window + 1;
                    }
                    axis.input
                } else if known.has(axis.output) {
                    let value = extents[axis.output] + window - 1;
                    if !is_size(value) {
                        return Err(Refusal::Extent {
                            dim: axis.input,
                            value,
                        });
                    }
                    extents[axis.input] = value;
                    AXES[1 - at].output
                } else {
                    return Err(Refusal::MissingDimension { dim: axis.input });
                };
                known = known.with(axis.input).with(axis.output);
                stride[at] = layer.stride[from].max(1);
            }
        }
        if let Some(dim) = operands.without(known).iter().next() {
            return Err(Refusal::MissingDimension { dim });
        }
        Ok(Problem {
            kind: layer.kind,
            extents,
            known,
            stride,
            tensors,
            operands,
        })
    }
}

/// Refuses bounds and strides outside 0 ..= [`SIZE_LIMIT`].
fn check_sizes(layer: &Layer) -> Result<(), Refusal> {
    // The limit is all ones: so all are within it if all their bits together are.
    let all = layer.dims.0.iter().chain(&layer.stride.0);
    if (0..=SIZE_LIMIT).contains(&all.fold(0, |bits, value| bits | value)) {
        return Ok(());
    }
    for dim in Dim::ALL {
        let (extent, stride) = (layer.dims[dim], layer.stride[dim]);
        if !(0..=SIZE_LIMIT).contains(&extent) {
            return Err(Refusal::Extent { dim, value: extent });
        }
        if !(0..=SIZE_LIMIT).contains(&stride) {
            return Err(Refusal::Stride { dim, value: stride });
        }
    }
    Ok(())
}
