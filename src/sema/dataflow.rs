//! `dataflow` blocks: directives and levels, with knobs bound to a menu.

use super::fields::did_you_mean;
use super::scope::Program;
use super::{dataflow_file, fields, operator, quantity};
use crate::base::span::Span;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, Severity, codes};
use crate::ir::dataflow::{ClusterLevel, Computed, Dataflow, Directive, MapKind, Rule, Sign, Size};
use crate::ir::dim::Dim;
use crate::ir::layer::Op;
use crate::ir::menu::Menu;
use crate::ir::network::Network;
use crate::syntax::ast::{
    Arith, DataflowDecl, DirectiveDecl, Expr, LevelStmt, Name, NetworkStmt, Number, RuleDecl,
    SizeExpr,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The largest tile or cluster that is accepted.
const MAX_SIZE: u64 = super::window::MAX_EXTENT;

/// So many unknown layers of one dataflow get the nearest known one suggested.
const MOST_REMEDIES: usize = 50;

/// Said of the place where a dataflow reads a knob that a menu lacks.
pub const READ_HERE: &str = "read here";

/// What a design binds a dataflow to.
#[derive(Clone, Copy, Default)]
pub struct Bound<'a> {
    /// Gives the knobs; without one any name will do.
    pub menu: Option<&'a Menu>,
    /// Gives the layers that rules name; without one any name will do.
    pub network: Option<&'a Network>,
    /// Without a network, statements that give the kinds of layers which rules name.
    pub statements: &'a [NetworkStmt],
}

/// Checks a dataflow that no design has bound to a menu yet.
pub fn check(program: &mut Program, decl: DataflowDecl) {
    if let Some(decl) = dataflow_file::with_rules(program, decl, Bound::default()) {
        let out = &mut program.diagnostics;
        lower(&decl, &decl.name.node, Bound::default(), out);
    }
}

/// A dataflow of which at least it is known what it maps.
pub struct Lowered {
    /// Its rules.
    pub dataflow: Dataflow,
    /// Whether all in them is right.
    pub sound: bool,
}

/// Lowers a dataflow bound to what the design names, under the name the design has for it. `None`
/// if what it maps is not known.
pub fn lower(
    decl: &DataflowDecl,
    name: &str,
    bound: Bound,
    out: &mut Vec<Diagnostic>,
) -> Option<Lowered> {
    let menu = bound.menu;
    let before = out.len();
    let mut rules: Vec<Rule> = Vec::new();
    let mut lacking: BTreeMap<&str, Span> = BTreeMap::new();
    let known = bound
        .network
        .map_or_else(|| stated(bound.statements), kinds);
    let mut owners: BTreeMap<&str, Span> = BTreeMap::new();
    let mut unknown = 0;
    let mut heads = 0;
    for rule in &decl.rules {
        let before = out.len();
        let ops = ops(rule, &rules, out);
        let mut of_layers = BTreeSet::new();
        for layer in &rule.layers {
            if let Some(first) = owners.insert(&layer.node, layer.span) {
                out.push(layer_twice(layer, first));
            }
            match (known.get(layer.node.as_str()), bound.network) {
                (Some(op), _) => {
                    of_layers.insert(*op);
                }
                (None, Some(network)) => {
                    unknown += 1;
                    out.push(no_layer(layer, network, &known, unknown));
                }
                (None, None) => {}
            }
        }
        heads += out.len() - before;
        let of_layers: Vec<Op> = of_layers.into_iter().collect();
        let mut context = Context {
            menu,
            ops: if rule.layers.is_empty() {
                &ops
            } else {
                &of_layers
            },
            lacking: &mut lacking,
        };
        let mut levels = Vec::new();
        context.level(&rule.body, None, rule.span, &mut levels, out);
        let named = rule.ops.first().or(rule.layers.first());
        let span = named.map_or(rule.span, |n| n.span);
        rules.push(Rule {
            ops,
            layers: rule.layers.iter().map(|n| n.node.clone()).collect(),
            levels,
            span,
        });
    }
    if let Some(menu) = menu {
        // Once per knob, however often it is read, and at the menu: the dataflow may be the
        // library's.
        for (knob, place) in lacking {
            out.push(no_knob(menu, knob, decl, name, place));
        }
    }
    if rules.is_empty() {
        out.push(
            Diagnostic::error(
                codes::LEVELS,
                format!("dataflow `{}` maps no kind of layer", decl.name.node),
            )
            .label(decl.name.span, "no `for` block in it")
            .help("add e.g. `for conv { spatial K by 1 temporal C by 1 }`"),
        );
    }
    (heads == 0 && !rules.is_empty()).then(|| Lowered {
        sound: out[before..].iter().all(|d| d.severity != Severity::Error),
        dataflow: Dataflow {
            name: name.to_string(),
            rules,
            span: decl.name.span,
        },
    })
}

