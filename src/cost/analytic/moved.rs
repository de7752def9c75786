//! What moves and what memories hold in model `analytic`, term by term: from tiles and loops.

use super::super::account::{Input, Term};
use super::super::product::{Product, alone};
use super::super::teller::{Part, TOLD, Teller, by_weight};
use super::Outcome;
use super::counts::Counts;
use super::latency::Named;
use super::nest::{OUTPUT, ROWS, SLOTS, TAPS, TENSORS, slot_names, slots};
use super::price::Analytic;
use super::spent::{Breakdown, Times};
use super::tile::Volume;
use super::volume::Factors;
use crate::base::units::Quantity;
use crate::ir::layer::Op;
use std::collections::BTreeMap;

/// What an element of each tensor on chip takes.
const ELEMENT: [&str; TENSORS] = ["bytes_of_an_input", "bytes_of_a_weight", "bytes_of_a_sum"];
/// Elements of each tensor that move between shared memory and PEs: once for all PEs, and for each.
const MOVED: [[&str; 2]; TENSORS] = [
    ["inputs_read", "inputs_delivered"],
    ["weights_read", "weights_delivered"],
    ["sums_arrived", "sums_sent"],
];
/// PEs that hold the same element.
pub const SHARERS: [&str; TENSORS] = ["PEs_of_an_input", "PEs_of_a_weight", "PEs_of_a_sum"];

const L1: &str = "between L2 and L1";
const L2: &str = "in and out of L2";
/// The memories, with what their buffers are for.
const MEMORIES: [(&str, &str); 2] = [
    (
        "L1",
        "L1 of a PE, with two buffers for what changes within a pass, unless it has one",
    ),
    (
        "L2",
        "L2, with two buffers for what changes between passes, unless it has one; three for sums that come back",
    ),
];

/// The formulas, from the figures down.
pub struct Told {
    /// What moves.
    pub moved: Vec<(Term, Quantity)>,
    /// What memories hold.
    pub memories: Vec<(Term, Quantity)>,
}

pub(super) struct Maker<'a> {
    pub(super) model: &'a Analytic,
    pub(super) o: &'a Outcome,
    pub(super) from: &'a Breakdown,
    pub(super) names: [&'static str; SLOTS],
    pub(super) teller: &'a mut Teller,
    told: Vec<(Term, Quantity)>,
    /// What is to be told behind the next formula, in which it stands.
    behind: Vec<(Input, Product)>,
}

/// Moves of a tensor that are told together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// As in [`Factors`].
    slots: [u64; SLOTS],
    /// Elements along the axes of windows.
    along: [u64; 2],
    /// As in [`Factors`].
    extents: [Option<[u64; 2]>; 2],
}

impl Kind {
    /// The elements along a window's axis counted like this.
    pub(super) fn of(factors: &Factors, count: impl Fn(&Volume) -> u64) -> Kind {
        Kind {
            slots: factors.slots,
            along: factors.windows.each_ref().map(count),
            extents: factors.extents,
        }
    }

    /// All elements: parts of a count that fits.
    pub(super) fn elements(&self) -> u64 {
        self.slots.iter().chain(&self.along).product()
    }
}

/// The formulas of counts and bytes, those of the transfers in the cycles among them.
pub fn terms(
    model: &Analytic,
    op: Op,
    o: &Outcome,
    from: &Breakdown,
    (teller, transfers): (&mut Teller, &[Named]),
) -> Told {
    let mut maker = Maker {
        model,
        o,
        from,
        names: slot_names(op),
        teller,
        told: Vec::new(),
        behind: Vec::new(),
    };
    maker.computed();
    maker.on_chip();
    maker.off_chip();
    transfers.iter().for_each(|named| maker.transfer(named));
    let moved = std::mem::take(&mut maker.told);
    let [pe, pass] = [from.tile, from.pass];
    let [l1, l2] = MEMORIES;
    maker.memory(l1, o.l1_bytes, "a_PE", pe, from.buffers[0]);
    maker.memory(l2, o.l2_bytes, "a_pass", pass, from.buffers[1]);
    Told {
        moved,
        memories: maker.told,
    }
}

