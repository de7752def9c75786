//! From text that is no statement to a diagnostic.
//!
//! The text is read once more, alone, with the rule of the statements it stands among; pest then
//! knows how far it got and what it would have taken there. `special` recognises the usual slips,
//! `wording` has the words for the rest.

use super::ast::Lost;
use super::braceless::braceless;
use super::bracketless::bracketless;
use super::build::{Builder, Meant, end_of, is_bad};
use super::comma::comma_in_number;
use super::grammar::{Grammar, Rule};
use super::mend::{Edit, Mended};
use super::special::{self, Finding};
use super::{lost, misplaced, tokens, wording};
use crate::base::span::Span;
use crate::diag::{Code, Diagnostic, codes};
use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;

/// Of broken statements inside of broken ones, so many are read as they were meant.
const DEEPEST: usize = 16;
/// And so many bytes of them, since each is read anew.
const LONGEST_INSIDE: usize = 16 << 10;

/// Among which statements a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    File,
    Network,
    Dims,
    Dataflow,
    Level,
    Menu,
    Budget,
    Technology,
    Design,
    Fields,
}

impl Context {
    /// The rule for one such statement and nothing more.
    fn only(self) -> Rule {
        match self {
            Context::File => Rule::only_item,
            Context::Network => Rule::only_network_stmt,
            Context::Dims => Rule::only_dim_stmt,
            Context::Dataflow => Rule::only_rule_decl,
            Context::Level => Rule::only_level_stmt,
            Context::Menu => Rule::only_knob,
            Context::Budget => Rule::only_condition,
            Context::Technology => Rule::only_technology_stmt,
            Context::Design => Rule::only_design_stmt,
            Context::Fields => Rule::only_field,
        }
    }

    /// The rule for any number of them, broken ones too.
    pub(super) fn some(self) -> Rule {
        match self {
            Context::File => Rule::some_items,
            Context::Network => Rule::some_network,
            Context::Dims => Rule::some_dims,
            Context::Dataflow => Rule::some_rules,
            Context::Level => Rule::some_levels,
            Context::Menu => Rule::some_knobs,
            Context::Budget => Rule::some_limits,
            Context::Technology => Rule::some_coefficients,
            Context::Design => Rule::some_design,
            Context::Fields => Rule::some_fields,
        }
    }
}

/// The block a statement stands in, for a second label.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// What the label says, e.g. "in network `tiny`".
    pub text: String,
    /// The block's name or keyword.
    pub span: Span,
}

/// Follows the statements of one block, to know what a broken one comes after.
#[derive(Debug)]
pub(super) struct Bad {
    context: Context,
    place: Option<Place>,
    /// Where the statement before begins and ends.
    previous: Option<(usize, usize)>,
    /// What begins before this was read with what was reported.
    read_to: usize,
}

impl Bad {
    pub fn new(context: Context, place: Option<Place>) -> Self {
        Bad {
            context,
            place,
            previous: None,
            read_to: 0,
        }
    }

    /// Whether a statement is a part of one that was reported.
    pub fn has_read(&self, pair: &Pair<Rule>) -> bool {
        pair.as_span().start() < self.read_to
    }

    /// Notes a statement that could be read.
    pub fn good(&mut self, pair: &Pair<Rule>) {
        self.previous = Some((pair.as_span().start(), end_of(pair)));
    }

    /// The statement before, if what follows it may be meant as a part of it: on the same line and
    /// without anything between.
    fn continued(&mut self, pair: &Pair<Rule>) -> Option<usize> {
        let (start, end) = self.previous.take()?;
        let between = pair.get_input().get(end..pair.as_span().start())?;
        let before = pair.get_input().get(start..end)?;
        (!before.ends_with('}') && !between.contains(['\n', ',', ';'])).then_some(start)
    }
}

/// What a report found out beyond its diagnostic.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How the statement was surely meant, if that can be read; nothing is lost then.
    pub meant: Option<Meant>,
    /// Whether the statement before is the beginning of what is broken.
    pub breaks_previous: bool,
}

