//! The usual slips, each with its own words and, where it is certain, its repair.

use super::arrow::arrow;
use super::comma::decimal_comma;
use super::errors::{Context, Verdict};
use super::grammar::Rule;
use super::misplaced::{BLOCKS, HOMES, comment, unknown};
use super::paths::{path_signs, used_together};
use super::tokens::{first_word, is_number, is_word, short};
use super::wording;
use crate::base::units;
use crate::diag::{codes, nearest::nearest};

/// Where reading a statement stopped.
pub(super) struct Finding<'t> {
    pub context: Context,
    pub statement: &'t str,
    /// Byte of the statement.
    pub at: usize,
    /// The token there; empty at the statement's end.
    pub found: &'t str,
    /// The token before; empty at the statement's beginning.
    pub previous: &'t str,
    pub expected: &'t [Rule],
}

/// Recognises a usual slip where reading stopped.
pub(super) fn slip(finding: &Finding) -> Option<Verdict> {
    let found = finding.found;
    if found == "#" {
        return Some(comment("#", finding.at));
    }
    if matches!(found, "'" | "`") {
        let help = format!("write names and texts between `\"`, not `{found}`");
        return Some(
            verdict(
                finding,
                codes::SYNTAX,
                "names are quoted with `\"`".into(),
                "not a quotation mark",
            )
            .help(help),
        );
    }
    number(finding)
        .or_else(|| path_signs(finding))
        .or_else(|| caret(finding))
        .or_else(|| decimal_comma(finding))
        .or_else(|| used_together(finding))
        .or_else(|| spaced(finding))
        .or_else(|| arrow(finding))
        .or_else(|| sign_with_blank(finding))
        .or_else(|| limit_in_design(finding))
        .or_else(|| enumeration(finding))
        .or_else(|| sign(finding))
        .or_else(|| unit_of_size(finding))
        .or_else(|| setting_for_statement(finding))
        .or_else(|| before_its_value(finding))
        .or_else(|| keyword(finding))
        .or_else(|| missing(finding))
}

pub(super) fn verdict(
    finding: &Finding,
    code: crate::diag::Code,
    message: String,
    label: &str,
) -> Verdict {
    let at = (finding.at, finding.at + finding.found.len());
    Verdict {
        code,
        message,
        at,
        label: label.into(),
        help: None,
        replace: None,
    }
}

impl Verdict {
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn replace(mut self, start: usize, end: usize, with: impl Into<String>) -> Self {
        self.replace = Some((start, end, with.into()));
        self
    }
}

impl Finding<'_> {
    pub(super) fn expects(&self, rules: &[Rule]) -> bool {
        self.expected.iter().any(|r| rules.contains(r))
    }

    fn rest(&self) -> &str {
        self.statement
            .get(self.at + self.found.len()..)
            .unwrap_or("")
    }

    /// Where the token before ends.
    fn previous_end(&self) -> usize {
        self.statement.get(..self.at).unwrap_or("").trim_end().len()
    }
}

/// `.5`, `1.` and `+3`.
fn number(finding: &Finding) -> Option<Verdict> {
    let digit_follows = finding.rest().starts_with(|c: char| c.is_ascii_digit());
    if finding.found == "." && is_number(finding.previous) && finding.previous_end() == finding.at {
        if finding.previous.contains('.') && digit_follows {
            let message = "a number has one decimal point".to_string();
            return Some(
                verdict(finding, codes::BAD_NUMBER, message, "a second one")
                    .help(format!("write e.g. `{}`", finding.previous)),
            );
        }
        let message = "a decimal point stands between digits".to_string();
        let shown = format!(
            "write `{}.0` or leave the point out",
            finding.previous.trim_end_matches('.')
        );
        return Some(verdict(finding, codes::BAD_NUMBER, message, "no digit follows").help(shown));
    }
    if !digit_follows
        || !finding.expects(&[
            Rule::value,
            Rule::number,
            Rule::expr,
            Rule::numeral,
            Rule::size,
            Rule::knob_values,
        ])
    {
        return None;
    }
    let digits = first_digits(finding.rest());
    let before = finding.statement.get(..finding.at).unwrap_or("");
    match finding.found {
        "." if before.ends_with("..") => {
            let message = "a range is written with `..=`".to_string();
            let (start, end) = (finding.at - 2, finding.at + 1);
            let mut verdict = verdict(finding, codes::WRONG_SIGN, message, "the wrong sign")
                .help("write `..=`")
                .replace(start, end, "..=");
            verdict.at = (start, end);
            Some(verdict)
        }
        "." => Some(
            verdict(
                finding,
                codes::BAD_NUMBER,
                "a number begins with a digit".into(),
                "no digit before the point",
            )
            .help(format!("write `0.{digits}`"))
            .replace(finding.at, finding.at, "0"),
        ),
        "+" => Some(
            verdict(
                finding,
                codes::BAD_NUMBER,
                "numbers have no plus sign".into(),
                "not a part of a number",
            )
            .help(format!("write `{digits}`"))
            .replace(finding.at, finding.at + 1, ""),
        ),
        _ => None,
    }
}

