//! Networks are built, refused, and do what the book's class does.

use layers::ndarray::{Array2, Array4, ArrayD, ArrayView1, s};
use layers::{GradientCheck, Init, Labels, Purpose, Random, Rounding, Window, Workspace};
use model::{ConvParam, LayerSpec, Network, NetworkSpec, SimpleConvNet, params_sha256};

fn small() -> SimpleConvNet {
    let conv_param = ConvParam { filter_num: 3, filter_size: 3, pad: 0, stride: 1 };
    SimpleConvNet { input_dim: [1, 8, 8], conv_param, hidden_size: 6, output_size: 4, ..SimpleConvNet::default() }
}

fn images<F: layers::Real>(n: usize, shape: [usize; 3]) -> Array4<F> {
    let mut random = Random::new(1, Purpose::Other(0));
    Array4::from_shape_simple_fn((n, shape[0], shape[1], shape[2]), || F::from_f64(random.uniform()))
}

#[track_caller]
fn refused(settings: SimpleConvNet) -> String {
    settings.build::<f32>(0).unwrap_err().to_string()
}

#[test]
fn the_books_shapes_and_names() {
    let network = SimpleConvNet::default().build::<f32>(0).unwrap();
    let mut shapes = Vec::new();
    network.visit_params(&mut |name, param| shapes.push((name.to_string(), param.shape().to_vec())));
    let expected: [(&str, &[usize]); 6] = [
        ("W1", &[30, 1, 5, 5]),
        ("b1", &[30]),
        ("W2", &[4320, 100]),
        ("b2", &[100]),
        ("W3", &[100, 10]),
        ("b3", &[10]),
    ];
    assert!(shapes.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).eq(expected), "{shapes:?}");
    assert_eq!(network.layers().names(), ["Conv1", "Relu1", "Pool1", "Affine1", "Relu2", "Affine2"]);
    let names: Vec<String> = (0..6).map(|index| network.spec().layer_name(index)).collect();
    assert_eq!(names, network.layers().names());
    let w2 = network.param("W2").unwrap();
    let std = (w2.iter().map(|w| w * w).sum::<f32>() / w2.len() as f32).sqrt();
    assert!((std - 0.01).abs() < 1e-4, "{std}");
    assert!(network.param("b2").unwrap().iter().all(|&b| b == 0.0));
}

#[test]
fn a_seed_is_a_network() {
    let hash = |seed| params_sha256(&SimpleConvNet::default().build::<f32>(seed).unwrap());
    assert_eq!(hash(3), hash(3));
    assert_ne!(hash(3), hash(4));
    // Drawn in f64 and then rounded: the same network in both types.
    let wide = SimpleConvNet::default().build::<f64>(3).unwrap();
    assert_eq!(params_sha256(&wide), hash(3));
    assert_eq!(params_sha256(&wide.cast::<f32>()), hash(3));
}

#[test]
fn sizes_that_do_not_come_out_even_are_refused_with_the_arithmetic() {
    let stride =
        |stride| SimpleConvNet { conv_param: ConvParam { stride, ..ConvParam::default() }, ..Default::default() };
    let message = refused(stride(2));
    assert!(message.starts_with("Conv1 (layer 1): "), "{message}");
    assert!(message.contains("(28 + 2·0 − 5) / 2 + 1 is not a whole number"), "{message}");

    let message = refused(SimpleConvNet { input_dim: [1, 28, 29], ..Default::default() });
    assert!(message.starts_with("Pool1 (layer 3): the width "), "{message}");
    assert!(message.contains("(25 + 2·0 − 2) / 2 + 1 is not a whole number"), "{message}");
    assert!(message.contains("round down"), "{message}");

    let message = refused(SimpleConvNet { input_dim: [1, 28, 3], ..Default::default() });
    assert!(message.starts_with("Conv1 (layer 1): the width does not fit"), "{message}");
}

