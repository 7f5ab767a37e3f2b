//! Arrays in the order of their indices, whatever their order in memory.

use layers::ndarray::{ArrayD, Axis};

/// The values of an array, row-major by its logical shape. (Lane by lane, because an iterator over any number of axes takes
/// ten times as long.)
pub(crate) fn row_major<F: Copy>(array: &ArrayD<F>) -> Vec<F> {
    if let Some(values) = array.as_slice() {
        return values.to_vec();
    }
    let mut values = Vec::with_capacity(array.len());
    array.lanes(Axis(array.ndim() - 1)).into_iter().for_each(|lane| values.extend(lane));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::ndarray::{Array, ShapeBuilder};

    #[test]
    fn the_order_in_memory_does_not_matter() {
        for shape in [vec![], vec![3], vec![2, 3], vec![2, 3, 4], vec![0, 3]] {
            let len = shape.iter().product();
            let rows = Array::from_shape_vec(shape.clone(), (0..len).collect()).unwrap();
            let mut columns = Array::from_elem(shape.f(), 0);
            columns.assign(&rows);
            assert_eq!(row_major(&rows), (0..len).collect::<Vec<_>>());
            assert_eq!(row_major(&columns), (0..len).collect::<Vec<_>>());
        }
    }
}
