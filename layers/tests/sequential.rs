//! Layers put together.

mod common;

use common::{bits, normal, panic_message, random, small_network};
use layers::ndarray::{Array1, Array2, Array4, ArrayD, IxDyn, ShapeBuilder, array};
use layers::tensor::{Real, Rule, Update};
use layers::{
    Affine, BatchNormalization, Convolution, Dropout, Init, Layer, NetworkError, Param, Pooling, Purpose, Random, Relu,
    Rounding, Sequential, Tape, Updates, Window, Workspace,
};

fn random_weights() -> Random {
    Random::new(0, Purpose::Weights)
}

fn convolution(channels: usize, filters: usize, window: Window) -> Box<dyn Layer> {
    Box::new(Convolution::random(channels, filters, window, Init::default(), &mut random_weights()).unwrap())
}

fn affine(inputs: usize, outputs: usize) -> Box<dyn Layer> {
    Box::new(Affine::random(inputs, outputs, Init::default(), &mut random_weights()).unwrap())
}

fn pooling(window: Window) -> Box<dyn Layer> {
    Box::new(Pooling::new(window))
}

#[test]
fn shapes_and_names_are_the_books() {
    let network = small_network::<f32>(Init::default());
    assert_eq!(network.names(), ["Conv1", "Relu1", "Pool1", "Affine1", "Relu2", "Affine2"]);
    assert_eq!(network.input_shape(), [1, 10, 10]);
    assert_eq!(network.shapes(), [&[10, 8, 8][..], &[10, 8, 8], &[10, 4, 4], &[10], &[10], &[10]]);
    assert_eq!(network.output_shape(), [10]);
    let mut params = Vec::new();
    network.visit_params(&mut |name, param| params.push((name.to_owned(), param.shape().to_vec())));
    let expected = [
        ("W1", vec![10, 1, 3, 3]),
        ("b1", vec![10]),
        ("W2", vec![160, 10]),
        ("b2", vec![10]),
        ("W3", vec![10, 10]),
        ("b3", vec![10]),
    ];
    assert_eq!(params, expected.map(|(name, shape)| (name.to_owned(), shape)));
}

#[test]
fn parameters_are_numbered_by_name() {
    let batch_normalization = |channels| Box::new(BatchNormalization::with_channels(channels).unwrap());
    let layers: Vec<Box<dyn Layer>> =
        vec![affine(2, 3), batch_normalization(3), Box::new(Relu), affine(3, 2), batch_normalization(2)];
    let network = Sequential::new(&[2], layers).unwrap();
    assert_eq!(network.names(), ["Affine1", "BatchNorm1", "Relu1", "Affine2", "BatchNorm2"]);
    let mut names = Vec::new();
    network.visit_params(&mut |name, param| names.push((name.to_owned(), param.learned)));
    let (learned, statistics): (Vec<_>, Vec<_>) = names.into_iter().partition(|(_, learned)| *learned);
    let names = |list: Vec<(String, bool)>| list.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ");
    assert_eq!(names(learned), "W1 b1 gamma1 beta1 W2 b2 gamma2 beta2");
    assert_eq!(names(statistics), "running_mean1 running_var1 running_mean2 running_var2");
}

