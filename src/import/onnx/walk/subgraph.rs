//! Operators that run graphs of their own: `If`, `Loop` and `Scan`.
//!
//! Which branch runs, and how often a graph does, may depend on data. Then its layers cannot be
//! counted, but it is walked all the same: shapes that do not depend on the choice are known, and
//! what holds no layer costs nothing.

use super::{Call, Scope, Site, Walk, Walker};
use crate::import::onnx::damaged;
use crate::import::onnx::known::{Constant, Dim, Given, Known, axis};
use crate::import::onnx::model::{Graph, Value};
use crate::import::onnx::operators;
use crate::import::onnx::wire::Damage;
use std::rc::Rc;

/// What came of a graph that was walked to see what it gives. Nothing of it is in the network.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// What would cost something.
    layers: usize,
    /// Tensors of the graphs around it that it takes.
    captured: Vec<usize>,
}

impl Trial {
    pub(super) fn costs(&mut self, layers: usize) {
        self.layers = self.layers.saturating_add(layers);
    }
}

/// A graph that was tried.
struct Tried {
    results: Vec<Known>,
    trial: Trial,
}

/// What a trial of all graphs of a node found.
struct Outcome {
    given: Vec<Given>,
    layers: usize,
    captured: Vec<usize>,
}

/// A graph that runs again and again, and what it takes: inputs that are the same each time before
/// and behind those that it carries from one run to the next, results from `at` on.
struct Rounds<'r> {
    body: &'r Graph,
    before: &'r [Known],
    carried: &'r [Known],
    behind: &'r [Known],
    at: usize,
}

impl Walker<'_, '_> {
    /// A graph that is an attribute.
    fn inner(&mut self, site: &Site, name: &str) -> Walk<Graph> {
        let part = site.attributes.iter().find_map(|(n, v)| match v {
            Value::Graph(part) if **n == *name => Some(*part),
            _ => None,
        });
        let missing = || Damage(format!("node `{}` has no `{name}`", site.label()));
        let graph = part
            .ok_or_else(missing)
            .and_then(|part| self.parser.graph(self.source, part));
        graph.or_else(|damage| self.stop(damaged(&damage)))
    }

    /// Slots for an inner graph; those of the graphs around it where it takes from them.
    fn entered(&mut self, graph: &Graph, scope: &Scope) -> Walk<Vec<usize>> {
        let mut slots = self.fresh(graph.names.count())?;
        let mut own = vec![false; graph.names.count()];
        let made = graph.nodes.iter().flat_map(|n| n.outputs.iter().copied());
        let given = graph.inputs.iter().map(|i| i.name);
        for name in made
            .chain(given)
            .chain(graph.initializers.iter().map(|(n, _)| *n))
        {
            own[name as usize] = true;
        }
        for (name, _) in own
            .iter()
            .enumerate()
            .filter(|(name, own)| *name != 0 && !**own)
        {
            let text = graph.names.text(name as u32);
            if let Some(slot) = scope.find(text) {
                slots[name] = slot;
                if let Some(trial) = &mut self.trial {
                    trial.captured.push(slot);
                }
            }
        }
        self.weights(graph, &slots);
        Ok(slots)
    }

    /// `If`: the branch that is taken stands in its place, if the condition follows from the model.
    pub(super) fn branch(&mut self, site: &Site, scope: &Scope, call: &Call) -> Walk<()> {
        let holds = operators::truth(&self.view(site), 0);
        let wanted = match holds {
            Some(true) => "then_branch",
            Some(false) => "else_branch",
            None => {
                let first = self.inner(site, "then_branch")?;
                let first = self.tried(&first, &[], scope, call)?;
                let second = self.inner(site, "else_branch")?;
                let second = self.tried(&second, &[], scope, call)?;
                let both = first.results.iter().zip(&second.results);
                let outcome = Outcome {
                    given: both.map(|(a, b)| Given::from(&a.common(b))).collect(),
                    layers: first.trial.layers.max(second.trial.layers),
                    captured: [first.trial.captured, second.trial.captured].concat(),
                };
                let help = "export the model for the case that is wanted, or give the input that decides its value, `--dim NAME=1`";
                let why = "which of its graphs runs depends on data";
                return self.stands_for(site, outcome, why, help);
            }
        };
        let graph = self.inner(site, wanted)?;
        let slots = self.entered(&graph, scope)?;
        self.graph(&graph, &slots, Some(scope), &deeper(call))?;
        self.copy(&graph.outputs, &slots, &site.outputs);
        Ok(())
    }

