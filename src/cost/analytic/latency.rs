//! The cycles of model `analytic` term by term: steps, and what they wait for.

use super::super::account::Input;
use super::super::teller::{Key, Part, TOLD, Teller, by_weight};
use super::counts::{self, Counts};
use super::moved::SHARERS;
use super::nest::{OUTPUT, SLOTS, slot_names};
use super::price::Analytic;
use super::spent::{Breakdown, Spell, Spent, Times, Told};
use super::window::{Idle, Link};
use crate::ir::layer::Op;
use std::collections::BTreeMap;

struct Maker<'a> {
    model: &'a Analytic,
    counts: Counts<'a>,
    teller: Teller,
    transfers: Vec<Named>,
}

/// Transfers that are told as one, and how often there are such.
type Alike = (Told, Times);

/// Adds transfers to those that are told as one with them.
fn add<K: Ord>(all: &mut BTreeMap<K, Alike>, kind: K, told: Told, n: u64) {
    let alike = all.entry(kind).or_insert_with(|| (told, Times::default()));
    alike.1.add(n, &[told.made.when]);
}

/// How often there are transfers of each kind.
fn counts<K: Ord + Copy>(all: &BTreeMap<K, Alike>) -> BTreeMap<K, u64> {
    all.iter()
        .map(|(&kind, (_, of))| (kind, of.times))
        .collect()
}

/// A transfer that stands in the terms, by the name of its cycles.
pub struct Named {
    /// Of its cycles; that of its bytes is `{name}_bytes`.
    pub name: String,
    /// What it is.
    pub told: Told,
    /// Over the network, and not off chip.
    pub network: bool,
}

/// The terms, which add up to the cycles, and the formulas of what stands in them; the transfers whose
/// bytes do.
pub fn terms(model: &Analytic, op: Op, breakdown: &Breakdown) -> (Teller, Vec<Named>) {
    let mut maker = Maker {
        model,
        counts: Counts {
            from: breakdown,
            names: slot_names(op),
        },
        teller: Teller::default(),
        transfers: Vec::new(),
    };
    let whole = maker.whole_step(&breakdown.tile);
    maker.computing(&breakdown.steps, whole);
    maker.network(&breakdown.steps);
    maker.off_chip(&breakdown.passes);
    (maker.teller, maker.transfers)
}

/// What tells transfers apart in the terms.
fn key(told: Told) -> Key {
    [told.cycles, told.made.bits, told.made.latency]
}