#[test]
fn a_network_that_does_not_fit_is_refused_with_the_arithmetic() {
    let refuse = |input: &[usize], layers: Vec<Box<dyn Layer>>, expected: &[&str]| {
        let message = Sequential::new(input, layers).unwrap_err().to_string();
        for part in expected {
            assert!(message.contains(part), "{message:?} does not say {part:?}");
        }
    };
    let window = Window::square(5).stride(2);
    let arithmetic = "(28 + 2·0 − 5) / 2 + 1 is not a whole number";
    refuse(&[1, 28, 28], vec![convolution(1, 2, window)], &["Conv1 (layer 1): ", arithmetic, "round down"]);
    let down = window.rounding(Rounding::Down);
    assert_eq!(Sequential::new(&[1, 28, 28], vec![convolution(1, 2, down)]).unwrap().output_shape(), [2, 12, 12]);
    refuse(
        &[1, 6, 6],
        vec![convolution(1, 2, Window::square(2)), Box::new(Relu), pooling(Window::square(2).stride(2))],
        &["Pool1 (layer 3)", "(5 + 2·0 − 2) / 2 + 1 is not a whole number"],
    );
    refuse(&[3, 9, 9], vec![convolution(1, 2, Window::square(3))], &["Conv1", "expected 1 channels, got 3"]);
    refuse(&[1, 4, 9], vec![convolution(1, 2, Window::square(5))], &["Conv1", "height does not fit", "input of 4"]);
    refuse(&[9, 9], vec![convolution(1, 2, Window::square(5))], &["(C, H, W)", "[9, 9] (2 axes)"]);
    refuse(&[1, 4, 4], vec![pooling(Window::square(2).pad(2))], &["Pool1", "padding"]);
    refuse(&[1, 4, 4], vec![pooling(Window::square(2).stride(0))], &["Pool1", "stride is 0"]);
    refuse(&[1, 4, 4], vec![affine(15, 2)], &["Affine1 (layer 1): expected 15 inputs, got 16"]);
    let layers: Vec<Box<dyn Layer>> = vec![affine(4, 3), Box::new(BatchNormalization::with_channels(2).unwrap())];
    refuse(&[4], layers, &["BatchNorm1 (layer 2): expected 2 channels, got 3"]);
    refuse(&[1, 0, 4], vec![affine(4, 3)], &["the input: the shape [1, 0, 4] has no elements"]);
    refuse(&[], vec![affine(4, 3)], &["[] has no elements"]);
    refuse(&[4], vec![], &["at least one layer"]);
    refuse(&[usize::MAX, 2], vec![Box::new(Relu)], &["more elements than this machine can address"]);
    refuse(&[usize::MAX, 2], vec![affine(4, 3)], &["more elements than this machine can address"]);
}

#[test]
fn settings_of_layers_are_checked() {
    let message = |error: NetworkError| error.to_string();
    for ratio in [-0.1, 1.0, f64::NAN] {
        let error = message(Dropout::new(ratio).unwrap_err());
        assert!(error.contains("Dropout: ratio must be at least 0 and less than 1, got"), "{error}");
    }
    let error = BatchNormalization::<f32>::with_channels(2).unwrap().momentum(1.5).unwrap_err();
    assert!(message(error).contains("momentum must be at least 0 and at most 1, got 1.5"));
    assert!(message(BatchNormalization::<f32>::with_channels(0).unwrap_err()).contains("number of channels is 0"));
    let error = BatchNormalization::new(array![1.0, 1.0], array![0.0]).unwrap_err();
    assert_eq!(message(error), "BatchNormalization: expected beta of shape [2] to go with gamma, got [1]");

    let error = Affine::<f32>::new(Array2::zeros((3, 2)), Array1::zeros(3)).unwrap_err();
    assert_eq!(message(error), "Affine: expected b of shape [2] to go with W, got [3]");
    assert!(message(Affine::<f32>::new(Array2::zeros((0, 2)), Array1::zeros(2)).unwrap_err()).contains("inputs is 0"));
    let error = Convolution::<f32>::new(Array4::zeros((2, 1, 3, 3)), Array1::zeros(1), Window::square(3)).unwrap_err();
    assert_eq!(message(error), "Convolution: expected b of shape [2] to go with W, got [1]");
    let error = Convolution::<f32>::new(Array4::zeros((2, 1, 3, 3)), Array1::zeros(2), Window::square(5)).unwrap_err();
    assert_eq!(message(error), "Convolution: expected the window of shape [3, 3] to go with W, got [5, 5]");
    let error = Convolution::<f32>::new(Array4::zeros((0, 1, 3, 3)), Array1::zeros(0), Window::square(3)).unwrap_err();
    assert!(message(error).contains("number of filters is 0"));

    let draw = |inputs, outputs, init| Affine::<f32>::random(inputs, outputs, init, &mut random_weights());
    for std in [-1.0, f64::NAN, f64::INFINITY] {
        let error = message(draw(2, 2, Init::Normal { std }).unwrap_err());
        assert!(error.contains("standard deviation of the initial weights must be a finite number, 0 or more"));
    }
    assert!(message(draw(2, 2, Init::Uniform { limit: -1.0 }).unwrap_err()).contains("limit of the initial weights"));
    for inputs in [usize::MAX, usize::MAX / 16] {
        let error = message(draw(inputs, 2, Init::default()).unwrap_err());
        assert!(error.ends_with("do not fit into memory"), "{error}");
    }
    assert!(draw(2, 2, Init::Normal { std: 0.0 }).unwrap().w().values().iter().all(|&w| w == 0.0));
}

