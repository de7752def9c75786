//! Local fine-tuning by a genetic algorithm over the refined ranges, starting from the best found.
//!
//! A child is its parent with one layer moved (often together with the layers that share its shape
//! and point), and then settled: while a budget is overshot some other layer gives way, while
//! budget is left some layer takes it. Who gives and who takes is decided between a handful of
//! random candidates by what they cost for what they free. Every child is one evaluation; the
//! candidates are prices asked.

use super::MethodEntry;
use super::runner::{Found, Run};
use crate::base::random::Stream;
use crate::ir::problem::{Deployment, Stage};
use crate::ir::registry::{MethodSpec, ParamKind, ParamSpec};
use crate::space::cheapest::SumLimit;
use crate::space::{Assignment, Point, Space, Totals};

/// The registry line.
pub const ENTRY: MethodEntry = MethodEntry {
    spec: MethodSpec {
        name: "genetic",
        summary: "genetic algorithm: local moves over the refined ranges from the best found",
        refines: true,
        params: &[
            ParamSpec::number(
                "generations",
                ParamKind::Whole(1, 10_000_000),
                200.0,
                "generations",
            ),
            ParamSpec::number(
                "population",
                ParamKind::Whole(2, 10_000),
                20.0,
                "children per generation",
            ),
            ParamSpec::number(
                "parents",
                ParamKind::Whole(1, 10_000),
                4.0,
                "survivors that children come from",
            ),
            ParamSpec::number(
                "tries",
                ParamKind::Whole(1, 1000),
                48.0,
                "candidates asked when a child is settled",
            ),
        ],
    },
    run: stage,
};

fn stage(run: &mut Run, stage: &Stage) {
    let generations = stage.whole("generations");
    let population = stage.whole("population");
    run.announce(ENTRY.spec.name, generations * population);
    let space = run.space;
    let start = match (&run.best, run.refuge) {
        (Some(best), _) => best.clone(),
        (None, Some(refuge)) => {
            let Some(evaluation) = run.evaluate(refuge) else {
                return;
            };
            Found {
                assignment: refuge.to_vec(),
                evaluation,
            }
        }
        (None, None) => return,
    };
    let mut mutation = Mutation::new(space, stage.whole("tries"), &start);
    let mut parents = vec![start];
    for generation in 0..generations {
        if run.stopped() {
            return;
        }
        let mut children: Vec<Found> = Vec::with_capacity(population);
        for child in 0..population {
            let index = (generation * population + child) as u64;
            let mut stream = Stream::new(space.problem.seed, "child", index);
            let parent = &parents[stream.below(parents.len())];
            let mut assignment = parent.assignment.clone();
            if parents.len() > 1 && stream.chance(0.2) {
                let other = &parents[stream.below(parents.len())];
                mutation.cross(&mut assignment, &other.assignment, &mut stream);
            }
            mutation.mutate(run, &mut assignment, &parent.evaluation.totals, &mut stream);
            if let Some(evaluation) = run.evaluate(&assignment)
                && evaluation.feasible()
            {
                children.push(Found {
                    assignment,
                    evaluation,
                });
            }
        }
        parents.append(&mut children);
        // A stable sort: of equals the older one survives.
        parents.sort_by(|a, b| a.evaluation.cost.total_cmp(&b.evaluation.cost));
        parents.dedup_by(|a, b| a.assignment == b.assignment);
        parents.truncate(stage.whole("parents"));
    }
}

struct Mutation<'a, 's> {
    space: &'a Space<'s>,
    sums: Vec<SumLimit>,
    tries: usize,
    /// What a budget is worth, in credit per whole budget: rises while children overspend.
    prices: Vec<f64>,
    /// Layers of each shape and pin.
    groups: Vec<Vec<usize>>,
    group_of: Vec<usize>,
}

