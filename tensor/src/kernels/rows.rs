//! Weighted sums of rows: `out[r][j] = start + Σ_s coefficient[r][s] · rows[s][j]`.
//!
//! The lanes run over the columns j. Every element adds its products in ascending s, each with one fused multiply-add: that
//! order, and nothing else, decides the bits. Tiles of some rows of `out` by some vectors stay in registers while s runs.
//!
//! A matrix product A·B is this with A as the coefficients and B as the rows. So are the weight gradient and the input
//! gradient of an affine layer, and the convolution over a transposed im2col.

use std::marker::PhantomData;

use super::isa::{Kernel, Vectors, run};
use super::lanes::Lanes;
use super::matrix::{Matrix, Out};

/// What a sum starts from.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    Zero,
    /// What `out` holds.
    Out,
    /// One number for each row of `out`.
    Bias(&'a [f32]),
}

/// The rows, as a matrix or in panels of sixteen columns: `rows[s][j]` lies at `s · stride + j / 16 · panel + j % 16`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    first: *const f32,
    stride: usize,
    panel: usize,
    count: usize,
    columns: usize,
    /// The rows that are added, if not all.
    picked: Option<&'a [u32]>,
    borrowed: PhantomData<&'a [f32]>,
}

impl<'a> Rows<'a> {
    /// Rows of a matrix whose columns lie side by side.
    ///
    /// # Panics
    /// Where they do not.
    pub(super) fn matrix(matrix: Matrix<'a>) -> Self {
        let Matrix { first, strides, rows: count, columns, .. } = matrix;
        assert!(strides[1] == 1 && strides[0] >= 0, "strides {strides:?} are no rows");
        Rows { first, stride: strides[0] as usize, panel: 16, count, columns, picked: None, borrowed: PhantomData }
    }

    /// Panels, each of `count` rows of sixteen numbers one after the other.
    ///
    /// # Panics
    /// Where the slice is too short.
    pub(super) fn panels(values: &'a [f32], count: usize, columns: usize) -> Self {
        let needed = panels_len(columns, count);
        assert!(needed <= values.len(), "panels of {} numbers, {needed} are needed", values.len());
        Rows {
            first: values.as_ptr(),
            stride: 16,
            panel: 16 * count,
            count,
            columns,
            picked: None,
            borrowed: PhantomData,
        }
    }

    /// Only these rows, in ascending order.
    ///
    /// # Panics
    /// Where they are not, or one of them does not exist.
    pub(super) fn picked(self, rows: &'a [u32]) -> Self {
        assert!(
            rows.is_sorted_by(|a, b| a < b) && rows.last().is_none_or(|&last| (last as usize) < self.count),
            "{} rows",
            self.count
        );
        Rows { picked: (rows.len() < self.count).then_some(rows), ..self }
    }

    /// How many are added.
    fn added(&self) -> usize {
        self.picked.map_or(self.count, <[u32]>::len)
    }
}

/// Numbers of the panels that hold `columns` columns of `count` rows.
///
/// # Panics
/// Where they would not fit into any memory.
pub(super) fn panels_len(columns: usize, count: usize) -> usize {
    let len = columns.checked_next_multiple_of(16).and_then(|columns| columns.checked_mul(count));
    len.unwrap_or_else(|| panic!("panels of {columns} columns and {count} rows do not fit into memory"))
}

/// An array that will be read next. It is fetched from far caches while sums are computed, a line of the cache with every row that is added to
/// a tile of whole vectors, until all of it (and at most as many lines more as a tile has rows) has been asked for: many lines at once would
/// hold the sums up.
pub(super) struct Ahead {
    line: *const f32,
    end: *const f32,
}

impl Ahead {
    const NOTHING: Self = Ahead { line: std::ptr::null(), end: std::ptr::null() };

    /// As many numbers as these, right behind them; whether there are any does not matter.
    pub(super) fn behind(numbers: &[f32]) -> Self {
        let line = numbers.as_ptr_range().end;
        Ahead { line, end: line.wrapping_add(numbers.len()) }
    }

    fn is_fetched(&self) -> bool {
        self.line >= self.end
    }

    /// Asks for the next line.
    #[inline(always)]
    fn fetch<V: Vectors>(&mut self) {
        V::fetch_ahead(self.line);
        self.line = self.line.wrapping_add(16);
    }
}

/// Rows that stay in the first-level cache while the tiles of a block of columns go over them.
const ROWS_AT_ONCE: usize = 256;

/// Computes `out` on this thread: a row of `coefficients` for every row of `out` (of those that were picked), in which there is one for each
/// of `rows` (of those that were picked); `rows` begin at the column where `out` begins.
///
/// # Panics
/// Where the sizes do not match.
pub(super) fn weighted_sums(start: Start<'_>, coefficients: Matrix<'_>, rows: Rows<'_>, out: Out<'_>) {
    weighted_sums_and_fetch(Ahead::NOTHING, start, coefficients, rows, out);
}