#[test]
fn inference_gives_the_scores_of_training_in_any_batch() {
    let mut network = small_network::<f32>(Init::HeNormal);
    let x = normal::<f32>(&[7, 1, 10, 10], &mut random(0));
    let (mut tape, mut workspace) = (Tape::new(), Workspace::new());
    let trained = network.forward(x.view(), &mut tape).to_owned();
    assert_eq!(bits(network.infer(x.view(), &mut workspace)), bits(&trained));
    assert_eq!(bits(&network.predict(x.view())), bits(&trained));
    for i in 0..7 {
        let one = x.slice_axis(layers::ndarray::Axis(0), (i..i + 1).into()).to_owned();
        let row = trained.index_axis(layers::ndarray::Axis(0), i);
        assert_eq!(bits(network.infer(one.view(), &mut workspace)), bits(row), "sample {i}");
    }
    // In any memory order, where a copy is allowed.
    let mut turned = ArrayD::zeros(x.raw_dim().f());
    turned.assign(&x);
    assert_eq!(bits(&network.predict(turned.view())), bits(&trained));
    let message = panic_message(|| network.infer(turned.view(), &mut workspace).len());
    assert!(message.contains("not row-major"), "{message}");
}

#[test]
fn the_tape_holds_the_output_of_every_layer() {
    let mut network = small_network::<f64>(Init::HeNormal).layer_by_layer();
    let x = normal::<f64>(&[2, 1, 10, 10], &mut random(1));
    let mut tape = Tape::new();
    network.forward(normal::<f64>(&[5, 1, 10, 10], &mut random(2)).view(), &mut tape); // a larger batch before
    network.forward(x.view(), &mut tape);
    let mut y = x.clone();
    for (i, layer) in network.layers().iter().enumerate() {
        y = layers::infer(&**layer, &y);
        assert_eq!(network.output(i, &tape), Some(y.view()), "layer {i}");
    }
}

/// Convolution, ReLU and pooling in one go, and the affine layer behind them where it lies in parts, are these layers one after
/// the other: the same bits forward, in training and inference, and gradients that differ by the rounding of another order alone.
#[test]
fn layers_in_one_go_equal_layers_one_by_one() {
    one_go_equals_one_by_one(|| small_network(Init::HeNormal), 10, 3);
    for [filters, side] in LARGE {
        // (Seven filters are too few for parts.)
        let at_once = if filters < 8 { 3 } else { 4 };
        one_go_equals_one_by_one(|| large_network([filters, side]), side, at_once);
    }
}

