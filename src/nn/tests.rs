//! The network as a whole: its numbers and gradient against a plain reference in double precision,
//! and the same bits whatever the batch.

mod learning;

use super::*;
use crate::base::math;
use crate::base::random::Stream;

/// A recorded batch to recompute: small, but with several kinds, masks and an episode that ends
/// after two slots.
struct Case {
    policy: Policy,
    episodes: usize,
    slots: usize,
    /// Per slot, `[E][inputs]`.
    inputs: Vec<Vec<f32>>,
    /// Per slot, `[E]`.
    kinds: Vec<Vec<u32>>,
    /// Per slot, episode, head.
    masks: Vec<Vec<Vec<Vec<bool>>>>,
    /// `[E][L][heads]`.
    advantages: Vec<f32>,
}

const ENTROPY: f32 = 0.3;
const DIVISOR: f32 = 2.5;

impl Case {
    fn new() -> Self {
        let (episodes, slots) = (3, 4);
        let shape = PolicyShape {
            inputs: 3,
            hidden: 5,
            kinds: 2,
            levels: vec![3, 4, 2],
        };
        let mut stream = Stream::new(11, "case", 0);
        let mut policy = Policy::new(shape.clone(), &mut stream);
        // No parameter is left at zero: every group must pull at every other.
        for p in policy.parameters_mut() {
            *p += (stream.uniform() * 1.6 - 0.8) as f32;
        }
        let mut number = || (stream.uniform() * 2.0 - 1.0) as f32;
        let inputs = (0..slots)
            .map(|_| (0..episodes * 3).map(|_| number()).collect())
            .collect();
        let advantages = (0..episodes * slots * 3).map(|_| number()).collect();
        let kinds = (0..slots)
            .map(|_| (0..episodes).map(|_| stream.below(2) as u32).collect())
            .collect();
        let mut mask = |levels: usize| -> Vec<bool> {
            let kept = stream.below(levels);
            (0..levels)
                .map(|i| i == kept || stream.chance(0.8))
                .collect()
        };
        let masks = (0..slots)
            .map(|_| {
                (0..episodes)
                    .map(|_| shape.levels.iter().map(|&n| mask(n)).collect())
                    .collect()
            })
            .collect();
        Case {
            policy,
            episodes,
            slots,
            inputs,
            kinds,
            masks,
            advantages,
        }
    }

    /// Episode 2 ends after slot 1.
    fn plays(slot: usize, episode: usize) -> bool {
        episode != 2 || slot < 2
    }

    /// Walks all episodes, each drawing from its own stream.
    fn walk(&self, tape: &mut Tape) {
        let mut streams: Vec<Stream> = (0..self.episodes)
            .map(|e| Stream::new(5, "episode", e as u64))
            .collect();
        let mut rollout = self.policy.rollout(tape, self.episodes);
        for t in 0..self.slots {
            rollout.step(&self.inputs[t], &self.kinds[t]);
            for (e, stream) in streams.iter_mut().enumerate() {
                if Case::plays(t, e) {
                    for (h, mask) in self.masks[t][e].iter().enumerate() {
                        rollout.choose(e, h, mask, Pick::Sample(stream));
                    }
                }
            }
        }
    }

