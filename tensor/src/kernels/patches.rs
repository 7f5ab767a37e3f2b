//! im2col transposed: a row for every tap of the window, in which the positions lie side by side.
//!
//! The lanes of a kernel run over positions, so it wants the same tap of many windows next to each other. For a stride of
//! 1 such a row is made of pieces of image rows. For a larger stride the columns of the (padded) image are sorted by
//! their remainder first; then a row is made of contiguous pieces again.
//!
//! The rows are cut into panels of sixteen positions, one vector: a panel holds all taps of its positions one after the
//! other, so a kernel that goes through the taps walks straight through memory.

use super::isa::{Kernel, Vectors, run};
use super::lanes::{Lanes, Lanes16};
use super::scratch;
use crate::geometry::Geometry;

/// What may be read and written beyond the end by whole vectors.
pub(super) const SLACK: usize = 16;

/// The layout of transposed patches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patches {
    geometry: Geometry,
    /// Height of the padded image, and columns of each remainder.
    height: usize,
    columns: usize,
}

impl Patches {
    pub(super) fn new(geometry: Geometry) -> Self {
        let window = geometry.window();
        let [height, width] = [0, 1].map(|i| geometry.input()[i] + 2 * window.pad[i]);
        Patches { geometry, height, columns: width.div_ceil(window.stride[1]) }
    }

    /// Panels of one image; the lanes behind the last position are 0.
    pub(super) fn panels(&self) -> usize {
        self.geometry.positions().div_ceil(16)
    }

    /// Elements from one panel to the next.
    pub(super) fn panel_len(&self) -> usize {
        16 * self.geometry.patch_len()
    }

    /// Elements of the patches of one image.
    pub(super) fn len(&self) -> usize {
        self.panels() * self.panel_len()
    }

    /// Where in a panel tap (fy, fx) of channel c begins.
    pub(super) fn tap(&self, c: usize, fy: usize, fx: usize) -> usize {
        let [f_h, f_w] = self.geometry.window().kernel;
        16 * ((c * f_h + fy) * f_w + fx)
    }

    /// Writes the patches of one image, with `pad` in the padding.
    pub(super) fn write(&self, image: &[f32], pad: f32, patches: &mut [f32]) {
        assert!(image.len() == self.geometry.input_len() && patches.len() >= self.len());
        scratch::with(self.sorted_len(), |sorted| {
            run(SortColumns { layout: self, image, pad, sorted });
            run(Write { layout: self, sorted, patches });
        });
    }

    /// As [`write`](Self::write), but with 0 in the padding, and not cut into panels: a row of all positions for every tap, and
    /// slack for whole vectors.
    pub(super) fn write_rows(&self, image: &[f32], rows: &mut [f32]) {
        assert!(image.len() == self.geometry.input_len());
        assert!(rows.len() >= self.geometry.patch_len() * self.geometry.positions() + SLACK);
        scratch::with(self.sorted_len(), |sorted| {
            run(SortColumns { layout: self, image, pad: 0.0, sorted });
            run(WriteRows { layout: self, sorted, rows });
        });
    }

    /// The adjoint of [`write_rows`](Self::write_rows): `image ←` for every pixel the sum of the elements that were taken from
    /// it, tap by tap.
    pub(super) fn add_back(&self, rows: &[f32], image: &mut [f32]) {
        assert!(image.len() == self.geometry.input_len());
        assert!(rows.len() >= self.geometry.patch_len() * self.geometry.positions());
        if self.geometry.window().stride[1] == 1 {
            run(AddBack { layout: self, rows, image, sorted_rows: false });
        } else {
            scratch::with(image.len() / self.geometry.input()[1] * self.row_len(), |sorted| {
                run(AddBack { layout: self, rows, image: sorted, sorted_rows: true });
                self.unsort(sorted, image);
            });
        }
    }

    /// Elements of the padded image with sorted columns, the slack included.
    fn sorted_len(&self) -> usize {
        self.geometry.channels() * self.height * self.row_len() + SLACK
    }

    /// Elements of a row of the padded image with sorted columns.
    fn row_len(&self) -> usize {
        self.columns * self.geometry.window().stride[1]
    }

    /// Where in the sorted image row `row` of the image begins (counted over all channels).
    fn sorted_row(&self, row: usize) -> usize {
        let h = self.geometry.input()[0];
        (row / h * self.height + row % h + self.geometry.window().pad[0]) * self.row_len()
    }

    /// Where in its sorted row a column of the image lies.
    fn sorted_column(&self, column: usize) -> usize {
        let Self { columns, geometry, .. } = self;
        let padded = column + geometry.window().pad[1];
        padded % geometry.window().stride[1] * columns + padded / geometry.window().stride[1]
    }

