//! Lines at the bottom of a terminal that are drawn over and over.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Lines that change in place on standard error.
///
/// The cursor rests where they begin. So whoever writes next writes over them, a window that is resized does not shift
/// them, and the shell's prompt after a program that was killed stands where they stood. A frame is one write: it
/// overwrites, and clears only what is left over, so nothing flickers.
#[derive(Debug)]
pub struct Live<W: Write = io::Stderr> {
    to: W,
    shown: &'static AtomicBool,
}

/// Whether lines are on the terminal, of which a process has one.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Clears from the cursor on: all lines.
const CLEAR: &str = "\r\x1b[J";
/// A terminal that knows it shows nothing between these two.
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

impl Live {
    /// None yet.
    pub fn new() -> Self {
        Live { to: io::stderr(), shown: &SHOWN }
    }
}

impl Default for Live {
    fn default() -> Self {
        Live::new()
    }
}

impl<W: Write> Live<W> {
    /// Draws these lines in place of those before. None may be longer than the terminal is wide, less one.
    pub fn draw(&mut self, lines: &[String]) {
        let text = lines.join("\x1b[K\r\n");
        let mut frame = format!("{BEGIN}\r{text}\x1b[J");
        if lines.len() > 1 {
            write!(frame, "\x1b[{}A", lines.len() - 1).expect("writing to a String cannot fail");
        }
        frame.push('\r');
        frame.push_str(END);
        self.write(&frame);
        self.shown.store(true, Ordering::Relaxed);
    }

    /// Clears all lines.
    pub fn clear(&mut self) {
        if self.shown.swap(false, Ordering::Relaxed) {
            self.write(CLEAR);
        }
    }

    fn write(&mut self, text: &str) {
        // Nobody is left to complain to where standard error is closed.
        let _ = self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush());
    }
}

impl<W: Write> Drop for Live<W> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// What has to come before text of others on the terminal, where lines are shown: a line of a table takes the place of the
/// first of them, and the next frame comes below it; where nothing of them may stay, `whole` clears them all.
pub fn make_room(whole: bool) -> &'static str {
    match (SHOWN.load(Ordering::Relaxed), whole) {
        (false, _) => "",
        (true, true) => CLEAR,
        (true, false) => "\r\x1b[K",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_one_write_and_the_cursor_rests_at_its_beginning() {
        let shown = Box::leak(Box::new(AtomicBool::new(false)));
        let mut written = Vec::new();
        let mut live = Live { to: &mut written, shown };
        live.draw(&["bar".to_owned(), "curve".to_owned(), "axis".to_owned()]);
        live.draw(&["bar".to_owned()]);
        live.clear();
        live.clear();
        drop(live);
        let text = String::from_utf8(written).unwrap();
        let expected = "\x1b[?2026h\rbar\x1b[K\r\ncurve\x1b[K\r\naxis\x1b[J\x1b[2A\r\x1b[?2026l\
                        \x1b[?2026h\rbar\x1b[J\r\x1b[?2026l\r\x1b[J";
        assert_eq!(text, expected, "cleared once");
    }
}
