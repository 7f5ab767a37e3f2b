//! Against the numbers of the book's own NumPy code: every element within 1e-10 of the array's largest magnitude.

#[allow(unreachable_pub)] // a file of tests, shared among packages
#[path = "../../tensor/tests/golden/mod.rs"]
mod golden;

use golden::assert_close;
use layers::ndarray::{Array1, Array2, ArrayD, Ix1, Ix2, Ix4, IxDyn};
use layers::{
    Affine, BatchNormalization, Convolution, Labels, Layer, Pooling, Real, Relu, Sequential, SoftmaxWithLoss, Tape,
    Window,
};

const TOLERANCE: f64 = 1e-10;

/// The book's loss: it adds 1e-7 inside the logarithm, which ours leaves out.
fn book_loss(y: &Array2<f64>, t: &[usize]) -> f64 {
    t.iter().enumerate().map(|(i, &t)| -(y[[i, t]] + 1e-7).ln()).sum::<f64>() / t.len() as f64
}

fn small_net<F: Real>(golden: &mut golden::Golden) -> Sequential<F> {
    let mut array = |name: &str| golden.array(name).mapv(F::from_f64);
    let mut affine = |w: &str, b: &str| {
        let w = array(w).into_dimensionality::<Ix2>().unwrap();
        Affine::new(w, array(b).into_dimensionality::<Ix1>().unwrap()).unwrap()
    };
    let (affine1, affine2) = (affine("param_W2", "param_b2"), affine("param_W3", "param_b3"));
    let w = array("param_W1").into_dimensionality::<Ix4>().unwrap();
    let b = array("param_b1").into_dimensionality::<Ix1>().unwrap();
    let layers: Vec<Box<dyn Layer<F>>> = vec![
        Box::new(Convolution::new(w, b, Window::square(3)).unwrap()),
        Box::new(Relu),
        Box::new(Pooling::new(Window::square(2).stride(2))),
        Box::new(affine1),
        Box::new(Relu),
        Box::new(affine2),
    ];
    Sequential::new(&[1, 10, 10], layers).unwrap()
}

fn check_small_net<F: Real>(one_hot: bool, tolerance: f64) {
    let mut golden = golden::open("small_net.npz");
    let mut network = small_net::<F>(&mut golden);
    let x = golden.array("x").mapv(F::from_f64);
    let classes = golden.integers("t");
    let rows = Array2::from_shape_fn((4, 10), |(i, k)| if classes[i] == k { F::ONE } else { F::ZERO });
    let t = if one_hot { Labels::OneHot(rows.view()) } else { Labels::Classes(&classes) };

    let (mut tape, mut last) = (Tape::new(), SoftmaxWithLoss::new());
    let scores = network.forward(x.view(), &mut tape);
    assert_close("logits", &scores, &golden.array("logits"), tolerance);
    let loss = last.forward(scores.into_dimensionality().unwrap(), t).to_f64();
    let y = last.probabilities().mapv(|y| y.to_f64());
    assert_close("loss with the book's 1e-7", &[book_loss(&y, &classes)], &golden.array("loss"), tolerance);
    let exact = classes.iter().enumerate().map(|(i, &t)| -y[[i, t]].ln()).sum::<f64>() / 4.0;
    assert!((loss - exact).abs() <= tolerance * exact, "our loss is exact: {loss}, expected {exact}");

    let mut dscores = Array2::zeros((4, 10));
    last.backward(t, dscores.view_mut());
    network.backward(x.view(), &mut tape, dscores.view().into_dyn());
    let mut compared = 0;
    network.visit_params(&mut |name, param| {
        let expected = golden.array(&format!("grad_{name}"));
        assert_eq!(param.grad().shape(), expected.shape(), "{name}");
        assert_close(name, &param.grad(), &expected, tolerance);
        compared += 1;
    });
    assert_eq!(compared, 6);
    assert_close("predict", &network.predict(x.view()), &golden.array("logits"), tolerance);
}

#[test]
fn the_books_network_scores_loss_and_gradients() {
    check_small_net::<f64>(false, TOLERANCE);
    check_small_net::<f64>(true, TOLERANCE);
}

/// In `f32` a sum of 160 products keeps about six digits.
#[test]
fn the_books_network_in_single_precision() {
    check_small_net::<f32>(false, 1e-5);
}

#[test]
fn softmax_with_loss() {
    let mut golden = golden::open("layers.npz");
    let x = golden.array("sm_x").into_dimensionality::<Ix2>().unwrap();
    let t = golden.integers("sm_t");
    let mut layer = SoftmaxWithLoss::new();
    layer.forward(x.view(), Labels::Classes(&t));
    let y = layer.probabilities().to_owned();
    assert_close("y", &y, &golden.array("sm_y"), TOLERANCE);
    assert_close("loss", &[book_loss(&y, &t)], &golden.array("sm_loss"), TOLERANCE);
    let mut dx = Array2::zeros(x.raw_dim());
    layer.backward(Labels::Classes(&t), dx.view_mut());
    assert_close("dx", &dx, &golden.array("sm_dx"), TOLERANCE);
}

/// The book normalises images per pixel and channel: as vectors of 48 numbers.
#[test]
fn batch_normalization() {
    let mut golden = golden::open("layers.npz");
    let flat = |a: ArrayD<f64>| a.into_shape_with_order(IxDyn(&[6, 48])).unwrap();
    let vector = |a: ArrayD<f64>| -> Array1<f64> { a.into_shape_with_order(48).unwrap() };
    let x = flat(golden.array("bn_x"));
    let (gamma, beta) = (vector(golden.array("bn_gamma")), vector(golden.array("bn_beta")));
    let mut layer = BatchNormalization::new(gamma, beta).unwrap();
    let y = layers::forward(&mut layer, &x);
    assert_close("y", &y, &golden.array("bn_y"), TOLERANCE);
    let dx = layers::backward(&mut layer, &x, &y, &flat(golden.array("bn_dy")));
    assert_close("dx", &dx, &golden.array("bn_dx"), TOLERANCE);
    assert_close("dgamma", &layer.gamma().grad(), &golden.array("bn_dgamma"), TOLERANCE);
    assert_close("dbeta", &layer.beta().grad(), &golden.array("bn_dbeta"), TOLERANCE);
    assert_close("running_mean", &layer.running_mean().value(), &golden.array("bn_running_mean"), TOLERANCE);
    assert_close("running_var", &layer.running_var().value(), &golden.array("bn_running_var"), TOLERANCE);
}
