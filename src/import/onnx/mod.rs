//! ONNX models: convolutions, matrix products and recurrences as layers, everything else free.
//!
//! Of weights only the extents are read. The file is read in parts (`wire`, `parse`), walked in the
//! order its nodes run (`walk`).

mod apart;
mod attention;
mod attributes;
mod elements;
mod index;
mod known;
mod layout;
mod made;
mod matrix;
mod model;
mod open;
mod operators;
mod order;
mod parse;
mod pointwise;
mod recurrent;
mod sampled;
mod sequence;
mod spectrum;
mod walk;
mod window;
mod wire;

use super::{Imported, Options, ReadSeek};
use crate::diag::{Diagnostic, Severity, codes};
use apart::Apart;
use open::OpenDims;
use parse::Parser;
use walk::Walker;
use wire::{Damage, Source};

fn damaged(damage: &Damage) -> Diagnostic {
    Diagnostic::error(
        codes::IMPORT,
        format!("this cannot be read as an ONNX model: {}", damage.0),
    )
    .help("check that it is one and was written to its end; `docs/import.md` has the limits")
}

/// The versions of the standard's operators whose meanings are known here.
const OPSETS: std::ops::RangeInclusive<u64> = 7..=24;

fn unknown_opset(version: u64) -> Option<Diagnostic> {
    let (first, last) = (OPSETS.start(), OPSETS.end());
    (!OPSETS.contains(&version)).then(|| {
        Diagnostic::warning(
            codes::NOT_UNDERSTOOD,
            format!(
                "the model uses operator set {}; {first} to {last} are known",
                version as i64
            ),
        )
        .help("operators may have another meaning there: compare the layers, or export the model for a known set")
    })
}

/// Whether a file that begins with these bytes may be a model. Protocol buffers have no signature:
/// a field of `ModelProto` must stand first (its number and type are known), and the bytes must not
/// be text.
pub fn sniff(head: &[u8]) -> bool {
    // ir_version; the names and versions of the writer; graph, operator sets, functions.
    let first = [0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xca];
    let control = |b: &u8| *b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    match head {
        // Two bytes that begin nearly every model, and no text.
        [0x08, 1..=0x7f, ..] => true,
        [byte, ..] => first.contains(byte) && head.iter().any(control),
        [] => false,
    }
}

/// Reads a model.
///
/// # Errors
/// Everything that is wrong in it or missing.
pub fn read(file: &mut dyn ReadSeek, options: &Options) -> Result<Imported, Vec<Diagnostic>> {
    let fail = |damage: Damage| vec![damaged(&damage)];
    let mut source = Source::new(file).map_err(fail)?;
    let mut parser = Parser::new(Apart::new(options.beside.clone()));
    let mut model = parser.model(&mut source).map_err(fail)?;
    if model.graph.is_none() {
        return Err(fail(Damage("it has no graph".into())));
    }
    let unknown = model.opset.and_then(unknown_opset);
    let mut open = OpenDims::bind(&mut model, &options.dims)?;
    let mut walked = Walker::run(model, &mut source, parser, &mut open);
    walked.found.extend(open.not_met());
    walked.found.extend(unknown);
    if walked.found.iter().any(|d| d.severity == Severity::Error) {
        return Err(walked.found);
    }
    Ok(Imported {
        vertices: walked.vertices,
        shapes_checked: false,
        warnings: walked.found,
        ..Imported::default()
    })
}
