//! Proof, before any search, that the budgets can be met, or that they cannot and by how much.
//!
//! One budget that is a sum is decided exactly by its cheapest completion. Several at once ask for
//! an assignment whose largest ratio sum / limit is at most 1: the smallest such ratio is bounded
//! from below by Lagrangian relaxation (Geoffrion 1974) with multipliers that add up to 1, and the
//! rest is settled by branch and bound up to a stated number of nodes.

use super::build::Space;
use super::cheapest::SumLimit;
use super::point::Point;
use crate::base::math::exp;
use crate::ir::metric::Metric;
use crate::ir::problem::Deployment;
use std::collections::BTreeMap;

/// Nodes of the branch and bound before it gives up without a verdict.
const NODE_LIMIT: usize = 2_000_000;
/// Steps of the multiplier search.
const STEPS: usize = 400;
/// Sums of a thousand doubles are trusted to this relative error.
const ROUNDING: f64 = 1e-9;

/// Why no choice meets the budgets.
#[derive(Debug, Clone, PartialEq)]
pub enum Infeasible {
    /// One limit alone is below the least that the layers need.
    Single {
        /// Index among the space's limits.
        limit: usize,
        /// The best value that any assignment reaches, in the metric's unit.
        best: f64,
        /// The layers that need most of it: index and need, largest first.
        layers: Vec<(usize, f64)>,
    },
    /// Layers that cannot keep the pace of a throughput budget.
    Pace {
        /// Index among the space's limits.
        limit: usize,
        /// Layer and its fewest cycles, slowest first.
        layers: Vec<(usize, f64)>,
        /// The cycles each layer may take.
        pace: f64,
    },
    /// Each limit can be met alone, but not all together.
    Joint {
        /// Every assignment overshoots some limit by at least this much, relative to it.
        overshoot: f64,
        /// What the best assignment found uses, per limit of the space.
        used: Vec<f64>,
        /// Whether no assignment overshoots less than the one found.
        exact: bool,
    },
}

/// What one layer may take, with its weight under every sum limit divided by the limit.
struct Options {
    points: Vec<Point>,
    /// `ratios[option][limit]`
    ratios: Vec<Vec<f64>>,
}

/// An assignment whose sums lie within all limits, or why there is none. `None` in the error place
/// means that neither was proved within the node limit.
///
/// # Errors
/// The proof that no choice meets the budgets, if there is one.
pub fn find(space: &Space) -> Result<Vec<Point>, Option<Infeasible>> {
    match space.problem.deployment {
        Deployment::Pipelined => within(space, &space.fine),
        Deployment::Sequential => sequential(space),
    }
}

/// As [`find`], for a pipelined design whose layers may take these points.
///
/// # Errors
/// As [`find`].
pub fn within(space: &Space, choices: &[Vec<Point>]) -> Result<Vec<Point>, Option<Infeasible>> {
    if let Some(slow) = pace(space, choices) {
        return Err(Some(slow));
    }
    let sums = space.sum_limits();
    let mut cheapest = Vec::new();
    for sum in &sums {
        cheapest = single(space, choices, sum)?;
    }
    if sums.len() <= 1 {
        if sums.is_empty() {
            let first = |layer: usize, list: &Vec<Point>| {
                list.iter()
                    .copied()
                    .find(|&p| space.keeps_pace(layer, p))
                    .unwrap_or(0)
            };
            cheapest = choices
                .iter()
                .enumerate()
                .map(|(l, c)| first(l, c))
                .collect();
        }
        return Ok(cheapest);
    }
    joint(space, choices, &sums)
}

