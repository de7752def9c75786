//! The language as it is written, as it is miswritten, and as nobody would write it.

mod broken;
mod robust;
mod written;

use cfxc::base::span::SourceMap;
use cfxc::diag::Diagnostic;
use cfxc::diag::render::{self, Style};
use cfxc::syntax::{ast, parse};

/// The specification of `docs/language.md`, with every construct of the language in it.
pub const WHOLE: &str = include_str!("whole.cfx");

/// Reads a text under the name `spec.cfx`.
pub fn read(text: &str) -> (ast::File, Vec<Diagnostic>, SourceMap) {
    let mut sources = SourceMap::default();
    let file = sources.add("spec.cfx", text);
    let (ast, diagnostics) = parse(file, text);
    (ast, diagnostics, sources)
}

/// Reads a text that must be right.
pub fn right(text: &str) -> ast::File {
    let (ast, diagnostics, sources) = read(text);
    assert!(
        diagnostics.is_empty(),
        "{text}\n{}",
        shown(&diagnostics, &sources)
    );
    ast
}

/// Diagnostics as people see them.
pub fn shown(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    render::human(diagnostics, sources, Style::default())
}
