//! What several test programs need.
#![allow(dead_code, unreachable_pub)] // each test program uses its own part

use std::panic::{AssertUnwindSafe, catch_unwind};

use layers::ndarray::{ArrayD, IxDyn};
use layers::{
    Affine, AveragePooling, BatchNormalization, Convolution, Dropout, Init, Layer, Pooling, Purpose, Random, Real,
    Relu, Sequential, Sigmoid, Tanh, Window,
};

/// A stream of its own for each place in a test.
pub fn random(number: u32) -> Random {
    Random::new(7, Purpose::Other(number))
}

/// Numbers from the standard normal distribution.
pub fn normal<F: Real>(shape: &[usize], random: &mut Random) -> ArrayD<F> {
    ArrayD::from_shape_simple_fn(IxDyn(shape), || F::from_f64(random.normal()))
}

/// Numbers in random order, each at least 0.1 from any other and 0.05 from zero: no small step crosses a kink of ReLU or
/// changes which element is the largest.
pub fn apart<F: Real>(shape: &[usize], random: &mut Random) -> ArrayD<F> {
    let len = shape.iter().product::<usize>();
    let mut values: Vec<f64> = (0..len).map(|i| 0.1 * (i as f64 - (len / 2) as f64) + 0.05).collect();
    for i in (1..len).rev() {
        values.swap(i, (random.uniform() * (i + 1) as f64) as usize);
    }
    ArrayD::from_shape_vec(IxDyn(shape), values.into_iter().map(F::from_f64).collect()).unwrap()
}

/// A layer with the shape of an input for it, without the batch axis.
pub struct Case<F: Real> {
    pub layer: Box<dyn Layer<F>>,
    pub input: Vec<usize>,
}

impl<F: Real> Case<F> {
    fn new(input: &[usize], layer: impl Layer<F>) -> Self {
        Case { layer: Box::new(layer), input: input.to_vec() }
    }

    pub fn batch(&self, n: usize) -> Vec<usize> {
        [&[n], &self.input[..]].concat()
    }

    /// For messages.
    pub fn name(&self) -> String {
        format!("{} of {} over {:?}", self.layer.kind(), F::NAME, self.input)
    }
}

/// Every layer, some in several forms; the same for both number types.
pub fn every_layer<F: Real>() -> Vec<Case<F>> {
    let mut random = random(0);
    let init = Init::Normal { std: 1.0 };
    let uneven = Window { stride: [2, 1], pad: [1, 2], ..Window::new(3, 2) };
    let overlapping = Window::square(3).stride(2).pad(1);
    let with_biases = |mut layer: Convolution<F>, random: &mut Random| {
        let mut draw = |b: &mut F| *b = F::from_f64(random.normal());
        layer.visit_params_mut(&mut |p| {
            if p.name == "b" {
                p.values_mut().iter_mut().for_each(&mut draw);
            }
        });
        layer
    };
    let convolution = Convolution::random(2, 3, uneven, init, &mut random).unwrap();
    let convolution = with_biases(convolution, &mut random);
    let affine = Affine::new(
        normal(&[12, 5], &mut random).into_dimensionality().unwrap(),
        normal(&[5], &mut random).into_dimensionality().unwrap(),
    );
    let mut normalised = |channels: usize| {
        let mut draw = || normal(&[channels], &mut random).into_dimensionality::<layers::ndarray::Ix1>().unwrap();
        BatchNormalization::new(draw(), draw()).unwrap()
    };
    vec![
        Case::new(&[2, 5, 4], convolution),
        Case::new(&[2, 4, 6], Pooling::new(Window::square(2).stride(2))),
        Case::new(&[2, 5, 7], Pooling::new(overlapping)),
        Case::new(&[2, 4, 6], AveragePooling::new(Window::square(2).stride(2))),
        Case::new(&[2, 5, 7], AveragePooling::new(overlapping)),
        Case::new(&[3, 2, 2], affine.unwrap()),
        Case::new(&[2, 3, 3], Relu),
        Case::new(&[2, 3, 3], Sigmoid),
        Case::new(&[2, 3, 3], Tanh),
        Case::new(&[2, 3, 3], Dropout::new(0.3).unwrap()),
        Case::new(&[4], normalised(4)),
        Case::new(&[3, 2, 2], normalised(3)),
    ]
}

/// The book's network, small: 1×10×10, 10 filters 3×3, hidden 10, 10 classes.
pub fn small_network<F: Real>(init: Init) -> Sequential<F> {
    let mut random = Random::new(0, Purpose::Weights);
    let conv = Convolution::random(1, 10, Window::square(3), init, &mut random).unwrap();
    let affine1 = Affine::random(160, 10, init, &mut random).unwrap();
    let affine2 = Affine::random(10, 10, init, &mut random).unwrap();
    let pool = Pooling::new(Window::square(2).stride(2));
    let layers: Vec<Box<dyn Layer<F>>> =
        vec![Box::new(conv), Box::new(Relu), Box::new(pool), Box::new(affine1), Box::new(Relu), Box::new(affine2)];
    Sequential::new(&[1, 10, 10], layers).unwrap()
}

/// The sum of the products of the elements.
pub fn dot<F: Real>(a: &ArrayD<F>, b: &ArrayD<F>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}

/// Asserts that every element is within `tolerance` times the largest magnitude in `expected` (or 1, if that is less).
#[track_caller]
pub fn assert_near<F: Real, G: Real>(what: &str, got: &ArrayD<F>, expected: &ArrayD<G>, tolerance: f64) {
    assert_eq!(got.shape(), expected.shape(), "{what}");
    let largest = expected.iter().fold(1.0_f64, |a, v| a.max(v.to_f64().abs()));
    for ((index, g), e) in got.indexed_iter().zip(expected) {
        let difference = (g.to_f64() - e.to_f64()).abs();
        assert!(difference <= tolerance * largest, "{what}: {index:?} is {g:e}, expected {e:e}, off by {difference:e}");
    }
}

/// The bits of all elements, so that NaN equals NaN and 0 is not −0.
pub fn bits<'a, F: Real>(a: impl IntoIterator<Item = &'a F>) -> Vec<u64> {
    a.into_iter().map(|v| v.to_f64().to_bits()).collect()
}

/// The message of the panic that `f` ends with.
#[track_caller]
pub fn panic_message<R>(f: impl FnOnce() -> R) -> String {
    let payload = match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("expected a panic"),
        Err(payload) => payload,
    };
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).expect("a message")
}
