//! Products of rows: `out[i][j] = start[j] + Σ_k a[i][k] · b[j][k]`, where both `a` and `b` lie along k.
//!
//! Sixteen sums run side by side: lane l adds the products of k = l, l + 16, l + 32, … in this order, each with one
//! fused multiply-add; at the end the lanes are added, halves first, and `start` is added last. Sixteen is part of the
//! definition, whatever the width of the registers: where eight lanes are a register, the lower half of all sums of a tile
//! is computed first, then the upper half. A tile of some rows of `a` by some rows of `b` stays in registers while k runs.

use std::ops::Range;

use super::isa::{Kernel, Vectors, run};
use super::lanes::{Lanes, Lanes16};
use super::matrix::{Matrix, Out};

/// Rows that lie in one or more pieces of equal length: the first pieces of all rows, `next` numbers further on the second ones,
/// and so on.
#[derive(Clone, Copy)]
pub(super) struct Pieces<'a> {
    first: Matrix<'a>,
    count: usize,
    next: usize,
}

impl<'a> Pieces<'a> {
    /// Rows of a matrix, each in one piece.
    ///
    /// # Panics
    /// Where its columns do not lie side by side.
    pub(super) fn whole(matrix: Matrix<'a>) -> Self {
        assert!(matrix.strides[1] == 1, "strides {:?} are no rows", matrix.strides);
        Pieces { first: matrix, count: 1, next: 0 }
    }

    /// `size` is the number of rows, and the length of a piece; from row to row there are `stride` numbers.
    ///
    /// # Panics
    /// Where the slice is too short, or there are several pieces that are no whole vectors of sixteen.
    pub(super) fn new(values: &'a [f32], stride: usize, size: [usize; 2], count: usize, next: usize) -> Self {
        assert!(count == 1 || (count > 0 && size[1].is_multiple_of(16)), "{count} pieces of {}", size[1]);
        // The last ones end last.
        let last = next.checked_mul(count - 1).and_then(|last| values.get(last..));
        Matrix::row_major(last.unwrap_or_default(), stride, size);
        Pieces { first: Matrix::row_major(values, stride, size), count, next }
    }

    /// Some of the rows.
    ///
    /// # Panics
    /// Where there are not so many.
    pub(super) fn some_rows(self, first: usize, rows: usize) -> Self {
        Pieces { first: self.first.some_rows(first, rows), ..self }
    }

    /// Where the numbers of row `i` in piece `piece` begin; reading there is sound where they exist.
    #[inline(always)]
    fn at(&self, i: usize, piece: usize) -> *const f32 {
        self.first.at(i, 0).wrapping_add(piece * self.next)
    }
}

/// Computes all of `out` (rows of `a` × rows of `b`) on this thread.
///
/// # Panics
/// Where the sizes do not match.
pub(super) fn products(a: Pieces<'_>, b: Pieces<'_>, start: &[f32], out: Out<'_>) {
    let ([rows, columns], [len, b_len]) = ([a.first.rows, b.first.rows], [a.first.columns, b.first.columns]);
    assert!(
        (len, a.count) == (b_len, b.count) && start.len() == columns,
        "rows of {}×{len} and {}×{b_len}, {} starts",
        a.count,
        b.count,
        start.len()
    );
    assert!([out.rows, out.columns] == [rows, columns], "{}×{} for {rows}×{columns}", out.rows, out.columns);
    run(Products { a, b, start, out });
}

struct Products<'a> {
    a: Pieces<'a>,
    b: Pieces<'a>,
    start: &'a [f32],
    out: Out<'a>,
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        // SAFETY: the machine has the instructions; `products` checked all sizes.
        unsafe {
            if const { V::REGISTERS_OF_16 >= 32 } {
                self.tiles::<V, 5, 5>();
            } else {
                self.tiles::<V, 4, 3>();
            }
        }
    }
}

/// Where two passes go over the same numbers: so many of each row that they are still in the first-level cache for the
/// second. A multiple of 16.
const K_AT_ONCE: usize = 512;

/// The lanes of all sums of a tile; enough for the largest.
type Sums = [[f32; 16]; 32];

