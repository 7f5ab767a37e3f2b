//! Random numbers that are the same on every machine.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// What random numbers are for. Each purpose has a stream of its own, so that drawing more numbers for one does not
/// shift those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The weights that a network starts with.
    Weights,
    /// The masks of a dropout layer, by the position of the layer in its network (from 0).
    Dropout(u32),
    /// The seed of a step of a training, by the number of the step (from 0, below 2⁶³).
    Step(u64),
    /// Anything else that wants a stream of its own.
    Other(u32),
}

impl Purpose {
    fn stream(self) -> u64 {
        match self {
            Purpose::Weights => 0,
            Purpose::Dropout(layer) => (1 << 32) | u64::from(layer),
            Purpose::Step(number) => (1 << 63) | number,
            Purpose::Other(number) => (2 << 32) | u64::from(number),
        }
    }
}

/// A generator of random numbers: ChaCha with 8 rounds, keyed by a seed, with one stream a [`Purpose`].
///
/// The numbers for a seed and a purpose never change: a test pins the first of them.
///
/// ```
/// use layers::{Purpose, Random};
/// let mut random = Random::new(0, Purpose::Weights);
/// let mut again = Random::new(0, Purpose::Weights);
/// assert_eq!(random.normal(), again.normal());
/// assert!((0.0..1.0).contains(&random.uniform()));
/// ```
#[derive(Debug)]
pub struct Random {
    generator: ChaCha8Rng,
    /// Box–Muller makes two numbers at a time; the second waits here.
    spare: Option<f64>,
}

impl Random {
    /// The generator of this seed for this purpose, at its beginning.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        // The key is the seed in little-endian bytes, then zeros: spelled out here, so that it does not depend on how a
        // version of the crate `rand` widens a seed.
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(purpose.stream());
        Random { generator, spare: None }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// A number in [0, 1), evenly distributed: the top 53 of 64 random bits, as a fraction.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// A number from the normal distribution of mean 0 and standard deviation 1.
    ///
    /// By the method of Box and Muller (1958): with u, v even in (0, 1] and [0, 1), `sqrt(−2 ln u) · cos(2π v)` and
    /// `sqrt(−2 ln u) · sin(2π v)` are two such numbers, independent of each other.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let u = 1.0 - self.uniform(); // never 0, whose logarithm is infinite
        let v = self.uniform();
        let radius = (-2.0 * libm::log(u)).sqrt();
        let angle = std::f64::consts::TAU * v;
        self.spare = Some(radius * libm::sin(angle));
        radius * libm::cos(angle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keystream of ChaCha with 8 rounds for a key and a nonce of zeros begins with the bytes 3e 00 ef 2f 89 5f 40 d6
    /// 7f 5b b8 e8 1f 09 a5 a1 (Bernstein's own test vector).
    #[test]
    fn the_generator_is_chacha8() {
        let mut random = Random::new(0, Purpose::Weights);
        assert_eq!([random.bits(), random.bits()], [0xd640_5f89_2fef_003e, 0xa1a5_091f_e8b8_5b7f]);
    }

    /// Trained networks depend on these bits: they never change.
    #[test]
    fn the_first_numbers_are_pinned() {
        let first = |seed, purpose| {
            let mut random = Random::new(seed, purpose);
            let uniform = random.uniform().to_bits();
            [uniform, random.normal().to_bits(), random.normal().to_bits()]
        };
        let pinned = [
            (0, Purpose::Weights, [0x3fea_c80b_f125_fde0, 0x3fc3_f0b7_370a_192e, 0x3ff6_77db_17a0_7675]),
            (1, Purpose::Weights, [0x3fd8_6a52_9268_3a56, 0x3fcf_f305_abac_4f2d, 0xbfe9_8833_f9d5_3bca]),
            (0, Purpose::Dropout(0), [0x3fef_95fb_dd2c_f7a5, 0xbfdc_bb69_c5ec_b828, 0xbfd8_7707_61e0_1266]),
            (0, Purpose::Dropout(3), [0x3fca_baa3_095d_6cec, 0xbfbc_4fb8_1849_6ba2, 0x3fd3_9266_45da_75b7]),
            (0, Purpose::Step(0), [0x3fc5_e98f_8dda_b564, 0xbfc3_ad65_811b_f25e, 0xbfe1_e5bf_3ef0_0888]),
            (0, Purpose::Step(1 << 32), [0x3fc4_5551_3af8_7458, 0xbfe5_c5dd_b2e1_799e, 0x3fda_5b65_4ed6_d05f]),
            (0, Purpose::Other(0), [0x3feb_5891_592f_1b96, 0x3ff4_2b06_f519_b326, 0x3fea_5c1e_a116_3843]),
        ];
        for (seed, purpose, numbers) in pinned {
            assert_eq!(first(seed, purpose), numbers, "seed {seed}, {purpose:?}");
        }
    }

    #[test]
    fn every_purpose_has_a_stream_of_its_own() {
        let purposes = [
            Purpose::Weights,
            Purpose::Dropout(0),
            Purpose::Dropout(u32::MAX),
            Purpose::Other(0),
            Purpose::Other(u32::MAX),
            Purpose::Step(0),
            Purpose::Step(1),
            Purpose::Step(1 << 32),
            Purpose::Step((1 << 32) + 1),
            Purpose::Step((1 << 63) - 1),
        ];
        let streams: std::collections::HashSet<_> = purposes.map(Purpose::stream).into_iter().collect();
        assert_eq!(streams.len(), purposes.len());
    }

    /// Mean, variance, and how often two standard deviations are left; each within four times its own deviation.
    #[test]
    fn normal_numbers_are_normal() {
        let mut random = Random::new(0, Purpose::Other(1));
        let n = 100_000;
        let numbers: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let mean = |f: &dyn Fn(f64) -> f64| numbers.iter().map(|&x| f(x)).sum::<f64>() / f64::from(n);
        let root = f64::from(n).sqrt();
        assert!(mean(&|x| x).abs() < 4.0 / root);
        assert!((mean(&|x| x * x) - 1.0).abs() < 4.0 * 2_f64.sqrt() / root);
        assert!((mean(&|x| x * x * x * x) - 3.0).abs() < 4.0 * 96_f64.sqrt() / root);
        let outside = mean(&|x| f64::from(u8::from(x.abs() > 2.0)));
        assert!((outside - 0.0455).abs() < 4.0 * (0.0455_f64 * 0.9545).sqrt() / root, "{outside}");
        // Neighbours come from the same two uniform numbers, and know nothing of each other.
        let together = numbers.chunks_exact(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / f64::from(n / 2);
        assert!(together.abs() < 4.0 / f64::from(n / 2).sqrt());
    }
}
