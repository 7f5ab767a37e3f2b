//! Convolution, bias, ReLU and max-pooling in one pass, and the weight gradient that goes with it.
//!
//! A pooling window over a convolution sees a larger window of the image: with a convolution of `FH` and stride `s`, and a
//! pooling of `PH` and stride `t`, one of `(PH − 1)·s + FH` with stride `t·s`. Its transposed patches hold the taps of all
//! the `PH · PW` convolution windows that are pooled together (here: the phases), each tap once. The lanes of a vector run over
//! neighbouring pooling windows; a tile keeps the sums of some filters and of four phases in registers, and the largest
//! of the phases is what is written. So the convolution's own output never exists, and what is written is in the order
//! that the next layer reads.
//!
//! In the backward pass a pooled element passes its gradient to a single position of the convolution, and to none where
//! ReLU was at rest. So the weight gradient adds up far fewer patches than there are positions: for each filter, the
//! patches of the image under its winners, straight from the image, a row of the window at a time.

use super::convolution::{filters_a_task, sum_over_images};
use super::isa::{Kernel, Vectors, run};
use super::lanes::Lanes;
use super::patches::Patches;
use super::scratch;
use crate::geometry::{Geometry, Rounding, Window};
use crate::threads::{for_each_part, for_each_part2};

/// Phases whose sums are in registers at the same time.
const PHASES: usize = 4;

/// The windows of a convolution that is pooled.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    conv: Geometry,
    pool: Geometry,
    /// The window that a pooled element sees of the image.
    both: Geometry,
}

impl Plan {
    /// The plan of a convolution whose output is pooled. `None` where the pooling is padded, or the two do not fit
    /// together: such a pair is computed layer by layer.
    pub fn new(conv: Geometry, pool: Geometry) -> Option<Self> {
        if pool.window().pad != [0, 0] || pool.input() != conv.output() {
            return None;
        }
        let (c, p) = (conv.window(), pool.window());
        let mut window = Window { rounding: Rounding::Down, ..*c };
        for i in 0..2 {
            window.kernel[i] = (p.kernel[i] - 1).checked_mul(c.stride[i])?.checked_add(c.kernel[i])?;
            window.stride[i] = p.stride[i].checked_mul(c.stride[i])?;
        }
        let [h, w] = conv.input();
        let both = Geometry::new([conv.channels(), h, w], window).ok()?;
        debug_assert_eq!(both.output(), pool.output());
        Some(Plan { conv, pool, both })
    }

    /// The convolution.
    pub fn conv(&self) -> &Geometry {
        &self.conv
    }

    /// The pooling of its output.
    pub fn pool(&self) -> &Geometry {
        &self.pool
    }

    fn phases(&self) -> usize {
        let [p_h, p_w] = self.pool.window().kernel;
        p_h * p_w
    }
}

/// `y ←` the pooled ReLU of the convolution of `x`; `argmax ←` where in its plane of the convolution's output each maximum
/// lies, as [`max_forward`](crate::pooling::max_forward) would say for the convolution's output. The tables are shared by
/// all tasks.
pub(super) fn forward(plan: &Plan, x: &[f32], w: &[f32], b: &[f32], y: &mut [f32], argmax: Option<&mut [u32]>) {
    let windows = plan.both.positions();
    let layout = Patches::new(plan.both);
    let filters = b.len();
    let group = filters_a_task(x.len() / plan.conv.input_len(), filters);
    let stride = windows.next_multiple_of(16);
    scratch::with(plan.phases() * stride, |winners| {
        write_winners(plan, stride, winners);
        let winners = &*winners;
        let part = (group * windows).max(1);
        let task = |task: usize, y: &mut [f32], argmax: Option<&mut [u32]>| {
            let (image, first) = (task / (filters / group), task % (filters / group) * group);
            let x = &x[image * plan.conv.input_len()..][..plan.conv.input_len()];
            let w = &w[first * plan.conv.patch_len()..][..group * plan.conv.patch_len()];
            let b = &b[first..][..group];
            scratch::with(layout.len(), |patches| {
                layout.write(x, patches);
                run(Forward { plan, layout: &layout, patches, winners, stride, w, b, y, argmax });
            });
        };
        match argmax {
            Some(argmax) => for_each_part2((y, part), (argmax, part), |i, y, argmax| task(i, y, Some(argmax))),
            None => for_each_part(y, part, |i, y| task(i, y, None)),
        }
    });
}

