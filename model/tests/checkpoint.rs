//! A training that was cut off goes on to the same bits, from its checkpoint alone.

use std::fs;

use datasets::{Sampling, Splits, digits};
use layers::Init;
use model::{
    Checkpoint, CheckpointFiles, Error, Event, History, Images, LayerSpec, Network, NetworkSpec, Origin, Setting,
    Trainer, TrainerConfig, Training, params_sha256,
};
use optim::schedule::{Decay, Schedule};
use optim::{OptimizerConfig, OptimizerKind};

/// Dropout, batch normalisation, column-major weights: all that has something to remember, and few numbers.
fn spec() -> NetworkSpec {
    let init = Init::HeNormal;
    let layers = vec![
        LayerSpec::Affine { outputs: 6, init },
        LayerSpec::BatchNormalization { momentum: 0.9 },
        LayerSpec::Relu,
        LayerSpec::Dropout { ratio: 0.5 },
        LayerSpec::Affine { outputs: 10, init },
    ];
    NetworkSpec { input: vec![784], layers }
}

/// With every optimizer and sampling in turn nothing is as it is by default, so that what is forgotten makes a difference; 50
/// images in batches of 16, so that the last batch of an epoch is a small one.
fn config() -> TrainerConfig {
    TrainerConfig {
        epochs: 2,
        batch_size: 16,
        schedule: Schedule { warm_up: 0.5, decay: Decay::Cosine { until: 2.0, floor: 0.1 } },
        weight_decay: 0.01,
        seed: 5,
        eval_samples: Some(7),
        scaling: datasets::Scaling::Standard { mean: 0.1, deviation: 0.3 },
        ..TrainerConfig::default()
    }
}

fn data() -> Splits {
    digits::splits(50, 10, 0)
}

fn origin(network: &Network, data: &Splits) -> Origin {
    Origin {
        first_params: Origin::weights_sha256(network),
        data: "digits".to_string(),
        train: Images::of(&data.train),
        test: Images::of(&data.test),
    }
}

/// Without the seconds, which are never the same: in a file they stand at the end, before the checksum.
fn timeless(mut checkpoint: Checkpoint, origin: &Origin, data: &Splits) -> Vec<u8> {
    let epochs = checkpoint.trainer.history().epoch_seconds_list.len();
    let training = checkpoint.trainer.start(&mut checkpoint.network, &data.train, &data.test).unwrap();
    let bytes = training.checkpoint(origin);
    bytes[20..bytes.len() - 32 - 8 * (epochs + 1)].to_vec()
}

/// What a training leaves behind: checkpoints after each event, the last weights, the history.
struct Run {
    checkpoints: Vec<Vec<u8>>,
    weights: String,
    history: History,
}

fn finish(mut training: Training<'_>, origin: &Origin) -> Run {
    let mut checkpoints = Vec::new();
    while training.next_event().unwrap().is_some() {
        checkpoints.push(training.checkpoint(origin));
    }
    let history = History { epoch_seconds_list: Vec::new(), ..training.trainer().history().clone() };
    Run { checkpoints, weights: params_sha256(training.network()), history }
}

