//! Numbers with units: every one is turned into its canonical unit here, or diagnosed.

use crate::base::units::{self, Quantity, Unit};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::Number;

/// "an area", "a power".
pub fn article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// The value of `number` in the canonical unit of the one of `wanted` that its unit belongs to,
/// and which that is. `what` names the thing measured ("the limit of `area`").
pub fn measure(
    number: &Number,
    wanted: &[Quantity],
    what: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<(f64, Quantity)> {
    if number.expr.is_some() && number.unit.is_none() {
        return None; // it could not be computed, which was reported, or waits for arguments
    }
    let choices = || {
        let all: Vec<&str> = wanted.iter().flat_map(|q| q.units()).collect();
        all.join(", ")
    };
    let example = wanted.first().map_or("", |q| match q {
        // Nobody limits a chip to a few square micrometres.
        Quantity::Area if number.value < 1e4 => "mm2",
        other => other.canonical(),
    });
    let Some(unit) = &number.unit else {
        if wanted.contains(&Quantity::Count) {
            return Some((number.value, Quantity::Count));
        }
        out.push(
            Diagnostic::error(codes::MISSING_UNIT, format!("{what} has no unit"))
                .label(number.span, "a number without a unit")
                .help(format!(
                    "write one of: {}; for example `{} {example}`",
                    choices(),
                    number.value
                )),
        );
        return None;
    };
    let Some(known) = units::find(&unit.node) else {
        if wanted == [Quantity::Count] && third_extent(&unit.node) {
            out.push(
                Diagnostic::error(codes::WRONG_VALUE, format!("{what} has rows and columns only"))
                    .label(number.span, "more than two extents")
                    .help("windows slide over rows and columns: write e.g. `3x3`; channels follow from the operand"),
            );
            return None;
        }
        let near = nearest(&unit.node, wanted.iter().flat_map(|q| q.units()))
            .or_else(|| nearest(&unit.node, units::UNITS.iter().map(|u| u.name)));
        // `2k` is a count with a prefix, not a unit.
        let near = near.filter(|_| wanted != [Quantity::Count] || prefix(&unit.node).is_none());
        let mut diagnostic = Diagnostic::error(
            codes::UNKNOWN_UNIT,
            format!("there is no unit `{}`", unit.node),
        )
        .label(unit.span, "not a unit");
        diagnostic = match near {
            // Another prefix is another amount: a person has to say so.
            Some(near)
                if near.chars().skip(1).eq(unit.node.chars().skip(1))
                    && !near.eq_ignore_ascii_case(&unit.node) =>
            {
                diagnostic.help(format!("did you mean `{near}`?"))
            }
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .suggest(unit.span, near),
            None if wanted == [Quantity::Count]
                && let Some(factor) = prefix(&unit.node) =>
            {
                let written = (number.value * factor).to_string();
                diagnostic
                    .help(format!("counts have no prefixes: write `{written}`"))
                    .suggest(number.span, written)
            }
            None if wanted == [Quantity::Count] => diagnostic
                .help(format!("{what} is a plain number; leave the unit out"))
                .suggest(unit.span, ""),
            None if wanted.is_empty() => diagnostic.help("`docs/language.md` lists the units"),
            None => diagnostic.help(format!("{what} is written in one of: {}", choices())),
        };
        out.push(diagnostic);
        return None;
    };
    // What is computed has no unit in the text.
    let written = unit.span != number.span;
    if wanted.contains(&known.quantity) {
        if number.expr.is_some() {
            return None; // the unit is right, and the value waits for arguments
        }
        return Some((number.value * known.factor, known.quantity));
    }
    let names: Vec<String> = wanted.iter().map(|q| article(q.name())).collect();
    let (is, here) = match known.quantity {
        Quantity::Percent => ("not a percentage".to_string(), "a percentage".to_string()),
        other => (
            format!("but `{}` is a unit of {}", unit.node, other.name()),
            article(other.name()),
        ),
    };
    let mut diagnostic = Diagnostic::error(
        codes::WRONG_UNIT,
        format!("{what} is {}, {is}", names.join(" or ")),
    )
    .label(number.span, format!("this is {here}"));
    diagnostic = if wanted == [Quantity::Count] {
        let diagnostic = diagnostic.help("write the number without a unit");
        if written {
            diagnostic.suggest(unit.span, "")
        } else {
            diagnostic
        }
    } else {
        let plain = match wanted.contains(&Quantity::Count) {
            true => "a plain number, or ",
            false => "",
        };
        diagnostic.help(format!("write {plain}one of: {}", choices()))
    };
    out.push(diagnostic);
    None
}

/// `3x3x3` is read as 3 with a unit.
fn third_extent(unit: &str) -> bool {
    let extents = unit.strip_prefix('x').unwrap_or("");
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    extents.split('x').all(number)
}

/// What a prefix without a unit stands for.
fn prefix(unit: &str) -> Option<f64> {
    match unit {
        "k" | "K" => Some(1e3),
        "M" => Some(1e6),
        "G" => Some(1e9),
        _ => None,
    }
}

/// The unit of a number, `None` in it for a plain one.
pub fn unit(number: &Number, out: &mut Vec<Diagnostic>) -> Option<Option<&'static Unit>> {
    match &number.unit {
        None => Some(None),
        Some(unit) => match units::find(&unit.node) {
            Some(known) => Some(Some(known)),
            None => {
                measure(number, &[], "a constant", out);
                None
            }
        },
    }
}

/// A plain whole number between `min` and `max`, both included.
pub fn whole(
    number: &Number,
    min: u64,
    max: u64,
    what: &str,
    out: &mut Vec<Diagnostic>,
) -> Option<u64> {
    if number.is_unread() {
        return None;
    }
    measure(number, &[Quantity::Count], what, out)?;
    // `2e3` is as whole as 2000; 2^53 is where doubles stop telling neighbours apart.
    let exact = number.integer.or_else(|| {
        let fits = number.value >= 0.0 && number.value <= 9_007_199_254_740_992.0;
        (fits && number.value.fract() == 0.0).then_some(number.value as u64)
    });
    match exact {
        Some(value) if (min..=max).contains(&value) => Some(value),
        _ => {
            let (must, label) = if number.value < min as f64 {
                (format!("at least {min}"), "too small")
            } else if number.value.fract() != 0.0 {
                ("a whole number".to_string(), "not a whole number")
            } else if exact.is_some() || number.value >= max as f64 {
                (format!("at most {max}"), "too large")
            } else {
                // Beyond 2^53, where a double does not say which whole number is meant.
                ("written out".to_string(), "all digits are needed here")
            };
            out.push(
                Diagnostic::error(codes::OUT_OF_RANGE, format!("{what} must be {must}"))
                    .label(number.span, label)
                    .help(format!("write a whole number from {min} to {max}")),
            );
            None
        }
    }
}
