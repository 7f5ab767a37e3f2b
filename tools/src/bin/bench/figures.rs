//! All that was measured, and what programs are told of it.

use model::Operations;
use serde::Serialize;
use serde_json::Value;

use super::child::Memory;
use super::growth::{Axis, Point};
use super::kernels::{KernelTime, Work};
use super::limit::Limit;
use super::step::PARTS;
use super::timing::Timing;

/// All that was measured.
#[derive(Debug, Clone)]
pub struct Figures {
    /// What the machine can do at most.
    pub limit: Limit,
    /// Where it was measured, and on what.
    pub conditions: Conditions,
    /// Operations for an image.
    pub flop: Operations,
    /// Of each epoch that counts, in seconds.
    pub epoch_seconds: Vec<f64>,
    /// After them, and one more, over all test images: the work was done.
    pub test_accuracy: f64,
    /// Batch sizes, and what a batch takes.
    pub inference: Vec<(usize, Timing)>,
    /// From the start of a process until its first step is done.
    pub first_steps: Vec<f64>,
    /// A whole training.
    pub memory: Memory,
    /// The parts of a step, in seconds, and the whole as the trainer takes it; none where it was not asked for.
    pub step: Option<StepTimes>,
    /// Every kernel; none where it was not asked for.
    pub kernels: Vec<KernelTime>,
    /// How the cost grows; none where it was not asked for.
    pub growth: Vec<Axis>,
}

/// A step and its parts.
#[derive(Debug, Clone)]
pub struct StepTimes {
    /// Of the [`PARTS`].
    pub parts: Vec<Timing>,
    /// As the trainer takes it.
    pub whole: Timing,
}

/// Where and on what it was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Conditions {
    /// Whose figures these are.
    pub name: &'static str,
    /// The version of this project.
    pub version: &'static str,
    /// "mnist", "fashion-mnist" or "digits".
    pub dataset: &'static str,
    /// Training images.
    pub images: usize,
    /// Images in a step.
    pub batch_size: usize,
    /// Threads that work.
    pub threads: usize,
    /// Cores that may be used.
    pub cores: usize,
    /// Its name, as the system tells it.
    pub processor: String,
    /// The vector instructions in use.
    pub instruction_set: &'static str,
    /// Whether everything was measured for a shorter time.
    pub quick: bool,
}

impl Figures {
    /// What part of the limit of all threads so many operations in so many seconds are.
    pub fn share(&self, flop: f64, seconds: f64) -> f64 {
        1e-9 * flop / seconds / self.limit.gflops_all
    }

    /// Operations of an epoch.
    pub fn epoch_flop(&self) -> f64 {
        (self.flop.training * self.conditions.images) as f64
    }

    /// Operations of inference for so many images.
    pub fn inference_flop(&self, images: usize) -> f64 {
        (self.flop.inference * images) as f64
    }

    /// What a batch of this size takes in inference.
    fn inference_of(&self, batch: usize) -> Option<Timing> {
        self.inference.iter().find(|(size, _)| *size == batch).map(|(_, timing)| *timing)
    }

    /// Billions of operations (or bytes) a second, and the part of the limit that they are: on one thread, on all.
    pub fn speeds(&self, kernel: &KernelTime) -> [(f64, f64); 2] {
        let Limit { gflops_one, gflops_all, copy_one, copy_all } = self.limit;
        let (work, limits) = match kernel.work {
            Work::Flop(flop) => (flop, [gflops_one, gflops_all]),
            Work::Bytes(bytes) => (bytes, [copy_one, copy_all]),
        };
        let seconds = [kernel.one.median, kernel.all.median];
        std::array::from_fn(|i| {
            let speed = 1e-9 * work / seconds[i];
            (speed, speed / limits[i])
        })
    }

    /// Billions of operations a second of a growing step, and the part of the limit that they are.
    pub fn growth_speed(&self, point: &Point) -> (f64, f64) {
        let speed = 1e-9 * point.flop_per_image as f64 / point.per_image.median;
        (speed, speed / point.limit.unwrap_or(self.limit.gflops_all))
    }

    /// The figures for another program, as JSON.
    ///
    /// # Errors
    /// Where a figure is no number.
    pub fn to_json(&self) -> anyhow::Result<Value> {
        let Figures { limit, conditions, memory, .. } = self;
        let epoch = Timing::of(self.epoch_seconds.clone());
        let hundred = self.inference_of(100).unwrap_or(epoch);
        let latency = self.inference_of(1).unwrap_or(epoch);
        let report = Report {
            conditions,
            limit: *limit,
            epochs: self.epoch_seconds.len(),
            epoch_seconds: epoch.median,
            epoch_seconds_min: epoch.min,
            epoch_seconds_max: epoch.max,
            epoch_seconds_list: &self.epoch_seconds,
            epoch_share_of_limit: self.share(self.epoch_flop(), epoch.median),
            epoch_gflop: 1e-9 * self.epoch_flop(),
            test_accuracy: self.test_accuracy,
            infer_images_per_second: 100.0 / hundred.median,
            infer_share_of_limit: self.share(self.inference_flop(100), hundred.median),
            latency_us: 1e6 * latency.median,
            latency_us_min: 1e6 * latency.min,
            first_step_seconds: Timing::of(self.first_steps.clone()).median,
            first_step_seconds_list: &self.first_steps,
            peak_rss_mb: memory.peak_rss_mb,
            memory_epochs: memory.epoch_seconds.len(),
            epoch20_over_epoch2: memory.epoch20_over_epoch2(),
            last_epochs_over_first: memory.last_over_first(),
            inference: self.inference.iter().map(|&(batch, timing)| self.inference_row(batch, timing)).collect(),
            step: self.step.as_ref().map(step_rows),
            kernels: self.kernels.iter().map(|kernel| self.kernel_row(kernel)).collect(),
            growth: self.growth.iter().map(|axis| self.axis_rows(axis)).collect(),
        };
        let value = serde_json::to_value(&report)?;
        anyhow::ensure!(!has_holes(&value), "a figure is no number: {value}");
        Ok(value)
    }

