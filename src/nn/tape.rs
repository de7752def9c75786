//! What a rollout records for the backward pass, and what its caller may read afterwards.

use std::ops::Range;

use super::kernels::{Left, Right};
use super::layout::Layout;

/// The mark of a decision that was not taken.
const NOT_CHOSEN: u32 = u32::MAX;

/// The record of a batch of E episodes over L slots in lockstep. One tape serves many batches and
/// keeps its memory; [`super::Policy::rollout`] empties it.
///
/// Vectors are indexed by slot, then episode, then what the comment names.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    /// E.
    pub(super) episodes: usize,
    /// L so far.
    pub(super) slots: usize,
    /// Columns of each head among the logits.
    pub(super) columns: Vec<Range<usize>>,
    /// Rows (x_t, h_{t-1}) of I + H, with one slot more than L, of which only h_{L-1} is set.
    pub(super) joined: Vec<f32>,
    /// Activated gates (i, f, g, o), 4H.
    pub(super) gates: Vec<f32>,
    /// c_{t-1}, H, with one slot more than L.
    pub(super) cells: Vec<f32>,
    /// tanh(c_t), H.
    pub(super) squashed: Vec<f32>,
    /// The slot's kind.
    pub(super) kinds: Vec<u32>,
    /// N per slot and episode; those of a head are complete once the heads before it have chosen.
    pub(super) logits: Vec<f32>,
    /// N; 0 where forbidden; of a head that has chosen.
    pub(super) probabilities: Vec<f32>,
    /// N; logarithms of the probabilities.
    pub(super) logarithms: Vec<f32>,
    /// Per head: the level chosen, or [`NOT_CHOSEN`].
    choices: Vec<u32>,
    /// Per head: entropy of the distribution it was chosen from.
    entropies: Vec<f32>,
    /// Memory of the two passes.
    pub(super) work: Work,
}

/// Packed operands and intermediate gradients: memory kept between batches, no state.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    /// The left operand of the product at hand.
    pub left: Left,
    /// W for the forward pass.
    pub gates: Right,
    /// V for the forward pass.
    pub heads: Right,
    /// The right operand of the product at hand in the backward pass.
    pub right: Right,
    /// dL/dlogits, like `logits`.
    pub d_logits: Vec<f32>,
    /// dL/dh_t, H per slot and episode.
    pub d_hidden: Vec<f32>,
    /// Gradient of the gates' pre-activations, like `gates`.
    pub d_gates: Vec<f32>,
    /// What reaches the cells from the later slots, H per episode.
    pub d_cell: Vec<f32>,
}

impl Tape {
    /// An empty tape.
    pub fn new() -> Self {
        Tape::default()
    }

    /// Forgets everything for `episodes` episodes of a policy of `layout`.
    pub(super) fn reset(&mut self, layout: &Layout, episodes: usize) {
        let shape = &layout.shape;
        self.episodes = episodes;
        self.slots = 0;
        self.columns.clone_from(&layout.columns);
        for all in [
            &mut self.joined,
            &mut self.gates,
            &mut self.cells,
            &mut self.squashed,
            &mut self.logits,
            &mut self.probabilities,
            &mut self.logarithms,
            &mut self.entropies,
        ] {
            all.clear();
        }
        self.kinds.clear();
        self.choices.clear();
        self.joined
            .resize(episodes * (shape.inputs + shape.hidden), 0.0);
        self.cells.resize(episodes * shape.hidden, 0.0);
    }

    /// Makes room for one more slot.
    pub(super) fn grow(&mut self, layout: &Layout) {
        let (shape, e) = (&layout.shape, self.episodes);
        let (hidden, logits) = (shape.hidden, shape.logits());
        self.slots += 1;
        let n = self.slots * e;
        self.joined.resize((n + e) * (shape.inputs + hidden), 0.0);
        self.cells.resize((n + e) * hidden, 0.0);
        self.gates.resize(n * 4 * hidden, 0.0);
        self.squashed.resize(n * hidden, 0.0);
        self.logits.resize(n * logits, 0.0);
        self.probabilities.resize(n * logits, 0.0);
        self.logarithms.resize(n * logits, 0.0);
        self.entropies.resize(n * shape.heads(), 0.0);
        self.choices.resize(n * shape.heads(), NOT_CHOSEN);
    }

    /// Number of episodes, E.
    pub fn episodes(&self) -> usize {
        self.episodes
    }

    /// Number of slots walked, L.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The level head `head` of `episode` chose at `slot`; none if it was not asked.
    pub fn choice(&self, slot: usize, episode: usize, head: usize) -> Option<usize> {
        let level = self.choices[self.decision(slot, episode, head)];
        (level != NOT_CHOSEN).then_some(level as usize)
    }

    /// The probabilities that decision was drawn from, 0 where forbidden.
    pub fn probabilities(&self, slot: usize, episode: usize, head: usize) -> &[f32] {
        &self.probabilities[self.levels(slot, episode, head)]
    }

    /// log π of the level chosen, 0 for a decision not taken.
    pub fn log_probability(&self, slot: usize, episode: usize, head: usize) -> f32 {
        self.choice(slot, episode, head).map_or(0.0, |level| {
            self.logarithms[self.levels(slot, episode, head)][level]
        })
    }

    /// Entropy in nats of the distribution of that decision, 0 for a decision not taken.
    pub fn entropy(&self, slot: usize, episode: usize, head: usize) -> f32 {
        self.entropies[self.decision(slot, episode, head)]
    }

    /// The loss whose gradient [`super::Policy::backward`] gives, with the same arguments.
    pub fn loss(&self, advantages: &[f32], entropy_coef: f32, divisor: f32) -> f64 {
        let mut sum = 0.0;
        for slot in 0..self.slots {
            for episode in 0..self.episodes {
                for head in 0..self.columns.len() {
                    let advantage = advantages[self.advantage(slot, episode, head)];
                    sum -= f64::from(advantage)
                        * f64::from(self.log_probability(slot, episode, head))
                        + f64::from(entropy_coef) * f64::from(self.entropy(slot, episode, head));
                }
            }
        }
        sum / f64::from(divisor)
    }

    /// Records a decision.
    pub(super) fn record(&mut self, episode: usize, head: usize, choice: usize, entropy: f32) {
        let at = self.decision(self.slots - 1, episode, head);
        self.choices[at] = u32::try_from(choice).expect("a level fits 32 bits");
        self.entropies[at] = entropy;
    }

    /// Place of a decision's advantage: episode, then slot, then head.
    pub(super) fn advantage(&self, slot: usize, episode: usize, head: usize) -> usize {
        (episode * self.slots + slot) * self.columns.len() + head
    }

    /// Place of a decision's levels among the logits.
    pub(super) fn levels(&self, slot: usize, episode: usize, head: usize) -> Range<usize> {
        let columns = &self.columns[head];
        let row = self.row(slot, episode) * self.columns.last().map_or(0, |c| c.end);
        row + columns.start..row + columns.end
    }

    /// Place of a decision.
    fn decision(&self, slot: usize, episode: usize, head: usize) -> usize {
        assert!(head < self.columns.len(), "no head {head}");
        self.row(slot, episode) * self.columns.len() + head
    }

    /// Place of an episode's slot.
    fn row(&self, slot: usize, episode: usize) -> usize {
        assert!(
            slot < self.slots && episode < self.episodes,
            "not on the tape"
        );
        slot * self.episodes + episode
    }
}