/// A dataflow reads a knob that the menu does not have.
fn no_knob(
    menu: &Menu,
    knob: &str,
    decl: &DataflowDecl,
    dataflow: &str,
    place: Span,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        codes::UNKNOWN_KNOB,
        format!("menu `{}` has no knob `{knob}`", menu.name),
    )
    .label(
        menu.span,
        format!("dataflow `{dataflow}` reads `{knob}`; it is not in this menu"),
    )
    .label(place, READ_HERE);
    let known: Vec<&str> = menu.knobs.iter().map(|k| k.name.as_str()).collect();
    let near = nearest(knob, known.iter().copied());
    let params = decl.params.iter().map(|p| p.name.node.as_str());
    let dimension = Dim::parse(&knob.to_ascii_uppercase());
    match (near, nearest(knob, params)) {
        (None, Some(param)) => did_you_mean(diagnostic, place, param),
        (_, None) if dimension.is_some() => {
            did_you_mean(diagnostic, place, &knob.to_ascii_uppercase())
        }
        // The knob of the PEs has no other name.
        (Some("pes"), _) => did_you_mean(diagnostic, place, "pes"),
        // Which of the two is misspelt, the text does not say.
        (Some(near), _) => diagnostic.help(format!("the menu has `{near}`; call the two the same")),
        (None, None) => diagnostic.help(format!("add e.g. `{knob} in [1, 2, 4, 8]` to the menu")),
    }
}

/// The layer kinds of a rule; each may have one rule only.
fn ops(rule: &RuleDecl, earlier: &[Rule], out: &mut Vec<Diagnostic>) -> Vec<Op> {
    let mut ops: Vec<Op> = Vec::new();
    for name in &rule.ops {
        let Some(op) = Op::parse(&name.node) else {
            operator::unknown_kind(name, out);
            continue;
        };
        let other = earlier.iter().find(|r| r.ops.contains(&op));
        if other.is_some() || ops.contains(&op) {
            let first = other.map_or(rule.ops[0].span, |r| r.span);
            out.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    format!("`{}` layers are mapped twice", name.node),
                )
                .label(name.span, "mapped again here")
                .label(first, "first mapped here")
                .help("keep one `for` block for each kind of layer"),
            );
        } else {
            ops.push(op);
        }
    }
    ops
}

/// The dimensions that a rule for this kind may map: groups of a transposed convolution are mapped
/// by the rule for grouped ones.
fn dims(op: Op) -> impl Iterator<Item = Dim> {
    let groups = move |d: &Dim| op != Op::TransposedConv || *d != Dim::G;
    op.dims().iter().copied().filter(groups)
}

/// The layers of a network by name, and the kinds they are mapped as.
fn kinds(network: &Network) -> BTreeMap<&str, Op> {
    let layers = network.layers();
    layers
        .map(|(_, node, shape)| (node.name.as_str(), shape.mapped_as()))
        .collect()
}

/// The layers of statements by name, and their kinds.
fn stated(statements: &[NetworkStmt]) -> BTreeMap<&str, Op> {
    let layers = statements.iter().filter_map(|statement| match statement {
        NetworkStmt::Layer { name, op, .. } => Some((name.node.as_str(), Op::parse(&op.node)?)),
        _ => None,
    });
    layers.collect()
}

fn layer_twice(layer: &Name, first: Span) -> Diagnostic {
    Diagnostic::error(
        codes::DUPLICATE_NAME,
        format!("layer `{}` is mapped twice", layer.node),
    )
    .label(layer.span, "mapped again here")
    .label(first, "first mapped here")
    .help("keep one `for layer` block for each layer")
}

/// A rule for a layer that the network of the design does not have; `count` such were met.
fn no_layer(
    layer: &Name,
    network: &Network,
    known: &BTreeMap<&str, Op>,
    count: usize,
) -> Diagnostic {
    let most = if count <= MOST_REMEDIES {
        known.len()
    } else {
        8
    };
    let names: Vec<&str> = known.keys().copied().take(most).collect();
    let mut diagnostic = fields::unknown("layer", layer, &names);
    diagnostic.message = format!("network `{}` has no layer `{}`", network.name, layer.node);
    fields::of_node(diagnostic)
}

