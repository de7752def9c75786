//! The gradient of a loss with respect to the parameters of a policy.

use super::kernels;
use super::policy::Policy;

/// One value per parameter, in the order of [`Policy::groups`].
#[derive(Debug, Clone)]
pub struct Gradient {
    pub(super) values: Vec<f32>,
}

impl Gradient {
    /// The zero gradient for `policy`.
    pub fn new(policy: &Policy) -> Self {
        Gradient {
            values: vec![0.0; policy.parameters.len()],
        }
    }

    /// Sets every value to zero.
    pub fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// Adds another gradient of the same policy. Gradients computed by several threads must be
    /// added in an order that does not depend on the threads.
    pub fn add(&mut self, other: &Gradient) {
        assert_eq!(
            self.values.len(),
            other.values.len(),
            "gradients of different policies"
        );
        kernels::add(&mut self.values, &other.values);
    }

    /// The values.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Euclidean norm over all parameters.
    pub fn norm(&self) -> f64 {
        kernels::sum_of_squares(&self.values).sqrt()
    }
}
