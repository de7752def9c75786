//! Text to the same text as everybody else would lay it out.
//!
//! The formatter works on tokens, not on the AST: comments stay where they are, and nothing that is
//! written can get lost. Lines stay lines, since they are the author's; what changes is the space in
//! and between them. Columns that the author has lined up stay lined up.

/// Two spaces for each open bracket.
const INDENT: usize = 2;

/// What a token is, as far as space around it depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A word, number, path or quoted name.
    Word,
    /// `=`, `->`, `<=` and their kind, which stand free.
    Sign,
    /// `+`, `-`, `*` or `/` between two operands, which stands free.
    Arith,
    /// `..` or `..=`, which touch what they join.
    Range,
    Comma,
    Open,
    Close,
    /// To the end of the line.
    LineComment,
    BlockComment,
}

#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    kind: Kind,
    text: &'t str,
    /// Blanks before it on its line.
    gap: usize,
}

/// Columns that authors line up, from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// What follows a line's first word: values of settings, dimensions of directives.
    Second,
    /// Kinds of layers, behind their names.
    Kind,
    /// The first sign or `in`.
    Sign,
    /// The first brace.
    Brace,
    /// What follows the comma with this number.
    Cell(usize),
    /// A comment behind the text.
    Comment,
}

const COLUMNS: [Column; 13] = [
    Column::Second,
    Column::Kind,
    Column::Sign,
    Column::Brace,
    Column::Cell(0),
    Column::Cell(1),
    Column::Cell(2),
    Column::Cell(3),
    Column::Cell(4),
    Column::Cell(5),
    Column::Cell(6),
    Column::Cell(7),
    Column::Comment,
];

#[derive(Debug, Default)]
struct Line<'t> {
    tokens: Vec<Token<'t>>,
    /// Blanks before each token as they will be written; before the first, the indent.
    spaces: Vec<usize>,
    /// Whether a comment of several lines is in it.
    ragged: bool,
}

/// Lays out a text. It must be free of mistakes that `super::parse` reports as errors.
pub fn format(text: &str) -> String {
    let mut lines = lines(text);
    let mut open: Vec<bool> = Vec::new();
    for at in 0..lines.len() {
        let (before, rest) = lines.split_at_mut(at);
        let line = &mut rest[0];
        let last = before.iter().rev().find_map(|l| l.tokens.last());
        space(line, &mut open, last);
    }
    let mut at = 0;
    while at < lines.len() {
        let end = run(&lines, at);
        for column in COLUMNS {
            align(&mut lines[at..end], column);
        }
        at = end.max(at + 1);
    }
    write(&lines)
}

/// The tokens of each line.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = vec![Line::default()];
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(first) = rest.chars().next() {
        if first == '\n' {
            lines.push(Line::default());
            rest = &rest[1..];
            continue;
        }
        let gap = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
        if gap > 0 {
            rest = &rest[gap..];
            if rest.is_empty() || rest.starts_with('\n') {
                continue;
            }
        }
        let (mut kind, mut length) = token(rest);
        let last = lines.last().and_then(|line| line.tokens.last());
        let operand = last.is_some_and(|t| matches!(t.kind, Kind::Word | Kind::Close));
        if rest.starts_with('-') && kind == Kind::Word && gap == 0 && operand {
            // `a-1` is no negative number behind a word.
            (kind, length) = (Kind::Arith, 1);
        }
        let (text, after) = rest.split_at(length);
        rest = after;
        if let Some(line) = lines.last_mut() {
            line.ragged |= text.contains('\n');
            line.tokens.push(Token {
                kind,
                text: text.trim_end(),
                gap,
            });
        }
    }
    lines
}

