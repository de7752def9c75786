//! The price of one layer explained: its figures term by term, formulas, coefficients and sources,
//! what limits it, and what the next levels of the menu would change.

use super::grid::{Align, Grid};
use super::network::bounds;
use super::number::{amount, grouped, percent};
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
    /// Its price.
    pub price: Price,
    /// The price term by term.
    pub account: Account,
    /// Prices at the next level of one knob: knob, value, price or why there is none.
    pub next: Vec<(usize, u64, Result<Price, String>)>,
}

/// An amount in a formula: counts and bytes whole, all else in a fitting unit.
fn input(i: &Input) -> String {
    let whole = i.value >= 0.0 && i.value.fract() == 0.0 && i.value < 1e15;
    let shown = match i.quantity {
        Quantity::Count if whole => grouped(i.value as u64),
        Quantity::Bytes if whole => format!("{} B", grouped(i.value as u64)),
        Quantity::Cycles if whole => format!("{} cycles", grouped(i.value as u64)),
        quantity => amount(quantity, i.value),
    };
    format!("{} = {shown}", i.name)
}

/// The terms of one figure, with their shares.
fn figure(name: &str, quantity: Quantity, sum: f64, note: &str, terms: &[Term], out: &mut String) {
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
    for line in grid.lines() {
        out.push_str(&format!("  {line}\n"));
    }
    let mut seen = BTreeSet::new();
    let inputs = terms.iter().flat_map(|t| &t.inputs);
    // Coefficients have a list of their own.
    let own = inputs.filter(|i| !is_coefficient(i) && seen.insert(i.name.clone()));
    let own: Vec<String> = own.map(input).collect();
    wrapped("  with ", &own, out);
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
        "{} of {}: {} {{ {} }}\nat {} under {}; model {}, technology {}\n",
        layer.name,
        problem.design,
        shape.op.name(),
        bounds(shape),
        knobs.join(", "),
        problem.dataflows[e.dataflow].name,
        problem.model,
        problem.technology.name
    );
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
        &mut out,
    );
    shared(account, Quantity::Cycles, "", &mut out);
    figure(
        "energy",
        Quantity::Energy,
        price.energy_nj,
        "",
        &account.energy,
        &mut out,
    );
    figure(
        "area",
        Quantity::Area,
        price.area_um2,
        "",
        &account.area,
        &mut out,
    );
    figure(
        "power",
        Quantity::Power,
        price.power_mw,
        "",
        &account.power,
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
        Quantity::Energy,
        "\nenergy of a byte read or written\n",
        &mut out,
    );
    coefficients(e, &mut out);
    out.push_str(&format!("\nwhat limits it\n  {}\n", limit(e)));
    nearby(e, &mut out);
    out
}

/// The formulas of what stands in others, under a head.
fn shared(account: &Account, wanted: Quantity, head: &str, out: &mut String) {
    let all = account.shared.iter().filter(|(_, q)| *q == wanted);
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
    let mut seen = BTreeSet::new();
    let mut sources: Vec<(&str, Grid)> = Vec::new();
    for i in terms.flat_map(|t| &t.inputs).filter(|i| is_coefficient(i)) {
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
        grid.push(vec![i.name.clone(), amount(i.quantity, i.value)]);
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
    let price = &e.price;
    let cycles = price.latency_cycles as f64;
    let mut largest: Option<&Term> = None;
    for term in &e.account.latency {
        if largest.is_none_or(|l| term.value > l.value) {
            largest = Some(term);
        }
    }
    let Some(largest) = largest else {
        return "nothing that the model tells".to_string();
    };
    format!(
        "{}: {} of the cycles; {} of {} PEs at work on average",
        largest.name,
        percent(largest.value / cycles),
        amount(Quantity::Count, price.active_pes),
        grouped(e.knobs[Menu::PES])
    )
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
