//! Exact solution of multiple-choice knapsacks: dynamic programming over partial choices, layer by
//! layer, without those that are dominated or whose Lagrangian bound is above the best known.
//!
//! A first pass keeps only the most promising states and so finds a good solution quickly; the
//! second keeps all that the bound cannot exclude, up to a stated number. If it overflows, the
//! least bound among its states is still a bound for everything not tried.
//!
//! Of equally cheap choices the one with the least weight under the first limit wins, then under
//! the second, …, then the one whose first differing layer has the earlier option in menu order.
//! Layers of equal shape meet in the same state, so their permutations are not enumerated.

use super::dual::{self, DENOMINATOR, Dual};
use super::instance::Instance;

/// States the first pass keeps per layer.
const BEAM: usize = 100;

/// What was found and proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solved {
    /// Option per layer of the best choice found, if any keeps the limits.
    pub choice: Option<Vec<usize>>,
    /// Its cost; `i64::MAX` without one.
    pub cost: i64,
    /// No choice that keeps the limits costs less; `i64::MAX` if there is none.
    pub bound: i64,
    /// The Lagrangian bound and its multipliers, before anything was enumerated.
    pub dual: Dual,
    /// States looked at.
    pub states: usize,
}

impl Solved {
    /// Whether the best found is proved to be an optimum (or that there is no solution).
    pub fn closed(&self) -> bool {
        self.cost == self.bound
    }
}

#[derive(Clone)]
struct State {
    cost: i64,
    used: Vec<i64>,
    /// Place of the choice so far in the order of choices.
    rank: u32,
    parent: u32,
    option: u32,
}

/// Solves an instance with at most about `limit` states; `known` is a choice to start from.
pub fn solve(instance: &Instance, known: Option<&[usize]>, limit: usize) -> Solved {
    let dual = dual::maximise(instance);
    let root = ceil_div(dual.bound, DENOMINATOR);
    let mut solved = Solved {
        choice: None,
        cost: i64::MAX,
        bound: root,
        dual,
        states: 0,
    };
    if instance.kinds.iter().any(|k| k.points.is_empty()) {
        solved.bound = i64::MAX;
        return solved;
    }
    if let Some(known) = known {
        let (cost, used) = instance.sums(known);
        if instance.keeps(&used) {
            solved.cost = cost;
            solved.choice = Some(known.to_vec());
        }
    }
    let mut pass = Pass::new(instance, &solved.dual);
    // A beam never overflows; what it leaves out the second pass looks at.
    let _ = pass.run(&mut solved, BEAM, true);
    match pass.run(&mut solved, limit, false) {
        Ok(()) => solved.bound = solved.cost,
        Err(bound) => solved.bound = solved.bound.max(bound).min(solved.cost),
    }
    solved
}

/// The quotient rounded up, within the range of costs.
fn ceil_div(a: i128, b: i128) -> i64 {
    let quotient = a.div_euclid(b) + i128::from(a.rem_euclid(b) != 0);
    quotient.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

struct Pass<'a> {
    instance: &'a Instance,
    /// Multiplier vectors whose bounds prune.
    multipliers: Vec<Vec<i128>>,
    /// `suffix[v][d]`: least reduced cost of the layers from d on, less the limits' worth.
    suffix: Vec<Vec<i128>>,
    /// `least[d][b]`: least weight of the layers from d on.
    least: Vec<Vec<i64>>,
    /// Least reduced cost of each kind under the first multipliers.
    cheapest: Vec<i128>,
}

impl<'a> Pass<'a> {
    fn new(instance: &'a Instance, dual: &Dual) -> Self {
        // The best multipliers, and some around them: a state far from the budget's share of its
        // depth is judged better by a price a little off.
        let mut multipliers = vec![dual.multipliers.clone()];
        for percent in [70, 90, 110, 140] {
            if instance.limits() > 0 {
                multipliers.push(dual.multipliers.iter().map(|m| m * percent / 100).collect());
            }
        }
        let depth = instance.layers.len();
        let suffix = multipliers
            .iter()
            .map(|m| {
                let best = dual::cheapest(instance, m);
                let worth: i128 = m
                    .iter()
                    .zip(&instance.bounds)
                    .map(|(m, b)| m * i128::from(*b))
                    .sum();
                let mut sums = vec![-worth; depth + 1];
                for d in (0..depth).rev() {
                    sums[d] = sums[d + 1] + best[instance.layers[d]].1;
                }
                sums
            })
            .collect();
        let limits = instance.limits();
        let min: Vec<Vec<i64>> = instance
            .kinds
            .iter()
            .map(|k| {
                let weight = |b: usize| (0..k.points.len()).map(move |o| k.weights_of(o)[b]).min();
                (0..limits).map(|b| weight(b).unwrap_or(0)).collect()
            })
            .collect();
        let mut least = vec![vec![0; limits]; depth + 1];
        for d in (0..depth).rev() {
            for b in 0..limits {
                least[d][b] = least[d + 1][b] + min[instance.layers[d]][b];
            }
        }
        let cheapest = dual::cheapest(instance, &dual.multipliers)
            .iter()
            .map(|c| c.1)
            .collect();
        Pass {
            instance,
            multipliers,
            suffix,
            least,
            cheapest,
        }
    }

    /// Lower bound (times the denominator) of everything below a state.
    fn bound(&self, cost: i64, used: &[i64], depth: usize) -> i128 {
        let cost = i128::from(cost) * DENOMINATOR;
        let bounds = self
            .multipliers
            .iter()
            .zip(&self.suffix)
            .map(|(m, suffix)| {
                let priced: i128 = m.iter().zip(used).map(|(m, u)| m * i128::from(*u)).sum();
                cost + priced + suffix[depth]
            });
        bounds.max().unwrap_or(i128::MIN)
    }

