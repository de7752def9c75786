//! Reading specifications and what they name.

use super::REGISTRIES;
use super::parts::Parts;
use crate::base::span::{FileId, SourceMap, Span};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::import::{self, Imported, Reader};
use crate::sema::{self, Analysis, FileNetwork, FileRequest};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// A specification, what it names, and what the checks found.
pub struct Loaded {
    /// All texts.
    pub sources: SourceMap,
    /// What is in them.
    pub analysis: Analysis,
    /// Paths of the files it names that are no texts.
    pub files: Vec<String>,
    /// Files of which parts were read, and the hashes of those.
    pub parts: BTreeMap<String, String>,
    /// Paths of all that was asked for, the specification too, whether it is there or not.
    pub asked: BTreeSet<String>,
}

/// Reads and checks one specification. Everything that is wrong is among the diagnostics.
pub fn load(path: &str) -> Loaded {
    let mut sources = SourceMap::default();
    let mut disk = Disk::default();
    let analysis = match read(path, &mut sources) {
        Ok(main) => {
            disk.specs.extend(identity(path).map(|known| (known, main)));
            sema::analyze(main, &mut sources, &mut disk, REGISTRIES)
        }
        Err(diagnostic) => Analysis {
            diagnostics: vec![diagnostic],
            ..Analysis::default()
        },
    };
    let mut asked = disk.asked;
    asked.insert(path.to_string());
    asked.extend(disk.read.iter().cloned());
    let parts = disk.parts.hashes();
    asked.extend(parts.keys().cloned());
    let files = disk.read.into_iter();
    let files = files.filter(|path| sources.find(path).is_none()).collect();
    Loaded {
        sources,
        analysis,
        files,
        parts,
        asked,
    }
}

/// Checks a specification that is not written yet, as if it were.
pub fn check(path: &str, text: &str, sources: &mut SourceMap) -> Analysis {
    let main = sources.add(path, text);
    sema::analyze(main, sources, &mut Disk::default(), REGISTRIES)
}

/// Reads a text under the name the user gave it.
///
/// # Errors
/// A file that cannot be read, or that is no text.
pub fn read(path: &str, sources: &mut SourceMap) -> Result<FileId, Diagnostic> {
    let bytes = bytes(path).map_err(|reason| unreadable(path, &reason))?;
    text(path, bytes, sources)
}

/// Reads the text on stdin.
///
/// # Errors
/// As [`read`].
pub fn read_stdin(sources: &mut SourceMap) -> Result<FileId, Diagnostic> {
    let mut bytes = Vec::new();
    let limit = crate::syntax::LARGEST as u64 + 1;
    std::io::stdin()
        .lock()
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable("stdin", &e.to_string()))?;
    text("stdin", bytes, sources)
}

fn text(path: &str, bytes: Vec<u8>, sources: &mut SourceMap) -> Result<FileId, Diagnostic> {
    if bytes.len() > crate::syntax::LARGEST {
        // A character may have been cut in two; nobody will look at it.
        return Ok(sources.add(path, String::from_utf8_lossy(&bytes)));
    }
    let broken = match String::from_utf8(bytes) {
        Ok(text) => return Ok(sources.add(path, text)),
        Err(broken) => broken,
    };
    let at = broken.utf8_error().valid_up_to();
    let bytes = broken.into_bytes();
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let byte = bytes[at];
    // What is before the first broken byte keeps its place, and the byte itself is shown as �.
    let file = sources.add(path, String::from_utf8_lossy(&bytes));
    let span = Span {
        file,
        start: at as u32,
        end: (at + '\u{fffd}'.len_utf8()) as u32,
    };
    let (line, _) = sources.line_column(span);
    let what = if wide {
        "the byte-order mark of UTF-16".to_string()
    } else {
        format!("byte 0x{byte:02x}, offset {at}, line {line}")
    };
    // The head is enough: a kind is known by it.
    let head = &bytes[..bytes.len().min(4096)];
    let binary = |f: &&import::Format| matches!(f.read, Reader::Binary(_));
    let help = match import::recognise(head).filter(binary) {
        Some(format) => format!(
            "if this is {}, name it in a specification: `network name from \"{path}\"`; \
             `cfxc import {path}` shows what is read of it",
            format.about
        ),
        None => "save the file as UTF-8".to_string(),
    };
    Err(
        Diagnostic::error(codes::NOT_UTF8, format!("{path} is not UTF-8 text"))
            .label(span, what)
            .help(help),
    )
}

/// The bytes of a file, one more than the largest specification if there are so many: the parser
/// refuses such texts, and devices do not end.
fn bytes(path: &str) -> Result<Vec<u8>, String> {
    if Path::new(path).is_dir() {
        return Err("this is a directory".to_string());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| reason(&e))?;
    file.take(crate::syntax::LARGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| reason(&e))?;
    Ok(bytes)
}