#[test]
fn odd_and_non_square_images_work() {
    let down = SimpleConvNet { input_dim: [3, 13, 9], rounding: Rounding::Down, ..small() };
    let even = SimpleConvNet { input_dim: [2, 14, 6], ..small() };
    let padded = SimpleConvNet {
        conv_param: ConvParam { filter_num: 2, filter_size: 5, pad: 2, stride: 1 },
        input_dim: [1, 6, 10],
        ..small()
    };
    for (settings, inputs) in [(down, 3 * 5 * 3), (even, 3 * 6 * 2), (padded, 2 * 3 * 5)] {
        let mut network = settings.build::<f64>(0).unwrap();
        assert_eq!(network.param("W2").unwrap().shape(), [inputs, 6]);
        let x = images::<f64>(3, settings.input_dim);
        assert_eq!(network.predict(x.view()).dim(), (3, 4));
        let report = network.gradient_check(x.view(), Labels::Classes(&[0, 3, 1]), &GradientCheck::default());
        assert!(report.passed(), "{report:?}");
    }
}

#[test]
fn nonsense_is_refused() {
    let with = |conv_param| SimpleConvNet { conv_param, ..SimpleConvNet::default() };
    let (book, book_conv) = (SimpleConvNet::default(), ConvParam::default());
    let cases = [
        (with(ConvParam { filter_num: 0, ..book_conv }), "number of filters is 0"),
        (with(ConvParam { filter_size: 0, ..book_conv }), "kernel height is 0"),
        (with(ConvParam { stride: 0, ..book_conv }), "stride is 0"),
        (with(ConvParam { pad: usize::MAX, ..book_conv }), "too large"),
        (with(ConvParam { pad: 1 << 30, ..book_conv }), "more elements than this machine can address"),
        (with(ConvParam { pad: 1 << 20, ..book_conv }), "more elements than this machine can address"),
        (SimpleConvNet { hidden_size: 0, ..book }, "number of outputs is 0"),
        (SimpleConvNet { hidden_size: usize::MAX, ..book }, "memory"),
        (SimpleConvNet { output_size: 1 << 50, ..book }, "memory"),
        (SimpleConvNet { input_dim: [0, 28, 28], ..book }, "at least 1"),
        (SimpleConvNet { input_dim: [1 << 30; 3], ..book }, "more elements than this machine can address"),
        (SimpleConvNet { init: Init::Normal { std: f64::NAN }, ..book }, "standard deviation"),
    ];
    for (settings, part) in cases {
        let message = refused(settings);
        assert!(message.contains(part), "{settings:?}: {message}");
    }

    let build = |input: &[usize], layers: &[LayerSpec]| {
        let spec = NetworkSpec { input: input.to_vec(), layers: layers.to_vec() };
        Network::<f32>::build(spec, 0).unwrap_err().to_string()
    };
    let conv = LayerSpec::Convolution { filters: 2, window: Window::square(3), init: Init::default() };
    assert_eq!(build(&[4], &[]), "a network needs at least one layer");
    assert_eq!(
        build(&[1, 6, 6], &[LayerSpec::Relu, conv]),
        "Conv1 is the last layer and gives an output of shape [2, 4, 4], but one axis is expected, a score for each \
         class; put an Affine layer at the end"
    );
    // Each output of one filter could be addressed, all of them together could not.
    let wide = LayerSpec::Convolution { filters: 1000, window: Window::square(1).pad(1 << 28), init: Init::default() };
    let message = build(&[1, 4, 4], &[wide, LayerSpec::Affine { outputs: 2, init: Init::default() }]);
    assert!(message.starts_with("Conv1 (layer 1): ") && message.contains("more elements than"), "{message}");
    let message = build(&[36], &[LayerSpec::Relu, conv]);
    assert_eq!(message, "Conv1 (layer 2): expected an input of shape (C, H, W), got [36] (1 axes)");
}

#[test]
fn both_gradients_agree() {
    let mut network = SimpleConvNet { init: Init::HeNormal, ..small() }.build::<f64>(0).unwrap();
    let x = images::<f64>(2, [1, 8, 8]);
    let t = Labels::Classes(&[2, 0]);
    let before = params_sha256(&network);
    let numerical = network.numerical_gradient(x.view(), t);
    assert_eq!(params_sha256(&network), before, "the parameters are as before");
    network.gradient(x.view(), t);
    let mut backward = Vec::new();
    network.visit_params(&mut |name, param| backward.push((name.to_string(), param.grad())));
    assert_eq!(numerical.len(), 6);
    for ((name, numerical), (same, backward)) in numerical.iter().zip(&backward) {
        assert_eq!(name, same);
        let mean = (numerical - backward).mapv(f64::abs).mean().unwrap();
        assert!(mean < 1e-7, "{name}: {mean:e}");
    }
}

