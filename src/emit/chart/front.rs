//! The front between objective and budget.

use super::axis::{Axis, Spread};
use super::canvas::{Anchor, Canvas};
use super::plot::{self, Measure};
use crate::certify::pareto::{Front, Known};
use crate::emit::front::gap_text;
use crate::emit::markup::Markup;
use crate::emit::number::{Scale, amount};
use crate::ir::problem::Problem;

/// From this factor between the largest and the least on, factors say more than differences.
const WIDE: f64 = 12.0;

/// The front; `now` is the limit and the objective of a decided design. `alone` if the picture is a
/// file of its own.
pub fn draw(problem: &Problem, front: &Front, now: Option<(f64, f64)>, alone: bool) -> Markup {
    let (over, metric) = (front.over, problem.objective.metric);
    let found: Vec<(f64, f64, f64, &crate::certify::pareto::Step)> = front
        .steps
        .iter()
        .filter_map(|s| match s.known {
            Known::Found { value, bound, .. } => Some((s.limit, value, bound, s)),
            _ => None,
        })
        .collect();
    let title = format!("{} against the budget of {}", metric.name(), over.name());
    let mut canvas = Canvas::new(
        "front",
        plot::SIZE,
        &title,
        &description(problem, front, found.len()),
    );
    if alone {
        canvas.with_style();
    }
    let values = found.iter().flat_map(|f| [f.1, f.2]);
    let values: Vec<f64> = values
        .chain(now.map(|n| n.1))
        .filter(|v| v.is_finite())
        .collect();
    let (least, most) = values
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(l, m), &v| (l.min(v), m.max(v)));
    let spread = if least > 0.0 && most / least > WIDE {
        Spread::Log
    } else {
        Spread::Linear
    };
    let limits = front.steps.iter().map(|s| s.limit).chain(now.map(|n| n.0));
    let x = Axis::around(limits, Spread::Linear, plot::ACROSS);
    let y = Axis::around(values, spread, plot::UP);
    let scale = Scale::fitting(over.quantity(), x.high);
    let value_scale = Scale::fitting(metric.quantity(), most);
    empty_side(&mut canvas, front, &x);
    let over_measure = Measure {
        name: &format!("limit of {}", over.name()),
        scale,
    };
    let value_measure = Measure {
        name: metric.name(),
        scale: value_scale,
    };
    plot::frame(&mut canvas, (&x, over_measure), (&y, value_measure));
    // What is reached within one limit is reached within every looser one.
    let mut sorted: Vec<(f64, f64)> = found.iter().map(|f| (f.0, f.1)).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut line = Vec::new();
    for pair in sorted.windows(2) {
        let held = if over.larger_is_better() {
            pair[1].1
        } else {
            pair[0].1
        };
        line.extend([(x.at(pair[0].0), y.at(pair[0].1))]);
        let corner = if over.larger_is_better() {
            pair[0].0
        } else {
            pair[1].0
        };
        line.push((x.at(corner), y.at(held)));
    }
    line.extend(sorted.last().map(|l| (x.at(l.0), y.at(l.1))));
    if line.len() > 1 {
        canvas.path(&line, "line first");
    }
    if let Some((limit, value)) = now {
        let at = x.at(limit);
        canvas.line((at, plot::UP.0), (at, plot::UP.1), "mark");
        canvas.disc((at, y.at(value)), 6.5, "ring", "this design");
        let right = at > (plot::ACROSS.0 + plot::ACROSS.1) / 2.0;
        let (anchor, side) = if right {
            (Anchor::End, -6.0)
        } else {
            (Anchor::Start, 6.0)
        };
        // At the end where the front is not.
        let height = if metric.larger_is_better() {
            plot::UP.0 - 8.0
        } else {
            plot::UP.1 + 10.0
        };
        canvas.text((at + side, height), anchor, "note", "this budget");
    }
    let mut kinds = vec![("dot first", "best, proved")];
    if found.iter().any(|f| step_is_open(f.3.known)) {
        kinds.push(("dot open", "best found"));
    }
    if found.iter().any(|f| f.3.no_better_than.is_some()) {
        kinds.push(("dot idle", "buys nothing more"));
    }
    if !found.is_empty() {
        plot::legend(&mut canvas, &kinds);
    }
    for (limit, value, bound, step) in found {
        let place = (x.at(limit), y.at(value));
        if bound.is_finite() && step_is_open(step.known) {
            canvas.line(place, (place.0, y.at(bound)), "reach");
        }
        let class = match (step_is_open(step.known), step.no_better_than) {
            (_, Some(_)) => "dot idle",
            (true, None) => "dot open",
            (false, None) => "dot first",
        };
        let name = format!(
            "{} within {}: gap {}",
            amount(metric.quantity(), value),
            amount(over.quantity(), limit),
            gap_text(step.known)
        );
        canvas.disc(place, 3.5, class, &name);
    }
    canvas.finish()
}

fn step_is_open(known: Known) -> bool {
    matches!(known, Known::Found { gap, .. } if gap != 0.0)
}

/// Where no design fits, shaded.
fn empty_side(canvas: &mut Canvas, front: &Front, x: &Axis) {
    let empty = front.steps.iter().filter(|s| s.known == Known::Nothing);
    let limits: Vec<f64> = empty.map(|s| s.limit).collect();
    let (bottom, top) = plot::UP;
    let (left, right) = plot::ACROSS;
    let Some((from, to)) = (if front.over.larger_is_better() {
        limits
            .iter()
            .copied()
            .reduce(f64::min)
            .map(|l| (x.at(l), right))
    } else {
        limits
            .iter()
            .copied()
            .reduce(f64::max)
            .map(|l| (left, x.at(l)))
    }) else {
        return;
    };
    canvas.rectangle((from, top), (to - from, bottom - top), "shade");
    if to - from > 80.0 {
        let middle = ((from + to) / 2.0, (bottom + top) / 2.0);
        canvas.text(middle, Anchor::Middle, "note", "nothing fits");
    } else {
        canvas.upright(
            (from + (to - from) / 2.0 + 4.0, (bottom + top) / 2.0),
            "note",
            "nothing fits",
        );
    }
}

fn description(problem: &Problem, front: &Front, found: usize) -> String {
    let best = front.steps.iter().filter_map(|s| match s.known {
        Known::Found { value, .. } => Some((s.limit, value)),
        _ => None,
    });
    let ends: Vec<(f64, f64)> = best.collect();
    let (over, metric) = (front.over, problem.objective.metric);
    let say = |p: &(f64, f64)| {
        format!(
            "{} within {}",
            amount(metric.quantity(), p.1),
            amount(over.quantity(), p.0)
        )
    };
    match (ends.first(), ends.last()) {
        (Some(first), Some(last)) => format!(
            "The best of {} limits, from {} to {}. Without a design: {}.",
            front.steps.len(),
            say(first),
            say(last),
            front.steps.len() - found
        ),
        _ => "No limit has a design.".to_string(),
    }
}
