//! The parameter file: a network with its weights, in one small file.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `89 43 4e 4e 50 0d 0a 1a`: no text, and damaged visibly by whatever translates line ends |
//! | 4 | format version, little-endian |
//! | 8 | length of the content, little-endian |
//! | … | the content, in the encoding [postcard](https://postcard.jamesmunns.com): what the network is, then the names, shapes and values of its parameters |
//! | 32 | SHA-256 of everything before |
//!
//! All of it is verified before any of it is believed: first the checksum, then the structure. Nothing is allocated that
//! the file is not long enough to fill.

pub(crate) mod container;
mod error;
pub(crate) mod v1;

use std::collections::BTreeMap;
use std::path::Path;

use layers::Sequential;
use layers::ndarray::{ArrayD, IxDyn};
use tensor::Real;

pub use self::error::ParamsError;
pub(crate) use self::error::printable;
use self::v1::{ArrayV1, NetworkV1, ParamsV1, ValuesV1, size};
use crate::construct::{Source, construct};
use crate::error::Error;
use crate::file::read_file;
use crate::formats::{Element, NamedArray, Values};
use crate::network::Network;
#[cfg(feature = "save")]
use crate::replace_file::replace_file;
use crate::row_major::row_major;
use crate::spec::NetworkSpec;

const VERSION: u32 = 1;
/// Axes of an array: far more than any layer knows, so that a message can tell a shape.
pub(crate) const MOST_AXES: usize = 32;

impl<F: Real> Network<F> {
    /// Writes the network with its parameters to a file. It appears under its name when it is complete: see
    /// [`replace_file`](crate::replace_file).
    ///
    /// # Errors
    /// Where the file cannot be written.
    #[cfg(feature = "save")]
    pub fn save_params(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        replace_file(path.as_ref(), &self.to_bytes())
    }

    /// Takes the parameters from a file of the same network. Where anything is wrong, the network stays as it was.
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, or is of another network: the error names the first difference.
    pub fn load_params(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let bytes = read(path)?;
        self.set_from_bytes(&bytes).map_err(|problem| named(path, problem))
    }

    /// The network in a file, whatever it is.
    ///
    /// # Errors
    /// Where the file cannot be read, or is damaged.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = read(path)?;
        Network::from_bytes(&bytes).map_err(|problem| named(path, problem))
    }

    /// The content of a parameter file.
    pub fn to_bytes(&self) -> Vec<u8> {
        container::seal(container::PARAMS, VERSION, &freeze(self))
    }

    /// The network whose parameter file has this content.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParamsError> {
        thaw(&parse(bytes)?)
    }

    /// Takes the parameters from the content of a parameter file of the same network.
    fn set_from_bytes(&mut self, bytes: &[u8]) -> Result<(), ParamsError> {
        let content = parse(bytes)?;
        let mut expected = Vec::new();
        self.visit_params(&mut |name, param| expected.push((name.to_string(), param.shape().to_vec())));
        compare(&expected, &content.arrays)?;
        let spec = content.network.spec()?;
        compare_layers(self.spec(), &spec)?;
        let mut arrays = content.arrays.iter();
        self.visit_params_mut(&mut |_, param| {
            let array = arrays.next().expect("as many arrays, as was just found");
            param.assign(&values(array).expect("of the same shape, as was just found").view());
        });
        Ok(())
    }
}

/// The bytes of a file that begins as a parameter file does, and is as long as it says.
fn read(path: &Path) -> Result<Vec<u8>, Error> {
    read_file(path, |start, len| match container::header(container::PARAMS, start, len) {
        Ok(_) => Ok(()),
        Err(problem) => Err(named(path, problem)),
    })
}

/// The error of the file of this name.
fn named(path: &Path, problem: ParamsError) -> Error {
    Error::Params { path: path.to_path_buf(), problem: Box::new(problem) }
}

/// A network as a file holds it.
pub(crate) fn freeze<F: Real>(network: &Network<F>) -> ParamsV1 {
    let mut arrays = Vec::new();
    network.visit_params(&mut |name, param| arrays.push(array_v1(name.to_string(), &param.value())));
    ParamsV1 { network: NetworkV1::new(network.spec()), arrays }
}

/// The network that a file holds.
pub(crate) fn thaw<F: Real>(content: &ParamsV1) -> Result<Network<F>, ParamsError> {
    let spec = content.network.spec()?;
    let layers = rebuild(&spec, &content.arrays)?;
    Ok(Network::from_parts(spec, layers))
}

pub(crate) fn array_v1<F: Real>(name: String, array: &ArrayD<F>) -> ArrayV1 {
    let values = row_major(array);
    let values = match F::NAME {
        "f32" => ValuesV1::F32(values.iter().map(|value| value.to_f64() as f32).collect()),
        _ => ValuesV1::F64(values.iter().map(|value| value.to_f64()).collect()),
    };
    ArrayV1 { name, shape: array.shape().iter().map(|&size| size as u64).collect(), values }
}

/// The content of a file that is whole.
fn parse(bytes: &[u8]) -> Result<ParamsV1, ParamsError> {
    let content: ParamsV1 = container::open(container::PARAMS, VERSION, bytes)?;
    check_axes(content.most_axes())?;
    Ok(content)
}

