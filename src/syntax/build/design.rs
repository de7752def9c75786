//! Designs.

use super::{Builder, end_of, parts};
use crate::base::span::{Span, Spanned};
use crate::syntax::ast::{DesignDecl, DesignStmt, StageDecl};
use crate::syntax::errors::{Context, Place};
use crate::syntax::grammar::Rule;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn design(&mut self, rest: Pair<Rule>, keyword: Span) -> Option<DesignDecl> {
        let span = keyword.to(self.span(&rest));
        let head = self.head(rest, "design", keyword);
        let place = head.place("design", keyword);
        let extends = self.extends(head.tail);
        let stmts = self.statements(
            head.block?,
            Context::Design,
            Some(place),
            &mut Self::design_stmt,
        );
        Some(DesignDecl {
            name: head.name?,
            extends,
            stmts,
            span,
        })
    }

    fn design_stmt(&mut self, pair: Pair<Rule>) -> Option<DesignStmt> {
        let span = self.span(&pair);
        Some(match pair.as_rule() {
            Rule::dataflow_in => {
                let mut inner = pair.into_inner();
                let keyword = self.span(&inner.next()?);
                let choices = inner.find(|p| p.as_rule() == Rule::paths)?;
                let choices = parts(choices).filter_map(|p| self.call(p)).collect();
                DesignStmt::DataflowIn {
                    keyword,
                    choices,
                    span,
                }
            }
            Rule::objective => {
                let mut parts = parts(pair);
                let sense = parts.next()?;
                let maximize = Spanned::new(sense.as_str() == "maximize", self.span(&sense));
                DesignStmt::Objective {
                    maximize,
                    metric: self.word(&parts.next()?),
                }
            }
            Rule::search_stmt => {
                let stages = parts(pair).filter_map(|p| self.stage(p)).collect();
                DesignStmt::Search { stages, span }
            }
            Rule::pin_stmt => {
                let mut parts = parts(pair);
                let layer = self.node(parts.next()?);
                let place = Place {
                    text: format!("in the pin of `{}`", layer.node),
                    span: layer.span,
                };
                let fields = parts.next().map(|p| self.fields(p, place));
                DesignStmt::Pin {
                    layer,
                    fields,
                    span,
                }
            }
            Rule::precision_stmt => {
                let place = Place {
                    text: "in `precision`".to_string(),
                    span,
                };
                let fields = self.fields(parts(pair).next()?, place);
                DesignStmt::Precision { fields, span }
            }
            Rule::stop_stmt => DesignStmt::Stop(self.condition(parts(pair).next()?, span)?),
            Rule::expect_stmt => DesignStmt::Expect(self.expect(pair, span)?),
            _ => {
                let mut parts = parts(pair);
                let key = self.word(&parts.next()?);
                DesignStmt::Setting {
                    key,
                    value: self.value(parts.next()?)?,
                }
            }
        })
    }

    fn stage(&mut self, pair: Pair<Rule>) -> Option<StageDecl> {
        let span = self.place(pair.as_span().start(), end_of(&pair));
        let mut parts = parts(pair);
        let method = self.word(&parts.next()?);
        let place = Place {
            text: format!("in search `{}`", method.node),
            span: method.span,
        };
        let fields = parts.next().map_or(Vec::new(), |p| self.fields(p, place));
        Some(StageDecl {
            method,
            fields,
            span,
        })
    }
}
