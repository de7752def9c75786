//! Keeps an episode within budget: which choices leave enough for the layers still to come.
//!
//! A way to complete an episode gives every kind of layer one of its choices. With one budget the
//! cheapest choices are such a way, and a choice is within budget if and only if what is used, it,
//! and the cheapest rest fit. With several budgets no way is best; several are kept, each the
//! cheapest at some prices of the budgets (corners of the hull of all sums), and a choice is let
//! through if the rest of one of them still fits. As the way that fits before a layer still does
//! after its own choice for that layer, an episode that begins with one that fits ends within all
//! budgets.

use super::slots::{Choice, Slots};
use crate::base::math::exp;
use crate::space::cheapest::SumLimit;
use crate::space::{Point, Space, feasible};

/// Leaves room for the rounding of sums in another order.
const SLACK: f64 = 1e-12;
/// The most sets of prices that ways are sought with.
const PRICES: usize = 40;
/// The largest ratio of two prices, as a power of e.
const STEEPEST: f64 = 9.0;
/// Weights of every choice under every budget that is a sum, and ways to complete an episode.
pub struct Budgets {
    /// The limits.
    pub sums: Vec<SumLimit>,
    /// `weights[kind][choice][limit]`, each divided by the limit: a whole design may use 1.
    pub weights: Vec<Vec<Vec<f64>>>,
    /// `least[kind][limit]`
    pub least: Vec<Vec<f64>>,
    /// How to complete an episode.
    pub ways: Ways,
}

/// Ways to complete an episode: `[way][layer][limit]`, the weights of a layer's choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Ways(Vec<Vec<Vec<f64>>>);

/// What an episode has used and must still keep back.
#[derive(Debug, Clone, PartialEq)]
pub struct Purse {
    /// Per limit: used so far.
    pub used: Vec<f64>,
    /// Per way and limit: what the layers not yet visited take.
    reserve: Vec<Vec<f64>>,
    /// The way that leaves most.
    best: usize,
}

impl Purse {
    /// Of a walk that knows nothing of budgets.
    pub fn none() -> Purse {
        Purse {
            used: Vec::new(),
            reserve: vec![Vec::new()],
            best: 0,
        }
    }

    /// An empty purse before all layers, completed in one of these ways.
    pub fn new(limits: usize, ways: &Ways) -> Purse {
        let mut purse = Purse {
            used: vec![0.0; limits],
            reserve: ways.0.iter().map(|way| sums(way, limits)).collect(),
            best: 0,
        };
        purse.look();
        purse
    }

    /// Per limit: the share that is neither used nor kept back by the way that leaves most.
    pub fn free(&self) -> impl Iterator<Item = f64> {
        let pairs = self.used.iter().zip(&self.reserve[self.best]);
        pairs.map(|(used, reserve)| 1.0 - used - reserve)
    }

    /// Whether one of the ways fits.
    pub fn fits(&self) -> bool {
        self.free().all(|f| f >= SLACK)
    }

    /// Looks for the way that leaves most of the limit of which it leaves least.
    fn look(&mut self) {
        let taken = |way: &Vec<f64>| {
            let all = self.used.iter().zip(way).map(|(u, r)| u + r);
            all.fold(f64::NEG_INFINITY, f64::max)
        };
        let all: Vec<f64> = self.reserve.iter().map(taken).collect();
        let ways = 0..all.len();
        self.best = ways.min_by(|&a, &b| all[a].total_cmp(&all[b])).unwrap_or(0);
    }
}

/// What all layers together take of every limit.
fn sums(way: &[Vec<f64>], limits: usize) -> Vec<f64> {
    let need = |limit: usize| way.iter().map(|w| w[limit]).sum();
    (0..limits).map(need).collect()
}

