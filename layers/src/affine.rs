//! The fully connected layer.

use tensor::Real;
use tensor::affine::{self, Layout};
use tensor::ndarray::{Array1, Array2, ArrayViewD, ArrayViewMutD, ShapeBuilder};

use crate::error::{NetworkError, ShapeError};
use crate::init::{Fans, Init};
use crate::layer::Layer;
use crate::param::Param;
use crate::random::Random;
use crate::shape::{batch, elements, expect, slice, slice_mut};

const KIND: &str = "Affine";

/// Multiplies each sample by a matrix and adds a bias: every output sees every input.
///
/// A sample of several axes is taken as one long vector, in row-major order; so an affine layer may follow a convolution
/// or a pooling directly.
///
/// # Forward
///
/// ```text
/// Y = X · W + b
/// ```
///
/// # Shapes
///
/// | | shape |
/// |---|---|
/// | `x`, `dx` | (N, I), or (N, …) with I elements a sample |
/// | `y`, `dout` | (N, O) |
/// | `W` | (I, O); in memory column-major, the weights of one output side by side; of many inputs, in parts: see [`Layout`] |
/// | `b` | (O) |
///
/// # Backward
///
/// Forward was `Y[n, o] = Σ over i of X[n, i] · W[i, o] + b[o]`. It changes with `b[o]` by 1, with `W[i, o]` by `X[n, i]`,
/// and with `X[n, i]` by `W[i, o]`. By the chain rule:
///
/// ```text
/// db[o]    = Σ over n of dout[n, o]                 the sum of the rows
/// dW[i, o] = Σ over n of X[n, i] · dout[n, o]       dW = Xᵀ · dout
/// dX[n, i] = Σ over o of dout[n, o] · W[i, o]       dX = dout · Wᵀ
/// ```
///
/// # Cache
///
/// Nothing. The book keeps `x` and its shape; here `x` comes back with [`backward`](Layer::backward).
///
/// # Book
///
/// Section 5.6, class `Affine` of `common/layers.py`.
///
/// # Example
///
/// ```
/// use layers::Affine;
/// use layers::ndarray::array;
///
/// let w = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
/// let mut layer = Affine::new(w, array![10.0, 20.0, 30.0])?;
///
/// let x = array![[1.0, 2.0]].into_dyn();
/// let y = layers::forward(&mut layer, &x);
/// assert_eq!(y, array![[19.0, 32.0, 45.0]].into_dyn()); // 1·1 + 2·4 + 10, …
///
/// let dx = layers::backward(&mut layer, &x, &y, &array![[1.0, 0.0, 2.0]].into_dyn());
/// assert_eq!(dx, array![[7.0, 16.0]].into_dyn()); // 1·1 + 2·3, 1·4 + 2·6
/// assert_eq!(layer.w().grad(), array![[1.0, 0.0, 2.0], [2.0, 0.0, 4.0]].into_dyn());
/// assert_eq!(layer.b().grad(), array![1.0, 0.0, 2.0].into_dyn());
/// # Ok::<(), layers::NetworkError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Affine<F: Real = f32> {
    /// (I, O), as `layout` has it.
    pub(crate) w: Param<F>,
    /// (O).
    pub(crate) b: Param<F>,
    /// How the weights lie in memory.
    pub(crate) layout: Layout,
}

/// Before anything is made: beside a size of zero another one may be larger than the memory.
fn refuse_zeros(inputs: usize, outputs: usize) -> Result<(), NetworkError> {
    NetworkError::refuse_zeros(KIND, &[("number of inputs", inputs), ("number of outputs", outputs)])
}

