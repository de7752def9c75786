//! Where a `{` is missing, told by a `}` that closes nothing or that stands where nothing was opened.
//!
//! Only asked where delimiters do not match; then what begins a block or a list of fields, without a
//! brace behind it, is where the brace belongs.

use super::misplaced::BLOCKS;
use super::scan::Mark;
use super::tokens::{first_word, is_word, token};

/// So many lines are looked at to find what a `}` closes.
const LINES: usize = 400;

/// Whether a line begins a block at the top of a file.
pub(super) fn is_a_block(line: &str) -> bool {
    BLOCKS.contains(&first_word(line.trim_start()))
}

/// The place for a `{` on the line of a closing brace that ends it: behind the call or the words that
/// fields follow, as in `conv1 = conv(image)  filters = 8 }`, or behind the head of a block if the
/// line is `outside` of all blocks.
pub(super) fn on_its_line(text: &str, mark: &Mark, outside: bool) -> Option<usize> {
    let line = text.get(mark.line_start..mark.at)?;
    let begin = line.trim_start();
    if outside && is_a_block(begin) {
        let head = head(begin).filter(|&at| !begin[at..].trim_start().starts_with('{'))?;
        return Some(mark.line_start + line.len() - begin.len() + head);
    }
    // Behind fields that have their braces, as in `search reinforce { … } then genetic …`.
    let behind = line.rfind('}').map_or(0, |at| at + 1);
    let line = line.get(behind..).filter(|l| !l.contains('{'))?;
    let begin = line.trim_start();
    let indent = behind + line.len() - begin.len();
    let end = match call(begin) {
        Some(end) => end,
        None => words_before_a_field(begin)?,
    };
    let fields = begin.get(end..)?.trim_start();
    let is_field = is_word(token(fields))
        && fields
            .get(token(fields).len()..)?
            .trim_start()
            .starts_with('=');
    is_field.then_some(mark.line_start + indent + end)
}

/// The place for a `{` behind the head of a block further up, for a closing brace that begins its
/// line and has no partner: the nearest line above, from `since` on, that begins a block and opens
/// none.
pub(super) fn of_a_block(text: &str, since: usize, mark: &Mark) -> Option<usize> {
    let above = text.get(since..mark.line_start)?;
    let mut end = above.len();
    for line in above.split_inclusive('\n').rev().take(LINES) {
        let start = end - line.len();
        end = start;
        let body = line.trim_end();
        let begin = body.trim_start();
        let indent = body.len() - begin.len();
        if indent <= mark.indent && is_a_block(begin) {
            let opened = begin.contains('{') || begin.split_whitespace().any(|w| w == "from");
            let head = head(begin).filter(|_| !opened)?;
            return Some(since + start + indent + head);
        }
    }
    None
}

/// The place for a `{` at the end of a line inside of an open block, for a closing brace that begins
/// its line and stands as deep as that line: the nearest one above with deeper lines behind it.
pub(super) fn of_an_inner_block(text: &str, open: &Mark, mark: &Mark) -> Option<usize> {
    let above = text.get(open.at + 1..mark.line_start)?;
    let mut deeper = false;
    let mut end = above.len();
    for line in above.split_inclusive('\n').rev().take(LINES) {
        let start = end - line.len();
        end = start;
        let code = line.find("//").map_or(line, |at| &line[..at]).trim_end();
        let begin = code.trim_start();
        if begin.is_empty() {
            continue;
        }
        let indent = code.len() - begin.len();
        if indent > mark.indent {
            deeper = true;
            continue;
        }
        let block = matches!(first_word(begin), "for" | "cluster" | "layer")
            || call(begin) == Some(begin.len())
            || begin.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let opens = deeper && indent == mark.indent && block && !code.contains(['{', '}']);
        return opens.then_some(open.at + 1 + start + code.len());
    }
    None
}

/// Where the head of a block ends, if it is one: the keyword, a name, and what may stand behind it.
fn head(begin: &str) -> Option<usize> {
    let mut at = 0;
    let mut words = 0;
    loop {
        let rest = begin.get(at..)?;
        let next = at + (rest.len() - rest.trim_start().len());
        let word = token(begin.get(next..)?);
        let goes_on = match words {
            0 | 1 => is_word(word),
            _ => {
                matches!(word, "extends" | "shapes" | "unchecked")
                    || is_word(word) && after_extends(begin, at)
            }
        };
        if !goes_on {
            return (words > 1).then_some(at);
        }
        at = next + word.len();
        // A path, or parameters.
        while let Some(more) = begin.get(at..).filter(|r| r.starts_with('.')) {
            at += 1 + first_word(more.get(1..)?).len();
        }
        if let Some(length) = begin.get(at..).and_then(parenthesis) {
            at += length;
        }
        words += 1;
    }
}

fn after_extends(begin: &str, at: usize) -> bool {
    let before = begin.get(..at).unwrap_or("").trim_end();
    before.ends_with(" extends")
}

/// The length of `(…)` at the beginning of a text.
fn parenthesis(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('(')?;
    let end = inner.find(['(', ')', '\n'])?;
    inner[end..].starts_with(')').then_some(end + 2)
}

/// Where `name = op(…)` at the beginning of a text ends.
fn call(begin: &str) -> Option<usize> {
    let name = token(begin);
    if !is_word(name) && !name.starts_with('"') {
        return None;
    }
    let after = begin.get(name.len()..)?.trim_start().strip_prefix('=')?;
    let after = after.trim_start();
    let op = first_word(after);
    let arguments = after.get(op.len()..)?;
    let length = parenthesis(arguments).filter(|_| !op.is_empty())?;
    Some(begin.len() - arguments.len() + length)
}

/// Where the words end behind which the first `field =` of a line stands, as in `noc width = 4`.
fn words_before_a_field(begin: &str) -> Option<usize> {
    let mut end = None;
    let mut at = 0;
    loop {
        let rest = begin.get(at..)?;
        let next = at + (rest.len() - rest.trim_start().len());
        let word = token(begin.get(next..)?);
        if word == "=" {
            return end;
        }
        if !is_word(word) && !word.starts_with('"') {
            return None;
        }
        // The word before this one, should this one be a field.
        end = (at > 0).then_some(at);
        at = next + word.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(begin: &str, found: Option<usize>) -> String {
        found.map_or("none".to_string(), |at| {
            format!("{}{{{}", &begin[..at], &begin[at..])
        })
    }

    #[test]
    fn heads_of_blocks() {
        for (text, wanted) in [
            ("network net", "network net{"),
            (
                "network net shapes unchecked // here",
                "network net shapes unchecked{ // here",
            ),
            (
                "design a extends lib.b network net",
                "design a extends lib.b{ network net",
            ),
            ("dataflow d(a, b = 2)", "dataflow d(a, b = 2){"),
            ("menu", "none"),
        ] {
            assert_eq!(place(text, head(text)), wanted);
        }
    }

    #[test]
    fn calls_and_fields() {
        for (text, wanted) in [
            ("a = conv(b) k = 2", "a = conv(b){ k = 2"),
            ("\"a b\" = add(c, d)", "\"a b\" = add(c, d){"),
            ("a = 3", "none"),
        ] {
            assert_eq!(place(text, call(text)), wanted);
        }
        for (text, wanted) in [
            ("layer l1 conv K = 3", "layer l1 conv{ K = 3"),
            ("noc width = 4 B, hops = 2", "noc{ width = 4 B, hops = 2"),
            ("width = 4 B", "none"),
            ("pes in [4]", "none"),
        ] {
            assert_eq!(place(text, words_before_a_field(text)), wanted);
        }
    }
}
