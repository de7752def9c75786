//! For tools: one JSON object per line.

use super::lines::Lines;
use super::sorted;
use crate::base::span::{FileId, SourceMap};
use crate::diag::Diagnostic;
use serde::Serialize;

#[derive(Serialize)]
struct Line<'d> {
    code: String,
    severity: &'static str,
    message: &'d str,
    labels: Vec<Place<'d>>,
    help: Option<&'d str>,
    suggestion: Option<Replacement<'d>>,
}

#[derive(Serialize)]
struct Place<'d> {
    file: &'d str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'d str,
    primary: bool,
    start: u32,
    end: u32,
}

#[derive(Serialize)]
struct Replacement<'d> {
    file: &'d str,
    start: u32,
    end: u32,
    replacement: &'d str,
    also: Vec<Range>,
}

#[derive(Serialize)]
struct Range {
    start: u32,
    end: u32,
}

/// One object per line: code, severity, message, labels, help, and a suggestion that a tool can
/// apply. Lines and columns count from 1, columns in characters; `start` and `end` are bytes.
pub fn json(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut lines = Lines::new(sources);
    let name = |file: FileId| sources.get(file).name.as_str();
    let mut out = String::new();
    for diagnostic in sorted(diagnostics) {
        let mut labels = Vec::with_capacity(diagnostic.labels.len());
        for (i, label) in diagnostic.labels.iter().enumerate() {
            let (line, column) = lines.line_column(label.span.file, label.span.start);
            let (end_line, end_column) = lines.line_column(label.span.file, label.span.end);
            labels.push(Place {
                file: name(label.span.file),
                line,
                column,
                end_line,
                end_column,
                text: &label.text,
                primary: i == 0,
                start: label.span.start,
                end: label.span.end,
            });
        }
        let line = Line {
            code: format!("cfx::{}", diagnostic.code.0),
            severity: diagnostic.severity.name(),
            message: &diagnostic.message,
            labels,
            help: diagnostic.help.as_deref(),
            suggestion: diagnostic.suggestion.as_ref().map(|s| Replacement {
                file: name(s.span.file),
                start: s.span.start,
                end: s.span.end,
                replacement: &s.replacement,
                also: s
                    .also
                    .iter()
                    .map(|at| Range {
                        start: at.start,
                        end: at.end,
                    })
                    .collect(),
            }),
        };
        // Strings and numbers only: there is nothing here that cannot be written.
        if let Ok(text) = serde_json::to_string(&line) {
            out.push_str(&text);
            out.push('\n');
        }
    }
    out
}
