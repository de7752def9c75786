//! Diagnostics: one neutral value, rendered elsewhere to a terminal, to JSON or to short lines.

pub mod codes;
pub mod nearest;
pub mod pages;
pub mod render;

use crate::base::span::Span;
pub use codes::Code;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Legal, but surely not meant.
    Warning,
    /// The specification is wrong or cannot be met; nothing is built.
    Error,
}

impl Severity {
    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// A place and what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there; never empty.
    pub text: String,
}

/// A replacement of text that would mend the mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What to replace (may be empty: an insertion).
    pub span: Span,
    /// What to put there.
    pub replacement: String,
    /// Further places in the same file where the same is to be put.
    pub also: Vec<Span>,
}

/// One mistake: place, reason, remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence without a full stop.
    pub message: String,
    /// The first is the primary place; may be empty only if no text is at fault.
    pub labels: Vec<Label>,
    /// What to write or do instead.
    pub help: Option<String>,
    /// Machine-applicable form of the help.
    pub suggestion: Option<Box<Suggestion>>,
}

impl Diagnostic {
    /// An error of this code.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            help: None,
            suggestion: None,
        }
    }

    /// A warning of this code.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, message)
        }
    }

    /// Adds a place; the first one added is the primary.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Says what to do instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds a replacement that a tool can apply.
    #[must_use]
    pub fn suggest(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.suggestion = Some(Box::new(Suggestion {
            span,
            replacement: replacement.into(),
            also: Vec::new(),
        }));
        self
    }
}
