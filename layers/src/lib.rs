//! Layers of a neural network, each with an explicit backward pass, as "Deep Learning from Scratch" writes them.
#![forbid(unsafe_code)]

mod affine;
mod convolution;
mod error;
mod init;
mod labels;
mod layer;
mod pooling;
mod random;
mod relu;
mod sequential;
mod shape;
mod softmax_with_loss;
mod tape;
mod workspace;

pub use affine::Affine;
pub use convolution::Convolution;
pub use error::{NetworkError, ShapeError};
pub use init::{Fans, Init};
pub use labels::Labels;
pub use layer::{Layer, Param, backward, forward, infer};
pub use pooling::Pooling;
pub use random::{Purpose, Random};
pub use relu::Relu;
pub use sequential::Sequential;
pub use softmax_with_loss::{SoftmaxWithLoss, softmax};
pub use tape::Tape;
pub use tensor::{self, Geometry, Real, Rounding, Window, ndarray};
pub use workspace::Workspace;
