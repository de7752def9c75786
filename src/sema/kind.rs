//! Kinds of blocks, and what blocks are called.

use crate::syntax::ast::{self, Item, Name, Path};

/// The kinds of blocks that have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Network,
    Dataflow,
    Menu,
    Budget,
    Technology,
    Design,
}

impl Kind {
    /// What the folder of a library path holds.
    pub fn of_path(path: &Path) -> Option<Kind> {
        let folder = path.segments.iter().rev().nth(1)?;
        Some(match folder.node.as_str() {
            "networks" | "tables" => Kind::Network,
            "dataflows" => Kind::Dataflow,
            "menus" => Kind::Menu,
            "budgets" => Kind::Budget,
            "technologies" => Kind::Technology,
            _ => return None,
        })
    }

    /// As users call it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Network => "network",
            Kind::Dataflow => "dataflow",
            Kind::Menu => "menu",
            Kind::Budget => "budget",
            Kind::Technology => "technology",
            Kind::Design => "design",
        }
    }
}

/// Kind and name of a block; `None` for a `use`.
pub fn header(item: &Item) -> Option<(Kind, &Name)> {
    Some(match item {
        Item::Use(_) => return None,
        Item::Network(d) => (Kind::Network, &d.name),
        Item::Dataflow(d) => (Kind::Dataflow, &d.name),
        Item::Menu(d) => (Kind::Menu, &d.name),
        Item::Budget(d) => (Kind::Budget, &d.name),
        Item::Technology(d) => (Kind::Technology, &d.name),
        Item::Design(d) => (Kind::Design, &d.name),
    })
}

/// What a `use` line calls the thing it brings in.
pub fn local_name(line: &ast::Use) -> Option<&Name> {
    line.alias.as_ref().or(line.path.segments.last())
}