/// `4 mm^2`
fn caret(finding: &Finding) -> Option<Verdict> {
    let power = first_digits(finding.rest());
    if finding.found != "^" || !is_word(finding.previous) || power.is_empty() {
        return None;
    }
    let unit = format!("{}{power}", finding.previous);
    let start = finding.previous_end() - finding.previous.len();
    let end = finding.at + 1 + power.len();
    let message = "powers of a unit are written without `^`".to_string();
    let mut found = verdict(finding, codes::SYNTAX, message, "a unit");
    found.at = (start, end);
    let help = format!("write `{unit}`");
    Some(found.help(help).replace(start, end, unit))
}

/// `kernel = 3 x 3`
fn spaced(finding: &Finding) -> Option<Verdict> {
    let after_x = finding.previous == "x" && is_number(finding.found);
    if finding.context != Context::Fields || !after_x {
        return None;
    }
    let message = "rows x columns are written without blanks".to_string();
    Some(
        verdict(finding, codes::SYNTAX, message, "after a blank")
            .help(format!("write e.g. `{0}x{0}`", finding.found)),
    )
}

/// `latency < = 4 ms`
fn sign_with_blank(finding: &Finding) -> Option<Verdict> {
    let first = finding.previous;
    if finding.found != "=" || !matches!(first, "<" | ">" | "=") {
        return None;
    }
    let before = finding
        .statement
        .get(..finding.previous_end() - first.len());
    // `1..= =8`
    let of_range = first == "=" && before.is_some_and(|b| b.ends_with(".."));
    let sign = if of_range {
        "..=".to_string()
    } else {
        format!("{first}=")
    };
    let start = finding.previous_end() - first.len() - if of_range { 2 } else { 0 };
    let end = finding.at + 1;
    let message = match of_range {
        true => "`=` is written twice".to_string(),
        false => format!("`{sign}` is written without a blank"),
    };
    let mut verdict = verdict(finding, codes::WRONG_SIGN, message, "two signs")
        .help(format!("write `{sign}`"))
        .replace(start, end, sign);
    verdict.at = (start, end);
    Some(verdict)
}

/// `area <= 10%` or `budget area <= 10%` in a design.
fn limit_in_design(finding: &Finding) -> Option<Verdict> {
    let word = first_word(finding.statement);
    let compares = matches!(finding.found, "<=" | ">=" | "<" | ">" | "==");
    if finding.context != Context::Design || !compares {
        return None;
    }
    let limit = match (word, finding.previous) {
        (word, metric) if metric != word && nearest(word, ["budget"]).is_some() => {
            finding.statement.trim_start().strip_prefix(word)?
        }
        (word, previous) if word == previous && !HOMES.iter().any(|(w, _)| *w == word) => {
            finding.statement
        }
        _ => return None,
    };
    let limit = limit.trim();
    let message = "a limit stands in a budget, not in a design".to_string();
    let mut verdict = verdict(finding, codes::WRONG_PLACE, message, "a limit").help(format!(
        "declare `budget name {{ {limit} }}` at the top of the file and write `budget name` here; \
         `expect {limit}` tests the result"
    ));
    let start = finding.statement.len() - finding.statement.trim_start().len();
    verdict.at = (start, finding.at + finding.found.len());
    Some(verdict)
}

/// `dataflow nvdla, eyeriss` and `search reinforce, genetic`: the word after the comma stands
/// alone.
fn enumeration(finding: &Finding) -> Option<Verdict> {
    let word = finding.statement.trim();
    let alone = finding.found.is_empty() && !word.is_empty() && first_word(word) == word;
    // Of a word that begins a statement, the rest is missing: that is another story.
    let begins = HOMES.iter().any(|(w, _)| *w == word) || BLOCKS.contains(&word);
    if finding.context != Context::Design || !alone || begins {
        return None;
    }
    let message = format!("`{}` says nothing on its own", short(word));
    let help = match word {
        "latency" | "energy" | "area" | "power" | "throughput" | "critical_path" | "edp" => {
            "a design has one objective, such as `minimize edp`; a `budget` limits what else matters"
        }
        _ => {
            "several dataflows are written `dataflow in [nvdla, eyeriss]`, several searches `search reinforce then genetic`"
        }
    };
    let mut verdict = verdict(finding, codes::SYNTAX, message, "a word without a value").help(help);
    verdict.at = (0, word.len());
    Some(verdict)
}

fn first_digits(text: &str) -> &str {
    text.get(
        ..text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    )
    .unwrap_or("")
}

