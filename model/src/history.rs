//! What happened in a training.

use datasets::Position;

use crate::event::Event;
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

    /// The steps and the epochs, as they were told; `lr` gives the learning rate of a step.
    pub(crate) fn events(
        &self,
        steps_per_epoch: usize,
        epochs: usize,
        lr: impl Fn(Position) -> f64,
    ) -> impl Iterator<Item = Event> {
        self.train_loss_list.iter().enumerate().flat_map(move |(i, &loss)| {
            let (epoch, step) = (i / steps_per_epoch, i % steps_per_epoch);
            let lr = lr(Position { epoch: epoch as u64, step });
            let told = Event::Step { epoch: epoch + 1, step: step + 1, steps_per_epoch, loss, lr };
            let closes = step + 1 == steps_per_epoch && epoch < self.epoch_loss_list.len();
            [Some(told), closes.then(|| self.epoch_event(epoch + 1, epochs))].into_iter().flatten()
        })
    }

    /// What was told after this epoch, counted from 1, of a training of so many.
    pub(crate) fn epoch_event(&self, epoch: usize, epochs: usize) -> Event {
        Event::Epoch {
            epoch,
            epochs,
            mean_loss: self.epoch_loss_list[epoch - 1],
            train_accuracy: self.train_acc_list[epoch - 1],
            test_accuracy: self.test_acc_list[epoch - 1],
            seconds: self.epoch_seconds_list[epoch - 1],
        }
    }
}
