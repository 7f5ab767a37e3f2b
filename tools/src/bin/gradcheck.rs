//! Checks the backward pass of the book's network (`gradient_check.py` of chapter 7).
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use layers::ndarray::Array4;
use layers::{GradientCheck, GradientFailure, GradientReport, Labels, ParameterReport, Purpose, Random};
use model::{ConvParam, Network, SimpleConvNet};
use serde::Serialize;
use tools::args::{self, SeedArg};
use tools::console::{self, Stdout};
use tools::program::{EXIT_CODES, Outcome, run};
use tools::text::{hanging, wrapped};

const EXAMPLES: &str = "Examples (`gradcheck` stands for `cargo run -p tools --bin gradcheck --`):
  gradcheck                    passes: the backward pass is right
  gradcheck --seed 1           other weights, another image
  gradcheck --tolerance 1e-12  fails: differences are not that exact
  gradcheck --json             a line of JSON for each parameter

A line has the name of a parameter, the mean of |backward pass - differences| as
the book prints it, the largest relative error with its place and both values,
and how many elements lie at a kink of ReLU or max-pooling.";

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
    tell(&mut Stdout::new(), &report, args.json, console::width())
}

/// Prints the report; the outcome is the verdict.
fn tell<W: Write>(out: &mut Stdout<W>, report: &GradientReport, json: bool, width: usize) -> anyhow::Result<Outcome> {
    match json {
        true => print_json(out, report)?,
        false => print_table(out, report, width)?,
    }
    Ok(if report.passed() { Outcome::Done } else { Outcome::CheckFailed })
}

/// A paragraph a parameter, no line longer than `width` where the words allow it.
fn print_table<W: Write>(out: &mut Stdout<W>, report: &GradientReport, width: usize) -> anyhow::Result<()> {
    for parameter in &report.parameters {
        let ParameterReport { name, mean_difference, elements, kinks, .. } = parameter;
        let largest = match &parameter.largest_error {
            None => "no gradient is large enough for a relative error".to_owned(),
            Some(error) => format!(
                "largest relative error {:.1e} at {} (backward {:.6e}, differences {:.6e})",
                error.relative_error,
                format!("{:?}", error.index).replace(' ', "\u{a0}"),
                error.backward,
                error.numerical
            ),
        };
        let kinks =
            if *kinks == 0 { String::new() } else { format!("; {kinks} of {elements} elements at a kink, left out") };
        let head = format!("{name} {mean_difference:.3e}  ");
        let indent = head.len();
        let lines = wrapped(&format!("{largest}{kinks}"), width.saturating_sub(indent));
        for (i, line) in lines.iter().enumerate() {
            let before = if i == 0 { &head } else { "" };
            out.line(&format!("{before:indent$}{}", line.replace('\u{a0}', " ")))?;
        }
    }
    for parameter in &report.parameters {
        for failure in &parameter.failures {
            out.line(&hanging(&format!("{}: {failure}", parameter.name), width))?;
        }
    }
    let verdict = match report.passed() {
        true => "passed: the backward pass agrees with differences of the loss",
        false => "FAILED: the backward pass does not agree with differences of the loss",
    };
    out.line(&hanging(verdict, width))
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

fn print_json<W: Write>(out: &mut Stdout<W>, report: &GradientReport) -> anyhow::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use layers::ndarray::{Array2, ArrayViewD, ArrayViewMutD, array};
    use layers::{Affine, Layer, Param, Sequential, ShapeError, gradient_check};

    /// An affine layer whose backward pass forgets a minus, or to divide by the number of images, or one element.
    #[derive(Debug)]
    struct Wrong(Affine<f64>, fn(&mut [f64]));

    impl Layer<f64> for Wrong {
        fn kind(&self) -> &'static str {
            "Affine"
        }
        fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
            self.0.output_shape(input)
        }
        fn infer(&self, x: ArrayViewD<'_, f64>, y: ArrayViewMutD<'_, f64>) {
            self.0.infer(x, y);
        }
        fn backward(
            &mut self,
            x: ArrayViewD<'_, f64>,
            y: ArrayViewD<'_, f64>,
            dout: ArrayViewD<'_, f64>,
            dx: Option<ArrayViewMutD<'_, f64>>,
        ) {
            self.0.backward(x, y, dout, dx);
            let spoil = self.1;
            self.0.visit_params_mut(&mut |param| {
                if param.name == "W" {
                    spoil(param.grad_mut());
                }
            });
        }
        fn visit_params(&self, visit: &mut dyn FnMut(&Param<f64>)) {
            self.0.visit_params(visit);
        }
        fn visit_params_mut(&mut self, visit: &mut dyn FnMut(&mut Param<f64>)) {
            self.0.visit_params_mut(visit);
        }
    }

    /// What the program says about a network whose gradients are spoiled like this.
    fn told(spoil: fn(&mut [f64]), json: bool) -> (Outcome, String) {
        let w = Array2::from_shape_fn((3, 2), |(i, j)| 0.3 * i as f64 - 0.2 * j as f64);
        let affine = Affine::new(w, array![0.1, -0.1]).unwrap();
        let mut network = Sequential::new(&[3], vec![Box::new(Wrong(affine, spoil)) as Box<dyn Layer<f64>>]).unwrap();
        let x = array![[1.0, -2.0, 0.5], [0.25, 0.5, 2.0]].into_dyn();
        let report = gradient_check(&mut network, x.view(), Labels::Classes(&[0, 1]), &GradientCheck::default());
        let mut written = Vec::new();
        let outcome = tell(&mut Stdout::to(&mut written), &report, json, 80).unwrap();
        (outcome, String::from_utf8(written).unwrap())
    }

    #[test]
    fn a_wrong_backward_pass_is_a_failed_check() {
        let (outcome, text) = told(|_| {}, false);
        assert!(outcome == Outcome::Done && text.starts_with("W1 ") && text.contains("\npassed"), "{text}");
        let mistakes: [fn(&mut [f64]); 3] = [
            |grad| grad.iter_mut().for_each(|g| *g = -*g),
            |grad| grad.iter_mut().for_each(|g| *g *= 2.0),
            |grad| grad[4] = 0.0,
        ];
        for mistake in mistakes {
            let (outcome, text) = told(mistake, false);
            assert_eq!(outcome, Outcome::CheckFailed);
            assert!(text.contains("W1: the largest relative error") && text.contains("\nFAILED"), "{text}");
            assert!(!text.contains("b1: "), "the bias is right: {text}");
            let (outcome, json) = told(mistake, true);
            assert_eq!(outcome, Outcome::CheckFailed);
            assert!(json.ends_with("{\"event\":\"finished\",\"passed\":false}\n"), "{json}");
        }
    }
}
