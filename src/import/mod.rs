//! Networks from files of other tools, as statements of the language.
//!
//! A file is what its content says, whatever it is called. [`FORMATS`] lists the kinds; a new kind
//! is one more line there and a reader of its own.

pub mod csv;
pub mod foreign;
pub mod maestro;
pub mod named;
mod names;
pub mod onnx;
pub mod scalesim;
pub mod table;

use crate::base::span::{FileId, Span};
use crate::diag::Diagnostic;
use crate::ir::network::Vertex;
use crate::syntax::ast::{Field, Name, NetworkStmt, Number, RuleDecl, Value};
use maestro::hardware::{self, Hardware};
use std::io::{Read, Seek};
use std::rc::Rc;

/// So many bytes of a file are enough to know its kind.
pub const HEAD: usize = 4096;

/// A file that can be read in parts. Only the command line opens one.
pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// A kind of file.
pub struct Format {
    /// As `cfxc import` calls it.
    pub name: &'static str,
    /// One line on what it is.
    pub about: &'static str,
    /// Whether a file that begins with these bytes (at most [`HEAD`]) is one.
    pub sniff: fn(&[u8]) -> bool,
    /// Whether it may leave dimensions open, for [`Options::dims`] to bind.
    pub open_dims: bool,
    /// How it is read.
    pub read: Reader,
}

/// How a kind of file is read. Both report everything that is wrong as errors.
pub enum Reader {
    /// A text, whole; diagnostics have places in it.
    Text(fn(FileId, &str, &Options) -> Result<Imported, Vec<Diagnostic>>),
    /// Bytes, read in parts; diagnostics have no places and say which part of the file they mean.
    Binary(fn(&mut dyn ReadSeek, &Options) -> Result<Imported, Vec<Diagnostic>>),
}

/// What is asked of a reader.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The place that statements get which have no place in a text.
    pub at: Span,
    /// Sizes, in elements, of dimensions that a model leaves open, by name; where the name has a
    /// place, mistakes with it are told there. Only formats that have such dimensions are given any.
    pub dims: Vec<(Name, u64)>,
    /// The files that a model may refer to.
    pub beside: Beside,
}

/// Opens a file by its path from the folder of the model that names it.
pub type Open = dyn Fn(&str) -> Option<Box<dyn ReadSeek>>;

/// The files beside a model; none by default.
#[derive(Clone, Default)]
pub struct Beside(pub Option<Rc<Open>>);

impl std::fmt::Debug for Beside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "files" } else { "nothing" })
    }
}

/// A network that came from a file.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Layers with their bounds, and edges between them, of a file that is a text.
    pub statements: Vec<NetworkStmt>,
    /// Layers and free operators of a file that is none.
    pub vertices: Vec<Vertex>,
    /// Whether shapes must agree along every edge.
    pub shapes_checked: bool,
    /// How the file maps its layers, if it does.
    pub rules: Vec<RuleDecl>,
    /// An array, if the file describes one instead of a network.
    pub hardware: Option<Hardware>,
    /// What is doubtful, and what is wrong in parts that are left out.
    pub warnings: Vec<Diagnostic>,
}

/// Every kind of file. The first whose `sniff` says yes reads it.
pub const FORMATS: &[Format] = &[
    Format {
        name: "onnx",
        about: "an ONNX model",
        sniff: onnx::sniff,
        open_dims: true,
        read: Reader::Binary(onnx::read),
    },
    Format {
        name: "maestro",
        about: "a MAESTRO mapping file: layers, each with a dataflow",
        sniff: |head| csv::is_text(head) && maestro::is_mapping(&String::from_utf8_lossy(head)),
        open_dims: false,
        read: Reader::Text(|file, text, _| {
            let read = maestro::read(file, text)?;
            Ok(Imported {
                statements: read.statements,
                rules: read.rules,
                warnings: read.warnings,
                ..Imported::default()
            })
        }),
    },
    Format {
        name: "maestro-hardware",
        about: "a MAESTRO hardware file",
        sniff: |head| csv::is_text(head) && hardware::is_hardware(&String::from_utf8_lossy(head)),
        open_dims: false,
        read: Reader::Text(|file, text, _| {
            let mut hardware = hardware::read(file, text)?;
            Ok(Imported {
                warnings: std::mem::take(&mut hardware.warnings),
                hardware: Some(hardware),
                ..Imported::default()
            })
        }),
    },
    Format {
        name: "scalesim",
        about: "a SCALE-Sim topology table: convolutions, or matrix products",
        sniff: |head| csv::is_text(head) && scalesim::is_topology(&String::from_utf8_lossy(head)),
        open_dims: false,
        read: Reader::Text(|file, text, _| scalesim::read(file, text)),
    },
    Format {
        name: "csv",
        about: "comma-separated values under named columns such as name, op, K, C, stride, pad",
        sniff: |head| csv::is_text(head) && named::is_named(&String::from_utf8_lossy(head)),
        open_dims: false,
        read: Reader::Text(|file, text, _| named::read(file, text)),
    },
    Format {
        name: "table",
        about: "comma-separated loop bounds with the header K,C,Y,X,R,S,T",
        sniff: |head| {
            let may_be = || table::is_table(&String::from_utf8_lossy(head));
            csv::is_wide(head) || csv::is_text(head) && may_be()
        },
        open_dims: false,
        read: Reader::Text(|file, text, _| table::layers(file, text)),
    },
];

/// The kind of a file that begins with these bytes.
pub fn recognise(head: &[u8]) -> Option<&'static Format> {
    FORMATS.iter().find(|f| (f.sniff)(head))
}

/// Layers of a file that does not say what feeds what: each feeds the next.
fn chain(names: &[Name]) -> Option<NetworkStmt> {
    match names {
        [first, .., last] => Some(NetworkStmt::Edges {
            chain: names.to_vec(),
            span: first.span.to(last.span),
        }),
        _ => None,
    }
}

/// A number that could not be read, which was told, or is not there for a reason that was told.
fn unread(name: &str, span: Span) -> Field {
    Field {
        name: Name::new(name.to_string(), span),
        value: Value::Number(Number::unread(span)),
        span,
    }
}

/// 1, where a number is left out.
fn number_one(span: Span) -> Number {
    Number {
        value: 1.0,
        integer: Some(1),
        unit: None,
        expr: None,
        span,
    }
}
