//! One mistake that shows at several places is told once, with all of them.

use super::dataflow::READ_HERE;
use crate::base::span::{FileId, SourceMap, Span};
use crate::diag::{Code, Diagnostic, Label, codes};
use std::collections::{BTreeMap, BTreeSet};

/// So many further places are shown; the last says how many more there are.
const SHOWN: usize = 4;

/// What makes two diagnostics one mistake.
type Same<'s> = (Code, &'s str, String, Option<String>, Vec<Span>, FileId);

/// Joins what is the same mistake: a name that nothing has, met again in the same file; a kind of
/// layer that a dataflow does not map, needed by another design; a knob that several menus lack or
/// several dataflows read; PEs that have no work in several designs.
pub fn told(found: Vec<Diagnostic>, sources: &SourceMap) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = Vec::with_capacity(found.len());
    let mut known: BTreeMap<Same, Vec<Diagnostic>> = BTreeMap::new();
    // Where the first of each is in `all`.
    let mut firsts: Vec<(usize, Same)> = Vec::new();
    for diagnostic in found {
        let Some(same) = same(&diagnostic, sources) else {
            all.push(diagnostic);
            continue;
        };
        let others = known.entry(same.clone()).or_default();
        if others.is_empty() {
            firsts.push((all.len(), same));
            all.push(diagnostic.clone());
        }
        others.push(diagnostic);
    }
    for (at, same) in firsts {
        if let Some(joined) = known.remove(&same).and_then(joined) {
            all[at] = joined;
        }
    }
    all
}

/// What a diagnostic shares with others of the same mistake; `None` if each stands for itself.
fn same<'s>(diagnostic: &Diagnostic, sources: &'s SourceMap) -> Option<Same<'s>> {
    let first = diagnostic.labels.first()?.span;
    let (word, message, shared) = match diagnostic.code {
        codes::UNKNOWN_KNOB if is_read(diagnostic) => {
            let word = sources.slice(diagnostic.labels[1].span);
            (word, String::new(), Vec::new())
        }
        // Each network has its own layer of the kind.
        codes::NO_RULE => {
            let dataflow = diagnostic.labels.iter().skip(2).map(|l| l.span);
            ("", diagnostic.message.clone(), dataflow.collect())
        }
        // Several designs of one menu, or of one dataflow.
        codes::IDLE_PES => {
            let others = diagnostic.labels.iter().skip(2).map(|l| l.span);
            let idle = std::iter::once(first).filter(|_| diagnostic.labels.len() == 2);
            // The message without the name of the design.
            let message = diagnostic.message.split('`').step_by(2).collect();
            ("", message, idle.chain(others).collect())
        }
        codes::UNKNOWN_NAME | codes::UNKNOWN_FIELD | codes::UNKNOWN_UNIT | codes::UNKNOWN_KNOB => {
            let shared = diagnostic.labels.iter().skip(1).map(|l| l.span);
            ("", diagnostic.message.clone(), shared.collect())
        }
        _ => return None,
    };
    let help = diagnostic.help.clone();
    Some((diagnostic.code, word, message, help, shared, first.file))
}

/// Whether the first place is a menu and the second a dataflow that reads what it lacks.
fn is_read(diagnostic: &Diagnostic) -> bool {
    let read = |l: &Label| l.text == READ_HERE;
    diagnostic.labels.get(1).is_some_and(read)
}

/// One diagnostic with the places of all.
fn joined(mut all: Vec<Diagnostic>) -> Option<Diagnostic> {
    let read = all.first().is_some_and(is_read);
    if !read {
        all.sort_by_key(|d| d.labels.first().map(|l| l.span));
    }
    let mut all = all.into_iter();
    let mut first = all.next()?;
    let own_text = first.code == codes::NO_RULE;
    let texts: &[&str] = match first.code {
        _ if read => &["nor is it in this menu", "read here, too"],
        codes::IDLE_PES => &["here, too", "the same in this design"],
        _ => &["here, too"],
    };
    // A long text may have it on every line.
    let mut known: BTreeSet<Span> = first.labels.iter().map(|l| l.span).collect();
    let own_message = first.message.clone();
    let mut others = 0;
    let mut mended: BTreeSet<Span> = first.suggestion.iter().map(|s| s.span).collect();
    let mut further: Vec<Label> = Vec::new();
    let mut more = 0;
    for other in all {
        others += usize::from(other.message != own_message);
        if let (Some(one), Some(other)) = (&mut first.suggestion, other.suggestion)
            && mended.insert(other.span)
        {
            one.also.push(other.span);
        }
        for (label, text) in other.labels.into_iter().zip(texts) {
            if !known.insert(label.span) {
                continue;
            }
            if further.len() == SHOWN {
                more += 1;
                continue;
            }
            let text = if own_text {
                label.text
            } else {
                text.to_string()
            };
            further.push(Label { text, ..label });
        }
    }
    if let Some(last) = further.last_mut().filter(|_| more > 0) {
        last.text = format!("{}, and at {more} more", last.text);
    }
    first.labels.extend(further);
    if let (codes::IDLE_PES, 1.., [before, design, after]) = (
        first.code,
        others,
        first.message.split('`').collect::<Vec<_>>().as_slice(),
    ) {
        first.message = format!("{before}`{design}` and {others} more{after}");
    }
    Some(first)
}
