//! ONNX models: what becomes a layer, with which bounds and edges, and what is told of the rest.

mod command;
mod encode;
mod exporters;
mod hostile;
mod inner;
mod models;
mod operators;
mod shapes;

use cfxc::base::span::{SourceMap, Span};
use cfxc::diag::{Diagnostic, Severity};
use cfxc::emit::{graph, network};
use cfxc::import::{Imported, Options, onnx, recognise};
use cfxc::ir::network::{Network, NodeKind};
use cfxc::sema;
use cfxc::syntax;
use cfxc::syntax::ast::{Item, Name, NetworkBody};
use serde_json::Value;
use std::io::Cursor;

/// Reads a model; dimensions as `batch=1 seq=8`.
pub fn read(bytes: &[u8], dims: &str) -> Result<Imported, Vec<Diagnostic>> {
    let dims = dims.split_whitespace().map(|d| {
        let (name, size) = d.split_once('=').expect("NAME=N");
        let name = Name::new(name.to_string(), Span::default());
        (name, size.parse().expect("a size"))
    });
    let options = Options {
        at: Span::default(),
        dims: dims.collect(),
        ..Options::default()
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
        &[],
    );
    let errors: Vec<_> = found
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .collect();
    network.unwrap_or_else(|| panic!("{errors:#?}"))
}

/// The layers of a model as the language writes them, and the edges between them seen through what
/// costs nothing, one to a line.
#[track_caller]
pub fn text(bytes: &[u8], dims: &str) -> String {
    let read = read(bytes, dims).unwrap_or_else(|found| panic!("{found:#?}"));
    assert_eq!(read.warnings, [], "warnings");
    text_of(&read)
}

/// The same of what was read, whatever warnings there are.
pub fn text_of(read: &Imported) -> String {
    let network = assembled(read);
    let text = network::cfx(&network, "model");
    let layers = text.lines().filter_map(|l| l.strip_prefix("  "));
    let layers = layers.filter(|l| l.starts_with("layer "));
    let mut lines: Vec<String> = layers.map(str::to_string).collect();
    let json: Value = serde_json::from_str(&network::json(&network, &[])).expect("JSON");
    // As in the language, a name is in quotes unless it is a word.
    let name = |value: &Value| {
        let name = value.as_str().expect("a name");
        match name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            true => name.to_string(),
            false => format!("{name:?}"),
        }
    };
    for layer in json["layers"].as_array().expect("layers") {
        for input in layer["inputs"].as_array().expect("names") {
            lines.push(format!("{} -> {}", name(input), name(&layer["name"])));
        }
    }
    lines.join("\n")
}

/// The network that the text of this one is read as, and what is found in it.
pub fn written_and_read(network: &Network) -> (Option<Network>, Vec<Diagnostic>) {
    let text = network::cfx(network, "a model");
    let mut sources = SourceMap::default();
    let file = sources.add("spec.cfx", text.as_str());
    let (ast, found) = syntax::parse(file, &text);
    assert_eq!(found, [], "{text}");
    let Some(Item::Network(decl)) = ast.items.first() else {
        panic!("no network: {text}");
    };
    let NetworkBody::Statements(list) = &decl.body else {
        panic!("no statements: {text}");
    };
    let checked = decl.unchecked.is_none();
    sema::assembled(decl.name.clone(), list, Vec::new(), checked, &[])
}

/// Nodes without their places, and edges.
pub fn contents(network: &Network) -> (Vec<(String, NodeKind)>, Vec<[String; 2]>) {
    let nodes = network.graph.node_weights();
    let mut edges: Vec<[String; 2]> = graph::edge_names(network)
        .into_iter()
        .map(|e| e.map(str::to_string))
        .collect();
    edges.sort();
    (
        nodes.map(|n| (n.name.clone(), n.kind.clone())).collect(),
        edges,
    )
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