/// The same, while an array that will be read next comes from far caches.
///
/// # Panics
/// As [`weighted_sums`].
pub(super) fn weighted_sums_and_fetch(
    ahead: Ahead,
    start: Start<'_>,
    coefficients: Matrix<'_>,
    rows: Rows<'_>,
    out: Out<'_>,
) {
    if out.rows == 0 || out.columns == 0 {
        return;
    }
    assert!(
        [coefficients.rows, coefficients.columns] == [out.computed(), rows.added()] && rows.columns >= out.columns,
        "coefficients {}×{}, rows {}×{}, out {}×{}",
        coefficients.rows,
        coefficients.columns,
        rows.added(),
        rows.columns,
        out.computed(),
        out.columns
    );
    if let Start::Bias(bias) = start {
        assert_eq!(bias.len(), out.computed(), "one start for each row");
    }
    run(WeightedSums { start, coefficients, rows, out, ahead });
}

struct WeightedSums<'a> {
    start: Start<'a>,
    coefficients: Matrix<'a>,
    rows: Rows<'a>,
    out: Out<'a>,
    ahead: Ahead,
}

impl Kernel for WeightedSums<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        // SAFETY: the machine has the instructions; `weighted_sums` checked all lengths.
        unsafe {
            if const { V::REGISTERS_OF_16 >= 32 } {
                // Three vectors to a tile where that comes out even, and four would not.
                if self.out.columns.is_multiple_of(48) && !self.out.columns.is_multiple_of(64) {
                    self.blocks::<V, 8, 3>();
                } else {
                    self.blocks::<V, 6, 4>();
                }
            } else {
                self.blocks::<V, 6, 1>();
            }
        }
    }
}

/// One tile: where its numbers begin.
#[derive(Clone, Copy)]
struct Tile {
    /// First row of the tile.
    r: usize,
    /// First column, and columns of the last vector.
    j: usize,
    in_last: usize,
    /// The rows `s .. s_end` of those that are added.
    s: usize,
    s_end: usize,
}

