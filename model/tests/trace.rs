//! What a network shows of its inside is what it computes, for networks of every layer.

use layers::ndarray::{ArrayD, IxDyn};
use layers::{Init, Labels, Purpose, Random, Window};
use model::{LayerSpec, Network, NetworkSpec, SimpleConvNet};

fn deep() -> NetworkSpec {
    let init = Init::Normal { std: 0.3 };
    let convolution = |filters| LayerSpec::Convolution { filters, window: Window::square(3).pad(1), init };
    let pool = LayerSpec::MaxPool { window: Window::square(2).stride(2) };
    let normalization = LayerSpec::BatchNormalization { momentum: 0.9 };
    let layers = vec![
        convolution(4),
        normalization,
        LayerSpec::Relu,
        convolution(5),
        LayerSpec::Relu,
        pool,
        LayerSpec::Affine { outputs: 12, init },
        LayerSpec::Tanh,
        LayerSpec::Dropout { ratio: 0.4 },
        LayerSpec::Affine { outputs: 10, init },
    ];
    NetworkSpec { input: vec![2, 8, 8], layers }
}

fn batch(n: usize, network: &Network) -> ArrayD<f32> {
    let mut random = Random::new(5, Purpose::Other(0));
    let shape = [&[n], network.input_shape()].concat();
    ArrayD::from_shape_simple_fn(IxDyn(&shape), || random.uniform() as f32)
}

fn bits(values: &ArrayD<f32>) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn traces_have_the_bits_of_prediction_and_gradient_and_leave_the_network_alone() {
    for spec in [SimpleConvNet::default().spec(), deep()] {
        let mut network = Network::<f32>::build(spec, 1).unwrap();
        let (x, t) = (batch(3, &network), Labels::Classes(&[3, 0, 9]));
        let before = network.to_bytes();
        let trace = network.trace(x.view());
        assert_eq!(bits(&trace.last().unwrap().output), bits(&network.predict(x.view()).into_dyn()));

        let step = network.trace_step(x.view(), t);
        assert_eq!(network.to_bytes(), before);
        assert_eq!(step, network.trace_step(x.view(), t), "the same at every call");
        let loss = network.gradient(x.view(), t);
        assert_eq!(step.loss.to_bits(), loss.to_bits());
        assert_eq!(step.probabilities, network.probabilities());
        let mut gradients = step.layers.iter().flat_map(|layer| &layer.gradients);
        network.visit_params(&mut |name, param| {
            if param.learned {
                let (traced, values) = gradients.next().unwrap();
                assert_eq!(traced, name);
                assert_eq!(bits(values), bits(&param.grad()), "{name}");
            }
        });
        assert!(gradients.next().is_none());
    }
}

#[test]
fn without_dropout_and_batch_normalisation_training_computes_what_inference_does() {
    let network = SimpleConvNet::default().build::<f32>(2).unwrap();
    let x = batch(2, &network);
    let step = network.trace_step(x.view(), Labels::Classes(&[1, 2]));
    for (seen, trained) in network.trace(x.view()).iter().zip(&step.layers) {
        assert_eq!((&seen.layer, bits(&seen.output)), (&trained.layer, bits(&trained.output)));
    }
}
