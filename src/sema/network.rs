//! `network` blocks: names, operands, shapes, edges.

use super::fields::{self, Fields};
use super::operator::{self, Call};
use super::scope::Program;
use super::window::{MAX_EXTENT, Window, fits, fits_along};
use super::{FileNetwork, FileRequest, cascade, graph, joined, quantity};
use crate::base::span::Span;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, Severity, codes};
use crate::ir::dim::Dim;
use crate::ir::layer::{LayerShape, Op};
use crate::ir::network::{Network, Node, NodeKind, TensorShape, Vertex};
use crate::syntax::ast::{
    self, DimDecl, Field, FromFile, Name, NetworkBody, NetworkDecl, NetworkStmt,
};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

/// So many unknown names of one network get the nearest known one suggested; to look for more
/// would take long, and nobody reads on.
const MOST_REMEDIES: usize = 50;

/// A text of another form with more mistakes than this is not looked at any further.
const MOST_DAMAGE: usize = 1000;

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
    Call(Call<'a>),
    /// Reported already; consumers stay silent about it.
    Broken,
}

/// Lowers a network; `None` if it has errors.
pub fn lower(program: &mut Program, decl: &NetworkDecl) -> Option<Network> {
    let mut out = Vec::new();
    let mut wrong = false;
    let network = match &decl.body {
        NetworkBody::Statements(list) => {
            let checked = decl.unchecked.is_none();
            assemble(&decl.name, list, checked, &program.damage, &mut out)
        }
        // Without a size that could not be read, what the file leaves open means nothing.
        NetworkBody::From(_) if cascade::within(&program.damage, decl.span) => return None,
        NetworkBody::From(from) => {
            let before = program.diagnostics.len();
            let read = from_file(program, from)?;
            // The rest of a file with mistakes is looked at, but is not the network.
            let damage = cascade::damage(&program.diagnostics[before..]);
            wrong = program.diagnostics[before..]
                .iter()
                .any(|d| d.severity == Severity::Error);
            if wrong && read.statements.is_empty() {
                return None;
            }
            if read.vertices.is_empty() {
                let checked = read.shapes_checked;
                from_text(&decl.name, &read.statements, checked, &damage, &mut out)
            } else {
                joined::network(&decl.name, read.vertices, from.path.span, &mut out)
            }
        }
    };
    let broken = out.iter().any(|d| d.severity == Severity::Error);
    program.diagnostics.extend(out);
    network.filter(|_| !broken && !wrong)
}

/// What a file holds.
fn from_file(program: &mut Program, from: &FromFile) -> Option<FileNetwork> {
    let dims = dims(&from.dims, &mut program.diagnostics)?;
    let path = &from.path;
    let wanted = FileRequest {
        path: &path.node,
        at: path.span,
        dims,
    };
    match program.files.network(&wanted, program.sources) {
        Ok(mut read) => {
            program.diagnostics.append(&mut read.warnings);
            Some(read)
        }
        Err(diagnostics) if diagnostics.is_empty() => {
            program.diagnostics.push(
                Diagnostic::error(codes::UNREADABLE, "this file cannot be read")
                    .label(path.span, "no layers came from it")
                    .help("check the path; it starts from the folder of this file"),
            );
            None
        }
        Err(diagnostics) => {
            program.diagnostics.extend(diagnostics);
            None
        }
    }
}

/// `dim batch = 1`, each once.
fn dims(decls: &[DimDecl], out: &mut Vec<Diagnostic>) -> Option<Vec<(Name, u64)>> {
    let mut dims: Vec<(Name, u64)> = Vec::new();
    let before = out.len();
    for decl in decls {
        // 0 is the value of an input that is one number, and no size; who knows the file tells.
        let size = quantity::whole(&decl.value, 0, MAX_EXTENT, "a dimension", out);
        match dims.iter().find(|(n, _)| n.node == decl.name.node) {
            Some((first, _)) => out.push(
                Diagnostic::error(
                    codes::DUPLICATE_FIELD,
                    format!("dimension `{}` is given twice", decl.name.node),
                )
                .label(decl.name.span, "given again here")
                .label(first.span, "first given here")
                .help("remove one of the two"),
            ),
            None => dims.extend(size.map(|size| (decl.name.clone(), size))),
        }
    }
    (out.len() == before).then_some(dims)
}