/// For every phase and pooling window: the position in the convolution's plane, a whole number as a bit pattern.
fn write_winners(plan: &Plan, stride: usize, winners: &mut [f32]) {
    let p = plan.pool.window();
    let [_, o_w] = plan.pool.output();
    for (phase, winners) in winners.chunks_exact_mut(stride).enumerate() {
        let (dy, dx) = (phase / p.kernel[1], phase % p.kernel[1]);
        winners.fill(0.0);
        for (window, winner) in winners[..plan.pool.positions()].iter_mut().enumerate() {
            let (y, x) = (window / o_w * p.stride[0] + dy, window % o_w * p.stride[1] + dx);
            *winner = f32::from_bits((y * plan.conv.output()[1] + x) as u32);
        }
    }
}

struct Forward<'a> {
    plan: &'a Plan,
    layout: &'a Patches,
    patches: &'a [f32],
    winners: &'a [f32],
    /// From one phase to the next in `winners`.
    stride: usize,
    w: &'a [f32],
    b: &'a [f32],
    y: &'a mut [f32],
    argmax: Option<&'a mut [u32]>,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let (filters, windows) = (self.b.len(), self.plan.both.positions());
        assert!(self.patches.len() >= self.layout.len() && self.w.len() == filters * self.plan.conv.patch_len());
        assert!(self.y.len() == filters * windows);
        assert!(self.argmax.as_ref().is_none_or(|argmax| argmax.len() == self.y.len()));
        assert!(self.stride >= windows.next_multiple_of(16));
        assert!(self.winners.len() >= self.plan.phases() * self.stride);
        // SAFETY: the machine has the instructions, and the lengths are right.
        unsafe {
            if V::REGISTERS_OF_16 >= 32 {
                self.blocks::<V::V16, 16, 6>();
            } else {
                self.blocks::<V::V8, 8, 2>();
            }
        }
    }
}

