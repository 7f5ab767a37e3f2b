//! Convolution, ReLU and max-pooling in one pass, forward and backward.
//!
//! Computes exactly what [`convolution`](crate::convolution), ReLU and [`pooling`](crate::pooling) compute one after the
//! other, without the arrays between them: the output is the same to the bit. Of the gradients only the order of the
//! sums differs. What the forward pass leaves for the backward passes is a byte for each pooled element.

use crate::geometry::Geometry;
use crate::kernels::{Vectorize, vectorize};
use crate::pooling::PLANES_A_TASK;
use crate::real::Real;
use crate::threads::for_each_part;

pub use crate::kernels::Plan;

/// The winner of a window in which ReLU lets nothing through: no gradient passes there.
pub const AT_REST: u8 = u8::MAX;

/// `y ← max-pool(relu(convolution of x with w, plus b))`; where they are wanted, `winners ←` which element of its pooling
/// window is the largest, counted row by row from 0, or [`AT_REST`].
///
/// `x` (N, C, H, W), `w` (FN, C, FH, FW), `b` (FN), `y` and `winners` (N, FN, PH, PW), row-major; the last two, and what goes with
/// them in the backward passes, in parts where the plan says so ([`Plan::in_parts`]).
///
/// # Panics
/// Where a length does not match.
pub fn forward<F: Real>(plan: &Plan, x: &[F], w: &[F], b: &[F], y: &mut [F], winners: Option<&mut [u8]>) {
    check(plan, x.len(), w.len(), b.len(), y.len());
    if let Some(winners) = &winners {
        assert_eq!(winners.len(), y.len(), "winners: {} elements, expected {}", winners.len(), y.len());
    }
    F::conv_pool_forward(plan, x, w, b, y, winners);
}

/// `dw` and `db` ← the gradients, given `dy`, the gradient of `y`, and the `winners` of [`forward`]; overwrites.
///
/// Each element of `dw` is a sum over all pooled elements of all images, of `dy` times a pixel; of `db`, of `dy`. In `f32`, where
/// nothing overflows or underflows, it differs from the exact sum by at most `(n + 2) · 2⁻²³` times the sum of the magnitudes
/// of its n terms; so from what [`backward_pool`] and [`convolution::backward_weights`](crate::convolution::backward_weights)
/// give by twice that at most. Whether a gradient of 0 is multiplied as well, which makes NaN of a pixel that is not finite, depends on
/// the shape.
///
/// # Panics
/// Where a length does not match. Winners that [`forward`] did not give may panic, or give any numbers.
pub fn backward_weights<F: Real>(plan: &Plan, x: &[F], winners: &[u8], dy: &[F], dw: &mut [F], db: &mut [F]) {
    check(plan, x.len(), dw.len(), db.len(), dy.len());
    assert_eq!(winners.len(), dy.len(), "winners: {} elements, expected {}", winners.len(), dy.len());
    F::conv_pool_backward_weights(plan, x, winners, dy, dw, db);
}

/// `dx ←` the gradient, given `dy`, the gradient of `y`, and the `winners` of [`forward`]; overwrites.
///
/// Each element of `dx` is a sum of `dy` times a weight, over all pooled elements whose winner saw it; in `f32` it differs from the exact
/// sum by at most `(n + 2) · 2⁻²³` times the sum of the magnitudes of its n terms. Of numbers that are not finite, and of other winners, as
/// [`backward_weights`].
///
/// # Panics
/// Where a length does not match.
pub fn backward_input<F: Real>(plan: &Plan, winners: &[u8], w: &[F], dy: &[F], dx: &mut [F]) {
    check(plan, dx.len(), w.len(), plan.pool().channels(), dy.len());
    assert_eq!(winners.len(), dy.len(), "winners: {} elements, expected {}", winners.len(), dy.len());
    F::conv_pool_backward_input(plan, winners, w, dy, dx);
}

