//! The programs beside this one.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// Runs a program of this project in a folder, with these words; gives what it prints.
pub(crate) fn run_own(name: &str, words: &str, folder: &Path) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("where is this program?")?.with_file_name(name);
    let mut command = Command::new(&program);
    command.args(words.split(' ')).current_dir(folder).stdin(Stdio::null());
    let output = command.output().with_context(|| format!("cannot start {}", program.display()))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).with_context(|| format!("{name} prints text"))
}
