//! Walks a model in the order its nodes run: shapes, small values, layers, and which layer takes
//! from which.

use super::known::{Constant, Dim, Given, Known, View};
use super::made::{Made, Refusal};
use super::model::{Attributes, Graph, Model, Names, Node, Stated, Value};
use super::open::OpenDims;
use super::operators;
use super::order;
use super::parse::{MOST_NODES, Parser};
use super::wire::{Part, Source};
use crate::diag::{Diagnostic, codes};
use crate::import::FreeOperator;
use crate::ir::layer::LayerShape;
use std::collections::HashMap;
use std::rc::Rc;

/// More layers a network may not have.
const MOST_LAYERS: usize = MOST_NODES;

/// Graphs in graphs and functions in functions, at most so deep.
const MOST_DEPTH: usize = 16;

/// So many values are computed at most; models need a few for each node.
const MOST_VALUES: usize = 20_000_000;

/// A tensor that comes from more layers than these gets a node of its own for the join, so that
/// edges stay linear in the nodes.
const WIDEST_JOIN: usize = 256;

/// Once so many edges are there, every join gets a node.
const MANY_EDGES: usize = 500_000;

/// So many errors are told of one model.
const MOST_ERRORS: usize = 20;

/// So many warnings are.
const MOST_WARNINGS: usize = 1000;

/// A node of the imported network, and the nodes it takes from, by position.
#[derive(Debug, Clone)]
pub struct Vertex {
    /// Unique.
    pub name: String,
    /// The layer's bounds; `None` for a join of layers.
    pub shape: Option<LayerShape>,
    /// Without doubles, in order.
    pub inputs: Rc<[u32]>,
}

/// Everything that came out of a model.
#[derive(Debug, Default)]
pub struct Walked {
    /// Layers and joins, each behind those it takes from.
    pub vertices: Vec<Vertex>,
    /// Operators that cost nothing.
    pub free: Vec<FreeOperator>,
    /// Warnings, and errors.
    pub found: Vec<Diagnostic>,
}

/// A tensor during the walk.
#[derive(Debug, Clone, Default)]
struct Slot {
    known: Known,
    /// Vertices it comes from.
    from: Option<Rc<[u32]>>,
    /// Whether something gave it.
    given: bool,
    /// Why not all of its shape is known: the node at fault, by position in `lost`.
    lost: Option<u32>,
}

/// The names of a graph, and those of the graphs around it.
struct Scope<'s> {
    names: &'s Names,
    slots: &'s [usize],
    outer: Option<&'s Scope<'s>>,
}

impl Scope<'_> {
    fn find(&self, name: &str) -> Option<usize> {
        match self.names.find(name) {
            Some(number) => self.slots.get(number as usize).copied(),
            None => self.outer?.find(name),
        }
    }
}

/// How a graph is reached.
struct Call<'c> {
    /// Before the names of its nodes.
    prefix: &'c str,
    /// Attributes of a function's caller.
    attributes: Option<&'c Attributes>,
    depth: usize,
}

pub struct Walker<'a, 'f> {
    source: &'a mut Source<'f>,
    parser: Parser,
    functions: HashMap<(String, String), Rc<Graph>>,
    open: &'a mut OpenDims,
    slots: Vec<Slot>,
    /// Descriptions of nodes that lost a shape; `None` for those already reported.
    lost: Vec<Option<String>>,
    names: HashMap<String, usize>,
    edges: usize,
    ran: usize,
    values: usize,
    errors: usize,
    warnings: usize,
    out: Walked,
}

/// The walk cannot go on; why is among what was found.
pub struct Stop;

type Walk<T> = Result<T, Stop>;

