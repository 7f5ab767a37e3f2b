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
    #[error("the {axis} must be at least 1, got 0")]
    Empty {
        /// Which axis.
        axis: &'static str,
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
    /// A setting of a layer is no number that it can work with.
    #[error("{layer}: {what} must be {expected}, got {got}")]
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
