//! `cfxc fmt`: comments stay, the meaning stays, and what is laid out stays as it is.

use cfxc::base::span::FileId;
use cfxc::diag::Severity;
use cfxc::syntax::{self, format::format};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Every specification of the repository, and every example of its documentation.
fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    let mut folders: Vec<PathBuf> = ["std", "examples"].map(|f| root.join(f)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "cfx") {
                texts.push(std::fs::read_to_string(path).expect("a text"));
            }
        }
    }
    let language = std::fs::read_to_string(root.join("docs/language.md")).expect("a text");
    let blocks = language.split("```cfx\n").skip(1);
    texts.extend(blocks.map(|b| b.split("```").next().unwrap_or_default().to_string()));
    texts.sort();
    texts
}

/// The AST without places in the text.
fn meaning(text: &str) -> Option<String> {
    let (ast, found) = syntax::parse(FileId(0), text);
    if found.iter().any(|d| d.severity == Severity::Error) {
        return None;
    }
    let shown = format!("{ast:?}");
    let mut parts = shown.split("Span {");
    let mut bare = parts.next().unwrap_or_default().to_string();
    for part in parts {
        bare.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    Some(bare)
}

fn comments(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|l| l.split_once("//"));
    lines.map(|(_, comment)| comment.trim_end()).collect()
}

#[test]
fn the_repository_is_laid_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [
        "std/dataflows",
        "std/menus",
        "std/networks",
        "std/technologies",
        "examples",
    ] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|e| e == "cfx") {
                let text = std::fs::read_to_string(&path).expect("a text");
                assert!(format(&text) == text, "{}: run `cfxc fmt`", path.display());
            }
        }
    }
}

#[test]
fn meaning_and_comments_stay() {
    let texts = texts();
    let mut sound = 0;
    for text in &texts {
        let formatted = format(text);
        assert_eq!(format(&formatted), formatted, "not stable:\n{text}");
        assert_eq!(comments(text), comments(&formatted));
        if let Some(before) = meaning(text) {
            sound += 1;
            assert_eq!(meaning(&formatted).as_ref(), Some(&before), "{formatted}");
        }
    }
    assert!(
        sound > 30,
        "only {sound} of {} texts are sound",
        texts.len()
    );
}

#[test]
fn ten_thousand_lines() {
    let line = "  l = conv(image)   { filters = 32,   kernel = 3x3 } // again\n";
    let text = format!(
        "network n {{\ninput image [3, 224, 224]\n{}}}\n",
        line.repeat(10_000)
    );
    let formatted = format(&text);
    assert_eq!(formatted.lines().count(), 10_003);
    assert_eq!(format(&formatted), formatted);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Blanks and empty lines, put wherever there are some already, change nothing but the layout.
    #[test]
    fn blanks_mean_nothing(which in 0usize..1000, places in prop::collection::vec((0usize..100_000, 0usize..4), 0..40)) {
        let texts = texts();
        let text = &texts[which % texts.len()];
        let mut changed = text.clone();
        for (place, what) in places {
            let blanks: Vec<usize> = changed
                .match_indices([' ', '\n'])
                .map(|(at, _)| at)
                .collect();
            if blanks.is_empty() {
                break;
            }
            let at = blanks[place % blanks.len()];
            let before = &changed[changed[..at].rfind('\n').map_or(0, |n| n + 1)..at];
            // Not inside of comments and names.
            if before.contains("//") || before.matches('"').count() % 2 == 1 || changed.contains("/*") {
                continue;
            }
            changed.insert_str(at, [" ", "    ", "\t", "\r"][what]);
        }
        let formatted = format(&changed);
        prop_assert_eq!(format(&formatted), formatted.clone());
        if let Some(before) = meaning(&changed) {
            prop_assert_eq!(meaning(&formatted), Some(before));
        }
    }

    /// Arithmetic means the same however it is spaced.
    #[test]
    fn arithmetic(parts in prop::collection::vec((0usize..9, 0usize..4, 0usize..3, 0usize..3), 1..8)) {
        let operands = ["4", "2.5 mm2", "base", "10%", "(a+b )", "1e-3", "7 nJ*cycles", "(2* (c))", "-3"];
        let mut text = String::new();
        for (i, (operand, sign, before, after)) in parts.into_iter().enumerate() {
            if i > 0 {
                text += ["", " ", "\n"][before];
                text += ["+", "-", "*", "/"][sign];
                // Two signs of division make a comment.
                text += [" ", "  ", "\t"][after];
            }
            text += operands[operand];
        }
        let text = format!(
            "let c = {text}\nmenu m(a, b = {text}) {{ pes in [{text}, 1..={text}] }}\ndesign d {{ menu m({text}, b = {text}) }}\n"
        );
        let formatted = format(&text);
        prop_assert_eq!(format(&formatted), formatted.clone());
        // `a/b` behind a number may be a unit; both readings must agree.
        prop_assert_eq!(meaning(&text), meaning(&formatted));
    }

    /// Any text at all is laid out without a panic, and only once.
    #[test]
    fn any_text(text in "[ -~\\n\\t]{0,200}") {
        let formatted = format(&text);
        prop_assert_eq!(format(&formatted), formatted.clone());
    }
}
