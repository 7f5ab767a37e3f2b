//! Packages of Python in a virtual environment of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// The file in an environment that is written last, and says what was installed.
const MARK: &str = "installed.txt";

/// A virtual environment that has certain packages.
#[derive(Debug)]
pub struct PythonEnvironment {
    folder: PathBuf,
}

impl PythonEnvironment {
    /// The environment in this folder, where it is complete. `requirements` has a package and its release a line.
    pub fn find(folder: &Path, requirements: &str) -> Option<PythonEnvironment> {
        let mark = fs::read_to_string(folder.join(MARK));
        mark.is_ok_and(|mark| mark == requirements).then(|| PythonEnvironment { folder: folder.to_owned() })
    }

    /// A new one in this folder, from the Python Package Index.
    ///
    /// # Errors
    /// Where there is no Python 3 with its module `venv`, a package cannot be had, or the folder cannot be written.
    pub fn install(folder: &Path, requirements: &str) -> anyhow::Result<PythonEnvironment> {
        let python = if cfg!(windows) { "python" } else { "python3" };
        succeed(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))?;
        let environment = PythonEnvironment { folder: folder.to_owned() };
        let mut pip = environment.python();
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(requirements.lines());
        succeed(&mut pip)?;
        fs::write(folder.join(MARK), requirements)
            .with_context(|| format!("cannot write into {}", folder.display()))?;
        Ok(environment)
    }

    /// Its Python.
    pub fn python(&self) -> Command {
        Command::new(self.folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }))
    }
}

/// Runs a command to its end; gives what it prints.
///
/// # Errors
/// Where it cannot be started, fails (with its last word), or prints what is no text.
pub fn succeed(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {}", name.display()))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{} fails: {}",
        name.display(),
        complaint.lines().last().unwrap_or("without a word")
    );
    String::from_utf8(output.stdout).with_context(|| format!("{} prints text", name.display()))
}
