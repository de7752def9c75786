//! `network` blocks: names, operands, shapes, edges.

use super::fields::{self, Fields};
use super::operator::{self, Operator};
use super::scope::Program;
use super::{graph, quantity};
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op, Padding};
use crate::ir::network::{Network, Node, NodeKind, TensorShape};
use crate::syntax::ast::{self, Field, Name, NetworkBody, NetworkDecl, NetworkStmt, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The largest loop bound that is accepted. Real layers stay far below; beyond it a typing mistake
/// is likelier than a layer.
pub const MAX_EXTENT: u64 = 1_000_000_000;

/// A node while the network is being put together.
pub struct Draft<'a> {
    pub name: &'a Name,
    pub kind: DraftKind<'a>,
}

/// What is known of it before shapes are.
pub enum DraftKind<'a> {
    /// `input`
    Input(TensorShape),
    /// `layer`: the bounds are written out.
    Explicit(LayerShape),
    /// `name = op(…)`: the bounds follow from the operands.
    Call {
        op: &'a Name,
        operator: Operator,
        fields: &'a [Field],
    },
    /// Reported already; consumers stay silent about it.
    Broken,
}

/// Lowers a network; `None` if it has errors.
pub fn lower(program: &mut Program, decl: &NetworkDecl) -> Option<Network> {
    let (statements, checked) = match &decl.body {
        NetworkBody::Statements(list) => (list.clone(), decl.unchecked.is_none()),
        NetworkBody::From(path) => {
            match program
                .files
                .network(&path.node, path.span, program.sources)
            {
                // Tables have lost strides and padding: their edges cannot be checked.
                Ok(list) => (list, false),
                Err(diagnostics) => {
                    program.diagnostics.extend(diagnostics);
                    return None;
                }
            }
        }
    };
    let mut out = Vec::new();
    let network = assemble(decl, &statements, checked, &mut out);
    let broken = out
        .iter()
        .any(|d| d.severity == crate::diag::Severity::Error);
    program.diagnostics.extend(out);
    network.filter(|_| !broken)
}

fn assemble(
    decl: &NetworkDecl,
    statements: &[NetworkStmt],
    checked: bool,
    out: &mut Vec<Diagnostic>,
) -> Option<Network> {
    let drafts = declare(statements, out);
    let names: BTreeMap<&str, usize> = drafts
        .iter()
        .enumerate()
        .rev()
        .map(|(i, d)| (d.name.node.as_str(), i))
        .collect();
    if !drafts.iter().any(|d| {
        matches!(&d.kind, DraftKind::Explicit(_) | DraftKind::Broken)
            || matches!(&d.kind, DraftKind::Call { operator, .. } if operator.is_layer())
    }) {
        out.push(
            Diagnostic::error(
                codes::EMPTY_NETWORK,
                format!(
                    "network `{}` has no layer to place on an accelerator",
                    decl.name.node
                ),
            )
            .label(
                decl.name.span,
                "no convolution, dense or matrix layer in this network",
            )
            .help("add one, e.g. `conv1 = conv(image) { filters = 32, kernel = 3x3, pad = 1 }`"),
        );
        return None;
    }
    let edges = connect(statements, &drafts, &names, out);
    let order = graph::order(&drafts, &edges, out)?;
    let mut nodes: Vec<Option<Node>> = drafts.iter().map(|_| None).collect();
    let mut operands: Vec<Vec<(usize, Span)>> = vec![Vec::new(); drafts.len()];
    for edge in &edges {
        operands[edge.to].push((edge.from, edge.span));
    }
    for &at in &order {
        nodes[at] = shape_node(&drafts[at], &operands[at], &nodes, checked, out);
    }
    let nodes: Option<Vec<Node>> = nodes.into_iter().collect();
    Some(graph::build(decl, nodes?, &edges, &order, checked))
}

/// One draft per declared node; names must differ.
fn declare<'a>(statements: &'a [NetworkStmt], out: &mut Vec<Diagnostic>) -> Vec<Draft<'a>> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    for statement in statements {
        let (name, kind) = match statement {
            NetworkStmt::Edges { .. } => continue,
            NetworkStmt::Input { name, shape, span } => {
                (name, input(&shape.node, *span, out).map(DraftKind::Input))
            }
            NetworkStmt::Layer {
                name, op, fields, ..
            } => (name, explicit(op, fields, out).map(DraftKind::Explicit)),
            NetworkStmt::Call {
                name, op, fields, ..
            } => (
                name,
                operator::find(op, out).map(|operator| DraftKind::Call {
                    op,
                    operator,
                    fields,
                }),
            ),
        };
        if let Some(earlier) = first.get(name.node.as_str()) {
            out.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    format!("`{}` is declared twice in this network", name.node),
                )
                .label(name.span, "declared again here")
                .label(*earlier, "first declared here")
                .help("give each node a name of its own"),
            );
            continue;
        }
        first.insert(&name.node, name.span);
        drafts.push(Draft {
            name,
            kind: kind.unwrap_or(DraftKind::Broken),
        });
    }
    drafts
}

