//! Matrices that kernels read and write: a pointer with its strides, checked when it is made.

use std::marker::PhantomData;

use ndarray::ArrayView2;

use crate::threads::Block;

/// A matrix to read: element (r, c) lies at `first + r · strides[0] + c · strides[1]`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) first: *const f32,
    pub(super) strides: [isize; 2],
    pub(super) rows: usize,
    pub(super) columns: usize,
    borrowed: PhantomData<&'a [f32]>,
}

// SAFETY: it stands for a shared borrow of numbers.
unsafe impl Sync for Matrix<'_> {}
// SAFETY: as above.
unsafe impl Send for Matrix<'_> {}

impl<'a> Matrix<'a> {
    /// # Panics
    /// Where the slice is too short.
    pub(super) fn new(values: &'a [f32], strides: [usize; 2], [rows, columns]: [usize; 2]) -> Self {
        if rows > 0 && columns > 0 {
            let last = |size: usize, stride: usize| (size - 1).checked_mul(stride);
            let last = last(rows, strides[0]).zip(last(columns, strides[1])).and_then(|(r, c)| r.checked_add(c));
            let fits = last.is_some_and(|last| last < values.len());
            assert!(fits, "{rows}×{columns} with strides {strides:?}: {} numbers", values.len());
        }
        let strides = strides.map(|stride| stride as isize);
        Matrix { first: values.as_ptr(), strides, rows, columns, borrowed: PhantomData }
    }

    /// Rows of numbers side by side, `stride` apart.
    ///
    /// # Panics
    /// Where the slice is too short.
    pub(super) fn row_major(values: &'a [f32], stride: usize, size: [usize; 2]) -> Self {
        Matrix::new(values, [stride, 1], size)
    }

    pub(super) fn view(view: ArrayView2<'a, f32>) -> Self {
        let ((rows, columns), strides) = (view.dim(), [view.strides()[0], view.strides()[1]]);
        Matrix { first: view.as_ptr(), strides, rows, columns, borrowed: PhantomData }
    }

    pub(super) fn transposed(self) -> Self {
        let [along, across] = self.strides;
        Matrix { strides: [across, along], rows: self.columns, columns: self.rows, ..self }
    }

    /// The rows `first .. first + rows`.
    ///
    /// # Panics
    /// Where there are not so many.
    pub(super) fn some_rows(self, first: usize, rows: usize) -> Self {
        assert!(first + rows <= self.rows, "rows {first} to {} of {}", first + rows, self.rows);
        Matrix { first: self.at(first, 0), rows, ..self }
    }

    /// The columns `first .. first + columns`.
    ///
    /// # Panics
    /// Where there are not so many.
    pub(super) fn some_columns(self, first: usize, columns: usize) -> Self {
        self.transposed().some_rows(first, columns).transposed()
    }

    /// Where element (r, c) lies; reading there is sound where it exists.
    #[inline(always)]
    pub(super) fn at(&self, r: usize, c: usize) -> *const f32 {
        self.first.wrapping_offset(r as isize * self.strides[0] + c as isize * self.strides[1])
    }

    /// Element (r, c).
    ///
    /// # Panics
    /// Where there is none.
    #[inline(always)]
    pub(super) fn get(&self, r: usize, c: usize) -> f32 {
        assert!(r < self.rows && c < self.columns);
        // SAFETY: the element exists.
        unsafe { *self.at(r, c) }
    }
}

/// A matrix to write: element (r, c) lies at `first + r · stride + c`. It stands for a mutable borrow of those elements.
pub(super) struct Out<'a> {
    pub(super) first: *mut f32,
    pub(super) rows: usize,
    pub(super) stride: usize,
    pub(super) columns: usize,
    /// The rows that are computed, if not all.
    picked: Option<&'a [u32]>,
    borrowed: PhantomData<&'a mut [f32]>,
}

impl<'a> Out<'a> {
    /// All of a row-major matrix.
    ///
    /// # Panics
    /// Where these are not whole rows.
    pub(super) fn new(values: &'a mut [f32], columns: usize) -> Self {
        assert!(columns == 0 || values.len().is_multiple_of(columns), "{} numbers in rows of {columns}", values.len());
        let rows = values.len().checked_div(columns).unwrap_or(0);
        Out { first: values.as_mut_ptr(), rows, stride: columns, columns, picked: None, borrowed: PhantomData }
    }

    /// Neighbouring columns of a matrix.
    pub(super) fn block(block: &'a mut Block<'_, f32>) -> Self {
        let (rows, stride, columns) = (block.rows(), block.stride(), block.columns());
        Out { first: block.as_mut_ptr(), rows, stride, columns, picked: None, borrowed: PhantomData }
    }

    /// The first rows of these.
    ///
    /// # Panics
    /// Where there are not so many.
    pub(super) fn first_rows(self, rows: usize) -> Self {
        assert!(rows <= self.rows, "{rows} rows of {}", self.rows);
        Out { rows, ..self }
    }

    /// Only these rows, in ascending order; the others are left as they are.
    ///
    /// # Panics
    /// Where they are not, or one of them does not exist.
    pub(super) fn picked(self, rows: &'a [u32]) -> Self {
        assert!(
            rows.is_sorted_by(|a, b| a < b) && rows.last().is_none_or(|&last| (last as usize) < self.rows),
            "{} rows",
            self.rows
        );
        Out { picked: (rows.len() < self.rows).then_some(rows), ..self }
    }

    /// How many rows are computed.
    pub(super) fn computed(&self) -> usize {
        self.picked.map_or(self.rows, <[u32]>::len)
    }

    /// The number of row `i` of those.
    ///
    /// # Panics
    /// Where there is none.
    #[inline(always)]
    pub(super) fn row(&self, i: usize) -> usize {
        match self.picked {
            None => i,
            Some(picked) => picked[i] as usize,
        }
    }

    /// The columns `first .. first + columns`.
    ///
    /// # Panics
    /// Where there are not so many.
    pub(super) fn some_columns(self, first: usize, columns: usize) -> Self {
        assert!(first + columns <= self.columns, "columns {first} to {} of {}", first + columns, self.columns);
        Out { first: self.first.wrapping_add(first), columns, ..self }
    }
}
