//! The weight gradient.

use std::ops::Range;

use crate::geometry::Geometry;
use crate::kernels::isa::{Kernel, Vectors, run};
use crate::kernels::lanes::Lanes;
use crate::kernels::matrix::Matrix;
use crate::kernels::rows::panels_len;
use crate::kernels::scratch;
use crate::kernels::sorted_image::SortedImage;
use crate::kernels::transpose;

/// `dw_t ← dw_t + taps · dYᵀ` for one image: for each tap a row with a number for every filter, rounded up to whole vectors.
pub(in crate::kernels) fn add_weight_gradient(geometry: &Geometry, x: &[f32], dy: &[f32], dw_t: &mut [f32]) {
    let positions = geometry.positions();
    let filters = dy.len() / positions;
    let layout = SortedImage::new(*geometry);
    scratch::with(panels_len(filters, positions) + layout.len(), |buffer| {
        let (dy_t, sorted) = buffer.split_at_mut(panels_len(filters, positions));
        layout.write(x, 0.0, sorted);
        transpose::to_panels(Matrix::row_major(dy, positions, [filters, positions]), dy_t);
        run(WeightGradient { layout: &layout, sorted, dy: dy_t, panels: filters.div_ceil(16), dw: dw_t });
    });
}

/// Positions whose gradients stay in the first-level cache while the tiles go over them.
const POSITIONS_AT_ONCE: usize = 256;

struct WeightGradient<'a> {
    layout: &'a SortedImage,
    sorted: &'a [f32],
    /// In panels.
    dy: &'a [f32],
    panels: usize,
    dw: &'a mut [f32],
}

impl Kernel for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let geometry = *self.layout.geometry();
        let [o_h, o_w] = geometry.output();
        assert!(self.sorted.len() >= self.layout.len() && self.dy.len() >= self.panels * 16 * geometry.positions());
        assert!(self.dw.len() == geometry.patch_len() * 16 * self.panels);
        let rows = (POSITIONS_AT_ONCE / o_w).max(1);
        for oy in (0..o_h).step_by(rows) {
            let rows = oy..(oy + rows).min(o_h);
            let mut panel = 0;
            // SAFETY: the machine has the instructions, the lengths are checked, rows and panels exist.
            unsafe {
                if const { V::REGISTERS_OF_16 >= 32 } {
                    while panel + 2 <= self.panels {
                        self.lines::<V, 3, 2>(&rows, panel);
                        panel += 2;
                    }
                    if panel < self.panels {
                        self.lines::<V, 4, 1>(&rows, panel);
                    }
                } else {
                    while panel < self.panels {
                        self.lines::<V, 1, 1>(&rows, panel);
                        panel += 1;
                    }
                }
            }
        }
    }
}

/// Some lines of taps, of which the tile has some neighbours, by some panels of filters.
#[derive(Clone, Copy)]
struct Taps {
    /// The first line, counted over all channels.
    line: usize,
    /// The first tap of a line: where it lies, and which it is.
    at: usize,
    fx: usize,
    panel: usize,
}

