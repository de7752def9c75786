//! Walking a batch of episodes forwards.

use super::heads;
use super::kernels::{View, add, add_product};
use super::lstm;
use super::policy::Policy;
use super::tape::Tape;
use crate::base::random::Stream;

/// How a level is picked from a head's distribution.
#[derive(Debug)]
pub enum Pick<'a> {
    /// Drawn at random with the policy's probabilities.
    Sample(&'a mut Stream),
    /// The likeliest level, the first of equals.
    Greedy,
    /// This level, which the mask must allow: replays a known decision.
    Given(usize),
}

/// A batch of episodes being walked: for each slot, [`Rollout::step`], then for each episode, for
/// each head in order, [`Rollout::choose`].
///
/// An episode that has ended early just makes no more choices: a decision not taken adds nothing
/// to the loss. Its inputs are still asked for, and may be anything finite.
#[derive(Debug)]
pub struct Rollout<'a> {
    policy: &'a Policy,
    tape: &'a mut Tape,
}

impl Policy {
    /// Begins a batch of `episodes` episodes, recorded on `tape`, which is emptied first.
    pub fn rollout<'a>(&'a self, tape: &'a mut Tape, episodes: usize) -> Rollout<'a> {
        let layout = &self.layout;
        let shape = &layout.shape;
        tape.reset(layout, episodes);
        let (gates, logits) = (4 * shape.hidden, shape.logits());
        let weight = View::rows(self.group(&layout.gates_weight), gates);
        tape.work
            .gates
            .pack(weight, shape.inputs + shape.hidden, gates);
        let weight = View::rows(self.group(&layout.heads_weight), logits);
        tape.work.heads.pack(weight, shape.hidden, logits);
        Rollout { policy: self, tape }
    }
}

impl Rollout<'_> {
    /// The record so far.
    pub fn tape(&self) -> &Tape {
        self.tape
    }

    /// Moves every episode to its next slot: `inputs` holds the features, `[E][inputs]`, and
    /// `kinds` the slot's kind of each episode, `[E]`.
    ///
    /// Panics if a length is wrong or a kind unknown.
    pub fn step(&mut self, inputs: &[f32], kinds: &[u32]) {
        let layout = &self.policy.layout;
        let (shape, parameters) = (&layout.shape, &self.policy.parameters);
        let (hidden, logits) = (shape.hidden, shape.logits());
        let width = shape.inputs + hidden;
        let tape = &mut *self.tape;
        let episodes = tape.episodes;
        assert_eq!(
            inputs.len(),
            episodes * shape.inputs,
            "features of the slot"
        );
        assert_eq!(kinds.len(), episodes, "kinds of the slot");
        assert!(
            kinds.iter().all(|&k| (k as usize) < shape.kinds),
            "unknown kind of slot"
        );
        debug_assert!(
            inputs.iter().all(|x| x.is_finite()),
            "a feature is not finite"
        );
        let row = tape.slots * episodes;
        tape.grow(layout);
        tape.kinds.extend_from_slice(kinds);

        let (now, next) = tape.joined[row * width..].split_at_mut(episodes * width);
        for (joined, x) in now
            .chunks_exact_mut(width)
            .zip(inputs.chunks_exact(shape.inputs))
        {
            joined[..shape.inputs].copy_from_slice(x);
        }
        let gates = &mut tape.gates[row * 4 * hidden..];
        let bias = &parameters[layout.gates_bias.clone()];
        for gates in gates.chunks_exact_mut(4 * hidden) {
            gates.copy_from_slice(bias);
        }
        tape.work.left.pack(View::rows(now, width), episodes, width);
        add_product(gates, 4 * hidden, &tape.work.left, &tape.work.gates);

        let (cells, next_cells) = tape.cells[row * hidden..].split_at_mut(episodes * hidden);
        let squashed = &mut tape.squashed[row * hidden..];
        for e in 0..episodes {
            lstm::forward(
                &mut gates[e * 4 * hidden..][..4 * hidden],
                &cells[e * hidden..][..hidden],
                &mut next_cells[e * hidden..][..hidden],
                &mut squashed[e * hidden..][..hidden],
                &mut next[e * width + shape.inputs..][..hidden],
            );
        }

        let all = &mut tape.logits[row * logits..];
        let bias = &parameters[layout.heads_bias.clone()];
        for (out, &kind) in all.chunks_exact_mut(logits).zip(kinds) {
            out.copy_from_slice(bias);
            add(out, &parameters[layout.kind_row(kind)]);
        }
        tape.work
            .left
            .pack(View::rows(&next[shape.inputs..], width), episodes, hidden);
        add_product(all, logits, &tape.work.left, &tape.work.heads);
    }

    /// The logits of a head at the present slot, complete once the heads before it have chosen.
    pub fn logits(&self, episode: usize, head: usize) -> &[f32] {
        &self.tape.logits[self.tape.levels(self.tape.slots - 1, episode, head)]
    }

    /// Picks a level for `head` of `episode` at the present slot among those `mask` allows, and
    /// records it.
    ///
    /// Panics if the mask has another length than the head or allows nothing, if a head before
    /// this one has not chosen, or if this one has.
    pub fn choose(&mut self, episode: usize, head: usize, mask: &[bool], pick: Pick) -> usize {
        let tape = &mut *self.tape;
        let slot = tape.slots - 1;
        assert!(
            tape.choice(slot, episode, head).is_none(),
            "a head chooses once"
        );
        assert!(
            head == 0 || tape.choice(slot, episode, head - 1).is_some(),
            "heads choose in order"
        );
        let levels = tape.levels(slot, episode, head);
        assert_eq!(mask.len(), levels.len(), "mask of head {head}");
        let logits = &tape.logits[levels.clone()];
        let probabilities = &mut tape.probabilities[levels.clone()];
        let logarithms = &mut tape.logarithms[levels.clone()];
        let entropy = heads::distribution(logits, mask, probabilities, logarithms);
        let level = match pick {
            Pick::Sample(stream) => stream.weighted(probabilities),
            Pick::Greedy => heads::greedy(logits, mask),
            Pick::Given(level) => level,
        };
        assert!(mask[level], "level {level} of head {head} is forbidden");
        tape.record(episode, head, level, entropy);
        // The later heads' logits follow this head's without a gap.
        let layout = &self.policy.layout;
        let later = layout.shape.logits() - layout.columns[head].end;
        let row = &self.policy.parameters[layout.previous_row(head, level)];
        add(&mut tape.logits[levels.end..][..later], row);
        level
    }
}
