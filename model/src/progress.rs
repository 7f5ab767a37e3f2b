//! How far a training is.

use datasets::Position;

use crate::history::History;

/// How far a training is, and what happened so far. Together with the settings, the optimizer and the network it decides all
/// that is still to come; so it is what a checkpoint holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Progress {
    /// Before the step that comes next.
    pub(crate) position: Position,
    /// The number of training images, from the first step on.
    pub(crate) images: Option<usize>,
    pub(crate) history: History,
    pub(crate) epoch: EpochSoFar,
}

/// Sums over the steps of the current epoch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct EpochSoFar {
    /// Of the losses of the images.
    pub(crate) loss: f64,
    pub(crate) images: usize,
    pub(crate) seconds: f64,
}

impl Progress {
    /// Epochs that are over and evaluated.
    pub(crate) fn epochs_done(&self) -> usize {
        self.history.epoch_loss_list.len()
    }

    /// Epochs of which at least one step is done.
    pub(crate) fn epochs_begun(&self) -> usize {
        self.position.epoch as usize + usize::from(self.position.step > 0)
    }

    /// Whether all steps of an epoch are done, and its evaluation is not.
    pub(crate) fn waits_for_evaluation(&self) -> bool {
        self.epochs_done() < self.position.epoch as usize
    }
}