/// Layers that are too slow at every point.
fn pace(space: &Space, choices: &[Vec<Point>]) -> Option<Infeasible> {
    let pace = space.pace()?;
    let clock = space.problem.technology.clock_hz();
    let limit = space
        .limits
        .iter()
        .position(|l| l.metric == Metric::Throughput)?;
    let mut layers: Vec<(usize, f64)> = choices
        .iter()
        .enumerate()
        .map(|(layer, points)| {
            let cycles = points
                .iter()
                .map(|&p| space.weight(Metric::Latency, layer, p));
            (layer, cycles.fold(f64::INFINITY, f64::min))
        })
        .filter(|(_, fastest)| clock / *fastest < pace)
        .collect();
    layers.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    (!layers.is_empty()).then_some(Infeasible::Pace {
        limit,
        layers,
        pace: clock / pace,
    })
}

/// The cheapest assignment under one sum limit, or the proof that it is too dear.
fn single(
    space: &Space,
    choices: &[Vec<Point>],
    sum: &SumLimit,
) -> Result<Vec<Point>, Option<Infeasible>> {
    let mut total = 0.0;
    let mut needs = Vec::new();
    let mut assignment = Vec::new();
    for (layer, points) in choices.iter().enumerate() {
        let allowed = points
            .iter()
            .copied()
            .filter(|&p| space.keeps_pace(layer, p));
        let least = allowed
            .map(|p| (space.weight(sum.weight, layer, p), p))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let Some((weight, point)) = least else {
            return Err(None);
        };
        total += weight;
        needs.push((layer, weight));
        assignment.push(point);
    }
    if total <= sum.bound {
        return Ok(assignment);
    }
    needs.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let best = match space.limits[sum.limit].metric {
        Metric::Throughput => space.problem.technology.clock_hz() / total,
        _ => total,
    };
    Err(Some(Infeasible::Single {
        limit: sum.limit,
        best,
        layers: needs,
    }))
}

/// Several sum limits at once.
fn joint(
    space: &Space,
    choices: &[Vec<Point>],
    sums: &[SumLimit],
) -> Result<Vec<Point>, Option<Infeasible>> {
    let mut known: BTreeMap<(usize, &[Point]), usize> = BTreeMap::new();
    let mut options: Vec<Options> = Vec::new();
    // Layers of one shape and one list of choices share their options.
    let kinds: Vec<usize> = choices
        .iter()
        .enumerate()
        .map(|(layer, points)| {
            *known
                .entry((space.problem.layers[layer].shape, points))
                .or_insert_with(|| {
                    options.push(undominated(space, layer, points, sums));
                    options.len() - 1
                })
        })
        .collect();
    let mut search = Search {
        options: &options,
        kinds: &kinds,
        limits: sums.len(),
        best: f64::INFINITY,
        choice: Vec::new(),
        nodes: 0,
    };
    let (bound, multipliers) = search.relax();
    if search.best > 1.0 {
        search.branch(&multipliers);
    }
    let assignment: Vec<Point> = search
        .choice
        .iter()
        .zip(&kinds)
        .map(|(&o, &k)| options[k].points[o])
        .collect();
    if search.best <= 1.0 {
        return Ok(assignment);
    }
    let exhausted = search.nodes < NODE_LIMIT;
    let bound = if exhausted { search.best } else { bound };
    if bound <= 1.0 + ROUNDING {
        return Err(None);
    }
    let totals = space.totals(&assignment);
    let used = |metric| totals.map_or(f64::NAN, |t| t.metric(metric));
    Err(Some(Infeasible::Joint {
        overshoot: bound - 1.0,
        used: space.limits.iter().map(|l| used(l.metric)).collect(),
        exact: exhausted,
    }))
}

/// The points of a layer that no other point beats under every limit.
fn undominated(space: &Space, layer: usize, points: &[Point], sums: &[SumLimit]) -> Options {
    let mut all: Vec<(Vec<f64>, Point)> = points
        .iter()
        .filter(|&&p| space.keeps_pace(layer, p))
        .map(|&p| {
            (
                sums.iter()
                    .map(|s| space.weight(s.weight, layer, p) / s.bound)
                    .collect(),
                p,
            )
        })
        .collect();
    all.sort_by(|a, b| {
        let by_ratio =
            a.0.iter()
                .zip(&b.0)
                .map(|(x, y)| x.total_cmp(y))
                .find(|o| o.is_ne());
        by_ratio.unwrap_or(a.1.cmp(&b.1))
    });
    let mut kept: Vec<(Vec<f64>, Point)> = Vec::new();
    for (ratios, point) in all {
        // In lexicographic order a point can only be beaten by an earlier one.
        let beaten = |k: &(Vec<f64>, Point)| k.0.iter().zip(&ratios).all(|(a, b)| a <= b);
        if !kept.iter().any(beaten) {
            kept.push((ratios, point));
        }
    }
    let (ratios, points) = kept.into_iter().unzip();
    Options { points, ratios }
}

