//! The network of the book in burn, timed; `README.md` in the folder above says how and why.
#![forbid(unsafe_code)]

#[path = "../../common.rs"]
mod common;

use std::time::Instant;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use common::{BATCH, CLASSES, FEATURES, FILTER_SIZE, FILTERS, HIDDEN, Images, Options, Training, WARM_UP_STEPS};

fn main() {
    let options = Options::read();
    let [train, test] = ["train", "t10k"].map(|name| Images::load(&options.mnist, name));
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    let count = train.labels.len();
    // The images carry no gradient: they need no record of what is computed from them until they meet the weights.
    let x = Tensor::<4>::from_data(TensorData::new(train.pixels, [count, 1, 28, 28]), &device);
    let labels: Vec<i32> = train.labels.iter().copied().map(i32::from).collect();
    let t = Tensor::<1, Int>::from_data(TensorData::new(labels, [count]), &device);

    let mut network = Network::new(&device);
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let loss = CrossEntropyLossConfig::new().init(&device);
    let mut run = |mut network: Network, order: &[u32]| -> Network {
        for indices in order.chunks_exact(BATCH) {
            let indices: Vec<i32> = indices.iter().map(|&index| index as i32).collect();
            let indices = Tensor::<1, Int>::from_data(TensorData::new(indices, [BATCH]), &device);
            let scores = network.forward(x.clone().select(0, indices.clone()));
            let gradients = loss.forward(scores, t.clone().select(0, indices)).backward();
            let gradients = GradientsParams::from_grads(gradients, &network);
            network = optimizer.step(common::LEARNING_RATE, network, gradients);
        }
        network
    };

    let order = common::shuffled(count);
    network = run(network, &order[..BATCH]);
    let first_step_seconds = common::seconds_since_start();
    network = run(network, &order[BATCH..WARM_UP_STEPS * BATCH]);
    let mut epoch_seconds = Vec::new();
    for _ in 0..options.epochs {
        let start = Instant::now();
        network = run(network, &common::shuffled(count));
        epoch_seconds.push(start.elapsed().as_secs_f64());
    }

    let network = network.valid();
    let scores = |pixels: &[f32]| -> Vec<f32> {
        let shape = [pixels.len() / common::PIXELS, 1, 28, 28];
        let images = Tensor::<4>::from_data(TensorData::new(pixels.to_vec(), shape), &plain);
        network.forward(images).into_data().try_into_vec().expect("f32, as all of it")
    };
    let version = env!("PEER_VERSION");
    common::report("burn", version, &options, Training { first_step_seconds, epoch_seconds }, &test, scores);
}

#[derive(Module, Debug)]
struct Network {
    conv1: Conv2d,
    pool1: MaxPool2d,
    affine1: Linear,
    affine2: Linear,
}

impl Network {
    fn new(device: &Device) -> Self {
        let weights = Initializer::Normal { mean: 0.0, std: common::WEIGHT_DEVIATION };
        let affine = |inputs: usize, outputs: usize| {
            let layer = LinearConfig::new(inputs, outputs).with_initializer(weights.clone()).init(device);
            Linear { bias: Some(Initializer::Zeros.init([outputs], device)), ..layer }
        };
        let conv1 = Conv2dConfig::new([1, FILTERS], [FILTER_SIZE, FILTER_SIZE]).with_initializer(weights.clone());
        Self {
            conv1: Conv2d { bias: Some(Initializer::Zeros.init([FILTERS], device)), ..conv1.init(device) },
            pool1: MaxPool2dConfig::new([2, 2]).init(),
            affine1: affine(FEATURES, HIDDEN),
            affine2: affine(HIDDEN, CLASSES),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let pooled = self.pool1.forward(relu(self.conv1.forward(x)));
        self.affine2.forward(relu(self.affine1.forward(pooled.flatten(1, 3))))
    }
}
