//! Exact solution of multiple-choice knapsacks: dynamic programming over partial choices, layer by
//! layer, without those that are dominated or whose Lagrangian bound is above the best known.
//!
//! The theorem: a partial choice that another one of the same layers equals or beats in cost and
//! under every limit has no completion that beats the other's (Bellman 1957), and at multipliers
//! m >= 0 no completion of a partial choice costs less than the Lagrangian bound plus the excesses
//! of its options, an option's excess being its reduced cost less the least one of its layer
//! (Geoffrion 1974; `dual`). What is dropped is therefore no better than what stays.
//!
//! A first pass keeps only the most promising states and so finds a good solution quickly; the
//! second keeps all that the bound cannot exclude, up to a stated number. If it overflows, every
//! choice either was excluded as dearer than the best known or completes a state of the level it
//! stopped at, so the least bound among these states, or the best known if that is less, is still a
//! bound for everything.
//!
//! Of equally cheap choices the one with the least weight under the first limit wins, then under
//! the second, …, then the one whose first differing layer has the earlier option in menu order;
//! this holds once the enumeration ran to its end. Layers of equal shape meet in the same state, so
//! their permutations are not enumerated.

use super::dual::{self, DENOMINATOR, Dual};
use super::instance::Instance;
use std::collections::BTreeMap;

/// States the first pass keeps per layer.
const BEAM: usize = 16;
/// States a last pass keeps per layer if the enumeration did not end.
const WIDE_BEAM: usize = 1000;
/// Candidates of one layer that are gathered before the dominated ones are dropped.
const GATHERED: usize = 1 << 18;
/// Candidates looked at per state allowed: bounds the work where few are kept.
const TRIES: usize = 24;
/// Multipliers to the side of the best ones, in percent of them: a state far from the budget's share
/// of its depth is judged better by a price a little off.
const ASIDE: [i128; SIDES] = [85, 115];
const SIDES: usize = 2;
/// Excesses are cut off here, so that two of them add up within 64 bits.
const LARGEST_EXCESS: i64 = 1 << 61;

/// What was found and proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solved {
    /// Option per layer of the best choice found, if any keeps the limits.
    pub choice: Option<Vec<usize>>,
    /// Its cost; `i64::MAX` without one.
    pub cost: i64,
    /// No choice that keeps the limits costs less; `i64::MAX` if there is none.
    pub bound: i64,
    /// Whether the enumeration ran to its end.
    pub complete: bool,
    /// The Lagrangian bound and its multipliers, before anything was enumerated.
    pub dual: Dual,
    /// States looked at.
    pub states: usize,
}

impl Solved {
    /// Whether the best found is proved to be an optimum, or that there is no solution (at or below
    /// the cutoff).
    pub fn closed(&self) -> bool {
        self.complete || self.cost == self.bound
    }
}

/// Solves an instance with at most about `limit` states; `known` is a choice to start from.
pub fn solve(instance: &Instance, known: Option<&[usize]>, limit: usize) -> Solved {
    solve_below(instance, known, i64::MAX, limit)
}

