//! `cfxc explain SPEC --layer NAME`: where the price of one layer comes from.

use super::console::Console;
use super::designs;
use super::exit::Exit;
use super::files::Loaded;
use super::locking::{Held, State};
use super::{findings, infeasible};
use crate::base::span::SourceMap;
use crate::cost::{self, CostModel, Price, Refused};
use crate::diag::{Diagnostic, codes};
use crate::emit::account::{self, Explained};
use crate::ir::problem::Problem;
use crate::lock;
use crate::space::Grid;
use std::collections::BTreeSet;

/// The point of the menu, or beside it, that a layer is explained at.
#[derive(Debug, clap::Args)]
pub struct Point {
    /// Which design, if there are several
    #[arg(long, value_name = "NAME", requires = "layer")]
    design: Option<String>,
    /// PEs of the layer's engine
    #[arg(long, value_name = "N", requires = "layer")]
    pes: Option<u64>,
    /// Value of the knob `buffer`
    #[arg(long, value_name = "N", requires = "layer")]
    buffer: Option<u64>,
    /// Value of any knob
    #[arg(long, value_name = "NAME=N", requires = "layer")]
    knob: Vec<String>,
    /// Its dataflow, if the design leaves a choice
    #[arg(long, value_name = "NAME", requires = "layer")]
    dataflow: Option<String>,
}

impl Point {
    /// Whether anything is said.
    pub fn says(&self) -> bool {
        self.design.is_some()
            || self.pes.is_some()
            || self.buffer.is_some()
            || !self.knob.is_empty()
            || self.dataflow.is_some()
    }
}

/// What is said of a layer's point: a dataflow, and a value for each knob.
struct Said {
    dataflow: Option<usize>,
    knobs: Vec<Option<u64>>,
    /// Whether nothing of it is from the command line.
    pinned: bool,
}

impl Said {
    /// Whether it leaves nothing open.
    fn all(&self, problem: &Problem) -> bool {
        let dataflow = self.dataflow.is_some() || problem.dataflows.len() == 1;
        dataflow && self.knobs.iter().all(Option::is_some)
    }
}

pub fn run(spec: &str, layer: &str, point: &Point, console: &Console) -> Exit {
    let (mut loaded, problem) = match designs::only(spec, point.design.as_deref(), console) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let Some(at) = problem.layers.iter().position(|l| l.name == layer) else {
        if problem
            .network
            .graph
            .node_weights()
            .any(|n| n.name == layer)
        {
            let message = format!("`{layer}` costs nothing on the array");
            console.fail(
                Diagnostic::error(codes::WRONG_VALUE, message).help("name a layer that is priced"),
            );
            return Exit::Usage;
        }
        let names = problem.layers.iter().map(|l| l.name.as_str());
        console.fail(designs::unknown("layer", layer, names));
        return Exit::Usage;
    };
    let said = match said(point, &problem, at) {
        Ok(said) => said,
        Err(diagnostic) => {
            console.fail(diagnostic);
            return Exit::Usage;
        }
    };
    let (said, origin) = match decided(spec, &problem, at, said, &mut loaded) {
        Ok(found) => found,
        Err(diagnostic) => {
            let exit = Exit::of(std::slice::from_ref(&diagnostic));
            console.show(&[diagnostic], &loaded.sources);
            return exit;
        }
    };
    explain(&problem, at, &said, origin, console, &loaded.sources)
}

