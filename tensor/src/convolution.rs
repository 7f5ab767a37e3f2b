//! Convolution of a batch of images, forward and backward.
//!
//! With `col = im2col(x)` and the weights as a matrix `W` of shape `(FN, C·FH·FW)`:
//!
//! ```text
//! forward   Y    = col · Wᵀ + b
//! backward  db   = sum of the rows of dY
//!           dW   = dYᵀ · col
//!           dcol = dY · W,   dx = col2im(dcol)
//! ```
//!
//! (The book, section 7.4.3, class `Convolution` of `common/layers.py`.) `y` and `dy` are `(N, FN, OH, OW)`, row-major,
//! as is everything here. The plain definitions in code are in `kernels/reference.rs`; `f64` computes by them, `f32` by
//! `kernels/convolution.rs`, which is held against them.

use crate::geometry::Geometry;
use crate::real::Real;

/// `y ← convolution of x with w, plus b`.
///
/// `x` (N, C, H, W), `w` (FN, C, FH, FW), `b` (FN), `y` (N, FN, OH, OW).
///
/// # Panics
/// Where a length does not match the geometry.
pub fn forward<F: Real>(geometry: &Geometry, x: &[F], w: &[F], b: &[F], y: &mut [F]) {
    check(geometry, x.len(), w.len(), b.len(), y.len());
    F::conv_forward(geometry, x, w, b, y);
}

/// `dw` and `db` ← the gradients of the weights and of the bias, given `dy`, the gradient of the output; overwrites.
///
/// Shapes as in [`forward`].
///
/// # Panics
/// Where a length does not match the geometry.
pub fn backward_weights<F: Real>(geometry: &Geometry, x: &[F], dy: &[F], dw: &mut [F], db: &mut [F]) {
    check(geometry, x.len(), dw.len(), db.len(), dy.len());
    F::conv_backward_weights(geometry, x, dy, dw, db);
}

/// `dx` ← the gradient of the input, given `dy`, the gradient of the output; overwrites.
///
/// Shapes as in [`forward`].
///
/// # Panics
/// Where a length does not match the geometry.
pub fn backward_input<F: Real>(geometry: &Geometry, w: &[F], dy: &[F], dx: &mut [F]) {
    check(geometry, dx.len(), w.len(), w.len() / geometry.patch_len(), dy.len());
    F::conv_backward_input(geometry, w, dy, dx);
}

fn check(geometry: &Geometry, x: usize, w: usize, b: usize, y: usize) {
    let (n, filters) = (x / geometry.input_len(), b);
    assert_eq!(x, n * geometry.input_len(), "x: {x} elements are no whole number of images of {geometry:?}");
    assert_eq!(w, filters * geometry.patch_len(), "w: {w} elements, expected {filters} filters of {geometry:?}");
    let expected = n * filters * geometry.positions();
    assert_eq!(y, expected, "y: {y} elements, expected {expected} for {n} images, {filters} filters, {geometry:?}");
}