impl WeightedSums<'_> {
    /// # Safety
    /// As [`Kernel::run`]; all lengths are checked.
    #[inline(always)]
    unsafe fn blocks<V: Vectors, const R: usize, const T: usize>(&mut self) {
        let (width, mut s) = (16 * T, 0);
        loop {
            let s_end = (s + ROWS_AT_ONCE).min(self.rows.added());
            let mut j = 0;
            // SAFETY: every tile lies inside `out`.
            unsafe {
                while j + width <= self.out.columns {
                    self.columns::<V, R, T>(Tile { r: 0, j, in_last: 16, s, s_end });
                    j += width;
                }
                // What is left of the columns, in the narrowest tile that holds it.
                while j < self.out.columns {
                    let left = self.out.columns - j;
                    let tile =
                        |vectors: usize| Tile { r: 0, j, in_last: (left - 16 * (vectors - 1)).min(16), s, s_end };
                    // (`const`: arms that this T cannot reach are not even compiled.)
                    match left.div_ceil(16).min(T) {
                        4 if const { T >= 4 } => self.columns::<V, R, 4>(tile(4)),
                        3 if const { T >= 3 } => self.columns::<V, R, 3>(tile(3)),
                        2 if const { T >= 2 } => self.columns::<V, R, 2>(tile(2)),
                        _ => self.columns::<V, R, 1>(tile(1)),
                    }
                    j += 16 * left.div_ceil(16).min(T);
                }
            }
            s = s_end;
            if s == self.rows.added() {
                break;
            }
        }
    }

    /// All rows of `out` in the columns of one tile.
    ///
    /// # Safety
    /// As [`Kernel::run`]; the columns of the tile lie inside `out`.
    #[inline(always)]
    unsafe fn columns<V: Vectors, const R: usize, const T: usize>(&mut self, mut tile: Tile) {
        let rows = self.out.computed();
        // SAFETY: the rows of every tile lie inside `out`.
        unsafe {
            while tile.r + R <= rows {
                // (Tiles of a single vector take so few multiply-adds for a row that a line with each would hold them up.)
                if const { T > 1 } && tile.in_last == 16 && !self.ahead.is_fetched() {
                    self.tile::<V, R, T, true>(tile);
                } else {
                    self.tile::<V, R, T, false>(tile);
                }
                tile.r += R;
            }
            if const { R > 6 } && tile.r + 6 <= rows {
                self.tile::<V, 6, T, false>(tile);
                tile.r += 6;
            }
            match rows - tile.r {
                0 => {}
                1 => self.tile::<V, 1, T, false>(tile),
                2 => self.tile::<V, 2, T, false>(tile),
                3 => self.tile::<V, 3, T, false>(tile),
                4 => self.tile::<V, 4, T, false>(tile),
                _ => self.tile::<V, 5, T, false>(tile),
            }
        }
    }

    /// Computes a tile; with `FETCH`, of whole vectors, fetches a line ahead with every row.
    ///
    /// # Safety
    /// As [`Kernel::run`]; the tile of `R` rows and `T` vectors lies inside `out`.
    #[inline(always)]
    unsafe fn tile<V: Vectors, const R: usize, const T: usize, const FETCH: bool>(&mut self, tile: Tile) {
        // SAFETY: the tile lies inside `out`, s inside `rows` and the coefficients, as was checked; the last vector touches
        // `in_last` lanes alone.
        unsafe {
            let mut sums = [[V::V16::splat(0.0); T]; R];
            for (r, sums) in sums.iter_mut().enumerate() {
                // Later rows go on from what the earlier ones came to.
                match if tile.s > 0 { Start::Out } else { self.start } {
                    Start::Zero => {}
                    Start::Out => *sums = load::<V, T>(self.out(tile, r), 16, tile.in_last),
                    Start::Bias(bias) => *sums = [V::V16::splat(*bias.get_unchecked(tile.r + r)); T],
                }
            }
            let [r_stride, s_stride] = self.coefficients.strides;
            let Rows { stride, panel, .. } = self.rows;
            // Panels are whole vectors.
            let in_last = if panel == 16 { tile.in_last } else { 16 };
            // (Wrapping: without any rows these begin behind the end, and are not read.)
            let mut coefficient = self.coefficients.at(tile.r, tile.s);
            let mut row = self.rows.first.wrapping_add(tile.j / 16 * panel);
            if let Some(picked) = self.rows.picked {
                let mut last = 0;
                for &s in &picked[tile.s..tile.s_end] {
                    row = row.wrapping_add((s - last) as usize * stride);
                    last = s;
                    if FETCH {
                        self.ahead.fetch::<V>();
                    }
                    add_row::<V, R, T>(&mut sums, coefficient, r_stride, load::<V, T>(row, panel, in_last));
                    coefficient = coefficient.wrapping_offset(s_stride);
                }
                return self.store(tile, &sums);
            }
            row = row.wrapping_add(tile.s * stride);
            if in_last == 16 {
                for _ in tile.s..tile.s_end {
                    if FETCH {
                        self.ahead.fetch::<V>();
                    }
                    add_row::<V, R, T>(&mut sums, coefficient, r_stride, load::<V, T>(row, panel, 16));
                    coefficient = coefficient.wrapping_offset(s_stride);
                    row = row.wrapping_add(stride);
                }
            } else {
                for _ in tile.s..tile.s_end {
                    add_row::<V, R, T>(&mut sums, coefficient, r_stride, load::<V, T>(row, panel, in_last));
                    coefficient = coefficient.wrapping_offset(s_stride);
                    row = row.wrapping_add(stride);
                }
            }
            self.store(tile, &sums);
        }
    }

    /// Where row `r` of a tile begins.
    ///
    /// # Safety
    /// The row exists.
    #[inline(always)]
    unsafe fn out(&self, tile: Tile, r: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.out.first.add(self.out.row(tile.r + r) * self.out.stride + tile.j) }
    }

    /// (Short loops instead of one with a question in it: that would not be unrolled, and then all sums live in memory throughout.)
    ///
    /// # Safety
    /// As [`tile`](Self::tile).
    #[inline(always)]
    unsafe fn store<L: Lanes<16>, const R: usize, const T: usize>(&self, tile: Tile, sums: &[[L; T]; R]) {
        // SAFETY: the caller's promise.
        unsafe {
            for (r, sums) in sums.iter().enumerate() {
                for (t, sum) in sums[..T - 1].iter().enumerate() {
                    sum.store(self.out(tile, r).add(16 * t));
                }
            }
            if tile.in_last == 16 {
                for (r, sums) in sums.iter().enumerate() {
                    sums[T - 1].store(self.out(tile, r).add(16 * (T - 1)));
                }
            } else {
                for (r, sums) in sums.iter().enumerate() {
                    sums[T - 1].store_first(self.out(tile, r).add(16 * (T - 1)), tile.in_last);
                }
            }
        }
    }
}

/// `T` vectors from `from` on, `panel` apart, `in_last` lanes of the last.
///
/// # Safety
/// The machine has the instructions; the pointer is valid for so many elements.
#[inline(always)]
unsafe fn load<V: Vectors, const T: usize>(from: *const f32, panel: usize, in_last: usize) -> [V::V16; T] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut vectors = [V::V16::splat(0.0); T];
        for (t, vector) in vectors.iter_mut().enumerate() {
            *vector = if t + 1 < T || in_last == 16 {
                V::V16::load(from.add(panel * t))
            } else {
                V::V16::load_first(from.add(panel * t), in_last)
            };
        }
        vectors
    }
}

/// Adds one row, times its coefficient, to each of the `R` sums.
///
/// # Safety
/// The machine has the instructions; `coefficient` is valid at `R` steps of `r_stride`.
#[inline(always)]
unsafe fn add_row<V: Vectors, const R: usize, const T: usize>(
    sums: &mut [[V::V16; T]; R],
    coefficient: *const f32,
    r_stride: isize,
    row: [V::V16; T],
) {
    // SAFETY: the caller's promise.
    unsafe {
        for (r, sums) in sums.iter_mut().enumerate() {
            let coefficient = V::V16::splat(*coefficient.offset(r as isize * r_stride));
            for (sum, &row) in sums.iter_mut().zip(&row) {
                *sum = coefficient.mul_add(row, *sum);
            }
        }
    }
}
