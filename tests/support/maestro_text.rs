//! Reads MAESTRO's mapping text into layers and mappings of the reference model.
//!
//! ```text
//! Constant KTileSz 4;                       // a name for a number
//! Network any { Layer any {
//!     Type: CONV                            // or TRCONV, DSCONV, NGCONV, GEMM
//!     Stride { X: 2, Y: 2 }                 // optional
//!     Dimensions { K: 64, C: 3, R: 7, S: 7, Y: 224, X: 224 }
//!     Dataflow {
//!         SpatialMap(KTileSz, KTileSz) K;
//!         TemporalMap(Sz(R), 1) Y;          // Sz(R) is the layer's R
//!         Cluster(8, P);
//!         ...
//! } } }
//! ```
//!
//! Colons and commas between a name and its number, and between pairs, may be missing, as they are
//! in published files.

use std::collections::BTreeMap;

use cfxc::cost::maestro::{Directive, Kind, Layer, Mapping, Refusal};
use cfxc::ir::dataflow::MapKind;
use cfxc::ir::dim::Dim;

/// Why a text, or one layer of it, has no mapping.
#[derive(Debug, Clone, PartialEq)]
pub enum TextError {
    /// The text is not a mapping.
    Syntax(String),
    /// The mapping is one the model refuses to take.
    Refused(Refusal),
}

impl From<Refusal> for TextError {
    fn from(refusal: Refusal) -> Self {
        TextError::Refused(refusal)
    }
}

fn syntax<T>(message: impl Into<String>) -> Result<T, TextError> {
    Err(TextError::Syntax(message.into()))
}

/// A layer of a text. What is wrong with one layer does not keep the others from being read.
pub struct TextLayer {
    /// Its name; names may repeat.
    pub name: String,
    /// The layer and how it is mapped.
    pub content: Result<(Layer, Mapping), TextError>,
}

/// All layers of a text.
pub fn parse(text: &str) -> Result<Vec<TextLayer>, TextError> {
    let mut reader = Reader {
        tokens: tokens(text)?,
        at: 0,
        constants: BTreeMap::new(),
    };
    let mut layers = Vec::new();
    while let Some(word) = reader.peek() {
        match word {
            "Constant" => {
                reader.at += 1;
                let name = reader.next()?.to_string();
                let value = reader.value(None)?;
                reader.expect(";")?;
                reader.constants.insert(name, value);
            }
            "Network" => {
                reader.at += 2;
                reader.expect("{")?;
                while reader.peek() != Some("}") {
                    layers.push(reader.layer()?);
                }
                reader.expect("}")?;
            }
            other => return syntax(format!("unexpected `{other}`")),
        }
    }
    if layers.is_empty() {
        syntax("no layers")
    } else {
        Ok(layers)
    }
}

/// The only layer of a text.
pub fn parse_one(text: &str) -> Result<(Layer, Mapping), TextError> {
    let mut layers = parse(text)?;
    match (layers.pop(), layers.is_empty()) {
        (Some(layer), true) => layer.content,
        _ => syntax("more than one layer"),
    }
}

