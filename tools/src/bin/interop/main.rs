//! Holds our files against Python's: `cargo xtask interop`.
//!
//! Both sides compute the scores of the same images, with networks that the one has written and the other has read.
#![forbid(unsafe_code)]

mod comparison;
mod python;
mod storage;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Parser;
use datasets::{Dataset, Scaling};
use model::formats::{Element, Format, Naming, WeightFile};
use model::{Network, NetworkKind, NetworkSpec, Trainer, TrainerConfig};
use tools::args::DataArgs;
use tools::console::Stdout;
use tools::data::Data;
use tools::program::{EXIT_CODES, Outcome, complain, run};
use tools::text::{counted, grouped, shape};

use comparison::{Comparison, Precision};

const EXAMPLES: &str = "Examples (`interop` stands for `cargo xtask interop`):
  interop                                   installs what is needed into target/interop
  interop --with-python venv/bin/python     a Python that has it: nothing is installed

Trains the book's two networks and LeNet-5 a little, and lets PyTorch, NumPy, safetensors
and ONNX Runtime read what we write and write what we read. Says by how much the scores
of both sides differ.";

/// Holds our files of weights against Python's, in both directions
#[derive(Debug, Parser)]
#[command(name = "interop", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    #[command(flatten)]
    data: DataArgs,
    /// The folder of the virtual environment; made where it is missing, with packages of several gigabytes
    #[arg(long, value_name = "DIR", default_value = "target/interop")]
    venv: PathBuf,
    /// A Python that has the packages already
    #[arg(long, value_name = "PROGRAM", conflicts_with = "venv")]
    with_python: Option<PathBuf>,
}

/// Images that a network is trained with, and that scores are compared of, where nobody says otherwise.
const TRAIN_IMAGES: usize = 10_000;
const TEST_IMAGES: usize = 1_000;
/// What PyTorch's networks in `peer.py` take and give.
const IMAGE: [usize; 3] = [1, 28, 28];
const CLASSES: usize = 10;

const NETWORKS: [NetworkKind; 3] = [NetworkKind::Simple, NetworkKind::LeNet5, NetworkKind::Deep];

fn main() -> ExitCode {
    run(interop)
}

fn interop(args: Args) -> anyhow::Result<Outcome> {
    let data = load(&args.data)?;
    let python = match args.with_python {
        Some(python) => {
            python::check(&python)?;
            python
        }
        None => python::environment(&args.venv)?,
    };
    let mut stdout = Stdout::new();
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = folder.path();
    let images = &data.splits.test;
    let pixels = images.images(Scaling::Unit);
    fs::write(folder.join("images"), pixels.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())?;
    let trained = NETWORKS.map(|kind| train(kind, &data.splits.train).map(|network| (kind, network)));
    let trained = trained.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    for (kind, network) in &trained {
        write_all(folder, *kind, network)?;
    }
    let versions = python::run(&python, folder)?;
    let mut comparisons = Vec::new();
    for (kind, network) in &trained {
        comparisons.extend(compare_all(folder, *kind, network.spec(), images)?);
    }

    stdout.line(&format!("versions  {}", versions.join(", ")))?;
    let (count, title) = (counted(images.len(), "test image"), &data.title);
    stdout
        .line(&format!("images    {count} of {title}; networks trained with {}", grouped(data.splits.train.len())))?;
    stdout.line("")?;
    for line in comparison::lines(&comparisons) {
        stdout.line(&line)?;
    }
    stdout.line("")?;
    for line in storage::lines(&trained, images)? {
        stdout.line(&line)?;
    }
    let apart = comparisons.iter().filter(|comparison| !comparison.is_close()).count();
    match apart {
        0 => stdout.line("\npassed: both sides agree in every row")?,
        _ => stdout.line(&format!("\nFAILED: the two sides are apart in {}", counted(apart, "row")))?,
    }
    Ok(if apart == 0 { Outcome::Done } else { Outcome::CheckFailed })
}

fn load(args: &DataArgs) -> anyhow::Result<Data> {
    let limits = DataArgs {
        train_limit: args.train_limit.or(Some(TRAIN_IMAGES)),
        test_limit: args.test_limit.or(Some(TEST_IMAGES)),
        ..args.clone()
    };
    let data = limits.load()?;
    if let Some(note) = &data.note {
        complain(note);
    }
    let found = data.splits.test.image_shape();
    ensure!(
        found == IMAGE,
        "the images are {}, but the networks of the other side take {}\n  choose another --dataset",
        shape(&found),
        shape(&IMAGE)
    );
    Ok(data)
}

