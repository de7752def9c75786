//! What a search has learned of prices: per kind of layer, the points priced so far that no other
//! such point beats in everything that counts.

use super::runner::Run;
use crate::ir::metric::Metric;
use crate::space::cheapest::SumLimit;
use crate::space::{Point, Space};
use std::collections::BTreeMap;

/// A priced point and its figures: what the objective reads of it, then its weight under each
/// sum limit.
struct Entry {
    point: Point,
    figures: Vec<f64>,
}

/// The points worth choosing among those whose price was asked.
pub struct Pool {
    sums: Vec<SumLimit>,
    /// Layers of one shape and pin are of one kind.
    pub kinds: Vec<Vec<usize>>,
    /// The kind of each layer.
    pub kind_of: Vec<usize>,
    /// Per kind, in the order in which they were met.
    fronts: Vec<Vec<Entry>>,
    /// Per kind and point: whether it was met before.
    met: Vec<Vec<bool>>,
}

impl Pool {
    /// The points that this run has asked so far.
    pub fn new(run: &Run) -> Pool {
        let space = run.space;
        let problem = space.problem;
        let mut kinds: Vec<Vec<usize>> = Vec::new();
        let mut kind_of = Vec::new();
        let mut known: BTreeMap<(usize, Option<usize>), usize> = BTreeMap::new();
        let mut pin_of = vec![None; problem.layers.len()];
        for (index, pin) in problem.pins.iter().enumerate() {
            pin_of[pin.layer] = Some(index);
        }
        for (layer, entry) in problem.layers.iter().enumerate() {
            let kind = *known
                .entry((entry.shape, pin_of[layer]))
                .or_insert_with(|| {
                    kinds.push(Vec::new());
                    kinds.len() - 1
                });
            kinds[kind].push(layer);
            kind_of.push(kind);
        }
        let met =
            |kind: &Vec<usize>| vec![false; space.tables[problem.layers[kind[0]].shape].len()];
        let mut pool = Pool {
            sums: space.sum_limits(),
            fronts: kinds.iter().map(|_| Vec::new()).collect(),
            met: kinds.iter().map(met).collect(),
            kinds,
            kind_of,
        };
        for kind in 0..pool.kinds.len() {
            let layer = pool.kinds[kind][0];
            for &point in &space.fine[layer] {
                if run.asked(layer, point) {
                    pool.learn(space, layer, point);
                }
            }
        }
        pool
    }

    /// Whether a point was met before.
    pub fn knows(&self, layer: usize, point: Point) -> bool {
        self.met[self.kind_of[layer]][point as usize]
    }

    /// Takes up a point whose price was asked. Points at which the layer cannot keep the pace are
    /// left out.
    pub fn learn(&mut self, space: &Space, layer: usize, point: Point) {
        let kind = self.kind_of[layer];
        if std::mem::replace(&mut self.met[kind][point as usize], true)
            || !space.keeps_pace(layer, point)
        {
            return;
        }
        let Some(price) = space.price(layer, point) else {
            return;
        };
        let latency = price.latency_cycles as f64;
        let mut figures = match space.problem.objective.metric {
            Metric::Latency | Metric::Throughput | Metric::CriticalPath => vec![latency],
            Metric::Energy => vec![price.energy_nj],
            Metric::Area => vec![price.area_um2],
            Metric::Power => vec![price.power_mw],
            Metric::Edp => vec![latency, price.energy_nj],
            Metric::EdpPerLayer => vec![latency * price.energy_nj],
        };
        let weight = |sum: &SumLimit| space.weight(sum.weight, layer, point);
        figures.extend(self.sums.iter().map(weight));
        let front = &mut self.fronts[kind];
        let beats = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a <= b);
        if front.iter().any(|e| beats(&e.figures, &figures)) {
            return;
        }
        front.retain(|e| !beats(&figures, &e.figures));
        front.push(Entry { point, figures });
    }

    /// How many points are worth choosing for a layer.
    pub fn points(&self, layer: usize) -> usize {
        self.fronts[self.kind_of[layer]].len()
    }

    /// One of them.
    pub fn point(&self, layer: usize, index: usize) -> Point {
        self.fronts[self.kind_of[layer]][index].point
    }
}
