//! Amounts as people read them: a fitting unit and four digits, and as tools read them.

use crate::base::units::Quantity;
use serde_json::{Number, Value};

/// Which way the digits that are left out go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest.
    Nearest,
    /// Never below the value: a limit that is to be enough.
    Up,
    /// Never above the value.
    Down,
}

/// A unit to show amounts in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Its spelling.
    pub unit: &'static str,
    /// Canonical units in one of it.
    pub factor: f64,
}

const fn scale(unit: &'static str, factor: f64) -> Scale {
    Scale { unit, factor }
}

/// The units a quantity is shown in, ascending. Square metres begin where millimetres stop being
/// silicon.
fn scales(quantity: Quantity) -> &'static [Scale] {
    const AREA: &[Scale] = &[scale("um2", 1.0), scale("mm2", 1e6), scale("m2", 1e12)];
    const POWER: &[Scale] = &[
        scale("uW", 1e-3),
        scale("mW", 1.0),
        scale("W", 1e3),
        scale("kW", 1e6),
    ];
    const ENERGY: &[Scale] = &[
        scale("pJ", 1e-3),
        scale("nJ", 1.0),
        scale("uJ", 1e3),
        scale("mJ", 1e6),
        scale("J", 1e9),
    ];
    const TIME: &[Scale] = &[
        scale("ns", 1e-9),
        scale("us", 1e-6),
        scale("ms", 1e-3),
        scale("s", 1.0),
    ];
    const CYCLES: &[Scale] = &[
        scale("cycles", 1.0),
        scale("kcycles", 1e3),
        scale("Mcycles", 1e6),
        scale("Gcycles", 1e9),
    ];
    const FREQUENCY: &[Scale] = &[
        scale("Hz", 1.0),
        scale("kHz", 1e3),
        scale("MHz", 1e6),
        scale("GHz", 1e9),
    ];
    const BYTES: &[Scale] = &[
        scale("B", 1.0),
        scale("KiB", 1024.0),
        scale("MiB", 1_048_576.0),
        scale("GiB", 1_073_741_824.0),
    ];
    const RATE: &[Scale] = &[scale("inferences/s", 1.0)];
    const ENERGY_DELAY: &[Scale] = &[
        scale("nJ*cycles", 1.0),
        scale("uJ*cycles", 1e3),
        scale("mJ*cycles", 1e6),
    ];
    const PERCENT: &[Scale] = &[scale("%", 0.01)];
    const AREA_PER_BYTE: &[Scale] = &[scale("um2/B", 1.0)];
    const POWER_PER_BYTE: &[Scale] = &[scale("mW/B", 1.0)];
    const COUNT: &[Scale] = &[scale("", 1.0)];
    match quantity {
        Quantity::Area => AREA,
        Quantity::Power => POWER,
        Quantity::Energy => ENERGY,
        Quantity::Time => TIME,
        Quantity::Cycles => CYCLES,
        Quantity::Frequency => FREQUENCY,
        Quantity::Bytes => BYTES,
        Quantity::Rate => RATE,
        Quantity::EnergyDelay => ENERGY_DELAY,
        Quantity::Percent => PERCENT,
        Quantity::AreaPerByte => AREA_PER_BYTE,
        Quantity::PowerPerByte => POWER_PER_BYTE,
        Quantity::Count => COUNT,
    }
}

impl Scale {
    /// The unit in which `value`, given in the canonical unit, reads best.
    pub fn fitting(quantity: Quantity, value: f64) -> Scale {
        let all = scales(quantity);
        // 0.01 of the larger area is easier read than thousands of the smaller; other units step
        // by a thousand and change at 1.
        let from = if quantity == Quantity::Area {
            0.01
        } else {
            1.0
        };
        let largest = all
            .iter()
            .rev()
            .find(|s| value.abs() >= s.factor * from)
            .unwrap_or(&all[0]);
        *largest
    }

    /// `value` in this unit with four digits, without the unit.
    pub fn digits(self, value: f64) -> String {
        significant(value / self.factor, 4, Rounding::Nearest)
    }

    /// `value` in this unit with four digits, and the unit.
    pub fn amount(self, value: f64, rounding: Rounding) -> String {
        let digits = significant(value / self.factor, 4, rounding);
        join(&digits, self.unit)
    }
}

fn join(digits: &str, unit: &str) -> String {
    match unit {
        "" => digits.to_string(),
        _ => format!("{digits} {unit}"),
    }
}

/// An amount given in its canonical unit, in the unit it reads best in.
pub fn amount(quantity: Quantity, value: f64) -> String {
    Scale::fitting(quantity, value).amount(value, Rounding::Nearest)
}

/// The same of a number that somebody wrote: with as many digits as that has, up to twelve.
pub fn written(quantity: Quantity, value: f64) -> String {
    let scale = Scale::fitting(quantity, value);
    // Twelve hide what the conversion of units adds.
    join(
        &significant(value / scale.factor, 12, Rounding::Nearest),
        scale.unit,
    )
}

/// A share as a percentage with one decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A whole number with commas between thousands.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with its noun: `1 layer`, `53 layers`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count as u64))
}

