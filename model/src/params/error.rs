//! What can be wrong with a parameter file, and with the parameters in a checkpoint.

use super::container;
use crate::spec::SpecError;

/// Why bytes are not the parameters of a network, or not those of this one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// The first bytes are others.
    #[error("this is not a {expected}")]
    Magic {
        /// What it should be: "parameter file", "checkpoint".
        expected: &'static str,
    },
    /// It ends too early, or goes on too long.
    #[error("the file is {found} bytes long, but {} {expected}; it was cut short or damaged", says(*found))]
    Length {
        /// What the header says; saturates.
        expected: u64,
        /// What there is.
        found: u64,
    },
    /// The checksum is not that of the content.
    #[error("the file is damaged: its checksum does not match its content")]
    Checksum,
    /// The format is of another version.
    #[error("the file has format version {found}, but only version {newest} is known here; a newer program wrote it")]
    Version {
        /// The version of the file.
        found: u32,
        /// The newest version that can be read.
        newest: u32,
    },
    /// The content is not laid out as its version says.
    #[error(
        "the checksum is right, but the content is not laid out as in format version {version}; another program wrote this"
    )]
    Content {
        /// The version.
        version: u32,
        /// What the decoder said: nothing that helps a user.
        problem: postcard::Error,
    },
    /// Bytes are left over.
    #[error("{count} bytes are left over after the content")]
    LeftOver {
        /// How many.
        count: usize,
    },
    /// A number is larger than this machine can address.
    #[error("the file says {size}, more than this machine can address")]
    TooLarge {
        /// The number.
        size: u64,
    },
    /// An array, or the input, has more axes than anything that is stored here.
    #[error("the file says {count} axes, but at most {most} are read")]
    Axes {
        /// How many.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// What the file describes is not a network.
    #[error("the network in the file cannot be built: {0}")]
    Spec(#[from] SpecError),
    /// An array has not as many values as its shape says.
    #[error("{}: the shape {shape:?} does not go with {values} values", printable(name))]
    Values {
        /// The name of the array.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// How many values there are.
        values: usize,
    },
    /// An array is not there.
    #[error("expected an array {expected} of shape {shape:?}, but the file has no more")]
    Missing {
        /// The name of the array.
        expected: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An array comes that the network does not have.
    #[error("the file has an array {} of shape {shape:?}, which the network has not", printable(name))]
    Unexpected {
        /// The name of the array.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An array has another name or shape.
    #[error("expected {expected} of shape {expected_shape:?}, found {} of shape {found_shape:?}", printable(found))]
    Array {
        /// The name that is expected.
        expected: String,
        /// The shape that is expected.
        expected_shape: Vec<usize>,
        /// The name in the file.
        found: String,
        /// The shape in the file.
        found_shape: Vec<usize>,
    },
    /// All arrays fit, but the network is another.
    #[error("the file is of another network: expected {expected}, found {found}")]
    Layer {
        /// The layer that is expected, with its settings.
        expected: String,
        /// The layer in the file.
        found: String,
    },
}

/// Who knows how long the file should be: where it is shorter than any, there is no header that says so.
fn says(found: u64) -> &'static str {
    if found < container::SHORTEST { "such a file has at least" } else { "its header says" }
}

/// A name from a file, as a message shows it: in one line, not too long, and nothing that a terminal would obey.
pub(crate) fn printable(name: &str) -> String {
    const MOST: usize = 40;
    let mut escaped = name.escape_debug();
    let mut shown: String = escaped.by_ref().take(MOST).collect();
    if escaped.next().is_some() {
        shown.push('…');
    }
    shown
}
