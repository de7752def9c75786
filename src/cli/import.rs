//! `cfxc import`: networks from files of other tools, to look at or to keep.

use super::console::{self, Console};
use super::exit::Exit;
use super::files;
use super::output;
use super::parts::Parts;
use crate::base::span::{SourceMap, Span};
use crate::cost::Refused;
use crate::diag::{Diagnostic, Severity, codes};
use crate::emit::maestro::{self, MappedLayer};
use crate::emit::{dataflow, network};
use crate::import::{Imported, Options};
use crate::ir::dataflow::Dataflow;
use crate::ir::network::Network;
use crate::sema;
use crate::syntax::{self, ast::Name};
use std::path::Path;

/// Turn a model or table of another tool into a network
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc import model.onnx -o model.cfx
  cfxc import detector.onnx --dim batch=1 --format json
  cfxc import layers.csv --as paper

The kind of the file is known by its content. A specification can also name the file itself:
`network detector from \"detector.onnx\" { dim batch = 1 }`.")]
pub struct Args {
    /// Model or table
    file: String,
    /// Name of the network; the file's name if left out
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "OUT")]
    output: Option<String>,
    /// Size of a dimension that the model leaves open
    #[arg(long = "dim", value_name = "NAME=N", value_parser = dim)]
    dims: Vec<(String, u64)>,
    /// What is not understood is an error
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// A `network` block of the language
    #[default]
    Cfx,
    /// Layers with bounds, edges and MACs, for tools
    Json,
    /// A MAESTRO mapping file, of a file that maps its layers
    Maestro,
}

/// `batch=1`; a name may have `=` in it.
pub(super) fn dim(text: &str) -> Result<(String, u64), String> {
    let (name, size) = text.rsplit_once('=').ok_or("write NAME=N, e.g. batch=1")?;
    let size = size
        .trim()
        .parse()
        .ok()
        .filter(|n| (0..=1_000_000_000).contains(n));
    match (name.trim(), size) {
        ("", _) => Err("the name of the dimension is missing".into()),
        (_, None) => Err("the size is a whole number from 0 to 10^9".into()),
        (name, Some(size)) => Ok((name.into(), size)),
    }
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let mut sources = SourceMap::default();
    for (i, (name, _)) in args.dims.iter().enumerate() {
        if args.dims[..i].iter().any(|(n, _)| n == name) {
            console.fail(
                Diagnostic::error(
                    codes::DUPLICATE_FIELD,
                    format!("dimension `{name}` is given twice"),
                )
                .help("leave one of the two out"),
            );
            return Exit::Usage;
        }
    }
    let name = match &args.name {
        Some(name) if is_word(name) => name.clone(),
        Some(name) => {
            console.fail(
                Diagnostic::error(
                    codes::WRONG_VALUE,
                    format!("`{name}` is no name for a network"),
                )
                .help("letters, digits and `_`, a letter or `_` first"),
            );
            return Exit::Usage;
        }
        None => word_of(&args.file),
    };
    let same = |out: &String| {
        let place = |path: &str| Path::new(path).canonicalize().ok();
        place(out).is_some_and(|out| place(&args.file) == Some(out))
    };
    if args.output.as_ref().is_some_and(same) {
        console.fail(
            Diagnostic::error(
                codes::WRONG_VALUE,
                format!("`{}` is the file that is read", args.file),
            )
            .help("give the result another name"),
        );
        return Exit::Usage;
    }
    let (content, mut found) = imported(args, &name, &mut sources);
    for d in &mut found {
        if d.labels.is_empty() && !d.message.contains(&args.file) {
            d.message = format!("{}: {}", args.file, d.message);
        }
        if args.strict && d.code == codes::NOT_UNDERSTOOD {
            d.severity = Severity::Error;
        }
    }
    console.show(&found, &sources);
    let exit = Exit::of(&found);
    let Some(content) = content.filter(|_| exit == Exit::Done && !console.denied()) else {
        return exit;
    };
    let text = match (args.format, content) {
        (_, Content::Hardware(text)) => text,
        (Format::Cfx, Content::Network(network, mapped)) => {
            let mut text = network::cfx(&network, &args.file);
            if let Some(mapped) = &mapped {
                text.push('\n');
                text.push_str(&dataflow::cfx(mapped));
            }
            text
        }
        (Format::Json, Content::Network(network, _)) => {
            // The same as on stderr.
            let (shown, more) = console::first(&found);
            let shown = shown.iter().map(|d| d.message.as_str());
            let warnings: Vec<&str> = shown.chain(more.as_deref()).collect();
            network::json(&network, &warnings)
        }
        (Format::Maestro, Content::Network(network, mapped)) => {
            match mapping(&args.file, &network, mapped.as_ref()) {
                Ok(text) => text,
                Err(diagnostic) => {
                    console.fail(diagnostic);
                    return Exit::Wrong;
                }
            }
        }
    };
    if args.format == Format::Cfx
        && let Some(warning) = too_large(args, &name, text.len())
    {
        console.show(&[warning], &sources);
        if console.denied() {
            return Exit::Wrong;
        }
    }
    let Some(out) = &args.output else {
        return console.print(&text);
    };
    match output::write_file(Path::new(out), &text) {
        Ok(()) => Exit::Done,
        Err(diagnostic) => {
            console.fail(diagnostic);
            Exit::Files
        }
    }
}

