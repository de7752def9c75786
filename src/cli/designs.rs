//! Which design of a file is meant.

use super::console::Console;
use super::exit::Exit;
use super::files::{self, Loaded};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::ir::problem::Problem;

/// The diagnostic for a name on the command line that nothing has.
pub fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, format!("there is no {what} `{name}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => diagnostic.help("there is none at all"),
        None => diagnostic.help(format!("there is: {}", known.join(", "))),
    }
}

/// The wanted designs of a file whose checks found no error, in the order of the file.
///
/// # Errors
/// A name that no design has.
pub fn select(loaded: &Loaded, name: Option<&str>) -> Result<Vec<Problem>, Diagnostic> {
    let analysis = &loaded.analysis;
    let Some(name) = name else {
        return Ok(analysis.problems.clone());
    };
    match analysis.problems.iter().find(|p| p.design == name) {
        Some(problem) => Ok(vec![problem.clone()]),
        None => Err(unknown(
            "design",
            name,
            analysis.designs.iter().map(String::as_str),
        )),
    }
}

/// Reads a specification, shows what is wrong in it, and takes the one design that is meant.
///
/// # Errors
/// How to end, if there are mistakes or it is not clear which design; it has been said why.
pub fn only(path: &str, name: Option<&str>, console: &Console) -> Result<(Loaded, Problem), Exit> {
    let loaded = files::load(path);
    console.show(&loaded.analysis.diagnostics, &loaded.sources);
    if loaded.analysis.has_errors() {
        return Err(Exit::of(&loaded.analysis.diagnostics));
    }
    let fail = |(diagnostic, exit)| {
        console.fail(diagnostic);
        exit
    };
    let problem = one(&loaded, name, path).map_err(fail)?;
    Ok((loaded, problem))
}

fn one(loaded: &Loaded, name: Option<&str>, path: &str) -> Result<Problem, (Diagnostic, Exit)> {
    let mut problems = select(loaded, name).map_err(|d| (d, Exit::Usage))?;
    match problems.len() {
        0 => Err((none(path), Exit::Wrong)),
        1 => Ok(problems.remove(0)),
        _ => {
            let names: Vec<&str> = problems.iter().map(|p| p.design.as_str()).collect();
            let diagnostic =
                Diagnostic::error(codes::NO_DESIGN, format!("{path} holds several designs"))
                    .help(format!("choose one with `--design`: {}", names.join(", ")));
            Err((diagnostic, Exit::Usage))
        }
    }
}

/// The diagnostic for a file without designs.
pub fn none(path: &str) -> Diagnostic {
    Diagnostic::error(codes::NO_DESIGN, format!("{path} holds no design"))
        .help("add `design name { network … menu … dataflow … minimize latency }`")
}
