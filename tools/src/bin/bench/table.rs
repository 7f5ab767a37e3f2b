//! What people are told.

use super::columns::{columns, micros, share, speed};
use super::figures::{Conditions, Figures, StepTimes};
use super::growth::{Axis, ROUNDS};
use super::kernels::{KernelTime, Work};
use super::limit::Limit;
use super::step::PARTS;
use super::timing::Timing;
use tools::text::grouped;

/// Threads that have cores of their own do together at least this part of what each does alone.
const CROWDED: f64 = 0.85;

/// All figures, line by line.
pub fn table(figures: &Figures) -> Vec<String> {
    let mut lines = head(figures);
    lines.extend(summary(figures));
    lines.extend(inference(figures));
    if let Some(times) = &figures.step {
        lines.extend(step(times));
    }
    if !figures.kernels.is_empty() {
        lines.extend(kernels(figures));
    }
    figures.growth.iter().for_each(|axis| lines.extend(growth(figures, axis)));
    lines
}

fn head(figures: &Figures) -> Vec<String> {
    let Conditions { dataset, images, batch_size, threads, processor, instruction_set, quick, .. } =
        &figures.conditions;
    let Limit { gflops_one, gflops_all, copy_one, copy_all } = figures.limit;
    let short = if *quick { ", measured for a short time (--quick)" } else { "" };
    let mut lines = vec![
        format!("machine    {processor}, {instruction_set}, {}", counted(*threads, "thread")),
        format!(
            "limit      {} GFLOP/s on one thread, {} on all (multiply-adds in registers)",
            speed(gflops_one),
            speed(gflops_all)
        ),
        format!("copy       {} GB/s on one thread, {} on all (read and written)", speed(copy_one), speed(copy_all)),
        format!("data       {dataset}, {} training images, batches of {batch_size}{short}", grouped(*images)),
        "share      of that limit, against the dense count of multiplications and additions, although work".to_owned(),
        "           that need not be done (the zeros of ReLU and pooling) is left out: it can be above 100 %"
            .to_owned(),
    ];
    let times = gflops_all / gflops_one;
    if times < CROWDED * *threads as f64 {
        lines.push(format!(
            "note       {threads} threads do {times:.1} times the work of one: they share cores, or other programs run"
        ));
        lines.push("           beside this one; then the figures say little".to_owned());
    }
    lines
}

fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

fn summary(figures: &Figures) -> Vec<String> {
    let epoch = Timing::of(figures.epoch_seconds.clone());
    let start = Timing::of(figures.first_steps.clone());
    let memory = &figures.memory;
    let mut lines = vec![
        String::new(),
        format!(
            "epoch      {:.3} s (median of {}; {:.3} to {:.3}), {:.1} GFLOP, {} of the limit",
            epoch.median,
            figures.epoch_seconds.len(),
            epoch.min,
            epoch.max,
            1e-9 * figures.epoch_flop(),
            share(figures.share(figures.epoch_flop(), epoch.median))
        ),
        format!(
            "first step {:.3} s after the start of the program (median of {}; {:.3} to {:.3})",
            start.median,
            figures.first_steps.len(),
            start.min,
            start.max
        ),
        format!(
            "memory     {}",
            match memory.peak_rss_mb {
                Some(peak) =>
                    format!("{peak:.1} MB at most, in a training of {}", counted(memory.epoch_seconds.len(), "epoch")),
                None => "not known: only Linux tells how much a process ever had (VmHWM)".to_owned(),
            }
        ),
    ];
    if let (Some(single), Some(several)) = (memory.epoch20_over_epoch2(), memory.last_over_first()) {
        lines.push(format!(
            "steady     epoch 20 by epoch 2: {single:.3}; the last five epochs by epochs 2 to 6: {several:.3}"
        ));
    }
    lines
}

fn inference(figures: &Figures) -> Vec<String> {
    let rows = figures.inference.iter().map(|&(batch, Timing { median, min, .. })| {
        let images = grouped((batch as f64 / median).round() as usize);
        let part = figures.share(figures.inference_flop(batch), median);
        vec![grouped(batch), micros(median), micros(min), images, share(part)]
    });
    section(
        "inference, from pixels in memory to scores (all threads)",
        &["batch", "µs", "best", "images/s", "share"],
        rows.collect(),
    )
}

fn step(times: &StepTimes) -> Vec<String> {
    let sum = times.sum();
    let row =
        |part: &str, seconds: f64| vec![part.to_owned(), micros(seconds), format!("{:.1} %", 100.0 * seconds / sum)];
    let mut rows: Vec<_> = PARTS.iter().zip(&times.parts).map(|(part, timing)| row(part, timing.median)).collect();
    rows.push(row("sum of the parts", sum));
    rows.push(vec!["a step of the trainer".to_owned(), micros(times.whole.median)]);
    section(
        "a training step (all threads; the parts give its loss and what it makes of the weights, bit for bit)",
        &["part", "µs", ""],
        rows,
    )
}

/// What multiplies, and what moves numbers.
fn kernels(figures: &Figures) -> Vec<String> {
    let (multiply, move_only): (Vec<&KernelTime>, Vec<_>) =
        figures.kernels.iter().partition(|kernel| matches!(kernel.work, Work::Flop(_)));
    let mut lines = kernel_section(figures, "kernels: one thread │ all threads", "GFLOP/s", &multiply);
    let title = "what moves numbers (the share is that of copying; what stays in the caches is faster)";
    lines.extend(kernel_section(figures, title, "GB/s", &move_only));
    lines
}

fn kernel_section(figures: &Figures, title: &str, unit: &str, kernels: &[&KernelTime]) -> Vec<String> {
    let mut rows = Vec::new();
    let mut group = "";
    for kernel in kernels {
        if kernel.group != group {
            group = &kernel.group;
            rows.push(vec![group.to_owned()]);
        }
        rows.push(kernel_row(figures, kernel));
    }
    section(title, &["", "µs", "best", unit, "share", "│", "µs", "best", unit, "share"], rows)
}

fn kernel_row(figures: &Figures, kernel: &KernelTime) -> Vec<String> {
    let [one, all] = figures.speeds(kernel);
    let cells = |timing: &Timing, (value, part): (f64, f64)| {
        [micros(timing.median), micros(timing.min), speed(value), share(part)]
    };
    let mut row = vec![format!("  {}", kernel.name)];
    row.extend(cells(&kernel.one, one));
    row.push("│".to_owned());
    row.extend(cells(&kernel.all, all));
    row
}

fn growth(figures: &Figures, axis: &Axis) -> Vec<String> {
    let rows = axis.points.iter().map(|point| {
        let (gflops, part) = figures.growth_speed(point);
        let bar = "#".repeat((20.0 * part).round().clamp(0.0, 40.0) as usize);
        vec![grouped(point.value), micros(point.per_image.median), speed(gflops), share(part), format!("{bar:<20}")]
    });
    let of = axis.network.map_or_else(String::new, |network| format!(" of {network}"));
    let title = format!("a training step{of} by {}: µs an image, the shortest of {ROUNDS} rounds", axis.name);
    section(&title, &[axis.name, "µs", "GFLOP/s", "share", ""], rows.collect())
}

fn section(title: &str, head: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    let mut lines = vec![String::new(), title.to_owned()];
    lines.extend(columns(head, &rows));
    lines
}
