//! Progress for a log file.

use std::io::Write;
use std::time::{Duration, Instant};

use model::{Event, Training};

use super::Listener;
use super::pace::Pace;

/// Plain lines at intervals: whoever reads a log sees that the program lives, and the log stays short.
#[derive(Debug)]
pub struct PlainLog<W> {
    to: W,
    interval: Duration,
    last: Instant,
    pace: Pace,
    epochs: usize,
}

impl<W: Write> PlainLog<W> {
    /// Writes a line after each interval; a training that is faster writes none.
    pub fn new(to: W, interval: Duration) -> Self {
        PlainLog { to, interval, last: Instant::now(), pace: Pace::new(), epochs: 0 }
    }
}

impl<W: Write> Listener for PlainLog<W> {
    fn event(&mut self, event: &Event, _: &Training<'_>) -> anyhow::Result<()> {
        self.pace.event(event);
        match *event {
            Event::Started { epochs, .. } => (self.epochs, self.last) = (epochs, Instant::now()),
            Event::Step { epoch, step, steps_per_epoch, loss, .. } if self.last.elapsed() >= self.interval => {
                self.last = Instant::now();
                let (epochs, left) = (self.epochs, self.pace.left(self.pace.elapsed()));
                // Nobody is left to complain to where standard error is closed.
                let _ = writeln!(
                    self.to,
                    "epoch {epoch}/{epochs}, step {step}/{steps_per_epoch}: loss {loss:.4}, {left} left"
                );
            }
            // Somebody else writes a line now.
            Event::Epoch { .. } => self.last = Instant::now(),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::with_training;
    use super::*;

    #[test]
    fn lines_come_at_intervals_and_without_carriage_returns() {
        let lines = |interval| {
            let mut written = Vec::new();
            let mut log = PlainLog::new(&mut written, interval);
            with_training(|training| {
                for step in 1..=4 {
                    let event = Event::Step { epoch: 2, step, steps_per_epoch: 4, loss: 0.25, lr: 0.1 };
                    log.event(&event, training).unwrap();
                }
            });
            String::from_utf8(written).unwrap()
        };
        assert_eq!(lines(Duration::from_secs(1000)), "");
        let all = lines(Duration::ZERO);
        assert_eq!(all.lines().count(), 4);
        assert!(all.starts_with("epoch 2/0, step 1/4: loss 0.2500, ") && !all.contains('\r'), "{all}");
    }
}
