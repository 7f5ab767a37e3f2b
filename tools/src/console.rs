//! Standard output, and what the terminal can do.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;

use crate::picture::Look;

/// Standard output, line by line.
///
/// Where its reader has gone away (`train | head`), lines go nowhere and the program goes on: the work and its files are
/// not the reader's. Any other trouble (a full disk, say) is an error.
#[derive(Debug)]
pub struct Stdout<W: Write = io::Stdout> {
    to: W,
    reader_is_gone: bool,
}

impl Stdout {
    /// The program's own.
    pub fn new() -> Self {
        Stdout::to(io::stdout())
    }
}

impl Default for Stdout {
    fn default() -> Self {
        Stdout::new()
    }
}

impl<W: Write> Stdout<W> {
    /// As standard output, but to somewhere else.
    pub fn to(to: W) -> Self {
        Stdout { to, reader_is_gone: false }
    }

    /// Writes text and a new line, at once.
    ///
    /// # Errors
    /// Where it cannot be written, although someone reads.
    pub fn line(&mut self, text: &str) -> anyhow::Result<()> {
        if self.reader_is_gone {
            return Ok(());
        }
        let written = writeln!(self.to, "{text}").and_then(|()| self.to.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader_is_gone = true;
                Ok(())
            }
            written => written.context("cannot write to standard output"),
        }
    }
}

/// Characters in a line of the terminal; 80 where there is none.
pub fn width() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0))
}

/// How pictures look on standard output.
pub fn look_of_stdout() -> Look {
    Look::detect(io::stdout().is_terminal(), environment)
}

/// How characters look on standard error.
pub fn look_of_stderr() -> Look {
    Look::detect(io::stderr().is_terminal(), environment)
}

/// Whether progress may move on standard error: someone looks on, and the terminal can.
pub fn stderr_can_move() -> bool {
    io::stderr().is_terminal() && environment("TERM").is_none_or(|term| term != "dumb")
}

fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes one line, then fails.
    struct Failing(io::ErrorKind, usize);

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1 > 1 { Err(self.0.into()) } else { Ok(bytes.len()) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_is_gone_is_no_error_and_a_full_disk_is() {
        let mut stdout = Stdout::to(Failing(io::ErrorKind::BrokenPipe, 0));
        (0..5).for_each(|_| stdout.line("line").unwrap());
        let mut stdout = Stdout::to(Failing(io::ErrorKind::StorageFull, 0));
        let error = (0..5).find_map(|_| stdout.line("line").err()).unwrap();
        assert!(error.to_string().contains("standard output"), "{error}");
    }
}
