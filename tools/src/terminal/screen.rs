//! How large a terminal is, and what it can show.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use crate::picture::{Look, is_utf8};

/// A terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Characters in a line; 80 where nobody knows.
    pub columns: usize,
    /// Lines; 24 where nobody knows.
    pub rows: usize,
    /// How pictures look on it.
    pub look: Look,
    /// Whether it has lines, blocks and dots beyond ASCII.
    pub unicode: bool,
}

impl Screen {
    /// Standard output, as it is now: a window may have been resized.
    pub fn of_stdout() -> Screen {
        Screen::of(io::stdout().is_terminal())
    }

    /// Standard error, as it is now.
    pub fn of_stderr() -> Screen {
        Screen::of(io::stderr().is_terminal())
    }

    fn of(is_terminal: bool) -> Screen {
        let size = terminal_size::terminal_size().map(|(width, height)| (usize::from(width.0), usize::from(height.0)));
        let (columns, rows) = size.filter(|&(columns, rows)| columns > 0 && rows > 0).unwrap_or((80, 24));
        Screen {
            columns,
            rows,
            look: Look::detect(is_terminal, environment),
            unicode: is_utf8(environment) && !["dumb", "linux"].map(Some).contains(&environment("TERM").as_deref()),
        }
    }

    /// Text in a colour that is seen on light and dark backgrounds, where there are colours.
    pub fn accent(&self, text: &str) -> String {
        self.colored(67, text)
    }

    /// Text that stands back.
    pub fn faint(&self, text: &str) -> String {
        self.colored(244, text)
    }

    fn colored(&self, color: u8, text: &str) -> String {
        match self.look {
            Look::Plain => text.to_owned(),
            _ => format!("\x1b[38;5;{color}m{text}\x1b[0m"),
        }
    }
}

pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Text for a terminal whose character set is not UTF-8: what we use beyond ASCII, in other words.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::new();
    let mut raised = false;
    for character in text.chars() {
        let power = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀ".chars().position(|raised| raised == character);
        if let Some(i) = power {
            plain.push_str(if raised { "" } else { "^" });
            plain.push(b"0123456789-T"[i].into());
        }
        raised = power.is_some();
        match character {
            _ if raised => {}
            '─' => plain.push('-'),
            'Σ' => plain.push_str("sum"),
            '←' => plain.push_str("<-"),
            '×' => plain.push('x'),
            '·' => plain.push('*'),
            '±' => plain.push_str("+-"),
            '→' => plain.push_str("->"),
            '…' => plain.push_str("..."),
            '−' => plain.push('-'),
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_utf8_there_are_other_words() {
        assert_eq!(ascii("1×28×28, ±0.5 …"), "1x28x28, +-0.5 ...");
        assert_eq!(ascii("plain"), "plain");
        assert_eq!(ascii("── db = Σ dout ×10⁻³, 1 − y², xᵀ ← 1"), "-- db = sum dout x10^-3, 1 - y^2, x^T <- 1");
    }
}
