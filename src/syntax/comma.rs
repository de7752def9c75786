//! Commas inside of numbers.

use super::errors::{Context, Verdict};
use super::special::{Finding, verdict};
use super::tokens::is_number;
use crate::diag::codes;

/// `2,5 mm2`, `seed 1,000`: the statement `last` ends with a number, and behind a comma digits go on.
/// With where the number's statement ends.
pub(super) fn comma_in_number(
    input: &str,
    last: (usize, usize),
    start: usize,
    end: usize,
) -> Option<(Verdict, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = input.get(last.0..last.1)?;
    let first = whole.bytes().rev().take_while(u8::is_ascii_digit).count();
    let head = whole.get(..whole.len() - first)?;
    let number = first > 0 && !head.ends_with(|c: char| c.is_alphanumeric() || "_.,".contains(c));
    let behind = digits(input.get(start..)?);
    if input.get(last.1..start) != Some(",") || !number || behind == 0 {
        return None;
    }
    let mut stop = start + behind;
    let written_zero = whole.get(whole.len() - first..) == Some("0");
    let in_threes = first <= 3 && behind == 3 && !written_zero;
    while let Some(rest) = input.get(stop..).and_then(|t| t.strip_prefix(',')) {
        if !in_threes || digits(rest) != 3 {
            break;
        }
        stop += 4;
    }
    let from = last.1 - first;
    let written = input.get(from..stop)?;
    let rest = input.get(stop..)?;
    let until = match stop > end {
        true => stop + rest.find([',', ';', '}', '\n']).unwrap_or(rest.len()),
        false => end,
    };
    let until = input.get(..until)?.trim_end().len();
    let plain: String = written.replace(',', "");
    let point = written.replacen(',', ".", 1);
    let (message, help, put) = match in_threes {
        // Nobody writes a decimal to such a number of digits, and ends it with zeros.
        true if plain.ends_with("00") || written.matches(',').count() > 1 => (
            "thousands are written without a comma",
            format!("write `{plain}`"),
            Some(plain),
        ),
        true => (
            "a number has no comma in it",
            format!("write `{plain}` for thousands, `{point}` for a decimal"),
            None,
        ),
        false => (
            "decimals are written with a point",
            format!("write `{point}`"),
            Some(point),
        ),
    };
    let at = (from - last.0, stop - last.0);
    let found = Verdict {
        code: codes::BAD_NUMBER,
        message: message.into(),
        at,
        label: "one number".into(),
        help: Some(help),
        replace: put.map(|put| (at.0, at.1, put)),
    };
    Some((found, until))
}

/// `2,5 mm2`, `4,000`: the statement before ends in a number, and this one begins with one.
pub(super) fn decimal_comma(finding: &Finding) -> Option<Verdict> {
    let begins = finding.at == 0 && is_number(finding.found);
    let thousands = finding.found.len() == 3 && finding.found.bytes().all(|b| b.is_ascii_digit());
    let what = match finding.context {
        Context::Budget => "limit",
        Context::Fields if thousands => "field",
        _ => return None,
    };
    if !begins {
        return None;
    }
    let message = format!("a {what} does not begin with a number");
    let help = match thousands {
        true => format!(
            "thousands are written without a comma, e.g. `4000` or `4_000`, and decimals with a point; a comma begins the next {what}"
        ),
        false => format!(
            "decimals are written with a point, e.g. `2.5 mm2`; a comma begins the next {what}"
        ),
    };
    Some(
        verdict(
            finding,
            codes::BAD_NUMBER,
            message,
            "a number stands alone here",
        )
        .help(help),
    )
}
