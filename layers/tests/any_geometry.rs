//! Layers of any size: each is refused, or computes what its definition says.
//!
//! All numbers are small whole numbers, so every sum is exact in single precision, in whatever order it is added: results
//! are compared without tolerance, with sums of `i64` that are written down here once more.

#[path = "../../datasets/tests/attack/mod.rs"]
mod attack;

use std::cell::Cell;

use layers::ndarray::{ArrayD, IxDyn};
use layers::{
    Affine, AveragePooling, Convolution, Dropout, Geometry, Init, Layer, NetworkError, Pooling, Purpose, Random, Real,
    Relu, Rounding, Sequential, Tape, Window, Workspace,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// A size that makes sense, that is zero, or that no machine has.
fn size(most: usize) -> impl Strategy<Value = usize> {
    prop_oneof![
        20 => 1..=most,
        1 => Just(0),
        1 => prop_oneof![Just(usize::MAX), Just(usize::MAX / 2), Just(usize::MAX / 2 + 1), Just(1 << 62), Just(1 << 32)],
    ]
}

fn window() -> impl Strategy<Value = Window> {
    let pad = prop_oneof![20 => 0_usize..4, 1 => size(3)];
    let pair = (size(5), size(5), size(4), size(4), pad.clone(), pad, any::<bool>());
    pair.prop_map(|(f_h, f_w, s_h, s_w, p_h, p_w, down)| Window {
        kernel: [f_h, f_w],
        stride: [s_h, s_w],
        pad: [p_h, p_w],
        rounding: if down { Rounding::Down } else { Rounding::Exact },
    })
}

/// Any images and any window over them.
fn any_case() -> impl Strategy<Value = ([usize; 3], Window)> {
    ((size(4), size(11), size(11)).prop_map(|(c, h, w)| [c, h, w]), window())
}

/// What is left when only sizes are let through that fit: most cases are made to.
fn fitting_case() -> impl Strategy<Value = Geometry> {
    let axis = || (1_usize..=5, 1_usize..=4, 0_usize..=3, 0_usize..=5, 0_usize..4);
    (1_usize..=4, axis(), axis(), any::<bool>()).prop_filter_map("fits", |(c, vertical, horizontal, down)| {
        // From the output to the input, so that it comes out even, and with `down` a rest of a few rows.
        let input = |(f, s, p, steps, rest): (usize, usize, usize, usize, usize)| {
            (f + s * steps + if down { rest % s } else { 0 }).checked_sub(2 * p)
        };
        let window = Window {
            kernel: [vertical.0, horizontal.0],
            stride: [vertical.1, horizontal.1],
            pad: [vertical.2, horizontal.2],
            rounding: if down { Rounding::Down } else { Rounding::Exact },
        };
        Geometry::new([c, input(vertical)?, input(horizontal)?], window).ok()
    })
}

/// One, few (odd and even), and more than a group of anything.
fn batch() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1), 2_usize..=7, 31_usize..=33]
}

/// The size of the output along each axis, if there is one; in numbers that do not overflow.
fn expected_output([c, h, w]: [usize; 3], window: &Window) -> Option<[u128; 2]> {
    let wide = |n: usize| n as u128;
    let mut output = [0; 2];
    for (i, input) in [h, w].into_iter().enumerate() {
        let [input, kernel, stride, pad] = [input, window.kernel[i], window.stride[i], window.pad[i]].map(wide);
        let padded = input + 2 * pad;
        let whole = (padded.checked_sub(kernel)?).checked_rem(stride)? == 0;
        if input == 0 || kernel == 0 || stride > padded || !(whole || window.rounding == Rounding::Down) {
            return None;
        }
        output[i] = (padded - kernel) / stride + 1;
    }
    // As many bytes as an array may have, of the padded image and of what all windows see.
    let bytes = |sizes: &[u128]| sizes.iter().try_fold(8_u128, |a, &b| a.checked_mul(b));
    let most = isize::MAX as u128;
    let [padded_h, padded_w] = [wide(h) + 2 * wide(window.pad[0]), wide(w) + 2 * wide(window.pad[1])];
    let patches = [wide(c), wide(window.kernel[0]), wide(window.kernel[1]), output[0], output[1]];
    let fits = bytes(&[wide(c), padded_h, padded_w])? <= most && bytes(&patches)? <= most;
    (c > 0 && fits).then_some(output)
}

