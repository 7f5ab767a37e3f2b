//! Products of rows: `out[i][j] = start[j] + Σ_k a[i][k] · b[j][k]`, where both `a` and `b` lie along k.
//!
//! Sixteen sums run side by side: lane l adds the products of k = l, l + 16, l + 32, … in this order, each with one fused multiply-add,
//! of rows in pieces for one piece after the other; at the end the lanes are added, halves first, and `start` is added last. Sixteen is
//! part of the definition, whatever the width of the registers: where eight lanes are a register, the lower half of all sums of a tile is
//! computed first, then the upper half. A tile of some rows of `a` by some rows of `b` stays in registers while a part of k runs; from one
//! part to the next its sums are kept in memory.

use std::ops::Range;

use super::isa::{Kernel, Vectors, run};
use super::lanes::{Lanes, Lanes16};
use super::matrix::{Matrix, Out};
use super::scratch;

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
    /// Where the slice is too short, or there is no piece.
    pub(super) fn new(values: &'a [f32], stride: usize, size: [usize; 2], count: usize, next: usize) -> Self {
        assert!(count > 0, "rows in no pieces");
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
    scratch::with(16 * rows * columns, |sums| run(Products { a, b, start, out, sums }));
}

/// The most numbers of each row that are taken at a time. A tile's rows of `b` then stay in the first-level cache while all rows of `a` pass
/// by (and those of both for the second half of the lanes, where there are two). A multiple of 16.
const K_AT_ONCE: usize = 768;

/// Vectors of every row in one round of the loop. The addresses of the rows are computed once a round: that work takes the units that the
/// multiply-adds need.
const STEPS_AT_ONCE: usize = 3;

struct Products<'a> {
    a: Pieces<'a>,
    b: Pieces<'a>,
    start: &'a [f32],
    out: Out<'a>,
    /// The sixteen lanes of every sum, tile by tile: what the parts of k so far came to.
    sums: &'a mut [f32],
}

/// Some k of some pieces.
struct Part {
    pieces: Range<usize>,
    k: Range<usize>,
    is_first: bool,
    is_last: bool,
}

impl Kernel for Products<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        // SAFETY: the machine has the instructions; `products` checked all sizes.
        unsafe {
            if const { V::REGISTERS_OF_16 >= 32 } {
                self.blocks::<V, 5, 5>();
            } else {
                // Five columns here too: tiles of three would leave one column over in every task of ten.
                self.blocks::<V, 2, 5>();
            }
        }
    }
}

