//! Turns weights from one format into another.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use clap::{Parser, ValueEnum};
use model::formats::{Element, Format, Naming};
use tools::Advice;
use tools::console::{Stdout, width};
use tools::convert::{Target, layers, notes, size};
use tools::program::{EXIT_CODES, Outcome, run};
use tools::text::labelled;
use tools::weights::{ToldArg, describe};

const EXAMPLES: &str = "Examples (`convert` stands for `cargo run -p tools --bin convert --`):
  convert params.pkl params.postcard                 the book's weights, for our programs
  convert out/params.postcard params.pkl             ours, for the book's Python
  convert out/params.postcard lenet.safetensors      for PyTorch: load_state_dict(load_file(…))
  convert theirs.safetensors lenet.postcard --network lenet5-modern
  convert out/params.postcard digits.onnx --dtype f16

IN may be our parameter file, a pickle of NumPy arrays, npz or safetensors, whatever
its name; OUT ends in .postcard (ours), .pkl, .npz, .safetensors or .onnx. It appears
when it is complete; IN is never changed.";

/// Turns weights from one format into another, and says what it found layer by layer
#[derive(Debug, Parser)]
#[command(name = "convert", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    /// The file to read
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write; how its name ends says what it becomes
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// How numbers are stored: f64, f32, f16 or bf16, where OUT can [default: as in IN, or f32 where OUT cannot]
    #[arg(long, value_name = "TYPE", value_enum, hide_possible_values = true)]
    dtype: Option<Dtype>,
    /// Names and shapes of the arrays: ours (W1, b1, …; the book's) or pytorch (conv1.weight, …; affine weights turned
    /// around) [default: pytorch in safetensors, ours elsewhere]
    #[arg(long, value_name = "NAMES", value_enum, hide_possible_values = true)]
    names: Option<Names>,
    #[command(flatten)]
    told: ToldArg,
}

/// `--dtype`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Dtype {
    F64,
    F32,
    F16,
    Bf16,
}

/// `--names`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Names {
    Ours,
    Pytorch,
}

fn main() -> ExitCode {
    run(convert)
}

fn convert(args: Args) -> anyhow::Result<Outcome> {
    let (input, output) = (&args.input, &args.output);
    let format = format_of(output)?;
    if is_same_file(input, output) {
        bail!("{} is the file to read, which is never overwritten\n  name another OUT", output.display());
    }
    let weights = args.told.load_or_advise::<f64>(input, "name another file as IN")?;
    let naming = args.names.map(|names| match names {
        Names::Ours => Naming::Book,
        Names::Pytorch => Naming::PyTorch,
    });
    let element = args.dtype.map(|dtype| match dtype {
        Dtype::F64 => Element::F64,
        Dtype::F32 => Element::F32,
        Dtype::F16 => Element::F16,
        Dtype::Bf16 => Element::Bf16,
    });
    let target = Target::new(format, &weights.file.arrays, naming, element)?;
    let converted = target.write(&weights.network)?;
    model::replace_file(output, &converted.bytes)
        .advice(|| "name another file as OUT, in a folder that is there".to_owned())?;

    let mut stdout = Stdout::new();
    stdout.line(&format!("read      {} ({})", input.display(), describe(&weights.file)))?;
    let content = format!("{}, {}", target.describe(), size(converted.bytes.len()));
    stdout.line(&format!("written   {} ({content})", output.display()))?;
    for note in notes(&weights.network, target, &converted) {
        for line in labelled("", &note, width()) {
            stdout.line(&line)?;
        }
    }
    stdout.line("")?;
    for line in layers(&weights, &converted)? {
        stdout.line(&line)?;
    }
    Ok(Outcome::Done)
}

/// The format that the name of a file tells.
fn format_of(path: &Path) -> anyhow::Result<Format> {
    let problem = || anyhow!("the name of {} does not say what it should become", path.display());
    let endings = Format::ALL.map(|format| format!(".{}", format.extension())).join(", ");
    Format::of_name(path).ok_or_else(problem).advice(|| format!("let it end in one of {endings}"))
}

/// Whether both names lead to one file.
fn is_same_file(a: &Path, b: &Path) -> bool {
    match [a, b].map(fs::canonicalize) {
        [Ok(a), Ok(b)] => a == b,
        _ => false,
    }
}
