//! What can be wrong with a data set.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::idx::IdxError;
use crate::mnist::MnistKind;

/// Why a data set cannot be used.
///
/// Each message tells the whole story by itself. A cause (an [`io::Error`], an [`IdxError`]) is part of the message and
/// kept in the field `problem`; it is not repeated through [`std::error::Error::source`], so that a program that
/// prints the chain does not say it twice.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No folder was named, and none of the usual ones holds the data set.
    #[error("{kind} not found; looked in {}; get it with `{}`", list(looked), kind.fetch_command())]
    NotFound {
        /// The data set that was looked for.
        kind: MnistKind,
        /// Every folder that was looked into, in this order.
        looked: Vec<PathBuf>,
    },
    /// The folder that was named holds not one file of the data set.
    #[error(
        "no file of {kind} in {}{named_by}{}; get them with `{} --dir {}`",
        dir.display(), what_it_is(dir), kind.fetch_command(), dir.display()
    )]
    NothingThere {
        /// The data set that was looked for.
        kind: MnistKind,
        /// The folder.
        dir: PathBuf,
        /// Who named it: the caller or an environment variable.
        named_by: NamedBy,
    },
    /// Some files of the data set are there and others are not.
    #[error("{} in {}; complete it with `{} --dir {}`", missing_files(*kind, missing), dir.display(),
        kind.fetch_command(), dir.display())]
    Incomplete {
        /// The data set.
        kind: MnistKind,
        /// The folder.
        dir: PathBuf,
        /// The names of the missing files, as published.
        missing: Vec<&'static str>,
    },
    /// A file or folder cannot be read.
    #[error("cannot read {}: {problem}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// A folder, pipe or device stands where a file should be.
    #[error("{} is not a plain file", path.display())]
    NotAFile {
        /// What was opened.
        path: PathBuf,
    },
    /// A file is not the IDX file that it should be.
    #[error("{}: {problem}", path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        problem: IdxError,
    },
    /// A file holds another kind of array than its name says, such as labels where images should be.
    #[error("{}: expected {expected}, found {found}{}", path.display(), swapped_hint(expected, found))]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        expected: &'static str,
        /// What is in it.
        found: String,
    },
    /// A file holds an array in which at least one axis has the size zero.
    #[error("{}: no images in it (shape {shape:?})", path.display())]
    NoImages {
        /// The file.
        path: PathBuf,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Images and labels are not equally many.
    #[error("{images} images in {} but {labels} labels in {}; the two do not belong together", images_path.display(),
        labels_path.display())]
    CountMismatch {
        /// The file of the images.
        images_path: PathBuf,
        /// Its number of images.
        images: usize,
        /// The file of the labels.
        labels_path: PathBuf,
        /// Its number of labels.
        labels: usize,
    },
    /// Training images and test images have different sizes.
    #[error("training images are {}x{} pixels but test images {}x{} in {}", train[0], train[1], test[0], test[1], dir.display())]
    SizeMismatch {
        /// The folder.
        dir: PathBuf,
        /// Height and width of the training images.
        train: [usize; 2],
        /// Height and width of the test images.
        test: [usize; 2],
    },
    /// A label is none of the classes.
    #[error("{}: label {label} at position {position} is outside the classes 0 to {}", path.display(), classes - 1)]
    LabelInFile {
        /// The file.
        path: PathBuf,
        /// The first wrong label.
        label: u8,
        /// Its position, counted from 0.
        position: usize,
        /// The number of classes.
        classes: usize,
    },
    /// A label is none of the classes.
    #[error("label {label} at position {position} is not below the number of classes, {classes}")]
    Label {
        /// The first wrong label.
        label: u8,
        /// Its position, counted from 0.
        position: usize,
        /// The number of classes.
        classes: usize,
    },
    /// The number of pixels is not what the shape and the number of labels ask for.
    #[error(
        "{pixels} pixels for {labels} labels; images of {channels}x{height}x{width} need {labels} · {channels} · {height} · {width}"
    )]
    PixelCount {
        /// How many pixels came.
        pixels: usize,
        /// How many labels came.
        labels: usize,
        /// Channels of an image.
        channels: usize,
        /// Height of an image.
        height: usize,
        /// Width of an image.
        width: usize,
    },
    /// A file has the wrong length.
    #[error("{}: {found} bytes, expected {expected}", path.display())]
    FileSize {
        /// The file.
        path: PathBuf,
        /// Its published length.
        expected: u64,
        /// Its length.
        found: u64,
    },
    /// A file is longer than any that is accepted.
    #[error("{}: {found} bytes, more than the {most} of the longest file that is accepted", path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// The longest that is accepted.
        most: u64,
        /// Its length.
        found: u64,
    },
    /// A file has the wrong content.
    #[error("{}: SHA-256 is {found}, expected {expected}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The published SHA-256 in hexadecimal.
        expected: &'static str,
        /// The SHA-256 found.
        found: String,
    },
    /// A setting has no meaning.
    #[error("{what} must be {expected}, got {got}")]
    Setting {
        /// Which setting.
        what: &'static str,
        /// What it may be.
        expected: String,
        /// What it was.
        got: String,
    },
    /// A name is none of the data sets.
    #[error("no data set is called {name:?}; there are mnist and fashion-mnist")]
    UnknownName {
        /// The name.
        name: String,
    },
}

/// Who named a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The caller, on behalf of a user: a flag such as `--data-dir`.
    Caller,
    /// The environment variable of this name.
    Environment(&'static str),
}

impl fmt::Display for NamedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Who named it knows how.
            NamedBy::Caller => Ok(()),
            NamedBy::Environment(variable) => write!(f, ", the folder that {variable} names"),
        }
    }
}

/// What stands where a folder was expected.
fn what_it_is(dir: &Path) -> &'static str {
    match dir.metadata() {
        Ok(found) if found.is_dir() => "",
        Ok(_) => ": that is no folder",
        Err(error) if error.kind() == io::ErrorKind::NotFound => ": there is no such folder",
        Err(_) => ": it cannot be opened",
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn missing_files(kind: MnistKind, missing: &[&'static str]) -> String {
    match missing {
        [one] => format!("{one} of {kind} is missing"),
        many => format!("{} of {kind} are missing", many.join(", ")),
    }
}

fn swapped_hint(expected: &str, found: &str) -> &'static str {
    match (expected.contains("images"), found.contains("labels"), expected.contains("labels"), found.contains("images"))
    {
        (true, true, _, _) => "; these are labels, not images: are two files swapped?",
        (_, _, true, true) => "; these are images, not labels: are two files swapped?",
        _ => "",
    }
}
