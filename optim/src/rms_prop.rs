//! RMSprop.

use crate::compiled::Steps;
use crate::error::{OptimError, check_lr, fraction, positive};
use crate::kind::OptimizerConfig;
use crate::optimizer::Optimizer;
use crate::state::{State, snap};
use tensor::{Real, Rule, Update};

const NAME: &str = "rmsprop";

/// Settings of [`RmsProp`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsPropConfig {
    /// The learning rate, above 0.
    pub lr: f64,
    /// How much of the mean square is left after a step, from 0 to below 1.
    pub decay_rate: f64,
    /// What keeps the divisor from 0, above 0.
    pub epsilon: f64,
}

impl Default for RmsPropConfig {
    /// The book's: 0.01, 0.99 and 1e-7.
    fn default() -> Self {
        RmsPropConfig { lr: 0.01, decay_rate: 0.99, epsilon: 1e-7 }
    }
}

impl RmsPropConfig {
    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`OptimError::Setting`].
    pub fn validate(&self) -> Result<(), OptimError> {
        check_lr(NAME, self.lr)?;
        fraction(NAME, "decay rate", self.decay_rate)?;
        positive(NAME, "epsilon", self.epsilon)
    }
}

/// One step whose length falls, weight by weight, with the latest gradients.
///
/// ```text
/// h ← decay_rate · h + (1 − decay_rate) · grad²
/// value ← value − lr · grad / (√h + epsilon)
/// ```
///
/// A mean square below 1e-30 becomes 0. `rest` is `1 − decay_rate`, subtracted where there are digits enough.
///
/// # Panics
/// If the slices differ in length.
#[inline]
pub fn rms_prop_step<F: Real>(value: &mut [F], grad: &[F], h: &mut [F], lr: F, decay_rate: F, rest: F, epsilon: F) {
    assert_eq!([value.len(), value.len()], [grad.len(), h.len()], "rmsprop: value, and grad and h");
    for ((w, &g), h) in value.iter_mut().zip(grad).zip(h) {
        *h = snap(decay_rate * *h + rest * g * g);
        *w -= lr * g / (h.sqrt() + epsilon);
    }
}

/// AdaGrad that forgets: a moving average of the squares in place of their sum. [`rms_prop_step`] is the formula.
///
/// Sources: the book's code (its text mentions it in section 6.1.5); Tijmen Tieleman and Geoffrey Hinton (2012),
/// *Lecture 6.5: rmsprop*.
#[derive(Debug, Clone)]
pub struct RmsProp<F: Real = f32> {
    config: RmsPropConfig,
    state: State<F>,
}

impl<F: Real> RmsProp<F> {
    /// An optimizer that has seen nothing yet.
    ///
    /// # Errors
    /// As [`RmsPropConfig::validate`].
    pub fn new(config: RmsPropConfig) -> Result<Self, OptimError> {
        config.validate()?;
        Ok(RmsProp { config, state: State::new(&["h"]) })
    }
}

impl<F: Steps> Rule<F> for RmsPropConfig {
    fn step(&self, value: &mut [F], grad: &[F], [h, _]: [&mut [F]; 2]) {
        let RmsPropConfig { lr, decay_rate, epsilon } = *self;
        let [lr, decay_rate, rest, epsilon] = [lr, decay_rate, 1.0 - decay_rate, epsilon].map(F::from_f64);
        F::rms_prop_step(value, grad, h, lr, decay_rate, rest, epsilon);
    }
}

impl<F: Steps> Optimizer<F> for RmsProp<F> {
    fn config(&self) -> OptimizerConfig {
        OptimizerConfig::RmsProp(self.config)
    }

    fn set_lr(&mut self, lr: f64) {
        self.config.lr = lr;
    }

    fn begin_step(&mut self) {
        self.state.begin_step();
    }

    fn update_of(&mut self, slot: usize, len: usize) -> Update<'_, F> {
        let remembered = self.state.slot(NAME, slot, len);
        Update { rule: &self.config, decay: F::ZERO, remembered }
    }

    fn state(&self) -> &State<F> {
        &self.state
    }

    fn state_mut(&mut self) -> &mut State<F> {
        &mut self.state
    }
}