/// A sign that stands for another one.
fn sign(finding: &Finding) -> Option<Verdict> {
    let found = finding.found;
    let (start, end) = (finding.at, finding.at + found.len());
    let wrong = |message: String, meant: &str| {
        let help = format!("write `{meant}`");
        Some(
            verdict(finding, codes::WRONG_SIGN, message, "the wrong sign")
                .help(help)
                .replace(start, end, meant),
        )
    };
    if finding.expects(&[Rule::equals])
        && matches!(
            found,
            ":" | ":=" | "==" | "<=" | ">=" | "<" | ">" | "=>" | "=<"
        )
    {
        let set = "a value is set with `=`";
        return match found {
            ":" | ":=" | "==" => wrong(format!("{set}, not with `{found}`"), "="),
            _ => wrong(
                format!("{set}; limits such as `{found}` stand in a budget"),
                "=",
            ),
        };
    }
    if finding.expects(&[Rule::comparison]) {
        return match found {
            "=" | ":" => wrong(format!("a limit is a comparison, not `{found}`"), "<="),
            "=<" => wrong("`=<` is no comparison".into(), "<="),
            "=>" => wrong("`=>` is no comparison".into(), ">="),
            _ => None,
        };
    }
    // `dataflow = nvdla` in a design is no knob.
    let knob = finding.context != Context::Design;
    if knob && finding.expects(&[Rule::kw_in]) && matches!(found, "=" | ":" | ":=" | "==") {
        return wrong(
            format!("a knob's choices stand after `in`, not after `{found}`"),
            "in",
        );
    }
    if finding.expects(&[Rule::kw_by]) && matches!(found, "=" | ":") {
        return wrong(
            format!("a size stands after `by`, not after `{found}`"),
            "by",
        );
    }
    if found == ":" && finding.expects(&[Rule::kw_extends]) {
        return wrong(
            "what a block starts from stands after `extends`".into(),
            "extends",
        );
    }
    // `network = tiny` in a design, `layer l1: conv { … }`.
    if matches!(found, "=" | ":")
        && is_word(finding.previous)
        && finding.previous != "let"
        && !finding.rest().trim().is_empty()
    {
        let message = format!("no `{found}` stands after `{}`", short(finding.previous));
        let label = "not written here";
        return Some(
            verdict(finding, codes::WRONG_SIGN, message, label)
                .replace(start, end, "")
                .help(format!(
                    "leave it out; write e.g.: {}",
                    wording::form(
                        finding.context,
                        first_word(finding.statement),
                        finding.statement
                    )
                )),
        );
    }
    None
}

/// `spatial K by 4 KiB`
fn unit_of_size(finding: &Finding) -> Option<Verdict> {
    let unit = finding.found == "%" || units::find(finding.found).is_some();
    (finding.context == Context::Level && unit && is_number(finding.previous)).then(|| {
        let message = format!(
            "sizes are plain counts, without the unit `{}`",
            finding.found
        );
        verdict(
            finding,
            codes::SYNTAX,
            message,
            "a unit has no meaning here",
        )
        .replace(finding.previous_end(), finding.at + finding.found.len(), "")
    })
}

/// `serach genetic { … }` begins like a setting.
fn setting_for_statement(finding: &Finding) -> Option<Verdict> {
    let word = first_word(finding.statement);
    let begins_other = finding.found == "{"
        || finding.found.starts_with(['<', '>', '='])
        || finding.found == "then";
    if finding.context != Context::Design || !begins_other || finding.at == 0 {
        return None;
    }
    if BLOCKS.contains(&word) && finding.found == "{" {
        let message = format!("a {word} stands at the top of a file, not inside a design");
        let mut verdict = verdict(finding, codes::WRONG_PLACE, message, "a block begins here")
            .help("move it out of the design, or close the design before it");
        verdict.at = (0, word.len());
        return Some(verdict);
    }
    let known = [
        "search",
        "pin",
        "precision",
        "expect",
        "stop",
        "minimize",
        "maximize",
        "then",
    ];
    let meant = nearest(word, known).filter(|&m| m != word)?;
    let message = format!("`{word}` is no statement of a design");
    Some(unknown(word, Some(meant), message, "", &known))
}

