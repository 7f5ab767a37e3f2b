//! Weights in and out, in formats that others read and write.
//!
//! | format | file | read | written |
//! |---|---|---|---|
//! | [`Format::Params`] | our own parameter file | yes | yes |
//! | [`Format::Pickle`] | the book's `params.pkl`: see [`pickle`] | yes | yes |
//!
//! A file is told by its content, whatever its name. What is in it is a [`WeightFile`]: named arrays, and the description
//! of the network where the format has room for it. Where it has not, the arrays have to be those of a network that
//! [`recognise`] knows, or the caller says what they are of.
//!
//! Whatever the bytes are: nothing panics, nothing is executed, and no more memory is taken than the file is long, but for
//! a small factor.
//!
//! ```
//! use model::formats::{Format, Naming, WeightFile, pickle, Element};
//!
//! let network = model::SimpleConvNet::default().build::<f32>(0)?;
//! let book = pickle::write(&network.to_arrays(Naming::Book)?, Element::F64); // what the book's Python loads
//!
//! let file = WeightFile::from_bytes(&book)?;
//! assert_eq!(file.format, Format::Pickle);
//! let again = file.network::<f32>(None)?;
//! assert_eq!(model::params_sha256(&again), model::params_sha256(&network));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod array;
mod element;
mod error;
mod half;
mod layout;
mod naming;
pub mod pickle;
mod recognise;

use std::path::Path;

use tensor::Real;

pub use self::array::NamedArray;
pub use self::element::{Element, Values};
pub use self::error::FormatError;
pub use self::naming::Naming;
pub use self::recognise::recognise;
use crate::error::Error;
use crate::file::read_file;
use crate::network::Network;
use crate::params::{self, container};
use crate::spec::NetworkSpec;

/// A format of files of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Our own parameter file: see [`params`].
    Params,
    /// A pickled dictionary of NumPy arrays: see [`pickle`].
    Pickle,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 2] = [Format::Params, Format::Pickle];

    /// Its name for readers: `"pickle"`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Params => "parameter file",
            Format::Pickle => "pickle",
        }
    }

    /// How names of such files end: `"pkl"`.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Params => "postcard",
            Format::Pickle => "pkl",
        }
    }

    /// The format of a file that begins like this and is so long.
    pub fn of_content(start: &[u8], _len: u64) -> Option<Format> {
        match start {
            _ if start.starts_with(&container::PARAMS.magic()) => Some(Format::Params),
            [0x80, ..] => Some(Format::Pickle),
            _ => None,
        }
    }

    /// What is read, for messages.
    pub(crate) fn readable() -> String {
        let names: Vec<_> = Format::ALL.iter().map(|format| format!("a {}", format.name())).collect();
        names.join(" nor ")
    }
}

/// What is in a file of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightFile {
    /// The format.
    pub format: Format,
    /// What network it is of, where the file says.
    pub network: Option<NetworkSpec>,
    /// The arrays, in the order of the file.
    pub arrays: Vec<NamedArray>,
}

impl WeightFile {
    /// What is in the file of this name.
    ///
    /// # Errors
    /// Where it cannot be read, is damaged, or none of the formats.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let named = |problem| Error::Format { path: path.to_path_buf(), problem: Box::new(problem) };
        let bytes = read_file(path, |start, len| match Format::of_content(start, len) {
            // Its header tells whether the file is whole.
            Some(Format::Params) => {
                container::header(container::PARAMS, start, len).map(|_| ()).map_err(|e| named(e.into()))
            }
            Some(_) => Ok(()),
            None => Err(named(FormatError::Unknown)),
        })?;
        WeightFile::from_bytes(&bytes).map_err(named)
    }

    /// What is in a file with this content.
    ///
    /// # Errors
    /// Where it is damaged, or none of the formats.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let format = Format::of_content(bytes, bytes.len() as u64).ok_or(FormatError::Unknown)?;
        let (network, arrays) = match format {
            Format::Params => {
                let (network, arrays) = params::arrays(bytes)?;
                (Some(network), arrays)
            }
            Format::Pickle => (None, pickle::read(bytes)?),
        };
        Ok(WeightFile { format, network, arrays })
    }

    /// The network: the one that the file describes, or else `told`, or else the one that is recognised by its arrays.
    ///
    /// # Errors
    /// Where none of the three is there, or the arrays are not those of that network.
    pub fn network<F: Real>(&self, told: Option<&NetworkSpec>) -> Result<Network<F>, FormatError> {
        match self.network.as_ref().or(told) {
            Some(spec) => Network::from_arrays(spec, &self.arrays),
            None => Network::from_arrays(&recognise(&self.arrays)?, &self.arrays),
        }
    }
}
