//! Comma-separated text as cells that know their places.

use crate::base::span::{FileId, Span};
use crate::diag::{Diagnostic, codes};

/// Whether a file that begins with these bytes is meant as text, in whatever encoding.
pub fn is_text(head: &[u8]) -> bool {
    is_wide(head) || !head.contains(&0)
}

/// Whether they are text of two bytes to a sign, which is refused with what to do.
pub fn is_wide(head: &[u8]) -> bool {
    head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}

/// The first line of a text that is not blank, to know it by.
pub fn first_line(text: &str) -> &str {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n' | ',' | '\u{feff}');
    let start = text.find(|c| !blank(c)).unwrap_or(text.len());
    let line = text.get(start..).unwrap_or("");
    line.split('\n').next().unwrap_or("")
}

/// One value between commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The value without quotes and surrounding blanks.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A quote that its line does not close.
pub fn open_quote(record: &Record) -> Option<Diagnostic> {
    record.open_quote.map(|at| {
        Diagnostic::error(codes::TABLE, "a quote is not closed on its line")
            .label(at, "opened here")
            .help("close it, or leave it out")
    })
}

/// Why a line is no layer at all, if it is none: a quote that is open, or the header again.
pub fn no_layer(row: &Record, header: &Record) -> Option<Diagnostic> {
    let texts = |record: &Record| {
        record
            .cells
            .iter()
            .map(|c| c.text.clone())
            .collect::<Vec<_>>()
    };
    let layer = |record: &Record| record.cells.iter().any(|c| c.text.parse::<f64>().is_ok());
    open_quote(row).or_else(|| {
        let again = !layer(row) && texts(row) == texts(header);
        again.then(|| {
            Diagnostic::error(codes::TABLE, "the header stands here again")
                .label(row.span, "no layer")
                .help("remove this line; a table has one header")
        })
    })
}

/// That a header lacks columns.
pub fn lacking(missing: &[&str], header: &Record, help: String) -> Diagnostic {
    let plural = if missing.len() == 1 { "" } else { "s" };
    let names = missing.join(", ");
    Diagnostic::error(
        codes::TABLE,
        format!("the table lacks the column{plural} {names}"),
    )
    .label(header.span, "the header")
    .help(help)
}

/// One line that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its values; empty ones at the end of the line are left out.
    pub cells: Vec<Cell>,
    /// The line without its line break.
    pub span: Span,
    /// Where a quote begins that the line does not close.
    pub open_quote: Option<Span>,
}

/// A longer table was not written for people, and would take seconds and gigabytes.
pub const MOST_ROWS: usize = 100_000;

/// The first line beyond what a table may have, if there is one.
pub fn beyond(file: FileId, text: &str) -> Option<Span> {
    let mut start = 0;
    let mut rows = 0;
    for line in text.split_inclusive('\n') {
        rows += usize::from(!line.trim().is_empty());
        if rows > MOST_ROWS + 1 {
            return Some(Span {
                file,
                start: start as u32,
                end: (start + line.trim_end().len()) as u32,
            });
        }
        start += line.len();
    }
    None
}

/// So many values a line may have: tables have a dozen columns.
const MOST_COLUMNS: usize = 1000;

/// The beginning of a line with more values, if there is one.
pub fn too_wide(file: FileId, text: &str) -> Option<Span> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(|c: char| c.is_whitespace() || c == ',');
        if body.bytes().filter(|b| *b == b',').count() >= MOST_COLUMNS {
            let shown = body.char_indices().nth(60).map_or(body.len(), |(at, _)| at);
            return Some(Span {
                file,
                start: start as u32,
                end: (start + shown) as u32,
            });
        }
        start += line.len();
    }
    None
}

/// The lines of a text that are not blank. A byte-order mark, CRLF and commas at the end of a line
/// are taken as what they are: habits of the tools that write such files.
pub fn records(file: FileId, text: &str) -> Vec<Record> {
    let mut records = Vec::new();
    let mut start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    for line in text[start..].split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let record = record(file, body, start);
        if !record.cells.is_empty() {
            records.push(record);
        }
        start += line.len();
    }
    records
}

fn record(file: FileId, line: &str, at: usize) -> Record {
    let span = |start: usize, end: usize| Span {
        file,
        start: (at + start) as u32,
        end: (at + end) as u32,
    };
    let mut cells = Vec::new();
    let mut quoted = false;
    let mut opened = 0;
    let mut start = 0;
    for (i, byte) in line.bytes().chain([b',']).enumerate() {
        match byte {
            b'"' => {
                quoted = !quoted;
                opened = i;
            }
            // A quote that is never closed ends with its line.
            b',' if !quoted || i == line.len() => {
                let raw = &line[start..i];
                let trimmed = raw.trim();
                let from = start + (raw.len() - raw.trim_start().len());
                cells.push(Cell {
                    text: unquoted(trimmed),
                    span: span(from.min(i), from.min(i) + trimmed.len()),
                });
                start = i + 1;
            }
            _ => {}
        }
    }
    while cells.last().is_some_and(|c| c.text.is_empty()) {
        cells.pop();
    }
    let end = cells.last().map_or(0, |c| c.span.end as usize - at);
    Record {
        cells,
        span: span(0, end),
        open_quote: quoted.then(|| span(opened, opened + 1)),
    }
}

fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else {
        return text.to_string();
    };
    inner
        .strip_suffix('"')
        .unwrap_or(inner)
        .replace("\"\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<Vec<String>> {
        records(FileId(0), text)
            .into_iter()
            .map(|r| r.cells.into_iter().map(|c| c.text).collect())
            .collect()
    }

    #[test]
    fn habits_of_other_tools() {
        let text = "\u{feff}a, b ,c,,\r\n\r\n  \n\"x,\"\"y\",2\r\n,,\n,3";
        let wanted = vec![vec!["a", "b", "c"], vec!["x,\"y", "2"], vec!["", "3"]];
        assert_eq!(texts(text), wanted);
    }

    #[test]
    fn places_are_those_of_the_text() {
        let text = "\u{feff}K , C\r\n 12,\"3\"\n";
        for record in records(FileId(0), text) {
            for cell in record.cells {
                let slice = &text[cell.span.start as usize..cell.span.end as usize];
                assert_eq!(slice.trim_matches('"'), cell.text);
            }
        }
    }

    #[test]
    fn an_open_quote_ends_with_its_line() {
        assert_eq!(texts("\"a,b\nc"), vec![vec!["a,b"], vec!["c"]]);
    }
}
