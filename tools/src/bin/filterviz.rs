//! Shows what the filters have learned (`visualize_filter.py` of chapter 7).
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use model::Network;
use tools::args::{OutArg, ParamsArg};
use tools::console::{Stdout, look_of_stdout, width};
use tools::filters::{COLUMNS, Filters, load_filters};
use tools::picture::{Blocks, ColorMap, Scaling, png_bytes};
use tools::program::{EXIT_CODES, Outcome, run};

const EXAMPLES: &str = "Examples (`filterviz` stands for `cargo run -p tools --bin filterviz --`):
  filterviz                    the network that `train` has written last
  filterviz --out run1         the one of `train --out run1`
  filterviz --params best.postcard --out pictures

Writes filters_initial.png and filters_trained.png into the output folder, and
shows both in the terminal.";

/// Shows the filters of a trained network beside random ones.
#[derive(Debug, Parser)]
#[command(name = "filterviz", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    #[command(flatten)]
    params: ParamsArg,
    #[command(flatten)]
    out: OutArg,
}

/// The seed of the random filters: that of `train` where nobody says otherwise.
const SEED: u64 = 0;
const INITIAL_FILE: &str = "filters_initial.png";
const TRAINED_FILE: &str = "filters_trained.png";

fn main() -> ExitCode {
    run(filterviz)
}

fn filterviz(args: Args) -> anyhow::Result<Outcome> {
    let (network, trained) = load_filters(&args.params, &args.out)?;
    let initial = Filters::of(&Network::build(network.spec().clone(), SEED)?)?;
    let out = args.out.prepare(&[INITIAL_FILE, TRAINED_FILE])?;
    let files = [
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
    let mut stdout = Stdout::new();
    stdout.line(&format!("{}: {}", trained.layer, trained.describe()))?;
    stdout.line(blocks.draw(look_of_stdout(), width()).trim_end_matches('\n'))?;
    for file in files {
        stdout.line(&format!("written {}", file.display()))?;
    }
    Ok(Outcome::Done)
}
