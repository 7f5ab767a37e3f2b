//! What weights start with.

use std::fmt;

use tensor::Real;

use crate::error::NetworkError;
use crate::random::Random;

/// How many inputs meet in one output of a layer, and how many outputs one input reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fans {
    /// Inputs of one output: `I` of an affine layer, `C·FH·FW` of a convolution.
    pub fan_in: usize,
    /// Outputs that one input reaches: `O` of an affine layer, `FN·FH·FW` of a convolution.
    pub fan_out: usize,
}

/// The distribution that weights are drawn from.
///
/// | | normal: standard deviation | uniform in (−a, a): a | for |
/// |---|---|---|---|
/// | fixed | `std` | `limit` | the book's 0.01 |
/// | Xavier | `sqrt(1 / fan_in)` | `sqrt(3 / fan_in)` | sigmoid, tanh: as the book simplifies it |
/// | Glorot | `sqrt(2 / (fan_in + fan_out))` | `sqrt(6 / (fan_in + fan_out))` | the same: the paper's own form |
/// | He | `sqrt(2 / fan_in)` | `sqrt(6 / fan_in)` | ReLU |
///
/// A uniform distribution over (−a, a) has the standard deviation `a / sqrt(3)`, so both columns spread alike.
///
/// Sources: the book, section 6.2; Xavier Glorot and Yoshua Bengio (2010), *Understanding the difficulty of training
/// deep feedforward neural networks*; Kaiming He et al. (2015), *Delving deep into rectifiers*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Normal, of a fixed standard deviation (the book's `weight_init_std`).
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// Uniform in (−limit, limit).
    Uniform {
        /// The largest magnitude.
        limit: f64,
    },
    /// Normal; the standard deviation is `sqrt(1 / fan_in)`.
    XavierNormal,
    /// Uniform; the limit is `sqrt(3 / fan_in)`.
    XavierUniform,
    /// Normal; the standard deviation is `sqrt(2 / (fan_in + fan_out))`.
    GlorotNormal,
    /// Uniform; the limit is `sqrt(6 / (fan_in + fan_out))`.
    GlorotUniform,
    /// Normal; the standard deviation is `sqrt(2 / fan_in)`.
    HeNormal,
    /// Uniform; the limit is `sqrt(6 / fan_in)`.
    HeUniform,
}

impl fmt::Display for Init {
    /// The distribution in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Init::Normal { std } => return write!(f, "normal {std:?}"),
            Init::Uniform { limit } => return write!(f, "uniform {limit:?}"),
            Init::XavierNormal => "xavier-normal",
            Init::XavierUniform => "xavier-uniform",
            Init::GlorotNormal => "glorot-normal",
            Init::GlorotUniform => "glorot-uniform",
            Init::HeNormal => "he-normal",
            Init::HeUniform => "he-uniform",
        })
    }
}

impl Default for Init {
    /// The book's: normal, with a standard deviation of 0.01.
    fn default() -> Self {
        Init::Normal { std: 0.01 }
    }
}

impl Init {
    /// The standard deviation of the weights.
    ///
    /// ```
    /// use layers::{Fans, Init};
    /// let fans = Fans { fan_in: 50, fan_out: 10 };
    /// assert_eq!(Init::HeNormal.std(fans), 0.2);
    /// assert_eq!(Init::Normal { std: 0.01 }.std(fans), 0.01);
    /// ```
    pub fn std(&self, fans: Fans) -> f64 {
        let (fan_in, fan_out) = (fans.fan_in as f64, fans.fan_out as f64);
        match *self {
            Init::Normal { std } => std,
            Init::Uniform { limit } => limit / 3_f64.sqrt(),
            Init::XavierNormal | Init::XavierUniform => (1.0 / fan_in).sqrt(),
            Init::GlorotNormal | Init::GlorotUniform => (2.0 / (fan_in + fan_out)).sqrt(),
            Init::HeNormal | Init::HeUniform => (2.0 / fan_in).sqrt(),
        }
    }

    /// Refuses a standard deviation or a limit that is negative or no number.
    ///
    /// # Errors
    /// [`NetworkError::Setting`].
    pub fn check(&self) -> Result<(), NetworkError> {
        let (what, got) = match *self {
            Init::Normal { std } => ("standard deviation of the initial weights", std),
            Init::Uniform { limit } => ("limit of the initial weights", limit),
            _ => return Ok(()),
        };
        if got.is_finite() && got >= 0.0 {
            return Ok(());
        }
        Err(NetworkError::Setting { layer: "Init", what, expected: "a finite number, 0 or more", got })
    }

    /// Draws the weights of this shape, in row-major order; each is drawn as an `f64` and then rounded, so that `f32`
    /// and `f64` networks of the same seed start alike. The layer has refused a size of zero: one would hide how large the
    /// others are, here and where the biases are made.
    ///
    /// # Errors
    /// As [`check`](Init::check), or where a weight is infinite in `F`, or so many weights do not fit into memory.
    pub(crate) fn draw<F: Real>(
        &self,
        layer: &'static str,
        shape: &[usize],
        fans: Fans,
        random: &mut Random,
    ) -> Result<Vec<F>, NetworkError> {
        self.check()?;
        let too_large = || NetworkError::TooLarge { layer, shape: shape.to_vec() };
        debug_assert!(!shape.contains(&0), "the layer lets a size of zero through: {shape:?}");
        let len = shape.iter().try_fold(1_usize, |a, &b| a.checked_mul(b)).ok_or_else(too_large)?;
        let mut weights = Vec::new();
        weights.try_reserve_exact(len).map_err(|_| too_large())?;
        let std = self.std(fans);
        let limit = std * 3_f64.sqrt();
        weights.extend((0..len).map(|_| {
            F::from_f64(match self {
                Init::Uniform { .. } | Init::XavierUniform | Init::GlorotUniform | Init::HeUniform => {
                    limit * (2.0 * random.uniform() - 1.0)
                }
                _ => std * random.normal(),
            })
        }));
        match weights.iter().all(|w| w.is_finite()) {
            true => Ok(weights),
            false => Err(NetworkError::Setting {
                layer,
                what: "standard deviation of the initial weights",
                expected: "small enough for all weights to be finite",
                got: std,
            }),
        }
    }
}