impl Maker<'_> {
    pub(super) fn tell(
        &mut self,
        head: &'static str,
        is: Input,
        formula: &str,
        inputs: Vec<Input>,
    ) {
        let term = Term {
            label: Some(is.name),
            ..Term::new(head, is.value, formula, inputs)
        };
        self.told.push((term, is.quantity));
        for (is, product) in std::mem::take(&mut self.behind) {
            self.tell(head, is, alone(product.text()), product.inputs.clone());
        }
    }

    /// A sum of bytes: elements by name, each with the bytes of one.
    pub(super) fn tell_bytes(&mut self, head: &'static str, is: Input, of: &[(Input, &Input)]) {
        let mut formula = Vec::new();
        let mut inputs: Vec<Input> = Vec::new();
        for (elements, size) in of.iter().filter(|(n, _)| n.value > 0.0) {
            formula.push(format!("{} x {}", elements.name, size.name));
            for input in [elements, *size] {
                if !inputs.contains(input) {
                    inputs.push(input.clone());
                }
            }
        }
        let formula = match formula.is_empty() {
            true => "0".to_string(),
            false => formula.join(" + "),
        };
        self.tell(head, is, &formula, inputs);
    }

    /// Bytes of an element of a tensor on chip.
    pub(super) fn element(&self, t: usize) -> Input {
        Input::bytes(ELEMENT[t], self.model.array.bits[t] as f64 / 8.0)
    }

    /// Bytes of an output as it leaves the chip.
    pub(super) fn output(&self) -> Input {
        let bytes = self.model.array.output_bits as f64 / 8.0;
        Input::bytes("bytes_of_an_output", bytes)
    }

    /// So much of a slot, by name.
    pub(super) fn extent(&mut self, slot: usize, n: u64, place: &str) -> Input {
        let name = self.names[slot];
        if n == 1 {
            // Nothing says a factor of 1.
            return Input::count(name, n);
        }
        if n == self.from.nest.extent[slot] && place != "a_PE" {
            return Input::count(name, n);
        }
        let stem = format!("{name}_of_{place}");
        let (name, _) = self.teller.name(&stem, [n, 0, 0]);
        Input::count(&name, n)
    }

    /// Elements along an axis that so many positions and taps of its window touch.
    pub(super) fn length(
        &mut self,
        axis: usize,
        extents: [u64; 2],
        place: &str,
        product: &mut Product,
    ) {
        let windows = &self.from.nest.windows;
        let scales = windows[axis].scales;
        let words = ["stride", "dilation"];
        let alike = windows[0].scales == windows[1].scales;
        let mut sum = Vec::new();
        let mut inputs = Vec::new();
        let mut more = 1;
        for (which, slot) in [ROWS + axis, TAPS + axis].into_iter().enumerate() {
            if extents[which] == 1 {
                continue;
            }
            let extent = self.extent(slot, extents[which], place);
            if scales[which] == 1 {
                sum.push(extent.name.clone());
                inputs.push(extent);
                more -= 1;
                continue;
            }
            let along = ["_of_rows", "_of_columns"][axis];
            let word = format!("{}{}", words[which], if alike { "" } else { along });
            sum.push(format!("({} - 1) x {word}", extent.name));
            inputs.extend([extent, Input::count(&word, scales[which])]);
        }
        let mut text = sum.join(" + ");
        match more {
            _ if text.is_empty() => return,
            1 => text.push_str(" + 1"),
            -1 => text.push_str(" - 1"),
            _ => {}
        }
        if text.contains(' ') {
            text = format!("({text})");
        }
        product.times(&text, inputs);
    }

    /// Elements of a tensor in a tile.
    pub(super) fn elements(&mut self, t: usize, tile: &[u64; SLOTS], place: &str) -> Product {
        let nest = &self.from.nest;
        let mut product = Product::default();
        for slot in slots(nest.tensors[t].plain) {
            let extent = self.extent(slot, tile[slot], place);
            product.by(extent);
        }
        if t == nest.slid {
            for (axis, window) in nest.windows.iter().enumerate() {
                self.length(axis, window.slots.map(|s| tile[s]), place, &mut product);
            }
        }
        product
    }

    /// What a memory holds: of each tensor a tile, in one buffer or several.
    fn memory(
        &mut self,
        (name, head): (&str, &'static str),
        bytes: u64,
        place: &str,
        tile: [u64; SLOTS],
        buffers: [u64; TENSORS],
    ) {
        let nest = &self.from.nest;
        let mut whole = Vec::new();
        let mut inputs = Vec::new();
        let mut parts = Vec::new();
        for (t, of) in ["inputs", "weights", "sums"].into_iter().enumerate() {
            let mut product = self.elements(t, &tile, place);
            let size = self.element(t);
            let bits = self.model.array.bits[t];
            // Both have fitted when they were counted.
            let elements = nest.box_size(t, &tile).unwrap_or(0);
            let part = Input::bytes(
                &format!("{name}_{of}"),
                (elements * bits).div_ceil(8) as f64,
            );
            product.times(&size.name.clone(), vec![size]);
            let formula = match bits.is_multiple_of(8) {
                true => product.formula,
                false => format!("ceil({})", product.formula),
            };
            whole.push(match buffers[t] {
                1 => part.name.clone(),
                n => format!("{n} x {}", part.name),
            });
            inputs.push(part.clone());
            parts.push((part, formula, product.inputs));
        }
        self.tell(
            head,
            Input::bytes(name, bytes as f64),
            &whole.join(" + "),
            inputs,
        );
        for (part, formula, inputs) in parts {
            self.tell(head, part, &formula, inputs);
        }
    }

    /// MACs, and what they read and write.
    fn computed(&mut self) {
        let mut product = Product::default();
        for slot in 0..SLOTS {
            let extent = self.extent(slot, self.from.nest.extent[slot], "");
            product.by(extent);
        }
        let head = "computed";
        let macs = Input::count("MACs", self.o.macs);
        self.tell(head, macs, product.text(), product.inputs.clone());
        let elements = [0, 1, 2].map(|t| self.element(t));
        let [input, weight, sum] = ELEMENT;
        self.tell(
            head,
            Input::bytes("bytes_of_a_MAC", self.model.mac_bytes()),
            &format!("{input} + {weight} + 2 x {sum}"),
            elements.to_vec(),
        );
        let moved = &self.o.moved;
        let added = moved.sent - moved.arrived + self.o.sums_read;
        let counts = [moved.sent, moved.arrived, self.o.sums_read];
        let names = ["sums_sent", "sums_arrived", "sums_read"];
        let inputs = names.into_iter().zip(counts);
        self.tell(
            head,
            Input::count("sums_added", added),
            "sums_sent - sums_arrived + sums_read",
            inputs.map(|(name, n)| Input::count(name, n)).collect(),
        );
    }

    /// Elements of tensor `t` that have moved, for all PEs together and for each.
    fn moved(&self, t: usize) -> [Input; 2] {
        let moved = &self.o.moved;
        let counts = match t {
            OUTPUT => [moved.arrived, moved.sent],
            t => [moved.read[t], moved.delivered[t]],
        };
        let [once, each] = MOVED[t];
        [Input::count(once, counts[0]), Input::count(each, counts[1])]
    }

    /// Between shared memory and PEs.
    fn on_chip(&mut self) {
        let bytes = self.model.bytes_moved(self.o);
        let [input, weight, sum] = [0, 1, 2].map(|t| self.element(t));
        let [
            [inputs_read, inputs],
            [weights_read, weights],
            [arrived, sent],
        ] = [0, 1, 2].map(|t| self.moved(t));
        let is = Input::bytes("delivered", bytes.delivered);
        self.tell_bytes(L1, is, &[(inputs, &input), (weights, &weight)]);
        self.tell_bytes(
            L1,
            Input::bytes("sent", bytes.sent),
            &[(sent.clone(), &sum)],
        );
        let hops = self.model.coefficient("noc.hops");
        let mut inputs = vec![Input::bytes("delivered", bytes.delivered)];
        let formula = if self.model.array.forwarding {
            inputs.extend([sent, arrived.clone(), sum.clone()]);
            format!(
                "delivered x noc.hops + (sums_sent - sums_arrived + sums_arrived x noc.hops) x {}",
                sum.name
            )
        } else {
            inputs.push(Input::bytes("sent", bytes.sent));
            "(delivered + sent) x noc.hops".to_string()
        };
        inputs.push(hops);
        self.tell(
            L1,
            Input::bytes("bytes_times_hops", bytes.hops),
            &formula,
            inputs,
        );
        for t in 0..TENSORS {
            self.walked(t);
        }
        let is = Input::bytes("read", bytes.read);
        self.tell_bytes(L2, is, &[(inputs_read, &input), (weights_read, &weight)]);
        let [outputs, out, back] = self.outputs();
        let read = Input::count("sums_read", self.o.sums_read);
        let all = [arrived.clone(), read.clone(), outputs.clone(), out, back];
        let all: Vec<Input> = all.into_iter().filter(|i| i.value > 0.0).collect();
        let names: Vec<&str> = all.iter().map(|i| i.name.as_str()).collect();
        let formula = format!("({}) x {}", names.join(" + "), sum.name);
        let inputs = all.iter().cloned().chain([sum]).collect();
        self.tell(L2, Input::bytes("sums", bytes.sums), &formula, inputs);
        match self.from.nest.cut_output {
            Some(_) => self.tell(L2, read, "sums_arrived", vec![arrived]),
            None => self.tell(
                L2,
                read,
                "sums_arrived - outputs_out",
                vec![arrived, outputs],
            ),
        }
    }

    /// How the moves of a tensor add up.
    fn walked(&mut self, t: usize) {
        let moves = &self.from.moves[t];
        let [once, each] = self.moved(t);
        let sharers = moves.keys().next().map_or(1, |f| f.sharers);
        let sharers = Input::count(SHARERS[t], sharers);
        let multicast = t == OUTPUT || self.model.array.multicast;
        let apart = |f: &Factors| f.windows.iter().any(|w| w.copies != w.distinct);
        let one_by_one = !multicast || moves.keys().any(apart);
        let mut copies = Product::default();
        copies.by(sharers);
        if one_by_one {
            let (formula, inputs) = self.sum(t, each.name.as_str(), |w| w.copies);
            if copies.formula.is_empty() {
                self.tell(L1, each.clone(), &formula, inputs);
            } else {
                copies.times(&format!("({formula})"), inputs);
                self.tell(L1, each.clone(), &copies.formula, copies.inputs);
            }
        } else {
            copies.times(&once.name.clone(), vec![once.clone()]);
            self.tell(L1, each.clone(), &copies.formula, copies.inputs);
        }
        if multicast {
            let (formula, inputs) = self.sum(t, once.name.as_str(), |w| w.distinct);
            self.tell(L1, once, &formula, inputs);
        } else {
            self.tell(L1, once, &each.name.clone(), vec![each]);
        }
    }

    /// The sum of the moves of a tensor, the elements along a window's axis counted like this.
    fn sum(
        &mut self,
        t: usize,
        label: &str,
        count: impl Fn(&Volume) -> u64 + Copy,
    ) -> (String, Vec<Input>) {
        let mut kinds: BTreeMap<Kind, Times> = BTreeMap::new();
        for (factors, moves) in &self.from.moves[t] {
            let kind = Kind::of(factors, count);
            let alike = kinds.entry(kind).or_default();
            alike.add(moves.times, &moves.when);
        }
        kinds.retain(|kind, _| kind.elements() > 0);
        let copied = label == MOVED[t][1];
        let stem = match t {
            OUTPUT => "times_stored",
            _ => "times_loaded",
        };
        let counts = kinds.iter().map(|(&kind, moves)| (kind, moves.times));
        let by_weight = by_weight(counts.collect(), Kind::elements);
        let mut parts = Vec::new();
        for (at, (kind, times)) in by_weight.into_iter().enumerate() {
            if at < TOLD && times > 1 {
                let (name, new) = self.teller.name(stem, [times, 0, 0]);
                if new {
                    let counts = Counts {
                        from: self.from,
                        names: self.names,
                    };
                    let product = counts.product(&kinds[&kind], self.teller);
                    let is = Input::count(&name, times);
                    self.behind.extend(product.map(|p| (is, p)));
                }
            }
            let mut product = Product::default();
            if at < TOLD {
                product = self.volume(&kind, copied);
            }
            parts.push(Part {
                times,
                each: kind.elements(),
                formula: product.text().to_string(),
                inputs: product.inputs,
                count: None,
            });
        }
        let rest = Input::count(&format!("other_{label}"), 0);
        self.teller.sum(stem, rest, parts)
    }

    /// The elements of a move.
    pub(super) fn volume(&mut self, kind: &Kind, copied: bool) -> Product {
        let mut product = Product::default();
        for (slot, &n) in kind.slots.iter().enumerate() {
            let extent = self.extent(slot, n, "the_array");
            product.by(extent);
        }
        for axis in 0..2 {
            self.along(axis, kind, copied, &mut product);
        }
        product
    }

    /// The elements along a window's axis.
    fn along(&mut self, axis: usize, kind: &Kind, copied: bool, product: &mut Product) {
        let n = kind.along[axis];
        if n == 1 {
            return;
        }
        let nest = &self.from.nest;
        let window = &nest.windows[axis];
        let together = kind.extents[axis];
        if let Some(extents) = together
            && window.length(extents[0], extents[1]) == Ok(n)
        {
            self.length(axis, extents, "the_array", product);
            return;
        }
        let stem = match (together, copied) {
            (None, false) => ["new_rows", "new_columns"],
            (None, true) => ["new_rows_of_all_PEs", "new_columns_of_all_PEs"],
            (_, false) => ["rows_of_the_array", "columns_of_the_array"],
            (_, true) => ["rows_of_all_PEs", "columns_of_all_PEs"],
        };
        if let (Some(_), true) = (together, copied) {
            // Most often all PEs have the same tile.
            let tile = window.slots.map(|slot| self.from.tile[slot]);
            let levels = &nest.splits[..nest.levels];
            let units = levels
                .iter()
                .flat_map(|level| window.slots.map(|slot| level[slot].units))
                .fold(1, u64::saturating_mul);
            let each = window.length(tile[0], tile[1]);
            if each.is_ok_and(|each| each.checked_mul(units) == Some(n)) {
                let name = ["PEs_along_rows", "PEs_along_columns"][axis];
                product.by(Input::count(name, units));
                self.length(axis, tile, "a_PE", product);
                return;
            }
        }
        let (name, _) = self.teller.name(stem[axis], [n, 0, 0]);
        product.by(Input::count(&name, n));
    }
}
