//! Mistakes that follow from others are not told.
//!
//! A statement that cannot be read is left out of the AST, so that its block seems to lack it. What
//! can only be explained by that is dropped here; it comes back by itself if it is a mistake of its
//! own, once the text can be read.

use super::parts::keywords;
use crate::base::span::{SourceMap, Span};
use crate::diag::{Code, Diagnostic, Label, Severity, codes};
use crate::syntax::ast::{
    DesignStmt, File, Item, LevelStmt, NetworkBody, NetworkStmt, TechnologyStmt,
};
use std::collections::BTreeSet;

/// Said of what seems to be missing from a block or statement.
const MISSING: &[Code] = &[
    codes::MISSING_FIELD,
    codes::EMPTY_NETWORK,
    codes::LEVELS,
    codes::BAD_LEVELS,
    codes::BAD_LIMIT,
    codes::NO_RULE,
    codes::OPERANDS,
    codes::WINDOW,
    codes::ARGUMENTS,
];

/// Said of a name that nothing seems to have.
const UNKNOWN: &[Code] = &[codes::UNKNOWN_NAME, codes::UNKNOWN_KNOB];

/// So many values of the wrong kind are looked into.
const MOST_MISFITS: usize = 1000;

/// The places of a text that could not be read.
pub fn damage(parsed: &[Diagnostic]) -> Vec<Span> {
    parsed
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .filter_map(|d| d.labels.first())
        .map(|label| label.span)
        .collect()
}

/// The lines a span lies on.
fn line(span: Span, sources: &SourceMap) -> Span {
    let text = sources.get(span.file).text.as_str();
    let before = text.get(..span.start as usize).unwrap_or("");
    let after = text.get(span.end as usize..).unwrap_or("");
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let end = span.end as usize + after.find('\n').unwrap_or(after.len());
    Span {
        start: start as u32,
        end: end as u32,
        ..span
    }
}

/// Whether any damage lies in `span`.
pub fn within(damage: &[Span], span: Span) -> bool {
    damage
        .iter()
        .any(|d| d.file == span.file && d.start <= span.end && span.start <= d.end)
}

/// Places in order and without overlaps.
fn joined(mut all: Vec<Span>) -> Vec<Span> {
    all.sort_unstable();
    let mut apart: Vec<Span> = Vec::with_capacity(all.len());
    for place in all {
        match apart.last_mut() {
            Some(last) if within(&[*last], place) => last.end = last.end.max(place.end),
            _ => apart.push(place),
        }
    }
    apart
}

/// Of what was found in statements or rules with these places, what stands for itself. A window is
/// only judged by numbers that could be read.
pub fn of_places(
    found: Vec<Diagnostic>,
    damage: &[Span],
    places: impl Iterator<Item = Span>,
) -> Vec<Diagnostic> {
    if damage.is_empty() {
        return found;
    }
    // A long table may be damaged from end to end.
    let damaged = joined(places.filter(|&place| within(damage, place)).collect());
    let touched = |at: Span| {
        let before = damaged.partition_point(|p| (p.file, p.start) <= (at.file, at.end));
        before > 0 && within(&damaged[before - 1..before], at)
    };
    let missing = |code: &Code| MISSING.contains(code) && *code != codes::WINDOW;
    let follows = |d: &Diagnostic| missing(&d.code) && d.labels.iter().any(|l| touched(l.span));
    found.into_iter().filter(|d| !follows(d)).collect()
}

/// Keeps what stands for itself. Of blocks that are `incomplete` nothing is said to be missing.
pub fn independent(
    diagnostics: Vec<Diagnostic>,
    damage: &[Span],
    incomplete: &[Span],
    files: &[&File],
    sources: &SourceMap,
) -> Vec<Diagnostic> {
    let errors = diagnostics.iter().any(|d| d.severity == Severity::Error);
    let mut statements = Vec::new();
    let mut regions = Vec::new();
    let mut lost = BTreeSet::new();
    if !damage.is_empty() {
        files
            .iter()
            .flat_map(|f| &f.items)
            .for_each(|i| places(i, &mut statements));
        let unread = || files.iter().flat_map(|f| &f.lost);
        regions.extend(unread().map(|l| l.span));
        regions.sort_unstable();
        lost.extend(unread().flat_map(|l| &l.names).map(String::as_str));
        lost.extend(lines(damage, &mut regions, sources));
        regions = joined(regions);
    }
    let damaged = |at: Span| {
        let around = statements
            .iter()
            .filter(|s| s.file == at.file && s.start <= at.start && at.end <= s.end)
            .min_by_key(|s| s.end - s.start);
        around.is_some_and(|s| within(damage, *s))
    };
    // Of a value that is none of what is wanted, its parts mean nothing.
    let misfits: Vec<Span> = diagnostics
        .iter()
        .filter(|d| d.code == codes::WRONG_VALUE)
        .filter_map(|d| d.labels.first())
        .map(|l| l.span)
        .take(MOST_MISFITS)
        .collect();
    let of_a_misfit = |d: &Diagnostic| {
        d.code == codes::UNKNOWN_NAME
            && d.labels.first().is_some_and(|l| {
                let at = l.span;
                let inside = |m: &Span| {
                    m.file == at.file && m.start <= at.start && at.end <= m.end && *m != at
                };
                misfits.iter().any(inside)
            })
    };
    let follows = |d: &Diagnostic| {
        if of_a_misfit(d) {
            return true;
        }
        if d.severity == Severity::Warning {
            // What is unused may be used where an error stands.
            return errors
                && matches!(
                    d.code,
                    codes::UNUSED_USE | codes::LOOSE | codes::UNREAD_CONSTANT | codes::UNUSED_BLOCK
                )
                || !damage.is_empty() && d.code.0.starts_with("W0");
        }
        // `2,5 mm2` is read as `2` and something unreadable, `use a from c` as `use a` likewise.
        // `let q = 4` in a block: what reads `q` has no number there.
        let lost_word = |l: &Label| lost.contains(sources.slice(l.span));
        if d.code == codes::WRONG_VALUE && d.labels.first().is_some_and(lost_word) {
            return true;
        }
        let nameless = lost.contains("=") && d.message.starts_with("there is no node ");
        if d.code == codes::UNKNOWN_NAME && nameless {
            return true;
        }
        let beside = |at: Span| goes_on(at, &regions, sources);
        matches!(d.code, codes::MISSING_UNIT | codes::UNREADABLE)
            && d.labels.iter().any(|l| beside(l.span))
            || MISSING.contains(&d.code)
                && d.labels
                    .iter()
                    .any(|l| damaged(l.span) || within(incomplete, l.span))
            || UNKNOWN.contains(&d.code)
                && d.labels
                    .iter()
                    // A knob is read at the second place.
                    .take(if d.code == codes::UNKNOWN_KNOB { 2 } else { 1 })
                    .any(|l| {
                        let word = sources.slice(l.span).trim_matches('"');
                        // `menu menu small`, `network menu small`: a name is missing or one too many.
                        lost.contains(word) || !damage.is_empty() && keywords().any(|k| k == word)
                    })
    };
    diagnostics.into_iter().filter(|d| !follows(d)).collect()
}