/// A level that maps one dimension by two directives. Two of the same name are legal, as they
/// occur in published mappings and model `maestro` has a meaning for them; rows (or columns) of
/// input and of output contradict each other.
fn mapped_twice(earlier: &[Directive], directive: &Directive, out: &mut Vec<Diagnostic>) {
    let input = |dim: Dim| match dim {
        Dim::YOut => Dim::Y,
        Dim::XOut => Dim::X,
        other => other,
    };
    let first = earlier
        .iter()
        .find(|d| input(d.dim) == input(directive.dim));
    if let Some(first) = first {
        let message = format!("one level maps {} twice", input(directive.dim).name());
        let diagnostic = if first.dim == directive.dim {
            Diagnostic::warning(codes::MAPPED_TWICE, message).help(
                "keep one of the two; a `cluster` opens a level that may map it again. Model \
                 `maestro` does with both what the original does; model `analytic` has no price",
            )
        } else {
            Diagnostic::error(codes::LEVELS, message).help(
                "a level walks the input rows or the output rows, not both; keep one of the two",
            )
        };
        out.push(
            diagnostic
                .label(directive.span, "mapped again here")
                .label(first.span, "first mapped here"),
        );
    }
}

/// `0.5 * C`
fn fraction(number: &Number, what: &str) -> Diagnostic {
    Diagnostic::error(
        codes::OUT_OF_RANGE,
        format!("{what} must be a whole number"),
    )
    .label(number.span, "not a whole number")
    .help("sizes are computed in whole numbers, quotients rounded up: half of C is `C / 2`")
}

fn joined(left: Option<Size>, sign: Sign, right: Option<Size>) -> Option<Size> {
    let (left, right) = (left?, right?);
    Some(Size::Computed(Arc::new(Computed { left, sign, right })))
}

/// A sum so far with its next product.
fn added(sum: Option<(Size, Sign)>, product: Option<Size>) -> Option<Size> {
    match sum {
        Some((left, sign)) => joined(Some(left), sign, product),
        None => product,
    }
}

struct Context<'a, 'd> {
    menu: Option<&'a Menu>,
    ops: &'a [Op],
    /// Knobs that are read but not in the menu, and where first.
    lacking: &'a mut BTreeMap<&'d str, Span>,
}