/// As [`solve`], without interest in choices that cost more than `cutoff`: the bound never exceeds
/// `cutoff + 1`, and reaching it proves that no choice costs at most `cutoff`.
pub fn solve_below(
    instance: &Instance,
    known: Option<&[usize]>,
    cutoff: i64,
    limit: usize,
) -> Solved {
    let beyond = cutoff.saturating_add(1);
    let empty = |&k: &usize| instance.kinds[k].points.is_empty();
    if instance.layers.iter().any(empty) {
        return Solved {
            choice: None,
            cost: i64::MAX,
            bound: beyond,
            complete: true,
            dual: Dual {
                multipliers: vec![0; instance.limits()],
                bound: 0,
            },
            states: 0,
        };
    }
    let dual = dual::maximise(instance);
    let mut solved = Solved {
        choice: None,
        cost: i64::MAX,
        bound: ceil_div(dual.bound).min(beyond),
        complete: false,
        dual,
        states: 0,
    };
    if let Some(known) = known {
        let (cost, used) = instance.sums(known);
        if instance.keeps(&used) {
            solved.cost = cost;
            solved.choice = Some(known.to_vec());
        }
    }
    if solved.bound == beyond {
        solved.complete = solved.cost > cutoff;
    }
    if !solved.complete {
        match instance.limits() {
            0 | 1 => Passes::<1>::new(instance, &solved.dual).all(&mut solved, cutoff, limit),
            2 => Passes::<2>::new(instance, &solved.dual).all(&mut solved, cutoff, limit),
            3 | 4 => Passes::<4>::new(instance, &solved.dual).all(&mut solved, cutoff, limit),
            5..=8 => Passes::<8>::new(instance, &solved.dual).all(&mut solved, cutoff, limit),
            // No problem has as many metrics; the Lagrangian bound stands.
            _ => {}
        }
    }
    solved.bound = solved.bound.min(solved.cost);
    solved
}

/// A multiple of 1 / [`DENOMINATOR`] rounded up, within the range of costs.
fn ceil_div(a: i128) -> i64 {
    let quotient = a.div_euclid(DENOMINATOR) + i128::from(a.rem_euclid(DENOMINATOR) != 0);
    quotient.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// A partial choice, its weights in an array of fixed size: unused places are 0.
#[derive(Clone, Copy)]
struct State<const B: usize> {
    cost: i64,
    used: [i64; B],
    /// Sum of the excesses of its options, each rounded down.
    excess: i64,
    /// The same under the multipliers to the side.
    aside: [i64; SIDES],
    /// Index of the choice so far in the level before, which is also its place in the order of
    /// choices.
    parent: u32,
    option: u32,
}

/// One option of a layer.
struct Row<const B: usize> {
    cost: i64,
    weights: [i64; B],
    /// Reduced cost above the layer's least, in units of 2^shift / DENOMINATOR, rounded down.
    excess: i64,
    /// The same under the multipliers to the side.
    aside: [i64; SIDES],
    option: u32,
}

struct Passes<'a, const B: usize> {
    instance: &'a Instance,
    /// Options of each kind, least excess first.
    rows: Vec<Vec<Row<B>>>,
    /// `room[d]`: the most that the layers before d may use for the rest to have a chance.
    room: Vec<[i64; B]>,
    /// The Lagrangian bound times the denominator.
    root: i128,
    /// The same at the multipliers to the side.
    roots: [i128; SIDES],
    shift: u32,
}

impl<'a, const B: usize> Passes<'a, B> {
    fn new(instance: &'a Instance, dual: &Dual) -> Self {
        let limits = instance.limits();
        let depth = instance.layers.len();
        let most = |k: &usize| instance.kinds[*k].costs.iter().copied().max().unwrap_or(0);
        let total: i128 = instance.layers.iter().map(|k| i128::from(most(k))).sum();
        // Excesses of about the size of all costs together take 60 bits.
        let bits = 128 - total.max(1).leading_zeros();
        let shift = (bits + DENOMINATOR.trailing_zeros()).saturating_sub(60);
        let cheapest = dual::cheapest(instance, &dual.multipliers);
        let sides = ASIDE.map(|percent| {
            let multipliers = dual.multipliers.iter().map(|m| m * percent / 100);
            let multipliers: Vec<i128> = multipliers.collect();
            let cheapest = dual::cheapest(instance, &multipliers);
            let (bound, _) = dual::evaluate(instance, &multipliers);
            (multipliers, cheapest, bound)
        });
        let cut = |excess: i128| (excess >> shift).min(i128::from(LARGEST_EXCESS)) as i64;
        let mut rows: Vec<Vec<Row<B>>> = Vec::new();
        let mut least: Vec<[i64; B]> = Vec::new();
        for (k, kind) in instance.kinds.iter().enumerate() {
            let mut list: Vec<Row<B>> = (0..kind.points.len())
                .map(|o| {
                    let mut weights = [0; B];
                    weights[..limits].copy_from_slice(kind.weights_of(o));
                    let reduced = dual::reduced(instance, k, o, &dual.multipliers);
                    let aside =
                        |(multipliers, cheapest, _): &(Vec<i128>, Vec<(usize, i128)>, _)| {
                            cut(dual::reduced(instance, k, o, multipliers) - cheapest[k].1)
                        };
                    Row {
                        cost: kind.costs[o],
                        weights,
                        excess: cut(reduced - cheapest[k].1),
                        aside: sides.each_ref().map(aside),
                        option: o as u32,
                    }
                })
                .collect();
            let smallest = |b: usize| list.iter().map(|r| r.weights[b]).min().unwrap_or(0);
            least.push(std::array::from_fn(smallest));
            list.sort_by_key(|r| (r.excess, r.option));
            rows.push(list);
        }
        let mut bounds = [0; B];
        bounds[..limits].copy_from_slice(&instance.bounds);
        let mut room = vec![bounds; depth + 1];
        for d in (0..depth).rev() {
            let least = &least[instance.layers[d]];
            room[d] = std::array::from_fn(|b| room[d + 1][b].saturating_sub(least[b]));
        }
        Passes {
            instance,
            rows,
            room,
            root: dual.bound,
            roots: sides.map(|s| s.2),
            shift,
        }
    }

