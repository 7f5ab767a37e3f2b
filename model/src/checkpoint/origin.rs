//! What a training began from.

use datasets::Dataset;
use tensor::Real;

use crate::fingerprint::{data_digest, params_digest};
use crate::network::Network;

/// What a training began from: its first weights, and its images. It goes on to the same bits only with the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// [`weights_sha256`](Self::weights_sha256) of the network before the first step.
    pub first_params: [u8; 32],
    /// What the images are called, for messages.
    pub data: String,
    /// What the network learns from.
    pub train: Images,
    /// What it is judged by.
    pub test: Images,
}

/// Images, told from others by their number and a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Images {
    /// How many.
    pub count: usize,
    /// The SHA-256 of their shape, classes, pixels and labels.
    pub sha256: [u8; 32],
}

impl Origin {
    /// The SHA-256 of all parameters, as [`params_sha256`](crate::params_sha256) writes it.
    pub fn weights_sha256<F: Real>(network: &Network<F>) -> [u8; 32] {
        params_digest(network)
    }
}

impl Images {
    /// Those of a data set.
    pub fn of(data: &Dataset) -> Self {
        Images { count: data.len(), sha256: data_digest(data) }
    }
}
