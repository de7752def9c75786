//! Which operators are known, what each gives, and which of them cost something.

use super::known::{Dim, Given, View, elements, shown};
use super::layout::{Results, unknown};
use super::made::{Made, Refusal, dense};
use super::model::Data;
use super::window::{Axis, Convolution, convolution};
use super::{
    attention, index, layout, matrix, pointwise, recurrent, sampled, sequence, spectrum, window,
};
use crate::ir::dim::Dim as Bound;
use crate::ir::layer::{LayerShape, Op, Padding};

/// Whether the operators of this set are known by name.
fn is_known_domain(domain: &str) -> bool {
    matches!(domain, "" | "com.microsoft")
}

/// Whether a node's operator is known, apart from those that run graphs.
pub fn is_known(view: &View) -> bool {
    layers(view, 0).is_some() || results(view).is_some()
}

/// Operands that are multiplied, and whether an operand's last two dimensions are swapped.
fn factors(view: &View) -> Option<([usize; 2], [bool; 2])> {
    let flag = |name: &str| view.int(name).unwrap_or(0) != 0;
    Some(match &*view.node.op {
        "MatMul" | "MatMulInteger" | "DynamicQuantizeMatMul" | "MatMulIntegerToFloat" => {
            ([0, 1], [false; 2])
        }
        "QLinearMatMul" => ([0, 3], [false; 2]),
        "Gemm" | "FusedMatMul" | "FusedGemm" | "TransposeMatMul" | "GemmFloat8" => {
            ([0, 1], [flag("transA"), flag("transB")])
        }
        "QGemm" => ([0, 3], [flag("transA"), flag("transB")]),
        _ => return None,
    })
}

/// Operands that hold input and weights of a convolution, and whether it is a transposed one.
fn convolved(op: &str) -> Option<(usize, usize, bool)> {
    Some(match op {
        "Conv" | "ConvInteger" | "FusedConv" => (0, 1, false),
        "QLinearConv" => (0, 3, false),
        "ConvTranspose" => (0, 1, true),
        _ => return None,
    })
}

/// Gates of a recurrent operator.
fn gates(op: &str) -> Option<u64> {
    Some(match op {
        "LSTM" | "DynamicQuantizeLSTM" => 4,
        "GRU" => 3,
        "RNN" => 1,
        _ => return None,
    })
}

/// The layers a node is, or why it cannot be counted; `None` if it is none of the operators that
/// cost something. At most `most` layers are made.
pub fn layers(view: &View, most: usize) -> Option<Result<Vec<Made>, Refusal>> {
    let op = &*view.node.op;
    if !is_known_domain(&view.node.domain) {
        return None;
    }
    if let Some((at, swapped)) = factors(view) {
        return Some(matrix::layer(view, at, swapped));
    }
    if let Some((x, w, up)) = convolved(op) {
        return Some(conv(view, x, w, up));
    }
    if let Some(gates) = gates(op) {
        return Some(recurrent::layers(view, gates, most));
    }
    Some(match op {
        "Einsum" => matrix::einsum(view),
        "Attention" if view.node.domain.is_empty() => attention::layers(view),
        "Attention" | "QAttention" => attention::projected_layers(view),
        "MultiHeadAttention" | "GroupQueryAttention" => attention::layers(view),
        "MatMulNBits" | "MatMulBnb4" => few_bits(view),
        "DeformConv"
        | "NhwcConv"
        | "NhwcFusedConv"
        | "QOrderedMatMul"
        | "QOrderedAttention"
        | "LongformerAttention"
        | "DecoderAttention"
        | "PackedAttention"
        | "PackedMultiHeadAttention"
        | "DecoderMaskedMultiHeadAttention"
        | "SparseAttention"
        | "PagedAttention"
        | "MoE"
        | "QMoE"
        | "LinearAttention"
        | "CausalConvWithState"
        | "DFT"
        | "STFT" => Err(Refusal::Beyond(
            "its products follow no form that is known here".into(),
        )),
        _ => return None,
    })
}

