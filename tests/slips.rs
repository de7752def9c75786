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
