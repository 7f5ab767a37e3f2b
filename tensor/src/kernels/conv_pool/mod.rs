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

use super::affine::MANY_PARTS;
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
    /// Filters of one part of the output: all, or so many that there are several parts.
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
    /// so on, as [`affine::Layout::InParts`](crate::affine::Layout::InParts) takes it. `None` where the affine layer behind it
    /// is too small for that, or the filters cannot be cut into equal parts that are large and many enough.
    ///
    /// A part has few filters, so that there are tasks for many threads; only where that would leave many lanes unused, or one half of the
    /// parts with more to do than the other, it has more.
    pub fn in_parts(self) -> Option<Self> {
        /// Outputs of an image from which on parts pay: with fewer, the caches hold all that goes with them.
        const LEAST: usize = 1280;
        /// Outputs of an image in a part from which on it is worth a task.
        const LEAST_OF_A_PART: usize = 64;
        /// Filters of a part up to which one is looked for.
        const MOST_OF_A_PART: usize = 1024;
        let (filters, windows) = (self.pool.channels(), self.pool.positions());
        if filters * windows < LEAST {
            return None;
        }
        let can_be = |a_part: &usize| filters.is_multiple_of(*a_part) && a_part * windows >= LEAST_OF_A_PART;
        let mut choices = (1..=MOST_OF_A_PART.min(filters / MANY_PARTS)).filter(can_be);
        // Lanes of the larger half, used or not.
        let lanes = |a_part: usize| (a_part * windows).next_multiple_of(16) * (filters / a_part).div_ceil(2);
        let fewest = choices.clone().map(lanes).min()?;
        choices.find(|&a_part| lanes(a_part) - fewest <= fewest / 16).and_then(|a_part| self.in_parts_of(a_part))
    }

    /// The same, in parts of so many filters. `None` where that is no whole number of parts, and two at least.
    pub(crate) fn in_parts_of(self, filters: usize) -> Option<Self> {
        let parts = self.pool.channels().checked_div(filters)?;
        (parts >= 2 && parts * filters == self.pool.channels()).then_some(Plan { a_part: filters, ..self })
    }

    /// The parts that the output lies in.
    pub fn parts(&self) -> usize {
        self.pool.channels() / self.a_part
    }

    /// The filters are computed in groups of so many, the last of which may have fewer: those of half of the parts, or all where the output
    /// does not lie in parts.
    fn a_half(&self) -> usize {
        if self.parts() == 1 { self.a_part } else { self.parts().div_ceil(2) * self.a_part }
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
