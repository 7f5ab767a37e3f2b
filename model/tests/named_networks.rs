//! The networks that have a name: their shapes, and that each learns, to the same bits on any number of threads.

use std::ops::ControlFlow;

use datasets::digits;
use layers::ndarray::{Array4, s};
use layers::{GradientCheck, Init, Labels, Purpose, Random, Window};
use model::{
    AlexNet, DeepConvNet, Event, LayerSpec, LeNet5, Network, NetworkKind, NetworkSpec, Trainer, TrainerConfig,
    params_sha256,
};
use tensor::threads::Pool;

fn images<F: layers::Real>(n: usize, [c, h, w]: [usize; 3]) -> Array4<F> {
    let mut random = Random::new(1, Purpose::Other(0));
    Array4::from_shape_simple_fn((n, c, h, w), || F::from_f64(random.uniform()))
}

#[test]
fn lenet5_has_the_layers_of_the_paper() {
    let network = LeNet5::default().build::<f32>(0).unwrap();
    let names = network.layers().names().join(" ");
    assert_eq!(names, "Conv1 Tanh1 AvgPool1 Conv2 Tanh2 AvgPool2 Affine1 Tanh3 Affine2 Tanh4 Affine3");
    let shapes = network.layers().shapes();
    assert_eq!(
        [&shapes[0][..], &shapes[2], &shapes[3], &shapes[5]],
        [[6, 28, 28], [6, 14, 14], [16, 10, 10], [16, 5, 5]]
    );
    // The paper: 156 in C1, 48,120 in C5, 10,164 in F6. (C3: ours sees all six channels.)
    let learned = |names: [&str; 2]| names.map(|name| network.param(name).unwrap().len()).iter().sum::<usize>();
    assert_eq!([learned(["W1", "b1"]), learned(["W2", "b2"])], [156, 2416]);
    assert_eq!([learned(["W3", "b3"]), learned(["W4", "b4"])], [48_120, 10_164]);
    let modern = LeNet5::modern().build::<f32>(0).unwrap();
    assert_eq!(modern.layers().names()[1..3], ["Relu1", "Pool1"]);
    // Images in the paper's own frame would leave 17 pixels: refused, with the layer.
    let error = LeNet5 { input_dim: [1, 31, 31], ..LeNet5::default() }.build::<f32>(0).unwrap_err().to_string();
    assert!(error.starts_with("AvgPool1 (layer 3): the height does not come out even"), "{error}");
}

#[test]
fn deep_conv_net_has_the_layers_of_the_book() {
    let network = DeepConvNet::default().build::<f32>(0).unwrap();
    let channels: Vec<_> = network.layers().shapes().iter().map(|shape| shape[0]).collect();
    assert_eq!(channels, [16, 16, 16, 16, 16, 32, 32, 32, 32, 32, 64, 64, 64, 64, 64, 50, 50, 50, 10, 10]);
    let sides: Vec<_> = network.layers().shapes().iter().filter_map(|shape| shape.get(1).copied()).collect();
    assert_eq!(sides, [28, 28, 28, 28, 14, 14, 14, 16, 16, 8, 8, 8, 8, 8, 4]);
    assert_eq!(network.param("W7").unwrap().shape(), [1024, 50]);
    // sqrt(2 / inputs), layer by layer.
    for (name, inputs) in [("W2", 16 * 9), ("W6", 64 * 9), ("W7", 1024), ("W8", 50)] {
        let w = network.param(name).unwrap().mapv(f64::from);
        let std = (w.mapv(|w| w * w).mean().unwrap()).sqrt();
        assert!((std * (f64::from(inputs) / 2.0).sqrt() - 1.0).abs() < 0.1, "{name}: {std}");
    }
}

#[test]
fn alexnet_has_the_layers_of_the_paper() {
    let settings = AlexNet { hidden_size: 2, ..AlexNet::default() };
    let network = settings.build::<f32>(0).unwrap();
    let layers = network.layers();
    let outputs: Vec<_> =
        layers.names().iter().zip(layers.shapes()).filter(|(name, _)| !name.starts_with("Relu")).collect();
    let convolutions: Vec<_> = outputs.iter().map(|(_, shape)| &shape[..]).take(8).collect();
    assert_eq!(
        convolutions,
        [
            [96, 55, 55],
            [96, 27, 27],
            [256, 27, 27],
            [256, 13, 13],
            [384, 13, 13],
            [384, 13, 13],
            [256, 13, 13],
            [256, 6, 6]
        ]
    );
    assert_eq!(network.param("W6").unwrap().shape(), [9216, 2]);
    assert_eq!(network.classes(), 1000);
}

