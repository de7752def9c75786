//! Whether a node's attributes are of the types that the standard gives them, and which nobody reads.

use super::known::View;
use super::model::{Attributes, Value};
use crate::diag::nearest::nearest;

/// Attributes that are one whole number, wherever they occur.
const NUMBERS: [&str; 12] = [
    "allowzero",
    "axis",
    "batch_dims",
    "blocksize",
    "ceil_mode",
    "group",
    "hidden_size",
    "keepdims",
    "layout",
    "to",
    "transA",
    "transB",
];

/// Those that are several.
const ROWS: [&str; 10] = [
    "axes",
    "dilations",
    "ends",
    "kernel_shape",
    "output_padding",
    "output_shape",
    "pads",
    "perm",
    "starts",
    "strides",
];

/// Those that are a text.
const TEXTS: [&str; 3] = ["auto_pad", "direction", "equation"];

const OF_WINDOWS: [&str; 6] = [
    "auto_pad",
    "dilations",
    "group",
    "kernel_shape",
    "pads",
    "strides",
];

/// What is wrong with the attributes of an operator of the standard, as a clause.
pub fn misfit(attributes: &Attributes) -> Option<String> {
    let twice = |at: usize| attributes[..at].iter().any(|(n, _)| *n == attributes[at].0);
    if let Some(at) = (0..attributes.len()).find(|&at| twice(at)) {
        return Some(format!("attribute `{}` is given twice", attributes[at].0));
    }
    attributes.iter().find_map(|(name, value)| {
        let found = match value {
            Value::Int(_) => "a whole number",
            Value::Float(_) => "a real number",
            Value::Text(_) => "a text",
            Value::Ints(_) => "a row of whole numbers",
            Value::Floats(_) => "a row of real numbers",
            Value::Tensor(_) => "a tensor",
            Value::Graph(_) | Value::OfCaller(_) | Value::Other => return None,
        };
        let wanted = match &**name {
            name if NUMBERS.contains(&name) => "a whole number",
            name if ROWS.contains(&name) => "a row of whole numbers",
            name if TEXTS.contains(&name) => "a text",
            _ => return None,
        };
        (found != wanted)
            .then(|| format!("attribute `{name}` is {found}, where {wanted} is wanted"))
    })
}

/// Attributes of windows and products that their operators do not have, each with the one that is meant.
pub fn unread(view: &View) -> Vec<(String, Option<&'static str>)> {
    let more: &[&'static str] = match &*view.node.op {
        "Conv" | "ConvInteger" | "QLinearConv" => &[],
        "ConvTranspose" => &["output_padding", "output_shape"],
        // `broadcast` is of operator sets before 7.
        "Gemm" => &["alpha", "beta", "broadcast", "transA", "transB"],
        _ => return Vec::new(),
    };
    let windows: &[&'static str] = match &*view.node.op {
        "Gemm" => &[],
        _ => &OF_WINDOWS,
    };
    let known = || windows.iter().chain(more).copied();
    let unknown = view
        .attributes
        .iter()
        .filter(|(n, _)| !known().any(|k| *k == **n));
    let told = unknown.map(|(name, _)| (name.to_string(), nearest(name, known())));
    told.collect()
}
