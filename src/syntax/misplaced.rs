//! Mistakes that show in the word a text begins with: it is misspelt, or belongs elsewhere.

use super::errors::{Context, Verdict};
use super::tokens::{first_word, is_word, short};
use crate::diag::codes;
use crate::diag::nearest::nearest;

/// Keywords that begin a block or line at the top of a file.
const TOP: &[&str] = &[
    "use",
    "let",
    "network",
    "dataflow",
    "menu",
    "budget",
    "technology",
    "design",
];
/// Those of them that begin a block.
pub(super) const BLOCKS: &[&str] = &[
    "network",
    "dataflow",
    "menu",
    "budget",
    "technology",
    "design",
];
/// Statement keywords and where they stand.
pub(super) const HOMES: &[(&str, &str)] = &[
    ("input", "in a network"),
    ("layer", "in a network"),
    (
        "dim",
        "behind `network name from \"model.onnx\"`, in braces",
    ),
    ("for", "in a dataflow"),
    ("spatial", "in a `for` block of a dataflow"),
    ("temporal", "in a `for` block of a dataflow"),
    ("cluster", "in a `for` block of a dataflow"),
    ("refine", "in a menu"),
    ("source", "in a technology"),
    ("clock", "in a technology"),
    ("deploy", "in a design"),
    ("model", "in a design"),
    ("minimize", "in a design"),
    ("maximize", "in a design"),
    ("search", "in a design"),
    ("seed", "in a design"),
    ("pin", "in a design"),
    ("expect", "in a design"),
    ("stop", "in a design"),
];

/// Where a keyword stands that does not stand here.
fn elsewhere(context: Context, word: &str) -> Option<&'static str> {
    let home = match context {
        Context::Network => "in a network",
        Context::Dataflow => "in a dataflow",
        Context::Level => "in a `for` block of a dataflow",
        Context::Menu => "in a menu",
        Context::Technology => "in a technology",
        Context::Design => "in a design",
        _ => "",
    };
    let known = HOMES.iter().find(|(w, _)| *w == word);
    // `spatial` in a dataflow and `for` in a level have better words of their own.
    let dataflow = |home: &str| home.ends_with("a dataflow");
    known
        .map(|(_, home)| *home)
        .filter(|&h| h != home && !(dataflow(h) && dataflow(home)))
}

