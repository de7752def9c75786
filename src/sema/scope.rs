//! Modules and names: what a word refers to, across the file and the bundled library.

use super::fields::remedy;
pub use super::kind::Kind;
use super::kind::{header, local_name};
use super::{
    Files, Registries, budget, cascade, dataflow, library, lint, menu, network, technology,
};
use crate::base::span::{FileId, SourceMap, Span};
use crate::diag::{Diagnostic, codes};
use crate::ir::network::Network;
use crate::syntax::ast::{self, Item, Name, Path};
use std::collections::{BTreeMap, BTreeSet};

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
    main: FileId,
    pub sources: &'a mut SourceMap,
    pub files: &'a mut dyn Files,
    pub registries: Registries,
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be read of the main file.
    pub damage: Vec<Span>,
    /// Whether a block of the main file has lost its name.
    nameless: bool,
    networks: BTreeMap<Ref, Option<Network>>,
    used: BTreeSet<Span>,
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
        let damage = cascade::damage(&diagnostics);
        let nameless = diagnostics.iter().any(|d| d.code == codes::MISSING_NAME);
        let mut program = Program {
            modules: vec![Module {
                path: String::new(),
                ast,
            }],
            main,
            sources,
            files,
            registries,
            damage,
            nameless,
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

    /// Whether a place lies in the main file.
    pub fn is_main(&self, span: Span) -> bool {
        span.file == self.main
    }

    /// Names of the designs of the main file.
    pub fn design_names(&self) -> Vec<String> {
        let names = self.modules[0].ast.items.iter().filter_map(header);
        names
            .filter(|(k, _)| *k == Kind::Design)
            .map(|(_, n)| n.node.clone())
            .collect()
    }

    /// Two blocks of one kind and name, declared here or brought in.
    fn check_duplicates(&mut self) {
        // Blocks of different kinds may share a name: a network and a dataflow of one name never
        // stand in the same place.
        let mut seen: BTreeMap<(Kind, String), (Span, Option<String>)> = BTreeMap::new();
        let mut found = Vec::new();
        for item in &self.modules[0].ast.items {
            let (kind, name, path) = match item {
                Item::Use(line) => {
                    let kind = Kind::of_path(&line.path);
                    let (Some(kind), Some(name)) = (kind, local_name(line)) else {
                        continue;
                    };
                    (kind, name, Some(line.path.text()))
                }
                _ => match header(item) {
                    Some((kind, name)) => (kind, name, None),
                    None => continue,
                },
            };
            let Some((first, earlier)) = seen.get(&(kind, name.node.clone())) else {
                seen.insert((kind, name.node.clone()), (name.span, path));
                continue;
            };
            if path.is_some() && path == *earlier {
                continue; // the same thing twice; the second line is unused
            }
            let said = |path: &Option<String>| match path {
                Some(_) => "brought in",
                None => "declared",
            };
            let help = match (&path, earlier) {
                (None, None) => "rename one of the two",
                _ => "give what is brought in another name: `use … as other_name`",
            };
            found.push(
                Diagnostic::error(
                    codes::DUPLICATE_NAME,
                    format!("there are two {}s called `{}`", kind.name(), name.node)
                        .replace("technologys", "technologies"),
                )
                .label(name.span, format!("{} again here", said(&path)))
                .label(*first, format!("first {} here", said(earlier)))
                .help(help),
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
            if local_name(line).is_none_or(|n| n.node != name.node) {
                continue;
            }
            // A `use` that does not resolve was reported where it stands.
            let target = self.find_library(&line.path)?;
            match header(self.item(target)) {
                Some((k, _)) if k == kind => {
                    self.used.insert(line.span);
                    return Some(target);
                }
                Some((k, _)) => other = other.or(Some((k, line.span))),
                None => {}
            }
        }
        if self.nameless && other.is_none() {
            return None; // it may be the block without a name, which was reported
        }
        // `use std.networks.mobilnet_v2` and `network mobilenet_v2` are one mistake, not two.
        for line in &uses {
            let written: Vec<&str> = local_name(line).iter().map(|n| n.node.as_str()).collect();
            let meant = crate::diag::nearest::nearest(&name.node, written).is_some()
                || library::find(&format!("{}.{}", line.path.text(), name.node)).is_some();
            if meant && self.find_library(&line.path).is_none() {
                return None;
            }
        }
        let diagnostic = match other {
            Some((k, span)) => {
                let diagnostic = Diagnostic::error(
                    codes::WRONG_KIND,
                    format!("`{}` is a {}, not a {}", name.node, k.name(), kind.name()),
                )
                .label(name.span, format!("a {} is wanted here", kind.name()))
                .label(span, format!("this is a {}", k.name()));
                let known = self.names(from, kind);
                diagnostic.help(match known.as_slice() {
                    [] => format!(
                        "declare a {} of this name, or bring one in with `use`",
                        kind.name()
                    ),
                    _ => format!("name one of: {}", known.join(", ")),
                })
            }
            None => self.unknown(from, name, kind),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    /// Names of this kind that a block can use, declared or brought in.
    fn names(&self, from: Ref, kind: Kind) -> Vec<String> {
        let items = &self.modules[from.module].ast.items;
        let names = items.iter().filter_map(|item| match item {
            Item::Use(line) => {
                let found = Kind::of_path(&line.path).is_none_or(|k| k == kind);
                local_name(line).filter(|_| found)
            }
            _ => header(item).filter(|(k, _)| *k == kind).map(|(_, n)| n),
        });
        names.map(|n| n.node.clone()).collect()
    }

    /// The block that a path means, if there is one of this kind; says nothing.
    pub fn find(&mut self, from: Ref, path: &Path, kind: Kind) -> Option<&Item> {
        let said = std::mem::take(&mut self.diagnostics);
        let found = self.resolve(from, path, kind);
        self.diagnostics = said;
        found.map(|at| self.item(at))
    }

    fn unknown(&self, from: Ref, name: &Name, kind: Kind) -> Diagnostic {
        let known = self.names(from, kind);
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
        let of_kind = |path: &String| match kind {
            Kind::Network => path.contains(".networks."),
            _ => {
                path.contains(&format!("{}s.", kind.name()).replace("technologys", "technologies"))
            }
        };
        let in_library: Vec<String> = library::paths().into_iter().filter(of_kind).collect();
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
        if local.is_empty() {
            return diagnostic.help(match in_library.as_slice() {
                [] => format!("declare one: `{} {} {{ … }}`", kind.name(), name.node),
                some => format!(
                    "declare one: `{} {} {{ … }}`, or bring one in with `use`; the library has: {}",
                    kind.name(),
                    name.node,
                    some.join(", ")
                ),
            });
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
                    .help(
                        format!("`cfxc list` shows the {wanted}s of the library")
                            .replace("technologys", "technologies"),
                    ),
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
        let last = path.segments.last().map_or("", |s| s.node.as_str());
        let near = near.or_else(|| {
            let mut same = paths.iter().filter(|p| p.rsplit('.').next() == Some(last));
            same.next().map(String::as_str)
        });
        let folder: Vec<&str> = paths
            .iter()
            .map(String::as_str)
            .filter(|p| {
                p.strip_prefix(text.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
            })
            .collect();
        self.diagnostics.push(match near {
            _ if !folder.is_empty() => diagnostic.help(format!(
                "a `use` brings in one thing: {}",
                folder.join(", ")
            )),
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
                Item::Network(_) => {
                    let network = self.network(at);
                    let skipped = network.as_ref().and_then(lint::skipped_input);
                    self.diagnostics.extend(skipped);
                    networks.extend(network);
                }
                Item::Dataflow(decl) => dataflow::check(self, decl),
                Item::Menu(decl) => {
                    menu::lower(&decl, &mut self.diagnostics);
                    for path in menu::dataflows(&decl).map_or(Vec::new(), |(list, _)| list) {
                        self.resolve(at, &path, Kind::Dataflow);
                    }
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

    /// Everything found: once each, without what only follows from something else.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        // A block that several designs use is lowered for each of them; its mistakes are told once.
        let mut diagnostics: Vec<Diagnostic> = Vec::new();
        let mut seen = BTreeSet::new();
        for diagnostic in self.diagnostics {
            let place = diagnostic.labels.first().map(|l| l.span);
            if seen.insert((diagnostic.code, place, diagnostic.message.clone())) {
                diagnostics.push(diagnostic);
            }
        }
        cascade::independent(
            diagnostics,
            &self.damage,
            &self.modules[0].ast,
            self.sources,
        )
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