/// A network of what a file gave, statements or vertices, under a name; and what is wrong with it
/// that does not follow from what its reader said.
pub fn assembled(
    name: Name,
    statements: &[NetworkStmt],
    vertices: Vec<Vertex>,
    checked: bool,
    said: &[Diagnostic],
) -> (Option<Network>, Vec<Diagnostic>) {
    let mut out = Vec::new();
    let network = if vertices.is_empty() {
        from_text(&name, statements, checked, &cascade::damage(said), &mut out)
    } else {
        joined::network(&name, vertices, name.span, &mut out)
    };
    let broken = out.iter().any(|d| d.severity == Severity::Error);
    (network.filter(|_| !broken), out)
}

/// The network of a text in another form, some places of which could not be read.
fn from_text(
    name: &Name,
    statements: &[NetworkStmt],
    checked: bool,
    damage: &[Span],
    out: &mut Vec<Diagnostic>,
) -> Option<Network> {
    if damage.len() > MOST_DAMAGE {
        return None;
    }
    let mut found = Vec::new();
    let network = assemble(name, statements, checked, damage, &mut found);
    // The chain of all layers lies over them all.
    let nodes = statements
        .iter()
        .filter(|s| !matches!(s, NetworkStmt::Edges { .. }));
    // A number that could not be read hides nothing but itself, unless it stands for others, too.
    let unread = nodes.clone().flat_map(|s| match s {
        NetworkStmt::Layer { fields, span, .. } => {
            let all = fields.iter().flat_map(Field::unread);
            all.filter(|at| at != span).collect()
        }
        _ => Vec::new(),
    });
    let unread: BTreeSet<Span> = unread.collect();
    let damage = damage.iter().filter(|d| !unread.contains(d));
    let damage: Vec<Span> = damage.copied().collect();
    let places = nodes.map(NetworkStmt::span);
    out.extend(cascade::of_places(found, &damage, places));
    network
}

fn assemble(
    name: &Name,
    statements: &[NetworkStmt],
    checked: bool,
    damage: &[Span],
    out: &mut Vec<Diagnostic>,
) -> Option<Network> {
    let mut drafts = declare(statements, damage, out);
    let names: HashMap<&str, usize> = drafts
        .iter()
        .enumerate()
        .map(|(i, d)| (d.name.node.as_str(), i))
        .collect();
    if !drafts.iter().any(|d| match &d.kind {
        DraftKind::Explicit(_) | DraftKind::Broken => true,
        DraftKind::Call(call) => call.is_layer(),
        DraftKind::Input(_) => false,
    }) {
        out.push(empty(name));
    }
    let (edges, cut) = connect(statements, &drafts, &names, out);
    for at in cut {
        drafts[at].kind = DraftKind::Broken;
    }
    let order = graph::order(&drafts, &edges, out);
    let mut nodes: Vec<Option<Node>> = drafts.iter().map(|_| None).collect();
    let mut operands: Vec<Vec<(usize, Span)>> = vec![Vec::new(); drafts.len()];
    for edge in &edges {
        operands[edge.to].push((edge.from, edge.span));
    }
    for &at in &order {
        nodes[at] = shape_node(&drafts[at], &operands[at], &nodes, checked, out);
    }
    graph::lint_loose(&drafts, &edges, out);
    graph::lint_unreached(&drafts, &edges, out);
    // Those of a circle are not in the order; they have no node either.
    let nodes: Option<Vec<Node>> = nodes.into_iter().collect();
    Some(graph::build(name, nodes?, &edges, &order, checked))
}

/// Nothing in the network is priced.
pub fn empty(name: &Name) -> Diagnostic {
    Diagnostic::error(
        codes::EMPTY_NETWORK,
        format!(
            "network `{}` has no layer to place on an accelerator",
            name.node
        ),
    )
    .label(
        name.span,
        "no convolution, dense or matrix layer in this network",
    )
    .help("add one, e.g. `conv1 = conv(image) { filters = 32, kernel = 3x3, pad = 1 }`")
}