/// Kind and length of the token at the beginning of `rest`.
fn token(rest: &str) -> (Kind, usize) {
    let until = |end: &str, from: usize| {
        let found = rest.get(from..).and_then(|r| r.find(end));
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    const SIGNS: [&str; 7] = ["->", "<=", ">=", "==", "=", "<", ">"];
    if rest.starts_with("//") {
        return (Kind::LineComment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::BlockComment, until("*/", 2));
    }
    for range in ["..=", ".."] {
        if rest.starts_with(range) {
            return (Kind::Range, range.len());
        }
    }
    if let Some(sign) = SIGNS.iter().find(|s| rest.starts_with(**s)) {
        return (Kind::Sign, sign.len());
    }
    match rest.chars().next().unwrap_or(' ') {
        '{' | '[' | '(' => (Kind::Open, 1),
        '}' | ']' | ')' => (Kind::Close, 1),
        ',' | ';' => (Kind::Comma, 1),
        '"' => (Kind::Word, quoted(rest)),
        first => {
            let ends = |(at, c): &(usize, char)| {
                let here = &rest[*at..];
                c.is_whitespace()
                    || "{}[](),;\"=<>".contains(*c)
                    || ["..", "->", "//", "/*"].iter().any(|s| here.starts_with(s))
                    || joins(&rest[..*at], here)
                    || rest[..*at].ends_with('%')
            };
            let alone = rest[first.len_utf8()..].chars().next();
            let negative = first == '-' && alone.is_some_and(|c| c.is_ascii_digit());
            if "+-*/".contains(first) && !negative {
                return (Kind::Arith, 1);
            }
            let end = rest.char_indices().skip(1).find(ends);
            let length = end.map_or(rest.len(), |(at, _)| at);
            (Kind::Word, length.max(first.len_utf8()))
        }
    }
}

/// Whether a sign of arithmetic stands between what is before and what follows. It does not in a unit
/// (`um2/B`), an exponent (`1e-3`), and where a name may go on with a unit (`a/b` is left alone).
fn joins(before: &str, here: &str) -> bool {
    let Some(sign @ ('+' | '-' | '*' | '/')) = here.chars().next() else {
        return false;
    };
    let number = |text: &str| {
        let digits = text.trim_start_matches('-').replace('_', "");
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok()
    };
    let next = here[1..].chars().next();
    match sign {
        '*' | '/' => number(before) || !next.is_some_and(|c| c.is_ascii_alphabetic()),
        _ => {
            let mantissa = before.strip_suffix(['e', 'E']);
            !(mantissa.is_some_and(number) && next.is_some_and(|c| c.is_ascii_digit()))
        }
    }
}

/// Length of a quoted name.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return at,
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    rest.len()
}

/// Words that go on with what the line before began.
const GOES_ON: [&str; 4] = ["then", "from", "extends", "->"];

/// Indents a line and spaces its tokens. `open`: per open bracket, whether it counts as a level of
/// indent, which only the first of a line does; `last`: the token before the line.
fn space(line: &mut Line<'_>, open: &mut Vec<bool>, last: Option<&Token<'_>>) {
    let closing = line.tokens.iter().take_while(|t| t.kind == Kind::Close);
    let inside = open.len().saturating_sub(closing.count());
    let depth = open[..inside].iter().filter(|counts| **counts).count();
    let first = line.tokens.first().map_or("", |t| t.text);
    let sign = |t: &Token<'_>| matches!(t.kind, Kind::Sign | Kind::Arith);
    let joined = line.tokens.first().is_some_and(|t| t.kind == Kind::Arith);
    let goes_on = GOES_ON.contains(&first) || joined || last.is_some_and(sign);
    let mut before: Option<Token<'_>> = None;
    let mut opened = false;
    for token in &line.tokens {
        let spaces = match before {
            None => INDENT * (depth + usize::from(goes_on)),
            Some(before) => between(&before, token),
        };
        line.spaces.push(spaces);
        match token.kind {
            Kind::Open => {
                open.push(!opened);
                opened = true;
            }
            Kind::Close => {
                // What was opened and closed on this line leaves the next one to count.
                opened &= !open.pop().unwrap_or(false);
            }
            _ => {}
        }
        before = Some(*token);
    }
}

/// Words that no arguments or operands stand behind.
fn is_keyword(word: &str) -> bool {
    matches!(word, "by" | "step" | "cluster")
}

