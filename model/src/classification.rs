//! What a network takes images for.

use layers::ndarray::{Array2, ArrayView, Dimension};
use layers::softmax;
use tensor::Real;

use crate::error::Error;
use crate::metrics::argmax;
use crate::network::Network;

/// What a network takes one image for.
#[derive(Debug, Clone, PartialEq)]
pub struct Classification<F = f32> {
    /// The likeliest class; the first of several.
    pub class: usize,
    /// The probability of every class, by softmax.
    pub probabilities: Vec<F>,
}

impl<F: Copy> Classification<F> {
    /// The probability of the likeliest class.
    pub fn confidence(&self) -> F {
        self.probabilities[self.class]
    }
}

impl<F: Real> Network<F> {
    /// What the network takes every image of a batch (N, input…) for. The numbers have to be scaled as they were in training:
    /// `byte / 255` with [`Scaling::Unit`](datasets::Scaling::Unit).
    ///
    /// ```
    /// use layers::ndarray::{Array4, Axis};
    ///
    /// let network = model::SimpleConvNet::default().build::<f32>(0)?;
    /// let images = Array4::zeros((2, 1, 28, 28));
    /// let found = network.classify(images.view())?;
    /// assert_eq!(found.len(), 2);
    /// assert_eq!(found[0].probabilities.len(), 10);
    ///
    /// let error = network.classify(images.index_axis(Axis(0), 0)).unwrap_err();
    /// assert!(error.to_string().contains("takes a batch, (N, 1, 28, 28)"));
    /// # Ok::<(), model::Error>(())
    /// ```
    ///
    /// # Errors
    /// Where the batch has another shape.
    pub fn classify<D: Dimension>(&self, x: ArrayView<'_, F, D>) -> Result<Vec<Classification<F>>, Error> {
        let fits = x.shape().split_first().is_some_and(|(_, image)| image == self.input_shape());
        if !fits {
            return Err(Error::BatchShape { expected: self.input_shape().to_vec(), got: x.shape().to_vec() });
        }
        if x.is_empty() {
            return Ok(Vec::new());
        }
        let scores = self.predict(x);
        let mut probabilities = Array2::zeros(scores.dim());
        softmax(scores.view(), probabilities.view_mut());
        let rows = scores.outer_iter().zip(probabilities.outer_iter());
        Ok(rows.map(|(scores, row)| Classification { class: argmax(scores), probabilities: row.to_vec() }).collect())
    }
}

#[cfg(test)]
mod tests {
    use layers::ndarray::{Array4, ArrayD};

    use crate::{SimpleConvNet, guess};

    #[test]
    fn what_it_finds_is_what_guess_finds() {
        let data = datasets::digits::draw(datasets::Part::Test, 130, 0);
        let network = SimpleConvNet { hidden_size: 10, ..SimpleConvNet::default() }.build(0).unwrap();
        let found = network.classify(data.images(datasets::Scaling::Unit).view()).unwrap();
        let guesses = guess(&network, &data).unwrap();
        assert_eq!(found.len(), 130);
        for (found, guess) in found.iter().zip(guesses.all()) {
            assert_eq!((found.class, found.confidence()), (guess.class, guess.confidence));
            assert!((found.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert_eq!(network.classify(Array4::zeros((0, 1, 28, 28)).view()).unwrap(), []);
    }

    #[test]
    fn another_shape_is_refused_with_what_to_do() {
        let network = SimpleConvNet { hidden_size: 10, ..SimpleConvNet::default() }.build::<f32>(0).unwrap();
        let of = |shape: &[usize]| network.classify(ArrayD::zeros(shape).view()).unwrap_err().to_string();
        let takes = "but the network takes a batch, (N, 1, 28, 28)";
        assert_eq!(
            of(&[1, 28, 28]),
            format!(
                "the images have the shape [1, 28, 28], {takes}; one image becomes a batch by insert_axis(Axis(0))"
            )
        );
        assert_eq!(
            of(&[5, 28, 28]),
            format!(
                "the images have the shape [5, 28, 28], {takes}; the axis of the one channel comes by insert_axis(Axis(1))"
            )
        );
        assert_eq!(
            of(&[5, 28, 28, 1]),
            format!(
                "the images have the shape [5, 28, 28, 1], {takes}; channels come before height and width: \
                 permuted_axes([0, 3, 1, 2])"
            )
        );
        assert_eq!(
            of(&[5, 784]),
            format!("the images have the shape [5, 784], {takes}; into_shape_with_order gives them these axes")
        );
        assert_eq!(of(&[5, 1, 32, 32]), format!("the images have the shape [5, 1, 32, 32], {takes}"));
        assert_eq!(of(&[]), format!("the images have the shape [], {takes}"));
    }
}
