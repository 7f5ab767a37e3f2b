//! The weight gradient: each window's gradient times what its winner saw.
//!
//! A pooled element passes its gradient to a single position of the convolution, and to none where ReLU was at rest. So of all
//! products of the plain weight gradient a quarter at most (of a 2×2 pooling) is not zero, and only these are computed: winner by
//! winner, the gradient times the few vectors that its window saw of the image (see [`PixelVectors`]). The lanes are elements of the
//! filter. They are added up in the order of the windows; where a tile has a single column of vectors, in three sums by turns.

use std::ops::Range;

use super::winners::{AT_ONCE, Places, Winners};
use super::{Plan, dense_is_faster};
use crate::conv_pool::backward_pool;
use crate::kernels::convolution::{self, sum_over_images};
use crate::kernels::isa::{Kernel, Vectors, run};
use crate::kernels::lanes::{Lanes, tree_sum};
use crate::kernels::pixel_vectors::PixelVectors;
use crate::kernels::scratch;

/// `dw`, `db` ← the gradients, given the `winners` of [`forward`](super::forward()) and `dy`, the gradient of its output.
pub(in crate::kernels) fn backward_weights(
    plan: &Plan,
    x: &[f32],
    winners: &[u8],
    dy: &[f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    let band = rows_of_a_band(plan);
    let layout = PixelVectors::new(plan.conv, positions_of(plan, band));
    if dense_is_faster(plan, layout.vectors()) {
        let len = dy.len() / plan.pool.positions() * plan.conv.positions();
        return scratch::with(len, |dconv| {
            backward_pool(plan, winners, dy, dconv);
            convolution::backward_weights(&plan.conv, x, dconv, dw, db);
        });
    }
    Places::with(plan, &layout, band * plan.pool.output()[1], |places| {
        winner_by_winner(plan, &layout, places, band, [x, dy], winners, [dw, db]);
    });
}

/// The gradients, in bands of so many rows of windows, which find what they see at these places.
fn winner_by_winner(
    plan: &Plan,
    layout: &PixelVectors,
    places: &Places<'_>,
    band: usize,
    [x, dy]: [&[f32]; 2],
    winners: &[u8],
    [dw, db]: [&mut [f32]; 2],
) {
    let (n, filters, [height, width]) = (x.len() / plan.conv.input_len(), db.len(), plan.pool.output());
    let (a_half, halves) = (plan.a_half(), filters.div_ceil(plan.a_half()));
    // Behind the sums of the elements there is that of the bias, lane by lane.
    let a_filter = 16 * (layout.vectors() + 1);
    // (In halves of equal length, of which the second may end with places for filters that there are not.)
    scratch::with(halves * a_half * a_filter, |sums| {
        sum_over_images([halves, n], sums, &mut [], |[half, image], sums, _| {
            let x = &x[image * plan.conv.input_len()..][..plan.conv.input_len()];
            let (image, first) = ([n, image], half * a_half);
            let sums = &mut sums[..(filters - first).min(a_half) * a_filter];
            scratch::with(layout.padded_len() + layout.len(), |buffer| {
                let (padded, vectors) = buffer.split_at_mut(layout.padded_len());
                layout.prepare(x, padded);
                for row in (0..height).step_by(band) {
                    layout.write(x, padded, row * plan.pool.window().stride[0], vectors);
                    let band = row * width..(row + band).min(height) * width;
                    run(Backward { plan, layout, places, vectors, band, image, first, winners, dy, sums });
                }
            });
        });
        let of_filters = sums.chunks_exact(a_filter).zip(dw.chunks_exact_mut(plan.conv.patch_len()));
        for ((sums, dw), db) in of_filters.zip(db) {
            let (elements, lanes) = sums.split_at(a_filter - 16);
            in_order(layout, elements, dw);
            *db = tree_sum(lanes.try_into().expect("sixteen lanes"));
        }
    });
}

/// Rows of windows whose image stays in the first-level cache while the filters go over it.
fn rows_of_a_band(plan: &Plan) -> usize {
    let [height, width] = plan.pool.output();
    let most = (AT_ONCE / width).clamp(1, height);
    // As even as can be.
    height.div_ceil(height.div_ceil(most))
}

/// Rows of positions under so many rows of windows.
fn positions_of(plan: &Plan, rows: usize) -> usize {
    (rows - 1) * plan.pool.window().stride[0] + plan.pool.window().kernel[0]
}

/// The sums of one filter, element by element.
fn in_order(layout: &PixelVectors, sums: &[f32], dw: &mut [f32]) {
    for (vector, sums) in sums.chunks_exact(16).enumerate() {
        for (lane, &sum) in sums.iter().enumerate() {
            if let Some(element) = layout.element(vector, lane) {
                dw[element] = sum;
            }
        }
    }
}

struct Backward<'a> {
    plan: &'a Plan,
    layout: &'a PixelVectors,
    places: &'a Places<'a>,
    /// A band, and its windows.
    vectors: &'a [f32],
    band: Range<usize>,
    /// How many images there are, and which it is.
    image: [usize; 2],
    /// The first of the filters.
    first: usize,
    winners: &'a [u8],
    dy: &'a [f32],
    /// For each filter what its windows see, weighted by their gradients and added up: plane by plane, row by row of the grid; and the sum
    /// of these gradients.
    sums: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let (a_filter, windows) = (16 * (self.layout.vectors() + 1), self.plan.pool.positions());
        let filters = self.sums.len() / a_filter;
        assert!(self.vectors.len() >= self.layout.len() && self.sums.len() == filters * a_filter);
        let [n, image] = self.image;
        let mut list = Winners::NONE;
        for first in self.band.clone().step_by(AT_ONCE) {
            let (in_band, count) = (first - self.band.start, (self.band.end - first).min(AT_ONCE));
            for filter in 0..filters {
                let at = self.plan.place(n, image, self.first + filter) * windows + first;
                // SAFETY: the machine has the instructions, the lengths are checked; the filter exists, and the list is its own.
                unsafe {
                    list.take::<V>(self.places, in_band, &self.winners[at..][..count], &self.dy[at..][..count]);
                    self.planes::<V>(filter, &list);
                    // (Last, for what was just written in one place is slow to read from another.)
                    list.add_gradients::<V>(count, &mut self.sums[(filter + 1) * a_filter - 16..][..16]);
                }
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
        let tall = if const { V::REGISTERS_OF_16 >= 32 } { 3 } else { 2 };
        for plane in 0..self.layout.planes() {
            for row in (0..rows).step_by(tall) {
                for column in (0..columns).step_by(3) {
                    let at = [filter, plane, row, column];
                    // SAFETY: these vectors exist. (Three sums, so that no addition waits for the one before.)
                    unsafe {
                        match ((rows - row).min(tall), (columns - column).min(3)) {
                            (3, 3) => self.tile::<V, 3, 3, 1>(at, list),
                            (3, 2) => self.tile::<V, 3, 2, 1>(at, list),
                            (3, _) => self.tile::<V, 3, 1, 3>(at, list),
                            (2, 3) => self.tile::<V, 2, 3, 1>(at, list),
                            (2, 2) => self.tile::<V, 2, 2, 1>(at, list),
                            (2, _) => self.tile::<V, 2, 1, 3>(at, list),
                            (_, 3) => self.tile::<V, 1, 3, 1>(at, list),
                            (_, 2) => self.tile::<V, 1, 2, 1>(at, list),
                            _ => self.tile::<V, 1, 1, 3>(at, list),
                        }
                    }
                }
            }
        }
    }

    /// Adds what the winners of a filter saw of `R` rows by `T` columns of the grid; every `C`-th winner goes to the same sum.
    ///
    /// # Safety
    /// As `planes`; the vectors exist.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const R: usize, const T: usize, const C: usize>(
        &mut self,
        [filter, plane, row, column]: [usize; 4],
        list: &Winners,
    ) {
        let ([rows, columns], next_row) = (self.layout.grid(), self.layout.next_row());
        // SAFETY: the caller's promise; what a winner saw lies in the plane (see `Places::with`).
        unsafe {
            let from = self.vectors.as_ptr().add(plane * self.layout.plane_len() + row * next_row + 16 * column);
            let mut sums = [[[V::V16::splat(0.0); T]; R]; C];
            let (whole, mut i) = (list.len() / C * C, 0);
            while i < whole {
                for (c, sums) in sums.iter_mut().enumerate() {
                    add::<V, R, T>(sums, from, next_row, list.get(i + c));
                }
                i += C;
            }
            for (c, sums) in sums.iter_mut().enumerate().take(list.len() - whole) {
                add::<V, R, T>(sums, from, next_row, list.get(i + c));
            }
            let to = (filter * (self.layout.vectors() + 1)) + (plane * rows + row) * columns + column;
            let to = self.sums.as_mut_ptr().add(16 * to);
            for r in 0..R {
                for t in 0..T {
                    let to = to.add(16 * (r * columns + t));
                    let mut sum = V::V16::load(to);
                    for sums in &sums {
                        sum = sum.add(sums[r][t]);
                    }
                    sum.store(to);
                }
            }
        }
    }
}

/// Adds `R` rows by `T` columns of what a winner saw, times its gradient.
///
/// # Safety
/// The machine has the instructions; the vectors exist.
#[inline(always)]
unsafe fn add<V: Vectors, const R: usize, const T: usize>(
    sums: &mut [[V::V16; T]; R],
    from: *const f32,
    next_row: usize,
    (at, d): (usize, f32),
) {
    // SAFETY: the caller's promise.
    unsafe {
        let (from, d) = (from.add(at), V::V16::splat(d));
        for (r, sums) in sums.iter_mut().enumerate() {
            for (t, sum) in sums.iter_mut().enumerate() {
                *sum = d.mul_add(V::V16::load(from.add(r * next_row + 16 * t)), *sum);
            }
        }
    }
}
