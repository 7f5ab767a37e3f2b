//! Errors that say what to do.

use anyhow::anyhow;

/// Adds a second line to an error.
pub trait Advice<T> {
    /// The same, and where it is an error, what to do about it.
    ///
    /// # Errors
    /// Where it was one before.
    fn advice(self, hint: impl FnOnce() -> String) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Advice<T> for Result<T, E> {
    fn advice(self, hint: impl FnOnce() -> String) -> anyhow::Result<T> {
        self.map_err(|error| anyhow!("{:#}\n  {}", error.into(), hint()))
    }
}
