//! The 2×2 max-poolings of the book's two networks by themselves, on a batch of 100 images.
#![forbid(unsafe_code)]

use std::fmt;

use divan::Bencher;
use microbench::{BATCH, measure_moved, signed};
use tensor::{Geometry, Window, pooling};

/// Channels, height and width of the input.
#[derive(Debug, Clone, Copy)]
struct Pool([usize; 3]);

/// That of `SimpleConvNet`, and the three of `DeepConvNet`.
const POOLINGS: [Pool; 4] = [Pool([30, 24, 24]), Pool([16, 28, 28]), Pool([32, 16, 16]), Pool([64, 8, 8])];

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pool([channels, height, width]) = self;
        write!(f, "{channels}x{height}x{width}")
    }
}

/// A pooling with its input, and what comes out.
struct Pooled {
    geometry: Geometry,
    x: Vec<f32>,
    y: Vec<f32>,
    argmax: Vec<u32>,
}

impl Pooled {
    fn new(pool: Pool) -> Self {
        let geometry = Geometry::new(pool.0, Window::square(2).stride(2)).expect("even sizes");
        let outputs = BATCH * geometry.channels() * geometry.positions();
        let (x, mut y, mut argmax) = (signed(BATCH * geometry.input_len()), vec![0.0; outputs], vec![0; outputs]);
        pooling::max_forward(&geometry, &x, &mut y, &mut argmax);
        Pooled { geometry, x, y, argmax }
    }
}

fn main() {
    microbench::main();
}

#[divan::bench(args = POOLINGS)]
fn forward_training(bencher: Bencher<'_, '_>, pool: Pool) {
    let Pooled { geometry, x, mut y, mut argmax } = Pooled::new(pool);
    measure_moved(bencher, x.len() + 2 * y.len(), || pooling::max_forward(&geometry, &x, &mut y, &mut argmax));
}

#[divan::bench(args = POOLINGS)]
fn forward_inference(bencher: Bencher<'_, '_>, pool: Pool) {
    let Pooled { geometry, x, mut y, .. } = Pooled::new(pool);
    measure_moved(bencher, x.len() + y.len(), || pooling::max_infer(&geometry, &x, &mut y));
}

#[divan::bench(args = POOLINGS)]
fn backward(bencher: Bencher<'_, '_>, pool: Pool) {
    let Pooled { geometry, x: mut dx, y, argmax } = Pooled::new(pool);
    let dy = signed(y.len());
    measure_moved(bencher, 2 * y.len() + dx.len(), || pooling::max_backward(&geometry, &argmax, &dy, &mut dx));
}
