//! What the programs `train`, `evaluate`, `convert`, `gradcheck`, `filterviz`, `applyfilter` and `explain` are made of; `bench` has
//! its own modules beside it.
//!
//! | module | what is in it |
//! |---|---|
//! | [`program`] | how a program starts and ends: command line, exit code, complaints |
//! | [`args`] | flags that several programs share |
//! | [`data`] | finding what to learn from |
//! | [`files`] | the folder for results |
//! | [`listener`] | progress bar, log, table of epochs, JSON lines: what hears the events of a training |
//! | [`history_csv`](history_csv()), [`network_table`](network_table()), [`class_table`](class_table()) | a training, a network, how well classes are known: as text |
//! | [`train_args`], [`train_text`] | the command line of `train`, and what it says |
//! | [`beginning`], [`keeper`], [`lock`], [`stop`] | where a training begins, its checkpoints, one training a folder, Ctrl-C |
//! | [`remedy`] | what to do about a training that does not go well |
//! | [`tensorboard`] | files for TensorBoard |
//! | [`size`] | refusing what would not fit into memory |
//! | [`text`], [`console`], [`terminal`] | numbers for readers, standard output, what moves in the terminal |
//! | [`picture`] | from arrays to pictures |
//! | [`filters`] | the filters of a network: as pictures, and over a picture |
//! | [`report`] | all pictures of a training, and one page with them |
//! | [`html`] | pages that are one file |
//! | [`machine`] | the processor, the system, the clock |
//! | [`sample`], [`activations`] | an image of a data set, and what every layer makes of it |
//! | [`weights`] | networks from files of any format |
//! | [`convert`] | from one format to another |
//! | [`evaluate`] | how good a network is, in numbers |
//! | [`picture_folder`], [`frame`] | a folder of PNG files as a data set, in MNIST's frame |
//! | [`python`] | packages of Python in an environment of their own |
//! | [`explain`] | its way through a network and back, with the numbers |
#![forbid(unsafe_code)]

pub mod activations;
mod advice;
pub mod args;
pub mod beginning;
mod class_table;
pub mod console;
pub mod convert;
pub mod data;
pub mod evaluate;
pub mod explain;
pub mod files;
pub mod filters;
pub mod frame;
mod history_csv;
pub mod html;
pub mod keeper;
pub mod listener;
pub mod lock;
pub mod machine;
pub mod network_args;
pub mod network_file;
mod network_table;
pub mod optimisation;
pub mod picture;
pub mod picture_folder;
pub mod program;
pub mod python;
pub mod remedy;
pub mod report;
pub mod sample;
pub mod size;
pub mod stop;
pub mod tensorboard;
pub mod terminal;
pub mod text;
pub mod train_args;
pub mod train_text;
pub mod weights;

pub use advice::{Advice, describe};
pub use class_table::class_table;
pub use history_csv::history_csv;
pub use network_table::network_table;
