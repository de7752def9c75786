//! What is legal in each statement and surely not meant, seen over all layers, designs or expectations
//! that it is about.

use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::dataflow::{Directive, Size};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::network::Network;
use crate::ir::problem::{Deployment, Expectation, Expected, Problem, Relation};
use crate::syntax::ast::{Arith, Expr, Field, NetworkBody, NetworkDecl, NetworkStmt, Value};
use std::collections::BTreeMap;

/// What has rows and columns.
const PAIRS: [&str; 5] = ["kernel", "stride", "pad", "dilation", "output_pad"];

/// `kernel = 3*3`, before it is computed.
pub fn products(decl: &NetworkDecl) -> impl Iterator<Item = Diagnostic> {
    let statements = match &decl.body {
        NetworkBody::Statements(statements) => statements.as_slice(),
        NetworkBody::From(_) => &[],
    };
    let fields = statements.iter().flat_map(|statement| match statement {
        NetworkStmt::Layer { fields, .. } | NetworkStmt::Call { fields, .. } => fields.as_slice(),
        _ => &[],
    });
    fields.filter_map(product)
}

fn product(field: &Field) -> Option<Diagnostic> {
    let name = &field.name.node;
    let Value::Number(number) = &field.value else {
        return None;
    };
    let Expr::Chain { first, rest, span } = number.expr.as_deref()? else {
        return None;
    };
    let (Expr::Literal(rows), [(sign, Expr::Literal(columns))]) = (&**first, rest.as_slice())
    else {
        return None;
    };
    let plain = rows.unit.is_none() && columns.unit.is_none() && sign.node == Arith::Multiply;
    if !plain || !PAIRS.contains(&name.as_str()) {
        return None;
    }
    let (rows, columns) = (rows.integer?, columns.integer?);
    let whole = rows.checked_mul(columns)?;
    Some(
        Diagnostic::warning(
            codes::PRODUCT,
            format!("`{name}` is a product where rows x columns are usual"),
        )
        .label(*span, format!("{whole} for rows and for columns"))
        .help(format!(
            "write `{rows}x{columns}`, or `{whole}` if that is meant"
        ))
        .suggest(*span, format!("{rows}x{columns}")),
    )
}

/// A fixed size or step of a directive, and the largest extent of its dimension that it meets.
struct Cut<'a> {
    directive: &'a Directive,
    size: u64,
    most: u64,
    /// Name and place of a layer that has so much.
    layer: (&'a str, Span),
}

/// Tiles of a fixed size that are larger than their dimension in every layer of every design that they
/// map, of dataflows in files of the user.
pub fn cut_tiles(problems: &[Problem], own: impl Fn(Span) -> bool) -> Vec<Diagnostic> {
    let mut met: BTreeMap<(Span, bool), Cut> = BTreeMap::new();
    for problem in problems {
        for (at, shape) in problem.shapes.iter().enumerate() {
            let Some(layer) = problem.layers.iter().find(|l| l.shape == at) else {
                continue;
            };
            let rules = (0..problem.dataflows.len()).filter_map(|d| problem.rule(at, d));
            let levels = rules.flat_map(|rule| &rule.levels);
            let directives = levels.flat_map(|level| &level.directives);
            for directive in directives.filter(|d| own(d.span)) {
                let most = extent(shape, directive.dim);
                for (is_step, size) in [(false, &directive.size), (true, &directive.step)] {
                    let Size::Count(size) = *size else { continue };
                    let key = (directive.span, is_step);
                    let layer = (layer.name.as_str(), layer.span);
                    let known = met.entry(key).or_insert(Cut {
                        directive,
                        size,
                        most,
                        layer,
                    });
                    // Arguments may give it another size in another design.
                    known.size = known.size.min(size);
                    if most > known.most {
                        (known.most, known.layer) = (most, layer);
                    }
                }
            }
        }
    }
    let cut = |cut: &Cut| cut.size > cut.most;
    // Without a step of its own a tile has its size for one.
    let told = |span: Span| met.get(&(span, false)).is_some_and(cut);
    let found = met.iter().filter(|(_, c)| cut(c));
    found
        .filter(|((span, is_step), _)| !is_step || !told(*span))
        .map(|((_, is_step), cut)| cut_tile(cut, *is_step))
        .collect()
}

