//! The forward pass: lanes over neighbouring pooling windows.

use super::{Plan, relu_or_rest};
use crate::conv_pool::AT_REST;
use crate::kernels::convolution::{MANY_IMAGES, filters_a_task};
use crate::kernels::isa::{Kernel, Vectorize, Vectors, run, vectorize};
use crate::kernels::lanes::Lanes;
use crate::kernels::over_filters;
use crate::kernels::patches::Patches;
use crate::kernels::scratch;
use crate::threads::{Block, for_each_block, for_each_block2};

/// `y ←` the pooled ReLU of the convolution of `x`; `winners ←` which phase of its window each maximum is, or
/// [`AT_REST`](crate::conv_pool::AT_REST).
pub(in crate::kernels) fn forward(
    plan: &Plan,
    x: &[f32],
    w: &[f32],
    b: &[f32],
    y: &mut [f32],
    winners: Option<&mut [u8]>,
) {
    if plan.parts() == 1 && over_filters::pays(&plan.conv, b.len()) {
        return over_filters::forward_pooled(plan, x, w, b, y, winners);
    }
    if y.is_empty() {
        return;
    }
    let layout = Patches::new(plan.both);
    let (n, patch, windows) = (x.len() / plan.conv.input_len(), plan.conv.patch_len(), plan.both.positions());
    let can_be_nan = patch > MOST_TERMS || !vectorize(AreModerate(w)) || !vectorize(AreModerate(b));
    // The parts are rows of a matrix, in which an image has some columns; a task computes some filters of an image.
    let a_part = plan.a_part;
    let group = filters_of_a_task(plan, n, winners.is_some());
    let (columns, size) = (n * a_part * windows, [group.div_ceil(a_part), group.min(a_part) * windows]);
    let task = |[part, column]: [usize; 2], y: Block<'_, f32>, winners: Option<Block<'_, u8>>| {
        let (image, first) = (column / windows / a_part, part * a_part + column / windows % a_part);
        let filters = y.rows() * y.columns() / windows;
        let x = &x[image * plan.conv.input_len()..][..plan.conv.input_len()];
        let (w, b) = (&w[first * patch..][..filters * patch], &b[first..][..filters]);
        scratch::with(layout.len(), |patches| {
            layout.write(x, 0.0, patches);
            let can_be_nan = can_be_nan || !vectorize(AreModerate(x));
            run(Forward { plan, layout: &layout, patches, w, b, y, winners, can_be_nan });
        });
    };
    match winners {
        Some(winners) => for_each_block2((y, winners), columns, size, |at, y, winners| task(at, y, Some(winners))),
        None => for_each_block(y, columns, size, |at, y| task(at, y, None)),
    }
}

/// Filters of one task: whole parts, or some filters of one. In training a core keeps to its half of them, for the sake of the backward
/// passes; else, with many images, to some of these, whose patches are then written once.
fn filters_of_a_task(plan: &Plan, n: usize, training: bool) -> usize {
    let most = if training || n < MANY_IMAGES { plan.a_half() } else { plan.pool.channels() };
    let a_part = plan.a_part;
    match filters_a_task(n, most) {
        group if group.is_multiple_of(a_part) || a_part.is_multiple_of(group) => group,
        _ => a_part,
    }
}

/// Terms of a sum that stays finite if its factors, and what it begins with, are moderate.
const MOST_TERMS: usize = 1 << 20;

/// Whether the product of two of these numbers, times [`MOST_TERMS`], is far from the largest number there is; NaN is not.
struct AreModerate<'a>(&'a [f32]);

impl Vectorize for AreModerate<'_> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        self.0.iter().fold(true, |all, x| all & (x.abs() < 1e15))
    }
}

