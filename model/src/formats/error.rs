//! What can be wrong with a file of weights in a format of others.

use super::Format;
use super::element::Element;
use crate::params::{ParamsError, printable};
use crate::spec::SpecError;

/// Why bytes are not the arrays of a network, or not those of this one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Neither the first bytes nor anything else tell what it is.
    #[error("this is no file of weights: neither {}", Format::readable())]
    Unknown,
    /// A training's own file.
    #[error(
        "this is the checkpoint of a training, not its weights; a training that comes to its end writes them beside it, into \
         params.postcard"
    )]
    Checkpoint,
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// The file ends too early.
    #[error("{what} at byte {offset} needs {needed} bytes, but {left} are left; the file was cut short or damaged")]
    Cut {
        /// What would need more.
        what: &'static str,
        /// Where it begins.
        offset: usize,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that there are.
        left: u64,
    },
    /// Bytes are left over.
    #[error("{count} bytes are left over after the end of the content")]
    LeftOver {
        /// How many.
        count: usize,
    },
    /// A pickle of another protocol.
    #[error("the pickle has protocol {found}, but 2 to 5 are read; write it anew with pickle.dump(params, file, 4)")]
    Protocol {
        /// Which one.
        found: u8,
    },
    /// An instruction of a pickle that no dictionary of arrays needs.
    #[error(
        "the pickle has the instruction {} at byte {offset}; only what a dictionary of NumPy arrays needs is read, and \
         nothing is executed",
        instruction(*code, *name)
    )]
    Instruction {
        /// The byte.
        code: u8,
        /// Python's name for it.
        name: Option<&'static str>,
        /// Where it stands.
        offset: usize,
    },
    /// A function or class that no dictionary of arrays needs.
    #[error(
        "the pickle names {} at byte {offset}; only what a dictionary of NumPy arrays needs is read, and nothing is \
         executed",
        printable(name)
    )]
    Global {
        /// Module and name.
        name: String,
        /// Where the instruction stands.
        offset: usize,
    },
    /// Things in a pickle do not go together as in those of NumPy.
    #[error("the pickle is not one of NumPy arrays: at byte {offset}, expected {expected}, found {found}")]
    Structure {
        /// Where the instruction stands.
        offset: usize,
        /// What would be right there.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A pickle that is a large program.
    #[error("the pickle has more than {most} instructions, far more than a dictionary of arrays needs")]
    TooManyInstructions {
        /// How many are read.
        most: usize,
    },
    /// An array has more axes than any layer knows.
    #[error("an array has {count} axes, but at most {most} are read")]
    Axes {
        /// How many.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// Two arrays have one name.
    #[error("the array {} comes twice", printable(name))]
    Twice {
        /// The name.
        name: String,
    },
    /// Something under a name is no array.
    #[error("{}: expected an array, found {found}", printable(name))]
    NoArray {
        /// The name.
        name: String,
        /// What it is.
        found: &'static str,
    },
    /// An array of whole numbers, text, …
    #[error(
        "{}: the numbers are of type {}, but only floating-point numbers of 16, 32 and 64 bits are read",
        printable(name),
        printable(found)
    )]
    Element {
        /// The name of the array.
        name: String,
        /// The type, as the format calls it.
        found: String,
    },
    /// An array has not as many bytes as its shape says.
    #[error("{}: the shape {shape:?} of {} does not go with {found} bytes", printable(name), element.name())]
    Bytes {
        /// The name of the array.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Its number type.
        element: Element,
        /// How many bytes there are.
        found: usize,
    },
    /// Arrays share their content, so that a small file would fill the memory.
    #[error("the arrays are together larger than the file; some share their content, which is not read")]
    Shared,
    /// A format that is only written.
    #[error("this is an {} file, which is written here but not read", format.name())]
    OnlyWritten {
        /// The format.
        format: Format,
    },
    /// The library was built without what the format needs.
    #[error("{} files need the feature `formats` of the crate `model`", format.name())]
    Feature {
        /// The format.
        format: Format,
    },
    /// A format has no such numbers.
    #[error("{} files cannot hold numbers as {}; choose from {}", format.name(), element.name(), format.element_names())]
    NoSuchElement {
        /// The format.
        format: Format,
        /// The number type.
        element: Element,
    },
    /// A safetensors file is damaged.
    #[error("the safetensors file is damaged: {problem}")]
    Safetensors {
        /// What is wrong.
        problem: &'static str,
    },
    /// The archive around arrays of NumPy is damaged.
    #[error("the npz file is damaged: {}", printable(problem))]
    Archive {
        /// What is wrong.
        problem: String,
    },
    /// An array of NumPy in an archive is damaged.
    #[error("{} in the npz file cannot be read: {problem}", printable(name))]
    Npy {
        /// Its name.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// An array would be far larger than its file.
    #[error("{}: the shape {shape:?} is larger than anything that a file of this length holds", printable(name))]
    TooLarge {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// The description of a network in the file is damaged.
    #[error("the description of the network in the file cannot be read: {}", printable(problem))]
    Description {
        /// What is wrong.
        problem: String,
    },
    /// It is one of our own files, and something is wrong with it.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// What the file describes is not a network.
    #[error("the network cannot be built: {0}")]
    Spec(#[from] SpecError),
    /// The file does not tell what network its arrays are of, and they are not those of one that is known.
    #[error("the file does not say what network its arrays are of, and they are not those of {known}: it has {found}")]
    WhatNetwork {
        /// The networks that are recognised.
        known: String,
        /// The arrays with their shapes.
        found: String,
    },
    /// A layer finds no array of its name.
    #[error("{layer}: expected an array {expected} of shape {shape:?}, but the file has {}", listed(found))]
    Missing {
        /// The layer.
        layer: String,
        /// The name of the array.
        expected: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The names that there are.
        found: Vec<String>,
    },
    /// An array has another shape than its layer.
    #[error("{layer}: expected {} of shape {expected:?}, found shape {found:?}", printable(name))]
    Shape {
        /// The layer.
        layer: String,
        /// The name of the array in the file.
        name: String,
        /// The shape that the layer has.
        expected: Vec<usize>,
        /// The shape in the file.
        found: Vec<usize>,
    },
    /// A dropout layer whose factor cannot be put into weights.
    #[error(
        "{layer} multiplies by a factor in inference, PyTorch's dropout does not, and no weights beside it can take the \
         factor up; keep the book's names"
    )]
    Dropout {
        /// The layer.
        layer: String,
    },
    /// An array belongs to no layer.
    #[error("the file has an array {} of shape {shape:?}, which the network has not", printable(name))]
    Unexpected {
        /// The name of the array.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
}

fn instruction(code: u8, name: Option<&'static str>) -> String {
    name.map_or_else(|| format!("0x{code:02x}, which Python does not know either,"), str::to_owned)
}

/// Names, but not a page of them.
fn listed(names: &[String]) -> String {
    const MOST: usize = 8;
    if names.is_empty() {
        return "none".to_string();
    }
    let mut shown: Vec<_> = names.iter().take(MOST).map(|name| printable(name)).collect();
    if names.len() > MOST {
        shown.push(format!("{} more", names.len() - MOST));
    }
    shown.join(", ")
}
