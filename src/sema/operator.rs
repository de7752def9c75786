//! The operators of the shape-inferred form: what each takes, and the shape it gives.
//!
//! Attributes are read before shapes are known, so that a mistake in one layer never hides one in
//! another.

mod names;

pub use names::{OPERATORS, Operator, unknown_kind};

use super::fields::Fields;
use super::window::{MAX_EXTENT, Window, fits, too_large};
use crate::base::span::Span;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::network::{Node, NodeKind, TensorShape};
use crate::syntax::ast::{Field, Name};
use std::collections::BTreeMap;

/// One use of an operator: its name, its attributes, not yet its operands.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub op: &'a Name,
    pub operator: Operator,
    /// As the report calls it.
    word: &'a str,
    /// Filters, units, channel multiplier, or channels of a slice.
    channels: u64,
    kernel: [u64; 2],
    /// Rows and columns: factors of an upsampling, extents of a crop.
    plane: [u64; 2],
    window: Window,
    groups: u64,
}

/// Whether a finding is of a value alone, and stands whatever the kind of layer or the operator is,
/// which was read as the nearest that is known.
pub fn is_of_a_value(diagnostic: &Diagnostic) -> bool {
    let codes = [codes::OUT_OF_RANGE, codes::WRONG_VALUE];
    codes.contains(&diagnostic.code)
}

