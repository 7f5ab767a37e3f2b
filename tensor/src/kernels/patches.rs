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
use super::sorted_image::SortedImage;
use crate::geometry::Geometry;

/// The layout of transposed patches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patches {
    image: SortedImage,
}

impl Patches {
    pub(super) fn new(geometry: Geometry) -> Self {
        Patches { image: SortedImage::new(geometry) }
    }

    fn geometry(&self) -> &Geometry {
        self.image.geometry()
    }

    /// Panels of one image; the lanes behind the last position are 0.
    pub(super) fn panels(&self) -> usize {
        self.geometry().positions().div_ceil(16)
    }

    /// Elements from one panel to the next.
    pub(super) fn panel_len(&self) -> usize {
        16 * self.geometry().patch_len()
    }

    /// Elements of the patches of one image.
    pub(super) fn len(&self) -> usize {
        self.panels() * self.panel_len()
    }

    /// Where in a panel tap (fy, fx) of channel c begins.
    pub(super) fn tap(&self, c: usize, fy: usize, fx: usize) -> usize {
        let [f_h, f_w] = self.geometry().window().kernel;
        16 * ((c * f_h + fy) * f_w + fx)
    }

    /// Writes the patches of one image, with `pad` in the padding.
    pub(super) fn write(&self, image: &[f32], pad: f32, patches: &mut [f32]) {
        assert!(image.len() == self.geometry().input_len() && patches.len() >= self.len());
        scratch::with(self.image.len(), |sorted| {
            self.image.write(image, pad, sorted);
            run(Write { layout: self, sorted, patches });
        });
    }

    /// The adjoint of im2col: `image ←` for every pixel the sum of the elements that it takes from there, tap by tap. `rows` has a
    /// row of all positions for every tap.
    pub(super) fn add_back(&self, rows: &[f32], image: &mut [f32]) {
        assert!(image.len() == self.geometry().input_len());
        assert!(rows.len() >= self.geometry().patch_len() * self.geometry().positions());
        if self.geometry().window().stride[1] == 1 {
            run(AddBack { layout: self, rows, image, sorted_rows: false });
        } else {
            scratch::with(image.len() / self.geometry().input()[1] * self.image.row_len(), |sorted| {
                run(AddBack { layout: self, rows, image: sorted, sorted_rows: true });
                self.unsort(sorted, image);
            });
        }
    }

    /// The columns in order again: `sorted` has the rows of the image, without those of the padding.
    fn unsort(&self, sorted: &[f32], image: &mut [f32]) {
        let (w, pad_x) = (self.geometry().input()[1], self.geometry().window().pad[1]);
        for (pixels, sorted) in image.chunks_exact_mut(w).zip(sorted.chunks_exact(self.image.row_len())) {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                *pixel = sorted[self.image.sorted_column(column + pad_x)];
            }
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
        let (positions, [_, o_w]) = (layout.geometry().positions(), layout.geometry().output());
        let (panel_len, sorted) = (layout.panel_len(), sorted.as_ptr());
        // One panel of all taps after the other: where the pieces lie is the same for all taps but for a shift.
        let (mut oy, mut ox) = (0, 0);
        for (panel, patches) in patches.chunks_exact_mut(panel_len).take(layout.panels()).enumerate() {
            let lanes = (positions - 16 * panel).min(16);
            let pieces = Pieces {
                // Lane l of the first piece is at `from + l`; of each further piece at `from + l + gap` more.
                from: oy * layout.image.next_windows() + ox,
                gap: layout.image.next_windows().wrapping_sub(o_w),
                first_end: (o_w - ox).min(lanes),
                o_w,
                lanes,
            };
            let left = lanes - pieces.first_end;
            // SAFETY: the machine has the instructions; a panel has a vector for every tap; only lanes of positions that
            // exist are read, each where its row has them (`pick`: whole rows, and the slack behind them).
            unsafe {
                if const { V::REGISTERS_OF_16 >= 32 } && layout.image.columns() <= 16 && left <= o_w {
                    pieces.pick::<V>(layout, ox, sorted, patches);
                } else {
                    match 1 + left.div_ceil(o_w) {
                        1 => pieces.write::<V, 1>(layout, sorted, patches),
                        2 => pieces.write::<V, 2>(layout, sorted, patches),
                        3 => pieces.write::<V, 3>(layout, sorted, patches),
                        4 | 5 => pieces.write::<V, 5>(layout, sorted, patches),
                        _ => pieces.write::<V, 16>(layout, sorted, patches),
                    }
                }
            }
            ox += 16;
            while ox >= o_w {
                (oy, ox) = (oy + 1, ox - o_w);
            }
        }
    }
}