impl<'a, 'f> Walker<'a, 'f> {
    /// Walks a whole model.
    pub fn run(
        model: Model,
        source: &'a mut Source<'f>,
        parser: Parser,
        open: &'a mut OpenDims,
    ) -> Walked {
        let mut walker = Walker {
            source,
            parser,
            functions: model.functions,
            open,
            slots: Vec::new(),
            lost: Vec::new(),
            names: HashMap::new(),
            edges: 0,
            ran: 0,
            values: 0,
            errors: 0,
            warnings: 0,
            out: Walked::default(),
        };
        if let Some(graph) = &model.graph {
            let slots = walker.fresh(graph.names.count());
            walker.weights(graph, &slots);
            for input in &graph.inputs {
                let slot = &mut walker.slots[slots[input.name as usize]];
                // Old models list their weights among the inputs.
                if !slot.given {
                    slot.given = true;
                    slot.known.shape = input.shape.as_ref().map(|s| walker.open.shape(s));
                    if slot.known.shape.as_ref().is_none_or(|s| s.contains(&None)) {
                        let text = format!(
                            "the model does not state it for its input `{}`",
                            graph.names.text(input.name)
                        );
                        walker.lost.push(Some(text));
                        slot.lost = Some(walker.lost.len() as u32 - 1);
                    }
                }
            }
            let call = Call {
                prefix: "",
                attributes: None,
                depth: 0,
            };
            let _ = walker.graph(graph, &slots, None, &call);
        }
        walker.out
    }

    fn fresh(&mut self, count: usize) -> Vec<usize> {
        let first = self.slots.len();
        self.slots.resize_with(first + count, Slot::default);
        (first..first + count).collect()
    }

    fn weights(&mut self, graph: &Graph, slots: &[usize]) {
        for (name, tensor) in &graph.initializers {
            let slot = &mut self.slots[slots[*name as usize]];
            slot.given = true;
            slot.known = Known {
                shape: Some(tensor.dims.iter().map(|&d| Some(d)).collect()),
                value: Constant::of(tensor).map(Rc::new),
                fixed: true,
            };
        }
    }

    fn error(&mut self, diagnostic: Diagnostic) -> Walk<()> {
        self.out.found.push(diagnostic);
        self.errors += 1;
        if self.errors < MOST_ERRORS {
            Ok(())
        } else {
            Err(Stop)
        }
    }

    fn stop<T>(&mut self, diagnostic: Diagnostic) -> Walk<T> {
        self.out.found.push(diagnostic);
        Err(Stop)
    }

    fn warn(&mut self, diagnostic: Diagnostic) {
        self.warnings += 1;
        if self.warnings <= MOST_WARNINGS {
            self.out.found.push(diagnostic);
        }
    }

    /// Runs the nodes of a graph whose inputs and weights are given.
    fn graph(
        &mut self,
        graph: &Graph,
        slots: &[usize],
        outer: Option<&Scope>,
        call: &Call,
    ) -> Walk<()> {
        if call.depth > MOST_DEPTH {
            return self.stop(
                Diagnostic::error(
                    codes::IMPORT,
                    format!("graphs or functions of the model nest deeper than {MOST_DEPTH}"),
                )
                .help("export the model without functions in functions"),
            );
        }
        let scope = Scope {
            names: &graph.names,
            slots,
            outer,
        };
        let given: Vec<bool> = slots.iter().map(|&s| self.slots[s].given).collect();
        let order = match order::order(graph, &given) {
            Ok(order) => order,
            Err(diagnostic) => return self.stop(diagnostic),
        };
        let mut stated: HashMap<u32, &Stated> = HashMap::new();
        for s in graph.values.iter().chain(&graph.outputs) {
            stated.insert(s.name, s);
        }
        for at in order {
            self.ran += 1;
            if self.ran > MOST_NODES {
                return self.stop(
                    Diagnostic::error(
                        codes::IMPORT,
                        format!("with its functions written out, the model has more than {MOST_NODES} nodes"),
                    )
                    .help("import a part of the model"),
                );
            }
            let node = &graph.nodes[at];
            self.node(node, &scope, call)?;
            for &output in &node.outputs {
                if output != 0
                    && let Some(stated) = stated.get(&output)
                {
                    self.agree(slots[output as usize], stated);
                }
            }
        }
        Ok(())
    }

    /// Takes from what the model states what could not be inferred.
    fn agree(&mut self, slot: usize, stated: &Stated) {
        let slot = &mut self.slots[slot];
        let Some(extents) = &stated.shape else { return };
        let open = |shape: &[Dim]| shape.contains(&None);
        let shape = match &slot.known.shape {
            None => self.open.shape(extents),
            Some(shape) if open(shape) && shape.len() == extents.len() => {
                let told = self.open.shape(extents);
                shape
                    .iter()
                    .zip(told.iter())
                    .map(|(a, b)| a.or(*b))
                    .collect()
            }
            Some(_) => return,
        };
        if !open(&shape) {
            slot.lost = None;
        }
        slot.known.shape = Some(shape);
    }