fn input(shape: &[ast::Number], span: Span, out: &mut Vec<Diagnostic>) -> Option<TensorShape> {
    let mut extents = Vec::new();
    for number in shape {
        extents.push(quantity::whole(
            number,
            1,
            MAX_EXTENT,
            "an extent of the input",
            out,
        )?);
    }
    match extents[..] {
        [channels, rows, columns] => Some(TensorShape {
            channels,
            rows,
            columns,
        }),
        [channels] => Some(TensorShape {
            channels,
            rows: 1,
            columns: 1,
        }),
        _ => {
            out.push(
                Diagnostic::error(
                    codes::WRONG_VALUE,
                    format!("an input has one or three extents, not {}", extents.len()),
                )
                .label(
                    span,
                    "C, Y and X of a feature map, or the length of a vector",
                )
                .help("write e.g. `input image [3, 224, 224]`"),
            );
            None
        }
    }
}

/// Stride, padding and dilation, which both forms of layers share.
pub fn window(
    fields: &mut Fields,
    out: &mut Vec<Diagnostic>,
    shape: &mut LayerShape,
) -> Option<()> {
    let stride = fields.pair("stride", 1, 1_000_000, out);
    let pad = padding(fields, out);
    let dilation = fields.pair("dilation", 1, 1_000_000, out);
    shape.stride = stride?.unwrap_or([1, 1]);
    shape.pad = pad?;
    shape.dilation = dilation?.unwrap_or([1, 1]);
    if shape.op == Op::TransposedConv {
        shape.output_pad = fields
            .pair("output_pad", 0, 1_000_000, out)?
            .unwrap_or([0, 0]);
    }
    Some(())
}

/// `pad = 1`, `pad = 1x2` (rows x columns) or `pad = [top, bottom, left, right]`.
pub fn padding(fields: &mut Fields, out: &mut Vec<Diagnostic>) -> Option<Padding> {
    if let Some(Field {
        value: Value::List(list),
        ..
    }) = fields.get("pad")
    {
        let mut sides = Vec::new();
        for item in &list.node {
            match item {
                Value::Number(n) => sides.push(quantity::whole(n, 0, 1_000_000, "a padding", out)?),
                other => {
                    out.push(fields::wrong(
                        other.span(),
                        "a padding",
                        "a whole number",
                        "1",
                    ));
                    return None;
                }
            }
        }
        let [top, bottom, left, right] = sides[..] else {
            out.push(fields::wrong(
                list.span,
                "a list of paddings",
                "four numbers: top, bottom, left, right",
                "pad = [0, 1, 0, 1]",
            ));
            return None;
        };
        return Some(Padding {
            top,
            bottom,
            left,
            right,
        });
    }
    let [rows, columns] = fields.pair("pad", 0, 1_000_000, out)?.unwrap_or([0, 0]);
    Some(Padding {
        top: rows,
        bottom: rows,
        left: columns,
        right: columns,
    })
}