impl WeightGradient<'_> {
    /// All taps of `T` panels, in tiles of up to `L` lines.
    ///
    /// # Safety
    /// As `run`; the rows of windows and the panels exist.
    #[inline(always)]
    unsafe fn lines<V: Vectors, const L: usize, const T: usize>(&mut self, rows: &Range<usize>, panel: usize) {
        let geometry = self.layout.geometry();
        let (lines, mut line) = (geometry.channels() * geometry.window().kernel[0], 0);
        // SAFETY: the lines exist. (`const`: arms that this L cannot reach are not even compiled.)
        unsafe {
            while line + L <= lines {
                self.columns::<V, L, T>(rows, line, panel);
                line += L;
            }
            match lines - line {
                3 if const { L > 3 } => self.columns::<V, 3, T>(rows, line, panel),
                2 if const { L > 2 } => self.columns::<V, 2, T>(rows, line, panel),
                1 => self.columns::<V, 1, T>(rows, line, panel),
                _ => {}
            }
        }
    }

    /// All taps of `L` lines: those of one remainder by the stride are neighbours, of which a tile takes up to three.
    ///
    /// # Safety
    /// As `lines`; the lines exist.
    #[inline(always)]
    unsafe fn columns<V: Vectors, const L: usize, const T: usize>(
        &mut self,
        rows: &Range<usize>,
        line: usize,
        panel: usize,
    ) {
        let window = self.layout.geometry().window();
        let (f_w, step) = (window.kernel[1], window.stride[1]);
        for remainder in 0..step.min(f_w) {
            let mut fx = remainder;
            while fx < f_w {
                let taps = Taps { line, at: self.layout.sorted_column(fx), fx, panel };
                let neighbours = (f_w - fx).div_ceil(step).min(3);
                // SAFETY: these taps exist.
                unsafe {
                    match neighbours {
                        3 => self.tile::<V, L, 3, T>(rows, taps),
                        2 => self.tile::<V, L, 2, T>(rows, taps),
                        _ => self.tile::<V, L, 1, T>(rows, taps),
                    }
                }
                fx += neighbours * step;
            }
        }
    }

    /// `L` lines of `W` neighbouring taps. What a tap meets at one position, its left neighbour meets at the next: every pixel is loaded
    /// once for a line.
    ///
    /// # Safety
    /// As `columns`; the taps exist.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const L: usize, const W: usize, const T: usize>(
        &mut self,
        rows: &Range<usize>,
        taps: Taps,
    ) {
        let geometry = self.layout.geometry();
        let ([f_h, f_w], step) = (geometry.window().kernel, geometry.window().stride[1]);
        let (o_w, a_panel, stride) = (geometry.output()[1], 16 * geometry.positions(), 16 * self.panels);
        // SAFETY: the caller's promise.
        unsafe {
            let mut lines = [self.sorted.as_ptr(); L];
            let mut to = [self.dw.as_mut_ptr(); L];
            for l in 0..L {
                let line = taps.line + l;
                lines[l] = lines[l].add(self.layout.tap(line / f_h, line % f_h, 0) + taps.at);
                to[l] = to[l].add((line * f_w + taps.fx) * stride + 16 * taps.panel);
            }
            let mut sums = [[[V::V16::splat(0.0); T]; W]; L];
            for (sums, to) in sums.iter_mut().zip(to) {
                for (i, sums) in sums.iter_mut().enumerate() {
                    for (t, sum) in sums.iter_mut().enumerate() {
                        *sum = V::V16::load(to.add(i * step * stride + 16 * t));
                    }
                }
            }
            for oy in rows.clone() {
                let pixels = lines.map(|line| line.wrapping_add(oy * self.layout.next_windows()));
                let dy = self.dy.as_ptr().add(taps.panel * a_panel + 16 * oy * o_w);
                add_row::<V, L, W, T>(&mut sums, pixels, dy, a_panel, o_w);
            }
            for (sums, to) in sums.iter().zip(to) {
                for (i, sums) in sums.iter().enumerate() {
                    for (t, sum) in sums.iter().enumerate() {
                        sum.store(to.add(i * step * stride + 16 * t));
                    }
                }
            }
        }
    }
}

/// Adds the products of a row of windows.
///
/// # Safety
/// The machine has the instructions; `positions + W − 1` pixels lie at each of `pixels`, as many vectors as there are positions at `dy` and
/// at every `a_panel` behind it.
#[inline(always)]
unsafe fn add_row<V: Vectors, const L: usize, const W: usize, const T: usize>(
    sums: &mut [[[V::V16; T]; W]; L],
    pixels: [*const f32; L],
    dy: *const f32,
    a_panel: usize,
    positions: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        // The pixels under the taps, moved to the left before each position.
        let mut under = [[V::V16::splat(0.0); W]; L];
        for (under, &pixels) in under.iter_mut().zip(&pixels) {
            for (i, under) in under[1..].iter_mut().enumerate() {
                *under = V::V16::splat(*pixels.add(i));
            }
        }
        for ox in 0..positions {
            let mut d = [V::V16::splat(0.0); T];
            for (t, d) in d.iter_mut().enumerate() {
                *d = V::V16::load(dy.add(t * a_panel + 16 * ox));
            }
            for ((sums, under), &pixels) in sums.iter_mut().zip(&mut under).zip(&pixels) {
                // (One by one: `copy_within` would move them through memory.)
                for i in 1..W {
                    under[i - 1] = under[i];
                }
                under[W - 1] = V::V16::splat(*pixels.add(ox + W - 1));
                for (sums, &pixel) in sums.iter_mut().zip(&*under) {
                    for (sum, &d) in sums.iter_mut().zip(&d) {
                        *sum = pixel.mul_add(d, *sum);
                    }
                }
            }
        }
    }
}
