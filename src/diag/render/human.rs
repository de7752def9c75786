//! For people: the place, the reason, the remedy, drawn by miette, which nothing else knows of.

use super::lines::{Lines, boundary};
use super::{sorted, summary};
use crate::base::span::{FileId, SourceMap, Span};
use crate::diag::{Diagnostic, Label, Severity};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// At most so many diagnostics are drawn for one file: nobody reads on, and the first mend others.
pub const MOST_PER_FILE: usize = 50;

/// Lines longer than this are shown in part.
const LONGEST_LINE: usize = 400;

/// A label over more lines than this is drawn under its first line only.
const MOST_LINES: usize = 6;

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
        let snippet = Snippet {
            name: &source.name,
            text: &source.text,
            starts: lines.starts(file),
            primary: labels
                .first()
                .map_or((0, 0), |l| (l.span.start as usize, l.span.end as usize)),
        };
        let drawn = labels
            .iter()
            .enumerate()
            .map(|(j, l)| draw(l, &snippet, i == 0 && j == 0))
            .collect();
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

/// A label as miette wants it: inside the text, at character boundaries, and not over pages.
fn draw(label: &Label, snippet: &Snippet, primary: bool) -> LabeledSpan {
    let Span { start, end, .. } = label.span;
    let start = boundary(snippet.text, start as usize);
    let mut end = boundary(snippet.text, end as usize).max(start);
    let (first, last) = (snippet.line_of(start), snippet.line_of(end));
    if last - first >= MOST_LINES {
        end = snippet.line_end(first).max(start);
    }
    if primary {
        LabeledSpan::new_primary_with_span(Some(label.text.clone()), (start, end - start))
    } else {
        LabeledSpan::new_with_span(Some(label.text.clone()), (start, end - start))
    }
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

/// A source that finds lines by search: miette's own reads the text from its beginning for each
/// label.
#[derive(Debug)]
struct Snippet<'s> {
    name: &'s str,
    text: &'s str,
    starts: Arc<[usize]>,
    /// The label whose neighbouring lines are worth showing.
    primary: (usize, usize),
}

impl Snippet<'_> {
    fn line_of(&self, at: usize) -> usize {
        self.starts.partition_point(|&s| s <= at).saturating_sub(1)
    }

    fn line_start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// The end of a line, without its line break.
    fn line_end(&self, line: usize) -> usize {
        let end = self.line_start(line + 1);
        let text = self.text.get(self.line_start(line)..end).unwrap_or("");
        end - (text.len() - text.trim_end_matches(['\r', '\n']).len())
    }
}

impl SourceCode for Snippet<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        if end > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let (first, last) = (self.line_of(start), self.line_of(end));
        let (before_lines, after_lines) = if start <= self.primary.0 && self.primary.0 <= end {
            (before, after)
        } else {
            (0, 0)
        };
        let top = first.saturating_sub(before_lines);
        let bottom = (last + after_lines).min(self.starts.len().saturating_sub(1));
        let (mut from, mut to) = (self.line_start(top), self.line_end(bottom).max(end));
        if before == 0 {
            from = start;
        }
        // Some lines are not written by people; a part of them is enough.
        if start - from > LONGEST_LINE {
            from = boundary(self.text, start - LONGEST_LINE / 4).max(self.line_start(first));
        }
        if to - end > LONGEST_LINE {
            to = boundary(self.text, end + LONGEST_LINE / 4).min(self.line_end(last).max(end));
        }
        let line = self.line_of(from);
        // miette asks for the column only of the primary label's own place.
        let column = if before == 0 {
            self.text
                .get(self.line_start(line)..from)
                .unwrap_or("")
                .chars()
                .count()
        } else {
            0
        };
        let data = self.text.get(from..to).unwrap_or("").as_bytes();
        let count = self.line_of(to) - line + 1;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            data,
            (from, to - from).into(),
            line,
            column,
            count,
        )))
    }
}
