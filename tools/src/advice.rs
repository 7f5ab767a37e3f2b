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
        self.map_err(|error| anyhow!("{}\n  {}", describe(&error.into()), hint()))
    }
}

/// An error and what caused it, in one line: "cannot do this: because of that". Some messages tell their causes themselves;
/// those are not told again.
pub fn describe(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn nothing_is_told_twice() {
        let error = anyhow!("the disk is full").context("cannot write").context("in vain: cannot write");
        assert_eq!(describe(&error), "in vain: cannot write: the disk is full");
        let advised =
            Err::<(), _>(anyhow!("the disk is full")).context("cannot write").advice(|| "make room".to_owned());
        assert_eq!(advised.unwrap_err().to_string(), "cannot write: the disk is full\n  make room");
    }
}
