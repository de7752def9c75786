//! What is offered or forbidden and changes nothing: PEs that no layer has a use for, limits that no
//! design exceeds.

use super::build::Space;
use super::limits::BoundLimit;
use super::point::Point;
use crate::cost::{Engine, Price};
use crate::ir::menu::Menu;
use crate::ir::metric::Metric;
use crate::ir::problem::{Deployment, Measure, Subject};

/// The largest value of `pes` that some layer gains from: at the same dataflow and other knobs it
/// is better off in latency, energy, area or power than with any fewer. `None` if that is the
/// largest of the menu, or if no layer gains from any.
pub fn most_useful_pes(space: &Space) -> Option<u64> {
    let axes = &space.grid.axes;
    let pes = &axes[Menu::PES];
    let others: usize = axes[Menu::PES + 1..].iter().map(Vec::len).product();
    let useful = |position: usize| {
        (0..space.grid.dataflows).any(|dataflow| {
            let point =
                |position: usize, other: usize| (dataflow * pes.len() + position) * others + other;
            space.tables.iter().any(|table| {
                (0..others).any(|other| {
                    let fewer = (0..position).rev().map(|p| &table[point(p, other)]);
                    let mut fewer = fewer.flatten();
                    let price = &table[point(position, other)];
                    price
                        .as_ref()
                        .is_some_and(|p| !fewer.any(|f| as_good(f, p)))
                })
            })
        })
    };
    let last = pes.len() - 1;
    let most = (0..=last).rev().find(|&position| useful(position))?;
    (most < last).then_some(pes[most])
}

/// Whether `a` is as good as `b` in all that PEs are bought for.
fn as_good(a: &Price, b: &Price) -> bool {
    a.latency_cycles <= b.latency_cycles
        && a.energy_nj <= b.energy_nj
        && a.area_um2 <= b.area_um2
        && a.power_mw <= b.power_mw
}

/// The limits that are no limits, each with the largest value of its metric (for throughput the
/// smallest) that any choice of the menu could have, every layer at its own worst.
pub fn never_exceeded<'s>(space: &'s Space) -> impl Iterator<Item = (&'s BoundLimit, f64)> {
    space.limits.iter().filter_map(move |limit| {
        let worst = end_of(space, limit.metric, End::Worst);
        (limit.overshoot(worst) == 0.0).then_some((limit, worst))
    })
}

/// Which end of a metric is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Every layer at its own best.
    Best,
    /// Every layer at its own worst.
    Worst,
}

/// The smallest and the largest value that any choice of the menu could give a figure; `None` for what
/// is of another design, or no metric.
pub fn range_of(space: &Space, measure: &Measure) -> Option<[f64; 2]> {
    let Subject::Metric(metric) = measure.subject else {
        return None;
    };
    let own = |design: &String| *design == space.problem.design;
    if !measure.design.as_ref().is_none_or(own) {
        return None;
    }
    let [best, worst] = [End::Best, End::Worst].map(|end| match measure.layer {
        None => Some(end_of(space, metric, end)),
        Some(layer) => end_of_layer(space, layer, metric, end),
    });
    Some(match metric.larger_is_better() {
        true => [worst?, best?],
        false => [best?, worst?],
    })
}

/// A value of a metric of the design that no choice of the menu passes, every layer at its own best or
/// worst.
fn end_of(space: &Space, metric: Metric, end: End) -> f64 {
    let pipelined = space.problem.deployment == Deployment::Pipelined;
    let sum = |figure: &dyn Fn(&Price) -> f64| of_layers(space, figure, end).sum::<f64>();
    match metric {
        Metric::Latency => sum(&cycles),
        Metric::Energy => sum(&|p| p.energy_nj),
        Metric::Area if pipelined => sum(&|p| p.area_um2),
        Metric::Power if pipelined => sum(&|p| p.power_mw),
        Metric::Area => engine(space, end).area_um2,
        Metric::Power => engine(space, end).power_mw,
        Metric::Throughput => {
            let slowest = match pipelined {
                true => of_layers(space, &cycles, end).fold(0.0, f64::max),
                false => sum(&cycles),
            };
            space.problem.technology.clock_hz() / slowest
        }
        Metric::CriticalPath if pipelined => {
            let each: Vec<u64> = of_layers(space, &cycles, end).map(|c| c as u64).collect();
            space.paths.longest(&|layer| each[layer]) as f64
        }
        Metric::CriticalPath => sum(&cycles),
        Metric::Edp => sum(&cycles) * sum(&|p| p.energy_nj),
        Metric::EdpPerLayer => sum(&delayed),
    }
}

/// The same of one layer; `None` for what a layer does not have.
fn end_of_layer(space: &Space, layer: usize, metric: Metric, end: End) -> Option<f64> {
    let figure: &dyn Fn(&Price) -> f64 = match metric {
        Metric::Latency => &cycles,
        Metric::Energy => &|p| p.energy_nj,
        Metric::Area => &|p| p.area_um2,
        Metric::Power => &|p| p.power_mw,
        Metric::Edp => &delayed,
        Metric::Throughput | Metric::CriticalPath | Metric::EdpPerLayer => return None,
    };
    of_points(space, layer, figure, end)
}

fn cycles(price: &Price) -> f64 {
    price.latency_cycles as f64
}

/// Energy x latency, in nJ*cycles.
fn delayed(price: &Price) -> f64 {
    price.energy_nj * cycles(price)
}

/// The engine that serves all layers, were each at its own best or worst. PEs and memories of such an
/// engine are those of the layer that needs most, and its figures grow with each of them.
fn engine(space: &Space, end: End) -> Engine {
    let most = |need: &dyn Fn(Point, &Price) -> u64| {
        let of_layer = |(layer, points): (usize, &Vec<Point>)| {
            let priced = points
                .iter()
                .filter_map(|&p| Some((p, space.price(layer, p)?)));
            let needs = priced.map(|(point, price)| need(point, price));
            match end {
                End::Worst => needs.max(),
                End::Best => needs.min(),
            }
        };
        let layers = space.fine.iter().enumerate();
        layers.filter_map(of_layer).max().unwrap_or(0)
    };
    space.model.engine(
        most(&|point, _| space.pes(point)),
        most(&|_, price| price.l1_bytes),
        most(&|_, price| price.l2_bytes),
    )
}

/// Of each layer the smallest or the largest value of a figure among the points it may take.
fn of_layers<'s>(
    space: &'s Space,
    figure: &'s dyn Fn(&Price) -> f64,
    end: End,
) -> impl Iterator<Item = f64> + 's {
    let layers = 0..space.fine.len();
    layers.map(move |layer| of_points(space, layer, figure, end).unwrap_or(0.0))
}

/// The smallest or the largest value of a figure among the points that a layer may take.
fn of_points(space: &Space, layer: usize, figure: &dyn Fn(&Price) -> f64, end: End) -> Option<f64> {
    let points = space.fine[layer].iter();
    let figures = points.filter_map(|&p| space.price(layer, p)).map(figure);
    match end {
        End::Worst => figures.reduce(f64::max),
        End::Best => figures.reduce(f64::min),
    }
}
