//! What a training refuses before it begins, and what it leaves behind where it goes astray.

use std::ops::ControlFlow;

use datasets::{Sampling, digits};
use layers::Init;
use layers::ndarray::{Array1, ArrayD};
use model::{
    Error, Event, LayerSpec, Network, NetworkSpec, NotFinite, Scaling, SimpleConvNet, Trainer, TrainerConfig, evaluate,
    guess,
};
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
            values.push(param.value());
        }
    });
    values
}

#[test]
fn a_step_that_fails_changes_nothing() {
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
    assert_eq!(statistics, values(&network, false));
}

/// Trains `network`, which goes astray at the first step; gives what is named as the first array that is not finite.
fn began(mut network: Network, scaling: Scaling) -> NotFinite {
    let data = digits::splits(150, 5, 0);
    let before = [true, false].map(|learned| values(&network, learned));
    let mut trainer = Trainer::new(TrainerConfig { batch_size: 150, scaling, ..TrainerConfig::default() }).unwrap();
    let result = trainer.train(&mut network, &data.train, &data.test, &mut |_| ControlFlow::Continue(()));
    let Err(Error::Diverged { epoch: 1, step: 1, began, .. }) = result else { panic!("{result:?}") };
    // (A NaN is not equal to itself.)
    assert_eq!(format!("{before:?}"), format!("{:?}", [true, false].map(|learned| values(&network, learned))));
    began
}

#[test]
fn the_first_array_that_is_not_finite_is_named() {
    let book = || SimpleConvNet { hidden_size: 7, ..SimpleConvNet::default() }.build(0).unwrap();
    let with = |mut network: Network, name: &str, value: f32| {
        let mut values = network.param(name).unwrap();
        *values.iter_mut().last().unwrap() = value;
        network.set_param(name, values.view()).unwrap();
        network
    };
    let named = |network| began(network, Scaling::Unit).to_string();
    assert_eq!(named(with(book(), "W2", f32::INFINITY)), "W2 of Affine1 (inf)");
    assert_eq!(named(with(book(), "b1", f32::NAN)), "b1 of Conv1 (NaN)");
    // The parameter of a later layer is not where it began.
    let large = with(with(book(), "b1", 3e38), "W3", f32::NAN);
    assert_eq!(named(with(large, "W2", 3e38)), "the output of Affine1 (inf)");
    // Of the convolution's own output nothing is kept in a training: it is computed again.
    let mut network = book();
    let w = network.param("W1").unwrap().mapv(|_| 3e38);
    network.set_param("W1", w.view()).unwrap();
    assert_eq!(named(network), "the output of Conv1 (inf)");
    let mut network = normalised();
    let gamma = network.param("gamma1").unwrap().mapv(|_| 3e38);
    network.set_param("gamma1", gamma.view()).unwrap();
    assert!(named(network).starts_with("the output of BatchNorm1 ("));
    // Scores that are finite, and too far from each other.
    let mut network = book();
    let b = Array1::from_shape_fn(10, |k| if k % 2 == 0 { 3e38 } else { -3e38 });
    network.set_param("b3", b.view()).unwrap();
    assert_eq!(named(network), "the loss itself (all scores are finite)");
    assert_eq!(began(book(), Scaling::Standard { mean: 0.0, deviation: 0.0 }), NotFinite::Images);
}

#[test]
fn scores_that_are_not_finite_are_no_evaluation() {
    let data = digits::splits(20, 130, 0);
    let with_b3 = |b: [f32; 10]| {
        let mut network = SimpleConvNet { hidden_size: 7, ..SimpleConvNet::default() }.build(0).unwrap();
        network.set_param("b3", Array1::from_iter(b).view()).unwrap();
        network
    };
    let mut large = with_b3([0.0; 10]);
    let w = large.param("W1").unwrap().mapv(|_| 3e38);
    large.set_param("W1", w.view()).unwrap();
    let last_of = |value: f32| std::array::from_fn(|k| if k == 9 { value } else { 3e38 });
    for (network, expected) in [
        (large, "image 0 (from 0) scores from which no finite loss follows; it began in the output of Conv1 (inf)"),
        (
            with_b3(last_of(f32::NAN)),
            "image 0 (from 0) scores from which no finite loss follows; it began in b3 of Affine2 (NaN)",
        ),
    ] {
        for error in [evaluate(&network, &data.test).unwrap_err(), guess(&network, &data.test).unwrap_err()] {
            assert!(error.to_string().ends_with(expected), "{error}");
        }
    }
    // All finite, and too far from each other for the loss of an image of a 9.
    let first_9 = data.test.labels().iter().position(|&label| label == 9).unwrap();
    let error = evaluate(&with_b3(last_of(-3e38)), &data.test).unwrap_err();
    assert!(matches!(error, Error::Scores { image, began: NotFinite::Loss } if image == first_9), "{error}");
}

#[test]
fn a_network_that_the_last_step_of_an_epoch_spoiled_is_no_result() {
    let data = digits::splits(20, 5, 0);
    let mut network = normalised();
    let optimizer = OptimizerKind::Sgd.config().with_lr(1e300);
    let mut trainer = Trainer::new(TrainerConfig { epochs: 1, optimizer, ..TrainerConfig::default() }).unwrap();
    let mut training = trainer.start(&mut network, &data.train, &data.test).unwrap();
    assert!(training.next_event().is_ok() && training.is_finite());
    assert!(matches!(training.next_event(), Ok(Some(Event::Step { .. }))) && !training.is_finite());
    for _ in 0..2 {
        let Err(error) = training.next_event() else { panic!("an evaluation") };
        let text = "after epoch 1, with a learning rate of 1e300, the network gives scores from which no finite loss \
                    follows; it began in W1 of Affine1 (";
        assert!(error.to_string().starts_with(text), "{error}");
    }
}