    fn node(&mut self, node: &Node, scope: &Scope, call: &Call) -> Walk<()> {
        let own = |number: u32| scope.slots[number as usize];
        let inputs: Vec<Option<usize>> = node
            .inputs
            .iter()
            .map(|&n| (n != 0).then(|| own(n)))
            .collect();
        let outputs: Vec<Option<usize>> = node
            .outputs
            .iter()
            .map(|&n| (n != 0).then(|| own(n)))
            .collect();
        let attributes = resolved(node, call.attributes);
        let key = (node.domain.to_string(), node.op.to_string());
        let function = match operators::is_known_domain(&node.domain) {
            true => None,
            false => self.functions.get(&key).map(Rc::clone),
        };
        let label = label(node, scope.names, call.prefix);
        if let Some(body) = function {
            return self.function(&body, &attributes, &inputs, &outputs, &label, call.depth);
        }
        match &*node.op {
            "If" => return self.branch(node, &attributes, &inputs, &outputs, scope, &label, call),
            "Loop" | "Scan" | "SequenceMap" => {
                self.not_counted(
                    &label,
                    &node.op,
                    "it runs a graph of its own, which is not counted",
                    "unroll it when exporting the model, or count its layers by hand",
                );
                self.give(&outputs, &inputs, Vec::new(), &label, &node.op, false);
                return Ok(());
            }
            _ => {}
        }
        self.plain(node, &attributes, &inputs, &outputs, &label)
    }

    /// An operator without a graph of its own.
    fn plain(
        &mut self,
        node: &Node,
        attributes: &Attributes,
        inputs: &[Option<usize>],
        outputs: &[Option<usize>],
        label: &str,
    ) -> Walk<()> {
        let known_domain = operators::is_known_domain(&node.domain);
        let (layers, results) = {
            let view = View {
                node,
                attributes,
                inputs: inputs
                    .iter()
                    .map(|i| i.map(|i| &self.slots[i].known))
                    .collect(),
            };
            if known_domain {
                let most = MOST_LAYERS.saturating_sub(self.out.vertices.len());
                (operators::layers(&view, most), operators::results(&view))
            } else {
                (None, None)
            }
        };
        let misfit = |text: &str| {
            Diagnostic::error(
                codes::MODEL_SHAPE,
                format!(
                    "operator `{}` of node `{label}` does not fit its operands: {text}",
                    node.op
                ),
            )
            .help("check how the model was exported, and the sizes given with `dim`")
        };
        let from = self.sources(inputs, label)?;
        let mut last: Option<Rc<[u32]>> = None;
        let mut reported = false;
        let costs = layers.is_some();
        match layers {
            None => {}
            Some(Ok(made)) => last = self.layers(made, label, &from)?,
            Some(Err(Refusal::Misfit(text))) => {
                self.error(misfit(&text))?;
                reported = true;
            }
            Some(Err(Refusal::Unknown(operand))) => {
                reported = true;
                self.unknown(node, inputs, operand, label)?;
            }
            Some(Err(Refusal::Beyond(why))) => {
                self.not_counted(
                    label,
                    &node.op,
                    &why,
                    "count it by hand, or leave it out of the model",
                );
            }
        }
        let given = match results {
            Some(Ok(given)) => given,
            Some(Err(_)) if reported => Vec::new(),
            Some(Err(text)) => {
                self.error(misfit(&text))?;
                reported = true;
                Vec::new()
            }
            None => {
                if !costs {
                    let what = if node.domain.is_empty() {
                        "ONNX".to_string()
                    } else {
                        format!("`{}`", node.domain)
                    };
                    let why = format!("no operator of this name in {what} is known");
                    self.not_counted(
                        label,
                        &node.op,
                        &why,
                        "if it costs something on the array, count it by hand",
                    );
                }
                Vec::new()
            }
        };
        for g in &given {
            self.values += g.value.as_ref().map_or(0, |v| v.data.count());
        }
        if self.values > MOST_VALUES {
            return self.stop(
                Diagnostic::error(
                    codes::IMPORT,
                    format!("the model computes more than {MOST_VALUES} values from its constants"),
                )
                .help("fold its constants before importing it"),
            );
        }
        let counted = last.is_some();
        let from = last.unwrap_or(from);
        self.give_from(outputs, inputs, given, label, &node.op, reported, from);
        let fixed = outputs.iter().flatten().all(|&o| self.slots[o].known.fixed);
        if !counted && !fixed {
            self.out.free.push(FreeOperator {
                name: label.to_string(),
                op: node.op.to_string(),
            });
        }
        Ok(())
    }

