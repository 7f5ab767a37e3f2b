//! Weights in and out, in formats that others read and write.
//!
//! | format | file | read | written |
//! |---|---|---|---|
//! | [`Format::Params`] | our own parameter file | yes | yes |
//! | [`Format::Pickle`] | the book's `params.pkl`: see [`pickle`] | yes | yes |
//! | [`Format::Npz`] | NumPy's archives: see [`npz`] | yes | yes |
//! | [`Format::Safetensors`] | what PyTorch and its neighbours exchange: see [`safetensors`] | yes | yes |
//! | [`Format::Onnx`] | a graph that other runtimes compute: see [`onnx`] | no | yes |
//!
//! npz and safetensors need the feature `formats`, which brings the crates that know them.
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
#[cfg(feature = "formats")]
mod description;
mod element;
mod error;
mod half;
mod layout;
mod naming;
#[cfg(feature = "formats")]
mod npy;
#[cfg(feature = "formats")]
pub mod npz;
pub mod onnx;
pub mod pickle;
mod protobuf;
mod recognise;
#[cfg(feature = "formats")]
pub mod safetensors;

use std::path::Path;

use tensor::Real;

pub use self::array::NamedArray;
pub use self::element::{Element, Values};
pub use self::error::FormatError;
pub use self::naming::{Naming, by_name};
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
    /// An archive of NumPy arrays: see [`npz`].
    Npz,
    /// A header and then tensors: see [`safetensors`].
    Safetensors,
    /// A graph of operators with its weights: see [`onnx`].
    Onnx,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 5] = [Format::Params, Format::Pickle, Format::Npz, Format::Safetensors, Format::Onnx];

    /// Its name for readers: `"pickle"`.
    pub fn name(self) -> &'static str {
        match self {
            Format::Params => "parameter file",
            Format::Pickle => "pickle",
            Format::Npz => "npz",
            Format::Safetensors => "safetensors",
            Format::Onnx => "ONNX",
        }
    }

    /// How names of such files end: `"pkl"`.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Params => "postcard",
            Format::Pickle => "pkl",
            Format::Npz => "npz",
            Format::Safetensors => "safetensors",
            Format::Onnx => "onnx",
        }
    }

    /// The format whose files have names that end like this one.
    pub fn of_name(path: &Path) -> Option<Format> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match &extension[..] {
            "pickle" => Some(Format::Pickle),
            _ => Format::ALL.into_iter().find(|format| format.extension() == extension),
        }
    }

    /// The format of a file that begins like this and is so long.
    pub fn of_content(start: &[u8], len: u64) -> Option<Format> {
        // The magic of a zip archive; of an empty one, too.
        const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
        // Safetensors: the length of the header, and its beginning. (That length may begin as a pickle does.)
        let is_safetensors = start.split_first_chunk().is_some_and(|(header, rest)| {
            let fits = u64::from_le_bytes(*header) <= len.saturating_sub(header.len() as u64);
            rest.first() == Some(&b'{') && fits
        });
        match start {
            _ if start.starts_with(&container::PARAMS.magic()) => Some(Format::Params),
            _ if is_safetensors => Some(Format::Safetensors),
            [0x80, ..] => Some(Format::Pickle),
            _ if ZIP.iter().any(|magic| start.starts_with(magic)) => Some(Format::Npz),
            // The version of the format, a small number, and then a text.
            [0x08, 1..=0x20, 0x12, ..] => Some(Format::Onnx),
            _ => None,
        }
    }

    /// The number types that such files can hold.
    pub fn elements(self) -> &'static [Element] {
        match self {
            Format::Params => &[Element::F64, Element::F32],
            Format::Pickle | Format::Npz => &[Element::F64, Element::F32, Element::F16],
            Format::Safetensors => &Element::ALL,
            Format::Onnx => &[Element::F32, Element::F16, Element::Bf16],
        }
    }

    /// The content of a file of this format with the network, its arrays by this naming, and its numbers stored as
    /// `element`. (Our own files and ONNX have names of their own.)
    ///
    /// # Errors
    /// Where the format has no such numbers, PyTorch's names are impossible (see [`FormatError::Dropout`]), or the feature
    /// is missing.
    pub fn write<F: Real>(
        self,
        network: &Network<F>,
        naming: Naming,
        element: Element,
    ) -> Result<Vec<u8>, FormatError> {
        if !self.elements().contains(&element) {
            return Err(FormatError::NoSuchElement { format: self, element });
        }
        Ok(match self {
            Format::Params if element == Element::F64 => network.cast::<f64>().to_bytes(),
            Format::Params => network.cast::<f32>().to_bytes(),
            Format::Pickle => pickle::write(&network.to_arrays(naming)?, element),
            #[cfg(feature = "formats")]
            Format::Npz => npz::write(&network.to_arrays(naming)?, element, network.spec()),
            #[cfg(feature = "formats")]
            Format::Safetensors => safetensors::write(&network.to_arrays(naming)?, element, network.spec()),
            #[cfg(not(feature = "formats"))]
            Format::Npz | Format::Safetensors => return Err(FormatError::Feature { format: self }),
            Format::Onnx => onnx::write(network, element),
        })
    }

    /// The names of the number types, for messages.
    pub(crate) fn element_names(self) -> String {
        self.elements().iter().map(|element| element.name()).collect::<Vec<_>>().join(", ")
    }

    /// What is read, for messages.
    pub(crate) fn readable() -> String {
        let read = Format::ALL.iter().filter(|format| **format != Format::Onnx);
        read.map(|format| format.name()).collect::<Vec<_>>().join(" nor ")
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
            Some(Format::Onnx) => Err(named(FormatError::OnlyWritten { format: Format::Onnx })),
            Some(_) => Ok(()),
            None => Err(named(unknown(start))),
        })?;
        WeightFile::from_bytes(&bytes).map_err(named)
    }

    /// What is in a file with this content.
    ///
    /// # Errors
    /// Where it is damaged, or none of the formats.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let format = Format::of_content(bytes, bytes.len() as u64).ok_or_else(|| unknown(bytes))?;
        let (network, arrays) = match format {
            Format::Params => {
                let (network, arrays) = params::arrays(bytes)?;
                (Some(network), arrays)
            }
            Format::Pickle => (None, pickle::read(bytes)?),
            #[cfg(feature = "formats")]
            Format::Npz => npz::read(bytes)?,
            #[cfg(feature = "formats")]
            Format::Safetensors => safetensors::read(bytes)?,
            #[cfg(not(feature = "formats"))]
            Format::Npz | Format::Safetensors => return Err(FormatError::Feature { format }),
            Format::Onnx => return Err(FormatError::OnlyWritten { format }),
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

/// What is wrong with content of no format.
fn unknown(content: &[u8]) -> FormatError {
    match content {
        [] => FormatError::Empty,
        _ if content.starts_with(&container::CHECKPOINT.magic()) => FormatError::Checkpoint,
        _ => FormatError::Unknown,
    }
}
