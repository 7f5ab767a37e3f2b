//! What can be wrong with a network.

use tensor::GeometryError;

/// Why a layer cannot take an input of some shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// The window does not fit.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Wrong number of axes.
    #[error("expected an input of shape {expected}, got {got:?} ({} axes)", got.len())]
    Axes {
        /// The shape in words: "(C, H, W)".
        expected: &'static str,
        /// The shape that came, without the batch axis.
        got: Vec<usize>,
    },
    /// An axis has the wrong size.
    #[error("expected {expected} {axis}, got {got}")]
    Size {
        /// What the axis counts: "channels", "inputs", …
        axis: &'static str,
        /// The size that the layer was built for.
        expected: usize,
        /// The size that came.
        got: usize,
    },
    /// There is nothing in it.
    #[error("the shape {shape:?} has no elements; every size must be at least 1")]
    Empty {
        /// The shape, without the batch axis.
        shape: Vec<usize>,
    },
    /// It has more elements than this machine can address.
    #[error("the shape {shape:?} has more elements than this machine can address")]
    TooLarge {
        /// The shape, without the batch axis.
        shape: Vec<usize>,
    },
}

/// Why a network cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// A layer cannot take what the layer before it gives.
    #[error("{layer} (layer {}): {source}", index + 1)]
    Layer {
        /// Position of the layer, from 0.
        index: usize,
        /// Its name: "Conv1", "Affine2", …
        layer: String,
        /// What is wrong.
        source: ShapeError,
    },
    /// No layers.
    #[error("a network needs at least one layer")]
    NoLayers,
    /// No network can take such an input.
    #[error("the input: {0}")]
    Input(#[source] ShapeError),
    /// A size that must be at least one is zero.
    #[error("{layer}: the {what} is 0, and must be at least 1")]
    Zero {
        /// The kind of the layer: "Convolution".
        layer: &'static str,
        /// Which size: "number of filters", …
        what: &'static str,
    },
    /// Two arrays or settings of a layer do not fit together.
    #[error("{layer}: expected {what} of shape {expected:?} to go with {with}, got {got:?}")]
    Parameter {
        /// The kind of the layer: "Convolution".
        layer: &'static str,
        /// Which array: "b".
        what: &'static str,
        /// The shape that it must have.
        expected: Vec<usize>,
        /// What it must go with: "W".
        with: &'static str,
        /// The shape that came.
        got: Vec<usize>,
    },
    /// The parameters do not fit into memory.
    #[error("{layer}: weights of shape {shape:?} do not fit into memory")]
    TooLarge {
        /// The kind of the layer: "Convolution".
        layer: &'static str,
        /// The shape of the weights.
        shape: Vec<usize>,
    },
    /// A setting of a layer is no number that it can work with.
    #[error("{layer}: {what} must be {expected}, got {got:?}")]
    Setting {
        /// The kind of the layer: "Dropout".
        layer: &'static str,
        /// Which setting.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it was.
        got: f64,
    },
}

impl NetworkError {
    /// Refuses the first of the named sizes that is zero.
    pub(crate) fn refuse_zeros(layer: &'static str, sizes: &[(&'static str, usize)]) -> Result<(), Self> {
        match sizes.iter().find(|(_, size)| *size == 0) {
            None => Ok(()),
            Some(&(what, _)) => Err(NetworkError::Zero { layer, what }),
        }
    }
}
