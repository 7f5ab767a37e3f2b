//! TensorBoard in a Python environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// The release that is installed.
pub(crate) const PACKAGE: &str = "tensorboard==2.21.0";
/// The file in the environment that is written last, and says what is in it.
const MARK: &str = "installed.txt";
const READER: &str = include_str!("read_events.py");

/// A Python environment that has TensorBoard.
#[derive(Debug)]
pub(crate) struct Installed {
    folder: PathBuf,
}

impl Installed {
    /// The one below `target`, where it is there.
    pub(crate) fn find() -> anyhow::Result<Option<Installed>> {
        let installed = Installed { folder: place()? };
        let mark = fs::read_to_string(installed.folder.join(MARK));
        Ok(mark.is_ok_and(|mark| mark == PACKAGE).then_some(installed))
    }

    /// A new one below `target`, from the Python Package Index.
    ///
    /// # Errors
    /// Where there is no Python 3 with its module `venv`, or the package cannot be had.
    pub(crate) fn install() -> anyhow::Result<Installed> {
        let installed = Installed { folder: place()? };
        let python = if cfg!(windows) { "python" } else { "python3" };
        succeed(Command::new(python).args(["-m", "venv", "--clear"]).arg(&installed.folder))?;
        succeed(installed.python().args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]))?;
        fs::write(installed.folder.join(MARK), PACKAGE).context("cannot write into the environment")?;
        Ok(installed)
    }

    /// What TensorBoard's own reader finds in a folder of event files, as JSON.
    pub(crate) fn read(&self, folder: &Path) -> anyhow::Result<String> {
        succeed(self.python().args(["-c", READER]).arg(folder))
    }

    /// Its Python.
    pub(crate) fn python(&self) -> Command {
        let mut command =
            Command::new(self.folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }));
        command.stdin(Stdio::null());
        command
    }
}

/// Where the environment is: beside the folder of this program, which is `target/debug`, say.
fn place() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("where is this program?")?;
    let target = program.ancestors().nth(2).context("the folder of this program lies in another")?;
    Ok(target.join("tensorboard"))
}

/// Runs a command; gives what it prints.
fn succeed(command: &mut Command) -> anyhow::Result<String> {
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