/// Whole numbers from −3 to 3.
fn whole<F: Real>(shape: &[usize], random: &mut Random) -> ArrayD<F> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || F::from_f64((random.uniform() * 7.0).floor() - 3.0))
}

fn wholes<F: Real>(array: &ArrayD<F>) -> Vec<i64> {
    array.iter().map(|value| value.to_f64() as i64).collect()
}

/// Calls `visit` with the image, the index into its input, the place of the window and the tap, for every tap that does
/// not lie in the padding. Places and taps are counted row by row, and channel by channel.
fn every_tap(geometry: &Geometry, n: usize, mut visit: impl FnMut(usize, usize, usize, usize)) {
    let ([h, w], [o_h, o_w], window) = (geometry.input(), geometry.output(), geometry.window());
    let along = |i: usize, place: usize, tap: usize, size: usize| {
        let at = (place * window.stride[i] + tap) as i64 - window.pad[i] as i64;
        (0..size as i64).contains(&at).then_some(at as usize)
    };
    for (image, oy, ox) in (0..n).flat_map(|i| (0..o_h).flat_map(move |y| (0..o_w).map(move |x| (i, y, x)))) {
        for c in 0..geometry.channels() {
            for (fy, fx) in (0..window.kernel[0]).flat_map(|y| (0..window.kernel[1]).map(move |x| (y, x))) {
                if let (Some(y), Some(x)) = (along(0, oy, fy, h), along(1, ox, fx, w)) {
                    let tap = (c * window.kernel[0] + fy) * window.kernel[1] + fx;
                    visit(image, ((image * geometry.channels() + c) * h + y) * w + x, oy * o_w + ox, tap);
                }
            }
        }
    }
}

/// The layer's output and all its gradients.
struct Passes<F: Real> {
    y: ArrayD<F>,
    dx: ArrayD<F>,
    gradients: Vec<ArrayD<F>>,
}

fn passes<F: Real>(layer: &mut dyn Layer<F>, x: &ArrayD<F>, random: &mut Random) -> (ArrayD<F>, Passes<F>) {
    layer.reseed(5, 0);
    let y = layers::forward(layer, x);
    let dout = whole(y.shape(), random);
    let dx = layers::backward(layer, x, &y, &dout);
    let mut gradients = Vec::new();
    layer.visit_params(&mut |param| gradients.push(param.grad()));
    (dout, Passes { y, dx, gradients })
}

fn dot<F: Real>(a: &ArrayD<F>, b: &ArrayD<F>) -> i64 {
    assert_eq!(a.shape(), b.shape());
    wholes(a).into_iter().zip(wholes(b)).map(|(a, b)| a * b).sum()
}

fn check_convolution<F: Real>(geometry: &Geometry, filters: usize, n: usize, seed: u64) {
    let mut random = Random::new(seed, Purpose::Other(0));
    let ([h, w], [o_h, o_w], [f_h, f_w]) = (geometry.input(), geometry.output(), geometry.window().kernel);
    let (c, positions) = (geometry.channels(), geometry.positions());
    let x = whole::<F>(&[n, c, h, w], &mut random);
    let (weights, b) = (whole::<F>(&[filters, c, f_h, f_w], &mut random), whole::<F>(&[filters], &mut random));
    let fixed = (weights.clone().into_dimensionality().unwrap(), b.clone().into_dimensionality().unwrap());
    let mut layer = Convolution::new(fixed.0, fixed.1, *geometry.window()).unwrap();
    let (dout, got) = passes(&mut layer, &x, &mut random);
    assert_eq!(got.y.shape(), [n, filters, o_h, o_w]);
    assert_eq!(layers::infer(&layer, &x), got.y);

    let (x_s, w_s, b_s, dout_s) = (wholes(&x), wholes(&weights), wholes(&b), wholes(&dout));
    let mut y = vec![0; got.y.len()];
    let (mut dx, mut dw, mut db) = (vec![0; x.len()], vec![0; weights.len()], vec![0; filters]);
    for i in 0..y.len() {
        let filter = i / positions % filters;
        y[i] = b_s[filter];
        db[filter] += dout_s[i];
    }
    every_tap(geometry, n, |image, at, place, tap| {
        for filter in 0..filters {
            let (out, weight) = ((image * filters + filter) * positions + place, filter * geometry.patch_len() + tap);
            y[out] += x_s[at] * w_s[weight];
            dx[at] += dout_s[out] * w_s[weight];
            dw[weight] += dout_s[out] * x_s[at];
        }
    });
    assert_eq!(wholes(&got.y), y, "y");
    assert_eq!(wholes(&got.dx), dx, "dx");
    assert_eq!(wholes(&got.gradients[0]), dw, "dW");
    assert_eq!(wholes(&got.gradients[1]), db, "db");
    // ⟨r, A x + b⟩ = ⟨Aᵀ r, x⟩ + ⟨r, b⟩, and the same for the weights.
    let bias: i64 = db.iter().zip(&b_s).map(|(d, b)| d * b).sum();
    assert_eq!(dot(&dout, &got.y), dot(&got.dx, &x) + bias);
    assert_eq!(dot(&dout, &got.y), dot(&got.gradients[0], &weights) + bias);
}

