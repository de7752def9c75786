//! The usual slips, each with its own words and, where it is certain, its repair.

use super::errors::{Context, Verdict};
use super::grammar::Rule;
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

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn is_number(text: &str) -> bool {
    text.trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit())
}

/// The word a text begins with; empty if it begins with something else.
pub(super) fn first_word(text: &str) -> &str {
    let end = text.find(|c| !is_word_char(c)).unwrap_or(text.len());
    text.get(..end).filter(|w| is_word(w)).unwrap_or("")
}

/// The token a text begins with.
pub(super) fn token(text: &str) -> &str {
    const SIGNS: &[&str] = &[
        "..=", "<=", ">=", "==", "=<", "=>", ":=", "->", "=", "<", ">",
    ];
    let Some(first) = text.chars().next().filter(|c| !c.is_whitespace()) else {
        return "";
    };
    let end = if is_word_char(first) {
        text.find(|c| !is_word_char(c)).unwrap_or(text.len())
    } else if first == '"' {
        text.get(1..)
            .and_then(|t| t.find('"'))
            .map_or(text.len(), |i| i + 2)
    } else {
        SIGNS
            .iter()
            .find(|s| text.starts_with(**s))
            .map_or(first.len_utf8(), |s| s.len())
    };
    text.get(..end).unwrap_or("")
}

/// The token a text ends with; the text has no white space at its end.
pub(super) fn last_token(text: &str) -> &str {
    let start = if text.ends_with(|c| is_word_char(c) || c == '\'') {
        text.rfind(|c: char| !is_word_char(c) && !matches!(c, '\'' | '.'))
            .map_or(0, |i| i + 1)
    } else if let Some(inner) = text.strip_suffix('"') {
        inner.rfind('"').unwrap_or(inner.len())
    } else {
        text.rfind(|c: char| !"<>=-".contains(c))
            .map_or(0, |i| if i + 1 == text.len() { i } else { i + 1 })
    };
    text.get(start..).unwrap_or("")
}

/// A token as a message shows it.
pub(super) fn short(token: &str) -> String {
    let line = token.lines().next().unwrap_or("");
    if line.chars().count() <= 40 {
        line.to_string()
    } else {
        format!("{}…", line.chars().take(39).collect::<String>())
    }
}

/// Keywords that begin a block or line at the top of a file.
const TOP: &[&str] = &[
    "use",
    "network",
    "dataflow",
    "menu",
    "budget",
    "technology",
    "design",
];
/// Statement keywords and where they stand.
const HOMES: &[(&str, &str)] = &[
    ("input", "in a network"),
    ("layer", "in a network"),
    ("for", "in a dataflow"),
    ("spatial", "in a `for` block of a dataflow"),
    ("temporal", "in a `for` block of a dataflow"),
    ("cluster", "in a `for` block of a dataflow"),
    ("refine", "in a menu"),
    ("source", "in a technology"),
    ("clock", "in a technology"),
    ("deploy", "in a design"),
    ("model", "in a design"),
    ("minimize", "in a design"),
    ("maximize", "in a design"),
    ("search", "in a design"),
    ("seed", "in a design"),
    ("pin", "in a design"),
    ("expect", "in a design"),
];

/// Mistakes that show in how a text begins. With the keyword that was meant at the top of a file.
pub(super) fn misplaced(context: Context, text: &str) -> Option<(Verdict, Option<&'static str>)> {
    let word = first_word(text);
    let at = (0, word.len());
    if text.starts_with('#') || text.starts_with("--") {
        let sign = if text.starts_with('#') { "#" } else { "--" };
        return Some((comment(sign, 0), None));
    }
    if word.is_empty() {
        return None;
    }
    let rest = text.get(word.len()..).unwrap_or("").trim_start();
    let named = is_word(rest) || rest.starts_with('"');
    let block = || {
        let after_name = rest
            .get(first_word(rest).len()..)
            .unwrap_or("")
            .trim_start();
        rest.starts_with('{') || (named && after_name.starts_with('{'))
    };
    let wrong_place = |message: String, help: String| Verdict {
        code: codes::WRONG_PLACE,
        message,
        at,
        label: "does not belong here".into(),
        help: Some(help),
        replace: None,
    };
    match context {
        Context::File if TOP.contains(&word) => None,
        Context::File => {
            if let Some(&(_, home)) = HOMES.iter().find(|(w, _)| *w == word) {
                let message = format!("`{word}` stands {home}, not at the top of a file");
                let help =
                    "move it into its block, or look for a `}` too many further up".to_string();
                return Some((wrong_place(message, help), None));
            }
            if !(named || block()) {
                return None;
            }
            let meant = nearest(word, TOP.iter().copied());
            if meant.is_none() && !block() {
                return None;
            }
            let message = format!("`{word}` begins no block");
            let verdict = unknown(
                word,
                meant,
                message,
                "a file holds `use` lines and the blocks",
                TOP,
            );
            Some((verdict, meant))
        }
        Context::Fields => None,
        _ if TOP.contains(&word) && word != "use" && named && block() => {
            let message = format!("a {word} stands at the top of a file, not inside another block");
            let help = "move it out of this block, or close this block before it".to_string();
            Some((wrong_place(message, help), None))
        }
        Context::Dataflow if matches!(word, "spatial" | "temporal" | "cluster") => {
            let message = format!("`{word}` stands in a `for` block, not directly in a dataflow");
            let help = "say for which layers: for conv { spatial K by 4 }".to_string();
            Some((wrong_place(message, help), None))
        }
        Context::Dataflow if word != "for" => {
            let verdict = unknown(
                word,
                nearest(word, ["for"]),
                format!("`{word}` begins no part of a dataflow"),
                "it holds",
                &["for"],
            );
            Some((verdict, None))
        }
        Context::Level if word == "for" => {
            let help =
                "close the `for` block around it first: they stand side by side in a dataflow"
                    .to_string();
            Some((wrong_place("`for` blocks do not nest".into(), help), None))
        }
        Context::Level if !matches!(word, "spatial" | "temporal" | "cluster") => {
            const WORDS: &[&str] = &["spatial", "temporal", "cluster"];
            let meant = nearest(word, WORDS.iter().copied());
            let message = format!("`{word}` begins no directive");
            Some((unknown(word, meant, message, "a level holds", WORDS), None))
        }
        Context::Menu if named && word != "refine" => {
            let meant = nearest(word, ["refine"])?;
            let message = format!(
                "expected `refine` or `in` after the knob, found `{}`",
                short(first_word(rest))
            );
            (first_word(rest) != "in")
                .then(|| (unknown(word, Some(meant), message, "", &["refine"]), None))
        }
        Context::Network if named && !matches!(word, "input" | "layer") => {
            const WORDS: &[&str] = &["input", "layer"];
            let meant = nearest(word, WORDS.iter().copied())?;
            let message = format!("`{word}` begins no statement of a network");
            Some((unknown(word, Some(meant), message, "", WORDS), None))
        }
        _ => None,
    }
}