impl<'a> Call<'a> {
    /// Reads operator, number of operands and attributes; `None` if any of them is wrong.
    pub fn read(
        op: &'a Name,
        args: &[Name],
        list: &'a [Field],
        out: &mut Vec<Diagnostic>,
    ) -> Option<Call<'a>> {
        let Some((word, operator)) = names::find(op, out) else {
            let known = OPERATORS.iter().map(|(n, _)| *n);
            if let Some(near) = nearest(&op.node, known) {
                let near = Name::new(near.to_string(), op.span);
                let mut found = Vec::new();
                Call::read(&near, args, list, &mut found);
                out.extend(found.into_iter().filter(is_of_a_value));
            }
            return None;
        };
        let counted = operands(op, operator, args, out);
        let mut fields = Fields::new(list, format!("`{}`", op.node), op.span);
        let call = Call::attributes(op, word, operator, &mut fields, out);
        let before = out.len();
        fields.finish(out);
        call.filter(|_| counted && out.len() == before)
    }

    fn attributes(
        op: &'a Name,
        word: &'static str,
        operator: Operator,
        fields: &mut Fields<'a>,
        out: &mut Vec<Diagnostic>,
    ) -> Option<Call<'a>> {
        let mut call = Call {
            op,
            operator,
            word,
            channels: 1,
            kernel: [1, 1],
            plane: [1, 1],
            window: Window::PLAIN,
            groups: 1,
        };
        for name in ["C", "Y", "X", "in_channels", "in_features", "H", "W"] {
            fields.hint(name, "", "it follows from the operand; leave it out");
        }
        for name in ["R", "S"] {
            fields.hint(
                name,
                "kernel",
                "the window is written `kernel = 3x3`, rows x columns (R x S)",
            );
        }
        match operator {
            Operator::Layer(Op::Dense) => {
                call.channels = fields.required_whole("units", 1, MAX_EXTENT, out)?;
            }
            Operator::Layer(kind) => {
                let channels = match kind {
                    // Usually left out.
                    Op::Depthwise => {
                        let help = "a depthwise layer has as many filters as its operand has channels; leave it out, or write `multiplier = …` for several filters per channel";
                        fields.hint("filters", "", help);
                        fields.hint("K", "", help);
                        let read = fields.whole("multiplier", 1, MAX_EXTENT, out);
                        read.map(|m| m.unwrap_or(1))
                    }
                    _ => fields.required_whole("filters", 1, MAX_EXTENT, out),
                };
                let kernel = fields.required_pair("kernel", 1, MAX_EXTENT, out);
                let window = Window::read(kind, fields, out);
                let groups = match kind {
                    Op::Conv | Op::TransposedConv => fields.whole("groups", 1, MAX_EXTENT, out),
                    _ => Some(None),
                };
                call.channels = channels?;
                call.kernel = kernel?;
                call.window = window?;
                call.groups = groups?.unwrap_or(1);
            }
            Operator::Pool => {
                let kernel = fields.required_pair("kernel", 1, MAX_EXTENT, out);
                let window = Window::read_pool(fields, out);
                call.kernel = kernel?;
                call.window = window?;
            }
            Operator::Upsample => {
                call.plane = fields.required_pair("scale", 1, MAX_EXTENT, out)?;
            }
            Operator::Crop => call.plane = fields.required_pair("size", 1, MAX_EXTENT, out)?,
            Operator::Slice => {
                call.channels = fields.required_whole("channels", 1, MAX_EXTENT, out)?;
            }
            Operator::Free => call.word = fields.required_text("op", "Relu", out)?,
            Operator::Join
            | Operator::Concat
            | Operator::GlobalPool
            | Operator::Flatten
            | Operator::Pointwise => {}
        }
        Some(call)
    }

    /// Whether it is priced.
    pub fn is_layer(&self) -> bool {
        matches!(self.operator, Operator::Layer(_))
    }

    /// Kind and output shape for these operands; reports what does not fit. Where shapes are not
    /// `checked`, operands need not agree, and the first one counts.
    pub fn apply(
        &self,
        producers: &[Producer],
        checked: bool,
        out: &mut Vec<Diagnostic>,
    ) -> Option<(NodeKind, Option<TensorShape>)> {
        let free = NodeKind::Free(self.word.into());
        if self.operator == Operator::Free {
            if checked {
                out.push(self.no_shape());
                return None;
            }
            return Some((free, None));
        }
        let mut operands: Vec<Operand> = Vec::new();
        for &(shape, span, node) in producers {
            let Some(shape) = shape else {
                out.push(self.no_operand(span, node));
                return None;
            };
            operands.push((shape, span, node));
        }
        let operands = operands.as_slice();
        let input = operands.first()?.0;
        let span = self.op.span;
        let (kind, output) = match self.operator {
            Operator::Layer(kind) => self.layer(kind, input, out)?,
            Operator::Join if !checked => (free, input),
            Operator::Join => (free, join(self.word, operands, out)?),
            Operator::Concat => (free, concat(operands, checked, out)?),
            Operator::Pool => (free, self.pool(input, out)?),
            Operator::GlobalPool => (free, TensorShape::vector(input.channels)),
            Operator::Flatten => (free, TensorShape::vector(flat(input, span, out)?)),
            Operator::Upsample => (free, self.upsampled(input, out)?),
            Operator::Crop | Operator::Slice => (free, self.part(input, operands, out)?),
            Operator::Pointwise | Operator::Free => (free, input),
        };
        Some((kind, Some(output)))
    }

    /// `free` where shapes are checked.
    fn no_shape(&self) -> Diagnostic {
        Diagnostic::error(
            codes::UNKNOWN_SHAPE,
            "`free` says nothing of the shape of its result",
        )
        .label(self.op.span, "the shapes of this network are checked")
        .help(
            "use an operator whose shape is known, e.g. `relu`, `add` or `max_pool`; or write \
             `network name shapes unchecked { … }`",
        )
    }

    /// An operand whose shape nothing states.
    fn no_operand(&self, at: Span, operand: &Node) -> Diagnostic {
        let (op, name) = (&self.op.node, &operand.name);
        Diagnostic::error(
            codes::UNKNOWN_SHAPE,
            format!("`{op}` needs the shape of `{name}`, which is not known"),
        )
        .label(at, "its shape follows from nothing")
        .label(operand.span, format!("`{name}` is declared here"))
        .help(format!(
            "behind a `free` operator give a layer its bounds, `layer name conv {{ K = …, C = …, … }}`, \
             and an edge, `{name} -> name`"
        ))
    }

    fn upsampled(&self, input: TensorShape, out: &mut Vec<Diagnostic>) -> Option<TensorShape> {
        let grown = |extent: u64, by: u64| extent.checked_mul(by).filter(|&e| e <= MAX_EXTENT);
        let rows = grown(input.rows, self.plane[0]);
        let columns = grown(input.columns, self.plane[1]);
        let (Some(rows), Some(columns)) = (rows, columns) else {
            out.push(too_large(
                self.op.span,
                "the upsampled map in one dimension",
            ));
            return None;
        };
        Some(TensorShape {
            channels: input.channels,
            rows,
            columns,
        })
    }

    /// What a crop or a slice keeps; it cannot be more than there is.
    fn part(
        &self,
        input: TensorShape,
        operands: &[Operand],
        out: &mut Vec<Diagnostic>,
    ) -> Option<TensorShape> {
        let kept = match self.operator {
            Operator::Crop => TensorShape {
                channels: input.channels,
                rows: self.plane[0],
                columns: self.plane[1],
            },
            _ => TensorShape {
                channels: self.channels,
                ..input
            },
        };
        if kept.channels <= input.channels
            && kept.rows <= input.rows
            && kept.columns <= input.columns
        {
            return Some(kept);
        }
        let operand = operands.first()?;
        out.push(
            Diagnostic::error(
                codes::SHAPE_MISMATCH,
                format!(
                    "`{}` keeps {kept} of `{}`, which is {input}",
                    self.op.node, operand.2.name
                ),
            )
            .label(operand.1, format!("this is {input} (C, Y, X)"))
            .label(
                operand.2.span,
                format!("`{}` is declared here", operand.2.name),
            )
            .help("keep at most what is there, or check the layers before it"),
        );
        None
    }

    fn layer(
        &self,
        kind: Op,
        input: TensorShape,
        out: &mut Vec<Diagnostic>,
    ) -> Option<(NodeKind, TensorShape)> {
        let mut shape = LayerShape::new(kind, &[]);
        let span = self.op.span;
        if kind == Op::Dense {
            shape.bounds[Dim::K] = self.channels;
            shape.bounds[Dim::C] = flat(input, span, out)?;
        } else {
            for (dim, extent) in [
                (Dim::K, self.channels),
                (Dim::C, input.channels),
                (Dim::Y, input.rows),
                (Dim::X, input.columns),
                (Dim::R, self.kernel[0]),
                (Dim::S, self.kernel[1]),
            ] {
                shape.bounds[dim] = extent;
            }
            self.window.put(&mut shape);
            if kind == Op::Depthwise && self.channels == 1 {
                shape.bounds[Dim::K] = 0;
            }
            if self.groups > 1 {
                split(&mut shape, self.groups, span, out)?;
            }
        }
        if !fits(&shape, span, out) {
            return None;
        }
        Some((NodeKind::Layer(shape), output_of(&shape)?))
    }

    fn pool(&self, input: TensorShape, out: &mut Vec<Diagnostic>) -> Option<TensorShape> {
        let mut shape = LayerShape::new(
            Op::Depthwise,
            &[
                (Dim::C, input.channels),
                (Dim::Y, input.rows),
                (Dim::X, input.columns),
                (Dim::R, self.kernel[0]),
                (Dim::S, self.kernel[1]),
            ],
        );
        self.window.put(&mut shape);
        if !fits(&shape, self.op.span, out) {
            return None;
        }
        output_of(&shape)
    }
}

