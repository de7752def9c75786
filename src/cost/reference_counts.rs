//! How many steps of a kind model `maestro` counts, and what moves in one, as products over the loops:
//! positions along each, and what of its tile counts.

use super::account::Input;
use super::maestro::{Block, Blocks, Counted, Factor, Share, Spent, Turns, Volume, What};
use super::product::Product;
use super::teller::{Number, Teller};
use crate::base::units::Quantity;
use crate::ir::dataflow::MapKind;
use crate::ir::dim::Dim;

/// Products of a sum that are told.
const PRODUCTS: usize = 3;

impl Number for Counted {
    fn number(&self) -> u64 {
        // Counts of a price are not negative where they are told.
        u64::try_from(self.times).unwrap_or(0)
    }
}

/// Names counts, and tells what they are made of.
pub struct Counter<'a> {
    /// What a price is made of.
    pub spent: &'a Spent,
    /// PEs of the array.
    pub pes: i64,
}

fn input(name: &str, n: i64) -> Input {
    Input::new(name, n as f64, Quantity::Count)
}

/// So much of a dimension, by the same name wherever it is as much.
fn named(dim: Dim, what: &str, n: i64, teller: &mut Teller) -> Input {
    let stem = format!("{}_{what}", dim.name());
    input(&teller.name(&stem, [n.unsigned_abs(), 0, 0]).0, n)
}

/// Of the tile of a dimension.
pub fn of_a_tile(dim: Dim, n: i64, teller: &mut Teller) -> Input {
    named(dim, "of_a_tile", n, teller)
}

fn ceil_div(a: i64, b: i64) -> i64 {
    a.div_euclid(b) + i64::from(a.rem_euclid(b) != 0)
}