fn check_pooling<F: Real>(geometry: &Geometry, n: usize, seed: u64) {
    let mut random = Random::new(seed, Purpose::Other(1));
    let ([h, w], c) = (geometry.input(), geometry.channels());
    let x = whole::<F>(&[n, c, h, w], &mut random);
    let mut layer = Pooling::new(*geometry.window());
    if geometry.check_pooling().is_err() {
        let refused = Layer::<F>::output_shape(&layer, &[c, h, w]);
        assert!(refused.unwrap_err().to_string().contains("padding"));
        return;
    }
    let (dout, got) = passes(&mut layer, &x, &mut random);
    assert_eq!(layers::infer(&layer, &x), got.y);
    let (x_s, dout_s) = (wholes(&x), wholes(&dout));
    // Of equal ones the first, so only a larger one takes its place.
    let mut largest: Vec<Option<usize>> = vec![None; got.y.len()];
    let (taps, positions) = (geometry.window().kernel[0] * geometry.window().kernel[1], geometry.positions());
    every_tap(geometry, n, |image, at, place, tap| {
        let winner = &mut largest[(image * c + tap / taps) * positions + place];
        if winner.is_none_or(|winner| x_s[at] > x_s[winner]) {
            *winner = Some(at);
        }
    });
    let mut dx = vec![0; x.len()];
    for (out, winner) in largest.iter().enumerate() {
        let winner = winner.expect("a window with something in it");
        assert_eq!(got.y.as_slice().unwrap()[out].to_f64() as i64, x_s[winner]);
        dx[winner] += dout_s[out];
    }
    assert_eq!(wholes(&got.dx), dx);
    assert_eq!(dot(&dout, &got.y), dot(&got.dx, &x), "the adjoint where the largest stay the largest");
}

/// Of numbers that the size of the window divides, so that the shares are exact where it is a power of two, and as near as
/// makes no whole number of difference elsewhere.
fn check_average_pooling<F: Real>(geometry: &Geometry, n: usize, seed: u64) {
    let mut random = Random::new(seed, Purpose::Other(4));
    let ([h, w], c) = (geometry.input(), geometry.channels());
    let (taps, positions) = (geometry.window().kernel[0] * geometry.window().kernel[1], geometry.positions());
    let x = whole::<F>(&[n, c, h, w], &mut random);
    let mut layer = AveragePooling::new(*geometry.window());
    if geometry.check_pooling().is_err() {
        let refused = Layer::<F>::output_shape(&layer, &[c, h, w]);
        assert!(refused.unwrap_err().to_string().contains("padding"));
        return;
    }
    let (dout, got) = passes(&mut layer, &x, &mut random);
    assert_eq!(layers::infer(&layer, &x), got.y);
    let (x_s, dout_s) = (wholes(&x), wholes(&dout));
    let (mut y, mut dx) = (vec![0; got.y.len()], vec![0; x.len()]);
    every_tap(geometry, n, |image, at, place, tap| {
        let out = (image * c + tap / taps) * positions + place;
        y[out] += x_s[at];
        dx[at] += dout_s[out];
    });
    let times_taps = |array: &ArrayD<F>| -> Vec<i64> {
        let sums = array.iter().map(|value| value.to_f64() * taps as f64);
        sums.map(|sum| if (sum - sum.round()).abs() < 1e-3 { sum.round() as i64 } else { i64::MAX }).collect()
    };
    assert_eq!(times_taps(&got.y), y);
    assert_eq!(times_taps(&got.dx), dx);
}

