//! A batch of images.

use datasets::{Dataset, Scaling};
use layers::Labels;
use layers::ndarray::ArrayViewD;
use tensor::Buffer;
use tensor::threads::for_each_part2;

use crate::shape::batch_shape;

/// Images that one task copies.
const IMAGES_A_TASK: usize = 10;

/// Images and labels in memory that is used again and again: what the trainer takes its steps on.
#[derive(Debug, Default)]
pub struct Batch {
    x: Buffer<f32>,
    t: Vec<usize>,
}

impl Batch {
    /// Fills it with the images of these indices, on all threads.
    ///
    /// # Panics
    /// Where an index is not one of the data set.
    pub fn fill(&mut self, data: &Dataset, indices: &[usize], scaling: Scaling) {
        let len = data.image_len();
        self.x.resize(indices.len() * len);
        self.t.resize(indices.len(), 0);
        // Images in random order come from all over the memory: two threads wait for it half as long.
        for_each_part2((&mut self.x, IMAGES_A_TASK * len), (&mut self.t, IMAGES_A_TASK), |task, x, t| {
            data.gather(&indices[task * IMAGES_A_TASK..][..t.len()], scaling, x, t);
        });
    }

    /// The images as a network takes them (N, input…), row-major, and their classes.
    ///
    /// # Panics
    /// Where the images have not as many numbers as such an input.
    pub fn view(&self, input: &[usize]) -> (ArrayViewD<'_, f32>, Labels<'_>) {
        let x = ArrayViewD::from_shape(batch_shape(self.t.len(), input), &self.x).expect("as long as its shape");
        (x, Labels::Classes(&self.t))
    }
}
