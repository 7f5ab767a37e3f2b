//! What holds for every layer.

mod common;

use common::{Case, apart, assert_near, bits, dot, every_layer, normal, panic_message, random};
use layers::ndarray::{Array1, Array2, ArrayD, IxDyn, ShapeBuilder};
use layers::{Affine, Layer, Real, numerical_gradient};

/// A forward pass of training with fixed random numbers.
fn forward<F: Real>(layer: &mut dyn Layer<F>, x: &ArrayD<F>) -> ArrayD<F> {
    layer.reseed(3, 0);
    layers::forward(layer, x)
}

/// The values of one parameter of a layer.
fn value<F: Real>(layer: &mut dyn Layer<F>, which: usize) -> ArrayD<F> {
    let mut values = Vec::new();
    layer.visit_params(&mut |param| values.push(param.value()));
    values.swap_remove(which)
}

fn set_value<F: Real>(layer: &mut dyn Layer<F>, which: usize, value: &ArrayD<F>) {
    let mut at = 0;
    layer.visit_params_mut(&mut |param| {
        if at == which {
            param.assign(&value.view());
        }
        at += 1;
    });
}

/// The gradients of the learned parameters.
fn gradients<F: Real>(layer: &dyn Layer<F>) -> Vec<(&'static str, ArrayD<F>)> {
    let mut gradients = Vec::new();
    layer.visit_params(&mut |param| {
        if param.learned {
            gradients.push((param.name, param.grad()));
        }
    });
    gradients
}

/// The error of a central difference of step 1e-5 is about 1e-10 of the numbers that meet in it.
#[test]
fn gradients_are_those_of_differences() {
    let mut random = random(1);
    for Case { mut layer, input } in every_layer::<f64>() {
        let layer = &mut *layer;
        let kind = layer.kind();
        let mut x = apart::<f64>(&[&[3], &input[..]].concat(), &mut random);
        let y = forward(layer, &x);
        let dout = normal(y.shape(), &mut random);
        let dx = layers::backward(layer, &x, &y, &dout);
        let expected = numerical_gradient(|x| dot(&forward(layer, x), &dout), &mut x, 1e-5);
        assert_near(&format!("{kind}: dx"), &dx, &expected, 1e-8);

        forward(layer, &x);
        layers::backward(layer, &x, &y, &dout);
        for (which, (name, gradient)) in gradients(layer).iter().enumerate() {
            let mut at = value(layer, which);
            let loss = |value: &ArrayD<f64>| {
                set_value(layer, which, value);
                dot(&forward(layer, &x), &dout)
            };
            let expected = numerical_gradient(loss, &mut at, 1e-5);
            set_value(layer, which, &at);
            assert_near(&format!("{kind}: d{name}"), gradient, &expected, 1e-8);
        }
    }
}

/// ⟨f(x), r⟩ = ⟨x, backward(r)⟩ wherever f is linear around x and its bias is left out.
#[test]
fn backward_is_the_adjoint_of_forward() {
    let mut random = random(2);
    for Case { mut layer, input } in every_layer::<f64>() {
        let layer = &mut *layer;
        let kind = layer.kind();
        if ["Sigmoid", "Tanh", "BatchNormalization"].contains(&kind) {
            continue;
        }
        layer.visit_params_mut(&mut |param| {
            if param.name == "b" {
                param.values_mut().fill(0.0);
            }
        });
        let x = normal::<f64>(&[&[4], &input[..]].concat(), &mut random);
        let y = forward(layer, &x);
        let r = normal(y.shape(), &mut random);
        let dx = layers::backward(layer, &x, &y, &r);
        let expected = dot(&y, &r);
        let close = |got: f64| (got - expected).abs() <= 1e-12 * dot(&y.abs(), &r.abs());
        assert!(close(dot(&x, &dx)), "{kind}: ⟨y, r⟩ = {expected}, ⟨x, dx⟩ = {}", dot(&x, &dx));
        // y is linear in the weights too.
        if let [("W", dw), _] = &gradients(layer)[..] {
            let w = value(layer, 0);
            assert!(close(dot(&w, dw)), "{kind}: ⟨y, r⟩ = {expected}, ⟨w, dw⟩ = {}", dot(&w, dw));
        }
    }
}

