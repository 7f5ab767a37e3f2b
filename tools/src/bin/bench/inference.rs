//! Inference, from pixels in single precision to scores.

use datasets::{Dataset, Scaling};
use layers::Workspace;
use layers::ndarray::ArrayView4;
use model::Network;

use super::timing::{Timing, measure};

/// The batch sizes.
pub const BATCHES: [usize; 4] = [1, 10, 100, 1000];

/// What a batch of each size takes, when one after the other comes from a row of images in memory.
pub fn inference(network: &Network, images: &Dataset, budget: f64) -> Vec<(usize, Timing)> {
    let [channels, height, width] = images.image_shape();
    let (size, largest) = (images.image_len(), BATCHES[BATCHES.len() - 1]);
    let count = images.len().max(largest);
    let indices: Vec<usize> = (0..count).map(|i| i % images.len()).collect();
    let (mut x, mut t) = (vec![0.0; count * size], vec![0; count]);
    images.gather(&indices, Scaling::Unit, &mut x, &mut t);
    let mut workspace = Workspace::new();
    let time = |batch: usize| {
        let mut batches = x.chunks_exact(batch * size).cycle();
        let timing = measure(budget, &mut || {
            let x = batches.next().expect("a cycle has no end");
            let x = ArrayView4::from_shape((batch, channels, height, width), x).expect("as long as its shape");
            network.predict_into(x, &mut workspace);
        });
        (batch, timing)
    };
    BATCHES.map(time).to_vec()
}
