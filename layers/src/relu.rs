//! The rectifier.

use tensor::Real;
use tensor::ndarray::{ArrayViewD, ArrayViewMutD};

use crate::elementwise::{map, map2};
use crate::error::ShapeError;
use crate::layer::Layer;
use crate::shape::{same, same_backward};

const KIND: &str = "Relu";

/// Lets positive numbers through, and makes the others 0 (rectified linear unit).
///
/// # Forward
///
/// ```text
/// y = 0 where x ≤ 0, x elsewhere
/// ```
///
/// A NaN is not ≤ 0: it passes through.
///
/// # Shapes
///
/// `x`, `y`, `dout` and `dx` are of one shape, any (N, …).
///
/// # Backward
///
/// Forward was `y = x` or `y = 0`, so y changes with x by 1 or not at all. Which it was can be told from `y`: where `x` was
/// positive `y` is, too, and elsewhere it is 0. At the kink, `x = 0`, the slope is taken as 0.
///
/// ```text
/// dx = 0 where y ≤ 0, dout elsewhere
/// ```
///
/// # Cache
///
/// Nothing. The book keeps `mask`, the places where `x ≤ 0`; here `y` comes back with [`backward`](Layer::backward).
///
/// # Book
///
/// Section 5.5.1, class `Relu` of `common/layers.py`.
///
/// # Example
///
/// ```
/// use layers::Relu;
/// use layers::ndarray::array;
///
/// let x = array![[-1.0, 0.0, 2.0]].into_dyn();
/// let y = layers::forward(&mut Relu, &x);
/// assert_eq!(y, array![[0.0, 0.0, 2.0]].into_dyn());
/// let dx = layers::backward(&mut Relu, &x, &y, &array![[5.0, 6.0, 7.0]].into_dyn());
/// assert_eq!(dx, array![[0.0, 0.0, 7.0]].into_dyn());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Relu;

impl<F: Real> Layer<F> for Relu {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        Ok(input.to_vec())
    }

    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let (x, y) = same(KIND, x, y);
        map(x, y, |x| if x <= F::ZERO { F::ZERO } else { x });
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
        map2([y, dout], dx, |y, dout| if y <= F::ZERO { F::ZERO } else { dout });
    }

    fn visit_kinks(&self, y: ArrayViewD<'_, F>, visit: &mut dyn FnMut(u32)) {
        y.iter().for_each(|&y| visit(u32::from(y > F::ZERO)));
    }
}
