//! The logistic function.

use tensor::Real;
use tensor::ndarray::{ArrayViewD, ArrayViewMutD};

use crate::error::ShapeError;
use crate::layer::Layer;
use crate::shape::{same, same_backward};

const KIND: &str = "Sigmoid";

/// Squeezes every number into (0, 1).
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
        for (y, &x) in y.iter_mut().zip(x) {
            *y = F::ONE / (F::ONE + (-x).exp());
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
        let (y, dout, dx) = same_backward(KIND, y, dout, dx);
        for ((dx, &y), &dout) in dx.iter_mut().zip(y).zip(dout) {
            *dx = dout * (F::ONE - y) * y;
        }
    }
}