/// Weights of a few bits are one packed operand; their extents are attributes.
fn few_bits(view: &View) -> Result<Vec<Made>, Refusal> {
    let extent = |name: &str| view.int(name).and_then(|v| u64::try_from(v).ok());
    let (Some(k), Some(n)) = (extent("K"), extent("N")) else {
        return Err(Refusal::Misfit("`K` and `N` are missing".into()));
    };
    let open = || Refusal::unknown(view, &[0]);
    let Some((_, lead)) = view.shape(0).ok_or_else(open)?.split_last() else {
        return Err(Refusal::Misfit("its input has no dimensions".into()));
    };
    let rows = elements(lead).ok_or_else(open)?;
    Ok(dense(rows, n, k))
}

/// One and two dimensions are layers of the language; a row of one dimension runs along X.
fn conv(view: &View, x: usize, w: usize, up: bool) -> Result<Vec<Made>, Refusal> {
    let open = || Refusal::unknown(view, &[x, w]);
    let mut conv = convolution(view, x, w, up)?.ok_or_else(open)?;
    let bias = match &*view.node.op {
        "QLinearConv" => view.shape(8),
        "Conv" | "ConvTranspose" => view.shape(2),
        _ => None,
    };
    if let Some(bias) = bias.filter(|b| elements(b).is_some_and(|n| n != conv.output)) {
        let (bias, outputs) = (shown(bias), conv.output);
        return Err(Refusal::Misfit(format!(
            "a bias of {bias} for {outputs} outputs"
        )));
    }
    flatten(&mut conv, up)?.ok_or_else(open)?;
    let still = Axis {
        input: Some(1),
        kernel: 1,
        stride: 1,
        dilation: 1,
        begin: 0,
        end: 0,
        extra: 0,
        output: Some(1),
    };
    let (rows, columns) = match conv.axes[..] {
        [] => (still, still),
        [one] => (still, one),
        [rows, columns] => (rows, columns),
        _ => return Err(Refusal::Beyond("it has too many dimensions".into())),
    };
    let (Some(n), Some(y), Some(x)) = (conv.n, rows.input, columns.input) else {
        return Err(open());
    };
    if [n, y, x].contains(&0) {
        return Ok(Vec::new());
    }
    let groups = conv.groups;
    let (c, k) = (conv.input / groups, conv.output / groups);
    // Bounds of 0 are those that a layer of its kind does not have.
    let unless_one = |n: u64| if n == 1 { 0 } else { n };
    let (op, [g, k, c]) = match (groups, c) {
        _ if up => (Op::TransposedConv, [unless_one(groups), k, c]),
        (1, _) => (Op::Conv, [0, k, c]),
        (_, 1) => (Op::Depthwise, [0, unless_one(k), groups]),
        _ => (Op::GroupedConv, [groups, k, c]),
    };
    let bounds = [
        (Bound::N, unless_one(n)),
        (Bound::G, g),
        (Bound::K, k),
        (Bound::C, c),
        (Bound::Y, y),
        (Bound::X, x),
        (Bound::R, rows.kernel),
        (Bound::S, columns.kernel),
    ];
    let mut shape = LayerShape::new(op, &bounds);
    shape.stride = [rows.stride, columns.stride];
    shape.dilation = [rows.dilation, columns.dilation];
    shape.output_pad = [rows.extra, columns.extra];
    shape.pad = Padding {
        top: rows.begin,
        bottom: rows.end,
        left: columns.begin,
        right: columns.end,
    };
    Ok(vec![Made::only(shape)])
}

/// Takes axes out of a convolution of more than two, where that changes neither products nor
/// operands: a window of one element along an axis makes each place a picture of its own, and windows
/// that lie side by side are channels of fewer pictures. `Ok(None)` if an extent is not known.
fn flatten(conv: &mut Convolution, up: bool) -> Result<Option<()>, Refusal> {
    while conv.axes.len() > 2 {
        let bare = |a: &Axis| a.begin == 0 && a.end == 0 && a.extra == 0;
        let single = |a: &Axis| bare(a) && a.kernel == 1 && (!up || a.stride == 1);
        let beside = |a: &Axis| bare(a) && a.kernel == a.stride && a.dilation == 1 && !up;
        let at = conv.axes.iter().position(single);
        let Some(at) = at.or_else(|| conv.axes.iter().position(beside)) else {
            let rank = conv.axes.len();
            return Err(Refusal::Beyond(format!(
                "windows of {rank} dimensions are not counted"
            )));
        };
        let axis = conv.axes.remove(at);
        let (Some(n), Some(places)) = (conv.n, axis.output) else {
            return Ok(None);
        };
        let more = |a: u64, b: u64| a.checked_mul(b).ok_or_else(Refusal::too_large);
        conv.n = Some(more(n, places)?);
        conv.input = more(conv.input, axis.kernel)?;
    }
    Ok(Some(()))
}

