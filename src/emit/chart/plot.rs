//! The frame of a picture with two axes: grid, ticks, what is measured.

use super::axis::{Axis, labels, thousands};
use super::canvas::{Anchor, Canvas, TEXT};
use crate::emit::number::Scale;

/// Width and height of such a picture. At these a telephone shows it whole and legibly.
pub const SIZE: (f64, f64) = (420.0, 300.0);

/// Places of the left and right end of the horizontal axis.
pub const ACROSS: (f64, f64) = (70.0, 408.0);

/// Places of the lower and upper end of the vertical axis.
pub const UP: (f64, f64) = (250.0, 18.0);

/// What an axis measures, and the unit its amounts are given in.
pub struct Measure<'a> {
    /// In a word or two.
    pub name: &'a str,
    /// The unit of the ticks.
    pub scale: Scale,
}

impl Measure<'_> {
    /// The title of the axis, and the factor of what stands at its ticks.
    fn title(&self, axis: &Axis) -> (String, f64) {
        let most = axis.ticks(5).into_iter().fold(0.0, f64::max);
        let power = thousands(most / self.scale.factor);
        let unit = match (power, self.scale.unit) {
            (1.0, unit) => unit.to_string(),
            (power, "") => format!("{power:e}"),
            (power, unit) => format!("{power:e} {unit}"),
        };
        let title = match unit.as_str() {
            "" => self.name.to_string(),
            unit => format!("{} ({unit})", self.name),
        };
        (title, self.scale.factor * power)
    }
}

/// The ticks of an axis and what stands at them.
fn named(axis: &Axis, factor: f64) -> impl Iterator<Item = (f64, String)> {
    let ticks = axis.ticks(5);
    let shown: Vec<f64> = ticks.iter().map(|t| t / factor).collect();
    ticks.into_iter().zip(labels(&shown))
}

/// What the dots of a picture stand for, above its frame: class and meaning.
pub fn legend(canvas: &mut Canvas, kinds: &[(&str, &str)]) {
    let mut left = ACROSS.0 + 6.0;
    for (class, meaning) in kinds {
        canvas.disc((left, 7.0), 3.5, class, "");
        canvas.text((left + 8.0, 11.5), Anchor::Start, "note", meaning);
        left += 24.0 + super::canvas::text_width(meaning, TEXT);
    }
}

/// Draws the frame. The axes count in the canonical unit.
pub fn frame(canvas: &mut Canvas, x: (&Axis, Measure), y: (&Axis, Measure)) {
    let (left, right) = ACROSS;
    let (bottom, top) = UP;
    let (y_title, factor) = y.1.title(y.0);
    for (tick, text) in named(y.0, factor) {
        let at = y.0.at(tick);
        canvas.line((left, at), (right, at), "grid");
        canvas.text((left - 6.0, at + 4.5), Anchor::End, "tick", &text);
    }
    let (x_title, factor) = x.1.title(x.0);
    let mut free = f64::NEG_INFINITY;
    for (tick, text) in named(x.0, factor) {
        let at = x.0.at(tick);
        canvas.line((at, bottom), (at, bottom + 5.0), "axis");
        let half = super::canvas::text_width(&text, TEXT) / 2.0;
        // Labels that would touch the last one, or leave the picture, are left out.
        if at - half > free && at + half <= canvas.width {
            canvas.text((at, bottom + 19.0), Anchor::Middle, "tick", &text);
            free = at + half + 4.0;
        }
    }
    canvas.line((left, bottom), (right, bottom), "axis");
    canvas.line((left, bottom), (left, top), "axis");
    let middle = ((left + right) / 2.0, bottom + 40.0);
    canvas.text(middle, Anchor::Middle, "name", &x_title);
    canvas.upright((13.0, (bottom + top) / 2.0), "name", &y_title);
}
