//! Walks a model in the order its nodes run: shapes, small values, layers, and which layer takes
//! from which.

mod inline;
mod shapes;
mod subgraph;
mod vertices;

use super::attributes;
use super::known::{Constant, Given, Known, View};
use super::made::Refusal;
use super::model::{Attributes, Graph, Model, Node, Stated, has_control};
use super::open::{OpenDims, place};
use super::operators;
use super::order;
use super::parse::{MOST_NODES, Parser};
use super::wire::Source;
use crate::diag::{Diagnostic, codes};
use crate::ir::layer::LayerShape;
use crate::ir::network::{Sources, Vertex};
use hashbrown::{DefaultHashBuilder, HashTable};
use shapes::Lost;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;
use subgraph::Trial;

/// More layers a network may not have.
const MOST_LAYERS: usize = MOST_NODES;

/// Graphs in graphs and functions in functions, at most so deep.
const MOST_DEPTH: usize = 16;

/// So many values are computed at most; models need a few for each node.
const MOST_VALUES: usize = 8_000_000;

/// With functions written out, a model has at most so many tensors.
const MOST_SLOTS: usize = 8 * MOST_NODES;

/// So many errors are told of one model.
const MOST_ERRORS: usize = 20;

/// So many warnings are.
const MOST_WARNINGS: usize = 1000;

/// Everything that came out of a model.
#[derive(Debug, Default)]
pub struct Walked {
    /// Layers and free operators, each behind those it takes from.
    pub vertices: Vec<Vertex>,
    /// Warnings, and errors.
    pub found: Vec<Diagnostic>,
}

/// A tensor during the walk.
#[derive(Debug, Clone, Default)]
struct Slot {
    known: Known,
    /// Vertices it comes from.
    from: Option<Sources>,
    /// Whether something gave it.
    given: bool,
    /// Why not all of its shape is known: the node at fault, by position in `lost`.
    lost: Option<u32>,
}

/// The names of a graph, and those of the graphs around it.
struct Scope<'s> {
    graph: &'s Graph,
    slots: &'s [usize],
    outer: Option<&'s Scope<'s>>,
}

impl Scope<'_> {
    fn find(&self, name: &str) -> Option<usize> {
        match self.graph.names.find(name) {
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

/// A node with its operands and results as slots; `None` where one is left out.
struct Site<'n> {
    node: &'n Node,
    /// Those of a function's caller put in.
    attributes: Cow<'n, Attributes>,
    inputs: SmallVec<[Option<usize>; 4]>,
    outputs: SmallVec<[Option<usize>; 4]>,
    /// Before the node's name.
    prefix: &'n str,
    /// Where it stands.
    graph: &'n Graph,
}

impl Site<'_> {
    /// What the node is called.
    fn label(&self) -> String {
        let name = match self.graph.name(self.node) {
            name if self.node.name.is_some() && !self.graph.has_control => name.into(),
            name => on_one_line(name),
        };
        match self.prefix {
            "" => name.into_owned(),
            prefix => format!("{}{name}", on_one_line(prefix)),
        }
    }

    /// What a tensor is called.
    fn tensor(&self, name: u32) -> &str {
        self.graph.names.text(name)
    }
}

