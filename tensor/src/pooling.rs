//! Pooling of a batch of images, forward and backward.
//!
//! Of max-pooling every window passes its largest element on; in the backward pass the gradient goes to that element alone.
//! (The book, section 7.4.4, class `Pooling`.) Ties go to the first in row-major order; padding counts as −∞; a window that
//! holds a NaN gives NaN.
//!
//! Of average pooling every window passes on the mean of its elements; in the backward pass each of them gets its share of
//! the gradient. Padding counts as 0, and is counted.

use crate::geometry::Geometry;
use crate::real::Real;
use crate::threads::for_each_part;

/// Planes whose gradients one task hands back.
pub(crate) const PLANES_A_TASK: usize = 8;

/// `y` ← the largest element under each window, `argmax` ← where in its `(H, W)` plane that element lies.
///
/// `x` (N, C, H, W), `y` and `argmax` (N, C, OH, OW), row-major.
///
/// # Panics
/// Where a length does not match the geometry, or its padding is as large as its window.
pub fn max_forward<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F], argmax: &mut [u32]) {
    check(geometry, x.len(), y.len());
    assert_eq!(argmax.len(), y.len(), "argmax: {} elements, expected {}", argmax.len(), y.len());
    F::max_pool(geometry, x, y, Some(argmax));
}

/// As [`max_forward`], for inference: does not say where the largest elements lie.
///
/// # Panics
/// Where a length does not match the geometry, or its padding is as large as its window.
pub fn max_infer<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F]) {
    check(geometry, x.len(), y.len());
    F::max_pool(geometry, x, y, None);
}

/// `dx` ← each element of `dy` added where [`max_forward`] found the largest element, zero elsewhere; overwrites.
///
/// # Panics
/// Where a length does not match the geometry, its padding is as large as its window, or an `argmax` lies outside its plane.
pub fn max_backward<F: Real>(geometry: &Geometry, argmax: &[u32], dy: &[F], dx: &mut [F]) {
    check(geometry, dx.len(), dy.len());
    assert_eq!(argmax.len(), dy.len(), "argmax: {} elements, expected {}", argmax.len(), dy.len());
    let (plane_len, positions) = (geometry.input()[0] * geometry.input()[1], geometry.positions());
    for_each_part(dx, PLANES_A_TASK * plane_len, |task, dx| {
        dx.fill(F::ZERO);
        let first = task * PLANES_A_TASK * positions;
        let windows = argmax[first..].chunks_exact(positions).zip(dy[first..].chunks_exact(positions));
        for (dx, (argmax, dy)) in dx.chunks_exact_mut(plane_len).zip(windows) {
            for (&at, &d) in argmax.iter().zip(dy) {
                dx[at as usize] += d;
            }
        }
    });
}

/// `y` ← the mean of the elements under each window: the sum of their products with `1 / (FH · FW)`, row by row, each added
/// with one rounding.
///
/// `x` (N, C, H, W), `y` (N, C, OH, OW), row-major.
///
/// # Panics
/// Where a length does not match the geometry, or its padding is as large as its window.
pub fn average_forward<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F]) {
    check(geometry, x.len(), y.len());
    F::average_pool(geometry, x, y);
}

/// `dx` ← for each element the sum of the shares `dy / (FH · FW)` of the windows that see it; overwrites.
///
/// # Panics
/// Where a length does not match the geometry, or its padding is as large as its window.
pub fn average_backward<F: Real>(geometry: &Geometry, dy: &[F], dx: &mut [F]) {
    check(geometry, dx.len(), dy.len());
    let ([h, w], [_, o_w], [f_h, f_w]) = (geometry.input(), geometry.output(), geometry.window().kernel);
    let (share, positions) = (mean_factor::<F>(geometry), geometry.positions());
    for_each_part(dx, PLANES_A_TASK * h * w, |task, dx| {
        dx.fill(F::ZERO);
        let dy = dy[task * PLANES_A_TASK * positions..].chunks_exact(positions);
        for (dx, dy) in dx.chunks_exact_mut(h * w).zip(dy) {
            for fx in 0..f_w {
                // The first window of a row that meets the image with this column of its taps, and where.
                let Some((first, column)) = (0..o_w).find_map(|ox| Some((ox, geometry.source(1, ox, fx)?))) else {
                    continue;
                };
                for (oy, dy) in dy.chunks_exact(o_w).enumerate() {
                    for row in (0..f_h).filter_map(|fy| geometry.source(0, oy, fy)) {
                        let met = dx[row * w + column..(row + 1) * w].iter_mut().step_by(geometry.window().stride[1]);
                        met.zip(&dy[first..]).for_each(|(dx, &dy)| *dx += share * dy);
                    }
                }
            }
        }
    });
}

/// What each element under a window counts in its mean.
pub(crate) fn mean_factor<F: Real>(geometry: &Geometry) -> F {
    let [f_h, f_w] = geometry.window().kernel;
    F::from_f64(1.0 / (f_h as f64 * f_w as f64))
}

fn check(geometry: &Geometry, x: usize, y: usize) {
    if let Err(error) = geometry.check_pooling() {
        panic!("{geometry:?}: {error}");
    }
    let n = x / geometry.input_len();
    assert_eq!(x, n * geometry.input_len(), "x: {x} elements are no whole number of images of {geometry:?}");
    let expected = n * geometry.channels() * geometry.positions();
    assert_eq!(y, expected, "y: {y} elements, expected {expected} for {n} images of {geometry:?}");
}
