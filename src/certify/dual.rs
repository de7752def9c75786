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

/// Good multipliers: exact for one limit, nested bisection for two, cyclic bisection for more.
pub fn maximise(instance: &Instance) -> Dual {
    let limits = instance.limits();
    let mut best = Dual {
        multipliers: vec![0; limits],
        bound: i128::MIN,
    };
    let mut at = vec![0; limits];
    match limits {
        0 => note(instance, &at, &mut best),
        1 => ascend(instance, &mut at, &[0], &mut best),
        2 => ascend(instance, &mut at, &[1, 0], &mut best),
        _ => {
            for _ in 0..12 {
                let before = best.bound;
                at.clone_from(&best.multipliers);
                for limit in 0..limits {
                    ascend(instance, &mut at, &[limit], &mut best);
                    at.clone_from(&best.multipliers);
                }
                if best.bound == before {
                    break;
                }
            }
        }
    }
    best
}

fn note(instance: &Instance, at: &[i128], best: &mut Dual) {
    let (bound, _) = evaluate(instance, at);
    if bound > best.bound {
        *best = Dual {
            multipliers: at.to_vec(),
            bound,
        };
    }
}

/// Bisects one multiplier on the sign of its subgradient (used - bound), the inner ones being at
/// their best for each value tried.
fn ascend(instance: &Instance, at: &mut [i128], order: &[usize], best: &mut Dual) {
    let (&limit, inner) = match order.split_first() {
        Some(split) => split,
        None => return note(instance, at, best),
    };
    let overspends = |value: i128, at: &mut [i128], best: &mut Dual| {
        at[limit] = value;
        if !inner.is_empty() {
            ascend(instance, at, inner, best);
        }
        let (bound, used) = evaluate(instance, at);
        if bound > best.bound {
            *best = Dual {
                multipliers: at.to_vec(),
                bound,
            };
        }
        used[limit] > instance.bounds[limit]
    };
    if !overspends(0, at, best) {
        return;
    }
    let mut low = 0;
    let mut high = DENOMINATOR >> 8;
    while overspends(high, at, best) {
        low = high;
        high *= 4;
        if high > LARGEST {
            return;
        }
    }
    while high - low > 1 + (high >> 40) {
        let middle = low + (high - low) / 2;
        if overspends(middle, at, best) {
            low = middle
        } else {
            high = middle
        }
    }
    overspends(high, at, best);
}
