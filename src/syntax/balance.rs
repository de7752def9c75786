//! Delimiters: which are missing, which are too many, and where they belong.
//!
//! If all match, indentation means nothing. If they do not, it is the best witness of what was
//! meant: a block that begins no deeper than the line of an open brace, or a closing brace that
//! stands further left than its opener's line, tells where the missing one belongs.

use super::lost_brace;
use super::mend::Edit;
use super::scan::{Mark, Scan};
use crate::base::span::{FileId, Span};
use crate::diag::{Diagnostic, codes};

/// Blocks nested deeper than this are refused: recursion over blocks is bounded by it.
pub(super) const DEEPEST: usize = 64;

/// Of a file with more mistakes than this not every delimiter that closes nothing is told.
const MOST_TOLD: usize = 10_000;

/// For so many closing braces of a file it is looked for an opening one that is missing.
const MOST_LOOKED_FOR: usize = 2000;

/// Where the shape of an input or the operands of a layer begin on the line of a `]` or `)` that
/// nothing opens: `input image 3, 32, 32]`, `dw1 = depthwise conv1)`.
fn opener(line: &str, closer: char) -> Option<usize> {
    let words = |text: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || "_,\" \t".contains(c);
        !text.trim().is_empty() && text.chars().all(word)
    };
    let behind = match closer {
        ')' => line.rfind(" = ")? + 3,
        _ => line.find("input ")? + 6,
    };
    // A kind of layer, or the name of the input.
    let rest = line.get(behind..)?;
    let word = rest.len() - rest.trim_start().len();
    let word = word + rest.get(word..)?.find([' ', '\t'])?;
    let inside = rest.get(word..)?;
    let begin = behind + word + inside.len() - inside.trim_start().len();
    words(inside).then_some(begin)
}

/// Checks and mends the delimiters of a scanned text. False if it nests too deeply to go on.
pub(super) fn balance(file: FileId, text: &str, scan: &mut Scan) -> bool {
    let marks = std::mem::take(&mut scan.marks);
    let (balanced, deep) = survey(&marks);
    if let Some(deep) = deep.filter(|_| balanced) {
        scan.diagnostics.push(too_deep(file, deep));
        return false;
    }
    if balanced {
        return true;
    }
    let braces = marks.iter().filter(|m| m.closer == '}');
    let (opening, closing): (Vec<&Mark>, Vec<&Mark>) = braces.partition(|m| m.opens);
    let mut balancer = Balancer {
        surplus: closing.len().saturating_sub(opening.len()),
        file,
        text,
        end: text.trim_end().len(),
        stack: Vec::new(),
        since: 0,
        looked: 0,
        scan,
    };
    for mark in &marks {
        balancer.inline(*mark);
        if mark.opens {
            balancer.open(*mark);
            if balancer.stack.len() > DEEPEST {
                balancer.scan.diagnostics.push(too_deep(file, mark));
                return false;
            }
        } else {
            balancer.close(*mark);
        }
    }
    balancer.end();
    true
}

/// Whether each delimiter has its partner, and the first that nests too deeply.
fn survey(marks: &[Mark]) -> (bool, Option<&Mark>) {
    let mut stack = Vec::new();
    let mut deep = None;
    for mark in marks {
        if mark.opens {
            stack.push(mark.closer);
            if stack.len() > DEEPEST {
                deep = deep.or(Some(mark));
            }
        } else if stack.pop() != Some(mark.closer) {
            return (false, deep);
        }
    }
    (stack.is_empty(), deep)
}

fn too_deep(file: FileId, mark: &Mark) -> Diagnostic {
    let span = Span {
        file,
        start: mark.at as u32,
        end: mark.at as u32 + 1,
    };
    Diagnostic::error(
        codes::FILE_LIMITS,
        format!("blocks and lists nest deeper than {DEEPEST} levels"),
    )
    .label(span, format!("level {}", DEEPEST + 1))
    .help("a delimiter is missing further up, or the file was generated wrongly")
}

struct Balancer<'a> {
    file: FileId,
    text: &'a str,
    /// Where the last thing in the text ends.
    end: usize,
    stack: Vec<Mark>,
    /// Behind the last block that is closed.
    since: usize,
    /// So many closing braces more than opening ones are still to come.
    surplus: usize,
    /// How often a brace that is missing was looked for.
    looked: usize,
    scan: &'a mut Scan,
}