impl Ways {
    /// Ways over the choices that are open.
    pub fn new(
        slots: &Slots,
        weights: &[Vec<Vec<f64>>],
        limits: usize,
        open: &dyn Fn(&Choice) -> bool,
    ) -> Ways {
        let open: Vec<Vec<&Vec<f64>>> = slots
            .kinds
            .iter()
            .zip(weights)
            .map(|(choices, rows)| {
                let open = choices.iter().zip(rows).filter(|(c, _)| open(c));
                open.map(|(_, weights)| weights).collect()
            })
            .collect();
        let cheapest = |prices: &[f64]| -> Vec<Vec<f64>> {
            let value = |w: &[f64]| w.iter().zip(prices).map(|(w, p)| w * p).sum::<f64>();
            let of_kind = |rows: &Vec<&Vec<f64>>| {
                let least = rows.iter().min_by(|a, b| value(a).total_cmp(&value(b)));
                least.map_or(vec![f64::INFINITY; limits], |w| w.to_vec())
            };
            let kinds: Vec<Vec<f64>> = open.iter().map(of_kind).collect();
            slots.kind_of.iter().map(|&k| kinds[k].clone()).collect()
        };
        if limits <= 1 {
            return Ways(vec![cheapest(&[1.0])]);
        }
        // The cheapest under each limit alone tell over which range the sums go.
        let alone = |limit: usize| {
            let price = |l: usize| f64::from(u8::from(l == limit));
            cheapest(&(0..limits).map(price).collect::<Vec<f64>>())
        };
        let mut ways: Vec<Vec<Vec<f64>>> = (0..limits).map(alone).collect();
        let totals: Vec<Vec<f64>> = ways.iter().map(|w| sums(w, limits)).collect();
        let range = |limit: usize| {
            let all = || totals.iter().map(|t| t[limit]);
            let span = all().fold(0.0, f64::max) - all().fold(f64::INFINITY, f64::min);
            if span.is_finite() && span > 0.0 {
                span
            } else {
                1.0
            }
        };
        let ranges: Vec<f64> = (0..limits).map(range).collect();
        for steepness in directions(limits) {
            let prices: Vec<f64> = steepness.iter().zip(&ranges).map(|(s, r)| s / r).collect();
            let way = cheapest(&prices);
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        Ways(ways)
    }
}

/// Prices whose logarithms lie on a grid, the largest being 0.
fn directions(limits: usize) -> Vec<Vec<f64>> {
    let count = |steps: usize| (steps + 1).pow(limits as u32) - steps.pow(limits as u32);
    let mut steps = 2;
    while count(steps) <= PRICES {
        steps += 1;
    }
    let mut found = Vec::new();
    let mut place = vec![0usize; limits];
    loop {
        if place.contains(&0) {
            let price = |&at: &usize| exp(-STEEPEST * at as f64 / (steps - 1) as f64);
            found.push(place.iter().map(price).collect());
        }
        let Some(next) = place.iter().rposition(|&at| at + 1 < steps) else {
            return found;
        };
        place[next] += 1;
        place[next + 1..].fill(0);
    }
}

impl Budgets {
    /// Looks up the weights of all coarse choices. Layers of one kind share them. `refuge` is a
    /// design known to keep all budgets.
    pub fn new(space: &Space, slots: &Slots, refuge: Option<&[Point]>) -> Budgets {
        let sums = space.sum_limits();
        let mut weights = Vec::new();
        let mut least = Vec::new();
        for (kind, choices) in slots.kinds.iter().enumerate() {
            let layer = slots.kind_of.iter().position(|&k| k == kind).unwrap_or(0);
            let rows: Vec<Vec<f64>> = choices
                .iter()
                .map(|c| {
                    let one = |s: &SumLimit| space.weight(s.weight, layer, c.point) / s.bound;
                    sums.iter().map(one).collect()
                })
                .collect();
            let min = |limit: usize| rows.iter().map(|r| r[limit]).fold(f64::INFINITY, f64::min);
            least.push((0..sums.len()).map(min).collect());
            weights.push(rows);
        }
        let mut ways = Ways::new(slots, &weights, sums.len(), &|_| true);
        // Corners are far apart where many layers are of one kind, and none of them may fit though
        // a mixture does.
        let coarse = |design: &&[Point]| {
            let mut layers = design.iter().zip(space.coarse.iter());
            layers.all(|(point, open)| open.contains(point))
        };
        if sums.len() > 1
            && !slots.engine
            && let Some(design) = (refuge.filter(coarse).map(<[Point]>::to_vec))
                .or_else(|| feasible::within(space, &space.coarse).ok())
        {
            let layers = design.iter().enumerate();
            let way = layers.map(|(layer, &point)| {
                let weight = |s: &SumLimit| space.weight(s.weight, layer, point) / s.bound;
                sums.iter().map(weight).collect()
            });
            ways.0.push(way.collect());
        }
        Budgets {
            ways,
            sums,
            weights,
            least,
        }
    }

    /// The purse at the start of an episode that is completed in one of these ways.
    pub fn purse(&self, ways: &Ways) -> Purse {
        Purse::new(self.sums.len(), ways)
    }

    /// Per limit: what the cheapest choices of all layers take.
    pub fn least_sums(&self, slots: &Slots) -> Vec<f64> {
        let least = slots.kind_of.iter().map(|&k| self.least[k].clone());
        sums(&least.collect::<Vec<_>>(), self.sums.len())
    }

