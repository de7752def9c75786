//! Weights on the layers that make a longest path a sum: a unit flow through the network.
//!
//! With d_l cycles in layer l, the longest path is the largest mean path length over all ways to
//! spread one unit over the paths. A flow is such a way, and phi_l, what of it runs through layer l,
//! gives for every assignment
//!
//! ```text
//! critical path >= sum over layers of phi_l d_l
//! ```
//!
//! whose least value within budget is a knapsack. Which flow gives the best bound is a game between
//! the flow, which wants paths long, and the assignment, which wants them short: at every step where
//! branches meet, the flow regrets what it did not send along each of them and splits in proportion
//! to the regrets that are above zero (regret matching plus, Tammelin 2014). The best of the flows
//! met, and of their mean, is taken. How good it is decides how near the bound is, never whether it
//! holds.

use super::instance::Instance;
use crate::space::Paths;

/// Options looked at while a flow is improved.
const WORK: usize = 100_000_000;
/// Rounds of the game: no more are worth it, and fewer say little.
const ROUNDS: (usize, usize) = (20, 400);
/// Halvings of a multiplier's interval.
const HALVINGS: usize = 24;

/// A flow in whole units, so that it is conserved exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Units in all.
    pub units: i64,
    /// Per step: units that run through it.
    pub through: Vec<i64>,
    /// Per step and producer, in the order of [`crate::space::path::Step::before`]: units from there.
    pub from: Vec<Vec<i64>>,
}

impl Flow {
    /// A flow whose units split at every step as these shares do; the last entry is that of the end
    /// of all paths. What does not come out whole goes with the largest share.
    fn new(paths: &Paths, shares: &[Vec<f64>], units: i64) -> Flow {
        let split = |shares: &[f64], amount: i64| -> Vec<i64> {
            let all: f64 = shares.iter().sum();
            let whole = |s: &f64| ((amount as f64 * (s / all)) as i64).clamp(0, amount);
            let mut parts: Vec<i64> = shares.iter().map(whole).collect();
            let most = (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b]));
            let rest = amount - parts.iter().sum::<i64>();
            if let Some(most) = most {
                parts[most] += rest;
            }
            // Rounding up of several parts may have taken one unit too many from a small amount.
            if parts.iter().any(|&p| p < 0) {
                parts.fill(0);
                most.into_iter().for_each(|m| parts[m] = amount);
            }
            parts
        };
        let count = paths.steps.len();
        let mut through = vec![0; count];
        let ends: Vec<usize> = paths.ends().collect();
        for (&end, part) in ends.iter().zip(split(&shares[count], units)) {
            through[end] += part;
        }
        let mut from = vec![Vec::new(); count];
        for (at, step) in paths.steps.iter().enumerate().rev() {
            let parts = split(&shares[at], through[at]);
            for (&b, part) in step.before.iter().zip(&parts) {
                through[b] += part;
            }
            from[at] = parts;
        }
        Flow {
            units,
            through,
            from,
        }
    }

    /// All units along one longest path.
    pub fn longest(paths: &Paths, cycles: &dyn Fn(usize) -> u64, units: i64) -> Flow {
        let done = paths.finishes(cycles);
        let pick = |steps: &[usize]| -> Vec<f64> {
            let last = steps.iter().copied().max_by_key(|&s| (done[s], !s));
            let one = |s: &usize| f64::from(u8::from(Some(*s) == last));
            steps.iter().map(one).collect()
        };
        let mut shares: Vec<Vec<f64>> = paths.steps.iter().map(|s| pick(&s.before)).collect();
        shares.push(pick(&paths.ends().collect::<Vec<_>>()));
        Flow::new(paths, &shares, units)
    }

    /// Units through every layer.
    pub fn of_layers(&self, paths: &Paths) -> Vec<i64> {
        let mut layers = vec![0; paths.layers];
        for (step, &units) in paths.steps.iter().zip(&self.through) {
            if let Some(layer) = step.layer {
                layers[layer] = units;
            }
        }
        layers
    }
}

