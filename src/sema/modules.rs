//! Files and texts of the library: how `use` finds them, and what names mean in each.

use super::cascade;
use super::kind::{Kind, header, local_name, name_of};
use super::library;
use super::scope::{Program, Ref};
use crate::base::span::{FileId, Span};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{self, Item, Name, Path};
use std::collections::{BTreeMap, BTreeSet};

/// One text.
pub struct Module {
    /// Dotted path in the library; `None` for a file.
    pub library: Option<String>,
    /// The text.
    pub file: FileId,
    pub ast: ast::File,
    /// What names mean here, whether declared or brought in.
    pub names: BTreeMap<(Kind, String), Entry>,
    /// `use` lines that brought nothing, which was reported.
    pub broken: Vec<ast::Use>,
    /// Kinds of blocks that have lost their names.
    pub nameless: Vec<Kind>,
    /// Files that this one uses, and where it says so.
    uses: Vec<(usize, Span)>,
}

/// What a name means.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The block.
    pub at: Ref,
    /// Where it gets this name: its declaration, or the `use` line.
    pub place: Span,
    /// The `use` line that brought it in.
    pub line: Option<Span>,
}

/// What a `use` line brings in.
enum Target {
    /// All that a file declares.
    All(usize),
    /// Blocks of one name.
    Some(Vec<Ref>),
    /// Nothing, which was reported.
    Nothing,
}