impl Maker<'_> {
    /// Cycles of the step in which every PE has all it can hold.
    fn whole_step(&mut self, tile: &[u64; SLOTS]) -> u64 {
        // A tile's MACs are a part of the layer's, which fit.
        let macs: u64 = tile.iter().product();
        let whole = macs.div_ceil(self.model.array.lanes);
        self.tile("whole_step", whole, tile);
        self.teller.call("cut_step", [whole, 0, 0], "whole_step");
        whole
    }

    /// Tells the cycles of a step in which PEs have this tile.
    fn tile(&mut self, step: &str, cycles: u64, tile: &[u64; SLOTS]) {
        let mut inputs = Vec::new();
        for (name, &extent) in self.counts.names.into_iter().zip(tile) {
            if extent > 1 {
                let (name, _) = self.teller.name(&format!("{name}_of_a_PE"), [extent, 0, 0]);
                inputs.push(Input::count(&name, extent));
            }
        }
        let factors: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
        let macs = match factors[..] {
            [] => "1".to_string(),
            _ => factors.join(" x "),
        };
        let formula = format!("ceil({macs} / mac.lanes)");
        inputs.push(self.model.coefficient("mac.lanes"));
        self.teller.share(step, cycles, &formula, inputs);
    }

    /// A step's computing cycles by name.
    fn step(&mut self, cycles: u64) -> Input {
        let (name, _) = self.teller.name("cut_step", [cycles, 0, 0]);
        Input::cycles(&name, cycles)
    }

    /// A transfer by name; its formula is told once.
    fn transfer(&mut self, stem: &'static str, told: Told, network: bool) -> Input {
        let (name, new) = self.teller.name(stem, key(told));
        if new && told.made.bits > 0 {
            let (formula, inputs) = self.link(&format!("{name}_bytes"), told, network);
            self.teller.share(&name, told.cycles, &formula, inputs);
            self.transfers.push(Named {
                name: name.clone(),
                told,
                network,
            });
        }
        Input::cycles(&name, told.cycles)
    }

    /// Tells how often something happens, by a name with this stem, if that is more than once.
    fn times(&mut self, stem: &str, of: &Times) {
        if of.times > 1 {
            let (name, new) = self.teller.name(stem, [of.times, 0, 0]);
            if new {
                self.counts.tell_times(&name, of, &mut self.teller);
            }
        }
    }

    /// Cycles of a transfer over one of the links.
    fn link(&mut self, bytes: &str, told: Told, network: bool) -> (String, Vec<Input>) {
        let moved = Input::bytes(bytes, told.made.bits as f64 / 8.0);
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
        let additions = told.made.latency.saturating_sub(latency);
        if additions > 0 {
            formula.push_str("additions + ");
            inputs.push(Input::cycles("additions", additions));
            self.additions(additions);
        }
        formula.push_str(&format!("ceil({bytes} / noc.width)"));
        inputs.extend([moved, self.model.coefficient("noc.width")]);
        (formula, inputs)
    }

    /// Tells the additions one after the other by which the sums of PEs become one.
    fn additions(&mut self, additions: u64) {
        if !self.teller.name("additions", [additions, 0, 0]).1 {
            return;
        }
        let sums = self.counts.from.moves[OUTPUT].keys().next();
        let pes = Input::count(SHARERS[OUTPUT], sums.map_or(1, |f| f.sharers));
        let formula = match self.model.array.forwarding {
            true => format!("{} - 1", pes.name),
            false => format!("ceil(log2({}))", pes.name),
        };
        self.teller
            .share("additions", additions, &formula, vec![pes]);
    }

    /// Steps by the cycles they compute.
    fn computing(&mut self, steps: &Spent, whole: u64) {
        let mut times: BTreeMap<u64, u64> = BTreeMap::new();
        for (spell, n) in &steps.0 {
            if let Spell::Step { computing, .. } = spell {
                *times.entry(*computing).or_default() += n;
            }
        }
        let mut all = by_weight(times, |&each| each);
        all.sort_by_key(|&(each, _)| each != whole);
        let kinds = counts::steps(&self.counts.from.nest, self.model.array.lanes);
        for &(each, times) in all.iter().take(TOLD) {
            let Some(kind) = kinds.get(&each) else {
                continue;
            };
            let step = self.step(each);
            if let (Some(tile), 1, true) = (kind.tiles.first(), kind.tiles.len(), each != whole) {
                self.tile(&step.name, each, tile);
            }
            if times > 1 {
                let (name, new) = self.teller.name("steps", [times, 0, 0]);
                if new {
                    self.counts.tell_steps(&name, times, kind, &mut self.teller);
                }
            }
        }
        let parts = all.into_iter().enumerate().map(|(at, (each, times))| {
            // Names are for what is told.
            let step = (at < TOLD).then(|| self.step(each));
            Part {
                times,
                each,
                formula: step.as_ref().map_or(String::new(), |s| s.name.clone()),
                inputs: step.into_iter().collect(),
                count: None,
            }
        });
        let parts = parts.collect();
        self.teller.term("computing", "steps", "other_steps", parts);
    }

    /// What steps wait for over the network.
    fn network(&mut self, steps: &Spent) {
        let mut waits: BTreeMap<(u64, &'static str, Key), Alike> = BTreeMap::new();
        for (&spell, &n) in &steps.0 {
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
                add(&mut waits, (computing, stem, key(longer)), longer, n);
            }
        }
        let lost = |(computing, _, told): &(u64, &str, Key)| told[0] - computing;
        let mut parts = Vec::new();
        for (at, (kind, times)) in by_weight(counts(&waits), lost).into_iter().enumerate() {
            let (computing, stem, _) = kind;
            let (formula, inputs) = if at < TOLD {
                let (told, of) = &waits[&kind];
                let moved = self.transfer(stem, *told, true);
                let step = self.step(computing);
                self.times("waits", of);
                (
                    format!("({} - {})", moved.name, step.name),
                    vec![moved, step],
                )
            } else {
                Default::default()
            };
            parts.push(Part {
                times,
                each: lost(&kind),
                formula,
                inputs,
                count: None,
            });
        }
        self.teller
            .term("waiting for the network", "waits", "other_waits", parts);
        for (why, name, stem, rest) in [
            (
                Idle::Filling,
                "filling the PEs before a pass",
                "fill",
                "other_fills",
            ),
            (
                Idle::Emptying,
                "emptying the PEs behind a pass",
                "drain",
                "other_drains",
            ),
            (
                Idle::Exposed,
                "moving what PEs have one buffer for",
                "exposed",
                "other_exposed",
            ),
        ] {
            let times = if why == Idle::Exposed {
                "moves"
            } else {
                "passes"
            };
            self.idle(steps, why, (name, times, rest), stem, true);
        }
    }

    /// Spells in which nothing computes, as a term with this name, this word for times and this name
    /// for what is not told.
    fn idle(
        &mut self,
        spent: &Spent,
        wanted: Idle,
        (name, times_of, rest): (&'static str, &'static str, &str),
        stem: &'static str,
        network: bool,
    ) {
        let mut all: BTreeMap<Key, Alike> = BTreeMap::new();
        for (&spell, &n) in &spent.0 {
            match spell {
                Spell::Idle(why, told) if why == wanted => add(&mut all, key(told), told, n),
                _ => {}
            }
        }
        let mut parts = Vec::new();
        for (at, (kind, times)) in by_weight(counts(&all), |k| k[0]).into_iter().enumerate() {
            let (told, of) = &all[&kind];
            let moved = (at < TOLD).then(|| self.transfer(stem, *told, network));
            if at < TOLD {
                self.times(times_of, of);
            }
            parts.push(Part {
                times,
                each: told.cycles,
                formula: moved.as_ref().map_or(String::new(), |m| m.name.clone()),
                inputs: moved.into_iter().collect(),
                count: None,
            });
        }
        self.teller.term(name, times_of, rest, parts);
    }

    /// What passes wait for over the link to off-chip memory.
    fn off_chip(&mut self, passes: &Spent) {
        let mut waits: BTreeMap<(u64, Key, Key), (Told, Alike)> = BTreeMap::new();
        for (&spell, &n) in &passes.0 {
            if let Spell::Step {
                computing,
                load,
                store,
                link: Link::Shared,
            } = spell
                && load.cycles + store.cycles > computing
            {
                let when = if load.cycles > 0 { load } else { store }.made.when;
                let kind = (computing, key(load), key(store));
                let alike = waits.entry(kind);
                let alike = alike.or_insert_with(|| (load, (store, Times::default())));
                alike.1.1.add(n, &[when]);
            }
        }
        let lost = |(pass, load, store): &(u64, Key, Key)| load[0] + store[0] - pass;
        let times = waits.iter().map(|(&kind, (_, (_, of)))| (kind, of.times));
        let mut parts = Vec::new();
        for (at, (kind, times)) in by_weight(times.collect(), lost).into_iter().enumerate() {
            let (computing, (load, (store, of))) = (kind.0, &waits[&kind]);
            let (mut formula, mut inputs) = (String::new(), Vec::new());
            if at < TOLD {
                for (stem, &told) in [("off_chip_load", load), ("off_chip_store", store)] {
                    if told.cycles > 0 {
                        inputs.push(self.transfer(stem, told, false));
                    }
                }
                self.times("waits_off_chip", of);
                let moved: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
                let (pass, _) = self.teller.name("pass", [computing, 0, 0]);
                formula = format!("({} - {pass})", moved.join(" + "));
                inputs.push(Input::cycles(&pass, computing));
            }
            parts.push(Part {
                times,
                each: lost(&kind),
                formula,
                inputs,
                count: None,
            });
        }
        let (name, rest) = ("waiting for off-chip memory", "other_waits_off_chip");
        self.teller.term(name, "waits_off_chip", rest, parts);
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
            let of = (name, "moves_off_chip", "other_off_chip");
            self.idle(passes, why, of, stem, false);
        }
    }
}