    /// `Loop`: what is carried from one run to the next, and what each run adds.
    pub(super) fn repeated(&mut self, site: &Site, scope: &Scope, call: &Call) -> Walk<()> {
        let body = self.inner(site, "body")?;
        let carried: Vec<Known> = self.operands(site, 2..site.inputs.len());
        let number = Known {
            shape: Some(Rc::from([])),
            ..Known::default()
        };
        // Wherever the graph runs, its condition holds.
        let holds = Known {
            value: Some(Rc::new(Constant::scalar(1))),
            ..number.clone()
        };
        let before = [number, holds];
        let rounds = Rounds {
            body: &body,
            before: &before,
            carried: &carried,
            behind: &[],
            at: 1,
        };
        let tried = self.settled(rounds, scope, call)?;
        let (results, trial) = (tried.results, tried.trial);
        let view = self.view(site);
        // It runs to the end unless a condition stops it.
        let times = match (view.ints(0), operators::truth(&view, 1)) {
            (Some(&[times]), Some(true)) => u64::try_from(times).ok(),
            (Some(&[times]), None) if view.input(1).is_none() => u64::try_from(times).ok(),
            _ => None,
        };
        let on = results.first().and_then(|k| k.value.as_deref());
        let on = on.is_some_and(|v| v.ints().is_some_and(|v| v == [1]));
        let times = times.filter(|_| on || view.input(1).is_none());
        drop(view);
        let state = results.iter().skip(1).take(carried.len()).map(Given::from);
        let added = results.iter().skip(1 + carried.len());
        let added = added.map(|each| stacked(each, 0, times));
        let outcome = Outcome {
            given: state.chain(added).collect(),
            layers: trial.layers,
            captured: trial.captured,
        };
        self.runs(site, outcome)
    }

    /// `Scan`: a graph run along an axis of its operands.
    pub(super) fn scanned(&mut self, site: &Site, scope: &Scope, call: &Call) -> Walk<()> {
        let body = self.inner(site, "body")?;
        let (count, axes, ends) = {
            let view = self.view(site);
            let row = |name| view.row(name).unwrap_or(&[]).to_vec();
            let count = view.int("num_scan_inputs");
            (count, row("scan_input_axes"), row("scan_output_axes"))
        };
        let count = count.and_then(|n| usize::try_from(n).ok());
        let states = count.and_then(|c| site.inputs.len().checked_sub(c));
        // Before operator set 9 it took lengths, too, and ran a batch of sequences.
        let Some(states) = states.filter(|_| site.inputs.len() == body.inputs.len()) else {
            let outcome = Outcome {
                given: Vec::new(),
                layers: usize::MAX,
                captured: Vec::new(),
            };
            return self.runs(site, outcome);
        };
        let carried: Vec<Known> = self.operands(site, 0..states);
        let mut slices = self.operands(site, states..site.inputs.len());
        let mut steps: Dim = None;
        for (i, slice) in slices.iter_mut().enumerate() {
            let wanted = axes.get(i).copied().unwrap_or(0);
            let dims = slice.shape.as_ref().and_then(|shape| {
                let at = axis(wanted, shape.len()).ok()?;
                let mut dims = shape.to_vec();
                steps = steps.or(dims.remove(at));
                Some(dims.into())
            });
            *slice = Known {
                shape: dims,
                ..Known::default()
            };
        }
        let rounds = Rounds {
            body: &body,
            before: &[],
            carried: &carried,
            behind: &slices,
            at: 0,
        };
        let tried = self.settled(rounds, scope, call)?;
        let state = tried.results.iter().take(states).map(Given::from);
        let added = tried.results.iter().skip(states).enumerate();
        let added = added.map(|(i, each)| stacked(each, ends.get(i).copied().unwrap_or(0), steps));
        let outcome = Outcome {
            given: state.chain(added).collect(),
            layers: tried.trial.layers,
            captured: tried.trial.captured,
        };
        self.runs(site, outcome)
    }

    /// `SequenceMap`: a graph run on each element of a sequence.
    pub(super) fn mapped(&mut self, site: &Site, scope: &Scope, call: &Call) -> Walk<()> {
        let body = self.inner(site, "body")?;
        let operands = self.operands(site, 0..site.inputs.len());
        let count = operands
            .first()
            .and_then(|s| s.parts.as_ref())
            .map(|p| p.len());
        // Any element of a sequence: what all of them have in common.
        let any = |known: &Known| match known.parts.as_deref() {
            Some([first, rest @ ..]) => rest.iter().fold(first.clone(), |a, b| a.common(b)),
            _ => known.clone(),
        };
        let inputs: Vec<Known> = operands.iter().map(any).collect();
        let tried = self.tried(&body, &inputs, scope, call)?;
        let each = tried.results.iter().map(|result| Given {
            parts: count.map(|count| {
                let element = Known {
                    value: None,
                    ..result.clone()
                };
                vec![element; count].into()
            }),
            ..Given::default()
        });
        let outcome = Outcome {
            given: each.collect(),
            layers: tried.trial.layers,
            captured: tried.trial.captured,
        };
        self.runs(site, outcome)
    }

