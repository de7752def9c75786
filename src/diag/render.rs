//! Rendering of diagnostics: for people, for tools, and one per line.
//!
//! All forms show the same diagnostics in the same order: by file, then by place, what names no
//! place first, and nothing twice.

mod human;
mod json;
mod lines;
mod snippet;

use super::{Diagnostic, Severity};
use crate::base::span::SourceMap;
pub use human::{MOST_PER_FILE, Style, human};
pub use json::json;
use lines::Lines;

/// In order of file and place, without repetitions.
fn sorted(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|d| place(d));
    let mut unique: Vec<&Diagnostic> = Vec::with_capacity(sorted.len());
    for diagnostic in sorted {
        // Equal ones have equal places, and few share a place.
        let mut same_place = unique
            .iter()
            .rev()
            .take_while(|d| place(d) == place(diagnostic))
            .take(100);
        if !same_place.any(|d| *d == diagnostic) {
            unique.push(diagnostic);
        }
    }
    unique
}

/// File and first byte of the primary label.
fn place(diagnostic: &Diagnostic) -> Option<(u32, u32)> {
    diagnostic
        .labels
        .first()
        .map(|l| (l.span.file.0, l.span.start))
}

/// `error[cfx::E0003]`
fn heading(diagnostic: &Diagnostic) -> String {
    format!("{}[cfx::{}]", diagnostic.severity.name(), diagnostic.code.0)
}

/// `file:line:column: error[cfx::E0003]: message`, one diagnostic per line.
pub fn short(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut lines = Lines::new(sources);
    let mut out = String::new();
    for diagnostic in sorted(diagnostics) {
        if let Some(label) = diagnostic.labels.first() {
            let (line, column) = lines.line_column(label.span.file, label.span.start);
            out.push_str(&format!(
                "{}:{line}:{column}: ",
                sources.get(label.span.file).name
            ));
        }
        out.push_str(&format!(
            "{}: {}\n",
            heading(diagnostic),
            diagnostic.message
        ));
    }
    out
}

/// `2 errors, 1 warning`; empty if there is neither.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let unique = sorted(diagnostics);
    let count = |severity: Severity| {
        let n = unique.iter().filter(|d| d.severity == severity).count();
        (n > 0).then(|| format!("{n} {}{}", severity.name(), if n == 1 { "" } else { "s" }))
    };
    [count(Severity::Error), count(Severity::Warning)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
