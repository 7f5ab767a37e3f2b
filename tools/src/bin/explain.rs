//! Walks one image through a network and back, layer by layer, with the numbers.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use model::{Network, SimpleConvNet};
use tools::Advice;
use tools::args::{OutArg, ParamsArg, SeedArg, TRAIN_COMMAND, positive, whole};
use tools::console::{Stdout, screen};
use tools::explain::{Walk, page, terminal};
use tools::program::{EXIT_CODES, Outcome, complain, run};
use tools::sample::{Images, ImagesArgs};
use tools::size::check_image;

const EXAMPLES: &str = "Examples (`explain` stands for `cargo run -p tools --bin explain --`):
  explain --image 42                            the network that `train` wrote last
  explain --image 42 --html out/explain.html    as a page, with all the pictures
  explain --untrained --dataset digits          nothing trained, nothing downloaded

Shows what every layer makes of the image, one window of the convolution worked
out in full, where the pooling's largest number was, the loss, the gradients on
their way back, and what a step of SGD would change.";

/// Walks one image through a network and back, with the numbers.
#[derive(Debug, Parser)]
#[command(name = "explain", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    /// The image, counted from 0
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole)]
    image: usize,
    #[command(flatten)]
    images: ImagesArgs,
    #[command(flatten)]
    params: ParamsArg,
    /// A network that has learned nothing yet: the book's, its weights drawn from --seed
    #[arg(long, conflicts_with = "params")]
    untrained: bool,
    #[command(flatten)]
    seed: SeedArg,
    /// The learning rate of the step of SGD
    #[arg(long, value_name = "RATE", default_value_t = optim::SgdConfig::default().lr, value_parser = positive)]
    lr: f64,
    /// Write a page instead: one file that needs no other
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The folder that `train` wrote its parameter file into
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
}

fn main() -> ExitCode {
    run(explain)
}

fn explain(args: Args) -> anyhow::Result<Outcome> {
    let trained = if args.untrained { None } else { Some(args.params.load(&OutArg { out: args.out.clone() })?) };
    let images = args.images.load(trained.as_ref())?;
    let network = match trained {
        Some(network) => network,
        None => untrained(&images, args.seed.seed)?,
    };
    images.check(&network)?;
    check_image(&network)?;
    let sample = images.sample(args.image, &network)?;
    if let Some(note) = &images.note {
        complain(note);
    }
    let document = Walk::new(&network, &sample, args.lr).document();
    let mut stdout = Stdout::new();
    match &args.html {
        None => stdout.line(terminal(&document, &screen()).trim_end())?,
        Some(path) => {
            write(path, page(&document).as_bytes()).advice(|| "name another file with --html".to_owned())?;
            stdout.line(&format!("written {}", path.display()))?;
        }
    }
    Ok(Outcome::Done)
}

/// The book's network, for images of this size.
fn untrained(images: &Images, seed: u64) -> anyhow::Result<Network> {
    let net = SimpleConvNet {
        input_dim: images.data.image_shape(),
        output_size: images.data.classes(),
        ..SimpleConvNet::default()
    };
    net.build(seed)
        .context("the book's network does not fit these images")
        .advice(|| format!("choose another --dataset, or train one with `{TRAIN_COMMAND}`"))
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent()
        && let Err(problem) = std::fs::create_dir_all(folder)
    {
        let is_file = folder.metadata().is_ok_and(|found| !found.is_dir());
        let why = if is_file { "is no folder".to_owned() } else { format!("cannot be made: {problem}") };
        bail!("cannot write {}: {} {why}", path.display(), folder.display());
    }
    Ok(model::replace_file(path, bytes)?)
}
