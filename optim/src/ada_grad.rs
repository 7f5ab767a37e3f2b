//! AdaGrad.

use crate::compiled::Steps;
use crate::error::{OptimError, check_lr, positive};
use crate::kind::OptimizerConfig;
use crate::optimizer::Optimizer;
use crate::state::{State, snap};
use tensor::{Real, Rule, Update};

const NAME: &str = "adagrad";

/// Settings of [`AdaGrad`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaGradConfig {
    /// The learning rate, above 0.
    pub lr: f64,
    /// What keeps the divisor from 0, above 0.
    pub epsilon: f64,
}

impl Default for AdaGradConfig {
    /// The book's: 0.01 and 1e-7.
    fn default() -> Self {
        AdaGradConfig { lr: 0.01, epsilon: 1e-7 }
    }
}

impl AdaGradConfig {
    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`OptimError::Setting`].
    pub fn validate(&self) -> Result<(), OptimError> {
        check_lr(NAME, self.lr)?;
        positive(NAME, "epsilon", self.epsilon)
    }
}

/// One step whose length falls, weight by weight, with the gradients seen so far.
///
/// ```text
/// h ← h + grad²
/// value ← value − lr · grad / (√h + epsilon)
/// ```
///
/// A sum below 1e-30 becomes 0.
///
/// # Panics
/// If the slices differ in length.
#[inline]
pub fn ada_grad_step<F: Real>(value: &mut [F], grad: &[F], h: &mut [F], lr: F, epsilon: F) {
    assert_eq!([value.len(), value.len()], [grad.len(), h.len()], "adagrad: value, and grad and h");
    for ((w, &g), h) in value.iter_mut().zip(grad).zip(h) {
        *h = snap(*h + g * g);
        *w -= lr * g / (h.sqrt() + epsilon);
    }
}

/// Divides each gradient by the root of the sum of its squares so far. [`ada_grad_step`] is the formula.
///
/// Sources: the book, section 6.1.5; John Duchi, Elad Hazan and Yoram Singer (2011), *Adaptive subgradient methods for
/// online learning and stochastic optimization*.
#[derive(Debug, Clone)]
pub struct AdaGrad<F: Real = f32> {
    config: AdaGradConfig,
    state: State<F>,
}

impl<F: Real> AdaGrad<F> {
    /// An optimizer that has seen nothing yet.
    ///
    /// # Errors
    /// As [`AdaGradConfig::validate`].
    pub fn new(config: AdaGradConfig) -> Result<Self, OptimError> {
        config.validate()?;
        Ok(AdaGrad { config, state: State::new(&["h"]) })
    }
}

impl<F: Steps> Rule<F> for AdaGradConfig {
    fn step(&self, value: &mut [F], grad: &[F], [h, _]: [&mut [F]; 2]) {
        F::ada_grad_step(value, grad, h, F::from_f64(self.lr), F::from_f64(self.epsilon));
    }
}

impl<F: Steps> Optimizer<F> for AdaGrad<F> {
    fn config(&self) -> OptimizerConfig {
        OptimizerConfig::AdaGrad(self.config)
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
