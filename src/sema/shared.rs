//! What is said of a place that several designs share holds for all of them, or is not said: its remedy
//! would change the others.

use crate::base::span::Span;
use crate::diag::{Code, Diagnostic, codes};
use crate::ir::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// Findings whose first place may be a line of a block that several designs use.
const OF_LINES: [Code; 4] = [
    codes::UNUSED_KNOB,
    codes::NEVER_EXCEEDED,
    codes::CANNOT_FAIL,
    codes::IDLE_PES,
];

/// Of what was found in designs, each by its name, what no other design with the same line is without.
/// Of limits, knobs and expectations it is said once.
pub fn agreed(found: Vec<(String, Diagnostic)>, problems: &[Problem]) -> Vec<Diagnostic> {
    let line = |d: &Diagnostic| d.labels.first().map(|l| (d.code, l.span));
    let mut told: BTreeMap<(Code, Span), BTreeSet<String>> = BTreeMap::new();
    for (design, diagnostic) in &found {
        if let Some(line) = line(diagnostic).filter(|(code, _)| OF_LINES.contains(code)) {
            told.entry(line).or_default().insert(design.clone());
        }
    }
    let mut out = Vec::new();
    let mut known = BTreeSet::new();
    for (design, mut diagnostic) in found {
        let Some(line) = line(&diagnostic) else {
            out.push(diagnostic);
            continue;
        };
        let Some(designs) = told.get(&line) else {
            out.push(diagnostic);
            continue;
        };
        let mut users = problems.iter().filter(|p| uses(p, line.1));
        // PEs without work are joined with the places of all designs.
        let again = line.0 != codes::IDLE_PES && !known.insert(line);
        if again || !users.all(|p| designs.contains(&p.design)) {
            continue;
        }
        if line.0 == codes::NEVER_EXCEEDED && designs.len() > 1 {
            let others = designs.iter().filter(|d| **d != design);
            let others: Vec<String> = others.map(|d| format!("`{d}`")).collect();
            let text = format!(" in `{design}`; kept in {}, too", others.join(", "));
            diagnostic.labels[0].text += &text;
        }
        out.push(diagnostic);
    }
    out
}

/// Whether a design has this line: a knob, a limit, an expectation or a directive.
fn uses(problem: &Problem, line: Span) -> bool {
    let levels = problem.dataflows.iter().flat_map(|d| &d.rules);
    let mut directives = levels
        .flat_map(|rule| &rule.levels)
        .flat_map(|l| &l.directives);
    problem.menu.knobs.iter().any(|knob| knob.span == line)
        || problem.budgets.iter().any(|budget| budget.span == line)
        || problem.expectations.iter().any(|e| e.span == line)
        || directives.any(|directive| directive.span == line)
}