/// A network that has seen each image once: one that knows something, so that its scores are worth comparing.
fn train(kind: NetworkKind, images: &Dataset) -> anyhow::Result<Network> {
    let mut network = Network::build(kind.spec(IMAGE, CLASSES), 0)?;
    let config = TrainerConfig { epochs: 1, eval_samples: Some(1), ..TrainerConfig::default() };
    Trainer::new(config)?.train(&mut network, images, images, &mut |_| ControlFlow::Continue(()))?;
    Ok(network)
}

/// Writes a network in every format that the other side reads.
fn write_all(folder: &Path, kind: NetworkKind, network: &Network) -> anyhow::Result<()> {
    for element in [Element::F32, Element::F16, Element::Bf16] {
        for (format, naming) in [(Format::Safetensors, Naming::PyTorch), (Format::Onnx, Naming::Book)] {
            write(folder, kind, network, format, naming, element)?;
        }
    }
    for format in [Format::Npz, Format::Pickle] {
        write(folder, kind, network, format, Naming::Book, Element::F64)?;
    }
    Ok(())
}

fn write(
    folder: &Path,
    kind: NetworkKind,
    network: &Network,
    format: Format,
    naming: Naming,
    element: Element,
) -> anyhow::Result<()> {
    let name = format!("{}.{}.{}", kind.name(), element.name(), format.extension());
    Ok(fs::write(folder.join(name), format.write(network, naming, element)?)?)
}

/// Compares every file that one side has written and the other has read.
fn compare_all(
    folder: &Path,
    kind: NetworkKind,
    spec: &NetworkSpec,
    images: &Dataset,
) -> anyhow::Result<Vec<Comparison>> {
    let mut found = Vec::new();
    let mut compare = |file: String, direction: &'static str, what: String, precision: Precision| {
        let theirs =
            fs::read(folder.join(format!("{file}.scores"))).with_context(|| format!("the scores of {file}"))?;
        let ours = scores_of_file(&folder.join(&file), spec, images, precision)?;
        found.push(Comparison::new(kind, direction, what, precision, &ours, &theirs)?);
        anyhow::Ok(())
    };
    let name = kind.name();
    for element in [Element::F32, Element::F16, Element::Bf16].map(Element::name) {
        let what = format!("safetensors, {element}");
        compare(format!("{name}.{element}.safetensors"), "ours → PyTorch", what.clone(), Precision::Single)?;
        compare(format!("theirs.{name}.{element}.safetensors"), "PyTorch → ours", what, Precision::Single)?;
        let what = format!("ONNX, {element}");
        compare(format!("{name}.{element}.onnx"), "ours → ONNX Runtime", what, Precision::Single)?;
    }
    for (format, what) in [("npz", "npz, f64"), ("pkl", "pickle, f64")] {
        compare(format!("{name}.f64.{format}"), "ours → NumPy", what.to_owned(), Precision::Double)?;
    }
    compare(format!("theirs.{name}.f64.npz"), "NumPy → ours", "npz, f64".to_owned(), Precision::Double)?;
    for protocol in 2..=5 {
        let file = format!("theirs.{name}.f64.protocol{protocol}.pkl");
        compare(file, "NumPy → ours", format!("pickle {protocol}, f64"), Precision::Double)?;
    }
    Ok(found)
}

/// Our scores with the network in a file. (Of an ONNX file, which we do not read: with the safetensors file beside it that
/// stores numbers in the same way.)
fn scores_of_file(path: &Path, spec: &NetworkSpec, images: &Dataset, precision: Precision) -> anyhow::Result<Vec<f64>> {
    let onnx = path.extension().is_some_and(|end| end == "onnx");
    let path = if onnx { path.with_extension("safetensors") } else { path.to_owned() };
    let file = WeightFile::load(&path)?;
    let pixels = images.images(Scaling::Unit);
    Ok(match precision {
        Precision::Single => {
            let scores = file.network::<f32>(Some(spec))?.predict(pixels.view());
            scores.iter().map(|&score| f64::from(score)).collect()
        }
        Precision::Double => {
            let pixels = pixels.map(|&value| f64::from(value));
            file.network::<f64>(Some(spec))?.predict(pixels.view()).iter().copied().collect()
        }
    })
}
