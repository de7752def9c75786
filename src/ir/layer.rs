//! One layer's loop bounds and what follows from them: output extents, MACs, tensor shapes.

use super::dim::{Dim, DimMap};

/// The kinds of layers that cost something on the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Convolution over all input channels.
    Conv,
    /// One filter per channel.
    Depthwise,
    /// `G` independent convolutions of `C` to `K` channels each.
    GroupedConv,
    /// Transposed ("up-") convolution; `G` independent ones if it has groups.
    TransposedConv,
    /// Fully connected: `K` outputs of `C` inputs.
    Dense,
    /// Matrix product: (M x K) by (K x N); `G` of them if both operands differ from one to the next.
    Gemm,
}

impl Op {
    /// All, in the order of declaration.
    pub const ALL: [Op; 6] = [
        Op::Conv,
        Op::Depthwise,
        Op::GroupedConv,
        Op::TransposedConv,
        Op::Dense,
        Op::Gemm,
    ];

    /// As written in a specification and in every output.
    pub fn name(self) -> &'static str {
        match self {
            Op::Conv => "conv",
            Op::Depthwise => "depthwise",
            Op::GroupedConv => "grouped_conv",
            Op::TransposedConv => "transposed_conv",
            Op::Dense => "dense",
            Op::Gemm => "gemm",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Op> {
        Op::ALL.into_iter().find(|op| op.name() == name)
    }

    /// The dimensions a layer of this kind may declare, in the order they are printed.
    pub fn dims(self) -> &'static [Dim] {
        match self {
            Op::Conv | Op::Depthwise => &[Dim::N, Dim::K, Dim::C, Dim::Y, Dim::X, Dim::R, Dim::S],
            Op::GroupedConv | Op::TransposedConv => &[
                Dim::N,
                Dim::G,
                Dim::K,
                Dim::C,
                Dim::Y,
                Dim::X,
                Dim::R,
                Dim::S,
            ],
            Op::Dense => &[Dim::N, Dim::K, Dim::C],
            Op::Gemm => &[Dim::G, Dim::M, Dim::N, Dim::K],
        }
    }

    /// The dimensions it must declare; the others count as 1 when left out.
    pub fn required_dims(self) -> &'static [Dim] {
        match self {
            Op::Conv | Op::TransposedConv => &[Dim::K, Dim::C, Dim::Y, Dim::X, Dim::R, Dim::S],
            Op::Depthwise => &[Dim::C, Dim::Y, Dim::X, Dim::R, Dim::S],
            Op::GroupedConv => &[Dim::G, Dim::K, Dim::C, Dim::Y, Dim::X, Dim::R, Dim::S],
            Op::Dense => &[Dim::K, Dim::C],
            Op::Gemm => &[Dim::M, Dim::N, Dim::K],
        }
    }

    /// Whether a window slides over rows and columns.
    pub fn slides(self) -> bool {
        !matches!(self, Op::Dense | Op::Gemm)
    }
}

/// Zeros added around the input, in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Padding {
    /// Before the first row.
    pub top: u64,
    /// After the last row.
    pub bottom: u64,
    /// Before the first column.
    pub left: u64,
    /// After the last column.
    pub right: u64,
}

/// Everything about a layer that can change its price. Layers with equal shapes have equal prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerShape {
    /// What it computes.
    pub op: Op,
    /// Declared loop bounds in elements; 0 means not declared (and counts as 1). `Y` and `X` are
    /// the extents of the input without padding. K and C of a convolution in groups are per group;
    /// K of a depthwise convolution is its channel multiplier.
    pub bounds: DimMap<u64>,
    /// Step of the window: rows, columns. Of a transposed convolution: the up-sampling factor.
    pub stride: [u64; 2],
    /// Zeros around the input.
    pub pad: Padding,
    /// Distance between taps of the window: rows, columns.
    pub dilation: [u64; 2],
    /// Rows and columns added to one side of a transposed convolution's output.
    pub output_pad: [u64; 2],
}

impl LayerShape {
    /// A shape with stride 1, no padding, dilation 1.
    pub fn new(op: Op, dims: &[(Dim, u64)]) -> Self {
        let mut bounds = DimMap::default();
        for &(dim, extent) in dims {
            bounds[dim] = extent;
        }
        LayerShape {
            op,
            bounds,
            stride: [1, 1],
            pad: Padding::default(),
            dilation: [1, 1],
            output_pad: [0, 0],
        }
    }

    /// The kind whose rule in a dataflow maps the layer. Groups of a transposed convolution are
    /// mapped like those of a convolution: group after group, with the positions of the smaller side.
    pub fn mapped_as(&self) -> Op {
        match self.op {
            Op::TransposedConv if self.bound(Dim::G) > 1 => Op::GroupedConv,
            op => op,
        }
    }

    /// A loop bound, 1 where it was not declared.
    pub fn bound(&self, dim: Dim) -> u64 {
        self.bounds[dim].max(1)
    }

    /// Extents of the window once dilated: rows, columns. `None` on overflow.
    fn window(&self) -> Option<[u64; 2]> {
        let one = |taps: u64, dilation: u64| dilation.checked_mul(taps - 1)?.checked_add(1);
        Some([
            one(self.bound(Dim::R), self.dilation[0])?,
            one(self.bound(Dim::S), self.dilation[1])?,
        ])
    }