/// A flow with a good bound for this knapsack, whose costs are the layers' cycles.
pub fn best(paths: &Paths, instance: &Instance, units: i64) -> Flow {
    let mut prices = Prices::new(instance);
    let looks = 1 + HALVINGS * instance.limits().min(1);
    let work: usize = instance.layers.iter().map(|&k| prices.kinds[k].len()).sum();
    let rounds = (WORK / (work * looks).max(1)).clamp(ROUNDS.0, ROUNDS.1);
    let count = paths.steps.len();
    let mut joins: Vec<Vec<usize>> = paths.steps.iter().map(|s| s.before.clone()).collect();
    joins.push(paths.ends().collect());
    let mut regrets: Vec<Vec<f64>> = joins.iter().map(|j| vec![0.0; j.len()]).collect();
    let mut mean = regrets.clone();
    let mut best = (f64::NEG_INFINITY, regrets.clone());
    for round in 1..=rounds {
        let shares: Vec<Vec<f64>> = regrets.iter().map(|r| proportions(r)).collect();
        let mass = masses(&joins, &shares);
        let (bound, cycles) = prices.bound(&of_layers(paths, &mass));
        if bound > best.0 {
            best = (bound, shares.clone());
        }
        // The mean length of what arrives at every step.
        let mut length = vec![0.0; count + 1];
        for at in 0..=count {
            let before = joins[at].iter().zip(&shares[at]);
            let start: f64 = before.map(|(&b, share)| length[b] * share).sum();
            for (i, &b) in joins[at].iter().enumerate() {
                regrets[at][i] = (regrets[at][i] + length[b] - start).max(0.0);
                mean[at][i] += round as f64 * mass[at] * shares[at][i];
            }
            let layer = paths.steps.get(at).and_then(|s| s.layer);
            length[at] = start + layer.map_or(0.0, |l| cycles[l]);
        }
        if round % 10 == 0 || round == rounds {
            let shares: Vec<Vec<f64>> = mean.iter().map(|r| proportions(r)).collect();
            let mass = masses(&joins, &shares);
            let (bound, _) = prices.bound(&of_layers(paths, &mass));
            if bound > best.0 {
                best = (bound, shares);
            }
        }
    }
    Flow::new(paths, &best.1, units)
}

/// Shares in proportion to these weights, equal ones if all are 0.
fn proportions(weights: &[f64]) -> Vec<f64> {
    let all: f64 = weights.iter().sum();
    if all > 0.0 {
        weights.iter().map(|w| w / all).collect()
    } else {
        vec![1.0 / weights.len() as f64; weights.len()]
    }
}

/// What runs through every step, the end last, when flows split like this.
fn masses(joins: &[Vec<usize>], shares: &[Vec<f64>]) -> Vec<f64> {
    let mut mass = vec![0.0; joins.len()];
    mass[joins.len() - 1] = 1.0;
    for at in (0..joins.len()).rev() {
        for (&b, share) in joins[at].iter().zip(&shares[at]) {
            mass[b] += mass[at] * share;
        }
    }
    mass
}

fn of_layers(paths: &Paths, mass: &[f64]) -> Vec<f64> {
    let mut layers = vec![0.0; paths.layers];
    for (step, &mass) in paths.steps.iter().zip(mass) {
        if let Some(layer) = step.layer {
            layers[layer] = mass;
        }
    }
    layers
}

/// The knapsack in doubles: cost and shares of the limits of every option, and the price of the limits
/// that was best last time: limit b has the multiplier price x share_b.
struct Prices {
    kinds: Vec<Vec<(f64, Vec<f64>)>>,
    layers: Vec<usize>,
    price: f64,
    shares: Vec<f64>,
    regrets: Vec<f64>,
}

/// One look: the bound, cycles of every layer, by how much each limit is overspent, as a part of it.
struct Look {
    bound: f64,
    cycles: Vec<f64>,
    over: Vec<f64>,
}

impl Prices {
    fn new(instance: &Instance) -> Prices {
        let limits = instance.limits();
        let kinds = instance.kinds.iter().map(|kind| {
            let share = |(&w, &b): (&i64, &i64)| w as f64 / (b as f64).max(1.0);
            let weights = |o| kind.weights_of(o).iter().zip(&instance.bounds).map(share);
            let options = (0..kind.points.len()).map(|o| (kind.costs[o] as f64, weights(o)));
            let options: Vec<(f64, Vec<f64>)> = options.map(|(c, w)| (c, w.collect())).collect();
            if limits == 1 { hull(options) } else { options }
        });
        Prices {
            kinds: kinds.collect(),
            layers: instance.layers.clone(),
            price: 0.0,
            shares: vec![1.0 / limits as f64; limits],
            regrets: vec![0.0; limits],
        }
    }

