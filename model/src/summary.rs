//! What a network consists of, layer by layer.

use tensor::Real;

use crate::network::Network;
use crate::spec::LayerSpec;

/// What a network consists of: see [`Network::summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The shape of one input, without the batch axis.
    pub input: Vec<usize>,
    /// The layers, first to last.
    pub layers: Vec<LayerSummary>,
}

/// One layer of a [`Summary`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSummary {
    /// The book's name: "Conv1".
    pub name: String,
    /// What it is: "Convolution".
    pub kind: &'static str,
    /// The shape of its output for one input, without the batch axis.
    pub output: Vec<usize>,
    /// Learned numbers.
    pub parameters: usize,
    /// Numbers that are saved with the network but not learned: the running mean and variance of a batch normalisation.
    pub statistics: usize,
    /// The work for one input.
    pub operations: Operations,
}

/// Floating-point operations for one input, counted densely: a multiplication and an addition for every product of a
/// convolution or an affine map, though it be with one of the many zeros that ReLU and pooling leave. What the other layers
/// do is little beside them and not counted; neither are biases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Operations {
    /// The forward pass alone.
    pub inference: usize,
    /// Forward pass, and the gradients of weights and inputs. Nobody reads the input gradient of the first layer: it does
    /// not count.
    pub training: usize,
}

impl<F: Real> Network<F> {
    /// The layers with their output shapes, parameters and operations.
    ///
    /// ```
    /// let network = model::SimpleConvNet::default().build::<f32>(0)?;
    /// let summary = network.summary();
    /// let convolution = &summary.layers[0];
    /// assert_eq!((convolution.name.as_str(), &convolution.output[..]), ("Conv1", &[30, 24, 24][..]));
    /// assert_eq!(convolution.parameters, 30 * 5 * 5 + 30);
    /// assert_eq!(convolution.operations.inference, 2 * (5 * 5) * (30 * 24 * 24));
    /// assert_eq!(summary.parameters(), 433_890);
    /// # Ok::<(), model::Error>(())
    /// ```
    pub fn summary(&self) -> Summary {
        let sequential = self.layers();
        let mut input = self.input_shape();
        let mut layers = Vec::new();
        for (index, output) in sequential.shapes().iter().enumerate() {
            let layer = &sequential.layers()[index];
            let (mut parameters, mut statistics) = (0, 0);
            layer.visit_params(&mut |param| match param.learned {
                true => parameters += param.len(),
                false => statistics += param.len(),
            });
            let inference = 2 * terms(&self.spec().layers[index], input) * output.iter().product::<usize>();
            let training = inference * if index == 0 { 2 } else { 3 };
            layers.push(LayerSummary {
                name: sequential.names()[index].clone(),
                kind: layer.kind(),
                output: output.clone(),
                parameters,
                statistics,
                operations: Operations { inference, training },
            });
            input = output;
        }
        Summary { input: self.input_shape().to_vec(), layers }
    }
}

/// The products that each number of a layer's output is the sum of; 0 where it is none.
fn terms(layer: &LayerSpec, input: &[usize]) -> usize {
    match layer {
        LayerSpec::Convolution { window, .. } => input[0] * window.kernel[0] * window.kernel[1],
        LayerSpec::Affine { .. } => input.iter().product(),
        _ => 0,
    }
}

impl Summary {
    /// Learned numbers of all layers.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }

    /// Operations of all layers.
    pub fn operations(&self) -> Operations {
        let sum = |sum: Operations, layer: &LayerSummary| Operations {
            inference: sum.inference + layer.operations.inference,
            training: sum.training + layer.operations.training,
        };
        self.layers.iter().fold(Operations::default(), sum)
    }
}

#[cfg(test)]
mod tests {
    use layers::{Init, Window};

    use super::*;
    use crate::{ConvParam, NetworkSpec, SimpleConvNet};

    #[test]
    fn the_books_network() {
        let summary = SimpleConvNet::default().build::<f32>(0).unwrap().summary();
        let rows: Vec<_> = summary.layers.iter().map(|l| (l.name.as_str(), l.parameters)).collect();
        let expected =
            [("Conv1", 780), ("Relu1", 0), ("Pool1", 0), ("Affine1", 432_100), ("Relu2", 0), ("Affine2", 1010)];
        assert_eq!(rows, expected);
        // The convolution and the large affine layer have 432,000 products each, the last layer 1,000.
        let count = summary.operations();
        assert_eq!(count.inference, 2 * (432_000 + 432_000 + 1_000));
        assert_eq!(count.training, 2 * (2 * 432_000 + 3 * 432_000 + 3 * 1_000));
        let [inference, training] = [count.inference, count.training].map(|flop| flop as f64 * 1e-6);
        assert!((inference - 1.73).abs() < 0.005 && (training - 4.32).abs() < 0.01, "{inference} {training}");
        assert!((training * 60_000.0 * 1e-3 - 259.0).abs() < 1.0);
    }

    #[test]
    fn channels_padding_and_strides() {
        let conv_param = ConvParam { filter_num: 4, filter_size: 3, pad: 1, stride: 1 };
        let net = SimpleConvNet { input_dim: [2, 6, 8], conv_param, hidden_size: 5, ..SimpleConvNet::default() };
        let (conv, affine, last) = (4 * 6 * 8 * 2 * 9, 4 * 3 * 4 * 5, 5 * 10);
        let count = net.build::<f32>(0).unwrap().summary().operations();
        assert_eq!(count.inference, 2 * (conv + affine + last));
        assert_eq!(count.training, 2 * (2 * conv + 3 * affine + 3 * last));
    }

    #[test]
    fn only_the_first_layer_of_all_has_no_input_gradient_and_statistics_are_not_learned() {
        let init = Init::default();
        let conv = |filters| LayerSpec::Convolution { filters, window: Window::square(3), init };
        let norm = LayerSpec::BatchNormalization { momentum: 0.9 };
        let layers = vec![LayerSpec::Tanh, conv(2), norm, conv(3), LayerSpec::Affine { outputs: 7, init }];
        let network = Network::<f32>::build(NetworkSpec { input: vec![1, 6, 6], layers }, 0).unwrap();
        let products = 2 * 16 * 9 + 3 * 4 * 2 * 9 + 12 * 7;
        let summary = network.summary();
        assert_eq!(summary.operations(), Operations { inference: 2 * products, training: 6 * products });
        assert_eq!((summary.layers[2].parameters, summary.layers[2].statistics), (4, 4));
        assert_eq!(summary.parameters(), network.learned_len());
    }
}
