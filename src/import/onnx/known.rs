//! What is known of a tensor while a model is walked: its shape, and its values if they are few.

use super::model::{Data, MOST_ELEMENTS, MOST_RANK, Node, Tensor, Value};
use smallvec::SmallVec;
use std::rc::Rc;

/// An extent in elements; `None` if it cannot be known.
pub type Dim = Option<u64>;

/// Extents of a tensor.
pub type Shape = Rc<[Dim]>;

/// Extents while they are put together; the usual few take no memory of their own.
pub type Extents = SmallVec<[Dim; 4]>;

/// Small integers or floats with their extents.
#[derive(Debug, Clone, PartialEq)]
pub struct Constant {
    /// Extents in elements.
    pub dims: Vec<u64>,
    /// As many as the extents say, at most [`MOST_ELEMENTS`].
    pub data: Data,
}

impl Constant {
    /// One whole number without dimensions.
    pub fn scalar(value: i64) -> Constant {
        Constant {
            dims: Vec::new(),
            data: Data::Ints(vec![value]),
        }
    }

    /// A row of whole numbers.
    pub fn row(values: Vec<i64>) -> Constant {
        Constant {
            dims: vec![values.len() as u64],
            data: Data::Ints(values),
        }
    }

    /// The values of a tensor of the file, if they were kept.
    pub fn of(tensor: &Tensor) -> Option<Constant> {
        Some(Constant {
            dims: tensor.dims.clone(),
            data: tensor.data.clone()?,
        })
    }

    /// The same values under other extents of the same product.
    pub fn under(&self, dims: &[Dim]) -> Option<Constant> {
        let dims: Vec<u64> = dims.iter().copied().collect::<Option<_>>()?;
        let fits = product(&dims) == Some(self.data.count() as u64);
        fits.then(|| Constant {
            dims,
            data: self.data.clone(),
        })
    }

    /// Values as whole numbers, if they are.
    pub fn ints(&self) -> Option<&[i64]> {
        match &self.data {
            Data::Ints(values) => Some(values),
            Data::Floats(_) => None,
        }
    }

    /// Values as floating-point numbers.
    pub fn floats(&self) -> Vec<f64> {
        match &self.data {
            Data::Ints(values) => values.iter().map(|&v| v as f64).collect(),
            Data::Floats(values) => values.clone(),
        }
    }

    /// A constant of these extents whose every element is the one of `self` at the flat index that
    /// `from` gives for its own index. `None` if that is too large or an index leads nowhere.
    pub fn rearranged(
        &self,
        dims: &[u64],
        mut from: impl FnMut(&[u64]) -> Option<u64>,
    ) -> Option<Constant> {
        let count = product(dims).filter(|&c| c <= MOST_ELEMENTS as u64)?;
        let mut places = Vec::new();
        let mut index = vec![0u64; dims.len()];
        for _ in 0..count {
            places.push(usize::try_from(from(&index)?).ok()?);
            step(&mut index, dims);
        }
        let data = match &self.data {
            Data::Ints(v) => Data::Ints(taken(v, &places)?),
            Data::Floats(v) => Data::Floats(taken(v, &places)?),
        };
        Some(Constant {
            dims: dims.to_vec(),
            data,
        })
    }

    /// Repeated along dimensions of extent 1 to fill `dims`.
    pub fn broadcast(&self, dims: &[u64]) -> Option<Constant> {
        let lead = dims.len().checked_sub(self.dims.len())?;
        self.rearranged(dims, |index| {
            let own = index.get(lead..)?.iter().zip(&self.dims);
            let own: Vec<u64> = own.map(|(&i, &d)| if d == 1 { 0 } else { i }).collect();
            flat(&own, &self.dims)
        })
    }
}

fn taken<T: Copy>(values: &[T], places: &[usize]) -> Option<Vec<T>> {
    places.iter().map(|&p| values.get(p).copied()).collect()
}

