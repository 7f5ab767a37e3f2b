//! Inference, from pixels in single precision to scores.

use datasets::{Dataset, Scaling};
use layers::Workspace;
use layers::ndarray::ArrayViewD;
use model::Network;

use super::timing::{Timing, measure};

/// The batch sizes.
pub const BATCHES: [usize; 4] = [1, 10, 100, 1000];

/// What a batch of each size takes.
pub fn inference(network: &Network, images: &Dataset, budget: f64) -> Vec<(usize, Timing)> {
    let [channels, height, width] = images.image_shape();
    let mut workspace = Workspace::new();
    let time = |batch: usize| {
        let indices: Vec<usize> = (0..batch).map(|i| i % images.len()).collect();
        let (mut x, mut t) = (vec![0.0; batch * images.image_len()], vec![0; batch]);
        images.gather(&indices, Scaling::Unit, &mut x, &mut t);
        let x = ArrayViewD::from_shape(vec![batch, channels, height, width], &x).expect("as long as its shape");
        let timing = measure(budget, &mut || {
            network.predict_into(x.view(), &mut workspace);
        });
        (batch, timing)
    };
    BATCHES.map(time).to_vec()
}
