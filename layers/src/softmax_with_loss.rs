//! The last layer: softmax and cross-entropy.

use tensor::ndarray::{ArrayView1, ArrayView2, ArrayViewMut2};
use tensor::{Buffer, Real};

use crate::labels::Labels;
use crate::shape::at_least;

const KIND: &str = "SoftmaxWithLoss";

/// Turns scores into probabilities (softmax), and tells how far those are from the labels (cross-entropy).
///
/// It ends every network of this crate, and is no [`Layer`](crate::Layer): what comes out is one number.
///
/// # Forward
///
/// For each sample, with the scores x and the label t (a class, or a row of probabilities):
///
/// ```text
/// y_k  = exp(x_k) / Σ over j of exp(x_j)
/// loss = −log y_t                             for a class t
///      = −Σ over k of t_k · log y_k           for a row
/// ```
///
/// and over the batch the mean. The logarithm is taken before anything can round to 0:
/// `−log y_k = log Σ exp(x_j) − x_k`, with the largest score taken out of the sum.
///
/// # Shapes
///
/// | | shape |
/// |---|---|
/// | `scores`, `y`, `dx` | (N, classes) |
/// | `t` | N classes, or (N, classes), each row with the sum 1 |
/// | loss | one number |
///
/// # Backward
///
/// Forward was `loss = Σ t_k · (log Σ exp(x_j) − x_k)`, and as the t_k have the sum 1, `loss = log Σ exp(x_j) − Σ t_k · x_k`.
/// The first part changes with x_k by `exp(x_k) / Σ exp(x_j) = y_k`, the second by t_k. The mean over the batch divides
/// by N:
///
/// ```text
/// dx_k = (y_k − t_k) / N
/// ```
///
/// # Cache
///
/// `y`, the probabilities. The book keeps `t` too; here it is handed in again.
///
/// # Book
///
/// Section 5.6.3, class `SoftmaxWithLoss` of `common/layers.py`. One thing differs: the book's `cross_entropy_error` adds
/// 1e-7 inside the logarithm, lest it be taken of 0; its backward pass does not know of that. Our loss is exact, so the
/// two differ by about `1e-7 / y_t`; probabilities and gradients agree.
///
/// # Example
///
/// ```
/// use layers::ndarray::{Array2, array};
/// use layers::{Labels, SoftmaxWithLoss};
///
/// let mut last = SoftmaxWithLoss::new();
/// let t = Labels::Classes(&[1]);
/// let loss = last.forward(array![[0.0, 3_f64.ln()]].view(), t); // exp: 1 and 3
/// let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
/// assert!(near(loss, -0.75_f64.ln()));
/// let y = last.probabilities();
/// assert!(near(y[[0, 0]], 0.25) && near(y[[0, 1]], 0.75));
///
/// let mut dx = Array2::zeros((1, 2));
/// last.backward(t, dx.view_mut());
/// assert!(near(dx[[0, 0]], 0.25) && near(dx[[0, 1]], 0.75 - 1.0));
/// ```
#[derive(Debug, Clone, Default)]
pub struct SoftmaxWithLoss<F: Real = f32> {
    /// The probabilities (N, classes) of the last `forward`.
    y: Buffer<F>,
    dim: (usize, usize),
}

impl<F: Real> SoftmaxWithLoss<F> {
    /// A layer that has seen nothing yet.
    pub fn new() -> Self {
        SoftmaxWithLoss { y: Buffer::new(), dim: (0, 0) }
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

/// `y` ← the probabilities of a batch of scores, both (N, classes): `exp(x_k) / Σ exp(x_j)` in each row.
///
/// (The book, section 3.5, `softmax` in `common/functions.py`.)
///
/// ```
/// use layers::ndarray::{Array2, array};
/// let mut y = Array2::zeros((1, 2));
/// layers::softmax(array![[1000.0, 1000.0]].view(), y.view_mut());
/// assert_eq!(y, array![[0.5, 0.5]]);
/// ```
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
            if let Some(sample) = t.iter().position(|&t| t >= classes) {
                let label = t[sample];
                panic!(
                    "{KIND}: sample {sample} has the label {label}, but the scores are of {classes} classes (from 0)"
                );
            }
        }
        Labels::OneHot(t) => {
            assert!(t.dim() == (n, classes), "{KIND}: t has shape {:?}, the scores [{n}, {classes}]", t.shape());
        }
    }
}
