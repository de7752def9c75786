//! Names: what a word refers to, across files and the bundled library.

use super::constants::{Constants, no_constant};
use super::fields::{self, remedy, with_place};
pub use super::kind::Kind;
use super::kind::{header, local_name, name_of};
use super::modules::{Entry, Module};
use super::{
    Files, Registries, budget, cascade, dataflow, doubtful, library, lint, menu, network, once,
    technology,
};
use crate::base::span::{FileId, SourceMap, Span};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::ir::metric::Metric;
use crate::ir::network::Network;
use crate::syntax::ast::{self, DesignStmt, Expect, Item, Name, Path};
use std::collections::{BTreeMap, BTreeSet};

/// A block: module and position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    module: usize,
    item: usize,
}

impl Ref {
    pub(super) fn new(module: usize, item: usize) -> Self {
        Ref { module, item }
    }

    /// The text it stands in.
    pub(super) fn module(self) -> usize {
        self.module
    }
}

/// All texts of one run, and what was found in them so far.
pub struct Program<'a> {
    /// The main file first.
    pub(super) modules: Vec<Module>,
    main: FileId,
    /// So many of them know what their names mean.
    pub(super) linked: usize,
    pub(super) constants: Constants,
    pub sources: &'a mut SourceMap,
    pub files: &'a mut dyn Files,
    pub registries: Registries,
    pub diagnostics: Vec<Diagnostic>,
    /// What is legal in a design and surely not meant, by its name.
    pub(super) doubts: Vec<(String, Diagnostic)>,
    /// What could not be read of the user's files.
    pub damage: Vec<Span>,
    /// The layers of designs that are broken, by the names of the designs.
    pub layers_of: BTreeMap<String, Vec<String>>,
    /// Blocks that extend what is not there.
    pub incomplete: Vec<Span>,
    networks: BTreeMap<Ref, Option<Network>>,
    /// `use` lines that something needs.
    used: BTreeSet<Span>,
    /// Blocks that something names.
    named: BTreeSet<Ref>,
}

impl<'a> Program<'a> {
    /// Reads the main file and all files that it uses.
    pub fn new(
        main: FileId,
        sources: &'a mut SourceMap,
        files: &'a mut dyn Files,
        registries: Registries,
    ) -> Self {
        let mut program = Program {
            modules: Vec::new(),
            main,
            linked: 0,
            constants: Constants::default(),
            sources,
            files,
            registries,
            damage: Vec::new(),
            layers_of: BTreeMap::new(),
            incomplete: Vec::new(),
            diagnostics: Vec::new(),
            doubts: Vec::new(),
            networks: BTreeMap::new(),
            used: BTreeSet::new(),
            named: BTreeSet::new(),
        };
        program.open(main, None);
        program.link();
        program
    }

    /// The block behind a reference.
    pub fn item(&self, at: Ref) -> &Item {
        &self.modules[at.module].ast.items[at.item]
    }

    /// Whether a part of a block could not be read.
    pub fn is_damaged(&self, at: Ref) -> bool {
        cascade::within(&self.damage, self.item(at).span())
    }

    /// All blocks of a file, in order.
    pub fn blocks(&self, module: usize) -> Vec<Ref> {
        let items = self.modules[module].ast.items.len();
        (0..items).map(|item| Ref { module, item }).collect()
    }

    /// All blocks of a file of the user, none of a text of the library; `None` beyond the last.
    pub fn own_blocks(&self, module: usize) -> Option<Vec<Ref>> {
        let own = self.modules.get(module)?.library.is_none();
        Some(if own { self.blocks(module) } else { Vec::new() })
    }

    pub(super) fn take_items(&mut self, module: usize) -> Vec<Item> {
        std::mem::take(&mut self.modules[module].ast.items)
    }

    pub(super) fn put_items(&mut self, module: usize, items: Vec<Item>) {
        self.modules[module].ast.items = items;
    }

    /// What a name means in a module.
    pub(super) fn entry(&self, module: usize, kind: Kind, name: &str) -> Option<Entry> {
        let names = &self.modules[module].names;
        names.get(&(kind, name.to_string())).copied()
    }

    /// Notes that something needs what a name means.
    pub(super) fn mark_used(&mut self, entry: &Entry) {
        self.used.extend(entry.line);
    }

    /// Something of this name that is of another kind, and where the name comes from.
    pub(super) fn other_kind(&self, module: usize, name: &str) -> Option<(Kind, Span)> {
        let names = self.modules[module].names.iter();
        let mut named = names.filter(|((_, n), _)| n == name);
        named.next().map(|((kind, _), entry)| (*kind, entry.place))
    }

