//! Shows what the filters have learned (`visualize_filter.py` of chapter 7), what they answer to, and what an image becomes.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use model::Network;
use tools::activations::{activations, activations_page};
use tools::args::{OutArg, ParamsArg, at_least_one, whole};
use tools::console::{Stdout, look_of_stdout, screen, width};
use tools::explain::terminal;
use tools::filters::{COLUMNS, Filters, load_filters, patches_csv, patches_page, top_patches};
use tools::picture::{Blocks, ColorMap, Scaling, png_bytes};
use tools::program::{EXIT_CODES, Outcome, complain, run};
use tools::sample::{Images, ImagesArgs};
use tools::size::check_image;

const EXAMPLES: &str = "Examples (`filterviz` stands for `cargo run -p tools --bin filterviz --`):
  filterviz                    the network that `train` has written last
  filterviz --out run1         the one of `train --out run1`
  filterviz --params best.postcard --out pictures
  filterviz --layer Conv2      the filters of another convolution layer
  filterviz --patches 8        what each filter answers to most in the test images
  filterviz --image 42         what every layer makes of test image 42

Writes filters_initial.png and filters_trained.png into the output folder, and
shows both in the terminal. With --patches: also patches.png and patches.csv.
With --image: activations.png alone.";

/// Shows the filters of a trained network beside random ones, what they answer to, and what an image becomes.
#[derive(Debug, Parser)]
#[command(name = "filterviz", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    #[command(flatten)]
    params: ParamsArg,
    /// The convolution layer [default: the first]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Also show, for each filter, the N parts of images that it answers to most
    #[arg(long, value_name = "N", value_parser = patches)]
    patches: Option<usize>,
    /// Show what every layer makes of this image, counted from 0, instead of the filters
    #[arg(long, value_name = "N", value_parser = whole, conflicts_with_all = ["layer", "patches"])]
    image: Option<usize>,
    #[command(flatten)]
    images: ImagesArgs,
    #[command(flatten)]
    out: OutArg,
}

/// The seed of the random filters: that of `train` where nobody says otherwise.
const SEED: u64 = 0;
const INITIAL_FILE: &str = "filters_initial.png";
const TRAINED_FILE: &str = "filters_trained.png";
const PATCHES_FILE: &str = "patches.png";
const PATCHES_TABLE: &str = "patches.csv";
const ACTIVATIONS_FILE: &str = "activations.png";
const MOST_PATCHES: usize = 32;

fn patches(text: &str) -> Result<usize, String> {
    at_least_one(text)
        .ok()
        .filter(|&n| n <= MOST_PATCHES)
        .ok_or(format!("expected a whole number from 1 to {MOST_PATCHES}"))
}

fn main() -> ExitCode {
    run(filterviz)
}

fn filterviz(args: Args) -> anyhow::Result<Outcome> {
    let mut stdout = Stdout::new();
    let files = match args.image {
        Some(image) => image_in_every_layer(&args, image, &mut stdout)?,
        None => filters(&args, &mut stdout)?,
    };
    for file in files {
        stdout.line(&format!("written {}", file.display()))?;
    }
    Ok(Outcome::Done)
}

fn filters(args: &Args, stdout: &mut Stdout) -> anyhow::Result<Vec<PathBuf>> {
    let (network, trained) = load_filters(&args.params, &args.out, args.layer.as_deref())?;
    let initial = Filters::of_layer(&Network::build(network.spec().clone(), SEED)?, &trained.layer)?;
    let images = args.patches.map(|_| images(args, &network)).transpose()?;
    let patch_files: &[&str] = if args.patches.is_some() { &[PATCHES_FILE, PATCHES_TABLE] } else { &[] };
    let out = args.out.prepare(&[&[INITIAL_FILE, TRAINED_FILE], patch_files].concat())?;
    let mut files = vec![
        out.write(INITIAL_FILE, &png_bytes(&initial.page("Filters before training")))?,
        out.write(TRAINED_FILE, &png_bytes(&trained.page("Filters after training")))?,
    ];
    let blocks = Blocks {
        groups: vec![
            (format!("before training, ±{}", initial.largest()), initial.pictures()),
            (format!("after training, ±{}", trained.largest()), trained.pictures()),
        ],
        map: ColorMap::Diverging,
        scaling: Scaling::Symmetric,
        columns: COLUMNS,
    };
    stdout.line(&format!("{}: {}", trained.layer, trained.describe()))?;
    stdout.line(blocks.draw(look_of_stdout(), width()).trim_end_matches('\n'))?;
    if let (Some(count), Some(images)) = (args.patches, &images) {
        let best = top_patches(&trained, &network, images, count);
        files.push(out.write(PATCHES_FILE, &png_bytes(&patches_page(&trained, &network, images, &best)?))?);
        files.push(out.write(PATCHES_TABLE, patches_csv(&best, images).as_bytes())?);
    }
    Ok(files)
}

fn image_in_every_layer(args: &Args, image: usize, stdout: &mut Stdout) -> anyhow::Result<Vec<PathBuf>> {
    let network = args.params.load(&args.out)?;
    let images = images(args, &network)?;
    let sample = images.sample(image, &network)?;
    let out = args.out.prepare(&[ACTIVATIONS_FILE])?;
    let document = activations(&network, &sample);
    stdout.line(terminal(&document, &screen()).trim_end())?;
    Ok(vec![out.write(ACTIVATIONS_FILE, &png_bytes(&activations_page(&document)))?])
}

fn images(args: &Args, network: &Network) -> anyhow::Result<Images> {
    let images = args.images.load(Some(network))?;
    images.check(network)?;
    check_image(network)?;
    if let Some(note) = &images.note {
        complain(note);
    }
    Ok(images)
}
