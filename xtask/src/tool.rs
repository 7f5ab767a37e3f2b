//! Tasks that are programs of the crate `tools`.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// Builds programs of `tools` and runs the first of them with these words. Its exit code is ours.
pub(crate) fn run(profile: &str, programs: &[&str], words: Vec<OsString>) -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    let command = |task: &str| {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args([task, "--profile", profile, "--package", "tools", "--manifest-path"])
            .arg(root.join("Cargo.toml"));
        command
    };
    if let [_, _, ..] = programs {
        let mut build = command("build");
        build.args(programs.iter().flat_map(|program| ["--bin", program]));
        let status = build.status().with_context(|| format!("{build:?} cannot be started"))?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    let mut command = command("run");
    command.args(["--bin", programs[0], "--"]).args(words);
    let status = command.status().with_context(|| format!("{command:?} cannot be started"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
