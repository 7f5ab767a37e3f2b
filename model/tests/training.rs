//! A network learns, and says how.

use std::ops::ControlFlow;

use datasets::{Dataset, Part, Sampling, Scaling, Splits, digits};
use layers::Init;
use layers::ndarray::{ArrayView1, array};
use model::{
    ConvParam, Error, Evaluation, Event, History, LayerSpec, Network, NetworkSpec, SimpleConvNet, Trainer,
    TrainerConfig, evaluate, guess, params_sha256,
};
use optim::schedule::{Decay, Schedule};
use optim::{OptimizerConfig, OptimizerKind};

fn small() -> SimpleConvNet {
    let conv_param = ConvParam { filter_num: 4, ..ConvParam::default() };
    SimpleConvNet { conv_param, hidden_size: 16, ..SimpleConvNet::default() }
}

fn config() -> TrainerConfig {
    TrainerConfig { epochs: 2, batch_size: 8, ..TrainerConfig::default() }
}

fn on(_: &Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A training of a new network of these layers: its last weights, its history, all that it told.
fn run(spec: &NetworkSpec, config: &TrainerConfig, data: &Splits) -> (String, History, Vec<Event>) {
    let mut network = Network::build(spec.clone(), 0).unwrap();
    let mut events = Vec::new();
    let mut trainer = Trainer::new(config.clone()).unwrap();
    let history = trainer.train(&mut network, &data.train, &data.test, &mut |event| {
        events.push(event.clone());
        ControlFlow::Continue(())
    });
    (params_sha256(&network), history.unwrap(), events)
}

/// Without the seconds, which are never the same.
fn timeless(history: &History) -> History {
    History { epoch_seconds_list: Vec::new(), ..history.clone() }
}

#[track_caller]
fn fails(config: TrainerConfig, data: &Splits) -> String {
    let mut network = small().build(0).unwrap();
    let result = Trainer::new(config).and_then(|mut t| t.train(&mut network, &data.train, &data.test, &mut on));
    result.unwrap_err().to_string()
}

#[test]
fn the_built_in_digits_are_learned() {
    let data = digits::splits(3000, 500, 0);
    let conv_param = ConvParam { filter_num: 8, ..ConvParam::default() };
    let settings = SimpleConvNet { conv_param, hidden_size: 32, init: Init::HeNormal, ..SimpleConvNet::default() };
    let mut network = settings.build(0).unwrap();
    let before = evaluate(&network, &data.test).unwrap();
    let config = TrainerConfig { epochs: 3, batch_size: 20, eval_samples: None, ..TrainerConfig::default() };
    let history = Trainer::new(config).unwrap().train(&mut network, &data.train, &data.test, &mut on).unwrap();
    let after = evaluate(&network, &data.test).unwrap();
    // Guessing gives 0.1. (The promise for the book's whole run, 0.98, is for the program `train` to keep.)
    assert!(before.accuracy() < 0.3 && after.accuracy() > 0.8, "{before:?}, {after:?}");
    assert_eq!(after.total, 500);
    assert_eq!(history.test_acc_list[2], after.accuracy());
    assert!(history.train_acc_list[2] > 0.85, "{history:?}");
    let smoothed = history.smoothed_loss();
    assert!(smoothed.len() == 450 && smoothed[449] < 0.5 * smoothed[0], "{} … {}", smoothed[0], smoothed[449]);
}

#[test]
fn an_evaluation_counts_every_image() {
    let network = small().build(0).unwrap();
    let data = digits::draw(Part::Test, 107, 0);
    let scores = network.predict(data.images(Scaling::Unit).view());
    let best = |row: ArrayView1<'_, f32>| (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap() as u8;
    // Labels that are right throughout, but for two: one of them the last.
    let mut labels: Vec<u8> = scores.outer_iter().map(best).collect();
    labels[50] = (labels[50] + 1) % 10;
    labels[106] = (labels[106] + 1) % 10;
    let data = Dataset::new(data.pixels().to_vec(), labels, [1, 28, 28], 10).unwrap();
    assert_eq!(evaluate(&network, &data).unwrap(), Evaluation { correct: 105, total: 107 });
    assert_eq!(evaluate(&network, &data.limit(106)).unwrap(), Evaluation { correct: 105, total: 106 });
}

#[test]
fn every_optimizer_learns() {
    let data = digits::splits(200, 10, 0);
    for kind in OptimizerKind::ALL {
        let lr = match kind {
            OptimizerKind::Sgd => 0.1,
            OptimizerKind::RmsProp | OptimizerKind::Adam => 0.003,
            _ => 0.02,
        };
        let optimizer = kind.config().with_lr(lr);
        let spec = SimpleConvNet { init: Init::HeNormal, ..small() }.spec();
        let (_, history, _) = run(&spec, &TrainerConfig { epochs: 4, optimizer, ..config() }, &data);
        let [first, .., last] = history.epoch_loss_list[..] else { unreachable!("four epochs") };
        assert!(last < 0.6 * first, "{kind}: {:?}", history.epoch_loss_list);
    }
}

#[test]
fn all_is_told_in_order() {
    // 20 images in batches of 8: two whole batches and one of 4.
    let data = digits::splits(20, 7, 0);
    let (_, history, events) = run(&small().spec(), &config(), &data);
    let Event::Started {
        epochs: 2,
        epochs_done: 0,
        steps_done: 0,
        steps_per_epoch: 3,
        train_images: 20,
        test_images: 7,
        parameters,
    } = events[0]
    else {
        panic!("{:?}", events[0]);
    };
    assert_eq!(parameters, 4 * 25 + 4 + 4 * 144 * 16 + 16 + 16 * 10 + 10);
    assert_eq!(events.len(), 1 + 2 * (3 + 1) + 1);
    let mut losses = Vec::new();
    for epoch in 1..=2 {
        let first = 1 + (epoch - 1) * 4;
        for step in 1..=3 {
            let Event::Step { epoch: e, step: s, steps_per_epoch: 3, loss, lr } = events[first + step - 1] else {
                panic!("{events:?}");
            };
            assert_eq!((e, s, lr), (epoch, step, config().optimizer.lr()));
            losses.push(loss);
        }
        let Event::Epoch { epoch: e, epochs: 2, mean_loss, train_accuracy, test_accuracy, seconds } = events[first + 3]
        else {
            panic!("{events:?}");
        };
        assert_eq!(e, epoch);
        // The last batch has half as many images.
        let [a, b, c] = losses[losses.len() - 3..] else { unreachable!("three steps") };
        assert!((mean_loss - (8.0 * a + 8.0 * b + 4.0 * c) / 20.0).abs() < 1e-12);
        assert_eq!(train_accuracy, history.train_acc_list[epoch - 1]);
        assert_eq!(test_accuracy, history.test_acc_list[epoch - 1]);
        assert_eq!((test_accuracy * 7.0).fract(), 0.0);
        assert_eq!(seconds, history.epoch_seconds_list[epoch - 1]);
    }
    assert_eq!(losses, history.train_loss_list);
    assert!(matches!(events[9], Event::Finished { epochs: 2, seconds } if seconds > 0.0));
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    let data = digits::splits(50, 10, 0);
    let spec = small().spec();
    let (first, history, _) = run(&spec, &config(), &data);
    let (again, history_again, _) = run(&spec, &config(), &data);
    assert_eq!(first, again);
    assert_eq!(timeless(&history), timeless(&history_again));
    let (other, ..) = run(&spec, &TrainerConfig { seed: 1, ..config() }, &data);
    assert_ne!(first, other);
}

/// Dropout, batch normalisation, a schedule, weight decay, momentum: all that has something to remember.
fn everything() -> (NetworkSpec, TrainerConfig) {
    let init = Init::HeNormal;
    let spec = NetworkSpec {
        input: vec![784],
        layers: vec![
            LayerSpec::Affine { outputs: 12, init },
            LayerSpec::BatchNormalization { momentum: 0.9 },
            LayerSpec::Relu,
            LayerSpec::Dropout { ratio: 0.5 },
            LayerSpec::Affine { outputs: 10, init },
        ],
    };
    let schedule = Schedule { warm_up: 0.5, decay: Decay::Cosine { until: 2.0, floor: 0.1 } };
    (spec, TrainerConfig { schedule, weight_decay: 0.01, ..config() })
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_bits() {
    let data = digits::splits(50, 10, 0);
    let (spec, everything) = everything();
    for sampling in [Sampling::Epoch, Sampling::Book] {
        let config = TrainerConfig { sampling, ..everything.clone() };
        let (whole, history, _) = run(&spec, &config, &data);
        let mut network = Network::build(spec.clone(), 0).unwrap();
        let mut trainer = Trainer::new(config).unwrap();
        let mut events = Vec::new();
        let mut calls = 0;
        let last = loop {
            calls += 1;
            assert!(calls < 20, "the training does not get on");
            // As a new process would find it: with the parameters alone.
            network = Network::from_bytes(&network.to_bytes()).unwrap();
            let history = trainer.train(&mut network, &data.train, &data.test, &mut |event| {
                events.push(event.clone());
                // After every other step.
                match event {
                    Event::Step { step, .. } if step % 2 == 0 => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            });
            if let Some(Event::Finished { .. }) = events.last() {
                break history.unwrap();
            }
        };
        assert!(calls > 5, "{calls}");
        assert_eq!(params_sha256(&network), whole, "{sampling}");
        assert_eq!(timeless(&last), timeless(&history));
        let told: Vec<_> =
            events.into_iter().filter(|event| matches!(event, Event::Step { .. } | Event::Epoch { .. })).collect();
        let past: Vec<_> = trainer.start(&mut network, &data.train, &data.test).unwrap().past().collect();
        assert_eq!(past, told);
        assert_eq!(past.iter().filter(|event| matches!(event, Event::Epoch { .. })).count(), 2);
    }
}

#[test]
fn as_many_steps_as_the_sampling_says() {
    let data = digits::splits(50, 10, 0);
    let steps = |sampling| {
        let (_, history, _) = run(&small().spec(), &TrainerConfig { sampling, ..config() }, &data);
        history.train_loss_list.len()
    };
    assert_eq!(steps(Sampling::Epoch), 2 * 7);
    assert_eq!(steps(Sampling::Book), 2 * 6);
}

#[test]
fn only_the_first_images_are_evaluated_where_asked() {
    let data = digits::splits(30, 20, 0);
    let mut network = small().build(0).unwrap();
    let config = TrainerConfig { epochs: 1, eval_samples: Some(7), ..config() };
    let history = Trainer::new(config).unwrap().train(&mut network, &data.train, &data.test, &mut on).unwrap();
    let first = |data: &Dataset| evaluate(&network, &data.clone().limit(7)).unwrap().accuracy();
    assert_eq!(history.train_acc_list, [first(&data.train)]);
    assert_eq!(history.test_acc_list, [first(&data.test)]);
}

#[test]
fn weights_decay_and_biases_do_not() {
    // Images that are black: the gradient of W1 is 0 but for the decay, that of b1 is not.
    let data = Dataset::new(vec![0; 4 * 2], vec![0, 1, 0, 0], [1, 1, 2], 2).unwrap();
    let spec =
        NetworkSpec { input: vec![1, 1, 2], layers: vec![LayerSpec::Affine { outputs: 2, init: Init::HeNormal }] };
    let mut network = Network::build(spec.clone(), 0).unwrap();
    network.set_param("b1", array![1.0, 1.0].view()).unwrap();
    let before = network.param("W1").unwrap();
    let optimizer: OptimizerConfig = OptimizerKind::Sgd.config().with_lr(0.5);
    let config = TrainerConfig { epochs: 1, batch_size: 4, optimizer, weight_decay: 0.25, ..TrainerConfig::default() };
    let history = Trainer::new(config.clone()).unwrap().train(&mut network, &data, &data, &mut on).unwrap();
    assert_eq!(network.param("W1").unwrap(), before.mapv(|w| w - 0.5 * (0.25 * w)));
    // All scores are 1: the loss is log 2, and half of λ·W².
    let squares: f64 = before.iter().map(|w| f64::from(w * w)).sum();
    let expected = std::f64::consts::LN_2 + 0.5 * 0.25 * squares;
    assert!((history.train_loss_list[0] - expected).abs() < 1e-6);
    // Its gradient with respect to b1 is the mean of (probability − label): (0.5 − 0.75, 0.5 − 0.25).
    let b1 = network.param("b1").unwrap();
    assert!((b1[0] - 1.125).abs() < 1e-6 && (b1[1] - 0.875).abs() < 1e-6, "{b1}");
}

#[test]
fn a_training_that_goes_astray_says_where() {
    let data = digits::splits(80, 10, 0);
    let mut network = small().build(0).unwrap();
    let optimizer = OptimizerKind::Sgd.config().with_lr(1e30);
    let mut trainer = Trainer::new(TrainerConfig { optimizer, ..config() }).unwrap();
    let mut steps = 0;
    let result = trainer.train(&mut network, &data.train, &data.test, &mut |event| {
        steps += usize::from(matches!(event, Event::Step { .. }));
        ControlFlow::Continue(())
    });
    let error = result.unwrap_err();
    let Error::Diverged { epoch: 1, step, loss, lr, .. } = error else { panic!("{error}") };
    assert!(step == steps + 1 && !loss.is_finite() && lr == 1e30, "{error}");
    let expected = format!("the loss became {loss} at step {step} of epoch 1, with a learning rate of 1e30;");
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(trainer.position().step, steps);
}

#[test]
fn nonsense_is_refused() {
    let data = digits::splits(20, 5, 0);
    assert_eq!(fails(TrainerConfig { epochs: 0, ..config() }, &data), "the number of epochs must be at least 1, got 0");
    assert_eq!(fails(TrainerConfig { batch_size: 0, ..config() }, &data), "the batch size must be at least 1, got 0");
    assert_eq!(
        fails(TrainerConfig { eval_samples: Some(0), ..config() }, &data),
        "the number of images to evaluate must be at least 1, got 0"
    );
    assert_eq!(
        fails(TrainerConfig { optimizer: OptimizerKind::Adam.config().with_lr(f64::NAN), ..config() }, &data),
        "adam: the learning rate must be a finite number above 0, got NaN"
    );
    assert!(fails(TrainerConfig { weight_decay: -1.0, ..config() }, &data).starts_with("weight decay: "));
    assert_eq!(
        fails(TrainerConfig { batch_size: 21, sampling: Sampling::Book, ..config() }, &data),
        "the batch size must be at most 20, the number of training images, with sampling book, got 21"
    );

    let wide = Dataset::new(vec![0; 3 * 28 * 28], vec![0], [3, 28, 28], 10).unwrap();
    assert_eq!(
        fails(config(), &Splits { train: wide, test: data.test.clone() }),
        "the training images have the shape [3, 28, 28], but the network takes [1, 28, 28]"
    );
    // What counts are the labels that there are, not those that there may be.
    let letters = |labels: Vec<u8>| Dataset::new(vec![0; labels.len() * 28 * 28], labels, [1, 28, 28], 26).unwrap();
    assert_eq!(
        fails(config(), &Splits { train: data.train.clone(), test: letters(vec![0, 9, 25, 10]) }),
        "test image 2 (from 0) has the label 25, but the classes of the network are 0 to 9, 10 in all"
    );
    assert_eq!(
        fails(config(), &Splits { train: letters(vec![10]), test: data.test.clone() }),
        "training image 0 (from 0) has the label 10, but the classes of the network are 0 to 9, 10 in all"
    );
    let network = small().build(0).unwrap();
    assert!(matches!(evaluate(&network, &letters(vec![3, 12])), Err(Error::Label { position: 1, label: 12, .. })));
    assert!(matches!(guess(&network, &letters(vec![3, 12])), Err(Error::Label { position: 1, label: 12, .. })));
    assert_eq!(evaluate(&network, &letters(vec![3, 9])).unwrap().total, 2);
    let none = data.test.clone().limit(0);
    assert_eq!(fails(config(), &Splits { train: data.train.clone(), test: none.clone() }), "there are no test images");
    assert_eq!(fails(config(), &Splits { train: none, test: data.test.clone() }), "there are no training images");

    // Another number of images than before.
    let mut network = small().build(0).unwrap();
    let mut trainer = Trainer::new(config()).unwrap();
    let mut stop = |_: &Event| ControlFlow::Break(());
    trainer.train(&mut network, &data.train, &data.test, &mut stop).unwrap();
    let fewer = data.train.clone().limit(19);
    assert_eq!(
        trainer.train(&mut network, &fewer, &data.test, &mut stop).unwrap_err().to_string(),
        "the training was begun with 20 images and cannot go on with 19"
    );
}

#[test]
fn a_batch_larger_than_the_set_is_the_whole_set() {
    let data = digits::splits(20, 5, 0);
    let (_, history, _) = run(&small().spec(), &TrainerConfig { batch_size: 1000, ..config() }, &data);
    assert_eq!(history.train_loss_list.len(), 2);
}
