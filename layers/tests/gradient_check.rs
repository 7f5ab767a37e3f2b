//! The gradient check passes what is right, and catches what is wrong.

mod common;

use common::{normal, random, small_network};
use layers::ndarray::{Array2, ArrayD, ArrayViewD, ArrayViewMutD, IxDyn, array};
use layers::{
    Affine, BatchNormalization, Convolution, Dropout, GradientCheck, GradientFailure, GradientReport, Init, Labels,
    Layer, Param, Pooling, Purpose, Random, Relu, Sequential, ShapeError, Sigmoid, SoftmaxWithLoss, Tanh, Tape, Window,
    gradient_check,
};

/// How a layer's backward pass is broken.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    /// One element of the first parameter's gradient is 5 % too large.
    OneElement,
    /// One element of the first parameter's gradient is no number.
    NotANumber,
    /// The gradient of the input has the wrong sign.
    Sign,
    /// The gradient of the input is N times too large, as if the loss had not been divided by the batch size.
    TimesN,
}

/// A layer with a fault in its backward pass.
#[derive(Debug)]
struct Faulty<L> {
    inner: L,
    fault: Fault,
}

impl<L: Layer<f64>> Layer<f64> for Faulty<L> {
    fn kind(&self) -> &'static str {
        self.inner.kind()
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        self.inner.output_shape(input)
    }
    fn infer(&self, x: ArrayViewD<'_, f64>, y: ArrayViewMutD<'_, f64>) {
        self.inner.infer(x, y);
    }
    fn forward(&mut self, x: ArrayViewD<'_, f64>, y: ArrayViewMutD<'_, f64>) {
        self.inner.forward(x, y);
    }
    fn backward(
        &mut self,
        x: ArrayViewD<'_, f64>,
        y: ArrayViewD<'_, f64>,
        dout: ArrayViewD<'_, f64>,
        dx: Option<ArrayViewMutD<'_, f64>>,
    ) {
        let mut dx = dx;
        self.inner.backward(x.view(), y, dout, dx.as_mut().map(|dx| dx.view_mut()));
        let element = |inner: &mut L, change: &dyn Fn(f64) -> f64| {
            let mut first = true;
            inner.visit_params_mut(&mut |param| {
                let middle = param.grad().len() / 2;
                let grad = param.grad_mut();
                if std::mem::take(&mut first) {
                    grad[middle] = change(grad[middle]);
                }
            });
        };
        match (self.fault, dx) {
            (Fault::OneElement, _) => element(&mut self.inner, &|d| d * 1.05),
            (Fault::NotANumber, _) => element(&mut self.inner, &|_| f64::NAN),
            (Fault::Sign, Some(mut dx)) => dx.mapv_inplace(|d| -d),
            (Fault::TimesN, Some(mut dx)) => dx.mapv_inplace(|d| d * x.shape()[0] as f64),
            _ => {}
        }
    }
    fn visit_params(&self, visit: &mut dyn FnMut(&Param<f64>)) {
        self.inner.visit_params(visit);
    }
    fn visit_params_mut(&mut self, visit: &mut dyn FnMut(&mut Param<f64>)) {
        self.inner.visit_params_mut(visit);
    }
    fn visit_kinks(&self, y: ArrayViewD<'_, f64>, visit: &mut dyn FnMut(u32)) {
        self.inner.visit_kinks(y, visit);
    }
}

/// A layer that passes everything on: a place for a fault.
#[derive(Debug)]
struct Identity;

impl Layer<f64> for Identity {
    fn kind(&self) -> &'static str {
        "Identity"
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        Ok(input.to_vec())
    }
    fn infer(&self, x: ArrayViewD<'_, f64>, mut y: ArrayViewMutD<'_, f64>) {
        y.assign(&x);
    }
    fn backward(
        &mut self,
        _: ArrayViewD<'_, f64>,
        _: ArrayViewD<'_, f64>,
        dout: ArrayViewD<'_, f64>,
        dx: Option<ArrayViewMutD<'_, f64>>,
    ) {
        dx.into_iter().for_each(|mut dx| dx.assign(&dout));
    }
}

