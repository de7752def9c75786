//! Edges whose arrow is not `->`.

use super::errors::{Context, Verdict};
use super::grammar::Rule;
use super::special::{Finding, verdict};
use super::tokens::{first_word, is_word};
use crate::diag::codes;

/// `a => b`, `a - > b`, `a --> b`, `a <- b`
pub(super) fn arrow(finding: &Finding) -> Option<Verdict> {
    let before = finding.previous;
    let node = is_word(before) || before.ends_with('"');
    if finding.context != Context::Network || !node || !finding.expects(&[Rule::arrow]) {
        return None;
    }
    let text = finding.statement.get(finding.at..)?;
    let signs = |c: char| matches!(c, '-' | '=' | '<' | '>' | '~');
    let behind = text.trim_start_matches(|c| signs(c) || c == ' ');
    let run = text.get(..text.len() - behind.len())?.trim_end();
    let next = match behind.strip_prefix('"').and_then(|t| t.find('"')) {
        Some(end) => behind.get(..end + 2)?,
        None => first_word(behind),
    };
    let rest = behind.get(next.len()..)?.trim();
    // `a = conv(b)` declares a layer, and so does `a == conv(b)`.
    let edge = run.contains(['-', '<', '>', '~']) && !next.is_empty() && !rest.starts_with('(');
    if !edge || run == "->" {
        return None;
    }
    let message = "layers are connected with `->`".to_string();
    let mut found = verdict(finding, codes::WRONG_SIGN, message, "the wrong sign");
    let end = finding.at + run.len();
    found.at = (finding.at, end);
    if run.contains('>') || !run.contains('<') {
        return Some(found.help("write `->`").replace(finding.at, end, "->"));
    }
    let turned = format!("{next} -> {before}");
    let help = format!("write `{turned}`: edges run from what gives to what takes");
    let whole = finding.statement.trim_end();
    let start = whole.len() - whole.trim_start().len();
    let alone = rest.is_empty() && whole.trim_start().starts_with(before);
    let found = found.help(help);
    Some(match alone {
        true => found.replace(start, whole.len(), turned),
        false => found,
    })
}
