//! The first look at a text: characters, strings, comments and delimiters, before any grammar.
//!
//! Whatever is wrong at this level is reported here and mended, so that the grammar always reads
//! ASCII words between balanced delimiters and a slip here does not hide the rest of the file.

use super::mend::Edit;
use crate::base::span::{FileId, Span};
use crate::diag::{Diagnostic, codes};

/// A delimiter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// Its place.
    pub at: usize,
    /// `{`, `[`, `(` or not.
    pub opens: bool,
    /// The closing delimiter of its kind.
    pub closer: char,
    /// Number of its line, from 0.
    pub line: usize,
    /// Where its line begins.
    pub line_start: usize,
    /// White space before the first token of its line.
    pub indent: usize,
    /// Whether it is the first token of its line.
    pub first: bool,
    /// Whether it is the last token of its line.
    pub last: bool,
}

/// What the scan found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Mistakes.
    pub diagnostics: Vec<Diagnostic>,
    /// Their repairs.
    pub edits: Vec<Edit>,
    /// Ranges whose mistake is reported: what the grammar says about them would be an echo.
    pub scars: Vec<(usize, usize)>,
    /// Delimiters in order.
    pub marks: Vec<Mark>,
    /// Whether a block comment swallows the rest of the text.
    pub open_comment: bool,
}

/// Scans a text.
pub(super) fn scan(file: FileId, text: &str) -> Scan {
    let mut scanner = Scanner {
        file,
        text,
        at: 0,
        line: Line::default(),
        last_mark: None,
        scan: Scan::default(),
    };
    scanner.run();
    scanner.scan
}

/// Characters that are pasted from documents and what was meant by them.
const LOOKALIKES: &[(char, &str)] = &[
    ('≤', "<="),
    ('≥', ">="),
    ('→', "->"),
    ('×', "x"),
    ('µ', "u"),
    ('μ', "u"),
    ('²', "2"),
    ('−', "-"),
    ('–', "-"),
    ('’', "'"),
    ('′', "'"),
    ('…', ".."),
];

#[derive(Debug, Default)]
struct Line {
    number: usize,
    start: usize,
    /// White space before the first token, once that is known.
    indent: Option<usize>,
    /// Whether a quoted name on it was found open.
    open_string: bool,
}