impl Products<'_> {
    /// Tiles of `M` rows of `a` by `N` rows of `b`. The rows of `b` stay in the cache while those of `a` pass by.
    ///
    /// # Safety
    /// As [`Kernel::run`]; all sizes are checked.
    #[inline(always)]
    unsafe fn tiles<V: Vectors, const M: usize, const N: usize>(&self) {
        let mut j = 0;
        // SAFETY: every tile lies inside a, b and out. (`const`: arms that this N cannot reach are not even compiled.)
        unsafe {
            while j + N <= self.start.len() {
                self.all_rows::<V, M, N>(j);
                j += N;
            }
            match self.start.len() - j {
                0 => {}
                4 if const { N > 4 } => self.all_rows::<V, M, 4>(j),
                3 if const { N > 3 } => self.all_rows::<V, M, 3>(j),
                2 => self.all_rows::<V, M, 2>(j),
                _ => self.all_rows::<V, M, 1>(j),
            }
        }
    }

    /// # Safety
    /// As [`Kernel::run`]; `b` has the rows `j .. j + N`.
    #[inline(always)]
    unsafe fn all_rows<V: Vectors, const M: usize, const N: usize>(&self, j: usize) {
        let mut i = 0;
        // SAFETY: every tile lies inside a, b and out.
        unsafe {
            while i + M <= self.out.rows {
                self.tile::<V, M, N>(i, j);
                i += M;
            }
            match self.out.rows - i {
                0 => {}
                4 if const { M > 4 } => self.tile::<V, 4, N>(i, j),
                3 => self.tile::<V, 3, N>(i, j),
                2 => self.tile::<V, 2, N>(i, j),
                _ => self.tile::<V, 1, N>(i, j),
            }
        }
    }

    /// # Safety
    /// As [`Kernel::run`]; `a` has the rows `i .. i + M`, `b` the rows `j .. j + N`.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const M: usize, const N: usize>(&self, i: usize, j: usize) {
        // SAFETY: the caller's promise; the tile lies inside `out`.
        unsafe {
            let mut sums: Sums = [[0.0; 16]; 32];
            let (count, len) = (self.a.count, self.a.first.columns);
            if const { V::REGISTERS_OF_16 >= 32 } {
                self.sums::<V::V16, 16, M, N>([i, j], 0, [0..count, 0..len], &mut sums);
            } else {
                let pieces_at_once = (K_AT_ONCE / len.max(1)).max(1);
                for piece in (0..count).step_by(pieces_at_once) {
                    for k in (0..len).step_by(K_AT_ONCE) {
                        let pieces = piece..(piece + pieces_at_once).min(count);
                        let k = k..(k + K_AT_ONCE).min(len);
                        self.sums::<V::V8, 8, M, N>([i, j], 0, [pieces.clone(), k.clone()], &mut sums);
                        self.sums::<V::V8, 8, M, N>([i, j], 8, [pieces, k], &mut sums);
                    }
                }
            }
            let mut added = [0.0; 32];
            for first in (0..M * N).step_by(16) {
                let mut vectors = [V::V16::splat(0.0); 16];
                for (vector, sum) in vectors.iter_mut().zip(&sums[first..]) {
                    *vector = V::V16::load(sum.as_ptr());
                }
                added[first..first + 16].copy_from_slice(&V::V16::tree_sums(vectors));
            }
            for m in 0..M {
                for n in 0..N {
                    let out = self.out.first.add((i + m) * self.out.stride + j + n);
                    *out = added[m * N + n] + *self.start.get_unchecked(j + n);
                }
            }
        }
    }

    /// Adds some k, from a multiple of 16 on, of some pieces to `W` lanes of all sums of a tile, from lane `lane` on.
    ///
    /// # Safety
    /// As `tile`; these k and pieces exist.
    #[inline(always)]
    unsafe fn sums<L: Lanes<W>, const W: usize, const M: usize, const N: usize>(
        &self,
        [i, j]: [usize; 2],
        lane: usize,
        [pieces, k]: [Range<usize>; 2],
        to: &mut Sums,
    ) {
        // SAFETY: what is read lies inside the rows.
        unsafe {
            let [a_stride, b_stride] = [&self.a, &self.b].map(|rows| rows.first.strides[0]);
            let mut sums = [[L::splat(0.0); N]; M];
            for (m, sums) in sums.iter_mut().enumerate() {
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum = L::load(to[m * N + n].as_ptr().add(lane));
                }
            }
            let whole = k.end - k.len() % 16;
            for piece in pieces.clone() {
                let mut a = self.a.at(i, piece).wrapping_add(k.start + lane);
                let mut b = self.b.at(j, piece).wrapping_add(k.start + lane);
                for _ in (k.start..whole).step_by(16) {
                    let b_k = lines::<L, W, N>(b, b_stride, W);
                    for (m, sums) in sums.iter_mut().enumerate() {
                        let a_k = L::load(a.wrapping_offset(m as isize * a_stride));
                        for (sum, &b_k) in sums.iter_mut().zip(&b_k) {
                            *sum = a_k.mul_add(b_k, *sum);
                        }
                    }
                    (a, b) = (a.wrapping_add(16), b.wrapping_add(16));
                }
            }
            if whole < k.end {
                // (There is one piece. Also where none of these lanes is left: 0 · 0 is added to all of them, or to none.)
                let left = k.end.saturating_sub(whole + lane).min(W);
                let [a, b] =
                    [self.a.at(i, pieces.start), self.b.at(j, pieces.start)].map(|row| row.wrapping_add(whole + lane));
                let b_k = lines::<L, W, N>(b, b_stride, left);
                for (m, sums) in sums.iter_mut().enumerate() {
                    let a_k = L::load_first(a.wrapping_offset(m as isize * a_stride), left);
                    for (sum, &b_k) in sums.iter_mut().zip(&b_k) {
                        *sum = a_k.mul_add(b_k, *sum);
                    }
                }
            }
            for (m, sums) in sums.iter().enumerate() {
                for (n, sum) in sums.iter().enumerate() {
                    sum.store(to[m * N + n].as_mut_ptr().add(lane));
                }
            }
        }
    }
}

/// The first `lanes` numbers of `N` rows, `stride` apart.
///
/// # Safety
/// The machine has the instructions; every row is valid for `lanes` numbers.
#[inline(always)]
unsafe fn lines<L: Lanes<W>, const W: usize, const N: usize>(from: *const f32, stride: isize, lanes: usize) -> [L; N] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut vectors = [L::splat(0.0); N];
        for (n, vector) in vectors.iter_mut().enumerate() {
            let from = from.wrapping_offset(n as isize * stride);
            *vector = if lanes == W { L::load(from) } else { L::load_first(from, lanes) };
        }
        vectors
    }
}
