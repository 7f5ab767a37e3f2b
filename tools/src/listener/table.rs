//! One aligned line an epoch.

use std::io::{self, Write};

use model::{Event, Training};

use super::Listener;
use crate::console::Stdout;
use crate::text::percent;

/// Writes the table of epochs on standard output; it fits into 40 characters.
#[derive(Debug)]
pub struct Table<W: Write = io::Stdout>(Stdout<W>);

impl<W: Write> Table<W> {
    /// A table that begins with the training.
    pub fn new(out: Stdout<W>) -> Self {
        Table(out)
    }
}

impl<W: Write> Listener for Table<W> {
    fn event(&mut self, event: &Event, _: &Training<'_>) -> anyhow::Result<()> {
        match *event {
            Event::Started { .. } => {
                self.0.line("")?;
                self.0.line("epoch    loss    train     test seconds")
            }
            Event::Epoch { epoch, mean_loss, train_accuracy, test_accuracy, seconds, .. } => {
                let (loss, train, test) = (number(mean_loss), percent(train_accuracy), percent(test_accuracy));
                self.0.line(&format!("{epoch:>5}{loss:>8}{train:>9}{test:>9}{seconds:>8.2}"))
            }
            _ => Ok(()),
        }
    }
}

/// Four decimals, or as many as leave room before the number.
fn number(loss: f64) -> String {
    let decimals = (0..=4).rev().map(|decimals| format!("{loss:.decimals$}"));
    decimals.into_iter().find(|text| text.len() < 8).unwrap_or_else(|| format!("{loss:.1e}"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::with_training;
    use super::*;

    #[test]
    fn columns_stand_under_their_heads() {
        let mut written = Vec::new();
        let mut table = Table::new(Stdout::to(&mut written));
        let started = Event::Started {
            epochs: 200,
            epochs_done: 0,
            steps_done: 0,
            steps_per_epoch: 1,
            train_images: 1,
            test_images: 1,
            parameters: 1,
        };
        let epoch = |epoch, mean_loss, accuracy, seconds| Event::Epoch {
            epoch,
            epochs: 200,
            mean_loss,
            train_accuracy: accuracy,
            test_accuracy: accuracy,
            seconds,
        };
        with_training(|training| {
            for event in [started, epoch(1, 162.3466, 0.0, 0.001), epoch(200, 0.25, 1.0, 1234.567)] {
                table.event(&event, training).unwrap();
            }
        });
        let written = String::from_utf8(written).unwrap();
        let ends: Vec<_> = written.lines().skip(1).map(str::len).collect();
        assert_eq!(ends, [ends[0]; 3], "{written}");
        assert!(written.contains("  200  0.2500 100.00 % 100.00 % 1234.57"), "{written}");
        assert!(written.contains("    1 162.347   0.00 %"), "{written}");
        assert_eq!([99.99996, 1234567.8, 1e30].map(number), ["100.000", "1234568", "1.0e30"]);
    }
}
