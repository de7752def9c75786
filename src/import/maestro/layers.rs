//! Layers as statements of the language.

use super::parser::{error, short};
use super::tokens::Token;
use super::written::{Layer, Pair, Step};
use crate::base::span::Spanned;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::import::names::unique;
use crate::import::{chain, number_one};
use crate::ir::dim::Dim;
use crate::ir::layer::Op;
use crate::syntax::ast::{Field, Name, NetworkStmt, Number, SizeExpr, Value};
use std::collections::BTreeSet;

/// Layers as statements, and their names in the order of the file.
pub struct Lowered {
    pub statements: Vec<NetworkStmt>,
    pub names: Vec<Name>,
}

/// The types that make a layer.
const TYPES: [&str; 5] = ["CONV", "DSCONV", "NGCONV", "TRCONV", "GEMM"];

/// The kind of layer behind a type.
fn op(kind: &str) -> Option<Op> {
    Some(match kind {
        "CONV" => Op::Conv,
        "DSCONV" => Op::Depthwise,
        "NGCONV" => Op::GroupedConv,
        "TRCONV" => Op::TransposedConv,
        "GEMM" => Op::Gemm,
        _ => return None,
    })
}

/// The kind of a layer; of a type that there is not, the kind that was probably meant, so that what
/// else is wrong with the layer can be told.
pub fn meant(layer: &Layer) -> Option<Op> {
    let kind = layer.kind.map_or("", |kind| kind.text);
    let near = || op(nearest(short(kind), TYPES)?);
    let has = |name: &str| layer.dims.iter().any(|(dim, _)| dim.text == name);
    // Of types that the original knows and makes no layer of, the dimensions are others.
    let of_dims = || match kind {
        "FC" | "POOL" | "LSTM" | "RESIDUAL_IDENTITY" | "BMM" => None,
        _ if has("M") => Some(Op::Gemm),
        _ if has("G") => Some(Op::GroupedConv),
        _ => Some(Op::Conv),
    };
    op(kind).or_else(near).or_else(of_dims)
}

/// The number given for a dimension, the first one as in the original.
pub fn given<'p>(pairs: &'p [Pair], name: &str) -> Option<&'p Number> {
    let pair = pairs.iter().find(|(dim, _)| dim.text == name);
    pair.map(|(_, number)| number)
}

pub fn lower(layers: &[Layer], owners: &[Option<usize>], out: &mut Vec<Diagnostic>) -> Lowered {
    let written = layers.iter().map(|l| (l.name.text, l.name.span));
    let names = unique(written, out);
    let mut statements = Vec::new();
    let mut known = Vec::new();
    for (i, (layer, name)) in layers.iter().zip(&names).enumerate() {
        if layer.kind.is_none() && !layer.damaged {
            // What seems to be missing of a kind that is not known is not told.
            let at = match layer.name.text {
                "" => layer.span,
                _ => layer.name.span,
            };
            out.push(
                error(format!("{} has no type", layer.called()))
                    .label(at, "no `Type` in this layer")
                    .help("write e.g. `Type: CONV`"),
            );
        }
        if let Some(kind) = layer.kind.filter(|kind| op(kind.text).is_none()) {
            out.push(no_type(kind));
        }
        let Some(op) = meant(layer) else { continue };
        let steps = owners[i].and_then(|owner| layers[owner].dataflow.as_ref());
        let fields = fields(layer, op, steps.map_or(&[], Vec::as_slice), out);
        statements.push(NetworkStmt::Layer {
            name: name.clone(),
            op: Name::new(
                op.name().to_string(),
                layer.kind.map_or(layer.name.span, |kind| kind.span),
            ),
            fields,
            span: layer.span,
        });
        known.push(name.clone());
    }
    statements.extend(chain(&known));
    Lowered { statements, names }
}

fn no_type(kind: Token) -> Diagnostic {
    let shown = short(kind.text);
    let help = match (kind.text, nearest(shown, TYPES)) {
        ("FC" | "POOL" | "LSTM" | "RESIDUAL_IDENTITY", _) => {
            "the original knows the word and makes no layer of it".to_string()
        }
        ("BMM", _) => "write one GEMM layer for each product of the batch".to_string(),
        (_, Some(near)) => format!("did you mean `{near}`?"),
        (_, None) => format!("the types are {}", TYPES.join(", ")),
    };
    error(format!("there is no layer of type `{shown}`"))
        .label(kind.span, "the type")
        .help(help)
}