/// One draft per declared node; names must differ.
fn declare<'a>(
    statements: &'a [NetworkStmt],
    damage: &[Span],
    out: &mut Vec<Diagnostic>,
) -> Vec<Draft<'a>> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut first: HashMap<&str, Span> = HashMap::new();
    for statement in statements {
        let (name, kind, span) = match statement {
            NetworkStmt::Edges { .. } => continue,
            NetworkStmt::Input { name, shape, span } => {
                let kind = input(&shape.node, shape.span, out).map(DraftKind::Input);
                (name, kind, *span)
            }
            NetworkStmt::Layer {
                name,
                op,
                fields,
                span,
            } => {
                let kind = explicit(op, fields, out).map(DraftKind::Explicit);
                (name, kind, *span)
            }
            NetworkStmt::Call {
                name,
                op,
                args,
                fields,
                span,
            } => {
                let kind = Call::read(op, args, fields, out).map(DraftKind::Call);
                (name, kind, *span)
            }
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
        // What could not be read in it may have changed its shape.
        let kind = kind.filter(|_| !cascade::within(damage, span));
        drafts.push(Draft {
            name,
            kind: kind.unwrap_or(DraftKind::Broken),
        });
    }
    drafts
}

fn input(shape: &[ast::Number], span: Span, out: &mut Vec<Diagnostic>) -> Option<TensorShape> {
    let extents: Vec<Option<u64>> = shape
        .iter()
        .map(|n| quantity::whole(n, 1, MAX_EXTENT, "an extent of the input", out))
        .collect();
    match extents[..] {
        [channels, rows, columns] => Some(TensorShape {
            channels: channels?,
            rows: rows?,
            columns: columns?,
        }),
        [channels] => channels.map(TensorShape::vector),
        _ => {
            let help = if extents.len() == 4 {
                "leave the batch out: `[C, Y, X]`, e.g. `input image [3, 224, 224]`"
            } else {
                "write C, Y and X of a feature map, e.g. `input image [3, 224, 224]`, or the length of a vector, `[784]`"
            };
            out.push(
                Diagnostic::error(
                    codes::WRONG_VALUE,
                    format!("an input has one or three extents, not {}", extents.len()),
                )
                .label(span, format!("{} extents", extents.len()))
                .help(help),
            );
            None
        }
    }
}

/// `layer l1 conv { K = 32, C = 3, Y = 224, X = 224, R = 3, S = 3, stride = 2, pad = 1 }`
fn explicit(op: &Name, fields: &[Field], out: &mut Vec<Diagnostic>) -> Option<LayerShape> {
    let Some(kind) = Op::parse(&op.node) else {
        operator::unknown_kind(op, out);
        let known = Op::ALL.iter().map(|o| o.name());
        if let Some(near) = nearest(&op.node, known) {
            let mut found = Vec::new();
            let near = Name::new(near.to_string(), op.span);
            explicit(&near, fields, &mut found);
            out.extend(found.into_iter().filter(operator::is_of_a_value));
        }
        return None;
    };
    let mut shape = LayerShape::new(kind, &[]);
    let mut reader = Fields::new(fields, format!("a `{}` layer", kind.name()), op.span);
    hints(kind, fields, &mut reader);
    let before = out.len();
    for &dim in kind.dims() {
        let extent = if kind.required_dims().contains(&dim) {
            reader.required_whole(dim.name(), 1, MAX_EXTENT, out)
        } else {
            reader
                .whole(dim.name(), 1, MAX_EXTENT, out)
                .map(|extent| extent.unwrap_or(0))
        };
        shape.bounds[dim] = extent.unwrap_or(0);
    }
    if kind.slides()
        && let Some(window) = Window::read(kind, &mut reader, out)
    {
        window.put(&mut shape);
    }
    reader.finish(out);
    let whole = out.len() == before && !fields.iter().any(Field::is_unread);
    if !whole && kind.slides() && kind != Op::TransposedConv {
        fits_along(&shape, fields, op.span, out);
    }
    let sound = whole && fits(&shape, op.span, out);
    if sound {
        lint_multiplier(&shape, fields, out);
    }
    sound.then_some(shape)
}

