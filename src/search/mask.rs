//! Keeps an episode within budget: which choices leave enough for the layers still to come.

use super::slots::{Choice, Slots};
use crate::space::Space;
use crate::space::cheapest::SumLimit;

/// Leaves room for the rounding of sums in another order.
const SLACK: f64 = 1e-12;

/// Weights of every choice under every budget that is a sum, and the cheapest completion.
pub struct Budgets {
    /// The limits.
    pub sums: Vec<SumLimit>,
    /// `weights[kind][choice][limit]`, each divided by the limit: a whole design may use 1.
    pub weights: Vec<Vec<Vec<f64>>>,
    /// `least[kind][limit]`
    pub least: Vec<Vec<f64>>,
}

/// What an episode has used and must still keep back.
#[derive(Debug, Clone, PartialEq)]
pub struct Purse {
    /// Per limit: used so far.
    pub used: Vec<f64>,
    /// Per limit: the least that the layers not yet visited need.
    pub reserve: Vec<f64>,
}

impl Purse {
    /// The limit of which least is left.
    pub fn tightest(&self) -> Option<usize> {
        let spoken_for = |l: &usize| self.used[*l] + self.reserve[*l];
        (0..self.used.len()).max_by(|a, b| spoken_for(a).total_cmp(&spoken_for(b)).then(b.cmp(a)))
    }
}

impl Budgets {
    /// Looks up the weights of all coarse choices. Layers of one kind share them.
    pub fn new(space: &Space, slots: &Slots) -> Budgets {
        let sums = space.sum_limits();
        let mut weights = Vec::new();
        let mut least = Vec::new();
        for (kind, choices) in slots.kinds.iter().enumerate() {
            let layer = slots.kind_of.iter().position(|&k| k == kind).unwrap_or(0);
            let rows: Vec<Vec<f64>> = choices
                .iter()
                .map(|c| {
                    let one = |s: &SumLimit| space.weight(s.weight, layer, c.point) / s.bound;
                    sums.iter().map(one).collect()
                })
                .collect();
            let min = |limit: usize| rows.iter().map(|r| r[limit]).fold(f64::INFINITY, f64::min);
            least.push((0..sums.len()).map(min).collect());
            weights.push(rows);
        }
        Budgets {
            sums,
            weights,
            least,
        }
    }

    /// The purse at the start of an episode.
    pub fn purse(&self, slots: &Slots) -> Purse {
        let need = |limit: usize| slots.kind_of.iter().map(|&k| self.least[k][limit]).sum();
        Purse {
            used: vec![0.0; self.sums.len()],
            reserve: (0..self.sums.len()).map(need).collect(),
        }
    }

    /// Whether each budget alone can be met with coarse choices.
    pub fn coarse_is_feasible(&self, slots: &Slots) -> bool {
        self.purse(slots).reserve.iter().all(|&r| r <= 1.0 - SLACK)
            && slots.kinds.iter().all(|c| !c.is_empty())
    }

    /// Marks the choices of a layer of this kind after which every budget alone can still be met.
    /// If several budgets leave none (each alone would leave one), the choice that overshoots
    /// least is marked, for a later repair.
    /// `least` is [`Budgets::least`], or that of the engine chosen before.
    pub fn allowed(
        &self,
        kind: usize,
        choices: &[Choice],
        purse: &Purse,
        least: &[Vec<f64>],
        out: &mut Vec<bool>,
    ) {
        out.clear();
        let over = |choice: usize| -> f64 {
            let mut worst = f64::NEG_INFINITY;
            for (limit, weight) in self.weights[kind][choice].iter().enumerate() {
                let reserve = purse.reserve[limit] - least[kind][limit];
                worst = worst.max(purse.used[limit] + weight + reserve - (1.0 - SLACK));
            }
            worst
        };
        let mut mildest = (f64::INFINITY, 0);
        for choice in 0..choices.len() {
            let over = over(choice);
            out.push(over <= 0.0);
            if over < mildest.0 {
                mildest = (over, choice);
            }
        }
        if self.sums.is_empty() {
            out.fill(true);
        } else if !out.contains(&true) && !out.is_empty() {
            out[mildest.1] = true;
        }
    }

    /// Books a choice.
    pub fn spend(&self, kind: usize, choice: usize, least: &[Vec<f64>], purse: &mut Purse) {
        for (limit, weight) in self.weights[kind][choice].iter().enumerate() {
            purse.used[limit] += weight;
            purse.reserve[limit] -= least[kind][limit];
        }
    }
}
