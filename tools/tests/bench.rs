//! The benchmark as a program: what it tells, and what it refuses. (No test looks at how fast anything was.)

mod common;

use common::Folder;
use serde_json::Value;

/// Flags for a moment's run.
const TINY: &str = "--tiny --dataset digits --train-limit 120 --test-limit 50";

/// What every comparison is made of.
const KEYS: [&str; 10] = [
    "peak_gflops_all",
    "epoch_seconds",
    "epoch_share_of_limit",
    "infer_images_per_second",
    "infer_share_of_limit",
    "latency_us",
    "first_step_seconds",
    "threads",
    "epochs",
    "test_accuracy",
];

#[track_caller]
fn assert_keys(figures: &Value) {
    for key in KEYS {
        let value = figures[key].as_f64();
        assert!(value.is_some_and(|value| value.is_finite() && value > 0.0), "{key}: {value:?}");
    }
    assert_eq!(figures["dataset"], "digits");
    assert_eq!(figures["name"], "ours");
    if cfg!(target_os = "linux") {
        assert!(figures["peak_rss_mb"].as_f64().is_some_and(|mb| mb > 1.0));
    }
}

#[test]
fn a_table_and_a_file() {
    let folder = Folder::new();
    let ran = folder.run("bench", &format!("{TINY} --threads 2 --json bench.json")).succeeds();
    let sections =
        ["limit ", "epoch ", "first step ", "memory ", "inference", "a training step", "kernels", "by threads"];
    for section in sections {
        assert!(ran.stdout.contains(section), "{section:?} is missing: {ran:#?}");
    }
    for line in ran.stdout.lines().filter(|line| !line.starts_with("machine")) {
        assert!(line.chars().count() <= 100, "{line:?}");
    }
    assert!(!ran.stderr.contains('\r') && !ran.stderr.contains('\u{1b}'), "{ran:#?}");
    assert_eq!(folder.files(), ["bench.json"]);
    let figures: Value = serde_json::from_slice(&std::fs::read(folder.join("bench.json")).unwrap()).unwrap();
    assert_keys(&figures);
    assert_eq!(figures["threads"], 2);
    for key in ["step", "kernels", "growth", "inference"] {
        assert!(!figures[key].is_null(), "{key}");
    }
}

#[test]
fn a_race_as_json_alone() {
    let folder = Folder::new();
    let ran = folder.run("bench", &format!("{TINY} --race --epochs 2 --json -")).succeeds();
    assert_eq!(ran.stdout.lines().count(), 1);
    let figures: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_keys(&figures);
    assert_eq!(figures["epoch_seconds_list"].as_array().map(Vec::len), Some(2));
    assert!(figures["kernels"].is_null() && figures["growth"].is_null());
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn wrong_flags_and_files_are_refused_before_the_long_work() {
    let folder = Folder::new();
    folder.write("file", "");
    let cases: &[(&str, &[&str])] = &[
        ("--epochs 0", &["--epochs", "1 or more"]),
        ("--threads 0", &["--threads", "from 1 to"]),
        ("--dataset birds", &["--dataset"]),
        ("--dataset mnist", &["MNIST not found", "cargo xtask fetch-mnist"]),
        ("--data-dir nowhere", &["nowhere", "cargo xtask fetch-mnist"]),
        ("--fast", &["'--fast'"]),
        ("--json", &["--json"]),
        ("--json .", &["not a plain file", "--json"]),
        ("--json missing/bench.json", &["missing", "--json"]),
        ("--json file/bench.json", &["file", "--json"]),
    ];
    for (line, words) in cases {
        folder.run("bench", line).refuses(words);
    }
    assert_eq!(folder.files(), ["file"]);
}
