//! Local fine-tuning by a genetic algorithm over the refined ranges, starting from the best found.
//!
//! Children are of two sorts. A scout moves every layer to a near point that nobody has priced yet:
//! it is seldom good, but one evaluation asks a new price per layer. The others move one layer
//! (often together with the layers that share its shape and point) and are then settled: while a
//! budget is overshot some other layer gives way, while budget is left some layer takes it. Who
//! moves is decided between a handful of random candidates by what they gain for what they take, and
//! candidates are points that an evaluation has priced before: no price is asked but by evaluating
//! a whole network.

use super::MethodEntry;
use super::pool::Pool;
use super::runner::{Found, Run};
use crate::base::random::Stream;
use crate::ir::problem::{Deployment, Stage};
use crate::ir::registry::{MethodSpec, ParamKind, ParamSpec};
use crate::space::cheapest::SumLimit;
use crate::space::{Around, Assignment, Point, Space};

/// The registry line.
pub const ENTRY: MethodEntry = MethodEntry {
    spec: MethodSpec {
        name: "genetic",
        summary: "genetic algorithm: local moves over the refined ranges from the best found",
        refines: true,
        sequential: true,
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
                128.0,
                "candidates compared for a move",
            ),
            ParamSpec::number(
                "scouts",
                ParamKind::Real(0.0, 1.0),
                0.25,
                "share of children that ask new prices only",
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
    let mut mutation = Mutation::new(run, stage.whole("tries"), &start);
    let sequential = space.problem.deployment == Deployment::Sequential;
    let scouts = stage.number("scouts");
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
            let scout = !sequential
                && stream.chance(scouts)
                && mutation.scout(&mut assignment, &mut stream);
            if !scout {
                if parents.len() > 1 && stream.chance(0.2) {
                    let other = &parents[stream.below(parents.len())];
                    mutation.cross(&mut assignment, &other.assignment, &mut stream);
                }
                let around = space.around(&parent.assignment, &parent.evaluation.totals);
                mutation.mutate(&mut assignment, &around, &mut stream);
            }
            let evaluation = run.evaluate(&assignment);
            if !sequential {
                mutation.learn(&assignment);
            }
            if let Some(evaluation) = evaluation
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
    pool: Pool,
}

impl<'a, 's> Mutation<'a, 's> {
    fn new(run: &Run<'a, 's>, tries: usize, start: &Found) -> Self {
        let space = run.space;
        let sums = space.sum_limits();
        let around = space.around(&start.assignment, &start.evaluation.totals);
        let credit: f64 = start
            .assignment
            .iter()
            .enumerate()
            .map(|(l, &p)| space.credit(l, p, &around))
            .sum();
        Mutation {
            space,
            prices: vec![credit; sums.len()],
            sums,
            tries,
            pool: Pool::new(run),
        }
    }

    /// Takes up the prices that an evaluation has asked.
    fn learn(&mut self, assignment: &[Point]) {
        for (layer, &point) in assignment.iter().enumerate() {
            self.pool.learn(self.space, layer, point);
        }
    }

    /// Moves every layer to a near point that is not priced yet; false if nothing new is near.
    fn scout(&self, assignment: &mut Assignment, stream: &mut Stream) -> bool {
        let mut moved = false;
        for (layer, point) in assignment.iter_mut().enumerate() {
            for _ in 0..4 {
                match self.neighbour(layer, *point, stream, false) {
                    Some(near) if !self.pool.knows(layer, near) => {
                        *point = near;
                        moved = true;
                        break;
                    }
                    _ => {}
                }
            }
        }
        moved
    }

    /// Takes each shape's layers from the other parent with probability one half.
    fn cross(&self, assignment: &mut Assignment, other: &[Point], stream: &mut Stream) {
        if self.space.problem.deployment == Deployment::Sequential {
            return; // two engines do not mix
        }
        for group in &self.pool.kinds {
            if stream.chance(0.5) {
                group.iter().for_each(|&l| assignment[l] = other[l]);
            }
        }
    }

    fn mutate(&mut self, assignment: &mut Assignment, around: &Around, stream: &mut Stream) {
        if self.space.problem.deployment == Deployment::Sequential {
            if !self.move_engine(assignment, stream)
                && let layer = stream.below(assignment.len())
                && let Some(point) = self.neighbour(layer, assignment[layer], stream, false)
            {
                for l in self.alike(layer, assignment, stream) {
                    assignment[l] = point;
                }
            }
            return;
        }
        let mut best: Option<(f64, Vec<usize>, Point)> = None;
        let tries = 1 + stream.below(self.tries);
        for _ in 0..tries {
            let Some((layers, point)) = self.propose(assignment, stream) else {
                continue;
            };
            let (gain, changes) = self.trade(&layers, assignment[layers[0]], point, around);
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
        self.settle(assignment, around, stream);
    }

    /// Credit gained and shares of the budgets taken when layers of one shape move to a point.
    fn trade(&self, layers: &[usize], from: Point, to: Point, around: &Around) -> (f64, Vec<f64>) {
        let (layer, count) = (layers[0], layers.len() as f64);
        let change = |sum: &SumLimit| {
            let weight = |point| self.space.weight(sum.weight, layer, point);
            (weight(to) - weight(from)) / sum.bound * count
        };
        (
            self.space.gain(layers, from, to, around),
            self.sums.iter().map(change).collect(),
        )
    }

    /// One or several layers of one kind, and another point for them among those worth choosing.
    fn propose(&self, assignment: &[Point], stream: &mut Stream) -> Option<(Vec<usize>, Point)> {
        let layer = stream.below(assignment.len());
        let points = self.pool.points(layer);
        if points == 0 {
            return None;
        }
        let point = self.pool.point(layer, stream.below(points));
        (point != assignment[layer]).then(|| (self.alike(layer, assignment, stream), point))
    }

    /// The layer alone, or half of the time all of its kind that stand at its point.
    fn alike(&self, layer: usize, assignment: &[Point], stream: &mut Stream) -> Vec<usize> {
        let kind = &self.pool.kinds[self.pool.kind_of[layer]];
        if kind.len() == 1 || !stream.chance(0.5) {
            return vec![layer];
        }
        let same = |l: &usize| assignment[*l] == assignment[layer];
        kind.iter().copied().filter(same).collect()
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
        self.space.fine[layer].binary_search(&point).is_ok()
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
    fn settle(&mut self, assignment: &mut Assignment, around: &Around, stream: &mut Stream) {
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
                let (gain, changes) = self.trade(&layers, assignment[layers[0]], point, around);
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