struct Search<'a> {
    options: &'a [Options],
    kinds: &'a [usize],
    limits: usize,
    /// Smallest largest ratio found, and the option per layer that has it.
    best: f64,
    choice: Vec<usize>,
    nodes: usize,
}

impl Search<'_> {
    fn weighted(&self, multipliers: &[f64], ratios: &[f64]) -> f64 {
        multipliers.iter().zip(ratios).map(|(m, r)| m * r).sum()
    }

    /// The option of a kind that is cheapest under these multipliers.
    fn cheapest(&self, kind: usize, multipliers: &[f64]) -> (usize, f64) {
        let ratios = &self.options[kind].ratios;
        let costs = ratios
            .iter()
            .map(|r| self.weighted(multipliers, r))
            .enumerate();
        costs
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((0, f64::INFINITY))
    }

    /// Multiplicative weights over the limits: the largest lower bound found, its multipliers; the
    /// assignments met on the way become the best known.
    fn relax(&mut self) -> (f64, Vec<f64>) {
        let m = self.limits;
        let mut weights = vec![1.0 / m as f64; m];
        let mut bound = (f64::NEG_INFINITY, weights.clone());
        for step in 0..STEPS {
            let per_kind: Vec<(usize, f64)> = (0..self.options.len())
                .map(|k| self.cheapest(k, &weights))
                .collect();
            let value: f64 = self.kinds.iter().map(|&k| per_kind[k].1).sum();
            let value = value * (1.0 - ROUNDING);
            if value > bound.0 {
                bound = (value, weights.clone());
            }
            let mut sums = vec![0.0; m];
            for &k in self.kinds {
                for (sum, ratio) in sums.iter_mut().zip(&self.options[k].ratios[per_kind[k].0]) {
                    *sum += ratio;
                }
            }
            let largest = sums.iter().copied().fold(0.0, f64::max);
            if largest < self.best {
                self.best = largest;
                self.choice = self.kinds.iter().map(|&k| per_kind[k].0).collect();
            }
            if self.best <= 1.0 {
                break;
            }
            let rate = 2.0 / (1.0 + step as f64 * 0.1);
            for (weight, sum) in weights.iter_mut().zip(&sums) {
                *weight *= exp(rate * (sum / largest - 1.0));
            }
            let total: f64 = weights.iter().sum();
            weights.iter_mut().for_each(|w| *w = (*w / total).max(1e-9));
        }
        bound
    }

    /// Depth-first branch and bound on the largest ratio, layers of one kind kept in order so that
    /// permutations of equal layers are met once. Stops at the first assignment within all limits.
    fn branch(&mut self, multipliers: &[f64]) {
        let mut order: Vec<usize> = (0..self.kinds.len()).collect();
        order.sort_by_key(|&l| (self.kinds[l], l));
        let mut bounds: Vec<Vec<f64>> = vec![multipliers.to_vec()];
        for limit in 0..self.limits {
            bounds.push(
                (0..self.limits)
                    .map(|l| f64::from(u8::from(l == limit)))
                    .collect(),
            );
        }
        // suffix[b][d]: the least that the layers from depth d on add under multipliers b.
        let suffix: Vec<Vec<f64>> = bounds
            .iter()
            .map(|b| {
                let mut sums = vec![0.0; order.len() + 1];
                for d in (0..order.len()).rev() {
                    sums[d] = sums[d + 1] + self.cheapest(self.kinds[order[d]], b).1;
                }
                sums
            })
            .collect();
        let mut used = vec![vec![0.0; self.limits]; order.len() + 1];
        let mut next = vec![0usize; order.len() + 1];
        let mut depth = 0;
        // An explicit stack: networks may be deeper than a thread's stack.
        loop {
            if self.nodes >= NODE_LIMIT || self.best <= 1.0 {
                return;
            }
            if depth == order.len() {
                let largest = used[depth].iter().copied().fold(0.0, f64::max);
                if largest < self.best {
                    self.best = largest;
                    self.choice = vec![0; order.len()];
                    for (d, &layer) in order.iter().enumerate() {
                        self.choice[layer] = next[d] - 1;
                    }
                }
                depth -= 1;
                continue;
            }
            let kind = self.kinds[order[depth]];
            if next[depth] == self.options[kind].ratios.len() {
                if depth == 0 {
                    return;
                }
                depth -= 1;
                continue;
            }
            let option = next[depth];
            next[depth] += 1;
            self.nodes += 1;
            let sums: Vec<f64> = used[depth]
                .iter()
                .zip(&self.options[kind].ratios[option])
                .map(|(u, r)| u + r)
                .collect();
            let promising = bounds.iter().zip(&suffix).all(|(b, s)| {
                (self.weighted(b, &sums) + s[depth + 1]) * (1.0 - ROUNDING) < self.best
            });
            if promising {
                used[depth + 1] = sums;
                depth += 1;
                if depth < order.len() {
                    let same = self.kinds[order[depth]] == kind;
                    next[depth] = if same { option } else { 0 };
                }
            }
        }
    }
}

