//! JSON lines: one object a line, for programs. `EVENTS.md` of this crate has every kind of line, every member, its unit.

use std::io::{self, Write};

use model::{Event, LayerSummary, Summary, Training, Warning};
use serde::Serialize;

use super::Listener;
use crate::console::Stdout;
use crate::remedy;

/// The version of the lines, as `EVENTS.md` describes them.
const VERSION: u32 = 1;

/// What a training was asked to do.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The data set: "mnist", "fashion-mnist", "digits", "figures".
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

/// A training that was stopped before the end: its last line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename = "stopped")]
pub struct Stopped {
    /// The signal: "SIGINT", "SIGTERM" or "SIGHUP".
    pub signal: &'static str,
    /// Epochs whose steps are done.
    pub epochs_done: usize,
    /// Steps of the next epoch that are done.
    pub steps_done: usize,
}

/// A layer of the network.
#[derive(Serialize)]
struct Layer {
    name: String,
    output: Vec<usize>,
    parameters: usize,
    operations: usize,
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
        operations: usize,
        input: Vec<usize>,
        layers: Vec<Layer>,
    },
    Step {
        epoch: usize,
        step: usize,
        loss: f64,
        lr: f64,
    },
    Warning {
        kind: &'static str,
        message: String,
        remedy: &'static str,
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
    steps: bool,
}

impl<W: Write> JsonLines<W> {
    /// Lines about a training of these settings; where `steps` says so, one for each step too.
    pub fn new(out: Stdout<W>, settings: Settings, steps: bool) -> Self {
        JsonLines { out, settings, steps }
    }
}

impl<W: Write> Listener for JsonLines<W> {
    fn event(&mut self, event: &Event, training: &Training<'_>) -> anyhow::Result<()> {
        let line = match *event {
            Event::Warning(ref warning) => {
                Line::Warning { kind: kind(warning), message: warning.to_string(), remedy: remedy::of_warning(warning) }
            }
            Event::Started {
                epochs,
                epochs_done,
                steps_done,
                steps_per_epoch,
                train_images,
                test_images,
                parameters,
            } => {
                let Summary { input, layers } = training.network().summary();
                let layers: Vec<_> = layers.into_iter().map(Layer::from).collect();
                Line::Started {
                    version: VERSION,
                    settings: &self.settings,
                    epochs,
                    epochs_done,
                    steps_done,
                    steps_per_epoch,
                    train_images,
                    test_images,
                    parameters,
                    operations: layers.iter().map(|layer| layer.operations).sum(),
                    input,
                    layers,
                }
            }
            Event::Step { epoch, step, loss, lr, .. } if self.steps => Line::Step { epoch, step, loss, lr },
            Event::Epoch { epoch, mean_loss, train_accuracy, test_accuracy, seconds, .. } => {
                Line::Epoch { epoch, mean_loss, train_accuracy, test_accuracy, seconds }
            }
            _ => return Ok(()),
        };
        self.out.line(&serde_json::to_string(&line)?)
    }
}

/// The name of a kind of warning.
fn kind(warning: &Warning) -> &'static str {
    match warning {
        Warning::FirstLoss { .. } => "first-loss",
        Warning::NoBetterThanGuessing { .. } => "no-better-than-guessing",
        Warning::Dead(_) => "dead",
        _ => "other",
    }
}

impl From<LayerSummary> for Layer {
    fn from(layer: LayerSummary) -> Self {
        let LayerSummary { name, output, parameters, operations, .. } = layer;
        Layer { name, output, parameters, operations: operations.inference }
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
}
