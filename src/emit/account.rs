//! The price of one layer explained: its figures term by term, formulas, coefficients and sources,
//! what limits it, and what the next levels of the menu would change.

use super::grid::{Align, Grid};
use super::idle;
use super::inputs;
use super::network::bounds;
use super::number::{amount, grouped, percent, written};
use crate::base::units::Quantity;
use crate::cost::Price;
use crate::cost::account::{Account, Input, Term};
use crate::ir::menu::Menu;
use crate::ir::problem::{Deployment, Problem};
use std::collections::BTreeSet;

/// A layer at a point, and its price there.
pub struct Explained<'a> {
    /// The design.
    pub problem: &'a Problem,
    /// Index of the layer.
    pub layer: usize,
    /// Index of the dataflow.
    pub dataflow: usize,
    /// Values of the knobs in the order of the menu.
    pub knobs: Vec<u64>,
    /// Where the point is from, in words.
    pub origin: String,
    /// Its price.
    pub price: Price,
    /// The price term by term.
    pub account: Account,
    /// Prices at the next level of one knob: knob, value, price or why there is none.
    pub next: Vec<(usize, u64, Result<Price, String>)>,
}

/// An amount in a formula: counts and bytes whole, all else in a fitting unit.
fn shown(quantity: Quantity, value: f64) -> String {
    let whole = value >= 0.0 && value.fract() == 0.0 && value < 1e15;
    match quantity {
        Quantity::Count if whole => grouped(value as u64),
        Quantity::Bytes if whole => format!("{} B", grouped(value as u64)),
        Quantity::Cycles if value == 1.0 => "1 cycle".to_string(),
        Quantity::Cycles if whole => format!("{} cycles", grouped(value as u64)),
        quantity => amount(quantity, value),
    }
}

/// A coefficient as it was written, not rounded.
fn coefficient(i: &Input) -> String {
    match (i.quantity, i.value) {
        (Quantity::Cycles, 1.0) => "1 cycle".to_string(),
        (quantity, value) => written(quantity, value),
    }
}

fn input(i: &Input) -> String {
    format!("{} = {}", i.name, shown(i.quantity, i.value))
}

/// The terms of one figure, with their shares.
fn figure(
    name: &str,
    quantity: Quantity,
    sum: f64,
    note: &str,
    terms: &[Term],
    account: &Account,
    out: &mut String,
) {
    out.push_str(&format!("\n{name}  {}{note}\n", amount(quantity, sum)));
    let mut grid = Grid::new([
        ("", Align::Right),
        ("", Align::Right),
        ("", Align::Left),
        ("", Align::Left),
    ]);
    for term in terms {
        let share = if sum > 0.0 {
            percent(term.value / sum)
        } else {
            String::new()
        };
        let equals = format!("= {}", term.formula);
        grid.push(vec![
            amount(quantity, term.value),
            share,
            term.name.to_string(),
            equals,
        ]);
    }
    for (line, term) in grid.lines().into_iter().zip(terms) {
        out.push_str(&format!("  {line}\n"));
        // What moves has formulas of its own, further down.
        if quantity == Quantity::Energy && term.value > 0.0 {
            under(line.find("= "), "  ", &numbers(term), out);
        }
    }
    with(terms.iter(), account, out);
}

/// A line in pieces of up to so many characters, each but the first beginning with a `+` below the
/// place `at`.
fn broken(line: &str, at: usize, most: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut depth = 0;
    let mut piece = String::new();
    for part in line.split_inclusive(' ') {
        if part == "+ " && depth == 0 {
            pieces.push(std::mem::take(&mut piece));
        }
        depth += part.matches('(').count();
        depth -= part.matches(')').count();
        piece.push_str(part);
    }
    pieces.push(piece);
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(last) if last.len() + piece.trim_end().len() <= most => last.push_str(&piece),
            Some(_) => lines.push(format!("{:at$}{piece}", "")),
            None => lines.push(piece),
        }
    }
    lines.iter().map(|l| l.trim_end().to_string()).collect()
}

/// A formula's numbers below it.
fn under(at: Option<usize>, indent: &str, numbers: &str, out: &mut String) {
    let at = at.unwrap_or(0);
    out.push_str(&format!("{indent}{:at$}= {numbers}\n", ""));
}

