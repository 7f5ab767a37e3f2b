//! JSON lines: one object a line, for programs.
//!
//! | `event` | when | what is in it |
//! |---|---|---|
//! | `started` | once, first | `version` of this table (1), the [`Settings`], `epochs`, `epochs_done` and `steps_done` (more than 0 where the training goes on from a checkpoint), `steps_per_epoch`, `train_images`, `test_images`, `parameters` |
//! | `epoch` | after each epoch | `epoch` (from 1), `mean_loss`, `train_accuracy`, `test_accuracy` (0 to 1), `seconds` |
//! | `finished` | once, last | [`Finished`] |
//!
//! New kinds of events and new members may come; those that are there stay.

use std::io::{self, Write};

use model::Event;
use serde::Serialize;

use super::Listener;
use crate::console::Stdout;

/// The version of the lines.
const VERSION: u32 = 1;

/// What a training was asked to do.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The data set: "mnist", "fashion-mnist", "digits".
    pub dataset: String,
    /// The optimizer.
    pub optimizer: String,
    /// The learning rate.
    pub lr: f64,
    /// Images in a step.
    pub batch_size: usize,
    /// "epoch" or "book".
    pub sampling: String,
    /// How many images of each set an epoch is judged by.
    pub eval_samples: usize,
    /// The seed.
    pub seed: u64,
    /// Threads that work.
    pub threads: usize,
    /// The vector instructions that are used.
    pub isa: &'static str,
}

/// The end of a training: its last line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename = "finished")]
pub struct Finished {
    /// The part of all test images whose class was predicted rightly, 0 to 1.
    pub test_accuracy: f64,
    /// How many that are.
    pub test_correct: usize,
    /// All test images.
    pub test_total: usize,
    /// What the steps took, without evaluations.
    pub train_seconds: f64,
    /// See [`model::params_sha256`].
    pub params_sha256: String,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Started {
        version: u32,
        #[serde(flatten)]
        settings: &'a Settings,
        epochs: usize,
        epochs_done: usize,
        steps_done: usize,
        steps_per_epoch: usize,
        train_images: usize,
        test_images: usize,
        parameters: usize,
    },
    Epoch {
        epoch: usize,
        mean_loss: f64,
        train_accuracy: f64,
        test_accuracy: f64,
        seconds: f64,
    },
}

/// Writes the lines on standard output.
#[derive(Debug)]
pub struct JsonLines<W: Write = io::Stdout> {
    out: Stdout<W>,
    settings: Settings,
}

impl<W: Write> JsonLines<W> {
    /// Lines about a training of these settings.
    pub fn new(out: Stdout<W>, settings: Settings) -> Self {
        JsonLines { out, settings }
    }
}

impl<W: Write> Listener for JsonLines<W> {
    fn event(&mut self, event: &Event) -> anyhow::Result<()> {
        let line = match *event {
            Event::Started {
                epochs,
                epochs_done,
                steps_done,
                steps_per_epoch,
                train_images,
                test_images,
                parameters,
            } => Line::Started {
                version: VERSION,
                settings: &self.settings,
                epochs,
                epochs_done,
                steps_done,
                steps_per_epoch,
                train_images,
                test_images,
                parameters,
            },
            Event::Epoch { epoch, mean_loss, train_accuracy, test_accuracy, seconds, .. } => {
                Line::Epoch { epoch, mean_loss, train_accuracy, test_accuracy, seconds }
            }
            _ => return Ok(()),
        };
        self.out.line(&serde_json::to_string(&line)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_as_promised() {
        let finished = Finished {
            test_accuracy: 0.9891,
            test_correct: 9891,
            test_total: 10_000,
            train_seconds: 12.3,
            params_sha256: "ab".into(),
        };
        assert_eq!(
            serde_json::to_string(&finished).unwrap(),
            r#"{"event":"finished","test_accuracy":0.9891,"test_correct":9891,"test_total":10000,"train_seconds":12.3,"params_sha256":"ab"}"#
        );
    }

    #[test]
    fn every_line_is_an_object_with_an_event() {
        let settings = Settings {
            dataset: "digits".into(),
            optimizer: "adam".into(),
            lr: 0.001,
            batch_size: 100,
            sampling: "epoch".into(),
            eval_samples: 1000,
            seed: 0,
            threads: 2,
            isa: "portable",
        };
        let mut written = Vec::new();
        let mut json = JsonLines::new(Stdout::to(&mut written), settings);
        let started = Event::Started {
            epochs: 2,
            epochs_done: 0,
            steps_done: 0,
            steps_per_epoch: 3,
            train_images: 300,
            test_images: 100,
            parameters: 7,
        };
        let epoch = Event::Epoch {
            epoch: 1,
            epochs: 2,
            mean_loss: 0.5,
            train_accuracy: 0.75,
            test_accuracy: 0.25,
            seconds: 1.5,
        };
        for event in [started, Event::Step { epoch: 1, step: 1, steps_per_epoch: 3, loss: 1.0 }, epoch] {
            json.event(&event).unwrap();
        }
        let lines: Vec<serde_json::Value> =
            String::from_utf8(written).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (&lines[0]["event"], &lines[0]["version"], &lines[0]["lr"]),
            (&"started".into(), &1.into(), &0.001.into())
        );
        assert_eq!((&lines[1]["event"], &lines[1]["test_accuracy"]), (&"epoch".into(), &0.25.into()));
    }
}
