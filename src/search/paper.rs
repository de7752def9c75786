//! REINFORCE as ConfuciuX publishes it (Kao, Jeong, Krishna, MICRO 2020), kept to compare with:
//! `reinforce { variant = paper }`.
//!
//! An LSTM of 128 cells walks the layers in a new random order every episode. What it sees is the
//! layer it assigned last, and what it chose there. It picks one level per knob, each independent of
//! the others, and nothing keeps it within budget: an episode that overshoots one ends there. With
//! v = -cost of a layer and v_min the least v any episode has met,
//!
//! ```text
//! r_t = v_t - v_min
//! r_t = (r_t - sum of r_i, i <= t) (used / limit - 1)     where the budget is overshot at t
//! ```
//!
//! The rewards of an episode are standardised, summed with discount from the end, and standardised
//! again; Adam takes one step per episode, and its step size falls by a fifth every 100 episodes once
//! an episode has stayed within budget.
//!
//! What differs from the program: initial weights and random numbers, gradients are not clipped, a
//! level that no choice of the layer has is masked, and with several budgets the one overshot most
//! counts.

use super::MethodEntry;
use super::mask::Budgets;
use super::reinforce::VARIANTS;
use super::runner::Run;
use super::slots::Slots;
use super::walk::{self, Features};
use crate::base::random::Stream;
use crate::ir::problem::Stage;
use crate::ir::registry::{MethodSpec, ParamKind, ParamSpec};
use crate::nn::{Adam, Gradient, Pick, Policy, PolicyShape, Tape};
use crate::space::Assignment;

/// The registry line.
pub const ENTRY: MethodEntry = MethodEntry {
    spec: MethodSpec {
        name: "reinforce",
        summary: "the same as ConfuciuX publishes it, to compare with; pipelined designs only",
        refines: false,
        sequential: false,
        params: &[
            ParamSpec::variant("paper", VARIANTS),
            ParamSpec::number(
                "episodes",
                ParamKind::Whole(1, 10_000_000),
                1000.0,
                "whole-network assignments tried, complete or cut short",
            ),
            ParamSpec::number(
                "hidden",
                ParamKind::Whole(1, 1024),
                128.0,
                "hidden units of the LSTM",
            ),
            ParamSpec::number(
                "learning_rate",
                ParamKind::Real(1e-6, 1.0),
                0.001,
                "step size of Adam until a design within budget is found",
            ),
            ParamSpec::number(
                "discount",
                ParamKind::Real(0.0, 1.0),
                0.9,
                "weight of the next slot's return in a slot's return",
            ),
        ],
    },
    run: stage,
};

/// Episodes after which the step size falls, and to what share.
const DECAY: (usize, f64) = (100, 0.8);

