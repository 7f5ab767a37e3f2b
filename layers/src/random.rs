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
    /// Anything else that wants a stream of its own.
    Other(u32),
}

impl Purpose {
    fn stream(self) -> u64 {
        match self {
            Purpose::Weights => 0,
            Purpose::Dropout(layer) => (1 << 32) | u64::from(layer),
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