/// A formula with what its names stand for.
fn numbers(term: &Term) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in term.formula.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() || "._'".contains(c) {
            word.push(c);
            continue;
        }
        match term.inputs.iter().find(|i| i.name == word) {
            Some(i) if is_coefficient(i) => out.push_str(&coefficient(i)),
            Some(i) => out.push_str(&shown(i.quantity, i.value)),
            None => out.push_str(&word),
        }
        word.clear();
        out.push(c);
    }
    out.trim_end().to_string()
}

/// What stands in formulas and has none of its own. Coefficients have a list of their own.
fn with<'a>(terms: impl Iterator<Item = &'a Term>, account: &Account, out: &mut String) {
    let told = [&account.moved, &account.memories].into_iter().flatten();
    let shared = account.shared.iter();
    let told = told.chain(shared.filter(|(_, q)| *q != Quantity::Energy));
    let mut seen: BTreeSet<&str> = told.map(|(term, _)| term.label()).collect();
    let own = terms.flat_map(|t| &t.inputs);
    let own = own.filter(|i| !is_coefficient(i) && seen.insert(&i.name));
    let own: Vec<String> = own.map(input).collect();
    wrapped("  with ", &own, out);
}

/// The formulas of counts and bytes, under heads that are the names of their terms.
fn counts(name: &str, terms: &[(Term, Quantity)], out: &mut String) {
    if terms.is_empty() {
        return;
    }
    out.push_str(&format!("\n{name}\n"));
    let columns = [("", Align::Left), ("", Align::Right), ("", Align::Left)];
    let mut grid = Grid::new(columns);
    for (term, quantity) in terms {
        grid.push(vec![
            term.label().to_string(),
            shown(*quantity, term.value),
            format!("= {}", term.formula),
        ]);
    }
    let mut head = "";
    // What the layer and its precision give stands in many formulas; all else is shown in its own.
    let given = |i: &Input| !i.name.contains('_') || i.name.starts_with("bytes_of_");
    let told: BTreeSet<&str> = terms.iter().map(|(term, _)| term.label()).collect();
    let own = |i: &&Input| !told.contains(i.name.as_str());
    for (line, (term, _)) in grid.lines().into_iter().zip(terms) {
        if head != term.name {
            head = term.name;
            out.push_str(&format!("  {head}\n"));
        }
        let at = line.find("= ").unwrap_or(0);
        for part in broken(&line, at, 110) {
            out.push_str(&format!("    {part}\n"));
        }
        if term.inputs.iter().filter(own).any(|i| !given(i)) {
            under(Some(at), "    ", &numbers(term), out);
        }
    }
    let given = |i: &&Input| given(i) && !is_coefficient(i) && own(i);
    let mut given: Vec<String> = terms
        .iter()
        .flat_map(|(term, _)| term.inputs.iter().filter(given).map(input))
        .collect();
    let mut seen = BTreeSet::new();
    given.retain(|text| seen.insert(text.clone()));
    wrapped("  with ", &given, out);
}

fn is_coefficient(i: &Input) -> bool {
    i.name.contains('.') || i.name == "clock"
}

/// Texts separated by commas, in lines of up to a hundred characters.
fn wrapped(head: &str, texts: &[String], out: &mut String) {
    let mut line = head.to_string();
    for (at, text) in texts.iter().enumerate() {
        if line.len() + text.len() > 100 && line.len() > head.len() {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(head.len());
        }
        line.push_str(text);
        if at + 1 < texts.len() {
            line.push_str(", ");
        }
    }
    if !texts.is_empty() {
        out.push_str(&line);
        out.push('\n');
    }
}

