//! What changes the parameters in a training step.

use tensor::{Real, Update};

use crate::param::Param;

/// What changes the parameters of a network in a training step: an optimizer, as the layers see it.
///
/// [`Sequential::backward_and_update`](crate::Sequential::backward_and_update) asks for the update of each learned parameter once.
pub trait Updates<F: Real = f32> {
    /// The update of a learned parameter; `slot` is its number among the learned ones, from 0, first layer to last.
    fn update_of(&mut self, slot: usize, param: &Param<F>) -> Update<'_, F>;
}

/// The updates of a step, and which slots they go to.
pub(crate) struct Step<'a, F: Real> {
    pub(crate) updates: &'a mut dyn Updates<F>,
    /// For each layer the slot of its first learned parameter.
    pub(crate) slots: &'a [usize],
}

impl<F: Real> Step<'_, F> {
    /// Changes a parameter whose gradient is known.
    pub(crate) fn update(&mut self, slot: usize, param: &mut Param<F>) {
        let update = self.updates.update_of(slot, param);
        let (value, grad) = param.value_and_grad_mut();
        update.apply(value, grad);
    }
}