/// Of a network whose first layers, so many, are computed in one go.
fn one_go_equals_one_by_one(network: impl Fn() -> Sequential<f32>, side: usize, at_once: usize) {
    let (mut together, mut apart) = (network(), network().layer_by_layer());
    let x = normal::<f32>(&[9, 1, side, side], &mut random(1));
    let (mut tape, mut tape_apart) = (Tape::new(), Tape::new());
    let y = together.forward(x.view(), &mut tape).to_owned();
    assert_eq!(bits(&y), bits(apart.forward(x.view(), &mut tape_apart)));
    assert_eq!(bits(&together.predict(x.view())), bits(&apart.predict(x.view())));
    for layer in 0..at_once - 1 {
        assert_eq!(together.output(layer, &tape), None, "layer {layer} by itself, though it is computed in one go");
    }
    for layer in at_once - 1..together.layers().len() {
        assert_eq!(together.output(layer, &tape), apart.output(layer, &tape_apart), "layer {layer}");
    }

    let dout = normal::<f32>(y.shape(), &mut random(2));
    together.backward(x.view(), &mut tape, dout.view());
    apart.backward(x.view(), &mut tape_apart, dout.view());
    let mut expected = Vec::new();
    apart.visit_params(&mut |_, param| expected.push(param.grad()));
    let mut expected = expected.iter();
    together.visit_params(&mut |name, param| {
        let expected = expected.next().unwrap();
        let largest = expected.iter().fold(0.0_f32, |a, v| a.max(v.abs()));
        for (got, expected) in param.grad().iter().zip(expected) {
            assert!((got - expected).abs() <= 1e-5 * largest, "{name}: {got} for {expected}");
        }
    });
}

/// The same for a second such stage, which also hands a gradient down; in f64 nothing but rounding is left.
#[test]
fn a_later_stage_in_one_go_hands_its_gradient_down() {
    let network = || {
        let mut draw = random(3);
        let mut conv = |channels, filters, window| -> Box<dyn Layer<f64>> {
            Box::new(Convolution::random(channels, filters, window, Init::HeNormal, &mut draw).unwrap())
        };
        let layers: Vec<Box<dyn Layer<f64>>> = vec![
            conv(2, 4, Window::square(3).pad(1)),
            Box::new(Relu),
            Box::new(Pooling::new(Window::square(2).stride(2))),
            conv(4, 5, Window::new(3, 2)),
            Box::new(Relu),
            Box::new(Pooling::new(Window::square(3).stride(1))),
            Box::new(Affine::random(5 * 2 * 3, 3, Init::HeNormal, &mut random(4)).unwrap()),
        ];
        Sequential::new(&[2, 12, 12], layers).unwrap()
    };
    let x = normal::<f64>(&[3, 2, 12, 12], &mut random(1));
    let dout = normal::<f64>(&[3, 3], &mut random(2));
    let gradients = |mut network: Sequential<f64>| {
        let mut tape = Tape::new();
        network.forward(x.view(), &mut tape);
        network.backward(x.view(), &mut tape, dout.view());
        let mut gradients = Vec::new();
        network.visit_params(&mut |_, param| gradients.extend(param.grad().iter().copied()));
        gradients
    };
    let (together, apart) = (gradients(network()), gradients(network().layer_by_layer()));
    assert!(together.iter().filter(|&&d| d != 0.0).count() > 200, "most gradients are not zero");
    for (i, (together, apart)) in together.iter().zip(&apart).enumerate() {
        assert!((together - apart).abs() <= 1e-12, "element {i}: {together} for {apart}");
    }
}

/// A batch leaves nothing behind that the next could see.
#[test]
fn gradients_do_not_depend_on_what_was_before() {
    let gradients = |network: &mut Sequential<f32>, tape: &mut Tape<f32>, n: usize| {
        let x = normal::<f32>(&[n, 1, 10, 10], &mut random(n as u32));
        let dout = normal::<f32>(&[n, 10], &mut random(100 + n as u32));
        network.forward(x.view(), tape);
        network.backward(x.view(), tape, dout.view());
        let mut all = Vec::new();
        network.visit_params(&mut |_, param| all.push(bits(&param.grad())));
        all
    };
    let fresh = gradients(&mut small_network(Init::HeNormal), &mut Tape::new(), 3);
    let (mut network, mut tape) = (small_network(Init::HeNormal), Tape::new());
    for n in [5, 1, 3] {
        let last = gradients(&mut network, &mut tape, n);
        assert!(n != 3 || last == fresh);
    }
}

