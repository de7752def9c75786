//! The part of a text that is drawn around labels.

use super::lines::boundary;
use crate::base::span::Source;
use crate::diag::Label;
use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use std::sync::Arc;

/// A longer line was not written by a person. A part of it is shown, with one label: miette counts
/// columns, and panics where there are too many of them.
const LONGEST_LINE: usize = 400;

/// What is shown of a long line on either side of the label, and of the label itself.
const PART: usize = 100;

/// A label over more lines than this is drawn under its first line only.
const MOST_LINES: usize = 6;

/// A source that finds lines by search: miette's own reads the text from its beginning for each
/// label.
#[derive(Debug)]
pub(super) struct Snippet<'s> {
    name: &'s str,
    text: &'s str,
    starts: Arc<[usize]>,
    /// The label whose neighbouring lines are worth showing; the others only say what it refers to.
    primary: (usize, usize),
    /// Whether only a part of one line is shown.
    narrow: bool,
}

/// The source around labels of one file, and the labels as miette wants them. If the primary label
/// of the diagnostic is among them, it is the first.
pub(super) fn snippet<'s>(
    source: &'s Source,
    starts: Arc<[usize]>,
    labels: &[&Label],
    has_primary: bool,
) -> (Snippet<'s>, Vec<LabeledSpan>) {
    let mut snippet = Snippet {
        name: &source.name,
        text: &source.text,
        starts,
        primary: (0, 0),
        narrow: false,
    };
    let mut places: Vec<(usize, usize)> = labels.iter().map(|l| snippet.place(l)).collect();
    snippet.primary = places.first().copied().unwrap_or_default();
    if places.iter().any(|&place| snippet.shows_long_line(place)) {
        snippet.narrow = true;
        places.truncate(1);
        for (start, end) in &mut places {
            let line_end = snippet.line_end(snippet.line_of(*start)).max(*start);
            *end = boundary(snippet.text, (*end).min(line_end).min(*start + PART)).max(*start);
        }
    }
    let drawn = places
        .iter()
        .zip(labels)
        .enumerate()
        .map(|(i, (&(start, end), label))| {
            let text = Some(label.text.clone());
            if has_primary && i == 0 {
                LabeledSpan::new_primary_with_span(text, (start, end - start))
            } else {
                LabeledSpan::new_with_span(text, (start, end - start))
            }
        });
    let drawn = drawn.collect();
    (snippet, drawn)
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

    /// Where a label is drawn: inside the text, at character boundaries, and not over pages.
    fn place(&self, label: &Label) -> (usize, usize) {
        let mut start = boundary(self.text, label.span.start as usize);
        let mut end = boundary(self.text, label.span.end as usize).max(start);
        if start == self.text.len() && start > 0 {
            // miette draws nothing behind the last character.
            start = boundary(self.text, start - 1);
        }
        let (first, last) = (self.line_of(start), self.line_of(end));
        if last - first >= MOST_LINES {
            end = self.line_end(first).max(start);
        }
        (start, end)
    }

    /// Whether a line that would be shown for this place is too long.
    fn shows_long_line(&self, (start, end): (usize, usize)) -> bool {
        let lines = self.line_of(start).saturating_sub(1)..=self.line_of(end) + 1;
        lines
            .into_iter()
            .any(|line| self.line_end(line) - self.line_start(line) > LONGEST_LINE)
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
        let near = start <= self.primary.0 && self.primary.0 <= end && !self.narrow;
        let top = first.saturating_sub(if near { before } else { 0 });
        let bottom = (last + if near { after } else { 0 }).min(self.starts.len().saturating_sub(1));
        let (mut from, mut to) = (self.line_start(top), self.line_end(bottom).max(end));
        if self.narrow {
            from = from.max(boundary(self.text, start.saturating_sub(PART)));
            to = to.min(boundary(self.text, end + PART)).max(end);
        }
        // miette draws nothing behind the last character: the line break is one.
        if start == to && !self.narrow {
            to = self.line_start(bottom + 1);
        }
        // Asked for no lines before, miette wants the line and column of the span itself.
        if before == 0 {
            from = start;
        }
        let line = self.line_of(from);
        let column = match before {
            0 => self
                .text
                .get(self.line_start(line)..from)
                .unwrap_or("")
                .chars()
                .count(),
            _ => 0,
        };
        let data = self.text.get(from..to).unwrap_or("").as_bytes();
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            data,
            (from, to - from).into(),
            line,
            column,
            self.line_of(to) - line + 1,
        )))
    }
}
