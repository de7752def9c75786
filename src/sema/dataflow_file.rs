//! Dataflows that a file of another tool gives: `dataflow rows from "Resnet50_rs.m"`.

use super::dataflow::{Bound, lower};
use super::scope::Program;
use super::{FileRequest, cascade};
use crate::base::span::Span;
use crate::diag::{Diagnostic, Severity, codes};
use crate::ir::dataflow::Dataflow;
use crate::ir::network::Network;
use crate::syntax::ast::{DataflowDecl, Name, NetworkStmt, RuleDecl};

/// The dataflow with the rules of the file that it names, if it names one. `None` if the file has
/// mistakes; all that are in its rules are reported.
pub fn with_rules(
    program: &mut Program,
    mut decl: DataflowDecl,
    bound: Bound,
) -> Option<DataflowDecl> {
    let Some(path) = &decl.from else {
        return Some(decl);
    };
    let wanted = FileRequest {
        path: &path.node,
        at: path.span,
        dims: Vec::new(),
    };
    match program.files.network(&wanted, program.sources) {
        Ok(read) if read.warnings.iter().any(|d| d.severity == Severity::Error) => {
            let (statements, damage) = (&read.statements, cascade::damage(&read.warnings));
            let bound = Bound {
                statements,
                ..bound
            };
            let said = rest(&decl.name, read.rules, bound, &damage);
            program.diagnostics.extend(read.warnings);
            program.diagnostics.extend(said);
            None
        }
        Ok(read) if read.rules.is_empty() => {
            program.diagnostics.push(
                Diagnostic::error(codes::WRONG_VALUE, "there is no dataflow in this file")
                    .label(path.span, "a network alone")
                    .help("name a MAESTRO mapping file, or write the dataflow here"),
            );
            None
        }
        Ok(read) => {
            program.diagnostics.extend(read.warnings);
            decl.rules = read.rules;
            Some(decl)
        }
        Err(mut diagnostics) => {
            if diagnostics.is_empty() {
                diagnostics.push(
                    Diagnostic::error(codes::UNREADABLE, "this file cannot be read")
                        .label(path.span, "no dataflow came from it")
                        .help("check the path; it starts from the folder of this file"),
                );
            }
            program.diagnostics.extend(diagnostics);
            None
        }
    }
}

/// A dataflow of rules that a file gave, for the layers of a network.
fn of_rules(name: Name, rules: Vec<RuleDecl>) -> DataflowDecl {
    DataflowDecl {
        span: name.span,
        name,
        params: Vec::new(),
        from: None,
        rules,
    }
}

/// A dataflow of rules that a file gave, for the layers of a network, and what is wrong with it.
pub fn mapped(
    name: Name,
    rules: Vec<RuleDecl>,
    network: &Network,
) -> (Option<Dataflow>, Vec<Diagnostic>) {
    let mut out = Vec::new();
    let decl = of_rules(name, rules);
    let bound = Bound {
        network: Some(network),
        ..Bound::default()
    };
    let lowered = lower(&decl, &decl.name.node, bound, &mut out);
    let sound = lowered.filter(|l| l.sound).map(|l| l.dataflow);
    (sound, out)
}

/// What is wrong with rules that a file gave for the layers of its statements, which make no
/// network because of what its reader said.
pub fn mistaken(
    name: &Name,
    rules: Vec<RuleDecl>,
    statements: &[NetworkStmt],
    said: &[Diagnostic],
) -> Vec<Diagnostic> {
    let bound = Bound {
        statements,
        ..Bound::default()
    };
    rest(name, rules, bound, &cascade::damage(said))
}

/// What is wrong with the rules of a file that do not follow from damage in it.
fn rest(name: &Name, rules: Vec<RuleDecl>, bound: Bound, damage: &[Span]) -> Vec<Diagnostic> {
    if rules.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::new();
    let decl = of_rules(name.clone(), rules);
    lower(&decl, &decl.name.node, bound, &mut out);
    cascade::of_places(out, damage, decl.rules.iter().map(|r| r.span))
}
