//! From the wire format to the few messages of `onnx.proto` that matter here, by field number
//! (onnx/onnx.proto of the ONNX project, IR version 3 and later).

use super::apart::{Apart, External};
use super::elements::{doubles, singles, values};
use super::model::{
    Attributes, Data, Extent, Graph, MOST_ELEMENTS, MOST_RANK, Model, Names, Node, Stated, Tensor,
    Value,
};
use super::wire::{Content, Damage, Fields, Parsed, Part, Source};
use smallvec::SmallVec;
use std::rc::Rc;

/// More nodes a model may not have.
pub const MOST_NODES: usize = 1_000_000;

/// So many weights, operands, attributes and stated extents a model may have, however few its nodes.
const PARTS: usize = 1_000_000;

/// So many more it may have for each node: what is read stays linear in the nodes.
const PARTS_PER_NODE: usize = 24;

/// More functions a model may not have, however often they are called.
const MOST_FUNCTIONS: usize = 100_000;

/// More attributes no node or function has.
const MOST_ATTRIBUTES: usize = 256;

/// So many numbers in small tensors and attributes are kept.
const MOST_NUMBERS: usize = 16 * MOST_NODES;

/// What is counted over all messages, and texts that occur again and again.
#[derive(Default)]
pub struct Parser {
    nodes: usize,
    /// Nodes of all graphs and functions met so far, counted before they are read.
    ahead: usize,
    parts: usize,
    numbers: usize,
    words: Names,
    shared: Vec<Rc<str>>,
    /// Constants that lie in files of their own.
    apart: Apart,
}

fn too_many_nodes() -> Damage {
    Damage(format!("it has more than {MOST_NODES} nodes"))
}

impl Parser {
    /// Small constants may lie in those files.
    pub fn new(apart: Apart) -> Parser {
        Parser {
            apart,
            ..Parser::default()
        }
    }

    /// How many parts the nodes may have.
    fn most_parts(&self) -> usize {
        PARTS + PARTS_PER_NODE * self.ahead
    }

    /// Counts something that is kept.
    fn part(&mut self) -> Parsed<()> {
        self.parts += 1;
        if self.parts > self.most_parts() {
            return Err(self.too_many_parts());
        }
        Ok(())
    }

    fn too_many_parts(&self) -> Damage {
        Damage(format!(
            "it has more than {} weights, operands, attributes and stated extents, and {} nodes",
            self.most_parts(),
            self.ahead
        ))
    }

    /// Counts numbers that are kept.
    fn numbers(&mut self, count: usize) -> Parsed<()> {
        self.numbers += count;
        if self.numbers > MOST_NUMBERS {
            return Err(Damage(format!("it has more than {MOST_NUMBERS} constants")));
        }
        Ok(())
    }

    /// One allocation for each operator's or attribute's name.
    fn word(&mut self, text: &str) -> Rc<str> {
        // Most operators have the empty domain.
        let at = match text {
            "" => 0,
            text => self.words.number(text) as usize,
        };
        while self.shared.len() <= at {
            let next = self.words.text(self.shared.len() as u32).into();
            self.shared.push(next);
        }
        Rc::clone(&self.shared[at])
    }

    /// `ModelProto`
    pub fn model(&mut self, source: &mut Source) -> Parsed<Model> {
        let mut model = Model::default();
        let mut functions = 0;
        let mut fields = Fields::of(source.whole());
        while let Some((number, content)) = source.next(&mut fields)? {
            match (number, content) {
                (7, Content::Bytes(part)) => {
                    // A second one would be merged by the rules of protocol buffers; nobody means that.
                    if model.graph.is_some() {
                        return Err(Damage("it has two graphs".into()));
                    }
                    model.graph = Some(self.graph(source, part)?);
                }
                (8, Content::Bytes(part)) => {
                    let (domain, version) = Self::operator_set(source, part)?;
                    if matches!(domain.as_str(), "" | "ai.onnx") {
                        model.opset = version.or(model.opset);
                    }
                }
                (25, Content::Bytes(part)) => {
                    functions += 1;
                    if functions > MOST_FUNCTIONS {
                        let most = format!("it has more than {MOST_FUNCTIONS} functions");
                        return Err(Damage(most));
                    }
                    let (key, body) = self.function(source, part)?;
                    model.functions.insert(key, Rc::new(body));
                }
                _ => {}
            }
        }
        Ok(model)
    }