/// Warns of a depthwise layer that was written like a convolution.
fn lint_multiplier(shape: &LayerShape, fields: &[Field], out: &mut Vec<Diagnostic>) {
    let (k, c) = (shape.bound(Dim::K), shape.bound(Dim::C));
    let field = fields.iter().find(|f| f.name.node == "K");
    if let (Op::Depthwise, true, Some(field)) = (shape.op, k == c && k > 1, field) {
        out.push(
            Diagnostic::warning(
                codes::MULTIPLIER,
                format!("this depthwise layer gives {k} x {c} channels"),
            )
            .label(
                field.span,
                format!("K of a depthwise layer is the number of filters per channel: {k} for each of {c}"),
            )
            .help("leave `K` out for one filter per channel"),
        );
    }
}

/// What to write instead of fields that belong to the other form of layers, or to the output.
fn hints(kind: Op, fields: &[Field], reader: &mut Fields) {
    if kind.slides() {
        for (output, input, window, axis) in [("Y'", "Y", "R", 0), ("X'", "X", "S", 1)] {
            let mut help = format!(
                "the bounds of a layer are those of its input: leave `{output}` out and give `{input}` \
                 = ({output} - 1) x stride + {window} - padding of both sides"
            );
            if let Some(value) = input_of_output(fields, output, window, axis) {
                help = format!("{help}; with what is written here, `{input} = {value}`");
            }
            reader.hint(output, input, help);
        }
        let window = "the window is written with its two extents, e.g. `R = 3, S = 3`";
        reader.hint("kernel", "R,S", window);
        reader.hint("kernel_size", "R,S", window);
    }
    let grouped =
        "write `layer name grouped_conv { G = …, K = …, C = …, … }`; K and C are per group there";
    match kind {
        Op::Conv => {
            reader.hint("G", "", grouped);
            reader.hint("groups", "", grouped);
        }
        Op::Dense => {
            for name in ["Y", "X", "R", "S"] {
                reader.hint(
                    name,
                    "",
                    "a dense layer has K outputs and C inputs; C counts every element of a map",
                );
            }
        }
        Op::Gemm => reader.hint(
            "C",
            "K",
            "a matrix product is (M x K) by (K x N): the sum runs over K",
        ),
        _ => {}
    }
}

/// The input extent that gives the output extent written, if all it depends on is plain.
fn input_of_output(fields: &[Field], output: &str, window: &str, axis: usize) -> Option<u64> {
    let number = |name: &str| {
        let field = fields.iter().find(|f| f.name.node == name);
        match field.map(|f| &f.value) {
            Some(ast::Value::Number(n)) => n.integer.filter(|&v| v <= MAX_EXTENT),
            Some(ast::Value::Pair(p)) => p.node[axis].integer.filter(|&v| v <= MAX_EXTENT),
            Some(_) => None,
            None => Some(u64::from(name != "pad")),
        }
    };
    let span = number("dilation")?.checked_mul(number(window)?.checked_sub(1)?)? + 1;
    let steps = number(output)?
        .checked_sub(1)?
        .checked_mul(number("stride")?)?;
    (steps + span).checked_sub(2 * number("pad")?)
}