impl<'d> Context<'_, 'd> {
    fn level(
        &mut self,
        body: &'d [LevelStmt],
        cluster: Option<Size>,
        span: Span,
        levels: &mut Vec<ClusterLevel>,
        out: &mut Vec<Diagnostic>,
    ) {
        let at = levels.len();
        levels.push(ClusterLevel {
            cluster,
            directives: Vec::new(),
        });
        let mut inner: Option<Span> = None;
        for statement in body {
            match statement {
                LevelStmt::Directive(directive) => {
                    if let Some(inner) = inner {
                        out.push(
                            Diagnostic::error(codes::LEVELS, "a directive after the inner cluster")
                                .label(directive.span, "belongs to the outer level")
                                .label(inner, "the inner level opens here")
                                .help("write the directives of a level before its `cluster` block"),
                        );
                    }
                    if let Some(directive) = self.directive(directive, out) {
                        mapped_twice(&levels[at].directives, &directive, out);
                        levels[at].directives.push(directive);
                    }
                }
                LevelStmt::Cluster { size, body, span } => {
                    if let Some(first) = inner {
                        out.push(
                            Diagnostic::error(
                                codes::LEVELS,
                                "two clusters side by side in one level",
                            )
                            .label(*span, "a second inner level")
                            .label(first, "the first inner level")
                            .help("nest one inside the other; a level has one inner level"),
                        );
                        continue;
                    }
                    inner = Some(*span);
                    let size = self.size(size, "a cluster size", out);
                    if levels.len() >= 64 {
                        continue; // the parser has diagnosed nesting this deep
                    }
                    self.level(body, size, *span, levels, out);
                }
            }
        }
        if !body.iter().any(|s| matches!(s, LevelStmt::Directive(_))) {
            out.push(
                Diagnostic::error(codes::LEVELS, "a level without directives")
                    .label(span, "nothing is mapped at this level")
                    .help("say what is spread or walked here, e.g. `spatial K by 1`"),
            );
        }
    }

    fn directive(
        &mut self,
        decl: &'d DirectiveDecl,
        out: &mut Vec<Diagnostic>,
    ) -> Option<Directive> {
        let dim = self.dim(&decl.dim, out);
        let size = self.size(&decl.size, "a tile size", out);
        let step = match &decl.step {
            Some(step) => self.size(step, "a step", out),
            None => size.clone(),
        };
        let kind = if decl.spatial {
            MapKind::Spatial
        } else {
            MapKind::Temporal
        };
        Some(Directive {
            kind,
            dim: dim?,
            size: size?,
            step: step?,
            span: decl.span,
        })
    }

    /// A dimension that every layer kind of the rule has.
    fn dim(&self, name: &Name, out: &mut Vec<Diagnostic>) -> Option<Dim> {
        let Some(dim) = Dim::parse(&name.node) else {
            let known: Vec<&str> = Dim::ALL.iter().map(|d| d.name()).collect();
            out.push(fields::unknown("dimension", name, &known));
            return None;
        };
        for &op in self.ops {
            let has = match dim {
                Dim::YOut | Dim::XOut => op.slides(),
                // A dense layer is a convolution of one 1x1 pixel, and may be mapped as one.
                Dim::Y | Dim::X | Dim::R | Dim::S if op == Op::Dense => true,
                _ => dims(op).any(|d| d == dim),
            };
            if !has {
                let dims: Vec<&str> = dims(op).map(|d| d.name()).collect();
                let more = match (op, dim) {
                    (Op::Conv | Op::TransposedConv, Dim::G) => {
                        ", Y', X'; layers in groups are mapped by `for grouped_conv`"
                    }
                    _ if op.slides() => ", Y', X'",
                    _ => "",
                };
                out.push(
                    Diagnostic::error(
                        codes::DIMENSION,
                        format!("`{}` layers have no dimension {}", op.name(), dim.name()),
                    )
                    .label(name.span, format!("not a dimension of `{}`", op.name()))
                    .help(format!("they have {}{more}", dims.join(", "))),
                );
                return None;
            }
        }
        Some(dim)
    }

    fn size(&mut self, size: &'d SizeExpr, what: &str, out: &mut Vec<Diagnostic>) -> Option<Size> {
        match size {
            SizeExpr::Number(n) => quantity::whole(n, 1, MAX_SIZE, what, out).map(Size::Count),
            SizeExpr::Name(name) => self.named(name, what, out),
            SizeExpr::Computed(expr) => self.computed(expr, what, out),
        }
    }

    /// A chain of operands as pairs: what binds tighter first, then from left to right.
    fn computed(&mut self, expr: &'d Expr, what: &str, out: &mut Vec<Diagnostic>) -> Option<Size> {
        let (first, rest) = match expr {
            Expr::Literal(n) => {
                let what = format!("a number in {what}");
                if n.expr.is_none() && n.unit.is_none() && n.value.fract() != 0.0 {
                    out.push(fraction(n, &what));
                    return None;
                }
                return quantity::whole(n, 1, MAX_SIZE, &what, out).map(Size::Count);
            }
            Expr::Name(name) => return self.named(name, what, out),
            Expr::Chain { first, rest, .. } => (first, rest),
        };
        let mut sum: Option<(Size, Sign)> = None;
        let mut product = self.computed(first, what, out);
        for (sign, operand) in rest {
            let next = self.computed(operand, what, out);
            let sign = match sign.node {
                Arith::Add => Sign::Add,
                Arith::Subtract => Sign::Subtract,
                Arith::Multiply => Sign::Multiply,
                Arith::Divide => Sign::Divide,
            };
            product = match sign {
                Sign::Multiply | Sign::Divide => joined(product, sign, next),
                Sign::Add | Sign::Subtract => {
                    sum = added(sum, product).map(|size| (size, sign));
                    next
                }
            };
        }
        added(sum, product)
    }

    fn named(&mut self, name: &'d Name, what: &str, out: &mut Vec<Diagnostic>) -> Option<Size> {
        match Dim::parse(&name.node) {
            Some(_) => {
                let dim = self.dim(name, out)?;
                if matches!(dim, Dim::YOut | Dim::XOut) {
                    out.push(
                        Diagnostic::error(
                            codes::DIMENSION,
                            format!("{what} cannot be `{}`", name.node),
                        )
                        .label(name.span, "an output extent depends on stride and padding")
                        .help("use a number, a knob, or a declared dimension such as R"),
                    );
                    return None;
                }
                Some(Size::Extent(dim))
            }
            None => {
                let Some(menu) = self.menu else {
                    return Some(Size::Knob(0));
                };
                if let Some(knob) = menu.find(&name.node) {
                    return Some(Size::Knob(knob));
                }
                self.lacking.entry(&name.node).or_insert(name.span);
                None
            }
        }
    }
}
