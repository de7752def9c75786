//! The non-linear functions of the network, as loops the compiler can vectorise.
//!
//! `base::math` calls `libm` one value at a time; a rollout needs some 10^5 of these values per
//! batch. Here is one exponential made of additions, multiplications and bit moves only, hence
//! with the same bits on every machine, and what follows from it. Errors are bounded by tests.

/// 1/k! for k = 7, 6, ... 2: the Taylor series of e^r to r^7, whose remainder on |r| <= ln 2 / 2
/// is below 6e-9 of the value, a tenth of a unit in the last place.
const INVERSE_FACTORIALS: [f32; 6] = [
    1.0 / 5040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

/// 1.5 * 2^23: adding it rounds a float to an integer, which then lies in the low bits of the sum.
const ROUNDER: f32 = 12_582_912.0;

/// ln 2 in two parts; the first has 9 significant bits, so k times it is exact for any |k| < 2^15.
const LN2_HIGH: f32 = 355.0 / 512.0;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// Beyond this the result would leave the normal floats; arguments are clamped to it.
const EXP_LIMIT: f32 = 87.0;

/// e^x for x clamped to [-87, 87]: e^x = 2^k e^r with k = round(x / ln 2).
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Not `clamp`: these two selections are one instruction each.
    let x = if x > -EXP_LIMIT { x } else { -EXP_LIMIT };
    let x = if x < EXP_LIMIT { x } else { EXP_LIMIT };
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let k = shifted - ROUNDER;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    let mut series = INVERSE_FACTORIALS[0];
    for &c in &INVERSE_FACTORIALS[1..] {
        series = series * r + c;
    }
    let series = (series * r + 1.0) * r + 1.0;
    let exponent = shifted
        .to_bits()
        .wrapping_sub(ROUNDER.to_bits())
        .wrapping_add(127);
    series * f32::from_bits(exponent.wrapping_shl(23))
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Hyperbolic tangent, exactly odd: ±(1 - e^-2|x|) / (1 + e^-2|x|).
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let e = exp(-2.0 * x.abs());
    ((1.0 - e) / (1.0 + e)).copysign(x)
}

/// [`sigmoid`] of every element.
pub(super) fn sigmoid_all(values: &mut [f32]) {
    for v in values {
        *v = sigmoid(*v);
    }
}

/// [`tanh`] of every element.
pub(super) fn tanh_all(values: &mut [f32]) {
    for v in values {
        *v = tanh(*v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::math;

    /// Some 2 * 10^5 points, dense near 0 and out to ±limit.
    fn points(limit: f64) -> impl Iterator<Item = f32> {
        (-100_000..=100_000).map(move |i| {
            let s = f64::from(i) / 100_000.0;
            (limit * s * s * s) as f32
        })
    }

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        let worst = points(86.9)
            .map(|x| {
                let exact = math::exp(f64::from(x));
                ((f64::from(exp(x)) - exact) / exact).abs()
            })
            .fold(0.0, f64::max);
        assert!(worst < 2.4e-7, "{worst:e}");
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn sigmoid_and_tanh_are_within_two_units_of_one() {
        for x in points(100.0) {
            let wide = f64::from(x);
            let error = f64::from(sigmoid(x)) - 1.0 / (1.0 + math::exp(-wide));
            assert!(error.abs() < 1.5e-7, "sigmoid({x}) is off by {error:e}");
            let e = math::exp(-2.0 * wide.abs());
            let exact = ((1.0 - e) / (1.0 + e)).copysign(wide);
            let error = f64::from(tanh(x)) - exact;
            assert!(error.abs() < 1.5e-7, "tanh({x}) is off by {error:e}");
            assert_eq!(tanh(-x).to_bits(), (-tanh(x)).to_bits());
        }
    }

    #[test]
    fn far_arguments_stay_finite() {
        assert_eq!(exp(-1e30), exp(-87.0));
        assert_eq!(exp(1e30), exp(87.0));
        assert!(exp(-1e30) > 0.0 && exp(1e30).is_finite());
        assert_eq!(sigmoid(1e30), 1.0);
        assert!(sigmoid(-1e30) < 1e-37);
        assert_eq!(tanh(-1e30), -1.0);
    }

    /// Literal bit patterns: one moved bit here would move decisions.
    #[test]
    fn bits_are_pinned() {
        let bits = [
            exp(1.0),
            exp(-3.7),
            sigmoid(0.3),
            sigmoid(-4.0),
            tanh(0.5),
            tanh(-0.01),
        ]
        .map(f32::to_bits);
        assert_eq!(
            bits,
            [
                0x402d_f854,
                0x3cca_88fe,
                0x3f13_0eaa,
                0x3c93_57d1,
                0x3eec_9a9f,
                0xbc23_d5a0
            ],
            "{bits:#x?}"
        );
    }
}