/// A file of no kind that is read.
fn unknown_kind(path: &str, head: &[u8], sources: &mut SourceMap) -> Diagnostic {
    if let Some((what, help)) = import::foreign::recognise(head) {
        return Diagnostic::error(
            codes::IMPORT,
            format!("{path} is {what}, and no file that networks are read from"),
        )
        .help(help);
    }
    let known: Vec<&str> = import::FORMATS.iter().map(|f| f.about).collect();
    let diagnostic =
        Diagnostic::error(codes::IMPORT, format!("{path} is of no kind that is known"));
    let beginning = String::from_utf8_lossy(head);
    let meant = import::foreign::meant(&beginning).filter(|_| import::csv::is_text(head));
    let Some((word, help)) = meant else {
        return diagnostic.help(format!("known are: {}", known.join("; ")));
    };
    let file = sources.add(path, beginning.as_ref());
    let start = beginning.find(word).unwrap_or(0) as u32;
    let end = start + word.len() as u32;
    let first = Span { file, start, end };
    diagnostic
        .label(first, "the file begins with this")
        .help(help)
}

/// Why a file cannot be read.
fn reason(e: &std::io::Error) -> String {
    match e.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        _ => e.to_string(),
    }
}

fn unreadable(path: &str, reason: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::UNREADABLE, format!("cannot read {path}: {reason}"));
    diagnostic.help(match near(path) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "check the path and its permissions".to_string(),
    })
}

/// A file with a name like that of one that is not there, in its folder; the path leads to it the same
/// way.
fn near(path: &str) -> Option<String> {
    let whole = Path::new(path);
    if whole.exists() {
        return None;
    }
    let name = whole.file_name()?.to_str()?;
    let names = names_beside(whole);
    // One of the same kind before one of any.
    let kind = |n: &&str| Path::new(n).extension() == whole.extension();
    let known = || names.iter().map(String::as_str);
    let near = nearest(name, known().filter(kind)).or_else(|| nearest(name, known()))?;
    Some(whole.with_file_name(near).to_string_lossy().into_owned())
}

/// Names in the folder of a path, in order.
fn names_beside(path: &Path) -> Vec<String> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// No message of protocol buffers is longer, and a pipe may have no end.
const LONGEST_PIPE: u64 = 1 << 31;

/// The files that specifications name.
#[derive(Default)]
pub struct Disk {
    /// Paths of the files named that are no specifications.
    read: Vec<String>,
    /// Specifications that were read, by what they are called whatever leads to them.
    specs: BTreeMap<PathBuf, FileId>,
    /// Paths of the specifications that were asked for.
    asked: BTreeSet<String>,
    /// What was read of files beside models.
    parts: Parts,
}

/// What a file is called whatever leads to it.
fn identity(path: &str) -> Option<PathBuf> {
    Path::new(path).canonicalize().ok()
}

/// The folder of the file that a place is in.
fn folder(at: Span, sources: &SourceMap) -> PathBuf {
    let spec = Path::new(&sources.get(at.file).name);
    spec.parent().unwrap_or(Path::new("")).to_path_buf()
}

/// A path that starts from the folder of the file that names it.
fn beside(path: &str, at: Span, sources: &SourceMap) -> String {
    let whole = folder(at, sources).join(path);
    whole.to_string_lossy().into_owned()
}

/// A file whose path from a folder is like one that leads nowhere, and which may be meant.
fn near_from(folder: &Path, path: &str, meant: impl Fn(&str) -> bool) -> Option<String> {
    let mut found = String::new();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let whole = folder.join(format!("{found}{part}"));
        let last = parts.peek().is_none();
        let fits = |path: &Path| if last { path.is_file() } else { path.is_dir() };
        let ends = if last { "" } else { "/" };
        if part.is_empty() || fits(&whole) {
            found += &format!("{part}{ends}");
            continue;
        }
        let mut names = names_beside(&whole);
        names.retain(|n| fits(&whole.with_file_name(n)) && (!last || meant(n)));
        let near = nearest(part, names.iter().map(String::as_str))?;
        found += &format!("{near}{ends}");
    }
    Some(found)
}

