//! The pieces of an episode: what the policy sees, how it starts, how costs are compared, repair.

use super::mask::{Budgets, Purse};
use super::slots::{Choice, Slots};
use crate::base::math::{exp, expf, log2};
use crate::base::random::Stream;
use crate::ir::dim::Dim;
use crate::ir::layer::Op;
use crate::nn::Policy;
use crate::space::cheapest::SumLimit;
use crate::space::{Assignment, Point, Space};

/// The static part of what the policy sees, per kind.
pub struct Features {
    rows: Vec<Vec<f32>>,
    limits: usize,
    heads: usize,
}

impl Features {
    /// Logarithms of the loop bounds, the kind of layer, and per budget the cheapest weight.
    pub fn new(space: &Space, slots: &Slots, budgets: &Budgets) -> Features {
        let mut rows = Vec::new();
        for kind in 0..slots.kinds.len() {
            let layer = slots.kind_of.iter().position(|&k| k == kind).unwrap_or(0);
            let shape = &space.problem.shapes[space.problem.layers[layer].shape];
            let mut row: Vec<f32> = Vec::new();
            for dim in [
                Dim::K,
                Dim::C,
                Dim::Y,
                Dim::X,
                Dim::R,
                Dim::S,
                Dim::N,
                Dim::G,
                Dim::M,
            ] {
                row.push((log2(shape.bound(dim) as f64) / 10.0) as f32);
            }
            row.push((log2(shape.macs().unwrap_or(1).max(1) as f64) / 30.0) as f32);
            row.extend(
                Op::ALL
                    .iter()
                    .map(|&op| f32::from(u8::from(op == shape.op))),
            );
            let layers = slots.kind_of.len() as f64;
            row.extend(budgets.least[kind].iter().map(|&l| (l * layers) as f32));
            rows.push(row);
        }
        // The engine's slot has no layer.
        let width = rows.first().map_or(0, Vec::len);
        rows.push(vec![0.0; width]);
        Features {
            rows,
            limits: budgets.sums.len(),
            heads: slots.heads.len(),
        }
    }

    /// The loop bounds and the kind of layer alone.
    pub fn of_layers(space: &Space, slots: &Slots) -> Features {
        let none = Budgets {
            sums: Vec::new(),
            weights: Vec::new(),
            least: vec![Vec::new(); slots.kinds.len()],
        };
        Features::new(space, slots, &none)
    }

    /// Inputs of the policy: the kind's row, per budget what is spent and what is free, progress,
    /// the previous slot's choices.
    pub fn width(&self) -> usize {
        self.rows[0].len() + 2 * self.limits + 1 + self.heads
    }

    /// Writes one slot's inputs.
    pub fn fill(
        &self,
        out: &mut [f32],
        kind: usize,
        purse: &Purse,
        previous: &[f32],
        progress: f32,
    ) {
        let width = self.rows[kind].len();
        let mut at = width;
        for (used, reserve) in purse.used.iter().zip(&purse.reserve) {
            out[at] = *used as f32;
            out[at + 1] = (1.0 - used - reserve) as f32;
            at += 2;
        }
        out[..width].copy_from_slice(&self.rows[kind]);
        out[at] = progress;
        out[at + 1..].copy_from_slice(previous);
    }

    /// The same where nothing is known of budgets.
    pub fn fill_layer(&self, out: &mut [f32], kind: usize, previous: &[f32], progress: f32) {
        let none = Purse {
            used: Vec::new(),
            reserve: Vec::new(),
        };
        self.fill(out, kind, &none, previous, progress);
    }
}

/// A level's place between 0 and 1.
pub fn normalised(level: usize, count: usize) -> f32 {
    if count > 1 {
        level as f32 / (count - 1) as f32
    } else {
        0.0
    }
}

/// The probability that a mask takes from what the policy wishes.
pub fn denied(logits: &[f32], wish: &[bool], mask: &[bool]) -> f64 {
    let top = logits
        .iter()
        .zip(wish)
        .filter(|(_, w)| **w)
        .map(|(l, _)| *l);
    let top = top.fold(f32::NEG_INFINITY, f32::max);
    let (mut wished, mut granted) = (0.0f32, 0.0f32);
    for ((logit, wish), mask) in logits.iter().zip(wish).zip(mask) {
        if *wish {
            let p = expf(logit - top);
            wished += p;
            granted += if *mask { p } else { 0.0 };
        }
    }
    f64::from(1.0 - granted / wished)
}

