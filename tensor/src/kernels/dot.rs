//! Products of rows: `out[i][j] = start[j] + Σ_k a[i][k] · b[j][k]`, where both `a` and `b` lie along k.
//!
//! Sixteen sums run side by side: lane l adds the products of k = l, l + 16, l + 32, … in this order, each with one
//! fused multiply-add; at the end the lanes are added, halves first, and `start` is added last. Sixteen is part of the
//! definition, whatever the width of the registers. A tile of some rows of `a` by some rows of `b` stays in registers
//! while k runs.

use super::isa::{Kernel, Vectors, run};
use super::lanes::{Lanes, tree_sum};

/// `rows` rows of `len` numbers each, `stride` apart.
#[derive(Clone, Copy)]
pub(super) struct Lines<'a> {
    pub(super) values: &'a [f32],
    pub(super) stride: usize,
    pub(super) rows: usize,
}

impl Lines<'_> {
    fn check(&self, len: usize) {
        let needed = if self.rows == 0 { 0 } else { (self.rows - 1) * self.stride + len };
        assert!(needed <= self.values.len(), "{} numbers are fewer than {needed}", self.values.len());
    }
}

/// Computes `out` (rows of `a` × rows of `b`, rows `out_stride` apart) on this thread.
///
/// # Panics
/// Where a slice is too short.
pub(super) fn products(a: Lines<'_>, b: Lines<'_>, len: usize, start: &[f32], out: &mut [f32], out_stride: usize) {
    a.check(len);
    b.check(len);
    if a.rows == 0 || b.rows == 0 {
        return;
    }
    assert!(b.rows <= out_stride && (a.rows - 1) * out_stride + b.rows <= out.len(), "out is too short");
    assert_eq!(start.len(), b.rows, "one start for each row of b");
    run(Products { a, b, len, start, out, out_stride });
}

struct Products<'a> {
    a: Lines<'a>,
    b: Lines<'a>,
    len: usize,
    start: &'a [f32],
    out: &'a mut [f32],
    out_stride: usize,
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        // SAFETY: the machine has the instructions; `products` checked all lengths.
        unsafe {
            if V::REGISTERS_OF_16 >= 32 {
                self.tiles::<V, 5>();
            } else {
                self.tiles::<V, 2>();
            }
        }
    }
}

impl Products<'_> {
    /// Tiles of `T` rows of `a` by `T` rows of `b`. The rows of `b` stay in the cache while those of `a` pass by.
    ///
    /// # Safety
    /// As [`Kernel::run`]; all lengths are checked.
    #[inline(always)]
    unsafe fn tiles<V: Vectors, const T: usize>(&mut self) {
        let mut j = 0;
        // SAFETY: every tile lies inside a, b and out.
        unsafe {
            while j + T <= self.b.rows {
                self.all_rows::<V, T, T>(j);
                j += T;
            }
            // (`const`: arms that this T cannot reach are not even compiled.)
            match self.b.rows - j {
                0 => {}
                4 if const { T > 4 } => self.all_rows::<V, T, 4>(j),
                3 if const { T > 3 } => self.all_rows::<V, T, 3>(j),
                2 if const { T > 2 } => self.all_rows::<V, T, 2>(j),
                _ => self.all_rows::<V, T, 1>(j),
            }
        }
    }

    /// # Safety
    /// As [`Kernel::run`]; `b` has the rows `j .. j + N`.
    #[inline(always)]
    unsafe fn all_rows<V: Vectors, const M: usize, const N: usize>(&mut self, j: usize) {
        let mut i = 0;
        // SAFETY: every tile lies inside a, b and out.
        unsafe {
            while i + M <= self.a.rows {
                self.tile::<V, M, N>(i, j);
                i += M;
            }
            match self.a.rows - i {
                0 => {}
                4 if const { M > 4 } => self.tile::<V, 4, N>(i, j),
                3 if const { M > 3 } => self.tile::<V, 3, N>(i, j),
                2 if const { M > 2 } => self.tile::<V, 2, N>(i, j),
                _ => self.tile::<V, 1, N>(i, j),
            }
        }
    }

    /// # Safety
    /// As [`Kernel::run`]; `a` has the rows `i .. i + M`, `b` the rows `j .. j + N`.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const M: usize, const N: usize>(&mut self, i: usize, j: usize) {
        // SAFETY: k stays below `len`, for which both rows are valid; out was checked.
        unsafe {
            let a = self.a.values.as_ptr().add(i * self.a.stride);
            let b = self.b.values.as_ptr().add(j * self.b.stride);
            let mut sums = [[V::V16::splat(0.0); N]; M];
            let mut k = 0;
            while k + 16 <= self.len {
                let b_k: [V::V16; N] = vectors::<V, N>(b.add(k), self.b.stride, 16);
                for (m, sums) in sums.iter_mut().enumerate() {
                    let a_k = V::V16::load(a.add(m * self.a.stride + k));
                    for (sum, &b_k) in sums.iter_mut().zip(&b_k) {
                        *sum = a_k.mul_add(b_k, *sum);
                    }
                }
                k += 16;
            }
            if k < self.len {
                let b_k: [V::V16; N] = vectors::<V, N>(b.add(k), self.b.stride, self.len - k);
                for (m, sums) in sums.iter_mut().enumerate() {
                    let a_k = V::V16::load_first(a.add(m * self.a.stride + k), self.len - k);
                    for (sum, &b_k) in sums.iter_mut().zip(&b_k) {
                        *sum = a_k.mul_add(b_k, *sum);
                    }
                }
            }
            // Through memory, in loops that the compiler unrolls: else it would keep all sums in memory throughout.
            let mut lanes = [[[0.0; 16]; N]; M];
            for (lanes, sums) in lanes.iter_mut().zip(&sums) {
                for (lanes, sum) in lanes.iter_mut().zip(sums) {
                    sum.store(lanes.as_mut_ptr());
                }
            }
            self.finish(i, j, &lanes);
        }
    }

    /// Adds up the lanes of a tile, and writes what they come to.
    #[inline(always)]
    fn finish<const M: usize, const N: usize>(&mut self, i: usize, j: usize, lanes: &[[[f32; 16]; N]; M]) {
        for (m, lanes) in lanes.iter().enumerate() {
            let out = &mut self.out[(i + m) * self.out_stride + j..][..N];
            for (n, (out, &lanes)) in out.iter_mut().zip(lanes).enumerate() {
                *out = tree_sum(lanes) + self.start[j + n];
            }
        }
    }
}

/// The first `lanes` numbers of `N` rows.
///
/// # Safety
/// The machine has the instructions; every row is valid for `lanes` numbers.
#[inline(always)]
unsafe fn vectors<V: Vectors, const N: usize>(from: *const f32, stride: usize, lanes: usize) -> [V::V16; N] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut vectors = [V::V16::splat(0.0); N];
        for (n, vector) in vectors.iter_mut().enumerate() {
            *vector = if lanes == 16 {
                V::V16::load(from.add(n * stride))
            } else {
                V::V16::load_first(from.add(n * stride), lanes)
            };
        }
        vectors
    }
}
