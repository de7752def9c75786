//! The cycles of model `maestro` term by term, as the reference makes them: steps of the outermost
//! level, each the longest of its tile, loading, storing and half of the off-chip transfer. A tile is
//! steps of the level below, so it too computes and waits for transfers; these are told apart.

use super::account::Input;
use super::maestro::{Counted, Hardware, Moved, Spent, Steps, Tiled, Times, Turns, What};
use super::product::Product;
use super::reference_counts::Counter;
use super::teller::{Number, Part, TOLD, Teller, by_weight};
use std::collections::BTreeMap;

struct Maker<'a> {
    hardware: &'a Hardware,
    /// Gives the technology's coefficients.
    coefficient: &'a dyn Fn(&str) -> Input,
    spent: &'a Spent,
    /// Names what is counted.
    counter: Counter<'a>,
    /// Cluster levels.
    levels: usize,
    /// Cycles that a tile computes, by the level whose step it is and the cycles it takes.
    known: BTreeMap<(usize, u64), u64>,
    teller: Teller,
}

/// What makes a step longer than its tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wait {
    /// The first step has to wait for its operands.
    First,
    /// Operands come in for longer.
    Load,
    /// Outputs go out for longer.
    Store,
    /// Off-chip memory takes longer than all else.
    OffChip,
}

/// Counts and cycles of a price are not negative where they are told.
fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn wait(times: &Times) -> Option<Wait> {
    let Times {
        compute,
        load,
        store,
        step,
    } = *times;
    if step == compute {
        None
    } else if step == compute + load.cycles {
        Some(Wait::First)
    } else if step == load.cycles {
        Some(Wait::Load)
    } else if step == store.cycles {
        Some(Wait::Store)
    } else {
        Some(Wait::OffChip)
    }
}

/// The times without what makes no difference to the step: steps of one kind are told together.
fn kind(times: &Times) -> Times {
    let none = Moved::default();
    let (load, store) = match wait(times) {
        None | Some(Wait::OffChip) => (none, none),
        Some(Wait::First | Wait::Load) => (times.load, none),
        Some(Wait::Store) => (none, times.store),
    };
    Times {
        load,
        store,
        ..*times
    }
}

/// The terms, which add up to the cycles, and the formulas of what stands in them.
pub fn terms(
    hardware: &Hardware,
    coefficient: &dyn Fn(&str) -> Input,
    spent: &Spent,
    levels: usize,
) -> Teller {
    let mut maker = Maker {
        hardware,
        coefficient,
        spent,
        counter: Counter {
            spent,
            pes: hardware.pes,
        },
        levels,
        known: BTreeMap::new(),
        teller: Teller::default(),
    };
    maker.tiles();
    for (wanted, name, rest) in [
        (Wait::First, "waiting for the first operands", "other_first"),
        (Wait::Load, "waiting for operands", "other_loads"),
        (Wait::Store, "waiting for outputs to leave", "other_stores"),
        (
            Wait::OffChip,
            "waiting for off-chip memory",
            "other_off_chip",
        ),
    ] {
        maker.waiting(wanted, name, rest);
    }
    maker.teller
}

