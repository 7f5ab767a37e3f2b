//! How a byte becomes a number.

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

impl Scaling {
    /// The number for each of the 256 bytes. Each is computed by true divisions in `f32`, so the same on every machine,
    /// and equal to NumPy's `x.astype(float32) / 255.0`.
    pub fn table(self) -> [f32; 256] {
        std::array::from_fn(|byte| {
            let byte = byte as f32;
            match self {
                Scaling::Bytes => byte,
                Scaling::Unit => byte / 255.0,
                Scaling::Standard { mean, deviation } => (byte / 255.0 - mean) / deviation,
            }
        })
    }
}