/// Resolves operand names and edge statements. Also gives the nodes that lack an operand because
/// its name is unknown.
fn connect(
    statements: &[NetworkStmt],
    drafts: &[Draft],
    names: &HashMap<&str, usize>,
    out: &mut Vec<Diagnostic>,
) -> (Vec<graph::Edge>, Vec<usize>) {
    let known: Vec<&str> = drafts.iter().map(|d| d.name.node.as_str()).collect();
    let mut edges: Vec<graph::Edge> = Vec::new();
    let mut cut = Vec::new();
    let mut seen: HashMap<(usize, usize), Span> = HashMap::new();
    let mut unknown = 0;
    let mut find = |name: &Name, out: &mut Vec<Diagnostic>| {
        let found = names.get(name.node.as_str()).copied();
        if found.is_none() {
            unknown += 1;
            let known = if unknown <= MOST_REMEDIES {
                known.as_slice()
            } else {
                &known[..known.len().min(8)]
            };
            let place_of = |near: &str| names.get(near).map(|&at| drafts[at].name.span);
            let diagnostic = fields::unknown("node", name, known);
            out.push(fields::of_node(fields::with_place(diagnostic, place_of)));
        }
        found
    };
    for statement in statements {
        match statement {
            NetworkStmt::Call { name, args, .. } => {
                let to = names.get(name.node.as_str()).copied();
                // The second declaration of a name is no node.
                let to = to.filter(|&to| drafts[to].name.span == name.span);
                for arg in args {
                    let from = find(arg, out);
                    match (from, to) {
                        (Some(from), Some(to)) => edges.push(graph::Edge {
                            from,
                            to,
                            span: arg.span,
                        }),
                        (None, Some(to)) => cut.push(to),
                        (_, None) => {}
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
                    match &drafts[to].kind {
                        DraftKind::Explicit(_) | DraftKind::Broken => {
                            match seen.entry((from, to)) {
                                Entry::Vacant(place) => {
                                    place.insert(span);
                                    edges.push(graph::Edge { from, to, span });
                                }
                                Entry::Occupied(first) => {
                                    out.push(edge_twice(&pair[0], &pair[1], span, *first.get()));
                                }
                            }
                        }
                        kind => out.push(no_end(&pair[1], &drafts[to], kind)),
                    }
                }
            }
            NetworkStmt::Input { .. } | NetworkStmt::Layer { .. } => {}
        }
    }
    (edges, cut)
}

/// An edge that has no effect, since it is there.
fn edge_twice(from: &Name, to: &Name, span: Span, first: Span) -> Diagnostic {
    Diagnostic::warning(
        codes::EDGE_TWICE,
        format!(
            "the edge from `{}` to `{}` is given twice",
            from.node, to.node
        ),
    )
    .label(span, "it has no effect again")
    .label(first, "first given here")
    .help("leave it out, or correct where it leads")
}

/// An edge to what takes no edges.
fn no_end(name: &Name, draft: &Draft, kind: &DraftKind) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        codes::EDGE,
        format!("an edge cannot end at `{}`", name.node),
    );
    match kind {
        DraftKind::Input(_) => diagnostic
            .label(name.span, "an input of the network takes nothing in")
            .label(draft.name.span, "declared as an input here")
            .help("turn the edge round, or leave it out"),
        _ => diagnostic
            .label(name.span, "its operands stand in its own declaration")
            .label(draft.name.span, "declared here")
            .help(
                "edges end at `layer` statements; give other nodes their operands in parentheses",
            ),
    }
}

/// The finished node, its shape inferred from its operands or checked against them.
fn shape_node(
    draft: &Draft,
    operands: &[(usize, Span)],
    nodes: &[Option<Node>],
    checked: bool,
    out: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let (kind, output) = match &draft.kind {
        DraftKind::Broken => return None,
        DraftKind::Input(shape) => (NodeKind::Input, Some(*shape)),
        DraftKind::Explicit(shape) => {
            if checked {
                graph::check_edges(draft, shape, operands, nodes, out);
            }
            // It fits, or the draft would be broken.
            (NodeKind::Layer(*shape), Some(operator::output_of(shape)?))
        }
        DraftKind::Call(call) => {
            let mut inputs = Vec::new();
            for &(from, place) in operands {
                // A broken operand was reported; its consumers cannot be judged.
                let producer = nodes[from].as_ref()?;
                inputs.push((producer.output, place, producer));
            }
            call.apply(&inputs, checked, out)?
        }
    };
    Some(Node {
        name: draft.name.node.clone(),
        kind,
        output,
        span: draft.name.span,
    })
}
