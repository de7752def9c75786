//! `cfxc diff`: what differs between two locks, two results, or two revisions of one lock.

use super::console::Console;
use super::exit::Exit;
use super::{files, revision};
use crate::base::span::SourceMap;
use crate::diag::{Diagnostic, codes};
use crate::diff::{self, Review, Side};
use crate::emit::json;
use std::path::{Path, PathBuf};

/// Show what differs between decisions
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc diff spec.lock spec.lock.new
  cfxc diff before/edge_npu.json after/edge_npu.json
  cfxc diff spec.cfx --git HEAD~1
  cfxc diff spec.cfx --git main...HEAD --format markdown

Locks and results of `cfxc build` can be compared with each other. With `--git`, the specification's
lock at a revision is compared with the one in the work tree, or with that of the second revision:
A..B compares A with B, A...B what B has since it left A. Layers that change the objective most stand
first.")]
pub struct Args {
    /// What it was and what it is: locks or results; with `--git`, the one specification or lock
    #[arg(value_name = "FILE", required = true, num_args = 1..=2)]
    files: Vec<String>,
    /// Compare with this revision, or two revisions: REV, A..B, A...B
    #[arg(long, value_name = "REV")]
    git: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// End with exit code 1 if anything differs
    #[arg(long)]
    exit_code: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One document, for tools
    Json,
    /// For a pull request
    Markdown,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let mut sources = SourceMap::default();
    let sides = match (&args.files[..], &args.git) {
        ([file], Some(revisions)) => of_revisions(file, revisions, &mut sources),
        ([before, after], None) => {
            read(before, &mut sources).and_then(|before| Ok((before, read(after, &mut sources)?)))
        }
        ([_], None) => return usage(console, "there is one file, and nothing to compare it with"),
        _ => {
            return usage(
                console,
                "`--git` compares revisions of one file, and there are two",
            );
        }
    };
    let (before, after) = match sides {
        Ok(sides) => sides,
        Err(diagnostic) => {
            let exit = Exit::of(std::slice::from_ref(&diagnostic));
            console.show(&[diagnostic], &sources);
            return exit;
        }
    };
    let review = Review::between(&before, &after);
    let text = match args.format {
        Format::Text => diff::text(&review),
        Format::Json => json::text(&diff::json(&review)),
        Format::Markdown => diff::markdown(&review),
    };
    match console.print(&text) {
        Exit::Done if args.exit_code && !review.is_equal() => Exit::Wrong,
        exit => exit,
    }
}

fn usage(console: &Console, what: &str) -> Exit {
    console.fail(
        Diagnostic::error(codes::USAGE, what).help(
            "write `cfxc diff BEFORE AFTER`, or `cfxc diff SPEC --git REV` or `--git REV..REV`",
        ),
    );
    Exit::Usage
}

/// The decisions in a file. `/dev/null` has none: `git` gives it for a file that is not there.
///
/// # Errors
/// Why they cannot be read.
pub fn read(path: &str, sources: &mut SourceMap) -> Result<Side, Diagnostic> {
    if path == "/dev/null" {
        return Ok(Side::empty(path));
    }
    let file = files::read(path, sources)?;
    Side::read(path, file, &sources.get(file).text.clone())
}

/// The lock that is meant by a specification or a lock.
fn lock_of(path: &str) -> PathBuf {
    let is = |ending: &str| path.ends_with(ending);
    if is(".lock") || is(".lock.new") {
        PathBuf::from(path)
    } else {
        Path::new(path).with_extension("lock")
    }
}

fn of_revisions(
    file: &str,
    revisions: &str,
    sources: &mut SourceMap,
) -> Result<(Side, Side), Diagnostic> {
    let lock = lock_of(file);
    let asked = revision::Asked::parse(revisions)?;
    let repository = revision::Repository::of(&lock)?;
    let before = repository.base(&asked)?;
    let mut at = |revision: &str| {
        let text = repository.show(revision)?;
        let name = format!("{revision}:{}", lock.display());
        let id = sources.add(&name, text);
        Side::read(&name, id, &sources.get(id).text.clone())
    };
    let before = at(&before)?;
    let after = match &asked.after {
        Some(after) => at(after)?,
        None => read(&lock.to_string_lossy(), sources)?,
    };
    Ok((before, after))
}
