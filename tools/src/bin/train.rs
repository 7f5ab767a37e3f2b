//! Trains the book's network (`train_convnet.py` of chapter 7).
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use datasets::Sampling;
use layers::Init;
use model::{ConvParam, History, Network, SimpleConvNet, Trainer, TrainerConfig, evaluate, params_sha256};
use optim::{OptimizerConfig, OptimizerKind};
use tools::args::{self, DataArgs, OutArg, PARAMS_FILE, SeedArg, ThreadsArg};
use tools::console::{Stdout, stderr_can_move};
use tools::data::Data;
use tools::listener::{Bar, Finished, JsonLines, Listeners, PlainLog, Settings, Table};
use tools::picture::{accuracy_chart, png_bytes};
use tools::program::{EXIT_CODES, Outcome, complain, run};
use tools::text::{duration, grouped, percent, shape};
use tools::{Advice, history_csv, network_table, size};

const EXAMPLES: &str = "Examples:
  train                                    the book's settings; MNIST where it is found
  train --epochs 3 --train-limit 5000      a quick try
  train --dataset fashion-mnist --optimizer sgd --lr 0.1
  train --require-accuracy 0.98 --quiet    exit code 1 where the network is worse
  train --json | tail -n 1                 the result for another program

Writes params.postcard (the trained network), accuracy.png and history.csv into the output folder.";

/// Trains the convolutional network of "Deep Learning from Scratch", chapter 7.
#[derive(Debug, Parser)]
#[command(name = "train", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// How often the network sees all training images
    #[arg(long, value_name = "N", default_value_t = TrainerConfig::default().epochs, value_parser = args::at_least_one)]
    epochs: usize,
    /// Images in a step
    #[arg(long, value_name = "N", default_value_t = TrainerConfig::default().batch_size, value_parser = args::at_least_one)]
    batch_size: usize,
    /// How the weights are changed
    #[arg(long, value_name = "NAME", default_value_t = TrainerConfig::default().optimizer.kind(), ignore_case = true,
        value_parser = args::one_of::<OptimizerKind>(OptimizerKind::ALL.map(OptimizerKind::name)))]
    optimizer: OptimizerKind,
    /// The learning rate [default: 0.001 for adam, 0.01 for the others]
    #[arg(long, value_name = "RATE", value_parser = args::positive)]
    lr: Option<f64>,
    #[command(flatten)]
    seed: SeedArg,
    #[command(flatten)]
    threads: ThreadsArg,
    /// After an epoch, judge by the first N images of each set
    #[arg(long, value_name = "N", default_value_t = TrainerConfig::default().eval_samples.unwrap_or(usize::MAX),
        value_parser = args::at_least_one)]
    eval_samples: usize,
    /// How batches are drawn: each epoch all images once, or with replacement as the book does
    #[arg(long, value_name = "HOW", default_value_t = TrainerConfig::default().sampling, ignore_case = true,
        value_parser = args::one_of::<Sampling>(["epoch", "book"]))]
    sampling: Sampling,
    #[command(flatten)]
    network: NetworkArgs,
    /// Begin with the network of this parameter file instead of random weights
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filters", "filter_size", "pad", "stride", "hidden", "init_std"])]
    params: Option<PathBuf>,
    #[command(flatten)]
    out: OutArg,
    /// Exit with code 1 where the accuracy over all test images is below this (0 to 1)
    #[arg(long, value_name = "FRACTION", value_parser = args::fraction)]
    require_accuracy: Option<f64>,
    /// Say nothing but the result
    #[arg(long)]
    quiet: bool,
    /// Write JSON lines on standard output
    #[arg(long)]
    json: bool,
}

/// The network, as the book's `SimpleConvNet` is described.
#[derive(Debug, clap::Args)]
struct NetworkArgs {
    /// Filters of the convolution
    #[arg(long, value_name = "N", default_value_t = ConvParam::default().filter_num, value_parser = args::at_least_one)]
    filters: usize,
    /// Height and width of a filter
    #[arg(long, value_name = "N", default_value_t = ConvParam::default().filter_size, value_parser = args::at_least_one)]
    filter_size: usize,
    /// Rows and columns of zeros around an image
    #[arg(long, value_name = "N", default_value_t = ConvParam::default().pad, value_parser = args::whole)]
    pad: usize,
    /// Steps between two places of a filter
    #[arg(long, value_name = "N", default_value_t = ConvParam::default().stride, value_parser = args::at_least_one)]
    stride: usize,
    /// Neurons of the hidden layer
    #[arg(long, value_name = "N", default_value_t = SimpleConvNet::default().hidden_size, value_parser = args::at_least_one)]
    hidden: usize,
    /// Standard deviation of the first weights
    #[arg(long, value_name = "STD", default_value_t = default_init_std(), value_parser = args::positive)]
    init_std: f64,
}

fn default_init_std() -> f64 {
    let SimpleConvNet { init, .. } = SimpleConvNet::default();
    init.std(layers::Fans { fan_in: 1, fan_out: 1 })
}

fn main() -> ExitCode {
    run(train)
}