#[test]
fn from_every_checkpoint_of_every_optimizer_it_goes_on_to_the_same_bits() {
    let data = data();
    for kind in OptimizerKind::ALL {
        for sampling in [Sampling::Epoch, Sampling::Book] {
            let mut network = Network::build(spec(), 0).unwrap();
            let origin = origin(&network, &data);
            let config = TrainerConfig { optimizer: kind.config(), sampling, ..config() };
            let mut trainer = Trainer::new(config.clone()).unwrap();
            let whole = finish(trainer.start(&mut network, &data.train, &data.test).unwrap(), &origin);
            let count = whole.checkpoints.len();
            for (i, bytes) in whole.checkpoints.iter().enumerate() {
                let mut checkpoint = Checkpoint::from_bytes(bytes).unwrap();
                assert_eq!(checkpoint.origin, origin);
                assert_eq!(checkpoint.trainer.config(), &config);
                let training = checkpoint.trainer.start(&mut checkpoint.network, &data.train, &data.test).unwrap();
                let rest = finish(training, &origin);
                assert_eq!(rest.weights, whole.weights, "{kind}, {sampling}, checkpoint {i} of {count}");
                assert_eq!(rest.history, whole.history, "{kind}, {sampling}, checkpoint {i} of {count}");
                // Checkpoints, too: what was written after `Started` is what was read.
                let pairs =
                    [(rest.checkpoints.first(), Some(bytes)), (rest.checkpoints.last(), whole.checkpoints.last())];
                for (a, b) in pairs {
                    let [a, b] =
                        [a, b].map(|bytes| timeless(Checkpoint::from_bytes(bytes.unwrap()).unwrap(), &origin, &data));
                    assert!(a == b, "{kind}, {sampling}, checkpoint {i} of {count}");
                }
            }
        }
    }
}

/// A training of the book's settings, but small, and its checkpoint after three steps.
fn begun() -> (Splits, TrainerConfig, Network, Origin, Vec<u8>) {
    let data = data();
    let mut network = Network::build(spec(), 0).unwrap();
    let first = network.cast::<f32>();
    let origin = origin(&network, &data);
    let config = TrainerConfig { schedule: Schedule::default(), weight_decay: 0.0, ..config() };
    let mut trainer = Trainer::new(config.clone()).unwrap();
    let mut training = trainer.start(&mut network, &data.train, &data.test).unwrap();
    while !matches!(training.next_event().unwrap(), Some(Event::Step { step: 3, .. })) {}
    let bytes = training.checkpoint(&origin);
    (data, config, first, origin, bytes)
}

#[test]
fn more_epochs_are_fine_and_fewer_than_begun_are_not() {
    let (data, _, _, origin, bytes) = begun();
    let mut network = Network::build(spec(), 0).unwrap();
    let config = TrainerConfig { epochs: 3, schedule: Schedule::default(), weight_decay: 0.0, ..config() };
    let mut trainer = Trainer::new(config).unwrap();
    let whole = finish(trainer.start(&mut network, &data.train, &data.test).unwrap(), &origin);

    let mut checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
    assert!(checkpoint.trainer.set_epochs(0).is_err());
    checkpoint.trainer.set_epochs(3).unwrap();
    let rest = finish(checkpoint.trainer.start(&mut checkpoint.network, &data.train, &data.test).unwrap(), &origin);
    assert_eq!((rest.weights, rest.history), (whole.weights, whole.history));
    assert!(checkpoint.trainer.is_finished());
    let message = checkpoint.trainer.set_epochs(2).unwrap_err().to_string();
    assert_eq!(message, "the number of epochs must be at least 3, where the training is already, got 2");
}

