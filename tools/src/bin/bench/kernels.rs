//! Every kernel by itself, on one thread and on all.

use datasets::{Dataset, Scaling};
use layers::{Purpose, Random, Window};
use optim::{Optimizer, OptimizerConfig};
use tensor::affine::{self, Layout};
use tensor::ndarray::{ArrayView2, ArrayViewMut2};
use tensor::{Buffer, Geometry, Plan, conv_pool, convolution, gemm, pooling};

use super::limit::Pools;
use super::step::{OpenStep, Weights};
use super::timing::{Timing, measure};

/// What is done in one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
    /// Multiplications and additions, counted densely.
    Flop(f64),
    /// Bytes read and written.
    Bytes(f64),
}

/// A kernel with sizes, and how long it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelTime {
    /// Which kernel family, and what sizes.
    pub group: String,
    /// Which kernel.
    pub name: String,
    /// What it does.
    pub work: Work,
    /// On one thread.
    pub one: Timing,
    /// On all threads.
    pub all: Timing,
}

/// Measures, and keeps what came out.
#[derive(Debug)]
pub struct Kernels<'a> {
    pools: &'a Pools,
    /// Seconds for one kernel on so many threads.
    budget: f64,
    random: Random,
    times: Vec<KernelTime>,
}

/// A convolution of square filters with stride 1, and whether ReLU and a 2×2 max-pooling follow.
#[derive(Debug, Clone, Copy)]
struct Conv {
    input: [usize; 3],
    filters: usize,
    size: usize,
    pad: usize,
    pooled: bool,
}

/// That of the book's `SimpleConvNet`.
const SIMPLE: Conv = Conv { input: [1, 28, 28], filters: 30, size: 5, pad: 0, pooled: false };
/// The six of the book's `DeepConvNet` (chapter 8).
const DEEP: [Conv; 6] = [
    Conv { input: [1, 28, 28], filters: 16, size: 3, pad: 1, pooled: false },
    Conv { input: [16, 28, 28], filters: 16, size: 3, pad: 1, pooled: true },
    Conv { input: [16, 14, 14], filters: 32, size: 3, pad: 1, pooled: false },
    Conv { input: [32, 14, 14], filters: 32, size: 3, pad: 2, pooled: true },
    Conv { input: [32, 8, 8], filters: 64, size: 3, pad: 1, pooled: false },
    Conv { input: [64, 8, 8], filters: 64, size: 3, pad: 1, pooled: true },
];
/// M, K, N.
const PRODUCTS: [[usize; 3]; 8] = [
    [1, 4320, 100],
    [100, 4320, 100],
    [4320, 100, 100],
    [256, 256, 256],
    [512, 512, 512],
    [1024, 1024, 1024],
    [30, 57_600, 25],
    [333, 777, 555],
];

impl<'a> Kernels<'a> {
    /// Nothing measured yet.
    pub fn new(pools: &'a Pools, budget: f64) -> Self {
        Kernels { pools, budget, random: Random::new(0, Purpose::Other(0)), times: Vec::new() }
    }

    /// What came out, in the order of measuring.
    pub fn finish(self) -> Vec<KernelTime> {
        self.times
    }

    fn time(&mut self, group: &str, name: &str, work: Work, mut kernel: impl FnMut()) {
        let [one, all] =
            [&self.pools.one, &self.pools.all].map(|pool| pool.install(|| measure(self.budget, &mut kernel)));
        self.times.push(KernelTime { group: group.to_owned(), name: name.to_owned(), work, one, all });
    }

    /// Numbers from 0 to 1, or from −1 to 1.
    fn positive(&mut self, len: usize) -> Buffer<f32> {
        self.numbers(len, |uniform| uniform)
    }

    fn signed(&mut self, len: usize) -> Buffer<f32> {
        self.numbers(len, |uniform| 2.0 * uniform - 1.0)
    }

    fn numbers(&mut self, len: usize, number: impl Fn(f64) -> f64) -> Buffer<f32> {
        let mut numbers = Buffer::zeros(len);
        numbers.iter_mut().for_each(|to| *to = number(self.random.uniform()) as f32);
        numbers
    }

