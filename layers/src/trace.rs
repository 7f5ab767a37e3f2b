//! A network watched from inside: what every layer makes of a batch, and what comes back to it.

use tensor::Real;
use tensor::ndarray::{ArrayD, ArrayViewD};

use crate::layer::{backward, forward, infer};
use crate::sequential::Sequential;

/// What one layer made of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Activation<F: Real = f32> {
    /// The name of the layer: "Conv1".
    pub layer: String,
    /// Its kind: "Convolution".
    pub kind: &'static str,
    /// Its output: (N, …).
    pub output: ArrayD<F>,
}

/// What one layer did in a forward and a backward pass.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerStep<F: Real = f32> {
    /// The name of the layer: "Conv1".
    pub layer: String,
    /// Its kind: "Convolution".
    pub kind: &'static str,
    /// Its output `y` in the forward pass of training: (N, …).
    pub output: ArrayD<F>,
    /// The gradient of the loss with respect to `y`, as it came back from the layer behind.
    pub dout: ArrayD<F>,
    /// The gradient of the loss with respect to the layer's input, as it goes on to the layer before.
    pub dx: ArrayD<F>,
    /// The gradients of the learned parameters: "W1", "b1", row-major.
    pub gradients: Vec<(String, ArrayD<F>)>,
}

/// These look at every layer by itself, and allocate what they return: for looking, not for training.
impl<F: Real> Sequential<F> {
    /// The outputs of all layers for a batch `x`, as in inference. The last one is, to the bit, what
    /// [`predict`](Self::predict) gives.
    ///
    /// ```
    /// use layers::ndarray::array;
    /// use layers::{Affine, Layer, Relu, Sequential};
    ///
    /// let affine = Affine::new(array![[1.0, -1.0]], array![0.5, 0.5])?;
    /// let layers: Vec<Box<dyn Layer>> = vec![Box::new(affine), Box::new(Relu)];
    /// let network = Sequential::new(&[1], layers)?;
    /// let trace = network.trace(array![[2.0]].view().into_dyn());
    /// assert_eq!((trace[0].layer.as_str(), &trace[0].output), ("Affine1", &array![[2.5, -1.5]].into_dyn()));
    /// assert_eq!((trace[1].layer.as_str(), &trace[1].output), ("Relu1", &array![[2.5, 0.0]].into_dyn()));
    /// # Ok::<(), layers::NetworkError>(())
    /// ```
    ///
    /// # Panics
    /// Where `x` is not of the shape (N, input…), or empty.
    pub fn trace(&self, x: ArrayViewD<'_, F>) -> Vec<Activation<F>> {
        let x = self.checked(x);
        let mut trace: Vec<Activation<F>> = Vec::with_capacity(self.layers().len());
        for (layer, name) in self.layers().iter().zip(self.names()) {
            let output = infer(&**layer, trace.last().map_or(&x, |before| &before.output));
            trace.push(Activation { layer: name.clone(), kind: layer.kind(), output });
        }
        trace
    }

    /// A forward and a backward pass of training, layer by layer. `last` gets the output of the last layer, and tells the
    /// gradient of the loss with respect to it. Unlike [`backward`](Self::backward) it also computes the gradient of `x`
    /// itself. Gradients are left in the parameters, too, and statistics go on, as in every step.
    ///
    /// The numbers are those of [`forward`](Self::forward) and [`backward`](Self::backward), to the bit, with one
    /// exception: the weight gradients of a convolution that is computed in one go with its pooling are sums in another
    /// order there, and differ by rounding.
    ///
    /// # Panics
    /// Where `x` is not of the shape (N, input…), or empty, or the gradient is not of the shape of the last output.
    pub fn trace_step(
        &mut self,
        x: ArrayViewD<'_, F>,
        last: impl FnOnce(ArrayViewD<'_, F>) -> ArrayD<F>,
    ) -> Vec<LayerStep<F>> {
        let x = self.checked(x);
        let names = self.names().to_vec();
        let mut inputs = vec![x];
        for layer in self.layers_mut() {
            let y = forward(layer, &inputs[inputs.len() - 1]);
            inputs.push(y);
        }
        let mut y = inputs.pop().expect("a network has layers");
        let mut dout = last(y.view());
        let mut steps = Vec::with_capacity(names.len());
        let layers: Vec<_> = self.layers_mut().collect();
        for (layer, name) in layers.into_iter().zip(names).rev() {
            let x = inputs.pop().expect("an input for every layer");
            let dx = backward(layer, &x, &y, &dout);
            let mut gradients = Vec::new();
            layer.visit_params(&mut |param| {
                if param.learned {
                    gradients.push((param.name.to_owned(), param.grad()));
                }
            });
            steps.push(LayerStep { layer: name, kind: layer.kind(), output: y, dout, dx: dx.clone(), gradients });
            (y, dout) = (x, dx);
        }
        steps.reverse();
        self.name_gradients(&mut steps);
        steps
    }

    /// Numbers the names of the gradients as [`visit_params`](Self::visit_params) does.
    fn name_gradients(&self, steps: &mut [LayerStep<F>]) {
        let mut names = Vec::new();
        self.visit_params(&mut |name, param| {
            if param.learned {
                names.push(name.to_owned());
            }
        });
        steps.iter_mut().flat_map(|step| &mut step.gradients).zip(names).for_each(|((name, _), full)| *name = full);
    }

    /// A copy of a batch, row-major.
    #[track_caller]
    fn checked(&self, x: ArrayViewD<'_, F>) -> ArrayD<F> {
        let x = x.as_standard_layout().into_owned();
        self.check(&x.view());
        x
    }
}
