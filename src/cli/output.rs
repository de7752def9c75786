//! Writing a design's files: both or neither, each whole or not at all.

use crate::diag::{Diagnostic, codes};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Where the files of one design go.
#[derive(Debug, Clone)]
pub struct Target {
    folder: PathBuf,
    stem: String,
    /// The decision for tools.
    pub json: PathBuf,
    /// The decision for people.
    pub report: PathBuf,
    /// The same with pictures.
    page: PathBuf,
}

/// Common reasons in our own words: the system's differ from system to system.
fn reason(e: &std::io::Error) -> String {
    match e.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_string(),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "a file is in the way".to_string(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_string(),
        ErrorKind::StorageFull => "no space is left".to_string(),
        _ => e.to_string(),
    }
}

fn unwritable(path: &Path, reason: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::error(
        codes::UNWRITABLE,
        format!("cannot write {}: {reason}", path.display()),
    )
    .help("choose another directory with `--out DIR`")
}

impl Target {
    /// Makes the directory and tries whether files can be made in it, before a long run would be
    /// for nothing.
    ///
    /// # Errors
    /// Why nothing can be written there.
    pub fn prepare(folder: &str, design: &str) -> Result<Self, Diagnostic> {
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).map_err(|e| unwritable(&folder, reason(&e)))?;
        let stem = file_stem(design);
        let target = Target {
            json: folder.join(format!("{stem}.json")),
            report: folder.join(format!("{stem}.md")),
            page: folder.join(format!("{stem}.html")),
            folder,
            stem,
        };
        target.open()?;
        for path in [&target.json, &target.report, &target.page] {
            if path.is_dir() {
                return Err(unwritable(path, "a directory has this name"));
            }
        }
        Ok(target)
    }

    fn open(&self) -> Result<NamedTempFile, Diagnostic> {
        temporary(&self.folder).map_err(|e| unwritable(&self.folder, reason(&e)))
    }

    fn filled(&self, text: &str, path: &Path) -> Result<NamedTempFile, Diagnostic> {
        fill(self.open()?, text).map_err(|e| unwritable(path, reason(&e)))
    }

    /// Writes a further file: the design's name and this ending. Its path.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn write_further(&self, ending: &str, text: &str) -> Result<String, Diagnostic> {
        let path = self.folder.join(format!("{}{ending}", self.stem));
        let file = self.filled(text, &path)?;
        file.persist(&path)
            .map_err(|e| unwritable(&path, reason(&e.error)))?;
        Ok(path.display().to_string())
    }

    /// Puts both files in place. What stood there before stays if one of them cannot be written.
    ///
    /// # Errors
    /// Why they cannot be written.
    pub fn write(&self, json: &str, report: &str) -> Result<(), Diagnostic> {
        let json_file = self.filled(json, &self.json)?;
        let report_file = self.filled(report, &self.report)?;
        let before = std::fs::read(&self.json).ok();
        json_file
            .persist(&self.json)
            .map_err(|e| unwritable(&self.json, reason(&e.error)))?;
        report_file.persist(&self.report).map_err(|e| {
            // There is no renaming of two files at once: the first goes back by hand.
            let _ = match before {
                Some(bytes) => std::fs::write(&self.json, bytes),
                None => std::fs::remove_file(&self.json),
            };
            unwritable(&self.report, reason(&e.error))
        })?;
        Ok(())
    }
}

/// Whether a file can be written, as far as that can be known without writing it.
///
/// # Errors
/// Why not.
pub fn can_write(path: &Path) -> Result<(), Diagnostic> {
    let failed = |e: &std::io::Error| {
        Diagnostic::error(
            codes::UNWRITABLE,
            format!("cannot write {}: {}", path.display(), reason(e)),
        )
    };
    if path.is_dir() {
        return Err(failed(&ErrorKind::IsADirectory.into()));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    temporary(folder).map(|_| ()).map_err(|e| failed(&e))
}

/// Writes one file, whole or not at all: what stood there before stays if it cannot be written.
///
/// # Errors
/// Why it cannot be written.
pub fn write_file(path: &Path, text: &str) -> Result<(), Diagnostic> {
    let failed = |e: &std::io::Error| {
        Diagnostic::error(
            codes::UNWRITABLE,
            format!("cannot write {}: {}", path.display(), reason(e)),
        )
        .help("choose another file, or check the permissions of this one and of its directory")
    };
    if path.is_dir() {
        return Err(failed(&ErrorKind::IsADirectory.into()));
    }
    let special = std::fs::metadata(path).is_ok_and(|m| !m.is_file());
    if special {
        // A device or pipe takes no other file's place.
        return std::fs::write(path, text).map_err(|e| failed(&e));
    }
    // Through a link to the file itself.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let put = || {
        let file = fill(temporary(&folder)?, text)?;
        if let Ok(before) = std::fs::metadata(&target) {
            let permissions = before.permissions();
            if permissions.readonly() {
                return Err(ErrorKind::PermissionDenied.into());
            }
            file.as_file().set_permissions(permissions)?;
        }
        file.persist(&target).map_err(|e| e.error)?;
        Ok(())
    };
    put().map_err(|e: std::io::Error| failed(&e))
}

/// Writes a file that is not there yet, whole or not at all.
///
/// # Errors
/// Why it cannot be written; that it is there.
pub fn write_new(path: &Path, text: &str) -> Result<(), Diagnostic> {
    let failed = |reason: String, help: &'static str| {
        let message = format!("cannot write {}: {reason}", path.display());
        Diagnostic::error(codes::UNWRITABLE, message).help(help)
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = temporary(folder).and_then(|file| fill(file, text));
    let file = file.map_err(|e| failed(reason(&e), "choose another directory"))?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Err(failed(
            "it is there already".to_string(),
            "choose another name, or remove what is there",
        )),
        Err(e) => Err(failed(reason(&e.error), "choose another file")),
    }
}

/// A file under a name of its own in this folder; removed unless it is put in place.
fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cfxc-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any other new file; temporary ones are otherwise for their owner alone.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn fill(mut file: NamedTempFile, text: &str) -> std::io::Result<NamedTempFile> {
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// A design's name as a file name: it must not lead anywhere else.
fn file_stem(design: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let stem: String = design
        .chars()
        .map(|c| if safe(c) { c } else { '_' })
        .collect();
    match stem.strip_prefix('.') {
        Some(rest) => format!("_{rest}"),
        None => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_directory() {
        assert_eq!(file_stem("edge_npu"), "edge_npu");
        assert_eq!(file_stem("../../etc"), "_._.._etc");
        assert_eq!(file_stem("a b/c"), "a_b_c");
    }

    #[test]
    fn both_or_neither() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().to_string_lossy().into_owned();
        let target = Target::prepare(&path, "d").expect("writable");
        target.write("old", "old").expect("written");
        // A directory in the way of the second file.
        std::fs::remove_file(&target.report).expect("removed");
        std::fs::create_dir(&target.report).expect("made");
        std::fs::write(target.report.join("x"), "x").expect("written");
        assert!(target.write("new", "new").is_err());
        let kept = std::fs::read_to_string(&target.json).expect("kept");
        assert_eq!(kept, "old");
        let left = std::fs::read_dir(folder.path()).expect("read").count();
        assert_eq!(left, 2, "no temporary files stay");
    }
}
