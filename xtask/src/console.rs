//! What a person reads. That nobody reads it, or that it cannot be written, is no error.

use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line of data on the standard output.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Prints a note on the standard error.
pub(crate) fn tell(note: impl Display) {
    let _ = writeln!(io::stderr(), "{note}");
}
