//! A network watched from inside, with the loss at its end.

use layers::ndarray::{Array2, ArrayView, Dimension, Ix2};
use layers::{Activation, Labels, LayerStep, SoftmaxWithLoss};
use tensor::Real;

use crate::network::Network;

/// A forward and a backward pass of training for a batch, layer by layer.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTrace<F: Real = f32> {
    /// What every layer did, first to last.
    pub layers: Vec<LayerStep<F>>,
    /// The probabilities (N, classes).
    pub probabilities: Array2<F>,
    /// The gradient of the loss with respect to the scores (N, classes).
    pub dscores: Array2<F>,
    /// The mean loss.
    pub loss: F,
}

impl<F: Real> Network<F> {
    /// What every layer makes of a batch, as in inference: the last output is, to the bit, what
    /// [`predict`](Self::predict) gives.
    ///
    /// ```
    /// use model::SimpleConvNet;
    /// use model::layers::ndarray::Array4;
    ///
    /// let network = SimpleConvNet::default().build::<f32>(0)?;
    /// let x = Array4::ones((1, 1, 28, 28));
    /// let trace = network.trace(x.view());
    /// assert_eq!(trace[2].layer, "Pool1");
    /// assert_eq!(trace[2].output.shape(), [1, 30, 12, 12]);
    /// assert_eq!(trace[5].output, network.predict(x.view()).into_dyn());
    /// # Ok::<(), model::Error>(())
    /// ```
    pub fn trace<D: Dimension>(&self, x: ArrayView<'_, F, D>) -> Vec<Activation<F>> {
        self.layers().trace(x.into_dyn())
    }

    /// What a step of training computes for a batch, layer by layer: outputs, loss, and the gradients on their way back.
    /// The gradients of the parameters are, to the bit, those of [`gradient`](Self::gradient). The network stays as it
    /// is: the step runs in a copy of it, whose random numbers (dropout's masks) begin anew.
    pub fn trace_step<D: Dimension>(&self, x: ArrayView<'_, F, D>, t: Labels<'_, F>) -> StepTrace<F> {
        let x = x.into_dyn();
        let x = x.as_standard_layout();
        let mut last = SoftmaxWithLoss::new();
        let (mut loss, mut dscores) = (F::ZERO, Array2::zeros((0, 0)));
        let mut layers = self.cast::<F>().layers_mut().trace_step(x.view(), |scores| {
            loss = last.forward(scores.into_dimensionality::<Ix2>().expect("one score a class"), t);
            dscores = Array2::zeros(last.probabilities().raw_dim());
            last.backward(t, dscores.view_mut());
            dscores.clone().into_dyn()
        });
        // Convolution and pooling in one go add the weight gradients in an order of their own.
        let mut network = self.cast::<F>();
        network.gradient(x.view(), t);
        let mut gradients = layers.iter_mut().flat_map(|step| &mut step.gradients);
        network.visit_params(&mut |_, param| {
            if param.learned {
                gradients.next().expect("the same parameters").1.assign(&param.grad());
            }
        });
        let probabilities = last.probabilities().to_owned();
        StepTrace { layers, probabilities, dscores, loss }
    }
}
