//! Making pictures larger or smaller, smoothly.

use tensor::ndarray::{Array2, ArrayView2, Axis};

/// The picture in another size, antialiased: each new pixel is the mean of the old ones around its place, each weighted by
/// how near it is. As large as it is, it stays as it is.
///
/// # Panics
/// Where one of the sizes is 0.
pub fn resized(values: ArrayView2<'_, f32>, height: usize, width: usize) -> Array2<f32> {
    assert!(height > 0 && width > 0 && !values.is_empty(), "a picture of {:?} as {height}×{width}", values.dim());
    along(along(values, Axis(1), width).view(), Axis(0), height)
}

/// The picture with another size along one axis.
fn along(values: ArrayView2<'_, f32>, axis: Axis, to: usize) -> Array2<f32> {
    let from = values.len_of(axis);
    let near: Vec<_> = (0..to).map(|i| near(i, from, to)).collect();
    let mut shape = values.raw_dim();
    shape[axis.index()] = to;
    let mut new = Array2::zeros(shape);
    for (mut new, old) in new.lanes_mut(axis).into_iter().zip(values.lanes(axis)) {
        for (new, (first, weights)) in new.iter_mut().zip(&near) {
            *new = weights.iter().enumerate().map(|(j, weight)| weight * old[first + j]).sum();
        }
    }
    new
}

/// The old pixels around the new pixel `i`, as the first of them and the weight of each. Weights fall evenly from the
/// place of the new pixel to 0 at the distance of the next one: of an old pixel, or where the picture becomes smaller, of
/// a new one.
fn near(i: usize, from: usize, to: usize) -> (usize, Vec<f32>) {
    let scale = from as f64 / to as f64;
    let (place, reach) = ((i as f64 + 0.5) * scale, scale.max(1.0));
    let first = (place - reach).floor().max(0.0) as usize;
    let last = ((place + reach).ceil() as usize).min(from);
    let weights: Vec<_> = (first..last).map(|j| (1.0 - (j as f64 + 0.5 - place).abs() / reach).max(0.0)).collect();
    let sum: f64 = weights.iter().sum();
    (first, weights.iter().map(|weight| (weight / sum) as f32).collect())
}

#[cfg(test)]
mod tests {
    use tensor::ndarray::array;

    use super::*;

    fn plane(height: usize, width: usize) -> Array2<f32> {
        Array2::from_shape_fn((height, width), |(y, x)| {
            (y as f32 + 0.5) / height as f32 + (x as f32 + 0.5) / width as f32
        })
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let picture = Array2::from_shape_fn((5, 7), |(y, x)| ((y * 31 + x * 17) % 11) as f32);
        assert_eq!(resized(picture.view(), 5, 7), picture);
    }

    #[test]
    fn a_plane_stays_one_but_for_its_edge() {
        // To a tenth of an old pixel, or where one size is a multiple of the other, exactly.
        for (height, width, tolerance) in [(9, 13, 0.1 / 20.0), (33, 37, 0.1 / 20.0), (40, 48, 1e-6), (10, 8, 1e-6)] {
            let (new, exact) = (resized(plane(20, 24).view(), height, width), plane(height, width));
            for ((y, x), value) in new.indexed_iter() {
                if y > 1 && x > 1 && y + 2 < height && x + 2 < width {
                    assert!((value - exact[[y, x]]).abs() < tolerance, "{height}×{width}, {y} {x}: {value}");
                }
            }
        }
    }

    #[test]
    fn halves_by_hand() {
        // Each new pixel reaches two old ones far: 3, 3, 1, of 8 within, and what lies beyond the edge is left out.
        let small = resized(array![[8.0, 0.0, 0.0, 0.0]].view(), 1, 2);
        assert_eq!(small, array![[8.0 * 3.0 / 7.0, 0.0]].mapv(|v: f32| v));
        let line = resized(array![[0.0, 0.0, 8.0, 0.0, 0.0, 0.0]].view(), 1, 3);
        assert_eq!(line, array![[8.0 / 7.0, 3.0, 0.0]]);
        let one = resized(array![[0.25]].view(), 3, 2);
        assert_eq!(one, Array2::from_elem((3, 2), 0.25));
    }
}
