//! What `train` says before and after.

use std::path::Path;

use model::Summary;

use crate::data::Data;
use crate::listener::{Finished, Settings};
use crate::network_table::network_table;
use crate::text::{duration, grouped, labelled, percent};

/// Data, network, settings and machine, line by line, for a terminal of `width` characters.
pub fn header(data: &Data, network: &Summary, epochs: usize, settings: &Settings, width: usize) -> Vec<String> {
    let Settings { optimizer, lr, batch_size, sampling, seed, threads, isa, .. } = settings;
    let mut lines = labelled("data", &data.describe(), width);
    if let Some(folder) = &data.folder {
        // A path is not broken: it would be no path any more.
        lines.push(format!("          from {}", folder.display()));
    }
    let network_line = "operations: multiplications and additions for an image, forward";
    lines.extend(labelled("network", network_line, width));
    lines.extend(network_table(network, width));
    let epochs = counted(epochs, "epoch");
    let training = format!("{epochs}, batches of {batch_size} (sampling {sampling}), seed {seed}");
    lines.extend(labelled("training", &training, width));
    lines.extend(labelled("optimizer", &format!("{optimizer}, learning rate {lr:?}"), width));
    lines.extend(labelled("machine", &format!("{}, {isa}", counted(*threads, "thread")), width));
    lines
}

/// How good the network became, and which files were written into the folder, line by line.
pub fn result(finished: &Finished, folder: &Path, files: &[&str]) -> Vec<String> {
    let Finished { test_accuracy, test_correct, test_total, train_seconds, .. } = finished;
    let accuracy = format!(
        "test accuracy {} ({} of {} images), trained in {}",
        percent(*test_accuracy),
        grouped(*test_correct),
        grouped(*test_total),
        duration(*train_seconds)
    );
    let mut lines = vec![accuracy];
    lines.extend(files_lines(folder, files));
    lines
}

/// The names of files, as many in a line as there is room for.
fn files_lines(folder: &Path, files: &[&str]) -> Vec<String> {
    const MOST: usize = 80;
    let mut lines = vec![format!("written       into {}:", folder.display())];
    for (i, file) in files.iter().enumerate() {
        let word = format!("{file}{}", if i + 1 < files.len() { "," } else { "" });
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.len() <= MOST => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(format!("              {word}")),
        }
    }
    lines
}

fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}
