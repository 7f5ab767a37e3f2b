//! What every layer asks of the arrays that it is handed: right shape, row-major, not empty.

use tensor::ndarray::{ArrayViewD, ArrayViewMutD, Dimension, IxDyn};
use tensor::{Buffer, Real};

use crate::error::ShapeError;

/// The number of elements in an array of this shape, where there can be such an array.
pub(crate) fn elements(shape: &[usize]) -> Result<usize, ShapeError> {
    if shape.is_empty() || shape.contains(&0) {
        return Err(ShapeError::Empty { shape: shape.to_vec() });
    }
    let elements = shape.iter().try_fold(1_usize, |a, &b| a.checked_mul(b));
    let bytes = elements.and_then(|elements| elements.checked_mul(size_of::<f64>()));
    let addressable = bytes.is_some_and(|bytes| isize::try_from(bytes).is_ok());
    elements.filter(|_| addressable).ok_or_else(|| ShapeError::TooLarge { shape: shape.to_vec() })
}

/// The number of samples in a batch of this shape.
#[track_caller]
pub(crate) fn batch(kind: &str, x: &[usize]) -> usize {
    match x.first() {
        None => panic!("{kind}: x has no axes, expected a batch"),
        Some(0) => panic!("{kind}: x has shape {x:?}, an empty batch"),
        Some(&n) => n,
    }
}

/// Panics unless `got` is the `expected` shape.
#[track_caller]
pub(crate) fn expect(kind: &str, name: &str, got: &[usize], expected: &[usize]) {
    assert!(got == expected, "{kind}: {name} has shape {got:?}, expected {expected:?}");
}

/// The elements of a row-major view.
#[track_caller]
pub(crate) fn slice<'a, F: Real>(kind: &str, name: &str, view: ArrayViewD<'a, F>) -> &'a [F] {
    view.to_slice().unwrap_or_else(|| panic!("{kind}: {name} of shape {:?} is not row-major", view.shape()))
}

/// The elements of a row-major view, to be written.
#[track_caller]
pub(crate) fn slice_mut<'a, F: Real>(kind: &str, name: &str, view: ArrayViewMutD<'a, F>) -> &'a mut [F] {
    assert!(view.is_standard_layout(), "{kind}: {name} of shape {:?} is not row-major", view.shape());
    view.into_slice().expect("row-major, as just asserted")
}

/// Checks that `x` and `y` are of one shape, and gives their elements: for the layers that work element by element.
#[track_caller]
pub(crate) fn same<'a, F: Real>(kind: &str, x: ArrayViewD<'a, F>, y: ArrayViewMutD<'a, F>) -> (&'a [F], &'a mut [F]) {
    batch(kind, x.shape());
    expect(kind, "y", y.shape(), x.shape());
    (slice(kind, "x", x), slice_mut(kind, "y", y))
}

/// Checks that `y`, `dout` and `dx` are of one shape, and gives their elements.
#[track_caller]
pub(crate) fn same_backward<'a, F: Real>(
    kind: &str,
    y: ArrayViewD<'a, F>,
    dout: ArrayViewD<'a, F>,
    dx: ArrayViewMutD<'a, F>,
) -> (&'a [F], &'a [F], &'a mut [F]) {
    batch(kind, y.shape());
    expect(kind, "dout", dout.shape(), y.shape());
    expect(kind, "dx", dx.shape(), y.shape());
    (slice(kind, "y", y), slice(kind, "dout", dout), slice_mut(kind, "dx", dx))
}

/// The shape of a batch of `n`; does not allocate for up to four axes.
pub(crate) fn with_batch(n: usize, shape: &[usize]) -> IxDyn {
    let mut dim = IxDyn::zeros(shape.len() + 1);
    dim[0] = n;
    for (i, &size) in shape.iter().enumerate() {
        dim[i + 1] = size;
    }
    dim
}

/// A batch of `n` samples of this shape, over the beginning of `buffer`.
pub(crate) fn view<'a, F: Real>(n: usize, shape: &[usize], buffer: &'a [F]) -> ArrayViewD<'a, F> {
    let dim = with_batch(n, shape);
    let len = dim.size();
    ArrayViewD::from_shape(dim, &buffer[..len]).expect("as many elements as the shape has")
}

/// As [`view`], to be written.
pub(crate) fn view_mut<'a, F: Real>(n: usize, shape: &[usize], buffer: &'a mut [F]) -> ArrayViewMutD<'a, F> {
    let dim = with_batch(n, shape);
    let len = dim.size();
    ArrayViewMutD::from_shape(dim, &mut buffer[..len]).expect("as many elements as the shape has")
}

/// Makes `buffer` at least `len` long, and gives so many. Never shrinks it, so that a smaller last batch costs nothing.
pub(crate) fn at_least<F: Real>(buffer: &mut Buffer<F>, len: usize) -> &mut [F] {
    if buffer.len() < len {
        buffer.resize(len);
    }
    &mut buffer[..len]
}