/// The extents of a layer's result.
pub fn output_of(shape: &LayerShape) -> Option<TensorShape> {
    let [rows, columns] = shape.output()?;
    Some(match shape.op {
        Op::Gemm => TensorShape {
            channels: shape.bound(Dim::N).checked_mul(shape.bound(Dim::G))?,
            rows: shape.bound(Dim::M),
            columns: 1,
        },
        _ => TensorShape {
            channels: shape.output_channels()?,
            rows,
            columns,
        },
    })
}

/// A producer's result, where it is named, and the producer.
type Operand<'a> = (TensorShape, Span, &'a Node);

/// The same, where the shape may not be known.
pub type Producer<'a> = (Option<TensorShape>, Span, &'a Node);

/// Whether there are as many operands as the operator takes.
fn operands(op: &Name, operator: Operator, args: &[Name], out: &mut Vec<Diagnostic>) -> bool {
    if operator == Operator::Free {
        return true;
    }
    let many = matches!(operator, Operator::Join | Operator::Concat);
    // A product with itself is a square.
    if many && op.node != "mul" {
        out.extend(operand_twice(op, args));
    }
    let wanted = match (many, args.len()) {
        (true, 0..=1) => "at least two operands",
        (false, 0) => "an operand",
        (false, 2..) => "only one operand",
        _ => return true,
    };
    let (at, given) = match args {
        [] => (op.span, "none given".to_string()),
        [first, .., last] => (
            first.span.to(last.span),
            format!("{} given here", args.len()),
        ),
        [one] => (one.span, "only this one is given".to_string()),
    };
    let help = match (many, args) {
        (true, [one, ..]) => format!("write e.g. `{}({}, other)`", op.node, one.node),
        (true, []) => format!("write e.g. `{}(a, b)`", op.node),
        (false, []) => format!("name what it works on: `{}(name)`", op.node),
        (false, _) => {
            "join them first: `sum = add(a, b)`, or `concat(a, b)` to stack channels".to_string()
        }
    };
    out.push(
        Diagnostic::error(codes::OPERANDS, format!("`{}` takes {wanted}", op.node))
            .label(at, given)
            .help(help),
    );
    false
}

