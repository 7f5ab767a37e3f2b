//! Whole data sets as ndarray arrays.

use ndarray::{Array1, Array2, Array4};

use crate::dataset::Dataset;
use crate::scaling::Scaling;

/// These take four bytes a pixel: fit for a few thousand images. Training goes through [`Dataset::gather`].
impl Dataset {
    /// All images, `(N, C, H, W)`.
    pub fn images(&self, scaling: Scaling) -> Array4<f32> {
        let [channels, height, width] = self.image_shape();
        Array4::from_shape_vec((self.len(), channels, height, width), self.numbers(scaling))
            .expect("a data set holds N · C · H · W pixels")
    }

    /// All images, each as one row: `(N, C · H · W)` (the book's `flatten=True`).
    pub fn flattened(&self, scaling: Scaling) -> Array2<f32> {
        Array2::from_shape_vec((self.len(), self.image_len()), self.numbers(scaling))
            .expect("a data set holds N · C · H · W pixels")
    }

    /// All labels as class indices, `(N,)`.
    pub fn class_indices(&self) -> Array1<usize> {
        self.labels().iter().map(|&label| usize::from(label)).collect()
    }

    /// All labels as rows of zeros with a one at the class, `(N, classes)` (the book's `one_hot_label=True`).
    pub fn one_hot(&self) -> Array2<f32> {
        let mut rows = Array2::zeros((self.len(), self.classes()));
        for (mut row, &label) in rows.rows_mut().into_iter().zip(self.labels()) {
            row[usize::from(label)] = 1.0;
        }
        rows
    }

    fn numbers(&self, scaling: Scaling) -> Vec<f32> {
        let table = scaling.table();
        self.pixels().iter().map(|&byte| table[usize::from(byte)]).collect()
    }
}
