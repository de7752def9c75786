//! Names, paths, numbers and what is computed in their place, values, fields.

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

impl Number {
    /// One of another tool's file that could not be read, which was told. What depends on it is not
    /// judged.
    pub fn unread(span: Span) -> Self {
        Number {
            value: f64::NAN,
            integer: None,
            unit: None,
            expr: None,
            span,
        }
    }

    /// Whether it could not be read.
    pub fn is_unread(&self) -> bool {
        self.value.is_nan()
    }
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

impl Field {
    /// Where numbers of it stand that could not be read.
    pub fn unread(&self) -> impl Iterator<Item = Span> {
        let numbers = match &self.value {
            Value::Number(number) => std::slice::from_ref(number),
            Value::Pair(pair) => &pair.node,
            _ => &[],
        };
        numbers.iter().filter(|n| n.is_unread()).map(|n| n.span)
    }

    /// Whether its value could not be read.
    pub fn is_unread(&self) -> bool {
        self.unread().next().is_some()
    }
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