impl sema::Files for Disk {
    fn network(
        &mut self,
        wanted: &FileRequest,
        sources: &mut SourceMap,
    ) -> Result<FileNetwork, Vec<Diagnostic>> {
        let at = wanted.at;
        let whole = beside(wanted.path, at, sources);
        let from = folder(at, sources);
        let options = import::Options {
            at,
            dims: wanted.dims.clone(),
            beside: self.parts.beside(&whole),
        };
        // What has no place in a text of its own is at fault where the file is named.
        let placed = |d: Diagnostic| {
            if !d.labels.is_empty() {
                return d;
            }
            let d = d.label(at, "named here");
            if d.code != codes::UNREADABLE || Path::new(&whole).exists() {
                return d;
            }
            // One of the same kind before one of any.
            let kind = Path::new(wanted.path).extension();
            let same = |name: &str| Path::new(name).extension() == kind;
            let found = near_from(&from, wanted.path, same);
            match found.or_else(|| near_from(&from, wanted.path, |_| true)) {
                Some(near) => d
                    .help(format!("did you mean `{near}`?"))
                    .suggest(at, format!("\"{near}\"")),
                None => d,
            }
        };
        self.read.push(whole.clone());
        match network(&whole, &options, sources) {
            Ok(read) if read.hardware.is_some() => Err(vec![
                Diagnostic::error(codes::WRONG_VALUE, "this file describes hardware")
                    .label(at, "neither a network nor a dataflow is in it")
                    .help(format!(
                        "`cfxc import {whole}` shows it as a menu and a technology"
                    )),
            ]),
            Ok(read) => Ok(FileNetwork {
                statements: read.statements,
                vertices: read.vertices,
                shapes_checked: read.shapes_checked,
                rules: read.rules,
                warnings: read.warnings.into_iter().map(placed).collect(),
            }),
            Err(found) => Err(found.into_iter().map(placed).collect()),
        }
    }

    fn spec(
        &mut self,
        path: &str,
        at: Span,
        sources: &mut SourceMap,
    ) -> Result<Option<FileId>, Diagnostic> {
        let whole = beside(path, at, sources);
        self.asked.insert(whole.clone());
        if !Path::new(&whole).exists() {
            return Ok(None);
        }
        let known = identity(&whole);
        if let Some(file) = known.as_ref().and_then(|k| self.specs.get(k)) {
            return Ok(Some(*file));
        }
        let file = read(&whole, sources).map_err(|d| d.label(at, "named here"))?;
        self.specs.extend(known.map(|known| (known, file)));
        Ok(Some(file))
    }

    fn near_spec(&mut self, path: &str, at: Span, sources: &SourceMap) -> Option<String> {
        near_from(&folder(at, sources), path, |name| name.ends_with(".cfx"))
    }
}

/// The network in a file of any kind that is known. Diagnostics of files that are no text have no
/// place.
///
/// # Errors
/// Why the file cannot be read or what is wrong in it.
pub fn network(
    path: &str,
    options: &import::Options,
    sources: &mut SourceMap,
) -> Result<Imported, Vec<Diagnostic>> {
    let unread = |e: std::io::Error| vec![unreadable(path, &reason(&e))];
    if Path::new(path).is_dir() {
        return Err(vec![unreadable(path, "this is a directory")]);
    }
    let mut file = File::open(path).map_err(unread)?;
    let mut head = Vec::new();
    (&mut file)
        .take(import::HEAD as u64)
        .read_to_end(&mut head)
        .map_err(unread)?;
    // Nothing is a table only by its name.
    let told = |_: &&import::Format| !head.is_empty() || path.ends_with(".csv");
    let Some(format) = import::recognise(&head).filter(told) else {
        return Err(vec![unknown_kind(path, &head, sources)]);
    };
    if let (false, Some((name, _))) = (format.open_dims, options.dims.first()) {
        return Err(vec![
            Diagnostic::error(
                codes::UNBOUND_DIM,
                format!(
                    "{path} leaves no dimension open, so that `{}` has no effect",
                    name.node
                ),
            )
            .help("leave the dimension out"),
        ]);
    }
    match format.read {
        Reader::Binary(read) => {
            if file.rewind().is_err() {
                // A pipe: what is no regular file is read whole, to a place where it can be.
                let mut whole = tempfile::tempfile().map_err(unread)?;
                whole.write_all(&head).map_err(unread)?;
                let rest = std::io::copy(&mut (&mut file).take(LONGEST_PIPE), &mut whole);
                if rest.map_err(unread)? == LONGEST_PIPE {
                    return Err(vec![unreadable(path, "a pipe gives more than 2 GiB")]);
                }
                file = whole;
                file.rewind().map_err(unread)?;
            }
            read(&mut file, options)
        }
        Reader::Text(from_text) => {
            let id = match sources.find(path) {
                Some(id) => id,
                None => {
                    // What is no regular file cannot be read again from its beginning.
                    let rest = crate::syntax::LARGEST + 1 - head.len();
                    file.take(rest as u64)
                        .read_to_end(&mut head)
                        .map_err(unread)?;
                    text(path, head, sources).map_err(|d| vec![d])?
                }
            };
            let text = sources.get(id).text.clone();
            if text.len() > crate::syntax::LARGEST {
                return Err(vec![
                    Diagnostic::error(codes::TABLE, format!("{path} is too large for a table"))
                        .help("tables of up to 16 MiB are read"),
                ]);
            }
            from_text(id, &text, options)
        }
    }
}
