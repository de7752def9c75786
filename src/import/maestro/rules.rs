//! Dataflows of layers as rules of the language: one per distinct mapping.

use super::layers::{declares, given, meant};
use super::parser::{error, short};
use super::written::{Layer, Step};
use crate::base::span::Span;
use crate::diag::Diagnostic;
use crate::ir::dim::Dim;
use crate::ir::layer::Op;
use crate::syntax::ast::{DirectiveDecl, LevelStmt, Name, Number, RuleDecl, SizeExpr};
use std::collections::BTreeMap;

/// More levels than any mapping has that has a price, and few enough to nest.
const MAX_LEVELS: usize = 16;

/// A mapping that some layers share.
struct Shared {
    body: Vec<LevelStmt>,
    /// Where it is written.
    span: Span,
    /// The name of the layer that it is written for.
    name: Span,
    /// Indices of the layers, by their kinds.
    layers: BTreeMap<Op, Vec<usize>>,
}

pub fn lower(
    layers: &[Layer],
    owners: &[Option<usize>],
    names: &[Name],
    out: &mut Vec<Diagnostic>,
) -> Vec<RuleDecl> {
    // Files of layers alone, such as MAESTRO's models, are networks.
    if layers.iter().all(|l| l.dataflow.is_none()) {
        return Vec::new();
    }
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut shared: Vec<Shared> = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        let owner = owners[i].map(|owner| &layers[owner]);
        let Some((owner, steps)) = owner.and_then(|o| Some((o, o.dataflow.as_ref()?))) else {
            out.push(
                error(format!("{} has no dataflow", layer.called()))
                    .label(layer.name.span, "nor has a layer before it")
                    .help("write `Dataflow { SpatialMap(1, 1) K; … }`"),
            );
            continue;
        };
        let Some(op) = meant(layer) else { continue };
        // What is taken from another layer has that layer's extents.
        let steps: Vec<Step> = steps
            .iter()
            .filter_map(|s| resolve(s, owner, owners[i] != Some(i), out))
            .collect();
        let key = steps.iter().map(text).collect::<String>();
        let at = *known.entry(key).or_insert_with(|| {
            shared.push(Shared {
                body: Vec::new(),
                span: owner.mapping,
                name: owner.name.span,
                layers: BTreeMap::new(),
            });
            shared.len() - 1
        });
        if shared[at].body.is_empty() {
            shared[at].body = nest(&steps, out);
        }
        shared[at].layers.entry(op).or_default().push(i);
    }
    rules(&shared, names)
}

/// For each kind of layer its most frequent mapping, then the others by names of layers.
fn rules(shared: &[Shared], names: &[Name]) -> Vec<RuleDecl> {
    let count = |s: &Shared, op: Op| s.layers.get(&op).map_or(0, Vec::len);
    let mut usual: BTreeMap<Op, usize> = BTreeMap::new();
    for op in Op::ALL {
        let most = shared.iter().map(|s| count(s, op)).max().unwrap_or(0);
        if let Some(at) = shared.iter().position(|s| most > 0 && count(s, op) == most) {
            usual.insert(op, at);
        }
    }
    let mut of_kinds = Vec::new();
    let mut of_layers = Vec::new();
    for (at, mapping) in shared.iter().enumerate() {
        let rule = |ops, layers| RuleDecl {
            ops,
            layers,
            body: mapping.body.clone(),
            span: mapping.span,
        };
        let (mut ops, mut layers) = (Vec::new(), Vec::new());
        for (op, users) in &mapping.layers {
            if usual.get(op) == Some(&at) {
                ops.push(Name::new(op.name().to_string(), mapping.name));
            } else {
                layers.extend(users.iter().copied());
            }
        }
        if !ops.is_empty() {
            of_kinds.push(rule(ops, Vec::new()));
        }
        if !layers.is_empty() {
            layers.sort_unstable();
            let layers = layers.iter().map(|&i| names[i].clone()).collect();
            of_layers.push(rule(Vec::new(), layers));
        }
    }
    of_kinds.append(&mut of_layers);
    of_kinds
}

