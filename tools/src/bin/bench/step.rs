//! A training step taken apart.

use std::time::Instant;

use anyhow::ensure;
use datasets::{Batches, Dataset, Sampling, Scaling};
use layers::ndarray::{ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD};
use layers::{Layer, Relu, SoftmaxWithLoss, Window};
use model::{Batch, Network, OptimizerStep, SimpleConvNet};
use optim::{Optimizer, OptimizerConfig};
use tensor::affine::{self, Layout};
use tensor::{Buffer, Geometry, Plan, conv_pool};

use super::timing::Timing;

/// The parts, in their order.
pub const PARTS: [&str; 12] = [
    "gather",
    "convolution, ReLU, pooling",
    "affine 1",
    "ReLU",
    "affine 2",
    "softmax and loss",
    "loss backward",
    "affine 2 backward",
    "ReLU backward",
    "affine 1 backward and update (Adam)",
    "convolution weight gradient",
    "the other updates (Adam)",
];

/// Values and gradient of a parameter.
#[derive(Debug, Clone)]
pub(super) struct Weights {
    pub(super) value: Buffer<f32>,
    pub(super) grad: Buffer<f32>,
}

/// The book's network as a row of calls of the kernels, with everything between them in the open.
#[derive(Debug)]
pub struct OpenStep {
    pub(super) plan: Plan,
    /// W1, b1, W2, b2, W3, b3.
    pub(super) params: [Weights; 6],
    image: [usize; 3],
    hidden: usize,
    classes: usize,
    images: Batch,
    batch: usize,
    /// After a step its gradient.
    pub(super) pooled: Buffer<f32>,
    pub(super) winners: Buffer<u8>,
    hidden_in: Buffer<f32>,
    hidden_out: Buffer<f32>,
    scores: Buffer<f32>,
    dscores: Buffer<f32>,
    dhidden_out: Buffer<f32>,
    pub(super) dhidden_in: Buffer<f32>,
    last_layer: SoftmaxWithLoss,
    optimizer: Box<dyn Optimizer>,
}

impl OpenStep {
    /// The same weights as `network`, which was built from `settings`.
    ///
    /// # Errors
    /// Where the convolution and the pooling do not work in one pass, or the affine layer behind them does not lie in parts.
    pub fn new(settings: &SimpleConvNet, network: &Network, batch: usize) -> anyhow::Result<Self> {
        let conv = settings.conv_param;
        let window = Window::square(conv.filter_size).pad(conv.pad).stride(conv.stride);
        let conv = Geometry::new(settings.input_dim, window)?;
        let [height, width] = conv.output();
        let filters = settings.conv_param.filter_num;
        let pool = Geometry::new([filters, height, width], Window::square(2).stride(2))?;
        let pooled = batch * filters * pool.positions();
        let plan = Plan::new(conv, pool).ok_or_else(|| anyhow::anyhow!("the pooling does not fit the convolution"))?;
        let plan =
            plan.in_parts().ok_or_else(|| anyhow::anyhow!("this network's affine layer does not lie in parts"))?;
        let mut params = Vec::new();
        network.visit_params(&mut |_, param| {
            params.push(Weights { value: param.values().into(), grad: Buffer::zeros(param.values().len()) });
        });
        let Ok(params) = <[Weights; 6]>::try_from(params) else { anyhow::bail!("the network is not the book's") };
        let (hidden, classes) = (settings.hidden_size, settings.output_size);
        Ok(OpenStep {
            images: Batch::default(),
            batch,
            plan,
            params,
            image: settings.input_dim,
            hidden,
            classes,
            pooled: Buffer::zeros(pooled),
            winners: Buffer::zeros(pooled),
            hidden_in: Buffer::zeros(batch * hidden),
            hidden_out: Buffer::zeros(batch * hidden),
            scores: Buffer::zeros(batch * classes),
            dscores: Buffer::zeros(batch * classes),
            dhidden_out: Buffer::zeros(batch * hidden),
            dhidden_in: Buffer::zeros(batch * hidden),
            last_layer: SoftmaxWithLoss::new(),
            optimizer: OptimizerConfig::default().build()?,
        })
    }

    /// Images in a batch.
    pub(super) fn batch(&self) -> usize {
        self.batch
    }

    /// The images of the last step.
    pub(super) fn x(&self) -> &[f32] {
        self.images.view(&self.image).0.to_slice().expect("row-major")
    }

