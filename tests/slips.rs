//! Two thousand slips of the keyboard in the examples: what is told of them.

#[path = "support/slips.rs"]
mod slips;
#[path = "support/spec.rs"]
mod spec;

use cfxc::diag::Severity;
use std::collections::BTreeMap;

#[test]
fn slips_are_told_and_nothing_panics() {
    // Of each kind: all, with an error, with a warning only.
    let mut counts: BTreeMap<slips::Kind, [u32; 3]> = BTreeMap::new();
    let mut silent = Vec::new();
    for (name, text) in slips::examples() {
        let found = spec::check(&text).shown();
        assert_eq!(found, "", "{name} before any slip");
    }
    for slip in slips::slips(2000) {
        let checked = spec::check(&slip.text);
        let found = &checked.analysis.diagnostics;
        let error = found.iter().any(|d| d.severity == Severity::Error);
        let count = counts.entry(slip.kind).or_default();
        count[0] += 1;
        count[1] += u32::from(error);
        count[2] += u32::from(!error && !found.is_empty());
        for d in found {
            let told = format!("{}: {}\n{}", slip.name, slip.what, checked.shown());
            assert!(!d.labels.is_empty() && d.help.is_some(), "{told}");
        }
        let analysis = &checked.analysis;
        assert!(
            error || analysis.problems.len() == analysis.designs.len(),
            "{}",
            slip.text
        );
        if found.is_empty() {
            silent.push(format!("{}:{}: {}", slip.name, slip.line, slip.what));
        }
    }
    println!("{counts:#?}\nnothing is told of:\n{}", silent.join("\n"));
    for (kind, [all, errors, warnings]) in counts {
        // The others are other specifications, and right ones: a digit deleted, two levels swapped.
        assert!(
            (errors + warnings) * 4 >= all * 3,
            "{kind:?}: {errors} and {warnings} of {all}"
        );
    }
}

/// A brace that is lost is one mistake: it is told where it belongs, and nothing follows from it.
#[test]
fn a_lost_brace_is_one_mistake() {
    for (name, text) in slips::examples() {
        let mut lost = 0;
        for (at, brace) in text.match_indices('{') {
            let line = text[..at].rfind('\n').map_or(0, |i| i + 1);
            // In a block of one line the next brace may be the one that is lost.
            let inner = text[line..at].contains('{') && !text[line..at].contains('}');
            if text[line..at].contains("//") || inner {
                continue;
            }
            let without = format!("{}{}", &text[..at], &text[at + brace.len()..]);
            let checked = spec::check(&without);
            let found = checked.analysis.diagnostics.iter();
            let codes: Vec<&str> = found
                .filter(|d| d.severity == Severity::Error)
                .map(|d| d.code.0)
                .collect();
            assert_eq!(codes, ["E0002"], "{name}\n{}", checked.shown());
            // With the suggestion it is as before.
            let mended = checked.analysis.diagnostics[0]
                .suggestion
                .as_ref()
                .expect("one");
            let (start, end) = (mended.span.start as usize, mended.span.end as usize);
            let whole = format!(
                "{}{}{}",
                &without[..start],
                mended.replacement,
                &without[end..]
            );
            assert_eq!(spec::check(&whole).shown(), "", "{name}");
            lost += 1;
        }
        assert!(lost > 2, "{name}");
    }
}
