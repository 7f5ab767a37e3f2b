//! Named arrays: what is in a file of weights, whatever its format.

use super::element::{Element, Values};

/// One array of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArray {
    /// Its name in the file.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How the file stores its numbers.
    pub element: Element,
    /// As many numbers as the shape says, row-major.
    pub values: Values,
}

/// Values that lie column by column (Fortran's order, the first index fastest) in the order of rows.
pub(super) fn row_major<T: Copy>(columns: &[T], shape: &[usize]) -> Vec<T> {
    // How far apart two elements are that differ by one in an axis.
    let steps: Vec<usize> = (0..shape.len()).map(|axis| shape[..axis].iter().product()).collect();
    let mut index = vec![0; shape.len()];
    let mut values = Vec::with_capacity(columns.len());
    while values.len() < columns.len() {
        values.push(columns[index.iter().zip(&steps).map(|(i, step)| i * step).sum::<usize>()]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_become_rows() {
        assert_eq!(row_major(&[1, 4, 2, 5, 3, 6], &[2, 3]), [1, 2, 3, 4, 5, 6]);
        // (2, 2, 2): the first index is the fastest.
        assert_eq!(row_major(&[0, 4, 2, 6, 1, 5, 3, 7], &[2, 2, 2]), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(row_major(&[7], &[]), [7]);
        assert!(row_major::<u8>(&[], &[0, 3]).is_empty());
    }
}
