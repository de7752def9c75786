//! Layers whose bounds are known, as statements of the language.

use crate::base::span::{Span, Spanned};
use crate::ir::dim::Dim;
use crate::ir::layer::LayerShape;
use crate::syntax::ast::{Field, Name, NetworkStmt, Number, Value};

fn number(value: u64, at: Span) -> Number {
    Number {
        value: value as f64,
        integer: Some(value),
        unit: None,
        expr: None,
        span: at,
    }
}

fn field(name: &str, value: Value, at: Span) -> Field {
    Field {
        name: Name::new(name.to_string(), at),
        value,
        span: at,
    }
}

fn pair(name: &str, pair: [u64; 2], at: Span) -> Field {
    let pair = pair.map(|v| number(v, at));
    field(name, Value::Pair(Spanned::new(pair, at)), at)
}

/// A `layer` statement; what has its default is left out.
pub fn layer(name: Name, shape: &LayerShape, at: Span) -> NetworkStmt {
    let mut fields = Vec::new();
    let declared: Vec<Dim> = shape.op.dims().to_vec();
    for dim in declared.into_iter().filter(|&d| shape.bounds[d] > 0) {
        let value = Value::Number(number(shape.bounds[dim], at));
        fields.push(field(dim.name(), value, at));
    }
    if shape.stride != [1, 1] {
        fields.push(pair("stride", shape.stride, at));
    }
    let pad = [
        shape.pad.top,
        shape.pad.bottom,
        shape.pad.left,
        shape.pad.right,
    ];
    if pad != [0; 4] {
        let list = pad.map(|v| Value::Number(number(v, at))).to_vec();
        fields.push(field("pad", Value::List(Spanned::new(list, at)), at));
    }
    if shape.dilation != [1, 1] {
        fields.push(pair("dilation", shape.dilation, at));
    }
    if shape.output_pad != [0, 0] {
        fields.push(pair("output_pad", shape.output_pad, at));
    }
    NetworkStmt::Layer {
        name,
        op: Name::new(shape.op.name().to_string(), at),
        fields,
        span: at,
    }
}

/// One layer takes from another.
pub struct Edge {
    /// The producer.
    pub from: Name,
    /// The consumer.
    pub to: Name,
}

impl Edge {
    /// `from -> to`
    pub fn statement(self, at: Span) -> NetworkStmt {
        NetworkStmt::Edges {
            chain: vec![self.from, self.to],
            span: at,
        }
    }
}
