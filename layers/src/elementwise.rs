//! Arithmetic that takes every element for itself, on all threads.

use tensor::Real;
use tensor::threads::for_each_part;

/// Elements of one task: enough that handing it over costs nothing beside it, also where the arithmetic is a comparison.
const PART: usize = 16 * 1024;

/// `y ← f(x)`, element by element. Both have the same length.
pub(crate) fn map<F: Real>(x: &[F], y: &mut [F], f: impl Fn(F) -> F + Sync) {
    for_each_part(y, PART, |part, y| {
        for (y, &x) in y.iter_mut().zip(&x[part * PART..]) {
            *y = f(x);
        }
    });
}

/// `out ← f(a, b)`, element by element. All have the same length.
pub(crate) fn map2<F: Real>([a, b]: [&[F]; 2], out: &mut [F], f: impl Fn(F, F) -> F + Sync) {
    for_each_part(out, PART, |part, out| {
        for ((out, &a), &b) in out.iter_mut().zip(&a[part * PART..]).zip(&b[part * PART..]) {
            *out = f(a, b);
        }
    });
}