#[test]
fn accuracy_counts_the_remainder() {
    let network = small().build::<f32>(0).unwrap();
    let x = images::<f32>(7, [1, 8, 8]);
    let scores = network.predict(x.view());
    let classes: Vec<usize> =
        scores.outer_iter().map(|row| (0..4).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap()).collect();
    // Two wrong answers, one of them in the remainder of every batch size below.
    let mut t = classes.clone();
    t[1] = (t[1] + 1) % 4;
    t[6] = (t[6] + 1) % 4;
    let one_hot = Array2::from_shape_fn((7, 4), |(i, k)| f32::from(u8::from(t[i] == k)));
    for batch_size in [1, 2, 3, 4, 5, 7, 100] {
        assert_eq!(network.accuracy(x.view(), Labels::Classes(&classes), batch_size), 1.0);
        assert_eq!(network.accuracy(x.view(), Labels::Classes(&t), batch_size), 5.0 / 7.0);
        assert_eq!(network.accuracy(x.view(), Labels::OneHot(one_hot.view()), batch_size), 5.0 / 7.0);
    }
    let mut workspace = Workspace::new();
    assert_eq!(network.predict_into(x.view(), &mut workspace), scores);
}

#[test]
#[should_panic(expected = "accuracy: sample 5 has the label 4, the network tells 4 classes apart")]
fn an_accuracy_of_labels_that_are_no_classes_panics() {
    let network = small().build::<f32>(0).unwrap();
    network.accuracy(images::<f32>(7, [1, 8, 8]).view(), Labels::Classes(&[0, 1, 2, 3, 0, 4, 9]), 2);
}

#[test]
fn parameters_by_name() {
    let mut network = small().build::<f32>(0).unwrap();
    let w3 = ArrayD::from_shape_fn(vec![6, 4], |i| (10 * i[0] + i[1]) as f32);
    network.set_param("W3", w3.view()).unwrap();
    assert_eq!(network.param("W3").unwrap(), w3);
    assert_eq!(network.param("W4"), None);
    let error = network.set_param("W4", w3.view()).unwrap_err();
    assert_eq!(error.to_string(), "the network has no parameter named \"W4\"");
    let error = network.set_param("W3", w3.t()).unwrap_err();
    assert_eq!(error.to_string(), "W3: expected an array of shape [6, 4], got [4, 6]");
}

#[test]
fn the_fingerprint_is_taken_over_row_major_values() {
    // A network of one affine layer: its W lies column-major in memory.
    let spec = NetworkSpec { input: vec![2], layers: vec![LayerSpec::Affine { outputs: 2, init: Init::default() }] };
    let mut network = Network::<f32>::build(spec, 0).unwrap();
    network.set_param("W1", layers::ndarray::array![[1.0, 2.0], [3.0, 4.0]].view()).unwrap();
    network.set_param("b1", layers::ndarray::array![5.0, 6.0].view()).unwrap();
    // sha256sum of the 24 bytes of 1, 2, 3, 4, 5, 6 as little-endian floats.
    let expected = "24ae2dfe8df57c1b80e54cef3d90ac3b417fd98973345a5f616bbc9a75dcc202";
    assert_eq!(params_sha256(&network), expected);
}

/// An image gets the same scores, to the bit, alone, among ten and among a thousand, in whatever place.
#[test]
fn an_image_alone_is_as_in_any_batch() {
    let network = SimpleConvNet::default().build::<f32>(3).unwrap();
    let thousand = images::<f32>(1000, [1, 28, 28]);
    let scores = network.predict(thousand.view());
    for first in [0, 7, 500, 990] {
        let ten = network.predict(thousand.slice(s![first..first + 10, .., .., ..]));
        for i in 0..10 {
            let one = network.predict(thousand.slice(s![first + i..=first + i, .., .., ..]));
            let bits = |row: ArrayView1<'_, f32>| row.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(one.row(0)), bits(ten.row(i)), "image {}, among ten", first + i);
            assert_eq!(bits(one.row(0)), bits(scores.row(first + i)), "image {}, among a thousand", first + i);
        }
    }
}