#[test]
fn wrong_input_panics_with_both_shapes() {
    let mut network = small_network::<f32>(Init::default());
    let mut tape = Tape::new();
    let zeros = |shape: &[usize]| ArrayD::<f32>::zeros(IxDyn(shape));
    let message = panic_message(|| network.predict(zeros(&[2, 1, 10, 9]).view()));
    assert_eq!(message, "Sequential: x has shape [2, 1, 10, 9], expected [N] and then [1, 10, 10]");
    let message = panic_message(|| network.forward(zeros(&[0, 1, 10, 10]).view(), &mut tape).len());
    assert!(message.contains("[0, 1, 10, 10], an empty batch"), "{message}");
    let x = zeros(&[2, 1, 10, 10]);
    let message = panic_message(|| network.backward(x.view(), &mut tape, zeros(&[2, 10]).view()));
    assert!(message.contains("backward without a forward"), "{message}");
    network.forward(x.view(), &mut tape);
    let message = panic_message(|| network.backward(x.view(), &mut tape, zeros(&[2, 9]).view()));
    assert_eq!(message, "Sequential: dout has shape [2, 9], expected [2, 10]");
    let message = panic_message(|| network.backward(zeros(&[3, 1, 10, 10]).view(), &mut tape, zeros(&[3, 10]).view()));
    assert!(message.contains("backward without a forward"), "{message}");
}

/// Each dropout layer of a network has numbers of its own, and the same after the same seed.
#[test]
fn dropout_layers_have_streams_of_their_own() {
    let dropout = || -> Box<dyn Layer> { Box::new(Dropout::new(0.5).unwrap()) };
    let mut network = Sequential::new(&[100], vec![dropout(), dropout()]).unwrap();
    let x = ArrayD::from_elem(IxDyn(&[1, 100]), 1.0);
    let (mut tape, mut masks) = (Tape::new(), Vec::new());
    for seed in [0, 0, 1] {
        network.reseed(seed);
        network.forward(x.view(), &mut tape);
        masks.push([0, 1].map(|layer| network.output(layer, &tape).unwrap().to_owned()));
    }
    assert_eq!(masks[0], masks[1]);
    assert_ne!(masks[0], masks[2]);
    // Of the half that the first keeps, the second keeps about a half: they are not the same.
    let kept = |y: &ArrayD<f32>| y.iter().filter(|&&y| y == 1.0).count();
    assert!((30..70).contains(&kept(&masks[0][0])), "{}", kept(&masks[0][0]));
    assert!((10..40).contains(&kept(&masks[0][1])), "{}", kept(&masks[0][1]));
}

/// Momentum, with weight decay for weights; and which slots were asked for.
#[derive(Default)]
struct Decaying<F> {
    speeds: Vec<Vec<F>>,
    asked: Vec<(usize, usize)>,
}

struct MomentumOfHalf;

impl<F: Real> Rule<F> for MomentumOfHalf {
    fn step(&self, value: &mut [F], grad: &[F], [speed, _]: [&mut [F]; 2]) {
        for ((value, &grad), speed) in value.iter_mut().zip(grad).zip(speed) {
            *speed = F::from_f64(0.5) * *speed - F::from_f64(0.25) * grad;
            *value += *speed;
        }
    }
}

impl<F: Real> Updates<F> for Decaying<F> {
    fn update_of(&mut self, slot: usize, param: &Param<F>) -> Update<'_, F> {
        self.asked.push((slot, param.len()));
        let decay = F::from_f64(if param.name == "W" { 0.125 } else { 0.0 });
        self.speeds.resize_with(self.speeds.len().max(slot + 1), Vec::new);
        self.speeds[slot].resize(param.len(), F::ZERO);
        Update { rule: &MomentumOfHalf, decay, remembered: [&mut self.speeds[slot], &mut []] }
    }
}

