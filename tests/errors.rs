//! Every mistake that the text of a specification can have, as an architect sees it reported.
//!
//! `tests/errors/` holds one specification per mistake; its first line says what was done wrong.
//! `tests/errors/snapshots/` holds each of them with its diagnostics. After a change,
//! `INSTA_UPDATE=always cargo test --test errors` writes the snapshots anew.

#[path = "support/spec.rs"]
mod spec;

use cfxc::base::span::Span;
use cfxc::diag::{Code, codes, pages};
use spec::{Checked, check};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Codes that a text alone cannot cause: they need files, prices, a search, or no design at all. They
/// are shown by the commands of `tests/errors/commands` (`tests/cli/corpus.rs`).
const NOT_FROM_TEXT: &[Code] = &[
    codes::NOT_UTF8,
    codes::UNREADABLE,
    codes::AMBIGUOUS_USE,
    codes::UNWRITABLE,
    codes::NOTHING_FOUND,
    codes::ASSIGNMENT,
    codes::TABLE,
    codes::IMPORT,
    codes::UNBOUND_DIM,
    codes::MODEL_SHAPE,
    codes::MAPPING_FILE,
    codes::NOT_UNDERSTOOD,
    codes::NO_EFFECT,
    codes::RENAMED,
    codes::NO_DESIGN,
    codes::INFEASIBLE,
    codes::JOINTLY_INFEASIBLE,
    codes::NO_PRICE,
    codes::SPACE_TOO_LARGE,
    codes::NO_CORNER,
    codes::EXPECTATION,
    codes::NEVER_EXCEEDED,
    codes::BAD_LOCK,
    codes::STALE_LOCK,
    codes::NOT_ACCEPTED,
    codes::BAD_RESULT,
    codes::NO_REVISION,
    codes::USAGE,
    codes::MODEL_MACS,
    codes::COMPARISON_ONLY,
];

/// Name and text of every specification, in order.
fn corpus() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut files: Vec<(String, String)> = fs::read_dir(folder)
        .expect("the folder of specifications")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "cfx"))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            (
                name.into_owned(),
                fs::read_to_string(&path).expect("a text"),
            )
        })
        .collect();
    files.sort();
    files
}

/// What holds for the diagnostics of any text.
fn well_formed(name: &str, checked: &Checked) {
    for d in &checked.analysis.diagnostics {
        let told = format!("{name}: {}", d.message);
        assert!(!d.labels.is_empty(), "{told}: no place");
        assert!(
            d.labels.iter().all(|l| !l.text.is_empty()),
            "{told}: an empty label"
        );
        assert!(
            d.help.as_ref().is_some_and(|h| !h.is_empty()),
            "{told}: no help"
        );
        assert!(!d.message.ends_with('.'), "{told}: ends with a full stop");
    }
}

#[test]
fn every_mistake_is_reported_as_recorded() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("errors/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for (name, text) in corpus() {
        assert!(text.starts_with("// "), "{name}: says what was done wrong");
        let checked = check(&text);
        assert!(
            !checked.analysis.diagnostics.is_empty(),
            "{name}: no mistake"
        );
        well_formed(&name, &checked);
        insta::assert_snapshot!(name.as_str(), format!("{text}\n{}", checked.shown()));
    }
}

/// A specification that was renamed leaves no old snapshot behind.
#[test]
fn every_snapshot_has_its_specification() {
    let names: BTreeSet<String> = corpus().into_iter().map(|(name, _)| name).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors/snapshots");
    for entry in fs::read_dir(folder).expect("the folder of snapshots") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let old = path.extension().is_some_and(|e| e == "snap") && !names.contains(&*name);
        assert!(!old, "{}: no specification", path.display());
    }
}

#[test]
fn every_code_is_shown() {
    let mut seen = BTreeSet::new();
    for (_, text) in corpus() {
        let found = check(&text).analysis.diagnostics;
        seen.extend(found.iter().map(|d| d.code));
    }
    for (code, meaning) in codes::ALL {
        assert_ne!(
            seen.contains(code),
            NOT_FROM_TEXT.contains(code),
            "{} ({meaning}): the corpus and the list of exceptions disagree",
            code.0
        );
    }
}