struct Forward<'a> {
    plan: &'a Plan,
    layout: &'a Patches,
    patches: &'a [f32],
    w: &'a [f32],
    b: &'a [f32],
    y: Block<'a, f32>,
    winners: Option<Block<'a, u8>>,
    can_be_nan: bool,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let (filters, windows) = (self.b.len(), self.plan.both.positions());
        assert!(self.patches.len() >= self.layout.len() && self.w.len() == filters * self.plan.conv.patch_len());
        let size = [self.y.rows(), self.y.stride(), self.y.columns()];
        let of_one_part = size[0] == 1 && self.plan.a_part > 1 && size[2] <= self.plan.a_part * windows;
        assert!(size[0] * size[2] == filters * windows && (of_one_part || size[2] == self.plan.a_part * windows));
        let is_same = |winners: &Block<'_, u8>| [winners.rows(), winners.stride(), winners.columns()] == size;
        assert!(self.winners.as_ref().is_none_or(is_same));
        // SAFETY: the machine has the instructions, and the lengths are right.
        unsafe {
            if const { V::REGISTERS_OF_16 >= 32 } {
                self.blocks::<V::V16, 16, 6>();
            } else {
                self.blocks::<V::V8, 8, 3>();
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
        const { assert!(R <= 6, "what is left over of larger tiles has no arm below") };
        for window in (0..self.plan.both.positions()).step_by(N) {
            let mut filter = 0;
            // SAFETY: the filters `filter .. filter + R` exist. (`const`: arms that this R cannot reach are not compiled.)
            unsafe {
                while filter + R <= self.b.len() {
                    self.tile::<L, N, R>(window, filter);
                    filter += R;
                }
                match self.b.len() - filter {
                    0 => {}
                    5 if const { R > 5 } => self.tile::<L, N, 5>(window, filter),
                    4 if const { R > 4 } => self.tile::<L, N, 4>(window, filter),
                    3 if const { R > 3 } => self.tile::<L, N, 3>(window, filter),
                    2 if const { R > 2 } => self.tile::<L, N, 2>(window, filter),
                    _ => self.tile::<L, N, 1>(window, filter),
                }
            }
        }
    }

    /// # Safety
    /// As `blocks`; the window and the filters `filter .. filter + R` exist.
    #[inline(always)]
    unsafe fn tile<L: Lanes<N>, const N: usize, const R: usize>(&mut self, window: usize, filter: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            match self.plan.phases() {
                4 if !self.can_be_nan => self.four_phases::<L, N, R>(window, filter),
                _ => self.any_phases::<L, N, R>(window, filter),
            }
        }
    }

    /// A tile of all four phases of a window of four, where no sum is NaN.
    ///
    /// # Safety
    /// As `tile`; there are four phases.
    #[inline(always)]
    unsafe fn four_phases<L: Lanes<N>, const N: usize, const R: usize>(&mut self, window: usize, filter: usize) {
        let lanes = (self.plan.both.positions() - window).min(N);
        // SAFETY: the caller's promise.
        unsafe {
            let sums = self.convolve::<L, N, R, 4>(window, filter, 0);
            if lanes == N {
                // (Whole vectors, without masks.)
                self.write_largest(window, filter, &sums, N);
            } else {
                self.write_largest(window, filter, &sums, lanes);
            }
        }
    }

    /// Writes the pooled ReLU of `lanes` windows of the filters of a tile: the largest first, and which they are only if somebody asks.
    ///
    /// # Safety
    /// As `tile`; so many windows exist.
    #[inline(always)]
    unsafe fn write_largest<L: Lanes<N>, const N: usize, const R: usize>(
        &mut self,
        window: usize,
        filter: usize,
        sums: &[[L; 4]; R],
        lanes: usize,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let zero = L::splat(0.0);
            let (one, two) = (L::splat(f32::from_bits(1)), L::splat(f32::from_bits(2)));
            let (three, at_rest) = (L::splat(f32::from_bits(3)), L::splat(f32::from_bits(AT_REST as u32)));
            for (r, &[first, second, third, fourth]) in sums.iter().enumerate() {
                let out = self.windows_of(filter + r) + window;
                let (of_two, of_others) = (second.larger(first), fourth.larger(third));
                let largest = of_others.larger(of_two);
                store(largest.larger(zero), self.y.as_mut_ptr().add(out), lanes);
                if let Some(winners) = &mut self.winners {
                    let at_of_two = L::select(second.exceeds(first), one, zero);
                    let at_of_others = L::select(fourth.exceeds(third), three, two);
                    let at = L::select(of_others.exceeds(of_two), at_of_others, at_of_two);
                    L::select(largest.exceeds(zero), at, at_rest).store_bytes(winners.as_mut_ptr().add(out), lanes);
                }
            }
        }
    }

    /// A tile of any other number of phases, three at a time while there are so many, then one by one.
    ///
    /// # Safety
    /// As `tile`.
    #[inline(always)]
    unsafe fn any_phases<L: Lanes<N>, const N: usize, const R: usize>(&mut self, window: usize, filter: usize) {
        // SAFETY: the caller's promise; the phases exist.
        unsafe {
            let mut best = [(L::splat(f32::NEG_INFINITY), L::splat(0.0)); R];
            let (phases, mut first) = (self.plan.phases(), 0);
            while first + 3 <= phases {
                self.fold::<L, N, R, 3>(window, filter, first, &mut best);
                first += 3;
            }
            while first < phases {
                self.fold::<L, N, R, 1>(window, filter, first, &mut best);
                first += 1;
            }
            for (r, (best, at)) in best.into_iter().enumerate() {
                self.write(window, filter + r, best, at);
            }
        }
    }

    /// Folds the phases `first .. first + P` into the best so far.
    ///
    /// # Safety
    /// As `tile`; the phases exist.
    #[inline(always)]
    unsafe fn fold<L: Lanes<N>, const N: usize, const R: usize, const P: usize>(
        &self,
        window: usize,
        filter: usize,
        first: usize,
        best: &mut [(L, L); R],
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let sums = self.convolve::<L, N, R, P>(window, filter, first);
            for (sums, (best, at)) in sums.iter().zip(best) {
                let (new, new_at) = largest(sums, first);
                best.keep_larger(at, new, new_at);
            }
        }
    }

    /// The convolution of `R` filters at the phases `first .. first + P`.
    ///
    /// # Safety
    /// As `fold`.
    #[inline(always)]
    unsafe fn convolve<L: Lanes<N>, const N: usize, const R: usize, const P: usize>(
        &self,
        window: usize,
        filter: usize,
        first: usize,
    ) -> [[L; P]; R] {
        let Plan { conv, pool, .. } = self.plan;
        let ([f_h, f_w], [s_y, s_x]) = (conv.window().kernel, conv.window().stride);
        let pool_w = pool.window().kernel[1];
        let patch_len = conv.patch_len();
        // SAFETY: every tap of every phase is a row of the panel; the filters exist.
        unsafe {
            let panel = self.patches.as_ptr().add(window / 16 * self.layout.panel_len() + window % 16);
            let phase_at: [*const f32; P] = std::array::from_fn(|p| {
                let (dy, dx) = ((first + p) / pool_w, (first + p) % pool_w);
                panel.add(self.layout.tap(0, dy * s_y, dx * s_x))
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
                        // (Weights in registers, pixels one by one: so sixteen registers hold a tile of three filters as well.)
                        let mut weights = [L::splat(0.0); R];
                        for (r, weight) in weights.iter_mut().enumerate() {
                            *weight = L::splat(*w.add(r * patch_len));
                        }
                        for (p, phase) in phase_at.iter().enumerate() {
                            let pixels = L::load(phase.add(tap));
                            for (sums, weight) in sums.iter_mut().zip(&weights) {
                                sums[p] = weight.mul_add(pixels, sums[p]);
                            }
                        }
                        tap += 16;
                        w = w.wrapping_add(1);
                    }
                }
            }
            sums
        }
    }

    /// Where the windows of a filter of the task begin in the output.
    #[inline(always)]
    fn windows_of(&self, filter: usize) -> usize {
        let windows = self.plan.both.positions();
        // (A division takes as long as some vectors, and most plans need none.)
        match self.plan.a_part {
            1 => filter * self.y.stride(),
            _ if self.y.rows() == 1 => filter * windows,
            a_part => filter / a_part * self.y.stride() + filter % a_part * windows,
        }
    }

    /// Writes the pooled ReLU of `N` windows of a filter, as many as there are.
    ///
    /// # Safety
    /// As `tile`.
    #[inline(always)]
    unsafe fn write<L: Lanes<N>, const N: usize>(&mut self, window: usize, filter: usize, best: L, at: L) {
        let lanes = (self.plan.both.positions() - window).min(N);
        let out = self.windows_of(filter) + window;
        // SAFETY: the caller's promise; no lane is written that is not there.
        unsafe {
            let (y, at) = relu_or_rest(best, at);
            store(y, self.y.as_mut_ptr().add(out), lanes);
            if let Some(winners) = &mut self.winners {
                at.store_bytes(winners.as_mut_ptr().add(out), lanes);
            }
        }
    }
}

/// The first largest (or the first NaN) of some vectors, lane by lane, with its number; they are counted from `first`.
///
/// # Safety
/// The machine has the instructions.
#[inline(always)]
unsafe fn largest<L: Lanes<N>, const N: usize, const P: usize>(values: &[L; P], first: usize) -> (L, L) {
    let number = |p: usize| f32::from_bits((first + p) as u32);
    // SAFETY: the caller's promise.
    let (mut best, mut at) = (values[0], unsafe { L::splat(number(0)) });
    let mut p = 1;
    while p < P {
        // SAFETY: the caller's promise.
        unsafe { best.keep_larger(&mut at, values[p], L::splat(number(p))) };
        p += 1;
    }
    (best, at)
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
