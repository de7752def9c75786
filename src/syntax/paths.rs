//! Mistakes of `use` lines and the paths in them.

use super::errors::{Context, Verdict};
use super::special::{Finding, verdict};
use super::tokens::{first_word, is_word, short};
use crate::diag::codes;

/// `use a, b from "parts.cfx"`: what stands behind the comma.
pub(super) fn used_together(finding: &Finding) -> Option<Verdict> {
    let text = finding.statement.trim();
    let after = text.strip_prefix(first_word(text))?.trim_start();
    let from = first_word(after) == "from" && finding.at == 0 && is_word(text);
    if finding.context != Context::File || !from {
        return None;
    }
    let message = "a `use` brings in one thing".to_string();
    Some(
        verdict(
            finding,
            codes::SYNTAX,
            message,
            "without a `use` of its own",
        )
        .help(format!(
            "write `use {}` on a line of its own, and the same for what stands before the comma",
            short(text)
        )),
    )
}

/// `use std::dataflows::nvdla`, `use std/nvdla`, `use std..dataflows`: the words of a path are joined
/// with one dot.
pub(super) fn path_signs(finding: &Finding) -> Option<Verdict> {
    let statement = finding.statement.trim_end();
    let rest = statement.strip_prefix("use")?;
    let path = rest.split_whitespace().next()?;
    let sign = |c: char| matches!(c, ':' | '/' | '.');
    let start = statement.len() - rest.trim_start().len();
    let within = (start..=start + path.len()).contains(&finding.at);
    let words: Vec<&str> = path.split(sign).filter(|w| !w.is_empty()).collect();
    let plain = words.iter().all(|w| first_word(w) == *w);
    if finding.context != Context::File || !within || !plain || words.len() < 2 {
        return None;
    }
    let meant = words.join(".");
    let message = "the words of a path are joined with one `.`".to_string();
    let mut found = verdict(finding, codes::WRONG_SIGN, message, "a path");
    found.at = (start, start + path.len());
    let help = format!("write `{meant}`");
    Some(found.help(help).replace(start, start + path.len(), meant))
}