    fn not_counted(&mut self, label: &str, op: &str, why: &str, help: &str) {
        self.warn(
            Diagnostic::warning(
                codes::NOT_UNDERSTOOD,
                format!("operator `{op}` of node `{label}` is not counted: {why}"),
            )
            .help(help),
        );
    }

    fn unknown(
        &mut self,
        node: &Node,
        inputs: &[Option<usize>],
        operand: usize,
        label: &str,
    ) -> Walk<()> {
        let lost = inputs
            .get(operand)
            .copied()
            .flatten()
            .and_then(|s| self.slots[s].lost);
        let why = match lost.map(|l| &self.lost[l as usize]) {
            // The reason was told already.
            Some(None) => return Ok(()),
            Some(Some(why)) => why.clone(),
            None => "nothing states it".to_string(),
        };
        self.error(
            Diagnostic::error(
                codes::MODEL_SHAPE,
                format!("the shape of operand {operand} of node `{label}` (`{}`) is not known: {why}", node.op),
            )
            .help("run shape inference when exporting, so that the model states the shape, or cut the model there"),
        )
    }

    /// The vertices that operands come from.
    fn sources(&mut self, inputs: &[Option<usize>], label: &str) -> Walk<Rc<[u32]>> {
        let mut first: Option<Rc<[u32]>> = None;
        let mut all: Vec<u32> = Vec::new();
        for &slot in inputs.iter().flatten() {
            let slot = &self.slots[slot];
            let Some(from) = slot.from.as_ref().filter(|_| !slot.known.fixed) else {
                continue;
            };
            match &first {
                None => first = Some(Rc::clone(from)),
                Some(have) if Rc::ptr_eq(have, from) => {}
                Some(have) => {
                    if all.is_empty() {
                        all.extend_from_slice(have);
                    }
                    all.extend_from_slice(from);
                }
            }
        }
        let Some(first) = first else {
            return Ok(Rc::from([]));
        };
        if all.is_empty() {
            return Ok(first);
        }
        all.sort_unstable();
        all.dedup();
        let widest = if self.edges > MANY_EDGES {
            1
        } else {
            WIDEST_JOIN
        };
        let all: Rc<[u32]> = all.into();
        if all.len() <= widest {
            return Ok(all);
        }
        let join = self.vertex(&format!("{label}/join"), None, all)?;
        Ok(Rc::from([join]))
    }

    fn vertex(&mut self, name: &str, shape: Option<LayerShape>, inputs: Rc<[u32]>) -> Walk<u32> {
        if self.out.vertices.len() >= MOST_LAYERS {
            return self.stop(
                Diagnostic::error(
                    codes::IMPORT,
                    format!("the model has more than {MOST_LAYERS} layers"),
                )
                .help("import a part of the model"),
            );
        }
        self.edges += inputs.len();
        let name = self.unique(name);
        self.out.vertices.push(Vertex {
            name,
            shape,
            inputs,
        });
        Ok(self.out.vertices.len() as u32 - 1)
    }

    /// A name that no other vertex has.
    fn unique(&mut self, name: &str) -> String {
        let count = self.names.entry(name.to_string()).or_insert(0);
        *count += 1;
        if *count == 1 {
            return name.to_string();
        }
        loop {
            let count = self.names.entry(name.to_string()).or_insert(1);
            let other = format!("{name}#{count}");
            *count += 1;
            if self.names.contains_key(&other) {
                continue;
            }
            self.names.insert(other.clone(), 1);
            self.warn(
                Diagnostic::warning(
                    codes::RENAMED,
                    format!("the model calls several layers `{name}`; this one is `{other}` here"),
                )
                .help("give every node of the model a name of its own"),
            );
            return other;
        }
    }

