//! `cargo xtask faults`: the long forms of all fault injections, and a table of what came of them.
//!
//! The short forms run with the test suite. A long form is a test with `#[ignore]` in any crate of the workspace; where
//! it has to do with a program, it starts the real one. It panics where something goes wrong, and prints a line a kind of
//! fault where nothing did:
//!
//! ```text
//! faults: what was injected | how often | with what result
//! ```
//!
//! ```text
//! #[test]
//! #[ignore = "long: cargo xtask faults"]
//! fn killed_downloads() {
//!     let kills = 10 * times(); // the environment variable FAULTS_TIMES, 20 where it is not set
//!     …
//!     println!("faults: download, killed (SIGKILL) at any moment | {kills} | resumed, right file");
//! }
//! ```
//!
//! What is exhaustive (every byte, every length) stays so whatever `FAULTS_TIMES` is; what is drawn at random is drawn so
//! many times, or a fixed multiple of it.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::console::{say, tell};
use crate::numbers::at_least_one;

/// Inject every fault, often: killed programs, cut connections, damaged files, full disks
///
/// Runs the long tests of the workspace (those marked `ignore`) and prints a table: what was injected, how often, with
/// what result. The short forms of the same run with `cargo test`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask faults
  cargo xtask faults --times 200 --package xtask
  cargo xtask faults killed

Exit codes: 0 all went well, 1 a fault did harm, 2 the tests could not be run.")]
pub(crate) struct Args {
    /// How often to repeat what is drawn at random; some tests take a multiple of it
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one::<u64>)]
    times: u64,

    /// Only the tests of this package; may be given several times [default: all]
    #[arg(long, value_name = "NAME")]
    package: Vec<String>,

    /// Only the tests with this in their name
    filter: Option<String>,
}

/// Runs the task.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let start = Instant::now();
    let mut command = command(&args)?;
    let mut tests = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?} cannot be started"))?;
    let output = tests.stdout.take().context("the output is piped")?;
    let mut report = Report::default();
    for line in BufReader::new(output).lines() {
        if let Some(news) = report.take(&line.context("the tests print text")?) {
            tell(format_args!("{:5.0} s  {news}", start.elapsed().as_secs_f64()));
        }
    }
    let status = tests.wait().context("the tests end")?;
    report.end();
    ensure!(status.success() || report.harm > 0, "{command:?} ended with {status}, though no test failed");
    ensure!(!report.rows.is_empty(), "there is no long test of that name");
    report.table().iter().for_each(say);
    Ok(if report.harm == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn command(args: &Args) -> Result<Command> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).env("FAULTS_TIMES", args.times.to_string());
    command.args(["test", "--tests", "--no-fail-fast"]);
    match args.package.is_empty() {
        true => command.arg("--workspace"),
        false => command.args(args.package.iter().flat_map(|package| ["--package", package])),
    };
    // One at a time: they measure time, and each may take all cores.
    command.arg("--").args(["--ignored", "--nocapture", "--test-threads=1"]).args(&args.filter);
    Ok(command)
}

/// What the tests told so far.
#[derive(Default)]
struct Report {
    /// Injected, how often, result.
    rows: Vec<[String; 3]>,
    /// How many tests failed.
    harm: usize,
    /// The test that has begun and not ended.
    running: Option<String>,
}

impl Report {
    /// Takes a line of the tests' output; gives back what is worth telling at once.
    fn take(&mut self, line: &str) -> Option<String> {
        // The first line that a test prints stands behind its name: "test name ... faults: …".
        let mut rest = line;
        if let Some((name, after)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
            self.running = Some(name.to_string());
            rest = after;
        }
        match rest {
            "ok" => self.running = None,
            "FAILED" => return self.fail("FAILED: its message is above"),
            _ if rest.starts_with("running ") => return self.fail("FAILED: the process ended"),
            _ => {}
        }
        let row: Vec<_> = rest.strip_prefix("faults: ")?.splitn(3, " | ").map(str::to_string).collect();
        let row = <[String; 3]>::try_from(row).unwrap_or_else(|row| [row.join(" "), "?".into(), "?".into()]);
        self.rows.push(row.clone());
        Some(row.join(" | "))
    }

    /// No more output comes. A test that has not ended by now has taken its process with it.
    fn end(&mut self) {
        self.fail("FAILED: the process ended");
    }

    fn fail(&mut self, result: &str) -> Option<String> {
        let name = self.running.take()?;
        self.harm += 1;
        self.rows.push([name.clone(), "?".into(), result.into()]);
        Some(format!("{name} {result}"))
    }

    /// The lines of a table in Markdown, in columns that also read in a terminal.
    fn table(&self) -> Vec<String> {
        let heading = ["injected", "times", "result"].map(str::to_string);
        let all = || [&heading].into_iter().chain(&self.rows);
        let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let [what, times, result] = [width(0), width(1), width(2)];
        let mut lines: Vec<_> = all().map(|[a, b, c]| format!("| {a:what$} | {b:>times$} | {c:result$} |")).collect();
        let [what, times, result] = [what + 2, times + 1, result + 2].map(|width| "-".repeat(width));
        lines.insert(1, format!("|{what}|{times}:|{result}|"));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(output: &str) -> Report {
        let mut report = Report::default();
        output.lines().for_each(|line| drop(report.take(line)));
        report.end();
        report
    }

    #[test]
    fn lines_become_rows() {
        let report = report(
            "\nrunning 2 tests\ntest cuts::all ... faults: cut at every byte | 298 | right file\nok\n\
             test damage ... something else\nfaults: a | 3 | b\nfaults: c | 4 | d\nok\n\n\
             test result: ok. 2 passed; 0 failed\n\nrunning 0 tests\n",
        );
        assert_eq!(report.harm, 0);
        assert_eq!(
            report.table(),
            [
                "| injected          | times | result     |",
                "|-------------------|------:|------------|",
                "| cut at every byte |   298 | right file |",
                "| a                 |     3 | b          |",
                "| c                 |     4 | d          |",
            ]
        );
    }

    #[test]
    fn what_fails_and_what_crashes_is_counted_and_named() {
        let report = report(
            "running 2 tests\ntest first ... FAILED\ntest second ... faults: a | 1 | b\nFAILED\n\
             failures:\n    first\n    second\n\nrunning 1 test\ntest crash ... \nrunning 1 test\ntest last ... ",
        );
        assert_eq!(report.harm, 4);
        let names: Vec<_> = report.rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(names, ["first", "a", "second", "crash", "last"]);
    }
}