fn tokens(text: &str) -> Result<Vec<&str>, TextError> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        let mut rest = line.split("//").next().unwrap_or("").trim_start();
        while let Some(c) = rest.chars().next() {
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '\'' | '-');
            let len = match c {
                '{' | '}' | '(' | ')' | ',' | ':' | ';' => 1,
                c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
                c => return syntax(format!("unexpected `{c}`")),
            };
            tokens.push(&rest[..len]);
            rest = rest[len..].trim_start();
        }
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    constants: BTreeMap<String, i64>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Result<&'a str, TextError> {
        let token = self
            .peek()
            .ok_or(TextError::Syntax("text ends early".to_string()))?;
        self.at += 1;
        Ok(token)
    }

    fn accept(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), TextError> {
        match self.next()? {
            found if found == token => Ok(()),
            found => syntax(format!("expected `{token}`, found `{found}`")),
        }
    }

    fn dim(&mut self) -> Result<Dim, TextError> {
        let name = self.next()?;
        Dim::parse(name).ok_or(TextError::Syntax(format!("no dimension `{name}`")))
    }

    /// A number, a constant or, inside a layer, `Sz(dimension)`.
    fn value(&mut self, layer: Option<&Layer>) -> Result<i64, TextError> {
        let word = self.next()?;
        if let (true, Some(layer)) = (word == "Sz" && self.accept("("), layer) {
            let dim = self.dim()?;
            self.expect(")")?;
            return match layer.dims[dim] {
                0 => syntax(format!(
                    "`Sz({})` of a layer without {}",
                    dim.name(),
                    dim.name()
                )),
                extent => Ok(extent),
            };
        }
        match self.constants.get(word) {
            Some(value) => Ok(*value),
            None => word
                .parse()
                .or_else(|_| syntax(format!("no value `{word}`"))),
        }
    }

    /// `Layer name { ... }`. Errors inside are the layer's own, as long as its end can be found.
    fn layer(&mut self) -> Result<TextLayer, TextError> {
        self.expect("Layer")?;
        let name = self.next()?.to_string();
        self.expect("{")?;
        let start = self.at;
        let mut depth = 1;
        while depth > 0 {
            match self.next()? {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
        }
        let end = std::mem::replace(&mut self.at, start);
        let content = self.layer_content();
        self.at = end;
        Ok(TextLayer { name, content })
    }

    fn layer_content(&mut self) -> Result<(Layer, Mapping), TextError> {
        let mut layer = Layer::new(Kind::Conv, &[]);
        let mut mapping = Mapping::new();
        while !self.accept("}") {
            match self.next()? {
                "Type" => {
                    self.accept(":");
                    layer.kind = match self.next()? {
                        "CONV" | "TRCONV" => Kind::Conv,
                        "DSCONV" => Kind::Depthwise,
                        "NGCONV" => Kind::Grouped,
                        "GEMM" => Kind::Gemm,
                        other => return syntax(format!("no layer type `{other}`")),
                    };
                }
                "Stride" => {
                    for (dim, stride) in self.pairs()? {
                        layer.stride[dim] = stride;
                    }
                }
                "Dimensions" => {
                    for (dim, extent) in self.pairs()? {
                        // A repeated dimension keeps its first extent.
                        if layer.dims[dim] == 0 {
                            layer.dims[dim] = extent;
                        }
                    }
                }
                "Dataflow" => self.dataflow(&layer, &mut mapping)?,
                other => return syntax(format!("unexpected `{other}`")),
            }
        }
        Ok((layer, mapping))
    }

    /// `{ name: value, ... }`.
    fn pairs(&mut self) -> Result<Vec<(Dim, i64)>, TextError> {
        self.expect("{")?;
        let mut pairs = Vec::new();
        while !self.accept("}") {
            let dim = self.dim()?;
            self.accept(":");
            let value = self.value(None)?;
            if value <= 0 {
                return syntax(format!("{} is {value}", dim.name()));
            }
            self.accept(",");
            pairs.push((dim, value));
        }
        Ok(pairs)
    }

    /// `{ directive; ... }`.
    fn dataflow(&mut self, layer: &Layer, mapping: &mut Mapping) -> Result<(), TextError> {
        self.expect("{")?;
        while !self.accept("}") {
            let word = self.next()?;
            self.expect("(")?;
            let size = self.value(Some(layer))?;
            let kind = match word {
                "Cluster" => {
                    if self.accept(",") {
                        self.next()?;
                    }
                    self.expect(")")?;
                    self.expect(";")?;
                    mapping.cluster(size)?;
                    continue;
                }
                "TemporalMap" => MapKind::Temporal,
                "SpatialMap" => MapKind::Spatial,
                other => return syntax(format!("no directive `{other}`")),
            };
            self.expect(",")?;
            let step = self.value(Some(layer))?;
            self.expect(")")?;
            let dim = self.dim()?;
            self.expect(";")?;
            mapping.push(Directive {
                kind,
                dim,
                size,
                step,
            })?;
        }
        Ok(())
    }
}
