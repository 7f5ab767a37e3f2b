//! Tells horizontal strokes from vertical ones: a convolutional network of one's own from `layers` and `tensor`.

use layers::ndarray::{Array4, ArrayD, Axis};
use layers::{
    Affine, Convolution, Init, Labels, Layer, Pooling, Purpose, Random, Relu, Sequential, SoftmaxWithLoss, Tape,
};
use tensor::{Real, Window};

const SIDE: usize = 8;

/// One stroke through an empty image, in a place that goes round with `i`: horizontal for even `i`, vertical for odd.
fn strokes(count: usize) -> (ArrayD<f32>, Vec<usize>) {
    let classes: Vec<usize> = (0..count).map(|i| i % 2).collect();
    let images = Array4::from_shape_fn((count, 1, SIDE, SIDE), |(i, _, y, x)| {
        let across = if classes[i] == 0 { y } else { x };
        if across == i / 2 % SIDE { f32::ONE } else { f32::ZERO }
    });
    (images.into_dyn(), classes)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut random = Random::new(0, Purpose::Weights);
    let layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Convolution::random(1, 4, Window::square(3), Init::HeNormal, &mut random)?),
        Box::new(Relu),
        Box::new(Pooling::new(Window::square(2).stride(2))),
        Box::new(Affine::random(4 * 3 * 3, 2, Init::HeNormal, &mut random)?),
    ];
    let mut network = Sequential::new(&[1, SIDE, SIDE], layers)?;
    let (x, t) = strokes(32);
    let (mut loss, mut tape) = (SoftmaxWithLoss::new(), Tape::new());
    for step in 0..=60 {
        let scores = network.forward(x.view(), &mut tape).into_dimensionality()?;
        let mean = loss.forward(scores, Labels::Classes(&t));
        if step % 20 == 0 {
            println!("step {step:2}: loss {mean:.4}");
        }
        let mut dscores = ArrayD::zeros(vec![x.len_of(Axis(0)), 2]).into_dimensionality()?;
        loss.backward(Labels::Classes(&t), dscores.view_mut());
        network.backward(x.view(), &mut tape, dscores.view().into_dyn());
        // Plain gradient descent. The crate `optim` has six better ways.
        network.visit_params_mut(&mut |_, param| {
            let (w, dw) = param.value_and_grad_mut();
            w.iter_mut().zip(dw).for_each(|(w, dw)| *w -= 0.5 * *dw);
        });
    }

    let scores = network.predict(x.view());
    let right = scores.outer_iter().zip(&t).filter(|(row, t)| usize::from(row[[1]] > row[[0]]) == **t).count();
    println!("{right} of {} strokes are told apart", t.len());
    assert_eq!(right, t.len());
    Ok(())
}
