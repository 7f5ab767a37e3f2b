//! Measures how fast the network is, and how fast it could be: see [`tools::bench`].
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    tools::program::run(tools::bench::run)
}
