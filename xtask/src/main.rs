//! The project's chores, run as `cargo xtask <task>`. One file a task.
#![forbid(unsafe_code)]

mod ci;
mod fetch_mnist;

use std::process::ExitCode;

use clap::Parser;

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
enum Task {
    FetchMnist(fetch_mnist::Args),
    /// Run every check: format, clippy, documentation, tests, each crate alone, the example projects, package counts
    Ci,
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::FetchMnist(args) => fetch_mnist::run(args),
        Task::Ci => ci::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
