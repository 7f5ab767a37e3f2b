//! Max-pooling of a batch of images, forward and backward.
//!
//! Every window passes its largest element on; in the backward pass the gradient goes to that element alone. (The book,
//! section 7.4.4, class `Pooling`.) Ties go to the first in row-major order; padding counts as −∞; a window that holds a
//! NaN gives NaN.

use crate::geometry::Geometry;
use crate::real::Real;

/// `y` ← the largest element under each window, `argmax` ← where in its `(H, W)` plane that element lies.
///
/// `x` (N, C, H, W), `y` and `argmax` (N, C, OH, OW), row-major.
///
/// # Panics
/// Where a length does not match the geometry, or its padding is as large as its window.
pub fn max_forward<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F], argmax: &mut [u32]) {
    check(geometry, x.len(), y.len());
    assert_eq!(argmax.len(), y.len(), "argmax: {} elements, expected {}", argmax.len(), y.len());
    forward_planes(geometry, x, y, argmax);
}

/// As [`max_forward`], for any number of planes.
pub(crate) fn forward_planes<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F], argmax: &mut [u32]) {
    for_each_plane(geometry, x, y, |plane, y, first| {
        for (position, y) in y.iter_mut().enumerate() {
            let (at, value) = largest(geometry, plane, position);
            *y = value;
            argmax[first + position] = at as u32;
        }
    });
}

/// As [`max_forward`], for inference: does not say where the largest elements lie.
///
/// # Panics
/// Where a length does not match the geometry, or its padding is as large as its window.
pub fn max_infer<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F]) {
    check(geometry, x.len(), y.len());
    infer_planes(geometry, x, y);
}

/// As [`max_infer`], for any number of planes.
pub(crate) fn infer_planes<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F]) {
    for_each_plane(geometry, x, y, |plane, y, _| {
        for (position, y) in y.iter_mut().enumerate() {
            *y = largest(geometry, plane, position).1;
        }
    });
}

/// `dx` ← each element of `dy` added where [`max_forward`] found the largest element, zero elsewhere; overwrites.
///
/// # Panics
/// Where a length does not match the geometry, or its padding is as large as its window.
pub fn max_backward<F: Real>(geometry: &Geometry, argmax: &[u32], dy: &[F], dx: &mut [F]) {
    check(geometry, dx.len(), dy.len());
    assert_eq!(argmax.len(), dy.len(), "argmax: {} elements, expected {}", argmax.len(), dy.len());
    let plane_len = geometry.input()[0] * geometry.input()[1];
    dx.fill(F::ZERO);
    let planes = dx.chunks_exact_mut(plane_len);
    let windows = argmax.chunks_exact(geometry.positions()).zip(dy.chunks_exact(geometry.positions()));
    for (plane, (argmax, dy)) in planes.zip(windows) {
        for (&at, &d) in argmax.iter().zip(dy) {
            plane[at as usize] += d;
        }
    }
}

/// Calls `pool` with each plane of `x`, the part of `y` that belongs to it, and the index where that part begins.
fn for_each_plane<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F], mut pool: impl FnMut(&[F], &mut [F], usize)) {
    let plane_len = geometry.input()[0] * geometry.input()[1];
    let positions = geometry.positions();
    for (i, (plane, y)) in x.chunks_exact(plane_len).zip(y.chunks_exact_mut(positions)).enumerate() {
        pool(plane, y, i * positions);
    }
}

/// Index and value of the first largest element (or the first NaN) under the window at `position`.
fn largest<F: Real>(geometry: &Geometry, plane: &[F], position: usize) -> (usize, F) {
    let [f_h, f_w] = geometry.window().kernel;
    let (oy, ox) = (position / geometry.output()[1], position % geometry.output()[1]);
    let (mut best_at, mut best) = (0, F::NEG_INFINITY);
    let mut found = false;
    for y in (0..f_h).filter_map(|fy| geometry.source(0, oy, fy)) {
        for x in (0..f_w).filter_map(|fx| geometry.source(1, ox, fx)) {
            let at = y * geometry.input()[1] + x;
            let value = plane[at];
            if !found || value > best || (value.is_nan() && !best.is_nan()) {
                (best_at, best, found) = (at, value, true);
            }
        }
    }
    (best_at, best)
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