/// A mapping file of a network and the dataflow that came with it. It may hold layers without a
/// price: the original refuses them just as model `maestro` does.
fn mapping(
    file: &str,
    network: &Network,
    dataflow: Option<&Dataflow>,
) -> Result<String, Diagnostic> {
    let Some(dataflow) = dataflow else {
        let message = format!("{file} says nothing of how its layers are mapped");
        return Err(Diagnostic::error(codes::WRONG_VALUE, message).help(
            "give the network a dataflow in a specification, and build it with `--emit maestro`",
        ));
    };
    let own = dataflow.rules_by_layer();
    let mut layers = Vec::new();
    for (_, node, shape) in network.layers() {
        let own = own.get(node.name.as_str()).map(|&at| &dataflow.rules[at]);
        let mapped = match own.or_else(|| dataflow.rule(shape.mapped_as())) {
            Some(rule) => MappedLayer::new(&node.name, shape, rule, &[]),
            None => Err(Refused::new("no dataflow maps it")),
        };
        layers.push(mapped.map_err(|refused| {
            let message = format!(
                "layer `{}` has no place in a mapping file: {}",
                node.name, refused.reason
            );
            Diagnostic::error(codes::NO_PRICE, message)
                .help("the other formats hold what the file says of it")
        })?);
    }
    Ok(maestro::mapping(&network.name, &layers))
}

/// A text that could not be read again.
fn too_large(args: &Args, name: &str, bytes: usize) -> Option<Diagnostic> {
    (bytes > syntax::LARGEST).then(|| {
        Diagnostic::warning(
            codes::FILE_LIMITS,
            format!(
                "{}: its text has {} MiB, and specifications of up to {} MiB are read",
                args.file,
                bytes >> 20,
                syntax::LARGEST >> 20
            ),
        )
        .help(format!(
            "name the file in the specification instead: `network {name} from \"{}\"`",
            args.file
        ))
    })
}

/// What a file holds.
enum Content {
    /// A network, and how the file maps its layers.
    Network(Box<Network>, Option<Dataflow>),
    /// An array, as blocks of the language.
    Hardware(String),
}

/// What the file holds, and everything found.
fn imported(
    args: &Args,
    name: &str,
    sources: &mut SourceMap,
) -> (Option<Content>, Vec<Diagnostic>) {
    let nowhere = Span::default();
    let options = Options {
        at: nowhere,
        dims: args
            .dims
            .iter()
            .map(|(name, size)| (Name::new(name.clone(), nowhere), *size))
            .collect(),
        beside: Parts::default().beside(&args.file),
    };
    let read = match files::network(&args.file, &options, sources) {
        Ok(read) => read,
        Err(found) => return (None, found),
    };
    let Imported {
        statements,
        vertices,
        shapes_checked,
        rules,
        hardware,
        mut warnings,
    } = read;
    if let Some(hardware) = hardware {
        if args.format != Format::Cfx {
            let wrong = Diagnostic::error(
                codes::WRONG_VALUE,
                "the file describes hardware, which has no layers to list",
            );
            return (None, vec![wrong.help("leave `--format` out")]);
        }
        return (Some(Content::Hardware(hardware.text(name))), warnings);
    }
    let wrong = warnings.iter().any(|d| d.severity == Severity::Error);
    if wrong && statements.is_empty() {
        return (None, warnings);
    }
    let at = Name::new(name.to_string(), nowhere);
    let (network, mut found) =
        sema::assembled(at.clone(), &statements, vertices, shapes_checked, &warnings);
    let mut mapped = None;
    match &network {
        _ if rules.is_empty() => {}
        Some(network) => {
            let (dataflow, mut said) = sema::mapped(at, rules, network);
            mapped = dataflow;
            found.append(&mut said);
        }
        None => {
            let mut said = sema::mistaken(&at, rules, &statements, &warnings);
            found.append(&mut said);
        }
    }
    if sources.find(&args.file).is_none() {
        // What is no text has no places to show.
        found.iter_mut().for_each(|d| d.labels.clear());
    }
    warnings.append(&mut found);
    let content = network.map(|network| Content::Network(Box::new(network), mapped));
    (content, warnings)
}

fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The file's name without folder and ending, as a name of the language.
pub(super) fn word_of(file: &str) -> String {
    let stem = Path::new(file)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let word: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if is_word(&word) {
        word
    } else {
        format!("n{word}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_dimensions() {
        assert_eq!(dim("batch=1"), Ok(("batch".into(), 1)));
        assert_eq!(dim("a=b=12"), Ok(("a=b".into(), 12)));
        for wrong in ["batch", "=1", "batch=", "batch=-1", "batch=1.5"] {
            assert!(dim(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_come_from_the_file() {
        assert_eq!(word_of("models/res-net 50.onnx"), "res_net_50");
        assert_eq!(word_of("18.onnx"), "n18");
    }
}
