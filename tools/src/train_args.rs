//! The command line of `train`.

use std::path::PathBuf;

use clap::Parser;
use datasets::Sampling;
use model::{Network, TrainerConfig};
use optim::{OptimizerConfig, OptimizerKind};

use crate::args::{self, DataArgs, OutArg, SeedArg, ThreadsArg};
use crate::data::Data;
use crate::listener::Settings;
use crate::network_args::NetworkArgs;
use crate::program::EXIT_CODES;
use crate::text::shape;

const EXAMPLES: &str = "Examples (`train` stands for `cargo run -p tools --bin train --`):
  train                                  the book's settings
  train --epochs 3 --train-limit 5000    a quick try
  train --network deep                   the book's network of chapter 8
  train --network my.toml                a network of your own
  train --dataset fashion-mnist --optimizer sgd --lr 0.1
  train --require-accuracy 0.98 --quiet  exit code 1 if the network is worse
  train --json | tail -n 1               the result for another program
  train --tensorboard runs/1             curves, filters, histograms for TensorBoard
  train --resume                         go on where it was cut off
  train --resume --epochs 30             ten epochs more

Writes params.postcard (the trained network), history.csv, pictures, and a page
with all of them (report.html) into the output folder, and a checkpoint there
after every epoch. Ctrl-C finishes the
step, writes a checkpoint, and says how to go on; a second Ctrl-C ends at once.
Where the reader of its output goes away, it trains on.";

/// The exit codes that no other program has.
const STOPPED: &str = "1 also where the loss became NaN or infinite; 130, 143 or 129: stopped by
Ctrl-C, SIGTERM or SIGHUP.";

/// Trains the convolutional network of "Deep Learning from Scratch", chapter 7.
#[derive(Debug, Parser)]
#[command(name = "train", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}\n{STOPPED}"), max_term_width = 100)]
pub struct TrainArgs {
    /// Where the data come from.
    #[command(flatten)]
    pub data: DataArgs,
    /// How often the network sees all training images
    #[arg(long, value_name = "N", default_value_t = TrainerConfig::default().epochs, value_parser = args::at_least_one)]
    pub epochs: usize,
    /// Images in a step
    #[arg(long, value_name = "N", default_value_t = TrainerConfig::default().batch_size, value_parser = args::at_least_one)]
    pub batch_size: usize,
    /// How the weights are changed
    #[arg(long, value_name = "NAME", default_value_t = TrainerConfig::default().optimizer.kind(), ignore_case = true,
        value_parser = args::one_of::<OptimizerKind>(OptimizerKind::ALL.map(OptimizerKind::name)))]
    pub optimizer: OptimizerKind,
    /// The learning rate [default: 0.001 for adam, 0.01 for the others]
    #[arg(long, value_name = "RATE", value_parser = args::positive)]
    pub lr: Option<f64>,
    /// The seed.
    #[command(flatten)]
    pub seed: SeedArg,
    /// How many threads work.
    #[command(flatten)]
    pub threads: ThreadsArg,
    /// After an epoch, judge by the first N images of each set
    #[arg(long, value_name = "N", default_value_t = TrainerConfig::default().eval_samples.unwrap_or(usize::MAX),
        value_parser = args::at_least_one)]
    pub eval_samples: usize,
    /// How batches are drawn: each epoch all images once, or with replacement as the book does
    #[arg(long, value_name = "HOW", default_value_t = TrainerConfig::default().sampling, ignore_case = true,
        value_parser = args::one_of::<Sampling>(["epoch", "book"]))]
    pub sampling: Sampling,
    /// The network.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Begin with the network of this parameter file instead of random weights
    #[arg(long, value_name = "FILE", conflicts_with_all = NetworkArgs::FLAGS)]
    pub params: Option<PathBuf>,
    /// Where the results go.
    #[command(flatten)]
    pub out: OutArg,
    /// Write event files for TensorBoard into this folder: one for each run that is to be compared
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,
    /// Keep a checkpoint after every N steps [default: after every epoch]
    #[arg(long, value_name = "N", value_parser = args::at_least_one)]
    pub checkpoint_every: Option<usize>,
    /// Go on from the checkpoint in the output folder, to the same bits; begin where there is none yet
    #[arg(long)]
    pub resume: bool,
    /// Begin anew, although the output folder holds a training that was cut off
    #[arg(long, conflicts_with = "resume")]
    pub restart: bool,
    /// Exit with code 1 where the accuracy over all test images is below this (0 to 1)
    #[arg(long, value_name = "FRACTION", value_parser = args::fraction)]
    pub require_accuracy: Option<f64>,
    /// Say nothing but the result
    #[arg(long)]
    pub quiet: bool,
    /// Write JSON lines on standard output: `EVENTS.md` of tools describes them
    #[arg(long)]
    pub json: bool,
    /// As --json, with a line for each step too
    #[arg(long)]
    pub json_steps: bool,
}

