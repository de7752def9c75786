//! What was written, with places. Names are not yet resolved, units not yet checked.

mod value;

pub use value::*;

use crate::base::span::{Span, Spanned};

/// One file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct File {
    /// Blocks and `use` lines in order.
    pub items: Vec<Item>,
    /// What could not be read, in order.
    pub lost: Vec<Lost>,
    /// Places of mistakes whose statements were read as they were surely meant: nothing is missing there.
    pub mended: Vec<Span>,
}

/// A statement, or the head of a block, that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Lost {
    /// All of it, where the diagnostic has the place of the mistake.
    pub span: Span,
    /// What it may have declared; `=` for a node whose name is missing.
    pub names: Vec<String>,
}

/// A top-level block.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `use std.networks.mobilenet_v2 as net`
    Use(Use),
    /// `let total = 4 mm2`
    Let(LetDecl),
    /// `network …`
    Network(NetworkDecl),
    /// `dataflow …`
    Dataflow(DataflowDecl),
    /// `menu …`
    Menu(MenuDecl),
    /// `budget …`
    Budget(BudgetDecl),
    /// `technology …`
    Technology(TechnologyDecl),
    /// `design …`
    Design(DesignDecl),
}

impl Item {
    /// All of it.
    pub fn span(&self) -> Span {
        match self {
            Item::Use(line) => line.span,
            Item::Let(line) => line.span,
            Item::Network(block) => block.span,
            Item::Dataflow(block) => block.span,
            Item::Menu(block) => block.span,
            Item::Budget(block) => block.span,
            Item::Technology(block) => block.span,
            Item::Design(block) => block.span,
        }
    }
}

/// `let total = 4 mm2`
#[derive(Debug, Clone, PartialEq)]
pub struct LetDecl {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub value: Number,
    /// The whole line.
    pub span: Span,
}

/// `use path`, `use name from "file.cfx"`, both with `as alias`, or `use "file.cfx"`
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// What is brought in; `None`: all that the file declares.
    pub path: Option<Path>,
    /// The file as written; `None`: the path says it.
    pub from: Option<Name>,
    /// The name it gets here; default: the last segment.
    pub alias: Option<Name>,
    /// The whole line.
    pub span: Span,
}

/// `network name [shapes unchecked] { … }` or `network name from "file"`
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkDecl {
    /// Its name.
    pub name: Name,
    /// Place of `shapes unchecked`.
    pub unchecked: Option<Span>,
    /// What it holds.
    pub body: NetworkBody,
    /// The whole block.
    pub span: Span,
}

/// Where the layers come from.
#[derive(Debug, Clone, PartialEq)]
pub enum NetworkBody {
    /// `from "model.onnx" { dim batch = 1 }`
    From(FromFile),
    /// `{ … }`
    Statements(Vec<NetworkStmt>),
}

/// `"model.onnx" { dim batch = 1 }`
#[derive(Debug, Clone, PartialEq)]
pub struct FromFile {
    /// Path as written.
    pub path: Name,
    /// Sizes of the dimensions that the file leaves open.
    pub dims: Vec<DimDecl>,
}

/// `dim batch = 1`
#[derive(Debug, Clone, PartialEq)]
pub struct DimDecl {
    /// As the model calls it.
    pub name: Name,
    /// Its size in elements.
    pub value: Number,
}

/// A statement of a network.
#[derive(Debug, Clone, PartialEq)]
pub enum NetworkStmt {
    /// `input image [3, 224, 224]`
    Input {
        /// Its name.
        name: Name,
        /// Extents in elements: C, Y, X, or one extent for a vector.
        shape: Spanned<Vec<Number>>,
        /// The statement.
        span: Span,
    },
    /// `layer l1 conv { K = 32, … }`
    Layer {
        /// Its name.
        name: Name,
        /// `conv`, `dense`, …
        op: Name,
        /// Bounds and attributes.
        fields: Vec<Field>,
        /// The statement.
        span: Span,
    },
    /// `dw1 = depthwise(conv1) { kernel = 3x3 }`
    Call {
        /// Name of the result.
        name: Name,
        /// `conv`, `add`, …
        op: Name,
        /// Names of the operands.
        args: Vec<Name>,
        /// Attributes; empty if no block was written.
        fields: Vec<Field>,
        /// The statement.
        span: Span,
    },
    /// `l1 -> l2 -> l3`
    Edges {
        /// At least two names.
        chain: Vec<Name>,
        /// The statement.
        span: Span,
    },
}

