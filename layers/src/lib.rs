//! Layers of a neural network, each with an explicit backward pass, as "Deep Learning from Scratch" writes them.
#![forbid(unsafe_code)]

mod affine;
mod batch_normalization;
mod convolution;
mod dropout;
mod error;
mod gradient_check;
mod gradient_report;
mod init;
mod labels;
mod layer;
mod numerical_gradient;
mod pooling;
mod random;
mod relu;
mod sequential;
mod shape;
mod sigmoid;
mod softmax_with_loss;
mod tanh;
mod tape;
mod workspace;

pub use affine::Affine;
pub use batch_normalization::BatchNormalization;
pub use convolution::Convolution;
pub use dropout::Dropout;
pub use error::{NetworkError, ShapeError};
pub use gradient_check::{GradientCheck, gradient_check};
pub use gradient_report::{ElementError, GradientFailure, GradientReport, ParameterReport};
pub use init::{Fans, Init};
pub use labels::Labels;
pub use layer::{Layer, Param, backward, forward, infer};
pub use numerical_gradient::numerical_gradient;
pub use pooling::Pooling;
pub use random::{Purpose, Random};
pub use relu::Relu;
pub use sequential::Sequential;
pub use sigmoid::Sigmoid;
pub use softmax_with_loss::{SoftmaxWithLoss, softmax};
pub use tanh::Tanh;
pub use tape::Tape;
pub use tensor::{self, Geometry, Real, Rounding, Window, ndarray};
pub use workspace::Workspace;
