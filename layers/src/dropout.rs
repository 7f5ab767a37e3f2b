//! Dropout.

use tensor::Real;
use tensor::ndarray::{ArrayViewD, ArrayViewMutD};

use crate::error::{NetworkError, ShapeError};
use crate::layer::Layer;
use crate::random::{Purpose, Random};
use crate::shape::{same, same_backward};

const KIND: &str = "Dropout";

/// Silences a random part of the numbers in training, so that a network cannot rely on any one of them.
///
/// # Forward
///
/// ```text
/// training    y = x · mask, where each element of mask is 0 with the probability `ratio`, else 1
/// inference   y = x · (1 − ratio), the mean of the above
/// ```
///
/// # Shapes
///
/// `x`, `y`, `dout` and `dx` are of one shape, any (N, …).
///
/// # Backward
///
/// Forward was `y = x · mask`, so y changes with x by `mask`:
///
/// ```text
/// dx = dout · mask
/// ```
///
/// # Cache
///
/// `mask`, one byte an element. It is drawn anew in each [`forward`](Layer::forward), from a generator that goes on from
/// step to step; [`reseed`](Layer::reseed) restarts it. (A trainer that reseeds before each step, with a number that
/// depends on the step, can go on from any step.)
///
/// # Book
///
/// Section 6.4.3, class `Dropout` of `common/layers.py`. Many frameworks divide by `1 − ratio` in training instead, and
/// leave inference alone: the same up to a factor that the next layer's weights take up. The source is Nitish Srivastava
/// et al. (2014), *Dropout: a simple way to prevent neural networks from overfitting*.
///
/// # Example
///
/// ```
/// use layers::Dropout;
/// use layers::ndarray::array;
///
/// let mut layer = Dropout::new(0.25)?;
/// let x = array![[8.0, 8.0, 8.0, 8.0]].into_dyn();
/// assert_eq!(layers::infer(&layer, &x), array![[6.0, 6.0, 6.0, 6.0]].into_dyn());
///
/// let y = layers::forward(&mut layer, &x);
/// assert!(y.iter().all(|&y| y == 0.0 || y == 8.0));
/// let dx = layers::backward(&mut layer, &x, &y, &array![[1.0, 1.0, 1.0, 1.0]].into_dyn());
/// assert_eq!(dx, y / 8.0); // the mask
/// # Ok::<(), layers::NetworkError>(())
/// ```
#[derive(Debug)]
pub struct Dropout {
    ratio: f64,
    random: Random,
    /// Whether each number of the last `forward` was kept.
    mask: Vec<bool>,
}

impl Dropout {
    /// A layer that drops each number with the probability `ratio` (the book's `dropout_ratio`; often 0.5).
    ///
    /// Its masks are those of seed 0 and position 0 until [`reseed`](Layer::reseed) says otherwise; in a
    /// [`Sequential`](crate::Sequential), each layer gets a stream of its own.
    ///
    /// # Errors
    /// Where `ratio` is not in [0, 1).
    pub fn new(ratio: f64) -> Result<Self, NetworkError> {
        if !(0.0..1.0).contains(&ratio) {
            let (what, expected) = ("ratio", "at least 0 and less than 1");
            return Err(NetworkError::Setting { layer: KIND, what, expected, got: ratio });
        }
        Ok(Dropout { ratio, random: Random::new(0, Purpose::Dropout(0)), mask: Vec::new() })
    }

    /// The probability with which a number is dropped.
    pub fn ratio(&self) -> f64 {
        self.ratio
    }
}

impl<F: Real> Layer<F> for Dropout {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        Ok(input.to_vec())
    }

    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let (x, y) = same(KIND, x, y);
        let kept = F::from_f64(1.0 - self.ratio);
        for (y, &x) in y.iter_mut().zip(x) {
            *y = x * kept;
        }
    }

    fn forward(&mut self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let (x, y) = same(KIND, x, y);
        self.mask.resize(x.len(), false);
        for ((y, &x), keep) in y.iter_mut().zip(x).zip(&mut self.mask) {
            *keep = self.random.uniform() >= self.ratio;
            *y = x * mask(*keep);
        }
    }

    fn backward(
        &mut self,
        _x: ArrayViewD<'_, F>,
        y: ArrayViewD<'_, F>,
        dout: ArrayViewD<'_, F>,
        dx: Option<ArrayViewMutD<'_, F>>,
    ) {
        let Some(dx) = dx else { return };
        let (_, dout, dx) = same_backward(KIND, y, dout, dx);
        let remembered = self.mask.len();
        assert!(remembered == dout.len(), "{KIND}: backward for {} outputs, forward was for {remembered}", dout.len());
        for ((dx, &dout), &keep) in dx.iter_mut().zip(dout).zip(&self.mask) {
            *dx = dout * mask(keep);
        }
    }

    fn reseed(&mut self, seed: u64, position: usize) {
        self.random = Random::new(seed, Purpose::Dropout(position as u32));
    }
}

/// The mask as a factor; a product, so that a NaN that is dropped is still seen.
fn mask<F: Real>(keep: bool) -> F {
    if keep { F::ONE } else { F::ZERO }
}