    /// `OperatorSetIdProto`: domain and version.
    fn operator_set(source: &mut Source, part: Part) -> Parsed<(String, Option<u64>)> {
        let (mut domain, mut version) = (String::new(), None);
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            match (number, content) {
                (1, Content::Bytes(part)) => domain = source.text(part)?,
                (2, Content::Number(n)) => version = Some(n),
                _ => {}
            }
        }
        Ok((domain, version))
    }

    /// `GraphProto`
    pub fn graph(&mut self, source: &mut Source, part: Part) -> Parsed<Graph> {
        let nodes = self.look_ahead(source, part, 1)?;
        let mut graph = Graph::default();
        graph.names.reserve(nodes);
        graph.nodes.reserve_exact(nodes);
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            let Content::Bytes(part) = content else {
                continue;
            };
            match number {
                1 => {
                    let node = self.node(source, part, &mut graph)?;
                    graph.nodes.push(node);
                }
                5 => {
                    let (name, tensor) = self.tensor(source, part)?;
                    let name = graph.names.number(&name);
                    graph.initializers.push((name, tensor));
                }
                11 => graph
                    .inputs
                    .extend(self.stated(source, part, &mut graph.names)?),
                12 => graph
                    .outputs
                    .extend(self.stated(source, part, &mut graph.names)?),
                13 => graph
                    .values
                    .extend(self.stated(source, part, &mut graph.names)?),
                15 => {
                    let (name, tensor) = self.sparse(source, part)?;
                    let name = graph.names.number(&name);
                    graph.initializers.push((name, tensor));
                }
                _ => {}
            }
        }
        Ok(graph)
    }

    /// Counts the nodes of a graph or function, fields of this number, before any is read: an
    /// enormous file is refused at once, and the nodes say how much may come with them. How many
    /// there are.
    fn look_ahead(&mut self, source: &mut Source, part: Part, node: u64) -> Parsed<usize> {
        let before = self.ahead;
        let mut others = 0;
        let mut fields = Fields::of(part);
        while let Some((number, _)) = source.next(&mut fields)? {
            if number == node {
                self.ahead += 1;
            } else {
                others += 1;
            }
            if self.ahead > MOST_NODES {
                return Err(too_many_nodes());
            }
            if others > PARTS + PARTS_PER_NODE * MOST_NODES {
                return Err(self.too_many_parts());
            }
        }
        if others > self.most_parts() {
            return Err(self.too_many_parts());
        }
        source.expect(self.ahead as u64);
        Ok(self.ahead - before)
    }

    /// `FunctionProto`: domain and name, and the body.
    fn function(&mut self, source: &mut Source, part: Part) -> Parsed<((String, String), Graph)> {
        self.look_ahead(source, part, 7)?;
        let mut body = Graph::default();
        let (mut domain, mut name) = (String::new(), String::new());
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            let Content::Bytes(part) = content else {
                continue;
            };
            match number {
                1 => name = source.text(part)?,
                4 | 5 => {
                    let text = source.text(part)?;
                    let stated = Stated {
                        name: body.names.number(&text),
                        shape: None,
                    };
                    if number == 4 {
                        body.inputs.push(stated);
                    } else {
                        body.outputs.push(stated);
                    }
                }
                7 => {
                    let node = self.node(source, part, &mut body)?;
                    body.nodes.push(node);
                }
                10 => domain = source.text(part)?,
                11 => {
                    let attribute = self.attribute(source, part)?;
                    few(&mut body.defaults, attribute)?;
                }
                _ => {}
            }
        }
        Ok(((domain, name), body))
    }

    /// `NodeProto`
    fn node(&mut self, source: &mut Source, part: Part, graph: &mut Graph) -> Parsed<Node> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err(too_many_nodes());
        }
        let mut node = Node {
            name: None,
            op: self.word(""),
            domain: self.word(""),
            inputs: SmallVec::new(),
            outputs: SmallVec::new(),
            attributes: Attributes::new(),
        };
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            let Content::Bytes(part) = content else {
                continue;
            };
            match number {
                1 | 2 => {
                    self.part()?;
                    let name = source.see(part, |text| graph.names.number(text))?;
                    let list = if number == 1 {
                        &mut node.inputs
                    } else {
                        &mut node.outputs
                    };
                    list.push(name);
                }
                3 => node.name = source.see(part, |text| graph.call(text))?,
                4 => node.op = source.see(part, |text| self.word(text))?,
                5 => {
                    let attribute = self.attribute(source, part)?;
                    few(&mut node.attributes, attribute)?;
                }
                7 => {
                    let domain = source.text(part)?;
                    node.domain = self.word(if domain == "ai.onnx" { "" } else { &domain });
                }
                _ => {}
            }
        }
        Ok(node)
    }

    /// `AttributeProto`; `None` without a name.
    fn attribute(&mut self, source: &mut Source, part: Part) -> Parsed<Option<(Rc<str>, Value)>> {
        self.part()?;
        let mut name = self.word("");
        let mut kind = 0;
        let mut value = None;
        let mut caller = None;
        let (mut ints, mut floats) = (Vec::new(), Vec::new());
        let (mut int, mut float) = (0, 0.0);
        let mut complete = true;
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            match (number, content) {
                (1, Content::Bytes(part)) => name = source.see(part, |text| self.word(text))?,
                (2, Content::Four(bytes)) => {
                    float = f64::from(f32::from_le_bytes(bytes));
                    value = Some(Value::Float(float));
                }
                (3, Content::Number(n)) => {
                    int = n as i64;
                    value = Some(Value::Int(int));
                }
                (4, Content::Bytes(part)) => {
                    // A text may be long where it is data; nothing here needs such a one.
                    value = Some(match source.bytes(part, 1 << 12)? {
                        Some(bytes) => Value::Text(String::from_utf8_lossy(&bytes).into_owned()),
                        None => Value::Other,
                    });
                }
                (5, Content::Bytes(part)) => {
                    value = Some(Value::Tensor(self.tensor(source, part)?.1));
                }
                (6, Content::Bytes(part)) => value = Some(Value::Graph(part)),
                (7, Content::Four(bytes)) if floats.len() < MOST_ELEMENTS => {
                    floats.push(f64::from(f32::from_le_bytes(bytes)));
                }
                (7, Content::Bytes(part)) => match source.bytes(part, 4 * MOST_ELEMENTS as u64)? {
                    Some(bytes) => floats.extend(singles(&bytes)),
                    None => complete = false,
                },
                (8, Content::Number(n)) if ints.len() < MOST_ELEMENTS => ints.push(n),
                (8, Content::Bytes(part)) => {
                    complete &= source.packed(part, MOST_ELEMENTS, &mut ints)?;
                }
                (7 | 8, _) => complete = false,
                (20, Content::Number(n)) => kind = n,
                (21, Content::Bytes(part)) => caller = Some(source.text(part)?),
                _ => {}
            }
        }
        if name.is_empty() {
            return Ok(None);
        }
        self.numbers(ints.len() + floats.len())?;
        let ints: Vec<i64> = ints.into_iter().map(|n| n as i64).collect();
        // Writers may leave out what is 0 or empty; then the stated type says what it is.
        let value = match (caller, kind, value) {
            (Some(text), _, _) if !text.is_empty() => Value::OfCaller(text),
            (_, 1, _) => Value::Float(float),
            (_, 2, _) => Value::Int(int),
            (_, 6 | 7, _) if !complete => Value::Other,
            (_, 6, _) => Value::Floats(floats),
            (_, 7, _) => Value::Ints(ints),
            (_, _, Some(value)) => value,
            (_, 3, None) => Value::Text(String::new()),
            _ if !complete => Value::Other,
            _ if !ints.is_empty() => Value::Ints(ints),
            _ if !floats.is_empty() => Value::Floats(floats),
            _ => Value::Other,
        };
        Ok(Some((name, value)))
    }

    /// `TensorProto`: name, extents, and the values if they are few.
    fn tensor(&mut self, source: &mut Source, part: Part) -> Parsed<(String, Tensor)> {
        self.part()?;
        let mut name = String::new();
        let mut dims = Vec::new();
        let mut kind = 0;
        let mut raw = None;
        let mut numbers: Vec<u64> = Vec::new();
        let mut floats: Vec<f64> = Vec::new();
        let mut complete = true;
        let mut elsewhere: Option<External> = None;
        let mut few_dims = true;
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            match (number, content) {
                (1, Content::Number(n)) => dims.push(n),
                (1, Content::Bytes(part)) => {
                    few_dims &= source.packed(part, MOST_RANK, &mut dims)?
                }
                (2, Content::Number(n)) => kind = n,
                (4, Content::Bytes(part)) => match source.bytes(part, 4 * MOST_ELEMENTS as u64)? {
                    Some(bytes) => floats.extend(singles(&bytes)),
                    None => complete = false,
                },
                (4, Content::Four(bytes)) if floats.len() < MOST_ELEMENTS => {
                    floats.push(f64::from(f32::from_le_bytes(bytes)));
                }
                (5 | 7 | 11, Content::Bytes(part)) => {
                    complete &= source.packed(part, MOST_ELEMENTS, &mut numbers)?;
                }
                (5 | 7 | 11, Content::Number(n)) if numbers.len() < MOST_ELEMENTS => {
                    numbers.push(n);
                }
                (8, Content::Bytes(part)) => name = source.text(part)?,
                (9, Content::Bytes(part)) => raw = source.bytes(part, 8 * MOST_ELEMENTS as u64)?,
                (10, Content::Bytes(part)) => match source.bytes(part, 8 * MOST_ELEMENTS as u64)? {
                    Some(bytes) => floats.extend(doubles(&bytes)),
                    None => complete = false,
                },
                (10, Content::Eight(bytes)) if floats.len() < MOST_ELEMENTS => {
                    floats.push(f64::from_le_bytes(bytes));
                }
                (4 | 5 | 7 | 10 | 11, _) => complete = false,
                (13, Content::Bytes(part)) => {
                    let (key, value) = Self::entry(source, part)?;
                    elsewhere.get_or_insert_default().add(&key, value);
                }
                (14, Content::Number(1)) => _ = elsewhere.get_or_insert_default(),
                _ => {}
            }
            if !few_dims || dims.len() > MOST_RANK {
                return Err(too_many_dims());
            }
        }
        if dims.iter().any(|&d| d > i64::MAX as u64) {
            return Err(Damage(format!("tensor `{name}` has a negative extent")));
        }
        let raw = match &elsewhere {
            Some(place) => self.apart.read(place, kind, &dims),
            None => raw.filter(|_| complete),
        };
        let data = if elsewhere.is_some() && raw.is_none() || !complete {
            None
        } else {
            values(kind, raw.as_deref(), numbers, floats)
        };
        let count = dims.iter().try_fold(1u64, |n, &d| n.checked_mul(d));
        let data = data.filter(|d| count == Some(d.count() as u64) && d.count() <= MOST_ELEMENTS);
        self.numbers(dims.len() + data.as_ref().map_or(0, Data::count))?;
        Ok((name, Tensor { dims, data }))
    }

    /// `StringStringEntryProto`: key and value.
    fn entry(source: &mut Source, part: Part) -> Parsed<(String, String)> {
        let (mut key, mut value) = (String::new(), String::new());
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            match (number, content) {
                (1, Content::Bytes(part)) => key = source.text(part)?,
                (2, Content::Bytes(part)) => value = source.text(part)?,
                _ => {}
            }
        }
        Ok((key, value))
    }

    /// `SparseTensorProto`: the name of its values, and its extents.
    fn sparse(&mut self, source: &mut Source, part: Part) -> Parsed<(String, Tensor)> {
        let mut name = String::new();
        let mut dims = Vec::new();
        let mut few_dims = true;
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            match (number, content) {
                (1, Content::Bytes(part)) => name = self.tensor(source, part)?.0,
                (3, Content::Number(n)) => dims.push(n),
                (3, Content::Bytes(part)) => {
                    few_dims &= source.packed(part, MOST_RANK, &mut dims)?;
                }
                _ => {}
            }
            if !few_dims || dims.len() > MOST_RANK {
                return Err(too_many_dims());
            }
        }
        Ok((name, Tensor { dims, data: None }))
    }

    /// `ValueInfoProto`; `None` without a name.
    fn stated(
        &mut self,
        source: &mut Source,
        part: Part,
        names: &mut Names,
    ) -> Parsed<Option<Stated>> {
        self.part()?;
        let mut name = String::new();
        let mut shape = None;
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            match (number, content) {
                (1, Content::Bytes(part)) => name = source.text(part)?,
                (2, Content::Bytes(part)) => shape = self.kind(source, part)?,
                _ => {}
            }
        }
        Ok((!name.is_empty()).then(|| Stated {
            name: names.number(&name),
            shape,
        }))
    }

    /// `TypeProto`: the shape, if it is that of a tensor, or of one that may be missing, and stated.
    fn kind(&mut self, source: &mut Source, part: Part) -> Parsed<Option<Vec<Extent>>> {
        let mut shape = self.tensor_kind(source, part)?;
        for part in self.inner(source, part, 9)? {
            for part in self.inner(source, part, 1)? {
                shape = shape.or(self.tensor_kind(source, part)?);
            }
        }
        Ok(shape)
    }

    fn tensor_kind(&mut self, source: &mut Source, part: Part) -> Parsed<Option<Vec<Extent>>> {
        let mut shape = None;
        for part in self.inner(source, part, 1)? {
            for part in self.inner(source, part, 2)? {
                let mut extents = Vec::new();
                for part in self.inner(source, part, 1)? {
                    self.part()?;
                    extents.push(self.extent(source, part)?);
                    if extents.len() > MOST_RANK {
                        return Err(too_many_dims());
                    }
                }
                shape = Some(extents);
            }
        }
        Ok(shape)
    }

    /// The parts of a message with this number.
    fn inner(&mut self, source: &mut Source, part: Part, wanted: u64) -> Parsed<Vec<Part>> {
        let mut found = Vec::new();
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            match content {
                Content::Bytes(part) if number == wanted => found.push(part),
                _ => {}
            }
        }
        Ok(found)
    }

    /// `TensorShapeProto.Dimension`
    fn extent(&mut self, source: &mut Source, part: Part) -> Parsed<Extent> {
        let mut extent = Extent::Unknown;
        let mut fields = Fields::of(part);
        while let Some((number, content)) = source.next(&mut fields)? {
            match (number, content) {
                // Some writers say -1 or 0 for what is left open.
                (1, Content::Number(n)) if n > 0 && n <= i64::MAX as u64 => {
                    extent = Extent::Size(n);
                }
                (2, Content::Bytes(part)) => {
                    let text = source.text(part)?;
                    if !text.is_empty() {
                        extent = Extent::Open(text);
                    }
                }
                _ => {}
            }
        }
        Ok(extent)
    }
}

/// One more attribute, if that is not too many.
fn few(list: &mut Attributes, attribute: Option<(Rc<str>, Value)>) -> Parsed<()> {
    list.extend(attribute);
    if list.len() > MOST_ATTRIBUTES {
        return Err(Damage(format!(
            "a node has more than {MOST_ATTRIBUTES} attributes"
        )));
    }
    Ok(())
}

fn too_many_dims() -> Damage {
    Damage(format!("a tensor has more than {MOST_RANK} dimensions"))
}
