//! Partial choices of one level of the dynamic programming (`knapsack`), and how the next level's
//! come from them.
//!
//! A level is kept in the order of its weights, then costs. Adding one option to all its states keeps
//! that order, so the candidates of the next level are as many sorted runs as there are options, and
//! are merged pair by pair (Kellerer, Pferschy and Pisinger 2004, "Knapsack Problems", section 3.4).
//! Dominated candidates fall out while runs are merged, long before all of them are in one list.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// How many of the latest candidates kept a merge under several limits compares with.
const RECENT: usize = 4;
/// The same for the last look under more than two limits.
const LATEST: usize = 200;

/// A partial choice, its weights in an array of fixed size: unused places are 0.
#[derive(Clone, Copy)]
pub struct State<const B: usize> {
    /// What its options weigh.
    pub used: [i64; B],
    /// What they cost.
    pub cost: i64,
    /// Sum of their excesses, each rounded down.
    pub excess: i64,
    /// By how much the best bound known of its completions is above the Lagrangian bound, rounded
    /// down, in the unit of excesses.
    pub promise: i64,
    /// Place in the order of choices among the states of its level.
    pub rank: u32,
}

impl<const B: usize> State<B> {
    /// The choice of nothing.
    pub const EMPTY: Self = State {
        used: [0; B],
        cost: 0,
        excess: 0,
        promise: 0,
        rank: 0,
    };
}

/// One option of a layer.
pub struct Row<const B: usize> {
    /// Its weights.
    pub weights: [i64; B],
    /// Its cost.
    pub cost: i64,
    /// Reduced cost above the layer's least, rounded down; never negative.
    pub excess: i64,
    /// Its number in menu order.
    pub option: u32,
}

/// A state with one more option.
#[derive(Clone, Copy)]
pub struct Candidate<const B: usize> {
    /// What its options weigh.
    pub used: [i64; B],
    /// What they cost.
    pub cost: i64,
    /// Index of the state in its level.
    pub parent: u32,
    /// Index of the option's row.
    row: u32,
}

/// The candidates of one level, in sorted runs.
pub struct Runs<'a, const B: usize> {
    level: &'a [State<B>],
    rows: &'a [Row<B>],
    limits: usize,
    list: Vec<Candidate<B>>,
    /// Where the runs end.
    ends: Vec<usize>,
}