/// The next index in the order of memory.
pub fn step(index: &mut [u64], dims: &[u64]) {
    for (i, &d) in index.iter_mut().zip(dims).rev() {
        *i += 1;
        if *i < d {
            return;
        }
        *i = 0;
    }
}

/// Place in memory of an index; `None` outside.
pub fn flat(index: &[u64], dims: &[u64]) -> Option<u64> {
    let mut at = 0u64;
    for (&i, &d) in index.iter().zip(dims) {
        if i >= d {
            return None;
        }
        at = at.checked_mul(d)?.checked_add(i)?;
    }
    Some(at)
}

/// Number of elements; `None` on overflow.
pub fn product(dims: &[u64]) -> Option<u64> {
    dims.iter().try_fold(1u64, |n, &d| n.checked_mul(d))
}

/// Number of elements, if every extent is known.
pub fn elements(shape: &[Dim]) -> Option<u64> {
    shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d?))
}

/// For messages: `[1, 3, ?, 224]`.
pub fn shown(shape: &[Dim]) -> String {
    let extents: Vec<String> = shape
        .iter()
        .map(|d| d.map_or("?".to_string(), |d| d.to_string()))
        .collect();
    format!("[{}]", extents.join(", "))
}

/// A tensor while the model is walked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// Its shape; `None` if nothing is known.
    pub shape: Option<Shape>,
    /// Its values, if they follow from the file and are few.
    pub value: Option<Rc<Constant>>,
    /// Its elements, if it is a sequence of tensors; such a one has no shape.
    pub parts: Option<Rc<[Known]>>,
    /// Whether it is the same for every input: weights and what is computed from them alone.
    pub fixed: bool,
}

impl Known {
    /// Whether an extent of it cannot be known, or nothing is.
    pub fn is_open(&self) -> bool {
        match &self.parts {
            Some(parts) => parts.iter().any(Known::is_open),
            None => self.shape.as_ref().is_none_or(|s| s.contains(&None)),
        }
    }

    /// What is known of a tensor that is one of these two.
    pub fn common(&self, other: &Known) -> Known {
        let shape = match (&self.shape, &other.shape) {
            (Some(a), Some(b)) if a == b => Some(Rc::clone(a)),
            (Some(a), Some(b)) if a.len() == b.len() => {
                let same = |(a, b): (&Dim, &Dim)| a.filter(|_| a == b);
                Some(a.iter().zip(b.iter()).map(same).collect())
            }
            _ => None,
        };
        let parts = match (&self.parts, &other.parts) {
            (Some(a), Some(b)) if a.len() == b.len() => {
                Some(a.iter().zip(b.iter()).map(|(a, b)| a.common(b)).collect())
            }
            _ => None,
        };
        Known {
            shape,
            value: self.value.clone().filter(|_| self.value == other.value),
            parts,
            fixed: false,
        }
    }

    /// Whether it has the few numbers that say a shape or places in one.
    pub fn small(&self) -> bool {
        self.shape.as_deref().is_some_and(|dims| match dims {
            [] => true,
            [Some(n)] => *n <= MOST_RANK as u64,
            _ => false,
        })
    }
}

/// What a node gives for one result.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Its shape.
    pub shape: Option<Shape>,
    /// Its values.
    pub value: Option<Constant>,
    /// Its elements, if it is a sequence of tensors.
    pub parts: Option<Rc<[Known]>>,
}

impl From<&Known> for Given {
    /// The same again.
    fn from(known: &Known) -> Given {
        Given {
            shape: known.shape.clone(),
            value: known.value.as_deref().cloned(),
            parts: known.parts.clone(),
        }
    }
}

impl Given {
    /// A result of this shape.
    pub fn shape(dims: impl Into<Shape>) -> Given {
        Given {
            shape: Some(dims.into()),
            ..Given::default()
        }
    }