/// Blanks between two tokens of a line.
fn between(before: &Token<'_>, token: &Token<'_>) -> usize {
    let empty = before.kind == Kind::Open && token.kind == Kind::Close;
    match (before.kind, token.kind) {
        _ if empty => 0,
        (_, Kind::Comma) => 0,
        // Unless the two would be read as something else.
        (Kind::Range, _) if token.text.starts_with(['.', '=']) => usize::from(token.gap > 0),
        (_, Kind::Range) if before.text.ends_with('.') => usize::from(token.gap > 0),
        (Kind::Range, _) | (_, Kind::Range) => 0,
        (_, Kind::LineComment | Kind::BlockComment) | (Kind::BlockComment, _) => 1,
        (Kind::Open, _) => usize::from(before.text == "{"),
        (_, Kind::Close) => usize::from(token.text == "}"),
        (Kind::Arith | Kind::Sign | Kind::Comma, Kind::Open) => 1,
        (_, Kind::Open) if token.text == "(" => usize::from(is_keyword(before.text)),
        (Kind::Word, Kind::Word) if token.text == "%" => 0,
        (Kind::Word, Kind::Word) if before.text.ends_with('%') => 1,
        (Kind::Word, Kind::Word) => usize::from(token.gap > 0),
        _ => 1,
    }
}

impl Line<'_> {
    /// The token that stands in a column, if the line has one.
    fn place(&self, column: Column) -> Option<usize> {
        let sign = |t: &Token<'_>| t.kind == Kind::Sign || t.text == "in";
        let tokens = self.tokens.iter();
        match column {
            Column::Second => {
                let [first, second, ..] = self.tokens.as_slice() else {
                    return None;
                };
                let plain = |t: &Token<'_>| t.kind == Kind::Word && t.text != "in";
                let word = first.kind == Kind::Word && second.text != "%";
                let block = self.tokens.last().is_some_and(|t| t.kind == Kind::Open);
                (word && plain(second) && !sign(first) && !block).then_some(1)
            }
            Column::Kind => {
                let [first, _, kind, ..] = self.tokens.as_slice() else {
                    return None;
                };
                (first.text == "layer" && kind.kind == Kind::Word).then_some(2)
            }
            Column::Sign => {
                let end = self.place(Column::Brace).unwrap_or(self.tokens.len());
                tokens.take(end).position(sign).filter(|&at| at > 0)
            }
            Column::Brace => tokens
                .clone()
                .position(|t| t.text == "{")
                .filter(|&at| at > 0),
            Column::Cell(number) => {
                let commas = tokens.enumerate().filter(|(_, t)| t.kind == Kind::Comma);
                let comma = commas.map(|(at, _)| at).nth(number)?;
                let next = self.tokens.get(comma + 1)?;
                (next.kind != Kind::LineComment).then_some(comma + 1)
            }
            Column::Comment => self
                .tokens
                .len()
                .checked_sub(1)
                .filter(|&at| at > 0 && self.tokens[at].kind == Kind::LineComment),
        }
    }

    /// Characters before a token.
    fn width(&self, at: usize) -> usize {
        let texts = self.tokens[..at].iter().map(|t| t.text.chars().count());
        texts.sum::<usize>() + self.spaces[..=at].iter().sum::<usize>()
    }

    fn indent(&self) -> usize {
        self.spaces.first().copied().unwrap_or(0)
    }
}

/// The end of the run of lines that may be lined up with line `at`.
fn run(lines: &[Line<'_>], at: usize) -> usize {
    let alike = |l: &Line<'_>| {
        !l.tokens.is_empty()
            && !l.ragged
            && l.indent() == lines[at].indent()
            && l.tokens[0].kind != Kind::LineComment
    };
    let length = lines[at..].iter().take_while(|l| alike(l)).count();
    at + length
}

