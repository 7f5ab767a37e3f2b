//! Adam.

use crate::compiled::Steps;
use crate::error::{OptimError, check_lr, fraction, positive};
use crate::kind::OptimizerConfig;
use crate::optimizer::Optimizer;
use crate::state::{State, snap};
use tensor::{Real, Rule, Update};

const NAME: &str = "adam";

/// Settings of [`Adam`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamConfig {
    /// The learning rate, above 0.
    pub lr: f64,
    /// How much of the mean gradient is left after a step, from 0 to below 1.
    pub beta1: f64,
    /// How much of the mean square is left after a step, from 0 to below 1.
    pub beta2: f64,
    /// What keeps the divisor from 0, above 0; added outside the root.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    /// The book's: 0.001, 0.9, 0.999 and 1e-7. (The paper and most frameworks have an epsilon of 1e-8.)
    fn default() -> Self {
        AdamConfig { lr: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
    }
}

impl AdamConfig {
    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`OptimError::Setting`].
    pub fn validate(&self) -> Result<(), OptimError> {
        check_lr(NAME, self.lr)?;
        fraction(NAME, "beta1", self.beta1)?;
        fraction(NAME, "beta2", self.beta2)?;
        positive(NAME, "epsilon", self.epsilon)
    }
}

/// The numbers that are the same for all weights of a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamCoefficients<F: Real = f32> {
    /// `lrₜ = lr · √(1 − beta2ᵗ) / (1 − beta1ᵗ)`: the learning rate with both bias corrections folded in.
    pub lr: F,
    /// `1 − beta1`.
    pub rest1: F,
    /// `1 − beta2`.
    pub rest2: F,
    /// What keeps the divisor from 0.
    pub epsilon: F,
}

impl<F: Real> AdamCoefficients<F> {
    /// The coefficients of step `t`, counted from 1; computed in `f64`, then rounded.
    pub fn new(config: &AdamConfig, t: u64) -> Self {
        let AdamConfig { lr, beta1, beta2, epsilon } = *config;
        // libm's power: the same bits on every machine.
        let bias1 = 1.0 - libm::pow(beta1, t as f64);
        let bias2 = 1.0 - libm::pow(beta2, t as f64);
        AdamCoefficients {
            lr: F::from_f64(lr * bias2.sqrt() / bias1),
            rest1: F::from_f64(1.0 - beta1),
            rest2: F::from_f64(1.0 - beta2),
            epsilon: F::from_f64(epsilon),
        }
    }
}

/// One step of Adam.
///
/// ```text
/// m ← m + (1 − beta1) · (grad − m)
/// v ← v + (1 − beta2) · (grad² − v)
/// value ← value − lrₜ · m / (√v + epsilon)
/// ```
///
/// Moments below 1e-30 in magnitude become 0. No fused multiply-add, true division and root: the same bits whatever the
/// instruction set.
///
/// # Panics
/// If the slices differ in length.
#[inline(always)]
pub fn adam_step<F: Real>(value: &mut [F], grad: &[F], m: &mut [F], v: &mut [F], c: &AdamCoefficients<F>) {
    assert_eq!([value.len(); 3], [grad.len(), m.len(), v.len()], "adam: value, and grad, m and v");
    for (((w, &g), m), v) in value.iter_mut().zip(grad).zip(m).zip(v) {
        *m = snap(*m + c.rest1 * (g - *m));
        *v = snap(*v + c.rest2 * (g * g - *v));
        *w -= c.lr * *m / (v.sqrt() + c.epsilon);
    }
}

/// Momentum and RMSprop in one: a moving average `m` of the gradients over the root of a moving average `v` of their
/// squares. [`adam_step`] is the formula.
///
/// The book's dialect: both averages start at 0 and are therefore too small at first; the paper corrects each
/// (`m / (1 − beta1ᵗ)`, `v / (1 − beta2ᵗ)`), the book folds both corrections into the learning rate. That differs from
/// the paper in one thing: epsilon is added to the root that is not corrected, so it weighs more in the first steps.
///
/// Sources: the book, section 6.1.6; Diederik Kingma and Jimmy Ba (2015), *Adam: a method for stochastic optimization*
/// (the end of its section 2 names this form).
#[derive(Debug, Clone)]
pub struct Adam<F: Real = f32> {
    config: AdamConfig,
    coefficients: AdamCoefficients<F>,
    state: State<F>,
}

impl<F: Real> Adam<F> {
    /// An optimizer that has seen nothing yet.
    ///
    /// # Errors
    /// As [`AdamConfig::validate`].
    pub fn new(config: AdamConfig) -> Result<Self, OptimError> {
        config.validate()?;
        Ok(Adam { config, coefficients: AdamCoefficients::new(&config, 1), state: State::new(&["m", "v"]) })
    }
}

impl<F: Steps> Rule<F> for AdamCoefficients<F> {
    fn step(&self, value: &mut [F], grad: &[F], [m, v]: [&mut [F]; 2]) {
        F::adam_step(value, grad, m, v, self);
    }
}

impl<F: Steps> Optimizer<F> for Adam<F> {
    fn config(&self) -> OptimizerConfig {
        OptimizerConfig::Adam(self.config)
    }

    fn set_lr(&mut self, lr: f64) {
        self.config.lr = lr;
    }

    fn begin_step(&mut self) {
        self.state.begin_step();
        self.coefficients = AdamCoefficients::new(&self.config, self.state.steps());
    }

    fn update_of(&mut self, slot: usize, len: usize) -> Update<'_, F> {
        let remembered = self.state.slot(NAME, slot, len);
        Update { rule: &self.coefficients, decay: F::ZERO, remembered }
    }

    fn state(&self) -> &State<F> {
        &self.state
    }

    fn state_mut(&mut self) -> &mut State<F> {
        &mut self.state
    }
}
