//! Python: its virtual environment, and the script that is the other side.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, ensure};
use tools::Advice;
use tools::program::complain;

const SCRIPT: &str = include_str!("peer.py");
/// What is installed; the file is put into the environment when that is done.
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The Python of the environment in this folder, which is made where it is not there yet.
pub(crate) fn environment(folder: &Path) -> anyhow::Result<PathBuf> {
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let done = folder.join("requirements.txt");
    if fs::read_to_string(&done).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(python);
    }
    complain(&format!(
        "installing PyTorch, ONNX Runtime and what they need into {}: some minutes, some gigabytes",
        folder.display()
    ));
    let base = if cfg!(windows) { "python" } else { "python3" };
    succeed(Command::new(base).args(["-m", "venv"]).arg(folder)).context("cannot make a virtual environment")?;
    let wanted = folder.join("wanted.txt");
    fs::write(&wanted, REQUIREMENTS).with_context(|| format!("cannot write {}", wanted.display()))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
    succeed(&mut pip).context("cannot install the packages")?;
    fs::rename(&wanted, &done).with_context(|| format!("cannot write {}", done.display()))?;
    Ok(python)
}

/// Refuses a Python that lacks something.
pub(crate) fn check(python: &Path) -> anyhow::Result<()> {
    const IMPORTS: &str = "import torch, onnxruntime, onnx, numpy, safetensors";
    let mut command = Command::new(python);
    let found = command.args(["-c", IMPORTS]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    let advice = || "name another with --with-python, or leave that out: then one is installed".to_owned();
    let status = found.with_context(|| format!("cannot start {}", python.display())).advice(advice)?;
    let problem = || anyhow!("{} cannot {IMPORTS}", python.display());
    status.success().then_some(()).ok_or_else(problem).advice(advice)
}

/// Runs the other side on a folder; gives the versions of what it is made of.
pub(crate) fn run(python: &Path, folder: &Path) -> anyhow::Result<Vec<String>> {
    let script = folder.join("peer.py");
    fs::write(&script, SCRIPT).context("cannot write the script")?;
    succeed(Command::new(python).arg(&script).arg(folder)).context("the other side has failed")?;
    let versions = fs::read_to_string(folder.join("versions.json")).context("the other side left no versions")?;
    serde_json::from_str(&versions).context("the other side left no versions")
}

/// Runs a command whose words go to standard error.
fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).status();
    let status = output.with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
