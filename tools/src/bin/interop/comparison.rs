//! The scores of both sides, side by side.

use anyhow::ensure;
use model::NetworkKind;
use tools::text::{grouped, table};

/// In which numbers both sides compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    Single,
    Double,
}

impl Precision {
    /// How far scores may be apart, as a part of the largest: a hundred steps of rounding, for both sides add the same
    /// products in another order.
    fn most(self) -> f64 {
        match self {
            Precision::Single => 100.0 * f64::from(f32::EPSILON),
            Precision::Double => 100.0 * f64::EPSILON,
        }
    }
}

/// What came out for one file.
#[derive(Debug)]
pub(crate) struct Comparison {
    network: NetworkKind,
    direction: &'static str,
    what: String,
    precision: Precision,
    /// The largest difference of two scores, and the largest score.
    difference: f64,
    largest: f64,
    /// Images that both sides take for the same, and all of them.
    same: usize,
    images: usize,
}

impl Comparison {
    /// Compares our scores with those in a file of the other side.
    pub(crate) fn new(
        network: NetworkKind,
        direction: &'static str,
        what: String,
        precision: Precision,
        ours: &[f64],
        theirs: &[u8],
    ) -> anyhow::Result<Comparison> {
        let (theirs, rest) = theirs.as_chunks::<8>();
        let theirs: Vec<_> = theirs.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
        ensure!(rest.is_empty() && theirs.len() == ours.len(), "{} scores, expected {}", theirs.len(), ours.len());
        let pairs = || ours.iter().zip(&theirs);
        // (A NaN on one side is a difference.)
        let difference = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, |most: f64, d| if d <= most { most } else { d });
        let largest = ours.iter().fold(0.0, |most: f64, score| most.max(score.abs()));
        let images = ours.chunks_exact(super::CLASSES).zip(theirs.chunks_exact(super::CLASSES));
        let (same, images) = (images.clone().filter(|(a, b)| best(a) == best(b)).count(), images.count());
        Ok(Comparison { network, direction, what, precision, difference, largest, same, images })
    }

    /// Whether the two sides differ by rounding alone.
    pub(crate) fn is_close(&self) -> bool {
        self.difference <= self.precision.most() * self.largest
    }
}

fn best(scores: &[f64]) -> usize {
    (0..scores.len()).fold(0, |best, k| if scores[k] > scores[best] { k } else { best })
}

/// The table.
pub(crate) fn lines(comparisons: &[Comparison]) -> Vec<String> {
    let head = ["network", "direction", "file", "differ by", "scores to", "same guess", ""];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(comparisons.iter().map(|comparison| {
        let Comparison { network, direction, what, difference, largest, same, images, .. } = comparison;
        [
            network.name().to_owned(),
            (*direction).to_owned(),
            what.clone(),
            format!("{difference:.1e}"),
            format!("{largest:.1}"),
            if same == images { "all".to_owned() } else { format!("{} of {}", grouped(*same), grouped(*images)) },
            if comparison.is_close() { String::new() } else { "APART".to_owned() },
        ]
    }));
    table(&rows, &[false, false, false, true, true, true, false])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(ours: &[f64], theirs: &[f64], precision: Precision) -> Comparison {
        let bytes: Vec<u8> = theirs.iter().flat_map(|score| score.to_le_bytes()).collect();
        Comparison::new(NetworkKind::Simple, "ours → PyTorch", "x".to_owned(), precision, ours, &bytes).unwrap()
    }

    #[test]
    fn what_is_apart_is_noticed() {
        let ours: Vec<f64> = (0..20).map(f64::from).collect();
        let moved = |by: f64| ours.iter().map(|score| score + by).collect::<Vec<_>>();
        let same = compare(&ours, &ours, Precision::Double);
        assert!(same.is_close() && (same.difference, same.largest, same.same, same.images) == (0.0, 19.0, 2, 2));
        assert!(compare(&ours, &moved(1e-4), Precision::Single).is_close());
        assert!(!compare(&ours, &moved(1e-3), Precision::Single).is_close());
        assert!(!compare(&ours, &moved(1e-4), Precision::Double).is_close());
        assert!(!compare(&ours, &moved(f64::NAN), Precision::Single).is_close());
        let turned: Vec<f64> = ours.iter().rev().copied().collect();
        assert_eq!(compare(&ours, &turned, Precision::Single).same, 0);
    }
}