fn cut_tile(cut: &Cut, is_step: bool) -> Diagnostic {
    let (size, most, dim) = (cut.size, cut.most, cut.directive.dim.name());
    let (what, label) = match is_step {
        false => ("tile", "cut off at the end of the dimension"),
        true => ("step", "leads over the end of the dimension"),
    };
    let help = match cut.directive.dim {
        Dim::YOut | Dim::XOut => "check the number, or make it a knob".to_string(),
        _ => format!("check the number; `by {dim}` is the whole dimension, whatever the layer"),
    };
    let message = format!("a {what} of {size}, and no layer has more than {most} of {dim}");
    Diagnostic::warning(codes::CUT_TILE, message)
        .label(cut.directive.span, label)
        .label(cut.layer.1, format!("`{}` has {most}", cut.layer.0))
        .help(help)
}

/// How much a tile of a dimension may hold, padding included.
fn extent(shape: &LayerShape, dim: Dim) -> u64 {
    let (axis, input) = match dim {
        Dim::Y => (0, true),
        Dim::X => (1, true),
        Dim::YOut => (0, false),
        Dim::XOut => (1, false),
        _ => return shape.bound(dim),
    };
    let output = shape.output().map_or(u64::MAX, |o| o[axis]);
    let padded = shape.padded_input().map_or(u64::MAX, |i| i[axis]);
    if input { padded } else { output }
}

/// Menus of the main file with knobs that are `per layer` where every design has an engine for each
/// layer anyway.
pub fn idle_per_layer(problems: &[Problem], main: impl Fn(Span) -> bool) -> Vec<Diagnostic> {
    let mut menus: BTreeMap<Span, Vec<&Problem>> = BTreeMap::new();
    for problem in problems.iter().filter(|p| main(p.menu.span)) {
        menus.entry(problem.menu.span).or_default().push(problem);
    }
    let mut out = Vec::new();
    for users in menus.values() {
        let mut knobs = users[0].menu.knobs.iter();
        let Some(knob) = knobs.find(|k| k.per_layer) else {
            continue;
        };
        if users.iter().any(|p| p.deployment != Deployment::Pipelined) {
            continue;
        }
        let message = format!("`per layer` says nothing of `{}`", knob.name);
        let mut diagnostic =
            Diagnostic::warning(codes::IDLE_PER_LAYER, message).label(knob.span, "changes nothing");
        for user in users {
            diagnostic =
                diagnostic.label(user.span, "pipelined: every knob is chosen for each layer");
        }
        out.push(diagnostic.help(
            "leave `per layer` out, or write `deploy sequential` in the design if one engine is to run all layers",
        ));
    }
    out
}

/// Expectations of one design that say no more than another.
pub fn redundant(problem: &Problem) -> Vec<Diagnostic> {
    let all = &problem.expectations;
    let mut out = Vec::new();
    for (at, later) in all.iter().enumerate() {
        let says_as_much = |&other: &usize| {
            // Of two that say the same, the later one is too much.
            let first = other < at || !implies(later, &all[other]);
            other != at && first && implies(&all[other], later)
        };
        if let Some(other) = (0..all.len()).find(says_as_much) {
            out.push(
                Diagnostic::warning(codes::CANNOT_FAIL, "this expectation cannot fail alone")
                    .label(later.span, "holds wherever the other does")
                    .label(all[other].span, "the other")
                    .help("leave the line out, or check its number"),
            );
        }
    }
    out
}

/// Expectations of one design that no decision meets both of, each with the first that it
/// contradicts.
pub fn contradictions(problem: &Problem) -> Vec<Diagnostic> {
    let all = &problem.expectations;
    let mut out = Vec::new();
    for (at, later) in all.iter().enumerate() {
        let Some(first) = all[..at].iter().find(|first| exclude(first, later)) else {
            continue;
        };
        let message = format!(
            "no decision meets both expectations of `{}`",
            later.measure.text
        );
        out.push(
            Diagnostic::warning(codes::CONTRADICTION, message)
                .label(later.span, "cannot hold with the other")
                .label(first.span, "the other")
                .help("check the numbers and the signs, or leave one of the two out"),
        );
    }
    out
}