/// Sequential: every shared choice is looked at on its own, with the cheapest each limit can be.
fn sequential(space: &Space) -> Result<Vec<Point>, Option<Infeasible>> {
    let mut engines: BTreeMap<u32, Vec<Vec<Point>>> = BTreeMap::new();
    let layers = space.problem.layers.len();
    for (layer, points) in space.fine.iter().enumerate() {
        for &point in points {
            let lists = engines
                .entry(space.shared_part(point))
                .or_insert_with(|| vec![Vec::new(); layers]);
            lists[layer].push(point);
        }
    }
    engines.retain(|_, lists| lists.iter().all(|l| !l.is_empty()));
    if engines.is_empty() {
        return Err(None);
    }
    let mut undecided = false;
    // Per limit, the best any engine can do; and over all limits, the least overshoot.
    let mut best_alone = vec![f64::INFINITY; space.limits.len()];
    let mut least = (f64::INFINITY, Vec::new());
    for lists in engines.values() {
        let mut values = Vec::new();
        for limit in &space.limits {
            values.push(least_alone(space, lists, limit.metric));
        }
        let ratios: Vec<f64> = space
            .limits
            .iter()
            .zip(&values)
            .map(|(l, v)| {
                if l.metric.larger_is_better() {
                    l.limit / v
                } else {
                    v / l.limit
                }
            })
            .collect();
        for (best, ratio) in best_alone.iter_mut().zip(&ratios) {
            *best = best.min(*ratio);
        }
        let worst = ratios.iter().copied().fold(0.0, f64::max);
        if worst < least.0 {
            least = (worst, values);
        }
        if worst > 1.0 {
            continue;
        }
        match settle(space, lists) {
            Some(assignment) => return Ok(assignment),
            None => undecided = true,
        }
    }
    if undecided {
        return Err(None);
    }
    if let Some(limit) = best_alone.iter().position(|&r| r > 1.0) {
        let bound = &space.limits[limit];
        let ratio = best_alone[limit];
        let larger = bound.metric.larger_is_better();
        let best = if larger {
            bound.limit / ratio
        } else {
            bound.limit * ratio
        };
        let weight = match bound.metric {
            Metric::Throughput => Metric::Latency,
            other => other,
        };
        // On the engine that comes nearest: what each layer needs there, were it alone.
        let nearest = engines.values().min_by(|a, b| {
            let value = |lists: &[Vec<Point>]| {
                let value = least_alone(space, lists, bound.metric);
                if larger { -value } else { value }
            };
            value(a).total_cmp(&value(b))
        });
        let need = |(layer, points): (usize, &Vec<Point>)| {
            let weights = points.iter().map(|&p| space.weight(weight, layer, p));
            (layer, weights.fold(f64::INFINITY, f64::min))
        };
        let mut layers: Vec<(usize, f64)> = nearest.map_or(Vec::new(), |lists| {
            lists.iter().enumerate().map(need).collect()
        });
        layers.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        return Err(Some(Infeasible::Single {
            limit,
            best,
            layers,
        }));
    }
    let exact = engines
        .values()
        .all(|lists| lists.iter().all(|l| l.len() == 1));
    Err(Some(Infeasible::Joint {
        overshoot: least.0 - 1.0,
        used: least.1,
        exact,
    }))
}

