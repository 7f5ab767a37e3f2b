//! The forward pass, also with ReLU and pooling.

use super::{To, TurnAround, group, sums_len, vectors};
use crate::geometry::Geometry;
use crate::kernels::conv_pool::{Plan, relu_or_rest};
use crate::kernels::isa::{Kernel, Vectors, run};
use crate::kernels::lanes::Lanes;
use crate::kernels::matrix::Matrix;
use crate::kernels::rows::panels_len;
use crate::kernels::scratch;
use crate::kernels::sorted_image::SortedImage;
use crate::kernels::transpose;
use crate::threads::{for_each_part, for_each_part2};

/// `Y = W · taps + b`, each image for itself.
pub(in crate::kernels) fn forward(geometry: &Geometry, x: &[f32], w: &[f32], b: &[f32], y: &mut [f32]) {
    let positions = geometry.positions();
    with_panels(geometry, x, w, b, |convolution| {
        for_each_part(y, convolution.group * positions, |task, y| {
            convolution.run(task, 0, |sums, _| run(TurnAround { sums, vectors: positions, to: To::Numbers(y) }));
        });
    });
}

/// As [`forward`], with ReLU and pooling: `winners ←` which element of its window each largest is, or
/// [`AT_REST`](crate::conv_pool::AT_REST).
pub(in crate::kernels) fn forward_pooled(
    plan: &Plan,
    x: &[f32],
    w: &[f32],
    b: &[f32],
    y: &mut [f32],
    winners: Option<&mut [u8]>,
) {
    let windows = plan.pool().positions();
    with_panels(plan.conv(), x, w, b, |convolution| {
        let filters = convolution.group;
        let pooled_len = sums_len(plan.pool(), filters);
        let task = |task: usize, y: &mut [f32], winners: Option<&mut [u8]>| {
            convolution.run(task, 2 * pooled_len, |sums, pooled| {
                let (best, at) = pooled.split_at_mut(pooled_len);
                run(Pool { plan, filters, sums, best, at });
                run(TurnAround { sums: best, vectors: windows, to: To::Numbers(y) });
                if let Some(winners) = winners {
                    run(TurnAround { sums: at, vectors: windows, to: To::Bytes(winners) });
                }
            });
        };
        let part = filters * windows;
        match winners {
            Some(winners) => for_each_part2((y, part), (winners, part), |i, y, winners| task(i, y, Some(winners))),
            None => for_each_part(y, part, |i, y| task(i, y, None)),
        }
    });
}

/// A convolution of some images, of which a task computes `group` filters of one.
struct Convolution<'a> {
    layout: SortedImage,
    x: &'a [f32],
    /// The weights, in panels.
    panels: &'a [f32],
    b: &'a [f32],
    group: usize,
}

/// Calls `f` with the convolution, whose weights are turned into panels for it.
fn with_panels(geometry: &Geometry, x: &[f32], w: &[f32], b: &[f32], f: impl FnOnce(&Convolution<'_>)) {
    let (patch, filters) = (geometry.patch_len(), b.len());
    let group = group(x.len() / geometry.input_len(), filters);
    scratch::with(panels_len(filters, patch), |panels| {
        transpose::to_panels(Matrix::row_major(w, patch, [filters, patch]), panels);
        f(&Convolution { layout: SortedImage::new(*geometry), x, panels, b, group });
    });
}

impl Convolution<'_> {
    /// Calls `f` with the sums of one task, in panels, and with so many numbers more to work in.
    fn run(&self, task: usize, more: usize, f: impl FnOnce(&[f32], &mut [f32])) {
        let (layout, geometry) = (&self.layout, self.layout.geometry());
        let (image, first) = (task * self.group / self.b.len(), task * self.group % self.b.len());
        let x = &self.x[image * geometry.input_len()..][..geometry.input_len()];
        let (w, b) = (&self.panels[first * geometry.patch_len()..], &self.b[first..][..self.group]);
        let sums_len = sums_len(geometry, self.group);
        scratch::with(layout.len() + sums_len + more, |buffer| {
            let (sorted, buffer) = buffer.split_at_mut(layout.len());
            let (sums, more) = buffer.split_at_mut(sums_len);
            layout.write(x, 0.0, sorted);
            run(Convolve { layout, sorted, w, b, sums });
            f(sums, more);
        });
    }
}

/// `sums ←` for every sixteen filters a panel with a vector for every position.
struct Convolve<'a> {
    layout: &'a SortedImage,
    sorted: &'a [f32],
    /// The weights, in panels.
    w: &'a [f32],
    b: &'a [f32],
    sums: &'a mut [f32],
}

