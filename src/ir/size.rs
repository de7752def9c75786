//! Sizes of tiles, steps and clusters: numbers, extents, knobs, and what is computed from them.

use super::dim::Dim;
use std::sync::Arc;

/// A tile size, step or cluster size. A value is a count of elements or units, at least 1.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Size {
    /// A literal count, at least 1.
    Count(u64),
    /// The extent of a dimension of the layer (`temporal R by R`).
    Extent(Dim),
    /// The value of the menu's knob with this index (index 0 is `pes`).
    Knob(usize),
    /// Two sizes joined by a sign (`2 * buffer`, `tile + R - 1`). Behind a pointer, as sizes stand in
    /// every directive and few are computed.
    Computed(Arc<Computed>),
}

/// Two sizes joined by a sign.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Computed {
    /// The left operand.
    pub left: Size,
    /// What is done with the two.
    pub sign: Sign,
    /// The right operand.
    pub right: Size,
}

/// A sign of arithmetic between sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`, rounded up: of 7 elements in 2 tiles, one holds 4.
    Divide,
}

impl Sign {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            Sign::Add => "+",
            Sign::Subtract => "-",
            Sign::Multiply => "*",
            Sign::Divide => "/",
        }
    }

    /// Whether it binds tighter than `+`.
    fn tight(self) -> bool {
        matches!(self, Sign::Multiply | Sign::Divide)
    }
}

impl Size {
    /// The value, where `plain` gives that of a number, an extent or a knob. It may come out below 1;
    /// `None` where `plain` has none, at a division by zero, and beyond 63 bits.
    pub fn value(&self, plain: &impl Fn(&Size) -> Option<i64>) -> Option<i64> {
        let Size::Computed(computed) = self else {
            return plain(self);
        };
        let (a, b) = (computed.left.value(plain)?, computed.right.value(plain)?);
        match computed.sign {
            Sign::Add => a.checked_add(b),
            Sign::Subtract => a.checked_sub(b),
            Sign::Multiply => a.checked_mul(b),
            Sign::Divide => {
                let (whole, rest) = (a.checked_div(b)?, a.checked_rem(b)?);
                whole.checked_add(i64::from(rest != 0 && (rest > 0) == (b > 0)))
            }
        }
    }

    /// Calls `see` with every number, extent and knob in it.
    pub fn visit(&self, see: &mut impl FnMut(&Size)) {
        match self {
            Size::Computed(computed) => {
                computed.left.visit(see);
                computed.right.visit(see);
            }
            plain => see(plain),
        }
    }

    /// As it is written; `knob` names the knobs.
    pub fn text(&self, knob: &impl Fn(usize) -> String) -> String {
        match self {
            Size::Count(count) => count.to_string(),
            Size::Extent(dim) => dim.name().to_string(),
            Size::Knob(index) => knob(*index),
            Size::Computed(computed) => {
                let Computed { left, sign, right } = computed.as_ref();
                let inner = |size: &Size, bracketed: &dyn Fn(Sign) -> bool| match size {
                    Size::Computed(c) if bracketed(c.sign) => format!("({})", size.text(knob)),
                    _ => size.text(knob),
                };
                // A chain is read from the left: what is joined on the right first needs its brackets.
                let left = inner(left, &|s| sign.tight() && !s.tight());
                let right = inner(right, &|s| sign.tight() || !s.tight());
                format!("{left} {} {right}", sign.text())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(left: Size, sign: Sign, right: Size) -> Size {
        Size::Computed(Arc::new(Computed { left, sign, right }))
    }

    #[test]
    fn sizes_are_computed_and_written() {
        use Sign::{Add, Divide, Multiply, Subtract};
        let (c, knob) = (Size::Extent(Dim::C), Size::Knob(1));
        let plain = |size: &Size| match size {
            Size::Count(n) => i64::try_from(*n).ok(),
            Size::Extent(_) => Some(7),
            Size::Knob(_) => Some(3),
            Size::Computed(_) => None,
        };
        let shown = |size: &Size| (size.text(&|_| "tile".to_string()), size.value(&plain));
        let is = |text: &str, value| (text.to_string(), value);
        let half = joined(c.clone(), Divide, Size::Count(2));
        assert_eq!(shown(&half), is("C / 2", Some(4)));
        let window = joined(
            joined(knob.clone(), Add, c.clone()),
            Subtract,
            Size::Count(1),
        );
        assert_eq!(shown(&window), is("tile + C - 1", Some(9)));
        let twice = joined(Size::Count(2), Multiply, window.clone());
        assert_eq!(shown(&twice), is("2 * (tile + C - 1)", Some(18)));
        let less = joined(c.clone(), Subtract, window);
        assert_eq!(shown(&less), is("C - (tile + C - 1)", Some(-2)));
        let third = joined(less, Divide, Size::Count(3));
        assert_eq!(shown(&third), is("(C - (tile + C - 1)) / 3", Some(0)));
        let none = joined(c.clone(), Divide, joined(knob.clone(), Subtract, knob));
        assert_eq!(shown(&none).1, None);
        let large = joined(c, Multiply, Size::Count(i64::MAX as u64));
        assert_eq!(shown(&large).1, None);
    }
}
