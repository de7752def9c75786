//! How the search came to its result, against the proved bound.

use super::axis::{Axis, Spread};
use super::canvas::{Anchor, Canvas, TEXT, text_width};
use super::plot::{self, Measure};
use crate::base::units::Quantity;
use crate::emit::decision::Decision;
use crate::emit::markup::Markup;
use crate::emit::number::{Scale, amount, grouped};

/// From this factor on the first attempts would press the rest together.
const WIDE: f64 = 12.0;

const CLASSES: [&str; 3] = ["line first", "line second", "line third"];

/// The picture; `None` if no stage found anything.
pub fn draw(decision: &Decision) -> Option<Markup> {
    let metric = decision.problem.objective.metric;
    let all = decision.stages.iter().flat_map(|s| &s.improvements);
    let values: Vec<f64> = all.map(|i| i.1).filter(|v| v.is_finite()).collect();
    let first = *values.first()?;
    let bound = decision
        .certificate
        .map(|c| c.bound)
        .filter(|b| b.is_finite() && *b > 0.0);
    let total: usize = decision.stages.iter().map(|s| s.evaluations).sum();
    let (least, most) = values
        .iter()
        .chain(&bound)
        .fold((f64::INFINITY, 0.0_f64), |(l, m), &v| (l.min(v), m.max(v)));
    let spread = if least > 0.0 && most / least > WIDE {
        Spread::Log
    } else {
        Spread::Linear
    };
    let x = Axis {
        high: (total as f64).max(1.0),
        ..Axis::from_zero([1.0], plot::ACROSS)
    };
    // Room beyond the bound for its name.
    let maximised = metric.larger_is_better();
    let room = bound.map(|b| match (spread, maximised) {
        (Spread::Log, true) => b * 1.2,
        (Spread::Log, false) => b / 1.2,
        (Spread::Linear, true) => b + 0.08 * (b - least).max(0.02 * b),
        (Spread::Linear, false) => b - 0.08 * (most - b).max(0.02 * b),
    });
    let y = Axis::around(
        values.iter().copied().chain(bound).chain(room),
        spread,
        plot::UP,
    );
    let last = decision.totals.metric(metric);
    let description = format!(
        "From {} at first to {} after {} evaluations{}.",
        amount(metric.quantity(), first),
        amount(metric.quantity(), last),
        grouped(total as u64),
        bound.map_or(String::new(), |b| format!(
            "; the proved bound is {}",
            amount(metric.quantity(), b)
        ))
    );
    let mut canvas = Canvas::new(
        "convergence",
        plot::SIZE,
        "Best design met by the search",
        &description,
    );
    let evaluations = Measure {
        name: "evaluations of the whole network",
        scale: Scale::fitting(Quantity::Count, 1.0),
    };
    let objective = Measure {
        name: metric.name(),
        scale: Scale::fitting(metric.quantity(), most),
    };
    plot::frame(&mut canvas, (&x, evaluations), (&y, objective));
    if let Some(bound) = bound {
        let at = y.at(bound);
        canvas.line((plot::ACROSS.0, at), (plot::ACROSS.1, at), "bound");
        // On the side of the line where no design is.
        let side = if maximised { at - 6.0 } else { at + 15.0 };
        let text = "proved bound";
        canvas.text((plot::ACROSS.0 + 6.0, side), Anchor::Start, "note", text);
    }
    let (mut start, mut best) = (0, None);
    for (i, stage) in decision.stages.iter().enumerate() {
        let end = start + stage.evaluations;
        let mut line: Vec<(f64, f64)> = best
            .map(|b| (x.at(start as f64), y.at(b)))
            .into_iter()
            .collect();
        for &(at, value) in stage.improvements.iter().filter(|i| i.1.is_finite()) {
            let place = x.at(at as f64);
            if let Some(best) = best {
                push(&mut line, (place, y.at(best)));
            }
            push(&mut line, (place, y.at(value)));
            best = Some(value);
        }
        if let Some(best) = best {
            line.push((x.at(end as f64), y.at(best)));
        }
        canvas.path(&line, CLASSES[i % CLASSES.len()]);
        let (left, right) = (x.at(start as f64), x.at(end as f64));
        if i > 0 {
            canvas.line((left, plot::UP.0), (left, plot::UP.1), "mark");
        }
        if right - left > text_width(stage.method, TEXT) + 8.0 {
            // At the end where the bound is not.
            let y = if maximised {
                plot::UP.0 - 8.0
            } else {
                plot::UP.1 + 10.0
            };
            canvas.text((left + 6.0, y), Anchor::Start, "note", stage.method);
        }
        start = end;
    }
    Some(canvas.finish())
}

/// Adds a place unless it can be told from the last one only under a lens: thousands of tiny steps
/// are one line to the eye.
fn push(line: &mut Vec<(f64, f64)>, place: (f64, f64)) {
    let near = |l: &(f64, f64)| (l.0 - place.0).abs() < 0.4 && (l.1 - place.1).abs() < 0.4;
    if !line.last().is_some_and(near) {
        line.push(place);
    }
}