/// Lines a column up in neighbouring lines, if the author did so in one of them.
fn align(lines: &mut [Line<'_>], column: Column) {
    let mut at = 0;
    while at < lines.len() {
        let first = lines[at].place(column);
        let belongs = |l: &&Line<'_>| match column {
            // Lines without a brace do not part those with one.
            Column::Brace => true,
            // `refine pes in …` is no neighbour of `pes in …`.
            Column::Sign => first.is_some() && l.place(column) == first,
            _ => l.place(column).is_some(),
        };
        let length = lines[at..].iter().take_while(belongs).count();
        let row = lines[at..at + length].iter();
        let places: Vec<(usize, usize)> = row
            .enumerate()
            .filter_map(|(i, l)| Some((at + i, l.place(column)?)))
            .collect();
        let meant = |&(l, at): &(usize, usize)| lines[l].tokens[at].gap > lines[l].spaces[at];
        if places.iter().any(meant) {
            let widths = places.iter().map(|&(l, at)| lines[l].width(at));
            let widest = widths.max().unwrap_or(0);
            for &(l, at) in &places {
                let missing = widest - lines[l].width(at);
                lines[l].spaces[at] += missing;
            }
        }
        at += length.max(1);
    }
}

/// The lines as text: at most one empty line in a row, none at either end.
fn write(lines: &[Line<'_>]) -> String {
    let mut out = String::new();
    let mut empty = false;
    for line in lines {
        if line.tokens.is_empty() {
            empty = !out.is_empty();
            continue;
        }
        if empty {
            out.push('\n');
            empty = false;
        }
        for (token, &spaces) in line.tokens.iter().zip(&line.spaces) {
            out.extend(std::iter::repeat_n(' ', spaces));
            out.push_str(token.text);
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::format;

    #[test]
    fn spaces_and_indents() {
        let text =
            "menu m{pes in[1 , 2,4]\nrefine pes in 1 ..= 4 // fine\n\n\n}\nbudget b {area<=10 %}\n";
        assert_eq!(
            format(text),
            "menu m { pes in [1, 2, 4]\n  refine pes in 1..=4 // fine\n\n}\nbudget b { area <= 10% }\n"
        );
    }

    #[test]
    fn statements_go_on_and_part() {
        let text = "let a = 1 +\n2\nlet b = 3\n* a\nbudget b { area <= 10%power <= 5 W }\n";
        let formatted =
            "let a = 1 +\n  2\nlet b = 3\n  * a\nbudget b { area <= 10% power <= 5 W }\n";
        assert_eq!(format(text), formatted);
        assert_eq!(format(formatted), formatted);
    }

    #[test]
    fn columns_stay_lined_up() {
        let text = "design d {\n  network  a\n  dataflow  b\n}\n";
        let formatted = "design d {\n  network  a\n  dataflow b\n}\n";
        assert_eq!(format(text), formatted);
        assert_eq!(format(formatted), formatted);
        let plain = "design d {\n  network a\n  dataflow b\n}\n";
        assert_eq!(format(plain), plain);
    }

    #[test]
    fn comments_stay() {
        let text = "// one\n  /* two\n     lines */ use a.b   // three\n";
        assert_eq!(
            format(text),
            "// one\n/* two\n     lines */ use a.b // three\n"
        );
    }

    #[test]
    fn arithmetic_stands_free() {
        let text =
            "let a=2*(b+c )/3 mm2-1e-3\nlet d = 4 um2/B*x\nmenu m(t,s = 2){pes in 1..=2*t\n}\n";
        let formatted = "let a = 2 * (b + c) / 3 mm2 - 1e-3\nlet d = 4 um2/B*x\nmenu m(t, s = 2) { pes in 1..=2 * t\n}\n";
        assert_eq!(format(text), formatted);
        assert_eq!(format(formatted), formatted);
        let text = "dataflow d(t) { for conv { spatial K by (t+1) step -3 } }\n";
        assert_eq!(
            format(text),
            "dataflow d(t) { for conv { spatial K by (t + 1) step -3 } }\n"
        );
    }

    #[test]
    fn what_goes_on_is_indented() {
        let text = "design d {\nsearch a { x = 1 }\nthen b\n}\n";
        assert_eq!(
            format(text),
            "design d {\n  search a { x = 1 }\n    then b\n}\n"
        );
    }
}
