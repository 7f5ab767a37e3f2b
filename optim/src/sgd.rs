//! Stochastic gradient descent.

use crate::compiled::Steps;
use crate::error::{OptimError, check_lr};
use crate::kind::OptimizerConfig;
use crate::optimizer::Optimizer;
use crate::state::State;
use tensor::{Real, Rule, Update};

const NAME: &str = "sgd";

/// Settings of [`Sgd`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SgdConfig {
    /// The learning rate, above 0.
    pub lr: f64,
}

impl Default for SgdConfig {
    /// The book's: 0.01.
    fn default() -> Self {
        SgdConfig { lr: 0.01 }
    }
}

impl SgdConfig {
    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`OptimError::Setting`].
    pub fn validate(&self) -> Result<(), OptimError> {
        check_lr(NAME, self.lr)
    }
}

/// One step down the slope.
///
/// ```text
/// value ← value − lr · grad
/// ```
///
/// # Panics
/// If the slices differ in length.
#[inline]
pub fn sgd_step<F: Real>(value: &mut [F], grad: &[F], lr: F) {
    assert_eq!(value.len(), grad.len(), "sgd: value and grad");
    for (w, &g) in value.iter_mut().zip(grad) {
        *w -= lr * g;
    }
}

/// Stochastic gradient descent: steps down the slope of each batch. [`sgd_step`] is the formula.
///
/// Source: the book, section 6.1.2.
#[derive(Debug, Clone)]
pub struct Sgd<F: Real = f32> {
    config: SgdConfig,
    state: State<F>,
}

impl<F: Real> Sgd<F> {
    /// An optimizer that has seen nothing yet.
    ///
    /// # Errors
    /// As [`SgdConfig::validate`].
    pub fn new(config: SgdConfig) -> Result<Self, OptimError> {
        config.validate()?;
        Ok(Sgd { config, state: State::new(&[]) })
    }
}

impl<F: Steps> Rule<F> for SgdConfig {
    fn step(&self, value: &mut [F], grad: &[F], _: [&mut [F]; 2]) {
        F::sgd_step(value, grad, F::from_f64(self.lr));
    }
}

impl<F: Steps> Optimizer<F> for Sgd<F> {
    fn config(&self) -> OptimizerConfig {
        OptimizerConfig::Sgd(self.config)
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
