//! The weight gradient: each window's gradient times what its winner saw.
//!
//! A pooled element passes its gradient to a single position of the convolution, and to none where ReLU was at rest. So of all
//! products of the plain weight gradient a quarter at most (of a 2×2 pooling) is not zero, and only these are computed: winner by
//! winner, the gradient times the few vectors that its window saw of the image (see [`PixelVectors`]). The lanes are elements of the
//! filter, so every sum is one chain in the order of the windows.

use std::ops::Range;

use super::winners::{AT_ONCE, Places, Winners};
use super::{Plan, dense_is_faster};
use crate::conv_pool::backward_pool;
use crate::kernels::convolution::{self, sum_over_images};
use crate::kernels::isa::{Kernel, Vectors, run};
use crate::kernels::lanes::{Lanes, tree_sum};
use crate::kernels::pixel_vectors::PixelVectors;
use crate::kernels::scratch;

/// `dw`, `db` ← the gradients, given the `winners` of [`forward`](super::forward) and `dy`, the gradient of its output.
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
    let (n, [height, width]) = (x.len() / plan.conv.input_len(), plan.pool.output());
    let (filters, windows) = (db.len() / plan.parts, plan.pool.positions());
    // Behind the sums of the elements there is that of the bias, lane by lane.
    let a_filter = 16 * (layout.vectors() + 1);
    scratch::with(db.len() * a_filter, |sums| {
        sum_over_images([plan.parts, n], sums, &mut [], |[part, image], sums, _| {
            let x = &x[image * plan.conv.input_len()..][..plan.conv.input_len()];
            let first = (part * n + image) * filters * windows;
            let (winners, dy) = (&winners[first..][..filters * windows], &dy[first..][..filters * windows]);
            scratch::with(layout.padded_len() + layout.len(), |buffer| {
                let (padded, vectors) = buffer.split_at_mut(layout.padded_len());
                layout.prepare(x, padded);
                for row in (0..height).step_by(band) {
                    layout.write(x, padded, row * plan.pool.window().stride[0], vectors);
                    let windows = row * width..(row + band).min(height) * width;
                    run(Backward { plan, layout: &layout, vectors, windows, winners, dy, sums });
                }
            });
        });
        let of_filters = sums.chunks_exact(a_filter).zip(dw.chunks_exact_mut(plan.conv.patch_len()));
        for ((sums, dw), db) in of_filters.zip(db) {
            let (elements, lanes) = sums.split_at(a_filter - 16);
            in_order(&layout, elements, dw);
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
    let [rows, columns] = layout.grid();
    for (i, sums) in sums.chunks_exact(16).enumerate() {
        let vector = [i / columns / rows, i / columns % rows, i % columns];
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
    /// A band, and its windows.
    vectors: &'a [f32],
    windows: Range<usize>,
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
        let filters = self.winners.len() / windows;
        assert!(self.vectors.len() >= self.layout.len() && self.sums.len() == filters * a_filter);
        assert!(self.winners.len() == filters * windows && self.dy.len() == filters * windows);
        let (mut places, columns) = (Places::new(self.plan, self.layout), self.layout.grid()[1]);
        let mut lists = [const { Winners::NONE }; 4];
        let is_wide = const { V::REGISTERS_OF_16 >= 32 };
        for first in self.windows.clone().step_by(AT_ONCE) {
            let count = (self.windows.end - first).min(AT_ONCE);
            places.go_to(self.plan, self.layout, first - self.windows.start, count);
            let mut filter = 0;
            while filter < filters {
                // Several filters at once where a tile has a vector or two alone, so that sums need not wait for each other.
                let together = if columns > 1 { 1 } else { (filters - filter).min(if is_wide { 4 } else { 2 }) };
                for (i, list) in lists[..together].iter_mut().enumerate() {
                    let at = (filter + i) * windows + first;
                    let (winners, dy) = (&self.winners[at..][..count], &self.dy[at..][..count]);
                    if columns > 1 {
                        list.take(&places, winners, dy);
                    } else {
                        // SAFETY: the machine has the instructions; there are no more than `AT_ONCE`.
                        unsafe { list.take_all::<V>(&places, winners, dy) };
                    }
                    let lanes = &mut self.sums[(filter + i + 1) * a_filter - 16..][..16];
                    // SAFETY: the machine has the instructions; there are sixteen lanes.
                    unsafe { add_lanes::<V>(list.gradients(), lanes.as_mut_ptr()) };
                }
                // SAFETY: the machine has the instructions, the lengths are checked; the filters exist.
                unsafe {
                    match together {
                        4 if is_wide => self.planes::<V, 4>(filter, &lists),
                        3 if is_wide => self.planes::<V, 3>(filter, &lists),
                        2 => self.planes::<V, 2>(filter, &lists),
                        _ => self.planes::<V, 1>(filter, &lists),
                    }
                }
                filter += together;
            }
        }
    }
}

/// Adds the numbers to sixteen sums, one after the other.
///
/// # Safety
/// The machine has the instructions; there are sixteen sums.
#[inline(always)]
unsafe fn add_lanes<V: Vectors>(numbers: &[f32], sums: *mut f32) {
    // SAFETY: the caller's promise; no more than the numbers is read.
    unsafe {
        let mut lanes = V::V16::load(sums);
        for numbers in numbers.chunks(16) {
            lanes = lanes.add(V::V16::load_first(numbers.as_ptr(), numbers.len()));
        }
        lanes.store(sums);
    }
}

impl Backward<'_> {
    /// All vectors of `F` filters, in tiles.
    ///
    /// # Safety
    /// As `run`; the filters exist, and the lists are theirs.
    #[inline(always)]
    unsafe fn planes<V: Vectors, const F: usize>(&mut self, filter: usize, lists: &[Winners; 4]) {
        let [rows, columns] = self.layout.grid();
        for plane in 0..self.layout.planes() {
            let mut row = 0;
            while row < rows {
                let tall = (rows - row).min(if const { V::REGISTERS_OF_16 >= 32 } { 3 } else { 2 });
                for column in (0..columns).step_by(3) {
                    let at = [filter, plane, row, column];
                    // SAFETY: these vectors exist. (`const`: arms that cannot be reached are not even compiled.)
                    unsafe {
                        match (tall, (columns - column).min(3)) {
                            (3, 3) if const { F == 1 } => self.tile::<V, F, 3, 3>(at, lists),
                            (3, 2) if const { F == 1 } => self.tile::<V, F, 3, 2>(at, lists),
                            (3, _) => self.tile::<V, F, 3, 1>(at, lists),
                            (2, 3) if const { F == 1 } => self.tile::<V, F, 2, 3>(at, lists),
                            (2, 2) if const { F == 1 } => self.tile::<V, F, 2, 2>(at, lists),
                            (2, _) => self.tile::<V, F, 2, 1>(at, lists),
                            (_, 3) if const { F == 1 } => self.tile::<V, F, 1, 3>(at, lists),
                            (_, 2) if const { F == 1 } => self.tile::<V, F, 1, 2>(at, lists),
                            _ => self.tile::<V, F, 1, 1>(at, lists),
                        }
                    }
                }
                row += tall;
            }
        }
    }

    /// Adds what the winners of `F` filters saw of `R` rows by `T` columns of the grid.
    ///
    /// # Safety
    /// As `planes`; the vectors exist.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const F: usize, const R: usize, const T: usize>(
        &mut self,
        [filter, plane, row, column]: [usize; 4],
        lists: &[Winners; 4],
    ) {
        let ([rows, columns], next_row) = (self.layout.grid(), self.layout.next_row());
        // SAFETY: the caller's promise; all windows see vectors of the image.
        unsafe {
            let from = self.vectors.as_ptr().add(plane * self.layout.plane_len() + row * next_row + 16 * column);
            let a_filter = 16 * (self.layout.vectors() + 1);
            let to = self.sums.as_mut_ptr().add(filter * a_filter + 16 * ((plane * rows + row) * columns + column));
            let mut sums = [[[V::V16::splat(0.0); T]; R]; F];
            for (f, sums) in sums.iter_mut().enumerate() {
                for (r, sums) in sums.iter_mut().enumerate() {
                    for (t, sum) in sums.iter_mut().enumerate() {
                        *sum = V::V16::load(to.add(f * a_filter + 16 * (r * columns + t)));
                    }
                }
            }
            for i in 0..lists[0].len() {
                for (sums, list) in sums.iter_mut().zip(lists) {
                    let (at, d) = list.get(i);
                    let (from, d) = (from.add(at), V::V16::splat(d));
                    for (r, sums) in sums.iter_mut().enumerate() {
                        for (t, sum) in sums.iter_mut().enumerate() {
                            *sum = d.mul_add(V::V16::load(from.add(r * next_row + 16 * t)), *sum);
                        }
                    }
                }
            }
            for (f, sums) in sums.iter().enumerate() {
                for (r, sums) in sums.iter().enumerate() {
                    for (t, sum) in sums.iter().enumerate() {
                        sum.store(to.add(f * a_filter + 16 * (r * columns + t)));
                    }
                }
            }
        }
    }
}
