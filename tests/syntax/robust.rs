//! No text makes the parser panic, hang or contradict itself.

use crate::{WHOLE, read, right, shown};
use cfxc::diag::{Diagnostic, codes};
use cfxc::syntax::ast::Item;
use proptest::prelude::*;

/// What holds for any text.
fn check(text: &str) -> Vec<Diagnostic> {
    let (ast, diagnostics, sources) = read(text);
    for diagnostic in &diagnostics {
        assert!(codes::ALL.iter().any(|(code, _)| *code == diagnostic.code));
        assert!(
            !diagnostic.labels.is_empty() && diagnostic.help.is_some(),
            "{diagnostic:?}"
        );
        for label in &diagnostic.labels {
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(
                !label.text.is_empty() && text.get(start..end).is_some(),
                "{label:?} in {text:?}"
            );
        }
        if let Some(suggestion) = &diagnostic.suggestion {
            assert!(
                text.get(suggestion.span.start as usize..suggestion.span.end as usize)
                    .is_some()
            );
        }
    }
    shown(&diagnostics, &sources);
    if diagnostics.is_empty() {
        for item in &ast.items {
            let span = match item {
                Item::Use(i) => i.span,
                Item::Let(i) => i.span,
                Item::Network(i) => i.span,
                Item::Dataflow(i) => i.span,
                Item::Menu(i) => i.span,
                Item::Budget(i) => i.span,
                Item::Technology(i) => i.span,
                Item::Design(i) => i.span,
            };
            // An item is all that stands at its place, and nothing else does.
            let alone = right(&text[span.start as usize..span.end as usize]);
            assert_eq!(alone.items.len(), 1);
        }
        let twice = right(&format!("{text}\n{text}"));
        assert_eq!(twice.items.len(), 2 * ast.items.len());
    }
    diagnostics
}

const TOKENS: &[&str] = &[
    "network",
    "dataflow",
    "menu",
    "budget",
    "technology",
    "design",
    "use",
    "for",
    "cluster",
    "spatial",
    "temporal",
    "by",
    "step",
    "in",
    "refine",
    "per",
    "layer",
    "input",
    "from",
    "shapes",
    "unchecked",
    "extends",
    "search",
    "then",
    "pin",
    "expect",
    "minimize",
    "source",
    "K",
    "Y'",
    "a",
    "b.c",
    "datafow",
    "1",
    "2.5",
    "3x3",
    "1e400",
    "10%",
    "mm2",
    "{",
    "}",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "=",
    "<=",
    "->",
    "..=",
    "..",
    ",",
    ";",
    ":",
    ".",
    "\"",
    "\"q\"",
    "\\",
    "'",
    "//",
    "/*",
    "*/",
    "\n",
    "\n",
    "#",
    "≤",
    "“",
    "”",
    "ä",
    "\u{0}",
    "\u{a0}",
    "-",
    "+",
    "*",
    "/",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn token_soup(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..60), space in any::<bool>()) {
        check(&tokens.join(if space { " " } else { "" }));
    }

    #[test]
    fn any_characters(text in "\\PC{0,80}") {
        check(&text);
    }

    #[test]
    fn mutations(
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..40_usize, prop::sample::select(TOKENS), any::<bool>()), 1..6)
    ) {
        let mut chars: Vec<char> = WHOLE.chars().collect();
        for (place, length, token, insert) in changes {
            let at = place.index(chars.len());
            let end = (at + if insert { 0 } else { length }).min(chars.len());
            chars.splice(at..end, token.chars().filter(|_| insert));
        }
        check(&chars.iter().collect::<String>());
    }

    #[test]
    fn truncations(place in any::<prop::sample::Index>()) {
        let at = place.index(WHOLE.len());
        check(&WHOLE[..at]);
    }
}

/// One wrong line must be reported, and must not hide the wrong lines around it.
#[test]
fn every_broken_statement_is_reported() {
    let mut text = String::new();
    for i in 0..50 {
        text.push_str(&format!(
            "network n{i} {{\n  a -> b\n  layer l {i} conv\n  b -> c\n}}\n"
        ));
        text.push_str(&format!("dataflow d{i} {{\n  for conv {{\n    spatial K 4\n    cluster {{ temporal C }}\n  }}\n}}\n"));
    }
    let (ast, diagnostics, _) = read(&text);
    assert_eq!(ast.items.len(), 100);
    assert_eq!(diagnostics.len(), 200);
}

fn quick(text: &str) -> Vec<Diagnostic> {
    let (_, diagnostics, sources) = read(text);
    shown(&diagnostics, &sources);
    diagnostics
}

#[test]
fn ten_thousand_lines() {
    let layer = |i: usize| {
        format!(
            "  layer l{i} conv {{ K = 32, C = 3, Y = 224, X = 224, R = 3, S = 3, stride = 2 }}\n"
        )
    };
    let good: String = (0..10_000).map(layer).collect();
    assert!(quick(&format!("network big {{\n{good}}}\n")).is_empty());
    assert_eq!(
        quick(&format!(
            "network big {{\n{}}}\n",
            good.replace("conv {", "{")
        ))
        .len(),
        10_000
    );
    assert!(!quick(&good.replace('}', "")).is_empty());
    assert!(!quick(&good.replace(" }", "\" }")).is_empty());
}

#[test]
fn one_long_line() {
    for piece in [
        "a ",
        "a, ",
        "} ",
        "{ } ",
        "({ } ",
        "[1 ",
        "[1] ",
        "\" ",
        "\\\"{",
        "ä ",
        "*/ ",
        "/* */ ",
        "K = 3 ",
        "K 3, ",
        "; ",
        "≤ ",
        "a -> ",
        "layer ",
        "1 ",
        "-",
        "use a ",
        "menu m { } ",
        "for { } ",
        "x{a}",
        "“a",
    ] {
        for (before, after) in [
            ("", ""),
            ("network n { ", " }"),
            ("network n { layer a b { ", " } }"),
            ("design d { ", " }"),
        ] {
            quick(&format!("{before}{}{after}", piece.repeat(20_000)));
        }
    }
}

#[test]
fn deep_nesting() {
    for (open, close) in [
        ("cluster 2 { ", " }"),
        ("[", "]"),
        ("{", "}"),
        ("cluster { ( ", " ) }"),
        ("a { spatial ", " }"),
    ] {
        for depth in [20, 30, 60, 100, 10_000] {
            let nested = format!("{}{}", open.repeat(depth), close.repeat(depth));
            let diagnostics = quick(&format!(
                "dataflow d {{ for conv {{ {nested} }} }} design e {{ a {nested} }}"
            ));
            let limit = diagnostics.iter().any(|d| d.code == codes::FILE_LIMITS);
            assert_eq!(
                limit,
                depth * open.matches(['{', '[', '(']).count() > 62,
                "{open} {depth}"
            );
            quick(&format!("dataflow d {{ for conv {{ {}", open.repeat(depth)));
        }
    }
}

#[test]
fn too_large() {
    let (ast, diagnostics, _) = read(&"x".repeat((16 << 20) + 1));
    assert!(ast.items.is_empty() && diagnostics[0].code == codes::FILE_LIMITS);
}