impl Products<'_> {
    /// Tiles of `M` rows of `a` by `N` rows of `b`, part of k by part of k.
    ///
    /// # Safety
    /// As [`Kernel::run`]; all sizes are checked.
    #[inline(always)]
    unsafe fn blocks<V: Vectors, const M: usize, const N: usize>(&mut self) {
        const { assert!(M <= 5 && N <= 5, "what is left over of larger tiles has no arm below") };
        let (count, len) = (self.a.count, self.a.first.columns);
        let pieces_at_once = (K_AT_ONCE / len.max(1)).max(1);
        // As even as can be.
        let parts_of_a_piece = len.div_ceil(K_AT_ONCE).max(1);
        let k_at_once = len.div_ceil(parts_of_a_piece).next_multiple_of(16).max(16);
        for piece in (0..count).step_by(pieces_at_once) {
            // (Without any k there is one part as well: sums of nothing are written, too.)
            for k in (0..len.max(1)).step_by(k_at_once) {
                let pieces = piece..(piece + pieces_at_once).min(count);
                let k = k..(k + k_at_once).min(len);
                let (is_first, is_last) = (piece == 0 && k.start == 0, pieces.end == count && k.end == len);
                // SAFETY: the caller's promise; these pieces and k exist.
                unsafe { self.tiles::<V, M, N>(&Part { pieces, k, is_first, is_last }) };
            }
        }
    }

    /// All tiles. The rows of `b` stay in the cache while those of `a` pass by.
    ///
    /// # Safety
    /// As `blocks`; the part of k exists.
    #[inline(always)]
    unsafe fn tiles<V: Vectors, const M: usize, const N: usize>(&mut self, part: &Part) {
        let mut j = 0;
        // SAFETY: every tile lies inside a, b and out. (`const`: arms that this N cannot reach are not even compiled.)
        unsafe {
            while j + N <= self.start.len() {
                self.all_rows::<V, M, N>(j, part);
                j += N;
            }
            match self.start.len() - j {
                0 => {}
                4 if const { N > 4 } => self.all_rows::<V, M, 4>(j, part),
                3 if const { N > 3 } => self.all_rows::<V, M, 3>(j, part),
                2 => self.all_rows::<V, M, 2>(j, part),
                _ => self.all_rows::<V, M, 1>(j, part),
            }
        }
    }

    /// # Safety
    /// As `tiles`; `b` has the rows `j .. j + N`.
    #[inline(always)]
    unsafe fn all_rows<V: Vectors, const M: usize, const N: usize>(&mut self, j: usize, part: &Part) {
        let rows = self.out.rows;
        let (mut i, mut sums) = (0, 16 * j * rows);
        // SAFETY: every tile lies inside a, b and out; its sums lie behind those of the tiles before, sixteen numbers for each of
        // rows · columns.
        unsafe {
            while i + M <= rows {
                self.tile::<V, M, N>([i, j], part, sums);
                (i, sums) = (i + M, sums + 16 * M * N);
            }
            match rows - i {
                0 => {}
                4 if const { M > 4 } => self.tile::<V, 4, N>([i, j], part, sums),
                3 if const { M > 3 } => self.tile::<V, 3, N>([i, j], part, sums),
                2 if const { M > 2 } => self.tile::<V, 2, N>([i, j], part, sums),
                _ => self.tile::<V, 1, N>([i, j], part, sums),
            }
        }
    }

    /// Adds a part of k to the sums of a tile, which are kept from number `kept` on; after the last part, writes what they come to.
    ///
    /// # Safety
    /// As `tiles`; `a` has the rows `i .. i + M`, `b` the rows `j .. j + N`; there is room for the sums, and
    /// after the first part those of this tile are there.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const M: usize, const N: usize>(&mut self, at: [usize; 2], part: &Part, kept: usize) {
        debug_assert!(kept + 16 * M * N <= self.sums.len());
        // SAFETY: the caller's promise.
        unsafe {
            let kept = self.sums.as_mut_ptr().add(kept);
            if const { V::REGISTERS_OF_16 >= 32 } {
                let sums = self.sums_of::<V::V16, 16, M, N>(at, 0, part, kept);
                if part.is_last {
                    return self.write::<V, M, N>(at, &sums);
                }
                keep(&sums, kept);
            } else {
                keep(&self.sums_of::<V::V8, 8, M, N>(at, 0, part, kept), kept);
                keep(&self.sums_of::<V::V8, 8, M, N>(at, 8, part, kept.add(8)), kept.add(8));
                if part.is_last {
                    let mut sums = [[V::V16::splat(0.0); N]; M];
                    for (i, sum) in sums.as_flattened_mut().iter_mut().enumerate() {
                        *sum = V::V16::load(kept.add(16 * i));
                    }
                    self.write::<V, M, N>(at, &sums);
                }
            }
        }
    }

    /// What `W` lanes of all sums of a tile, from lane `lane` on, come to with this part of k.
    ///
    /// # Safety
    /// As `tile`; from `kept` on these lanes lie 16 numbers apart.
    #[inline(always)]
    unsafe fn sums_of<L: Lanes<W>, const W: usize, const M: usize, const N: usize>(
        &self,
        [i, j]: [usize; 2],
        lane: usize,
        part: &Part,
        kept: *const f32,
    ) -> [[L; N]; M] {
        // SAFETY: what is read lies inside the rows.
        unsafe {
            let [a_stride, b_stride] = [&self.a, &self.b].map(|rows| rows.first.strides[0]);
            let mut sums = [[L::splat(0.0); N]; M];
            if !part.is_first {
                for (m, sums) in sums.iter_mut().enumerate() {
                    for (n, sum) in sums.iter_mut().enumerate() {
                        *sum = L::load(kept.add(16 * (m * N + n)));
                    }
                }
            }
            let whole = part.k.end - part.k.len() % 16;
            for piece in part.pieces.clone() {
                let mut a = self.a.at(i, piece).wrapping_add(part.k.start + lane);
                let mut b = self.b.at(j, piece).wrapping_add(part.k.start + lane);
                let steps = (whole - part.k.start) / 16;
                for _ in 0..steps / STEPS_AT_ONCE {
                    for step in 0..STEPS_AT_ONCE {
                        let from = [a, b].map(|row| row.wrapping_add(16 * step));
                        add_products(from, [a_stride, b_stride], W, &mut sums);
                    }
                    [a, b] = [a, b].map(|row| row.wrapping_add(16 * STEPS_AT_ONCE));
                }
                for _ in 0..steps % STEPS_AT_ONCE {
                    add_products([a, b], [a_stride, b_stride], W, &mut sums);
                    [a, b] = [a, b].map(|row| row.wrapping_add(16));
                }
                if whole < part.k.end {
                    // (Also where none of these lanes is left: 0 · 0 is added to all of them, or to none.)
                    let left = part.k.end.saturating_sub(whole + lane).min(W);
                    add_products([a, b], [a_stride, b_stride], left, &mut sums);
                }
            }
            sums
        }
    }

    /// Adds up the lanes of every sum, and writes them with their starts.
    ///
    /// # Safety
    /// As `tile`.
    #[inline(always)]
    unsafe fn write<V: Vectors, const M: usize, const N: usize>(
        &mut self,
        [i, j]: [usize; 2],
        sums: &[[V::V16; N]; M],
    ) {
        // SAFETY: the caller's promise; the tile lies inside `out`.
        unsafe {
            const { assert!(M * N <= 32) };
            let mut added = [0.0; 32];
            for (sums, added) in sums.as_flattened().chunks(16).zip(added.as_chunks_mut::<16>().0) {
                let mut vectors = [V::V16::splat(0.0); 16];
                vectors[..sums.len()].copy_from_slice(sums);
                *added = V::V16::tree_sums(vectors);
            }
            for m in 0..M {
                for n in 0..N {
                    let out = self.out.first.add((i + m) * self.out.stride + j + n);
                    *out = added[m * N + n] + *self.start.get_unchecked(j + n);
                }
            }
        }
    }
}

