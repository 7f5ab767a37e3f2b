//! The book's networks, against numbers that the book's NumPy code computed.

#[allow(unreachable_pub)]
#[path = "../../tensor/tests/golden/mod.rs"]
mod golden;

use std::path::PathBuf;

use datasets::{MnistKind, Scaling, Splits, mnist};
use layers::Labels;
use layers::ndarray::{ArrayD, ArrayView2, Ix4};
use model::formats::{Element, WeightFile, pickle};
use model::{ConvParam, Network, SimpleConvNet, smooth_curve};
use optim::{OptimizerKind, Steps};
use tensor::Real;

const NAMES: [&str; 6] = ["W1", "b1", "W2", "b2", "W3", "b3"];

/// Gives the network the parameters of the file.
fn set_params<F: Real>(network: &mut Network<F>, file: &mut golden::Golden) {
    for name in NAMES {
        let value = file.array(&format!("param_{name}")).map(|&v| F::from_f64(v));
        network.set_param(name, value.view()).unwrap();
    }
}

/// The book's loss, which adds 1e-7 inside the logarithm, of our probabilities. (Ours does not: see `Network::loss`.)
fn book_loss<F: Real>(probabilities: ArrayView2<'_, F>, t: &[usize]) -> f64 {
    let sum: f64 = probabilities.outer_iter().zip(t).map(|(y, &t)| -(y[t].to_f64() + 1e-7).ln()).sum();
    sum / t.len() as f64
}

#[test]
fn the_gradient_checks_network() {
    let mut file = golden::open("small_net.npz");
    let conv_param = ConvParam { filter_num: 10, filter_size: 3, pad: 0, stride: 1 };
    let settings = SimpleConvNet { input_dim: [1, 10, 10], conv_param, hidden_size: 10, ..SimpleConvNet::default() };
    let mut network = settings.build::<f64>(0).unwrap();
    set_params(&mut network, &mut file);
    let x = file.array("x").into_dimensionality::<Ix4>().unwrap();
    let t = file.integers("t");
    let labels = Labels::Classes(&t);

    golden::assert_close("logits", &network.predict(x.view()), &file.array("logits"), 1e-10);
    let loss = network.gradient(x.view(), labels);
    let expected = file.array("loss");
    golden::assert_close("loss", &[book_loss(network.probabilities(), &t)], &expected, 1e-10);
    assert!((loss - expected.first().unwrap()).abs() < 1e-5, "{loss}, the book's {expected}");

    let mut grads = Vec::new();
    network.visit_params(&mut |name, param| grads.push((name.to_string(), param.grad())));
    assert!(grads.iter().map(|(name, _)| name.as_str()).eq(NAMES));
    for (name, grad) in &grads {
        let expected = file.array(&format!("grad_{name}"));
        assert_eq!(grad.shape(), expected.shape(), "{name}");
        golden::assert_close(&format!("grad_{name}"), grad, &expected, 1e-10);
    }
}

/// Ten steps of Adam on the first hundred images of MNIST, ten at a time: the ten losses in the book's form, then `W1`
/// and `b3`.
fn ten_adam_steps<F: Steps>(images: &[f32], labels: &[u8]) -> (Vec<f64>, ArrayD<F>, ArrayD<F>) {
    let mut file = golden::open("mnist_ten_adam_steps.npz");
    let mut network = SimpleConvNet::default().build::<F>(0).unwrap();
    set_params(&mut network, &mut file);
    let mut optimizer = OptimizerKind::Adam.config().build::<F>().unwrap();
    let mut losses = Vec::new();
    for (x, t) in images.chunks_exact(10 * 28 * 28).zip(labels.chunks_exact(10)).take(10) {
        let x = x.iter().map(|&v| F::from_f64(f64::from(v))).collect();
        let x = ArrayD::from_shape_vec(vec![10, 1, 28, 28], x).unwrap();
        let t: Vec<usize> = t.iter().map(|&t| usize::from(t)).collect();
        network.gradient(x.view(), Labels::Classes(&t));
        losses.push(book_loss(network.probabilities(), &t));
        optimizer.begin_step();
        let mut slot = 0;
        network.visit_params_mut(&mut |_, param| {
            let (value, grad) = param.value_and_grad_mut();
            optimizer.update(slot, value, grad);
            slot += 1;
        });
    }
    (losses, network.param("W1").unwrap(), network.param("b3").unwrap())
}