impl Kernel for Convolve<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let (geometry, filters) = (*self.layout.geometry(), self.b.len());
        assert!(self.sorted.len() >= self.layout.len() && self.w.len() >= panels_len(filters, geometry.patch_len()));
        assert!(self.sums.len() >= sums_len(&geometry, filters));
        let (panels, mut panel) = (filters.div_ceil(16), 0);
        // SAFETY: the machine has the instructions, the lengths are checked, the panels exist. (Of tiles of one vector there are
        // wider ones.)
        unsafe {
            if const { V::REGISTERS_OF_16 >= 32 } {
                while panel + 2 <= panels {
                    match width(&[7, 8, 4], 2, geometry.output()[1]) {
                        7 => self.planes::<V, 7, 2>(panel),
                        8 => self.planes::<V, 8, 2>(panel),
                        _ => self.planes::<V, 4, 2>(panel),
                    }
                    panel += 2;
                }
                if panel < panels {
                    match width(&[28, 14, 8], 1, geometry.output()[1]) {
                        28 => self.planes::<V, 28, 1>(panel),
                        14 => self.planes::<V, 14, 1>(panel),
                        _ => self.planes::<V, 8, 1>(panel),
                    }
                }
            } else {
                while panel < panels {
                    match width(&[6, 4], 1, geometry.output()[1]) {
                        6 => self.planes::<V, 6, 1>(panel),
                        _ => self.planes::<V, 4, 1>(panel),
                    }
                    panel += 1;
                }
            }
        }
    }
}

/// The width of tile that has the least to do for rows of `positions`, the widest first. A tile of less than eight sums takes as long as
/// one of eight: each waits for its last addition.
fn width(widths: &[usize], vectors: usize, positions: usize) -> usize {
    let cost = |&width: &usize| positions.div_ceil(width) * (width * vectors).max(8);
    widths.iter().copied().min_by_key(cost).expect("there are widths")
}

impl Convolve<'_> {
    /// All positions of `T` panels of filters, in tiles of `P`. What a tile computes behind the end of a row is overwritten by the next
    /// row, or lies in the slack.
    ///
    /// # Safety
    /// As `run`; the panels exist.
    #[inline(always)]
    unsafe fn planes<V: Vectors, const P: usize, const T: usize>(&mut self, panel: usize) {
        let [o_h, o_w] = self.layout.geometry().output();
        for oy in 0..o_h {
            for ox in (0..o_w).step_by(P) {
                // SAFETY: the tile begins at a position; what lies behind the last is in the slack of both.
                unsafe { self.tile::<V, P, T>(panel, oy, ox) };
            }
        }
    }

    /// # Safety
    /// As `planes`; the position exists.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const P: usize, const T: usize>(&mut self, panel: usize, oy: usize, ox: usize) {
        let geometry = self.layout.geometry();
        let (patch, vectors) = (geometry.patch_len(), vectors(geometry));
        // SAFETY: the caller's promise; the panels have a vector of weights for every tap.
        unsafe {
            let mut sums = [[V::V16::splat(0.0); T]; P];
            for t in 0..T {
                let first = 16 * (panel + t);
                let bias = V::V16::load_first(self.b.as_ptr().add(first), (self.b.len() - first).min(16));
                for sums in &mut sums {
                    sums[t] = bias;
                }
            }
            let from = self.sorted.as_ptr().add(oy * self.layout.next_windows() + ox);
            let w = self.w.as_ptr().add(16 * patch * panel);
            if geometry.window().stride[1] == 1 {
                self.add_lines::<V, P, T>(&mut sums, from, w);
            } else {
                let mut w = w;
                self.layout.for_each_tap(|tap| {
                    add_tap::<V, P, T>(&mut sums, from.wrapping_add(tap), w, 16 * patch);
                    w = w.wrapping_add(16);
                });
            }
            for t in 0..T {
                let to = self.sums.as_mut_ptr().add(16 * ((panel + t) * vectors + oy * geometry.output()[1] + ox));
                for (p, sums) in sums.iter().enumerate() {
                    sums[t].store(to.add(16 * p));
                }
            }
        }
    }
}

