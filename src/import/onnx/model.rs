//! What is kept of a model: names, nodes, shapes and small constants. Never its weights.

use super::wire::Part;
use hashbrown::{DefaultHashBuilder, HashTable};
use smallvec::SmallVec;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::rc::Rc;

/// Tensors of at most so many elements keep their values: shapes are computed with them.
pub const MOST_ELEMENTS: usize = 1024;

/// More dimensions no tensor has.
pub const MOST_RANK: usize = 32;

/// Texts one behind the other, each with a number: a model has millions.
#[derive(Debug, Default)]
pub struct Texts {
    texts: String,
    /// Where each text ends.
    ends: Vec<u32>,
}

impl Texts {
    /// Adds a text; `wire::MOST_READ` keeps all of them under 2^30 bytes.
    fn push(&mut self, text: &str) -> u32 {
        self.texts.push_str(text);
        self.ends.push(self.texts.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// The text of a number.
    fn text(&self, number: u32) -> &str {
        let at = number as usize;
        let start = at.checked_sub(1).and_then(|b| self.ends.get(b)).copied();
        let end = self.ends.get(at).copied().unwrap_or(0) as usize;
        self.texts
            .get(start.unwrap_or(0) as usize..end)
            .unwrap_or("")
    }

    /// How many there are.
    fn count(&self) -> usize {
        self.ends.len()
    }
}

/// The texts of one scope, each once; 0 is the empty one, an operand left out.
#[derive(Debug)]
pub struct Names {
    texts: Texts,
    index: HashTable<u32>,
    key: DefaultHashBuilder,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Names {
            texts: Texts::default(),
            index: HashTable::new(),
            key: DefaultHashBuilder::default(),
        };
        names.number("");
        names
    }
}

impl Names {
    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        let Names { texts, index, key } = self;
        texts.ends.reserve(more);
        index.reserve(more, |&n| key.hash_one(texts.text(n)));
    }

    /// The number of a text, a new one if it has none.
    pub fn number(&mut self, text: &str) -> u32 {
        let Names { texts, index, key } = self;
        // A node mostly takes what the one before it gives.
        let last = texts.count().saturating_sub(1) as u32;
        if last > 0 && texts.text(last) == text {
            return last;
        }
        let hash = key.hash_one(text);
        if let Some(&known) = index.find(hash, |&n| texts.text(n) == text) {
            return known;
        }
        let number = texts.push(text);
        index.insert_unique(hash, number, |&n| key.hash_one(texts.text(n)));
        number
    }

    /// The number of a text, if it has one.
    pub fn find(&self, text: &str) -> Option<u32> {
        let same = |&n: &u32| self.texts.text(n) == text;
        self.index.find(self.key.hash_one(text), same).copied()
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        self.texts.text(number)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.texts.count()
    }
}

/// Values of a small tensor.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Integers and truth values.
    Ints(Vec<i64>),
    /// Floating-point numbers.
    Floats(Vec<f64>),
}

impl Data {
    /// Number of elements.
    pub fn count(&self) -> usize {
        match self {
            Data::Ints(v) => v.len(),
            Data::Floats(v) => v.len(),
        }
    }
}

/// A tensor of the file: its extents, and its values if they are few and are there.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Extents in elements.
    pub dims: Vec<u64>,
    /// As many as the extents say.
    pub data: Option<Data>,
}

/// An extent as a model states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// A number of elements.
    Size(u64),
    /// Left open under a name, or an expression of names.
    Open(String),
    /// Nothing is said.
    Unknown,
}

/// The shape a model states for a tensor; `None` if it states none, or it is no tensor.
#[derive(Debug, Clone)]
pub struct Stated {
    /// Its name.
    pub name: u32,
    /// Its extents.
    pub shape: Option<Vec<Extent>>,
}

/// An attribute's value.
#[derive(Debug, Clone)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Numbers.
    Floats(Vec<f64>),
    /// A tensor.
    Tensor(Tensor),
    /// A graph: where it stands in the file.
    Graph(Part),
    /// The attribute of this name of the function's caller.
    OfCaller(String),
    /// Anything else; nothing here needs it.
    Other,
}

/// Attributes by name, in the order of the file.
pub type Attributes = Vec<(Rc<str>, Value)>;

/// A node. Operands and results are numbers of [`Names`].
#[derive(Debug, Clone)]
pub struct Node {
    /// As the model calls it, by [`Graph::called`].
    pub name: Option<u32>,
    /// The operator.
    pub op: Rc<str>,
    /// The set of operators it is of; empty for ONNX's own.
    pub domain: Rc<str>,
    /// Operands; 0 where one is left out.
    pub inputs: SmallVec<[u32; 4]>,
    /// Results.
    pub outputs: SmallVec<[u32; 4]>,
    /// Attributes.
    pub attributes: Attributes,
}

/// A graph, or the body of a function.
#[derive(Debug, Default)]
pub struct Graph {
    /// All names in it.
    pub names: Names,
    /// Names of its nodes, in their order; several may be called the same.
    pub called: Texts,
    /// Whether one of them has control characters.
    pub has_control: bool,
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Weights and constants by name.
    pub initializers: Vec<(u32, Tensor)>,
    /// What it takes.
    pub inputs: Vec<Stated>,
    /// What it gives.
    pub outputs: Vec<Stated>,
    /// What it says of tensors between.
    pub values: Vec<Stated>,
    /// Default attributes of a function.
    pub defaults: Attributes,
}

impl Graph {
    /// A name for the next node; `None` for an empty one.
    pub fn call(&mut self, name: &str) -> Option<u32> {
        self.has_control |= has_control(name);
        (!name.is_empty()).then(|| self.called.push(name))
    }

    /// What a node of this graph is called: its own name, or that of its first result.
    pub fn name<'n>(&'n self, node: &'n Node) -> &'n str {
        match (node.name, node.outputs.iter().find(|&&o| o != 0)) {
            (Some(name), _) => self.called.text(name),
            (None, Some(&output)) => self.names.text(output),
            (None, None) => &node.op,
        }
    }
}

/// Whether a name has control characters. Those begin with one of a few bytes, and most names have
/// none of them.
pub fn has_control(name: &str) -> bool {
    let may = |&b: &u8| b < 0x20 || b == 0x7f || b == 0xc2;
    name.as_bytes().iter().filter(|b| may(b)).count() > 0 && name.contains(char::is_control)
}

/// A model.
#[derive(Debug, Default)]
pub struct Model {
    /// The graph, if there is one.
    pub graph: Option<Graph>,
    /// Functions by domain and name.
    pub functions: HashMap<(String, String), Rc<Graph>>,
    /// The version of the standard's own operators, if it is stated.
    pub opset: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers() {
        let mut names = Names::default();
        let texts: Vec<String> = (0..1000).map(|i| format!("node_{i}")).collect();
        let numbers: Vec<u32> = texts.iter().map(|t| names.number(t)).collect();
        assert_eq!(numbers, (1..=1000).collect::<Vec<u32>>());
        for (text, &number) in texts.iter().zip(&numbers) {
            assert_eq!(names.number(text), number);
            assert_eq!(names.find(text), Some(number));
            assert_eq!(names.text(number), text);
        }
        assert_eq!(names.find("other"), None);
        assert_eq!(names.text(0), "");
        assert_eq!(names.number(""), 0);
        assert_eq!(names.count(), 1001);
    }
}
