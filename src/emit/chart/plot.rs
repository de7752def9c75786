//! The frame of a picture with two axes: grid, ticks, what is measured.

use super::axis::{Axis, label};
use super::canvas::{Anchor, Canvas, TEXT};
use crate::emit::number::Scale;

/// Width and height of such a picture. At these a telephone shows it whole and legibly.
pub const SIZE: (f64, f64) = (420.0, 300.0);

/// Places of the left and right end of the horizontal axis.
pub const ACROSS: (f64, f64) = (62.0, 408.0);

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
    fn title(&self) -> String {
        match self.scale.unit {
            "" => self.name.to_string(),
            unit => format!("{} ({unit})", self.name),
        }
    }
}

/// Draws the frame. The axes count in the canonical unit.
pub fn frame(canvas: &mut Canvas, x: (&Axis, Measure), y: (&Axis, Measure)) {
    let (left, right) = ACROSS;
    let (bottom, top) = UP;
    let factor = y.1.scale.factor;
    for tick in y.0.ticks(5) {
        let at = y.0.at(tick);
        canvas.line((left, at), (right, at), "grid");
        let text = label(tick / factor);
        canvas.text((left - 6.0, at + 4.5), Anchor::End, "tick", &text);
    }
    let factor = x.1.scale.factor;
    let mut free = f64::NEG_INFINITY;
    for tick in x.0.ticks(5) {
        let at = x.0.at(tick);
        canvas.line((at, bottom), (at, bottom + 5.0), "axis");
        let text = label(tick / factor);
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
    canvas.text(middle, Anchor::Middle, "name", &x.1.title());
    canvas.upright((13.0, (bottom + top) / 2.0), "name", &y.1.title());
}
