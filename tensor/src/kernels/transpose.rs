//! Matrices turned around, into panels of sixteen columns.

use super::isa::{Kernel, Vectors, run};
use super::lanes::{Lanes, Lanes16};
use super::matrix::Matrix;
use super::rows::panels_len;

/// `panels ←` the transpose of a matrix whose columns lie side by side: a panel for every sixteen rows, in which each column's
/// sixteen numbers lie side by side. Rows that are missing in the last panel are 0.
///
/// # Panics
/// Where `panels` is too short.
pub(super) fn to_panels(matrix: Matrix<'_>, panels: &mut [f32]) {
    if matrix.rows == 0 || matrix.columns == 0 {
        return;
    }
    assert!(matrix.strides[1] == 1, "strides {:?} are no rows", matrix.strides);
    let needed = panels_len(matrix.rows, matrix.columns);
    assert!(needed <= panels.len(), "panels of {} numbers, {needed} are needed", panels.len());
    run(ToPanels { matrix, panels });
}

struct ToPanels<'a> {
    matrix: Matrix<'a>,
    panels: &'a mut [f32],
}

impl Kernel for ToPanels<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let Matrix { rows, columns, .. } = self.matrix;
        for (to, first) in self.panels.chunks_exact_mut(16 * columns).zip((0..rows).step_by(16)) {
            // SAFETY: the machine has the instructions; these are sixteen rows at most.
            unsafe { panel::<V>(self.matrix.some_rows(first, (rows - first).min(16)), to) };
        }
    }
}

/// One panel: a vector for every column of at most sixteen rows, whose columns lie side by side.
///
/// # Safety
/// The machine has the instructions; the matrix has at most sixteen rows, and the panel a vector for every column.
#[inline(always)]
pub(super) unsafe fn panel<V: Vectors>(matrix: Matrix<'_>, panel: &mut [f32]) {
    for (column, vectors) in (0..matrix.columns).step_by(16).zip(panel.chunks_mut(16 * 16)) {
        let lanes = (matrix.columns - column).min(16);
        // SAFETY: the caller's promise; only rows and columns that exist are read, and as many vectors are written as there are
        // columns.
        unsafe {
            let mut block = [V::V16::splat(0.0); 16];
            for (r, row) in block.iter_mut().enumerate() {
                if r < matrix.rows {
                    *row = V::V16::load_first(matrix.at(r, column), lanes);
                }
            }
            for (c, vector) in V::V16::transpose(block).into_iter().enumerate() {
                if c < lanes {
                    vector.store(vectors.as_mut_ptr().add(16 * c));
                }
            }
        }
    }
}
