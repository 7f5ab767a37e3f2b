//! `cargo xtask bench`: the program `bench` of tools, built for release, or with `--peers` the comparison with others.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::{peers, tool};

/// Runs the task with the words that follow its name. The exit code of the program `bench` is ours.
pub(crate) fn run(words: Vec<OsString>) -> Result<ExitCode> {
    if words.iter().any(|word| word == "--peers") {
        return Ok(if peers::run(words)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    tool::run("release", &["bench"], words)
}
