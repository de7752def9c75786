//! What of the times at which steps are done matters after each layer.
//!
//! After a layer, some steps are done and others wait for them. Steps that the same ones wait for
//! count with the last of them, and so make one time; so do steps that are the last of the same
//! ones. Free operators are done as soon as what they wait for is. All of it follows from the
//! network alone: with a layer, the new times are the last of some old ones and the layer's own.

use super::finish::Task;
use crate::space::path::Step;
use std::collections::BTreeMap;

/// How the times done change with one layer.
pub struct Stage {
    /// The layer's kind.
    pub kind: usize,
    /// Times whose last is the layer's start.
    pub start: Vec<usize>,
    /// Each new time is the last of these old ones; one past the old ones is the layer's own.
    pub times: Vec<Vec<usize>>,
    /// Flow that crosses from each new time to what is not done, or leaves the network.
    pub crossing: Vec<i64>,
    /// Cycles of the longest path behind each new time, every layer at its fastest.
    pub tail: Vec<i64>,
}

/// The stages, one per layer.
pub fn stages(task: &Task) -> Vec<Stage> {
    let steps = &task.paths.steps;
    let fastest = |layer: usize| {
        let cycles = &task.cycles[task.instance.layers[layer]];
        cycles.iter().copied().min().unwrap_or(0)
    };
    // The longest path from each step on, at the fastest.
    let mut rest = vec![0i64; steps.len()];
    for at in (0..steps.len()).rev() {
        let behind = steps[at].after.iter().map(|&a| rest[a]).max().unwrap_or(0);
        rest[at] = behind + steps[at].layer.map_or(0, fastest);
    }
    let mut walk = Walk {
        steps,
        waiting: steps.iter().map(|s| s.before.len()).collect(),
        done: vec![false; steps.len()],
        live: BTreeMap::new(),
    };
    for (at, step) in steps.iter().enumerate() {
        if step.layer.is_none() && step.before.is_empty() {
            walk.finish(at, Vec::new());
        }
    }
    let mut out: Vec<Stage> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let Some(layer) = step.layer else { continue };
        let old = out.last().map_or(0, |s: &Stage| s.times.len());
        let start = walk.last_of(&step.before);
        walk.finish(at, vec![old]);
        let mut stage = Stage {
            kind: task.instance.layers[layer],
            start,
            times: Vec::new(),
            crossing: Vec::new(),
            tail: Vec::new(),
        };
        for (parts, members) in walk.times() {
            let (mut crossing, mut tail) = (0, 0);
            for &s in &members {
                if steps[s].after.is_empty() {
                    crossing += task.flow.through[s];
                }
                for &a in steps[s].after.iter().filter(|&&a| !walk.done[a]) {
                    let place = steps[a].before.binary_search(&s).unwrap_or(0);
                    crossing += task.flow.from[a][place];
                    tail = tail.max(rest[a]);
                }
            }
            // What follows no layer is done at 0 and needs no time of its own.
            let number = (!parts.is_empty()).then_some(stage.times.len());
            for s in members {
                walk.live.insert(s, number.into_iter().collect());
            }
            if number.is_some() {
                stage.times.push(parts);
                stage.crossing.push(crossing);
                stage.tail.push(tail);
            }
        }
        out.push(stage);
    }
    out
}

struct Walk<'a> {
    steps: &'a [Step],
    /// Per step: how many of those it waits for are not done.
    waiting: Vec<usize>,
    done: Vec<bool>,
    /// Steps that something may still wait for, and which times each is the last of.
    live: BTreeMap<usize, Vec<usize>>,
}

impl Walk<'_> {
    /// The times that the last of some steps is the last of.
    fn last_of(&self, steps: &[usize]) -> Vec<usize> {
        let known = steps.iter().filter_map(|s| self.live.get(s));
        let mut parts: Vec<usize> = known.flatten().copied().collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    }

    /// A step is done as the last of these times, and with it all free ones that waited for nothing
    /// else.
    fn finish(&mut self, at: usize, parts: Vec<usize>) {
        let mut queue = vec![(at, parts)];
        while let Some((at, parts)) = queue.pop() {
            self.done[at] = true;
            self.live.insert(at, parts);
            let steps = self.steps;
            for &a in &steps[at].after {
                self.waiting[a] -= 1;
                if self.waiting[a] == 0 && steps[a].layer.is_none() {
                    queue.push((a, self.last_of(&steps[a].before)));
                }
            }
        }
    }

    /// The live steps that make one time, by the times it is the last of. Others live no longer.
    fn times(&mut self) -> BTreeMap<Vec<usize>, Vec<usize>> {
        let mut groups: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for &s in self.live.keys() {
            let after = &self.steps[s].after;
            let open: Vec<usize> = after.iter().copied().filter(|&a| !self.done[a]).collect();
            // The ends of all paths are waited for by the end.
            if !open.is_empty() || after.is_empty() {
                groups.entry(open).or_default().push(s);
            }
        }
        let mut times: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for members in groups.into_values() {
            let parts = self.last_of(&members);
            times.entry(parts).or_default().extend(members);
        }
        self.live.clear();
        times
    }
}
