//! `dataflow` blocks: directives and levels, with knobs bound to a menu.

use super::fields::{self, remedy};
use super::quantity;
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::dataflow::{ClusterLevel, Dataflow, Directive, MapKind, Rule, Size};
use crate::ir::dim::Dim;
use crate::ir::layer::Op;
use crate::ir::menu::Menu;
use crate::syntax::ast::{DataflowDecl, DirectiveDecl, LevelStmt, Name, RuleDecl, SizeExpr};

/// The largest tile or cluster that is accepted.
const MAX_SIZE: u64 = super::network::MAX_EXTENT;

/// Checks a dataflow that no design has bound to a menu yet: any knob name will do.
pub fn check(decl: &DataflowDecl, out: &mut Vec<Diagnostic>) {
    lower(decl, None, out);
}

/// Lowers a dataflow with its knobs bound to `menu`. `None` if it has errors.
pub fn lower(
    decl: &DataflowDecl,
    menu: Option<&Menu>,
    out: &mut Vec<Diagnostic>,
) -> Option<Dataflow> {
    let before = out.len();
    let mut rules: Vec<Rule> = Vec::new();
    for rule in &decl.rules {
        let ops = ops(rule, &rules, out);
        let context = Context { menu, ops: &ops };
        let mut levels = Vec::new();
        context.level(&rule.body, None, rule.span, &mut levels, out);
        let span = rule.ops.first().map_or(rule.span, |n| n.span);
        rules.push(Rule { ops, levels, span });
    }
    if rules.is_empty() {
        out.push(
            Diagnostic::error(
                codes::LEVELS,
                format!("dataflow `{}` maps no kind of layer", decl.name.node),
            )
            .label(decl.name.span, "no `for` block in it")
            .help("add e.g. `for conv { spatial K by 4  temporal C by 1 }`"),
        );
    }
    (out.len() == before).then(|| Dataflow {
        name: decl.name.node.clone(),
        rules,
        span: decl.name.span,
    })
}

/// The layer kinds of a rule; each may have one rule only.
fn ops(rule: &RuleDecl, earlier: &[Rule], out: &mut Vec<Diagnostic>) -> Vec<Op> {
    let known: Vec<&str> = Op::ALL.iter().map(|o| o.name()).collect();
    let mut ops: Vec<Op> = Vec::new();
    for name in &rule.ops {
        let Some(op) = Op::parse(&name.node) else {
            out.push(fields::unknown("kind of layer", name, &known));
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

struct Context<'a> {
    menu: Option<&'a Menu>,
    ops: &'a [Op],
}

impl Context<'_> {
    fn level(
        &self,
        body: &[LevelStmt],
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
        if levels[at].directives.is_empty() {
            out.push(
                Diagnostic::error(codes::LEVELS, "a level without directives")
                    .label(span, "nothing is mapped at this level")
                    .help("say what is spread or walked here, e.g. `spatial K by 1`"),
            );
        }
    }

    fn directive(&self, decl: &DirectiveDecl, out: &mut Vec<Diagnostic>) -> Option<Directive> {
        let dim = self.dim(&decl.dim, out);
        let size = self.size(&decl.size, "a tile size", out);
        let step = match &decl.step {
            Some(step) => self.size(step, "a step", out),
            None => size,
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
                _ => op.dims().contains(&dim),
            };
            if !has {
                let dims: Vec<&str> = op.dims().iter().map(|d| d.name()).collect();
                let rows = if op.slides() { ", Y', X'" } else { "" };
                out.push(
                    Diagnostic::error(
                        codes::DIMENSION,
                        format!("`{}` layers have no dimension {}", op.name(), dim.name()),
                    )
                    .label(name.span, format!("not a dimension of `{}`", op.name()))
                    .help(format!("they have {}{rows}", dims.join(", "))),
                );
                return None;
            }
        }
        Some(dim)
    }

    fn size(&self, size: &SizeExpr, what: &str, out: &mut Vec<Diagnostic>) -> Option<Size> {
        match size {
            SizeExpr::Number(n) => quantity::whole(n, 1, MAX_SIZE, what, out).map(Size::Count),
            SizeExpr::Name(name) if Dim::parse(&name.node).is_some() => {
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
            SizeExpr::Name(name) => {
                let Some(menu) = self.menu else {
                    return Some(Size::Knob(0));
                };
                if let Some(knob) = menu.find(&name.node) {
                    return Some(Size::Knob(knob));
                }
                let known: Vec<&str> = menu.knobs.iter().map(|k| k.name.as_str()).collect();
                let diagnostic = Diagnostic::error(
                    codes::UNKNOWN_KNOB,
                    format!("menu `{}` has no knob `{}`", menu.name, name.node),
                )
                .label(name.span, "the dataflow reads this knob")
                .label(menu.span, "the design's menu does not have it");
                out.push(remedy(diagnostic, name, &known));
                None
            }
        }
    }
}