    /// The narrow pass, the complete one, and a wide one if that did not end.
    fn all(&self, solved: &mut Solved, cutoff: i64, limit: usize) {
        // A beam never overflows; what it leaves out the second pass looks at.
        let _ = self.run(solved, cutoff, BEAM, true);
        match self.run(solved, cutoff, limit, false) {
            Ok(()) => {
                solved.complete = true;
                solved.bound = solved.cost.min(cutoff.saturating_add(1));
            }
            Err(bound) => {
                solved.bound = solved.bound.max(bound).min(cutoff.saturating_add(1));
                if solved.bound < solved.cost {
                    let _ = self.run(solved, cutoff, WIDE_BEAM.min(limit), true);
                }
            }
        }
    }

    /// The largest excess with which a choice may still cost at most `ceiling`.
    fn gap(&self, root: i128, ceiling: i64) -> i64 {
        if ceiling == i64::MAX {
            return i64::MAX;
        }
        let gap = (i128::from(ceiling) * DENOMINATOR - root) >> self.shift;
        gap.clamp(-1, i128::from(i64::MAX)) as i64
    }

    /// One pass. `Err` holds a bound for what was not tried.
    fn run(&self, solved: &mut Solved, cutoff: i64, limit: usize, beam: bool) -> Result<(), i64> {
        let depth = self.instance.layers.len();
        let limits = self.instance.limits();
        // An equal cost may still win by using less; anything dearer cannot.
        let gap = self.gap(self.root, solved.cost.min(cutoff));
        let gaps = self
            .roots
            .map(|root| self.gap(root, solved.cost.min(cutoff)));
        let mut level = vec![State {
            cost: 0,
            used: [0; B],
            excess: 0,
            aside: [0; SIDES],
            parent: 0,
            option: 0,
        }];
        if gap < 0 || (0..B).any(|b| self.room[0][b] < 0) {
            return Ok(());
        }
        // Parent and option of every state kept, level by level.
        let mut trail: Vec<Vec<(u32, u32)>> = Vec::with_capacity(depth);
        let (mut kept, mut tried) = (0, 0);
        for d in 0..depth {
            let rows = &self.rows[self.instance.layers[d]];
            let room = &self.room[d + 1];
            let mut next: Vec<State<B>> = Vec::new();
            let mut full = GATHERED;
            for (parent, state) in level.iter().enumerate() {
                for row in rows {
                    let excess = state.excess.saturating_add(row.excess);
                    if excess > gap {
                        break;
                    }
                    let used: [i64; B] = std::array::from_fn(|b| state.used[b] + row.weights[b]);
                    if (0..B).any(|b| used[b] > room[b]) {
                        continue;
                    }
                    let aside: [i64; SIDES] =
                        std::array::from_fn(|i| state.aside[i].saturating_add(row.aside[i]));
                    if (0..SIDES).any(|i| aside[i] > gaps[i]) {
                        continue;
                    }
                    next.push(State {
                        cost: state.cost + row.cost,
                        used,
                        excess,
                        aside,
                        parent: parent as u32,
                        option: row.option,
                    });
                }
                if next.len() > full {
                    tried += next.len();
                    undominated(&mut next, limits);
                    tried -= next.len();
                    full = GATHERED.max(2 * next.len());
                    let overflow = kept + next.len() > limit || tried > limit.saturating_mul(TRIES);
                    if !beam && overflow {
                        solved.states += kept;
                        return Err(self.abandoned(&level));
                    }
                }
            }
            tried += next.len();
            undominated(&mut next, limits);
            if beam && next.len() > limit {
                next.sort_unstable_by_key(|s| (s.excess, s.parent, s.option));
                next.truncate(limit);
            }
            if !beam && (kept + next.len() > limit || tried > limit.saturating_mul(TRIES)) {
                solved.states += kept;
                return Err(self.abandoned(&level));
            }
            kept += next.len();
            next.sort_unstable_by_key(|s| (s.parent, s.option));
            trail.push(next.iter().map(|s| (s.parent, s.option)).collect());
            level = next;
        }
        solved.states += kept;
        let best = (0..level.len()).min_by_key(|&i| (level[i].cost, level[i].used, i));
        if let Some(best) = best
            && level[best].cost <= solved.cost.min(cutoff)
        {
            let mut choice = vec![0; depth];
            let mut at = best as u32;
            for d in (0..depth).rev() {
                let (parent, option) = trail[d][at as usize];
                choice[d] = option as usize;
                at = parent;
            }
            solved.cost = level[best].cost;
            solved.choice = Some(choice);
        }
        Ok(())
    }

