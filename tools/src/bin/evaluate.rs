//! Says how good a network is: in numbers, class by class, and how sure it is.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{anyhow, ensure};
use clap::{Parser, ValueEnum};
use model::{Guess, Network};
use serde::Serialize;
use tools::Advice;
use tools::args::{DatasetChoice, OutArg, ParamsArg, ThreadsArg, check_there, fraction, other_params};
use tools::console::{Stdout, width};
use tools::evaluate::{Report, guess_timed, text};
use tools::frame::{Ink, SIDE};
use tools::picture_folder::PictureFolder;
use tools::program::{EXIT_CODES, Outcome, complain, run};
use tools::sample::{ImagesArgs, Split};
use tools::size::check_batch;
use tools::text::{counted, grouped, labelled, probability, shape};
use tools::weights::{ToldArg, Weights, describe};

const EXAMPLES: &str = "Examples (`evaluate` stands for `cargo run -p tools --bin evaluate --`):
  evaluate                                   the network that `train` wrote last
  evaluate --params params.pkl               the book's own weights
  evaluate --params theirs.safetensors --network lenet5
  evaluate --dataset my-digits               PNG files: what each is taken for
  evaluate --json > report.json

PNG files may have any size, dark on light or light on dark: each is brought into
MNIST's frame (a box of 20×20, its centre of mass in the middle of 28×28). Where they
lie in subfolders named 0 to 9, the report says how many are right.";

/// Says how good a network is: accuracy, class by class, what it takes for what, and whether it is rightly sure
#[derive(Debug, Parser)]
#[command(name = "evaluate", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    #[command(flatten)]
    params: ParamsArg,
    #[command(flatten)]
    told: ToldArg,
    /// The images: mnist, fashion-mnist, digits, figures, auto (as for `train`), or a folder of PNG files
    #[arg(long, value_name = "NAME|DIR", default_value = "auto")]
    dataset: Images,
    /// The folder with the four files of the data set, as for `train`
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The part of the data set: train or test [default: test]
    #[arg(long, value_name = "PART", value_enum, hide_possible_values = true)]
    split: Option<Split>,
    /// Fail (exit code 1) where the accuracy is less than this, from 0 to 1
    #[arg(long, value_name = "FRACTION", value_parser = fraction)]
    require_accuracy: Option<f64>,
    /// Write one JSON object on standard output; EVENTS.md describes it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: ThreadsArg,
    /// The folder that `train` wrote its parameter file into
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

/// What `--dataset` names.
#[derive(Debug, Clone)]
enum Images {
    Named(DatasetChoice),
    Folder(PathBuf),
}

impl FromStr for Images {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(choice) = DatasetChoice::from_str(text, true) {
            return Ok(Images::Named(choice));
        }
        match Path::new(text).is_dir() {
            true => Ok(Images::Folder(text.into())),
            false => Err("expected mnist, fashion-mnist, digits, figures, auto, or a folder of PNG files".to_owned()),
        }
    }
}

/// The version of the JSON, as `EVENTS.md` describes it.
const VERSION: u32 = 1;

fn main() -> ExitCode {
    run(evaluate)
}

fn evaluate(args: Args) -> anyhow::Result<Outcome> {
    let threads = args.threads.apply();
    let path = args.params.path(&OutArg { out: args.out.clone() });
    check_there(&path)?;
    let weights = args.told.load_or_advise(&path, &other_params())?;
    check_batch(&weights.network, 100, threads)?;
    let found = match &args.dataset {
        Images::Named(choice) => data_set(&args, *choice, &weights.network)?,
        Images::Folder(folder) => pictures(&args, folder, &weights.network)?,
    };
    let mut stdout = Stdout::new();
    if args.json {
        let json = Json {
            version: VERSION,
            weights: path.display().to_string(),
            dataset: &found.title,
            report: found.report.as_ref(),
            files: found.files.as_deref(),
        };
        stdout.line(&serde_json::to_string(&json)?)?;
    } else {
        print(&mut stdout, &path, &weights, threads, &found)?;
    }
    let accuracy = found.report.as_ref().map(|report| report.accuracy);
    match (args.require_accuracy, accuracy) {
        (Some(required), Some(accuracy)) if accuracy < required => {
            complain(&format!("the accuracy is {accuracy}, less than the {required} that --require-accuracy asks for"));
            Ok(Outcome::CheckFailed)
        }
        _ => Ok(Outcome::Done),
    }
}

/// What was found out.
struct Found {
    /// The images: "the 10,000 test images of MNIST".
    title: String,
    /// How good the network is, where somebody knows what the images are.
    report: Option<Report>,
    /// What each file was taken for, where the images are files.
    files: Option<Vec<File>>,
}

