//! The input gradient: each window's gradient times the filter goes to what its winner saw.
//!
//! As in the weight gradient, a quarter of the products (of a 2×2 pooling) is all there is. Every filter lies in registers, with the
//! channels in the lanes, while its winners add it, weighted, to the vectors that their windows saw (see [`PixelVectors`]).

use super::winners::{AT_ONCE, Places, Winners};
use super::{Plan, dense_is_faster};
use crate::conv_pool::backward_pool;
use crate::kernels::convolution;
use crate::kernels::isa::{Kernel, Vectors, run};
use crate::kernels::lanes::Lanes;
use crate::kernels::pixel_vectors::PixelVectors;
use crate::kernels::scratch;
use crate::threads::for_each_part;

/// `dx ←` the gradient, given the `winners` of [`forward`](super::forward()) and `dy`, the gradient of its output.
pub(in crate::kernels) fn backward_input(plan: &Plan, winners: &[u8], w: &[f32], dy: &[f32], dx: &mut [f32]) {
    let layout = PixelVectors::of_channels(plan.conv, plan.conv.output()[0]);
    // Every vector is read and written again.
    if dense_is_faster(plan, 2 * layout.vectors()) {
        let len = dy.len() / plan.pool.positions() * plan.conv.positions();
        return scratch::with(len, |dconv| {
            backward_pool(plan, winners, dy, dconv);
            convolution::backward_input(&plan.conv, w, dconv, dx);
        });
    }
    Places::with(plan, &layout, plan.pool.positions(), |places| {
        winner_by_winner(plan, &layout, places, winners, [w, dy], dx);
    });
}

/// The gradient, where the windows find what they see at these places.
fn winner_by_winner(
    plan: &Plan,
    layout: &PixelVectors,
    places: &Places<'_>,
    winners: &[u8],
    [w, dy]: [&[f32]; 2],
    dx: &mut [f32],
) {
    let (n, windows) = (dx.len() / plan.conv.input_len(), plan.pool.positions());
    let (filters, a_filter) = (plan.pool.channels(), 16 * layout.vectors());
    scratch::with(filters * a_filter, |vectors| {
        for (to, w) in vectors.chunks_exact_mut(a_filter).zip(w.chunks_exact(plan.conv.patch_len())) {
            as_vectors(layout, w, to);
        }
        for_each_part(dx, plan.conv.input_len(), |image, dx| {
            scratch::with(layout.len(), |pixels| {
                pixels.fill(0.0);
                // Filter by filter for some windows, then for the next.
                for begin in (0..windows).step_by(AT_ONCE) {
                    run(Backward { plan, layout, places, begin, image: [n, image], winners, dy, w: vectors, pixels });
                }
                layout.read_channels(pixels, dx);
            });
        });
    });
}

/// A filter, as its windows see the image.
fn as_vectors(layout: &PixelVectors, w: &[f32], vectors: &mut [f32]) {
    for (i, vector) in vectors.chunks_exact_mut(16).enumerate() {
        for (lane, to) in vector.iter_mut().enumerate() {
            *to = layout.element(i, lane).map_or(0.0, |element| w[element]);
        }
    }
}

struct Backward<'a> {
    plan: &'a Plan,
    layout: &'a PixelVectors,
    places: &'a Places<'a>,
    /// The first of some windows.
    begin: usize,
    /// How many images there are, and which it is.
    image: [usize; 2],
    winners: &'a [u8],
    dy: &'a [f32],
    /// The filters, in vectors.
    w: &'a [f32],
    pixels: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let (a_filter, windows) = (16 * self.layout.vectors(), self.plan.pool.positions());
        let filters = self.w.len() / a_filter;
        assert!(self.pixels.len() >= self.layout.len() && self.w.len() == filters * a_filter);
        let [n, image] = self.image;
        let (mut list, count) = (Winners::NONE, (windows - self.begin).min(AT_ONCE));
        for filter in 0..filters {
            let at = self.plan.place(n, image, filter) * windows + self.begin;
            // SAFETY: the machine has the instructions, the lengths are checked; the filter exists, and the list is its own.
            unsafe {
                list.take::<V>(self.places, self.begin, &self.winners[at..][..count], &self.dy[at..][..count]);
                self.planes::<V>(filter, &list);
            }
        }
    }
}

impl Backward<'_> {
    /// All vectors of a filter, in tiles.
    ///
    /// # Safety
    /// As `run`; the filter exists, and the list is its own.
    #[inline(always)]
    unsafe fn planes<V: Vectors>(&mut self, filter: usize, list: &Winners) {
        let [rows, columns] = self.layout.grid();
        for plane in 0..self.layout.planes() {
            for row in (0..rows).step_by(3) {
                for column in (0..columns).step_by(3) {
                    let at = [filter, plane, row, column];
                    // SAFETY: these vectors exist.
                    unsafe {
                        match ((rows - row).min(3), (columns - column).min(3)) {
                            (3, 3) => self.tile::<V, 3, 3>(at, list),
                            (3, 2) => self.tile::<V, 3, 2>(at, list),
                            (3, _) => self.tile::<V, 3, 1>(at, list),
                            (2, 3) => self.tile::<V, 2, 3>(at, list),
                            (2, 2) => self.tile::<V, 2, 2>(at, list),
                            (2, _) => self.tile::<V, 2, 1>(at, list),
                            (_, 3) => self.tile::<V, 1, 3>(at, list),
                            (_, 2) => self.tile::<V, 1, 2>(at, list),
                            _ => self.tile::<V, 1, 1>(at, list),
                        }
                    }
                }
            }
        }
    }

    /// Adds `R` rows by `T` columns of the filter to what its winners saw.
    ///
    /// # Safety
    /// As `planes`; the vectors exist.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const R: usize, const T: usize>(
        &mut self,
        [filter, plane, row, column]: [usize; 4],
        list: &Winners,
    ) {
        let ([rows, columns], next_row) = (self.layout.grid(), self.layout.next_row());
        // SAFETY: the caller's promise; what a winner saw lies in the plane (see `Places::with`).
        unsafe {
            let vector = (plane * rows + row) * columns + column;
            let from = self.w.as_ptr().add(16 * (filter * self.layout.vectors() + vector));
            let mut w = [[V::V16::splat(0.0); T]; R];
            for (r, w) in w.iter_mut().enumerate() {
                for (t, w) in w.iter_mut().enumerate() {
                    *w = V::V16::load(from.add(16 * (r * columns + t)));
                }
            }
            let pixels = self.pixels.as_mut_ptr().add(plane * self.layout.plane_len() + row * next_row + 16 * column);
            for i in 0..list.len() {
                let (at, d) = list.get(i);
                let (to, d) = (pixels.add(at), V::V16::splat(d));
                for (r, w) in w.iter().enumerate() {
                    for (t, &w) in w.iter().enumerate() {
                        let to = to.add(r * next_row + 16 * t);
                        d.mul_add(w, V::V16::load(to)).store(to);
                    }
                }
            }
        }
    }
}
