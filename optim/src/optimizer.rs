//! What every optimizer can do.

use std::fmt::Debug;

use tensor::{Real, Update};

use crate::kind::OptimizerConfig;
use crate::state::State;

/// Changes parameters a little, so that the loss falls.
///
/// A step is [`begin_step`](Self::begin_step), then [`update`](Self::update) once for each parameter, or
/// [`update_of`](Self::update_of) for whoever changes a parameter part by part, as its gradient comes. What an optimizer
/// remembers of a parameter is allocated when it sees the parameter's slot for the first time, and never after.
pub trait Optimizer<F: Real = f32>: Debug + Send {
    /// Which optimizer it is, with its settings; the learning rate is the current one.
    fn config(&self) -> OptimizerConfig;

    /// Changes the learning rate, from the next [`begin_step`](Self::begin_step) on. Not checked, so that a schedule may
    /// go down to 0.
    fn set_lr(&mut self, lr: f64);

    /// The current learning rate.
    fn lr(&self) -> f64 {
        self.config().lr()
    }

    /// Time goes on by one step.
    fn begin_step(&mut self);

    /// Changes the parameter `value`, given `grad`, the gradient of the loss with respect to it. `slot` tells the
    /// parameters apart; number them from 0.
    ///
    /// # Panics
    /// If `value` and `grad` differ in length, the slot had another length before, or there was no
    /// [`begin_step`](Self::begin_step) yet.
    fn update(&mut self, slot: usize, value: &mut [F], grad: &[F]) {
        assert!(
            value.len() == grad.len(),
            "{}: slot {slot} has {} values, but {} gradients",
            self.config().kind(),
            value.len(),
            grad.len()
        );
        self.update_of(slot, value.len()).without_decay(value, grad);
    }

    /// This step for the parameter of `len` numbers in this slot; [`update`](Self::update) is this, applied to all of it. Without weight
    /// decay; whoever wants it sets it.
    ///
    /// # Panics
    /// If the slot had another length before, or there was no [`begin_step`](Self::begin_step) yet.
    fn update_of(&mut self, slot: usize, len: usize) -> Update<'_, F>;

    /// What the optimizer remembers: with its [`config`](Self::config), all that a checkpoint needs.
    fn state(&self) -> &State<F>;

    /// What the optimizer remembers, to restore it from a checkpoint.
    fn state_mut(&mut self) -> &mut State<F>;
}