/// A convolution, ReLU, an affine layer and the scores, with faults in the convolution, in ReLU and after the scores.
fn check_with(conv: Fault, relu: Fault, scores: Fault) -> GradientReport {
    let mut draw = Random::new(0, Purpose::Weights);
    let init = Init::HeNormal;
    let convolution = Convolution::random(1, 3, Window::square(3), init, &mut draw).unwrap();
    let affine = Affine::random(3 * 3 * 3, 4, init, &mut draw).unwrap();
    let layers: Vec<Box<dyn Layer<f64>>> = vec![
        Box::new(Faulty { inner: convolution, fault: conv }),
        Box::new(Faulty { inner: Relu, fault: relu }),
        Box::new(affine),
        Box::new(Faulty { inner: Identity, fault: scores }),
    ];
    let mut network = Sequential::new(&[1, 5, 5], layers).unwrap();
    let x = normal(&[3, 1, 5, 5], &mut random(0));
    gradient_check(&mut network, x.view(), Labels::Classes(&[0, 3, 2]), &GradientCheck::default())
}

/// The names of the parameters that failed.
fn failed(report: &GradientReport) -> Vec<&str> {
    assert_eq!(report.passed(), report.parameters.iter().all(|p| p.failures.is_empty()));
    report.parameters.iter().filter(|p| !p.failures.is_empty()).map(|p| p.name.as_str()).collect()
}

#[test]
fn the_books_network_passes() {
    let mut network = small_network::<f64>(Init::Normal { std: 0.01 });
    let mut draw = random(1);
    let x = ArrayD::from_shape_simple_fn(IxDyn(&[1, 1, 10, 10]), || draw.uniform());
    let report = gradient_check(&mut network, x.view(), Labels::Classes(&[1]), &GradientCheck::default());
    assert!(report.passed(), "{report:#?}");
    let names: Vec<_> = report.parameters.iter().map(|p| (p.name.as_str(), p.elements)).collect();
    assert_eq!(names, [("W1", 90), ("b1", 10), ("W2", 1600), ("b2", 10), ("W3", 100), ("b3", 10)]);
    for parameter in &report.parameters {
        let largest = parameter.largest_error.as_ref().expect("a gradient above 1e-8");
        assert!(parameter.mean_difference <= 1e-9 && largest.relative_error <= 1e-2, "{parameter:#?}");
        assert!(largest.backward.abs().max(largest.numerical.abs()) > 1e-8);
    }
}

#[test]
fn the_faulty_network_without_a_fault_passes() {
    let report = check_with(Fault::None, Fault::None, Fault::None);
    assert!(report.passed(), "{report:#?}");
    assert_eq!(report.parameters.iter().map(|p| p.kinks).sum::<usize>(), 0);
}

#[test]
fn one_wrong_element_is_caught_and_located() {
    let report = check_with(Fault::OneElement, Fault::None, Fault::None);
    assert_eq!(failed(&report), ["W1"]);
    let largest = report.parameters[0].largest_error.as_ref().unwrap();
    // Element 13 of 3 filters of 3×3: filter 1, row 1, column 1.
    assert_eq!(largest.index, [1, 0, 1, 1]);
    assert!((largest.relative_error - 0.05 / 1.05).abs() < 1e-6, "{largest:?}");
    assert!((largest.backward / largest.numerical - 1.05).abs() < 1e-6, "{largest:?}");
}

#[test]
fn a_gradient_that_is_no_number_is_caught() {
    let report = check_with(Fault::NotANumber, Fault::None, Fault::None);
    assert_eq!(failed(&report), ["W1"]);
    let failures = &report.parameters[0].failures;
    assert!(matches!(
        failures[..],
        [GradientFailure::MeanDifference { .. }, GradientFailure::RelativeError { got: f64::INFINITY, .. }]
    ));
}

#[test]
fn a_wrong_sign_is_caught_in_all_layers_below() {
    let report = check_with(Fault::None, Fault::Sign, Fault::None);
    assert_eq!(failed(&report), ["W1", "b1"]);
    let largest = report.parameters[0].largest_error.as_ref().unwrap();
    assert!((largest.relative_error - 2.0).abs() < 1e-2, "{largest:?}");
}

