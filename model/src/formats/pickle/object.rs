//! What the machine holds: the few kinds of things that a dictionary of arrays is made of.

use crate::formats::element::{ByteOrder, Element};

/// The number of an object: things are shared, as in Python, so they lie in one list.
pub(super) type Id = usize;

#[derive(Debug, Clone)]
pub(super) enum Object<'a> {
    None,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// Bytes that protocol 2 writes as text, a character a byte.
    Latin1(&'a str),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Dtype(Dtype<'a>),
    /// An array, once its state is known.
    Array(Option<ArrayState<'a>>),
}

impl Object<'_> {
    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Object::None => "None",
            Object::Bool(_) => "a truth value",
            Object::Int(_) => "a whole number",
            Object::Text(_) => "a text",
            Object::Bytes(_) | Object::Latin1(_) => "bytes",
            Object::Tuple(_) => "a tuple",
            Object::Dict(_) => "a dictionary",
            Object::Global(_) => "a function or class",
            Object::Dtype(_) => "a number type",
            Object::Array(None) => "an array without content",
            Object::Array(Some(_)) => "an array",
        }
    }
}

/// What may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    Reconstruct,
    NdArray,
    Dtype,
    FromBuffer,
    Encode,
}

impl Global {
    /// By module and name; the newer NumPy has other modules.
    pub(super) fn find(module: &str, name: &str) -> Option<Global> {
        Some(match (module, name) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Global::Reconstruct,
            ("numpy", "ndarray") => Global::NdArray,
            ("numpy", "dtype") => Global::Dtype,
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Global::FromBuffer,
            ("_codecs", "encode") => Global::Encode,
            _ => return None,
        })
    }
}

/// A number type as NumPy tells it: `"f8"`, and then the byte order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dtype<'a> {
    pub(super) code: &'a str,
    pub(super) order: ByteOrder,
}

impl Dtype<'_> {
    /// The number type, where it is one of those that are read.
    pub(super) fn element(self) -> Option<Element> {
        match self.code {
            "f8" => Some(Element::F64),
            "f4" => Some(Element::F32),
            "f2" => Some(Element::F16),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct ArrayState<'a> {
    pub(super) shape: Vec<usize>,
    pub(super) dtype: Dtype<'a>,
    /// Column by column.
    pub(super) fortran: bool,
    pub(super) bytes: Id,
}
