//! The hyperbolic tangent.

use tensor::Real;
use tensor::ndarray::{ArrayViewD, ArrayViewMutD};

use crate::elementwise::{map, map2};
use crate::error::ShapeError;
use crate::layer::Layer;
use crate::shape::{same, same_backward};

const KIND: &str = "Tanh";

/// Squeezes every number into (−1, 1), by the hyperbolic tangent.
///
/// # Forward
///
/// ```text
/// y = tanh(x) = (exp(x) − exp(−x)) / (exp(x) + exp(−x))
/// ```
///
/// # Shapes
///
/// `x`, `y`, `dout` and `dx` are of one shape, any (N, …).
///
/// # Backward
///
/// Forward was `y = s / c` with `s = exp(x) − exp(−x)` and `c = exp(x) + exp(−x)`. As `ds/dx = c` and `dc/dx = s`, the rule
/// for quotients gives `dy/dx = (c · c − s · s) / c² = 1 − y²`:
///
/// ```text
/// dx = dout · (1 − y²)
/// ```
///
/// # Cache
///
/// Nothing: `y` comes back with [`backward`](Layer::backward).
///
/// # Book
///
/// Section 6.2.2 compares it with the sigmoid; there is no class of it.
///
/// # Example
///
/// ```
/// use layers::Tanh;
/// use layers::ndarray::array;
///
/// let x = array![[0.0, 100.0]].into_dyn();
/// let y = layers::forward(&mut Tanh, &x);
/// assert_eq!(y, array![[0.0, 1.0]].into_dyn());
/// let dx = layers::backward(&mut Tanh, &x, &y, &array![[3.0, 3.0]].into_dyn());
/// assert_eq!(dx, array![[3.0, 0.0]].into_dyn()); // the slope is 1 in the middle, and 0 far out
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Tanh;

impl<F: Real> Layer<F> for Tanh {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        Ok(input.to_vec())
    }

    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let (x, y) = same(KIND, x, y);
        map(x, y, |x| x.tanh());
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
        map2([y, dout], dx, |y, dout| dout * (F::ONE - y * y));
    }
}
