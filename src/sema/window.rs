//! What layers of both forms share: stride, padding, dilation, and whether a layer can be counted.

use super::fields::{self, Fields};
use super::quantity;
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op, Padding};
use crate::syntax::ast::{Field, Value};

/// The largest loop bound or extent that is accepted. Real layers stay far below; beyond it a
/// typing mistake is likelier than a layer.
pub const MAX_EXTENT: u64 = 1_000_000_000;

/// The largest stride, padding or dilation.
pub const MAX_STEP: u64 = 1_000_000;

/// How a window moves over its input.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub stride: [u64; 2],
    pub pad: Padding,
    pub dilation: [u64; 2],
    pub output_pad: [u64; 2],
}

impl Window {
    /// One step at a time, without zeros around the input.
    pub const PLAIN: Window = Window {
        stride: [1, 1],
        pad: Padding {
            top: 0,
            bottom: 0,
            left: 0,
            right: 0,
        },
        dilation: [1, 1],
        output_pad: [0, 0],
    };

    /// The attributes of a layer of this kind; `None` if one of them is wrong.
    pub fn read(op: Op, fields: &mut Fields, out: &mut Vec<Diagnostic>) -> Option<Window> {
        let stride = fields.pair("stride", 1, MAX_STEP, out);
        let pad = padding(fields, out);
        let dilation = fields.pair("dilation", 1, MAX_STEP, out);
        let output_pad = match op {
            Op::TransposedConv => fields.pair("output_pad", 0, MAX_STEP, out),
            _ => Some(None),
        };
        Some(Window {
            stride: stride?.unwrap_or([1, 1]),
            pad: pad?,
            dilation: dilation?.unwrap_or([1, 1]),
            output_pad: output_pad?.unwrap_or([0, 0]),
        })
    }

    /// The attributes of a pooling window, which has no dilation.
    pub fn read_pool(fields: &mut Fields, out: &mut Vec<Diagnostic>) -> Option<Window> {
        let stride = fields.pair("stride", 1, MAX_STEP, out);
        let pad = padding(fields, out);
        Some(Window {
            stride: stride?.unwrap_or([1, 1]),
            pad: pad?,
            ..Window::PLAIN
        })
    }

    /// Moves the window of `shape` like this.
    pub fn put(self, shape: &mut LayerShape) {
        shape.stride = self.stride;
        shape.pad = self.pad;
        shape.dilation = self.dilation;
        shape.output_pad = self.output_pad;
    }
}

/// `pad = 1`, `pad = 1x2` (rows x columns) or `pad = [top, bottom, left, right]`.
fn padding(fields: &mut Fields, out: &mut Vec<Diagnostic>) -> Option<Padding> {
    match fields.get("pad") {
        Some(Field {
            value: Value::List(list),
            ..
        }) => return sides(&list.node, list.span, out),
        Some(Field {
            value: Value::Path(word),
            ..
        }) => {
            out.push(
                Diagnostic::error(codes::WRONG_VALUE, "`pad` must be a number of zeros")
                    .label(word.span, "a word, not a number")
                    .help("write the zeros out: `pad = 1` keeps the extents under a 3x3 window of stride 1, `pad = 2` under a 5x5 one; `pad = [top, bottom, left, right]` sets each side"),
            );
            return None;
        }
        _ => {}
    }
    let [rows, columns] = fields.pair("pad", 0, MAX_STEP, out)?.unwrap_or([0, 0]);
    Some(Padding {
        top: rows,
        bottom: rows,
        left: columns,
        right: columns,
    })
}

fn sides(list: &[Value], span: Span, out: &mut Vec<Diagnostic>) -> Option<Padding> {
    let [top, bottom, left, right] = list else {
        out.push(fields::wrong(
            span,
            "a list of paddings",
            "four numbers: top, bottom, left, right",
            "pad = [0, 1, 0, 1]",
        ));
        return None;
    };
    let mut side = |value: &Value| match value {
        Value::Number(n) => quantity::whole(n, 0, MAX_STEP, "a padding", out),
        other => {
            let diagnostic = fields::wrong(other.span(), "a padding", "a whole number", "1");
            out.push(diagnostic);
            None
        }
    };
    let [top, bottom, left, right] = [side(top), side(bottom), side(left), side(right)];
    Some(Padding {
        top: top?,
        bottom: bottom?,
        left: left?,
        right: right?,
    })
}

