//! The lock beside a specification: where it is, whether it is up to date, and when it is written.

use super::console::Console;
use super::files::{self, Loaded};
use super::output;
use crate::diag::{Diagnostic, codes};
use crate::ir::problem::Problem;
use crate::lock::{self, Difference, Entry, Lock, Locked, Mismatch};
use crate::sema::library;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// So many layers of a difference are shown.
pub const SHOWN: usize = 10;

/// The lock of one specification as it was found.
pub struct Held {
    /// The specification as it was named.
    pub spec: String,
    /// Where the lock is or would be.
    pub path: PathBuf,
    /// Where decisions wait that nobody has taken yet.
    pub pending: PathBuf,
    /// What it holds; `None` if there is none.
    pub lock: Option<Lock>,
    /// Hashes of all inputs as they are now.
    pub inputs: BTreeMap<String, String>,
}

/// How the lock's entry of a design stands to the specification.
pub enum State<'a> {
    /// There is none.
    Missing,
    /// It was made from other inputs.
    Stale(&'a Entry),
    /// It was made from these very inputs.
    Fresh(&'a Entry),
}

/// Where the lock of a specification is; `None` for what is no file, such as `/dev/stdin`.
fn beside(spec: &str) -> Option<PathBuf> {
    let path = Path::new(spec);
    if !path.is_file() {
        return None;
    }
    let lock = path.with_extension("lock");
    Some(if lock == path {
        PathBuf::from(format!("{spec}.lock"))
    } else {
        lock
    })
}

/// The lock in a file; `None` if there is no such file.
fn read(path: &Path, loaded: &mut Loaded) -> Result<Option<Lock>, Diagnostic> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let file = files::read(&path.to_string_lossy(), &mut loaded.sources)?;
    lock::read(file, &loaded.sources.get(file).text).map(Some)
}

pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of a file's bytes, read piece by piece.
///
/// # Errors
/// A file that cannot be read.
pub fn hash_file(path: &str) -> Result<String, Diagnostic> {
    let unread = |e: std::io::Error| {
        Diagnostic::error(codes::UNREADABLE, format!("cannot read {path}: {e}"))
            .help("check the path and its permissions")
    };
    let mut file = std::fs::File::open(path).map_err(unread)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece).map_err(unread)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&piece[..read]),
        }
    }
}

/// Every text and file that a specification is made of, and its hash. A text is the same with line
/// ends of either kind: version control may change them.
fn inputs(spec: &str, loaded: &Loaded) -> Result<BTreeMap<String, String>, Diagnostic> {
    let folder = Path::new(spec).parent().unwrap_or(Path::new(""));
    let named = |path: &str| {
        let inside = Path::new(path).strip_prefix(folder);
        let inside = inside.unwrap_or(Path::new(path)).to_string_lossy();
        inside.replace('\\', "/")
    };
    let mut found = BTreeMap::new();
    for source in loaded.sources.all() {
        let dotted = source
            .name
            .strip_suffix(".cfx")
            .map(|n| n.replace('/', "."));
        let of_library = dotted.filter(|d| library::find(d) == Some(source.text.as_str()));
        let name = of_library.unwrap_or_else(|| named(&source.name));
        let hash = Sha256::digest(source.text.replace("\r\n", "\n").as_bytes());
        found.insert(name, hex(&hash));
    }
    for path in &loaded.files {
        found.insert(named(path), hash_file(path)?);
    }
    for (path, hash) in &loaded.parts {
        found.insert(named(path), hash.clone());
    }
    Ok(found)
}

impl Held {
    /// The lock beside a specification that has been read without errors; `None` where there is no
    /// place beside it.
    ///
    /// # Errors
    /// A lock or an input that cannot be read.
    pub fn open(spec: &str, loaded: &mut Loaded) -> Result<Option<Held>, Diagnostic> {
        let Some(path) = beside(spec) else {
            return Ok(None);
        };
        // The lock is no input of itself.
        let inputs = inputs(spec, loaded)?;
        let mut pending = path.clone().into_os_string();
        pending.push(".new");
        Ok(Some(Held {
            spec: spec.to_string(),
            lock: read(&path, loaded)?,
            path,
            pending: pending.into(),
            inputs,
        }))
    }

    /// The lock's name as it is shown.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The lock's entry of a design.
    pub fn entry(&self, design: &str) -> Option<&Entry> {
        self.lock.as_ref()?.designs.get(design)
    }

    /// Whether an entry was made from these inputs and this seed.
    pub fn is_fresh(&self, entry: &Entry, problem: &Problem) -> bool {
        entry.inputs == self.inputs && entry.seed == problem.seed
    }