struct Scanner<'t> {
    file: FileId,
    text: &'t str,
    at: usize,
    line: Line,
    /// The last token of this line, if it is a delimiter.
    last_mark: Option<usize>,
    scan: Scan,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '\n' => self.newline(),
                ' ' | '\t' | '\r' => self.at += 1,
                '\u{feff}' if self.at == 0 => self.replace(c, " "),
                '/' if self.rest().starts_with("//") => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                '/' if self.rest().starts_with("/*") => self.block_comment(),
                '*' if self.rest().starts_with("*/") => {
                    let diagnostic =
                        Diagnostic::error(codes::OPEN_COMMENT, "`*/` closes no comment")
                            .label(self.span(self.at, self.at + 2), "no comment is open here")
                            .help("block comments do not nest: the first `*/` ends the comment");
                    self.scan.diagnostics.push(diagnostic);
                    self.scan.edits.push(Edit {
                        at: self.at,
                        remove: 2,
                        insert: "  ".into(),
                    });
                    self.scar_line();
                    self.at += 2;
                }
                '"' => self.string('"'),
                '“' | '”' | '„' | '«' => self.string(c),
                '{' | '[' | '(' | '}' | ']' | ')' => self.delimiter(c),
                _ if c.is_ascii_graphic() => {
                    self.token();
                    self.at += 1;
                }
                _ => self.stranger(c),
            }
        }
        self.end_of_line();
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.file,
            start: start as u32,
            end: end as u32,
        }
    }

    /// Notes that a token begins here.
    fn token(&mut self) {
        self.line.indent.get_or_insert(self.at - self.line.start);
        self.last_mark = None;
    }

    fn end_of_line(&mut self) {
        if let Some(mark) = self
            .last_mark
            .take()
            .and_then(|i| self.scan.marks.get_mut(i))
        {
            mark.last = true;
        }
    }

    fn newline(&mut self) {
        self.end_of_line();
        self.at += 1;
        self.line = Line {
            number: self.line.number + 1,
            start: self.at,
            ..Line::default()
        };
    }

    /// The rest of the line holds echoes of a mistake that is reported.
    fn scar_line(&mut self) {
        if self
            .scan
            .scars
            .last()
            .is_some_and(|&(_, end)| self.at < end)
        {
            return;
        }
        let end = self.at + self.rest().find('\n').unwrap_or(self.rest().len());
        self.scan.scars.push((self.line.start, end + 1));
    }

    fn block_comment(&mut self) {
        let start = self.at;
        let Some(length) = self.rest().get(2..).and_then(|r| r.find("*/")) else {
            let diagnostic =
                Diagnostic::error(codes::OPEN_COMMENT, "this block comment is never closed")
                    .label(
                        self.span(start, start + 2),
                        "opened here; the rest of the file is inside it",
                    )
                    .help("write `*/` where the comment ends, or begin single lines with `//`");
            self.scan.diagnostics.push(diagnostic);
            self.scan.edits.push(Edit {
                at: self.text.len(),
                remove: 0,
                insert: "*/".into(),
            });
            self.scan.open_comment = true;
            self.at = self.text.len();
            return;
        };
        let end = start + 2 + length + 2;
        let inside = self.text.get(start..end).unwrap_or("");
        if let Some(newline) = inside.rfind('\n') {
            self.end_of_line();
            let number = self.line.number + inside.matches('\n').count();
            self.line = Line {
                number,
                start: start + newline + 1,
                ..Line::default()
            };
        }
        self.at = end;
    }

    fn delimiter(&mut self, c: char) {
        let first = self.line.indent.is_none();
        self.token();
        let (opens, closer) = match c {
            '{' => (true, '}'),
            '[' => (true, ']'),
            '(' => (true, ')'),
            other => (false, other),
        };
        self.last_mark = Some(self.scan.marks.len());
        self.scan.marks.push(Mark {
            at: self.at,
            opens,
            closer,
            line: self.line.number,
            line_start: self.line.start,
            indent: self.line.indent.unwrap_or(0),
            first,
            last: false,
        });
        self.at += 1;
    }

    /// A quoted name. Opened by a typographic quote, it is closed by one.
    fn string(&mut self, opener: char) {
        self.token();
        let typographic = opener != '"';
        if typographic {
            self.wrong_quote(opener);
        }
        let start = self.at;
        self.at += opener.len_utf8();
        let mut escaped = false;
        while let Some(c) = self.rest().chars().next().filter(|&c| c != '\n') {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == '"' {
                self.at += 1;
                return;
            } else if typographic && matches!(c, '“' | '”' | '»') {
                self.scan.edits.push(Edit {
                    at: self.at,
                    remove: c.len_utf8(),
                    insert: "\"".into(),
                });
                self.at += c.len_utf8();
                return;
            }
            self.at += c.len_utf8();
        }
        self.open_string(start, opener.len_utf8());
    }

    fn open_string(&mut self, start: usize, quote: usize) {
        // The closing quote most likely stood before the next delimiter; with the delimiter inside
        // the name, a brace would go missing as well.
        let content = self.text.get(start + quote..self.at).unwrap_or("");
        let delimiter = content.find(['{', '}', '[', ']', '(', ')', ',', ';']);
        // Only once per line: what follows is scanned again, and that must not happen for each of
        // a line's quotation marks.
        let again = std::mem::replace(&mut self.line.open_string, true);
        let length = delimiter.filter(|_| !again).unwrap_or(content.len());
        let content = content.get(..length).unwrap_or("").trim_end();
        // A backslash at the end would escape the quote that is put in.
        let content = content.trim_end_matches('\\');
        // `layer "l1 conv {`: the kind stands after the name.
        let before = self.text.get(..start).unwrap_or("").trim_end();
        let content = match content.trim_end().rsplit_once([' ', '\t']) {
            Some((name, _)) if before.ends_with("layer") => name.trim_end(),
            _ => content,
        };
        let end = start + quote + content.len();
        let diagnostic = Diagnostic::error(
            codes::OPEN_STRING,
            "this quoted name is not closed on its line",
        )
        .label(self.span(start, start + quote), "opened here")
        .label(
            self.span(end, end),
            "perhaps the closing quote belongs here",
        )
        .help("names and texts in quotes end on the line they begin on")
        .suggest(self.span(end, end), "\"");
        self.scan.diagnostics.push(diagnostic);
        self.scan.edits.push(Edit {
            at: end,
            remove: 0,
            insert: "\"".into(),
        });
        self.at = end;
        self.scar_line();
    }

    fn wrong_quote(&mut self, c: char) {
        let diagnostic = Diagnostic::error(
            codes::STRAY_CHARACTER,
            format!("`{c}` is not a plain quotation mark"),
        )
        .label(
            self.span(self.at, self.at + c.len_utf8()),
            "a typographic quotation mark",
        )
        .help("quote names with `\"`")
        .suggest(self.span(self.at, self.at + c.len_utf8()), "\"");
        self.scan.diagnostics.push(diagnostic);
        self.scan.edits.push(Edit {
            at: self.at,
            remove: c.len_utf8(),
            insert: "\"".into(),
        });
    }

    fn replace(&mut self, c: char, with: &str) {
        self.scan.edits.push(Edit {
            at: self.at,
            remove: c.len_utf8(),
            insert: with.into(),
        });
        self.at += c.len_utf8();
    }

    /// A character that is no part of the language.
    fn stranger(&mut self, c: char) {
        let start = self.at;
        if let Some(&(_, meant)) = LOOKALIKES.iter().find(|(l, _)| *l == c) {
            self.token();
            let span = self.span(start, start + c.len_utf8());
            let diagnostic = Diagnostic::error(
                codes::STRAY_CHARACTER,
                format!("the character `{c}` is not used"),
            )
            .label(span, format!("written `{meant}` here"))
            .help(format!("write `{meant}`"))
            .suggest(span, meant);
            self.scan.diagnostics.push(diagnostic);
            self.replace(c, meant);
            return;
        }
        let blank = c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}');
        // One report for a run of them: a word in another script is one mistake.
        let alike = |d: char| {
            let d_blank = d.is_whitespace()
                || d.is_control()
                || matches!(d, '\u{200b}'..='\u{200f}' | '\u{feff}');
            !d.is_ascii_graphic() && !matches!(d, ' ' | '\t' | '\r' | '\n') && d_blank == blank
        };
        let length = self.rest().find(|d| !alike(d)).unwrap_or(self.rest().len());
        let run = self.text.get(start..start + length).unwrap_or("");
        let shown = if blank {
            format!("the invisible character U+{:04X}", u32::from(c))
        } else if run.chars().nth(1).is_none() {
            format!("the character `{c}`")
        } else {
            format!("`{}`", run.chars().take(20).collect::<String>())
        };
        let word = !blank && c.is_alphanumeric();
        let help = if word {
            "names are made of the letters A to Z, digits and `_`; put any other name in quotes, such as `\"größe\"`"
        } else if blank {
            "write a plain space instead"
        } else {
            "remove it; outside of comments and quoted names the language uses plain ASCII only"
        };
        let diagnostic = Diagnostic::error(
            codes::STRAY_CHARACTER,
            format!("{shown} is no part of the language"),
        )
        .label(self.span(start, start + length), "not expected here")
        .help(help);
        self.scan.diagnostics.push(diagnostic);
        if word {
            self.token();
        }
        self.scan.edits.push(Edit {
            at: start,
            remove: length,
            insert: if word { "_" } else { " " }.into(),
        });
        self.at += length;
        if !blank {
            self.scar_line();
        }
    }
}
