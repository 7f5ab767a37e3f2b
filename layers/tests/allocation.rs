//! After the first step with a batch size, a step of training allocates nothing; nor does inference.

mod common;
#[path = "../../tensor/tests/counting/mod.rs"]
mod counting;

use common::{normal, random};
use layers::ndarray::{Array2, ArrayD, Axis};
use layers::{
    Affine, AveragePooling, BatchNormalization, Convolution, Dropout, Init, Labels, Layer, Pooling, Purpose, Random,
    Relu, Sequential, Sigmoid, SoftmaxWithLoss, Tanh, Tape, Window, Workspace,
};

/// How often `f` allocates, on whatever thread.
fn allocations(f: impl FnOnce()) -> usize {
    let before = counting::allocations();
    f();
    counting::allocations() - before
}

/// Every kind of layer, none of which can be computed in one go with another.
fn every_kind_of_layer() -> Sequential {
    let mut draw = Random::new(0, Purpose::Weights);
    let init = Init::HeNormal;
    let layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Convolution::random(1, 30, Window::square(5), init, &mut draw).unwrap()),
        Box::new(BatchNormalization::with_channels(30).unwrap()),
        Box::new(Relu),
        Box::new(Pooling::new(Window::square(2).stride(2))),
        Box::new(Convolution::random(30, 4, Window::square(3).pad(1), init, &mut draw).unwrap()),
        Box::new(Relu),
        Box::new(AveragePooling::new(Window::square(3).pad(1))),
        Box::new(Affine::random(4 * 12 * 12, 50, init, &mut draw).unwrap()),
        Box::new(Tanh),
        Box::new(Dropout::new(0.5).unwrap()),
        Box::new(Affine::random(50, 20, init, &mut draw).unwrap()),
        Box::new(Sigmoid),
        Box::new(Affine::random(20, 10, init, &mut draw).unwrap()),
    ];
    Sequential::new(&[1, 28, 28], layers).unwrap()
}

/// Convolution, ReLU and pooling are computed in one go.
fn the_books_network() -> Sequential {
    let mut draw = Random::new(0, Purpose::Weights);
    let init = Init::HeNormal;
    let layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Convolution::random(1, 30, Window::square(5), init, &mut draw).unwrap()),
        Box::new(Relu),
        Box::new(Pooling::new(Window::square(2).stride(2))),
        Box::new(Affine::random(30 * 12 * 12, 100, init, &mut draw).unwrap()),
        Box::new(Relu),
        Box::new(Affine::random(100, 10, init, &mut draw).unwrap()),
    ];
    Sequential::new(&[1, 28, 28], layers).unwrap()
}

/// Nothing but affine layers and a ReLU.
fn affine_layers() -> Sequential {
    let mut draw = Random::new(0, Purpose::Weights);
    let layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Affine::random(28 * 28, 30, Init::HeNormal, &mut draw).unwrap()),
        Box::new(Relu),
        Box::new(Affine::random(30, 10, Init::HeNormal, &mut draw).unwrap()),
    ];
    Sequential::new(&[1, 28, 28], layers).unwrap()
}

/// One test, for the counter counts whatever runs in this program.
#[test]
fn a_step_allocates_nothing_after_the_first() {
    // With several threads, each gets its scratch memory when it first helps with a kernel, in whatever step that is.
    assert!(tensor::threads::set_default_threads(1));
    check(affine_layers()); // first: what others have taken would do for it
    check(every_kind_of_layer());
    check(the_books_network());
}

fn check(mut network: Sequential) {
    let x: ArrayD<f32> = normal(&[40, 1, 28, 28], &mut random(0));
    let t: Vec<usize> = (0..40).map(|i| i % 10).collect();
    let (mut tape, mut last, mut dscores) = (Tape::new(), SoftmaxWithLoss::new(), Array2::zeros((40, 10)));
    let mut workspace = Workspace::new();
    let mut step = |n: usize| {
        allocations(|| {
            let (x, t) = (x.slice_axis(Axis(0), (0..n).into()), Labels::Classes(&t[..n]));
            let mut dscores = dscores.slice_axis_mut(Axis(0), (0..n).into());
            let scores = network.forward(x.view(), &mut tape).into_dimensionality().expect("two axes");
            last.forward(scores, t);
            last.backward(t, dscores.view_mut());
            network.backward(x.view(), &mut tape, dscores.view().into_dyn());
            network.visit_params_mut(&mut |name, param| {
                if param.learned {
                    let (value, grad) = param.value_and_grad_mut();
                    value.iter_mut().zip(grad).for_each(|(v, g)| *v -= 0.01 * *g);
                    if name == "b1" {
                        value.fill(-1e3); // most of the first outputs are at rest from now on
                        value.iter_mut().take(5).for_each(|b| *b = 1.0);
                    }
                }
            });
            network.infer(x, &mut workspace);
        })
    };
    assert!(step(40) > 0, "the counter counts");
    let counts = [40, 40, 1, 17, 40].map(step);
    assert_eq!(counts, [0; 5]);
}