    /// How the entry of a design stands to the specification.
    pub fn state(&self, problem: &Problem) -> State<'_> {
        match self.entry(&problem.design) {
            None => State::Missing,
            Some(entry) if self.is_fresh(entry, problem) => State::Fresh(entry),
            Some(entry) => State::Stale(entry),
        }
    }

    /// Names of locked designs that the specification no longer has.
    pub fn gone(&self, designs: &[String]) -> Vec<String> {
        let locked = self.lock.iter().flat_map(|l| l.designs.keys());
        locked.filter(|n| !designs.contains(n)).cloned().collect()
    }

    /// Whether the lock could be written, before a long run would be for nothing.
    ///
    /// # Errors
    /// Why not.
    pub fn writable(&self) -> Result<(), Diagnostic> {
        output::can_write(&self.path).map_err(|mut d| {
            d.help = Some(format!(
                "the lock is kept beside the specification; `--no-lock` decides without it, and \
                 `--locked` only reads it: cfxc build {} --no-lock",
                self.spec
            ));
            d
        })
    }

    /// The lock with these entries. If they are all there is, entries of other designs go.
    pub fn with(&self, entries: BTreeMap<String, Entry>, all: bool) -> Lock {
        let mut lock = self.lock.clone().unwrap_or_default();
        if all {
            lock.designs.clear();
        }
        lock.designs.extend(entries);
        lock
    }

    /// Writes the lock if it is another; whether it was.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub fn write(&self, lock: &Lock) -> Result<bool, Diagnostic> {
        if self.lock.as_ref() == Some(lock) {
            return Ok(false);
        }
        output::write_file(&self.path, &lock::text(lock))?;
        Ok(true)
    }

    /// The decisions that wait to be taken.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub fn waiting(&self, loaded: &mut Loaded) -> Result<Lock, Diagnostic> {
        Ok(read(&self.pending, loaded)?.unwrap_or_default())
    }

    /// Lets decisions wait beside the lock, in place of those that waited for the same designs.
    ///
    /// # Errors
    /// Why they cannot be written.
    pub fn leave(
        &self,
        entries: &BTreeMap<String, Entry>,
        loaded: &mut Loaded,
    ) -> Result<(), Diagnostic> {
        // What cannot be read there is of no use to anybody.
        let mut waiting = self.waiting(loaded).unwrap_or_default();
        let others =
            |name: &String, e: &mut Entry| e.inputs == self.inputs && !entries.contains_key(name);
        waiting.designs.retain(others);
        waiting.designs.extend(entries.clone());
        self.let_wait(&waiting)
    }

    /// Writes what waits; the file goes with the last of it.
    ///
    /// # Errors
    /// Why it cannot be written or removed.
    pub fn let_wait(&self, waiting: &Lock) -> Result<(), Diagnostic> {
        if !waiting.designs.is_empty() {
            return output::write_file(&self.pending, &lock::text(waiting));
        }
        match std::fs::remove_file(&self.pending) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Diagnostic::error(
                codes::UNWRITABLE,
                format!("cannot remove {}: {e}", self.pending.display()),
            )
            .help("check the permissions of its directory")),
            _ => Ok(()),
        }
    }

    /// What was taken no longer waits.
    ///
    /// # Errors
    /// As [`Held::let_wait`].
    pub fn settle<'n>(
        &self,
        taken: impl IntoIterator<Item = &'n String>,
        loaded: &mut Loaded,
    ) -> Result<(), Diagnostic> {
        if std::fs::symlink_metadata(&self.pending).is_err() {
            return Ok(());
        }
        let mut waiting = self.waiting(loaded)?;
        let before = waiting.designs.len();
        for name in taken {
            waiting.designs.remove(name);
        }
        if waiting.designs.len() == before {
            return Ok(());
        }
        self.let_wait(&waiting)
    }
}

/// A locked decision of this problem, checked: priced again, and, if another version decided, its
/// bound proved again.
///
/// # Errors
/// What does not hold.
pub fn check<'p>(
    entry: &Entry,
    problem: &'p Problem,
    stop: &AtomicBool,
) -> Result<Locked<'p>, Mismatch> {
    if entry.cfxc == env!("CARGO_PKG_VERSION") {
        return lock::locked(entry, problem, false);
    }
    lock::locked(entry, problem, true)?.proved_again(entry, stop)
}

/// The lines of a difference under the name of its design.
pub fn told(design: &str, difference: &Difference, entry: &Entry) -> String {
    let lines = difference.lines(&entry.certificate.objective, SHOWN);
    let lines: Vec<String> = lines.into_iter().map(|l| format!("\n  {l}")).collect();
    format!("{design}{}", lines.concat())
}

/// Why a locked decision does not hold, with all that differs.
pub fn mismatch(held: &Held, problem: &Problem, why: &Mismatch, console: &Console) -> Diagnostic {
    let design = &problem.design;
    let reason = match why {
        Mismatch::Choice(reason) | Mismatch::Claim(reason) => reason.clone(),
        Mismatch::Space(_) => "its design space cannot be priced".to_string(),
        Mismatch::Figures(difference) => {
            if let Some(entry) = held.entry(design) {
                console.remark(&told(design, difference, entry));
            }
            "its figures are not what its choices cost".to_string()
        }
    };
    Diagnostic::error(
        codes::STALE_LOCK,
        format!("{} does not hold for `{design}`: {reason}", held.name()),
    )
    .label(problem.span, "this design")
    .help(format!(
        "was it changed by hand, or by a merge? `cfxc build {}` decides anew and writes it",
        held.spec
    ))
}

/// That a design has no locked decision.
pub fn missing(held: &Held, problem: &Problem) -> Diagnostic {
    let what = match &held.lock {
        None => format!("there is no lock {}", held.name()),
        Some(_) => format!("{} has no decision of `{}`", held.name(), problem.design),
    };
    Diagnostic::error(codes::STALE_LOCK, what)
        .label(problem.span, "nothing was decided for this design")
        .help(format!("`cfxc build {}` decides and writes it", held.spec))
}

/// That a specification has no place beside it for a lock.
pub fn no_place(spec: &str) -> Diagnostic {
    Diagnostic::error(
        codes::STALE_LOCK,
        format!("{spec} is no file that a lock could be beside"),
    )
    .help("keep the specification in a file")
}
