//! Reading specifications and what they name.

use super::REGISTRIES;
use crate::base::span::{FileId, SourceMap, Span};
use crate::diag::{Diagnostic, codes};
use crate::import;
use crate::sema::{self, Analysis};
use crate::syntax::ast::NetworkStmt;
use std::io::Read;
use std::path::Path;

/// A specification, what it names, and what the checks found.
pub struct Loaded {
    /// All texts.
    pub sources: SourceMap,
    /// What is in them.
    pub analysis: Analysis,
}

/// Reads and checks one specification. Everything that is wrong is among the diagnostics.
pub fn load(path: &str) -> Loaded {
    let mut sources = SourceMap::default();
    let analysis = match read(path, &mut sources) {
        Ok(main) => sema::analyze(main, &mut sources, &mut Disk, REGISTRIES),
        Err(diagnostic) => Analysis {
            diagnostics: vec![diagnostic],
            ..Analysis::default()
        },
    };
    Loaded { sources, analysis }
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
    Err(
        Diagnostic::error(codes::NOT_UTF8, format!("{path} is not UTF-8 text"))
            .label(span, what)
            .help("save the file as UTF-8"),
    )
}

/// The bytes of a file, one more than the largest specification if there are so many: the parser
/// refuses such texts, and devices do not end.
fn bytes(path: &str) -> Result<Vec<u8>, String> {
    let reason = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        _ => e.to_string(),
    };
    if Path::new(path).is_dir() {
        return Err("this is a directory".to_string());
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(reason)?;
    file.take(crate::syntax::LARGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(reason)?;
    Ok(bytes)
}

fn unreadable(path: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(codes::UNREADABLE, format!("cannot read {path}: {reason}"))
        .help("check the path and its permissions")
}

/// The files that specifications name.
pub struct Disk;

impl sema::Files for Disk {
    fn network(
        &mut self,
        path: &str,
        at: Span,
        sources: &mut SourceMap,
    ) -> Result<Vec<NetworkStmt>, Vec<Diagnostic>> {
        let spec = &sources.get(at.file).name;
        let folder = Path::new(spec).parent().unwrap_or(Path::new(""));
        let whole = folder.join(path).to_string_lossy().into_owned();
        let ending = Path::new(path)
            .extension()
            .map(|e| e.to_string_lossy().to_lowercase());
        if matches!(ending.as_deref(), Some("onnx" | "m")) {
            return Err(vec![
                Diagnostic::error(
                    codes::WRONG_VALUE,
                    format!("networks are read from layer tables, not from `{path}`"),
                )
                .label(at, "a file of another kind")
                .help("name a .csv table with the columns K,C,Y,X,R,S,T"),
            ]);
        }
        let file = match sources.find(&whole) {
            Some(file) => file,
            None => read(&whole, sources).map_err(|d| {
                // The place in the specification is at fault if there is no file.
                let unread = d.code == codes::UNREADABLE;
                vec![if unread { d.label(at, "named here") } else { d }]
            })?,
        };
        let text = sources.get(file).text.clone();
        if text.len() > crate::syntax::LARGEST {
            return Err(vec![
                Diagnostic::error(codes::TABLE, format!("{whole} is too large for a table"))
                    .label(at, "named here")
                    .help("tables of up to 16 MiB are read"),
            ]);
        }
        import::table::layers(file, &text)
    }
}
