//! Dataflows, menus, budgets and technologies.

use super::{Builder, parts};
use crate::base::span::Span;
use crate::syntax::ast::{
    BudgetDecl, DataflowDecl, DirectiveDecl, KnobDecl, LevelStmt, MenuDecl, RuleDecl,
    TechnologyDecl, TechnologyStmt,
};
use crate::syntax::errors::{Context, Place};
use crate::syntax::grammar::Rule;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn dataflow(&mut self, rest: Pair<Rule>, keyword: Span) -> Option<DataflowDecl> {
        let span = keyword.to(self.span(&rest));
        let head = self.head(rest, "dataflow", keyword);
        let place = head.place("dataflow", keyword);
        let params = self.params(&head.tail);
        let from = head.tail.iter().find(|p| p.as_rule() == Rule::quoted);
        let from = from.map(|p| self.quoted(p));
        if from.is_none() && head.block.is_none() {
            return None;
        }
        let rules = head.block.map_or(Vec::new(), |block| {
            self.statements(block, Context::Dataflow, Some(place), &mut Self::rule)
        });
        Some(DataflowDecl {
            name: head.name?,
            params,
            from,
            rules,
            span,
        })
    }

    fn rule(&mut self, pair: Pair<Rule>) -> Option<RuleDecl> {
        let span = self.span(&pair);
        let place = Place {
            text: "in this `for` block".into(),
            span: self.keyword(&pair),
        };
        let (mut ops, mut layers, mut body) = (Vec::new(), Vec::new(), Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::nodes => layers = parts(part).map(|p| self.node(p)).collect(),
                Rule::kinds => ops = parts(part).map(|p| self.word(&p)).collect(),
                Rule::bad_head => self.bad_inner_head(&part, "for", Rule::head_rule, &place),
                Rule::level_block => body = self.level(part, &place),
                _ => {}
            }
        }
        // A rule for no layer would be taken for one that applies nowhere.
        (!ops.is_empty() || !layers.is_empty()).then_some(RuleDecl {
            ops,
            layers,
            body,
            span,
        })
    }

    fn level(&mut self, block: Pair<Rule>, place: &Place) -> Vec<LevelStmt> {
        let place = Some(place.clone());
        self.statements(
            block,
            Context::Level,
            place,
            &mut |builder, pair| match pair.as_rule() {
                Rule::cluster => builder.cluster(pair),
                _ => builder.directive(pair).map(LevelStmt::Directive),
            },
        )
    }

    fn cluster(&mut self, pair: Pair<Rule>) -> Option<LevelStmt> {
        let span = self.span(&pair);
        let place = Place {
            text: "in this cluster".into(),
            span: self.keyword(&pair),
        };
        let (mut size, mut body) = (None, Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::size => size = self.size(part),
                Rule::bad_head => self.bad_inner_head(&part, "cluster", Rule::head_cluster, &place),
                Rule::level_block => body = self.level(part, &place),
                _ => {}
            }
        }
        Some(LevelStmt::Cluster {
            size: size?,
            body,
            span,
        })
    }

    fn directive(&mut self, pair: Pair<Rule>) -> Option<DirectiveDecl> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let spatial = parts.next()?.as_str() == "spatial";
        let dim = self.word(&parts.next()?);
        let size = self.size(parts.next()?)?;
        let step = parts.next().and_then(|p| self.size(p));
        Some(DirectiveDecl {
            spatial,
            dim,
            size,
            step,
            span,
        })
    }

    pub(super) fn menu(&mut self, rest: Pair<Rule>, keyword: Span) -> Option<MenuDecl> {
        let span = keyword.to(self.span(&rest));
        let head = self.head(rest, "menu", keyword);
        let place = head.place("menu", keyword);
        let params = self.params(&head.tail);
        let knobs = self.statements(head.block?, Context::Menu, Some(place), &mut Self::knob);
        Some(MenuDecl {
            name: head.name?,
            params,
            knobs,
            span,
        })
    }

    fn knob(&mut self, pair: Pair<Rule>) -> Option<KnobDecl> {
        let span = self.span(&pair);
        let (mut refine, mut name, mut values, mut per_layer) = (None, None, None, None);
        for part in parts(pair) {
            match part.as_rule() {
                Rule::refine_mark => refine = Some(self.span(&part)),
                Rule::knob_name => name = Some(self.word(&part)),
                Rule::per_layer => per_layer = Some(self.span(&part)),
                _ => values = self.value(part),
            }
        }
        Some(KnobDecl {
            refine,
            name: name?,
            values: values?,
            per_layer,
            span,
        })
    }

    pub(super) fn budget(&mut self, rest: Pair<Rule>, keyword: Span) -> Option<BudgetDecl> {
        let span = keyword.to(self.span(&rest));
        let head = self.head(rest, "budget", keyword);
        let place = head.place("budget", keyword);
        let limits = self.statements(
            head.block?,
            Context::Budget,
            Some(place),
            &mut |builder, pair| {
                let span = builder.span(&pair);
                builder.condition(pair, span)
            },
        );
        Some(BudgetDecl {
            name: head.name?,
            limits,
            span,
        })
    }

    pub(super) fn technology(&mut self, rest: Pair<Rule>, keyword: Span) -> Option<TechnologyDecl> {
        let span = keyword.to(self.span(&rest));
        let head = self.head(rest, "technology", keyword);
        let place = Some(head.place("technology", keyword));
        let extends = self.extends(head.tail);
        let stmts = self.statements(
            head.block?,
            Context::Technology,
            place,
            &mut Self::technology_stmt,
        );
        Some(TechnologyDecl {
            name: head.name?,
            extends,
            stmts,
            span,
        })
    }

    fn technology_stmt(&mut self, pair: Pair<Rule>) -> Option<TechnologyStmt> {
        let rule = pair.as_rule();
        let mut parts = parts(pair);
        let first = parts.next()?;
        if rule == Rule::source_stmt {
            return Some(TechnologyStmt::Source(self.quoted(&first)));
        }
        let name = self.word(&first);
        let second = parts.next()?;
        Some(if rule == Rule::group_stmt {
            let place = Place {
                text: format!("in group `{}`", name.node),
                span: name.span,
            };
            TechnologyStmt::Group {
                fields: self.fields(second, place),
                name,
            }
        } else {
            let place = Place {
                text: format!("behind `{}`", name.node),
                span: name.span,
            };
            TechnologyStmt::Scalar {
                name,
                value: self.amount(second)?,
                fields: parts.next().map_or(Vec::new(), |p| self.fields(p, place)),
            }
        })
    }

    /// The place of a block's first token.
    fn keyword(&self, pair: &Pair<Rule>) -> Span {
        pair.clone()
            .into_inner()
            .next()
            .map_or_else(|| self.span(pair), |p| self.span(&p))
    }
}