/// What is wrong: the diagnostic without its place among files.
#[derive(Debug)]
pub(super) struct Verdict {
    pub code: Code,
    pub message: String,
    /// Bytes of the statement that are at fault.
    pub at: (usize, usize),
    pub label: String,
    pub help: Option<String>,
    /// Bytes of the statement and what to put there.
    pub replace: Option<(usize, usize, String)>,
}

/// How far a rule reads a text that it does not take.
struct Failure {
    at: usize,
    expected: Vec<Rule>,
}

impl Failure {
    /// A text that cannot be read at all where this is expected.
    fn at_start(expected: Rule) -> Self {
        Failure {
            at: 0,
            expected: vec![expected],
        }
    }
}

fn read_alone(rule: Rule, text: &str) -> Option<Failure> {
    let error = Grammar::parse(rule, text).err()?;
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    let expected = match error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    Some(Failure { at, expected })
}

impl Builder<'_> {
    /// Reports a text that is no statement where it stands.
    pub(super) fn report(&mut self, pair: &Pair<Rule>, bad: &mut Bad) -> Outcome {
        let input = pair.get_input();
        let start = pair.as_span().start();
        let text = pair.as_str().trim_end();
        let mut end = start + text.len();
        let last = bad.previous;
        let previous = bad.continued(pair);
        let next = input.get(end..).unwrap_or("");
        let before = previous.and_then(|from| Some((from, input.get(from..start)?)));
        let joined = last.and_then(|last| {
            let comma = comma_in_number(input, last, start, end);
            comma.or_else(|| braceless(bad.context, input, last, start))
        });
        if let Some((_, until)) = &joined {
            (end, bad.read_to) = (*until, *until);
        }
        let list = match joined {
            Some(_) => None,
            None => bracketless(bad.context, input, last, start),
        };
        if let Some((_, _, until)) = &list {
            (end, bad.read_to) = (*until, *until);
        }
        let list = list.map(|(from, found, _)| (from, found, from < start));
        let joined = joined.zip(last);
        let joined = joined.map(|((found, _), (from, _))| (from, found, true));
        let judged = joined.or(list).or_else(|| {
            let (from, before) = before?;
            let doubled = doubled(before, text).map(|verdict| (start, verdict, false));
            doubled.or_else(|| Some((from, spaced(bad.context, before, text)?, true)))
        });
        let judged = judged.or_else(|| Some((start, named_twice(bad.context, text, next)?, false)));
        let (from, mut verdict, breaks_previous) = judged.unwrap_or_else(|| {
            let misplaced = misplaced::misplaced(bad.context, text);
            let misplaced = match (misplaced, previous) {
                (Some(verdict), None) => return (start, verdict, false),
                (misplaced, _) => misplaced,
            };
            let (from, failure, breaks_previous) = fail(bad.context, input, previous, start, end);
            let statement = input.get(from..end).unwrap_or(text);
            let word = tokens::first_word(statement);
            match (slip(bad.context, statement, &failure), misplaced) {
                (None, Some(verdict)) => (start, verdict, false),
                (slip, _) => {
                    let verdict = slip.unwrap_or_else(|| plain(statement, next, &failure));
                    let verdict = with_form(verdict, bad.context, word, statement);
                    (from, verdict, breaks_previous)
                }
            }
        });
        let statement = input.get(from..end).unwrap_or(text);
        let inside = self.frames.len();
        let looked_into = inside == 0 || inside < DEEPEST && statement.len() < LONGEST_INSIDE;
        let meant = looked_into.then(|| meant(bad.context, statement, &verdict));
        let meant = meant.flatten();
        if looked_into && meant.is_none() && !repairs(bad.context, statement, &verdict) {
            verdict.replace = None;
        }
        let (at, until) = verdict.at;
        let place = self.place(from + at, from + until);
        self.push(verdict, from, bad.place.as_ref());
        if meant.is_none() {
            self.lose(from, end, lost::names(bad.context, statement, next));
        }
        Outcome {
            meant: meant.map(|text| Meant {
                at: from,
                text,
                place,
            }),
            breaks_previous,
        }
    }

    /// Reports the head of a block at the top of a file; its first word is the name.
    pub(super) fn bad_block_head(
        &mut self,
        pair: &Pair<Rule>,
        keyword: &str,
        span: Span,
    ) -> Option<Span> {
        let rule = match keyword {
            "network" => Rule::head_network,
            "technology" | "design" => Rule::head_extending,
            "dataflow" => Rule::head_dataflow,
            "menu" => Rule::head_menu,
            _ => Rule::head_plain,
        };
        let text = pair.as_str().trim_end();
        let name = tokens::first_word(text);
        let start = pair.as_span().start();
        // Parameters among them.
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        self.lose(
            start,
            start + text.len(),
            words.map(str::to_string).collect(),
        );
        if text.is_empty() {
            let form = wording::form(Context::File, keyword, "");
            let diagnostic =
                Diagnostic::error(codes::MISSING_NAME, format!("this {keyword} has no name"))
                    .label(span, "expected a name after this")
                    .help(format!("write e.g.: {form}"));
            self.diagnostics.push(diagnostic);
        } else {
            let place = Place {
                text: format!("of this {keyword}"),
                span,
            };
            self.head_failure(pair, Context::File, keyword, rule, &place);
        }
        (!name.is_empty()).then(|| self.place(start, start + name.len()))
    }

    /// Reports the head of a `for` block or a cluster.
    pub(super) fn bad_inner_head(
        &mut self,
        pair: &Pair<Rule>,
        keyword: &str,
        rule: Rule,
        place: &Place,
    ) {
        let context = if keyword == "for" {
            Context::Dataflow
        } else {
            Context::Level
        };
        self.head_failure(pair, context, keyword, rule, place);
    }

    fn head_failure(
        &mut self,
        pair: &Pair<Rule>,
        context: Context,
        keyword: &str,
        rule: Rule,
        place: &Place,
    ) {
        let text = pair.as_str().trim_end();
        if context != Context::File {
            let start = pair.as_span().start();
            self.lose(start, start + text.len(), Vec::new());
        }
        // The brace behind the head belongs to what the rule takes.
        let with_brace = format!("{text} {{");
        let mut failure = read_alone(rule, &with_brace).unwrap_or_else(|| Failure::at_start(rule));
        failure.at = failure.at.min(text.len());
        let slip = slip(context, text, &failure);
        let mut verdict = slip.unwrap_or_else(|| plain(text, "{", &failure));
        if let Some((start, end, insert)) = &verdict.replace {
            let mut mended = with_brace.clone();
            mended.replace_range(*start..*end, insert);
            let failure = read_alone(rule, &mended);
            if failure.is_some_and(|f| f.at <= start + insert.len()) {
                verdict.replace = None;
            }
        }
        self.push(
            with_form(verdict, context, keyword, text),
            pair.as_span().start(),
            Some(place),
        );
    }

    /// Notes what is left out of the AST.
    pub(super) fn lose(&mut self, start: usize, end: usize, names: Vec<String>) {
        let span = self.place(start, end);
        self.lost.push(Lost { span, names });
    }

    fn push(&mut self, verdict: Verdict, from: usize, place: Option<&Place>) {
        let (start, end) = verdict.at;
        let mut diagnostic = Diagnostic::error(verdict.code, verdict.message)
            .label(self.place(from + start, from + end), verdict.label);
        if let Some(place) = place {
            diagnostic = diagnostic.label(place.span, place.text.clone());
        }
        diagnostic.help = verdict.help;
        if let Some((start, end, replacement)) = verdict.replace {
            diagnostic = diagnostic.suggest(self.place(from + start, from + end), replacement);
        }
        self.diagnostics.push(diagnostic);
    }
}