impl<'a, 's> Mutation<'a, 's> {
    fn new(space: &'a Space<'s>, tries: usize, start: &Found) -> Self {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut group_of = Vec::new();
        let problem = space.problem;
        for (layer, entry) in problem.layers.iter().enumerate() {
            let pinned = problem.pins.iter().any(|p| p.layer == layer);
            let same = groups.iter().position(|g: &Vec<usize>| {
                let other = g[0];
                problem.layers[other].shape == entry.shape
                    && !pinned
                    && !problem.pins.iter().any(|p| p.layer == other)
            });
            let group = same.unwrap_or_else(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push(layer);
            group_of.push(group);
        }
        let sums = space.sum_limits();
        let totals = &start.evaluation.totals;
        let credit: f64 = start
            .assignment
            .iter()
            .enumerate()
            .map(|(l, &p)| space.credit(l, p, totals))
            .sum();
        Mutation {
            space,
            prices: vec![credit; sums.len()],
            sums,
            tries,
            groups,
            group_of,
        }
    }

    /// Takes each shape's layers from the other parent with probability one half.
    fn cross(&self, assignment: &mut Assignment, other: &[Point], stream: &mut Stream) {
        if self.space.problem.deployment == Deployment::Sequential {
            return; // two engines do not mix
        }
        for group in &self.groups {
            if stream.chance(0.5) {
                group.iter().for_each(|&l| assignment[l] = other[l]);
            }
        }
    }

    fn mutate(
        &mut self,
        run: &mut Run,
        assignment: &mut Assignment,
        totals: &Totals,
        stream: &mut Stream,
    ) {
        if self.space.problem.deployment == Deployment::Sequential {
            if !self.move_engine(assignment, stream)
                && let Some((layers, point)) = self.propose(assignment, stream)
            {
                layers.iter().for_each(|&l| assignment[l] = point);
            }
            return;
        }
        let mut best: Option<(f64, Vec<usize>, Point)> = None;
        let tries = 1 + stream.below(self.tries);
        for _ in 0..tries {
            let Some((layers, point)) = self.propose(assignment, stream) else {
                continue;
            };
            run.ask(layers[0], point);
            let (gain, changes) = self.trade(&layers, assignment[layers[0]], point, totals);
            let score = gain
                - changes
                    .iter()
                    .zip(&self.prices)
                    .map(|(c, p)| c * p)
                    .sum::<f64>();
            if best.as_ref().is_none_or(|b| score > b.0) {
                best = Some((score, layers, point));
            }
        }
        if let Some((_, layers, point)) = best {
            layers.iter().for_each(|&l| assignment[l] = point);
        }
        self.settle(run, assignment, totals, stream);
    }

    /// Credit gained and shares of the budgets taken when layers of one shape move to a point.
    fn trade(&self, layers: &[usize], from: Point, to: Point, totals: &Totals) -> (f64, Vec<f64>) {
        let (layer, count) = (layers[0], layers.len() as f64);
        let credit = |point| self.space.credit(layer, point, totals);
        let change = |sum: &SumLimit| {
            let weight = |point| self.space.weight(sum.weight, layer, point);
            (weight(to) - weight(from)) / sum.bound * count
        };
        (
            (credit(from) - credit(to)) * count,
            self.sums.iter().map(change).collect(),
        )
    }

    /// One or several layers of one shape and a new point for them.
    fn propose(&self, assignment: &[Point], stream: &mut Stream) -> Option<(Vec<usize>, Point)> {
        let layer = stream.below(assignment.len());
        let point = self.neighbour(layer, assignment[layer], stream, false)?;
        let group = &self.groups[self.group_of[layer]];
        let layers = if group.len() > 1 && stream.chance(0.5) {
            group
                .iter()
                .copied()
                .filter(|&l| assignment[l] == assignment[layer])
                .collect()
        } else {
            vec![layer]
        };
        Some((layers, point))
    }

    /// A point near another: one or two knobs moved by a few steps, sometimes anywhere.
    fn neighbour(
        &self,
        layer: usize,
        point: Point,
        stream: &mut Stream,
        shared: bool,
    ) -> Option<Point> {
        let grid = &self.space.grid;
        let knobs = &self.space.problem.menu.knobs;
        let sequential = self.space.problem.deployment == Deployment::Sequential;
        for _ in 0..8 {
            let (mut dataflow, mut positions) = grid.positions(point);
            if grid.dataflows > 1 && !shared && stream.chance(0.2) {
                dataflow = stream.below(grid.dataflows);
            }
            for (knob, position) in positions.iter_mut().enumerate() {
                let length = grid.axes[knob].len();
                let mine = !sequential || (knobs[knob].per_layer != shared);
                if !mine || length == 1 || !stream.chance(0.6) {
                    continue;
                }
                if stream.chance(0.3) {
                    *position = stream.below(length);
                } else {
                    let mut reach = 1;
                    while reach < length && stream.chance(0.6) {
                        reach += 1 + reach / 2;
                    }
                    let up = stream.chance(0.5);
                    let moved = if up {
                        *position + reach
                    } else {
                        position.saturating_sub(reach)
                    };
                    *position = moved.min(length - 1);
                }
            }
            let moved = grid.point(dataflow, &positions);
            if moved != point && (shared || self.open(layer, moved)) {
                return Some(moved);
            }
        }
        None
    }

    fn open(&self, layer: usize, point: Point) -> bool {
        self.space.fine[layer].binary_search(&point).is_ok() && self.space.keeps_pace(layer, point)
    }

    /// Moves all layers of a sequential design to a neighbouring engine; false if it stays.
    fn move_engine(&self, assignment: &mut Assignment, stream: &mut Stream) -> bool {
        let per_layer = self.space.problem.menu.knobs.iter().any(|k| k.per_layer)
            || self.space.grid.dataflows > 1;
        if per_layer && stream.chance(0.7) {
            return false;
        }
        let Some(target) = self.neighbour(0, assignment[0], stream, true) else {
            return true;
        };
        let (_, goal) = self.space.grid.positions(target);
        let knobs = &self.space.problem.menu.knobs;
        for (layer, point) in assignment.iter_mut().enumerate() {
            let (dataflow, mut positions) = self.space.grid.positions(*point);
            for (knob, position) in positions.iter_mut().enumerate() {
                if !knobs[knob].per_layer {
                    *position = goal[knob];
                }
            }
            let moved = self.space.grid.point(dataflow, &positions);
            if !self.open(layer, moved) {
                return true;
            }
            *point = moved;
        }
        true
    }

    /// Brings a child of a pipelined design back under its budgets, and spends what is left.
    fn settle(
        &mut self,
        run: &mut Run,
        assignment: &mut Assignment,
        totals: &Totals,
        stream: &mut Stream,
    ) {
        let mut used = vec![0.0; self.sums.len()];
        for (layer, &point) in assignment.iter().enumerate() {
            for (used, sum) in used.iter_mut().zip(&self.sums) {
                *used += self.space.weight(sum.weight, layer, point) / sum.bound;
            }
        }
        for (price, used) in self.prices.iter_mut().zip(&used) {
            *price *= if *used > 1.0 { 1.01 } else { 0.99 };
        }
        for _ in 0..ROUNDS {
            let over = used.iter().any(|&u| u > 1.0);
            let mut best: Option<(f64, Vec<usize>, Point, Vec<f64>)> = None;
            for _ in 0..self.tries {
                let Some((layers, point)) = self.propose(assignment, stream) else {
                    continue;
                };
                run.ask(layers[0], point);
                let (gain, changes) = self.trade(&layers, assignment[layers[0]], point, totals);
                let fits = used.iter().zip(&changes).all(|(u, c)| u + c <= 1.0);
                let value: f64 = changes.iter().zip(&self.prices).map(|(c, p)| c * p).sum();
                let score = if over {
                    let excess = |u: f64| (u - 1.0).max(0.0);
                    let freed: f64 = used
                        .iter()
                        .zip(&changes)
                        .map(|(u, c)| excess(*u) - excess(u + c))
                        .sum();
                    if freed <= 0.0 {
                        continue;
                    }
                    // What frees more than is needed is judged by what the rest is worth.
                    if fits {
                        gain - value
                    } else {
                        (gain - value) * 1e-3 - 1.0 / freed
                    }
                } else {
                    if !fits || gain <= 0.0 {
                        continue;
                    }
                    gain - value
                };
                if best.as_ref().is_none_or(|b| score > b.0) {
                    best = Some((score, layers, point, changes));
                }
            }
            let Some((_, layers, point, changes)) = best else {
                if over {
                    continue;
                }
                return;
            };
            layers.iter().for_each(|&l| assignment[l] = point);
            used.iter_mut().zip(&changes).for_each(|(u, c)| *u += c);
        }
    }
}

/// Moves that may follow the first one of a child.
const ROUNDS: usize = 6;
