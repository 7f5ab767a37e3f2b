//! The network of Krizhevsky, Sutskever and Hinton.

use layers::{Init, Window};
use tensor::Real;

use crate::error::Error;
use crate::network::Network;
use crate::spec::{LayerSpec, NetworkSpec};

/// AlexNet, from Alex Krizhevsky, Ilya Sutskever and Geoffrey Hinton (2012), *ImageNet classification with deep convolutional
/// neural networks*; in one tower, and without local response normalisation.
///
/// ```text
///           input                                   3 × 227 × 227
///   Conv1   96 filters 11 × 11, stride 4            96 × 55 × 55
///   Pool1   3 × 3, stride 2                         96 × 27 × 27
///   Conv2   256 filters 5 × 5, padding 2            256 × 27 × 27
///   Pool2   3 × 3, stride 2                         256 × 13 × 13
///   Conv3   384 filters 3 × 3, padding 1            384 × 13 × 13
///   Conv4   384 filters 3 × 3, padding 1            384 × 13 × 13
///   Conv5   256 filters 3 × 3, padding 1            256 × 13 × 13
///   Pool3   3 × 3, stride 2                         256 × 6 × 6 = 9,216
///   Affine1 with dropout                            4,096
///   Affine2 with dropout                            4,096
///   Affine3                                         a score for each class
/// ```
///
/// ReLU stands behind every layer of weights but the last.
///
/// The paper cuts the network into two towers, one for each of two graphics cards, which see each other's channels in a few
/// layers only; here every filter sees all channels. Local response normalisation is left out: later networks found that it
/// does little. Weights start as [`Init::HeNormal`] and biases at 0, in place of the paper's standard deviation of 0.01 and
/// biases of 1 in some layers, which goes with that normalisation. (The paper says 224×224; the arithmetic of its first
/// layer, `(227 − 11) / 4 + 1 = 55`, wants 227.)
///
/// With ten classes it has 58 million weights: 233 MB, and as much again for each gradient and each number that an
/// optimizer keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlexNet {
    /// Channels, height and width of an image.
    pub input_dim: [usize; 3],
    /// Neurons of each of the two hidden layers.
    pub hidden_size: usize,
    /// The number of classes: 1000 in the paper.
    pub output_size: usize,
    /// The part of the numbers that dropout drops.
    pub dropout_ratio: f64,
    /// What all weights start with.
    pub init: Init,
}

impl Default for AlexNet {
    /// The paper's sizes, for 3×227×227 images of 1000 classes.
    fn default() -> Self {
        AlexNet {
            input_dim: [3, 227, 227],
            hidden_size: 4096,
            output_size: 1000,
            dropout_ratio: 0.5,
            init: Init::HeNormal,
        }
    }
}

impl AlexNet {
    /// The layers.
    pub fn spec(&self) -> NetworkSpec {
        let AlexNet { input_dim, hidden_size, output_size, dropout_ratio: ratio, init } = *self;
        let conv = |filters, window| [LayerSpec::Convolution { filters, window, init }, LayerSpec::Relu];
        let affine = |outputs| [LayerSpec::Affine { outputs, init }, LayerSpec::Relu, LayerSpec::Dropout { ratio }];
        let pool = [LayerSpec::MaxPool { window: Window::square(3).stride(2) }];
        let square = Window::square;
        let layers = [
            &conv(96, square(11).stride(4))[..],
            &pool,
            &conv(256, square(5).pad(2)),
            &pool,
            &conv(384, square(3).pad(1)),
            &conv(384, square(3).pad(1)),
            &conv(256, square(3).pad(1)),
            &pool,
            &affine(hidden_size),
            &affine(hidden_size),
            &[LayerSpec::Affine { outputs: output_size, init }],
        ];
        NetworkSpec { input: input_dim.to_vec(), layers: layers.concat() }
    }

    /// The network, with weights drawn from `seed`.
    ///
    /// # Errors
    /// Where a setting is 0, or the sizes do not come out even: the error names the layer and the arithmetic.
    pub fn build<F: Real>(&self, seed: u64) -> Result<Network<F>, Error> {
        Network::build(self.spec(), seed)
    }
}