/// `dconv ←` the gradient of the convolution's output, given `dy` and `winners` as in [`backward_weights`]: what the plain convolution's
/// gradients are computed from.
///
/// `dconv` (N, FN, OH, OW), `winners` and `dy` (N, FN, PH, PW).
///
/// # Panics
/// Where a length does not match, or a winner is neither an element of its window nor [`AT_REST`].
pub fn backward_pool<F: Real>(plan: &Plan, winners: &[u8], dy: &[F], dconv: &mut [F]) {
    let (windows, positions) = (plan.pool().positions(), plan.conv().positions());
    assert!(
        winners.len() == dy.len()
            && dy.len().is_multiple_of(windows)
            && dconv.len().is_multiple_of(positions)
            && dconv.len() / positions == dy.len() / windows,
        "winners have {} elements, dy {}, dconv {}: they must be windows and positions of as many planes",
        winners.len(),
        dy.len(),
        dconv.len()
    );
    let filters = plan.pool().channels();
    let n = dconv.len() / positions / filters;
    for_each_part(dconv, PLANES_A_TASK * positions, |task, dconv| {
        for (i, dconv) in dconv.chunks_exact_mut(positions).enumerate() {
            let plane = task * PLANES_A_TASK + i;
            let first = plan.place(n, plane / filters, plane % filters) * windows;
            let (winners, dy) = (&winners[first..][..windows], &dy[first..][..windows]);
            let window = plan.pool().window();
            if [window.kernel, window.stride] == [[2, 2]; 2] {
                pass_to_pairs(plan, winners, dy, dconv);
            } else {
                pass_to_winners(plan, winners, dy, dconv);
            }
        }
    });
}

/// One plane of [`backward_pool`], any windows.
fn pass_to_winners<F: Real>(plan: &Plan, winners: &[u8], dy: &[F], dconv: &mut [F]) {
    dconv.fill(F::ZERO);
    let width = plan.pool().output()[1];
    for (row, (winners, dy)) in winners.chunks_exact(width).zip(dy.chunks_exact(width)).enumerate() {
        for (column, (&winner, &d)) in winners.iter().zip(dy).enumerate() {
            if winner != AT_REST {
                dconv[plan.window_at(row, column) + plan.offset(winner)] += d;
            }
        }
    }
}

/// One plane of [`backward_pool`], windows of 2×2 side by side.
fn pass_to_pairs<F: Real>(plan: &Plan, winners: &[u8], dy: &[F], dconv: &mut [F]) {
    if let Some(winner) = winners.iter().find(|&&winner| winner > 3 && winner != AT_REST) {
        panic!("winner {winner} of a window of 4 elements");
    }
    let (width, conv_width) = (plan.pool().output()[1], plan.conv().output()[1]);
    vectorize(Pairs { winners, dy, width, dconv, conv_width });
}

/// Every element is written, so that there are no branches, and whole vectors can be.
struct Pairs<'a, F> {
    winners: &'a [u8],
    dy: &'a [F],
    width: usize,
    dconv: &'a mut [F],
    conv_width: usize,
}

impl<F: Real> Vectorize for Pairs<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { winners, dy, width, dconv, conv_width } = self;
        // (An odd row, or column, is under no window.)
        dconv[winners.len() / width * 2 * conv_width..].fill(F::ZERO);
        let rows = winners.chunks_exact(width).zip(dy.chunks_exact(width));
        for (dconv, (winners, dy)) in dconv.chunks_exact_mut(2 * conv_width).zip(rows) {
            let (upper, lower) = dconv.split_at_mut(conv_width);
            for (row, first) in [(upper, 0), (lower, 2)] {
                let (pairs, odd) = row.split_at_mut(2 * width);
                odd.fill(F::ZERO);
                for (pair, (&winner, &d)) in pairs.chunks_exact_mut(2).zip(winners.iter().zip(dy)) {
                    pair[0] = if winner == first { F::ZERO + d } else { F::ZERO };
                    pair[1] = if winner == first + 1 { F::ZERO + d } else { F::ZERO };
                }
            }
        }
    }
}

fn check(plan: &Plan, x: usize, w: usize, filters: usize, y: usize) {
    let conv: &Geometry = plan.conv();
    let n = x / conv.input_len();
    assert_eq!(x, n * conv.input_len(), "x: {x} elements are no whole number of images of {conv:?}");
    assert_eq!(w, filters * conv.patch_len(), "w: {w} elements, expected {filters} filters of {conv:?}");
    let expected = n * filters * plan.pool().positions();
    assert_eq!(y, expected, "y: {y} elements, expected {expected} for {n} images and {filters} filters");
    let planned = plan.pool().channels();
    assert_eq!(filters, planned, "b: {filters} filters, expected {planned} as the pooling has");
}