impl Forward<'_> {
    /// Tiles of `N` windows by `R` filters.
    ///
    /// # Safety
    /// The machine has the instructions; the lengths are checked.
    #[inline(always)]
    unsafe fn blocks<L: Lanes<N>, const N: usize, const R: usize>(&mut self) {
        let windows = self.plan.both.positions();
        for window in (0..windows).step_by(N) {
            let mut filter = 0;
            // SAFETY: the filters `filter .. filter + R` exist.
            unsafe {
                while filter + R <= self.b.len() {
                    self.tile::<L, N, R>(window, filter);
                    filter += R;
                }
                while filter < self.b.len() {
                    self.tile::<L, N, 1>(window, filter);
                    filter += 1;
                }
            }
        }
    }

    /// # Safety
    /// As `blocks`; the window and the filters `filter .. filter + R` exist.
    #[inline(always)]
    unsafe fn tile<L: Lanes<N>, const N: usize, const R: usize>(&mut self, window: usize, filter: usize) {
        let phases = self.plan.phases();
        let windows = self.plan.both.positions();
        // SAFETY: a vector of `patches` or `winners` may reach beyond the last window, into the next row or the slack;
        // those lanes are not written.
        unsafe {
            let mut best = [L::splat(f32::NEG_INFINITY); R];
            let mut at = [L::splat(0.0); R];
            let mut first = 0;
            while first < phases {
                let count = (phases - first).min(PHASES);
                match count {
                    4 => self.phases::<L, N, R, 4>(window, filter, first, &mut best, &mut at),
                    3 => self.phases::<L, N, R, 3>(window, filter, first, &mut best, &mut at),
                    2 => self.phases::<L, N, R, 2>(window, filter, first, &mut best, &mut at),
                    _ => self.phases::<L, N, R, 1>(window, filter, first, &mut best, &mut at),
                }
                first += count;
            }
            let lanes = (windows - window).min(N);
            for r in 0..R {
                let out = (filter + r) * windows + window;
                store(best[r].relu(), self.y.as_mut_ptr().add(out), lanes);
                if let Some(argmax) = &mut self.argmax {
                    store(at[r], argmax.as_mut_ptr().add(out).cast(), lanes);
                }
            }
        }
    }

    /// The convolution at the phases `first .. first + P`, folded into the best so far.
    ///
    /// # Safety
    /// As `tile`; the phases exist.
    #[inline(always)]
    unsafe fn phases<L: Lanes<N>, const N: usize, const R: usize, const P: usize>(
        &self,
        window: usize,
        filter: usize,
        first: usize,
        best: &mut [L; R],
        at: &mut [L; R],
    ) {
        let Plan { conv, pool, .. } = self.plan;
        let ([f_h, f_w], [s_y, s_x]) = (conv.window().kernel, conv.window().stride);
        let pool_w = pool.window().kernel[1];
        let patch_len = conv.patch_len();
        // SAFETY: every tap of every phase is a row of `patches`; the filters exist.
        unsafe {
            let phase_at: [*const f32; P] = std::array::from_fn(|p| {
                let (dy, dx) = ((first + p) / pool_w, (first + p) % pool_w);
                self.patches.as_ptr().add(self.layout.tap(0, dy * s_y, dx * s_x) + window)
            });
            let mut sums = [[L::splat(0.0); P]; R];
            for (r, sums) in sums.iter_mut().enumerate() {
                *sums = [L::splat(*self.b.get_unchecked(filter + r)); P];
            }
            let mut w = self.w.as_ptr().add(filter * patch_len);
            for c in 0..conv.channels() {
                for fy in 0..f_h {
                    let mut tap = self.layout.tap(c, fy, 0);
                    for _ in 0..f_w {
                        let mut pixels = [L::splat(0.0); P];
                        for (pixels, phase) in pixels.iter_mut().zip(phase_at) {
                            *pixels = L::load(phase.add(tap));
                        }
                        for (r, sums) in sums.iter_mut().enumerate() {
                            let w = L::splat(*w.add(r * patch_len));
                            for (sum, &pixels) in sums.iter_mut().zip(&pixels) {
                                *sum = w.mul_add(pixels, *sum);
                            }
                        }
                        tap += self.layout.stride();
                        w = w.wrapping_add(1);
                    }
                }
            }
            let winners: [L; P] =
                std::array::from_fn(|p| L::load(self.winners.as_ptr().add((first + p) * self.stride + window)));
            for (sums, (best, at)) in sums.iter().zip(best.iter_mut().zip(at)) {
                for (p, (&sum, &winner)) in sums.iter().zip(&winners).enumerate() {
                    if first + p == 0 {
                        (*best, *at) = (sum, winner);
                    } else {
                        best.keep_larger(at, sum, winner);
                    }
                }
            }
        }
    }
}

/// Writes the first `lanes` ≤ `N` lanes.
///
/// # Safety
/// The machine has the instructions; `to` is valid for `lanes` elements.
#[inline(always)]
unsafe fn store<L: Lanes<N>, const N: usize>(vector: L, to: *mut f32, lanes: usize) {
    // SAFETY: the caller's promise.
    unsafe { if lanes == N { vector.store(to) } else { vector.store_first(to, lanes) } }
}

