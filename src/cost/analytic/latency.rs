//! The cycles of model `analytic` term by term: steps, and what they wait for.

use super::super::account::{Input, Term};
use super::nest::{SLOTS, slot_names};
use super::price::Analytic;
use super::spent::{Breakdown, Spell, Spent, Told};
use super::window::{Amount, Idle, Link};
use crate::base::units::Quantity;
use crate::ir::layer::Op;
use std::collections::BTreeMap;

/// So many kinds of spells of a term are told one by one; the rest as a sum.
const TOLD: usize = 3;

/// A formula of its own behind an input of a term.
pub type Shared = (Term, Quantity);

/// So many spells of this many cycles each.
struct Part {
    times: u64,
    each: u64,
    /// Cycles of one, in the names of the inputs.
    formula: String,
    inputs: Vec<Input>,
}

struct Maker<'a> {
    model: &'a Analytic,
    /// How often a name has been used.
    names: BTreeMap<&'static str, usize>,
    /// Names of the amounts that occurred.
    known: BTreeMap<(&'static str, Told), String>,
    terms: Vec<Term>,
    shared: Vec<Shared>,
}

/// The terms, which add up to the cycles, and the formulas of what stands in them.
pub fn terms(model: &Analytic, op: Op, breakdown: &Breakdown) -> (Vec<Term>, Vec<Shared>) {
    let mut maker = Maker {
        model,
        names: BTreeMap::new(),
        known: BTreeMap::new(),
        terms: Vec::new(),
        shared: Vec::new(),
    };
    let whole = maker.whole_step(op, &breakdown.tile);
    maker.computing(&breakdown.steps, whole);
    maker.network(&breakdown.steps);
    maker.off_chip(&breakdown.passes);
    (maker.terms, maker.shared)
}

