//! Words, braces and their places in a MAESTRO file.
//!
//! As in the original, blanks, `,` `:` `;` `(` and `)` only keep words apart: published files leave
//! some of them out. Comments run from `//` to the end of the line.

use crate::base::span::{FileId, Span};

/// A word or a brace.
#[derive(Debug, Clone, Copy)]
pub struct Token<'t> {
    /// As written.
    pub text: &'t str,
    /// Where it stands.
    pub span: Span,
    /// Whether a `;` stands before it.
    pub after_end: bool,
}

/// The words and braces of a text in their order.
pub fn tokens(file: FileId, text: &str) -> Vec<Token<'_>> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut after_end = false;
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    while at < bytes.len() {
        if comment(&bytes[at..]) {
            let line = bytes[at..].iter().position(|&b| b == b'\n');
            at = line.map_or(bytes.len(), |length| at + length);
            continue;
        }
        let start = at;
        match bytes[at] {
            b'{' | b'}' => at += 1,
            byte if separates(byte) => {
                after_end |= byte == b';';
                at += 1;
                continue;
            }
            _ => {
                // What ends a word is ASCII, so a word ends between characters.
                while at < bytes.len()
                    && !separates(bytes[at])
                    && !matches!(bytes[at], b'{' | b'}')
                    && !comment(&bytes[at..])
                {
                    at += 1;
                }
            }
        }
        tokens.push(Token {
            text: text.get(start..at).unwrap_or(""),
            span: Span {
                file,
                start: start as u32,
                end: at as u32,
            },
            after_end,
        });
        after_end = false;
    }
    tokens
}

fn separates(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b',' | b':' | b';' | b'(' | b')')
}

/// Whether a comment begins here.
fn comment(bytes: &[u8]) -> bool {
    bytes.starts_with(b"//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_comments_only_keep_words_apart() {
        let text = "Cluster(Sz(R), P);// note\nX':2}Conv2d-1{";
        let words: Vec<&str> = tokens(FileId(0), text).iter().map(|t| t.text).collect();
        let wanted = ["Cluster", "Sz", "R", "P", "X'", "2", "}", "Conv2d-1", "{"];
        assert_eq!(words, wanted);
        for token in tokens(FileId(0), text) {
            let (start, end) = (token.span.start as usize, token.span.end as usize);
            assert_eq!(&text[start..end], token.text);
        }
    }
}
