//! Networks from files of weights, whatever their format.

use std::path::Path;

use anyhow::{anyhow, bail};
use clap::Args;
use model::Network;
use model::formats::{FormatError, WeightFile};
use tensor::Real;

use crate::advice::describe as describe_error;
use crate::network_args::NetworkChoice;

/// What network a file is of, where it does not say so itself.
#[derive(Debug, Clone, Default, Args)]
pub struct ToldArg {
    /// The network, where the file does not say which it is of: simple, lenet5, lenet5-modern, deep, alexnet, or a file that
    /// lists the layers [default: simple, its sizes as they are in the file]
    #[arg(long, value_name = "NAME|FILE")]
    pub network: Option<NetworkChoice>,
}

/// A file of weights, and the network that it makes.
#[derive(Debug)]
pub struct Weights<F: Real = f32> {
    /// What is in the file.
    pub file: WeightFile,
    /// The network.
    pub network: Network<F>,
}

impl ToldArg {
    /// Reads a file: our own, the book's `params.pkl`, npz, safetensors, told by its content.
    ///
    /// # Errors
    /// Where it cannot be read, is damaged, or does not fit the network: the message names the array, the shape that is
    /// expected, and the one that is found.
    pub fn load<F: Real>(&self, path: &Path) -> anyhow::Result<Weights<F>> {
        let file = WeightFile::load(path)?;
        let spec = match &self.network {
            Some(_) if file.network.is_some() => {
                bail!("{} says itself what network it is of\n  leave out --network", path.display())
            }
            Some(choice) => choice.spec_of_weights().map_err(|error| with_hint(error, "choose another --network"))?,
            None => None,
        };
        match file.network(spec.as_ref()) {
            Ok(network) => Ok(Weights { file, network }),
            Err(problem) => Err(model::Error::Format { path: path.to_path_buf(), problem: Box::new(problem) }.into()),
        }
    }

    /// As [`load`](Self::load), with what to do about an error in the terms of a program that has this flag; `otherwise`
    /// where the flag is not to blame.
    ///
    /// # Errors
    /// See there.
    pub fn load_or_advise<F: Real>(&self, path: &Path, otherwise: &str) -> anyhow::Result<Weights<F>> {
        self.load(path).map_err(|error| {
            let hint = match problem(&error) {
                Some(FormatError::WhatNetwork { .. }) => "say which network it is of with --network",
                Some(FormatError::Missing { .. } | FormatError::Shape { .. } | FormatError::Unexpected { .. })
                    if self.network.is_some() =>
                {
                    "choose another --network, or describe yours in a file, such as my.toml"
                }
                _ => otherwise,
            };
            with_hint(error, hint)
        })
    }
}

/// Reads a file for a program that has no `--network`. `otherwise` is what to do where nothing better is known.
///
/// # Errors
/// See [`ToldArg::load`].
pub fn load_described(path: &Path, otherwise: &str) -> anyhow::Result<Weights> {
    ToldArg::default().load(path).map_err(|error| {
        let hint = match problem(&error) {
            Some(FormatError::WhatNetwork { .. }) => {
                let convert = "cargo run -p tools --bin convert --";
                format!("say which it is and convert it: `{convert} {} params.postcard --network NAME`", path.display())
            }
            _ => otherwise.to_owned(),
        };
        with_hint(error, &hint)
    })
}

fn problem(error: &anyhow::Error) -> Option<&FormatError> {
    match error.downcast_ref() {
        Some(model::Error::Format { problem, .. }) => Some(problem),
        _ => None,
    }
}

/// The error with a second line, unless it has one.
fn with_hint(error: anyhow::Error, hint: &str) -> anyhow::Error {
    if error.to_string().contains('\n') { error } else { anyhow!("{}\n  {hint}", describe_error(&error)) }
}

/// The format of a file, and how it stores numbers: "safetensors, f16".
pub fn describe(file: &WeightFile) -> String {
    let mut elements: Vec<_> = file.arrays.iter().map(|array| array.element.name()).collect();
    elements.sort_unstable();
    elements.dedup();
    format!("{}, {}", file.format.name(), elements.join(" and "))
}