/// What is said, with what the lock decided where nothing is; and in words, where the point is from.
///
/// # Errors
/// A lock that cannot be read.
fn decided(
    spec: &str,
    problem: &Problem,
    layer: usize,
    mut said: Said,
    loaded: &mut Loaded,
) -> Result<(Said, String), Diagnostic> {
    if said.all(problem) {
        let origin = if said.pinned {
            "the point that the design pins"
        } else {
            "the point that is asked for"
        };
        return Ok((said, origin.to_string()));
    }
    let held = Held::open(spec, loaded)?;
    let design = &problem.design;
    let why = match held.as_ref().map(|held| (held.state(problem), held.name())) {
        None | Some((State::Missing, _)) => format!("there is no decision of `{design}`"),
        Some((State::Stale(_), name)) => format!("{name} is out of date"),
        Some((State::Fresh(entry), name)) => match lock::choices(entry, problem) {
            Err(reason) => format!("{name} does not hold: {reason}"),
            Ok(choices) => {
                let (dataflow, values) = &choices[layer];
                let mut changed = Vec::new();
                let chosen = problem.menu.knobs.iter().zip(values);
                for (said, (knob, &value)) in said.knobs.iter_mut().zip(chosen) {
                    if *said.get_or_insert(value) != value {
                        changed.push(format!("{} = {value}", knob.name));
                    }
                }
                if *said.dataflow.get_or_insert(*dataflow) != *dataflow {
                    changed.push(problem.dataflows[*dataflow].name.clone());
                }
                let but = if changed.is_empty() {
                    String::new()
                } else {
                    format!(", but there with {}", changed.join(", "))
                };
                return Ok((said, format!("as decided in {name}{but}")));
            }
        },
    };
    let fits = if said.pinned {
        ""
    } else {
        " that fits what is asked for"
    };
    Ok((said, format!("the fastest point of the menu{fits}; {why}")))
}

/// Reads the options; what they leave open is as pinned.
fn said(point: &Point, problem: &Problem, layer: usize) -> Result<Said, Diagnostic> {
    let mut said = Said {
        dataflow: None,
        knobs: vec![None; problem.menu.knobs.len()],
        pinned: point.dataflow.is_none()
            && point.pes.is_none()
            && point.buffer.is_none()
            && point.knob.is_empty(),
    };
    for pin in problem.pins.iter().filter(|p| p.layer == layer) {
        said.dataflow = pin.dataflow;
        pin.knobs
            .iter()
            .for_each(|&(knob, value)| said.knobs[knob] = Some(value));
    }
    let mut given = BTreeSet::new();
    let mut set =
        |name: &str, value: u64| {
            if !given.insert(name.to_string()) {
                let message = format!("knob `{name}` is given twice");
                return Err(Diagnostic::error(codes::DUPLICATE_FIELD, message)
                    .help("leave one of the two out"));
            }
            let Some(knob) = problem.menu.find(name) else {
                let known = problem.menu.knobs.iter().map(|k| k.name.as_str());
                return Err(designs::unknown("knob", name, known));
            };
            if value == 0 {
                let message = format!("knob `{name}` is at least 1");
                return Err(Diagnostic::error(codes::OUT_OF_RANGE, message)
                    .help("write a whole number from 1"));
            }
            said.knobs[knob] = Some(value);
            Ok(())
        };
    point.pes.map_or(Ok(()), |value| set("pes", value))?;
    point.buffer.map_or(Ok(()), |value| set("buffer", value))?;
    for text in &point.knob {
        let pair = text.split_once('=');
        let Some((name, Ok(value))) = pair.map(|(name, value)| (name, value.parse())) else {
            let message = format!("`{text}` gives no knob a value");
            return Err(Diagnostic::error(codes::WRONG_VALUE, message)
                .help("write `--knob NAME=N`, such as `--knob tile_c=2`"));
        };
        set(name, value)?;
    }
    if let Some(name) = &point.dataflow {
        let wanted = unnamed(name);
        let found = problem
            .dataflows
            .iter()
            .position(|d| d.name == *name || unnamed(&d.name) == wanted);
        let known = problem.dataflows.iter().map(|d| d.name.as_str());
        said.dataflow = Some(found.ok_or_else(|| designs::unknown("dataflow", name, known))?);
    }
    Ok(said)
}

/// The name of a dataflow with the values of its parameters alone, as it may be written:
/// `tiled(4,8)` for `tiled(n = 4, m = 8)`.
fn unnamed(name: &str) -> String {
    let Some((head, arguments)) = name.split_once('(') else {
        return name.to_string();
    };
    let values = arguments.split(',').map(|argument| {
        let value = argument
            .split_once('=')
            .map_or(argument, |(_, value)| value);
        value.split_whitespace().collect::<String>()
    });
    let values: Vec<String> = values.collect();
    format!("{}({}", head.trim(), values.join(","))
}

/// Prices of one layer.
struct Layer<'a> {
    problem: &'a Problem,
    model: Box<dyn CostModel>,
    shape: usize,
}

