//! Kinds of blocks, and what blocks are called.

use crate::syntax::ast::{self, Item, Name};

/// The kinds of blocks that have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Network,
    Dataflow,
    Menu,
    Budget,
    Technology,
    Design,
    Constant,
}

impl Kind {
    /// As users call it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Network => "network",
            Kind::Dataflow => "dataflow",
            Kind::Menu => "menu",
            Kind::Budget => "budget",
            Kind::Technology => "technology",
            Kind::Design => "design",
            Kind::Constant => "constant",
        }
    }

    /// What the word that begins a block declares.
    pub fn of_keyword(word: &str) -> Option<Kind> {
        let blocks = [
            Kind::Network,
            Kind::Dataflow,
            Kind::Menu,
            Kind::Budget,
            Kind::Technology,
            Kind::Design,
        ];
        match word {
            "let" => Some(Kind::Constant),
            word => blocks.into_iter().find(|kind| kind.name() == word),
        }
    }
}

/// Kind and name of a block; `None` for a `use`.
pub fn header(item: &Item) -> Option<(Kind, &Name)> {
    Some(match item {
        Item::Use(_) => return None,
        Item::Let(d) => (Kind::Constant, &d.name),
        Item::Network(d) => (Kind::Network, &d.name),
        Item::Dataflow(d) => (Kind::Dataflow, &d.name),
        Item::Menu(d) => (Kind::Menu, &d.name),
        Item::Budget(d) => (Kind::Budget, &d.name),
        Item::Technology(d) => (Kind::Technology, &d.name),
        Item::Design(d) => (Kind::Design, &d.name),
    })
}

/// What a block is called.
pub fn name_of(item: &Item) -> Option<&Name> {
    header(item).map(|(_, name)| name)
}

/// What a `use` line calls the thing it brings in, if it is one thing.
pub fn local_name(line: &ast::Use) -> Option<&Name> {
    let last = || line.path.as_ref()?.segments.last();
    line.alias.as_ref().or_else(last)
}
