//! The matrix product in single precision: `c ← beta · c + alpha · a · b`.
//!
//! Every element of `c` starts with `beta · c` (with 0 where beta is 0) and adds its products in ascending k, each with one
//! fused multiply-add, whatever the size of the tiles and blocks; alpha is multiplied into the matrix that is copied. But a
//! matrix times a vector whose numbers lie along k is made of sixteen sums side by side (see `dot`), times alpha, plus `beta · c`.
//!
//! Where many rows go over it, `b` is copied into panels of sixteen columns, so that the kernel walks straight through memory.
//! A matrix that is much taller than wide is turned around: its lanes run over the rows of `a`.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::dot::{Pieces, products};
use super::isa::{Kernel, Vectors, run};
use super::lanes::Lanes;
use super::matrix::{Matrix, Out};
use super::rows::{Rows, Start, panels_len, weighted_sums};
use super::scratch;
use super::transpose;
use crate::threads::{for_each_block, for_each_part};

/// Rows of `c` that one task computes, where there are more: two tiles.
const ROWS_A_TASK: usize = 12;
/// Rows of `c` that one task computes, where there are many.
const MANY_ROWS_A_TASK: usize = 24;
/// Columns of `c` that one task computes, where there are few rows: one tile.
const COLUMNS_A_TASK: usize = 64;
/// Rows of `c` up to which the copy of `b` never pays.
const FEW_ROWS: usize = 6;
/// Rows of `c` from which it always does.
const MANY_ROWS: usize = 128;
/// Rows of `b` that are a multiple of so many numbers apart fall into the same few sets of the first-level cache.
const SAME_SETS: usize = 256;

/// The shapes match.
pub(super) fn gemm(
    alpha: f32,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    beta: f32,
    mut c: ArrayViewMut2<'_, f32>,
) {
    if c.is_empty() {
        return;
    }
    let (m, n) = c.dim();
    let (a, b) = (Matrix::view(a), Matrix::view(b));
    if c.is_standard_layout() {
        row_major(alpha, a, b, beta, c.as_slice_mut().expect("row-major"));
    } else if c.t().is_standard_layout() {
        let mut c = c.reversed_axes();
        row_major(alpha, b.transposed(), a.transposed(), beta, c.as_slice_mut().expect("row-major"));
    } else {
        scratch::with(m * n, |copy| {
            if beta != 0.0 {
                copy.iter_mut().zip(&c).for_each(|(copy, c)| *copy = *c);
            }
            row_major(alpha, a, b, beta, copy);
            c.iter_mut().zip(copy).for_each(|(c, copy)| *c = *copy);
        });
    }
}

/// As [`gemm`], for a row-major `c`.
fn row_major(alpha: f32, a: Matrix<'_>, b: Matrix<'_>, beta: f32, c: &mut [f32]) {
    let (m, n) = (a.rows, b.columns);
    if let Some((lines, vector)) = matrix_and_vector(a, b) {
        return along_k(alpha, lines, vector, beta, c);
    }
    // Lanes that are not used cost as much as those that are.
    let lanes = |size: usize| size.next_multiple_of(16);
    if 4 * n * lanes(m) >= 3 * m * lanes(n) {
        return over_columns(alpha, a, b, beta, c);
    }
    scratch::with(m * n, |c_t| {
        if beta != 0.0 {
            turn_around(c, n, c_t);
        }
        over_columns(alpha, b.transposed(), a.transposed(), beta, c_t);
        turn_around(c_t, m, c);
    });
}

/// `out ←` the transpose of a matrix with rows of `columns`.
fn turn_around(matrix: &[f32], columns: usize, out: &mut [f32]) {
    let rows = matrix.len() / columns;
    for (r, row) in matrix.chunks_exact(columns).enumerate() {
        for (c, &value) in row.iter().enumerate() {
            out[c * rows + r] = value;
        }
    }
}

