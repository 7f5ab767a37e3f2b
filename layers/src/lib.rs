//! Layers of a neural network, each with an explicit backward pass, as "Deep Learning from Scratch" writes them.
//!
//! | layer | forward | book |
//! |---|---|---|
//! | [`Convolution`] | `Y = im2col(x) · Wᵀ + b` | 7.4.3 |
//! | [`Pooling`], [`AveragePooling`] | the largest element under each window, or the mean | 7.4.4 |
//! | [`Affine`] | `Y = X · W + b` | 5.6 |
//! | [`Relu`] | `y = 0 where x ≤ 0, else x` | 5.5.1 |
//! | [`Sigmoid`], [`Tanh`] | `y = 1 / (1 + exp(−x))`, `y = tanh(x)` | 5.5.2 |
//! | [`BatchNormalization`] | `y = gamma · (x − mean) / std + beta` | 6.3 |
//! | [`Dropout`] | `y = x · mask` | 6.4.3 |
//! | [`SoftmaxWithLoss`] | `loss = −log(exp(x_t) / Σ exp(x_j))` | 5.6.3 |
//!
//! The page of each has the same headings: Forward, Shapes, Backward (where the derivative comes from), Cache, Book,
//! Example (small enough to check by hand).
//!
//! # A first try
//!
//! A layer is made of literal numbers or drawn by an initialiser ([`Init`]), and the free functions [`forward`],
//! [`backward`] and [`infer`] run it:
//!
//! ```
//! use layers::Affine;
//! use layers::ndarray::array;
//!
//! let mut layer = Affine::new(array![[1.0], [2.0]], array![0.5])?;
//! let x = array![[3.0, 4.0]].into_dyn();
//! let y = layers::forward(&mut layer, &x);
//! assert_eq!(y, array![[11.5]].into_dyn()); // 3·1 + 4·2 + 0.5
//! let dx = layers::backward(&mut layer, &x, &y, &array![[1.0]].into_dyn());
//! assert_eq!(dx, array![[1.0, 2.0]].into_dyn());
//! # Ok::<(), layers::NetworkError>(())
//! ```
//!
//! # A network
//!
//! [`Sequential`] puts layers one after the other, checks all shapes when it is built, and reuses its memory: a [`Tape`]
//! holds what a step of training needs, a [`Workspace`] what inference needs.
//!
//! ```
//! use layers::ndarray::{Array2, array};
//! use layers::{Affine, Init, Labels, Layer, Purpose, Random, Relu, Sequential, SoftmaxWithLoss, Tape};
//!
//! // Exclusive or: the class is 1 where one of the two inputs is 1, but not both.
//! let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].into_dyn();
//! let t = Labels::Classes(&[0, 1, 1, 0]);
//!
//! let mut random = Random::new(1, Purpose::Weights);
//! let layers: Vec<Box<dyn Layer>> = vec![
//!     Box::new(Affine::random(2, 8, Init::HeNormal, &mut random)?),
//!     Box::new(Relu),
//!     Box::new(Affine::random(8, 2, Init::HeNormal, &mut random)?),
//! ];
//! let mut network = Sequential::new(&[2], layers)?;
//! let mut last = SoftmaxWithLoss::new();
//! let (mut tape, mut dscores) = (Tape::new(), Array2::zeros((4, 2)));
//!
//! for _ in 0..500 {
//!     let scores = network.forward(x.view(), &mut tape);
//!     last.forward(scores.into_dimensionality()?, t);
//!     last.backward(t, dscores.view_mut());
//!     network.backward(x.view(), &mut tape, dscores.view().into_dyn());
//!     network.visit_params_mut(&mut |_name, param| {
//!         let (value, grad) = param.value_and_grad_mut();
//!         value.iter_mut().zip(grad).for_each(|(value, grad)| *value -= 0.1 * *grad);
//!     });
//! }
//!
//! let scores = network.predict(x.view());
//! for (i, class) in [0, 1, 1, 0].into_iter().enumerate() {
//!     assert!(scores[[i, class]] > scores[[i, 1 - class]]);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Is it right?
//!
//! [`gradient_check()`] compares the backward pass of a whole network with differences of its loss, in `f64`. A layer of
//! your own ([`Layer`] has four methods that must be written) is checked by it, too.
//!
//! # Conventions
//!
//! - The first axis is the batch (N); images are (N, C, H, W); arrays are row-major. Only the weights of [`Affine`] are
//!   stored in another order.
//! - `f32` unless told otherwise; everything works in `f64` too.
//! - Shapes are checked when a network is built. An array of another shape handed to a layer afterwards is a mistake in
//!   the program: it panics, with the name of the layer and both shapes. So does an empty batch.
//! - `backward` overwrites gradients. NaN passes through every layer.
//! - Same seed, same bits, on every machine: random numbers come from [`Random`].
#![forbid(unsafe_code)]

mod affine;
mod average_pooling;
mod batch_normalization;
mod convolution;
mod dropout;
mod elementwise;
mod error;
mod gradient_check;
mod gradient_report;
mod init;
mod labels;
mod layer;
mod numerical_gradient;
mod param;
mod pooling;
mod random;
mod relu;
mod sequential;
mod shape;
mod sigmoid;
mod softmax_with_loss;
mod stage;
mod tanh;
mod tape;
mod trace;
mod updates;
mod workspace;

pub use affine::Affine;
pub use average_pooling::AveragePooling;
pub use batch_normalization::BatchNormalization;
pub use convolution::Convolution;
pub use dropout::Dropout;
pub use error::{NetworkError, ShapeError};
pub use gradient_check::{GradientCheck, gradient_check};
pub use gradient_report::{ElementError, GradientFailure, GradientReport, ParameterReport};
pub use init::{Fans, Init};
pub use labels::Labels;
pub use layer::{Layer, backward, forward, infer};
pub use numerical_gradient::numerical_gradient;
pub use param::Param;
pub use pooling::Pooling;
pub use random::{Purpose, Random};
pub use relu::Relu;
pub use sequential::Sequential;
pub use sigmoid::Sigmoid;
pub use softmax_with_loss::{SoftmaxWithLoss, softmax};
pub use tanh::Tanh;
pub use tape::Tape;
pub use tensor::{self, Geometry, Real, Rounding, Window, ndarray};
pub use trace::{Activation, LayerStep};
pub use updates::Updates;
pub use workspace::Workspace;
