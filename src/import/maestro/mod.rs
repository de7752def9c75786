//! MAESTRO's files: networks with a dataflow for each layer, and hardware.
//!
//! Figures and refusals of model `maestro` for what is read here are those of the original for the
//! file. What the original reads and forgets is a warning.

pub mod hardware;
mod layers;
mod parser;
mod rules;
mod tokens;
mod written;

use crate::base::span::FileId;
use crate::diag::Diagnostic;
use crate::syntax::ast::{NetworkStmt, RuleDecl};
use parser::error;
use written::Layer;

/// What a mapping file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Mappings {
    /// The name of the network, if it has one.
    pub name: Option<String>,
    /// The layers as a chain in their order: the file does not say what feeds what.
    pub statements: Vec<NetworkStmt>,
    /// How they are mapped: for each kind its most frequent mapping, and the other mappings for
    /// layers by name.
    pub rules: Vec<RuleDecl>,
    /// What had no effect in the original or was renamed, and what is wrong in the file.
    pub warnings: Vec<Diagnostic>,
}

/// Whether a text looks like a mapping file.
pub fn is_mapping(text: &str) -> bool {
    let words = tokens::tokens(FileId(0), beginning(text));
    let first = words.first().map(|t| t.text);
    match first {
        Some(word) => matches!(word, "Constant" | "Network"),
        // Nothing but comments so far: no other kind of text has comments like these.
        None => text.contains("//"),
    }
}

/// What files of MAESTRO begin with.
pub fn words() -> impl Iterator<Item = &'static str> {
    ["Constant", "Network"].into_iter().chain(hardware::names())
}

/// Enough of a text to recognise it by, cut between lines.
fn beginning(text: &str) -> &str {
    let mut lines = 0;
    let word = |line: &str| {
        let line = line.trim_start_matches('\u{feff}').trim();
        !line.is_empty() && !line.starts_with("//")
    };
    for line in text.split_inclusive('\n') {
        lines += line.len();
        if word(line) {
            break;
        }
    }
    text.get(..lines).unwrap_or(text)
}

/// The network and the mappings of a file. Of a layer with a mistake there is what could be read,
/// so that the rest of the file can be checked.
///
/// # Errors
/// That there is no layer in the file, and what else is wrong in it.
pub fn read(file: FileId, text: &str) -> Result<Mappings, Vec<Diagnostic>> {
    let tokens = tokens::tokens(file, text);
    let (parsed, mut out) = parser::parse(&tokens);
    if parsed.layers.is_empty() && out.is_empty() {
        let start = tokens.first().map_or_else(
            || crate::base::span::Span {
                file,
                start: 0,
                end: 0,
            },
            |t| t.span,
        );
        out.push(
            error("the file has no layer")
                .label(start, "no `Layer` in it")
                .help("write `Network name { Layer name { Type: CONV … } }`"),
        );
    }
    let owners = owners(&parsed.layers);
    let layers = layers::lower(&parsed.layers, &owners, &mut out);
    let rules = rules::lower(&parsed.layers, &owners, &layers.names, &mut out);
    if layers.statements.is_empty() {
        return Err(out);
    }
    Ok(Mappings {
        name: parsed.network.map(|t| t.text.to_string()),
        statements: layers.statements,
        rules,
        warnings: out,
    })
}

/// For each layer the one whose dataflow it has: a layer without one takes that of the layer
/// before, if there is one.
fn owners(layers: &[Layer]) -> Vec<Option<usize>> {
    let mut owner = None;
    // One that could not be read is a dataflow all the same.
    let own = |layer: &Layer| {
        let steps = layer.dataflow.as_ref();
        steps.is_some_and(|steps| layer.mapping_damaged || !steps.is_empty())
    };
    layers
        .iter()
        .enumerate()
        .map(|(i, layer)| {
            if own(layer) {
                owner = Some(i);
            }
            owner
        })
        .collect()
}
