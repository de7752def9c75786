//! Exact solution of multiple-choice knapsacks: dynamic programming over partial choices, layer by
//! layer, without those that are dominated or whose Lagrangian bound is above the best known.
//!
//! The theorem: a partial choice that another one of the same layers equals or beats in cost and
//! under every limit has no completion that beats the other's (Bellman 1957), and at multipliers
//! m >= 0 no completion of a partial choice costs less than the Lagrangian bound plus the excesses
//! of its options, an option's excess being its reduced cost less the least one of its layer
//! (Geoffrion 1974; `dual`). What is dropped is therefore no better than what stays. As that bound
//! holds at any multipliers, what the best ones leave is held against some to their sides as well.
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
use super::frontier::{Row, Runs, State};
use super::instance::Instance;
use std::sync::atomic::{AtomicBool, Ordering};

/// States the first pass keeps per layer.
const BEAM: usize = 16;
/// States a last pass keeps per layer if the enumeration did not end.
const WIDE_BEAM: usize = 1000;
/// Candidates of one layer that are gathered before the dominated ones are dropped.
const GATHERED: usize = 1 << 18;
/// Candidates looked at per state allowed: bounds the work where few are kept.
const TRIES: usize = 24;
/// Multipliers to the side of the best ones, in percent of them: a state far from the budget's share
/// of its depth is judged better by a price a little off, far more so near the last layers.
const ASIDE: [i128; 2] = [85, 115];
/// The same for one limit, in rising order. There the best of them for a state is found at once, so
/// that many cost no more than two, and together they come close to the relaxation of the state's
/// own remaining layers and budget.
const ASIDE_OF_ONE: [i128; 10] = [60, 80, 90, 95, 105, 110, 120, 140, 200, 300];
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

/// Of those who never ask the solver to stop.
static NEVER: AtomicBool = AtomicBool::new(false);

/// As [`solve`], without interest in choices that cost more than `cutoff`: the bound never exceeds
/// `cutoff + 1`, and reaching it proves that no choice costs at most `cutoff`.
pub fn solve_below(
    instance: &Instance,
    known: Option<&[usize]>,
    cutoff: i64,
    limit: usize,
) -> Solved {
    solve_until(instance, known, cutoff, limit, &NEVER)
}

/// As [`solve_below`], until `stop` is set: then with the bound proved so far.
pub fn solve_until(
    instance: &Instance,
    known: Option<&[usize]>,
    cutoff: i64,
    limit: usize,
    stop: &AtomicBool,
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
            0 | 1 => Passes::<1>::new(instance, &solved.dual, stop).all(&mut solved, cutoff, limit),
            2 => Passes::<2>::new(instance, &solved.dual, stop).all(&mut solved, cutoff, limit),
            3 | 4 => Passes::<4>::new(instance, &solved.dual, stop).all(&mut solved, cutoff, limit),
            5..=8 => Passes::<8>::new(instance, &solved.dual, stop).all(&mut solved, cutoff, limit),
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

struct Passes<'a, const B: usize> {
    instance: &'a Instance,
    /// Options of each kind, least excess first.
    rows: Vec<Vec<Row<B>>>,
    /// `room[d]`: the most that the layers before d may use for the rest to have a chance.
    room: Vec<[i64; B]>,
    /// The Lagrangian bound times the denominator.
    root: i128,
    /// Rising multipliers, if there is one limit.
    sides: Vec<Side>,
    shift: u32,
    stop: &'a AtomicBool,
}

/// Multipliers to the side of the best.
struct Side {
    multipliers: Vec<i128>,
    /// `rest[d]`: the least reduced costs of the layers from d on, less the price of all limits,
    /// over the denominator.
    rest: Vec<i128>,
}

