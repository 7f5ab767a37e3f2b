//! How a byte becomes a number.

use std::fmt;

/// How the bytes of an image become the numbers that a network is fed with.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Scaling {
    /// The byte itself, 0 to 255 (the book's `normalize=False`).
    Bytes,
    /// `byte / 255`, 0 to 1 (the book's `normalize=True`).
    #[default]
    Unit,
    /// `(byte / 255 − mean) / deviation`: about zero mean and unit deviation over a data set.
    Standard {
        /// Mean of `byte / 255` over the pixels of the training images.
        mean: f32,
        /// Standard deviation of the same.
        deviation: f32,
    },
}

impl fmt::Display for Scaling {
    /// The scaling in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scaling::Bytes => write!(f, "bytes"),
            Scaling::Unit => write!(f, "0 to 1"),
            Scaling::Standard { mean, deviation } => write!(f, "mean {mean:?}, deviation {deviation:?}"),
        }
    }
}

impl Scaling {
    /// The number for each of the 256 bytes. Each is computed by true divisions in `f32`, so the same on every machine,
    /// and equal to NumPy's `x.astype(float32) / 255.0`.
    pub fn table(self) -> [f32; 256] {
        let mut table = [0.0; 256];
        self.scale(&std::array::from_fn::<u8, 256, _>(|byte| byte as u8), &mut table);
        table
    }

    /// `x ←` the numbers for these bytes, as [`table`](Self::table) has them. (A loop of arithmetic is compiled into vectors, which
    /// looking up is not.)
    pub(crate) fn scale(self, bytes: &[u8], x: &mut [f32]) {
        let pairs = x.iter_mut().zip(bytes);
        match self {
            Scaling::Bytes => pairs.for_each(|(x, &byte)| *x = f32::from(byte)),
            Scaling::Unit => pairs.for_each(|(x, &byte)| *x = f32::from(byte) / 255.0),
            Scaling::Standard { mean, deviation } => {
                pairs.for_each(|(x, &byte)| *x = (f32::from(byte) / 255.0 - mean) / deviation);
            }
        }
    }
}
