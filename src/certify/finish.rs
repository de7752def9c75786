//! Exact search over assignments by the times at which branches are done.
//!
//! Layers are taken in topological order. All that a partial assignment means for the rest is what
//! it has used of the limits and when the steps are done that something still waits for; steps that
//! the same ones wait for count with the last of them. One that is later nowhere and has used no
//! more is at least as good (Bellman 1957). In a chain there is one such time, in a block with a few
//! branches there are a few.
//!
//! The flow bounds what becomes of a partial assignment: what of it crosses from the steps done to
//! those not done adds up to one unit, so
//!
//! ```text
//! critical path >= sum over crossings of flow x time done + sum over the rest of phi_l d_l,
//! ```
//!
//! the latter bounded with the limits' multipliers as in a knapsack (`dual`). As a knapsack's
//! enumeration (`knapsack`), one that overflows leaves the least bound among its states.

use super::dual::DENOMINATOR;
use super::flow::Flow;
use super::instance::Instance;
use super::stages::{Stage, stages};
use crate::space::Paths;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// States of the first pass per layer, and of the last if the enumeration did not end.
const BEAMS: [usize; 2] = [64, 2000];
/// Candidates of one layer that are gathered before the dominated ones are dropped.
const GATHERED: usize = 1 << 18;
/// Candidates looked at per state allowed.
const TRIES: usize = 24;
/// States that one is compared with where there are many times and limits.
const COMPARED: usize = 200;

/// What the search is given.
pub struct Task<'a> {
    /// What waits for what.
    pub paths: &'a Paths,
    /// Options per kind; costs are not looked at.
    pub instance: &'a Instance,
    /// Cycles of every option of every kind.
    pub cycles: &'a [Vec<i64>],
    /// The flow.
    pub flow: &'a Flow,
    /// Numerators of the limits' multipliers, in 1 / ([`DENOMINATOR`] scale units) cycles.
    pub multipliers: &'a [i128],
    /// Integer cost of one unit of flow and one cycle, in which multipliers are understood.
    pub scale: i128,
}

/// What was found and proved.
pub struct Finished {
    /// Option per layer of the best choice below the ceiling.
    pub choice: Option<Vec<usize>>,
    /// Its critical path, or the ceiling.
    pub cycles: i64,
    /// No choice that keeps the limits has a shorter one; the ceiling if none is below it.
    pub bound: i64,
    /// Whether that is exact.
    pub complete: bool,
    /// States looked at.
    pub states: usize,
}

/// Looks for a choice with a critical path below `ceiling`, with at most about `limit` states.
pub fn search(task: &Task, ceiling: i64, limit: usize, stop: &AtomicBool) -> Finished {
    let stages = stages(task);
    let most = stages.iter().map(|s| s.times.len()).max().unwrap_or(0);
    let nothing = Finished {
        choice: None,
        cycles: ceiling,
        bound: i64::MIN,
        complete: false,
        states: 0,
    };
    match most + task.instance.limits() {
        0..=2 => Passes::<2>::new(task, stages, stop).all(nothing, limit),
        3 | 4 => Passes::<4>::new(task, stages, stop).all(nothing, limit),
        5..=8 => Passes::<8>::new(task, stages, stop).all(nothing, limit),
        9..=16 => Passes::<16>::new(task, stages, stop).all(nothing, limit),
        17..=64 => Passes::<64>::new(task, stages, stop).all(nothing, limit / 4),
        // More branches at once than that are left to the flow's bound.
        _ => nothing,
    }
}

/// States of one layer between two looks at whether to stop.
const BETWEEN_LOOKS: usize = 1 << 8;

/// A partial choice: what it has used, then the times done; unused places are 0.
#[derive(Clone, Copy)]
struct State<const W: usize> {
    at: [i64; W],
    /// The flow's bound of its critical path in 1 / (DENOMINATOR scale units) cycles.
    flow: i128,
    /// That bound, or the longest path through what is done at the fastest if it is more.
    bound: i128,
    parent: u32,
    option: u32,
}

/// One option of a layer.
struct Row {
    cycles: i64,
    weights: Vec<i64>,
    /// Reduced cost above the layer's least.
    excess: i128,
    option: u32,
}

struct Passes<'a, const W: usize> {
    task: &'a Task<'a>,
    stages: Vec<Stage>,
    limits: usize,
    /// Options per layer, least excess first.
    rows: Vec<Vec<Row>>,
    /// Per layer, and after the last: least reduced cost of it and all that follow.
    rest: Vec<i128>,
    /// The most that the layers before one may use for the rest to have a chance.
    room: Vec<Vec<i64>>,
    /// Bound units of one cycle.
    unit: i128,
    stop: &'a AtomicBool,
}

