//! How many steps and passes there are, as products of the positions along each slot.

use super::super::account::Input;
use super::super::product::Product;
use super::super::teller::Teller;
use super::nest::{Nest, SLOTS};
use super::spent::{Breakdown, Times};
use super::window::When;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of tiles that are looked at; steps of more kinds are not told as products.
const KINDS: usize = 1 << 14;

/// Steps that compute for equally long.
#[derive(Default)]
pub struct Kind {
    /// What a PE holds in them, per slot.
    pub tiles: BTreeSet<[u64; SLOTS]>,
    /// How many there are.
    times: u64,
}

/// What PEs hold of a slot in a step, and how often.
type Tiles = BTreeMap<u64, u64>;

/// Adds the tiles of a slot from a level on, `times` over.
fn walk(nest: &Nest, slot: usize, level: usize, tile: u64, times: u64, tiles: &mut Tiles) {
    if level == nest.levels {
        *tiles.entry(tile).or_default() += times;
        return;
    }
    let split = nest.splits[level][slot];
    let chunk = split.chunk().min(tile);
    let (full, rest) = match nest.walked[level] & (1 << slot) {
        0 => (1, 0),
        _ => (tile / chunk, tile % chunk),
    };
    let mut below = |chunk: u64, n: u64| {
        walk(
            nest,
            slot,
            level + 1,
            chunk.min(split.size),
            times * n,
            tiles,
        );
    };
    below(chunk, full);
    if rest > 0 {
        below(rest, 1);
    }
}

/// The tiles of each slot.
fn tiles(nest: &Nest) -> [Tiles; SLOTS] {
    std::array::from_fn(|slot| {
        let mut tiles = Tiles::new();
        walk(nest, slot, 0, nest.extent[slot], 1, &mut tiles);
        tiles
    })
}

