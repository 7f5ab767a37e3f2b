//! Checks the backward pass of the book's network (`gradient_check.py` of chapter 7).
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use layers::ndarray::Array4;
use layers::{GradientCheck, GradientFailure, GradientReport, Labels, ParameterReport, Purpose, Random};
use model::{ConvParam, Network, SimpleConvNet};
use serde::Serialize;
use tools::args::{self, SeedArg};
use tools::console::Stdout;
use tools::program::{EXIT_CODES, Outcome, run};

const EXAMPLES: &str = "Examples:
  gradcheck                      passes: the backward pass is right
  gradcheck --seed 1             other weights, another image
  gradcheck --tolerance 1e-12    fails: differences are not that exact
  gradcheck --json               a line of JSON for each parameter

A line has the name of the parameter, the mean of |backward pass - differences| as the book prints it, the largest
relative error with its place and both values, and how many elements lie at a kink of ReLU or max-pooling.";

/// Compares the gradients of the backward pass with differences of the loss, on a small network with one random image.
#[derive(Debug, Parser)]
#[command(name = "gradcheck", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Args {
    #[command(flatten)]
    seed: SeedArg,
    /// The largest relative error that passes
    #[arg(long, value_name = "ERROR", default_value_t = GradientCheck::default().relative_tolerance,
        value_parser = args::positive)]
    tolerance: f64,
    /// Write JSON lines on standard output
    #[arg(long)]
    json: bool,
}

/// The book's network for this check.
const NETWORK: SimpleConvNet = SimpleConvNet {
    input_dim: [1, 10, 10],
    conv_param: ConvParam { filter_num: 10, filter_size: 3, pad: 0, stride: 1 },
    hidden_size: 10,
    output_size: 10,
    init: layers::Init::Normal { std: 0.01 },
    rounding: layers::Rounding::Exact,
};
/// The book's label for its one image.
const LABEL: usize = 1;

fn main() -> ExitCode {
    run(gradcheck)
}

fn gradcheck(args: Args) -> anyhow::Result<Outcome> {
    let mut network: Network<f64> = NETWORK.build(args.seed.seed)?;
    // A stream of its own, so that the image does not repeat the weights.
    let mut random = Random::new(args.seed.seed, Purpose::Other(0));
    let [channels, height, width] = NETWORK.input_dim;
    let x = Array4::from_shape_simple_fn((1, channels, height, width), || random.uniform());
    let config = GradientCheck { relative_tolerance: args.tolerance, ..GradientCheck::default() };
    let report = network.gradient_check(x.view(), Labels::Classes(&[LABEL]), &config);
    let mut out = Stdout::new();
    match args.json {
        true => print_json(&mut out, &report)?,
        false => print_table(&mut out, &report)?,
    }
    Ok(if report.passed() { Outcome::Done } else { Outcome::CheckFailed })
}

fn print_table(out: &mut Stdout, report: &GradientReport) -> anyhow::Result<()> {
    for parameter in &report.parameters {
        let ParameterReport { name, mean_difference, elements, kinks, .. } = parameter;
        let largest = match &parameter.largest_error {
            None => "no gradient is large enough for a relative error".to_owned(),
            Some(error) => format!(
                "largest relative error {:.1e} at {:?} (backward {:.6e}, differences {:.6e})",
                error.relative_error, error.index, error.backward, error.numerical
            ),
        };
        let kinks =
            if *kinks == 0 { String::new() } else { format!("; {kinks} of {elements} elements at a kink, left out") };
        out.line(&format!("{name} {mean_difference:.3e}  {largest}{kinks}"))?;
    }
    for parameter in &report.parameters {
        for failure in &parameter.failures {
            out.line(&format!("{}: {failure}", parameter.name))?;
        }
    }
    out.line(match report.passed() {
        true => "passed: the backward pass agrees with differences of the loss",
        false => "FAILED: the backward pass does not agree with differences of the loss",
    })
}

/// A line of JSON.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line<'a> {
    Parameter {
        name: &'a str,
        mean_difference: f64,
        largest_error: Option<LargestError<'a>>,
        elements: usize,
        kinks: usize,
        passed: bool,
        failures: Vec<String>,
    },
    Finished {
        passed: bool,
    },
}

#[derive(Serialize)]
struct LargestError<'a> {
    relative_error: f64,
    index: &'a [usize],
    backward: f64,
    differences: f64,
}

fn print_json(out: &mut Stdout, report: &GradientReport) -> anyhow::Result<()> {
    for parameter in &report.parameters {
        let line = Line::Parameter {
            name: &parameter.name,
            mean_difference: parameter.mean_difference,
            largest_error: parameter.largest_error.as_ref().map(|error| LargestError {
                relative_error: error.relative_error,
                index: &error.index,
                backward: error.backward,
                differences: error.numerical,
            }),
            elements: parameter.elements,
            kinks: parameter.kinks,
            passed: parameter.failures.is_empty(),
            failures: parameter.failures.iter().map(GradientFailure::to_string).collect(),
        };
        out.line(&serde_json::to_string(&line)?)?;
    }
    out.line(&serde_json::to_string(&Line::Finished { passed: report.passed() })?)
}