/// `for layr conv1 { … }`, `sorce "a paper"` and `dataflow on [a, b]`: a misspelt keyword that reads
/// like a name, before what only that keyword can stand before.
fn before_its_value(finding: &Finding) -> Option<Verdict> {
    let (found, word) = (finding.found, finding.previous);
    let name = is_word(found) || found.starts_with('"');
    let begins = first_word(finding.statement);
    let meant = match finding.context {
        Context::Dataflow if begins == "for" && name => "layer",
        Context::Dataflow if begins != "for" && name && begins == word => "layer",
        Context::Technology if found.starts_with('"') => "source",
        Context::Design if begins == "dataflow" && found == "[" => "in",
        _ => return None,
    };
    if word == meant || !is_word(word) || nearest(word, [meant]).is_none() {
        return None;
    }
    let end = finding.previous_end();
    let mut verdict = verdict(
        finding,
        codes::UNKNOWN_KEYWORD,
        format!("expected `{meant}`, found `{}`", short(word)),
        "unknown here",
    )
    .help(format!("did you mean `{meant}`?"))
    .replace(end - word.len(), end, meant);
    verdict.at = (end - word.len(), end);
    Some(verdict)
}

/// Whether a statement that ends before `rest` goes on with it under a misspelt keyword: `per` with
/// `layer` behind it, or `step` with a size.
pub(super) fn goes_on(expected: &[Rule], rest: &str) -> bool {
    let word = first_word(rest);
    let next = super::tokens::token(rest.get(word.len()..).unwrap_or("").trim_start());
    let near = |keyword: &str| nearest(word, [keyword]).is_some();
    expected.iter().any(|rule| match rule {
        Rule::per_layer | Rule::kw_per => near("per") && nearest(next, ["layer"]).is_some(),
        Rule::kw_step => near("step") && is_number(next),
        _ => false,
    })
}

/// A keyword of the statement that is misspelt.
fn keyword(finding: &Finding) -> Option<Verdict> {
    if !is_word(finding.found) {
        return None;
    }
    let known = finding.expected.iter().flat_map(|&rule| match rule {
        Rule::per_layer => Some("per"),
        Rule::unchecked => Some("shapes"),
        rule => wording::keyword(rule),
    });
    let meant = nearest(finding.found, known)?;
    let (start, end) = (finding.at, finding.at + finding.found.len());
    let message = format!("expected `{meant}`, found `{}`", short(finding.found));
    Some(
        verdict(finding, codes::UNKNOWN_KEYWORD, message, "unknown here")
            .help(format!("did you mean `{meant}`?"))
            .replace(start, end, meant),
    )
}

/// Something small that was left out before what was found.
fn missing(finding: &Finding) -> Option<Verdict> {
    let found = finding.found;
    let thing = is_word(found) || is_number(found) || found.starts_with('"');
    if !thing {
        return None;
    }
    let missing = |message: String, put: &str, at: usize| {
        Some(verdict(finding, codes::SYNTAX, message, "here").replace(at, at, put)).map(|mut v| {
            v.label = format!("found `{}`", short(found));
            v
        })
    };
    // Levels of a knob differ; of a shape two sides may be alike.
    let level = finding.context == Context::Menu && is_number(found);
    if (is_word(found) || level) && found == finding.previous {
        let message = format!("`{}` is written twice", short(found));
        let (start, end) = (finding.previous_end(), finding.at + found.len());
        return Some(
            verdict(finding, codes::SYNTAX, message, "again here")
                .help("remove one of the two")
                .replace(start, end, ""),
        );
    }
    if finding.expects(&[Rule::kw_by]) && matches!(finding.previous, "spatial" | "temporal") {
        let message = format!("`{}` is written twice", finding.previous);
        let end = finding.previous_end();
        let start = end - finding.previous.len();
        let mut verdict = verdict(finding, codes::SYNTAX, message, "again here")
            .help("remove one of the two")
            .replace(start, end, "");
        verdict.at = (start, end);
        return Some(verdict);
    }
    if finding.expects(&[Rule::kw_by]) && finding.previous == "by" {
        let message = "expected a dimension before `by`".to_string();
        return Some(verdict(
            finding,
            codes::SYNTAX,
            message,
            "the size of which dimension?",
        ));
    }
    if finding.expects(&[Rule::kw_by]) {
        let message = format!(
            "expected `by` and a size after `{}`",
            short(finding.previous)
        );
        return missing(message, "by ", finding.at);
    }
    if finding.expects(&[Rule::comma]) {
        let message = format!(
            "expected `,` between `{}` and `{}`",
            short(finding.previous),
            short(found)
        );
        return missing(message, ",", finding.previous_end());
    }
    if finding.context == Context::Network && finding.expects(&[Rule::open_paren, Rule::args]) {
        let end = finding.at + found.len();
        let message = format!(
            "the operands of `{}` stand in parentheses",
            short(finding.previous)
        );
        let help = format!("write `{}({})`", short(finding.previous), short(found));
        let rest = finding.rest().trim_start();
        let verdict =
            verdict(finding, codes::SYNTAX, message, "expected `(` before this").help(help);
        let sole = rest.is_empty() || rest.starts_with('{');
        return Some(if sole {
            verdict.replace(finding.previous_end(), end, format!("({found})"))
        } else {
            verdict
        });
    }
    None
}
