//! From scores to probabilities and the loss.

use layers::ndarray::{Array2, ArrayD};

use super::document::{Part, Section, Table};
use super::numbers::number;
use super::thread::{largest, value};
use super::walk::Walk;

/// The probabilities of the classes, as in inference.
pub(super) fn probabilities(walk: &Walk<'_>) -> Vec<f32> {
    softmaxed(&walk.forward[walk.forward.len() - 1].output)
}

fn softmaxed(scores: &ArrayD<f32>) -> Vec<f32> {
    let scores = scores.to_shape((1, scores.len())).expect("one score a class");
    let mut y = Array2::zeros(scores.raw_dim());
    layers::softmax(scores.view(), y.view_mut());
    y.iter().copied().collect()
}

/// The last section of the way forward.
pub(super) fn softmax(walk: &Walk<'_>) -> Section {
    let scores = &walk.forward[walk.forward.len() - 1].output;
    let mut section = Section::new("Softmax and loss", format!("{} → 1", scores.len()));
    let highest = highest(scores);
    section.text(format!(
        "Scores become probabilities: y\u{a0}=\u{a0}exp(score\u{a0}−\u{a0}{0}) /\u{a0}Σ\u{a0}exp(score\u{a0}−\u{a0}{0}), where {0} is the largest score and the sum \
         is {1}.",
        number(highest),
        number(powers(scores).iter().sum())
    ));
    let t = walk.sample.label;
    section.parts.push(Part::Table(score_table(scores, t)));
    let mut own = layers::SoftmaxWithLoss::new();
    let matrix = scores.to_shape((1, scores.len())).expect("one score a class");
    let own = own.forward(matrix.view(), layers::Labels::Classes(&[t]));
    section.sum([
        (format!("loss = −ln y[{t}]"), loss(scores, t)),
        ("the network's own, in single precision".to_owned(), f64::from(own)),
    ]);
    section
}

/// Class, score, exp(score − max), probability and label, class by class.
pub fn score_table(scores: &ArrayD<f32>, label: usize) -> Table {
    let (y, powers) = (softmaxed(scores), powers(scores));
    let row = |(class, (&score, &y)): (usize, (&f32, &f32))| {
        let t = if class == label { "1" } else { "0" };
        let numbers = [number(f64::from(score)), number(powers[class]), number(f64::from(y)), t.to_owned()];
        [vec![class.to_string()], numbers.to_vec()].concat()
    };
    Table {
        head: ["class", "score", "exp(score − max)", "y", "t"].map(str::to_owned).to_vec(),
        rows: scores.iter().zip(&y).enumerate().map(row).collect(),
        mark: Some(largest(y.iter().copied())),
        bars: y.iter().map(|&y| f64::from(y)).collect(),
    }
}

fn highest(scores: &ArrayD<f32>) -> f64 {
    f64::from(scores.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

fn powers(scores: &ArrayD<f32>) -> Vec<f64> {
    let highest = highest(scores);
    scores.iter().map(|&score| (f64::from(score) - highest).exp()).collect()
}

/// The loss of these scores, in double precision: a probability that rounds to 1 or 0 still has one.
fn loss(scores: &ArrayD<f32>, t: usize) -> f64 {
    highest(scores) + powers(scores).iter().sum::<f64>().ln() - f64::from(value(scores, t))
}