fn train(args: Args) -> anyhow::Result<Outcome> {
    let threads = args.threads.apply();
    let data = args.data.load()?;
    if let Some(note) = &data.note {
        complain(note);
    }
    let mut network = args.network(&data)?;
    size::check_batch(&network, args.batch_size.min(data.splits.train.len()))?;
    let mut trainer = Trainer::new(args.config())?;
    let out = args.out.prepare(&[PARAMS_FILE, CHART_FILE, HISTORY_FILE])?;

    let settings = args.settings(&data, threads);
    let mut stdout = Stdout::new();
    if !args.quiet && !args.json {
        print_header(&mut stdout, &data, &network, &args, &settings)?;
    }
    let mut listeners = args.listeners(settings);
    let history =
        trainer.train(&mut network, &data.splits.train, &data.splits.test, &mut |event| listeners.tell(event))?;
    listeners.result()?;

    let test = evaluate(&network, &data.splits.test)?;
    let finished = Finished {
        test_accuracy: test.accuracy(),
        test_correct: test.correct,
        test_total: test.total,
        train_seconds: history.epoch_seconds_list.iter().sum(),
        params_sha256: params_sha256(&network),
    };
    let files = [
        out.write(PARAMS_FILE, &network.to_bytes())?,
        out.write(CHART_FILE, &png_bytes(&args.chart(&data, &history, &finished).draw(1200, 800)))?,
        out.write(HISTORY_FILE, history_csv(&history).as_bytes())?,
    ];
    match args.json {
        true => stdout.line(&serde_json::to_string(&finished)?)?,
        false => print_result(&mut stdout, &finished, &files, args.quiet)?,
    }
    Ok(args.verdict(&finished))
}

const CHART_FILE: &str = "accuracy.png";
const HISTORY_FILE: &str = "history.csv";
/// How often a training without a terminal gives a sign of life.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

impl Args {
    fn network(&self, data: &Data) -> anyhow::Result<Network> {
        let (image, classes) = (data.splits.train.image_shape(), data.splits.train.classes());
        if let Some(path) = &self.params {
            let network = args::load_network(path)?;
            let (takes, tells) = (shape(network.input_shape()), network.classes());
            anyhow::ensure!(
                network.input_shape() == image && tells >= classes,
                "the network in {} takes images of {takes} and tells {tells} classes apart, but {} has images of {} and \
                 {classes} classes\n  choose another file with --params, or leave it out to begin with random weights",
                path.display(),
                data.title,
                shape(&image)
            );
            return Ok(network);
        }
        let NetworkArgs { filters, filter_size, pad, stride, hidden, init_std } = self.network;
        let net = SimpleConvNet {
            input_dim: image,
            conv_param: ConvParam { filter_num: filters, filter_size, pad, stride },
            hidden_size: hidden,
            output_size: classes,
            init: Init::Normal { std: init_std },
            ..SimpleConvNet::default()
        };
        size::check_parameters(&net)?;
        net.build(self.seed.seed)
            .advice(|| "change --filter-size, --pad or --stride so that it comes out even".to_owned())
    }

    fn config(&self) -> TrainerConfig {
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

    fn settings(&self, data: &Data, threads: usize) -> Settings {
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

    fn listeners(&self, settings: Settings) -> Listeners {
        let mut listeners = Listeners::default();
        match (self.quiet, stderr_can_move()) {
            (true, _) => {}
            // The bar goes first: it has to be gone when others write.
            (false, true) => listeners.add(Bar::new()),
            (false, false) => listeners.add(PlainLog::new(std::io::stderr(), LOG_INTERVAL)),
        }
        match (self.json, self.quiet) {
            (true, _) => listeners.add(JsonLines::new(Stdout::new(), settings)),
            (false, false) => listeners.add(Table::new(Stdout::new())),
            (false, true) => {}
        }
        listeners
    }

    fn chart(&self, data: &Data, history: &History, finished: &Finished) -> tools::picture::Chart {
        let samples = |images: usize| grouped(self.eval_samples.min(images));
        let (train, test) = (samples(data.splits.train.len()), samples(data.splits.test.len()));
        let subtitle = format!(
            "after each epoch, of the first {train} training and {test} test images; in the end {} of all {} test images",
            percent(finished.test_accuracy),
            grouped(finished.test_total)
        );
        let title = format!("Accuracy on {}", data.title);
        accuracy_chart(title, subtitle, &history.train_acc_list, &history.test_acc_list)
    }

    fn verdict(&self, finished: &Finished) -> Outcome {
        match self.require_accuracy {
            Some(required) if finished.test_accuracy < required => {
                let (got, required) = (percent(finished.test_accuracy), percent(required));
                complain(&format!("the test accuracy is {got}, and {required} were required"));
                Outcome::CheckFailed
            }
            _ => Outcome::Done,
        }
    }
}

fn print_header(
    out: &mut Stdout,
    data: &Data,
    network: &Network,
    args: &Args,
    settings: &Settings,
) -> anyhow::Result<()> {
    out.line(&format!("data     {}", data.describe()))?;
    out.line("network")?;
    for line in network_table(network) {
        out.line(&line)?;
    }
    let Settings { optimizer, lr, batch_size, sampling, seed, threads, isa, .. } = settings;
    let (epochs, plural) = (args.epochs, |count: usize| if count == 1 { "" } else { "s" });
    let (epochs_s, threads_s) = (plural(epochs), plural(*threads));
    out.line(&format!(
        "training {epochs} epoch{epochs_s}, {batch_size} images a step (sampling {sampling}); {optimizer}, learning rate {lr}; seed {seed}"
    ))?;
    out.line(&format!("machine  {threads} thread{threads_s}, {isa}"))
}

fn print_result(out: &mut Stdout, finished: &Finished, files: &[PathBuf], quiet: bool) -> anyhow::Result<()> {
    let Finished { test_accuracy, test_correct, test_total, train_seconds, .. } = finished;
    if !quiet {
        out.line("")?;
    }
    out.line(&format!(
        "test accuracy {} ({} of {} images), trained in {}",
        percent(*test_accuracy),
        grouped(*test_correct),
        grouped(*test_total),
        duration(*train_seconds)
    ))?;
    if !quiet {
        let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        out.line(&format!("written       {}", files.join(", ")))?;
    }
    Ok(())
}