/// A statement with what its mistake is to be replaced with.
fn replaced<'t>(statement: &'t str, verdict: &Verdict) -> Option<Mended<'t>> {
    let (start, end, insert) = verdict.replace.clone()?;
    let edit = Edit {
        at: start,
        remove: end.checked_sub(start)?,
        insert,
    };
    Some(Mended::new(statement, vec![edit]))
}

/// A broken statement with its mistake mended, if it can be read then. What was taken for a part of it
/// may be broken still.
fn meant(context: Context, statement: &str, verdict: &Verdict) -> Option<Mended<'static>> {
    let mended = replaced(statement, verdict)?;
    let mut read = Grammar::parse(context.some(), mended.text()).ok()?;
    let first = read.next()?.into_inner().next()?;
    let sound = !is_bad(&first) && first.as_rule() != Rule::EOI;
    sound.then(|| mended.into_owned())
}

/// Whether what a mistake is to be replaced with can be read further than where it stands.
fn repairs(context: Context, statement: &str, verdict: &Verdict) -> bool {
    let (Some((start, _, insert)), Some(mended)) = (&verdict.replace, replaced(statement, verdict))
    else {
        return false;
    };
    if mended.text().trim().is_empty() {
        return true;
    }
    let failure = read_head(context, mended.text());
    let failure = failure.or_else(|| read_alone(context.only(), mended.text()));
    failure.is_none_or(|failure| {
        let behind = mended.text().get(start + insert.len()..failure.at);
        behind.is_some_and(|text| !text.trim().is_empty())
    })
}

