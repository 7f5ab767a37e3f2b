//! The last layer, by hand and at its limits.

mod common;

use common::{assert_near, normal, panic_message, random};
use layers::ndarray::{Array2, ArrayD, array};
use layers::{Labels, Real, SoftmaxWithLoss, numerical_gradient, softmax};

fn loss<F: Real>(scores: &Array2<F>, t: Labels<'_, F>) -> F {
    SoftmaxWithLoss::new().forward(scores.view(), t)
}

fn gradient<F: Real>(scores: &Array2<F>, t: Labels<'_, F>) -> Array2<F> {
    let mut last = SoftmaxWithLoss::new();
    last.forward(scores.view(), t);
    let mut dx = Array2::from_elem(scores.raw_dim(), F::from_f64(f64::NAN)); // backward overwrites
    last.backward(t, dx.view_mut());
    dx
}

#[test]
fn ten_equal_scores_cost_ln_10() {
    let scores = Array2::<f64>::zeros((3, 10));
    assert!((loss(&scores, Labels::Classes(&[0, 5, 9])) - 10_f64.ln()).abs() < 1e-15);
}

#[test]
fn the_gradient_is_that_of_differences_for_any_labels() {
    let mut x = normal::<f64>(&[4, 5], &mut random(0));
    let soft = Array2::from_shape_fn((4, 5), |(i, k)| [0.4, 0.3, 0.2, 0.1, 0.0][(i + k) % 5]);
    for t in [Labels::Classes(&[4, 0, 2, 2]), Labels::OneHot(soft.view())] {
        let scores = |x: &ArrayD<f64>| x.clone().into_dimensionality().unwrap();
        let expected = numerical_gradient(|x| loss(&scores(x), t), &mut x, 1e-5);
        let got = gradient(&scores(&x), t).into_dyn();
        // Of a loss of the order of 1, a difference of this step knows some ten digits.
        assert_near("dx", &got, &expected, 1e-9);
    }
}

#[test]
fn classes_and_one_hot_rows_are_the_same() {
    let x = normal::<f32>(&[3, 4], &mut random(1)).into_dimensionality().unwrap();
    let rows = array![[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]];
    let (classes, rows) = (Labels::Classes(&[2, 0, 3]), Labels::OneHot(rows.view()));
    assert_eq!(loss(&x, classes), loss(&x, rows));
    assert_eq!(gradient(&x, classes), gradient(&x, rows));
}

/// Where the probability of the label rounds to 0, the book's loss stops at −ln 1e-7 = 16.1; ours goes on.
#[test]
fn large_scores_do_not_overflow() {
    let scores = array![[1000.0_f32, 0.0, -1000.0]];
    assert_eq!(loss(&scores, Labels::Classes(&[0])), 0.0);
    assert_eq!(loss(&scores, Labels::Classes(&[2])), 2000.0);
    assert_eq!(gradient(&scores, Labels::Classes(&[2])), array![[1.0, 0.0, -1.0]]);
    // A class that cannot be, and is not: its label of 0 times an infinite logarithm is no NaN.
    let scores = array![[0.0_f64, f64::NEG_INFINITY]];
    assert_eq!(loss(&scores, Labels::OneHot(array![[1.0, 0.0]].view())), 0.0);
}

#[test]
fn nan_passes_through() {
    let scores = array![[0.0_f32, f32::NAN], [1.0, 2.0]];
    for t in [Labels::Classes(&[0, 1]), Labels::OneHot(array![[1.0, 0.0], [0.0, 1.0]].view())] {
        assert!(loss(&scores, t).is_nan());
        let dx = gradient(&scores, t);
        assert!(dx.row(0).iter().all(|d| d.is_nan()) && dx.row(1).iter().all(|d| d.is_finite()));
    }
    let all_nan = array![[f32::NAN, f32::NAN]];
    assert!(loss(&all_nan, Labels::Classes(&[0])).is_nan());
}

#[test]
fn probabilities_are_those_of_softmax_in_any_memory_order() {
    let x = normal::<f64>(&[3, 4], &mut random(2)).into_dimensionality::<layers::ndarray::Ix2>().unwrap();
    let mut last = SoftmaxWithLoss::new();
    last.forward(Array2::zeros((7, 4)).view(), Labels::Classes(&[0; 7])); // a larger batch before
    last.forward(x.view(), Labels::Classes(&[0, 1, 2]));
    let mut y = Array2::zeros((3, 4));
    softmax(x.view(), y.view_mut());
    assert_eq!(y, last.probabilities());
    let mut turned = Array2::zeros((4, 3));
    softmax(x.view(), turned.view_mut().reversed_axes());
    assert_eq!(turned.t(), y);
    assert!(y.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-15));
}

#[test]
fn what_does_not_belong_together_panics_with_the_facts() {
    let scores = Array2::<f32>::zeros((2, 3));
    let message = |t: Labels<'_>| panic_message(|| loss(&scores, t));
    assert_eq!(message(Labels::Classes(&[0])), "SoftmaxWithLoss: 2 samples, but 1 labels");
    let expected = "SoftmaxWithLoss: sample 1 has the label 3, but the scores are of 3 classes (from 0)";
    assert_eq!(message(Labels::Classes(&[0, 3])), expected);
    let expected = "SoftmaxWithLoss: t has shape [2, 4], the scores [2, 3]";
    assert_eq!(message(Labels::OneHot(Array2::zeros((2, 4)).view())), expected);
    let empty = panic_message(|| loss(&Array2::<f32>::zeros((0, 3)), Labels::Classes(&[])));
    assert!(empty.contains("[0, 3], expected a batch that is not empty"), "{empty}");
    let last = SoftmaxWithLoss::<f32>::new();
    let t = Labels::Classes(&[0, 1]);
    let early = panic_message(|| last.backward(t, Array2::zeros((2, 3)).view_mut()));
    assert!(early.contains("dx has shape (2, 3), the scores had (0, 0)"), "{early}");
}

#[test]
fn labels_are_cut_like_batches() {
    let rows = array![[0.0_f32, 1.0], [1.0, 0.0], [0.0, 1.0]];
    for t in [Labels::Classes(&[1, 0, 1]), Labels::OneHot(rows.view())] {
        assert_eq!((t.len(), t.is_empty()), (3, false));
        let end = t.slice(1..3);
        assert_eq!((0..end.len()).map(|i| end.class(i)).collect::<Vec<_>>(), [0, 1]);
        assert!(t.slice(2..2).is_empty());
    }
}
