//! From scores to probabilities and the loss.

use layers::ndarray::{Array2, ArrayD};

use super::document::{Part, Section, Table};
use super::numbers::number;
use super::thread::{largest, value};
use super::walk::Walk;

/// What the image is, what the network takes it for, and how sure it is of that.
pub fn verdict(scores: &ArrayD<f32>, label: usize) -> String {
    let y = softmaxed(scores);
    let guess = largest(y.iter().copied());
    let verdict = if guess == label { "right" } else { "wrong" };
    format!(
        "The image is of class {label}; the network says {guess} with probability {}, which is {verdict}.",
        chance(y[guess])
    )
}

fn softmaxed(scores: &ArrayD<f32>) -> Vec<f32> {
    let scores = scores.to_shape((1, scores.len())).expect("one score a class");
    let mut y = Array2::zeros(scores.raw_dim());
    layers::softmax(scores.view(), y.view_mut());
    y.iter().copied().collect()
}

/// A probability as [`number`] writes it; one that rounds to 1 is not certain.
pub(super) fn chance(y: f32) -> String {
    match number(f64::from(y)) {
        one if one.starts_with("1.0000") && !one.contains('e') => "> 0.99999".to_owned(),
        rounded => rounded,
    }
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
        let numbers = [number(f64::from(score)), number(powers[class]), chance(y), t.to_owned()];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_certain() {
        assert_eq!(
            [0.5, 0.99998, 0.999_999, 1.0, 1e-7].map(chance),
            ["0.50000", "0.99998", "> 0.99999", "> 0.99999", "1.0000e−7"]
        );
    }
}
