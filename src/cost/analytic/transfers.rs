//! The bytes of the transfers that steps and passes wait for, from tiles.

use super::super::account::Input;
use super::super::product::{Product, alone};
use super::latency::Named;
use super::moved::{Kind, Maker};
use super::nest::{OUTPUT, SLOTS, slots};
use super::spent::Told;

const HEAD: &str = "in a transfer";
/// The tensor of each kind of data, and what its elements are called.
const KINDS: [(usize, &str); 5] = [
    (0, "inputs"),
    (1, "weights"),
    (OUTPUT, "outputs"),
    (OUTPUT, "sums"),
    (OUTPUT, "sums_back"),
];

impl Maker<'_> {
    /// Tells the bytes of a transfer, and the elements behind them.
    pub(super) fn transfer(&mut self, named: &Named) {
        let Named {
            name,
            told,
            network,
        } = named;
        let network = *network;
        let mut parts = Vec::new();
        for (kind, &n) in told
            .made
            .elements
            .iter()
            .enumerate()
            .filter(|(_, n)| **n > 0)
        {
            let (t, what) = KINDS[kind];
            let what = match network && kind == OUTPUT {
                true => "sums",
                false => what,
            };
            let size = match !network && kind == OUTPUT {
                true => self.output(),
                false => self.element(t),
            };
            parts.push((t, Input::count(&format!("{name}_{what}"), n), size));
        }
        let is = Input::bytes(&format!("{name}_bytes"), told.made.bits as f64 / 8.0);
        let of: Vec<_> = parts.iter().map(|(_, n, size)| (n.clone(), size)).collect();
        self.tell_bytes(HEAD, is, &of);
        for (t, is, _) in parts {
            let elements = is.value as u64;
            let product = match network {
                true => self.over_network(t, elements, told),
                false => self.off_the_chip(t, elements),
            };
            if let Some(product) = product {
                self.tell(HEAD, is, alone(product.text()), product.inputs.clone());
            }
        }
    }

    /// What moves at that time.
    fn over_network(&mut self, t: usize, elements: u64, told: &Told) -> Option<Product> {
        let copied = t != OUTPUT && !self.model.array.multicast;
        let moves = &self.from.moves[t];
        let mut at_once = moves
            .iter()
            .filter(|(_, of)| of.when.contains(&told.made.when));
        let kind = at_once.find_map(|(factors, _)| {
            let kind = Kind::of(factors, |w| if copied { w.copies } else { w.distinct });
            let sharers = if copied { factors.sharers } else { 1 };
            (kind.elements() * sharers == elements && sharers == 1).then_some(kind)
        })?;
        Some(self.volume(&kind, copied))
    }

    /// All that a pass has of a tensor, or what is new to it.
    fn off_the_chip(&mut self, t: usize, elements: u64) -> Option<Product> {
        let nest = &self.from.nest;
        let outside = self.from.outside.clone();
        // The tile of a pass where some of the loops stand at a cut last position.
        for ends in 0..1_u32 << outside.len() {
            let mut tile: [u64; SLOTS] = self.from.pass;
            for (at, &slot) in outside.iter().enumerate() {
                let rest = nest.extent[slot] % tile[slot];
                if ends & (1 << at) != 0 && rest > 0 {
                    tile[slot] = rest;
                }
            }
            if let (OUTPUT, Some([rows, columns])) = (t, nest.cut_output) {
                let plain = slots(nest.tensors[t].plain).map(|slot| tile[slot]);
                if rows * columns * plain.product::<u64>() == elements {
                    let mut product = self.plain(t, &tile);
                    product.by(Input::count("output_rows", rows));
                    product.by(Input::count("output_columns", columns));
                    return Some(product);
                }
            } else if nest.box_size(t, &tile) == Ok(elements) {
                return Some(self.elements(t, &tile, "a_pass"));
            }
            if t != nest.slid {
                continue;
            }
            // A window that has moved on brings less.
            let plain: u64 = slots(nest.tensors[t].plain)
                .map(|slot| tile[slot])
                .product();
            let along = &self.from.brought[t].along;
            for &(_, rows) in &along[0] {
                for &(_, columns) in &along[1] {
                    if plain * rows * columns == elements {
                        let mut product = self.plain(t, &tile);
                        for (stem, n) in [("rows_of_a_load", rows), ("columns_of_a_load", columns)]
                        {
                            let (name, _) = self.teller.name(stem, [n, 0, 0]);
                            product.by(Input::count(&name, n));
                        }
                        return Some(product);
                    }
                }
            }
        }
        None
    }

    /// The part of a tile without the axes of windows.
    fn plain(&mut self, t: usize, tile: &[u64; SLOTS]) -> Product {
        let mut product = Product::default();
        for slot in slots(self.from.nest.tensors[t].plain) {
            let extent = self.extent(slot, tile[slot], "a_pass");
            product.by(extent);
        }
        product
    }
}