/// Adds the lines with damage in no statement that is lost, and gives their words.
fn lines<'s>(damage: &[Span], regions: &mut Vec<Span>, sources: &'s SourceMap) -> Vec<&'s str> {
    let statements = regions.clone();
    let mut words = Vec::new();
    let mut last: Option<Span> = None;
    for &span in damage {
        let before = statements.partition_point(|r| (r.file, r.start) <= (span.file, span.start));
        let known = before.checked_sub(1).map(|i| statements[i]);
        // Much of it lies on one line, and a line may be long.
        if known.into_iter().chain(last).any(|r| within(&[r], span)) {
            continue;
        }
        let whole = line(span, sources);
        last = Some(whole);
        regions.push(whole);
        let found = sources
            .slice(whole)
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.extend(found.filter(|w| !w.is_empty()));
    }
    words
}

/// Whether what stands at a place may go on with what could not be read.
fn goes_on(at: Span, regions: &[Span], sources: &SourceMap) -> bool {
    let next = regions.partition_point(|r| (r.file, r.start) <= (at.file, at.end));
    let around = next.checked_sub(1).map(|i| regions[i]);
    if around.is_some_and(|region| within(&[region], at)) {
        return true;
    }
    regions.get(next).is_some_and(|region| {
        let between = Span {
            start: at.end,
            end: region.start,
            ..at
        };
        let apart = |c: char| !matches!(c, ' ' | '\t' | ',' | '.' | ';');
        region.file == at.file && !sources.slice(between).contains(apart)
    })
}

/// The places of a block and of all statements in it.
fn places(item: &Item, out: &mut Vec<Span>) {
    match item {
        Item::Use(line) => out.push(line.span),
        Item::Let(line) => out.push(line.span),
        Item::Network(block) => {
            out.push(block.span);
            if let NetworkBody::Statements(list) = &block.body {
                out.extend(list.iter().map(NetworkStmt::span));
            }
        }
        Item::Dataflow(block) => {
            out.push(block.span);
            for rule in &block.rules {
                out.push(rule.span);
                level_places(&rule.body, out);
            }
        }
        Item::Menu(block) => {
            out.push(block.span);
            out.extend(block.knobs.iter().map(|k| k.span));
        }
        Item::Budget(block) => {
            out.push(block.span);
            out.extend(block.limits.iter().map(|l| l.span));
        }
        Item::Technology(block) => {
            out.push(block.span);
            for statement in &block.stmts {
                if let TechnologyStmt::Group { fields, .. }
                | TechnologyStmt::Scalar { fields, .. } = statement
                {
                    out.extend(fields.iter().map(|f| f.span));
                }
            }
        }
        Item::Design(block) => {
            out.push(block.span);
            out.extend(block.stmts.iter().map(|s| match s {
                DesignStmt::Setting { key, value } => key.span.to(value.span()),
                DesignStmt::DataflowIn { span, .. }
                | DesignStmt::Search { span, .. }
                | DesignStmt::Pin { span, .. }
                | DesignStmt::Precision { span, .. } => *span,
                DesignStmt::Objective { maximize, metric } => maximize.span.to(metric.span),
                DesignStmt::Expect(expect) => expect.span,
                DesignStmt::Stop(condition) => condition.span,
            }));
        }
    }
}

fn level_places(body: &[LevelStmt], out: &mut Vec<Span>) {
    for statement in body {
        match statement {
            LevelStmt::Directive(directive) => out.push(directive.span),
            LevelStmt::Cluster { body, span, .. } => {
                out.push(*span);
                level_places(body, out);
            }
        }
    }
}
