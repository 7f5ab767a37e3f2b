//! What every layer can do.

use std::any::Any;
use std::fmt::Debug;

use tensor::Real;
use tensor::ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, CowArray, IxDyn};

use crate::error::ShapeError;
use crate::param::Param;

/// A layer: maps a batch of inputs to a batch of outputs, and gradients back.
///
/// The first axis of every array is the batch (N). The caller owns the arrays that go in and come out, so nothing is
/// copied and nothing allocated: [`infer`](Layer::infer), [`forward`](Layer::forward) and
/// [`backward`](Layer::backward) write into arrays of the shape that [`output_shape`](Layer::output_shape) tells.
/// The free functions [`infer`], [`forward`] and [`backward`] are the same for a first try: they allocate what they
/// return.
///
/// Inference takes `&self`: many threads may share one network. Training takes `&mut self`, because a layer may remember
/// something for its backward pass (the book's classes remember all of it: `self.x`, `self.mask`, …). What a caller has
/// in hand anyway, the input `x` and the output `y`, is not remembered but handed in again.
///
/// A layer of your own needs four methods; one that has parameters, the two visits as well:
///
/// ```
/// use layers::ndarray::{ArrayViewD, ArrayViewMutD, Zip, array};
/// use layers::{Layer, ShapeError};
///
/// /// y = x²
/// #[derive(Debug)]
/// struct Square;
///
/// impl Layer for Square {
///     fn kind(&self) -> &'static str {
///         "Square"
///     }
///     fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
///         Ok(input.to_vec())
///     }
///     fn infer(&self, x: ArrayViewD<'_, f32>, y: ArrayViewMutD<'_, f32>) {
///         Zip::from(y).and(x).for_each(|y, &x| *y = x * x);
///     }
///     fn backward(
///         &mut self,
///         x: ArrayViewD<'_, f32>,
///         _y: ArrayViewD<'_, f32>,
///         dout: ArrayViewD<'_, f32>,
///         dx: Option<ArrayViewMutD<'_, f32>>,
///     ) {
///         // In the forward pass this was y = x · x; so dy/dx = 2 · x.
///         let Some(dx) = dx else { return };
///         Zip::from(dx).and(x).and(dout).for_each(|dx, &x, &dout| *dx = dout * 2.0 * x);
///     }
/// }
///
/// let x = array![[1.0, -3.0]].into_dyn();
/// let y = layers::forward(&mut Square, &x);
/// assert_eq!(y, array![[1.0, 9.0]].into_dyn());
/// assert_eq!(layers::backward(&mut Square, &x, &y, &array![[1.0, 1.0]].into_dyn()), array![[2.0, -6.0]].into_dyn());
/// ```
pub trait Layer<F: Real = f32>: Debug + Send + Sync + Any {
    /// The book's name of the class: `"Convolution"`, `"Relu"`, …
    fn kind(&self) -> &'static str;

    /// The shape of one output for one input, both without the batch axis. Pure arithmetic.
    ///
    /// # Errors
    /// Where the layer cannot take such an input.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError>;

    /// The forward pass of inference: `y ← f(x)`.
    ///
    /// # Panics
    /// Where `x` or `y` is not row-major, or not of the layer's shape.
    fn infer(&self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>);

    /// The forward pass of training: as [`infer`](Layer::infer), and remembers what [`backward`](Layer::backward) needs
    /// beyond `x` and `y`. (Dropout and batch normalisation also compute something else here.)
    ///
    /// # Panics
    /// Where `x` or `y` is not row-major, or not of the layer's shape.
    fn forward(&mut self, x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        self.infer(x, y);
    }

    /// The backward pass: given `dout`, the gradient of the loss with respect to `y`, overwrites the gradients of the
    /// parameters, and `dx` (the gradient with respect to `x`) where it is wanted. `x` and `y` are those of the last
    /// [`forward`](Layer::forward). The first layer of a network is called without `dx`: nobody reads it.
    ///
    /// # Panics
    /// Where an array is not row-major or not of the layer's shape, or where `forward` was not called before.
    fn backward(
        &mut self,
        x: ArrayViewD<'_, F>,
        y: ArrayViewD<'_, F>,
        dout: ArrayViewD<'_, F>,
        dx: Option<ArrayViewMutD<'_, F>>,
    );

    /// Visits the parameters and statistics, in the order in which the book numbers and saves them.
    fn visit_params(&self, _visit: &mut dyn FnMut(&Param<F>)) {}

    /// As [`visit_params`](Layer::visit_params), to change them.
    fn visit_params_mut(&mut self, _visit: &mut dyn FnMut(&mut Param<F>)) {}

    /// A number for every element of the output of the last [`forward`](Layer::forward) that tells on which side of
    /// its kinks the layer was there (ReLU: positive or not; max-pooling: which element won). A gradient check compares
    /// them to see whether a step crossed a kink. Nothing for smooth layers.
    fn visit_kinks(&self, _y: ArrayViewD<'_, F>, _visit: &mut dyn FnMut(u32)) {}

    /// Restarts the layer's random numbers (dropout's masks) from this seed. `position` is where the layer stands in its
    /// network, from 0: layers of the same seed at different positions draw different numbers.
    fn reseed(&mut self, _seed: u64, _position: usize) {}
}

/// `y = f(x)` as in inference, in a new array.
///
/// # Panics
/// Where the layer cannot take such an input.
#[track_caller]
pub fn infer<F: Real>(layer: &dyn Layer<F>, x: &ArrayD<F>) -> ArrayD<F> {
    let x = row_major(x);
    let mut y = output_for(layer, x.shape());
    layer.infer(x.view(), y.view_mut());
    y
}

/// `y = f(x)` as in training, in a new array.
///
/// # Panics
/// Where the layer cannot take such an input.
#[track_caller]
pub fn forward<F: Real>(layer: &mut dyn Layer<F>, x: &ArrayD<F>) -> ArrayD<F> {
    let x = row_major(x);
    let mut y = output_for(layer, x.shape());
    layer.forward(x.view(), y.view_mut());
    y
}

/// The gradient of the loss with respect to `x`, in a new array; the gradients of the parameters are in the layer.
///
/// # Panics
/// As [`Layer::backward`].
#[track_caller]
pub fn backward<F: Real>(layer: &mut dyn Layer<F>, x: &ArrayD<F>, y: &ArrayD<F>, dout: &ArrayD<F>) -> ArrayD<F> {
    let (x, y, dout) = (row_major(x), row_major(y), row_major(dout));
    let mut dx = ArrayD::zeros(x.raw_dim());
    layer.backward(x.view(), y.view(), dout.view(), Some(dx.view_mut()));
    dx
}

fn row_major<F: Real>(x: &ArrayD<F>) -> CowArray<'_, F, IxDyn> {
    x.as_standard_layout()
}

#[track_caller]
fn output_for<F: Real>(layer: &dyn Layer<F>, x: &[usize]) -> ArrayD<F> {
    let shape = match x.split_first() {
        None => panic!("{}: the input has no batch axis", layer.kind()),
        Some((&n, input)) => match layer.output_shape(input) {
            Err(error) => panic!("{}: {error}", layer.kind()),
            Ok(output) => [&[n], &output[..]].concat(),
        },
    };
    ArrayD::zeros(IxDyn(&shape))
}