impl Maker<'_> {
    /// A name that no other amount has.
    fn fresh(&mut self, stem: &'static str) -> String {
        let count = self.names.entry(stem).or_default();
        *count += 1;
        match *count {
            1 => stem.to_string(),
            n => format!("{stem}_{n}"),
        }
    }

    /// Cycles of the step in which every PE has all it can hold.
    fn whole_step(&mut self, op: Op, tile: &[u64; SLOTS]) -> u64 {
        let lanes = self.model.coefficient("mac.lanes");
        let names = slot_names(op).into_iter().zip(tile);
        let mut inputs: Vec<Input> = names
            .filter(|(_, extent)| **extent > 1)
            .map(|(name, &extent)| Input::count(&format!("{name}_of_a_PE"), extent))
            .collect();
        // Extents that all fit, or the layer would have no price.
        let macs: u64 = tile.iter().product();
        let whole = macs.div_ceil(self.model.array.lanes);
        let factors: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
        let macs = if factors.is_empty() {
            "1".to_string()
        } else {
            factors.join(" x ")
        };
        let formula = format!("ceil({macs} / mac.lanes)");
        inputs.push(lanes);
        let term = Term::new("whole_step", whole as f64, &formula, inputs);
        self.shared.push((term, Quantity::Cycles));
        let told = Told::of(whole, 0, 0);
        self.known
            .insert(("cut_step", told), "whole_step".to_string());
        whole
    }

    /// A step's computing cycles by name.
    fn step(&mut self, cycles: u64) -> Input {
        let told = Told::of(cycles, 0, 0);
        Input::cycles(&self.name("cut_step", told), cycles)
    }

    /// The name of an amount, always the same.
    fn name(&mut self, stem: &'static str, told: Told) -> String {
        if let Some(name) = self.known.get(&(stem, told)) {
            return name.clone();
        }
        let name = self.fresh(stem);
        self.known.insert((stem, told), name.clone());
        name
    }

    /// A transfer by name; its formula is told once.
    fn transfer(&mut self, stem: &'static str, told: Told, network: bool) -> Input {
        let new = !self.known.contains_key(&(stem, told));
        let name = self.name(stem, told);
        if new && told.bits > 0 {
            let bytes = format!("{name}_bytes");
            let (formula, inputs) = self.link(&bytes, told, network);
            let term = Term {
                label: Some(name.clone()),
                ..Term::new("a transfer", told.cycles as f64, &formula, inputs)
            };
            self.shared.push((term, Quantity::Cycles));
        }
        Input::cycles(&name, told.cycles)
    }

    /// Cycles of a transfer over one of the links.
    fn link(&self, bytes: &str, told: Told, network: bool) -> (String, Vec<Input>) {
        let moved = Input::bytes(bytes, told.bits as f64 / 8.0);
        if !network {
            let width = self.model.coefficient("offchip.width");
            let formula = format!("ceil({bytes} / offchip.width)");
            return (formula, vec![moved, width]);
        }
        let mut formula = String::new();
        let mut inputs = Vec::new();
        let latency = self.model.array.noc_latency;
        if latency > 0 {
            formula.push_str("noc.hops x noc.hop_latency + ");
            inputs.push(self.model.coefficient("noc.hops"));
            inputs.push(self.model.coefficient("noc.hop_latency"));
        }
        // Sums are added on their way, one addition a cycle.
        let additions = told.latency.saturating_sub(latency);
        if additions > 0 {
            formula.push_str("additions + ");
            inputs.push(Input::cycles("additions", additions));
        }
        formula.push_str(&format!("ceil({bytes} / noc.width)"));
        inputs.extend([moved, self.model.coefficient("noc.width")]);
        (formula, inputs)
    }

    /// A term of these parts, the largest one by one; nothing if they come to nothing.
    fn term(&mut self, name: &'static str, times: &'static str, rest: &str, mut parts: Vec<Part>) {
        // Products and sums are parts of a price, which fits.
        let total: u64 = parts.iter().map(|p| p.times * p.each).sum();
        if total == 0 {
            return;
        }
        let mut formula = String::new();
        let mut inputs: Vec<Input> = Vec::new();
        let more = parts.split_off(parts.len().min(TOLD));
        for part in parts {
            if !formula.is_empty() {
                formula.push_str(" + ");
            }
            let mut of_part = part.inputs;
            if part.times > 1 {
                let told = Told::of(part.times, 0, 0);
                let count = self.name(times, told);
                formula.push_str(&format!("{count} x "));
                of_part.insert(0, Input::count(&count, part.times));
            }
            formula.push_str(&part.formula);
            for input in of_part {
                if inputs.iter().all(|i| i.name != input.name) {
                    inputs.push(input);
                }
            }
        }
        let more: u64 = more.iter().map(|p| p.times * p.each).sum();
        if more > 0 {
            formula.push_str(&format!(" + {rest}"));
            inputs.push(Input::cycles(rest, more));
        }
        self.terms
            .push(Term::new(name, total as f64, &formula, inputs));
    }

    /// Steps by the cycles they compute.
    fn computing(&mut self, steps: &Spent, whole: u64) {
        let mut times: BTreeMap<u64, u64> = BTreeMap::new();
        for (spell, n) in &steps.0 {
            if let Spell::Step { computing, .. } = spell {
                *times.entry(*computing).or_default() += n;
            }
        }
        let mut all: Vec<(u64, u64)> = times.into_iter().collect();
        // Whole steps first, then those that take longest.
        all.sort_by_key(|&(each, n)| (each != whole, std::cmp::Reverse(each * n)));
        let named = all.iter().enumerate().map(|(at, &(each, times))| {
            // Names are for what is told.
            let step = (at < TOLD).then(|| self.step(each));
            Part {
                times,
                each,
                formula: step.as_ref().map_or(String::new(), |s| s.name.clone()),
                inputs: step.into_iter().collect(),
            }
        });
        let parts = named.collect();
        self.term("computing", "steps", "other_steps", parts);
    }

    /// What steps wait for over the network.
    fn network(&mut self, steps: &Spent) {
        let mut waits: BTreeMap<(u64, &'static str, Told), u64> = BTreeMap::new();
        for (&spell, n) in &steps.0 {
            let Spell::Step {
                computing,
                load,
                store,
                link: Link::Duplex,
            } = spell
            else {
                continue;
            };
            let (stem, longer) = if store.cycles > load.cycles {
                ("store", store)
            } else {
                ("load", load)
            };
            if longer.cycles > computing {
                *waits.entry((computing, stem, longer)).or_default() += n;
            }
        }
        let mut waits: Vec<_> = waits.into_iter().collect();
        let lost = |((computing, _, told), n): &((u64, &str, Told), u64)| {
            std::cmp::Reverse((told.cycles - computing) * n)
        };
        waits.sort_by_key(lost);
        let mut parts = Vec::new();
        for (at, ((computing, stem, told), times)) in waits.into_iter().enumerate() {
            let each = told.cycles - computing;
            let (formula, inputs) = if at < TOLD {
                let moved = self.transfer(stem, told, true);
                let step = self.step(computing);
                (
                    format!("({} - {})", moved.name, step.name),
                    vec![moved, step],
                )
            } else {
                Default::default()
            };
            parts.push(Part {
                times,
                each,
                formula,
                inputs,
            });
        }
        self.term("waiting for the network", "waits", "other_waits", parts);
        for (why, name, stem) in [
            (Idle::Filling, "filling the PEs before a pass", "fill"),
            (Idle::Emptying, "emptying the PEs behind a pass", "drain"),
            (
                Idle::Exposed,
                "moving what PEs have one buffer for",
                "exposed",
            ),
        ] {
            self.idle(steps, why, true, name, stem);
        }
    }

    /// Spells in which nothing computes.
    fn idle(
        &mut self,
        spent: &Spent,
        wanted: Idle,
        network: bool,
        name: &'static str,
        stem: &'static str,
    ) {
        let mut all: Vec<(Told, u64)> = Vec::new();
        for (&spell, &n) in &spent.0 {
            match spell {
                Spell::Idle(why, told) if why == wanted => all.push((told, n)),
                _ => {}
            }
        }
        all.sort_by_key(|(told, n)| std::cmp::Reverse(told.cycles * n));
        let mut parts = Vec::new();
        for (at, &(told, times)) in all.iter().enumerate() {
            let moved = (at < TOLD).then(|| self.transfer(stem, told, network));
            parts.push(Part {
                times,
                each: told.cycles,
                formula: moved.as_ref().map_or(String::new(), |m| m.name.clone()),
                inputs: moved.into_iter().collect(),
            });
        }
        let (times, rest) = match (network, wanted) {
            (true, Idle::Filling) => ("passes", "other_fills"),
            (true, Idle::Emptying) => ("passes", "other_drains"),
            (true, Idle::Exposed) => ("moves", "other_moves"),
            (false, _) => ("times", "other_times"),
        };
        self.term(name, times, rest, parts);
    }

    /// What passes wait for over the link to off-chip memory.
    fn off_chip(&mut self, passes: &Spent) {
        let mut waits = Vec::new();
        for (&spell, &n) in &passes.0 {
            if let Spell::Step {
                computing,
                load,
                store,
                link: Link::Shared,
            } = spell
                && load.cycles + store.cycles > computing
            {
                let lost = load.cycles + store.cycles - computing;
                waits.push((lost, n, computing, load, store));
            }
        }
        waits.sort_by_key(|(lost, n, ..)| std::cmp::Reverse(lost * n));
        let mut parts = Vec::new();
        for (at, &(each, times, computing, load, store)) in waits.iter().enumerate() {
            let (mut formula, mut inputs) = (String::new(), Vec::new());
            if at < TOLD {
                for (stem, told) in [("off_chip_load", load), ("off_chip_store", store)] {
                    if told.cycles > 0 {
                        inputs.push(self.transfer(stem, told, false));
                    }
                }
                let moved: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
                let pass = self.name("pass", Told::of(computing, 0, 0));
                formula = format!("({} - {pass})", moved.join(" + "));
                inputs.push(Input::cycles(&pass, computing));
            }
            parts.push(Part {
                times,
                each,
                formula,
                inputs,
            });
        }
        let (name, rest) = ("waiting for off-chip memory", "other_waits_off_chip");
        self.term(name, "waits_off_chip", rest, parts);
        for (why, name, stem) in [
            (
                Idle::Filling,
                "first load from off-chip memory",
                "first_load",
            ),
            (
                Idle::Emptying,
                "last store to off-chip memory",
                "last_store",
            ),
            (
                Idle::Exposed,
                "moving what shared memory has one buffer for",
                "exposed_off_chip",
            ),
        ] {
            self.idle(passes, why, false, name, stem);
        }
    }
}