/// `layer l1 conv { K = 32, C = 3, Y = 224, X = 224, R = 3, S = 3, stride = 2, pad = 1 }`
fn explicit(op: &Name, fields: &[Field], out: &mut Vec<Diagnostic>) -> Option<LayerShape> {
    let Some(kind) = Op::parse(&op.node) else {
        let known: Vec<&str> = Op::ALL.iter().map(|o| o.name()).collect();
        out.push(fields::unknown("kind of layer", op, &known));
        return None;
    };
    let mut shape = LayerShape::new(kind, &[]);
    let mut reader = Fields::new(fields, format!("a `{}` layer", kind.name()), op.span);
    let mut sound = true;
    for &dim in kind.dims() {
        let required = kind.required_dims().contains(&dim);
        let extent = if required {
            reader.required_whole(dim.name(), 1, MAX_EXTENT, out)
        } else {
            match reader.whole(dim.name(), 1, MAX_EXTENT, out) {
                Some(extent) => Some(extent.unwrap_or(0)),
                None => None,
            }
        };
        match extent {
            Some(extent) => shape.bounds[dim] = extent,
            None => sound = false,
        }
    }
    if kind.slides() {
        sound &= window(&mut reader, out, &mut shape).is_some();
    }
    reader.finish(out);
    (sound && fits(&shape, op.span, out)).then_some(shape)
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
    if shape.output().is_none() {
        let input = shape.padded_input().unwrap_or([0, 0]);
        out.push(
            Diagnostic::error(codes::WINDOW, "the window is larger than the padded input")
                .label(
                    span,
                    format!(
                        "a {}x{} window with dilation {}x{} on {}x{} elements",
                        shape.bound(Dim::R),
                        shape.bound(Dim::S),
                        shape.dilation[0],
                        shape.dilation[1],
                        input[0],
                        input[1]
                    ),
                )
                .help("check kernel, padding and dilation; `pad` adds zeros around the input"),
        );
        return false;
    }
    // Counts of traffic are a few times the MACs; half the range leaves room for them.
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

/// Resolves operand names and edge statements.
fn connect(
    statements: &[NetworkStmt],
    drafts: &[Draft],
    names: &BTreeMap<&str, usize>,
    out: &mut Vec<Diagnostic>,
) -> Vec<graph::Edge> {
    let known: Vec<&str> = drafts.iter().map(|d| d.name.node.as_str()).collect();
    let mut edges: Vec<graph::Edge> = Vec::new();
    let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
    let find = |name: &Name, out: &mut Vec<Diagnostic>| {
        let found = names.get(name.node.as_str()).copied();
        if found.is_none() {
            out.push(fields::unknown("node", name, &known));
        }
        found
    };
    for statement in statements {
        match statement {
            NetworkStmt::Call { name, args, .. } => {
                let Some(&to) = names.get(name.node.as_str()) else {
                    continue;
                };
                for arg in args {
                    if let Some(from) = find(arg, out) {
                        edges.push(graph::Edge {
                            from,
                            to,
                            span: arg.span,
                        });
                    }
                }
            }
            NetworkStmt::Edges { chain, .. } => {
                let ends: Vec<Option<usize>> = chain.iter().map(|n| find(n, out)).collect();
                for (pair, ends) in chain.windows(2).zip(ends.windows(2)) {
                    let (Some(from), Some(to)) = (ends[0], ends[1]) else {
                        continue;
                    };
                    let span = pair[0].span.to(pair[1].span);
                    match drafts[to].kind {
                        DraftKind::Explicit(_) | DraftKind::Broken => {
                            if seen.insert((from, to)) {
                                edges.push(graph::Edge { from, to, span });
                            }
                        }
                        _ => out.push(
                            Diagnostic::error(
                                codes::EDGE,
                                format!("an edge cannot end at `{}`", pair[1].node),
                            )
                            .label(pair[1].span, "its operands stand in its own declaration")
                            .label(drafts[to].name.span, "declared here")
                            .help("edges join `layer` statements; give other nodes their operands in parentheses"),
                        ),
                    }
                }
            }
            _ => {}
        }
    }
    edges
}

/// The finished node, its shape inferred from its operands or checked against them.
fn shape_node(
    draft: &Draft,
    operands: &[(usize, Span)],
    nodes: &[Option<Node>],
    checked: bool,
    out: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let span = draft.name.span;
    let node = |kind, output| {
        Some(Node {
            name: draft.name.node.clone(),
            kind,
            output,
            span,
        })
    };
    match &draft.kind {
        DraftKind::Broken => None,
        DraftKind::Input(shape) => node(NodeKind::Input, Some(*shape)),
        DraftKind::Explicit(shape) => {
            if checked {
                graph::check_edges(draft, shape, operands, nodes, out);
            }
            let output = output_of(shape);
            node(NodeKind::Layer(*shape), output)
        }
        DraftKind::Call {
            op,
            operator,
            fields,
        } => {
            let mut inputs = Vec::new();
            for &(from, place) in operands {
                // A broken operand was reported; its consumers cannot be judged.
                let producer = nodes[from].as_ref()?;
                inputs.push((producer.output?, place, producer));
            }
            let (kind, output) = operator.apply(op, &inputs, fields, out)?;
            node(kind, Some(output))
        }
    }
}

/// The extents of a layer's result.
pub fn output_of(shape: &LayerShape) -> Option<TensorShape> {
    let [rows, columns] = shape.output()?;
    Some(match shape.op {
        Op::Gemm => TensorShape {
            channels: shape.bound(Dim::N),
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