impl<'a, const B: usize> Runs<'a, B> {
    /// No candidates yet. The level is in the order of weights, and no state of it is dominated.
    pub fn new(level: &'a [State<B>], rows: &'a [Row<B>], limits: usize) -> Self {
        Runs {
            level,
            rows,
            limits,
            list: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Adds one run: a row's option after every state whose excess allows it, within `room`.
    pub fn add(&mut self, row: usize, gap: i64, room: &[i64; B]) {
        let option = &self.rows[row];
        for (parent, state) in self.level.iter().enumerate() {
            let used: [i64; B] = std::array::from_fn(|b| state.used[b] + option.weights[b]);
            if used[0] > room[0] {
                break;
            }
            let excess = state.excess.saturating_add(option.excess);
            if excess > gap || (1..B).any(|b| used[b] > room[b]) {
                continue;
            }
            self.list.push(Candidate {
                used,
                cost: state.cost + option.cost,
                parent: parent as u32,
                row: row as u32,
            });
        }
        self.ends.push(self.list.len());
    }

    /// Number of candidates.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The candidates: after [`Runs::merge`] in the order of weights, none of them dominated.
    pub fn candidates(&self) -> &[Candidate<B>] {
        &self.list
    }

    /// Sum of the excesses of a candidate's options.
    pub fn excess(&self, candidate: &Candidate<B>) -> i64 {
        let state = &self.level[candidate.parent as usize];
        let row = &self.rows[candidate.row as usize];
        state.excess.saturating_add(row.excess)
    }

    /// A candidate's last option.
    pub fn option(&self, candidate: &Candidate<B>) -> u32 {
        self.rows[candidate.row as usize].option
    }

    /// Merges all runs into one without candidates that another one equals or beats in cost and
    /// under every limit. Among equals the first in the order of choices stays.
    pub fn merge(&mut self) {
        let mut merged = Vec::with_capacity(self.list.len());
        while self.ends.len() > 1 {
            merged.clear();
            let mut ends = Vec::with_capacity(self.ends.len().div_ceil(2));
            let mut from = 0;
            for pair in self.ends.chunks(2) {
                let (middle, to) = (pair[0], pair[pair.len() - 1]);
                let (left, right) = (&self.list[from..middle], &self.list[middle..to]);
                self.merge_pair(left, right, &mut merged);
                ends.push(merged.len());
                from = to;
            }
            std::mem::swap(&mut self.list, &mut merged);
            self.ends = ends;
        }
        match self.limits {
            // Costs fall as weights rise, so that the last one kept tells all.
            0 | 1 => return,
            2 => staircase(&mut self.list),
            _ => without_beaten(&mut self.list),
        }
        self.ends = vec![self.list.len()];
    }

    /// Appends two runs as one, without those that one of the latest beats.
    fn merge_pair(
        &self,
        mut left: &[Candidate<B>],
        mut right: &[Candidate<B>],
        merged: &mut Vec<Candidate<B>>,
    ) {
        let start = merged.len();
        let recent = if B == 1 { 1 } else { RECENT };
        let mut keep = |next: &Candidate<B>| {
            let from = start.max(merged.len().saturating_sub(recent));
            if !merged[from..].iter().rev().any(|k| beats(k, next)) {
                merged.push(*next);
            }
        };
        while let (Some((l, after_l)), Some((r, after_r))) =
            (left.split_first(), right.split_first())
        {
            if self.order(l, r).is_gt() {
                keep(r);
                right = after_r;
            } else {
                keep(l);
                left = after_l;
            }
        }
        left.iter().chain(right).for_each(keep);
    }

    /// By weights, then by cost, then in the order of choices.
    fn order(&self, a: &Candidate<B>, b: &Candidate<B>) -> Ordering {
        let place = |c: &Candidate<B>| (self.level[c.parent as usize].rank, self.option(c));
        (a.used.cmp(&b.used))
            .then(a.cost.cmp(&b.cost))
            .then_with(|| place(a).cmp(&place(b)))
    }
}

/// Whether a candidate that comes earlier in the order equals or beats another.
fn beats<const B: usize>(earlier: &Candidate<B>, other: &Candidate<B>) -> bool {
    earlier.cost <= other.cost && (1..B).all(|b| earlier.used[b] <= other.used[b])
}

/// Drops the dominated ones of a sorted list under two limits: a staircase over the second limit
/// holds the least cost so far.
fn staircase<const B: usize>(list: &mut Vec<Candidate<B>>) {
    let mut stairs: BTreeMap<i64, i64> = BTreeMap::new();
    list.retain(|c| {
        let second = c.used[1];
        let below = stairs.range(..=second).next_back();
        if below.is_some_and(|(_, &cost)| cost <= c.cost) {
            return false;
        }
        while let Some((&w, &cost)) = stairs.range(second..).next()
            && cost >= c.cost
        {
            stairs.remove(&w);
        }
        stairs.insert(second, c.cost);
        true
    });
}

/// Drops dominated ones of a sorted list under any number of limits. Only the latest ones are
/// compared with: what stays too long costs time, not truth.
fn without_beaten<const B: usize>(list: &mut Vec<Candidate<B>>) {
    let mut kept: Vec<Candidate<B>> = Vec::new();
    for candidate in list.drain(..) {
        let mut latest = kept.iter().rev().take(LATEST);
        if !latest.any(|k| beats(k, &candidate)) {
            kept.push(candidate);
        }
    }
    *list = kept;
}
