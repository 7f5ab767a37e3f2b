//! Gradient descent with momentum.

use crate::compiled::Steps;
use crate::error::{OptimError, check_lr, fraction};
use crate::kind::OptimizerConfig;
use crate::optimizer::Optimizer;
use crate::state::{State, snap};
use tensor::{Real, Rule, Update};

const NAME: &str = "momentum";

/// Settings of [`Momentum`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MomentumConfig {
    /// The learning rate, above 0.
    pub lr: f64,
    /// How much of the velocity is left after a step, from 0 to below 1.
    pub momentum: f64,
}

impl Default for MomentumConfig {
    /// The book's: 0.01 and 0.9.
    fn default() -> Self {
        MomentumConfig { lr: 0.01, momentum: 0.9 }
    }
}

impl MomentumConfig {
    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`OptimError::Setting`].
    pub fn validate(&self) -> Result<(), OptimError> {
        check_lr(NAME, self.lr)?;
        fraction(NAME, "momentum", self.momentum)
    }
}

/// One step of a ball that rolls down the slope.
///
/// ```text
/// v ← momentum · v − lr · grad
/// value ← value + v
/// ```
///
/// A velocity below 1e-30 in magnitude becomes 0.
///
/// # Panics
/// If the slices differ in length.
#[inline]
pub fn momentum_step<F: Real>(value: &mut [F], grad: &[F], v: &mut [F], lr: F, momentum: F) {
    assert_eq!([value.len(), value.len()], [grad.len(), v.len()], "momentum: value, and grad and v");
    for ((w, &g), v) in value.iter_mut().zip(grad).zip(v) {
        *v = snap(momentum * *v - lr * g);
        *w += *v;
    }
}

/// Gradient descent with a velocity `v` that each gradient pushes. [`momentum_step`] is the formula.
///
/// Source: the book, section 6.1.4.
#[derive(Debug, Clone)]
pub struct Momentum<F: Real = f32> {
    config: MomentumConfig,
    state: State<F>,
}

impl<F: Real> Momentum<F> {
    /// An optimizer that has seen nothing yet.
    ///
    /// # Errors
    /// As [`MomentumConfig::validate`].
    pub fn new(config: MomentumConfig) -> Result<Self, OptimError> {
        config.validate()?;
        Ok(Momentum { config, state: State::new(&["v"]) })
    }
}

impl<F: Steps> Rule<F> for MomentumConfig {
    fn step(&self, value: &mut [F], grad: &[F], [v, _]: [&mut [F]; 2]) {
        F::momentum_step(value, grad, v, F::from_f64(self.lr), F::from_f64(self.momentum));
    }
}

impl<F: Steps> Optimizer<F> for Momentum<F> {
    fn config(&self) -> OptimizerConfig {
        OptimizerConfig::Momentum(self.config)
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
