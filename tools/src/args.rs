//! Flags that several programs share, and how values on the command line are read.

use std::io::ErrorKind;
use std::num::IntErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::advice::Advice;
use crate::files::OutputFolder;
use crate::weights;

/// The command that makes a parameter file, for hints.
pub const TRAIN_COMMAND: &str = "cargo run -p tools --bin train";

/// The name of the parameter file in the output folder.
pub const PARAMS_FILE: &str = "params.postcard";

/// More threads than any machine has cores today.
const MAX_THREADS: usize = 1024;

/// Which data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DatasetChoice {
    /// MNIST where it is found, the built-in digits elsewhere.
    #[default]
    Auto,
    /// Handwritten digits.
    Mnist,
    /// Pictures of clothes.
    FashionMnist,
    /// Digits drawn by the program itself.
    Digits,
    /// Large coloured pictures drawn by the program itself.
    Figures,
}

/// Where training data come from.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// What to learn: mnist, fashion-mnist, digits or figures (drawn by the program itself), or auto, which is MNIST where
    /// it is found and the digits elsewhere, and the figures for a network of such images
    #[arg(long, value_name = "NAME", value_enum, default_value_t, hide_possible_values = true)]
    pub dataset: DatasetChoice,
    /// The folder with the four files [default: $MNIST_DIR (or $FASHION_MNIST_DIR), else data/mnist (or data/fashion-mnist) in this folder or
    /// one above it, else the user's cache folder]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Use only the first N training images
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub train_limit: Option<usize>,
    /// Use only the first N test images
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub test_limit: Option<usize>,
}

/// The seed of everything random.
#[derive(Debug, Clone, Copy, Args)]
pub struct SeedArg {
    /// The seed of everything random; the same seed gives the same bits
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = seed)]
    pub seed: u64,
}

/// How many threads work.
#[derive(Debug, Clone, Copy, Args)]
pub struct ThreadsArg {
    /// Threads that work [default: the available cores]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
}

impl ThreadsArg {
    /// Makes the pool of the kernels this large; gives the number of threads.
    pub fn apply(self) -> usize {
        let threads = self.threads.unwrap_or_else(tensor::threads::available_cores);
        tensor::threads::set_default_threads(threads);
        threads
    }
}

/// Where results go.
#[derive(Debug, Clone, Args)]
pub struct OutArg {
    /// The folder for results; made where it is missing
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
}

impl OutArg {
    /// As [`prepare`](Self::prepare), but the folder is not made before something is written into it.
    ///
    /// # Errors
    /// See [`OutputFolder::prepare`].
    pub fn check(&self, files: &[&str]) -> anyhow::Result<OutputFolder> {
        OutputFolder::check_for(("--out", "the output folder"), &self.out, files)
    }

    /// See [`OutputFolder::prepare`].
    ///
    /// # Errors
    /// See there.
    pub fn prepare(&self, files: &[&str]) -> anyhow::Result<OutputFolder> {
        OutputFolder::prepare(&self.out, files)
    }
}

/// A network that was trained before.
#[derive(Debug, Clone, Args)]
pub struct ParamsArg {
    /// The parameter file of the network, or its weights in another format; where it is not named, the one that `train` writes
    /// into the output folder.
    #[arg(long, value_name = "FILE",
        help = format!("The parameter file of the network, or its weights as pkl, npz or safetensors [default: {PARAMS_FILE} in the folder of --out]"))]
    pub params: Option<PathBuf>,
}

impl ParamsArg {
    /// The file.
    pub fn path(&self, out: &OutArg) -> PathBuf {
        self.params.clone().unwrap_or_else(|| out.out.join(PARAMS_FILE))
    }

    /// Loads the network.
    ///
    /// # Errors
    /// Where the file is missing (with the command that makes one) or damaged.
    pub fn load(&self, out: &OutArg) -> anyhow::Result<model::Network> {
        load_network(&self.path(out))
    }
}

/// Loads a network from a parameter file, or a file of weights in another format that says what network it is of; the
/// message says what to do where that fails.
///
/// # Errors
/// Where the file cannot be read, is damaged, or does not say what network it is of.
pub fn load_network(path: &Path) -> anyhow::Result<model::Network> {
    check_there(path)?;
    weights::load_described(path, &other_params()).map(|weights| weights.network)
}

/// Refuses a parameter file that is not there.
///
/// # Errors
/// Says what makes one.
pub fn check_there(path: &Path) -> anyhow::Result<()> {
    if std::fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        let problem = anyhow::anyhow!("there is no parameter file {}", path.display());
        return Err(problem).advice(|| format!("make one with `{TRAIN_COMMAND}`, or name another with --params"));
    }
    Ok(())
}

/// What to do about a parameter file that cannot be used.
pub fn other_params() -> String {
    format!("name another file with --params, or make one with `{TRAIN_COMMAND}`")
}

/// A whole number, 1 or more.
///
/// # Errors
/// What is expected.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    whole_from(1, text)
}

/// A whole number.
///
/// # Errors
/// What is expected.
pub fn whole(text: &str) -> Result<usize, String> {
    whole_from(0, text)
}

fn whole_from(least: usize, text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(value) if value >= least => Ok(value),
        Err(error) if *error.kind() == IntErrorKind::PosOverflow => {
            Err(format!("expected a whole number, {} at most", usize::MAX))
        }
        _ => Err(format!("expected a whole number, {least} or more")),
    }
}

/// A number above zero that is still one, and not infinite, where it is rounded to single precision, even after a few
/// numbers were multiplied with it.
///
/// # Errors
/// What is expected.
pub fn positive(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (1e-37..=1e37).contains(value));
    value.ok_or_else(|| "expected a number above 0 (1e-37 to 1e37), such as 0.001 or 1e-3".to_owned())
}

/// A part of a whole.
///
/// # Errors
/// What is expected.
pub fn fraction(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
    value.ok_or_else(|| "expected a number from 0 to 1, such as 0.98".to_owned())
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

fn threads(text: &str) -> Result<usize, String> {
    let value = text.parse().ok().filter(|value| (1..=MAX_THREADS).contains(value));
    value.ok_or_else(|| format!("expected a whole number from 1 to {MAX_THREADS}"))
}

/// One of some names that a library parses; upper and lower case are the same.
pub fn one_of<T>(names: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr + Clone + Send + Sync + 'static,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    PossibleValuesParser::new(names.into_iter().collect::<Vec<_>>()).try_map(|name| name.to_lowercase().parse())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_their_range_are_refused() {
        assert_eq!(at_least_one("3"), Ok(3));
        assert_eq!(positive("1e-3"), Ok(0.001));
        assert_eq!(fraction("1"), Ok(1.0));
        assert_eq!(threads("2"), Ok(2));
        for text in ["", " ", "x", "-1", "1.5", "0", "99999999999999999999999", "NaN", "inf", "１"] {
            assert!(at_least_one(text).is_err(), "{text:?}");
            assert!(threads(text).is_err(), "{text:?}");
        }
        for text in ["0", "-0.1", "inf", "-inf", "NaN", "1e999", "1e300", "1e38", "1e-320", "1e-38", "one", "", "0x1"] {
            assert!(positive(text).is_err(), "{text:?}");
        }
        for text in ["-0.01", "1.01", "98", "NaN", "98%"] {
            assert!(fraction(text).is_err(), "{text:?}");
        }
        assert!(seed("-1").is_err() && seed("18446744073709551616").is_err() && seed("18446744073709551615").is_ok());
        assert!(whole("0").is_ok() && whole("-0.0").is_err());
    }
}
