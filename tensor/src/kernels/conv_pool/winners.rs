//! The winners of a filter in the order of their windows: where in an image each saw what it saw, and its gradient.

use super::Plan;
use crate::conv_pool::AT_REST;
use crate::kernels::isa::Vectors;
use crate::kernels::lanes::Lanes;
use crate::kernels::pixel_vectors::PixelVectors;

/// Windows that are looked up at once.
pub(super) const AT_ONCE: usize = 128;

/// Where the windows of a band and their elements find their vectors in [`PixelVectors`].
pub(super) struct Places {
    /// Elements of a pooling window.
    pool_len: usize,
    /// Where they lie behind the first, by the number of the winner; 0 for numbers that are no element's.
    elements: [u32; 256],
    /// Where the windows lie that are looked up; whole vectors are read.
    windows: [u32; AT_ONCE],
}

impl Places {
    /// # Panics
    /// Where the planes of an image are too large for places of four bytes.
    pub(super) fn new(plan: &Plan, layout: &PixelVectors) -> Self {
        let len = layout.plane_len();
        assert!(
            u32::try_from(len).is_ok(),
            "{len} numbers for a channel, or sixteen: more than the kernels can number"
        );
        let [pool_h, pool_w] = plan.pool.window().kernel;
        let mut elements = [0; 256];
        for y in 0..pool_h {
            for x in 0..pool_w {
                elements[y * pool_w + x] = place(layout.window(y, x));
            }
        }
        Places { pool_len: pool_h * pool_w, elements, windows: [0; AT_ONCE] }
    }

    /// Goes to `count` windows, which begin with window `first` of the band. What they see, also under the elements of a window, lies
    /// in a plane.
    ///
    /// # Panics
    /// Where it does not.
    pub(super) fn go_to(&mut self, plan: &Plan, layout: &PixelVectors, first: usize, count: usize) {
        let ([_, width], [s_y, s_x]) = (plan.pool.output(), plan.pool.window().stride);
        let (next, mut left) = (place(layout.window(0, s_x)), first % width);
        let mut windows = &mut self.windows[..count];
        let mut row = first / width;
        while !windows.is_empty() {
            let (of_row, others) = windows.split_at_mut(windows.len().min(width - left));
            let begin = place(layout.window(row * s_y, left * s_x));
            for (at, i) in of_row.iter_mut().zip(0..) {
                *at = begin + next * i;
            }
            (windows, row, left) = (others, row + 1, 0);
        }
        // The windows are in ascending order, so are the elements: what the last sees ends last.
        let ([rows, columns], elements) = (layout.grid(), self.elements.iter().max());
        let last = [self.windows[..count].last(), elements].map(|at| at.map_or(0, |&at| at as usize));
        let end = last[0] + last[1] + (rows - 1) * layout.next_row() + 16 * columns;
        assert!(end <= layout.plane_len(), "windows up to {end} of a plane of {}", layout.plane_len());
    }
}

/// A place in a plane, whose length was checked.
fn place(at: usize) -> u32 {
    at as u32
}

/// The winners of some windows of one filter, without the windows at rest.
pub(super) struct Winners {
    len: usize,
    // (A vector more: whole vectors are written.)
    at: [u32; AT_ONCE + 16],
    d: [f32; AT_ONCE + 16],
}

impl Winners {
    pub(super) const NONE: Self = Winners { len: 0, at: [0; AT_ONCE + 16], d: [0.0; AT_ONCE + 16] };

    /// Takes those of the windows that `places` went to.
    ///
    /// # Safety
    /// The machine has the instructions.
    ///
    /// # Panics
    /// Where there are not as many gradients as winners, or more than [`AT_ONCE`].
    #[inline(always)]
    pub(super) unsafe fn take<V: Vectors>(&mut self, places: &Places, winners: &[u8], dy: &[f32]) {
        assert!(winners.len() == dy.len() && dy.len() <= AT_ONCE);
        let mut len = 0;
        if places.pool_len > 4 {
            for ((&winner, &d), &window) in winners.iter().zip(dy).zip(&places.windows) {
                // Without a branch: at rest, the next one takes the place.
                self.at[len] = window + places.elements[usize::from(winner)];
                self.d[len] = d;
                len += usize::from(winner != AT_REST);
            }
            self.len = len;
            return;
        }
        let [first, second, third, fourth, ..] = places.elements;
        // SAFETY: the machine has the instructions; no lane is read that is not there, and a vector fits behind the winners so far.
        unsafe {
            let (first, second) = (V::V16::splat(f32::from_bits(first)), V::V16::splat(f32::from_bits(second)));
            let (third, fourth) = (V::V16::splat(f32::from_bits(third)), V::V16::splat(f32::from_bits(fourth)));
            for i in (0..winners.len()).step_by(16) {
                let lanes = (winners.len() - i).min(16);
                // (Lanes behind the last window are at rest.)
                let winner = V::V16::load_bytes(winners.as_ptr().add(i), lanes);
                let of_two = V::V16::select(winner.bit(0), second, first);
                let of_others = V::V16::select(winner.bit(0), fourth, third);
                let element = V::V16::select(winner.bit(1), of_others, of_two);
                let window = V::V16::load(places.windows.as_ptr().add(i).cast());
                let at_rest = winner.bit(7);
                let d = V::V16::load_first(dy.as_ptr().add(i), lanes);
                d.store_without(at_rest, self.d.as_mut_ptr().add(len));
                let at = self.at.as_mut_ptr().add(len).cast();
                len += element.add_whole(window).store_without(at_rest, at);
            }
            self.len = len;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The gradients.
    pub(super) fn gradients(&self) -> &[f32] {
        &self.d[..self.len]
    }

    /// Where in a plane winner `i` saw its first vector, and its gradient.
    ///
    /// # Safety
    /// `i` < [`AT_ONCE`].
    #[inline(always)]
    pub(super) unsafe fn get(&self, i: usize) -> (usize, f32) {
        // SAFETY: the caller's promise.
        unsafe { (*self.at.get_unchecked(i) as usize, *self.d.get_unchecked(i)) }
    }
}
