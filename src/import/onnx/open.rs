//! Dimensions that a model leaves open, and the sizes given for them.

use super::known::{Dim, Shape};
use super::model::{Extent, MOST_RANK, Model};
use crate::base::span::Span;
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::Name;
use std::collections::BTreeSet;

/// So many dimensions a message lists.
const MOST_LISTED: usize = 50;

/// For so many of them the help writes out how each gets its size.
const MOST_WRITTEN: usize = 5;

/// Sizes by name.
#[derive(Debug, Default)]
pub struct OpenDims {
    sizes: Vec<(String, u64)>,
    /// Sizes of extents that follow from data, by tensor and place, `kept[0]`; those still to be met
    /// in the model.
    of_data: Vec<(Name, u64, bool)>,
    /// Values of inputs that are one whole number, by their names.
    values: Vec<(String, u64)>,
}

impl OpenDims {
    /// Binds the open dimensions of the model's inputs. Dimensions without a name are called by
    /// their input and position, `x[0]`, and get those names in the model.
    ///
    /// # Errors
    /// Dimensions without a size, all at once; sizes for dimensions that there are not.
    pub fn bind(model: &mut Model, sizes: &[(Name, u64)]) -> Result<OpenDims, Vec<Diagnostic>> {
        let mut open = OpenDims {
            sizes: sizes
                .iter()
                .map(|(n, size)| (n.node.clone(), *size))
                .collect(),
            of_data: Vec::new(),
            values: Vec::new(),
        };
        let mut scalars: BTreeSet<String> = BTreeSet::new();
        let mut names: Vec<String> = Vec::new();
        let mut unbound: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        if let Some(graph) = &mut model.graph {
            let weights: BTreeSet<u32> = graph.initializers.iter().map(|(n, _)| *n).collect();
            for input in graph
                .inputs
                .iter_mut()
                .filter(|i| !weights.contains(&i.name))
            {
                let name = graph.names.text(input.name).to_string();
                if input.shape.is_none() {
                    let given = |at: &usize| sizes.iter().any(|(n, _)| n.node == place(&name, *at));
                    let rank = (0..MOST_RANK).take_while(given).count();
                    input.shape = (rank > 0).then(|| vec![Extent::Unknown; rank]);
                }
                if let Some(shape) = &input.shape
                    && shape.iter().all(|e| *e == Extent::Size(1))
                {
                    scalars.insert(name.clone());
                }
                for (at, extent) in input.shape.iter_mut().flatten().enumerate() {
                    // Some exporters write `?` for whatever they leave open.
                    let no_name = |text: &String| !text.contains(char::is_alphanumeric);
                    let unnamed = matches!(extent, Extent::Open(text) if no_name(text));
                    if *extent == Extent::Unknown || unnamed {
                        *extent = Extent::Open(format!("{name}[{at}]"));
                    }
                    let Extent::Open(text) = extent else { continue };
                    if !seen.insert(text.clone()) {
                        continue;
                    }
                    names.push(text.clone());
                    if open.size(text).is_none() {
                        unbound.push(text.clone());
                    }
                }
            }
        }
        // What the model names between its inputs and outputs may be given a size too; it counts
        // where a shape follows from data.
        let between = model
            .graph
            .iter()
            .flat_map(|g| g.values.iter().chain(&g.outputs));
        for extent in between.flat_map(|s| s.shape.iter().flatten()) {
            if let Extent::Open(text) = extent
                && !seen.contains(text)
            {
                seen.insert(text.clone());
                names.push(text.clone());
            }
        }
        let mut out = Vec::new();
        if let Some(first) = unbound.first() {
            let shown = unbound.iter().take(MOST_LISTED);
            let mut list: Vec<String> = shown.map(|n| format!("`{n}`")).collect();
            if let Some(more) = unbound.len().checked_sub(MOST_LISTED).filter(|&m| m > 0) {
                list.push(format!("and {more} more"));
            }
            let commands = unbound.iter().take(MOST_WRITTEN);
            let commands = commands.map(|n| format!("--dim {}=1", shell(n)));
            let commands: Vec<String> = commands.collect();
            let plural = if list.len() == 1 {
                "a dimension"
            } else {
                "dimensions"
            };
            out.push(
                Diagnostic::error(
                    codes::UNBOUND_DIM,
                    format!("the model leaves {plural} open: {}", list.join(", ")),
                )
                .help(format!(
                    "give each a size: `{}`, or `{{ dim {} = 1 }}` behind the file in a specification",
                    commands.join(" "),
                    written(first)
                )),
            );
        }
        for (given, size) in sizes {
            let name = &given.node;
            if !names.contains(name) && scalars.contains(name) {
                open.values.push((name.clone(), *size));
                continue;
            }
            // Part of an expression such as `past + now`.
            let part = names.iter().any(|n| words(n).any(|w| w == name));
            if !names.contains(name) && !part {
                if is_place(name) {
                    open.of_data.push((given.clone(), *size, false));
                    continue;
                }
                let help = match names.as_slice() {
                    [] => "it leaves none open; leave the size out".to_string(),
                    some => format!(
                        "it leaves open: {}",
                        some[..some.len().min(MOST_LISTED)].join(", ")
                    ),
                };
                out.push(not_open(given).help(help));
            }
        }
        if out.is_empty() { Ok(open) } else { Err(out) }
    }