impl Maker<'_> {
    /// Steps by what their tiles take: what of it PEs compute, and the rest.
    fn tiles(&mut self) {
        let Tiled { turns, steps } = &self.spent.outermost;
        let mut all = self.kinds(steps, 0);
        let parts = self.works(&all, turns, 0);
        self.teller.term("computing", "steps", "other_steps", parts);
        all.retain(|&(cycles, work), _| cycles > work);
        let mut parts = Vec::new();
        let lost = |&(cycles, work): &(u64, u64)| cycles - work;
        for (at, (kind, counted)) in by_weight(all, lost).into_iter().enumerate() {
            let (mut formula, mut inputs) = (String::new(), Vec::new());
            let told = at < TOLD;
            if told {
                inputs = vec![self.compute(kind.0, 0), self.computing(kind.0, 0)];
                formula = format!("({} - {})", inputs[0].name, inputs[1].name);
            }
            parts.push(Part {
                times: counted.number(),
                each: lost(&kind),
                formula,
                inputs,
                count: self.count(told, turns, 0, &counted),
            });
        }
        let (name, rest) = ("transfers inside of tiles", "other_transfers");
        self.teller.term(name, "steps", rest, parts);
    }

    /// Steps of a level by the cycles of their tiles, and by how many of these compute.
    fn kinds(&mut self, steps: &Steps, level: usize) -> BTreeMap<(u64, u64), Counted> {
        let mut all: BTreeMap<_, Counted> = BTreeMap::new();
        for (times, counted) in steps {
            let cycles = count(times.compute);
            let kind = (cycles, self.work(cycles, level));
            all.entry(kind).or_default().extend(counted);
        }
        all
    }

    /// How there come to be so many steps of a level, if they are told one by one.
    fn count(
        &mut self,
        told: bool,
        turns: &[Turns],
        level: usize,
        counted: &Counted,
    ) -> Option<Product> {
        let told = told && counted.times > 1;
        told.then(|| self.counter.steps(turns, level, counted, &mut self.teller))?
    }

    /// What these steps compute.
    fn works(
        &mut self,
        all: &BTreeMap<(u64, u64), Counted>,
        turns: &[Turns],
        level: usize,
    ) -> Vec<Part> {
        let mut parts = Vec::new();
        let all = by_weight(all.clone(), |kind| kind.1);
        for (at, ((cycles, each), counted)) in all.into_iter().enumerate() {
            let told = at < TOLD;
            let work = told.then(|| self.computing(cycles, level));
            parts.push(Part {
                count: self.count(told, turns, level, &counted),
                times: counted.number(),
                each,
                formula: work.as_ref().map_or(String::new(), |w| w.name.clone()),
                inputs: work.into_iter().collect(),
            });
        }
        parts
    }

    /// The cycles of a tile of the level below this one in which its slowest PEs compute: all, where
    /// the tile is a PE's.
    fn work(&mut self, cycles: u64, level: usize) -> u64 {
        if let Some(&work) = self.known.get(&(level, cycles)) {
            return work;
        }
        let spent = self.spent;
        let wanted = i64::try_from(cycles).unwrap_or(i64::MAX);
        let work = match spent.tiles.get(&(level + 1, wanted)) {
            Some(tiled) => tiled
                .steps
                .iter()
                .map(|(times, n)| n.number() * self.work(count(times.compute), level + 1))
                .sum(),
            None => cycles,
        };
        self.known.insert((level, cycles), work);
        work
    }

    /// The same by name.
    fn computing(&mut self, cycles: u64, level: usize) -> Input {
        let tile = self.compute(cycles, level);
        let work = self.work(cycles, level);
        let spent = self.spent;
        let wanted = i64::try_from(cycles).unwrap_or(i64::MAX);
        let (Some(Tiled { turns, steps }), true) =
            (spent.tiles.get(&(level + 1, wanted)), work < cycles)
        else {
            return tile;
        };
        let all = self.kinds(steps, level + 1);
        if let (Some((&(inner, _), one)), 1) = (all.first_key_value(), all.len())
            && one.times == 1
        {
            return self.computing(inner, level + 1);
        }
        let (name, new) = self
            .teller
            .name(&format!("computing_in_{}", tile.name), [cycles, 0, 0]);
        let input = Input::cycles(&name, work);
        if !new {
            return input;
        }
        let parts = self.works(&all, turns, level + 1);
        let rest = Input::cycles(&format!("other_{name}"), 0);
        let (formula, inputs) = self.teller.sum("inner_steps", rest, parts);
        self.teller.share(&name, work, &formula, inputs);
        input
    }

    fn waiting(&mut self, wanted: Wait, name: &'static str, rest: &str) {
        let Tiled { turns, steps } = &self.spent.outermost;
        let mut all: BTreeMap<Times, Counted> = BTreeMap::new();
        for (times, counted) in steps {
            if wait(times) == Some(wanted) {
                all.entry(kind(times)).or_default().extend(counted);
            }
        }
        let lost = |times: &Times| count(times.step - times.compute);
        let mut parts = Vec::new();
        for (at, (times, counted)) in by_weight(all, lost).into_iter().enumerate() {
            let told = at < TOLD;
            let (formula, inputs) = match told {
                true => self.lost(&times, wanted),
                false => Default::default(),
            };
            parts.push(Part {
                times: counted.number(),
                each: lost(&times),
                formula,
                inputs,
                count: self.count(told, turns, 0, &counted),
            });
        }
        self.teller.term(name, "steps", rest, parts);
    }

    /// What a step lasts longer than its tile.
    fn lost(&mut self, times: &Times, wait: Wait) -> (String, Vec<Input>) {
        let longer = match wait {
            Wait::First => {
                let load = self.transfer("load", 0, times.load);
                return (load.name.clone(), vec![load]);
            }
            Wait::Load => self.transfer("load", 0, times.load),
            Wait::Store => self.transfer("store", 0, times.store),
            Wait::OffChip => self.off_chip(times.step),
        };
        let compute = self.compute(count(times.compute), 0);
        let formula = format!("({} - {})", longer.name, compute.name);
        (formula, vec![longer, compute])
    }

    /// Cycles of the tiles of a step: of the slowest of those one level below, or the sums of a PE.
    fn compute(&mut self, cycles: u64, level: usize) -> Input {
        let stem = match level {
            0 => "tile",
            1 => "inner_tile",
            2 => "third_tile",
            _ => "fourth_tile",
        };
        let (name, new) = self.teller.name(stem, [cycles, level as u64, 0]);
        let input = Input::cycles(&name, cycles);
        if !new {
            return input;
        }
        let spent = self.spent;
        let wanted = i64::try_from(cycles).unwrap_or(i64::MAX);
        if level + 1 == self.levels {
            if let Some(&sums) = spent.sums.get(&wanted) {
                let (what, sums) = (What::SumsOfTheFirst, count(sums));
                let sums = self.counter.volume(what, level, sums, &mut self.teller);
                let formula = format!("ceil({} / mac.lanes)", sums.name);
                let inputs = vec![sums, (self.coefficient)("mac.lanes")];
                self.teller.share(&name, cycles, &formula, inputs);
            }
        } else if let Some(tiled) = spent.tiles.get(&(level + 1, wanted)) {
            self.tile(&name, cycles, tiled, level + 1);
        }
        input
    }

    /// The steps of a tile of a level below.
    fn tile(&mut self, name: &str, cycles: u64, Tiled { turns, steps }: &Tiled, level: usize) {
        let mut all: BTreeMap<Times, Counted> = BTreeMap::new();
        for (times, counted) in steps {
            all.entry(kind(times)).or_default().extend(counted);
        }
        let each = |times: &Times| count(times.step);
        let mut parts = Vec::new();
        for (at, (times, counted)) in by_weight(all, each).into_iter().enumerate() {
            let told = at < TOLD;
            let (formula, inputs) = match told {
                true => self.inner_step(&times, level),
                false => Default::default(),
            };
            parts.push(Part {
                times: counted.number(),
                each: each(&times),
                formula,
                inputs,
                count: self.count(told, turns, level, &counted),
            });
        }
        let rest = format!("other_steps_of_{name}");
        let (formula, inputs) = self
            .teller
            .sum("inner_steps", Input::cycles(&rest, 0), parts);
        // Where no part of a tile computes there is nothing to tell.
        if !formula.is_empty() {
            self.teller.share(name, cycles, &formula, inputs);
        }
    }

    /// Cycles of a step of a level below.
    fn inner_step(&mut self, times: &Times, level: usize) -> (String, Vec<Input>) {
        let only = |input: Input| (input.name.clone(), vec![input]);
        match wait(times) {
            None => only(self.compute(count(times.compute), level)),
            Some(Wait::First) => {
                let compute = self.compute(count(times.compute), level);
                let load = self.transfer("load", level, times.load);
                let formula = format!("({} + {})", compute.name, load.name);
                (formula, vec![compute, load])
            }
            Some(Wait::Load) => only(self.transfer("load", level, times.load)),
            Some(Wait::Store) => only(self.transfer("store", level, times.store)),
            // The levels below know nothing of off-chip memory.
            Some(Wait::OffChip) => only(Input::cycles("step", count(times.step))),
        }
    }

    /// L + elements / B - 1, the quotient rounded up.
    fn transfer(&mut self, stem: &'static str, level: usize, moved: Moved) -> Input {
        let (cycles, elements) = (count(moved.cycles), count(moved.elements));
        let key = [cycles, elements, level as u64];
        let (name, new) = self.teller.name(stem, key);
        if new && moved.elements >= 0 {
            let is = Input::count(&format!("{name}_elements"), elements);
            let formula = format!(
                "noc.hops x noc.hop_latency + ceil({} / noc.bandwidth) - 1",
                is.name
            );
            if let Some(made) = self.elements(stem, level, moved.elements) {
                self.teller.tell(&is, made.text(), made.inputs.clone());
            }
            let mut inputs = vec![is];
            inputs.extend(
                ["noc.hops", "noc.hop_latency", "noc.bandwidth"].map(|n| (self.coefficient)(n)),
            );
            self.teller.share(&name, cycles, &formula, inputs);
        }
        Input::cycles(&name, cycles)
    }

    /// What is moved: both operands, or outputs.
    fn elements(&mut self, stem: &str, level: usize, elements: i64) -> Option<Product> {
        let teller = &mut self.teller;
        if stem == "store" {
            let what = What::Leaving;
            return self.counter.made(what, level, count(elements), teller);
        }
        let entering = self.spent.loads.get(&(level, elements))?;
        let mut sum = Product::default();
        for (what, &n) in [What::Inputs, What::Weights].into_iter().zip(entering) {
            let mut one = Product::default();
            if n > 0 {
                let volume = self.counter.volume(what, level, count(n), teller);
                one.times(&volume.name.clone(), vec![volume]);
                sum.plus(one);
            }
        }
        (!sum.inputs.is_empty()).then_some(sum)
    }

    /// Half of what off-chip memory takes for all that the shared memory holds of the operands, or of
    /// the outputs if that is more.
    fn off_chip(&mut self, step: i64) -> Input {
        let (name, new) = self.teller.name("off_chip", [count(step), 0, 0]);
        let required = self.spent.required;
        let cycles = required / self.hardware.offchip_bandwidth.max(1) / 2;
        if new && cycles == step {
            let held = Input::count("held_elements", count(required));
            // The L2 holds all twice, what comes in next to what is in use.
            let [inputs, weights, outputs] = self.spent.first;
            let most = outputs.max(inputs.saturating_add(weights));
            if required == most.saturating_mul(2) {
                let names =
                    ["inputs", "weights", "outputs"].map(|of| format!("{of}_of_the_first_step"));
                let formula = format!("2 x max({2}, {0} + {1})", names[0], names[1], names[2]);
                let first = names.iter().zip(self.spent.first);
                let first = first.map(|(name, n)| Input::count(name, count(n)));
                self.teller.tell(&held, &formula, first.collect());
            }
            let inputs = vec![held, (self.coefficient)("offchip.bandwidth")];
            let formula = "floor(floor(held_elements / offchip.bandwidth) / 2)";
            self.teller.share(&name, count(step), formula, inputs);
        }
        Input::cycles(&name, count(step))
    }
}