/// A sum or stack of something and itself.
fn operand_twice(op: &Name, args: &[Name]) -> Option<Diagnostic> {
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    let (again, earlier) = args
        .iter()
        .find_map(|arg| Some((arg, first.insert(&arg.node, arg.span)?)))?;
    let message = format!("`{}` takes `{}` twice", op.node, again.node);
    Some(
        Diagnostic::warning(codes::EDGE_TWICE, message)
            .label(again.span, "given again here")
            .label(earlier, "first given here")
            .help("name the other operand, or leave the operator out"),
    )
}

/// Elements of a map laid out as one vector.
fn flat(input: TensorShape, span: Span, out: &mut Vec<Diagnostic>) -> Option<u64> {
    let elements = input.elements().filter(|&c| c <= MAX_EXTENT);
    if elements.is_none() {
        out.push(too_large(span, "the flattened operand"));
    }
    elements
}

/// Turns a convolution into `groups` independent ones; one channel per group is a depthwise one. A
/// transposed convolution stays one.
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
    if groups == c && shape.op == Op::Conv {
        shape.op = Op::Depthwise;
        shape.bounds[Dim::K] = if k == c { 0 } else { k / c };
    } else {
        if shape.op == Op::Conv {
            shape.op = Op::GroupedConv;
        }
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
    // One value per channel scales a whole map (squeeze and excitation).
    let agrees = |shape: TensorShape| {
        shape == largest.0
            || shape.channels == largest.0.channels && (shape.rows, shape.columns) == (1, 1)
    };
    let Some(odd) = operands.iter().find(|o| !agrees(o.0)) else {
        return Some(largest.0);
    };
    let (a, b) = if odd.1 < largest.1 {
        (odd, &largest)
    } else {
        (&largest, odd)
    };
    let help = if a.0.channels == b.0.channels {
        "check strides and padding on both ways to this node"
    } else {
        "check filters and strides on both ways to this node"
    };
    out.push(mismatch(name, a, b).help(help));
    None
}

fn concat(operands: &[Operand], checked: bool, out: &mut Vec<Diagnostic>) -> Option<TensorShape> {
    let first = operands.first()?;
    let mut channels = 0u64;
    for operand in operands {
        if checked && (operand.0.rows, operand.0.columns) != (first.0.rows, first.0.columns) {
            out.push(
                mismatch("concat", first, operand)
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