/// `minimize energy energy`: a word that says again what the statement before it ends with.
fn doubled(before: &str, text: &str) -> Option<Verdict> {
    let twice = tokens::is_word(text) && tokens::last_token(before.trim_end()) == text;
    twice.then(|| Verdict {
        code: codes::SYNTAX,
        message: format!("`{}` is written twice", tokens::short(text)),
        at: (0, text.len()),
        label: "again here".into(),
        help: Some("remove one of the two".into()),
        replace: Some((0, text.len(), String::new())),
    })
}

/// `K K = 512`: a field without a value, and one of the same name behind it.
fn named_twice(context: Context, text: &str, next: &str) -> Option<Verdict> {
    let rest = next.trim_start_matches([' ', '\t']);
    let twice = context == Context::Fields
        && !text.is_empty()
        && tokens::first_word(text) == text
        && tokens::first_word(rest) == text
        && rest[text.len()..].trim_start().starts_with('=');
    let again = text.len() + next.len() - rest.len();
    twice.then(|| Verdict {
        code: codes::SYNTAX,
        message: format!("`{}` is written twice", tokens::short(text)),
        at: (0, text.len()),
        label: "and again behind it".into(),
        help: Some("remove one of the two".into()),
        replace: Some((0, again, String::new())),
    })
}

/// `kernel = 3 x 3`: the field before ends with the rows, and this begins with the `x`.
fn spaced(context: Context, before: &str, text: &str) -> Option<Verdict> {
    let columns = text.strip_prefix('x')?.trim();
    let rows = tokens::last_token(before.trim_end());
    let count = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if context != Context::Fields || !count(rows) || !count(columns) {
        return None;
    }
    let pair = format!("{rows}x{columns}");
    let at = (
        before.trim_end().len() - rows.len(),
        before.len() + text.len(),
    );
    Some(Verdict {
        code: codes::SYNTAX,
        message: "rows x columns are written without blanks".into(),
        at,
        label: "one value".into(),
        help: Some(format!("write `{pair}`")),
        replace: Some((at.0, at.1, pair)),
    })
}

