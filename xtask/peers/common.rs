//! What the peers in Rust share: options, the files of MNIST, clocks, and the line of JSON that each of them prints.
//! The same as `common.py`, for the same results.

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::thread::available_parallelism;
use std::time::Instant;

use flate2::read::GzDecoder;
use rand::seq::SliceRandom;

pub const BATCH: usize = 100;
pub const LEARNING_RATE: f64 = 0.001;
pub const WEIGHT_DEVIATION: f64 = 0.01;
pub const FILTERS: usize = 30;
pub const FILTER_SIZE: usize = 5;
pub const FEATURES: usize = 30 * 12 * 12;
pub const HIDDEN: usize = 100;
pub const CLASSES: usize = 10;

/// The pixels of an image.
pub const PIXELS: usize = 28 * 28;

/// Steps before the clock of the epochs starts, the first step among them.
pub const WARM_UP_STEPS: usize = 50;

const USAGE: &str = "\
Options:
  --mnist DIR    the folder of the four gzipped files [default: $MNIST_DIR, else data/mnist]
  --epochs N     epochs to time [default: 2]
  --threads N    threads to compute with [default: all cores]";

/// What the command line asks for.
pub struct Options {
    pub mnist: PathBuf,
    pub epochs: usize,
    pub threads: usize,
}

impl Options {
    /// Reads the command line; stops the program where it makes no sense.
    pub fn read() -> Self {
        let mnist =
            std::env::var_os("MNIST_DIR").filter(|dir| !dir.is_empty()).map_or("data/mnist".into(), PathBuf::from);
        let threads = available_parallelism().map_or(1, usize::from);
        let mut options = Self { mnist, epochs: 2, threads };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            if word == "--help" {
                println!("{USAGE}");
                exit(0);
            }
            let value = words.next().unwrap_or_else(|| stop(&format!("{word} has no value\n{USAGE}")));
            match word.as_str() {
                "--mnist" => options.mnist = value.into(),
                "--epochs" => options.epochs = positive(&word, &value),
                "--threads" => options.threads = positive(&word, &value),
                _ => stop(&format!("{word} is no option\n{USAGE}")),
            }
        }
        options.start_again_with_threads();
        options
    }

    /// Both frameworks take the number of their threads from this variable alone, so it has to be there from the start.
    fn start_again_with_threads(&self) {
        const VARIABLE: &str = "RAYON_NUM_THREADS";
        let wanted = self.threads.to_string();
        if std::env::var(VARIABLE).is_ok_and(|there| there == wanted) {
            return;
        }
        let program = std::env::current_exe().unwrap_or_else(|error| stop(&format!("where is this program? {error}")));
        // The same process goes on, and so does its clock.
        let error = Command::new(program).args(std::env::args_os().skip(1)).env(VARIABLE, wanted).exec();
        stop(&format!("cannot start again with {VARIABLE}: {error}"));
    }
}

fn positive(option: &str, value: &str) -> usize {
    match value.parse() {
        Ok(number) if number > 0 => number,
        _ => stop(&format!("{option} {value}: expected a whole number of at least 1")),
    }
}

fn stop(problem: &str) -> ! {
    eprintln!("error: {problem}");
    exit(2)
}

/// Images as f32 between 0 and 1, one after the other, and their labels.
pub struct Images {
    pub pixels: Vec<f32>,
    pub labels: Vec<u8>,
}

impl Images {
    /// `name` is `train` or `t10k`.
    pub fn load(folder: &Path, name: &str) -> Self {
        let pixels = read_idx(&folder.join(format!("{name}-images-idx3-ubyte.gz")), 3);
        let labels = read_idx(&folder.join(format!("{name}-labels-idx1-ubyte.gz")), 1);
        assert_eq!(pixels.len(), labels.len() * PIXELS, "{name}: images of 28×28, as many as labels");
        Self { pixels: pixels.iter().map(|&byte| f32::from(byte) / 255.0).collect(), labels }
    }
}

