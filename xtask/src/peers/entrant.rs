//! Who takes part: which peers are installed, and how each is run.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::measurement::Measurement;

/// All peers, in the order in which they run.
pub(super) const NAMES: [&str; 6] = ["keras", "pytorch", "pytorch-compile", "jax", "burn", "candle"];

/// The peers in Python: name, script, option, requirements, and the modules whose import shows that it is installed.
const SCRIPTS: [(&str, &str, Option<&str>, &str, &str); 4] = [
    ("keras", "peer_keras.py", None, "requirements-keras.txt", "keras, tensorflow"),
    ("pytorch", "peer_pytorch.py", None, "requirements-pytorch.txt", "torch, numpy"),
    ("pytorch-compile", "peer_pytorch.py", Some("--compile"), "requirements-pytorch.txt", "torch, numpy"),
    ("jax", "peer_jax.py", None, "requirements-jax.txt", "jax, optax"),
];

/// The peers in Rust; each is a package in a folder of its name.
const PACKAGES: [&str; 2] = ["burn", "candle"];

/// How long an import may take; the first one after a start of the machine reads hundreds of megabytes.
const IMPORT_LIMIT: Duration = Duration::from_secs(120);

/// How many of the last lines of its standard error are shown of a program that failed.
const LINES_SHOWN: usize = 15;

/// Somebody who takes part: a program that prints a line of JSON.
pub(super) struct Entrant {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
}

/// A peer that is not installed.
#[derive(Debug)]
pub(super) struct Absent {
    pub(super) name: String,
    pub(super) why: String,
    /// The command that installs it.
    pub(super) install: String,
}

impl Absent {
    pub(super) fn to_json(&self) -> Value {
        json!({ "name": self.name, "why": self.why, "install": self.install })
    }
}

/// The Python that is taken if none is named: that of the virtual environment beside the scripts, or any.
pub(super) fn python(folder: &Path) -> PathBuf {
    let own = folder.join(".venv/bin/python");
    if own.exists() { own } else { "python3".into() }
}

/// Those of the peers in `folder` that are installed, and those that are not. `only`: no others; empty for all.
pub(super) fn find(folder: &Path, python: &Path, only: &[String]) -> (Vec<Entrant>, Vec<Absent>) {
    let (mut entrants, mut absent) = (Vec::new(), Vec::new());
    for name in NAMES {
        if !only.is_empty() && !only.iter().any(|wanted| wanted == name) {
            continue;
        }
        let found = match SCRIPTS.iter().find(|(script, ..)| *script == name) {
            Some(&(_, script, option, requirements, modules)) => {
                find_script(name, &folder.join(script), option, python, modules).map_err(|why| Absent {
                    name: name.into(),
                    why,
                    install: format!(
                        "python3 -m venv {0}/.venv && {0}/.venv/bin/pip install --requirement {0}/{requirements}",
                        folder.display()
                    ),
                })
            }
            None => find_package(name, folder),
        };
        match found {
            Ok(entrant) => entrants.push(entrant),
            Err(missing) => absent.push(missing),
        }
    }
    (entrants, absent)
}

/// A script is installed if its imports work.
fn find_script(
    name: &str,
    script: &Path,
    option: Option<&str>,
    python: &Path,
    modules: &str,
) -> Result<Entrant, String> {
    let mut import = Command::new(python);
    import.args(["-c", &format!("import {modules}")]);
    match run(&mut import, IMPORT_LIMIT) {
        Err(problem) => Err(format!("{problem:#}")),
        Ok(output) if !output.status.success() => {
            let last = output.stderr.trim_end().lines().next_back().unwrap_or("no word of why").to_string();
            Err(format!("{} cannot import {modules} ({last})", python.display()))
        }
        Ok(_) => {
            let arguments = [script.into()].into_iter().chain(option.map(OsString::from)).collect();
            Ok(Entrant { name: name.into(), program: python.into(), arguments })
        }
    }
}

/// A package is installed if it has been built.
fn find_package(name: &str, folder: &Path) -> Result<Entrant, Absent> {
    debug_assert!(PACKAGES.contains(&name));
    let package = folder.join(name);
    let program = package.join("target/release").join(format!("peer-{name}"));
    if program.is_file() {
        return Ok(Entrant { name: name.into(), program, arguments: Vec::new() });
    }
    Err(Absent {
        name: name.into(),
        why: format!("there is no program {}", program.display()),
        install: format!(
            "cargo build --release --manifest-path {0}/Cargo.toml --target-dir {0}/target",
            package.display()
        ),
    })
}

