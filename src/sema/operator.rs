//! The operators of the shape-inferred form: what each takes, and the shape it gives.

use super::fields::{self, Fields};
use super::network::{MAX_EXTENT, fits, output_of, padding, too_large, window};
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::network::{Node, NodeKind, TensorShape};
use crate::syntax::ast::{Field, Name};

/// An operator as written before its parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// A priced layer.
    Layer(Op),
    /// Element by element over two or more maps of one shape.
    Join(&'static str),
    /// Stacks channels.
    Concat,
    /// A sliding window without weights.
    Pool(&'static str),
    /// One element per channel.
    GlobalPool,
    /// All elements in one vector.
    Flatten,
    /// Leaves the shape as it is.
    Pointwise(&'static str),
}

const OPERATORS: &[(&str, Operator)] = &[
    ("conv", Operator::Layer(Op::Conv)),
    ("depthwise", Operator::Layer(Op::Depthwise)),
    ("transposed_conv", Operator::Layer(Op::TransposedConv)),
    ("dense", Operator::Layer(Op::Dense)),
    ("add", Operator::Join("add")),
    ("mul", Operator::Join("mul")),
    ("concat", Operator::Concat),
    ("max_pool", Operator::Pool("max_pool")),
    ("avg_pool", Operator::Pool("avg_pool")),
    ("global_pool", Operator::GlobalPool),
    ("flatten", Operator::Flatten),
    ("relu", Operator::Pointwise("relu")),
    ("relu6", Operator::Pointwise("relu6")),
    ("sigmoid", Operator::Pointwise("sigmoid")),
    ("tanh", Operator::Pointwise("tanh")),
    ("silu", Operator::Pointwise("silu")),
    ("hard_swish", Operator::Pointwise("hard_swish")),
    ("hard_sigmoid", Operator::Pointwise("hard_sigmoid")),
    ("gelu", Operator::Pointwise("gelu")),
    ("softmax", Operator::Pointwise("softmax")),
    ("batch_norm", Operator::Pointwise("batch_norm")),
    ("layer_norm", Operator::Pointwise("layer_norm")),
];

/// Looks an operator up; reports an unknown one.
pub fn find(name: &Name, out: &mut Vec<Diagnostic>) -> Option<Operator> {
    if let Some((_, operator)) = OPERATORS.iter().find(|(n, _)| *n == name.node) {
        return Some(*operator);
    }
    let known: Vec<&str> = OPERATORS.iter().map(|(n, _)| *n).collect();
    let mut diagnostic = fields::unknown("operator", name, &known);
    if name.node == "grouped_conv" {
        diagnostic = diagnostic.help("write `conv(x) { groups = …, … }`");
    } else if name.node == "gemm" || name.node == "matmul" {
        diagnostic = diagnostic.help(
            "write a matrix product with its bounds: `layer name gemm { M = 128, N = 768, K = 768 }`",
        );
    }
    out.push(diagnostic);
    None
}

type Operand<'a> = (TensorShape, Span, &'a Node);

impl Operator {
    /// Whether it is priced.
    pub fn is_layer(self) -> bool {
        matches!(self, Operator::Layer(_))
    }

    /// Kind and output shape for these operands; reports what does not fit.
    pub fn apply(
        self,
        op: &Name,
        operands: &[Operand],
        list: &[Field],
        out: &mut Vec<Diagnostic>,
    ) -> Option<(NodeKind, TensorShape)> {
        let many = matches!(self, Operator::Join(_) | Operator::Concat);
        if operands.is_empty() || (!many && operands.len() > 1) || (many && operands.len() < 2) {
            let wanted = if many {
                "at least two operands"
            } else {
                "exactly one operand"
            };
            out.push(
                Diagnostic::error(codes::OPERANDS, format!("`{}` takes {wanted}", op.node))
                    .label(op.span, format!("{} given here", operands.len()))
                    .help(if many {
                        format!("write e.g. `{}(a, b)`", op.node)
                    } else {
                        format!(
                            "write e.g. `{}(a)`; `add(a, b)` joins two maps first",
                            op.node
                        )
                    }),
            );
            return None;
        }
        let mut fields = Fields::new(list, format!("`{}`", op.node), op.span);
        let input = operands[0].0;
        let result = match self {
            Operator::Layer(kind) => layer(kind, input, &mut fields, op.span, out),
            Operator::Join(name) => join(name, operands, out).map(|s| (NodeKind::Free(name), s)),
            Operator::Concat => concat(operands, out).map(|s| (NodeKind::Free("concat"), s)),
            Operator::Pool(name) => {
                pool(input, &mut fields, op.span, out).map(|s| (NodeKind::Free(name), s))
            }
            Operator::GlobalPool => Some((
                NodeKind::Free("global_pool"),
                TensorShape {
                    channels: input.channels,
                    rows: 1,
                    columns: 1,
                },
            )),
            Operator::Flatten => flat(input, op.span, out).map(|channels| {
                (
                    NodeKind::Free("flatten"),
                    TensorShape {
                        channels,
                        rows: 1,
                        columns: 1,
                    },
                )
            }),
            Operator::Pointwise(name) => Some((NodeKind::Free(name), input)),
        };
        fields.finish(out);
        result
    }
}

/// Elements of a map laid out as one vector.
fn flat(input: TensorShape, span: Span, out: &mut Vec<Diagnostic>) -> Option<u64> {
    let elements = input.elements().filter(|&c| c <= MAX_EXTENT);
    if elements.is_none() {
        out.push(too_large(span, "the flattened operand"));
    }
    elements
}

fn layer(
    kind: Op,
    input: TensorShape,
    fields: &mut Fields,
    span: Span,
    out: &mut Vec<Diagnostic>,
) -> Option<(NodeKind, TensorShape)> {
    let mut shape = LayerShape::new(kind, &[]);
    if kind == Op::Dense {
        shape.bounds[Dim::K] = fields.required_whole("units", 1, MAX_EXTENT, out)?;
        shape.bounds[Dim::C] = flat(input, span, out)?;
    } else {
        let filters = match kind {
            // The channel multiplier: usually left out.
            Op::Depthwise => fields.whole("multiplier", 1, MAX_EXTENT, out)?.unwrap_or(1),
            _ => fields.required_whole("filters", 1, MAX_EXTENT, out)?,
        };
        let kernel = fields.required_pair("kernel", 1, MAX_EXTENT, out);
        window(fields, out, &mut shape)?;
        let groups = match kind {
            Op::Conv => fields.whole("groups", 1, MAX_EXTENT, out)?.unwrap_or(1),
            _ => 1,
        };
        let [r, s] = kernel?;
        for (dim, extent) in [
            (Dim::K, filters),
            (Dim::C, input.channels),
            (Dim::Y, input.rows),
            (Dim::X, input.columns),
            (Dim::R, r),
            (Dim::S, s),
        ] {
            shape.bounds[dim] = extent;
        }
        if kind == Op::Depthwise && filters == 1 {
            shape.bounds[Dim::K] = 0;
        }
        if groups > 1 {
            split(&mut shape, groups, span, out)?;
        }
    }
    if !fits(&shape, span, out) {
        return None;
    }
    Some((NodeKind::Layer(shape), output_of(&shape)?))
}

/// Turns a convolution into `groups` independent ones; one channel per group is a depthwise one.
fn split(shape: &mut LayerShape, groups: u64, span: Span, out: &mut Vec<Diagnostic>) -> Option<()> {
    let (k, c) = (shape.bound(Dim::K), shape.bound(Dim::C));
    if k % groups != 0 || c % groups != 0 {
        out.push(
            Diagnostic::error(
                codes::SHAPE_MISMATCH,
                format!("{groups} groups do not divide {c} input and {k} output channels"),
            )
            .label(span, format!("takes {c} channels and gives {k}"))
            .help("filters and input channels must both be multiples of `groups`"),
        );
        return None;
    }
    if groups == c {
        shape.op = Op::Depthwise;
        shape.bounds[Dim::K] = if k == c { 0 } else { k / c };
    } else {
        shape.op = Op::GroupedConv;
        shape.bounds[Dim::G] = groups;
        shape.bounds[Dim::K] = k / groups;
        shape.bounds[Dim::C] = c / groups;
    }
    Some(())
}

fn mismatch(what: &str, a: &Operand, b: &Operand) -> Diagnostic {
    Diagnostic::error(
        codes::SHAPE_MISMATCH,
        format!(
            "`{what}` of different shapes: `{}` is {}, `{}` is {}",
            a.2.name, a.0, b.2.name, b.0
        ),
    )
    .label(b.1, format!("this is {} (C, Y, X)", b.0))
    .label(a.1, format!("this is {}", a.0))
    .label(b.2.span, format!("`{}` is declared here", b.2.name))
    .label(a.2.span, format!("`{}` is declared here", a.2.name))
}

fn join(name: &str, operands: &[Operand], out: &mut Vec<Diagnostic>) -> Option<TensorShape> {
    let largest = *operands
        .iter()
        .max_by_key(|o| o.0.elements().unwrap_or(u64::MAX))?;
    for operand in operands {
        // One value per channel scales a whole map (squeeze and excitation).
        let per_channel = operand.0.channels == largest.0.channels
            && (operand.0.rows, operand.0.columns) == (1, 1);
        if operand.0 != largest.0 && !per_channel {
            out.push(
                mismatch(
                    name,
                    &operands[0],
                    operands.iter().find(|o| o.0 != operands[0].0)?,
                )
                .help("check stride, padding and filters on both ways to this node"),
            );
            return None;
        }
    }
    Some(largest.0)
}

fn concat(operands: &[Operand], out: &mut Vec<Diagnostic>) -> Option<TensorShape> {
    let first = operands[0];
    let mut channels = 0u64;
    for operand in operands {
        if (operand.0.rows, operand.0.columns) != (first.0.rows, first.0.columns) {
            out.push(
                mismatch("concat", &first, operand)
                    .help("rows and columns must agree; only channels are stacked"),
            );
            return None;
        }
        channels = channels.saturating_add(operand.0.channels);
        if channels > MAX_EXTENT {
            out.push(too_large(operand.1, "the stack of channels"));
            return None;
        }
    }
    Some(TensorShape {
        channels,
        ..first.0
    })
}

fn pool(
    input: TensorShape,
    fields: &mut Fields,
    span: Span,
    out: &mut Vec<Diagnostic>,
) -> Option<TensorShape> {
    let [r, s] = fields.required_pair("kernel", 1, MAX_EXTENT, out)?;
    let stride = fields.pair("stride", 1, 1_000_000, out)?.unwrap_or([1, 1]);
    let pad = padding(fields, out)?;
    let mut shape = LayerShape::new(
        Op::Depthwise,
        &[
            (Dim::C, input.channels),
            (Dim::Y, input.rows),
            (Dim::X, input.columns),
            (Dim::R, r),
            (Dim::S, s),
        ],
    );
    shape.stride = stride;
    shape.pad = pad;
    if !fits(&shape, span, out) {
        return None;
    }
    let [rows, columns] = shape.output()?;
    Some(TensorShape {
        channels: input.channels,
        rows,
        columns,
    })
}
