//! SGD, Momentum, Nesterov, AdaGrad, RMSprop and Adam over plain slices, in the form and with the defaults of "Deep
//! Learning from Scratch" (chapter 6).
//!
//! An optimizer knows nothing of layers or arrays. Whoever holds the parameters numbers them from 0 (the *slot*), and
//! hands value and gradient of each over once a step:
//!
//! ```
//! use optim::{Optimizer, Sgd, SgdConfig};
//!
//! // f(w) = w², whose gradient is 2w: the smallest value is at 0.
//! let mut w = [1.0_f32];
//! let mut optimizer = Sgd::new(SgdConfig { lr: 0.1 })?;
//! for _ in 0..100 {
//!     let grad = [2.0 * w[0]];
//!     optimizer.begin_step();
//!     optimizer.update(0, &mut w, &grad);
//! }
//! assert!(w[0].abs() < 1e-6);
//! # Ok::<(), optim::OptimError>(())
//! ```
//!
//! | optimizer | one step for a parameter w of gradient g | defaults |
//! |---|---|---|
//! | [`Sgd`] | w ← w − lr·g | lr 0.01 |
//! | [`Momentum`] | v ← μ·v − lr·g, w ← w + v | lr 0.01, μ 0.9 |
//! | [`Nesterov`] | w ← w + μ²·v − (1 + μ)·lr·g, v ← μ·v − lr·g | lr 0.01, μ 0.9 |
//! | [`AdaGrad`] | h ← h + g², w ← w − lr·g / (√h + ε) | lr 0.01, ε 1e-7 |
//! | [`RmsProp`] | h ← ρ·h + (1 − ρ)·g², w ← w − lr·g / (√h + ε) | lr 0.01, ρ 0.99, ε 1e-7 |
//! | [`Adam`] | m ← m + (1 − β₁)·(g − m), v ← v + (1 − β₂)·(g² − v), w ← w − lrₜ·m / (√v + ε) | lr 0.001, β₁ 0.9, β₂ 0.999, ε 1e-7 |
//!
//! Under each stands a pure function over slices ([`adam_step`], …): the formula itself. Beside them there are
//! [`weight_decay`] and learning-rate [`schedule`]s.
#![forbid(unsafe_code)]

mod ada_grad;
mod adam;
mod compiled;
mod error;
mod kind;
mod momentum;
mod nesterov;
mod optimizer;
mod rms_prop;
pub mod schedule;
mod sgd;
mod state;
pub mod weight_decay;

pub use ada_grad::{AdaGrad, AdaGradConfig, ada_grad_step};
pub use adam::{Adam, AdamCoefficients, AdamConfig, adam_step};
pub use compiled::Steps;
pub use error::OptimError;
pub use kind::{OptimizerConfig, OptimizerKind};
pub use momentum::{Momentum, MomentumConfig, momentum_step};
pub use nesterov::{Nesterov, NesterovConfig, nesterov_step};
pub use optimizer::Optimizer;
pub use rms_prop::{RmsProp, RmsPropConfig, rms_prop_step};
pub use schedule::Schedule;
pub use sgd::{Sgd, SgdConfig, sgd_step};
pub use state::State;