/// An IDX file of bytes: two zeros, the type 8, the number of axes, their lengths, the bytes.
fn read_idx(path: &Path, axes: u8) -> Vec<u8> {
    let file = fs::File::open(path).unwrap_or_else(|error| {
        stop(&format!(
            "{}: {error}; give the folder of the four files with --mnist, or fetch them with `cargo xtask fetch-mnist`",
            path.display()
        ))
    });
    let mut content = Vec::new();
    if let Err(error) = GzDecoder::new(file).read_to_end(&mut content) {
        stop(&format!("{}: {error}", path.display()));
    }
    if !content.starts_with(&[0, 0, 8, axes]) {
        stop(&format!("{}: expected an IDX file of bytes with {axes} axes", path.display()));
    }
    content.split_off(4 + 4 * usize::from(axes))
}

/// The numbers from 0 to `len`, shuffled.
pub fn shuffled(len: usize) -> Vec<u32> {
    let mut indices: Vec<u32> = (0..len as u32).collect();
    indices.shuffle(&mut rand::rng());
    indices
}

/// Seconds since the kernel started this process, to a hundredth.
pub fn seconds_since_start() -> f64 {
    // The kernel shows all times in hundredths of a second, whatever its own clock is.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux has /proc/self/stat");
    let (_, fields) = stat.rsplit_once(')').expect("the name of the program stands in brackets");
    let started: f64 = fields.split_whitespace().nth(19).and_then(|ticks| ticks.parse().ok()).expect("a start time");
    let uptime = fs::read_to_string("/proc/uptime").expect("Linux has /proc/uptime");
    let now: f64 = uptime.split_whitespace().next().and_then(|seconds| seconds.parse().ok()).expect("seconds");
    now - started / TICKS_PER_SECOND
}

/// The most memory this process held, in millions of bytes.
fn peak_rss_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has /proc/self/status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line VmHWM");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number of kB");
    kib * 1024.0 / 1e6
}

fn seconds(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// What was measured while training.
pub struct Training {
    pub first_step_seconds: f64,
    pub epoch_seconds: Vec<f64>,
}

/// Measures inference with `scores`, which goes from pixels in memory to scores in memory, and prints the line of JSON.
pub fn report(
    name: &str,
    version: &str,
    options: &Options,
    training: Training,
    test: &Images,
    scores: impl Fn(&[f32]) -> Vec<f32>,
) {
    let accuracy = accuracy(test, &scores);
    let [mut batch_seconds, mut single_seconds] = [Vec::new(), Vec::new()];
    // One round of each to warm up; it is not timed.
    for _ in ["warm up", "time"] {
        let time = |pixels| seconds(|| drop(scores(pixels)));
        batch_seconds = test.pixels.chunks_exact(BATCH * PIXELS).map(time).collect();
        single_seconds = test.pixels.chunks_exact(PIXELS).take(1000).map(time).collect();
    }
    println!(
        "{{\"name\": \"{name}\", \"version\": \"{version}\", \"threads\": {}, \"dataset\": \"mnist\", \"epochs\": {}, \
         \"epoch_seconds\": {}, \"first_step_seconds\": {}, \"test_accuracy\": {accuracy}, \
         \"infer_images_per_second\": {}, \"latency_us\": {}, \"peak_rss_mb\": {}}}",
        options.threads,
        options.epochs,
        median(training.epoch_seconds),
        training.first_step_seconds,
        BATCH as f64 / median(batch_seconds),
        median(single_seconds) * 1e6,
        peak_rss_mb(),
    );
}

fn accuracy(test: &Images, scores: impl Fn(&[f32]) -> Vec<f32>) -> f64 {
    let mut right = 0;
    for (pixels, labels) in test.pixels.chunks(BATCH * PIXELS).zip(test.labels.chunks(BATCH)) {
        for (scores, &label) in scores(pixels).chunks_exact(CLASSES).zip(labels) {
            let best = (0..CLASSES).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            right += usize::from(best == Some(usize::from(label)));
        }
    }
    right as f64 / test.labels.len() as f64
}