impl<'a, const W: usize> Passes<'a, W> {
    fn new(task: &'a Task<'a>, stages: Vec<Stage>, stop: &'a AtomicBool) -> Self {
        let instance = task.instance;
        let through = task.flow.of_layers(task.paths);
        let depth = stages.len();
        let mut rest = vec![0i128; depth + 1];
        let mut room = vec![instance.bounds.clone(); depth + 1];
        let mut rows: Vec<Vec<Row>> = Vec::with_capacity(depth);
        for (stage, &units) in stages.iter().zip(&through) {
            let kind = &instance.kinds[stage.kind];
            let reduced = |o: usize| {
                let cycles = i128::from(task.cycles[stage.kind][o]);
                let priced = kind.weights_of(o).iter().zip(task.multipliers);
                let priced: i128 = priced.map(|(&w, &m)| i128::from(w) * m).sum();
                DENOMINATOR * task.scale * i128::from(units) * cycles + priced
            };
            let mut list: Vec<Row> = (0..kind.points.len())
                .map(|o| Row {
                    cycles: task.cycles[stage.kind][o],
                    weights: kind.weights_of(o).to_vec(),
                    excess: reduced(o),
                    option: o as u32,
                })
                .collect();
            list.sort_by_key(|r| (r.excess, r.option));
            rows.push(list);
        }
        for d in (0..depth).rev() {
            let least = rows[d].first().map_or(0, |r| r.excess);
            rows[d].iter_mut().for_each(|r| r.excess -= least);
            rest[d] = rest[d + 1] + least;
            let (before, behind) = room.split_at_mut(d + 1);
            for (b, (room, behind)) in before[d].iter_mut().zip(&behind[0]).enumerate() {
                let least = rows[d].iter().map(|r| r.weights[b]).min().unwrap_or(0);
                *room = behind.saturating_sub(least);
            }
        }
        let limited = task.multipliers.iter().zip(&instance.bounds);
        let limited: i128 = limited.map(|(m, &b)| m * i128::from(b)).sum();
        rest.iter_mut().for_each(|r| *r -= limited);
        Passes {
            unit: DENOMINATOR * task.scale * i128::from(task.flow.units),
            limits: instance.limits(),
            task,
            stages,
            rows,
            rest,
            room,
            stop,
        }
    }