#[test]
fn every_difference_is_named() {
    let (data, config, network, origin, bytes) = begun();
    let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
    checkpoint.compare(&TrainerConfig { epochs: 9, ..config.clone() }, &network, &origin).unwrap();
    let adam = |beta1| {
        let OptimizerConfig::Adam(adam) = OptimizerKind::Adam.config() else { unreachable!() };
        OptimizerConfig::Adam(optim::AdamConfig { beta1, ..adam })
    };
    let step = Schedule { decay: Decay::Step { every: 1.0, factor: 0.5 }, ..Schedule::default() };
    let others = [
        (Setting::Seed, TrainerConfig { seed: 1, ..config.clone() }),
        (Setting::BatchSize, TrainerConfig { batch_size: 17, ..config.clone() }),
        (Setting::Sampling, TrainerConfig { sampling: Sampling::Book, ..config.clone() }),
        (Setting::Optimizer, TrainerConfig { optimizer: OptimizerKind::Sgd.config(), ..config.clone() }),
        (Setting::LearningRate, TrainerConfig { optimizer: config.optimizer.with_lr(0.002), ..config.clone() }),
        (Setting::OptimizerSettings, TrainerConfig { optimizer: adam(0.8), ..config.clone() }),
        (Setting::Schedule, TrainerConfig { schedule: step, ..config.clone() }),
        (Setting::WeightDecay, TrainerConfig { weight_decay: 1e-9, ..config.clone() }),
        (Setting::EvalSamples, TrainerConfig { eval_samples: None, ..config.clone() }),
        (Setting::Scaling, TrainerConfig { scaling: datasets::Scaling::Bytes, ..config.clone() }),
    ];
    for (setting, other) in others {
        assert_eq!(checkpoint.compare(&other, &network, &origin).unwrap_err().setting, setting);
    }
    let message = checkpoint.compare(&TrainerConfig { batch_size: 17, ..config.clone() }, &network, &origin);
    assert_eq!(
        message.unwrap_err().to_string(),
        "the checkpoint is of a training with another batch size: it has 16, this one has 17"
    );

    // In words, as a user reads them.
    let words = |other: TrainerConfig| {
        let difference = checkpoint.compare(&other, &network, &origin).unwrap_err();
        (difference.checkpoint, difference.yours)
    };
    let (was, is) = words(TrainerConfig { optimizer: adam(0.8), ..config.clone() });
    assert_eq!(was, "adam, lr 0.001, beta1 0.9, beta2 0.999, epsilon 1e-7");
    assert_eq!(is, was.replace("beta1 0.9,", "beta1 0.8,"));
    let (was, is) = words(TrainerConfig { schedule: step, ..config.clone() });
    assert_eq!([&was[..], &is[..]], ["constant", "step (every 1.0, factor 0.5)"]);

    let fewer = Origin { train: Images::of(&data.train.clone().limit(49)), ..origin.clone() };
    let other_pixels = digits::splits(50, 10, 1);
    let other = Origin { train: Images::of(&other_pixels.train), ..origin.clone() };
    let swapped = Origin { data: "MNIST".to_string(), ..origin.clone() };
    let mut more = spec();
    more.layers.insert(2, LayerSpec::Relu);
    let mut wider = spec();
    wider.layers[3] = LayerSpec::Dropout { ratio: 0.25 };
    let networks = [Network::build(more, 0).unwrap(), Network::build(wider, 0).unwrap()];
    for (setting, network, origin) in [
        (Setting::Data, &network, &fewer),
        (Setting::Data, &network, &other),
        (Setting::Data, &network, &swapped),
        (Setting::Network, &networks[0], &origin),
        (Setting::Network, &networks[1], &origin),
        (Setting::FirstWeights, &network, &Origin { first_params: [0; 32], ..origin.clone() }),
    ] {
        assert_eq!(checkpoint.compare(&config, network, origin).unwrap_err().setting, setting);
    }
}

#[test]
fn other_images_are_refused() {
    let (data, .., bytes) = begun();
    let Checkpoint { mut network, mut trainer, .. } = Checkpoint::from_bytes(&bytes).unwrap();
    let fewer = data.train.clone().limit(49);
    let error = trainer.start(&mut network, &fewer, &data.test).err().unwrap();
    assert!(matches!(error, Error::OtherImages { expected: 50, got: 49 }), "{error}");
}

#[test]
fn a_parameter_file_is_no_checkpoint_and_a_checkpoint_no_parameter_file() {
    let (.., network, _, bytes) = begun();
    assert_eq!(Checkpoint::from_bytes(&network.to_bytes()).unwrap_err().to_string(), "this is not a checkpoint");
    assert_eq!(Network::<f32>::from_bytes(&bytes).unwrap_err().to_string(), "this is not a parameter file");
}