/// What a picture was taken for.
#[derive(Serialize)]
struct File {
    file: String,
    guess: usize,
    confidence: f32,
    /// What its folder says.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<usize>,
    ink: &'static str,
}

/// The report as one object.
#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    weights: String,
    dataset: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    report: Option<&'a Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'a [File]>,
}

fn data_set(args: &Args, dataset: DatasetChoice, network: &Network) -> anyhow::Result<Found> {
    let split = args.split.unwrap_or_default();
    let images = ImagesArgs { dataset, data_dir: args.data_dir.clone(), split }.load(Some(network))?;
    images.check(network)?;
    if let Some(note) = &images.note {
        complain(note);
    }
    let (guesses, speed) = guess_timed(network, &images.data)?;
    let report = Report::new(&guesses, speed, &images.class_names);
    Ok(Found { title: images.title, report: Some(report), files: None })
}

fn pictures(args: &Args, folder: &Path, network: &Network) -> anyhow::Result<Found> {
    ensure!(
        args.data_dir.is_none() && args.split.is_none(),
        "--data-dir and --split belong to data sets, but --dataset is a folder of PNG files\n  leave them out"
    );
    let takes = network.input_shape();
    if takes != [1, SIDE, SIDE] && takes != [SIDE * SIDE] {
        let error = anyhow!("PNG files become images of 1×{SIDE}×{SIDE}, but the network takes {}", shape(takes));
        return Err(error).advice(|| "choose another file with --params".to_owned());
    }
    let pictures = PictureFolder::load(folder, network.classes())?;
    ensure!(
        pictures.labelled || args.require_accuracy.is_none(),
        "nobody knows the accuracy: the PNG files in {} are not in folders named after what they show\n  leave out \
         --require-accuracy, or put them into folders 0, 1, …",
        folder.display()
    );
    let (guesses, speed) = guess_timed(network, &pictures.data)?;
    let file = |((path, ink), guess): ((&PathBuf, &Ink), &Guess)| File {
        file: path.display().to_string(),
        guess: guess.class,
        confidence: guess.confidence,
        label: pictures.labelled.then_some(guess.truth),
        ink: ink.name(),
    };
    let files = pictures.files.iter().zip(&pictures.inks).zip(guesses.all()).map(file).collect();
    let title = format!("{} PNG files in {}, {}", grouped(pictures.files.len()), folder.display(), drawn(&pictures));
    let report = pictures.labelled.then(|| Report::new(&guesses, speed, &[]));
    Ok(Found { title, report, files: Some(files) })
}

/// What the pictures are drawn with: "all dark on light".
fn drawn(pictures: &PictureFolder) -> String {
    let [dark, light] = [Ink::Dark, Ink::Light].map(|ink| (pictures.count(ink), ink));
    match (dark, light) {
        ((0, _), (_, ink)) | ((_, ink), (0, _)) => format!("all {ink}"),
        _ => [dark, light].map(|(count, ink)| format!("{} {ink}", grouped(count))).join(" and "),
    }
}

fn print(stdout: &mut Stdout, path: &Path, weights: &Weights, threads: usize, found: &Found) -> anyhow::Result<()> {
    let network = &weights.network;
    let layers = network.layers().names().join(" ");
    for (label, words) in [
        ("weights", format!("{} ({})", path.display(), describe(&weights.file))),
        ("network", format!("{layers}: {} parameters", grouped(network.learned_len()))),
        ("images", found.title.clone()),
        ("machine", format!("{}, {}", counted(threads, "thread"), tensor::isa()?.name())),
    ] {
        for line in labelled(label, &words, width()) {
            stdout.line(&line)?;
        }
    }
    if let Some(files) = &found.files {
        stdout.line("")?;
        print_files(stdout, files)?;
    }
    if let Some(report) = &found.report {
        stdout.line("")?;
        for line in text(report, width()) {
            stdout.line(&line)?;
        }
    }
    Ok(())
}

/// A line for each file: its guess, how sure that is, what the folder says where that is another, what it was drawn with.
fn print_files(stdout: &mut Stdout, files: &[File]) -> anyhow::Result<()> {
    let longest = files.iter().map(|file| file.file.chars().count()).max().unwrap_or(0);
    for File { file, guess, confidence, label, ink } in files {
        let truth = label.filter(|label| label != guess).map_or(String::new(), |label| format!("  (is {label})"));
        stdout.line(&format!(
            "{file:<longest$}  {guess:>3}  {:>12}  {ink}{truth}",
            probability(f64::from(*confidence))
        ))?;
    }
    Ok(())
}
