//! What a training tells.

use crate::warning::Warning;

/// Something that happened in a training. Epochs and steps are counted from 1.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The training begins, or goes on.
    Started {
        /// Epochs in all.
        epochs: usize,
        /// Epochs that were complete before.
        epochs_done: usize,
        /// Steps of the next epoch that were done before.
        steps_done: usize,
        /// Steps in an epoch.
        steps_per_epoch: usize,
        /// Images that the network learns from.
        train_images: usize,
        /// Images that are set apart to judge it.
        test_images: usize,
        /// Learned numbers.
        parameters: usize,
    },
    /// A step is done.
    Step {
        /// The epoch.
        epoch: usize,
        /// The step in its epoch.
        step: usize,
        /// Steps in an epoch.
        steps_per_epoch: usize,
        /// The mean loss of the batch, before the step.
        loss: f64,
        /// The learning rate of the step.
        lr: f64,
    },
    /// An epoch is done, and the network was evaluated.
    Epoch {
        /// The epoch.
        epoch: usize,
        /// Epochs in all.
        epochs: usize,
        /// The mean loss over all images of the epoch, each counted at the step that it was part of.
        mean_loss: f64,
        /// The part of the training images that is predicted rightly.
        train_accuracy: f64,
        /// The part of the test images that is predicted rightly.
        test_accuracy: f64,
        /// What the steps of the epoch took, without the evaluation.
        seconds: f64,
    },
    /// The user should know something, although the training goes on. What the step before gave rise to is told behind that
    /// step, what is dead after an epoch before the evaluation.
    Warning(Warning),
    /// All epochs are done.
    Finished {
        /// Epochs in all.
        epochs: usize,
        /// What all steps took, without the evaluations.
        seconds: f64,
    },
}
