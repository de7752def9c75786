//! From what the grammar read to the AST.
//!
//! Functions here return `None` only where the grammar rules it out; nothing panics if the two
//! should ever disagree.

mod blocks;
mod design;
mod network;
mod values;

use super::ast;
use super::errors::{Bad, Context, Place};
use super::grammar::{Grammar, Rule};
use super::mend::Mended;
use super::{tokens, wording};
use crate::base::span::{FileId, Span};
use crate::diag::{Diagnostic, codes};
use pest::Parser;
use pest::iterators::Pair;
use std::ops::Range;
use std::rc::Rc;

/// Builds the AST of a mended text, with diagnostics for all of it that is no statement.
pub(super) fn build(file: FileId, mended: &Mended) -> (ast::File, Vec<Diagnostic>) {
    let mut builder = Builder {
        file,
        mended,
        frames: Vec::new(),
        diagnostics: Vec::new(),
        lost: Vec::new(),
        read_as_meant: Vec::new(),
    };
    let mut items = Vec::new();
    match Grammar::parse(Rule::file, mended.text()) {
        Ok(mut pairs) => {
            if let Some(pair) = pairs.next() {
                builder.separators(&pair);
                items = builder.statements(pair, Context::File, None, &mut Builder::item);
            }
        }
        // The grammar takes any text whose delimiters match. Should it not, nothing is hidden.
        Err(error) => {
            let at = match error.location {
                pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => {
                    at
                }
            };
            let span = builder.place(at, at);
            let diagnostic = Diagnostic::error(codes::SYNTAX, "this file cannot be read")
                .label(span, "reading stopped here")
                .help("this is a fault of cfxc: please report it with the file");
            builder.diagnostics.push(diagnostic);
        }
    }
    let mut lost = builder.lost;
    lost.sort_by_key(|l| l.span);
    let mended = builder.read_as_meant;
    let file = ast::File {
        items,
        lost,
        mended,
    };
    (file, builder.diagnostics)
}

/// The rest of an item and the function that builds it.
type BuildItem = fn(&mut Builder, Pair<Rule>, Span) -> Option<ast::Item>;

/// The rule for what follows the keyword of each block, and how that is built.
const BLOCKS: &[(Rule, BuildItem)] = &[
    (Rule::network_rest, |b, p, k| {
        b.network(p, k).map(ast::Item::Network)
    }),
    (Rule::dataflow_rest, |b, p, k| {
        b.dataflow(p, k).map(ast::Item::Dataflow)
    }),
    (Rule::menu_rest, |b, p, k| b.menu(p, k).map(ast::Item::Menu)),
    (Rule::budget_rest, |b, p, k| {
        b.budget(p, k).map(ast::Item::Budget)
    }),
    (Rule::technology_rest, |b, p, k| {
        b.technology(p, k).map(ast::Item::Technology)
    }),
    (Rule::design_rest, |b, p, k| {
        b.design(p, k).map(ast::Item::Design)
    }),
];

pub(super) struct Builder<'m> {
    pub(super) file: FileId,
    pub(super) mended: &'m Mended<'m>,
    /// Broken statements that are being read as they were meant, each a part of the text before it.
    pub(super) frames: Vec<Frame>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) lost: Vec<ast::Lost>,
    /// Places of mistakes whose statements were read as they were meant.
    read_as_meant: Vec<Span>,
}

/// A statement as it was meant, and where it stands in the text around it.
pub(super) struct Frame {
    text: Rc<Mended<'static>>,
    at: usize,
}

/// How a statement was surely meant that could not be read as it stands.
#[derive(Debug)]
pub(super) struct Meant {
    /// Where it begins in the text being read.
    pub at: usize,
    /// It, with the mistake mended.
    pub text: Mended<'static>,
    /// The place of the mistake.
    pub place: Span,
}

