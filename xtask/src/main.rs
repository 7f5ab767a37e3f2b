//! The project's chores, run as `cargo xtask <task>`. One file a task.
#![forbid(unsafe_code)]

mod bench;
mod ci;
mod console;
mod example_projects;
mod faults;
mod fetch_mnist;
mod numbers;
mod peers;
mod tool;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use console::tell;

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
enum Task {
    FetchMnist(fetch_mnist::Args),
    /// Run every check: format, clippy, documentation, tests, each crate alone, the example projects, package counts
    Ci,
    Faults(faults::Args),
    /// Measure: `cargo xtask bench --help`, and `cargo xtask bench --peers --help` for the comparison with others
    #[command(disable_help_flag = true)]
    Bench {
        /// What the program `bench` of tools understands
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Hold our files of weights against Python's: `cargo xtask interop --help`
    #[command(disable_help_flag = true)]
    Interop {
        /// What the program `interop` of tools understands
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Open the pages and the TensorBoard files of a training in a real browser and check them: `cargo xtask look --help`
    #[command(disable_help_flag = true)]
    Look {
        /// What the program `look` of tools understands
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::FetchMnist(args) => fetch_mnist::run(args),
        Task::Ci => ci::run().map(|()| ExitCode::SUCCESS),
        Task::Faults(args) => faults::run(args),
        Task::Bench { words } => bench::run(words),
        Task::Interop { words } => tool::run("dev", &["interop"], words),
        Task::Look { words } => tool::run("dev", &["look", "train", "explain"], words),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            tell(format_args!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}
