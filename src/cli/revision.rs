//! Files as they were at a revision of a `git` repository, which `git` itself is asked for.

use crate::diag::{Diagnostic, codes};
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Which revisions are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The first.
    pub before: String,
    /// The second; `None` is the work tree.
    pub after: Option<String>,
    /// Whether the first is where the second left it.
    pub since: bool,
}

fn wrong(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::NO_REVISION, message)
}

impl Asked {
    /// `REV`, `A..B` or `A...B`; a missing side of the latter two is `HEAD`, as for `git`.
    ///
    /// # Errors
    /// What is no name of a revision.
    pub fn parse(text: &str) -> Result<Asked, Diagnostic> {
        let (before, after, since) = match (text.split_once("..."), text.split_once("..")) {
            (Some((a, b)), _) => (a, Some(b), true),
            (None, Some((a, b))) => (a, Some(b), false),
            (None, None) => (text, None, false),
        };
        let head = |r: &str| match (r, after) {
            ("", Some(_)) => "HEAD".to_string(),
            _ => r.to_string(),
        };
        let asked = Asked {
            before: head(before),
            after: after.map(head),
            since,
        };
        for revision in [Some(&asked.before), asked.after.as_ref()]
            .into_iter()
            .flatten()
        {
            // What begins with a hyphen would be an option of git.
            let odd = revision.is_empty()
                || revision.starts_with('-')
                || revision.contains(|c: char| c == ':' || c.is_control() || c == ' ');
            if odd {
                return Err(wrong(format!("`{revision}` is no name of a revision"))
                    .help("name a commit, a branch or a tag: HEAD~1, main, v1.2, A..B"));
            }
        }
        Ok(asked)
    }
}

/// A file in a repository.
pub struct Repository {
    folder: PathBuf,
    name: String,
    path: String,
}

impl Repository {
    /// The repository around a file, which need not exist.
    ///
    /// # Errors
    /// If there is no `git`, or no repository.
    pub fn of(file: &Path) -> Result<Repository, Diagnostic> {
        let folder = match file.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let path = file.display().to_string();
        if !folder.is_dir() {
            return Err(Diagnostic::error(
                codes::UNREADABLE,
                format!(
                    "cannot read {path}: there is no directory {}",
                    folder.display()
                ),
            )
            .help("check the path"));
        }
        let name = file.file_name().map(OsStr::to_string_lossy);
        let repository = Repository {
            folder: folder.to_path_buf(),
            name: name.unwrap_or_default().into_owned(),
            path,
        };
        let found = repository.git(&["rev-parse", "--git-dir"])?;
        if !found.status.success() {
            return Err(
                wrong(format!("{} is in no git repository", repository.path)).help(said(
                    &found,
                    "compare two files instead: cfxc diff BEFORE AFTER",
                )),
            );
        }
        Ok(repository)
    }

    fn git(&self, args: &[&str]) -> Result<Output, Diagnostic> {
        let ran = Command::new("git")
            .args(args)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output();
        ran.map_err(|e| {
            let reason = match e.kind() {
                ErrorKind::NotFound => "it is not installed, or not on the path".to_string(),
                _ => e.to_string(),
            };
            wrong(format!("cannot run git: {reason}"))
                .help("install git, or compare two files: cfxc diff BEFORE AFTER")
        })
    }

    /// The first of the revisions that are meant.
    ///
    /// # Errors
    /// A revision that does not exist, or two that have nothing in common.
    pub fn base(&self, asked: &Asked) -> Result<String, Diagnostic> {
        let both = [Some(&asked.before), asked.after.as_ref()];
        for revision in both.into_iter().flatten() {
            let commit = format!("{revision}^{{commit}}");
            let found = self.git(&["rev-parse", "--verify", "--quiet", &commit])?;
            if !found.status.success() {
                return Err(wrong(format!("there is no revision `{revision}`")).help(
                    "`git log --oneline` lists commits; a clone without history has only the newest",
                ));
            }
        }
        let (true, Some(after)) = (asked.since, &asked.after) else {
            return Ok(asked.before.clone());
        };
        let found = self.git(&["merge-base", &asked.before, after])?;
        let base = String::from_utf8_lossy(&found.stdout).trim().to_string();
        if !found.status.success() || base.is_empty() {
            return Err(wrong(format!(
                "`{}` and `{after}` have no commit in common",
                asked.before
            ))
            .help(said(&found, "is the history of the clone cut off?")));
        }
        Ok(base.chars().take(12).collect())
    }

    /// The file's text at a revision.
    ///
    /// # Errors
    /// If it was not in it, or is no text.
    pub fn show(&self, revision: &str) -> Result<String, Diagnostic> {
        let object = format!("{revision}:./{}", self.name);
        // Unlike `show`, this is not changed by anybody's settings.
        let found = self.git(&["cat-file", "blob", &object])?;
        if !found.status.success() {
            return Err(
                wrong(format!("{} is not in revision `{revision}`", self.path)).help(format!(
                    "`git log --oneline -- {}` lists those that changed it",
                    self.path
                )),
            );
        }
        String::from_utf8(found.stdout).map_err(|_| {
            wrong(format!("{} is no text in revision `{revision}`", self.path))
                .help("name a lock, or the specification beside it")
        })
    }
}

/// What git itself said last, or this.
fn said(output: &Output, otherwise: &str) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|l| !l.trim().is_empty());
    last.map_or(otherwise.to_string(), |l| format!("git says: {l}"))
}
