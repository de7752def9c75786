//! Fields of a layer without their braces.

use super::errors::{Context, Verdict};
use super::tokens::first_word;
use crate::diag::codes;

/// `a = conv(b) filters = 16, kernel = 3x3`: the statement `last` ends with the operands, and fields
/// begin at `start`. With where they end.
pub(super) fn braceless(
    context: Context,
    input: &str,
    last: (usize, usize),
    start: usize,
) -> Option<(Verdict, usize)> {
    let whole = input.get(last.0..last.1)?;
    let between = input.get(last.1..start)?;
    let operands = whole.ends_with(')') && between.trim_matches([' ', '\t']).is_empty();
    let rest = input.get(start..)?;
    let line = rest.get(..rest.find(['\n', '}', ';']).unwrap_or(rest.len()))?;
    let line = line.split("//").next()?.trim_end();
    let name = first_word(line);
    let sets = line.get(name.len()..)?.trim_start().starts_with('=');
    // With parentheses it is the next layer.
    if context != Context::Network || !operands || name.is_empty() || !sets || line.contains('(') {
        return None;
    }
    let fields = format!("{{ {} }}", line.trim_end_matches(','));
    let at = (start - last.0, start - last.0 + line.len());
    let verdict = Verdict {
        code: codes::SYNTAX,
        message: "the fields of a layer stand in braces".into(),
        at,
        label: "without braces".into(),
        help: Some(format!("write `{fields}`")),
        replace: Some((at.0, at.1, fields)),
    };
    Some((verdict, start + line.len()))
}
