//! im2col and col2im: a convolution as one matrix product.
//!
//! im2col writes the patch under every position of the window as a row. A 3×3 image and a 2×2 window:
//!
//! ```text
//!   image        patches, one row each: `col`
//!   1 2 3        1 2 4 5      (top left)
//!   4 5 6   →    2 3 5 6      (top right)
//!   7 8 9        4 5 7 8      (bottom left)
//!                5 6 8 9      (bottom right)
//! ```
//!
//! For a batch `(N, C, H, W)`, `col` has the shape `(N·OH·OW, C·FH·FW)`: the book's layout (section 7.4.2, `im2col` in
//! `common/util.py`). With the weights as a matrix `(FN, C·FH·FW)`, the convolution is `col · Wᵀ`.

use crate::geometry::Geometry;
use crate::real::Real;

/// Writes the patch under every position of the window as a row of `col`; padding is zero.
///
/// `x` is `(N, C, H, W)`, `col` is `(N·OH·OW, C·FH·FW)`, both row-major.
///
/// ```
/// use tensor::{Geometry, Window, im2col};
/// let x: Vec<f64> = (1..=9).map(f64::from).collect();
/// let geometry = Geometry::new([1, 3, 3], Window::square(2))?;
/// let mut col = vec![0.0; 16];
/// im2col::im2col(&geometry, &x, &mut col);
/// assert_eq!(col, [1., 2., 4., 5., 2., 3., 5., 6., 4., 5., 7., 8., 5., 6., 8., 9.]);
/// # Ok::<(), tensor::GeometryError>(())
/// ```
///
/// # Panics
/// Where a length does not match the geometry.
pub fn im2col<F: Real>(geometry: &Geometry, x: &[F], col: &mut [F]) {
    let n = check(geometry, x.len(), col.len());
    let (image_len, rows_len) = (geometry.input_len(), geometry.positions() * geometry.patch_len());
    for i in 0..n {
        let image = &x[i * image_len..][..image_len];
        let rows = &mut col[i * rows_len..][..rows_len];
        for_each_tap(geometry, |row_at, source| rows[row_at] = source.map_or(F::ZERO, |at| image[at]));
    }
}

/// Adds every element of `col` to the pixel that it was taken from: the adjoint of [`im2col`].
///
/// That is, ⟨im2col(x), c⟩ = ⟨x, col2im(c)⟩ for all x and c. Overlapping windows add up; what came from the padding is
/// dropped. `x` is overwritten. Shapes as in [`im2col`]; the book's `col2im`.
///
/// # Panics
/// Where a length does not match the geometry.
pub fn col2im<F: Real>(geometry: &Geometry, col: &[F], x: &mut [F]) {
    let n = check(geometry, x.len(), col.len());
    let (image_len, rows_len) = (geometry.input_len(), geometry.positions() * geometry.patch_len());
    x.fill(F::ZERO);
    for i in 0..n {
        let image = &mut x[i * image_len..][..image_len];
        let rows = &col[i * rows_len..][..rows_len];
        for_each_tap(geometry, |row_at, source| {
            if let Some(at) = source {
                image[at] += rows[row_at];
            }
        });
    }
}

/// Calls `visit` with each index into the rows of one image and the pixel it stands for (`None` in the padding).
fn for_each_tap(geometry: &Geometry, mut visit: impl FnMut(usize, Option<usize>)) {
    let [f_h, f_w] = geometry.window().kernel;
    let [o_h, o_w] = geometry.output();
    let [h, w] = geometry.input();
    let mut row_at = 0;
    for oy in 0..o_h {
        for ox in 0..o_w {
            for c in 0..geometry.channels() {
                for fy in 0..f_h {
                    let y = geometry.source(0, oy, fy);
                    for fx in 0..f_w {
                        let source = y.zip(geometry.source(1, ox, fx)).map(|(y, x)| (c * h + y) * w + x);
                        visit(row_at, source);
                        row_at += 1;
                    }
                }
            }
        }
    }
}

/// The number of images, after both lengths were compared with the geometry.
fn check(geometry: &Geometry, x_len: usize, col_len: usize) -> usize {
    let n = x_len / geometry.input_len();
    assert_eq!(x_len, n * geometry.input_len(), "x: {x_len} elements are no whole number of images of {geometry:?}");
    let expected = n * geometry.positions() * geometry.patch_len();
    assert_eq!(col_len, expected, "col: {col_len} elements, expected {expected} for {n} images of {geometry:?}");
    n
}