/// `dw`, `db` ← the gradients, given `y` and `argmax` of [`forward`] and `dy`, the gradient of `y`.
pub(super) fn backward_weights(
    plan: &Plan,
    x: &[f32],
    (y, argmax): (&[f32], &[u32]),
    dy: &[f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    let (n, outputs) = (x.len() / plan.conv.input_len(), db.len() * plan.pool.positions());
    let padded = Padded::new(&plan.conv);
    scratch::with(plan.conv.positions(), |origins| {
        padded.write_origins(&plan.conv, origins);
        let origins = &*origins;
        sum_over_images(n, dw, db, |image, dw, db| {
            let x = &x[image * plan.conv.input_len()..][..plan.conv.input_len()];
            let [y, dy] = [y, dy].map(|all| &all[image * outputs..][..outputs]);
            let argmax = &argmax[image * outputs..][..outputs];
            let windows = plan.pool.positions();
            scratch::with(padded.len + 4 * windows + 4 * 16, |buffer| {
                let (pixels, lists) = buffer.split_at_mut(padded.len);
                padded.write(&plan.conv, x, pixels);
                run(Backward {
                    conv: &plan.conv,
                    padded: &padded,
                    windows,
                    pixels,
                    lists,
                    origins,
                    y,
                    argmax,
                    dy,
                    dw,
                    db,
                });
            });
        });
    });
}

/// A copy of an image with its padding, and slack for whole vectors at its end.
struct Padded {
    height: usize,
    width: usize,
    len: usize,
}

impl Padded {
    fn new(conv: &Geometry) -> Self {
        let [height, width] = [0, 1].map(|i| conv.input()[i] + 2 * conv.window().pad[i]);
        Padded { height, width, len: conv.channels() * height * width + 16 }
    }

    fn write(&self, conv: &Geometry, image: &[f32], padded: &mut [f32]) {
        let [h, w] = conv.input();
        let [pad_y, pad_x] = conv.window().pad;
        if pad_y > 0 || pad_x > 0 {
            padded.fill(0.0);
        }
        for (row, pixels) in image.chunks_exact(w).enumerate() {
            let (c, y) = (row / h, row % h);
            padded[(c * self.height + y + pad_y) * self.width + pad_x..][..w].copy_from_slice(pixels);
        }
    }

    /// For every position of the convolution: where its window begins, a whole number as a bit pattern.
    fn write_origins(&self, conv: &Geometry, origins: &mut [f32]) {
        let ([_, o_w], [s_y, s_x]) = (conv.output(), conv.window().stride);
        for (position, origin) in origins.iter_mut().enumerate() {
            let (y, x) = (position / o_w * s_y, position % o_w * s_x);
            *origin = f32::from_bits((y * self.width + x) as u32);
        }
    }
}

struct Backward<'a> {
    conv: &'a Geometry,
    padded: &'a Padded,
    windows: usize,
    pixels: &'a [f32],
    /// Room for the gradients that count, and for their positions, of two filters.
    lists: &'a mut [f32],
    origins: &'a [f32],
    y: &'a [f32],
    argmax: &'a [u32],
    dy: &'a [f32],
    dw: &'a mut [f32],
    db: &'a mut [f32],
}

/// Rows of the window whose sums are in registers at the same time, for each of two filters.
const TAP_ROWS: usize = 5;

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let filters = self.db.len();
        assert!(self.dw.len() == filters * self.conv.patch_len() && self.pixels.len() >= self.padded.len);
        assert!([self.y.len(), self.argmax.len(), self.dy.len()].iter().all(|&len| len == filters * self.windows));
        assert!(self.origins.len() == self.conv.positions());
        assert!(self.argmax.iter().all(|&at| (at as usize) < self.origins.len()), "argmax outside the plane");
        let list_len = self.windows + 16;
        assert!(self.lists.len() >= 4 * list_len);
        // SAFETY: the machine has the instructions, the lengths are right, and every position lies in the plane.
        unsafe {
            let mut filter = 0;
            while filter < filters {
                let both = filter + 1 < filters;
                let counts = [self.list::<V>(filter, 0), if both { self.list::<V>(filter + 1, 1) } else { 0 }];
                self.add_patches::<V>(filter, counts);
                filter += 2;
            }
        }
    }
}