/// Everything, for people.
pub fn text(e: &Explained) -> String {
    let problem = e.problem;
    let layer = &problem.layers[e.layer];
    let shape = &problem.shapes[layer.shape];
    let knobs = problem.menu.knobs.iter().zip(&e.knobs);
    let knobs: Vec<String> = knobs.map(|(k, v)| format!("{} = {v}", k.name)).collect();
    let mut out = format!(
        "{} of {}: {} {{ {} }}\nat {} under {}; model {}, technology {}\n{}\n",
        layer.name,
        problem.design,
        shape.op.name(),
        bounds(shape),
        knobs.join(", "),
        problem.dataflows[e.dataflow].name,
        problem.model,
        problem.technology.name,
        e.origin
    );
    // Tiles, which stand in most formulas, follow from these.
    if let Some(rule) = problem.rule(layer.shape, e.dataflow) {
        let directives = inputs::levels(&rule.levels, &problem.menu.knobs);
        wrapped("tiles from  ", &directives, &mut out);
    }
    let (price, clock) = (&e.price, problem.technology.clock_hz());
    let time = format!(
        ", {} at {}",
        amount(Quantity::Time, price.latency_cycles as f64 / clock),
        amount(Quantity::Frequency, clock)
    );
    let cycles = price.latency_cycles as f64;
    let account = &e.account;
    figure(
        "latency",
        Quantity::Cycles,
        cycles,
        &time,
        &account.latency,
        account,
        &mut out,
    );
    let of_time = [Quantity::Cycles, Quantity::Count];
    shared(account, &of_time, "", &mut out);
    figure(
        "energy",
        Quantity::Energy,
        price.energy_nj,
        "",
        &account.energy,
        account,
        &mut out,
    );
    counts("what is computed and moved", &account.moved, &mut out);
    figure(
        "area",
        Quantity::Area,
        price.area_um2,
        "",
        &account.area,
        account,
        &mut out,
    );
    counts("what the memories hold", &account.memories, &mut out);
    figure(
        "power",
        Quantity::Power,
        price.power_mw,
        "",
        &account.power,
        account,
        &mut out,
    );
    if problem.deployment == Deployment::Sequential {
        out.push_str(
            "  area and power are those of an engine for this layer alone; the design's one engine has what\n  \
             each of its layers needs\n",
        );
    }
    shared(
        account,
        &[Quantity::Energy],
        "\nenergy of a byte read or written\n",
        &mut out,
    );
    coefficients(e, &mut out);
    out.push_str(&format!("\nwhat limits it\n  {}\n", limit(e)));
    if let Some(rule) = problem.rule(layer.shape, e.dataflow) {
        for idle in idle::units(problem, rule, shape, &e.knobs) {
            out.push_str(&format!("  {idle}\n"));
        }
    }
    for (figure, terms) in [("energy", &account.energy), ("area", &account.area)] {
        if let Some((term, share)) = largest(terms) {
            let most = most_of(term, figure, account);
            let name = term.name;
            out.push_str(&format!("  {figure}: {name}, {}{most}\n", percent(share)));
        }
    }
    nearby(e, &mut out);
    out
}

/// The formulas of what stands in others, under a head.
fn shared(account: &Account, wanted: &[Quantity], head: &str, out: &mut String) {
    let all = account.shared.iter().filter(|(_, q)| wanted.contains(q));
    for (at, (term, quantity)) in all.enumerate() {
        if at == 0 {
            out.push_str(head);
        }
        let own = term.inputs.iter().filter(|i| !is_coefficient(i));
        let own: Vec<String> = own.map(input).collect();
        let with = if own.is_empty() { "" } else { ", with " };
        out.push_str(&format!(
            "  {} = {}{with}{}\n",
            input(&Input::new(term.label(), term.value, *quantity)),
            term.formula,
            own.join(", ")
        ));
    }
}

/// Every coefficient that stands in a formula, with its source.
fn coefficients(e: &Explained, out: &mut String) {
    let account = &e.account;
    let groups = [
        &account.latency,
        &account.energy,
        &account.area,
        &account.power,
    ];
    let terms = groups
        .into_iter()
        .flatten()
        .chain(account.shared.iter().map(|(t, _)| t));
    let technology = &e.problem.technology;
    // Cycles are told as time.
    let clock = Input::new("clock", technology.clock_hz(), Quantity::Frequency);
    let mut seen = BTreeSet::new();
    let mut sources: Vec<(&str, Grid)> = Vec::new();
    let inputs = terms.flat_map(|t| &t.inputs).chain([&clock]);
    for i in inputs.filter(|i| is_coefficient(i)) {
        if !seen.insert(&i.name) {
            continue;
        }
        let source = match technology.coefficients.get(&i.name) {
            None => "the model's defaults",
            Some(c) => c.source.as_deref().unwrap_or("no source given"),
        };
        let at = sources.iter().position(|(s, _)| *s == source);
        let at = at.unwrap_or_else(|| {
            sources.push((source, Grid::new([("", Align::Left), ("", Align::Left)])));
            sources.len() - 1
        });
        let grid = &mut sources[at].1;
        grid.push(vec![i.name.clone(), coefficient(i)]);
    }
    out.push_str(&format!("\ncoefficients of {}\n", technology.name));
    for (source, grid) in sources {
        out.push_str(&format!("  {source}\n"));
        for line in grid.lines() {
            out.push_str(&format!("    {line}\n"));
        }
    }
}

