//! `cargo xtask bench`: the program `bench` of tools, built for release, or with `--peers` the comparison with others.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::peers;

/// Runs the task with the words that follow its name. The exit code of the program `bench` is ours.
pub(crate) fn run(words: Vec<OsString>) -> Result<ExitCode> {
    if words.iter().any(|word| word == "--peers") {
        return Ok(if peers::run(words)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg("run").args(["--release", "--package", "tools", "--bin", "bench", "--manifest-path"]);
    command.arg(root.join("Cargo.toml")).arg("--").args(words);
    let status = command.status().with_context(|| format!("{command:?} cannot be started"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
