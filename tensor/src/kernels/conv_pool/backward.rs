//! The weight gradient: each window's gradient times the patch of the position that won.
//!
//! The lanes run over neighbouring pooling windows, as in the forward pass, and over the same patches. Of a 2×2 pooling a
//! winner is in the left or the right column, in the upper or the lower row. So what a tap of the filter met under the
//! winner is picked out of four taps of the patches: first left or right, then up or down; what was picked for one row of
//! taps serves the next one, too. That takes two selections for every multiplication, instead of the four multiplications
//! of a gradient that is mostly zero.
//!
//! Lane l of an image's sum adds the windows l, l + 16, l + 32, …, then the lanes are added, halves first.

use super::Plan;
use crate::conv_pool::backward_pool;
use crate::kernels::convolution::{self, sum_over_images};
use crate::kernels::isa::{Kernel, Vectors, run};
use crate::kernels::lanes::{Lanes, Lanes16};
use crate::kernels::patches::Patches;
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
    if plan.picks_winners() {
        pick_patches(plan, x, winners, dy, dw, db);
    } else {
        let len = dy.len() / plan.pool.positions() * plan.conv.positions();
        scratch::with(len, |dconv| {
            backward_pool(plan, winners, dy, dconv);
            convolution::backward_weights(&plan.conv, x, dconv, dw, db);
        });
    }
}

fn pick_patches(plan: &Plan, x: &[f32], winners: &[u8], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
    let n = x.len() / plan.conv.input_len();
    let outputs = db.len() / plan.parts * plan.pool.positions();
    let layout = Patches::new(plan.both);
    sum_over_images([plan.parts, n], dw, db, |[part, image], dw, db| {
        let x = &x[image * plan.conv.input_len()..][..plan.conv.input_len()];
        let first = (part * n + image) * outputs;
        let (winners, dy) = (&winners[first..][..outputs], &dy[first..][..outputs]);
        scratch::with(layout.len(), |patches| {
            layout.write(x, 0.0, patches);
            run(Backward { plan, layout: &layout, patches, winners, dy, dw, db });
        });
    });
}

struct Backward<'a> {
    plan: &'a Plan,
    layout: &'a Patches,
    patches: &'a [f32],
    winners: &'a [u8],
    dy: &'a [f32],
    dw: &'a mut [f32],
    db: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let (filters, windows) = (self.db.len(), self.plan.pool.positions());
        assert!(self.patches.len() >= self.layout.len() && self.dw.len() == filters * self.plan.conv.patch_len());
        assert!(self.winners.len() == filters * windows && self.dy.len() == filters * windows);
        assert!(self.plan.picks_winners());
        // SAFETY: the machine has the instructions, and the lengths are right.
        unsafe {
            for c in 0..self.plan.conv.channels() {
                for filter in 0..filters {
                    if const { V::REGISTERS_OF_16 >= 32 } {
                        self.taps::<V, 3>(filter, c);
                    } else {
                        self.taps::<V, 1>(filter, c);
                    }
                }
            }
        }
    }
}

/// Some rows and columns of the taps of one filter and channel.
#[derive(Clone, Copy)]
struct Tile {
    filter: usize,
    c: usize,
    fy: usize,
    fx: usize,
}