impl NetworkStmt {
    /// The place of the statement.
    pub fn span(&self) -> Span {
        match self {
            NetworkStmt::Input { span, .. }
            | NetworkStmt::Layer { span, .. }
            | NetworkStmt::Call { span, .. }
            | NetworkStmt::Edges { span, .. } => *span,
        }
    }
}

/// `dataflow name { for conv { … } }` or `dataflow name from "file"`
#[derive(Debug, Clone, PartialEq)]
pub struct DataflowDecl {
    /// Its name.
    pub name: Name,
    /// What it leaves open.
    pub params: Vec<Param>,
    /// `from "file.m"`: path as written; the rules are in that file.
    pub from: Option<Name>,
    /// The `for` blocks.
    pub rules: Vec<RuleDecl>,
    /// The whole block.
    pub span: Span,
}

/// `for conv, dense { … }` or `for layer conv1, conv2 { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct RuleDecl {
    /// Layer kinds; none if the rule is for layers by name.
    pub ops: Vec<Name>,
    /// Names of layers; none if the rule is for kinds.
    pub layers: Vec<Name>,
    /// Directives and clusters in order.
    pub body: Vec<LevelStmt>,
    /// The whole block.
    pub span: Span,
}

/// A statement of one cluster level.
#[derive(Debug, Clone, PartialEq)]
pub enum LevelStmt {
    /// `spatial K by buffer step 1`
    Directive(DirectiveDecl),
    /// `cluster pes { … }`
    Cluster {
        /// Sub-clusters in one cluster.
        size: SizeExpr,
        /// The inner level.
        body: Vec<LevelStmt>,
        /// The whole block.
        span: Span,
    },
}

/// `temporal Y by R step 1`
#[derive(Debug, Clone, PartialEq)]
pub struct DirectiveDecl {
    /// `spatial` or `temporal`.
    pub spatial: bool,
    /// The dimension's name as written, `Y'` included.
    pub dim: Name,
    /// After `by`.
    pub size: SizeExpr,
    /// After `step`; the size if left out.
    pub step: Option<SizeExpr>,
    /// The directive.
    pub span: Span,
}

/// A size: a number, a constant, a dimension, a knob, or what is computed from them.
#[derive(Debug, Clone, PartialEq)]
pub enum SizeExpr {
    /// `4`, and `2 * t` once it is known that `t` is a constant
    Number(Number),
    /// `R`, `buffer`, `pes`, `t`
    Name(Name),
    /// `2 * t`, `tile + R - 1`
    Computed(Expr),
}

impl SizeExpr {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            SizeExpr::Number(n) => n.span,
            SizeExpr::Name(n) => n.span,
            SizeExpr::Computed(e) => e.span(),
        }
    }
}

/// `menu name { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct MenuDecl {
    /// Its name.
    pub name: Name,
    /// What it leaves open.
    pub params: Vec<Param>,
    /// The knobs.
    pub knobs: Vec<KnobDecl>,
    /// The whole block.
    pub span: Span,
}

/// `[refine] pes in [1, 2, 4] [per layer]`
#[derive(Debug, Clone, PartialEq)]
pub struct KnobDecl {
    /// Place of `refine`.
    pub refine: Option<Span>,
    /// The knob.
    pub name: Name,
    /// A list or a range.
    pub values: Value,
    /// Place of `per layer`.
    pub per_layer: Option<Span>,
    /// The statement.
    pub span: Span,
}

/// `budget name { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetDecl {
    /// Its name.
    pub name: Name,
    /// The limits.
    pub limits: Vec<Condition>,
    /// The whole block.
    pub span: Span,
}

