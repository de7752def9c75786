//! A mapping file as written: layers and directives.

use super::parser::short;
use super::tokens::Token;
use crate::base::span::Span;
use crate::syntax::ast::{DirectiveDecl, Number, SizeExpr};

/// A dimension and the number given for it.
pub type Pair<'t> = (Token<'t>, Number);

/// A line of a dataflow.
#[derive(Debug, Clone)]
pub enum Step {
    /// `SpatialMap(2, 1) K`
    Map(DirectiveDecl),
    /// `Cluster(8, P)`: what follows happens inside of it.
    Cluster(SizeExpr, Span),
}

/// A layer as written.
#[derive(Debug, Clone)]
pub struct Layer<'t> {
    /// `Layer NAME`
    pub name: Token<'t>,
    /// `Type: CONV`
    pub kind: Option<Token<'t>>,
    /// `Stride { X: 2, Y: 2 }`
    pub strides: Vec<Pair<'t>>,
    /// `Dimensions { K: 64, … }`
    pub dims: Vec<Pair<'t>>,
    /// `Dataflow { … }`; a layer without one takes that of the layer before.
    pub dataflow: Option<Vec<Step>>,
    /// Its parts but the dataflow.
    pub span: Span,
    /// Its dataflows, or its name if it has none.
    pub mapping: Span,
    /// Dimensions with a number that could not be read, and where that stands.
    pub unread: Vec<(Token<'t>, Span)>,
    /// Whether something else but the dataflow could not be read: nothing is missing for sure.
    pub damaged: bool,
    /// Whether some of the dataflow could not be read.
    pub mapping_damaged: bool,
}

impl Layer<'_> {
    /// What messages call it.
    pub fn called(&self) -> String {
        match short(self.name.text) {
            "" => "this layer".to_string(),
            name => format!("layer `{name}`"),
        }
    }

    /// Whether a dimension that seems to be missing may be one that could not be read.
    pub fn may_have(&self, dim: &str) -> bool {
        self.damaged || self.unread.iter().any(|(unread, _)| unread.text == dim)
    }
}

/// A file as written.
#[derive(Debug, Default)]
pub struct Parsed<'t> {
    /// `Network NAME`, of the first one.
    pub network: Option<Token<'t>>,
    /// The layers of all networks in their order.
    pub layers: Vec<Layer<'t>>,
}