/// Mistakes that show in how a text begins.
pub(super) fn misplaced(context: Context, text: &str) -> Option<Verdict> {
    let word = first_word(text);
    let at = (0, word.len());
    if text.starts_with('#') || text.starts_with("--") {
        let sign = if text.starts_with('#') { "#" } else { "--" };
        return Some(comment(sign, 0));
    }
    if word.is_empty() {
        return None;
    }
    let rest = text.get(word.len()..).unwrap_or("").trim_start();
    let named = is_word(rest) || rest.starts_with('"');
    let block = || {
        let after_name = rest
            .get(first_word(rest).len()..)
            .unwrap_or("")
            .trim_start();
        rest.starts_with('{') || (named && after_name.starts_with('{'))
    };
    let wrong_place = |message: String, help: String| Verdict {
        code: codes::WRONG_PLACE,
        message,
        at,
        label: "does not belong here".into(),
        help: Some(help),
        replace: None,
    };
    match context {
        Context::File if TOP.contains(&word) => None,
        Context::File if word == "std" && rest.starts_with('.') => {
            let message = "a path of the library stands here alone".to_string();
            let verdict = Verdict {
                code: codes::SYNTAX,
                message,
                at,
                label: "what is to be done with it?".into(),
                help: Some("write `use` before it; each `use` brings in one thing".into()),
                replace: Some((0, 0, "use ".into())),
            };
            Some(verdict)
        }
        Context::File => {
            if let Some(&(_, home)) = HOMES.iter().find(|(w, _)| *w == word) {
                let message = format!("`{word}` stands {home}, not at the top of a file");
                let help =
                    "move it into its block, or look for a `}` too many further up".to_string();
                return Some(wrong_place(message, help));
            }
            if !(named || block()) {
                return None;
            }
            let meant = nearest(word, TOP.iter().copied());
            if meant.is_none() && !block() {
                return None;
            }
            let message = format!("`{word}` begins no block");
            let verdict = unknown(
                word,
                meant,
                message,
                "a file holds `use` and `let` lines and the blocks",
                BLOCKS,
            );
            Some(verdict)
        }
        Context::Fields | Context::Dims => None,
        _ if matches!(word, "let" | "use") && named => {
            let message = format!("`{word}` stands at the top of a file, not inside a block");
            let help = "move it out of this block, or close this block before it".to_string();
            Some(wrong_place(message, help))
        }
        _ if named && elsewhere(context, word).is_some() => {
            let home = elsewhere(context, word).unwrap_or_default();
            let message = format!("`{word}` stands {home}");
            Some(wrong_place(message, format!("move it: it stands {home}")))
        }
        _ if BLOCKS.contains(&word) && named && block() => {
            let message = format!("a {word} stands at the top of a file, not inside another block");
            let help = "move it out of this block, or close this block before it".to_string();
            Some(wrong_place(message, help))
        }
        Context::Dataflow if matches!(word, "spatial" | "temporal" | "cluster") => {
            let message = format!("`{word}` stands in a `for` block, not directly in a dataflow");
            let help = "say for which layers: for conv { spatial K by 4 }".to_string();
            Some(wrong_place(message, help))
        }
        Context::Dataflow if word != "for" => {
            let verdict = unknown(
                word,
                nearest(word, ["for"]),
                format!("`{word}` begins no part of a dataflow"),
                "it holds",
                &["for"],
            );
            Some(verdict)
        }
        Context::Level if word == "for" => {
            let help =
                "close the `for` block around it first: they stand side by side in a dataflow"
                    .to_string();
            Some(wrong_place("`for` blocks do not nest".into(), help))
        }
        Context::Level if !matches!(word, "spatial" | "temporal" | "cluster") => {
            const WORDS: &[&str] = &["spatial", "temporal", "cluster"];
            let meant = nearest(word, WORDS.iter().copied());
            let message = format!("`{word}` begins no directive");
            Some(unknown(word, meant, message, "a level holds", WORDS))
        }
        Context::Menu if named && word != "refine" => {
            let meant = nearest(word, ["refine"])?;
            let message = format!(
                "expected `refine` or `in` after the knob, found `{}`",
                short(first_word(rest))
            );
            (first_word(rest) != "in").then(|| unknown(word, Some(meant), message, "", &["refine"]))
        }
        Context::Network if named && !matches!(word, "input" | "layer") => {
            const WORDS: &[&str] = &["input", "layer"];
            let meant = nearest(word, WORDS.iter().copied())?;
            let message = format!("`{word}` begins no statement of a network");
            Some(unknown(word, Some(meant), message, "", WORDS))
        }
        _ => None,
    }
}

/// A word that begins nothing here, and the one that was meant, or those that would.
pub(super) fn unknown(
    word: &str,
    meant: Option<&str>,
    message: String,
    holds: &str,
    known: &[&str],
) -> Verdict {
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "{holds} {}",
            known
                .iter()
                .map(|k| format!("`{k}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    Verdict {
        code: codes::UNKNOWN_KEYWORD,
        message,
        at: (0, word.len()),
        label: "unknown here".into(),
        help: Some(help),
        replace: meant.map(|m| (0, word.len(), m.to_string())),
    }
}

/// A comment sign of another language.
pub(super) fn comment(sign: &str, at: usize) -> Verdict {
    Verdict {
        code: codes::SYNTAX,
        message: format!("`{sign}` begins no comment"),
        at: (at, at + sign.len()),
        label: "not a comment sign".into(),
        help: Some("comments begin with `//` or stand between `/*` and `*/`".into()),
        replace: Some((at, at + sign.len(), "//".into())),
    }
}
