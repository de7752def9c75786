//! The Lagrangian bound of a multiple-choice knapsack, in exact integers.
//!
//! For multipliers m_b >= 0 over the common denominator D = [`DENOMINATOR`],
//!
//! ```text
//! D L(m) = sum over layers of min over options (D cost + sum over b of m_b weight_b)
//!          - sum over b of m_b bound_b
//! ```
//!
//! is at most D times the cost of every choice that keeps the limits (Geoffrion 1974). The bound is
//! valid for every m; only its quality depends on how m is chosen.

use super::instance::Instance;

/// Multipliers are fractions over this.
pub const DENOMINATOR: i128 = 1 << 24;

/// The largest multiplier numerator tried.
const LARGEST: i128 = 1 << 60;

/// A bound and the multipliers that prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dual {
    /// Numerators over [`DENOMINATOR`].
    pub multipliers: Vec<i128>,
    /// [`DENOMINATOR`] times the bound.
    pub bound: i128,
}

/// Cost of an option under multipliers, times [`DENOMINATOR`].
pub fn reduced(instance: &Instance, kind: usize, option: usize, multipliers: &[i128]) -> i128 {
    let kind = &instance.kinds[kind];
    let weights = kind.weights_of(option).iter().zip(multipliers);
    let priced: i128 = weights.map(|(&w, &m)| i128::from(w) * m).sum();
    i128::from(kind.costs[option]) * DENOMINATOR + priced
}

/// The cheapest option of every kind under multipliers, the first of equals, and its cost.
pub fn cheapest(instance: &Instance, multipliers: &[i128]) -> Vec<(usize, i128)> {
    (0..instance.kinds.len())
        .map(|kind| {
            let options = 0..instance.kinds[kind].points.len();
            let costs = options.map(|o| (o, reduced(instance, kind, o, multipliers)));
            costs.min_by_key(|c| c.1).unwrap_or((0, 0))
        })
        .collect()
}

/// The bound at these multipliers, and by how much the cheapest options use each limit.
pub fn evaluate(instance: &Instance, multipliers: &[i128]) -> (i128, Vec<i64>) {
    let best = cheapest(instance, multipliers);
    let mut bound: i128 = instance.layers.iter().map(|&k| best[k].1).sum();
    for (m, b) in multipliers.iter().zip(&instance.bounds) {
        bound -= m * i128::from(*b);
    }
    let mut used = vec![0; instance.limits()];
    for &kind in &instance.layers {
        let weights = instance.kinds[kind].weights_of(best[kind].0);
        used.iter_mut().zip(weights).for_each(|(u, w)| *u += w);
    }
    (bound, used)
}

/// Good multipliers: bisection for one limit, nested for two (up to the width of the last interval
/// the best there are); for more, steps along the subgradient and cyclic bisection.
pub fn maximise(instance: &Instance) -> Dual {
    let limits = instance.limits();
    let mut search = Search {
        instance,
        at: vec![0; limits],
        best: Dual {
            multipliers: vec![0; limits],
            bound: i128::MIN,
        },
    };
    match limits {
        0 => drop(search.evaluate()),
        1 => drop(search.ascend(&[0])),
        2 => drop(search.ascend(&[1, 0])),
        _ => {
            search.cycle();
            search.step();
            search.cycle();
        }
    }
    search.best
}

struct Search<'a> {
    instance: &'a Instance,
    at: Vec<i128>,
    best: Dual,
}

impl Search<'_> {
    /// Looks at the present multipliers. Returns the subgradient (used - bound) there.
    fn evaluate(&mut self) -> Vec<f64> {
        let (bound, used) = evaluate(self.instance, &self.at);
        if bound > self.best.bound {
            self.best = Dual {
                multipliers: self.at.clone(),
                bound,
            };
        }
        let limits = used.iter().zip(&self.instance.bounds);
        limits.map(|(u, b)| *u as f64 - *b as f64).collect()
    }

    /// As [`Search::evaluate`], with the multiplier of `limit` at a value and those of `inner` at
    /// their best for it.
    fn probe(&mut self, limit: usize, value: i128, inner: &[usize]) -> Vec<f64> {
        self.at[limit] = value;
        if inner.is_empty() {
            self.evaluate()
        } else {
            self.ascend(inner)
        }
    }

    /// Bisects one multiplier on the sign of its subgradient, the inner ones being at their best
    /// for each value tried. Returns the mixture of the subgradients at both ends of the last
    /// interval that is level in this multiplier: what the outer ones have to go by.
    fn ascend(&mut self, order: &[usize]) -> Vec<f64> {
        let (limit, inner) = (order[0], &order[1..]);
        let mut under = self.probe(limit, 0, inner);
        if under[limit] <= 0.0 {
            return under;
        }
        let (mut low, mut high) = (0, DENOMINATOR >> 8);
        let mut over = self.probe(limit, high, inner);
        while over[limit] > 0.0 {
            (low, under) = (high, over);
            high *= 4;
            if high > LARGEST {
                return under;
            }
            over = self.probe(limit, high, inner);
        }
        let digits = if inner.is_empty() { 40 } else { 26 };
        while high - low > 1 + (high >> digits) {
            let middle = low + (high - low) / 2;
            let slope = self.probe(limit, middle, inner);
            if slope[limit] > 0.0 {
                (low, under) = (middle, slope);
            } else {
                (high, over) = (middle, slope);
            }
        }
        self.at[limit] = high;
        let share = under[limit] / (under[limit] - over[limit]);
        let mix = |(u, o): (&f64, &f64)| u + (o - u) * share;
        under.iter().zip(&over).map(mix).collect()
    }

    /// Bisects one multiplier after the other until that gains nothing.
    fn cycle(&mut self) {
        for _ in 0..8 {
            let before = self.best.bound;
            for limit in 0..self.at.len() {
                self.at.clone_from(&self.best.multipliers);
                self.ascend(&[limit]);
            }
            if self.best.bound == before {
                return;
            }
        }
    }

    /// Walks along the subgradient from the best known, with shorter steps after steps in vain.
    fn step(&mut self) {
        let instance = self.instance;
        let size = self.best.bound.max(DENOMINATOR) as f64;
        // In units of the bound per limit: multiplier = y size / limit.
        let units: Vec<f64> = instance
            .bounds
            .iter()
            .map(|&b| size / (b as f64).max(1.0))
            .collect();
        let mut length = 0.25;
        let mut vain = 0;
        let mut walk: Vec<f64> = self.best.multipliers.iter().map(|&m| m as f64).collect();
        for _ in 0..400 {
            let before = self.best.bound;
            let numerators = walk.iter().map(|w| w.min(LARGEST as f64) as i128);
            self.at = numerators.collect();
            let slope = self.evaluate();
            vain = if self.best.bound > before {
                0
            } else {
                vain + 1
            };
            if vain == 6 {
                vain = 0;
                length *= 0.5;
                walk = self.best.multipliers.iter().map(|&m| m as f64).collect();
                continue;
            }
            let scaled: Vec<f64> = slope
                .iter()
                .zip(&units)
                .map(|(s, u)| s * u / size)
                .collect();
            let norm = scaled.iter().map(|s| s * s).sum::<f64>().sqrt();
            if norm == 0.0 {
                return;
            }
            for ((w, s), unit) in walk.iter_mut().zip(&scaled).zip(&units) {
                *w = (*w + length * s / norm * unit).max(0.0);
            }
        }
    }
}