/// What the content of a parameter file describes, and its arrays.
pub(crate) fn arrays(bytes: &[u8]) -> Result<(NetworkSpec, Vec<NamedArray>), ParamsError> {
    let content = parse(bytes)?;
    let spec = content.network.spec()?;
    let array = |array: ArrayV1| {
        values_len(&array)?;
        let shape = array.shape.iter().map(|&n| size(n)).collect::<Result<_, _>>()?;
        let (element, values) = match array.values {
            ValuesV1::F32(values) => (Element::F32, Values::F32(values)),
            ValuesV1::F64(values) => (Element::F64, Values::F64(values)),
        };
        Ok(NamedArray { name: array.name, shape, element, values })
    };
    Ok((spec, content.arrays.into_iter().map(array).collect::<Result<_, ParamsError>>()?))
}

/// Refuses shapes that are too long for a message.
pub(crate) fn check_axes(count: usize) -> Result<(), ParamsError> {
    if count > MOST_AXES { Err(ParamsError::Axes { count, most: MOST_AXES }) } else { Ok(()) }
}

/// Builds the layers that the file describes, with its arrays.
fn rebuild<F: Real>(spec: &NetworkSpec, arrays: &[ArrayV1]) -> Result<Sequential<F>, ParamsError> {
    let mut arrays = arrays.iter();
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut next = |name: &'static str, shape: &[usize]| {
        let number = seen.entry(name).or_insert(0);
        *number += 1;
        compare_one(&format!("{name}{number}"), shape, arrays.next()).and_then(values)
    };
    let layers = construct(spec, Source::Given(&mut next))?;
    match arrays.next() {
        None => Ok(layers),
        Some(array) => Err(unexpected(array)),
    }
}

fn compare(expected: &[(String, Vec<usize>)], arrays: &[ArrayV1]) -> Result<(), ParamsError> {
    let mut found = arrays.iter();
    for (name, shape) in expected {
        values_len(compare_one(name, shape, found.next())?)?;
    }
    found.next().map_or(Ok(()), |array| Err(unexpected(array)))
}

pub(crate) fn compare_one<'a>(
    name: &str,
    shape: &[usize],
    found: Option<&'a ArrayV1>,
) -> Result<&'a ArrayV1, ParamsError> {
    let Some(array) = found else {
        return Err(ParamsError::Missing { expected: name.to_string(), shape: shape.to_vec() });
    };
    let same_shape = array.shape.iter().copied().eq(shape.iter().map(|&size| size as u64));
    if array.name == name && same_shape {
        return Ok(array);
    }
    Err(ParamsError::Array {
        expected: name.to_string(),
        expected_shape: shape.to_vec(),
        found: array.name.clone(),
        found_shape: shown(array),
    })
}

/// Compares what matters for inference: how the first weights were drawn, say, does not.
fn compare_layers(expected: &NetworkSpec, found: &NetworkSpec) -> Result<(), ParamsError> {
    let differ = |expected: String, found: String| Err(ParamsError::Layer { expected, found });
    if expected.input != found.input {
        return differ(format!("inputs of shape {:?}", expected.input), format!("inputs of shape {:?}", found.input));
    }
    for index in 0..expected.layers.len().max(found.layers.len()) {
        let layer = |spec: &NetworkSpec| spec.layers.get(index).map(|layer| layer.for_inference());
        if layer(expected) != layer(found) {
            let name = |spec: &NetworkSpec| match spec.layers.get(index) {
                None => format!("no layer {}", index + 1),
                Some(layer) => format!("{} as layer {} ({layer})", spec.layer_name(index), index + 1),
            };
            return differ(name(expected), name(found));
        }
    }
    Ok(())
}

/// The values of an array, whose number is found to be right.
pub(crate) fn values<F: Real>(array: &ArrayV1) -> Result<ArrayD<F>, ParamsError> {
    values_len(array)?;
    let shape = array.shape.iter().map(|&n| size(n)).collect::<Result<Vec<_>, _>>()?;
    let values = match &array.values {
        ValuesV1::F32(values) => values.iter().map(|&value| F::from_f64(f64::from(value))).collect(),
        ValuesV1::F64(values) => values.iter().map(|&value| F::from_f64(value)).collect(),
    };
    Ok(ArrayD::from_shape_vec(IxDyn(&shape), values).expect("as many values as the shape has"))
}

fn values_len(array: &ArrayV1) -> Result<(), ParamsError> {
    let len = array.shape.iter().try_fold(1_u64, |a, &b| a.checked_mul(b));
    match len == Some(array.values.len() as u64) {
        true => Ok(()),
        false => Err(ParamsError::Values { name: array.name.clone(), shape: shown(array), values: array.values.len() }),
    }
}

pub(crate) fn unexpected(array: &ArrayV1) -> ParamsError {
    ParamsError::Unexpected { name: array.name.clone(), shape: shown(array) }
}

/// The shape, for a message.
fn shown(array: &ArrayV1) -> Vec<usize> {
    array.shape.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX)).collect()
}
