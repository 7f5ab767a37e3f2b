//! The convolution layer.

use tensor::ndarray::{Array1, Array4, ArrayViewD, ArrayViewMutD};
use tensor::{Geometry, Real, Window, convolution};

use crate::error::{NetworkError, ShapeError};
use crate::init::{Fans, Init};
use crate::layer::Layer;
use crate::param::Param;
use crate::random::Random;
use crate::shape::{batch, expect, slice, slice_mut};

const KIND: &str = "Convolution";

/// Slides filters over images: each output is the sum of the products of a filter with the patch of the image under it.
///
/// # Forward
///
/// ```text
/// y[n, f, oy, ox] = b[f] + Σ over c, fy, fx of  x[n, c, oy·S + fy − P, ox·S + fx − P] · W[f, c, fy, fx]
/// ```
///
/// with the stride S and the padding P (pixels outside the image are 0). With all patches as the rows of a matrix `col`
/// ([`im2col`](tensor::im2col)) and all filters as the rows of a matrix `W`, that is one matrix product:
///
/// ```text
/// Y = col · Wᵀ + b
/// ```
///
/// # Shapes
///
/// | | shape |
/// |---|---|
/// | `x`, `dx` | (N, C, H, W) |
/// | `y`, `dout` | (N, FN, OH, OW), with `OH = (H + 2·P − FH) / S + 1`, and OW likewise |
/// | `W` | (FN, C, FH, FW) |
/// | `b` | (FN) |
///
/// # Backward
///
/// Forward was `Y = col · Wᵀ + b`, so one element was `Y[i, f] = Σ over k of col[i, k] · W[f, k] + b[f]`. It changes with
/// `b[f]` by 1, with `W[f, k]` by `col[i, k]`, and with `col[i, k]` by `W[f, k]`. By the chain rule:
///
/// ```text
/// db[f]     = Σ over i of dout[i, f]                   the sum of the rows
/// dW[f, k]  = Σ over i of dout[i, f] · col[i, k]       dW = doutᵀ · col
/// dcol[i,k] = Σ over f of dout[i, f] · W[f, k]         dcol = dout · W
/// ```
///
/// Forward was `col = im2col(x)`: a pixel appears in `col` once for every window that sees it, so its gradient is the sum
/// over those places: `dx = col2im(dcol)`.
///
/// # Cache
///
/// Nothing. The book keeps `x`, `col` and `col_W`; here `x` comes back with [`backward`](Layer::backward), and `col`,
/// which is FH·FW times as large as the image, is not stored.
///
/// # Book
///
/// Section 7.4.3, class `Convolution` of `common/layers.py`; `Convolution(W, b, stride, pad)` is
/// `Convolution::new(w, b, Window::square(5).stride(stride).pad(pad))`.
///
/// # Example
///
/// ```
/// use layers::ndarray::array;
/// use layers::{Convolution, Window};
///
/// // A filter that adds each pixel to the one to the lower right, and then 10.
/// let w = array![[[[1.0, 0.0], [0.0, 1.0]]]];
/// let mut layer = Convolution::new(w, array![10.0], Window::square(2))?;
///
/// let x = array![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]].into_dyn();
/// let y = layers::forward(&mut layer, &x);
/// assert_eq!(y, array![[[[16.0, 18.0], [22.0, 24.0]]]].into_dyn());
///
/// let dout = array![[[[1.0, 1.0], [1.0, 1.0]]]].into_dyn();
/// let dx = layers::backward(&mut layer, &x, &y, &dout);
/// // How many windows let each pixel through:
/// assert_eq!(dx, array![[[[1.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 1.0]]]].into_dyn());
/// // The sum of the pixels that each tap saw: 1 + 2 + 4 + 5, …
/// assert_eq!(layer.w().grad(), array![[[[12.0, 16.0], [24.0, 28.0]]]].into_dyn());
/// assert_eq!(layer.b().grad(), array![4.0].into_dyn());
/// # Ok::<(), layers::NetworkError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Convolution<F: Real = f32> {
    /// (FN, C, FH, FW), row-major.
    pub(crate) w: Param<F>,
    /// (FN).
    pub(crate) b: Param<F>,
    pub(crate) window: Window,
}

/// Before anything is made: beside a size of zero another one may be larger than the memory.
fn refuse_zeros([filters, channels, f_h, f_w]: [usize; 4]) -> Result<(), NetworkError> {
    let sizes = [
        ("number of filters", filters),
        ("number of channels", channels),
        ("kernel height", f_h),
        ("kernel width", f_w),
    ];
    NetworkError::refuse_zeros(KIND, &sizes)
}

