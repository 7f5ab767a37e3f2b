//! Convolution, bias, ReLU and max-pooling in one pass, and the gradients that go with it.
//!
//! A pooling window over a convolution sees a larger window of the image: with a convolution of `FH` and stride `s`,
//! and a pooling of `PH` and stride `t`, one of `(PH − 1)·s + FH` with stride `t·s`. Its transposed patches hold the
//! taps of all the `PH · PW` convolution windows that are pooled together (here: the phases), each tap once. The lanes
//! of a vector run over neighbouring pooling windows; a tile keeps the sums of some filters and of four phases in
//! registers, and the largest of the phases is what is written. So the convolution's own output never exists, and what
//! is written is in the order that the next layer reads.
//!
//! In the backward pass a pooled element passes its gradient to a single position of the convolution, and to none where
//! ReLU was at rest. So both gradients go from winner to winner (see [`winners`]) instead of over all
//! positions, wherever that is faster.

mod backward_input;
mod backward_weights;
mod forward;
mod winners;

use super::lanes::Lanes;
use crate::conv_pool::AT_REST;
use crate::geometry::{Geometry, Rounding, Window};

pub(super) use backward_input::backward_input;
pub(super) use backward_weights::backward_weights;
pub(super) use forward::forward;

/// The ReLU of the largest elements, and where they are: `at`, or [`AT_REST`] where nothing passes. (Whole numbers as bit patterns.)
///
/// # Safety
/// The machine has the instructions.
#[inline(always)]
pub(super) unsafe fn relu_or_rest<L: Lanes<N>, const N: usize>(best: L, at: L) -> (L, L) {
    // SAFETY: the caller's promise.
    unsafe {
        let y = best.relu();
        let is_at_rest = y.same_bits(L::splat(0.0));
        (y, L::select(is_at_rest, L::splat(f32::from_bits(AT_REST.into())), at))
    }
}

/// A winner is one byte, and one value of it says that there is none.
const MOST_PHASES: usize = AT_REST as usize;

/// The windows of a convolution that is pooled.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    conv: Geometry,
    pool: Geometry,
    /// The window that a pooled element sees of the image.
    both: Geometry,
    /// Filters of one part of the output: all, or so many that there is an even number of parts.
    a_part: usize,
}

impl Plan {
    /// The plan of a convolution whose output is pooled. `None` where the pooling is padded, its window has more than 255
    /// elements, or the two do not fit together: such a pair is computed layer by layer.
    pub fn new(conv: Geometry, pool: Geometry) -> Option<Self> {
        let [p_h, p_w] = pool.window().kernel;
        if pool.window().pad != [0, 0] || pool.input() != conv.output() || p_h * p_w > MOST_PHASES {
            return None;
        }
        let (c, p) = (conv.window(), pool.window());
        let mut window = Window { rounding: Rounding::Down, ..*c };
        for i in 0..2 {
            window.kernel[i] = (p.kernel[i] - 1).checked_mul(c.stride[i])?.checked_add(c.kernel[i])?;
            window.stride[i] = p.stride[i].checked_mul(c.stride[i])?;
        }
        let [h, w] = conv.input();
        let both = Geometry::new([conv.channels(), h, w], window).ok()?;
        debug_assert_eq!(both.output(), pool.output());
        Some(Plan { conv, pool, both, a_part: pool.channels() })
    }

    /// The same, with the output (and the winners, and their gradient) in parts: the first filters of all images, then the next ones, and
    /// so on, as [`affine::Layout::InParts`](crate::affine::Layout::InParts) takes it. `None` where the number of filters is odd.
    ///
    /// A part has as few filters as fill some whole vectors; or half of them, where no such number divides that.
    pub fn in_parts(self) -> Option<Self> {
        /// Outputs of a part: so few that the affine layer finds all that goes with them in its cache.
        const LEAST: usize = 128;
        let (filters, windows) = (self.pool.channels(), self.pool.positions());
        let fills = |a_part: &usize| (a_part * windows).is_multiple_of(16) && a_part * windows >= LEAST;
        let divides = |a_part: &usize| (filters / 2).is_multiple_of(*a_part);
        let a_part = (1..=filters / 2).filter(divides).find(fills).unwrap_or(filters / 2);
        self.in_parts_of(a_part)
    }

    /// The same, in parts of so many filters. `None` where that is no even number of parts.
    pub(crate) fn in_parts_of(self, filters: usize) -> Option<Self> {
        let parts = self.pool.channels().checked_div(filters)?;
        (parts.is_multiple_of(2) && parts * filters == self.pool.channels()).then_some(Plan { a_part: filters, ..self })
    }

    /// The parts that the output lies in.
    pub fn parts(&self) -> usize {
        self.pool.channels() / self.a_part
    }

    /// The filters are computed in so many groups: in halves where the output lies in parts.
    fn halves(&self) -> usize {
        if self.a_part == self.pool.channels() { 1 } else { 2 }
    }

    /// The convolution.
    pub fn conv(&self) -> &Geometry {
        &self.conv
    }

    /// The pooling of its output.
    pub fn pool(&self) -> &Geometry {
        &self.pool
    }

    /// Where in the convolution's plane the winner of a pooling window lies.
    ///
    /// # Panics
    /// Where the window has no such element.
    pub(crate) fn position(&self, window: usize, winner: u8) -> usize {
        let width = self.pool.output()[1];
        self.window_at(window / width, window % width) + self.offset(winner)
    }

    /// Where in the convolution's plane a pooling window begins.
    #[inline]
    pub(crate) fn window_at(&self, row: usize, column: usize) -> usize {
        let ([_, conv_w], [s_y, s_x]) = (self.conv.output(), self.pool.window().stride);
        row * s_y * conv_w + column * s_x
    }

    /// Where the winner of a pooling window lies behind the beginning of the window.
    ///
    /// # Panics
    /// Where the window has no such element.
    #[inline]
    pub(crate) fn offset(&self, winner: u8) -> usize {
        let ([_, conv_w], [p_h, p_w], winner) = (self.conv.output(), self.pool.window().kernel, usize::from(winner));
        assert!(winner < p_h * p_w, "winner {winner} of a window of {} elements", p_h * p_w);
        winner / p_w * conv_w + winner % p_w
    }

    /// Where the plane of a filter lies among all planes of the output of `n` images.
    pub(crate) fn place(&self, n: usize, image: usize, filter: usize) -> usize {
        // (A division takes as long as some vectors, and most plans need none.)
        match self.a_part {
            1 => filter * n + image,
            all if all == self.pool.channels() => image * all + filter,
            a_part => (filter / a_part * n + image) * a_part + filter % a_part,
        }
    }

    /// Elements of a pooling window.
    fn phases(&self) -> usize {
        let [p_h, p_w] = self.pool.window().kernel;
        p_h * p_w
    }
}

/// Whether a gradient is faster by all products than by those of the winners alone, of which each takes so many vectors.
fn dense_is_faster(plan: &Plan, vectors: usize) -> bool {
    let dense = plan.conv.patch_len() * plan.conv.positions();
    16 * (vectors + 1) * plan.pool.positions() > dense
}
