//! `cargo xtask bench --peers`: this project and the frameworks that are installed, on the same work, in turn.
//!
//! Each run is a process of its own that prints what it measured as one line of JSON. `xtask/peers/README.md` says what
//! is measured and how the frameworks are installed; nothing is installed from here.

mod entrant;
mod machine;
mod measurement;
mod table;

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use datasets::MnistKind;
use serde_json::{Value, json};

use crate::numbers::at_least_one;
use entrant::{Absent, Entrant};
use machine::Machine;
use measurement::Measurement;

/// The name that our own program gives itself.
const OURS: &str = "ours";

/// Measure this project and other frameworks on the same work, in turn, and print the ratios
///
/// The work is the network of the book on MNIST: batches of 100, Adam, float32. Frameworks that are not installed are
/// left out, with the command that installs them; see xtask/peers/README.md.
#[derive(Parser)]
#[command(name = "cargo xtask bench --peers", bin_name = "cargo xtask bench")]
#[command(after_help = "\
Examples:
  cargo xtask bench --peers
  cargo xtask bench --peers --rounds 1 --only pytorch --only burn
  cargo xtask bench --peers --json peers.json

Exit codes: 0 everybody who is installed was measured, 1 somebody failed, 2 wrong usage, or nothing could be measured.")]
pub(crate) struct Args {
    /// Compare with other frameworks
    #[arg(long, required = true)]
    peers: bool,

    /// How often each is run; the table has the medians
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = at_least_one::<u32>)]
    rounds: u32,

    /// Epochs of a run
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = at_least_one::<u32>)]
    epochs: u32,

    /// Threads of a run [default: all cores]
    #[arg(long, value_name = "N", value_parser = at_least_one::<u32>)]
    threads: Option<u32>,

    /// The folder with the four files of MNIST [default: $MNIST_DIR, else data/mnist of the repository]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    /// Only these peers; may be given several times
    #[arg(long, value_name = "NAME", value_parser = entrant::NAMES)]
    only: Vec<String>,

    /// The Python of the peers [default: xtask/peers/.venv/bin/python, else python3]
    #[arg(long, value_name = "EXE", env = "PEERS_PYTHON")]
    python: Option<PathBuf>,

    /// Seconds after which a run is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, value_parser = at_least_one::<u64>)]
    time_limit: u64,

    /// Write every run, the medians and the machine as JSON to this file, or to the standard output with -
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// A program to run as ours, instead of the one that is built here
    #[arg(long, value_name = "EXE", hide = true)]
    ours: Option<PathBuf>,
}

/// Runs the task; `words` is all that follows `cargo xtask bench`. Says whether nobody failed.
pub(crate) fn run(words: Vec<OsString>) -> Result<bool> {
    let args = Args::parse_from(["cargo xtask bench".into()].into_iter().chain(words));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
    let folder = root.join("xtask/peers");
    let data = data_dir(&args, root)?;
    let machine = Machine::look();
    let threads = args.threads.unwrap_or(machine.cores as u32);

    let python = args.python.clone().unwrap_or_else(|| entrant::python(&folder));
    let (peers, absent) = entrant::find(&folder, &python, &args.only);
    for Absent { name, why, install } in &absent {
        eprintln!("{name} is left out: {why}; it is installed by\n  {install}");
    }
    let ours = match &args.ours {
        Some(program) => program.clone(),
        None => build_ours(root)?,
    };
    let ours =
        Entrant { name: OURS.into(), program: ours, arguments: vec!["--race".into(), "--json".into(), "-".into()] };
    let tell = |option: &str| -> Vec<OsString> {
        let (epochs, threads) = (args.epochs.to_string(), threads.to_string());
        vec![option.into(), data.clone().into(), "--epochs".into(), epochs.into(), "--threads".into(), threads.into()]
    };
    let mut entrants = vec![ours.with(tell("--data-dir"))];
    entrants.extend(peers.into_iter().map(|peer| peer.with(tell("--mnist"))));

    let race = race(&entrants, args.rounds, Duration::from_secs(args.time_limit));
    for (name, problem) in &race.failed {
        eprintln!("\n{name} failed and is left out: {problem}");
    }
    ensure!(!race.failed.contains_key(OURS), "our own program failed, so there is nothing to compare with");
    let medians = race.medians();
    let conditions = format!(
        "MNIST, batches of 100, float32; threads: {threads}, epochs of a run: {}, rounds: {}; medians",
        args.epochs, args.rounds
    );
    let text = format!("{conditions}\n{machine}\n\n{}", table::render(&medians));
    let all = json!({
        "machine": machine.to_json(),
        "rounds": args.rounds,
        "medians": medians.iter().map(Measurement::to_json).collect::<Vec<_>>(),
        "runs": race.runs.iter().map(Measurement::to_json).collect::<Vec<_>>(),
        "failed": race.failed,
        "absent": absent.iter().map(Absent::to_json).collect::<Vec<_>>(),
    });
    write(&text, &all, args.json.as_deref())?;
    Ok(race.failed.is_empty())
}

/// The table for people, and the JSON where it was asked for. A standard output that nobody reads is no error.
fn write(text: &str, all: &Value, json: Option<&Path>) -> Result<()> {
    match json {
        Some(path) if path == Path::new("-") => {
            eprintln!("\n{text}");
            let _ = writeln!(io::stdout(), "{all:#}");
        }
        Some(path) => {
            let _ = writeln!(io::stdout(), "{text}");
            let mut beside = path.as_os_str().to_owned();
            beside.push(".part");
            let written = fs::write(&beside, format!("{all:#}\n")).and_then(|()| fs::rename(&beside, path));
            written.with_context(|| format!("cannot write {}", path.display()))?;
        }
        None => {
            let _ = writeln!(io::stdout(), "{text}");
        }
    }
    Ok(())
}