/// `area <= 2.5 mm2`
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Left side.
    pub metric: Name,
    /// The sign.
    pub comparison: Spanned<Comparison>,
    /// Right side.
    pub limit: Number,
    /// The statement.
    pub span: Span,
}

/// `latency`, `conv1.latency`, `small.latency`, `small.conv1.latency`: dotted names, metric last.
#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    /// At least one.
    pub names: Vec<Name>,
    /// All of it.
    pub span: Span,
}

/// The right side of an expectation.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// `22.5 ms`
    Number(Number),
    /// `2 * big.latency` or `big.latency`
    Scaled {
        /// Before `*`, a plain number.
        factor: Option<Number>,
        /// What it is compared with.
        measure: Measure,
    },
}

/// `expect small.latency <= 2 * big.latency`
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// Left side.
    pub measure: Measure,
    /// The sign.
    pub comparison: Spanned<Comparison>,
    /// Right side.
    pub expected: Expected,
    /// The statement.
    pub span: Span,
}

/// `technology name [extends path] { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct TechnologyDecl {
    /// Its name.
    pub name: Name,
    /// The technology whose coefficients it starts from.
    pub extends: Option<Path>,
    /// Coefficients.
    pub stmts: Vec<TechnologyStmt>,
    /// The whole block.
    pub span: Span,
}

/// A statement of a technology.
#[derive(Debug, Clone, PartialEq)]
pub enum TechnologyStmt {
    /// `source "MAESTRO, revision 4eb08d1"`
    Source(Name),
    /// `clock 1 GHz`, or `clock 1 GHz { source = "ours" }`
    Scalar {
        /// Its name.
        name: Name,
        /// Its value.
        value: Number,
        /// `source = "…"`
        fields: Vec<Field>,
    },
    /// `mac { area = 283 um2 }`
    Group {
        /// Its name.
        name: Name,
        /// Coefficients, and `source = "…"`.
        fields: Vec<Field>,
    },
}

/// `design name [extends path] { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct DesignDecl {
    /// Its name.
    pub name: Name,
    /// The design whose statements it starts from.
    pub extends: Option<Path>,
    /// Its statements in order.
    pub stmts: Vec<DesignStmt>,
    /// The whole block.
    pub span: Span,
}

/// A statement of a design.
#[derive(Debug, Clone, PartialEq)]
pub enum DesignStmt {
    /// `network mobilenet_v2`, `deploy pipelined`, `seed 7`: a word and a value.
    Setting {
        /// The word.
        key: Name,
        /// The value.
        value: Value,
    },
    /// `dataflow in [nvdla, eyeriss]`
    DataflowIn {
        /// The place of `dataflow`.
        keyword: Span,
        /// The choices.
        choices: Vec<Path>,
        /// The statement.
        span: Span,
    },
    /// `minimize latency`, `maximize throughput`
    Objective {
        /// Whether it was `maximize`.
        maximize: Spanned<bool>,
        /// The metric.
        metric: Name,
    },
    /// `search reinforce { episodes = 2000 } then genetic`
    Search {
        /// The stages in order.
        stages: Vec<StageDecl>,
        /// The statement.
        span: Span,
    },
    /// `pin conv1 { pes = 16 }`, or `pin conv1 none`
    Pin {
        /// The layer.
        layer: Name,
        /// The fixed choices; `None` if the pin of the design that is extended is dropped.
        fields: Option<Vec<Field>>,
        /// The statement.
        span: Span,
    },
    /// `precision { input = int8, weights = int4 }`
    Precision {
        /// Formats per tensor.
        fields: Vec<Field>,
        /// The statement.
        span: Span,
    },
    /// `expect latency <= 3.6e7 cycles`
    Expect(Expect),
    /// `stop gap <= 1%`
    Stop(Condition),
}

/// `reinforce { episodes = 2000 }`
#[derive(Debug, Clone, PartialEq)]
pub struct StageDecl {
    /// The method.
    pub method: Name,
    /// Its parameters.
    pub fields: Vec<Field>,
    /// The stage.
    pub span: Span,
}