impl Convolve<'_> {
    /// Adds all taps, which lie side by side in each line: three at a time, where their pixels, most of which they share, fit into the
    /// registers.
    ///
    /// # Safety
    /// As `tile`; the first tap finds its pixels at `from` and its weights at `w`.
    #[inline(always)]
    unsafe fn add_lines<V: Vectors, const P: usize, const T: usize>(
        &self,
        sums: &mut [[V::V16; T]; P],
        from: *const f32,
        mut w: *const f32,
    ) {
        let geometry = self.layout.geometry();
        let ([f_h, f_w], next_panel) = (geometry.window().kernel, 16 * geometry.patch_len());
        for c in 0..geometry.channels() {
            for fy in 0..f_h {
                let (mut from, mut left) = (from.wrapping_add(self.layout.tap(c, fy, 0)), f_w);
                // SAFETY: the caller's promise.
                unsafe {
                    while const { P * T + (P + 2) + 3 * T <= 32 } && left >= 3 {
                        add_tap::<V, P, T>(sums, from, w, next_panel);
                        add_tap::<V, P, T>(sums, from.wrapping_add(1), w.wrapping_add(16), next_panel);
                        add_tap::<V, P, T>(sums, from.wrapping_add(2), w.wrapping_add(32), next_panel);
                        (from, w, left) = (from.wrapping_add(3), w.wrapping_add(48), left - 3);
                    }
                    while left > 0 {
                        add_tap::<V, P, T>(sums, from, w, next_panel);
                        (from, w, left) = (from.wrapping_add(1), w.wrapping_add(16), left - 1);
                    }
                }
            }
        }
    }
}

/// Adds the product of `P` pixels and `T` vectors of weights, `next_panel` apart.
///
/// # Safety
/// The machine has the instructions; so many pixels lie at `pixels`, so many vectors at `w`.
#[inline(always)]
unsafe fn add_tap<V: Vectors, const P: usize, const T: usize>(
    sums: &mut [[V::V16; T]; P],
    pixels: *const f32,
    w: *const f32,
    next_panel: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut weights = [V::V16::splat(0.0); T];
        for (t, weights) in weights.iter_mut().enumerate() {
            *weights = V::V16::load(w.wrapping_add(t * next_panel));
        }
        for (p, sums) in sums.iter_mut().enumerate() {
            let pixel = V::V16::splat(*pixels.add(p));
            for (sum, &weights) in sums.iter_mut().zip(&weights) {
                *sum = pixel.mul_add(weights, *sum);
            }
        }
    }
}

/// `best ←` the pooled ReLU of `sums`, `at ←` which element of its window each is, as bit patterns.
struct Pool<'a> {
    plan: &'a Plan,
    filters: usize,
    sums: &'a [f32],
    best: &'a mut [f32],
    at: &'a mut [f32],
}

impl Kernel for Pool<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let (conv, pool) = (self.plan.conv(), self.plan.pool());
        assert!(self.sums.len() >= sums_len(conv, self.filters));
        assert!(self.best.len() >= sums_len(pool, self.filters) && self.at.len() >= sums_len(pool, self.filters));
        let ([rows, columns], [_, conv_w]) = (pool.output(), conv.output());
        for panel in 0..self.filters.div_ceil(16) {
            for row in 0..rows {
                for column in 0..columns {
                    let from = 16 * (panel * vectors(conv) + self.plan.window_at(row, column));
                    let to = 16 * (panel * vectors(pool) + row * columns + column);
                    // SAFETY: the machine has the instructions; the panels have a vector for every position, and for every window.
                    unsafe {
                        let (best, at) = largest::<V>(self.sums.as_ptr().add(from), pool.window().kernel, conv_w);
                        best.store(self.best.as_mut_ptr().add(to));
                        at.store(self.at.as_mut_ptr().add(to));
                    }
                }
            }
        }
    }
}

/// The ReLU of the first largest (or the first NaN) of the vectors under a window, and which it is.
///
/// # Safety
/// The machine has the instructions; the vectors of a window lie at `from`, those of a row side by side, its rows `width` vectors apart.
#[inline(always)]
unsafe fn largest<V: Vectors>(from: *const f32, [p_h, p_w]: [usize; 2], width: usize) -> (V::V16, V::V16) {
    let number = |number: usize| f32::from_bits(number as u32);
    // SAFETY: the caller's promise.
    unsafe {
        let (mut best, mut at) = (V::V16::load(from), V::V16::splat(number(0)));
        for dy in 0..p_h {
            for dx in usize::from(dy == 0)..p_w {
                let new = V::V16::load(from.add(16 * (dy * width + dx)));
                best.keep_larger(&mut at, new, V::V16::splat(number(dy * p_w + dx)));
            }
        }
        relu_or_rest(best, at)
    }
}
