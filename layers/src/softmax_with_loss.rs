//! The last layer: softmax and cross-entropy.

use tensor::Real;
use tensor::ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};

use crate::labels::Labels;
use crate::shape::at_least;

const KIND: &str = "SoftmaxWithLoss";

/// Turns scores into probabilities, and tells how far they are from the labels.
#[derive(Debug, Clone, Default)]
pub struct SoftmaxWithLoss<F: Real = f32> {
    /// The probabilities (N, classes) of the last `forward`.
    y: Vec<F>,
    dim: (usize, usize),
}

impl<F: Real> SoftmaxWithLoss<F> {
    /// A layer that has seen nothing yet.
    pub fn new() -> Self {
        SoftmaxWithLoss { y: Vec::new(), dim: (0, 0) }
    }

    /// The mean loss of a batch of scores (N, classes); remembers the probabilities.
    ///
    /// # Panics
    /// Where there are no scores, not as many labels as samples, or a label of a class that does not exist.
    pub fn forward(&mut self, scores: ArrayView2<'_, F>, t: Labels<'_, F>) -> F {
        let (n, classes) = scores.dim();
        check(scores.dim(), t);
        at_least(&mut self.y, n * classes);
        self.dim = (n, classes);
        let mut sum = 0.0;
        for (i, (x, y)) in scores.outer_iter().zip(self.y.chunks_exact_mut(classes)).enumerate() {
            let log_sum_exp = softmax_row(x, y);
            // −log y_k = log Σ exp(x_j) − x_k
            let loss = match t {
                Labels::Classes(t) => log_sum_exp - x[t[i]],
                Labels::OneHot(t) => {
                    let terms = t.row(i).into_iter().zip(x).filter(|&(&t, _)| t != F::ZERO);
                    terms.map(|(&t, &x)| t * (log_sum_exp - x)).sum()
                }
            };
            sum += loss.to_f64();
        }
        F::from_f64(sum / n as f64)
    }

    /// `dx` ← the gradient of the mean loss with respect to the scores of the last [`forward`](Self::forward).
    ///
    /// # Panics
    /// Where `dx` is not of the shape of those scores, or `t` does not belong to them.
    pub fn backward(&self, t: Labels<'_, F>, mut dx: ArrayViewMut2<'_, F>) {
        assert!(dx.dim() == self.dim, "{KIND}: dx has shape {:?}, the scores had {:?}", dx.dim(), self.dim);
        check(self.dim, t);
        dx.assign(&self.probabilities());
        match t {
            Labels::Classes(t) => dx.outer_iter_mut().zip(t).for_each(|(mut row, &t)| row[t] -= F::ONE),
            Labels::OneHot(t) => dx -= &t,
        }
        let n = F::from_f64(self.dim.0 as f64);
        dx.mapv_inplace(|d| d / n);
    }

    /// The probabilities (N, classes) of the last [`forward`](Self::forward); the book's `y`.
    pub fn probabilities(&self) -> ArrayView2<'_, F> {
        let len = self.dim.0 * self.dim.1;
        ArrayView2::from_shape(self.dim, &self.y[..len]).expect("as many elements as the shape has")
    }
}

/// `y` ← the probabilities of a batch of scores, both (N, classes).
///
/// # Panics
/// Where the shapes differ.
pub fn softmax<F: Real>(scores: ArrayView2<'_, F>, mut y: ArrayViewMut2<'_, F>) {
    assert!(scores.dim() == y.dim(), "softmax: y has shape {:?}, the scores have {:?}", y.dim(), scores.dim());
    for (x, mut y) in scores.outer_iter().zip(y.outer_iter_mut()) {
        match y.as_slice_mut() {
            Some(y) => _ = softmax_row(x, y),
            None => {
                let mut row = vec![F::ZERO; x.len()];
                softmax_row(x, &mut row);
                y.assign(&ArrayView1::from(&row));
            }
        }
    }
}

/// `y ← exp(x) / Σ exp(x)`; gives log Σ exp(x).
///
/// Both with the largest score m taken out, so that no exponential overflows: exp(x) / Σ exp(x) = exp(x − m) /
/// Σ exp(x − m), and log Σ exp(x) = m + log Σ exp(x − m).
fn softmax_row<F: Real>(x: ArrayView1<'_, F>, y: &mut [F]) -> F {
    let largest = x.iter().fold(F::NEG_INFINITY, |m, &x| if x > m { x } else { m });
    let mut sum = F::ZERO;
    for (y, &x) in y.iter_mut().zip(x) {
        *y = (x - largest).exp();
        sum += *y;
    }
    y.iter_mut().for_each(|y| *y /= sum);
    largest + sum.ln()
}

fn check<F: Real>((n, classes): (usize, usize), t: Labels<'_, F>) {
    assert!(n > 0 && classes > 0, "{KIND}: the scores have shape [{n}, {classes}], expected a batch that is not empty");
    match t {
        Labels::Classes(t) => {
            assert!(t.len() == n, "{KIND}: {n} samples, but {} labels", t.len());
            if let Some(class) = t.iter().find(|&&t| t >= classes) {
                panic!("{KIND}: a label of class {class}, but the scores are of {classes} classes (from 0)");
            }
        }
        Labels::OneHot(t) => {
            assert!(t.dim() == (n, classes), "{KIND}: t has shape {:?}, the scores [{n}, {classes}]", t.shape());
        }
    }
}
