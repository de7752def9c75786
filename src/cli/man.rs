//! `cfxc man`: the help of every command as pages for man.

use super::Cli;
use super::console::Console;
use super::designs::unknown;
use super::exit::Exit;
use super::output;
use crate::diag::{Diagnostic, codes};
use clap::{Command, CommandFactory};
use std::path::Path;

/// Print or write pages for man
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc man | man -l -
  cfxc man build | man -l -
  cfxc man --out ~/.local/share/man/man1")]
pub struct Args {
    /// Command whose page is printed; cfxc itself if left out
    #[arg(conflicts_with = "out")]
    command: Option<String>,
    /// Directory that all pages are written to
    #[arg(long, value_name = "DIR")]
    out: Option<String>,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    match (&args.out, &args.command) {
        (Some(out), _) => all(&root, Path::new(out), console),
        (None, None) => console.print(&page(&root)),
        (None, Some(name)) => match root.find_subcommand(name) {
            Some(command) => console.print(&page(command)),
            None => {
                let names = root.get_subcommands().map(Command::get_name);
                console.fail(unknown("command", name, names));
                Exit::Usage
            }
        },
    }
}

/// The page of a command.
fn page(command: &Command) -> String {
    let mut page = Vec::new();
    // Nothing is in the way of a list in memory.
    let _ = clap_mangen::Man::new(command.clone())
        .source(concat!("cfxc ", env!("CARGO_PKG_VERSION")))
        .render(&mut page);
    // What help prints last is examples, whose blanks are not to be stretched.
    String::from_utf8_lossy(&page).replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n.ad l\n")
}

fn all(root: &Command, folder: &Path, console: &Console) -> Exit {
    if let Err(e) = std::fs::create_dir_all(folder) {
        let path = folder.display();
        console.fail(
            Diagnostic::error(
                codes::UNWRITABLE,
                format!("cannot make the directory {path}: {e}"),
            )
            .help("choose another directory with `--out DIR`"),
        );
        return Exit::Files;
    }
    for command in std::iter::once(root).chain(root.get_subcommands()) {
        let name = command.get_display_name().unwrap_or(command.get_name());
        let path = folder.join(format!("{name}.1"));
        if let Err(diagnostic) = output::write_file(&path, &page(command)) {
            console.fail(diagnostic);
            return Exit::Files;
        }
    }
    Exit::Done
}