impl TrainArgs {
    /// The data: those that were asked for, or some that suit the network.
    ///
    /// # Errors
    /// See [`DataArgs::load`].
    pub fn load_data(&self) -> anyhow::Result<Data> {
        self.data.suiting(self.network.wants()?).load()
    }

    /// The network to begin with: of random weights, or the one that `--params` names.
    ///
    /// # Errors
    /// Where the sizes do not come out even, the network would be too large, or the file does not fit the data.
    pub fn network(&self, data: &Data) -> anyhow::Result<Network> {
        let (image, classes) = (data.splits.train.image_shape(), data.splits.train.classes());
        if let Some(path) = &self.params {
            let network = args::load_network(path)?;
            let (takes, tells) = (shape(network.input_shape()), network.classes());
            anyhow::ensure!(
                network.input_shape() == image && tells >= classes,
                "the network in {} takes images of {takes} and tells {tells} classes apart, but the images of {} are \
                 {}, in {classes} classes\n  choose another file with --params, or leave it out to begin with random weights",
                path.display(),
                data.title,
                shape(&image)
            );
            return Ok(network);
        }
        self.network.build(image, classes, self.seed.seed)
    }

    /// Whether JSON lines are wanted.
    pub fn json(&self) -> bool {
        self.json || self.json_steps
    }

    /// The settings of the trainer.
    pub fn config(&self) -> TrainerConfig {
        TrainerConfig {
            epochs: self.epochs,
            batch_size: self.batch_size,
            optimizer: self.optimizer(),
            sampling: self.sampling,
            seed: self.seed.seed,
            eval_samples: Some(self.eval_samples),
            ..TrainerConfig::default()
        }
    }

    fn optimizer(&self) -> OptimizerConfig {
        let config = self.optimizer.config();
        self.lr.map_or(config, |lr| config.with_lr(lr))
    }

    /// The settings, for those who read JSON.
    pub fn settings(&self, data: &Data, threads: usize) -> Settings {
        Settings {
            dataset: data.name.to_owned(),
            optimizer: self.optimizer.name().to_owned(),
            lr: self.optimizer().lr(),
            batch_size: self.batch_size,
            sampling: self.sampling.to_string(),
            eval_samples: self.eval_samples,
            seed: self.seed.seed,
            threads,
            isa: tensor::isa().map_or("none", tensor::Isa::name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::Init;
    use model::{ConvParam, SimpleConvNet};

    fn parse(line: &str) -> TrainArgs {
        TrainArgs::try_parse_from(line.split(' ')).unwrap()
    }

    #[test]
    fn without_flags_it_is_the_books_training() {
        let args = parse("train");
        assert_eq!(args.config(), TrainerConfig::default());
        let data = parse("train --dataset digits --train-limit 2 --test-limit 2").data.load().unwrap();
        let network = args.network(&data).unwrap();
        assert_eq!(network.spec(), &SimpleConvNet::default().spec());
    }

    #[test]
    fn every_flag_reaches_its_setting() {
        let args = parse(
            "train --epochs 2 --batch-size 7 --optimizer SGD --seed 9 --eval-samples 5 --sampling book --filters 3 \
             --filter-size 3 --pad 1 --stride 3 --hidden 11 --init-std 0.5",
        );
        let config = args.config();
        assert_eq!((config.epochs, config.batch_size, config.seed, config.eval_samples), (2, 7, 9, Some(5)));
        assert_eq!((config.sampling, config.optimizer), (Sampling::Book, OptimizerKind::Sgd.config()));
        let data = parse("train --dataset digits --train-limit 2 --test-limit 2").data.load().unwrap();
        let net = SimpleConvNet {
            conv_param: ConvParam { filter_num: 3, filter_size: 3, pad: 1, stride: 3 },
            hidden_size: 11,
            init: Init::Normal { std: 0.5 },
            ..SimpleConvNet::default()
        };
        assert_eq!(args.network(&data).unwrap().spec(), &net.spec());
        assert_eq!(parse("train --optimizer momentum --lr 0.25").config().optimizer.lr(), 0.25);
    }

    #[test]
    fn the_help_tells_the_learning_rates_that_the_optimizers_have() {
        for kind in OptimizerKind::ALL {
            let told = if kind == OptimizerKind::Adam { 0.001 } else { 0.01 };
            assert_eq!(kind.config().lr(), told, "{kind}");
        }
    }
}
