//! Disjoint parts of an output, each handed to one task.

use std::marker::PhantomData;

use super::for_each_task;

/// A pointer that tasks may share, because each derives its own part from it.
struct Base<T>(*mut T);

// SAFETY: the functions below hand every element to at most one task, so sharing the pointer amounts to sending `T`s.
unsafe impl<T: Send> Sync for Base<T> {}

impl<T> Base<T> {
    /// The elements `first .. first + len`.
    ///
    /// # Safety
    /// They lie inside the slice that the pointer came from, which is borrowed mutably for `'a`, and nobody else uses them.
    unsafe fn part<'a>(&self, first: usize, len: usize) -> &'a mut [T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(first), len) }
    }

    /// Rows and columns (the first, and how many) of a matrix of so many columns.
    ///
    /// # Safety
    /// They are in the matrix that the pointer came from, which is borrowed mutably for `'a`, and nobody else uses them.
    unsafe fn block<'a>(
        &self,
        stride: usize,
        (row, rows): (usize, usize),
        (column, columns): (usize, usize),
    ) -> Block<'a, T> {
        // SAFETY: the caller's promise.
        let first = unsafe { self.0.add(row * stride + column) };
        Block { first, rows, stride, columns, matrix: PhantomData }
    }
}

/// The range of part `i` of `len` elements cut into parts of `size`; the last may be shorter.
fn range(i: usize, size: usize, len: usize) -> (usize, usize) {
    let first = i * size;
    (first, size.min(len - first))
}

/// Cuts `out` into parts of `size` elements (the last may be shorter) and calls `task(i, part i)` for each, on the current
/// pool.
///
/// # Panics
/// Where `size` is 0, or a task panics.
pub fn for_each_part<T: Send>(out: &mut [T], size: usize, task: impl Fn(usize, &mut [T]) + Sync) {
    assert!(size > 0, "parts of no elements");
    let (len, base) = (out.len(), Base(out.as_mut_ptr()));
    for_each_task(len.div_ceil(size), &|i| {
        let (first, n) = range(i, size, len);
        // SAFETY: the parts lie inside `out` (i < len.div_ceil(size)) and do not overlap; each `i` runs once.
        task(i, unsafe { base.part(first, n) });
    });
}

/// As [`for_each_part`], with two outputs that are cut into the same number of parts.
///
/// # Panics
/// Where a size is 0, the numbers of parts differ, or a task panics.
pub fn for_each_part2<A: Send, B: Send>(
    (a, a_size): (&mut [A], usize),
    (b, b_size): (&mut [B], usize),
    task: impl Fn(usize, &mut [A], &mut [B]) + Sync,
) {
    assert!(a_size > 0 && b_size > 0, "parts of no elements");
    let (a_len, b_len) = (a.len(), b.len());
    let parts = a_len.div_ceil(a_size);
    assert_eq!(parts, b_len.div_ceil(b_size), "both outputs must have the same number of parts");
    let (a, b) = (Base(a.as_mut_ptr()), Base(b.as_mut_ptr()));
    for_each_task(parts, &|i| {
        let ((a_first, a_n), (b_first, b_n)) = (range(i, a_size, a_len), range(i, b_size, b_len));
        // SAFETY: the parts lie inside their slices and do not overlap; each `i` runs once.
        let (a, b) = unsafe { (a.part(a_first, a_n), b.part(b_first, b_n)) };
        task(i, a, b);
    });
}

/// As [`for_each_part`], with several outputs that are cut into the same number of parts. An output of no elements may be cut into
/// parts of none.
///
/// # Panics
/// Where another size is 0, the numbers of parts differ, or a task panics.
pub fn for_each_part_of<T: Send, const K: usize>(
    out: [(&mut [T], usize); K],
    task: impl Fn(usize, [&mut [T]; K]) + Sync,
) {
    let mut parts = None;
    for (out, size) in out.iter().filter(|(out, size)| (out.len(), *size) != (0, 0)) {
        assert!(*size > 0, "parts of no elements");
        let count = out.len().div_ceil(*size);
        assert_eq!(count, *parts.get_or_insert(count), "all outputs must have the same number of parts");
    }
    let out = out.map(|(out, size)| (Base(out.as_mut_ptr()), size, out.len()));
    for_each_task(parts.unwrap_or(0), &|i| {
        let parts = out.each_ref().map(|&(ref out, size, len)| {
            let (first, n) = range(i, size, len);
            // SAFETY: the parts lie inside their slices and do not overlap; each `i` runs once.
            unsafe { out.part(first, n) }
        });
        task(i, parts);
    });
}

/// Some neighbouring rows and columns of a row-major matrix.
pub struct Block<'a, T> {
    first: *mut T,
    rows: usize,
    stride: usize,
    columns: usize,
    matrix: PhantomData<&'a mut [T]>,
}

impl<T> Block<'_, T> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns of this block.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Elements from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Where the block begins: valid for [`columns`](Self::columns) elements at every [`stride`](Self::stride).
    pub(crate) fn as_mut_ptr(&mut self) -> *mut T {
        self.first
    }

    /// This block's part of row `row`.
    ///
    /// # Panics
    /// Where there is no such row.
    pub fn row(&mut self, row: usize) -> &mut [T] {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        // SAFETY: the row exists and this block's columns of it lie inside the matrix; no other block has these columns,
        // and `&mut self` lends one row at a time.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(row * self.stride), self.columns) }
    }
}

/// Cuts a row-major matrix into blocks of `size` rows and columns (the last may be smaller) and calls `task([r, c], block)` for
/// each, where (r, c) is its first element, on the current pool. Blocks of the same rows follow one another.
///
/// # Panics
/// Where `columns` or a size is 0, the length is no whole number of rows, or a task panics.
pub fn for_each_block<T: Send>(
    matrix: &mut [T],
    columns: usize,
    size: [usize; 2],
    task: impl Fn([usize; 2], Block<'_, T>) + Sync,
) {
    assert!(columns > 0 && !size.contains(&0), "blocks of {size:?} elements, {columns} columns");
    assert!(matrix.len().is_multiple_of(columns), "{} elements are no rows of {columns}", matrix.len());
    let (rows, base) = (matrix.len() / columns, Base(matrix.as_mut_ptr()));
    let across = columns.div_ceil(size[1]);
    for_each_task(rows.div_ceil(size[0]) * across, &|i| {
        let (rows, columns_of) = (range(i / across, size[0], rows), range(i % across, size[1], columns));
        // SAFETY: the rows and columns are in the matrix, the blocks do not overlap; each `i` runs once.
        task([rows.0, columns_of.0], unsafe { base.block(columns, rows, columns_of) });
    });
}

/// As [`for_each_block`], with two matrices of the same size that are cut alike.
///
/// # Panics
/// As [`for_each_block`], and where the lengths differ.
pub fn for_each_block2<A: Send, B: Send>(
    (a, b): (&mut [A], &mut [B]),
    columns: usize,
    size: [usize; 2],
    task: impl Fn([usize; 2], Block<'_, A>, Block<'_, B>) + Sync,
) {
    assert_eq!(a.len(), b.len(), "both matrices must have the same size");
    let base = Base(b.as_mut_ptr());
    for_each_block(a, columns, size, |[row, column], a| {
        // SAFETY: the rows and columns of a block of a matrix of the same size; each block comes once.
        let b = unsafe { base.block(columns, (row, a.rows()), (column, a.columns())) };
        task([row, column], a, b);
    });
}
