//! Whether a network is as often right as it is sure.

use crate::guesses::Guesses;

/// Images of similar confidence.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bin {
    /// The confidence that is below that of all of them; in the first bin it may be theirs.
    pub above: f64,
    /// The largest confidence that any of them may have.
    pub up_to: f64,
    /// How many images there are.
    pub images: usize,
    /// How many of them the network is right about.
    pub correct: usize,
    /// The sum of the confidences.
    confidences: f64,
}

impl Bin {
    /// The mean confidence, 0 to 1; 0 where there are no images.
    pub fn confidence(&self) -> f64 {
        self.confidences / self.images.max(1) as f64
    }

    /// The part that the network is right about, 0 to 1; 0 where there are no images.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }
}

/// How often a network is right where it is so and so sure: see [`Guesses::calibration`].
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Bins of equal width from 0 to 1.
    pub bins: Vec<Bin>,
}

impl Calibration {
    /// The expected calibration error: how far confidence and accuracy are apart, on average over all images, 0 to 1.
    /// (Guo and others, "On Calibration of Modern Neural Networks", 2017.)
    pub fn error(&self) -> f64 {
        let images: usize = self.bins.iter().map(|bin| bin.images).sum();
        let apart = self.bins.iter().map(|bin| bin.images as f64 * (bin.confidence() - bin.accuracy()).abs());
        apart.sum::<f64>() / images.max(1) as f64
    }
}

impl Guesses {
    /// The mean probability that the network gave to its guesses, 0 to 1; 0 where there are none.
    pub fn mean_confidence(&self) -> f64 {
        let sum: f64 = self.all().iter().map(|guess| f64::from(guess.confidence)).sum();
        sum / self.all().len().max(1) as f64
    }

    /// The guesses in so many bins of equal width, by their confidence.
    ///
    /// # Panics
    /// Where `bins` is 0.
    pub fn calibration(&self, bins: usize) -> Calibration {
        assert!(bins > 0, "a calibration needs at least one bin");
        let edge = |i: usize| i as f64 / bins as f64;
        let mut bins: Vec<_> =
            (0..bins).map(|i| Bin { above: edge(i), up_to: edge(i + 1), ..Bin::default() }).collect();
        for guess in self.all() {
            let confidence = f64::from(guess.confidence);
            // A probability may be a little above 1 by rounding.
            let place = bins.iter().position(|bin| confidence <= bin.up_to).unwrap_or(bins.len() - 1);
            let bin = &mut bins[place];
            bin.images += 1;
            bin.correct += usize::from(guess.is_right());
            bin.confidences += confidence;
        }
        Calibration { bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guesses::Guess;

    fn guesses(all: &[(bool, f32)]) -> Guesses {
        let guess = |&(right, confidence): &(bool, f32)| {
            let class = usize::from(!right);
            Guess { truth: 0, class, confidence, rank: class }
        };
        Guesses::new(all.iter().map(guess).collect(), 2)
    }

    #[test]
    fn a_calibration_by_hand() {
        // Four images at 0.75, of which three are right, and two at 1, of which one is: 0 and 1/2 apart.
        let all = [(true, 0.75), (true, 0.75), (true, 0.75), (false, 0.75), (true, 1.0), (false, 1.0)];
        let guesses = guesses(&all);
        let calibration = guesses.calibration(4);
        let counts: Vec<_> = calibration.bins.iter().map(|bin| (bin.images, bin.correct)).collect();
        assert_eq!(counts, [(0, 0), (0, 0), (4, 3), (2, 1)], "a confidence on an edge belongs to the bin below");
        assert_eq!((calibration.bins[2].above, calibration.bins[2].up_to), (0.5, 0.75));
        assert_eq!((calibration.bins[3].confidence(), calibration.bins[3].accuracy()), (1.0, 0.5));
        assert!((calibration.error() - 2.0 * 0.5 / 6.0).abs() < 1e-12, "{}", calibration.error());
        assert!((guesses.mean_confidence() - 5.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn who_is_always_right_and_always_sure_has_no_error() {
        assert_eq!(guesses(&[(true, 1.0); 3]).calibration(10).error(), 0.0);
        assert_eq!(guesses(&[(false, 1.0); 3]).calibration(10).error(), 1.0);
        // In one bin under- and overconfidence cancel out; in two they do not.
        let all = guesses(&[(true, 0.4), (false, 0.6)]);
        assert!(all.calibration(1).error() < 1e-7);
        assert!((all.calibration(2).error() - 0.6).abs() < 1e-7, "{}", all.calibration(2).error());
        assert_eq!((guesses(&[]).calibration(10).error(), guesses(&[]).mean_confidence()), (0.0, 0.0));
    }
}
