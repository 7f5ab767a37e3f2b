//! The convolutions of the book's two networks on a batch of 100 images: each by itself, and where a pooling follows
//! together with ReLU and that pooling. Work is counted densely, as if every gradient reached every pixel.
#![forbid(unsafe_code)]

use std::fmt;

use divan::Bencher;
use microbench::{BATCH, positive, signed};
use tensor::{Geometry, Plan, Window};

/// A convolution of square filters with stride 1, and whether ReLU and a 2×2 max-pooling follow.
#[derive(Debug, Clone, Copy)]
struct Conv {
    name: &'static str,
    input: [usize; 3],
    filters: usize,
    size: usize,
    pad: usize,
    pooled: bool,
}

const CONVOLUTIONS: [Conv; 7] = [
    Conv { name: "SimpleConvNet 1", input: [1, 28, 28], filters: 30, size: 5, pad: 0, pooled: true },
    Conv { name: "DeepConvNet 1", input: [1, 28, 28], filters: 16, size: 3, pad: 1, pooled: false },
    Conv { name: "DeepConvNet 2", input: [16, 28, 28], filters: 16, size: 3, pad: 1, pooled: true },
    Conv { name: "DeepConvNet 3", input: [16, 14, 14], filters: 32, size: 3, pad: 1, pooled: false },
    Conv { name: "DeepConvNet 4", input: [32, 14, 14], filters: 32, size: 3, pad: 2, pooled: true },
    Conv { name: "DeepConvNet 5", input: [32, 8, 8], filters: 64, size: 3, pad: 1, pooled: false },
    Conv { name: "DeepConvNet 6", input: [64, 8, 8], filters: 64, size: 3, pad: 1, pooled: true },
];

impl fmt::Display for Conv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conv { name, input: [channels, height, width], filters, size, .. } = self;
        let [o_h, o_w] = self.geometry().output();
        write!(f, "{name}: {size}x{size}, {channels}x{height}x{width} -> {filters}x{o_h}x{o_w}")
    }
}

impl Conv {
    fn geometry(&self) -> Geometry {
        Geometry::new(self.input, Window::square(self.size).pad(self.pad)).expect("sizes that fit")
    }

    /// The three in one.
    fn plan(&self) -> Plan {
        let [height, width] = self.geometry().output();
        let pool = Geometry::new([self.filters, height, width], Window::square(2).stride(2)).expect("even sizes");
        Plan::new(self.geometry(), pool).expect("a pooling that fits")
    }
}

/// What a layer computes with.
struct Layer {
    geometry: Geometry,
    x: Vec<f32>,
    w: Vec<f32>,
    b: Vec<f32>,
    /// As long as the output of the convolution.
    dy: Vec<f32>,
}

impl Layer {
    fn new(conv: &Conv) -> Self {
        let geometry = conv.geometry();
        Layer {
            x: positive(BATCH * geometry.input_len()),
            w: signed(conv.filters * geometry.patch_len()),
            b: vec![0.0; conv.filters],
            dy: signed(BATCH * conv.filters * geometry.positions()),
            geometry,
        }
    }

    fn measure(&self, bencher: Bencher<'_, '_>, kernel: impl FnMut()) {
        microbench::measure_flop(bencher, 2 * self.dy.len() * self.geometry.patch_len(), kernel);
    }
}

fn main() {
    microbench::main();
}

mod alone {
    use divan::Bencher;
    use tensor::convolution;

    use super::{CONVOLUTIONS, Conv, Layer};

    #[divan::bench(args = CONVOLUTIONS)]
    fn forward(bencher: Bencher<'_, '_>, conv: &Conv) {
        let layer = Layer::new(conv);
        let mut y = layer.dy.clone();
        layer.measure(bencher, || convolution::forward(&layer.geometry, &layer.x, &layer.w, &layer.b, &mut y));
    }

    #[divan::bench(args = CONVOLUTIONS)]
    fn weight_gradient(bencher: Bencher<'_, '_>, conv: &Conv) {
        let layer = Layer::new(conv);
        let (mut dw, mut db) = (layer.w.clone(), layer.b.clone());
        layer.measure(bencher, || {
            convolution::backward_weights(&layer.geometry, &layer.x, &layer.dy, &mut dw, &mut db);
        });
    }

    #[divan::bench(args = CONVOLUTIONS)]
    fn input_gradient(bencher: Bencher<'_, '_>, conv: &Conv) {
        let layer = Layer::new(conv);
        let mut dx = layer.x.clone();
        layer.measure(bencher, || convolution::backward_input(&layer.geometry, &layer.w, &layer.dy, &mut dx));
    }
}

mod with_relu_and_pooling {
    use divan::Bencher;
    use microbench::signed;
    use tensor::{Plan, conv_pool};

    use super::{CONVOLUTIONS, Conv, Layer};

    fn pooled() -> impl Iterator<Item = Conv> {
        CONVOLUTIONS.into_iter().filter(|conv| conv.pooled)
    }

    /// The output of the three, and which element of its window each is.
    fn output(layer: &Layer, plan: &Plan) -> (Vec<f32>, Vec<u8>) {
        let windows = layer.dy.len() / plan.conv().positions() * plan.pool().positions();
        let (mut y, mut winners) = (vec![0.0; windows], vec![0; windows]);
        conv_pool::forward(plan, &layer.x, &layer.w, &layer.b, &mut y, Some(&mut winners));
        (y, winners)
    }

    #[divan::bench(args = pooled())]
    fn forward_training(bencher: Bencher<'_, '_>, conv: &Conv) {
        let (layer, plan) = (Layer::new(conv), conv.plan());
        let (mut y, mut winners) = output(&layer, &plan);
        layer.measure(bencher, || {
            conv_pool::forward(&plan, &layer.x, &layer.w, &layer.b, &mut y, Some(&mut winners));
        });
    }

    #[divan::bench(args = pooled())]
    fn forward_inference(bencher: Bencher<'_, '_>, conv: &Conv) {
        let (layer, plan) = (Layer::new(conv), conv.plan());
        let (mut y, _) = output(&layer, &plan);
        layer.measure(bencher, || conv_pool::forward(&plan, &layer.x, &layer.w, &layer.b, &mut y, None));
    }

    #[divan::bench(args = pooled())]
    fn weight_gradient(bencher: Bencher<'_, '_>, conv: &Conv) {
        let (layer, plan) = (Layer::new(conv), conv.plan());
        let (y, winners) = output(&layer, &plan);
        let (dy, mut dw, mut db) = (signed(y.len()), layer.w.clone(), layer.b.clone());
        layer.measure(bencher, || {
            conv_pool::backward_weights(&plan, &layer.x, &winners, &dy, &mut dw, &mut db);
        });
    }

    #[divan::bench(args = pooled())]
    fn input_gradient(bencher: Bencher<'_, '_>, conv: &Conv) {
        let (layer, plan) = (Layer::new(conv), conv.plan());
        let (y, winners) = output(&layer, &plan);
        let (dy, mut dx) = (signed(y.len()), layer.x.clone());
        layer.measure(bencher, || conv_pool::backward_input(&plan, &winners, &layer.w, &dy, &mut dx));
    }
}