impl<F: Real> Affine<F> {
    /// A layer of these weights (I, O), in any memory order, and biases (O).
    ///
    /// # Errors
    /// Where `b` does not match `w`, or `w` is empty.
    pub fn new(w: Array2<F>, b: Array1<F>) -> Result<Self, NetworkError> {
        let (inputs, outputs) = w.dim();
        refuse_zeros(inputs, outputs)?;
        if b.len() != outputs {
            let (expected, got) = (vec![outputs], b.shape().to_vec());
            return Err(NetworkError::Parameter { layer: KIND, what: "b", expected, with: "W", got });
        }
        let layout = Layout::of_weights(inputs);
        let w = match layout.parts() {
            1 if w.t().is_standard_layout() => Param::learned("W", w.into_dyn()),
            1 => Param::learned("W", column_major(&w).into_dyn()),
            parts => Param::learned_in_parts("W", &w.into_dyn(), parts),
        };
        Ok(Affine { w, layout, b: Param::learned("b", b.as_standard_layout().into_owned().into_dyn()) })
    }

    /// A layer with weights drawn from `init` and biases of zero.
    ///
    /// # Errors
    /// Where a size is zero or so large that the weights do not fit into memory, or a setting of `init` is no number to
    /// draw with.
    pub fn random(inputs: usize, outputs: usize, init: Init, random: &mut Random) -> Result<Self, NetworkError> {
        refuse_zeros(inputs, outputs)?;
        let fans = Fans { fan_in: inputs, fan_out: outputs };
        let w = init.draw(KIND, &[inputs, outputs], fans, random)?;
        let w = Array2::from_shape_vec((inputs, outputs), w).expect("as many weights as the shape has");
        Affine::new(w, Array1::from_elem(outputs, F::ZERO))
    }

    /// The weights `W` (I, O) with their gradient.
    pub fn w(&self) -> &Param<F> {
        &self.w
    }

    /// The biases `b` (O) with their gradient.
    pub fn b(&self) -> &Param<F> {
        &self.b
    }

    /// Compares a batch `x` with the weights, and gives the shape of its `y`.
    #[track_caller]
    fn checked(&self, x: &[usize]) -> [usize; 2] {
        let n = batch(KIND, x);
        let w = self.w.shape();
        let got = x[1..].iter().product::<usize>();
        assert!(got == w[0], "{KIND}: x has shape {x:?}, w {w:?}: expected {} inputs, got {got}", w[0]);
        [n, w[1]]
    }

    /// Lays the weights out in so many parts.
    pub(crate) fn lay_out_in(&mut self, parts: usize) {
        self.w = Param::learned_in_parts("W", &self.w.value(), parts);
        self.layout = Layout::WeightsInParts(parts);
    }
}

fn column_major<F: Real>(w: &Array2<F>) -> Array2<F> {
    let mut copy = Array2::zeros(w.raw_dim().f());
    copy.assign(w);
    copy
}

impl<F: Real> Layer<F> for Affine<F> {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let [inputs, outputs] = [self.w.shape()[0], self.w.shape()[1]];
        match elements(input)? {
            got if got == inputs => Ok(vec![outputs]),
            got => Err(ShapeError::Size { axis: "inputs", expected: inputs, got }),
        }
    }

    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        let output = self.checked(x.shape());
        expect(KIND, "y", y.shape(), &output);
        let (x, y) = (slice(KIND, "x", x), slice_mut(KIND, "y", y));
        affine::forward(self.layout, x, self.w.values(), self.b.values(), y);
    }

    fn backward(
        &mut self,
        x: ArrayViewD<'_, F>,
        _y: ArrayViewD<'_, F>,
        dout: ArrayViewD<'_, F>,
        dx: Option<ArrayViewMutD<'_, F>>,
    ) {
        let [n, outputs] = self.checked(x.shape());
        expect(KIND, "dout", dout.shape(), &[n, outputs]);
        let dout = slice(KIND, "dout", dout);
        if let Some(dx) = &dx {
            expect(KIND, "dx", dx.shape(), x.shape());
        }
        affine::backward_weights(self.layout, slice(KIND, "x", x), dout, self.w.grad_mut(), self.b.grad_mut());
        // Last, so that the layer before finds it in the cache.
        if let Some(dx) = dx {
            affine::backward_input(self.layout, self.w.values(), outputs, dout, slice_mut(KIND, "dx", dx));
        }
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
