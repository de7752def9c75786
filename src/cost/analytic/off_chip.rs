//! What moves to and from off-chip memory, term by term.

use super::super::account::Input;
use super::super::product::Product;
use super::super::teller::{Part, by_weight};
use super::moved::Maker;
use super::nest::{OUTPUT, slots};
use std::collections::BTreeMap;

const HEAD: &str = "off chip";

impl Maker<'_> {
    /// Outputs that leave the chip, sums that leave it to come back, and those that have come back.
    pub(super) fn outputs(&self) -> [Input; 3] {
        let [.., outputs, out, back] = self.o.offchip;
        [
            Input::count("outputs_out", outputs),
            Input::count("sums_out", out),
            Input::count("sums_back", back),
        ]
    }

    /// To and from off-chip memory.
    pub(super) fn off_chip(&mut self) {
        let bytes = self.model.bytes_moved(self.o);
        let [input, weight, sum] = [0, 1, 2].map(|t| self.element(t));
        let output = self.output();
        let brought = ["inputs_brought", "weights_brought"];
        let [inputs, weights] = [0, 1].map(|t| Input::count(brought[t], self.o.offchip[t]));
        let [outputs, out, back] = self.outputs();
        self.tell_bytes(
            HEAD,
            Input::bytes("off_chip", bytes.offchip),
            &[
                (inputs.clone(), &input),
                (weights.clone(), &weight),
                (outputs.clone(), &output),
                (out.clone(), &sum),
                (back.clone(), &sum),
            ],
        );
        self.tell_bytes(
            HEAD,
            Input::bytes("brought", bytes.brought),
            &[(inputs.clone(), &input), (weights.clone(), &weight)],
        );
        for (t, is) in [inputs, weights].into_iter().enumerate() {
            let mut product = self.again(t);
            self.once(t, &mut product);
            self.tell(HEAD, is, product.text(), product.inputs.clone());
        }
        let mut product = Product::default();
        self.once(OUTPUT, &mut product);
        self.tell(
            HEAD,
            outputs.clone(),
            product.text(),
            product.inputs.clone(),
        );
        if out.value > 0.0 {
            let mut again = self.again(OUTPUT);
            again.formula = format!("({} - 1) x outputs_out", again.formula);
            again.inputs.push(outputs);
            self.tell(HEAD, out.clone(), &again.formula, again.inputs);
            self.tell(HEAD, back, "sums_out", vec![out]);
        }
    }

    /// How often all of a tensor is brought: positions of loops that do not walk along it.
    fn again(&mut self, t: usize) -> Product {
        let mut product = Product::default();
        for &(slot, count) in &self.from.brought[t].again {
            let name = format!("{}_passes", self.names[slot]);
            product.by(Input::count(&name, count));
        }
        product
    }

    /// Elements of a tensor that move off chip while its own loops go through their positions.
    fn once(&mut self, t: usize, product: &mut Product) {
        let nest = &self.from.nest;
        for slot in slots(nest.tensors[t].plain) {
            let extent = self.extent(slot, nest.extent[slot], "");
            product.by(extent);
        }
        if t != nest.slid {
            return;
        }
        if let Some([rows, columns]) = nest.cut_output {
            product.by(Input::count("output_rows", rows));
            product.by(Input::count("output_columns", columns));
            return;
        }
        for (axis, window) in nest.windows.iter().enumerate() {
            let parts = &self.from.brought[t].along[axis];
            let total: u64 = parts.iter().map(|(n, length)| n * length).sum();
            let extents = window.slots.map(|slot| nest.extent[slot]);
            if window.length(extents[0], extents[1]) == Ok(total) {
                self.length(axis, extents, "", product);
                continue;
            }
            let mut kinds: BTreeMap<u64, u64> = BTreeMap::new();
            for &(n, length) in parts.iter().filter(|(n, length)| n * length > 0) {
                *kinds.entry(length).or_default() += n;
            }
            let [name, stem, rest] = match axis {
                0 => ["rows_brought", "rows_of_a_load", "other_rows"],
                _ => ["columns_brought", "columns_of_a_load", "other_columns"],
            };
            let mut all = Vec::new();
            for (length, times) in by_weight(kinds, |&length| length) {
                let (name, _) = self.teller.name(stem, [length, 0, 0]);
                all.push(Part {
                    times,
                    each: length,
                    inputs: vec![Input::count(&name, length)],
                    formula: name,
                    count: None,
                });
            }
            let (formula, inputs) = self.teller.sum("times_brought", Input::count(rest, 0), all);
            let is = Input::count(name, total);
            product.by(is.clone());
            self.tell(HEAD, is, &formula, inputs);
        }
    }
}