#[test]
fn a_missing_division_by_the_batch_size_is_caught_everywhere() {
    let report = check_with(Fault::None, Fault::None, Fault::TimesN);
    assert_eq!(failed(&report), ["W1", "b1", "W2", "b2"]);
    for parameter in &report.parameters {
        let largest = parameter.largest_error.as_ref().unwrap();
        assert!((largest.backward / largest.numerical - 3.0).abs() < 0.1, "{largest:?}");
    }
}

/// Two inputs, two hidden numbers through ReLU, of which those in `at_kink` are exactly 0.
fn check_at_kinks(at_kink: [bool; 2]) -> GradientReport {
    let w1 = array![[if at_kink[0] { 0.0 } else { 1.0 }, if at_kink[1] { 0.0 } else { 1.0 }], [0.5, 0.5]];
    let affine1 = Affine::new(w1, array![0.0, 0.0]).unwrap();
    let affine2 = Affine::new(array![[1.0, 0.5], [-0.5, 1.0]], array![0.0, 0.0]).unwrap();
    let layers: Vec<Box<dyn Layer<f64>>> = vec![Box::new(affine1), Box::new(Relu), Box::new(affine2)];
    let mut network = Sequential::new(&[2], layers).unwrap();
    let x = array![[1.0, 0.0]].into_dyn();
    gradient_check(&mut network, x.view(), Labels::Classes(&[0]), &GradientCheck::default())
}

#[test]
fn kinks_are_set_apart() {
    let kinks = |report: &GradientReport| report.parameters.iter().map(|p| p.kinks).collect::<Vec<_>>();
    let none = check_at_kinks([false, false]);
    assert_eq!((kinks(&none), none.passed()), (vec![0, 0, 0, 0], true));
    // One of two elements is more than 5 %, but one is always allowed.
    let one = check_at_kinks([true, false]);
    assert_eq!((kinks(&one), one.passed()), (vec![1, 1, 0, 0], true));
    let two = check_at_kinks([true, true]);
    assert_eq!((kinks(&two), two.passed()), (vec![2, 2, 0, 0], false));
    assert_eq!(two.parameters[0].failures, [GradientFailure::Kinks { got: 2, elements: 4 }]);
    let message = two.parameters[0].failures[0].to_string();
    assert!(message.starts_with("2 of 4 elements lie at a kink"), "{message}");
}

/// A kink nearer than the step is no kink for a smaller step: the element is compared after all.
#[test]
fn kinks_close_by_are_stepped_around() {
    let kinks = |distance: f64| {
        let affine1 = Affine::new(array![[distance, 1.0]], array![0.0, 0.0]).unwrap();
        let affine2 = Affine::new(array![[1.0, 0.5], [-0.5, 1.0]], array![0.0, 0.0]).unwrap();
        let layers: Vec<Box<dyn Layer<f64>>> = vec![Box::new(affine1), Box::new(Relu), Box::new(affine2)];
        let mut network = Sequential::new(&[1], layers).unwrap();
        let x = array![[1.0]].into_dyn();
        let report = gradient_check(&mut network, x.view(), Labels::Classes(&[0]), &GradientCheck::default());
        assert!(report.passed(), "{report:#?}");
        report.parameters[0].kinks
    };
    assert_eq!([1e-4, 5e-6, 5e-7, 5e-8].map(kinks), [0, 0, 0, 1]);
}

/// With some initial weights, one of the 640 numbers before ReLU lies so near 0 that the full step crosses the kink for up
/// to a fifth of W1 (with these seeds it does). The right gradient is not called wrong for that.
#[test]
fn the_books_network_passes_with_a_kink_close_by() {
    for seed in [4, 61, 126, 194] {
        let mut network = small_network::<f64>(Init::Normal { std: 0.01 });
        let mut draw = Random::new(seed, Purpose::Weights);
        network.visit_params_mut(&mut |name, param| {
            if name.starts_with('W') {
                param.values_mut().iter_mut().for_each(|w| *w = 0.01 * draw.normal());
            }
        });
        let x = ArrayD::from_shape_simple_fn(IxDyn(&[1, 1, 10, 10]), || draw.uniform());
        let report = gradient_check(&mut network, x.view(), Labels::Classes(&[1]), &GradientCheck::default());
        assert!(report.passed(), "seed {seed}: {report:#?}");
    }
}

