//! No text makes the checks panic, hang, or drop a design without a word.

use crate::spec::check;
use cfxc::base::units;
use cfxc::diag::Severity;
use cfxc::sema::library;
use proptest::prelude::*;
use proptest::sample::Index;

const WHOLE: &str = include_str!("../syntax/whole.cfx");
const COMPLETE: &[&str] = &[
    include_str!("specs/inferred.cfx"),
    include_str!("specs/explicit.cfx"),
    include_str!("specs/mixed.cfx"),
    include_str!("specs/paper.cfx"),
];

/// Texts to break: complete specifications, every construct, every text of the library.
fn texts() -> Vec<&'static str> {
    let mut texts = COMPLETE.to_vec();
    texts.push(WHOLE);
    let paths = library::paths();
    texts.extend(paths.iter().filter_map(|p| library::find(p)));
    texts
}

/// Words, numbers, blanks and single signs, in order.
fn tokens(text: &str) -> Vec<String> {
    let class = |c: char| match c {
        _ if c.is_ascii_alphanumeric() || c == '_' => 'w',
        _ if c.is_whitespace() => ' ',
        _ => 'x',
    };
    let mut tokens: Vec<String> = Vec::new();
    let mut last = 'x';
    for c in text.chars() {
        match tokens.last_mut() {
            Some(token) if last != 'x' && class(c) == last => token.push(c),
            _ => tokens.push(c.to_string()),
        }
        last = class(c);
    }
    tokens
}

const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "0.5",
    "1000000000",
    "1000000000000",
    "18446744073709551615",
    "18446744073709551616",
    "1e18",
    "1e300",
    "4294967296",
    "1e-300",
];

/// One slip of the keyboard.
#[derive(Debug, Clone, Copy)]
enum Slip {
    Delete,
    Repeat,
    Swap,
    Unit,
    Misspell,
    Number,
    Move,
}

const SLIPS: &[Slip] = &[
    Slip::Delete,
    Slip::Repeat,
    Slip::Swap,
    Slip::Unit,
    Slip::Misspell,
    Slip::Number,
    Slip::Number,
    Slip::Move,
];

fn slip(tokens: &mut Vec<String>, slip: Slip, at: Index, with: Index) {
    // A place where the slip makes sense; without one, nothing happens.
    let fits = |token: &str| match slip {
        Slip::Unit => units::find(token).is_some(),
        Slip::Number => token.starts_with(|c: char| c.is_ascii_digit()),
        Slip::Misspell => token.len() > 1 && token.starts_with(|c: char| c.is_ascii_alphabetic()),
        _ => !token.trim().is_empty(),
    };
    let places: Vec<usize> = (0..tokens.len()).filter(|&i| fits(&tokens[i])).collect();
    if places.is_empty() {
        return;
    }
    let at = *at.get(&places);
    match slip {
        Slip::Delete => {
            tokens.remove(at);
        }
        Slip::Repeat => {
            let token = format!(" {} ", tokens[at]);
            tokens.insert(at, token);
        }
        Slip::Swap => {
            let other = *with.get(&places);
            tokens.swap(at, other);
        }
        Slip::Unit => tokens[at] = with.get(units::UNITS).name.to_string(),
        Slip::Misspell => {
            let letter = with.index(tokens[at].len());
            tokens[at].remove(letter);
        }
        Slip::Number => tokens[at] = (*with.get(NUMBERS)).to_string(),
        Slip::Move => {
            let token = tokens.remove(at);
            let to = with.index(tokens.len() + 1);
            tokens.insert(to, format!(" {token} "));
        }
    }
}