fn stage(run: &mut Run, stage: &Stage) {
    let episodes = stage.whole("episodes");
    run.announce(ENTRY.spec.name, episodes);
    let space = run.space;
    let Some(slots) = Slots::new(space).filter(|s| !s.engine) else {
        return;
    };
    if slots.kinds.iter().any(Vec::is_empty) {
        return;
    }
    let budgets = Budgets::new(space, &slots, None);
    let features = Features::new(space, &slots, &vec![Vec::new(); slots.kinds.len()]);
    let shape = PolicyShape {
        inputs: features.width(),
        hidden: stage.whole("hidden"),
        kinds: 1,
        levels: slots.levels.clone(),
    };
    let seed = space.problem.seed;
    let mut policy = Policy::new(shape, &mut Stream::new(seed, "policy", 0));
    let mut adam = Adam::new(&policy, stage.number("learning_rate") as f32);
    for (name, range) in policy.groups() {
        if name == "heads.kind" || name.starts_with("heads.previous") {
            // Tables of our own; zero they are, and zero they stay.
            adam.scale(range, 0.0);
        }
    }
    let mut tape = Tape::new();
    let mut gradient = Gradient::new(&policy);
    let layers = slots.kind_of.len();
    let heads = slots.heads.len();
    // Where the objective is no sum, its credit is taken around the design of first choices.
    let first: Assignment = slots
        .kind_of
        .iter()
        .map(|&k| slots.kinds[k][0].point)
        .collect();
    let Some(totals) = space.totals(&first) else {
        return;
    };
    let around = space.around(&first, &totals);
    let mut least = f64::INFINITY;
    let mut succeeded = 0;
    for episode in 0..episodes {
        if run.stopped() {
            return;
        }
        let mut stream = Stream::new(seed, "episode", episode as u64);
        let mut order: Vec<usize> = (0..layers).collect();
        stream.shuffle(&mut order);
        let mut assignment = first.clone();
        let mut used = vec![0.0; budgets.sums.len()];
        let mut rewards: Vec<f64> = Vec::with_capacity(layers);
        let mut overshot = false;
        let mut inputs = vec![0.0; features.width()];
        // No layer before the first.
        let mut kind_seen = slots.kinds.len();
        let mut levels = vec![0.0; heads];
        let mut rollout = policy.rollout(&mut tape, 1);
        for (step, &layer) in order.iter().enumerate() {
            let progress = step as f32 / layers as f32;
            features.fill_layer(&mut inputs, kind_seen, &levels, progress);
            rollout.step(&inputs, &[0]);
            let kind = slots.kind_of[layer];
            let choices = &slots.kinds[kind];
            let mut open: Vec<usize> = (0..choices.len()).collect();
            for (head, &count) in slots.levels.iter().enumerate() {
                let mut mask = vec![false; count];
                open.iter()
                    .for_each(|&c| mask[choices[c].levels[head] as usize] = true);
                let picked = rollout.choose(0, head, &mask, Pick::Sample(&mut stream));
                open.retain(|&c| choices[c].levels[head] as usize == picked);
                levels[head] = walk::normalised(picked, count);
            }
            let choice = open[0];
            assignment[layer] = choices[choice].point;
            kind_seen = kind;
            run.ask(layer, assignment[layer]);
            let value = -space.credit(layer, assignment[layer], &around);
            least = least.min(value);
            rewards.push(value - least);
            let mut worst: f64 = 0.0;
            for (used, weight) in used.iter_mut().zip(&budgets.weights[kind][choice]) {
                *used += weight;
                worst = worst.max(*used - 1.0);
            }
            if worst > 0.0 {
                let sum: f64 = rewards.iter().sum();
                if let Some(last) = rewards.last_mut() {
                    *last = (*last - sum) * worst;
                }
                overshot = true;
                break;
            }
        }
        if overshot {
            run.count_cut_short();
        } else if run.evaluate(&assignment).is_some_and(|e| e.feasible()) {
            succeeded += usize::from(succeeded == 0);
        }
        let returns = returns(&rewards, stage.number("discount"));
        let mut advantages = vec![0.0f32; rewards.len() * heads];
        for (slot, value) in advantages.chunks_mut(heads).zip(&returns) {
            slot.fill(*value as f32);
        }
        gradient.clear();
        policy.backward(&mut tape, &advantages, 0.0, 1.0, &mut gradient);
        adam.step(&mut policy, &gradient);
        if succeeded > 0 {
            if succeeded % DECAY.0 == 0 {
                adam.learning_rate *= DECAY.1 as f32;
            }
            succeeded += 1;
        }
    }
}

/// Standardised rewards, summed with discount from the end, and standardised again.
fn returns(rewards: &[f64], discount: f64) -> Vec<f64> {
    let mut list = standardised(rewards);
    for t in (0..list.len().saturating_sub(1)).rev() {
        list[t] += discount * list[t + 1];
    }
    standardised(&list)
}

/// (x - mean) / deviation; zeros where all are equal.
fn standardised(list: &[f64]) -> Vec<f64> {
    let n = list.len() as f64;
    let mean = list.iter().sum::<f64>() / n;
    let variance = list.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
    let deviation = variance.sqrt();
    let scaled = |x: &f64| {
        if deviation > 0.0 {
            (x - mean) / deviation
        } else {
            0.0
        }
    };
    list.iter().map(scaled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (1, 2, 3) standardised is (-a, 0, a) with a = sqrt(3/2); summed from the end with discount
    /// 0.5: (-a + 0.25 a, 0.5 a, a) = a (-0.75, 0.5, 1), mean 0.25 a.
    #[test]
    fn returns_by_hand() {
        let list = returns(&[1.0, 2.0, 3.0], 0.5);
        let centred = [-1.0, 0.25, 0.75];
        let deviation = (centred.iter().map(|x| x * x).sum::<f64>() / 3.0).sqrt();
        for (value, c) in list.iter().zip(centred) {
            assert!((value - c / deviation).abs() < 1e-12, "{list:?}");
        }
    }

    #[test]
    fn equal_rewards_teach_nothing() {
        assert_eq!(returns(&[2.0, 2.0, 2.0], 0.9), [0.0, 0.0, 0.0]);
    }
}
