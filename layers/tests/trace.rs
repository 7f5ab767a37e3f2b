//! What a network shows of its inside is what it computes.

mod common;

use common::{Case, apart, bits, every_layer, normal, random, small_network};
use layers::ndarray::ArrayD;
use layers::{Affine, Init, Layer, Sequential, Tape};

/// Every kind of layer in a network of its own, with an affine layer behind.
fn networks() -> Vec<(String, Sequential, ArrayD<f32>)> {
    let mut all = Vec::new();
    for case in every_layer::<f32>() {
        let (name, x) = (case.name(), apart(&case.batch(3), &mut random(1)));
        let Case { layer, input } = case;
        let len = layer.output_shape(&input).unwrap().iter().product();
        let affine = Affine::random(len, 4, Init::Normal { std: 0.5 }, &mut random(2)).unwrap();
        all.push((name, Sequential::new(&input, vec![layer, Box::new(affine) as Box<dyn Layer>]).unwrap(), x));
    }
    let x = normal(&[3, 1, 10, 10], &mut random(3));
    all.push(("the book's".into(), small_network(Init::Normal { std: 0.3 }), x));
    all
}

#[test]
fn a_trace_ends_with_the_bits_of_a_prediction() {
    for (name, network, x) in networks() {
        let trace = network.trace(x.view());
        assert!(trace.iter().map(|activation| &activation.layer).eq(network.names()), "{name}");
        for (activation, shape) in trace.iter().zip(network.shapes()) {
            assert_eq!(activation.output.shape()[1..], shape[..], "{name}");
        }
        assert_eq!(bits(&trace.last().unwrap().output), bits(&network.predict(x.view())), "{name}");
    }
}

#[test]
fn a_traced_step_is_a_step() {
    for (name, mut network, x) in networks() {
        let dout = normal(&[3, network.output_shape()[0]], &mut random(4));
        let steps = network.trace_step(x.view(), |_| dout.clone());
        let traced: Vec<_> = steps.iter().flat_map(|step| step.gradients.clone()).collect();

        let mut tape = Tape::new();
        network.reseed(0);
        let scores = network.forward(x.view(), &mut tape).to_owned();
        network.backward(x.view(), &mut tape, dout.view());
        assert_eq!(bits(&steps.last().unwrap().output), bits(&scores), "{name}");
        let mut gradients = Vec::new();
        network.visit_params(&mut |name, param| {
            if param.learned {
                gradients.push((name.to_owned(), param.grad()));
            }
        });
        assert_eq!(traced.len(), gradients.len(), "{name}");
        for ((name_of_one, one), (name_of_other, other)) in traced.iter().zip(&gradients) {
            assert_eq!(name_of_one, name_of_other);
            common::assert_near(&format!("{name}: {name_of_one}"), one, other, 1e-6);
        }
        // What leaves a layer comes to the one before.
        for pair in steps.windows(2) {
            assert_eq!(
                (pair[0].dout.shape(), bits(&pair[0].dout)),
                (pair[0].output.shape(), bits(&pair[1].dx)),
                "{name}"
            );
        }
        assert_eq!((steps[0].dx.shape(), bits(&steps.last().unwrap().dout)), (x.shape(), bits(&dout)), "{name}");
    }
}