    /// A bound in whole cycles.
    fn whole(&self, bound: i128) -> i64 {
        let up = bound.div_euclid(self.unit) + i128::from(bound.rem_euclid(self.unit) != 0);
        up.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    /// A narrow pass, the complete one, and a wide one if that did not end.
    fn all(&self, mut found: Finished, limit: usize) -> Finished {
        found.bound = self.whole(self.rest[0]).min(found.cycles);
        // A beam never overflows; what it leaves out the second pass looks at.
        let _ = self.run(&mut found, BEAMS[0], true);
        match self.run(&mut found, limit, false) {
            Ok(()) => {
                found.complete = true;
                found.bound = found.cycles;
            }
            Err(bound) => {
                found.bound = found.bound.max(bound).min(found.cycles);
                if found.bound < found.cycles {
                    let _ = self.run(&mut found, BEAMS[1].min(limit), true);
                }
                found.bound = found.bound.min(found.cycles);
            }
        }
        found
    }

    /// Places after one more option, and the longest path through them at the fastest, if that is
    /// below the ceiling.
    fn step(&self, d: usize, state: &State<W>, row: &Row, ceiling: i64) -> Option<([i64; W], i64)> {
        let stage = &self.stages[d];
        let limits = self.limits;
        let mut at = [0; W];
        let room = &self.room[d + 1];
        for ((at, used), (weight, room)) in at
            .iter_mut()
            .zip(&state.at)
            .zip(row.weights.iter().zip(room))
        {
            *at = used + weight;
            if *at > *room {
                return None;
            }
        }
        let start = stage.start.iter().map(|&t| state.at[limits + t]).max();
        let own = start.unwrap_or(0) + row.cycles;
        let old = if d == 0 {
            0
        } else {
            self.stages[d - 1].times.len()
        };
        let mut longest = 0;
        for (new, parts) in stage.times.iter().enumerate() {
            let time = |&t: &usize| if t == old { own } else { state.at[limits + t] };
            let last = parts.iter().map(time).max().unwrap_or(0);
            longest = longest.max(last + stage.tail[new]);
            at[limits + new] = last;
        }
        (longest < ceiling).then_some((at, longest))
    }

    /// One pass. `Err` holds a bound for what was not tried.
    fn run(&self, found: &mut Finished, limit: usize, beam: bool) -> Result<(), i64> {
        let depth = self.stages.len();
        let ceiling = found.cycles;
        // Only what may be shorter by a cycle is of interest.
        let cutoff = i128::from(ceiling - 1).saturating_mul(self.unit);
        let root = State {
            at: [0; W],
            flow: self.rest[0],
            bound: self.rest[0],
            parent: 0,
            option: 0,
        };
        let hopeless = (0..self.limits).any(|b| self.room[0][b] < 0);
        if hopeless || root.bound > cutoff || self.rows.iter().any(Vec::is_empty) {
            return Ok(());
        }
        let mut level: Vec<State<W>> = vec![root];
        let mut trail: Vec<Vec<(u32, u32)>> = Vec::with_capacity(depth);
        let (mut kept, mut tried) = (0, 0);
        for d in 0..depth {
            let stage = &self.stages[d];
            let places = self.limits + stage.times.len();
            let factor = DENOMINATOR * self.task.scale;
            let mut next: Vec<State<W>> = Vec::new();
            let mut full = GATHERED;
            for (parent, state) in level.iter().enumerate() {
                if parent.is_multiple_of(BETWEEN_LOOKS) && self.stop.load(Ordering::Relaxed) {
                    found.states += kept;
                    // Nobody asks a beam what it left out.
                    return Err(self.abandoned(&level));
                }
                for row in &self.rows[d] {
                    if state.flow + row.excess > cutoff {
                        break;
                    }
                    let Some((at, longest)) = self.step(d, state, row, ceiling) else {
                        continue;
                    };
                    let crossing = stage.crossing.iter().zip(&at[self.limits..]);
                    let crossing = crossing.map(|(&f, &t)| i128::from(f) * i128::from(t));
                    let priced = self.task.multipliers.iter().zip(&at);
                    let priced: i128 = priced.map(|(m, &u)| m * i128::from(u)).sum();
                    let flow = self.rest[d + 1] + factor * crossing.sum::<i128>() + priced;
                    if flow > cutoff {
                        continue;
                    }
                    next.push(State {
                        at,
                        flow,
                        bound: flow.max(i128::from(longest) * self.unit),
                        parent: parent as u32,
                        option: row.option,
                    });
                }
                if next.len() > full {
                    tried += next.len();
                    undominated(&mut next, places);
                    tried -= next.len();
                    full = GATHERED.max(2 * next.len());
                    let overflow = kept + next.len() > limit || tried > limit.saturating_mul(TRIES);
                    if !beam && overflow {
                        found.states += kept;
                        return Err(self.abandoned(&level));
                    }
                }
            }
            tried += next.len();
            undominated(&mut next, places);
            if beam && next.len() > limit {
                let room = &self.room[d + 1];
                let spent = |s: &State<W>| {
                    let shares = room.iter().zip(&s.at);
                    let shares = shares.map(|(&r, &u)| u as f64 / (r as f64).max(1.0));
                    shares.fold(0.0, f64::max)
                };
                // Where no multiplier tells two of them apart, the one that leaves more is better.
                next.sort_by(|a, b| {
                    (a.bound.cmp(&b.bound))
                        .then_with(|| spent(a).total_cmp(&spent(b)))
                        .then((a.parent, a.option).cmp(&(b.parent, b.option)))
                });
                next.truncate(limit);
            }
            if !beam && (kept + next.len() > limit || tried > limit.saturating_mul(TRIES)) {
                found.states += kept;
                return Err(self.abandoned(&level));
            }
            kept += next.len();
            next.sort_unstable_by_key(|s| (s.parent, s.option));
            trail.push(next.iter().map(|s| (s.parent, s.option)).collect());
            level = next;
        }
        found.states += kept;
        // One time is left: the end of all paths.
        let ends = |s: &State<W>| (s.at[self.limits], s.at);
        let best = (0..level.len()).min_by_key(|&i| (ends(&level[i]), i));
        if let Some(best) = best {
            found.cycles = level[best].at[self.limits];
            let mut choice = vec![0; depth];
            let mut at = best as u32;
            for d in (0..depth).rev() {
                let (parent, option) = trail[d][at as usize];
                choice[d] = option as usize;
                at = parent;
            }
            found.choice = Some(choice);
        }
        Ok(())
    }

    /// The least bound among states of a level whose children were not all kept.
    fn abandoned(&self, states: &[State<W>]) -> i64 {
        let least = states.iter().map(|s| s.bound).min();
        least.map_or(i64::MAX, |b| self.whole(b))
    }
}

/// Drops states that another one equals or beats in every place. Among equals the first in the order
/// of choices stays.
fn undominated<const W: usize>(states: &mut Vec<State<W>>, places: usize) {
    states.sort_unstable_by(|a, b| {
        (a.at.cmp(&b.at)).then((a.parent, a.option).cmp(&(b.parent, b.option)))
    });
    match places {
        0 | 1 => states.truncate(1),
        2 => {
            let mut least = i64::MAX;
            states.retain(|s| {
                let beaten = s.at[1] >= least;
                least = least.min(s.at[1]);
                !beaten
            });
        }
        // A staircase over the second place holds the least of the third so far.
        3 => {
            let mut stairs: BTreeMap<i64, i64> = BTreeMap::new();
            states.retain(|s| {
                let below = stairs.range(..=s.at[1]).next_back();
                if below.is_some_and(|(_, &third)| third <= s.at[2]) {
                    return false;
                }
                while let Some((&second, &third)) = stairs.range(s.at[1]..).next()
                    && third >= s.at[2]
                {
                    stairs.remove(&second);
                }
                stairs.insert(s.at[1], s.at[2]);
                true
            });
        }
        // Only the latest states are compared with: what stays too long costs time, not truth.
        _ => {
            let mut kept: Vec<State<W>> = Vec::new();
            for state in states.drain(..) {
                let beats = |k: &State<W>| (0..places).all(|i| k.at[i] <= state.at[i]);
                if !kept.iter().rev().take(COMPARED).any(beats) {
                    kept.push(state);
                }
            }
            *states = kept;
        }
    }
}
