//! `cfxc fmt`: lays specifications out.

use super::console::Console;
use super::exit::Exit;
use super::files;
use super::output::write_file;
use crate::base::span::SourceMap;
use crate::diag::{Diagnostic, Severity};
use crate::emit::number::counted;
use crate::syntax;
use std::path::Path;

/// Lay specifications out: indents, spaces, columns; comments stay
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc fmt specs/*.cfx
  cfxc fmt --check specs/*.cfx            for CI: exit code 1 if a file would change
  cfxc fmt - < spec.cfx                   from stdin to stdout

Lines stay lines, and columns that were lined up by hand stay so. A file with syntax errors is left as
it is.")]
pub struct Args {
    /// Specifications; `-` reads stdin and writes stdout
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<String>,
    /// Change nothing; name the files that would change
    #[arg(long)]
    check: bool,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let mut exit = Exit::Done;
    let mut changed = 0;
    for spec in &args.specs {
        let mut sources = SourceMap::default();
        let ended = match lay_out(spec, &mut sources) {
            Err(diagnostics) => {
                console.show(&diagnostics, &sources);
                Exit::of(&diagnostics)
            }
            Ok((before, after)) if before == after && (args.check || spec != "-") => Exit::Done,
            Ok(_) if args.check => {
                console.remark(&format!("{spec} is not laid out as `cfxc fmt` does it"));
                Exit::Wrong
            }
            Ok((_, after)) if spec == "-" => console.print(&after),
            Ok((_, after)) => match write_file(Path::new(spec), &after) {
                Ok(()) => {
                    changed += 1;
                    Exit::Done
                }
                Err(diagnostic) => {
                    console.show(&[diagnostic], &sources);
                    Exit::Files
                }
            },
        };
        if ended.code() > exit.code() {
            exit = ended;
        }
    }
    if !args.check && args.specs.iter().all(|s| s != "-") {
        let all = counted(args.specs.len(), "file");
        console.remark(&format!("{all}, {changed} changed"));
    }
    exit
}

/// The text of a file as it is and as it should be.
fn lay_out(spec: &str, sources: &mut SourceMap) -> Result<(String, String), Vec<Diagnostic>> {
    let file = match spec {
        "-" => files::read_stdin(sources),
        path => files::read(path, sources),
    }
    .map_err(|d| vec![d])?;
    let text = sources.get(file).text.to_string();
    let (_, found) = syntax::parse(file, &text);
    let errors: Vec<Diagnostic> = found
        .into_iter()
        .filter(|d| d.severity == Severity::Error)
        .collect();
    if !errors.is_empty() {
        return Err(errors);
    }
    let after = syntax::format::format(&text);
    Ok((text, after))
}
