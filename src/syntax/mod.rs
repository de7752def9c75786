//! Text to AST.
//!
//! Reading happens in three steps. `scan` looks at characters, strings, comments and delimiters,
//! reports what is wrong with them and says how to mend it. The grammar (`grammar/cfx.pest`) then
//! reads the mended text, whatever it holds: text that is no statement becomes a node of its own.
//! `build` makes the AST of what was read, and `errors` says what is wrong with the rest.
//!
//! One mistake must not hide another: a broken statement is left out of the AST, its neighbours
//! stay. An AST that comes with an error is good for further checks, not for building anything.

mod arrow;
pub mod ast;
mod balance;
mod braceless;
mod bracketless;
mod build;
mod comma;
mod errors;
pub mod format;
mod grammar;
mod lost;
mod lost_brace;
mod mend;
mod misplaced;
mod paths;
mod scan;
mod special;
mod tokens;
mod wording;

use crate::base::span::{FileId, Span};
use crate::diag::{Diagnostic, codes};

/// Longer texts are refused. No specification comes near; a mistaken path to a model file does.
pub const LARGEST: usize = 16 << 20;

/// Reads one text. The AST holds what could be read, the diagnostics say what could not.
pub fn parse(file: FileId, text: &str) -> (ast::File, Vec<Diagnostic>) {
    if text.len() > LARGEST {
        let megabytes = text.len() >> 20;
        let diagnostic =
            Diagnostic::error(codes::FILE_LIMITS, format!("this file has {megabytes} MiB"))
                .label(
                    Span {
                        file,
                        start: 0,
                        end: 0,
                    },
                    "too large for a specification",
                )
                .help(format!(
                    "specifications of up to {} MiB are read; is this a model file?",
                    LARGEST >> 20
                ));
        return (ast::File::default(), vec![diagnostic]);
    }
    let mut scan = scan::scan(file, text);
    if !balance::balance(file, text, &mut scan) {
        return (ast::File::default(), in_order(scan.diagnostics));
    }
    let mended = mend::Mended::new(text, scan.edits);
    let (ast, echoes) = build::build(file, &mended);
    let mut diagnostics = scan.diagnostics;
    let scars = merged(scan.scars);
    diagnostics.extend(echoes.into_iter().filter(|d| {
        !d.labels.first().is_some_and(|l| {
            let at = l.span.start as usize;
            let after = scars.partition_point(|&(start, _)| start <= at);
            after
                .checked_sub(1)
                .and_then(|i| scars.get(i))
                .is_some_and(|&(_, end)| at < end)
        })
    }));
    if ast.items.is_empty() && diagnostics.is_empty() {
        diagnostics.push(
            Diagnostic::warning(codes::FILE_LIMITS, "this file holds no block")
                .label(Span { file, start: 0, end: 0 }, "nothing is stated here")
                .help("a specification states at least a network, a dataflow, a menu, a budget and a design"),
        );
    }
    (ast, in_order(diagnostics))
}

/// In the order of their primary places.
fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|d| d.labels.first().map(|l| l.span));
    diagnostics
}

/// Ranges sorted, overlapping ones joined.
fn merged(mut ranges: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    ranges.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}
