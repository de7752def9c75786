//! `cfxc show`: prints a text of the bundled library.

use super::console::Console;
use super::designs::unknown;
use super::exit::Exit;
use crate::sema::library;

/// Print a text of the bundled library
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc show std.networks.mobilenet_v2
  cfxc show std.dataflows.nvdla > my_dataflow.cfx

`cfxc list networks` and its like say what there is.")]
pub struct Args {
    /// Dotted path
    #[arg(value_name = "PATH")]
    path: String,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    match library::find(&args.path) {
        Some(text) => console.print(text),
        None => {
            console.fail(missing(&args.path));
            Exit::Usage
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
