//! Making pictures smaller.

use tensor::ndarray::{Array2, ArrayView2};

/// A picture whose longer side is at most `side`: each pixel is the mean of what it covers. Smaller pictures stay as they
/// are.
pub fn shrink_to(values: ArrayView2<'_, f32>, side: usize) -> Array2<f32> {
    let (height, width) = shrunk_size(values.dim(), side);
    shrink_rows(shrink_columns(values, width).view(), height)
}

/// Height and width of a picture of this height and width when [`shrink_to`] is done with it.
pub fn shrunk_size((height, width): (usize, usize), side: usize) -> (usize, usize) {
    let longer = height.max(width);
    let size = |n: usize| if longer > side { (n * side / longer).max(1).min(n) } else { n };
    (size(height), size(width))
}

/// As [`shrink_to`], but to a given width, which is at most that of the picture; the height stays.
pub fn shrink_columns(values: ArrayView2<'_, f32>, width: usize) -> Array2<f32> {
    Array2::from_shape_fn((values.nrows(), width), |(y, x)| {
        covered(x, values.ncols(), width).map(|(i, share)| values[[y, i]] * share).sum::<f32>()
    })
}

/// As [`shrink_to`], but to a given height, which is at most that of the picture; the width stays.
pub fn shrink_rows(values: ArrayView2<'_, f32>, height: usize) -> Array2<f32> {
    Array2::from_shape_fn((height, values.ncols()), |(y, x)| {
        covered(y, values.nrows(), height).map(|(i, share)| values[[i, x]] * share).sum::<f32>()
    })
}

/// Which of `from` old pixels lie below the new pixel `i` of `to`, and how much of it each of them makes.
fn covered(i: usize, from: usize, to: usize) -> impl Iterator<Item = (usize, f32)> {
    // In units of 1/to of an old pixel everything is a whole number.
    let (low, high) = (i * from, (i + 1) * from);
    (low / to..high.div_ceil(to)).map(move |old| {
        let overlap = high.min((old + 1) * to) - low.max(old * to);
        (old, overlap as f32 / from as f32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_what_it_covers() {
        let values = Array2::from_shape_fn((9, 12), |(y, x)| (y * 12 + x) as f32);
        let small = shrink_to(values.view(), 4);
        assert_eq!(small.dim(), (3, 4));
        for ((y, x), &mean) in small.indexed_iter() {
            assert!((mean - values[[3 * y + 1, 3 * x + 1]]).abs() < 1e-4, "the middle of a plane is its mean");
        }
        // Where sizes do not divide: every pixel counts as much as before.
        let uneven = shrink_to(values.view(), 5);
        assert_eq!(uneven.dim(), (3, 5));
        let (before, after) = (values.mean().unwrap(), uneven.mean().unwrap());
        assert!((before - after).abs() < 1e-3, "{before} {after}");
    }

    #[test]
    fn small_pictures_stay_and_nothing_vanishes() {
        let values = Array2::from_shape_fn((9, 12), |(y, x)| (y * 12 + x) as f32);
        assert_eq!(shrink_to(values.view(), 12), values);
        assert_eq!(shrunk_size((1, 1000), 10), (1, 10));
        assert_eq!(shrunk_size((1000, 3), 10), (10, 1));
        assert_eq!(shrink_to(Array2::zeros((0, 0)).view(), 10).len(), 0);
    }
}