/// A step with sizes that the language has: a number, or a dimension of the layer. With `plain`,
/// numbers only.
fn resolve(step: &Step, layer: &Layer, plain: bool, out: &mut Vec<Diagnostic>) -> Option<Step> {
    let mut size = |size: &SizeExpr| match size {
        // Such a file has no computed sizes.
        SizeExpr::Number(_) | SizeExpr::Computed(_) => Some(size.clone()),
        SizeExpr::Name(name) => {
            let number = given(&layer.dims, &name.node);
            let dim = Dim::parse(&name.node).filter(|d| declares(layer, *d));
            match (dim, number) {
                (Some(Dim::YOut | Dim::XOut), Some(number)) => Some(at(number, name.span)),
                (Some(_), Some(number)) if plain => Some(at(number, name.span)),
                (Some(_), Some(_)) => Some(size.clone()),
                _ => {
                    // What a layer of its kind needs is told with the layer.
                    let needed = Dim::parse(&name.node).zip(meant(layer));
                    let needed = needed.is_some_and(|(dim, op)| op.required_dims().contains(&dim));
                    if needed {
                        return Some(size.clone());
                    }
                    if !layer.may_have(&name.node) {
                        out.push(undeclared(name, layer));
                    }
                    None
                }
            }
        }
    };
    Some(match step {
        Step::Cluster(count, span) => Step::Cluster(size(count)?, *span),
        Step::Map(map) => Step::Map(DirectiveDecl {
            size: size(&map.size)?,
            step: Some(size(map.step.as_ref()?)?),
            ..map.clone()
        }),
    })
}

fn at(number: &Number, span: Span) -> SizeExpr {
    SizeExpr::Number(Number {
        span,
        ..number.clone()
    })
}

fn undeclared(name: &Name, layer: &Layer) -> Diagnostic {
    let shown = short(&name.node);
    error(format!("{} has no dimension `{shown}`", layer.called()))
        .label(name.span, "its size is wanted here")
        .help(format!(
            "give `{shown}` under `Dimensions`, or write a number"
        ))
}

/// What makes two mappings the same.
fn text(step: &Step) -> String {
    let size = |size: &SizeExpr| match size {
        SizeExpr::Number(n) => n.value.to_string(),
        SizeExpr::Name(name) => name.node.clone(),
        SizeExpr::Computed(_) => String::new(),
    };
    match step {
        Step::Cluster(count, _) => format!("C{};", size(count)),
        Step::Map(map) => format!(
            "{}{},{},{};",
            if map.spatial { "S" } else { "T" },
            size(&map.size),
            map.step.as_ref().map_or(String::new(), size),
            map.dim.node
        ),
    }
}

/// A level while its statements are collected.
#[derive(Default)]
struct Level {
    /// What opens it; `None` for the outermost.
    cluster: Option<(SizeExpr, Span)>,
    body: Vec<LevelStmt>,
}

/// Steps as nested levels.
fn nest(steps: &[Step], out: &mut Vec<Diagnostic>) -> Vec<LevelStmt> {
    let mut levels = vec![Level::default()];
    for step in steps {
        match step {
            Step::Cluster(_, span) if levels.len() == MAX_LEVELS => {
                out.push(
                    error(format!("more than {MAX_LEVELS} levels of clusters"))
                        .label(*span, "one too many")
                        .help("the original takes four"),
                );
                return Vec::new();
            }
            Step::Cluster(size, span) => levels.push(Level {
                cluster: Some((size.clone(), *span)),
                body: Vec::new(),
            }),
            Step::Map(map) => {
                let mut map = map.clone();
                // `by 3 step 3` is written `by 3`.
                if map.step.as_ref().is_some_and(|s| same(s, &map.size)) {
                    map.step = None;
                }
                if let Some(level) = levels.last_mut() {
                    level.body.push(LevelStmt::Directive(map));
                }
            }
        }
    }
    let mut inner: Option<LevelStmt> = None;
    while let Some(Level { cluster, mut body }) = levels.pop() {
        body.extend(inner.take());
        match cluster {
            Some((size, span)) => inner = Some(LevelStmt::Cluster { size, body, span }),
            None => return body,
        }
    }
    Vec::new()
}

fn same(a: &SizeExpr, b: &SizeExpr) -> bool {
    match (a, b) {
        (SizeExpr::Number(a), SizeExpr::Number(b)) => a.integer.is_some() && a.integer == b.integer,
        (SizeExpr::Name(a), SizeExpr::Name(b)) => a.node == b.node,
        _ => false,
    }
}