impl Backward<'_> {
    /// The gradient of one filter at one channel, in tiles of up to `R` rows by five columns of taps.
    ///
    /// # Safety
    /// As `run`; filter and channel exist.
    #[inline(always)]
    unsafe fn taps<V: Vectors, const R: usize>(&mut self, filter: usize, c: usize) {
        let [f_h, f_w] = self.plan.conv.window().kernel;
        for fy in (0..f_h).step_by(R) {
            for fx in (0..f_w).step_by(5) {
                let (tile, columns) = (Tile { filter, c, fy, fx }, (f_w - fx).min(5));
                // SAFETY: these taps exist. (`const`: arms that this R cannot reach are not even compiled.)
                unsafe {
                    match (f_h - fy).min(R) {
                        3 if const { R >= 3 } => self.columns::<V, 3>(tile, columns),
                        2 if const { R >= 2 } => self.columns::<V, 2>(tile, columns),
                        _ => self.columns::<V, 1>(tile, columns),
                    }
                }
            }
        }
    }

    /// # Safety
    /// As `taps`; the rows and columns of the tile exist.
    #[inline(always)]
    unsafe fn columns<V: Vectors, const R: usize>(&mut self, tile: Tile, columns: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match columns {
                5 => self.tile::<V, R, 5>(tile),
                4 => self.tile::<V, R, 4>(tile),
                3 => self.tile::<V, R, 3>(tile),
                2 => self.tile::<V, R, 2>(tile),
                _ => self.tile::<V, R, 1>(tile),
            }
        }
    }

    /// Adds up `R`·`T` taps over all windows; with the first tile of a filter, its bias as well.
    ///
    /// # Safety
    /// As `columns`.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const R: usize, const T: usize>(&mut self, tile: Tile) {
        let windows = self.plan.pool.positions();
        let (next_row, panel_len) = (self.layout.tap(0, 1, 0), self.layout.panel_len());
        // SAFETY: every tap of every panel is in `patches`; of winners and dy no lane is touched that is not there. Lanes
        // behind the last window multiply 0 by 0.
        unsafe {
            let mut from = self.patches.as_ptr().add(self.layout.tap(tile.c, tile.fy, tile.fx));
            let mut sums = [[V::V16::splat(0.0); T]; R];
            let mut sum_of_d = V::V16::splat(0.0);
            for window in (0..windows).step_by(16) {
                let gradient = self.gradient::<V>(tile.filter, window, (windows - window).min(16));
                let mut upper = gradient.left_or_right::<T>(from);
                for (r, sums) in sums.iter_mut().enumerate() {
                    let lower = gradient.left_or_right::<T>(from.add((r + 1) * next_row));
                    for ((sum, &upper), &lower) in sums.iter_mut().zip(&upper).zip(&lower) {
                        *sum = gradient.d.mul_add(V::V16::select(gradient.is_lower, lower, upper), *sum);
                    }
                    upper = lower;
                }
                sum_of_d = sum_of_d.add(gradient.d);
                from = from.wrapping_add(panel_len);
            }
            // Fifteen taps at most, and the bias.
            let mut all = [V::V16::splat(0.0); 16];
            for (r, sums) in sums.iter().enumerate() {
                for (t, sum) in sums.iter().enumerate() {
                    all[r * T + t] = *sum;
                }
            }
            all[15] = sum_of_d;
            self.add_to::<R, T>(tile, &V::V16::tree_sums(all));
        }
    }

    /// What sixteen windows (the first `lanes` of them) hand back to the convolution.
    ///
    /// # Safety
    /// As `run`; filter and windows exist.
    #[inline(always)]
    unsafe fn gradient<V: Vectors>(&self, filter: usize, window: usize, lanes: usize) -> Gradient<V> {
        let at = filter * self.plan.pool.positions() + window;
        // SAFETY: no lane is touched that is not there.
        unsafe {
            // The phases are 0 to 3, row by row; only at rest there are higher bits.
            let winner = V::V16::load_bytes(self.winners.as_ptr().add(at), lanes);
            let d = V::V16::load_first(self.dy.as_ptr().add(at), lanes);
            Gradient {
                d: V::V16::select(winner.bit(7), V::V16::splat(0.0), d),
                is_right: winner.bit(0),
                is_lower: winner.bit(1),
            }
        }
    }

    /// # Safety
    /// As `tile`.
    #[inline(always)]
    unsafe fn add_to<const R: usize, const T: usize>(&mut self, tile: Tile, sums: &[f32; 16]) {
        let Tile { filter, c, fy, fx } = tile;
        let [f_h, f_w] = self.plan.conv.window().kernel;
        let first = ((filter * self.plan.conv.channels() + c) * f_h + fy) * f_w + fx;
        // SAFETY: these taps and this filter exist.
        unsafe {
            for r in 0..R {
                for t in 0..T {
                    *self.dw.get_unchecked_mut(first + r * f_w + t) += sums[r * T + t];
                }
            }
            if [c, fy, fx] == [0; 3] {
                *self.db.get_unchecked_mut(filter) += sums[15];
            }
        }
    }
}

/// The gradients of sixteen windows, and which of its four positions each belongs to.
#[derive(Clone, Copy)]
struct Gradient<V: Vectors> {
    /// 0 where ReLU is at rest.
    d: V::V16,
    is_right: <V::V16 as Lanes<16>>::Mask,
    is_lower: <V::V16 as Lanes<16>>::Mask,
}

impl<V: Vectors> Gradient<V> {
    /// Of `T` neighbouring taps, and of those to their right: the ones under the column of the winner.
    ///
    /// # Safety
    /// The machine has the instructions; `T + 1` taps lie at `row`.
    #[inline(always)]
    unsafe fn left_or_right<const T: usize>(&self, row: *const f32) -> [V::V16; T] {
        // SAFETY: the caller's promise.
        unsafe {
            let mut picked = [V::V16::splat(0.0); T];
            for (t, picked) in picked.iter_mut().enumerate() {
                let (left, right) = (V::V16::load(row.add(16 * t)), V::V16::load(row.add(16 * (t + 1))));
                *picked = V::V16::select(self.is_right, right, left);
            }
            picked
        }
    }
}
