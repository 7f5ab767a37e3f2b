//! safetensors: a header in JSON and then the numbers, as the library of that name reads and writes it from Python.
//!
//! ```text
//! tensors = safetensors.torch.load_file("params.safetensors")
//! network.load_state_dict(tensors)
//! ```
//!
//! The description of the network stands in the header's metadata under `network`, as JSON.

use std::borrow::Cow;
use std::collections::HashMap;

use ::safetensors::tensor::{Dtype, SafeTensorError, SafeTensors, View, serialize};

use super::array::NamedArray;
use super::description::{KEY, from_text, to_text};
use super::element::{ByteOrder, Element};
use super::error::FormatError;
use crate::params::MOST_AXES;
use crate::spec::NetworkSpec;

/// The arrays in a file, in its order, and the description of their network where there is one.
///
/// # Errors
/// Where the file is damaged, or an array does not hold floating-point numbers.
pub fn read(bytes: &[u8]) -> Result<(Option<NetworkSpec>, Vec<NamedArray>), FormatError> {
    let damaged = |error: SafeTensorError| FormatError::Safetensors { problem: problem(&error) };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let described = header.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let network = described.map(|text| from_text(text)).transpose()?;
    let tensors = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let mut arrays = Vec::new();
    // In the order of the file.
    for name in header.offset_keys() {
        let tensor = tensors.tensor(&name).map_err(damaged)?;
        let element = match tensor.dtype() {
            Dtype::F64 => Element::F64,
            Dtype::F32 => Element::F32,
            Dtype::F16 => Element::F16,
            Dtype::BF16 => Element::Bf16,
            // PyTorch counts the steps of a batch normalisation; nothing is computed from that.
            Dtype::I64 if name.ends_with(".num_batches_tracked") => continue,
            other => return Err(FormatError::Element { name, found: format!("{other:?}") }),
        };
        let shape = tensor.shape().to_vec();
        if shape.len() > MOST_AXES {
            return Err(FormatError::Axes { count: shape.len(), most: MOST_AXES });
        }
        arrays.push(NamedArray { name, shape, element, values: element.decode(tensor.data(), ByteOrder::Little) });
    }
    Ok((network, arrays))
}

/// The file with these arrays, whose numbers are stored as `element`, and the description of their network.
pub fn write(arrays: &[NamedArray], element: Element, network: &NetworkSpec) -> Vec<u8> {
    let tensors = arrays.iter().map(|array| (&array.name, Stored { array, element }));
    // One entry: the order of several would differ from time to time.
    let metadata = HashMap::from([(KEY.to_string(), to_text(network))]);
    serialize(tensors, Some(metadata)).expect("arrays whose lengths are those of their shapes")
}

/// An array as it is stored.
struct Stored<'a> {
    array: &'a NamedArray,
    element: Element,
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        match self.element {
            Element::F64 => Dtype::F64,
            Element::F32 => Dtype::F32,
            Element::F16 => Dtype::F16,
            Element::Bf16 => Dtype::BF16,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.array.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = Vec::new();
        self.element.encode(&self.array.values, &mut bytes);
        bytes.into()
    }

    fn data_len(&self) -> usize {
        self.array.values.len() * self.element.size()
    }
}

/// What is wrong, in the terms of whoever has the file. (The library's own words quote names as they are.)
fn problem(error: &SafeTensorError) -> &'static str {
    match error {
        SafeTensorError::InvalidHeader(_) | SafeTensorError::InvalidHeaderDeserialization(_) => {
            "its header is not the JSON that it should be"
        }
        SafeTensorError::HeaderTooLarge | SafeTensorError::HeaderTooSmall | SafeTensorError::InvalidHeaderLength => {
            "its header would be longer than the file, or than any"
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            "it is not as long as its header says; it was cut short or damaged"
        }
        SafeTensorError::InvalidOffset(_) => "two arrays overlap, or one has no place in it",
        _ => "the shape of an array does not go with its length",
    }
}