#[test]
fn where_the_newest_is_damaged_the_one_before_is_found() {
    let (.., first) = begun();
    let folder = tempfile::tempdir().unwrap();
    let files = CheckpointFiles::in_folder(folder.path());
    assert!(files.find().unwrap().is_none());
    files.write(&first).unwrap();
    files.write(&first).unwrap();
    assert!(files.find().unwrap().unwrap().damaged.is_none());
    let damages = [first[..first.len() / 2].to_vec(), Vec::new(), b"something else".to_vec()];
    for damaged in damages {
        fs::write(files.newest(), damaged).unwrap();
        let found = files.find().unwrap().unwrap();
        assert_eq!(found.path, folder.path().join(CheckpointFiles::PREVIOUS));
        assert!(found.damaged.unwrap().to_string().contains(CheckpointFiles::NEWEST));
    }
    // What a newer program wrote is not damaged, and nothing is taken in its place.
    let mut newer = first.clone();
    newer[8] = 2;
    let end = newer.len() - 32;
    let checksum = <sha2::Sha256 as sha2::Digest>::digest(&newer[..end]);
    newer[end..].copy_from_slice(&checksum);
    fs::write(files.newest(), newer).unwrap();
    let message = files.find().unwrap_err().to_string();
    assert!(message.contains("format version 2"), "{message}");

    // The only whole one is not lost when the next is written.
    fs::write(files.newest(), "").unwrap();
    files.set_damaged_aside().unwrap();
    files.write(&first).unwrap();
    fs::remove_file(files.newest()).unwrap();
    assert!(files.find().unwrap().is_some());
    fs::write(folder.path().join(CheckpointFiles::PREVIOUS), "").unwrap();
    assert!(files.find().is_err());
    files.remove().unwrap();
    assert!(files.find().unwrap().is_none());
}

/// A file of version 1, written when that version was made: after the first step of the second epoch of the training below.
const FIXTURE: &[u8] = include_bytes!("fixtures/checkpoint-v1.postcard");

/// As few numbers as can be, and something of everything.
fn tiny() -> (Network, TrainerConfig, Splits) {
    let init = Init::HeNormal;
    let layers = vec![
        LayerSpec::Affine { outputs: 2, init },
        LayerSpec::BatchNormalization { momentum: 0.9 },
        LayerSpec::Dropout { ratio: 0.25 },
        LayerSpec::Affine { outputs: 2, init },
    ];
    let network = Network::build(NetworkSpec { input: vec![1, 1, 3], layers }, 0).unwrap();
    let schedule = Schedule { warm_up: 0.25, decay: Decay::Exponential { factor: 0.5 } };
    let config = TrainerConfig { epochs: 3, batch_size: 2, schedule, weight_decay: 0.125, ..TrainerConfig::default() };
    let images = |count: usize| {
        let pixels = (0..count * 3).map(|pixel| pixel as u8 * 20).collect();
        datasets::Dataset::new(pixels, (0..count).map(|label| label as u8 % 2).collect(), [1, 1, 3], 2).unwrap()
    };
    (network, config, Splits { train: images(4), test: images(3) })
}

#[test]
fn version_1_stays_readable() {
    let (mut network, config, data) = tiny();
    let origin = origin(&network, &data);
    let mut checkpoint = Checkpoint::from_bytes(FIXTURE).unwrap();
    checkpoint.compare(&config, &network, &origin).unwrap();
    let position = checkpoint.trainer.position();
    assert_eq!((position.epoch, position.step, checkpoint.trainer.config()), (1, 1, &config));

    let mut trainer = Trainer::new(config).unwrap();
    let whole = finish(trainer.start(&mut network, &data.train, &data.test).unwrap(), &origin);
    let training = checkpoint.trainer.start(&mut checkpoint.network, &data.train, &data.test).unwrap();
    // Written again it is the same: the format has not changed.
    assert!(training.checkpoint(&origin) == FIXTURE, "the same checkpoint is written in another way than before");
    let rest = finish(training, &origin);
    assert_eq!((rest.weights, rest.history), (whole.weights, whole.history));
}
