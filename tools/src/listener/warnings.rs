//! What the user should know.

use model::{Event, Training};

use super::Listener;
use crate::program::complain;
use crate::remedy;

/// Writes each warning on standard error, with what to do about it.
#[derive(Debug)]
pub struct Warnings;

impl Listener for Warnings {
    fn event(&mut self, event: &Event, _: &Training<'_>) -> anyhow::Result<()> {
        if let Event::Warning(warning) = event {
            complain(&format!("warning: {warning}\n  {}", remedy::of_warning(warning)));
        }
        Ok(())
    }
}
