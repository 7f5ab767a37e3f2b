//! Requests to stop: Ctrl-C, a terminal that is closed, a machine that shuts down.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// A signal that asks the program to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal(i32);

impl Signal {
    /// The exit code of a program that was stopped by it, as a shell tells it: 128 and the number of the signal.
    pub fn exit_code(self) -> u8 {
        128 + self.0 as u8
    }

    /// Its name: "SIGINT".
    pub fn name(self) -> &'static str {
        match self.0 {
            SIGINT => "SIGINT",
            SIGTERM => "SIGTERM",
            _ => "SIGHUP",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            SIGINT => "Ctrl-C",
            SIGTERM => "SIGTERM",
            _ => "SIGHUP",
        })
    }
}

/// Hears signals from now on: the first is for the program to obey when it can, the second ends it at once.
#[derive(Debug)]
pub struct StopRequest {
    /// The number of the signal that came; 0 before.
    signal: Arc<AtomicUsize>,
}

impl StopRequest {
    /// Begins to listen. A signal that whoever started the program wants ignored (`nohup`, say) stays ignored.
    ///
    /// # Errors
    /// Where the system does not allow it.
    pub fn listen() -> io::Result<StopRequest> {
        let (signal, again) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for number in signals() {
            // In this order: the second signal finds what the first has set.
            flag::register_conditional_shutdown(number, Signal(number).exit_code().into(), Arc::clone(&again))?;
            flag::register(number, Arc::clone(&again))?;
            flag::register_usize(number, Arc::clone(&signal), number as usize)?;
        }
        Ok(StopRequest { signal })
    }

    /// The signal that came, if one did.
    pub fn signal(&self) -> Option<Signal> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            number => Some(Signal(number as i32)),
        }
    }
}

#[cfg(unix)]
fn signals() -> impl Iterator<Item = i32> {
    let ignored = ignored_signals();
    [SIGINT, SIGTERM, SIGHUP].into_iter().filter(move |number| ignored & (1 << (number - 1)) == 0)
}

#[cfg(not(unix))]
fn signals() -> impl Iterator<Item = i32> {
    [SIGINT, SIGTERM].into_iter()
}

/// The signals that are ignored, a bit each: signal 1 is the lowest.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    use std::io::IsTerminal;
    let told = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    // Where the system does not tell: `nohup` leaves no terminal for output, so there is none to hang up.
    let detached = !io::stdout().is_terminal() && !io::stderr().is_terminal();
    told.unwrap_or(if detached { 1 << (SIGHUP - 1) } else { 0 })
}
