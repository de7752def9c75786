//! Networks.

use super::{Builder, parts};
use crate::base::span::{Span, Spanned};
use crate::syntax::ast::{DimDecl, Field, FromFile, NetworkBody, NetworkDecl, NetworkStmt};
use crate::syntax::errors::{Context, Place};
use crate::syntax::grammar::Rule;
use pest::iterators::Pair;

impl Builder<'_> {
    pub(super) fn network(&mut self, rest: Pair<Rule>, keyword: Span) -> Option<NetworkDecl> {
        let span = keyword.to(self.span(&rest));
        let head = self.head(rest, "network", keyword);
        let place = head.place("network", keyword);
        let unchecked = head
            .tail
            .iter()
            .find(|p| p.as_rule() == Rule::unchecked)
            .map(|p| self.span(p));
        let from = head
            .tail
            .iter()
            .find(|p| p.as_rule() == Rule::quoted)
            .map(|p| self.quoted(p));
        let dims = head.tail.iter().find(|p| p.as_rule() == Rule::dims_block);
        let dims = dims.cloned().map(|p| self.dims(p, place.clone()));
        let body = match (from, head.block) {
            (Some(path), _) => NetworkBody::From(FromFile {
                path,
                dims: dims.unwrap_or_default(),
            }),
            (None, Some(block)) => NetworkBody::Statements(self.network_stmts(block, place)),
            (None, None) => return None,
        };
        Some(NetworkDecl {
            name: head.name?,
            unchecked,
            body,
            span,
        })
    }

    fn dims(&mut self, block: Pair<Rule>, place: Place) -> Vec<DimDecl> {
        self.statements(block, Context::Dims, Some(place), &mut |builder, pair| {
            let mut inner = parts(pair);
            let name = builder.node(inner.next()?);
            let value = builder.amount(inner.next()?)?;
            Some(DimDecl { name, value })
        })
    }

    fn network_stmts(&mut self, block: Pair<Rule>, place: Place) -> Vec<NetworkStmt> {
        let place = Some(place);
        self.statements(block, Context::Network, place, &mut Self::network_stmt)
    }

    fn network_stmt(&mut self, pair: Pair<Rule>) -> Option<NetworkStmt> {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let mut parts_of = parts(pair);
        let name = self.node(parts_of.next()?);
        Some(match rule {
            Rule::input_stmt => {
                let shape = parts_of.next()?;
                let place = self.span(&shape);
                let extents = parts(shape).filter_map(|p| self.amount(p)).collect();
                NetworkStmt::Input {
                    name,
                    shape: Spanned::new(extents, place),
                    span,
                }
            }
            Rule::layer_stmt => {
                let op = self.word(&parts_of.next()?);
                let fields = self.layer_fields(parts_of.next(), &name.node, name.span);
                NetworkStmt::Layer {
                    name,
                    op,
                    fields,
                    span,
                }
            }
            Rule::call_stmt => {
                let op = self.word(&parts_of.next()?);
                let args = parts(parts_of.next()?).map(|p| self.node(p)).collect();
                let fields = self.layer_fields(parts_of.next(), &name.node, name.span);
                NetworkStmt::Call {
                    name,
                    op,
                    args,
                    fields,
                    span,
                }
            }
            _ => {
                let mut chain = vec![name];
                chain.extend(parts_of.map(|p| self.node(p)));
                NetworkStmt::Edges { chain, span }
            }
        })
    }

    fn layer_fields(&mut self, fields: Option<Pair<Rule>>, layer: &str, span: Span) -> Vec<Field> {
        let place = Place {
            text: format!("in layer `{layer}`"),
            span,
        };
        fields.map_or(Vec::new(), |p| self.fields(p, place))
    }
}