impl Entrant {
    /// The same with more arguments.
    pub(super) fn with(mut self, arguments: Vec<OsString>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    /// One run.
    pub(super) fn measure(&self, time_limit: Duration) -> Result<Measurement> {
        let mut command = Command::new(&self.program);
        let output = run(command.args(&self.arguments), time_limit)?;
        ensure!(output.status.success(), "{command:?} ended with {}\n{}", output.status, last_lines(&output.stderr));
        // The last line: a framework may have written something before.
        let line = output.stdout.trim_end().lines().next_back().unwrap_or_default();
        Measurement::parse(line, &self.name)
            .with_context(|| format!("{command:?} printed `{line}`, but a line of JSON with its figures was expected"))
    }
}

struct Output {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// Runs a program to its end, or ends it after the time limit.
fn run(command: &mut Command, time_limit: Duration) -> Result<Output> {
    // Into files, not pipes: what a program that was ended has started itself may hold a pipe open for long.
    let [mut stdout, mut stderr] = [tempfile::tempfile()?, tempfile::tempfile()?];
    command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let mut child = command.spawn().with_context(|| format!("{command:?} cannot be started"))?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Output { status, stdout: text(&mut stdout)?, stderr: text(&mut stderr)? });
        }
        if start.elapsed() > time_limit {
            child.kill()?;
            child.wait()?;
            let shown = last_lines(&text(&mut stderr)?);
            bail!("{command:?} was ended after {} seconds\n{shown}", time_limit.as_secs_f64());
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n")
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn nothing_is_installed_in_an_empty_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // `false` stands for a Python that cannot import anything.
        let (entrants, absent) = find(folder.path(), Path::new("false"), &[]);
        assert!(entrants.is_empty());
        assert_eq!(absent.iter().map(|peer| peer.name.as_str()).collect::<Vec<_>>(), NAMES);
        assert!(absent[0].install.contains("requirements-keras.txt"), "{absent:?}");
        assert!(absent[4].install.starts_with("cargo build --release"), "{absent:?}");
    }

    #[test]
    fn scripts_that_import_and_programs_that_are_built_are_found() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let built = folder.path().join("burn/target/release");
        fs::create_dir_all(&built).expect("a folder");
        fs::write(built.join("peer-burn"), "").expect("a file");
        // `true` stands for a Python that can import everything.
        let (entrants, absent) = find(folder.path(), Path::new("true"), &[]);
        let names: Vec<_> = entrants.iter().map(|entrant| entrant.name.as_str()).collect();
        assert_eq!(names, ["keras", "pytorch", "pytorch-compile", "jax", "burn"]);
        assert_eq!(entrants[2].arguments, [folder.path().join("peer_pytorch.py").into(), OsString::from("--compile")]);
        assert_eq!(absent.len(), 1);
        assert_eq!(absent[0].name, "candle");

        let (entrants, absent) = find(folder.path(), Path::new("true"), &["jax".into(), "candle".into()]);
        assert_eq!((entrants.len(), absent.len()), (1, 1));
    }

    #[test]
    fn a_python_that_is_not_there_is_said_to_be_missing() {
        let (entrants, absent) = find(Path::new("nowhere"), Path::new("nowhere/python"), &["jax".into()]);
        assert!(entrants.is_empty());
        assert!(absent[0].why.contains("nowhere/python"), "{absent:?}");
    }

    #[test]
    fn every_script_and_package_is_in_the_repository() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        for (_, script, _, requirements, _) in SCRIPTS {
            assert!(folder.join(script).is_file() && folder.join(requirements).is_file(), "{script}");
        }
        for package in PACKAGES {
            assert!(folder.join(package).join("Cargo.lock").is_file(), "{package}");
        }
    }

    #[test]
    fn of_a_long_standard_error_the_end_is_shown() {
        let all: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        let shown = last_lines(&all.join("\n"));
        assert!(shown.starts_with("85\n") && shown.ends_with("\n99"), "{shown}");
        assert_eq!(last_lines("one"), "one");
    }
}
