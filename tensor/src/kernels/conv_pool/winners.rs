//! The winners of a filter in the order of their windows: where in an image each saw what it saw, and its gradient.

use super::Plan;
use crate::conv_pool::AT_REST;
use crate::kernels::isa::Vectors;
use crate::kernels::lanes::Lanes;
use crate::kernels::pixel_vectors::PixelVectors;
use crate::kernels::scratch;

/// Windows that are looked up at once.
pub(super) const AT_ONCE: usize = 128;

/// Where the windows of a band and their elements find their vectors in [`PixelVectors`].
pub(super) struct Places<'a> {
    /// Elements of a pooling window.
    pool_len: usize,
    /// Where they lie behind the first, by the number of the winner; 0 for numbers that are no element's.
    elements: [u32; 256],
    /// Where the windows lie. (Whole vectors are read: there are up to fifteen more.)
    windows: &'a [u32],
}

impl Places<'_> {
    /// Calls `f` with the places of the first `count` windows of a band. What they see, also under the elements of a window, lies in a
    /// plane.
    ///
    /// # Panics
    /// Where it does not, or the planes of an image are too large for places of four bytes.
    pub(super) fn with<R>(plan: &Plan, layout: &PixelVectors, count: usize, f: impl FnOnce(&Places<'_>) -> R) -> R {
        let len = layout.plane_len();
        assert!(
            u32::try_from(len).is_ok(),
            "{len} numbers for a channel, or sixteen: more than the kernels can number"
        );
        let ([pool_h, pool_w], [_, width]) = (plan.pool.window().kernel, plan.pool.output());
        let mut elements = [0; 256];
        for (i, element) in elements[..pool_h * pool_w].iter_mut().enumerate() {
            *element = place(layout.window(i / pool_w, i % pool_w));
        }
        let [s_y, s_x] = plan.pool.window().stride;
        scratch::with_whole(count.next_multiple_of(16), |windows| {
            for (i, window) in windows.iter_mut().enumerate() {
                let i = i.min(count - 1);
                *window = place(layout.window(i / width * s_y, i % width * s_x));
            }
            // The windows are in ascending order, so are the elements: what the last sees ends last.
            let ([rows, columns], last_element) = (layout.grid(), elements[pool_h * pool_w - 1]);
            let last = [windows[count - 1], last_element].map(|at| at as usize);
            let end = last[0] + last[1] + (rows - 1) * layout.next_row() + 16 * columns;
            assert!(end <= len, "windows up to {end} of a plane of {len}");
            f(&Places { pool_len: pool_h * pool_w, elements, windows })
        })
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
    // (With room for as many zeros.)
    d: [f32; 2 * AT_ONCE],
}

impl Winners {
    pub(super) const NONE: Self = Winners { len: 0, at: [0; AT_ONCE + 16], d: [0.0; 2 * AT_ONCE] };

    /// Takes those of some neighbouring windows, from window `first` of the band on, a multiple of 16.
    ///
    /// # Safety
    /// The machine has the instructions.
    ///
    /// # Panics
    /// Where there are not as many gradients as winners, more than [`AT_ONCE`], or more than `places` has.
    #[inline(always)]
    pub(super) unsafe fn take<V: Vectors>(&mut self, places: &Places<'_>, first: usize, winners: &[u8], dy: &[f32]) {
        assert!(winners.len() == dy.len() && dy.len() <= AT_ONCE);
        debug_assert!(first.is_multiple_of(16));
        let windows = &places.windows[first..][..dy.len().next_multiple_of(16)];
        let mut len = 0;
        if places.pool_len > 4 {
            for ((&winner, &d), &window) in winners.iter().zip(dy).zip(windows) {
                // Without a branch: at rest, the next one takes the place.
                self.at[len] = window + places.elements[usize::from(winner)];
                self.d[len] = d;
                len += usize::from(winner != AT_REST);
            }
            self.len = len;
            return;
        }
        // SAFETY: the machine has the instructions; no lane is read that is not there, and a vector fits behind the winners so far.
        unsafe {
            let mut elements = [0; 16];
            elements.chunks_exact_mut(4).for_each(|four| four.copy_from_slice(&places.elements[..4]));
            let elements = V::V16::load(elements.as_ptr().cast());
            let whole = winners.len() / 16 * 16;
            for i in (0..whole).step_by(16) {
                len += self.take_vector::<V>(elements, &windows[i..], &winners[i..], &dy[i..], 16, len);
            }
            let (i, left) = (whole, winners.len() - whole);
            if left > 0 {
                len += self.take_vector::<V>(elements, &windows[i..], &winners[i..], &dy[i..], left, len);
            }
        }
        self.len = len;
    }

    /// Takes `lanes` windows that begin here, of at most four elements each, and says how many winners they had.
    ///
    /// # Safety
    /// As `take`; there are so many windows, and `len` winners so far.
    #[inline(always)]
    unsafe fn take_vector<V: Vectors>(
        &mut self,
        elements: V::V16,
        windows: &[u32],
        winners: &[u8],
        dy: &[f32],
        lanes: usize,
        len: usize,
    ) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            // (Lanes behind the last window are at rest.)
            let winner = V::V16::load_bytes(winners.as_ptr(), lanes);
            let d = if lanes == 16 { V::V16::load(dy.as_ptr()) } else { V::V16::load_first(dy.as_ptr(), lanes) };
            let at = winner.of_four(elements).add_whole(V::V16::load(windows.as_ptr().cast()));
            let at_rest = winner.bit(7);
            d.store_without(at_rest, self.d.as_mut_ptr().add(len));
            at.store_without(at_rest, self.at.as_mut_ptr().add(len).cast())
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds the gradients to sixteen sums, one after the other, in groups of sixteen; there were at most `most`.
    ///
    /// # Safety
    /// The machine has the instructions; there are sixteen sums.
    #[inline(always)]
    pub(super) unsafe fn add_gradients<V: Vectors>(&mut self, most: usize, sums: &mut [f32]) {
        // SAFETY: the caller's promise; `d` has a place for `most` zeros behind the gradients.
        unsafe {
            debug_assert!(self.len <= most);
            let most = most.min(AT_ONCE);
            // Zeros are added as well: a loop that ends here or there is guessed wrong, which takes longer.
            for i in (0..most).step_by(16) {
                V::V16::splat(0.0).store(self.d.as_mut_ptr().add(self.len + i));
            }
            let mut lanes = V::V16::load(sums.as_ptr());
            for i in (0..most).step_by(16) {
                lanes = lanes.add(V::V16::load(self.d.as_ptr().add(i)));
            }
            lanes.store(sums.as_mut_ptr());
        }
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