fn unknown(
    word: &str,
    meant: Option<&str>,
    message: String,
    holds: &str,
    known: &[&str],
) -> Verdict {
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "{holds} {}",
            known
                .iter()
                .map(|k| format!("`{k}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    Verdict {
        code: codes::UNKNOWN_KEYWORD,
        message,
        at: (0, word.len()),
        label: "unknown here".into(),
        help: Some(help),
        replace: meant.map(|m| (0, word.len(), m.to_string())),
    }
}

fn comment(sign: &str, at: usize) -> Verdict {
    Verdict {
        code: codes::SYNTAX,
        message: format!("`{sign}` begins no comment"),
        at: (at, at + sign.len()),
        label: "not a comment sign".into(),
        help: Some("comments begin with `//` or stand between `/*` and `*/`".into()),
        replace: Some((at, at + sign.len(), "//".into())),
    }
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
        .or_else(|| sign(finding))
        .or_else(|| unit_of_size(finding))
        .or_else(|| setting_for_statement(finding))
        .or_else(|| keyword(finding))
        .or_else(|| missing(finding))
}

fn verdict(finding: &Finding, code: crate::diag::Code, message: String, label: &str) -> Verdict {
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
    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn replace(mut self, start: usize, end: usize, with: impl Into<String>) -> Self {
        self.replace = Some((start, end, with.into()));
        self
    }
}

impl Finding<'_> {
    fn expects(&self, rules: &[Rule]) -> bool {
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
            Rule::numeral,
            Rule::size,
            Rule::knob_values,
        ])
    {
        return None;
    }
    let digits = first_digits(finding.rest());
    match finding.found {
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
    if finding.expects(&[Rule::kw_in]) && matches!(found, "=" | ":" | ":=" | "==") {
        return wrong(
            format!("a knob's choices stand after `in`, not after `{found}`"),
            "in",
        );
    }
    if finding.expects(&[Rule::arrow]) && matches!(found, "-" | "=>" | ">") {
        return wrong("layers are connected with `->`".into(), "->");
    }
    if finding.expects(&[Rule::kw_by]) && matches!(found, "=" | ":") {
        return wrong(
            format!("a size stands after `by`, not after `{found}`"),
            "by",
        );
    }
    // `network = tiny` in a design, `layer l1: conv { … }`.
    if matches!(found, "=" | ":") && is_word(finding.previous) && !finding.rest().trim().is_empty()
    {
        let message = format!("no `{found}` stands after `{}`", short(finding.previous));
        let label = "not written here";
        return Some(
            verdict(finding, codes::WRONG_SIGN, message, label)
                .replace(start, end, "")
                .help(format!(
                    "leave it out; write: {}",
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
    if TOP.contains(&word) && finding.found == "{" {
        let message = format!("a {word} stands at the top of a file, not inside a design");
        let mut verdict = verdict(finding, codes::WRONG_PLACE, message, "a block begins here")
            .help("move it out of the design, or close the design before it");
        verdict.at = (0, word.len());
        return Some(verdict);
    }
    let known = ["search", "pin", "expect", "minimize", "maximize"];
    let meant = nearest(word, known).filter(|&m| m != word)?;
    let message = format!("`{word}` is no statement of a design");
    Some(unknown(word, Some(meant), message, "", &known))
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
    if finding.expects(&[Rule::open_paren, Rule::args]) {
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