    /// The least bound among states of a level whose children were not all kept.
    fn abandoned(&self, states: &[State<B>]) -> i64 {
        let least = states.iter().map(|s| s.excess).min();
        least.map_or(i64::MAX, |e| {
            ceil_div(self.root + (i128::from(e) << self.shift))
        })
    }
}

/// Drops states that another one equals or beats in cost and under every limit. Among equals the
/// first in the order of choices stays.
fn undominated<const B: usize>(states: &mut Vec<State<B>>, limits: usize) {
    states.sort_unstable_by(|a, b| {
        (a.used.cmp(&b.used))
            .then(a.cost.cmp(&b.cost))
            .then((a.parent, a.option).cmp(&(b.parent, b.option)))
    });
    match limits {
        // Costs must fall as weights rise.
        0 | 1 => {
            let mut least = i64::MAX;
            states.retain(|s| {
                let beaten = s.cost >= least;
                least = least.min(s.cost);
                !beaten
            });
        }
        // A staircase over the second limit holds the least cost so far.
        2 => {
            let mut stairs: BTreeMap<i64, i64> = BTreeMap::new();
            states.retain(|s| {
                let second = s.used[1];
                let below = stairs.range(..=second).next_back();
                if below.is_some_and(|(_, &c)| c <= s.cost) {
                    return false;
                }
                while let Some((&w, &c)) = stairs.range(second..).next()
                    && c >= s.cost
                {
                    stairs.remove(&w);
                }
                stairs.insert(second, s.cost);
                true
            });
        }
        // Only the latest states are compared with: what stays too long costs time, not truth.
        _ => {
            let mut kept: Vec<State<B>> = Vec::new();
            for state in states.drain(..) {
                let beaten = kept.iter().rev().take(200).any(|k| {
                    k.cost <= state.cost && k.used.iter().zip(&state.used).all(|(a, b)| a <= b)
                });
                if !beaten {
                    kept.push(state);
                }
            }
            *states = kept;
        }
    }
}