/// The bounds and the stride of a layer.
fn fields(layer: &Layer, op: Op, steps: &[Step], out: &mut Vec<Diagnostic>) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut strides = [None, None];
    for (dim, number) in &layer.dims {
        if !seen.insert(dim.text) {
            out.push(forgotten(
                *dim,
                "the first number given for a dimension counts",
            ));
            continue;
        }
        let axis = [("Y'", "Y", "R"), ("X'", "X", "S")];
        match axis
            .iter()
            .position(|(output, ..)| *output == dim.text && op.slides())
        {
            Some(at) => {
                let (_, input, window) = axis[at];
                if let Some(rest) = layer.dims.iter().find(|(d, _)| d.text == input) {
                    out.push(both(*dim, rest.0));
                } else if let Some(value) = input_of_output(layer, number, window, *dim, out) {
                    fields.push(field(input, *dim, value));
                }
            }
            None if dim.text == "K" && op == Op::Depthwise && !steps.iter().any(reads_k) => {
                if number.integer != Some(1) {
                    out.push(forgotten(*dim, "a DSCONV layer has one filter per channel"));
                }
            }
            None if dim.text == "G" && op == Op::TransposedConv => out.push(
                error("a TRCONV layer has no groups in the original")
                    .label(dim.span, "not a dimension of TRCONV")
                    .help("leave it out, or make the layer an NGCONV"),
            ),
            None => fields.push(field(dim.text, *dim, number.clone())),
        }
    }
    for (dim, place) in &layer.unread {
        // What an extent of the output would say is left to the next run.
        let name = dim.text.trim_end_matches('\'');
        fields.push(field(name, *dim, Number::unread(*place)));
    }
    for (dim, number) in &layer.strides {
        match axis_of_stride(layer, dim.text).filter(|_| op.slides()) {
            Some(axis) => strides[axis] = Some((*dim, number.clone())),
            None if number.integer != Some(1) => {
                out.push(forgotten(*dim, "this stride acts on nothing"));
            }
            None => {}
        }
    }
    fields.extend(stride(strides));
    fields
}

fn field(name: &str, at: Token, value: Number) -> Field {
    Field {
        name: Name::new(name.to_string(), at.span),
        span: at.span.to(value.span),
        value: Value::Number(value),
    }
}

/// Rows (0) or columns (1): along which a stride acts. In a layer declared by its output rows or
/// columns the original exchanges the two.
fn axis_of_stride(layer: &Layer, name: &str) -> Option<usize> {
    let declared = |name| given(&layer.dims, name).is_some();
    match name {
        // Without either it acts on the one that is missing.
        "Y" if declared("Y") || !declared("Y'") => Some(0),
        "X" if declared("X") || !declared("X'") => Some(1),
        "X'" if !declared("Y") && declared("Y'") => Some(0),
        "Y'" if !declared("X") && declared("X'") => Some(1),
        _ => None,
    }
}

/// The field `stride`, if a stride is not 1.
fn stride(strides: [Option<(Token, Number)>; 2]) -> Option<Field> {
    let first = strides.iter().flatten().next()?.clone();
    let last = strides.iter().flatten().last()?.clone();
    let one = |s: &Option<(Token, Number)>| s.as_ref().map_or(Some(1), |(_, n)| n.integer);
    if strides.iter().all(|s| one(s) == Some(1)) {
        return None;
    }
    let number =
        |s: Option<(Token, Number)>| s.map_or_else(|| number_one(first.1.span), |(_, n)| n);
    let span = first.0.span.to(first.1.span).to(last.1.span);
    let [rows, columns] = strides;
    Some(Field {
        name: Name::new("stride".to_string(), first.0.span),
        value: Value::Pair(Spanned::new([number(rows), number(columns)], span)),
        span,
    })
}

/// The input extent that the original derives for a layer declared by its output: Y' + R - 1,
/// whatever the stride.
fn input_of_output(
    layer: &Layer,
    output: &Number,
    window: &str,
    at: Token,
    out: &mut Vec<Diagnostic>,
) -> Option<Number> {
    let Some(taps) = given(&layer.dims, window) else {
        if layer.may_have(window) {
            return None;
        }
        out.push(
            error(format!("a layer given by `{}` needs `{window}`", at.text))
                .label(at.span, format!("`{window}` is not among its dimensions"))
                .help(format!("add `{window}`, the window that slides along it")),
        );
        return None;
    };
    let extent = match (output.integer, taps.integer) {
        (Some(o), Some(w)) => o.checked_add(w).and_then(|sum| sum.checked_sub(1)),
        _ => None,
    };
    if output.is_unread() || taps.is_unread() {
        return Some(Number::unread(output.span));
    }
    Some(Number {
        value: extent.map_or(f64::INFINITY, |e| e as f64),
        integer: extent,
        unit: None,
        expr: None,
        span: output.span,
    })
}

fn reads_k(step: &Step) -> bool {
    let name = |size: &SizeExpr| matches!(size, SizeExpr::Name(name) if name.node == "K");
    match step {
        Step::Map(map) => {
            map.dim.node == "K" || name(&map.size) || map.step.as_ref().is_some_and(name)
        }
        Step::Cluster(size, _) => name(size),
    }
}

fn both(output: Token, input: Token) -> Diagnostic {
    error(format!(
        "`{}` and `{}` are both given",
        input.text, output.text
    ))
    .label(output.span, "the output")
    .label(input.span, "the input")
    .help("give one of the two; the other follows")
}

fn forgotten(at: Token, why: &str) -> Diagnostic {
    let name = short(at.text);
    Diagnostic::warning(codes::NO_EFFECT, format!("`{name}` has no effect here"))
        .label(at.span, why)
        .help("the original ignores it too; leave it out")
}

/// Whether a layer declares a dimension, by input or by output.
pub fn declares(layer: &Layer, dim: Dim) -> bool {
    given(&layer.dims, dim.name()).is_some()
}
