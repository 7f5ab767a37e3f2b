//! The fully connected (affine) map of a batch of vectors, forward and backward.
//!
//! ```text
//! forward   Y  = X · W + b
//! backward  db = sum of the rows of dY
//!           dW = Xᵀ · dY
//!           dX = dY · Wᵀ
//! ```
//!
//! (The book, section 5.6, class `Affine`.) `x` is (N, I) row-major. `w` has the book's shape (I, O) and is stored
//! column-major: the weights of one output lie side by side, as the inputs that they meet do, so that no product here
//! needs a copy in another order.

use crate::real::Real;

/// `y ← x · w + b`.
///
/// `x` (N, I) row-major, `w` (I, O) column-major, `b` (O), `y` (N, O) row-major.
///
/// # Panics
/// Where a length does not match.
pub fn forward<F: Real>(x: &[F], w: &[F], b: &[F], y: &mut [F]) {
    check(x.len(), w.len(), b.len(), y.len());
    F::affine_forward(x, w, b, y);
}

/// `dw ← xᵀ · dy` and `db ←` the sum of the rows of `dy`; overwrites. Shapes and orders as in [`forward`].
///
/// # Panics
/// Where a length does not match.
pub fn backward_weights<F: Real>(x: &[F], dy: &[F], dw: &mut [F], db: &mut [F]) {
    check(x.len(), dw.len(), db.len(), dy.len());
    F::affine_backward_weights(x, dy, dw, db);
}

/// `dx ← dy · wᵀ`; overwrites. `dy` (N, O), `w` (I, O) column-major, `dx` (N, I).
///
/// # Panics
/// Where a length does not match.
pub fn backward_input<F: Real>(w: &[F], outputs: usize, dy: &[F], dx: &mut [F]) {
    check(dx.len(), w.len(), outputs, dy.len());
    F::affine_backward_input(w, outputs, dy, dx);
}

/// Compares the lengths: x (N, I), w (I, O), b (O), y (N, O).
fn check(x: usize, w: usize, outputs: usize, y: usize) {
    assert!(outputs > 0, "affine: no outputs");
    let (inputs, n) = (w / outputs, y / outputs);
    assert!(
        w == inputs * outputs && y == n * outputs && Some(x) == n.checked_mul(inputs),
        "affine: x has {x} elements, w {w}, b {outputs}, y {y}: they must be N·I, I·O, O and N·O"
    );
}