/// Steps by the cycles they compute; nothing if there are too many kinds.
pub fn steps(nest: &Nest, lanes: u64) -> BTreeMap<u64, Kind> {
    let by_slot = tiles(nest);
    let mut all = vec![([1; SLOTS], 1)];
    for (slot, tiles) in by_slot.iter().enumerate() {
        if all.len() * tiles.len() > KINDS {
            return BTreeMap::new();
        }
        let with = |&(tile, times): &([u64; SLOTS], u64)| {
            tiles.iter().map(move |(&n, &more)| {
                let mut tile = tile;
                tile[slot] = n;
                (tile, times * more)
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    let mut kinds: BTreeMap<u64, Kind> = BTreeMap::new();
    for (tile, times) in all {
        // MACs of a tile are a part of the layer's, which fit, and so are the steps.
        let macs: u64 = tile.iter().product();
        let kind = kinds.entry(macs.div_ceil(lanes)).or_default();
        kind.tiles.insert(tile);
        kind.times += times;
    }
    kinds
}

/// Tells a product.
fn tell(name: &str, times: u64, told: Product, teller: &mut Teller) {
    let is = Input::count(name, times);
    teller.tell(&is, told.text(), told.inputs.clone());
}

/// What the products are made from.
pub struct Counts<'a> {
    /// The loops.
    pub from: &'a Breakdown,
    /// What the slots are called.
    pub names: [&'static str; SLOTS],
}

impl Counts<'_> {
    /// Tells how many steps of a kind there are, if each slot has positions of its own: all tiles of
    /// one with all of the others.
    pub fn tell_steps(&self, name: &str, times: u64, kind: &Kind, teller: &mut Teller) {
        let nest = &self.from.nest;
        let by_slot = tiles(nest);
        let positions: [u64; SLOTS] = std::array::from_fn(|slot| {
            let held: BTreeSet<u64> = kind.tiles.iter().map(|tile| tile[slot]).collect();
            held.iter().map(|n| by_slot[slot][n]).sum()
        });
        let product = positions.iter().try_fold(1, |p: u64, &n| p.checked_mul(n));
        if kind.times != times || product != Some(times) {
            return;
        }
        let mut told = Product::default();
        for (slot, n) in positions.into_iter().enumerate() {
            let walked = |level: &usize| nest.walked[*level] & (1 << slot) != 0;
            let Some(level) = (0..nest.levels).rev().find(walked) else {
                continue;
            };
            let outer = nest.splits[..level].iter();
            let units: u64 = outer.map(|splits| splits[slot].units).product();
            let piece = units * nest.splits[level][slot].chunk();
            let place = match piece == self.from.tile[slot] {
                true => "a_PE",
                false => "the_array",
            };
            self.positions(slot, piece, place, n, teller, &mut told);
        }
        tell(name, times, told, teller);
    }

    /// How often something happens, if that is at all positions of some of the loops, or each time that
    /// the innermost of these goes on.
    pub fn product(&self, of: &Times, teller: &mut Teller) -> Option<Product> {
        let Breakdown { nest, states, .. } = self.from;
        let cut = self.from.outside.len();
        let until = of.when.iter().map(|m| m.at.map_or(cut, |at| at + 1));
        let loops = &nest.loops()[..until.max()?];
        // Of each loop, the positions that occur: with a full chunk, and the cut last one.
        let mut positions = Vec::new();
        for (k, l) in loops.iter().enumerate() {
            let reached = of.when.iter();
            let mut reached = reached.filter(|m| m.at.map_or(k < cut, |at| k <= at));
            let all = states.positions(k, 0);
            let (full, count) = (u64::from(all.full), u64::from(all.count));
            let last = |m: &When| m.state & states.bit[k] != 0;
            let cut_last = reached.clone().any(last);
            let others = reached.any(|m| !last(m));
            let n = [(others, full), (cut_last, count - full)];
            let n: u64 = n.iter().filter(|n| n.0).map(|n| n.1).sum();
            positions.push((l.slot, l.level, n, count));
        }
        let (&(slot, level, n, count), outer) = positions.split_last()?;
        let product = |all: &[(usize, usize, u64, u64)]| {
            all.iter()
                .try_fold(1, |p: u64, (_, _, n, _)| p.checked_mul(*n))
        };
        // A loop goes on once less than it has positions.
        let ways = [(n, 0), (count, 0), (n, 1), (count, 1)];
        let before = product(outer)?;
        let way = ways
            .into_iter()
            .find(|&(n, less)| n > less && before.checked_mul(n - less) == Some(of.times));
        let (n, less) = way?;
        let mut told = Product::default();
        for &(slot, level, n, _) in outer {
            self.walked(slot, level, n, teller, &mut told);
        }
        let mut last = Product::default();
        self.walked(slot, level, n, teller, &mut last);
        match (less, last.formula.is_empty()) {
            (_, true) => {}
            (0, _) => told.times(&last.formula, last.inputs),
            _ => told.times(&format!("({} - 1)", last.text()), last.inputs),
        }
        Some(told)
    }

    /// Tells how often something happens, if it can be told.
    pub fn tell_times(&self, name: &str, of: &Times, teller: &mut Teller) {
        if let Some(product) = self.product(of, teller) {
            tell(name, of.times, product, teller);
        }
    }

    /// So many positions of the loop over a slot at a level.
    fn walked(&self, slot: usize, level: usize, n: u64, teller: &mut Teller, told: &mut Product) {
        let nest = &self.from.nest;
        let piece = nest.splits[level][slot].chunk();
        let outside = self.from.outside.contains(&slot);
        let place = match (level, outside) {
            (0, true) => "a_pass",
            _ if piece == self.from.tile[slot] => "a_PE",
            _ => "the_array",
        };
        self.positions(slot, piece, place, n, teller, told);
    }

    /// So many positions along a slot that is walked in pieces.
    fn positions(
        &self,
        slot: usize,
        piece: u64,
        place: &str,
        n: u64,
        teller: &mut Teller,
        product: &mut Product,
    ) {
        let (name, extent) = (self.names[slot], self.from.nest.extent[slot]);
        let round = match n {
            _ if extent.checked_div(piece) == Some(n) && extent.is_multiple_of(piece) => "",
            _ if extent.div_ceil(piece) == n => "ceil",
            _ if extent / piece == n => "floor",
            // Chunks of several levels do not divide each other.
            _ => {
                let (name, _) = teller.name(&format!("{name}_positions"), [n, 0, 0]);
                product.by(Input::count(&name, n));
                return;
            }
        };
        let whole = Input::count(name, extent);
        match (n, piece) {
            (1, _) => {}
            (_, 1) => product.by(whole),
            _ => {
                let (of, _) = teller.name(&format!("{name}_of_{place}"), [piece, 0, 0]);
                let inputs = vec![whole, Input::count(&of, piece)];
                product.times(&format!("{round}({name} / {of})"), inputs);
            }
        }
    }
}
