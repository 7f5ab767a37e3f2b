//! What can go wrong with a network, its training and its files.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::formats::FormatError;
use crate::not_finite::NotFinite;
use crate::params::ParamsError;
use crate::spec::SpecError;

/// What can go wrong.
///
/// Each message tells the whole story by itself: what caused it is part of the message and kept in a field (`problem`).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A description is not that of a network.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// An optimizer cannot be made.
    #[error(transparent)]
    Optimizer(#[from] optim::OptimError),
    /// The order of the training images cannot be made.
    #[error(transparent)]
    Dataset(#[from] datasets::Error),
    /// A setting cannot work.
    #[error("{what} must be {expected}, got {got}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What it may be.
        expected: String,
        /// What it was.
        got: usize,
    },
    /// The images are not what the network takes.
    #[error("the {part} images have the shape {got:?}, but the network takes {expected:?}")]
    ImageShape {
        /// Which images.
        part: Part,
        /// What the network takes.
        expected: Vec<usize>,
        /// Channels, height and width of the images.
        got: [usize; 3],
    },
    /// A batch has another shape than the network takes.
    #[error(
        "the images have the shape {got:?}, but the network takes a batch, (N, {}){}",
        sizes(expected),
        batch_hint(expected, got)
    )]
    BatchShape {
        /// What the network takes, without the batch axis.
        expected: Vec<usize>,
        /// The shape of the batch.
        got: Vec<usize>,
    },
    /// An image is of none of the classes that the network tells apart.
    #[error(
        "{part} image {position} (from 0) has the label {label}, but the classes of the network are 0 to {last}, {classes} in all",
        last = classes - 1
    )]
    Label {
        /// Of which images.
        part: Part,
        /// The number of the image, from 0.
        position: usize,
        /// Its label.
        label: u8,
        /// Classes of the network.
        classes: usize,
    },
    /// There are no images.
    #[error("there are no {part} images")]
    NoImages {
        /// Which images.
        part: Part,
    },
    /// The number of training images is not what it was before.
    #[error("the training was begun with {expected} images and cannot go on with {got}")]
    OtherImages {
        /// What it was.
        expected: usize,
        /// What it is.
        got: usize,
    },
    /// The training went astray: the loss of a step is not finite.
    #[error(
        "the loss became {loss} at step {step} of epoch {epoch}, with a learning rate of {lr:?}; it began in {began}"
    )]
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The step in its epoch, counted from 1.
        step: usize,
        /// What the loss was: no finite number.
        loss: f64,
        /// The learning rate of the step.
        lr: f64,
        /// The first array that is not finite.
        began: NotFinite,
    },
    /// The training went astray: the last step of an epoch left a network that has a parameter that is not finite, or gives an
    /// image scores from which no finite loss follows.
    #[error(
        "after epoch {epoch}, with a learning rate of {lr:?}, the network gives scores from which no finite loss follows; it began in {began}"
    )]
    DivergedNetwork {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The learning rate of the step.
        lr: f64,
        /// The first array that is not finite.
        began: NotFinite,
    },
    /// A network gives an image scores from which no finite loss follows.
    #[error("the network gives image {image} (from 0) scores from which no finite loss follows; it began in {began}")]
    Scores {
        /// The number of the image, from 0.
        image: usize,
        /// The first array that is not finite.
        began: NotFinite,
    },
    /// There is no parameter of this name.
    #[error("the network has no parameter named {name:?}")]
    NoSuchParameter {
        /// The name.
        name: String,
    },
    /// A parameter has another shape.
    #[error("{name}: expected an array of shape {expected:?}, got {got:?}")]
    ParameterShape {
        /// The name of the parameter.
        name: String,
        /// The shape that it has in the network.
        expected: Vec<usize>,
        /// The shape that came.
        got: Vec<usize>,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {problem}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {problem}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// A file is not the parameter file that it should be.
    #[error("{}: {problem}", path.display())]
    Params {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        problem: Box<ParamsError>,
    },
    /// A file of weights in a format of others cannot be used.
    #[error("{}: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        problem: Box<FormatError>,
    },
    /// A file is not the checkpoint that it should be.
    #[error("{}: {problem}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        problem: Box<CheckpointError>,
    },
}

/// Which images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Those that the network learns from.
    Training,
    /// Those that it is judged by.
    Test,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Training => "training",
            Part::Test => "test",
        })
    }
}

fn sizes(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// How images that are the right ones, in another order or with other axes, become a batch.
fn batch_hint(expected: &[usize], got: &[usize]) -> &'static str {
    match (expected, got) {
        _ if expected == got => "; one image becomes a batch by insert_axis(Axis(0))",
        ([1, image @ ..], [_, rest @ ..]) if image == rest => {
            "; the axis of the one channel comes by insert_axis(Axis(1))"
        }
        (&[c, h, w], &[_, height, width, channels]) if [c, h, w] == [channels, height, width] => {
            "; channels come before height and width: permuted_axes([0, 3, 1, 2])"
        }
        (expected, &[_, len]) if expected.iter().product::<usize>() == len => {
            "; into_shape_with_order gives them these axes"
        }
        _ => "",
    }
}
