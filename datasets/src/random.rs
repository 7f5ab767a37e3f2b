//! Random numbers that are the same on every machine: the ChaCha8 stream cipher as a generator.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// A generator for one purpose. Generators of different purposes, or of different streams of a purpose, are independent.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// The key of the cipher is the seed (little-endian) followed by the purpose; `stream` is the cipher's nonce.
    pub(crate) fn new(seed: u64, purpose: &[u8; 24], stream: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(purpose);
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream);
        Self(generator)
    }

    /// A whole number below `bound`, each equally likely.
    ///
    /// Multiplies 32 random bits by the bound and keeps the upper half; the few products whose lower half is too small
    /// would favour some numbers and are drawn again. (Lemire, "Fast random integer generation in an interval", 2019.)
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "there is no number below 0");
        loop {
            let product = u64::from(self.0.next_u32()) * u64::from(bound);
            let lower = product as u32;
            if lower >= bound || lower >= bound.wrapping_neg() % bound {
                return (product >> 32) as u32;
            }
        }
    }

    /// Puts the elements into a random order, each order equally likely. (Fisher and Yates.)
    pub(crate) fn shuffle<T>(&mut self, elements: &mut [T]) {
        for last in (1..elements.len()).rev() {
            elements.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

#[cfg(feature = "digits")]
impl Random {
    /// A number from 0 to 1, 1 excluded: a multiple of 2⁻²⁴.
    pub(crate) fn uniform(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// A number between two others.
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// A number of about the normal distribution with mean 0 and deviation 1: the sum of four uniform ones, so never
    /// beyond ±3.5, and computed without logarithm or cosine.
    pub(crate) fn normal(&mut self) -> f32 {
        let sum = self.uniform() + self.uniform() + self.uniform() + self.uniform();
        // Four uniform numbers have the mean 2 and the variance 4 / 12.
        (sum - 2.0) * 1.732_050_8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSE: &[u8; 24] = b"a test                  ";

    #[test]
    fn the_first_numbers_never_change() {
        let mut random = Random::new(1, PURPOSE, 0);
        let numbers: [u32; 6] = std::array::from_fn(|_| random.below(1000));
        assert_eq!(numbers, [188, 173, 159, 871, 56, 994]);
    }

    #[test]
    fn seeds_purposes_and_streams_differ() {
        let first = |seed, purpose, stream| Random::new(seed, purpose, stream).below(u32::MAX);
        let one = first(1, PURPOSE, 0);
        assert_ne!(one, first(2, PURPOSE, 0));
        assert_ne!(one, first(1, b"another test            ", 0));
        assert_ne!(one, first(1, PURPOSE, 1));
    }

    #[test]
    fn whole_numbers_are_equally_likely() {
        let mut random = Random::new(7, PURPOSE, 0);
        let mut counts = [0; 7];
        (0..70_000).for_each(|_| counts[random.below(7) as usize] += 1);
        // The deviation of such a count is √(70,000 · 1/7 · 6/7) = 93.
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
        // With a bound of 3/4 of all numbers, every third number would come twice as often if none were drawn again.
        let thirds = (0..30_000).filter(|_| random.below(3 << 30).is_multiple_of(3)).count();
        assert!((9_650..10_350).contains(&thirds), "{thirds}");
    }

    #[test]
    fn every_order_is_equally_likely() {
        let mut random = Random::new(3, PURPOSE, 0);
        let mut counts = std::collections::HashMap::new();
        for _ in 0..24_000 {
            let mut order = [0, 1, 2, 3];
            random.shuffle(&mut order);
            *counts.entry(order).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        // The deviation of such a count is about 31.
        assert!(counts.values().all(|count| (870..1130).contains(count)), "{counts:?}");
    }

    #[cfg(feature = "digits")]
    #[test]
    fn normal_numbers_have_mean_zero_and_deviation_one() {
        let mut random = Random::new(5, PURPOSE, 0);
        let numbers: Vec<f64> = (0..40_000).map(|_| f64::from(random.normal())).collect();
        let mean = numbers.iter().sum::<f64>() / 40_000.0;
        let variance = numbers.iter().map(|number| number * number).sum::<f64>() / 40_000.0;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }
}