fn check_affine<F: Real>(input: &[usize], outputs: usize, n: usize, seed: u64) {
    let mut random = Random::new(seed, Purpose::Other(2));
    let inputs: usize = input.iter().product();
    // Of any shape: it is flattened.
    let x = whole::<F>(&[&[n], input].concat(), &mut random);
    let (weights, b) = (whole::<F>(&[inputs, outputs], &mut random), whole::<F>(&[outputs], &mut random));
    let fixed = (weights.clone().into_dimensionality().unwrap(), b.clone().into_dimensionality().unwrap());
    let mut layer = Affine::new(fixed.0, fixed.1).unwrap();
    let (dout, got) = passes(&mut layer, &x, &mut random);
    assert_eq!((got.y.shape(), got.dx.shape()), (&[n, outputs][..], x.shape()));
    let (x_s, w_s, b_s, dout_s) = (wholes(&x), wholes(&weights), wholes(&b), wholes(&dout));
    for (row, column) in (0..n).flat_map(|row| (0..outputs).map(move |column| (row, column))) {
        let sum: i64 = (0..inputs).map(|i| x_s[row * inputs + i] * w_s[i * outputs + column]).sum();
        assert_eq!(got.y[[row, column]].to_f64() as i64, sum + b_s[column]);
    }
    let bias: i64 = (0..dout_s.len()).map(|i| dout_s[i] * b_s[i % outputs]).sum();
    assert_eq!(dot(&dout, &got.y), dot(&got.dx, &x) + bias);
    assert_eq!(dot(&dout, &got.y), dot(&got.gradients[0], &weights) + bias);
    assert_eq!(bias, dot(&got.gradients[1], &b));
}