impl Program<'_> {
    /// Reads a text, once; its `use` lines are followed by [`Program::link`].
    pub(super) fn open(&mut self, file: FileId, library: Option<String>) -> usize {
        if let Some(known) = self.modules.iter().position(|m| m.file == file) {
            return known;
        }
        let (ast, diagnostics) = crate::syntax::parse(file, &self.sources.get(file).text);
        if library.is_none() {
            let damage = cascade::damage(&diagnostics);
            let mended: BTreeSet<Span> = ast.mended.iter().copied().collect();
            let lacking = damage.into_iter().filter(|d| !mended.contains(d));
            self.damage.extend(lacking);
        }
        let nameless = diagnostics
            .iter()
            .filter(|d| d.code == codes::MISSING_NAME)
            .filter_map(|d| Kind::of_keyword(self.sources.slice(d.labels.first()?.span)))
            .collect();
        self.diagnostics.extend(diagnostics);
        self.modules.push(Module {
            library,
            file,
            ast,
            names: BTreeMap::new(),
            broken: Vec::new(),
            nameless,
            uses: Vec::new(),
        });
        self.modules.len() - 1
    }

    /// Follows the `use` lines of all texts that are new, reads what they name, and settles what
    /// names mean and constants are.
    pub(super) fn link(&mut self) {
        let first = self.linked;
        let mut targets = Vec::new();
        let mut at = first;
        while at < self.modules.len() {
            let items = self.modules[at].ast.items.iter();
            let lines = items.filter_map(|item| match item {
                Item::Use(line) => Some(line.clone()),
                _ => None,
            });
            let lines: Vec<ast::Use> = lines.collect();
            let found: Vec<Target> = lines.iter().map(|line| self.target(at, line)).collect();
            targets.push(found);
            at += 1;
        }
        self.linked = at;
        for (module, found) in (first..).zip(targets) {
            self.bind_names(module, found);
        }
        if first < at {
            self.settle_modules(first..at);
        }
    }

    /// What a `use` line means; says why, if it means nothing.
    fn target(&mut self, module: usize, line: &ast::Use) -> Target {
        let found = match (&line.path, &line.from) {
            (None, None) => None,
            (None, Some(from)) => {
                return match self.file(module, &from.node, from.span) {
                    Ok(Some(file)) => Target::All(file),
                    Ok(None) => {
                        let diagnostic = self.no_file(&[&from.node], from.span, Some(from));
                        self.diagnostics.push(diagnostic);
                        Target::Nothing
                    }
                    Err(()) => Target::Nothing,
                };
            }
            (Some(path), Some(from)) => match self.file(module, &from.node, from.span) {
                // That it uses itself was reported.
                Ok(Some(file)) if file == module => None,
                Ok(Some(file)) => self.declared_in(file, path.segments.last(), &from.node),
                Ok(None) => {
                    let diagnostic = self.no_file(&[&from.node], from.span, Some(from));
                    self.diagnostics.push(diagnostic);
                    None
                }
                Err(()) => None,
            },
            (Some(path), None) => self.far(module, path),
        };
        found.map_or(Target::Nothing, Target::Some)
    }

    /// The blocks that a dotted path means: of the library, or of a file beside this one.
    pub(super) fn far(&mut self, module: usize, path: &Path) -> Option<Vec<Ref>> {
        let segments: Vec<&str> = path.segments.iter().map(|s| s.node.as_str()).collect();
        let (last, folders) = segments.split_last()?;
        if segments.first() == Some(&"std") {
            return match self.find_library(path) {
                Some(found) => Some(vec![found]),
                None => {
                    let diagnostic = no_text(path);
                    self.diagnostics.push(diagnostic);
                    None
                }
            };
        }
        // `parts.menus.edge` is `edge` of `parts/menus.cfx` or of `parts/menus/edge.cfx`.
        let inside = (!folders.is_empty()).then(|| format!("{}.cfx", folders.join("/")));
        let own = format!("{}.cfx", segments.join("/"));
        let candidates: Vec<String> = inside.into_iter().chain([own]).collect();
        let mut found = Vec::new();
        for candidate in &candidates {
            found.extend(
                self.file(module, candidate, path.span)
                    .ok()?
                    .map(|file| (file, candidate)),
            );
        }
        match found[..] {
            [] => {
                let paths: Vec<&str> = candidates.iter().map(String::as_str).collect();
                let library = nearest(segments[0], ["std"]).is_some();
                let diagnostic = match library {
                    true => no_text(path),
                    false => self.no_file(&paths, path.span, None),
                };
                self.diagnostics.push(diagnostic);
                None
            }
            [(file, _)] if file == module => None,
            [(file, candidate)] => self.declared_in(file, path.segments.last(), candidate),
            [(_, a), (_, b), ..] => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::AMBIGUOUS_USE,
                        format!("`{}` could mean two files", path.text()),
                    )
                    .label(path.span, format!("there are both {a} and {b}"))
                    .help(format!(
                        "say which: `use {last} from \"{b}\"`, or rename one of them"
                    )),
                );
                None
            }
        }
    }

    /// The module of a file that another names, if there is such a file.
    fn file(&mut self, from: usize, path: &str, at: Span) -> Result<Option<usize>, ()> {
        match self.files.spec(path, at, self.sources) {
            Ok(Some(file)) => {
                let to = self.open(file, None);
                self.used_by(from, to, at);
                Ok(Some(to))
            }
            Ok(None) => Ok(None),
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                Err(())
            }
        }
    }

    /// Notes that a file uses another, and reports files that use each other in a circle.
    fn used_by(&mut self, from: usize, to: usize, at: Span) {
        if self.modules[from].uses.contains(&(to, at)) {
            return;
        }
        self.modules[from].uses.push((to, at));
        // The way back: for each module reached, who led there and where it says so.
        let mut led: BTreeMap<usize, (usize, Span)> = BTreeMap::new();
        let mut next = vec![to];
        while let Some(module) = next.pop() {
            if module == from {
                break;
            }
            for &(further, span) in &self.modules[module].uses {
                if further != to && !led.contains_key(&further) {
                    led.insert(further, (module, span));
                    next.push(further);
                }
            }
        }
        if from != to && !led.contains_key(&from) {
            return;
        }
        let mut circle = vec![(from, at)];
        let mut module = from;
        while module != to
            && let Some(&(before, span)) = led.get(&module)
        {
            circle.push((before, span));
            module = before;
        }
        circle[1..].reverse();
        let least = (0..circle.len()).min_by_key(|&i| circle[i].0).unwrap_or(0);
        circle.rotate_left(least);
        let name = |module: usize| self.sources.get(self.modules[module].file).name.clone();
        let names: Vec<String> = circle.iter().map(|&(module, _)| name(module)).collect();
        let first = names.first().cloned().unwrap_or_default();
        let message = match names.len() {
            1 => format!("{first} uses itself"),
            _ => format!(
                "files use each other in a circle: {} -> {first}",
                names.join(" -> ")
            ),
        };
        let mut diagnostic = Diagnostic::error(codes::CYCLE, message);
        for (i, (_, span)) in circle.iter().enumerate() {
            let used = names.get(i + 1).unwrap_or(&first);
            diagnostic = diagnostic.label(*span, format!("{} uses {used}", names[i]));
        }
        self.diagnostics.push(diagnostic.help(match names.len() {
            1 => "remove the line: what a file declares is known in it",
            _ => "move what both need into a file of its own",
        }));
    }

    /// The blocks of a name that a file declares, of whatever kind.
    fn declared_in(&mut self, file: usize, name: Option<&Name>, path: &str) -> Option<Vec<Ref>> {
        let name = name?;
        let module = &self.modules[file];
        let headers = || module.ast.items.iter().filter_map(header);
        let found: Vec<Ref> = (0..module.ast.items.len())
            .filter(|&item| {
                header(&module.ast.items[item]).is_some_and(|(_, n)| n.node == name.node)
            })
            .map(|item| Ref::new(file, item))
            .collect();
        if !found.is_empty() {
            return Some(found);
        }
        if !module.nameless.is_empty() {
            return None;
        }
        let brought = module.ast.items.iter().find_map(|item| match item {
            Item::Use(line) => local_name(line).filter(|n| n.node == name.node),
            _ => None,
        });
        let mut diagnostic = Diagnostic::error(
            codes::UNKNOWN_NAME,
            format!("{path} declares no `{}`", name.node),
        )
        .label(name.span, "not in this file");
        let known: Vec<&str> = headers().map(|(_, n)| n.node.as_str()).collect();
        diagnostic = match brought {
            Some(line) => diagnostic
                .label(line.span, "it only uses it")
                .help("a `use` brings in what a file declares itself; name the file that does"),
            None => super::fields::remedy(diagnostic, name, &known),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    /// There is no file of these paths; `quoted` is what names it, if a text in quotes does.
    fn no_file(&mut self, paths: &[&str], at: Span, quoted: Option<&Name>) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(
            codes::UNREADABLE,
            format!("there is no file {}", paths.join(" or ")),
        )
        .label(at, "the path starts from the folder of this file");
        for path in paths {
            if let Some(near) = self.files.near_spec(path, at, self.sources) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                return match (quoted, dotted_as(&near, path, paths)) {
                    (Some(quoted), _) => diagnostic.suggest(quoted.span, format!("\"{near}\"")),
                    (None, Some(dotted)) => diagnostic.suggest(at, dotted),
                    (None, None) => diagnostic,
                };
            }
        }
        // `stddataflows.nvdla`
        let library = library::paths();
        let dotted = paths.last().and_then(|p| p.strip_suffix(".cfx"));
        let dotted = dotted.map_or(String::new(), |p| p.replace('/', "."));
        if let (None, Some(near)) = (quoted, nearest(&dotted, library.iter().map(String::as_str))) {
            let message = format!("neither a file nor the library has `{dotted}`");
            let diagnostic =
                Diagnostic::error(codes::UNKNOWN_NAME, message).label(at, "nothing has this path");
            return super::fields::did_you_mean(diagnostic, at, near);
        }
        diagnostic.help(match quoted {
            Some(_) => "check the path: it is written with its ending, e.g. `use \"parts/menus.cfx\"`",
            None => "check the path; what the library has begins with `std`, e.g. `use std.dataflows.nvdla`",
        })
    }

    /// Settles what names mean in a module, and reports those that mean two things.
    fn bind_names(&mut self, module: usize, targets: Vec<Target>) {
        let mut targets = targets.into_iter();
        let mut names: BTreeMap<(Kind, String), Entry> = BTreeMap::new();
        let mut broken = Vec::new();
        let mut found = Vec::new();
        let mut add = |kind: Kind, name: &Name, entry: Entry, program: &Self| {
            let key = (kind, name.node.clone());
            match names.get(&key) {
                None => {
                    names.insert(key, entry);
                }
                // The same thing twice; the second line is unused.
                Some(first) if first.at == entry.at => {}
                Some(first) => found.push(program.declared_twice(kind, &name.node, entry, *first)),
            }
        };
        for (item, block) in self.modules[module].ast.items.iter().enumerate() {
            let Item::Use(line) = block else {
                if let Some((kind, name)) = header(block) {
                    let entry = Entry {
                        at: Ref::new(module, item),
                        place: name.span,
                        line: None,
                    };
                    add(kind, name, entry, self);
                }
                continue;
            };
            let (blocks, name): (Vec<Ref>, Option<&Name>) = match targets.next() {
                Some(Target::All(file)) => {
                    let all = 0..self.modules[file].ast.items.len();
                    (all.map(|item| Ref::new(file, item)).collect(), None)
                }
                Some(Target::Some(blocks)) => (blocks, local_name(line)),
                _ => {
                    broken.push(line.clone());
                    continue;
                }
            };
            for at in blocks {
                let Some((kind, own)) = header(self.item(at)) else {
                    continue;
                };
                let name = name.unwrap_or(own);
                let place = match &line.path {
                    Some(_) => name.span,
                    None => line.from.as_ref().map_or(line.span, |f| f.span),
                };
                let line = Some(line.span);
                add(kind, name, Entry { at, place, line }, self);
            }
        }
        self.modules[module].names = names;
        self.modules[module].broken = broken;
        self.diagnostics.extend(found);
    }

    fn declared_twice(&self, kind: Kind, name: &str, again: Entry, first: Entry) -> Diagnostic {
        let said = |entry: &Entry| match entry.line {
            Some(_) => "brought in",
            None => "declared",
        };
        // Of all that a file declares, none gets another name.
        let whole = |entry: &Entry| {
            let all = self.modules.iter().flat_map(|m| &m.ast.items);
            let mut lines = all.filter_map(|item| match item {
                Item::Use(line) if entry.line == Some(line.span) => Some(line),
                _ => None,
            });
            let line = lines.next().filter(|line| line.path.is_none())?;
            line.from.as_ref().map(|from| from.node.clone())
        };
        let named = [again, first];
        let named = named.iter().any(|e| e.line.is_some() && whole(e).is_none());
        let help = match whole(&again).or_else(|| whole(&first)) {
            _ if again.line.is_none() && first.line.is_none() => {
                "rename one of the two".to_string()
            }
            Some(file) if !named => format!(
                "name what is needed of one of the files, and give it another name: \
                 `use {name} from \"{file}\" as other_name` instead of `use \"{file}\"`"
            ),
            _ => "give what is brought in another name: `use … as other_name`".to_string(),
        };
        let message = format!("there are two {}s called `{name}`", kind.name());
        let mut diagnostic = Diagnostic::error(
            codes::DUPLICATE_NAME,
            message.replace("technologys", "technologies"),
        )
        .label(again.place, format!("{} again here", said(&again)))
        .label(first.place, format!("first {} here", said(&first)));
        // A `use` of all names of a file does not show the name.
        for entry in [again, first] {
            let declared = name_of(self.item(entry.at)).filter(|_| entry.line.is_some());
            let file = self.modules[entry.at.module()].library.is_none();
            if let Some(declared) = declared.filter(|_| file) {
                diagnostic = diagnostic.label(declared.span, "declared here");
            }
        }
        diagnostic.help(help)
    }

    /// The block of a library path, without diagnostics.
    pub(super) fn find_library(&mut self, path: &Path) -> Option<Ref> {
        let dotted = path.text();
        let known = |m: &Module| m.library.as_ref() == Some(&dotted);
        let module = match self.modules.iter().position(known) {
            Some(known) => known,
            None => {
                let text = library::find(&dotted)?;
                let file = self.sources.add(library::file_name(&dotted), text);
                self.open(file, Some(dotted))
            }
        };
        let wanted = &path.segments.last()?.node;
        let items = &self.modules[module].ast.items;
        let named = |i: &Item| name_of(i).is_some_and(|n| n.node == *wanted);
        Some(Ref::new(module, items.iter().position(named)?))
    }
}

