//! The network of chapter 7.

use layers::{Init, Rounding, Window};
use tensor::Real;

use crate::error::Error;
use crate::network::Network;
use crate::spec::{LayerSpec, NetworkSpec};

/// The book's `SimpleConvNet`: conv - relu - pool - affine - relu - affine - softmax.
///
/// ```text
///           input   (C, H, W)                      1 × 28 × 28
///   Conv1   W1, b1  filter_num × size × size       30 × 24 × 24
///   Relu1
///   Pool1           2 × 2, stride 2                30 × 12 × 12 = 4,320
///   Affine1 W2, b2                                 100
///   Relu2
///   Affine2 W3, b3                                 10
/// ```
///
/// The settings have the book's names and, by default, its values. Images need not be square, and any size works that
/// comes out even: both the convolution and the pooling are computed with the true sizes, where the book's class takes
/// the square of half the height.
///
/// ```
/// use model::{ConvParam, SimpleConvNet};
///
/// let network = SimpleConvNet::default().build::<f32>(0)?;
/// assert_eq!(network.learned_len(), 30 * 25 + 30 + 4320 * 100 + 100 + 100 * 10 + 10);
///
/// // A size that does not come out even is refused, with the arithmetic.
/// let odd = SimpleConvNet { input_dim: [1, 29, 28], ..SimpleConvNet::default() };
/// let error = odd.build::<f32>(0).unwrap_err().to_string();
/// assert!(error.starts_with("Pool1 (layer 3): the height does not come out even: (25 + 2·0 − 2) / 2 + 1"), "{error}");
/// # Ok::<(), model::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimpleConvNet {
    /// Channels, height and width of an image.
    pub input_dim: [usize; 3],
    /// The convolution.
    pub conv_param: ConvParam,
    /// Neurons of the hidden layer.
    pub hidden_size: usize,
    /// The number of classes.
    pub output_size: usize,
    /// What all weights start with (the book's `weight_init_std` is [`Init::Normal`]).
    pub init: Init,
    /// What happens where a stride does not divide: refused by default; [`Rounding::Down`] leaves out the last rows or
    /// columns of convolution and pooling.
    pub rounding: Rounding,
}

/// The convolution of [`SimpleConvNet`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvParam {
    /// The number of filters.
    pub filter_num: usize,
    /// Height and width of a filter.
    pub filter_size: usize,
    /// Rows and columns of zeros around the image.
    pub pad: usize,
    /// Steps between two places of a filter.
    pub stride: usize,
}

impl Default for ConvParam {
    /// The book's: 30 filters of 5×5, no padding, stride 1.
    fn default() -> Self {
        ConvParam { filter_num: 30, filter_size: 5, pad: 0, stride: 1 }
    }
}

impl Default for SimpleConvNet {
    /// The book's: 1×28×28 images, 100 hidden neurons, 10 classes, weights of standard deviation 0.01.
    fn default() -> Self {
        SimpleConvNet {
            input_dim: [1, 28, 28],
            conv_param: ConvParam::default(),
            hidden_size: 100,
            output_size: 10,
            init: Init::Normal { std: 0.01 },
            rounding: Rounding::Exact,
        }
    }
}

impl SimpleConvNet {
    /// The layers.
    pub fn spec(&self) -> NetworkSpec {
        let SimpleConvNet { input_dim, conv_param, hidden_size, output_size, init, rounding } = *self;
        let ConvParam { filter_num, filter_size, pad, stride } = conv_param;
        let filter = Window::square(filter_size).pad(pad).stride(stride).rounding(rounding);
        let pool = Window::square(2).stride(2).rounding(rounding);
        NetworkSpec {
            input: input_dim.to_vec(),
            layers: vec![
                LayerSpec::Convolution { filters: filter_num, window: filter, init },
                LayerSpec::Relu,
                LayerSpec::MaxPool { window: pool },
                LayerSpec::Affine { outputs: hidden_size, init },
                LayerSpec::Relu,
                LayerSpec::Affine { outputs: output_size, init },
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
