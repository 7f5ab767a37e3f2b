//! The rectifier.

use tensor::Real;
use tensor::ndarray::{ArrayViewD, ArrayViewMutD};

use crate::error::ShapeError;
use crate::layer::Layer;
use crate::shape::{same, same_backward};

const KIND: &str = "Relu";

/// Lets positive numbers through, and makes the others 0.
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
        for (y, &x) in y.iter_mut().zip(x) {
            *y = if x <= F::ZERO { F::ZERO } else { x };
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
            *dx = if y <= F::ZERO { F::ZERO } else { dout };
        }
    }

    fn visit_kinks(&self, y: ArrayViewD<'_, F>, visit: &mut dyn FnMut(u32)) {
        y.iter().for_each(|&y| visit(u32::from(y > F::ZERO)));
    }
}
