//! The arithmetic beneath the safe entries of this crate.

mod matrixmultiply;
pub(crate) mod reference;

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::geometry::Geometry;
use crate::real::Real;

/// How a number type computes each operation; the lengths were checked by the caller.
#[doc(hidden)]
pub trait Engine: Sized {
    fn gemm(alpha: Self, a: ArrayView2<'_, Self>, b: ArrayView2<'_, Self>, beta: Self, c: ArrayViewMut2<'_, Self>);

    fn conv_forward(geometry: &Geometry, x: &[Self], w: &[Self], b: &[Self], y: &mut [Self])
    where
        Self: Real,
    {
        reference::conv_forward(geometry, x, w, b, y);
    }

    fn conv_backward_weights(geometry: &Geometry, x: &[Self], dy: &[Self], dw: &mut [Self], db: &mut [Self])
    where
        Self: Real,
    {
        reference::conv_backward_weights(geometry, x, dy, dw, db);
    }

    fn conv_backward_input(geometry: &Geometry, w: &[Self], dy: &[Self], dx: &mut [Self])
    where
        Self: Real,
    {
        reference::conv_backward_input(geometry, w, dy, dx);
    }

    fn affine_forward(x: &[Self], w: &[Self], b: &[Self], y: &mut [Self])
    where
        Self: Real,
    {
        reference::affine_forward(x, w, b, y);
    }

    fn affine_backward_weights(x: &[Self], dy: &[Self], dw: &mut [Self], db: &mut [Self])
    where
        Self: Real,
    {
        reference::affine_backward_weights(x, dy, dw, db);
    }

    fn affine_backward_input(w: &[Self], outputs: usize, dy: &[Self], dx: &mut [Self])
    where
        Self: Real,
    {
        reference::affine_backward_input(w, outputs, dy, dx);
    }
}

impl Engine for f32 {
    fn gemm(alpha: f32, a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, beta: f32, c: ArrayViewMut2<'_, f32>) {
        matrixmultiply::sgemm(alpha, a, b, beta, c);
    }
}

impl Engine for f64 {
    fn gemm(alpha: f64, a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, beta: f64, c: ArrayViewMut2<'_, f64>) {
        matrixmultiply::dgemm(alpha, a, b, beta, c);
    }
}
