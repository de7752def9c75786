//! What extends something else: technologies and designs.

use super::cascade;
use super::fields::{of_node, remedy};
use super::kind::Kind;
use super::scope::{Program, Ref};
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{DesignDecl, DesignStmt, Item, Name, Path};

/// A design with the statements of all designs it extends. What it says itself takes the place of
/// what they say of the same: a setting of the same word, the search, a pin of the same layer.
/// Expectations are of one decision and are not passed on. `None` if what it extends is not there.
pub fn design(program: &mut Program, at: Ref, decl: &DesignDecl) -> Option<DesignDecl> {
    let mut whole = decl.clone();
    // What it says and does not have from what it extends, and what the nearer of these say.
    let mut new: Vec<DesignStmt> = decl.stmts.clone();
    let mut nearer: Vec<DesignStmt> = Vec::new();
    let mut extended = None;
    let mut whole_chain = true;
    let mut below = vec![at];
    let mut next = decl.extends.clone();
    while let Some(path) = next {
        let Some(base) = program.resolve(&path, Kind::Design) else {
            // What it says itself can be checked all the same.
            program.incomplete.push(decl.span);
            whole_chain = false;
            break;
        };
        if let Some(start) = below.iter().position(|&b| b == base) {
            circle(program, Kind::Design, &below[start..]);
            return None;
        }
        let Item::Design(base_decl) = program.item(base).clone() else {
            return None;
        };
        if cascade::within(&program.damage, base_decl.span) {
            program.incomplete.push(decl.span);
        }
        if base.module() == at.module() {
            extended = extended.or((below.len() == 1).then_some(path.span));
            let mut passed_on = base_decl.stmts.clone();
            passed_on.retain(|stmt| !nearer.iter().any(|n| same(n, stmt)));
            new.retain(|own| !passed_on.iter().any(|stmt| alike(program, own, stmt)));
        }
        nearer.extend(base_decl.stmts.iter().cloned());
        let kept = base_decl.stmts.into_iter().filter(|stmt| {
            let replaced = whole.stmts.iter().any(|own| same(own, stmt));
            !replaced && !matches!(stmt, DesignStmt::Expect(_))
        });
        whole.stmts = kept.chain(whole.stmts.iter().cloned()).collect();
        below.push(base);
        next = base_decl.extends;
    }
    let found = program.diagnostics.len();
    if whole_chain {
        let dropped = decl.stmts.iter().filter_map(|own| no_pin(own, &nearer));
        program.diagnostics.extend(dropped);
    }
    let sound = program.diagnostics.len() == found;
    if let Some(extended) = extended.filter(|_| sound && new.is_empty()) {
        let diagnostic = Diagnostic::warning(
            codes::SAME_DESIGN,
            format!("design `{}` changes nothing", decl.name.node),
        )
        .label(decl.name.span, "decides the same once more")
        .label(extended, "the design it extends");
        let repeated = decl.stmts.first().and_then(place);
        let diagnostic = match repeated {
            Some(span) => diagnostic.label(span, "what the other design says, too"),
            None => diagnostic,
        };
        let help = "say what is different, e.g. `budget small`, or remove it";
        program.diagnostics.push(diagnostic.help(help));
    }
    Some(whole)
}

/// A pin that is dropped and that none of the statements that are passed on makes, the nearest first.
fn no_pin(own: &DesignStmt, passed_on: &[DesignStmt]) -> Option<Diagnostic> {
    let DesignStmt::Pin {
        layer,
        fields: None,
        ..
    } = own
    else {
        return None;
    };
    let mut pinned: Vec<&str> = Vec::new();
    let mut dropped: Vec<&str> = Vec::new();
    for stmt in passed_on {
        let DesignStmt::Pin { layer, fields, .. } = stmt else {
            continue;
        };
        let name = layer.node.as_str();
        match fields {
            Some(_) if !dropped.contains(&name) => pinned.push(name),
            _ => dropped.push(name),
        }
    }
    if pinned.contains(&layer.node.as_str()) {
        return None;
    }
    let message = format!("there is no pin of `{}` to drop", layer.node);
    let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, message)
        .label(layer.span, "no design that this one extends pins it");
    Some(match pinned.is_empty() {
        true => diagnostic.help("leave the line out: a layer without a pin chooses for itself"),
        false => of_node(remedy(diagnostic, layer, &pinned)),
    })
}

