//! What a statement that cannot be read may have declared.

use super::errors::Context;
use super::tokens;

/// Words that stand before a name that is declared.
const DECLARING: &[&str] = &[
    "as",
    "budget",
    "dataflow",
    "design",
    "input",
    "layer",
    "let",
    "menu",
    "network",
    "refine",
    "technology",
];

/// Stands for a node without a name.
pub const ANY_NODE: &str = "=";

/// Names that a broken statement may have declared, written as they would be declared: near its
/// beginning, or, as a line may hold several statements, after a word or before a sign that declares.
/// `next` is the text behind it.
pub(super) fn names(context: Context, text: &str, next: &str) -> Vec<String> {
    // The brace stands behind the name of the next node: `kernel = 1x1 skip } = add(a, b)`.
    let swapped = |rest: &str| rest.trim_start().starts_with('=');
    if context == Context::Fields && next.trim_start().strip_prefix('}').is_some_and(swapped) {
        return vec![tokens::last_token(text.trim_end()).to_string()];
    }
    let all = match context {
        // Whatever became of the word `use`.
        Context::File => !text.contains('{') && text.contains(['.', '"', ',']),
        Context::Menu => true,
        Context::Network => false,
        _ => return Vec::new(),
    };
    let mut names = Vec::new();
    if context == Context::Network && text.starts_with(ANY_NODE) {
        names.push(ANY_NODE.to_string());
    }
    let (mut depth, mut words) = (0_usize, 0);
    let (mut before, mut rest) = ("", text.trim_start());
    while let Some(first) = rest.chars().next() {
        let token = match tokens::token(rest) {
            "" => rest.get(..first.len_utf8()).unwrap_or(rest),
            token => token,
        };
        rest = rest.get(token.len()..).unwrap_or("").trim_start();
        match token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            word if tokens::is_word(word) => {
                words += usize::from(depth == 0);
                let declared = words <= 2
                    || DECLARING.contains(&before)
                    || tokens::token(rest) == "="
                    || tokens::first_word(rest) == "in";
                if all || depth == 0 && declared {
                    names.push(word.to_string());
                }
            }
            _ => {}
        }
        before = token;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_declared_is_lost() {
        let network = |text| names(Context::Network, text, "");
        assert_eq!(
            network("conv2 = = conv(conv1) { kernel = 3x3 }"),
            ["conv2", "conv"]
        );
        assert_eq!(
            network("a b = conv(image) { } c = conv(a) { }"),
            ["a", "b", "c"]
        );
        assert_eq!(network("inptu [3, size] image"), ["inptu", "image"]);
        assert_eq!(names(Context::Menu, "buffer = 1..=8", ""), ["buffer"]);
        assert_eq!(
            names(Context::File, "use a, b from \"f\"", ""),
            ["use", "a", "b", "from"]
        );
        assert_eq!(names(Context::File, "std use.a", ""), ["std", "use", "a"]);
        let field = |next| names(Context::Fields, "kernel = = size", next);
        assert!(field(" }\n fc = dense(a)").is_empty());
        assert_eq!(field("\n } = dense(a)"), ["size"]);
    }
}
