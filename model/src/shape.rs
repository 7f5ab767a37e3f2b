//! Whether images are what a network takes.

use datasets::Dataset;
use layers::ndarray::IxDyn;
use tensor::Real;

use crate::error::{Error, Part};
use crate::network::Network;

/// Refuses images of another shape, with a label that is none of the network's classes, or none at all. A network may also take
/// its images flat: (C·H·W).
pub(crate) fn fits<F: Real>(network: &Network<F>, data: &Dataset, part: Part) -> Result<(), Error> {
    let (expected, got) = (network.input_shape(), data.image_shape());
    if *expected != got && *expected != [data.image_len()] {
        return Err(Error::ImageShape { part, expected: expected.to_vec(), got });
    }
    let classes = network.classes();
    if let Some(position) = data.labels().iter().position(|&label| usize::from(label) >= classes) {
        return Err(Error::Label { part, position, label: data.labels()[position], classes });
    }
    if data.is_empty() {
        return Err(Error::NoImages { part });
    }
    Ok(())
}

/// The shape of a batch of `n` inputs; does not allocate for up to four axes.
pub(crate) fn batch_shape(n: usize, input: &[usize]) -> IxDyn {
    let mut shape = IxDyn::zeros(input.len() + 1);
    shape[0] = n;
    input.iter().enumerate().for_each(|(axis, &size)| shape[axis + 1] = size);
    shape
}
