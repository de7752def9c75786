//! A batch of episodes: the policy walks the layers in lockstep and picks within the masks.

use super::super::mask::{Purse, Ways};
use super::super::slots::Choice;
use super::super::walk;
use super::Learner;
use crate::base::random::Stream;
use crate::nn::{Pick, Rollout};
use crate::space::Assignment;
use std::sync::Arc;

/// One episode's walk so far.
pub(super) struct Episode {
    pub(super) stream: Stream,
    /// Layers in the order they are visited.
    pub(super) order: Vec<usize>,
    pub(super) purse: Purse,
    /// Ways to complete it; those of the chosen engine when sequential.
    pub(super) ways: Arc<Ways>,
    /// Levels of the chosen engine.
    pub(super) engine: Option<Vec<u16>>,
    /// Choice of each layer, by index among its kind's choices.
    pub(super) chosen: Vec<usize>,
    pub(super) previous: Vec<f32>,
    /// Per limit: probability that the mask took away.
    pub(super) denied: Vec<f64>,
}

impl Learner<'_, '_> {
    /// Walks a batch of episodes in lockstep.
    pub(super) fn walk(&mut self, first: usize, size: usize, greedy: bool) -> Vec<Episode> {
        let ways = Arc::new(self.budgets.ways.clone());
        let mut episodes: Vec<Episode> = (0..size)
            .map(|i| {
                let mut stream = Stream::new(self.seed, "episode", (first + i) as u64);
                let mut order: Vec<usize> = (0..self.slots.kind_of.len()).collect();
                if self.shuffled {
                    stream.shuffle(&mut order);
                }
                Episode {
                    stream,
                    order,
                    purse: self.budgets.purse(&ways),
                    ways: Arc::clone(&ways),
                    engine: None,
                    chosen: vec![0; self.slots.kind_of.len()],
                    previous: vec![0.0; self.slots.heads.len()],
                    denied: vec![0.0; self.budgets.sums.len()],
                }
            })
            .collect();
        let steps = usize::from(self.slots.engine)
            + if self.slots.layers {
                self.slots.kind_of.len()
            } else {
                0
            };
        let mut tape = std::mem::take(&mut self.tape);
        let mut rollout = self.policy.rollout(&mut tape, size);
        let width = self.features.width();
        let mut inputs = vec![0.0; size * width];
        let mut kinds = vec![0u32; size];
        for step in 0..steps {
            let engine = self.slots.engine && step == 0;
            let at = step - usize::from(self.slots.engine && step > 0);
            for (e, episode) in episodes.iter().enumerate() {
                let layer = episode.order.get(at).copied();
                let kind = match layer {
                    Some(layer) if !engine => self.slots.kind_of[layer],
                    _ => self.slots.kinds.len(),
                };
                kinds[e] = kind as u32;
                let row = &mut inputs[e * width..(e + 1) * width];
                let progress = step as f32 / steps as f32;
                self.features
                    .fill(row, kind, &episode.purse, &episode.previous, progress);
            }
            rollout.step(&inputs, &kinds);
            for (e, episode) in episodes.iter_mut().enumerate() {
                if engine {
                    self.pick_engine(&mut rollout, e, episode, greedy);
                } else {
                    self.pick_layer(&mut rollout, e, episode, at, greedy);
                }
            }
        }
        self.tape = tape;
        episodes
    }

    fn pick_engine(&self, rollout: &mut Rollout, e: usize, episode: &mut Episode, greedy: bool) {
        let mut levels: Vec<u16> = Vec::new();
        for (head, &count) in self.slots.levels.iter().enumerate() {
            let mut mask = vec![false; count];
            if self.slots.shared[head] {
                for engine in self.engines.iter().filter(|c| c.starts_with(&levels)) {
                    mask[engine[head] as usize] = true;
                }
            } else {
                mask[0] = true;
            }
            let picked = rollout.choose(e, head, &mask, pick(greedy, &mut episode.stream));
            levels.push(picked as u16);
            episode.previous[head] = walk::normalised(picked, count);
        }
        let on = |choice: &Choice| walk::on_engine(self.slots, choice, &levels);
        let limits = self.budgets.sums.len();
        let ways = Ways::new(self.slots, &self.budgets.weights, limits, &on);
        episode.purse = self.budgets.purse(&ways);
        episode.ways = Arc::new(ways);
        if !self.slots.layers {
            for (layer, &kind) in self.slots.kind_of.iter().enumerate() {
                let matching = |c: &Choice| walk::on_engine(self.slots, c, &levels);
                let found = self.slots.kinds[kind].iter().position(matching);
                episode.chosen[layer] = found.unwrap_or(0);
            }
        }
        episode.engine = Some(levels);
    }

    fn pick_layer(
        &self,
        rollout: &mut Rollout,
        e: usize,
        episode: &mut Episode,
        at: usize,
        greedy: bool,
    ) {
        let layer = episode.order[at];
        let kind = self.slots.kind_of[layer];
        let choices = &self.slots.kinds[kind];
        let mut overshoots = Vec::new();
        self.budgets.overshoots(
            (layer, kind),
            &episode.purse,
            &episode.ways,
            &mut overshoots,
        );
        let mut open: Vec<usize> = (0..choices.len())
            .filter(|&c| match &episode.engine {
                Some(engine) => walk::on_engine(self.slots, &choices[c], engine),
                None => true,
            })
            .collect();
        if !open.iter().any(|&c| overshoots[c].0 <= 0.0) {
            open.iter().for_each(|&c| overshoots[c].0 = 0.0);
        }
        let within = |choice: usize| overshoots[choice].0 <= 0.0;
        for (head, &count) in self.slots.levels.iter().enumerate() {
            let mut mask = vec![false; count];
            let mut wish = vec![false; count];
            let mut mildest = vec![None; count];
            for &c in &open {
                let level = choices[c].levels[head] as usize;
                wish[level] = true;
                mask[level] |= within(c);
                let over = overshoots[c];
                if mildest[level].is_none_or(|m: (f64, usize)| over.0 < m.0) {
                    mildest[level] = Some(over);
                }
            }
            if mask != wish {
                let blamed: Vec<usize> = mildest.iter().map(|m| m.map_or(0, |m| m.1)).collect();
                let logits = rollout.logits(e, head);
                let denied = walk::denied(logits, &wish, &mask, &blamed, self.budgets.sums.len());
                for (sum, share) in episode.denied.iter_mut().zip(denied) {
                    *sum += share / self.slots.kind_of.len() as f64;
                }
            }
            let picked = rollout.choose(e, head, &mask, pick(greedy, &mut episode.stream));
            open.retain(|&c| choices[c].levels[head] as usize == picked);
            episode.previous[head] = walk::normalised(picked, count);
        }
        let choice = open.iter().copied().find(|&c| within(c)).unwrap_or(0);
        episode.chosen[layer] = choice;
        self.budgets
            .spend((layer, kind), choice, &episode.ways, &mut episode.purse);
    }

    pub(super) fn assignment(&self, episode: &Episode) -> Assignment {
        let point = |(layer, &choice): (usize, &usize)| {
            self.slots.kinds[self.slots.kind_of[layer]][choice].point
        };
        episode.chosen.iter().enumerate().map(point).collect()
    }
}

fn pick(greedy: bool, stream: &mut Stream) -> Pick<'_> {
    if greedy {
        Pick::Greedy
    } else {
        Pick::Sample(stream)
    }
}