/// The path of the library that is meant by another: one with the same name at its end, or a near one. A
/// table has lost what its network knows, so it is meant only where `tables` is written.
fn near_library<'p>(text: &str, paths: &'p [String]) -> Option<&'p str> {
    let meant = |p: &&str| !p.contains(".tables.") || text.contains("table");
    let all = || paths.iter().map(String::as_str).filter(meant);
    let last = |p: &str| p.rsplit('.').next().map(str::to_string);
    let same = || all().filter(|p| last(p) == last(text));
    let near = nearest(text, same()).or_else(|| same().next());
    near.or_else(|| nearest(text, all()))
}

/// A path that the library does not have.
fn no_text(path: &Path) -> Diagnostic {
    let paths = library::paths();
    let text = path.text();
    let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, format!("the library has no `{text}`"))
        .label(path.span, "nothing has this path");
    let near = near_library(&text, &paths);
    let folder: Vec<&str> = paths
        .iter()
        .map(String::as_str)
        .filter(|p| {
            p.strip_prefix(text.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
        })
        .collect();
    match near {
        _ if !folder.is_empty() => diagnostic.help(format!(
            "a `use` brings in one thing: {}",
            folder.join(", ")
        )),
        Some(near) => diagnostic
            .help(format!("did you mean `{near}`?"))
            .suggest(path.span, near),
        None => diagnostic.help(format!("the library has: {}", paths.join(", "))),
    }
}

/// A file that is near one of the paths that a dotted one may stand for, as a dotted path: with the name
/// in the file, if that path leaves it.
fn dotted_as(near: &str, path: &str, paths: &[&str]) -> Option<String> {
    let stem = near.strip_suffix(".cfx")?;
    let parts: Vec<&str> = stem.split('/').collect();
    let plain = |part: &&str| {
        let mut chars = part.chars();
        let first = chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        first && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if !parts.iter().all(plain) {
        return None;
    }
    let whole = paths.last()?.strip_suffix(".cfx")?;
    let name = whole.strip_prefix(path.strip_suffix(".cfx")?)?;
    Some(parts.join(".") + &name.replace('/', "."))
}