    /// Extents of the input with its padding: rows, columns. `None` on overflow.
    pub fn padded_input(&self) -> Option<[u64; 2]> {
        Some([
            self.bound(Dim::Y)
                .checked_add(self.pad.top)?
                .checked_add(self.pad.bottom)?,
            self.bound(Dim::X)
                .checked_add(self.pad.left)?
                .checked_add(self.pad.right)?,
        ])
    }

    /// Output rows and columns. `None` if the window does not fit into the padded input, or on
    /// overflow.
    ///
    /// Convolution: (Y + pads - dilation (R - 1) - 1) / stride + 1, rounded down; transposed:
    /// (Y - 1) stride - pads + dilation (R - 1) + output_pad + 1.
    pub fn output(&self) -> Option<[u64; 2]> {
        if !self.op.slides() {
            return Some([1, 1]);
        }
        let window = self.window()?;
        if self.op == Op::TransposedConv {
            let one = |extent: u64, stride: u64, window: u64, pads: u64, extra: u64| {
                let grown = (extent - 1)
                    .checked_mul(stride)?
                    .checked_add(window)?
                    .checked_add(extra)?;
                grown.checked_sub(pads).filter(|&o| o > 0)
            };
            let rows = self.pad.top.checked_add(self.pad.bottom)?;
            let columns = self.pad.left.checked_add(self.pad.right)?;
            return Some([
                one(
                    self.bound(Dim::Y),
                    self.stride[0],
                    window[0],
                    rows,
                    self.output_pad[0],
                )?,
                one(
                    self.bound(Dim::X),
                    self.stride[1],
                    window[1],
                    columns,
                    self.output_pad[1],
                )?,
            ]);
        }
        let input = self.padded_input()?;
        let one = |i: usize| {
            Some(
                input[i]
                    .checked_sub(window[i])?
                    .checked_div(self.stride[i])?
                    + 1,
            )
        };
        Some([one(0)?, one(1)?])
    }

    /// Channels of the input tensor over all groups.
    pub fn input_channels(&self) -> Option<u64> {
        self.bound(Dim::C).checked_mul(self.bound(Dim::G))
    }

    /// Channels of the output tensor over all groups.
    pub fn output_channels(&self) -> Option<u64> {
        match self.op {
            Op::Depthwise => self.bound(Dim::C).checked_mul(self.bound(Dim::K)),
            _ => self.bound(Dim::K).checked_mul(self.bound(Dim::G)),
        }
    }

    /// The layer's own multiply-accumulate count: the product of the loop bounds with output
    /// extents for rows and columns (input extents for a transposed convolution, whose every input
    /// element meets the whole window). `None` on overflow or if the window does not fit.
    pub fn macs(&self) -> Option<u64> {
        let plane = match self.op {
            Op::Dense | Op::Gemm => [1, 1],
            Op::TransposedConv => [self.bound(Dim::Y), self.bound(Dim::X)],
            _ => self.output()?,
        };
        let mut macs = plane[0].checked_mul(plane[1])?;
        for dim in [Dim::N, Dim::G, Dim::K, Dim::C, Dim::R, Dim::S, Dim::M] {
            macs = macs.checked_mul(self.bound(dim))?;
        }
        Some(macs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_layer_of_mobilenet_v2() {
        let mut shape = LayerShape::new(
            Op::Conv,
            &[
                (Dim::K, 32),
                (Dim::C, 3),
                (Dim::Y, 224),
                (Dim::X, 224),
                (Dim::R, 3),
                (Dim::S, 3),
            ],
        );
        shape.stride = [2, 2];
        shape.pad = Padding {
            top: 1,
            bottom: 1,
            left: 1,
            right: 1,
        };
        assert_eq!(shape.output(), Some([112, 112]));
        assert_eq!(shape.macs(), Some(10_838_016)); // torchvision mobilenet_v2, features.0.0
    }

    #[test]
    fn transposed_doubles() {
        let mut shape = LayerShape::new(
            Op::TransposedConv,
            &[
                (Dim::K, 8),
                (Dim::C, 4),
                (Dim::Y, 7),
                (Dim::X, 5),
                (Dim::R, 2),
                (Dim::S, 2),
            ],
        );
        shape.stride = [2, 2];
        assert_eq!(shape.output(), Some([14, 10]));
        assert_eq!(shape.macs(), Some(7 * 5 * 2 * 2 * 8 * 4));
    }

    #[test]
    fn twelve_heads() {
        let dims = [(Dim::G, 12), (Dim::M, 128), (Dim::N, 128), (Dim::K, 64)];
        let shape = LayerShape::new(Op::Gemm, &dims);
        assert_eq!(shape.macs(), Some(12 * 128 * 128 * 64));
    }

    #[test]
    fn window_that_does_not_fit_and_overflow_are_none() {
        let small = LayerShape::new(
            Op::Conv,
            &[(Dim::Y, 2), (Dim::X, 9), (Dim::R, 3), (Dim::S, 3)],
        );
        assert_eq!(small.output(), None);
        let huge = LayerShape::new(
            Op::Gemm,
            &[(Dim::M, 1 << 40), (Dim::N, 1 << 40), (Dim::K, 1)],
        );
        assert_eq!(huge.macs(), None);
    }
}
