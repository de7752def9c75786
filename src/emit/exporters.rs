//! Files that a build writes on request beside the decision and its report.

use super::{Decision, csv, maestro, rtl, toml};
use crate::cost::Refused;

/// A file beside the others of a design.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What follows the design's name.
    pub ending: String,
    /// What is in it.
    pub text: String,
}

/// A kind of files.
#[derive(Debug, Clone, Copy)]
pub struct Exporter {
    /// As `--emit` takes it.
    pub name: &'static str,
    /// One line on what it is for.
    pub summary: &'static str,
    /// How its files' names end.
    pub ending: &'static str,
    /// The only cost model whose designs it can write; `None` for all.
    pub model: Option<&'static str>,
    /// The files of a decision.
    pub files: fn(&Decision) -> Result<Vec<File>, Refused>,
}

/// Every kind of files.
pub const EXPORTERS: &[Exporter] = &[
    Exporter {
        name: "toml",
        summary: "The configuration as TOML: what was chosen, layer by layer, and its figures",
        ending: ".toml",
        model: None,
        files: |decision| one(".toml", toml::text(decision)),
    },
    Exporter {
        name: "csv",
        summary: "The layers as a table; `cfxc cost --assign` reads it",
        ending: ".csv",
        model: None,
        files: |decision| one(".csv", csv::text(decision)),
    },
    Exporter {
        name: "sv",
        summary: "A SystemVerilog package of parameters",
        ending: "_pkg.sv",
        model: None,
        files: |decision| one("_pkg.sv", rtl::package(decision)?),
    },
    Exporter {
        name: "vh",
        summary: "A header of macros for plain Verilog",
        ending: ".vh",
        model: None,
        files: |decision| one(".vh", rtl::header(decision)?),
    },
    Exporter {
        name: "maestro",
        summary: "MAESTRO's mapping and hardware files, for designs with `model maestro`",
        ending: ".m",
        model: Some("maestro"),
        files: maestro::files,
    },
];

/// The kind of this name.
pub fn find(name: &str) -> Option<&'static Exporter> {
    EXPORTERS.iter().find(|e| e.name == name)
}

fn one(ending: &str, text: String) -> Result<Vec<File>, Refused> {
    Ok(vec![File {
        ending: ending.to_string(),
        text,
    }])
}
