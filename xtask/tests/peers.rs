//! `bench --peers`, the real program, with shell scripts in place of what it measures.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The line of JSON of a run.
fn line(name: &str, epoch_seconds: f64) -> String {
    format!(
        "{{\"name\": \"{name}\", \"version\": \"1.2\", \"threads\": 2, \"dataset\": \"mnist\", \"epochs\": 1, \
         \"epoch_seconds\": {epoch_seconds}, \"first_step_seconds\": 1, \"infer_images_per_second\": 1000, \
         \"latency_us\": 50, \"peak_rss_mb\": 100, \"test_accuracy\": 0.98}}"
    )
}

fn program(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    path
}

// One test in this file: a script that is still open for writing in one thread cannot be started by another.
#[test]
fn ours_and_the_peers_are_compared_and_failures_are_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let data = folder.join("mnist");
    fs::create_dir(&data).expect("a folder");
    let ours =
        program(folder, "ours", &format!("echo \"$@\" > '{}/words'; echo '{}'", folder.display(), line("ours", 2.0)));
    // A Python that cannot import JAX, whose PyTorch works and whose Keras breaks.
    let python = program(
        folder,
        "python",
        &format!(
            "case \"$*\" in\n  *jax*) echo 'No module named jax' >&2; exit 1;;\n  -c*) exit 0;;\n  \
             *pytorch*) echo note >&2; echo '{}';;\n  *keras*) echo 'it broke' >&2; exit 1;;\nesac",
            line("pytorch", 7.0)
        ),
    );
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["bench", "--peers", "--rounds", "2", "--epochs", "1", "--threads", "2"]);
        command.arg("--ours").arg(&ours).arg("--python").arg(&python).arg("--data-dir").arg(&data);
        let output = command.args(more).env_remove("PEERS_PYTHON").output().expect("xtask is built");
        let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text"));
        (output.status.code(), stdout, stderr)
    };

    let (code, stdout, stderr) = run(&["--only", "pytorch"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.contains("train-images-idx3-ubyte.gz") && stderr.contains("cargo xtask fetch-mnist"), "{stderr}");

    for name in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
        fs::write(data.join(format!("{name}-ubyte.gz")), "").expect("a file");
    }
    let json = folder.join("peers.json");
    let (code, stdout, stderr) = run(&["--only", "pytorch", "--only", "jax", "--json", json.to_str().expect("a path")]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("| pytorch | 7.00 (3.50×) |"), "{stdout}");
    assert!(stderr.contains("jax is left out") && stderr.contains("requirements-jax.txt"), "{stderr}");
    let words = fs::read_to_string(folder.join("words")).expect("ours was run");
    assert!(
        words.starts_with("--race --json - --data-dir ") && words.ends_with(" --epochs 1 --threads 2\n"),
        "{words}"
    );
    let all: serde_json::Value = serde_json::from_slice(&fs::read(&json).expect("a file")).expect("JSON");
    assert_eq!(all["runs"].as_array().map(Vec::len), Some(4));
    assert_eq!(all["medians"][1]["epoch_seconds"], 7.0);
    assert_eq!(all["absent"][0]["name"], "jax");

    let (code, stdout, stderr) = run(&["--only", "pytorch", "--only", "keras"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stdout.contains("pytorch") && !stdout.contains("keras"), "{stdout}");
    assert!(stderr.contains("keras failed") && stderr.contains("it broke"), "{stderr}");
}
