//! Comma-separated values as RFC 4180 has them, but with plain line breaks.

use super::decision::Decision;
use super::json;
use serde_json::Value;

/// The layers of a decision, one to a line, with the keys of the JSON as columns; what is not known
/// or belongs to no single layer is empty. `cfxc cost --assign` reads it.
pub fn text(decision: &Decision) -> String {
    let with_buffer = decision.problem.menu.find(json::BUFFER).is_some();
    let mut out = String::new();
    for row in json::layers(decision) {
        let Value::Object(mut row) = row else {
            continue;
        };
        if !with_buffer {
            row.shift_remove(json::BUFFER);
        }
        if out.is_empty() {
            let named = |key: &String| match key.as_str() {
                "name" => "layer".to_string(),
                _ => key.clone(),
            };
            out.push_str(&line(row.keys().map(named)));
        }
        out.push_str(&line(row.values().map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })));
    }
    out
}

/// A line of these values.
pub fn line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|c| cell(&c)).collect();
    cells.join(",") + "\n"
}

/// Whether a spreadsheet would take a value for a formula.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A value of a CSV line, in quotes if it has to be. A spreadsheet runs a value that looks like a
/// formula, in quotes or not; an apostrophe before it keeps it a text. No number of ours begins so.
fn cell(text: &str) -> String {
    let guard = if is_formula(text) { "'" } else { "" };
    let quoted = text != text.trim() || text.contains([',', '"', '\n', '\r', '\u{feff}']);
    if quoted {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

/// What a value was before an apostrophe kept it from being a formula.
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(cell("l1"), "l1");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(cell(" x"), "\" x\"");
        assert_eq!(cell(""), "");
    }

    #[test]
    fn nothing_is_a_formula() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("-x", "'-x"),
            ("@sum(a,b)", "\"'@sum(a,b)\""),
            ("a=b", "a=b"),
            ("'quoted'", "'quoted'"),
        ] {
            assert_eq!(cell(text), written);
            assert_eq!(unguarded(cell(text).trim_matches('"')), text);
        }
    }
}