/// Reads a broken statement again: where it begins, how far it can be read, and whether it begins
/// with the statement before it (at `previous`).
fn fail(
    context: Context,
    input: &str,
    previous: Option<usize>,
    start: usize,
    end: usize,
) -> (usize, Failure, bool) {
    let text = input.get(start..end).unwrap_or("");
    let alone = read_head(context, text).or_else(|| read_alone(context.only(), text));
    let with_previous =
        previous.and_then(|from| Some((from, read_alone(context.only(), input.get(from..end)?)?)));
    // The two together are looked at if that gets further, or if the rest makes no beginning.
    if let Some((from, both)) = with_previous {
        let no_beginning = alone.as_ref().is_none_or(|f| f.at == 0);
        let no_beginning = no_beginning || special::goes_on(&both.expected, text);
        if both.at > start - from || (both.at == start - from && no_beginning) {
            return (from, both, true);
        }
    }
    // Some text can be read alone and not where it stands.
    (
        start,
        alone.unwrap_or_else(|| Failure::at_start(context.only())),
        false,
    )
}

/// The rules of blocks take any head; what is wrong with one that has no block behind it, the
/// rules of heads know.
fn read_head(context: Context, text: &str) -> Option<Failure> {
    let word = tokens::first_word(text);
    let rule = match (context, word) {
        (Context::File, "network") => Rule::head_network,
        (Context::File, "technology" | "design") => Rule::head_extending,
        (Context::File, "dataflow") => Rule::head_dataflow,
        (Context::File, "menu") => Rule::head_menu,
        (Context::File, "budget") => Rule::head_plain,
        (Context::Dataflow, "for") => Rule::head_rule,
        (Context::Level, "cluster") => Rule::head_cluster,
        _ => return None,
    };
    let rest = text.get(word.len()..).unwrap_or("");
    let head = rest.trim_start();
    let mut failure = read_alone(rule, head)?;
    failure.at += text.len() - head.len();
    Some(failure)
}

fn finding<'t>(context: Context, statement: &'t str, failure: &'t Failure) -> Finding<'t> {
    let at = failure.at.min(statement.len());
    let found = tokens::token(statement.get(at..).unwrap_or(""));
    let previous = tokens::last_token(statement.get(..at).unwrap_or("").trim_end());
    Finding {
        context,
        statement,
        at,
        found,
        previous,
        expected: &failure.expected,
    }
}

/// The words for a usual slip.
fn slip(context: Context, statement: &str, failure: &Failure) -> Option<Verdict> {
    special::slip(&finding(context, statement, failure))
}

/// The words for any failure. `next` is the text behind the statement.
fn plain(statement: &str, next: &str, failure: &Failure) -> Verdict {
    let Finding {
        at,
        found,
        previous,
        ..
    } = finding(Context::File, statement, failure);
    let after = if previous.is_empty() {
        String::new()
    } else {
        format!(" after `{}`", tokens::short(previous))
    };
    let message = format!(
        "expected {}{after}",
        wording::expectation(&failure.expected)
    );
    let (at, label) = if found.is_empty() {
        let next = next.trim_start_matches([' ', '\t']);
        let label = match next.chars().next() {
            Some(c @ ('}' | ']' | ')' | '{' | ';' | ',')) => format!("found `{c}`"),
            // The next statement of the line.
            Some(c) if !matches!(c, '\r' | '\n' | '/') => {
                format!("found `{}`", tokens::short(tokens::token(next)))
            }
            Some(_) => "the line ends here".to_string(),
            None => "the text ends here".to_string(),
        };
        let end = statement.get(..at).unwrap_or("").trim_end().len();
        ((end, end), label)
    } else {
        (
            (at, at + found.len()),
            format!("found `{}`", tokens::short(found)),
        )
    };
    Verdict {
        code: codes::SYNTAX,
        message,
        at,
        label,
        help: None,
        replace: None,
    }
}

/// Adds the right form of the statement, unless there is better help already.
fn with_form(mut verdict: Verdict, context: Context, word: &str, statement: &str) -> Verdict {
    verdict
        .help
        .get_or_insert_with(|| format!("write e.g.: {}", wording::form(context, word, statement)));
    verdict
}
