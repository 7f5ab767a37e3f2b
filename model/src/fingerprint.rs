//! A number for all weights of a network, or all images of a data set.

use datasets::Dataset;
use sha2::{Digest, Sha256};
use tensor::Real;

use crate::network::Network;
use crate::row_major::row_major;

/// The SHA-256 of all parameters (and statistics), in hexadecimal: W1 b1 W2 b2 W3 b3, each row-major by its logical
/// shape, as little-endian `f32`. Equal for equal weights, whatever their order in memory.
pub fn params_sha256<F: Real>(network: &Network<F>) -> String {
    hex(&params_digest(network))
}

/// The bytes of [`params_sha256`].
pub(crate) fn params_digest<F: Real>(network: &Network<F>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut bytes = Vec::new();
    network.visit_params(&mut |_, param| {
        bytes.clear();
        bytes.extend(row_major(&param.value()).iter().flat_map(|value| (value.to_f64() as f32).to_le_bytes()));
        hash.update(&bytes);
    });
    hash.finalize().into()
}

/// The SHA-256 of labelled images: their shape, their classes, pixels and labels.
pub(crate) fn data_digest(data: &Dataset) -> [u8; 32] {
    let mut hash = Sha256::new();
    let [channels, height, width] = data.image_shape();
    for number in [data.len(), channels, height, width, data.classes()] {
        hash.update((number as u64).to_le_bytes());
    }
    hash.update(data.pixels());
    hash.update(data.labels());
    hash.finalize().into()
}

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
