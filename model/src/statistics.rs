//! The statistics of a network, kept aside.

use crate::network::Network;

/// What a network holds without learning it (the running mean and variance of batch normalisation), as it was at some
/// moment. A step of training changes it before the loss is known.
#[derive(Debug, Default)]
pub(crate) struct Statistics(Vec<f32>);

impl Statistics {
    /// Remembers those of now.
    pub(crate) fn remember(&mut self, network: &Network) {
        self.0.clear();
        network.visit_params(&mut |_, param| {
            if !param.learned {
                self.0.extend_from_slice(param.values());
            }
        });
    }

    /// Makes those of the network what they were.
    pub(crate) fn restore(&self, network: &mut Network) {
        let mut rest = &self.0[..];
        network.visit_params_mut(&mut |_, param| {
            if !param.learned {
                let (values, others) = rest.split_at(param.len());
                param.values_mut().copy_from_slice(values);
                rest = others;
            }
        });
    }
}
