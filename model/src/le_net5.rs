//! The network of LeCun, Bottou, Bengio and Haffner.

use layers::{Init, Window};
use tensor::Real;

use crate::error::Error;
use crate::network::Network;
use crate::spec::{LayerSpec, NetworkSpec};

/// LeNet-5, from Yann LeCun et al. (1998), *Gradient-based learning applied to document recognition*.
///
/// ```text
///            input                           1 × 28 × 28
///   Conv1    6 filters 5 × 5, padding 2      6 × 28 × 28    C1 of the paper
///   Tanh1
///   AvgPool1 2 × 2, stride 2                 6 × 14 × 14    S2
///   Conv2    16 filters 5 × 5                16 × 10 × 10   C3
///   Tanh2
///   AvgPool2 2 × 2, stride 2                 16 × 5 × 5     S4
///   Affine1                                  120            C5
///   Tanh3
///   Affine2                                  84             F6
///   Tanh4
///   Affine3                                  10             the output
/// ```
///
/// What is as in the paper: the sizes of all layers, average pooling, the hyperbolic tangent; the frame of two pixels around
/// a 28×28 image, which the paper puts into the image (32×32) and we into the padding of the first convolution.
///
/// What is not:
///
/// - The paper's sub-sampling layers have a trained coefficient and a bias for each channel; ours pass the mean on
///   ([`layers::AveragePooling`] says why that is no loss), and the tangent comes before it, as is usual now.
/// - The paper's tangent is scaled, `1.7159 · tanh(2/3 · a)`. The weights before and behind it can take up both factors.
/// - Of the paper's C3 each filter sees some of the six channels, by a table, to save time and to break symmetry; here each
///   sees all of them: 2,416 weights in place of 1,516.
/// - C5 is a convolution in the paper, of the size of what it sees, which is an affine layer.
/// - The paper's output units compute distances from fixed patterns (radial basis functions); here there are scores and
///   the softmax, as everywhere in the book.
/// - Weights start as [`Init::XavierNormal`], in place of uniformly within ±2.4 / fan-in.
///
/// The [modern](LeNet5::modern) variant has ReLU and max-pooling in the same places, and [`Init::HeNormal`].
///
/// ```
/// use model::LeNet5;
///
/// let network = LeNet5::default().build::<f32>(0)?;
/// assert_eq!(network.learned_len(), 61_706);
/// assert_eq!(LeNet5::modern().build::<f32>(0)?.learned_len(), 61_706);
/// # Ok::<(), model::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeNet5 {
    /// Channels, height and width of an image.
    pub input_dim: [usize; 3],
    /// The number of classes.
    pub output_size: usize,
    /// What stands behind each layer of weights but the last.
    pub activation: LeNet5Activation,
    /// What all weights start with.
    pub init: Init,
}

/// The activation of [`LeNet5`], and the pooling that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeNet5Activation {
    /// The hyperbolic tangent and average pooling, as in the paper.
    Tanh,
    /// ReLU and max-pooling, as one would do it now.
    Relu,
}

impl Default for LeNet5 {
    /// As in the paper: for 1×28×28 images of 10 classes, tangent and average pooling.
    fn default() -> Self {
        LeNet5 { input_dim: [1, 28, 28], output_size: 10, activation: LeNet5Activation::Tanh, init: Init::XavierNormal }
    }
}

impl LeNet5 {
    /// The modern variant: ReLU and max-pooling.
    pub fn modern() -> Self {
        LeNet5 { activation: LeNet5Activation::Relu, init: Init::HeNormal, ..LeNet5::default() }
    }

    /// The layers.
    pub fn spec(&self) -> NetworkSpec {
        let LeNet5 { input_dim, output_size, activation, init } = *self;
        let window = Window::square(2).stride(2);
        let (activation, pool) = match activation {
            LeNet5Activation::Tanh => (LayerSpec::Tanh, LayerSpec::AveragePool { window }),
            LeNet5Activation::Relu => (LayerSpec::Relu, LayerSpec::MaxPool { window }),
        };
        let conv = |filters, pad| LayerSpec::Convolution { filters, window: Window::square(5).pad(pad), init };
        let affine = |outputs| LayerSpec::Affine { outputs, init };
        NetworkSpec {
            input: input_dim.to_vec(),
            layers: vec![
                conv(6, 2),
                activation,
                pool,
                conv(16, 0),
                activation,
                pool,
                affine(120),
                activation,
                affine(84),
                activation,
                affine(output_size),
            ],
        }
    }

    /// The network, with weights drawn from `seed`.
    ///
    /// # Errors
    /// Where a setting is 0, or the sizes do not come out even: the error names the layer and the arithmetic.
    pub fn build<F: Real>(&self, seed: u64) -> Result<Network<F>, Error> {
        Network::build(self.spec(), seed)
    }
}