    /// A result with as many dimensions as this row of extents has elements.
    pub fn as_long_as(row: Option<&Shape>) -> Given {
        match row.map(|r| &r[..]) {
            Some(&[Some(rank)]) if rank <= MOST_RANK as u64 => {
                Given::shape(vec![None; rank as usize])
            }
            _ => Given::unknown(),
        }
    }

    /// A result of which nothing is known.
    pub fn unknown() -> Given {
        Given::default()
    }

    /// A result with its values.
    pub fn value(value: Constant) -> Given {
        Given {
            shape: Some(value.dims.iter().map(|&d| Some(d)).collect()),
            value: Some(value),
            parts: None,
        }
    }

    /// A result of this shape, with its values if there are any.
    pub fn with(dims: impl Into<Shape>, value: Option<Constant>) -> Given {
        Given {
            shape: Some(dims.into()),
            value,
            parts: None,
        }
    }
}

/// One node with what is known of its operands.
pub struct View<'a> {
    /// The node.
    pub node: &'a Node,
    /// Its attributes, those of a function's caller put in.
    pub attributes: &'a [(Rc<str>, Value)],
    /// Its operands; `None` where one is left out.
    pub inputs: SmallVec<[Option<&'a Known>; 4]>,
}

impl View<'_> {
    /// An operand that is there.
    pub fn input(&self, at: usize) -> Option<&Known> {
        self.inputs.get(at).copied().flatten()
    }

    /// The shape of an operand.
    pub fn shape(&self, at: usize) -> Option<&Shape> {
        self.input(at)?.shape.as_ref()
    }

    /// The values of an operand.
    pub fn value(&self, at: usize) -> Option<&Constant> {
        self.input(at)?.value.as_deref()
    }

    /// The elements of an operand that is a sequence.
    pub fn parts(&self, at: usize) -> Option<&[Known]> {
        self.input(at)?.parts.as_deref()
    }

    /// The values of an operand as whole numbers.
    pub fn ints(&self, at: usize) -> Option<&[i64]> {
        self.value(at)?.ints()
    }

    fn attribute(&self, name: &str) -> Option<&Value> {
        let found = self.attributes.iter().find(|(n, _)| &**n == name);
        found.map(|(_, value)| value)
    }

    /// A whole-number attribute.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.attribute(name)? {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// A number as an attribute.
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.attribute(name)? {
            Value::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// An attribute that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.attribute(name)? {
            Value::Text(value) => Some(value),
            _ => None,
        }
    }

    /// An attribute that is a row of whole numbers.
    pub fn row(&self, name: &str) -> Option<&[i64]> {
        match self.attribute(name)? {
            Value::Ints(values) => Some(values),
            _ => None,
        }
    }

    /// An attribute that is a row of numbers.
    pub fn float_row(&self, name: &str) -> Option<&[f64]> {
        match self.attribute(name)? {
            Value::Floats(values) => Some(values),
            _ => None,
        }
    }

    /// An attribute that is a tensor.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        match self.attribute(name)? {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// Whole numbers that are an attribute in old operator sets and an operand in new ones:
    /// `Ok(None)` if neither is there, an error if they are there but not known.
    pub fn axes(&self, name: &str, operand: usize) -> Result<Option<Vec<i64>>, Unknown> {
        if let Some(values) = self.row(name) {
            return Ok(Some(values.to_vec()));
        }
        match self.input(operand) {
            None => Ok(None),
            Some(_) => Ok(Some(self.ints(operand).ok_or(Unknown)?.to_vec())),
        }
    }
}

/// What is wanted depends on data.
#[derive(Debug, Clone, Copy)]
pub struct Unknown;

/// An axis counted from the end if negative; an error as a clause if there is none.
pub fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    let count = rank as i64;
    let from_start = if axis < 0 {
        axis.checked_add(count)
    } else {
        Some(axis)
    };
    match from_start {
        Some(a) if (0..count).contains(&a) => Ok(a as usize),
        _ => Err(format!("there is no axis {axis} in {rank} dimensions")),
    }
}