    /// One step; after each part but the last `lap` is called. Gives the loss.
    fn step(&mut self, data: &Dataset, indices: &[usize], lap: &mut dyn FnMut()) -> f32 {
        let [w1, b1, w2, b2, w3, b3] = &mut self.params;
        self.images.fill(data, indices, Scaling::Unit);
        lap();
        let (x, t) = self.images.view(&self.image);
        let x = x.to_slice().expect("row-major");
        conv_pool::forward(&self.plan, x, &w1.value, &b1.value, &mut self.pooled, Some(&mut self.winners));
        lap();
        let parts = self.plan.parts();
        affine::forward(Layout::InParts(parts), &self.pooled, &w2.value, &b2.value, &mut self.hidden_in);
        lap();
        let shape = [self.batch, self.hidden];
        Relu.infer(view(shape, &self.hidden_in), view_mut(shape, &mut self.hidden_out));
        lap();
        affine::forward(Layout::Whole, &self.hidden_out, &w3.value, &b3.value, &mut self.scores);
        lap();
        let dim = (self.batch, self.classes);
        let loss = self.last_layer.forward(ArrayView2::from_shape(dim, &self.scores).expect("as its shape"), t);
        lap();
        self.last_layer.backward(t, ArrayViewMut2::from_shape(dim, &mut self.dscores).expect("as its shape"));
        lap();
        affine::backward_input(Layout::Whole, &w3.value, self.classes, &self.dscores, &mut self.dhidden_out);
        affine::backward_weights(Layout::Whole, &self.hidden_out, &self.dscores, &mut w3.grad, &mut b3.grad);
        lap();
        let (before, after) = (view(shape, &self.hidden_in), view(shape, &self.hidden_out));
        Relu.backward(before, after, view(shape, &self.dhidden_out), Some(view_mut(shape, &mut self.dhidden_in)));
        lap();
        self.optimizer.begin_step();
        let update = self.optimizer.update_of(2, w2.value.len());
        affine::backward_and_update(parts, &mut self.pooled, &mut w2.value, &self.dhidden_in, &mut b2.grad, update);
        lap();
        conv_pool::backward_weights(&self.plan, x, &self.winners, &self.pooled, &mut w1.grad, &mut b1.grad);
        lap();
        for (slot, Weights { value, grad }) in self.params.iter_mut().enumerate().filter(|(slot, _)| *slot != 2) {
            self.optimizer.update(slot, value, grad);
        }
        loss
    }

    /// Refuses to call this a step of the network where the loss or what a parameter becomes differs by a bit.
    fn check(&mut self, network: &mut Network, data: &Dataset, indices: &[usize]) -> anyhow::Result<()> {
        let loss = self.step(data, indices, &mut || {});
        let (x, t) = self.images.view(&self.image);
        let expected = network.loss(x.view(), t);
        ensure!(loss.to_bits() == expected.to_bits(), "the loss of the parts is {loss}, that of the step {expected}");
        let mut optimizer = OptimizerConfig::default().build()?;
        network.backward_and_update(x, t, &mut OptimizerStep::begin(&mut *optimizer, 0.0));
        let mut params = self.params.iter();
        let mut differs = None;
        network.visit_params(&mut |name, param| {
            let ours = params.next().map_or(&[][..], |weights| &weights.value);
            let same = ours.iter().map(|x| x.to_bits()).eq(param.values().iter().map(|x| x.to_bits()));
            if !same && differs.is_none() {
                differs = Some(name.to_owned());
            }
        });
        match differs {
            None => Ok(()),
            Some(name) => {
                anyhow::bail!("{name} after the step of the parts is not what the step makes it, bit for bit")
            }
        }
    }

    /// Takes `steps` steps of a training apart: seconds for each of the [`PARTS`].
    ///
    /// # Errors
    /// Where the parts together are not the step: the loss, and the parameters after it, have to be the same to the bit.
    pub fn time(&mut self, network: &mut Network, data: &Dataset, steps: usize) -> anyhow::Result<Vec<Timing>> {
        let mut batches = Batches::new(data.len(), self.batch(), Sampling::Book, 0)?;
        self.check(network, data, batches.next_batch())?;
        let mut laps = vec![Vec::with_capacity(steps); PARTS.len()];
        for _ in 0..steps {
            let indices = batches.next_batch();
            let (mut part, mut last) = (0, Instant::now());
            let mut lap = || {
                let now = Instant::now();
                laps[part].push((now - last).as_secs_f64());
                (part, last) = (part + 1, now);
            };
            self.step(data, indices, &mut lap);
            lap();
        }
        Ok(laps.into_iter().map(Timing::of).collect())
    }
}

fn view(shape: [usize; 2], values: &[f32]) -> ArrayViewD<'_, f32> {
    ArrayView2::from_shape(shape, values).expect("as long as its shape").into_dyn()
}

fn view_mut(shape: [usize; 2], values: &mut [f32]) -> ArrayViewMutD<'_, f32> {
    ArrayViewMut2::from_shape(shape, values).expect("as long as its shape").into_dyn()
}

#[cfg(test)]
mod tests {
    use datasets::digits;
    use model::ConvParam;

    use super::*;

    fn small() -> (SimpleConvNet, Network, Dataset) {
        let conv_param = ConvParam { filter_num: 16, ..ConvParam::default() };
        let settings = SimpleConvNet { conv_param, hidden_size: 12, ..SimpleConvNet::default() };
        (settings, settings.build(0).unwrap(), digits::splits(40, 1, 0).train)
    }

    #[test]
    fn the_parts_are_the_step() {
        let (settings, mut network, data) = small();
        let mut open = OpenStep::new(&settings, &network, 10).unwrap();
        assert_eq!(open.time(&mut network, &data, 3).unwrap().len(), PARTS.len());
    }

    #[test]
    fn parts_of_another_step_are_refused() {
        let (settings, mut network, data) = small();
        let mut open = OpenStep::new(&settings, &network, 10).unwrap();
        open.params[5].value[0] += 0.125;
        let error = open.time(&mut network, &data, 3).unwrap_err().to_string();
        assert!(error.contains("the loss of the parts"), "{error}");
    }
}