    /// Whether a name that nothing has may be one that a mistake took away, which was reported.
    pub(super) fn may_be_lost(&self, module: usize, kind: Kind, name: &str) -> bool {
        let module = &self.modules[module];
        module.nameless.contains(&kind)
            || module.broken.iter().any(|line| {
                let Some(path) = &line.path else { return true };
                let local = local_name(line).map_or("", |n| &n.node);
                local == name
                    || nearest(name, [local]).is_some()
                    || library::find(&format!("{}.{name}", path.text())).is_some()
            })
    }

    /// Whether a place lies in a specification of the user: in no text of the library and in no file of
    /// another kind.
    pub fn is_own(&self, span: Span) -> bool {
        let own = |m: &Module| m.file == span.file && m.library.is_none();
        self.modules.iter().any(own)
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

    /// The block that `path` means as a `kind`, with arguments that it takes.
    pub fn resolve(&mut self, path: &Path, kind: Kind) -> Option<Ref> {
        let module = self.modules.iter().position(|m| m.file == path.span.file);
        let module = module.unwrap_or(0);
        let found = match path.segments.as_slice() {
            [name] => self.resolve_name(module, name, kind)?,
            _ => self.resolve_path(module, path, kind)?,
        };
        self.named.insert(found);
        self.arguments_fit(found, path).then_some(found)
    }

    fn resolve_name(&mut self, module: usize, name: &Name, kind: Kind) -> Option<Ref> {
        if let Some(entry) = self.entry(module, kind, &name.node) {
            self.mark_used(&entry);
            return Some(entry.at);
        }
        let other = self.other_kind(module, &name.node);
        // `use std.networks.mobilnet_v2` and `network mobilenet_v2` are one mistake, not two; and it
        // may be a block without a name.
        if other.is_none() && self.may_be_lost(module, kind, &name.node) {
            return None;
        }
        let diagnostic = match other {
            Some((k, span)) => {
                let diagnostic = Diagnostic::error(
                    codes::WRONG_KIND,
                    format!("`{}` is a {}, not a {}", name.node, k.name(), kind.name()),
                )
                .label(name.span, format!("a {} is wanted here", kind.name()))
                .label(span, format!("this is a {}", k.name()));
                let known = self.names(module, kind);
                diagnostic.help(match known.as_slice() {
                    [] => format!(
                        "declare a {} of this name, or bring one in with `use`",
                        kind.name()
                    ),
                    _ => format!("name one of: {}", known.join(", ")),
                })
            }
            None => self.unknown(module, name, kind),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    /// The block of a dotted path: of the library, or of a file.
    fn resolve_path(&mut self, module: usize, path: &Path, kind: Kind) -> Option<Ref> {
        let found = self.far(module, path);
        self.link();
        let found = found?;
        let is = |at: &&Ref| header(self.item(**at)).is_some_and(|(k, _)| k == kind);
        if let Some(at) = found.iter().find(is) {
            return Some(*at);
        }
        let is = found.first().and_then(|at| header(self.item(*at)));
        let (is, wanted) = (is.map_or("", |(k, _)| k.name()), kind.name());
        let help = match path.segments.first() {
            Some(first) if first.node == "std" => {
                format!("`cfxc list` shows the {wanted}s of the library")
                    .replace("technologys", "technologies")
            }
            _ => format!("name a {wanted} of this file"),
        };
        self.diagnostics.push(
            Diagnostic::error(
                codes::WRONG_KIND,
                format!("`{}` is a {is}, not a {wanted}", path.text()),
            )
            .label(path.span, format!("a {wanted} is wanted here"))
            .help(help),
        );
        None
    }

    /// Names of this kind that a file can use, declared or brought in, in the order of the file.
    pub(super) fn names(&self, module: usize, kind: Kind) -> Vec<String> {
        let names = self.modules[module].names.iter();
        let mut names: Vec<(Span, &String)> = names
            .filter(|((k, _), _)| *k == kind)
            .map(|((_, name), entry)| (entry.place, name))
            .collect();
        names.sort();
        names.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// The block that a path means, if there is one of this kind; says nothing.
    pub fn find(&mut self, path: &Path, kind: Kind) -> Option<Ref> {
        let said = std::mem::take(&mut self.diagnostics);
        let found = self.resolve(path, kind);
        self.diagnostics = said;
        found
    }

    fn unknown(&self, module: usize, name: &Name, kind: Kind) -> Diagnostic {
        let mut known = self.names(module, kind);
        // Nothing extends itself.
        let items = self.modules[module].ast.items.iter();
        for (own, path) in items.filter_map(super::extend::extends) {
            if path.span.start <= name.span.start && name.span.end <= path.span.end {
                known.retain(|n| *n != own.node);
            }
        }
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
            let diagnostic =
                diagnostic.help(format!("the library has it: add `use {path}` at the top"));
            return match self.top(module, &name.node) {
                Some((at, blank)) => diagnostic.suggest(at, format!("use {path}\n{blank}")),
                None => diagnostic,
            };
        }
        let local: Vec<&str> = known.iter().map(String::as_str).collect();
        let near = nearest(&name.node, local.iter().copied());
        let lasts: Vec<String> = in_library.iter().map(|p| last(p)).collect();
        if near.is_none()
            && let Some(near) = nearest(&name.node, lasts.iter().map(String::as_str))
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
        let place_of = |near: &str| {
            let key = (kind, near.to_string());
            self.modules[module].names.get(&key).map(|e| e.place)
        };
        with_place(remedy(diagnostic, name, &local), place_of)
    }

    /// Where a `use` of this name can be put before all blocks, and what separates it from the first;
    /// `None` if something else has the name.
    fn top(&self, module: usize, name: &str) -> Option<(Span, &'static str)> {
        let module = &self.modules[module];
        let brought = |line: &ast::Use| local_name(line).is_some_and(|n| n.node == name);
        if module.names.keys().any(|(_, n)| n == name) || module.broken.iter().any(brought) {
            return None;
        }
        let (first, blank) = match module.ast.items.first()? {
            Item::Use(line) => (line.span, ""),
            block => (name_of(block)?.span, "\n"),
        };
        let text = &self.sources.get(first.file).text;
        let before = text.get(..first.start as usize)?;
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        // Nothing but its keyword stands before it.
        let keyword = before.get(line..)?.trim();
        let at = Span {
            start: line as u32,
            end: line as u32,
            ..first
        };
        let plain = keyword.bytes().all(|b| b.is_ascii_alphabetic());
        plain.then_some((at, blank))
    }

    /// Checks blocks, whether a design uses them or not. Returns the sound networks.
    pub fn check_blocks(&mut self, blocks: &[Ref]) -> Vec<Network> {
        let mut networks = Vec::new();
        for &at in blocks {
            match self.item(at).clone() {
                Item::Network(_) => {
                    let network = self.network(at);
                    let skipped = network.as_ref().and_then(lint::skipped_input);
                    let padded = network.as_ref().and_then(doubtful::padding_alone);
                    self.diagnostics.extend(skipped.into_iter().chain(padded));
                    networks.extend(network);
                }
                Item::Dataflow(decl) => match self.by_default(at) {
                    Some(Item::Dataflow(decl)) => dataflow::check(self, decl),
                    _ => dataflow::check(self, decl),
                },
                Item::Menu(decl) => {
                    match self.by_default(at) {
                        Some(Item::Menu(decl)) => menu::lower(&decl, &mut self.diagnostics),
                        _ => menu::lower(&decl, &mut self.diagnostics),
                    };
                    for path in menu::dataflows(&decl).map_or(Vec::new(), |(list, _)| list) {
                        self.resolve(&path, Kind::Dataflow);
                    }
                }
                Item::Budget(decl) => {
                    budget::check(&decl, &mut self.diagnostics);
                }
                Item::Technology(_) => {
                    technology::lower(self, at);
                }
                Item::Use(_) | Item::Let(_) | Item::Design(_) => {}
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
            // A menu may lack what several dataflows read.
            let shown = if diagnostic.code == codes::UNKNOWN_KNOB {
                2
            } else {
                1
            };
            let places = diagnostic.labels.iter().take(shown).map(|l| l.span);
            let places: Vec<Span> = places.collect();
            if seen.insert((diagnostic.code, places, diagnostic.message.clone())) {
                diagnostics.push(diagnostic);
            }
        }
        let own = self.modules.iter().filter(|m| m.library.is_none());
        let files: Vec<&ast::File> = own.clone().map(|m| &m.ast).collect();
        for module in own {
            let constants: Vec<&str> = module
                .names
                .keys()
                .filter(|(kind, _)| *kind == Kind::Constant)
                .map(|(_, name)| name.as_str())
                .collect();
            for diagnostic in &mut diagnostics {
                meant_constant(diagnostic, module, &constants, self.sources);
            }
        }
        let found = cascade::independent(
            diagnostics,
            &self.damage,
            &self.incomplete,
            &files,
            self.sources,
        );
        once::told(found, self.sources)
    }

    /// Warns of `use` lines that nothing needs.
    pub fn lint_unused(&mut self) {
        let mut unused = Vec::new();
        let own = self.modules.iter().filter(|m| m.library.is_none());
        for item in own.flat_map(|m| &m.ast.items) {
            if let Item::Use(line) = item
                && !self.used.contains(&line.span)
            {
                let (what, label) = match (&line.path, &line.from) {
                    (None, Some(from)) => {
                        (from.node.clone(), "nothing in this file needs a name of it")
                    }
                    (path, _) => (
                        path.as_ref().map_or(String::new(), Path::text),
                        "nothing in this file needs it",
                    ),
                };
                unused.push(
                    Diagnostic::warning(codes::UNUSED_USE, format!("`{what}` is never used"))
                        .label(line.span, label)
                        .help("remove the line")
                        .suggest(line.span, ""),
                );
            }
        }
        self.diagnostics.extend(unused);
    }

    /// Warns of blocks of the main file that nothing names, if it has designs that could: without any
    /// it is a collection for others.
    pub fn lint_unnamed(&mut self) {
        if self.design_names().is_empty() {
            return;
        }
        for at in self.blocks(0) {
            let block = header(self.item(at)).filter(|_| !self.named.contains(&at));
            let Some((kind, name)) = block else { continue };
            if matches!(kind, Kind::Design | Kind::Constant) {
                continue;
            }
            let (kind, name) = (kind.name(), name.clone());
            self.diagnostics.push(
                Diagnostic::warning(
                    codes::UNUSED_BLOCK,
                    format!("{kind} `{}` is used by no design", name.node),
                )
                .label(name.span, "nothing in this file names it")
                .help(format!(
                    "write `{kind} {}` in a design, or remove the block",
                    name.node
                )),
            );
        }
    }
}

/// A word in what is expected may be a misspelt metric.
fn meant_metric(diagnostic: &mut Diagnostic, module: &Module, sources: &SourceMap) {
    let Some(place) = diagnostic.labels.first().map(|l| l.span) else {
        return;
    };
    let expected = |stmt: &DesignStmt| match stmt {
        DesignStmt::Expect(Expect { span, .. }) => span.holds(place),
        _ => false,
    };
    let mut designs = module.ast.items.iter().filter_map(|item| match item {
        Item::Design(decl) => Some(&decl.stmts),
        _ => None,
    });
    if place.file == module.file
        && designs.any(|stmts| stmts.iter().any(expected))
        && let Some(near) = nearest(sources.slice(place), Metric::ALL.map(Metric::name))
    {
        *diagnostic = fields::did_you_mean(diagnostic.clone(), place, near);
    }
}

/// A word where a number is wanted may be a misspelt constant or parameter, and so may one that was
/// taken for a knob, unless a knob is near as well.
fn meant_constant(
    diagnostic: &mut Diagnostic,
    module: &Module,
    constants: &[&str],
    sources: &SourceMap,
) {
    let at = match diagnostic.code {
        codes::UNKNOWN_NAME if diagnostic.suggestion.is_none() => {
            return meant_metric(diagnostic, module, sources);
        }
        codes::WRONG_VALUE => 0,
        codes::UNKNOWN_KNOB if diagnostic.suggestion.is_none() => 1,
        _ => return,
    };
    let place = diagnostic.labels.get(at).map(|l| l.span);
    let Some(place) = place.filter(|p| p.file == module.file) else {
        return;
    };
    let params = module.ast.items.iter().flat_map(|item| match item {
        Item::Dataflow(decl) if decl.span.holds(place) => decl.params.as_slice(),
        Item::Menu(decl) if decl.span.holds(place) => decl.params.as_slice(),
        _ => &[],
    });
    let params = params.map(|p| p.name.node.as_str());
    let constants = constants.iter().copied();
    let word = sources.slice(place);
    let near = nearest(word, params.clone().chain(constants));
    if let Some(near) = near {
        let what = if params.clone().any(|p| p == near) {
            "parameter"
        } else {
            "constant"
        };
        if diagnostic.code == codes::WRONG_VALUE && !word.starts_with('"') {
            // As where it is computed with, so that both are told as one mistake.
            *diagnostic = no_constant(word, place);
        }
        *diagnostic = fields::did_you_mean(diagnostic.clone(), place, near);
        if diagnostic.code != codes::UNKNOWN_NAME {
            diagnostic.help = Some(format!("did you mean the {what} `{near}`?"));
        }
    }
}