/// The layers of the deep network and of LeNet-5, in small.
fn small_ones() -> [NetworkSpec; 3] {
    let init = Init::HeNormal;
    let conv = |filters, pad| LayerSpec::Convolution { filters, window: Window::square(3).pad(pad), init };
    let affine = |outputs| LayerSpec::Affine { outputs, init };
    let pool = Window::square(2).stride(2);
    let deep = vec![
        conv(3, 1),
        LayerSpec::Relu,
        conv(2, 2),
        LayerSpec::Relu,
        LayerSpec::MaxPool { window: pool },
        affine(5),
        LayerSpec::Relu,
        LayerSpec::Dropout { ratio: 0.5 },
        affine(4),
        LayerSpec::Dropout { ratio: 0.5 },
    ];
    let paper = vec![
        conv(3, 1),
        LayerSpec::Tanh,
        LayerSpec::AveragePool { window: pool },
        conv(2, 0),
        LayerSpec::Tanh,
        affine(4),
    ];
    let alex = vec![
        LayerSpec::Convolution {
            filters: 4,
            window: Window::square(3).stride(2).rounding(layers::Rounding::Down),
            init,
        },
        LayerSpec::Relu,
        LayerSpec::MaxPool { window: Window::square(3).stride(2).rounding(layers::Rounding::Down) },
        conv(3, 1),
        LayerSpec::Relu,
        affine(4),
    ];
    [deep, paper, alex].map(|layers| NetworkSpec { input: vec![2, 8, 8], layers })
}

#[test]
fn gradients_are_right_in_small_networks_of_their_kinds() {
    for spec in small_ones() {
        let mut network = Network::<f64>::build(spec, 3).unwrap();
        let x = images::<f64>(3, [2, 8, 8]);
        let report = network.gradient_check(x.view(), Labels::Classes(&[0, 3, 1]), &GradientCheck::default());
        assert!(report.passed(), "{report:?}");
    }
}

#[test]
fn nan_passes_through() {
    for spec in small_ones() {
        let network = Network::<f32>::build(spec, 3).unwrap();
        let mut x = images::<f32>(2, [2, 8, 8]);
        x[[1, 0, 3, 3]] = f32::NAN;
        let scores = network.predict(x.view());
        assert!(scores.row(0).iter().all(|score| score.is_finite()), "{scores}");
        assert!(scores.row(1).iter().all(|score| score.is_nan()), "{scores}");
    }
}

/// The weights after two steps, and the scores of an image alone and in a batch.
#[test]
fn the_same_bits_on_any_number_of_threads_and_in_any_batch() {
    let splits = digits::splits(24, 2, 0);
    for kind in [NetworkKind::LeNet5, NetworkKind::LeNet5Modern, NetworkKind::Deep] {
        let train = |threads: usize| {
            Pool::new(threads).install(|| {
                let mut network = Network::<f32>::build(kind.spec([1, 28, 28], 10), 5).unwrap();
                let config = TrainerConfig { epochs: 1, batch_size: 12, ..TrainerConfig::default() };
                let mut trainer = Trainer::new(config).unwrap();
                let go_on = &mut |_: &Event| ControlFlow::Continue(());
                trainer.train(&mut network, &splits.train, &splits.test, go_on).unwrap();
                network
            })
        };
        let network = train(1);
        for threads in [2, 3] {
            assert_eq!(params_sha256(&train(threads)), params_sha256(&network), "{kind}, {threads} threads");
        }
        let x = images::<f32>(11, [1, 28, 28]);
        let together = network.predict(x.view());
        for i in [0, 10] {
            let alone = network.predict(x.slice(s![i..=i, .., .., ..]));
            assert_eq!(alone.row(0), together.row(i), "{kind}, image {i}");
        }
        // What is written is read, to the bit.
        let bytes = network.to_bytes();
        assert_eq!(Network::<f32>::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    }
}

/// The kind of layer that was added to version 1 of the parameter file later, as it was first written.
#[test]
fn average_pooling_has_its_place_in_the_parameter_file() {
    let pool = LayerSpec::AveragePool { window: Window::new(2, 3).stride(2) };
    let spec = NetworkSpec {
        input: vec![1, 2, 3],
        layers: vec![pool, LayerSpec::Affine { outputs: 1, init: Init::HeNormal }],
    };
    let network = Network::<f32>::build(spec.clone(), 0).unwrap();
    let bytes = network.to_bytes();
    // The input; two layers; number 8, kernel, stride, padding, and no rounding.
    assert_eq!(bytes[20..][..13], [3, 1, 2, 3, 2, 8, 2, 3, 2, 2, 0, 0, 0]);
    assert_eq!(*Network::<f32>::from_bytes(&bytes).unwrap().spec(), spec);
}
