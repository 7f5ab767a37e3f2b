//! The average pooling layer.

use tensor::ndarray::{ArrayViewD, ArrayViewMutD};
use tensor::{Geometry, Real, Window, pooling};

use crate::error::ShapeError;
use crate::layer::Layer;
use crate::shape::{batch, expect, slice, slice_mut};

const KIND: &str = "AveragePooling";

/// Keeps the mean of the elements under each window, channel by channel (average pooling).
///
/// # Forward
///
/// ```text
/// y[n, c, oy, ox] = 1 / (FH · FW) · Σ over fy, fx of x[n, c, oy·S + fy − P, ox·S + fx − P]
/// ```
///
/// Padding is 0 and is counted, as PyTorch does unless told otherwise, so the layer is linear with the same factor
/// everywhere. Padding must be smaller than the window. A window that holds a NaN gives NaN.
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
/// Forward was `y[i] = 1 / (FH · FW) · Σ x[j]` over the elements j under window i: an output changes with each of them by
/// `1 / (FH · FW)`. An element's gradient is the sum over the windows that see it (windows may overlap):
///
/// ```text
/// dx[j] = Σ over the windows i that see j of dout[i] / (FH · FW)
/// ```
///
/// # Cache
///
/// Nothing.
///
/// # Book
///
/// Section 7.4.4 names it and goes on with max-pooling. The sub-sampling layers of LeNet-5 (Yann LeCun et al., 1998,
/// *Gradient-based learning applied to document recognition*) are this layer with two trained numbers a channel: the sum
/// under each window is multiplied by a coefficient, and a bias is added. Here the mean is passed on as it is: the layer
/// behind it has weights of its own that take up the coefficient, and a bias.
///
/// # Example
///
/// ```
/// use layers::ndarray::array;
/// use layers::{AveragePooling, Window};
///
/// let mut layer = AveragePooling::new(Window::square(2).stride(2));
/// let x = array![[[
///     [1.0, 2.0, 5.0, 3.0],
///     [4.0, 5.0, 1.0, 1.0],
///     [0.0, 0.0, 7.0, 8.0],
///     [0.0, 0.0, 9.0, 6.0],
/// ]]].into_dyn();
/// let y = layers::forward(&mut layer, &x);
/// assert_eq!(y, array![[[[3.0, 2.5], [0.0, 7.5]]]].into_dyn());
///
/// let dx = layers::backward(&mut layer, &x, &y, &array![[[[4.0, 8.0], [0.0, 2.0]]]].into_dyn());
/// assert_eq!(dx, array![[[
///     [1.0, 1.0, 2.0, 2.0],
///     [1.0, 1.0, 2.0, 2.0],
///     [0.0, 0.0, 0.5, 0.5],
///     [0.0, 0.0, 0.5, 0.5],
/// ]]].into_dyn());
/// ```
#[derive(Debug, Clone)]
pub struct AveragePooling {
    window: Window,
}

impl AveragePooling {
    /// Average pooling under this window. That of LeNet-5 is `AveragePooling::new(Window::square(2).stride(2))`.
    pub fn new(window: Window) -> Self {
        AveragePooling { window }
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

impl<F: Real> Layer<F> for AveragePooling {
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
        pooling::average_forward(&geometry, slice(KIND, "x", x), slice_mut(KIND, "y", y));
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
        if let Some(dx) = dx {
            expect(KIND, "dx", dx.shape(), x.shape());
            pooling::average_backward(&geometry, slice(KIND, "dout", dout), slice_mut(KIND, "dx", dx));
        }
    }
}
