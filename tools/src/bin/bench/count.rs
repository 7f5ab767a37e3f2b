//! How many multiplications and additions a network takes, counted densely: every product counts, though it be with one
//! of the many zeros that ReLU and pooling leave.

use layers::Real;
use model::{LayerSpec, Network};

/// Floating-point operations for one image: a multiplication and an addition for every product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DenseFlop {
    /// The forward pass alone.
    pub inference: usize,
    /// Forward pass, and the gradients of weights and inputs. Nobody reads the input gradient of the first layer: it
    /// does not count.
    pub training: usize,
}

/// Counts convolutions and affine layers; what the others do is little beside them.
pub fn dense_flop<F: Real>(network: &Network<F>) -> DenseFlop {
    let mut count = DenseFlop { inference: 0, training: 0 };
    let outputs = network.layers().shapes();
    let mut input = network.input_shape();
    for (index, (layer, output)) in network.spec().layers.iter().zip(outputs).enumerate() {
        let terms = match layer {
            LayerSpec::Convolution { window, .. } => input[0] * window.kernel[0] * window.kernel[1],
            LayerSpec::Affine { .. } => input.iter().product(),
            _ => 0,
        };
        let forward = 2 * terms * output.iter().product::<usize>();
        count.inference += forward;
        count.training += forward * if index == 0 { 2 } else { 3 };
        input = output;
    }
    count
}

#[cfg(test)]
mod tests {
    use layers::{Init, Window};
    use model::{ConvParam, NetworkSpec, SimpleConvNet};

    use super::*;

    #[test]
    fn the_books_network() {
        let count = dense_flop(&SimpleConvNet::default().build::<f32>(0).unwrap());
        // The convolution and the large affine layer have 432,000 products each, the last layer 1,000.
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
        let count = dense_flop(&net.build::<f32>(0).unwrap());
        assert_eq!(count.inference, 2 * (conv + affine + last));
        assert_eq!(count.training, 2 * (2 * conv + 3 * affine + 3 * last));
    }

    #[test]
    fn only_the_first_layer_of_all_has_no_input_gradient() {
        let init = Init::default();
        let conv = |filters| LayerSpec::Convolution { filters, window: Window::square(3), init };
        let layers = vec![LayerSpec::Tanh, conv(2), conv(3), LayerSpec::Affine { outputs: 7, init }];
        let network = Network::<f32>::build(NetworkSpec { input: vec![1, 6, 6], layers }, 0).unwrap();
        let products = 2 * 16 * 9 + 3 * 4 * 2 * 9 + 12 * 7;
        assert_eq!(dense_flop(&network), DenseFlop { inference: 2 * products, training: 6 * products });
    }
}
