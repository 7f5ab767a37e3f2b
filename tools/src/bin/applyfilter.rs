//! Applies learned filters to a picture (`apply_filter.py` of chapter 7).
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tools::Advice;
use tools::args::{OutArg, ParamsArg};
use tools::console::Stdout;
use tools::files::OutputFolder;
use tools::filters::{Applied, Source, from_to, load_filters, single_map};
use tools::picture::{png_bytes, read_grey_png, test_picture};
use tools::program::{EXIT_CODES, Outcome, run};

const EXAMPLES: &str = "Examples (`applyfilter` stands for `cargo run -p tools --bin applyfilter --`):
  applyfilter                          a picture that the program draws itself
  applyfilter --image photo.png        colours become grey, transparent parts white
  applyfilter --activation             with the layer's bias and ReLU
  applyfilter --layer Conv2 --single-maps out/maps

Writes applied.png into the output folder: the picture, and what each of the
first 16 filters makes of it (stride 1, no padding, no bias, as in the book).
The filters of a layer further in see what the layers before it make of the
picture; those compute what they compute in the network.";

/// Applies the filters of a trained network to a picture.
#[derive(Debug, Parser)]
#[command(name = "applyfilter", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    #[command(flatten)]
    params: ParamsArg,
    /// A PNG picture of any size, colour type and bit depth [default: one that the program draws]
    #[arg(long, value_name = "PNG")]
    image: Option<PathBuf>,
    /// The convolution layer [default: the first]
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,
    /// Add the bias of each filter, and let ReLU follow
    #[arg(long)]
    activation: bool,
    /// Also write what each filter (all of them) answers, as a picture of its own with a pixel for each number, into this
    /// folder
    #[arg(long, value_name = "DIR")]
    single_maps: Option<PathBuf>,
    #[command(flatten)]
    out: OutArg,
}

/// As large as the photograph that the book uses.
const TEST_PICTURE_SIZE: usize = 256;
const APPLIED_FILE: &str = "applied.png";

fn main() -> ExitCode {
    run(applyfilter)
}

fn applyfilter(args: Args) -> anyhow::Result<Outcome> {
    let (network, filters) = load_filters(&args.params, &args.out, args.layer.as_deref())?;
    let (picture, name) = match &args.image {
        None => (test_picture(TEST_PICTURE_SIZE), "the built-in test picture".to_owned()),
        Some(path) => {
            let picture = read_grey_png(path).advice(|| "choose a PNG picture with --image".to_owned())?;
            (picture, path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned())
        }
    };
    let source = Source::new(&network, &filters, picture.view())?;
    let applied = Applied { filters: &filters, source: &source, activation: args.activation };
    let page = applied.page(picture.view(), &name)?;
    let single = |folder| OutputFolder::prepare_for(("--single-maps", "the folder of single maps"), folder, &[]);
    let single_maps = args.single_maps.as_deref().map(single).transpose()?;
    let file = args.out.prepare(&[APPLIED_FILE])?.write(APPLIED_FILE, &png_bytes(&page))?;
    let mut stdout = Stdout::new();
    stdout.line(&format!("written {}", file.display()))?;
    if let Some(folder) = single_maps {
        for filter in 0..filters.len() {
            // One after the other: a map of a large picture takes much memory.
            let answer = &applied.answers(filter, 1, usize::MAX)?[0];
            let file = folder.write(&format!("{}-{filter}.png", filters.layer), &png_bytes(&single_map(answer)))?;
            stdout.line(&format!("written {}, {} from black to white", file.display(), from_to(answer)))?;
        }
    }
    Ok(Outcome::Done)
}