/// Adds to the sums of a tile the products of one vector of each of its rows, of which the first `lanes` ≤ `W` numbers are there.
///
/// # Safety
/// The machine has the instructions; all rows are valid for `lanes` numbers.
#[inline(always)]
unsafe fn add_products<L: Lanes<W>, const W: usize, const M: usize, const N: usize>(
    [a, b]: [*const f32; 2],
    [a_stride, b_stride]: [isize; 2],
    lanes: usize,
    sums: &mut [[L; N]; M],
) {
    // SAFETY: the caller's promise.
    unsafe {
        let b_k = lines::<L, W, N>(b, b_stride, lanes);
        for (m, sums) in sums.iter_mut().enumerate() {
            let [a_k] = lines::<L, W, 1>(a.wrapping_offset(m as isize * a_stride), 0, lanes);
            for (sum, &b_k) in sums.iter_mut().zip(&b_k) {
                *sum = a_k.mul_add(b_k, *sum);
            }
        }
    }
}

/// Keeps some lanes of the sums of a tile, sixteen numbers apart.
///
/// # Safety
/// The machine has the instructions; there is room for them.
#[inline(always)]
unsafe fn keep<L: Lanes<W>, const W: usize, const M: usize, const N: usize>(sums: &[[L; N]; M], kept: *mut f32) {
    for (m, sums) in sums.iter().enumerate() {
        for (n, sum) in sums.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { sum.store(kept.add(16 * (m * N + n))) };
        }
    }
}

/// The first `lanes` ≤ `W` numbers of `N` rows, `stride` apart.
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
