//! Networks as plain descriptions.

use std::fmt;

use layers::{Init, NetworkError, Rounding, Window};

/// What a network is made of: enough to build it, without any weights.
///
/// ```
/// use layers::{Init, Window};
/// use model::{LayerSpec, Network, NetworkSpec};
///
/// let init = Init::default();
/// let spec = NetworkSpec {
///     input: vec![1, 28, 28],
///     layers: vec![
///         LayerSpec::Convolution { filters: 30, window: Window::square(5), init },
///         LayerSpec::Relu,
///         LayerSpec::MaxPool { window: Window::square(2).stride(2) },
///         LayerSpec::Affine { outputs: 10, init },
///     ],
/// };
/// let network = Network::<f32>::build(spec, 0)?;
/// assert_eq!(network.classes(), 10);
/// # Ok::<(), model::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkSpec {
    /// The shape of one input, without the batch axis: (C, H, W) for images.
    pub input: Vec<usize>,
    /// The layers, first to last, without the softmax at the end. The last one gives one score a class.
    pub layers: Vec<LayerSpec>,
}

/// What a layer is. How many channels or inputs come in is not said: that follows from the layers before.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum LayerSpec {
    /// [`layers::Convolution`].
    Convolution {
        /// The number of filters (FN).
        filters: usize,
        /// Kernel, stride and padding.
        window: Window,
        /// What the weights start with; biases start at 0.
        init: Init,
    },
    /// [`layers::Relu`].
    Relu,
    /// [`layers::Sigmoid`].
    Sigmoid,
    /// [`layers::Tanh`].
    Tanh,
    /// [`layers::Pooling`].
    MaxPool {
        /// Kernel, stride and padding.
        window: Window,
    },
    /// [`layers::AveragePooling`].
    AveragePool {
        /// Kernel, stride and padding.
        window: Window,
    },
    /// [`layers::Affine`]; flattens what comes in.
    Affine {
        /// The number of outputs.
        outputs: usize,
        /// What the weights start with; biases start at 0.
        init: Init,
    },
    /// [`layers::Dropout`].
    Dropout {
        /// The part of the numbers that is dropped in training, from 0 to below 1.
        ratio: f64,
    },
    /// [`layers::BatchNormalization`].
    BatchNormalization {
        /// How much of the running mean and variance stays in each step of training (the book: 0.9).
        momentum: f64,
    },
}

impl LayerSpec {
    /// The book's short name of the class: `"Conv"`, `"Relu"`, `"Pool"`, …
    pub fn short_name(&self) -> &'static str {
        match self {
            LayerSpec::Convolution { .. } => "Conv",
            LayerSpec::Relu => "Relu",
            LayerSpec::Sigmoid => "Sigmoid",
            LayerSpec::Tanh => "Tanh",
            LayerSpec::MaxPool { .. } => "Pool",
            LayerSpec::AveragePool { .. } => "AvgPool",
            LayerSpec::Affine { .. } => "Affine",
            LayerSpec::Dropout { .. } => "Dropout",
            LayerSpec::BatchNormalization { .. } => "BatchNorm",
        }
    }

    /// The same layer as far as inference goes: without what only matters before and during training.
    pub(crate) fn for_inference(self) -> LayerSpec {
        let init = Init::default();
        match self {
            LayerSpec::Convolution { filters, window, .. } => LayerSpec::Convolution { filters, window, init },
            LayerSpec::Affine { outputs, .. } => LayerSpec::Affine { outputs, init },
            LayerSpec::BatchNormalization { .. } => LayerSpec::BatchNormalization { momentum: 0.0 },
            other => other,
        }
    }
}

impl fmt::Display for LayerSpec {
    /// The settings in words, as the description of a network calls them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LayerSpec::Convolution { filters, window, init } => {
                write!(f, "convolution, filters {filters}, {}, init {init}", in_words(window))
            }
            LayerSpec::Relu => write!(f, "relu"),
            LayerSpec::Sigmoid => write!(f, "sigmoid"),
            LayerSpec::Tanh => write!(f, "tanh"),
            LayerSpec::MaxPool { window } => write!(f, "max-pool, {}", in_words(window)),
            LayerSpec::AveragePool { window } => write!(f, "average-pool, {}", in_words(window)),
            LayerSpec::Affine { outputs, init } => write!(f, "affine, outputs {outputs}, init {init}"),
            LayerSpec::Dropout { ratio } => write!(f, "dropout, ratio {ratio:?}"),
            LayerSpec::BatchNormalization { momentum } => write!(f, "batch-normalization, momentum {momentum:?}"),
        }
    }
}

/// "kernel 5×5, stride 1×1, pad 0×0".
fn in_words(window: &Window) -> String {
    let Window { kernel, stride, pad, rounding } = window;
    let sizes = [("kernel", kernel), ("stride", stride), ("pad", pad)];
    let sizes = sizes.map(|(name, [vertical, horizontal])| format!("{name} {vertical}×{horizontal}")).join(", ");
    match rounding {
        Rounding::Exact => sizes,
        Rounding::Down => format!("{sizes}, rounding down"),
    }
}

impl NetworkSpec {
    /// The book's name of the layer at `index` (from 0): `"Conv1"`, `"Relu1"`, …, numbered by kind.
    ///
    /// # Panics
    /// If there is no such layer.
    pub fn layer_name(&self, index: usize) -> String {
        let name = self.layers[index].short_name();
        let number = self.layers[..=index].iter().filter(|layer| layer.short_name() == name).count();
        format!("{name}{number}")
    }
}

/// Why a description is not that of a network.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The layers do not fit together.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The last layer does not give one score a class.
    #[error(
        "{layer} is the last layer and gives an output of shape {shape:?}, but one axis is expected, a score for each \
         class; put an Affine layer at the end"
    )]
    Scores {
        /// The name of the last layer.
        layer: String,
        /// The shape of its output, without the batch axis.
        shape: Vec<usize>,
    },
}