#[test]
fn ten_adam_steps_on_mnist() {
    let Some(dir) = std::env::var_os("MNIST_DIR").map(PathBuf::from) else {
        println!("skipped: ten Adam steps on MNIST, for MNIST_DIR is not set");
        return;
    };
    let train = mnist::load(MnistKind::Mnist, &dir).unwrap().train.limit(100);
    let images: Vec<f32> = train.images(Scaling::Unit).into_iter().collect();
    let mut file = golden::open("mnist_ten_adam_steps.npz");
    let expected = ["losses_before_each_step", "final_W1", "final_b3"].map(|name| file.array(name));

    let (losses, w1, b3) = ten_adam_steps::<f64>(&images, train.labels());
    golden::assert_close("losses in f64", &losses, &expected[0], 1e-9);
    golden::assert_close("final_W1 in f64", &w1, &expected[1], 1e-9);
    golden::assert_close("final_b3 in f64", &b3, &expected[2], 1e-9);

    let (losses, w1, b3) = ten_adam_steps::<f32>(&images, train.labels());
    golden::assert_close("losses in f32", &losses, &expected[0], 1e-4);
    golden::assert_close("final_W1 in f32", &w1, &expected[1], 1e-4);
    golden::assert_close("final_b3 in f32", &b3, &expected[2], 1e-4);
}

/// The book's own trained network, which `BOOK_DIR` names the folder of: scores and counts that the book's code has.
#[test]
fn the_books_trained_weights() {
    let [Some(book), Some(mnist)] = ["BOOK_DIR", "MNIST_DIR"].map(|name| std::env::var_os(name).map(PathBuf::from))
    else {
        println!("skipped: the book's trained weights, for BOOK_DIR or MNIST_DIR is not set");
        return;
    };
    let bytes = std::fs::read(book.join("params.pkl")).unwrap();
    let file = WeightFile::from_bytes(&bytes).unwrap();
    assert!(pickle::write(&file.arrays, Element::F64) == bytes, "written as Python wrote it");
    let network = file.network::<f64>(None).unwrap();
    assert_eq!(*network.spec(), SimpleConvNet::default().spec());

    let Splits { train, test } = mnist::load(MnistKind::Mnist, &mnist).unwrap();
    let scores = golden::open("book_params_scores.npz").array("scores");
    let x = test.clone().limit(100).images(Scaling::Unit);
    golden::assert_close("scores in f64", &network.predict(x.map(|&v| f64::from(v)).view()), &scores, 1e-9);
    golden::assert_close("scores in f32", &network.cast::<f32>().predict(x.view()), &scores, 1e-5);
    for (part, data) in [("test", test), ("training", train.limit(10_000))] {
        let t: Vec<usize> = data.labels().iter().map(|&label| usize::from(label)).collect();
        let x = data.images(Scaling::Unit);
        assert_eq!(network.cast::<f32>().accuracy(x.view(), Labels::Classes(&t), 100), 0.96, "{part}, f32");
        if part == "test" {
            let x = x.map(|&v| f64::from(v));
            assert_eq!(network.accuracy(x.view(), Labels::Classes(&t), 100), 0.96, "{part}, f64");
        }
    }
}

#[test]
fn the_books_smoothed_curve() {
    let mut file = golden::open("layers.npz");
    let curve: Vec<f64> = file.array("curve").iter().copied().collect();
    golden::assert_close("curve_smooth", &smooth_curve(&curve), &file.array("curve_smooth"), 1e-10);
}