/// What a node gives; `None` if the operator is not known.
pub fn results(view: &View) -> Option<Results> {
    let op = &*view.node.op;
    if !is_known_domain(&view.node.domain) {
        return None;
    }
    if let Some((at, swapped)) = factors(view) {
        return Some(matrix::multiplied(view, at, swapped));
    }
    if let Some((x, w, up)) = convolved(op) {
        return Some(window::convolved(view, x, w, up));
    }
    if let Some(gates) = gates(op) {
        return Some(recurrent::results(view, gates));
    }
    Some(match op {
        "DeformConv" => window::convolved(view, 0, 1, false),
        "QAttention" => attention::projected_results(view),
        "Attention" if !view.node.domain.is_empty() => attention::projected_results(view),
        "Attention" | "MultiHeadAttention" | "GroupQueryAttention" => attention::results(view),
        "MatMulNBits" | "MatMulBnb4" => {
            let n = view.int("N").and_then(|n| u64::try_from(n).ok());
            last_replaced(view, n)
        }
        "Einsum" => index::einsum(view),
        "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Pow" | "Equal" | "Less" | "Greater"
        | "LessOrEqual" | "GreaterOrEqual" | "And" | "Or" | "Xor" | "BitShift" | "BitwiseAnd"
        | "BitwiseOr" | "BitwiseXor" | "BiasGelu" | "FastGelu" | "BiasAdd" => {
            pointwise::joined(view, &[0, 1])
        }
        "Min" | "Max" | "Mean" | "Sum" => {
            pointwise::joined(view, &(0..view.inputs.len()).collect::<Vec<_>>())
        }
        "Where" => pointwise::joined(view, &[0, 1, 2]),
        "QLinearAdd" | "QLinearMul" => pointwise::joined(view, &[0, 3]),
        "Reshape" => layout::reshape(view),
        "Flatten" => layout::flatten(view),
        "Squeeze" => layout::squeeze(view),
        "Unsqueeze" => layout::unsqueeze(view),
        "Transpose" => layout::transpose(view),
        "Concat" => layout::concat(view),
        "Split" => layout::split(view),
        "Expand" => layout::expand(view),
        "Tile" => layout::tile(view),
        "Pad" => layout::pad(view),
        "Resize" | "Upsample" => layout::resize(view),
        "DepthToSpace" => layout::blocks(view, true),
        "SpaceToDepth" => layout::blocks(view, false),
        "Shape" => layout::shape_of(view),
        "Size" => layout::size(view),
        "ConstantOfShape" => layout::constant_of_shape(view),
        "ConstantFill" => layout::constant_fill(view),
        "Range" => layout::range(view),
        "Constant" => layout::constant(view),
        "Gather" | "QGather" => index::gather(view),
        "GatherND" => index::gather_nd(view),
        "GatherElements" => same_as(view, 1),
        "Slice" | "DynamicSlice" => index::slice(view),
        "ArgMax" | "ArgMin" => index::arg(view),
        "TopK" => index::top_k(view),
        "OneHot" => index::one_hot(view),
        "NonZero" => index::non_zero(view),
        "Scatter" | "ScatterND" | "ScatterElements" => index::scatter(view),
        "MaxPool" | "AveragePool" | "LpPool" | "QLinearAveragePool" | "NhwcMaxPool" => {
            window::pool(view)
        }
        "GlobalMaxPool" | "GlobalAveragePool" | "GlobalLpPool" | "QLinearGlobalAveragePool" => {
            window::global_pool(view)
        }
        _ if op.starts_with("Reduce") => index::reduce(view),
        "RandomNormal" | "RandomUniform" => {
            let dims: Option<Vec<Dim>> = view
                .row("shape")
                .map(|row| row.iter().map(|&d| u64::try_from(d).ok()).collect());
            dims.map_or_else(unknown, |dims| Ok(vec![Given::shape(dims)]))
        }
        // The first four are of the time before operator set 9.
        "Affine"
        | "ImageScaler"
        | "ParametricSoftplus"
        | "ScaledTanh"
        | "EyeLike"
        | "RandomNormalLike"
        | "RandomUniformLike"
        | "Abs"
        | "Acos"
        | "Acosh"
        | "Asin"
        | "Asinh"
        | "Atan"
        | "Atanh"
        | "Bernoulli"
        | "BitCast"
        | "BitwiseNot"
        | "Cast"
        | "CastLike"
        | "Ceil"
        | "Celu"
        | "Clip"
        | "Cos"
        | "Cosh"
        | "CumSum"
        | "CumProd"
        | "DequantizeLinear"
        | "Elu"
        | "Erf"
        | "Exp"
        | "Floor"
        | "Gelu"
        | "GroupNorm"
        | "GroupNormalization"
        | "HardSigmoid"
        | "HardSwish"
        | "Hardmax"
        | "InstanceNormalization"
        | "IsInf"
        | "IsNaN"
        | "LRN"
        | "LeakyRelu"
        | "Log"
        | "LogSoftmax"
        | "LpNormalization"
        | "MeanVarianceNormalization"
        | "Mish"
        | "Neg"
        | "Not"
        | "QLinearLeakyRelu"
        | "QLinearSigmoid"
        | "QLinearSoftmax"
        | "QuantizeLinear"
        | "QuickGelu"
        | "PRelu"
        | "RMSNormalization"
        | "Reciprocal"
        | "Relu"
        | "ReverseSequence"
        | "RotaryEmbedding"
        | "Round"
        | "Selu"
        | "Shrink"
        | "Sigmoid"
        | "Sign"
        | "Sin"
        | "Sinh"
        | "Softmax"
        | "Softplus"
        | "Softsign"
        | "Sqrt"
        | "SwiGLU"
        | "Swish"
        | "Tan"
        | "Tanh"
        | "TensorScatter"
        | "ThresholdedRelu"
        | "Trilu" => Ok(pointwise::alike(view)),
        // Of a sequence, too.
        "Identity" => sequence::optional(view),
        "BatchNormalization" => {
            // When training, mean and variance come too, one for each channel.
            let mut given = pointwise::alike(view);
            let channels = view.shape(1);
            given
                .iter_mut()
                .skip(1)
                .for_each(|g| g.shape = channels.cloned());
            Ok(given)
        }
        "Dropout" => {
            let mut given = pointwise::alike(view);
            given.iter_mut().skip(1).for_each(|g| g.value = None);
            Ok(given)
        }
        "LayerNormalization" | "SimplifiedLayerNormalization" => normalised(view),
        "SkipLayerNormalization" | "SkipSimplifiedLayerNormalization" | "SkipGroupNorm" => {
            let mut given = vec![Given::unknown(); view.node.outputs.len().max(1)];
            for at in [0, 3, 1] {
                if let (Some(given), Some(shape)) = (given.get_mut(at), view.shape(0)) {
                    // The second result of a group normalisation is the sum, as the fourth is.
                    if at != 1 || view.node.op.as_ref() == "SkipGroupNorm" {
                        given.shape = Some(shape.clone());
                    }
                }
            }
            Ok(given)
        }
        "DynamicQuantizeLinear" => {
            let mut given = pointwise::alike(view);
            given
                .iter_mut()
                .skip(1)
                .for_each(|g| *g = Given::shape(Vec::new()));
            Ok(given)
        }
        "MaxUnpool" | "MaxRoiPool" | "RoiAlign" => sampled::roi(view),
        "GridSample" => sampled::grid_sample(view),
        "AffineGrid" => sampled::affine_grid(view),
        "Col2Im" => sampled::col2im(view),
        "CenterCropPad" => sampled::center_crop_pad(view),
        "DFT" => spectrum::transformed(view),
        "STFT" => spectrum::frames(view),
        "HannWindow" | "HammingWindow" | "BlackmanWindow" => spectrum::window(view),
        "MelWeightMatrix" => spectrum::mel_weights(view),
        "SoftmaxCrossEntropyLoss" | "NegativeLogLikelihoodLoss" => Ok(loss(view)),
        "Multinomial" => {
            let rows = view.shape(0).and_then(|s| s.first().copied().flatten());
            let count = view.int("sample_size").unwrap_or(1);
            Ok(vec![Given::shape(vec![rows, u64::try_from(count).ok()])])
        }
        "NonMaxSuppression" => Ok(vec![Given::shape(vec![None, Some(3)])]),
        "Compress" => Ok(vec![match (view.int("axis"), view.shape(0)) {
            (None, _) => Given::shape(vec![None]),
            (Some(at), Some(shape)) => {
                let mut dims = shape.to_vec();
                match super::known::axis(at, dims.len()) {
                    Ok(at) => dims[at] = None,
                    Err(text) => return Some(Err(text)),
                }
                Given::shape(dims)
            }
            _ => Given::unknown(),
        }]),
        "Det" => Ok(vec![view.shape(0).map_or_else(Given::unknown, |s| {
            Given::shape(s[..s.len().saturating_sub(2)].to_vec())
        })]),
        "EmbedLayerNormalization" | "QEmbedLayerNormalization" => embedded(view),
        "SequenceConstruct" | "SequenceEmpty" => sequence::construct(view),
        "SequenceInsert" => sequence::insert(view),
        "SequenceErase" => sequence::erase(view),
        "SequenceAt" => sequence::at(view),
        "SequenceLength" => sequence::length(view),
        "SplitToSequence" => sequence::split(view),
        "ConcatFromSequence" => sequence::concat(view),
        "Optional" | "OptionalGetElement" => sequence::optional(view),
        "OptionalHasElement" => sequence::has_element(view),
        // Shapes that nothing here follows; what the model states of them counts.
        "Unique"
        | "ImageDecoder"
        | "StringNormalizer"
        | "StringConcat"
        | "StringSplit"
        | "RegexFullMatch"
        | "TfIdfVectorizer"
        | "QLinearConcat"
        | "QLinearReduceMean"
        | "QLinearWhere"
        | "RelativePositionBias"
        | "GatedRelativePositionBias"
        | "BiasSplitGelu" => Ok(vec![Given::unknown(); view.node.outputs.len().max(1)]),
        _ => return None,
    })
}

