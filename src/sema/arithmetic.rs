//! Sums, differences, products and quotients of amounts with units.

use crate::base::span::{Span, Spanned};
use crate::base::units::{self, Quantity, Unit};
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Arith, Name, Number};

/// A number with its unit. Whole numbers stay exact.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    /// In `unit`.
    pub value: f64,
    /// The same, where it is known exactly.
    pub whole: Option<i128>,
    /// `None` for a plain number.
    pub unit: Option<&'static Unit>,
}

/// Quantities of which the third is the product of the others, also in their canonical units.
const PRODUCTS: [(Quantity, Quantity, Quantity); 4] = [
    (Quantity::AreaPerByte, Quantity::Bytes, Quantity::Area),
    (Quantity::PowerPerByte, Quantity::Bytes, Quantity::Power),
    (Quantity::Energy, Quantity::Cycles, Quantity::EnergyDelay),
    (Quantity::Time, Quantity::Frequency, Quantity::Cycles),
];

impl Amount {
    /// What it measures.
    pub fn quantity(self) -> Quantity {
        self.unit.map_or(Quantity::Count, |u| u.quantity)
    }

    /// As it would be written.
    pub fn shown(self) -> String {
        let number = match self.whole {
            Some(whole) => whole.to_string(),
            None if (1e-4..1e15).contains(&self.value.abs()) => self.value.to_string(),
            None => format!("{:e}", self.value),
        };
        match self.unit {
            Some(unit) if unit.name == "%" => format!("{number}%"),
            Some(unit) => format!("{number} {}", unit.name),
            None => number,
        }
    }

    /// As if it were written at `span`.
    pub fn number(self, span: Span) -> Number {
        Number {
            value: self.value,
            integer: self.whole.and_then(|w| u64::try_from(w).ok()),
            unit: self.unit.map(|u| Name::new(u.name.to_string(), span)),
            expr: None,
            span,
        }
    }

    fn canonical(self) -> f64 {
        self.value * self.unit.map_or(1.0, |u| u.factor)
    }

    /// The same amount in another unit of its quantity.
    fn measured_in(self, unit: Option<&'static Unit>) -> Amount {
        if self.unit.map(|u| u.factor) == unit.map(|u| u.factor) {
            return Amount { unit, ..self };
        }
        Amount {
            value: self.canonical() / unit.map_or(1.0, |u| u.factor),
            whole: None,
            unit,
        }
    }
}

/// The two amounts joined by a sign, or why that cannot be.
pub fn combine(
    sign: Spanned<Arith>,
    (a, left): (Amount, Span),
    (b, right): (Amount, Span),
) -> Result<Amount, Diagnostic> {
    use Arith::{Add, Divide, Multiply, Subtract};
    use Quantity::{Count, Percent};
    if sign.node == Divide && b.value == 0.0 {
        return Err(by_zero(left, right));
    }
    let found = match (sign.node, a.quantity(), b.quantity()) {
        (Add | Subtract, x, y) if x == y => apply(sign.node, a, b.measured_in(a.unit), a.unit),
        (Multiply, _, Count) | (Divide, _, Count) => apply(sign.node, a, b, a.unit),
        (Multiply, Count, _) => apply(sign.node, a, b, b.unit),
        (Divide, x, y) if x == y => apply(sign.node, a, b.measured_in(a.unit), None),
        // A share of an amount is an amount.
        (Multiply, _, Percent) => apply(Multiply, a, b, a.unit).map(hundredth),
        (Multiply, Percent, _) => apply(Multiply, a, b, b.unit).map(hundredth),
        (Divide, x, Percent) if x != Count => {
            let hundred = Amount {
                value: 100.0,
                whole: Some(100),
                unit: None,
            };
            apply(Multiply, a, hundred, a.unit).and_then(|a| apply(Divide, a, b, a.unit))
        }
        (Multiply, x, y) => {
            let product = PRODUCTS
                .iter()
                .find(|(p, q, _)| (x, y) == (*p, *q) || (y, x) == (*p, *q));
            let Some((.., product)) = product else {
                return Err(mixed(sign, (a, left), (b, right)));
            };
            derived(a.canonical() * b.canonical(), *product)
        }
        (Divide, x, y) => {
            let quotient = PRODUCTS.iter().find_map(|(p, q, product)| match () {
                () if (x, y) == (*product, *p) => Some(*q),
                () if (x, y) == (*product, *q) => Some(*p),
                () => None,
            });
            let Some(quotient) = quotient else {
                return Err(mixed(sign, (a, left), (b, right)));
            };
            derived(a.canonical() / b.canonical(), quotient)
        }
        _ => return Err(mixed(sign, (a, left), (b, right))),
    };
    found.ok_or_else(|| {
        Diagnostic::error(codes::BAD_ARITHMETIC, "this result is too large")
            .label(left, a.shown())
            .label(right, b.shown())
            .help("check the digits of what it is computed from")
    })
}

/// What stands at `left` is divided by what stands at `right`, which is 0.
pub fn by_zero(left: Span, right: Span) -> Diagnostic {
    Diagnostic::error(codes::BAD_ARITHMETIC, "a division by zero")
        .label(right, "this is 0")
        .label(left, "divided by it")
        .help("nothing is a number divided by zero; check what the divisor is computed from")
}

