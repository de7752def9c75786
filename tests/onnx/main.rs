//! ONNX models: what becomes a layer, with which bounds and edges, and what is told of the rest.

mod command;
mod encode;
mod exporters;
mod hostile;
mod models;
mod operators;
mod shapes;

use cfxc::base::span::Span;
use cfxc::diag::{Diagnostic, Severity};
use cfxc::emit::network;
use cfxc::import::{Imported, Options, onnx, recognise};
use cfxc::ir::network::Network;
use cfxc::sema;
use cfxc::syntax::ast::Name;
use std::io::Cursor;

/// Reads a model; dimensions as `batch=1 seq=8`.
pub fn read(bytes: &[u8], dims: &str) -> Result<Imported, Vec<Diagnostic>> {
    let dims = dims.split_whitespace().map(|d| {
        let (name, size) = d.split_once('=').expect("NAME=N");
        (name.to_string(), size.parse().expect("a size"))
    });
    let options = Options {
        at: Span::default(),
        dims: dims.collect(),
    };
    assert_eq!(recognise(bytes).map(|f| f.name), Some("onnx"));
    onnx::read(&mut Cursor::new(bytes), &options)
}

/// The checked network of what was read.
pub fn assembled(read: &Imported) -> Network {
    let name = Name::new("model".into(), Span::default());
    let (network, found) = sema::assembled(
        name,
        &read.statements,
        read.vertices.clone(),
        read.shapes_checked,
    );
    let errors: Vec<_> = found
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .collect();
    network.unwrap_or_else(|| panic!("{errors:#?}"))
}

/// The layers and edges of a model as the language writes them, one to a line.
#[track_caller]
pub fn text(bytes: &[u8], dims: &str) -> String {
    let read = read(bytes, dims).unwrap_or_else(|found| panic!("{found:#?}"));
    assert_eq!(read.warnings, [], "warnings");
    let text = network::cfx(&assembled(&read), "model");
    let inner = text.lines().filter(|l| l.starts_with("  "));
    inner.map(|l| l.trim()).collect::<Vec<_>>().join("\n")
}

/// The messages of what is wrong with a model.
#[track_caller]
pub fn wrong(bytes: &[u8], dims: &str) -> Vec<(&'static str, String)> {
    let found = read(bytes, dims).expect_err("a mistake");
    for d in &found {
        assert!(
            d.help.as_ref().is_some_and(|h| !h.is_empty()),
            "{}",
            d.message
        );
    }
    found.into_iter().map(|d| (d.code.0, d.message)).collect()
}

/// The messages of the warnings.
#[track_caller]
pub fn warnings(bytes: &[u8]) -> Vec<(&'static str, String)> {
    let read = read(bytes, "").unwrap_or_else(|found| panic!("{found:#?}"));
    read.warnings
        .into_iter()
        .map(|d| (d.code.0, d.message))
        .collect()
}
