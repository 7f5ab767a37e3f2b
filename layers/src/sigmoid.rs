//! The logistic function.

use tensor::Real;
use tensor::ndarray::{ArrayViewD, ArrayViewMutD};

use crate::elementwise::{map, map2};
use crate::error::ShapeError;
use crate::layer::Layer;
use crate::shape::{same, same_backward};

const KIND: &str = "Sigmoid";

/// Squeezes every number into (0, 1), by the logistic function.
///
/// # Forward
///
/// ```text
/// y = 1 / (1 + exp(−x))
/// ```
///
/// # Shapes
///
/// `x`, `y`, `dout` and `dx` are of one shape, any (N, …).
///
/// # Backward
///
/// Forward was `y = 1 / u` with `u = 1 + exp(−x)`. So `dy/du = −1 / u²` and `du/dx = −exp(−x)`, together
/// `dy/dx = exp(−x) / u²`. As `1 / u = y` and `exp(−x) / u = (u − 1) / u = 1 − y`:
///
/// ```text
/// dx = dout · (1 − y) · y
/// ```
///
/// # Cache
///
/// Nothing. The book keeps `out`; here `y` comes back with [`backward`](Layer::backward).
///
/// # Book
///
/// Section 5.5.2, class `Sigmoid` of `common/layers.py`.
///
/// # Example
///
/// ```
/// use layers::Sigmoid;
/// use layers::ndarray::array;
///
/// let x = array![[0.0]].into_dyn();
/// let y = layers::forward(&mut Sigmoid, &x);
/// assert_eq!(y, array![[0.5]].into_dyn());
/// let dx = layers::backward(&mut Sigmoid, &x, &y, &array![[8.0]].into_dyn());
/// assert_eq!(dx, array![[2.0]].into_dyn()); // 8 · ½ · ½
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Sigmoid;

impl<F: Real> Layer<F> for Sigmoid {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        Ok(input.to_vec())
    }

    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let (x, y) = same(KIND, x, y);
        map(x, y, |x| F::ONE / (F::ONE + (-x).exp()));
    }

    fn backward(
        &mut self,
        _x: ArrayViewD<'_, F>,
        y: ArrayViewD<'_, F>,
        dout: ArrayViewD<'_, F>,
        dx: Option<ArrayViewMutD<'_, F>>,
    ) {
        let Some(dx) = dx else { return };
        let (y, dout, dx) = same_backward(KIND, y, dout, dx);
        map2([y, dout], dx, |y, dout| dout * (F::ONE - y) * y);
    }
}
