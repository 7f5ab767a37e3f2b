//! What is measured in a process of its own: the first step after a start, and memory.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use model::{Event, Network, SimpleConvNet, Trainer, TrainerConfig, evaluate};
use serde::{Deserialize, Serialize};

use super::args::{BenchArgs, Child};
use super::timing::Timing;
use tools::console::Stdout;
use tools::data::Data;

/// The book's network for these images.
pub(super) fn settings(data: &Data) -> SimpleConvNet {
    let (input_dim, output_size) = (data.splits.train.image_shape(), data.splits.train.classes());
    SimpleConvNet { input_dim, output_size, ..SimpleConvNet::default() }
}

/// What a child does.
///
/// # Errors
/// Where the data cannot be loaded, or the training fails.
pub(super) fn run(args: &BenchArgs, child: Child) -> anyhow::Result<()> {
    args.threads.apply();
    let data = args.data.load()?;
    let network = settings(&data).build(0)?;
    match child {
        Child::FirstStep => first_step(network, &data),
        Child::Memory => memory(network, &data, args.epochs.unwrap_or(1)),
    }
}

fn first_step(mut network: Network, data: &Data) -> anyhow::Result<()> {
    let mut trainer = Trainer::new(TrainerConfig::default())?;
    trainer.train(&mut network, &data.splits.train, &data.splits.test, &mut |event| match event {
        Event::Step { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })?;
    Stdout::new().line("first step")
}

fn memory(mut network: Network, data: &Data, epochs: usize) -> anyhow::Result<()> {
    let mut trainer = Trainer::new(TrainerConfig { epochs, ..TrainerConfig::default() })?;
    let (train, test) = (&data.splits.train, &data.splits.test);
    let history = trainer.train(&mut network, train, test, &mut |_| ControlFlow::Continue(()))?;
    evaluate(&network, test)?;
    let memory = Memory { epoch_seconds: history.epoch_seconds_list, peak_rss_mb: peak_rss_mb() };
    Stdout::new().line(&serde_json::to_string(&memory)?)
}

/// A whole training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Of each epoch, its steps alone.
    pub epoch_seconds: Vec<f64>,
    /// The most memory that the process ever had, in 10⁶ bytes; none where the system does not tell.
    pub peak_rss_mb: Option<f64>,
}

impl Memory {
    /// The seconds of epoch 20 by those of epoch 2, where there are so many.
    pub fn epoch20_over_epoch2(&self) -> Option<f64> {
        Some(self.epoch_seconds.get(19)? / self.epoch_seconds[1])
    }

    /// The median of the last five epochs by that of epochs 2 to 6: as above, but for the noise of single epochs.
    pub fn last_over_first(&self) -> Option<f64> {
        let seconds = self.epoch_seconds.get(1..).filter(|seconds| seconds.len() >= 10)?;
        let median = |part: &[f64]| Timing::of(part.to_vec()).median;
        Some(median(&seconds[seconds.len() - 5..]) / median(&seconds[..5]))
    }
}

/// The high-water mark of this process, as Linux tells it.
fn peak_rss_mb() -> Option<f64> {
    high_water_mark(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn high_water_mark(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Seconds from starting a process until its first step is done.
///
/// # Errors
/// Where the process cannot be started, or does not come so far.
pub(super) fn time_first_step(args: &BenchArgs) -> anyhow::Result<f64> {
    let mut command = command(args, Child::FirstStep)?;
    let start = Instant::now();
    let mut child = command.spawn().context("the benchmark cannot start itself")?;
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let read = stdout.read_line(&mut line);
    let seconds = start.elapsed().as_secs_f64();
    let status = child.wait()?;
    read?;
    ensure!(status.success() && line == "first step\n", "a process that was to take one step ended with {status}");
    Ok(seconds)
}

/// A training of so many epochs in a process of its own.
///
/// # Errors
/// Where the process cannot be started, or does not come to its end.
pub(super) fn train(args: &BenchArgs, epochs: usize) -> anyhow::Result<Memory> {
    let mut command = command(args, Child::Memory)?;
    let mut child =
        command.args(["--epochs", &epochs.to_string()]).spawn().context("the benchmark cannot start itself")?;
    let mut text = String::new();
    let read = child.stdout.take().expect("piped").read_to_string(&mut text);
    let status = child.wait()?;
    read?;
    ensure!(status.success(), "a process that was to train ended with {status}");
    serde_json::from_str(&text).context("a process that was to train told something else")
}

fn command(args: &BenchArgs, child: Child) -> anyhow::Result<Command> {
    let program = std::env::current_exe().context("the benchmark does not find itself")?;
    let mut command = Command::new(program);
    command.args(args.for_child(child)).stdin(Stdio::null()).stdout(Stdio::piped());
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read() {
        let status = "Name:\tbench\nVmPeak:\t  200000 kB\nVmHWM:\t  100000 kB\nVmRSS:\t   50000 kB\n";
        assert_eq!(high_water_mark(status), Some(102.4));
        assert_eq!(high_water_mark("Name:\tbench\n"), None);
    }

    #[test]
    fn late_epochs_are_compared_with_early_ones() {
        let memory = |epoch_seconds: Vec<f64>| Memory { epoch_seconds, peak_rss_mb: None };
        let rising = memory((1..=20).map(f64::from).collect());
        assert_eq!((rising.epoch20_over_epoch2(), rising.last_over_first()), (Some(10.0), Some(4.5)));
        let short = memory(vec![1.0; 3]);
        assert_eq!((short.epoch20_over_epoch2(), short.last_over_first()), (None, None));
        assert_eq!(memory(vec![]).last_over_first(), None);
    }
}
