//! The crate matrixmultiply behind a safe function: serves f64, in which gradients are checked.

use ndarray::{ArrayView2, ArrayViewMut2};

/// `c ← alpha · a · b + beta · c`; the shapes must match.
pub(super) fn dgemm(
    alpha: f64,
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
    beta: f64,
    mut c: ArrayViewMut2<'_, f64>,
) {
    let ((m, k), n) = (a.dim(), b.dim().1);
    assert!(b.dim().0 == k && c.dim() == (m, n));
    let (a_strides, b_strides) = (a.strides(), b.strides());
    let c_strides = [c.strides()[0], c.strides()[1]];
    // SAFETY: each pointer comes with the shape and the strides of its ndarray view, so every element that
    // matrixmultiply touches lies inside that view; `c` is borrowed mutably, so it overlaps with neither `a` nor `b`, and
    // ndarray's mutable views never alias themselves.
    unsafe {
        matrixmultiply::dgemm(
            m,
            k,
            n,
            alpha,
            a.as_ptr(),
            a_strides[0],
            a_strides[1],
            b.as_ptr(),
            b_strides[0],
            b_strides[1],
            beta,
            c.as_mut_ptr(),
            c_strides[0],
            c_strides[1],
        );
    }
}
