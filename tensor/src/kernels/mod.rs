//! The arithmetic beneath the safe entries of this crate.

mod affine;
mod conv_pool;
mod convolution;
mod dot;
mod gemm;
mod isa;
mod lanes;
mod matrix;
mod matrixmultiply;
pub(crate) mod multiply_adds;
mod over_filters;
mod patches;
mod pixel_vectors;
mod pooling;
mod portable;
pub(crate) mod reference;
mod rows;
mod scratch;
mod sorted_image;
mod transpose;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use conv_pool::Plan;
pub use isa::{Isa, IsaError, Vectorize, isa, vectorize};
pub(crate) use scratch::forget as forget_scratch;

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::affine::Layout;
use crate::geometry::Geometry;
use crate::real::Real;
use crate::update::Update;

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

    fn conv_pool_forward(plan: &Plan, x: &[Self], w: &[Self], b: &[Self], y: &mut [Self], winners: Option<&mut [u8]>)
    where
        Self: Real,
    {
        reference::conv_pool_forward(plan, x, w, b, y, winners);
    }

    fn conv_pool_backward_weights(
        plan: &Plan,
        x: &[Self],
        winners: &[u8],
        dy: &[Self],
        dw: &mut [Self],
        db: &mut [Self],
    ) where
        Self: Real,
    {
        reference::conv_pool_backward_weights(plan, x, winners, dy, dw, db);
    }

    fn conv_pool_backward_input(plan: &Plan, winners: &[u8], w: &[Self], dy: &[Self], dx: &mut [Self])
    where
        Self: Real,
    {
        reference::conv_pool_backward_input(plan, winners, w, dy, dx);
    }

    fn max_pool(geometry: &Geometry, x: &[Self], y: &mut [Self], argmax: Option<&mut [u32]>)
    where
        Self: Real,
    {
        reference::max_pool(geometry, x, y, argmax);
    }

    fn average_pool(geometry: &Geometry, x: &[Self], y: &mut [Self])
    where
        Self: Real,
    {
        reference::average_pool(geometry, x, y);
    }

    fn affine_forward(layout: Layout, x: &[Self], w: &[Self], b: &[Self], y: &mut [Self])
    where
        Self: Real,
    {
        reference::affine_forward(layout, x, w, b, y);
    }

    fn affine_backward_weights(layout: Layout, x: &[Self], dy: &[Self], dw: &mut [Self], db: &mut [Self])
    where
        Self: Real,
    {
        reference::affine_backward_weights(layout, x, dy, dw, db);
    }

    fn affine_backward_input(layout: Layout, w: &[Self], outputs: usize, dy: &[Self], dx: &mut [Self])
    where
        Self: Real,
    {
        reference::affine_backward_input(layout, w, outputs, dy, dx);
    }

    fn affine_backward_and_update(
        parts: usize,
        x: &mut [Self],
        w: &mut [Self],
        dy: &[Self],
        db: &mut [Self],
        update: Update<'_, Self>,
    ) where
        Self: Real,
    {
        reference::affine_backward_and_update(parts, x, w, dy, db, update);
    }
}

#[cfg(test)]
mod tests;

impl Engine for f32 {
    fn gemm(alpha: f32, a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, beta: f32, c: ArrayViewMut2<'_, f32>) {
        gemm::gemm(alpha, a, b, beta, c);
    }

    fn conv_forward(geometry: &Geometry, x: &[f32], w: &[f32], b: &[f32], y: &mut [f32]) {
        convolution::forward(geometry, x, w, b, y);
    }

    fn conv_backward_weights(geometry: &Geometry, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
        convolution::backward_weights(geometry, x, dy, dw, db);
    }

    fn conv_backward_input(geometry: &Geometry, w: &[f32], dy: &[f32], dx: &mut [f32]) {
        convolution::backward_input(geometry, w, dy, dx);
    }

    fn conv_pool_forward(plan: &Plan, x: &[f32], w: &[f32], b: &[f32], y: &mut [f32], winners: Option<&mut [u8]>) {
        conv_pool::forward(plan, x, w, b, y, winners);
    }

    fn conv_pool_backward_weights(plan: &Plan, x: &[f32], winners: &[u8], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
        conv_pool::backward_weights(plan, x, winners, dy, dw, db);
    }

    fn conv_pool_backward_input(plan: &Plan, winners: &[u8], w: &[f32], dy: &[f32], dx: &mut [f32]) {
        conv_pool::backward_input(plan, winners, w, dy, dx);
    }

    fn max_pool(geometry: &Geometry, x: &[f32], y: &mut [f32], argmax: Option<&mut [u32]>) {
        pooling::max_forward(geometry, x, y, argmax);
    }

    fn average_pool(geometry: &Geometry, x: &[f32], y: &mut [f32]) {
        pooling::average_forward(geometry, x, y);
    }

    fn affine_forward(layout: Layout, x: &[f32], w: &[f32], b: &[f32], y: &mut [f32]) {
        affine::forward(layout, x, w, b, y);
    }

    fn affine_backward_weights(layout: Layout, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
        affine::backward_weights(layout, x, dy, dw, db);
    }

    fn affine_backward_input(layout: Layout, w: &[f32], outputs: usize, dy: &[f32], dx: &mut [f32]) {
        affine::backward_input(layout, w, outputs, dy, dx);
    }

    fn affine_backward_and_update(
        parts: usize,
        x: &mut [f32],
        w: &mut [f32],
        dy: &[f32],
        db: &mut [f32],
        update: Update<'_, f32>,
    ) {
        affine::backward_and_update(parts, x, w, dy, db, update);
    }
}

impl Engine for f64 {
    fn gemm(alpha: f64, a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, beta: f64, c: ArrayViewMut2<'_, f64>) {
        matrixmultiply::dgemm(alpha, a, b, beta, c);
    }
}