    fn look(&self, phi: &[f64], price: f64) -> Look {
        let mut look = Look {
            bound: -price,
            cycles: Vec::with_capacity(phi.len()),
            over: vec![-1.0; self.shares.len()],
        };
        if self.shares.is_empty() {
            look.bound = 0.0;
        }
        for (&kind, &phi) in self.layers.iter().zip(phi) {
            let mut least = (f64::INFINITY, 0);
            for (o, (cost, weights)) in self.kinds[kind].iter().enumerate() {
                let weighed = weights.iter().zip(&self.shares);
                let weight: f64 = weighed.map(|(w, s)| w * s).sum();
                let value = phi * cost + price * weight;
                if value < least.0 {
                    least = (value, o);
                }
            }
            let (cost, weights) = &self.kinds[kind][least.1];
            look.bound += least.0;
            look.cycles.push(*cost);
            look.over.iter_mut().zip(weights).for_each(|(u, w)| *u += w);
        }
        look
    }

    /// About the best bound with these weights on the layers, and cycles that answer them: at the
    /// best multipliers two answers are equally good, and the mixture that spends the limits is taken.
    /// Of several limits the ones that answer overspends weigh more next time, again by their regrets.
    fn bound(&mut self, phi: &[f64]) -> (f64, Vec<f64>) {
        if self.shares.is_empty() {
            let look = self.look(phi, 0.0);
            return (look.bound, look.cycles);
        }
        let look = self.ascend(phi);
        let many = self.shares.len() > 1;
        for (regret, over) in self.regrets.iter_mut().zip(&look.over).filter(|_| many) {
            *regret = (*regret + over).max(0.0);
        }
        self.shares = proportions(&self.regrets);
        (look.bound, look.cycles)
    }

    /// Bisects the price of the limits, in their present shares of it.
    fn ascend(&mut self, phi: &[f64]) -> Look {
        let (mut low, mut high) = (self.price * 0.7, self.price * 1.4);
        let mut under = self.look(phi, low);
        if self.spent(&under) <= 0.0 && low > 0.0 {
            (low, high) = (0.0, low);
            under = self.look(phi, low);
        }
        if self.spent(&under) <= 0.0 {
            return under;
        }
        if high == 0.0 {
            high = (under.bound * 1e-6).max(1e-9);
        }
        let mut over = self.look(phi, high);
        while self.spent(&over) > 0.0 {
            (low, under) = (high, over);
            high *= 4.0;
            if high > 1e30 {
                return under;
            }
            over = self.look(phi, high);
        }
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let look = self.look(phi, middle);
            if self.spent(&look) > 0.0 {
                (low, under) = (middle, look);
            } else {
                (high, over) = (middle, look);
            }
        }
        self.price = high;
        let share = self.spent(&under) / (self.spent(&under) - self.spent(&over));
        let mix = |(u, o): (&f64, &f64)| u + (o - u) * share;
        Look {
            bound: over.bound.max(under.bound),
            cycles: under.cycles.iter().zip(&over.cycles).map(mix).collect(),
            over: under.over.iter().zip(&over.over).map(mix).collect(),
        }
    }

    /// By how much a look overspends the limits, in their shares of the price.
    fn spent(&self, look: &Look) -> f64 {
        let pairs = look.over.iter().zip(&self.shares);
        pairs.map(|(over, share)| over * share).sum()
    }
}

/// The options that are cheapest at some price of the only limit.
fn hull(mut options: Vec<(f64, Vec<f64>)>) -> Vec<(f64, Vec<f64>)> {
    options.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]).then(a.0.total_cmp(&b.0)));
    let mut kept: Vec<(f64, Vec<f64>)> = Vec::new();
    for option in options {
        if kept.last().is_some_and(|k| k.0 <= option.0) {
            continue;
        }
        while let [.., a, b] = &kept[..] {
            let (ab, ac) = (b.1[0] - a.1[0], option.1[0] - a.1[0]);
            if (a.0 - b.0) * ac > (a.0 - option.0) * ab {
                break;
            }
            kept.pop();
        }
        kept.push(option);
    }
    kept
}
