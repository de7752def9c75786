//! `pin` lines: choices made elsewhere for one layer.

use super::arguments::Instance;
use super::fields::{of_node, unknown, wrong};
use super::menu::find_knob;
use super::quantity;
use super::scope::{Kind, Program};
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::ir::menu::Menu;
use crate::ir::network::{Network, NodeKind};
use crate::ir::problem::{Deployment, Layer, Pin};
use crate::syntax::ast::{Field, Name, Value};
use std::collections::BTreeMap;

/// A `pin` line.
pub struct Written<'a> {
    pub layer: &'a Name,
    /// `None` if it only drops what the design would have from the one it extends.
    pub fields: Option<&'a [Field]>,
    pub span: Span,
}

/// What pins are checked against. What is `None` is broken and reported already; the rest is
/// checked all the same.
pub struct Context<'a> {
    pub network: Option<(&'a Network, &'a [Layer])>,
    /// Names of its layers, where the network itself is broken.
    pub names: Option<&'a [String]>,
    pub menu: Option<&'a Menu>,
    /// The dataflows of the design, in order.
    pub dataflows: Option<&'a [Instance]>,
    pub deployment: Deployment,
}

/// Lowers the pins of a design.
pub fn lower(program: &mut Program, written: &[Written], context: &Context) -> Vec<Pin> {
    let mut index: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, layer) in context.network.iter().flat_map(|n| n.1).enumerate() {
        index.insert(&layer.name, i);
    }
    let mut first: BTreeMap<&str, Span> = BTreeMap::new();
    let mut pins = Vec::new();
    for (i, pin) in written.iter().enumerate() {
        let name = pin.layer.node.as_str();
        if let Some(earlier) = first.get(name) {
            program.diagnostics.push(twice(
                &format!("`{name}` is pinned twice"),
                pin.layer.span,
                *earlier,
            ));
        }
        first.entry(name).or_insert(pin.layer.span);
        let Some(fixed) = pin.fields else { continue };
        if let (Some((network, layers)), None) = (context.network, index.get(name)) {
            // Beyond the first few, nobody reads on, and every look for a near name takes time.
            let known = if i < 50 {
                layers
            } else {
                &layers[..layers.len().min(8)]
            };
            program
                .diagnostics
                .push(no_layer(pin.layer, network, known));
        }
        if let (None, Some(names)) = (context.network, context.names)
            && !names.iter().any(|n| n == name)
        {
            let few = if i < 50 { names.len() } else { 8 };
            let known: Vec<&str> = names.iter().take(few).map(String::as_str).collect();
            program
                .diagnostics
                .push(of_node(unknown("layer", pin.layer, &known)));
        }
        let mut lowered = Pin {
            layer: index.get(name).copied().unwrap_or(0),
            knobs: Vec::new(),
            dataflow: None,
            span: pin.span,
        };
        fields(program, pin, fixed, context, &mut lowered);
        pins.push(lowered);
    }
    pins
}

fn twice(message: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error(codes::DUPLICATE_FIELD, message)
        .label(again, "given again here")
        .label(first, "first given here")
        .help("keep one of the two")
}

fn no_layer(name: &Name, network: &Network, layers: &[Layer]) -> Diagnostic {
    let free = network.graph.node_weights().find(|n| n.name == name.node);
    match free {
        Some(node) if !matches!(node.kind, NodeKind::Layer(_)) => Diagnostic::error(
            codes::WRONG_KIND,
            format!(
                "`{}` costs nothing on the array: there is nothing to pin",
                name.node
            ),
        )
        .label(name.span, "not a layer with PEs")
        .label(node.span, "declared here")
        .help("pin a convolution, dense or matrix layer"),
        _ => {
            let known: Vec<&str> = layers.iter().map(|l| l.name.as_str()).collect();
            let mut diagnostic = unknown("layer", name, &known);
            diagnostic.message = format!("network `{}` has no layer `{}`", network.name, name.node);
            of_node(diagnostic)
        }
    }
}

