//! The network of chapter 8.

use layers::{Init, Window};
use tensor::Real;

use crate::error::Error;
use crate::network::Network;
use crate::spec::{LayerSpec, NetworkSpec};

/// The book's `DeepConvNet` (`deep_convnet.py` of chapter 8): six convolutions of 3×3, each followed by ReLU, and max-pooling
/// behind every second one; then two affine layers with dropout.
///
/// ```text
///   input     1 × 28 × 28
///   Conv1     16 × 28 × 28    padding 1       Conv4     32 × 16 × 16    padding 2
///   Conv2     16 × 28 × 28    padding 1       Pool2     32 × 8 × 8
///   Pool1     16 × 14 × 14                    Conv5     64 × 8 × 8      padding 1
///   Conv3     32 × 14 × 14    padding 1       Conv6     64 × 8 × 8      padding 1
///                                             Pool3     64 × 4 × 4 = 1,024
///   Affine1   50, ReLU, dropout               Affine2   10, dropout
/// ```
///
/// All weights start as [`Init::HeNormal`], each layer with its own number of inputs, as in the book. There is dropout on
/// the scores too, which is the book's.
///
/// ```
/// use model::DeepConvNet;
///
/// let network = DeepConvNet::default().build::<f32>(0)?;
/// assert_eq!(network.layers().shapes()[5 + 5 + 4], [64, 4, 4]);
/// # Ok::<(), model::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeepConvNet {
    /// Channels, height and width of an image.
    pub input_dim: [usize; 3],
    /// Neurons of the hidden layer.
    pub hidden_size: usize,
    /// The number of classes.
    pub output_size: usize,
    /// The part of the numbers that dropout drops.
    pub dropout_ratio: f64,
    /// What all weights start with.
    pub init: Init,
}

impl Default for DeepConvNet {
    /// The book's: 1×28×28 images, 50 hidden neurons, 10 classes, half of the numbers dropped.
    fn default() -> Self {
        DeepConvNet {
            input_dim: [1, 28, 28],
            hidden_size: 50,
            output_size: 10,
            dropout_ratio: 0.5,
            init: Init::HeNormal,
        }
    }
}

impl DeepConvNet {
    /// The layers.
    pub fn spec(&self) -> NetworkSpec {
        let DeepConvNet { input_dim, hidden_size, output_size, dropout_ratio: ratio, init } = *self;
        let mut layers = Vec::new();
        for (filters, pads) in [(16, [1, 1]), (32, [1, 2]), (64, [1, 1])] {
            for pad in pads {
                layers.push(LayerSpec::Convolution { filters, window: Window::square(3).pad(pad), init });
                layers.push(LayerSpec::Relu);
            }
            layers.push(LayerSpec::MaxPool { window: Window::square(2).stride(2) });
        }
        layers.extend([
            LayerSpec::Affine { outputs: hidden_size, init },
            LayerSpec::Relu,
            LayerSpec::Dropout { ratio },
            LayerSpec::Affine { outputs: output_size, init },
            LayerSpec::Dropout { ratio },
        ]);
        NetworkSpec { input: input_dim.to_vec(), layers }
    }

    /// The network, with weights drawn from `seed`.
    ///
    /// # Errors
    /// Where a setting is 0, or the sizes do not come out even: the error names the layer and the arithmetic.
    pub fn build<F: Real>(&self, seed: u64) -> Result<Network<F>, Error> {
        Network::build(self.spec(), seed)
    }
}
