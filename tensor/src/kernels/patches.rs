//! im2col transposed: a row for every tap of the window, in which the positions lie side by side.
//!
//! The lanes of a kernel run over positions, so it wants the same tap of many windows next to each other. For a stride of
//! 1 such a row is made of pieces of image rows. For a larger stride the columns of the (padded) image are sorted by
//! their remainder first; then a row is made of contiguous pieces again.

use super::isa::{Kernel, Vectors, run};
use super::lanes::Lanes;
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
    /// From one tap to the next.
    stride: usize,
}

impl Patches {
    pub(super) fn new(geometry: Geometry) -> Self {
        let window = geometry.window();
        let [height, width] = [0, 1].map(|i| geometry.input()[i] + 2 * window.pad[i]);
        let mut stride = geometry.positions().next_multiple_of(16);
        if stride.is_multiple_of(256) {
            stride += 16; // taps a multiple of 1 KiB apart would fall into the same few cache sets
        }
        Patches { geometry, height, columns: width.div_ceil(window.stride[1]), stride }
    }

    /// Elements from one tap to the next.
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// Elements of the patches of one image, the slack included.
    pub(super) fn len(&self) -> usize {
        self.geometry.patch_len() * self.stride + SLACK
    }

    /// Where tap (fy, fx) of channel c begins.
    pub(super) fn tap(&self, c: usize, fy: usize, fx: usize) -> usize {
        let [f_h, f_w] = self.geometry.window().kernel;
        ((c * f_h + fy) * f_w + fx) * self.stride
    }

    /// Writes the patches of one image.
    pub(super) fn write(&self, image: &[f32], patches: &mut [f32]) {
        assert!(image.len() == self.geometry.input_len() && patches.len() >= self.len());
        let sorted_len =
            self.geometry.channels() * self.height * self.columns * self.geometry.window().stride[1] + SLACK;
        scratch::with(sorted_len, |sorted| {
            self.sort_columns(image, sorted);
            run(Write { layout: self, sorted, patches });
        });
    }

    /// The padded image with its columns sorted by their remainder modulo the stride.
    fn sort_columns(&self, image: &[f32], sorted: &mut [f32]) {
        let [h, w] = self.geometry.input();
        let [pad_y, pad_x] = self.geometry.window().pad;
        let step = self.geometry.window().stride[1];
        let row_len = step * self.columns;
        if pad_y > 0 || pad_x > 0 || self.columns * step != w {
            sorted.fill(0.0);
        }
        for (row, pixels) in image.chunks_exact(w).enumerate() {
            let (c, y) = (row / h, row % h);
            let target = &mut sorted[(c * self.height + y + pad_y) * row_len..][..row_len];
            match step {
                1 => target[pad_x..][..w].copy_from_slice(pixels),
                _ => {
                    for remainder in 0..step {
                        let target = &mut target[remainder * self.columns..][..self.columns];
                        // Column `at · step + remainder` of the padded image is pixel `… − pad_x`.
                        let first = pad_x.saturating_sub(remainder).div_ceil(step);
                        let pixels = pixels.iter().skip(first * step + remainder - pad_x).step_by(step);
                        for (target, &pixel) in target[first.min(self.columns)..].iter_mut().zip(pixels) {
                            *target = pixel;
                        }
                    }
                }
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
        let Patches { geometry, height, columns, .. } = *self.layout;
        let ([f_h, f_w], [s_y, s_x]) = (geometry.window().kernel, geometry.window().stride);
        let [o_h, o_w] = geometry.output();
        for c in 0..geometry.channels() {
            for fy in 0..f_h {
                for fx in 0..f_w {
                    let tap = self.layout.tap(c, fy, fx);
                    for oy in 0..o_h {
                        let row = (c * height + oy * s_y + fy) * s_x + fx % s_x;
                        let (from, to) = (row * columns + fx / s_x, tap + oy * o_w);
                        for at in (0..o_w).step_by(16) {
                            // Whole vectors: what goes too far is overwritten by the next piece, or lies in the slack.
                            // SAFETY: `from + o_w` lies inside `sorted` without its slack, `to + o_w` inside `patches`
                            // without its slack; so at most 15 elements of the slack are touched.
                            unsafe {
                                let pixels = V::V16::load(self.sorted.as_ptr().add(from + at));
                                pixels.store(self.patches.as_mut_ptr().add(to + at));
                            }
                        }
                    }
                }
            }
        }
    }
}