/// A pooling window with two equal largest numbers: a step makes the other one win.
#[test]
fn ties_of_pooling_are_kinks() {
    let w = array![[[[1.0]]]];
    let convolution = Convolution::new(w, array![0.0], Window::square(1)).unwrap();
    let pooling = Pooling::new(Window::new(1, 2));
    let affine = Affine::new(array![[1.0, -1.0]], array![0.0, 0.0]).unwrap();
    let layers: Vec<Box<dyn Layer<f64>>> = vec![Box::new(convolution), Box::new(pooling), Box::new(affine)];
    let mut network = Sequential::new(&[1, 1, 2], layers).unwrap();
    // With the weight 0, both numbers are 0; a step to either side makes one of them the larger.
    network.visit_params_mut(&mut |name, param| {
        if name == "W1" {
            param.values_mut().fill(0.0);
        }
    });
    let x = array![[[[1.0, 2.0]]]].into_dyn();
    let report = gradient_check(&mut network, x.view(), Labels::Classes(&[0]), &GradientCheck::default());
    assert_eq!(report.parameters.iter().map(|p| p.kinks).collect::<Vec<_>>(), [1, 0, 0, 0]);
    assert!(report.passed());
}

/// All layers at once; and the check leaves the network as it was, but for the gradients.
#[test]
fn every_layer_passes_and_nothing_is_changed() {
    let mut draw = Random::new(0, Purpose::Weights);
    let init = Init::HeNormal;
    let layers: Vec<Box<dyn Layer<f64>>> = vec![
        Box::new(Convolution::random(2, 3, Window::square(3).pad(1), init, &mut draw).unwrap()),
        Box::new(BatchNormalization::with_channels(3).unwrap()),
        Box::new(Tanh),
        Box::new(Pooling::new(Window::square(2).stride(2))),
        Box::new(Affine::random(3 * 2 * 2, 6, init, &mut draw).unwrap()),
        Box::new(BatchNormalization::with_channels(6).unwrap()),
        Box::new(Sigmoid),
        Box::new(Dropout::new(0.5).unwrap()),
        Box::new(Affine::random(6, 3, init, &mut draw).unwrap()),
    ];
    let mut network = Sequential::new(&[2, 4, 4], layers).unwrap();
    let x = normal(&[4, 2, 4, 4], &mut random(2));
    // Soft labels: any probabilities will do.
    let t = Array2::from_shape_fn((4, 3), |(i, k)| [0.5, 0.3, 0.2][(i + k) % 3]);
    let t = Labels::OneHot(t.view());
    // One step of training first, so that the statistics are something.
    network.forward(x.view(), &mut Tape::new());

    let values = |network: &Sequential<f64>| {
        let mut values = Vec::new();
        network.visit_params(&mut |name, param| values.push((name.to_owned(), param.value())));
        values
    };
    let before = values(&network);
    let report = gradient_check(&mut network, x.view(), t, &GradientCheck::default());
    assert!(report.passed(), "{report:#?}");
    assert_eq!(report.parameters.len(), 10);
    assert_eq!(values(&network), before);

    let (mut tape, mut last, mut dscores) = (Tape::new(), SoftmaxWithLoss::new(), Array2::zeros((4, 3)));
    let grads = |network: &Sequential<f64>| {
        let mut grads = Vec::new();
        network.visit_params(&mut |_, param| grads.push(param.grad()));
        grads
    };
    let left = grads(&network);
    network.reseed(0);
    last.forward(network.forward(x.view(), &mut tape).into_dimensionality().unwrap(), t);
    last.backward(t, dscores.view_mut());
    network.backward(x.view(), &mut tape, dscores.view().into_dyn());
    assert_eq!(grads(&network), left);
}
