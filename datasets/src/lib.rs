//! Labelled images for small networks: MNIST and its cousins, digits drawn by the code, batches.
//!
//! | what | where |
//! |---|---|
//! | images and labels in memory, a byte a pixel | [`Dataset`], in two parts: [`Splits`] |
//! | the order of training | [`Batches`]: shuffled epochs, or with replacement as the book does it |
//! | bytes as numbers | [`Scaling`]: `byte / 255`, or mean and deviation |
//! | MNIST and Fashion-MNIST | [`find`] their folder, [`mnist::load`] them |
//! | digits drawn by the code, where no file is | [`digits`] |
//! | coloured pictures of 3×227×227 pixels drawn by the code | [`figures`] |
//! | the file format of MNIST | [`idx`] |
//!
//! # From bytes to a batch
//!
//! A network is fed through two buffers that are filled again for every batch; nothing is allocated.
//!
//! ```
//! use datasets::{Batches, Sampling, Scaling, digits};
//!
//! let splits = digits::splits(250, 50, 0);
//! let mut batches = Batches::new(splits.train.len(), 100, Sampling::Epoch, 0)?;
//! let mut x = vec![0.0; batches.largest_batch() * splits.train.image_len()]; // (N, 1, 28, 28)
//! let mut t = vec![0; batches.largest_batch()]; // (N,)
//!
//! for _ in 0..batches.steps_per_epoch() {
//!     let batch = batches.next_batch();
//!     let (x, t) = (&mut x[..batch.len() * splits.train.image_len()], &mut t[..batch.len()]);
//!     splits.train.gather(batch, Scaling::Unit, x, t);
//!     assert!(batch.len() == 100 || batch.len() == 50); // the last one is smaller: no image is lost
//! }
//! # Ok::<(), datasets::Error>(())
//! ```
//!
//! # The real MNIST, or else the digits
//!
//! ```no_run
//! use datasets::{Error, MnistKind, digits, mnist};
//!
//! let train = match datasets::find(MnistKind::Mnist, None) {
//!     Ok(dir) => mnist::load(MnistKind::Mnist, &dir)?.train.limit(100),
//!     Err(Error::NotFound { .. }) => digits::splits(100, 10, 0).train,
//!     Err(damaged) => return Err(damaged),
//! };
//! assert_eq!(train.len(), 100);
//! # Ok::<(), Error>(())
//! ```
//!
//! # The book
//!
//! `dataset/mnist.py` of "Deep Learning from Scratch" has three options. `normalize` is [`Scaling::Unit`] or
//! [`Scaling::Bytes`]; `flatten` is [`Dataset::flattened`] instead of [`Dataset::images`]; `one_hot_label` is
//! [`Dataset::one_hot`] instead of [`Dataset::class_indices`].
//!
//! # Features
//!
//! | feature | brings | by default |
//! |---|---|---|
//! | `batches` | [`Batches`], [`Dataset::split`] | with either of the others |
//! | `arrays` | whole data sets as [`ndarray`] arrays | yes |
//! | `digits` | the built-in digits and figures | yes |
//! | `gzip` | compressed IDX files, as MNIST is published; without it they are refused with a word | yes |
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
#[cfg(feature = "digits")]
pub mod figures;
mod find;
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