    /// Whether extents that follow from data have sizes.
    pub fn knows_data(&self) -> bool {
        !self.of_data.is_empty()
    }

    /// The size given for one extent of a tensor.
    pub fn of_data(&mut self, tensor: &str, at: usize) -> Dim {
        let wanted = place(tensor, at);
        let found = self.of_data.iter_mut().find(|(n, ..)| n.node == wanted)?;
        found.2 = true;
        Some(found.1)
    }

    /// A whole shape, if sizes were given for its extents from the first on.
    pub fn whole(&mut self, tensor: &str) -> Option<Shape> {
        let dims: Vec<Dim> = (0..MOST_RANK)
            .map_while(|at| self.of_data(tensor, at))
            .map(Some)
            .collect();
        (!dims.is_empty()).then(|| dims.into())
    }

    /// The value given for an input that is one whole number.
    pub fn value(&self, input: &str) -> Option<i64> {
        let found = self.values.iter().find(|(n, _)| n == input)?;
        i64::try_from(found.1).ok()
    }

    /// What is wrong with sizes that nothing took.
    pub fn not_met(&self) -> Vec<Diagnostic> {
        let left = self.of_data.iter().filter(|(.., met)| !met);
        let help = "sizes are given to what its inputs leave open and what follows from data";
        left.map(|(name, ..)| not_open(name).help(help)).collect()
    }

    /// A shape with the sizes put in.
    pub fn shape(&self, extents: &[Extent]) -> Shape {
        extents
            .iter()
            .map(|e| match e {
                Extent::Size(size) => Some(*size),
                Extent::Open(name) => self.size(name),
                Extent::Unknown => None,
            })
            .collect()
    }

    /// The size of a dimension, or of a sum or product of dimensions and numbers.
    pub fn size(&self, text: &str) -> Dim {
        if let Some((_, size)) = self.sizes.iter().find(|(n, _)| n == text) {
            return Some(*size);
        }
        let mut sum = 0u64;
        for term in text.split('+') {
            let mut product = 1u64;
            for factor in term.split('*') {
                let factor = factor.trim();
                let bound = self
                    .sizes
                    .iter()
                    .find(|(n, _)| n == factor)
                    .map(|(_, s)| *s);
                product = product.checked_mul(bound.or_else(|| factor.parse().ok())?)?;
            }
            sum = sum.checked_add(product)?;
        }
        Some(sum).filter(|&s| s > 0)
    }
}

/// An extent of a tensor, as a message or a command names it.
pub fn place(tensor: &str, at: usize) -> String {
    format!("{tensor}[{at}]")
}

fn is_place(name: &str) -> bool {
    let inner = name.strip_suffix(']').and_then(|n| n.rsplit_once('['));
    inner.is_some_and(|(tensor, at)| !tensor.is_empty() && at.parse::<usize>().is_ok())
}

/// At the place of the size, if it has one.
fn not_open(name: &Name) -> Diagnostic {
    let text = format!("the model leaves no dimension `{}` open", name.node);
    let wrong = Diagnostic::error(codes::UNBOUND_DIM, text);
    if name.span == Span::default() {
        wrong
    } else {
        wrong.label(name.span, "given a size here")
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(['+', '*']).map(str::trim)
}

/// A name as the language writes it.
fn written(name: &str) -> String {
    let word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if word {
        name.to_string()
    } else {
        format!("{name:?}")
    }
}

/// A name as a shell takes it.
pub fn shell(name: &str) -> String {
    if written(name) == name {
        name.to_string()
    } else {
        format!("'{name}'")
    }
}
