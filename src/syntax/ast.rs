//! What was written, with places. Names are not yet resolved, units not yet checked.

use crate::base::span::{Span, Spanned};

/// An identifier or a quoted name, without its quotes.
pub type Name = Spanned<String>;

/// A dotted path such as `std.networks.mobilenet_v2`, or `tiled(4)` of what has parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// At least one segment.
    pub segments: Vec<Name>,
    /// What stands in parentheses behind it.
    pub args: Option<Spanned<Vec<Arg>>>,
    /// The whole path.
    pub span: Span,
}

impl Path {
    /// The segments joined with dots.
    pub fn text(&self) -> String {
        self.segments
            .iter()
            .map(|s| s.node.as_str())
            .collect::<Vec<_>>()
            .join(".")
    }

    /// The path if it is a single word, without arguments.
    pub fn word(&self) -> Option<&Name> {
        match self.segments.as_slice() {
            [word] if self.args.is_none() => Some(word),
            _ => None,
        }
    }
}

/// `4` or `t = 4` among arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Arg {
    /// The parameter, if it is named.
    pub name: Option<Name>,
    /// What it gets.
    pub value: Number,
    /// Both.
    pub span: Span,
}

/// `t` or `t = 4` among parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// What it is if no argument says otherwise.
    pub default: Option<Number>,
    /// Both.
    pub span: Span,
}

/// A sign of arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arith {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// What is computed from constants.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `4 mm2`
    Literal(Number),
    /// `half`
    Name(Name),
    /// `2 * half + 1 mm2`, as written: what binds tighter is up to who computes it.
    Chain {
        /// The first operand.
        first: Box<Expr>,
        /// The others, each with the sign before it.
        rest: Vec<(Spanned<Arith>, Expr)>,
        /// All of it, with its parentheses if it has any.
        span: Span,
    },
}

impl Expr {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Expr::Literal(number) => number.span,
            Expr::Name(name) => name.span,
            Expr::Chain { span, .. } => *span,
        }
    }
}

/// A number with an optional unit on the same line.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// The number without its unit, as a double.
    pub value: f64,
    /// The exact value if it was written as a whole number (no point, no exponent) below 2^64.
    pub integer: Option<u64>,
    /// The unit's spelling, e.g. `mm2`, `%`, `inferences/s`.
    pub unit: Option<Name>,
    /// How it is computed, if it is and no check has put the result in its place yet. Value,
    /// integer and unit mean nothing then.
    pub expr: Option<Box<Expr>>,
    /// Number and unit.
    pub span: Span,
}

/// `start..=end`, optionally `step n`.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// First value.
    pub start: Number,
    /// Last value (included if `inclusive`).
    pub end: Number,
    /// Whether it was written `..=`; `..` is kept so that a later check can suggest `..=`.
    pub inclusive: bool,
    /// Distance between values.
    pub step: Option<Number>,
    /// The whole range.
    pub span: Span,
}

/// Anything that can stand on the right of a field or setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `2.5 mm2`
    Number(Number),
    /// `3x3` (rows x columns)
    Pair(Spanned<[Number; 2]>),
    /// `nvdla`, `std.dataflows.nvdla`, `same`
    Path(Path),
    /// `"text"`
    Text(Name),
    /// `[1, 2, 4..=8]`
    List(Spanned<Vec<Value>>),
    /// `1..=128`
    Range(Range),
}

impl Value {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Value::Number(n) => n.span,
            Value::Pair(p) => p.span,
            Value::Path(p) => p.span,
            Value::Text(t) => t.span,
            Value::List(l) => l.span,
            Value::Range(r) => r.span,
        }
    }
}

/// `name = value`
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Left side; dimension names such as `Y'` included.
    pub name: Name,
    /// Right side.
    pub value: Value,
    /// Both.
    pub span: Span,
}

/// A comparison sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `>`
    Above,
    /// `==`
    Equal,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct File {
    /// Blocks and `use` lines in order.
    pub items: Vec<Item>,
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

/// A size: a number, a constant, a dimension, or a knob.
#[derive(Debug, Clone, PartialEq)]
pub enum SizeExpr {
    /// `4`, `2 * t`
    Number(Number),
    /// `R`, `buffer`, `pes`, `t`
    Name(Name),
}

impl SizeExpr {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            SizeExpr::Number(n) => n.span,
            SizeExpr::Name(n) => n.span,
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
    /// `clock 1 GHz`
    Scalar {
        /// Its name.
        name: Name,
        /// Its value.
        value: Number,
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
    /// `pin conv1 { pes = 16 }`
    Pin {
        /// The layer.
        layer: Name,
        /// The fixed choices.
        fields: Vec<Field>,
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
