//! Nesterov's accelerated gradient.

use crate::compiled::Steps;
use crate::error::{OptimError, check_lr, fraction};
use crate::kind::OptimizerConfig;
use crate::optimizer::Optimizer;
use crate::state::{State, snap};
use tensor::{Real, Rule, Update};

const NAME: &str = "nesterov";

/// Settings of [`Nesterov`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NesterovConfig {
    /// The learning rate, above 0.
    pub lr: f64,
    /// How much of the velocity is left after a step, from 0 to below 1.
    pub momentum: f64,
}

impl Default for NesterovConfig {
    /// The book's: 0.01 and 0.9.
    fn default() -> Self {
        NesterovConfig { lr: 0.01, momentum: 0.9 }
    }
}

impl NesterovConfig {
    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`OptimError::Setting`].
    pub fn validate(&self) -> Result<(), OptimError> {
        check_lr(NAME, self.lr)?;
        fraction(NAME, "momentum", self.momentum)
    }
}

/// One step of a ball that looks ahead.
///
/// ```text
/// value ← value + momentum² · v − (1 + momentum) · lr · grad
/// v ← momentum · v − lr · grad
/// ```
///
/// Nesterov takes the gradient where the velocity would lead to. This is the form in which `value` is that place
/// already, so that an ordinary gradient serves: the weights that it moves are the look-ahead `θ + momentum · v` of the
/// usual form. A velocity below 1e-30 in magnitude becomes 0.
///
/// # Panics
/// If the slices differ in length.
#[inline]
pub fn nesterov_step<F: Real>(value: &mut [F], grad: &[F], v: &mut [F], lr: F, momentum: F) {
    assert_eq!([value.len(), value.len()], [grad.len(), v.len()], "nesterov: value, and grad and v");
    let momentum_twice = momentum * momentum;
    let ahead = (F::ONE + momentum) * lr;
    for ((w, &g), v) in value.iter_mut().zip(grad).zip(v) {
        *w += momentum_twice * *v;
        *w -= ahead * g;
        *v = snap(momentum * *v - lr * g);
    }
}

/// Momentum whose gradient is taken where the velocity leads to. [`nesterov_step`] is the formula.
///
/// Sources: Yurii Nesterov (1983), *A method of solving a convex programming problem with convergence rate O(1/k²)*; in
/// this form Yoshua Bengio et al. (2012), *Advances in optimizing recurrent networks*. The book's code has it; its text
/// does not.
#[derive(Debug, Clone)]
pub struct Nesterov<F: Real = f32> {
    config: NesterovConfig,
    state: State<F>,
}

impl<F: Real> Nesterov<F> {
    /// An optimizer that has seen nothing yet.
    ///
    /// # Errors
    /// As [`NesterovConfig::validate`].
    pub fn new(config: NesterovConfig) -> Result<Self, OptimError> {
        config.validate()?;
        Ok(Nesterov { config, state: State::new(&["v"]) })
    }
}

impl<F: Steps> Rule<F> for NesterovConfig {
    fn step(&self, value: &mut [F], grad: &[F], [v, _]: [&mut [F]; 2]) {
        F::nesterov_step(value, grad, v, F::from_f64(self.lr), F::from_f64(self.momentum));
    }
}

impl<F: Steps> Optimizer<F> for Nesterov<F> {
    fn config(&self) -> OptimizerConfig {
        OptimizerConfig::Nesterov(self.config)
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
