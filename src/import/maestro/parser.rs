//! From words to layers and directives, as written.

use super::tokens::Token;
use super::written::{Layer, Pair, Parsed, Step};
use crate::base::span::Span;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::ir::dim::Dim;
use crate::syntax::ast::{DirectiveDecl, Name, Number, SizeExpr};
use std::collections::BTreeMap;

/// Beyond so many mistakes of one file nobody reads on.
const MOST_MISTAKES: usize = 100;

/// More than any layer has dimensions.
const MOST_PAIRS: usize = 64;

/// More than any dataflow has lines.
const MOST_STEPS: usize = 256;

/// So many constants are compared with a misspelt one.
const MOST_REMEDIES: usize = 64;

/// A longer file was not written for people, and would take seconds and gigabytes.
const MOST_LAYERS: usize = 100_000;

const FORM: &str = "`docs/import.md` describes what is read of MAESTRO's files";

/// What a layer is made of.
const PARTS: [&str; 4] = ["Type", "Stride", "Dimensions", "Dataflow"];
/// What begins a statement of a dataflow.
const STEPS: [&str; 3] = ["TemporalMap", "SpatialMap", "Cluster"];

/// A word that begins something of its own wherever it stands.
fn is_keyword(word: &str) -> bool {
    PARTS.contains(&word) || STEPS.contains(&word) || matches!(word, "Layer" | "Network")
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// Reads all of a file and what is wrong in it.
pub fn parse<'t>(tokens: &[Token<'t>]) -> (Parsed<'t>, Vec<Diagnostic>) {
    let mut parser = Parser {
        tokens,
        at: 0,
        constants: BTreeMap::new(),
        parsed: Parsed::default(),
        out: Vec::new(),
        mistakes: 0,
        over: false,
    };
    while let Some(token) = parser.next() {
        match token.text {
            "Constant" => parser.constant(token),
            "Network" => parser.network(token),
            "Layer" => {
                parser.wrong(token, "`Constant` or `Network`");
                parser.at -= 1;
                parser.layers(token);
            }
            _ => {
                parser.wrong(token, "`Constant` or `Network`");
                parser.skip_to(&["Constant", "Network", "Layer"]);
            }
        }
    }
    (parser.parsed, parser.out)
}

/// A mistake of a file, without its place.
pub fn error(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::MAPPING_FILE, message)
}

/// The beginning of a word: it may be the whole file.
pub fn short(word: &str) -> &str {
    word.char_indices()
        .nth(40)
        .map_or(word, |(at, _)| &word[..at])
}

struct Parser<'p, 't> {
    tokens: &'p [Token<'t>],
    at: usize,
    constants: BTreeMap<&'t str, Number>,
    parsed: Parsed<'t>,
    out: Vec<Diagnostic>,
    /// How many there are, of which the first are kept.
    mistakes: usize,
    /// Whether the end of the file was reported.
    over: bool,
}

