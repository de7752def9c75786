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

/// The dimensions one tensor depends on. Its order matters in one place: of two spatially mapped
/// dimensions, the later one says whether the last active sub-cluster is partly filled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Coupling {
    /// In the order of the reference, without `N`, which comes first.
    pub order: &'static [Dim],
    /// As a set, with `N` where the layer has batches.
    pub set: DimSet,
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
    /// Bounds of all dimensions in `known`.
    pub extents: DimMap<i64>,
    /// Declared dimensions and those that follow from them.
    pub known: DimSet,
    /// Effective strides: 1 for all but rows and columns.
    pub stride: DimMap<i64>,
    /// Of the input.
    pub input: Coupling,
    /// Of the filter.
    pub filter: Coupling,
    /// Of the output.
    pub output: Coupling,
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
        let mut extents = layer.dims;
        let mut known = DimSet::default();
        for dim in Dim::ALL {
            let value = layer.dims[dim];
            if !(0..=SIZE_LIMIT).contains(&value) {
                return Err(Refusal::Extent { dim, value });
            }
            if value != 0 {
                known = known.with(dim);
            }
            let value = layer.stride[dim];
            if !(0..=SIZE_LIMIT).contains(&value) {
                return Err(Refusal::Stride { dim, value });
            }
        }
        let mut stride = DimMap([1; Dim::COUNT]);
        if layer.kind.slides() {
            for (axis, other) in [(&AXES[0], &AXES[1]), (&AXES[1], &AXES[0])] {
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
                    other.output
                } else {
                    return Err(Refusal::MissingDimension { dim: axis.input });
                };
                known = known.with(axis.input).with(axis.output);
                stride[axis.input] = layer.stride[from].max(1);
            }
        }
        let (input, filter, output) = couplings(layer);
        let operands = DimSet(input.set.0 | filter.set.0);
        if let Some(dim) = operands.iter().find(|d| !known.has(*d)) {
            return Err(Refusal::MissingDimension { dim });
        }
        Ok(Problem {
            kind: layer.kind,
            extents,
            known,
            stride,
            input,
            filter,
            output,
            operands,
        })
    }
}

/// Couplings of input, filter and output.
pub(super) fn couplings(layer: &Layer) -> (Coupling, Coupling, Coupling) {
    use Dim::{C, G, K, M, N, R, S, X, Y};
    let (input, filter, output): (&'static [Dim], &'static [Dim], &'static [Dim]) = match layer.kind
    {
        Kind::Conv => (&[C, Y, X], &[K, C, R, S], &[K, Y, X]),
        Kind::Depthwise => (&[C, Y, X], &[C, R, S], &[C, Y, X]),
        Kind::Grouped => (&[G, C, Y, X], &[G, K, C, R, S], &[G, K, C, Y, X]),
        Kind::Gemm => (&[M, K], &[K, N], &[M, N]),
    };
    let batched = layer.kind.slides() && layer.dims[N] != 0;
    let one = |order: &'static [Dim], batched: bool| {
        let set = DimSet::of(order);
        Coupling {
            order,
            set: if batched { set.with(N) } else { set },
        }
    };
    (
        one(input, batched),
        one(filter, false),
        one(output, batched),
    )
}
