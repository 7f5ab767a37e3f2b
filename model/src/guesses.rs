//! What a network takes images for, and where it is wrong.

use datasets::{Dataset, Scaling};
use layers::ndarray::{Array2, ArrayView1};
use layers::softmax;

use crate::error::{Error, Part};
use crate::metrics::{Evaluation, Evaluator, argmax};
use crate::network::Network;
use crate::shape::fits;

/// What a network takes an image for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    /// The class that the image has.
    pub truth: usize,
    /// The class that the network takes it for: the one of the highest score, the first of several.
    pub class: usize,
    /// The probability that the network gives to `class`, 0 to 1.
    pub confidence: f32,
    /// How many classes the network finds likelier than `truth`: 0 where the guess is right.
    pub rank: usize,
}

impl Guess {
    /// Whether it is right.
    pub fn is_right(&self) -> bool {
        self.class == self.truth
    }
}

/// What a network takes the images of a data set for, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Guesses {
    guesses: Vec<Guess>,
    classes: usize,
}

/// Shows a network all images of a data set. Pixels go in as [`Scaling::Unit`].
///
/// ```
/// use model::{SimpleConvNet, guess};
///
/// let digits = datasets::digits::draw(datasets::Part::Test, 50, 0);
/// let guesses = guess(&SimpleConvNet::default().build(0)?, &digits)?;
/// assert_eq!(guesses.evaluation().correct + guesses.mistakes().len(), 50);
/// # Ok::<(), model::Error>(())
/// ```
///
/// # Errors
/// Where the images are not what the network takes, or there are none, or it gives one of them scores that are not finite.
pub fn guess(network: &Network, data: &Dataset) -> Result<Guesses, Error> {
    fits(network, data, Part::Test)?;
    let mut guesses = Vec::with_capacity(data.len());
    let mut probabilities = Array2::zeros((0, 0));
    Evaluator::default().look(network, data, data.len(), Scaling::Unit, &mut |scores, t| {
        if probabilities.dim() != scores.dim() {
            probabilities = Array2::zeros(scores.dim());
        }
        softmax(scores, probabilities.view_mut());
        for (i, scores) in scores.outer_iter().enumerate() {
            let class = argmax(scores);
            let truth = t.class(i);
            guesses.push(Guess { truth, class, confidence: probabilities[[i, class]], rank: rank(scores, truth) });
        }
    })?;
    Ok(Guesses { guesses, classes: network.classes() })
}

/// How many classes have a higher score than this one; of equal scores the first class is the highest, as for
/// [`argmax`].
fn rank(scores: ArrayView1<'_, f32>, truth: usize) -> usize {
    let higher = |&k: &usize| scores[k] > scores[truth] || (scores[k] == scores[truth] && k < truth);
    (0..scores.len()).filter(higher).count()
}

impl Guesses {
    #[cfg(test)]
    pub(crate) fn new(guesses: Vec<Guess>, classes: usize) -> Guesses {
        Guesses { guesses, classes }
    }

    /// One for each image.
    pub fn all(&self) -> &[Guess] {
        &self.guesses
    }

    /// How many are right.
    pub fn evaluation(&self) -> Evaluation {
        let correct = self.guesses.iter().filter(|guess| guess.is_right()).count();
        Evaluation { correct, total: self.guesses.len() }
    }

    /// How many images have their class among the `k` that the network finds likeliest.
    pub fn within(&self, k: usize) -> usize {
        self.guesses.iter().filter(|guess| guess.rank < k).count()
    }

    /// How often an image of a class (first index) was taken for a class (second index).
    pub fn confusion(&self) -> Vec<Vec<usize>> {
        let mut counts = vec![vec![0; self.classes]; self.classes];
        for guess in &self.guesses {
            counts[guess.truth][guess.class] += 1;
        }
        counts
    }

    /// The numbers of the images that were taken for something else; first those where the network was surest.
    pub fn mistakes(&self) -> Vec<usize> {
        let mut wrong: Vec<_> = (0..self.guesses.len()).filter(|&i| !self.guesses[i].is_right()).collect();
        wrong.sort_by(|&a, &b| self.guesses[b].confidence.total_cmp(&self.guesses[a].confidence));
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SimpleConvNet, evaluate};

    #[test]
    fn guesses_agree_with_the_evaluation_and_with_the_networks_own_probabilities() {
        let data = datasets::digits::draw(datasets::Part::Test, 130, 0);
        let mut network = SimpleConvNet { hidden_size: 10, ..SimpleConvNet::default() }.build(0).unwrap();
        let guesses = guess(&network, &data).unwrap();
        assert_eq!((guesses.within(1), guesses.within(10)), (guesses.evaluation().correct, 130));
        assert!(guesses.within(1) < guesses.within(2));
        assert_eq!(guesses.evaluation().correct, evaluate(&network, &data).unwrap().correct);
        assert_eq!((guesses.evaluation().total, guesses.all().len()), (130, 130));

        let mut x = vec![0.0; data.len() * data.image_len()];
        let mut t = vec![0; data.len()];
        data.gather(&(0..data.len()).collect::<Vec<_>>(), Scaling::Unit, &mut x, &mut t);
        let x = layers::ndarray::Array4::from_shape_vec((data.len(), 1, 28, 28), x).unwrap();
        network.loss(x.view(), layers::Labels::Classes(&t));
        for (i, guess) in guesses.all().iter().enumerate() {
            assert_eq!(guess.truth, usize::from(data.labels()[i]));
            let probabilities = network.probabilities();
            let probabilities = probabilities.row(i);
            assert_eq!(guess.confidence, probabilities[guess.class], "{i}");
            let likelier = probabilities.iter().filter(|&&other| other > probabilities[guess.truth]).count();
            assert_eq!(guess.rank, likelier, "{i}");
        }
    }

    #[test]
    fn mistakes_are_counted_and_the_surest_come_first() {
        let guess = |truth, class, confidence| Guess { truth, class, confidence, rank: usize::from(truth != class) };
        let guesses = vec![guess(0, 0, 0.9), guess(1, 0, 0.5), guess(2, 1, 0.8), guess(1, 0, 0.8), guess(2, 2, 0.4)];
        let guesses = Guesses { guesses, classes: 3 };
        assert_eq!(guesses.confusion(), [[1, 0, 0], [2, 0, 0], [0, 1, 1]]);
        assert_eq!(guesses.mistakes(), [2, 3, 1], "equals stay in their order");
        assert_eq!(guesses.evaluation().correct, 2);
        assert_eq!((guesses.within(1), guesses.within(2)), (2, 5));
    }

    #[test]
    fn of_equal_scores_the_first_class_is_the_guess() {
        let scores = layers::ndarray::array![1.0, 3.0, 3.0, 2.0];
        assert_eq!([1, 2, 3, 0].map(|truth| rank(scores.view(), truth)), [0, 1, 2, 3]);
        assert_eq!(argmax(scores.view()), 1);
    }
}
