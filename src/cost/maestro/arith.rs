//! Integer arithmetic that refuses instead of wrapping.
//!
//! Sizes (extents, tile sizes, steps, PEs) are at most [`SIZE_LIMIT`], so a sum of sizes or one
//! product of two sizes plus a few sizes fits an `i64`: formulas of sizes use plain operators.
//! Counts are products of up to a dozen sizes and occurrences: they use the functions here.

use super::refusal::Refusal;

/// The largest extent, tile size, step, cluster size or hardware parameter: 2^31 - 1. The original
/// keeps them in 32-bit integers; here the limit is what lets formulas of sizes do without checks.
pub const SIZE_LIMIT: i64 = i32::MAX as i64;

/// A count does not fit 64 bits. A type of its own, because a result that may carry a whole
/// [`Refusal`] would be passed through memory rather than in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overflow;

impl From<Overflow> for Refusal {
    fn from(_: Overflow) -> Refusal {
        Refusal::Overflow
    }
}

/// a + b.
#[inline]
pub(super) fn add(a: i64, b: i64) -> Result<i64, Overflow> {
    a.checked_add(b).ok_or(Overflow)
}

/// a b.
#[inline]
pub(super) fn mul(a: i64, b: i64) -> Result<i64, Overflow> {
    a.checked_mul(b).ok_or(Overflow)
}

/// total := total + times value.
#[inline]
pub(super) fn accumulate(total: &mut i64, times: i64, value: i64) -> Result<(), Overflow> {
    *total = add(*total, mul(times, value)?)?;
    Ok(())
}

/// The product of all factors; 1 if there are none.
#[inline(always)]
pub(super) fn product(factors: impl IntoIterator<Item = i64>) -> Result<i64, Overflow> {
    let mut total = 1;
    for factor in factors {
        total = mul(total, factor)?;
    }
    Ok(total)
}

/// a / b rounded towards zero, for 0 <= a and 0 < b: without signs it takes fewer steps.
#[inline(always)]
pub(super) fn div(a: i64, b: i64) -> i64 {
    (a as u64 / b as u64) as i64
}

/// a / b rounded up, for 0 <= a and 0 < b.
#[inline(always)]
pub(super) fn div_up(a: i64, b: i64) -> i64 {
    (a as u64).div_ceil(b as u64) as i64
}

/// a / b rounded towards zero, for 0 <= a < 2^32 and 0 < b < 2^32, as differences and products of a
/// few sizes are: half the width takes a fraction of the time.
#[inline(always)]
pub(super) fn div_sizes(a: i64, b: i64) -> i64 {
    i64::from(a as u32 / b as u32)
}

/// The remainder of [`div_sizes`].
#[inline(always)]
pub(super) fn rem_sizes(a: i64, b: i64) -> i64 {
    i64::from(a as u32 % b as u32)
}

/// `value`, if it is a size the model can work with: in 1 ..= [`SIZE_LIMIT`].
#[inline]
pub(super) fn is_size(value: i64) -> bool {
    (1..=SIZE_LIMIT).contains(&value)
}