impl Layer<'_> {
    fn price(&self, dataflow: usize, knobs: &[u64]) -> Result<Price, Refused> {
        let shape = &self.problem.shapes[self.shape];
        let rule = self.problem.rule(self.shape, dataflow);
        let rule = rule.ok_or_else(|| Refused::new("the dataflow does not map it"))?;
        self.model.price(shape, rule, knobs)
    }

    /// The fastest point of the coarse menu that fits what is said; among equals the first.
    fn fastest(&self, said: &Said) -> Result<(usize, Vec<u64>), Refused> {
        let problem = self.problem;
        let grid = Grid::new(&problem.menu, problem.dataflows.len(), false, &[]);
        let mut best: Option<(u64, (usize, Vec<u64>))> = None;
        let mut reason = Refused::new("the menu has no such point");
        for point in grid.coarse_points() {
            let (dataflow, mut knobs) = grid.values(point);
            if said.dataflow.is_some_and(|d| d != dataflow) {
                continue;
            }
            for (value, said) in knobs.iter_mut().zip(&said.knobs) {
                *value = said.unwrap_or(*value);
            }
            match self.price(dataflow, &knobs) {
                Ok(price) if best.as_ref().is_none_or(|b| price.latency_cycles < b.0) => {
                    best = Some((price.latency_cycles, (dataflow, knobs)));
                }
                Ok(_) => {}
                Err(why) => reason = why,
            }
        }
        best.map(|(_, point)| point).ok_or(reason)
    }
}

fn explain(
    problem: &Problem,
    at: usize,
    said: &Said,
    origin: String,
    console: &Console,
    sources: &SourceMap,
) -> Exit {
    let Some(model) = cost::build(problem.model, &problem.technology, problem.precision) else {
        unreachable!("sema knows only registered models")
    };
    let layer = Layer {
        problem,
        model,
        shape: problem.layers[at].shape,
    };
    let refused = |reason: Refused| {
        let name = &problem.layers[at].name;
        let diagnostic = Diagnostic::error(
            codes::NO_PRICE,
            format!(
                "model `{}` has no price for layer `{name}` there",
                problem.model
            ),
        )
        .help("choose another point; `cfxc cost SPEC --menu` shows which have prices");
        let diagnostic = infeasible::at_both(diagnostic, &reason, None, problem, at);
        console.show(&[diagnostic], sources);
        Exit::Wrong
    };
    let (dataflow, knobs) = match layer.fastest(said) {
        Ok(point) => point,
        Err(reason) => return refused(reason),
    };
    let rule = problem.rule(layer.shape, dataflow);
    let account = rule.map(|rule| {
        layer
            .model
            .account(&problem.shapes[layer.shape], rule, &knobs)
    });
    let (price, account) = match (layer.price(dataflow, &knobs), account) {
        (Ok(price), Some(Ok(account))) => (price, account),
        (Err(reason), _) | (_, Some(Err(reason))) => return refused(reason),
        (_, None) => return refused(Refused::new("the dataflow does not map it")),
    };
    if problem.shapes[layer.shape].macs() != Some(price.macs) {
        let other = findings::other_macs(problem, &[(at, [price.macs; 2])]);
        console.show(other.as_slice(), sources);
    }
    let mut next = Vec::new();
    for (k, knob) in problem.menu.knobs.iter().enumerate() {
        let values = knob.values();
        let smaller = values.iter().rev().find(|&&v| v < knobs[k]);
        let larger = values.iter().find(|&&v| v > knobs[k]);
        for &value in smaller.into_iter().chain(larger) {
            let mut changed = knobs.clone();
            changed[k] = value;
            let price = layer.price(dataflow, &changed);
            next.push((k, value, price.map_err(|r| r.reason)));
        }
    }
    for (k, knob) in problem.menu.knobs.iter().enumerate() {
        if !knob.values().contains(&knobs[k]) {
            let menu = &problem.menu.name;
            console.remark(&format!(
                "{} = {} is not in menu {menu}",
                knob.name, knobs[k]
            ));
        }
    }
    let explained = Explained {
        problem,
        layer: at,
        dataflow,
        knobs,
        origin,
        price,
        account,
        next,
    };
    console.print(&account::text(&explained))
}
