//! The book's network learns one small batch by heart.

use layers::ndarray::{Array2, ArrayD, IxDyn};
use layers::{
    Affine, Convolution, Init, Labels, Pooling, Purpose, Random, Relu, Sequential, SoftmaxWithLoss, Tape, Window,
};

#[test]
fn the_books_network_learns_a_batch() {
    let mut random = Random::new(0, Purpose::Weights);
    let init = Init::HeNormal;
    let mut network = Sequential::<f32>::new(
        &[1, 8, 8],
        vec![
            Box::new(Convolution::random(1, 4, Window::square(3), init, &mut random).unwrap()),
            Box::new(Relu),
            Box::new(Pooling::new(Window::square(2).stride(2))),
            Box::new(Affine::random(4 * 3 * 3, 10, init, &mut random).unwrap()),
            Box::new(Relu),
            Box::new(Affine::random(10, 3, init, &mut random).unwrap()),
        ],
    )
    .unwrap();
    assert_eq!(network.names(), ["Conv1", "Relu1", "Pool1", "Affine1", "Relu2", "Affine2"]);
    let mut names = Vec::new();
    network.visit_params(&mut |name, _| names.push(name.to_owned()));
    assert_eq!(names, ["W1", "b1", "W2", "b2", "W3", "b3"]);

    let x = ArrayD::from_shape_simple_fn(IxDyn(&[6, 1, 8, 8]), || random.uniform() as f32);
    let t = Labels::Classes(&[0, 1, 2, 0, 1, 2]);
    let (mut tape, mut loss_layer, mut dscores) = (Tape::new(), SoftmaxWithLoss::new(), Array2::zeros((6, 3)));
    let mut losses = Vec::new();
    for _ in 0..400 {
        let scores = network.forward(x.view(), &mut tape).into_dimensionality().unwrap();
        losses.push(loss_layer.forward(scores, t));
        loss_layer.backward(t, dscores.view_mut());
        network.backward(x.view(), &mut tape, dscores.view().into_dyn());
        network.visit_params_mut(&mut |_, param| {
            let (value, grad) = param.value_and_grad_mut();
            value.iter_mut().zip(grad).for_each(|(v, g)| *v -= 0.1 * *g);
        });
    }
    assert!(losses[399] < losses[0] / 10.0, "{losses:?}");
    let scores = network.predict(x.view()).into_dimensionality().unwrap();
    assert!(loss_layer.forward(scores.view(), t) < losses[0] / 10.0);
}
