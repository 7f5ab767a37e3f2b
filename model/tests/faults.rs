//! What a training refuses before it begins, and what it leaves behind where it goes astray.

use std::ops::ControlFlow;

use datasets::{Sampling, digits};
use layers::Init;
use layers::ndarray::ArrayD;
use model::{Error, Event, LayerSpec, Network, NetworkSpec, Trainer, TrainerConfig};
use optim::OptimizerKind;

fn normalised() -> Network {
    let init = Init::HeNormal;
    let layers = vec![
        LayerSpec::Affine { outputs: 12, init },
        LayerSpec::BatchNormalization { momentum: 0.9 },
        LayerSpec::Affine { outputs: 10, init },
    ];
    Network::build(NetworkSpec { input: vec![784], layers }, 0).unwrap()
}

#[test]
fn what_cannot_begin_is_known_beforehand() {
    let data = digits::splits(20, 5, 0);
    let check = |batch_size, sampling, network: &Network| {
        let config = TrainerConfig { batch_size, sampling, ..TrainerConfig::default() };
        Trainer::new(config).unwrap().check(network, &data.train, &data.test).map_err(|error| error.to_string())
    };
    let network = normalised();
    check(20, Sampling::Book, &network).unwrap();
    assert!(check(21, Sampling::Book, &network).unwrap_err().contains("at most 20"));
    assert!(check(usize::MAX, Sampling::Epoch, &network).unwrap_err().contains("batch size"));
    let affine = LayerSpec::Affine { outputs: 10, init: Init::HeNormal };
    let other = Network::build(NetworkSpec { input: vec![3], layers: vec![affine] }, 0).unwrap();
    assert!(check(20, Sampling::Epoch, &other).unwrap_err().contains("the network takes [3]"));
}

/// The parameters that are learned, or the statistics.
fn values(network: &Network, learned: bool) -> Vec<ArrayD<f32>> {
    let mut values = Vec::new();
    network.visit_params(&mut |_, param| {
        if param.learned == learned {
            values.push(param.value.clone());
        }
    });
    values
}

#[test]
fn a_step_that_fails_changes_the_statistics_alone() {
    let data = digits::splits(80, 10, 0);
    let mut network = normalised();
    let optimizer = OptimizerKind::Sgd.config().with_lr(1e30);
    let config = TrainerConfig { optimizer, batch_size: 8, ..TrainerConfig::default() };
    let mut trainer = Trainer::new(config).unwrap();
    let mut stop = |event: &Event| match event {
        Event::Step { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let (before, error) = (0..10)
        .find_map(|_| {
            let before = [true, false].map(|learned| values(&network, learned));
            let result = trainer.train(&mut network, &data.train, &data.test, &mut stop);
            result.err().map(|error| (before, error))
        })
        .expect("it goes astray");
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    let [learned, statistics] = before;
    assert_eq!(learned, values(&network, true));
    assert_ne!(statistics, values(&network, false));
}
