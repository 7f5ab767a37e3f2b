//! Matrices turned around, into panels of sixteen columns.

use super::isa::{Kernel, Vectors, run};
use super::lanes::{Lanes, Lanes16};

/// `panels ←` the transpose of a row-major matrix (`rows` of `columns` numbers, `stride` apart): a panel for every sixteen
/// rows, in which each column's sixteen numbers lie side by side. Rows that are missing in the last panel are 0.
///
/// # Panics
/// Where a slice is too short.
pub(super) fn to_panels(values: &[f32], stride: usize, [rows, columns]: [usize; 2], panels: &mut [f32]) {
    if rows == 0 || columns == 0 {
        return;
    }
    let needed = (rows - 1) * stride + columns;
    assert!(needed <= values.len(), "{} numbers are fewer than {needed}", values.len());
    let needed = rows.div_ceil(16) * 16 * columns;
    assert!(needed <= panels.len(), "panels of {} numbers, {needed} are needed", panels.len());
    run(ToPanels { values, stride, rows, columns, panels });
}

struct ToPanels<'a> {
    values: &'a [f32],
    stride: usize,
    rows: usize,
    columns: usize,
    panels: &'a mut [f32],
}

impl Kernel for ToPanels<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let Self { values, stride, rows, columns, panels } = self;
        for (panel, first) in panels.chunks_exact_mut(16 * columns).zip((0..rows).step_by(16)) {
            let in_panel = (rows - first).min(16);
            for column in (0..columns).step_by(16) {
                let lanes = (columns - column).min(16);
                // SAFETY: the machine has the instructions; only rows and columns that exist are read, and as many vectors
                // are written as there are columns.
                unsafe {
                    let mut block = [V::V16::splat(0.0); 16];
                    for (r, row) in block.iter_mut().enumerate() {
                        if r < in_panel {
                            *row = V::V16::load_first(values.as_ptr().add((first + r) * stride + column), lanes);
                        }
                    }
                    for (c, vector) in V::V16::transpose(block).into_iter().enumerate() {
                        if c < lanes {
                            vector.store(panel.as_mut_ptr().add(16 * (column + c)));
                        }
                    }
                }
            }
        }
    }
}