    /// The kernels of the book's step, on the numbers of a real one.
    pub fn of_the_step(&mut self, step: &OpenStep) {
        let conv = step.plan.conv();
        let [w1, b1, w2, b2, ..] = &step.params;
        let (n, filters) = (step.batch(), b1.value.len());
        let group = format!("book's convolution, ReLU, pooling: {}", sizes(conv, filters));
        let work = Work::Flop((2 * n * filters * conv.positions() * conv.patch_len()) as f64);
        let (mut y, mut winners) = (step.pooled.clone(), step.winners.clone());
        self.time(&group, "forward, training", work, || {
            conv_pool::forward(&step.plan, step.x(), &w1.value, &b1.value, &mut y, Some(&mut winners));
        });
        self.time(&group, "forward, inference", work, || {
            conv_pool::forward(&step.plan, step.x(), &w1.value, &b1.value, &mut y, None);
        });
        let [mut dw, mut db] = [w1, b1].map(|Weights { grad, .. }| grad.clone());
        self.time(&group, "weight gradient", work, || {
            conv_pool::backward_weights(&step.plan, step.x(), &step.winners, &step.pooled, &mut dw, &mut db);
        });
        let parts = step.plan.parts();
        self.affine("book's affine 1", Layout::InParts(parts), &y, [w2, b2], &step.dhidden_in);
        self.affine_step(parts, &y, [w2, b2], &step.dhidden_in);
    }

    /// The backward pass and the update of the same layer in one go, as a training step has it.
    fn affine_step(&mut self, parts: usize, x: &[f32], [w, b]: [&Weights; 2], dy: &[f32]) {
        let group = self.times.last().expect("the layer's other kernels").group.clone();
        let work = Work::Flop((4 * x.len() * b.value.len()) as f64);
        let (mut x, mut w, mut db) = (Buffer::from(x), w.value.clone(), b.grad.clone());
        // (So small steps that the numbers stay what they are.)
        let mut adam: Box<dyn Optimizer> =
            OptimizerConfig::default().with_lr(1e-9).build().expect("settings that can work");
        adam.begin_step();
        self.time(&group, "both gradients, Adam", work, || {
            let update = adam.update_of(0, w.len());
            affine::backward_and_update(parts, &mut x, &mut w, dy, &mut db, update);
        });
    }

    fn affine(&mut self, name: &str, layout: Layout, x: &[f32], [w, b]: [&Weights; 2], dy: &[f32]) {
        let outputs = b.value.len();
        let (inputs, n) = (w.value.len() / outputs, dy.len() / outputs);
        let group = format!("{name}: {n} × {inputs} → {outputs}");
        let work = Work::Flop((2 * n * inputs * outputs) as f64);
        let (mut y, mut dx, mut dw, mut db) = (Buffer::from(dy), Buffer::from(x), w.grad.clone(), b.grad.clone());
        self.time(&group, "forward", work, || affine::forward(layout, x, &w.value, &b.value, &mut y));
        self.time(&group, "weight gradient", work, || affine::backward_weights(layout, x, dy, &mut dw, &mut db));
        self.time(&group, "input gradient", work, || affine::backward_input(layout, &w.value, outputs, dy, &mut dx));
    }

    /// The last layer of the book's network, which is small.
    pub fn small_affine(&mut self, n: usize) {
        let (x, dy) = (self.positive(n * 100), self.signed(n * 10));
        let [w, b] = [1000, 10].map(|len| Weights { value: self.signed(len), grad: Buffer::zeros(len) });
        self.affine("book's affine 2", Layout::Whole, &x, [&w, &b], &dy);
    }

    /// The book's convolutions of `n` images, each layer by itself, and where a pooling follows the three in one.
    pub fn convolutions(&mut self, n: usize, between: &mut dyn FnMut()) {
        self.convolution("book's convolution alone", SIMPLE, n);
        between();
        for (i, conv) in DEEP.into_iter().enumerate() {
            self.convolution(&format!("DeepConvNet's convolution {}", i + 1), conv, n);
            if i % 2 == 1 {
                between();
            }
        }
    }

    fn convolution(&mut self, name: &str, conv: Conv, n: usize) {
        let window = Window::square(conv.size).pad(conv.pad);
        let geometry = Geometry::new(conv.input, window).expect("sizes that fit");
        let group = format!("{name}: {}", sizes(&geometry, conv.filters));
        let work = Work::Flop((2 * n * conv.filters * geometry.positions() * geometry.patch_len()) as f64);
        let x = self.positive(n * geometry.input_len());
        let w = self.signed(conv.filters * geometry.patch_len());
        let (b, dy) = (Buffer::zeros(conv.filters), self.signed(n * conv.filters * geometry.positions()));
        let (mut y, mut dx, mut dw, mut db) = (dy.clone(), x.clone(), w.clone(), b.clone());
        self.time(&group, "forward", work, || convolution::forward(&geometry, &x, &w, &b, &mut y));
        self.time(&group, "weight gradient", work, || {
            convolution::backward_weights(&geometry, &x, &dy, &mut dw, &mut db);
        });
        self.time(&group, "input gradient", work, || convolution::backward_input(&geometry, &w, &dy, &mut dx));
        if !conv.pooled {
            return;
        }
        let [height, width] = geometry.output();
        let pool = Geometry::new([conv.filters, height, width], Window::square(2).stride(2)).expect("even sizes");
        let plan = Plan::new(geometry, pool).expect("a pooling that fits");
        let group = format!("{name} with ReLU and pooling");
        let (mut pooled, mut winners) = (Buffer::zeros(y.len() / 4), Buffer::zeros(y.len() / 4));
        let dpooled = self.signed(pooled.len());
        self.time(&group, "forward, training", work, || {
            conv_pool::forward(&plan, &x, &w, &b, &mut pooled, Some(&mut winners));
        });
        self.time(&group, "weight gradient", work, || {
            conv_pool::backward_weights(&plan, &x, &winners, &dpooled, &mut dw, &mut db);
        });
        self.time(&group, "input gradient", work, || {
            conv_pool::backward_input(&plan, &winners, &w, &dpooled, &mut dx);
        });
        // Inference comes last: what it leaves is not what the gradients belong to.
        self.time(&group, "forward, inference", work, || {
            conv_pool::forward(&plan, &x, &w, &b, &mut pooled, None);
        });
    }

