//! What a batch of samples really is.

use std::ops::Range;

use tensor::Real;
use tensor::ndarray::{ArrayView2, Axis, Slice};

/// The right answers for a batch, in either of the book's two forms.
#[derive(Debug, Clone, Copy)]
pub enum Labels<'a, F: Real = f32> {
    /// The class of each sample, from 0.
    Classes(&'a [usize]),
    /// (N, classes): a row of probabilities for each sample; the book's are 1 at the class and 0 elsewhere.
    OneHot(ArrayView2<'a, F>),
}

impl<'a, F: Real> Labels<'a, F> {
    /// The number of samples.
    pub fn len(&self) -> usize {
        match self {
            Labels::Classes(classes) => classes.len(),
            Labels::OneHot(rows) => rows.nrows(),
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of one sample; in a row, the first of the largest elements.
    ///
    /// ```
    /// use layers::{Labels, ndarray::array};
    /// let rows = array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]];
    /// assert_eq!(Labels::OneHot(rows.view()).class(0), 2);
    /// assert_eq!(Labels::<f32>::Classes(&[2, 0]).class(1), 0);
    /// ```
    ///
    /// # Panics
    /// Where there is no such sample.
    pub fn class(&self, sample: usize) -> usize {
        match self {
            Labels::Classes(classes) => classes[sample],
            Labels::OneHot(rows) => {
                let row = rows.row(sample);
                (0..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best })
            }
        }
    }

    /// The labels of these samples alone.
    ///
    /// # Panics
    /// Where there are not so many.
    pub fn slice(&self, samples: Range<usize>) -> Labels<'a, F> {
        match *self {
            Labels::Classes(classes) => Labels::Classes(&classes[samples]),
            Labels::OneHot(mut rows) => {
                rows.slice_axis_inplace(Axis(0), Slice::from(samples));
                Labels::OneHot(rows)
            }
        }
    }
}
