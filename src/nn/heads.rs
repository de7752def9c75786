//! One decision of one head: the masked softmax, its entropy, and the gradient of the loss.

use super::activation::exp;
use crate::base::math;

/// The softmax of `logits` over the levels `mask` allows: writes each level's probability (0 where
/// forbidden) and its logarithm (-inf where forbidden), and returns the entropy in nats.
///
/// Panics if no level is allowed.
pub(super) fn distribution(
    logits: &[f32],
    mask: &[bool],
    probabilities: &mut [f32],
    logarithms: &mut [f32],
) -> f32 {
    let best = greedy(logits, mask);
    let top = logits[best];
    let mut total = 0.0_f32;
    for ((p, &z), &allowed) in probabilities.iter_mut().zip(logits).zip(mask) {
        *p = if allowed { exp(z - top) } else { 0.0 };
        total += *p;
    }
    let log_total = math::ln(f64::from(total)) as f32;
    let mut entropy = 0.0_f32;
    for (i, p) in probabilities.iter_mut().enumerate() {
        *p /= total;
        if mask[i] {
            logarithms[i] = logits[i] - top - log_total;
            entropy -= *p * logarithms[i];
        } else {
            logarithms[i] = f32::NEG_INFINITY;
        }
    }
    entropy
}

/// The allowed level of the largest logit, the first of equals. Panics if no level is allowed.
pub(super) fn greedy(logits: &[f32], mask: &[bool]) -> usize {
    let mut best = mask
        .iter()
        .position(|&allowed| allowed)
        .expect("a mask forbids every level");
    for (i, &allowed) in mask.iter().enumerate() {
        if allowed && logits[i] > logits[best] {
            best = i;
        }
    }
    best
}

/// The gradient of -A log π(a) - β S(π) with respect to the logits, S being the entropy:
///
/// ```text
/// d_logits[i] = A (π[i] - [i = a]) + β π[i] (log π[i] + S)
/// ```
///
/// where `advantage` = A and `bonus` = β are already divided by the loss's divisor.
pub(super) fn gradient(
    probabilities: &[f32],
    logarithms: &[f32],
    entropy: f32,
    choice: usize,
    advantage: f32,
    bonus: f32,
    d_logits: &mut [f32],
) {
    for ((d, &p), &log) in d_logits.iter_mut().zip(probabilities).zip(logarithms) {
        *d = if p > 0.0 {
            advantage * p + bonus * p * (log + entropy)
        } else {
            0.0
        };
    }
    d_logits[choice] -= advantage;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_levels_have_no_probability() {
        let (mut p, mut log) = ([9.0; 4], [9.0; 4]);
        let mask = [true, false, true, true];
        let entropy = distribution(&[1.0, 50.0, 1.0, 1.0], &mask, &mut p, &mut log);
        assert_eq!(p[1], 0.0);
        assert_eq!(log[1], f32::NEG_INFINITY);
        assert_eq!(p[0], 1.0 / 3.0);
        assert!((entropy - 3.0_f32.recip() * 3.0 * 1.098_612_3).abs() < 1e-6);
        // Far below the best, a level keeps a finite logarithm.
        distribution(
            &[0.0, -500.0, 0.0, 0.0],
            &[true, true, false, false],
            &mut p,
            &mut log,
        );
        assert_eq!(log[1], -500.0);
        assert!(p[1] < 1e-37);
    }

    #[test]
    fn ties_go_to_the_first() {
        assert_eq!(greedy(&[1.0, 2.0, 2.0], &[true; 3]), 1);
        assert_eq!(greedy(&[3.0, 2.0, 2.0], &[false, true, true]), 1);
    }

    #[test]
    #[should_panic(expected = "forbids every level")]
    fn an_empty_mask_is_refused() {
        greedy(&[1.0], &[false]);
    }

    /// One allowed level: nothing to decide, nothing to learn.
    #[test]
    fn a_forced_choice_has_no_gradient() {
        let (mut p, mut log, mut d) = ([0.0; 2], [0.0; 2], [9.0; 2]);
        let entropy = distribution(&[1.0, 3.0], &[true, false], &mut p, &mut log);
        gradient(&p, &log, entropy, 0, 2.5, 0.1, &mut d);
        assert_eq!((entropy, d), (0.0, [0.0, 0.0]));
    }
}
