//! What can be wrong with a checkpoint.

use crate::params::ParamsError;

/// Why bytes are not a checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file is not whole, or its network or an array of its optimizer is not what it should be.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The settings cannot be those of a training.
    #[error("the settings in the checkpoint cannot work: {0}")]
    Settings(Box<crate::Error>),
    /// The optimizer does not take the state.
    #[error("the state of the optimizer does not fit: {0}")]
    Optimizer(#[from] optim::OptimError),
    /// The place and the history contradict each other.
    #[error(
        "the checkpoint contradicts itself: it is at step {step} after {epoch} epochs, of which {evaluated} are evaluated"
    )]
    History {
        /// Epochs that are over.
        epoch: u64,
        /// Steps of the current one.
        step: u64,
        /// Epochs in the history.
        evaluated: usize,
    },
}

impl CheckpointError {
    /// Whether a newer program wrote the file: then it is not damaged.
    pub fn is_newer_version(&self) -> bool {
        matches!(self, CheckpointError::Params(ParamsError::Version { .. }))
    }
}