    /// The columns in order again: `sorted` has the rows of the image, without those of the padding.
    fn unsort(&self, sorted: &[f32], image: &mut [f32]) {
        let w = self.geometry.input()[1];
        for (pixels, sorted) in image.chunks_exact_mut(w).zip(sorted.chunks_exact(self.row_len())) {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                *pixel = sorted[self.sorted_column(column)];
            }
        }
    }

    /// Calls `visit` for all taps, in order, with where in the sorted image the tap's first piece begins.
    #[inline(always)]
    fn for_each_tap(&self, mut visit: impl FnMut(usize)) {
        let ([f_h, f_w], step) = (self.geometry.window().kernel, self.geometry.window().stride[1]);
        for c in 0..self.geometry.channels() {
            for fy in 0..f_h {
                let (mut at, mut remainder) = ((c * self.height + fy) * self.row_len(), 0);
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

    /// From one piece of a tap to the next.
    fn next_piece(&self) -> usize {
        self.geometry.window().stride[0] * self.row_len()
    }
}

struct SortColumns<'a> {
    layout: &'a Patches,
    image: &'a [f32],
    pad: f32,
    sorted: &'a mut [f32],
}

impl Kernel for SortColumns<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let Self { layout, image, pad, sorted } = self;
        let (w, row_len) = (layout.geometry.input()[1], layout.row_len());
        let [pad_x, step] = [layout.geometry.window().pad[1], layout.geometry.window().stride[1]];
        // The slack, too: whole vectors reach into it, and what they find may be multiplied by zero.
        if layout.geometry.window().pad != [0, 0] || row_len != w {
            sorted.fill(pad);
        } else {
            let slack = sorted.len() - SLACK;
            sorted[slack..].fill(pad);
        }
        for (row, pixels) in image.chunks_exact(w).enumerate() {
            let target = &mut sorted[layout.sorted_row(row)..][..row_len];
            match step {
                1 => target[pad_x..][..w].copy_from_slice(pixels),
                // SAFETY: the machine has the instructions.
                2 => unsafe { sort_pairs::<V>(pixels, pad_x, target) },
                _ => {
                    for (remainder, target) in target.chunks_exact_mut(layout.columns).enumerate() {
                        // Column `at · step + remainder` of the padded image is pixel `… − pad_x`.
                        let first = pad_x.saturating_sub(remainder).div_ceil(step);
                        let pixels = pixels.iter().skip(first * step + remainder - pad_x).step_by(step);
                        for (target, &pixel) in target[first.min(layout.columns)..].iter_mut().zip(pixels) {
                            *target = pixel;
                        }
                    }
                }
            }
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

struct Write<'a> {
    layout: &'a Patches,
    sorted: &'a [f32],
    patches: &'a mut [f32],
}

impl Kernel for Write<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let Self { layout, sorted, patches } = self;
        let (positions, [_, o_w]) = (layout.geometry.positions(), layout.geometry.output());
        let (panel_len, sorted) = (layout.panel_len(), sorted.as_ptr());
        // One panel of all taps after the other: where the pieces lie is the same for all taps but for a shift.
        for (panel, patches) in patches.chunks_exact_mut(panel_len).take(layout.panels()).enumerate() {
            let first = 16 * panel;
            let lanes = (positions - first).min(16);
            let (oy, ox) = (first / o_w, first % o_w);
            let pieces = Pieces {
                // Lane l of the first piece is at `from + l`; of each further piece at `from + l + gap` more.
                from: oy * layout.next_piece() + ox,
                gap: layout.next_piece().wrapping_sub(o_w),
                first_end: (o_w - ox).min(lanes),
                o_w,
                lanes,
            };
            // SAFETY: the machine has the instructions; a panel has a vector for every tap; only lanes of positions that
            // exist are read, each where its row has them.
            unsafe {
                match 1 + (lanes - pieces.first_end).div_ceil(o_w) {
                    1 => pieces.write::<V, 1>(layout, sorted, patches),
                    2 => pieces.write::<V, 2>(layout, sorted, patches),
                    3 => pieces.write::<V, 3>(layout, sorted, patches),
                    4 | 5 => pieces.write::<V, 5>(layout, sorted, patches),
                    _ => pieces.write::<V, 16>(layout, sorted, patches),
                }
            }
        }
    }
}

/// The pieces that sixteen neighbouring positions are made of.
struct Pieces {
    from: usize,
    gap: usize,
    first_end: usize,
    o_w: usize,
    lanes: usize,
}

