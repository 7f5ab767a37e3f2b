//! Dropout's masks.

mod common;

use common::{bits, normal, random};
use layers::ndarray::{ArrayD, IxDyn};
use layers::{Dropout, Layer};

fn reseeded(ratio: f64, seed: u64) -> Dropout {
    let mut layer = Dropout::new(ratio).unwrap();
    Layer::<f64>::reseed(&mut layer, seed, 0);
    layer
}

#[test]
fn as_many_are_dropped_as_the_ratio_says() {
    let n = 100_000;
    let x = ArrayD::from_elem(IxDyn(&[1, n]), 1.0);
    for ratio in [0.0, 0.1, 0.5, 0.9] {
        let y = layers::forward(&mut reseeded(ratio, 1), &x);
        let dropped = y.iter().filter(|&&y: &&f64| y == 0.0).count() as f64 / n as f64;
        // Four times the deviation of such a count.
        assert!((dropped - ratio).abs() <= 4.0 * (ratio * (1.0 - ratio) / n as f64).sqrt(), "{dropped} of {ratio}");
        assert!(y.iter().all(|&y| y == 0.0 || y == 1.0));
    }
}

/// The book's form: inference gives the mean over the masks.
#[test]
fn inference_gives_the_mean_of_training() {
    let x = normal::<f64>(&[2, 3], &mut random(0));
    let mut layer = reseeded(0.25, 2);
    let passes = 40_000;
    let mut sum = ArrayD::<f64>::zeros(x.raw_dim());
    for _ in 0..passes {
        sum += &layers::forward(&mut layer, &x);
    }
    let y = layers::infer(&layer, &x);
    assert_eq!(y, &x * 0.75);
    for ((mean, y), x) in (sum / f64::from(passes)).iter().zip(&y).zip(&x) {
        let deviation = x.abs() * (0.25 * 0.75 / f64::from(passes)).sqrt();
        assert!((mean - y).abs() <= 4.0 * deviation, "{mean}, expected {y}");
    }
}

#[test]
fn each_step_has_a_mask_of_its_own_and_a_seed_repeats_them() {
    let x = ArrayD::from_elem(IxDyn(&[4, 25]), 1.0_f64);
    let steps = |seed| {
        let mut layer = reseeded(0.5, seed);
        [0, 1, 2].map(|_| bits(&layers::forward(&mut layer, &x)))
    };
    let first = steps(3);
    assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
    assert_eq!(first, steps(3));
    assert_ne!(first, steps(4));
}
