//! Standard output, and what the terminal can do.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;

use crate::picture::Look;
use crate::terminal::{Screen, ascii, environment, make_room};

/// Standard output, line by line.
///
/// Where its reader has gone away (`train | head`, a terminal that was closed), lines go nowhere and the program goes on: the
/// work and its files are not the reader's. Any other trouble (a full disk, say) is an error.
#[derive(Debug)]
pub struct Stdout<W: Write = io::Stdout> {
    to: W,
    reader_is_gone: bool,
    /// Whether it is a terminal, and one without UTF-8.
    is_terminal: bool,
    is_ascii: bool,
}

impl Stdout {
    /// The program's own.
    pub fn new() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_ascii = !screen().unicode;
        Stdout { is_terminal, is_ascii, ..Stdout::to(io::stdout()) }
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
        Stdout { to, reader_is_gone: false, is_terminal: false, is_ascii: false }
    }

    /// Writes text and a new line, at once.
    ///
    /// # Errors
    /// Where it cannot be written, although someone reads.
    pub fn line(&mut self, text: &str) -> anyhow::Result<()> {
        if self.reader_is_gone {
            return Ok(());
        }
        let text = if self.is_ascii { ascii(text) } else { text.into() };
        let room = if self.is_terminal { make_room(false) } else { "" };
        let written = writeln!(self.to, "{room}{text}").and_then(|()| self.to.flush());
        match written {
            Err(error) if self.is_of_no_reader(&error) => {
                self.reader_is_gone = true;
                Ok(())
            }
            written => written.context("cannot write to standard output"),
        }
    }

    fn is_of_no_reader(&self, error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::BrokenPipe || self.is_terminal && error.raw_os_error() == Some(HUNG_UP)
    }
}

/// What a terminal that was closed answers: EIO, of the same number on every Unix.
const HUNG_UP: i32 = 5;

/// Characters in a line of the terminal; 80 where there is none.
pub fn width() -> usize {
    Screen::of_stdout().columns
}

/// Standard output, for what is laid out on it. What is no terminal takes every character.
pub fn screen() -> Screen {
    let screen = Screen::of_stdout();
    Screen { unicode: screen.unicode || !io::stdout().is_terminal(), ..screen }
}

/// How pictures look on standard output.
pub fn look_of_stdout() -> Look {
    Screen::of_stdout().look
}

/// Whether progress may move on standard error: someone looks on, the terminal can, and nobody else writes there when they
/// like. What reads standard output through a pipe (`tee`, say) writes to the same terminal.
pub fn stderr_can_move() -> bool {
    // A console of Windows says in this variable that it understands; others name their kind in TERM.
    let understands = !cfg!(windows) || environment("WT_SESSION").is_some() || environment("TERM").is_some();
    let can = io::stderr().is_terminal() && understands && environment("TERM").is_none_or(|term| term != "dumb");
    can && !stdout_is_a_pipe()
}

#[cfg(unix)]
fn stdout_is_a_pipe() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;
    let stdout = io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
    stdout.and_then(|stdout| stdout.metadata()).is_ok_and(|data| data.file_type().is_fifo())
}

#[cfg(not(unix))]
fn stdout_is_a_pipe() -> bool {
    !io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes one line, then fails.
    struct Failing<E>(E, usize);

    impl<E: Clone + Into<io::Error>> Write for Failing<E> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1 > 1 { Err(self.0.clone().into()) } else { Ok(bytes.len()) }
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

    #[derive(Clone)]
    struct HungUp;

    impl From<HungUp> for io::Error {
        fn from(HungUp: HungUp) -> io::Error {
            io::Error::from_raw_os_error(HUNG_UP)
        }
    }

    #[test]
    fn a_terminal_that_was_closed_is_no_error_and_a_broken_disk_is() {
        for is_terminal in [true, false] {
            let mut stdout = Stdout { is_terminal, ..Stdout::to(Failing(HungUp, 0)) };
            assert_eq!((0..5).all(|_| stdout.line("line").is_ok()), is_terminal);
        }
    }
}