/// The plain operation; `None` if the result is too large.
fn apply(sign: Arith, a: Amount, b: Amount, unit: Option<&'static Unit>) -> Option<Amount> {
    let whole = match (a.whole, b.whole) {
        (Some(x), Some(y)) => Some(match sign {
            Arith::Add => x.checked_add(y)?,
            Arith::Subtract => x.checked_sub(y)?,
            Arith::Multiply => x.checked_mul(y)?,
            Arith::Divide if x.checked_rem(y) == Some(0) => x.checked_div(y)?,
            Arith::Divide => return real(a.value / b.value, unit),
        }),
        _ => None,
    };
    if let Some(whole) = whole {
        return Some(Amount {
            value: whole as f64,
            whole: Some(whole),
            unit,
        });
    }
    let value = match sign {
        Arith::Add => a.value + b.value,
        Arith::Subtract => a.value - b.value,
        Arith::Multiply => a.value * b.value,
        Arith::Divide => a.value / b.value,
    };
    real(value, unit)
}

fn real(value: f64, unit: Option<&'static Unit>) -> Option<Amount> {
    value.is_finite().then_some(Amount {
        value,
        whole: None,
        unit,
    })
}

fn derived(value: f64, quantity: Quantity) -> Option<Amount> {
    real(value, units::find(quantity.canonical()))
}

fn hundredth(amount: Amount) -> Amount {
    let exact = amount.whole.filter(|w| w % 100 == 0).map(|w| w / 100);
    Amount {
        value: exact.map_or(amount.value / 100.0, |w| w as f64),
        whole: exact,
        unit: amount.unit,
    }
}

fn mixed(
    sign: Spanned<Arith>,
    (a, left): (Amount, Span),
    (b, right): (Amount, Span),
) -> Diagnostic {
    let name = |amount: Amount| super::quantity::article(amount.quantity().name());
    let (verb, help) = match sign.node {
        Arith::Add | Arith::Subtract => (
            "cannot be added up",
            "both must measure the same; multiply or divide by plain numbers or percentages",
        ),
        Arith::Multiply => (
            "have no product",
            "multiply by a plain number or a percentage",
        ),
        Arith::Divide => (
            "have no quotient",
            "divide by a plain number, or by what measures the same",
        ),
    };
    let is = |amount: Amount| match amount.unit {
        Some(unit) => format!("{}, in {}", name(amount), unit.name),
        None => format!("{}, without a unit", name(amount)),
    };
    Diagnostic::error(
        codes::MIXED_UNITS,
        format!("{} and {} {verb}", name(a), name(b)),
    )
    .label(left, is(a))
    .label(right, is(b))
    .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(value: f64, unit: &str) -> Amount {
        Amount {
            value,
            whole: (value.fract() == 0.0).then_some(value as i128),
            unit: units::find(unit),
        }
    }

    fn joined(a: Amount, sign: Arith, b: Amount) -> Option<String> {
        let at = Span::default();
        combine(Spanned::new(sign, at), (a, at), (b, at))
            .ok()
            .map(Amount::shown)
    }

    #[test]
    fn units_are_kept_or_made() {
        use Arith::{Add, Divide, Multiply, Subtract};
        let shown = |a, unit_a, sign, b, unit_b| joined(amount(a, unit_a), sign, amount(b, unit_b));
        let is = |text: &str| Some(text.to_string());
        assert_eq!(shown(1.0, "mm2", Add, 5e5, "um2"), is("1.5 mm2"));
        assert_eq!(shown(7.0, "", Divide, 2.0, ""), is("3.5"));
        assert_eq!(shown(8.0, "mm2", Divide, 2.0, "mm2"), is("4"));
        assert_eq!(shown(10.0, "%", Multiply, 50.0, "%"), is("5%"));
        assert_eq!(shown(2.0, "", Multiply, 10.0, "%"), is("20%"));
        assert_eq!(shown(4.0, "mm2", Multiply, 25.0, "%"), is("1 mm2"));
        assert_eq!(shown(4.0, "mm2", Divide, 50.0, "%"), is("8 mm2"));
        assert_eq!(
            shown(20.0, "ms", Multiply, 1.0, "GHz"),
            is("20000000 cycles")
        );
        assert_eq!(shown(3.0, "mW", Subtract, 1.0, "mm2"), None);
        assert_eq!(shown(3.0, "mW", Multiply, 1.0, "mm2"), None);
        assert_eq!(shown(3.0, "", Add, 1.0, "%"), None);
        assert_eq!(shown(3.0, "", Divide, 0.0, ""), None);
        assert_eq!(shown(1e300, "", Multiply, 1e300, ""), None);
    }

    #[test]
    fn whole_numbers_stay_exact() {
        let large = Amount {
            value: u64::MAX as f64,
            whole: Some(u64::MAX.into()),
            unit: None,
        };
        let one = amount(1.0, "");
        assert_eq!(
            joined(large, Arith::Subtract, one),
            Some((u64::MAX - 1).to_string())
        );
    }
}