    /// By how much each choice of a layer, of this kind, overshoots a budget if the rest is completed
    /// in the way that leaves most, and the limit it overshoots most; at most 0 if it is within all
    /// budgets with any of the ways.
    ///
    /// On an engine on which no choice is within all budgets, the mildest is passed off as 0.
    pub fn overshoots(
        &self,
        (layer, kind): (usize, usize),
        purse: &Purse,
        ways: &Ways,
        out: &mut Vec<(f64, usize)>,
    ) {
        out.clear();
        let limits = self.sums.len();
        // What the choice may take, way by way: the way that leaves most first, then the others
        // that leave something of every limit.
        let mut room: Vec<f64> = Vec::with_capacity(purse.reserve.len() * limits);
        let others = (0..purse.reserve.len()).filter(|&w| w != purse.best);
        for way in std::iter::once(purse.best).chain(others) {
            let start = room.len();
            let mut some = true;
            for limit in 0..limits {
                let kept = purse.reserve[way][limit] - ways.0[way][layer][limit];
                let left = 1.0 - SLACK - purse.used[limit] - kept;
                room.push(left);
                some &= left >= 0.0;
            }
            if !some && start > 0 {
                room.truncate(start);
            }
        }
        for weights in &self.weights[kind] {
            let fits = |room: &[f64]| weights.iter().zip(room).all(|(w, r)| w <= r);
            let mut worst = (f64::NEG_INFINITY, 0);
            for limit in 0..limits {
                let over = weights[limit] - room[limit];
                if over > worst.0 {
                    worst = (over, limit);
                }
            }
            if worst.0 > 0.0 && room.chunks_exact(limits).skip(1).any(fits) {
                worst.0 = 0.0;
            }
            out.push(worst);
        }
        if !out.iter().any(|o| o.0 <= 0.0) {
            let mildest = (0..out.len()).min_by(|&a, &b| out[a].0.total_cmp(&out[b].0));
            if let Some(mildest) = mildest {
                out[mildest].0 = 0.0;
            }
        }
    }

    /// Books a choice.
    pub fn spend(
        &self,
        (layer, kind): (usize, usize),
        choice: usize,
        ways: &Ways,
        purse: &mut Purse,
    ) {
        for (used, weight) in purse.used.iter_mut().zip(&self.weights[kind][choice]) {
            *used += weight;
        }
        for (reserve, way) in purse.reserve.iter_mut().zip(&ways.0) {
            for (reserve, own) in reserve.iter_mut().zip(&way[layer]) {
                *reserve -= own;
            }
        }
        purse.look();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Stream;

    /// Two kinds of layers, six choices each with weights that fall under one limit as they rise
    /// under the other.
    fn slots() -> (Slots, Vec<Vec<Vec<f64>>>) {
        let choice = |level: u16| Choice {
            point: u32::from(level),
            levels: vec![level],
        };
        let slots = Slots {
            heads: Vec::new(),
            levels: vec![6],
            shared: vec![false],
            engine: false,
            layers: true,
            kinds: vec![(0..6).map(choice).collect(), (0..6).map(choice).collect()],
            kind_of: vec![0, 1, 0, 1, 1, 0, 0, 1],
        };
        let rows = |scale: f64| -> Vec<Vec<f64>> {
            let row = |l: i32| vec![scale * f64::from(1 << l), scale * 20.0 / f64::from(1 << l)];
            (0..6).map(row).collect()
        };
        (slots, vec![rows(0.02), rows(0.013)])
    }

    fn budgets(slots: &Slots, weights: Vec<Vec<Vec<f64>>>) -> Budgets {
        let sum = |limit| SumLimit {
            limit,
            weight: crate::ir::metric::Metric::Area,
            bound: 1.0,
        };
        Budgets {
            sums: vec![sum(0), sum(1)],
            ways: Ways::new(slots, &weights, 2, &|_| true),
            least: Vec::new(),
            weights,
        }
    }

    /// However choices are picked among those let through, both budgets hold at the end.
    #[test]
    fn episodes_end_within_both_budgets() {
        let (slots, weights) = slots();
        let budgets = budgets(&slots, weights);
        assert!(budgets.ways.0.len() > 3, "{:?}", budgets.ways);
        let mut refused = 0;
        for episode in 0..200 {
            let mut stream = Stream::new(1, "mask", episode);
            let mut purse = budgets.purse(&budgets.ways);
            assert!(purse.fits());
            let mut overshoots = Vec::new();
            for (layer, &kind) in slots.kind_of.iter().enumerate() {
                budgets.overshoots((layer, kind), &purse, &budgets.ways, &mut overshoots);
                let open: Vec<usize> = (0..6).filter(|&c| overshoots[c].0 <= 0.0).collect();
                refused += 6 - open.len();
                let choice = open[stream.below(open.len())];
                budgets.spend((layer, kind), choice, &budgets.ways, &mut purse);
            }
            assert!(purse.used.iter().all(|&u| u <= 1.0), "{purse:?}");
        }
        assert!(refused > 1000, "{refused}");
    }

    /// A choice that no completion of the kinds' hulls allows is refused, and the limit named.
    #[test]
    fn the_limit_that_refuses_is_named() {
        let (slots, mut weights) = slots();
        weights[0][5][0] = 5.0;
        weights[0][0][1] = 7.0;
        let budgets = budgets(&slots, weights);
        let purse = budgets.purse(&budgets.ways);
        let mut overshoots = Vec::new();
        budgets.overshoots((0, 0), &purse, &budgets.ways, &mut overshoots);
        assert!(overshoots[5].0 > 0.0 && overshoots[5].1 == 0);
        assert!(overshoots[0].0 > 0.0 && overshoots[0].1 == 1);
    }
}
