//! What can be wrong with an optimizer.

use crate::kind::OptimizerKind;

/// Why an optimizer cannot be made or restored.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimError {
    /// A setting is no number that the optimizer can work with.
    #[error("{of}: the {what} must be {expected}, got {got}")]
    Setting {
        /// Whose setting: "adam", "schedule", …
        of: &'static str,
        /// Which setting.
        what: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it was.
        got: f64,
    },
    /// There is no optimizer of this name.
    #[error("unknown optimizer {got:?}; choose one of {}", OptimizerKind::names())]
    UnknownOptimizer {
        /// The name that was asked for.
        got: String,
    },
    /// The arrays that came are not those that this optimizer keeps.
    #[error("slot {slot} holds the arrays {expected:?}, got {got:?}")]
    StateNames {
        /// The slot.
        slot: usize,
        /// The names of the arrays that the optimizer keeps, in this order.
        expected: &'static [&'static str],
        /// The names that came.
        got: Vec<String>,
    },
    /// The arrays of one slot are not of one length.
    #[error("slot {slot}: {name:?} has {got} elements, the first array has {expected}")]
    StateLength {
        /// The slot.
        slot: usize,
        /// The array of another length.
        name: String,
        /// Elements of the first array.
        expected: usize,
        /// Elements of this one.
        got: usize,
    },
    /// A slot was left out.
    #[error("slot {got} cannot be restored before slot {expected}")]
    SlotOrder {
        /// The slot whose turn it is.
        expected: usize,
        /// The slot that came.
        got: usize,
    },
}

/// Refuses a learning rate that is no finite number above 0.
pub(crate) fn check_lr(of: &'static str, lr: f64) -> Result<(), OptimError> {
    positive(of, "learning rate", lr)
}

/// Refuses what is no finite number above 0.
pub(crate) fn positive(of: &'static str, what: &'static str, got: f64) -> Result<(), OptimError> {
    match got.is_finite() && got > 0.0 {
        true => Ok(()),
        false => Err(OptimError::Setting { of, what, expected: "a finite number above 0", got }),
    }
}

/// Refuses what is no number from 0 to just below 1.
pub(crate) fn fraction(of: &'static str, what: &'static str, got: f64) -> Result<(), OptimError> {
    match (0.0..1.0).contains(&got) {
        true => Ok(()),
        false => Err(OptimError::Setting { of, what, expected: "at least 0 and below 1", got }),
    }
}
