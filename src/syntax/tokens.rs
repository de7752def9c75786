//! A rough look at the tokens around a mistake, to name them in its message.

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a token is a word.
pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Whether a token is a number.
pub(super) fn is_number(text: &str) -> bool {
    text.trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit())
}

/// The word a text begins with; empty if it begins with something else.
pub(super) fn first_word(text: &str) -> &str {
    let end = text.find(|c| !is_word_char(c)).unwrap_or(text.len());
    text.get(..end).filter(|w| is_word(w)).unwrap_or("")
}

/// The token a text begins with.
pub(super) fn token(text: &str) -> &str {
    const SIGNS: &[&str] = &[
        "..=", "<=", ">=", "==", "=<", "=>", ":=", "->", "=", "<", ">",
    ];
    let Some(first) = text.chars().next().filter(|c| !c.is_whitespace()) else {
        return "";
    };
    let end = if is_word_char(first) {
        text.find(|c| !is_word_char(c)).unwrap_or(text.len())
    } else if first == '"' {
        text.get(1..)
            .and_then(|t| t.find('"'))
            .map_or(text.len(), |i| i + 2)
    } else {
        SIGNS
            .iter()
            .find(|s| text.starts_with(**s))
            .map_or(first.len_utf8(), |s| s.len())
    };
    text.get(..end).unwrap_or("")
}

/// The token a text ends with; the text has no white space at its end.
pub(super) fn last_token(text: &str) -> &str {
    let start = if text.ends_with(|c| is_word_char(c) || c == '\'') {
        text.rfind(|c: char| !is_word_char(c) && !matches!(c, '\'' | '.'))
            .map_or(0, |i| i + 1)
    } else if let Some(inner) = text.strip_suffix('"') {
        inner.rfind('"').unwrap_or(inner.len())
    } else {
        text.rfind(|c: char| !"<>=-".contains(c))
            .map_or(0, |i| if i + 1 == text.len() { i } else { i + 1 })
    };
    text.get(start..).unwrap_or("")
}

/// A token as a message shows it.
pub(super) fn short(token: &str) -> String {
    let line = token.lines().next().unwrap_or("");
    if line.chars().count() <= 40 {
        line.to_string()
    } else {
        format!("{}…", line.chars().take(39).collect::<String>())
    }
}
