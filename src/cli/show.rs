//! `cfxc show`: prints a text of the bundled library, or the decisions in a file.

use super::console::Console;
use super::designs::unknown;
use super::diff;
use super::exit::Exit;
use crate::base::span::SourceMap;
use crate::diff::listing;
use crate::sema::library;
use std::path::Path;

/// Print a text of the bundled library, or the decisions of a lock or a result
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc show std.networks.mobilenet_v2
  cfxc show std.dataflows.nvdla > my_dataflow.cfx
  cfxc show spec.lock

A lock, or a result of `cfxc build`, is shown as a text that reads well and whose lines can be
compared; `docs/decisions.md` says how `git diff` shows locks so. `cfxc list networks` and its like say what there is.")]
pub struct Args {
    /// Dotted path of the library, or a lock or result
    #[arg(value_name = "PATH")]
    path: String,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    match library::find(&args.path) {
        Some(text) => console.print(text),
        None if is_file(&args.path) => decisions(&args.path, console),
        None => {
            console.fail(missing(&args.path));
            Exit::Usage
        }
    }
}

/// Whether a file is meant: it is there, or it is named as files are.
fn is_file(path: &str) -> bool {
    Path::new(path).is_file()
        || [".lock", ".lock.new", ".json"]
            .iter()
            .any(|ending| path.ends_with(ending))
}

fn decisions(path: &str, console: &Console) -> Exit {
    let mut sources = SourceMap::default();
    match diff::read(path, &mut sources) {
        Ok(side) => console.print(&listing(&side)),
        Err(diagnostic) => {
            let exit = Exit::of(std::slice::from_ref(&diagnostic));
            console.show(&[diagnostic], &sources);
            exit
        }
    }
}

fn missing(path: &str) -> crate::diag::Diagnostic {
    let paths = library::paths();
    let last = |p: &str| p.rsplit('.').next().unwrap_or_default().to_string();
    let same: Vec<&String> = paths.iter().filter(|p| last(p) == last(path)).collect();
    let diagnostic = unknown("library text", path, paths.iter().map(String::as_str));
    match same[..] {
        [] => diagnostic,
        _ => {
            let all: Vec<String> = same.iter().map(|p| format!("`{p}`")).collect();
            diagnostic.help(format!("did you mean {}?", all.join(" or ")))
        }
    }
}