/// Whether two statements of one file are written alike. No expectation is: each is of one decision.
fn alike(program: &Program, a: &DesignStmt, b: &DesignStmt) -> bool {
    let words = |stmt| place(stmt).map(|span| program.sources.slice(span).split_whitespace());
    words(a).zip(words(b)).is_some_and(|(a, b)| a.eq(b))
}

/// Where a statement that is passed on stands.
fn place(stmt: &DesignStmt) -> Option<Span> {
    Some(match stmt {
        DesignStmt::Setting { key, value } => key.span.to(value.span()),
        DesignStmt::Objective { maximize, metric } => maximize.span.to(metric.span),
        DesignStmt::DataflowIn { span, .. }
        | DesignStmt::Search { span, .. }
        | DesignStmt::Pin { span, .. }
        | DesignStmt::Precision { span, .. } => *span,
        DesignStmt::Stop(condition) => condition.span,
        DesignStmt::Expect(_) => return None,
    })
}

/// Whether two statements are about the same, so that a design has one of them.
fn same(a: &DesignStmt, b: &DesignStmt) -> bool {
    use DesignStmt::{DataflowIn, Objective, Pin, Precision, Search, Setting, Stop};
    let dataflow = |key: &Name| key.node == "dataflow";
    let precision = |key: &Name| key.node == "precision";
    match (a, b) {
        (Setting { key: a, .. }, Setting { key: b, .. }) => a.node == b.node,
        (Setting { key, .. }, DataflowIn { .. }) | (DataflowIn { .. }, Setting { key, .. }) => {
            dataflow(key)
        }
        // `precision int16` is short for the block.
        (Setting { key, .. }, Precision { .. }) | (Precision { .. }, Setting { key, .. }) => {
            precision(key)
        }
        (Pin { layer: a, .. }, Pin { layer: b, .. }) => a.node == b.node,
        (DataflowIn { .. }, DataflowIn { .. })
        | (Objective { .. }, Objective { .. })
        | (Search { .. }, Search { .. })
        | (Precision { .. }, Precision { .. })
        | (Stop(_), Stop(_)) => true,
        _ => false,
    }
}

/// Reports blocks that extend each other in a circle, the same wherever one entered it.
pub fn circle(program: &mut Program, kind: Kind, members: &[Ref]) {
    let mut members = members.to_vec();
    let first = (0..members.len()).min_by_key(|&i| members[i]).unwrap_or(0);
    members.rotate_left(first);
    let mut places = Vec::new();
    let mut names = Vec::new();
    for &member in &members {
        if let Some((name, path)) = extends(program.item(member)) {
            places.push(path.span);
            names.push(name.node.clone());
        }
    }
    let Some(first) = names.first().cloned() else {
        return;
    };
    let (one, several, help) = match kind {
        Kind::Technology => (
            "technology",
            "technologies",
            "one of them must stand on its own or extend e.g. `std.technologies.horowitz45`",
        ),
        _ => ("design", "designs", "one of them must stand on its own"),
    };
    let message = match names.len() {
        1 => format!("{one} `{first}` extends itself"),
        _ => format!(
            "{several} extend each other in a circle: {} -> {first}",
            names.join(" -> ")
        ),
    };
    let mut diagnostic = Diagnostic::error(codes::CYCLE, message);
    for (place, name) in places.into_iter().zip(&names) {
        diagnostic = diagnostic.label(place, format!("what `{name}` extends"));
    }
    program.diagnostics.push(diagnostic.help(help));
}

pub(super) fn extends(item: &Item) -> Option<(&Name, &Path)> {
    match item {
        Item::Technology(decl) => Some((&decl.name, decl.extends.as_ref()?)),
        Item::Design(decl) => Some((&decl.name, decl.extends.as_ref()?)),
        _ => None,
    }
}