    fn inference_row(&self, batch: usize, Timing { median, min, .. }: Timing) -> InferenceRow {
        InferenceRow {
            batch,
            microseconds: 1e6 * median,
            microseconds_min: 1e6 * min,
            images_per_second: batch as f64 / median,
            share_of_limit: self.share(self.inference_flop(batch), median),
        }
    }

    fn kernel_row<'a>(&self, kernel: &'a KernelTime) -> KernelRow<'a> {
        let [one, all] = self.speeds(kernel);
        let row = |timing: Timing, (speed, share_of_limit)| Speed {
            microseconds: 1e6 * timing.median,
            microseconds_min: 1e6 * timing.min,
            speed,
            share_of_limit,
        };
        let unit = match kernel.work {
            Work::Flop(_) => "GFLOP/s",
            Work::Bytes(_) => "GB/s",
        };
        let [one, all] = [row(kernel.one, one), row(kernel.all, all)];
        KernelRow { group: &kernel.group, name: &kernel.name, unit, one_thread: one, all_threads: all }
    }

    fn axis_rows(&self, axis: &Axis) -> AxisRows {
        let point = |point: &Point| {
            let (gflops, share_of_limit) = self.growth_speed(point);
            let microseconds = 1e6 * point.per_image.median;
            GrowthRow { value: point.value, microseconds_per_image: microseconds, gflops, share_of_limit }
        };
        AxisRows { network: axis.network, axis: axis.name, points: axis.points.iter().map(point).collect() }
    }
}

fn step_rows(step: &StepTimes) -> StepRows {
    let part = |(part, timing): (&'static str, &Timing)| PartRow { part, microseconds: 1e6 * timing.median };
    StepRows {
        parts: PARTS.into_iter().zip(&step.parts).map(part).collect(),
        sum_microseconds: 1e6 * step.sum(),
        trainer_microseconds: 1e6 * step.whole.median,
    }
}

impl StepTimes {
    /// All parts together, in seconds.
    pub fn sum(&self) -> f64 {
        self.parts.iter().map(|part| part.median).sum()
    }
}

/// Whether anything is null: `serde_json` writes NaN and infinity so.
fn has_holes(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_holes),
        Value::Object(members) => members.values().any(has_holes),
        _ => false,
    }
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    conditions: &'a Conditions,
    #[serde(flatten)]
    limit: Limit,
    epochs: usize,
    epoch_seconds: f64,
    epoch_seconds_min: f64,
    epoch_seconds_max: f64,
    epoch_seconds_list: &'a [f64],
    epoch_share_of_limit: f64,
    epoch_gflop: f64,
    test_accuracy: f64,
    infer_images_per_second: f64,
    infer_share_of_limit: f64,
    latency_us: f64,
    latency_us_min: f64,
    first_step_seconds: f64,
    first_step_seconds_list: &'a [f64],
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_rss_mb: Option<f64>,
    memory_epochs: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch20_over_epoch2: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_epochs_over_first: Option<f64>,
    inference: Vec<InferenceRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<StepRows>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kernels: Vec<KernelRow<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    growth: Vec<AxisRows>,
}

#[derive(Serialize)]
struct InferenceRow {
    batch: usize,
    microseconds: f64,
    microseconds_min: f64,
    images_per_second: f64,
    share_of_limit: f64,
}

#[derive(Serialize)]
struct StepRows {
    parts: Vec<PartRow>,
    sum_microseconds: f64,
    trainer_microseconds: f64,
}

#[derive(Serialize)]
struct PartRow {
    part: &'static str,
    microseconds: f64,
}

#[derive(Serialize)]
struct KernelRow<'a> {
    group: &'a str,
    name: &'a str,
    unit: &'static str,
    one_thread: Speed,
    all_threads: Speed,
}

#[derive(Serialize)]
struct Speed {
    microseconds: f64,
    microseconds_min: f64,
    speed: f64,
    share_of_limit: f64,
}

#[derive(Serialize)]
struct AxisRows {
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<&'static str>,
    axis: &'static str,
    points: Vec<GrowthRow>,
}

#[derive(Serialize)]
struct GrowthRow {
    value: usize,
    microseconds_per_image: f64,
    gflops: f64,
    share_of_limit: f64,
}