    fn operands(&self, site: &Site, range: std::ops::Range<usize>) -> Vec<Known> {
        let slots = site.inputs.get(range).unwrap_or(&[]).iter();
        let known = |s: &Option<usize>| s.map(|s| self.slots[s].known.clone());
        slots.map(|s| known(s).unwrap_or_default()).collect()
    }

    /// Walks a graph that runs again and again until what it carries keeps what is known of it: then
    /// that holds for every run.
    fn settled(&mut self, rounds: Rounds, scope: &Scope, call: &Call) -> Walk<Tried> {
        let Rounds {
            body,
            before,
            carried,
            behind,
            at,
        } = rounds;
        let moving = |known: &Known| Known {
            value: None,
            fixed: false,
            ..known.clone()
        };
        let mut carried: Vec<Known> = carried.iter().map(moving).collect();
        // In a graph that is itself tried again and again, once must do.
        let most = if self.trial.is_some() { 1 } else { 2 };
        let mut runs = 0;
        loop {
            let inputs = [before, &carried, behind].concat();
            let mut tried = self.tried(body, &inputs, scope, call)?;
            let missing = Known::default();
            let mut settled = true;
            for (i, known) in carried.iter_mut().enumerate() {
                let next = moving(tried.results.get(at + i).unwrap_or(&missing));
                let common = known.common(&next);
                settled &= common.shape == known.shape && common.parts == known.parts;
                *known = common;
            }
            if settled {
                let results = &mut tried.results;
                results
                    .iter_mut()
                    .skip(at + carried.len())
                    .for_each(|k| k.value = None);
                for (result, known) in results.iter_mut().skip(at).zip(carried) {
                    *result = known;
                }
                return Ok(tried);
            }
            // Nothing known of it stays so, whatever the graph does.
            runs += 1;
            if runs == most {
                carried.iter_mut().for_each(|k| *k = Known::default());
            }
        }
    }

    /// Walks a graph without adding to the network.
    fn tried(
        &mut self,
        graph: &Graph,
        inputs: &[Known],
        scope: &Scope,
        call: &Call,
    ) -> Walk<Tried> {
        let first = self.slots.len();
        let around = self.trial.replace(Trial::default());
        let walked = self.entered(graph, scope).and_then(|slots| {
            let known = inputs.iter().map(Some).chain(std::iter::repeat(None));
            for (input, known) in graph.inputs.iter().zip(known) {
                let slot = &mut self.slots[slots[input.name as usize]];
                if !slot.given {
                    slot.given = true;
                    slot.known = known.cloned().unwrap_or_default();
                    slot.known.fixed = false;
                }
            }
            self.graph(graph, &slots, Some(scope), &deeper(call))?;
            let known = |o: &u32| self.slots[slots[*o as usize]].known.clone();
            Ok(graph.outputs.iter().map(|o| known(&o.name)).collect())
        });
        let mut trial = std::mem::replace(&mut self.trial, around).unwrap_or_default();
        trial.captured.retain(|&slot| slot < first);
        self.slots.truncate(first);
        if let Some(around) = &mut self.trial {
            around.captured.extend(&trial.captured);
        }
        Ok(Tried {
            results: walked?,
            trial,
        })
    }

    /// A node whose graph runs several times.
    fn runs(&mut self, site: &Site, outcome: Outcome) -> Walk<()> {
        let help = "unroll it when exporting the model, or count its layers by hand";
        self.stands_for(
            site,
            outcome,
            "it runs a graph of its own again and again",
            help,
        )
    }

    /// A node whose graphs were tried: it costs nothing if they hold no layer, and is not counted
    /// else.
    fn stands_for(&mut self, site: &Site, outcome: Outcome, why: &str, help: &str) -> Walk<()> {
        let captured = outcome.captured.iter().map(|&slot| Some(slot));
        let whole = Site {
            inputs: site.inputs.iter().copied().chain(captured).collect(),
            node: site.node,
            attributes: site.attributes.clone(),
            outputs: site.outputs.clone(),
            prefix: site.prefix,
            graph: site.graph,
        };
        let mut from = self.sources(&whole);
        if outcome.layers > 0 {
            self.not_counted(site, why, help);
            from = self.joined(site, from);
        } else if !self.is_fixed(&whole, &outcome.given) {
            from = self.free(site, from);
        }
        self.give(&whole, outcome.given, false, from);
        Ok(())
    }
}

fn deeper<'c>(call: &Call<'c>) -> Call<'c> {
    Call {
        prefix: call.prefix,
        attributes: call.attributes,
        depth: call.depth + 1,
    }
}

/// As many of these as runs, along a new axis.
fn stacked(each: &Known, at: i64, runs: Dim) -> Given {
    let Some(shape) = &each.shape else {
        return Given::unknown();
    };
    let Ok(at) = axis(at, shape.len() + 1) else {
        return Given::unknown();
    };
    let mut dims = shape.to_vec();
    dims.insert(at, runs);
    Given::shape(dims)
}
