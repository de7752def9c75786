//! `cfxc explain`: what the code of a diagnostic means.

use super::console::Console;
use super::exit::Exit;
use crate::diag::{Diagnostic, codes, pages};
use std::path::Path;

/// Explain the code of an error or a warning
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc explain E0303
  cfxc explain cfx::W0301

`cfxc list codes` names them all.")]
pub struct Args {
    /// Code of a diagnostic
    #[arg(value_name = "WHAT")]
    what: String,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let what = &args.what;
    if let Some(page) = pages::page(what) {
        return console.print(page);
    }
    console.fail(if is_file(what) {
        only_codes(what)
    } else {
        unknown(what)
    });
    Exit::Usage
}

/// Whether a file is meant, there or not.
fn is_file(what: &str) -> bool {
    let path = Path::new(what);
    path.extension().is_some_and(|e| e == "cfx") || path.is_file()
}

fn only_codes(what: &str) -> Diagnostic {
    Diagnostic::error(
        codes::UNKNOWN_NAME,
        format!("{what} is a file, and only codes are explained"),
    )
    .help(format!(
        "`cfxc check {what}` looks for mistakes in it; `cfxc explain E0303` explains a code"
    ))
}

fn unknown(what: &str) -> Diagnostic {
    let all = "`cfxc list codes` names them all";
    Diagnostic::error(codes::UNKNOWN_NAME, format!("there is no code `{what}`")).help(
        match pages::near(what) {
            Some(near) => format!("did you mean `{near}`? {all}"),
            None => all.to_string(),
        },
    )
}
