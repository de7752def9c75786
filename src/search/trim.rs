//! What a decision can do without, taken out of it when the search is over: the objective never gets
//! worse and no budget is asked for more. It is the last word on ties, which the stages break by
//! what they happen to meet first.

use super::runner::Found;
use crate::cost::Price;
use crate::ir::metric::Metric;
use crate::ir::problem::Deployment;
use crate::space::cheapest::SumLimit;
use crate::space::{Point, Space};

/// Under a bottleneck or a longest path as objective many layers may be slower at no loss: each moves
/// to the point that takes least of the budgets (their shares added up) and still keeps the pace, or
/// stays within the slack that its paths have left.
pub fn spare_pace(space: &Space, best: &Found) -> Option<Found> {
    let problem = space.problem;
    let metric = problem.objective.metric;
    let spares = matches!(metric, Metric::Throughput | Metric::CriticalPath)
        && problem.deployment == Deployment::Pipelined;
    let sums = space.sum_limits();
    if !spares || sums.is_empty() {
        return None;
    }
    let mut assignment = best.assignment.clone();
    for layer in 0..assignment.len() {
        let most = match metric {
            Metric::Throughput => best.evaluation.totals.slowest_cycles,
            _ => {
                let cycles = space.cycles(&assignment);
                cycles(layer) + space.paths.slack(&cycles)[layer]
            }
        };
        let taken = |p: Point| -> f64 {
            let share = |s: &SumLimit| space.weight(s.weight, layer, p) / s.bound;
            sums.iter().map(share).sum()
        };
        let keeps = |p: &&Point| {
            space
                .price(layer, **p)
                .is_some_and(|price| price.latency_cycles <= most)
        };
        let least = space.fine[layer].iter().filter(keeps);
        let least = least.min_by(|a, b| taken(**a).total_cmp(&taken(**b)));
        if let Some(&least) = least
            && taken(least) < taken(assignment[layer])
        {
            assignment[layer] = least;
        }
    }
    let evaluation = space.evaluate(&assignment)?;
    let good = evaluation.feasible() && evaluation.cost <= best.evaluation.cost;
    good.then_some(Found {
        assignment,
        evaluation,
    })
}

/// No layer keeps resources that buy it nothing: it moves to the point of least area (then power,
/// then energy) among those that are as good in latency, energy, area and power, and better in one.
pub fn spare_resources(space: &Space, best: &Found) -> Option<Found> {
    if space.problem.deployment != Deployment::Pipelined {
        return None;
    }
    let figures = |p: &Price| [p.area_um2, p.power_mw, p.energy_nj, p.latency_cycles as f64];
    let mut assignment = best.assignment.clone();
    for (layer, chosen) in assignment.iter_mut().enumerate() {
        let mut least = figures(space.price(layer, *chosen)?);
        let own = least;
        for &point in &space.fine[layer] {
            let Some(price) = space.price(layer, point) else {
                continue;
            };
            let one = figures(price);
            if one.iter().zip(&own).all(|(a, b)| a <= b) && one < least {
                least = one;
                *chosen = point;
            }
        }
    }
    if assignment == best.assignment {
        return None;
    }
    let evaluation = space.evaluate(&assignment)?;
    let good = evaluation.feasible() && evaluation.cost <= best.evaluation.cost;
    good.then_some(Found {
        assignment,
        evaluation,
    })
}