/// ReLU where the signs stay, dropout where the mask stays: linear, and their own adjoints.
fn check_elementwise<F: Real>(input: &[usize], n: usize, seed: u64) {
    let mut random = Random::new(seed, Purpose::Other(3));
    let x = whole::<F>(&[&[n], input].concat(), &mut random);
    let layers: [&mut dyn Layer<F>; 2] = [&mut Relu, &mut Dropout::new(0.5).unwrap()];
    for layer in layers {
        let (dout, got) = passes(layer, &x, &mut random);
        assert_eq!(dot(&dout, &got.y), dot(&got.dx, &x), "{}", layer.kind());
        assert!(got.y.iter().zip(&x).all(|(y, x)| y == x || y.to_f64() == 0.0), "{}", layer.kind());
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn a_geometry_is_what_the_arithmetic_says_or_is_refused((input, window) in any_case()) {
        let got = Geometry::new(input, window).map(|geometry| geometry.output().map(|size| size as u128));
        prop_assert_eq!(got.as_ref().ok().copied(), expected_output(input, &window), "{:?}", got);
        // What a user reads is one line.
        if let Err(error) = got {
            let message = error.to_string();
            prop_assert!(message.len() > 20 && !message.contains('\n'), "{}", message);
        }
    }

    #[test]
    fn convolutions_are_their_definition(geometry in fitting_case(), filters in 1_usize..20, n in batch(), seed: u64) {
        check_convolution::<f32>(&geometry, filters, n, seed);
        check_convolution::<f64>(&geometry, filters.min(3), n.min(3), seed);
    }

    #[test]
    fn poolings_are_their_definition(geometry in fitting_case(), n in batch(), seed: u64) {
        check_pooling::<f32>(&geometry, n, seed);
        check_pooling::<f64>(&geometry, n, seed);
    }

    #[test]
    fn average_poolings_are_their_definition(geometry in fitting_case(), n in batch(), seed: u64) {
        check_average_pooling::<f32>(&geometry, n, seed);
        check_average_pooling::<f64>(&geometry, n, seed);
    }

    #[test]
    fn affine_maps_are_their_definition(
        input in prop::collection::vec(1_usize..6, 1..4), outputs in 1_usize..40, n in batch(), seed: u64
    ) {
        check_affine::<f32>(&input, outputs, n, seed);
        check_affine::<f64>(&input, outputs, n, seed);
    }

    #[test]
    fn elementwise_layers_are_their_own_adjoints(
        input in prop::collection::vec(1_usize..6, 1..4), n in batch(), seed: u64
    ) {
        check_elementwise::<f32>(&input, n, seed);
        check_elementwise::<f64>(&input, n, seed);
    }

    #[test]
    fn a_network_of_any_sizes_is_refused_or_works(
        (input, convolution) in any_case(), pooling in window(), filters in size(9), outputs in size(5), n in batch(),
    ) {
        match any_network(input, convolution, pooling, filters, outputs) {
            None => {}
            Some(Err(error)) => prop_assert!(!error.to_string().is_empty()),
            Some(Ok(network)) => works(network, n, outputs),
        }
    }

    #[test]
    fn a_network_that_fits_works(
        geometry in fitting_case(), pooling in window(), filters in 1_usize..9, outputs in 1_usize..5, n in batch(),
    ) {
        let [h, w] = geometry.input();
        if let Some(Ok(network)) = any_network([geometry.channels(), h, w], *geometry.window(), pooling, filters, outputs) {
            works(network, n, outputs);
        }
    }

    #[test]
    fn inputs_without_elements_are_refused(mut input in prop::collection::vec(1_usize..6, 1..5), at: prop::sample::Index) {
        let network = |input: &[usize]| Sequential::<f32>::new(input, vec![Box::new(Relu)]);
        prop_assert!(network(&input).is_ok());
        let at = at.index(input.len());
        input[at] = 0;
        let message = network(&input).unwrap_err().to_string();
        prop_assert!(message.contains("no elements"), "{}", message);
    }
}

/// Found by the test above: a size of zero hid how large the others are, so that gigabytes of biases were made first.
#[test]
fn a_size_of_zero_is_refused_before_anything_is_made() {
    const MANY: usize = 1 << 32;
    let mut random = Random::new(1, Purpose::Weights);
    let convolutions = [
        (1, 0, [MANY, 1], "filters"),
        (0, MANY, [1, 1], "channels"),
        (0, usize::MAX, [2, 2], "channels"),
        (1, MANY, [0, 1], "height"),
        (1, usize::MAX, [1, 0], "width"),
    ];
    for (channels, filters, kernel, what) in convolutions {
        let window = Window::new(kernel[0], kernel[1]);
        let error = Convolution::<f32>::random(channels, filters, window, Init::default(), &mut random).unwrap_err();
        assert!(matches!(error, NetworkError::Zero { what: got, .. } if got.contains(what)), "{error}");
    }
    for (inputs, outputs, what) in [(0, MANY, "inputs"), (0, usize::MAX, "inputs"), (usize::MAX, 0, "outputs")] {
        let error = Affine::<f32>::random(inputs, outputs, Init::default(), &mut random).unwrap_err();
        assert!(matches!(error, NetworkError::Zero { what: got, .. } if got.contains(what)), "{error}");
    }
}

#[test]
fn weights_of_a_size_that_overflows_are_refused() {
    let mut random = Random::new(1, Purpose::Weights);
    for (channels, filters, kernel) in [(1, 2, [usize::MAX, 1]), (4, usize::MAX / 2, [2, 2]), (1, 1 << 62, [4, 1])] {
        let window = Window::new(kernel[0], kernel[1]);
        let error = Convolution::<f32>::random(channels, filters, window, Init::default(), &mut random).unwrap_err();
        assert!(matches!(error, NetworkError::TooLarge { .. }), "{error}");
    }
    for (inputs, outputs) in [(2, usize::MAX), (usize::MAX, 1)] {
        let error = Affine::<f32>::random(inputs, outputs, Init::default(), &mut random).unwrap_err();
        assert!(matches!(error, NetworkError::TooLarge { .. }), "{error}");
    }
}

/// Numbers that a test can hold, or so many that no machine can.
fn quick_to_tell(sizes: &[usize]) -> bool {
    let product = sizes.iter().try_fold(1_usize, |a, &b| a.checked_mul(b));
    product.is_none_or(|product| product <= 1 << 20 || product > 1 << 57)
}

/// Whether a test can hold such an image with its padding.
fn fits_with_padding(image: &[usize], window: &Window) -> bool {
    let padded = |axis: usize| image[axis + 1].checked_add(window.pad[axis].checked_mul(2)?);
    let len = padded(0).zip(padded(1)).and_then(|(h, w)| h.checked_mul(w)?.checked_mul(image[0]));
    len.is_some_and(|len| len <= 1 << 20)
}

/// Convolution, ReLU, max-pooling and an affine map, of whatever sizes. None where it would be possible, but take
/// gigabytes.
fn any_network(
    input: [usize; 3],
    convolution: Window,
    pooling: Window,
    filters: usize,
    outputs: usize,
) -> Option<Result<Sequential, NetworkError>> {
    let mut random = Random::new(1, Purpose::Weights);
    let init = Init::Normal { std: 1.0 };
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    if !quick_to_tell(&[input[0], convolution.kernel[0], convolution.kernel[1], filters]) {
        return None;
    }
    match Convolution::random(input[0], filters, convolution, init, &mut random) {
        Ok(layer) => layers.push(Box::new(layer)),
        Err(error) => return Some(Err(error)),
    }
    layers.push(Box::new(Relu));
    layers.push(Box::new(Pooling::new(pooling)));
    let mut shape = input.to_vec();
    for (layer, window) in layers.iter().zip([Some(&convolution), None, Some(&pooling)]) {
        match layer.output_shape(&shape) {
            // A wide stride makes little even of a padding that no machine can hold.
            Ok(_) if !window.is_none_or(|window| fits_with_padding(&shape, window)) => return None,
            Ok(output) if quick_to_tell(&output) => shape = output,
            Ok(_) => return None,
            // The network says so too.
            Err(_) => return Some(Sequential::new(&input, layers)),
        }
    }
    let inputs = shape.iter().try_fold(1_usize, |a, &b| a.checked_mul(b))?;
    // A wide stride makes little even of an input that no machine can hold.
    if !quick_to_tell(&input) || !quick_to_tell(&[inputs, outputs]) {
        return None;
    }
    match Affine::random(inputs, outputs, init, &mut random) {
        Ok(layer) => layers.push(Box::new(layer)),
        Err(error) => return Some(Err(error)),
    }
    Some(Sequential::new(&input, layers))
}

/// Inference and training agree, in one pass or layer by layer, and there is a gradient for each parameter.
fn works(mut network: Sequential, n: usize, outputs: usize) {
    let mut random = Random::new(2, Purpose::Other(4));
    let x = whole::<f32>(&[&[n], network.input_shape()].concat(), &mut random);
    let scores = network.predict(x.view());
    assert_eq!(scores.shape(), [n, outputs]);
    let mut tape = Tape::new();
    let trained = network.forward(x.view(), &mut tape).to_owned();
    assert_eq!(trained, scores);
    let dout = whole::<f32>(scores.shape(), &mut random);
    network.backward(x.view(), &mut tape, dout.view());
    network.visit_params(&mut |name, param| assert_eq!(param.grad().shape(), param.shape(), "{name}"));
    let network = network.layer_by_layer();
    assert_eq!(network.infer(x.view(), &mut Workspace::new()), scores);
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn any_geometry_for_long() {
    let cases = 1_000 * attack::times() as u32;
    let run = || TestRunner::new(config(cases));
    let counts = [Cell::new(0), Cell::new(0), Cell::new(0)];
    let convolutions = (fitting_case(), 1_usize..20, batch(), any::<u64>());
    let checked = run().run(&convolutions, |(geometry, filters, n, seed)| {
        check_convolution::<f32>(&geometry, filters, n, seed);
        Ok(())
    });
    checked.unwrap();
    println!("faults: convolution of any size | {cases} | equal to the definition, forward and backward");
    run()
        .run(&(fitting_case(), batch(), any::<u64>()), |(geometry, n, seed)| {
            check_pooling::<f32>(&geometry, n, seed);
            Ok(())
        })
        .unwrap();
    println!("faults: max-pooling of any size | {cases} | equal to the definition, or refused");
    let networks = (
        prop_oneof![any_case(), fitting_case().prop_map(|g| ([g.channels(), g.input()[0], g.input()[1]], *g.window()))],
        window(),
        size(9),
        size(5),
        batch(),
    );
    let checked = run().run(&networks, |((input, convolution), pooling, filters, outputs, n)| {
        let which = match any_network(input, convolution, pooling, filters, outputs) {
            None => 0,
            Some(Err(_)) => 1,
            Some(Ok(network)) => {
                works(network, n, outputs);
                2
            }
        };
        counts[which].set(counts[which].get() + 1);
        Ok(())
    });
    checked.unwrap();
    let [left_out, refused, built] = counts.map(Cell::into_inner);
    println!("faults: network of any sizes | {} | {built} built and worked, {refused} refused", cases - left_out);
}