impl Side {
    fn new(instance: &Instance, multipliers: Vec<i128>) -> Self {
        let cheapest = dual::cheapest(instance, &multipliers);
        let prices = multipliers.iter().zip(&instance.bounds);
        let mut sum = -prices.map(|(m, b)| m * i128::from(*b)).sum::<i128>();
        let mut rest = vec![sum; instance.layers.len() + 1];
        for (d, &kind) in instance.layers.iter().enumerate().rev() {
            sum += cheapest[kind].1;
            rest[d] = sum;
        }
        Side { multipliers, rest }
    }

    /// No completion of a choice for the first `depth` layers that uses this much costs less than
    /// its own cost and this, over the denominator.
    fn completion(&self, depth: usize, used: &[i64]) -> i128 {
        let prices = self.multipliers.iter().zip(used);
        prices.map(|(m, &u)| m * i128::from(u)).sum::<i128>() + self.rest[depth]
    }
}

impl<'a, const B: usize> Passes<'a, B> {
    fn new(instance: &'a Instance, dual: &Dual, stop: &'a AtomicBool) -> Self {
        let limits = instance.limits();
        let depth = instance.layers.len();
        let most = |k: &usize| instance.kinds[*k].costs.iter().copied().max().unwrap_or(0);
        let total: i128 = instance.layers.iter().map(|k| i128::from(most(k))).sum();
        // Excesses of about the size of all costs together take 60 bits.
        let bits = 128 - total.max(1).leading_zeros();
        let shift = (bits + DENOMINATOR.trailing_zeros()).saturating_sub(60);
        let cheapest = dual::cheapest(instance, &dual.multipliers);
        let percents = if limits == 1 {
            &ASIDE_OF_ONE[..]
        } else {
            &ASIDE[..]
        };
        let side = |percent: &i128| {
            let multipliers = dual.multipliers.iter().map(|m| m * percent / 100);
            Side::new(instance, multipliers.collect())
        };
        let mut sides: Vec<Side> = percents.iter().map(side).collect();
        // Where nothing is priced, none of them says anything new.
        sides.retain(|s| s.multipliers != dual.multipliers);
        let cut = |excess: i128| (excess >> shift).min(i128::from(LARGEST_EXCESS)) as i64;
        let mut rows: Vec<Vec<Row<B>>> = Vec::new();
        let mut least: Vec<[i64; B]> = Vec::new();
        for (k, kind) in instance.kinds.iter().enumerate() {
            let mut list: Vec<Row<B>> = (0..kind.points.len())
                .map(|o| {
                    let mut weights = [0; B];
                    weights[..limits].copy_from_slice(kind.weights_of(o));
                    let reduced = dual::reduced(instance, k, o, &dual.multipliers);
                    Row {
                        cost: kind.costs[o],
                        weights,
                        excess: cut(reduced - cheapest[k].1),
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
            sides,
            shift,
            stop,
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
    fn gap(&self, ceiling: i64) -> i64 {
        if ceiling == i64::MAX {
            return i64::MAX;
        }
        let gap = (i128::from(ceiling) * DENOMINATOR - self.root) >> self.shift;
        gap.clamp(-1, i128::from(i64::MAX)) as i64
    }

    /// One pass. `Err` holds a bound for what was not tried.
    fn run(&self, solved: &mut Solved, cutoff: i64, limit: usize, beam: bool) -> Result<(), i64> {
        let depth = self.instance.layers.len();
        // An equal cost may still win by using less; anything dearer cannot.
        let ceiling = solved.cost.min(cutoff);
        let gap = self.gap(ceiling);
        if gap < 0 || (0..B).any(|b| self.room[0][b] < 0) {
            return Ok(());
        }
        let mut level = vec![State::EMPTY];
        // Parent and option of every state kept, level by level.
        let mut trail: Vec<Vec<(u32, u32)>> = Vec::with_capacity(depth);
        let (mut kept, mut tried) = (0, 0);
        for d in 0..depth {
            let rows = &self.rows[self.instance.layers[d]];
            let within = rows.partition_point(|r| r.excess <= gap);
            let mut next = Runs::new(&level, &rows[..within], self.instance.limits());
            let mut full = GATHERED;
            for row in 0..within {
                if self.stop.load(Ordering::Relaxed) {
                    solved.states += kept;
                    // Nobody asks a beam what it left out.
                    return Err(self.abandoned(&level));
                }
                next.add(row, gap, &self.room[d + 1]);
                if next.len() > full {
                    tried += next.len();
                    next.merge();
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
            next.merge();
            let mut fresh = self.promising(next, d + 1, ceiling);
            if beam && fresh.len() > limit {
                let place = |(state, step): &(State<B>, (u32, u32))| {
                    (state.promise, level[step.0 as usize].rank, step.1)
                };
                fresh.sort_unstable_by_key(place);
                fresh.truncate(limit);
                fresh.sort_unstable_by_key(|(state, _)| (state.used, state.cost));
            }
            if !beam && (kept + fresh.len() > limit || tried > limit.saturating_mul(TRIES)) {
                solved.states += kept;
                return Err(self.abandoned(&level));
            }
            kept += fresh.len();
            // The order of choices: by the layers before, then by the option of this one.
            let place = |(i, (_, step)): (usize, &(State<B>, (u32, u32)))| {
                (level[step.0 as usize].rank, step.1, i as u32)
            };
            let mut order: Vec<(u32, u32, u32)> = fresh.iter().enumerate().map(place).collect();
            order.sort_unstable();
            for (rank, &(_, _, i)) in order.iter().enumerate() {
                fresh[i as usize].0.rank = rank as u32;
            }
            let steps;
            (level, steps) = fresh.into_iter().unzip();
            trail.push(steps);
        }
        solved.states += kept;
        let best = (0..level.len()).min_by_key(|&i| (level[i].cost, level[i].used, level[i].rank));
        if let Some(best) = best
            && level[best].cost <= ceiling
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

    /// The candidates that no multipliers to the side exclude, as states, each with the index of the
    /// state it continues and its option.
    fn promising(&self, runs: Runs<B>, depth: usize, ceiling: i64) -> Vec<(State<B>, (u32, u32))> {
        let limits = self.instance.limits();
        let most = i128::from(ceiling) * DENOMINATOR;
        let mut states = Vec::with_capacity(runs.len());
        let mut at = 0;
        for candidate in runs.candidates() {
            let own = i128::from(candidate.cost) * DENOMINATOR;
            let used = &candidate.used[..limits];
            let excess = runs.excess(candidate);
            let mut promise = excess;
            if limits == 1 {
                // The bound is concave in the multiplier, and the multiplier at which it is largest
                // rises with what is used, as the candidates do: the walk goes up only, and where
                // it stops decides how sharp the bound is, not whether it holds.
                let bound = |i: usize| self.sides.get(i).map(|s| s.completion(depth, used));
                if let Some(mut largest) = bound(at) {
                    while let Some(next) = bound(at + 1).filter(|&next| next >= largest) {
                        largest = next;
                        at += 1;
                    }
                    if own + largest > most {
                        continue;
                    }
                    let above = (own + largest - self.root) >> self.shift;
                    promise = excess.max(above.clamp(0, i128::from(LARGEST_EXCESS)) as i64);
                }
            } else {
                let mut sides = self.sides.iter();
                if sides.any(|s| own + s.completion(depth, used) > most) {
                    continue;
                }
            }
            let state = State {
                used: candidate.used,
                cost: candidate.cost,
                excess,
                promise,
                rank: 0,
            };
            states.push((state, (candidate.parent, runs.option(candidate))));
        }
        states
    }

    /// The least bound among states of a level whose children were not all kept.
    fn abandoned(&self, states: &[State<B>]) -> i64 {
        let least = states.iter().map(|s| s.promise).min();
        least.map_or(i64::MAX, |e| {
            ceil_div(self.root + (i128::from(e) << self.shift))
        })
    }
}
