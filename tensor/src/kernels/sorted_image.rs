//! The padded image, its columns sorted by their remainder by the stride: what a tap of the window meets at all windows of a row
//! lies side by side.

use super::isa::{Kernel, Vectors, run};
use super::lanes::{Lanes, Lanes16};
use crate::geometry::Geometry;

/// What may be read and written beyond the end by whole vectors, and by tiles of positions.
pub(super) const SLACK: usize = 32;

/// The layout of a sorted image: channel by channel, row by row, in each row the columns of one remainder after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct SortedImage {
    geometry: Geometry,
    /// Height of the padded image, and columns of each remainder.
    height: usize,
    columns: usize,
}

impl SortedImage {
    pub(super) fn new(geometry: Geometry) -> Self {
        let window = geometry.window();
        let [height, width] = [0, 1].map(|i| geometry.input()[i] + 2 * window.pad[i]);
        SortedImage { geometry, height, columns: width.div_ceil(window.stride[1]) }
    }

    /// The window and the image.
    pub(super) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Numbers of a sorted image, the slack included.
    pub(super) fn len(&self) -> usize {
        self.geometry.channels() * self.height * self.row_len() + SLACK
    }

    /// Numbers of a row.
    pub(super) fn row_len(&self) -> usize {
        self.columns * self.geometry.window().stride[1]
    }

    /// Columns of each remainder.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// From a row of windows to the next.
    pub(super) fn next_windows(&self) -> usize {
        self.geometry.window().stride[0] * self.row_len()
    }

    /// Where the first window of all finds its tap (fy, fx) of channel c.
    pub(super) fn tap(&self, c: usize, fy: usize, fx: usize) -> usize {
        self.row(c, fy) + self.sorted_column(fx)
    }

    /// Where row `y` of channel c begins.
    pub(super) fn row(&self, c: usize, y: usize) -> usize {
        (c * self.height + y) * self.row_len()
    }

    /// Where a column of the padded image lies in its row.
    pub(super) fn sorted_column(&self, column: usize) -> usize {
        let step = self.geometry.window().stride[1];
        column % step * self.columns + column / step
    }

    /// Calls `visit` for all taps, in order, with where the first window finds each.
    #[inline(always)]
    pub(super) fn for_each_tap(&self, mut visit: impl FnMut(usize)) {
        let ([f_h, f_w], step) = (self.geometry.window().kernel, self.geometry.window().stride[1]);
        for c in 0..self.geometry.channels() {
            for fy in 0..f_h {
                let (mut at, mut remainder) = (self.row(c, fy), 0);
                for _ in 0..f_w {
                    visit(at);
                    (at, remainder) = (at + self.columns, remainder + 1);
                    if remainder == step {
                        (at, remainder) = (at + 1 - self.row_len(), 0);
                    }
                }
            }
        }
    }

    /// Sorts an image, with `pad` in the padding. What the slack holds is anything.
    pub(super) fn write(&self, image: &[f32], pad: f32, sorted: &mut [f32]) {
        assert!(image.len() == self.geometry.input_len() && sorted.len() >= self.len());
        run(Write { layout: self, image, pad, sorted });
    }
}

struct Write<'a> {
    layout: &'a SortedImage,
    image: &'a [f32],
    pad: f32,
    sorted: &'a mut [f32],
}

impl Kernel for Write<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let ([h, w], pad) = (self.layout.geometry.input(), self.layout.geometry.window().pad);
        let (step, row_len) = (self.layout.geometry.window().stride[1], self.layout.row_len());
        let is_padded = pad != [0, 0] || row_len != w;
        if step == 1 {
            // SAFETY: the machine has the instructions; the lengths were checked.
            return unsafe { if is_padded { self.pad_rows::<V>() } else { copy::<V>(self.image, self.sorted) } };
        }
        if is_padded {
            self.sorted.fill(self.pad);
        }
        for (c, channel) in self.image.chunks_exact(h * w).enumerate() {
            let targets = &mut self.sorted[self.layout.row(c, pad[0])..];
            for (pixels, target) in channel.chunks_exact(w).zip(targets.chunks_exact_mut(row_len)) {
                match step {
                    // SAFETY: the machine has the instructions.
                    2 => unsafe { sort_pairs::<V>(pixels, pad[1], target) },
                    _ => sort(pixels, pad[1], step, target),
                }
            }
        }
    }
}

