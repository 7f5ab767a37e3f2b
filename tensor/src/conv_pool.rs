//! Convolution, ReLU and max-pooling in one pass, forward and backward.
//!
//! Computes exactly what [`convolution`](crate::convolution), ReLU and [`pooling`](crate::pooling) compute one after the
//! other, without the arrays between them: the output is the same to the bit, and so is `argmax` wherever ReLU lets anything
//! through. Of the weight gradient only the order of the sum differs.

use crate::geometry::Geometry;
use crate::pooling::PLANES_A_TASK;
use crate::real::Real;
use crate::threads::for_each_part;

pub use crate::kernels::Plan;

/// `y ← max-pool(relu(convolution of x with w, plus b))`; where it is wanted, `argmax ←` where in its plane of the
/// convolution's output each maximum lies.
///
/// `x` (N, C, H, W), `w` (FN, C, FH, FW), `b` (FN), `y` and `argmax` (N, FN, PH, PW), row-major.
///
/// # Panics
/// Where a length does not match.
pub fn forward<F: Real>(plan: &Plan, x: &[F], w: &[F], b: &[F], y: &mut [F], argmax: Option<&mut [u32]>) {
    check(plan, x.len(), w.len(), b.len(), y.len());
    if let Some(argmax) = &argmax {
        assert_eq!(argmax.len(), y.len(), "argmax: {} elements, expected {}", argmax.len(), y.len());
    }
    F::conv_pool_forward(plan, x, w, b, y, argmax);
}

/// `dw` and `db` ← the gradients, given `dy`, the gradient of `y`; overwrites. `y` and `argmax` are those of [`forward`].
///
/// Each element of `dw` is a sum over all pooled elements of all images, of `dy` times a pixel; of `db`, of `dy`. In `f32`, where
/// nothing overflows or underflows, it differs from the exact sum by at most `(n + 2) · 2⁻²³` times the sum of the magnitudes
/// of its n terms; so from what [`backward_pool`] and [`convolution::backward_weights`](crate::convolution::backward_weights)
/// give by twice that at most. (Those also multiply a gradient of 0, which makes NaN of a pixel that is not finite.)
///
/// # Panics
/// Where a length does not match.
pub fn backward_weights<F: Real>(
    plan: &Plan,
    x: &[F],
    (y, argmax): (&[F], &[u32]),
    dy: &[F],
    dw: &mut [F],
    db: &mut [F],
) {
    check(plan, x.len(), dw.len(), db.len(), y.len());
    assert!(
        argmax.len() == y.len() && dy.len() == y.len(),
        "y has {} elements, argmax {}, dy {}: they must be equal",
        y.len(),
        argmax.len(),
        dy.len()
    );
    F::conv_pool_backward_weights(plan, x, (y, argmax), dy, dw, db);
}

/// `dconv ←` the gradient of the convolution's output, given `dy`, the gradient of `y`: what the input gradient of the
/// convolution is computed from, where somebody reads it.
///
/// `dconv` (N, FN, OH, OW), `y`, `argmax` and `dy` (N, FN, PH, PW).
///
/// # Panics
/// Where a length does not match, or an `argmax` lies outside its plane.
pub fn backward_pool<F: Real>(plan: &Plan, (y, argmax): (&[F], &[u32]), dy: &[F], dconv: &mut [F]) {
    let (windows, positions) = (plan.pool().positions(), plan.conv().positions());
    assert!(
        argmax.len() == y.len()
            && dy.len() == y.len()
            && dy.len().is_multiple_of(windows)
            && dconv.len().is_multiple_of(positions)
            && dconv.len() / positions == dy.len() / windows,
        "y has {} elements, argmax {}, dy {}, dconv {}: they must be windows and positions of as many planes",
        y.len(),
        argmax.len(),
        dy.len(),
        dconv.len()
    );
    for_each_part(dconv, PLANES_A_TASK * positions, |task, dconv| {
        dconv.fill(F::ZERO);
        let first = task * PLANES_A_TASK * windows;
        let [y, dy] = [y, dy].map(|all| all[first..].chunks_exact(windows));
        let argmax = argmax[first..].chunks_exact(windows);
        for (dconv, ((y, argmax), dy)) in dconv.chunks_exact_mut(positions).zip(y.zip(argmax).zip(dy)) {
            for ((&y, &at), &d) in y.iter().zip(argmax).zip(dy) {
                if y > F::ZERO || y.is_nan() {
                    dconv[at as usize] += d;
                }
            }
        }
    });
}

fn check(plan: &Plan, x: usize, w: usize, filters: usize, y: usize) {
    let conv: &Geometry = plan.conv();
    let n = x / conv.input_len();
    assert_eq!(x, n * conv.input_len(), "x: {x} elements are no whole number of images of {conv:?}");
    assert_eq!(w, filters * conv.patch_len(), "w: {w} elements, expected {filters} filters of {conv:?}");
    let expected = n * filters * plan.pool().positions();
    assert_eq!(y, expected, "y: {y} elements, expected {expected} for {n} images and {filters} filters");
}
