//! What happened in a training.

use crate::smooth_curve::smooth_curve;

/// What happened so far; the lists have the book's names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// The mean loss of each step's batch, before the step.
    pub train_loss_list: Vec<f64>,
    /// After each epoch: the part of the training images that is predicted rightly.
    pub train_acc_list: Vec<f64>,
    /// After each epoch: the part of the test images that is predicted rightly.
    pub test_acc_list: Vec<f64>,
    /// For each epoch the mean loss over all its images, each counted at the step that it was part of.
    pub epoch_loss_list: Vec<f64>,
    /// For each epoch the seconds that its steps took, without the evaluation.
    pub epoch_seconds_list: Vec<f64>,
}

impl History {
    /// [`train_loss_list`](Self::train_loss_list) smoothed for a plot: see [`smooth_curve`].
    pub fn smoothed_loss(&self) -> Vec<f64> {
        smooth_curve(&self.train_loss_list)
    }
}
