//! `cfxc list`: what specifications may name.

use super::REGISTRIES;
use super::console::Console;
use super::exit::Exit;
use crate::base::units::{Quantity, UNITS};
use crate::diag::codes;
use crate::emit::exporters::EXPORTERS;
use crate::emit::grid::{Align, Grid};
use crate::emit::schema::SCHEMAS;
use crate::ir::metric::Metric;
use crate::ir::registry::{ParamDefault, ParamKind};
use crate::sema::library;

/// List what specifications may name
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc list networks
  cfxc list methods        search methods with their parameters and defaults")]
pub struct Args {
    /// What to list
    #[arg(value_enum)]
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Networks of the library
    Networks,
    /// Loop-bound tables of the library, as papers have them
    Tables,
    /// Dataflows of the library
    Dataflows,
    /// Technologies of the library
    Technologies,
    /// Menus of the library
    Menus,
    /// Search methods and their parameters
    Methods,
    /// Cost models
    Models,
    /// Metrics, for objectives, budgets and expectations
    Metrics,
    /// Units by what they measure
    Units,
    /// Files that `build --emit` writes
    Formats,
    /// JSON Schemas; `cfxc schema` prints them
    Schemas,
    /// Codes of errors and warnings; `cfxc explain` has a page of each
    Codes,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let text = match args.what {
        What::Networks => from_library("networks"),
        What::Tables => from_library("tables"),
        What::Dataflows => from_library("dataflows"),
        What::Technologies => from_library("technologies"),
        What::Menus => from_library("menus"),
        What::Methods => methods(),
        What::Models => models(),
        What::Metrics => metrics(),
        What::Units => units(),
        What::Formats => formats(),
        What::Schemas => schemas(),
        What::Codes => diagnostics(),
    };
    console.print(&text)
}

fn two_columns(rows: impl IntoIterator<Item = (String, String)>) -> String {
    let mut grid = Grid::new([("", Align::Left), ("", Align::Left)]);
    for (name, text) in rows {
        grid.push(vec![name, text]);
    }
    grid.lines().join("\n") + "\n"
}

/// The texts of one folder, each with the first sentence of its head.
fn from_library(folder: &str) -> String {
    let wanted = format!("std.{folder}.");
    let paths = library::paths()
        .into_iter()
        .filter(|p| p.starts_with(&wanted));
    two_columns(paths.map(|path| {
        let text = library::find(&path).unwrap_or_default();
        let sentence = first_sentence(text);
        (path, sentence)
    }))
}

fn first_sentence(text: &str) -> String {
    let head: Vec<&str> = text
        .lines()
        .skip_while(|l| !l.starts_with("//"))
        .map_while(|l| l.strip_prefix("//"))
        .map(str::trim)
        .take_while(|l| !l.is_empty())
        .collect();
    let head = head.join(" ");
    match head.split_once(". ") {
        Some((first, _)) => first.to_string(),
        None => head.trim_end_matches('.').to_string(),
    }
}

fn methods() -> String {
    let mut out = String::new();
    for method in REGISTRIES.methods {
        out.push_str(&format!("{}: {}\n", method.name, method.summary));
        let mut grid = Grid::new([
            ("", Align::Left),
            ("", Align::Right),
            ("", Align::Left),
            ("", Align::Left),
        ]);
        for p in method.params {
            let default = match p.default {
                ParamDefault::Number(n) => n.to_string(),
                ParamDefault::Word(word) => word.to_string(),
            };
            let kind = match p.kind {
                ParamKind::Whole(min, max) => format!("{min}..={max}"),
                ParamKind::Real(min, max) => format!("{min} to {max}"),
                ParamKind::Word(words) => words.join(" | "),
            };
            grid.push(vec![
                format!("  {}", p.name),
                default,
                kind,
                p.summary.to_string(),
            ]);
        }
        for line in grid.lines() {
            out.push_str(&format!("{line}\n"));
        }
    }
    out
}

fn models() -> String {
    let mut out = String::new();
    for model in REGISTRIES.models {
        out.push_str(&format!("{}: {}\n", model.name, model.summary));
        out.push_str("  coefficients it reads from the technology:\n");
        let coefficients = model.coefficients.iter().map(|c| {
            let unit = c.quantity.canonical();
            let unit = if unit.is_empty() { "number" } else { unit };
            (format!("  {}", c.name), format!("{} ({unit})", c.summary))
        });
        out.push_str(&two_columns(coefficients));
    }
    out
}

fn metrics() -> String {
    let mut grid = Grid::new([
        ("metric", Align::Left),
        ("unit", Align::Left),
        ("objective", Align::Left),
        ("budget", Align::Left),
    ]);
    for metric in Metric::ALL {
        let (goal, sign) = if metric.larger_is_better() {
            ("maximize", ">=")
        } else {
            ("minimize", "<=")
        };
        let sign = if metric.can_be_budget() { sign } else { "no" };
        grid.push(vec![
            metric.name().to_string(),
            metric.unit().to_string(),
            goal.to_string(),
            sign.to_string(),
        ]);
    }
    grid.lines().join("\n") + "\n"
}

fn units() -> String {
    let mut seen: Vec<Quantity> = Vec::new();
    for unit in UNITS {
        if !seen.contains(&unit.quantity) {
            seen.push(unit.quantity);
        }
    }
    two_columns(
        seen.into_iter()
            .map(|q| (q.name().to_string(), q.units().join(", "))),
    )
}

/// What `build --emit` takes, and how the files are called.
fn formats() -> String {
    let mut grid = Grid::new([
        ("format", Align::Left),
        ("file", Align::Left),
        ("", Align::Left),
    ]);
    for e in EXPORTERS {
        grid.push(vec![
            e.name.to_string(),
            format!("<design>{}", e.ending),
            e.summary.to_string(),
        ]);
    }
    grid.lines().join("\n") + "\n"
}

fn schemas() -> String {
    let schemas = SCHEMAS.iter();
    two_columns(schemas.map(|s| (s.name.to_string(), s.summary.to_string())))
}

/// Every code and what it means.
fn diagnostics() -> String {
    two_columns(codes::ALL.iter().map(|(code, meaning)| {
        let meaning = meaning.trim().trim_end_matches('.');
        (code.0.to_string(), meaning.to_string())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_text_says_what_it_is() {
        for path in library::paths() {
            let text = library::find(&path).unwrap_or_default();
            assert!(!first_sentence(text).is_empty(), "{path}");
        }
    }
}