/// The parts of a node that carry meaning: without punctuation and keywords.
fn parts(pair: Pair<'_, Rule>) -> impl Iterator<Item = Pair<'_, Rule>> {
    pair.into_inner().filter(|p| !wording::is_sign(p.as_rule()))
}

/// Whether a node is text that is no statement.
pub(super) fn is_bad(found: &Pair<Rule>) -> bool {
    use Rule::*;
    matches!(
        found.as_rule(),
        bad_item
            | bad_rule
            | bad_field
            | bad_network
            | bad_dim
            | bad_level
            | bad_knob
            | bad_limit
            | bad_coefficient
            | bad_design
    )
}

/// Where a node ends: with its last token. Its own end may lie behind white space, because an
/// optional tail that is not there still skips to where it would have begun.
pub(super) fn end_of(pair: &Pair<Rule>) -> usize {
    let mut pair = pair.clone();
    while let Some(last) = pair.clone().into_inner().next_back() {
        pair = last;
    }
    pair.as_span().end()
}

impl Builder<'_> {
    /// A range of the text being read, as a place in the original.
    pub(super) fn place(&self, start: usize, end: usize) -> Span {
        let start = self.original(start);
        let end = self.original(end).max(start);
        Span {
            file: self.file,
            start: start as u32,
            end: end as u32,
        }
    }

    fn original(&self, at: usize) -> usize {
        let frames = self.frames.iter().rev();
        let at = frames.fold(at, |at, frame| frame.at + frame.text.original(at));
        self.mended.original(at)
    }

    fn span(&self, pair: &Pair<Rule>) -> Span {
        self.place(pair.as_span().start(), end_of(pair))
    }

    /// Reports commas and semicolons that separate nothing. Where brackets were mended, what stood
    /// between two of them may be what was taken out.
    fn separators(&mut self, read: &Pair<Rule>) {
        if self.mended.is_mended() {
            return;
        }
        let found = read.clone().into_inner().flatten();
        for pair in found.filter(|p| p.as_rule() == Rule::again) {
            let before = pair.get_input().get(..pair.as_span().start()).unwrap_or("");
            let sign = pair.as_str().get(..1).unwrap_or(",");
            let diagnostic = self.stray(sign, self.span(&pair), before);
            self.diagnostics.push(diagnostic);
        }
    }

    /// A separator at `at`, behind the text `before`.
    fn stray(&self, sign: &str, at: Span, before: &str) -> Diagnostic {
        let begins = matches!(before.trim_end().chars().next_back(), None | Some('{'));
        let message = match begins {
            true => format!("a `{sign}` before the first statement"),
            false => format!("a second `{sign}` in a row"),
        };
        Diagnostic::error(codes::SYNTAX, message)
            .label(at, "nothing stands before this")
            .help("remove it, or write what was left out")
            .suggest(at, "")
    }

    /// The statements of a block. A broken one is reported; if it is clear how it was meant, it is read
    /// as that, since it may hold further mistakes and others may refer to it.
    fn statements<T>(
        &mut self,
        block: Pair<Rule>,
        context: Context,
        place: Option<Place>,
        read: &mut dyn FnMut(&mut Self, Pair<Rule>) -> Option<T>,
    ) -> Vec<T> {
        let mut bad = Bad::new(context, place.clone());
        let mut found = Vec::new();
        // Of the last statement that could be read: how many there were before it, and diagnostics.
        let mut before_last = (0, self.diagnostics.len());
        for pair in parts(block) {
            if bad.has_read(&pair) {
                continue;
            }
            if !is_bad(&pair) {
                bad.good(&pair);
                before_last = (found.len(), self.diagnostics.len());
                found.extend(read(self, pair));
                continue;
            }
            let before = self.diagnostics.len();
            let outcome = self.report(&pair, &mut bad);
            // Any two words make a setting: `serach genetic { … }` began as one and is none.
            let gone = outcome.meant.is_some() || context == Context::Design;
            if outcome.breaks_previous && gone {
                found.truncate(before_last.0);
            }
            if let Some(meant) = outcome.meant {
                let told = match outcome.breaks_previous {
                    true => before_last.1..before,
                    false => before..before,
                };
                let inside = self.diagnostics.len();
                found.extend(self.as_meant(meant, context, place.clone(), read));
                self.not_twice(told, inside);
            }
        }
        found
    }

    /// Takes out what was told of a statement before, and is told again since `new`.
    fn not_twice(&mut self, told: Range<usize>, new: usize) {
        let again = self.diagnostics.split_off(new);
        for diagnostic in again {
            let known = self.diagnostics.get(told.clone());
            if !known.is_some_and(|known| known.contains(&diagnostic)) {
                self.diagnostics.push(diagnostic);
            }
        }
    }

    /// Reads a broken statement as it was meant.
    fn as_meant<T>(
        &mut self,
        meant: Meant,
        context: Context,
        place: Option<Place>,
        read: &mut dyn FnMut(&mut Self, Pair<Rule>) -> Option<T>,
    ) -> Vec<T> {
        self.read_as_meant.push(meant.place);
        let text = Rc::new(meant.text);
        self.frames.push(Frame {
            text: Rc::clone(&text),
            at: meant.at,
        });
        let whole = Grammar::parse(context.some(), text.text()).ok();
        let whole = whole.and_then(|mut pairs| pairs.next());
        let found = whole.map_or(Vec::new(), |whole| {
            self.separators(&whole);
            self.statements(whole, context, place, read)
        });
        self.frames.pop();
        found
    }

    fn item(&mut self, pair: Pair<Rule>) -> Option<ast::Item> {
        match pair.as_rule() {
            Rule::use_item => self.use_line(pair).map(ast::Item::Use),
            Rule::let_item => self.constant(pair).map(ast::Item::Let),
            _ => {
                let (keyword, rest) = two(pair)?;
                let span = self.span(&keyword);
                let (_, build) = BLOCKS.iter().find(|(rule, _)| *rule == rest.as_rule())?;
                build(self, rest, span)
            }
        }
    }

    fn use_line(&mut self, pair: Pair<Rule>) -> Option<ast::Use> {
        let mut line = ast::Use {
            path: None,
            from: None,
            alias: None,
            span: self.span(&pair),
        };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::quoted => line.from = Some(self.quoted(&part)),
                Rule::path => line.path = Some(self.path(part)),
                _ if line.path.is_some() => line.alias = Some(self.word(&part)),
                _ => {
                    let word = self.word(&part);
                    line.path = Some(ast::Path {
                        span: word.span,
                        segments: vec![word],
                        args: None,
                    });
                }
            }
        }
        Some(line)
    }

    fn constant(&mut self, pair: Pair<Rule>) -> Option<ast::LetDecl> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let name = self.word(&parts.next()?);
        let value = self.amount(parts.next()?)?;
        Some(ast::LetDecl { name, value, span })
    }

    /// What a block extends, from what stands between its name and its brace.
    fn extends(&self, tail: Vec<Pair<'_, Rule>>) -> Option<ast::Path> {
        let path = tail.into_iter().find(|p| p.as_rule() == Rule::path)?;
        Some(self.path(path))
    }

    /// The head of a block: its name and what follows the name. A head that is not written as it
    /// should be is reported; the name is its first word then, and without one there is none.
    fn head<'i>(&mut self, rest: Pair<'i, Rule>, keyword: &str, span: Span) -> Head<'i> {
        let mut head = Head {
            name: None,
            tail: Vec::new(),
            block: None,
        };
        for pair in parts(rest) {
            match pair.as_rule() {
                Rule::block_name => head.name = Some(self.word(&pair)),
                Rule::bad_head => {
                    let name = tokens::first_word(pair.as_str()).to_string();
                    head.name = self
                        .bad_block_head(&pair, keyword, span)
                        .map(|span| ast::Name::new(name, span));
                }
                Rule::network_block
                | Rule::dataflow_block
                | Rule::menu_block
                | Rule::budget_block
                | Rule::technology_block
                | Rule::design_block => head.block = Some(pair),
                _ => head.tail.push(pair),
            }
        }
        head
    }
}

/// What stands before a block's statements, and the block.
struct Head<'i> {
    name: Option<ast::Name>,
    tail: Vec<Pair<'i, Rule>>,
    block: Option<Pair<'i, Rule>>,
}

impl Head<'_> {
    /// How diagnostics call the block.
    fn place(&self, keyword: &str, span: Span) -> Place {
        match &self.name {
            Some(name) => Place {
                text: format!("in {keyword} `{}`", name.node),
                span: name.span,
            },
            None => Place {
                text: format!("in this {keyword}"),
                span,
            },
        }
    }
}

fn two(pair: Pair<'_, Rule>) -> Option<(Pair<'_, Rule>, Pair<'_, Rule>)> {
    let mut inner = pair.into_inner();
    Some((inner.next()?, inner.next()?))
}