impl<'t> Parser<'_, 't> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Option<Token<'t>> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    fn accept(&mut self, text: &str) -> Option<Token<'t>> {
        let found = self.peek().filter(|t| t.text == text);
        self.at += usize::from(found.is_some());
        found
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.mistakes += 1;
        if self.out.len() < MOST_MISTAKES {
            self.out.push(diagnostic);
        }
    }

    fn wrong(&mut self, found: Token, wanted: &str) {
        self.report(
            error(format!("expected {wanted}, found `{}`", short(found.text)))
                .label(found.span, format!("{wanted} should stand here"))
                .help(FORM),
        );
    }

    /// The file ends inside of something.
    fn ended(&mut self, after: Token, wanted: &str) {
        if std::mem::replace(&mut self.over, true) {
            return; // whatever else is open ends here too
        }
        self.report(
            error(format!("the file ends where {wanted} should stand"))
                .label(after.span, "what begins here is not finished")
                .help("is the file complete?"),
        );
    }

    /// Goes on to one of these words, or to the end of the block that is open.
    fn skip_to(&mut self, words: &[&str]) {
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            match token.text {
                "{" => depth += 1,
                "}" if depth == 0 => return,
                "}" => depth -= 1,
                word if depth == 0 && words.contains(&word) => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Goes on to the next statement of a dataflow, or to its end.
    fn skip_step(&mut self) {
        let next = |t: &Token| t.after_end || STEPS.contains(&t.text) || t.text == "}";
        if self.peek().is_some_and(|t| t.text == "{") {
            return self.skip_to(&STEPS);
        }
        while self.peek().is_some_and(|t| !next(&t) && t.text != "{") {
            self.at += 1;
        }
    }

    /// `{` after `owner`, or a mistake. Where it only seems to be forgotten, because what follows may
    /// stand inside, or because something else stands before it, the block is read all the same.
    fn open(&mut self, owner: Token<'t>, inside: impl Fn(&str) -> bool) -> Option<Token<'t>> {
        let brace = self.accept("{");
        if brace.is_some() {
            return brace;
        }
        let Some(found) = self.peek() else {
            self.ended(owner, "`{`");
            return None;
        };
        self.wrong(found, "`{`");
        if inside(found.text) {
            return Some(found);
        }
        let next = self.tokens.get(self.at + 1).filter(|t| t.text == "{");
        self.at += if next.is_some() && !is_keyword(found.text) {
            2
        } else {
            0
        };
        next.copied().filter(|_| !is_keyword(found.text))
    }

    /// That a block is not closed before this word, which does not belong into it.
    fn unclosed(&mut self, found: Token<'t>) {
        self.wrong(found, "`}`");
        self.at -= 1;
    }

    /// A word that is no brace, after `owner`.
    fn word(&mut self, owner: Token<'t>, what: &str) -> Option<Token<'t>> {
        match self.peek() {
            Some(token) if !matches!(token.text, "{" | "}") => self.next(),
            Some(token) => {
                self.wrong(token, what);
                None
            }
            None => {
                self.ended(owner, what);
                None
            }
        }
    }

    /// `Constant KTileSz 4`
    fn constant(&mut self, keyword: Token<'t>) {
        let name = self.word(keyword, "a name");
        let value = name.and_then(|_| self.number(keyword));
        if value.is_none() {
            self.skip_to(&["Constant", "Network", "Layer"]);
        }
        if let Some(name) = name {
            // A constant that is given again has the new value from there on, as in the original.
            let value = value.unwrap_or_else(|| Number::unread(name.span));
            self.constants.insert(name.text, value);
        }
    }

    /// `Network NAME { Layer … }`; the name may be left out.
    fn network(&mut self, keyword: Token<'t>) {
        if let Some(name) = self.peek().filter(|t| !matches!(t.text, "{" | "}")) {
            self.at += 1;
            if self.parsed.network.is_none() {
                self.parsed.network = Some(name);
            }
        }
        match self.open(keyword, |word| word == "Layer") {
            Some(brace) => self.layers(brace),
            None => self.skip_to(&["Constant", "Network", "Layer"]),
        }
    }

    /// `Layer … }` behind what opened their network.
    fn layers(&mut self, brace: Token<'t>) {
        loop {
            match self.next() {
                None => return self.ended(brace, "`}`"),
                Some(token) if token.text == "Network" => return self.unclosed(token),
                Some(token) if token.text == "}" => return,
                Some(token) if token.text == "Layer" && self.parsed.layers.len() == MOST_LAYERS => {
                    self.report(
                        error(format!("the file has more than {MOST_LAYERS} layers"))
                            .label(token.span, "one too many")
                            .help("split it into several networks"),
                    );
                    self.at = self.tokens.len();
                    return;
                }
                Some(token) if token.text == "Layer" => self.layer(token),
                Some(token) => {
                    self.at -= 1;
                    self.wrong(token, "`Layer`");
                    self.at += usize::from(token.text != "{");
                    self.skip_to(&["Layer"]);
                }
            }
        }
    }

    /// `NAME { Type … Stride … Dimensions … Dataflow … }`
    fn layer(&mut self, keyword: Token<'t>) {
        let name = match self.peek().filter(|t| t.text == "{") {
            // Its body is read all the same.
            Some(_) => {
                self.report(
                    error("this layer has no name")
                        .label(keyword.span, "a name should follow")
                        .help("write e.g. `Layer conv1 { … }`"),
                );
                Some(Token {
                    text: "",
                    ..keyword
                })
            }
            None => self.word(keyword, "the name of the layer"),
        };
        let Some(name) = name else {
            return self.skip_to(&["Layer"]);
        };
        let Some(brace) = self.open(name, |word| PARTS.contains(&word)) else {
            return self.skip_to(&["Layer"]);
        };
        let body = self.peek().unwrap_or(brace);
        let mut layer = Layer {
            name,
            kind: None,
            strides: Vec::new(),
            dims: Vec::new(),
            dataflow: None,
            // That a name is missing is no damage to the layer.
            span: match name.text {
                "" => body.span,
                _ => keyword.span.to(name.span),
            },
            mapping: name.span,
            unread: Vec::new(),
            damaged: false,
            mapping_damaged: false,
        };
        loop {
            let mistakes = self.mistakes;
            let Some(token) = self.next() else {
                self.ended(brace, "`}`");
                break;
            };
            let sound = match token.text {
                "}" => break,
                "Layer" | "Network" => {
                    self.unclosed(token);
                    break;
                }
                "Type" => {
                    let kind = self.word(token, "a type such as `CONV`");
                    match (layer.kind, kind) {
                        (Some(first), Some(again)) => self.report(
                            error(format!("{} has two types", layer.called()))
                                .label(again.span, "given again here")
                                .label(first.span, "first given here")
                                .help("keep one of the two"),
                        ),
                        _ => layer.kind = layer.kind.or(kind),
                    }
                    kind.is_some()
                }
                "Stride" => {
                    if !layer.dims.is_empty() {
                        self.report(
                            error("`Stride` stands after `Dimensions`")
                                .label(token.span, "the original refuses this order")
                                .help("write `Stride` before `Dimensions`"),
                        );
                    }
                    self.pairs(token, &mut layer.strides, &mut Vec::new())
                }
                "Dimensions" => self.pairs(token, &mut layer.dims, &mut layer.unread),
                "Dataflow" => {
                    // A second one goes on with the first, as in the original.
                    let first = layer.dataflow.is_none();
                    let steps = layer.dataflow.get_or_insert_default();
                    let sound = self.dataflow(token, steps);
                    let read = token.span.to(self.last(token));
                    layer.mapping = if first { read } else { layer.mapping.to(read) };
                    layer.mapping_damaged |= self.mistakes > mistakes;
                    if sound {
                        continue;
                    }
                    false
                }
                _ => {
                    self.at -= usize::from(token.text == "{");
                    self.wrong(token, "`Type`, `Stride`, `Dimensions` or `Dataflow`");
                    false
                }
            };
            layer.damaged |= !sound;
            if !sound {
                self.skip_to(&PARTS);
            }
            layer.span = layer.span.to(self.last(token));
        }
        self.parsed.layers.push(layer);
    }

    /// The place of what was read last, or of `first`.
    fn last(&self, first: Token<'t>) -> Span {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        last.map_or(first.span, |t| t.span)
    }

    /// `{ K: 64, C: 3 }`; false if the reader must find its way again. What has no number that can
    /// be read is `unread`.
    fn pairs(
        &mut self,
        keyword: Token<'t>,
        pairs: &mut Vec<Pair<'t>>,
        unread: &mut Vec<(Token<'t>, Span)>,
    ) -> bool {
        let Some(brace) = self.open(keyword, |word| word != "}" && !is_keyword(word)) else {
            return false;
        };
        let mut full = false;
        loop {
            match self.next() {
                None => {
                    self.ended(brace, "`}`");
                    return true;
                }
                Some(token) if token.text == "}" => return true,
                Some(word) if is_keyword(word.text) => {
                    self.unclosed(word);
                    return true;
                }
                Some(dim) if dim.text == "{" || is_number(dim.text) => {
                    self.wrong(dim, "a dimension such as `K`");
                }
                Some(dim) => match (self.peek().map(|t| t.span), self.number(dim)) {
                    (_, Some(_)) if pairs.len() >= MOST_PAIRS => {
                        if !std::mem::replace(&mut full, true) {
                            self.report(
                                error(format!("more than {MOST_PAIRS} numbers in one list"))
                                    .label(dim.span, "one too many")
                                    .help("a layer has fewer than ten dimensions"),
                            );
                        }
                    }
                    (_, Some(number)) => pairs.push((dim, number)),
                    (place, None) => {
                        if unread.len() < MOST_PAIRS {
                            unread.push((dim, place.unwrap_or(dim.span)));
                        }
                        // The next dimension may follow at once.
                        let after = self.tokens.get(self.at + 1);
                        let next = after.is_some_and(|t| is_number(t.text));
                        let brace = |t: Token| matches!(t.text, "{" | "}");
                        let dim = |t: Token| next && Dim::parse(t.text).is_some();
                        let stays = |t: Token| brace(t) || is_keyword(t.text) || dim(t);
                        self.at += usize::from(self.peek().is_some_and(|t| !stays(t)));
                    }
                },
            }
        }
    }

    /// `{ TemporalMap(1, 1) K; … }`
    fn dataflow(&mut self, keyword: Token<'t>, steps: &mut Vec<Step>) -> bool {
        let Some(brace) = self.open(keyword, |word| STEPS.contains(&word)) else {
            return false;
        };
        let mut full = false;
        loop {
            let Some(token) = self.next() else {
                self.ended(brace, "`}`");
                return true;
            };
            let step = match token.text {
                "}" => return true,
                "TemporalMap" => self.map(token, false),
                "SpatialMap" => self.map(token, true),
                "Cluster" => self.cluster(token),
                word if is_keyword(word) => {
                    self.unclosed(token);
                    return true;
                }
                _ => {
                    self.at -= usize::from(token.text == "{");
                    self.wrong(token, "`TemporalMap`, `SpatialMap` or `Cluster`");
                    None
                }
            };
            match step {
                // Layers that take the dataflow of another one must not make it long work.
                Some(_) if steps.len() >= MOST_STEPS => {
                    if !std::mem::replace(&mut full, true) {
                        self.report(
                            error(format!("more than {MOST_STEPS} lines in one dataflow"))
                                .label(token.span, "one too many")
                                .help(
                                    "the original takes four levels of at most twelve directives",
                                ),
                        );
                    }
                }
                Some(step) => steps.push(step),
                None => self.skip_step(),
            }
        }
    }

    fn map(&mut self, keyword: Token<'t>, spatial: bool) -> Option<Step> {
        let size = self.size(keyword)?;
        let step = self.size(keyword)?;
        let dim = self.word(keyword, "a dimension such as `K`")?;
        if STEPS.contains(&dim.text) {
            self.at -= 1;
            self.wrong(dim, "a dimension such as `K`");
            return None;
        }
        Some(Step::Map(DirectiveDecl {
            spatial,
            dim: Name::new(dim.text.to_string(), dim.span),
            size,
            step: Some(step),
            span: keyword.span.to(dim.span),
        }))
    }

    /// `Cluster(size, P)`: whether a cluster is physical or logical makes no difference to the
    /// original either.
    fn cluster(&mut self, keyword: Token<'t>) -> Option<Step> {
        let size = self.size(keyword)?;
        let _ = self.accept("P").or_else(|| self.accept("L"));
        let span = keyword.span.to(size.span());
        Some(Step::Cluster(size, span))
    }

    /// A number, a constant, or `Sz(R)`.
    fn size(&mut self, keyword: Token<'t>) -> Option<SizeExpr> {
        if let Some(sz) = self.accept("Sz") {
            let dim = self.word(sz, "a dimension such as `R`")?;
            return Some(SizeExpr::Name(Name::new(dim.text.to_string(), dim.span)));
        }
        self.number(keyword).map(SizeExpr::Number)
    }

    fn no_number(&mut self, token: Token<'t>) {
        let shown = short(token.text);
        let known = self.constants.keys().copied().take(MOST_REMEDIES);
        let help = match nearest(shown, known) {
            Some(near) => format!("did you mean the constant `{near}`?"),
            None => "write a whole number, or a `Constant` that is declared above".to_string(),
        };
        self.report(
            error(format!("`{shown}` is neither a number nor a constant"))
                .label(token.span, "a number should stand here")
                .help(help),
        );
    }

    /// A number or a constant; its range is checked where it is used. What is neither stays.
    fn number(&mut self, owner: Token<'t>) -> Option<Number> {
        let token = match self.peek() {
            Some(token) if !matches!(token.text, "{" | "}") => token,
            Some(token) => {
                self.wrong(token, "a number");
                return None;
            }
            None => {
                self.ended(owner, "a number");
                return None;
            }
        };
        if let Some(known) = self.constants.get(token.text) {
            self.at += 1;
            return Some(Number {
                span: token.span,
                ..known.clone()
            });
        }
        if !is_number(token.text) {
            self.no_number(token);
            return None;
        }
        self.at += 1;
        Some(Number {
            value: token.text.parse().unwrap_or(f64::INFINITY),
            integer: token.text.parse().ok(),
            unit: None,
            expr: None,
            span: token.span,
        })
    }
}