impl Pieces {
    /// Writes a panel; `P` is at least the number of pieces.
    ///
    /// # Safety
    /// The machine has the instructions; `sorted` is the sorted image, `patches` has a vector for every tap.
    #[inline(always)]
    unsafe fn write<V: Vectors, const P: usize>(&self, layout: &Patches, sorted: *const f32, patches: &mut [f32]) {
        let mut to = patches.as_mut_ptr();
        let pieces: [(usize, usize); P] = std::array::from_fn(|p| {
            let end = |p: usize| (self.first_end + p * self.o_w).min(self.lanes);
            (if p == 0 { 0 } else { end(p - 1) }, end(p))
        });
        layout.for_each_tap(|tap| {
            let mut row = sorted.wrapping_add(tap + self.from);
            // SAFETY: the caller's promise.
            unsafe {
                let mut vector = V::V16::splat(0.0);
                for (first, end) in pieces {
                    vector = vector.load_between(row, first, end);
                    row = row.wrapping_add(self.gap);
                }
                vector.store(to);
                to = to.add(16);
            }
        });
    }
}

struct WriteRows<'a> {
    layout: &'a Patches,
    sorted: &'a [f32],
    rows: &'a mut [f32],
}

impl Kernel for WriteRows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let Self { layout, sorted, rows } = self;
        let [o_h, o_w] = layout.geometry.output();
        let (sorted, mut to) = (sorted.as_ptr(), rows.as_mut_ptr());
        layout.for_each_tap(|mut from| {
            for _ in 0..o_h {
                let mut at = 0;
                while at < o_w {
                    // Whole vectors: what goes too far is overwritten by the next piece, or lies in the slack.
                    // SAFETY: the machine has the instructions; the piece lies inside `sorted` and `rows`, so at most 15
                    // elements of the slack of each are touched.
                    unsafe { V::V16::load(sorted.wrapping_add(from + at)).store(to.wrapping_add(at)) };
                    at += 16;
                }
                from += layout.next_piece();
                to = to.wrapping_add(o_w);
            }
        });
    }
}

struct AddBack<'a> {
    layout: &'a Patches,
    rows: &'a [f32],
    /// The image, its columns sorted where they were.
    image: &'a mut [f32],
    sorted_rows: bool,
}

impl Kernel for AddBack<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let Self { layout, rows, image, sorted_rows } = self;
        let geometry = &layout.geometry;
        let (h, [pad_y, pad_x], [_, s_x]) = (geometry.input()[0], geometry.window().pad, geometry.window().stride);
        // In sorted rows the padding has its columns, in those of the image it is left out.
        let (row_len, columns, skipped) = match sorted_rows {
            true => (layout.row_len(), layout.columns, 0),
            false => (geometry.input()[1], geometry.input()[1], pad_x),
        };
        for (row, pixels) in image.chunks_exact_mut(row_len).enumerate() {
            let (c, y) = (row / h, row % h + pad_y);
            for (remainder, pixels) in pixels.chunks_exact_mut(columns).enumerate() {
                debug_assert!(remainder < s_x);
                for (at, pixels) in pixels.chunks_mut(16).enumerate() {
                    // SAFETY: the machine has the instructions; the vector holds the pixels of this row.
                    unsafe {
                        let sum = layout.sum_of_taps::<V>(rows.as_ptr(), [c, y, remainder], 16 * at + skipped);
                        sum.store_first(pixels.as_mut_ptr(), pixels.len());
                    }
                }
            }
        }
    }
}

impl Patches {
    /// For sixteen sorted columns of one remainder from `column` on, in row `y` of the padded image: the sum of all patch
    /// elements that were taken from there.
    ///
    /// # Safety
    /// The machine has the instructions; `rows` has a row of all positions for every tap.
    #[inline(always)]
    unsafe fn sum_of_taps<V: Vectors>(&self, rows: *const f32, [c, y, remainder]: [usize; 3], column: usize) -> V::V16 {
        let (positions, [o_h, o_w]) = (self.geometry.positions(), self.geometry.output());
        let ([f_h, f_w], [s_y, s_x]) = (self.geometry.window().kernel, self.geometry.window().stride);
        // SAFETY: only lanes are read whose position exists.
        unsafe {
            let mut sum = V::V16::splat(0.0);
            // The window at row `oy` meets row y with its tap `y − oy · s_y`.
            for fy in (y % s_y..f_h.min(y + 1)).step_by(s_y) {
                let oy = (y - fy) / s_y;
                if oy >= o_h {
                    continue;
                }
                let row = rows.wrapping_add(((c * f_h + fy) * f_w + remainder) * positions + oy * o_w);
                // Of the taps of this remainder the i-th meets in lane l the position column + l − i.
                let taps = (f_w - remainder.min(f_w)).div_ceil(s_x);
                let mut at = row.wrapping_add(column);
                for i in 0..taps {
                    let first = i.saturating_sub(column).min(16);
                    let end = (o_w + i).saturating_sub(column).min(16);
                    if first < end {
                        sum = sum.add(V::V16::splat(0.0).load_between(at, first, end));
                    }
                    at = at.wrapping_add(s_x * positions).wrapping_sub(1);
                }
            }
            sum
        }
    }
}
