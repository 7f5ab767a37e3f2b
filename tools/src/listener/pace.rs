//! How fast a training is, and how long it will still take.

use std::time::{Duration, Instant};

use model::Event;

use crate::text::duration;

/// Follows the steps of a training.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    begun: Instant,
    steps_before: f64,
    steps_all: f64,
    images_per_step: f64,
    steps_done: f64,
}

impl Pace {
    pub(super) fn new() -> Self {
        Pace { begun: Instant::now(), steps_before: 0.0, steps_all: 1.0, images_per_step: 0.0, steps_done: 0.0 }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match *event {
            Event::Started { epochs, epochs_done, steps_done, steps_per_epoch, train_images, .. } => {
                let steps = |epochs: usize| epochs as f64 * steps_per_epoch as f64;
                let steps_before = steps(epochs_done) + steps_done as f64;
                *self = Pace {
                    begun: Instant::now(),
                    steps_before,
                    steps_all: steps(epochs),
                    images_per_step: train_images as f64 / steps_per_epoch as f64,
                    steps_done: steps_before,
                };
            }
            Event::Step { .. } => self.steps_done += 1.0,
            _ => {}
        }
    }

    /// Images a second since the beginning, pauses for evaluation included.
    pub(super) fn rate(&self, elapsed: Duration) -> f64 {
        (self.steps_done - self.steps_before) * self.images_per_step / elapsed.as_secs_f64().max(1e-9)
    }

    /// How long the rest takes if it goes on like that: "1 min 20 s".
    pub(super) fn left(&self, elapsed: Duration) -> String {
        let per_step = elapsed.as_secs_f64() / (self.steps_done - self.steps_before).max(1.0);
        duration(per_step * (self.steps_all - self.steps_done))
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_the_part_that_was_done() {
        let mut pace = Pace::new();
        pace.event(&Event::Started {
            epochs: 3,
            epochs_done: 1,
            steps_done: 0,
            steps_per_epoch: 10,
            train_images: 1000,
            test_images: 10,
            parameters: 5,
        });
        for step in 1..=5 {
            pace.event(&Event::Step { epoch: 2, step, steps_per_epoch: 10, loss: 0.1, lr: 0.1 });
        }
        let elapsed = Duration::from_secs(10);
        assert_eq!(pace.rate(elapsed), 50.0);
        assert_eq!(pace.left(elapsed), "30 s");
    }
}
