//! A progress bar for a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::{Event, Training};

use super::Listener;
use super::pace::Pace;
use crate::console;
use crate::picture::Look;
use crate::text::grouped;

/// A bar on standard error that fills during each epoch, with loss, rate and time left. It is gone when the epoch is done:
/// what remains is for others to say.
#[derive(Debug)]
pub struct Bar {
    bar: Option<ProgressBar>,
    pace: Pace,
    epochs: usize,
    drawn: Instant,
}

/// Faster than this no eye follows.
const INTERVAL: Duration = Duration::from_millis(100);
/// Narrower terminals get the short form.
const WIDE: usize = 70;

impl Bar {
    /// A bar that is not seen before the first step.
    pub fn new() -> Self {
        Bar { bar: None, pace: Pace::new(), epochs: 0, drawn: Instant::now() }
    }

    fn step(&mut self, epoch: usize, step: usize, steps_per_epoch: usize, loss: f64) {
        let bar = self.bar.get_or_insert_with(|| new_bar(epoch, self.epochs, steps_per_epoch));
        let last = step == steps_per_epoch;
        if !last && step > 1 && self.drawn.elapsed() < INTERVAL {
            return;
        }
        self.drawn = Instant::now();
        let elapsed = self.pace.elapsed();
        let left = self.pace.left(elapsed);
        bar.set_message(match console::width() {
            WIDE.. => format!("loss {loss:.4}  {} images/s  {left} left", grouped(self.pace.rate(elapsed) as usize)),
            _ => format!("loss {loss:.3}  {left}"),
        });
        bar.set_position(step as u64);
    }
}

impl Default for Bar {
    fn default() -> Self {
        Bar::new()
    }
}

impl Listener for Bar {
    fn event(&mut self, event: &Event, _: &Training<'_>) -> anyhow::Result<()> {
        self.pace.event(event);
        match *event {
            Event::Started { epochs, .. } => self.epochs = epochs,
            Event::Step { epoch, step, steps_per_epoch, loss, .. } => self.step(epoch, step, steps_per_epoch, loss),
            _ => self.make_room(),
        }
        Ok(())
    }

    /// The next step draws it again.
    fn make_room(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.make_room();
    }
}

fn new_bar(epoch: usize, epochs: usize, steps: usize) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {msg}").expect("a template that is right");
    let characters = if console::look_of_stderr() == Look::Plain { "=> " } else { "━╸─" };
    bar.set_style(style.progress_chars(characters));
    bar.set_prefix(format!("epoch {epoch}/{epochs}"));
    bar
}