impl Counter<'_> {
    fn innermost(&self, level: usize) -> bool {
        level + 1 == self.spent.clusters.len()
    }

    /// Sub-clusters of a level.
    fn clusters(&self, level: usize, teller: &mut Teller) -> Input {
        let all = &self.spent.clusters;
        let n = all[level];
        if all.len() == 1 {
            return input("PEs", self.pes);
        }
        let stem = match (level, self.innermost(level)) {
            (0, _) => "clusters",
            (_, false) => "clusters_of_a_cluster",
            (_, true) => "PEs_of_a_cluster",
        };
        let (name, new) = teller.name(stem, [level as u64, 0, 0]);
        let is = input(&name, n);
        if new && level == 0 {
            let mut needed = Product::default();
            (1..all.len()).for_each(|inner| needed.by(self.clusters(inner, teller)));
            let formula = match needed.inputs.len() {
                0 => "PEs".to_string(),
                1 => format!("floor(PEs / {})", needed.text()),
                _ => format!("floor(PEs / ({}))", needed.text()),
            };
            let inputs = [vec![input("PEs", self.pes)], needed.inputs].concat();
            teller.tell(&is, &formula, inputs);
        }
        is
    }

    /// How many steps of a level these are: a sum of products over its loops. Nothing if no few
    /// products make them.
    pub fn steps(
        &self,
        turns: &[Turns],
        level: usize,
        counted: &Counted,
        teller: &mut Teller,
    ) -> Option<Product> {
        let blocks = counted.which.get()?;
        let of = |block: &Block| {
            let mut each = turns
                .iter()
                .zip(block)
                .map(|(l, positions)| l.at(*positions));
            each.try_fold(1, |product: i64, n| product.checked_mul(n))
        };
        let sum = |blocks: &[Block]| {
            let mut each = blocks.iter().map(of);
            each.try_fold(0, |sum: i64, n| sum.checked_add(n?))
        };
        if sum(blocks) != Some(counted.times) {
            return None;
        }
        // Where it is shorter: all but the others.
        let all = turns.iter().map(Turns::positions).collect();
        let others = counted.which.others(&all);
        if let Some(others) = others.as_ref().and_then(Blocks::get)
            && others.len() + 1 < blocks.len()
            && others.len() < PRODUCTS
            && of(&all) == sum(others).and_then(|n| n.checked_add(counted.times))
        {
            let mut told = self.block(turns, level, &all, teller);
            for block in others {
                let less = self.block(turns, level, block, teller);
                told.minus(less);
            }
            return Some(told);
        }
        if blocks.len() > PRODUCTS {
            return None;
        }
        let mut told = Product::default();
        for block in blocks {
            told.plus(self.block(turns, level, block, teller));
        }
        Some(told)
    }

    /// How many steps are at these positions.
    fn block(&self, turns: &[Turns], level: usize, block: &[u8], teller: &mut Teller) -> Product {
        let mut told = Product::default();
        for (l, &positions) in turns.iter().zip(block) {
            let n = l.at(positions);
            if n == 1 {
                continue;
            }
            match l.all() - n {
                0 => told.by(self.tiles(l, level, teller)),
                less @ 1..=2 => {
                    let tiles = self.tiles(l, level, teller);
                    told.times(&format!("({} - {less})", tiles.name), vec![tiles]);
                }
                _ => told.times(&n.to_string(), Vec::new()),
            }
        }
        told
    }

    /// Iterations of a loop.
    fn tiles(&self, l: &Turns, level: usize, teller: &mut Teller) -> Input {
        let extent = match level {
            0 => input(l.dim.name(), l.extent),
            _ => of_a_tile(l.dim, l.extent, teller),
        };
        let size = of_a_tile(l.dim, l.size, teller);
        // Tiles that are covered at once, and how far they go on.
        let spread = l.kind == MapKind::Spatial && l.clusters > 1;
        let clusters = spread.then(|| self.clusters(level, teller));
        let (formula, inputs, value) = if l.size == l.step {
            let mut covered = Product::default();
            covered.by(size);
            clusters.into_iter().for_each(|n| covered.by(n));
            let divisor = match covered.inputs.len() {
                0 | 1 => covered.text().to_string(),
                _ => format!("({})", covered.text()),
            };
            let formula = match covered.inputs.len() {
                0 => extent.name.clone(),
                _ => format!("ceil({} / {divisor})", extent.name),
            };
            let at_once = l.size * if spread { l.clusters } else { 1 };
            let inputs = [vec![extent], covered.inputs].concat();
            (formula, inputs, ceil_div(l.extent, at_once))
        } else {
            let step = named(l.dim, "step", l.step, teller);
            let (e, m, o) = (&extent.name, &size.name, &step.name);
            let (formula, value) = match &clusters {
                None => (
                    format!("ceil(({e} - {m}) / {o}) + 1"),
                    ceil_div(l.extent - l.size, l.step) + 1,
                ),
                Some(n) => (
                    format!(
                        "ceil(({e} - {m} - {o} x ({0} - 1)) / ({o} x {0})) + 1",
                        n.name
                    ),
                    ceil_div(
                        l.extent - l.size - l.step * (l.clusters - 1),
                        l.step * l.clusters,
                    ) + 1,
                ),
            };
            let inputs = [extent, size, step].into_iter().chain(clusters);
            (formula, inputs.collect(), value)
        };
        // Of tiles that overlap the reference may count one round less; then there is no formula.
        let told = value == l.all();
        let stem = format!("{}_tiles", l.dim.name());
        let kind = if told { teller.kind(&formula) } else { 0 };
        let key = [l.all().unsigned_abs(), kind, 0];
        let (name, new) = teller.name(&stem, key);
        let is = input(&name, l.all());
        if new && told {
            teller.tell(&is, &formula, inputs);
        }
        is
    }

    /// Elements that move in a step of a level, or are summed in it.
    pub fn volume(&self, what: What, level: usize, n: u64, teller: &mut Teller) -> Input {
        let of = match what {
            What::Inputs => "inputs",
            What::Weights => "weights",
            What::Leaving => "outputs",
            What::Sums => "sums",
            What::SumsOfTheFirst => "sums_of_a_PE",
        };
        let stem = match (what, level) {
            (What::SumsOfTheFirst, _) => of.to_string(),
            (_, 0) => format!("{of}_of_a_step"),
            _ => format!("{of}_of_an_inner_step"),
        };
        let (name, new) = teller.name(&stem, [n, level as u64, 0]);
        let is = Input::count(&name, n);
        if new && let Some(told) = self.made(what, level, n, teller) {
            teller.tell(&is, told.text(), told.inputs.clone());
        }
        is
    }

    /// What so many elements of a step are made of.
    pub fn made(&self, what: What, level: usize, n: u64, teller: &mut Teller) -> Option<Product> {
        let elements = i64::try_from(n).ok()?;
        let volume = self.spent.volumes.get(&(level, what, elements))?;
        Some(self.product(volume, level, teller))
    }

    fn product(&self, volume: &Volume, level: usize, teller: &mut Teller) -> Product {
        let mut told = Product::default();
        factors(&volume.held, &mut told, teller);
        let mut of_roles = volume.array.iter().map(|(n, of_one)| {
            let mut product = Product::default();
            self.active(*n, volume, level, teller, &mut product);
            factors(of_one, &mut product, teller);
            product
        });
        match volume.array.len() {
            1 => {
                for product in of_roles {
                    if !product.formula.is_empty() {
                        told.times(&product.formula, product.inputs);
                    }
                }
            }
            _ => {
                let mut sum = Product::default();
                of_roles.by_ref().for_each(|product| sum.plus(product));
                told.times(&format!("({})", sum.formula), sum.inputs);
            }
        }
        told
    }

    /// Times so many of the sub-clusters that are active.
    fn active(
        &self,
        n: i64,
        volume: &Volume,
        level: usize,
        teller: &mut Teller,
        product: &mut Product,
    ) {
        let less = volume.active - n;
        if n == 1 {
            return;
        }
        if !(0..=2).contains(&less) {
            return product.times(&n.to_string(), Vec::new());
        }
        let active = match volume.at_edge {
            false => self.clusters(level, teller),
            true => {
                let stem = match self.innermost(level) {
                    true => "PEs_at_the_edge",
                    false => "clusters_at_the_edge",
                };
                let key = [volume.active.unsigned_abs(), level as u64, 0];
                input(&teller.name(stem, key).0, volume.active)
            }
        };
        match less {
            0 => product.by(active),
            _ => product.times(&format!("({} - {less})", active.name), vec![active]),
        }
    }
}

fn factors(factors: &[Factor], product: &mut Product, teller: &mut Teller) {
    for f in factors.iter().filter(|f| f.elements != 1) {
        let what = match f.share {
            Share::Full => "of_a_tile",
            Share::Fresh => "new",
            Share::Tail | Share::InputTail => "at_the_edge",
            Share::TailFresh => "new_at_the_edge",
            // Always 1.
            Share::One => continue,
        };
        product.by(named(f.dim, what, f.elements, teller));
    }
}
