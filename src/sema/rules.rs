//! Whether dataflows have rules for all layers.

use super::parts::Parts;
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::dataflow::Dataflow;
use crate::ir::layer::Op;
use crate::ir::network::Network;
use crate::syntax::ast::{DesignDecl, Field, Item, NetworkBody, NetworkDecl, NetworkStmt};
use std::collections::BTreeSet;

/// A layer that needs a rule.
pub struct Wanted {
    name: String,
    span: Span,
    op: Op,
    /// The kind whose rule maps it.
    kind: Op,
}

/// The layers of a network.
pub fn of(network: &Network) -> Vec<Wanted> {
    let wanted = network.layers().map(|(_, node, shape)| Wanted {
        name: node.name.clone(),
        span: node.span,
        op: shape.op,
        kind: shape.mapped_as(),
    });
    wanted.collect()
}

/// The name of a network that is broken, and of its layers those whose kind is known all the same.
pub fn of_broken(item: &Item) -> (String, Vec<Wanted>) {
    const FIELDS: [&str; 6] = [
        "filters",
        "kernel",
        "stride",
        "pad",
        "dilation",
        "output_pad",
    ];
    let Item::Network(NetworkDecl {
        name,
        body: NetworkBody::Statements(statements),
        ..
    }) = item
    else {
        return Default::default();
    };
    let mut wanted = Vec::new();
    for statement in statements {
        let (name, op, fields, written_out) = match statement {
            NetworkStmt::Layer {
                name, op, fields, ..
            } => (name, op, fields, true),
            NetworkStmt::Call {
                name, op, fields, ..
            } => (name, op, fields, false),
            _ => continue,
        };
        let Some(op) = Op::parse(&op.node) else {
            continue;
        };
        // Groups make another kind of a convolution, and a field that is misspelt may be they.
        let plain = |f: &Field| FIELDS.contains(&f.name.node.as_str());
        let sure = match op {
            Op::Conv if written_out => true,
            Op::Conv | Op::TransposedConv => fields.iter().all(plain),
            Op::GroupedConv | Op::Gemm => written_out,
            Op::Depthwise | Op::Dense => true,
        };
        if sure {
            wanted.push(Wanted {
                name: name.node.clone(),
                span: name.span,
                op,
                kind: op,
            });
        }
    }
    (name.node.clone(), wanted)
}

/// Every layer of the network must be mapped by every dataflow it may choose.
pub fn exist(
    decl: &DesignDecl,
    parts: &Parts,
    (network, wanted): (String, Vec<Wanted>),
    dataflows: &[Dataflow],
    out: &mut Vec<Diagnostic>,
) {
    let place = parts
        .settings
        .get("dataflow")
        .map(|(_, v)| v.span())
        .or(parts.dataflow_in.map(|(_, s)| s))
        .unwrap_or(decl.name.span);
    for dataflow in dataflows {
        let mut reported = BTreeSet::new();
        let own = dataflow.rules_by_layer();
        for layer in &wanted {
            let (name, kind) = (&layer.name, layer.kind);
            let mapped = own.contains_key(name.as_str()) || dataflow.rule(kind).is_some();
            if !mapped && reported.insert(kind) {
                let kind_of_layer = match layer.op {
                    op if op == kind => format!("a `{}` layer", op.name()),
                    op => format!("a `{}` layer in groups", op.name()),
                };
                out.push(
                    Diagnostic::error(
                        codes::NO_RULE,
                        format!(
                            "dataflow `{}` does not map `{}` layers",
                            dataflow.name,
                            kind.name()
                        ),
                    )
                    .label(place, format!("network `{network}` needs it for `{name}`"))
                    .label(layer.span, kind_of_layer)
                    .label(dataflow.span, "no `for` block for this kind in here")
                    .help(format!("add `for {} {{ … }}` to the dataflow", kind.name())),
                );
            }
        }
    }
}
