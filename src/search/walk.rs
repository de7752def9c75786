//! The pieces of an episode: what the policy sees, how it starts, how costs are compared.

use super::mask::{Budgets, Purse};
use super::slots::{Choice, Slots};
use crate::base::math::{exp, expf, log2};
use crate::ir::dim::Dim;
use crate::ir::layer::Op;
use crate::nn::Policy;
use crate::space::{Point, Space};

/// The static part of what the policy sees, per kind.
pub struct Features {
    rows: Vec<Vec<f32>>,
    limits: usize,
    heads: usize,
}

impl Features {
    /// Logarithms of the loop bounds, the kind of layer, and per budget the kind's cheapest weight,
    /// `least[kind][limit]`.
    pub fn new(space: &Space, slots: &Slots, least: &[Vec<f64>]) -> Features {
        let mut rows = Vec::new();
        for (kind, least) in least.iter().enumerate() {
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
            row.extend(least.iter().map(|&l| (l * layers) as f32));
            rows.push(row);
        }
        // The engine's slot has no layer.
        let width = rows.first().map_or(0, Vec::len);
        rows.push(vec![0.0; width]);
        Features {
            rows,
            limits: least.first().map_or(0, Vec::len),
            heads: slots.heads.len(),
        }
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
        for (used, free) in purse.used.iter().zip(purse.free()) {
            out[at] = *used as f32;
            out[at + 1] = free as f32;
            at += 2;
        }
        out[..width].copy_from_slice(&self.rows[kind]);
        out[at] = progress;
        out[at + 1..].copy_from_slice(previous);
    }

    /// The same where nothing is known of budgets.
    pub fn fill_layer(&self, out: &mut [f32], kind: usize, previous: &[f32], progress: f32) {
        self.fill(out, kind, &Purse::none(), previous, progress);
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

/// The probability that a mask takes from what the policy wishes, by the limit to blame for each
/// level.
pub fn denied(
    logits: &[f32],
    wish: &[bool],
    mask: &[bool],
    blamed: &[usize],
    limits: usize,
) -> Vec<f64> {
    let top = logits
        .iter()
        .zip(wish)
        .filter(|(_, w)| **w)
        .map(|(l, _)| *l);
    let top = top.fold(f32::NEG_INFINITY, f32::max);
    let mut wished = 0.0f32;
    let mut taken = vec![0.0f32; limits];
    for (level, logit) in logits.iter().enumerate().filter(|(l, _)| wish[*l]) {
        let p = expf(logit - top);
        wished += p;
        if !mask[level] {
            taken[blamed[level]] += p;
        }
    }
    taken.iter().map(|t| f64::from(t / wished)).collect()
}

/// What the first episodes may spend of every budget.
const FIRST_SPENDING: f64 = 0.9;
/// Rounds in which the budgets' tilts are set one after the other.
const TILT_ROUNDS: usize = 8;
/// No tilt is steeper.
const STEEPEST_TILT: f64 = 200.0;

/// Sets the policy's first biases so that its first episodes spend about the budgets: level v of a
/// head starts at a layer of kind k with logit
///
/// ```text
/// - sum over budgets b of t_b q_bk(v)
/// ```
///
/// q_bk(v) being what the kind's choices with that level take on average of what the cheapest
/// choices of all layers leave of the budget, in layers' shares, and t_b >= 0 found by bisection, one
/// after the other, such that the expected spending is at most 90 %.
pub fn tilt(policy: &mut Policy, slots: &Slots, budgets: &Budgets) {
    let limits = budgets.sums.len();
    if limits == 0 {
        return;
    }
    let layers = slots.kind_of.len() as f64;
    let least = budgets.least_sums(slots);
    // Per kind, head and level: the mean shares.
    let mean = |kind: usize, head: usize, count: usize| -> Vec<Vec<f64>> {
        let mut means = vec![(vec![0.0; limits], 0.0); count];
        for (choice, weights) in slots.kinds[kind].iter().zip(&budgets.weights[kind]) {
            let (sums, n) = &mut means[choice.levels[head] as usize];
            *n += 1.0;
            for (limit, sum) in sums.iter_mut().enumerate() {
                let more = weights[limit] - budgets.least[kind][limit];
                *sum += more / (1.0 - least[limit]) * layers;
            }
        }
        let divided = |(sums, n): (Vec<f64>, f64)| sums.iter().map(|s| s / n.max(1.0)).collect();
        means.into_iter().map(divided).collect()
    };
    let means: Vec<Vec<Vec<Vec<f64>>>> = (0..slots.kinds.len())
        .map(|kind| {
            let heads = slots.levels.iter().enumerate();
            heads
                .map(|(head, &count)| mean(kind, head, count))
                .collect()
        })
        .collect();
    let logit = |kind: usize, head: usize, level: usize, tilts: &[f64]| -> f64 {
        let q = &means[kind][head][level];
        -tilts.iter().zip(q).map(|(t, q)| t * q).sum::<f64>()
    };
    let spending = |tilts: &[f64], limit: usize| -> f64 {
        let of_kind = |kind: usize| -> f64 {
            let (mut norm, mut sum) = (0.0, 0.0);
            for (choice, weights) in slots.kinds[kind].iter().zip(&budgets.weights[kind]) {
                let heads = choice.levels.iter().enumerate();
                let all: f64 = heads.map(|(h, &l)| logit(kind, h, l as usize, tilts)).sum();
                let p = exp(all);
                norm += p;
                sum += p * weights[limit];
            }
            if norm > 0.0 { sum / norm } else { 0.0 }
        };
        let per_kind: Vec<f64> = (0..slots.kinds.len()).map(of_kind).collect();
        let taken: f64 = slots.kind_of.iter().map(|&k| per_kind[k]).sum();
        (taken - least[limit]) / (1.0 - least[limit])
    };
    let mut tilts = vec![0.0; limits];
    for _ in 0..if limits == 1 { 1 } else { TILT_ROUNDS } {
        for limit in 0..limits {
            let mut at = |t: f64| {
                tilts[limit] = t;
                spending(&tilts, limit)
            };
            let (mut low, mut high) = (0.0, 1.0);
            if at(low) <= FIRST_SPENDING {
                continue;
            }
            while at(high) > FIRST_SPENDING && high < STEEPEST_TILT {
                high *= 2.0;
            }
            for _ in 0..30 {
                let middle = 0.5 * (low + high);
                if at(middle) > FIRST_SPENDING {
                    low = middle
                } else {
                    high = middle
                }
            }
            tilts[limit] = high;
        }
    }
    for kind in 0..slots.kinds.len() {
        for (head, &count) in slots.levels.iter().enumerate() {
            let bias = policy.kind_bias_mut(kind, head);
            for (level, bias) in bias.iter_mut().enumerate().take(count) {
                *bias = logit(kind, head, level, &tilts).max(-30.0) as f32;
            }
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