/// The folder of pages holds one for every code and nothing else.
#[test]
fn every_code_has_a_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    let found: BTreeSet<String> = fs::read_dir(folder)
        .expect("the folder of pages")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            path.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into()
        })
        .collect();
    let known: BTreeSet<String> = codes::ALL.iter().map(|(c, _)| c.0.to_string()).collect();
    assert_eq!(found, known);
    for code in &known {
        let page = pages::page(code).expect("a page");
        assert!(page.starts_with(&format!("# cfx::{code}: ")), "{code}");
    }
    assert_eq!(pages::page("E9999"), None);
}

/// The fenced examples under a heading that a text alone can be judged by: `cfx ignore` is left out.
fn examples(page: &str, heading: &str) -> Vec<String> {
    let mut under = false;
    let mut open: Option<(bool, String)> = None;
    let mut found = Vec::new();
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((under && info == "cfx", String::new())),
            (None, None) if line.starts_with("## ") => under = line == heading,
            (None, None) => {}
            (Some((_, text)), None) => *text += &format!("{line}\n"),
            (Some((wanted, text)), Some(_)) => {
                if *wanted {
                    found.push(std::mem::take(text));
                }
                open = None;
            }
        }
    }
    assert!(open.is_none(), "a fenced example is not closed: {page}");
    found
}

#[test]
fn pages_show_what_they_explain() {
    for (code, _) in codes::ALL {
        let page = pages::page(code.0).expect("a page");
        let (wrong, right) = (examples(page, "## Wrong"), examples(page, "## Right"));
        let from_text = !NOT_FROM_TEXT.contains(code);
        assert!(
            wrong.is_empty() != from_text && right.is_empty() != from_text,
            "{}: examples are wanted exactly of what a text can cause",
            code.0
        );
        for text in wrong {
            let checked = check(&text);
            let found = &checked.analysis.diagnostics;
            assert!(
                found.iter().any(|d| d.code == *code),
                "{}: {text}\n{}",
                code.0,
                checked.shown()
            );
        }
        for text in right {
            let checked = check(&text);
            let found = &checked.analysis.diagnostics;
            assert!(
                found.iter().all(|d| d.code != *code) && checked.errors().is_empty(),
                "{}: {text}\n{}",
                code.0,
                checked.shown()
            );
        }
    }
}

#[test]
fn independent_mistakes_are_all_told_and_nothing_else() {
    let text = include_str!("errors/six_mistakes.cfx");
    let checked = check(text);
    assert_eq!(checked.errors().len(), 6, "{}", checked.shown());
    assert_eq!(checked.analysis.diagnostics.len(), 6, "{}", checked.shown());
}

/// Suggestions are machine-applicable: what they mend stays mended.
#[test]
fn suggestions_mend() {
    for (name, text) in corpus() {
        let before = check(&text);
        for d in &before.analysis.diagnostics {
            let Some(s) = &d.suggestion else { continue };
            let mut places: Vec<Span> = s.also.iter().copied().chain([s.span]).collect();
            places.sort();
            let mut mended = text.clone();
            for place in places.iter().rev() {
                assert_eq!(
                    place.file.0, 0,
                    "{name}: a suggestion outside of the specification"
                );
                mended.replace_range(place.start as usize..place.end as usize, &s.replacement);
            }
            let after = check(&mended);
            let message = &d.message;
            assert!(
                s.also.is_empty()
                    || after
                        .analysis
                        .diagnostics
                        .iter()
                        .all(|d| d.message != *message),
                "{name}: {message} at some place still"
            );
            assert!(
                !after.analysis.diagnostics.contains(d)
                    && after.errors().len() <= before.errors().len(),
                "{name}: {} is no better\n{}",
                s.replacement,
                after.shown()
            );
        }
    }
}
