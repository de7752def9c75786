//! For people: the place, the reason, the remedy, drawn by miette, which nothing else knows of.

use super::lines::Lines;
use super::snippet::{Snippet, snippet};
use super::{sorted, summary};
use crate::base::span::{FileId, SourceMap};
use crate::diag::{Diagnostic, Label, Severity};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters, ThemeStyles,
};
use std::collections::BTreeMap;
use std::fmt;
use textwrap::{WordSeparator, WordSplitter};

/// At most so many diagnostics are drawn for one file: nobody reads on, and the first mend others.
pub const MOST_PER_FILE: usize = 50;

/// How diagnostics are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// With ANSI colours.
    pub color: bool,
    /// With box-drawing characters.
    pub unicode: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Style {
    /// As for a file: no colours, 100 columns.
    fn default() -> Self {
        Style {
            color: false,
            unicode: true,
            width: 100,
        }
    }
}

/// Draws diagnostics, at most [`MOST_PER_FILE`] of one file, with a note on how many more there are.
pub fn human(diagnostics: &[Diagnostic], sources: &SourceMap, style: Style) -> String {
    let handler = handler(style);
    let mut lines = Lines::new(sources);
    let mut shown: BTreeMap<Option<FileId>, usize> = BTreeMap::new();
    let mut left_out: BTreeMap<Option<FileId>, Vec<Diagnostic>> = BTreeMap::new();
    let mut out = String::new();
    for diagnostic in sorted(diagnostics) {
        let file = diagnostic.labels.first().map(|l| l.span.file);
        let count = shown.entry(file).or_default();
        *count += 1;
        if *count > MOST_PER_FILE {
            left_out.entry(file).or_default().push(diagnostic.clone());
            continue;
        }
        for report in reports(diagnostic, sources, &mut lines) {
            // Writing to a string cannot fail.
            let _ = handler.render_report(&mut out, &report);
        }
        out.push('\n');
    }
    for (file, rest) in left_out {
        let place = file.map_or(String::new(), |f| format!(" in {}", sources.get(f).name));
        out.push_str(&format!("… and {} more{place}\n", summary(&rest)));
    }
    // miette pads some lines; nobody sees that, and it makes texts differ for no reason.
    out.lines()
        .map(str::trim_end)
        .fold(String::with_capacity(out.len()), |text, line| {
            text + line + "\n"
        })
}

fn handler(style: Style) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if style.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: if style.color {
            ThemeStyles::ansi()
        } else {
            ThemeStyles::none()
        },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.max(40))
        .with_links(false)
        // Lines are broken between words only: names and commands are there to be copied.
        .with_word_separator(WordSeparator::AsciiSpace)
        .with_word_splitter(WordSplitter::NoHyphenation)
        .with_break_words(false)
        .with_context_lines(1)
}

/// One report for the file of the primary label and one for each further file: miette draws one
/// source at a time. The help stands under the last.
fn reports<'s>(
    diagnostic: &Diagnostic,
    sources: &'s SourceMap,
    lines: &mut Lines,
) -> Vec<Report<'s>> {
    let mut groups: Vec<(FileId, Vec<&Label>)> = Vec::new();
    for label in &diagnostic.labels {
        match groups.iter_mut().find(|(file, _)| *file == label.span.file) {
            Some((_, labels)) => labels.push(label),
            None => groups.push((label.span.file, vec![label])),
        }
    }
    let mut reports = Vec::with_capacity(groups.len().max(1));
    let mut main = Report {
        code: Some(format!("cfx::{}", diagnostic.code.0)),
        message: diagnostic.message.clone(),
        severity: match diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        },
        help: None,
        labels: Vec::new(),
        snippet: None,
    };
    for (i, (file, labels)) in groups.into_iter().enumerate() {
        let source = sources.get(file);
        let (snippet, drawn) = snippet(source, lines.starts(file), &labels, i == 0);
        if i == 0 {
            main.labels = drawn;
            main.snippet = Some(snippet);
            continue;
        }
        reports.push(Report {
            code: None,
            message: format!("the other place is in {}", source.name),
            severity: miette::Severity::Advice,
            help: None,
            labels: drawn,
            snippet: Some(snippet),
        });
    }
    reports.insert(0, main);
    let suggestion = diagnostic
        .suggestion
        .as_ref()
        .filter(|_| diagnostic.help.is_none());
    let help = diagnostic.help.clone().or_else(|| {
        suggestion.map(|s| match (sources.slice(s.span), s.replacement.as_str()) {
            (old, "") => format!("remove `{}`", old.trim()),
            ("", new) => format!("insert `{}`", new.trim()),
            (_, new) => format!("write `{new}`"),
        })
    });
    if let Some(last) = reports.last_mut() {
        last.help = help;
    }
    reports
}

/// What miette draws.
#[derive(Debug)]
struct Report<'s> {
    code: Option<String>,
    message: String,
    severity: miette::Severity,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    snippet: Option<Snippet<'s>>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code
            .as_ref()
            .map(|c| Box::new(c) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet.as_ref().map(|s| s as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
