//! Modules and names: what a word refers to, across the file and the bundled library.

use super::fields::remedy;
use super::{Files, Registries, budget, dataflow, library, menu, network, technology};
use crate::base::span::{FileId, SourceMap, Span};
use crate::diag::{Diagnostic, codes};
use crate::ir::network::Network;
use crate::syntax::ast::{self, Item, Name, Path};
use std::collections::{BTreeMap, BTreeSet};

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

/// A block: module and position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    module: usize,
    item: usize,
}

struct Module {
    /// Dotted library path; empty for the main file.
    path: String,
    ast: ast::File,
}

/// All texts of one run, and what was found in them so far.
pub struct Program<'a> {
    modules: Vec<Module>,
    pub sources: &'a mut SourceMap,
    pub files: &'a mut dyn Files,
    pub registries: Registries,
    pub diagnostics: Vec<Diagnostic>,
    networks: BTreeMap<Ref, Option<Network>>,
    used: BTreeSet<Span>,
}

/// Kind and name of a block; `None` for a `use`.
fn header(item: &Item) -> Option<(Kind, &Name)> {
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

impl<'a> Program<'a> {
    /// Parses the main file.
    pub fn new(
        main: FileId,
        sources: &'a mut SourceMap,
        files: &'a mut dyn Files,
        registries: Registries,
    ) -> Self {
        let (ast, diagnostics) = crate::syntax::parse(main, &sources.get(main).text);
        let mut program = Program {
            modules: vec![Module {
                path: String::new(),
                ast,
            }],
            sources,
            files,
            registries,
            diagnostics,
            networks: BTreeMap::new(),
            used: BTreeSet::new(),
        };
        program.check_duplicates();
        program
    }

    /// The block behind a reference.
    pub fn item(&self, at: Ref) -> &Item {
        &self.modules[at.module].ast.items[at.item]
    }

    /// All blocks of the main file.
    pub fn main_blocks(&self) -> Vec<Ref> {
        (0..self.modules[0].ast.items.len())
            .map(|item| Ref { module: 0, item })
            .collect()
    }

    /// Names of the designs of the main file.
    pub fn design_names(&self) -> Vec<String> {
        let names = self.modules[0].ast.items.iter().filter_map(header);
        names
            .filter(|(k, _)| *k == Kind::Design)
            .map(|(_, n)| n.node.clone())
            .collect()
    }

    /// Two blocks of one kind and name in one file, or a `use` that collides with one.
    fn check_duplicates(&mut self) {
        let mut seen: BTreeMap<(Kind, String), Span> = BTreeMap::new();
        let mut uses: BTreeMap<String, (Span, String)> = BTreeMap::new();
        let mut found = Vec::new();
        for item in &self.modules[0].ast.items {
            let (first, name) = match item {
                Item::Use(line) => {
                    let name = line.alias.as_ref().or(line.path.segments.last());
                    let Some(name) = name else { continue };
                    // Blocks of different kinds may share a name: a network and a dataflow of one
                    // name never stand in the same place.
                    let folder = line
                        .path
                        .segments
                        .iter()
                        .rev()
                        .nth(1)
                        .map_or("", |s| &s.node);
                    let folder = if folder == "tables" {
                        "networks"
                    } else {
                        folder
                    };
                    let key = format!("{folder} {}", name.node);
                    match uses.get(&key) {
                        Some((first, path)) if *path != line.path.text() => (*first, name),
                        _ => {
                            uses.insert(key, (name.span, line.path.text()));
                            continue;
                        }
                    }
                }
                _ => {
                    let Some((kind, name)) = header(item) else {
                        continue;
                    };
                    match seen.get(&(kind, name.node.clone())) {
                        Some(first) => (*first, name),
                        None => {
                            seen.insert((kind, name.node.clone()), name.span);
                            continue;
                        }
                    }
                }
            };
            found.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    format!("`{}` is declared twice", name.node),
                )
                .label(name.span, "declared again here")
                .label(first, "first declared here")
                .help("rename one of the two (`use … as name` renames what is brought in)"),
            );
        }
        self.diagnostics.extend(found);
    }

    /// The library module of this dotted path, parsed on first use.
    fn module(&mut self, path: &str) -> Option<usize> {
        if let Some(at) = self.modules.iter().position(|m| m.path == path) {
            return Some(at);
        }
        let text = library::find(path)?;
        let file = self.sources.add(library::file_name(path), text);
        let (ast, diagnostics) = crate::syntax::parse(file, text);
        self.diagnostics.extend(diagnostics);
        self.modules.push(Module {
            path: path.to_string(),
            ast,
        });
        Some(self.modules.len() - 1)
    }

    /// The block that `path`, written in the module of `from`, means as a `kind`.
    pub fn resolve(&mut self, from: Ref, path: &Path, kind: Kind) -> Option<Ref> {
        if path.segments.len() > 1 {
            return self.resolve_library(path, Some(kind));
        }
        let name = &path.segments[0];
        let module = &self.modules[from.module];
        let mut other = None;
        for (item, block) in module.ast.items.iter().enumerate() {
            if let Some((k, n)) = header(block)
                && n.node == name.node
            {
                if k == kind {
                    return Some(Ref {
                        module: from.module,
                        item,
                    });
                }
                other = Some((k, n.span));
            }
        }
        let uses: Vec<ast::Use> = module
            .ast
            .items
            .iter()
            .filter_map(|i| {
                if let Item::Use(line) = i {
                    Some(line.clone())
                } else {
                    None
                }
            })
            .collect();
        for line in &uses {
            let local = line.alias.as_ref().or(line.path.segments.last());
            if local.is_some_and(|n| n.node == name.node) {
                self.used.insert(line.span);
                // A `use` that does not resolve was reported where it stands.
                let target = self.find_library(&line.path)?;
                match header(self.item(target)) {
                    Some((k, _)) if k == kind => return Some(target),
                    Some((k, _)) => other = Some((k, line.span)),
                    None => {}
                }
            }
        }
        let diagnostic = match other {
            Some((k, span)) => Diagnostic::error(
                codes::WRONG_KIND,
                format!("`{}` is a {}, not a {}", name.node, k.name(), kind.name()),
            )
            .label(name.span, format!("a {} is wanted here", kind.name()))
            .label(span, format!("declared as a {} here", k.name()))
            .help(format!("name a {} here", kind.name())),
            None => self.unknown(from, name, kind, &uses),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn unknown(&self, from: Ref, name: &Name, kind: Kind, uses: &[ast::Use]) -> Diagnostic {
        let mut known: Vec<String> = self.modules[from.module]
            .ast
            .items
            .iter()
            .filter_map(header)
            .filter(|(k, _)| *k == kind)
            .map(|(_, n)| n.node.clone())
            .collect();
        known.extend(uses.iter().filter_map(|line| {
            line.alias
                .as_ref()
                .or(line.path.segments.last())
                .map(|n| n.node.clone())
        }));
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_NAME,
            format!("there is no {} `{}`", kind.name(), name.node),
        )
        .label(
            name.span,
            format!(
                "no {} of this name is declared or used in this file",
                kind.name()
            ),
        );
        let folder = format!("{}s.", kind.name()).replace("technologys", "technologies");
        let in_library: Vec<String> = library::paths()
            .into_iter()
            .filter(|p| p.contains(&folder))
            .collect();
        let last = |path: &str| path.rsplit('.').next().unwrap_or("").to_string();
        if let Some(path) = in_library.iter().find(|p| last(p) == name.node) {
            return diagnostic.help(format!("the library has it: add `use {path}` at the top"));
        }
        let local: Vec<&str> = known.iter().map(String::as_str).collect();
        let near = crate::diag::nearest::nearest(&name.node, local.iter().copied());
        let lasts: Vec<String> = in_library.iter().map(|p| last(p)).collect();
        if near.is_none()
            && let Some(near) =
                crate::diag::nearest::nearest(&name.node, lasts.iter().map(String::as_str))
        {
            let path = in_library
                .iter()
                .find(|p| last(p) == near)
                .map_or("", String::as_str);
            return diagnostic
                .help(format!(
                    "did you mean `{near}` of the library? Add `use {path}` at the top"
                ))
                .suggest(name.span, path);
        }
        remedy(diagnostic, name, &local)
    }

    /// The block of a library path, without diagnostics.
    fn find_library(&mut self, path: &Path) -> Option<Ref> {
        let module = self.module(&path.text())?;
        let wanted = &path.segments.last()?.node;
        let items = &self.modules[module].ast.items;
        let item = items
            .iter()
            .position(|i| header(i).is_some_and(|(_, n)| n.node == *wanted))?;
        Some(Ref { module, item })
    }

    /// The block of a library path; `kind` as wanted, if it matters.
    fn resolve_library(&mut self, path: &Path, kind: Option<Kind>) -> Option<Ref> {
        if let Some(at) = self.find_library(path) {
            let found = header(self.item(at)).map(|(k, _)| k);
            if kind.is_some() && found != kind {
                let (found, wanted) = (found.map_or("", Kind::name), kind.map_or("", Kind::name));
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::WRONG_KIND,
                        format!("`{}` is a {found}, not a {wanted}", path.text()),
                    )
                    .label(path.span, format!("a {wanted} is wanted here"))
                    .help("`cfxc list` shows what the library has"),
                );
                return None;
            }
            return Some(at);
        }
        let paths = library::paths();
        let text = path.text();
        let diagnostic =
            Diagnostic::error(codes::UNKNOWN_NAME, format!("the library has no `{text}`"))
                .label(path.span, "nothing has this path");
        let near = crate::diag::nearest::nearest(&text, paths.iter().map(String::as_str));
        self.diagnostics.push(match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .suggest(path.span, near),
            None => diagnostic.help(format!("the library has: {}", paths.join(", "))),
        });
        None
    }

    /// Checks every block of the main file, whether a design uses it or not. Returns the sound
    /// networks.
    pub fn check_blocks(&mut self) -> Vec<Network> {
        let mut networks = Vec::new();
        for at in self.main_blocks() {
            match self.item(at).clone() {
                Item::Use(line) => {
                    self.resolve_library(&line.path, None);
                }
                Item::Network(_) => networks.extend(self.network(at)),
                Item::Dataflow(decl) => dataflow::check(&decl, &mut self.diagnostics),
                Item::Menu(decl) => {
                    menu::lower(&decl, &mut self.diagnostics);
                }
                Item::Budget(decl) => {
                    budget::check(&decl, &mut self.diagnostics);
                }
                Item::Technology(_) => {
                    technology::lower(self, at);
                }
                Item::Design(_) => {}
            }
        }
        networks
    }

    /// The checked network behind a reference, lowered once.
    pub fn network(&mut self, at: Ref) -> Option<Network> {
        if let Some(known) = self.networks.get(&at) {
            return known.clone();
        }
        let lowered = match self.item(at).clone() {
            Item::Network(decl) => network::lower(self, &decl),
            _ => None,
        };
        self.networks.insert(at, lowered.clone());
        lowered
    }

    /// Warns of `use` lines that nothing needs.
    pub fn lint_unused(&mut self) {
        let mut unused = Vec::new();
        for item in &self.modules[0].ast.items {
            if let Item::Use(line) = item
                && !self.used.contains(&line.span)
            {
                unused.push(
                    Diagnostic::warning(
                        codes::UNUSED_USE,
                        format!("`{}` is never used", line.path.text()),
                    )
                    .label(line.span, "nothing in this file needs it")
                    .help("remove the line")
                    .suggest(line.span, ""),
                );
            }
        }
        self.diagnostics.extend(unused);
    }
}
