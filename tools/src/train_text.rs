//! What `train` says before and after.

use std::path::Path;

use model::Summary;

use crate::class_table::class_table;
use crate::data::Data;
use crate::listener::{Finished, Settings};
use crate::network_table::network_table;
use crate::report::Report;
use crate::text::{counted, duration, grouped, labelled, percent, wrapped};

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

/// More classes than this would fill a screen.
const MOST_CLASSES: usize = 10;

/// How good the network became, in one line.
pub fn result(finished: &Finished) -> String {
    let Finished { test_accuracy, test_correct, test_total, train_seconds, .. } = finished;
    format!(
        "test accuracy {} ({} of {} images), trained in {}",
        percent(*test_accuracy),
        grouped(*test_correct),
        grouped(*test_total),
        duration(*train_seconds)
    )
}

/// That, the losses, how well each class is known, and which files were written into the folder: line by line, so that all
/// of it fits on a screen of 24 lines, `width` characters wide.
pub fn summary(report: &Report<'_>, folder: &Path, files: &[&str], width: usize) -> Vec<String> {
    let mut lines = wrapped(&result(report.finished), width);
    let losses = &report.history.epoch_loss_list;
    if let (Some(first), Some(last)) = (losses.first(), losses.last()) {
        let text = format!("{first:.4} in epoch 1, {last:.4} in epoch {}", losses.len());
        lines.extend(labelled("loss", &text, width));
    }
    lines.extend(labelled("classes", "of the test images", width));
    lines.extend(class_table(&report.scores(), &report.guesses.confusion(), MOST_CLASSES, width));
    // A path is not broken: it would be no path any more.
    lines.push(format!("written   into {}:", folder.display()));
    lines.extend(labelled("", &files.join(", "), width));
    lines
}