/// A number with so many significant digits, zeros at the end left out. Numbers that would be long
/// are written with an exponent.
pub fn significant(value: f64, digits: usize, rounding: Rounding) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 {
            "0".into()
        } else {
            value.to_string()
        };
    }
    let short = format!("{:.*e}", digits - 1, value);
    let exponent: i32 = short
        .rsplit('e')
        .next()
        .and_then(|e| e.parse().ok())
        .unwrap_or(0);
    if !(-4..=9).contains(&exponent) {
        return trimmed_exponent(&step(value, exponent, digits, rounding, short));
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    let plain = format!("{value:.decimals$}");
    let plain = match rounding {
        Rounding::Nearest => plain,
        _ => {
            let unit = format!("1e-{decimals}").parse().unwrap_or(0.0);
            let nearest: f64 = plain.parse().unwrap_or(value);
            let moved = nudge(value, nearest, unit, rounding);
            format!("{moved:.decimals$}")
        }
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let fraction = fraction.trim_end_matches('0');
    let (sign, whole) = whole
        .strip_prefix('-')
        .map_or(("", whole), |rest| ("-", rest));
    let whole = whole.parse().map_or(whole.to_string(), grouped);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// The neighbour on the wanted side if `nearest` lies on the other.
fn nudge(value: f64, nearest: f64, unit: f64, rounding: Rounding) -> f64 {
    match rounding {
        Rounding::Up if nearest < value => nearest + unit,
        Rounding::Down if nearest > value => nearest - unit,
        _ => nearest,
    }
}

fn step(value: f64, exponent: i32, digits: usize, rounding: Rounding, short: String) -> String {
    if rounding == Rounding::Nearest {
        return short;
    }
    let unit = format!("1e{}", exponent - digits as i32 + 1);
    let (unit, nearest) = (unit.parse().unwrap_or(0.0), short.parse().unwrap_or(value));
    format!("{:.*e}", digits - 1, nudge(value, nearest, unit, rounding))
}

fn trimmed_exponent(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    format!("{mantissa}e{exponent}")
}

/// A number for a tool: whole counts as integers, others in the shortest form that reads back the
/// same; what is not a number is null.
pub fn json(value: f64, whole: bool) -> Value {
    if whole && value.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&value) {
        return Value::from(value as u64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64) -> String {
        significant(value, 4, Rounding::Nearest)
    }

    #[test]
    fn four_digits() {
        assert_eq!(near(0.0), "0");
        assert_eq!(near(2.5), "2.5");
        assert_eq!(near(33.214_9), "33.21");
        assert_eq!(near(9_999.6), "10,000");
        assert_eq!(near(123_456.0), "123,456");
        assert_eq!(near(0.000_123_45), "0.0001234");
        assert_eq!(near(0.000_012_345), "1.234e-5");
        assert_eq!(near(1.5e15), "1.5e15");
        assert_eq!(near(-1_234.5), "-1,234");
        assert_eq!(near(9.999_96e-5), "0.0001");
    }

    #[test]
    fn a_limit_that_is_to_be_enough() {
        for value in [
            1.930_01,
            1.93,
            123_456.4,
            7.000_000_1e-7,
            9.999_9,
            2.000_01e12,
        ] {
            let read = |r| -> f64 {
                significant(value, 4, r)
                    .replace(',', "")
                    .parse()
                    .expect("a number")
            };
            assert!(read(Rounding::Up) >= value, "{value}");
            assert!(read(Rounding::Down) <= value, "{value}");
            assert!(read(Rounding::Up) <= value * 1.002);
        }
        assert_eq!(significant(1.930_01, 4, Rounding::Up), "1.931");
        assert_eq!(significant(1.93, 4, Rounding::Up), "1.93");
    }

    #[test]
    fn units_that_fit() {
        assert_eq!(amount(Quantity::Area, 2_491_234.0), "2.491 mm2");
        assert_eq!(amount(Quantity::Area, 12_345.0), "0.01235 mm2");
        assert_eq!(amount(Quantity::Area, 987.0), "987 um2");
        assert_eq!(amount(Quantity::Area, 3.6e11), "0.36 m2");
        assert_eq!(amount(Quantity::Power, 2.85e6), "2.85 kW");
        assert_eq!(amount(Quantity::Energy, 4.2e6), "4.2 mJ");
        assert_eq!(amount(Quantity::Cycles, 33_214_900.0), "33.21 Mcycles");
        assert_eq!(amount(Quantity::Time, 0.033_2), "33.2 ms");
        assert_eq!(amount(Quantity::Frequency, 1e9), "1 GHz");
        assert_eq!(amount(Quantity::Rate, 30.119), "30.12 inferences/s");
        assert_eq!(amount(Quantity::Bytes, 1536.0), "1.5 KiB");
    }

    #[test]
    fn counts() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
        assert_eq!(counted(1, "layer"), "1 layer");
        assert_eq!(counted(53, "layer"), "53 layers");
    }

    #[test]
    fn numbers_for_tools() {
        assert_eq!(json(36e6, true).to_string(), "36000000");
        assert_eq!(json(36e6, false).to_string(), "36000000.0");
        assert_eq!(json(0.1, true).to_string(), "0.1");
        assert_eq!(json(f64::NAN, false), Value::Null);
    }
}