    /// The loss of the recorded choices under other parameters, from the equations in the
    /// documentation, in double precision and without any of the code under test.
    fn reference_loss(&self, tape: &Tape, parameters: &[f64]) -> f64 {
        let shape = self.policy.shape();
        let (inputs, hidden, levels) = (shape.inputs, shape.hidden, &shape.levels);
        let n: usize = levels.iter().sum();
        let groups = self.policy.groups();
        let group = |name: &str| -> &[f64] {
            let found = groups.iter().find(|(g, _)| g == name);
            &parameters[found.expect("a group of that name").1.clone()]
        };
        let sigmoid = |x: f64| 1.0 / (1.0 + math::exp(-x));
        let tanh = |x: f64| 2.0 / (1.0 + math::exp(-2.0 * x)) - 1.0;
        let (w, b) = (group("gates.weight"), group("gates.bias"));
        let (v, d, kind) = (
            group("heads.weight"),
            group("heads.bias"),
            group("heads.kind"),
        );
        let mut loss = 0.0;
        for e in 0..self.episodes {
            let (mut h, mut c) = (vec![0.0; hidden], vec![0.0; hidden]);
            for t in 0..self.slots {
                let x = self.inputs[t][e * inputs..][..inputs]
                    .iter()
                    .map(|&x| f64::from(x));
                let joined: Vec<f64> = x.chain(h.iter().copied()).collect();
                let gate = |gate: usize, k: usize| {
                    let column = gate * hidden + k;
                    let products = joined.iter().enumerate();
                    b[column]
                        + products
                            .map(|(i, x)| x * w[i * 4 * hidden + column])
                            .sum::<f64>()
                };
                for k in 0..hidden {
                    c[k] = sigmoid(gate(1, k)) * c[k] + sigmoid(gate(0, k)) * tanh(gate(2, k));
                    h[k] = sigmoid(gate(3, k)) * tanh(c[k]);
                }
                if !Case::plays(t, e) {
                    continue;
                }
                let mut column = 0;
                for (head, &count) in levels.iter().enumerate() {
                    let mask = &self.masks[t][e][head];
                    let logit = |i: usize| {
                        let at = column + i;
                        let mut z = d[at] + kind[self.kinds[t][e] as usize * n + at];
                        z += (0..hidden).map(|k| h[k] * v[k * n + at]).sum::<f64>();
                        let mut end = 0;
                        for (j, &before) in levels[..head].iter().enumerate() {
                            end += before;
                            let choice = tape.choice(t, e, j).expect("a choice");
                            z += group(&format!("heads.previous.{j}"))
                                [choice * (n - end) + at - end];
                        }
                        z
                    };
                    let weights: Vec<f64> = (0..count)
                        .map(|i| if mask[i] { math::exp(logit(i)) } else { 0.0 })
                        .collect();
                    let total: f64 = weights.iter().sum();
                    let entropy: f64 = weights
                        .iter()
                        .filter(|&&w| w > 0.0)
                        .map(|w| -(w / total) * math::ln(w / total))
                        .sum();
                    let choice = tape.choice(t, e, head).expect("a choice");
                    let advantage = f64::from(self.advantages[(e * self.slots + t) * 3 + head]);
                    loss -= advantage * math::ln(weights[choice] / total);
                    loss -= f64::from(ENTROPY) * entropy;
                    column += count;
                }
            }
        }
        loss / f64::from(DIVISOR)
    }
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

#[test]
fn the_loss_is_that_of_the_equations() {
    let case = Case::new();
    let mut tape = Tape::new();
    case.walk(&mut tape);
    let expected = case.reference_loss(&tape, &wide(case.policy.parameters()));
    let loss = tape.loss(&case.advantages, ENTROPY, DIVISOR);
    assert!((loss - expected).abs() < 2e-6, "{loss} is not {expected}");
    assert!(tape.choice(2, 2, 0).is_none() && tape.entropy(2, 2, 0) == 0.0);
}

/// Every single parameter against a central difference of the reference.
#[test]
fn the_gradient_is_that_of_finite_differences() {
    let case = Case::new();
    let mut tape = Tape::new();
    case.walk(&mut tape);
    let mut gradient = Gradient::new(&case.policy);
    case.policy
        .backward(&mut tape, &case.advantages, ENTROPY, DIVISOR, &mut gradient);
    let mut parameters = wide(case.policy.parameters());
    let step = 1e-5;
    for (name, range) in case.policy.groups() {
        let mut largest = 0.0_f64;
        for i in range.clone() {
            let value = parameters[i];
            parameters[i] = value + step;
            let above = case.reference_loss(&tape, &parameters);
            parameters[i] = value - step;
            let below = case.reference_loss(&tape, &parameters);
            parameters[i] = value;
            let expected = (above - below) / (2.0 * step);
            let actual = f64::from(gradient.values()[i]);
            let at = i - range.start;
            assert!(
                (actual - expected).abs() < 2e-6,
                "{name}[{at}]: {actual} is not {expected}"
            );
            largest = largest.max(expected.abs());
        }
        // The last head has no later one, hence no table.
        assert!(
            range.is_empty() || largest > 0.05,
            "{name} is hardly tested: {largest}"
        );
    }
    assert!(gradient.norm() > 0.1);
}

/// A second batch on the same tape, and twice into the same gradient: sums, nothing left over.
#[test]
fn a_tape_is_reused_and_a_gradient_adds_up() {
    let case = Case::new();
    let (mut tape, mut fresh) = (Tape::new(), Tape::new());
    let mut once = Gradient::new(&case.policy);
    let mut rollout = case.policy.rollout(&mut tape, 7);
    for _ in 0..9 {
        rollout.step(&[0.5; 21], &[1; 7]);
        for e in 0..7 {
            rollout.choose(e, 0, &[true; 3], Pick::Greedy);
        }
    }
    case.policy
        .backward(&mut tape, &[1.0; 7 * 9 * 3], ENTROPY, DIVISOR, &mut once);
    once.clear();
    case.walk(&mut tape);
    case.walk(&mut fresh);
    case.policy
        .backward(&mut tape, &case.advantages, ENTROPY, DIVISOR, &mut once);
    let mut again = Gradient::new(&case.policy);
    case.policy
        .backward(&mut fresh, &case.advantages, ENTROPY, DIVISOR, &mut again);
    assert_eq!(once.values(), again.values());
    case.policy
        .backward(&mut fresh, &case.advantages, ENTROPY, DIVISOR, &mut again);
    once.add(&once.clone());
    for (a, b) in once.values().iter().zip(again.values()) {
        assert!((a - b).abs() <= 1e-5, "{a} is not {b}");
    }
}

/// An episode's choices and probabilities are the same bits alone and in any batch.
#[test]
fn an_episode_does_not_depend_on_its_batch() {
    let shape = PolicyShape {
        inputs: 6,
        hidden: 13,
        kinds: 3,
        levels: vec![12, 5],
    };
    let policy = Policy::new(shape, &mut Stream::new(3, "policy", 0));
    let slots = 10;
    let walk = |episodes: std::ops::Range<u64>| {
        let mut tape = Tape::new();
        let mut streams: Vec<Stream> = episodes
            .clone()
            .map(|e| Stream::new(7, "episode", e))
            .collect();
        let mut rollout = policy.rollout(&mut tape, streams.len());
        for t in 0..slots {
            let inputs: Vec<f32> = streams
                .iter_mut()
                .flat_map(|s| [0; 6].map(|_| s.uniform() as f32))
                .collect();
            let kinds: Vec<u32> = episodes.clone().map(|e| (e as u32 + t) % 3).collect();
            rollout.step(&inputs, &kinds);
            for (e, stream) in streams.iter_mut().enumerate() {
                rollout.choose(e, 0, &[true; 12], Pick::Sample(stream));
                rollout.choose(e, 1, &[true; 5], Pick::Sample(stream));
            }
        }
        tape
    };
    let batch = walk(0..7);
    for e in 0..7 {
        let alone = walk(e as u64..e as u64 + 1);
        for t in 0..slots as usize {
            for h in 0..2 {
                assert_eq!(batch.choice(t, e, h), alone.choice(t, 0, h));
                assert_eq!(batch.probabilities(t, e, h), alone.probabilities(t, 0, h));
                assert_eq!(
                    batch.entropy(t, e, h).to_bits(),
                    alone.entropy(t, 0, h).to_bits()
                );
            }
        }
    }
}

#[test]
fn the_start_is_near_uniform_and_biases_move_it() {
    let shape = PolicyShape {
        inputs: 4,
        hidden: 32,
        kinds: 2,
        levels: vec![5, 3],
    };
    let mut policy = Policy::new(shape, &mut Stream::new(3, "policy", 0));
    let mut tape = Tape::new();
    let mut rollout = policy.rollout(&mut tape, 1);
    rollout.step(&[1.0, -1.0, 0.5, 0.0], &[1]);
    rollout.choose(0, 0, &[true; 5], Pick::Greedy);
    assert!(
        tape.probabilities(0, 0, 0)
            .iter()
            .all(|p| (p - 0.2).abs() < 0.02)
    );
    policy.bias_mut(1)[2] = 3.0;
    let mut rollout = policy.rollout(&mut tape, 1);
    rollout.step(&[1.0, -1.0, 0.5, 0.0], &[1]);
    assert_eq!(
        rollout.choose(0, 0, &[false, false, true, false, false], Pick::Given(2)),
        2
    );
    assert_eq!(rollout.choose(0, 1, &[true; 3], Pick::Greedy), 2);
    assert_eq!(rollout.logits(0, 1).len(), 3);
    assert_eq!(rollout.tape().slots(), 1);
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    let case = Case::new();
    let mut policy = case.policy.clone();
    let mut gradient = Gradient::new(&policy);
    gradient.values[3] = f32::NAN;
    let norm = Adam::new(&policy, 0.1).step(&mut policy, &gradient);
    assert!(norm.is_nan());
    assert_eq!(policy.parameters(), case.policy.parameters());
}

#[test]
#[should_panic(expected = "heads choose in order")]
fn heads_out_of_order_are_refused() {
    let case = Case::new();
    let mut tape = Tape::new();
    let mut rollout = case.policy.rollout(&mut tape, 1);
    rollout.step(&[0.0; 3], &[0]);
    rollout.choose(0, 1, &[true; 4], Pick::Greedy);
}
