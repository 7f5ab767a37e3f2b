//! The matrix product.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::real::Real;

/// `c ← alpha · a · b + beta · c` for `a` (M, K), `b` (K, N), `c` (M, N), each with any strides.
///
/// With `beta = 0`, `c` is not read: it may hold anything, NaN included. In `f32` the order
/// of the additions depends on the shape and the strides alone, never on instruction set or threads (but NaN is NaN, whatever its
/// bits): products are added in ascending K to `beta · c` with fused multiply-adds, alpha multiplied into one of the matrices; a
/// matrix times a vector may be sixteen sums side by side instead. `f64` is the crate matrixmultiply.
///
/// ```
/// use tensor::ndarray::{array, Array2};
/// let a = array![[1.0, 2.0], [3.0, 4.0]];
/// let b = array![[5.0, 6.0], [7.0, 8.0]];
/// let mut c = Array2::zeros((2, 2));
/// tensor::gemm(1.0, a.view(), b.view(), 0.0, c.view_mut());
/// assert_eq!(c, array![[19.0, 22.0], [43.0, 50.0]]);
/// ```
///
/// # Panics
/// Where the shapes do not match.
pub fn gemm<F: Real>(alpha: F, a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, beta: F, c: ArrayViewMut2<'_, F>) {
    let ((m, k), (k_b, n)) = (a.dim(), b.dim());
    assert!(
        k == k_b && c.dim() == (m, n),
        "gemm: a is {m}×{k}, b is {k_b}×{n}, c is {:?}: a must be M×K, b K×N, c M×N",
        c.dim()
    );
    F::gemm(alpha, a, b, beta, c);
}
