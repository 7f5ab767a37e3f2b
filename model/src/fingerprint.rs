//! A number for all weights of a network.

use sha2::{Digest, Sha256};
use tensor::Real;

use crate::network::Network;

/// The SHA-256 of all parameters (and statistics), in hexadecimal: W1 b1 W2 b2 W3 b3, each row-major by its logical
/// shape, as little-endian `f32`. Equal for equal weights, whatever their order in memory.
pub fn params_sha256<F: Real>(network: &Network<F>) -> String {
    let mut hash = Sha256::new();
    let mut bytes = Vec::new();
    network.visit_params(&mut |_, param| {
        bytes.clear();
        bytes.extend(param.value.iter().flat_map(|value| (value.to_f64() as f32).to_le_bytes()));
        hash.update(&bytes);
    });
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
