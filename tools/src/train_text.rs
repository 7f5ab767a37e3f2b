//! What `train` says before and after.

use std::path::PathBuf;

use model::Network;

use crate::data::Data;
use crate::listener::{Finished, Settings};
use crate::network_table::network_table;
use crate::text::{duration, grouped, percent};

/// Data, network, settings and machine, line by line.
pub fn header(data: &Data, network: &Network, epochs: usize, settings: &Settings) -> Vec<String> {
    let Settings { optimizer, lr, batch_size, sampling, seed, threads, isa, .. } = settings;
    let mut lines = vec![format!("data      {}", data.describe())];
    if let Some(folder) = &data.folder {
        lines.push(format!("          from {}", folder.display()));
    }
    lines.push("network".to_owned());
    lines.extend(network_table(network));
    lines.push(format!(
        "training  {}, batches of {batch_size} (sampling {sampling}), seed {seed}",
        counted(epochs, "epoch")
    ));
    lines.push(format!("optimizer {optimizer}, learning rate {lr:?}"));
    lines.push(format!("machine   {}, {isa}", counted(*threads, "thread")));
    lines
}

/// How good the network became, and which files were written, line by line.
pub fn result(finished: &Finished, files: &[PathBuf]) -> Vec<String> {
    let Finished { test_accuracy, test_correct, test_total, train_seconds, .. } = finished;
    let accuracy = format!(
        "test accuracy {} ({} of {} images), trained in {}",
        percent(*test_accuracy),
        grouped(*test_correct),
        grouped(*test_total),
        duration(*train_seconds)
    );
    let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    vec![accuracy, format!("written       {}", files.join(", "))]
}

fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}
