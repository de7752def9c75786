use super::*;
use crate::base::span::{FileId, Span};
use crate::diag::codes;

fn span(file: u32, start: u32, end: u32) -> Span {
    Span {
        file: FileId(file),
        start,
        end,
    }
}

fn sources() -> SourceMap {
    let mut sources = SourceMap::default();
    sources.add(
        "edge.cfx",
        "budget iot {\n  area <= 10 mm\n}\ndesign d {\n  größe iot\n}\n",
    );
    sources.add("std/nets.cfx", "network a { }\n");
    sources
}

fn both_files() -> Diagnostic {
    Diagnostic::error(codes::SYNTAX, "two blocks are called the same")
        .label(span(0, 7, 10), "this one")
        .label(span(1, 8, 9), "and this one")
        .help("rename one of them")
}

#[test]
fn people_see_place_reason_and_remedy() {
    let odd = Diagnostic::warning(codes::BAD_NUMBER, "an odd unit")
        .label(span(0, 26, 28), "not a unit")
        .label(span(0, 7, 10), "in this budget")
        .suggest(span(0, 26, 28), "mm2");
    let unplaced = Diagnostic::error(codes::FILE_LIMITS, "no file was given").help("name one");
    let text = human(
        &[odd.clone(), both_files(), unplaced, odd],
        &sources(),
        Style::default(),
    );
    insta::assert_snapshot!(text);
}

#[test]
fn tools_see_one_object_per_line() {
    let word = Diagnostic::warning(codes::SYNTAX, "a \"word\"")
        .label(span(0, 44, 51), "here")
        .suggest(span(0, 44, 51), "budget");
    let text = json(&[word, both_files()], &sources());
    insta::assert_snapshot!(text);
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("valid JSON");
    }
}

#[test]
fn short_lines_and_summary() {
    let word = Diagnostic::warning(codes::SYNTAX, "a word").label(span(0, 52, 55), "here");
    let all = [
        word.clone(),
        Diagnostic::error(codes::SYNTAX, "nowhere"),
        both_files(),
        both_files(),
        word,
    ];
    let text = short(&all, &sources());
    insta::assert_snapshot!(text);
    assert_eq!(summary(&all), "2 errors, 1 warning");
    assert_eq!(summary(&[]), "");
}

#[test]
fn colour_and_plain_characters() {
    let plain = human(
        &[both_files()],
        &sources(),
        Style {
            unicode: false,
            ..Style::default()
        },
    );
    assert!(plain.is_ascii(), "{plain}");
    let colored = human(
        &[both_files()],
        &sources(),
        Style {
            color: true,
            ..Style::default()
        },
    );
    assert!(colored.contains("\u{1b}["));
    assert!(!human(&[both_files()], &sources(), Style::default()).contains('\u{1b}'));
}

#[test]
fn places_outside_the_text_do_no_harm() {
    let mut sources = sources();
    sources.add("empty.cfx", "");
    sources.add(
        "long.cfx",
        format!(
            "{}\n{}é{}",
            "a".repeat(9000),
            "b".repeat(9000),
            "c".repeat(9000)
        ),
    );
    let mut all = Vec::new();
    for file in 0..4 {
        for (start, end) in [
            (0, 0),
            (0, 1),
            (5, 9000),
            (9001, 9002),
            (18_002, 18_002),
            (18_002, 18_003),
            (20_000, 99_999),
        ] {
            all.push(
                Diagnostic::error(codes::SYNTAX, format!("{start}"))
                    .label(span(file, start, end), "here"),
            );
        }
    }
    let text = human(&all, &sources, Style::default());
    assert!(text.len() < 60_000, "{}", text.len());
    assert!(!text.contains("Failed to read"), "{text}");
    json(&all, &sources);
    short(&all, &sources);
}

#[test]
fn many_diagnostics_are_cut_short_and_fast() {
    let mut sources = SourceMap::default();
    let line = "layer l1 conv { K = 32, C = 3, Y = 224 }\n";
    sources.add("big.cfx", line.repeat(10_000));
    let all: Vec<Diagnostic> = (0..1000)
        .map(|i| {
            let at = i * 10 * line.len() as u32;
            Diagnostic::error(codes::SYNTAX, format!("number {i}"))
                .label(span(0, at, at + 5), "here")
        })
        .collect();
    let text = human(&all, &sources, Style::default());
    assert!(
        text.ends_with("… and 950 errors more in big.cfx\n"),
        "{}",
        &text[text.len() - 200..]
    );
    assert_eq!(json(&all, &sources).lines().count(), 1000);
}