    /// Adds the layers of a node. Gives the vertices that its results come from; `None` if there
    /// are no layers.
    fn layers(
        &mut self,
        made: Vec<Made>,
        label: &str,
        from: &Rc<[u32]>,
    ) -> Walk<Option<Rc<[u32]>>> {
        let mut places: Vec<u32> = Vec::new();
        let mut last = vec![true; made.len()];
        for layer in &made {
            for &at in &layer.after {
                last[at] = false;
            }
        }
        for layer in made {
            let name = match layer.suffix.as_str() {
                "" => label.to_string(),
                suffix => format!("{label}/{suffix}"),
            };
            let inputs = if layer.after.is_empty() {
                Rc::clone(from)
            } else {
                let mut inputs: Vec<u32> = layer.after.iter().map(|&at| places[at]).collect();
                if layer.operands {
                    inputs.extend_from_slice(from);
                }
                inputs.sort_unstable();
                inputs.dedup();
                inputs.into()
            };
            places.push(self.vertex(&name, Some(layer.shape), inputs)?);
        }
        let ends = places.iter().zip(&last).filter(|(_, last)| **last);
        let ends: Rc<[u32]> = ends.map(|(&p, _)| p).collect();
        Ok((!ends.is_empty()).then_some(ends))
    }

    fn give(
        &mut self,
        outputs: &[Option<usize>],
        inputs: &[Option<usize>],
        given: Vec<Given>,
        label: &str,
        op: &str,
        reported: bool,
    ) {
        let from = self.sources(inputs, label).unwrap_or_else(|_| Rc::from([]));
        self.give_from(outputs, inputs, given, label, op, reported, from);
    }

