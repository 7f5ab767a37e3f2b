//! Weight decay: large weights cost something, so that a network does not lean on a few of them.
//!
//! The book's form (section 6.4.2), known as L2 regularisation: `½ · lambda · W²` is added to the loss for every weight,
//! and so `lambda · W` to its gradient, before the optimizer sees it. Biases do not decay.

use tensor::Real;

use crate::error::OptimError;

/// What the weights add to the loss: `½ · lambda · Σ value²`.
pub fn loss<F: Real>(value: &[F], lambda: f64) -> f64 {
    0.5 * lambda * value.iter().map(|w| w.to_f64() * w.to_f64()).sum::<f64>()
}

/// Refuses a lambda that is negative or no number.
///
/// # Errors
/// [`OptimError::Setting`].
pub fn validate(lambda: f64) -> Result<(), OptimError> {
    match lambda.is_finite() && lambda >= 0.0 {
        true => Ok(()),
        false => Err(OptimError::Setting {
            of: "weight decay",
            what: "lambda",
            expected: "a finite number, 0 or more",
            got: lambda,
        }),
    }
}
