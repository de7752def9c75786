//! The operators by name, and by the names that other tools have for them.

use crate::diag::Diagnostic;
use crate::ir::layer::Op;
use crate::sema::fields;
use crate::syntax::ast::Name;

/// An operator as written before its parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// A priced layer.
    Layer(Op),
    /// Element by element over two or more maps of one shape.
    Join,
    /// Stacks channels.
    Concat,
    /// A sliding window without weights.
    Pool,
    /// One element per channel.
    GlobalPool,
    /// All elements in one vector.
    Flatten,
    /// Repeats or interpolates rows and columns.
    Upsample,
    /// Keeps so many rows and columns.
    Crop,
    /// Keeps so many channels.
    Slice,
    /// Leaves the shape as it is.
    Pointwise,
    /// What has no word of its own here; nothing is known of its result's shape.
    Free,
}

/// Every operator of the shape-inferred form by name.
pub const OPERATORS: &[(&str, Operator)] = &[
    ("conv", Operator::Layer(Op::Conv)),
    ("depthwise", Operator::Layer(Op::Depthwise)),
    ("transposed_conv", Operator::Layer(Op::TransposedConv)),
    ("dense", Operator::Layer(Op::Dense)),
    ("add", Operator::Join),
    ("mul", Operator::Join),
    ("concat", Operator::Concat),
    ("max_pool", Operator::Pool),
    ("avg_pool", Operator::Pool),
    ("global_pool", Operator::GlobalPool),
    ("flatten", Operator::Flatten),
    ("upsample", Operator::Upsample),
    ("crop", Operator::Crop),
    ("slice", Operator::Slice),
    ("relu", Operator::Pointwise),
    ("relu6", Operator::Pointwise),
    ("sigmoid", Operator::Pointwise),
    ("tanh", Operator::Pointwise),
    ("silu", Operator::Pointwise),
    ("hard_swish", Operator::Pointwise),
    ("hard_sigmoid", Operator::Pointwise),
    ("gelu", Operator::Pointwise),
    ("softmax", Operator::Pointwise),
    ("batch_norm", Operator::Pointwise),
    ("layer_norm", Operator::Pointwise),
    ("free", Operator::Free),
];

/// What other tools call an operator.
const SYNONYMS: &[(&str, &str)] = &[
    ("conv2d", "conv"),
    ("convolution", "conv"),
    ("depthwise_conv", "depthwise"),
    ("dwconv", "depthwise"),
    ("deconv", "transposed_conv"),
    ("conv_transpose", "transposed_conv"),
    ("linear", "dense"),
    ("fc", "dense"),
    ("fully_connected", "dense"),
    ("maxpool", "max_pool"),
    ("avgpool", "avg_pool"),
    ("pool", "max_pool"),
    ("global_avg_pool", "global_pool"),
    ("adaptive_avg_pool", "global_pool"),
    ("bn", "batch_norm"),
    ("swish", "silu"),
    ("sum", "add"),
    ("cat", "concat"),
    ("resize", "upsample"),
    ("interpolate", "upsample"),
    ("upsampling", "upsample"),
    ("center_crop", "crop"),
    ("cropping", "crop"),
    ("chunk", "slice"),
    ("split", "slice"),
];

/// What a word of another tool is called here. Some write them with capitals: `Linear`, `Conv2d`.
fn synonym(name: &str) -> Option<&'static str> {
    let found = SYNONYMS
        .iter()
        .find(|(written, _)| written.eq_ignore_ascii_case(name));
    found.map(|(_, meant)| *meant)
}

/// The kind of layer that a word of another tool stands for.
fn kind_of_synonym(name: &str) -> Option<Op> {
    Op::parse(synonym(name)?)
}

/// Reports a word that is no kind of layer.
pub fn unknown_kind(name: &Name, out: &mut Vec<Diagnostic>) {
    let known: Vec<&str> = match kind_of_synonym(&name.node) {
        Some(op) => vec![op.name()],
        None => Op::ALL.iter().map(|o| o.name()).collect(),
    };
    let mut diagnostic = fields::unknown("kind of layer", name, &known);
    if OPERATORS.iter().any(|(n, _)| *n == name.node) {
        diagnostic.suggestion = None;
        diagnostic.help = Some(format!(
            "`{0}` costs nothing on the array; in a network it is written with its operands: `name = {0}(…)`",
            name.node
        ));
    } else if let Some(op) = kind_of_synonym(&name.node) {
        diagnostic = diagnostic
            .help(format!("did you mean `{}`?", op.name()))
            .suggest(name.span, op.name());
    }
    out.push(diagnostic);
}

/// Looks an operator up; reports an unknown one.
pub fn find(name: &Name, out: &mut Vec<Diagnostic>) -> Option<(&'static str, Operator)> {
    let by_name = |wanted: &str| OPERATORS.iter().find(|(n, _)| *n == wanted).copied();
    if let Some(found) = by_name(&name.node) {
        return Some(found);
    }
    let synonym = synonym(&name.node);
    let known: Vec<&str> = match synonym {
        Some(meant) => vec![meant],
        None => OPERATORS.iter().map(|(n, _)| *n).collect(),
    };
    let mut diagnostic = fields::unknown("operator", name, &known);
    let instead = match name.node.as_str() {
        "grouped_conv" => Some("write `conv(x) { groups = …, … }`".to_string()),
        "gemm" | "matmul" => Some(
            "write a matrix product with its bounds: `layer name gemm { M = 128, N = 768, K = 768 }`"
                .to_string(),
        ),
        _ => synonym.map(|meant| format!("did you mean `{meant}`?")),
    };
    if let Some(help) = instead {
        diagnostic.help = Some(help);
        diagnostic.suggestion = None;
    }
    if let Some(meant) = synonym {
        diagnostic = diagnostic.suggest(name.span, meant);
    }
    out.push(diagnostic);
    None
}