impl Write<'_> {
    /// The image as it is, with its padding, by whole vectors. The last of every row go first, for what goes too far is overwritten: by
    /// the row below, or the first vectors of all rows.
    ///
    /// # Safety
    /// The machine has the instructions; the lengths are right.
    #[inline(always)]
    unsafe fn pad_rows<V: Vectors>(self) {
        let ([h, w], [_, pad_x]) = (self.layout.geometry.input(), self.layout.geometry.window().pad);
        let (height, row_len) = (self.layout.height, self.layout.row_len());
        let pad_y = self.layout.geometry.window().pad[0];
        for at in (0..row_len).step_by(16).rev() {
            let [first, end] = [pad_x, pad_x + w].map(|column| column.saturating_sub(at).min(16));
            // SAFETY: only pixels that exist are read; what is written behind the last row lies in the slack.
            unsafe {
                let padding = V::V16::splat(self.pad);
                let mut from = self.image.as_ptr().wrapping_add(at).wrapping_sub(pad_x);
                let mut to = self.sorted.as_mut_ptr().wrapping_add(at);
                for _ in 0..self.layout.geometry.channels() {
                    for y in 0..height {
                        if y < pad_y || y >= pad_y + h {
                            padding.store(to);
                        } else {
                            padding.load_between(from, first, end).store(to);
                            from = from.wrapping_add(w);
                        }
                        to = to.wrapping_add(row_len);
                    }
                }
            }
        }
    }
}

/// The numbers as they are. (From 2 KiB on the system's function copies by an instruction that is slow to begin: for an image of 28×28 it
/// takes several times as long.)
///
/// # Safety
/// The machine has the instructions.
#[inline(always)]
unsafe fn copy<V: Vectors>(from: &[f32], to: &mut [f32]) {
    let (from, left) = from.as_chunks::<16>();
    let (to, others) = to.split_at_mut(16 * from.len());
    for (from, to) in from.iter().zip(to.as_chunks_mut::<16>().0) {
        // SAFETY: the caller's promise.
        unsafe { V::V16::load(from.as_ptr()).store(to.as_mut_ptr()) };
    }
    others[..left.len()].copy_from_slice(left);
}

/// The pixels of each remainder (in the padded image) side by side.
fn sort(pixels: &[f32], pad_x: usize, step: usize, target: &mut [f32]) {
    let columns = target.len() / step;
    for (remainder, target) in target.chunks_exact_mut(columns).enumerate() {
        // Column `at · step + remainder` of the padded image is pixel `… − pad_x`.
        let first = pad_x.saturating_sub(remainder).div_ceil(step);
        let pixels = pixels.iter().skip(first * step + remainder - pad_x).step_by(step);
        for (target, &pixel) in target[first.min(columns)..].iter_mut().zip(pixels) {
            *target = pixel;
        }
    }
}

/// The pixels in columns that are even in the padded image to the first half of the target, the others to the second.
///
/// # Safety
/// The machine has the instructions.
#[inline(always)]
unsafe fn sort_pairs<V: Vectors>(pixels: &[f32], pad: usize, target: &mut [f32]) {
    let columns = target.len() / 2;
    assert!(pixels.len() + pad <= 2 * columns);
    let [even_at, odd_at] = [pad, pad + 1].map(|column| column % 2 * columns + column / 2);
    for first in (0..pixels.len()).step_by(32) {
        let left = pixels.len() - first;
        // SAFETY: at most `left` pixels are read from `first` on; half as many (rounded up, and down) are written, the last
        // to column `pad + pixels.len() − 1` at most.
        unsafe {
            let from = pixels.as_ptr().add(first);
            let a = V::V16::load_first(from, left.min(16));
            let b = V::V16::load_first(from.wrapping_add(16), left.saturating_sub(16).min(16));
            let [even, odd] = V::V16::even_odd(a, b);
            let to = target.as_mut_ptr().add(first / 2);
            even.store_first(to.add(even_at), left.div_ceil(2).min(16));
            odd.store_first(to.wrapping_add(odd_at), (left / 2).min(16));
        }
    }
}
