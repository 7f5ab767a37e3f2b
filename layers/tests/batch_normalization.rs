//! Batch normalisation beyond the book's numbers: images, and inference.

mod common;

use common::{assert_near, normal, random};
use layers::ndarray::{ArrayD, IxDyn};
use layers::{BatchNormalization, Layer};

/// A layer for three channels that does something to each.
fn layer() -> BatchNormalization<f64> {
    let mut draw = random(0);
    let mut vector = || normal(&[3], &mut draw).into_dimensionality().unwrap();
    BatchNormalization::new(vector(), vector()).unwrap()
}

/// (N, C, H, W) as (N·H·W, C): a pixel is a sample.
fn as_rows(x: &ArrayD<f64>) -> ArrayD<f64> {
    let [n, c, h, w] = *x.shape() else { unreachable!("four axes") };
    let rows = x.view().permuted_axes(IxDyn(&[0, 2, 3, 1])).as_standard_layout().into_owned();
    rows.into_shape_with_order(IxDyn(&[n * h * w, c])).unwrap()
}

/// Images are normalised per channel: as if every pixel were a sample of its own.
#[test]
fn a_pixel_of_an_image_is_a_sample() {
    let mut draw = random(1);
    let (x, dout) = (normal(&[4, 3, 2, 5], &mut draw), normal(&[4, 3, 2, 5], &mut draw));
    let (mut images, mut rows) = (layer(), layer());
    let y = layers::forward(&mut images, &x);
    let y_rows = layers::forward(&mut rows, &as_rows(&x));
    assert_near("y", &as_rows(&y), &y_rows, 1e-14);
    let dx = layers::backward(&mut images, &x, &y, &dout);
    let dx_rows = layers::backward(&mut rows, &as_rows(&x), &y_rows, &as_rows(&dout));
    assert_near("dx", &as_rows(&dx), &dx_rows, 1e-14);
    images.visit_params(&mut |image| {
        rows.visit_params(&mut |row| {
            if row.name == image.name {
                assert_near(row.name, &image.value(), &row.value(), 1e-14);
                assert_near(row.name, &image.grad(), &row.grad(), 1e-14);
            }
        });
    });
}

/// Without momentum the running values are those of the last batch: inference on it is what training gave.
#[test]
fn inference_uses_the_running_values() {
    let x = normal(&[6, 3, 2, 2], &mut random(2));
    let mut without = layer().momentum(0.0).unwrap();
    layers::forward(&mut without, &normal(&[6, 3, 2, 2], &mut random(3)));
    let trained = layers::forward(&mut without, &x);
    assert_near("without momentum", &layers::infer(&without, &x), &trained, 1e-14);
    // With it, they come nearer to those of the batch step by step: 0.9 of the way is left after each.
    let mut with = layer();
    for step in 1..=3 {
        layers::forward(&mut with, &x);
        let part = 1.0 - 0.9_f64.powi(step);
        assert_near("mean", &with.running_mean().value(), &(&without.running_mean().value() * part), 1e-14);
        assert_near("variance", &with.running_var().value(), &(&without.running_var().value() * part), 1e-14);
    }
    // Inference leaves them alone.
    let before = with.running_mean().value();
    layers::infer(&with, &x);
    assert_eq!(with.running_mean().value(), before);
}

/// Large and nearly equal numbers: the mean is taken out before anything is squared.
#[test]
fn a_large_mean_does_not_drown_the_variance() {
    let x = normal::<f32>(&[1000, 3], &mut random(4)).mapv(|x| 10_000.0 + x);
    let mut layer = BatchNormalization::<f32>::with_channels(3).unwrap();
    layers::forward(&mut layer, &x);
    let var = layer.running_var().values().iter().map(|var| var / 0.1);
    // Four times the deviation of a variance of a thousand numbers.
    assert!(var.into_iter().all(|var| (var - 1.0).abs() < 4.0 * (2.0_f32 / 1000.0).sqrt()));
}