impl<F: Real> Convolution<F> {
    /// A layer of these weights (FN, C, FH, FW) and biases (FN).
    ///
    /// # Errors
    /// Where `b` or the window's kernel does not match `w`, or `w` is empty.
    pub fn new(w: Array4<F>, b: Array1<F>, window: Window) -> Result<Self, NetworkError> {
        let (filters, channels, f_h, f_w) = w.dim();
        refuse_zeros([filters, channels, f_h, f_w])?;
        for (what, expected, got) in [("b", &[filters][..], b.shape()), ("the window", &[f_h, f_w], &window.kernel)] {
            if expected != got {
                let (expected, got) = (expected.to_vec(), got.to_vec());
                return Err(NetworkError::Parameter { layer: KIND, what, expected, with: "W", got });
            }
        }
        let w = w.as_standard_layout().into_owned().into_dyn();
        let b = b.as_standard_layout().into_owned().into_dyn();
        Ok(Convolution { w: Param::learned("W", w), b: Param::learned("b", b), window })
    }

    /// A layer of `filters` filters over `channels` channels, with weights drawn from `init` and biases of zero.
    ///
    /// # Errors
    /// Where a size is zero or so large that the weights do not fit into memory, or a setting of `init` is no number to
    /// draw with.
    pub fn random(
        channels: usize,
        filters: usize,
        window: Window,
        init: Init,
        random: &mut Random,
    ) -> Result<Self, NetworkError> {
        let [f_h, f_w] = window.kernel;
        let shape = [filters, channels, f_h, f_w];
        refuse_zeros(shape)?;
        let area = f_h.saturating_mul(f_w);
        let fans = Fans { fan_in: channels.saturating_mul(area), fan_out: filters.saturating_mul(area) };
        let w = init.draw(KIND, &shape, fans, random)?;
        let w = Array4::from_shape_vec(shape, w).expect("as many weights as the shape has");
        Convolution::new(w, Array1::from_elem(filters, F::ZERO), window)
    }

    /// The weights `W` (FN, C, FH, FW) with their gradient.
    pub fn w(&self) -> &Param<F> {
        &self.w
    }

    /// The biases `b` (FN) with their gradient.
    pub fn b(&self) -> &Param<F> {
        &self.b
    }

    /// Kernel, stride and padding.
    pub fn window(&self) -> &Window {
        &self.window
    }

    fn geometry(&self, input: &[usize]) -> Result<Geometry, ShapeError> {
        let &[channels, height, width] = input else {
            return Err(ShapeError::Axes { expected: "(C, H, W)", got: input.to_vec() });
        };
        let expected = self.w.shape()[1];
        if channels != expected {
            return Err(ShapeError::Size { axis: "channels", expected, got: channels });
        }
        Ok(Geometry::new([channels, height, width], self.window)?)
    }

    /// The geometry for a batch `x`, and the shape of its `y`.
    #[track_caller]
    fn checked(&self, x: &[usize]) -> (Geometry, [usize; 4]) {
        let n = batch(KIND, x);
        let geometry = match self.geometry(&x[1..]) {
            Ok(geometry) => geometry,
            Err(error) => panic!("{KIND}: x has shape {x:?}, w {:?}: {error}", self.w.shape()),
        };
        let [o_h, o_w] = geometry.output();
        (geometry, [n, self.w.shape()[0], o_h, o_w])
    }
}

impl<F: Real> Layer<F> for Convolution<F> {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let [o_h, o_w] = self.geometry(input)?.output();
        Ok(vec![self.w.shape()[0], o_h, o_w])
    }

    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let (geometry, output) = self.checked(x.shape());
        expect(KIND, "y", y.shape(), &output);
        let (x, y) = (slice(KIND, "x", x), slice_mut(KIND, "y", y));
        convolution::forward(&geometry, x, self.w.values(), self.b.values(), y);
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
            let (dout, dx) = (slice(KIND, "dout", dout.clone()), slice_mut(KIND, "dx", dx));
            convolution::backward_input(&geometry, self.w.values(), dout, dx);
        }
        let (x, dout) = (slice(KIND, "x", x), slice(KIND, "dout", dout));
        convolution::backward_weights(&geometry, x, dout, self.w.grad_mut(), self.b.grad_mut());
    }

    fn visit_params(&self, visit: &mut dyn FnMut(&Param<F>)) {
        visit(&self.w);
        visit(&self.b);
    }

    fn visit_params_mut(&mut self, visit: &mut dyn FnMut(&mut Param<F>)) {
        visit(&mut self.w);
        visit(&mut self.b);
    }
}
