//! Python: its packages, and the script that is the other side.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow};
use tools::Advice;
use tools::program::complain;
use tools::python::{PythonEnvironment, succeed};

const SCRIPT: &str = include_str!("peer.py");
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The Python of the environment in this folder, which is made where it is not there yet.
pub(crate) fn environment(folder: &Path) -> anyhow::Result<PathBuf> {
    let environment = match PythonEnvironment::find(folder, REQUIREMENTS) {
        Some(environment) => environment,
        None => {
            complain(&format!(
                "installing PyTorch, ONNX Runtime and what they need into {}: some minutes, some gigabytes",
                folder.display()
            ));
            PythonEnvironment::install(folder, REQUIREMENTS).context("cannot install the packages")?
        }
    };
    Ok(environment.python().get_program().into())
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