fn fields(
    program: &mut Program,
    pin: &Written,
    fixed: &[Field],
    context: &Context,
    lowered: &mut Pin,
) {
    for (i, field) in fixed.iter().enumerate() {
        let earlier = fixed[..i].iter().find(|f| f.name.node == field.name.node);
        if let Some(earlier) = earlier {
            program.diagnostics.push(twice(
                &format!("`{}` is given twice in this pin", field.name.node),
                field.name.span,
                earlier.name.span,
            ));
        } else if field.name.node == "dataflow" {
            lowered.dataflow = dataflow(program, field, context);
        } else if let Some(menu) = context.menu
            && let Some(at) = find_knob(menu, &field.name, &mut program.diagnostics)
        {
            lowered.knobs.extend(knob(
                field,
                at,
                menu,
                context.deployment,
                &mut program.diagnostics,
            ));
        }
    }
    if fixed.is_empty() {
        program.diagnostics.push(
            Diagnostic::error(
                codes::MISSING_FIELD,
                format!("the pin of `{}` fixes nothing", pin.layer.node),
            )
            .label(pin.span, "no knob in it")
            .help("say what is fixed, e.g. `{ pes = 16 }`, or remove the line; a pin of the design that is extended is dropped with `none`"),
        );
    }
}

/// The place of a pinned dataflow among those of the design.
fn dataflow(program: &mut Program, field: &Field, context: &Context) -> Option<usize> {
    let Value::Path(path) = &field.value else {
        program.diagnostics.push(wrong(
            field.value.span(),
            "`dataflow`",
            "the name of a dataflow",
            "dataflow = nvdla",
        ));
        return None;
    };
    let found = program.instance(path, Kind::Dataflow)?;
    let choices = context.dataflows?;
    let same = |c: &Instance| c.at == found.at && c.given == found.given;
    let at = choices.iter().position(same);
    if at.is_none() {
        program
            .diagnostics
            .push(not_chosen(&found.name, path.span, choices));
    }
    at
}

fn not_chosen(name: &str, at: Span, choices: &[Instance]) -> Diagnostic {
    let names: Vec<&str> = choices.iter().map(|c| c.name.as_str()).collect();
    Diagnostic::error(
        codes::PIN_OUTSIDE,
        format!("the design does not use dataflow `{name}`"),
    )
    .label(at, "not among the design's dataflows")
    .help(format!("pin one of: {}", names.join(", ")))
}

fn knob(
    field: &Field,
    knob: usize,
    menu: &Menu,
    deployment: Deployment,
    out: &mut Vec<Diagnostic>,
) -> Option<(usize, u64)> {
    let spec = &menu.knobs[knob];
    let Value::Number(number) = &field.value else {
        out.push(wrong(
            field.value.span(),
            &format!("`{}`", spec.name),
            "a whole number",
            &format!("{} = {}", spec.name, spec.levels.first().unwrap_or(&1)),
        ));
        return None;
    };
    let value = quantity::whole(
        number,
        1,
        super::window::MAX_EXTENT,
        &format!("`{}`", spec.name),
        out,
    )?;
    if deployment == Deployment::Sequential && !spec.per_layer {
        let diagnostic = Diagnostic::error(
            codes::PIN_OUTSIDE,
            format!(
                "`{}` cannot be pinned for one layer of a sequential design",
                spec.name
            ),
        )
        .label(field.span, "one engine serves all layers")
        .label(spec.span, "this knob is chosen once");
        let one = format!("leave one level in the menu: `{} in [{value}]`", spec.name);
        out.push(diagnostic.help(if knob == Menu::PES {
            one
        } else {
            format!("{one}, or declare `{} in … per layer`", spec.name)
        }));
        return None;
    }
    let values = spec.values();
    if values.contains(&value) {
        return Some((knob, value));
    }
    let near = values.iter().min_by_key(|v| v.abs_diff(value)).copied()?;
    let (smallest, largest) = (values.first()?, values.last()?);
    let levels = match values.len() {
        1..=12 => {
            let all: Vec<String> = values.iter().map(u64::to_string).collect();
            format!("its levels: {}", all.join(", "))
        }
        n => format!("{n} levels from {smallest} to {largest}"),
    };
    out.push(
        Diagnostic::error(
            codes::PIN_OUTSIDE,
            format!("the menu has no `{}` of {value}", spec.name),
        )
        .label(number.span, "outside the menu")
        .label(spec.span, levels)
        .help(format!(
            "the nearest level is {near}; to allow {value}, add it to the menu"
        ))
        .suggest(number.span, near.to_string()),
    );
    None
}