#[test]
fn backward_overwrites() {
    fn check<F: Real>() {
        let mut random = random(3);
        for mut case in every_layer::<F>() {
            let (x, name) = (normal::<F>(&case.batch(3), &mut random), case.name());
            let layer = &mut *case.layer;
            let y = forward(layer, &x);
            let dout = normal(y.shape(), &mut random);
            let dx = layers::backward(layer, &x, &y, &dout);
            let first = gradients(layer);
            let nan = F::from_f64(f64::NAN);
            layer.visit_params_mut(&mut |param| param.grad_mut().fill(nan));
            let mut again = ArrayD::from_elem(dx.raw_dim(), nan);
            layer.backward(x.view(), y.view(), dout.view(), Some(again.view_mut()));
            assert_eq!(bits(&again), bits(&dx), "{name}: dx");
            let mut poisoned = ArrayD::from_elem(y.raw_dim(), nan);
            layer.reseed(3, 0);
            layer.forward(x.view(), poisoned.view_mut());
            assert_eq!(bits(&poisoned), bits(&y), "{name}: y");
            for ((name, first), (_, again)) in first.iter().zip(gradients(layer)) {
                assert_eq!(bits(first), bits(&again), "{}: d{name}", layer.kind());
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

/// The gradients of the parameters do not depend on whether that of the input is wanted.
#[test]
fn the_first_layer_needs_no_dx() {
    let mut random = random(4);
    for mut case in every_layer::<f32>() {
        let x = normal::<f32>(&case.batch(3), &mut random);
        let layer = &mut *case.layer;
        let y = forward(layer, &x);
        let dout = normal(y.shape(), &mut random);
        layers::backward(layer, &x, &y, &dout);
        let with = gradients(layer);
        layer.visit_params_mut(&mut |param| param.grad_mut().fill(f32::NAN));
        layer.backward(x.view(), y.view(), dout.view(), None);
        for ((name, with), (_, without)) in with.iter().zip(gradients(layer)) {
            assert_eq!(bits(with), bits(&without), "{}: d{name}", layer.kind());
        }
    }
}

/// A NaN in one sample reaches that sample's output and gradient, and no other sample's, unless the layer mixes them.
#[test]
fn nan_passes_through() {
    fn check<F: Real>() {
        let mut random = random(5);
        let nan = F::from_f64(f64::NAN);
        for mut case in every_layer::<F>() {
            let mut x = apart::<F>(&case.batch(2), &mut random);
            let name = case.name();
            let layer = &mut *case.layer;
            let mixes = layer.kind() == "BatchNormalization";
            let clean = forward(layer, &x);
            let at = x.len() / 2 + 1;
            x.as_slice_mut().unwrap()[at] = nan;
            let has_nan = |y: &ArrayD<F>, sample: usize| {
                y.index_axis(layers::ndarray::Axis(0), sample).iter().any(|y| y.is_nan())
            };
            for (pass, y) in [("infer", layers::infer(layer, &x)), ("forward", forward(layer, &x))] {
                assert!(has_nan(&y, 1), "{name}: {pass} swallowed a NaN");
                assert!(!has_nan(&y, 0) || (mixes && pass == "forward"), "{name}: {pass} spread a NaN");
            }
            // In the gradient too.
            x.as_slice_mut().unwrap()[at] = F::ONE;
            let y = forward(layer, &x);
            let last = y.len() - 1;
            let mut dout = clean.mapv(|_| F::ONE);
            dout.fill(nan);
            assert!(has_nan(&layers::backward(layer, &x, &y, &dout), 1), "{name}: backward swallowed a NaN");
            dout.fill(F::ONE);
            dout.as_slice_mut().unwrap()[last] = nan;
            assert!(!has_nan(&layers::backward(layer, &x, &y, &dout), 0) || mixes, "{name}: backward spread a NaN");
        }
    }
    check::<f32>();
    check::<f64>();
}

/// Where the input was NaN, ReLU's slope is taken as 1: the NaN that comes back is not hidden, and a number is kept.
#[test]
fn relu_of_nan() {
    let x = ArrayD::from_shape_vec(IxDyn(&[1, 4]), vec![f32::NAN, -1.0, 0.0, 2.0]).unwrap();
    let y = layers::forward(&mut layers::Relu, &x);
    assert!(y[[0, 0]].is_nan());
    assert_eq!(y.as_slice().unwrap()[1..], [0.0, 0.0, 2.0]);
    let dx = layers::backward(&mut layers::Relu, &x, &y, &ArrayD::from_elem(IxDyn(&[1, 4]), 5.0));
    assert_eq!(dx.as_slice().unwrap(), [5.0, 0.0, 0.0, 5.0]);
}

/// In single precision each layer gives what it gives in double precision, to about six digits.
#[test]
fn single_and_double_precision_agree() {
    let pairs = every_layer::<f32>().into_iter().zip(every_layer::<f64>());
    for (mut single, mut double) in pairs {
        // The same numbers for both: those that a single can hold.
        let x = apart::<f32>(&single.batch(3), &mut random(6));
        let wide = x.mapv(f64::from);
        let kind = single.layer.kind();
        let y = forward(&mut *single.layer, &x);
        let y_wide = forward(&mut *double.layer, &wide);
        assert_near(&format!("{kind}: y"), &y, &y_wide, 1e-5);
        let dout = apart::<f32>(y.shape(), &mut random(7));
        let dx = layers::backward(&mut *single.layer, &x, &y, &dout);
        let dx_wide = layers::backward(&mut *double.layer, &wide, &y_wide, &dout.mapv(f64::from));
        assert_near(&format!("{kind}: dx"), &dx, &dx_wide, 1e-5);
        for ((name, d), (_, wide)) in gradients(&*single.layer).iter().zip(gradients(&*double.layer)) {
            assert_near(&format!("{kind}: d{name}"), d, &wide, 1e-5);
        }
        let y = layers::infer(&*single.layer, &x);
        assert_near(&format!("{kind}: infer"), &y, &layers::infer(&*double.layer, &wide), 1e-5);
    }
}

/// The same scores, to the bit, alone or in a batch.
#[test]
fn a_sample_alone_is_as_in_a_batch() {
    fn check<F: Real>() {
        let mut random = random(8);
        for case in every_layer::<F>() {
            let x = normal::<F>(&case.batch(5), &mut random);
            let y = layers::infer(&*case.layer, &x);
            for i in 0..5 {
                let rows = layers::ndarray::Slice::from(i..i + 1);
                let one = x.slice_axis(layers::ndarray::Axis(0), rows).to_owned();
                let alone = layers::infer(&*case.layer, &one);
                let expected = y.slice_axis(layers::ndarray::Axis(0), rows);
                assert_eq!(bits(&alone), bits(expected), "{}: sample {i}", case.name());
            }
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn wrong_shapes_panic_with_the_layer_and_both_shapes() {
    for mut case in every_layer::<f32>() {
        let layer = &mut *case.layer;
        let kind = layer.kind();
        let x = ArrayD::<f32>::zeros(IxDyn(&[&[2], &case.input[..]].concat()));
        let y = layers::forward(layer, &x);
        let shapes = |message: &str, got: &[usize], expected: &str| {
            assert!(message.starts_with(kind), "{kind}: {message}");
            assert!(message.contains(&format!("{got:?}")) && message.contains(expected), "{kind}: {message}");
        };
        // An output of one sample more than the input.
        let more = [&[3], &y.shape()[1..]].concat();
        let mut wrong = ArrayD::zeros(IxDyn(&more));
        shapes(&panic_message(|| layer.infer(x.view(), wrong.view_mut())), &more, &format!("{:?}", y.shape()));
        shapes(&panic_message(|| layer.forward(x.view(), wrong.view_mut())), &more, &format!("{:?}", y.shape()));
        let mut dx = x.clone();
        let message = panic_message(|| layer.backward(x.view(), y.view(), wrong.view(), Some(dx.view_mut())));
        shapes(&message, &more, &format!("{:?}", y.shape()));
        // A gradient of one sample more than the input.
        let more = [&[3], &x.shape()[1..]].concat();
        let mut dx = ArrayD::zeros(IxDyn(&more));
        let message = panic_message(|| layer.backward(x.view(), y.view(), y.view(), Some(dx.view_mut())));
        shapes(&message, &more, &format!("{:?}", x.shape()));
        // An input of one channel (or one number) more than the layer was made for.
        if !["Pooling", "AveragePooling", "Relu", "Sigmoid", "Tanh", "Dropout"].contains(&kind) {
            let mut more = x.shape().to_vec();
            more[1] += 1;
            let message = panic_message(|| layer.infer(ArrayD::zeros(IxDyn(&more)).view(), y.clone().view_mut()));
            shapes(&message, &more, "expected");
        }
    }
}

#[test]
fn empty_batches_and_other_orders_are_refused() {
    for mut case in every_layer::<f32>() {
        let layer = &mut *case.layer;
        let kind = layer.kind();
        let empty = ArrayD::<f32>::zeros(IxDyn(&[&[0], &case.input[..]].concat()));
        let message = panic_message(|| layers::infer(layer, &empty));
        assert!(message.starts_with(kind) && message.contains("empty batch"), "{message}");
        let message = panic_message(|| layers::forward(layer, &empty));
        assert!(message.starts_with(kind) && message.contains("empty batch"), "{message}");

        let shape = [&[2], &case.input[..]].concat();
        let y = layers::infer(layer, &ArrayD::zeros(IxDyn(&shape)));
        let column_major = ArrayD::<f32>::zeros(IxDyn(&shape).f());
        let message = panic_message(|| layer.infer(column_major.view(), y.clone().view_mut()));
        assert!(message.starts_with(kind) && message.contains("x of shape"), "{message}");
        assert!(message.contains("not row-major"), "{message}");
    }
}

#[test]
fn what_remembers_refuses_a_backward_without_its_forward() {
    for mut case in every_layer::<f32>() {
        let layer = &mut *case.layer;
        if !["Pooling", "Dropout", "BatchNormalization"].contains(&layer.kind()) {
            continue;
        }
        let x = ArrayD::<f32>::zeros(IxDyn(&[&[2], &case.input[..]].concat()));
        let y = layers::infer(layer, &x);
        let message = panic_message(|| layers::backward(layer, &x, &y, &y));
        assert!(message.starts_with(layer.kind()) && message.contains("forward"), "{message}");
    }
}

/// However the weights lie in memory, whoever asks gets the book's array, and may change it.
#[test]
fn weights_in_any_memory_order_are_the_books_array() {
    for inputs in [12, 2048] {
        let w = Array2::from_shape_fn((inputs, 3), |(i, o)| (10 * i + o) as f32);
        let mut affine = Affine::new(w.clone(), Array1::zeros(3)).unwrap();
        assert_eq!((affine.w().shape(), affine.w().len()), (&[inputs, 3][..], 3 * inputs));
        assert_eq!(affine.w().value(), w.clone().into_dyn());

        let in_memory = affine.w().values().to_vec();
        assert_ne!(in_memory, w.iter().copied().collect::<Vec<_>>(), "not row-major");
        assert_eq!(affine.w().in_shape(&in_memory), w.clone().into_dyn());
        assert_eq!(affine.w().in_memory_order(&w.view().into_dyn()), in_memory);

        let mut changed = w.t().as_standard_layout().into_owned().reversed_axes();
        changed.mapv_inplace(|w| -w);
        affine.visit_params_mut(&mut |param| {
            if param.name == "W" {
                param.assign(&changed.view().into_dyn());
                *param.element_mut(&[inputs - 1, 1]) = 0.5;
            }
        });
        changed[[inputs - 1, 1]] = 0.5;
        assert_eq!(affine.w().value(), changed.into_dyn());

        let (x, dout) = (ArrayD::from_elem(vec![1, inputs], 2.0), ArrayD::from_elem(vec![1, 3], 1.0));
        layers::backward(&mut affine, &x, &dout, &dout);
        assert_eq!(affine.w().grad(), ArrayD::from_elem(vec![inputs, 3], 2.0));
    }
}

#[test]
fn before_a_backward_pass_there_is_no_gradient() {
    let mut affine = Affine::new(Array2::<f32>::zeros((12, 3)), Array1::zeros(3)).unwrap();
    let message = panic_message(|| affine.visit_params_mut(&mut |param| _ = param.value_and_grad_mut()));
    assert!(message.starts_with("W: no gradient before a backward pass"), "{message}");
}
