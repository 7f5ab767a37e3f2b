//! Labelled images for small networks: IDX files, MNIST and Fashion-MNIST, batches.
#![forbid(unsafe_code)]

#[cfg(feature = "arrays")]
mod arrays;
#[cfg(feature = "batches")]
mod batches;
pub mod checksum;
mod dataset;
#[cfg(feature = "digits")]
pub mod digits;
mod error;
mod find;
mod gzip;
pub mod idx;
pub mod mnist;
#[cfg(feature = "batches")]
mod random;
mod scaling;

#[cfg(feature = "batches")]
pub use batches::{Batches, Position, Sampling};
pub use dataset::{Dataset, Part, Splits};
pub use error::{Error, NamedBy};
pub use find::{cache_dir, find};
pub use mnist::MnistKind;
#[cfg(feature = "arrays")]
pub use ndarray;
pub use scaling::Scaling;