/// More elements in one dimension than a layer may have.
pub fn too_large(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        codes::LAYER_TOO_LARGE,
        format!("{what} has more than {MAX_EXTENT} elements"),
    )
    .label(span, "too large")
    .help("check the bounds before it: one of them probably has a few digits too many")
}

/// Whether the window fits and the MACs can be counted; reports why not.
pub fn fits(shape: &LayerShape, span: Span, out: &mut Vec<Diagnostic>) -> bool {
    let Some(output) = shape.output() else {
        out.push(does_not_fit(shape, span));
        return false;
    };
    let channels = match shape.op {
        Op::Gemm => shape.bound(Dim::N).saturating_mul(shape.bound(Dim::G)),
        _ => shape.output_channels().unwrap_or(u64::MAX),
    };
    if output
        .into_iter()
        .chain([channels])
        .any(|extent| extent > MAX_EXTENT)
    {
        out.push(too_large(span, "the output in one dimension"));
        return false;
    }
    // Counts of traffic are a few times the MACs; a sixteenth of the range leaves room for them.
    if shape.macs().is_none_or(|macs| macs > u64::MAX >> 4) {
        out.push(
            Diagnostic::error(
                codes::LAYER_TOO_LARGE,
                "the layer has more MACs than can be counted",
            )
            .label(span, "the product of its loop bounds exceeds 2^60")
            .help("check the bounds: one of them probably has a few digits too many"),
        );
        return false;
    }
    true
}

/// Whether the window of a layer fits along the axes of which all is known; of `fields`, some are
/// wrong or could not be read.
pub fn fits_along(shape: &LayerShape, fields: &[Field], span: Span, out: &mut Vec<Diagnostic>) {
    let known = |field: &Field| {
        let name = field.name.node.as_str();
        let bound = shape.op.dims().iter().any(|dim| dim.name() == name);
        bound || matches!(name, "stride" | "pad" | "dilation" | "output_pad")
    };
    // A field that is not known may be the padding.
    if !fields.iter().all(known) {
        return;
    }
    let mut known = *shape;
    let mut reader = Fields::new(fields, "", span);
    let mut told = Vec::new();
    let Some(pad) = padding(&mut reader, &mut told) else {
        return;
    };
    known.pad = pad;
    // Of a dilation that is wrong, the smallest window is taken.
    let dilation = reader.pair("dilation", 1, MAX_STEP, &mut told).flatten();
    known.dilation = dilation.unwrap_or([1, 1]);
    known.stride = [1, 1];
    let shown = known;
    for (input, window) in [(Dim::Y, Dim::R), (Dim::X, Dim::S)] {
        if known.bounds[input] == 0 || known.bounds[window] == 0 {
            (known.bounds[input], known.bounds[window]) = (1, 1);
        }
    }
    if known.output().is_none() {
        out.push(does_not_fit(&shown, span));
    }
}

/// No output element is left. Bounds are far too small for anything here to overflow.
fn does_not_fit(shape: &LayerShape, span: Span) -> Diagnostic {
    if shape.op == Op::TransposedConv {
        return Diagnostic::error(codes::WINDOW, "the padding takes all of the output away")
            .label(
                span,
                "of a transposed convolution, padding is cut off the output",
            )
            .help("lower `pad`, or add `output_pad`");
    }
    let padded = shape.padded_input().unwrap_or([0, 0]);
    // What is not known is 0.
    let text = |dim: Dim, extent: u64| match shape.bounds[dim] {
        0 => "?".to_string(),
        _ => extent.to_string(),
    };
    let [r, s] = [Dim::R, Dim::S].map(|dim| text(dim, shape.bounds[dim]));
    let (rows, columns) = (text(Dim::Y, padded[0]), text(Dim::X, padded[1]));
    let dilated = match shape.dilation {
        [1, 1] => String::new(),
        [a, b] => format!(" with dilation {a}x{b}"),
    };
    let padded = match shape.pad {
        pad if pad == Padding::default() => "",
        _ => ", padding included",
    };
    Diagnostic::error(codes::WINDOW, "the window is larger than the padded input")
        .label(
            span,
            format!("a {r}x{s} window{dilated} on {rows}x{columns} elements{padded}"),
        )
        .help("check kernel, dilation and the strides before this layer; `pad` adds zeros around the input")
}
