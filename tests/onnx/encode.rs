//! Writes models: the few messages of `onnx.proto` that tests need, by field number.

/// A message, or a part of one.
#[derive(Debug, Clone, Default)]
pub struct Message(pub Vec<u8>);

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

impl Message {
    pub fn number(mut self, field: u64, value: u64) -> Self {
        varint(field << 3, &mut self.0);
        varint(value, &mut self.0);
        self
    }

    pub fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        varint(field << 3 | 2, &mut self.0);
        varint(bytes.len() as u64, &mut self.0);
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub fn message(self, field: u64, message: Message) -> Self {
        self.bytes(field, &message.0)
    }

    fn packed(self, field: u64, values: &[i64]) -> Self {
        let mut bytes = Vec::new();
        values.iter().for_each(|&v| varint(v as u64, &mut bytes));
        self.bytes(field, &bytes)
    }
}

/// A whole number as an attribute.
pub fn int(name: &str, value: i64) -> Message {
    let attribute = Message::default().text(1, name);
    attribute.number(3, value as u64).number(20, 2)
}

/// A row of whole numbers.
pub fn ints(name: &str, values: &[i64]) -> Message {
    let mut attribute = Message::default().text(1, name).number(20, 7);
    for &v in values {
        attribute = attribute.number(8, v as u64);
    }
    attribute
}

/// A text as an attribute.
pub fn word(name: &str, value: &str) -> Message {
    Message::default()
        .text(1, name)
        .text(4, value)
        .number(20, 3)
}

/// A graph as an attribute.
pub fn subgraph(name: &str, graph: &Graph) -> Message {
    let attribute = Message::default().text(1, name);
    attribute.message(6, graph.message()).number(20, 5)
}

/// A tensor as an attribute.
pub fn tensor(name: &str, dims: &[i64], values: &[i64]) -> Message {
    let attribute = Message::default().text(1, name);
    attribute
        .message(5, constant("", dims, values))
        .number(20, 4)
}

/// The attribute of a function's caller.
pub fn of_caller(name: &str, caller: &str) -> Message {
    Message::default().text(1, name).text(21, caller)
}

fn constant(name: &str, dims: &[i64], values: &[i64]) -> Message {
    let tensor = Message::default().packed(1, dims).number(2, 7);
    tensor.packed(7, values).text(8, name)
}

/// A graph in the making.
#[derive(Debug, Clone, Default)]
pub struct Graph(Message);

impl Graph {
    /// An operator of ONNX itself, called like its first result.
    pub fn node(self, op: &str, inputs: &[&str], outputs: &[&str], attributes: &[Message]) -> Self {
        self.of("", op, inputs, outputs, attributes)
    }

    /// An operator of another set.
    pub fn of(
        mut self,
        domain: &str,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[Message],
    ) -> Self {
        self.0 = self
            .0
            .message(1, node(domain, op, outputs[0], inputs, outputs, attributes));
        self
    }

    /// A node with this name.
    pub fn named(mut self, name: &str, op: &str, inputs: &[&str], outputs: &[&str]) -> Self {
        self.0 = self.0.message(1, node("", op, name, inputs, outputs, &[]));
        self
    }

    /// Weights: extents, and data in a file that is not there.
    pub fn weights(mut self, name: &str, dims: &[i64]) -> Self {
        let elsewhere = Message::default().text(1, "location").text(2, "gone.bin");
        let tensor = Message::default()
            .packed(1, dims)
            .number(2, 1)
            .text(8, name);
        self.0 = self
            .0
            .message(5, tensor.message(13, elsewhere).number(14, 1));
        self
    }

    /// Whole numbers that lie in a file beside the model.
    pub fn apart(mut self, name: &str, dims: &[i64], file: &str, offset: u64) -> Self {
        let entry = |key: &str, value: &str| Message::default().text(1, key).text(2, value);
        let tensor = Message::default()
            .packed(1, dims)
            .number(2, 7)
            .text(8, name);
        let tensor = tensor
            .message(13, entry("location", file))
            .message(13, entry("offset", &offset.to_string()));
        self.0 = self.0.message(5, tensor.number(14, 1));
        self
    }

    /// A constant.
    pub fn values(mut self, name: &str, dims: &[i64], values: &[i64]) -> Self {
        self.0 = self.0.message(5, constant(name, dims, values));
        self
    }

    /// A constant of real numbers.
    pub fn reals(mut self, name: &str, dims: &[i64], values: &[f32]) -> Self {
        let raw: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let tensor = Message::default().packed(1, dims).number(2, 1);
        self.0 = self.0.message(5, tensor.text(8, name).bytes(9, &raw));
        self
    }

    /// An input; extents that are no numbers are left open under that name.
    pub fn input(mut self, name: &str, extents: &str) -> Self {
        self.0 = self.0.message(11, stated(name, extents));
        self
    }

    /// A result of the graph.
    pub fn output(mut self, name: &str) -> Self {
        self.0 = self.0.message(12, Message::default().text(1, name));
        self
    }

    /// What the model states of a tensor between.
    pub fn states(mut self, name: &str, extents: &str) -> Self {
        self.0 = self.0.message(13, stated(name, extents));
        self
    }

    pub fn message(&self) -> Message {
        self.0.clone()
    }

    /// The model of this graph.
    pub fn model(&self) -> Vec<u8> {
        self.with_functions(&[])
    }

    /// The model of this graph and these functions.
    pub fn with_functions(&self, functions: &[Message]) -> Vec<u8> {
        self.whole(functions, 17)
    }

    /// The model of this graph in another operator set.
    pub fn in_operator_set(&self, version: u64) -> Vec<u8> {
        self.whole(&[], version)
    }

    fn whole(&self, functions: &[Message], version: u64) -> Vec<u8> {
        let opset = Message::default().text(1, "").number(2, version);
        let mut model = Message::default()
            .number(1, 8)
            .message(8, opset)
            .message(7, self.message());
        for function in functions {
            model = model.message(25, function.clone());
        }
        model.0
    }
}

fn stated(name: &str, extents: &str) -> Message {
    let mut shape = Message::default();
    for extent in extents.split_whitespace() {
        let dim = match extent.parse::<u64>() {
            Ok(size) => Message::default().number(1, size),
            Err(_) if extent == "?" => Message::default(),
            Err(_) => Message::default().text(2, extent),
        };
        shape = shape.message(1, dim);
    }
    let tensor = Message::default().number(1, 1).message(2, shape);
    Message::default()
        .text(1, name)
        .message(2, Message::default().message(1, tensor))
}

/// A node, for functions.
pub fn node(
    domain: &str,
    op: &str,
    name: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: &[Message],
) -> Message {
    let mut node = Message::default();
    for input in inputs {
        node = node.text(1, input);
    }
    for output in outputs {
        node = node.text(2, output);
    }
    node = node.text(3, name).text(4, op).text(7, domain);
    for attribute in attributes {
        node = node.message(5, attribute.clone());
    }
    node
}

/// A function of a model.
pub fn function(
    domain: &str,
    name: &str,
    inputs: &[&str],
    outputs: &[&str],
    nodes: &[Message],
) -> Message {
    let mut function = Message::default().text(1, name).text(10, domain);
    for input in inputs {
        function = function.text(4, input);
    }
    for output in outputs {
        function = function.text(5, output);
    }
    for node in nodes {
        function = function.message(7, node.clone());
    }
    function
}