impl Backward<'_> {
    /// Lists the gradients of this filter that count, with their positions; returns how many there are.
    ///
    /// # Safety
    /// As `run`; the filter exists, `slot` is 0 or 1.
    #[inline(always)]
    unsafe fn list<V: Vectors>(&mut self, filter: usize, slot: usize) -> usize {
        let list_len = self.windows + 16;
        let first = filter * self.windows;
        // SAFETY: the lists have room for a whole vector behind the last window.
        unsafe {
            let (d_list, at_list) = self.list_pointers(slot, list_len);
            let mut count = 0;
            let mut window = 0;
            while window < self.windows {
                let lanes = (self.windows - window).min(16);
                let y = V::V16::load_first(self.y.as_ptr().add(first + window), lanes);
                let d = V::V16::load_first(self.dy.as_ptr().add(first + window), lanes);
                let at = V::V16::load_first(self.argmax.as_ptr().add(first + window).cast(), lanes);
                count += y.store_where_not_rest(d, at, d_list.add(count), at_list.add(count));
                window += 16;
            }
            count
        }
    }

    /// # Safety
    /// `slot` is 0 or 1.
    #[inline(always)]
    unsafe fn list_pointers(&mut self, slot: usize, list_len: usize) -> (*mut f32, *mut f32) {
        let lists = self.lists.as_mut_ptr();
        // SAFETY: there are four lists.
        unsafe { (lists.add(2 * slot * list_len), lists.add((2 * slot + 1) * list_len)) }
    }

    /// Adds the listed patches to the gradients of one or two filters.
    ///
    /// # Safety
    /// As `run`; the lists hold `counts` entries.
    #[inline(always)]
    unsafe fn add_patches<V: Vectors>(&mut self, filter: usize, counts: [usize; 2]) {
        let list_len = self.windows + 16;
        let [f_h, f_w] = self.conv.window().kernel;
        // SAFETY: as `run`.
        unsafe {
            for (slot, &count) in counts.iter().enumerate() {
                let (d_list, _) = self.list_pointers(slot, list_len);
                if filter + slot < self.db.len() {
                    let db = self.db.get_unchecked_mut(filter + slot);
                    for i in 0..count {
                        *db += *d_list.add(i);
                    }
                }
            }
            for c in 0..self.conv.channels() {
                for fx in (0..f_w).step_by(8) {
                    let mut fy = 0;
                    while fy < f_h {
                        let rows = (f_h - fy).min(TAP_ROWS);
                        match rows {
                            5 => self.add_rows::<V, 5>(filter, counts, [c, fy, fx]),
                            4 => self.add_rows::<V, 4>(filter, counts, [c, fy, fx]),
                            3 => self.add_rows::<V, 3>(filter, counts, [c, fy, fx]),
                            2 => self.add_rows::<V, 2>(filter, counts, [c, fy, fx]),
                            _ => self.add_rows::<V, 1>(filter, counts, [c, fy, fx]),
                        }
                        fy += rows;
                    }
                }
            }
        }
    }

    /// The gradients of `G` rows of taps from (c, fy, fx) on, eight taps of each.
    ///
    /// # Safety
    /// As `add_patches`; the rows exist.
    #[inline(always)]
    unsafe fn add_rows<V: Vectors, const G: usize>(
        &mut self,
        filter: usize,
        counts: [usize; 2],
        [c, fy, fx]: [usize; 3],
    ) {
        let list_len = self.windows + 16;
        let [f_h, f_w] = self.conv.window().kernel;
        let width = self.padded.width;
        // SAFETY: every listed position is the origin of a window inside the padded image; a vector may reach beyond the
        // window, into the next row or the slack, with lanes that are not written.
        unsafe {
            let pixels = self.pixels.as_ptr().add((c * self.padded.height + fy) * width + fx);
            let origins = self.origins.as_ptr();
            let lists = self.lists.as_ptr();
            let lists = [0, 1].map(|slot| (lists.add(2 * slot * list_len), lists.add((2 * slot + 1) * list_len)));
            let mut sums = [[V::V8::splat(0.0); G]; 2];
            let add = |sums: &mut [V::V8; G], (d_list, at_list): (*const f32, *const f32), i: usize| {
                let d = V::V8::splat(*d_list.add(i));
                let at = (*at_list.add(i)).to_bits() as usize;
                let window = pixels.add((*origins.add(at)).to_bits() as usize);
                for (g, sum) in sums.iter_mut().enumerate() {
                    *sum = d.mul_add(V::V8::load(window.add(g * width)), *sum);
                }
            };
            // Two filters at a time: one alone would wait for its own sums.
            let together = counts[0].min(counts[1]);
            for i in 0..together {
                add(&mut sums[0], lists[0], i);
                add(&mut sums[1], lists[1], i);
            }
            for slot in 0..2 {
                for i in together..counts[slot] {
                    add(&mut sums[slot], lists[slot], i);
                }
            }
            let taps = (f_w - fx).min(8);
            for (slot, sums) in sums.iter().enumerate() {
                if filter + slot < self.db.len() {
                    for (g, sum) in sums.iter().enumerate() {
                        let first = (((filter + slot) * self.conv.channels() + c) * f_h + fy + g) * f_w + fx;
                        let sum = sum.to_array();
                        for (dw, sum) in self.dw.get_unchecked_mut(first..first + taps).iter_mut().zip(sum) {
                            *dw += sum;
                        }
                    }
                }
            }
        }
    }
}
