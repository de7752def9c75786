//! The optimiser.

use super::gradient::Gradient;
use super::policy::Policy;

/// Adam (Kingma and Ba, 2015), with the gradient first scaled down to a largest global norm:
///
/// ```text
/// g <- g min(1, max_norm / |g|)
/// m <- beta1 m + (1 - beta1) g          v <- beta2 v + (1 - beta2) g²
/// p <- p - factor learning_rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
/// ```
#[derive(Debug, Clone)]
pub struct Adam {
    /// Step size; may be changed between steps.
    pub learning_rate: f32,
    /// Decay of the mean of gradients, 0.9 at first.
    pub beta1: f32,
    /// Decay of the mean of squared gradients, 0.999 at first.
    pub beta2: f32,
    /// Keeps the division finite, 1e-8 at first.
    pub epsilon: f32,
    /// Largest global norm of a gradient; infinite (no clipping) at first.
    pub max_norm: f32,
    /// Factor of the step size of each parameter.
    factors: Vec<f32>,
    means: Vec<f32>,
    squares: Vec<f32>,
    /// beta1^t and beta2^t.
    powers: (f64, f64),
}

impl Adam {
    /// The optimiser of `policy` before its first step.
    pub fn new(policy: &Policy, learning_rate: f32) -> Self {
        Adam::with_length(policy.parameters.len(), learning_rate)
    }

    fn with_length(length: usize, learning_rate: f32) -> Self {
        Adam {
            learning_rate,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            max_norm: f32::INFINITY,
            factors: vec![1.0; length],
            means: vec![0.0; length],
            squares: vec![0.0; length],
            powers: (1.0, 1.0),
        }
    }

    /// Gives a group of parameters (see [`Policy::groups`]) its own step size, `factor` times the
    /// common one.
    pub fn scale(&mut self, group: std::ops::Range<usize>, factor: f32) {
        self.factors[group].fill(factor);
    }

    /// Moves the policy against the gradient, and returns the gradient's norm before clipping.
    ///
    /// A gradient that is not finite changes nothing, here or in the policy.
    pub fn step(&mut self, policy: &mut Policy, gradient: &Gradient) -> f64 {
        let norm = gradient.norm();
        if norm.is_finite() {
            self.update(&mut policy.parameters, &gradient.values, norm);
        }
        norm
    }

    /// The equations of [`Adam`] on plain slices.
    fn update(&mut self, parameters: &mut [f32], gradient: &[f32], norm: f64) {
        assert_eq!(
            parameters.len(),
            self.means.len(),
            "optimiser of another policy"
        );
        assert_eq!(
            gradient.len(),
            self.means.len(),
            "gradient of another policy"
        );
        let largest = f64::from(self.max_norm);
        let clip = if norm > largest {
            (largest / norm) as f32
        } else {
            1.0
        };
        let (beta1, beta2) = (self.beta1, self.beta2);
        self.powers.0 *= f64::from(beta1);
        self.powers.1 *= f64::from(beta2);
        let unbias1 = (1.0 / (1.0 - self.powers.0)) as f32;
        let unbias2 = (1.0 / (1.0 - self.powers.1)) as f32;
        let (rate, epsilon) = (self.learning_rate, self.epsilon);
        let state = self
            .means
            .iter_mut()
            .zip(&mut self.squares)
            .zip(&self.factors);
        for ((p, &g), ((m, v), factor)) in parameters.iter_mut().zip(gradient).zip(state) {
            let g = g * clip;
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * (g * g);
            *p -= rate * factor * (*m * unbias1) / ((*v * unbias2).sqrt() + epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(actual: f32, expected: f64) {
        let error = (f64::from(actual) - expected).abs();
        assert!(
            error < 2e-6 * expected.abs().max(0.1),
            "{actual} is not {expected}"
        );
    }

    /// Two steps by hand with rate 0.1 from p = 1, g = 0.5 then -0.25:
    /// t = 1: m = 0.05, v = 0.00025, m / 0.1 = 0.5, v / 0.001 = 0.25, p = 1 - 0.1 * 0.5 / 0.5;
    /// t = 2: m = 0.045 - 0.025 = 0.02, v = 0.00024975 + 0.0000625 = 0.00031225,
    ///        m / 0.19 = 0.10526316, sqrt(v / 0.001999) = sqrt(0.15620310) = 0.39522538,
    ///        p = 0.9 - 0.1 * 0.26633705 = 0.87336630.
    #[test]
    fn two_steps_by_hand() {
        let mut adam = Adam::with_length(1, 0.1);
        let mut p = [1.0];
        adam.update(&mut p, &[0.5], 0.5);
        assert_close(p[0], 0.9);
        assert_close(adam.means[0], 0.05);
        assert_close(adam.squares[0], 0.000_25);
        adam.update(&mut p, &[-0.25], 0.25);
        assert_close(p[0], 0.873_366_30);
        adam.learning_rate = 0.0;
        adam.update(&mut p, &[3.0], 3.0);
        assert_close(p[0], 0.873_366_30);
    }

    /// (3, 4) has norm 5; clipped to 1 it is (0.6, 0.8), and the state sees that.
    #[test]
    fn the_global_norm_is_clipped() {
        let mut adam = Adam::with_length(2, 0.1);
        adam.max_norm = 1.0;
        adam.update(&mut [0.0; 2], &[3.0, 4.0], 5.0);
        assert_close(adam.means[0], 0.06);
        assert_close(adam.means[1], 0.08);
        assert_close(adam.squares[1], 0.000_64);
        adam.max_norm = 5.0;
        adam.update(&mut [0.0; 2], &[3.0, 4.0], 5.0);
        assert_close(adam.means[0], 0.9 * 0.06 + 0.3);
    }
}