/// A model on the way to its layers.
pub struct Walker<'a, 'f> {
    source: &'a mut Source<'f>,
    parser: Parser,
    functions: HashMap<(String, String), Rc<Graph>>,
    open: &'a mut OpenDims,
    slots: Vec<Slot>,
    /// Descriptions of nodes that lost a shape; `None` for those already reported.
    lost: Vec<Option<Lost>>,
    /// Vertices whose names are taken, by those.
    taken: HashTable<u32>,
    key: DefaultHashBuilder,
    /// The last number that the name of a vertex was given with, if it was given again.
    again: HashMap<u32, usize>,
    /// The shape of the last layer: mostly there are many of it.
    shape: Option<Rc<LayerShape>>,
    /// So many of the vertices are layers.
    layers: usize,
    ran: usize,
    values: usize,
    errors: usize,
    warnings: usize,
    /// A graph is walked only to see what it gives.
    trial: Option<Trial>,
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
            taken: HashTable::new(),
            key: DefaultHashBuilder::default(),
            again: HashMap::new(),
            shape: None,
            layers: 0,
            ran: 0,
            values: 0,
            errors: 0,
            warnings: 0,
            trial: None,
            out: Walked::default(),
        };
        if let Some(graph) = &model.graph {
            let Ok(slots) = walker.fresh(graph.names.count()) else {
                return walker.out;
            };
            walker.weights(graph, &slots);
            for input in &graph.inputs {
                let slot = &mut walker.slots[slots[input.name as usize]];
                // Old models list their weights among the inputs.
                if !slot.given {
                    slot.given = true;
                    slot.known.shape = input.shape.as_ref().map(|s| walker.open.shape(s));
                    let name = graph.names.text(input.name);
                    if let (Some(value), Some(shape)) = (walker.open.value(name), &slot.known.shape)
                    {
                        slot.known.value = Constant::scalar(value).under(shape).map(Rc::new);
                        slot.known.fixed = true;
                    }
                    if slot.known.shape.as_ref().is_none_or(|s| s.contains(&None)) {
                        walker.lost.push(Some(Lost {
                            why: format!("the model does not state it for its input `{name}`"),
                            place: Some(place(name, 0)),
                            whole: true,
                        }));
                        slot.lost = Some(walker.lost.len() as u32 - 1);
                    }
                }
            }
            let call = Call {
                prefix: "",
                attributes: None,
                depth: 0,
            };
            let given = |name: u32| walker.slots[slots[name as usize]].given;
            if let Some(missing) = order::output(graph, &given) {
                walker.out.found.push(missing);
            }
            let nodes = walker.written_out(graph, 0, &mut HashMap::new());
            let _ = match nodes > MOST_NODES {
                true => walker.too_many_nodes(),
                false => {
                    walker.reserve(nodes);
                    walker.graph(graph, &slots, None, &call)
                }
            };
        }
        if walker.errors == 0 {
            walker.name_free();
        }
        if let Some(more) = walker
            .warnings
            .checked_sub(MOST_WARNINGS)
            .filter(|&n| n > 0)
        {
            let message = format!("{more} more warnings of this model are not listed");
            walker
                .out
                .found
                .push(Diagnostic::warning(codes::NOT_UNDERSTOOD, message).help(
                    "what is not understood is not counted; the first ones show of what kind it is",
                ));
        }
        walker.out
    }

    /// Slots for the tensors of a graph.
    fn fresh(&mut self, count: usize) -> Walk<Vec<usize>> {
        let first = self.slots.len();
        if first.saturating_add(count) > MOST_SLOTS {
            return self.too_much(format!("the model has more than {MOST_SLOTS} tensors"));
        }
        self.slots.resize_with(first + count, Slot::default);
        Ok((first..first + count).collect())
    }

    fn weights(&mut self, graph: &Graph, slots: &[usize]) {
        for (name, tensor) in &graph.initializers {
            let slot = &mut self.slots[slots[*name as usize]];
            slot.given = true;
            slot.known = Known {
                shape: Some(tensor.dims.iter().map(|&d| Some(d)).collect()),
                value: Constant::of(tensor).map(Rc::new),
                fixed: true,
                ..Known::default()
            };
        }
    }

    fn error(&mut self, diagnostic: Diagnostic) -> Walk<()> {
        // What a graph that may never run does not fit is no mistake.
        if let Some(trial) = &mut self.trial {
            trial.costs(1);
            return Ok(());
        }
        self.errors += 1;
        if self.errors < MOST_ERRORS {
            self.out.found.push(diagnostic);
            return Ok(());
        }
        let help = diagnostic.help.clone().unwrap_or_default();
        self.stop(diagnostic.help(format!(
            "{help}; {MOST_ERRORS} mistakes are told, and what stands behind the last was not looked at"
        )))
    }

    fn stop<T>(&mut self, diagnostic: Diagnostic) -> Walk<T> {
        self.out.found.push(diagnostic);
        Err(Stop)
    }

    fn warn(&mut self, diagnostic: Diagnostic) {
        if self.trial.is_some() {
            return;
        }
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
            graph,
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
                return self.too_many_nodes();
            }
            let node = &graph.nodes[at];
            self.node(node, &scope, call)?;
            for &output in &node.outputs {
                if output != 0
                    && let Some(stated) = stated.get(&output)
                {
                    self.agree(slots[output as usize], stated);
                }
                if output != 0 && self.open.knows_data() {
                    self.fill(slots[output as usize], graph.names.text(output));
                }
            }
        }
        Ok(())
    }

    fn node(&mut self, node: &Node, scope: &Scope, call: &Call) -> Walk<()> {
        let slots = |names: &[u32]| -> SmallVec<[Option<usize>; 4]> {
            let slot = |&n: &u32| (n != 0).then(|| scope.slots[n as usize]);
            names.iter().map(slot).collect()
        };
        let site = Site {
            node,
            attributes: inline::resolved(node, call.attributes),
            inputs: slots(&node.inputs),
            outputs: slots(&node.outputs),
            prefix: call.prefix,
            graph: scope.graph,
        };
        if scope.graph.has_control && node.name.is_some() && has_control(scope.graph.name(node)) {
            let (shown, help) = (site.label(), "give the node a name of one line");
            self.warn(
                Diagnostic::warning(
                    codes::RENAMED,
                    format!("`{shown}` has control characters in the model, which are `_` here"),
                )
                .help(help),
            );
        }
        if !self.functions.is_empty() {
            let key = (node.domain.to_string(), node.op.to_string());
            let body = self.functions.get(&key).map(Rc::clone);
            if let Some(body) = body.filter(|_| !operators::is_known(&self.view(&site))) {
                return self.function(&body, &site, call.depth);
            }
        }
        match &*node.op {
            "If" => self.branch(&site, scope, call),
            "Loop" => self.repeated(&site, scope, call),
            "Scan" => self.scanned(&site, scope, call),
            "SequenceMap" => self.mapped(&site, scope, call),
            _ => self.plain(&site),
        }
    }

    fn view<'v>(&'v self, site: &'v Site) -> View<'v> {
        let known = |slot: &Option<usize>| slot.map(|slot| &self.slots[slot].known);
        View {
            node: site.node,
            attributes: &site.attributes,
            inputs: site.inputs.iter().map(known).collect(),
        }
    }

    /// An operator without a graph of its own.
    fn plain(&mut self, site: &Site) -> Walk<()> {
        if site.node.domain.is_empty() && !site.attributes.is_empty() {
            if let Some(text) = attributes::misfit(&site.attributes) {
                self.misfit(site, &text)?;
                let from = self.sources(site);
                self.give(site, Vec::new(), true, from);
                return Ok(());
            }
            let unread = attributes::unread(&self.view(site));
            for (name, near) in unread {
                self.no_attribute(site, &name, near);
            }
        }
        let (layers, results) = {
            let view = self.view(site);
            let most = MOST_LAYERS.saturating_sub(self.layers);
            // What follows from the model alone is computed once, and not by the array.
            let fixed = view.inputs.iter().flatten().all(|k| k.fixed);
            let given = view.inputs.iter().flatten().next().is_some();
            let layers = operators::layers(&view, most).filter(|_| !(fixed && given));
            (layers, operators::results(&view))
        };
        if results.is_some() && site.outputs.iter().all(Option::is_none) {
            return self.misfit(site, "it has no result");
        }
        let mut from = self.sources(site);
        let mut last: Option<Sources> = None;
        let mut reported = false;
        // What nobody counts is not known to cost nothing.
        let mut uncounted = false;
        let costs = layers.is_some();
        match layers {
            None => {}
            Some(Ok(made)) => last = self.layers(made, site, &from)?,
            Some(Err(Refusal::Misfit(text))) => {
                self.misfit(site, &text)?;
                reported = true;
            }
            Some(Err(Refusal::Unknown(operand))) => {
                self.unknown(site, operand)?;
                reported = true;
            }
            Some(Err(Refusal::Beyond(why))) => {
                let help = "count it by hand, or leave it out of the model";
                self.not_counted(site, &why, help);
                uncounted = true;
            }
        }
        let given = match results {
            Some(Ok(given)) => given,
            Some(Err(_)) if reported => Vec::new(),
            Some(Err(text)) => {
                self.misfit(site, &text)?;
                reported = true;
                Vec::new()
            }
            None if costs => Vec::new(),
            None => {
                let why = match &*site.node.domain {
                    "" => "ONNX has no operator of this name that is known here".to_string(),
                    other => format!("the operators of `{other}` are not known here"),
                };
                let help = "if it costs something on the array, count it by hand";
                self.not_counted(site, &why, help);
                uncounted = true;
                Vec::new()
            }
        };
        let values = computed(&self.view(site), &given);
        self.values += values;
        if self.values > MOST_VALUES {
            let most = format!("more than {MOST_VALUES} values");
            return self.too_much(format!("the model computes {most} from its constants"));
        }
        if let Some(last) = last {
            from = last;
        } else if uncounted {
            from = self.joined(site, from);
        } else if !self.is_fixed(site, &given) {
            from = self.free(site, from);
        }
        self.give(site, given, reported, from);
        Ok(())
    }

    /// Whether all results of a node follow from the model alone.
    fn is_fixed(&self, site: &Site, given: &[Given]) -> bool {
        let mut inputs = site.inputs.iter().flatten();
        inputs.all(|&i| self.slots[i].known.fixed)
            || (0..site.outputs.len())
                .filter(|&o| site.outputs[o].is_some())
                .all(|o| given.get(o).is_some_and(|g| g.value.is_some()))
    }

    fn too_much<T>(&mut self, text: String) -> Walk<T> {
        let diagnostic = Diagnostic::error(codes::IMPORT, text);
        self.stop(diagnostic.help("import a part of the model, or simplify it before"))
    }

    fn misfit(&mut self, site: &Site, text: &str) -> Walk<()> {
        let (op, label) = (&site.node.op, site.label());
        self.error(
            Diagnostic::error(
                codes::MODEL_SHAPE,
                format!("operator `{op}` of node `{label}` does not fit its operands: {text}"),
            )
            .help("check how the model was exported, and the sizes given with `dim`"),
        )
    }

    fn no_attribute(&mut self, site: &Site, name: &str, near: Option<&str>) {
        let (op, label) = (&site.node.op, site.label());
        let told = format!("operator `{op}` of node `{label}` has no attribute `{name}`");
        let help = match near {
            Some(near) => format!("did you mean `{near}`? As it is it has no effect"),
            None => "it has no effect; leave it out".to_string(),
        };
        self.warn(Diagnostic::warning(codes::NOT_UNDERSTOOD, told).help(help));
    }

    fn not_counted(&mut self, site: &Site, why: &str, help: &str) {
        if let Some(trial) = &mut self.trial {
            trial.costs(1);
        }
        let (op, label) = (&site.node.op, site.label());
        self.warn(
            Diagnostic::warning(
                codes::NOT_UNDERSTOOD,
                format!("operator `{op}` of node `{label}` is not counted: {why}"),
            )
            .help(help),
        );
    }
}

/// How many values a node took to compute its own: its results, and operands that are long.
fn computed(view: &View, given: &[Given]) -> usize {
    let results = given.iter().flat_map(|g| &g.value);
    let count: usize = results.map(|v| v.data.count()).sum();
    let parts = given.iter().flat_map(|g| &g.parts);
    let count = count + parts.map(|p| p.len()).sum::<usize>();
    if count == 0 {
        return 0;
    }
    let operands = view.inputs.iter().flatten().flat_map(|k| &k.value);
    let long = operands.map(|v| v.data.count()).filter(|&c| c > 64);
    count + long.sum::<usize>()
}

/// A name as it stands on one line.
fn on_one_line(name: &str) -> Cow<'_, str> {
    if has_control(name) {
        name.replace(char::is_control, "_").into()
    } else {
        name.into()
    }
}