/// Sets the policy's first biases so that its first episodes spend about the budget: level v of a
/// head starts with logit -t q(v), q(v) being the mean weight of the choices with that level, and
/// t found by bisection such that the expected spending under every budget is at most 90 %.
pub fn tilt(policy: &mut Policy, slots: &Slots, budgets: &Budgets) {
    if budgets.sums.is_empty() {
        return;
    }
    let layers = slots.kind_of.len() as f64;
    let weight = |kind: usize, choice: usize| -> f64 {
        budgets.weights[kind][choice]
            .iter()
            .copied()
            .fold(0.0, f64::max)
    };
    let mut mean: Vec<Vec<f64>> = Vec::new();
    for (head, &count) in slots.levels.iter().enumerate() {
        let mut sums = vec![(0.0, 0.0); count];
        for &kind in &slots.kind_of {
            for (c, choice) in slots.kinds[kind].iter().enumerate() {
                let sum = &mut sums[choice.levels[head] as usize];
                sum.0 += weight(kind, c);
                sum.1 += 1.0;
            }
        }
        mean.push(
            sums.iter()
                .map(|(s, n)| if *n > 0.0 { s / n * layers } else { 0.0 })
                .collect(),
        );
    }
    let spending = |t: f64| -> f64 {
        let mut total = vec![0.0; budgets.sums.len()];
        for &kind in &slots.kind_of {
            let mut norm = 0.0;
            let mut sums = vec![0.0; budgets.sums.len()];
            for (c, choice) in slots.kinds[kind].iter().enumerate() {
                let q: f64 = mean
                    .iter()
                    .zip(&choice.levels)
                    .map(|(m, &l)| m[l as usize])
                    .sum();
                let p = exp(-t * q);
                norm += p;
                for (sum, w) in sums.iter_mut().zip(&budgets.weights[kind][c]) {
                    *sum += p * w;
                }
            }
            for (total, sum) in total.iter_mut().zip(&sums) {
                *total += if norm > 0.0 { sum / norm } else { 0.0 };
            }
        }
        total.into_iter().fold(0.0, f64::max)
    };
    if spending(0.0) <= 0.9 {
        return;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while spending(high) > 0.9 && high < 200.0 {
        high *= 2.0;
    }
    for _ in 0..30 {
        let middle = 0.5 * (low + high);
        if spending(middle) > 0.9 {
            low = middle
        } else {
            high = middle
        }
    }
    for (head, mean) in mean.iter().enumerate() {
        for (bias, q) in policy.bias_mut(head).iter_mut().zip(mean) {
            *bias = (-high * q).max(-30.0) as f32;
        }
    }
}

/// Recent costs per kind, to judge a cost among its equals.
pub struct Memory {
    capacity: usize,
    rows: Vec<Vec<(f64, Vec<f64>)>>,
    next: Vec<usize>,
    /// Mean and deviation per kind at the latest prices.
    moments: Vec<(f64, f64)>,
}

impl Memory {
    /// Holds `capacity` costs of each kind.
    pub fn new(kinds: usize, capacity: usize) -> Memory {
        Memory {
            capacity,
            rows: vec![Vec::new(); kinds],
            next: vec![0; kinds],
            moments: vec![(0.0, 1.0); kinds],
        }
    }

    /// Remembers one cost: the objective's share, and the budgets' shares.
    pub fn push(&mut self, kind: usize, credit: f64, weights: &[f64]) {
        let entry = (credit, weights.to_vec());
        if self.rows[kind].len() < self.capacity {
            self.rows[kind].push(entry);
        } else {
            let at = self.next[kind] % self.capacity;
            self.rows[kind][at] = entry;
        }
        self.next[kind] += 1;
    }

    fn cost(credit: f64, weights: &[f64], prices: &[f64]) -> f64 {
        credit + weights.iter().zip(prices).map(|(w, p)| w * p).sum::<f64>()
    }

    /// Recomputes the moments of every kind at these prices.
    pub fn standardise(&mut self, prices: &[f64]) {
        for (rows, moments) in self.rows.iter().zip(&mut self.moments) {
            if rows.is_empty() {
                continue;
            }
            let costs: Vec<f64> = rows
                .iter()
                .map(|(c, w)| Self::cost(*c, w, prices))
                .collect();
            let n = costs.len() as f64;
            let mean = costs.iter().sum::<f64>() / n;
            let variance = costs.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>() / n;
            *moments = (mean, variance.sqrt().max(1e-3 * mean.abs()).max(1e-12));
        }
    }

    /// Reward of a cost: how far it lies below the mean remembered of its kind, in standard
    /// deviations; between -4 and 4.
    pub fn reward(&self, kind: usize, credit: f64, weights: &[f64], prices: &[f64]) -> f64 {
        let (mean, deviation) = self.moments[kind];
        let cost = Self::cost(credit, weights, prices);
        ((mean - cost) / deviation).clamp(-4.0, 4.0)
    }
}

/// Whether a choice stands on the engine of these levels.
pub fn on_engine(slots: &Slots, choice: &Choice, engine: &[u16]) -> bool {
    slots
        .shared
        .iter()
        .zip(&choice.levels)
        .zip(engine)
        .all(|((s, l), e)| !s || l == e)
}

/// The engines of a sequential design (levels of the shared heads, 0 elsewhere) on which every
/// layer has a choice and every budget's cheapest completion fits. Empty when pipelined.
pub fn engines(space: &Space, slots: &Slots) -> Vec<Vec<u16>> {
    let mut found: Vec<Vec<u16>> = Vec::new();
    if !slots.engine || slots.kinds.is_empty() {
        return found;
    }
    for choice in &slots.kinds[0] {
        let levels: Vec<u16> = choice
            .levels
            .iter()
            .zip(&slots.shared)
            .map(|(&l, &s)| if s { l } else { 0 })
            .collect();
        if found.contains(&levels) {
            continue;
        }
        let lists: Vec<Vec<Point>> = slots
            .kind_of
            .iter()
            .map(|&kind| {
                let on = slots.kinds[kind]
                    .iter()
                    .filter(|c| on_engine(slots, c, &levels));
                on.map(|c| c.point).collect()
            })
            .collect();
        if lists.iter().all(|l| !l.is_empty()) && space.engine_can_keep_limits(&lists) {
            found.push(levels);
        }
    }
    found
}

/// The least weight of each kind under each budget on one engine.
pub fn least_of_engine(slots: &Slots, budgets: &Budgets, engine: &[u16]) -> Vec<Vec<f64>> {
    let mut least = vec![vec![f64::INFINITY; budgets.sums.len()]; slots.kinds.len()];
    for (kind, choices) in slots.kinds.iter().enumerate() {
        for (c, _) in choices
            .iter()
            .enumerate()
            .filter(|(_, c)| on_engine(slots, c, engine))
        {
            for (least, w) in least[kind].iter_mut().zip(&budgets.weights[kind][c]) {
                *least = least.min(*w);
            }
        }
    }
    least
}

/// Sums kept step by step agree with sums made anew to better than this share.
const DRIFT: f64 = 1e-9;

/// Moves layers in random order to the points of an assignment that keeps all budgets, until the
/// budgets hold. Pipelined designs only: their limits are sums, and every point that a layer may
/// take keeps the pace.
///
/// The sums of the limited weights follow each move; the whole design is evaluated only where they
/// come so near the limits that rounding could decide, as a rule once.
pub fn repair(space: &Space, assignment: &mut Assignment, refuge: &[Point], stream: &mut Stream) {
    let mut order: Vec<usize> = (0..assignment.len()).collect();
    stream.shuffle(&mut order);
    let sums = space.sum_limits();
    let mut used: Vec<f64> = vec![0.0; sums.len()];
    for (layer, &point) in assignment.iter().enumerate() {
        for (used, sum) in used.iter_mut().zip(&sums) {
            *used += space.weight(sum.weight, layer, point);
        }
    }
    let mut moved = true;
    for layer in order {
        let near = |(used, sum): (&f64, &SumLimit)| *used <= sum.bound * (1.0 + DRIFT);
        if moved
            && used.iter().zip(&sums).all(near)
            && space.evaluate(assignment).is_some_and(|e| e.feasible())
        {
            return;
        }
        let (from, to) = (assignment[layer], refuge[layer]);
        moved = from != to;
        if moved {
            for (used, sum) in used.iter_mut().zip(&sums) {
                let weight = |point| space.weight(sum.weight, layer, point);
                *used += weight(to) - weight(from);
            }
            assignment[layer] = to;
        }
    }
}