impl Balancer<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span {
            file: self.file,
            start: start as u32,
            end: end as u32,
        }
    }

    /// What is opened in the middle of a line and still open on a later line that stands no deeper
    /// was to be closed on its own line.
    fn inline(&mut self, mark: Mark) {
        while let Some(&top) = self.stack.last() {
            let closed = mark.closer == top.closer && !mark.opens && mark.first;
            if top.last || mark.line == top.line || mark.indent > top.indent || closed {
                break;
            }
            self.stack.pop();
            let end = self.end_of_line(&top);
            self.unclosed(top, end, Some("on the line it is opened on"));
        }
    }

    /// The end of what is written on the line of a delimiter, without its comment.
    fn end_of_line(&self, mark: &Mark) -> usize {
        let rest = self.text.get(mark.at..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("");
        let end = line.find("//").unwrap_or(line.len());
        mark.at + line.get(..end).unwrap_or("").trim_end().len()
    }

    fn open(&mut self, mark: Mark) {
        // No list and no arguments hold a block.
        while let Some(&top) = self.stack.last() {
            if mark.closer != '}' || top.closer == '}' {
                break;
            }
            self.stack.pop();
            self.unclosed(
                top,
                self.end_of_text_before_mark(&mark),
                Some("before the block begins"),
            );
        }
        // A block that begins a line no deeper than an open block's own line is its sibling.
        while let Some(&top) = self.stack.last() {
            let line = self.text.get(mark.line_start..).unwrap_or("");
            let sibling = mark.closer == '}'
                && (mark.last || lost_brace::is_a_block(line))
                && top.last
                && top.closer == '}'
                && mark.line > top.line
                && mark.indent <= top.indent;
            if !sibling {
                break;
            }
            self.stack.pop();
            self.unclosed(
                top,
                self.end_of_text_before(mark.line_start),
                Some("before the next block begins"),
            );
        }
        self.stack.push(mark);
    }

    fn close(&mut self, mark: Mark) {
        if self.lost_brace(&mark) {
            return;
        }
        if self.surplus > 0 && self.too_early(&mark) {
            self.surplus -= 1;
            self.remove(mark, "the block goes on below", "remove it");
            return;
        }
        if mark.closer == '}' && mark.first {
            // Further left than the innermost open line, level with one further out.
            while let [.., outer, top] = self.stack[..] {
                let skipped = top.closer == '}'
                    && outer.closer == '}'
                    && top.line < mark.line
                    && mark.indent < top.indent
                    && mark.indent <= outer.indent;
                if !skipped {
                    break;
                }
                self.stack.pop();
                self.unclosed(top, self.end_of_text_before(mark.line_start), None);
            }
        }
        match self.stack.iter().rposition(|m| m.closer == mark.closer) {
            Some(partner) => {
                while self.stack.len() > partner + 1 {
                    if let Some(top) = self.stack.pop() {
                        self.unclosed(top, self.end_of_text_before_mark(&mark), None);
                    }
                }
                let opener = self.stack.pop();
                let opener = opener.filter(|o| o.closer == '}');
                let line = opener.and_then(|o| self.text.get(o.line_start..));
                if line.is_some_and(lost_brace::is_a_block) {
                    self.since = mark.at + 1;
                }
            }
            // The block around a list of one line goes on behind it: the list has lost its beginning.
            None if self.stack.last().is_some_and(|top| {
                let behind = self.rest_of_line(&mark).contains('}');
                mark.closer != '}' && top.closer == '}' && (top.line < mark.line || behind)
            }) =>
            {
                self.unopened(mark);
            }
            None => match self.stack.pop() {
                Some(top) => self.mismatched(top, mark),
                None => self.stray(mark),
            },
        }
    }

    /// What stands behind a delimiter on its line.
    fn rest_of_line(&self, mark: &Mark) -> &str {
        let rest = self.text.get(mark.at + 1..).unwrap_or("");
        rest.lines().next().unwrap_or("")
    }

    /// Whether a `}` stands behind or among the statements of a block that goes on below.
    fn too_early(&self, mark: &Mark) -> bool {
        let Some(top) = self.stack.last().filter(|top| top.last) else {
            return false;
        };
        let rest = self.rest_of_line(mark);
        let behind = self.text.get(mark.at + 1 + rest.len()..).unwrap_or("");
        let mut lines = behind.lines().map(str::trim_end);
        let next = lines.find(|l| !l.is_empty() && !l.trim_start().starts_with("//"));
        let deeper = next.is_some_and(|l| {
            let indent = l.len() - l.trim_start().len();
            indent > top.indent && !l.trim_start().starts_with('}')
        });
        let inside = !mark.first || mark.indent > top.indent;
        let alone = rest.trim().is_empty() || rest.trim_start().starts_with("//");
        mark.closer == '}' && top.closer == '}' && top.line < mark.line && inside && alone && deeper
    }

    fn end(&mut self) {
        while let Some(top) = self.stack.pop() {
            if self.scan.open_comment {
                // The comment swallowed the closing delimiters; that is reported already. They go
                // behind the end that the comment was given.
                let closer = top.closer.to_string();
                self.scan.edits.push(Edit {
                    at: self.text.len(),
                    remove: 0,
                    insert: closer,
                });
            } else {
                self.unclosed(top, self.end, Some("by the end of the file"));
            }
        }
    }

    /// The end of the last thing written before a delimiter.
    fn end_of_text_before_mark(&self, mark: &Mark) -> usize {
        let line = self.text.get(mark.line_start..mark.at).unwrap_or("");
        let end = line.trim_end().len();
        if end > 0 {
            mark.line_start + end
        } else {
            self.end_of_text_before(mark.line_start)
        }
    }

    /// The end of the last thing written before a line.
    fn end_of_text_before(&self, at: usize) -> usize {
        let end = self.text.get(..at).unwrap_or("").trim_end();
        // A closing delimiter must not be put into a comment line.
        let line = end.rsplit('\n').next().unwrap_or("");
        if line.contains("//") { at } else { end.len() }
    }

    fn unclosed(&mut self, opener: Mark, at: usize, when: Option<&str>) {
        let open = self.text.get(opener.at..opener.at + 1).unwrap_or("");
        let closer = opener.closer;
        let when = when.map_or(String::new(), |w| format!(" {w}"));
        let at = at.max(opener.at + 1);
        let diagnostic =
            Diagnostic::error(codes::UNBALANCED, format!("this `{open}` is not closed"))
                .label(self.span(opener.at, opener.at + 1), "opened here")
                .label(
                    self.span(at, at),
                    format!("`{closer}` is missing here{when}"),
                )
                .help(format!("write `{closer}` where what was opened ends"));
        self.scan.diagnostics.push(diagnostic);
        // The line comment's own newline ends it: the closer goes on a line of its own at the end.
        let newline = if at >= self.end { "\n" } else { "" };
        let at = if newline.is_empty() {
            at
        } else {
            self.text.len()
        };
        self.scan.edits.push(Edit {
            at,
            remove: 0,
            insert: format!("{newline}{closer}"),
        });
        self.scar(opener.at);
        self.scar(at);
    }

    fn mismatched(&mut self, opener: Mark, closer: Mark) {
        let open = self.text.get(opener.at..opener.at + 1).unwrap_or("");
        let wanted = opener.closer;
        let span = self.span(closer.at, closer.at + 1);
        let diagnostic = Diagnostic::error(
            codes::UNBALANCED,
            format!("`{open}` is closed by `{}`", closer.closer),
        )
        .label(span, format!("`{wanted}` is expected here"))
        .label(self.span(opener.at, opener.at + 1), "opened here")
        .help(format!("write `{wanted}`"))
        .suggest(span, wanted);
        self.scan.diagnostics.push(diagnostic);
        self.scan.edits.push(Edit {
            at: closer.at,
            remove: 1,
            insert: wanted.to_string(),
        });
        self.scar(opener.at);
    }

    /// Whether a `}` closes what was to be opened by a brace that is missing; the brace is put in.
    fn lost_brace(&mut self, mark: &Mark) -> bool {
        if mark.closer != '}' || self.looked >= MOST_LOOKED_FOR {
            return false;
        }
        self.looked += 1;
        let top = self.stack.last().copied();
        let above = top.is_none_or(|top| top.line < mark.line && top.closer == '}');
        let found = match top {
            _ if !above => None,
            _ if !mark.first => lost_brace::on_its_line(self.text, mark, top.is_none()),
            None => lost_brace::of_a_block(self.text, self.since, mark),
            Some(top) if top.last && mark.indent > top.indent => {
                lost_brace::of_an_inner_block(self.text, &top, mark)
            }
            Some(_) => None,
        };
        let Some(at) = found else { return false };
        let place = self.span(at, at);
        let diagnostic = Diagnostic::error(codes::UNBALANCED, "a `{` is missing")
            .label(place, "`{` is missing here")
            .label(
                self.span(mark.at, mark.at + 1),
                "without it this closes nothing",
            )
            .help("write `{` where the block or the fields begin")
            .suggest(place, " {");
        self.scan.diagnostics.push(diagnostic);
        self.scan.edits.push(Edit {
            at,
            remove: 0,
            insert: " {".into(),
        });
        self.scar(at);
        let before = self.text.get(..at).unwrap_or("");
        let line = before.rfind('\n').map_or(0, |i| i + 1);
        if self.text.get(line..).is_some_and(lost_brace::is_a_block) {
            self.since = mark.at + 1;
        }
        true
    }

    /// A `]` or `)` in a block, where no list is open. A list stands behind `in` or `=`.
    fn unopened(&mut self, mark: Mark) {
        let line = self.text.get(mark.line_start..mark.at).unwrap_or("");
        let begin = [" in ", " = "].into_iter().filter_map(|sign| {
            let at = line.rfind(sign)? + sign.len();
            let list = line.get(at..)?;
            let clear = !list.contains(['{', '}', '[', ']', '=']) && mark.closer == ']';
            clear.then_some(mark.line_start + at)
        });
        let begin = begin
            .max()
            .or_else(|| opener(line, mark.closer).map(|at| mark.line_start + at));
        let Some(at) = begin else {
            self.stray(mark);
            return;
        };
        let (what, opens) = match mark.closer {
            ')' => ("operands", "("),
            _ => ("list", "["),
        };
        let span = self.span(mark.at, mark.at + 1);
        let diagnostic = Diagnostic::error(
            codes::UNBALANCED,
            format!("this `{}` closes nothing", mark.closer),
        )
        .label(span, "nothing is open here")
        .label(self.span(at, at), format!("`{opens}` is missing here"))
        .help(format!(
            "write `{opens}` where the {what} begin{}",
            if opens == "[" { "s" } else { "" }
        ))
        .suggest(self.span(at, at), opens);
        self.scan.diagnostics.push(diagnostic);
        self.scan.edits.push(Edit {
            at,
            remove: 0,
            insert: opens.into(),
        });
        self.scar(mark.at);
    }

    fn stray(&mut self, mark: Mark) {
        self.remove(
            mark,
            "nothing is open here",
            "remove it, or look for a block that is closed too early further up",
        );
    }

    /// A closing delimiter too many.
    fn remove(&mut self, mark: Mark, label: &str, help: &str) {
        let span = self.span(mark.at, mark.at + 1);
        let diagnostic = Diagnostic::error(
            codes::UNBALANCED,
            format!("this `{}` closes nothing", mark.closer),
        )
        .label(span, label)
        .help(help)
        .suggest(span, "");
        // Nobody reads on, and a text may be all braces.
        if self.scan.diagnostics.len() < MOST_TOLD {
            self.scan.diagnostics.push(diagnostic);
        }
        self.scan.edits.push(Edit {
            at: mark.at,
            remove: 1,
            insert: " ".into(),
        });
        self.scar(mark.at);
    }

    /// What the grammar says about this line would be an echo.
    fn scar(&mut self, at: usize) {
        let at = at.min(self.text.len());
        if self
            .scan
            .scars
            .last()
            .is_some_and(|&(start, end)| start <= at && at < end)
        {
            return;
        }
        let start = self
            .text
            .get(..at)
            .and_then(|t| t.rfind('\n'))
            .map_or(0, |i| i + 1);
        let end = self
            .text
            .get(at..)
            .and_then(|t| t.find('\n'))
            .map_or(self.text.len(), |i| at + i);
        self.scan.scars.push((start, end + 1));
    }
}
