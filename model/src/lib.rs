//! The networks of "Deep Learning from Scratch" and two famous ones, their training and their parameter files.
//!
//! - [`SimpleConvNet`] is the book's class: its settings, and [`build`](SimpleConvNet::build).
//! - [`LeNet5`], [`DeepConvNet`] (chapter 8) and [`AlexNet`] are others; [`NetworkKind`] knows all of them by name.
//! - [`Network`] is what comes out: `classify`, `predict`, `loss`, `accuracy`, `gradient`, `save_params`, `load_params`. It is built
//!   from a [`NetworkSpec`], so other networks are a list of layers away.
//! - [`Trainer`] is the book's trainer. It tells what happens through [`Event`]s; nothing here prints.
//! - [`params`] describes the parameter file, [`checkpoint`] the one with all that a training needs to go on,
//!   [`formats`] the files of others: the book's `params.pkl`, npz, safetensors, ONNX.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use datasets::digits;
//! use model::{ConvParam, Event, SimpleConvNet, Trainer, TrainerConfig, evaluate};
//!
//! // A small network learns the handwritten digits that the crate `datasets` draws.
//! let digits = digits::splits(600, 100, 0);
//! let conv_param = ConvParam { filter_num: 4, ..ConvParam::default() };
//! let mut network = SimpleConvNet { conv_param, hidden_size: 32, ..SimpleConvNet::default() }.build(0)?;
//!
//! let config = TrainerConfig { epochs: 4, batch_size: 10, ..TrainerConfig::default() };
//! let history = Trainer::new(config)?.train(&mut network, &digits.train, &digits.test, &mut |event| {
//!     if let Event::Epoch { epoch, mean_loss, .. } = event {
//!         println!("epoch {epoch}: loss {mean_loss:.3}");
//!     }
//!     ControlFlow::Continue(())
//! })?;
//!
//! let [first, .., last] = history.train_loss_list[..] else { unreachable!() };
//! assert!(last < first);
//! assert!(evaluate(&network, &digits.test)?.accuracy() > 0.4); // guessing would give 0.1
//! # Ok::<(), model::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | brings | by default |
//! |---|---|---|
//! | `save` | writing files: [`Network::save_params`], [`replace_file`] | yes |
//! | `gzip` | data sets that are compressed, as MNIST is published | yes |
//! | `formats` | safetensors and npz files in [`formats`] | no |
//!
//! A program that loads a network and classifies needs none of them.
#![forbid(unsafe_code)]

mod alex_net;
mod batch;
mod calibration;
pub mod checkpoint;
mod classification;
mod construct;
mod dead;
mod deep_conv_net;
mod error;
mod event;
mod file;
mod fingerprint;
pub mod formats;
mod guesses;
mod history;
mod le_net5;
mod metrics;
mod network;
mod network_kind;
mod not_finite;
mod optimizer_step;
pub mod params;
mod progress;
#[cfg(feature = "save")]
mod replace_file;
mod row_major;
mod shape;
mod simple_conv_net;
mod smooth_curve;
mod spec;
mod statistics;
mod summary;
mod trace;
mod trainer;
mod trainer_config;
mod warning;
mod watch;

pub use alex_net::AlexNet;
pub use batch::Batch;
pub use calibration::{Bin, Calibration};
pub use checkpoint::{Checkpoint, CheckpointError, CheckpointFiles, Difference, Found, Images, Origin, Setting};
pub use classification::Classification;
pub use datasets::{self, Position, Sampling, Scaling};
pub use dead::{Dead, Units};
pub use deep_conv_net::DeepConvNet;
pub use error::{Error, Part};
pub use event::Event;
pub use fingerprint::params_sha256;
pub use guesses::{Guess, Guesses, guess};
pub use history::History;
pub use layers;
pub use le_net5::{LeNet5, LeNet5Activation};
pub use metrics::{Evaluation, evaluate};
pub use network::Network;
pub use network_kind::{NetworkKind, UnknownNetwork};
pub use not_finite::NotFinite;
pub use optim::{self, OptimizerConfig, OptimizerKind};
pub use optimizer_step::OptimizerStep;
pub use params::ParamsError;
#[cfg(feature = "save")]
pub use replace_file::{replace_file, try_to_write};
pub use simple_conv_net::{ConvParam, SimpleConvNet};
pub use smooth_curve::smooth_curve;
pub use spec::{LayerSpec, NetworkSpec, SpecError};
pub use summary::{LayerSummary, Operations, Summary};
pub use trace::StepTrace;
pub use trainer::{Trainer, Training};
pub use trainer_config::TrainerConfig;
pub use warning::Warning;