    /// Products of matrices with at most so many products of numbers.
    pub fn products(&mut self, most: usize) {
        for [m, k, n] in PRODUCTS.into_iter().filter(|[m, k, n]| m * k * n <= most) {
            let (a, b, mut c) = (self.signed(m * k), self.signed(k * n), Buffer::zeros(m * n));
            let a = ArrayView2::from_shape((m, k), &a).expect("as long as its shape");
            let b = ArrayView2::from_shape((k, n), &b).expect("as long as its shape");
            let mut c = ArrayViewMut2::from_shape((m, n), &mut c).expect("as long as its shape");
            let work = Work::Flop((2 * m * k * n) as f64);
            self.time("matrix product (gemm)", &format!("{m}×{k} · {k}×{n}"), work, || {
                gemm(1.0, a, b, 0.0, c.view_mut());
            });
        }
    }

    /// What moves numbers rather than multiply them.
    pub fn movers(&mut self, step: &OpenStep, data: &Dataset) {
        let group = "of the book's step";
        let (filters, n) = (step.params[1].value.len(), step.batch());
        let pool = step.plan.pool();
        let x = self.signed(n * filters * step.plan.conv().positions());
        let (mut y, mut argmax, mut dx) = (step.pooled.clone(), vec![0; step.pooled.len()], x.clone());
        let bytes = |read: usize, written: usize| Work::Bytes((4 * (read + written)) as f64);
        self.time(group, "max-pooling, training", bytes(x.len(), 2 * y.len()), || {
            pooling::max_forward(pool, &x, &mut y, &mut argmax);
        });
        self.time(group, "max-pooling, inference", bytes(x.len(), y.len()), || pooling::max_infer(pool, &x, &mut y));
        self.time(group, "max-pooling backward", bytes(2 * y.len(), dx.len()), || {
            pooling::max_backward(pool, &argmax, &step.pooled, &mut dx);
        });
        let mut adam = OptimizerConfig::default().build().expect("the defaults are right");
        let mut params = step.params.clone();
        let weights: usize = params.iter().map(|Weights { value, .. }| value.len()).sum();
        self.time(group, "update (Adam)", bytes(4 * weights, 3 * weights), || {
            adam.begin_step();
            for (slot, Weights { value, grad }) in params.iter_mut().enumerate() {
                adam.update(slot, value, grad);
            }
        });
        let indices: Vec<usize> = (0..n).map(|i| i * 7919 % data.len()).collect();
        let (mut x, mut t) = (Buffer::zeros(n * data.image_len()), vec![0; n]);
        let work = Work::Bytes((5 * n * data.image_len()) as f64);
        self.time(group, "gather", work, || data.gather(&indices, Scaling::Unit, &mut x, &mut t));
    }
}

/// "5×5, 1×28×28 → 30×24×24".
fn sizes(conv: &Geometry, filters: usize) -> String {
    let ([height, width], [o_h, o_w], [f_h, f_w]) = (conv.input(), conv.output(), conv.window().kernel);
    format!("{f_h}×{f_w}, {}×{height}×{width} → {filters}×{o_h}×{o_w}", conv.channels())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_convolution_fits() {
        let pools = Pools::new();
        let mut kernels = Kernels::new(&pools, 0.0);
        let mut calls = 0;
        kernels.convolutions(1, &mut || calls += 1);
        let times = kernels.finish();
        // Three each, and four more where a pooling follows.
        assert_eq!((times.len(), calls), (3 * 7 + 3 * 4, 4));
        assert_eq!(times[0].work, Work::Flop((2 * 30 * 25 * 576) as f64));
        assert_eq!(times[0].group, "book's convolution alone: 5×5, 1×28×28 → 30×24×24");
        assert!(times.iter().all(|time| time.one.min > 0.0 && time.all.min > 0.0));
    }
}