/// The lanes run over the columns.
fn over_columns(alpha: f32, a: Matrix<'_>, b: Matrix<'_>, beta: f32, c: &mut [f32]) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let start = match beta {
        0.0 => Start::Zero,
        1.0 => Start::Out,
        _ => {
            c.iter_mut().for_each(|c| *c *= beta);
            Start::Out
        }
    };
    // Few rows are cut finely, so that there is work for every thread; many go through each panel together.
    let rows = if m < MANY_ROWS { ROWS_A_TASK } else { MANY_ROWS_A_TASK };
    let size = [rows, if m > ROWS_A_TASK { n } else { COLUMNS_A_TASK }];
    if alpha == 1.0 && reads_well(b, m) {
        for_each_block(c, n, size, |[row, column], mut block| {
            let (a, b) = (a.some_rows(row, block.rows()), b.some_columns(column, block.columns()));
            weighted_sums(start, a, Rows::matrix(b), Out::block(&mut block));
        });
        return;
    }
    scratch::with(panels_len(n, k), |panels| {
        if k > 0 {
            for_each_part(panels, 16 * k, |panel, to| {
                let b = b.some_columns(16 * panel, (n - 16 * panel).min(16));
                pack(alpha, b, to);
            });
        }
        let panels = &*panels;
        for_each_block(c, n, size, |[row, column], mut block| {
            let a = a.some_rows(row, block.rows());
            let panels = Rows::panels(&panels[column * k..], k, block.columns());
            weighted_sums(start, a, panels, Out::block(&mut block));
        });
    });
}

/// Whether the copy of `b` would cost more than it saves: where few rows of `a` go over it, unless its rows are so far apart
/// that they would fall into the same few sets of the cache.
fn reads_well(b: Matrix<'_>, rows_of_a: usize) -> bool {
    let [down, along] = b.strides;
    along == 1
        && down >= 0
        && (rows_of_a <= FEW_ROWS || rows_of_a < MANY_ROWS && !(down as usize).is_multiple_of(SAME_SETS))
}

/// One panel: up to sixteen columns of `b`, times alpha.
fn pack(alpha: f32, b: Matrix<'_>, panel: &mut [f32]) {
    if b.strides[0] == 1 {
        transpose::to_panels(b.transposed(), panel);
    } else if b.strides[1] == 1 {
        run(PackRows { b, panel });
    } else {
        panel.fill(0.0);
        for (row, to) in panel.chunks_exact_mut(16).enumerate() {
            for (column, to) in to[..b.columns].iter_mut().enumerate() {
                *to = b.get(row, column);
            }
        }
    }
    if alpha != 1.0 {
        panel.iter_mut().for_each(|b| *b *= alpha);
    }
}

/// Rows of a matrix as those of one panel.
struct PackRows<'a> {
    b: Matrix<'a>,
    panel: &'a mut [f32],
}

impl Kernel for PackRows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let columns = self.b.columns;
        assert!(columns <= 16 && self.panel.len() == 16 * self.b.rows && self.b.strides[1] == 1);
        for (row, to) in self.panel.chunks_exact_mut(16).enumerate() {
            // SAFETY: the machine has the instructions; the row has so many columns.
            unsafe { V::V16::load_first(self.b.at(row, 0), columns).store(to.as_mut_ptr()) };
        }
    }
}

/// The two, where one of them is a vector and both have their numbers along k one after the other.
fn matrix_and_vector<'a>(a: Matrix<'a>, b: Matrix<'a>) -> Option<(Matrix<'a>, Matrix<'a>)> {
    let (lines, vector) = match (a.rows, b.columns) {
        (_, 1) => (a, b.transposed()),
        (1, _) => (b.transposed(), a),
        _ => return None,
    };
    (lines.strides[1] == 1 && vector.strides[1] == 1).then_some((lines, vector))
}

/// Numbers of the result that one task computes.
const NUMBERS_A_TASK: usize = 64;

/// A matrix times a vector, row by row.
fn along_k(alpha: f32, matrix: Matrix<'_>, vector: Matrix<'_>, beta: f32, c: &mut [f32]) {
    let finish =
        |c: &mut f32, product: f32| *c = if beta == 0.0 { alpha * product } else { beta * *c + alpha * product };
    for_each_part(c, NUMBERS_A_TASK, |task, c| {
        let lines = matrix.some_rows(task * NUMBERS_A_TASK, c.len());
        let mut product = [0.0; NUMBERS_A_TASK];
        let product = &mut product[..c.len()];
        products(Pieces::whole(lines), Pieces::whole(vector), &[0.0], Out::new(product, 1));
        c.iter_mut().zip(product).for_each(|(c, product)| finish(c, *product));
    });
}