/// The lanes of two vectors, the second counted from 16 on.
static LANES: [u32; 32] = {
    let mut lanes = [0; 32];
    let mut lane = 0;
    while lane < lanes.len() {
        lanes[lane] = lane as u32;
        lane += 1;
    }
    lanes
};

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
        layout.image.for_each_tap(|tap| {
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

    /// Writes a panel of at most two pieces of rows that are no longer than a vector: each row is loaded once for all taps that it has, and
    /// these are picked from it.
    ///
    /// # Safety
    /// As `write`; the first position is in column `ox`, rows have at most sixteen sorted columns of a remainder, and there are at most two
    /// pieces.
    #[inline(always)]
    unsafe fn pick<V: Vectors>(&self, layout: &Patches, ox: usize, sorted: *const f32, patches: &mut [f32]) {
        let ([f_h, f_w], step) = (layout.geometry().window().kernel, layout.geometry().window().stride[1]);
        let next_row = if self.lanes > self.first_end { layout.image.next_windows() } else { 0 };
        // SAFETY: the caller's promise; whole rows are read, and up to fifteen numbers beyond the image, which lie in its slack.
        // `ox` < `o_w` ≤ 16 and 1 ≤ `first_end` ≤ 16, so in the table sixteen numbers follow on both.
        unsafe {
            // Which lanes of both rows, the second counted from 16 on, the first tap of a remainder is made of; the next one finds its own
            // one lane further. (Lanes without a position: one that holds anything; they are set to 0.)
            let [of_first, of_second] = [ox, 16 - self.first_end].map(|lane| LANES[lane..].as_ptr().cast());
            let first_at = V::V16::load(of_first).load_between(of_second, self.first_end, 16);
            let one = V::V16::splat(f32::from_bits(1));
            let mut to = patches.as_mut_ptr();
            for c in 0..layout.geometry().channels() {
                for fy in 0..f_h {
                    let row = sorted.wrapping_add(layout.image.row(c, fy) + self.from - ox);
                    for remainder in 0..step.min(f_w) {
                        let row = row.wrapping_add(remainder * layout.image.columns());
                        let rows = [V::V16::load(row), V::V16::load(row.wrapping_add(next_row))];
                        let (mut at, mut fx) = (first_at, remainder);
                        while fx < f_w {
                            at.pick_first(rows, self.lanes).store(to.add(16 * fx));
                            at = at.add_whole(one);
                            fx += step;
                        }
                    }
                    to = to.add(16 * f_w);
                }
            }
        }
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
        let geometry = layout.geometry();
        let (h, [pad_y, pad_x], [_, s_x]) = (geometry.input()[0], geometry.window().pad, geometry.window().stride);
        // In sorted rows the padding has its columns, in those of the image it is left out.
        let (row_len, columns, skipped) = match sorted_rows {
            true => (layout.image.row_len(), layout.image.columns(), 0),
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
        let (positions, [o_h, o_w]) = (self.geometry().positions(), self.geometry().output());
        let ([f_h, f_w], [s_y, s_x]) = (self.geometry().window().kernel, self.geometry().window().stride);
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
