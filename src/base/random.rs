//! Random streams: one `ChaCha8` stream per purpose, never shared between threads.
//!
//! Sampling functions are our own few, under literal test vectors, because crates change the
//! values their distributions give between versions and a decision must not change with them.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A random stream for one purpose.
#[derive(Debug, Clone)]
pub struct Stream {
    rng: ChaCha8Rng,
}

impl Stream {
    /// The stream of `seed` for the purpose `(purpose, index)`, e.g. ("episode", 17). Streams of
    /// different purposes are independent; the same purpose gives the same stream everywhere.
    pub fn new(seed: u64, purpose: &str, index: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // FNV-1a over the purpose's bytes and the index picks the ChaCha stream number.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in purpose.bytes().chain(index.to_le_bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        rng.set_stream(hash);
        Stream { rng }
    }

    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.rng.next_u64()
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform integer in `0..n` by the widening multiplication of Lemire (2019), without its
    /// rejection step: the bias is below n / 2^64. `n` must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        debug_assert!(n > 0);
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Index drawn with probability proportional to `weights` (non-negative, not all 0).
    pub fn weighted(&mut self, weights: &[f32]) -> usize {
        let total: f64 = weights.iter().map(|&w| f64::from(w)).sum();
        let mut left = self.uniform() * total;
        let mut last = 0;
        for (i, &w) in weights.iter().enumerate() {
            if w > 0.0 {
                last = i;
                left -= f64::from(w);
                if left < 0.0 {
                    return i;
                }
            }
        }
        last
    }

    /// Fisher-Yates shuffle.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Stream {
        Stream::new(42, "test", 7)
    }

    /// Literal vectors, here and below: a change of `rand_chacha` or of a method that moved one of
    /// these would move decisions. Confirmed by a second implementation written from the
    /// definition of `ChaCha8`, of `seed_from_u64` (PCG32) and of the methods above.
    #[test]
    fn bits_are_pinned() {
        let mut s = stream();
        let bits = [0; 4].map(|_| s.bits());
        assert_eq!(
            bits,
            [
                0x3b4c_b2f3_1db5_b475,
                0x8db1_b0a8_f0fe_704a,
                0x42b9_fe46_b662_20c4,
                0x942f_910f_f356_2edb
            ],
            "{bits:#018x?}"
        );
    }

    #[test]
    fn uniforms_are_pinned() {
        let mut s = stream();
        let bits = [0; 3].map(|_| s.uniform().to_bits());
        assert_eq!(
            bits,
            [
                0x3fcd_a659_798e_dad8,
                0x3fe1_b636_151e_1fce,
                0x3fd0_ae7f_91ad_9888
            ],
            "{bits:#018x?}"
        );
    }

    #[test]
    fn integers_are_pinned() {
        let mut s = stream();
        assert_eq!(
            [0; 12].map(|_| s.below(10)),
            [2, 5, 2, 5, 3, 3, 5, 4, 0, 0, 2, 0]
        );
        assert_eq!([0; 4].map(|_| s.below(1)), [0; 4]);
    }

    #[test]
    fn chances_are_pinned() {
        let mut s = stream();
        assert_eq!(
            [0; 8].map(|_| s.chance(0.5)),
            [true, false, true, false, true, true, false, true]
        );
        assert!(!s.chance(0.0) && s.chance(1.0));
    }

    #[test]
    fn shuffles_are_pinned() {
        let mut items = [0, 1, 2, 3, 4, 5, 6, 7];
        stream().shuffle(&mut items);
        assert_eq!(items, [0, 4, 6, 5, 2, 7, 3, 1]);
    }

    #[test]
    fn weighted_draws_are_pinned() {
        let mut s = stream();
        let weights = [1.0, 0.0, 2.0, 1.5, 0.0];
        assert_eq!(
            [0; 16].map(|_| s.weighted(&weights)),
            [2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 2, 0, 2, 2, 0, 3]
        );
    }

    #[test]
    fn weights_are_proportions_and_zero_is_never_drawn() {
        let mut s = stream();
        let weights = [0.0, 1.0, 0.0, 3.0, 0.0];
        let mut counts = [0; 5];
        for _ in 0..4000 {
            counts[s.weighted(&weights)] += 1;
        }
        assert_eq!((counts[0], counts[2], counts[4]), (0, 0, 0));
        assert!((900..1100).contains(&counts[1]), "{counts:?}");
    }

    /// Each part of the address (seed, purpose, index) picks another stream.
    #[test]
    fn purposes_are_apart() {
        let firsts = [
            (42, "test", 7),
            (43, "test", 7),
            (42, "tess", 7),
            (42, "test", 8),
        ]
        .map(|(seed, purpose, index)| Stream::new(seed, purpose, index).bits());
        for (i, a) in firsts.iter().enumerate() {
            assert!(!firsts[..i].contains(a));
        }
        assert_eq!(firsts[0], stream().bits());
    }
}
