//! From amounts to places along a line, and the ticks on it.

use crate::base::math;
use crate::emit::number::{Rounding, significant};

/// How amounts are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Equal distances for equal differences.
    Linear,
    /// Equal distances for equal factors; only for amounts above 0.
    Log,
}

/// Amounts from `low` to `high` on the places from `start` to `end`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// The least amount.
    pub low: f64,
    /// The largest amount.
    pub high: f64,
    /// How they are spread.
    pub spread: Spread,
    /// The place of the least.
    pub start: f64,
    /// The place of the largest.
    pub end: f64,
}

impl Axis {
    /// An axis around these amounts with a little room at both ends. Only finite ones count, and for
    /// [`Spread::Log`] only those above 0.
    pub fn around(
        values: impl IntoIterator<Item = f64>,
        spread: Spread,
        (start, end): (f64, f64),
    ) -> Axis {
        let counts = |v: &f64| v.is_finite() && (spread == Spread::Linear || *v > 0.0);
        let values = values.into_iter().filter(counts);
        let (mut low, mut high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(v), h.max(v))
        });
        if low > high {
            (low, high) = (1.0, 10.0);
        }
        match spread {
            Spread::Linear => {
                // Of amounts that hardly differ the ticks would need more digits than there is room for.
                let range = (high - low).max(0.02 * high.abs());
                let room = match range {
                    0.0 => 1.0,
                    range if high == low => range,
                    range => (range - (high - low)) / 2.0 + range * 0.05,
                };
                // No room below nothing.
                let floor = if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY };
                (low, high) = ((low - room).max(floor), high + room);
            }
            Spread::Log => {
                let room = if high / low < 1.5 { 1.3 } else { 1.12 };
                (low, high) = (low / room, high * room);
            }
        }
        Axis {
            low,
            high,
            spread,
            start,
            end,
        }
    }

    /// An axis from 0 to these amounts.
    pub fn from_zero(values: impl IntoIterator<Item = f64>, places: (f64, f64)) -> Axis {
        let values = values.into_iter().chain([0.0]);
        Axis::around(values, Spread::Linear, places)
    }

    /// The place of an amount; those beyond an end stand at it.
    pub fn at(&self, value: f64) -> f64 {
        let share = match self.spread {
            Spread::Linear => (value - self.low) / (self.high - self.low),
            Spread::Log => math::ln(value / self.low) / math::ln(self.high / self.low),
        };
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        };
        self.start + (self.end - self.start) * share
    }

    /// Round amounts along the axis, about `wanted` of them.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        let inside = |t: &f64| *t >= self.low * (1.0 - 1e-9) && *t <= self.high * (1.0 + 1e-9);
        match self.spread {
            Spread::Linear => {
                let step = round_step((self.high - self.low) / wanted.max(1) as f64);
                let first = (self.low / step).ceil();
                let ticks = (0..=2 * wanted).map(|i| (first + i as f64) * step);
                ticks.filter(inside).collect()
            }
            Spread::Log => {
                let (first, last) = (exponent(self.low), exponent(self.high));
                let every = ((last - first) / wanted.max(1) as i32).max(1);
                let few = last - first <= 2;
                let digits: &[u32] = if few { &[1, 2, 5] } else { &[1] };
                let decades = (first..=last).filter(|e| few || (e - first) % every == 0);
                let ticks = decades.flat_map(|e| digits.iter().map(move |d| decimal(*d, e)));
                ticks.filter(inside).collect()
            }
        }
    }
}

/// What stands at ticks, with as many digits as tell them apart.
pub fn labels(ticks: &[f64]) -> Vec<String> {
    let least = ticks
        .windows(2)
        .map(|t| (t[1] - t[0]).abs())
        .fold(f64::INFINITY, f64::min);
    let label = |&tick: &f64| {
        let digits = match least.is_finite() && tick != 0.0 {
            true => exponent(tick) - exponent(least * (1.0 + 1e-9)) + 1,
            false => 3,
        };
        significant(tick, digits.clamp(1, 8) as usize, Rounding::Nearest)
    };
    ticks.iter().map(label).collect()
}

/// The power of a thousand that brings large and small amounts back to a few digits.
pub fn thousands(largest: f64) -> f64 {
    if !(largest.is_finite() && largest > 0.0) {
        return 1.0;
    }
    let e = exponent(largest);
    if (-3..5).contains(&e) {
        return 1.0;
    }
    decimal(1, e.div_euclid(3) * 3)
}

/// `digits` times ten to the power of `exponent`, the double nearest to it.
fn decimal(digits: u32, exponent: i32) -> f64 {
    format!("{digits}e{exponent}").parse().unwrap_or(1.0)
}

/// The decimal exponent of the first digit.
fn exponent(value: f64) -> i32 {
    let text = format!("{value:e}");
    let exponent = text.rsplit('e').next().and_then(|e| e.parse().ok());
    exponent.unwrap_or(0)
}

/// The least of 1, 2, 5 times a power of ten that is not below `value`.
fn round_step(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 1.0;
    }
    let e = exponent(value);
    let steps = [1, 2, 5, 10].map(|d| decimal(d, e));
    let step = steps.into_iter().find(|s| *s >= value * (1.0 - 1e-9));
    step.unwrap_or(steps[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let axis = Axis::from_zero([93.0], (0.0, 100.0));
        assert_eq!(axis.ticks(5), [0.0, 20.0, 40.0, 60.0, 80.0]);
        let axis = Axis::around([0.21, 0.26], Spread::Linear, (0.0, 1.0));
        assert_eq!(labels(&axis.ticks(5)), ["0.22", "0.24", "0.26"]);
        let axis = Axis::around([3.0, 2e6], Spread::Log, (0.0, 1.0));
        assert_eq!(axis.ticks(6), [10.0, 100.0, 1e3, 1e4, 1e5, 1e6]);
        let axis = Axis::around([3.0, 40.0], Spread::Log, (0.0, 1.0));
        assert_eq!(axis.ticks(6), [5.0, 10.0, 20.0]);
        let axis = Axis::around([1e-3, 1e300], Spread::Log, (0.0, 1.0));
        assert!((3..=9).contains(&axis.ticks(6).len()));
    }

    #[test]
    fn no_amounts_make_an_axis_too() {
        let axis = Axis::around([f64::NAN, 0.0], Spread::Log, (10.0, 20.0));
        assert!(!axis.ticks(4).is_empty());
        assert_eq!(axis.at(f64::NAN), 10.0);
        let same = Axis::around([5.0, 5.0], Spread::Linear, (0.0, 1.0));
        assert_eq!(same.at(5.0), 0.5);
        assert_eq!(labels(&[44.5, 44.6, 45.0]), ["44.5", "44.6", "45"]);
        assert_eq!(labels(&[5525.0, 5550.0]), ["5,525", "5,550"]);
        assert_eq!(labels(&[0.0, 20.0]), ["0", "20"]);
        assert_eq!(thousands(9.9e4), 1.0);
        assert_eq!(thousands(4.5e7), 1e6);
        assert_eq!(thousands(2e-7), 1e-9);
        let nothing = Axis::from_zero([], (0.0, 1.0));
        assert_eq!(nothing.at(0.0), 0.0);
    }
}
