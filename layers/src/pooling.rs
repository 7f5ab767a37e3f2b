//! The max-pooling layer.

use tensor::ndarray::{ArrayViewD, ArrayViewMutD};
use tensor::{Geometry, GeometryError, Real, Window, pooling};

use crate::error::ShapeError;
use crate::layer::Layer;
use crate::shape::{batch, expect, slice, slice_mut};

const KIND: &str = "Pooling";

/// Keeps the largest element under each window, channel by channel (max-pooling).
///
/// # Forward
///
/// ```text
/// y[n, c, oy, ox] = the largest x[n, c, oy·S + fy − P, ox·S + fx − P] over all fy, fx of the window
/// ```
///
/// Of equal ones, the first in row-major order counts. Padding is −∞, so it is never the largest; a window that lay in the
/// padding alone would have no largest element, so padding must be smaller than the window. A window that holds a NaN
/// gives NaN.
///
/// # Shapes
///
/// | | shape |
/// |---|---|
/// | `x`, `dx` | (N, C, H, W) |
/// | `y`, `dout` | (N, C, OH, OW), with `OH = (H + 2·P − FH) / S + 1`, and OW likewise |
///
/// # Backward
///
/// Forward was `y[i] = x[argmax(i)]`: an output changes with the element that won by 1, and with all others not at all.
/// Each element's gradient is the sum over the windows that it won (windows may overlap):
///
/// ```text
/// dx[j] = Σ over the windows i with argmax(i) = j of dout[i]
/// ```
///
/// # Cache
///
/// `argmax`: for each window the index of the largest element in its (H, W) plane, as `u32`.
///
/// # Book
///
/// Section 7.4.4, class `Pooling` of `common/layers.py`; `Pooling(2, 2, stride=2)` is
/// `Pooling::new(Window::square(2).stride(2))`. The book pads with zeros.
///
/// # Example
///
/// ```
/// use layers::ndarray::array;
/// use layers::{Pooling, Window};
///
/// let mut layer = Pooling::new(Window::square(2).stride(2));
/// let x = array![[[
///     [1.0, 2.0, 5.0, 3.0],
///     [4.0, 3.0, 1.0, 1.0],
///     [0.0, 0.0, 7.0, 8.0],
///     [0.0, 0.0, 9.0, 6.0],
/// ]]].into_dyn();
/// let y = layers::forward(&mut layer, &x);
/// assert_eq!(y, array![[[[4.0, 5.0], [0.0, 9.0]]]].into_dyn());
///
/// let dx = layers::backward(&mut layer, &x, &y, &array![[[[1.0, 2.0], [3.0, 4.0]]]].into_dyn());
/// assert_eq!(dx, array![[[
///     [0.0, 0.0, 2.0, 0.0],
///     [1.0, 0.0, 0.0, 0.0],
///     [3.0, 0.0, 0.0, 0.0], // of four equal numbers, the first
///     [0.0, 0.0, 4.0, 0.0],
/// ]]].into_dyn());
/// ```
#[derive(Debug, Clone)]
pub struct Pooling {
    pub(crate) window: Window,
    /// Where in its (H, W) plane the largest element of each window lay: (N, C, OH, OW) of the last `forward`.
    pub(crate) argmax: Vec<u32>,
    /// What [`conv_pool`](tensor::conv_pool) leaves instead, where it computes this layer with the two before.
    pub(crate) winners: Vec<u8>,
}

impl Pooling {
    /// Max-pooling under this window. The book's is `Pooling::new(Window::square(2).stride(2))`.
    pub fn new(window: Window) -> Self {
        Pooling { window, argmax: Vec::new(), winners: Vec::new() }
    }

    /// Kernel, stride and padding.
    pub fn window(&self) -> &Window {
        &self.window
    }

    fn geometry(&self, input: &[usize]) -> Result<Geometry, ShapeError> {
        let &[channels, height, width] = input else {
            return Err(ShapeError::Axes { expected: "(C, H, W)", got: input.to_vec() });
        };
        let geometry = Geometry::new([channels, height, width], self.window)?;
        geometry.check_pooling()?;
        if u32::try_from(height * width).is_err() {
            return Err(GeometryError::Overflow { what: "one channel of the input of a pooling" }.into());
        }
        Ok(geometry)
    }

    /// The geometry for a batch `x`, and the shape of its `y`.
    #[track_caller]
    fn checked(&self, x: &[usize]) -> (Geometry, [usize; 4]) {
        let n = batch(KIND, x);
        let geometry = match self.geometry(&x[1..]) {
            Ok(geometry) => geometry,
            Err(error) => panic!("{KIND}: x has shape {x:?}: {error}"),
        };
        let [o_h, o_w] = geometry.output();
        (geometry, [n, geometry.channels(), o_h, o_w])
    }
}

impl<F: Real> Layer<F> for Pooling {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let geometry = self.geometry(input)?;
        let [o_h, o_w] = geometry.output();
        Ok(vec![geometry.channels(), o_h, o_w])
    }

    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let (geometry, output) = self.checked(x.shape());
        expect(KIND, "y", y.shape(), &output);
        pooling::max_infer(&geometry, slice(KIND, "x", x), slice_mut(KIND, "y", y));
    }

    fn forward(&mut self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let (geometry, output) = self.checked(x.shape());
        expect(KIND, "y", y.shape(), &output);
        self.argmax.resize(y.len(), 0);
        pooling::max_forward(&geometry, slice(KIND, "x", x), slice_mut(KIND, "y", y), &mut self.argmax);
    }

    fn backward(
        &mut self,
        x: ArrayViewD<'_, F>,
        _y: ArrayViewD<'_, F>,
        dout: ArrayViewD<'_, F>,
        dx: Option<ArrayViewMutD<'_, F>>,
    ) {
        let (geometry, output) = self.checked(x.shape());
        expect(KIND, "dout", dout.shape(), &output);
        let remembered = self.argmax.len();
        assert!(remembered == dout.len(), "{KIND}: backward for {} outputs, forward was for {remembered}", dout.len());
        if let Some(dx) = dx {
            expect(KIND, "dx", dx.shape(), x.shape());
            let (dout, dx) = (slice(KIND, "dout", dout), slice_mut(KIND, "dx", dx));
            pooling::max_backward(&geometry, &self.argmax, dout, dx);
        }
    }

    fn visit_kinks(&self, _y: ArrayViewD<'_, F>, visit: &mut dyn FnMut(u32)) {
        self.argmax.iter().for_each(|&at| visit(at));
    }
}