fn same_as(view: &View, at: usize) -> Results {
    Ok(vec![Given {
        shape: view.shape(at).cloned(),
        ..Given::default()
    }])
}

/// The shape of the first operand with another last extent.
fn last_replaced(view: &View, last: Dim) -> Results {
    let Some(shape) = view.shape(0) else {
        return unknown();
    };
    let mut dims = shape.to_vec();
    if let Some(d) = dims.last_mut() {
        *d = last;
    }
    Ok(vec![Given::shape(dims)])
}

/// The normalised tensor, and mean and deviation with extents of 1 from the axis on.
fn normalised(view: &View) -> Results {
    let mut given = vec![Given::unknown(); view.node.outputs.len().max(1)];
    if let Some(shape) = view.shape(0) {
        let at = super::known::axis(view.int("axis").unwrap_or(-1), shape.len())?;
        let mut dims = shape.to_vec();
        dims.iter_mut().skip(at).for_each(|d| *d = Some(1));
        given
            .iter_mut()
            .for_each(|g| *g = Given::shape(dims.clone()));
        given[0] = Given::shape(shape.clone());
    }
    Ok(given)
}

/// A loss: of each label, or of all; and what a second result holds, the operand's shape.
fn loss(view: &View) -> Vec<Given> {
    let labels = match view.text("reduction") {
        Some("none") => view.shape(1).cloned(),
        _ => Some([].into()),
    };
    let of = |shape| Given {
        shape,
        ..Given::default()
    };
    vec![of(labels), of(view.shape(0).cloned())]
}

fn embedded(view: &View) -> Results {
    let mut given = vec![Given::unknown(); view.node.outputs.len().max(1)];
    if let (Some(ids), Some(table)) = (view.shape(0), view.shape(2)) {
        let mut dims = ids.to_vec();
        dims.push(table.last().copied().flatten());
        given[0] = Given::shape(dims);
    }
    Ok(given)
}

/// Whether a condition holds, if its value is known.
pub fn truth(view: &View, at: usize) -> Option<bool> {
    match &view.value(at)?.data {
        Data::Ints(values) => values.first().map(|&v| v != 0),
        Data::Floats(_) => None,
    }
}
