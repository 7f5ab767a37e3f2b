//! The gradient by differences.

use tensor::ndarray::{ArrayD, IxDyn, indices};

/// The gradient of `f` at `x`, by central differences: each element of `x` is moved by `step` to either side.
///
/// ```text
/// ∂f/∂xᵢ ≈ (f(x + h·eᵢ) − f(x − h·eᵢ)) / 2h
/// ```
///
/// The error is of the order h² (from the curvature) plus ε/h (from rounding, ε = 2e-16 times the size of f): smallest
/// around h = 1e-5. The book uses 1e-4 (section 4.4, `numerical_gradient` in `common/gradient.py`). `x` is as before
/// when this returns.
///
/// ```
/// use layers::ndarray::array;
/// let mut x = array![3.0, 4.0].into_dyn();
/// let gradient = layers::numerical_gradient(|x| x[[0]] * x[[0]] + x[[1]] * x[[1]], &mut x, 1e-4);
/// assert!((gradient[[0]] - 6.0).abs() < 1e-9 && (gradient[[1]] - 8.0).abs() < 1e-9);
/// ```
pub fn numerical_gradient(mut f: impl FnMut(&ArrayD<f64>) -> f64, x: &mut ArrayD<f64>, step: f64) -> ArrayD<f64> {
    let mut gradient = ArrayD::zeros(x.raw_dim());
    for index in indices_of(x.shape()) {
        let before = x[&index];
        x[&index] = before + step;
        let above = f(x);
        x[&index] = before - step;
        let below = f(x);
        x[&index] = before;
        gradient[&index] = (above - below) / (2.0 * step);
    }
    gradient
}

/// All indices of an array of this shape, in row-major order.
pub(crate) fn indices_of(shape: &[usize]) -> impl Iterator<Item = IxDyn> + use<> {
    indices(IxDyn(shape)).into_iter()
}