/// Layers of which one pass takes four, and others that it does not take; a statistic among the parameters.
fn large_network<F: Real>([filters, side]: [usize; 2]) -> Sequential<F> {
    let mut random = Random::new(3, Purpose::Weights);
    let window = Window::square(5);
    let pooled = filters * ((side - 4) / 2).pow(2);
    let layers: Vec<Box<dyn Layer<F>>> = vec![
        Box::new(Convolution::random(1, filters, window, Init::default(), &mut random).unwrap()),
        Box::new(Relu),
        Box::new(Pooling::new(Window::square(2).stride(2))),
        Box::new(Affine::random(pooled, 20, Init::default(), &mut random).unwrap()),
        Box::new(BatchNormalization::with_channels(20).unwrap()),
        Box::new(Relu),
        Box::new(Affine::random(20, 10, Init::default(), &mut random).unwrap()),
    ];
    Sequential::new(&[1, side, side], layers).unwrap()
}

/// Filters and sides of large networks: of an even and an odd number of parts of whole vectors, of parts that end within a vector, of
/// several filters a part, of filters that make no parts.
const LARGE: [[usize; 2]; 5] = [[16, 28], [17, 28], [19, 30], [40, 16], [7, 40]];

fn values<F: Real>(network: &Sequential<F>) -> Vec<(String, Vec<F>)> {
    let mut values = Vec::new();
    network.visit_params(&mut |name, param| values.push((name.to_owned(), param.values().to_vec())));
    values
}

/// Exact in `f64`, where −0 is another number than 0.
fn same_bits<F: Real>(one: &[F], other: &[F]) -> bool {
    one.iter().map(|v| v.to_f64().to_bits()).eq(other.iter().map(|v| v.to_f64().to_bits()))
}

fn steps_in_one_go_are_gradient_and_update<F: Real>([filters, side]: [usize; 2]) {
    let (mut one, mut other) = (large_network::<F>([filters, side]), large_network::<F>([filters, side]));
    let (mut tape, mut other_tape) = (Tape::new(), Tape::new());
    let (mut updates, mut other_updates) = (Decaying::default(), Decaying::default());
    let start = values(&one);
    for step in 0..3 {
        let x = normal::<F>(&[7, 1, side, side], &mut random(10 + step));
        let dout = normal::<F>(&[7, 10], &mut random(20 + step));
        one.forward(x.view(), &mut tape);
        one.backward_and_update(x.view(), &mut tape, dout.view(), &mut updates);

        other.forward(x.view(), &mut other_tape);
        other.backward(x.view(), &mut other_tape, dout.view());
        let mut slot = 0;
        other.visit_params_mut(&mut |_, param| {
            if param.learned {
                let update = other_updates.update_of(slot, param);
                let (value, grad) = param.value_and_grad_mut();
                update.apply(value, grad);
                slot += 1;
            }
        });
        for ((name, one), (_, other)) in values(&one).iter().zip(&values(&other)) {
            assert!(same_bits(one, other), "{filters} of {side}, {}: {name} after step {step}", F::NAME);
        }
    }
    let mut speeds = updates.speeds.iter().zip(&other_updates.speeds);
    assert!(speeds.all(|(one, other)| same_bits(one, other)), "{}: what is remembered", F::NAME);
    updates.asked.sort_unstable();
    other_updates.asked.sort_unstable();
    assert_eq!(updates.asked, other_updates.asked);
    assert!(values(&one).iter().zip(&start).all(|(now, before)| now != before), "{}: all have changed", F::NAME);
}

#[test]
fn a_step_in_one_go_is_the_gradient_and_the_updates() {
    LARGE.into_iter().for_each(steps_in_one_go_are_gradient_and_update::<f32>);
    LARGE.into_iter().for_each(steps_in_one_go_are_gradient_and_update::<f64>);
}

#[test]
fn a_step_uses_the_tape_up() {
    let mut network = large_network::<f32>(LARGE[0]);
    let (mut tape, mut updates) = (Tape::new(), Decaying::default());
    let (x, dout) = (normal::<f32>(&[2, 1, 28, 28], &mut random(1)), normal::<f32>(&[2, 10], &mut random(2)));
    network.forward(x.view(), &mut tape);
    network.backward_and_update(x.view(), &mut tape, dout.view(), &mut updates);
    let message = panic_message(|| network.backward(x.view(), &mut tape, dout.view()));
    assert!(message.contains("backward without a forward of this batch"), "{message}");
}
