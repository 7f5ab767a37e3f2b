//! Arrays and arithmetic of a small convolutional network.
#![deny(unsafe_code)]

pub mod affine;
mod buffer;
pub mod conv_pool;
pub mod convolution;
mod error;
mod gemm;
mod geometry;
pub mod im2col;
#[allow(unsafe_code)]
mod kernels;
pub mod machine;
pub mod pooling;
mod real;
#[allow(unsafe_code)]
pub mod threads;
mod update;

pub use buffer::Buffer;
pub use error::GeometryError;
pub use gemm::gemm;
pub use geometry::{Geometry, Rounding, Window};
pub use kernels::{Isa, IsaError, Plan, Vectorize, isa, vectorize};
pub use ndarray;
pub use real::Real;
pub use update::{Rule, Update};

/// How much the arithmetic was optimised when it was compiled, as Cargo's `opt-level` says it: `"0"` (not at all) to `"3"`,
/// `"s"` or `"z"`. Without optimisation everything here is very slow.
pub const OPT_LEVEL: &str = env!("TENSOR_OPT_LEVEL");
