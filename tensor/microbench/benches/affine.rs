//! The affine maps of the book's network: a batch of 100, and a single image.
#![forbid(unsafe_code)]

use std::fmt;

use divan::Bencher;
use microbench::{BATCH, positive, signed};
use tensor::affine::{self, Layout};
use tensor::{Rule, Update};

/// So many vectors of length `inputs`, each to one of length `outputs`.
#[derive(Debug, Clone, Copy)]
struct Affine {
    n: usize,
    inputs: usize,
    outputs: usize,
}

const MAPS: [Affine; 4] = [
    Affine { n: 1, inputs: 4320, outputs: 100 },
    Affine { n: 1, inputs: 100, outputs: 10 },
    Affine { n: BATCH, inputs: 4320, outputs: 100 },
    Affine { n: BATCH, inputs: 100, outputs: 10 },
];

impl fmt::Display for Affine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{} -> {0}x{}", self.n, self.inputs, self.outputs)
    }
}

impl Affine {
    fn x(&self) -> Vec<f32> {
        positive(self.n * self.inputs)
    }

    fn w(&self) -> Vec<f32> {
        signed(self.inputs * self.outputs)
    }

    fn dy(&self) -> Vec<f32> {
        signed(self.n * self.outputs)
    }

    /// As in the network: the inputs of its first affine layer lie in parts of one filter, as its weights do.
    fn layout(&self) -> Layout {
        match Layout::of_weights(self.inputs) {
            Layout::Whole => Layout::Whole,
            _ => Layout::InParts(30),
        }
    }

    fn measure(&self, bencher: Bencher<'_, '_>, kernel: impl FnMut()) {
        microbench::measure_flop(bencher, 2 * self.n * self.inputs * self.outputs, kernel);
    }
}

fn main() {
    microbench::main();
}

#[divan::bench(args = MAPS)]
fn forward(bencher: Bencher<'_, '_>, map: &Affine) {
    let (x, w, b, mut y) = (map.x(), map.w(), signed(map.outputs), map.dy());
    map.measure(bencher, || affine::forward(map.layout(), &x, &w, &b, &mut y));
}

#[divan::bench(args = MAPS)]
fn weight_gradient(bencher: Bencher<'_, '_>, map: &Affine) {
    let (x, dy, mut dw, mut db) = (map.x(), map.dy(), map.w(), signed(map.outputs));
    map.measure(bencher, || affine::backward_weights(map.layout(), &x, &dy, &mut dw, &mut db));
}

#[divan::bench(args = MAPS)]
fn input_gradient(bencher: Bencher<'_, '_>, map: &Affine) {
    let (w, dy, mut dx) = (map.w(), map.dy(), map.x());
    map.measure(bencher, || affine::backward_input(map.layout(), &w, map.outputs, &dy, &mut dx));
}

/// A plain step downhill, so small that the numbers stay what they are.
struct Downhill;

impl Rule<f32> for Downhill {
    fn step(&self, value: &mut [f32], grad: &[f32], _: [&mut [f32]; 2]) {
        value.iter_mut().zip(grad).for_each(|(value, grad)| *value -= 1e-12 * grad);
    }
}

/// Both gradients, and a step of the weights.
#[divan::bench(args = [MAPS[2]])]
fn backward_and_update(bencher: Bencher<'_, '_>, map: &Affine) {
    let (mut x, mut w, dy, mut db) = (map.x(), map.w(), map.dy(), signed(map.outputs));
    let flop = 4 * map.n * map.inputs * map.outputs;
    microbench::measure_flop(bencher, flop, || {
        let update = Update { rule: &Downhill, decay: 0.0, remembered: [&mut [], &mut []] };
        affine::backward_and_update(map.layout().parts(), &mut x, &mut w, &dy, &mut db, update);
    });
}
