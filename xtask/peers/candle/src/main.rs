//! The network of the book in candle, timed; `README.md` in the folder above says how and why.
#![forbid(unsafe_code)]

#[path = "../../common.rs"]
mod common;

use std::time::Instant;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{
    AdamW, Conv2d, Conv2dConfig, Init, Linear, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap, loss::cross_entropy,
};
use common::{BATCH, CLASSES, FEATURES, FILTER_SIZE, FILTERS, HIDDEN, Images, Options, Training, WARM_UP_STEPS};

fn main() -> Result<()> {
    let options = Options::read();
    let [train, test] = ["train", "t10k"].map(|name| Images::load(&options.mnist, name));
    let device = Device::Cpu;
    let count = train.labels.len();
    let x = Tensor::from_vec(train.pixels, (count, 1, 28, 28), &device)?;
    let t = Tensor::from_vec(train.labels, count, &device)?.to_dtype(DType::U32)?;

    let variables = VarMap::new();
    let network = Network::new(VarBuilder::from_varmap(&variables, DType::F32, &device))?;
    // Adam is AdamW without decay of the weights.
    let settings = ParamsAdamW { lr: common::LEARNING_RATE, weight_decay: 0.0, ..Default::default() };
    let mut optimizer = AdamW::new(variables.all_vars(), settings)?;
    let mut run = |order: &[u32]| -> Result<()> {
        for indices in order.chunks_exact(BATCH) {
            let indices = Tensor::new(indices, &device)?;
            let scores = network.forward(&x.index_select(&indices, 0)?)?;
            optimizer.backward_step(&cross_entropy(&scores, &t.index_select(&indices, 0)?)?)?;
        }
        Ok(())
    };

    let order = common::shuffled(count);
    run(&order[..BATCH])?;
    let first_step_seconds = common::seconds_since_start();
    run(&order[BATCH..WARM_UP_STEPS * BATCH])?;
    let mut epoch_seconds = Vec::new();
    for _ in 0..options.epochs {
        let start = Instant::now();
        run(&common::shuffled(count))?;
        epoch_seconds.push(start.elapsed().as_secs_f64());
    }

    // Detached from the variables, the weights leave no trace of a calculation behind for a gradient.
    let network = network.detached();
    let scores = |pixels: &[f32]| -> Vec<f32> {
        let infer = || {
            let images = Tensor::from_slice(pixels, (pixels.len() / common::PIXELS, 1, 28, 28), &device)?;
            network.forward(&images)?.flatten_all()?.to_vec1()
        };
        infer().expect("the shapes fit")
    };
    let version = env!("PEER_VERSION");
    common::report("candle", version, &options, Training { first_step_seconds, epoch_seconds }, &test, scores);
    Ok(())
}

struct Network {
    conv1: Conv2d,
    affine1: Linear,
    affine2: Linear,
}

impl Network {
    fn new(variables: VarBuilder<'_>) -> Result<Self> {
        let weights = Init::Randn { mean: 0.0, stdev: common::WEIGHT_DEVIATION };
        let filters = (FILTERS, 1, FILTER_SIZE, FILTER_SIZE);
        let affine = |outputs: usize, inputs: usize, number: u32| -> Result<Linear> {
            let weight = variables.get_with_hints((outputs, inputs), &format!("W{number}"), weights)?;
            let bias = variables.get_with_hints(outputs, &format!("b{number}"), Init::Const(0.0))?;
            Ok(Linear::new(weight, Some(bias)))
        };
        Ok(Self {
            conv1: Conv2d::new(
                variables.get_with_hints(filters, "W1", weights)?,
                Some(variables.get_with_hints(FILTERS, "b1", Init::Const(0.0))?),
                Conv2dConfig::default(),
            ),
            affine1: affine(HIDDEN, FEATURES, 2)?,
            affine2: affine(CLASSES, HIDDEN, 3)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let pooled = self.conv1.forward(x)?.relu()?.max_pool2d(2)?;
        self.affine2.forward(&self.affine1.forward(&pooled.flatten_from(1)?)?.relu()?)
    }

    fn detached(&self) -> Self {
        let affine = |layer: &Linear| Linear::new(layer.weight().detach(), layer.bias().map(Tensor::detach));
        let bias = self.conv1.bias().map(Tensor::detach);
        Self {
            conv1: Conv2d::new(self.conv1.weight().detach(), bias, *self.conv1.config()),
            affine1: affine(&self.affine1),
            affine2: affine(&self.affine2),
        }
    }
}