/// The best value of one metric on one engine, or a bound of it that no assignment beats.
fn least_alone(space: &Space, lists: &[Vec<Point>], metric: Metric) -> f64 {
    let sum = |weight: Metric| -> f64 {
        let least = lists.iter().enumerate().map(|(layer, points)| {
            points
                .iter()
                .map(|&p| space.weight(weight, layer, p))
                .fold(f64::INFINITY, f64::min)
        });
        least.sum()
    };
    match metric {
        Metric::Area | Metric::Power => {
            let need = |bytes: &dyn Fn(usize, Point) -> u64| {
                let least = lists.iter().enumerate().map(|(layer, points)| {
                    points.iter().map(|&p| bytes(layer, p)).min().unwrap_or(0)
                });
                least.max().unwrap_or(0)
            };
            let l1 = need(&|layer, p| space.price(layer, p).map_or(u64::MAX, |x| x.l1_bytes));
            let l2 = need(&|layer, p| space.price(layer, p).map_or(u64::MAX, |x| x.l2_bytes));
            let engine = space.model.engine(space.pes(lists[0][0]), l1, l2);
            if metric == Metric::Area {
                engine.area_um2
            } else {
                engine.power_mw
            }
        }
        Metric::Throughput => space.problem.technology.clock_hz() / sum(Metric::Latency),
        other => sum(other),
    }
}

impl Space<'_> {
    /// The best value of a metric on one engine whose layers have these points, or a bound of it
    /// that no assignment beats. Not for products.
    pub fn least_on_engine(&self, lists: &[Vec<Point>], metric: Metric) -> f64 {
        least_alone(self, lists, metric)
    }

    /// Whether no budget is out of reach for layers with these points on one engine.
    pub fn engine_can_keep_limits(&self, lists: &[Vec<Point>]) -> bool {
        self.limits
            .iter()
            .all(|limit| limit.overshoot(least_alone(self, lists, limit.metric)) == 0.0)
    }
}

/// An assignment on one engine that keeps all limits, if a few natural ones do: per layer the
/// least of one weight, for every weight a limit has and for the memories.
fn settle(space: &Space, lists: &[Vec<Point>]) -> Option<Vec<Point>> {
    let by = |key: &dyn Fn(usize, Point) -> f64| -> Vec<Point> {
        lists
            .iter()
            .enumerate()
            .map(|(layer, points)| {
                let least = points
                    .iter()
                    .copied()
                    .min_by(|&a, &b| key(layer, a).total_cmp(&key(layer, b)).then(a.cmp(&b)));
                least.unwrap_or(0)
            })
            .collect()
    };
    let candidates = [
        by(&|l, p| space.weight(Metric::Latency, l, p)),
        by(&|l, p| space.weight(Metric::Energy, l, p)),
        by(&|l, p| space.weight(Metric::Area, l, p)),
        by(&|l, p| space.weight(Metric::Power, l, p)),
    ];
    candidates
        .into_iter()
        .find(|c| space.evaluate(c).is_some_and(|e| e.feasible()))
}
