//! A batch of images.

use datasets::{Dataset, Scaling};
use layers::Labels;
use layers::ndarray::ArrayViewD;

use crate::shape::batch_shape;

/// Images and labels in memory that is used again and again.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    x: Vec<f32>,
    t: Vec<usize>,
}

impl Batch {
    /// The images with these indices.
    pub(crate) fn fill(&mut self, data: &Dataset, indices: &[usize], scaling: Scaling) {
        self.x.resize(indices.len() * data.image_len(), 0.0);
        self.t.resize(indices.len(), 0);
        data.gather(indices, scaling, &mut self.x, &mut self.t);
    }

    /// The images as the network takes them (N, input…), and their classes.
    pub(crate) fn view(&self, input: &[usize]) -> (ArrayViewD<'_, f32>, Labels<'_>) {
        let x = ArrayViewD::from_shape(batch_shape(self.t.len(), input), &self.x).expect("as long as its shape");
        (x, Labels::Classes(&self.t))
    }
}
