//! Lists without their brackets.

use super::errors::{Context, Verdict};
use super::tokens::{first_word, is_number};
use crate::diag::codes;

/// `dataflow in std.a, std.b` and `pes in 1, 2, 4`: a list that begins in the statement at `start`, or
/// in the one before, `last`, which ends with its first value. With where the statement begins and where
/// the list ends.
pub(super) fn bracketless(
    context: Context,
    input: &str,
    last: Option<(usize, usize)>,
    start: usize,
) -> Option<(usize, Verdict, usize)> {
    let from = match context {
        Context::Design => start,
        Context::Menu => {
            let (from, end) = last?;
            let between = input.get(end..start)?;
            (between.trim_matches([' ', '\t']) == ",").then_some(from)?
        }
        _ => return None,
    };
    let rest = input.get(from..)?;
    let line = rest.get(..rest.find(['\n', '}', '{', ';']).unwrap_or(rest.len()))?;
    let line = line.split("//").next()?.trim_end();
    let name = first_word(line);
    let behind = line.get(name.len()..)?;
    let values = behind.trim_start().strip_prefix("in")?;
    let list = values.trim_start();
    let fits: fn(&str) -> bool = match context {
        Context::Design => is_path,
        _ => |value| value.bytes().all(|b| b.is_ascii_digit() || b == b'_') && is_number(value),
    };
    let known = context == Context::Menu || name == "dataflow";
    let parts: Vec<&str> = list.split(',').map(str::trim).collect();
    if !known || values == list || parts.len() < 2 || !parts.iter().all(|part| fits(part)) {
        return None;
    }
    let (list_at, end) = (line.len() - list.len(), line.len());
    let brackets = format!("[{}]", parts.join(", "));
    let verdict = Verdict {
        code: codes::SYNTAX,
        message: format!("the choices of `{name}` stand in brackets"),
        at: (list_at, end),
        label: "without brackets".into(),
        help: Some(format!("write `{brackets}`")),
        replace: Some((list_at, end, brackets)),
    };
    Some((from, verdict, from + end))
}

/// `std.dataflows.nvdla`
fn is_path(text: &str) -> bool {
    text.split('.')
        .all(|word| !word.is_empty() && first_word(word) == word)
}
