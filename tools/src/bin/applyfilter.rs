//! Applies learned filters to a picture (`apply_filter.py` of chapter 7).
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tools::Advice;
use tools::args::{OutArg, ParamsArg};
use tools::console::Stdout;
use tools::filters::{applied_page, load_filters};
use tools::picture::{png_bytes, read_grey_png, test_picture};
use tools::program::{EXIT_CODES, Outcome, run};

const EXAMPLES: &str = "Examples (`applyfilter` stands for `cargo run -p tools --bin applyfilter --`):
  applyfilter                    a picture that the program draws itself
  applyfilter --image photo.png  colours become grey, transparent parts white

Writes applied.png into the output folder: the picture, and what each of the
first 16 filters makes of it (stride 1, no padding, no bias, as in the book).";

/// Applies the filters of a trained network to a picture.
#[derive(Debug, Parser)]
#[command(name = "applyfilter", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    #[command(flatten)]
    params: ParamsArg,
    /// A PNG picture of any size, colour type and bit depth [default: one that the program draws]
    #[arg(long, value_name = "PNG")]
    image: Option<PathBuf>,
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
    let (_, filters) = load_filters(&args.params, &args.out)?;
    let (picture, name) = match &args.image {
        None => (test_picture(TEST_PICTURE_SIZE), "the built-in test picture".to_owned()),
        Some(path) => {
            let picture = read_grey_png(path).advice(|| "choose a PNG picture with --image".to_owned())?;
            (picture, path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned())
        }
    };
    let page = applied_page(&filters, picture.view(), &name)?;
    let file = args.out.prepare(&[APPLIED_FILE])?.write(APPLIED_FILE, &png_bytes(&page))?;
    Stdout::new().line(&format!("written {}", file.display()))?;
    Ok(Outcome::Done)
}