/// The largest part of the cycles, and how many of the PEs' MACs come of it.
fn limit(e: &Explained) -> String {
    let Some(largest) = e.account.limit() else {
        return "nothing that the model tells".to_string();
    };
    let at_work = &e.account.at_work;
    let own = e.problem.shapes[e.problem.layers[e.layer].shape].macs();
    let pes = e.knobs[Menu::PES];
    // More than all can only come of MACs that the model counts beyond the layer's.
    let more = if at_work.value > pes as f64 && own.is_some_and(|own| e.price.macs > own) {
        format!(
            " (more than there are: model `{}` counts some products more than once here, W0701)",
            e.problem.model
        )
    } else {
        String::new()
    };
    format!(
        "{}: {} of the cycles; {} of {} PEs at work on average, {}{more}",
        largest.name,
        percent(largest.value / e.price.latency_cycles as f64),
        amount(Quantity::Count, at_work.value),
        grouped(pes),
        at_work.formula
    )
}

/// The largest of some terms, and its share of all.
fn largest(terms: &[Term]) -> Option<(&Term, f64)> {
    let all: f64 = terms.iter().map(|t| t.value).sum();
    let mut terms = terms.iter();
    let first = terms.next()?;
    let largest = terms.fold(first, |l, t| if t.value > l.value { t } else { l });
    (all > 0.0).then_some((largest, largest.value / all))
}

/// Of a term of energy: what it is mostly spent on, if it is a sum of counts.
fn most_of(term: &Term, figure: &str, account: &Account) -> String {
    let told = |i: &&Input| account.moved.iter().any(|(t, _)| t.label() == i.name);
    let counts: Vec<&Input> = term.inputs.iter().filter(told).collect();
    let all: f64 = counts.iter().map(|i| i.value).sum();
    let is_sum = term.formula.matches(" + ").count() + 1 == counts.len();
    let most = counts.iter().max_by(|a, b| a.value.total_cmp(&b.value));
    match most {
        Some(most) if figure == "energy" && counts.len() > 1 && is_sum && all > 0.0 => {
            let share = percent(most.value / all);
            format!(", of which {} are {share}", most.name)
        }
        _ => String::new(),
    }
}

/// What the next level of each knob would change.
fn nearby(e: &Explained, out: &mut String) {
    if e.next.is_empty() {
        return;
    }
    let change = |before: f64, after: f64| {
        let percents = (after / before - 1.0) * 100.0;
        if before == after {
            "same".to_string()
        } else if before == 0.0 {
            "from 0".to_string()
        } else if percents.abs() < 0.05 {
            format!("{}0.0 %", if percents < 0.0 { "-" } else { "+" })
        } else {
            format!("{percents:+.1} %")
        }
    };
    let mut grid = Grid::new([
        ("knob", Align::Left),
        ("value", Align::Right),
        ("latency", Align::Right),
        ("energy", Align::Right),
        ("area", Align::Right),
        ("power", Align::Right),
    ]);
    let mut refused = Vec::new();
    for (knob, value, price) in &e.next {
        let name = &e.problem.menu.knobs[*knob].name;
        match price {
            Ok(p) => grid.push(vec![
                name.clone(),
                value.to_string(),
                change(e.price.latency_cycles as f64, p.latency_cycles as f64),
                change(e.price.energy_nj, p.energy_nj),
                change(e.price.area_um2, p.area_um2),
                change(e.price.power_mw, p.power_mw),
            ]),
            Err(reason) => refused.push(format!("{name} = {value} has no price: {reason}")),
        }
    }
    out.push_str("\nnext to it in the menu\n");
    for line in grid.lines().into_iter().chain(refused) {
        out.push_str(&format!("  {line}\n"));
    }
}