/// What two expectations of the same figure hold it against, if it is of one kind.
fn bounds(a: &Expectation, b: &Expectation) -> Option<[f64; 2]> {
    let (x, y) = (bound(a)?, bound(b)?);
    let of = |e: &Expectation| (e.measure.design.clone(), e.measure.layer, e.measure.subject);
    (of(a) == of(b) && x.0 == y.0).then_some([x.1, y.1])
}

/// Whether whatever meets the first expectation meets the second, which is of the same kind.
fn implies(a: &Expectation, b: &Expectation) -> bool {
    let Some([x, y]) = bounds(a, b) else {
        return false;
    };
    match (a.relation, b.relation) {
        (Relation::AtMost | Relation::Below, Relation::AtMost)
        | (Relation::Below, Relation::Below) => x <= y,
        (Relation::AtMost, Relation::Below) => x < y,
        (Relation::AtLeast | Relation::Above, Relation::AtLeast)
        | (Relation::Above, Relation::Above) => x >= y,
        (Relation::AtLeast, Relation::Above) => x > y,
        (Relation::Equal, Relation::Equal) => x == y,
        _ => false,
    }
}

/// Whether two expectations bound the same figure from both sides so that nothing lies between.
fn exclude(a: &Expectation, b: &Expectation) -> bool {
    let Some([x, y]) = bounds(a, b) else {
        return false;
    };
    let upper = |e: &Expectation| !matches!(e.relation, Relation::AtLeast | Relation::Above);
    let lower = |e: &Expectation| !matches!(e.relation, Relation::AtMost | Relation::Below);
    let strict = |e: &Expectation| matches!(e.relation, Relation::Above | Relation::Below);
    let apart = |high: f64, low: f64| high < low || high == low && (strict(a) || strict(b));
    upper(a) && lower(b) && apart(x, y) || lower(a) && upper(b) && apart(y, x)
}

/// What an expectation holds a figure against: a number, or so many times another figure.
fn bound(expectation: &Expectation) -> Option<(Option<&str>, f64)> {
    match &expectation.expected {
        Expected::Value(value) => Some((None, *value)),
        Expected::Times {
            factor,
            clocks,
            measure,
        } => (*factor > 0.0).then_some((Some(measure.text.as_str()), factor * clocks)),
    }
}

/// A layer with rows or columns of output that read nothing but padding. Kernels of 1x1 are padded in
/// published networks and not told; padding of a transposed convolution is cut off its output.
pub fn padding_alone(network: &Network) -> Option<Diagnostic> {
    let beyond = |shape: &LayerShape| {
        let axis = |dim: Dim, axis: usize, pads: [u64; 2]| {
            let taps = shape.bound(dim);
            let reach = (taps - 1).saturating_mul(shape.dilation[axis]) + 1;
            let pad = pads[0].max(pads[1]);
            (taps > 1 && pad >= reach).then_some((pad, reach))
        };
        let slides = shape.op.slides() && shape.op != Op::TransposedConv;
        let rows = axis(Dim::R, 0, [shape.pad.top, shape.pad.bottom]);
        let columns = axis(Dim::S, 1, [shape.pad.left, shape.pad.right]);
        rows.or(columns).filter(|_| slides)
    };
    let (node, (pad, reach)) = network
        .layers()
        .find_map(|(_, node, shape)| Some((node, beyond(shape)?)))?;
    let message = format!(
        "some of the output of `{}` is made of padding alone",
        node.name
    );
    Some(
        Diagnostic::warning(codes::PADDING_ALONE, message)
            .label(
                node.span,
                format!("padded by {pad}, and its window covers {reach}"),
            )
            .help("pad by less than the window covers; half of it keeps the extents"),
    )
}