/// The folder of MNIST, whose files have to be there in the form that all peers read: compressed, as published.
fn data_dir(args: &Args, root: &Path) -> Result<PathBuf> {
    let named = args.data_dir.clone().or_else(|| env::var_os("MNIST_DIR").map(PathBuf::from));
    let dir = named.unwrap_or_else(|| root.join("data/mnist"));
    for file in MnistKind::Mnist.files() {
        ensure!(
            dir.join(file.name).is_file(),
            "there is no file {} in {}; get it with `{}`, or name another folder with --data-dir",
            file.name,
            dir.display(),
            MnistKind::Mnist.fetch_command()
        );
    }
    // The peers are started from here, but a relative path might be meant from elsewhere later.
    dir.canonicalize().with_context(|| format!("{} cannot be found", dir.display()))
}

/// Builds our own program for release, and says where it is.
fn build_ours(root: &Path) -> Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--release", "--package", "tools", "--bin", "bench", "--message-format", "json"]);
    let output = command.current_dir(root).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(output.status.success(), "{command:?} ended with {}", output.status);
    let program = String::from_utf8_lossy(&output.stdout).lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == "bench").then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    program.context("cargo has built the program `bench` of tools, but does not say where it is")
}

/// All that was measured.
struct Race {
    runs: Vec<Measurement>,
    /// Who failed, and how. Such an entrant has no measurements, not even those before it failed.
    failed: BTreeMap<String, String>,
    /// The names of all, in the order of the table.
    order: Vec<String>,
}

/// Runs all entrants one after the other, that round by round: what disturbs the machine for a while disturbs all alike.
fn race(entrants: &[Entrant], rounds: u32, time_limit: Duration) -> Race {
    let order = entrants.iter().map(|entrant| entrant.name.clone()).collect();
    let mut race = Race { runs: Vec::new(), failed: BTreeMap::new(), order };
    for round in 1..=rounds {
        for entrant in entrants {
            if race.failed.contains_key(&entrant.name) {
                continue;
            }
            eprint!("round {round} of {rounds}: {:16} ", entrant.name);
            let start = Instant::now();
            match entrant.measure(time_limit) {
                Ok(run) => {
                    eprintln!("an epoch {:6.2} s, all {:4.0} s", run.epoch_seconds(), start.elapsed().as_secs_f64());
                    race.runs.push(run);
                }
                Err(problem) => {
                    eprintln!("failed");
                    race.runs.retain(|run| run.name != entrant.name);
                    race.failed.insert(entrant.name.clone(), format!("{problem:#}"));
                }
            }
            // Threads of the last one that still spin, and memory that is still given back, are not the next one's.
            thread::sleep(Duration::from_millis(200));
        }
    }
    race
}

impl Race {
    /// The medians of each entrant, ours first.
    fn medians(&self) -> Vec<Measurement> {
        let runs_of = |name: &String| self.runs.iter().filter(|run| run.name == *name).collect::<Vec<_>>();
        self.order.iter().filter_map(|name| Measurement::median(&runs_of(name))).collect()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A shell script that takes part.
    fn script(name: &str, text: &str) -> Entrant {
        Entrant { name: name.into(), program: "/bin/sh".into(), arguments: vec!["-c".into(), text.into()] }
    }

    fn line(name: &str, epoch_seconds: f64) -> String {
        format!(
            r#"{{"name": "{name}", "version": "1", "threads": 2, "dataset": "mnist", "epochs": 1,
            "epoch_seconds": {epoch_seconds}, "first_step_seconds": 1, "infer_images_per_second": 1000,
            "latency_us": 50, "peak_rss_mb": 100, "test_accuracy": 0.98}}"#
        )
        .replace('\n', "")
    }

    #[test]
    fn who_fails_is_named_and_the_others_go_on() {
        let good = |name: &str, seconds: f64| script(name, &format!("echo 'a note'; echo '{}'", line(name, seconds)));
        let entrants = [
            good(OURS, 2.0),
            script("breaks", "echo 'no such thing' >&2; exit 3"),
            script("rubbish", "echo hello"),
            script("slow", "exec sleep 60"),
            good("steady", 6.0),
        ];
        let race = race(&entrants, 2, Duration::from_millis(500));
        assert_eq!(race.runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>(), [OURS, "steady", OURS, "steady"]);
        assert_eq!(race.failed.keys().collect::<Vec<_>>(), ["breaks", "rubbish", "slow"]);
        assert!(race.failed["breaks"].contains("no such thing"), "{}", race.failed["breaks"]);
        assert!(race.failed["rubbish"].contains("hello"), "{}", race.failed["rubbish"]);
        assert!(race.failed["slow"].contains("0.5 seconds"), "{}", race.failed["slow"]);
        let medians = race.medians();
        assert_eq!(medians.iter().map(|median| median.name.as_str()).collect::<Vec<_>>(), [OURS, "steady"]);
    }

    #[test]
    fn nothing_is_left_of_a_peer_that_fails_in_a_later_round() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mark = folder.path().join("mark");
        let text = format!("mkdir '{}' || exit 1; echo '{}'", mark.display(), line("once", 1.0));
        let race = race(&[script("once", &text)], 2, Duration::from_secs(60));
        assert!(race.runs.is_empty());
        assert!(race.failed.contains_key("once"));
    }
}