    /// Notes what is known of a node's results.
    #[allow(
        clippy::too_many_arguments,
        reason = "all of a node and what was found of it"
    )]
    fn give_from(
        &mut self,
        outputs: &[Option<usize>],
        inputs: &[Option<usize>],
        given: Vec<Given>,
        label: &str,
        op: &str,
        reported: bool,
        from: Rc<[u32]>,
    ) {
        let fixed = inputs.iter().flatten().all(|&i| self.slots[i].known.fixed);
        let lost_before = inputs.iter().flatten().find_map(|&i| self.slots[i].lost);
        let mut given = given.into_iter();
        for output in outputs {
            let given = given.next().unwrap_or_default();
            let Some(output) = *output else { continue };
            let open = given.shape.as_ref().is_none_or(|s| s.contains(&None));
            let lost = match lost_before {
                _ if !open => None,
                Some(before) if !reported => Some(before),
                _ => {
                    let why = (!reported).then(|| {
                        format!("it follows from the data that node `{label}` (`{op}`) sees")
                    });
                    self.lost.push(why);
                    Some(self.lost.len() as u32 - 1)
                }
            };
            let fixed = fixed || given.value.is_some();
            self.slots[output] = Slot {
                known: Known {
                    shape: given.shape,
                    value: given.value.map(Rc::new),
                    fixed,
                },
                from: (!fixed && !from.is_empty()).then(|| Rc::clone(&from)),
                given: true,
                lost,
            };
        }
    }

    /// A call of a function of the model: its body stands in its place.
    fn function(
        &mut self,
        body: &Rc<Graph>,
        attributes: &Attributes,
        inputs: &[Option<usize>],
        outputs: &[Option<usize>],
        label: &str,
        depth: usize,
    ) -> Walk<()> {
        let mut slots = self.fresh(body.names.count());
        for (formal, actual) in body
            .inputs
            .iter()
            .zip(inputs.iter().chain(std::iter::repeat(&None)))
        {
            match actual {
                Some(actual) => slots[formal.name as usize] = *actual,
                // Left out: it is there and nothing is known of it.
                None => self.slots[slots[formal.name as usize]].given = true,
            }
        }
        let mut all = attributes.clone();
        for (name, value) in &body.defaults {
            if !all.iter().any(|(n, _)| n == name) {
                all.push((Rc::clone(name), value.clone()));
            }
        }
        let prefix = format!("{label}/");
        let call = Call {
            prefix: &prefix,
            attributes: Some(&all),
            depth: depth + 1,
        };
        self.graph(body, &slots, None, &call)?;
        self.copy(&body.outputs, &slots, outputs);
        Ok(())
    }

    fn copy(&mut self, formal: &[Stated], slots: &[usize], outputs: &[Option<usize>]) {
        for (formal, output) in formal.iter().zip(outputs) {
            if let Some(output) = output {
                self.slots[*output] = Slot {
                    given: true,
                    ..self.slots[slots[formal.name as usize]].clone()
                };
            }
        }
    }

    /// `If`: the branch that is taken stands in its place, if the condition follows from the model.
    #[allow(clippy::too_many_arguments, reason = "all of a node")]
    fn branch(
        &mut self,
        node: &Node,
        attributes: &Attributes,
        inputs: &[Option<usize>],
        outputs: &[Option<usize>],
        scope: &Scope,
        label: &str,
        call: &Call,
    ) -> Walk<()> {
        let taken = {
            let view = View {
                node,
                attributes,
                inputs: inputs
                    .iter()
                    .map(|i| i.map(|i| &self.slots[i].known))
                    .collect(),
            };
            operators::truth(&view, 0)
        };
        let wanted = match taken {
            Some(true) => "then_branch",
            Some(false) => "else_branch",
            None => {
                self.not_counted(
                    label,
                    &node.op,
                    "which of its graphs runs depends on data",
                    "export the model for the case that is wanted",
                );
                self.give(outputs, inputs, Vec::new(), label, &node.op, false);
                return Ok(());
            }
        };
        let part = attributes.iter().find_map(|(n, v)| match v {
            Value::Graph(part) if **n == *wanted => Some(*part),
            _ => None,
        });
        let graph = match part.map(|part: Part| self.parser.graph(self.source, part)) {
            Some(Ok(graph)) => graph,
            Some(Err(damage)) => return self.stop(super::damaged(&damage)),
            None => {
                return self.stop(super::damaged(&super::wire::Damage(format!(
                    "node `{label}` has no `{wanted}`"
                ))));
            }
        };
        let mut slots = self.fresh(graph.names.count());
        let mut own = vec![false; graph.names.count()];
        let mark = graph.nodes.iter().flat_map(|n| n.outputs.iter().copied());
        for name in mark.chain(graph.initializers.iter().map(|(n, _)| *n)) {
            own[name as usize] = true;
        }
        for (name, own) in own.iter().enumerate() {
            let text = graph.names.text(name as u32);
            if let (false, Some(slot)) = (*own, scope.find(text)) {
                slots[name] = slot;
            }
        }
        self.weights(&graph, &slots);
        let inner = Call {
            prefix: call.prefix,
            attributes: call.attributes,
            depth: call.depth + 1,
        };
        self.graph(&graph, &slots, Some(scope), &inner)?;
        self.copy(&graph.outputs, &slots, outputs);
        Ok(())
    }
}

/// What a node is called: its own name, or that of its first result.
fn label(node: &Node, names: &Names, prefix: &str) -> String {
    let own = if node.name.is_empty() {
        let first = node.outputs.iter().find(|&&o| o != 0);
        first.map_or(&*node.op, |&o| names.text(o))
    } else {
        &node.name
    };
    let text = format!("{prefix}{own}");
    if text.chars().any(char::is_control) {
        // Names stand on one line.
        text.replace(char::is_control, "_")
    } else {
        text
    }
}

/// A node's attributes, those of a function's caller put in.
fn resolved(node: &Node, caller: Option<&Attributes>) -> Attributes {
    let mut all = Attributes::new();
    for (name, value) in &node.attributes {
        let value = match value {
            Value::OfCaller(wanted) => {
                let found = caller.and_then(|c| c.iter().find(|(n, _)| **n == **wanted));
                match found {
                    Some((_, value)) => value.clone(),
                    None => continue,
                }
            }
            value => value.clone(),
        };
        all.push((Rc::clone(name), value));
    }
    all
}