/// What holds for any text.
fn sound(text: &str) {
    let checked = check(text);
    let analysis = &checked.analysis;
    let errors = analysis.has_errors();
    assert!(
        errors || analysis.problems.len() == analysis.designs.len(),
        "a design was dropped without a word:\n{text}"
    );
    for d in &analysis.diagnostics {
        let told = format!("{}\nin\n{text}", checked.shown());
        assert!(!d.labels.is_empty(), "{told}");
        assert!(d.labels.iter().all(|l| !l.text.is_empty()), "{told}");
        assert!(d.help.is_some(), "{told}");
        for label in &d.labels {
            let source = &checked.sources.get(label.span.file).text;
            let range = label.span.start as usize..label.span.end as usize;
            assert!(source.get(range).is_some(), "{told}");
        }
        if let Some(s) = &d.suggestion {
            let range = s.span.start as usize..s.span.end as usize;
            assert!(text.get(range).is_some() && s.span.file.0 == 0, "{told}");
        }
    }
    let mut told: Vec<_> = analysis
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .collect();
    let count = told.len();
    told.dedup();
    assert_eq!(told.len(), count, "told twice");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Words and signs of specifications in any order, on one line or several: an answer comes.
    #[test]
    fn tokens_in_any_order(picks in prop::collection::vec((any::<Index>(), 0..4usize), 1..40)) {
        let all: Vec<String> = texts().into_iter().flat_map(tokens).collect();
        let heads = ["design a extends", "technology t extends", "menu m {", "}", "network n {", "use a from", "{"];
        let mut text = String::new();
        for (i, (at, gap)) in picks.iter().enumerate() {
            let word = if i % 5 == 0 { heads[at.index(heads.len())] } else { at.get(&all).as_str() };
            text += word;
            text += ["", " ", "\n", " "][*gap];
        }
        check(&text);
    }

    #[test]
    fn slips(
        text in any::<Index>(),
        changes in prop::collection::vec(
            (prop::sample::select(SLIPS), any::<Index>(), any::<Index>()), 1..5),
    ) {
        let texts = texts();
        let mut tokens = tokens(texts[text.index(texts.len())]);
        for (kind, at, with) in changes {
            slip(&mut tokens, kind, at, with);
        }
        sound(&tokens.concat());
    }

    /// Complete specifications only: here every slip reaches deep into the checks.
    #[test]
    fn slips_in_complete_specifications(
        text in prop::sample::select(COMPLETE),
        changes in prop::collection::vec(
            (prop::sample::select(SLIPS), any::<Index>(), any::<Index>()), 1..3),
    ) {
        let mut tokens = tokens(text);
        for (kind, at, with) in changes {
            slip(&mut tokens, kind, at, with);
        }
        sound(&tokens.concat());
    }
}

#[test]
fn complete_specifications_are_complete() {
    for text in COMPLETE {
        let analysis = check(text).clean();
        assert!(!analysis.problems.is_empty());
    }
}

/// A chain of convolutions with a residual edge around every second one.
fn deep(layers: usize) -> String {
    let mut text = String::from("network deep {\n  input l0 [16, 32, 32]\n");
    for i in 1..=layers {
        let before = if i > 2 && i % 2 == 1 {
            text += &format!("  add{i} = add(l{}, l{})\n", i - 2, i - 1);
            format!("add{i}")
        } else {
            format!("l{}", i - 1)
        };
        text += &format!("  l{i} = conv({before}) {{ filters = 16, kernel = 3x3, pad = 1 }}\n");
    }
    text + "}\n"
}

#[test]
fn ten_thousand_layers() {
    let design = "use std.dataflows.nvdla\nuse std.menus.confuciux\n\
        design d {\n network deep\n dataflow nvdla\n menu confuciux\n minimize latency\n}\n";
    let text = format!("{design}{}", deep(10_000));
    let problems = check(&text).clean().problems;
    assert_eq!(problems[0].layers.len(), 10_000);
    assert_eq!(problems[0].shapes.len(), 1);
    // As many mistakes: unknown operands, unknown pins, a circle through everything.
    let unknown = deep(10_000).replace("conv(l", "conv(m");
    let checked = check(&unknown);
    assert_eq!(checked.errors().len(), 5001);
    let circle = deep(10_000).replacen("conv(l0)", "conv(l10000)", 1);
    let found = check(&circle).errors();
    assert_eq!(found, ["E0302"]);
    let pins: String = (1..=10_000)
        .map(|i| format!(" pin k{i} {{ pes = 4 }}\n"))
        .collect();
    let text = text.replacen(" minimize", &format!("{pins} minimize"), 1);
    assert_eq!(check(&text).errors().len(), 10_000);
}
