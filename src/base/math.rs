//! Elementary functions with the same bits on every machine.
//!
//! The platform's own `exp`, `ln` and `tanh` differ in the last place between libraries, and a
//! search amplifies one bit into another decision. These come from the `libm` crate, whose version
//! is pinned; everything else in the crate calls them here (clippy forbids the platform's).

/// e^x.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// Natural logarithm.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Base-2 logarithm.
pub fn log2(x: f64) -> f64 {
    libm::log2(x)
}

/// x to the power y.
pub fn powf(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// e^x in single precision.
pub fn expf(x: f32) -> f32 {
    libm::expf(x)
}

/// Hyperbolic tangent in single precision.
pub fn tanhf(x: f32) -> f32 {
    libm::tanhf(x)
}

/// Logistic function 1 / (1 + e^-x) in single precision.
pub fn sigmoidf(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Literal bit patterns: a change of `libm` that moved one of these would move decisions.
    #[test]
    fn bits_are_pinned() {
        assert_eq!(exp(1.0).to_bits(), 0x4005_bf0a_8b14_576a);
        assert_eq!(ln(10.0).to_bits(), 0x4002_6bb1_bbb5_5516);
        assert_eq!(log2(8.0), 3.0);
        assert_eq!(powf(2.0, 0.5).to_bits(), 0x3ff6_a09e_667f_3bcd);
        assert_eq!(tanhf(0.5).to_bits(), 0x3eec_9a9e);
        assert_eq!(expf(1.0).to_bits(), 0x402d_f854);
        assert_eq!(sigmoidf(0.0), 0.5);
    }
}
