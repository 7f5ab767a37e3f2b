//! How good a network is, in numbers: what the program `evaluate` says.
//!
//! | file | what is in it |
//! |---|---|
//! | [`Report`] | everything that is found out, and as JSON |
//! | [`text`] | the same for readers |

mod text;

use std::time::Instant;

use datasets::Dataset;
use model::{Bin, Guesses, Network, guess};
use serde::Serialize;

pub use text::text;

use crate::picture::ClassScore;
use crate::remedy;

/// Bins of the calibration: every tenth of the confidence.
pub const BINS: usize = 10;
/// So many images are looked at before the clock starts, so that threads and memory are there.
const WARM_UP: usize = 100;

/// How good a network is.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How many images there were.
    pub images: usize,
    /// How many of them are taken for what they are.
    pub correct: usize,
    /// The part of them, 0 to 1.
    pub accuracy: f64,
    /// The part of the images whose class is among the two that the network finds likeliest.
    pub top_2: f64,
    /// The mean probability that the network gives to its guesses.
    pub mean_confidence: f64,
    /// The expected calibration error, 0 to 1: see [`model::Calibration::error`].
    pub calibration_error: f64,
    /// Images by confidence, in bins of a tenth.
    pub calibration: Vec<Confidence>,
    /// One for each class of the network.
    pub classes: Vec<Class>,
    /// How often an image of a class (first index) was taken for a class (second index).
    pub confusion: Vec<Vec<usize>>,
    /// From pixels to guesses, in batches of 100.
    pub images_per_second: f64,
}

/// Images that the network is about as sure of.
#[derive(Debug, Clone, Serialize)]
pub struct Confidence {
    /// The confidence that is below all of theirs (in the first bin, or theirs).
    pub above: f64,
    /// The largest confidence that is theirs.
    pub up_to: f64,
    /// How many there are.
    pub images: usize,
    /// Their mean confidence; 0 where there are none.
    pub confidence: f64,
    /// The part that is taken for what it is; 0 where there are none.
    pub accuracy: f64,
}

/// The images of a class.
#[derive(Debug, Clone, Serialize)]
pub struct Class {
    /// Its name: "7", "sandal".
    pub name: String,
    /// How many there are.
    pub images: usize,
    /// How many of them are taken for it.
    pub correct: usize,
    /// The part of them; 0 where there are none.
    pub accuracy: f64,
}

/// What a network takes images for, and how many of them in a second.
///
/// # Errors
/// Where they are not what it takes, or its answers are no numbers.
pub fn guess_timed(network: &Network, data: &Dataset) -> anyhow::Result<(Guesses, f64)> {
    let judge = |data: &Dataset| guess(network, data).map_err(remedy::of_judgement);
    judge(&data.select(&(0..data.len().min(WARM_UP)).collect::<Vec<_>>()))?;
    let start = Instant::now();
    let guesses = judge(data)?;
    let images_per_second = data.len() as f64 / start.elapsed().as_secs_f64();
    Ok((guesses, images_per_second))
}

impl Report {
    /// What follows from the guesses. Classes beyond the names have their numbers as names.
    pub fn new(guesses: &Guesses, images_per_second: f64, names: &[String]) -> Report {
        let evaluation = guesses.evaluation();
        let (confusion, calibration) = (guesses.confusion(), guesses.calibration(BINS));
        let name = |class: usize| names.get(class).cloned().unwrap_or_else(|| class.to_string());
        let scores = ClassScore::of_each((0..confusion.len()).map(name).collect(), &confusion);
        let class = |ClassScore { name, correct, total }| Class {
            name,
            images: total,
            correct,
            accuracy: part(correct, total),
        };
        Report {
            images: evaluation.total,
            correct: evaluation.correct,
            accuracy: evaluation.accuracy(),
            top_2: part(guesses.within(2), evaluation.total),
            mean_confidence: guesses.mean_confidence(),
            calibration_error: calibration.error(),
            calibration: calibration.bins.iter().map(Confidence::new).collect(),
            classes: scores.into_iter().map(class).collect(),
            confusion,
            images_per_second,
        }
    }
}

impl Confidence {
    fn new(bin: &Bin) -> Confidence {
        let (confidence, accuracy) = (bin.confidence(), bin.accuracy());
        Confidence { above: bin.above, up_to: bin.up_to, images: bin.images, confidence, accuracy }
    }
}

fn part(some: usize, all: usize) -> f64 {
    some as f64 / all.max(1) as f64
}
