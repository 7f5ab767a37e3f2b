//! How far a file has come: a bar on a terminal, plain lines elsewhere, both on the standard error.

use std::cell::Cell;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use datasets::mnist::MnistFile;
use indicatif::{ProgressBar, ProgressStyle};

use super::source::Source;
use crate::console::tell;

/// In a log file a slow download says so this often.
const INTERVAL: Duration = Duration::from_secs(10);

/// The progress of one file from one source.
pub(super) struct Progress {
    name: &'static str,
    total: u64,
    bar: Option<ProgressBar>,
    last_line: Cell<Instant>,
}

impl Progress {
    pub(super) fn new(file: &MnistFile, source: &Source) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} {eta}");
            let style = style.expect("a valid template").progress_chars("=> ");
            ProgressBar::new(file.bytes).with_style(style).with_message(file.name)
        });
        if bar.is_none() {
            tell(format_args!("{}: {} bytes from {}", file.name, file.bytes, source.location(file)));
        }
        Self { name: file.name, total: file.bytes, bar, last_line: Cell::new(Instant::now()) }
    }

    /// So many bytes are there.
    pub(super) fn at(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
        } else if self.last_line.get().elapsed() >= INTERVAL {
            self.last_line.set(Instant::now());
            tell(format_args!("{}: {bytes} of {} bytes", self.name, self.total));
        }
    }

    /// The file is whole and has its name.
    pub(super) fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        tell(format_args!("{}: verified", self.name));
    }

    /// The source did not give it.
    pub(super) fn failed(&self, answer: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        tell(format_args!("{}: {answer}", self.name));
    }
}