    /// One pass. `Err` holds a bound for what was not tried.
    fn run(&mut self, solved: &mut Solved, limit: usize, beam: bool) -> Result<(), i64> {
        let depth = self.instance.layers.len();
        let limits = self.instance.limits();
        let root = State {
            cost: 0,
            used: vec![0; limits],
            rank: 0,
            parent: 0,
            option: 0,
        };
        let mut levels: Vec<Vec<State>> = vec![vec![root]];
        let mut kept = 0;
        for d in 0..depth {
            let kind = self.instance.layers[d];
            let options = &self.instance.kinds[kind];
            // An equal cost may still win by using less; anything dearer cannot.
            let ceiling = i128::from(solved.cost) * DENOMINATOR;
            let open: Vec<usize> = (0..options.points.len())
                .filter(|&o| {
                    let extra = dual::reduced(self.instance, kind, o, &self.multipliers[0])
                        - self.cheapest[kind];
                    self.suffix[0][0] + extra <= ceiling
                })
                .collect();
            let mut next: Vec<(State, i128)> = Vec::new();
            for (parent, state) in levels[d].iter().enumerate() {
                for &o in &open {
                    let weights = options.weights_of(o);
                    let used: Vec<i64> =
                        state.used.iter().zip(weights).map(|(u, w)| u + w).collect();
                    let fits = used
                        .iter()
                        .zip(&self.least[d + 1])
                        .zip(&self.instance.bounds)
                        .all(|((u, l), b)| u + l <= *b);
                    if !fits {
                        continue;
                    }
                    let cost = state.cost + options.costs[o];
                    let bound = self.bound(cost, &used, d + 1);
                    if bound > ceiling {
                        continue;
                    }
                    let state = State {
                        cost,
                        used,
                        rank: state.rank,
                        parent: parent as u32,
                        option: o as u32,
                    };
                    next.push((state, bound));
                }
                if next.len() > 8 * limit.max(BEAM) {
                    next = undominated(next, limits);
                    if !beam && next.len() > limit {
                        return Err(self.abandoned(&levels[d], d));
                    }
                }
            }
            let mut next = undominated(next, limits);
            if beam && next.len() > limit {
                next.sort_by(|a, b| a.1.cmp(&b.1).then(key(&a.0).cmp(&key(&b.0))));
                next.truncate(limit);
            }
            kept += next.len();
            if !beam && kept > limit {
                return Err(self.abandoned(&levels[d], d));
            }
            let mut next: Vec<State> = next.into_iter().map(|n| n.0).collect();
            next.sort_by_key(key);
            for (rank, state) in next.iter_mut().enumerate() {
                state.rank = rank as u32;
            }
            levels.push(next);
        }
        solved.states += kept;
        let last = &levels[depth];
        let best = last.iter().min_by(|a, b| {
            a.cost
                .cmp(&b.cost)
                .then_with(|| a.used.cmp(&b.used))
                .then(a.rank.cmp(&b.rank))
        });
        if let Some(best) = best
            && best.cost <= solved.cost
        {
            let mut choice = vec![0; depth];
            let mut at = best;
            for d in (0..depth).rev() {
                choice[d] = at.option as usize;
                at = &levels[d][at.parent as usize];
            }
            solved.cost = best.cost;
            solved.choice = Some(choice);
        }
        Ok(())
    }

    /// The least bound among states of a level whose children were not all kept.
    fn abandoned(&self, states: &[State], depth: usize) -> i64 {
        let least = states
            .iter()
            .map(|s| self.bound(s.cost, &s.used, depth))
            .min();
        least.map_or(i64::MAX, |b| ceil_div(b, DENOMINATOR))
    }
}

/// Order of choices: that of the parents, then the option.
fn key(state: &State) -> (u32, u32) {
    (state.rank, state.option)
}

/// Drops states that another one equals or beats in cost and under every limit. Among equals the
/// first in the order of choices stays.
fn undominated(mut states: Vec<(State, i128)>, limits: usize) -> Vec<(State, i128)> {
    states.sort_by(|a, b| {
        let (a, b) = (&a.0, &b.0);
        a.used
            .cmp(&b.used)
            .then(a.cost.cmp(&b.cost))
            .then(key(a).cmp(&key(b)))
    });
    let mut kept: Vec<(State, i128)> = Vec::with_capacity(states.len().min(1 << 16));
    // With one limit, costs must fall as weights rise. With two, a staircase over the second limit
    // holds the least cost so far; with more only the latest states are compared with.
    let mut least = i64::MAX;
    let mut stairs: std::collections::BTreeMap<i64, i64> = std::collections::BTreeMap::new();
    for state in states {
        let beaten = match limits {
            0 | 1 => {
                let beaten = state.0.cost >= least;
                least = least.min(state.0.cost);
                beaten
            }
            2 => {
                let second = state.0.used[1];
                let below = stairs.range(..=second).next_back().map(|(_, &c)| c);
                let beaten = below.is_some_and(|c| c <= state.0.cost);
                if !beaten {
                    let worse: Vec<i64> = stairs
                        .range(second..)
                        .take_while(|(_, c)| **c >= state.0.cost)
                        .map(|(&w, _)| w)
                        .collect();
                    worse.iter().for_each(|w| {
                        stairs.remove(w);
                    });
                    stairs.insert(second, state.0.cost);
                }
                beaten
            }
            _ => kept.iter().rev().take(200).any(|k| {
                k.0.cost <= state.0.cost && k.0.used.iter().zip(&state.0.used).all(|(a, b)| a <= b)
            }),
        };
        if !beaten {
            kept.push(state);
        }
    }
    kept
}
