//! A training, and what it must have written for TensorBoard.

use std::path::Path;

use anyhow::{Context, ensure};
use clap::Parser;
use model::Network;
use serde_json::{Value as Json, json};
use tools::args::PARAMS_FILE;
use tools::listener::network_values;
use tools::tensorboard::{Histogram, Value};
use tools::train_args::TrainArgs;

use crate::own::run_own;

/// The folder of TensorBoard, and in it the one of the event files.
pub(crate) const RUNS: &str = "runs";
pub(crate) const RUN: &str = "runs/digits";
/// Two epochs, in two sittings: each writes an event file of its own.
const SETTINGS: &str =
    "--dataset digits --train-limit 2000 --test-limit 500 --out out --tensorboard runs/digits --json-steps";
const SITTINGS: [&str; 2] = ["--epochs 1", "--epochs 2 --resume"];

/// Trains in `folder`, with the event files in [`RUN`] there. Gives what must be in them: kind, tag, and pairs of step and
/// value. The scalars are those of the JSON lines of the same training, pictures and histograms those of its networks.
pub(crate) fn train(folder: &Path) -> anyhow::Result<Json> {
    let mut told = json!({ "scalars": {}, "images": {}, "histograms": {} });
    let args = TrainArgs::try_parse_from(["train"].into_iter().chain(SETTINGS.split(' ')))?;
    tell_network(&mut told, 0, &args.network(&args.load_data()?)?);
    for sitting in SITTINGS {
        let printed = run_own("train", &format!("{SETTINGS} {sitting}"), folder)?;
        let lines = printed.lines().map(serde_json::from_str).collect::<Result<Vec<Json>, _>>()?;
        let steps = lines.iter().find_map(|line| line["steps_per_epoch"].as_u64()).context("a line with the steps")?;
        let mut last = 0;
        for line in &lines {
            last = tell_line(&mut told, line, steps).unwrap_or(last);
        }
        ensure!(last > 0, "a training without steps");
        tell_network(&mut told, last, &Network::load(folder.join("out").join(PARAMS_FILE))?);
    }
    Ok(told)
}

/// Notes what a JSON line says, and gives its step where it has one.
fn tell_line(told: &mut Json, line: &Json, steps: u64) -> Option<u64> {
    let epoch = line["epoch"].as_u64()?;
    let (step, members) = match line["step"].as_u64() {
        Some(step) => ((epoch - 1) * steps + step, &[("loss/step", "loss"), ("learning_rate", "lr")][..]),
        None => (
            epoch * steps,
            &[
                ("loss/epoch", "mean_loss"),
                ("accuracy/train", "train_accuracy"),
                ("accuracy/test", "test_accuracy"),
                ("seconds/epoch", "seconds"),
            ][..],
        ),
    };
    for (tag, member) in members {
        // TensorBoard has single precision.
        let value = line[member].as_f64()? as f32;
        tell(told, "scalars", tag, step, json!(f64::from(value)));
    }
    Some(step)
}

fn tell_network(told: &mut Json, step: u64, network: &Network) {
    for (tag, value) in network_values(network) {
        match value {
            Value::Scalar(value) => tell(told, "scalars", &tag, step, json!(f64::from(value))),
            Value::Picture { png, height, width } => {
                let png: String = png.iter().map(|byte| format!("{byte:02x}")).collect();
                tell(told, "images", &tag, step, json!({ "height": height, "width": width, "png": png }));
            }
            Value::Histogram(Histogram { min, max, count, sum, sum_of_squares, limits, counts }) => {
                let value = json!({
                    "min": min, "max": max, "num": count, "sum": sum, "sum_squares": sum_of_squares,
                    "bucket_limit": limits, "bucket": counts,
                });
                tell(told, "histograms", &tag, step, value);
            }
        }
    }
}

fn tell(told: &mut Json, kind: &str, tag: &str, step: u64, value: Json) {
    let values = &mut told[kind][tag];
    if values.is_null() {
        *values = json!([]);
    }
    values.as_array_mut().expect("nothing else is put there").push(json!([step, value]));
}
